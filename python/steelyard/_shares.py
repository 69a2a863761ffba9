"""Shares, k of n: the Python side of `describe`'s intervals, bounds and rank sets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import _core
from ._audit_checks import proportion, text_of
from ._cells import is_blank
from .errors import refuse

INTERVALS = ("wilson", "clopper-pearson", "jeffreys", "agresti-coull")


def ask(check: str, **request: Any) -> Any:
    """Send one request to the core."""
    return _core.describe_check(json.dumps({"check": check, **request}))


def checked_options(interval: str, confidence_level: float) -> tuple[str, float]:
    """Return the name of an interval and its level, or refuse them."""
    if interval not in INTERVALS:
        raise refuse("unknown interval", at="interval", got=repr(interval), allowed=", ".join(map(repr, INTERVALS)))
    if isinstance(confidence_level, bool) or not isinstance(confidence_level, (int, float)):
        raise refuse("confidence level not allowed", at="confidence_level", got=repr(confidence_level))
    if not 0 < confidence_level < 1:
        raise refuse(
            "confidence level not allowed",
            at="confidence_level",
            got=confidence_level,
            allowed="above 0 and below 1, such as 0.95",
        )
    return interval, float(confidence_level)


def share(k: int, n: int, level: float = 0.95, method: str = "wilson") -> dict[str, float]:
    """Return `share`, `low` and `high` of k of n."""
    found: dict[str, float] = ask("share", k=k, n=n, level=level, method=method)
    return found


def count(value: Any, place: str) -> int:
    """Return a whole number of people, or refuse it with its place."""
    if isinstance(value, str):
        text = value.strip()
        if text.isdigit():
            return int(text)
        raise refuse(
            "count not understood", at=place, got=f'"{value}"', allowed="a whole number", remedy="Write digits only."
        )
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_))
    if not whole and not (isinstance(value, (float, np.floating)) and float(value).is_integer()):
        raise refuse("count not understood", at=place, got=repr(value), allowed="a whole number")
    if value < 0:
        raise refuse("count below 0", at=place, got=value, allowed="0 or more")
    return int(value)


def counts_of_percent(percent: Any, n: int, place: str) -> tuple[int, int]:
    """Return the lowest and highest count that a printed percentage of n can stand for; none is refused."""
    printed = text_of(percent, place)
    try:
        found = proportion(printed, n)
    except ValueError as error:
        raise refuse("percentage not understood", at=place, got=f'"{printed}"', remedy=str(error)) from None
    low_high = found.details["counts"]
    if low_high is None:
        raise refuse(
            "percentage that no count gives",
            at=place,
            got=f"{printed} % of {n}",
            remedy="Correct the percentage or n, or give the count; sy.audit names the possible ones.",
        )
    return int(low_high[0]), int(low_high[1])


def known(cells: Mapping[str, Any], name: str) -> bool:
    """Tell whether a row has a value in a column."""
    return name in cells and not is_blank(cells[name])


def rows_of(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of columns as dicts."""
    names = list(columns)
    lists: list[Sequence[Any]] = [np.asarray(columns[name]).tolist() for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*lists, strict=True)]
