"""Regression: R's sandwich and clubSandwich at full precision, identities, refusals."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import steelyard as sy

REFERENCE = Path(__file__).resolve().parents[1] / "reference"
R = json.loads((REFERENCE / "regress.json").read_text(encoding="utf-8"))


def columns(name):
    with (REFERENCE / "data" / f"{name}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {key: [row[key] for row in rows] for key in rows[0]}


def numbers(data, *names):
    return np.array([[float(v) for v in data[name]] for name in names]).T


def periods(data):
    period = np.array(data["period"])
    return np.column_stack([(period == p).astype(float) for p in "234"])


def case(name):
    """Return the call of one case of `regress.R`."""
    if name == "mtcars":
        d = columns("mtcars")
        return dict(X=numbers(d, "wt", "hp", "am"), y=numbers(d, "mpg")[:, 0], sites=d["carb"])
    if name == "swiss":
        d = columns("swiss")
        x = numbers(d, "Agriculture", "Education", "Catholic")
        return dict(X=x, y=numbers(d, "Fertility")[:, 0], sites=[i % 8 for i in range(len(x))])
    if name == "stackloss":
        d = columns("stackloss")
        x = numbers(d, "Air.Flow", "Water.Temp")
        return dict(X=x, y=numbers(d, "stack.loss")[:, 0], sites=[i // 4 for i in range(len(x))])
    if name.startswith("infert"):
        d = columns("infert")
        call = dict(X=numbers(d, "age", "parity", "spontaneous"), y=numbers(d, "case")[:, 0], sites=d["stratum"])
        return call | ({"family": "binomial"} if name.endswith("logit") else {})
    d = columns("cbpp")
    k, n = numbers(d, "incidence")[:, 0], numbers(d, "size")[:, 0]
    if name == "cbpp":
        return dict(X=periods(d), y=k / n, weights=n, sites=d["herd"])
    return dict(X=periods(d), y=k, trials=n, sites=d["herd"], family="binomial")


CASES = ("mtcars", "swiss", "stackloss", "infert", "cbpp", "infert_logit", "cbpp_logit")


@pytest.mark.parametrize("name", CASES)
def test_covariances_are_those_of_r(name):
    call, expected = case(name), R[name]
    size = np.sqrt(np.diag(np.array(expected["cr"]["CR0"])))
    scale = np.outer(size, size)

    def close(kind, matrix):
        fit = sy.regress(**call, vcov=kind)
        # Relative to the standard errors; R iterates its logistic fits to about 1e-9.
        tolerance = 1e-7 if name.endswith("logit") else 1e-10
        np.testing.assert_allclose(fit.covariance / scale, np.array(matrix) / scale, atol=tolerance, rtol=tolerance)
        return fit

    fit = close("model", expected["model"])
    np.testing.assert_allclose(fit.coefficients, expected["coefficients"], rtol=1e-8, atol=1e-10)
    for kind, matrix in expected["cr"].items():
        if (name, kind) != ("infert_logit", "CR2"):
            close(kind, matrix)
    close("CV3", expected["cv3"])
    if not name.endswith("logit"):
        for kind, matrix in expected["hc"].items():
            close(kind, matrix)
        close("CV3L", expected["cv3"])


@pytest.mark.parametrize("name", CASES)
def test_degrees_of_freedom_are_those_of_clubsandwich(name):
    call, expected = case(name), R[name]["df"]
    for kind in ("CR0", "CR2", "CR3"):
        fit = sy.regress(**call, vcov=kind, df="satterthwaite")
        if (name, kind) == ("infert_logit", "CR2"):
            continue
        np.testing.assert_allclose(fit.degrees_of_freedom, expected[kind], rtol=1e-6)
    np.testing.assert_array_equal(
        sy.regress(**call).degrees_of_freedom, sy.regress(**call, vcov="CR2", df="satterthwaite").degrees_of_freedom
    )
    assert set(sy.regress(**call, vcov="CV3L").degrees_of_freedom) == {len(set(call["sites"])) - 1}


def test_cr2_of_a_logit_takes_the_root_where_variances_are_one():
    """CR2 needs a square root of a matrix, and where variances differ within a site there are several.

    Ours is symmetric after every row is divided by its standard deviation, so that participants and counts give one
    answer; clubSandwich's
    is symmetric in products with it. Both are unbiased under the model, and they differ by some thousandths of a
    standard error.
    """
    call = case("infert_logit")
    fit = sy.regress(**call)
    x = np.column_stack([np.ones(len(call["y"])), call["X"]])
    p = fit.fitted
    root = np.sqrt(p * (1 - p))
    rows, e = x * root[:, None], (call["y"] - p) / root
    bread = np.linalg.inv(rows.T @ rows)
    meat, forms = np.zeros((4, 4)), []
    sites = np.array(call["sites"])
    for g in dict.fromkeys(call["sites"]):
        own = rows[sites == g]
        values, vectors = np.linalg.eigh(np.eye(len(own)) - own @ bread @ own.T)
        adjust = (vectors / np.sqrt(values)) @ vectors.T
        score = own.T @ adjust @ e[sites == g]
        meat += np.outer(score, score)
        forms.append((np.eye(len(rows)) - rows @ bread @ rows.T)[:, sites == g] @ adjust @ own @ bread)
    np.testing.assert_allclose(fit.covariance, bread @ meat @ bread, rtol=1e-9, atol=1e-15)
    for j in range(4):
        products = np.array([f[:, j] for f in forms])
        inner = products @ products.T
        assert fit.degrees_of_freedom[j] == pytest.approx(np.trace(inner) ** 2 / np.sum(inner**2), rel=1e-8)
    ratio = fit.standard_errors / np.sqrt(np.diag(np.array(R["infert_logit"]["cr"]["CR2"])))
    assert np.all(np.abs(ratio - 1) < 0.005)


def test_quasi_binomial_and_cv1():
    fit = sy.regress(**case("cbpp_logit"), vcov="quasi")
    np.testing.assert_allclose(fit.covariance, R["cbpp_quasi"], rtol=1e-6)
    assert fit.dispersion > 1
    fit = sy.regress(**case("swiss"), vcov="CR1S")
    np.testing.assert_allclose(fit.covariance, R["swiss_cv1"], rtol=1e-9)


def test_collapsed_insurance():
    """Reference, row 25: exact values from the published data of boottest."""
    x, y, year = collapsed()
    call = dict(X=x, y=y, sites=year, names=["self", "post", "post_self"])
    fit = sy.regress(**call)
    assert fit.coefficients[3] == pytest.approx(0.054857758681, abs=5e-13)
    assert fit.standard_errors[3] == pytest.approx(0.00728483957434, abs=5e-15)
    assert fit.degrees_of_freedom[3] == pytest.approx(4.33898305085, abs=5e-11)
    assert sy.regress(**call, vcov="CR1S").standard_errors[3] == pytest.approx(0.00735743623188, abs=5e-15)
    assert sy.regress(**call, vcov="CV3").standard_errors[3] == pytest.approx(0.00809505675066, abs=5e-15)


def collapsed():
    """Insurance by year (1983 to 1990) of employed and self-employed: collapsed.dta of boottest."""
    employed = [
        0.87550783157348633, 0.87950325012207031, 0.87178510427474976, 0.87094825506210327,
        0.87239944934844971, 0.85865420103073120, 0.85437810420989990, 0.84707814455032349,
    ]  # fmt: skip
    other = [
        0.71044260263442993, 0.73782974481582642, 0.70701324939727783, 0.71200233697891235,
        0.71901738643646240, 0.76657754182815552, 0.74206125736236572, 0.74574178457260132,
    ]  # fmt: skip
    year = np.repeat(np.arange(1983, 1991), 2)
    own = np.tile([0.0, 1.0], 8)
    post = (year >= 1988).astype(float)
    return np.column_stack([own, post, own * post]), np.column_stack([employed, other]).ravel(), year


def test_sites_and_participants_give_one_fit():
    rng = np.random.default_rng(3)
    n = rng.integers(4, 30, 14)
    x = rng.integers(1, 6, (14, 2)).astype(float)
    k = rng.binomial(n, 0.4)
    rows = np.repeat(np.arange(14), n)
    outcome = np.concatenate([np.r_[np.ones(a), np.zeros(b - a)] for a, b in zip(k, n, strict=True)])
    for family, by_site in (("gaussian", dict(y=k / n, weights=n)), ("binomial", dict(y=k, trials=n))):
        a = sy.regress(x, **by_site, sites=range(14), family=family)
        b = sy.regress(x[rows], outcome, sites=rows, family=family)
        np.testing.assert_allclose(a.coefficients, b.coefficients, rtol=1e-10)
        np.testing.assert_allclose(a.standard_errors, b.standard_errors, rtol=1e-8)
        np.testing.assert_allclose(a.degrees_of_freedom, b.degrees_of_freedom, rtol=1e-8)
        np.testing.assert_allclose(a.left_out, b.left_out, rtol=1e-8)


def test_influence_leverage_and_effective_sites():
    call = case("swiss")
    fit = sy.regress(**call)
    x = np.column_stack([np.ones(47), call["X"]])
    sites = np.array(call["sites"])
    for g in range(8):
        b = np.linalg.lstsq(x[sites != g], call["y"][sites != g], rcond=None)[0]
        np.testing.assert_allclose(fit.left_out[g], b, rtol=1e-9)
    hat = x @ np.linalg.solve(x.T @ x, x.T)
    expected = [hat[sites == g][:, sites == g].trace() for g in range(8)]
    np.testing.assert_allclose(fit.cluster_leverage, expected, rtol=1e-10)
    assert fit.cluster_leverage.sum() == pytest.approx(4)
    np.testing.assert_allclose(fit.partial_leverage.sum(axis=0), 1)
    # Carter, Schnepel and Steigerwald: gamma_g = e'(X'X)^-1 X_g'X_g (X'X)^-1 e.
    inverse = np.linalg.inv(x.T @ x)
    gamma = np.array([(inverse @ x[sites == g].T @ x[sites == g] @ inverse)[2, 2] for g in range(8)])
    spread = np.mean((gamma / gamma.mean() - 1) ** 2)
    assert fit.effective_sites[2] == pytest.approx(8 / (1 + spread))
    assert len(fit.site_table()) == 8


def test_offset_scaling_and_shift():
    d = case("mtcars")
    plain = sy.regress(**d)
    shifted = sy.regress(**{**d, "y": d["y"] + 2 * d["X"][:, 0]}, offset=2 * d["X"][:, 0])
    np.testing.assert_allclose(shifted.coefficients, plain.coefficients, atol=1e-10)
    np.testing.assert_allclose(shifted.fitted, plain.fitted + 2 * d["X"][:, 0])
    scaled = sy.regress(**{**d, "X": d["X"] * [1e-6, 1, 1e6]})
    np.testing.assert_allclose(scaled.statistics, plain.statistics, rtol=1e-9)
    logit = case("cbpp_logit")
    base = sy.regress(**logit)
    moved = sy.regress(**logit, offset=np.full(len(logit["y"]), 0.7))
    assert moved.coefficients[0] == pytest.approx(base.coefficients[0] - 0.7, abs=1e-9)
    assert base.gap < 1e-12


def test_longley_keeps_its_digits():
    """Certified values of the Statistical Reference Datasets (NIST), here in thousands."""
    d = columns("longley")
    x = numbers(d, "GNP.deflator", "GNP", "Unemployed", "Armed.Forces", "Population", "Year")
    fit = sy.regress(x, numbers(d, "Employed")[:, 0], vcov="model")
    certified = [
        -3482.25863459582, 0.0150618722713733, -0.0358191792925910, -0.0202022980381683,
        -0.0103322686717359, -0.0511041056535807, 1.82915146461355,
    ]  # fmt: skip
    np.testing.assert_allclose(fit.coefficients, certified, rtol=1e-9)
    np.testing.assert_allclose(fit.standard_errors[0], 890.420383607373, rtol=1e-9)


def test_repeated_sites_stay_distinct():
    d = case("stackloss")
    once = sy.regress(**d, vcov="CR0")
    sites = [f"{copy} {g}" for copy in "ab" for g in d["sites"]]
    twice = sy.regress(np.vstack([d["X"]] * 2), np.tile(d["y"], 2), sites=sites, vcov="CR0")
    np.testing.assert_allclose(twice.covariance, once.covariance / 2, rtol=1e-9)
    same = sy.regress(np.vstack([d["X"]] * 2), np.tile(d["y"], 2), sites=list(d["sites"]) * 2, vcov="CR0")
    np.testing.assert_allclose(same.covariance, once.covariance, rtol=1e-9)


def test_joint_hypotheses_of_the_published_example():
    """Reference, row 6: boottest's log, F with (q, 7) degrees of freedom, from our coefficients and covariance."""
    x, y, year = collapsed()
    fit = sy.regress(x, y, sites=year, vcov="CR1S")

    def wald(terms, values):
        difference = fit.coefficients[terms] - values
        return difference @ np.linalg.solve(fit.covariance[np.ix_(terms, terms)], difference) / len(terms)

    assert wald([3, 2], [0, 0]) == pytest.approx(72.4798, abs=5e-5)
    assert wald([3, 2], [0.04, 0]) == pytest.approx(26.6776, abs=5e-5)
    assert wald([3, 2], [0.05, -0.02]) == pytest.approx(0.3383, abs=5e-5)
    assert wald([3, 2, 1], [0.05, -0.02, -0.15]) == pytest.approx(0.8534, abs=5e-5)


