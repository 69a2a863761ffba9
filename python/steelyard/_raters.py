"""Several raters of one review: how far they agree, and what that does to totals, bands, correlations."""

from __future__ import annotations

import dataclasses
import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._frames import frame_in
from ._html import listed, table
from ._result import Result, data_hash
from .errors import refuse

if TYPE_CHECKING:
    from .study import Study

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, repr=False)
class Reliability(Result):
    """Agreement of the raters of a study.

    Attributes
    ----------
    icc : frame
        All six forms for the total: `form, meaning, estimate, conf_low, conf_high, f, df1, df2, p_value, valid`.
        Forms 2 and 3 are valid only when the same raters scored every review.
    items : frame
        Per item: share of exact agreement, agreement within one step, mean difference of the first two raters,
        single-rater ICC.
    sem : float
        Standard error of measurement of one rater's total: rater and residual variance together.
    score_reliability : float
        Reliability of the scores that the study uses (the mean of the raters, or one rater's).
    bands : frame
        Per site: total, band, and the probability of every band given the measurement error.
    n_reviews : int
    raters : tuple of str
    caveats : tuple of str
    """

    tables: dict[str, dict[str, tuple[Any, ...]]]
    sem: float
    score_sem: float
    score_reliability: float
    score_interval: tuple[float, float]
    form: str
    n_reviews: int
    raters: tuple[str, ...]
    confidence_level: float
    caveats: tuple[str, ...]
    data_hash: str
    library: str = "pandas"

    @property
    def icc(self) -> Any:
        """The six intraclass correlations of the total."""
        return frame_in(self.tables["icc"], self.library)

    @property
    def items(self) -> Any:
        """Agreement by item."""
        return frame_in(self.tables["items"], self.library)

    @property
    def bands(self) -> Any:
        """Probability of every band at every site."""
        return frame_in(self.tables["bands"], self.library)

    def tidy(self) -> Any:
        """Return one row per form of the ICC."""
        rows = self.tables["icc"]
        return frame_in(
            {
                "term": rows["form"],
                "estimate": rows["estimate"],
                "statistic": rows["f"],
                "p_value": rows["p_value"],
                "conf_low": rows["conf_low"],
                "conf_high": rows["conf_high"],
            },
            self.library,
        )

    def disattenuate(self, r: float) -> tuple[float, tuple[float, float]]:
        """Return a correlation with the total as it would be without measurement error of the total.

        Spearman (1904): r / sqrt(reliability); the range uses the ends of the reliability's interval and carries no
        sampling error of r. Results beyond 1 are returned as they are: they say that the reliability is too uncertain.

        Parameters
        ----------
        r
            Observed correlation of the total with an outcome.
        """
        if not -1 <= r <= 1:
            raise refuse("correlation not allowed", got=r, allowed="-1 to 1")
        low, high = self.score_interval
        if self.score_reliability <= 0:
            raise refuse(
                "no correction without a positive reliability",
                got=f"{self.score_reliability:.3f}",
                remedy="Raters do not tell the sites apart: the total carries no signal to correct for.",
            )
        far = math.inf if low <= 0 else abs(r) / math.sqrt(low)
        ends = sorted((math.copysign(far, r), math.copysign(abs(r) / math.sqrt(max(high, 1e-12)), r)))
        return r / math.sqrt(self.score_reliability), (ends[0], ends[1])

    def _lines(self) -> list[str]:
        rows = self.tables["icc"]
        j = rows["form"].index(self.form)
        low, high = self.score_interval
        lines = [
            f"{self.n_reviews} reviews by {len(self.raters)} raters ({', '.join(self.raters)})",
            f"{rows['form'][j]}, {rows['meaning'][j]}: {self.score_reliability:.3f} ({low:.3f} to {high:.3f})",
            f"standard error of measurement: {self.sem:.2f} points (one rater), {self.score_sem:.2f} (scores as used)",
        ]
        bands = self.tables["bands"]
        unsure = [
            site for site, p in zip(bands["site"], bands["probability"], strict=True) if p is not None and p < 0.95
        ]
        if unsure:
            lines.append(f"band not certain (below 95 %): {', '.join(unsure)}")
        return lines

    def __repr__(self) -> str:
        first, *rest = self._lines()
        return "\n".join([f"Reliability: {first}", *(f"  {x}" for x in rest), *(f"  note: {x}" for x in self.caveats)])

    def _html(self) -> str:
        captions = {"icc": "Intraclass correlations of the total", "items": "Agreement by item", "bands": "Bands"}
        parts = [
            table(caption, list(self.tables[name]), list(zip(*self.tables[name].values(), strict=True)))
            for name, caption in captions.items()
        ]
        return "".join(parts) + listed((*self._lines(), *self.caveats))


