"""Reviews meet participants: link by site, find windows, choose reviews, give each participant a row of scores."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ._linkage import Linkage, arm_of, check_people, link, unmatched_rows
from ._participants import Codes, Participants
from ._read_outcomes import OutcomeReading
from ._reviews import Review, Units, Window, choose, red_lines
from ._windows import NO_DAY, Days, windows_of
from .errors import refuse

_PERSON = ("participant", "participant_id", "person_id", "client_id")


@dataclasses.dataclass(frozen=True)
class Met:
    """Units of scores, and the unit and arm of every participant (-1 for none)."""

    units: Units
    people: Participants | None
    unit_of: Codes | None
    arm_of: Codes | None
    linkage: Linkage | None


def meet(
    participants: Any,
    reviews: Sequence[Review],
    *,
    column: str,
    rule: str,
    window: Any,
    arm: str | None,
    treated: str | None,
    participant: str | None,
    same_site: Mapping[str, str],
    library: str,
) -> Met:
    """Link reviews and participants; without participants only the reviews are chosen."""
    sites = tuple(dict.fromkeys(review.site for review in reviews))
    if participants is None:
        if arm is not None or participant is not None or same_site:
            raise refuse("arm, participant and same_site need participants", at="participants", got="None")
        windows, _ = windows_of(window, None, None, sites)
        units = choose(reviews, rule, windows)
        found = None if window is None else _linkage(units, windows, sites, library)
        return Met(units, None, None, None, found)
    if isinstance(participants, OutcomeReading):
        arm, participant = arm or participants.arm, participant or participants.participant
        column = participants.site
        participants = participants.participants
    people = Participants(participants)
    people.need(column)
    linked, (codes, strangers) = link(people, column, sites, same_site)
    arms: tuple[str, ...] = ()
    treated_of = None
    if arm is not None:
        treated_of, arms = arm_of(people, arm, treated)
    elif treated is not None:
        raise refuse("treated needs arm", at="treated", got=repr(treated), remedy='Name the column: arm="arm".')
    notes = _identify(people, participant, codes, treated_of, column, arm)
    if people.padded[column]:
        shown = ", ".join(f'"{name}"' for name in people.padded[column][:4])
        notes.append(f"blanks around {len(people.padded[column])} site names were taken off: {shown}")
    windows, first = windows_of(window, people, linked, sites)
    units = choose(reviews, rule, windows)
    unit_of = _unit_of(units, sites, linked, first)
    rows = [next(review.rows[0] for review in reviews if review.site == site) for site in sites]
    linkage = _linkage(
        units,
        windows,
        sites,
        library,
        people=people.rows,
        linked=linked,
        unmatched=unmatched_rows(codes, strangers, linked, sites, rows),
        joined=dict(same_site),
        arms=arms,
        notes=_arm_notes(notes, treated_of, arm, linked),
        before=_before(units, unit_of, first),
    )
    return Met(units, people, unit_of, treated_of, linkage)


def _identify(
    people: Participants, participant: str | None, site: Codes, arm: Codes | None, column: str, arm_column: str | None
) -> list[str]:
    if participant is None:
        participant = next((name for name in _PERSON if name in people), None)
    if participant is None:
        return ['no participant ids: whether somebody stands in two rows could not be checked (participant="column")']
    people.need(participant)
    site_labels = people.codes(column)[1]
    arm_cells = people.cells(arm_column) if arm_column is not None else None
    check_people(
        people,
        participant,
        site,
        arm,
        (
            lambda row: site_labels[site[row]] if site[row] >= 0 else "",
            lambda row: "" if arm_cells is None else str(arm_cells[row]),
        ),
    )
    return []


def _arm_notes(notes: list[str], arm: Codes | None, column: str | None, linked: Codes) -> tuple[str, ...]:
    if arm is not None:
        blank = int(np.count_nonzero((arm < 0) & (linked >= 0)))
        if blank:
            notes.append(f'{blank} linked participants have no arm (column "{column}"): they enter no outcome')
        notes.append("outcomes other than Effect are of the treated arm: the review is of what it received")
    return tuple(notes)


def _unit_of(units: Units, sites: Sequence[str], linked: Codes, first: Days | None) -> Codes:
    """Give each participant a row of scores: the site's, or the nearest review before their own window."""
    if units.names == units.sites:
        place = {site: k for k, site in enumerate(units.sites)}
        to = np.array([place[site] for site in sites] + [-1], dtype=np.int64)
        return to[linked]
    found = np.full(len(linked), -1, dtype=np.int64)
    for s, site in enumerate(sites):
        own = [k for k, name in enumerate(units.sites) if name == site]
        days = np.array([((units.dates[k] or dt.date.min) - dt.date(1970, 1, 1)).days for k in own])
        here = np.flatnonzero(linked == s)
        if first is None:
            found[here] = own[-1]
            continue
        starts = np.where(first[here] == NO_DAY, np.iinfo(np.int64).max, first[here])
        before = np.searchsorted(days, starts, side="right") - 1
        found[here] = np.array(own)[np.maximum(before, 0)]
    return found


def _before(units: Units, unit_of: Codes, first: Days | None) -> list[tuple[int, int] | None]:
    """Count, per unit, participants whose own window began before its review, and all whose start is known."""
    if first is None:
        return [None] * len(units.names)
    found: list[tuple[int, int] | None] = []
    for k, day in enumerate(units.dates):
        own = first[(unit_of == k) & (first != NO_DAY)]
        found.append(None if day is None else (int((own < (day - dt.date(1970, 1, 1)).days).sum()), len(own)))
    return found


def _linkage(
    units: Units,
    windows: Mapping[str, Window],
    sites: Sequence[str],
    library: str,
    *,
    people: int = 0,
    linked: Codes | None = None,
    unmatched: dict[str, tuple[Any, ...]] | None = None,
    joined: dict[str, str] | None = None,
    arms: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
    before: Sequence[tuple[int, int] | None] = (),
) -> Linkage:
    empty: dict[str, tuple[Any, ...]] = {name: () for name in ("side", "row", "site", "reason", "perhaps")}
    reviews = units.reviews
    shown = [windows.get(site, Window()) for site in units.sites]
    before = before or [None] * len(units.sites)
    spans = [(w.end - w.start).days if w.start is not None and w.end is not None else None for w in shown]
    lags = [
        (w.start - day).days if day is not None and w.start is not None else None
        for day, w in zip(units.dates, shown, strict=True)
    ]
    return Linkage(
        red_lines=red_lines(units, windows, before),
        n_participants=people,
        n_linked=0 if linked is None else int(np.count_nonzero(linked >= 0)),
        tables={
            "unmatched": unmatched or empty,
            "reviews": {
                "site": tuple(review.site for review, _ in reviews),
                "review_date": tuple(None if r.date is None else r.date.isoformat() for r, _ in reviews),
                "raters": tuple(", ".join(x for x in review.raters if x) for review, _ in reviews),
                "rows": tuple(", ".join(str(row + 1) for row in review.rows) for review, _ in reviews),
                "status": tuple(what for _, what in reviews),
            },
            "windows": {
                "site": units.names,
                "review_date": tuple(None if d is None else d.isoformat() for d in units.dates),
                "window_start": tuple(None if w.start is None else w.start.isoformat() for w in shown),
                "window_end": tuple(None if w.end is None else w.end.isoformat() for w in shown),
                "days_from_review": tuple(lags),
                "before_review": tuple(None if count is None else count[0] for count in before),
                "follow_up_days": tuple(spans),
            },
        },
        joined=joined or {},
        arms=arms,
        notes=notes,
        library=library,
    )
