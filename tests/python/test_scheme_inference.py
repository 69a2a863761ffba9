"""Inference on weights: twins in NumPy, simulated frequencies, enumerated whole weights, ranges and their names."""

import itertools

import numpy as np
import pytest
from scipy import stats

import steelyard as sy
from steelyard import schemes as S


def data(seed=1, n=40, p=5, noise=1.0):
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 6, (n, p)).astype(float)
    y = x @ np.array([1.0, 0.5, 0.0, 0.3, 0.2, 0.1])[:p] + noise * rng.normal(size=n)
    return x, y


def twin(x, y, w=None):
    """Weighted least squares by hand: slopes, their covariance, degrees of freedom."""
    n, p = x.shape
    w = np.ones(n) if w is None else w
    design = np.column_stack([np.ones(n), x])
    inverse = np.linalg.inv(design.T @ (w[:, None] * design))
    b = inverse @ design.T @ (w * y)
    noise = (w * (y - design @ b) ** 2).sum() / (n - p - 1)
    return b[1:], noise * inverse[1:, 1:], n - p - 1


def test_slopes_and_contrasts_by_t():
    x, y = data()
    found = S.OLS().fit(x, y).inference(rng=1)
    b, v, df = twin(x, y)
    assert found.degrees_of_freedom == df == 34
    c = np.eye(5) - 0.2
    for rows, map_ in ((found.slopes, np.eye(5)), (found.contrasts, c)):
        estimate, error = map_ @ b, np.sqrt(np.diag(map_ @ v @ map_.T))
        t = stats.t.ppf(0.975, df)
        for j, row in enumerate(rows.values()):
            assert row["estimate"] == pytest.approx(estimate[j], abs=1e-10)
            assert row["std_error"] == pytest.approx(error[j], rel=1e-9)
            assert row["conf_low"] == pytest.approx(estimate[j] - t * error[j], abs=1e-9)
            assert row["p_value"] == pytest.approx(2 * stats.t.sf(abs(estimate[j] / error[j]), df), rel=1e-8)
            assert row["simultaneous_low"] < row["conf_low"]
            assert row["adjusted_p_value"] >= row["p_value"] - 0.01
    assert len(found.tidy()) == 10
    assert "slopes less their mean" in repr(found)
    again = type(found).from_json(found.to_json())
    assert again.contrasts == found.contrasts


def test_critical_values_are_those_of_the_multivariate_t():
    """Five slopes with correlation near zero: max |t| of the studentised range's cousin, by scipy's multivariate t."""
    x, y = data(n=200)
    found = S.OLS().fit(x, y).inference(rng=3, n_draws=40_000)
    _, v, df = twin(x, y)
    r = v / np.sqrt(np.outer(np.diag(v), np.diag(v)))
    draws = stats.multivariate_t(shape=r, df=df, seed=7).rvs(200_000)
    expected = np.quantile(np.abs(draws).max(axis=1), 0.95)
    assert found.critical[0] == pytest.approx(stats.t.ppf(0.975, df), rel=1e-10)
    assert abs(found.critical[1] - expected) < 4 * found.critical_error[0] + 0.01


def test_weights_are_not_divided_by_a_sum_that_may_be_zero():
    x, y = data()
    found = S.OLS().fit(x, y).inference(rng=1)
    assert found.separable
    assert not found.reason
    # Fieller by its definition: at either end the combination b_j - r mean(b) is just significant.
    b, v, df = twin(x, y)
    for j, (estimate, low, high) in enumerate(found.relative.values()):
        assert estimate == pytest.approx(b[j] / b.mean(), rel=1e-9)
        for end in (low, high):
            c = np.eye(5)[j] - end / 5
            assert abs(c @ b) / np.sqrt(c @ v @ c) == pytest.approx(stats.t.ppf(0.975, df), rel=1e-6)
    rng = np.random.default_rng(0)
    noise = S.OLS().fit(x, rng.normal(size=40)).inference(rng=1)
    assert not noise.separable
    assert noise.reason.startswith("the sum of the slopes is not separable from zero")
    assert set(noise.relative.values()) == {None}


