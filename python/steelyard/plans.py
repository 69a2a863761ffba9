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

__all__ = ["IID", "Cluster", "Plan", "Stratified"]

Labels: TypeAlias = Any
# From labels (an array or a column name) to one label per row, checked for length and missing entries.
Lookup: TypeAlias = Callable[[Labels, str], NDArray[Any]]


@dataclasses.dataclass(frozen=True)
class BoundPlan:
    """A plan bound to data, as the core takes it: internal.

    `units` has the unit of every row; `strata` the stratum of every unit, in order; `labels` what the units are called.
    """

    units: NDArray[np.int64]
    strata: NDArray[np.int64]
    options: dict[str, Any]
    labels: tuple[Any, ...]
    what: str
    has_sites: bool

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
