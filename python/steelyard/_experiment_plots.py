"""Figures of a weighting experiment, readable without colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._axes import axes_of, cut
from .errors import refuse

if TYPE_CHECKING:
    from ._experiment_result import WeightingResult
    from ._planner import SitesNeeded

_MARKS = "osD^vPX*<>ph"


def draw(result: WeightingResult, kind: str, ax: Any) -> Any:
    """Draw the figure of this kind."""
    kinds = {"slopes": slopes, "gains": gains, "outcome": outcome}
    if kind not in kinds:
        raise refuse("figure not known", at="kind", got=repr(kind), allowed=", ".join(map(repr, kinds)))
    return kinds[kind](result, ax)


def slopes(result: WeightingResult, ax: Any = None) -> Any:
    """Draw every item's slope under every scheme; the line is the common slope of the reference."""
    table, p = result.tables["slopes"], len(result.names)
    ax = axes_of(ax, 7.2, 1.4 + 0.27 * p)
    schemes = list(dict.fromkeys(table["scheme"]))
    estimate = np.array(table["estimate"]).reshape(len(schemes), p)
    place = np.arange(p)
    reference = schemes.index(result.protocol.reference)
    for c, scheme in enumerate(schemes):
        if c == reference:
            continue
        ax.scatter(
            estimate[c], place, marker=_MARKS[c % len(_MARKS)], s=26, facecolor="none", edgecolor=f"C{c}", label=scheme
        )
    common = float(estimate[reference].mean())
    ax.axvline(common, color="black", linewidth=1, linestyle="--", label=f"common slope ({result.protocol.reference})")
    ax.axvline(0, color="0.8", linewidth=0.8, zorder=0)
    ax.set_yticks(place, [_marked(result, j) for j in range(p)], fontsize=8)
    ax.invert_yaxis()
    ax.set_xlabel(f"slope of {result.protocol.outcome} per scale point")
    ax.set_title(f"{result.verdict}; {result.estimable.level}", fontsize=9)
    ax.legend(loc="upper right", bbox_to_anchor=(1.0, -0.55 / (0.27 * p)), ncols=3, frameon=False, fontsize=8)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_label(
        f"Slopes of {p} items under {len(schemes)} schemes; common slope {common:.3g}. {result.verdict}; "
        f"{result.estimable.level}."
    )
    return ax


def _marked(result: WeightingResult, j: int) -> str:
    table, name = result.tables["slopes"], result.names[j]
    marks = []
    if name in result.estimable.constant:
        marks.append("constant")
    elif not table["estimable"][j]:
        marks.append("not estimable")
    if table["ceiling"][j] and name not in result.estimable.constant:
        marks.append("ceiling")
    if table["scored_from_outcome"][j]:
        marks.append("from outcome")
    return name.replace("_", " ") + (f" ({', '.join(marks)})" if marks else "")


def gains(result: WeightingResult, ax: Any = None) -> Any:
    """Draw every scheme's gain with its interval; the grey band is -d to d."""
    table = result.tables["gains"]
    n = len(table["scheme"])
    ax = axes_of(ax, 7.0, 1.2 + 0.38 * n)
    d = result.protocol.smallest_gain
    ax.axvspan(-d, d, color="0.9", zorder=0)
    ax.axvline(0, color="black", linewidth=0.8)
    for c in range(n):
        if table["conf_low"][c] is not None:
            ax.hlines(c, table["conf_low"][c], table["conf_high"][c], color="0.3", linewidth=1.5)
        if table["gain"][c] is not None:
            ax.plot(table["gain"][c], c, "o", color="black", markersize=5)
    verdicts = dict(zip(result.tables["verdicts"]["scheme"], result.tables["verdicts"]["verdict"], strict=True))
    ax.set_yticks(range(n), [f"{name}\n{verdicts[name]}" for name in table["scheme"]], fontsize=8)
    ax.set_ylim(n - 0.4, -0.6)
    ax.set_xlabel(f"gain in held-out R2 over {result.protocol.reference} (grey: within d = {d:g})")
    ax.spines[["top", "right"]].set_visible(False)
    told = "; ".join(
        f"{name} {'undefined' if gain is None else format(gain, '.3f')} ({verdicts[name]})"
        for name, gain in zip(table["scheme"], table["gain"], strict=True)
    )
    ax.set_label(f"Gains in held-out R2 over {result.protocol.reference}: {told}.")
    return ax


def outcome(result: WeightingResult, ax: Any = None) -> Any:
    """Draw the plain total of every site against its outcome; areas follow the number of participants."""
    ax = axes_of(ax, 5.6, 4.2)
    sizes = result.site_sizes / result.site_sizes.max()
    ax.scatter(result.site_totals, result.site_outcomes, s=20 + 120 * sizes, facecolor="none", edgecolor="black")
    if len(result.sites) <= 12:
        for x, y, name in zip(result.site_totals, result.site_outcomes, result.sites, strict=True):
            ax.annotate(cut(name, 24), (x, y), xytext=(5, 4), textcoords="offset points", fontsize=8)
    ax.set_xlabel("plain total")
    ax.set_ylabel(result.protocol.outcome)
    ax.set_title(result.verdict, fontsize=9)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_label(f"{result.protocol.outcome} against the plain total at {len(result.sites)} sites. {result.verdict}.")
    return ax


def power_curve(plan: SitesNeeded, ax: Any = None) -> Any:
    """Draw power against the number of sites, one line per truth; bars are one Monte Carlo error either way."""
    ax = axes_of(ax, 6.2, 4.0)
    for k, (concentration, r2) in enumerate(plan._truths()):
        own = [row for row in plan.rows if (row["concentration"], row["r2"]) == (concentration, r2)]
        every = concentration == len(plan.basis.names)
        carried = "all items alike" if every else f"{concentration} item{'s' if concentration > 1 else ''}"
        ax.errorbar(
            [row["sites"] for row in own],
            [row["power"] for row in own],
            yerr=[row["monte_carlo_error"] for row in own],
            marker=_MARKS[k % len(_MARKS)],
            linestyle=("-", "--", ":", "-.")[k % 4],
            color=f"C{k}",
            markerfacecolor="none",
            capsize=3,
            label=f"R2 {r2:g}, carried by {carried}",
        )
    ax.axhline(plan.power, color="0.5", linewidth=0.8)
    ax.set_xscale("log")
    numbers = sorted({row["sites"] for row in plan.rows})
    ax.set_xticks(numbers, [str(n) for n in numbers])
    ax.minorticks_off()
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlabel("sites")
    ax.set_ylabel(f"power to show a gain of at least {plan.basis.smallest_gain:g}")
    ax.legend(frameon=False, fontsize=8)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_label(
        f"Power against the number of sites for {len(plan._truths())} assumed truths; asked for: {plan.power:g}."
    )
    return ax
