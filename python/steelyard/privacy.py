"""Small-cell suppression in a table of counts: primary, and complementary until no cell can be derived.

>>> import steelyard as sy
>>> sy.privacy.suppress([[177, 3], [40, 60]], column_totals=False)
Suppression below 5: 1 small and 1 further cell hidden
  s s 180
  40 60 100
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import _core
from ._brief import brief
from ._frames import columns_of, frame_like, is_frame
from ._html import table
from ._result import Result
from .errors import refuse

__all__ = ["Suppression", "suppress"]


def __dir__() -> list[str]:
    return sorted(__all__)


@dataclasses.dataclass(frozen=True, repr=False)
class Suppression(Result):
    """A table that may be printed.

    Attributes
    ----------
    cells : tuple of tuple of int or None
        Counts, totals last; None where hidden. All hidden cells look alike, so that the small ones cannot be told.
    rows, columns : tuple of str
        Names, totals included.
    threshold : int
        Counts from 1 to one below are small.
    primary, complementary : int
        Cells hidden because they are small, and to protect them.
    bounds : tuple of dict
        For each hidden cell `row, column, low, high`: what the printed table allows. Verified: `low` is below `high`,
        and a small cell may be one that is not small. For the analyst, not for print.
    """

    cells: tuple[tuple[int | None, ...], ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    threshold: int
    primary: int
    complementary: int
    bounds: tuple[dict[str, Any], ...]

    def frame(self, like: Any = None) -> Any:
        """Return the table as text: counts, and `s` where hidden."""
        body = {name: [_shown(row[j]) for row in self.cells] for j, name in enumerate(self.columns)}
        return frame_like({"row": self.rows, **body}, like)

    def tidy(self, like: Any = None) -> Any:
        """Return one row per hidden cell with its bounds."""
        names = ("row", "column", "low", "high")
        return frame_like({name: [b[name] for b in self.bounds] for name in names}, like)

    def __repr__(self) -> str:
        more = "cell" if self.complementary == 1 else "cells"
        head = (
            f"Suppression below {self.threshold}: {self.primary} small and {self.complementary} further {more} hidden"
        )
        rows = ["  " + " ".join(_shown(x) for x in row) for row in self.cells]
        return "\n".join([head, *brief(rows, ".frame()")])

    def _html(self) -> str:
        rows = [(name, *map(_shown, row)) for name, row in zip(self.rows, self.cells, strict=True)]
        note = f"s: suppressed; counts from 1 to {self.threshold - 1} and what would give them away."
        return table("Counts", ("", *self.columns), rows, note=note)


def _shown(count: int | None) -> str:
    return "s" if count is None else str(count)


def suppress(
    counts: Any,
    *,
    threshold: int = 5,
    row_totals: bool = True,
    column_totals: bool = True,
    rows: Sequence[str] | None = None,
) -> Suppression:
    """Hide small counts of a two-way table, and what would give them away.

    Parameters
    ----------
    counts
        Rows x columns of whole numbers without totals: an array, lists, or a frame whose columns are the columns.
    threshold
        Counts from 1 to one below are hidden; 5 is a common rule of data custodians (others ask for 6, 10 or 11). Zeros
        are shown.
    row_totals, column_totals
        Whether these will be printed; they are added, and hidden where needed.
    rows
        Names of the rows.

    Raises
    ------
    InputError
        For counts that are negative or not whole, and for a table without a shape.

    Notes
    -----
    Companions are chosen greedily, and every hidden cell is then bounded by two linear programs over all printed cells
    and totals, until none can be derived and no small one is known to be small. See Fischetti and Salazar-González
    (2000), J Am Stat Assoc 95:916, doi 10.1080/01621459.2000.10474282.

    Examples
    --------
    >>> import steelyard as sy
    >>> table = sy.privacy.suppress([[3, 20, 30], [25, 40, 10], [12, 14, 16]])
    >>> table.primary, table.complementary, table.cells[0]
    (1, 3, (None, None, 30, 53))
    """
    if isinstance(threshold, bool) or not isinstance(threshold, int) or not 1 <= threshold <= 1000:
        raise refuse("threshold not allowed", at="threshold", got=repr(threshold), allowed="an int from 1 to 1000")
    names: list[str] | None = None
    if is_frame(counts):
        columns = columns_of(counts)
        names = list(columns)
        counts = np.column_stack(list(columns.values())) if columns else np.empty((0, 0))
    matrix = np.asarray(counts)
    if matrix.ndim != 2 or matrix.size == 0 or matrix.dtype.kind not in "biuf":
        raise refuse(
            "not a table of counts",
            at="counts",
            got=f"shape {matrix.shape} of {matrix.dtype}",
            allowed="numbers in rows and columns",
        )
    whole = np.asarray(matrix, dtype=float)
    wrong = np.argwhere(~np.isfinite(whole) | (whole < 0) | (whole != np.floor(whole)) | (whole > 1e9))
    if len(wrong):
        i, j = (int(x) for x in wrong[0])
        raise refuse("not a count", at=f"row {i + 1}, column {j + 1}", got=matrix[i, j], allowed="whole, 0 or more")
    told = _core.suppress_counts(whole.astype(int).tolist(), row_totals, column_totals, threshold)
    row_names = (*(rows or [str(i + 1) for i in range(matrix.shape[0])]), *(["All"] if column_totals else []))
    column_names = (*(names or [str(j + 1) for j in range(matrix.shape[1])]), *(["All"] if row_totals else []))
    bounds = tuple(
        {"row": row_names[i], "column": column_names[j], "low": low, "high": high} for i, j, low, high in told["bounds"]
    )
    cells = tuple(tuple(row) for row in told["cells"])
    return Suppression(cells, row_names, column_names, threshold, told["primary"], told["complementary"], bounds)
