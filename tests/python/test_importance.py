"""Importance from Python: published values, twins in plain NumPy, the six centres, refusals."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest

import steelyard as sy

DATA = Path(__file__).resolve().parents[1] / "reference" / "data"
HIGH = [0, 0, 1, 0, 1, 1]  # Fyhn et al. 2020, Table 5: centres 3, 5 and 6
SUBSCALES = ["staffing"] * 3 + ["organization"] * 8 + ["services"] * 14
METHODS = ("lmg", "johnson", "car", "pratt", "first", "last")


def data(name, outcome, items):
    with (DATA / f"{name}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {j: [float(r[j]) for r in rows] for j in items}, [float(r[outcome]) for r in rows]


def swiss():
    return data("swiss", "Fertility", ["Agriculture", "Examination", "Education", "Catholic", "Infant.Mortality"])


def shapley(p, value):
    """Return Shapley values by their definition."""
    worth = [value([j for j in range(p) if s >> j & 1]) for s in range(1 << p)]
    return np.array(
        [
            sum(
                (worth[s | 1 << j] - worth[s]) / (p * math.comb(p - 1, s.bit_count()))
                for s in range(1 << p)
                if not s >> j & 1
            )
            for j in range(p)
        ]
    )


def least_squares(x, y, w):
    root = np.sqrt(w)[:, None]
    design = np.column_stack([np.ones(len(x)), x])
    return np.linalg.lstsq(design * root, y * root[:, 0], rcond=None)[0]


def squared_error(x, y, w):
    b = least_squares(x, y, w)
    return np.sum(w * (y - b[0] - x @ b[1:]) ** 2)


def test_swiss_at_the_digits_of_relaimpo():
    items, y = swiss()
    found = sy.importance(items, y)
    # relaimpo 2.2: lmg and genizi (reference, section 6, rows 1, 2 and 4).
    assert found.total == pytest.approx(0.7067350016, abs=5e-11)
    np.testing.assert_allclose(found.shares, [0.05709122, 0.17117303, 0.26013468, 0.10557015, 0.11276592], atol=5e-9)
    johnson = sy.importance(items, y, method="johnson")
    np.testing.assert_allclose(johnson.shares, [0.0484169, 0.15470825, 0.2719641, 0.11468003, 0.11696572], atol=5e-9)
    pratt = sy.importance(items, y, method="pratt")
    assert pratt.shares[0] == pytest.approx(-0.110, abs=5e-4)
    for method in ("johnson", "car", "pratt"):
        assert sy.importance(items, y, method=method).shares.sum() == pytest.approx(found.total, abs=1e-12)
    first, last = (sy.importance(items, y, method=m).shares for m in ("first", "last"))
    np.testing.assert_allclose(first, found.conditional[:, 0], atol=1e-13)
    np.testing.assert_allclose(last, found.conditional[:, -1], atol=1e-12)


def test_attitude_at_the_digits_of_dominanceanalysis():
    items, y = data("attitude", "rating", ["complaints", "privileges", "learning", "raises", "critical", "advance"])
    expected = [0.37081619, 0.05090379, 0.15576599, 0.12034508, 0.00658872, 0.02818221]
    np.testing.assert_allclose(sy.importance(items, y).shares, expected, atol=5e-9)
    # Reference, row 24: Q2 of least squares, each row left out, means of the others as the null.
    assert sy.importance(items, y, game="q2").total == pytest.approx(0.5767707778, abs=5e-11)


def test_covariates_trials_and_their_twin():
    rng = np.random.default_rng(5)
    x = rng.integers(1, 6, (18, 5)).astype(float)
    z = rng.normal(size=(18, 2))
    n = rng.integers(5, 40, 18)
    k = rng.binomial(n, 0.4)
    y = k / n
    w = n.astype(float)
    null = squared_error(z, y, w)
    expected = shapley(5, lambda s: 1 - squared_error(np.column_stack([x[:, s], z]), y, w) / null)
    found = sy.importance(x, k, trials=n, covariates=z)
    np.testing.assert_allclose(found.shares, expected, atol=1e-12)
    assert found.outcome_kind == "counts k of n"
    rates = sy.importance(x, y.round(12), trials=n, covariates=z)
    np.testing.assert_allclose(rates.shares, expected, atol=1e-9)


@pytest.mark.parametrize("with_trials", [False, True])
def test_left_out_sites_and_their_twin(with_trials):
    rng = np.random.default_rng(6)
    sites = np.repeat(np.arange(9), 3)
    x = np.column_stack([rng.integers(1, 6, (9, 2))[sites], rng.integers(1, 6, (27, 2))]).astype(float)
    z = rng.normal(size=(27, 1))
    n = rng.integers(5, 40, 27) if with_trials else None
    y = rng.binomial(n, 0.5) / n if with_trials else rng.normal(size=27)
    w = n.astype(float) if with_trials else np.ones(27)

    def left_out(s):
        total = 0.0
        for g in range(9):
            train, test = sites != g, sites == g
            design = np.column_stack([x[:, s], z])
            b = least_squares(design[train], y[train], w[train])
            total += np.sum(w[test] * (y[test] - b[0] - design[test] @ b[1:]) ** 2)
        return total

    expected = shapley(4, lambda s: 1 - left_out(s) / left_out([]))
    found = sy.importance(x, y * n if with_trials else y, trials=n, sites=sites, covariates=z, game="q2")
    np.testing.assert_allclose(found.shares, expected, atol=1e-11)
    assert found.total == pytest.approx(1 - left_out([0, 1, 2, 3]) / left_out([]), abs=1e-11)


def test_participants_of_a_site_count_once_they_share_their_items():
    rng = np.random.default_rng(8)
    sites = np.repeat(np.arange(10), 12)
    x = rng.integers(1, 6, (10, 3))[sites].astype(float)
    y = rng.integers(0, 2, 120)
    by_row = sy.importance(x, y, sites=sites, game="q2")
    assert by_row.units == 10
    expected = shapley(
        3,
        lambda s: (
            -sum(
                np.sum(
                    (
                        y[sites == g]
                        - np.column_stack([np.ones(12), x[sites == g][:, s]])
                        @ least_squares(x[sites != g][:, s], y[sites != g], np.ones(108))
                    )
                    ** 2
                )
                for g in range(10)
            )
            / sum(np.sum((y[sites == g] - y[sites != g].mean()) ** 2) for g in range(10))
        ),
    )
    np.testing.assert_allclose(by_row.shares, expected, atol=1e-11)


def log_likelihood(x, k, n):
    design = np.column_stack([np.ones(len(k)), x])
    b = np.zeros(design.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-design @ b))
        b += np.linalg.solve((design.T * (n * p * (1 - p))) @ design, design.T @ (k - n * p))
    p = 1 / (1 + np.exp(-design @ b))
    return np.sum(k * np.log(p) + (n - k) * np.log1p(-p)), p


@pytest.mark.parametrize("game", ["mcfadden", "tjur"])
def test_logit_games_and_their_twin(game):
    rng = np.random.default_rng(7)
    x = rng.integers(1, 6, (30, 4)).astype(float)
    n = rng.integers(5, 20, 30)
    k = rng.binomial(n, 1 / (1 + np.exp(1.5 - 0.4 * x[:, 0])))

    def value(s):
        loglik, p = log_likelihood(x[:, s], k, n)
        if game == "tjur":
            return np.sum(k * p) / k.sum() - np.sum((n - k) * p) / (n - k).sum()
        return 1 - loglik / log_likelihood(x[:, []], k, n)[0]

    found = sy.importance(x, k, trials=n, game=game)
    np.testing.assert_allclose(found.shares, shapley(4, value), atol=1e-9)
    # Participants, one row each, are the same data.
    rows = np.repeat(np.arange(30), n)
    outcome = np.concatenate([np.r_[np.ones(a), np.zeros(b - a)] for a, b in zip(k, n, strict=True)])
    expanded = sy.importance(x[rows], outcome, sites=rows, game=game)
    np.testing.assert_allclose(expanded.shares, found.shares, atol=1e-10)


def test_sampled_orders_bracket_the_exact_game():
    rng = np.random.default_rng(9)
    x = rng.integers(1, 6, (60, 15)).astype(float)
    y = (x[:, 0] + rng.normal(size=60) > 3).astype(int)
    found = sy.importance(x, y, game="tjur", rng=1)
    assert found.shares.sum() == pytest.approx(found.total, abs=1e-9)
    assert found.shares.argmax() == 0
    assert np.all(found.standard_errors < 0.02)
    again = sy.importance(x, y, game="tjur", rng=1, threads=1)
    np.testing.assert_array_equal(found.shares, again.shares)


@pytest.mark.parametrize("method", METHODS)
def test_the_six_centres(method):
    found = sy.importance(sy.datasets.norway_ips(), HIGH, method=method)
    assert found.units == 6
    assert found.constant == ("caseload_size", "employer_diversity")
    assert np.all(np.isfinite(found.shares))
    assert found.status in ("interpolates", "singular")
    assert found.cautions[0].startswith("artefact of order: with 6 sites and 25 items")
    assert found.cautions[0] in repr(found)
    assert "artefact of order" in found._repr_html_()
    if method in ("lmg", "johnson", "car", "pratt"):
        assert found.shares.sum() == pytest.approx(1, abs=1e-9)
    again = sy.importance(sy.datasets.norway_ips(), HIGH, method=method)
    assert type(found).from_json(found.to_json()).shares.tolist() == again.shares.tolist()
    assert len(found.tidy()) == 25


def test_the_six_centres_in_other_games():
    study = sy.datasets.norway_ips()
    for game in ("mcfadden", "tjur"):
        found = sy.importance(study, HIGH, game=game, rng=3)
        assert np.all(np.isfinite(found.shares))
        assert found.total == pytest.approx(1, abs=1e-6)
        assert found.standard_errors is not None
    subset = np.array([[float(v) for v in row] for row in np.asarray(study.scores)[:, -25:]])[:, 12:24]
    held = sy.importance(subset, HIGH, game="q2")
    assert np.all(np.isfinite(held.shares))
    assert any("slopes of smallest norm" in text for text in held.cautions)


def test_groups_of_the_six_centres():
    found = sy.importance(sy.datasets.norway_ips(), HIGH, groups=SUBSCALES)
    assert list(found.group_shares) == ["staffing", "organization", "services"]
    assert sum(found.group_shares.values()) == pytest.approx(1, abs=1e-9)
    assert found.shares[:3].sum() == pytest.approx(found.group_shares["staffing"], abs=1e-12)
    assert "group services: " in repr(found)
    named = dict(zip(found.names, SUBSCALES, strict=True))
    again = sy.importance(sy.datasets.norway_ips(), HIGH, groups=named)
    np.testing.assert_array_equal(again.shares, found.shares)


def test_resampled_sites():
    items, y = swiss()
    found = sy.importance(items, y, method="johnson", n_resamples=499, rng=4)
    assert found.n_resamples == 499
    assert np.all(found.conf_low <= found.shares)
    assert np.all(found.shares <= found.conf_high)
    assert found.largest.sum() == pytest.approx(1)
    one = sy.importance(items, y, method="johnson", n_resamples=499, rng=4, threads=1)
    np.testing.assert_array_equal(one.conf_low, found.conf_low)
    # A literal twin: the same sites, rows repeated.
    sites = np.repeat(np.arange(12), 4)[:47]
    x = np.column_stack(list(items.values()))
    lmg = sy.importance(x, y, sites=sites, n_resamples=60, rng=11)
    assert lmg.units == 12
    assert any("too narrow" in text for text in lmg.cautions)
    assert {"conf_low", "conf_high"} <= set(lmg.tidy().columns)


def test_resamples_without_an_outcome_that_varies_are_counted():
    found = sy.importance(sy.datasets.norway_ips(), HIGH, method="johnson", n_resamples=400, rng=1)
    assert found.n_undefined > 4
    assert found.conf_low is None
    assert any(text.startswith("no interval: nothing to divide in") for text in found.cautions)


def test_nothing_to_divide_is_named():
    found = sy.importance([[1, 2], [2, 1], [3, 5]], [2.0, 2.0, 2.0])
    assert (found.status, found.shares.tolist(), found.total) == ("undefined", [0.0, 0.0], 0.0)
    assert found.reason == "the outcome does not vary (after covariates): there is nothing to divide"


def test_signs_stand_beside_and_are_drawn():
    items, y = swiss()
    found = sy.importance(items, y)
    assert found.correlations[2] == pytest.approx(np.corrcoef(items["Education"], y)[0, 1], abs=1e-12)
    axes = found.plot()
    assert len(axes.patches) == 5


X = [[1, 2], [2, 1], [3, 5], [4, 4], [5, 1]]
Y = [1.0, 2.0, 4.0, 3.0, 5.0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "shap"}, "method not known in method: got 'shap'; allowed: 'lmg', 'dominance'"),
        ({"game": "aic"}, "game not known in game: got 'aic'; allowed: 'r2', 'q2', 'mcfadden', 'tjur'"),
        ({"plan": "iid"}, "plan not allowed in plan: got str; allowed: None, sy.plans.Cluster(sites, strata)"),
        ({"plan": sy.plans.Cluster([1, 1, 2])}, "sites of the plan of the wrong shape: got shape (3,)"),
        ({"plan": sy.plans.Cluster([1, 1, 2, 3, 3]), "sites": [1, 2, 2, 3, 3]}, "plan and sites do not agree in plan"),
        ({"n_resamples": -1}, "n_resamples not allowed: got -1"),
        ({"n_resamples": 10**12}, "n_resamples not allowed: got 1000000000000"),
        ({"confidence_level": 95}, "confidence level not allowed: got 95; allowed: 0.5 up to, not including, 1"),
        ({"groups": ["a"]}, "groups of the wrong length in groups: got 1; allowed: one per item, 2"),
        ({"groups": {"item_1": "a"}}, "item without a group in groups: got item_2"),
        ({"groups": ["a", "b"], "method": "car"}, "groups not allowed here in groups"),
        ({"method": "johnson", "game": "q2"}, "method not defined for this game in method"),
        ({"game": "mcfadden", "n_resamples": 10**7}, "too many resamples for this game in n_resamples: got 10000000"),
        ({"game": "tjur"}, "outcome not fit for this game in outcome; allowed: 0/1, or counts k with trials"),
        ({"game": "q2", "sites": [1, 1, 1, 2, 2]}, "too few sites to leave one out: got 2; allowed: at least 3"),
    ],
)
def test_refusals(options, words):
    with pytest.raises(sy.InputError) as caught:
        sy.importance(X, Y, **options)
    assert str(caught.value).startswith(words)


def test_sites_are_drawn_within_strata():
    rng = np.random.default_rng(3)
    site = np.repeat(np.arange(12), 3)
    x, y = rng.integers(1, 6, (36, 3)).astype(float), rng.normal(size=36)
    options = {"method": "johnson", "n_resamples": 400, "rng": 1}
    plain = sy.importance(x, y, sites=site, **options)
    same = sy.importance(x, y, plan=sy.plans.Cluster(site), **options)
    np.testing.assert_array_equal(plain.conf_low, same.conf_low)
    # Two strata, each of copies of one site: drawing within strata leaves all as it is, drawing over all does not.
    twins = np.vstack([x[:3]] * 6 + [x[18:]])
    outcome = np.concatenate([np.tile(y[:3], 6), np.tile(y[18:21], 6)])
    twins[18:] = np.tile(x[18:21], (6, 1))
    strata = np.repeat(["a", "b"], 18)
    fixed = sy.importance(twins, outcome, plan=sy.plans.Cluster(site, strata), **options)
    np.testing.assert_allclose(fixed.conf_low, fixed.shares, atol=1e-12)
    np.testing.assert_allclose(fixed.conf_high, fixed.shares, atol=1e-12)
    loose = sy.importance(twins, outcome, sites=site, **options)
    assert np.any(loose.conf_high > loose.shares + 0.01)
    rows = sy.importance(twins[::3], outcome[::3], plan=sy.plans.Stratified(strata[::3]), **options)
    np.testing.assert_allclose(rows.conf_low, rows.shares, atol=1e-12)


def test_other_games_are_played_on_drawn_sites():
    """A twin draws its own sites: the spread of McFadden's shares agrees within the error of two simulations."""
    rng = np.random.default_rng(8)
    x = rng.integers(1, 6, (15, 2)).astype(float)
    n = rng.integers(20, 40, 15)
    k = rng.binomial(n, 1 / (1 + np.exp(-(0.5 * x[:, 0] + 0.1 * x[:, 1] - 2))))
    found = sy.importance(x, k, trials=n, game="mcfadden", n_resamples=400, rng=1)
    again = sy.importance(x, k, trials=n, game="mcfadden", n_resamples=400, rng=1, threads=1)
    np.testing.assert_array_equal(found.conf_low, again.conf_low)
    shares = []
    for _ in range(400):
        at = rng.integers(0, 15, 15)
        shares.append(sy.importance(x[at], k[at], trials=n[at], game="mcfadden").shares)
    ends = np.quantile(shares, [0.025, 0.975], axis=0)
    error = np.array([found.conf_low_error, found.conf_high_error])
    # Each end has the error of two independent simulations of one size; four of them.
    assert np.all(np.abs(ends - [found.conf_low, found.conf_high]) < 4 * np.sqrt(2) * error)


