"""What a planner of sample size takes from a study: how items are distributed, sizes of sites, what is compared."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._experiment_data import Contestants, ContestRows
from ._result import serialisable
from .errors import refuse

Floats = NDArray[np.float64]

# Sites' worth of the pooled distribution that every item's own is smoothed by: an item that never varied at a few sites
# is not constant everywhere.
_PRIOR_SITES = 2.0
_MOST_LEVELS = 40
_HIGHEST_R = 0.6


@serialisable
@dataclasses.dataclass(frozen=True)
class PlanningBasis:
    """What is taken from the study.

    Attributes
    ----------
    levels, shares : tuple of tuple of float
        Per item: the scores that it can take, and their probabilities, smoothed by two sites' worth of the pooled ones.
    inter_item_r : float
        Mean Pearson correlation between items that vary, between 0 and .6.
    sizes : tuple of int
        Participants per site; empty where the outcome is a number of the site.
    rule : str
        What counts as shown.
    """

    names: tuple[str, ...]
    levels: tuple[tuple[float, ...], ...]
    shares: tuple[tuple[float, ...], ...]
    inter_item_r: float
    sizes: tuple[int, ...]
    counted: bool
    mean: float
    by_participants: bool
    schemes: str
    validation: str
    reference: int
    primary: int | None
    rule: str
    smallest_gain: float
    confidence_level: float


def planning_basis(
    data: ContestRows, schemes: Contestants, request: dict[str, Any], smallest_gain: float, confidence_level: float
) -> PlanningBasis | None:
    """Return the basis, or None where the items are not scores with levels."""
    items = data.items[np.unique(data.codes, return_index=True)[1]]
    levels = _levels(data, items)
    if levels is None:
        return None
    primary = None if schemes.primary is None else schemes.names.index(schemes.primary)
    counted = data.outcome_kind != "numbers"
    reference = schemes.names[schemes.reference]
    judged = schemes.primary or f"the best of {len(schemes.names) - 1} schemes, p adjusted"
    return PlanningBasis(
        names=data.names,
        levels=levels,
        shares=_shares(items, levels),
        inter_item_r=_mean_r(items),
        sizes=_sizes(data),
        counted=counted,
        mean=float(np.clip(np.average(data.response, weights=data.trials), 0.02, 0.98)) if counted else 0.0,
        by_participants=data.site_weight == "participants",
        schemes=json.dumps(request["schemes"]),
        validation=json.dumps(request["validation"]),
        reference=schemes.reference,
        primary=primary,
        rule=f"{judged}, against {reference}",
        smallest_gain=smallest_gain,
        confidence_level=confidence_level,
    )


def needed_basis(basis: PlanningBasis | None) -> PlanningBasis:
    """Return the basis, or refuse."""
    if basis is None:
        raise refuse(
            "items without levels cannot be simulated",
            at="items",
            allowed=f"scores with at most {_MOST_LEVELS} different values",
            remedy="Give a scale, or score the items.",
        )
    return basis


def _levels(data: ContestRows, items: Floats) -> tuple[tuple[float, ...], ...] | None:
    known = {} if data.scale is None else {item.id: item for item in data.scale.items}
    seen = np.unique(items)
    whole = np.allclose(seen, np.round(seen))
    pooled = np.arange(seen.min(), seen.max() + 0.5) if whole else seen
    if not 2 <= len(pooled) <= _MOST_LEVELS:
        return None
    out = []
    for name in data.names:
        item = known.get(name)
        own = pooled if item is None else np.arange(item.minimum, item.maximum + item.step / 2, item.step)
        out.append(tuple(float(v) for v in own))
    return tuple(out)


def _shares(items: Floats, levels: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    counts = [
        np.bincount([int(np.argmin(np.abs(np.array(own) - x))) for x in items[:, j]], minlength=len(own))
        for j, own in enumerate(levels)
    ]
    out = []
    for own, count in zip(levels, counts, strict=True):
        alike = np.sum([other for other, same in zip(counts, levels, strict=True) if same == own], axis=0) + 0.5
        smoothed = count + _PRIOR_SITES * alike / alike.sum()
        out.append(tuple(float(v) for v in smoothed / smoothed.sum()))
    return tuple(out)


def _mean_r(items: Floats) -> float:
    varying = items[:, np.ptp(items, axis=0) > 0]
    p = varying.shape[1]
    if p < 2:
        return 0.0
    r = np.corrcoef(varying, rowvar=False)
    return float(np.clip((r.sum() - p) / (p * (p - 1)), 0.0, _HIGHEST_R))


def _sizes(data: ContestRows) -> tuple[int, ...]:
    if data.outcome_kind != "numbers":
        sizes: Any = np.ones(len(data.items)) if data.trials is None else data.trials
    else:
        sizes = data.weights
        whole = np.allclose(sizes, np.round(sizes)) and sizes.min() >= 1
        if not whole or np.all(sizes == 1):
            return ()
    return tuple(round(n) for n in np.bincount(data.codes, weights=sizes))
