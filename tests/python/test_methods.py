"""Do the methods agree: every row is what its own call says, and the verdict follows from the rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import steelyard as sy

DATA = Path(__file__).parents[1] / "reference" / "data"


def swiss() -> Any:
    data = pd.read_csv(DATA / "swiss.csv")
    columns = ["Agriculture", "Education", "Catholic"]
    return sy.regress(data[columns], data["Fertility"], sites=np.arange(len(data)) % 8)


def infert() -> Any:
    data = pd.read_csv(DATA / "infert.csv")
    columns = data[["spontaneous", "induced"]]
    return sy.regress(columns, data["case"], family="binomial", sites=data["stratum"] % 10)


def test_every_row_is_what_its_own_call_says() -> None:
    fit = swiss()
    table = fit.compare("Education", rng=1)
    assert [row.method for row in table.rows] == ["CR2", "CV3", "CR1S", "WCR-C", "WCR-S", "BCa"]
    data = pd.read_csv(DATA / "swiss.csv")
    for row in table.rows[:3]:
        alone = sy.regress(
            data[["Agriculture", "Education", "Catholic"]], data["Fertility"], sites=np.arange(47) % 8, vcov=row.method
        )
        assert row.std_error == alone.standard_errors[2]
        assert row.p_value == alone.pvalues[2]
        assert row.pieces == [(alone.conf_low[2], alone.conf_high[2])]
    for row, variant in zip(table.rows[3:5], "CS", strict=True):
        test = fit.wild_test("Education", variant=variant)
        assert (row.p_value, row.pieces) == (test.pvalue, test.confidence_set)
    # The jackknife t is CV3: leave each site out, t(G - 1).
    jackknife = fit.bootstrap(method="t", n_resamples=99, rng=1).interval("t")
    assert table.rows[1].pieces[0] == pytest.approx((jackknife.low[2], jackknife.high[2]), rel=1e-9)
    bca = fit.bootstrap(method="BCa", rng=1)
    assert table.rows[5].pieces == [(bca.confidence_interval.low[2], bca.confidence_interval.high[2])]
    assert table.rows[5].std_error == bca.standard_error[2]
    assert table.rows[5].p_value is None


def test_a_logistic_regression_has_both_jackknives() -> None:
    table = infert().compare("spontaneous", n_resamples=499, rng=2)
    assert [row.method for row in table.rows] == ["CR2", "CV3", "CV3L", "CR1S", "WCLR-C", "WCLR-S", "BCa"]
    assert table.agree
    assert "The methods agree: all 95% sets exclude 0." in repr(table)


def test_methods_that_disagree_are_quoted_by_side() -> None:
    rng = np.random.default_rng(8)
    seen = set()
    for _ in range(12):
        sites = np.repeat(np.arange(6), 3)
        x = rng.normal(size=6)[sites]
        y = 0.7 * x + rng.normal(size=18) + 0.5 * rng.normal(size=6)[sites]
        table = sy.regress(x[:, None], y, sites=sites, names=["x"]).compare("x", n_resamples=99, rng=1)
        sides = {row.excludes_zero for row in table.rows if row.method != "CR1S"}
        assert table.agree == (len(sides) == 1)
        seen.add(table.agree)
        if not table.agree:
            assert "The methods disagree: " in repr(table)
            assert "exclude 0; " in repr(table)
    assert seen == {True, False}


def test_a_table_reads_and_round_trips() -> None:
    table = swiss().compare("Education", rng=1)
    again = type(table).from_json(table.to_json())
    assert again == table
    frame = table.tidy()
    assert list(frame["method"]) == ["CR2", "CV3", "CR1S", "WCR-C", "WCR-S", "BCa"]
    assert np.isfinite(frame[["std_error", "conf_low", "conf_high"]].to_numpy()).all()
    text = table._repr_html_()
    assert "<caption" in text
    assert "bootstrap over whole sites" in text
    assert "The methods agree" in text


def test_a_jackknife_without_a_site_that_is_needed_says_why() -> None:
    x = np.array([[0.0], [0], [0], [0], [0], [0], [1], [1], [1], [1]])
    k = np.array([3, 2, 4, 1, 3, 2, 6, 7, 4, 5])
    fit = sy.regress(x, k, family="binomial", trials=np.full(10, 9), sites=[1, 1, 2, 2, 3, 3, 4, 4, 4, 4], vcov="model")
    table = fit.compare(1, n_resamples=99, rng=1)
    jackknife = table.rows[1]
    assert (jackknife.method, jackknife.pieces) == ("CV3", [])
    assert "jackknife not defined in site number 4" in str(jackknife.reason)
    assert not table.agree
    assert "CV3" in repr(table).split("give no set")[0]


def test_sites_are_needed() -> None:
    with pytest.raises(sy.InputError, match="sites missing; allowed: a fit with sites="):
        sy.regress([[1.0], [2], [3], [5]], [1.0, 2, 4, 4]).compare(1)
