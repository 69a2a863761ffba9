"""Permutation tests: all arrangements where that is affordable, ties counted, whole sites where they are the unit."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._callables import Ticker, numbers
from ._exchange import Exchange, exchange_of
from ._intervals import ALTERNATIVES, one_of
from ._long import Progress, run_long, thread_count
from ._names import folded
from ._permutation_result import PermutationResult, PValues
from ._random import RNG, seed_of
from ._result import data_hash
from ._samples import takes_axis
from .errors import refuse

__all__ = ["permutation_test"]

_ENUMERATED = 5_000_000
_ENUMERATED_PYTHON = 20
_MOST = 10**9
_TYPES = ("independent", "samples", "pairings", "residuals")
_NAMES = {
    "differenceofmeans": "difference of means",
    "differenceinmeans": "difference of means",
    "meandifference": "difference of means",
    "mean": "mean",
    "pearson": "pearson",
    "pearsonr": "pearson",
    "correlation": "pearson",
}


def permutation_test(
    data: Any,
    statistic: str | Callable[..., Any],
    *,
    permutation_type: str = "independent",
    strata: Any = None,
    sites: Any = None,
    covariates: Any = None,
    n_resamples: float = 9999,
    alternative: str = "two-sided",
    two_sided: str = "doubled",
    enumeration: str = "auto",
    adjust: str | None = None,
    rng: RNG = None,
    threads: int | None = None,
    progress: Progress = None,
    vectorized: bool | None = None,
    batch: int | None = None,
    axis: int = 0,
) -> PermutationResult:
    """Test by rearranging what the null hypothesis says is exchangeable.

    Parameters
    ----------
    data
        A tuple or list of samples, as in scipy. For correlations the first may have several columns: `(X, y)`.
    statistic
        `"difference of means"`, `"mean"` (of paired differences), `"pearson"`, or any Python function of the samples.
    permutation_type
        `"independent"`: observations move between samples. `"samples"` (or `"paired"`): values are exchanged within a
        pair; of one sample the signs are flipped. `"pairings"`: the last sample is reordered. `"residuals"`: residuals
        of the last sample given `covariates` are reordered and added back (Freedman and Lane 1983).
    strata
        Exchange within strata only: one label per observation (of all samples in order, when independent).
    sites
        Exchange whole sites: one label per observation. Group labels (or the first sample, for pairings) must be
        constant within a site.
    covariates
        For residuals: an array of columns; the intercept is added.
    n_resamples
        Random arrangements, when they are not enumerated.
    alternative, two_sided
        `"two-sided"` doubles the smaller tail as scipy does; `two_sided="symmetric"` counts absolute values instead.
    enumeration
        `"auto"`: all arrangements up to 5 million (a Python function: up to 20 x `n_resamples`); `"always"`; `"never"`.
    adjust
        `"max-T"`: step-down p-values that hold for all statistics at once (Westfall and Young 1993).
    rng, threads, progress, vectorized, batch, axis
        As in `sy.bootstrap`.

    Returns
    -------
    PermutationResult

    Raises
    ------
    InputError
        Unknown options; samples of different lengths where they are paired; a label that varies within a site; one
        observation in a sample.

    Notes
    -----
    Ties with the observed statistic count in full in `pvalue` (weak); `pvalues` has strict and mid as well. Two values
    tie when they differ by no more than rounding. With random arrangements the observed one counts as one of them
    (Phipson and Smyth 2010, doi:10.2202/1544-6115.1585). `floor` is the smallest p-value that these data can reach. The
    test is exact when what is exchanged is exchangeable under the null hypothesis; residuals are so only approximately.

    References
    ----------
    Freedman, D., and Lane, D. (1983). doi:10.1080/07350015.1983.10509354.
    Westfall, P. H., and Young, S. S. (1993). Resampling-based multiple testing. Wiley.

    Examples
    --------
    Three centres against three: twenty splits, so no two-sided p below .10.

    >>> import steelyard as sy
    >>> result = sy.permutation_test(([103.0, 102, 109], [97.0, 89, 89]), "difference of means")
    >>> result.n_resamples, round(result.pvalue, 3), round(result.floor, 3)
    (20, 0.1, 0.1)
    """
    kind = "samples" if permutation_type == "paired" else one_of("permutation_type", permutation_type, _TYPES)
    alternative = one_of("alternative", alternative, ALTERNATIVES)
    tail = one_of("two_sided", two_sided, ("doubled", "symmetric")) if alternative == "two-sided" else alternative
    if adjust is not None and (not isinstance(adjust, str) or folded(adjust) != "maxt"):
        raise refuse("unknown option", at="adjust", got=repr(adjust), allowed="'max-T' or None")
    wish = one_of("enumeration", enumeration, ("auto", "always", "never"))
    if n_resamples == np.inf:
        wish, n_resamples = "always", 1
    exchange = exchange_of(data, kind, strata, sites, covariates, axis)
    name = _name(statistic)
    linear = exchange.linear(name) if isinstance(statistic, str) else None
    limit = (
        _ENUMERATED
        if linear is not None or wish == "always"
        else min(_ENUMERATED, _ENUMERATED_PYTHON * _count(n_resamples))
    )
    possible = None if wish == "never" else _core.permutation_count(*exchange.arguments, limit)
    if possible is None and wish == "always":
        raise refuse(
            "too many arrangements to enumerate",
            at="enumeration",
            got=f"{len(exchange.labels)} units",
            allowed=f"at most {limit:,} arrangements",
            remedy='Pass enumeration="auto" to draw them.',
        )
    seed, enumerated = seed_of(rng), possible is not None
    count = possible if possible is not None else _count(n_resamples)
    run, workers = _Run(exchange, seed, count, enumerated), thread_count(threads)

    def finish(raw: tuple[Any, Any]) -> PermutationResult:
        observed, null = (np.asarray(part, dtype=np.float64) for part in raw)
        by_output = null.reshape(observed.size, -1)
        judged = _core.permutation_pvalues(
            by_output, observed.reshape(-1).tolist(), tail, enumerated, adjust is not None, workers
        )
        how = {"type": kind, "alternative": alternative, "tail": tail, "adjust": adjust, "what": exchange.what}
        return _result(name, exchange, run, observed, by_output, judged, how)

    if linear is not None:
        matrix, values, nuisance = linear
        call: Any = _linear_call(matrix, values, nuisance, run, workers)
    else:
        call = _python_call(_function(statistic, name), run, vectorized, batch)
    result: PermutationResult = run_long(call, progress=progress, description="permutation test", finish=finish)
    return result


@dataclasses.dataclass(frozen=True)
class _Run:
    exchange: Exchange
    seed: int
    count: int
    enumerated: bool


def _count(n: Any) -> int:
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or not 1 <= n <= _MOST:
        raise refuse("number of resamples not allowed", at="n_resamples", got=repr(n), allowed=f"1 to {_MOST:,}")
    return int(n)


def _name(statistic: Any) -> str:
    if isinstance(statistic, str):
        if folded(statistic) not in _NAMES:
            known = ", ".join(sorted(set(_NAMES.values())))
            raise refuse("unknown statistic", at="statistic", got=repr(statistic), allowed=f"{known}, or a function")
        return _NAMES[folded(statistic)]
    if not callable(statistic):
        raise refuse("statistic not understood", at="statistic", got=repr(statistic), allowed="a name or a function")
    return str(getattr(statistic, "__name__", type(statistic).__name__))


def _linear_call(matrix: Any, values: Any, nuisance: int, run: _Run, threads: int) -> Callable[..., Any]:
    def call(*, progress: Any) -> tuple[tuple[Any, Any], bool]:
        return _core.permutation_linear(
            matrix, values, nuisance, *run.exchange.arguments, run.seed, run.count, run.enumerated, threads, progress
        )

    return call


def _python_call(
    function: Callable[..., Any], run: _Run, vectorized: bool | None, batch: int | None
) -> Callable[..., Any]:
    exchange = run.exchange
    whole = takes_axis(function) if vectorized is None else vectorized
    width = sum(part.size for part in exchange.parts)
    step = batch or int(np.clip(2_000_000 // max(1, width), 1, 4096))

    def evaluate(arrangements: NDArray[np.int64], first: int) -> NDArray[np.float64]:
        if exchange.ragged:
            # Samples whose sizes change cannot share one array.
            options = {"axis": -1} if whole else {}
            each = (exchange.arranged(row[None, :]) for row in arrangements)
            return np.stack(
                [
                    _called(function, f"in arrangement {first + i}", *(part[..., 0, :] for part in parts), **options)
                    for i, parts in enumerate(each)
                ]
            )
        parts = exchange.arranged(arrangements)
        where = f"in arrangements from {first}"
        if whole:
            value = _called(function, where, *parts, axis=-1)
            if value.ndim == 0 or value.shape[-1] != len(arrangements):
                raise refuse(
                    "statistic returned the wrong shape",
                    at=where.removeprefix("in "),
                    got=value.shape,
                    allowed=f"one value for each of {len(arrangements)} arrangements on the last axis",
                    remedy="Reduce over `axis` only, or pass vectorized=False.",
                )
            return np.moveaxis(value, -1, 0)
        values = [
            _called(function, f"in arrangement {first + i}", *(part[..., i, :] for part in parts))
            for i in range(len(arrangements))
        ]
        return np.stack(values)

    def call(*, progress: Any) -> tuple[tuple[Any, Any], bool]:
        observed = evaluate(exchange.labels[None, :], 0)[0]
        tick = Ticker(progress, run.count)
        done: list[NDArray[np.float64]] = []
        interrupted = False
        try:
            for start in range(0, run.count, step):
                n = min(step, run.count - start)
                drawn = _core.permutation_draws(*exchange.arguments, run.seed, start, n, run.enumerated)
                done.append(evaluate(drawn.reshape(n, -1), start))
                tick(start + n)
        except KeyboardInterrupt:
            interrupted = True
        null = np.concatenate(done) if done else np.empty((0, *observed.shape))
        return (observed, np.ascontiguousarray(null.reshape(len(null), observed.size).T)), interrupted

    return call


def _called(function: Callable[..., Any], what: str, *args: Any, **kwargs: Any) -> NDArray[np.float64]:
    try:
        value = function(*args, **kwargs)
    except Exception as error:
        error.add_note(f"raised by the statistic {what}")
        raise
    return numbers(value, what)


def _function(statistic: str | Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return a Python function of the samples; of a named statistic, where the fast form does not apply."""
    if callable(statistic):
        return statistic
    named: dict[str, Callable[..., Any]] = {"difference of means": _difference, "mean": _mean, "pearson": _pearson}
    return named[name]


