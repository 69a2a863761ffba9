"""Compiled rates, regressions and intraclass correlations against literal NumPy twins on the same resamples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

import steelyard as sy

RNG = np.random.default_rng(2)
SITES = np.repeat(np.arange(9), [2, 5, 1, 4, 3, 6, 2, 4, 4])
N = RNG.integers(3, 40, size=31)
COUNTS = np.column_stack([RNG.binomial(N, 0.4), N]).astype(float)
BOTH_ARMS = np.column_stack([COUNTS, RNG.binomial(20, 0.3, size=31), np.full(31, 20.0)])
DESIGN = RNG.normal(size=(31, 3)) @ np.array([[1, 0.6, 0.3], [0, 0.8, 0.5], [0, 0, 1.2]]) + [3.0, 2.0, 70]


def fitted(d: Any) -> tuple[Any, Any]:
    x = np.column_stack([np.ones(len(d)), d[:, :-1]])
    b = np.linalg.lstsq(x, d[:, -1], rcond=None)[0]
    return b, 1 - ((d[:, -1] - x @ b) ** 2).sum() / ((d[:, -1] - d[:, -1].mean()) ** 2).sum()


def icc_of_groups(groups: list[Any]) -> float:
    """One-way analysis of variance, as the textbook has it."""
    n, grand = sum(map(len, groups)), np.concatenate(groups).mean()
    between = sum(len(g) * (g.mean() - grand) ** 2 for g in groups) / (len(groups) - 1)
    within = sum(((g - g.mean()) ** 2).sum() for g in groups) / (n - len(groups))
    size = (n - sum(len(g) ** 2 for g in groups) / n) / (len(groups) - 1)
    return float((between - within) / (between + (size - 1) * within))


TWINS: list[tuple[str, Any, Any]] = [
    ("rate", COUNTS, lambda d: d[:, 0].sum() / d[:, 1].sum()),
    ("difference of rates", BOTH_ARMS, lambda d: d[:, 0].sum() / d[:, 1].sum() - d[:, 2].sum() / d[:, 3].sum()),
    ("coefficients", DESIGN, lambda d: fitted(d)[0]),
    ("r2", DESIGN, lambda d: fitted(d)[1]),
    ("icc", DESIGN, lambda d: icc_of_groups(list(d))),
]


@pytest.mark.parametrize(("name", "data", "twin"), TWINS, ids=[name for name, *_ in TWINS])
@pytest.mark.parametrize("sites", [None, SITES])
def test_compiled_statistics_equal_their_twins(name: str, data: Any, twin: Any, sites: Any) -> None:
    plan = None if sites is None else sy.plans.Cluster(sites)
    options: dict[str, Any] = {"plan": plan, "n_resamples": 300, "rng": 8, "enumeration": "never"}
    ours, theirs = (sy.bootstrap(data, statistic, **options) for statistic in (name, twin))
    np.testing.assert_allclose(ours.estimate, theirs.estimate, rtol=1e-12, atol=1e-12)
    # Relative to each replicate's size; a collinear resample has no twin, and neither counts it.
    good = np.isfinite(ours.bootstrap_distribution) & (np.abs(theirs.bootstrap_distribution) < 1e6)
    assert good.mean() > 0.99
    np.testing.assert_allclose(
        ours.bootstrap_distribution[good], theirs.bootstrap_distribution[good], rtol=1e-10, atol=1e-12
    )
    if theirs.jackknife is not None:
        np.testing.assert_allclose(ours.jackknife, theirs.jackknife, rtol=1e-11, atol=1e-12)


def test_the_icc_of_sites_takes_a_site_drawn_twice_for_two() -> None:
    y = RNG.normal(size=31) + 0.7 * RNG.normal(size=9)[SITES]
    drawn = RNG.integers(0, 9, size=(50, 9))
    result = sy.bootstrap(y, "icc", plan=sy.plans.Cluster(SITES), resamples=drawn)
    groups = [y[np.flatnonzero(site == SITES)] for site in range(9)]
    assert result.estimate == pytest.approx(icc_of_groups(groups), abs=1e-12)
    twin = [icc_of_groups([groups[site] for site in row]) for row in drawn]
    np.testing.assert_allclose(result.bootstrap_distribution, twin, rtol=0, atol=1e-12)


def test_two_arms_are_two_samples_of_counts() -> None:
    first, second = COUNTS[:14], COUNTS[14:]
    result = sy.bootstrap((first, second), "difference of rates", n_resamples=300, rng=3)
    rate = [part[:, 0].sum() / part[:, 1].sum() for part in (first, second)]
    assert result.estimate == pytest.approx(rate[0] - rate[1], abs=1e-15)
    # Each arm keeps its number of rows, and draws those that a list of rows would.
    rows = sy.bootstrap(
        (np.arange(14.0), np.arange(14.0, 31)),
        lambda a, b: np.concatenate([a, b]),
        n_resamples=300,
        rng=3,
        method="percentile",
    )
    for index, value in zip(rows.bootstrap_distribution.T.astype(int), result.bootstrap_distribution, strict=True):
        a, b = COUNTS[index[:14]], COUNTS[index[14:]]
        assert value == pytest.approx(a[:, 0].sum() / a[:, 1].sum() - b[:, 0].sum() / b[:, 1].sum(), abs=1e-13)


def test_coefficients_carry_the_names_of_their_columns() -> None:
    frame = pd.DataFrame(DESIGN, columns=["fidelity", "age", "hours"])
    result = sy.bootstrap(frame, "coefficients", n_resamples=99, rng=1)
    assert result.terms == ("(intercept)", "fidelity", "age")
    fit = sy.regress(frame[["fidelity", "age"]], frame["hours"])
    np.testing.assert_allclose(result.estimate, fit.coefficients, rtol=1e-12)
    paired = sy.bootstrap(
        (DESIGN[:, 0], DESIGN[:, 1], DESIGN[:, 2]), "coefficients", paired=True, n_resamples=99, rng=1
    )
    np.testing.assert_array_equal(paired.bootstrap_distribution, result.bootstrap_distribution)


def test_collinear_resamples_are_undefined_not_garbage() -> None:
    x = np.array([0.0, 0, 0, 0, 1, 2])
    data = np.column_stack([x, x + np.array([0, 1, 3, 2, 5, 4])])
    result = sy.bootstrap(data, "coefficients")
    # x is constant when only one of its three values is drawn: (4^6 + 1 + 1) / 6^6.
    assert result.undefined_mass == pytest.approx((4**6 + 2) / 6**6, abs=1e-14)
    assert np.abs(result.bootstrap_distribution[np.isfinite(result.bootstrap_distribution)]).max() < 20


# ---- Two levels: sites, then participants.


def test_two_levels_have_the_variance_of_their_law() -> None:
    site = np.arange(8)
    k, n = np.array([2, 9, 4, 7, 1, 5, 6, 3.0]), np.full(8, 12.0)
    counts = np.column_stack([k, n])
    result = sy.bootstrap(counts, "rate", plan=sy.plans.TwoStage(site), n_resamples=200_000, rng=4)
    p = k / n
    # Variance of the mean of eight draws: between sites, and the mean of p (1 - p) / n within.
    variance = (p.var() + (p * (1 - p) / n).mean()) / 8
    assert result.standard_error == pytest.approx(math.sqrt(variance), rel=4 / math.sqrt(2 * 200_000))
    assert abs(result.bias) < 4 * math.sqrt(variance / 200_000)
    assert not result.enumerated
    assert result.method == "t"
    one = sy.bootstrap(counts, "rate", plan=sy.plans.Cluster(site), n_resamples=99)
    np.testing.assert_array_equal(result.jackknife, one.jackknife)


def test_two_levels_are_what_listed_participants_give() -> None:
    """The law of the second stage: successes among n participants drawn with replacement are binomial."""
    counts = np.array([[1.0, 3], [2, 2], [0, 2]])
    # Two sites of one row would do, but the second has two rows, both of whose participants are drawn.
    site = [0, 1, 1]
    result = sy.bootstrap(counts, "rate", plan=sy.plans.TwoStage(site), n_resamples=400_000, rng=5, method="percentile")
    values, times = np.unique(np.round(result.bootstrap_distribution, 12), return_counts=True)
    law: dict[float, float] = {}
    for sites in ((0, 0), (0, 1), (1, 0), (1, 1)):
        outcomes = {0.0: 1.0}
        for s in sites:
            # The second site always gives 2 of 2 and 0 of 2.
            single = {j: math.comb(3, j) * (1 / 3) ** j * (2 / 3) ** (3 - j) for j in range(4)} if s == 0 else {2: 1.0}
            outcomes = {
                total: sum(outcomes[a] * q for a in outcomes for b, q in single.items() if a + b == total)
                for total in {a + b for a in outcomes for b in single}
            }
        size = sum(3 if s == 0 else 4 for s in sites)
        for total, mass in outcomes.items():
            key = round(total / size, 12)
            law[key] = law.get(key, 0.0) + mass / 4
    assert set(values) == set(law)
    for value, count in zip(values, times, strict=True):
        mass = law[float(value)]
        assert abs(count / 400_000 - mass) < 5 * math.sqrt(mass * (1 - mass) / 400_000)


def test_two_levels_keep_their_bytes_and_their_first_replicates() -> None:
    plan = sy.plans.TwoStage(SITES)
    runs = [
        sy.bootstrap(
            BOTH_ARMS, "difference of rates", plan=plan, n_resamples=n, rng=6, threads=t
        ).bootstrap_distribution
        for n, t in ((1500, 1), (1500, 2), (3000, 7))
    ]
    assert runs[0].tobytes() == runs[1].tobytes() == runs[2][:1500].tobytes()
    after = sy.bootstrap(COUNTS, "rate", plan=plan, n_resamples=900, rng=6).jackknife_after()
    whole = sy.bootstrap(COUNTS, "rate", plan=sy.plans.Cluster(SITES), n_resamples=900, rng=6, enumeration="never")
    # Both levels draw the sites that whole-site resampling draws.
    assert after["n_resamples"].tolist() == whole.jackknife_after()["n_resamples"].tolist()


REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (
        np.array([[3.0, 2], [1, 4]]),
        {"statistic": "rate"},
        "count not possible in row 0: got 3 of 2; allowed: whole numbers k and n",
    ),
    (np.array([[1.0, 2], [0.5, 4]]), {"statistic": "rate"}, "count not possible in row 1: got 0.5 of 4"),
    (
        [1.0, 2, 3],
        {"statistic": "rate"},
        "data do not fit the statistic in Rate: got 1 independent sample(s) of 1 column",
    ),
    (COUNTS, {"statistic": "difference of rates"}, "allowed: two samples of two columns k and n, or one table"),
    (
        np.arange(9.0),
        {"statistic": "icc"},
        "groups missing in Icc; allowed: a table whose rows are groups, or one column",
    ),
    (np.arange(9.0), {"statistic": "coefficients"}, "allowed: one table, the outcome in its last column, or paired"),
    (
        (COUNTS, COUNTS[:, :1]),
        {"statistic": "difference of rates"},
        "independent samples of different columns: got [2, 1]; allowed: one number of columns",
    ),
]


@pytest.mark.parametrize(("data", "options", "words"), REFUSED, ids=[words[:30] for *_, words in REFUSED])
def test_bad_input_is_refused(data: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(sy.InputError) as caught:
        sy.bootstrap(data, rng=1, **options)
    assert words in str(caught.value)
