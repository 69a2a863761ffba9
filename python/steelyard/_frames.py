"""Frames in and frames out, for any library that narwhals reads; pandas when there was none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .errors import refuse

Columns = dict[str, np.ndarray[Any, np.dtype[Any]]]


def is_frame(data: object) -> bool:
    """Tell whether narwhals can read `data` as an eager data frame, without importing narwhals for arrays and lists."""
    if data is None or isinstance(data, (np.ndarray, list, tuple, dict, str, bytes, int, float)):
        return False
    import narwhals as nw

    return isinstance(nw.from_native(data, pass_through=True, eager_only=True), nw.DataFrame)


def columns_of(frame: Any) -> Columns:
    """Return the columns of a frame by name, in order; a repeated name is refused."""
    if isinstance(frame, Mapping):
        return {str(name): np.asarray(values) for name, values in frame.items()}
    import narwhals as nw

    table = nw.from_native(frame, eager_only=True)
    names = [str(name) for name in table.columns]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise refuse(
            "repeated column name", got=", ".join(repeated), allowed="each name once", remedy="Rename one of them."
        )
    return {name: table[name].to_numpy() for name in names}


def frame_like(columns: Mapping[str, Sequence[Any] | np.ndarray[Any, Any]], like: Any = None) -> Any:
    """Build a frame in the library of `like` (a native frame), or in pandas."""
    if like is not None and is_frame(like):
        import narwhals as nw

        native = nw.get_native_namespace(like)
        return nw.from_dict({k: list(v) for k, v in columns.items()}, backend=native).to_native()
    import pandas as pd

    return pd.DataFrame({name: list(values) for name, values in columns.items()})
