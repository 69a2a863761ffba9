"""Findings: quantitative results that can stand in a joint display, each with its interval, n, cuts and signal.

A finding is low, mid or high by closed cuts in its own unit, and **indeterminate** when its interval spans a cut. With
`population="these sites"` it is a census: it has no interval and its value decides.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import _core
from ._frames import columns_of, is_frame
from ._parts import plain
from ._result import serialisable
from .errors import refuse

__all__ = [
    "Cuts",
    "Distribution",
    "Finding",
    "Gap",
    "Interval",
    "SiteValue",
    "item_means",
    "of",  # noqa: F822 (made by __getattr__)
    "ordinal_mean",
    "survey",
]


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    if name == "of":
        from ._finding_results import of

        return of
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@serialisable
@dataclasses.dataclass(frozen=True)
class Interval:
    """A named interval."""

    low: float
    high: float
    level: float = 0.95
    method: str = "not named"


@serialisable
@dataclasses.dataclass(frozen=True)
class Cuts:
    """Closed cuts in a finding's own unit: at or below `low` is low, at or above `high` is high."""

    low: float | None = None
    high: float | None = None


@serialisable
@dataclasses.dataclass(frozen=True)
class SiteValue:
    """The value at one site."""

    site: str
    value: float


@serialisable
@dataclasses.dataclass(frozen=True)
class Distribution:
    """Answers to an ordinal question: levels from the lowest, answers at each, the middle level (or None), missing."""

    levels: tuple[str, ...]
    counts: tuple[int, ...]
    neutral: int | None = None
    missing: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", tuple(map(str, self.levels)))
        object.__setattr__(self, "counts", tuple(_whole(c, "distribution, counts") for c in self.counts))


@serialisable
@dataclasses.dataclass(frozen=True)
class Gap:
    """A difference between two groups of sites; `floor` is the smallest p-value that the design can reach."""

    value: float
    contrast: str
    pvalue: float | None = None
    floor: float | None = None


