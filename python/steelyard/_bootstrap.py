"""The bootstrap: plan, replicates, interval; enumerated where every resample can be visited."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._bootstrap_result import BootstrapResult
from ._callables import PythonStatistic, Ticker, batch_size
from ._frames import frame_in
from ._intervals import ALTERNATIVES, Replicated, checked_level, collect, method_name, needs_jackknife, one_of, request
from ._long import Progress, run_long, thread_count
from ._random import RNG, seed_of
from ._regress import Regression
from ._result import data_hash
from ._samples import Rows, compiled, read_rows
from .errors import refuse
from .plans import IID, BoundPlan, Plan

__all__ = ["bootstrap"]

# Design, law 2: compiled statistics enumerate up to this many resamples, Python functions up to this many times B.
_ENUMERATED = 5_000_000
_ENUMERATED_PYTHON = 20
# Memory: the distribution itself is the caller's wish, but nobody means more than this many numbers.
_MOST_RESAMPLES = 10**9
# Below this many sites the default is t on the site jackknife.
_FEW_SITES = 50
# The delete-one values are computed unasked when that takes about as many steps as this.
_CHEAP = 20_000_000


@dataclasses.dataclass(frozen=True)
class Source:
    """Data, plan and statistic of a result: what further replicates are made from. Internal."""

    # Why a replicate can be undefined, where that is known.
    undefined: ClassVar[str] = ""

    rows: Rows
    plan: BoundPlan
    statistic: dict[str, Any] | PythonStatistic
    batch: int | None
    threads: int

    @property
    def plan_text(self) -> str:
        """The plan's options as the core reads them."""
        return json.dumps(self.plan.options)

    def run(
        self, seed: int, first: int, count: int, *, enumerated: bool, jackknife: bool, progress: Any = None
    ) -> tuple[dict[str, Any], bool]:
        """Return `(raw, interrupted)`: values (replicates x outputs), probabilities, estimate, jackknife."""
        if isinstance(self.statistic, PythonStatistic):
            return self._run_python(seed, first, count, enumerated, jackknife, progress)
        options = {
            "statistic": self.statistic,
            "seed": seed,
            "first": first,
            "count": count,
            "enumerated": enumerated,
            "threads": self.threads,
            "jackknife": jackknife,
        }
        return _core.bootstrap_run(
            self.rows.table(),
            self.rows.sample,
            self.plan.units,
            self.plan.strata,
            self.plan_text,
            json.dumps(options),
            progress=progress,
        )

    def supplied(self, given: NDArray[Any], *, jackknife: bool, progress: Any) -> tuple[dict[str, Any], bool]:
        """Return `(raw, interrupted)` as `run` does, on resamples that the caller supplied."""
        if isinstance(self.statistic, PythonStatistic):
            raw, _ = self._run_python(0, 0, 0, False, jackknife, None)
            rows = self._rows_of(given)
            names = _Named("in supplied resample {}", range(len(rows)))
            return raw | {"values": self.statistic.many(rows, names).reshape(-1)}, False
        raw, _ = self.run(0, 0, 0, enumerated=False, jackknife=jackknife)
        n_units = len(self.plan.strata)
        if given.dtype.kind in "iu":
            flat = given + n_units * np.arange(len(given))[:, None]
            given = np.bincount(flat.reshape(-1), minlength=n_units * len(given)).reshape(len(given), n_units)
        values, interrupted = _core.bootstrap_supplied(
            self.rows.table(),
            self.rows.sample,
            self.plan.units,
            self.plan.strata,
            json.dumps(self.statistic),
            np.ascontiguousarray(given, dtype=np.float64),
            self.threads,
            progress=progress,
        )
        return raw | {"values": values}, interrupted

    def _run_python(
        self, seed: int, first: int, count: int, enumerated: bool, jackknife: bool, progress: Any
    ) -> tuple[dict[str, Any], bool]:
        statistic = self.statistic
        assert isinstance(statistic, PythonStatistic)
        raw: dict[str, Any] = {"estimate": statistic.estimate(), "probabilities": None, "jackknife": None}
        done: list[NDArray[np.float64]] = []
        shares: list[NDArray[np.float64]] = []
        interrupted = False
        tick = Ticker(progress, count)
        step = batch_size(self.rows, self.batch)
        try:
            if jackknife:
                raw["jackknife"] = self.jackknife().T
            for start in range(0, count, step):
                n = min(step, count - start)
                resamples, probabilities = self._resamples(seed, first + start, n, enumerated)
                done.append(
                    statistic.many(resamples, _Named("in replicate {}", range(first + start, first + start + n)))
                )
                if probabilities is not None:
                    shares.append(probabilities)
                tick(start + n)
        except KeyboardInterrupt:
            interrupted = True
        raw["values"] = np.concatenate(done).reshape(-1) if done else np.empty(0)
        if enumerated:
            raw["probabilities"] = np.concatenate(shares[: len(done)]) if done else np.empty(0)
        return raw, interrupted

    def _resamples(
        self, seed: int, first: int, n: int, enumerated: bool
    ) -> tuple[list[NDArray[np.int64]], NDArray[np.float64] | None]:
        """Return the rows of replicates, and their probabilities when enumerated."""
        law = self.plan.options.get("law", "multinomial")
        plan = (self.plan.units, self.plan.strata, self.plan_text, seed, first, n)
        if law in ("multinomial", "balanced"):
            drawn, probabilities = _core.bootstrap_units(*plan, enumerated)
            return self._rows_of(drawn.reshape(n, -1)), probabilities
        if law != "two-stage":
            raise refuse(
                "weights given to a Python function",
                at="plan",
                got=self.plan.what,
                allowed="a plan that draws whole rows or sites",
                remedy="Use a compiled statistic, or sy.plans.IID, Cluster, TwoStage or Balanced.",
            )
        counts = _core.bootstrap_weights(*plan).reshape(n, -1).astype(np.int64)
        rows = np.arange(self.rows.n)
        return [np.repeat(rows, row) for row in counts], None

    def _rows_of(self, drawn: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Return the rows behind drawn units: one array per replicate."""
        units = self.plan.units
        if len(units) == len(self.plan.strata) and (units == np.arange(len(units))).all():
            return list(drawn)
        order = np.argsort(units, kind="stable")
        groups = np.split(order, np.cumsum(np.bincount(units))[:-1])
        return [np.concatenate([groups[unit] for unit in replicate]) for replicate in drawn]

    def jackknife(self) -> NDArray[np.float64]:
        """Return the statistic with each unit left out, outputs x units."""
        if not isinstance(self.statistic, PythonStatistic):
            raw, _ = self.run(0, 0, 0, enumerated=False, jackknife=True)
            return np.ascontiguousarray(raw["jackknife"].reshape(len(self.plan.strata), -1).T)
        labels, units, step = self.plan.labels, self.plan.units, batch_size(self.rows, self.batch)
        parts = []
        for start in range(0, len(labels), step):
            left_out = range(start, min(start + step, len(labels)))
            resamples = [np.flatnonzero(units != unit) for unit in left_out]
            parts.append(self.statistic.many(resamples, _Named("without unit {!r}", labels[start : start + step])))
        return np.ascontiguousarray(np.concatenate(parts).T)


@dataclasses.dataclass(frozen=True)
class _Named:
    """Names resample i of a batch in errors."""

    form: str
    names: Sequence[Any]

    def __call__(self, i: int) -> str:
        return self.form.format(self.names[i])


def bootstrap(
    data: Any,
    statistic: str | Callable[..., Any],
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
) -> BootstrapResult:
    """Estimate a statistic with its standard error and a confidence interval, by resampling.

    Parameters
    ----------
    data
        One array or frame: rows are units. A tuple or list of arrays: samples, as in scipy; independent unless
        `paired`. Or a regression from `sy.regress`: its rows are drawn, or its sites where it has them.
    statistic
        The name of a compiled statistic (mean, proportion, median, quantile(p), trimmed mean(cut), standard deviation,
        variance, difference of means, ratio of means, pearson, spearman, kendall, cronbach alpha), or any Python
        function. Of a regression: `"coefficients"`. A function is called with the rows (or the samples) of a resample
        and returns a number or an array; NaN counts
        as undefined.
    plan
        What is drawn: `sy.plans.IID()` (rows, the default), `Stratified`, `Cluster` (whole sites), ...
    n_resamples
        Replicates to draw; raising it keeps the first ones.
    confidence_level, alternative
        0.95 two-sided; `"less"` gives an upper end only, `"greater"` a lower.
    method
        percentile, expanded percentile, basic, normal, BCa or t. None: BCa for independent rows, as scipy; with sites
        t on the site jackknife below 50 sites and BCa by site from there.
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
    source: Source
    if isinstance(data, Regression):
        from ._fit_source import fit_source

        source = fit_source(data, statistic, plan, thread_count(threads))
    else:
        rows, bound = _read(data, plan, paired, axis)
        source = Source(rows, bound, _statistic(statistic, rows, vectorized), _batch(batch), thread_count(threads))
    if bootstrap_result is not None and not isinstance(bootstrap_result, BootstrapResult):
        raise refuse("not a bootstrap result", at="bootstrap_result", got=type(bootstrap_result).__name__)
    n_resamples = _count(n_resamples, least=0 if bootstrap_result is not None else 1)
    name, reason = _method(method, source.plan)
    given = None if resamples is None else checked_resamples(source, resamples)
    if accuracy is not None and not (isinstance(accuracy, (int, float)) and 0 < accuracy < float("inf")):
        raise refuse("accuracy not allowed", at="accuracy", got=repr(accuracy), allowed="a number above 0")
    wish = "never" if given is not None else enumeration
    enumerated, possible = _enumerable(source, wish, n_resamples)
    seed = bootstrap_result.seed if bootstrap_result is not None else seed_of(rng)
    before = None if bootstrap_result is None else _continued(bootstrap_result, source)
    if before is not None:
        enumerated = bootstrap_result is not None and bootstrap_result.enumerated
    result = _run(
        source,
        given=given,
        seed=seed,
        count=possible if enumerated and before is None else (0 if enumerated else n_resamples),
        enumerated=enumerated,
        before=before,
        how=(name, reason, level, alternative),
        statistic=_name_of(statistic),
        progress=progress,
    )
    return result if accuracy is None or given is not None else _refined(result, accuracy, progress)


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


def checked_resamples(source: Source, resamples: Any) -> NDArray[Any]:
    """Return supplied resamples: row (or unit) numbers as integers, or weights as floats."""
    values = np.asarray(resamples)
    n_units = len(source.plan.strata)
    integers = values.dtype.kind in "iu"
    if (
        values.ndim != 2
        or len(values) < 1
        or values.dtype.kind not in "iuf"
        or (not integers and values.shape[1] != n_units)
    ):
        raise refuse(
            "resamples of the wrong shape",
            at="resamples",
            got=f"{values.dtype} of shape {values.shape}",
            allowed=f"replicates x draws of integers, or replicates x {n_units} of weights",
        )
    low, high = values.min(), values.max()
    if integers and not 0 <= low <= high < n_units:
        raise refuse(
            "index out of range", at="resamples", got=int(low if low < 0 else high), allowed=f"0 to {n_units - 1}"
        )
    if not integers and not (low >= 0 and np.isfinite(high)):
        raise refuse("weight not allowed", at="resamples", got=float(low), allowed="finite numbers of at least 0")
    if source.plan.options or (not integers and isinstance(source.statistic, PythonStatistic)):
        raise refuse(
            "resamples do not fit the call",
            at="resamples",
            got=source.plan.what,
            allowed="whole rows or sites; weights only with a compiled statistic",
        )
    return values


def _read(data: Any, plan: Plan | None, paired: bool, axis: int) -> tuple[Rows, BoundPlan]:
    if plan is not None and not isinstance(plan, Plan):
        raise refuse(
            "plan not understood",
            at="plan",
            got=type(plan).__name__,
            allowed="one of sy.plans: IID(), Stratified(strata), Cluster(sites), ...",
        )
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
        raise refuse("statistic not understood", at="statistic", got=repr(statistic), allowed="a name or a function")
    if vectorized not in (None, True, False):
        raise refuse("option not allowed", at="vectorized", got=repr(vectorized), allowed="True, False or None")
    return PythonStatistic(statistic, rows, vectorized)


def _name_of(statistic: Any) -> str:
    return statistic if isinstance(statistic, str) else getattr(statistic, "__name__", type(statistic).__name__)


def _method(method: str | None, plan: BoundPlan) -> tuple[str, str]:
    if method is not None:
        return method_name(method), "asked for"
    if not plan.has_sites:
        return "BCa", "the default for independent rows"
    sites = len(plan.strata)
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
    same = earlier.data_hash == _hash(source) and earlier.plan_options == source.plan.options
    if not same or list(earlier.strata) != source.plan.strata_sizes:
        raise refuse(
            "result of other data",
            at="bootstrap_result",
            got=earlier.data_hash,
            allowed=_hash(source),
            remedy="Pass the data and the plan that the earlier result was made from.",
        )
    return earlier


def _hash(source: Source) -> str:
    parts = source.rows.parts if source.rows.frame is None else tuple(source.rows.columns.values())
    return data_hash(*parts, source.plan.units, source.plan.strata)


def _run(
    source: Source,
    *,
    given: NDArray[Any] | None = None,
    seed: int,
    count: int,
    enumerated: bool,
    before: BootstrapResult | None,
    how: tuple[str, str, float, str],
    statistic: str,
    progress: Progress,
) -> BootstrapResult:
    n_units = len(source.plan.strata)
    cheap = not isinstance(source.statistic, PythonStatistic) and n_units * source.rows.n <= _CHEAP
    jackknife = needs_jackknife(how[0]) or cheap
    first = before.n_resamples if before is not None else 0
    count = count if given is None else len(given)

    def call(*, progress: Any) -> tuple[dict[str, Any], bool]:
        if given is not None:
            return source.supplied(given, jackknife=jackknife, progress=progress)
        return source.run(seed, first, count, enumerated=enumerated, jackknife=jackknife, progress=progress)

    def finish(raw: dict[str, Any]) -> BootstrapResult:
        return _result(source, raw, before, seed, enumerated, how, statistic, expected=first + count)

    result: BootstrapResult = run_long(call, progress=progress, description="bootstrap", finish=finish)
    return result


def _result(
    source: Source,
    raw: dict[str, Any],
    before: BootstrapResult | None,
    seed: int,
    enumerated: bool,
    how: tuple[str, str, float, str],
    statistic: str,
    *,
    expected: int,
) -> BootstrapResult:
    estimate = raw["estimate"]
    k = len(estimate)
    shape = _shape(source, k)
    new = raw["values"].reshape(1, -1) if k == 1 else np.ascontiguousarray(raw["values"].reshape(-1, k).T)
    if source.plan.scale != 1:
        new = estimate[:, None] + source.plan.scale * (new - estimate[:, None])
    probabilities = raw["probabilities"]
    if before is not None:
        old = before.bootstrap_distribution.reshape(k, -1)
        new = np.concatenate([old, new], axis=1) if new.size else old
        probabilities = before.probabilities
    n_units = len(source.plan.strata)
    jackknife = None
    if raw["jackknife"] is not None and raw["jackknife"].size == n_units * k:
        jackknife = np.ascontiguousarray(raw["jackknife"].reshape(n_units, k).T)
    replicated = Replicated(new, probabilities, estimate, jackknife, source.plan.strata_sizes, shape)
    name, reason, level, alternative = how
    asked = request(name, level, alternative)
    summaries = replicated.summaries([asked])
    interval = collect(replicated, summaries, 0, asked)
    n_undefined = max(summary["n_undefined"] for summary in summaries)
    mass = max(summary["undefined_mass"] for summary in summaries)
    complete = new.shape[1] == expected
    result = BootstrapResult(
        estimate=replicated.shaped(estimate),
        confidence_interval=interval,
        standard_error=replicated.shaped(s["standard_error"] for s in summaries),
        bias=replicated.shaped(s["mean"] - float(e) for s, e in zip(summaries, estimate, strict=True)),
        bootstrap_distribution=new.reshape(*shape, -1),
        probabilities=probabilities,
        enumerated=enumerated,
        n_undefined=n_undefined,
        undefined_mass=mass,
        jackknife=None if jackknife is None else jackknife.reshape(*shape, -1),
        jackknife_standard_error=_of_jackknife(replicated, summaries, "standard_error"),
        acceleration=_of_jackknife(replicated, summaries, "acceleration"),
        statistic=statistic,
        terms=_terms(source, k, statistic),
        method=name,
        method_reason=reason,
        plan=source.plan.what,
        plan_options=source.plan.options,
        strata=tuple(source.plan.strata_sizes),
        unit_labels=source.plan.labels,
        n_rows=source.rows.n,
        n_resamples=new.shape[1],
        seed=seed,
        status=interval.status if complete else "interrupted",
        caveats=(),
        data_hash=_hash(source),
        library=source.rows.library,
    )
    return dataclasses.replace(result, caveats=_caveats(result, source))._keep(source)


def _shape(source: Source, k: int) -> tuple[int, ...]:
    if isinstance(source.statistic, PythonStatistic):
        return source.statistic.shape
    if k == 1 and source.rows.frame is None:
        return source.rows.shape() if int(np.prod(source.rows.shape())) == 1 and source.rows.row_axis == -1 else ()
    if source.rows.frame is not None or len(source.rows.parts) > 1:
        return () if k == 1 else (k,)
    return source.rows.shape()


def _terms(source: Source, k: int, statistic: str) -> tuple[str, ...]:
    if k == len(source.rows.terms) and (k > 1 or source.rows.frame is not None):
        return source.rows.terms
    return (statistic,) if k == 1 else tuple(f"{statistic}[{j}]" for j in range(k))


def _of_jackknife(replicated: Replicated, summaries: list[dict[str, Any]], name: str) -> Any:
    return None if summaries[0]["jackknife"] is None else replicated.shaped(s["jackknife"][name] for s in summaries)


def _caveats(result: BootstrapResult, source: Source) -> tuple[str, ...]:
    notes = []
    units = result.n_units
    if result.confidence_interval.reason:
        notes.append(f"Interval refused: {result.confidence_interval.reason}.")
    if result.n_undefined:
        notes.append(
            f"{result.n_undefined} of {result.n_resamples} replicates are undefined{source.undefined} "
            f"({100 * result.undefined_mass:.2g} % of the mass); the rest is conditional on being defined."
        )
    if units < 20 and result.method not in ("t", "expanded percentile"):
        narrow = "enumerating them all does not change that; " if result.enumerated else ""
        what = "sites" if source.plan.has_sites else "rows"
        notes.append(
            f"With {units} {what} intervals of this kind are too narrow (the percentile interval of a mean covers "
            f"about 85 % at six); {narrow}compare the t interval."
        )
    if result.method == "t" and source.plan.has_sites and units < 20:
        notes += _few_sites(source)
    if result.status == "interrupted":
        notes.append("Interrupted: these are the replicates that were complete.")
        if result.enumerated:
            notes.append("The enumeration is a part of all resamples, no random sample of them: do not interpret it.")
    return tuple(notes)


def _few_sites(source: Source) -> list[str]:
    """Say where the simulated coverage of the t interval fell below 93.5 % (benches/coverage_bootstrap.csv)."""
    sizes = np.bincount(source.plan.units)
    unequal = sizes.max() > 3 * sizes.min()
    part = source.rows.parts[0]
    binary = part.dtype.kind in "biuf" and part.size > 0 and bool(np.isin(part, (0, 1)).all())
    rare = binary and not 0.2 <= float(part.mean()) <= 0.8
    if not unequal and not rare:
        return []
    why = " and ".join(text for text, true in (("sites of unequal size", unequal), ("a rare outcome", rare)) if true)
    return [f"{len(sizes)} sites with {why}: in simulations the 95 % t interval covered 87 to 93 %. It is too narrow."]


def extended(result: BootstrapResult, n: int, *, threads: int | None, progress: Progress) -> BootstrapResult:
    """Add `n` replicates to a result that still has its data."""
    source = result._needed("extend")
    if result.enumerated:
        raise refuse("every resample was visited already", at="extend", got=f"{result.n_resamples} resamples")
    source = dataclasses.replace(source, threads=thread_count(threads))
    ci = result.confidence_interval
    return _run(
        source,
        seed=result.seed,
        count=_count(n, least=0),
        enumerated=False,
        before=result,
        how=(result.method, result.method_reason, ci.confidence_level, ci.alternative),
        statistic=result.statistic,
        progress=progress,
    )


def jackknife_after(result: BootstrapResult, confidence_level: float | None) -> Any:
    """Build the frame of `BootstrapResult.jackknife_after`."""
    source = result._needed("jackknife_after")
    level = checked_level(result.confidence_interval.confidence_level if confidence_level is None else confidence_level)
    replicated = result._replicated(jackknife=True)
    jackknife = replicated.jackknife
    assert jackknife is not None
    columns: dict[str, list[Any]] = {name: [] for name in _AFTER}
    for k, term in enumerate(result.terms):
        rows = _core.bootstrap_after(
            source.plan.units,
            source.plan.strata,
            source.plan_text,
            result.seed,
            np.ascontiguousarray(replicated.distribution[k]),
            replicated.probabilities,
            [(1 - level) / 2, (1 + level) / 2],
        )
        for label, without, row in zip(result.unit_labels, jackknife[k].tolist(), rows, strict=True):
            cells = (term, label, without, row["mean"], row["standard_error"], *row["quantiles"], row["n_replicates"])
            for name, cell in zip(_AFTER, cells, strict=True):
                columns[name].append(cell)
    return frame_in(columns, result.library)


_AFTER = ("term", "unit", "estimate_without", "mean", "std_error", "conf_low", "conf_high", "n_resamples")
