"""Reviews and participants, linked by site: what met, what did not, both ways; near misses are offered."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ._frames import frame_in
from ._html import listed, table
from ._names import closest, offer
from ._participants import Codes, Participants
from ._result import Result
from .errors import refuse

_LISTED = 8
_ROWS = 50

_TREATED = {"1", "treatment", "treated", "intervention", "ips", "experimental", "programme", "program", "true", "yes"}
_CONTROL = {"0", "control", "controls", "tau", "treatment as usual", "usual care", "usual", "comparison", "false", "no"}


@dataclasses.dataclass(frozen=True, repr=False)
class Linkage(Result):
    """How reviews and participants met.

    Attributes
    ----------
    red_lines : tuple of str
        Outcome windows that precede their reviews.
    n_participants, n_linked : int
        Rows of the participant file, and those whose site was reviewed.
    unmatched : frame
        Every row without a counterpart: `side` (`participants` or `reviews`), `row` (in its file, from 1), `site`,
        `reason`, `perhaps` (a name that is nearly the same; offered, never joined).
    reviews : frame
        Every review: site, date, raters, and whether and why it was used.
    windows : frame
        Per site: review used, start and end of the outcome window, days from review to start.
    offers : dict
        Spellings that are nearly a reviewed site.
    joined : dict
        Spellings in the participant file that you declared to be a site: `same_site`.
    arms : tuple of str
        Treated and control label; empty without an arm.
    notes : tuple of str
    """

    red_lines: tuple[str, ...]
    n_participants: int
    n_linked: int
    tables: dict[str, dict[str, tuple[Any, ...]]]
    joined: dict[str, str]
    arms: tuple[str, ...]
    notes: tuple[str, ...]
    library: str = "pandas"

    @property
    def unmatched(self) -> Any:
        """Every row without a counterpart, both ways."""
        return frame_in(self.tables["unmatched"], self.library)

    @property
    def reviews(self) -> Any:
        """Every review and what was done with it."""
        return frame_in(self.tables["reviews"], self.library)

    @property
    def windows(self) -> Any:
        """The outcome window of every site beside its review."""
        return frame_in(self.tables["windows"], self.library)

    @property
    def offers(self) -> dict[str, str]:
        """Participants' spellings that are nearly a reviewed site, and that site: look, then pass what is right.

        `sy.Study(..., same_site=study.linkage.offers)` joins them all.
        """
        rows = self.tables["unmatched"]
        each = zip(rows["side"], rows["site"], rows["perhaps"], strict=True)
        return {site: perhaps for side, site, perhaps in each if side == "participants" and perhaps}

    @property
    def summary(self) -> str:
        """One line."""
        return f"{self.n_linked} of {self.n_participants} participants linked to a reviewed site"

    @property
    def caveats(self) -> tuple[str, ...]:
        """What belongs beside every result: red lines first, then what was left out."""
        rows = self.tables["unmatched"]
        out = [f"RED LINE: {text}" for text in self.red_lines]
        lost = sum(side == "participants" for side in rows["side"])
        if lost:
            near = sorted(self.offers)
            shown = ", ".join(f'"{site}"' for site in near[:4]) + (f" and {len(near) - 4} more" * (len(near) > 4))
            spelled = f"; nearly the name of a reviewed site: {shown} (see .linkage)" if near else ""
            who, are = ("1 participant belongs", "is") if lost == 1 else (f"{lost} participants belong", "are")
            out.append(f"{who} to no reviewed site and {are} left out{spelled}.")
        alone = [site for side, site in zip(rows["side"], rows["site"], strict=True) if side == "reviews"]
        if alone:
            out.append(f"Reviewed sites without participants: {', '.join(alone)}.")
        return tuple(out)

    def tidy(self) -> Any:
        """Return `unmatched`."""
        return self.unmatched

    def _lines(self) -> list[str]:
        lines = [self.summary]
        lines += [f"RED LINE: {text}" for text in self.red_lines]
        rows = self.tables["unmatched"]
        seen: dict[tuple[str, str, str, str], int] = {}
        for side, site, reason, perhaps in zip(
            rows["side"], rows["site"], rows["reason"], rows["perhaps"], strict=True
        ):
            key = (side, site, reason, perhaps or "")
            seen[key] = seen.get(key, 0) + 1
        for (side, site, reason, perhaps), count in list(seen.items())[:_LISTED]:
            theirs, ours = (site, perhaps) if side == "participants" else (perhaps, site)
            join = f'join them with same_site={{"{theirs}": "{ours}"}} if they are one site'
            meant = f' (did you mean "{perhaps}"? {join})' if perhaps else ""
            lines.append(f'unmatched {side}: "{site}", {count} row{"s" if count > 1 else ""}: {reason}{meant}')
        if len(seen) > _LISTED:
            lines.append(f"... and {len(seen) - _LISTED} more sites: see .unmatched")
        if len(self.offers) > 1:
            lines.append("same_site=study.linkage.offers joins all of these spellings, once you have looked at them")
        return lines + [f"note: {text}" for text in self.notes]

    def __repr__(self) -> str:
        first, *rest = self._lines()
        return "\n".join([f"Linkage: {first}", *(f"  {line}" for line in rest)])

    def _html(self) -> str:
        red = f'<div style="color:#a40000"><strong>Red lines</strong>{listed(self.red_lines)}</div>'
        said = listed(line for line in self._lines() if not line.startswith("RED LINE"))
        parts = [
            _first_rows(caption, self.tables[name], f".{name}")
            for name, caption in (("unmatched", "Rows without a counterpart"), ("windows", "Reviews and windows"))
            if any(self.tables[name].values())
        ]
        return (red if self.red_lines else "") + said + "".join(parts)


def _first_rows(caption: str, columns: Mapping[str, Sequence[Any]], where: str) -> str:
    """Write the first rows of a table: thousands of participants may have met no site."""
    rows = list(zip(*columns.values(), strict=True))
    more = len(rows) - _ROWS
    note = f"{more} more rows: see {where}" if more > 0 else ""
    return table(caption, list(columns), rows[:_ROWS], note=note)


def link(people: Participants, column: str, sites: Sequence[str], same_site: Mapping[str, str]) -> tuple[Codes, Any]:
    """Return the site of each participant (-1 for none) and `(label, offer)` of the labels that met no site."""
    codes, labels = people.codes(column)
    known = {site: place for place, site in enumerate(dict.fromkeys(sites))}
    for spelled, site in same_site.items():
        if spelled not in labels or site not in known:
            wrong, where, names = (
                (spelled, "sites of participants", labels) if spelled not in labels else (site, "reviewed sites", known)
            )
            raise refuse(
                "unknown site" + offer(wrong, list(names)),
                at="same_site",
                got=f'"{wrong}"',
                allowed=f"{where}: {', '.join(list(names)[:12])}",
            )
    to = np.full(len(labels) + 1, -1, dtype=np.int64)
    strangers = []
    for place, name in enumerate(labels):
        site = same_site.get(name, name)
        if site in known:
            to[place] = known[site]
        else:
            strangers.append((place, name, closest(name, known)))
    if len(strangers) == len(labels):
        raise refuse(
            "no participant belongs to a reviewed site",
            at=f'column "{column}" of participants',
            got=", ".join(labels[:8]),
            allowed=f"reviewed sites: {', '.join(list(known)[:8])}",
            remedy='Name the site column, or join spellings: same_site={"theirs": "ours"}.',
        )
    return to[codes], (codes, strangers)


def unmatched_rows(
    codes: Codes,
    strangers: Sequence[tuple[int, str, str | None]],
    linked: Codes,
    sites: Sequence[str],
    rows: Sequence[int],
) -> dict[str, tuple[Any, ...]]:
    """List every unmatched row: participants by file order, then reviewed sites without participants."""
    names = {place: (name, near) for place, name, near in strangers}
    out: list[tuple[Any, ...]] = []
    for row in np.flatnonzero(linked < 0).tolist():
        name, near = names.get(int(codes[row]), ("", None))
        reason = "site not reviewed" if name else "site left blank"
        out.append(("participants", row + 1, name, reason, near))
    met = set(np.unique(linked).tolist())
    others = [name for _, name, _ in strangers]
    for place, site in enumerate(dict.fromkeys(sites)):
        if place not in met:
            out.append(("reviews", rows[place] + 1, site, "no participants", closest(site, others)))
    heads = ("side", "row", "site", "reason", "perhaps")
    return {head: tuple(cells[j] for cells in out) for j, head in enumerate(heads)}


def check_people(people: Participants, column: str, site: Codes, arm: Codes | None, labels: Any) -> None:
    """Refuse a participant who stands in two sites, in two arms, or twice."""
    codes, names = people.codes(column)
    order = np.argsort(codes, kind="stable")
    own = codes[order]
    again = np.flatnonzero((own[1:] == own[:-1]) & (own[1:] >= 0))
    if not again.size:
        return
    pairs = [(int(order[k]), int(order[k + 1])) for k in again]
    for what, column_codes, shown in (("sites", site, labels[0]), ("arms", arm, labels[1])):
        if column_codes is None:
            continue
        differ = [(a, b) for a, b in pairs if column_codes[a] != column_codes[b]]
        if differ:
            first, second = differ[0]
            got = " and ".join(f'"{shown(row)}"' for row in (first, second))
            raise refuse(
                f"participant in two {what}",
                at=f"rows {first + 1} and {second + 1} of participants",
                got=f'"{names[codes[first]]}" in {got}',
                allowed=f"one of the {what} for each participant",
                remedy="Correct the row; somebody who moved counts where they were enrolled.",
            )
    first, second = pairs[0]
    raise refuse(
        "participant in two rows",
        at=f"rows {first + 1} and {second + 1} of participants",
        got=f'"{names[codes[first]]}"' + (f" and {len(pairs) - 1} more" if len(pairs) > 1 else ""),
        allowed="one row per participant",
        remedy="Keep one row, or reshape a file with one row per visit.",
    )


def arm_of(people: Participants, column: str, treated: str | None) -> tuple[Codes, tuple[str, str]]:
    """Return 1 for treated, 0 for control, -1 for blank, and the two labels."""
    people.need(column)
    codes, labels = people.codes(column)
    if len(labels) != 2:
        raise refuse(
            "an arm without controls" if len(labels) == 1 else "arms not understood",
            at=f'column "{column}" of participants',
            got=", ".join(labels[:6]) or "blank",
            allowed="two labels, one for treatment and one for control",
            remedy="Leave arm out if everybody was treated; leave out other arms before linking.",
        )
    if treated is None:
        known = [name for name in labels if name.casefold() in _TREATED]
        others = [name for name in labels if name.casefold() in _CONTROL]
        if len(known) != 1 or (not others and labels != ("0", "1") and labels != ("1", "0")):
            raise refuse(
                "treated arm not recognised",
                at=f'column "{column}" of participants',
                got=", ".join(labels),
                remedy=f"Say which is the treatment: treated={labels[0]!r}.",
            )
        treated = known[0]
    if treated not in labels:
        raise refuse(
            "unknown arm" + offer(treated, labels), at="treated", got=f'"{treated}"', allowed=", ".join(labels)
        )
    place = labels.index(treated)
    other = labels[1 - place]
    return np.where(codes < 0, -1, (codes == place).astype(np.int64)), (treated, other)
