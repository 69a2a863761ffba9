"""One self-contained HTML page of a weighting experiment: verdict, contest table, figures, how to report it."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from ._html import listed, table
from ._svg import inline_svg

if TYPE_CHECKING:
    from ._experiment_result import WeightingResult

_FIGURES = {
    "gains": "Gain of every scheme in held-out R2, with its interval; the grey band is too small to matter.",
    "slopes": "Slope of every item under every scheme; the dashed line is the common slope of the plain total.",
    "outcome": "Plain total of every site against its outcome; areas follow the number of participants.",
}


def page(result: WeightingResult) -> str:
    """Write the page."""
    figures = []
    for kind, caption in _FIGURES.items():
        axes = result.plot(kind)
        svg = inline_svg(axes.figure, title=caption, description=axes.get_label(), prefix=f"contest-{kind}")
        figures.append(f"<figure>{svg}<figcaption>{html.escape(caption)}</figcaption></figure>")
    weights = result.tables["weights"]
    rows = list(zip(*weights.values(), strict=True))
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Weighting experiment</title>'
        "<style>body{font-family:sans-serif;max-width:60em;margin:2em auto;padding:0 1em;line-height:1.45}"
        "svg{max-width:100%;height:auto}</style></head><body>"
        f"<h1>Weighting experiment: {html.escape(result.verdict)}</h1>{result._html()}"
        f"{''.join(figures)}<h2>Weights</h2>"
        f"{table('Weights on all sites; they sum to the number of items', list(weights), rows, digits=2)}"
        f"<h2>How to report this</h2>{listed(result.how_to_report)}</body></html>"
    )
