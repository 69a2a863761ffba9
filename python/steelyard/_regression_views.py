"""A regression as text, table and figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._axes import axes_of
from ._brief import brief
from ._html import table

if TYPE_CHECKING:
    from ._regression import Regression


def title(fit: Regression) -> str:
    """Say what was fitted."""
    who = f"{fit.rows} rows" + (f" in {len(fit.sites)} sites" if fit.sites else "")
    return f"{fit.family} regression, {who}, {fit.vcov} standard errors: {fit.status}"


def as_text(fit: Regression) -> str:
    """Return the fit as lines of text, cautions first."""
    width = max(map(len, fit.names))
    lines = [title(fit), *(f"  caution: {text}" for text in fit.cautions)]
    lines.append(f"  {'':{width}}  estimate  std error      t     df      p   {fit.confidence_level:.0%} interval")
    rows = [
        f"  {name:{width}}  {b:8.4g}  {se:9.3g}  {t:5.2f}  {df:5.1f}  {p:5.3f}   {low:.4g} to {high:.4g}"
        for name, b, se, t, df, p, low, high in zip(
            fit.names,
            fit.coefficients,
            fit.standard_errors,
            fit.statistics,
            fit.degrees_of_freedom,
            fit.pvalues,
            fit.conf_low,
            fit.conf_high,
            strict=True,
        )
    ]
    return "\n".join([*lines, *brief(rows)])


def as_html(fit: Regression) -> str:
    """Return the fit as an accessible table."""
    head = ("term", "estimate", "std error", "t", "df", "p", "low", "high")
    vectors = (
        fit.coefficients,
        fit.standard_errors,
        fit.statistics,
        fit.degrees_of_freedom,
        fit.pvalues,
        fit.conf_low,
        fit.conf_high,
    )
    rows = [(name, *map(float, cells)) for name, *cells in zip(fit.names, *(v.tolist() for v in vectors), strict=True)]
    return table(title(fit), head, rows, note="; ".join(fit.cautions))


def drawn(fit: Regression, ax: Any) -> Any:
    """Draw estimate and interval of each slope (the intercept is left out); returns the Axes."""
    shown = [j for j, name in enumerate(fit.names) if name != "(intercept)"] or [0]
    ax = axes_of(ax, 6, 0.35 * len(shown) + 1.2)
    place = np.arange(len(shown))
    ax.hlines(place, fit.conf_low[shown], fit.conf_high[shown], color="black", linewidth=1.2)
    ax.plot(fit.coefficients[shown], place, "o", color="#31688e")
    ax.axvline(0.0, color="black", linewidth=0.8, linestyle="--")
    ax.set_yticks(place, [fit.names[j] for j in shown])
    ax.invert_yaxis()
    ax.set_xlabel("log odds" if fit.family == "binomial" else "slope")
    ax.set_title(f"{fit.vcov}, {100 * fit.confidence_level:g} % intervals", fontsize="medium")
    told = "; ".join(
        f"{fit.names[j]} {fit.coefficients[j]:.3g} ({fit.conf_low[j]:.3g} to {fit.conf_high[j]:.3g})" for j in shown
    )
    ax.set_label(f"Estimates with intervals: {told}.")
    return ax