def _rated(study: Study) -> list[tuple[Any, list[int]]]:
    """Return the reviews with several raters and their rows, raters in one order."""
    if study._raters is None:
        raise refuse(
            "no raters in this study",
            at="rater",
            remedy='Name the column with raters when the study is made: rater="rater", with one row per rater.',
        )
    raters = study._raters
    groups: dict[tuple[str, Any], list[int]] = {}
    for review, _ in study._units.reviews:
        rows = [row for row in range(len(raters)) if study._review_of[row] == (review.site, review.date)]
        if len(rows) > 1:
            groups[(review.site, review.date)] = sorted(rows, key=raters.__getitem__)
    if len(groups) < 2:
        raise refuse(
            "too few reviews with several raters",
            got=len(groups),
            allowed="at least 2 reviews that two raters scored",
            remedy="One row per rater: the same site and date, different raters.",
        )
    return list(groups.items())


def reliability(study: Study, level: float) -> Reliability:
    """Compare raters: see `Study.reliability`."""
    groups = _rated(study)
    sizes = [len(rows) for _, rows in groups]
    k = max(set(sizes), key=lambda n: (sizes.count(n), n))
    out = [key[0] for (key, rows) in groups if len(rows) != k]
    groups = [(key, rows) for key, rows in groups if len(rows) == k]
    totals = np.array([[review_total(study, row) for row in rows] for _, rows in groups])
    whole = ~np.isnan(totals).any(axis=1)
    notes = [f"Reviews by another number of raters are left out: {', '.join(out)}."] if out else []
    if not whole.all():
        names = [key[0] for (key, _), fine in zip(groups, whole, strict=True) if not fine]
        notes.append(f"Reviews without a total of every rater are left out: {', '.join(names)}.")
    if whole.sum() < 2:
        raise refuse("too few complete reviews with several raters", got=int(whole.sum()), allowed="at least 2")
    kept = [group for group, fine in zip(groups, whole, strict=True) if fine]
    named = study._raters or ()
    raters = [tuple(named[row] for row in rows) for _, rows in kept]
    same = len(set(raters)) == 1
    raw = _core.rater_icc(np.ascontiguousarray(totals[whole]), level)
    squares = raw["squares"]
    if same:
        between_raters = max((squares["raters"] - squares["residual"]) / squares["n"], 0.0)
        sem = math.sqrt(between_raters + squares["residual"])
    else:
        sem = math.sqrt(squares["within"])
        notes.append("Raters differ between reviews: only ICC(1,.) is valid.")
    averaged = study.rater_rule == "mean"
    form = ("ICC(2," if same else "ICC(1,") + ("k)" if averaged else "1)")
    used = next(f for f in raw["forms"] if f["form"] == form)
    if math.isnan(used["estimate"]):
        notes.append("Totals do not vary between sites and raters: the ICC is not defined.")
    if int(whole.sum()) < 10:
        notes.append(f"{int(whole.sum())} reviews: the interval of the ICC is wide, read it rather than the estimate.")
    score_sem = sem / math.sqrt(k) if averaged else sem
    return Reliability(
        tables={
            "icc": _icc_table(raw["forms"], same),
            "items": _items(study, [rows for _, rows in kept], level),
            "bands": _bands(study, score_sem),
        },
        sem=sem,
        score_sem=score_sem,
        score_reliability=used["estimate"],
        score_interval=(used["low"], used["high"]),
        form=form,
        n_reviews=int(whole.sum()),
        raters=tuple(sorted({rater for own in raters for rater in own})),
        confidence_level=level,
        caveats=tuple(notes),
        data_hash=data_hash(totals),
        library=study.library,
    )


