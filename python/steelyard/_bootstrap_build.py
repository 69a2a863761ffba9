"""From raw replicates to a `BootstrapResult`: intervals, names, shapes and caveats."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from . import _core
from ._bootstrap_result import BootstrapResult
from ._bootstrap_simulated import simulated
from ._bootstrap_source import Source
from ._callables import PythonStatistic
from ._frames import frame_in
from ._intervals import Replicated, checked_level, collect, needs_jackknife, request
from ._long import Progress, run_long
from ._studentized import checked_errors, errors_of
from ._t_scale import t_scale
from .errors import refuse

# The delete-one values are computed unasked when that takes about as many steps as this.
_CHEAP = 20_000_000


def replicate(
    source: Source,
    *,
    seed: int,
    count: int,
    enumerated: bool,
    before: BootstrapResult | None,
    how: tuple[str, str, float, str],
    statistic: str,
    progress: Progress,
) -> BootstrapResult:
    """Make replicates (further ones, after an earlier result) and the result that they give."""
    n_units = len(source.plan.strata)
    cheap = not isinstance(source.statistic, PythonStatistic) and n_units * source.rows.n <= _CHEAP
    jackknife = needs_jackknife(how[0]) or cheap
    first = before.n_resamples if before is not None else 0
    count = count if source.given is None else len(source.given)

    def call(*, progress: Any) -> tuple[dict[str, Any], bool]:
        if source.given is not None:
            raw, interrupted = source.supplied(jackknife=jackknife, progress=progress)
        else:
            raw, interrupted = source.run(
                seed, first, count, enumerated=enumerated, jackknife=jackknife, progress=progress
            )
        raw["errors"] = None
        if how[0] == "studentized" and not interrupted:
            raw["errors"], interrupted = errors_of(
                source, seed=seed, count=first + count, enumerated=enumerated, progress=progress
            )
        return raw, interrupted

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
    errors = checked_errors(raw["errors"], source.plan.scale, new.shape)
    t = t_scale(source)
    sizes = source.plan.strata_sizes
    replicated = Replicated(new, probabilities, estimate, jackknife, sizes, shape, errors, t, source.threads)
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
        data_hash=source.hash,
        library=source.rows.library,
        scale=t.name,
        degrees_of_freedom=t.degrees_of_freedom,
        own_error=None if errors is None else replicated.shaped(errors.own),
        replicate_errors=None if errors is None else errors.each.reshape(*shape, -1),
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
    if isinstance(source.statistic, dict) and source.statistic["name"] == "coefficients":
        columns = source.rows.terms[:-1] if len(source.rows.terms) == k else tuple(f"column {j}" for j in range(k - 1))
        return ("(intercept)", *columns)
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
    if "exact" in result.confidence_interval.scale:
        notes.append(_exact(result, "sites" if source.plan.has_sites else "rows"))
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
    if source.plan.has_sites:
        notes += simulated(result, source)
    if result.status == "interrupted":
        notes.append("Interrupted: these are the replicates that were complete.")
        if result.enumerated:
            notes.append("The enumeration is a part of all resamples, no random sample of them: do not interpret it.")
    return tuple(notes)


def _exact(result: BootstrapResult, units: str) -> str:
    how_many = "none" if float(np.min(result.estimate)) == 0 else "all"
    return (
        f"Where {how_many} of the participants count there is no standard error: the limit is that of Clopper and "
        f"Pearson with {units} as trials, which holds however alike the participants of one are, and is wide."
    )


def jackknife_after(result: BootstrapResult, confidence_level: float | None) -> Any:
    """Build the frame of `BootstrapResult.jackknife_after`."""
    source = result._needed("jackknife_after")
    if source.given is not None:
        raise refuse(
            "supplied resamples cannot be replayed", at="jackknife_after", allowed="resamples drawn by the plan"
        )
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
