"""The three layouts of a score sheet, each read into reviews: site, date, rater, and the cell of every item."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from ._cells import is_blank, label
from ._grid import Grid
from ._layout import Found, ItemNames, Match, is_footer, role_of, stands_beside_items
from ._names import closest
from .errors import InputError, refuse
from .scale import Scale


@dataclasses.dataclass
class Draft:
    """Reviews while they are being read."""

    reviews: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    other: dict[str, str] = dataclasses.field(default_factory=dict)
    notes: list[str] = dataclasses.field(default_factory=list)
    problems: list[str] = dataclasses.field(default_factory=list)
    words: dict[str, int] = dataclasses.field(default_factory=dict)
    kept: list[str] = dataclasses.field(default_factory=list)

    def problem(self, error: InputError) -> None:
        self.problems.append(str(error))


def _role(cell: Any, mapping: Mapping[str, str | None], draft: Draft) -> str | None:
    """Return the role of a head that is no item, by the caller's mapping first; `ignore` when told so."""
    head = label(cell)
    for name, target in mapping.items():
        if name.strip().casefold() == head.casefold():
            return target if target is not None else "ignore"
    return role_of(cell)


def sites_in_rows(grid: Grid, found: Found, names: ItemNames, mapping: Mapping[str, str | None], draft: Draft) -> None:
    heads = grid.rows[found.head]
    roles: dict[int, str] = {}
    for c, cell in enumerate(heads):
        if c in found.items or is_blank(cell):
            continue
        role = _role(cell, mapping, draft)
        if role in ("site", "review_date", "rater", "printed_total") and role not in roles.values():
            roles[c] = role
            draft.other[label(cell)] = {"printed_total": "compared with the sum"}.get(role, f"read as {role}")
        elif role == "keep":
            roles[c] = f"keep:{label(cell)}"
            draft.kept.append(label(cell))
            draft.other[label(cell)] = "kept as a site column"
        else:
            draft.other[label(cell)] = "ignored as told" if role == "ignore" else _not_used(cell, names)
    if "site" not in roles.values():
        text = [c for c in range(len(heads)) if c not in found.items and c not in roles]
        draft.problem(
            refuse(
                "no site column",
                at=grid.source,
                got=f"heads: {', '.join(label(heads[c]) for c in text) or 'items only'}",
                allowed="a column named site, centre, program or the like",
                remedy='Say which it is: columns={"your head": "site"}.',
            )
        )
        return
    skipped = 0
    for r in range(found.head + 1, len(grid.rows)):
        row = grid.rows[r]
        if all(is_blank(cell) for cell in row):
            skipped += 1
            continue
        review: dict[str, Any] = {"at": {m.item: (r, c) for c, m in found.items.items()}, "row": r}
        for c, role in roles.items():
            review[role] = row[c]
        scores = {m.item: row[c] for c, m in found.items.items()}
        if is_footer(review.get("site")):
            draft.notes.append(f'row {r + 1} ("{label(review["site"])}") is a summary, not a site: skipped')
        elif is_blank(review.get("site")):
            if any(not is_blank(x) for x in scores.values()):
                draft.problem(
                    refuse(
                        "scores without a site",
                        at=f"{grid.source}, row {r + 1}",
                        remedy="Fill the site cell (a second rater or review repeats the name), or remove the row.",
                    )
                )
        else:
            draft.reviews.append(review | {"scores": scores})
    if skipped:
        draft.notes.append(f"{skipped} blank rows skipped")


def _not_used(cell: Any, names: ItemNames) -> str:
    near = closest(label(cell), list(names.known))
    if near is None:
        return 'not used; columns={"...": "keep"} keeps it as a site column'
    return f'not used; nearest item: columns={{"{label(cell)}": "{names.known[near]}"}}'


def items_in_rows(grid: Grid, found: Found, names: ItemNames, mapping: Mapping[str, str | None], draft: Draft) -> None:
    first = min(found.items)
    above = [row for row in grid.rows[:first] if any(not is_blank(cell) for cell in row)]
    for c in range(len(grid.rows[0])):
        if c == found.head:
            continue
        stack = [label(row[c]) for row in above]
        head = _last(stack)
        body = [grid.rows[r][c] for r in found.items]
        role = _role(head, mapping, draft)
        described = stands_beside_items(head) or sum(names.match(x) is not None for x in body) > 1 or role == "ignore"
        if described or (not head and all(is_blank(x) for x in body)):
            if head:
                draft.other[head] = "describes the items: not used"
            continue
        if is_footer(head) or role == "printed_total":
            draft.other[head] = "a summary, not a site: not used"
            continue
        if not head:
            draft.problem(
                refuse(
                    "scores without a site",
                    at=f"{grid.source}, column {c + 1}",
                    remedy="Write the site's name above its column.",
                )
            )
            continue
        review: dict[str, Any] = {"scores": {m.item: grid.rows[r][c] for r, m in found.items.items()}}
        review |= {"at": {m.item: (r, c) for r, m in found.items.items()}, "row": c}
        draft.reviews.append(review | _stacked(stack))
    for r in range(first, len(grid.rows)):
        cell = grid.rows[r][found.head]
        if r not in found.items and not is_blank(cell):
            what = "a summary: not used" if is_footer(cell) or role_of(cell) else _not_used(cell, names)
            draft.other[label(cell)] = what


