"""Ratings as people keep them (lists, arrays, frames, cubes of codes) to the cells that the core counts."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ._frames import columns_of, is_frame
from .errors import refuse

MISSING = 65535
_LARGEST = 60_000


@dataclasses.dataclass(frozen=True)
class Read:
    """Ratings understood: cells scopes x units x coders, clusters of units, names."""

    cells: np.ndarray[Any, np.dtype[np.uint16]]
    cluster_of: np.ndarray[Any, np.dtype[np.int64]]
    n_clusters: int
    n_sources: int | None
    categories: list[Any]
    values: list[float]
    ordered: bool
    numeric: bool
    coders: list[str]
    codes: list[str]


def read_ratings(
    ratings: Any,
    *,
    categories: Sequence[Any] | None,
    coders: Sequence[str] | str | None,
    codes: Sequence[str] | None,
    sources: Any,
) -> Read:
    """Read ratings of any accepted form."""
    own = getattr(ratings, "_for_agreement", None)
    if callable(own):
        return _own(*own(), coders=coders, sources=sources)
    array, coders = _array(ratings, coders)
    if array.ndim not in (2, 3):
        raise refuse(
            "ratings of another shape",
            at="ratings",
            got=f"{array.ndim} dimensions",
            allowed="coders x units, or coders x codes x units",
        )
    if array.shape[0] < 2 or array.shape[-1] < 1:
        raise refuse(
            "too few ratings",
            at="ratings",
            got=" x ".join(map(str, array.shape)),
            allowed="at least two coders (rows) and one unit (columns)",
            remedy="Transpose, if coders stand in columns.",
        )
    found, cells, numeric = _cells(array, categories)
    if len(found) > _LARGEST:
        raise refuse("too many categories", at="ratings", got=len(found), allowed=f"up to {_LARGEST}")
    cells = cells[:, None, :] if array.ndim == 2 else cells
    cluster_of, n_clusters, n_sources = _clusters(sources, cells.shape[2])
    return Read(
        cells=np.ascontiguousarray(cells.transpose(1, 2, 0)),
        cluster_of=cluster_of,
        n_clusters=n_clusters,
        n_sources=n_sources,
        categories=found,
        values=[float(x) for x in found] if numeric else [float(i) for i in range(1, len(found) + 1)],
        ordered=numeric or categories is not None,
        numeric=numeric,
        coders=_labels(coders, cells.shape[0], "coder", "coders"),
        codes=_labels(codes, cells.shape[1], "code", "codes") if array.ndim == 3 else [],
    )


def _own(cells: Any, told: dict[str, Any], *, coders: Any, sources: Any) -> Read:
    """Take cells that `Corpus.ratings` made, without looking at each again."""
    cluster_of, n_clusters, n_sources = _clusters(told["sources"] if sources is None else sources, cells.shape[2])
    return Read(
        cells=np.ascontiguousarray(cells.transpose(1, 2, 0)),
        cluster_of=cluster_of,
        n_clusters=n_clusters,
        n_sources=n_sources,
        categories=told["categories"],
        values=[float(x) for x in told["categories"]],
        ordered=True,
        numeric=True,
        coders=_labels(told["coders"] if coders is None else coders, cells.shape[0], "coder", "coders"),
        codes=told["codes"],
    )


def _array(ratings: Any, coders: Sequence[str] | str | None) -> tuple[np.ndarray[Any, Any], Sequence[str] | None]:
    columns = coders == "columns"
    if is_frame(ratings):
        table = columns_of(ratings)
        if columns:
            return _objects(list(table.values())), list(table)
        array = _objects(list(table.values())).T
        if array.shape[0] > array.shape[1]:
            raise refuse(
                "frame with more coders (rows) than units (columns)",
                at="ratings",
                got=f"{array.shape[0]} rows and {array.shape[1]} columns",
                allowed="one row per coder",
                remedy='Pass coders="columns" if each column holds one coder.',
            )
        return array, None if isinstance(coders, str) else coders
    if columns:
        raise refuse(
            "coders in columns of what is no frame", at="coders", allowed="a frame", remedy="Transpose instead."
        )
    if isinstance(coders, str):
        raise refuse("names of coders not understood", at="coders", got=repr(coders), allowed='a list, or "columns"')
    if isinstance(ratings, np.ndarray):
        return ratings, coders
    if not isinstance(ratings, Iterable):
        raise refuse(
            "ratings not understood",
            at="ratings",
            got=type(ratings).__name__,
            allowed="an array or lists of coders x units, a frame, or corpus.ratings(...)",
            remedy='Of a corpus pass corpus.ratings(unit="paragraph").',
        )
    return _objects(list(ratings)), coders


def _objects(rows: list[Any]) -> np.ndarray[Any, Any]:
    """Stack rows without making numbers of texts, or texts of numbers."""
    try:
        plain = np.array(rows)
    except ValueError:
        lengths = sorted({len(row) for row in rows})
        raise refuse(
            "coders rated different numbers of units",
            at="ratings",
            got=", ".join(map(str, lengths)),
            allowed="one place per unit and coder, None where it was not rated",
        ) from None
    return plain if plain.dtype.kind in "biuf" else np.array(rows, dtype=object)


def _is_missing(x: Any) -> bool:
    return x is None or x == "" or (isinstance(x, (float, np.floating)) and math.isnan(x)) or str(x) == "<NA>"


def _cells(array: Any, categories: Sequence[Any] | None) -> tuple[list[Any], Any, bool]:
    """Return the categories, the number of each rating's category, and whether the categories are numbers."""
    if array.dtype.kind in "biuf" and categories is None:
        return _numbers(array)
    flat = [None if _is_missing(x) else _plain(x) for x in array.ravel().tolist()]
    seen = {x for x in flat if x is not None}
    kinds = {isinstance(x, (int, float)) for x in seen}
    if len(kinds) > 1:
        one, other = (next(x for x in seen if isinstance(x, (int, float)) is kind) for kind in (True, False))
        raise refuse(
            "numbers and texts among the ratings", at="ratings", got=f"{one!r} and {other!r}", allowed="one kind"
        )
    order = sorted(seen) if categories is None else [_plain(x) for x in categories]
    if len(set(order)) < len(order):
        raise refuse("category named twice", at="categories", got=", ".join(map(repr, order)), allowed="each once")
    place: dict[Any, int] = {x: i for i, x in enumerate(order)}
    unknown = sorted((x for x in seen if x not in place), key=str)
    if unknown:
        row, column = next((i, j) for *_, i, j in _where(array, unknown[0]))
        raise refuse(
            "rating outside the categories",
            at=f"ratings, coder {row + 1}, unit {column + 1}",
            got=repr(unknown[0]),
            allowed=", ".join(map(repr, order)),
            remedy="Correct the rating, or add the category.",
        )
    cells = np.array([MISSING if x is None else place[x] for x in flat], dtype=np.uint16).reshape(array.shape)
    numeric = bool(order) and all(isinstance(x, (int, float)) for x in order)
    return order, cells, numeric


