"""Coverage of the interval of the gain by simulation: resumable, one line of CSV per cell and scheme.

`python -m benches.study_gains [--runs N] [--only TEXT] [--minutes M]` continues where its table ends. The truth of a
cell, per scheme, is the gain of the rule that is trained on one site less: held-out losses are unbiased for what it
loses, so that it is the ratio of their means over TRUTH_RUNS studies, drawn from streams of their own. Each further
study then goes through the contest with its reruns without each site, and the ends of its interval are held against
the truth.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .study_verdicts import KEYS, NAMES, arguments, point, simulate

TABLE = Path(__file__).parent / "coverage_gains.csv"
TRUTH_RUNS, RUNS, BLOCK = 2000, 1000, 25
# The first run of the intervals: far from the runs that the truth is made of.
APART = 1_000_000
HEADS = ("cell", "scheme", "seed", "truth", "truth_error", "runs", "low_misses", "high_misses", "undefined", "width")


def cells() -> Iterator[dict[str, Any]]:
    """Yield the grid: nothing to gain, a little, much; numbers of equal sites, counts of unequal clustered ones."""
    for kind in (("number", 0.0, False), ("counts", 0.05, True)):
        for sites in (27, 40, 79):
            for carriers, r2 in ((25, 0.25), (5, 0.3), (2, 0.6)):
                outcome, icc, unequal = kind
                yield dict(zip(KEYS, (sites, carriers, round(r2**0.5, 6), icc, unequal, outcome), strict=True))


def truths(cell: dict[str, Any], seed: int, threads: int) -> dict[str, tuple[float, float]]:
    """Return per scheme the true gain and its Monte Carlo error."""
    runs = simulate("gains", point(cell, seed, 0, TRUTH_RUNS), threads)
    base = np.array([run["base"] for run in runs])
    losses = np.array([run["losses"] for run in runs], dtype=np.float64)
    found = {}
    for c, name in enumerate(NAMES[1:], start=1):
        fallen = losses[:, 0] - losses[:, c]
        gain = fallen.mean() / base.mean()
        error = np.std(fallen - gain * base, ddof=1) / base.mean() / np.sqrt(len(runs))
        found[name] = (float(gain), float(error))
    return found


def read() -> dict[tuple[str, str], dict[str, Any]]:
    """Return the rows that were begun."""
    if not TABLE.exists():
        return {}
    with TABLE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    whole, real = ("seed", "runs", "low_misses", "high_misses", "undefined"), ("truth", "truth_error", "width")
    return {
        (row["cell"], row["scheme"]): row | {h: int(row[h]) for h in whole} | {h: float(row[h]) for h in real}
        for row in rows
    }


def write(table: dict[tuple[str, str], dict[str, Any]]) -> None:
    """Write the table whole."""
    with TABLE.open("w", newline="") as file:
        out = csv.DictWriter(file, HEADS, lineterminator="\n")
        out.writeheader()
        out.writerows(table.values())


def add(row: dict[str, Any], intervals: list[list[float] | None]) -> None:
    """Count the intervals that lie above or below the truth as a whole; `width` is their mean."""
    known = np.array([ends for ends in intervals if ends is not None], dtype=np.float64).reshape(-1, 2)
    before = row["runs"] - row["undefined"]
    row["width"] = (before * row["width"] + float(np.ptp(known, axis=1).sum())) / max(before + len(known), 1)
    row["runs"] += len(intervals)
    row["undefined"] += len(intervals) - len(known)
    row["low_misses"] += int((known[:, 0] > row["truth"]).sum())
    row["high_misses"] += int((known[:, 1] < row["truth"]).sum())


def advance(
    table: dict[tuple[str, str], dict[str, Any]], cell: dict[str, Any], seed: int, runs: int, threads: int
) -> None:
    """Bring a cell some runs further; its truth comes first."""
    key = json.dumps(cell)
    if (key, NAMES[1]) not in table:
        for name, (truth, error) in truths(cell, seed, threads).items():
            row = dict.fromkeys(HEADS, 0) | {"cell": key, "scheme": name, "seed": seed, "width": 0.0}
            table[key, name] = row | {"truth": truth, "truth_error": error}
    rows = [table[key, name] for name in NAMES[1:]]
    shown = simulate("intervals", point(cell, seed, APART + rows[0]["runs"], runs), threads)
    for c, row in enumerate(rows, start=1):
        add(row, [run["intervals"][c] for run in shown])
    write(table)


def main() -> None:
    """Run what is missing from the table; rounds bring every cell to a few runs before any has many."""
    options, until = arguments(__doc__, RUNS)
    table = read()
    for wanted in (100, 200, 400, RUNS):
        for at, cell in enumerate(cells()):
            key = json.dumps(cell)
            while options.only in key and time.monotonic() < until:
                have = table[key, NAMES[1]]["runs"] if (key, NAMES[1]) in table else 0
                runs = min(BLOCK, min(wanted, options.runs) - have)
                if runs <= 0:
                    break
                advance(table, cell, 1_000_000_000 + 1_000_000 * at, runs, options.threads)


if __name__ == "__main__":
    main()