@serialisable
@dataclasses.dataclass(frozen=True)
class Finding:
    """A quantitative result for a joint display.

    Parameters
    ----------
    id, label
        Id that excerpts and themes refer to, and what displays print.
    value, unit
        The estimate and its unit (`"points"`, `"percent"`, ...).
    n, n_unit
        What it rests on: a finding without n is refused.
    interval
        An `Interval`, or `(low, high)` at 95 %.
    population
        `"these sites"` for a census, which has no interval.
    cuts
        `Cuts`, or `(low, high)`, in `unit`; either may be None.
    favourable
        `"high"`, `"low"` (a barrier) or `"neither"`.
    domain, construct
        What it belongs to.
    scale
        Smallest and largest possible value.
    by_site
        Values of sites: a mapping or `SiteValue` objects.
    count
        k of n, for a share.
    distribution
        `Distribution` of the answers to an ordinal question; the display draws it as a bar.
    gap, previous, importance
        A difference between groups of sites, the value at the review before, and how much it matters; for lenses.
    decimals
        Decimals to print.
    caveat, origin
        What a reader must know, and where the number comes from.

    Examples
    --------
    >>> import steelyard as sy
    >>> sy.Finding("rapid_search", "Rapid search", 3.67, n=6, population="these sites", cuts=(3, 4.5)).signal
    'mid'
    >>> sy.Finding("steps", "Specific steps", 79.0, "percent", n=76, interval=(68.6, 86.6), cuts=(25, 75)).signal
    'indeterminate'
    """

    id: str
    label: str
    value: float
    unit: str = "points"
    n: int = dataclasses.field(kw_only=True)
    n_unit: str = dataclasses.field(default="", kw_only=True)
    interval: Interval | None = dataclasses.field(default=None, kw_only=True)
    population: str | None = dataclasses.field(default=None, kw_only=True)
    cuts: Cuts = dataclasses.field(default_factory=Cuts, kw_only=True)
    favourable: str = dataclasses.field(default="high", kw_only=True)
    domain: str | None = dataclasses.field(default=None, kw_only=True)
    construct: str | None = dataclasses.field(default=None, kw_only=True)
    scale: tuple[float, float] | None = dataclasses.field(default=None, kw_only=True)
    by_site: tuple[SiteValue, ...] = dataclasses.field(default=(), kw_only=True)
    count: int | None = dataclasses.field(default=None, kw_only=True)
    distribution: Distribution | None = dataclasses.field(default=None, kw_only=True)
    gap: Gap | None = dataclasses.field(default=None, kw_only=True)
    previous: float | None = dataclasses.field(default=None, kw_only=True)
    importance: float | None = dataclasses.field(default=None, kw_only=True)
    decimals: int = dataclasses.field(default=2, kw_only=True)
    caveat: str | None = dataclasses.field(default=None, kw_only=True)
    origin: str | None = dataclasses.field(default=None, kw_only=True)

    def __repr__(self) -> str:
        ends = "" if self.interval is None else f" ({self.interval.low:.4g} to {self.interval.high:.4g})"
        return f'Finding("{self.id}": {self.value:.4g} {self.unit}{ends}, n {self.n}, {self.signal})'

    def __post_init__(self) -> None:
        place = f'finding "{self.id}"'
        for name in ("value", "previous", "importance"):
            number = getattr(self, name)
            if number is not None:
                object.__setattr__(self, name, _finite(number, f"{place}, {name}"))
        if isinstance(self.n, bool) or not isinstance(self.n, (int, np.integer)) or self.n < 1:
            raise refuse(
                "finding without an n",
                at=place,
                got=repr(self.n),
                allowed="the number of units it rests on, an int of 1 or more",
                remedy="Pass n=, and n_unit= to say what is counted.",
            )
        object.__setattr__(self, "n", int(self.n))
        if isinstance(self.interval, (tuple, list)):
            object.__setattr__(self, "interval", Interval(*map(float, self.interval)))
        if isinstance(self.cuts, (tuple, list)):
            object.__setattr__(self, "cuts", Cuts(*self.cuts))
        if isinstance(self.by_site, Mapping):
            values = tuple(SiteValue(str(s), _finite(v, f"{place}, site {s}")) for s, v in self.by_site.items())
            object.__setattr__(self, "by_site", values)
        if self.scale is not None:
            object.__setattr__(self, "scale", (float(self.scale[0]), float(self.scale[1])))
        object.__setattr__(self, "_signal", _core.finding_signal(json.dumps(plain(self))))

    @property
    def signal(self) -> str:
        """`low`, `mid`, `high`, `indeterminate`, or `no cut`, by its own cuts."""
        signal: str = self.__dict__["_signal"]
        return signal


