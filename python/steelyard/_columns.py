"""One column of a participant file: what kind it is by what its cells hold, and its values."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._cells import is_blank, label, text_fault
from ._dates import dates
from ._problems import label_clash
from .errors import InputError

_BLANK_WORDS = {"na", "n/a", "n.a.", "nan", ".", "-", "–", "—", "missing", "unknown", "not known", "#n/a", "null"}
_YES = {"yes", "y", "true", "ja", "j", "oui", "si", "sí"}
_NO = {"no", "n", "false", "nei", "nej", "nein", "non"}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?\d+,\d+")
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{1,2}\.? [A-Za-zæøå]+\.? \d{4}"
)
_SHOWN = 5


@dataclasses.dataclass(frozen=True)
class Column:
    """Cells under one head; `place(row)` names a cell, `title` and `labels` are those of an SPSS file."""

    head: str
    cells: Any
    place: Callable[[int], str]
    title: str = ""
    labels: dict[Any, str] = dataclasses.field(default_factory=dict)

    def where(self, row: int) -> str:
        """Name a cell with its column, for messages."""
        at, head = self.place(row), f'column "{self.head}"'
        return at if head in at else f"{at} ({head})"


@dataclasses.dataclass
class Done:
    """Values of a column and what they were read as."""

    values: Any
    kind: str
    blanks: int = 0
    notes: list[str] = dataclasses.field(default_factory=list)
    problems: list[str] = dataclasses.field(default_factory=list)


def read_column(
    column: Column, name: str, told: dict[str, str], *, decimal: str, date_format: str | None, codes: Sequence[float]
) -> Done:
    """Decide what a column is and read it."""
    if name in told.values():
        role = next(role for role, own in told.items() if own == name)
        return _labels(column, role)
    if isinstance(column.cells, np.ndarray) and column.cells.dtype.kind in "iufbM":
        return _typed(column.cells, column.head, codes)
    cells = list(column.cells)
    words: dict[str, int] = {}
    plain = [_blanked(cell, words) for cell in cells]
    known = [cell for cell in plain if cell is not None]
    done = _by_content(column, plain, known, decimal, date_format, codes)
    done.blanks = sum(_empty(value) for value in done.values)
    if words:
        counted = ", ".join(f'{n} x "{word}"' for word, n in words.items())
        done.notes.append(f'"{column.head}": read as missing: {counted}')
    return done


def _blanked(cell: Any, words: dict[str, int]) -> Any:
    if is_blank(cell):
        return None
    if isinstance(cell, str) and cell.strip().casefold() in _BLANK_WORDS:
        words[cell.strip()] = words.get(cell.strip(), 0) + 1
        return None
    return cell


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value) or value == ""


def _labels(column: Column, role: str) -> Done:
    """Read site, participant and arm as labels; coded values take the file's value labels, which must not collide."""
    cells = column.cells.tolist() if isinstance(column.cells, np.ndarray) else column.cells
    done = Done([], role)
    clash = label_clash(
        column.labels,
        f'variable "{column.head}"',
        "Give each code its own label in the file, or remove the labels to use the codes.",
    )
    if clash is not None:
        done.problems.append(str(clash))
    done.values = [label(column.labels.get(cell, cell)) for cell in cells]
    done.blanks = done.values.count("")
    padded = {cell for cell in cells if isinstance(cell, str) and cell.strip() not in ("", cell)}
    if padded:
        shown = ", ".join(f'"{cell}"' for cell in sorted(padded)[:4])
        done.notes.append(f'"{column.head}": blanks around {len(padded)} names were taken off: {shown}')
    if role == "site" and done.blanks:
        done.notes.append(f'"{column.head}": {done.blanks} rows without a site belong to none')
    return done


def _typed(cells: Any, head: str, codes: Sequence[float]) -> Done:
    if cells.dtype.kind == "M":
        return Done(cells, "dates", int(np.isnat(cells).sum()))
    values = cells.astype(np.float64)
    done = Done(values, "numbers")
    coded = np.isin(values, list(codes))
    if coded.any():
        values[coded] = np.nan
        done.notes.append(f'"{head}": {int(coded.sum())} cells with a code read as missing')
    done.blanks = int(np.isnan(values).sum())
    return done


