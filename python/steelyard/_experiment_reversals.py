"""What a weighting would change for the sites: ranks and bands, after the totals have been equated."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._experiment_data import ContestRows

Floats = NDArray[np.float64]


def equated(scores: Floats, totals: Floats) -> Floats:
    """Give scores the mean and standard deviation of the plain totals: bands mean nothing on another spread.

    Linear equating (Kolen and Brennan 2014). Scores that do not vary become the mean.
    """
    spread = scores.std()
    if spread == 0:
        return np.full_like(scores, totals.mean())
    return np.asarray(totals.mean() + (scores - scores.mean()) * (totals.std() / spread), dtype=np.float64)


def ranks(values: Floats) -> Floats:
    """Rank from the highest, 1; ties share their mean rank."""
    rounded = np.round(values, 9)
    return np.array([1 + np.sum(rounded > v) + 0.5 * (np.sum(rounded == v) - 1) for v in rounded])


def reversals(names: tuple[str, ...], weights: list[Floats], signed: list[bool], data: ContestRows) -> dict[str, Any]:
    """Compare the plain total of every site with its equated weighted total.

    Bands are compared only where all items of the scale take part and no weight is negative; a signed score has none.
    """
    n = int(data.codes.max()) + 1
    first = np.unique(data.codes, return_index=True)[1]
    items = data.items[first] if len(first) == len(data.items) else _means(data, n)
    totals = items.sum(axis=1)
    whole = data.scale is not None and set(data.names) == set(data.scale.item_ids)
    rank = ranks(totals)
    rows: list[tuple[Any, ...]] = []
    for c, name in enumerate(names):
        score = equated(items @ weights[c], totals)
        new = ranks(score)
        for i, site in enumerate(data.sites):
            before = _band(data, totals[i]) if whole else None
            after = _band(data, score[i]) if whole and not signed[c] else None
            changed = None if before is None or after is None else before != after
            rows.append(
                (name, site, float(totals[i]), float(score[i]), float(rank[i]), float(new[i]), before, after, changed)
            )
    heads = ("scheme", "site", "total", "equated", "rank", "rank_weighted", "band", "band_weighted", "band_changes")
    return {head: tuple(row[k] for row in rows) for k, head in enumerate(heads)}


def _means(data: ContestRows, n: int) -> Floats:
    sums = np.zeros((n, data.items.shape[1]))
    np.add.at(sums, data.codes, data.items * data.weights[:, None])
    return sums / np.bincount(data.codes, weights=data.weights)[:, None]


def _band(data: ContestRows, total: float) -> str | None:
    return None if data.scale is None else data.scale.band(float(total))
