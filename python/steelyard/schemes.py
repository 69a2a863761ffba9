"""Schemes: rules that turn data, or experts, into one weight per item.

Each scheme is a frozen dataclass of its options. `scheme.fit(items, outcome)` returns a `SchemeFit` with
slopes, weights, a status and what the design can know; `steelyard.WeightingExperiment` judges schemes out of sample.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any, ClassVar

import numpy as np

from . import _core
from ._rows import rows_of
from ._scheme_base import TUNINGS, Scheme, check_penalty, choice, linear, listed, nested
from ._scheme_fit import SchemeFit
from ._scheme_inference import IntegerWeights, Posterior, SiteEffectTest, SlopeInference, Stability
from ._schemes_logit import Firth, LogF, Logistic, RandomIntercept
from .errors import refuse

__all__ = [
    "AHP",
    "OLS",
    "PCA",
    "PLS",
    "BestWorst",
    "Budget",
    "Correlation",
    "ElasticNet",
    "Firth",
    "IntegerWeights",
    "Lasso",
    "LogF",
    "Logistic",
    "NonNegative",
    "Posterior",
    "Prior",
    "RandomIntercept",
    "Ridge",
    "Scheme",
    "SchemeFit",
    "Shrink",
    "Simplex",
    "SiteEffectTest",
    "SlopeInference",
    "Stability",
    "SubscaleEqual",
    "SubscaleOnly",
    "Unit",
]


def __dir__() -> list[str]:
    return sorted(__all__)


def _check_points(points: str) -> None:
    choice("points", points, ("raw", "standardised"))


@dataclasses.dataclass(frozen=True)
class Unit(Scheme):
    """Equal weights: the plain total, or the total of standardised items.

    Parameters
    ----------
    points
        "raw": points as scored; "standardised": divided by the standard deviation of the rows at hand.

    References
    ----------
    Dawes (1979), American Psychologist 34, 571, doi:10.1037/0003-066X.34.7.571.
    """

    points: str = "raw"
    _tag: ClassVar[str] = "unit"

    def __post_init__(self) -> None:
        _check_points(self.points)


@dataclasses.dataclass(frozen=True)
class Prior(Scheme):
    """Weights that are given, from experts or the literature; only the slope of their score is fitted.

    Parameters
    ----------
    weights
        One number per item, none negative.
    """

    weights: Any
    _tag: ClassVar[str] = "prior"

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", listed(self.weights, "weights"))


@dataclasses.dataclass(frozen=True)
class _Grouped(Scheme):
    groups: Any = None

    def __post_init__(self) -> None:
        if self.groups is not None:
            object.__setattr__(self, "groups", tuple(str(g) for g in self.groups))


@dataclasses.dataclass(frozen=True)
class SubscaleEqual(_Grouped):
    """Every subscale counts the same, whatever its number of items.

    Parameters
    ----------
    groups
        The subscale of each item, in the order of the columns.
    """

    _tag: ClassVar[str] = "subscale-equal"


@dataclasses.dataclass(frozen=True)
class SubscaleOnly(_Grouped):
    """Least squares on subscale sums: one slope per subscale, which a few dozen sites can carry.

    Parameters
    ----------
    groups
        The subscale of each item, in the order of the columns.
    """

    _tag: ClassVar[str] = "subscale-only"


@dataclasses.dataclass(frozen=True)
class AHP(Scheme):
    """Weights from pairwise judgements (analytic hierarchy process).

    Parameters
    ----------
    matrix
        p x p: entry (i, j) says how many times as important item i is as item j; None or NaN where nobody judged.
    method
        "eigenvector" or "log-least-squares".

    References
    ----------
    Saaty (1980); Crawford and Williams (1985), doi:10.1016/0022-2496(85)90002-1; Harker (1987).
    """

    matrix: Any
    method: str = "eigenvector"
    _tag: ClassVar[str] = "ahp"

    def __post_init__(self) -> None:
        choice("method", self.method, ("eigenvector", "log-least-squares"))
        object.__setattr__(self, "matrix", nested(self.matrix, "matrix"))


@dataclasses.dataclass(frozen=True)
class BestWorst(Scheme):
    """Weights from two vectors of judgements (linear best-worst method).

    Parameters
    ----------
    best_to_others
        How many times as important the best item is as each; 1 for itself.
    others_to_worst
        How many times as important each item is as the worst; 1 for the worst.

    References
    ----------
    Rezaei (2016), Omega 64, 126, doi:10.1016/j.omega.2015.12.001.
    """

    best_to_others: Any
    others_to_worst: Any
    _tag: ClassVar[str] = "best-worst"

    def __post_init__(self) -> None:
        object.__setattr__(self, "best_to_others", listed(self.best_to_others, "best_to_others"))
        object.__setattr__(self, "others_to_worst", listed(self.others_to_worst, "others_to_worst"))


@dataclasses.dataclass(frozen=True)
class Budget(Scheme):
    """Weights from points that raters spread over the items.

    Parameters
    ----------
    allocations
        Raters x items, none negative.
    mean
        "arithmetic", or "geometric" (the centre of the compositions; no zeros).
    """

    allocations: Any
    mean: str = "arithmetic"
    _tag: ClassVar[str] = "budget"

    def __post_init__(self) -> None:
        choice("mean", self.mean, ("arithmetic", "geometric"))
        object.__setattr__(self, "allocations", nested(self.allocations, "allocations"))


@dataclasses.dataclass(frozen=True)
class PCA(Scheme):
    """The first principal component of the items, its sign following the total. It never sees the outcome.

    Parameters
    ----------
    points
        "standardised" (correlation matrix) or "raw" (covariance matrix).
    """

    points: str = "standardised"
    _tag: ClassVar[str] = "pca"

    def __post_init__(self) -> None:
        _check_points(self.points)


@dataclasses.dataclass(frozen=True)
class Correlation(Scheme):
    """Each item weighs what it correlates with the outcome.

    Parameters
    ----------
    non_negative
        Negative correlations count as zero.
    empirical_bayes
        Correlations are first shrunken to their mean by what sampling error explains of their spread.
    points
        What the weights apply to: "standardised" items, as in the source, or "raw" points.

    References
    ----------
    Dana and Dawes (2004), Journal of Educational and Behavioral Statistics 29, 317, doi:10.3102/10769986029003317.
    """

    non_negative: bool = False
    empirical_bayes: bool = False
    points: str = "standardised"
    _tag: ClassVar[str] = "correlation"

    def __post_init__(self) -> None:
        _check_points(self.points)


@dataclasses.dataclass(frozen=True)
class OLS(Scheme):
    """Least squares; weighted by `site_weight`. With fewer sites than items it interpolates, and says so."""

    _tag: ClassVar[str] = "ols"


@dataclasses.dataclass(frozen=True)
class _Tuned(Scheme):
    penalty: float | None = None
    tuning: str = "leave-one-site-out"

    def __post_init__(self) -> None:
        check_penalty(self.penalty)
        choice("tuning", self.tuning, TUNINGS)


@dataclasses.dataclass(frozen=True)
class Ridge(_Tuned):
    """Ridge regression: RSS/(2W) + penalty/2 times the sum of squared slopes, per scale point.

    Parameters
    ----------
    penalty
        0 or more; None: tuned.
    tuning
        "leave-one-site-out", "gcv" or "reml".

    References
    ----------
    Hoerl and Kennard (1970), Technometrics 12, 55, doi:10.1080/00401706.1970.10488634.
    """

    _tag: ClassVar[str] = "ridge"


@dataclasses.dataclass(frozen=True)
class Shrink(_Tuned):
    """Regression shrunken to target weights, whose score is free: RSS/(2W) + penalty/2 times squared departures.

    Parameters
    ----------
    penalty
        0 (least squares) to `math.inf` (the target's own score); None: tuned.
    tuning
        "leave-one-site-out", "gcv" or "reml".
    target
        One weight per item, none negative; None: equal weights. The fit reports what the target was worth in sites.
    """

    target: Any = None
    _tag: ClassVar[str] = "shrink"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.target is not None:
            object.__setattr__(self, "target", listed(self.target, "target"))

    def posterior(
        self,
        items: Any,
        outcome: Any,
        *,
        trials: Any = None,
        sites: Any = None,
        covariates: Any = None,
        site_weight: Any = "participants",
        level: float = 0.95,
    ) -> Posterior:
        """Return the same shrinkage as a normal-normal Bayes model, with intervals that hold over its prior.

        The penalty is not chosen but averaged over: a prior worth m sites has m / (m + sites) of the say, and that
        share is uniform a priori. `penalty` and `tuning` of the scheme play no part.

        Parameters
        ----------
        items, outcome, trials, sites, covariates, site_weight
            As in `fit`; items and covariates must be the same in all rows of a site.
        level
            Level of the equal-tailed intervals.

        References
        ----------
        Daniels (1999), Canadian Journal of Statistics 27, 567, doi:10.2307/3316112, for the uniform shrinkage prior.
        """
        if not 0 < level < 1:
            raise refuse("level not allowed", at="level", got=repr(level), allowed="between 0 and 1")
        rows = rows_of(items, outcome, trials=trials, sites=sites, covariates=covariates, site_weight=site_weight)
        request = json.dumps({**self._request(rows, None), "scheme": {**self.options(), "penalty": 1.0}})
        raw = _core.shrink_posterior(request, level, linear(rows))
        if raw is None:
            raise refuse("target's score does not vary between sites", remedy="There is no slope to shrink to.")
        arrays = ("mean", "low", "high", "departure", "departure_low", "departure_high")
        return Posterior(
            names=rows.names,
            **{key: np.array(raw[key]) for key in arrays},
            probability_positive=np.array(raw["positive"]),
            prior_worth_sites=raw["prior_worth_sites"],
            prior_share=raw["prior_share"],
            degrees_of_freedom=raw["df"],
            level=level,
        )


@dataclasses.dataclass(frozen=True)
class Lasso(_Tuned):
    """Lasso: RSS/(2W) + penalty times absolute slopes, solved to a duality gap of 1e-10 of the null objective.

    Parameters
    ----------
    penalty
        0 or more; None: tuned by leave-one-site-out.
    points
        "raw", or "standardised" items.

    References
    ----------
    Tibshirani (1996), doi:10.1111/j.2517-6161.1996.tb02080.x.
    """

    points: str = "raw"
    _tag: ClassVar[str] = "lasso"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_points(self.points)


@dataclasses.dataclass(frozen=True)
class ElasticNet(Lasso):
    """Elastic net: RSS/(2W) + penalty (l1_ratio absolute + (1 - l1_ratio)/2 squared slopes).

    Parameters
    ----------
    penalty
        0 or more; None: tuned by leave-one-site-out.
    points
        "raw", or "standardised" items.
    l1_ratio
        Above 0, at most 1.
    """

    l1_ratio: float = 0.5
    _tag: ClassVar[str] = "elastic-net"


@dataclasses.dataclass(frozen=True)
class NonNegative(Scheme):
    """Least squares with no negative slope (Lawson and Hanson 1974)."""

    _tag: ClassVar[str] = "non-negative"


@dataclasses.dataclass(frozen=True)
class Simplex(Scheme):
    """Least squares over weights that share a whole.

    Parameters
    ----------
    floor
        Smallest weight, as a share of the mean weight, 0 to below 1.
    total
        None: the slope of the score is free (weights are those of non-negative least squares). A number: the slopes
        themselves sum to it, a different estimand.
    """

    floor: float = 0.0
    total: float | None = None
    _tag: ClassVar[str] = "simplex"

    def options(self) -> dict[str, Any]:
        """Return the scheme as plain data, as the core reads it."""
        slope = "free" if self.total is None else {"total": float(self.total)}
        return {"scheme": self._tag, "floor": float(self.floor), "slope": slope}


@dataclasses.dataclass(frozen=True)
class PLS(Scheme):
    """Partial least squares with one outcome.

    Parameters
    ----------
    components
        1 or more; at most the rank is used.
    points
        "standardised" (one component is then the correlation weights) or "raw".

    References
    ----------
    Helland (1988), doi:10.1080/03610918808812681.
    """

    components: int = 1
    points: str = "standardised"
    _tag: ClassVar[str] = "pls"

    def __post_init__(self) -> None:
        _check_points(self.points)
        if isinstance(self.components, bool) or not isinstance(self.components, int) or self.components < 1:
            raise refuse("components not allowed", at="components", got=repr(self.components), allowed="an int from 1")
