"""Schemes: rules that turn data, or experts, into one weight per item.

Each scheme is a frozen dataclass of its options. `scheme.fit(items, outcome)` returns a `SchemeFit` with
slopes, weights, a status and what the design can know; `steelyard.WeightingExperiment` judges schemes out of sample.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from . import _core
from ._rows import Rows, rows_of, vector_of
from ._scheme_fit import SchemeFit, fit_from
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
    "Lasso",
    "NonNegative",
    "Prior",
    "Ridge",
    "Scheme",
    "SchemeFit",
    "Shrink",
    "Simplex",
    "SubscaleEqual",
    "SubscaleOnly",
    "Unit",
]

_TUNINGS = ("leave-one-site-out", "gcv", "reml")


def _choice(name: str, value: object, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise refuse(f"{name} not known", at=name, got=repr(value), allowed=", ".join(map(repr, allowed)))


def _penalty(value: float | None) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)) or not value >= 0:
        raise refuse(
            "penalty not allowed",
            at="penalty",
            got=repr(value),
            allowed="0 or more (math.inf for the target alone), or None to tune it",
        )


def _listed(values: Any, what: str) -> tuple[float, ...]:
    flat = np.asarray(values)
    if flat.ndim != 1:
        raise refuse(f"{what} of the wrong shape", at=what, got=f"shape {flat.shape}", allowed="one number per item")
    return tuple(float(v) for v in vector_of(flat, what, len(flat)))


def _nested(values: Any, what: str) -> tuple[tuple[float | None, ...], ...]:
    try:
        return tuple(
            tuple(None if v is None or math.isnan(float(v)) else float(v) for v in row)
            for row in np.asarray(values).tolist()
        )
    except (TypeError, ValueError):
        raise refuse(f"{what} not understood", at=what, allowed="rows of numbers, all of one length") from None


def _plain(value: Any) -> Any:
    if isinstance(value, (float, np.floating)) and math.isinf(value):
        return "infinity"
    if isinstance(value, np.generic):
        return value.item()
    return value


@dataclasses.dataclass(frozen=True)
class Scheme:
    """Base of all schemes."""

    _tag: ClassVar[str] = ""
    _link: ClassVar[str] = "identity"

    @property
    def name(self) -> str:
        """How the scheme is called in tables."""
        return type(self).__name__

    def options(self) -> dict[str, Any]:
        """Return the scheme as plain data, as the core reads it."""
        fields = {
            f.name: _plain(getattr(self, f.name))
            for f in dataclasses.fields(self)
            if f.name not in ("tuning", "groups")
        }
        return {"scheme": self._tag, **fields}

    def fit(
        self,
        items: Any,
        outcome: Any,
        *,
        trials: Any = None,
        sites: Any = None,
        covariates: Any = None,
        site_weight: Any = "participants",
        prior: Any = None,
    ) -> SchemeFit:
        """Fit the scheme.

        Parameters
        ----------
        items
            A frame, an n x p array, or a Study.
        outcome
            One number per row: a number, 0/1, or with `trials` a count k or a rate.
        trials
            Participants per row; the outcome is then k of n.
        sites
            Site of each row; None: every row is a site.
        covariates
            Columns that are adjusted for and get no weight.
        site_weight
            "participants": every participant counts the same; "equal": every site does; or one number per row.
        prior
            Weights that items keep when they do not vary, and by which items that move together share; None: equal.

        Returns
        -------
        SchemeFit
            Frozen; never NaN: where nothing could be fitted, the status says why and the slopes are 0.

        Examples
        --------
        >>> import steelyard as sy
        >>> fit = sy.schemes.Unit().fit([[1, 2], [2, 4], [4, 5]], [1.0, 2.0, 4.0])
        >>> fit.weights.tolist(), fit.status
        ([1.0, 1.0], 'ok')
        """
        rows = rows_of(items, outcome, trials=trials, sites=sites, covariates=covariates, site_weight=site_weight)
        raw = self._fit_rows(rows, None if prior is None else _listed(prior, "prior"))
        return fit_from(raw, self.name, rows.names, rows.covariate_names, rows.outcome_kind, self._link)

    def _fit_rows(self, rows: Rows, prior: tuple[float, ...] | None) -> dict[str, Any]:
        request: dict[str, Any] = {"scheme": self.options(), "prior": prior, "groups": self._groups(rows.names)}
        tuning = getattr(self, "tuning", None)
        if tuning is not None:
            request["tuning"] = tuning
        outcome = rows.outcome if rows.trials is None else rows.outcome / rows.trials
        return _core.scheme_fit(json.dumps(request), rows.items, outcome, rows.weights, rows.sites, rows.covariates)

    def _groups(self, names: tuple[str, ...]) -> list[int] | None:
        groups = getattr(self, "groups", None)
        if groups is None:
            return None
        labels = list(dict.fromkeys(groups))
        return [labels.index(group) for group in groups]


def _check_points(points: str) -> None:
    _choice("points", points, ("raw", "standardised"))


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
        object.__setattr__(self, "weights", _listed(self.weights, "weights"))


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
        _choice("method", self.method, ("eigenvector", "log-least-squares"))
        object.__setattr__(self, "matrix", _nested(self.matrix, "matrix"))


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
        object.__setattr__(self, "best_to_others", _listed(self.best_to_others, "best_to_others"))
        object.__setattr__(self, "others_to_worst", _listed(self.others_to_worst, "others_to_worst"))


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
        _choice("mean", self.mean, ("arithmetic", "geometric"))
        object.__setattr__(self, "allocations", _nested(self.allocations, "allocations"))


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
        _penalty(self.penalty)
        _choice("tuning", self.tuning, _TUNINGS)


@dataclasses.dataclass(frozen=True)
class Ridge(_Tuned):
    """Ridge regression: RSS/(2W) + penalty/2 |slopes|^2, per scale point.

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
    """Regression shrunken to target weights, whose score is free: RSS/(2W) + penalty/2 |departure|^2.

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
            object.__setattr__(self, "target", _listed(self.target, "target"))


@dataclasses.dataclass(frozen=True)
class Lasso(_Tuned):
    """Lasso: RSS/(2W) + penalty |slopes|_1, solved to a duality gap of 1e-10 of the null objective.

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
    """Elastic net: RSS/(2W) + penalty (l1_ratio |slopes|_1 + (1 - l1_ratio)/2 |slopes|^2).

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
