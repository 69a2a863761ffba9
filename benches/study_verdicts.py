"""Size and power of the verdict by simulation: resumable, one line of JSON per cell, seeds derived from the cell.

`python -m benches.study_verdicts [--runs N] [--only TEXT]` continues where `study_verdicts.jsonl` ends. Each run makes
synthetic sites, runs the contest with the seven default schemes, and counts `weighted better by at least d` per scheme
and for the best of all. Under equal weights these counts are the size, else the power. The planned grid is 2,000 runs a
cell (500 from 79 sites) with 199 null replicates; a line states how many runs it rests on, and with fewer is partial.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import steelyard as sy

TABLE = Path(__file__).with_suffix(".jsonl")
REPLICATES = 199
BETTER = "weighted better by at least d"


def cells() -> Iterator[dict[str, Any]]:
    """Yield the grid, size first."""
    for sites, r, icc, unequal, kind in itertools.product(
        (12, 20, 27, 40, 79), (0.0, 0.3, 0.5, 0.7), (0.0, 0.05), (False, True), ("number", "counts")
    ):
        yield {"sites": sites, "weights": "equal", "r2": r * r, "icc": icc, "unequal": unequal, "outcome": kind}
    for sites, weights, r2 in itertools.product((79, 200), ("two", "five"), (0.1, 0.3, 0.6, 0.8)):
        yield {"sites": sites, "weights": weights, "r2": r2, "icc": 0.0, "unequal": False, "outcome": "number"}


def one(cell: dict[str, Any], seed: int) -> list[str]:
    """Run one contest and return the names that were called better; "best" stands for the headline."""
    n = cell["sites"]
    participants = [20 + 60 * (i % 3) for i in range(n)] if cell["unequal"] else [60] * n
    carriers = {"equal": 25, "two": 2, "five": 5}[cell["weights"]]
    sites = sy.datasets.synthetic_sites(
        n,
        participants=participants,
        weights=[float(j < carriers) for j in range(25)],
        r2=cell["r2"],
        site_icc=cell["icc"],
        outcome=cell["outcome"],
        rng=seed,
    )
    # A mean over n participants has a precision of n; counts carry their n as trials.
    weight = "participants" if sites.trials is not None else participants
    experiment = sy.WeightingExperiment(
        sites.items, sites.outcome, trials=sites.trials, site_weight=weight, n_resamples=REPLICATES, rng=seed
    )
    result = experiment.run(progress=False)
    verdicts = result.tables["verdicts"]
    found = [name for name, verdict in zip(verdicts["scheme"], verdicts["verdict"], strict=True) if verdict == BETTER]
    p = result.global_test.p_value
    return found + ["best"] * (result.verdict == BETTER) + ["F test"] * (p is not None and p <= 0.05)


def main() -> None:
    """Run what is missing from the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=None, help="runs per cell; the planned number if left out")
    parser.add_argument("--only", default="", help="cells whose JSON contains this text")
    options = parser.parse_args()
    lines = [json.loads(line) for line in TABLE.read_text().splitlines()] if TABLE.exists() else []
    for at, cell in enumerate(cells()):
        key = json.dumps(cell, sort_keys=True)
        runs = options.runs or (500 if cell["sites"] >= 79 else 2000)
        done = max((line["runs"] for line in lines if line["cell"] == cell), default=0)
        if options.only not in key or done >= runs:
            continue
        first = 1_000_000 * (at + 1)
        counts: Counter[str] = Counter()
        for run in range(runs):
            counts.update(one(cell, first + run))
        line = {"cell": cell, "runs": runs, "first_seed": first, "replicates": REPLICATES, "better": dict(counts)}
        with TABLE.open("a") as table:
            table.write(json.dumps(line, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