def _where(array: Any, value: Any) -> Any:
    for place, x in np.ndenumerate(array):
        if not _is_missing(x) and _plain(x) == value:
            yield place[0], place[-1]


def _plain(x: Any) -> Any:
    """Numbers as numbers (3.0 and 3 are one category), everything else as text."""
    if isinstance(x, (bool, np.bool_)):
        return int(x)
    if isinstance(x, (int, float, np.integer, np.floating)):
        number = float(x)
        return int(number) if number == int(number) and abs(number) < 2**53 else number
    return str(x)


def _numbers(array: Any) -> tuple[list[Any], Any, bool]:
    if array.dtype.kind == "f" and np.isinf(array).any():
        raise refuse("infinite rating", at="ratings", allowed="finite numbers, NaN where a coder did not rate")
    if array.dtype.kind == "b" or (array.dtype.kind in "iu" and array.size and array.min() >= 0 and array.max() <= 1):
        return [0, 1], array.astype(np.uint16), True
    known = ~np.isnan(array) if array.dtype.kind == "f" else np.ones(array.shape, dtype=bool)
    values, inverse = np.unique(array[known], return_inverse=True)
    cells = np.full(array.shape, MISSING, dtype=np.uint16)
    if values.size <= _LARGEST:
        cells[known] = inverse.astype(np.uint16)
    return [_plain(x) for x in values.tolist()], cells, True


def _clusters(sources: Any, n_units: int) -> tuple[Any, int, int | None]:
    if sources is None:
        return np.arange(n_units, dtype=np.int64), n_units, None
    labels = list(sources.tolist() if isinstance(sources, np.ndarray) else sources)
    if len(labels) != n_units:
        raise refuse("sources do not fit the units", at="sources", got=len(labels), allowed=f"{n_units}, one per unit")
    missing = [i for i, x in enumerate(labels) if _is_missing(x)]
    if missing:
        raise refuse("unit without a source", at=f"sources, unit {missing[0] + 1}", allowed="a source for each unit")
    _, number = np.unique(np.array([str(x) for x in labels]), return_inverse=True)
    n_sources = int(number.max()) + 1
    if n_sources < 2:
        raise refuse(
            "one source only",
            at="sources",
            got=labels[0],
            allowed="at least two",
            remedy="Leave sources out; units of one interview then count as independent.",
        )
    return number.astype(np.int64), n_sources, n_sources


def _labels(told: Sequence[str] | None, n: int, kind: str, at: str) -> list[str]:
    if told is None:
        return [f"{kind} {i}" for i in range(1, n + 1)]
    names = [str(x) for x in told]
    if len(names) != n or len(set(names)) != n:
        raise refuse(f"names of {at} do not fit", at=at, got=f"{len(names)} names", allowed=f"{n} different ones")
    return names
