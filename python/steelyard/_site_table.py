"""The table of sites: reviews, totals and bands with bounds, participants, rates, effects, and what the sites share."""

from __future__ import annotations

import dataclasses
import html
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._frames import frame_in
from ._html import table
from ._result import Result, data_hash, serialisable
from ._site_outcomes import NAN, SiteOutcomes, ask, site_outcomes
from .errors import refuse
from .outcomes import Outcome

if TYPE_CHECKING:
    from .study import Study

Floats = NDArray[np.float64]


@serialisable
@dataclasses.dataclass(frozen=True, slots=True)
class Pooled:
    """The estimate over sites: random effects by restricted maximum likelihood, Knapp-Hartung interval with k - 1 df.

    Attributes
    ----------
    scale : str
        The scale of every number here: `log odds`, `log rate`, or the measure itself.
    k : int
        Sites that entered.
    estimate, standard_error, low, high, p_value : float
    guarded : tuple of float
        The interval with Knapp-Hartung's factor q held at 1 or above.
    q_factor : float
        Below 1 the sites differ less than their standard errors say, and the plain interval may be too short.
    tau, tau2 : float
        SD and variance of the true values between sites.
    i2 : float
        Share of the variation that is between sites, per cent.
    q, q_p_value : float
        Cochran's Q.
    prediction : tuple of float
        Where the true value of a further site would lie.
    estimate_back, low_back, high_back : float
        Estimate and interval on the scale of the table (rates).
    sites : tuple of str
    weights : tuple of float
    """

    scale: str
    k: int
    estimate: float
    standard_error: float
    low: float
    high: float
    p_value: float
    guarded: tuple[float, float]
    q_factor: float
    tau: float
    tau2: float
    i2: float
    q: float
    q_p_value: float
    prediction: tuple[float, float]
    estimate_back: float
    low_back: float
    high_back: float
    sites: tuple[str, ...]
    weights: tuple[float, ...]


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

    def _lines(self) -> list[str]:
        lines = []
        if self.overall is not None and self.outcomes is not None:
            lines.append(f"{self.outcomes.measure} over all participants: {self.overall:.3f}")
        if self.pooled is not None:
            p, level = self.pooled, f"{100 * self.confidence_level:g} %"
            lines.append(
                f"pooled over {p.k} sites ({p.scale}, REML, Knapp-Hartung): {p.estimate:.3f}, {level} interval "
                f"{p.low:.3f} to {p.high:.3f}; tau {p.tau:.3f}, I2 {p.i2:.0f} %"
            )
            if p.scale in ("log odds", "log rate"):
                lines.append(
                    f"  back on the scale of the table: {p.estimate_back:.3f}, {p.low_back:.3f} to {p.high_back:.3f}"
                )
        if self.icc is not None:
            lines.append(f"ICC {self.icc['estimate']:.3f} ({self.icc['low']:.3f} to {self.icc['high']:.3f})")
        if self.size_correlation is not None:
            lines.append(f"correlation of site size with total: {self.size_correlation:.2f}")
        return lines

    def __repr__(self) -> str:
        rows = self.tables["sites"]
        lines = [f"{len(rows['site'])} sites"]
        for i, site in enumerate(rows["site"]):
            parts = [f"total {_number(rows['total'][i], 5)}" + (f" ({rows['band'][i]})" if rows["band"][i] else "")]
            if self.outcomes is not None:
                o = self.outcomes
                parts.append(
                    f"n {o.n[i]}, {o.measure} {_number(o.value[i])} ({_number(o.low[i])} to {_number(o.high[i])})"
                    if o.status[i] in ("ok", "one participant")
                    else f"n {o.n[i]}, {o.status[i]}"
                )
            lines.append(f"  {site}: {'; '.join(parts)}")
        lines += [f"  {line}" for line in self._lines()]
        return "\n".join(lines + [f"  note: {text}" for text in self.caveats])

    def _repr_html_(self) -> str:
        rows = self.tables["sites"]
        shown = [name for name in rows if any(x is not None and x == x for x in rows[name])]
        parts = [table("Sites", shown, list(zip(*(rows[name] for name in shown), strict=True)))]
        if self.tables["missing_outcomes"]["site"]:
            missing = self.tables["missing_outcomes"]
            parts.append(table("Missing outcomes", list(missing), list(zip(*missing.values(), strict=True))))
        said = "".join(f"<li>{html.escape(text)}</li>" for text in (*self._lines(), *self.caveats))
        return "".join(parts) + f"<ul>{said}</ul>"

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