def test_any_value_fits_where_the_design_does_not_tell():
    x, y = data()
    wide = np.column_stack([x, x[:, 0], np.full(40, 3.0)])
    found = S.OLS().fit(wide, y).inference(rng=1)
    assert found.slopes["item_1"] is None
    assert found.slopes["item_6"] is None
    assert found.slopes["item_7"] is None
    b, _, _ = twin(x, y)
    assert found.slopes["item_2"]["estimate"] == pytest.approx(b[1], abs=1e-9)
    assert set(found.ranks.values()) == {None}
    notes = found.tidy()
    assert (notes.loc[notes["term"] == "item_7", "note"] == "any value fits").all()
    with pytest.raises(sy.InputError, match="no sampling errors of slopes: got OLS, no site is left over"):
        S.OLS().fit(sy.datasets.norway_ips(), [0, 0, 1, 0, 1, 1]).inference()
    with pytest.raises(sy.InputError, match="no sampling errors of slopes: got Lasso"):
        S.Lasso(0.1).fit(x, y).inference()
    with pytest.raises(sy.InputError, match=r"no confidence intervals for a penalised fit: got penalty 0\.1"):
        S.Logistic(penalty=0.1).fit(x, np.arange(40) % 2, sites=range(40)).inference()


def test_participants_count_as_sites():
    """k of n, and the same participants as 0/1 rows with sites, give one covariance and t(G - p - 1)."""
    rng = np.random.default_rng(5)
    x = rng.integers(1, 6, (12, 2)).astype(float)
    n = rng.integers(5, 20, 12)
    k = rng.binomial(n, 0.4)
    short = S.OLS().fit(x, k, trials=n)
    rows = np.repeat(np.arange(12), n)
    outcome = np.concatenate([np.r_[np.ones(a), np.zeros(b - a)] for a, b in zip(k, n, strict=True)])
    long = S.OLS().fit(x[rows], outcome, sites=rows)
    np.testing.assert_allclose(long.covariance, short.covariance, rtol=1e-9)
    assert long.degrees_of_freedom == short.degrees_of_freedom == 9
    np.testing.assert_allclose(short.covariance, twin(x, k / n, n)[1], rtol=1e-9)


def reviewed_twice(seed=7, sites=14):
    """Sites with one to three reviews whose scores differ: what CR2 by site is for."""
    rng = np.random.default_rng(seed)
    site = np.repeat(np.arange(sites), rng.integers(1, 4, sites))
    x = np.clip(rng.integers(1, 6, (sites, 3))[site] + rng.integers(-1, 2, (len(site), 3)), 1, 5).astype(float)
    y = x @ [0.8, 0.3, 0.1] + rng.normal(size=sites)[site] + 0.5 * rng.normal(size=len(site))
    return x, y, site


def test_several_reviews_a_site_bring_cr2_with_its_own_degrees_of_freedom():
    x, y, site = reviewed_twice()
    fit = S.OLS().fit(x, y, sites=site)
    assert fit.interval_method == "CR2"
    found = fit.inference(rng=1)
    # The house's regression is held against clubSandwich's numbers elsewhere. In other columns, which leave the fit
    # alone, a contrast is one of its coefficients.
    slopes = sy.regress(x, y, sites=site)
    for j, row in enumerate(found.slopes.values()):
        assert row["estimate"] == pytest.approx(slopes.coefficients[j + 1], abs=1e-10)
        assert row["std_error"] == pytest.approx(slopes.standard_errors[j + 1], rel=1e-9)
        assert row["p_value"] == pytest.approx(slopes.pvalues[j + 1], rel=1e-8)
    mean = np.full((3, 3), 1 / 3)
    for j, row in enumerate(found.contrasts.values()):
        # b_j - mean(b), and two more that complete it to a basis.
        basis = np.eye(3) - mean
        basis = np.vstack([basis[j], np.eye(3)[[i for i in range(3) if i != j]]])
        turned = sy.regress(x @ np.linalg.inv(basis), y, sites=site)
        assert row["estimate"] == pytest.approx(turned.coefficients[1], abs=1e-10)
        assert row["std_error"] == pytest.approx(turned.standard_errors[1], rel=1e-9)
        assert row["p_value"] == pytest.approx(turned.pvalues[1], rel=1e-7)
        df = turned.degrees_of_freedom[1]
        assert found.degrees_of_freedom <= df + 1e-9
        assert row["conf_low"] == pytest.approx(row["estimate"] - stats.t.ppf(0.975, df) * row["std_error"], rel=1e-7)
        assert row["simultaneous_low"] < row["conf_low"]
    assert "CR2 with t of" in repr(found)
    assert type(found).from_json(found.to_json()).method == "CR2"


