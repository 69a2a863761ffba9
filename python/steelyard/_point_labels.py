"""Names beside points that do not cover each other: at the first of four corners that is free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["name_points"]

_SIZE, _GAP = 8, 4
_CORNERS = ((1, 1), (-1, 1), (1, -1), (-1, -1))

Box = tuple[float, float, float, float]


def name_points(ax: Any, x: Any, y: Any, names: Sequence[str], *, always: bool = True) -> None:
    """Write names beside points.

    Parameters
    ----------
    ax
        Axes whose other contents are drawn: limits and scales count.
    x, y
        All points, named or not: names keep off them where they can.
    names
        One per point; empty for none.
    always
        Write a name also where it must cover another; False: leave it out.
    """
    # The layout decides where the Axes are, and so which names meet.
    ax.figure.draw_without_rendering()
    points = ax.transData.transform(np.column_stack([x, y]))
    scale = ax.figure.dpi / 72
    taken: list[Box] = [(px - 3, py - 3, px + 3, py + 3) for px, py in points]
    for point, here, name in zip(points, zip(x, y, strict=True), names, strict=True):
        if not name:
            continue
        boxes = [
            _box(point, corner, 0.62 * _SIZE * scale * len(name), 1.25 * _SIZE * scale, scale) for corner in _CORNERS
        ]
        inside = [j for j, box in enumerate(boxes) if _within(box, ax.bbox.extents)]
        free = [j for j in inside if not any(_meet(boxes[j], other) for other in taken)]
        if not free and not always:
            continue
        at = (free or inside or [0])[0]
        taken.append(boxes[at])
        dx, dy = _CORNERS[at]
        ax.annotate(
            name,
            here,
            xytext=(_GAP * dx, _GAP * dy),
            textcoords="offset points",
            ha="left" if dx > 0 else "right",
            va="bottom" if dy > 0 else "top",
            size=_SIZE,
        )


def _box(point: Any, corner: tuple[int, int], width: float, height: float, scale: float) -> Box:
    x, y = point[0] + corner[0] * _GAP * scale, point[1] + corner[1] * _GAP * scale
    left, low = (x if corner[0] > 0 else x - width), (y if corner[1] > 0 else y - height)
    return left, low, left + width, low + height


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _within(box: Box, frame: Any) -> bool:
    return bool(box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3])
