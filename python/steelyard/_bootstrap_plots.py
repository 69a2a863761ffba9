"""Figures of a bootstrap: the distribution with its interval, and what each unit does to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._axes import BLUE, VERMILION, axes_of, cut, label_room

if TYPE_CHECKING:
    from ._bootstrap_result import BootstrapResult


def _name(result: BootstrapResult, output: int) -> str:
    return result.statistic if len(result.terms) == 1 else result.terms[output]


def draw_distribution(result: BootstrapResult, ax: Any, output: int) -> Any:
    """Draw the replicates of one output, with the estimate as a full line and the interval's ends dashed."""
    ax = axes_of(ax, 6, 3.2)
    values = result.bootstrap_distribution.reshape(len(result.terms), -1)[output]
    kept = np.isfinite(values)
    weights = result.probabilities if result.probabilities is not None else np.full(len(values), 1 / len(values))
    _bars(ax, values[kept], weights[kept])
    ci = result.confidence_interval
    estimate = float(np.asarray(result.estimate).reshape(-1)[output])
    ax.axvline(estimate, color="black", label=f"estimate {estimate:.4g}")
    told = [f"estimate {estimate:.4g}"]
    for name in ("low", "high"):
        end = float(np.asarray(getattr(ci, name)).reshape(-1)[output])
        told.append(f"{name} {end:.4g}")
        if np.isfinite(end):
            ax.axvline(end, color=VERMILION, linestyle="--", label=f"{name} {end:.4g}")
    ax.set_xlabel(_name(result, output))
    ax.set_ylabel("probability" if result.enumerated else "share of resamples")
    undefined = f"; {np.count_nonzero(~kept)} undefined" if not kept.all() else ""
    ax.set_title(f"{100 * ci.confidence_level:g} % interval, {result.method}{undefined}", loc="left", fontsize=9)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_label(f"Bootstrap distribution of {_name(result, output)}: {', '.join(told)}; {result.method}{undefined}.")
    return ax


def _bars(ax: Any, values: Any, weights: Any) -> None:
    """Draw one line for each value when they are few (bins would beat against their steps), else fifty bins."""
    distinct, place = np.unique(values, return_inverse=True)
    if distinct.size > 100:
        ax.hist(values, bins=50, weights=weights, color="#BFD3DE", edgecolor="none")
    else:
        ax.vlines(distinct, 0, np.bincount(place, weights), color="#9DBBCB", linewidth=3)
        ax.set_ylim(bottom=0)


def draw_jackknife_after(result: BootstrapResult, ax: Any, output: int) -> Any:
    """Draw, for each unit, the estimate without it and the spread of the replicates that leave it out."""
    import narwhals as nw

    frame = nw.from_native(result.jackknife_after(), eager_only=True)
    frame = frame.filter(nw.col("term") == result.terms[output]).sort("estimate_without", nulls_last=True)
    units, without, low, high = (frame[c].to_list() for c in ("unit", "estimate_without", "conf_low", "conf_high"))
    names = [cut(str(u), 40) for u in units]
    ax = axes_of(ax, 4.8 + label_room(names), 1.2 + 0.24 * max(len(units), 3))
    place = np.arange(len(units))
    ax.hlines(place, low, high, color="0.45", linewidth=1.6, label="replicates without it")
    ax.plot(without, place, "o", color=BLUE, markersize=5, label="estimate without it")
    ax.axvline(float(np.asarray(result.estimate).reshape(-1)[output]), color="black", linewidth=1, label="estimate")
    ax.set_yticks(place, names, fontsize=8)
    ax.set_ylim(len(units) - 0.4, -0.6)
    ax.set_ylabel("left out")
    ax.set_xlabel(
        f"{_name(result, output)} ({100 * result.confidence_interval.confidence_level:g} % of the replicates)"
    )
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, fontsize=8)
    ax.spines[["top", "right"]].set_visible(False)
    told = "; ".join(f"without {u}: {x:.4g}" for u, x in zip(units, without, strict=True))
    ax.set_label(f"Jackknife after bootstrap of {_name(result, output)}. {told}.")
    return ax