def _last(stack: list[str]) -> str:
    return next((text for text in reversed(stack) if text), "")


def _stacked(stack: list[str]) -> dict[str, Any]:
    """Read the cells above a column: a name over a year or date is a site and its review date."""
    filled = list(dict.fromkeys(text for text in stack if text))
    if len(filled) >= 2 and re.fullmatch(r"(?:19|20)\d\d(?:-\d\d(?:-\d\d.*)?)?", filled[-1]):
        return {"site": filled[-2], "review_date": filled[-1][:10]}
    return {"site": filled[-1]}


def long(grid: Grid, found: Found, names: ItemNames, mapping: Mapping[str, str | None], draft: Draft) -> None:
    heads = grid.rows[min(found.items) - 1]
    roles: dict[str, int] = {}
    for c, cell in enumerate(heads):
        role = "item" if c == found.head else _role(cell, mapping, draft)
        if role in ("site", "review_date", "rater", "score") and role not in roles:
            roles[role] = c
            draft.other[label(cell)] = f"read as {role}"
        elif c != found.head and not is_blank(cell):
            draft.other[label(cell)] = "not used"
    lacking = [role for role in ("site", "score") if role not in roles]
    if lacking:
        draft.problem(
            refuse(
                f"no {' and no '.join(lacking)} column",
                at=grid.source,
                got=f"heads: {', '.join(label(x) for x in heads if not is_blank(x))}",
                remedy='Say which it is: columns={"your head": "site", "another": "score"}.',
            )
        )
        return
    reviews: dict[tuple[str, ...], dict[str, Any]] = {}
    for r in range(min(found.items), len(grid.rows)):
        row = grid.rows[r]
        match = found.items.get(r)
        if match is None:
            if any(not is_blank(cell) for cell in row):
                head = label(row[found.head])
                draft.problem(
                    refuse(
                        f"unknown item{_near(head, names)}",
                        at=grid.place(r, found.head),
                        got=f'"{head}"',
                        remedy='Correct it, or say what it is: columns={"...": "item_id"}.',
                    )
                )
            continue
        key = tuple(label(row[roles[name]]) for name in ("site", "review_date", "rater") if name in roles)
        review = reviews.setdefault(key, {"scores": {}, "at": {}, "row": r})
        review |= {name: row[c] for name, c in roles.items() if name != "score"}
        if match.item in review["scores"]:
            before = review["at"][match.item][0] + 1
            draft.problem(
                refuse(
                    "item scored twice in one review",
                    at=f"{grid.source}, rows {before} and {r + 1}",
                    got=f"{' '.join(key)}, {match.item}",
                    remedy="Remove one, or name the column that tells the reviews apart as review_date or rater.",
                )
            )
        review["scores"][match.item] = row[roles["score"]]
        review["at"][match.item] = (r, roles["score"])
    draft.reviews.extend(reviews.values())


def _near(head: str, names: ItemNames) -> str:
    near = closest(head, list(names.known))
    return f' (did you mean "{names.known[near]}"?)' if near is not None else ""


def check_items(found: Found, names: ItemNames, scale: Scale, draft: Draft) -> None:
    seen: dict[str, Match] = {}
    if found.layout != "long":
        for match in found.items.values():
            if match.item in seen:
                draft.problem(
                    refuse(
                        "two heads for one item",
                        at=match.item,
                        got=f'"{seen[match.item].head}" and "{match.head}"',
                        remedy='Say which counts: columns={"the other head": None}.',
                    )
                )
            seen[match.item] = match
    present = {match.item for match in found.items.values()}
    lacking = [id for id in scale.item_ids if id not in present]
    if lacking:
        offers = []
        for head in draft.other:
            near = closest(head, list(names.known))
            if near is not None and names.known[near] in lacking:
                offers.append(f'"{head}": "{names.known[near]}"')
        remedy = f"Perhaps columns={{{', '.join(offers)}}}." if offers else "Add them; leave cells blank if not scored."
        draft.problem(refuse("items not found", got=", ".join(lacking), allowed=f"all of {scale.id}", remedy=remedy))
