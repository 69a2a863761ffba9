"""A study in a notebook: its sites with what describes them, their totals, and what a reader must know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._html import listed, table

if TYPE_CHECKING:
    from ._study_data import StudyData


def page(study: StudyData) -> str:
    """Write one row per site, the text of the study below."""
    from ._fidelity import fidelity

    totals = fidelity(study).tables["totals"]
    columns: dict[str, Any] = {"site": study.site_ids}
    columns |= {name: study.site_column(name) for name in study.site_column_names}
    if study._unit_of is not None:
        linked = study._unit_of[study._unit_of >= 0]
        columns["participants"] = np.bincount(linked, minlength=len(study.site_ids)).tolist()
    columns |= {"total": totals["total"], "band": totals["band"]}
    if study.absent:
        columns["items scored"] = totals["n_scored"]
    linked_words = () if study._linkage is None else (study._linkage.summary,)
    rows = list(zip(*columns.values(), strict=True))
    return table(study._caption(), list(columns), rows) + listed((*linked_words, *study.caveats))
