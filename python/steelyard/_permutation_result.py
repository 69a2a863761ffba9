"""The result of a permutation test."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._axes import axes_of
from ._brief import brief
from ._frames import frame_in
from ._html import listed, table
from ._result import Result, serialisable


@serialisable
@dataclasses.dataclass(frozen=True)
class PValues:
    """p-values by how ties with the observed statistic count: not at all, in full, half."""

    strict: Any
    weak: Any
    mid: Any


@dataclasses.dataclass(frozen=True)
class PermutationResult(Result):
    """What a permutation test found.

    Attributes
    ----------
    statistic, pvalue : float or ndarray
        As scipy names them; `pvalue` counts ties in full.
    pvalues : PValues
        `.strict`, `.weak` and `.mid`.
    adjusted : PValues or None
        Step-down max-T over all statistics.
    floor : float or ndarray
        The smallest p-value that these data, or this number of random arrangements, can reach.
    monte_carlo_error : float or ndarray
        Standard error of `pvalue`; 0 when enumerated.
    null_distribution : ndarray, shape of the statistic + (n_resamples,)
    enumerated : bool
    n_resamples, seed, n_units, exchanged
        How many arrangements of what.
    two_sided_rule : str
        `doubled`, `symmetric`, or the one-sided alternative.
    """

    statistic: Any
    pvalue: Any
    pvalues: PValues
    adjusted: PValues | None
    floor: Any
    monte_carlo_error: Any
    null_distribution: NDArray[np.float64]
    enumerated: bool
    n_resamples: int
    n_undefined: int
    name: str
    permutation_type: str
    exchanged: str
    n_units: int
    alternative: str
    two_sided_rule: str
    adjust: str | None
    seed: int
    status: str
    caveats: tuple[str, ...]
    data_hash: str

    def _rows(self) -> list[tuple[Any, ...]]:
        k = int(np.size(self.statistic))
        terms = [self.name] if k == 1 else [f"{self.name}[{j}]" for j in range(k)]
        adjusted = [None] * k if self.adjusted is None else np.reshape(self.adjusted.weak, -1).tolist()
        columns = (self.statistic, self.pvalue, self.floor, self.monte_carlo_error)
        return list(zip(terms, *(np.reshape(c, -1).tolist() for c in columns), adjusted, strict=True))

    def tidy(self) -> Any:
        """Return one row per statistic: value, p, adjusted p, floor and Monte Carlo error.

        Examples
        --------
        >>> import steelyard as sy
        >>> result = sy.permutation_test(([1.0, 2, 3], [4.0, 5, 6]), "difference of means")
        >>> result.tidy()["p_value"].round(3).tolist()
        [0.1]
        """
        names = ("term", "statistic", "p_value", "floor", "monte_carlo_error", "p_adjusted")
        return frame_in(dict(zip(names, zip(*self._rows(), strict=True), strict=True)), "pandas")

    def _heading(self) -> str:
        how = f"all {self.n_resamples}" if self.enumerated else f"{self.n_resamples} random"
        return f"Permutation test of {self.name}: {how} arrangements of {self.exchanged}"

    def __repr__(self) -> str:
        lines = []
        for term, value, p, floor, error, adjusted in self._rows():
            text = f"  {term}: {value:.5g}, p = {p:.4g}"
            text += "" if adjusted is None else f", adjusted {adjusted:.4g}"
            text += f" (smallest within reach {floor:.3g}" + (
                ")" if self.enumerated else f"; Monte Carlo error {error:.2g})"
            )
            lines.append(text)
        lines = [self._heading(), *brief(lines)]
        lines.append(f"  {self.alternative}, by the {self.two_sided_rule} tail; ties count in full")
        return "\n".join(lines + [f"  note: {text}" for text in self.caveats])

    def _html(self) -> str:
        heads = ("term", "statistic", "p", "smallest p within reach", "Monte Carlo error", "adjusted p")
        note = f"{self.alternative}, by the {self.two_sided_rule} tail; ties count in full. Seed {self.seed}."
        return table(self._heading(), heads, self._rows(), digits=4, note=note) + listed(self.caveats)

    def plot(self, ax: Any = None, output: int = 0) -> Any:
        """Draw the null distribution of one statistic with the observed value.

        Examples
        --------
        >>> import steelyard as sy
        >>> ax = sy.permutation_test(([1.0, 2, 3], [4.0, 5, 6]), "difference of means").plot()
        >>> ax.get_ylabel()
        'arrangements'
        """
        ax = axes_of(ax, 6, 3.2)
        null = self.null_distribution.reshape(-1, self.n_resamples)[output]
        ax.hist(null[np.isfinite(null)], bins=50, color="#9db4c0", edgecolor="none")
        term, value, p, *_ = self._rows()[output]
        ax.axvline(value, color="#b3541e", label=f"observed {value:.4g}, p = {p:.3g}")
        ax.set_xlabel(term)
        ax.set_ylabel("arrangements")
        ax.set_label(f"Null distribution of {term}: observed {value:.4g}, p = {p:.3g}.")
        ax.legend(frameon=False, fontsize=8)
        return ax
