"""Studies that come with Steelyard."""

from __future__ import annotations

import csv
import importlib.resources
from typing import Any

from ._frames import frame_in
from ._synthetic import synthetic_sites
from .errors import SteelyardError
from .scale import Scale
from .study import Published, Study

__all__ = ["norway_ips", "synthetic_sites"]


def __dir__() -> list[str]:
    return sorted(__all__)


def _folder() -> Any:
    return importlib.resources.files("steelyard") / "data" / "norway_ips"


def _table(name: str) -> dict[str, list[str]]:
    text = (_folder() / f"{name}.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(text.splitlines()))
    return {head: [row[j] for row in rows[1:]] for j, head in enumerate(rows[0])}


def _numbered(table: dict[str, list[str]], *names: str) -> dict[str, list[Any]]:
    """Turn the named columns into numbers; a blank is None."""
    columns: dict[str, list[Any]] = dict(table)
    for name in names:
        columns[name] = [None if cell == "" else float(cell) for cell in table[name]]
    return columns


def _satisfaction() -> dict[str, list[Any]]:
    """Return Table 4; by its own words the scale has two negative and three positive levels, and no neutral one."""
    table = _numbered(_table("satisfaction"), "level", "percent", "count")
    return table | {"side": ["negative" if level <= 2 else "positive" for level in table["level"]]}


def _corpus() -> Any:
    try:
        from . import corpus  # type: ignore[attr-defined,unused-ignore]
    except ImportError:
        raise SteelyardError("this build of Steelyard has no module for coded interviews (steelyard.corpus)") from None
    return corpus.norway()


def norway_ips(*, library: str = "pandas") -> Study:
    """Return the Norwegian IPS process evaluation: six centres, 25 items, integer scores as printed.

    Fyhn T, Ludvigsen K, Reme SE, Schaafsma F (2020), Implementation Science Communications; trial NCT01964092. Numbers
    are as printed and nothing was corrected; `.provenance` holds the whole note. Employment by centre was not
    published: `.sites` has the authors' two groups of centres in `employment_group`.

    Parameters
    ----------
    library
        The library of its frames: `"pandas"`, `"polars"` or `"pyarrow"`.

    Returns
    -------
    Study
        With `.survey` (six facilitators and six barriers), `.likert` (satisfaction and usefulness by level),
        `.baseline`, `.flow`, `.corpus` (themes and paraphrased excerpts) and `.published` (item means, totals and
        claims as printed).

    Examples
    --------
    >>> import steelyard as sy
    >>> study = sy.datasets.norway_ips()
    >>> study.score_matrix.sum(axis=1).tolist()
    [97.0, 103.0, 102.0, 89.0, 89.0, 109.0]
    """
    items, centres = _table("item_scores"), _table("centers")
    sites = centres["center"]
    scores: dict[str, Any] = {"site": sites, "employment_group": centres["employment_group"]}
    for row, item in enumerate(items["item_id"]):
        scores[item] = [float(items[f"center_{site}"][row]) for site in sites]
    study = Study(
        frame_in(scores, library),
        scale=Scale.load("ips-25"),
        site_columns=["employment_group"],
        population="sites like these",
    )
    return study.attach(
        survey=frame_in(_numbered(_table("survey_statements"), "yes_percent", "n"), library),
        likert=frame_in(_satisfaction(), library),
        baseline=frame_in(_numbered(_table("baseline_characteristics"), "percent", "n", "mean", "sd"), library),
        flow=frame_in(_numbered(_table("participation_flow"), "count"), library),
        corpus=_corpus,
        published=Published(
            item_means=frame_in(_table("published_item_means"), library),
            group_column="employment_group",
            totals=dict(zip(sites, centres["published_total"], strict=True)),
            claims=frame_in(_table("claims"), library),
        ),
        provenance=(_folder() / "README.md").read_text(encoding="utf-8"),
        caveats=["Employment by centre was not published; the authors' two groups of centres stand in for it."],
    )
