"""Fidelity and gaps: the printed study's numbers, a plain twin of the permutation test, and what is refused."""

from __future__ import annotations

import csv
import importlib.resources
import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import steelyard as sy
from steelyard._fidelity import FidelityResult

HIGH = np.array([False, False, True, False, True, True])


@pytest.fixture(scope="module")
def norway() -> FidelityResult:
    return sy.fidelity(sy.datasets.norway_ips(), groups="employment_group", contrast="high minus less")


def test_totals_of_the_printed_study(norway: FidelityResult) -> None:
    # Fyhn et al. (2020), Table 5 (totals; SD printed 8.1, median 99.5); bands by the cut-points 74, 100, 115.
    totals = norway.totals
    assert totals["total"].tolist() == [97, 103, 102, 89, 89, 109]
    assert totals["band"].tolist() == ["fair", "good", "good", "fair", "fair", "good"]
    assert (round(float(norway.mean or 0), 2), round(float(norway.sd or 0), 2), norway.median) == (98.17, 8.06, 99.5)
    bands = norway.bands.set_index("band")
    assert bands["n"].tolist() == [0, 3, 3, 0]
    assert bands.loc["fair", "sites"] == "1, 4, 5"


def test_table_5_cell_by_cell() -> None:
    study = sy.datasets.norway_ips()
    folder = importlib.resources.files("steelyard") / "data" / "norway_ips"
    scores, means, centres = (
        list(csv.DictReader((folder / f"{name}.csv").read_text(encoding="utf-8").splitlines()))
        for name in ("item_scores", "published_item_means", "centers")
    )
    assert [
        [float(row[f"center_{site}"]) for site in study.site_ids] for row in scores
    ] == study.score_matrix.T.tolist()
    assert [float(row["published_total"]) for row in centres] == study.score_matrix.sum(axis=1).tolist()
    groups = {"all": HIGH | True, "high_performing": HIGH, "less_performing": ~HIGH}
    off = dict.fromkeys(groups, 0)
    for row, item in zip(means, study.score_matrix.T, strict=True):
        for name, members in groups.items():
            # Printed to one decimal; the twelve rows that half points explain are off by no more than one of them.
            gap = abs(float(row[f"mean_{name}"]) - item[members].mean())
            assert gap <= 0.05 + 0.5 / members.sum() + 1e-9
            off[name] += bool(gap > 0.05 + 1e-9)
    assert off == {"all": 9, "high_performing": 12, "less_performing": 0}


def test_subscales_of_the_printed_study(norway: FidelityResult) -> None:
    # Sums of Table 5 by subscale, centres in the order 1, 2, 4, 3, 5, 6.
    sums = norway.subscales.pivot(index="site", columns="subscale", values="sum").loc[["1", "2", "4", "3", "5", "6"]]
    assert sums["staffing"].tolist() == [14, 15, 12, 15, 14, 15]
    assert sums["organization"].tolist() == [29, 29, 26, 31, 25, 31]
    assert sums["services"].tolist() == [54, 59, 51, 56, 50, 63]


def test_items_of_the_printed_study(norway: FidelityResult) -> None:
    items = norway.items.set_index("item")
    assert items.loc["community_based_services", "mean"] == pytest.approx(7 / 6)
    assert items.loc["job_development_quality", ["minimum", "maximum"]].tolist() == [1, 5]
    assert items.index[items["constant"]].tolist() == ["caseload_size", "employer_diversity"]
    assert items.loc["rapid_search", "ceiling"] == pytest.approx(2 / 6)
    # Cronbach's alpha of the six centres, from the formula on Table 5.
    matrix = sy.datasets.norway_ips().score_matrix
    by_hand = 25 / 24 * (1 - matrix.var(axis=0, ddof=1).sum() / matrix.sum(axis=1).var(ddof=1))
    assert norway.alpha == pytest.approx(by_hand, rel=1e-12)
    assert norway.alpha == pytest.approx(0.7386266461, abs=1e-10)


