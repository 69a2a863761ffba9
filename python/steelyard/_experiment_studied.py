"""How often the verdict errs, as far as it was simulated: what a result may claim at its number of sites."""

from __future__ import annotations

import csv
import functools
import json
import math
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent / "data" / "verdict_sizes.csv"
_LEVEL = 0.05
_FEWEST_RUNS = 100
_PLANNED = (12, 20, 27, 40, 79)


@functools.cache
def cells() -> tuple[tuple[dict[str, Any], int, int], ...]:
    """Return every simulated cell with equal weights: what it was, its runs, and how many were called better."""
    if not TABLE.exists():
        return ()
    with TABLE.open(newline="", encoding="utf-8") as file:
        rows = [(json.loads(row["cell"]), int(row["runs"]), int(row["best"])) for row in csv.DictReader(file)]
    return tuple(row for row in rows if row[0]["carriers"] == 25 and row[1] >= _FEWEST_RUNS)


def fails(runs: int, better: int) -> bool:
    """Tell whether a cell exceeds the level by more than two Monte Carlo errors."""
    return better / runs > _LEVEL + 2 * math.sqrt(_LEVEL * (1 - _LEVEL) / runs)


def claim(sites: int, *, counted: bool) -> tuple[bool, str]:
    """Return whether "weighted better" must be withheld, and what was simulated at the nearest smaller design."""
    kind, name = ("counts", "k of n") if counted else ("number", "numbers")
    known = [cell for cell in cells() if cell[0]["outcome"] == kind and cell[0]["sites"] <= sites]
    if not known:
        return False, f"How often this verdict errs was not simulated for {name} at {sites} sites or fewer."
    nearest = max(cell[0]["sites"] for cell in known)
    own = [cell for cell in known if cell[0]["sites"] == nearest]
    most = max(better / runs for _, runs, better in own)
    whole = sum(better for _, _, better in own) / sum(runs for _, runs, _ in own)
    studied = (
        f"with equal true weights, {name}, {nearest} sites and 25 items, {len(own)} simulated "
        f"setting{'s' if len(own) > 1 else ''} ({min(runs for _, runs, _ in own)} or more runs each)"
    )
    if any(fails(runs, better) for _, runs, better in own):
        return True, f'"Weighted better" is withheld: {studied} called it in up to {most:.1%} of runs.'
    worst = f", at most {most:.1%} in one setting" if len(own) > 1 else ""
    planned = max(n for n in _PLANNED if n <= sites)
    further = f" {planned} sites were not simulated." if planned > nearest else ""
    return False, f'How often "weighted better" errs: {studied} called it in {whole:.1%} of runs{worst}.{further}'
