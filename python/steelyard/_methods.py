"""Do the methods agree? One coefficient by every method that claims to be right with few sites."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ._frames import frame_like
from ._html import table
from ._intervals import ends_text
from ._random import RNG, seed_of
from ._result import Result, serialisable
from .errors import InputError, refuse

if TYPE_CHECKING:
    from ._regression import Regression


@serialisable
@dataclasses.dataclass(frozen=True)
class MethodRow:
    """What one method says of a coefficient.

    Attributes
    ----------
    method, what : str
        Its short name; what it is.
    std_error, statistic, p_value : float or None
        None where the method has none.
    pieces : list of (float, float)
        The confidence set: one interval, several, or none.
    reason : str or None
        Why there is no set, or what to know of it.
    """

    method: str
    what: str
    std_error: float | None
    statistic: float | None
    p_value: float | None
    pieces: list[tuple[float, float]]
    reason: str | None = None

    @property
    def excludes_zero(self) -> bool | None:
        """Whether 0 is outside the set; None where there is no set."""
        if not self.pieces:
            return None
        return not any(low <= 0 <= high for low, high in self.pieces)


@dataclasses.dataclass(frozen=True)
class MethodComparison(Result):
    """One coefficient by several methods.

    Attributes
    ----------
    term : str
    estimate : float
    rows : tuple of MethodRow
        CR2, the jackknife t (CV3; of a logistic regression also without refits, CV3L), CR1S for contrast, the wild
        cluster tests C and S, and BCa over whole sites.
    """

    term: str
    estimate: float
    confidence_level: float
    rows: tuple[MethodRow, ...]
    sites: int
    family: str
    seed: int
    data: str

    @property
    def agree(self) -> bool:
        """Whether all sets exclude 0, or none does. CR1S, which is there for contrast, has no say."""
        said = [row.excludes_zero for row in self.rows if row.method != "CR1S"]
        return len(set(said)) == 1 and said[0] is not None

    def tidy(self) -> Any:
        """Return one row per method: term, method, estimate, std_error, statistic, p_value, conf_low, conf_high.

        Of a set of several pieces the outer ends; of an empty one, or none, missing values.
        """
        missing = float("nan")

        def column(name: str) -> list[float]:
            return [missing if (x := getattr(row, name)) is None else x for row in self.rows]

        columns: dict[str, list[Any]] = {
            "term": [self.term] * len(self.rows),
            "method": [row.method for row in self.rows],
            "estimate": [self.estimate] * len(self.rows),
            "std_error": column("std_error"),
            "statistic": column("statistic"),
            "p_value": column("p_value"),
            "conf_low": [row.pieces[0][0] if row.pieces else missing for row in self.rows],
            "conf_high": [row.pieces[-1][1] if row.pieces else missing for row in self.rows],
        }
        return frame_like(columns, self._like)

    def _verdict(self) -> str:
        if self.agree:
            side = "exclude" if self.rows[0].excludes_zero else "include"
            return f"The methods agree: all {self.confidence_level:.0%} sets {side} 0."
        sides: dict[str, list[str]] = {"exclude 0": [], "include 0": [], "give no set": []}
        for row in self.rows:
            if row.method != "CR1S":
                said = row.excludes_zero
                sides["give no set" if said is None else "exclude 0" if said else "include 0"].append(row.method)
        parts = [f"{', '.join(names)} {side}" for side, names in sides.items() if names]
        return f"The methods disagree: {'; '.join(parts)}. Quote them all."

    def _sets(self, row: MethodRow) -> str:
        return " and ".join(ends_text(low, high) for low, high in row.pieces) or (row.reason or "empty")

    def __repr__(self) -> str:
        lines = [f"{self.term} = {self.estimate:.4g}, {self.sites} sites. {self._verdict()}"]
        width = max(len(row.method) for row in self.rows)
        for row in self.rows:
            error = "        –" if row.std_error is None else f"{row.std_error:9.3g}"
            p = "    –" if row.p_value is None else f"{row.p_value:5.3f}"
            lines.append(f"  {row.method:{width}}  se {error}  p {p}  {self._sets(row)}")
        return "\n".join(lines)

    def _html(self) -> str:
        rows = [(row.method, row.what, row.std_error, row.statistic, row.p_value, self._sets(row)) for row in self.rows]
        head = ("method", "what it is", "standard error", "t", "p", f"{self.confidence_level:.0%} set")
        caption = f"{self.term} = {self.estimate:.4g} by {len(rows)} methods, {self.sites} sites"
        return table(caption, head, rows, digits=4, note=self._verdict())


_KINDS = {
    "CR2": "bias-reduced linearization, Satterthwaite",
    "CV3": "jackknife by site, t(G - 1)",
    "CV3L": "jackknife by site without refits, t(G - 1)",
    "CR1S": "sandwich, t(G - 1): too small with few sites, for contrast",
}


def methods(
    fit: Regression,
    place: int,
    fitted: Callable[[str], dict[str, Any]],
    *,
    n_resamples: int,
    rng: RNG,
    threads: int | None,
    progress: Any,
) -> MethodComparison:
    """Carry `Regression.compare` out; `fitted(kind)` is the fit with another covariance."""
    if not fit.sites:
        raise refuse("sites missing", allowed="a fit with sites=", remedy="Methods differ where rows share a site.")
    seed = seed_of(rng)
    rows = []
    for kind in ("CR2", "CV3", *(("CV3L",) if fit.family == "binomial" else ()), "CR1S"):
        try:
            raw = fitted(kind)
        except InputError as refused:
            # A jackknife that needs the very site that is left out is an answer too.
            rows.append(MethodRow(kind, _KINDS[kind], None, None, None, [], str(refused)))
            continue
        error, t, p, low, high = (
            float(raw[name][place]) for name in ("standard_errors", "statistics", "pvalues", "low", "high")
        )
        rows.append(MethodRow(kind, _KINDS[kind], error, t, p, [(low, high)]))
    for variant in ("C", "S"):
        rows.append(_wild(fit, place, variant, n_resamples, seed, threads, progress))
    rows.append(_bca(fit, place, n_resamples, seed, threads, progress))
    return MethodComparison(
        term=fit.names[place],
        estimate=float(fit.coefficients[place]),
        confidence_level=fit.confidence_level,
        rows=tuple(rows),
        sites=len(fit.sites),
        family=fit.family,
        seed=seed,
        data=fit.data,
    )


def _wild(
    fit: Regression, place: int, variant: str, n_resamples: int, seed: int, threads: int | None, progress: Any
) -> MethodRow:
    options: dict[str, Any] = {"n_resamples": n_resamples, "rng": seed, "threads": threads, "progress": progress}
    try:
        test = fit.wild_test(place, variant=variant, confidence_level=fit.confidence_level, **options)
    except InputError as refused:
        name = f"WC{'L' if fit.family == 'binomial' else ''}R-{variant}"
        return MethodRow(name, "wild cluster bootstrap", None, None, None, [], str(refused))
    what = f"wild cluster bootstrap, {test.law}, {'enumerated' if test.enumerated else f'{test.draws:,} draws'}"
    pieces = list(test.confidence_set or [])
    return MethodRow(test.method, what, test.standard_error, test.statistic, test.pvalue, pieces)


def _bca(fit: Regression, place: int, n_resamples: int, seed: int, threads: int | None, progress: Any) -> MethodRow:
    result = fit.bootstrap(
        method="BCa",
        n_resamples=n_resamples,
        confidence_level=fit.confidence_level,
        rng=seed,
        threads=threads,
        progress=progress,
    )
    interval = result.confidence_interval
    number = "all" if result.enumerated else f"{result.n_resamples:,}"
    what = f"bootstrap over whole sites, {number} resamples"
    ends = (float(interval.low[place]), float(interval.high[place]))
    refused = not all(map(math.isfinite, ends))
    error = float(result.standard_error[place])
    pieces = [] if refused else [ends]
    return MethodRow("BCa", what, error if np.isfinite(error) else None, None, None, pieces, interval.reason)
