"""The audit: a printed table with its means and totals, and the exact GRIMMER over a grid."""

from __future__ import annotations

import numpy as np

import steelyard as sy

from .harness import absolute


def _printed_table() -> dict[str, object]:
    """The study's own: 25 items, six centres, three columns of means."""
    study = sy.datasets.norway_ips()
    means = study.published.item_means
    names = ("all", "less_performing", "high_performing")
    return {
        "scores": [[f"{cell:g}" for cell in row] for row in study.score_matrix.T],
        "row_means": {name: list(means[f"mean_{name}"]) for name in names},
        "groups": {"less_performing": ["1", "2", "4"], "high_performing": ["3", "5", "6"]},
        "column_totals": [study.published.totals[site] for site in study.site_ids],
        "rows": study.item_ids,
        "columns": study.site_ids,
        "low": 1,
        "high": 5,
    }


def main() -> None:
    table = _printed_table()
    absolute("audit of a printed 25 x 9 table (six sites, three columns of means)", lambda: _solve(table), at_most=0.05)
    wide = np.random.default_rng(1).integers(1, 6, size=(25, 9))
    text = {"scores": wide.astype(str).tolist(), "row_means": {"all": [f"{m:.1f}" for m in wide.mean(axis=1)]}}
    absolute("audit of a table of 25 items and nine sites", lambda: _solve(text), at_most=0.05)
    study = sy.datasets.norway_ips()
    absolute("audit of the whole study", lambda: sy.audit(study), at_most=0.25)
    absolute("GRIMMER, one mean and SD of 200 answers", lambda: sy.audit.grimmer("3.10", "1.37", 200), at_most=0.005)


def _solve(table: dict[str, object]) -> object:
    return sy.audit.table(**table)