def test_cr2_can_be_asked_for_where_sites_are_single_rows():
    x, y = data()
    fit = S.OLS().fit(x, y)
    found = fit.inference(vcov="CR2", rng=1)
    robust = sy.regress(x, y, sites=range(40))
    for j, row in enumerate(found.slopes.values()):
        assert row["std_error"] == pytest.approx(robust.standard_errors[j + 1], rel=1e-9)
        assert row["p_value"] == pytest.approx(robust.pvalues[j + 1], rel=1e-8)
    # Weighted sites: the working model's variance is inverse to the participants.
    n = np.arange(5, 45)
    weighted = S.OLS().fit(x, np.round(n / 3), trials=n).inference(vcov="CR2", rng=1)
    by_hand = sy.regress(x, np.round(n / 3) / n, weights=n, sites=range(40))
    errors = [row["std_error"] for row in weighted.slopes.values()]
    np.testing.assert_allclose(errors, by_hand.standard_errors[1:], rtol=1e-9)
    with pytest.raises(sy.InputError, match="vcov not known in vcov: got 'HC9'; allowed: None or 'CR2'"):
        fit.inference(vcov="HC9")
    with pytest.raises(sy.InputError, match="no covariance by site in vcov: got Logistic"):
        S.Logistic().fit(x, np.round(n / 3), trials=n).inference(vcov="CR2")


def test_rank_sets_are_stepped_down():
    """A twin in NumPy with its own draws: every ordered pair is a test, and what is rejected leaves the family."""
    x, y = data(seed=4, n=60, p=5, noise=2.0)
    found = S.OLS().fit(x, y).inference(rng=1)
    b, v, df = twin(x, y)
    draws = stats.multivariate_t(shape=v, df=df, seed=5).rvs(40_000)
    pairs = [(i, j) for i in range(5) for j in range(5) if i != j]
    error = {(i, j): np.sqrt(v[i, i] + v[j, j] - 2 * v[i, j]) for i, j in pairs}
    t = {pair: (b[pair[0]] - b[pair[1]]) / error[pair] for pair in pairs}

    def sure(family):
        family, out = list(family), []
        while family:
            critical = np.quantile(np.max([(draws[:, i] - draws[:, j]) / error[i, j] for i, j in family], axis=0), 0.95)
            new = [pair for pair in family if t[pair] > critical]
            assert all(abs(t[pair] - critical) > 0.03 for pair in family)  # clear of Monte Carlo error
            if not new:
                break
            out += new
            family = [pair for pair in family if pair not in new]
        return out

    together = sure(pairs)
    assert together
    for item, ranks in enumerate(found.ranks.values()):
        own = sure([pair for pair in pairs if item in pair])
        for rejected, best, worst in ((own, "best", "worst"), (together, "simultaneous_best", "simultaneous_worst")):
            assert ranks[best] == 1 + sum(j == item for _, j in rejected)
            assert ranks[worst] == 5 - sum(i == item for i, _ in rejected)


def test_rank_sets_cover_and_are_nested():
    x, y = data(noise=0.3)
    ranks = S.OLS().fit(x, y).inference(rng=1).ranks
    assert ranks["item_1"] == {"best": 1, "worst": 1, "simultaneous_best": 1, "simultaneous_worst": 1}
    for found in ranks.values():
        assert found["simultaneous_best"] <= found["best"] <= found["worst"] <= found["simultaneous_worst"]
    # Simulated: sets for equal slopes must hold every rank; false exclusions happen to at most about 5 %.
    rng = np.random.default_rng(2)
    excluded = 0
    for _ in range(200):
        y = x.sum(axis=1) + rng.normal(size=40)
        ranks = S.OLS().fit(x, y).inference(rng=1, n_draws=1000).ranks
        excluded += any((r["simultaneous_best"], r["simultaneous_worst"]) != (1, 5) for r in ranks.values())
    assert excluded <= 20  # binomial(200, .05) exceeds this with probability .002


