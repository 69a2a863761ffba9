"""Change of totals between reviews of one site, beside the error of measurement."""

from __future__ import annotations

import dataclasses
import itertools
import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from ._brief import brief
from ._frames import frame_in
from ._html import table
from ._raters import reliability, review_total
from ._result import Result
from .errors import refuse

if TYPE_CHECKING:
    from .study import Study

__all__ = ["Change", "change"]


@dataclasses.dataclass(frozen=True, repr=False)
class Change(Result):
    """Change of totals between reviews, beside the error of measurement.

    Attributes
    ----------
    frame : frame
        One row per site and pair of successive reviews: dates, totals, `change, std_error, conf_low, conf_high,
        p_value, beyond_error, band_before, band_after`.
    sem : float
        Standard error of measurement of one total.
    sem_from : str
    """

    rows: dict[str, tuple[Any, ...]]
    sem: float
    sem_from: str
    confidence_level: float
    caveats: tuple[str, ...]
    library: str = "pandas"

    @property
    def frame(self) -> Any:
        """One row per pair of successive reviews."""
        return frame_in(self.rows, self.library)

    def tidy(self) -> Any:
        """Return one row per change."""
        names = {"estimate": "change", "std_error": "std_error", "p_value": "p_value"}
        names |= {"conf_low": "conf_low", "conf_high": "conf_high"}
        terms = [
            f"{site}: {a} to {b}"
            for site, a, b in zip(self.rows["site"], self.rows["from"], self.rows["to"], strict=True)
        ]
        return frame_in({"term": terms, **{new: self.rows[old] for new, old in names.items()}}, self.library)

    def __repr__(self) -> str:
        lines = []
        for row in zip(*self.rows.values(), strict=True):
            r = dict(zip(self.rows, row, strict=True))
            sure = "beyond measurement error" if r["beyond_error"] else "within measurement error"
            lines.append(
                f"  {r['site']}: {r['total_before']:g} ({r['from']}) to {r['total_after']:g} ({r['to']}): "
                f"{r['change']:+g} ({r['conf_low']:+.1f} to {r['conf_high']:+.1f}), {sure}"
            )
        head = f"Change between reviews; SEM {self.sem:.2f} ({self.sem_from})"
        return "\n".join([head, *brief(lines, ".frame"), *(f"  note: {text}" for text in self.caveats)])

    def _html(self) -> str:
        return table("Change between reviews", list(self.rows), list(zip(*self.rows.values(), strict=True)))


def change(study: Study, sem: float | None, level: float) -> Change:
    """Compare reviews of one site: see `Study.change`."""
    by_site: dict[str, list[Any]] = {}
    for review, _ in study._units.reviews:
        if review.date is not None:
            by_site.setdefault(review.site, []).append(review)
    pairs = {site: sorted(own, key=lambda r: r.date) for site, own in by_site.items() if len(own) > 1}
    if not pairs:
        raise refuse(
            "no site has two dated reviews",
            at="review_date",
            remedy='Name the column with dates when the study is made: review_date="review_date".',
        )
    where = "given"
    if sem is None:
        if study._raters is None:
            raise refuse(
                "standard error of measurement not known",
                at="sem",
                remedy="Give it: sem=SD * sqrt(1 - ICC) from a published reliability study of the scale, or score some "
                "reviews by two raters and name the column: rater=.",
            )
        found = reliability(study, level)
        sem, where = found.score_sem, f"from {found.n_reviews} reviews by several raters"
    if not 0 < sem < math.inf:
        raise refuse(
            "standard error of measurement not allowed", at="sem", got=sem, allowed="a positive number of points"
        )
    z, rows, notes = NormalDist().inv_cdf((1 + level) / 2), [], []
    for site, own in pairs.items():
        totals = [_mean_total(study, review.rows) for review in own]
        for (before, first), (after, second) in itertools.pairwise(zip(own, totals, strict=True)):
            if math.isnan(first) or math.isnan(second):
                notes.append(f"{site}: a review has no total by the scale's rule, so its change is not known.")
                continue
            delta, error = second - first, sem * math.sqrt(2)
            p = 2 * (1 - NormalDist().cdf(abs(delta) / error))
            ends = (delta - z * error, delta + z * error)
            bands = (study.scale.band(first), study.scale.band(second))
            rows.append(
                (
                    site,
                    str(before.date),
                    str(after.date),
                    first,
                    second,
                    delta,
                    error,
                    *ends,
                    p,
                    abs(delta) > z * error,
                    *bands,
                )
            )
    heads = ("site", "from", "to", "total_before", "total_after", "change", "std_error", "conf_low", "conf_high")
    heads = (*heads, "p_value", "beyond_error", "band_before", "band_after")  # type: ignore[assignment]
    return Change(
        rows={head: tuple(row[j] for row in rows) for j, head in enumerate(heads)},
        sem=sem,
        sem_from=where,
        confidence_level=level,
        caveats=(*notes, "Each change is judged by itself: among many sites some exceed the error by chance."),
        library=study.library,
    )


def _mean_total(study: Study, rows: Any) -> float:
    return float(np.mean([review_total(study, row) for row in rows]))
