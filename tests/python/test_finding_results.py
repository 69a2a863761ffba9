"""Findings from results: fidelity with gaps, and every tidy frame; indeterminate where the data do not tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

import steelyard as sy


def test_fidelity_gives_item_means_with_gaps_and_their_floor() -> None:
    result = sy.fidelity(sy.datasets.norway_ips(), groups="employment_group", contrast="high minus less")
    found = {f.id: f for f in sy.findings.of(result, cuts=(3, 4.5))}
    assert len(found) == 25
    work = found["agency_work_focus"]
    assert (round(work.value, 2), work.signal, work.n, work.population) == (2.67, "low", 6, "these sites")
    quality = found["job_development_quality"].gap
    assert quality is not None
    # Of the twenty splits of six sites into three and three, the floor of a two-sided p-value is 2 / 20.
    assert (round(quality.value, 2), quality.pvalue, quality.floor) == (2.67, 0.1, 0.1)
    assert quality.contrast == "high_performing minus less_performing"
    lens = sy.lenses.Gap(at_least=2).select(tuple(found.values()))
    assert "job_development_quality" in lens.selected
    alone = sy.findings.of(sy.fidelity(sy.datasets.norway_ips()))
    assert all(f.gap is None for f in alone)


def test_fidelity_by_item_cuts_and_labels() -> None:
    result = sy.fidelity(sy.datasets.norway_ips())
    found = {f.id: f for f in sy.findings.of(result, cuts={"caseload_size": (1, 2)}, labels={"disclosure": "Telling"})}
    assert found["caseload_size"].signal == "high"
    assert found["rapid_search"].signal == "no cut"
    assert found["disclosure"].label == "Telling"


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, dict])
def test_tidy_frames_keep_interval_n_and_signal(library: type) -> None:
    tidy = {
        "term": ["a", "b", "c"],
        "estimate": [0.5, 0.5, 0.5],
        "conf_low": [0.3, 0.1, np.nan],
        "conf_high": [0.7, 0.9, np.nan],
        "n": [40, 40, 40],
    }
    found = sy.findings.of(library(tidy), unit="slope", n_unit="sites", cuts=(None, 0.2), method="CR2")
    assert [f.signal for f in found] == ["high", "indeterminate", "indeterminate"]
    assert found[0].interval == sy.findings.Interval(0.3, 0.7, 0.95, "CR2")
    assert found[2].interval is None
    census = sy.findings.of(library(tidy), cuts=(None, 0.2), population="these sites")
    assert [f.signal for f in census] == ["high"] * 3


def test_slopes_of_a_scheme_are_findings() -> None:
    draw = np.random.default_rng(3)
    items = draw.integers(1, 6, size=(40, 3)).astype(float)
    fit = sy.schemes.Ridge(penalty=1.0).fit(items, items @ [0.2, 0.0, 0.1] + draw.normal(size=40))
    found = sy.findings.of(fit, n=40, n_unit="sites", unit="slope", cuts=(None, 0.1))
    assert len(found) == 3
    # A penalised slope has no confidence interval, so its signal cannot be told.
    assert {f.signal for f in found} == {"indeterminate"}


def test_refusals() -> None:
    with pytest.raises(sy.InputError, match=r'finding without an n in finding "a".*Pass n= and n_unit='):
        sy.findings.of({"term": ["a"], "estimate": [1.0]})
    with pytest.raises(sy.InputError, match=r"result without tidy estimates in findings\.of: got term"):
        sy.findings.of({"term": ["a"]})
    with pytest.raises(sy.InputError, match=r"result without tidy estimates in findings\.of: got int"):
        sy.findings.of(3)
    with pytest.raises(sy.InputError, match=r"distribution not allowed .* got 2 levels, 1 counts"):
        sy.Finding("f", "F", 2.0, n=3, distribution=sy.findings.Distribution(("a", "b"), (3,)))
