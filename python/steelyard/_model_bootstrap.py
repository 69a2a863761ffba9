"""Bootstraps of a regression that keep its columns and draw outcomes from the fit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._bootstrap_result import BootstrapResult
from ._intervals import Replicated, collect, request
from ._long import Progress, run_long, thread_count
from ._random import seed_of
from ._studentized import Errors
from .errors import refuse
from .plans import Parametric, Residual

if TYPE_CHECKING:
    from ._regression import Regression


def model_bootstrap(
    fit: Regression,
    plan: Parametric | Residual,
    *,
    n_resamples: int,
    level: float,
    alternative: str,
    method: str | None,
    rng: Any,
    threads: int | None,
    progress: Progress,
) -> BootstrapResult:
    """Bootstrap the coefficients of a fit under `sy.plans.Parametric` or `sy.plans.Residual`."""
    if method in ("BCa", "t"):
        raise refuse(
            "interval needs units that are left out",
            at="method",
            got=method,
            allowed="studentized, percentile, expanded percentile, basic or normal for outcomes drawn from a fit",
            remedy='For the jackknife t fit with vcov="CV3" or "HC3".',
        )
    shared = len(fit.sites) < fit.rows if fit.sites else False
    if isinstance(plan, Residual) and shared:
        raise refuse(
            "residuals of rows that share a site",
            at="plan",
            got=f"{fit.rows} rows in {len(fit.sites)} sites",
            allowed="rows that are independent given their columns",
            remedy="They are not exchangeable: use fit.wild_test, or draw whole sites with sy.plans.Cluster.",
        )
    options: dict[str, Any] = {
        "names": fit.names,
        "family": fit.family,
        "errors": "parametric" if isinstance(plan, Parametric) else plan.residuals,
        "seed": seed_of(rng),
        "count": n_resamples,
        "threads": thread_count(threads),
    }
    name = "studentized" if method is None else method
    reason = "the default for outcomes drawn from a fit" if method is None else "asked for"

    def finish(values: Any) -> BootstrapResult:
        how = (name, reason, level, alternative)
        return _result(fit, plan, values, options["seed"], how, expected=n_resamples, shared=shared)

    result: BootstrapResult = run_long(
        _core.regress_replicates,
        json.dumps(options),
        fit.arrays,
        progress=progress,
        description="bootstrap",
        finish=finish,
    )
    return result


def _result(
    fit: Regression,
    plan: Parametric | Residual,
    values: Any,
    seed: int,
    how: tuple[str, str, float, str],
    *,
    expected: int,
    shared: bool,
) -> BootstrapResult:
    k = len(fit.names)
    table = np.asarray(values, dtype=np.float64).reshape(-1, 2 * k).T
    replicates, each = (np.ascontiguousarray(part) for part in (table[:k], table[k:]))
    name, reason, level, alternative = how
    asked = request(name, level, alternative)
    errors = Errors(fit._model_errors(), each)
    replicated = Replicated(replicates, None, fit.coefficients, None, [fit.rows], (k,), errors)
    summaries = replicated.summaries([asked])
    interval = collect(replicated, summaries, 0, asked)
    n_undefined = max(summary["n_undefined"] for summary in summaries)
    notes = []
    if interval.reason:
        notes.append(f"Interval refused: {interval.reason}.")
    if n_undefined:
        notes.append(f"{n_undefined} of {replicates.shape[1]} replicates have no finite maximum (separated outcomes).")
    if shared:
        notes.append(
            "The model takes rows as independent given their columns: what sites share is not in these errors."
        )
    complete = replicates.shape[1] == expected
    return BootstrapResult(
        estimate=replicated.shaped(fit.coefficients),
        confidence_interval=interval,
        standard_error=replicated.shaped(s["standard_error"] for s in summaries),
        bias=replicated.shaped(s["mean"] - float(e) for s, e in zip(summaries, fit.coefficients, strict=True)),
        bootstrap_distribution=replicates,
        probabilities=None,
        enumerated=False,
        n_undefined=n_undefined,
        undefined_mass=max(summary["undefined_mass"] for summary in summaries),
        jackknife=None,
        jackknife_standard_error=None,
        acceleration=None,
        statistic="coefficients",
        terms=fit.names,
        method=name,
        method_reason=reason,
        plan=plan.what(fit.family),
        plan_options={"drawn": "from a fit"},
        strata=(fit.rows,),
        unit_labels=tuple(range(fit.rows)),
        n_rows=fit.rows,
        n_resamples=replicates.shape[1],
        seed=seed,
        status=interval.status if complete else "interrupted",
        caveats=tuple(notes),
        data_hash=fit.data,
        own_error=errors.own,
        replicate_errors=errors.each,
    )
