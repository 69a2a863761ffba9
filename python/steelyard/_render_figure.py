"""Joint displays as pictures, and their findings as a forest."""

from __future__ import annotations

import dataclasses
import html
import io
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from ._axes import axes_of
from ._render_chart import COLOURS, Drawing, draw, drawing, keys
from ._render_text import clean, description
from .errors import refuse

__all__ = ["forest", "save"]

_MARGIN, _PAD, _LEADING = 18.0, 8.0, 1.32
_TALLEST = 60_000  # pixels; above, no program opens the picture
_INK, _SOFT, _WARN = "#1d2329", "#46515a", "#7a3b00"
# size, weight, style and colour of each role
_ROLES = {
    "label": (9.0, "bold", "normal", _INK),
    "value": (10.5, "bold", "normal", _INK),
    "theme": (9.0, "bold", "normal", _INK),
    "fit": (9.0, "bold", "normal", "#123f57"),
    "absent": (9.0, "bold", "normal", _WARN),
    "detail": (7.8, "normal", "normal", _SOFT),
    "signal": (7.8, "normal", "normal", _SOFT),
    "caution": (7.8, "normal", "normal", _WARN),
    "paraphrase": (8.6, "normal", "italic", _INK),
    "quote": (8.6, "normal", "normal", _INK),
}
_PLAIN = (8.6, "normal", "normal", _INK)
_GAP = (4.0, "normal", "normal", _INK)  # an empty line that sets themes apart


@dataclasses.dataclass
class _Line:
    text: str
    font: tuple[float, str, str, str]
    indent: float = 0.0


@dataclasses.dataclass
class _Laid:
    """A cell with its lines wrapped, and its chart; heights in points."""

    parts: list[_Line | Drawing]
    height: float
    room: float


class _Ruler:
    """Widths of words in points, measured once each; characters without a glyph become a hollow box."""

    def __init__(self) -> None:
        from matplotlib.backends.backend_agg import RendererAgg
        from matplotlib.font_manager import FontProperties, findfont, get_font

        agg: Any = RendererAgg
        self._renderer = agg(10, 10, 72)
        self._properties = {
            (weight, style): FontProperties(family="DejaVu Sans", weight=weight, style=style)
            for weight in ("normal", "bold")
            for style in ("normal", "italic")
        }
        glyphs = [set(get_font(findfont(p)).get_charmap()) for p in self._properties.values()]
        self._known = set.intersection(*glyphs)
        self.width = lru_cache(maxsize=None)(self._width)

    def printable(self, text: str) -> str:
        return "".join(c if ord(c) in self._known else "\u25a1" for c in clean(text) if c == " " or c.isprintable())

    def font(self, size: float, weight: str, style: str) -> Any:
        found = self._properties[(weight, style)].copy()
        found.set_size(size)
        return found

    def _width(self, text: str, size: float, weight: str, style: str) -> float:
        width, _, _ = self._renderer.get_text_width_height_descent(text, self.font(size, weight, style), False)
        # Measured at 72 dots per inch; hinting at others makes words a little wider.
        return 1.04 * float(width)

    def wrap(self, text: str, font: tuple[float, str, str, str], room: float) -> Iterator[str]:
        size, weight, style, _ = font
        blank = self.width(" ", size, weight, style)
        line, used = "", 0.0
        for word in self._words(self.printable(" ".join(text.split())), font, room):
            wide = self.width(word, size, weight, style)
            if line and used + blank + wide > room:
                yield line
                line, used = word, wide
            else:
                line, used = (f"{line} {word}", used + blank + wide) if line else (word, wide)
        yield line

    def _words(self, text: str, font: tuple[float, str, str, str], room: float) -> Iterator[str]:
        """Yield words; one that is wider than the column is cut."""
        size, weight, style, _ = font
        for word in text.split(" "):
            while len(word) > 1 and self.width(word, size, weight, style) > room:
                cut = max(1, int(len(word) * room / self.width(word, size, weight, style)) - 1)
                yield word[:cut]
                word = word[cut:]
            yield word


