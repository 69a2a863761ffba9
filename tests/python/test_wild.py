"""Wild cluster bootstrap: literal refits, published and enumerated values, sets that invert the test."""

import itertools
import math

import numpy as np
import pytest

import steelyard as sy
from test_regress import case, collapsed

LAWS = {
    "rademacher": [(1.0, 0.5), (-1.0, 0.5)],
    "webb": [(s * math.sqrt(v), 1 / 6) for v in (1.5, 1.0, 0.5) for s in (1, -1)],
    "mammen": [
        ((1 - math.sqrt(5)) / 2, (math.sqrt(5) + 1) / (2 * math.sqrt(5))),
        ((1 + math.sqrt(5)) / 2, (math.sqrt(5) - 1) / (2 * math.sqrt(5))),
    ],
}


def ols(x, y):
    return np.linalg.lstsq(x, y, rcond=None)[0]


def variance(x, y, sites, j, jackknife):
    """Return the coefficient and its variance by literal refits; factors that all draws share are left out."""
    b = ols(x, y)
    groups = np.unique(sites)
    if jackknife:
        return b[j], sum((ols(x[sites != g], y[sites != g])[j] - b[j]) ** 2 for g in groups)
    e, bread = y - x @ b, np.linalg.inv(x.T @ x)
    return b[j], sum((bread[j] @ x[sites == g].T @ e[sites == g]) ** 2 for g in groups)


def literal(x, y, sites, j, null, variant, restricted, law):
    """Return strict and weak symmetric p, and the share above, by drawing every configuration and refitting."""
    groups = np.unique(sites)
    jackknife, predicted = variant in "VB", variant in "SB"
    others = [c for c in range(x.shape[1]) if c != j]

    def fitted(rows):
        if not restricted:
            return x @ ols(x[rows], y[rows])
        return x[:, others] @ ols(x[rows][:, others], y[rows] - null * x[rows, j]) + null * x[:, j]

    everyone = np.ones(len(y), bool)
    base = fitted(everyone)
    residual = y - base
    if predicted:
        for g in groups:
            residual[sites == g] = (y - fitted(sites != g))[sites == g]
    b, v = variance(x, y, sites, j, jackknife)
    t = (b - null) / math.sqrt(v)
    center = null if restricted else b
    strict = weak = above = 0.0
    for draw in itertools.product(LAWS[law], repeat=len(groups)):
        probability = math.prod(p for _, p in draw)
        sign = np.array([draw[np.searchsorted(groups, g)][0] for g in sites])
        bs, vs = variance(x, base + sign * residual, sites, j, jackknife)
        ts = (bs - center) / math.sqrt(vs)
        tie = abs(abs(ts) - abs(t)) < 1e-8 * abs(t)
        strict += probability * (abs(ts) > abs(t) and not tie)
        weak += probability * (abs(ts) > abs(t) or tie)
        above += probability * (ts >= t - 1e-8 * abs(t))
    return strict, weak, above


def small(seed=1, groups=6):
    rng = np.random.default_rng(seed)
    sites = np.repeat(np.arange(groups), rng.integers(2, 5, groups))
    x = np.column_stack([np.ones(len(sites)), rng.normal(size=(len(sites), 2))])
    x[:, 2] += rng.normal(size=groups)[sites]
    return x, x[:, 1] + rng.normal(size=groups)[sites] + rng.normal(size=len(sites)), sites


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("variant", "CSVB")
def test_every_variant_is_its_literal_program_at_every_null(variant, restricted):
    x, y, sites = small()
    fit = sy.regress(x, y, sites=sites, intercept=False)
    for null in (0.0, 0.6, -1.1):
        strict, weak, above = literal(x, y, sites, 1, null, variant, restricted, "rademacher")
        options = dict(law="rademacher", variant=variant, impose_null=restricted, null=null)
        found = fit.wild_test(1, **options)
        # The data are one configuration and its mirror image: p with ties is never below.
        weak, above = max(weak, 2 / 64), max(above, 1 / 64)
        assert found.enumerated
        assert found.draws == 64
        assert found.pvalues.strict == pytest.approx(strict, abs=1e-12)
        assert found.pvalues.weak == pytest.approx(weak, abs=1e-12)
        one = fit.wild_test(1, **options, alternative="greater", confidence_level=None)
        assert one.pvalue == pytest.approx(above, abs=1e-12)
        assert found.method == f"WC{'R' if restricted else 'U'}-{variant}"


