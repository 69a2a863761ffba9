"""Two figures of fidelity, readable without colour: the heat strip, whose cells print their scores, and the profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._axes import BLUE, VERMILION, axes_of, cut, label_room

if TYPE_CHECKING:
    from ._fidelity import FidelityResult


def heat_strip(result: FidelityResult, ax: Any = None) -> Any:
    """Draw items x sites; `cividis` keeps its order for every kind of colour vision."""
    import matplotlib as mpl

    n, p = result.scores.shape
    labels = [_site_label(result, i, "\n") for i in range(n)]
    upright = n <= 12 and max(len(line) for text in labels for line in text.split("\n")) <= 10
    if upright:
        ax = axes_of(ax, 3.4 + 0.68 * max(n, 4), 1.6 + 0.25 * p)
    else:
        labels = [_site_label(result, i, ", ") for i in range(n)]
        ax = axes_of(ax, 3.4 + max(0.26, 1.6 / n) * n, 1.0 + label_room(labels) + 0.25 * p)
    totals = result.tables["totals"]["total"]
    order = sorted(range(n), key=lambda i: (-np.inf if totals[i] is None else totals[i], -i), reverse=True)
    low = np.array([item.minimum for item in result.scale.items])
    high = np.array([item.maximum for item in result.scale.items])
    share = ((result.scores - low) / (high - low))[order].T
    colours = mpl.colormaps["cividis"].with_extremes(bad="white")
    ax.imshow(np.ma.masked_invalid(share), cmap=colours, vmin=0, vmax=1, aspect="auto")
    for column, i in enumerate(order):
        for j in range(p):
            score = result.scores[i, j]
            text = "–" if np.isnan(score) else f"{score:g}"
            dark = not np.isnan(score) and share[j, column] < 0.45
            ax.text(column, j, text, ha="center", va="center", fontsize=8, color="white" if dark else "black")
    ax.set_yticks(range(p), [item.title for item in result.scale.items], fontsize=8)
    ax.set_xticks(range(n), [labels[i] for i in order], fontsize=8, rotation=0 if upright else 90)
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.set_xlabel(_strip_key(result), fontsize=8)
    ax.tick_params(length=0)
    ax.set_xticks(np.arange(-0.5, n), minor=True)
    ax.set_yticks(np.arange(-0.5, p), minor=True)
    ax.grid(which="minor", color="white", linewidth=1)
    ax.tick_params(which="minor", length=0)
    ax.spines[:].set_visible(False)
    ax.set_label(_strip_words(result, order))
    return ax


# One mark per group, told apart by shape.
_MARKS = {"first": "▲", "second": "▽"}


def _site_label(result: FidelityResult, i: int, between: str) -> str:
    total, band = result.tables["totals"]["total"][i], result.tables["totals"]["band"][i]
    mark = _side(result, result.site_ids[i])
    words = (band or "").split() if between == "\n" else [band] if band else []
    lines = [cut(result.site_ids[i], 36), "–" if total is None else f"{total:g}", *words]
    return between.join([*lines, *([_MARKS[mark]] if mark else [])])


def _side(result: FidelityResult, site: str) -> str:
    contrast = result.contrast
    if contrast is None:
        return ""
    return "first" if site in contrast.first_sites else "second" if site in contrast.second_sites else ""


def _group(name: str) -> str:
    return name.replace("_", " ")


def _strip_key(result: FidelityResult) -> str:
    told = "site, total" + (", band" if any(result.tables["totals"]["band"]) else "")
    if result.contrast is None:
        return told
    first, second = (f"{_MARKS[side]} {_group(getattr(result.contrast, side))}" for side in ("first", "second"))
    return f"{told}; {first}, {second}"


def _strip_words(result: FidelityResult, order: list[int]) -> str:
    totals = result.tables["totals"]
    told = [
        f"site {result.site_ids[i]}: {'no total' if totals['total'][i] is None else format(totals['total'][i], 'g')}"
        f"{' (' + totals['band'][i] + ')' if totals['band'][i] else ''}"
        for i in order
    ]
    return f"Heat strip of {len(result.scale.items)} items at {len(order)} sites by total. {'; '.join(told)}."


def item_profile(result: FidelityResult, ax: Any = None) -> Any:
    """Draw each item's scores as dots sized by the number of sites, its range as a line, its mean as a bar."""
    items = result.tables["items"]
    p = len(items["item"])
    ax = axes_of(ax, 6.5, 1.0 + 0.25 * p)
    for j in range(p):
        scores = result.scores[:, j][~np.isnan(result.scores[:, j])]
        values, counts = np.unique(scores, return_counts=True)
        if values.size == 0:
            continue
        ax.hlines(j, values[0], values[-1], color="0.75", linewidth=1, zorder=1)
        ax.scatter(values, np.full(values.size, j), s=84.0 * counts / len(result.scores), color="0.7", zorder=2)
    places = [j for j in range(p) if items["mean"][j] is not None]
    means = [items["mean"][j] for j in places]
    ax.scatter(means, places, marker="|", s=110, linewidth=2, color="black", zorder=4, label="mean")
    if result.contrast is not None:
        gaps = result.tables["gaps"]
        for side, marker, colour in (("first", "^", BLUE), ("second", "v", VERMILION)):
            known = [(gaps[f"mean_{side}"][j], j) for j in range(p) if gaps[f"mean_{side}"][j] is not None]
            x, y = zip(*known, strict=True)
            name = cut(_group(getattr(result.contrast, side)), 30)
            ax.scatter(x, y, marker=marker, s=34, facecolor="none", edgecolor=colour, zorder=3, label=name)
    ax.set_yticks(range(p), [item.title for item in result.scale.items], fontsize=8)
    ax.invert_yaxis()
    ax.set_xlabel("score (area of a dot: sites with it)")
    ax.set_xlim(
        min(item.minimum for item in result.scale.items) - 0.2, max(item.maximum for item in result.scale.items) + 0.2
    )
    ax.legend(loc="lower right", bbox_to_anchor=(1.02, 1.0), ncols=3, frameon=False, fontsize=8)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_label(_profile_words(result))
    return ax


def _profile_words(result: FidelityResult) -> str:
    items = result.tables["items"]
    means = [f"{t}: {m:.2f}" for t, m in zip(items["title"], items["mean"], strict=True) if m is not None]
    return f"Item profile over {len(result.site_ids)} sites; means: {'; '.join(means)}."
