"""Figures of the process evaluation: drawn without arguments and on given Axes, readable in print, told in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from matplotlib.figure import Figure

import steelyard as sy
from steelyard._svg import inline_svg

CONTRAST = {"groups": "employment_group", "contrast": "high_performing minus less_performing"}


def figures() -> dict[str, tuple[Callable[..., Any], str]]:
    study = sy.datasets.norway_ips()
    fidelity = sy.fidelity(study, **CONTRAST)
    survey, audit = sy.survey(study), sy.audit(study)
    return {
        "heat strip": (fidelity.plot, "site 6: 109 (good); site 2: 103 (good)"),
        "item profile": (fidelity.plot_items, "Caseload size: 5.00"),
        "reach ladder": (sy.reach(study).plot, "Target population: not reported."),
        "diverging bars": (survey.plot, "usefulness (n = 78): Not useful at all 4 %"),
        "statements": (survey.plot_statements, "IPS specialist available when needed: 71 of 77, 92 %."),
        "findings of the audit": (audit.plot, "fidelity total, lowest centre: 97, possible 89."),
        "solved table": (audit.table.plot, "12 rows hide fractions"),
    }


@pytest.mark.parametrize("name", list(figures()))
def test_each_is_drawn_and_told(name: str) -> None:
    draw, words = figures()[name]
    given = Figure(figsize=(8, 8), layout="constrained").add_subplot()
    assert draw(given) is given
    axes = draw()
    assert words in axes.get_label()
    sizes = [text.get_fontsize() for text in [*axes.texts, *axes.get_yticklabels(), *axes.get_xticklabels()]]
    assert min(sizes) >= 6
    svg = inline_svg(axes.figure, title=name, description=axes.get_label(), prefix="f")
    assert svg.count("<desc") == 1
    assert 'role="img"' in svg


def test_the_strip_shows_bands_and_groups_without_colour() -> None:
    study = sy.datasets.norway_ips()
    labels = [label.get_text() for label in sy.fidelity(study, **CONTRAST).plot().get_xticklabels()]
    assert labels[0] == "6\n109\ngood\n▲"
    assert labels[-1] == "5\n89\nfair\n▲"
    assert next(label.get_text() for label in sy.fidelity(study).plot().get_xticklabels()) == "6\n109\ngood"
