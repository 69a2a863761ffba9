"""The reach ladder as a figure, readable without colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._axes import BLUE, axes_of
from ._reach_ladder import RUNGS

if TYPE_CHECKING:
    from ._reach_result import ReachResult


def draw_ladder(result: ReachResult, ax: Any = None) -> Any:
    """Draw a bar per rung, as long as it has people; a dashed outline says that nothing was reported."""
    ax = axes_of(ax, 7.5, 0.7 + 0.42 * len(result.rungs))
    most = max((row.n for row in result.rungs if row.n is not None), default=1) or 1
    lines = []
    for i, row in enumerate(result.rungs):
        if row.n is None:
            ax.barh(i, most, height=0.62, facecolor="none", edgecolor="0.6", linestyle=(0, (3, 3)), linewidth=1)
            ax.text(0.015 * most, i, "not reported", va="center", fontsize=8, style="italic", color="0.35")
            lines.append(f"{RUNGS[row.rung]}: not reported.")
            continue
        removed = row.rung in ("excluded", "lost")
        ax.barh(i, row.n, height=0.62, color="#BBBBBB" if removed else BLUE, hatch="///" if removed else None)
        share = "" if row.share is None else f", {100 * row.share:.1f} % of {RUNGS[row.of].lower()}"
        inside = row.n > 0.55 * most
        ax.text(
            row.n - 0.015 * most if inside else row.n + 0.015 * most,
            i,
            f"{row.n}{share}",
            va="center",
            ha="right" if inside else "left",
            fontsize=8,
            color="white" if inside and not removed else "black",
        )
        lines.append(f"{RUNGS[row.rung]}: {row.n}{share}.")
    ax.set_yticks(range(len(result.rungs)), [RUNGS[row.rung] for row in result.rungs], fontsize=8)
    ax.invert_yaxis()
    ax.set_xlim(0, 1.02 * most)
    ax.set_xlabel("people", fontsize=8)
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", labelsize=8)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.set_label("Reach ladder. " + " ".join(lines))
    return ax
