"""A weighting experiment as a document, in the form that the writers of joint displays take: Word and LaTeX."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ._html import number

if TYPE_CHECKING:
    from ._experiment_result import WeightingResult

_HEADS = ("scheme", "held-out R2", "gain", "interval", "p", "p, all schemes", "sites won", "verdict")
_WIDTHS = (2.0, 1.2, 1.1, 1.8, 1.0, 1.2, 1.0, 2.6)


def document(result: WeightingResult) -> dict[str, Any]:
    """Lay out the contest table with its sentences below, and weights, scores and consequences as appendices."""
    rows, performance = result.tables["verdicts"], result.tables["performance"]
    body = [
        _row(
            name,
            [
                number(performance["q2"][c]),
                number(rows["gain"][c]),
                _interval(rows["conf_low"][c], rows["conf_high"][c]) if name != result.protocol.reference else "–",
                number(rows["p_value"][c]),
                number(rows["p_adjusted"][c]),
                number(performance["sites_won"][c]),
                rows["verdict"][c],
            ],
        )
        for c, name in enumerate(rows["scheme"])
    ]
    protocol = result.protocol
    return {
        "spec": {"language": "en"},
        "caption": f"Weighting experiment: {result.verdict} ({result.estimable.level})",
        "columns": [{"heading": head, "width": width} for head, width in zip(_HEADS, _WIDTHS, strict=True)],
        "sections": [
            {"heading": f"{protocol.outcome} at {protocol.n_sites} sites, {protocol.n_items} items", "rows": body}
        ],
        "notes": [*result.sentences, f"Gain: R2 minus that of {protocol.reference}. {protocol}.", *result.caveats],
        "appendices": [
            _appendix("Weights", "On all sites; they sum to the number of items.", result.tables["weights"]),
            _appendix("Secondary scores", "Of held-out predictions.", result.tables["scores"], digits=4),
            _appendix(
                "Consequences",
                "Pairs of sites that swap ranks and sites that change bands, beside what noise alone would change.",
                result.tables["consequences"],
            ),
            _list("How to report this", result.how_to_report),
        ],
    }


def _interval(low: float | None, high: float | None) -> str:
    return "–" if low is None else f"{number(low)} to {number(high)}"


def _row(name: str, cells: Sequence[str]) -> dict[str, Any]:
    return {"cells": [_cell(name, "label"), *(_cell(text, "detail") for text in cells)]}


def _cell(text: str, role: str) -> dict[str, Any]:
    return {"blocks": [{"role": role, "text": text, "language": "", "who": ""}], "chart": None}


def _appendix(heading: str, lead: str, columns: dict[str, tuple[Any, ...]], digits: int = 2) -> dict[str, Any]:
    rows = [[number(value, digits) for value in row] for row in zip(*columns.values(), strict=True)]
    return {
        "heading": heading,
        "lead": lead,
        "columns": [name.replace("_", " ") for name in columns],
        "rows": [[text.replace("_", " ") for text in row] for row in rows],
    }


def _list(heading: str, lines: Iterable[str]) -> dict[str, Any]:
    return {"heading": heading, "lead": " ".join(lines), "columns": [], "rows": []}
