"""Reach: the ladder, Table 2 of the study cell by cell, bounds, composition, the checklist, messages, the figure."""

from __future__ import annotations

import csv
import importlib.resources
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import steelyard as sy
from steelyard._shares import INTERVALS, ask, share

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "shares.json").read_text())


def printed(name: str) -> list[dict[str, str]]:
    path = importlib.resources.files("steelyard") / "data" / "norway_ips" / f"{name}.csv"
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("case", REFERENCE["shares"], ids=lambda c: f"{c['method']} {c['k']}/{c['n']} {c['level']}")
def test_intervals_agree_with_r(case: dict[str, Any]) -> None:
    found = share(case["k"], case["n"], case["level"], case["method"])
    # The incomplete beta is good to about 1e-12 in probability; the others are closed forms.
    assert found["low"] == pytest.approx(case["low"], abs=1e-10)
    assert found["high"] == pytest.approx(case["high"], abs=1e-10)


@pytest.mark.parametrize("case", REFERENCE["compositions"])
def test_simultaneous_intervals_agree_with_r(case: dict[str, Any]) -> None:
    found = ask("composition", counts=case["counts"], level=case["level"])
    assert [f["low"] for f in found] == pytest.approx(case["low"], abs=1e-12)
    assert [f["high"] for f in found] == pytest.approx(case["high"], abs=1e-12)


@pytest.mark.parametrize("case", REFERENCE["differences"])
def test_differences_agree_with_r(case: dict[str, Any]) -> None:
    found = ask("difference", first=case["first"], second=case["second"], level=0.95)
    assert [found["low"], found["high"]] == pytest.approx([case["low"], case["high"]], abs=1e-12)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from(INTERVALS))
def test_an_interval_holds_its_share_and_mirrors(counts: tuple[int, int], method: str) -> None:
    k, n = counts
    found, mirror = share(k, n, 0.95, method), share(n - k, n, 0.95, method)
    assert 0 <= found["low"] <= k / n <= found["high"] <= 1
    assert found["low"] == pytest.approx(1 - mirror["high"], abs=1e-9)


def test_the_ladder_of_the_study() -> None:
    found = sy.reach(sy.datasets.norway_ips())
    rungs = {row.rung: row.n for row in found.rungs}
    assert rungs == {
        "target_population": None,
        "excluded": None,
        "lost": None,
        "eligible_offered": None,
        "recruited": 227,
        "participating": None,
        "responding": 96,
        "interviewed": 12,
    }
    assert str(found.response) == "response: 96 of 227, 42.29 % (36.04 to 48.79)"
    assert found.reach.share is None
    assert found.reach.missing == ("eligible_offered", "participating")
    assert "not reported" in repr(found)
    assert [s.n for s in found.others] == [3, 3, 5, 5, 5, 5]


def test_table_2_cell_by_cell() -> None:
    rows = sy.reach(sy.datasets.norway_ips()).baseline.rows
    for row, cells in zip(rows, printed("baseline_characteristics"), strict=True):
        expected = f"{cells['percent']} %" if cells["kind"] == "binary" else f"{cells['mean']} ({cells['sd']})"
        assert (row.variable, row.printed, row.n) == (cells["variable"], expected, int(cells["n"]))
        assert row.missing == 227 - row.n
    severe = next(row for row in rows if row.variable == "Severe mental illness")
    assert (severe.count, severe.count_low, severe.count_high) == (75, 75, 75)
    assert (round(100 * severe.low, 2), round(100 * severe.high, 2)) == (43.33, 59.34)


def test_table_2_from_the_participants() -> None:
    people = pd.DataFrame(
        {"age": [20.0, 30.0, 40.0, None], "female": [1, 0, 1, 1], "arm": ["a", "b", "b", None], "code": [1, 2, 3, 2]}
    )
    table = sy.reach.baseline(people, kinds={"code": "categorical"})
    told = [(r.variable, r.level, r.kind, r.n, r.missing, r.printed) for r in table.rows]
    assert told == [
        ("age", "", "continuous", 3, 1, "30.0 (10.0)"),
        ("female", "", "binary", 4, 0, "75 %"),
        ("arm", "a", "categorical", 3, 1, "33 %"),
        ("arm", "b", "categorical", 3, 1, "67 %"),
        ("code", "1", "categorical", 4, 0, "25 %"),
        ("code", "2", "categorical", 4, 0, "50 %"),
        ("code", "3", "categorical", 4, 0, "25 %"),
    ]