def _finite(value: Any, place: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise refuse("not a number", at=place, got=repr(value)) from None
    if not math.isfinite(number):
        raise refuse("number that is not finite", at=place, got=value, remedy="Leave the finding out.")
    return number


def _matrix(scores: Any) -> tuple[np.ndarray[Any, Any], list[str], list[str], dict[str, str], dict[str, str]]:
    """Return site x item scores, sites, item ids, titles and subscales from a Study, a frame or an array."""
    if hasattr(scores, "score_matrix"):
        scale = scores.scale
        titles = {item.id: item.title for item in scale.items}
        domains = {item: part.title for part in scale.subscales for item in part.items}
        return scores.score_matrix, list(map(str, scores.site_ids)), list(scores.item_ids), titles, domains
    titles, domains = {}, {}
    frame = scores
    if is_frame(frame):
        columns = columns_of(frame)
        sites = [str(i + 1) for i in range(len(next(iter(columns.values()))))]
        for name in ("site", "center", "centre"):
            if name in columns:
                sites = [str(x) for x in columns.pop(name)]
        index = getattr(frame, "index", None)
        if index is not None and not hasattr(index, "start") and len(sites) == len(index):
            sites = [str(x) for x in index]
        return np.column_stack(list(columns.values())), sites, list(columns), titles, domains
    matrix = np.asarray(frame, dtype=float)
    if matrix.ndim != 2:
        raise refuse("scores of another shape", at="scores", got=str(matrix.shape), allowed="sites x items")
    sites = [str(i + 1) for i in range(matrix.shape[0])]
    return matrix, sites, [f"item_{j + 1}" for j in range(matrix.shape[1])], titles, domains


def item_means(
    scores: Any,
    *,
    cuts: tuple[float | None, float | None] = (3.0, 4.5),
    scale: tuple[float, float] = (1.0, 5.0),
    population: str | None = "these sites",
    labels: Mapping[str, str] | None = None,
    domains: Mapping[str, str] | None = None,
    importance: Mapping[str, float] | None = None,
    unit: str = "points",
    caveat: str | None = None,
) -> tuple[Finding, ...]:
    """Return the mean of each item over sites as findings.

    Parameters
    ----------
    scores
        A `Study`, a frame (one row per site, one column per item; a column `site` or the index names the sites), or an
        array sites x items.
    cuts
        Closed cuts; 3 is "no or poor implementation" in the study, 4.5 the usual "nearly everywhere full".
    scale
        Smallest and largest possible score.
    population
        `"these sites"`: a census, without interval. None: a t interval over sites is given.
    labels, domains, importance
        By item id; a `Study` brings its titles and subscales.
    unit, caveat
        Unit, and a caveat printed with each value.

    Examples
    --------
    >>> import steelyard as sy
    >>> found = sy.findings.item_means([[2, 5], [3, 5], [3, 5]], labels={"item_1": "Agency focus on work"})
    >>> found[0].label, round(found[0].value, 2), found[0].signal, found[1].signal
    ('Agency focus on work', 2.67, 'low', 'high')
    """
    matrix, sites, items, titles, subscales = _matrix(scores)
    labels = {**titles, **(labels or {})}
    domains = {**subscales, **(domains or {})}
    found = []
    for j, item in enumerate(items):
        values = [_finite(x, f"site {sites[i]}, item {item}") for i, x in enumerate(matrix[:, j])]
        found.append(
            Finding(
                item,
                labels.get(item, item.replace("_", " ")),
                math.fsum(values) / len(values),
                unit,
                n=len(values),
                n_unit="sites",
                population=population,
                interval=None if population is not None else _t_interval(values, f"item {item}"),
                cuts=Cuts(*cuts),
                domain=domains.get(item) or None,
                scale=scale,
                by_site=tuple(SiteValue(s, v) for s, v in zip(sites, values, strict=True)),
                importance=(importance or {}).get(item),
                caveat=caveat,
                origin="mean over sites",
            )
        )
    return tuple(found)


def _t_interval(values: Sequence[float], place: str, method: str = "t over sites") -> Interval:
    if len(values) < 2:
        raise refuse(
            "interval from one site", at=place, allowed="two sites or more", remedy='Pass population="these sites".'
        )
    mean = math.fsum(values) / len(values)
    spread = math.sqrt(math.fsum((x - mean) ** 2 for x in values) / (len(values) - 1) / len(values))
    half = _core.t_quantile(0.975, len(values) - 1.0) * spread
    return Interval(mean - half, mean + half, 0.95, method)


def survey(
    data: Any,
    *,
    id: str = "statement_id",
    label: str = "statement",
    percent: str = "yes_percent",
    count: str | None = None,
    n: str = "n",
    kind: str | None = "kind",
    cuts: tuple[float | None, float | None] = (25.0, 75.0),
    level: float = 0.95,
    n_unit: str = "respondents",
) -> tuple[Finding, ...]:
    """Return shares of a survey as findings with Wilson intervals.

    Parameters
    ----------
    data
        A frame, or a mapping of columns. Each row is one statement.
    id, label, percent, count, n, kind
        Names of its columns. Give `count` (k of n) where it is known; otherwise k is recovered from the printed
        percentage, and a percentage that no k of n gives is refused. `kind` marks `"barrier"`, which is favourable when
        low; None where there is no such column.
    cuts
        Closed cuts in percent: a quarter and three quarters unless said otherwise.
    level
        Of the intervals.
    n_unit
        What n counts.

    Examples
    --------
    >>> import steelyard as sy
    >>> rows = {"statement_id": ["a"], "statement": ["Available when needed"], "yes_percent": [92], "n": [77]}
    >>> found = sy.findings.survey(rows, kind=None)[0]
    >>> found.count, round(found.interval.low, 2), round(found.interval.high, 2), found.signal
    (71, 84.02, 96.38, 'high')
    """
    columns = columns_of(data)
    needed = [id, label, n] + [x for x in (kind, count or percent) if x]
    missing = [name for name in needed if name not in columns]
    if missing:
        raise refuse("column not found", at="data", got=", ".join(missing), allowed=", ".join(columns))
    found = []
    for i in range(len(columns[id])):
        place = f'row {i + 1} ("{columns[id][i]}")'
        size = _whole(columns[n][i], f"{place}, column {n}")
        k = _whole(columns[count][i], f"{place}, column {count}") if count else _k_of(columns[percent][i], size, place)
        if not 0 <= k <= size or size < 1:
            raise refuse("count out of range", at=place, got=f"{k} of {size}", allowed="0 to n, n of 1 or more")
        low, high = _core.wilson(k, size, level)
        is_barrier = kind is not None and str(columns[kind][i]) == "barrier"
        found.append(
            Finding(
                str(columns[id][i]),
                str(columns[label][i]),
                100 * k / size,
                "percent",
                n=size,
                n_unit=n_unit,
                interval=Interval(100 * low, 100 * high, level, "Wilson"),
                cuts=Cuts(*cuts),
                favourable="low" if is_barrier else "high",
                domain=f"survey, {columns[kind][i]}" if kind else "survey",
                scale=(0.0, 100.0),
                count=k,
                decimals=0,
            )
        )
    return tuple(found)


def _whole(value: Any, place: str) -> int:
    number = _finite(value, place)
    if number != int(number):
        raise refuse("count that is not whole", at=place, got=value)
    return int(number)


def _k_of(percent: Any, size: int, place: str) -> int:
    """Return the k whose percentage of n prints as given (halves either way); the nearest where several do."""
    printed = _finite(percent, place)
    if size < 1:
        raise refuse("finding without an n", at=place, got=size, allowed="1 or more")
    text = str(percent)
    digits = len(text.split(".")[1].rstrip("0")) if "." in text else 0
    k = round(printed * size / 100)
    if abs(100 * k / size - printed) > 0.5 * 10**-digits + 1e-9:
        raise refuse(
            "percentage that no count gives",
            at=place,
            got=f"{text} % of {size}",
            remedy="Correct the percentage or n, or pass count=.",
        )
    return k


def ordinal_mean(
    id: str,
    label: str,
    *,
    levels: Sequence[float],
    counts: Sequence[int],
    cuts: tuple[float | None, float | None] = (None, None),
    names: Sequence[str] | None = None,
    neutral: int | None = None,
    missing: int = 0,
    n_unit: str = "respondents",
    unit: str = "scale points",
    origin: str | None = None,
) -> Finding:
    """Return the mean of an ordinal question from the counts of its levels, with a t interval and its distribution.

    Parameters
    ----------
    id, label
        Id, and what displays print.
    levels, counts
        Values of the levels from the lowest, and answers at each.
    cuts
        Closed cuts in `unit`.
    names, neutral, missing
        Names of the levels, the position of the middle one (None: the question has none), and how many did not answer.
    n_unit, unit, origin
        What n counts, the unit, and where the numbers come from.

    Examples
    --------
    >>> import steelyard as sy
    >>> found = sy.findings.ordinal_mean("useful", "Usefulness", levels=[1, 2, 3, 4, 5], counts=[3, 3, 19, 23, 30])
    >>> found.n, round(found.value, 2)
    (78, 3.95)
    """
    weights = [_whole(c, f"{id}, level {lev}") for c, lev in zip(counts, levels, strict=True)]
    values = [_finite(lev, f"{id}, levels") for lev, c in zip(levels, weights, strict=True) for _ in range(c)]
    if any(w < 0 for w in weights) or not values:
        raise refuse("counts not allowed", at=f'finding "{id}"', got=weights, allowed="0 or more, not all 0")
    return Finding(
        id,
        label,
        math.fsum(values) / len(values),
        unit,
        n=len(values),
        n_unit=n_unit,
        interval=_t_interval(values, id, "t over respondents"),
        cuts=Cuts(*cuts),
        scale=(float(min(levels)), float(max(levels))),
        distribution=Distribution(tuple(names or (f"{x:g}" for x in levels)), tuple(weights), neutral, missing),
        domain="survey",
        origin=origin,
    )
