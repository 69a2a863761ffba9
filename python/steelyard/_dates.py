"""Dates as people write them. A day that could be a month is refused unless the column or the caller settles it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._cells import is_blank
from .errors import refuse

_YEAR = re.compile(r"(19|20)\d\d")
_MONTH = re.compile(r"(19|20)\d\d-(0[1-9]|1[0-2])")
# Formats tried for text; the first two of each pair differ in what comes first, day or month.
_UNAMBIGUOUS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%d %B %Y", "%d %b %Y")
_ISO = _UNAMBIGUOUS[:5]
_DAY_FIRST = ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y")
_MONTH_FIRST = ("%m/%d/%Y", "%m.%d.%Y", "%m-%d-%Y")


def dates(
    cells: Sequence[Any],
    column: str,
    date_format: str | None = None,
    place: Callable[[int], str] | None = None,
) -> list[dt.date | None]:
    """Return a column as dates, None where blank.

    Parameters
    ----------
    cells
        Dates, timestamps, or text: ISO 8601, `2021`, `2021-05`, day and month names, or numbers with / . -.
    column
        Its name, for messages.
    date_format
        As in `strptime`; settles what is ambiguous. Year first (ISO 8601) is understood beside it.
    place
        Names the cell of a row, for messages; None: column and row.

    Raises
    ------
    InputError
        For text that is no date, and for 03/04/2021 when nothing in the column tells day from month.
    """

    def at(row: int) -> str:
        return f'column "{column}", row {row + 1}' if place is None else place(row)

    found = [_plain(cell, date_format) for cell in cells]
    open_rows = [row for row, value in enumerate(found) if isinstance(value, str)]
    if not open_rows:
        return [None if isinstance(value, str) else value for value in found]
    texts = [str(found[row]) for row in open_rows]
    if date_format is not None:
        raise refuse(
            "text that is no date",
            at=at(open_rows[0]),
            got=f'"{texts[0]}"',
            allowed=f'dates as "{date_format}", or with the year first as 2021-05-31',
            remedy="Correct it, or leave it blank when the date is not known.",
        )
    readings = [r for r in (_all(texts, _DAY_FIRST), _all(texts, _MONTH_FIRST)) if r is not None]
    if not readings:
        row = next(r for r, t in zip(open_rows, texts, strict=True) if _one(t, _DAY_FIRST + _MONTH_FIRST) is None)
        raise refuse(
            "text that is no date" if _one(texts[0], _DAY_FIRST + _MONTH_FIRST) is None else "dates in two formats",
            at=at(row),
            got=f'"{found[row]}"',
            allowed="2021-05-31, 31.05.2021, 2021-05 or 2021",
            remedy="Correct it, or pass date_format, as in date_format='%d.%m.%y'.",
        )
    if len(readings) == 2 and readings[0] != readings[1]:
        mark = next(letter for letter in texts[0] if not letter.isdigit())
        raise refuse(
            "ambiguous date",
            at=at(open_rows[0]),
            got=f'"{texts[0]}"',
            allowed="a column in which some day is above 12, or year first",
            remedy="Say which comes first: date_format="
            + " or ".join(f"'%{a}{mark}%{b}{mark}%Y'" for a, b in (("d", "m"), ("m", "d")))
            + ".",
        )
    for row, value in zip(open_rows, readings[0], strict=True):
        found[row] = value
    return [None if isinstance(value, str) else value for value in found]


def _plain(cell: Any, date_format: str | None) -> dt.date | str | None:
    """Return a date, None for a blank, or the text when day and month are not settled yet."""
    if is_blank(cell):
        return None
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    if isinstance(cell, np.datetime64):
        day: dt.date = cell.astype("datetime64[D]").item()
        return day
    if isinstance(cell, (int, float, np.integer, np.floating)) and float(cell).is_integer():
        cell = str(int(cell))
    text = str(cell).strip()
    if date_format is not None:
        return _one(text, (date_format, *_ISO)) or text
    if _YEAR.fullmatch(text):
        return dt.date(int(text), 1, 1)
    if _MONTH.fullmatch(text):
        return dt.date(int(text[:4]), int(text[5:]), 1)
    return _one(text, _UNAMBIGUOUS) or text


def _one(text: str, formats: Sequence[str]) -> dt.date | None:
    for form in formats:
        try:
            return dt.datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None


def _all(texts: Sequence[str], formats: Sequence[str]) -> list[dt.date] | None:
    values = [_one(text, formats) for text in texts]
    return None if any(value is None for value in values) else [value for value in values if value is not None]
