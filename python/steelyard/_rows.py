"""Rows of a regression: items, outcome, trials, sites and covariates, checked and named once."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._cells import label, numbers
from ._frames import columns_of, is_frame
from .errors import refuse

Floats = NDArray[np.float64]
# Squares of larger numbers overflow.
_LARGEST = 1e100
SITE_WEIGHTS = ("participants", "equal")


@dataclasses.dataclass(frozen=True)
class Rows:
    """Checked rows, ready for the core; arrays are C-contiguous floats of n rows."""

    items: Floats
    names: tuple[str, ...]
    outcome: Floats
    trials: Floats | None
    weights: Floats | None
    sites: NDArray[np.int64] | None
    site_labels: tuple[str, ...]
    covariates: Floats | None
    covariate_names: tuple[str, ...]
    outcome_kind: str


def matrix_of(data: Any, what: str, default: str) -> tuple[Floats, tuple[str, ...]]:
    """Return a frame, mapping, array or list of rows as a finite matrix with column names."""
    scores = getattr(data, "scores", None)
    if scores is not None and hasattr(data, "scale"):
        wanted = [item.id for item in data.scale.items]
        columns = {name: column for name, column in columns_of(scores).items() if name in wanted}
        return matrix_of(columns, what, default)
    if isinstance(data, dict) or is_frame(data):
        columns = columns_of(data)
        names = tuple(columns)
        values = [
            numbers(np.asarray(column), lambda row, n=name: f'row {row + 1}, column "{n}" of {what}')
            for name, column in columns.items()
        ]
        matrix = np.column_stack(values) if values else np.empty((0, 0))
    else:
        raw = np.asarray(data)
        if raw.ndim == 1 and raw.dtype.kind in "iuf":
            raw = raw[:, None]
        if raw.ndim != 2 or raw.dtype.kind not in "iufb":
            raise refuse(
                f"{what} not understood",
                got=f"{type(data).__name__} of shape {raw.shape} and kind {raw.dtype}",
                allowed="a data frame, or a rectangle of numbers with one row per unit and one column per item",
            )
        matrix = raw.astype(np.float64)
        names = tuple(f"{default}{j + 1}" for j in range(matrix.shape[1]))
    bad = np.argwhere(~(np.abs(matrix) < _LARGEST))
    if bad.size:
        row, column = bad[0]
        raise refuse(
            "missing or infinite value",
            at=f'row {row + 1}, column "{names[column]}" of {what}',
            got=repr(float(matrix[row, column])),
            allowed="numbers below 1e100",
            remedy="Complete the cell, or make a Study, whose scale has a rule for missing items.",
        )
    if matrix.shape[0] == 0 or matrix.shape[1] == 0:
        raise refuse(f"{what} empty", got=f"shape {matrix.shape}", allowed="at least one row and one column")
    return np.ascontiguousarray(matrix), names


def vector_of(data: Any, what: str, rows: int) -> Floats:
    """Return one finite number per row."""
    values = np.asarray(data)
    if values.ndim != 1 or len(values) != rows:
        raise refuse(f"{what} of the wrong shape", got=f"shape {values.shape}", allowed=f"one value per row, {rows}")
    if values.dtype.kind == "b":
        values = values.astype(np.float64)
    vector = numbers(values, lambda row: f"row {row + 1} of {what}")
    bad = np.flatnonzero(~(np.abs(vector) < _LARGEST))
    if bad.size:
        raise refuse(
            "missing or infinite value",
            at=f"row {bad[0] + 1} of {what}",
            got=repr(vector[bad[0]].item()),
            allowed="numbers below 1e100",
        )
    return np.ascontiguousarray(vector)


def _counts(outcome: Floats, trials: Floats) -> tuple[Floats, str]:
    """Return counts k from counts or rates, and which of the two they were read as."""
    bad = np.flatnonzero((trials <= 0) | (trials != np.round(trials)))
    if bad.size:
        raise refuse(
            "trials not allowed",
            at=f"row {bad[0] + 1}",
            got=f"{trials[bad[0]]:g}",
            allowed="whole numbers from 1",
            remedy="Leave out sites without participants.",
        )
    whole = bool(np.all(outcome == np.round(outcome)))
    if whole:
        bad = np.flatnonzero((outcome < 0) | (outcome > trials))
        if bad.size:
            at = int(bad[0])
            raise refuse(
                "more successes than trials, or fewer than none",
                at=f"row {at + 1}",
                got=f"{outcome[at]:g} of {trials[at]:g}",
                allowed="k from 0 to n",
            )
        return outcome, "counts k of n"
    bad = np.flatnonzero((outcome < 0) | (outcome > 1))
    if bad.size:
        raise refuse(
            "rate out of range", at=f"row {bad[0] + 1}", got=f"{outcome[bad[0]]:g}", allowed="0 to 1, or counts k"
        )
    counts = np.round(outcome * trials)
    # A rate printed to two or more decimals lies within half a unit of the last digit of k/n.
    bad = np.flatnonzero(np.abs(outcome - counts / trials) > 0.005 + 1e-12)
    if bad.size:
        at = int(bad[0])
        raise refuse(
            "rate and trials do not agree",
            at=f"row {at + 1}",
            got=f"{outcome[at]:g} of {trials[at]:g} is {outcome[at] * trials[at]:.3f} people",
            allowed="rate x trials a whole number at two decimals",
            remedy="Give the counts.",
        )
    return counts, "rates of n"


def _site_codes(sites: Any, rows: int) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    whole = isinstance(sites, range) or (isinstance(sites, np.ndarray) and sites.dtype.kind in "iu")
    raw = np.asarray(sites) if whole else np.asarray(sites, dtype=object)
    if raw.ndim != 1 or len(raw) != rows:
        raise refuse("sites of the wrong shape", got=f"shape {raw.shape}", allowed=f"one label per row, {rows}")
    if whole:
        return _numbered(raw)
    labels = [label(cell) for cell in raw.tolist()]
    if "" in labels:
        raise refuse("site missing", at=f"row {labels.index('') + 1}", remedy="Give every row a site.")
    known = tuple(dict.fromkeys(labels))
    place = {name: k for k, name in enumerate(known)}
    return np.array([place[name] for name in labels], dtype=np.int64), known


def _numbered(sites: NDArray[np.integer[Any]]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return codes and labels, by first appearance, of sites that are whole numbers."""
    known, first, codes = np.unique(sites, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(known), dtype=np.int64)
    place[order] = np.arange(len(known))
    return place[codes], tuple(map(str, known[order].tolist()))


