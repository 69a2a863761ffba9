"""Frames in and frames out, for any library that narwhals reads; pandas when there was none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .errors import InputError, refuse

Columns = dict[str, np.ndarray[Any, np.dtype[Any]]]


def is_frame(data: object) -> bool:
    """Tell whether narwhals can read `data` as an eager data frame, without importing narwhals for arrays and lists."""
    if data is None or isinstance(data, (np.ndarray, list, tuple, dict, str, bytes, int, float)):
        return False
    import narwhals as nw

    try:
        return isinstance(nw.from_native(data, pass_through=True, eager_only=True), nw.DataFrame)
    except nw.exceptions.DuplicateError:
        names = [str(name) for name in data.columns]  # type: ignore[attr-defined]
        raise _repeated(names) from None


def _repeated(names: Sequence[str]) -> InputError:
    repeated = sorted({name for name in names if names.count(name) > 1})
    return refuse(
        "repeated column name", got=", ".join(repeated), allowed="each name once", remedy="Rename one of them."
    )


def columns_of(frame: Any) -> Columns:
    """Return the columns of a frame by name, in order; a repeated name is refused."""
    if isinstance(frame, Mapping):
        return {str(name): np.asarray(values) for name, values in frame.items()}
    import narwhals as nw

    table = nw.from_native(frame, eager_only=True)
    names = [str(name) for name in table.columns]
    if len(set(names)) < len(names):
        raise _repeated(names)
    return {name: table.get_column(own).to_numpy() for name, own in zip(names, table.columns, strict=True)}


def frame_like(columns: Mapping[str, Sequence[Any] | np.ndarray[Any, Any]], like: Any = None) -> Any:
    """Build a frame in the library of `like` (a native frame), or in pandas."""
    if like is not None and is_frame(like):
        import narwhals as nw

        native = nw.get_native_namespace(like)
        return nw.from_dict({k: list(v) for k, v in columns.items()}, backend=native).to_native()
    import pandas as pd

    return pd.DataFrame({name: list(values) for name, values in columns.items()})


def library_of(data: Any) -> str:
    """Return the library of a frame, as `pandas` or `polars`; pandas for anything else."""
    if not is_frame(data):
        return "pandas"
    import narwhals as nw

    return str(nw.get_native_namespace(data).__name__).split(".")[0]


def frame_in(columns: Mapping[str, Sequence[Any] | np.ndarray[Any, Any]], library: str) -> Any:
    """Build a frame in a library that `library_of` named."""
    if library == "pandas":
        return frame_like(columns)
    import narwhals as nw

    backend: Any = library
    return nw.from_dict({k: list(v) for k, v in columns.items()}, backend=backend).to_native()
