"""What participants say about each site: an estimate with variance, interval, missing outcomes and their bounds."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._brief import brief
from ._frames import frame_in
from ._html import table
from ._linkage import arm_of
from ._moments import group_of, outcome_of, people_of, raw_moments
from ._outcome_values import Values, outcome_values
from ._participants import Codes
from ._result import Result
from .errors import refuse
from .outcomes import Count, Duration, Effect, Outcome, Simple

if TYPE_CHECKING:
    from .study import Study

Floats = NDArray[np.float64]
NAN = float("nan")


@dataclasses.dataclass(frozen=True, repr=False)
class SiteOutcomes(Result):
    """One estimate per site.

    Attributes
    ----------
    outcome : Outcome
    measure : str
        `rate`, `rate per exposure`, `restricted mean`, `mean`, or the measure of an effect.
    sites : tuple of str
    n : ndarray of int
        Participants with the outcome (of the treated arm, where there is one).
    missing : ndarray of int
        Linked participants without it.
    total : ndarray
        Events, sum of counts, or sum of values; NaN for durations without one.
    value, variance, low, high : ndarray
        Estimate, its sampling variance, its interval.
    worst, best : ndarray
        The estimate if every missing outcome were the least, or the most, favourable one; NaN where there is no limit.
    control_n, control_missing : ndarray of int or None
        The same for controls, for an effect.
    horizon : float or None
        End of restricted means.
    hazards : dict
        Discrete-time hazards by site, for durations: `site, from, to, at_risk, events, censored, hazard`.
    status : tuple of str
        `ok`, `no participants`, `no controls`, `no treated`, `follow-up too short`, `one participant`.
    """

    outcome: Outcome
    measure: str
    confidence_level: float
    sites: tuple[str, ...]
    n: NDArray[np.int64]
    missing: NDArray[np.int64]
    total: Floats
    value: Floats
    variance: Floats
    low: Floats
    high: Floats
    worst: Floats
    best: Floats
    squares: Floats
    status: tuple[str, ...]
    control_n: NDArray[np.int64] | None = None
    control_missing: NDArray[np.int64] | None = None
    treated_value: Floats | None = None
    control_value: Floats | None = None
    horizon: float | None = None
    hazards: dict[str, tuple[Any, ...]] = dataclasses.field(default_factory=dict)

    def tidy(self) -> Any:
        """Return one row per site."""
        errors = [math.sqrt(v) if v >= 0 else NAN for v in self.variance.tolist()]
        columns: dict[str, Any] = {"term": self.sites, "estimate": self.value, "std_error": errors}
        return frame_in({**columns, "conf_low": self.low, "conf_high": self.high}, "pandas")

    def __repr__(self) -> str:
        rows = zip(self.sites, self.n, self.value, self.low, self.high, self.status, strict=True)
        lines = [
            f"  {site}: n {n}, {value:.3g} ({low:.3g} to {high:.3g})" + ("" if status == "ok" else f", {status}")
            for site, n, value, low, high, status in rows
        ]
        return "\n".join([self._caption(), *brief(lines)])

    def _caption(self) -> str:
        return f"{self.outcome}: {self.measure} by site, {100 * self.confidence_level:g} % intervals"

    def _html(self) -> str:
        columns = (self.sites, self.n, self.missing, self.value, self.low, self.high, self.status)
        heads = ("site", "n", "missing", self.measure, "low", "high", "status")
        return table(self._caption(), heads, list(zip(*map(list, columns), strict=True)))


@dataclasses.dataclass
class _Arm:
    """One arm of every site."""

    n: Floats
    missing: Floats
    total: Floats
    value: Floats
    variance: Floats
    low: Floats
    high: Floats
    worst: Floats
    best: Floats
    squares: Floats
    unknown: Floats
    durations: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    rates: list[dict[str, float]] = dataclasses.field(default_factory=list)


def ask(of: str, **request: Any) -> Any:
    """Ask the core about sites."""
    return _core.site_describe(json.dumps({"of": of, **request}))


def unpack(estimates: Sequence[dict[str, Any]]) -> tuple[Floats, Floats, Floats, Floats]:
    """Return value, variance, low and high; None becomes NaN."""
    value, variance, low, high = (
        np.array([NAN if e[name] is None else e[name] for e in estimates], dtype=np.float64)
        for name in ("value", "variance", "low", "high")
    )
    return value, variance, low, high


def site_outcomes(study: Study, outcome: Outcome | None, level: float = 0.95) -> SiteOutcomes:
    """Estimate an outcome at every site."""
    wanted = outcome_of(study, outcome)
    if not 0 < level < 1:
        raise refuse("confidence level not allowed", at="confidence_level", got=level, allowed="between 0 and 1")
    people, _ = people_of(study)
    if isinstance(wanted, Effect):
        return _effect(study, wanted, level)
    values = outcome_values(people, wanted)
    arm, horizon = _arm(study, wanted, values, None, level, None)
    status = [_status(n, value) for n, value in zip(arm.n, arm.value, strict=True)]
    return SiteOutcomes(
        outcome=wanted,
        measure=_measure(wanted),
        confidence_level=level,
        sites=study.site_ids,
        n=arm.n.astype(np.int64),
        missing=arm.missing.astype(np.int64),
        **{
            name: getattr(arm, name)
            for name in ("total", "value", "variance", "low", "high", "worst", "best", "squares")
        },
        status=tuple(status),
        horizon=horizon,
        hazards=_hazards(study, arm),
    )


def _measure(outcome: Simple) -> str:
    names = {"binary": "rate", "binomial": "rate", "count": "rate per exposure", "mean": "mean"}
    return names.get(outcome.kind, "restricted mean")


def _status(n: float, value: float) -> str:
    if n == 0:
        return "no participants"
    if math.isnan(value):
        return "follow-up too short"
    return "one participant" if n == 1 else "ok"


def _arm(
    study: Study,
    outcome: Simple,
    values: Values,
    arm: int | None,
    level: float,
    horizon: float | None,
    arms: Codes | None = None,
) -> tuple[_Arm, float | None]:
    group, k = group_of(study, arm, arms), len(study.site_ids)
    columns = [values.y] if values.by is None or outcome.kind == "duration" else [values.y, values.by]
    raw = raw_moments(group, k, columns, [0.0] * len(columns), 1, False)
    q = len(columns)
    sums, products = np.array(raw["sums"]).reshape(k, q), np.array(raw["products"]).reshape(k, q, q)
    n = np.array(raw["n"], dtype=np.float64)
    missing = np.array(raw["rows"], dtype=np.float64) - n
    blank = np.full(k, NAN)
    names = ("value", "variance", "low", "high", "worst", "best", "squares")
    blanks: dict[str, Any] = {name: blank.copy() for name in names}
    found = _Arm(n=n, missing=missing, total=sums[:, 0], unknown=np.zeros(k), **blanks)
    if outcome.kind in ("binary", "binomial"):
        _rates(found, study, outcome, group, sums, level)
    elif outcome.kind == "count":
        _counts(found, sums, products, level)
    elif outcome.kind == "mean":
        _means(found, sums, products, level)
    else:
        horizon = _durations(found, study, outcome, values, group, level, horizon)
    return found, horizon


def _rates(found: _Arm, study: Study, outcome: Simple, group: Any, sums: Floats, level: float) -> None:
    k = len(found.n)
    found.unknown = found.missing.copy()
    if outcome.kind == "binomial":
        people, _ = people_of(study)
        found.n = sums[:, 1]
        trials, events = people.numbers(outcome.columns[1]), people.numbers(outcome.columns[0])
        lost = (group >= 0) & np.isnan(events) & ~np.isnan(trials)
        found.unknown = np.bincount(group[lost], weights=trials[lost], minlength=k).astype(np.float64)
    events = sums[:, 0]
    found.value, found.variance, found.low, found.high = unpack(
        ask("rates", k=events.tolist(), n=found.n.tolist(), level=level)
    )
    whole = found.n + found.unknown
    with np.errstate(divide="ignore", invalid="ignore"):
        found.worst, found.best = events / whole, (events + found.unknown) / whole
        found.squares = np.where(found.n > 0, events * (found.n - events) / found.n, 0.0)


def _counts(found: _Arm, sums: Floats, products: Floats, level: float) -> None:
    found.rates = [
        {"n": n, "y": s[0], "t": s[1], "yy": p[0, 0], "yt": p[0, 1], "tt": p[1, 1]}
        for n, s, p in zip(found.n.tolist(), sums, products, strict=True)
    ]
    found.value, found.variance, found.low, found.high = unpack(ask("counts", sums=found.rates, level=level))


def _means(found: _Arm, sums: Floats, products: Floats, level: float) -> None:
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.where(found.n > 0, sums[:, 0] / found.n, 0.0)
        squares = np.maximum(products[:, 0, 0] - means * sums[:, 0], 0.0)
    found.squares = squares
    found.value, found.variance, found.low, found.high = unpack(
        ask("means", n=found.n.tolist(), mean=means.tolist(), squares=squares.tolist(), level=level)
    )


def _durations(
    found: _Arm, study: Study, outcome: Simple, values: Values, group: Any, level: float, horizon: float | None
) -> float:
    assert isinstance(outcome, Duration)
    event = np.where(np.isnan(values.y), 0.0, values.by if values.by is not None else 1.0)
    known = (group >= 0) & ~np.isnan(values.y)
    if horizon is None:
        horizon = outcome.horizon
    if horizon is None:
        longest = [values.y[known & (group == s)].max(initial=0.0) for s in range(len(found.n)) if found.n[s] > 0]
        horizon = float(min((x for x in longest if x > 0), default=1.0))
    cuts = outcome.intervals or tuple(horizon * j / 4 for j in range(5))
    found.durations = _core.study_durations(
        np.ascontiguousarray(group), len(found.n), values.y, np.ascontiguousarray(event), horizon, list(cuts)
    )
    found.total = np.array([d["events"] for d in found.durations], dtype=np.float64)
    means = [NAN if d["restricted_mean"] is None else d["restricted_mean"] for d in found.durations]
    errors = [NAN if d["standard_error"] is None else d["standard_error"] for d in found.durations]
    found.value, found.variance = np.array(means), np.array(errors) ** 2
    ends = ask(
        "normal",
        value=np.nan_to_num(found.value).tolist(),
        variance=np.nan_to_num(found.variance).tolist(),
        level=level,
    )
    _, _, low, high = unpack(ends)
    unknown = np.isnan(found.value)
    found.low = np.where(unknown, NAN, np.maximum(low, 0.0))
    found.high = np.where(unknown, NAN, np.minimum(high, horizon))
    return horizon


def _hazards(study: Study, arm: _Arm) -> dict[str, tuple[Any, ...]]:
    heads = ("from", "to", "at_risk", "events", "censored", "hazard")
    rows = [
        (site, *(hazard[head] for head in heads))
        for site, found in zip(study.site_ids, arm.durations, strict=False)
        for hazard in found["hazards"]
    ]
    return {head: tuple(row[j] for row in rows) for j, head in enumerate(("site", *heads))} if rows else {}


def _effect(study: Study, effect: Effect, level: float) -> SiteOutcomes:
    people, _ = people_of(study)
    arms, _ = arm_of(people, effect.arm, effect.treated if effect.treated is not None else study.treated)
    values = outcome_values(people, effect.outcome)
    treated, horizon = _arm(study, effect.outcome, values, 1, level, None, arms)
    control, _ = _arm(study, effect.outcome, values, 0, level, horizon, arms)
    if isinstance(effect.outcome, Duration) and effect.outcome.horizon is None:
        # Both arms to the horizon that both reach.
        _, other = _arm(study, effect.outcome, values, 0, level, None, arms)
        horizon = min(x for x in (horizon, other) if x is not None)
        treated, _ = _arm(study, effect.outcome, values, 1, level, horizon, arms)
        control, _ = _arm(study, effect.outcome, values, 0, level, horizon, arms)
    status = [_effect_status(*pair) for pair in zip(treated.n, control.n, treated.value, control.value, strict=True)]
    usable = np.array([s == "ok" for s in status])
    if not usable.any():
        raise refuse(
            "no site has participants of both arms",
            at=f'arm "{effect.arm}"',
            got="; ".join(f"{site}: {s}" for site, s in list(zip(study.site_ids, status, strict=True))[:4]),
            allowed="at least one site with treated people and controls",
        )
    value, variance, low, high = _contrast(effect, treated, control, usable, level)
    worst, best = treated.worst - control.best, treated.best - control.worst
    if effect.measure != "risk difference":
        worst, best = np.full_like(value, NAN), np.full_like(value, NAN)
    return SiteOutcomes(
        outcome=effect,
        measure=effect.measure,
        confidence_level=level,
        sites=study.site_ids,
        n=treated.n.astype(np.int64),
        missing=treated.missing.astype(np.int64),
        total=treated.total,
        value=value,
        variance=variance,
        low=low,
        high=high,
        worst=np.where(usable, worst, NAN),
        best=np.where(usable, best, NAN),
        squares=treated.squares,
        status=tuple(status),
        control_n=control.n.astype(np.int64),
        control_missing=control.missing.astype(np.int64),
        treated_value=treated.value,
        control_value=control.value,
        horizon=horizon,
    )


def _effect_status(treated: float, control: float, first: float, second: float) -> str:
    if treated == 0 and control == 0:
        return "no participants"
    if treated == 0:
        return "no treated"
    if control == 0:
        return "no controls"
    return "follow-up too short" if math.isnan(first) or math.isnan(second) else "ok"


def _contrast(
    effect: Effect, treated: _Arm, control: _Arm, usable: NDArray[np.bool_], level: float
) -> tuple[Floats, Floats, Floats, Floats]:
    if effect.measure in ("risk difference", "log odds ratio"):
        both = {
            "k": [list(pair) for pair in zip(treated.total.tolist(), control.total.tolist(), strict=True)],
            "n": [[max(n, 1.0) for n in pair] for pair in zip(treated.n.tolist(), control.n.tolist(), strict=True)],
        }
        found = unpack(ask(effect.measure.replace(" ", "-"), **both, level=level))
    else:
        value, variance = treated.value - control.value, treated.variance + control.variance
        if isinstance(effect.outcome, Count):
            with np.errstate(divide="ignore", invalid="ignore"):
                value = np.log(treated.value) - np.log(control.value)
                variance = treated.variance / treated.value**2 + control.variance / control.value**2
        usable = usable & np.isfinite(value) & np.isfinite(variance)
        found = unpack(
            ask(
                "normal",
                value=np.where(usable, value, 0.0).tolist(),
                variance=np.where(usable, variance, 0.0).tolist(),
                level=level,
            )
        )
    value, variance, low, high = (np.where(usable, x, NAN) for x in found)
    return value, variance, low, high
