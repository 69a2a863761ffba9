"""What replicates are made from: data, plan and statistic; computed in Rust, or by a Python function."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._callables import Named, PythonStatistic, Ticker, batch_size
from ._plan_base import BoundPlan
from ._result import data_hash
from ._samples import Rows
from .errors import refuse


@dataclasses.dataclass(frozen=True)
class Source:
    """Data, plan and statistic of a result: what further replicates are made from. Internal."""

    # Why a replicate can be undefined, where that is known.
    undefined: ClassVar[str] = ""
    # Whether the core knows the standard error of a replicate, for statistics that are functions of sums.
    has_errors: ClassVar[bool] = True

    rows: Rows
    plan: BoundPlan
    statistic: dict[str, Any] | PythonStatistic
    batch: int | None
    threads: int
    standard_error: PythonStatistic | None = None
    # Supplied resamples, when there are any: row or unit numbers, or weights.
    given: NDArray[Any] | None = None

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

    def supplied(self, *, jackknife: bool, progress: Any) -> tuple[dict[str, Any], bool]:
        """Return `(raw, interrupted)` as `run` does, on resamples that the caller supplied."""
        assert self.given is not None
        if isinstance(self.statistic, PythonStatistic):
            raw, _ = self._run_python(0, 0, 0, False, jackknife, None)
            rows = self.rows_of(self.given)
            names = Named("in supplied resample {}", range(len(rows)))
            return raw | {"values": self.statistic.many(rows, names).reshape(-1)}, False
        raw, _ = self.run(0, 0, 0, enumerated=False, jackknife=jackknife)
        values, interrupted = _core.bootstrap_supplied(
            self.rows.table(),
            self.rows.sample,
            self.plan.units,
            self.plan.strata,
            json.dumps(self.statistic),
            self.counts(),
            self.threads,
            progress=progress,
        )
        return raw | {"values": values}, interrupted

    def counts(self) -> NDArray[np.float64]:
        """Return the supplied resamples as weights, replicates x units."""
        assert self.given is not None
        given, n_units = self.given, len(self.plan.strata)
        if given.dtype.kind in "iu":
            flat = given + n_units * np.arange(len(given))[:, None]
            given = np.bincount(flat.reshape(-1), minlength=n_units * len(given)).reshape(len(given), n_units)
        return np.ascontiguousarray(given, dtype=np.float64)

    @property
    def hash(self) -> str:
        """Return the hash of data and plan."""
        parts = self.rows.parts if self.rows.frame is None else tuple(self.rows.columns.values())
        return data_hash(*parts, self.plan.units, self.plan.strata)

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
                resamples, probabilities = self.resamples(seed, first + start, n, enumerated)
                done.append(
                    statistic.many(resamples, Named("in replicate {}", range(first + start, first + start + n)))
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

    def resamples(
        self, seed: int, first: int, n: int, enumerated: bool
    ) -> tuple[list[NDArray[np.int64]], NDArray[np.float64] | None]:
        """Return the rows of replicates, and their probabilities when enumerated."""
        law = self.plan.options.get("law", "multinomial")
        plan = (self.plan.units, self.plan.strata, self.plan_text, seed, first, n)
        if law in ("multinomial", "balanced"):
            drawn, probabilities = _core.bootstrap_units(*plan, enumerated)
            return self.rows_of(drawn.reshape(n, -1)), probabilities
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

    def rows_of(self, drawn: NDArray[np.int64]) -> list[NDArray[np.int64]]:
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
            parts.append(self.statistic.many(resamples, Named("without unit {!r}", labels[start : start + step])))
        return np.ascontiguousarray(np.concatenate(parts).T)


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
    python = isinstance(source.statistic, PythonStatistic) or source.standard_error is not None
    if source.plan.options or (not integers and python):
        raise refuse(
            "resamples do not fit the call",
            at="resamples",
            got=source.plan.what,
            allowed="whole rows or sites; weights only with a compiled statistic",
        )
    return values
