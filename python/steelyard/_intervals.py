"""Interval methods: names, requests to the core, and the interval as users see it."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._names import folded, offer
from ._result import serialisable
from ._studentized import Errors
from ._t_scale import SCALES, TScale
from .errors import refuse

# Public name -> name in the core.
METHODS = {
    "percentile": "percentile",
    "expanded percentile": "expanded",
    "basic": "basic",
    "normal": "normal",
    "BCa": "bca",
    "studentized": "studentized",
    "t": "t",
}
_ALIASES = {
    "expanded": "expanded percentile",
    "bcabootstrap": "BCa",
    "jackknifet": "t",
    "perc": "percentile",
    "stud": "studentized",
    "bootstrapt": "studentized",
}
_KNOWN = {folded(name): name for name in METHODS} | _ALIASES
_NEEDS_JACKKNIFE = ("BCa", "t")
ALTERNATIVES = ("two-sided", "less", "greater")
_RULES = ("linear", "normal-scale")


def method_name(method: str) -> str:
    """Return the public name of an interval method, from any case or spelling."""
    if not isinstance(method, str) or folded(method) not in _KNOWN:
        hint = offer(method, list(METHODS)) if isinstance(method, str) else ""
        raise refuse(f"unknown interval method{hint}", at="method", got=repr(method), allowed=", ".join(METHODS))
    return _KNOWN[folded(method)]


def needs_jackknife(method: str) -> bool:
    """Tell whether a method needs the statistic with each unit left out."""
    return method in _NEEDS_JACKKNIFE


def checked_level(level: float) -> float:
    """Return a confidence level between 0 and 1."""
    good = isinstance(level, (int, float, np.floating)) and not isinstance(level, bool) and 0 < level < 1
    if not good:
        percent = isinstance(level, (int, float)) and 1 < level < 100
        raise refuse(
            "confidence level not allowed",
            at="confidence_level",
            got=repr(level),
            allowed="a number above 0 and below 1",
            remedy=f"Write {level / 100:g} for {level:g} %." if percent else "The usual level is 0.95.",
        )
    return float(level)


def one_of(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    """Return an option that is one of a few words."""
    if not isinstance(value, str) or value not in allowed:
        hint = offer(value, allowed) if isinstance(value, str) else ""
        raise refuse(f"unknown option{hint}", at=name, got=repr(value), allowed=", ".join(map(repr, allowed)))
    return value


@serialisable
@dataclasses.dataclass(frozen=True)
class ConfidenceInterval:
    """One interval; unpacks as `low, high`, and `[0]` and `[1]` are its ends, as in scipy.

    Attributes
    ----------
    low, high : float or ndarray
        The ends; infinite where one-sided; NaN where refused, and then `reason` says why.
    method, confidence_level, alternative
        How it was made.
    low_error, high_error : float or ndarray
        Monte Carlo standard errors of the ends: what another seed would change; 0 when enumerated.
    status : str
        `ok` or `refused`.
    reason : str or None
    scale : str
        Of t: the scale on which the interval is symmetric (identity, logit, Fisher z, ...); `exact binomial` where a
        rate of 0 or 1 has no standard error.
    """

    low: Any
    high: Any
    method: str
    confidence_level: float
    alternative: str
    low_error: Any
    high_error: Any
    status: str
    reason: str | None
    scale: str = "identity"

    def __iter__(self) -> Iterator[Any]:
        return iter((self.low, self.high))

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Any:
        return (self.low, self.high)[index]


@dataclasses.dataclass(frozen=True)
class Replicated:
    """What intervals are made from: internal. Distribution outputs x replicates, jackknife outputs x units."""

    distribution: NDArray[np.float64]
    probabilities: NDArray[np.float64] | None
    estimate: NDArray[np.float64]
    jackknife: NDArray[np.float64] | None
    strata: list[int]
    shape: tuple[int, ...]
    errors: Errors | None = None
    t: TScale | None = None
    threads: int = 1

    def summaries(self, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return one summary with intervals per output."""
        t = {} if self.t is None else self.t.asked()
        text = json.dumps([request | t for request in requests])
        summaries: list[dict[str, Any]] = _core.bootstrap_intervals(
            np.ascontiguousarray(self.distribution),
            self.probabilities,
            self.estimate.tolist(),
            None if self.jackknife is None else np.ascontiguousarray(self.jackknife),
            self.strata,
            text,
            self.threads,
            None if self.errors is None else np.ascontiguousarray(self.errors.each),
            None if self.errors is None else self.errors.own.tolist(),
        )
        return summaries

    def shaped(self, values: Any) -> Any:
        """Return one value per output in the shape of the statistic: a float when that is a number."""
        array = np.asarray(list(values), dtype=np.float64)
        return float(array[0]) if self.shape == () else array.reshape(self.shape)


def request(method: str, level: float, alternative: str, rule: str = "linear") -> dict[str, Any]:
    """Return one request to the core, checked."""
    return {
        "method": METHODS[method_name(method)],
        "level": checked_level(level),
        "alternative": one_of("alternative", alternative, ALTERNATIVES),
        "rule": one_of("quantile", rule, _RULES),
    }


def collect(
    replicated: Replicated, summaries: list[dict[str, Any]], i: int, asked: dict[str, Any]
) -> ConfidenceInterval:
    """Gather request `i` of all outputs into one interval."""
    parts = [summary["intervals"][i] for summary in summaries]
    reasons = [part["reason"] for part in parts if part["reason"]]
    name = _public(METHODS, asked["method"])
    return ConfidenceInterval(
        **{end: replicated.shaped(p[end] for p in parts) for end in ("low", "high", "low_error", "high_error")},
        method=name,
        confidence_level=asked["level"],
        alternative=asked["alternative"],
        status="refused" if reasons else "ok",
        reason=reasons[0] if reasons else None,
        scale=" or ".join(dict.fromkeys(_public(SCALES, part["scale"]) for part in parts)),
    )


def _public(names: dict[str, str], core: str) -> str:
    return next(public for public, name in names.items() if name == core)


def ends_text(low: float, high: float) -> str:
    """Write an interval as text.

    Examples
    --------
    >>> ends_text(1.25, float("inf"))
    '1.25 to ∞'
    """

    def end(x: float) -> str:
        return ("∞" if x > 0 else "−∞") if math.isinf(x) else f"{x:.4g}"

    return f"{end(low)} to {end(high)}"
