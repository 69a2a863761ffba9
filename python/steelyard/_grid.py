"""Files to a rectangular grid of cells: CSV, XLSX (merged cells filled) and SPSS `.sav` (labels, user-missing)."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ._cells import is_blank
from .errors import refuse

Cell = Any

_LARGEST_FILE = 512 * 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Grid:
    """Cells of one sheet, row by row; every row has the same length.

    Attributes
    ----------
    rows : list of list
        Cells: text, numbers, dates or None.
    source : str
        The file and sheet, for messages.
    notes : tuple of str
        What reading did: encoding, delimiter, merged cells, user-missing values.
    value_labels : dict
        By column head, the labels of coded values (`.sav`).
    titles : tuple of str
        Other heads of the columns: the variable labels of a `.sav` file, whose first row holds the variable names.
    """

    rows: list[list[Cell]]
    source: str
    notes: tuple[str, ...] = ()
    value_labels: Mapping[str, Mapping[Any, str]] = dataclasses.field(default_factory=dict)
    titles: tuple[str, ...] = ()

    def place(self, row: int, column: int) -> str:
        """Name a cell as a spreadsheet does, with its column letter and row number."""
        return f"{self.source}, cell {column_letters(column)}{row + 1}"


def column_letters(column: int) -> str:
    """Return the letters of a column counted from 0: A, B, ..., Z, AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def present(path: Path) -> None:
    """Refuse a path that is no file; a file of nearly that name is offered."""
    if not path.is_file():
        near = _neighbour(path)
        raise refuse("no such file" + near, got=str(path), remedy=f"Paths start from the current folder, {Path.cwd()}.")


def read_grid(path: str | Path, *, sheet: str | None, encoding: str | None, delimiter: str | None) -> Grid:
    """Read a file by its ending."""
    if not isinstance(path, (str, Path)):
        raise refuse(
            "file not understood", got=type(path).__name__, allowed="a path, or a pandas, polars or pyarrow frame"
        )
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".sav"):
        hint = "Save it as .xlsx." if kind == ".xls" else ""
        raise refuse("unknown kind of file", got=str(path), allowed=".csv, .tsv, .xlsx or .sav", remedy=hint)
    present(path)
    if path.stat().st_size > _LARGEST_FILE:
        raise refuse("file too large for a score sheet", got=f"{path.stat().st_size} bytes", allowed="512 MiB")
    if kind in (".xlsx", ".xlsm"):
        grid = _read_xlsx(path, sheet)
    elif sheet is not None:
        raise refuse("a sheet was named for a file that has none", at="sheet", got=repr(sheet), allowed=".xlsx")
    elif kind == ".sav":
        grid = _read_sav(path)
    else:
        grid = _read_csv(path, encoding, delimiter)
    if not any(not is_blank(cell) for row in grid.rows for cell in row):
        raise refuse("file without content", got=grid.source)
    return grid


def frame_grid(columns: Mapping[str, Any]) -> Grid:
    """Lay a frame out as a sheet: its column names are the first row."""
    cells = [[None if is_blank(x) else _tidy(x) for x in column.tolist()] for column in columns.values()]
    if not cells or not cells[0]:
        raise refuse("frame without rows", at="scores", got=f"{len(cells)} columns")
    return Grid([list(columns), *[list(row) for row in zip(*cells, strict=True)]], "the frame")


def _neighbour(path: Path) -> str:
    from ._names import offer

    folder = path.parent
    return offer(path.name, sorted(x.name for x in folder.iterdir() if x.is_file())) if folder.is_dir() else ""


def _read_csv(path: Path, encoding: str | None, delimiter: str | None) -> Grid:
    raw = path.read_bytes()
    notes = []
    if encoding is None:
        encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        raise refuse(
            f"file is not {encoding.removesuffix('-sig')} text",
            got=str(path),
            remedy="Save it as UTF-8, or name its encoding: encoding='cp1252' is common for sheets saved on Windows.",
        ) from None
    if "\x00" in text:
        raise refuse("file is not text", got=str(path), remedy="Save it as CSV in UTF-8.")
    if delimiter is None:
        delimiter = _delimiter(text)
        names = {",": "commas", ";": "semicolons", "\t": "tabs"}
        notes.append(f"columns separated by {names[delimiter]}")
    try:
        rows = list(csv.reader(text.splitlines(keepends=True), delimiter=delimiter))
    except csv.Error as error:
        raise refuse("file is not a table", got=f"{path} ({error})") from None
    return Grid(_squared([[cell.strip() or None for cell in row] for row in rows]), path.name, tuple(notes))