def test_a_site_drawn_twice_is_left_out_as_one():
    """Two sites of one line each and noise: a copy left behind would make Q2 of a draw far too good."""
    rng = np.random.default_rng(5)
    x, y = rng.integers(1, 6, (8, 2)).astype(float), rng.normal(size=8)
    found = sy.importance(x, y, game="q2", n_resamples=200, rng=1)
    assert found.n_resamples == 200
    assert np.all(found.conf_low <= found.conf_high)
    draws = []
    for _ in range(300):
        at = np.sort(rng.integers(0, 8, 8))
        if len(set(at)) > 2:
            draws.append(sy.importance(x[at], y[at], sites=at, game="q2").shares)
    ends = np.quantile(draws, [0.25, 0.75], axis=0)
    middle = sy.importance(x, y, game="q2", n_resamples=300, rng=1, confidence_level=0.5)
    error = np.array([middle.conf_low_error, middle.conf_high_error])
    assert np.all(np.abs(ends - [middle.conf_low, middle.conf_high]) < 4 * np.sqrt(2) * error)


def test_too_many_items_are_refused():
    x = np.random.default_rng(1).normal(size=(80, 35))
    with pytest.raises(sy.InputError, match="too many items for exact shares: got 35; allowed: up to 34"):
        sy.importance(x, x[:, 0])
    with pytest.raises(sy.InputError, match="too many items to compare in every subset: got 27"):
        sy.importance(x[:, :27], x[:, 0], method="dominance")
    assert sy.importance(x, x[:, 0], method="johnson").total == pytest.approx(1)