@pytest.mark.parametrize("law", ["webb", "mammen"])
def test_laws_are_enumerated_with_their_probabilities(law):
    x, y, sites = small(4, 4)
    fit = sy.regress(x[:, :2], y, sites=sites, intercept=False)
    strict, weak, _ = literal(x[:, :2], y, sites, 1, 0.3, "S", True, law)
    found = fit.wild_test(1, 0.3, law=law)
    weak = max(weak, 1 / 16 if law == "mammen" else 2 / 6**4)
    assert found.enumerated
    assert found.pvalues.strict == pytest.approx(strict, abs=1e-12)
    assert found.pvalues.weak == pytest.approx(weak, abs=1e-12)


def test_collapsed_insurance_counts():
    """Reference, rows 1, 21, 22 and 23: what two published engines get wrong, enumerated."""
    x, y, year = collapsed()
    fit = sy.regress(x, y, sites=year, names=["self", "post", "post_self"])

    def counts(null, variant="C"):
        p = fit.wild_test("post_self", null, law="rademacher", variant=variant).pvalues
        return round(256 * p.strict, 9), round(256 * p.weak, 9)

    assert fit.wild_test("post_self", 0.04, variant="C").statistic == pytest.approx(2.0194, abs=5e-5)
    assert fit.wild_test("post", variant="C").statistic == pytest.approx(-5.5821, abs=5e-5)
    assert counts(0.04) == (18, 20)
    assert counts(0.0) == (0, 2)
    assert counts(0.05) == (132, 134)
    # The jackknife variant with the deletion where it belongs.
    assert counts(0.04, "S")[0] == 18
    sets = {
        ties: fit.wild_test("post_self", law="rademacher", variant="C", ties=ties).confidence_set
        for ties in ("strict", "weak")
    }
    np.testing.assert_allclose(sets["strict"], [(0.0382067322747, 0.0712843007488)], atol=5e-13)
    np.testing.assert_allclose(sets["weak"], [(0.0380319186458, 0.0716313508005)], atol=5e-13)
    # Row 7: ten million Webb draws gave .0757; all 6^8 are visited here.
    webb = fit.wild_test("post_self", 0.04, variant="C")
    assert (webb.law, webb.draws) == ("webb", 6**8)
    assert webb.pvalue == pytest.approx(0.0757, abs=2e-4)


@pytest.mark.parametrize("variant", "CSVB")
def test_a_null_of_r_is_a_null_of_zero_in_the_shifted_outcome(variant):
    x, y, sites = small(2)
    here = sy.regress(x, y, sites=sites, intercept=False).wild_test(1, 0.7, variant=variant, law="rademacher")
    there = sy.regress(x, y - 0.7 * x[:, 1], sites=sites, intercept=False).wild_test(
        1, variant=variant, law="rademacher"
    )
    assert here.pvalues == there.pvalues
    np.testing.assert_allclose(here.confidence_set, np.array(there.confidence_set) + 0.7, atol=1e-9)


def test_names_order_and_scale_do_not_change_a_count():
    x, y, sites = small(3, 9)
    base = sy.regress(x, y, sites=sites, intercept=False).wild_test(1, 0.2)
    assert (base.law, base.draws) == ("rademacher", 512)
    rng = np.random.default_rng(0)
    order, names = rng.permutation(len(y)), rng.permutation(9)
    turned = sy.regress(x[order], y[order], sites=names[sites][order], intercept=False).wild_test(1, 0.2)
    assert turned.pvalues == base.pvalues
    scaled = sy.regress(x, 1e6 * y, sites=sites, intercept=False).wild_test(1, 0.2e6)
    assert scaled.pvalues == base.pvalues
    np.testing.assert_allclose(scaled.confidence_set, 1e6 * np.array(base.confidence_set), rtol=1e-9)
    # v and -v: strict counts are even.
    assert round(512 * base.pvalues.strict) % 2 == 0


