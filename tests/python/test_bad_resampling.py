"""Every way of giving resampling bad input: a clear error, or a status that is counted and named."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import steelyard as sy

X = np.arange(10.0)
PAIR = (np.arange(30.0), np.arange(30.0) ** 2)


def nothing(*_: Any) -> float:
    return math.nan


def shapeless(v: Any) -> Any:
    return np.zeros(1 + int(v[0]) % 2)


def flat(v: Any, axis: int = -1) -> float:
    return float(np.mean(v))


def sites_of_a_fit(sites: Any) -> Any:
    return sy.regress(np.arange(12.0)[:, None] % 5, np.arange(12.0) ** 1.5, sites=sites)


REFUSED: list[tuple[Any, str]] = [
    # No sites, one site, one stratum with one site.
    (
        lambda: sy.bootstrap(X, "mean", plan=sy.plans.Cluster([])),
        "plan of another length than the data in sites: got shape (0,)",
    ),
    (lambda: sy.bootstrap(X, "mean", plan=sy.plans.Cluster(["a"] * 10)), "one site only in sites: got 'a'"),
    (lambda: sy.bootstrap(X, "mean", plan=sy.plans.TwoStage(["a"] * 10)), "one site only in sites: got 'a'"),
    (lambda: sy.bootstrap(X, "mean", plan=sy.plans.Bayesian(["a"] * 10)), "one site only in sites: got 'a'"),
    (lambda: sy.bootstrap(X, "mean", plan=sy.plans.Balanced(["a"] * 10)), "one site only in sites: got 'a'"),
    (
        lambda: sy.bootstrap(
            X, "mean", plan=sy.plans.Cluster([0, 0, 1, 1, 2, 2, 3, 3, 4, 4], strata=[0] * 8 + [1] * 2)
        ),
        "one site in a stratum in stratum 1: got 4",
    ),
    (
        lambda: sy.bootstrap(X, "mean", plan=sy.plans.Stratified([0] * 9 + [1])),
        "too few units to resample in stratum 1: got 1",
    ),
    (lambda: sites_of_a_fit(None).wild_test(1), "sites missing; allowed: a wild cluster test needs sites="),
    (lambda: sites_of_a_fit(["a"] * 12), "too few sites for a covariance by site: got 1; allowed: at least 2"),
    # A wrong shape, a wrong type.
    (lambda: sy.bootstrap(X, shapeless, rng=1), "statistic changed its shape in "),
    (lambda: sy.bootstrap((X,), flat, rng=1), "statistic returned the wrong shape in the data themselves: got ()"),
    (
        lambda: sy.permutation_test((X, X), flat_of_two),
        "statistic returned the wrong shape in arrangements from 0: got ()",
    ),
    (lambda: sy.bootstrap(X, lambda v: None, rng=1), "statistic returned something that is not a number"),
    # Numbers of resamples, levels.
    (
        lambda: sy.bootstrap(X, "mean", n_resamples=10**12),
        "number of resamples not allowed in n_resamples: got 1000000000000",
    ),
    (
        lambda: sy.permutation_test(PAIR, flat_of_two, n_resamples=10**12, enumeration="never"),
        "number of resamples not allowed",
    ),
    (
        lambda: sites_of_a_fit(np.arange(12) % 4).wild_test(1, n_resamples=10**12),
        "n_resamples not allowed: got 1000000000000",
    ),
    *[
        (
            lambda level=level: sy.bootstrap(X, "mean", confidence_level=level),
            "confidence level not allowed in confidence_level",
        )
        for level in (0, 1, 95, -0.5, math.nan, "0.95", True)
    ],
    (lambda: sy.bootstrap(X, "mean", rng=1).interval(confidence_level=95), "Write 0.95 for 95 %."),
    (lambda: sites_of_a_fit(np.arange(12) % 4).wild_test(1, confidence_level=95), "confidence level not allowed"),
    # Weights, indices, lengths.
    (lambda: sy.bootstrap(X, "mean", resamples=np.full((2, 10), -1.0)), "weight not allowed in resamples: got -1.0"),
    (lambda: sy.bootstrap(X, "mean", resamples=np.full((2, 10), math.inf)), "weight not allowed in resamples"),
    (lambda: sy.bootstrap(X, "mean", resamples=[[0, 10]]), "index out of range in resamples: got 10; allowed: 0 to 9"),
    (lambda: sy.bootstrap(X, "mean", plan=sy.plans.Cluster([1, 2])), "plan of another length than the data in sites"),
    (
        lambda: sy.bootstrap(X, "mean", plan=sy.plans.Stratified([1, 2])),
        "plan of another length than the data in strata",
    ),
    (lambda: sy.permutation_test(PAIR, "mean", sites=[1, 2]), "labels of another length than the data in sites"),
]


def flat_of_two(x: Any, y: Any, axis: int = -1) -> float:
    return float(np.mean(x) - np.mean(y))


@pytest.mark.parametrize(("call", "words"), REFUSED, ids=[f"{i} {words[:24]}" for i, (_, words) in enumerate(REFUSED)])
def test_bad_input_is_refused(call: Any, words: str) -> None:
    with pytest.raises(sy.InputError) as caught:
        call()
    assert words in str(caught.value)


def test_a_statistic_that_is_never_defined_is_counted_and_refused() -> None:
    result = sy.bootstrap(X, nothing, n_resamples=50, method="percentile", enumeration="never", rng=1)
    assert (result.status, result.n_undefined, result.undefined_mass) == ("refused", 50, 1.0)
    assert result.confidence_interval.reason == "the statistic is undefined on the data themselves"
    permuted = sy.permutation_test((X, X + 1), nothing, n_resamples=50, enumeration="never", rng=1)
    assert permuted.n_undefined == 50
    assert permuted.pvalue == 1.0
    assert "undefined on 50 arrangements" in repr(permuted)


def test_an_exception_names_the_arrangement_the_unit_or_the_replicate() -> None:
    def fails_after(calls: int) -> Any:
        left = iter(range(calls))

        def statistic(*samples: Any) -> float:
            if next(left, None) is None:
                raise ZeroDivisionError("no jobs")
            return float(np.mean(samples[0]))

        return statistic

    for calls, options, note in (
        (0, {}, "on the data themselves"),
        (4, {}, "without unit 3"),
        (13, {"enumeration": "never"}, "in replicate 2"),
        (3, {"resamples": [[0, 1], [2, 3], [4, 5]], "method": "basic"}, "in supplied resample 2"),
    ):
        with pytest.raises(ZeroDivisionError, match="no jobs") as caught:
            sy.bootstrap(X, fails_after(calls), rng=1, **options)  # type: ignore[arg-type]
        assert caught.value.__notes__ == [f"raised by the statistic {note}"]
    with pytest.raises(ZeroDivisionError) as caught:
        sy.permutation_test((X, X), fails_after(6), rng=1)
    assert caught.value.__notes__ == ["raised by the statistic in arrangement 5"]
