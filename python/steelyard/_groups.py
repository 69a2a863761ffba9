"""Groups of sites and an explicit contrast between two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._cells import label
from ._names import folded, offer
from .errors import refuse
from .study import Study

Groups = tuple[str, ...]


def groups_of(study: Study, groups: Any, contrast: object) -> tuple[Groups, str]:
    """Return one label per site ("" for none) and where they come from.

    Parameters
    ----------
    study
        Its sites give the order.
    groups
        A site column by name, a mapping from site to label, a sequence in the order of the sites, or None: then the
        one site column whose labels the contrast names.
    contrast
        As in `sides`; only read when `groups` is None.
    """
    if groups is None:
        return _column_named_by(study, contrast)
    if isinstance(groups, str):
        return tuple(label(x) for x in study.site_column(groups)), f'site column "{groups}"'
    if isinstance(groups, Mapping):
        given = {label(k): label(v) for k, v in groups.items()}
        unknown = [name for name in given if name not in study.site_ids]
        if unknown:
            raise refuse(
                "unknown site" + offer(unknown[0], study.site_ids),
                at="groups",
                got=", ".join(unknown),
                allowed=", ".join(study.site_ids),
            )
        return tuple(given.get(site, "") for site in study.site_ids), "a mapping"
    labels = tuple(label(x) for x in groups)
    if len(labels) != len(study.site_ids):
        raise refuse("one group per site is needed", at="groups", got=len(labels), allowed=str(len(study.site_ids)))
    return labels, "a sequence"


def _column_named_by(study: Study, contrast: object) -> tuple[Groups, str]:
    found = []
    for name in study.site_column_names:
        labels = tuple(label(x) for x in study.site_column(name))
        try:
            sides(labels, contrast)
        except ValueError:
            continue
        found.append((labels, name))
    if len(found) != 1:
        raise refuse(
            "no groups to compare" if not found else "several site columns fit the contrast",
            at="contrast",
            got=repr(contrast),
            allowed=f"site columns: {', '.join(study.site_column_names) or 'none'}",
            remedy="Name the groups: groups='column', or a mapping from site to group.",
        )
    return found[0][0], f'site column "{found[0][1]}"'


def sides(labels: Sequence[str], contrast: object) -> tuple[str, str]:
    """Return the two labels that a contrast names: `"high minus less"` or a pair; a unique beginning is enough."""
    known = sorted(set(labels) - {""})
    if isinstance(contrast, str):
        parts = [part.strip() for part in contrast.split(" minus ")]
    elif isinstance(contrast, (tuple, list)):
        parts = [label(part) for part in contrast]
    else:
        parts = []
    if len(parts) != 2:
        shown = known[:2] if len(known) > 1 else ["one group", "another"]
        raise refuse(
            "contrast not stated" if contrast is None else "contrast not understood",
            at="contrast",
            got=None if contrast is None else repr(contrast),
            allowed=f"two groups of: {', '.join(known)}",
            remedy=f'Say which is subtracted: contrast="{shown[0]} minus {shown[1]}".',
        )
    first, second = (_match(part, known) for part in parts)
    if first == second:
        raise refuse("contrast of a group with itself", at="contrast", got=repr(contrast), allowed=", ".join(known))
    return first, second


def _match(part: str, known: Sequence[str]) -> str:
    if part in known:
        return part
    begins = [name for name in known if folded(part) and folded(name).startswith(folded(part))]
    if len(begins) == 1:
        return begins[0]
    raise refuse(
        "unknown group" if not begins else "several groups begin so",
        at="contrast",
        got=f'"{part}"',
        allowed=", ".join(known),
    )


def membership(study: Study, labels: Groups, first: str, second: str) -> list[bool | None]:
    """Return True, False or None per site; a group with one member is refused by name."""
    for name in (first, second):
        members = [site for site, group in zip(study.site_ids, labels, strict=True) if group == name]
        if len(members) < 2:
            raise refuse(
                "group with one member",
                at=f'group "{name}"',
                got=", ".join(members),
                allowed="at least 2 sites in each group",
                remedy="A gap to one site cannot be told from that site's own chance: join groups or leave it out.",
            )
    return [True if group == first else False if group == second else None for group in labels]
