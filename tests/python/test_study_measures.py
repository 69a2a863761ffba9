"""Missing scores, raters, change and feasible matrices of a study."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steelyard as sy

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "study.json").read_text(encoding="utf-8"))
SCALE = sy.Scale.load("ips-25")
IDS = list(SCALE.item_ids)


def gappy(seed: int = 3, sites: int = 8, holes: int = 4) -> sy.Study:
    rng = np.random.default_rng(seed)
    level = rng.normal(3.6, 0.7, (sites, 1))
    scores = np.clip(np.round(level + rng.normal(0, 0.8, (sites, 25))), 1, 5)
    for site in range(holes):
        scores[site, rng.choice(25, site + 1, replace=False)] = np.nan
    return sy.Study(scores, scale="ips-25", missing="bounds")


def test_every_way_of_handling_missing_scores_stands_side_by_side() -> None:
    study = gappy()
    found = study.missing_scores(n_imputations=50, rng=1)
    frame = found.frame
    assert frame["n_missing"].tolist() == [1, 2, 3, 4, 0, 0, 0, 0]
    row = study.score_matrix[1]
    known = row[~np.isnan(row)]
    # By hand: the rule of the scale is complete, prorating is 25 times the mean of what is scored.
    assert np.isnan(frame["scale_rule"][1])
    assert frame["prorated"][1] == pytest.approx(25 * known.mean())
    assert (frame["low"][1], frame["high"][1]) == (known.sum() + 2, known.sum() + 10)
    places = {s.id: [IDS.index(i) for i in s.items] for s in SCALE.subscales}
    by_subscale = sum(len(p) * np.nanmean(row[p]) for p in places.values())
    assert frame["subscale_mean"][1] == pytest.approx(by_subscale)
    assert frame["complete_case"][4] == study.score_matrix[4].sum() == frame["imputed"][4]
    assert (frame["low"] <= frame["imputed"]).all()
    assert (frame["imputed"] <= frame["high"]).all()
    assert len(found.cells) == 10
    assert type(found).from_json(found.to_json()).rows == found.rows


def test_a_band_that_changes_within_the_bounds_is_flagged() -> None:
    scores = np.full((3, 25), 4.0)
    scores[0, 0] = np.nan  # 96 + 1 to 5: fair or good
    scores[1, :5] = 1
    study = sy.Study(scores, scale="ips-25", missing="bounds")
    found = study.missing_scores(rng=1)
    assert found.flagged == ("1",)
    assert any("band changes within the bounds at 1" in text for text in found.caveats)
    assert "fair or good: FLAGGED" in repr(found)


def twin(study: sy.Study, item: int, site: int, draws: int) -> np.ndarray[Any, Any]:
    """Bayesian regression of one item on the mean position of the others, as mice's norm does, in plain NumPy."""
    rng = np.random.default_rng(99)
    x = (study.score_matrix - 1) / 4
    rest = np.array([np.nanmean(np.delete(row, item)) for row in x])
    y = study.score_matrix[:, item]
    known = ~np.isnan(y)
    n, centre = known.sum(), rest[known].mean()
    design = np.column_stack([np.ones(n), rest[known] - centre])
    inverse = np.linalg.inv(design.T @ design)
    b = inverse @ design.T @ y[known]
    squares = np.sum((y[known] - design @ b) ** 2)
    out = np.empty(draws)
    for m in range(draws):
        sd = np.sqrt(squares / rng.chisquare(n - 2))
        beta = rng.multivariate_normal(b, sd**2 * inverse)
        value = beta[0] + beta[1] * (rest[site] - centre) + sd * rng.normal()
        out[m] = np.round(np.clip(value, 1, 5))
    return out


def test_imputations_are_those_of_a_numpy_twin() -> None:
    study = gappy(holes=1)
    item = int(np.flatnonzero(np.isnan(study.score_matrix[0]))[0])
    ours = study.imputations(4000, rng=5)[:, 0, item]
    theirs = twin(study, item, 0, 4000)
    for score in range(1, 6):
        a, b = (ours == score).mean(), (theirs == score).mean()
        # Five standard errors of a difference of two shares of 4,000 draws.
        assert abs(a - b) <= 5 * np.sqrt((a * (1 - a) + b * (1 - b)) / 4000) + 1e-9, score