def _lay(cell: dict[str, Any], room: float, ruler: _Ruler) -> _Laid:
    parts: list[_Line | Drawing] = []
    height = 0.0
    for position, block in enumerate(cell["blocks"]):
        font = _ROLES.get(block["role"], _PLAIN)
        is_said = block["role"] in ("quote", "paraphrase")
        text = f"\u201c{block['text']}\u201d" if block["role"] == "quote" else block["text"]
        if block["who"]:
            text += f" \u2014 {block['who']}" + (", paraphrased" if block["role"] == "paraphrase" else "")
        indent = 8.0 if is_said else 0.0
        if position and block["role"] == "theme":
            parts.append(_Line("", _GAP))
            height += _GAP[0] * _LEADING
        for line in ruler.wrap(text, font, room - indent):
            parts.append(_Line(line, font, indent))
            height += font[0] * _LEADING
        if position == 0 and cell["chart"]:
            told = drawing(cell["chart"])
            parts.append(told)
            height += told.height * min(1.0, room / told.width) + 2
    return _Laid(parts, height, room)


def _plain(text: str, font: tuple[float, str, str, str], room: float, ruler: _Ruler) -> _Laid:
    lines = [_Line(line, font) for line in ruler.wrap(text, font, room)]
    return _Laid(list(lines), font[0] * _LEADING * len(lines), room)


def save(document: dict[str, Any], path: Path, kind: str, *, width: float, dpi: int) -> None:
    """Write the display as PNG or SVG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    if not 3 <= width <= 60 or not 30 <= dpi <= 1200:
        raise refuse(
            "size of picture not allowed", at="width, dpi", got=f"{width}, {dpi}", allowed="3 to 60, 30 to 1200"
        )
    ruler = _Ruler()
    rows, height = _rows(document, width * 72, ruler)
    if kind == "png" and height / 72 * dpi > _TALLEST:
        raise refuse(
            "display too tall for a picture",
            at=str(path),
            got=f"{height / 72 * dpi:.0f} pixels",
            allowed=f"{_TALLEST}",
            remedy="Pass a lower dpi, or write SVG, HTML or Word.",
        )
    with mpl.rc_context({"svg.hashsalt": "steelyard", "svg.fonttype": "path", "font.family": "DejaVu Sans"}):
        figure = Figure(figsize=(width, height / 72))
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_xlim(0, width * 72)
        axes.set_ylim(height, 0)
        axes.axis("off")
        for y, kind_of, cells in rows:
            _paint(axes, y, kind_of, cells, width * 72, ruler)
        title, words = clean(document["caption"]), description(document)
        if kind == "svg":
            path.write_text(_described(figure, title, words), encoding="utf-8")
            return
        metadata = {"Title": title, "Description": words, "Software": None}
        figure.savefig(path, format=kind, dpi=dpi, metadata=metadata, facecolor="white")


def _described(figure: Any, title: str, words: str) -> str:
    """Return the figure as SVG with its text alternative where screen readers look for it."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, facecolor="white")
    head, mark, tail = buffer.getvalue().partition("<svg ")
    opening, close, rest = tail.partition(">")
    names = 'role="img" aria-labelledby="display-title display-words" '
    text = f'<title id="display-title">{html.escape(title)}</title><desc id="display-words">{html.escape(words)}</desc>'
    return head + mark + names + opening + close + text + rest


def _rows(document: dict[str, Any], width: float, ruler: _Ruler) -> tuple[list[tuple[float, str, list[Any]]], float]:
    """Return each painted row as (top, kind, [(x, laid cell)]), and the height of all."""
    inner = width - 2 * _MARGIN
    columns = document["columns"]
    whole = sum(c["width"] for c in columns)
    sizes = [inner * c["width"] / whole for c in columns]
    lefts = [_MARGIN + sum(sizes[:i]) for i in range(len(sizes))]
    rows: list[tuple[float, str, list[Any]]] = []
    y = _MARGIN

    def put(kind: str, cells: list[tuple[float, _Laid]], gap: float = 2 * _PAD) -> None:
        nonlocal y
        rows.append((y, kind, cells))
        y += max((laid.height for _, laid in cells), default=0.0) + gap

    put("plain", [(_MARGIN, _plain(document["caption"], (13.0, "bold", "normal", _INK), inner, ruler))])
    heads = [
        _plain(c["heading"], (8.6, "bold", "normal", _INK), s - _PAD, ruler)
        for c, s in zip(columns, sizes, strict=True)
    ]
    put("head", list(zip(lefts, heads, strict=True)))
    for section in document["sections"]:
        put("section", [(_MARGIN, _plain(section["heading"], (9.4, "bold", "normal", _INK), inner, ruler))])
        for row in section["rows"]:
            laid = [_lay(cell, size - _PAD, ruler) for cell, size in zip(row["cells"], sizes, strict=True)]
            put("row", list(zip(lefts, laid, strict=True)))
    put("end", [], gap=_PAD)
    for note in [*keys(document), *(f"\u2022 {note}" for note in document["notes"])]:
        put("plain", [(_MARGIN, _plain(note, (7.8, "normal", "normal", _SOFT), inner, ruler))], gap=2.0)
    return rows, y + _MARGIN


