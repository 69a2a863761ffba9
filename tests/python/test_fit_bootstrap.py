"""The pairs bootstrap of a regression: each replicate is the fit of its own rows."""

import numpy as np
import pytest

import steelyard as sy


def scores(rng, rows, columns):
    common = rng.normal(size=(rows, 1))
    return np.clip(np.round(3 + 0.8 * common + rng.normal(size=(rows, columns))), 1, 5)


@pytest.fixture(scope="module")
def linear():
    rng = np.random.default_rng(5)
    x = scores(rng, 200, 25)
    y = x @ rng.normal(size=25) / 10 + rng.normal(size=200)
    return x, y, sy.regress(x, y)


def newton(x, y, weight):
    """Plain Newton steps from zero: an independent twin."""
    beta = np.zeros(x.shape[1])
    for _ in range(60):
        p = 1 / (1 + np.exp(-x @ beta))
        step = np.linalg.solve(x.T @ (x * (weight * p * (1 - p))[:, None]), x.T @ (weight * (y - p)))
        beta += step
        if np.abs(step).max() < 1e-13:
            return beta
    raise AssertionError("the twin did not converge")


def test_replicates_are_least_squares_fits_of_the_drawn_rows(linear):
    x, y, fit = linear
    drawn = np.random.default_rng(1).integers(0, 200, (300, 200))
    found = fit.bootstrap(resamples=drawn, method="percentile").bootstrap_distribution
    design = np.column_stack([np.ones(200), x])
    for rows, replicate in zip(drawn, found.T, strict=True):
        expected = np.linalg.lstsq(design[rows], y[rows], rcond=None)[0]
        np.testing.assert_allclose(replicate, expected, rtol=1e-9, atol=1e-11)


def test_weights_and_an_offset_are_part_of_the_fit():
    rng = np.random.default_rng(2)
    x, y, w, offset = rng.normal(size=(40, 3)), rng.normal(size=40), rng.uniform(0.5, 3, 40), rng.normal(size=40)
    fit = sy.regress(x, y, weights=w, offset=offset)
    drawn = rng.integers(0, 40, (50, 40))
    found = fit.bootstrap(resamples=drawn, method="percentile").bootstrap_distribution
    design = np.column_stack([np.ones(40), x])
    for rows, replicate in zip(drawn, found.T, strict=True):
        root = np.sqrt(w[rows])
        expected = np.linalg.lstsq(design[rows] * root[:, None], (y - offset)[rows] * root, rcond=None)[0]
        np.testing.assert_allclose(replicate, expected, rtol=1e-9, atol=1e-11)


def test_columns_of_very_different_size_keep_their_digits():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(60, 3)) * [1e-6, 1.0, 1e6] + [1e-3, 1e3, 1e9]
    y = rng.normal(size=60)
    drawn = rng.integers(0, 60, (50, 60))
    found = sy.regress(x, y).bootstrap(resamples=drawn, method="percentile").bootstrap_distribution[1:]
    centred = (x - x.mean(0)) / x.std(0)
    expected = sy.regress(centred, y).bootstrap(resamples=drawn, method="percentile").bootstrap_distribution[1:]
    np.testing.assert_allclose(found * x.std(0)[:, None], expected, rtol=1e-6, atol=1e-9)


