"""Coverage of the default interval, by simulation: resumable, one line of the table per cell, seeds in the table.

`make study-coverage` runs what is missing from `coverage_bootstrap.csv` and appends to it; `--runs` and `--cells` bound
a session. A cell is (estimand, sites, intra-site correlation, sizes, rate). Statistic and truth:

- mean: participants' mean of a normal outcome, site effects normal; truth 0.
- rate: employed over participants, logit-normal site effects calibrated to the rate; truth: the rate.
- difference: mean of a site-level half minus the other half of sites (strata); truth 0.
- slope: least-squares slope of the outcome on a site-level normal covariate; truth 0.

Participants per site: 10, or unequal: 4 to 40 in geometric steps. Coverage of the marginal parameter counts; its Monte
Carlo error at 4,000 runs is 0.34 points, so 93.5 to 96.5 is 95 plus or minus more than four of them.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import steelyard as sy

TABLE = Path(__file__).with_name("coverage_bootstrap.csv")
SITES = (6, 8, 12, 20, 27, 40, 50, 79, 200)
ICC = (0.0, 0.02, 0.08)
SIZES = ("equal", "unequal")
RATES = (0.1, 0.3, 0.6)
FIELDS = (
    "estimand", "sites", "icc", "sizes", "rate", "runs", "covered", "low_misses", "high_misses", "refused",
    "mean_width", "method", "first_seed", "n_resamples", "version",
)  # fmt: skip
# B for methods that draw; t on the jackknife does not depend on it.
N_RESAMPLES = 999


def cells() -> list[tuple[str, int, float, str, float | None]]:
    """Return all cells, few sites first."""
    numbers = itertools.product(("mean", "difference", "slope"), SITES, ICC, SIZES, (None,))
    rates = itertools.product(("rate",), SITES, ICC, SIZES, RATES)
    return sorted([*numbers, *rates], key=lambda cell: (cell[1], cell[0]))


def draw(cell: tuple[Any, ...], rng: np.random.Generator) -> tuple[Any, str, Any, float]:
    """Return data, statistic, plan and truth of one run."""
    estimand, g, icc, sizes, rate = cell
    n = np.full(g, 10) if sizes == "equal" else np.round(np.geomspace(4, 40, g)).astype(int)
    n = rng.permutation(n)
    site = np.repeat(np.arange(g), n)
    effect = rng.normal(size=g)
    if estimand == "rate":
        # A beta-binomial with the stated intra-site correlation has exactly this marginal rate.
        p = np.full(g, rate) if icc == 0 else rng.beta(rate * (1 / icc - 1), (1 - rate) * (1 / icc - 1), size=g)
        y = (rng.random(len(site)) < p[site]).astype(float)
        return y, "mean", sy.plans.Cluster(site), rate
    y = np.sqrt(icc) * effect[site] + np.sqrt(1 - icc) * rng.normal(size=len(site))
    if estimand == "mean":
        return y, "mean", sy.plans.Cluster(site), 0.0
    if estimand == "difference":
        first = site < g // 2
        strata = np.concatenate([np.zeros(first.sum(), int), np.ones((~first).sum(), int)])
        return (y[first], y[~first]), "difference of means", sy.plans.Cluster(site, strata=strata), 0.0
    x = rng.normal(size=g)[site]
    return np.column_stack([x, y]), "slope", sy.plans.Cluster(site), 0.0


def slope(rows: Any) -> float:
    """Return the least-squares slope of the second column on the first."""
    x, y = rows.T
    x = x - x.mean()
    return float(x @ y / (x @ x))


def run(cell: tuple[Any, ...], runs: int, first_seed: int) -> dict[str, Any]:
    """Simulate one cell."""
    covered = low = high = refused = 0
    widths, method = [], ""
    for i in range(runs):
        data, statistic, plan, truth = draw(cell, np.random.default_rng([first_seed, i]))
        function = slope if statistic == "slope" else statistic
        result = sy.bootstrap(
            data, function, plan=plan, n_resamples=1 if cell[1] < 50 else N_RESAMPLES, enumeration="never", rng=i,
            progress=False, threads=1,
        )  # fmt: skip
        interval, method = result.confidence_interval, result.method
        if interval.status != "ok":
            refused += 1
            continue
        covered += interval.low <= truth <= interval.high
        low += truth < interval.low
        high += truth > interval.high
        widths.append(interval.high - interval.low)
    values = (*cell, runs, covered, low, high, refused, float(np.mean(widths)), method, first_seed, N_RESAMPLES)
    return dict(zip(FIELDS, (*values, sy.__version__), strict=True))


def main() -> None:
    """Run the cells that the table lacks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument("--cells", type=int, default=10_000, help="at most so many cells in this session")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="start no cell after so many seconds")
    options = parser.parse_args()
    done = set()
    if TABLE.exists():
        with TABLE.open(newline="") as file:
            done = {
                tuple(row[f] for f in FIELDS[:5]) for row in csv.DictReader(file) if int(row["runs"]) >= options.runs
            }
    started, left = time.monotonic(), options.cells
    for number, cell in enumerate(cells()):
        if tuple("" if x is None else str(x) for x in cell) in done:
            continue
        if left == 0 or time.monotonic() - started > options.seconds:
            break
        left -= 1
        row = run(cell, options.runs, 1000 + number)
        fresh = not TABLE.exists()
        with TABLE.open("a", newline="") as file:
            writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
            if fresh:
                writer.writeheader()
            writer.writerow(row)
        print(f"{cell}: covered {row['covered'] / row['runs']:.4f} ({row['method']})", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
