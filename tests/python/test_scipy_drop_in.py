"""scipy's signatures and documented behaviour: `bootstrap` and `permutation_test` side by side with scipy's own."""

from __future__ import annotations

import inspect
import math
import warnings
from typing import Any

import numpy as np
import pytest
from scipy import stats

import steelyard as sy

LEGACY = {"random_state"}


@pytest.mark.parametrize("name", ["bootstrap", "permutation_test"])
def test_every_parameter_of_scipy_is_accepted_with_its_default(name: str) -> None:
    ours, theirs = (inspect.signature(getattr(module, name)).parameters for module in (sy, stats))
    for parameter in theirs.values():
        if parameter.name in LEGACY:
            continue
        mine = ours[parameter.name]
        # scipy's default method is ours for independent rows, where None stands for it.
        if parameter.name in ("method", "statistic"):
            continue
        assert mine.default == parameter.default, parameter.name
    assert list(ours)[:2] == list(theirs)[:2] == ["data", "statistic"]


# ---- bootstrap: scipy's draws are recorded and replayed, so that results must be equal, not alike.


class Recorded:
    """A statistic of samples that records which rows scipy drew."""

    def __init__(self) -> None:
        self.seen: list[tuple[Any, ...]] = []

    def __call__(self, *samples: Any, axis: int) -> Any:
        self.seen.append(tuple(np.asarray(sample) for sample in samples))
        return np.asarray(samples[0]).sum(axis=axis)

    def indices(self, n: tuple[int, ...], paired: bool) -> Any:
        """Return replicates x rows; rows of later samples count on."""
        drawn = next(call for call in self.seen if call[0].ndim > 1)
        if paired:
            return drawn[0].reshape(-1, n[0]).astype(int)
        starts = np.concatenate([[0], np.cumsum(n)[:-1]])
        return np.hstack(
            [part.reshape(-1, size).astype(int) + s for part, size, s in zip(drawn, n, starts, strict=True)]
        )


def difference(x: Any, y: Any, axis: int = -1) -> Any:
    return np.mean(x, axis=axis) - np.mean(y, axis=axis)


def correlation(x: Any, y: Any, axis: int = -1) -> Any:
    return stats.pearsonr(x, y, axis=axis)[0]


RNG = np.random.default_rng(20)
SAMPLES: dict[str, tuple[tuple[Any, ...], Any, bool]] = {
    "standard deviation": ((RNG.normal(2, 4, size=40),), np.std, False),
    "difference": ((RNG.normal(size=30), RNG.normal(0, 2, size=25)), difference, False),
    "correlation": ((np.linspace(0, 10, 35), np.linspace(0, 10, 35) + RNG.uniform(size=35)), correlation, True),
    "ties": ((RNG.integers(1, 6, size=24).astype(float),), np.mean, False),
}


@pytest.mark.parametrize("method", ["percentile", "basic", "BCa"])
@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
@pytest.mark.parametrize("name", SAMPLES)
def test_intervals_on_scipys_own_draws(name: str, alternative: Any, method: str) -> None:
    data, statistic, paired = SAMPLES[name]
    options: dict[str, Any] = {"paired": paired, "method": method, "alternative": alternative, "confidence_level": 0.9}
    theirs = stats.bootstrap(data, statistic, n_resamples=500, rng=np.random.default_rng(3), **options)
    recorded = Recorded()
    places = tuple(np.arange(float(len(part))) for part in data)
    stats.bootstrap(
        places, recorded, n_resamples=500, rng=np.random.default_rng(3), paired=paired, vectorized=True, method="basic"
    )
    indices = recorded.indices(tuple(map(len, data)), paired)
    ours = sy.bootstrap(data, statistic, resamples=indices, **options)
    np.testing.assert_allclose(ours.bootstrap_distribution, theirs.bootstrap_distribution, rtol=1e-12, atol=1e-14)
    assert ours.standard_error == pytest.approx(theirs.standard_error, rel=1e-12)
    assert tuple(ours.confidence_interval) == pytest.approx(tuple(theirs.confidence_interval), rel=1e-9)


def test_the_documented_example_of_a_standard_deviation() -> None:
    data = (np.random.default_rng(1).normal(2, 4, size=100),)
    result = sy.bootstrap(data, np.std, confidence_level=0.9, rng=np.random.default_rng(1))
    assert result.bootstrap_distribution.shape == (9999,)
    assert result.standard_error == pytest.approx(np.std(result.bootstrap_distribution, ddof=1), rel=1e-12)
    assert result.method == "BCa"
    low, high = result.confidence_interval
    assert (result.confidence_interval[0], result.confidence_interval[1]) == (low, high)
    theirs = stats.bootstrap(data, np.std, confidence_level=0.9, rng=np.random.default_rng(1)).confidence_interval
    error = math.sqrt(2) * result.monte_carlo_error
    assert abs(low - theirs.low) < 4 * error
    assert abs(high - theirs.high) < 4 * error


