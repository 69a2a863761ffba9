"""Dots with intervals for coefficients of agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._axes import axes_of
from .errors import refuse

if TYPE_CHECKING:
    from ._agreement_result import Agreement, AgreementEstimate


def _rows(result: Agreement, coefficient: str | None) -> tuple[list[tuple[str, AgreementEstimate]], str]:
    from ._agreement_result import LABELS

    codes = {e.code for e in result.estimates} - {""}
    if not codes:
        kept = [e for e in result.estimates if coefficient in (None, e.coefficient)]
        return [(LABELS[e.coefficient], e) for e in kept], "agreement"
    chosen = coefficient or result.estimates[0].coefficient
    kept = [e for e in result.estimates if e.coefficient == chosen]
    several = len({e.segments for e in kept}) > 1
    label = "{code} ({segments})" if several else "{code}"
    return [(label.format(code=e.code, segments=e.segments), e) for e in kept], LABELS.get(chosen, chosen)


def dots(result: Agreement, ax: Any, coefficient: str | None) -> Any:
    """Draw one dot and interval per row; undefined ones are named beside their row."""
    rows, label = _rows(result, coefficient)
    if not rows:
        have = sorted({e.coefficient for e in result.estimates})
        raise refuse("no such coefficient in this result", at="coefficient", got=coefficient, allowed=", ".join(have))
    ax = axes_of(ax, 6.4, 0.6 + 0.32 * max(3, len(rows)))
    for place, (_, e) in enumerate(rows):
        if e.estimate != e.estimate:
            ax.annotate(e.status, (0.0, place), va="center", fontsize="small")
            continue
        low, high = (e.conf_low, e.conf_high) if e.bootstrap_low is None else (e.bootstrap_low, e.bootstrap_high)
        ax.plot([low, high], [place, place], color="0.35", linewidth=1.5, solid_capstyle="butt")
        ax.plot(e.estimate, place, "o", color="black", markersize=5)
    ax.set_yticks(range(len(rows)), [name for name, _ in rows])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    left = min((e.conf_low for _, e in rows if e.conf_low == e.conf_low), default=0.0)
    ax.set_xlim(min(0.0, max(left, -1.0)) - 0.02, 1.02)
    ax.axvline(0.0, color="0.7", linewidth=0.8)
    by = "bootstrap" if rows[0][1].bootstrap_low is not None else "t"
    ax.spines[["top", "right"]].set_visible(False)
    told = "; ".join(
        f"{name} {e.status if e.estimate != e.estimate else format(e.estimate, '.3f')}" for name, e in rows
    )
    ax.set_label(f"{label}: {told}.")
    ax.set_xlabel(f"{label}, {100 * result.confidence_level:g} % interval ({by})")
    return ax