def test_posterior_is_the_grid_of_conjugate_posteriors():
    """A twin that integrates the same model on the same grid with dense matrices."""
    x, y = data(n=15, p=3)
    found = S.Shrink().posterior(x, y)
    n = len(y)
    xc, yc = x - x.mean(axis=0), y - y.mean()
    w0 = np.ones(3)
    q = np.eye(3) - np.outer(w0, w0) / 3
    shares = (np.arange(80) + 0.5) / 80
    typical = xc.var(axis=0).mean()
    logs, means, spreads = [], [], []
    for share in shares:
        penalty = typical * share / (1 - share)
        a = xc.T @ xc + penalty * n * q
        b = np.linalg.solve(a, xc.T @ yc)
        # The marginal covariance of the outcome, the target's multiple and the intercept as fixed effects.
        v = np.eye(n) + xc @ q @ xc.T / (penalty * n)
        fixed = np.column_stack([np.ones(n), xc @ w0])
        vi = np.linalg.inv(v)
        info = fixed.T @ vi @ fixed
        r = yc - fixed @ np.linalg.solve(info, fixed.T @ vi @ yc)
        squares = r @ vi @ r
        logs.append(-0.5 * (np.linalg.slogdet(v)[1] + np.linalg.slogdet(info)[1] + (n - 2) * np.log(squares)))
        means.append(b)
        spreads.append(np.sqrt(squares / (n - 2) * np.diag(np.linalg.inv(a))))
    weight = np.exp(np.array(logs) - max(logs))
    weight /= weight.sum()
    np.testing.assert_allclose(found.mean, weight @ np.array(means), rtol=1e-8)
    for j in range(3):
        ends = [found.low[j], found.high[j]]
        t = (np.array(ends)[None, :] - np.array(means)[:, j][:, None]) / np.array(spreads)[:, j][:, None]
        np.testing.assert_allclose(weight @ stats.t.cdf(t, n - 2), [0.025, 0.975], atol=1e-9)
    assert found.prior_share == pytest.approx(weight @ shares, rel=1e-8)


def test_posterior_intervals_hold_over_the_prior():
    """Truth drawn from the prior: 95 % intervals of the departures cover 95 % of the time."""
    rng = np.random.default_rng(11)
    x = rng.integers(1, 6, (20, 4)).astype(float)
    typical = (x - x.mean(axis=0)).var(axis=0).mean()
    q = np.eye(4) - 0.25
    covered = []
    for _ in range(500):
        share = rng.uniform()
        penalty = typical * share / (1 - share)
        d = q @ rng.normal(size=4) / np.sqrt(penalty * 20)
        y = x @ (0.3 + d) + rng.normal(size=20)
        found = S.Shrink().posterior(x, y)
        covered.append(np.mean((found.departure_low <= d) & (d <= found.departure_high)))
    # Three Monte Carlo standard errors of the mean over draws (intervals of one draw go together): about .02.
    error = np.std(covered) / np.sqrt(len(covered))
    assert error < 0.01
    assert abs(np.mean(covered) - 0.95) < 3 * error


def test_posterior_on_six_centres_is_wide_and_says_what_the_prior_is_worth():
    found = S.Shrink().posterior(sy.datasets.norway_ips(), [0, 0, 1, 0, 1, 1])
    assert found.degrees_of_freedom == 4
    varying = found.high > found.low
    assert varying.sum() == 23
    assert np.all((found.low <= found.mean) & (found.mean <= found.high))
    assert np.all((found.departure_low[varying] < 0) & (found.departure_high[varying] > 0))
    assert found.prior_worth_sites > 0
    assert len(found.tidy()) == 25
    assert "toward a target worth" in repr(found)
    with pytest.raises(sy.InputError, match=r"level not allowed in level: got 1\.0"):
        S.Shrink().posterior([[1], [2], [4]], [1, 2, 4], level=1.0)


def test_whole_weights_are_the_best_of_all():
    rng = np.random.default_rng(3)
    for trial in range(5):
        x, y = data(seed=trial, n=20, p=4)
        fit = S.NonNegative().fit(x, y)
        found = fit.whole_weights(x, largest=3)
        score = fit.score(x)
        best = max(
            (np.corrcoef(x @ np.array(w), score)[0, 1] for w in itertools.product(range(4), repeat=4) if any(w)),
        )
        assert found.correlation == pytest.approx(best, abs=1e-12)
        assert found.loss == pytest.approx(1 - best**2, abs=1e-12)
        assert found.loss <= found.loss_of_unit
    assert "loss" in repr(found)
    assert len(found.tidy()) == 4
    with pytest.raises(sy.InputError, match="largest whole weight not allowed in largest: got 0"):
        fit.whole_weights(x, largest=0)
    with pytest.raises(sy.InputError, match="score that does not vary"):
        fit.whole_weights(np.ones((3, 4)))
    signed = S.OLS().fit(x, rng.normal(size=20)).whole_weights(x)
    assert signed.weights.min() < 0