def test_many_samples_at_once_are_many_samples() -> None:
    data = np.random.default_rng(2).normal(2, 4, size=(6, 30))
    whole = sy.bootstrap((data,), np.std, axis=-1, confidence_level=0.9, n_resamples=499, rng=1)
    low, high = whole.confidence_interval
    assert low.shape == high.shape == (6,)
    assert whole.bootstrap_distribution.shape == (6, 499)
    for i, row in enumerate(data):
        alone = sy.bootstrap((row,), np.std, confidence_level=0.9, n_resamples=499, rng=1)
        assert tuple(alone.confidence_interval) == pytest.approx((low[i], high[i]), rel=1e-12)
    columns = sy.bootstrap((data.T,), np.std, axis=0, confidence_level=0.9, n_resamples=499, rng=1)
    np.testing.assert_allclose(columns.confidence_interval.low, low, rtol=1e-12)
    flat = sy.bootstrap((data,), lambda v: float(np.std(v)), vectorized=False, axis=-1, n_resamples=99, rng=1)
    np.testing.assert_allclose(flat.bootstrap_distribution, whole.bootstrap_distribution[:, :99], rtol=1e-12)


def test_samples_are_broadcast_against_each_other() -> None:
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(2, 1, 12)), rng.normal(size=(3, 9))
    result = sy.bootstrap((x, y), difference, axis=-1, n_resamples=99, rng=1)
    assert result.bootstrap_distribution.shape == (2, 3, 99)
    assert stats.bootstrap((x, y), difference, axis=-1, n_resamples=99).bootstrap_distribution.shape == (2, 3, 99)
    assert result.estimate == pytest.approx(difference(x, y), rel=1e-12)
    paired = sy.bootstrap(
        (x, y[:, :1] + np.zeros(12)), correlation_or_zero, axis=-1, paired=True, n_resamples=19, rng=1
    )
    assert paired.bootstrap_distribution.shape == (2, 3, 19)


def correlation_or_zero(x: Any, y: Any, axis: int = -1) -> Any:
    return np.mean(x * y, axis=axis)


@pytest.mark.parametrize("batch", [1, 7, 100, None])
def test_batches_change_nothing(batch: int | None) -> None:
    data, statistic, paired = SAMPLES["correlation"]
    options: dict[str, Any] = {"paired": paired, "n_resamples": 100, "rng": 5}
    whole = sy.bootstrap(data, statistic, **options)
    part = sy.bootstrap(data, statistic, batch=batch, **options)
    np.testing.assert_allclose(part.bootstrap_distribution, whole.bootstrap_distribution, rtol=1e-12)
    assert tuple(part.confidence_interval) == pytest.approx(tuple(whole.confidence_interval), rel=1e-12)


def test_vectorised_means_that_axis_is_passed() -> None:
    seen: list[Any] = []

    def plain(x: Any) -> float:
        seen.append(np.ndim(x))
        return float(np.mean(x))

    def with_axis(x: Any, axis: int = -1) -> Any:
        seen.append((np.ndim(x), axis))
        return np.mean(x, axis=axis)

    x = np.random.default_rng(6).normal(size=20)
    sy.bootstrap((x,), plain, n_resamples=9, rng=1)
    assert set(seen) == {1}
    seen.clear()
    sy.bootstrap((x,), with_axis, n_resamples=9, rng=1)
    assert set(seen) == {(2, -1)}
    seen.clear()
    sy.bootstrap((x,), with_axis, n_resamples=9, rng=1, vectorized=False)
    assert {entry[0] for entry in seen} == {1}


def test_an_earlier_result_is_continued_or_only_read_again() -> None:
    (x, y), statistic, paired = SAMPLES["correlation"]
    rng = np.random.default_rng(7)
    result = sy.bootstrap((x, y), statistic, paired=paired, rng=rng)
    assert len(result.bootstrap_distribution) == 9999
    more = sy.bootstrap((x, y), statistic, paired=paired, n_resamples=1000, rng=rng, bootstrap_result=result)
    assert len(more.bootstrap_distribution) == 10999
    np.testing.assert_array_equal(more.bootstrap_distribution[:9999], result.bootstrap_distribution)
    again = sy.bootstrap(
        (x, y),
        statistic,
        paired=paired,
        n_resamples=0,
        bootstrap_result=more,
        method="percentile",
        confidence_level=0.9,
    )
    np.testing.assert_array_equal(again.bootstrap_distribution, more.bootstrap_distribution)
    assert tuple(again.confidence_interval) == pytest.approx(
        np.quantile(more.bootstrap_distribution, [0.05, 0.95]), rel=1e-12
    )