def _delimiter(text: str) -> str:
    """Return the separator that gives the most columns in the same number on most of the first lines."""
    lines = [line for line in text.splitlines()[:50] if line.strip()]

    def even(mark: str) -> tuple[int, int]:
        counts = [len(row) for row in csv.reader(lines, delimiter=mark)]
        usual = max(set(counts), key=counts.count, default=1)
        return (counts.count(usual) if usual > 1 else 0, usual)

    return max((",", ";", "\t"), key=even)


def _squared(rows: list[list[Cell]]) -> list[list[Cell]]:
    width = max((len(row) for row in rows), default=0)
    return [row + [None] * (width - len(row)) for row in rows]


def _read_xlsx(path: Path, sheet: str | None) -> Grid:
    try:
        import openpyxl
    except ImportError:
        raise refuse("openpyxl is not installed", remedy="pip install 'steelyard[io]', or save as CSV.") from None
    import zipfile

    try:
        book = openpyxl.load_workbook(path, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, TypeError) as error:
        raise refuse("workbook cannot be read", got=f"{path} ({error})", remedy="Save it again as .xlsx.") from None
    names = [s.title for s in book.worksheets]
    if sheet is None:
        filled = [s for s in book.worksheets if any(c.value is not None for row in s.iter_rows() for c in row)]
        if len(filled) > 1:
            raise refuse(
                "several sheets hold something",
                at=path.name,
                got=", ".join(s.title for s in filled),
                remedy=f"Name one: sheet={filled[0].title!r}.",
            )
        page = filled[0] if filled else book.worksheets[0]
    elif sheet in names:
        page = book[sheet]
    else:
        from ._names import offer

        raise refuse("no such sheet" + offer(sheet, names), at=path.name, got=repr(sheet), allowed=", ".join(names))
    rows = [[_tidy(cell.value) for cell in row] for row in page.iter_rows()]
    notes = []
    for area in page.merged_cells.ranges:
        value = _tidy(page.cell(area.min_row, area.min_col).value)
        for r in range(area.min_row - 1, area.max_row):
            for c in range(area.min_col - 1, area.max_col):
                rows[r][c] = value
    if page.merged_cells.ranges:
        notes.append(f"{len(page.merged_cells.ranges)} merged areas filled with their value")
    return Grid(_squared(rows), f"{path.name}, sheet {page.title}", tuple(notes))


def _tidy(cell: Cell) -> Cell:
    return (cell.strip() or None) if isinstance(cell, str) else cell


def _read_sav(path: Path) -> Grid:
    try:
        import pyreadstat
    except ImportError:
        raise refuse("pyreadstat is not installed", remedy="pip install 'steelyard[io]', or export as CSV.") from None
    try:
        frame, meta = pyreadstat.read_sav(str(path), user_missing=True)
    except Exception as error:
        raise refuse("SPSS file cannot be read", got=f"{path} ({error})") from None
    notes = []
    columns: list[list[Cell]] = []
    heads: list[Cell] = []
    labels: dict[str, Mapping[Any, str]] = {}
    for name in frame.columns:
        cells = [None if is_blank(x) else x for x in frame[name].tolist()]
        ranges = meta.missing_ranges.get(name, [])
        blanked = sum(_user_missing(x, ranges) for x in cells)
        if blanked:
            codes = sorted({x for x in cells if _user_missing(x, ranges)}, key=str)
            shown = ", ".join(f"{x:g}" if isinstance(x, float) else str(x) for x in codes)
            notes.append(f"{name}: {blanked} user-missing cells ({shown}) read as missing")
        columns.append([None if _user_missing(x, ranges) else _tidy(x) for x in cells])
        heads.append(str(name))
        if name in meta.variable_value_labels:
            labels[str(name)] = meta.variable_value_labels[name]
    titles = tuple(meta.column_names_to_labels.get(name) or "" for name in frame.columns)
    body = [list(row) for row in zip(*columns, strict=True)]
    return Grid([heads, *body], path.name, tuple(notes), labels, titles)


def _user_missing(cell: Cell, ranges: Sequence[Any]) -> bool:
    if cell is None:
        return False
    for area in ranges:
        low, high = area["lo"], area["hi"]
        if isinstance(cell, str) == isinstance(low, str) and low <= cell <= high:
            return True
    return False