def test_bounds_at_each_step() -> None:
    bounds = sy.reach(sy.datasets.norway_ips()).bounds(71, 77)
    assert [(row["of"], row["total"], row["low"], row["high"]) for row in bounds.rows] == [
        ("responding", 96, 71 / 96, 90 / 96),
        ("recruited", 227, 71 / 227, 221 / 227),
    ]
    # Beside the worst case stands the share among the 150 others at which half of all would say so.
    assert bounds.rows[1]["tipping"] == pytest.approx((0.5 * 227 - 71) / 150)
    claim = sy.reach(sy.datasets.norway_ips()).bounds(7, 12)
    assert [row["total"] for row in claim.rows] == [12, 96, 227]
    assert bounds.tidy()["outer_low"].iloc[1] < bounds.rows[1]["low"]


@given(st.integers(0, 20), st.integers(0, 30), st.integers(0, 60))
def test_whatever_the_others_say_lies_within_the_bounds(k: int, more: int, others: int) -> None:
    n = max(k + more, 1)
    found = ask("bounds", k=k, n=n, total=n + others, level=0.95, method="wilson", cut=0.5)
    for said in {0, others // 2, others}:
        assert found["low"] - 1e-12 <= (k + said) / (n + others) <= found["high"] + 1e-12


def test_composition_against_a_target() -> None:
    found = sy.reach(
        composition={"illness": {"severe": 75, "moderate": 71}}, target={"illness": {"severe": 0.7, "moderate": 0.3}}
    )
    assert [(c.level, c.k, c.n, c.status) for c in found.composition] == [
        ("severe", 75, 146, "below target"),
        ("moderate", 71, 146, "above target"),
    ]
    study = sy.reach(sy.datasets.norway_ips(), target={"Female": 0.5})
    assert [c.status for c in study.composition] == ["not told apart", "not told apart"]


def test_participants_beside_those_who_did_not_take_part() -> None:
    others = {
        "variable": ["Age", "Female"],
        "n": [100, 100],
        "percent": [None, 40],
        "mean": [38, None],
        "sd": [11, None],
    }
    found = sy.reach(sy.datasets.norway_ips(), nonparticipants=others).representativeness
    age, female = found
    assert age.difference == pytest.approx((35 - 38) / np.sqrt((10.7**2 + 11**2) / 2))
    p = 94 / 185
    assert female.difference == pytest.approx((p - 0.4) / np.sqrt((p * (1 - p) + 0.24) / 2))
    assert (age.status, female.status) == ("different", "different")


def test_the_checklist_is_filled_in_and_can_be_completed() -> None:
    found = sy.reach(sy.datasets.norway_ips(), components={"dose delivered": "weekly meetings held at all sites"})
    status = {row.component: row.status for row in found.components.rows}
    assert status == {
        "context": "partly",
        "reach": "partly",
        "dose_delivered": "reported",
        "dose_received": "partly",
        "fidelity": "reported",
        "recruitment": "partly",
        "implementation": "partly",
    }
    assert "6 sites on 25 items" in repr(found.components)
    assert "caption" in found.components._repr_html_()


def test_the_result_is_data() -> None:
    found = sy.reach(sy.datasets.norway_ips())
    assert type(found).from_json(found.to_json()) == found
    assert found.ladder["n"].isna().sum() == 5
    assert type(sy.reach(sy.datasets.norway_ips(library="polars")).ladder).__module__.startswith("polars")
    page = found._repr_html_()
    assert page.count("<caption") == 3
    assert "max-height" in page
    assert len(repr(found).splitlines()) < 30


def test_the_ladder_draws() -> None:
    from matplotlib.figure import Figure

    own = Figure().add_subplot()
    found = sy.reach(sy.datasets.norway_ips())
    assert found.plot(own) is own
    axes = found.plot()
    axes.figure.canvas.draw()
    assert sum(text.get_text() == "not reported" for text in axes.texts) == 5
    assert "Recruited: 227." in axes.get_label()


BAD: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: sy.reach(ladder={"recruited": 90, "responding": 96}),
        r"denominators grow along the ladder in responding: got 96; allowed: at most 90 \(recruited\)",
    ),
    (
        lambda: sy.reach(ladder={"target_population": 9, "excluded": {"age": 5}, "lost": 2, "eligible_offered": 4}),
        r"the parts of the target population exceed it",
    ),
    (lambda: sy.reach(ladder={"recruted": 90}), r'unknown rung \(did you mean "recruited"\?\) in ladder'),
    (lambda: sy.reach(ladder={"recruited": "1,227"}), r'count not understood in ladder, recruited: got "1,227"'),
    (lambda: sy.reach(ladder={"recruited": -1}), r"count below 0 in ladder, recruited"),
    (lambda: sy.reach(ladder={"recruited": 1.5}), r"count not understood in ladder, recruited: got 1\.5"),
    (lambda: sy.reach(), r"nothing to report on in ladder"),
    (lambda: sy.reach([1, 2]), r"not a study in study: got list"),
    (lambda: sy.reach(ladder=[1]), r"ladder not understood in ladder: got list"),
    (lambda: sy.reach(ladder={"stage": ["a"]}), r"flow lacks a column in ladder: got count"),
    (
        lambda: sy.reach(ladder={"stage": ["randomised", "recruited"], "count": [9, 8]}),
        r"two stages are the same rung in ladder, row 2",
    ),
    (lambda: sy.reach(ladder={"recruited": 9}, interval="wald"), r"unknown interval in interval: got 'wald'"),
    (lambda: sy.reach(ladder={"recruited": 9}, confidence_level=95), r"confidence level not allowed .* got 95"),
    (lambda: sy.reach.baseline({"variable": ["Age"], "n": [9], "mean": [3]}), r"mean without its SD"),
    (lambda: sy.reach.baseline({"variable": ["Age"], "n": [None], "mean": [3]}), r"characteristic without its n"),
    (lambda: sy.reach.baseline({"variable": ["A"], "n": [9], "percent": ["50"]}), r"percentage that no count gives"),
    (lambda: sy.reach.baseline({"variable": ["A"], "n": [9], "percent": ["33%"]}), r"Leave the percent sign out"),
    (lambda: sy.reach.baseline({"variable": ["A"], "n": [9], "percent": ["33,3"]}), r"Write decimals with a point"),
    (lambda: sy.reach.baseline({"variable": ["A"], "n": [9], "percent": ["333"]}), r"percentage outside its scale"),
    (
        lambda: sy.reach.baseline({"variable": ["A"], "n": [9], "count": [3]}, recruited=8),
        r"more people with a value than were recruited .* got 9; allowed: at most 8",
    ),
    (
        lambda: sy.reach.baseline({"age": ["35,2", "40"]}),
        r'text in a number column in baseline, column "age": got "35,2"',
    ),
    (lambda: sy.reach.baseline({"age": [None, None]}), r"column without a value"),
    (
        lambda: sy.reach(composition={"a": {"x": 1, "y": 1}}, target={"a": {"x": 0.5, "y": 0.6}}),
        r"target shares not understood .* shares that add to 1\.1",
    ),
    (lambda: sy.reach(ladder={"recruited": 9}, components={"dosage": "x"}), r"unknown component"),
    (lambda: sy.reach(sy.datasets.norway_ips()).bounds(1, 500), r"no rung has so many people in bounds: got 500"),
    (lambda: sy.reach(sy.datasets.norway_ips()).bounds(9, 5), r"count out of range in bounds: got 9 of 5"),
    (
        lambda: sy.reach(ladder={"recruited": 9}, nonparticipants={"a": [1]}),
        r"nothing to compare non-participants with",
    ),
]