def test_gaps_of_the_printed_study(norway: FidelityResult) -> None:
    gaps = norway.gaps.set_index("term")
    quality, integration = gaps.loc["job_development_quality"], gaps.loc["team_integration"]
    assert quality["difference"] == pytest.approx(8 / 3)
    assert (quality["p_value"], quality["p_adjusted"], quality["p_strict"]) == (0.1, 0.1, 0.0)
    assert integration["difference"] == pytest.approx(4 / 3)
    assert integration["p_value"] == 0.4
    assert gaps.loc["total", "p_value"] == pytest.approx(0.8)
    assert gaps.loc["caseload_size", "status"] == "constant"
    contrast = norway.contrast
    assert contrast is not None
    assert (contrast.n_splits, contrast.enumerated, contrast.floor, contrast.monte_carlo_error) == (20, True, 0.1, 0.0)
    assert contrast.max_correlation == pytest.approx(0.8340576562, abs=1e-10)
    assert contrast.max_correlation_p == pytest.approx(0.5)
    assert contrast.max_difference_p == pytest.approx(0.1)
    assert contrast.groups_from == 'site column "employment_group"'
    assert "smallest p within reach 0.1" in repr(norway)


def test_printed_means_that_contradict_the_scores_are_named(norway: FidelityResult) -> None:
    caveat = next(text for text in norway.caveats if "as printed" in text)
    # Twelve items of Table 5: nine off in the mean of all centres, three in the high group only.
    assert "For 12 of 25 items" in caveat
    for item in ("team_integration", "vocational_unit", "disclosure", "job_development_frequency"):
        assert item in caveat
    assert "community_based_services" not in caveat


def twin(matrix: NDArray[np.float64], first: NDArray[np.bool_]) -> tuple[Any, Any, Any]:
    """Enumerate the splits in plain NumPy: weak p, weak max-adjusted p, p of max |r|."""
    n, k = len(first), int(first.sum())
    gaps, correlations = [], []
    spread = matrix.std(axis=0)
    for chosen in itertools.combinations(range(n), k):
        inside = np.zeros(n, dtype=bool)
        inside[list(chosen)] = True
        gap = np.abs(matrix[inside].mean(axis=0) - matrix[~inside].mean(axis=0))
        gaps.append(gap)
        correlations.append(np.max(gap[spread > 0] / spread[spread > 0]))
    observed = np.abs(matrix[first].mean(axis=0) - matrix[~first].mean(axis=0))
    draws = np.array(gaps)
    most = draws.max(axis=1)
    seen = np.max(observed[spread > 0] / spread[spread > 0])
    return (
        (draws >= observed - 1e-9).mean(axis=0),
        (most[:, None] >= observed - 1e-9).mean(axis=0),
        (np.array(correlations) >= seen - 1e-9).mean(),
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(4, 9), st.integers(2, 5))
def test_permutation_test_equals_its_plain_twin(seed: int, n: int, k: int) -> None:
    k = min(k, n - 2)
    rng = np.random.default_rng(seed)
    matrix = rng.integers(1, 6, (n, 15)).astype(float)
    first = np.zeros(n, dtype=bool)
    first[rng.choice(n, k, replace=False)] = True
    labels = np.where(first, "a", "b")
    result = sy.fidelity(matrix, scale="ips-15", groups=labels, contrast=("a", "b"))
    p, adjusted, overall = twin(matrix, first)
    gaps = result.gaps[result.gaps["kind"] == "item"]
    np.testing.assert_allclose(gaps["p_value"], p, rtol=1e-12)
    np.testing.assert_allclose(gaps["p_adjusted"], adjusted, rtol=1e-12)
    assert result.contrast is not None
    assert result.contrast.n_splits == math.comb(n, k)
    assert result.contrast.max_correlation_p == pytest.approx(overall, rel=1e-12)
    swapped = sy.fidelity(matrix, scale="ips-15", groups=labels, contrast="b minus a").gaps
    np.testing.assert_allclose(swapped["difference"], -result.gaps["difference"], atol=1e-12)
    np.testing.assert_allclose(swapped["p_value"], result.gaps["p_value"], rtol=1e-12)


def test_many_sites_are_drawn_with_a_seed_and_agree_with_the_normal_limit() -> None:
    rng = np.random.default_rng(2)
    matrix = rng.integers(1, 6, (60, 15)).astype(float)
    matrix[:30, 0] = np.minimum(5, matrix[:30, 0] + 1)
    labels = ["a"] * 30 + ["b"] * 30
    call: dict[str, Any] = {"scale": "ips-15", "groups": labels, "contrast": "a minus b", "n_resamples": 4999}
    one, two = sy.fidelity(matrix, rng=7, **call), sy.fidelity(matrix, rng=7, **call)
    assert one.to_json() == two.to_json()
    assert one.contrast is not None
    assert not one.contrast.enumerated
    assert one.contrast.floor == pytest.approx(1 / 5000)
    assert 0 < one.contrast.monte_carlo_error < 0.0072
    # Under the permutation law the gap has SD s sqrt(1/30 + 1/30); 4 Monte Carlo errors around the normal p.
    item = one.gaps.iloc[3]
    z = abs(item["difference"]) / (matrix[:, 3].std(ddof=1) * math.sqrt(2 / 30))
    normal = math.erfc(z / math.sqrt(2))
    assert item["p_mid"] == pytest.approx(normal, abs=4 * math.sqrt(normal * (1 - normal) / 5000) + 0.01)


