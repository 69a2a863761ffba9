"""Plans: what a unit of resampling is, and how units are drawn.

A plan holds the labels that define it; `sy.bootstrap` binds it to the data. Labels are arrays with one entry per
row, or the name of a column when the data are a frame.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ._plan_base import BoundPlan, Labels, Lookup, Plan, bound_plan, numbered
from ._plans_of_a_fit import Parametric, Residual
from .errors import refuse

__all__ = [
    "IID", "Balanced", "Bayesian", "Cluster", "Fractional", "Parametric", "Plan", "Residual", "Stratified", "Subsample",
    "TwoStage",
]  # fmt: skip


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
        return bound_plan(np.arange(n), list(range(n)), sample, "rows, iid", has_sites=False)


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
        strata, names = numbered(lookup(self.strata, "strata"))
        if sample is not None:
            strata, names = numbered(strata * (int(sample.max()) + 1) + sample)
        return bound_plan(np.arange(n), list(range(n)), strata, f"rows within {len(names)} strata", has_sites=False)


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
        units, labels = numbered(lookup(self.sites, "sites"))
        if len(labels) < 2:
            raise refuse(
                "one site only",
                at="sites",
                got=repr(labels[0]) if labels else "none",
                allowed="at least 2 sites",
                remedy="The variation between sites cannot be learned from one of them.",
            )
        if self.strata is None:
            return bound_plan(units, labels, None, "sites", has_sites=True)
        strata, names = numbered(lookup(self.strata, "strata"))
        what = f"sites within {len(names)} strata"
        bound = bound_plan(units, labels, strata, what, has_sites=True)
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


def __dir__() -> list[str]:
    return sorted(__all__)