def _silent_clusters(items: Floats, outcome: Floats) -> bool:
    binary = bool(np.all((outcome == 0) | (outcome == 1)))
    return binary and len(np.unique(items, axis=0)) < len(items) // 2


def rows_of(
    items: Any,
    outcome: Any,
    *,
    trials: Any = None,
    sites: Any = None,
    covariates: Any = None,
    site_weight: Any = "participants",
) -> Rows:
    """Check and name rows. With `trials` the outcome becomes counts; weights follow `site_weight`."""
    x, names = matrix_of(items, "items", "item_")
    n = len(x)
    y = vector_of(outcome, "outcome", n)
    m = None if trials is None else vector_of(trials, "trials", n)
    kind = "numbers"
    if m is not None:
        y, kind = _counts(y, m)
    elif np.all((y == 0) | (y == 1)):
        kind = "0/1"
    if sites is None and m is None and _silent_clusters(x, y):
        raise refuse(
            "rows of the same items without sites",
            got=f"{n} rows, {len(np.unique(x, axis=0))} different item rows, a 0/1 outcome",
            remedy="Give sites: participants of one site are not independent.",
        )
    codes, labels = (None, ()) if sites is None else _site_codes(sites, n)
    z, z_names = (None, ()) if covariates is None else matrix_of(covariates, "covariates", "covariate_")
    if z is not None and len(z) != n:
        raise refuse("covariates of the wrong length", got=len(z), allowed=f"one row per unit, {n}")
    return Rows(x, names, y, m, _weights(site_weight, m, codes, n), codes, labels, z, z_names, kind)


def _weights(site_weight: Any, trials: Floats | None, sites: NDArray[np.int64] | None, n: int) -> Floats | None:
    """Weight of each row: its trials (or one), made equal per site, or as given."""
    if not isinstance(site_weight, str):
        weights = vector_of(site_weight, "site_weight", n)
        for row in np.flatnonzero(weights < 0):
            raise refuse("site_weight not allowed", at=f"row {row + 1}", got=f"{weights[row]:g}", allowed="0 or more")
        if not np.any(weights > 0):
            raise refuse("no row has a weight", at="site_weight", got="zeros only", allowed="at least one above 0")
        return weights
    if site_weight not in SITE_WEIGHTS:
        raise refuse(
            "site_weight not known",
            got=repr(site_weight),
            allowed=", ".join(map(repr, SITE_WEIGHTS)) + ", or one number per row (a precision)",
        )
    base = np.ones(n) if trials is None else trials
    if site_weight == "participants":
        return None if trials is None else base
    codes = np.arange(n) if sites is None else sites
    totals = np.bincount(codes, weights=base)
    return np.ascontiguousarray(base / totals[codes])
