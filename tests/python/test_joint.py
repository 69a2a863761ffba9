"""Joint tests against clubSandwich, published numbers, identities, literal definitions, and refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import steelyard as sy

FOLDER = Path(__file__).parents[1] / "reference"
JOINT = json.loads((FOLDER / "joint.json").read_text())


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / "data" / f"{name}.csv")


def swiss(**options: Any) -> Any:
    data = read("swiss")
    columns = ["Agriculture", "Education", "Catholic"]
    return sy.regress(data[columns], data["Fertility"], sites=np.arange(len(data)) % 8, **options)


def cases() -> dict[str, tuple[Any, Any]]:
    mtcars, infert, cbpp = read("mtcars"), read("infert"), read("cbpp")
    periods = pd.get_dummies(cbpp["period"], dtype=float).iloc[:, 1:]
    periods.columns = [f"period {c}" for c in periods.columns]
    return {
        "swiss": (swiss(), [1, 2, 3]),
        "swiss_equal": (swiss(), [[0, 1, -1, 0], [0, 0, 1, -1]]),
        "mtcars": (sy.regress(mtcars[["wt", "hp", "am"]], mtcars["mpg"], sites=mtcars["carb"]), ["wt", "hp"]),
        "infert": (
            sy.regress(infert[["age", "parity", "spontaneous"]], infert["case"], sites=infert["stratum"]),
            {"age": 0, "parity": 0, "spontaneous": 0},
        ),
        "cbpp": (
            sy.regress(periods, cbpp["incidence"] / cbpp["size"], weights=cbpp["size"], sites=cbpp["herd"]),
            list(periods.columns),
        ),
    }


# ---- clubSandwich 0.5.8 (tests/reference/joint.R).


@pytest.mark.parametrize("name", JOINT)
@pytest.mark.parametrize("kind", ["CR0", "CR1S", "CR2", "CR3"])
def test_joint_tests_of_clubsandwich(name: str, kind: str) -> None:
    (fit, hypotheses), case = cases()[name], JOINT[name][kind]
    # With weights the root in CR2 is not unique (docs/methods/regression.md): thousandths apart.
    tolerance = 0.02 if (name, kind) == ("cbpp", "CR2") else 1e-7
    for df, theirs in (("satterthwaite", case["HTZ"]), ("sites", case["Naive-F"])):
        test = fit.joint_test(hypotheses, vcov=kind, df=df)
        assert test.statistic == pytest.approx(theirs["Fstat"], rel=tolerance)
        assert test.numerator == theirs["df_num"]
        assert test.denominator == pytest.approx(theirs["df_denom"], rel=tolerance)
        assert test.pvalue == pytest.approx(theirs["p_val"], rel=10 * tolerance)
    chi = fit.joint_test(hypotheses, vcov=kind, df="normal")
    assert chi.denominator == np.inf
    assert chi.pvalue == pytest.approx(case["chi-sq"]["p_val"], rel=50 * tolerance)


# ---- Published: boottest's log (shared reference table 5.2, rows 4 and 6), sixteen rows in eight years.


def collapsed(null: float = 0.0, **options: Any) -> Any:
    rates = [
        0.87550783157348633, 0.71044260263442993, 0.87950325012207031, 0.73782974481582642,
        0.87178510427474976, 0.70701324939727783, 0.87094825506210327, 0.71200233697891235,
        0.87239944934844971, 0.71901738643646240, 0.85865420103073120, 0.76657754182815552,
        0.85437810420989990, 0.74206125736236572, 0.84707814455032349, 0.74574178457260132,
    ]  # fmt: skip
    year, self_employed = np.repeat(np.arange(1983, 1991), 2), np.tile([0.0, 1.0], 8)
    post = (year >= 1988).astype(float)
    columns = np.column_stack([self_employed, post, post * self_employed])
    names = ["selfemployed", "post", "post_self"]
    return sy.regress(columns, np.array(rates) - null * columns[:, 2], sites=year, names=names, **options)


def test_published_joint_tests() -> None:
    fit = collapsed(vcov="CR1S")
    published = [
        ({"post_self": 0, "post": 0}, 72.4798, 2),
        ({"post_self": 0.04, "post": 0}, 26.6776, 2),
        ({"post_self": 0.05, "post": -0.02}, 0.3383, 2),
        ({"post_self": 0.05, "post": -0.02, "selfemployed": -0.15}, 0.8534, 3),
    ]
    for hypotheses, statistic, q in published:
        test = fit.joint_test(hypotheses)
        assert test.statistic == pytest.approx(statistic, abs=5e-5)
        assert (test.numerator, test.denominator) == (q, 7)


def test_published_score_test() -> None:
    test = collapsed(vcov="CR1S").joint_test("post_self", 0.04, test="score")
    assert np.sqrt(test.statistic) == pytest.approx(1.8479, abs=5e-5)
    assert test.pvalue == pytest.approx(0.1071, abs=5e-5)


# ---- Identities and definitions.


def test_one_hypothesis_is_the_t_test() -> None:
    fit = swiss()
    test = fit.joint_test("Education")
    assert test.statistic == pytest.approx(fit.statistics[2] ** 2, rel=1e-10)
    assert test.denominator == pytest.approx(fit.degrees_of_freedom[2], rel=1e-8)
    assert test.wishart == pytest.approx(test.denominator, rel=1e-12)
    assert test.pvalue == pytest.approx(fit.pvalues[2], rel=1e-7)


def test_without_sites_and_with_the_models_own_covariance_it_is_the_f_test() -> None:
    data = read("swiss")
    columns = ["Agriculture", "Education", "Catholic"]
    fit = sy.regress(data[columns], data["Fertility"], vcov="model")
    x = np.column_stack([np.ones(47), data[columns]])
    y = data["Fertility"].to_numpy()
    rss = [((y - x[:, c] @ np.linalg.lstsq(x[:, c], y, rcond=None)[0]) ** 2).sum() for c in ([0, 1], [0, 1, 2, 3])]
    f = (rss[0] - rss[1]) / 2 / (rss[1] / 43)
    test = fit.joint_test(["Education", "Catholic"])
    assert test.statistic == pytest.approx(f, rel=1e-10)
    assert test.pvalue == pytest.approx(stats.f.sf(f, 2, 43), rel=1e-8)


@pytest.mark.parametrize("test", ["wald", "score"])
def test_a_null_value_may_stand_in_the_outcome_and_hypotheses_may_be_mixed(test: str) -> None:
    here = collapsed().joint_test({"post": 0, "post_self": 0.04}, test=test)
    there = collapsed(null=0.04).joint_test(["post", "post_self"], test=test)
    assert here.statistic == pytest.approx(there.statistic, rel=1e-9)
    mixed = collapsed().joint_test([[0, 0, 2, 0], [0, 0, 1, -1]], [0, -0.04], test=test)
    assert mixed.statistic == pytest.approx(here.statistic, rel=1e-9)


def test_the_score_test_is_its_definition() -> None:
    data = read("infert")
    x = data[["age", "parity", "spontaneous"]].to_numpy(float)
    fit = sy.regress(x, data["case"], family="binomial", sites=data["stratum"], vcov="CR0", names=["a", "b", "c"])
    test = fit.joint_test({"b": 0.0, "c": 0.5}, test="score")
    # The fit under the null, by another route: an offset and one column.
    held = sy.regress(x[:, :1], data["case"], family="binomial", offset=0.5 * x[:, 2], sites=data["stratum"])
    full = np.column_stack([np.ones(len(x)), x])
    p = held.fitted
    information = full.T @ (full * (p * (1 - p))[:, None])
    scores = np.zeros((data["stratum"].nunique(), 4))
    np.add.at(scores, data["stratum"].to_numpy() - 1, full * (data["case"].to_numpy() - p)[:, None])
    along = scores @ np.linalg.inv(information)[:, [2, 3]]
    total, about = along.sum(axis=0), along - along.mean(axis=0)
    assert test.statistic * 2 == pytest.approx(total @ np.linalg.solve(about.T @ about, total), rel=1e-8)
    assert test.denominator == len(scores) - 1


def test_results_read_and_round_trip() -> None:
    test = swiss().joint_test({"Education": 0, "Catholic": 0.1})
    assert repr(test).startswith("Education = 0; Catholic = 0.1: F(2, ")
    assert "Hotelling's law with" in repr(test)
    assert "8 sites" in repr(test)
    assert type(test).from_json(test.to_json()) == test
    assert "<caption" in test._repr_html_()
    assert list(test.tidy().columns) == ["term", "statistic", "df_numerator", "df_denominator", "p_value"]
    words = swiss().joint_test([[0, 1, -1, 0], [0, 0.5, 0, 2]]).hypotheses
    assert words == ("Agriculture -Education = 0", "0.5 Agriculture +2 Catholic = 0")


REFUSED: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
    ((["Educatoin"],), {}, 'term not known (did you mean "Education"?) in term'),
    (
        ([[0, 1, 0, 0], [0, 2, 0, 0]],),
        {},
        "hypotheses that depend on one another in hypotheses: got 2 for 4 coefficients",
    ),
    (([],), {}, "hypotheses that depend on one another in hypotheses: got 0 for 4 coefficients"),
    (
        ([[1, 2]],),
        {},
        "contrasts of the wrong shape in hypotheses: got shape (1, 2); allowed: terms, a mapping from terms",
    ),
    (({"Education": 0}, 1.0), {}, "null values given twice in null: got 1.0"),
    ((["Education"], np.nan), {}, "null value not allowed in null: got [nan]"),
    ((["Education"],), {"test": "lr"}, "test not known in test: got 'lr'; allowed: 'wald', 'score'"),
    ((["Education"],), {"vcov": "CR9"}, "vcov not known in vcov: got 'CR9'"),
]


@pytest.mark.parametrize(("given", "options", "words"), REFUSED, ids=[words[:30] for *_, words in REFUSED])
def test_bad_input_is_refused(given: tuple[Any, ...], options: dict[str, Any], words: str) -> None:
    with pytest.raises(sy.InputError) as caught:
        swiss().joint_test(*given, **options)
    assert words in str(caught.value)


def test_more_hypotheses_than_sites_can_tell_apart_are_refused() -> None:
    rng = np.random.default_rng(1)
    fit = sy.regress(rng.normal(size=(20, 5)), rng.normal(size=20), sites=np.arange(20) % 4)
    with pytest.raises(sy.InputError, match="covariance of the hypotheses is singular"):
        fit.joint_test([1, 2, 3, 4, 5], vcov="CR1")
    # One site decides nearly everything: the covariance has less than two degrees of freedom.
    sites = np.repeat(np.arange(4), [14, 2, 2, 2])
    columns = rng.normal(size=(20, 4)) * np.where(sites == 0, 3, 0.3)[:, None]
    fit = sy.regress(columns, rng.normal(size=20), sites=sites)
    with pytest.raises(sy.InputError, match="too few degrees of freedom for a joint test in hypotheses: got 3 hypoth"):
        fit.joint_test([1, 2, 3])
