"""Small charts as marks: one geometry for HTML, Word, LaTeX and pictures, so that all show the same.

A chart is a point with its interval, sites and cuts on an axis, or one stacked bar of an ordinal question. Marks are in
points (1/72 inch), y downwards.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

__all__ = ["COLOURS", "Drawing", "Mark", "contrast", "draw", "drawing", "keys"]

# Fill or stroke of each role; all at least 4.5:1 on white where they carry text or a value.
COLOURS = {
    "axis": "#6b757d",
    "cut": "#7a3b00",
    "whisker": "#1f5673",
    "site": "#1f5673",
    "value": "#1f5673",
    "label": "#46515a",
    "gap": "#ffffff",
}
_BELOW = ("#8f3d00", "#b35c14", "#e3a368", "#f2cfa9")
_ABOVE = ("#123f57", "#2f7398", "#74a9c4", "#bcd7e5")
_NEUTRAL = "#d3d8dc"
_INKS = ("#ffffff", "#1d2329")
_LEFT = 8.0


@dataclasses.dataclass(frozen=True)
class Mark:
    """One mark: `line`, `dot`, `diamond`, `box` or `text`, with the coordinates that its kind needs."""

    kind: str
    role: str
    at: tuple[float, ...]
    text: str = ""
    anchor: str = "middle"
    colour: str = "#000000"
    dashed: bool = False


@dataclasses.dataclass(frozen=True)
class Drawing:
    """The marks of one chart, its size in points, and its words."""

    width: float
    height: float
    marks: tuple[Mark, ...]
    words: str


def drawing(chart: Mapping[str, Any]) -> Drawing:
    """Lay out a chart of the display's data."""
    width = 330.0 if chart["wide"] else 168.0
    return _bar(chart, width) if chart["shares"] else _dots(chart, width)


def keys(document: Mapping[str, Any]) -> list[str]:
    """Return what the charts of a display need to be read, in words, so that every output can print it."""
    charts = [c["chart"] for s in document["sections"] for r in s["rows"] for c in r["cells"] if c["chart"]]
    dots, bars = [c for c in charts if not c["shares"]], [c for c in charts if c["shares"]]
    told = []
    if dots:
        parts = ["diamond, value"]
        parts += ["circle, one site"] if any(c["points"] for c in dots) else []
        parts += ["thick line, interval"] if any(c["interval"] for c in dots) else []
        parts += ["dashed line, cut"] if any(c["cuts"] for c in dots) else []
        told.append(f"In the charts: {'; '.join(parts)}.")
    if bars:
        told.append("In the bars: percent of those who answered, from the lowest level to the highest.")
    return told


def _mark(kind: str, role: str, *at: float, **more: Any) -> Mark:
    return Mark(kind, role, tuple(round(x, 2) for x in at), colour=more.pop("colour", COLOURS[role]), **more)


def _dots(chart: Mapping[str, Any], width: float) -> Drawing:
    span = chart["to"] - chart["from"]

    def place(x: float) -> float:
        share = (x - chart["from"]) / span if span > 0 else 0.5
        return _LEFT + min(max(share, 0.0), 1.0) * (width - 2 * _LEFT)

    levels: dict[float, int] = {}
    points = []
    for value in chart["points"]:
        level = levels.get(value, 0)
        levels[value] = level + 1
        points.append((value, level))
    axis = 8.0 + 5.0 * max(levels.values(), default=1)
    marks = [_mark("line", "axis", _LEFT, axis, width - _LEFT, axis)]
    for x in _ticks(chart["from"], chart["to"]):
        marks.append(_mark("line", "axis", place(x), axis, place(x), axis + 3))
    for x in chart["cuts"]:
        marks.append(_mark("line", "cut", place(x), 1, place(x), axis + 3, dashed=True))
    for value, level in points:
        marks.append(_mark("dot", "site", place(value), axis - 5 - 5 * level, 2.1))
    if chart["interval"] is not None:
        low, high = chart["interval"]
        marks.append(_mark("line", "whisker", place(low), axis, place(high), axis))
    marks.append(_mark("diamond", "value", place(chart["value"]), axis, 4.0))
    for x in (chart["from"], chart["to"]):
        marks.append(_mark("text", "label", place(x), axis + 11, text=f"{x:g}".replace("-", "−")))
    return Drawing(width, axis + 13, tuple(marks), chart["words"])