def _paint(axes: Any, top: float, kind: str, cells: list[Any], width: float, ruler: _Ruler) -> None:
    right = width - _MARGIN
    thick = {"head": 1.6, "section": 0.0, "row": 0.5, "end": 1.6}.get(kind)
    if thick:
        axes.plot([_MARGIN, right], [top - _PAD / 2] * 2, color=_INK if thick > 1 else "#c9d0d6", lw=thick)
    if kind == "section":
        axes.plot([_MARGIN, right], [top - _PAD / 2] * 2, color=_INK, lw=0.8)
    for x, laid in cells:
        y = top + _PAD / 2
        for part in laid.parts:
            if isinstance(part, Drawing):
                scale = min(1.0, laid.room / part.width)
                draw(axes, part, x, y, scale)
                y += part.height * scale + 2
                continue
            size, weight, style, colour = part.font
            y += size * _LEADING
            if part.indent:
                axes.plot([x + 2, x + 2], [y - size * _LEADING, y], color="#1f5673", lw=1.4, solid_capstyle="butt")
            axes.text(
                x + part.indent,
                y - size * (_LEADING - 1.05),
                part.text,
                fontproperties=ruler.font(size, weight, style),
                color=colour,
                va="baseline",
                parse_math=False,
            )


def forest(document: dict[str, Any], ax: Any, unit: str | None) -> Any:
    """Draw the findings of one unit: value, interval, sites and cuts, each on its line."""
    chosen = {e["finding"] for e in document["selection"] if e["selected"]}
    findings = [f for f in document["spec"]["findings"] if not chosen or f["id"] in chosen]
    units = list(dict.fromkeys(f["unit"] for f in findings))
    unit = units[0] if unit is None and units else unit
    own = [f for f in findings if f["unit"] == unit]
    if not own:
        raise refuse("no finding in this unit", at="unit", got=repr(unit), allowed=", ".join(map(repr, units)))
    smallest = document["spec"]["privacy"]["smallest_cell"]
    own = [f for f in own if not _is_small(f, smallest)]
    ax = axes_of(ax, 7.5, 0.9 + 0.32 * len(own))
    for y, finding in enumerate(own):
        if finding["interval"] is not None:
            ends = (finding["interval"]["low"], finding["interval"]["high"])
            ax.plot(ends, (y, y), color=COLOURS["whisker"], lw=2.4, solid_capstyle="butt")
        sites = [s["value"] for s in finding["by_site"]]
        ax.plot(sites, [y] * len(sites), "o", ms=4, mfc="white", mec=COLOURS["site"], mew=0.9)
        ax.plot(finding["value"], y, "D", ms=6, color=COLOURS["value"])
        for cut in (finding["cuts"]["low"], finding["cuts"]["high"]):
            if cut is not None:
                ax.plot((cut, cut), (y - 0.4, y + 0.4), color=COLOURS["cut"], lw=0.9, ls=(0, (2, 2)))
    ax.set_yticks(range(len(own)), [clean(f["label"]).replace("$", r"\$") for f in own])
    ax.set_ylim(len(own) - 0.4, -0.6)
    ax.set_xlabel(clean(unit or "").replace("$", r"\$"))
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return ax


def _is_small(finding: dict[str, Any], smallest: int) -> bool:
    count = finding["count"]
    return count is not None and any(0 < k < smallest for k in (count, finding["n"] - count))
