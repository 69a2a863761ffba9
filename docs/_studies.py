"""Tables of the simulation studies, written from what the studies left behind: the page says no more than was run."""

from __future__ import annotations

import csv
import json
import pathlib
from collections.abc import Sequence

ROOT = pathlib.Path(__file__).resolve().parent.parent
COVERAGE = ROOT / "benches" / "coverage_bootstrap.csv"
VERDICTS = ROOT / "python" / "steelyard" / "data" / "verdict_sizes.csv"


def _rows(path: pathlib.Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def coverage() -> str:
    """Return the cells of the coverage study that were run."""
    heads = ("estimand", "sites", "ICC", "sizes", "rate", "runs", "covered, %", "too high, %", "too low, %", "method")
    rows = []
    for row in _rows(COVERAGE):
        runs = int(row["runs"])
        shares = [f"{100 * int(row[name]) / runs:.1f}" for name in ("covered", "low_misses", "high_misses")]
        cells = [row[name] for name in ("estimand", "sites", "icc", "sizes", "rate")]
        rows.append([*(cell or "–" for cell in cells), f"{runs:,}", *shares, row["method"]])
    return _table(heads, rows) if rows else "*No cell has been run.*"


def verdicts() -> str:
    """Return the cells of the study of verdicts that were run."""
    rows = _rows(VERDICTS)
    if not rows:
        return "*No cell has been run: nothing is known from this study yet.*"
    names = [name for name in rows[0] if name not in ("cell", "seed", "runs", "best")]
    heads = ("sites", "items that carry", "r of the total", "ICC", "sizes", "outcome", "runs", "best of all", *names)
    body = []
    for row in rows:
        cell, runs = json.loads(row["cell"]), int(row["runs"])
        kind = [cell["sites"], cell["carriers"], f"{cell['r_total']:g}", f"{cell['icc']:g}"]
        kind += ["unequal" if cell["unequal"] else "equal", cell["outcome"]]
        body.append([*kind, f"{runs:,}", *(f"{100 * int(row[name]) / max(runs, 1):.1f}" for name in ("best", *names))])
    return _table(heads, body)


def write(folder: pathlib.Path) -> None:
    """Write both tables where the page includes them."""
    folder.mkdir(exist_ok=True)
    (folder / "coverage.md").write_text(coverage() + "\n", encoding="utf-8")
    (folder / "verdicts.md").write_text(verdicts() + "\n", encoding="utf-8")
