"""The bootstrap: reference values, enumeration, streams, plans, statistics, results and refusals."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import steelyard as sy

# boot::city (Davison and Hinkley 1997, table 2.1): populations of ten cities in 1920 (u) and 1930 (x).
U = np.array([138.0, 93, 61, 179, 48, 37, 29, 23, 30, 2])
X = np.array([143.0, 104, 69, 260, 75, 63, 50, 48, 111, 50])
CITY = np.column_stack([X, U])
# scipy's own reference data for bootstrap intervals of a mean (test_resampling.py, tests_R).
SIXTEEN = np.array([10, 12, 12.5, 12.5, 13.9, 15, 21, 22, 23, 34, 50, 81, 89, 121, 134, 213])


def ratio(rows: Any) -> float:
    return float(rows[:, 0].sum() / rows[:, 1].sum())


# ---- Reference values: shared reference table 5.2, rows 26 and 27, computed by brute force in R 4.2.2.


@pytest.mark.parametrize("statistic", ["ratio of means", ratio])
def test_city_ratio_enumerated(statistic: Any) -> None:
    result = sy.bootstrap(CITY, statistic)
    assert result.enumerated
    assert result.n_resamples == 92_378
    assert result.estimate == pytest.approx(1.5203125, abs=1e-12)
    assert result.standard_error == pytest.approx(0.22149805303, abs=1e-11)
    assert result.estimate + result.bias == pytest.approx(1.55978610004, abs=1e-11)
    low, high = result.interval("percentile")
    assert (low, high) == pytest.approx((1.25111607143, 2.10697674419), abs=1e-11)
    low, high = result.interval("percentile", 0.9)
    assert (low, high) == pytest.approx((1.28571428571, 1.96804511278), abs=1e-11)
    assert result.acceleration == pytest.approx(-0.01120319, abs=1e-8)
    assert result.method == "BCa"
    low, high = result.confidence_interval
    assert (low, high) == pytest.approx((1.2468193384, 2.0889570552), abs=1e-10)
    assert result.monte_carlo_error == 0.0


def test_equal_weights_would_be_wrong() -> None:
    # What Bootstrap.jl's ExactSampling reports: each multiset counted once (row 26).
    values = sy.bootstrap(CITY, "ratio of means").bootstrap_distribution
    assert values.std(ddof=1) == pytest.approx(0.371319529, abs=1e-8)


def test_sixteen_values_within_their_monte_carlo_error_of_the_exact_limit() -> None:
    result = sy.bootstrap(SIXTEEN, "mean", n_resamples=400_000, rng=1)
    exact = {"percentile": (28.8625, 84.2375), "basic": (23.75, 79.125), "BCa": (32.24375, 91.4)}
    for method, ends in exact.items():
        interval = result.interval(method)
        assert abs(interval.low - ends[0]) < 4 * interval.low_error + 0.01
        assert abs(interval.high - ends[1]) < 4 * interval.high_error + 0.01
    assert result.standard_error == pytest.approx(14.2367687168, rel=0.01)
    assert result.acceleration == pytest.approx(0.0615288696, abs=1e-9)


def test_six_centres_are_462_multisets() -> None:
    totals = np.array([97.0, 103, 102, 89, 89, 109])
    result = sy.bootstrap(totals, "mean")
    assert result.n_resamples == 462
    assert result.probabilities is not None
    assert result.probabilities.sum() == pytest.approx(1, abs=1e-14)
    # The SE of a mean under the bootstrap is the population SD over the root of n, exactly.
    assert result.standard_error == pytest.approx(totals.std() / math.sqrt(6), abs=1e-12)
    assert result.bias == pytest.approx(0, abs=1e-12)
    assert "too narrow" in repr(result)


# ---- Streams: the same seed gives the same bytes.


@pytest.mark.parametrize("statistic", ["mean", "median", "pearson", "cronbach alpha"])
def test_same_bytes_on_any_number_of_threads(statistic: str) -> None:
    data = np.random.default_rng(1).integers(1, 6, size=(40, 2)).astype(float)
    runs = [sy.bootstrap(data, statistic, n_resamples=1500, rng=7, threads=n).bootstrap_distribution for n in (1, 2, 7)]
    assert runs[0].tobytes() == runs[1].tobytes() == runs[2].tobytes()


def test_more_replicates_keep_the_first_ones() -> None:
    x = np.random.default_rng(2).normal(size=60)
    short = sy.bootstrap(x, "mean", n_resamples=10_000, rng=3)
    long = sy.bootstrap(x, "mean", n_resamples=20_000, rng=3)
    assert long.bootstrap_distribution[:10_000].tobytes() == short.bootstrap_distribution.tobytes()
    extended = short.extend(10_000)
    assert extended.bootstrap_distribution.tobytes() == long.bootstrap_distribution.tobytes()
    assert extended.confidence_interval == long.confidence_interval
    again = sy.bootstrap(x, "mean", n_resamples=10_000, bootstrap_result=short)
    assert again.bootstrap_distribution.tobytes() == long.bootstrap_distribution.tobytes()


def test_a_python_statistic_sees_the_draws_of_the_compiled_one() -> None:
    x = np.random.default_rng(4).normal(size=50)
    ours = sy.bootstrap(x, "mean", n_resamples=500, rng=5)
    for function in (lambda v: v.mean(), np.mean):
        theirs = sy.bootstrap(x, function, n_resamples=500, rng=5)
        np.testing.assert_allclose(theirs.bootstrap_distribution, ours.bootstrap_distribution, rtol=0, atol=1e-14)
    assert ours.seed == 5


def test_a_generator_is_advanced() -> None:
    rng = np.random.default_rng(0)
    first, second = (sy.bootstrap(np.arange(30.0), "mean", n_resamples=50, rng=rng) for _ in range(2))
    assert first.seed != second.seed
    assert sy.bootstrap(np.arange(30.0), "mean", n_resamples=50).seed >= 0


# ---- Statistics against NumPy on the same resamples.

TWINS: list[tuple[str, Any]] = [
    ("mean", lambda d: d.mean(axis=0)),
    ("median", lambda d: np.median(d, axis=0)),
    ("quantile(0.3)", lambda d: np.quantile(d, 0.3, axis=0)),
    ("standard deviation", lambda d: d.std(axis=0, ddof=1)),
    ("variance", lambda d: d.var(axis=0, ddof=1)),
    ("difference of means", lambda d: d[:, 0].mean() - d[:, 1].mean()),
    ("ratio of means", lambda d: d[:, 0].mean() / d[:, 1].mean()),
    ("pearson", lambda d: np.corrcoef(d.T)[0, 1]),
    ("spearman", lambda d: stats.spearmanr(d[:, 0], d[:, 1]).statistic),
    ("kendall", lambda d: stats.kendalltau(d[:, 0], d[:, 1]).statistic),
    ("cronbach alpha", lambda d: 2 * (1 - d.var(axis=0, ddof=1).sum() / d.sum(axis=1).var(ddof=1))),
    ("trimmed mean(0.2)", lambda d: np.sort(d, axis=0)[int(0.2 * len(d)) : len(d) - int(0.2 * len(d))].mean(axis=0)),
]


@pytest.mark.parametrize(("name", "twin"), TWINS, ids=[name for name, _ in TWINS])
@pytest.mark.parametrize("sites", [None, np.repeat(np.arange(9), [2, 5, 1, 4, 3, 6, 2, 4, 4])])
def test_compiled_statistics_equal_their_numpy_twins(name: str, twin: Any, sites: Any) -> None:
    rng = np.random.default_rng(6)
    data = rng.normal(size=(31, 2)) @ np.array([[1, 0.6], [0, 0.8]]) + [3.0, 2.0]
    plan = None if sites is None else sy.plans.Cluster(sites)
    options: dict[str, Any] = {"plan": plan, "n_resamples": 300, "rng": 8, "enumeration": "never"}
    ours, theirs = (sy.bootstrap(data, statistic, **options) for statistic in (name, twin))
    np.testing.assert_allclose(ours.bootstrap_distribution, theirs.bootstrap_distribution, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(ours.estimate, theirs.estimate, rtol=1e-12)
    if theirs.jackknife is not None:
        np.testing.assert_allclose(ours.jackknife, theirs.jackknife, rtol=1e-11)


def test_independent_samples_are_resampled_within_themselves() -> None:
    rng = np.random.default_rng(9)
    a, b = rng.normal(1, 1, 20), rng.normal(0, 2, 35)
    options: dict[str, Any] = {"n_resamples": 400, "rng": 3}
    ours = sy.bootstrap((a, b), "difference of means", **options)
    theirs = sy.bootstrap((a, b), lambda x, y: x.mean() - y.mean(), **options)
    vectorised = sy.bootstrap((a, b), lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis), **options)
    np.testing.assert_allclose(ours.bootstrap_distribution, theirs.bootstrap_distribution, atol=1e-14)
    np.testing.assert_allclose(ours.bootstrap_distribution, vectorised.bootstrap_distribution, atol=1e-14)
    assert ours.estimate == pytest.approx(a.mean() - b.mean(), abs=1e-14)
    small = sy.bootstrap((a[:3], b[:4]), "difference of means")
    assert (small.enumerated, small.n_resamples) == (True, 10 * 35)
    both = a[:3].var() / 3 + b[:4].var() / 4
    assert small.standard_error == pytest.approx(math.sqrt(both), abs=1e-12)


# ---- Plans and defaults.


def test_with_sites_the_default_is_t_on_the_site_jackknife_below_a_hundred() -> None:
    rng = np.random.default_rng(10)
    sites = np.repeat(np.arange(12), 5)
    y = rng.normal(size=60) + rng.normal(size=12)[sites]
    result = sy.bootstrap(y, "mean", plan=sy.plans.Cluster(sites), n_resamples=200, rng=1)
    assert result.method == "t"
    assert "below 100 sites (12 here)" in repr(result)
    means = y.reshape(12, 5).mean(axis=1)
    se = means.std(ddof=1) / math.sqrt(12)
    assert result.jackknife_standard_error == pytest.approx(se, abs=1e-12)
    half = 2.200985160082949 * se
    assert tuple(result.confidence_interval) == pytest.approx((y.mean() - half, y.mean() + half), abs=1e-10)
    many = sy.plans.Cluster(np.repeat(np.arange(100), 2))
    assert sy.bootstrap(np.arange(200.0), "mean", plan=many, n_resamples=99).method == "BCa"
    # The jackknife of a quantile is inconsistent.
    for statistic in ("median", "quantile(0.9)"):
        result = sy.bootstrap(y, statistic, plan=sy.plans.Cluster(sites), n_resamples=200, rng=1)
        assert result.method == "expanded percentile"
        assert "the default for quantiles over sites" in repr(result)


def test_sites_within_strata_keep_their_numbers() -> None:
    sites, strata = list("aabbccddee"), [0] * 4 + [1] * 6
    seen = []

    def record(rows: Any) -> float:
        seen.append((rows[:, 1] == 0).sum())
        return float(rows[:, 0].mean())

    data = np.column_stack([np.arange(10.0), strata])
    sy.bootstrap(data, record, plan=sy.plans.Cluster(sites, strata=strata), n_resamples=50, enumeration="never")
    assert set(seen[:1] + seen[-50:]) == {4}


def test_frames_name_columns_and_plans() -> None:
    frame = pd.DataFrame({"site": list("aabbcc"), "jobs": [1.0, 2, 3, 4, 5, 6], "note": list("uvwxyz")})
    result = sy.bootstrap(frame, "mean", plan=sy.plans.Cluster("site"))
    assert result.terms == ("jobs",)
    assert list(result.tidy()["term"]) == ["jobs"]
    assert result.estimate == 3.5
    theirs = sy.bootstrap(frame, lambda f: f["jobs"].mean(), plan=sy.plans.Cluster("site"))
    np.testing.assert_allclose(theirs.bootstrap_distribution, result.bootstrap_distribution)


# ---- Invariants.


def test_percentile_and_bca_follow_monotone_transforms() -> None:
    x = np.random.default_rng(11).gamma(2, size=9)
    plain = sy.bootstrap(x, lambda v: v.mean(), enumeration="always")
    cubed = sy.bootstrap(x, lambda v: v.mean() ** 3, enumeration="always")
    for end in ("low", "high"):
        a, b = (getattr(r.interval("percentile"), end) for r in (plain, cubed))
        assert a**3 == pytest.approx(b, rel=1e-12)


def test_relabelling_and_scaling_leave_the_enumerated_distribution() -> None:
    y = np.array([3.0, 4, 2, 5, 5, 1, 2, 2, 4, 3, 5, 1])
    sites = np.repeat(np.arange(6), 2)
    order = np.random.default_rng(12).permutation(12)
    base = sy.bootstrap(y, "mean", plan=sy.plans.Cluster(sites), method="BCa")
    moved = sy.bootstrap(y[order], "mean", plan=sy.plans.Cluster(sites[order]), method="BCa")
    scaled = sy.bootstrap(10 * y, "mean", plan=sy.plans.Cluster(sites), method="BCa")
    assert tuple(base.confidence_interval) == pytest.approx(tuple(moved.confidence_interval), abs=1e-12)
    assert tuple(scaled.confidence_interval) == pytest.approx([10 * v for v in base.confidence_interval], abs=1e-11)


def test_one_sided_intervals_have_an_infinite_end() -> None:
    x = np.random.default_rng(13).normal(size=40)
    result = sy.bootstrap(x, "mean", alternative="greater", confidence_level=0.975, n_resamples=2000, rng=1)
    assert result.confidence_interval.high == math.inf
    two = result.interval(confidence_level=0.95, alternative="two-sided")
    assert result.confidence_interval.low == pytest.approx(two.low, abs=1e-12)
    assert "∞" in repr(result)


# ---- Monte Carlo error: the reported one is what seeds do.


def test_monte_carlo_error_is_the_spread_over_seeds() -> None:
    x = np.random.default_rng(14).gamma(2, size=40)
    runs = [sy.bootstrap(x, "mean", n_resamples=1999, rng=seed) for seed in range(600)]
    for method in ("percentile", "basic", "normal", "BCa"):
        intervals = [run.interval(method) for run in runs]
        for end in ("low", "high"):
            spread = np.std([getattr(interval, end) for interval in intervals], ddof=1)
            reported = math.sqrt(np.mean([getattr(interval, f"{end}_error") ** 2 for interval in intervals]))
            # The SD of 600 values is itself known to 3 %.
            assert reported / spread == pytest.approx(1, abs=0.15), (method, end)


# ---- Undefined replicates.


def test_undefined_replicates_are_counted_and_refused_beyond_one_percent() -> None:
    data = np.array([[0.0, 1], [0, 2], [1, 3]])
    result = sy.bootstrap(data, "pearson")
    # x is constant in 9 of the 27 equally likely draws: 8 without the third row, 1 with it alone.
    assert result.undefined_mass == pytest.approx(9 / 27, abs=1e-14)
    assert result.n_undefined == 5
    assert result.status == "refused"
    assert math.isnan(result.confidence_interval.low)
    assert result.confidence_interval.reason is not None
    assert "undefined in 33.33 % of the replicates (5), more than 1 %" in result.confidence_interval.reason
    assert "Interval refused" in repr(result)


def test_a_jackknife_that_is_undefined_names_itself() -> None:
    data = np.array([[0.0, 1]] * 11 + [[1, 3.0]])
    result = sy.bootstrap(data, lambda d: float("nan") if d[:, 0].max() == 0 and len(d) < 12 else d[:, 1].mean())
    assert result.confidence_interval.reason is not None
    assert "undefined without 1 of the units" in result.confidence_interval.reason


# ---- Results.


def test_json_round_trip_keeps_infinite_ends() -> None:
    x = np.random.default_rng(15).normal(size=30)
    result = sy.bootstrap(x, "mean", alternative="less", n_resamples=200, rng=2)
    again = type(result).from_json(result.to_json())
    assert again.confidence_interval == result.confidence_interval
    assert again.confidence_interval.low == -math.inf
    np.testing.assert_array_equal(again.bootstrap_distribution, result.bootstrap_distribution)
    assert again.interval("basic") == result.interval("basic")
    assert json.loads(result.to_json())["steelyard"] == sy.__version__
    with pytest.raises(sy.InputError, match="extend needs the data, which JSON does not hold"):
        again.extend(10)
    assert sy.bootstrap(x, "mean", bootstrap_result=again, n_resamples=0).n_resamples == 200


def test_html_and_plot() -> None:
    result = sy.bootstrap(np.arange(20.0), "mean", n_resamples=300, rng=1)
    text = result._repr_html_()
    assert "<caption" in text
    assert 'scope="col"' in text
    assert result.plot().get_title(loc="left") == "95 % interval, BCa"


def test_jackknife_after_bootstrap_agrees_with_its_definition() -> None:
    x = np.array([1.0, 2, 2, 3, 4, 30])
    result = sy.bootstrap(x, "mean", n_resamples=4000, rng=3, enumeration="never")
    after = result.jackknife_after()
    assert after["estimate_without"].tolist() == pytest.approx([(x.sum() - v) / 5 for v in x])
    # Without 30 no resample mean can exceed 4.
    assert after["conf_high"].iloc[5] <= 4
    assert after["n_resamples"].iloc[0] == pytest.approx(4000 * (5 / 6) ** 6, rel=0.1)
    exact = sy.bootstrap(x, "mean").jackknife_after()
    # The multisets that leave one of six out are those of the other five, six draws: SE is SD over root 6.
    assert exact["std_error"].iloc[5] == pytest.approx(x[:5].std() / math.sqrt(6), abs=1e-12)


# ---- Python statistics.


def test_an_exception_reaches_the_user_with_its_replicate() -> None:
    calls = iter(range(1000))

    def fails(v: Any) -> float:
        if next(calls) == 5:
            raise ZeroDivisionError("no jobs")
        return float(v.mean())

    with pytest.raises(ZeroDivisionError, match="no jobs") as caught:
        sy.bootstrap(np.arange(30.0), fails, method="percentile", rng=1)
    assert caught.value.__notes__ == ["raised by the statistic in replicate 4"]


def test_ctrl_c_inside_a_callable_keeps_the_part() -> None:
    calls = iter(range(10_000))

    def stops(v: Any) -> float:
        if next(calls) == 250:
            raise KeyboardInterrupt
        return float(v.mean())

    with pytest.raises(sy.Interrupted) as caught:
        sy.bootstrap(np.arange(30.0), stops, method="percentile", rng=1, batch=100)
    assert caught.value.partial.n_resamples == 200
    assert caught.value.partial.status == "interrupted"
    whole = sy.bootstrap(np.arange(30.0), "mean", method="percentile", rng=1, n_resamples=200)
    np.testing.assert_allclose(caught.value.partial.bootstrap_distribution, whole.bootstrap_distribution)


def test_a_statistic_may_return_an_array() -> None:
    result = sy.bootstrap(np.arange(30.0), lambda v: np.quantile(v, [0.2, 0.8]), n_resamples=99, rng=1)
    assert result.bootstrap_distribution.shape == (2, 99)
    assert np.shape(result.confidence_interval.low) == (2,)
    assert len(result.tidy()) == 2


# ---- Refusals: exact type and words.

GOOD = np.arange(10.0)
REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (GOOD, {"n_resamples": 10**12}, "number of resamples not allowed in n_resamples: got 1000000000000"),
    (GOOD, {"n_resamples": 0}, "number of resamples not allowed in n_resamples: got 0; allowed: 1 to"),
    (GOOD, {"confidence_level": 95}, "got 95; allowed: a number above 0 and below 1. Write 0.95 for 95 %."),
    (GOOD, {"confidence_level": 0}, "confidence level not allowed in confidence_level: got 0;"),
    (GOOD, {"confidence_level": 1.0}, "confidence level not allowed in confidence_level: got 1.0;"),
    (GOOD, {"method": "bcaa"}, 'unknown interval method (did you mean "BCa"?) in method'),
    (GOOD, {"alternative": "bigger"}, "unknown option in alternative: got 'bigger'"),
    (GOOD, {"enumeration": "exact"}, "unknown option in enumeration: got 'exact'"),
    (GOOD, {"plan": "cluster"}, "plan not understood in plan: got str"),
    (GOOD, {"plan": sy.plans.Cluster([1, 2, 3])}, "plan of another length than the data in sites: got shape (3,)"),
    (GOOD, {"plan": sy.plans.Cluster([1] * 10)}, "one site only in sites: got 1; allowed: at least 2 sites"),
    (GOOD, {"plan": sy.plans.Cluster([None] + [1] * 9)}, "label missing in sites, row 0"),
    (GOOD, {"plan": sy.plans.Cluster("site")}, "no column 'site' in sites: got none: the data are not a frame"),
    (
        GOOD,
        {"plan": sy.plans.Cluster([1, 1, 1, 2, 2, 2, 3, 3, 4, 4], strata=[0] * 6 + [1] * 2 + [0] * 2)},
        "one site in a stratum in stratum 1: got 3; allowed: at least 2 sites in each stratum",
    ),
    (
        GOOD,
        {"plan": sy.plans.Cluster([1, 1, 1, 2, 2, 2, 3, 3, 4, 4], strata=[0, 1] * 5)},
        "site in more than one stratum in row 1: got 1; allowed: each site in one stratum.",
    ),
    (GOOD, {"statistic": "meen"}, 'unknown statistic (did you mean "mean"?) in statistic'),
    (GOOD, {"statistic": 7}, "statistic not understood in statistic: got 7; allowed: a name or a function"),
    (GOOD, {"statistic": "pearson"}, "data do not fit the statistic in Pearson"),
    (GOOD, {"statistic": "proportion"}, "proportion of values that are not 0 or 1: got 2"),
    (GOOD, {"statistic": lambda v: "x"}, "statistic returned something that is not a number in the data"),
    (GOOD, {"batch": 0}, "batch not allowed in batch: got 0"),
    (GOOD, {"rng": -1}, "seed not allowed in rng: got -1"),
    (GOOD, {"threads": 0}, "thread count not allowed in threads: got 0"),
    (np.arange(40.0), {"enumeration": "always"}, "too many resamples to enumerate in enumeration: got 40 rows, iid"),
    ([1.0], {}, "too few rows to resample in data: got 1; allowed: at least 2"),
    ([], {}, "too few rows to resample in data: got 0"),
    ([1.0, math.nan, 2.0], {}, "value is not a finite number in row 1, column 0: got NaN"),
    ((GOOD, GOOD[:5]), {"paired": True}, "paired samples of different lengths in data: got [10, 5]"),
    (GOOD, {"bootstrap_result": 3, "n_resamples": 0}, "not a bootstrap result in bootstrap_result: got int"),
    (
        pd.DataFrame({"site": list("aabb"), "y": [1.0, 2, 3, 4]}),
        {},
        "rows carry sites, so they are not independent in column 'site': got 2 sites in 4 rows",
    ),
]


@pytest.mark.parametrize(("data", "options", "words"), REFUSED, ids=[words[:30] for _, _, words in REFUSED])
def test_bad_input_is_refused(data: Any, options: dict[str, Any], words: str) -> None:
    options = {"statistic": "mean", "rng": 1} | options
    with pytest.raises(sy.InputError) as caught:
        sy.bootstrap(data, **options)
    assert words in str(caught.value)


def test_a_result_of_other_data_is_refused() -> None:
    earlier = sy.bootstrap(np.arange(30.0), "mean", n_resamples=50)
    with pytest.raises(sy.InputError, match="result of other data in bootstrap_result"):
        sy.bootstrap(np.arange(31.0), "mean", n_resamples=50, bootstrap_result=earlier)
