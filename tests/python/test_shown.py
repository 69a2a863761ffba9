"""Every kind of result is shown: in a notebook within a screen and escaped, as text in at most forty lines."""

from __future__ import annotations

import functools
import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import steelyard as sy
from steelyard._html import table
from steelyard._result import Result

SITES = [f"Site <{i:02d}>" for i in range(45)]
ITEMS = list(sy.Scale.load("ips-25").item_ids)
MANY = [f"item <{i:02d}>" for i in range(45)]


def kinds(base: type[Result] = Result) -> Iterator[type[Result]]:
    for cls in base.__subclasses__():
        yield cls
        yield from kinds(cls)


def scores(rng: np.random.Generator) -> pd.DataFrame:
    """Two raters of every site, at two dates."""
    frame = pd.DataFrame(rng.integers(1, 6, (4 * len(SITES), 25)).astype(float), columns=ITEMS)
    frame.insert(0, "site", np.repeat(SITES, 4))
    frame.insert(1, "date", ["2020-01-01", "2020-01-01", "2021-01-01", "2021-01-01"] * len(SITES))
    frame.insert(2, "rater", ["A", "B"] * (2 * len(SITES)))
    return frame


def people(rng: np.random.Generator) -> pd.DataFrame:
    n = 20 * len(SITES)
    frame = pd.DataFrame({"site": np.repeat(SITES, 20), "employed": rng.integers(0, 2, n)})
    frame["age"], frame["sex"] = rng.normal(40, 9, n).round(), rng.choice(["f", "m"], n)
    frame.loc[:100, "site"] = [f"Nowhere <{i}>" for i in range(101)]
    return frame


@functools.cache
def of_studies() -> tuple[Any, ...]:
    rng = np.random.default_rng(1)
    reviewed = scores(rng)
    once = reviewed.iloc[::4, [0, *range(3, 28)]].reset_index(drop=True)
    gaps = once.copy()
    once.iloc[:42, 2] = np.nan
    gaps.iloc[0, 2] = np.nan
    employed = sy.outcomes.Binary("employed")
    study = sy.Study(once, people(rng), scale="ips-25", missing="bounds", outcome=employed)
    rated = sy.Study(reviewed, scale="ips-25", review_date="date", rater="rater", review_rule="last")
    feasible = sy.datasets.norway_ips().feasible_scores()
    table = study.site_table()
    return (
        *(study, rated, table, table.outcomes, study.linkage, study.adjusted_rates(["age"]), study.table_one(["sex"])),
        *(study.missing_scores(), study.moments(), rated.reliability(), rated.change(sem=3), feasible),
        *(feasible.fidelity(), sy.rubin([0.1, 0.2, 0.3], [0.01, 0.01, 0.01]), sy.fidelity(study)),
        sy.Study(gaps.iloc[:8], scale="ips-25", missing="bounds").over_missing(lambda s: "same", rng=1),
        sy.reach.moderators(people(rng), "employed", ["sex"]),
    )


@functools.cache
def of_the_centres() -> tuple[Any, ...]:
    study = sy.datasets.norway_ips()
    findings = sy.findings.of(sy.fidelity(study), cuts=(3, 4.5))
    lens = sy.lenses.Cut(low=3, high=4.5)
    reach, audit = sy.reach(study), sy.audit(study)
    display = sy.JointDisplay("lens", findings, study.corpus, lens)
    return (
        *(study, reach, reach.baseline, reach.components, reach.bounds(71, 77), sy.survey(study), audit, audit.table),
        *(sy.audit.grim("5.19", 28), study.corpus, lens.select(findings), lens.stability(findings), display),
        *(sy.lenses.threshold_check(findings, ["disclosure"]), sy.checklist("gramms", display), findings[0]),
    )