def test_without_sites_rows_are_units():
    d = case("swiss")
    by_row = sy.regress(d["X"], d["y"])
    by_site = sy.regress(d["X"], d["y"], sites=range(47))
    assert (by_row.vcov, by_site.vcov) == ("HC2", "CR2")
    np.testing.assert_allclose(by_row.standard_errors, by_site.standard_errors, rtol=1e-10)
    np.testing.assert_allclose(by_row.degrees_of_freedom, by_site.degrees_of_freedom, rtol=1e-9)


def test_the_result_prints_and_travels():
    fit = sy.regress(**case("mtcars"), names=["wt", "hp", "am"])
    again = sy.regress(**case("mtcars"), names=["wt", "hp", "am"]).from_json(fit.to_json())
    np.testing.assert_array_equal(again.coefficients, fit.coefficients)
    test = again.wild_test("wt", variant="C", rng=1)
    assert test.pvalue == fit.wild_test("wt", variant="C", rng=1).pvalue
    assert list(fit.tidy().columns)[:3] == ["term", "estimate", "std_error"]
    assert "CR2 standard errors: ok" in repr(fit)
    assert "under 4 degrees of freedom" in repr(fit)
    assert "<caption" in fit._repr_html_()
    assert fit.plot().get_xlabel() == "slope"


