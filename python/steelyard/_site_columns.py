"""The columns of a site table: reviews and scores, outcomes, missing outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._site_outcomes import SiteOutcomes

if TYPE_CHECKING:
    from .study import Study

__all__ = ["missing_outcomes", "outcome_columns", "score_columns"]

Floats = NDArray[np.float64]


def score_columns(study: Study, raw: dict[str, Any]) -> dict[str, Any]:
    """Reviews, totals and bands with their bounds, subscales, windows."""
    totals = raw["totals"]
    units = study._units
    per_site: dict[str, int] = {}
    for review, _ in units.reviews:
        per_site[review.site] = per_site.get(review.site, 0) + 1
    rows: dict[str, Any] = {
        "site": list(study.site_ids),
        "review_date": [None if day is None else day.isoformat() for day in units.dates],
        "n_reviews": [per_site[site] for site in units.sites],
    }
    named = {"total": "total", "band": "band", "total_low": "low", "total_high": "high"}
    named |= {"band_low": "band_low", "band_high": "band_high"}
    rows |= {name: [t[raw_name] for t in totals] for name, raw_name in named.items()}
    rows["band_certain"] = [t["band_low"] == t["band_high"] for t in totals]
    rows["items_scored"] = [t["n_scored"] for t in totals]
    for subscale, profile in zip(study.scale.subscales, raw["subscales"], strict=True):
        rows[subscale.id] = profile["sums"]
    if study._linkage is not None:
        windows = study._linkage.tables["windows"]
        names = ("window_start", "window_end", "days_from_review", "before_review", "follow_up_days")
        rows |= {name: list(windows[name]) for name in names}
    return rows


def outcome_columns(study: Study, found: SiteOutcomes) -> dict[str, Any]:
    """Participants, what is missing, the estimate with its interval and its limits over missing outcomes."""
    rows: dict[str, Any] = {"n": found.n.tolist(), "missing": found.missing.tolist(), "k": _listed(found.total)}
    if found.control_n is not None and found.control_missing is not None:
        rows |= {"control_n": found.control_n.tolist(), "control_missing": found.control_missing.tolist()}
    if found.treated_value is not None and found.control_value is not None:
        rows |= {"treated": _listed(found.treated_value), "control": _listed(found.control_value)}
    rows |= {found.measure.replace(" ", "_"): _listed(found.value)}
    rows |= {name: _listed(getattr(found, name)) for name in ("low", "high")}
    rows = {("conf_" + name if name in ("low", "high") else name): values for name, values in rows.items()}
    rows |= {"worst": _listed(found.worst), "best": _listed(found.best), "status": list(found.status)}
    return rows


def _listed(values: Floats) -> list[float | None]:
    return [None if x != x else x for x in values.tolist()]


def missing_outcomes(study: Study, found: SiteOutcomes | None) -> dict[str, tuple[Any, ...]]:
    """Missing outcomes by site and arm."""
    rows: list[tuple[Any, ...]] = []
    if found is not None:
        arms = study._linkage.arms if study._linkage is not None else ()
        label = arms[0] if arms else ("treated" if found.control_n is not None else "all")
        other = arms[1] if arms else "control"
        for i, site in enumerate(found.sites):
            rows.append((site, label, int(found.n[i]), int(found.missing[i])))
            if found.control_n is not None and found.control_missing is not None:
                rows.append((site, other, int(found.control_n[i]), int(found.control_missing[i])))
    heads = ("site", "arm", "n", "missing")
    return {head: tuple(row[j] for row in rows) for j, head in enumerate(heads)}