def _ticks(low: float, high: float) -> list[float]:
    whole = high - low
    if whole <= 0:
        return []
    n = int(whole) if whole == int(whole) and whole <= 10 else 4
    return [low + whole * i / n for i in range(n + 1)]


def _bar(chart: Mapping[str, Any], width: float) -> Drawing:
    shares = chart["shares"]
    colours = _shades([s["side"] for s in shares])
    inner = width - 2 * _LEFT
    marks = []
    x = _LEFT
    for share, colour in zip(shares, colours, strict=True):
        size = inner * share["percent"] / 100
        marks.append(_mark("box", "value", x, 3, size, 15, colour=colour))
        if size >= 18:
            ink = max(_INKS, key=lambda ink: contrast(ink, colour))
            text = f"{share['percent']:.0f}"
            marks.append(_mark("text", "label", x + size / 2, 13.6, text=text, colour=ink))
        x += size
    first, last = shares[0]["label"], shares[-1]["label"]
    half = int(inner / 2 / 4.1)
    marks.append(_mark("text", "label", _LEFT, 27, text=_short(first, half), anchor="start"))
    marks.append(_mark("text", "label", width - _LEFT, 27, text=_short(last, half), anchor="end"))
    return Drawing(width, 31, tuple(marks), chart["words"])


def _short(text: str, size: int) -> str:
    return text if len(text) <= size else text[: max(size - 1, 1)].rstrip() + "…"


def _shades(sides: list[str]) -> list[str]:
    """Darkest at the ends; levels without a middle go from light to dark."""
    below, above = sides.count("below"), sides.count("above")
    if not below and not above:
        n = max(len(sides) - 1, 1)
        return [_ABOVE[3 - round(3 * i / n)] for i in range(len(sides))]
    colours, seen_below, seen_above = [], 0, 0
    for side in sides:
        if side == "below":
            colours.append(_BELOW[min(seen_below, 3)])
            seen_below += 1
        elif side == "above":
            colours.append(_ABOVE[min(above - 1 - seen_above, 3)])
            seen_above += 1
        else:
            colours.append(_NEUTRAL)
    return colours


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours from 1 to 21 (WCAG 2.2, relative luminance).

    Examples
    --------
    >>> contrast("#ffffff", "#000000")
    21.0
    """

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def draw(axes: Any, told: Drawing, x: float, y: float, scale: float = 1.0) -> None:
    """Draw the marks on matplotlib axes whose unit is the point and whose y runs downwards."""
    from matplotlib.patches import Polygon, Rectangle

    for mark in told.marks:
        a = tuple(scale * v for v in mark.at)
        if mark.kind == "line":
            style = (0, (2, 2)) if mark.dashed else "-"
            thick = 3.0 if mark.role == "whisker" else 0.9
            axes.plot(
                [x + a[0], x + a[2]], [y + a[1], y + a[3]], color=mark.colour, lw=thick, ls=style, solid_capstyle="butt"
            )
        elif mark.kind == "dot":
            axes.plot(x + a[0], y + a[1], "o", ms=2 * a[2], mfc="white", mec=mark.colour, mew=0.9)
        elif mark.kind == "diamond":
            corners = [(x + a[0], y + a[1] - a[2]), (x + a[0] + a[2], y + a[1])]
            corners += [(x + a[0], y + a[1] + a[2]), (x + a[0] - a[2], y + a[1])]
            axes.add_patch(Polygon(corners, closed=True, fc=mark.colour, ec="none"))
        elif mark.kind == "box":
            axes.add_patch(Rectangle((x + a[0], y + a[1]), a[2], a[3], fc=mark.colour, ec="white", lw=0.7))
        else:
            side = {"middle": "center", "start": "left", "end": "right"}[mark.anchor]
            options = {"ha": side, "va": "baseline", "color": mark.colour, "parse_math": False}
            axes.text(x + a[0], y + a[1], mark.text, fontsize=7.5, **options)
