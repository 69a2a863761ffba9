"""The columns of an outcome, checked row by row: what the values mean, and where one cannot be."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from ._cells import label
from ._participants import Floats, Participants
from .errors import refuse
from .outcomes import Binary, Binomial, Count, Duration, Mean, Simple

_SHOWN = 3


@dataclasses.dataclass(frozen=True)
class Values:
    """One value per participant, NaN where there is none.

    Attributes
    ----------
    y : ndarray
        0/1, k, count, time or number.
    by : ndarray or None
        Trials of `Binomial`, exposure of `Count`, event (0/1) of `Duration`.
    """

    y: Floats
    by: Floats | None = None


def _fault(people: Participants, column: str, rows: NDArray[np.bool_], what: str, allowed: str, remedy: str) -> None:
    """Raise for the first faulty row and say how many there are."""
    found = np.flatnonzero(rows)
    if not found.size:
        return
    row = int(found[0])
    value = people.numbers(column)[row]
    more = f" (and {found.size - 1} more rows)" if found.size > 1 else ""
    raise refuse(what, at=people.place(column, row), got=f"{value:g}{more}", allowed=allowed, remedy=remedy)


def _finite(people: Participants, *columns: str) -> None:
    for column in columns:
        _fault(people, column, np.isinf(people.numbers(column)), "number not finite", "a number or a blank", "")


def outcome_values(people: Participants, outcome: Simple) -> Values:
    """Read and check the columns of an outcome."""
    people.need(*outcome.columns)
    if not isinstance(outcome, Binary) or outcome.success is None:
        _finite(people, *outcome.columns)
    if isinstance(outcome, Binary):
        if outcome.success is not None:
            return Values(_success(people, outcome))
        _zero_one(people, outcome.column)
        return Values(people.numbers(outcome.column))
    if isinstance(outcome, Binomial):
        return _binomial(people, outcome)
    if isinstance(outcome, Count):
        return _count(people, outcome)
    if isinstance(outcome, Duration):
        return _duration(people, outcome)
    if isinstance(outcome, Mean):
        return Values(people.numbers(outcome.column))
    raise refuse(
        "outcome not understood", got=repr(outcome), allowed="sy.outcomes.Binary, Binomial, Count, Duration or Mean"
    )


def _success(people: Participants, outcome: Binary) -> Floats:
    """Return 1 where the column has the value that is a yes, 0 where it has its one other value."""
    codes, labels = people.codes(outcome.column)
    wanted = label(outcome.success)
    if wanted not in labels or len(labels) > 2:
        raise refuse(
            "value that is a yes not found" if wanted not in labels else "more than two values",
            at=f'column "{outcome.column}" of participants',
            got=", ".join(labels[:6]) or "blank",
            allowed=f'"{wanted}" and one other value',
            remedy="Read the file with missing_codes for codes that mean not known.",
        )
    return np.where(codes < 0, np.nan, (codes == labels.index(wanted)).astype(np.float64))


def _zero_one(people: Participants, column: str) -> None:
    y = people.numbers(column)
    rows = ~(np.isnan(y) | (y == 0) | (y == 1))
    value = y[np.flatnonzero(rows)[0]] if rows.any() else 0.0
    if rows.any() and set(np.unique(y[~np.isnan(y)]).tolist()) == {1.0, 2.0}:
        _fault(
            people,
            column,
            rows,
            "value that is neither 0 nor 1",
            "1, 0 or a blank",
            f'If 1 is yes and 2 is no, say so: Binary("{column}", success=1).',
        )
    _fault(
        people,
        column,
        rows,
        "value that is neither 0 nor 1",
        "1, 0 or a blank",
        f'If {value:g} means "not known", read the file with missing_codes={{"{column}": [{value:g}]}}; if the column '
        "is a number or a count, use Mean or Count.",
    )


def _binomial(people: Participants, outcome: Binomial) -> Values:
    k, n = people.numbers(outcome.k), people.numbers(outcome.n)
    for name, values in ((outcome.n, n), (outcome.k, k)):
        _fault(
            people,
            name,
            (values < 0) | (values != np.round(values)) & ~np.isnan(values),
            "number of people not allowed",
            "a whole number from 0",
            "Give counts, not rates.",
        )
    above = k > n
    if above.any():
        row = int(np.flatnonzero(above)[0])
        raise refuse(
            "more successes than trials",
            at=people.place(outcome.k, row),
            got=f"{k[row]:g} of {n[row]:g}",
            allowed="k from 0 to n",
            remedy="Correct the row, or swap the columns: Binomial(k, n).",
        )
    blank = np.isnan(k) | np.isnan(n)
    return Values(np.where(blank, np.nan, k), np.where(blank, np.nan, n))


def _count(people: Participants, outcome: Count) -> Values:
    y = people.numbers(outcome.column)
    _fault(people, outcome.column, y < 0, "count below 0", "0 or more", "Correct the row.")
    if outcome.exposure is None:
        return Values(y, np.where(np.isnan(y), np.nan, 1.0))
    time = people.numbers(outcome.exposure)
    _fault(
        people,
        outcome.exposure,
        time <= 0,
        "exposure not above 0",
        "a positive time under observation",
        "Leave the count blank for people who were not observed.",
    )
    lost = np.isnan(time) & ~np.isnan(y)
    if lost.any():
        row = int(np.flatnonzero(lost)[0])
        raise refuse(
            "count without an exposure",
            at=people.place(outcome.exposure, row),
            got=f"blank, with a count of {y[row]:g}",
            allowed="a positive time where there is a count",
        )
    return Values(y, np.where(np.isnan(y), np.nan, time))


def _duration(people: Participants, outcome: Duration) -> Values:
    time = people.numbers(outcome.column)
    _fault(people, outcome.column, time < 0, "duration below 0", "0 or more", "Check which date comes first.")
    blank = np.isnan(time)
    if outcome.event is None:
        if blank.any():
            row = int(np.flatnonzero(blank)[0])
            raise refuse(
                "blank duration without an event column",
                at=people.place(outcome.column, row),
                got=f"{int(blank.sum())} blanks of {len(time)}",
                allowed="a time for everybody, or a column that says who had the event",
                remedy="People who never had the event are not missing. Name the columns: "
                f'Duration("{outcome.column}", event="employed", follow_up="days_observed").',
            )
        return Values(time, np.ones_like(time))
    _zero_one(people, outcome.event)
    event = people.numbers(outcome.event)
    if outcome.follow_up is not None:
        observed = people.numbers(outcome.follow_up)
        late = (event == 1) & (time > observed)
        if late.any():
            row = int(np.flatnonzero(late)[0])
            raise refuse(
                "event after the end of follow-up",
                at=people.place(outcome.column, row),
                got=f"{time[row]:g}, observed for {observed[row]:g}",
                allowed="a time up to the follow-up",
            )
        time = np.where((event == 0) & blank, observed, time)
        blank = np.isnan(time)
    untold = blank & ~np.isnan(event)
    if untold.any():
        row = int(np.flatnonzero(untold)[0])
        never = event[row] == 0
        raise refuse(
            "blank duration of somebody without the event" if never else "event without a duration",
            at=people.place(outcome.column, row),
            got=f"blank, {outcome.event} = {event[row]:g} ({int(untold.sum())} such rows)",
            allowed="a time for everybody whose event is known",
            remedy='Name how long they were observed: follow_up="days_observed".' if never else "Give the time.",
        )
    return Values(np.where(np.isnan(event), np.nan, time), event)
