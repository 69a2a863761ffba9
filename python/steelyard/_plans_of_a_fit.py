"""Plans that keep the columns of a fitted regression and draw its outcomes."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from ._plan_base import BoundPlan, Lookup, Plan
from .errors import refuse


class _OfAFit(Plan):
    """Plans that draw outcomes from a fitted regression, not rows from data."""

    def bind(self, n: int, sample: NDArray[np.int64] | None, lookup: Lookup) -> BoundPlan:
        """Refuse: there is no fit in data."""
        raise refuse(
            "plan needs a fit",
            at="plan",
            got=type(self).__name__,
            allowed="sy.bootstrap(sy.regress(...), plan=...)",
            remedy="Fit the regression first and pass it in the place of the data.",
        )


@dataclasses.dataclass(frozen=True, eq=False)
class Parametric(_OfAFit):
    """Outcomes are drawn from a fitted regression: normal errors, or binomial counts at its probabilities.

    As good as the model: the errors' law, their equal variance and their independence are believed. Use it to see what
    the fit would do if the model were true, as for small counts; not to find out how sure one can be of the model.

    References
    ----------
    Davison, A. C., and Hinkley, D. V. (1997), sections 2.2 and 7.2. doi:10.1017/CBO9780511802843.

    Examples
    --------
    >>> import steelyard as sy
    >>> fit = sy.regress([[1], [2], [3], [5], [4], [3]], [2.0, 3.9, 4.2, 9.5, 8.3, 6.5], names=["fidelity"])
    >>> result = sy.bootstrap(fit, plan=sy.plans.Parametric(), n_resamples=999, rng=1)
    >>> result.terms, result.method
    (('(intercept)', 'fidelity'), 'studentized')
    """

    def what(self, family: str) -> str:
        """Say what is drawn."""
        return "rows, " + ("normal errors" if family == "gaussian" else "binomial counts") + " from the fit"


@dataclasses.dataclass(frozen=True, eq=False)
class Residual(_OfAFit):
    """Errors are drawn with replacement from the residuals of a least-squares fit, and added back to it.

    Columns stay as they are, so every replicate is estimable. The errors must be of one size: where they are not, draw
    rows (`IID`) or sites (`Cluster`), or use `fit.wild_test`.

    Parameters
    ----------
    residuals
        `"adjusted"` (default): each over the root of 1 - leverage, so that all have the variance of the errors, and
        centred; `"raw"`: as they are, centred, too small by a factor of root (1 - k/n) on average.

    References
    ----------
    Davison, A. C., and Hinkley, D. V. (1997), algorithm 6.1. doi:10.1017/CBO9780511802843.

    Examples
    --------
    >>> import steelyard as sy
    >>> fit = sy.regress([[1], [2], [3], [5], [4], [3]], [2.0, 3.9, 4.2, 9.5, 8.3, 6.5], names=["fidelity"])
    >>> sy.bootstrap(fit, plan=sy.plans.Residual(), n_resamples=999, rng=1).plan
    'rows, adjusted residuals added to the fit'
    """

    residuals: str = "adjusted"

    def __post_init__(self) -> None:
        if self.residuals not in ("adjusted", "raw"):
            raise refuse("unknown residuals", at="residuals", got=repr(self.residuals), allowed="'adjusted' or 'raw'")

    def columns(self) -> list[str]:
        """Return no columns: the plan names none."""
        return []

    def what(self, family: str) -> str:
        """Say what is drawn."""
        return f"rows, {self.residuals} residuals added to the fit"
