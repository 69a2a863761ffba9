r"""Joint displays in LaTeX: a `longtable` that breaks over pages, cells that wrap, special characters escaped.

One file compiles with pdflatex, xelatex and lualatex. A character that the engine or the font cannot print appears as
its code point in brackets, so that nothing vanishes in silence.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from ._render_chart import Drawing, Mark, drawing, keys
from ._render_text import clean

__all__ = ["escape", "latex"]

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": r"{-}",
    ",": r"{,}",
    "?": r"{?}",
    "!": r"{!}",
    "\u2212": r"\ensuremath{-}",
    "\u201c": r"\textquotedblleft{}",
    "\u201d": r"\textquotedblright{}",
    "\u2018": r"\textquoteleft{}",
    "\u2019": r"\textquoteright{}",
    "\u2013": r"\textendash{}",
    "\u2014": r"\textemdash{}",
    "\u2026": r"\textellipsis{}",
    "\u00a0": "~",
    "\u00d7": r"\ensuremath{\times}",
    "\u2264": r"\ensuremath{\leq}",
    "\u2265": r"\ensuremath{\geq}",
}
# Letters that T1 with inputenc sets in every installation.
_LATIN = frozenset(chr(c) for c in range(0xC0, 0x180)) - set("ĦħĸŁłŉŊŋŦŧſĿŀĮįŲųĪīŪūŌōĒēĀāŨũĨĩĹĻļ×÷")


def escape(text: str) -> str:
    r"""Escape a text so that LaTeX prints it and does nothing else with it.

    Examples
    --------
    >>> escape("50% of \\input{x} & more")
    '50\\% of \\textbackslash{}input\\{x\\} \\& more'
    """
    out = []
    for char in unicodedata.normalize("NFC", clean(text)):
        if char in _SPECIAL:
            out.append(_SPECIAL[char])
        elif " " <= char <= "~" or char in _LATIN:
            out.append(char)
        elif char in "\n\r\t\x85\u2028\u2029":
            out.append(" ")
        else:
            code = ord(char)
            out.append(rf"\sychar{{{code:X}}}{{{char}}}" if _is_visible(char) else rf"\symark{{{code:X}}}")
    return "".join(out)


def _is_visible(char: str) -> bool:
    """Tell whether a character prints by itself; marks, controls, and separators are named instead of set."""
    return unicodedata.category(char) not in ("Cc", "Cf", "Cn", "Co", "Cs", "Mn", "Me", "Mc", "Zl", "Zp", "Zs")


_PACKAGES = ("array", "booktabs", "graphicx", "longtable", "xcolor", "textcomp")
_CHARACTERS = r"""% A character that the engine or the font lacks is printed as its code point.
\providecommand{\symark}[1]{{\scriptsize[U+#1]}}
\ifdefined\Umathcode
  \providecommand{\sychar}[2]{\iffontchar\font"#1 #2\else\symark{#1}\fi}
\else
  \providecommand{\sychar}[2]{\symark{#1}}
\fi
"""


_CAPTIONS = r"\setlength{\LTcapwidth}{\linewidth}"


def latex(document: dict[str, Any], *, standalone: bool = True) -> str:
    """Return the display as a LaTeX document, or as the table alone."""
    body = "\n".join(_table(document) + _below(document))
    if not standalone:
        need = ", ".join(_PACKAGES)
        return f"% Needs the packages {need}; with pdflatex also [T1]{{fontenc}}.\n{_CHARACTERS}{body}\n"
    wide = ",landscape" if len(document["columns"]) >= 4 else ""
    lines = [
        r"\documentclass[10pt]{article}",
        rf"\usepackage[a4paper,margin=18mm{wide}]{{geometry}}",
        r"\ifdefined\Umathcode",
        r"  \usepackage{fontspec}",
        r"\else",
        r"  \usepackage[T1]{fontenc}",
        r"  \usepackage[utf8]{inputenc}",
        r"  \usepackage{lmodern}",
        r"\fi",
        *(rf"\usepackage{{{name}}}" for name in _PACKAGES),
        _CHARACTERS.rstrip(),
        r"\setlength{\parindent}{0pt}\setlength{\tabcolsep}{3pt}\emergencystretch=3em",
        r"\begin{document}",
        body,
        r"\end{document}",
        "",
    ]
    return "\n".join(lines)


def _columns(widths: list[float]) -> str:
    cells = (rf"p{{\dimexpr {w:.4f}\linewidth-2\tabcolsep\relax}}" for w in widths)
    return "@{}" + "".join(rf">{{\raggedright\arraybackslash}}{c}" for c in cells) + "@{}"


def _heads(columns: list[str], caption: str) -> list[str]:
    head = " & ".join(rf"\bfseries {escape(c)}" for c in columns) + r" \\"
    return [
        rf"\caption{{{escape(caption)}}}\\",
        r"\toprule",
        head,
        r"\midrule",
        r"\endfirsthead",
        r"\toprule",
        head,
        r"\midrule",
        r"\endhead",
        r"\bottomrule",
        r"\endfoot",
    ]


def _table(document: dict[str, Any]) -> list[str]:
    columns = document["columns"]
    whole = sum(c["width"] for c in columns)
    spec = _columns([c["width"] / whole for c in columns])
    lines = [
        r"{\small" + _CAPTIONS,
        rf"\begin{{longtable}}{{{spec}}}",
        *_heads([c["heading"] for c in columns], document["caption"]),
    ]
    for number, section in enumerate(document["sections"]):
        lines.append(r"\addlinespace")
        lines.append(
            rf"\multicolumn{{{len(columns)}}}{{@{{}}l@{{}}}}{{\bfseries {escape(section['heading'])}}} \\*[2pt]"
        )
        for row in section["rows"]:
            lines.append(" &\n".join(_cell(cell) for cell in row["cells"]) + r" \\")
            lines.append(r"\addlinespace")
        if number + 1 < len(document["sections"]):
            lines.append(r"\midrule")
    return [*lines, r"\end{longtable}", "}"]


_STYLES = {
    "label": r"\textbf{%s}",
    "value": r"\textbf{%s}",
    "theme": r"\textbf{%s}",
    "fit": r"\textbf{%s}",
    "absent": r"\textbf{%s}",
    "detail": r"{\footnotesize %s}",
    "signal": r"{\footnotesize %s}",
    "caution": r"{\footnotesize\itshape %s}",
    "paraphrase": r"\textit{%s}",
}


def _cell(told: dict[str, Any]) -> str:
    parts = []
    for position, block in enumerate(told["blocks"]):
        text = escape(block["text"])
        if block["role"] == "quote":
            text = rf"\textquotedblleft{{}}{text}\textquotedblright{{}}"
        text = _STYLES.get(block["role"], "%s").replace("%s", text)
        if block["who"]:
            more = ", paraphrased" if block["role"] == "paraphrase" else ""
            text += rf" {{\footnotesize\textemdash{{}} {escape(block['who'] + more)}}}"
        parts.append(r"\smallskip " + text if position and block["role"] == "theme" else text)
        if position == 0 and told["chart"]:
            parts.append(_picture(drawing(told["chart"])))
    return "{" + r"\par ".join(parts) + "}" if parts else "{}"


_SCALE = 0.72
_THICK = {"whisker": 2.2, "cut": 0.4}
_DASH = 2.0


def _picture(told: Drawing) -> str:
    """Draw a chart in LaTeX's own picture environment."""
    size = f"({told.width * _SCALE:.2f},{told.height * _SCALE:.2f})"
    marks = [mark for told_mark in told.marks for mark in _put(told_mark, told.height * _SCALE)]
    return (
        r"{\setlength{\unitlength}{1pt}\begin{picture}" + size + "%\n" + "%\n".join(marks) + "%\n" + r"\end{picture}}"
    )


def _put(mark: Mark, bottom: float) -> list[str]:
    """Return the commands that put one mark; LaTeX counts upwards from the bottom."""
    a = [x * _SCALE for x in mark.at]
    colour = rf"\color[HTML]{{{mark.colour.lstrip('#').upper()}}}"

    def at(x: float, y: float, what: str) -> str:
        return rf"\put({x:.2f},{y:.2f}){{{what}}}"

    def rule(width: float, height: float) -> str:
        return rf"{colour}\rule{{{width:.2f}pt}}{{{height:.2f}pt}}"

    if mark.kind == "line":
        thick = _THICK.get(mark.role, 0.5)
        if mark.dashed:
            low, high = bottom - max(a[1], a[3]), bottom - min(a[1], a[3])
            starts = (low + 2 * _DASH * i for i in range(int((high - low) / (2 * _DASH)) + 1))
            return [at(a[0] - thick / 2, y, rule(thick, min(_DASH, high - y))) for y in starts if y < high]
        width, height = max(a[2] - a[0], thick), max(a[3] - a[1], thick)
        return [at(a[0], bottom - max(a[1], a[3]) - (thick / 2 if a[1] == a[3] else 0), rule(width, height))]
    if mark.kind == "dot":
        return [at(a[0], bottom - a[1], rf"{colour}\circle{{{2 * a[2]:.2f}}}")]
    if mark.kind == "diamond":
        side = a[2] * 2**0.5
        return [at(a[0], bottom - a[1], rf"\makebox(0,0){{\rotatebox[origin=c]{{45}}{{{rule(side, side)}}}}}")]
    if mark.kind == "box":
        return [at(a[0], bottom - a[1] - a[3], rule(max(a[2] - 0.4, 0.1), a[3]))]
    side_of = {"middle": "b", "start": "lb", "end": "rb"}[mark.anchor]
    return [at(a[0], bottom - a[1], rf"\makebox(0,0)[{side_of}]{{{colour}\tiny\smash{{{escape(mark.text)}}}}}")]


def _below(document: dict[str, Any]) -> list[str]:
    lines = [r"{\footnotesize" + _CAPTIONS, *(escape(key) + r"\par" for key in keys(document))]
    lines.append(r"\begin{itemize}\setlength{\itemsep}{0pt}")
    lines += [rf"\item {escape(note)}" for note in document["notes"]]
    lines += [r"\end{itemize}"]
    for appendix in document["appendices"]:
        if not appendix["rows"]:
            lines.append(rf"\par\textbf{{{escape(appendix['heading'])}.}} {escape(appendix['lead'])}\par")
            continue
        n = len(appendix["columns"])
        lines.append(rf"\begin{{longtable}}{{{_columns([1 / n] * n)}}}")
        lines += _heads(appendix["columns"], f"{appendix['heading']}. {appendix['lead']}")
        lines += [" & ".join("{" + escape(x) + "}" for x in row) + r" \\" for row in appendix["rows"]]
        lines.append(r"\end{longtable}")
    return [*lines, "}"]