def test_missing_scores_have_no_test_but_means_and_bounds() -> None:
    matrix = sy.datasets.norway_ips().score_matrix.copy()
    matrix[2, 14] = np.nan
    result = sy.fidelity(matrix, scale="ips-25", groups=np.where(HIGH, "high", "less"), contrast="high minus less")
    gaps = result.gaps.set_index("term")
    assert gaps.loc["rapid_search", "status"] == "missing scores"
    assert math.isnan(gaps.loc["rapid_search", "p_value"])
    assert gaps.loc["rapid_search", "difference"] == pytest.approx(4 - 11 / 3)
    assert gaps.loc["job_development_quality", "p_value"] == 0.1
    totals = result.totals.set_index("site")
    assert (totals.loc["3", "low"], totals.loc["3", "high"]) == (100, 104)
    assert totals.loc["3", "band_low"] == totals.loc["3", "band_high"] == "good"
    matrix[2, 0] = np.nan
    assert any("band is not settled" in text for text in sy.fidelity(matrix, scale="ips-25").caveats)


def test_frame_input_recognises_its_scale_and_says_so() -> None:
    study = sy.datasets.norway_ips()
    frame = study.scores.assign(region=["n", "n", "s", "s", "s", "n"])
    result = sy.fidelity(frame, groups="region", contrast="n minus s")
    assert any("recognised by its columns: ips-25" in text for text in result.caveats)
    assert result.contrast is not None
    assert result.contrast.first_sites == ("1", "2", "6")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"groups": "employment_group"}, 'contrast not stated in contrast; .*contrast="high_performing minus less'),
        ({"groups": "employment_group", "contrast": "high minus low"}, 'unknown group in contrast: got "low"'),
        ({"groups": "employment_group", "contrast": "high minus high"}, "contrast of a group with itself"),
        ({"groups": "employment_group", "contrast": "high"}, "contrast not understood"),
        ({"contrast": "north minus south"}, "no groups to compare in contrast: .*employment_group"),
        ({"groups": "region", "contrast": "a minus b"}, 'no site column "region"; allowed: employment_group'),
        ({"groups": {"7": "a"}, "contrast": "a minus b"}, "unknown site in groups: got 7"),
        ({"groups": ["a", "b"], "contrast": "a minus b"}, "one group per site is needed in groups: got 2; allowed: 6"),
        (
            {"groups": dict(zip("123456", "abbbbb", strict=True)), "contrast": "a minus b"},
            'group with one member in group "a": got 1; allowed: at least 2 sites',
        ),
        ({"scale": "ips-25"}, "scale given beside a Study"),
        ({"groups": "employment_group", "contrast": "high minus less", "n_resamples": 0}, "number of resamples"),
    ],
)
def test_groups_are_explicit(options: dict[str, Any], message: str) -> None:
    with pytest.raises(sy.InputError, match=message):
        sy.fidelity(sy.datasets.norway_ips(), **options)


def test_an_array_needs_a_scale() -> None:
    with pytest.raises(sy.InputError, match="scale not stated in scale; allowed: a Scale"):
        sy.fidelity(np.full((3, 25), 4))


def test_results_replay_tidy_and_read(norway: FidelityResult) -> None:
    again = FidelityResult.from_json(norway.to_json())
    assert again.to_json() == norway.to_json()
    pd.testing.assert_frame_equal(again.gaps, norway.gaps)
    tidy = norway.tidy()
    assert set(tidy["kind"]) == {"mean", "gap"}
    assert tidy.loc[0, "estimate"] == pytest.approx(589 / 6)
    page = norway._repr_html_()
    assert page.count("<caption") == 4
    assert "<script" not in page


def test_figures_print_every_score(norway: FidelityResult) -> None:
    ax = norway.plot()
    assert sum(text.get_text() in "12345" for text in ax.texts) == 150
    assert ax.get_xticklabels()[0].get_text().startswith("6\n109")
    profile = norway.plot_items()
    assert {text.get_text() for text in profile.get_legend().get_texts()} == {
        "mean",
        "high performing",
        "less performing",
    }
    own = sy.fidelity(sy.datasets.norway_ips()).plot(ax=ax)
    assert own is ax
