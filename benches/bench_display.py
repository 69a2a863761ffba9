"""A display of 200 rows, each with a chart and two quotes: built and rendered as HTML."""

from __future__ import annotations

import steelyard as sy

from .harness import absolute


def display(rows: int) -> sy.JointDisplay:
    """Return a display of so many rows."""
    findings = [
        sy.Finding(
            f"f{i}",
            f"Finding {i}",
            1 + i % 5 / 2,
            n=6,
            n_unit="sites",
            population="these sites",
            scale=(1, 5),
            by_site={str(s): 1 + i % 5 / 2 for s in range(6)},
        )
        for i in range(rows)
    ]
    corpus = sy.Corpus(
        informants=[{"id": str(i)} for i in range(30)],
        themes=[{"id": f"t{i}", "name": f"Theme {i}", "description": "What it says."} for i in range(rows)],
        excerpts=[
            {
                "id": f"e{i}",
                "text": "It was a long sentence about the matter, said slowly and with some care. " * 2,
                "informant": str(i % 30),
                "themes": [f"t{i // 2}"],
                "findings": [f"f{i // 2}"],
                "valence": "barrier",
            }
            for i in range(2 * rows)
        ],
    )
    return sy.JointDisplay("lens", findings, corpus, sy.lenses.Cut(low=2.9, high=3))


def main() -> None:
    """Measure."""
    whole = display(200)
    assert len(whole.rows) == 200
    absolute("display of 200 rows: built from findings and corpus", lambda: display(200), at_most=1.0)
    absolute("display of 200 rows: rendered as HTML", lambda: whole.to_html(), at_most=1.0)
