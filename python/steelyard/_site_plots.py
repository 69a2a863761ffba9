"""Caterpillar and funnel of sites."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from ._axes import axes_of, cut, label_room
from ._point_labels import name_points
from .errors import refuse

if TYPE_CHECKING:
    from ._site_table import SiteTable

_DARK, _LIGHT = "#1f3d5c", "#b45f06"
_Z = NormalDist().inv_cdf(0.975)


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
    size = [str(n) for n in found.n]
    if found.control_n is not None:
        size = [f"{n} + {controls}" for n, controls in zip(found.n, found.control_n, strict=True)]
    labels = [f"{cut(found.sites[i], 40)} (n = {size[i]})" for i in order]
    ax = axes_of(ax, 4.6 + label_room(labels, 10), 1.4 + 0.26 * len(order))
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
    ax.set_ylim(-1.8 if pooled is not None else -0.6, len(order) - 0.4)
    if "difference" in found.measure or "log" in found.measure:
        ax.axvline(0, color="#888888", lw=0.8, ls=":")
    ax.set_xlabel(f"{found.measure} ({100 * found.confidence_level:g} % intervals)")
    ax.set_title(f"Sites: {found.outcome}")
    ax.spines[["top", "right"]].set_visible(False)
    told = "; ".join(f"{found.sites[i]} {found.value[i]:.3g}" for i in order)
    ax.set_label(f"Caterpillar of {found.measure} with intervals, lowest first: {told}.")
    return ax


def funnel(table: SiteTable, ax: Any) -> Any:
    """Draw rates against size with limits of chance about the overall one; effects against their standard error."""
    found = _outcomes(table)
    ax = axes_of(ax, 6.4, 4.4)
    known = np.flatnonzero(~np.isnan(found.value))
    if table.overall is not None and found.measure == "rate":
        beyond = _rates(ax, found, table.overall, known)
    else:
        beyond = _estimates(ax, found, None if table.pooled is None else table.pooled.estimate_back, known)
    ax.set_title(f"Funnel: {found.outcome}")
    ax.spines[["top", "right"]].set_visible(False)
    apart = ", ".join(found.sites[i] for i in beyond) or "none"
    ax.set_label(f"Funnel of {found.measure} at {known.size} sites. Beyond the 95 % limits: {apart}.")
    return ax


def _rates(ax: Any, found: Any, overall: float, known: Any) -> list[int]:
    """Draw rates within the limits where they depart from the overall one by the score test (Spiegelhalter 2005)."""
    grid = np.arange(1, max(int(found.n[known].max() * 1.1), 5) + 1)
    for level, style in ((0.95, "--"), (0.998, ":")):
        half = NormalDist().inv_cdf((1 + level) / 2) * np.sqrt(overall * (1 - overall) / grid)
        ax.plot(grid, np.clip(overall - half, 0, 1), style, color="#888888", lw=1)
        label = f"{100 * level:g} % limits of chance"
        ax.plot(grid, np.clip(overall + half, 0, 1), style, color="#888888", lw=1, label=label)
    ax.axhline(overall, color="#888888", lw=1)
    error = np.sqrt(overall * (1 - overall) / found.n)
    beyond = [int(i) for i in known if abs(found.value[i] - overall) > _Z * error[i]]
    ax.set_xlabel("participants")
    ax.set_ylabel(found.measure)
    ax.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    _points(ax, found, found.n, found.value, known, beyond)
    return beyond


def _estimates(ax: Any, found: Any, centre: float | None, known: Any) -> list[int]:
    """Draw estimates against their standard error, with the limits of chance about the pooled one if there is one."""
    error = np.sqrt(found.variance)
    known = known[np.isfinite(error[known])]
    if known.size == 0:
        raise refuse("no site has a standard error to draw against", remedy="Pass participants, not one row a site.")
    beyond = [] if centre is None else [int(i) for i in known if abs(found.value[i] - centre) > _Z * error[i]]
    if centre is not None:
        top = float(np.nanmax(error[known])) * 1.1
        ax.axvline(centre, color="#888888", lw=1)
        ax.plot([centre - _Z * top, centre, centre + _Z * top], [top, 0, top], "--", color="#888888", lw=1)
    ax.invert_yaxis()
    _points(ax, found, found.value, error, known, beyond)
    ax.set_xlabel(found.measure)
    ax.set_ylabel("standard error")
    return beyond


def _points(ax: Any, found: Any, x: Any, y: Any, known: Any, beyond: list[int]) -> None:
    """Draw sites, filled beyond the limits; of more than twelve only those are named, where there is room."""
    for i in known:
        ax.plot(x[i], y[i], "o", color=_DARK, mfc=_DARK if i in beyond else "white")
    few = len(known) <= 12
    names = [cut(found.sites[i], 30) if few or i in beyond else "" for i in known]
    name_points(ax, x[known], y[known], names, always=few)
