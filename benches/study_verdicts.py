"""Size and power of the verdict by simulation: resumable, one line of CSV per cell, seeds derived from the cell.

`python -m benches.study_verdicts [--runs N] [--only TEXT] [--minutes M]` continues where its table ends. Run i
of a cell draws from stream i of its seed, so that more runs keep the first. Each run draws sites, and puts them through
the contest with the seven default schemes and 99 null replicates: a Monte Carlo test keeps its level at any number of
replicates for which 5 % of one more is whole (Dufour 2006, doi:10.1016/j.jeconom.2005.06.007), so that sizes are those
of more replicates, and powers a little lower. Counted is "weighted better by at least d": for the best of all with the
p that is adjusted for all, and for each scheme with the p that it has when it was declared beforehand. Under equal
weights these are sizes, else powers. The planned grid is 2,000 runs a cell (500 from 79 sites); a line states how many
runs it rests on. Rounds bring every cell to a few runs before any has many.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import time
from collections.abc import Iterator
from typing import Any

from steelyard import _core
from steelyard._experiment_data import default_schemes
from steelyard._experiment_studied import TABLE
from steelyard._synthetic import SHARES

REPLICATES, ITEMS, BLOCK = 99, 25, 50
SITES = (12, 20, 27, 40, 79)
# Runs per cell that each round brings every cell to, by sites; 100 where none is named.
ROUNDS: tuple[dict[int, int], ...] = (
    {},
    dict.fromkeys(SITES, 500),
    {12: 2000, 20: 2000, 27: 2000, 40: 2000, 79: 500, 200: 500},
)
SCHEMES = default_schemes()
NAMES = [scheme.name for scheme in SCHEMES]
KEYS = ("sites", "carriers", "r_total", "icc", "unequal", "outcome")


def cells() -> Iterator[dict[str, Any]]:
    """Yield the grid: sizes from few sites to many, clustered and unequal before plain, then powers."""
    r_total, kinds = (0.3, 0.0, 0.5, 0.7), [(0.05, True), (0.0, False), (0.0, True), (0.05, False)]
    for sites, (icc, unequal), r, outcome in itertools.product(SITES, kinds, r_total, ("counts", "number")):
        yield dict(zip(KEYS, (sites, ITEMS, r, icc, unequal, outcome), strict=True))
    for sites, carriers, r2 in itertools.product((79, 200), (2, 5), (0.1, 0.3, 0.6, 0.8)):
        yield dict(zip(KEYS, (sites, carriers, round(r2**0.5, 6), 0.0, False, "number"), strict=True))


def seed_of(at: int) -> int:
    """Return the seed of a cell by its number; its runs draw from streams of it."""
    return 1_000_000 * (at + 1)


def rounds(runs: int | None) -> Iterator[tuple[int, dict[str, Any], int]]:
    """Yield cells by number with the runs that each should have by then: a few everywhere, more, then the plan."""
    for wanted in ROUNDS:
        for at, cell in enumerate(cells()):
            yield at, cell, min(wanted.get(cell["sites"], 100), runs or 2000)


def point(cell: dict[str, Any], seed: int, first: int, runs: int) -> dict[str, Any]:
    """Return a point of a power curve as the core takes it."""
    return {
        "truth": {
            "levels": [[1, 2, 3, 4, 5]] * ITEMS,
            "shares": [SHARES] * ITEMS,
            "inter_item_r": 0.23,
            "reliability": 1.0,
            "carriers": cell["carriers"],
            "r2": cell["r_total"] ** 2,
            "site_icc": cell["icc"],
            "participants": [20, 80, 140] if cell["unequal"] else [60],
            "outcome": cell["outcome"],
            "mean": 0.37 if cell["outcome"] == "counts" else 0.0,
        },
        "sites": cell["sites"],
        "protocol": {
            "schemes": [{"scheme": scheme.options()} for scheme in SCHEMES],
            "reference": 0,
            "smallest_gain": 0.01,
            "n_resamples": REPLICATES,
            "confidence_level": 0.95,
            "seed": seed,
        },
        "by_participants": True,
        "first": first,
        "runs": runs,
    }


def read() -> dict[str, dict[str, int]]:
    """Return the counts of every cell that was begun."""
    if not TABLE.exists():
        return {}
    with TABLE.open(newline="") as file:
        return {row.pop("cell"): {name: int(value) for name, value in row.items()} for row in csv.DictReader(file)}


def write(table: dict[str, dict[str, int]]) -> None:
    """Write the table whole; a cell is JSON, so that a line reads by itself."""
    with TABLE.open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["cell", "seed", "runs", "best", *NAMES[1:]])
        for cell, row in table.items():
            out.writerow([cell, *(row[name] for name in ("seed", "runs", "best", *NAMES[1:]))])


def simulate(work: str, request: dict[str, Any], threads: int) -> list[dict[str, Any]]:
    """Run every study of a request; an interrupted part is not used."""
    runs, stopped = _core.contest_simulate(work, json.dumps(request), threads)
    if stopped:
        raise KeyboardInterrupt
    return runs


def arguments(description: str | None, runs: int | None) -> tuple[argparse.Namespace, float]:
    """Return what a study is asked for, and when it must stop; `runs` per cell at most, if not said otherwise."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--runs", type=int, default=runs, help="runs per cell at most; the planned number if left out")
    parser.add_argument("--only", default="", help="cells whose JSON contains this text")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many minutes")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    return options, time.monotonic() + 60 * options.minutes


def main() -> None:
    """Run what is missing from the table."""
    options, until = arguments(__doc__, None)
    table = read()
    for at, cell, wanted in rounds(options.runs):
        key = json.dumps(cell)
        row = table.get(key, {"seed": seed_of(at), "runs": 0, "best": 0} | dict.fromkeys(NAMES[1:], 0))
        while options.only in key and row["runs"] < wanted and time.monotonic() < until:
            request = point(cell, row["seed"], row["runs"], min(BLOCK, wanted - row["runs"]))
            shown = simulate("power", request, options.threads)
            row["runs"] += len(shown)
            row["best"] += sum(any(run["adjusted"]) for run in shown)
            for c, name in enumerate(NAMES[1:], start=1):
                row[name] += sum(run["declared"][c] for run in shown)
            table[key] = row
            write(table)


if __name__ == "__main__":
    main()
