"""What every plan is: labels bound to data as units, strata and the law of the draws."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .errors import refuse

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
class Plan(abc.ABC):
    """Base of all plans."""

    unit: ClassVar[str] = "rows"

    def columns(self) -> list[str]:
        """Return the columns of a frame that the plan names."""
        values = (getattr(self, field.name) for field in dataclasses.fields(self))
        return [value for value in values if isinstance(value, str)]

    @abc.abstractmethod
    def bind(self, n: int, sample: NDArray[np.int64] | None, lookup: Lookup) -> BoundPlan:
        """Bind the plan to `n` rows; rows of independent samples stay in their samples."""


def numbered(labels: NDArray[Any]) -> tuple[NDArray[np.int64], list[Any]]:
    """Return a number per label in order of first appearance, and the labels in that order."""
    values, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[inverse.reshape(-1)], values[order].tolist()


def bound_plan(
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
