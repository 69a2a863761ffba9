"""Joint displays as CSV and XLSX; no cell can be taken for a formula."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from ._render_text import clean, grid, safe_cell
from .errors import refuse

__all__ = ["csv_text", "write"]

_LONGEST = 32_767  # characters that a cell of a workbook holds


def csv_text(document: dict[str, Any]) -> str:
    """Return the rows of the display as CSV, every cell quoted."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for row in grid(document):
        writer.writerow([safe_cell(cell) for cell in row])
    return buffer.getvalue()


def write(document: dict[str, Any], path: Path) -> None:
    """Write a workbook with the table, the lists below it and the notes."""
    try:
        import openpyxl
    except ImportError:
        raise refuse("openpyxl is not installed", remedy="Install it: pip install 'steelyard[io]'.") from None

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Display"
    _sheet(sheet, grid(document))
    used = {"display"}
    for appendix in document["appendices"]:
        title = _title(appendix["heading"], used)
        _sheet(book.create_sheet(title), [appendix["columns"], *appendix["rows"]])
    notes = [["Caption"], [document["caption"]], ["Notes"], *([note] for note in document["notes"])]
    _sheet(book.create_sheet(_title("Notes", used)), notes)
    book.properties.creator = "Steelyard"
    book.properties.title = clean(document["caption"])[:250]
    book.save(path)


def _title(text: str, used: set[str]) -> str:
    base = "".join(c for c in clean(text) if c not in "[]:*?/\\'")[:28] or "List"
    title, number = base, 2
    while title.lower() in used:
        title, number = f"{base[:25]} {number}", number + 1
    used.add(title.lower())
    return title


def _sheet(sheet: Any, rows: list[list[str]]) -> None:
    from openpyxl.styles import Alignment, Font

    for i, row in enumerate(rows, start=1):
        for j, text in enumerate(row, start=1):
            cell = sheet.cell(row=i, column=j)
            cell.value = _held(safe_cell(text))
            # Text stays text, whatever it looks like.
            cell.data_type = "s"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if i == 1:
                cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"
    for j in range(1, len(rows[0]) + 1):
        longest = max((len(line) for row in rows if len(row) >= j for line in row[j - 1].split("\n")), default=8)
        sheet.column_dimensions[sheet.cell(row=1, column=j).column_letter].width = min(max(longest, 8), 48)


def _held(text: str) -> str:
    more = " […]"
    return text if len(text) <= _LONGEST else text[: _LONGEST - len(more)] + more