def _difference(x: Any, y: Any, axis: int = -1) -> Any:
    return np.mean(x, axis=axis) - np.mean(y, axis=axis)


def _mean(x: Any, axis: int = -1) -> Any:
    return np.mean(x, axis=axis)


def _pearson(x: Any, y: Any, axis: int = -1) -> Any:
    x = x - np.mean(x, axis=axis, keepdims=True)
    y = y - np.mean(y, axis=axis, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (x * y).sum(axis=axis) / np.sqrt((x * x).sum(axis=axis) * (y * y).sum(axis=axis))


def _result(
    name: str,
    exchange: Exchange,
    run: _Run,
    observed: NDArray[np.float64],
    null: NDArray[np.float64],
    judged: dict[str, Any],
    how: dict[str, Any],
) -> PermutationResult:
    shape = exchange.output_shape if observed.ndim == 1 and observed.size == exchange.n_outputs else observed.shape
    shape = () if observed.size == 1 and len(shape) <= 1 else shape

    def shaped(values: list[float]) -> Any:
        return float(values[0]) if shape == () else np.array(values).reshape(shape)

    def ties(parts: list[dict[str, float]]) -> PValues:
        return PValues(**{which: shaped([part[which] for part in parts]) for which in ("strict", "weak", "mid")})

    each = judged["each"]
    pvalues = ties([part["p"] for part in each])
    interrupted = null.shape[1] < run.count
    notes = []
    if interrupted and run.enumerated:
        notes.append("Interrupted: a part of all arrangements is no random sample of them; do not interpret it.")
    if how["type"] == "residuals":
        notes.append("Residuals are exchangeable only approximately: the test is asymptotic, not exact.")
    undefined = max(part["n_undefined"] for part in each)
    if undefined:
        notes.append(f"The statistic is undefined on {undefined} arrangements; they count as extreme.")
    return PermutationResult(
        statistic=shaped(observed.reshape(-1).tolist()),
        pvalue=pvalues.weak,
        pvalues=pvalues,
        adjusted=None if judged["adjusted"] is None else ties(judged["adjusted"]),
        floor=shaped([part["floor"] for part in each]),
        monte_carlo_error=shaped([part["monte_carlo_error"] for part in each]),
        null_distribution=null.reshape(*shape, -1),
        enumerated=run.enumerated,
        n_resamples=null.shape[1],
        n_undefined=undefined,
        name=name,
        permutation_type=how["type"],
        exchanged=how["what"],
        n_units=exchange.n_units,
        alternative=how["alternative"],
        two_sided_rule=how["tail"],
        adjust=how["adjust"],
        seed=run.seed,
        status="interrupted" if interrupted else "ok",
        caveats=tuple(notes),
        data_hash=data_hash(*exchange.parts, exchange.labels),
    )