@pytest.mark.parametrize(("call", "words"), BAD)
def test_bad_input_is_refused_with_a_remedy(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(sy.InputError, match=words):
        call()


def people(rng: np.random.Generator) -> dict[str, Any]:
    n = 120
    sex = rng.choice(["f", "m"], n)
    arm = rng.integers(0, 2, n)
    job = rng.binomial(1, 0.2 + 0.3 * arm + 0.2 * arm * (sex == "f"))
    age = rng.choice(["a young", "b middle", "c old"], n)
    return {"job": job, "arm": arm, "sex": sex, "age": age, "site": rng.integers(0, 6, n)}


def test_subgroups_without_sites_are_welch() -> None:
    from scipy import stats

    data = people(np.random.default_rng(3))
    found = sy.reach.moderators(data, "job", ["sex", "age"])
    f, m = (data["job"][data["sex"] == one] for one in "fm")
    welch = stats.ttest_ind(m, f, equal_var=False)
    row = found.subgroups[1]
    assert row.difference == pytest.approx(m.mean() - f.mean(), abs=1e-14)
    assert row.p_value == pytest.approx(welch.pvalue, abs=1e-12)
    wilson = share(int(f.sum()), len(f))
    assert [found.subgroups[0].low, found.subgroups[0].high] == [wilson["low"], wilson["high"]]
    ends = welch.confidence_interval(0.95)
    assert [row.difference_low, row.difference_high] == pytest.approx([ends.low, ends.high], abs=1e-10)
    # Three subgroups: the smallest of two contrasts, doubled; then Holm over two moderators.
    own = [s.p_value for s in found.subgroups if s.moderator == "age" and s.p_value is not None]
    raw = [found.tests[0].p_value, found.tests[1].p_value]
    assert raw[1] == pytest.approx(min(1, 2 * min(own)))
    assert min(t.p_adjusted for t in found.tests) == pytest.approx(min(1, 2 * min(raw)))


def test_interaction_over_sites_is_the_regression_on_people() -> None:
    data = people(np.random.default_rng(4))
    found = sy.reach.moderators(data, "job", "sex", arm="arm", site="site", reference={"sex": "m"})
    female = (data["sex"] == "f").astype(float)
    fit = sy.regress(
        np.column_stack([data["arm"], female, data["arm"] * female]), data["job"].astype(float), sites=data["site"]
    )
    first, row = found.subgroups
    assert (first.level, row.level) == ("m", "f")
    assert first.estimate == pytest.approx(fit.coefficients[1], abs=1e-12)
    assert [first.low, first.high] == pytest.approx([fit.conf_low[1], fit.conf_high[1]], abs=1e-9)
    assert row.difference == pytest.approx(fit.coefficients[3], abs=1e-12)
    ends = [fit.conf_low[3], fit.conf_high[3]]
    assert [row.difference_low, row.difference_high] == pytest.approx(ends, abs=1e-9)
    assert row.p_value == pytest.approx(fit.pvalues[3], abs=1e-10)
    assert "CR2 by site" in repr(found)
    assert "caption" in found._repr_html_()
    assert type(found).from_json(found.to_json()) == found


def test_subgroup_means_over_sites_and_those_that_sites_cannot_tell() -> None:
    data = {
        "y": [1.0, 2.0, 4.0, 3.0, 5.0, 6.0, 1.0, 2.0],
        "group": ["a", "a", "a", "b", "b", "b", "c", "c"],
        "site": ["u", "u", "v", "u", "v", "w", "w", "w"],
    }
    found = sy.reach.moderators(data, "y", "group", site="site")
    a, b, c = found.subgroups
    # Two sites with means 1.5 (two people) and 4: residual sums are opposite, and CR2 divides each by 1 - its leverage.
    assert a.estimate == pytest.approx(7 / 3)
    e = 2 * (1.5 - 7 / 3)
    assert a.std_error == pytest.approx(np.sqrt(e**2 / (1 - 2 / 3) + e**2 / (1 - 1 / 3)) / 3)
    assert b.difference == pytest.approx(14 / 3 - 7 / 3)
    assert (c.status, c.difference_status) == ("one site", "a subgroup at one site only")
    assert c.low is None
    assert c.difference == pytest.approx(1.5 - 7 / 3)


def test_the_interaction_test_keeps_its_size() -> None:
    rng = np.random.default_rng(5)
    rejected = 0
    for _ in range(400):
        data = {"y": rng.normal(size=60), "arm": np.tile([0, 1], 30), "group": np.repeat(["a", "b"], 30)}
        data["site"] = np.arange(60) // 2 % 10
        found = sy.reach.moderators(data, "y", "group", arm="arm", site="site")
        rejected += found.tests[0].p_value < 0.05
    assert rejected / 400 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


MODERATORS: list[tuple[dict[str, Any], str]] = [
    ({"moderators": "diet"}, r"unknown column in data: got diet"),
    ({"moderators": []}, r"no moderator in data"),
    ({"moderators": "const"}, r'moderator with one subgroup in column "const": got 1'),
    ({"moderators": "many"}, r'moderator with too many subgroups in column "many".*fixed beforehand'),
    ({"moderators": "sex", "reference": {"sex": "x"}}, r"unknown subgroup .* got 'x'; allowed: f, m"),
    ({"moderators": "sex", "arm": "many"}, r'arm is not 0 or 1 in row 3, column "many"'),
    ({"moderators": "sex", "arm": "const"}, r'one arm in column "const"'),
    ({"moderators": "sex", "site": "const"}, r'one site in column "const"'),
    ({"moderators": "sex", "site": "gap"}, r'person without a site in row 2, column "gap"'),
    ({"moderators": "sex", "outcome": "text"}, r'text in a number column in row 1, column "text"'),
]


@pytest.mark.parametrize(("call", "words"), MODERATORS)
def test_moderators_refuse_with_a_remedy(call: dict[str, Any], words: str) -> None:
    data = {
        "y": list(range(12)),
        "sex": ["f", "m"] * 6,
        "const": [1] * 12,
        "many": list(range(12)),
        "gap": ["a", None, *"abababababa"][:12],
        "text": ["3,5"] * 12,
    }
    options = {"outcome": "y", **call}
    with pytest.raises(sy.InputError, match=words):
        sy.reach.moderators(data, options.pop("outcome"), options.pop("moderators"), **options)
