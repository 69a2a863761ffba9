"""The audit from Python: verdicts, messages, the whole-table solver on the published study, figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import steelyard as sy
from steelyard.audit import Check, TableSolution


@pytest.mark.parametrize(
    ("mean", "n", "possible"), [("5.27", 43, False), ("5.19", 28, False), ("7.22", 32, True), ("2.68", 28, True)]
)
def test_grim_of_the_literature(mean: str, n: int, possible: bool) -> None:
    assert sy.audit.grim(mean, n).consistent is possible


def test_the_other_values_of_the_literature() -> None:
    assert sy.audit.debit("0.19", "0.35", 1683).consistent is False
    assert sy.audit.grimmer("7.3", "2.51", 12).consistent is False
    assert sy.audit.sd_bounds(6, 97, 109)[1] == pytest.approx(6.5727, abs=5e-5)


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


def test_the_study_is_audited_without_false_alarms() -> None:
    found = sy.audit(sy.datasets.norway_ips())
    told = [(f.severity, f.rule, f.printed, f.possible) for f in found.findings]
    assert told == [
        ("error", "whole table", "21 means (9 all, 12 high performing)", "scores in steps of 0.5, rounded for print"),
        ("error", "whole table", "totals that need 586 to 589 points", "583 points by the means"),
        ("error", "text against tables", "97", "89"),
        ("error", "text against tables", "1.3", "1.167"),
        ("error", "text against tables", "6", "at most 5"),
        ("error", "SD against its own range", "8.1", "at most 6.57"),
        ("error", "count, percentage and n", "30 % (23 of 78)", "29.49 %"),
        ("error", "count, percentage and n", "39 % (30 of 78)", "38.46 %"),
        ("warning", "whole table", "mean 98.17, SD 8.06", "mean 97.17, SD 6.71 to 9.45"),
        ("warning", "two cuts of the data", "94", "92 %"),
        ("warning", "two cuts of the data", "81", "79 %"),
        ("warning", "two cuts of the data", "93", "92 %"),
        ("warning", "two cuts of the data", "46", "43 %"),
        ("warning", "two cuts of the data", "mean 3.95, SD 0.97", "mean 3.949, SD 1.005"),
        ("warning", "two cuts of the data", "mean 3.96, SD 1.06", "mean 3.949, SD 1.068"),
        ("note", "ranks and ties", "94 % before 93 % in the text", "92 % and 92 % in the table"),
    ]
    explained = " ".join(found.findings[0].alternatives)
    assert explained == "in each of 12 items one site of high performing scored 0.5 less than printed"
    whose = found["error"][5]
    assert whose.alternatives == ("8.1 is the SD of the totals in the table, which range from 89 to 109",)
    assert "The band is open for site 3 (fair or good)" in found["warning"][0].explanation


def test_every_claim_has_a_reading_and_a_verdict() -> None:
    claims = sy.audit(sy.datasets.norway_ips()).claims_table().set_index("claim")
    counts = claims["verdict"].value_counts().to_dict()
    assert counts == {
        "follows": 10,
        "does not follow": 3,
        "needs another cut of the data": 8,
        "possible by itself": 5,
        "not checkable": 1,
    }
    assert claims.loc["c04", "expected"] == "99.50"
    assert claims.loc["c10", "read_as"] == "43 % of 77 in the table"
    assert claims.loc["c26", "read_as"] == "refers to no table and has no n"


def test_the_result_is_data_and_fits_a_screen() -> None:
    found = sy.audit(sy.datasets.norway_ips())
    again = sy.audit.AuditResult.from_json(found.to_json())
    assert again.findings == found.findings
    assert again.claims == found.claims
    assert list(found.tidy().columns)[:5] == ["severity", "rule", "place", "printed", "possible"]
    assert len(repr(found).splitlines()) < 45
    page = found._repr_html_()
    assert "<caption" in page
    assert 'scope="row"' in page
    assert "max-height" in page
    axes = found.plot()
    axes.figure.canvas.draw()
    assert len(axes.get_yticklabels()) == len(found.findings)
    assert axes.get_label().startswith("Audit of 142 printed numbers: 8 errors, 7 warnings, 1 note.")


def sound_study() -> sy.Study:
    """A study whose means, totals, percentages and claims were computed from its data."""
    study = sy.datasets.norway_ips()
    rows = {"item_id": list(study.item_ids)}
    for name, sites in (("all", range(6)), ("less_performing", (0, 1, 3)), ("high_performing", (2, 4, 5))):
        rows[f"mean_{name}"] = [f"{study.score_matrix[list(sites), j].mean():.1f}" for j in range(25)]
    claims = {
        "quantity": ["fidelity total, lowest", "fidelity total, highest", "fidelity total, SD", "illness a barrier"],
        "printed": ["89", "109", "8.1", "43"],
        "n": ["6", "6", "6", "77"],
        "unit": ["points", "points", "points", "percent"],
        "refers_to": ["sites.total"] * 3 + ["survey.illness"],
    }
    likert = {"question": ["q"] * 2, "level": [1, 2], "label": ["no", "yes"], "percent": [33, 67], "count": [1, 2]}
    published = sy.study.Published(
        rows, "employment_group", {s: str(study.published.totals[s]) for s in "123456"}, claims
    )
    return study.attach(published=published, likert=likert)


def test_a_sound_study_raises_no_alarm() -> None:
    found = sy.audit(sound_study())
    assert found.findings == ()
    assert {c.verdict for c in found.claims} == {"follows"}
    assert "Nothing was found" in found.plot().texts[-1].get_text()
    assert repr(found).startswith("Audit of")


def claims_of(**changed: list[str]) -> sy.Study:
    study = sy.datasets.norway_ips()
    rows = {"quantity": ["own illness"], "printed": ["46"], "n": ["95"], "unit": ["percent"]}
    rows |= {"refers_to": ["survey.illness"]} | changed
    rows = {k: v for k, v in rows.items() if v}
    return study.attach(published=sy.study.Published(None, None, {}, rows))


BAD_STUDIES: list[tuple[Callable[[], Any], str]] = [
    (lambda: sy.audit([[1, 2]]), r"nothing to audit in study: got list; .*use sy\.audit\.grim"),
    (lambda: sy.audit(sy.Study(np.eye(2, 25) + 3, scale="ips-25")), r"no printed numbers to audit"),
    (lambda: sy.audit(claims_of(refers_to=[])), r"claims lack a column in claims: got refers_to"),
    (lambda: sy.audit(claims_of(refers_to=["illness"])), r'reference of a claim not understood .*got "illness"'),
    (lambda: sy.audit(claims_of(statistic=["mode"])), r"unknown statistic in claims, row 1: got 'mode'"),
    (lambda: sy.audit(claims_of(n=["many"])), r'n is not a count in claims, row 1, column n: got "many"'),
    (lambda: sy.audit(claims_of(printed=["46%"])), r"Leave the percent sign out"),
    (lambda: sy.audit(claims_of(printed=["46,5"])), r"Write decimals with a point"),
]


@pytest.mark.parametrize(("call", "words"), BAD_STUDIES)
def test_bad_studies_are_refused_with_a_remedy(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(sy.InputError, match=words):
        call()


def test_a_claim_about_nothing_is_listed_not_dropped() -> None:
    found = sy.audit(claims_of(refers_to=["survey.weather"]))
    assert [(c.verdict, c.read_as) for c in found.claims] == [
        ("not checkable", "refers to survey.weather, which is not in the study")
    ]


def test_an_impossible_cut_is_an_error() -> None:
    found = sy.audit(claims_of(n=["80"], printed=["60"]))
    assert [(f.severity, f.printed) for f in found.findings if f.rule == "two cuts of the data"] == [("error", "60")]
