"""t intervals of bounded statistics: against R's survey and base R, inside the range, and where there is none."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import steelyard as sy

REFERENCE = Path(__file__).parents[1] / "reference"
R = json.loads((REFERENCE / "bounded.json").read_text())
IRRELEVANT: dict[str, Any] = {"n_resamples": 1, "enumeration": "never", "rng": 1}


def table(name: str) -> list[dict[str, str]]:
    with (REFERENCE / "data" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def by_t(data: Any, statistic: Any, plan: Any = None, **options: Any) -> Any:
    return sy.bootstrap(data, statistic, plan=plan, method="t", **IRRELEVANT, **options)


CBPP = [(int(row["herd"]), int(row["incidence"]), int(row["size"])) for row in table("cbpp")]
HERD, SICK, COWS = np.array(CBPP).T
BY_COW = np.concatenate([[1.0] * k + [0.0] * (n - k) for _, k, n in CBPP])
ATTITUDE = np.array([[float(x) for x in row.values()] for row in table("attitude")])
BLOCKS = np.repeat(np.arange(6), 5)


# ---- R's survey 4.1-1 and base R 4.2 (tests/reference/bounded.R).


@pytest.mark.parametrize("case", R["shares"][1:], ids=["95 %", "80 %"])
def test_shares_are_those_of_svyciprop_xlogit_on_the_jackknife(case: dict[str, Any]) -> None:
    counts = by_t(np.column_stack([SICK, COWS]), "rate", sy.plans.Cluster(HERD), confidence_level=case["level"])
    # Counts, participants, and a mean of zeros and ones are one and the same.
    cows = sy.plans.Cluster(np.repeat(HERD, COWS))
    others = [by_t(BY_COW, name, cows, confidence_level=case["level"]) for name in ("proportion", "mean")]
    for result in (counts, *others):
        assert result.estimate == pytest.approx(case["estimate"], rel=1e-13)
        assert result.jackknife_standard_error == pytest.approx(case["error"], rel=1e-11)
        assert result.degrees_of_freedom == pytest.approx(case["df"], rel=1e-13)
        assert tuple(result.confidence_interval) == pytest.approx(case["ends"], rel=1e-10)
        assert result.confidence_interval.scale == "logit"


@pytest.mark.parametrize(
    ("name", "columns", "clustered", "scale"),
    [
        ("pearson", [0, 1], True, "Fisher z"),
        ("spearman", [0, 1], True, "Fisher z"),
        ("kendall", [0, 1], False, "Fisher z"),
        ("alpha", list(range(7)), True, "log(1 - x)"),
        ("sd", [0], True, "log"),
        ("r2", [1, 3, 0], True, "Fisher z of the root"),
    ],
)
def test_other_scales_against_refits_in_r(name: str, columns: list[int], clustered: bool, scale: str) -> None:
    data = ATTITUDE[:, columns] if len(columns) > 1 else ATTITUDE[:, 0]
    result = by_t(data, name, sy.plans.Cluster(BLOCKS) if clustered else None)
    assert result.estimate == pytest.approx(R[name]["estimate"], rel=1e-12)
    assert result.jackknife_standard_error == pytest.approx(R[name]["error"], rel=1e-9)
    assert tuple(result.confidence_interval) == pytest.approx(R[name]["ends"], rel=1e-9)
    assert result.scale == result.confidence_interval.scale == scale


def test_a_rate_of_nought_or_one_has_the_exact_limit_with_sites_as_trials() -> None:
    none = by_t(np.column_stack([np.zeros(6), [5, 9, 4, 7, 6, 5]]), "rate", sy.plans.Cluster(list("abcdef")))
    assert tuple(none.confidence_interval) == pytest.approx(R["none_of_six"], abs=1e-12)
    assert (none.status, none.confidence_interval.scale) == ("ok", "exact binomial")
    assert "Where none of the participants count there is no standard error" in repr(none)
    assert "with sites as trials" in repr(none)
    all_of_nine = by_t(np.ones(27), "mean", sy.plans.Cluster(np.arange(27) % 9), confidence_level=0.9)
    assert tuple(all_of_nine.confidence_interval) == pytest.approx(R["all_of_nine"], abs=1e-12)
    assert "all of the participants" in repr(all_of_nine)
    upper = by_t(np.zeros(27), "mean", sy.plans.Cluster(np.arange(27) % 9), alternative="less").confidence_interval
    assert (upper.low, upper.high) == (-np.inf, pytest.approx(1 - 0.05 ** (1 / 9)))


# ---- What is refused, with its name.


@pytest.mark.parametrize(
    ("data", "statistic", "plan", "words"),
    [
        (np.tile([0.0, 1.0], 9), "mean", sy.plans.Cluster(np.repeat(np.arange(6), [2, 2, 2, 4, 4, 4])), "is 0"),
        (np.full(12, 7.25), "mean", sy.plans.Cluster(np.arange(12) // 3), "jackknife standard error is 0"),
        (np.column_stack([np.arange(9.0), 2 * np.arange(9.0)]), "pearson", None, "an end of its range"),
        (np.full(12, 3.0), "sd", sy.plans.Cluster(np.arange(12) // 3), "an end of its range"),
        (
            (np.zeros(8), np.ones(8)),
            "difference of means",
            sy.plans.Cluster(np.arange(16) // 2, strata=np.arange(16) // 8),
            "an end of its range",
        ),
        (np.zeros(12), "mean", sy.plans.Cluster(np.arange(12) // 2, strata=np.arange(12) // 6), "exactly 0"),
    ],
)
def test_without_a_standard_error_there_is_no_interval(data: Any, statistic: str, plan: Any, words: str) -> None:
    result = by_t(data, statistic, plan)
    assert result.status == "refused"
    assert words in str(result.confidence_interval.reason)
    assert "Interval refused" in repr(result)


# ---- Properties.


@pytest.mark.parametrize(
    ("statistic", "low", "high"),
    [
        ("proportion", 0, 1),
        ("pearson", -1, 1),
        ("spearman", -1, 1),
        ("kendall", -1, 1),
        ("r2", 0, 1),
        ("alpha", -np.inf, 1),
    ],
)
def test_ends_stay_in_the_range_however_wide(statistic: str, low: float, high: float) -> None:
    seen = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        plan = sy.plans.Cluster(np.repeat(np.arange(3), [2, 3, 9]))
        latent = rng.normal(size=(14, 1)) * 3
        data = rng.normal(size=(14, 3)) + latent if statistic == "alpha" else (rng.normal(size=(14, 2)) + latent)
        if statistic == "proportion":
            data = (rng.random(14) < 0.1).astype(float)
        ci = by_t(data, statistic, plan, confidence_level=0.999).confidence_interval
        if ci.status == "ok":
            seen += 1
            assert low <= ci.low <= ci.high <= high
    assert seen > 40


def test_sites_of_unequal_size_cost_degrees_of_freedom() -> None:
    sizes = np.array([2, 4, 6, 8, 10])
    site = np.repeat(np.arange(5), sizes)
    y = np.random.default_rng(2).normal(size=30)
    # 4 x (30^2 / 220) / 5.
    assert by_t(y, "mean", sy.plans.Cluster(site)).degrees_of_freedom == pytest.approx(4 * 900 / 220 / 5, rel=1e-14)
    assert by_t(y, lambda x: x.mean(), sy.plans.Cluster(site)).degrees_of_freedom == pytest.approx(3.2727272727272725)
    # By counts, n is the size: rows would make the sites equal.
    counts = np.column_stack([sizes // 2, sizes])
    assert by_t(counts, "rate", sy.plans.Cluster(np.arange(5))).degrees_of_freedom == pytest.approx(3.2727272727272725)
    assert by_t(counts[:, 0], "mean", sy.plans.Cluster(np.arange(5))).degrees_of_freedom == 4
    # Strata and coefficients keep units minus strata, so that the jackknife t of a fit is CV3 on t(G - 1).
    strata = (site > 2).astype(int)
    assert by_t(y, "mean", sy.plans.Cluster(site, strata=strata)).degrees_of_freedom == 3
    x = np.random.default_rng(3).normal(size=30)
    assert by_t(np.column_stack([x, y]), "coefficients", sy.plans.Cluster(site)).degrees_of_freedom == 4


def test_a_spread_is_equivariant_and_a_share_symmetric() -> None:
    y = np.random.default_rng(4).normal(size=30)
    plan = sy.plans.Cluster(np.arange(30) // 5)
    once, thrice = (np.array(tuple(by_t(factor * y, "sd", plan).confidence_interval)) for factor in (1, 3))
    np.testing.assert_allclose(thrice, 3 * once, rtol=1e-12)
    variance = np.array(tuple(by_t(y, "variance", plan).confidence_interval))
    np.testing.assert_allclose(np.sqrt(variance), once, rtol=2e-2)
    ones = (y > 0.4).astype(float)
    share, rest = (tuple(by_t(x, "mean", plan).confidence_interval) for x in (ones, 1 - ones))
    assert share == pytest.approx((1 - rest[1], 1 - rest[0]), rel=1e-12)


def test_a_mean_of_numbers_stays_as_it_was() -> None:
    totals = [97.0, 103, 102, 89, 89, 109]
    result = by_t(totals, "mean")
    half = 2.570581835636314 * np.std(totals, ddof=1) / np.sqrt(6)
    assert tuple(result.confidence_interval) == pytest.approx((98.16666666666667 - half, 98.16666666666667 + half))
    assert (result.scale, result.confidence_interval.scale, result.degrees_of_freedom) == ("identity", "identity", 5)
    # One column of numbers is enough for means to be means.
    both = by_t(np.column_stack([totals, np.arange(6) % 2]), "mean")
    assert both.scale == "identity"


# ---- What readers see.


def test_the_scale_is_told_in_text_html_and_json() -> None:
    result = by_t(BY_COW, "mean", sy.plans.Cluster(np.repeat(HERD, COWS)))
    told = "12 degrees of freedom, logit scale (the values are 0 and 1, so that their mean is a share)"
    assert told in repr(result)
    assert told in result._repr_html_()
    plain = by_t(ATTITUDE[:, 0], "mean", sy.plans.Cluster(BLOCKS))
    assert "; 5 degrees of freedom\n" in repr(plain) + "\n"
    assert "scale" not in repr(plain)
    back = type(result).from_json(result.to_json())
    assert (back.scale, back.confidence_interval.scale) == ("logit", "logit")
    assert tuple(back.interval("t", 0.8)) == tuple(result.interval("t", 0.8))
    assert back.interval("normal").scale == "identity"


def test_one_sided_ends_are_those_of_the_two_sided_interval_at_twice_the_tail() -> None:
    plan = sy.plans.Cluster(BLOCKS)
    both = by_t(ATTITUDE, "alpha", plan, confidence_level=0.9).confidence_interval
    lower = by_t(ATTITUDE, "alpha", plan, alternative="greater").confidence_interval
    assert (lower.low, lower.high) == (pytest.approx(both.low, rel=1e-14), np.inf)
