"""Size and power of the tests of equal slopes, on the studies that the verdict is simulated on: resumable by cell.

`python -m benches.study_global_tests [--runs N] [--only TEXT] [--minutes M]` continues where its table ends. The F test
and the score test of slopes that scatter run on the first N studies of each cell of `benches.study_verdicts`, so that
their power stands beside that of "weighted better by at least d". For numbers both are exact under normal errors with
variances inverse to the weights; for counts the score test draws 99 outcomes from the null with a random effect of
sites, and the F test takes rates as numbers.
"""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path
from typing import Any

from .study_verdicts import arguments, cells, point, seed_of, simulate

TABLE = Path(__file__).parent / "global_tests.csv"
HEADS = ("cell", "seed", "runs", "f_defined", "f_called", "scatter_defined", "scatter_called")
LEVEL, RUNS = 0.05, 500


def read() -> list[dict[str, Any]]:
    """Return the cells that were run."""
    if not TABLE.exists():
        return []
    with TABLE.open(newline="") as file:
        return list(csv.DictReader(file))


def called(runs: list[dict[str, float | None]], test: str) -> tuple[int, int]:
    """Return in how many runs the test is defined, and in how many it rejects."""
    known = [p for run in runs if (p := run[test]) is not None]
    return len(known), sum(p <= LEVEL + 1e-12 for p in known)


def main() -> None:
    """Run what is missing from the table."""
    options, until = arguments(__doc__, RUNS)
    rows = read()
    known = {row["cell"] for row in rows}
    for at, cell in enumerate(cells()):
        key, seed = json.dumps(cell), seed_of(at)
        if key in known or options.only not in key or time.monotonic() > until:
            continue
        runs = simulate("tests", point(cell, seed, 0, options.runs), options.threads)
        counts = (*called(runs, "equal_slopes"), *called(runs, "scatter"))
        rows.append(dict(zip(HEADS, (key, seed, len(runs), *counts), strict=True)))
        with TABLE.open("w", newline="") as file:
            out = csv.DictWriter(file, HEADS, lineterminator="\n")
            out.writeheader()
            out.writerows(rows)


if __name__ == "__main__":
    main()
