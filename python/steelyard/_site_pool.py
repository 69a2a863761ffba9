"""The estimate over sites: random effects by restricted maximum likelihood, on a scale where a normal law is fair."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._result import serialisable
from ._site_outcomes import NAN, SiteOutcomes, ask

if TYPE_CHECKING:
    from .study import Study

__all__ = ["Pooled", "pool"]

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
