"""Site tables against R (metafor, psych, survival, glm), plain NumPy twins and values by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import steelyard as sy
from steelyard import _core
from steelyard._site_outcomes import ask

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "study.json").read_text(encoding="utf-8"))
o = sy.outcomes


def scores(n: int) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    scale = sy.Scale.load("ips-25")
    return pd.DataFrame({"site": [f"s{i + 1}" for i in range(n)], **{j: rng.integers(2, 6, n) for j in scale.item_ids}})


def rows(sites: int, **columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"site": [f"s{i + 1}" for i in range(sites)], **columns})


@pytest.mark.parametrize("case", REFERENCE["icc"])
def test_all_six_intraclass_correlations_are_those_of_psych(case: dict[str, Any]) -> None:
    found = _core.rater_icc(np.array(case["ratings"], dtype=np.float64), case["level"])["forms"]
    for j, form in enumerate(found):
        for name, theirs in (("estimate", "estimate"), ("f", "f"), ("p", "p"), ("low", "low"), ("high", "high")):
            # Both are closed forms; F quantiles differ in their last digits.
            assert form[name] == pytest.approx(case[theirs][j], rel=1e-9), (case["type"][j], name)


def agree(found: dict[str, Any], theirs: dict[str, Any], rel: float) -> None:
    names = {"estimate": "estimate", "standard_error": "se", "low": "low", "high": "high", "p": "p", "tau2": "tau2"}
    for ours, name in names.items():
        assert found[ours] == pytest.approx(theirs[name], rel=rel, abs=1e-12), ours
    assert found["q"] == pytest.approx(theirs["q"], rel=1e-12)
    assert found["i2"] == pytest.approx(theirs["i2"], rel=rel, abs=1e-9)
    assert found["prediction"] == pytest.approx([theirs["pi_low"], theirs["pi_high"]], rel=rel)


@pytest.mark.parametrize("case", ["plo", "or", "homogeneous"])
def test_pooling_is_that_of_metafor(case: str) -> None:
    theirs = REFERENCE[case]["pool"] if "pool" in REFERENCE[case] else REFERENCE[case]
    # metafor stops its Fisher scoring at steps of 1e-14; tau2 then holds about ten digits.
    agree(ask("pool", estimates=theirs["y"], variances=theirs["v"], level=0.95), theirs, 1e-9)


def test_rates_of_a_study_pool_as_metafor_pools_them() -> None:
    case = REFERENCE["plo"]
    people = rows(8, k=case["k"], n=case["n"])
    table = sy.Study(scores(8), people, scale="ips-25").site_table(o.Binomial("k", "n"))
    assert table.pooled is not None
    assert table.pooled.scale == "log odds"
    assert table.pooled.estimate == pytest.approx(case["pool"]["estimate"], rel=1e-9)
    assert (table.pooled.low, table.pooled.high) == pytest.approx((case["pool"]["low"], case["pool"]["high"]), rel=1e-8)
    assert table.overall == sum(case["k"]) / sum(case["n"])
    assert table.frame["rate"].tolist() == [k / n for k, n in zip(case["k"], case["n"], strict=True)]


def arms(case: dict[str, Any]) -> pd.DataFrame:
    parts = [rows(6, k=case[k], n=case[n], arm=arm) for k, n, arm in (("a", "na", "IPS"), ("b", "nb", "TAU"))]
    return pd.concat(parts, ignore_index=True)


def test_effects_within_sites_are_those_of_metafor() -> None:
    case = REFERENCE["or"]
    study = sy.Study(scores(6), arms(case), scale="ips-25", arm="arm")
    effect = o.Effect(o.Binomial("k", "n"), measure="log odds ratio")
    table = study.site_table(effect)
    assert table.outcomes is not None
    np.testing.assert_allclose(table.outcomes.value, case["pool"]["y"], rtol=1e-12)
    np.testing.assert_allclose(table.outcomes.variance, case["pool"]["v"], rtol=1e-12)
    assert table.pooled is not None
    assert table.pooled.estimate == pytest.approx(case["pool"]["estimate"], rel=1e-9)
    risk = study.site_table(o.Effect(o.Binomial("k", "n"))).outcomes
    assert risk is not None
    np.testing.assert_allclose(risk.value, REFERENCE["rd"]["y"], rtol=1e-12)
    usual = [i for i in range(6) if case["b"][i] > 0]
    np.testing.assert_allclose(risk.variance[usual], np.array(REFERENCE["rd"]["v"])[usual], rtol=1e-12)
    # The third site has no event among controls: p(1 - p)/n would be 0 there, so half a person is added.
    assert risk.variance[2] > REFERENCE["rd"]["v"][2]


def cohort() -> pd.DataFrame:
    case = REFERENCE["adjusted"]
    people = pd.DataFrame({name: case[name] for name in ("age", "y", "hours")})
    people["site"] = [f"s{s}" for s in case["site"]]
    people["sex"] = np.where(np.array(case["sex"]) == 1, "woman", "man")
    return people


def test_adjusted_rates_are_those_of_glm() -> None:
    case = REFERENCE["adjusted"]
    study = sy.Study(scores(5), cohort(), scale="ips-25", outcome=o.Binary("y"))
    found = study.adjusted_rates(["age", "sex"])
    first = "woman" if cohort()["sex"].iloc[0] == "man" else "man"
    sign = 1 if first == "woman" else -1
    np.testing.assert_allclose(np.array(found.value, dtype=float), case["rates"], rtol=1e-9)
    np.testing.assert_allclose(np.array(found.std_error, dtype=float), case["rate_se"], rtol=1e-7)
    np.testing.assert_allclose(np.array(found.slopes) * [1, sign], case["slopes"], rtol=1e-8)
    np.testing.assert_allclose(found.slope_errors, case["slope_se"], rtol=1e-7)
    assert found.covariates == ("age", f"sex: {first}")
    means = study.adjusted_rates(["age", "sex"], o.Mean("hours"))
    np.testing.assert_allclose(np.array(means.value, dtype=float), case["means"], rtol=1e-10)
    np.testing.assert_allclose(np.array(means.std_error, dtype=float), case["mean_se"], rtol=1e-9)
    table = study.site_table(covariates=["age", "sex"]).frame
    np.testing.assert_allclose(table["adjusted"], case["rates"], rtol=1e-9)


def test_adjusted_rates_have_a_numpy_twin() -> None:
    people = cohort()
    site = people["site"].str[1:].astype(int).to_numpy() - 1
    x = np.column_stack([np.eye(5)[site], people["age"] - 40.0])
    y, b = people["y"].to_numpy(dtype=float), np.zeros(6)
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ b))
        b += np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x, x.T @ (y - p))
    twin = [np.mean(1 / (1 + np.exp(-(b[s] + b[5] * (people["age"] - 40))))) for s in range(5)]
    found = sy.Study(scores(5), people, scale="ips-25").adjusted_rates(["age"], o.Binary("y"))
    np.testing.assert_allclose(np.array(found.value, dtype=float), twin, rtol=1e-10)


def test_restricted_means_are_those_of_survfit() -> None:
    case = REFERENCE["rmst"]
    people = pd.DataFrame({"site": "s1", "days": case["time"], "event": case["event"]})
    people = pd.concat([people, people.assign(site="s2")], ignore_index=True)
    outcome = o.Duration("days", event="event", horizon=case["horizon"])
    found = sy.Study(scores(2), people, scale="ips-25").site_table(outcome).outcomes
    assert found is not None
    assert found.value[0] == pytest.approx(case["mean"], rel=1e-12)
    # survfit's default variance is Greenwood's: the formula of Klein and Moeschberger that is used here.
    assert np.sqrt(found.variance[0]) == pytest.approx(case["se"], rel=1e-10)


def test_the_icc_by_hand_and_the_informative_size() -> None:
    # Two sites of two: 0, 0 and 2, 4: mean squares 9 and 1, so (9 - 1) / (9 + 1).
    people = pd.DataFrame({"site": ["s1", "s1", "s2", "s2"], "hours": [-1, 1, 2, 4]})
    table = sy.Study(scores(2), people, scale="ips-25").site_table(o.Mean("hours"))
    assert table.icc is not None
    assert table.icc["estimate"] == pytest.approx((9 - 2) / (9 + 2))
    totals = scores(5).drop(columns="site").sum(axis=1).to_numpy()
    sizes = totals - totals.min() + 2
    people = pd.DataFrame({"site": np.repeat([f"s{i + 1}" for i in range(5)], sizes), "employed": 0})
    people.loc[::2, "employed"] = 1
    table = sy.Study(scores(5), people, scale="ips-25").site_table(o.Binary("employed"))
    assert table.size_correlation == pytest.approx(1)
    assert any("Site size goes with the total" in text for text in table.caveats)


def test_missing_outcomes_are_counted_by_site_and_arm_with_their_limits() -> None:
    people = pd.DataFrame(
        {
            "site": ["s1"] * 6 + ["s2"] * 6,
            "arm": ["IPS", "IPS", "IPS", "TAU", "TAU", "TAU"] * 2,
            "employed": [1, 0, None, 0, 0, None, 1, 1, 0, 1, 0, 0],
        }
    )
    study = sy.Study(scores(2), people, scale="ips-25", arm="arm")
    table = study.site_table(o.Effect(o.Binary("employed")))
    missing = table.missing_outcomes
    assert missing.values.tolist() == [
        ["s1", "IPS", 2, 1],
        ["s1", "TAU", 2, 1],
        ["s2", "IPS", 3, 0],
        ["s2", "TAU", 3, 0],
    ]
    # Worst: the missing treated person did not work, the missing control did: 1/3 - 1/3; best: 2/3 - 0.
    assert table.outcomes is not None
    assert (table.outcomes.worst[0], table.outcomes.best[0]) == pytest.approx((0, 2 / 3))
    assert any("2 outcomes are missing" in text for text in table.caveats)
    rate = study.site_table(o.Binary("employed"))
    assert rate.outcomes is not None
    # The treated arm alone: the review is of what it received.
    assert (rate.outcomes.n.tolist(), rate.outcomes.worst[0], rate.outcomes.best[0]) == ([2, 3], 1 / 3, 2 / 3)


def test_these_sites_are_described_and_not_pooled() -> None:
    people = rows(5, k=[1, 2, 3, 4, 5], n=[10] * 5)
    study = sy.Study(scores(5), people, scale="ips-25", population="these sites")
    table = study.site_table(o.Binomial("k", "n"))
    assert table.pooled is None
    assert table.overall == 0.3
    assert any("Nothing is said about other sites" in text for text in table.caveats)


def test_a_site_without_controls_is_named_and_left_out_of_the_effect() -> None:
    people = pd.DataFrame({"site": ["s1", "s1", "s2", "s2", "s3", "s3"], "employed": [1, 0, 1, 0, 1, 1]})
    people["arm"] = ["IPS", "TAU", "IPS", "TAU", "IPS", "IPS"]
    table = sy.Study(scores(3), people, scale="ips-25", arm="arm").site_table(o.Effect(o.Binary("employed")))
    assert table.outcomes is not None
    assert table.outcomes.status == ("ok", "ok", "no controls")
    assert "s3: total" in repr(table)
    assert "no controls" in repr(table)


def test_tables_replay_tidy_and_draw() -> None:
    case = REFERENCE["or"]
    study = sy.Study(scores(6), arms(case), scale="ips-25", arm="arm")
    table = study.site_table(o.Binomial("k", "n"))
    again = type(table).from_json(table.to_json())
    assert again.tables == table.tables
    tidy = table.tidy()
    assert tidy["term"].tolist() == ["s1", "s2", "s3", "s4", "s5", "s6", "pooled (log odds)"]
    assert "<caption" in table._repr_html_()
    axes = table.plot()
    assert [t.get_text() for t in axes.get_yticklabels()][-1] == "pooled (6 sites)"
    assert table.plot_funnel().get_xlabel() == "participants"
    effect = study.site_table(o.Effect(o.Binomial("k", "n")))
    assert effect.plot_funnel().get_ylabel() == "standard error"
    import matplotlib.pyplot as plt

    plt.close("all")


def test_durations_by_site_have_hazards() -> None:
    people = pd.DataFrame({"site": ["s1"] * 4 + ["s2"] * 4, "days": [1, 3, 4, 6] * 2, "job": [1, 0, 1, 0] * 2})
    outcome = o.Duration("days", event="job", horizon=6, intervals=(0, 3, 6))
    table = sy.Study(scores(2), people, scale="ips-25").site_table(outcome)
    assert table.hazards["hazard"].tolist() == [0.25, 0.5, 0.25, 0.5]


def test_counts_over_exposure_use_the_variance_between_people() -> None:
    people = pd.DataFrame(
        {"site": ["s1"] * 3 + ["s2"] * 3, "weeks": [0, 2, 4, 1, 1, 4], "seen": [10, 10, 10, 8, 10, 12]}
    )
    found = sy.Study(scores(2), people, scale="ips-25").site_table(o.Count("weeks", exposure="seen")).outcomes
    assert found is not None
    y, t = people["weeks"][3:].to_numpy(), people["seen"][3:].to_numpy()
    r = y.sum() / t.sum()
    assert found.value.tolist() == pytest.approx([0.2, r])
    assert found.variance[1] == pytest.approx(3 / 2 * np.sum((y - r * t) ** 2) / t.sum() ** 2)


def test_table_one_counts_means_and_what_is_missing_by_arm() -> None:
    people = pd.DataFrame({"site": ["s1", "s1", "s2", "s2", "s9"], "arm": ["IPS", "TAU", "IPS", "TAU", "IPS"]})
    people = people.assign(age=[30, 40, 50, None, 99], sex=["f", "m", None, "m", "f"], job=[1, 0, 1, 1, 0])
    table = sy.Study(scores(2), people, scale="ips-25", arm="arm").table_one(["age", "sex", "job"])
    assert (table.groups, table.n) == (("all", "IPS", "TAU"), (4, 2, 2))
    frame = table.frame
    assert frame["all (n = 4)"].tolist() == ["40.0 (10.0)", "1 (33 %)", "2 (67 %)", "3 (75 %)"]
    assert frame["IPS (n = 2)"].tolist() == ["40.0 (14.1)", "1 (100 %)", "0 (0 %)", "2 (100 %)"]
    assert frame["missing"].tolist() == [1, 1, 1, 0]
    # (1 - 1/2) / sqrt((0 + 1/4) / 2).
    assert table.differences[3] == pytest.approx(0.5 / np.sqrt(0.125))
    assert table.caveats == ("Participants of no reviewed site are not in it: 1.",)
    assert type(table).from_json(table.to_json()).rows == table.rows
    assert "n (%)" in repr(table)
    assert "<caption" in table._repr_html_()
    by_site = sy.Study(scores(2), people, scale="ips-25").table_one(["age"], by="site")
    assert by_site.groups == ("all", "s1", "s2")
    with pytest.raises(sy.InputError, match=r'no column "agee" \(did you mean "age"\?\)'):
        sy.Study(scores(2), people, scale="ips-25").table_one(["agee"])
