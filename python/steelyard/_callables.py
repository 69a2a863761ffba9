"""A Python statistic on many resamples: rows are drawn in Rust, the function runs here, in the caller's thread."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._samples import Rows, takes_axis
from .errors import refuse

# Numbers gathered per batch when the caller gives no batch size: fast, and far below any memory limit.
_CELLS = 2_000_000


class PythonStatistic:
    """A function bound to data; remembers the shape of what it returns."""

    def __init__(self, statistic: Callable[..., Any], rows: Rows, vectorized: bool | None) -> None:
        self.statistic = statistic
        self.rows = rows
        self.vectorized = takes_axis(statistic) if vectorized is None else vectorized
        self.shape: tuple[int, ...] = ()
        if rows.frame is not None and self.vectorized and vectorized is None:
            self.vectorized = False

    def estimate(self) -> NDArray[np.float64]:
        """Return the statistic on the data themselves, flat; its shape is kept."""
        value = self._one(np.arange(self.rows.n), "on the data themselves")
        self.shape = value.shape
        return value.reshape(-1)

    def many(self, resamples: Sequence[NDArray[np.int64]], what: Callable[[int], str]) -> NDArray[np.float64]:
        """Return resamples x outputs; `what(i)` names resample i in errors."""
        if self.vectorized and len({len(r) for r in resamples}) == 1:
            return self._batch(np.stack(resamples), what)
        out = np.empty((len(resamples), int(np.prod(self.shape))))
        for i, resample in enumerate(resamples):
            value = self._one(resample, what(i))
            if value.shape != self.shape:
                raise refuse(
                    "statistic changed its shape",
                    at=where_of(what(i)),
                    got=value.shape,
                    allowed=f"{self.shape}, as on the data",
                )
            out[i] = value.reshape(-1)
        return out

    def _call(self, what: str, *args: Any, **kwargs: Any) -> NDArray[np.float64]:
        try:
            value = self.statistic(*args, **kwargs)
        except Exception as error:
            error.add_note(f"raised by the statistic {what}")
            raise
        return numbers(value, what)

    def _one(self, index: NDArray[np.int64], what: str) -> NDArray[np.float64]:
        rows = self.rows
        if rows.frame is not None:
            import narwhals as nw

            if isinstance(rows.frame, dict):
                return self._call(what, {name: values[index] for name, values in rows.columns.items()})
            frame = nw.from_native(rows.frame, eager_only=True)
            return self._call(what, frame[index.tolist()].to_native())
        if self.vectorized:
            parts = self._gather(index[None, :])
            first: NDArray[np.float64] = self._drop_batch(self._call(what, *parts, axis=self._axis(parts)), 1, what)[0]
            return first
        if rows.row_axis == 0:
            return self._call(what, rows.parts[0][index])
        parts = [part[..., i] for part, i in zip(rows.parts, self._split(index), strict=True)]
        if all(part.ndim == 1 for part in parts):
            return self._call(what, *parts)
        lead = np.broadcast_shapes(*(part.shape[:-1] for part in parts))
        parts = [np.broadcast_to(part, (*lead, part.shape[-1])) for part in parts]
        values = [self._call(what, *(part[at] for part in parts)) for at in np.ndindex(*lead)]
        return np.stack(values).reshape(*lead, *values[0].shape)

    def _split(self, index: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """Split row numbers (last axis) into row numbers of each sample."""
        rows = self.rows
        if rows.sample is None:
            yield from (index for _ in rows.parts)
            return
        start = 0
        of = rows.sample[index if index.ndim == 1 else index[0]]
        for s, part in enumerate(rows.parts):
            yield index[..., of == s] - start
            start += part.shape[-1]

    def _gather(self, index: NDArray[np.int64]) -> list[NDArray[Any]]:
        if self.rows.row_axis == 0:
            return [self.rows.parts[0][index]]
        return [part[..., i] for part, i in zip(self.rows.parts, self._split(index), strict=True)]

    def _axis(self, parts: Sequence[NDArray[Any]]) -> int:
        return 1 - parts[0].ndim if self.rows.row_axis == 0 else -1

    def _drop_batch(self, value: NDArray[np.float64], n: int, what: str) -> NDArray[np.float64]:
        """Move the batch to the front: it is first for one array of rows and last for samples, as in scipy."""
        place = 0 if self.rows.row_axis == 0 else -1
        if value.ndim == 0 or value.shape[place] != n:
            raise refuse(
                "statistic returned the wrong shape",
                at=where_of(what),
                got=value.shape,
                allowed=f"one value for each of {n} resamples on axis {place}",
                remedy="Reduce over `axis` only, or pass vectorized=False.",
            )
        return np.moveaxis(value, place, 0)

    def _batch(self, index: NDArray[np.int64], what: Callable[[int], str]) -> NDArray[np.float64]:
        if self.rows.sample is not None and not (self.rows.sample[index] == self.rows.sample[index[0]]).all():
            return np.stack([self._one(row, what(i)).reshape(-1) for i, row in enumerate(index)])
        where = f"{what(0)} to {what(len(index) - 1)}"
        parts = self._gather(index)
        value = self._drop_batch(self._call(where, *parts, axis=self._axis(parts)), len(index), where)
        return value.reshape(len(index), -1)


@dataclasses.dataclass(frozen=True)
class Named:
    """Names resample i of a batch in errors."""

    form: str
    names: Sequence[Any]

    def __call__(self, i: int) -> str:
        return self.form.format(self.names[i])


def where_of(what: str) -> str:
    """Return what a resample is called, as it follows "in".

    Examples
    --------
    >>> where_of("in replicate 3"), where_of("on the data themselves"), where_of("without unit 'a'")
    ('replicate 3', 'the data themselves', "the data without unit 'a'")
    """
    return f"the data {what}" if what.startswith("without ") else what.removeprefix("in ").removeprefix("on ")


def numbers(value: Any, what: str) -> NDArray[np.float64]:
    """Return what a statistic returned as an array of numbers; a function that forgot to return is refused."""
    try:
        if value is not None:
            return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        pass
    raise refuse(
        "statistic returned something that is not a number",
        at=where_of(what),
        got=f"{value!r}"[:80],
        allowed="a number, or an array of them",
    )


def batch_size(rows: Rows, batch: int | None) -> int:
    """Return how many resamples to compute at once."""
    if batch is not None:
        return batch
    width = max(1, sum(int(np.prod(part.shape)) for part in rows.parts))
    return int(np.clip(_CELLS // width, 1, 4096))


class Ticker:
    """Reports progress of a Python loop at most ten times a second."""

    def __init__(self, callback: Callable[[int, int], object] | None, total: int) -> None:
        self.callback, self.total, self.reported = callback, total, time.monotonic()

    def __call__(self, done: int) -> None:
        """Report `done`, if it is time or the end."""
        now = time.monotonic()
        if self.callback is not None and (now - self.reported >= 0.1 or done >= self.total):
            self.reported = now
            self.callback(done, self.total)
