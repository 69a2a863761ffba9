"""Participants of a study: columns read when they are needed, once, without a Python object per participant."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._cells import is_blank, label, text_fault
from ._frames import is_frame
from ._names import offer
from .errors import refuse

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


class Participants:
    """Columns of a frame, a mapping, or a Parquet file.

    Attributes
    ----------
    names : tuple of str
    rows : int
    padded : dict
        Labels with blanks around them, which `codes` took off, by column.
    """

    def __init__(self, data: Any) -> None:
        self._parquet: Path | None = None
        self._columns: dict[str, Any] = {}
        if isinstance(data, (str, Path)):
            self._open(Path(data))
        elif isinstance(data, Mapping):
            self._columns = {str(name): np.asarray(values) for name, values in data.items()}
            lengths = {len(values) for values in self._columns.values()}
            if len(lengths) > 1:
                raise refuse("columns of different length", at="participants", got=sorted(lengths))
            self.names, self.rows = tuple(self._columns), lengths.pop() if lengths else 0
        elif is_frame(data):
            import narwhals as nw

            self._frame = nw.from_native(data, eager_only=True)
            self.names, self.rows = tuple(map(str, self._frame.columns)), len(self._frame)
            self._columns = {name: self._frame[name] for name in self.names}
        else:
            raise refuse(
                "participants not understood",
                got=type(data).__name__,
                allowed="a data frame, what sy.read_outcomes returned, or the path of a Parquet file",
            )
        if self.rows == 0:
            raise refuse("no participants", at="participants", got="0 rows")
        self._numbers: dict[str, Floats] = {}
        self.padded: dict[str, tuple[str, ...]] = {}

    def _open(self, path: Path) -> None:
        if path.suffix.lower() != ".parquet":
            raise refuse(
                "participants not understood",
                got=str(path),
                allowed="a Parquet file, a frame, or what sy.read_outcomes returned",
                remedy="Read the file first: sy.read_outcomes(path).",
            )
        pq = _pyarrow_parquet()
        try:
            file = pq.ParquetFile(path)
        except (OSError, ValueError) as error:
            raise refuse("Parquet file cannot be read", got=f"{path} ({error})") from None
        self._parquet = path
        self.names, self.rows = tuple(file.schema_arrow.names), int(file.metadata.num_rows)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def need(self, *names: str) -> None:
        """Refuse a column that is not there, and offer the nearest."""
        for name in names:
            if name not in self.names:
                raise refuse(
                    f'no column "{name}"' + offer(name, self.names), at="participants", got=", ".join(self.names)
                )

    def _native(self, name: str) -> Any:
        self.need(name)
        if self._parquet is not None:
            return _pyarrow_parquet().read_table(self._parquet, columns=[name])[name]
        column = self._columns[name]
        return column if isinstance(column, np.ndarray) else column.to_native()

    def cells(self, name: str) -> NDArray[Any]:
        """Return a column as it is."""
        column = self._native(name)
        if isinstance(column, np.ndarray):
            return column
        found: NDArray[Any] = column.to_numpy()
        return found

    def place(self, name: str, row: int) -> str:
        """Name a cell for a message."""
        return f'row {row + 1} of participants, column "{name}"'

    def numbers(self, name: str) -> Floats:
        """Return a column as floats, NaN where it is blank; text is refused with its row."""
        if name not in self._numbers:
            self._numbers[name] = self._as_numbers(name)
        return self._numbers[name]

    def _as_numbers(self, name: str) -> Floats:
        cells = self.cells(name)
        if cells.dtype.kind in "iufb":
            return np.ascontiguousarray(cells, dtype=np.float64)
        values = np.empty(len(cells))
        for row, cell in enumerate(cells.tolist()):
            if is_blank(cell):
                values[row] = np.nan
            elif isinstance(cell, str) or not hasattr(cell, "__float__"):
                raise text_fault(cell, self.place(name, row))
            else:
                values[row] = float(cell)
        return values

    def codes(self, name: str) -> tuple[Codes, tuple[str, ...]]:
        """Return a column as codes into its labels in order of appearance; -1 where it is blank."""
        native = self._native(name)
        if hasattr(native, "dictionary_encode") or hasattr(native, "combine_chunks"):
            codes, raw = _arrow_codes(native)
        else:
            import pandas as pd

            cells = (
                native
                if hasattr(native, "factorize")
                else native.to_numpy()
                if not isinstance(native, np.ndarray)
                else native
            )
            codes, uniques = pd.factorize(cells)
            raw = list(uniques)
        # 3, 3.0 and " 3" are one label; blank is none.
        self.padded[name] = tuple(cell for cell in raw if isinstance(cell, str) and cell.strip() not in ("", cell))
        labels: dict[str, int] = {}
        to = np.full(len(raw) + 1, -1, dtype=np.int64)
        for k, cell in enumerate(raw):
            text = label(cell)
            if text:
                to[k] = labels.setdefault(text, len(labels))
        return to[np.asarray(codes, dtype=np.int64)], tuple(labels)


def _arrow_codes(native: Any) -> tuple[NDArray[Any], list[Any]]:
    import pyarrow as pa

    array = native.combine_chunks() if hasattr(native, "combine_chunks") else native
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    if not isinstance(array, pa.DictionaryArray):
        array = array.dictionary_encode()
    codes = array.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return codes, array.dictionary.to_pylist()


def _pyarrow_parquet() -> Any:
    try:
        import pyarrow.parquet as pq
    except ImportError:
        raise refuse(
            "pyarrow is not installed", remedy="pip install pyarrow, or read the file into a frame yourself."
        ) from None
    return pq
