"""The table of sites: reviews, totals and bands with bounds, participants, rates, effects, and what the sites share."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._frames import frame_in
from ._result import Result, data_hash
from ._site_columns import missing_outcomes, outcome_columns, score_columns
from ._site_outcomes import NAN, SiteOutcomes, ask, site_outcomes
from ._site_pool import Pooled, pool
from ._site_words import page, screen
from .errors import refuse
from .outcomes import Outcome

if TYPE_CHECKING:
    from .study import Study

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, repr=False)
class SiteTable(Result):
    """The sites of a study, one row each, and what they share.

    Attributes
    ----------
    frame : frame
        One row per site; see `docs/methods/study.md` for every column.
    outcomes : SiteOutcomes or None
    pooled : Pooled or None
        Over sites; None for `population="these sites"`, below two usable sites, or without an outcome.
    icc : dict or None
        Share of the outcome's variance between sites, with interval (analysis of variance).
    overall : float or None
        Crude estimate over all participants (rates and means).
    size_correlation : float or None
        Pearson correlation of site size with the total: an informative size biases what weights sites by participants.
    floor_ceiling : frame
        Per item: share of sites at the lowest and highest score, constant or not.
    missing_outcomes : frame
        Missing outcomes by site and arm.
    caveats : tuple of str
    subscales : tuple of str
        The columns of `frame` that are sums of subscales.
    """

    tables: dict[str, dict[str, tuple[Any, ...]]]
    outcomes: SiteOutcomes | None
    pooled: Pooled | None
    icc: dict[str, float] | None
    overall: float | None
    size_correlation: float | None
    confidence_level: float
    caveats: tuple[str, ...]
    data_hash: str
    library: str = "pandas"
    subscales: tuple[str, ...] = ()

    @property
    def frame(self) -> Any:
        """One row per site."""
        return frame_in(self.tables["sites"], self.library)

    @property
    def floor_ceiling(self) -> Any:
        """Floor and ceiling of every item over the sites."""
        return frame_in(self.tables["floor_ceiling"], self.library)

    @property
    def missing_outcomes(self) -> Any:
        """Missing outcomes by site and arm."""
        return frame_in(self.tables["missing_outcomes"], self.library)

    @property
    def hazards(self) -> Any:
        """Discrete-time hazards by site, for durations."""
        if self.outcomes is None or not self.outcomes.hazards:
            raise refuse("no hazards in this table", allowed="a Duration outcome")
        return frame_in(self.outcomes.hazards, self.library)

    def tidy(self) -> Any:
        """Return one row per estimate: every site, then the pooled one."""
        rows: list[tuple[Any, ...]] = []
        if self.outcomes is not None:
            o = self.outcomes
            rows += [
                (site, value, math.sqrt(v) if v >= 0 else NAN, None, low, high)
                for site, value, v, low, high in zip(
                    o.sites, o.value.tolist(), o.variance.tolist(), o.low.tolist(), o.high.tolist(), strict=True
                )
            ]
        if self.pooled is not None:
            p = self.pooled
            rows.append((f"pooled ({p.scale})", p.estimate, p.standard_error, p.p_value, p.low, p.high))
        heads = ("term", "estimate", "std_error", "p_value", "conf_low", "conf_high")
        return frame_in({head: [row[j] for row in rows] for j, head in enumerate(heads)}, self.library)

    def __repr__(self) -> str:
        return screen(self)

    def _html(self) -> str:
        return page(self)

    def plot(self, ax: Any = None) -> Any:
        """Draw the caterpillar: every site's estimate and interval in order, the pooled one below.

        Parameters
        ----------
        ax
            Matplotlib Axes to draw on; made when None.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from ._site_plots import caterpillar

        return caterpillar(self, ax)

    def plot_funnel(self, ax: Any = None) -> Any:
        """Draw the funnel: estimates against the number of participants, with limits of chance about the overall rate.

        Parameters
        ----------
        ax
            Matplotlib Axes to draw on; made when None.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from ._site_plots import funnel

        return funnel(self, ax)


def site_table(study: Study, outcome: Outcome | None, covariates: Sequence[str], level: float) -> SiteTable:
    """Build the table: see `Study.site_table`."""
    given = outcome if outcome is not None else study.outcome
    found = None if given is None or study.participants is None else site_outcomes(study, given, level)
    if found is None and (outcome is not None or covariates):
        site_outcomes(study, outcome, level)
    raw = _core.fidelity_describe(study.scale.to_json(), np.ascontiguousarray(study.score_matrix))
    rows = score_columns(study, raw)
    notes: list[str] = []
    pooled = icc = overall = None
    if found is not None:
        rows |= outcome_columns(study, found)
        pooled, said = pool(study, found, level)
        notes += said
        icc, overall = _icc(found, level), _overall(found)
        if covariates:
            from ._adjusted import adjusted

            own = adjusted(study, given, covariates, level)
            rows |= {"adjusted": own.value, "adjusted_low": own.low, "adjusted_high": own.high}
            notes += own.caveats
        notes += _missing_notes(found)
    totals = np.array([NAN if t is None else t for t in rows["total"]], dtype=np.float64)
    size, said = (None, []) if found is None else _size(found.n, totals)
    notes += said
    items = raw["items"]
    return SiteTable(
        tables={
            "sites": {name: tuple(values) for name, values in rows.items()},
            "floor_ceiling": {
                "item": study.item_ids,
                "floor": tuple(item["floor"] for item in items),
                "ceiling": tuple(item["ceiling"] for item in items),
                "constant": tuple(item["constant"] for item in items),
            },
            "missing_outcomes": missing_outcomes(study, found),
        },
        outcomes=found,
        pooled=pooled,
        icc=icc,
        overall=overall,
        size_correlation=size,
        confidence_level=level,
        caveats=(*study.caveats, *notes),
        data_hash=data_hash(study.score_matrix, totals if found is None else found.value),
        library=study.library,
        subscales=tuple(subscale.id for subscale in study.scale.subscales),
    )


def _icc(found: SiteOutcomes, level: float) -> dict[str, float] | None:
    if found.measure not in ("rate", "mean"):
        return None
    use = found.n > 0
    raw = ask(
        "icc",
        n=found.n[use].tolist(),
        mean=found.value[use].tolist(),
        squares=found.squares[use].tolist(),
        level=level,
    )
    return None if raw is None else {name: float(raw[name]) for name in ("estimate", "low", "high", "typical_size")}


def _overall(found: SiteOutcomes) -> float | None:
    if found.measure not in ("rate", "mean") or found.n.sum() == 0:
        return None
    return float(np.nansum(found.total) / found.n.sum())


def _size(n: NDArray[np.int64], totals: Floats) -> tuple[float | None, list[str]]:
    known = ~np.isnan(totals) & (n > 0)
    if known.sum() < 3 or np.ptp(n[known]) == 0 or np.ptp(totals[known]) == 0:
        return None, []
    r = float(np.corrcoef(n[known], totals[known])[0, 1])
    if abs(r) < 0.3:
        return r, []
    return r, [
        f"Site size goes with the total (r = {r:.2f} over {int(known.sum())} sites): weighting sites by participants "
        "or equally can give different answers; report both."
    ]


def _missing_notes(found: SiteOutcomes) -> list[str]:
    lost = int(found.missing.sum()) + (0 if found.control_missing is None else int(found.control_missing.sum()))
    if not lost:
        return []
    limits = "worst and best give the limits" if np.isfinite(found.worst).any() else "their limits are not known"
    return [f"{lost} outcomes are missing ({found.outcome}): {limits}."]