def test_a_site_that_alone_knows_something_is_named():
    x = np.array([[0.0], [0], [0], [0], [0], [0], [1], [1]])
    y = np.array([1.0, 2, 1.5, 2.5, 1, 3, 4, 5])
    fit = sy.regress(x, y, sites=[1, 1, 2, 2, 3, 3, 4, 4])
    assert any("known from one place alone (4)" in text for text in fit.cautions)
    assert np.all(np.isfinite(fit.standard_errors))


X = [[1.0], [2], [3], [4], [5], [2]]
Y = [1.0, 2, 2, 4, 5, 3]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (dict(X=X, y=Y, family="poisson"), "family not known in family: got 'poisson'"),
        (dict(X=X, y=Y, vcov="HC9"), "vcov not known in vcov: got 'HC9'; allowed: 'model', 'quasi', 'HC0'"),
        (dict(X=X, y=Y, vcov="CR2"), "sites missing in vcov; allowed: a covariance by site needs sites="),
        (dict(X=X, y=Y, df="many"), "df not known in df: got 'many'"),
        (dict(X=X, y=Y, trials=[9] * 6), 'trials not allowed in trials; allowed: family="binomial"'),
        (dict(X=X, y=[0, 1, 0, 1, 0, 1], family="binomial", weights=[1] * 6), "weights not allowed in weights"),
        (dict(X=X, y=Y, family="binomial"), "outcome not binomial in y; allowed: 0/1, or k of n with trials="),
        (dict(X=X, y=Y, weights=[1, 1, 0, 1, 1, 1]), "weight not allowed in row 3 of weights: got 0"),
        (dict(X=X, y=Y, vcov="quasi"), 'covariance not defined in vcov: got quasi; allowed: family "binomial"'),
        (dict(X=X, y=Y, vcov="model", df="satterthwaite"), "degrees of freedom not defined in df: got satterthwaite"),
        (dict(X=X, y=Y, sites=[1] * 6), "too few sites for a covariance by site: got 1; allowed: at least 2"),
        (dict(X=X, y=Y, confidence_level=95), "confidence level not allowed in confidence_level: got 95"),
        (dict(X=X, y=Y, names=["a", "b"]), "names not allowed in names: got a, b; allowed: 1 different names"),
        (dict(X=[[a, 2 * a] for [a] in X], y=Y), "columns that depend on one another in column "),
        (dict(X=np.eye(6), y=Y), "columns that depend on one another in column "),
        (
            dict(X=X, y=[0, 0, 0, 1, 1, 0], family="binomial"),
            "separated outcomes: got coefficients that grow without end",
        ),
        (dict(X=X, y=[1] * 6, family="binomial"), "outcome does not vary: got 6 of 6"),
    ],
)
def test_refusals(call, words):
    with pytest.raises(sy.InputError) as caught:
        sy.regress(**call)
    assert str(caught.value).startswith(words)


def test_a_site_that_the_jackknife_needs_is_named():
    x = [[0.0], [1], [2], [0], [1], [2], [2], [0]]
    y = [0, 0, 1, 0, 0, 1, 0, 1]
    words = "jackknife not defined in site number 3: got without it: separated outcomes;"
    with pytest.raises(sy.InputError, match=words):
        sy.regress(x, y, family="binomial", sites=[1, 2, 3, 1, 2, 3, 9, 9], vcov="CV3")
