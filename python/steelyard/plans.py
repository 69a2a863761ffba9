"""Plans: what a unit of resampling is, and how units are drawn.

A plan holds the labels that define it; `sy.bootstrap` binds it to the data. Labels are arrays with one entry per
row, or the name of a column when the data are a frame.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .errors import refuse

__all__ = [
    "IID", "Balanced", "Bayesian", "Cluster", "Fractional", "Parametric", "Plan", "Residual", "Stratified", "Subsample",
    "TwoStage",
]  # fmt: skip

Labels: TypeAlias = Any
# From labels (an array or a column name) to one label per row, checked for length and missing entries.
Lookup: TypeAlias = Callable[[Labels, str], NDArray[Any]]


@dataclasses.dataclass(frozen=True)
class BoundPlan:
    """A plan bound to data, as the core takes it: internal.

    `units` has the unit of every row; `strata` the stratum of every unit, in order; `labels` what the units are called;
    `scale` what deviations of replicates from the estimate are multiplied by.
    """

    units: NDArray[np.int64]
    strata: NDArray[np.int64]
    options: dict[str, Any]
    labels: tuple[Any, ...]
    what: str
    has_sites: bool
    scale: float = 1.0

    @property
    def strata_sizes(self) -> list[int]:
        """Units per stratum."""
        return [int(n) for n in np.bincount(self.strata)]


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """Base of all plans."""

    unit: ClassVar[str] = "rows"

    def columns(self) -> list[str]:
        """Return the columns of a frame that the plan names."""
        values = (getattr(self, field.name) for field in dataclasses.fields(self))
        return [value for value in values if isinstance(value, str)]

    def bind(self, n: int, sample: NDArray[np.int64] | None, lookup: Lookup) -> BoundPlan:
        """Bind the plan to `n` rows; rows of independent samples stay in their samples."""
        raise NotImplementedError


def _numbered(labels: NDArray[Any]) -> tuple[NDArray[np.int64], list[Any]]:
    """Return a number per label in order of first appearance, and the labels in that order."""
    values, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[inverse.reshape(-1)], values[order].tolist()


def _bound(
    units: NDArray[np.int64],
    labels: list[Any],
    strata: NDArray[np.int64] | None,
    what: str,
    *,
    has_sites: bool,
    options: dict[str, Any] | None = None,
) -> BoundPlan:
    """Order units by stratum; a unit in two strata is refused."""
    n_units = len(labels)
    of_unit = np.zeros(n_units, dtype=np.int64)
    if strata is not None:
        of_unit[units] = strata
        torn = np.flatnonzero(of_unit[units] != strata)
        if torn.size:
            raise refuse(
                "site in more than one stratum",
                at=f"row {torn[0]}",
                got=repr(labels[units[torn[0]]]),
                allowed="each site in one stratum",
                remedy="Sites are drawn whole: give a site one stratum, or leave the strata out.",
            )
    order = np.argsort(of_unit, kind="stable")
    place = np.empty(n_units, dtype=np.int64)
    place[order] = np.arange(n_units)
    return BoundPlan(
        units=place[units],
        strata=of_unit[order],
        options=options or {},
        labels=tuple(labels[i] for i in order),
        what=what,
        has_sites=has_sites,
    )


@dataclasses.dataclass(frozen=True, eq=False)
class IID(Plan):
    """Rows are drawn one by one with replacement; of several samples, within each.

    Use it when rows are independent: sites that are rows, or participants who share nothing. Participants of the same
    site share it: then use `Cluster`.

    Examples
    --------
    >>> import steelyard as sy
    >>> sy.bootstrap([1.0, 2.0, 4.0, 9.0], "mean", plan=sy.plans.IID(), method="percentile").enumerated
    True
    """

    def bind(self, n: int, sample: NDArray[np.int64] | None, lookup: Lookup) -> BoundPlan:
        """Bind to `n` rows."""
        return _bound(np.arange(n), list(range(n)), sample, "rows, iid", has_sites=False)


@dataclasses.dataclass(frozen=True, eq=False)
class Stratified(Plan):
    """Rows are drawn with replacement within each stratum, as many as it has.

    Parameters
    ----------
    strata
        One label per row, or the name of a column.

    Examples
    --------
    >>> import numpy as np, steelyard as sy
    >>> plan = sy.plans.Stratified(["a", "a", "b", "b"])
    >>> result = sy.bootstrap(np.array([1.0, 3.0, 10.0, 10.0]), "mean", plan=plan, method="percentile")
    >>> result.n_resamples, float(result.standard_error)
    (9, 0.3535533905932738)
    """

    strata: Labels

    def bind(self, n: int, sample: NDArray[np.int64] | None, lookup: Lookup) -> BoundPlan:
        """Bind to `n` rows."""
        strata, names = _numbered(lookup(self.strata, "strata"))
        if sample is not None:
            strata, names = _numbered(strata * (int(sample.max()) + 1) + sample)
        return _bound(np.arange(n), list(range(n)), strata, f"rows within {len(names)} strata", has_sites=False)


@dataclasses.dataclass(frozen=True, eq=False)
class Cluster(Plan):
    """Whole sites are drawn with replacement, with all their rows; a site drawn twice counts as two.

    Parameters
    ----------
    sites
        One label per row, or the name of a column.
    strata
        Sites are drawn within strata: one label per row, or the name of a column.

    Examples
    --------
    >>> import numpy as np, steelyard as sy
    >>> y = np.array([1.0, 2.0, 2.0, 5.0, 4.0, 6.0])
    >>> result = sy.bootstrap(y, "mean", plan=sy.plans.Cluster(["a", "a", "b", "b", "c", "c"]))
    >>> result.method, result.n_units, result.n_resamples
    ('t', 3, 10)
    """

    sites: Labels
    strata: Labels = None

    unit: ClassVar[str] = "sites"

    def bind(self, n: int, sample: NDArray[np.int64] | None, lookup: Lookup) -> BoundPlan:
        """Bind to `n` rows."""
        units, labels = _numbered(lookup(self.sites, "sites"))
        if len(labels) < 2:
            raise refuse(
                "one site only",
                at="sites",
                got=repr(labels[0]) if labels else "none",
                allowed="at least 2 sites",
                remedy="The variation between sites cannot be learned from one of them.",
            )
        if self.strata is None:
            return _bound(units, labels, None, "sites", has_sites=True)
        strata, names = _numbered(lookup(self.strata, "strata"))
        what = f"sites within {len(names)} strata"
        bound = _bound(units, labels, strata, what, has_sites=True)
        for stratum, size in enumerate(bound.strata_sizes):
            if size < 2:
                raise refuse(
                    "one site in a stratum",
                    at=f"stratum {names[stratum]!r}",
                    got=repr(bound.labels[int(np.flatnonzero(bound.strata == stratum)[0])]),
                    allowed="at least 2 sites in each stratum",
                    remedy="Join strata, or leave them out.",
                )
        return bound


def _sites_or_rows(sites: Labels, n: int, sample: NDArray[np.int64] | None, lookup: Lookup) -> BoundPlan:
    return IID().bind(n, sample, lookup) if sites is None else Cluster(sites).bind(n, sample, lookup)


@dataclasses.dataclass(frozen=True, eq=False)
class TwoStage(Plan):
    """Sites are drawn with replacement, then rows within each drawn site, as many as it has.

    The second stage adds the variation within sites once more, so the standard error of a site mean is a little too
    large; prefer `Cluster` unless sites are few and large (Davison and Hinkley 1997, section 3.8).

    Parameters
    ----------
    sites
        One label per row, or the name of a column.

    Examples
    --------
    >>> import numpy as np, steelyard as sy
    >>> plan = sy.plans.TwoStage(np.repeat([1, 2, 3], 4))
    >>> sy.bootstrap(np.arange(12.0), "mean", plan=plan, rng=1, n_resamples=500).plan
    'sites, then rows within them'
    """

    sites: Labels

    unit: ClassVar[str] = "sites"

    def bind(self, n: int, sample: NDArray[np.int64] | None, lookup: Lookup) -> BoundPlan:
        """Bind to `n` rows."""
        bound = Cluster(self.sites).bind(n, sample, lookup)
        return dataclasses.replace(bound, options={"law": "two-stage"}, what="sites, then rows within them")


@dataclasses.dataclass(frozen=True, eq=False)
class Bayesian(Plan):
    """Every row, or every site, gets an exponential weight: the Bayesian bootstrap (Rubin 1981).

    No unit is ever left out, so statistics that fail when a level of a rare covariate is missing stay defined.

    Parameters
    ----------
    sites
        One label per row, or the name of a column; None: rows are weighted.

    References
    ----------
    Rubin, D. B. (1981). doi:10.1214/aos/1176345338.

    Examples
    --------
    >>> import steelyard as sy
    >>> sy.bootstrap([1.0, 2.0, 4.0, 9.0], "mean", plan=sy.plans.Bayesian(), rng=1, method="percentile").enumerated
    False
    """

    sites: Labels = None

    def bind(self, n: int, sample: NDArray[np.int64] | None, lookup: Lookup) -> BoundPlan:
        """Bind to `n` rows."""
        bound = _sites_or_rows(self.sites, n, sample, lookup)
        return dataclasses.replace(bound, options={"law": "exponential"}, what=f"{bound.what}, exponential weights")


@dataclasses.dataclass(frozen=True, eq=False)
class Fractional(Plan):
    """Every row, or every site, gets a weight drawn from a law of its own.

    Parameters
    ----------
    law
        `"exponential"` (as `Bayesian`) or `"poisson"` (counts with mean 1, so that totals vary).
    sites
        One label per row, or the name of a column; None: rows are weighted.

    References
    ----------
    Xu, L., et al. (2020). doi:10.1080/00031305.2020.1731599.

    Examples
    --------
    >>> import steelyard as sy
    >>> sy.plans.Fractional("poisson").law
    'poisson'
    """

    law: str
    sites: Labels = None

    def __post_init__(self) -> None:
        if self.law not in ("exponential", "poisson"):
            raise refuse("unknown law", at="law", got=repr(self.law), allowed="'exponential' or 'poisson'")

    def columns(self) -> list[str]:
        """Return the columns of a frame that the plan names."""
        return [self.sites] if isinstance(self.sites, str) else []

    def bind(self, n: int, sample: NDArray[np.int64] | None, lookup: Lookup) -> BoundPlan:
        """Bind to `n` rows."""
        bound = _sites_or_rows(self.sites, n, sample, lookup)
        return dataclasses.replace(bound, options={"law": self.law}, what=f"{bound.what}, {self.law} weights")


@dataclasses.dataclass(frozen=True, eq=False)
class Balanced(Plan):
    """As `IID` or `Cluster`, but every unit is drawn equally often over each block of 100 replicates.

    The bias of a mean is then exactly zero, and that of other statistics less noisy. Blocks are fixed, so that more
    replicates keep the first ones.

    Parameters
    ----------
    sites
        One label per row, or the name of a column; None: rows are drawn.

    References
    ----------
    Davison, A. C., Hinkley, D. V., and Schechtman, E. (1986). doi:10.1093/biomet/73.3.555.

    Examples
    --------
    >>> import numpy as np, steelyard as sy
    >>> result = sy.bootstrap(np.arange(30.0), "mean", plan=sy.plans.Balanced(), n_resamples=200, rng=1)
    >>> abs(result.bias) < 1e-12
    True
    """

    sites: Labels = None

    def bind(self, n: int, sample: NDArray[np.int64] | None, lookup: Lookup) -> BoundPlan:
        """Bind to `n` rows."""
        bound = _sites_or_rows(self.sites, n, sample, lookup)
        return dataclasses.replace(bound, options={"law": "balanced"}, what=f"{bound.what}, balanced")


@dataclasses.dataclass(frozen=True, eq=False)
class Subsample(Plan):
    """m out of n: `m` units are drawn with replacement, and deviations from the estimate shrunk by sqrt(m / n).

    For statistics on which the ordinary bootstrap fails, such as extremes, m must grow more slowly than n; for smooth
    ones it only costs precision.

    Parameters
    ----------
    m
        Units drawn per replicate.
    sites
        One label per row, or the name of a column; None: rows are drawn.

    References
    ----------
    Bickel, P. J., Goetze, F., and van Zwet, W. R. (1997). Statistica Sinica 7, 1-31.

    Examples
    --------
    >>> import numpy as np, steelyard as sy
    >>> x = np.random.default_rng(1).normal(size=100)
    >>> full, part = (sy.bootstrap(x, "mean", plan=p, rng=1) for p in (sy.plans.IID(), sy.plans.Subsample(30)))
    >>> bool(abs(part.standard_error / full.standard_error - 1) < 0.05)
    True
    """

    m: int
    sites: Labels = None

    def bind(self, n: int, sample: NDArray[np.int64] | None, lookup: Lookup) -> BoundPlan:
        """Bind to `n` rows."""
        bound = _sites_or_rows(self.sites, n, sample, lookup)
        units = len(bound.strata)
        if isinstance(self.m, bool) or not isinstance(self.m, (int, np.integer)) or not 1 <= self.m <= units:
            raise refuse("number of draws not allowed", at="m", got=repr(self.m), allowed=f"1 to {units}")
        if len(bound.strata_sizes) > 1:
            raise refuse("m out of n of several samples", at="plan", got=len(bound.strata_sizes), allowed="one sample")
        m = int(self.m)
        return dataclasses.replace(
            bound, options={"draws": [m]}, what=f"{bound.what}, {m} drawn", scale=float(np.sqrt(m / units))
        )


class _OfAFit(Plan):
    """Plans that draw outcomes from a fitted regression, not rows from data."""

    def bind(self, n: int, sample: NDArray[np.int64] | None, lookup: Lookup) -> BoundPlan:
        """Refuse: there is no fit in data."""
        raise refuse(
            "plan needs a fit",
            at="plan",
            got=type(self).__name__,
            allowed="sy.bootstrap(sy.regress(...), plan=...)",
            remedy="Fit the regression first and pass it in the place of the data.",
        )


@dataclasses.dataclass(frozen=True, eq=False)
class Parametric(_OfAFit):
    """Outcomes are drawn from a fitted regression: normal errors, or binomial counts at its probabilities.

    As good as the model: the errors' law, their equal variance and their independence are believed. Use it to see what
    the fit would do if the model were true, as for small counts; not to find out how sure one can be of the model.

    References
    ----------
    Davison, A. C., and Hinkley, D. V. (1997), sections 2.2 and 7.2. doi:10.1017/CBO9780511802843.

    Examples
    --------
    >>> import steelyard as sy
    >>> fit = sy.regress([[1], [2], [3], [5], [4], [3]], [2.0, 3.9, 4.2, 9.5, 8.3, 6.5], names=["fidelity"])
    >>> result = sy.bootstrap(fit, plan=sy.plans.Parametric(), n_resamples=999, rng=1)
    >>> result.terms, result.method
    (('(intercept)', 'fidelity'), 'studentized')
    """

    def what(self, family: str) -> str:
        """Say what is drawn."""
        return "rows, " + ("normal errors" if family == "gaussian" else "binomial counts") + " from the fit"


@dataclasses.dataclass(frozen=True, eq=False)
class Residual(_OfAFit):
    """Errors are drawn with replacement from the residuals of a least-squares fit, and added back to it.

    Columns stay as they are, so every replicate is estimable. The errors must be of one size: where they are not, draw
    rows (`IID`) or sites (`Cluster`), or use `fit.wild_test`.

    Parameters
    ----------
    residuals
        `"adjusted"` (default): each over the root of 1 - leverage, so that all have the variance of the errors, and
        centred; `"raw"`: as they are, centred, too small by a factor of root (1 - k/n) on average.

    References
    ----------
    Davison, A. C., and Hinkley, D. V. (1997), algorithm 6.1. doi:10.1017/CBO9780511802843.

    Examples
    --------
    >>> import steelyard as sy
    >>> fit = sy.regress([[1], [2], [3], [5], [4], [3]], [2.0, 3.9, 4.2, 9.5, 8.3, 6.5], names=["fidelity"])
    >>> sy.bootstrap(fit, plan=sy.plans.Residual(), n_resamples=999, rng=1).plan
    'rows, adjusted residuals added to the fit'
    """

    residuals: str = "adjusted"

    def __post_init__(self) -> None:
        if self.residuals not in ("adjusted", "raw"):
            raise refuse("unknown residuals", at="residuals", got=repr(self.residuals), allowed="'adjusted' or 'raw'")

    def columns(self) -> list[str]:
        """Return no columns: the plan names none."""
        return []

    def what(self, family: str) -> str:
        """Say what is drawn."""
        return f"rows, {self.residuals} residuals added to the fit"
