"""Plans beyond rows and sites, supplied resamples, stated accuracy, simultaneous bands."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import steelyard as sy

RNG = np.random.default_rng(1)
SITES = np.repeat(np.arange(10), [2, 5, 3, 4, 6, 2, 3, 5, 4, 6])
Y = RNG.normal(size=40) + RNG.normal(size=10)[SITES]


def test_two_stages_are_what_their_python_twin_computes() -> None:
    plan = sy.plans.TwoStage(SITES)
    ours, theirs = (sy.bootstrap(Y, s, plan=plan, n_resamples=400, rng=2) for s in ("mean", lambda v: v.mean()))
    np.testing.assert_allclose(ours.bootstrap_distribution, theirs.bootstrap_distribution, rtol=1e-12)
    np.testing.assert_allclose(ours.jackknife, theirs.jackknife, rtol=1e-12)
    assert ours.method == "t"
    # The second stage adds the variation within sites, so it is wider than drawing sites alone.
    one = sy.bootstrap(Y, "mean", plan=sy.plans.Cluster(SITES), n_resamples=4000, rng=2)
    two = sy.bootstrap(Y, "mean", plan=plan, n_resamples=4000, rng=2)
    assert two.standard_error > one.standard_error


def test_bayesian_weights_have_the_moments_of_a_dirichlet() -> None:
    x = np.array([1.0, 2, 4, 9, 3, 5])
    result = sy.bootstrap(x, "mean", plan=sy.plans.Bayesian(), n_resamples=60_000, rng=3)
    # Var of a Dirichlet(1, ..., 1) mean: population variance / (n + 1).
    assert result.standard_error == pytest.approx(math.sqrt(x.var() / 7), rel=0.015)
    assert abs(result.bias) < 4 * result.standard_error / math.sqrt(60_000)
    assert not result.enumerated


def test_poisson_weights_and_weighted_medians_stay_defined() -> None:
    x = RNG.normal(size=60)
    result = sy.bootstrap(x, "mean", plan=sy.plans.Fractional("poisson"), n_resamples=20_000, rng=4)
    assert result.standard_error == pytest.approx(x.std() / math.sqrt(60), rel=0.03)
    median = sy.bootstrap(x, "median", plan=sy.plans.Bayesian(), n_resamples=500, rng=4)
    assert median.n_undefined == 0


def test_a_balanced_plan_has_no_bias_in_a_mean_and_keeps_its_replicates() -> None:
    x = RNG.normal(size=25)
    short = sy.bootstrap(x, "mean", plan=sy.plans.Balanced(), n_resamples=300, rng=5)
    long = sy.bootstrap(x, "mean", plan=sy.plans.Balanced(), n_resamples=700, rng=5, threads=3)
    assert abs(short.bias) < 1e-13
    assert long.bootstrap_distribution[:300].tobytes() == short.bootstrap_distribution.tobytes()
    twin = sy.bootstrap(x, lambda v: v.mean(), plan=sy.plans.Balanced(), n_resamples=300, rng=5)
    np.testing.assert_allclose(twin.bootstrap_distribution, short.bootstrap_distribution, rtol=0, atol=1e-13)


def test_m_out_of_n_is_rescaled() -> None:
    x = np.array([1.0, 2, 4, 9, 3, 5])
    result = sy.bootstrap(x, "mean", plan=sy.plans.Subsample(3), method="percentile")
    assert (result.enumerated, result.n_resamples) == (True, 56)
    # SD of a mean of 3 draws is sigma / sqrt(3); times sqrt(3 / 6) it is that of six.
    assert result.standard_error == pytest.approx(x.std() / math.sqrt(6), abs=1e-12)


def test_supplied_indices_and_weights_give_the_same_as_numpy() -> None:
    x = RNG.normal(size=12)
    index = RNG.integers(0, 12, size=(50, 12))
    expected = x[index].mean(axis=1)
    weights = np.stack([np.bincount(row, minlength=12) for row in index]).astype(float)
    for statistic, given in (("mean", index), ("mean", weights), (lambda v: v.mean(), index)):
        result = sy.bootstrap(x, statistic, resamples=given)
        np.testing.assert_allclose(result.bootstrap_distribution, expected, rtol=0, atol=1e-12)
        assert result.n_resamples == 50
    sites = np.repeat(np.arange(4), 3)
    drawn = RNG.integers(0, 4, size=(20, 4))
    by_site = sy.bootstrap(x, "mean", plan=sy.plans.Cluster(sites), resamples=drawn)
    np.testing.assert_allclose(
        by_site.bootstrap_distribution, x.reshape(4, 3).mean(axis=1)[drawn].mean(axis=1), rtol=0, atol=1e-12
    )


def test_accuracy_is_reached() -> None:
    x = RNG.normal(size=40)
    result = sy.bootstrap(x, "mean", n_resamples=500, method="percentile", accuracy=0.01, rng=6)
    assert result.n_resamples > 500
    assert 1.96 * result.monte_carlo_error <= 0.01
    whole = sy.bootstrap(x, "mean", n_resamples=result.n_resamples, method="percentile", rng=6)
    assert whole.confidence_interval == result.confidence_interval


def test_a_simultaneous_band_covers_all_outputs_in_its_share_of_replicates() -> None:
    x = RNG.normal(size=(30, 4))
    result = sy.bootstrap(x, "mean", n_resamples=3000, rng=7)
    band = result.simultaneous(0.9)
    away = np.abs(result.bootstrap_distribution - result.estimate[:, None])
    inside = band.high - result.estimate >= (away - 1e-12).T
    assert inside.all(axis=1).mean() == pytest.approx(0.9, abs=0.002)
    assert band.method == "sup-t"


# ---- Sites under every plan, against literal enumeration or the law of the weights.

FIVE = np.repeat(np.arange(5), [2, 3, 1, 2, 4])
Z = np.array([3.0, 5, 1, 2, 2, 9, 4, 4, 7, 1, 0, 2])


def mean_of(sites: Any) -> float:
    return float(np.concatenate([Z[site == FIVE] for site in sites]).mean())


def test_sites_within_strata_are_enumerated_within_them() -> None:
    strata = np.array([0, 0, 0, 1, 1])
    plan = sy.plans.Cluster(FIVE, strata=strata[FIVE])
    result = sy.bootstrap(Z, "mean", plan=plan, method="percentile")
    draws = [a + b for a in itertools.product(range(3), repeat=3) for b in itertools.product((3, 4), repeat=2)]
    values = np.array([mean_of(draw) for draw in draws])
    assert (result.enumerated, result.n_resamples) == (True, 10 * 3)
    assert result.standard_error == pytest.approx(values.std(), abs=1e-13)
    assert result.bias == pytest.approx(values.mean() - Z.mean(), abs=1e-13)
    low, high = np.quantile(values, [0.025, 0.975], method="inverted_cdf")
    assert tuple(result.confidence_interval) == pytest.approx((low, high), abs=1e-13)
    without = np.array([mean_of([site for site in range(5) if site != left]) for left in range(5)])
    parts = [(2 / 3, without[:3]), (1 / 2, without[3:])]
    variance = sum(factor * ((part - Z.mean()) ** 2).sum() for factor, part in parts)
    assert result.jackknife_standard_error == pytest.approx(math.sqrt(variance), abs=1e-13)
    t = result.interval("t")
    assert (t.high - t.low) / 2 == pytest.approx(3.182446305284263 * math.sqrt(variance), abs=1e-10)
    python = sy.bootstrap(Z, lambda v: v.mean(), plan=plan, method="percentile")
    np.testing.assert_allclose(
        np.sort(python.bootstrap_distribution), np.sort(result.bootstrap_distribution), atol=1e-13
    )


def test_m_sites_out_of_n() -> None:
    result = sy.bootstrap(Z, "mean", plan=sy.plans.Subsample(2, FIVE), method="percentile")
    values = np.array([mean_of(draw) for draw in itertools.product(range(5), repeat=2)])
    shrunk = Z.mean() + math.sqrt(2 / 5) * (values - Z.mean())
    assert (result.enumerated, result.n_resamples) == (True, 15)
    assert result.standard_error == pytest.approx(shrunk.std(), abs=1e-13)
    low, high = np.quantile(shrunk, [0.025, 0.975], method="inverted_cdf")
    assert tuple(result.confidence_interval) == pytest.approx((low, high), abs=1e-13)


def test_balanced_sites_are_drawn_equally_often_in_every_block() -> None:
    seen: list[Any] = []

    def record(rows: Any) -> float:
        seen.append(np.bincount(rows.astype(int), minlength=5) / np.bincount(FIVE))
        return float(len(rows))

    sy.bootstrap(FIVE.astype(float), record, plan=sy.plans.Balanced(FIVE), n_resamples=200, rng=6, method="percentile")
    # The first call is on the data.
    for block in (seen[1:101], seen[101:201]):
        counts = np.sum(block, axis=0)
        assert counts.tolist() == [100.0] * 5


def test_fractional_weights_of_sites() -> None:
    options: dict[str, Any] = {"n_resamples": 30_000, "rng": 7, "method": "percentile"}
    bayes, fractional = (
        sy.bootstrap(Z, "mean", plan=p, **options)
        for p in (sy.plans.Bayesian(FIVE), sy.plans.Fractional("exponential", FIVE))
    )
    assert bayes.bootstrap_distribution.tobytes() == fractional.bootstrap_distribution.tobytes()
    # Sites of one size: the variance of a mean under Dirichlet weights is that between sites over G + 1.
    y, sites = RNG.normal(size=24), np.repeat(np.arange(6), 4)
    even = sy.bootstrap(y, "mean", plan=sy.plans.Bayesian(sites), **options)
    between = y.reshape(6, 4).mean(axis=1).var()
    assert even.standard_error == pytest.approx(math.sqrt(between / 7), rel=0.02)
    # Poisson counts: a draw without any site has mass exp(-6), and is undefined.
    poisson = sy.bootstrap(y, "mean", plan=sy.plans.Fractional("poisson", sites), **options)
    mass = math.exp(-6)
    assert abs(poisson.undefined_mass - mass) < 5 * math.sqrt(mass / 30_000)


GOOD = np.arange(10.0)
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"resamples": np.full((3, 10), 10)}, "index out of range in resamples: got 10; allowed: 0 to 9"),
    ({"resamples": np.full((3, 10), -1)}, "index out of range in resamples: got -1"),
    ({"resamples": np.full((3, 10), -0.5)}, "weight not allowed in resamples: got -0.5"),
    ({"resamples": np.ones((3, 4))}, "resamples of the wrong shape in resamples: got float64 of shape (3, 4)"),
    ({"resamples": np.ones((3, 10)), "statistic": np.mean}, "resamples do not fit the call in resamples"),
    ({"accuracy": 0}, "accuracy not allowed in accuracy: got 0; allowed: a number above 0"),
    ({"plan": sy.plans.Subsample(11)}, "number of draws not allowed in m: got 11; allowed: 1 to 10"),
    ({"plan": sy.plans.Bayesian(), "statistic": np.mean}, "weights given to a Python function in plan"),
]


@pytest.mark.parametrize(("options", "words"), REFUSED, ids=[words[:30] for _, words in REFUSED])
def test_bad_input_is_refused(options: dict[str, Any], words: str) -> None:
    options = {"statistic": "mean", "rng": 1} | options
    with pytest.raises(sy.InputError) as caught:
        sy.bootstrap(GOOD, **options)
    assert words in str(caught.value)


def test_an_unknown_law_is_refused() -> None:
    with pytest.raises(sy.InputError, match="unknown law in law: got 'gamma'"):
        sy.plans.Fractional("gamma")


def test_where_simulated_coverage_is_off_the_result_says_so() -> None:
    sites = np.repeat(np.arange(6), [2, 20, 5, 5, 5, 5])
    plan = sy.plans.Cluster(sites)
    assert "With 6 sites of unequal size the 95 % t interval covered" in repr(
        sy.bootstrap(RNG.normal(size=42), "mean", plan=plan)
    )
    even = sy.plans.Cluster(np.repeat(np.arange(6), 7))
    rare = np.array(([1.0] + [0.0] * 6) * 3 + ([1.0] * 2 + [0.0] * 5) * 3)
    assert "so rare an outcome" in repr(sy.bootstrap(rare, "mean", plan=even))
    slope = sy.bootstrap(RNG.normal(size=(42, 2)), "coefficients", plan=even)
    assert "the slope on a covariate of 6 sites" in repr(slope)
    icc = sy.bootstrap(RNG.normal(size=42) + np.repeat(RNG.normal(size=6), 7), "icc", plan=even)
    assert "an intraclass correlation" in repr(icc)
    assert "in simulations" not in repr(sy.bootstrap(RNG.normal(size=42), "mean", plan=even))
