"""Outcomes drawn from a fit: laws by hand on small designs, model moments, bytes, refusals."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

import steelyard as sy

RNG = np.random.default_rng(5)
X = RNG.normal(size=(20, 2))
Y = X @ [0.5, -0.3] + RNG.normal(size=20)
COUNTS = RNG.binomial(12, 0.4, size=20)


# ---- Literal laws of small designs.


@pytest.mark.parametrize("residuals", ["adjusted", "raw"])
def test_residuals_of_three_rows_have_twenty_seven_draws(residuals: str) -> None:
    y = np.array([1.0, 2, 6])
    fit = sy.regress(np.ones((3, 1)), y, intercept=False, names=["mean"])
    result = sy.bootstrap(fit, plan=sy.plans.Residual(residuals), n_resamples=100_000, rng=1)
    # Leverage is 1/3 in every row.
    e = (y - 3) / (math.sqrt(2 / 3) if residuals == "adjusted" else 1)
    draws = np.array(list(itertools.product(e, repeat=3)))
    law = {}
    for draw in draws:
        key = (round(3 + draw.mean(), 9), round(draw.std(ddof=1) / math.sqrt(3), 9))
        law[key] = law.get(key, 0) + 1 / 27
    pairs = zip(result.bootstrap_distribution[0], result.replicate_errors[0], strict=True)
    seen: dict[Any, int] = {}
    for b, error in pairs:
        key = (round(float(b), 9), round(float(error), 9))
        seen[key] = seen.get(key, 0) + 1
    assert set(seen) == set(law)
    for key, mass in law.items():
        assert abs(seen[key] / 100_000 - mass) < 5 * math.sqrt(mass * (1 - mass) / 100_000)


def test_counts_of_one_rate_are_binomial() -> None:
    k, n = np.array([3, 1, 2]), np.array([4, 3, 5])
    fit = sy.regress(np.ones((3, 1)), k, family="binomial", trials=n, intercept=False, names=["log odds"])
    result = sy.bootstrap(fit, plan=sy.plans.Parametric(), n_resamples=50_000, rng=2, method="percentile")
    values = result.bootstrap_distribution[0]
    odds = 1 / (1 + np.exp(-values[np.isfinite(values)]))
    totals = np.round(odds * 12)
    np.testing.assert_allclose(odds, totals / 12, atol=1e-9)
    np.testing.assert_allclose(
        result.replicate_errors[0][np.isfinite(values)], 1 / np.sqrt(12 * odds * (1 - odds)), rtol=1e-8
    )
    for total in range(13):
        # No success and no failure have no finite maximum: undefined, counted.
        count = result.n_undefined if total == 0 else int((totals == total).sum())
        mass = stats.binom.pmf(total, 12, 0.5) if total else 2 * stats.binom.pmf(0, 12, 0.5)
        mass = 0.0 if total == 12 else mass
        assert abs(count / 50_000 - mass) < 5 * math.sqrt(max(mass * (1 - mass), 1e-9) / 50_000)
    assert "have no finite maximum" in repr(result)


# ---- Moments, and the law of the t ratio.


def test_normal_errors_give_the_t_interval() -> None:
    fit = sy.regress(X, Y, vcov="model")
    result = sy.bootstrap(fit, plan=sy.plans.Parametric(), n_resamples=40_000, rng=3)
    np.testing.assert_allclose(result.standard_error, fit.standard_errors, rtol=4 / math.sqrt(2 * 40_000))
    np.testing.assert_allclose(result.own_error, fit.standard_errors, rtol=1e-12)
    # Under the model the t ratio of a replicate is Student's with n - k degrees of freedom, exactly.
    t = (result.bootstrap_distribution[1] - fit.coefficients[1]) / result.replicate_errors[1]
    assert stats.kstest(t, stats.t(17).cdf).pvalue > 0.001
    interval = result.confidence_interval
    assert (np.abs(interval.low - fit.conf_low) < 4.5 * interval.low_error).all()
    assert (np.abs(interval.high - fit.conf_high) < 4.5 * interval.high_error).all()


def test_residuals_have_the_variance_of_what_is_drawn() -> None:
    design = np.column_stack([np.ones(20), X])
    inverse = np.linalg.inv(design.T @ design)
    e = Y - design @ inverse @ design.T @ Y
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    for residuals, drawn in (("adjusted", e / np.sqrt(1 - leverage)), ("raw", e)):
        result = sy.bootstrap(sy.regress(X, Y), plan=sy.plans.Residual(residuals), n_resamples=40_000, rng=4)
        exact = np.sqrt(drawn.var() * np.diag(inverse))
        np.testing.assert_allclose(result.standard_error, exact, rtol=4.5 / math.sqrt(2 * 40_000) * 1.2)
        assert (np.abs(result.bias) < 4.5 * exact / 200).all()


def test_weights_and_offset_enter_as_in_the_fit() -> None:
    weights, offset = RNG.uniform(0.5, 3, size=20), RNG.normal(size=20)
    fit = sy.regress(X, Y, weights=weights, offset=offset, vcov="model")
    for plan in (sy.plans.Parametric(), sy.plans.Residual()):
        result = sy.bootstrap(fit, plan=plan, n_resamples=20_000, rng=5)
        np.testing.assert_allclose(result.estimate, fit.coefficients, rtol=1e-12)
        rel = 0.03 if isinstance(plan, sy.plans.Parametric) else 0.15
        np.testing.assert_allclose(result.standard_error, fit.standard_errors, rtol=rel)


def test_counts_have_the_models_moments() -> None:
    fit = sy.regress(X, COUNTS, family="binomial", trials=np.full(20, 12), vcov="model")
    result = sy.bootstrap(fit, plan=sy.plans.Parametric(), n_resamples=2000, rng=6)
    np.testing.assert_allclose(result.standard_error, fit.standard_errors, rtol=0.1)
    assert result.status == "ok"
    assert result.terms == fit.names


# ---- Bytes, results.


@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_bytes_and_first_replicates_are_kept(family: str) -> None:
    options: dict[str, Any] = {"trials": np.full(20, 12), "family": family} if family == "binomial" else {}
    fit = sy.regress(X, COUNTS if options else Y, **options)
    plan = sy.plans.Parametric()
    runs = [sy.bootstrap(fit, plan=plan, n_resamples=n, rng=7, threads=t) for n, t in ((300, 1), (300, 2), (500, 7))]
    first = runs[0].bootstrap_distribution
    assert first.tobytes() == runs[1].bootstrap_distribution.tobytes()
    assert first.tobytes() == np.ascontiguousarray(runs[2].bootstrap_distribution[:, :300]).tobytes()


def test_results_read_and_round_trip() -> None:
    result = sy.bootstrap(sy.regress(X, Y, names=["a", "b"]), plan=sy.plans.Residual(), n_resamples=400, rng=8)
    again = type(result).from_json(result.to_json())
    assert again.interval("studentized", 0.9).low.tolist() == result.interval("studentized", 0.9).low.tolist()
    assert result.tidy()["term"].tolist() == ["(intercept)", "a", "b"]
    rows = result.intervals().set_index(["term", "method"])
    assert rows.loc[("a", "BCa"), "status"] == "refused"
    assert rows.loc[("a", "studentized"), "status"] == "ok"
    assert "rows, adjusted residuals added to the fit" in repr(result)
    with pytest.raises(sy.InputError, match="extend needs data that are resampled: got outcomes drawn from a fit"):
        result.extend(5)
    band = result.simultaneous()
    assert (band.low < result.interval("normal").low + result.standard_error).all()
    shared = sy.bootstrap(sy.regress(X, Y, sites=np.arange(20) % 5), plan=sy.plans.Parametric(), n_resamples=99, rng=8)
    assert "what sites share is not in these errors" in repr(shared)


FIT = sy.regress(X, Y)
REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (FIT, {"plan": "sites"}, "plan not understood in plan: got str; allowed: one of sy.plans"),
    (FIT, {"plan": sy.plans.Residual(), "method": "BCa"}, "interval needs units that are left out in method: got BCa"),
    (FIT, {"plan": sy.plans.Residual(), "statistic": "mean"}, "statistic of a fit in statistic: got 'mean'"),
    (FIT, {"plan": sy.plans.Residual(), "n_resamples": 0}, "number of resamples not allowed in n_resamples: got 0"),
    (
        sy.regress(X, Y, sites=np.arange(20) % 5),
        {"plan": sy.plans.Residual()},
        "residuals of rows that share a site in plan: got 20 rows in 5 sites",
    ),
    (
        sy.regress(X, COUNTS, family="binomial", trials=np.full(20, 12)),
        {"plan": sy.plans.Residual()},
        "residuals of a logistic regression cannot be drawn in plan",
    ),
    (
        sy.regress(X[:3], Y[:3], vcov="model"),
        {"plan": sy.plans.Parametric()},
        "no residuals to draw from in plan: got 3 rows, 3 coefficients",
    ),
    (
        FIT,
        {"plan": sy.plans.Residual(), "accuracy": 0.1},
        "accuracy with outcomes drawn from a fit in accuracy: got 0.1",
    ),
    (
        FIT,
        {"plan": sy.plans.Parametric(), "resamples": X},
        "resamples with outcomes drawn from a fit in resamples: got",
    ),
    (FIT, {"plan": sy.plans.Residual(), "enumeration": "always"}, "enumeration with outcomes drawn from a fit in"),
    (Y, {"statistic": "mean", "plan": sy.plans.Parametric()}, "plan needs a fit in plan: got Parametric"),
    (Y, {}, "statistic missing in statistic: got None"),
]


@pytest.mark.parametrize(("data", "options", "words"), REFUSED, ids=[words[:34] for *_, words in REFUSED])
def test_bad_input_is_refused(data: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(sy.InputError) as caught:
        sy.bootstrap(data, **({"rng": 1} | options))
    assert words in str(caught.value)


def test_unknown_residuals_are_refused() -> None:
    with pytest.raises(sy.InputError, match="unknown residuals in residuals: got 'wild'; allowed: 'adjusted' or 'raw'"):
        sy.plans.Residual("wild")