@pytest.mark.parametrize("alternative", ["two-sided", "equal-tailed", "greater", "less"])
@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("law", ["rademacher", "webb", "normal"])
def test_the_set_inverts_the_test(alternative, restricted, law):
    x, y, sites = small(5, 7)
    fit = sy.regress(x, y, sites=sites, intercept=False)
    options = dict(law=law, impose_null=restricted, alternative=alternative, rng=8, n_resamples=999)
    found = fit.wild_test(1, confidence_level=0.9, **options).confidence_set
    assert found

    def p(null):
        return fit.wild_test(1, null, confidence_level=None, **options).pvalue

    reach = 1e-7
    for low, high in found:
        if math.isfinite(low):
            assert p(low - reach) <= 0.1 < p(low + reach)
        if math.isfinite(high):
            assert p(high + reach) <= 0.1 < p(high - reach)
    if alternative == "greater":
        assert found[-1][1] == math.inf
    if alternative == "less":
        assert found[0][0] == -math.inf


def test_sets_in_pieces_and_without_end():
    """With few signs a set may be several intervals, and at a level the design cannot reach it has no end."""
    pieces, endless = 0, 0
    for seed in range(40):
        x, y, sites = small(seed, 5)
        fit = sy.regress(x, y, sites=sites, intercept=False)
        found = fit.wild_test(2, law="rademacher", variant="C", confidence_level=0.85)
        pieces = max(pieces, len(found.confidence_set))
        certain = fit.wild_test(2, law="rademacher", variant="C", confidence_level=0.95)
        assert certain.floor == pytest.approx(1 / 16)
        assert "cannot give a p below 0.0625" in repr(certain)
        endless += certain.confidence_set == [(-math.inf, math.inf)]
    assert pieces > 1
    assert endless == 40


def test_draws_do_not_depend_on_threads_and_carry_their_error():
    x, y, sites = small(6, 25)
    fit = sy.regress(x, y, sites=sites, intercept=False)
    for law in ("rademacher", "webb", "mammen", "normal"):
        one = fit.wild_test(1, law=law, n_resamples=1999, rng=5, threads=1)
        two = fit.wild_test(1, law=law, n_resamples=1999, rng=5, threads=2)
        assert one.to_json() == two.to_json()
        assert not one.enumerated
        assert one.monte_carlo_error == pytest.approx(math.sqrt(one.pvalue * (1 - one.pvalue) / 1999))
        assert one.end_errors is not None
    ends = np.array([fit.wild_test(1, n_resamples=999, rng=s).confidence_set[0] for s in range(60)])
    errors = np.array([fit.wild_test(1, n_resamples=999, rng=s).end_errors for s in range(60)])
    ratio = np.sqrt((errors**2).mean(axis=0)) / ends.std(axis=0, ddof=1)
    assert np.all((ratio > 0.6) & (ratio < 1.6))


def newton(x, k, n, offset):
    b = np.zeros(x.shape[1])
    for _ in range(60):
        p = 1 / (1 + np.exp(-(x @ b + offset)))
        b = b + np.linalg.solve((x.T * (n * p * (1 - p))) @ x, x.T @ (k - n * p))
    return b


