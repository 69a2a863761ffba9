"""What is known of weights: intervals and ranks of slopes, stability ranges, posteriors, whole-number weights."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._brief import brief
from ._frames import frame_like
from ._html import table
from ._result import Result

Floats = NDArray[np.float64]
_INTERVAL = (
    "estimate",
    "std_error",
    "statistic",
    "p_value",
    "conf_low",
    "conf_high",
    "simultaneous_low",
    "simultaneous_high",
    "adjusted_p_value",
)
ANY_VALUE = "any value fits"


@dataclasses.dataclass(frozen=True)
class SlopeInference(Result):
    """Intervals of slopes and of their contrasts to the mean slope; equal weights are contrasts of zero.

    Attributes
    ----------
    slopes, contrasts : dict
        Per item, a dict of `estimate, std_error, statistic, p_value, conf_low, conf_high, simultaneous_low,
        simultaneous_high, adjusted_p_value`, or None where any value fits. Contrasts are to the mean slope of the items
        that vary. Simultaneous intervals hold for all items at once (max-T).
    relative : dict
        Slope over the mean slope with Fieller's interval (estimate, low, high); None where the sum of slopes is not
        separable from zero, or any value fits.
    separable : bool
        Whether the sum of slopes is clear of zero; where not, `reason` says so and nothing is divided by it.
    ranks : dict
        Per item, `best, worst, simultaneous_best, simultaneous_worst` (1 is the largest slope), or None; from
        stepped-down tests of all ordered pairs.
    degrees_of_freedom : float or None
        Of t intervals; by CR2 the fewest of all combinations, each interval having its own; None: normal.
    method : str
        `t`, `CR2` or `normal`.
    critical : tuple of float
        Critical `|t|`: marginal, simultaneous over slopes, over contrasts; `critical_error` is the Monte Carlo standard
        error of the last two.
    """

    scheme: str
    names: tuple[str, ...]
    slopes: dict[str, dict[str, float] | None]
    contrasts: dict[str, dict[str, float] | None]
    relative: dict[str, tuple[float, float, float] | None]
    sum_of_slopes: tuple[float, float, float] | None
    separable: bool
    reason: str
    ranks: dict[str, dict[str, int] | None]
    degrees_of_freedom: float | None
    confidence_level: float
    critical: tuple[float, float, float]
    critical_error: tuple[float, float]
    n_draws: int
    seed: int
    method: str = "t"

    def tidy(self) -> Any:
        """Return two rows per item: its slope, and its contrast to the mean slope."""
        rows = [
            (name, kind, found) for kind in ("slope", "contrast") for name, found in getattr(self, f"{kind}s").items()
        ]
        columns: dict[str, Any] = {"term": [r[0] for r in rows], "kind": [r[1] for r in rows]}
        for key in _INTERVAL:
            columns[key] = [None if r[2] is None else r[2][key] for r in rows]
        columns["note"] = [ANY_VALUE if r[2] is None else "" for r in rows]
        return frame_like(columns, self._like)

    def __repr__(self) -> str:
        level = f"{100 * self.confidence_level:g} %"
        df = "normal" if self.degrees_of_freedom is None else f"t({self.degrees_of_freedom:g})"
        if self.method == "CR2":
            df = f"CR2 with t of {self.degrees_of_freedom:.1f} degrees of freedom or more"
        width = max(map(len, self.names))
        head = f"{self.scheme}: slopes less their mean, {level} intervals by {df}; all items at once in brackets"
        lines = []
        for name, found in self.contrasts.items():
            if found is None:
                lines.append(f"  {name:{width}}  {ANY_VALUE}")
                continue
            lines.append(
                f"  {name:{width}}  {found['estimate']: .4g} ({found['conf_low']:.4g} to {found['conf_high']:.4g})"
                f" [{found['simultaneous_low']:.4g} to {found['simultaneous_high']:.4g}]"
            )
        return "\n".join([head, *brief(lines), *([f"  {self.reason}"] if self.reason else [])])

    def _html(self) -> str:
        rows = [
            (name, ANY_VALUE, "", "")
            if found is None
            else (name, float(found["estimate"]), float(found["conf_low"]), float(found["conf_high"]))
            for name, found in self.contrasts.items()
        ]
        return table(
            f"{self.scheme}: slopes less their mean", ("item", "contrast", "low", "high"), rows, note=self.reason
        )


def inference_from(
    raw: dict[str, Any], scheme: str, names: tuple[str, ...], df: float | None, level: float, seed: int, method: str
) -> SlopeInference:
    """Build the public result from what the core returned."""

    def renamed(found: dict[str, float] | None) -> dict[str, float] | None:
        if found is None:
            return None
        swap = {"low": "conf_low", "high": "conf_high"}
        return {swap.get(key, key): value for key, value in found.items()}

    reason = ""
    if raw["sum"] is None:
        reason = "the design does not determine the sum of the slopes: weights have no intervals"
    elif not raw["separable"]:
        low, high = raw["sum"][1:]
        reason = (
            f"the sum of the slopes is not separable from zero ({low:.4g} to {high:.4g}): weights have no intervals"
        )
    return SlopeInference(
        scheme=scheme,
        names=names,
        slopes=dict(zip(names, map(renamed, raw["slopes"]), strict=True)),
        contrasts=dict(zip(names, map(renamed, raw["contrasts"]), strict=True)),
        relative={n: None if r is None else tuple(r) for n, r in zip(names, raw["relative"], strict=True)},
        sum_of_slopes=None if raw["sum"] is None else tuple(raw["sum"]),
        separable=raw["separable"],
        reason=reason,
        ranks=dict(zip(names, raw["ranks"], strict=True)),
        degrees_of_freedom=df,
        confidence_level=level,
        critical=tuple(raw["critical"]),
        critical_error=tuple(raw["critical_error"]),
        n_draws=raw["draws"],
        seed=seed,
        method=method,
    )


@dataclasses.dataclass(frozen=True)
class Stability(Result):
    """How much weights move when sites are left out or drawn anew: a range, not a confidence interval.

    Attributes
    ----------
    slopes, weights : ndarray
        Those of the fit to all sites.
    slopes_low, slopes_high, weights_low, weights_high : ndarray
        Ends of the ranges: of all refits (one site left out), or the middle 95 % of bootstrap draws.
    share_positive, share_selected : ndarray
        Shares of refits with a positive weight, and with one that is not zero.
    n_refits, n_without_weights : int
        Refits, and those among them that gave no weights (left out of the ranges).
    kind : str
        `leave-one-site-out` or `site bootstrap`.
    """

    scheme: str
    names: tuple[str, ...]
    slopes: Floats
    weights: Floats
    slopes_low: Floats
    slopes_high: Floats
    weights_low: Floats
    weights_high: Floats
    share_positive: Floats
    share_selected: Floats
    n_refits: int
    n_without_weights: int
    kind: str
    seed: int

    def tidy(self) -> Any:
        """Return one row per item; the range is named `stability_low/high`, since it is no confidence interval."""
        return frame_like(
            {
                "term": self.names,
                "estimate": self.weights,
                "stability_low": self.weights_low,
                "stability_high": self.weights_high,
                "slope": self.slopes,
                "slope_stability_low": self.slopes_low,
                "slope_stability_high": self.slopes_high,
                "share_positive": self.share_positive,
                "share_selected": self.share_selected,
            },
            self._like,
        )

    def __repr__(self) -> str:
        width = max(map(len, self.names))
        lines = [
            f"  {name:{width}}  {w:6.2f}  {low:6.2f} to {high:6.2f}"
            for name, w, low, high in zip(self.names, self.weights, self.weights_low, self.weights_high, strict=True)
        ]
        return "\n".join([self._caption(), *brief(lines)])

    def _caption(self) -> str:
        return f"{self.scheme}: range of weights over {self.n_refits} refits ({self.kind}); not a confidence interval"

    def _html(self) -> str:
        rows = list(zip(self.names, self.weights, self.weights_low, self.weights_high, strict=True))
        return table(self._caption(), ("item", "weight", "lowest", "highest"), rows, digits=2)


@dataclasses.dataclass(frozen=True)
class Posterior(Result):
    """Shrinkage to a target as a normal-normal Bayes model: intervals that hold at their level over the prior.

    Attributes
    ----------
    mean, low, high : ndarray
        Posterior mean and equal-tailed interval of each slope; zeros for items that do not vary.
    probability_positive : ndarray
        Posterior probability of a positive slope.
    departure, departure_low, departure_high : ndarray
        The same of what each slope departs from the target's multiple; 0 is the target.
    prior_worth_sites : float
        Posterior median of m: a prior worth m sites has m / (m + sites) of the say, and that share is uniform a priori.
    prior_share : float
        Posterior mean of that share.
    """

    names: tuple[str, ...]
    mean: Floats
    low: Floats
    high: Floats
    probability_positive: Floats
    departure: Floats
    departure_low: Floats
    departure_high: Floats
    prior_worth_sites: float
    prior_share: float
    degrees_of_freedom: float
    level: float

    def tidy(self) -> Any:
        """Return one row per item: the slope and its departure from the target, with posterior intervals."""
        return frame_like(
            {
                "term": self.names,
                "estimate": self.mean,
                "posterior_low": self.low,
                "posterior_high": self.high,
                "probability_positive": self.probability_positive,
                "departure": self.departure,
                "departure_low": self.departure_low,
                "departure_high": self.departure_high,
            },
            self._like,
        )

    def __repr__(self) -> str:
        width = max(map(len, self.names))
        lines = [
            f"  {name:{width}}  {mean: .4g} ({low:.4g} to {high:.4g})"
            for name, mean, low, high in zip(self.names, self.mean, self.low, self.high, strict=True)
        ]
        return "\n".join([self._caption(), *brief(lines)])

    def _caption(self) -> str:
        return f"Posterior of slopes toward a target worth {self.prior_worth_sites:.3g} sites, {100 * self.level:g} %"

    def _html(self) -> str:
        rows = list(zip(self.names, self.mean, self.low, self.high, strict=True))
        return table(self._caption(), ("item", "mean slope", "low", "high"), rows)


@dataclasses.dataclass(frozen=True)
class IntegerWeights(Result):
    """Whole-number weights for field use.

    Attributes
    ----------
    weights : ndarray of int
        Best rounding found, from 0 (or -largest, where a weight is negative) to largest.
    correlation : float
        Of the rounded with the weighted score, over the rows given.
    loss, loss_of_unit : float
        Share of the weighted score's variance that rounding loses, and that equal weights would lose.
    """

    names: tuple[str, ...]
    weights: NDArray[np.int64]
    correlation: float
    loss: float
    loss_of_unit: float
    largest: int

    def tidy(self) -> Any:
        """Return one row per item: term and whole weight."""
        return frame_like({"term": self.names, "weight": self.weights}, self._like)

    def __repr__(self) -> str:
        words = ", ".join(f"{name} {weight}" for name, weight in zip(self.names, self.weights, strict=True))
        return f"{self._caption()}: {words}"

    def _caption(self) -> str:
        return f"Whole weights (loss {self.loss:.3%}; equal weights would lose {self.loss_of_unit:.3%})"

    def _html(self) -> str:
        return table(self._caption(), ("item", "weight"), list(zip(self.names, self.weights, strict=True)))


@dataclasses.dataclass(frozen=True)
class SiteEffectTest(Result):
    """Whether sites differ beyond their items: parametric bootstrap of the likelihood ratio of a random intercept.

    Attributes
    ----------
    statistic, tau : float
        Likelihood ratio, and the estimated spread of the sites.
    pvalue, monte_carlo_error : float
        (1 + draws at least as large) / (1 + draws), and its Monte Carlo standard error.
    n_resamples, n_undefined : int
        Draws, and those without a finite fit (they count as at least as large).
    """

    statistic: float
    tau: float
    pvalue: float
    monte_carlo_error: float
    n_resamples: int
    n_undefined: int
    seed: int

    def tidy(self) -> Any:
        """Return one row: the spread of the sites with its test."""
        row: dict[str, Any] = {"term": ["site effect"], "estimate": [self.tau]}
        return frame_like({**row, "statistic": [self.statistic], "p_value": [self.pvalue]}, self._like)

    def __repr__(self) -> str:
        return (
            f"Site effect: spread {self.tau:.3g}, likelihood ratio {self.statistic:.3g}, p = {self.pvalue:.3g}"
            f" (Monte Carlo error {self.monte_carlo_error:.2g}, {self.n_resamples} draws)"
        )
