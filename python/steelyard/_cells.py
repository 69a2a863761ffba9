"""Cells of a frame or sheet to numbers: blank is NaN, a number is itself, everything else is refused with its place."""

from __future__ import annotations

import decimal
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import InputError, refuse

_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


def is_blank(cell: Any) -> bool:
    """Tell whether a cell is empty: None, NaN, NaT, a library's NA, or blanks."""
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(cell, str):
        return not cell.strip()
    if isinstance(cell, (float, np.floating)):
        return bool(np.isnan(cell))
    return isinstance(cell, np.datetime64) and bool(np.isnat(cell))


def text_fault(cell: Any, place: str, *, column_kind: str = "number") -> InputError:
    """Explain a cell that is no number."""
    shown = f'"{cell}"' if isinstance(cell, str) else repr(cell)
    text = cell.strip() if isinstance(cell, str) else ""
    if _DECIMAL_COMMA.fullmatch(text):
        remedy = f'It looks like a decimal comma: write {text.replace(",", ".")}, or read the file with decimal=",".'
    elif _is_number(text):
        remedy = (
            "The column holds numbers as text: convert it (pandas: df[column].astype(float)), or use sy.read_scores."
        )
    elif isinstance(cell, (bool, np.bool_)):
        remedy = "Write 1 and 0 if these are scores."
    else:
        remedy = "Correct the cell; leave it blank, or use a missing code of the scale, when there is no score."
    return refuse(f"text in a {column_kind} column", at=place, got=shown, allowed="a number or a blank", remedy=remedy)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def numbers(cells: NDArray[Any], place: Any) -> NDArray[np.float64]:
    """Return a column as floats, NaN where it is blank.

    Parameters
    ----------
    cells
        One column.
    place
        Called with the row (from 0) to name a cell in a message.
    """
    if cells.dtype.kind in "iuf":
        return cells.astype(np.float64)
    values = np.empty(len(cells))
    for row, cell in enumerate(cells.tolist()):
        if is_blank(cell):
            values[row] = np.nan
        elif isinstance(cell, (int, float, np.integer, np.floating, decimal.Decimal)) and not isinstance(cell, bool):
            values[row] = float(cell)
        else:
            raise text_fault(cell, place(row))
    return values


def label(cell: Any) -> str:
    """Return a site or group label as text: 3, 3.0 and "3" are one label; blanks around it go, blank is ""."""
    if is_blank(cell):
        return ""
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
        return str(int(cell))
    return str(cell).strip()
