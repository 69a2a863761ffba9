"""What the t interval on the jackknife stands on: the scale of the statistic, and degrees of freedom by site sizes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._callables import PythonStatistic

if TYPE_CHECKING:
    from ._bootstrap_source import Source

# Name in print -> name in the core.
SCALES = {
    "identity": "identity",
    "logit": "logit",
    "Fisher z": "fisher-z",
    "Fisher z of the root": "fisher-z-of-root",
    "log(1 - x)": "log-one-minus",
    "log": "log",
    "exact binomial": "exact",
}
_BOUNDED = {
    "proportion": "logit",
    "rate": "logit",
    "difference-of-rates": "Fisher z",
    "pearson": "Fisher z",
    "spearman": "Fisher z",
    "kendall": "Fisher z",
    "icc": "Fisher z",
    "r-squared": "Fisher z of the root",
    "cronbach-alpha": "log(1 - x)",
    "standard-deviation": "log",
    "variance": "log",
}
# Statistics that are shares, or differences of shares, when every value is 0 or 1.
_OF_BINARY = {"mean": "logit", "difference-of-means": "Fisher z"}
WITH_COVARIATES = ("coefficients", "coefficients of a fit")


@dataclasses.dataclass(frozen=True)
class TScale:
    """The scale and the degrees of freedom of t intervals: internal."""

    name: str
    degrees_of_freedom: float

    def asked(self) -> dict[str, Any]:
        """Return them as the core reads them in a request."""
        return {"scale": SCALES[self.name], "degrees_of_freedom": self.degrees_of_freedom}


def t_scale(source: Source) -> TScale:
    """Return what t intervals of a source are made on."""
    statistic = statistic_name(source)
    name = _BOUNDED.get(statistic, "identity")
    if statistic in _OF_BINARY and is_binary(source):
        name = _OF_BINARY[statistic]
    return TScale(name, _degrees_of_freedom(source, statistic))


def statistic_name(source: Source) -> str:
    """Return the core's name of a compiled statistic; nothing of a Python function."""
    return "" if isinstance(source.statistic, PythonStatistic) else str(source.statistic["name"])


def is_binary(source: Source) -> bool:
    """Tell whether every value is 0 or 1."""
    return all(part.dtype.kind in "biuf" and bool(((part == 0) | (part == 1)).all()) for part in source.rows.parts)


def site_sizes(source: Source) -> NDArray[np.float64]:
    """Return participants per unit: rows, or n of counts k of n."""
    counts = statistic_name(source) in ("rate", "difference-of-rates")
    weights = source.rows.table()[:, 1::2].sum(axis=1) if counts else None
    return np.bincount(source.plan.units, weights, minlength=len(source.plan.strata)).astype(float)


def _degrees_of_freedom(source: Source, statistic: str) -> float:
    """Return units minus strata; in one stratum reduced by the share of sites that count when sizes differ.

    The site totals behind a mean of independent participants have variances in proportion to the sizes n, so their sum
    of squares has G* = (sum n)^2 / sum n^2 degrees of freedom (Satterthwaite 1946), the effective number of clusters of
    Carter, Schnepel and Steigerwald (2017). In strata of a few sites, and for coefficients, the upward bias of the
    jackknife makes up for it: the simulated coverage is right without it, and too high with it.
    """
    units, strata = len(source.plan.strata), len(source.plan.strata_sizes)
    if strata > 1 or statistic in WITH_COVARIATES:
        return float(units - strata)
    sizes = site_sizes(source)
    effective = float(sizes.sum() ** 2 / (sizes**2).sum())
    return (units - 1) * effective / units
