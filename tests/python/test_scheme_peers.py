"""Linear schemes beside R: lm, glmnet, nnls, quadprog, pls on five data sets; and the rows of the reference table."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest

import steelyard as sy
from steelyard import schemes as S

REFERENCE = Path(__file__).resolve().parents[1] / "reference"
R = json.loads((REFERENCE / "linear.json").read_text(encoding="utf-8"))
OUTCOMES = {
    "swiss": "Fertility",
    "mtcars": "mpg",
    "attitude": "rating",
    "longley": "Employed",
    "stackloss": "stack.loss",
}


def load(name, outcome=None):
    with (REFERENCE / "data" / f"{name}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    data = {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}
    y = data.pop(outcome or OUTCOMES[name])
    return data, y


@pytest.mark.parametrize("name", OUTCOMES)
def test_least_squares_and_ridge(name):
    items, y = load(name)
    x = np.column_stack(list(items.values()))
    # longley is the classic of ill-conditioning: the moments keep nine digits where lm keeps eleven.
    digits = 1e-7 if name == "longley" else 1e-10
    fit = S.OLS().fit(items, y)
    assert list(fit.names) == R[name]["columns"]
    np.testing.assert_allclose(list(fit.coefficients.values()), R[name]["coefficients"], rtol=digits)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), R[name]["se"][1:], rtol=digits)
    assert fit.r_squared == pytest.approx(R[name]["r_squared"], abs=1e-11)
    np.testing.assert_allclose(S.Ridge(1.0).fit(x, y).slopes, R[name]["ridge_1"], rtol=1e-7)


@pytest.mark.parametrize("name", OUTCOMES)
def test_constrained_fits(name):
    items, y = load(name)
    fit = S.NonNegative().fit(items, y)
    np.testing.assert_allclose(fit.slopes, R[name]["nonnegative"], rtol=1e-6, atol=1e-9)
    assert fit.gap <= 1e-10
    fixed = S.Simplex(total=1.0).fit(items, y)
    # quadprog's own tolerance.
    np.testing.assert_allclose(fixed.slopes, R[name]["simplex_total_1"], atol=1e-6)
    assert fixed.gap <= 1e-10
    free = S.Simplex().fit(items, y)
    np.testing.assert_allclose(free.slopes, fit.slopes, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", OUTCOMES)
def test_sparse_fits_and_components(name):
    items, y = load(name)
    x = np.column_stack(list(items.values()))
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    y = (y - y.mean()) / y.std()

    def objective(b, penalty, ratio):
        squares = ((y - z @ b) ** 2).mean() / 2
        return squares + penalty * (ratio * np.abs(b).sum() + (1 - ratio) / 2 * (b**2).sum())

    for k, penalty in enumerate(R[name]["lasso_penalties"]):
        for scheme, key, ratio in ((S.Lasso(penalty), "lasso", 1.0), (S.ElasticNet(penalty), "elastic_net", 0.5)):
            fit = scheme.fit(z, y)
            theirs = np.array(R[name][key][k])
            assert fit.gap <= 1e-10
            np.testing.assert_allclose(fit.slopes, theirs, rtol=5e-4, atol=5e-4 * np.abs(theirs).max())
            # Ours is at least as low as glmnet's own at its tightest threshold.
            assert objective(fit.slopes, penalty, ratio) <= objective(theirs, penalty, ratio) * (1 + 1e-12)
    for components, expected in zip((1, 3), R[name]["pls"], strict=True):
        np.testing.assert_allclose(S.PLS(components).fit(z, y).slopes, expected, rtol=1e-7, atol=1e-9)


def test_swiss_r_squared():
    """Reference, section 6, row 1."""
    items, y = load("swiss")
    order = ["Agriculture", "Examination", "Education", "Catholic", "Infant.Mortality"]
    fit = S.OLS().fit({name: items[name] for name in order}, y)
    assert fit.r_squared == pytest.approx(0.7067350016, abs=1e-10)
    assert y.var(ddof=1) == pytest.approx(156.042498, abs=1e-6)


@pytest.mark.parametrize(
    ("penalty", "expected"),
    [
        (1.0, [289.3282214, -9.4567616, 0, 13.1657744]),
        (5.0, [307.1482911, -7.9868491, 0, 0]),
        (0.0, [270.8693304, -9.8596242, 1.0868903, 19.5762991]),
    ],
)
def test_lasso_on_mtcars(penalty, expected):
    """Reference, section 6, row 21: RSS/2n, items over their standard deviation with n; slopes are per raw point."""
    items, y = load("mtcars", "hp")
    fit = S.Lasso(penalty, points="standardised").fit({name: items[name] for name in ("mpg", "wt", "drat")}, y)
    np.testing.assert_allclose(list(fit.coefficients.values()), expected, atol=5e-8 * 300)
    np.testing.assert_allclose(list(fit.coefficients.values())[1:], expected[1:], atol=6e-8)
    assert fit.gap <= 1e-10


def left_out(predict, y):
    """Q2 with the mean of the training fold."""
    errors = null = 0.0
    for i in range(len(y)):
        keep = np.arange(len(y)) != i
        errors += (y[i] - predict(keep, i)) ** 2
        null += (y[i] - y[keep].mean()) ** 2
    return 1 - errors / null, errors


def test_regression_and_signed_totals_on_mtcars():
    """Reference, section 6, row 25: ten slopes against a signed z-sum, signs and z from all data or the fold."""
    items, y = load("mtcars")
    x = np.column_stack(list(items.values()))

    def ols(keep, i):
        return S.OLS().fit(x[keep], y[keep]).predict(x[i : i + 1])[0]

    signs = np.sign([np.corrcoef(column, y)[0, 1] for column in x.T])
    assert "".join("-+"[int(s > 0)] for s in signs) == "---+-++++-"
    z = signs * (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)

    def total(keep, i):
        return S.Unit().fit(z[keep], y[keep]).predict(z[i : i + 1])[0]

    def inside(keep, i):
        s = np.sign([np.corrcoef(column, y[keep])[0, 1] for column in x[keep].T])
        return S.Unit("standardised").fit(s * x[keep], y[keep]).predict((s * x[i])[None, :])[0]

    assert left_out(ols, y)[0] == pytest.approx(0.6751224834, abs=1e-9)
    assert left_out(total, y)[0] == pytest.approx(0.8114830861, abs=1e-9)
    assert left_out(inside, y)[0] == pytest.approx(0.8097443754, abs=1e-9)


def test_attitude_left_out():
    """Reference, section 6, row 24."""
    items, y = load("attitude")
    x = np.column_stack(list(items.values()))
    for scheme, q2, press in ((S.OLS(), 0.5767707778, 1946.185106), (S.Unit(), 0.4136402352, 2696.327619)):

        def predict(keep, i, scheme=scheme):
            return scheme.fit(x[keep], y[keep]).predict(x[i : i + 1])[0]

        found = left_out(predict, y)
        assert found[0] == pytest.approx(q2, abs=1e-10)
        assert found[1] == pytest.approx(press, abs=1e-6)


def test_ten_fold_tuning_agrees_with_scikit_learn():
    linear = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(4)
    x = rng.integers(1, 6, (57, 6)).astype(float)
    y = x @ [0.6, 0.3, 0, 0, 0.2, 0] + rng.normal(size=57)
    fit = S.Lasso(tuning="ten-fold").fit(x, y)
    model = linear.LassoCV(cv=10, alphas=np.array(fit.tuning["penalties"])[::-1], tol=1e-12, max_iter=100_000).fit(x, y)
    sizes = np.array([6] * 7 + [5] * 3)
    errors = (model.mse_path_ * sizes).sum(axis=1)[::-1] / 57
    np.testing.assert_allclose(fit.tuning["errors"], errors, rtol=1e-7)
    assert fit.penalty == fit.tuning["penalties"][int(np.argmin(errors))]


def test_the_six_centres_agree_with_r():
    """25 items at six sites (six_centres.R): what is unique there agrees, and the status says what is not."""
    expected = json.loads((REFERENCE / "six_centres.json").read_text(encoding="utf-8"))
    study, high, k, n = sy.datasets.norway_ips(), [0, 0, 1, 0, 1, 1], [10, 12, 20, 9, 21, 19], [38] * 6
    names = expected["varying"]
    at = [[item.id for item in study.scale.items].index(name) for name in names]
    ols = S.OLS().fit(study, high)
    assert (ols.rank, ols.status) == (expected["rank"], "interpolates")
    np.testing.assert_allclose(ols.slopes[at], expected["smallest_norm"], atol=1e-12)
    np.testing.assert_allclose(S.Ridge(0.1).fit(study, high).slopes[at], expected["ridge"], atol=1e-12)
    # glmnet stops where its fit changes by less than 1e-18 of the null deviance.
    lasso = S.Lasso(0.05, points="raw").fit(study, high)
    np.testing.assert_allclose(lasso.predict(study), expected["lasso_fitted"], atol=1e-8)
    correlation = sy.importance(study, high, method="first").correlations
    np.testing.assert_allclose(correlation[at], expected["correlation"], atol=1e-12)
    component = np.corrcoef(S.PCA().fit(study, high).score(study), expected["component"])[0, 1]
    assert abs(component) == pytest.approx(1, abs=1e-12)
    unit = S.Unit().fit(study, high)
    np.testing.assert_allclose([unit.intercept, unit.slopes[0]], expected["unit"], rtol=1e-10)
    totals = sum(np.asarray(study.scores[item.id], dtype=float) for item in study.scale.items)
    for scheme, key in ((S.Logistic, "total"), (S.Firth, "total_firth")):
        fit = scheme(penalty=math.inf).fit(study, k, trials=n)
        intercept, slope = expected[key]
        np.testing.assert_allclose(fit.slopes, slope, rtol=1e-8)
        np.testing.assert_allclose(fit.weights, 1, rtol=1e-12)
        np.testing.assert_allclose(fit.predict(study), 1 / (1 + np.exp(-intercept - slope * totals)), rtol=1e-9)
