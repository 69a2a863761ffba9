"""Data of a bootstrap: rows that are units, or samples as scipy takes them; and the names of compiled statistics."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._frames import columns_of, is_frame, library_of
from ._names import folded, offer
from .errors import refuse

# Names people give to columns that hold sites; their repeats mean that rows are not independent.
_SITE_NAMES = {"site", "sites", "siteid", "center", "centre", "centerid", "centreid", "programme", "program"}


@dataclasses.dataclass(frozen=True)
class Rows:
    """Data bound for resampling: internal.

    Attributes
    ----------
    parts : tuple of ndarray
        What the statistic is called with; the axis of the rows is `row_axis` of each.
    sample : ndarray of int or None
        The sample of every row when samples are independent.
    n : int
        Rows in all.
    row_axis : int
        0 for one array of rows, -1 for samples.
    frame : frame or None
        The caller's frame: a Python statistic gets its rows.
    """

    parts: tuple[NDArray[Any], ...]
    sample: NDArray[np.int64] | None
    n: int
    row_axis: int
    terms: tuple[str, ...]
    frame: Any = None
    columns: dict[str, NDArray[Any]] = dataclasses.field(default_factory=dict)
    library: str = "pandas"

    def table(self) -> NDArray[np.float64]:
        """Return rows x columns for a compiled statistic."""
        if self.row_axis == 0:
            table = self.parts[0].reshape(self.n, -1)
        elif self.sample is not None:
            tables = [part.reshape(-1, part.shape[-1]).T for part in self.parts]
            columns = [table.shape[1] for table in tables]
            if len(set(columns)) > 1:
                raise refuse("independent samples of different columns", got=columns, allowed="one number of columns")
            table = np.concatenate(tables)
        else:
            table = np.stack([p.reshape(-1, p.shape[-1]) for p in self.parts]).reshape(-1, self.n).T
        try:
            return np.ascontiguousarray(table, dtype=np.float64)
        except (TypeError, ValueError):
            text = next((f'"{x}"' for x in table.ravel() if isinstance(x, str)), str(table.dtype))
            raise refuse(
                "data that are not numbers",
                at="data",
                got=text,
                allowed="numbers",
                remedy="Leave out columns of text, or convert them.",
            ) from None

    def shape(self) -> tuple[int, ...]:
        """Return the shape of one number per column, as NumPy reductions over the rows give it."""
        part = self.parts[0]
        return part.shape[1:] if self.row_axis == 0 else part.shape[:-1]

    def lookup(self, labels: Any, what: str) -> NDArray[Any]:
        """Return one label per row: a column by name, or the array itself."""
        if isinstance(labels, str):
            if labels not in self.columns:
                known = ", ".join(self.columns) or "none: the data are not a frame"
                raise refuse(f"no column {labels!r}{offer(labels, list(self.columns))}", at=what, got=known)
            labels = self.columns[labels]
        if isinstance(labels, tuple) and len(labels) == len(self.parts) > 1:
            labels = np.concatenate([np.asarray(part) for part in labels])
        values = np.asarray(labels)
        if values.ndim != 1 or len(values) != self.n:
            raise refuse(
                "plan of another length than the data",
                at=what,
                got=f"shape {values.shape}",
                allowed=f"one label for each of the {self.n} rows",
            )
        missing = [i for i, x in enumerate(values.tolist()) if x is None or x != x]
        if missing:
            raise refuse("label missing", at=f"{what}, row {missing[0]}", allowed="a label for every row")
        if values.dtype == object:
            values = np.array([str(x) for x in values.tolist()])
        return values


def read_rows(data: Any, *, paired: bool, axis: int, plan_columns: Sequence[str], by_name: bool) -> Rows:
    """Read what the caller gave as data."""
    if hasattr(data, "score_matrix") and hasattr(data, "site_ids"):
        data = data.score_matrix
    if is_frame(data) or isinstance(data, Mapping):
        return _frame_rows(data, plan_columns, by_name=by_name)
    nested = isinstance(data, list) and data and all(isinstance(x, (np.ndarray, list, tuple)) for x in data)
    if isinstance(data, tuple) or nested:
        return _samples(data, paired=paired, axis=axis)
    values = np.asarray(data)
    if values.ndim == 0:
        raise refuse(
            "data not understood",
            at="data",
            got=type(data).__name__,
            allowed="an array or frame of rows, or a tuple of samples",
        )
    if not -values.ndim <= axis < values.ndim:
        raise refuse(
            "axis out of range",
            at="axis",
            got=axis,
            allowed=f"an axis of data of shape {values.shape}",
        )
    values = np.moveaxis(values, axis, 0)
    _enough(len(values), "data")
    columns = 1 if values.ndim == 1 else int(np.prod(values.shape[1:]))
    terms = ("statistic",) if columns == 1 else tuple(f"column {j}" for j in range(columns))
    return Rows((values,), None, len(values), 0, terms)


def _enough(n: int, what: str) -> None:
    if n < 2:
        raise refuse("too few rows to resample", at=what, got=n, allowed="at least 2")


def _frame_rows(data: Any, plan_columns: Sequence[str], *, by_name: bool) -> Rows:
    columns = columns_of(data)
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1:
        raise refuse("columns of different lengths", got=sorted(lengths))
    n = lengths.pop()
    _enough(n, "data")
    sites = [name for name in columns if folded(name) in _SITE_NAMES and name not in plan_columns]
    for name in sites:
        if not by_name and len(set(columns[name].tolist())) < n:
            raise refuse(
                "rows carry sites, so they are not independent",
                at=f"column {name!r}",
                got=f"{len(set(columns[name].tolist()))} sites in {n} rows",
                remedy=f"Pass plan=sy.plans.Cluster({name!r}), or ask for rows by name with plan=sy.plans.IID().",
            )
    used = [name for name in columns if name not in plan_columns and name not in sites]
    numeric = [name for name in used if columns[name].dtype.kind in "biuf"]
    parts = (np.column_stack([columns[name] for name in numeric]),) if numeric else (np.empty((n, 0)),)
    return Rows(parts, None, n, 0, tuple(numeric), data, columns, library_of(data))


def _samples(data: Sequence[Any], *, paired: bool, axis: int) -> Rows:
    parts = [np.asarray(sample) for sample in data]
    if not parts:
        raise refuse("no samples", allowed="at least one array")
    for s, part in enumerate(parts):
        if part.ndim == 0 or not -part.ndim <= axis < part.ndim:
            raise refuse("axis out of range", at=f"axis, sample {s}", got=axis, allowed=f"shape {part.shape}")
    parts = [np.moveaxis(part, axis, -1) for part in parts]
    lengths = [part.shape[-1] for part in parts]
    for s, n in enumerate(lengths):
        _enough(n, f"sample {s}")
    if len(parts) == 1 or paired:
        if len(set(lengths)) > 1:
            raise refuse("paired samples of different lengths", at="data", got=lengths, allowed="one length")
        shape = np.broadcast_shapes(*(part.shape for part in parts))
        parts = [np.broadcast_to(part, shape) for part in parts]
        return Rows(tuple(parts), None, lengths[0], -1, ("statistic",))
    sample = np.repeat(np.arange(len(parts)), lengths)
    return Rows(tuple(parts), sample, int(sum(lengths)), -1, ("statistic",))


# Folded spellings of the compiled statistics.
_COMPILED: dict[str, dict[str, Any]] = {
    "mean": {"name": "mean"},
    "average": {"name": "mean"},
    "proportion": {"name": "proportion"},
    "median": {"name": "median"},
    "sd": {"name": "standard-deviation", "ddof": 1},
    "std": {"name": "standard-deviation", "ddof": 1},
    "standarddeviation": {"name": "standard-deviation", "ddof": 1},
    "variance": {"name": "variance", "ddof": 1},
    "var": {"name": "variance", "ddof": 1},
    "differenceofmeans": {"name": "difference-of-means"},
    "differenceinmeans": {"name": "difference-of-means"},
    "meandifference": {"name": "difference-of-means"},
    "diffofmeans": {"name": "difference-of-means"},
    "ratioofmeans": {"name": "ratio-of-means"},
    "ratio": {"name": "ratio-of-means"},
    "pearson": {"name": "pearson"},
    "pearsonr": {"name": "pearson"},
    "correlation": {"name": "pearson"},
    "spearman": {"name": "spearman"},
    "spearmanr": {"name": "spearman"},
    "kendall": {"name": "kendall"},
    "kendalltau": {"name": "kendall"},
    "cronbachalpha": {"name": "cronbach-alpha"},
    "cronbachsalpha": {"name": "cronbach-alpha"},
    "alpha": {"name": "cronbach-alpha"},
    "rate": {"name": "rate"},
    "differenceofrates": {"name": "difference-of-rates"},
    "differenceinrates": {"name": "difference-of-rates"},
    "ratedifference": {"name": "difference-of-rates"},
    "riskdifference": {"name": "difference-of-rates"},
    "coefficients": {"name": "coefficients"},
    "slopes": {"name": "coefficients"},
    "r2": {"name": "r-squared"},
    "rsquared": {"name": "r-squared"},
    "icc": {"name": "icc"},
    "icc1": {"name": "icc"},
}
_WITH_NUMBER = {"quantile": ("quantile", "p"), "trimmedmean": ("trimmed-mean", "cut")}
STATISTICS = (
    "mean", "proportion", "median", "quantile(p)", "trimmed mean(cut)", "standard deviation", "variance",
    "difference of means", "ratio of means", "pearson", "spearman", "kendall", "cronbach alpha", "rate",
    "difference of rates", "coefficients", "r2", "icc",
)  # fmt: skip


def compiled(statistic: str) -> dict[str, Any]:
    """Return the core's name of a compiled statistic, from any usual spelling."""
    match = re.fullmatch(r"\s*([A-Za-z' _-]+?)\s*\(\s*([0-9.]+)\s*\)\s*", statistic)
    if match and folded(match[1]) in _WITH_NUMBER:
        name, option = _WITH_NUMBER[folded(match[1])]
        return {"name": name, option: float(match[2])}
    if folded(statistic) in _COMPILED:
        return _COMPILED[folded(statistic)]
    raise refuse(
        f"unknown statistic{offer(statistic, list(STATISTICS))}",
        at="statistic",
        got=repr(statistic),
        allowed=", ".join(STATISTICS) + ", or a Python function",
    )


def takes_axis(statistic: Callable[..., Any]) -> bool:
    """Tell whether a function has a parameter `axis`, as scipy does to see that it is vectorised."""
    try:
        return "axis" in inspect.signature(statistic).parameters
    except (TypeError, ValueError):
        return False