def test_stability_is_a_range_over_refits_and_named_so():
    x, y = data(n=12)
    found = S.Ridge(0.2).stability(x, y, rng=1)
    assert (found.kind, found.n_refits) == ("leave-one-site-out", 12)
    refits = np.array([S.Ridge(0.2).fit(np.delete(x, g, 0), np.delete(y, g)).weights for g in range(12)])
    np.testing.assert_allclose(found.weights_low, refits.min(axis=0), rtol=1e-8)
    np.testing.assert_allclose(found.weights_high, refits.max(axis=0), rtol=1e-8)
    assert {"stability_low", "stability_high"} <= set(found.tidy().columns)
    assert not any(name.startswith("conf") for name in found.tidy().columns)
    assert "not a confidence interval" in repr(found)
    x, y = data()
    one, two = (S.Lasso().stability(x, y, rng=4, threads=t, n_resamples=30) for t in (1, 2))
    assert one.kind == "site bootstrap"
    assert one.to_json() == two.to_json()
    retuned = S.Lasso().stability(x, y, rng=4, n_resamples=10, retune=True)
    assert retuned.n_refits == 10
    six = S.NonNegative().stability(sy.datasets.norway_ips(), [0, 0, 1, 0, 1, 1])
    assert six.n_refits == 6
    assert np.all(np.isfinite(six.weights_low))
    with pytest.raises(sy.InputError, match="too few sites for a stability range: got 2"):
        S.OLS().stability([[1], [2]], [1, 2])


def test_stability_on_the_log_odds_scale():
    x, y = data(n=25, p=3)
    n = np.full(25, 12)
    k = np.clip(np.round(y), 0, 12)
    found = S.Logistic().stability(x, k, trials=n, rng=2, n_resamples=20)
    assert found.n_refits == 20
    assert np.all(found.slopes_low <= found.slopes_high)
    # Chosen anew, the penalty differs between draws, and with it the range.
    kept = S.Logistic(penalty=None).stability(x, k, trials=n, rng=2, n_resamples=8)
    anew = S.Logistic(penalty=None).stability(x, k, trials=n, rng=2, n_resamples=8, retune=True)
    assert (anew.n_refits, kept.n_refits) == (8, 8)
    assert np.any(np.abs(anew.slopes_high - kept.slopes_high) > 1e-6)
    # Two sites of one draw are two sites: leaving one out equals the fit without it.
    few = S.RandomIntercept(nodes=5).stability(x[:8], k[:8], trials=n[:8])
    refits = np.array(
        [
            S.RandomIntercept(nodes=5).fit(np.delete(x[:8], g, 0), np.delete(k[:8], g), trials=n[:7]).slopes
            for g in range(8)
        ]
    )
    np.testing.assert_allclose(few.slopes_low, refits.min(axis=0), atol=1e-6)


def test_site_effect_by_parametric_bootstrap():
    rng = np.random.default_rng(8)
    x = rng.integers(1, 6, (20, 1)).astype(float)
    n = np.full(20, 25)
    model = S.RandomIntercept(nodes=5)
    none = rng.binomial(n, 0.4)
    some = rng.binomial(n, 1 / (1 + np.exp(-rng.normal(scale=1.5, size=20))))
    assert model.site_effect_test(x, none, trials=n, n_resamples=99, rng=1).pvalue > 0.05
    found = model.site_effect_test(x, some, trials=n, n_resamples=99, rng=1)
    assert found.pvalue == pytest.approx(0.01)
    assert found.n_resamples == 99
    again = model.site_effect_test(x, some, trials=n, n_resamples=99, rng=1, threads=1)
    assert again.to_json() == found.to_json()
    assert "Site effect" in repr(found)
    with pytest.raises(sy.InputError, match="too few sites for a test of the site effect: got 6 sites, 6 coefficients"):
        model.site_effect_test(sy.datasets.norway_ips(), [10, 12, 20, 9, 21, 19], trials=[38] * 6)


def test_refits_without_weights_are_counted():
    """Six centres, 25 items: outcomes are separated whatever site is missing; a penalised fit gives its weights."""
    study, k = sy.datasets.norway_ips(), [10, 12, 20, 9, 21, 19]
    found = S.RandomIntercept(nodes=1, penalty=0.1).stability(study, k, trials=[38] * 6)
    assert found.n_refits == 6
    with pytest.raises(sy.InputError, match="no refit gave weights: got 6 refits, leave-one-site-out"):
        S.Logistic().stability(study, [0, 0, 1, 0, 1, 1])
