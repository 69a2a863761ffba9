"""A linked study as rows for a weighting experiment: one row per site (or review), outcome, trials, weights."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._moments import outcome_of
from ._site_outcomes import site_outcomes
from .errors import refuse
from .outcomes import Outcome
from .study import Study

Floats = NDArray[np.float64]
SITE_WEIGHTS = ("participants", "equal", "precision")


@dataclasses.dataclass(frozen=True)
class LinkedRows:
    """Rows of the sites that have an outcome.

    Attributes
    ----------
    keep : ndarray of bool, units
    values : ndarray
        Counts k where there are `trials`, else the site's estimate.
    trials : ndarray or None
    sites : tuple of str
    site_weight : "participants", "equal" or ndarray
    name : str
    notes : tuple of str
    """

    keep: NDArray[np.bool_]
    values: Floats
    trials: Floats | None
    sites: tuple[str, ...]
    site_weight: Any
    name: str
    notes: tuple[str, ...]


def linked_rows(study: Study, outcome: Outcome | None, site_weight: Any) -> LinkedRows:
    """Return the outcome of every site that has one; the others are named in the notes."""
    found = site_outcomes(study, outcome_of(study, outcome))
    rate = found.measure == "rate"
    keep = (found.n > 0) & np.isfinite(found.value)
    if site_weight == "precision":
        if rate:
            raise refuse(
                "precision weights for rates",
                at="site_weight",
                got="'precision'",
                allowed="'participants' or 'equal'",
                remedy="The precision of a rate follows from the rate itself; participants are its honest weight.",
            )
        keep &= np.isfinite(found.variance) & (found.variance > 0)
    if keep.sum() < 2:
        raise refuse(
            "fewer than two sites with an outcome",
            at=str(found.outcome),
            got=", ".join(f"{site}: {status}" for site, status in zip(found.sites, found.status, strict=True))[:300],
        )
    out = [f"{site} ({status})" for site, status, k in zip(found.sites, found.status, keep, strict=True) if not k]
    notes = [f"Sites without the outcome are left out: {', '.join(out)}."] if out else []
    lost = int(found.missing.sum()) + (0 if found.control_missing is None else int(found.control_missing.sum()))
    if lost:
        notes.append(f"{lost} missing outcomes do not enter; study.site_table() gives their worst and best case.")
    weight: Any = site_weight
    if isinstance(site_weight, str) and not rate:
        if site_weight == "precision":
            weight = 1 / found.variance[keep]
        elif site_weight == "participants":
            controls = 0 if found.control_n is None else found.control_n
            weight = (found.n + controls)[keep].astype(np.float64)
    return LinkedRows(
        keep=keep,
        values=(found.total if rate else found.value)[keep],
        trials=found.n[keep].astype(np.float64) if rate else None,
        sites=tuple(site for site, k in zip(study.unit_sites, keep, strict=True) if k),
        site_weight=weight,
        name=str(found.outcome),
        notes=(*(text for text in study.caveats if text.startswith("RED LINE")), *notes),
    )