def test_imputation_inside_a_fold_learns_from_the_training_sites_alone() -> None:
    study = gappy(holes=1)
    item = int(np.flatnonzero(np.isnan(study.score_matrix[0]))[0])
    changed = study.score_matrix.copy()
    changed[7] = 1
    other = sy.Study(changed, scale="ips-25", missing="bounds")
    training = [site for site in study.site_ids if site != "8"]
    first, second = (s.imputations(20, training=training, rng=2)[:, 0, item] for s in (study, other))
    np.testing.assert_array_equal(first, second)
    assert (study.imputations(20, rng=2)[:, 0, item] != other.imputations(20, rng=2)[:, 0, item]).any()
    np.testing.assert_array_equal(study.imputations(5, rng=2), study.imputations(20, rng=2)[:5])


def test_rubins_rules_by_hand() -> None:
    pooled = sy.rubin([2, 4], [1, 3])
    # W = 2, B = 2, T = 2 + 1.5 x 2 = 5, share of the missing 3/5, df = 1 / .36.
    assert (pooled.estimate, pooled.within, pooled.between) == (3, 2, 2)
    assert pooled.standard_error == pytest.approx(np.sqrt(5))
    assert pooled.degrees_of_freedom == pytest.approx(1 / 0.36)
    # Barnard and Rubin with 10 complete df: 11/13 x 10 x .4 observed.
    assert sy.rubin([2, 4], [1, 3], complete_df=10).degrees_of_freedom == pytest.approx(1 / (0.36 + 13 / 44))
    for bad in (([1], [1]), ([1, np.nan], [1, 1]), ([1, 2], [1, -1]), ([1, 2], [1])):
        with pytest.raises(sy.InputError, match="estimates that cannot be pooled"):
            sy.rubin(*bad)


def test_a_verdict_is_computed_on_every_corner() -> None:
    study = gappy(holes=3)
    totals = study.over_missing(lambda x: float(x[0].sum() - x[5].sum()), n_imputations=10, rng=1)
    low, high = study.missing_scores(rng=1).frame.loc[0, ["low", "high"]]
    reference = study.score_matrix[5].sum()
    assert (totals.low, totals.high) == (low - reference, high - reference)
    assert totals.n_visited == 2**3 + 10
    assert totals.all_corners
    words = study.over_missing(lambda x: "more" if x[0].sum() > 200 else "less", rng=1)
    assert not words.changes
    assert "is the same throughout" in repr(words)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 6))
def test_imputed_scores_are_admissible_and_observed_ones_stay(seed: int, holes: int) -> None:
    study = gappy(seed=seed, holes=holes)
    copies = study.imputations(3, rng=seed)
    assert np.isin(copies, [1, 2, 3, 4, 5]).all()
    known = ~np.isnan(study.score_matrix)
    assert (copies[:, known] == study.score_matrix[known]).all()


