"""What `agreement` returns: coefficients with their intervals, and what the ratings looked like."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple, Self

import numpy as np

from ._brief import brief
from ._frames import frame_like
from ._html import table
from ._result import Result, serialisable
from .errors import refuse

LABELS = {
    "percent-agreement": "Percent agreement",
    "cohen-kappa": "Cohen's kappa",
    "conger-kappa": "Conger's kappa",
    "fleiss-kappa": "Fleiss' kappa",
    "scott-pi": "Scott's pi",
    "brennan-prediger": "Brennan-Prediger",
    "gwet-ac1": "Gwet's AC1",
    "gwet-ac2": "Gwet's AC2",
    "krippendorff-alpha": "Krippendorff's alpha",
    "bangdiwala-b": "Bangdiwala's B",
}


class ConfidenceInterval(NamedTuple):
    """Two ends."""

    low: float
    high: float


@serialisable
@dataclasses.dataclass(frozen=True)
class AgreementEstimate:
    """One coefficient in one scope.

    `conf_low` and `conf_high` are the t interval of the linearised standard error; `bootstrap_low` and `bootstrap_high`
    come from resamples, None without them. `observed` and `expected` are agreement as seen and by chance.
    """

    code: str
    segments: str
    coefficient: str
    weights: str
    status: str
    estimate: float
    observed: float
    expected: float
    standard_error: float
    degrees_of_freedom: float
    conf_low: float
    conf_high: float
    benchmark: str | None = None
    benchmark_probability: float | None = None
    bootstrap_method: str | None = None
    bootstrap_low: float | None = None
    bootstrap_high: float | None = None
    bootstrap_standard_error: float | None = None
    bootstrap_bias: float | None = None
    monte_carlo_low: float | None = None
    monte_carlo_high: float | None = None
    undefined: float | None = None

    @classmethod
    def from_core(cls, told: dict[str, Any], *, code: str, segments: str) -> Self:
        """Read what the core wrote."""
        label, drawn = told["benchmark"] or {}, told["resampled"] or {}
        plain = ("coefficient", "weights", "status", "estimate", "observed", "expected", "standard_error")
        return cls(
            code=code,
            segments=segments,
            **{name: told[name] for name in plain},
            degrees_of_freedom=told["degrees_of_freedom"],
            conf_low=told["low"],
            conf_high=told["high"],
            benchmark=label.get("label"),
            benchmark_probability=label.get("probability"),
            bootstrap_method=drawn.get("method"),
            bootstrap_low=drawn.get("low"),
            bootstrap_high=drawn.get("high"),
            bootstrap_standard_error=drawn.get("standard_error"),
            bootstrap_bias=drawn.get("bias"),
            monte_carlo_low=drawn.get("monte_carlo_low"),
            monte_carlo_high=drawn.get("monte_carlo_high"),
            undefined=drawn.get("undefined"),
        )


@serialisable
@dataclasses.dataclass(frozen=True)
class AgreementScope:
    """What the ratings of one code (or of all, pooled) looked like.

    `shares` and `specific` have one number per category: its share of the ratings, and, among pairs of ratings of which
    one is in it, the share of which both are. `by_coder` holds the shares of each coder. `prevalence_index` and
    `bias_index` (Byrt 1993) exist for two coders and two categories.
    """

    code: str
    segments: str
    n_units: int
    n_pairable: int
    n_unrated: int
    n_clusters: int
    shares: tuple[float, ...]
    specific: tuple[float, ...]
    by_coder: tuple[tuple[float, ...], ...]
    prevalence_index: float | None
    bias_index: float | None
    n_resamples: int


@dataclasses.dataclass(frozen=True, repr=False)
class Agreement(Result):
    """Agreement between coders.

    Attributes
    ----------
    estimates : tuple of AgreementEstimate
        One per scope, choice of segments and coefficient.
    scopes : tuple of AgreementScope
        What the ratings looked like; code `""` where there are no codes, `"pooled"` for all codes together.
    bootstrap_distribution : ndarray, coefficients x resamples, or None
        Kept where there is one scope and at most 100,000 resamples; `probabilities` of its columns where every resample
        was visited.
    notes : tuple of str
        What a reader must know before quoting a number.
    """

    estimates: tuple[AgreementEstimate, ...]
    scopes: tuple[AgreementScope, ...]
    categories: tuple[Any, ...]
    coders: tuple[str, ...]
    level: str
    n_sources: int | None
    confidence_level: float
    n_resamples: int
    enumerated: bool
    method: str
    seed: int | None
    bootstrap_distribution: np.ndarray[Any, Any] | None
    probabilities: np.ndarray[Any, Any] | None
    data_hash: str
    notes: tuple[str, ...] = ()

    @property
    def estimate(self) -> float:
        """The first coefficient."""
        return self.estimates[0].estimate

    @property
    def standard_error(self) -> float:
        """Its standard error: by source where sources were given, else by unit."""
        return self.estimates[0].standard_error

    @property
    def confidence_interval(self) -> ConfidenceInterval:
        """Its t interval."""
        return ConfidenceInterval(self.estimates[0].conf_low, self.estimates[0].conf_high)

    @property
    def bootstrap_interval(self) -> ConfidenceInterval | None:
        """Its interval from resamples; None without them."""
        first = self.estimates[0]
        if first.bootstrap_low is None or first.bootstrap_high is None:
            return None
        return ConfidenceInterval(first.bootstrap_low, first.bootstrap_high)

    def of(self, coefficient: str, code: str | None = None, segments: str | None = None) -> AgreementEstimate:
        """Return one estimate, by coefficient, and by code and segments where there are several."""
        for estimate in self.estimates:
            same = estimate.coefficient == coefficient and code in (None, estimate.code)
            if same and segments in (None, estimate.segments):
                return estimate
        have = sorted({e.coefficient for e in self.estimates})
        got = ", ".join(str(x) for x in (coefficient, code, segments) if x is not None)
        raise refuse("no such estimate", got=got, allowed=", ".join(have))

    def tidy(self, like: Any = None) -> Any:
        """Return one row per estimate, as a frame in the library of `like`."""
        rows = self.estimates
        columns: dict[str, list[Any]] = {
            "code": [e.code for e in rows],
            "segments": [e.segments for e in rows],
            "term": [e.coefficient for e in rows],
            "weights": [e.weights for e in rows],
            "estimate": [e.estimate for e in rows],
            "std_error": [e.standard_error for e in rows],
            "conf_low": [e.conf_low for e in rows],
            "conf_high": [e.conf_high for e in rows],
            "observed": [e.observed for e in rows],
            "expected": [e.expected for e in rows],
            "bootstrap_low": [e.bootstrap_low for e in rows],
            "bootstrap_high": [e.bootstrap_high for e in rows],
            "benchmark": [e.benchmark for e in rows],
            "benchmark_probability": [e.benchmark_probability for e in rows],
            "status": [e.status for e in rows],
        }
        return frame_like(columns, like)

    def categories_table(self, like: Any = None) -> Any:
        """Return one row per scope and category: share, specific agreement and each coder's share."""
        rows = [(s, k) for s in self.scopes for k in range(len(self.categories))]
        columns: dict[str, list[Any]] = {
            "code": [s.code for s, _ in rows],
            "segments": [s.segments for s, _ in rows],
            "category": [self.categories[k] for _, k in rows],
            "share": [s.shares[k] for s, k in rows],
            "specific_agreement": [s.specific[k] for s, k in rows],
        }
        for g, coder in enumerate(self.coders):
            columns[f"share {coder}"] = [s.by_coder[g][k] for s, k in rows]
        return frame_like(columns, like)

    def plot(self, ax: Any = None, *, coefficient: str | None = None) -> Any:
        """Draw estimates with their intervals: one row per code for a coefficient, or per coefficient without codes.

        Intervals are those from resamples where there are any, else t; values below 0 are worse than chance.
        """
        from ._agreement_plot import dots

        return dots(self, ax, coefficient)

    def _headline(self) -> str:
        first = self.scopes[0]
        by = f", {self.n_sources} sources" if self.n_sources is not None else ""
        return f"Agreement of {len(self.coders)} coders on {first.n_units} units ({first.n_pairable} rated twice{by})"

    def _lines(self) -> list[tuple[str, ...]]:
        lines: list[tuple[str, ...]] = []
        for e in self.estimates:
            drawn = "" if e.bootstrap_low is None else f"{e.bootstrap_low:.3f} to {e.bootstrap_high:.3f}"
            label = "" if e.benchmark is None else f"{e.benchmark} (p {e.benchmark_probability:.3f})"
            value = f"{e.estimate:.4f}" if e.estimate == e.estimate else e.status
            scope = " ".join(x for x in (e.code, "" if e.segments == "all" else "(coded segments)") if x)
            name = LABELS[e.coefficient] + ("" if e.weights in ("identity", "") else f" ({e.weights})")
            t = f"{e.conf_low:.3f} to {e.conf_high:.3f}"
            lines.append((scope, name, value, f"{e.standard_error:.4f}", t, drawn, label))
        return lines

    def _columns(self) -> tuple[str, ...]:
        percent = f"{100 * self.confidence_level:g} %"
        return ("Code", "Coefficient", "Value", "SE", f"{percent}, t", f"{percent}, bootstrap", "Benchmark")

    def __repr__(self) -> str:
        lines = self._lines()
        columns = self._columns()
        used = [j for j in range(len(columns)) if any(line[j] for line in lines)]
        width = {j: max(len(columns[j]), *(len(line[j]) for line in lines)) for j in used}
        head, *body = ["  " + "  ".join(row[j].ljust(width[j]) for j in used).rstrip() for row in (columns, *lines)]
        return "\n".join([self._headline(), head, *brief(body), *(f"  note: {note}" for note in self.notes)])

    def _html(self) -> str:
        columns = self._columns()
        rows = [(" ".join(x for x in line[:2] if x), *line[2:]) for line in self._lines()]
        return table(self._headline(), ("Coefficient", *columns[2:]), rows, note="; ".join(self.notes))
