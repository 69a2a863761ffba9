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
    from openpyxl.styles import Alignment, Border, Font, Side

    heavy, light = (Border(bottom=Side(style, color)) for style, color in (("medium", "1D2329"), ("thin", "D5DADE")))
    for i, row in enumerate(rows, start=1):
        for j, text in enumerate(row, start=1):
            cell = sheet.cell(row=i, column=j)
            cell.value = _held(safe_cell(text))
            # Text stays text, whatever it looks like.
            cell.data_type = "s"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = Font(name="Calibri", size=11, bold=i == 1)
            cell.border = heavy if i == 1 else light
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    widths = []
    for j in range(max(map(len, rows))):
        longest = max((len(line) for row in rows if len(row) > j for line in row[j].split("\n")), default=8)
        widths.append(min(max(longest + 2, 8), 48))
        sheet.column_dimensions[sheet.cell(row=1, column=j + 1).column_letter].width = widths[j]
    for i, row in enumerate(rows, start=1):
        # Not every program fits rows to wrapped text by itself.
        lines = max(_lines(text, width) for text, width in zip(row, widths, strict=False))
        sheet.row_dimensions[i].height = min(15.0 * lines, 409.0)


def _lines(text: str, width: int) -> int:
    return sum(max(1, -(-len(line) // (width - 1))) for line in text.split("\n"))


def _held(text: str) -> str:
    more = " […]"
    return text if len(text) <= _LONGEST else text[: _LONGEST - len(more)] + more
