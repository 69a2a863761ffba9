"""Write one page with three joint displays of the study (lens, visual, convergence), for axe-core."""

from __future__ import annotations

import sys
from pathlib import Path

import steelyard as sy


def displays() -> list[sy.JointDisplay]:
    """Return three displays of the study, one of them judged by two analysts."""
    items = sy.findings.of(sy.fidelity(sy.datasets.norway_ips()), cuts=(3, 4.5))
    useful = sy.findings.ordinal_mean(
        "usefulness",
        "Usefulness",
        levels=[1, 2, 3, 4, 5],
        counts=[3, 3, 19, 23, 30],
        names=["not at all", "a little", "somewhat", "useful", "very useful"],
        neutral=2,
    )
    corpus, lens = sy.corpus.norway(), sy.lenses.Cut(low=3, high=4.5)
    judged = sy.JointDisplay("lens", items, corpus, lens)
    judged = judged.judge("disclosure", "confirmation", by="AB", date="2026-03-01", meta_inference="Openness helps.")
    judged = judged.judge("team_contact", "expansion", by="AB", date="2026-03-01", dissent="CD does not agree.")
    judged = judged.judge("team_contact", "discordance", by="CD", date="2026-03-01")
    visual = sy.JointDisplay("visual", (useful, *items[:5]), corpus, title="Pictures")
    matrix = sy.JointDisplay("convergence", items, corpus, lens, vocabulary="triangulation-protocol")
    return [judged, visual, matrix]


def page() -> str:
    """Return the page."""
    body = "\n".join(f"<h2>Display {i}</h2>\n{d.html_fragment(f'd{i}')}" for i, d in enumerate(displays(), start=1))
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{head}<title>Three joint displays</title></head>'
        f"<body><main><h1>Three joint displays</h1>\n{body}</main></body></html>\n"
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
