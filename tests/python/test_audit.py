"""The audit from Python: verdicts, messages, the whole-table solver on the published study, figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import steelyard as sy
from steelyard.audit import Check, TableSolution


@pytest.mark.parametrize(("mean", "n", "possible"), [("5.27", 43, False), ("5.19", 28, False), ("7.22", 32, True)])
def test_grim_of_the_literature(mean: str, n: int, possible: bool) -> None:
    assert sy.audit.grim(mean, n).consistent is possible


def test_grimmer_gives_an_example_that_has_both() -> None:
    found = sy.audit.grimmer("3.10", "1.37", 10)
    assert found.consistent is True
    assert found.details["sums"] == [31, 113]
    answers = np.array(found.details["example"])
    assert (len(answers), f"{answers.mean():.2f}", f"{answers.std(ddof=1):.2f}") == (10, "3.10", "1.37")


def test_checks_can_be_tabulated_replayed_and_read() -> None:
    found = sy.audit.proportion("30", 78, count=23)
    assert found.tidy().loc[0, "consistent"] is np.False_
    assert Check.from_json(found.to_json()) == found
    assert "<caption" in found._repr_html_()


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: sy.audit.grim("3,5", 20), r"printed number not understood in mean: .*Write decimals with a point"),
    (lambda: sy.audit.grim("42%", 20), r"printed number not understood in mean: .*Leave the percent sign out"),
    (lambda: sy.audit.grim("3.1234567", 20), r"Round to the digits that were printed"),
    (lambda: sy.audit.grim("6.20", 20, low=1, high=5), r"mean outside its scale in mean: got 6\.20; allowed: 1 to 5"),
    (lambda: sy.audit.grimmer("3.1", "1.2", None), r"n is not a count in n: got None; allowed: an int\. Give the n"),
    (lambda: sy.audit.grimmer("3.1", "1.2", 1), r"at least 2"),
    (lambda: sy.audit.grim([3.1], 20), r"printed number not understood in mean: got \[3\.1\]"),
    (lambda: sy.audit.grim("3.1", 20, rounding="up"), r"unknown rounding in rounding: got 'up'"),
    (lambda: sy.audit.grimmer("3.1", "1.2", 20, ddof=2), r"divisor of the SD not allowed"),
    (lambda: sy.audit.proportion("101", 20), r"percentage outside its scale in percent: got 101; allowed: 0 to 100"),
    (lambda: sy.audit.proportion("50", 20, count=21), r"count above its n in count: got 21; allowed: 0 to 20"),
    (lambda: sy.audit.cuts({"n": 5}, {"n": 4}), r"second cut is smaller than the first"),
    (lambda: sy.audit.cuts({"percent": "5"}, {"n": 4}), r"cut of the data not understood in small: got no n"),
    (lambda: sy.audit.ranks(["1", "2"], [1]), r"values and ranks differ in number"),
    (lambda: sy.audit.table([["5", "6"]], low=1, high=5), r'score outside its scale in row "1", column "2": got 6'),
    (lambda: sy.audit.table([["5"], ["4"]], rows=["a", "a"]), r'two rows have the same name: got "a"'),
    (
        lambda: sy.audit.table([["5", "4"]], row_means={"high": ["4.5"]}, groups={"high": ["9"]}),
        r"group names columns that do not exist in high: got 9; allowed: 1, 2",
    ),
]


@pytest.mark.parametrize(("call", "words"), REFUSED)
def test_what_is_refused_says_what_to_do(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(sy.InputError, match=words):
        call()


def published_table() -> TableSolution:
    study = sy.datasets.norway_ips()
    means = study.published.item_means
    found: TableSolution = sy.audit.table(
        study.score_matrix.T,
        row_means={name: list(means[f"mean_{name}"]) for name in ("all", "less_performing", "high_performing")},
        groups={"less_performing": ["1", "2", "4"], "high_performing": ["3", "5", "6"]},
        column_totals=[study.published.totals[s] for s in study.site_ids],
        rows=study.item_ids,
        columns=study.site_ids,
        low=1,
        high=5,
    )
    return found


def test_twelve_half_points_explain_the_published_table() -> None:
    found = published_table()
    assert (found.consistent, found.step, found.display, len(found.hidden)) == (False, 0.5, "half-up", 12)
    assert {c["place"] for c in found.conflicts} == {h["row"] for h in found.hidden}
    assert sum(c["margin"] == "all" for c in found.conflicts) == 9
    assert TableSolution.from_json(found.to_json()).to_json() == found.to_json()


def test_the_table_draws_with_and_without_axes() -> None:
    from matplotlib.figure import Figure

    found = published_table()
    own = Figure().add_subplot()
    assert found.plot(own) is own
    axes = found.plot()
    assert len(axes.get_yticklabels()) == 25
    assert sum(label.get_text().endswith("*") for label in axes.get_yticklabels()) == 12
    axes.figure.canvas.draw()
    plain = sy.audit.table([["5", "4"]], row_means={"all": ["4.5"]})
    assert "follows" in plain.plot().get_xlabel()
