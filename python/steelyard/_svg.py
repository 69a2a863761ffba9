"""A matplotlib figure as inline SVG: deterministic bytes, ids of its own, and a text alternative."""

from __future__ import annotations

import html
import io
import re
from typing import Any


def inline_svg(figure: Any, *, title: str, description: str, prefix: str) -> str:
    """Return `figure` as an `<svg>` element that can stand in an HTML page.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        It is closed afterwards.
    title, description
        The text alternative, read aloud by screen readers.
    prefix
        Put before each id, so that several figures can share a page.
    """
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": prefix, "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    plt.close(figure)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", text)
    text = re.sub(r'xlink:href="#([^"]+)"', rf'xlink:href="#{prefix}-\1"', text)
    names = f'role="img" aria-labelledby="{prefix}-title {prefix}-desc"'
    words = (
        f'<title id="{prefix}-title">{html.escape(title)}</title>'
        f'<desc id="{prefix}-desc">{html.escape(description)}</desc>'
    )
    return re.sub(r"<svg([^>]*)>", lambda m: f"<svg{m.group(1)} {names}>{words}", text, count=1)
