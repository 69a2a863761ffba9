"""Figures of the process evaluation: drawn without arguments and on given Axes, readable in print, told in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

import steelyard as sy
from steelyard._svg import inline_svg

CONTRAST = {"groups": "employment_group", "contrast": "high_performing minus less_performing"}


def figures() -> dict[str, tuple[Callable[..., Any], str]]:
    study = sy.datasets.norway_ips()
    fidelity = sy.fidelity(study, **CONTRAST)
    survey, audit = sy.survey(study), sy.audit(study)
    centres = sy.bootstrap(study.score_matrix.sum(axis=1), "mean", plan=sy.plans.Cluster(study.site_ids), rng=1)
    rated = sy.agreement([[1, 2, 3, 3, 2, 1, 4], [1, 2, 3, 3, 2, 2, 4]])
    tested = sy.permutation_test(([1.0, 2, 3], [4.0, 5, 6]), "difference of means")
    three, y = study.score_matrix[:, [3, 8, 16]], [0.2, 0.4, 0.5, 0.1, 0.3, 0.7]
    fit = sy.regress(three[:, :2], y)
    return {
        "bootstrap": (centres.plot, "estimate 98.17"),
        "jackknife after bootstrap": (centres.plot_jackknife_after, "without 6: 96"),
        "agreement": (rated.plot, "Krippendorff's alpha 0."),
        "permutations": (tested.plot, "observed -3, p = 0.1"),
        "importance": (sy.importance(three, y).plot, "item_1 0."),
        "coefficients": (fit.plot, "x_1 0.0"),
        "weights": (sy.schemes.Unit().fit(three, y).plot, "item_2 1.00"),
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
    # A notebook shows the figures that pyplot knows.
    assert axes.figure.number in plt.get_fignums()
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


def many_sites() -> tuple[sy.Study, list[str]]:
    """Sixty sites with long names that differ at the end, the last with a rate beyond chance."""
    names = [f"District psychiatric centre of the northern region, team {i:02d}" for i in range(60)]
    items = [item.id for item in sy.Scale.load("ips-25").items]
    scores = np.random.default_rng(3).integers(1, 6, (60, 25))
    sheet = {"site": names, **dict(zip(items, scores.T.tolist(), strict=True))}
    counts = {"site": names, "k": [20] * 59 + [36], "n": [40] * 60}
    return sy.Study(sheet, counts, scale="ips-25"), names


def test_sixty_sites_with_long_names_stay_legible() -> None:
    study, names = many_sites()
    strip = sy.fidelity(study).plot()
    assert max(strip.figure.get_size_inches()) < 20
    labels = [label.get_text() for label in strip.get_xticklabels()]
    assert len(set(labels)) == 60
    assert all("\n" not in text and len(text) < 80 for text in labels)
    table = study.site_table(sy.outcomes.Binomial("k", "n"))
    written = [text.get_text() for text in table.plot_funnel().texts]
    assert [text[-7:] for text in written] == ["team 59"]
    assert table.plot_funnel().get_label().endswith(f"Beyond the 95 % limits: {names[-1]}.")
    lowest = table.plot().get_yticklabels()[0].get_text()
    assert lowest.endswith("(n = 40)")


def test_the_funnel_of_counts_stands_about_the_pooled_rate() -> None:
    study, names = many_sites()
    weeks = [20, 22, 24] * 30 + [30, 32, 34] * 30
    people = {"site": np.repeat(names, 3).tolist(), "weeks": weeks, "months": [10.0] * 180}
    outcome = sy.outcomes.Count("weeks", exposure="months")
    table = sy.Study(study.scores, people, scale="ips-25").site_table(outcome)
    centre = table.plot_funnel().lines[0].get_xdata()[0]
    assert 2.2 < centre < 3.2
    alone = {"site": names, "weeks": [20] * 30 + [30] * 30, "months": [10.0] * 60}
    with pytest.raises(sy.InputError, match="no site has a standard error to draw against"):
        sy.Study(study.scores, alone, scale="ips-25").site_table(outcome).plot_funnel()


def test_levels_that_nobody_or_everybody_chose() -> None:
    words, sides = ["Disagree", "Neither", "Agree"], ["negative", "neutral", "positive"]
    counts = {"All agree": [0, 0, 40], "Hardly anyone against": [1, 20, 19], "None in the middle": [20, 0, 20]}
    rows = [
        {"question": q, "level": i + 1, "count": k, "label": words[i], "side": sides[i]}
        for q, each in counts.items()
        for i, k in enumerate(each)
    ]
    likert = {name: [row[name] for row in rows] for name in rows[0]}
    axes = sy.survey(likert=likert).plot()
    written = [text.get_text() for text in axes.texts]
    assert "100" in written
    assert "0" not in written
    assert any(text.startswith("Disagree 2") for text in written)
