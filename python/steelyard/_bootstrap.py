"""The bootstrap: plan, replicates, interval; enumerated where every resample can be visited."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from . import _core
from ._bootstrap_build import replicate
from ._bootstrap_result import BootstrapResult
from ._bootstrap_source import Source, checked_resamples
from ._callables import PythonStatistic
from ._fit_source import fit_source
from ._intervals import ALTERNATIVES, checked_level, method_name, one_of
from ._long import Progress, thread_count
from ._model_bootstrap import model_bootstrap
from ._plan_base import BoundPlan
from ._random import RNG, seed_of
from ._regression import Regression
from ._samples import Rows, compiled, read_rows
from ._t_scale import statistic_name
from .errors import refuse
from .plans import IID, Parametric, Plan, Residual

__all__ = ["bootstrap"]

# Design, law 2: compiled statistics enumerate up to this many resamples, Python functions up to this many times B.
_ENUMERATED = 5_000_000
_ENUMERATED_PYTHON = 20
# Memory: the distribution itself is the caller's wish, but nobody means more than this many numbers.
_MOST_RESAMPLES = 10**9
# Below this many sites the default is t on the site jackknife: simulated, BCa by site covers too little at 50 and 79.
_FEW_SITES = 100


def bootstrap(
    data: Any,
    statistic: str | Callable[..., Any] | None = None,
    *,
    plan: Plan | None = None,
    n_resamples: int = 9999,
    confidence_level: float = 0.95,
    alternative: str = "two-sided",
    method: str | None = None,
    enumeration: str = "auto",
    accuracy: float | None = None,
    resamples: Any = None,
    rng: RNG = None,
    threads: int | None = None,
    progress: Progress = None,
    paired: bool = False,
    vectorized: bool | None = None,
    batch: int | None = None,
    axis: int = 0,
    bootstrap_result: BootstrapResult | None = None,
    standard_error: Callable[..., Any] | None = None,
) -> BootstrapResult:
    """Estimate a statistic with its standard error and a confidence interval, by resampling.

    Parameters
    ----------
    data
        One array or frame: rows are units. A tuple or list of arrays: samples, as in scipy; independent unless
        `paired`. Or a fit of `sy.regress`: its sites are drawn, or its rows where it has none; with
        `plan=sy.plans.Parametric()` or `Residual()` outcomes are drawn from it, and intervals are studentized by
        default.
    statistic
        The name of a compiled statistic (mean, proportion, median, quantile(p), trimmed mean(cut), standard deviation,
        variance, difference of means, ratio of means, pearson, spearman, kendall, cronbach alpha, icc; rate and
        difference of rates of counts k and n in two columns; coefficients and r2 of the last column on the others), or
        any Python function. It is called with the rows (or the samples) of a resample and returns a number or an array;
        NaN counts as undefined.
    plan
        What is drawn: `sy.plans.IID()` (rows, the default), `Stratified`, `Cluster` (whole sites), ...
    n_resamples
        Replicates to draw; raising it keeps the first ones.
    confidence_level, alternative
        0.95 two-sided; `"less"` gives an upper end only, `"greater"` a lower.
    method
        percentile, expanded percentile, basic, normal, BCa, studentized (bootstrap-t) or t. None: BCa for independent
        rows, as scipy; with sites t on the site jackknife below 100 sites and BCa by site from there, except for
        quantiles: expanded percentile.
    enumeration
        `"auto"`: every resample is visited when there are at most 5 million (for a Python function at most
        20 x `n_resamples`); `"always"`; `"never"`.
    accuracy
        Draw until every end is known to this half-width at 95 %, in units of the statistic: replicates are added up to
        10 million; a caveat says when that was not enough.
    resamples
        Supplied resamples instead of drawn ones: integers, one row of row numbers (of units, with sites) per replicate;
        or floats, one row of weights (at least 0, one per unit) per replicate.
    rng
        An int, a NumPy Generator (advanced by one draw) or None.
    threads
        None: the cores available. The bytes do not depend on it.
    progress
        None: a bar after one second, in a notebook or terminal; False; or a callable `(done, total)`.
    paired, vectorized, batch, axis
        As in scipy. `vectorized` None: True when the function has a parameter `axis`.
    bootstrap_result
        An earlier result on the same data: its replicates are kept and `n_resamples` are added (0 is allowed).
    standard_error
        For studentized intervals of any statistic: a Python function that is called as the statistic is and returns its
        standard error. None: the jackknife by unit, for compiled statistics that are functions of sums.

    Returns
    -------
    BootstrapResult

    Raises
    ------
    InputError
        Fewer than two rows or sites, a plan of another length than the data, repeated sites without a plan, values
        that are not finite, an unknown statistic, method or option. What a Python statistic raises reaches the caller
        with a note that names the replicate.

    Notes
    -----
    Replicate i draws from a stream of its own, a function of seed and i alone, so that threads and batches change
    nothing. An enumerated distribution carries `.probabilities`: multinomial weights of multisets, whose quantiles are
    the inverse CDF. Enumeration does not make an interval right: with six sites the enumerated percentile interval
    covers about 85 %. When more than 1 % of replicates are undefined the interval is refused.

    References
    ----------
    Davison, A. C., and Hinkley, D. V. (1997). Bootstrap methods and their application. doi:10.1017/CBO9780511802843.
    Efron, B. (1987). Better bootstrap confidence intervals. doi:10.2307/2289144.
    Fisher, N. I., and Hall, P. (1991). Bootstrap algorithms for small samples. doi:10.1016/0378-3758(91)90013-5.

    Examples
    --------
    Six centres: all 462 resamples are visited.

    >>> import steelyard as sy
    >>> totals = [97.0, 103, 102, 89, 89, 109]
    >>> result = sy.bootstrap(totals, "mean", method="percentile")
    >>> result.n_resamples, round(result.confidence_interval.low, 2), round(result.confidence_interval.high, 2)
    (462, 92.5, 103.83)
    """
    level, alternative = checked_level(confidence_level), one_of("alternative", alternative, ALTERNATIVES)
    if isinstance(data, Regression):
        if statistic not in (None, "coefficients"):
            raise refuse("statistic of a fit", at="statistic", got=repr(statistic), allowed="'coefficients'")
        if standard_error is not None:
            raise refuse("standard error of a fit", at="standard_error", allowed="none: the fit has its own")
        if isinstance(plan, (Parametric, Residual)):
            _drawn_from_a_fit(
                accuracy=accuracy,
                resamples=resamples,
                bootstrap_result=bootstrap_result,
                enumeration=None if enumeration in ("auto", "never") else enumeration,
            )
            return model_bootstrap(
                data,
                plan,
                n_resamples=_count(n_resamples, least=1),
                level=level,
                alternative=alternative,
                method=None if method is None else method_name(method),
                rng=rng,
                threads=threads,
                progress=progress,
            )
        source: Source = fit_source(data, _checked(plan), thread_count(threads))
    else:
        rows, bound = _read(data, plan, paired, axis)
        source = Source(
            rows,
            bound,
            _statistic(statistic, rows, vectorized),
            _batch(batch),
            thread_count(threads),
            _standard_error(standard_error, rows, vectorized),
        )
    if bootstrap_result is not None and not isinstance(bootstrap_result, BootstrapResult):
        raise refuse("not a bootstrap result", at="bootstrap_result", got=type(bootstrap_result).__name__)
    n_resamples = _count(n_resamples, least=0 if bootstrap_result is not None else 1)
    name, reason = _method(method, source)
    if resamples is not None:
        source = dataclasses.replace(source, given=checked_resamples(source, resamples))
    if accuracy is not None and not (isinstance(accuracy, (int, float)) and 0 < accuracy < float("inf")):
        raise refuse("accuracy not allowed", at="accuracy", got=repr(accuracy), allowed="a number above 0")
    wish = "never" if source.given is not None else enumeration
    enumerated, possible = _enumerable(source, wish, n_resamples)
    seed = bootstrap_result.seed if bootstrap_result is not None else seed_of(rng)
    before = None if bootstrap_result is None else _continued(bootstrap_result, source)
    if before is not None:
        enumerated = bootstrap_result is not None and bootstrap_result.enumerated
    result = replicate(
        source,
        seed=seed,
        count=possible if enumerated and before is None else (0 if enumerated else n_resamples),
        enumerated=enumerated,
        before=before,
        how=(name, reason, level, alternative),
        statistic=_name_of(statistic or "coefficients"),
        progress=progress,
    )
    return result if accuracy is None or source.given is not None else _refined(result, accuracy, progress)


def _drawn_from_a_fit(**options: Any) -> None:
    """Refuse what only resamples of rows or sites can do."""
    for name, value in options.items():
        if value is not None:
            raise refuse(
                f"{name} with outcomes drawn from a fit",
                at=name,
                got=value if isinstance(value, (str, int, float)) else type(value).__name__,
                allowed="resamples of rows or sites: sy.plans.IID, Stratified, Cluster and their like",
                remedy="Leave it out; a call with more n_resamples and the same rng begins with the same replicates.",
            )


# No automatic run draws more than this.
_MOST_AUTOMATIC = 10_000_000


def _refined(result: BootstrapResult, accuracy: float, progress: Progress) -> BootstrapResult:
    """Add replicates until the Monte Carlo half-width of every end is at most `accuracy`."""
    while result.status == "ok":
        half = 1.96 * float(np.max(result.monte_carlo_error))
        if half <= accuracy:
            return result
        if result.n_resamples >= _MOST_AUTOMATIC:
            note = f"After {result.n_resamples} replicates the ends are known to {half:.2g}, not to {accuracy:g}."
            return dataclasses.replace(result, caveats=(*result.caveats, note))._keep(result._needed("accuracy"))
        wanted = int(1.1 * result.n_resamples * (half / accuracy) ** 2) + 100
        more = min(wanted, 20 * result.n_resamples, _MOST_AUTOMATIC) - result.n_resamples
        result = extended(result, max(more, 100), threads=None, progress=progress)
    return result


def _checked(plan: Any) -> Plan | None:
    if plan is not None and not isinstance(plan, Plan):
        raise refuse(
            "plan not understood",
            at="plan",
            got=type(plan).__name__,
            allowed="one of sy.plans: IID(), Stratified(strata), Cluster(sites), ...",
        )
    return plan


def _read(data: Any, plan: Plan | None, paired: bool, axis: int) -> tuple[Rows, BoundPlan]:
    plan = _checked(plan)
    columns = plan.columns() if plan is not None else []
    rows = read_rows(data, paired=paired, axis=axis, plan_columns=columns, by_name=plan is not None)
    return rows, (plan or IID()).bind(rows.n, rows.sample, rows.lookup)


def _count(n: Any, *, least: int) -> int:
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or not least <= n <= _MOST_RESAMPLES:
        raise refuse(
            "number of resamples not allowed",
            at="n_resamples",
            got=repr(n),
            allowed=f"{least} to {_MOST_RESAMPLES:,}",
            remedy="The Monte Carlo error of 9999 is rarely worth a hundredth of the interval; look at it before more.",
        )
    return int(n)


def _batch(batch: int | None) -> int | None:
    if batch is not None and (isinstance(batch, bool) or not isinstance(batch, (int, np.integer)) or batch < 1):
        raise refuse("batch not allowed", at="batch", got=repr(batch), allowed="an int from 1, or None")
    return batch


def _statistic(statistic: Any, rows: Rows, vectorized: bool | None) -> dict[str, Any] | PythonStatistic:
    if isinstance(statistic, str):
        return compiled(statistic)
    if not callable(statistic):
        raise refuse(
            "statistic not understood" if statistic is not None else "statistic missing",
            at="statistic",
            got=repr(statistic),
            allowed="a name or a function",
        )
    if vectorized not in (None, True, False):
        raise refuse("option not allowed", at="vectorized", got=repr(vectorized), allowed="True, False or None")
    return PythonStatistic(statistic, rows, vectorized)


def _standard_error(function: Any, rows: Rows, vectorized: bool | None) -> PythonStatistic | None:
    if function is not None and not callable(function):
        raise refuse("standard error not understood", at="standard_error", got=repr(function), allowed="a function")
    return None if function is None else PythonStatistic(function, rows, vectorized)


def _name_of(statistic: Any) -> str:
    return statistic if isinstance(statistic, str) else getattr(statistic, "__name__", type(statistic).__name__)


def _method(method: str | None, source: Source) -> tuple[str, str]:
    if method is not None:
        return method_name(method), "asked for"
    if not source.plan.has_sites:
        return "BCa", "the default for independent rows"
    if statistic_name(source) in ("median", "quantile"):
        return "expanded percentile", "the default for quantiles over sites, whose jackknife is inconsistent"
    sites = len(source.plan.strata)
    if sites < _FEW_SITES:
        return "t", f"the default below {_FEW_SITES} sites ({sites} here): t on the site jackknife"
    return "BCa", f"the default from {_FEW_SITES} sites, acceleration by site"


def _enumerable(source: Source, enumeration: Any, n_resamples: int) -> tuple[bool, int]:
    wish = one_of("enumeration", enumeration, ("auto", "always", "never"))
    if wish == "never":
        return False, 0
    python = isinstance(source.statistic, PythonStatistic)
    limit = min(_ENUMERATED, _ENUMERATED_PYTHON * n_resamples) if python and wish == "auto" else _ENUMERATED
    possible = _core.bootstrap_multisets(source.plan.units, source.plan.strata, source.plan_text, limit)
    if possible is None and wish == "always":
        raise refuse(
            "too many resamples to enumerate",
            at="enumeration",
            got=f"{len(source.plan.strata)} {source.plan.what}",
            allowed=f"at most {limit:,} resamples (about 12 units in one stratum)",
            remedy='Pass enumeration="auto" to draw them.',
        )
    return possible is not None, possible or 0


def _continued(earlier: BootstrapResult, source: Source) -> BootstrapResult:
    same = earlier.data_hash == source.hash and earlier.plan_options == source.plan.options
    if not same or list(earlier.strata) != source.plan.strata_sizes:
        raise refuse(
            "result of other data",
            at="bootstrap_result",
            got=earlier.data_hash,
            allowed=source.hash,
            remedy="Pass the data and the plan that the earlier result was made from.",
        )
    return earlier


def extended(result: BootstrapResult, n: int, *, threads: int | None, progress: Progress) -> BootstrapResult:
    """Add `n` replicates to a result that still has its data."""
    source = result._needed("extend")
    if source.given is not None:
        raise refuse("supplied resamples cannot be extended", at="extend", allowed="resamples drawn by the plan")
    if result.enumerated:
        raise refuse("every resample was visited already", at="extend", got=f"{result.n_resamples} resamples")
    source = dataclasses.replace(source, threads=thread_count(threads))
    ci = result.confidence_interval
    return replicate(
        source,
        seed=result.seed,
        count=_count(n, least=0),
        enumerated=False,
        before=result,
        how=(result.method, result.method_reason, ci.confidence_level, ci.alternative),
        statistic=result.statistic,
        progress=progress,
    )
