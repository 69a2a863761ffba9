"""The time in which outcomes happened: one window for all, one per site, or two date columns of the participants."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._cells import label
from ._dates import dates
from ._names import offer
from ._participants import Codes, Participants
from ._reviews import Window
from .errors import refuse

Days = NDArray[np.int64]
NO_DAY = np.iinfo(np.int64).min
_EPOCH = dt.date(1970, 1, 1)


def day_column(people: Participants, name: str) -> Days:
    """Return a date column as days since 1970, `NO_DAY` where it is blank."""
    cells = people.cells(name)
    if cells.dtype.kind == "M":
        days = cells.astype("datetime64[D]").astype(np.int64)
        days[np.isnat(cells)] = NO_DAY
        return days
    codes, labels = people.codes(name)
    found = dates(labels, name)
    table = np.array([NO_DAY if d is None else (d - _EPOCH).days for d in found] + [NO_DAY], dtype=np.int64)
    return table[codes]


def _day(value: Any, where: str) -> dt.date | None:
    try:
        return dates([value], where)[0]
    except ValueError as error:
        raise refuse("outcome window not understood", at=where, got=f"{value!r} ({error})") from None


def windows_of(
    window: Any, people: Participants | None, linked: Codes | None, sites: Sequence[str]
) -> tuple[dict[str, Window], Days | None]:
    """Return the window of each site, and the first day of each participant's own window where columns were named."""
    if window is None:
        return {}, None
    if isinstance(window, Mapping):
        found = {}
        for name, ends in window.items():
            site = label(name)
            if site not in sites:
                raise refuse(
                    "unknown site" + offer(site, sites), at="outcome_window", got=f'"{site}"', allowed=", ".join(sites)
                )
            start, end = (_day(x, f'outcome_window["{site}"]') for x in _pair(ends))
            found[site] = _checked(start, end, site)
        return found, None
    start, end = _pair(window)
    if people is not None and linked is not None and any(isinstance(x, str) and x in people for x in (start, end)):
        return _from_columns(start, end, people, linked, sites)
    one = _checked(_day(start, "outcome_window"), _day(end, "outcome_window"), "all")
    return dict.fromkeys(sites, one), None


def _pair(window: Any) -> tuple[Any, Any]:
    if not isinstance(window, (tuple, list)) or len(window) != 2:
        raise refuse(
            "outcome window not understood",
            at="outcome_window",
            got=repr(window),
            allowed="(start, end) as dates or as names of two date columns of participants, or a mapping by site",
        )
    return window[0], window[1]


def _checked(start: dt.date | None, end: dt.date | None, site: str) -> Window:
    if start is not None and end is not None and end < start:
        raise refuse("outcome window ends before it begins", at=f'site "{site}"', got=f"{start} to {end}")
    return Window(start, end)


def _from_columns(
    start: str | None, end: str | None, people: Participants, linked: Codes, sites: Sequence[str]
) -> tuple[dict[str, Window], Days | None]:
    people.need(*[name for name in (start, end) if name is not None])
    first = None if start is None else day_column(people, start)
    last = None if end is None else day_column(people, end)
    if first is not None and last is not None:
        wrong = np.flatnonzero((last < first) & (last != NO_DAY) & (first != NO_DAY))
        if wrong.size:
            row = int(wrong[0])
            raise refuse(
                "outcome window ends before it begins",
                at=people.place(str(end), row),
                got=f"{_date(first[row])} to {_date(last[row])}",
                allowed="an end on or after the start",
                remedy="Correct the row.",
            )
    n = len(sites)
    begins, ends = np.full(n, np.iinfo(np.int64).max), np.full(n, NO_DAY)
    for days, extreme, out in ((first, np.minimum, begins), (last, np.maximum, ends)):
        if days is not None:
            there = (linked >= 0) & (days != NO_DAY)
            extreme.at(out, linked[there], days[there])
    found = {}
    for k, site in enumerate(sites):
        opened = None if begins[k] == np.iinfo(np.int64).max else _date(begins[k])
        closed = None if ends[k] == NO_DAY else _date(ends[k])
        found[site] = Window(opened, closed)
    return found, first


def _date(days: Any) -> dt.date:
    return _EPOCH + dt.timedelta(days=int(days))
