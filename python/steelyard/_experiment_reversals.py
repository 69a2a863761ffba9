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


def bands_request(data: ContestRows) -> dict[str, Any]:
    """Return plain totals and the lower ends of bands, for the core to count what weights change."""
    totals = site_items(data).sum(axis=1)
    whole = data.scale is not None and set(data.names) == set(data.scale.item_ids)
    bands = data.scale.bands if data.scale is not None and whole else None
    factor = len(data.names) if bands is not None and bands.by != "total" else 1
    cuts = [] if bands is None else [float(low) * factor for low, _ in bands.cuts]
    return {"totals": totals.tolist(), "cuts": cuts}


def flips(names: tuple[str, ...], weights: list[Floats], signed: list[bool], data: ContestRows) -> dict[str, Any]:
    """List every one-point change of an item that moves a site to another band, by the plain total and by each scheme.

    Equating stays as it is; changes beyond an item's ends are left out.
    """
    heads = ("scheme", "site", "item", "from_score", "to_score", "band", "band_after")
    rows: list[tuple[Any, ...]] = []
    whole = data.scale is not None and set(data.names) == set(data.scale.item_ids)
    if whole and data.scale is not None and data.scale.bands is not None:
        items = site_items(data)
        totals = items.sum(axis=1)
        for name, own, negative in zip(names, weights, signed, strict=True):
            score = items @ own
            if negative or score.std() == 0:
                continue
            stretch = totals.std() / score.std()
            level = equated(score, totals)
            for i, site in enumerate(data.sites):
                band = _band(data, level[i])
                for j, item in enumerate(data.names):
                    for step in (-1.0, 1.0):
                        to = items[i, j] + step
                        if not data.limits[j][0] <= to <= data.limits[j][1]:
                            continue
                        after = _band(data, level[i] + step * own[j] * stretch)
                        if after != band:
                            rows.append((name, site, item, float(items[i, j]), float(to), band, after))
    return {head: tuple(row[k] for row in rows) for k, head in enumerate(heads)}


def ranks(values: Floats) -> Floats:
    """Rank from the highest, 1; ties share their mean rank."""
    rounded = np.round(values, 9)
    return np.array([1 + np.sum(rounded > v) + 0.5 * (np.sum(rounded == v) - 1) for v in rounded])


def reversals(names: tuple[str, ...], weights: list[Floats], signed: list[bool], data: ContestRows) -> dict[str, Any]:
    """Compare the plain total of every site with its equated weighted total.

    Bands are compared only where all items of the scale take part and no weight is negative; a signed score has none.
    """
    items = site_items(data)
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


def site_items(data: ContestRows) -> Floats:
    """Return the weighted mean scores of every site."""
    first = np.unique(data.codes, return_index=True)[1]
    if len(first) == len(data.items):
        return data.items[first]
    sums = np.zeros((len(first), data.items.shape[1]))
    np.add.at(sums, data.codes, data.items * data.weights[:, None])
    return np.asarray(sums / np.bincount(data.codes, weights=data.weights)[:, None], dtype=np.float64)


def _band(data: ContestRows, total: float) -> str | None:
    return None if data.scale is None else data.scale.band(float(total))
