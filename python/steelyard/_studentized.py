"""Standard errors of replicates, for studentized intervals: the jackknife in Rust, or a function of the caller."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._callables import Named, PythonStatistic, Ticker, batch_size
from .errors import InputError, refuse

if TYPE_CHECKING:
    from ._bootstrap_source import Source


@dataclasses.dataclass(frozen=True)
class Errors:
    """Standard errors on the data (outputs) and on the replicates (outputs x replicates): internal."""

    own: NDArray[np.float64]
    each: NDArray[np.float64]


def errors_of(
    source: Source, *, seed: int, count: int, enumerated: bool, progress: Any = None
) -> tuple[Errors | None, bool]:
    """Return the standard errors of replicates `0..count`, whose draws are replayed, and whether that was interrupted.

    Raises
    ------
    InputError
        When the statistic has no standard error on a replicate.
    """
    if source.standard_error is not None:
        return _python(source, source.standard_error, seed, count, enumerated, progress)
    if isinstance(source.statistic, PythonStatistic):
        raise _undefined("a Python function", "Pass standard_error=, a function that returns it for a resample.")
    if not source.has_errors:
        raise _undefined("a fit on resampled rows or sites", "Use BCa or t; or draw outcomes: sy.plans.Parametric().")
    options = {"statistic": source.statistic, "seed": seed, "enumerated": enumerated, "threads": source.threads}

    def run(given: NDArray[np.float64] | None, count: int, progress: Any = None) -> tuple[Any, bool]:
        return _core.bootstrap_errors(
            source.rows.table(),
            source.rows.sample,
            source.plan.units,
            source.plan.strata,
            source.plan_text,
            json.dumps(options | {"count": count}),
            given,
            progress=progress,
        )

    own, _ = run(np.ones((1, len(source.plan.strata))), 1)
    if own is None:
        raise _undefined(
            f"{source.statistic['name']} over {source.plan.what}",
            "Its own standard error is known for functions of sums over rows or sites that are drawn whole; for others "
            "pass standard_error=.",
        )
    given = None if source.given is None else source.counts()
    if given is not None and not (given == np.round(given)).all():
        raise _undefined("resamples by weights", "Supply indices, or whole numbers as weights.")
    each, interrupted = run(given, count, progress)
    if interrupted:
        return None, True
    return Errors(own, np.ascontiguousarray(each.reshape(-1, len(own)).T)), False


def checked_errors(errors: Errors | None, scale: float, shape: tuple[int, ...]) -> Errors | None:
    """Return the standard errors on the scale of the distribution, whose shape they must have."""
    if errors is None:
        return None
    if errors.each.shape != shape or len(errors.own) != shape[0]:
        raise refuse(
            "standard errors of another shape than the statistic",
            at="standard_error",
            got=f"{len(errors.own)} per resample",
            allowed=f"{shape[0]}",
        )
    # m out of n shrinks deviations; the t ratio must not notice.
    return Errors(errors.own, scale * errors.each)


def _undefined(got: str, remedy: str) -> InputError:
    return refuse(
        "studentized interval without standard errors",
        at="method",
        got=got,
        allowed="a statistic whose standard error is known on every replicate",
        remedy=remedy,
    )


def _python(
    source: Source, function: PythonStatistic, seed: int, count: int, enumerated: bool, progress: Any
) -> tuple[Errors | None, bool]:
    own = function.estimate()
    done: list[NDArray[np.float64]] = []
    tick, step = Ticker(progress, count), batch_size(source.rows, source.batch)
    try:
        for start in range(0, count, step):
            n = min(step, count - start)
            if source.given is not None:
                resamples = source.rows_of(source.given[start : start + n])
            else:
                resamples, _ = source.resamples(seed, start, n, enumerated)
            done.append(function.many(resamples, Named("in replicate {}", range(start, start + n))))
            tick(start + n)
    except KeyboardInterrupt:
        return None, True
    return Errors(own, np.ascontiguousarray(np.concatenate(done).T)), False