def test_a_plan_of_sites_is_the_default_where_there_are_sites(linear):
    x, y, _ = linear
    site = np.repeat(np.arange(40), 5)
    fit = sy.regress(x[:, :3], y, sites=site)
    found = fit.bootstrap(n_resamples=200, rng=4, method="percentile")
    assert (found.plan, found.n_units, found.terms) == ("sites", 40, fit.names)
    twin = sy.bootstrap(
        np.column_stack([x[:, :3], y]),
        lambda rows: np.linalg.lstsq(np.column_stack([np.ones(len(rows)), rows[:, :3]]), rows[:, 3], rcond=None)[0],
        plan=sy.plans.Cluster(site),
        n_resamples=200,
        rng=4,
        method="percentile",
    )
    np.testing.assert_allclose(found.bootstrap_distribution, twin.bootstrap_distribution, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(found.jackknife, twin._source.jackknife(), rtol=1e-9, atol=1e-11)


def test_few_sites_are_enumerated_and_singular_replicates_are_counted():
    rng = np.random.default_rng(6)
    site = np.repeat(np.arange(5), 4)
    fidelity = np.array([80.0, 90, 95, 100, 110])[site]
    fit = sy.regress(fidelity[:, None], 0.1 * fidelity + rng.normal(size=20), sites=site, names=["fidelity"])
    found = fit.bootstrap(method="percentile")
    # C(9, 5) = 126 multisets; the five of one site alone have a constant column: 5 of 5^5 equally likely draws.
    assert (found.enumerated, found.n_resamples, found.n_undefined) == (True, 126, 5)
    assert found.undefined_mass == pytest.approx(5 / 5**5)
    assert any("because columns depend on one another" in caveat for caveat in found.caveats)


def test_the_bytes_do_not_depend_on_threads_and_more_replicates_keep_the_first(linear):
    fit = linear[2]
    runs = [fit.bootstrap(n_resamples=n, rng=9, threads=t, method="percentile") for n, t in ((333, 1), (333, 2))]
    assert runs[0].bootstrap_distribution.tobytes() == runs[1].bootstrap_distribution.tobytes()
    more = runs[0].extend(100)
    straight = fit.bootstrap(n_resamples=433, rng=9, method="percentile")
    assert more.bootstrap_distribution.tobytes() == straight.bootstrap_distribution.tobytes()


@pytest.fixture(scope="module")
def logit():
    rng = np.random.default_rng(7)
    site = np.repeat(np.arange(50), 20)
    x = np.column_stack([scores(rng, 50, 2)[site], rng.normal(size=(1000, 6))])
    log_odds = 0.3 * (x[:, 0] - 3) - 0.2 * (x[:, 1] - 3) + x[:, 2:] @ rng.normal(size=6) / 3 - 0.4
    y = (rng.random(1000) < 1 / (1 + np.exp(-log_odds))).astype(float)
    return x, y, site


@pytest.mark.parametrize("columns", [[0, 1], [0, 1, 2, 3, 4, 5, 6, 7]])
def test_logistic_replicates_are_maximum_likelihood_fits(logit, columns):
    x, y, site = logit
    fit = sy.regress(x[:, columns], y, family="binomial", sites=site)
    drawn = np.random.default_rng(1).integers(0, 50, (60, 50))
    found = fit.bootstrap(resamples=drawn, method="percentile").bootstrap_distribution
    design = np.column_stack([np.ones(1000), x[:, columns]])
    for sites, replicate in zip(drawn, found.T, strict=True):
        weight = np.bincount(sites, minlength=50)[site].astype(float)
        np.testing.assert_allclose(replicate, newton(design, y, weight), rtol=1e-8, atol=1e-10)


def test_participants_and_counts_by_site_give_the_same_replicates(logit):
    x, y, site = logit
    k, n = np.bincount(site, y), np.bincount(site)
    rows = sy.regress(x[:, :2], y, family="binomial", sites=site).bootstrap(n_resamples=100, rng=2)
    counts = sy.regress(x[::20, :2], k, trials=n, family="binomial", sites=np.arange(50))
    found = counts.bootstrap(n_resamples=100, rng=2).bootstrap_distribution
    np.testing.assert_allclose(rows.bootstrap_distribution, found, rtol=1e-10, atol=1e-12)


def test_separated_replicates_are_undefined_and_do_not_disturb_others():
    rng = np.random.default_rng(8)
    x = rng.normal(size=(20, 1))
    y = (x[:, 0] + 0.8 * rng.normal(size=20) > 0).astype(float)
    fit = sy.regress(x, y, family="binomial")
    found = fit.bootstrap(n_resamples=500, rng=3, method="percentile")
    counted = 0
    units = np.stack([np.bincount(row, minlength=20) for row in _drawn(fit, 500, 3)])
    for weight, replicate in zip(units, found.bootstrap_distribution.T, strict=True):
        ones, zeros = x[(weight > 0) & (y == 1), 0], x[(weight > 0) & (y == 0), 0]
        separated = min(len(ones), len(zeros)) == 0 or ones.min() >= zeros.max() or ones.max() <= zeros.min()
        assert np.isnan(replicate).all() == separated
        counted += separated
        if not separated:
            expected = newton(np.column_stack([np.ones(20), x]), y, weight.astype(float))
            np.testing.assert_allclose(replicate, expected, rtol=1e-7, atol=1e-8)
    assert counted == found.n_undefined > 0


def _drawn(fit, n, seed):
    """Return the rows that each replicate draws: those of a Python statistic under the same seed."""
    seen = []
    rows = np.arange(fit.rows)
    sy.bootstrap(rows, lambda drawn: float(seen.append(drawn) or 0), n_resamples=n, rng=seed, method="percentile")
    return seen[-n:]


def test_what_is_refused(linear):
    fit = linear[2]
    with pytest.raises(sy.InputError, match="statistic of a fit in statistic: got 'mean'"):
        sy.bootstrap(fit, "mean")
    with pytest.raises(sy.InputError, match="plan of another length than the data"):
        fit.bootstrap(plan=sy.plans.Cluster(np.arange(10)))
    with pytest.raises(sy.InputError, match="studentized interval without standard errors in method: got a fit on"):
        fit.bootstrap(method="studentized")
    with pytest.raises(sy.InputError, match="standard error of a fit in standard_error"):
        sy.bootstrap(fit, standard_error=lambda rows: 1.0)
