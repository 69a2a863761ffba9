"""The result of a bootstrap: estimate, interval, distribution, and what they rest on."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._bootstrap_text import as_html, as_text
from ._frames import frame_in
from ._intervals import (
    METHODS,
    ConfidenceInterval,
    Replicated,
    collect,
    method_name,
    needs_jackknife,
    request,
)
from ._result import Result
from ._studentized import Errors, checked_errors, errors_of
from ._t_scale import TScale
from .errors import InputError, refuse

if TYPE_CHECKING:
    from ._bootstrap_source import Source


@dataclasses.dataclass(frozen=True)
class BootstrapResult(Result):
    """What a bootstrap found.

    Attributes
    ----------
    estimate : float or ndarray
        The statistic on the data.
    confidence_interval : ConfidenceInterval
        With `.low` and `.high`, each with its Monte Carlo error.
    standard_error : float or ndarray
        SD of the distribution: n - 1 when drawn, that of the population when enumerated.
    bias : float or ndarray
        Mean of the distribution minus the estimate.
    bootstrap_distribution : ndarray, shape of the statistic + (n_resamples,)
        Replicates last, as in scipy. When enumerated, `probabilities` has the probability of each.
    enumerated : bool
        Whether every resample there is was visited: no Monte Carlo error then.
    n_undefined : int
        Replicates on which the statistic is undefined or infinite (the most over outputs), and their mass.
    jackknife : ndarray or None
        The statistic with each unit left out, shape of the statistic + (n_units,).
    jackknife_standard_error : float, ndarray or None
    acceleration : float, ndarray or None
        Of BCa, from the jackknife by unit.
    method, method_reason
        The interval method, and why it was chosen.
    plan, n_units, unit_labels
        What was resampled.
    seed, n_resamples, data_hash
        What a replay needs.
    own_error, replicate_errors : float or ndarray, ndarray, or None
        Standard errors on the data and on each replicate, when the interval is studentized.
    scale, degrees_of_freedom : str, float or None
        Of t intervals: the scale on which they are symmetric (identity; logit of shares, Fisher z of correlations,
        ...), and units minus strata, fewer where sites differ in size.
    status, caveats
        `ok`, `refused` or `interrupted`; what a reader should know.
    """

    estimate: Any
    confidence_interval: ConfidenceInterval
    standard_error: Any
    bias: Any
    bootstrap_distribution: NDArray[np.float64]
    probabilities: NDArray[np.float64] | None
    enumerated: bool
    n_undefined: int
    undefined_mass: float
    jackknife: NDArray[np.float64] | None
    jackknife_standard_error: Any
    acceleration: Any
    statistic: str
    terms: tuple[str, ...]
    method: str
    method_reason: str
    plan: str
    plan_options: dict[str, Any]
    strata: tuple[int, ...]
    unit_labels: tuple[Any, ...]
    n_rows: int
    n_resamples: int
    seed: int
    status: str
    caveats: tuple[str, ...]
    data_hash: str
    library: str = "pandas"
    scale: str = "identity"
    degrees_of_freedom: float | None = None
    own_error: Any = None
    replicate_errors: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        self.bootstrap_distribution.flags.writeable = False

    @property
    def n_units(self) -> int:
        """Units that are resampled: rows or sites."""
        return sum(self.strata)

    @property
    def monte_carlo_error(self) -> Any:
        """The larger Monte Carlo standard error of the two ends; 0 when enumerated."""
        worst = np.maximum(self.confidence_interval.low_error, self.confidence_interval.high_error)
        return float(worst) if np.ndim(worst) == 0 else worst

    @property
    def _source(self) -> Source | None:
        return self.__dict__.get("_kept")

    def _keep(self, source: Source) -> BootstrapResult:
        # Data and statistic are no part of the record, so they are no field: they do not survive JSON.
        object.__setattr__(self, "_kept", source)
        return self

    def _needed(self, what: str) -> Source:
        if self._source is None and self.plan_options.get("drawn") == "from a fit":
            raise refuse(
                f"{what} needs data that are resampled",
                got="outcomes drawn from a fit",
                remedy="For more replicates call sy.bootstrap(fit, ...) with a larger n_resamples: the first are kept.",
            )
        if self._source is None:
            raise refuse(
                f"{what} needs the data, which JSON does not hold",
                remedy="Call sy.bootstrap on the data with bootstrap_result=this result.",
            )
        return self._source

    def _errors(self) -> Errors | None:
        """Return the standard errors of the replicates, replayed if they are not at hand."""
        shape = (len(self.terms), self.n_resamples)
        if self.replicate_errors is not None:
            return Errors(np.asarray(self.own_error, dtype=float).reshape(-1), self.replicate_errors.reshape(shape))
        source = self._needed("a studentized interval")
        errors, _ = errors_of(source, seed=self.seed, count=self.n_resamples, enumerated=self.enumerated)
        return checked_errors(errors, source.plan.scale, shape)

    def _replicated(self, jackknife: bool, errors: Errors | None = None) -> Replicated:
        k = len(np.atleast_1d(np.asarray(self.estimate)).reshape(-1))
        values = self.jackknife
        if values is None and jackknife:
            values = self._needed("this interval").jackknife()
        return Replicated(
            distribution=self.bootstrap_distribution.reshape(k, -1),
            probabilities=self.probabilities,
            estimate=np.asarray(self.estimate, dtype=np.float64).reshape(-1),
            jackknife=None if values is None else values.reshape(k, -1),
            strata=list(self.strata),
            shape=np.shape(self.estimate),
            errors=errors,
            t=None if self.degrees_of_freedom is None else TScale(self.scale, self.degrees_of_freedom),
        )

    def interval(
        self,
        method: str | None = None,
        confidence_level: float | None = None,
        alternative: str | None = None,
        quantile: str = "linear",
    ) -> ConfidenceInterval:
        """Return another interval from the same replicates.

        Parameters
        ----------
        method
            percentile, expanded percentile, basic, normal, BCa, studentized or t; None: that of the result.
        confidence_level, alternative
            None: those of the result.
        quantile
            `"linear"` between order statistics as NumPy and scipy, or `"normal-scale"` as R's boot. An enumerated
            distribution has one quantile, the inverse CDF.

        Examples
        --------
        >>> import steelyard as sy
        >>> result = sy.bootstrap([1.0, 2.0, 4.0, 9.0], "mean", rng=1)
        >>> result.interval("percentile", 0.9).low
        1.75
        """
        name = self.method if method is None else method_name(method)
        asked = request(
            name,
            self.confidence_interval.confidence_level if confidence_level is None else confidence_level,
            self.confidence_interval.alternative if alternative is None else alternative,
            quantile,
        )
        errors = self._errors() if name == "studentized" else None
        replicated = self._replicated(needs_jackknife(name), errors)
        return collect(replicated, replicated.summaries([asked]), 0, asked)

    def intervals(self, confidence_level: float | None = None) -> Any:
        """Return all intervals side by side: one row per output and method, as a frame.

        Examples
        --------
        >>> import steelyard as sy
        >>> sy.bootstrap([1.0, 2.0, 4.0, 9.0], "mean", rng=1).intervals()["method"].tolist()
        ['percentile', 'expanded percentile', 'basic', 'normal', 'BCa', 'studentized', 't']
        """
        level = self.confidence_interval.confidence_level if confidence_level is None else confidence_level
        asked = [request(name, level, self.confidence_interval.alternative) for name in METHODS]
        try:
            errors = self._errors()
        except InputError:
            # Its row then says that there is no such interval, and why.
            errors = None
        replicated = self._replicated(self.jackknife is not None or self._source is not None, errors)
        rows = []
        for term, summary in zip(self.terms, replicated.summaries(asked), strict=True):
            for name, part in zip(METHODS, summary["intervals"], strict=True):
                ends = (part["low"], part["high"], part["low_error"], part["high_error"])
                rows.append((term, name, *ends, part["status"], part["reason"]))
        names = ("term", "method", "conf_low", "conf_high", "low_error", "high_error", "status", "reason")
        return frame_in(dict(zip(names, zip(*rows, strict=True), strict=True)), self.library)

    def simultaneous(self, confidence_level: float | None = None) -> ConfidenceInterval:
        """Return a band that covers all outputs at once: estimates plus or minus a common number of standard errors.

        The number is the quantile of the largest distance of a replicate from the estimate, in standard errors, over
        outputs (sup-t; Montiel Olea and Plagborg-Moller 2019, doi:10.1002/jae.2656). Outputs that never vary are left
        out of the maximum.

        Examples
        --------
        >>> import numpy as np, steelyard as sy
        >>> x = np.random.default_rng(1).normal(size=(40, 3))
        >>> result = sy.bootstrap(x, "mean", n_resamples=999, rng=1)
        >>> bool((result.simultaneous().high > result.interval("normal").high).all())
        True
        """
        from ._intervals import checked_level

        level = checked_level(
            self.confidence_interval.confidence_level if confidence_level is None else confidence_level
        )
        estimate, error = (np.asarray(x, dtype=np.float64) for x in (self.estimate, self.standard_error))
        flat, scale = self.bootstrap_distribution.reshape(len(self.terms), -1), error.reshape(-1, 1)
        varies = (scale > 0).reshape(-1)
        away = np.abs(flat[varies] - estimate.reshape(-1, 1)[varies]) / scale[varies]
        reason = None
        if self.undefined_mass > 0.01:
            reason = f"the statistic is undefined in {100 * self.undefined_mass:.2f} % of the replicates"
        most = away.max(axis=0)[np.isfinite(away).all(axis=0)] if varies.any() else np.zeros(1)
        if self.probabilities is None:
            width = float(np.quantile(most, level))
        else:
            kept = self.probabilities[np.isfinite(away).all(axis=0)] if varies.any() else np.ones(1)
            order = np.argsort(most)
            width = float(most[order][np.searchsorted(np.cumsum(kept[order]) / kept.sum(), level - 1e-12)])
        width = float("nan") if reason else width
        ends = (estimate - width * error, estimate + width * error)
        low, high = (float(end) if end.ndim == 0 else end for end in ends)
        status = "refused" if reason else "ok"
        nothing = np.zeros_like(estimate) if self.enumerated else np.full_like(estimate, np.nan)
        return ConfidenceInterval(low, high, "sup-t", level, "two-sided", nothing, nothing, status, reason)

    def jackknife_after(self, confidence_level: float | None = None) -> Any:
        """Return the distribution without each unit in turn (jackknife-after-bootstrap, Efron 1992), as a frame.

        One row per output and unit: the estimate without it, and mean, SD and percentile interval of the replicates
        that happen to leave it out. A unit whose row stands apart decides the result.

        Examples
        --------
        >>> import steelyard as sy
        >>> after = sy.bootstrap([1.0, 2.0, 4.0, 9.0], "mean", rng=1).jackknife_after()
        >>> after["estimate_without"].round(3).tolist()
        [5.0, 4.667, 4.0, 2.333]
        """
        from ._bootstrap_build import jackknife_after

        return jackknife_after(self, confidence_level)

    def extend(self, n: int, *, threads: int | None = None, progress: Any = None) -> BootstrapResult:
        """Return a result with `n` further replicates; the first ones are kept, as a longer run would have had them.

        Examples
        --------
        >>> import numpy as np, steelyard as sy
        >>> x = np.arange(30.0)
        >>> a = sy.bootstrap(x, "mean", n_resamples=100, rng=1).extend(100)
        >>> b = sy.bootstrap(x, "mean", n_resamples=200, rng=1)
        >>> bool((a.bootstrap_distribution == b.bootstrap_distribution).all())
        True
        """
        from ._bootstrap import extended

        return extended(self, n, threads=threads, progress=progress)

    def tidy(self) -> Any:
        """Return one row per output: estimate, standard error of the interval's method, interval, undefined replicates.

        Examples
        --------
        >>> import steelyard as sy
        >>> sy.bootstrap([1.0, 2.0, 4.0, 9.0], "mean", rng=1).tidy()["estimate"].tolist()
        [4.0]
        """
        k = len(self.terms)

        def column(values: Any) -> list[float]:
            return [float("nan")] * k if values is None else np.asarray(values, dtype=float).reshape(-1).tolist()

        errors = self.jackknife_standard_error if self.method == "t" else self.standard_error
        ci = self.confidence_interval
        columns: dict[str, list[Any]] = {
            "term": list(self.terms),
            "estimate": column(self.estimate),
            "std_error": column(errors),
            "conf_low": column(ci.low),
            "conf_high": column(ci.high),
            "low_error": column(ci.low_error),
            "high_error": column(ci.high_error),
            "method": [self.method] * k,
            "status": [self.status] * k,
        }
        return frame_in(columns, self.library)

    def __repr__(self) -> str:
        return as_text(self)

    def _html(self) -> str:
        return as_html(self)

    def plot(self, ax: Any = None, output: int = 0) -> Any:
        """Draw the distribution of one output, with the estimate and the interval.

        Parameters
        ----------
        ax
            Matplotlib Axes to draw on; made when None.
        output
            Which output, when the statistic has several.

        Returns
        -------
        matplotlib.axes.Axes

        Examples
        --------
        >>> import steelyard as sy
        >>> ax = sy.bootstrap([1.0, 2.0, 4.0, 9.0], "mean", rng=1).plot()
        >>> ax.get_ylabel()
        'probability'
        """
        from ._bootstrap_plots import draw_distribution

        return draw_distribution(self, ax, output)

    def plot_jackknife_after(self, ax: Any = None, output: int = 0) -> Any:
        """Draw what the result would be without each unit (`jackknife_after`), ordered by the estimate without it.

        Parameters
        ----------
        ax
            Matplotlib Axes to draw on; made when None.
        output
            Which output, when the statistic has several.

        Returns
        -------
        matplotlib.axes.Axes

        Examples
        --------
        >>> import steelyard as sy
        >>> ax = sy.bootstrap([1.0, 2.0, 4.0, 9.0], "mean", rng=1).plot_jackknife_after()
        >>> [label.get_text() for label in ax.get_yticklabels()]
        ['3', '2', '1', '0']
        """
        from ._bootstrap_plots import draw_jackknife_after

        return draw_jackknife_after(self, ax, output)
