"""Agreement: published numbers, two peers, twins in NumPy, and what is refused."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steelyard as sy

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "agreement.json").read_text(encoding="utf-8"))
# Gwet's 3 x 3 example: two coders, 100 units.
TABLE = [[13, 0, 0], [0, 20, 7], [0, 4, 56]]
KRIPPENDORFF = ["*****34121133*3", "1*213343*******", "**21344*21133*4"]


def read(rows: list[str]) -> list[list[int | None]]:
    return [[None if x == "*" else int(x) for x in row] for row in rows]


def pair(table: list[list[int]]) -> np.ndarray[Any, Any]:
    cells = [(i, j) for i, row in enumerate(table) for j, n in enumerate(row) for _ in range(n)]
    return np.array(cells).T


# Value, standard error, ends of the t interval: as Gwet's package prints them.
GWET = {
    "percent-agreement": (0.89, 0.03128898, None),
    "cohen-kappa": (0.7964094, 0.05891072, (0.680, 0.913)),
    "scott-pi": (0.7962397, 0.05905473, None),
    "gwet-ac1": (0.8493305, 0.04321747, (0.764, 0.935)),
    "brennan-prediger": (0.835, 0.04693346, None),
    "krippendorff-alpha": (0.7972585, None, None),
    "bangdiwala-b": (0.8059604, 0.05449465, None),
}


@pytest.mark.parametrize("name", GWET)
def test_published_numbers_of_two_coders(name: str) -> None:
    value, error, ends = GWET[name]
    found = sy.agreement(pair(TABLE), name, level="nominal")
    assert found.estimate == pytest.approx(value, abs=5e-8)
    if error is not None:
        assert found.standard_error == pytest.approx(error, abs=1e-8)
    if ends is not None:
        assert found.confidence_interval == pytest.approx(ends, abs=5e-4)
    assert found.estimates[0].degrees_of_freedom == 99


@pytest.mark.parametrize(
    ("level", "value"), [("nominal", 0.691358), ("ordinal", 0.806721), ("interval", 0.810845), ("ratio", 0.808944)]
)
def test_published_alpha_with_missing_ratings(level: str, value: float) -> None:
    assert sy.agreement(read(KRIPPENDORFF), level=level).estimate == pytest.approx(value, abs=5e-7)


def test_alpha_equals_krippendorff_on_a_thousand_matrices() -> None:
    for text, values in zip(REFERENCE["matrices"], REFERENCE["alphas"], strict=True):
        ratings = read(text.split())
        for level, value in zip(REFERENCE["levels"], values, strict=True):
            assert sy.agreement(ratings, level=level).estimate == pytest.approx(value, abs=1e-10), (level, text)


@pytest.mark.parametrize("case", range(len(REFERENCE["cases"])))
def test_estimates_and_errors_equal_irrcac(case: int) -> None:
    told = REFERENCE["cases"][case]
    level = {"identity": "nominal", "quadratic": "interval", "ratio": "ratio"}.get(told["weights"], "ordinal")
    options: dict[str, Any] = {"level": level, "weights": told["weights"], "variance": "n-1"}
    found = sy.agreement(read(told["ratings"]), list(told["found"]), **options)
    for e in found.estimates:
        value, error, low, high = told["found"][e.coefficient]
        # With missing ratings irrCAC centres alpha's unequal numbers of ratings about observed agreement after its
        # small-sample correction; the derivative has it before. They differ by order 1/N; ours is checked below.
        approximate = e.coefficient == "krippendorff-alpha" and told["missing"]
        assert e.estimate == pytest.approx(value, abs=1e-12)
        assert e.standard_error == pytest.approx(error, rel=2e-3 if approximate else 1e-12)
        # The peer's t quantile (scipy 1.12) is good to nine digits.
        assert (e.conf_low, e.conf_high) == pytest.approx((low, high), abs=1e-3 if approximate else 5e-9)


def alpha(ratings: np.ndarray[Any, Any], level: str, times: np.ndarray[Any, Any]) -> float:
    """Twin: alpha without the factor (N - 1)/N, each unit standing `times` times."""
    values = np.unique(ratings[~np.isnan(ratings)])
    counts = np.array([[(column == v).sum() for v in values] for column in ratings.T], dtype=float)
    m = counts.sum(axis=1)
    kept = m > 1
    counts, m, times = counts[kept], m[kept], times[kept]
    n = times @ counts
    if level == "ordinal":
        ranks = np.cumsum(n) - n / 2
        delta = (ranks[:, None] - ranks[None, :]) ** 2
    else:
        delta = (values[:, None] - values[None, :]) ** 2 if level == "interval" else 1.0 - np.eye(len(values))
    pairs = sum(t * (np.outer(c, c) - np.diag(c)) / (k - 1) for t, c, k in zip(times, counts, m, strict=True))
    return float(1 - n.sum() * (pairs * delta).sum() / (np.outer(n, n) * delta).sum())


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_the_error_of_alpha_follows_its_derivative(level: str) -> None:
    rng = np.random.default_rng(5)
    truth = rng.integers(1, 6, 40)
    ratings = np.where(rng.random((4, 40)) < 0.4, rng.integers(1, 6, (4, 40)), truth).astype(float)
    ratings[rng.random((4, 40)) < 0.3] = np.nan
    n = int(((~np.isnan(ratings)).sum(axis=0) > 1).sum())
    ones, step = np.ones(40), 1e-5
    slopes = []
    for i in range(40):
        move = np.eye(40)[i] * step
        slopes.append((alpha(ratings, level, ones + move) - alpha(ratings, level, ones - move)) / (2 * step))
    deviations = n * np.array(slopes)
    error = math.sqrt((deviations**2).sum() / (n * (n - 1)))
    assert sy.agreement(ratings, level=level).standard_error == pytest.approx(error, rel=1e-7)
    sources = np.repeat(np.arange(8), 5)
    sums = np.array([deviations[sources == s].sum() for s in range(8)])
    by_source = math.sqrt(8 / 7 * (sums**2).sum()) / n
    found = sy.agreement(ratings, level=level, sources=sources)
    assert found.standard_error == pytest.approx(by_source, rel=1e-7)
    assert found.estimates[0].degrees_of_freedom == 7


def kappa(ratings: np.ndarray[Any, Any]) -> float:
    pa = (ratings[0] == ratings[1]).mean()
    pe = sum((ratings[0] == k).mean() * (ratings[1] == k).mean() for k in np.unique(ratings))
    return float((pa - pe) / (1 - pe)) if pe < 1 else math.nan


def test_few_sources_are_enumerated() -> None:
    rng = np.random.default_rng(6)
    ratings = np.array([truth := rng.integers(0, 3, 24), np.where(rng.random(24) < 0.3, rng.integers(0, 3, 24), truth)])
    sources = np.repeat(np.arange(4), 6)
    found = sy.agreement(ratings, "cohen-kappa", sources=sources, n_resamples=100, method="percentile", rng=1)
    assert found.enumerated
    assert found.bootstrap_distribution is not None
    assert found.probabilities is not None
    mean = square = 0.0
    for draw in itertools.product(range(4), repeat=4):
        value = kappa(np.concatenate([ratings[:, sources == s] for s in draw], axis=1))
        mean += value / 256
        square += value**2 / 256
    e = found.estimates[0]
    assert found.bootstrap_distribution.shape == (1, 35)
    assert e.bootstrap_standard_error == pytest.approx(math.sqrt(square - mean**2), abs=1e-12)
    assert e.bootstrap_bias == pytest.approx(mean - found.estimate, abs=1e-12)
    assert e.monte_carlo_low == e.monte_carlo_high == 0.0
    drawn = sy.agreement(ratings, "cohen-kappa", sources=sources, n_resamples=4000, enumeration="never", rng=1)
    assert not drawn.enumerated
    assert drawn.estimates[0].bootstrap_standard_error == pytest.approx(math.sqrt(square - mean**2), rel=0.05)


def test_bca_by_hand() -> None:
    from scipy import stats

    rng = np.random.default_rng(7)
    ratings = pair(TABLE)[:, rng.permutation(100)][:, :40]
    found = sy.agreement(ratings, "cohen-kappa", n_resamples=3000, rng=3)
    assert found.bootstrap_distribution is not None
    values = found.bootstrap_distribution[0]
    below, equal = (values < found.estimate - 1e-12).mean(), (np.abs(values - found.estimate) <= 1e-12).mean()
    z0 = stats.norm.ppf(below + equal / 2)
    left_out = np.array([kappa(np.delete(ratings, i, axis=1)) for i in range(40)])
    d = left_out.mean() - left_out
    a = (d**3).sum() / (6 * (d**2).sum() ** 1.5)
    z = z0 + stats.norm.ppf([0.025, 0.975])
    ends = np.quantile(values, stats.norm.cdf(z0 + z / (1 - a * z)))
    assert found.bootstrap_interval == pytest.approx(tuple(ends), abs=1e-9)


def test_a_seed_gives_the_same_bytes_for_any_threads_and_number_of_resamples() -> None:
    ratings = pair(TABLE)
    one = sy.agreement(ratings, "all", level="nominal", n_resamples=500, rng=9, threads=1)
    two = sy.agreement(ratings, "all", level="nominal", n_resamples=800, rng=9, threads=3)
    assert one.bootstrap_distribution is not None
    assert two.bootstrap_distribution is not None
    assert np.array_equal(one.bootstrap_distribution, two.bootstrap_distribution[:, :500])
    assert one.seed == 9


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_order_and_names_do_not_matter(data: st.DataObject) -> None:
    shape = data.draw(st.tuples(st.integers(2, 4), st.integers(3, 12)))
    cells = st.sampled_from([1, 2, 3, None])
    rows = data.draw(
        st.lists(st.lists(cells, min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0])
    )
    array = np.array([[math.nan if x is None else x for x in row] for row in rows])
    rated = (~np.isnan(array)).sum(axis=0)
    if not (rated > 1).any() or (~np.isnan(array)).sum(axis=1).min() == 0:
        return
    names = [n for n in ("conger-kappa", "fleiss-kappa", "gwet-ac1", "krippendorff-alpha")]
    options: dict[str, Any] = {"coefficient": names, "level": "nominal"}
    base = sy.agreement(array, categories=[1, 2, 3], **options)
    moved = sy.agreement(array[::-1, ::-1], categories=[3, 1, 2], **options)
    for a, b in zip(base.estimates, moved.estimates, strict=True):
        assert a.status == b.status
        if a.status == "ok":
            assert (a.estimate, a.standard_error) == pytest.approx((b.estimate, b.standard_error), abs=1e-9)
            assert a.estimate <= 1 + 1e-12


def test_perfect_and_undefined_agreement() -> None:
    perfect = sy.agreement([[1, 2, 3, 1], [1, 2, 3, 1]], "all", level="interval", weights="quadratic")
    assert all(e.estimate == pytest.approx(1.0) for e in perfect.estimates)
    assert "no disagreement was seen: a standard error of 0 says nothing about the next unit" in perfect.notes
    flat = sy.agreement([[1, 1, 1], [1, 1, 1]], ["krippendorff-alpha", "cohen-kappa"], categories=[1, 2])
    assert [e.status for e in flat.estimates] == ["undefined: every rating is the same"] * 2
    assert math.isnan(flat.estimate)
    assert "2 of 2 estimates: undefined: every rating is the same" in flat.notes
    alone = sy.agreement([[1, 2, None], [None, 1, 1]], level="nominal")
    assert alone.estimates[0].status == "no standard error: one unit only"


def test_missing_ratings_are_no_category() -> None:
    # Two agreements and two ratings that have no partner: a placeholder counted as a category would give 1/3.
    ratings = [["a", "b", None, ""], ["a", "b", "a", "b"]]
    found = sy.agreement(ratings, level="nominal")
    assert found.estimate == 1.0
    assert (found.scopes[0].n_units, found.scopes[0].n_pairable) == (4, 2)


def cube() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(8)
    truth = rng.random((3, 120)) < np.array([[0.05], [0.1], [0.3]])
    truth[:, :60] = False
    return np.array([truth ^ (rng.random((3, 120)) < 0.02) for _ in range(2)]), np.repeat(np.arange(12), 10)


def test_codes_one_by_one_and_pooled() -> None:
    ratings, sources = cube()
    found = sy.agreement(ratings, ["cohen-kappa", "gwet-ac1"], codes=["a", "b", "c"], sources=sources, segments="both")
    assert [(s.code, s.segments) for s in found.scopes] == [
        (code, segments) for segments in ("all", "coded") for code in ("pooled", "a", "b", "c")
    ]
    alone = sy.agreement(ratings[:, 1], "cohen-kappa", sources=sources)
    b = found.of("cohen-kappa", "b", "all")
    assert (b.estimate, b.standard_error) == (alone.estimate, alone.standard_error)
    pooled = sy.agreement(ratings.reshape(2, -1), "cohen-kappa", sources=np.tile(sources, 3))
    assert found.of("cohen-kappa", "pooled").estimate == pooled.estimate
    assert found.of("cohen-kappa", "pooled").standard_error == pytest.approx(pooled.standard_error, rel=1e-12)
    somebody = ratings.any(axis=(0, 1))
    coded = sy.agreement(ratings[:, 1][:, somebody], "cohen-kappa", sources=sources[somebody])
    assert found.of("cohen-kappa", "b", "coded").estimate == coded.estimate
    assert {s.n_units for s in found.scopes if s.segments == "coded" and s.code == "b"} == {int(somebody.sum())}
    # Without sources the segment is the cluster of pooled codes, not the pair of segment and code.
    without = sy.agreement(ratings, "cohen-kappa")
    segments = sy.agreement(ratings.reshape(2, -1), "cohen-kappa", sources=np.tile(np.arange(120), 3))
    assert without.of("cohen-kappa", "pooled").standard_error == pytest.approx(segments.standard_error, rel=1e-12)
    assert "no sources given" in without.notes[0]


def test_resamples_of_codes_by_source() -> None:
    ratings, sources = cube()
    found = sy.agreement(ratings, "all", sources=sources, n_resamples=300, enumeration="never", rng=4)
    alone = sy.agreement(ratings[:, 2], "all", sources=sources, n_resamples=300, enumeration="never", rng=4)
    for e in alone.estimates:
        same = found.of(e.coefficient, "code 3")
        assert (same.bootstrap_low, same.bootstrap_high) == (e.bootstrap_low, e.bootstrap_high)
    rng_free = np.abs([e.bootstrap_standard_error / e.standard_error - 1 for e in alone.estimates])
    assert rng_free.max() < 0.6


def test_prevalence_bias_and_specific_agreement() -> None:
    found = sy.agreement(pair([[80, 8], [2, 10]]), "all", level="nominal")
    scope = found.scopes[0]
    assert scope.prevalence_index == pytest.approx(-0.7)
    assert scope.bias_index == pytest.approx(-0.06)
    assert scope.specific == pytest.approx((160 / 170, 20 / 30))
    assert scope.by_coder == ((0.88, 0.12), (pytest.approx(0.82), pytest.approx(0.18)))
    rare = sy.agreement(pair([[95, 2], [2, 1]]), "cohen-kappa")
    assert rare.notes[0].startswith("one category holds nearly all units: kappa, pi and alpha are low")


def test_a_label_is_earned_by_probability() -> None:
    found = sy.agreement(pair(TABLE), ["cohen-kappa", "gwet-ac1"], level="nominal")
    first, second = found.estimates
    assert (first.benchmark, second.benchmark) == ("substantial", "substantial")  # AC1 is 0.849, its label is not 0.8+
    assert second.benchmark_probability is not None
    assert second.benchmark_probability > 0.95
    assert sy.agreement(pair(TABLE), "gwet-ac1", benchmark="fleiss").estimates[0].benchmark == "excellent"


def test_results_are_written_and_read_and_shown() -> None:
    ratings, sources = cube()
    found = sy.agreement(ratings, ["cohen-kappa", "krippendorff-alpha"], sources=sources, n_resamples=50, rng=1)
    again = sy.agreement(ratings[:, 0], "cohen-kappa", sources=sources, n_resamples=50, enumeration="never", rng=1)
    assert type(again).from_json(again.to_json()).to_json() == again.to_json()
    frame = found.tidy()
    assert list(frame["term"][:2]) == ["cohen-kappa", "krippendorff-alpha"]
    assert len(frame) == 8
    assert len(found.categories_table()) == 8
    assert repr(found).startswith("Agreement of 2 coders on 360 units (360 rated twice, 12 sources)")
    assert "<caption" in found._repr_html_()
    ax = found.plot(coefficient="cohen-kappa")
    assert [t.get_text() for t in ax.get_yticklabels()] == ["pooled", "code 1", "code 2", "code 3"]
    assert sy.agreement(pair(TABLE), "all").plot(ax) is ax


def test_frames_are_read_by_the_stated_direction() -> None:
    frame = pd.DataFrame(pair(TABLE).T, columns=["Ada", "Bo"])
    found = sy.agreement(frame, "cohen-kappa", coders="columns")
    assert found.coders == ("Ada", "Bo")
    assert found.estimate == pytest.approx(0.7964094, abs=5e-8)
    assert sy.agreement(frame.T, "cohen-kappa").estimate == found.estimate
    texts = frame.replace({0: "a", 1: "b", 2: "c"})
    assert sy.agreement(texts, "cohen-kappa", coders="columns").estimate == found.estimate


ERRORS: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: sy.agreement(sy.datasets.norway_ips().corpus),
        "ratings not understood in ratings: got Corpus; allowed: an array or lists of coders x units, a frame, or "
        'corpus.ratings(...). Of a corpus pass corpus.ratings(unit="paragraph").',
    ),
    (
        lambda: sy.agreement([[1, 2], [1, 2], [1, 3]], "cohen-kappa"),
        'coefficient of two coders only in ratings: got "cohen-kappa" with 3 coders; allowed: conger-kappa or '
        "fleiss-kappa with more than two. Choose one of these, or pass the ratings of two coders.",
    ),
    (
        lambda: sy.agreement([[1, None], [None, 2]]),
        "no unit was rated twice in ratings; allowed: at least one unit with two ratings. Agreement needs two "
        "coders on the same unit.",
    ),
    (
        lambda: sy.agreement([list("abc"), list("abc")]),
        "categories without an order in level: got 'a', 'b', 'c'; allowed: level=\"nominal\" and no weights for texts, "
        "or categories=[...] from lowest to highest. Choose one of these.",
    ),
    (
        lambda: sy.agreement([list("abc"), list("abc")], level="interval", categories=["a", "b", "c"]),
        "texts have no distances in level: got 'a', 'b', 'c'; allowed: numbers; or level=\"ordinal\"",
    ),
    (
        lambda: sy.agreement([[1, -2], [1, 2]], level="ratio"),
        "negative rating on a ratio level in ratings: got -2.0; allowed: 0 and above. Use level='interval'.",
    ),
    (
        lambda: sy.agreement([[1, 2], [1, 9]], categories=[1, 2]),
        "rating outside the categories in ratings, coder 2, unit 2: got 9; allowed: 1, 2. Correct the rating, or add "
        "the category.",
    ),
    (
        lambda: sy.agreement([[1, 2], ["a", 2]]),
        "numbers and texts among the ratings in ratings: got 1 and 'a'; allowed: one kind",
    ),
    (
        lambda: sy.agreement([[1, 2, 3], [1, 2]]),
        "coders rated different numbers of units in ratings: got 2, 3; allowed: one place per unit and coder, None "
        "where it was not rated",
    ),
    (
        lambda: sy.agreement([[1, 2, 3]]),
        "too few ratings in ratings: got 1 x 3; allowed: at least two coders (rows) and one unit (columns). Transpose, "
        "if coders stand in columns.",
    ),
    (
        lambda: sy.agreement([[1, 2], [1, 2]], "kohen-kappa"),
        "unknown coefficient in coefficient: got 'kohen-kappa' (did you mean \"cohen-kappa\"?); allowed: "
        "percent-agreement, cohen-kappa, conger-kappa, fleiss-kappa, scott-pi, brennan-prediger, gwet-ac1, gwet-ac2, "
        "krippendorff-alpha, bangdiwala-b",
    ),
    (
        lambda: sy.agreement([[1, 2], [1, 2]], sources=["a", "a"]),
        "one source only in sources: got a; allowed: at least two. Leave sources out; units of one interview then "
        "count as independent.",
    ),
    (
        lambda: sy.agreement([[1, 2], [1, 2]], sources=["a", None]),
        "unit without a source in sources, unit 2; allowed: a source for each unit",
    ),
    (
        lambda: sy.agreement([[1, 2], [1, 2]], sources=["a"]),
        "sources do not fit the units in sources: got 1; allowed: 2, one per unit",
    ),
    (
        lambda: sy.agreement([[1, 2], [1, 2]], weights=[[1, 0.5], [0.4, 1]]),
        "weights not symmetric in weights, row 1, column 2: got 0.5; allowed: a symmetric matrix with 1 on its "
        "diagonal and 0 to 1 elsewhere. Correct the weight.",
    ),
    (
        lambda: sy.agreement([[1, 2], [1, 2]], weights=[[1]]),
        "weights of another shape in weights: got 1 x 1; allowed: 2 x 2, in the order of the categories",
    ),
    (
        lambda: sy.agreement([[1, math.inf], [1, 2]]),
        "infinite rating in ratings; allowed: finite numbers, NaN where a coder did not rate",
    ),
    (
        lambda: sy.agreement([[1, 2], [1, 2]], n_resamples=1),
        "number of resamples not allowed in n_resamples: got 1; allowed: 0, or 2 and more",
    ),
    (
        lambda: sy.agreement([[1, 2], [1, 2]], confidence_level=95),
        "not a share in confidence_level: got 95; allowed: a number between 0 and 1, such as 0.95",
    ),
    (
        lambda: sy.agreement([[1, 2], [1, 2]], coders=["a", "a"]),
        "names of coders do not fit in coders: got 2 names; allowed: 2 different ones",
    ),
    (
        lambda: sy.agreement(pd.DataFrame({"a": [1, 2, 3], "b": [1, 2, 3]})),
        "frame with more coders (rows) than units (columns) in ratings: got 3 rows and 2 columns; allowed: one row per "
        'coder. Pass coders="columns" if each column holds one coder.',
    ),
    (
        lambda: sy.agreement([[1, 2], [1, 2]], coders="columns"),
        "coders in columns of what is no frame in coders; allowed: a frame. Transpose instead.",
    ),
    (
        lambda: sy.agreement(pair(TABLE), "cohen-kappa").of("gwet-ac1"),
        "no such estimate: got gwet-ac1; allowed: cohen-kappa",
    ),
]


@pytest.mark.parametrize(("call", "message"), ERRORS)
def test_what_is_refused_says_what_to_do(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(sy.InputError) as caught:
        call()
    assert str(caught.value) == message