@functools.cache
def of_estimates() -> tuple[Any, ...]:
    rng = np.random.default_rng(2)
    x = rng.integers(1, 6, (150, 45)).astype(float)
    frame, y = pd.DataFrame(x, columns=MANY), x[:, :3].sum(axis=1) + rng.normal(0, 1, 150)
    fit = sy.regress(frame.iloc[:, :2], y, sites=np.arange(150) // 3)
    ols, shrink = sy.schemes.OLS().fit(frame, y), sy.schemes.Shrink(penalty=1.0)
    counts = rng.integers(0, 11, 40)
    intercept = sy.schemes.RandomIntercept().site_effect_test(
        frame.iloc[:40, :1], counts, trials=np.full(40, 10), n_resamples=9, rng=1
    )
    return (
        sy.bootstrap(frame.assign(y=y), "coefficients", n_resamples=99, method="percentile", rng=1),
        sy.permutation_test((frame, y), "pearson", permutation_type="pairings", n_resamples=99, rng=1),
        *(sy.regress(frame, y), fit.wild_test(0, n_resamples=99, rng=1), fit.joint_test([0, 1])),
        *(fit.compare(0, n_resamples=99, rng=1), ols, ols.inference(rng=1), ols.whole_weights(frame), intercept),
        *(shrink.stability(frame, y, n_resamples=9, rng=1), shrink.posterior(frame, y)),
        sy.importance(frame, y, method="johnson"),
        sy.agreement(rng.integers(1, 4, (2, 50, 30)), ["cohen-kappa", "gwet-ac1"]),
        sy.privacy.suppress(pd.DataFrame(rng.integers(5, 50, (45, 2)))),
    )


@functools.cache
def of_a_contest() -> tuple[Any, ...]:
    sites = sy.datasets.synthetic_sites(24, weights="concentrated", r2=0.8, rng=1)
    schemes = [sy.schemes.Unit(), sy.schemes.Correlation()]
    experiment = sy.WeightingExperiment(sites.items, sites.outcome, schemes=schemes, n_resamples=19, rng=1)
    result = experiment.run()
    needed = result.sites_needed(r2=[0.6], concentration=2, sites=[20], runs=2, rng=1)
    return sites, result, needed, experiment.sensitivity(), experiment.concordance(), experiment.bootstrap(20)


def shown() -> tuple[Any, ...]:
    return (*of_studies(), *of_the_centres(), *of_estimates(), *of_a_contest())


def test_no_kind_of_result_is_left_out() -> None:
    for module in pkgutil.iter_modules(sy.__path__):
        if not module.name.startswith("__"):
            importlib.import_module(f"steelyard.{module.name}")
    ours = {cls for cls in kinds() if cls.__module__.startswith("steelyard.")}
    assert {cls.__name__ for cls in ours - {type(one) for one in shown()}} == set()


def test_a_notebook_shows_each_within_a_screen_and_escaped() -> None:
    for one in shown():
        if not isinstance(one, sy.Finding):
            page = one._repr_html_()
            assert page.startswith('<div style="max-height:38em;overflow:auto" tabindex="0" role="region" aria-label="')
            assert "<script" not in page
            assert "<0" not in page, type(one)
            assert page.count("<table") == page.count("<caption"), type(one)
            assert 'scope="col"' in page or "<p>" in page, type(one)


def test_text_is_no_longer_than_a_screen() -> None:
    long = {type(one).__name__: len(repr(one).splitlines()) for one in shown()}
    assert {name: lines for name, lines in long.items() if lines > 40} == {}


def test_what_is_left_out_is_counted() -> None:
    table = next(one for one in of_studies() if type(one).__name__ == "SiteTable")
    assert "  … 15 more: see .frame" in repr(table).splitlines()


def test_numbers_of_a_column_share_the_fewest_decimals() -> None:
    page = table("Totals", ["site", "total", "change"], [("a", 94.0, -1e-9), ("b", 71.5, 0.12345), ("c", None, 2.0)])
    assert [re.findall(r">([^<>]*)</td>", row) for row in page.split("<tr>")[2:]] == [
        ["94.0", "0.000"],
        ["71.5", "0.123"],
        ["–", "2.000"],
    ]


@pytest.mark.parametrize("make", [of_studies, of_the_centres, of_estimates, of_a_contest])
def test_completion_and_archive(make: Any) -> None:
    for one in make():
        if isinstance(one, Result):
            names = [name for name in dir(one) if not name.startswith("_")]
            assert {"tidy", "to_json", "from_json"} <= set(names)
            assert not [name for name in names if not hasattr(type(one), name) and name not in one.__dict__]
            assert len(one.tidy().columns) > 1
            assert repr(type(one).from_json(one.to_json())) == repr(one)
