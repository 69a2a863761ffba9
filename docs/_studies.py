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


def verdicts() -> str:
    """Return the cells of the study of verdicts that were run."""
    rows = _rows(VERDICTS)
    if not rows:
        return "*No cell has been run: nothing is known from this study yet.*"
    names = [name for name in rows[0] if name not in ("cell", "seed", "runs", "best")]
    cell_heads = ("sites", "items that carry", "r of the total", "ICC", "sizes", "outcome", "runs")
    heads = (*cell_heads, "best of all, %", *(f"{name}, %" for name in names))
    body = []
    for row in rows:
        cell, runs = json.loads(row["cell"]), int(row["runs"])
        kind = [cell["sites"], cell["carriers"], f"{cell['r_total']:g}", f"{cell['icc']:g}"]
        kind += ["unequal" if cell["unequal"] else "equal", cell["outcome"]]
        body.append([*kind, f"{runs:,}", *(f"{100 * int(row[name]) / max(runs, 1):.1f}" for name in ("best", *names))])
    return _table(heads, body)


def pooled() -> str:
    """Return sizes over all cells of one number of sites and one kind of outcome, for whatever was run."""
    rows = [row for row in _rows(VERDICTS) if json.loads(row["cell"])["carriers"] == ITEMS]
    if not rows:
        return "*No cell has been run: nothing is known from this study yet.*"
    names = [name for name in rows[0] if name not in ("cell", "seed", "runs")]
    groups: dict[tuple[int, str], list[dict[str, str]]] = {}
    for row in rows:
        cell = json.loads(row["cell"])
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


def write(folder: pathlib.Path) -> None:
    """Write the tables where the page includes them."""
    folder.mkdir(exist_ok=True)
    (folder / "coverage.md").write_text(coverage() + "\n", encoding="utf-8")
    (folder / "coverage_bca.md").write_text(coverage(BCA) + "\n", encoding="utf-8")
    (folder / "verdict_sizes.md").write_text(pooled() + "\n", encoding="utf-8")
    (folder / "verdicts.md").write_text(verdicts() + "\n", encoding="utf-8")
