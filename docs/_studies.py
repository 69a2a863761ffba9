"""Tables of the simulation studies, written from what the studies left behind: the page says no more than was run."""

from __future__ import annotations

import csv
import json
import math
import pathlib
from collections.abc import Sequence

ROOT = pathlib.Path(__file__).resolve().parent.parent
COVERAGE = ROOT / "benches" / "coverage_bootstrap.csv"
BCA = ROOT / "benches" / "coverage_bca.csv"
VERDICTS = ROOT / "python" / "steelyard" / "data" / "verdict_sizes.csv"
GAINS = ROOT / "benches" / "coverage_gains.csv"
TESTS = ROOT / "benches" / "global_tests.csv"
NOTHING = "*No cell has been run: nothing is known from this study yet.*"
# Items of every simulated study: where all of them carry the outcome, equal weights are true.
ITEMS = 25


def _rows(path: pathlib.Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def coverage(path: pathlib.Path = COVERAGE) -> str:
    """Return the shares of runs that covered, sites across; in bold those outside 93.5 to 96.5 %, – where none ran."""
    found: dict[tuple[str, ...], dict[int, str]] = {}
    for row in _rows(path):
        share = 100 * int(row["covered"]) / int(row["runs"])
        cell = f"{share:.1f}" if 93.5 <= share <= 96.5 else f"**{share:.1f}**"
        found.setdefault(tuple(row[name] for name in ("estimand", "rate", "sizes", "icc")), {})[int(row["sites"])] = (
            cell
        )
    sites = sorted({g for cells in found.values() for g in cells})
    heads = ("estimand", "rate", "sizes", "ICC", *(f"{g} sites" for g in sites))
    rows = [[*(part or "–" for part in key), *(cells.get(g, "–") for g in sites)] for key, cells in found.items()]
    return _table(heads, sorted(rows)) if rows else "*No cell has been run.*"


def _kind(cell: dict[str, object]) -> list[object]:
    """Return sites, r of the total, ICC, sizes and outcome of a cell, as the tables show them."""
    sizes = "unequal" if cell["unequal"] else "equal"
    return [cell["sites"], f"{cell['r_total']:g}", f"{cell['icc']:g}", sizes, cell["outcome"]]


def _sizes() -> list[tuple[dict[str, object], dict[str, str]]]:
    """Return the simulated cells in which equal weights are true."""
    rows = [(json.loads(row["cell"]), row) for row in _rows(VERDICTS)]
    return [(cell, row) for cell, row in rows if cell["carriers"] == ITEMS]


def verdicts() -> str:
    """Return every simulated cell with equal weights: sizes in per cent."""
    rows = _sizes()
    if not rows:
        return NOTHING
    names = [name for name in rows[0][1] if name not in ("cell", "seed", "runs", "best")]
    heads = (
        "sites",
        "r of the total",
        "ICC",
        "sizes",
        "outcome",
        "runs",
        "best of all, %",
        *(f"{n}, %" for n in names),
    )
    body = []
    for cell, row in rows:
        runs = int(row["runs"])
        shares = (f"{100 * int(row[name]) / max(runs, 1):.1f}" for name in ("best", *names))
        body.append([*_kind(cell), f"{runs:,}", *shares])
    return _table(heads, body)


def summary() -> str:
    """Say what the sizes show, and what of the plan was run."""
    rows = _sizes()
    if not rows:
        return NOTHING
    names = [name for name in rows[0][1] if name not in ("cell", "seed", "runs", "best")]
    runs = [int(row["runs"]) for _, row in rows]
    best = [int(row["best"]) for _, row in rows]

    def highest(name: str) -> float:
        return 100 * max(int(row[name]) / int(row["runs"]) for _, row in rows)

    worst = max(names, key=highest)
    beyond = sum(
        int(row[name]) / n > 0.05 + 2 * math.sqrt(0.05 * 0.95 / n)
        for n, (_, row) in zip(runs, rows, strict=True)
        for name in ("best", *names)
    )
    exceed = "no size of any cell" if beyond == 0 else f"{beyond} sizes"
    return (
        f"In {len(rows)} of the 160 planned cells, of {min(runs):,} to {max(runs):,} runs each, the headline was wrong "
        f"in {sum(best):,} of {sum(runs):,} runs ({100 * sum(best) / sum(runs):.2f} %), at most in "
        f"{highest('best'):.1f} % of those of one cell. Of the schemes, declared beforehand, {worst} was wrong most "
        f"often: at most in {highest(worst):.1f} % of the runs of one cell. Above 5 % by more than two Monte Carlo "
        f"errors: {exceed}."
    )


def pooled() -> str:
    """Return sizes over all cells of one number of sites and one kind of outcome, for whatever was run."""
    rows = _sizes()
    if not rows:
        return NOTHING
    names = [name for name in rows[0][1] if name not in ("cell", "seed", "runs")]
    groups: dict[tuple[object, object], list[dict[str, str]]] = {}
    for cell, row in rows:
        groups.setdefault((cell["sites"], cell["outcome"]), []).append(row)
    body = []
    for (sites, outcome), group in sorted(groups.items()):
        runs = sum(int(row["runs"]) for row in group)
        shares = (f"{100 * sum(int(row[name]) for row in group) / runs:.2f}" for name in names)
        highest = max(int(row["best"]) / int(row["runs"]) for row in group)
        error = math.sqrt(0.05 * 0.95 / runs)
        body.append([sites, outcome, len(group), f"{runs:,}", *shares, f"{100 * highest:.1f}", f"{100 * error:.2f}"])
    heads = ("sites", "outcome", "cells", "runs", "best of all", *names[1:], "highest cell", "Monte Carlo error of 5 %")
    return _table(heads, body)


def powers() -> str:
    """Return the power of the verdict beside those of the tests of equal slopes on the same studies."""
    tests = {row["cell"]: row for row in _rows(TESTS)}
    known = {row["cell"]: row for row in _rows(VERDICTS)}
    cells = [cell for cell in tests | known if json.loads(cell)["carriers"] != ITEMS]
    if not cells:
        return NOTHING
    names = [name for name in next(iter(known.values())) if name not in ("cell", "seed", "runs", "best")]

    def share(row: dict[str, str] | None, name: str, of: str) -> str:
        return "–" if row is None or not int(row[of]) else f"{100 * int(row[name]) / int(row[of]):.0f}"

    body = []
    for text in cells:
        cell, row, test = json.loads(text), known.get(text), tests.get(text)
        kind = [cell["sites"], cell["carriers"], f"{cell['r_total'] ** 2:.2g}"]
        shown = [share(row, name, "runs") for name in ("best", *names)]
        global_tests = [share(test, "f_called", "f_defined"), share(test, "scatter_called", "scatter_defined")]
        body.append([*kind, "–" if row is None else row["runs"], *shown, *global_tests])
    heads = ("sites", "items that carry", "R2", "runs", "best of all", *names, "F test", "score test")
    return _table(heads, sorted(body, key=lambda line: line[:3]))


def global_sizes() -> str:
    """Return the sizes of the tests of equal slopes, pooled over correlations of the total and ICCs."""
    groups: dict[tuple[object, ...], list[dict[str, str]]] = {}
    for row in _rows(TESTS):
        cell = json.loads(row["cell"])
        if cell["carriers"] == ITEMS:
            sizes = "unequal" if cell["unequal"] else "equal"
            groups.setdefault((cell["outcome"], f"{cell['icc']:g}", sizes, cell["sites"]), []).append(row)
    if not groups:
        return NOTHING

    def share(group: list[dict[str, str]], test: str) -> str:
        defined = sum(int(row[f"{test}_defined"]) for row in group)
        return "–" if not defined else f"{100 * sum(int(row[f'{test}_called']) for row in group) / defined:.1f}"

    body = [
        [*key, f"{sum(int(row['runs']) for row in group):,}", share(group, "f"), share(group, "scatter")]
        for key, group in sorted(groups.items())
    ]
    return _table(("outcome", "ICC", "sizes", "sites", "runs", "F test", "score test"), body)


def gains() -> str:
    """Return how often the interval of the gain holds the true gain of the rule."""
    rows = _rows(GAINS)
    if not rows:
        return NOTHING
    body = []
    for row in rows:
        cell, runs = json.loads(row["cell"]), int(row["runs"])
        defined = runs - int(row["undefined"])
        low, high = int(row["low_misses"]), int(row["high_misses"])
        truth, error = (float(row[name]) for name in ("truth", "truth_error"))
        kind = [cell["sites"], cell["outcome"], cell["carriers"], f"{cell['r_total'] ** 2:.2g}"]
        share = f"{100 * (1 - (low + high) / max(defined, 1)):.1f}"
        body.append(
            [
                *kind,
                row["scheme"],
                f"{truth:.3g} ({error:.1g})",
                defined,
                share,
                low,
                high,
                f"{float(row['width']):.3g}",
            ]
        )
    heads = ("sites", "outcome", "items that carry", "R2", "scheme", "true gain (error)", "runs", "covered, %")
    return _table((*heads, "above", "below", "mean width"), sorted(body, key=lambda line: [str(line[1]), *line[:4]]))


def write(folder: pathlib.Path) -> None:
    """Write the tables where the page includes them."""
    folder.mkdir(exist_ok=True)
    (folder / "coverage.md").write_text(coverage() + "\n", encoding="utf-8")
    (folder / "coverage_bca.md").write_text(coverage(BCA) + "\n", encoding="utf-8")
    for name, made in {
        "verdict_summary": summary,
        "verdict_sizes": pooled,
        "verdicts": verdicts,
        "powers": powers,
        "global_sizes": global_sizes,
        "gains": gains,
    }.items():
        (folder / f"{name}.md").write_text(made() + "\n", encoding="utf-8")