def review_total(study: Study, row: int) -> float:
    """Total of one row of the sheet by the scale's rule; NaN where it gives none."""
    raw = _core.fidelity_describe(study.scale.to_json(), np.ascontiguousarray(study._reviewed[[row]]))["totals"][0]
    return float("nan") if raw["total"] is None else float(raw["total"])


def _icc_table(forms: list[dict[str, Any]], same: bool) -> dict[str, tuple[Any, ...]]:
    columns: dict[str, tuple[Any, ...]] = {
        name: tuple(f[key] for f in forms)
        for name, key in (
            ("form", "form"),
            ("meaning", "meaning"),
            ("estimate", "estimate"),
            ("conf_low", "low"),
            ("conf_high", "high"),
            ("f", "f"),
        )
    }
    columns["df1"] = tuple(f["df"][0] for f in forms)
    columns["df2"] = tuple(f["df"][1] for f in forms)
    columns["p_value"] = tuple(f["p"] for f in forms)
    columns["valid"] = tuple(same or f["form"].startswith("ICC(1") for f in forms)
    return columns


def _items(study: Study, groups: list[list[int]], level: float) -> dict[str, tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for j, item in enumerate(study.scale.items):
        scores = np.array([[study._reviewed[row, j] for row in own] for own in groups])
        known = ~np.isnan(scores).any(axis=1)
        pairs = scores[known]
        if len(pairs) < 2:
            rows.append((item.id, len(pairs), None, None, None, None))
            continue
        spread = pairs.max(axis=1) - pairs.min(axis=1)
        single = _core.rater_icc(np.ascontiguousarray(pairs), level)["forms"][1]["estimate"]
        rows.append(
            (
                item.id,
                len(pairs),
                float((spread == 0).mean()),
                float((spread <= item.step * (1 + 1e-9)).mean()),
                float((pairs[:, 0] - pairs[:, 1]).mean()),
                None if math.isnan(single) else single,
            )
        )
    heads = ("item", "n", "exact", "within_one_step", "mean_difference", "icc_2_1")
    return {head: tuple(row[j] for row in rows) for j, head in enumerate(heads)}


def band_probabilities(study: Study, total: float, sem: float) -> dict[str, float]:
    """Return the probability of every band given a total and its measurement error (flat prior, normal law)."""
    bands = study.scale.bands
    if bands is None:
        return {}
    per = 1.0 if bands.by == "total" else float(len(study.item_ids))
    cuts = [(-math.inf, bands.lowest), *((cut * per, name) for cut, name in bands.cuts)]
    tops = [*(cut for cut, _ in cuts[1:]), math.inf]
    if sem <= 0:
        return {name: float(low <= total < high) for (low, name), high in zip(cuts, tops, strict=True)}
    law = NormalDist(total, sem)
    at = [
        0.0 if math.isinf(x) and x < 0 else 1.0 if math.isinf(x) else law.cdf(x)
        for x in (*[c for c, _ in cuts], math.inf)
    ]
    return {name: at[i + 1] - at[i] for i, (_, name) in enumerate(cuts)}


def _bands(study: Study, sem: float) -> dict[str, tuple[Any, ...]]:
    raw = _core.fidelity_describe(study.scale.to_json(), np.ascontiguousarray(study.score_matrix))["totals"]
    names = [] if study.scale.bands is None else [study.scale.bands.lowest, *(n for _, n in study.scale.bands.cuts)]
    rows = []
    for site, total in zip(study.site_ids, raw, strict=True):
        p = {} if total["total"] is None else band_probabilities(study, total["total"], sem)
        rows.append((site, total["total"], total["band"], p.get(total["band"]), *(p.get(name) for name in names)))
    heads = ("site", "total", "band", "probability", *names)
    return {head: tuple(row[j] for row in rows) for j, head in enumerate(heads)}
