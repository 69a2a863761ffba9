"""The committed coverage table: its seeds, and wherever a cell is not as promised its results say so."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from typing import Any

import pytest

BENCHES = Path(__file__).parents[2] / "benches"
PROMISED = (0.935, 0.965)


def load() -> Any:
    spec = importlib.util.spec_from_file_location("study_coverage", BENCHES / "study_coverage.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


STUDY = load()
with STUDY.TABLE.open(newline="") as file:
    ROWS = {STUDY.key(row): row for row in csv.DictReader(file)}


def coverage(row: dict[str, str]) -> float:
    return int(row["covered"]) / int(row["runs"])


RUN = [(number, cell) for number, cell in enumerate(STUDY.cells()) if STUDY.name(cell) in ROWS]
OUTSIDE = [(number, cell) for number, cell in RUN if not PROMISED[0] <= coverage(ROWS[STUDY.name(cell)]) <= PROMISED[1]]


def notes(number: int, cell: tuple[Any, ...], runs: int) -> int:
    """Return on how many of the first runs of a cell, with the seeds of the table, the result carries the note."""
    results = (STUDY.bootstrap(cell, [1000 + number, i])[0] for i in range(runs))
    return sum(any("in simulations" in text for text in result.caveats) for result in results)


def test_means_rates_differences_and_slopes_were_run_in_full() -> None:
    planned = [cell for cell in STUDY.cells() if cell[0] not in STUDY.BOUNDED]
    assert len(planned) == 324
    assert all(STUDY.name(cell) in ROWS for cell in planned)
    assert len(RUN) == len(ROWS)
    for number, cell in RUN:
        row = ROWS[STUDY.name(cell)]
        assert (int(row["runs"]), int(row["first_seed"])) == (4000, 1000 + number)
        assert sum(int(row[name]) for name in ("covered", "low_misses", "high_misses", "refused")) == 4000


@pytest.mark.parametrize(("number", "cell"), OUTSIDE, ids=["-".join(map(str, cell)) for _, cell in OUTSIDE])
def test_a_cell_outside_the_promise_carries_its_note(number: int, cell: tuple[Any, ...]) -> None:
    assert notes(number, cell, 9) >= 5


def test_the_note_is_not_on_everything() -> None:
    inside = [place for place in RUN if place not in OUTSIDE]
    quiet = sum(notes(number, cell, 1) == 0 for number, cell in inside)
    assert quiet > 0.7 * len(inside)


@pytest.mark.parametrize("place", [0, 40, 130, 260])
def test_a_run_of_the_table_repeats(place: int) -> None:
    cell = STUDY.cells()[place]
    row = ROWS[STUDY.name(cell)]
    assert row["method"] == STUDY.bootstrap(cell, [1000 + place, 0])[0].method
    # The first fortieth of the cell, with its own seeds: within five standard errors of the whole.
    part = STUDY.run(cell, 100, 1000 + place)
    assert abs(coverage(part) - coverage(row)) < 5 * (0.05 * 0.95 / 100) ** 0.5