def _number(value: Any, digits: int = 3) -> str:
    return "none" if value is None or value != value else f"{value:.{digits}g}"


def site_table(study: Study, outcome: Outcome | None, covariates: Sequence[str], level: float) -> SiteTable:
    """Build the table: see `Study.site_table`."""
    given = outcome if outcome is not None else study.outcome
    found = None if given is None or study.participants is None else site_outcomes(study, given, level)
    if found is None and (outcome is not None or covariates):
        site_outcomes(study, outcome, level)
    raw = _core.fidelity_describe(study.scale.to_json(), np.ascontiguousarray(study.score_matrix))
    rows = _score_columns(study, raw)
    notes: list[str] = []
    pooled = icc = overall = None
    if found is not None:
        rows |= _outcome_columns(study, found)
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
            "missing_outcomes": _missing(study, found),
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
    )


def _score_columns(study: Study, raw: dict[str, Any]) -> dict[str, Any]:
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


def _outcome_columns(study: Study, found: SiteOutcomes) -> dict[str, Any]:
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


def pool(study: Study, found: SiteOutcomes, level: float) -> tuple[Pooled | None, list[str]]:
    """Pool the sites, on a scale where a normal law is fair; sites that cannot enter are named."""
    if study.population == "these sites":
        return None, ["Nothing is said about other sites (population = these sites): no pooled estimate over sites."]
    y, v, scale = _pooling_scale(found)
    with np.errstate(invalid="ignore"):
        usable = np.isfinite(y) & np.isfinite(v) & (v > 0)
    out = [site for site, use, n in zip(found.sites, usable, found.n, strict=True) if not use and n > 0]
    notes = [f"Not in the pooled estimate, without a variance: {', '.join(out)}."] if out else []
    if int(usable.sum()) < 2:
        return None, [*notes, "Fewer than two sites can be pooled."]
    raw = ask("pool", estimates=y[usable].tolist(), variances=v[usable].tolist(), level=level)
    if raw["q_factor"] < 0.9:
        notes.append(
            f"The sites differ less than chance would make them (q = {raw['q_factor']:.2f}): the Knapp-Hartung "
            f"interval may be too short; guarded, it is {raw['guarded'][0]:.3f} to {raw['guarded'][1]:.3f} ({scale})."
        )
    if raw["k"] < 5:
        notes.append(f"tau from {raw['k']} sites is hardly known.")
    back = _back(scale)
    return (
        Pooled(
            scale=scale,
            k=raw["k"],
            **{
                name: raw[name] for name in ("estimate", "standard_error", "low", "high", "q_factor", "tau2", "i2", "q")
            },
            p_value=raw["p"],
            q_p_value=raw["q_p"],
            guarded=tuple(raw["guarded"]),
            tau=math.sqrt(raw["tau2"]),
            prediction=tuple(raw["prediction"]),
            estimate_back=back(raw["estimate"]),
            low_back=back(raw["low"]),
            high_back=back(raw["high"]),
            sites=tuple(site for site, use in zip(found.sites, usable, strict=True) if use),
            weights=tuple(raw["weights"]),
        ),
        notes,
    )


def _pooling_scale(found: SiteOutcomes) -> tuple[Floats, Floats, str]:
    if found.measure == "rate":
        k, n = found.total, found.n.astype(np.float64)
        # Half a person is added to each cell where one is empty, as metafor does (escalc, "PLO", to = "only0").
        add = np.where((k == 0) | (k == n), 0.5, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            y = np.log((k + add) / (n - k + add))
            v = 1 / (k + add) + 1 / (n - k + add)
        return np.where(n > 0, y, NAN), np.where(n > 0, v, NAN), "log odds"
    if found.measure == "rate per exposure":
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(found.value), found.variance / found.value**2, "log rate"
    return found.value, found.variance, found.measure


def _back(scale: str) -> Any:
    if scale == "log odds":
        return lambda x: 1 / (1 + math.exp(-x))
    return math.exp if scale == "log rate" else float


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


def _missing(study: Study, found: SiteOutcomes | None) -> dict[str, tuple[Any, ...]]:
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


def _missing_notes(found: SiteOutcomes) -> list[str]:
    lost = int(found.missing.sum()) + (0 if found.control_missing is None else int(found.control_missing.sum()))
    if not lost:
        return []
    limits = "worst and best give the limits" if np.isfinite(found.worst).any() else "their limits are not known"
    return [f"{lost} outcomes are missing ({found.outcome}): {limits}."]
