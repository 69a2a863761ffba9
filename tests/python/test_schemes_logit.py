"""Schemes on the log-odds scale from Python: published values, the six centres, separation, refusals, invariants."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import minimize
from scipy.stats import chi2

import steelyard as sy
from steelyard import schemes as S

REFERENCE = Path(__file__).resolve().parents[1] / "reference"
R = json.loads((REFERENCE / "binomial.json").read_text(encoding="utf-8"))
SEX2 = json.loads((REFERENCE / "firth.json").read_text(encoding="utf-8"))


def table(name, *columns):
    with (REFERENCE / "data" / f"{name}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {column: np.array([float(row[column]) for row in rows]) for column in columns}


def endometrial():
    data = table("endometrial", "NV", "PI", "EH", "HG")
    outcome = data.pop("HG")
    return data, outcome, range(len(outcome))


def every_logit_scheme(p=25):
    target = list(range(1, p + 1))
    return [
        S.Logistic(),
        S.Logistic(dispersion="binomial"),
        S.Logistic(dispersion="beta-binomial"),
        S.Logistic(penalty=0.1),
        S.Logistic(penalty=math.inf),
        S.Logistic(penalty=None),
        S.Logistic(penalty=0.5, target=target),
        S.Firth(),
        S.Firth(flic=True, intervals="wald"),
        S.Firth(penalty=0.1),
        S.LogF(),
        S.LogF(2.0, target=target),
        S.RandomIntercept(),
        S.RandomIntercept(nodes=1),
        S.RandomIntercept(penalty=0.1),
        S.RandomIntercept(penalty=0.1, off_zero=True, nodes=9),
    ]


@pytest.mark.parametrize("scheme", every_logit_scheme(), ids=repr)
@pytest.mark.parametrize(
    ("outcome", "trials"),
    [([0, 0, 1, 0, 1, 1], None), ([10, 12, 20, 9, 21, 19], [38] * 6), ([0, 3, 38, 9, 21, 19], [38] * 6)],
    ids=["groups", "counts", "edges"],
)
def test_the_six_centres_run_through_every_scheme(scheme, outcome, trials):
    fit = scheme.fit(sy.datasets.norway_ips(), outcome, trials=trials)
    assert fit.estimability == "not estimable"
    assert np.all(np.isfinite(np.concatenate([fit.slopes, fit.weights, [fit.intercept, fit.r_squared]])))
    assert fit.status in {"ok", "interpolates", "separated", "singular", "same as unit"}
    if fit.status == "separated":
        assert not fit.slopes.any()
        assert "separate the outcomes" in fit.reason
        assert len(fit.separation["items"]) >= 1
        assert np.abs(fit.separation["direction"]).max() > 0
    else:
        assert fit.gap <= 1e-10
    again = S.SchemeFit.from_json(fit.to_json())
    np.testing.assert_array_equal(again.slopes, fit.slopes)


def test_endometrial_by_firth():
    """Reference, section 6, row 15; the printed test of EH (2.50418e-05) came from a loosely converged fit."""
    items, outcome, sites = endometrial()
    fit = S.Firth().fit(items, outcome, sites=sites)
    expected = [3.7745597136, 2.9292733532, -0.0347517599, -2.6041639253]
    np.testing.assert_allclose(list(fit.coefficients.values()), expected, atol=1e-9)
    np.testing.assert_allclose(list(fit.coefficients.values()), R["endometrial_firth"]["coefficients"], atol=2e-8)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), R["endometrial_firth"]["se"][1:], rtol=1e-6)
    assert fit.profiles[0]["low"] == pytest.approx(0.6097244, abs=1e-7)
    assert fit.profiles[0]["high"] == pytest.approx(7.85463171, abs=1e-8)
    # A general optimiser on the same penalised likelihood gives 17.75931747944 for the fall.
    assert fit.profiles[2]["statistic"] == pytest.approx(17.7593174794, abs=1e-9)
    assert fit.profiles[2]["p_value"] == pytest.approx(2.50686721e-05, rel=1e-7)


def test_sex2_by_firth():
    """Coefficients of brglm2, profiles of a general optimiser (firth.R), and what logistf prints at its 8 digits."""
    data = table("sex2", "age", "oc", "vic", "vicl", "vis", "dia", "case", "n")
    k, n = data.pop("case"), data.pop("n")
    assert (k.sum(), n.sum()) == (130, 239)
    fit = S.Firth().fit(data, k, trials=n)
    np.testing.assert_allclose(list(fit.coefficients.values()), SEX2["coefficients"], atol=1e-9)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), SEX2["se"][1:], rtol=1e-8)
    constants = sum(math.lgamma(b + 1) - math.lgamma(a + 1) - math.lgamma(b - a + 1) for a, b in zip(k, n, strict=True))
    assert fit.diagnostics["log_likelihood"] == pytest.approx(SEX2["log_likelihood"] + constants, abs=1e-9)
    for found, expected in zip(fit.profiles, SEX2["profile"][1:], strict=True):
        # The optimiser of R stops at about 1e-9 of the fall, the root search at 1e-12.
        for key in ("low", "high", "statistic"):
            assert found[key] == pytest.approx(expected[key], abs=2e-8)
    printed = [(-1.9737884, -0.30742514), (-0.9414363, 0.78920202), (1.2730216, 3.43543273), (-3.2608611, -1.11773495)]
    printed += [(-1.6080879, 0.01518468), (0.7745682, 8.03029352)]
    np.testing.assert_allclose([(f["low"], f["high"]) for f in fit.profiles], printed, atol=2e-7)


def test_profiles_of_many_participants_are_those_of_a_search():
    """Tangent steps from predicted starts end where the profile has fallen by the critical value."""
    rng = np.random.default_rng(6)
    x = rng.integers(1, 6, (600, 6)).astype(float)
    y = (rng.random(600) < 1 / (1 + np.exp(3 - 0.25 * x[:, :4].sum(axis=1)))).astype(float)
    fit = S.Firth().fit(x, y, sites=range(600))
    design = np.column_stack([np.ones(600), x])

    def penalised(b):
        eta = design @ b
        w = 1 / (2 + 2 * np.cosh(eta))
        return y @ eta - np.logaddexp(0, eta).sum() + 0.5 * np.linalg.slogdet(design.T @ (w[:, None] * design))[1]

    def score(b):
        eta = design @ b
        pi = 1 / (1 + np.exp(-eta))
        root = design * np.sqrt(pi * (1 - pi))[:, None]
        h = np.einsum("ij,jk,ik->i", root, np.linalg.inv(root.T @ root), root)
        return design.T @ (y - pi + h * (0.5 - pi))

    top = np.array(list(fit.coefficients.values()))
    np.testing.assert_allclose(score(top), 0, atol=1e-7)
    for j in (0, 3, 5):
        others = [i for i in range(7) if i != j + 1]

        def fall(value, j=j, others=others):
            def put(free):
                b = np.empty(7)
                b[others], b[j + 1] = free, value
                return b

            found = minimize(
                lambda f: -penalised(put(f)), top[others], jac=lambda f: -score(put(f))[others], method="BFGS", tol=1e-9
            )
            return 2 * (penalised(top) + found.fun)

        profile = fit.profiles[j]
        for end in ("low", "high"):
            assert fall(profile[end]) == pytest.approx(chi2.ppf(0.95, 1), abs=1e-7)
        assert fall(0.0) == pytest.approx(profile["statistic"], abs=1e-7)


def test_endometrial_is_separated_for_maximum_likelihood():
    """Reference, section 6, row 18: NV infinite, others finite; no iterate is returned."""
    items, outcome, sites = endometrial()
    for scheme in (S.Logistic(), S.Logistic(dispersion="beta-binomial"), S.RandomIntercept()):
        fit = scheme.fit(items, outcome, sites=sites)
        assert fit.status == "separated"
        assert not fit.slopes.any()
        assert fit.separation["items"] == ("NV",)
        np.testing.assert_allclose(fit.separation["direction"], [1, 0, 0], atol=1e-9)
        assert fit.separation["finite"] == pytest.approx({"PI": -0.042183, "EH": -2.902606}, abs=1e-6)
    fit = S.LogF().fit(items, outcome, sites=sites)
    np.testing.assert_allclose(list(fit.coefficients.values()), R["endometrial_log_f"]["coefficients"], atol=1e-9)


def test_firth_closed_form():
    """Reference, section 6, row 17: slope 2 ln 7, intercept -ln 7."""
    fit = S.Firth().fit([[0], [0], [0], [1], [1], [1]], [0, 0, 0, 1, 1, 1], sites=range(6))
    np.testing.assert_allclose([fit.slopes[0], fit.intercept], [2 * math.log(7), -math.log(7)], atol=1e-11)
    flic = S.Firth(flic=True).fit([[0], [1]], [0, 3], trials=[3, 3])
    assert flic.predict([[0], [1]]) @ [3, 3] == pytest.approx(3, abs=1e-12)


def test_cbpp_by_quasi_beta_binomial_and_site_effects():
    data = table("cbpp", "herd", "incidence", "size", "period")
    items = {f"period{k}": (data["period"] == k).astype(float) for k in (2, 3, 4)}
    options = {"trials": data["size"], "sites": data["herd"]}
    fit = S.RandomIntercept(nodes=1).fit(items, data["incidence"], **options)
    # Reference, section 6, row 19.
    np.testing.assert_allclose(
        [fit.intercept, *fit.slopes], [-1.3985321, -0.9923327, -1.1286721, -1.5803139], atol=2e-7
    )
    assert fit.diagnostics["tau"] == pytest.approx(0.6422614, abs=2e-7)
    assert -2 * fit.diagnostics["log_likelihood"] == pytest.approx(184.0525637, abs=1e-6)
    quasi = S.Logistic().fit(items, data["incidence"], trials=data["size"])
    np.testing.assert_allclose(np.sqrt(np.diag(quasi.covariance)), R["cbpp"]["quasi_se"][1:], rtol=1e-9)
    assert quasi.degrees_of_freedom == 52
    bb = S.Logistic(dispersion="beta-binomial").fit(items, data["incidence"], trials=data["size"])
    np.testing.assert_allclose(bb.slopes, R["cbpp_beta_binomial"]["coefficients"][1:], atol=1e-6)
    assert bb.diagnostics["rho"] == pytest.approx(R["cbpp_beta_binomial"]["rho"], abs=1e-6)


def test_shrinkage_reaches_from_the_target_to_maximum_likelihood():
    rng = np.random.default_rng(3)
    x = rng.integers(1, 6, (30, 4)).astype(float)
    n = rng.integers(20, 60, 30)
    k = rng.binomial(n, 1 / (1 + np.exp(-(x @ [0.4, 0.1, 0.2, 0.1] - 2.5))))
    total = S.Logistic().fit(x.sum(axis=1)[:, None], k, trials=n)
    for scheme in (S.Logistic, S.RandomIntercept):
        plain = scheme().fit(x, k, trials=n)
        np.testing.assert_allclose(scheme(penalty=1e-12).fit(x, k, trials=n).slopes, plain.slopes, atol=1e-7)
    far = S.Logistic(penalty=1e9).fit(x, k, trials=n)
    np.testing.assert_allclose(far.slopes, total.slopes[0], atol=1e-7)
    unit = S.Logistic(penalty=math.inf).fit(x, k, trials=n)
    np.testing.assert_allclose(unit.slopes, total.slopes[0], atol=1e-10)
    assert unit.status == "same as unit"
    tuned = S.Logistic(penalty=None).fit(x, k, trials=n)
    errors = tuned.tuning["errors"]
    assert tuned.penalty == tuned.tuning["penalties"][int(np.argmin(errors))]
    # The twin: leave a site out, refit at the chosen penalty, add the log-likelihoods.
    loss = 0.0
    for g in range(30):
        keep = np.arange(30) != g
        rest = S.Logistic(penalty=tuned.penalty).fit(x[keep], k[keep], trials=n[keep])
        rate = rest.predict(x[g : g + 1])[0]
        loss -= k[g] * np.log(rate) + (n[g] - k[g]) * np.log1p(-rate)
    assert min(errors) == pytest.approx(loss / n.sum(), rel=1e-9)


def test_constant_items_change_nothing_but_what_they_would_do_elsewhere():
    x = np.array([[1.0], [2], [4], [5], [3]])
    k, n = [2, 5, 9, 12, 8], [10, 12, 14, 15, 13]
    plain = S.Logistic().fit(x, k, trials=n)
    wide = S.Logistic().fit(np.column_stack([x, np.full(5, 3.0)]), k, trials=n)
    assert wide.pinned == ("item_2",)
    np.testing.assert_allclose(wide.slopes, [plain.slopes[0]] * 2, rtol=1e-12)
    np.testing.assert_allclose(wide.predict(np.column_stack([x, np.full(5, 3.0)])), plain.predict(x), rtol=1e-12)


def test_equal_sites_and_covariates():
    rng = np.random.default_rng(4)
    x = rng.integers(1, 6, (20, 2)).astype(float)
    z = rng.normal(size=(20, 1))
    n = rng.integers(10, 40, 20)
    k = rng.binomial(n, 0.4)
    both = S.Logistic().fit(x, k, trials=n, covariates=z)
    joint = S.Logistic().fit(np.column_stack([x, z]), k, trials=n)
    np.testing.assert_allclose([*both.slopes, *both.covariate_coefficients], joint.slopes, rtol=1e-9)
    equal = S.Logistic().fit(x, k, trials=n, site_weight="equal")
    rate = equal.predict(x)
    np.testing.assert_allclose(x.T @ (k / n - rate), 0, atol=1e-9)
    with pytest.raises(sy.InputError, match="site_weight not allowed with this scheme"):
        S.RandomIntercept().fit(x, k, trials=n, site_weight="equal")


@pytest.mark.parametrize(
    ("build", "outcome", "options", "message"),
    [
        (S.Logistic, [0.2, 0.4, 0.5, 0.9], {}, "Logistic without counts in outcome: got numbers that are neither 0/1"),
        (S.Firth, [1, 2, 3, 4], {}, "Firth without counts in outcome"),
        (lambda: S.Logistic(dispersion="wide"), [0, 1, 1, 0], {}, "dispersion not known in dispersion: got 'wide'"),
        (lambda: S.LogF(0), [0, 1, 1, 0], {}, "degrees not allowed in degrees: got 0"),
        (lambda: S.RandomIntercept(nodes=26), [0, 1, 1, 0], {}, "nodes not allowed in nodes: got 26"),
        (lambda: S.Firth(intervals="exact"), [0, 1, 1, 0], {}, "intervals not known in intervals: got 'exact'"),
        (lambda: S.Firth(confidence_level=1.0), [0, 1, 1, 0], {}, "confidence_level not allowed"),
        (lambda: S.Logistic(penalty=-1), [0, 1, 1, 0], {}, "penalty not allowed in penalty: got -1"),
        (
            lambda: S.Logistic(penalty=1.0, target=[1, 2, 3]),
            [0, 1, 1, 0],
            {},
            "target weights of the wrong length: got 3; allowed: one per item, 2",
        ),
        (S.RandomIntercept, [0, 1, 1, 0], {"sites": list("abab")}, "too few sites for a random intercept: got 2"),
        (lambda: S.Logistic(penalty=None), [0, 1, 1, 0], {"sites": list("abab")}, "too few sites to choose a penalty"),
    ],
)
def test_refusals(build, outcome, options, message):
    x = np.array([[1, 2], [2, 1], [4, 4], [5, 4]])
    with pytest.raises(sy.InputError) as caught:
        build().fit(x, outcome, **options)
    assert str(caught.value).startswith(message)


def test_outcomes_that_cannot_be_fitted_are_named():
    x = np.array([[1, 2], [2, 1], [4, 4], [5, 4]])
    for scheme in every_logit_scheme(2):
        fit = scheme.fit(x, [0, 0, 0, 0])
        assert (fit.status, fit.reason) == ("undefined", "every outcome is the same")
        fit = scheme.fit(x, [5, 5, 5, 5], trials=[10] * 4)
        assert (fit.status, fit.reason, fit.intercept) == ("undefined", "the outcome does not vary", 0.0)


def test_a_spread_without_maximum_is_a_convergence_error_with_its_gap():
    x = np.ones((8, 2))
    x[4, 0] = 2
    with pytest.raises(
        sy.ConvergenceError, match=r"random intercept did not converge: after \d+ iterations the gap is"
    ):
        S.RandomIntercept(nodes=1).fit(x, [0, 6, 1, 2, 3, 0, 0, 3], trials=[6, 7, 1, 2, 4, 5, 7, 3])


def test_an_outcome_that_is_constant_without_one_site_is_tuned_all_the_same():
    x = np.random.default_rng(0).integers(1, 6, (8, 3)).astype(float)
    y = np.r_[np.zeros(7), 1.0]
    for scheme in (S.Ridge(), S.Shrink(), S.Lasso(), S.Logistic(penalty=None)):
        fit = scheme.fit(x, y, sites=range(8))
        assert np.all(np.isfinite(fit.slopes))
        assert np.all(np.isfinite(fit.tuning["errors"]))


scores = hnp.arrays(np.int64, st.tuples(st.integers(4, 12), st.integers(2, 6)), elements=st.integers(1, 5))


@settings(max_examples=25, deadline=None)
@given(scores, st.integers(0, 2**32 - 1))
def test_every_scheme_is_finite_or_says_why(x, seed):
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 9, len(x))
    k = rng.binomial(n, rng.uniform(0, 1, len(x)))
    for scheme in every_logit_scheme(x.shape[1]):
        try:
            fit = scheme.fit(x, k, trials=n)
        except sy.ConvergenceError:
            # Sites of which nearly all or none succeeded: the likelihood keeps rising with the spread of the sites.
            assert isinstance(scheme, S.RandomIntercept)
            continue
        assert np.all(np.isfinite([*fit.slopes, *fit.weights, fit.intercept]))
        assert fit.status in {"ok", "interpolates", "singular", "separated", "empty", "same as unit", "undefined"}
