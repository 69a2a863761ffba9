"""Names beside points that do not cover each other: the first of four corners that is free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["name_points", "shortened"]

# Longer names are cut in the middle, between words.
_LONGEST = 34
_SIZE, _GAP = 8, 4


def shortened(name: str) -> str:
    """Cut the middle out of a long name.

    Examples
    --------
    >>> shortened("Regional centre for supported employment no. 12")
    'Regional centre for … no. 12'
    """
    if len(name) <= _LONGEST:
        return name
    words = name.split()
    start, end = 1, 1
    while start + end < len(words):
        grown = (start + 1, end) if start <= end else (start, end + 1)
        if len(_joined(words, *grown)) > _LONGEST:
            break
        start, end = grown
    kept = _joined(words, start, end)
    return kept if len(words) > 1 and len(kept) <= _LONGEST else f"{name[: _LONGEST - 2]} …"


def _joined(words: list[str], start: int, end: int) -> str:
    return " ".join([*words[:start], "…", *words[len(words) - end :]])


def name_points(ax: Any, x: Any, y: Any, names: Sequence[str], first: Any) -> None:
    """Write names beside points; those of `first` always, the others where there is room.

    Parameters
    ----------
    ax
        Axes whose limits and scales are set.
    x, y
        All points, named or not: names keep off them.
    names
        One per point; empty for none.
    first
        Flags of the points that must be named.
    """
    ax.autoscale_view()
    points = ax.transData.transform(np.column_stack([x, y]))
    scale = ax.figure.dpi / 72
    taken = [(px - 3, py - 3, px + 3, py + 3) for px, py in points]
    inside = ax.bbox.extents
    for k in sorted(range(len(names)), key=lambda k: (not first[k], -abs(points[k][0]))):
        if not names[k]:
            continue
        text = shortened(names[k])
        width, height = 0.62 * _SIZE * scale * len(text), 1.25 * _SIZE * scale
        corners = [(dx, dy) for dy in (1, -1) for dx in (1, -1)]
        boxes = [_box(points[k], corner, width, height, scale) for corner in corners]
        free = [j for j, box in enumerate(boxes) if _within(box, inside) and not any(_meet(box, b) for b in taken)]
        if not free and not first[k]:
            continue
        at = free[0] if free else next((j for j, box in enumerate(boxes) if _within(box, inside)), 0)
        dx, dy = corners[at]
        taken.append(boxes[at])
        ax.annotate(
            text,
            (x[k], y[k]),
            xytext=(_GAP * dx, _GAP * dy),
            textcoords="offset points",
            ha="left" if dx > 0 else "right",
            va="bottom" if dy > 0 else "top",
            size=_SIZE,
        )


Box = tuple[float, float, float, float]


def _box(point: Any, corner: tuple[int, int], width: float, height: float, scale: float) -> Box:
    x, y = point[0] + corner[0] * _GAP * scale, point[1] + corner[1] * _GAP * scale
    left, low = (x if corner[0] > 0 else x - width), (y if corner[1] > 0 else y - height)
    return left, low, left + width, low + height


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _within(box: Box, frame: Any) -> bool:
    return bool(box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3])