@pytest.mark.parametrize("variant", "CSVB")
@pytest.mark.parametrize("restricted", [True, False])
def test_logit_is_the_linearised_program(variant, restricted):
    """MacKinnon, Nielsen and Webb (2024): draws on the working model at the restricted or the free estimate."""
    rng = np.random.default_rng(11)
    sites = np.repeat(np.arange(6), 3)
    x = np.column_stack([np.ones(18), rng.normal(size=(18, 2))])
    n = rng.integers(8, 20, 18).astype(float)
    k = rng.binomial(n.astype(int), 1 / (1 + np.exp(-0.5 * x[:, 1])))
    fit = sy.regress(x, k, trials=n, family="binomial", sites=sites, intercept=False)
    null = 0.3
    free = newton(x, k, n, np.zeros(18))
    held = free
    if restricted:
        rest = newton(x[:, [0, 2]], k, n, null * x[:, 1])
        held = np.array([rest[0], null, rest[1]])

    def working(b):
        p = 1 / (1 + np.exp(-x @ b))
        root = np.sqrt(n * p * (1 - p))
        return x * root[:, None], (k - n * p) / root

    jackknife = variant in "VB"
    xw, ew = working(free)
    _, v = variance(xw, xw @ free + ew, sites, 1, jackknife)
    t = (free[1] - null) / math.sqrt(v)
    xw, ew = working(held)
    residual = ew.copy()
    if variant in "SB":
        keep = [0, 2] if restricted else [0, 1, 2]
        for g in range(6):
            rows = sites != g
            residual[sites == g] = (ew - xw[:, keep] @ ols(xw[rows][:, keep], ew[rows]))[sites == g]
    weak = 0
    for draw in itertools.product((1.0, -1.0), repeat=6):
        ys = xw @ held + np.array(draw)[sites] * residual
        bs, vs = variance(xw, ys, sites, 1, jackknife)
        weak += abs(bs - held[1]) / math.sqrt(vs) >= abs(t) - 1e-9
    found = fit.wild_test(1, null, law="rademacher", variant=variant, impose_null=restricted)
    assert found.pvalues.weak == pytest.approx(max(weak, 2) / 64, abs=1e-12)
    assert found.method == f"WCL{'R' if restricted else 'U'}-{variant}"
    low, high = found.confidence_set[0]
    assert low < free[1] < high


def test_logit_of_the_herds():
    fit = sy.regress(**case("cbpp_logit"), names=["two", "three", "four"])
    test = fit.wild_test("four", rng=2, n_resamples=999)
    assert test.enumerated  # 15 herds
    assert test.pvalue < 0.05
    low, high = test.confidence_set[0]
    assert low < high < 0
    assert fit.wild_test("four", low + 1e-3, rng=2, confidence_level=None).pvalue > 0.05
    assert fit.wild_test("four", low - 1e-3, rng=2, confidence_level=None).pvalue <= 0.05


def test_infinite_ends_survive_json():
    x, y, sites = small(1, 4)
    test = sy.regress(x, y, sites=sites, intercept=False).wild_test(1, law="rademacher")
    again = type(test).from_json(test.to_json())
    assert again.confidence_set == test.confidence_set == [(-math.inf, math.inf)]
    assert len(test.tidy()) == 1
    assert "<caption" in test._repr_html_()


X = [[1.0], [2], [3], [4], [5], [2]]
Y = [1.0, 2, 2, 4, 5, 3]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(term="x_9"), "term not known"),
        (dict(law="poisson"), "law not known in law: got 'poisson'; allowed: 'rademacher', 'webb', 'mammen', 'normal'"),
        (dict(variant="Z"), "variant not known in variant: got 'Z'; allowed: 'C', 'S', 'V', 'B'"),
        (dict(n_resamples=10**12), "n_resamples not allowed: got 1000000000000"),
        (dict(null=math.inf), "null value not allowed in null: got inf"),
        (dict(confidence_level=1), "confidence level not allowed in confidence_level: got 1"),
        (dict(enumeration="always", law="normal"), "too many configurations to enumerate in enumeration: got inf"),
        (dict(ties="many"), "ties not known in ties: got 'many'"),
    ],
)
def test_refusals(options, words):
    fit = sy.regress(X, Y, sites=[1, 1, 2, 2, 3, 3])
    with pytest.raises(sy.InputError) as caught:
        fit.wild_test(**{"term": "x_1", **options})
    assert str(caught.value).startswith(words)


def test_missing_sites_and_lone_sites_are_refused():
    with pytest.raises(sy.InputError, match="sites missing; allowed: a wild cluster test needs sites="):
        sy.regress(X, Y).wild_test("x_1")
    x = np.array([[0.0], [0], [0], [0], [0], [0], [1], [1]])
    fit = sy.regress(x, [1.0, 2, 1.5, 2.5, 1, 3, 4, 5], sites=[1, 1, 2, 2, 3, 3, 4, 4])
    with pytest.raises(sy.InputError, match="variant not defined in site number 4"):
        fit.wild_test("x_1", variant="V")
