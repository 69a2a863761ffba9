"""Joint tests of several hypotheses on the coefficients of a regression."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._frames import frame_like
from ._html import table
from ._result import Result
from .errors import refuse

if TYPE_CHECKING:
    from ._regression import Regression


@dataclasses.dataclass(frozen=True)
class JointTest(Result):
    """A test of several hypotheses at once.

    Attributes
    ----------
    hypotheses : tuple of str
        What is tested, in words.
    statistic : float
        The F ratio, with `numerator` and `denominator` degrees of freedom; with an infinite denominator
        `numerator` times it is chi-squared.
    pvalue : float
    wald : float
        The quadratic form in the estimates (test "wald") or in the scores (test "score").
    wishart : float or None
        Degrees of freedom of the covariance of the estimates, where the law is Hotelling's.
    test, vcov : str
        "wald" or "score"; the covariance.
    """

    hypotheses: tuple[str, ...]
    statistic: float
    pvalue: float
    numerator: int
    denominator: float
    wald: float
    wishart: float | None
    test: str
    vcov: str
    sites: int
    data: str

    def tidy(self) -> Any:
        """Return one row: term, statistic, df_numerator, df_denominator, p_value."""
        return frame_like(
            {
                "term": ["; ".join(self.hypotheses)],
                "statistic": [self.statistic],
                "df_numerator": [self.numerator],
                "df_denominator": [self.denominator],
                "p_value": [self.pvalue],
            },
            self._like,
        )

    def _how(self) -> str:
        name = {"wald": "Wald test", "score": "score test"}[self.test]
        law = "" if self.wishart is None else f", Hotelling's law with {self.wishart:.2f} degrees of freedom"
        units = f", {self.sites} sites" if self.sites else ""
        return f"{name}, {self.vcov}{law}{units}"

    def _law(self) -> str:
        below = "∞" if math.isinf(self.denominator) else f"{self.denominator:.2f}".rstrip("0").rstrip(".")
        return f"F({self.numerator}, {below})"

    def __repr__(self) -> str:
        found = f"{self._law()} = {self.statistic:.4f}, p = {self.pvalue:.4f}"
        return f"{'; '.join(self.hypotheses)}: {found}\n  {self._how()}"

    def _html(self) -> str:
        rows = [(self._law(), self.statistic), ("p", self.pvalue)]
        return table("; ".join(self.hypotheses), ("", "value"), rows, digits=4, note=self._how())


def joint_test(fit: Regression, hypotheses: Any, null: Any, test: str, vcov: str | None, df: str | None) -> JointTest:
    """Carry `Regression.joint_test` out."""
    contrasts, values, words = _matrix(fit, hypotheses, null)
    options = {
        "names": fit.names,
        "family": fit.family,
        "vcov": vcov or fit.vcov,
        "df": df,
        "test": test,
        "null": values.tolist(),
    }
    raw = _core.regress_joint(json.dumps(options), fit.arrays, contrasts)
    return JointTest(
        hypotheses=words,
        statistic=raw["statistic"],
        pvalue=raw["pvalue"],
        numerator=raw["hypotheses"],
        denominator=raw["denominator"],
        wald=raw["wald"],
        wishart=raw["wishart"],
        test=test,
        vcov=vcov or fit.vcov,
        sites=len(fit.sites),
        data=fit.data,
    )


def _matrix(
    fit: Regression, hypotheses: Any, null: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[str, ...]]:
    """Return contrasts (q x k), their values under the null, and each hypothesis in words."""
    k = len(fit.names)
    if isinstance(hypotheses, Mapping):
        if not isinstance(null, (int, float)) or null != 0:
            raise refuse("null values given twice", at="null", got=repr(null), allowed="values in the mapping only")
        hypotheses, null = list(hypotheses), list(hypotheses.values())
    if isinstance(hypotheses, (str, int)):
        hypotheses = [hypotheses]
    given = list(hypotheses)
    if all(isinstance(term, (str, int, np.integer)) for term in given):
        places = [fit._term(term if isinstance(term, str) else int(term)) for term in given]
        contrasts = np.eye(k)[places]
        names = [fit.names[place] for place in places]
    else:
        contrasts = np.array(given, dtype=np.float64)
        if contrasts.ndim != 2 or contrasts.shape[1] != k or not np.isfinite(contrasts).all():
            raise refuse(
                "contrasts of the wrong shape",
                at="hypotheses",
                got=f"shape {contrasts.shape}",
                allowed=f"terms, a mapping from terms to values, or rows of {k} finite numbers: {', '.join(fit.names)}",
            )
        names = [_written(row, fit.names) for row in contrasts]
    values = np.array(np.broadcast_to(np.asarray(null, dtype=np.float64), len(contrasts)))
    if not np.isfinite(values).all():
        raise refuse("null value not allowed", at="null", got=values.tolist(), allowed="finite numbers")
    words = tuple(f"{name} = {value:g}" for name, value in zip(names, values.tolist(), strict=True))
    return np.ascontiguousarray(contrasts), values, words


def _written(row: NDArray[np.float64], names: tuple[str, ...]) -> str:
    """Write a linear combination as text."""
    parts = [f"{value:+g} {name}" for value, name in zip(row.tolist(), names, strict=True) if value]
    return " ".join(parts).removeprefix("+").replace("-1 ", "-").removeprefix("1 ").replace("+1 ", "+")
