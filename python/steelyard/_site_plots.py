"""Caterpillar and funnel of sites."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from ._point_labels import name_points, shortened
from .errors import refuse

if TYPE_CHECKING:
    from ._site_table import SiteTable

_DARK, _LIGHT = "#1f3d5c", "#b45f06"
# More sites than these are named in a funnel only beyond its limits: those of 99.8 % always, of 95 % where there is
# room.
_NAMED, _LIMITS = 15, (1.96, 3.09)


def _axes(ax: Any, height: float, width: float = 6.4) -> Any:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def _outcomes(table: SiteTable) -> Any:
    if table.outcomes is None:
        raise refuse(
            "nothing to draw without an outcome", remedy="Pass one: study.site_table(sy.outcomes.Binary(...))."
        )
    return table.outcomes


def caterpillar(table: SiteTable, ax: Any) -> Any:
    """Draw sites in the order of their estimates, with intervals, and the pooled estimate below."""
    found = _outcomes(table)
    order = [int(i) for i in np.argsort(found.value) if not np.isnan(found.value[i])]
    size = [f"{n}" for n in found.n]
    if found.control_n is not None:
        size = [f"{n} + {controls}" for n, controls in zip(found.n, found.control_n, strict=True)]
    labels = [f"{shortened(found.sites[i])} (n = {size[i]})" for i in order]
    ax = _axes(ax, 1.4 + 0.26 * len(order), 4.4 + 0.075 * max(map(len, labels), default=0))
    places = np.arange(len(order), dtype=float)
    for place, i in zip(places, order, strict=True):
        ax.plot([found.low[i], found.high[i]], [place, place], color=_DARK, lw=1.4)
        ax.plot(found.value[i], place, "o", color=_DARK, ms=5)
    pooled = table.pooled
    if pooled is not None:
        ax.plot([pooled.low_back, pooled.high_back], [-1.2, -1.2], color=_LIGHT, lw=2)
        ax.plot(pooled.estimate_back, -1.2, "D", color=_LIGHT, ms=6)
        places, labels = np.append(places, -1.2), [*labels, f"pooled ({pooled.k} sites)"]
    ax.set_yticks(places, labels)
    ax.set_ylim(-0.8 if pooled is None else -2.0, len(order) - 0.2)
    if "difference" in found.measure or "log" in found.measure:
        ax.axvline(0, color="#888888", lw=0.8, ls=":")
    ax.set_xlabel(f"{found.measure} ({100 * found.confidence_level:g} % intervals)")
    ax.set_title(f"Sites: {found.outcome}")
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax


def funnel(table: SiteTable, ax: Any) -> Any:
    """Draw rates against size with limits of chance about the overall one; effects against their standard error."""
    found = _outcomes(table)
    ax = _axes(ax, 4.4)
    known = np.flatnonzero(~np.isnan(found.value))
    if table.overall is not None and found.measure == "rate":
        size = found.n[known]
        grid = np.arange(1, max(int(size.max() * 1.1), 5) + 1)
        for level, style in ((0.95, "--"), (0.998, ":")):
            # Where a rate departs from the overall one by the score test (Spiegelhalter 2005).
            half = NormalDist().inv_cdf((1 + level) / 2) * np.sqrt(table.overall * (1 - table.overall) / grid)
            ax.plot(grid, np.clip(table.overall - half, 0, 1), style, color="#888888", lw=1)
            label = f"{100 * level:g} % limits"
            ax.plot(grid, np.clip(table.overall + half, 0, 1), style, color="#888888", lw=1, label=label)
        ax.axhline(table.overall, color="#888888", lw=1)
        ax.plot(size, found.value[known], "o", color=_DARK)
        unusual = np.abs(found.value[known] - table.overall) / np.sqrt(table.overall * (1 - table.overall) / size)
        where = (size, found.value[known])
        ax.set_xlabel("participants")
        ax.set_ylabel(found.measure)
        ax.legend(frameon=False, fontsize=8)
    else:
        error = np.sqrt(found.variance[known])
        ax.plot(found.value[known], error, "o", color=_DARK)
        unusual = np.zeros(len(known))
        where = (found.value[known], error)
        if table.pooled is not None:
            centre, top = table.pooled.estimate, float(np.nanmax(error)) * 1.1
            unusual = np.abs(found.value[known] - centre) / error
            ax.axvline(centre, color="#888888", lw=1)
            ax.plot([centre - 1.96 * top, centre, centre + 1.96 * top], [top, 0, top], "--", color="#888888", lw=1)
        ax.invert_yaxis()
        ax.set_xlabel(found.measure)
        ax.set_ylabel("standard error")
    few = len(known) <= _NAMED
    names = [found.sites[i] if few or far > _LIMITS[0] else "" for i, far in zip(known, unusual, strict=True)]
    name_points(ax, *where, names, (unusual > _LIMITS[1]) | few)
    ax.set_title(f"Funnel: {found.outcome}")
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax
