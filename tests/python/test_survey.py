"""Surveys: Tables 3 and 4 of the study cell by cell, rank sets, sites, silence, bounds, messages, figures."""

from __future__ import annotations

import csv
import importlib.resources
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import steelyard as sy
from steelyard._shares import ask
from steelyard.survey import SurveyResult


def printed(name: str) -> list[dict[str, str]]:
    path = importlib.resources.files("steelyard") / "data" / "norway_ips" / f"{name}.csv"
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def study() -> SurveyResult:
    found: SurveyResult = sy.survey(sy.datasets.norway_ips())
    return found


def test_table_3_cell_by_cell() -> None:
    for item, cells in zip(study().items, printed("survey_statements"), strict=True):
        told = (item.id, item.kind, item.label, item.printed, item.n)
        expected = (
            cells["statement_id"],
            cells["kind"],
            cells["statement"],
            f"{cells['yes_percent']} %",
            int(cells["n"]),
        )
        assert told == expected
        assert f"{100 * item.share:.0f}" == cells["yes_percent"]
        # Below 100 answers a whole percentage names one count.
        assert item.k_low == item.k_high == item.k
    first = study().items[1]
    assert (first.k, round(100 * first.low, 2), round(100 * first.high, 2)) == (71, 84.02, 96.38)


def test_table_4_cell_by_cell() -> None:
    found = study()
    rows = found.likert
    for (_, row), cells in zip(rows.iterrows(), printed("satisfaction"), strict=True):
        told = (row["question"], str(row["level"]), row["label"], row["percent"], str(row["count"]))
        assert told == (cells["question"], cells["level"], cells["label"], cells["percent"], cells["count"])
    satisfaction, usefulness = found.questions
    assert [round(q.mean, 4) for q in found.questions] == [3.9487, 3.9487]
    answers = np.repeat([1, 2, 3, 4, 5], [3, 3, 19, 23, 30])
    assert usefulness.sd == pytest.approx(answers.std(ddof=1), abs=1e-14)
    assert usefulness.median == np.median(answers)
    assert satisfaction.positive == pytest.approx(70 / 78)
    assert set(satisfaction.sides) == {"negative", "positive"}


def test_rank_sets_respect_overlap_and_ties() -> None:
    ranks = {s.id: (s.rank_best, s.rank_worst) for s in study().items}
    assert ranks["specialist_available"] == ranks["disclosure_freedom"] == (1, 4)
    assert ranks["support_plan"] == (3, 6)
    assert ranks["illness"] == (1, 2)
    tied = {s.id: s.tied_with for s in study().items}
    assert tied["specialist_available"] == ("disclosure_freedom",)


@given(st.lists(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1, max_size=8))
def test_the_rank_of_the_estimate_is_in_its_set(counts: list[tuple[int, int]]) -> None:
    sets = ask("rank-sets", counts=counts, level=0.95)
    for (k, n), ranks in zip(counts, sets, strict=True):
        above = sum(a / b > k / n for a, b in counts)
        level = sum(a / b == k / n for a, b in counts)
        assert ranks["best"] <= above + 1
        assert above + level <= ranks["worst"]


def test_rank_sets_hold_the_true_ranks_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    truth = np.array([0.8, 0.7, 0.55, 0.5, 0.3])
    held = 0
    for _ in range(400):
        sets = ask("rank-sets", counts=[(int(k), 76) for k in rng.binomial(76, truth)], level=0.9)
        held += all(s["best"] <= i + 1 <= s["worst"] for i, s in enumerate(sets))
    # Simultaneous at 90 %, conservative by Bonferroni; three standard errors below it would be a failure.
    assert held / 400 > 0.9 - 3 * np.sqrt(0.09 / 400)


def test_non_response_bounds() -> None:
    item = study().items[1]
    assert (item.bound_low, item.bound_high, item.bound_of) == (71 / 227, 221 / 227, "227 recruited")
    question = study().questions[0]
    assert question.bound_low == pytest.approx((308 + 149) / 227)
    assert question.bound_high == pytest.approx((308 + 5 * 149) / 227)


def responses() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "site": ["a"] * 4 + ["b"] * 4 + ["c"] * 4,
            "help": [1, 1, 1, 0, 1, 0, 0, 0, 1, 1, 0, None],
            "travel": ["no", "no", "yes", "no"] * 3,
        }
    )


def test_answers_with_sites_use_the_sites() -> None:
    found = sy.survey(responses=responses(), kinds={"help": "facilitator", "travel": "barrier"})
    help_, travel = found.items
    assert (help_.k, help_.n, help_.method) == (6, 11, "logit t over sites")
    # The same by hand: residual totals over sites, t with two degrees of freedom, on the logit scale.
    p, k, n = 6 / 11, np.array([3, 1, 2]), np.array([4, 4, 3])
    error = np.sqrt(3 / 2 * ((k - p * n) ** 2).sum()) / 11 / (p * (1 - p))
    ends = 1 / (1 + np.exp(-(np.log(p / (1 - p)) + np.array([-1, 1]) * 4.302652729911275 * error)))
    assert [help_.low, help_.high] == pytest.approx(list(ends), abs=1e-10)
    # Every site has one of four: no spread to learn from, so the interval is that of k of n, and this is said.
    assert travel.method == "wilson"
    assert any("no spread to learn from" in note and "travel" in note for note in found.caveats)
    assert [(s.site, s.k, s.n) for s in found.sites if s.id == "help"] == [("a", 3, 4), ("b", 1, 4), ("c", 2, 3)]


def test_open_questions_that_yielded_nothing_are_silence() -> None:
    found = sy.survey(sy.datasets.norway_ips(), open_questions={"Anything else?": ["", None, " "], "Why?": (2, 50)})
    silent, raised = found.open_questions
    assert (silent.status, silent.asked, silent.answers) == ("not-raised", 96, 0)
    # One-sided 95 %: 1 - 0.05^(1/96).
    assert silent.most == pytest.approx(1 - 0.05 ** (1 / 96), abs=1e-9)
    assert (raised.status, raised.most) == ("raised", None)
    assert found.asked[0] == {"finding": "Anything else?", "topic": "Anything else?", "status": "not-raised"}
    assert "asked 96 people, nobody raised anything; at most 3.1 %" in repr(found)
    display = sy.JointDisplay(
        findings=[sy.Finding("Anything else?", "Anything else?", 0.0, n=96)],
        corpus=sy.corpus.norway(),
        lens=sy.lenses.Cut(low=3, high=4.5),
        asked=found.asked[:1],
    )
    assert "silence" in repr(display).casefold()


def test_barriers_and_facilitators_side_by_side() -> None:
    rows = study().determinants.set_index("id")
    assert rows["level"].value_counts().to_dict() == {"participant": 12, "service provider": 6}
    assert rows.loc["regular_follow_up", ["informants", "valence"]].tolist() == [3, "facilitator 3, mixed 1"]
    assert rows.loc["community_based_services", "polarity"] == "barrier"
    # A qualitative claim carried up the ladder: three of twelve interviewed, among 227.
    assert rows.loc["regular_follow_up", ["bound_low", "bound_high"]].tolist() == [3 / 227, (3 + 215) / 227]
    assert rows["bound_of"].tolist().count("227 recruited") == (rows["informants"] > 0).sum()
    assert rows.loc["team_contact", "number"] == "2.50 on 1 to 5 (sites 1 to 3)"


def test_the_result_is_data() -> None:
    found = study()
    assert SurveyResult.from_json(found.to_json()) == found
    page = found._repr_html_()
    assert page.count("<caption") == 5
    assert "max-height" in page
    assert found.tidy()["term"].tolist()[:2] == ["quicker_progress", "specialist_available"]


def levels(counts: list[int], sides: list[str] | None = None) -> SurveyResult:
    size = len(counts)
    rows: dict[str, Any] = {"question": ["q"] * size, "level": range(1, size + 1), "count": counts}
    found: SurveyResult = sy.survey(likert=rows, sides=None if sides is None else {"q": sides})
    return found


@pytest.mark.parametrize("neutral", ["centre", "side", "none"])
@pytest.mark.parametrize("counts", [[1, 2, 3, 4, 5], [0, 0, 0, 0, 7], [7, 0, 0, 0, 0], [0, 0, 7, 0, 0]])
def test_diverging_bars_for_every_shape(counts: list[int], neutral: str) -> None:
    axes = levels(counts, ["-", "-", "0", "+", "+"]).plot(neutral=neutral)
    axes.figure.canvas.draw()
    # A share is drawn once, as wide as it is; a neutral level that is left out is named.
    drawn = sum(patch.get_width() for patch in axes.patches)
    hidden = 100 * counts[2] / sum(counts) if neutral == "none" else 0
    assert drawn == pytest.approx(100 - hidden)
    assert ("not drawn" in axes.get_yticklabels()[0].get_text()) is (neutral == "none")


def test_asymmetric_scales_and_scales_without_sides_draw() -> None:
    axes = study().plot()
    axes.figure.canvas.draw()
    assert axes.get_label().startswith("Diverging bars. satisfaction (n = 78): Dissatisfied 1 %")
    starts = [patch.get_x() for patch in axes.patches]
    assert min(starts) == pytest.approx(-100 * 8 / 78)
    unstated = levels([1, 2, 3])
    assert "middle level across the line" in unstated.plot().get_yticklabels()[0].get_text()
    assert any("Sides are not stated" in note for note in unstated.caveats)


def test_statements_draw() -> None:
    from matplotlib.figure import Figure

    own = Figure(layout="constrained").add_subplot()
    found = study()
    assert found.plot_statements(own) is own
    axes = found.plot_statements()
    axes.figure.canvas.draw()
    assert len(axes.get_yticklabels()) == 12
    plain = sy.survey({"statement_id": ["a"], "n": [10], "count": [3]})
    plain.plot().figure.canvas.draw()


def rows(**changed: Any) -> dict[str, Any]:
    return {"statement_id": ["a", "b"], "statement": ["A", "B"], "yes_percent": ["50", "60"], "n": [10, 10]} | changed


BAD: list[tuple[Callable[[], Any], str]] = [
    (lambda: sy.survey(), r"no survey in data"),
    (lambda: sy.survey({"statement_id": ["a"]}), r"survey lacks a column in survey: got n, yes_percent or count"),
    (lambda: sy.survey(rows(yes_percent=["50,5", "60"])), r'row 1 \("a"\), column yes_percent.*Write decimals with a'),
    (lambda: sy.survey(rows(yes_percent=["50%", "60"])), r"Leave the percent sign out"),
    (lambda: sy.survey(rows(yes_percent=["505", "60"])), r"percentage outside its scale"),
    (lambda: sy.survey(rows(yes_percent=["55", "60"])), r"percentage that no count gives .* got 55 % of 10"),
    (lambda: sy.survey(rows(n=[None, 10])), r'statement without its n in survey, row 1 \("a"\)'),
    (lambda: sy.survey(rows(n=[0, 10])), r"statement that nobody answered"),
    (
        lambda: sy.survey(rows(count=[11, 3])),
        r"count out of range .* got 11 of 10.*each answer is a statement of its own",
    ),
    (lambda: sy.survey(rows(statement_id=["a", "a"])), r'labels collide .* got "a" twice'),
    (
        lambda: sy.survey(rows(statement=["Own illness", "own  illness"])),
        r'labels collide .* "Own illness" and "own  ill',
    ),
    (lambda: sy.survey(rows(), ladder={"recruited": 9}), r"more answers than people on the ladder in ladder: got 10"),
    (lambda: sy.survey(rows(), interval="exact"), r"unknown interval"),
    (lambda: sy.survey(responses={"a": ["1;3"]}), r'answer not understood .* got "1;3".*column of 0 and 1 for each'),
    (lambda: sy.survey(responses={"a": [None]}), r"statement that nobody answered"),
    (lambda: sy.survey(responses={"a": [1]}, site="clinic"), r"unknown column in site: got 'clinic'"),
    (lambda: sy.survey(responses={"a": [1], "site": [""]}), r"respondent without a site in responses, row 1"),
    (
        lambda: sy.survey(likert={"question": ["q"] * 2, "level": [1, 2], "count": [5, 7], "n": [10, 10]}),
        r"more answers than people .* got 12 answers of 10 people.*tick several",
    ),
    (lambda: sy.survey(likert={"question": ["q"], "level": [1]}), r"survey lacks a column in likert: got count"),
    (lambda: levels([1, 2], ["+", "-"]), r"sides of a scale not understood .* got \+, -"),
    (lambda: levels([1, 2], ["+"]), r"sides of a scale not understood"),
    (lambda: levels([0, 0]), r"question that nobody answered"),
    (lambda: levels([1, 2]).plot(neutral="left"), r"unknown place of neutral in neutral: got 'left'"),
    (
        lambda: sy.survey(likert={"question": ["q"] * 2, "level": [1, 1], "count": [5, 7]}),
        r"level given twice .* got 1, 1",
    ),
    (
        lambda: sy.survey(likert={"question": ["q"] * 2, "level": [1, 2], "count": [5, 7], "label": ["Yes", "yes"]}),
        r'labels collide .* got "Yes" and "yes"',
    ),
    (lambda: sy.survey(open_questions={"Why?": []}), r"open question without the number of people asked"),
    (lambda: sy.survey(open_questions={"Why?": "none"}), r"answers not understood"),
    (lambda: sy.survey(open_questions={"Why?": (3, 2)}), r"more answers than people asked .* got 3 of 2"),
]


@pytest.mark.parametrize(("call", "words"), BAD)
def test_bad_input_is_refused_with_a_remedy(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(sy.InputError, match=words):
        call()


def test_the_interval_over_sites_covers_where_wilson_does_not() -> None:
    from steelyard._shares import share
    from steelyard.survey import _over_sites

    rng = np.random.default_rng(1)
    sites = wilson = 0
    runs, truth, icc = 600, 0.8, 0.1
    for _ in range(runs):
        n = rng.integers(8, 20, 6)
        k = rng.binomial(n, rng.beta(truth * (1 / icc - 1), (1 - truth) * (1 / icc - 1), 6))
        plain = share(int(k.sum()), int(n.sum()))
        own = _over_sites(list(zip(k.tolist(), n.tolist(), strict=True)), 0.95) or (plain["low"], plain["high"])
        sites += own[0] <= truth <= own[1]
        wilson += plain["low"] <= truth <= plain["high"]
    # 1,500 runs gave 95.7 % over sites and 81.3 % for Wilson on the pooled answers.
    assert sites / runs > 0.95 - 3 * np.sqrt(0.95 * 0.05 / runs)
    assert wilson / runs < 0.88
