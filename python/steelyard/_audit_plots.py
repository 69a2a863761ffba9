"""Figures of the audit, readable without colour: hatching and print carry what the colours do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._axes import BLUE, VERMILION, axes_of, cut

if TYPE_CHECKING:
    from ._audit_findings import AuditResult
    from ._audit_table import TableSolution


def draw_table(solution: TableSolution, ax: Any = None) -> Any:
    """Draw the printed scores; a cell that can differ is hatched and carries its range, a row in conflict a mark."""
    from matplotlib.patches import Rectangle

    height, width = solution.printed.shape
    ax = axes_of(ax, 3.8 + 0.62 * max(width, 4), 1.3 + 0.25 * height)
    low = solution.printed if solution.low is None else solution.low
    high = solution.printed if solution.high is None else solution.high
    for i in range(height):
        for j in range(width):
            open_cell = not np.isclose(low[i, j], high[i, j])
            moved = not open_cell and not np.isclose(low[i, j], solution.printed[i, j])
            face, hatch = ("#FDE3B8", "////") if open_cell else ("#F5B041", "") if moved else ("#F4F4F4", "")
            ax.add_patch(
                Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=face, hatch=hatch, edgecolor="white", linewidth=1)
            )
            text = f"{low[i, j]:g}–{high[i, j]:g}" if open_cell else f"{low[i, j]:g}"
            ax.text(j, i, text, ha="center", va="center", fontsize=8, fontweight="bold" if open_cell or moved else None)
    conflicts = {c["place"] for c in solution.conflicts}
    ax.set_yticks(range(height), [f"{row} *" if row in conflicts else row for row in solution.rows], fontsize=8)
    ax.set_xticks(range(width), [_column(solution, j) for j in range(width)], fontsize=8)
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.set_xlim(-0.5, width - 0.5)
    ax.set_ylim(height - 0.5, -0.5)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_title("What the printed scores can stand for", fontsize=9, loc="left")
    ax.set_xlabel(_key(solution), fontsize=8, loc="left")
    ax.set_label(" ".join(solution._lines()))
    return ax


def _column(solution: TableSolution, j: int) -> str:
    printed = f"{solution.columns[j]}\nprinted {solution.printed_totals[j]:g}"
    if solution.totals is None:
        return printed
    low, high = solution.totals[j]
    return f"{printed}\n" + ("" if np.isclose(low, high) else f"true {low:g}–{high:g}")


def _key(solution: TableSolution) -> str:
    if solution.consistent:
        return "Every printed mean follows from the printed scores."
    return "* a printed mean does not follow from the printed scores; hatched: may hide a fraction"


# Okabe and Ito's colours; the mark and the word say the same without them.
_LOOKS = {"error": ("X", VERMILION), "warning": ("^", "#B07D00"), "note": ("o", BLUE)}


def draw_findings(result: AuditResult, ax: Any = None) -> Any:
    """List findings as rows: how bad, where, what is printed, what it could be."""
    findings = result.findings
    ax = axes_of(ax, 10.5, 1.1 + 0.34 * max(len(findings), 1))
    for i, finding in enumerate(findings):
        marker, colour = _LOOKS[finding.severity]
        ax.scatter([0.02], [i], marker=marker, s=42, color=colour, clip_on=False)
        ax.text(0.05, i, finding.severity, va="center", fontsize=8)
        ax.text(0.17, i, cut(finding.printed, 44), va="center", fontsize=8, fontweight="bold")
        ax.text(0.62, i, cut(finding.possible, 42), va="center", fontsize=8)
        if i % 2:
            ax.axhspan(i - 0.5, i + 0.5, color="#F4F4F4", zorder=0)
    for x, head in ((0.17, "printed"), (0.62, "possible")):
        ax.text(x, -0.85, head, fontsize=8, color="0.3")
    ax.set_yticks(range(len(findings)), [cut(f.place, 62) for f in findings], fontsize=8)
    ax.set_xlim(0, 1)
    ax.set_ylim(max(len(findings), 1) - 0.5, -1.2)
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    if not findings:
        ax.text(0.5, 0, "Nothing was found that does not follow.", ha="center", va="center", fontsize=9)
    ax.set_title(result._head(), fontsize=9, loc="left")
    ax.set_label(f"{result._head()} " + " ".join(f"{f.place}: {f.printed}, possible {f.possible}." for f in findings))
    return ax