def test_a_one_sided_end_is_that_of_a_two_sided_interval_twice_as_far() -> None:
    data, statistic, _ = SAMPLES["standard deviation"]
    two = sy.bootstrap(data, statistic, confidence_level=0.9, n_resamples=500, rng=8).confidence_interval
    for alternative, ends in (("less", (-math.inf, two.high)), ("greater", (two.low, math.inf))):
        one = sy.bootstrap(data, statistic, confidence_level=0.95, alternative=alternative, n_resamples=500, rng=8)
        assert tuple(one.confidence_interval) == pytest.approx(ends, rel=1e-12)


def test_where_scipy_has_no_interval_of_a_constant_ours_is_the_constant() -> None:
    data = (np.full(20, 35.0),)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = stats.bootstrap(data, np.min, method="BCa", n_resamples=50)
    ours = sy.bootstrap(data, lambda v: float(np.min(v)), n_resamples=50)
    assert math.isnan(theirs.confidence_interval.low)
    # All replicates tie with the estimate, half of them count as below: there is an interval, and it is the value.
    assert tuple(ours.confidence_interval) == (35.0, 35.0)


# ---- permutation_test.


def test_the_documented_exact_and_random_tests() -> None:
    rng = np.random.default_rng(9)
    x, y = rng.normal(size=5), rng.normal(3, 1, size=6)
    options: dict[str, Any] = {"vectorized": True, "n_resamples": np.inf, "alternative": "less"}
    theirs, ours = (f((x, y), difference, **options) for f in (stats.permutation_test, sy.permutation_test))
    assert ours.pvalue == theirs.pvalue
    assert len(ours.null_distribution) == math.comb(11, 5)
    x, y = rng.normal(size=100), rng.normal(0.2, 1, size=120)
    result = sy.permutation_test((x, y), difference, n_resamples=999, vectorized=True, alternative="less", rng=rng)
    beyond = np.count_nonzero(result.null_distribution <= result.statistic + 1e-14)
    assert result.pvalue == pytest.approx((beyond + 1) / 1000, abs=1e-15)
    assert not result.enumerated


def test_the_documented_ties_of_a_correlation() -> None:
    x, y = [1, 2, 4, 3], [2, 4, 6, 8]
    options: dict[str, Any] = {"vectorized": True, "permutation_type": "pairings", "alternative": "greater"}
    theirs, ours = (f((x, y), correlation, **options) for f in (stats.permutation_test, sy.permutation_test))
    assert ours.pvalue == pytest.approx(theirs.pvalue, abs=1e-15)
    assert ours.pvalue == pytest.approx(1 / 6, abs=1e-15)
    # scipy reorders both samples (576 arrangements, each pairing 24 times), we one of them.
    assert (len(theirs.null_distribution), len(ours.null_distribution)) == (576, 24)


@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
@pytest.mark.parametrize("kind", ["independent", "samples", "pairings"])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_all_kinds_sides_and_axes(kind: Any, alternative: Any, axis: int) -> None:
    rng = np.random.default_rng(10)
    x, y = rng.normal(size=(2, 4)), rng.normal(0.4, 1, size=(2, 4))
    if axis == 0:
        x, y = x.T, y.T
    statistic = correlation if kind == "pairings" else difference
    options: dict[str, Any] = {
        "permutation_type": kind,
        "alternative": alternative,
        "axis": axis,
        "n_resamples": np.inf,
    }
    theirs, ours = (f((x, y), statistic, **options) for f in (stats.permutation_test, sy.permutation_test))
    np.testing.assert_allclose(ours.statistic, theirs.statistic, rtol=1e-12)
    np.testing.assert_allclose(ours.pvalue, theirs.pvalue, rtol=0, atol=1e-14)


def test_one_sample_changes_its_signs_and_three_are_exchanged_within_their_pairs() -> None:
    x = np.random.default_rng(11).normal(0.5, 1, size=7)

    def mean(v: Any, axis: int = -1) -> Any:
        return np.mean(v, axis=axis)

    theirs, ours = (
        f((x,), mean, permutation_type="samples", n_resamples=np.inf)
        for f in (stats.permutation_test, sy.permutation_test)
    )
    assert len(ours.null_distribution) == len(theirs.null_distribution) == 2**7
    assert ours.pvalue == pytest.approx(theirs.pvalue, abs=1e-15)
    three = tuple(np.random.default_rng(12).normal(size=(3, 4)))

    def spread(a: Any, b: Any, c: Any, axis: int = -1) -> Any:
        return np.var(np.stack([np.mean(v, axis=axis) for v in (a, b, c)]), axis=0)

    theirs, ours = (
        f(three, spread, permutation_type="samples", n_resamples=np.inf, alternative="greater")
        for f in (stats.permutation_test, sy.permutation_test)
    )
    assert len(ours.null_distribution) == len(theirs.null_distribution) == math.factorial(3) ** 4
    assert ours.pvalue == pytest.approx(theirs.pvalue, abs=1e-14)
