"""A fitted regression as something to resample: its rows, or whole sites, are drawn, and the fit is made anew."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._bootstrap_source import Source
from ._samples import Rows
from .plans import IID, Cluster, Plan

if TYPE_CHECKING:
    from ._regression import Regression


@dataclasses.dataclass(frozen=True)
class FitSource(Source):
    """Rows of a regression and its coefficients; the core makes the fits."""

    fit: dict[str, Any] = dataclasses.field(default_factory=dict)
    arrays: dict[str, Any] = dataclasses.field(default_factory=dict)

    undefined: ClassVar[str] = ", because columns depend on one another or separate the outcomes,"
    has_errors: ClassVar[bool] = False

    def run(
        self, seed: int, first: int, count: int, *, enumerated: bool, jackknife: bool, progress: Any = None
    ) -> tuple[dict[str, Any], bool]:
        """Return `(raw, interrupted)`: values (replicates x coefficients), probabilities, estimate, jackknife."""
        return self._fits(seed, first, count, enumerated, jackknife, None, progress)

    def supplied(self, *, jackknife: bool, progress: Any) -> tuple[dict[str, Any], bool]:
        """Return `(raw, interrupted)` as `run` does, on resamples that the caller supplied."""
        return self._fits(0, 0, 0, False, jackknife, self.counts(), progress)

    def _fits(
        self,
        seed: int,
        first: int,
        count: int,
        enumerated: bool,
        jackknife: bool,
        weights: NDArray[np.float64] | None,
        progress: Any,
    ) -> tuple[dict[str, Any], bool]:
        options = {
            **self.fit,
            "seed": seed,
            "first": first,
            "count": count,
            "enumerated": enumerated,
            "threads": self.threads,
            "jackknife": jackknife,
        }
        return _core.regress_bootstrap(
            json.dumps(options),
            self.arrays,
            self.plan.units,
            self.plan.strata,
            self.plan_text,
            weights,
            progress=progress,
        )


def fit_source(fit: Regression, plan: Plan | None, threads: int) -> FitSource:
    """Return the source of a fit's replicates; plan None: its sites, or rows where there are none."""
    arrays = fit.arrays
    y, x = arrays["y"], arrays["x"]
    if plan is None:
        plan = IID() if arrays["sites"] is None else Cluster(np.array(fit.sites)[arrays["sites"]])
    given = [arrays[name] for name in ("trials", "weights", "offset") if arrays[name] is not None]
    rows = Rows(parts=(y, x, *given), sample=None, n=len(y), row_axis=0, terms=fit.names, library=fit._like)
    return FitSource(
        rows=rows,
        plan=plan.bind(rows.n, None, rows.lookup),
        statistic={"name": "coefficients of a fit"},
        batch=None,
        threads=threads,
        fit={"names": fit.names, "family": fit.family, "estimate": fit.coefficients.tolist()},
        arrays=arrays,
    )
