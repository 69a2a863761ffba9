"""Schemes from Python: the six centres, hand values, published values, refusals, and a twin in plain NumPy."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import steelyard as sy
from steelyard import schemes as S
from steelyard._rows import rows_of

HIGH = [0, 0, 1, 0, 1, 1]  # Fyhn et al. 2020, Table 5: centres 3, 5 and 6
SUBSCALES = ["staffing"] * 3 + ["organization"] * 8 + ["services"] * 14


def every_scheme(p=25, groups=None):
    groups = groups or SUBSCALES
    return [
        S.Unit(),
        S.Unit("standardised"),
        S.Prior(range(1, p + 1)),
        S.SubscaleEqual(groups),
        S.SubscaleOnly(groups),
        S.AHP(np.ones((p, p))),
        S.AHP(np.ones((p, p)), "log-least-squares"),
        S.BestWorst([1] + [2] * (p - 2) + [4], [4] + [2] * (p - 2) + [1]),
        S.Budget(np.ones((2, p))),
        S.Budget(np.ones((2, p)), "geometric"),
        S.PCA(),
        S.PCA("raw"),
        S.Correlation(),
        S.Correlation(non_negative=True, points="raw"),
        S.Correlation(empirical_bayes=True),
        S.OLS(),
        S.Ridge(),
        S.Ridge(tuning="gcv"),
        S.Lasso(tuning="ten-fold"),
        S.Ridge(0.5),
        S.Shrink(),
        S.Shrink(tuning="reml"),
        S.Shrink(math.inf),
        S.Shrink(target=range(1, p + 1)),
        S.Lasso(),
        S.ElasticNet(),
        S.NonNegative(),
        S.Simplex(),
        S.Simplex(floor=0.3),
        S.Simplex(total=0.1),
        S.PLS(),
        S.PLS(3),
    ]


@pytest.mark.parametrize("scheme", every_scheme(), ids=repr)
def test_the_six_centres_run_through_every_scheme(scheme):
    fit = scheme.fit(sy.datasets.norway_ips(), HIGH)
    assert fit.estimability == "not estimable"
    assert fit.rank == 5
    assert fit.constant == ("caseload_size", "employer_diversity")
    assert len(fit.collinear) == 5
    numbers = np.concatenate([fit.slopes, fit.weights, [fit.intercept, fit.r_squared]])
    assert np.all(np.isfinite(numbers))
    assert np.abs(fit.weights).sum() == pytest.approx(25)
    assert fit.gap is None or fit.gap <= 1e-10
    again = S.SchemeFit.from_json(fit.to_json())
    np.testing.assert_array_equal(again.slopes, fit.slopes)
    assert len(fit.tidy()) == 25
    assert fit.estimability in repr(fit)
    assert "<caption" in fit._repr_html_()
    assert "<script" not in fit._repr_html_()


def test_the_unit_score_is_the_total():
    study = sy.datasets.norway_ips()
    fit = S.Unit().fit(study, HIGH)
    assert fit.score(study).tolist() == [97, 103, 102, 89, 89, 109]
    # Reference, section 5: total against group, r = .25.
    assert math.sqrt(fit.r_squared) == pytest.approx(0.25, abs=0.005)


def test_interpolation_and_target_are_named():
    study = sy.datasets.norway_ips()
    assert S.OLS().fit(study, HIGH).status == "interpolates"
    assert S.Shrink(math.inf).fit(study, HIGH).status == "same as unit"
    flat = S.Ridge(1.0).fit(study, [2.0] * 6)
    assert (flat.status, flat.reason) == ("undefined", "the outcome does not vary")
    assert not flat.slopes.any()


def test_best_worst_exact_fractions():
    """Linear best-worst by hand (reference, section 6, row 27): exact rationals."""
    x = np.array([[1, 2, 3, 4, 5], [2, 1, 4, 3, 5], [5, 1, 2, 3, 3]])
    fit = S.BestWorst([2, 1, 4, 3, 8], [4, 8, 2, 3, 1]).fit(x, [1, 2, 4])
    expected = np.array([14 / 61, 82 / 183, 7 / 61, 28 / 183, 10 / 183])
    np.testing.assert_allclose(fit.weights, 5 * expected, rtol=1e-9)
    assert fit.diagnostics["xi"] == pytest.approx(2 / 183, abs=1e-10)
    fit = S.BestWorst([2, 1, 4, 2, 8], [4, 8, 2, 4, 1]).fit(x, [1, 2, 4])
    np.testing.assert_allclose(fit.weights, 5 * np.array([4, 8, 2, 4, 1]) / 19, rtol=1e-9)
    assert abs(fit.diagnostics["xi"]) < 1e-10


def test_ahp_consistent_and_incomplete():
    x = np.array([[1, 2, 3], [2, 1, 4], [5, 1, 2], [3, 3, 3]])
    w = np.array([4, 2, 1]) / 7
    full = w[:, None] / w[None, :]
    for method in ("eigenvector", "log-least-squares"):
        fit = S.AHP(full, method).fit(x, [1, 2, 4, 3])
        np.testing.assert_allclose(fit.weights, 3 * w, rtol=1e-12)
        assert fit.diagnostics["consistency_ratio"] == pytest.approx(0, abs=1e-12)
        holed = full.copy()
        holed[0, 2] = holed[2, 0] = np.nan
        fit = S.AHP(holed, method).fit(x, [1, 2, 4, 3])
        np.testing.assert_allclose(fit.weights, 3 * w, rtol=1e-10)
        assert fit.diagnostics["missing_pairs"] == 1
        assert "consistency_ratio" not in fit.diagnostics
    # A 3 x 3 matrix with judgements a12 = 2, a13 = 4, a23 = 4: eigenvalue from NumPy.
    a = np.array([[1, 2, 4], [1 / 2, 1, 4], [1 / 4, 1 / 4, 1]])
    values, vectors = np.linalg.eig(a)
    v = np.abs(vectors[:, values.real.argmax()].real)
    fit = S.AHP(a).fit(x, [1, 2, 4, 3])
    np.testing.assert_allclose(fit.weights, 3 * v / v.sum(), rtol=1e-10)
    assert fit.diagnostics["consistency_index"] == pytest.approx((values.real.max() - 3) / 2, abs=1e-12)
    assert fit.reason == ""
    # Round in a circle: the first beats the second, the second the third, the third the first.
    fit = S.AHP([[1, 3, 1 / 3], [1 / 3, 1, 3], [3, 1 / 3, 1]]).fit(x, [1, 2, 4, 3])
    assert fit.diagnostics["consistency_ratio"] > 0.1
    assert re.match(r"consistency ratio \d\.\d\d, above 0\.10: the judgements contradict one another", fit.reason)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: S.AHP([[1, 2], [2, 1]]),
            "pairwise judgement not reciprocal in row 1, column 2 of the pairwise matrix: got 2",
        ),
        (lambda: S.AHP([[1, None], [None, 1]]), "pairwise judgements do not connect all items"),
        (lambda: S.AHP(np.ones((3, 3))), "pairwise matrix of the wrong length: got 3; allowed: one per item, 2"),
        (lambda: S.BestWorst([2, 3], [3, 1]), "best_to_others without a 1"),
        (
            lambda: S.BestWorst([1, 0.5], [3, 1]),
            "judgement out of range in best_to_others, item 2: got 0.5; allowed: 1 or more",
        ),
        (lambda: S.Budget([[1, 0]], "geometric"), "zero in a geometric mean in rater 1, item 2"),
        (lambda: S.Prior([1, -1]), "weights not allowed; allowed: finite, none negative"),
        (
            lambda: S.Shrink(1.0, target=[1, 2, 3]),
            "target weights of the wrong length: got 3; allowed: one per item, 2",
        ),
        (lambda: S.SubscaleEqual(), "subscales missing. Give groups"),
        (lambda: S.Ridge(-1.0), "penalty not allowed in penalty: got -1.0"),
        (
            lambda: S.Ridge(tuning="aic"),
            "tuning not known in tuning: got 'aic'; allowed: 'leave-one-site-out', 'ten-fold', 'gcv', 'reml'",
        ),
        (lambda: S.Lasso(tuning="reml"), "tuning not defined for this scheme: got lasso"),
        (lambda: S.Simplex(floor=1.0), "floor not allowed: got 1"),
        (lambda: S.ElasticNet(0.1, l1_ratio=0.0), "l1_ratio not allowed: got 0"),
        (lambda: S.PLS(0), "components not allowed in components: got 0"),
        (lambda: S.Unit("z"), "points not known in points: got 'z'; allowed: 'raw', 'standardised'"),
    ],
)
def test_refusals(build, message):
    x = np.array([[1, 2], [2, 1], [4, 4], [5, 4]])
    with pytest.raises(sy.InputError) as caught:
        build().fit(x, [1, 2, 3, 5])
    assert str(caught.value).startswith(message)


def test_rows_are_checked():
    x = np.array([[1, 2], [2, 1], [4, 4], [5, 4]])
    for outcome, options, message in [
        ([1, 2, 3], {}, "outcome of the wrong shape: got shape (3,); allowed: one value per row, 4"),
        ([1, 2, np.nan, 1], {}, "missing or infinite value in row 3 of outcome: got nan"),
        ([1, 2, 3, 9], {"trials": [5, 5, 5, 5]}, "more successes than trials, or fewer than none in row 4: got 9 of 5"),
        ([1, 2, 3, 4], {"trials": [5, 0, 5, 5]}, "trials not allowed in row 2: got 0"),
        (
            [0.5, 0.333, 0.25, 0.37],
            {"trials": [10, 3, 8, 10]},
            "rate and trials do not agree in row 4: got 0.37 of 10 is 3.700",
        ),
        ([1, 2, 3, 4], {"sites": ["a", "b", None, "c"]}, "site missing in row 3"),
        ([1, 2, 3, 4], {"site_weight": "sites"}, "site_weight not known: got 'sites'"),
        ([1, 2, 3, 4], {"site_weight": [0, 0, 0, 0]}, "no row has a weight in site_weight: got zeros only"),
        ([1, 2, 3, 4], {"site_weight": [1, -2, 1, 1]}, "site_weight not allowed in row 2: got -2; allowed: 0 or more"),
    ]:
        with pytest.raises(sy.InputError) as caught:
            S.Unit().fit(x, outcome, **options)
        assert str(caught.value).startswith(message)
    with pytest.raises(sy.InputError, match="rows of the same items without sites"):
        S.Unit().fit(np.repeat(x, 3, axis=0), [0, 1] * 6)
    with pytest.raises(sy.InputError, match='missing or infinite value in row 2, column "b" of items'):
        S.Unit().fit({"a": [1, 2, 3], "b": [1, None, 3]}, [1, 2, 3])


@pytest.mark.parametrize("kind", [np.int64, np.int8, np.uint16])
def test_sites_that_are_whole_numbers_are_those_of_their_text(kind):
    """Codes and labels follow first appearance, however sites are written."""
    sites = np.array([7, 3, 3, 12, 7, 5], dtype=kind)
    x = np.ones((6, 1))
    found = rows_of(x, range(6), sites=sites)
    for written in (sites.tolist(), sites.astype(float), sites.astype(str), sites.astype(object)):
        other = rows_of(x, range(6), sites=written)
        np.testing.assert_array_equal(found.sites, other.sites)
        assert found.site_labels == other.site_labels == ("7", "3", "12", "5")
    np.testing.assert_array_equal(rows_of(x, range(6), sites=range(6)).sites, np.arange(6))
    with pytest.raises(sy.InputError, match="sites of the wrong shape"):
        rows_of(x, range(6), sites=sites[:, None])


def test_frames_keep_names_and_library():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": [1, 2, 4, 5], "b": [2, 1, 4, 4]})
    fit = S.OLS().fit(frame, [1, 2, 3, 5], covariates={"z": [1.0, 0.0, 0.0, 1.0]})
    assert list(fit.coefficients) == ["(intercept)", "a", "b", "z"]
    np.testing.assert_allclose(fit.score(frame.select("b", "a")), fit.score(frame))
    with pytest.raises(sy.InputError, match="item missing: got a"):
        fit.score(frame.select("a"))


def test_trials_give_weights_by_participants_or_equal():
    x = np.array([[1.0], [2.0], [4.0]])
    k, n = np.array([1, 5, 30]), np.array([10, 10, 40])
    by_person = S.OLS().fit(x, k, trials=n)
    w = np.polyfit(x[:, 0], k / n, 1, w=np.sqrt(n))
    np.testing.assert_allclose([by_person.slopes[0], by_person.intercept], w, rtol=1e-12)
    by_site = S.OLS().fit(x, k, trials=n, site_weight="equal")
    np.testing.assert_allclose([by_site.slopes[0], by_site.intercept], np.polyfit(x[:, 0], k / n, 1), rtol=1e-12)
    rates = S.OLS().fit(x, [0.1, 0.5, 0.75], trials=n)
    assert rates.outcome_kind == "rates of n"
    np.testing.assert_allclose(rates.slopes, by_person.slopes)


scores = hnp.arrays(np.int64, st.tuples(st.integers(4, 14), st.integers(2, 8)), elements=st.integers(1, 5))


@settings(max_examples=40, deadline=None)
@given(scores, st.integers(0, 2**32 - 1))
def test_least_squares_and_ridge_agree_with_numpy(x, seed):
    y = np.random.default_rng(seed).normal(size=len(x))
    centred = x - x.mean(axis=0)
    fit = S.OLS().fit(x, y, sites=range(len(x)))
    twin = np.linalg.lstsq(centred, y - y.mean(), rcond=1e-10)[0]
    free = [j for j in range(x.shape[1]) if f"item_{j + 1}" not in fit.constant]
    np.testing.assert_allclose((centred @ fit.slopes), centred @ twin, atol=1e-8)
    if fit.rank < len(free):
        np.testing.assert_allclose(fit.slopes[free], twin[free], atol=1e-8)
    ridge = S.Ridge(0.3).fit(x, y, sites=range(len(x)))
    if ridge.status != "undefined":
        n, p = x.shape
        twin = np.linalg.solve(centred.T @ centred + 0.3 * n * np.eye(p), centred.T @ (y - y.mean()))
        np.testing.assert_allclose(ridge.slopes[free], twin[free], atol=1e-8)


@settings(max_examples=25, deadline=None)
@given(scores, st.integers(0, 2**32 - 1))
def test_every_scheme_is_finite_or_says_why(x, seed):
    y = np.random.default_rng(seed).normal(size=len(x))
    p = x.shape[1]
    for scheme in every_scheme(p, ["a"] + ["b"] * (p - 1)):
        fit = scheme.fit(x, y, sites=range(len(x)))
        assert np.all(np.isfinite(fit.slopes))
        assert np.all(np.isfinite(fit.weights))
        assert fit.status in {"ok", "interpolates", "singular", "empty", "same as unit", "undefined"}


def test_tuning_agrees_with_a_twin_that_leaves_sites_out():
    rng = np.random.default_rng(5)
    x = np.repeat(rng.integers(1, 6, (12, 4)), 3, axis=0).astype(float)
    site = np.repeat(np.arange(12), 3)
    y = x @ [1.0, 0.5, 0, 0] + rng.normal(size=36) * 2 + rng.normal(size=12)[site]
    fit = S.Ridge().fit(x, y, sites=site)
    errors = []
    for penalty in fit.tuning["penalties"]:
        total = 0.0
        for g in range(12):
            train, held = site != g, site == g
            mean, target = x[train].mean(axis=0), y[train].mean()
            c = x[train] - mean
            b = np.linalg.solve(c.T @ c + penalty * train.sum() * np.eye(4), c.T @ (y[train] - target))
            total += ((y[held] - target - (x[held] - mean) @ b) ** 2).sum()
        errors.append(total / 36)
    np.testing.assert_allclose(fit.tuning["errors"], errors, rtol=1e-9)
    assert fit.penalty == fit.tuning["penalties"][int(np.argmin(errors))]


def test_reml_agrees_with_the_marginal_likelihood():
    """The restricted deviance from the spectrum equals the one from the n x n covariance matrix (up to a constant)."""
    rng = np.random.default_rng(7)
    x = rng.integers(1, 6, (15, 6)).astype(float)
    y = x.sum(axis=1) * 0.2 + x[:, 0] + rng.normal(size=15)
    fit = S.Shrink(tuning="reml").fit(x, y)
    w0 = np.ones(6)
    q = np.linalg.svd(w0[None, :])[2][1:].T  # the complement of the target
    fixed = np.column_stack([np.ones(15), x @ w0])
    values = []
    for penalty in fit.tuning["penalties"][5:30:5]:
        v = np.eye(15) + (x @ q) @ (x @ q).T / (penalty * 15)
        vi = np.linalg.inv(v)
        info = fixed.T @ vi @ fixed
        r = y - fixed @ np.linalg.solve(info, fixed.T @ vi @ y)
        values.append(np.linalg.slogdet(v)[1] + np.linalg.slogdet(info)[1] + 13 * np.log(r @ vi @ r))
    ours = np.array(fit.tuning["errors"][5:30:5])
    np.testing.assert_allclose(np.diff(ours), np.diff(values), rtol=1e-8)
    assert fit.diagnostics["prior_worth_sites"] == pytest.approx(15 * fit.penalty / x.var(axis=0).mean())
