"""Joint displays as HTML: caption, scopes, unique ids, language, print style; no script, nothing from outside."""

from __future__ import annotations

from functools import cache
from typing import Any

from . import _core


@cache
def _environment() -> Any:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("steelyard", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


_WIDTH = 168.0
_LEFT = 7.0


def _place(x: float, chart: dict[str, Any]) -> float:
    span = chart["to"] - chart["from"]
    share = (x - chart["from"]) / span if span > 0 else 0.5
    return round(_LEFT + min(max(share, 0.0), 1.0) * (_WIDTH - 2 * _LEFT), 2)


def _geometry(chart: dict[str, Any]) -> dict[str, Any]:
    """Return where each mark of a chart stands; sites with the same value are stacked."""
    stacked: dict[float, int] = {}
    points = []
    for value in chart["points"]:
        level = stacked.get(value, 0)
        stacked[value] = level + 1
        points.append((_place(value, chart), level))
    deepest = max(stacked.values(), default=0)
    axis = 8.0 + 5.0 * deepest if deepest else 14.0
    whole = chart["to"] - chart["from"]
    ticks = []
    if whole == int(whole) and 0 < whole <= 10:
        ticks = [_place(chart["from"] + i, chart) for i in range(int(whole) + 1)]
    elif whole > 0:
        ticks = [_place(chart["from"] + whole * i / 4, chart) for i in range(5)]
    return {
        "width": _WIDTH,
        "height": axis + 12.0,
        "axis": axis,
        "left": _LEFT,
        "right": _WIDTH - _LEFT,
        "ticks": ticks,
        "cuts": [_place(x, chart) for x in chart["cuts"]],
        "points": [(x, round(axis - 5.0 - 5.0 * level, 2)) for x, level in points],
        "interval": None if chart["interval"] is None else [_place(x, chart) for x in chart["interval"]],
        "value": _place(chart["value"], chart),
        "ends": [f"{chart['from']:g}", f"{chart['to']:g}"],
        "words": chart["words"],
    }


def _context(document: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {
        "d": document,
        "charts": any(c["chart"] for s in document["sections"] for r in s["rows"] for c in r["cells"]),
        "p": prefix,
        "language": document["spec"]["language"],
        "geometry": _geometry,
        "version": _core.__version__,
    }


def fragment(document: dict[str, Any], prefix: str) -> str:
    """Return one `<section>` with a style that applies inside it alone."""
    text: str = _environment().get_template("joint_display.html.j2").render(_context(document, prefix))
    return text


def page(document: dict[str, Any], prefix: str) -> str:
    """Return a whole page with one display."""
    body = fragment(document, prefix)
    context = {**_context(document, prefix), "body": body}
    text: str = _environment().get_template("joint_display_page.html.j2").render(context)
    return text