def rated(drift: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(12)
    rows = []
    for site in range(8):
        truth = np.clip(np.round(rng.normal(2.5 + 0.25 * site, 0.8, 25)), 1, 5)
        for rater in ("self", "independent"):
            moved = truth + rng.choice([-1, 0, 1], 25, p=[0.1, 0.8, 0.1]) + (rater == "self") * (rng.random(25) < 0.2)
            rows.append([f"s{site}", "2021-05-01", rater, *np.clip(moved, 1, 5)])
    return pd.DataFrame(rows, columns=["site", "date", "rater", *IDS])


def test_two_raters_agree_or_not_by_total_item_and_band() -> None:
    data = rated()
    study = sy.Study(data, scale="ips-25", rater="rater", review_date="date")
    found = study.reliability()
    totals = data[IDS].sum(axis=1).to_numpy().reshape(8, 2)[:, ::-1]
    # A twin of the mean squares.
    grand = totals.mean()
    between = 2 * np.sum((totals.mean(axis=1) - grand) ** 2) / 7
    raters = 8 * np.sum((totals.mean(axis=0) - grand) ** 2)
    residual = np.sum((totals - totals.mean(axis=1, keepdims=True) - totals.mean(axis=0) + grand) ** 2) / 7
    icc = (between - residual) / (between + (raters - residual) / 8)
    assert found.form == "ICC(2,k)"
    assert found.score_reliability == pytest.approx(icc)
    assert found.sem == pytest.approx(np.sqrt(max((raters - residual) / 8, 0) + residual))
    item = found.items.iloc[0]
    pairs = data[IDS[0]].to_numpy().reshape(8, 2)
    assert item["exact"] == (pairs[:, 0] == pairs[:, 1]).mean()
    bands = found.bands
    names = ["not supported employment", "fair", "good", "exemplary"]
    np.testing.assert_allclose(bands[names].sum(axis=1), 1, atol=1e-12)
    r, (low, high) = found.disattenuate(0.4)
    assert r == pytest.approx(0.4 / np.sqrt(icc))
    assert low <= r <= high
    assert "standard error of measurement" in repr(found)
    np.testing.assert_allclose(study.score_matrix.sum(axis=1), totals.mean(axis=1))
    one = sy.Study(data, scale="ips-25", rater="rater", review_date="date", rater_rule="independent")
    np.testing.assert_allclose(one.score_matrix.sum(axis=1), totals[:, 0])
    assert one.reliability().form == "ICC(2,1)"


def test_raters_who_differ_between_reviews_leave_one_form() -> None:
    data = rated()
    data["rater"] = [f"r{i}" for i in range(len(data))]
    found = sy.Study(data, scale="ips-25", rater="rater", review_date="date").reliability()
    assert found.form == "ICC(1,k)"
    assert found.icc["valid"].tolist() == [True, False, False, True, False, False]
    assert any("only ICC(1,.) is valid" in text for text in found.caveats)


def test_change_between_reviews_stands_beside_measurement_error() -> None:
    rows = [
        ["A", "2019", *[3] * 25],
        ["A", "2021", *[3] * 20, *[5] * 5],
        ["B", "2019", *[4] * 25],
        ["B", "2022", *[4] * 24, 5],
    ]
    study = sy.Study(pd.DataFrame(rows, columns=["site", "date", *IDS]), scale="ips-25", review_date="date")
    frame = study.change(sem=2.5).frame
    # Ten points against 1.96 x sqrt(2) x 2.5 = 6.93.
    assert frame["beyond_error"].tolist() == [True, False]
    assert frame["std_error"].tolist() == pytest.approx([2.5 * np.sqrt(2)] * 2)
    assert frame["band_before"].tolist() == ["fair", "good"]
    with pytest.raises(sy.InputError, match=r"standard error of measurement not known in sem\. Give it: sem=SD"):
        study.change()
    with pytest.raises(sy.InputError, match="no site has two dated reviews"):
        sy.datasets.norway_ips().change(sem=2)
    with pytest.raises(sy.InputError, match="no raters in this study"):
        sy.datasets.norway_ips().reliability()


def test_the_six_centres_with_hidden_half_points() -> None:
    found = sy.datasets.norway_ips().feasible_scores()
    assert found.changed == (("3",), ("6",))
    assert (found.step, found.n_matrices) == (0.5, 354294)
    third, sixth = found.study("3"), found.study("6")
    for study, sd in ((third, 7.86), (sixth, 6.71)):
        described = sy.fidelity(study)
        assert described.mean == pytest.approx(97.17, abs=0.005)
        assert described.sd == pytest.approx(sd, abs=0.005)
        assert (study.score_matrix % 1 == 0.5).sum() == 12
    assert third.constant_items == ("caseload_size",)
    totals = sy.fidelity(third).totals.set_index("site")
    assert totals.loc["3", ["total", "band"]].tolist() == [96, "fair"]
    assert sy.fidelity(third, groups=list("aabaab"), contrast=("b", "a")).gaps is not None


def test_fidelity_and_gaps_as_ranges_over_feasible_matrices() -> None:
    found = sy.datasets.norway_ips().feasible_scores()
    ranges = sy.fidelity(found, contrast="high minus less")
    totals = ranges.totals.set_index("site")
    assert totals.loc["3", ["low", "high", "band_certain"]].tolist() == [96, 102, False]
    assert totals.loc["1", ["low", "high", "band_certain"]].tolist() == [97, 97, True]
    # Twelve half points in a group of three take two points off its mean total, wherever they are.
    gap = ranges.gaps.set_index("term").loc["total"]
    assert gap["low"] == pytest.approx(gap["high"])
    assert gap["low"] == pytest.approx(gap["printed"] - 2)
    quality = ranges.gaps.set_index("term").loc["job_development_quality"]
    assert round(quality["printed"], 2) == 2.67
    assert ranges.mean == pytest.approx((97.1667, 97.1667), abs=1e-4)
    assert ranges.sd == pytest.approx((6.7057, 9.4481), abs=1e-4)
    assert ranges.items.set_index("item").loc["employer_diversity", "constant"] == "never"
    assert "354,294 matrices" in repr(ranges)
    for study in (found.study("3"), found.study("6")):
        difference = sy.fidelity(study, groups=list("lhhlhh"), contrast=("h", "l")).gaps
        assert difference is not None


def test_what_has_no_printed_means_has_no_feasible_scores() -> None:
    with pytest.raises(sy.InputError, match="no printed item means in this study in published"):
        gappy().feasible_scores()
    with pytest.raises(sy.InputError, match="no simplest matrix changes just these sites: got 5; allowed: 3; 6"):
        sy.datasets.norway_ips().feasible_scores().study("5")