def _by_content(
    column: Column, plain: list[Any], known: list[Any], decimal: str, date_format: str | None, codes: Sequence[float]
) -> Done:
    count = len(known)
    folded_words = [cell.strip().casefold() if isinstance(cell, str) else cell for cell in known]
    numeric = sum(_is_number(cell, decimal) for cell in known)
    commas = sum(isinstance(cell, str) and _COMMA.fullmatch(cell.strip()) is not None for cell in known)
    day = sum(_is_date(cell, date_format) for cell in known)
    yes_no = sum(isinstance(w, (bool, np.bool_)) or w in _YES or w in _NO for w in folded_words)
    if count == 0:
        return Done([float("nan")] * len(plain), "nothing: all blank")
    if yes_no == count or (yes_no and yes_no + sum(w in ("0", "1", 0, 1) for w in folded_words) == count):
        done = Done([_yes_no(cell) for cell in plain], "yes/no as 1/0")
        return done
    if 2 * day > count and day > numeric:
        return _dates(column, plain, date_format)
    if 2 * (numeric + commas) > count:
        return _numbers(column, plain, decimal, codes)
    values = [None if cell is None else label(column.labels.get(cell, cell)) for cell in plain]
    shown = list(dict.fromkeys(x for x in values if x is not None))
    listed = ", ".join(shown[:_SHOWN]) + (f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else "")
    return Done(values, f"labels: {listed}")


def _is_number(cell: Any, decimal: str) -> bool:
    if isinstance(cell, str):
        text = cell.strip()
        return _NUMBER.fullmatch(text.replace(",", ".") if decimal == "," else text) is not None
    return isinstance(cell, (int, float, np.integer, np.floating)) and not isinstance(cell, bool)


def _is_date(cell: Any, date_format: str | None) -> bool:
    if isinstance(cell, (dt.date, np.datetime64)):
        return True
    if not isinstance(cell, str):
        return False
    if date_format is not None:
        try:
            dt.datetime.strptime(cell.strip(), date_format)
        except ValueError:
            return _DATE.fullmatch(cell.strip()) is not None
        return True
    return _DATE.fullmatch(cell.strip()) is not None


def _yes_no(cell: Any) -> float:
    if cell is None:
        return float("nan")
    word = cell.strip().casefold() if isinstance(cell, str) else cell
    return 1.0 if word in _YES or word in ("1", 1, True) else 0.0


def _dates(column: Column, plain: list[Any], date_format: str | None) -> Done:
    try:
        return Done(dates(plain, column.head, date_format, column.where), "dates")
    except InputError as error:
        return Done([None] * len(plain), "dates", problems=[str(error)])


def _numbers(column: Column, plain: list[Any], decimal: str, codes: Sequence[float]) -> Done:
    values = []
    done = Done([], "numbers")
    coded = 0
    commas: list[str] = []
    for row, cell in enumerate(plain):
        if cell is None:
            values.append(float("nan"))
        elif _is_number(cell, decimal):
            number = float(cell.strip().replace(",", ".") if isinstance(cell, str) else cell)
            coded += number in codes
            values.append(float("nan") if number in codes else number)
        else:
            values.append(float("nan"))
            problem = str(text_fault(cell, column.where(row)))
            comma = isinstance(cell, str) and _COMMA.fullmatch(cell.strip()) is not None
            (commas if comma else done.problems).append(problem)
    # A column with decimal commas is one problem, not one per cell.
    if commas:
        more = f" So have {len(commas) - 1} more cells of the column." if len(commas) > 1 else ""
        done.problems.insert(0, commas[0] + more)
    if coded:
        shown = ", ".join(f"{code:g}" for code in codes)
        done.notes.append(f'"{column.head}": {coded} cells with a code ({shown}) read as missing')
    done.values = values
    return done
