"""The committed tables of the studies of verdicts: cells repeat, and what results quote of them is what they hold."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from steelyard import _experiment_words as words

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def studies():
    """Import the studies as the package that they are."""
    sys.path.insert(0, str(ROOT))
    try:
        yield {name: importlib.import_module(f"benches.study_{name}") for name in ("verdicts", "gains", "global_tests")}
    finally:
        sys.path.remove(str(ROOT))


def test_cells_and_seeds_are_those_of_the_plan(studies):
    verdicts = studies["verdicts"]
    seeds = {json.dumps(cell): verdicts.seed_of(at) for at, cell in enumerate(verdicts.cells())}
    table = verdicts.read()
    assert {key: row["seed"] for key, row in table.items()} == {key: seeds[key] for key in table}
    assert sum(json.loads(key)["carriers"] == verdicts.ITEMS for key in table) == 160
    for row in studies["global_tests"].read():
        assert int(row["seed"]) == seeds[row["cell"]]


@pytest.mark.parametrize("at", [1, 32, 129])
def test_the_tests_of_equal_slopes_repeat(studies, at):
    study = studies["global_tests"]
    row = study.read()[at]
    runs = study.simulate("tests", study.point(json.loads(row["cell"]), int(row["seed"]), 0, int(row["runs"])), 2)
    found = (*study.called(runs, "equal_slopes"), *study.called(runs, "scatter"))
    assert found == tuple(int(row[name]) for name in study.HEADS[3:])


def test_a_cell_of_verdicts_repeats_what_it_can(studies):
    """The first fifth of a cell cannot have been called better more often than the whole."""
    study = studies["verdicts"]
    cell = next(study.cells())
    row = study.read()[json.dumps(cell)]
    shown = study.simulate("power", study.point(cell, row["seed"], 0, row["runs"] // 5), 2)
    assert len(shown) == row["runs"] // 5
    assert sum(any(run["adjusted"]) for run in shown) <= row["best"]


def test_true_gains_repeat_at_fewer_runs(studies):
    """Other runs of a cell give its true gains within five Monte Carlo errors."""
    study = studies["gains"]
    table = study.read()
    (key, _), row = next((k, r) for k, r in table.items() if json.loads(k[0])["sites"] == 40 and k[1] == "Ridge")
    runs = study.simulate("gains", study.point(json.loads(key), row["seed"], 5_000_000, 200), 2)
    base = sum(run["base"] for run in runs)
    for c, name in enumerate(study.NAMES[1:], start=1):
        gain = sum(run["losses"][0] - run["losses"][c] for run in runs) / base
        error = table[key, name]["truth_error"] * (1 + 2000 / 200) ** 0.5
        assert abs(gain - table[key, name]["truth"]) < 5 * error, name


def test_the_caveat_on_unequal_sites_quotes_the_table(studies):
    rejected = defaultdict(lambda: [0, 0])
    for row in studies["global_tests"].read():
        cell = json.loads(row["cell"])
        if cell["carriers"] == 25 and cell["unequal"] and cell["icc"] > 0:
            for test in ("f", "scatter"):
                sums = rejected[cell["outcome"] == "counts", test, cell["sites"]]
                sums[0] += int(row[f"{test}_called"])
                sums[1] += int(row[f"{test}_defined"])
    for counted, tests in ((False, ("f", "scatter")), (True, ("f",))):
        shares = [
            100 * a / b for (kind, test, _), (a, b) in rejected.items() if kind == counted and test in tests and b
        ]
        low, high = re.search(r"in (\d+) to (\d+) %", words._UNEQUAL[counted]).groups()
        # Halves round up in print.
        assert (int(low), int(high)) == (int(min(shares) + 0.5), int(max(shares) + 0.5))
    counts = [100 * a / b for (kind, test, _), (a, b) in rejected.items() if kind and test == "scatter"]
    assert max(counts) < 8, "what the caveat recommends instead holds its level"
