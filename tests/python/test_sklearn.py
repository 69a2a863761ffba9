"""Schemes inside scikit-learn, and scikit-learn inside schemes."""

import pickle

import numpy as np
import pytest

sklearn = pytest.importorskip("sklearn")
from sklearn.base import clone  # noqa: E402
from sklearn.linear_model import BayesianRidge, LogisticRegression, Ridge  # noqa: E402
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut, cross_validate  # noqa: E402
from sklearn.neighbors import KNeighborsRegressor  # noqa: E402
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402

import steelyard as sy  # noqa: E402
from steelyard import schemes as S  # noqa: E402
from steelyard.sklearn import LinearModel, WeightedScore  # noqa: E402


@parametrize_with_checks([WeightedScore(S.OLS()), WeightedScore(S.Ridge(0.1)), WeightedScore(S.Shrink(0.01))])
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def sites():
    rng = np.random.default_rng(0)
    x = rng.integers(1, 6, (12, 3)).astype(float)
    site = np.repeat(np.arange(12), 4)
    y = x[site] @ [0.5, 0.2, 0.1] + rng.normal(size=48) + rng.normal(size=12)[site]
    return x[site], y, site


def test_groups_reach_the_tuning():
    x, y, site = sites()
    model = WeightedScore(S.Ridge()).fit(x, y, groups=site)
    direct = S.Ridge().fit(x, y, sites=site)
    np.testing.assert_array_equal(model.coef_, direct.slopes)
    assert model.fit_.tuning["errors"] == direct.tuning["errors"]
    assert WeightedScore(S.Ridge()).fit(x, y).fit_.tuning["errors"] != direct.tuning["errors"]
    with sklearn.config_context(enable_metadata_routing=True):
        routed = WeightedScore(S.Ridge()).set_fit_request(groups=True)
        scores = cross_validate(routed, x, y, cv=LeaveOneGroupOut(), params={"groups": site}, scoring="r2")
    assert len(scores["test_score"]) == 12


def test_names_weights_pickles_and_grids():
    pandas = pytest.importorskip("pandas")
    x, y, site = sites()
    frame = pandas.DataFrame(x, columns=["a", "b", "c"])
    model = WeightedScore(S.OLS()).fit(frame, y)
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    assert model.fit_.names == ("a", "b", "c")
    np.testing.assert_allclose(model.total(frame), x @ model.weights_)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(frame), model.predict(frame))
    doubled = WeightedScore(S.OLS()).fit(np.vstack([x, x[:5]]), np.r_[y, y[:5]])
    weighted = WeightedScore(S.OLS()).fit(x, y, sample_weight=np.r_[np.full(5, 2.0), np.ones(43)])
    np.testing.assert_allclose(weighted.coef_, doubled.coef_, rtol=1e-10)
    grid = GridSearchCV(WeightedScore(), {"scheme": [S.Unit(), S.OLS(), S.NonNegative()]}, cv=LeaveOneGroupOut())
    grid.fit(x, y, groups=site)
    assert isinstance(grid.best_params_["scheme"], S.Scheme)
    assert clone(model).scheme is not None
    with pytest.raises(sy.InputError, match="scheme not understood in scheme: got 'ols'"):
        WeightedScore("ols").fit(x, y)


def test_log_odds_schemes_predict_probabilities():
    rng = np.random.default_rng(1)
    x = rng.integers(1, 6, (20, 2)).astype(float)
    n = rng.integers(10, 30, 20)
    k = rng.binomial(n, 1 / (1 + np.exp(2 - 0.5 * x[:, 0])))
    model = WeightedScore(S.Logistic()).fit(x, k / n, sample_weight=n)
    direct = S.Logistic().fit(x, k, trials=n)
    np.testing.assert_allclose(model.coef_, direct.slopes, rtol=1e-12)
    np.testing.assert_allclose(model.predict(x), direct.predict(x), rtol=1e-12)


def test_any_linear_model_is_a_scheme():
    x, y, site = sites()
    fit = LinearModel(Ridge(alpha=0.3 * 48)).fit(x, y, sites=site)
    ours = S.Ridge(0.3).fit(x, y, sites=site)
    assert fit.scheme == "Ridge"
    np.testing.assert_allclose(fit.slopes, ours.slopes, rtol=1e-9)
    np.testing.assert_allclose([fit.intercept, fit.r_squared], [ours.intercept, ours.r_squared], rtol=1e-9)
    wide = np.column_stack([x, np.full(48, 3.0)])
    pinned = LinearModel(BayesianRidge()).fit(wide, y, sites=site)
    assert pinned.pinned == ("item_4",)
    np.testing.assert_allclose(pinned.predict(wide), BayesianRidge().fit(wide, y).predict(wide), rtol=1e-9)
    n = np.full(12, 20)
    k = np.arange(12) + 2
    logit = LinearModel(LogisticRegression(C=1e8, tol=1e-10)).fit(x[::4], k, trials=n)
    np.testing.assert_allclose(logit.slopes, S.Logistic().fit(x[::4], k, trials=n).slopes, atol=1e-4)
    assert logit.link == "logit"
    six = LinearModel(Ridge()).fit(sy.datasets.norway_ips(), [0, 0, 1, 0, 1, 1])
    assert six.estimability == "not estimable"
    assert np.abs(six.weights).sum() == pytest.approx(25)
    for estimator, options, message in (
        (KNeighborsRegressor(), {}, "weights with a model that takes none|model without coefficients"),
        (Ridge(), {"covariates": y[:, None]}, "covariates with a scikit-learn model"),
    ):
        with pytest.raises(sy.InputError, match=message):
            LinearModel(estimator).fit(x, y, sites=site, **options)
    with pytest.raises(sy.InputError, match="stability of a scikit-learn model"):
        LinearModel(Ridge()).stability(x, y)
