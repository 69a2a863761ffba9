"""Single checks of the audit: a printed number in, a verdict with its reason out. The arithmetic is in the core."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from . import _core
from ._frames import frame_like
from ._html import table
from ._result import Result
from .errors import refuse

Number: TypeAlias = "str | int | float | Decimal"

_ROUNDINGS = {None: "either", "half-up": "half-up", "half-even": "half-even", "truncated": "truncated"}


def rounding_of(name: str | None) -> str:
    """Return the core's name of a rounding rule; None accepts half-up and half-even."""
    if name not in _ROUNDINGS:
        raise refuse(
            "unknown rounding",
            at="rounding",
            got=repr(name),
            allowed="None (half-up or half-even), 'half-up', 'half-even', 'truncated'",
        )
    return _ROUNDINGS[name]


def text_of(value: Number, name: str) -> str:
    """Return a printed number as text; a float keeps the digits that Python shows, so trailing zeros need text."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, Decimal, np.integer, np.floating)):
        raise refuse(
            "printed number not understood",
            at=name,
            got=repr(value),
            allowed='text such as "4.20", or a number',
            remedy="Pass what was printed, as text.",
        )
    if isinstance(value, (float, np.floating)):
        return f"{Decimal(repr(float(value))):f}" if float(value) != int(value) else str(int(value))
    return f"{value:f}" if isinstance(value, Decimal) else str(int(value))


def ask(check: str, **request: Any) -> Any:
    """Send one request to the core."""
    return _core.audit_check(json.dumps({"check": check, **request}))


def admits(printed: str, value: Fraction, rounding: str | None, *, root: bool = False) -> bool:
    """Tell whether an exact value (or, with `root`, its square root) rounds to a printed number."""
    return bool(
        ask(
            "admits",
            printed=printed,
            numerator=value.numerator,
            denominator=value.denominator,
            root=root,
            rounding=rounding_of(rounding),
        )
    )


@dataclasses.dataclass(frozen=True, repr=False)
class Check(Result):
    """The verdict on one printed number.

    Attributes
    ----------
    rule : str
        Which test.
    consistent : bool or None
        None: the exact search met its limit (never seen below 1,000 answers).
    explanation : str
        One sentence.
    inputs : dict
        What was tested.
    details : dict
        What the rule found: totals, counts, nearest possible values, an example.
    """

    rule: str
    consistent: bool | None
    explanation: str
    inputs: dict[str, Any]
    details: dict[str, Any]

    def tidy(self) -> Any:
        """Return one row: rule, inputs, verdict, explanation."""
        shown = ", ".join(f"{k}={v}" for k, v in self.inputs.items() if v is not None)
        return frame_like(
            {
                "rule": [self.rule],
                "inputs": [shown],
                "consistent": [self.consistent],
                "explanation": [self.explanation],
            }
        )

    def __repr__(self) -> str:
        verdict = {True: "consistent", False: "not consistent", None: "undecided"}[self.consistent]
        return f"{self.rule}: {verdict}. {self.explanation[:1].upper()}{self.explanation[1:]}."

    def _html(self) -> str:
        rows = [(k, v) for k, v in self.inputs.items() if v is not None]
        verdict = {True: "consistent", False: "not consistent", None: "undecided"}[self.consistent]
        return table(
            f"{self.rule}: {verdict}", ["Input", "Value"], [(k, str(v)) for k, v in rows], note=self.explanation
        )


def _check(rule: str, inputs: Mapping[str, Any], found: Mapping[str, Any], verdict: str = "consistent") -> Check:
    details = {k: v for k, v in found.items() if k not in (verdict, "explanation")}
    return Check(rule, found[verdict], found["explanation"], dict(inputs), details)


def _grid(n: int, items: int, step: Number, low: Number | None, high: Number | None) -> dict[str, Any]:
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)):
        raise refuse(
            "n is not a count",
            at="n",
            got=repr(n),
            allowed="an int",
            remedy="Give the n that the number was computed from.",
        )
    return {
        "n": int(n),
        "items": int(items),
        "step": text_of(step, "step"),
        "low": None if low is None else text_of(low, "low"),
        "high": None if high is None else text_of(high, "high"),
    }


def _kind(ddof: int) -> str:
    if ddof not in (0, 1):
        raise refuse("divisor of the SD not allowed", at="ddof", got=repr(ddof), allowed="1 (n - 1) or 0 (n)")
    return "sample" if ddof == 1 else "population"


def grim(
    mean: Number,
    n: int,
    *,
    items: int = 1,
    step: Number = 1,
    low: Number | None = None,
    high: Number | None = None,
    percent: bool = False,
    rounding: str | None = None,
) -> Check:
    """Test whether a printed mean of whole answers is possible (GRIM).

    Parameters
    ----------
    mean
        As printed; text keeps trailing zeros, which carry precision.
    n
        People.
    items
        Items averaged within a person.
    step
        Smallest difference between two answers, such as 1, 0.5 or ``"1/3"``.
    low, high
        Ends of the scale, both or neither.
    percent
        The number is a percentage of `n` people.
    rounding
        None accepts half-up and half-even; or ``"half-up"``, ``"half-even"``, ``"truncated"``.

    Returns
    -------
    Check
        `.details` has `totals`, `nearest` possible means, and `possible_share`: the share of printable means that are
        possible at all; near 1 the test has no power.

    References
    ----------
    Brown and Heathers (2017), https://doi.org/10.1177/1948550616673876.

    Examples
    --------
    >>> import steelyard as sy
    >>> sy.audit.grim("5.19", 28)
    GRIM: not consistent. No total over 28 answers gives 5.19: the nearest means are 5.1786 and 5.2143.
    """
    inputs = {"mean": text_of(mean, "mean"), "n": n, "items": items, "step": step, "percent": percent}
    grid = _grid(n, items, step, low, high)
    found = ask("grim", mean=inputs["mean"], grid=grid, percent=percent, rounding=rounding_of(rounding))
    return _check("GRIM", inputs, found)


def grimmer(
    mean: Number,
    sd: Number,
    n: int,
    *,
    items: int = 1,
    step: Number = 1,
    low: Number | None = None,
    high: Number | None = None,
    ddof: int = 1,
    rounding: str | None = None,
) -> Check:
    """Test whether a printed mean and SD of whole answers are possible together (GRIMMER, exact).

    Every total that rounds to the mean, every sum of squares that rounds to the SD, and whether answers with both
    exist, are enumerated in integers; a possible pair comes with an example.

    Parameters
    ----------
    mean, sd
        As printed.
    n, items, step, low, high
        As in `grim`.
    ddof
        1: the SD divides by n - 1 (what papers print); 0: by n.
    rounding
        As in `grim`.

    References
    ----------
    Anaya (2016), https://doi.org/10.7287/peerj.preprints.2400v1; Allard (2018), analytic GRIMMER.

    Examples
    --------
    >>> import steelyard as sy
    >>> sy.audit.grimmer("3.10", "1.37", 10).details["sums"]
    [31, 113]
    >>> sy.audit.grimmer("7.3", "2.51", 12).consistent
    False
    """
    inputs = {"mean": text_of(mean, "mean"), "sd": text_of(sd, "sd"), "n": n, "items": items, "step": step}
    grid = _grid(n, items, step, low, high)
    found = ask(
        "grimmer", mean=inputs["mean"], sd=inputs["sd"], grid=grid, kind=_kind(ddof), rounding=rounding_of(rounding)
    )
    return _check("GRIMMER", inputs, found)


def debit(mean: Number, sd: Number, n: int, *, ddof: int = 1, rounding: str | None = None) -> Check:
    """Test mean and SD of a 0/1 variable (DEBIT).

    References
    ----------
    Heathers and Brown (2019), https://osf.io/5vb3u.

    Examples
    --------
    >>> import steelyard as sy
    >>> sy.audit.debit("0.19", "0.35", 1683)
    DEBIT: not consistent. 312 to 328 ones out of 1683 have SDs 0.3887 to 0.3962, not 0.35.
    """
    inputs = {"mean": text_of(mean, "mean"), "sd": text_of(sd, "sd"), "n": n}
    found = ask(
        "debit", mean=inputs["mean"], sd=inputs["sd"], n=int(n), kind=_kind(ddof), rounding=rounding_of(rounding)
    )
    return _check("DEBIT", inputs, found)


def sd_bounds(
    n: int, low: float, high: float, *, mean: Number | None = None, ddof: int = 1, rounding: str | None = None
) -> tuple[float, float]:
    """Return the smallest and largest SD that n values between `low` and `high` can have.

    Examples
    --------
    >>> import steelyard as sy
    >>> round(sy.audit.sd_bounds(6, 97, 109)[1], 4)
    6.5727
    """
    found = ask(
        "sd-bounds",
        n=int(n),
        low=float(low),
        high=float(high),
        mean=None if mean is None else text_of(mean, "mean"),
        kind=_kind(ddof),
        rounding=rounding_of(rounding),
    )
    return float(found["low"]), float(found["high"])


def proportion(percent: Number, n: int, *, count: int | None = None, rounding: str | None = None) -> Check:
    """Test whether a percentage, an n and (where printed) a count agree.

    Examples
    --------
    >>> import steelyard as sy
    >>> sy.audit.proportion("30", 78, count=23)
    Count and percentage: not consistent. 23 of 78 is 29.49 %, not 30 %; n = 76 to 77 would give it.
    """
    inputs = {"percent": text_of(percent, "percent"), "n": n, "count": count}
    found = ask("triple", count=count, percent=inputs["percent"], n=int(n), rounding=rounding_of(rounding))
    return _check("Count and percentage", inputs, found)


def percent_column(percents: Sequence[Number], *, n: int | None = None, rounding: str | None = None) -> Check:
    """Test whether percentages of exclusive categories can add to 100 (with `n`: whether whole counts explain them).

    Examples
    --------
    >>> import steelyard as sy
    >>> sy.audit.percent_column(["4", "4", "24", "30", "39"]).consistent
    True
    >>> sy.audit.percent_column(["50", "60"]).consistent
    False
    """
    texts = [text_of(p, f"percents[{i}]") for i, p in enumerate(percents)]
    found = ask("percent-column", percents=texts, n=n, rounding=rounding_of(rounding))
    return _check("Percentages of a column", {"percents": ", ".join(texts), "n": n}, found)


_CUT = {"n", "percent", "mean", "sd", "count", "counts"}


def _cut(cut: Mapping[str, Any], name: str) -> dict[str, Any]:
    unknown = sorted(set(cut) - _CUT)
    if unknown or "n" not in cut:
        raise refuse(
            "cut of the data not understood",
            at=name,
            got=", ".join(unknown) or "no n",
            allowed="a dict with n and: percent or count; or mean, sd; or counts per level",
        )
    read: dict[str, Any] = {k: v for k, v in cut.items() if v is not None}
    for key in ("percent", "mean", "sd"):
        if key in read:
            read[key] = text_of(read[key], f"{name}[{key!r}]")
    if "counts" in read:
        read["counts"] = [int(c) for c in read["counts"]]
    return read


def cuts(
    small: Mapping[str, Any],
    large: Mapping[str, Any],
    *,
    low: Number | None = None,
    high: Number | None = None,
    step: Number = 1,
    ddof: int = 1,
    rounding: str | None = None,
) -> Check:
    """Test whether one cut of the data can lie inside a larger one.

    Papers print the same question from different n. If the larger set held the smaller one and some further
    people, what these said follows from the two numbers, and may be impossible.

    Parameters
    ----------
    small, large
        Each a dict with `n` and either `percent` or `count` (a yes/no question), or `mean` with `sd`, or `counts` per
        level from the lowest level up.
    low, high, step
        The levels, for means.
    ddof, rounding
        As in `grimmer`.

    Examples
    --------
    >>> import steelyard as sy
    >>> sy.audit.cuts({"n": 77, "percent": "43"}, {"n": 95, "percent": "46"})
    Two cuts of the data: consistent. Possible: 11 of the 18 added people said yes.
    """
    first, second = _cut(small, "small"), _cut(large, "large")
    inputs = {"small": dict(first), "large": dict(second)}
    rule = rounding_of(rounding)
    if any(key in first or key in second for key in ("mean", "sd", "counts")):
        grid = _grid(1, 1, step, low, high)
        found = ask("subset-of-answers", small=first, large=second, grid=grid, kind=_kind(ddof), rounding=rule)
    else:
        found = ask("subset-of-counts", small=first, large=second, rounding=rule)
    return _check("Two cuts of the data", inputs, found, "feasible")


def ranks(values: Sequence[Number], claimed: Sequence[int], *, smallest_first: bool = False) -> Check:
    """Test claimed ranks against printed values: inversions, and ties that the printed digits cannot break.

    Examples
    --------
    >>> import steelyard as sy
    >>> sy.audit.ranks(["92", "92", "79"], [1, 2, 3]).explanation
    'rank 1 and rank 2 have the same value as printed (92)'
    """
    texts = [text_of(v, f"values[{i}]") for i, v in enumerate(values)]
    found = ask("ranks", values=texts, claimed=[int(r) for r in claimed], smallest_first=smallest_first)
    parts = []
    for pair in found:
        a, b = pair["ahead"], pair["behind"]
        if pair["problem"] == "inverted":
            parts.append(f"rank {claimed[a]} ({texts[a]}) and rank {claimed[b]} ({texts[b]}) are the wrong way round")
        else:
            parts.append(f"rank {claimed[a]} and rank {claimed[b]} have the same value as printed ({texts[a]})")
    explanation = "; ".join(parts) or "the values support the claimed order"
    inputs = {"values": ", ".join(texts), "claimed": ", ".join(map(str, claimed))}
    inverted = any(pair["problem"] == "inverted" for pair in found)
    return Check("Ranks and ties", not inverted, explanation, inputs, {"pairs": found})
