"""Permutation tests: scipy's documented cases, enumeration, strata, sites, residuals, ties, max-T, refusals."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

import steelyard as sy


def difference(x: Any, y: Any, axis: int = -1) -> Any:
    return np.mean(x, axis=axis) - np.mean(y, axis=axis)


# ---- scipy's documented cases.


@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
@pytest.mark.parametrize("vectorized", [True, False])
def test_independent_samples_agree_with_scipy(alternative: Any, vectorized: bool) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=5), rng.normal(0.7, size=6)
    theirs = stats.permutation_test((x, y), difference, vectorized=True, n_resamples=np.inf, alternative=alternative)
    ours = sy.permutation_test((x, y), difference, vectorized=vectorized, n_resamples=np.inf, alternative=alternative)
    fast = sy.permutation_test((x, y), "difference of means", alternative=alternative)
    for result in (ours, fast):
        assert result.enumerated
        assert result.n_resamples == math.comb(11, 5)
        assert result.statistic == pytest.approx(theirs.statistic, abs=1e-14)
        assert result.pvalue == pytest.approx(theirs.pvalue, abs=1e-14)
        np.testing.assert_allclose(
            np.sort(result.null_distribution), np.sort(theirs.null_distribution), rtol=0, atol=1e-14
        )


def test_paired_samples_agree_with_scipy() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=8), rng.normal(0.5, size=8)
    theirs = stats.permutation_test((x, y), difference, vectorized=True, permutation_type="samples", n_resamples=np.inf)
    for statistic, data in ((difference, (x, y)), ("difference of means", (x, y)), ("mean", (x - y,))):
        ours = sy.permutation_test(data, statistic, permutation_type="samples")
        assert ours.n_resamples == 2**8
        assert ours.pvalue == pytest.approx(theirs.pvalue, abs=1e-14)
    paired = sy.permutation_test((x, y), difference, permutation_type="paired")
    assert paired.pvalue == pytest.approx(theirs.pvalue, abs=1e-14)


def test_pairings_agree_with_scipy_and_with_all_permutations() -> None:
    x, y = np.array([1.0, 2, 4, 3, 5, 6]), np.array([2.0, 1, 3, 6, 5, 4])
    theirs = stats.permutation_test(
        (x,), lambda v: stats.pearsonr(v, y).statistic, permutation_type="pairings", n_resamples=np.inf
    )
    ours = sy.permutation_test((x, y), "pearson", permutation_type="pairings")
    assert ours.n_resamples == 720
    assert ours.pvalue == pytest.approx(theirs.pvalue, abs=1e-14)
    assert ours.statistic == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-14)
    one = sy.permutation_test((x,), lambda v: np.corrcoef(v, y)[0, 1], permutation_type="pairings")
    assert one.pvalue == pytest.approx(theirs.pvalue, abs=1e-14)


def test_three_samples_and_more_dimensions() -> None:
    rng = np.random.default_rng(3)
    samples = tuple(rng.normal(size=3) for _ in range(3))

    def f(*parts: Any) -> float:
        return float(stats.f_oneway(*parts).statistic)

    theirs = stats.permutation_test(samples, f, n_resamples=np.inf, alternative="greater")
    ours = sy.permutation_test(samples, f, alternative="greater")
    assert ours.n_resamples == 1680
    assert ours.pvalue == pytest.approx(theirs.pvalue, abs=1e-14)
    wide = (rng.normal(size=(4, 2)), rng.normal(size=(4, 2)))
    both = sy.permutation_test(wide, "difference of means")
    for j in range(2):
        alone = sy.permutation_test((wide[0][:, j], wide[1][:, j]), "difference of means")
        assert both.pvalue[j] == pytest.approx(alone.pvalue, abs=1e-14)


# ---- The study: three centres against three (Fyhn et al. 2020, reference numbers of the fidelity room).


def test_six_centres_reach_a_tenth_at_best() -> None:
    high, low = np.array([5.0, 5, 5]), np.array([2.0, 3, 2])
    result = sy.permutation_test((high, low), "difference of means")
    assert (result.n_resamples, result.enumerated) == (20, True)
    assert result.statistic == pytest.approx(8 / 3)
    assert result.pvalue == pytest.approx(0.1, abs=1e-15)
    assert result.floor == pytest.approx(0.1, abs=1e-15)
    assert result.pvalues.strict == 0.0
    assert result.pvalues.mid == pytest.approx(0.05, abs=1e-15)
    assert result.monte_carlo_error == 0.0
    assert "smallest within reach 0.1" in repr(result)


# ---- Strata, sites, residuals against literal enumeration.


def test_strata_exchange_within_themselves() -> None:
    y = np.array([1.0, 4, 2, 8, 5, 7])
    stratum = [0, 0, 1, 0, 1, 1]  # two strata of three; samples are the first three rows and the rest
    result = sy.permutation_test((y[:3], y[3:]), "difference of means", strata=stratum)
    label = np.array([0, 0, 0, 1, 1, 1])
    values = []
    for a in set(itertools.permutations(label[[0, 1, 3]])):
        for b in set(itertools.permutations(label[[2, 4, 5]])):
            new = np.empty(6)
            new[[0, 1, 3]], new[[2, 4, 5]] = a, b
            values.append(y[new == 0].mean() - y[new == 1].mean())
    np.testing.assert_allclose(np.sort(result.null_distribution), np.sort(values), atol=1e-14)
    python = sy.permutation_test((y[:3], y[3:]), difference, strata=stratum)
    assert python.pvalues == result.pvalues


def test_whole_sites_of_unequal_size() -> None:
    y = np.arange(1.0, 11)
    site = np.array([0, 0, 0, 1, 1, 2, 2, 2, 3, 3])
    result = sy.permutation_test((y[:5], y[5:]), "difference of means", sites=site)
    values = []
    for pair in itertools.combinations(range(4), 2):
        inside = np.isin(site, pair)
        values.append(y[inside].mean() - y[~inside].mean())
    assert result.n_resamples == 6
    np.testing.assert_allclose(np.sort(result.null_distribution), np.sort(values), atol=1e-14)


def test_pairings_of_whole_sites() -> None:
    site = np.repeat(np.arange(4), [2, 3, 1, 2])
    x, y = np.array([1.0, 2, 4, 8])[site], np.array([1.0, 3, 2, 2, 5, 4, 6, 9])
    result = sy.permutation_test((x, y), "pearson", permutation_type="pairings", sites=site)
    values = [np.corrcoef(np.array(p)[site], y)[0, 1] for p in itertools.permutations([1.0, 2, 4, 8])]
    np.testing.assert_allclose(np.sort(result.null_distribution), np.sort(values), atol=1e-14)


def test_freedman_lane_residuals() -> None:
    rng = np.random.default_rng(4)
    z = rng.normal(size=6)
    x, y = z + rng.normal(size=6), z + rng.normal(size=6)
    result = sy.permutation_test((x, y), "pearson", permutation_type="residuals", covariates=z)
    design = np.column_stack([np.ones(6), z])
    hat = design @ np.linalg.pinv(design)
    mx, fit = x - hat @ x, hat @ y
    values = []
    for order in itertools.permutations(range(6)):
        new = fit + (y - fit)[list(order)]
        left = new - hat @ new
        values.append(mx @ left / math.sqrt((mx @ mx) * (left @ left)))
    np.testing.assert_allclose(np.sort(result.null_distribution), np.sort(values), atol=1e-12)
    assert "asymptotic" in repr(result)

    def partial(v: Any, w: Any) -> float:
        left = w - hat @ w
        return float(mx @ left / math.sqrt((mx @ mx) * (left @ left)))

    python = sy.permutation_test((x, y), partial, permutation_type="residuals", covariates=z)
    assert python.pvalues == result.pvalues


# ---- Many statistics at once.


def test_step_down_max_t_against_its_definition() -> None:
    rng = np.random.default_rng(5)
    y = rng.normal(size=6)
    x = rng.normal(size=(6, 3)) + np.outer(y, [1.5, 0.5, 0])
    result = sy.permutation_test((x, y), "pearson", permutation_type="pairings", adjust="max-T", two_sided="symmetric")
    null = np.abs(
        [[np.corrcoef(x[:, j], y[list(p)])[0, 1] for j in range(3)] for p in itertools.permutations(range(6))]
    )
    observed = np.abs([np.corrcoef(x[:, j], y)[0, 1] for j in range(3)])
    order, adjusted, least = np.argsort(-observed), np.empty(3), 0.0
    for i, j in enumerate(order):
        least = max(least, float(np.mean(null[:, order[i:]].max(axis=1) >= observed[j] - 1e-12)))
        adjusted[j] = least
    np.testing.assert_allclose(result.adjusted.weak, adjusted, atol=1e-12)
    assert (result.adjusted.weak >= result.pvalue - 1e-15).all()
    assert list(result.tidy().columns) == [
        "term", "statistic", "p_value", "floor", "monte_carlo_error", "p_adjusted",
    ]  # fmt: skip


def test_a_constant_column_is_undefined_and_never_significant() -> None:
    x = np.column_stack([np.ones(8), np.arange(8.0)])
    result = sy.permutation_test(
        (x, np.arange(8.0)), "pearson", permutation_type="pairings", adjust="max-T", enumeration="never", rng=1
    )
    assert result.pvalue[0] == 1.0
    assert result.adjusted.weak[0] == 1.0
    assert result.adjusted.weak[1] < 0.01
    assert "undefined on 9999 arrangements" in repr(result)


# ---- Ties, relabelling, scaling, streams.


def test_ties_survive_relabelling_and_scaling() -> None:
    rng = np.random.default_rng(6)
    x, y = rng.integers(1, 6, 7) / 10, rng.integers(1, 6, 6) / 10
    base = sy.permutation_test((x, y), "difference of means")
    for scale in (3.0, 1e6, 1e-7, 0.1):
        assert sy.permutation_test((x * scale, y * scale), "difference of means").pvalues == base.pvalues
    moved = sy.permutation_test((rng.permutation(x), rng.permutation(y)), "difference of means")
    assert moved.pvalues == base.pvalues
    assert base.pvalues.strict < base.pvalues.mid < base.pvalues.weak


def test_same_bytes_on_any_number_of_threads() -> None:
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(40, 3)), rng.normal(size=40)
    options: dict[str, Any] = {"permutation_type": "pairings", "n_resamples": 3000, "rng": 5}
    runs = [sy.permutation_test((x, y), "pearson", threads=n, **options).null_distribution for n in (1, 2, 7)]
    assert runs[0].tobytes() == runs[1].tobytes() == runs[2].tobytes()
    short = sy.permutation_test((x, y), "pearson", **(options | {"n_resamples": 1001})).null_distribution
    assert short.tobytes() == np.ascontiguousarray(runs[0][:, :1001]).tobytes()


def test_python_and_compiled_see_the_same_random_arrangements() -> None:
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=30), rng.normal(size=25)
    a = sy.permutation_test((x, y), "difference of means", n_resamples=500, rng=3)
    b = sy.permutation_test((x, y), difference, n_resamples=500, rng=3)
    np.testing.assert_allclose(a.null_distribution, b.null_distribution, atol=1e-13)
    assert a.floor == pytest.approx(2 / 501)
    assert 0 < a.monte_carlo_error < 0.05


def test_results_round_trip() -> None:
    result = sy.permutation_test(([1.0, 2, 3], [4.0, 5, 6]), "difference of means")
    again = type(result).from_json(result.to_json())
    assert again.pvalues == result.pvalues
    assert "<caption" in again._repr_html_()


def test_ctrl_c_keeps_the_part() -> None:
    calls = iter(range(100_000))

    def stops(x: Any, y: Any) -> float:
        if next(calls) == 300:
            raise KeyboardInterrupt
        return float(np.mean(x) - np.mean(y))

    rng = np.random.default_rng(9)
    with pytest.raises(sy.Interrupted) as caught:
        sy.permutation_test((rng.normal(size=30), rng.normal(size=30)), stops, batch=100)
    assert caught.value.partial.n_resamples == 200
    assert caught.value.partial.status == "interrupted"


X, Y = np.arange(6.0), np.array([2.0, 1, 4, 3, 6, 5])
REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    ((X, Y), {"permutation_type": "shuffle"}, "unknown option in permutation_type: got 'shuffle'"),
    ((X, Y), {"adjust": "holm"}, "unknown option in adjust: got 'holm'; allowed: 'max-T' or None"),
    ((X, Y), {"n_resamples": 0, "enumeration": "never"}, "number of resamples not allowed in n_resamples: got 0"),
    ((X, Y), {"statistic": "pearson"}, "statistic does not fit what is exchanged in statistic"),
    ((X, Y), {"statistic": "foo"}, "unknown statistic in statistic: got 'foo'"),
    ((X,), {}, "independent samples: fewer than two in data: got 1"),
    ((X, Y[:5]), {"permutation_type": "samples"}, "paired samples of different lengths in data: got [6, 5]"),
    ((X, Y), {"strata": [1, 2]}, "labels of another length than the data in strata: got shape (2,)"),
    ((X, Y), {"sites": [0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5]}, "sample labels vary within a site in site 2"),
    ((X, Y), {"covariates": X}, "covariates go with residuals in covariates"),
    ((X, [1.0, math.nan]), {}, "value is not a finite number in sample 1"),
    ((np.arange(40.0), np.arange(40.0)), {"enumeration": "always"}, "too many arrangements to enumerate"),
]


@pytest.mark.parametrize(("data", "options", "words"), REFUSED, ids=[words[:30] for _, _, words in REFUSED])
def test_bad_input_is_refused(data: Any, options: dict[str, Any], words: str) -> None:
    options = {"statistic": "difference of means"} | options
    with pytest.raises(sy.InputError) as caught:
        sy.permutation_test(data, **options)
    assert words in str(caught.value)
