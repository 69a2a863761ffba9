"""Studentized intervals against R's boot on its own draws, against hand values, and where they are refused."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import steelyard as sy

BOOT = json.loads((Path(__file__).parents[1] / "reference" / "boot.json").read_text())
STATISTICS = {"city": "ratio of means", "aircondit": "mean", "cd4": "pearson", "gravity": "difference of means"}
RNG = np.random.default_rng(1)


def replayed(name: str, **options: Any) -> Any:
    case = BOOT[name]
    data: Any = np.array(case["data"], dtype=float)
    strata = np.array(case["strata"])
    if strata.max() > 1:
        data = tuple(data[strata == s, 0] for s in (1, 2))
    options = {"statistic": STATISTICS[name], "resamples": np.array(case["indices"]), "method": "studentized"} | options
    return sy.bootstrap(data, **options)


# ---- R's boot 1.3-28.1 (tests/reference/boot.R), from the indices that it drew itself.


@pytest.mark.parametrize("name", STATISTICS)
def test_replicates_of_boot_from_its_own_indices(name: str) -> None:
    case, result = BOOT[name], replayed(name)
    assert result.estimate == pytest.approx(case["t0"], abs=1e-12)
    np.testing.assert_allclose(result.bootstrap_distribution.reshape(-1), case["t"], rtol=1e-12, atol=1e-12)
    for method, ends in (("percentile", case["percentile"]), ("basic", case["basic"])):
        assert tuple(result.interval(method, quantile="normal-scale")) == pytest.approx(ends, rel=1e-11)


@pytest.mark.parametrize("name", STATISTICS)
def test_studentized_intervals_of_boot(name: str) -> None:
    case, result = BOOT[name], replayed(name)
    assert result.own_error == pytest.approx(case["error"], rel=1e-11)
    np.testing.assert_allclose(result.replicate_errors.reshape(-1), case["errors"], rtol=1e-9)
    for level, ends in ((0.95, case["studentized"]), (0.9, case["studentized90"])):
        assert tuple(result.interval(confidence_level=level, quantile="normal-scale")) == pytest.approx(ends, rel=1e-9)


# ---- Values by hand, invariants, twins.


def usual(v: Any) -> float:
    return float(v.std(ddof=1) / math.sqrt(len(v)))


def test_a_callable_with_its_standard_error_gives_the_interval_of_the_compiled_statistic() -> None:
    x = RNG.gamma(2, size=25)
    ours = sy.bootstrap(x, "mean", method="studentized", n_resamples=500, rng=3)
    theirs = sy.bootstrap(x, np.mean, method="studentized", standard_error=usual, n_resamples=500, rng=3)
    assert tuple(theirs.confidence_interval) == pytest.approx(tuple(ours.confidence_interval), rel=1e-12)
    assert theirs.monte_carlo_error == pytest.approx(ours.monte_carlo_error, rel=1e-9)
    t = (ours.bootstrap_distribution - x.mean()) / ours.replicate_errors
    low, high = x.mean() - usual(x) * np.quantile(t, [0.975, 0.025])
    assert tuple(ours.confidence_interval) == pytest.approx((low, high), rel=1e-12)
    median = sy.bootstrap(x, "median", method="studentized", standard_error=usual, n_resamples=99, rng=3)
    assert median.status == "ok"


def test_enumerated_ratios_need_no_draws_and_later_ones_are_replayed() -> None:
    x = np.array([1.0, 2, 4, 9, 3, 5])
    result = sy.bootstrap(x, "mean", method="studentized")
    assert (result.enumerated, result.n_resamples, result.monte_carlo_error) == (True, 462, 0.0)
    # Six of the 462 repeat one value: their t ratio is undefined, 6/6^6 of the mass.
    assert result.status == "ok"
    assert result.interval("studentized") == sy.bootstrap(x, "mean").interval("studentized")
    drawn = sy.bootstrap(x, "mean", method="studentized", n_resamples=2000, rng=5, enumeration="never", threads=1)
    assert drawn.interval() == sy.bootstrap(x, "mean", n_resamples=2000, rng=5, enumeration="never").interval("stud")
    assert abs(drawn.confidence_interval.low - result.confidence_interval.low) < 5 * drawn.confidence_interval.low_error


def test_sites_and_few_draws() -> None:
    sites = np.repeat(np.arange(12), [3, 5, 2, 6, 4, 4, 5, 3, 7, 2, 4, 5])
    y = RNG.normal(size=len(sites)) + RNG.normal(size=12)[sites]
    plan = sy.plans.Cluster(sites)
    result = sy.bootstrap(y, "mean", plan=plan, method="studentized", n_resamples=400, rng=2)
    assert result.own_error == pytest.approx(result.jackknife_standard_error, rel=1e-12)
    # A literal jackknife over the drawn sites of one replicate; a site drawn twice is two.
    drawn = RNG.integers(0, 12, size=(3, 12))
    given = sy.bootstrap(y, "mean", plan=plan, method="studentized", resamples=drawn)
    for replicate, errors in zip(drawn, given.replicate_errors, strict=True):
        rows = [y[sites == site] for site in replicate]
        whole = np.concatenate(rows).mean()
        without = [np.concatenate(rows[:i] + rows[i + 1 :]).mean() for i in range(12)]
        assert errors == pytest.approx(math.sqrt(11 / 12 * ((np.array(without) - whole) ** 2).sum()), rel=1e-10)
    x = RNG.normal(size=40)
    part = sy.bootstrap(x, "mean", plan=sy.plans.Subsample(20), method="studentized", n_resamples=4000, rng=2)
    half = (part.confidence_interval.high - part.confidence_interval.low) / 2
    # m out of n: t ratios of means of 20 are near t(19), whatever the plan shrinks.
    assert half == pytest.approx(2.093 * usual(x), rel=0.06)


def test_scaling_extending_and_json() -> None:
    x = RNG.gamma(2, size=30)
    base = sy.bootstrap(x, "mean", method="studentized", n_resamples=300, rng=4)
    scaled = sy.bootstrap(10 * x, "mean", method="studentized", n_resamples=300, rng=4)
    assert tuple(scaled.confidence_interval) == pytest.approx([10 * e for e in base.confidence_interval], rel=1e-11)
    longer = base.extend(200)
    whole = sy.bootstrap(x, "mean", method="studentized", n_resamples=500, rng=4)
    assert longer.confidence_interval == whole.confidence_interval
    again = type(base).from_json(base.to_json())
    assert again.interval(confidence_level=0.9) == base.interval(confidence_level=0.9)
    table = base.intervals()
    assert table.loc[table["method"] == "studentized", "conf_low"].item() == base.confidence_interval.low
    # Where it is not known the table says why.
    rows = sy.bootstrap(x, "median", n_resamples=99, rng=4).intervals().set_index("method")
    assert rows.loc["studentized", "reason"] == "this method needs the standard error of every replicate"


def test_monte_carlo_error_is_the_spread_over_seeds() -> None:
    x = np.random.default_rng(3).gamma(2, size=20)
    runs = [sy.bootstrap(x, "mean", method="studentized", n_resamples=1999, rng=seed) for seed in range(400)]
    for end in ("low", "high"):
        spread = np.std([getattr(run.confidence_interval, end) for run in runs], ddof=1)
        reported = math.sqrt(np.mean([getattr(run.confidence_interval, f"{end}_error") ** 2 for run in runs]))
        # The SD of 400 values is itself known to 3.5 %.
        assert reported / spread == pytest.approx(1, abs=0.15), end


def test_coverage_of_a_skewed_mean() -> None:
    """Simulated, not promised: 20 values of a gamma law, where the percentile interval is too short."""
    rng, covered = np.random.default_rng(11), {"studentized": 0, "percentile": 0}
    for seed in range(400):
        result = sy.bootstrap(rng.gamma(2, size=20), "mean", n_resamples=499, rng=seed, threads=1, method="percentile")
        for method in covered:
            low, high = result.interval(method)
            covered[method] += low <= 2 <= high
    # The error of a share of 400 is 1.1 %.
    assert covered["studentized"] / 400 == pytest.approx(0.95, abs=0.033)
    assert covered["percentile"] < covered["studentized"]


# ---- Refusals.

X = np.arange(10.0)
REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"statistic": "median"},
        "studentized interval without standard errors in method: got median over rows, iid; allowed: a statistic whose",
    ),
    (
        {"statistic": np.mean},
        "got a Python function; allowed: a statistic whose standard error is known on every replicate. Pass",
    ),
    ({"plan": sy.plans.Bayesian()}, "got mean over rows, iid, exponential weights"),
    ({"plan": sy.plans.TwoStage(np.repeat([1, 2, 3, 4, 5], 2))}, "got mean over sites, then rows within them"),
    ({"resamples": np.full((3, 10), 0.5)}, "got resamples by weights"),
    ({"standard_error": 3}, "standard error not understood in standard_error: got 3; allowed: a function"),
    (
        {"standard_error": lambda v: [1.0, 2.0]},
        "standard errors of another shape than the statistic in standard_error: got 2 per resample; allowed: 1",
    ),
]


@pytest.mark.parametrize(("options", "words"), REFUSED, ids=[words[:40] for _, words in REFUSED])
def test_bad_input_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(sy.InputError) as caught:
        sy.bootstrap(X, **({"statistic": "mean", "method": "studentized", "rng": 1} | options))
    assert words in str(caught.value)


def test_ratios_without_spread_refuse_the_interval() -> None:
    rare = np.array([0.0] * 11 + [1.0])
    result = sy.bootstrap(rare, "mean", method="studentized", rng=1, enumeration="never")
    # A third of all resamples has no 1: no spread, no t ratio.
    assert result.status == "refused"
    assert "the t ratio is undefined in 3" in str(result.confidence_interval.reason)
    with pytest.raises(sy.InputError, match="supplied resamples cannot be extended in extend"):
        replayed("city").extend(5)
    with pytest.raises(sy.InputError, match="supplied resamples cannot be replayed in jackknife_after"):
        replayed("city").jackknife_after()
