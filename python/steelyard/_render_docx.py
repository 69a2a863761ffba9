"""Joint displays in Word: repeated headings, unsplit rows, caption, alternative text, landscape where wide."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ._render_chart import Drawing, draw, drawing, keys
from ._render_text import clean, description, is_right_to_left
from .errors import refuse

__all__ = ["write"]

_WIDE = 4  # columns from which the page is turned


def write(document: dict[str, Any], path: Path) -> None:
    """Write the display to `path`."""
    try:
        import docx
    except ImportError:
        raise refuse("python-docx is not installed", remedy="Install it: pip install 'steelyard[docx]'.") from None
    from docx.shared import Cm, Pt, RGBColor

    word = docx.Document()
    style = word.styles["Normal"]
    style.font.name, style.font.size = "Calibri", Pt(9)
    style.paragraph_format.space_after = Pt(2)
    # Word's own captions are blue and close to what stands above.
    caption = word.styles["Caption"]
    caption.font.color.rgb, caption.font.size = RGBColor(0x1D, 0x23, 0x29), Pt(10)
    caption.paragraph_format.space_before, caption.paragraph_format.space_after = Pt(10), Pt(4)
    _language(style.element, document["spec"]["language"])
    word.core_properties.title = clean(document["caption"])[:250]
    word.core_properties.author = ""
    section = word.sections[0]
    portrait, landscape = (Cm(21.0), Cm(29.7)), (Cm(29.7), Cm(21.0))
    is_wide = len(document["columns"]) >= _WIDE
    section.page_width, section.page_height = landscape if is_wide else portrait
    if is_wide:
        from docx.enum.section import WD_ORIENT

        section.orientation = WD_ORIENT.LANDSCAPE
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, Cm(1.8))
    usable = section.page_width - Cm(3.6)
    _caption(word, document["caption"], 1)
    _main(word, document, usable)
    for position, key in enumerate(keys(document)):
        word.add_paragraph(key).paragraph_format.space_before = Pt(0 if position else 4)
    for note in document["notes"]:
        word.add_paragraph(clean(note), style="List Bullet")
    number = 1
    for appendix in document["appendices"]:
        if appendix["rows"]:
            number += 1
            _caption(word, f"{appendix['heading']}. {appendix['lead']}", number)
            _list(word, appendix, usable)
        else:
            paragraph = word.add_paragraph()
            paragraph.add_run(clean(appendix["heading"]) + ". ").bold = True
            paragraph.add_run(clean(appendix["lead"]))
    word.save(str(path))


def _element(name: str, **attributes: str) -> Any:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    element = OxmlElement(name)
    for key, value in attributes.items():
        element.set(qn(f"w:{key}"), value)
    return element


def _language(owner: Any, tag: str) -> None:
    """Name the language of a style or a run."""
    tag = "".join(c for c in tag if c.isalnum() or c == "-")[:35] or "en"
    properties = owner.get_or_add_rPr()
    from docx.oxml.ns import qn

    for old in properties.findall(qn("w:lang")):
        properties.remove(old)
    properties.append(_element("w:lang", val=tag, bidi=tag, eastAsia=tag))


def _caption(word: Any, text: str, number: int) -> None:
    """Write a caption with a table number that Word keeps (a SEQ field), kept with the table below."""
    paragraph = word.add_paragraph(style="Caption")
    paragraph.paragraph_format.keep_with_next = True
    paragraph.add_run("Table ")
    field = _element("w:fldSimple", instr=" SEQ Table \\* ARABIC ")
    run = _element("w:r")
    shown = _element("w:t")
    shown.text = str(number)
    run.append(shown)
    field.append(run)
    paragraph._p.append(field)
    paragraph.add_run(f". {clean(text)}")


def _table(word: Any, columns: int, caption: str, words: str) -> Any:
    table = word.add_table(rows=0, cols=columns)
    properties = table._tbl.tblPr
    borders = _element("w:tblBorders")
    for side, size, colour in (("top", "12", "1D2329"), ("bottom", "12", "1D2329"), ("insideH", "4", "B4BBC1")):
        borders.append(_element(f"w:{side}", val="single", sz=size, space="0", color=colour))
    room = _element("w:tblCellMar")
    for side in ("top", "bottom"):
        room.append(_element(f"w:{side}", w="45", type="dxa"))
    look = properties.find(_name("w:tblLook"))
    for element in (
        borders,
        room,
        _element("w:tblCaption", val=clean(caption)[:255]),
        _element("w:tblDescription", val=clean(words)[:2000]),
    ):
        # The order of the schema: borders and margins stand before tblLook, caption and description after it.
        if look is not None and element in (borders, room):
            look.addprevious(element)
        else:
            properties.append(element)
    table.autofit = False
    return table


def _name(tag: str) -> Any:
    from docx.oxml.ns import qn

    return qn(tag)


def _row(table: Any, widths: Sequence[int], *, heading: bool = False) -> Any:
    row = table.add_row()
    if len(table.rows) == 1:
        for column, width in zip(table.columns, widths, strict=True):
            column.width = width
    properties = row._tr.get_or_add_trPr()
    properties.append(_element("w:cantSplit"))
    if heading:
        properties.append(_element("w:tblHeader"))
    for cell, width in zip(row.cells, widths, strict=True):
        cell.width = width
    return row


def _main(word: Any, document: dict[str, Any], usable: int) -> None:
    columns = document["columns"]
    whole = sum(c["width"] for c in columns)
    widths = [int(usable * c["width"] / whole) for c in columns]
    table = _table(word, len(columns), document["caption"], description(document))
    for cell, column in zip(_row(table, widths, heading=True).cells, columns, strict=True):
        cell.paragraphs[0].add_run(clean(column["heading"])).bold = True
    pictures = _Pictures()
    for section in document["sections"]:
        cells = _row(table, widths).cells
        merged = cells[0].merge(cells[-1])
        merged.paragraphs[0].add_run(clean(section["heading"])).bold = True
        merged.paragraphs[0].paragraph_format.keep_with_next = True
        for row in section["rows"]:
            for cell, told, width in zip(_row(table, widths).cells, row["cells"], widths, strict=True):
                _fill(cell, told, document["spec"]["language"], pictures, width)


def _fill(cell: Any, told: dict[str, Any], language: str, pictures: _Pictures, width: int) -> None:
    from docx.shared import Pt, RGBColor

    first = True
    for position, block in enumerate(told["blocks"]):
        paragraph = cell.paragraphs[0] if first else cell.add_paragraph()
        first = False
        role, text = block["role"], clean(block["text"])
        run = paragraph.add_run(f"\u201c{text}\u201d" if role == "quote" else text)
        run.bold = role in ("label", "value", "theme", "fit", "absent")
        run.italic = role == "paraphrase"
        if role in ("detail", "signal", "caution"):
            run.font.size = Pt(8)
        if role in ("caution", "absent"):
            run.font.color.rgb = RGBColor(0x7A, 0x3B, 0x00)
        if is_right_to_left(text):
            run.font.rtl = True
            paragraph._p.get_or_add_pPr().insert_element_before(_element("w:bidi"), "w:spacing", "w:ind", "w:jc")
        if role == "theme" and position:
            paragraph.paragraph_format.space_before = Pt(5)
        if role in ("quote", "paraphrase"):
            paragraph.paragraph_format.left_indent = Pt(8)
            if block["language"] and block["language"] != language:
                _language(run._r, block["language"])
        if block["who"]:
            more = ", paraphrased" if role == "paraphrase" else ""
            paragraph.add_run(f" \u2014 {clean(block['who'])}{more}").font.size = Pt(8)
        if position == 0 and told["chart"]:
            pictures.add(cell.add_paragraph(), drawing(told["chart"]), width)


class _Pictures:
    """Charts as pictures with alternative text; one figure serves all."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, paragraph: Any, told: Drawing, room: int) -> None:
        from docx.shared import Pt

        self._count += 1
        shape = paragraph.add_run().add_picture(io.BytesIO(png(told)), width=min(Pt(told.width), room - Pt(20)))
        properties = shape._inline.docPr
        properties.set("name", f"Chart {self._count}")
        properties.set("descr", clean(told.words))


def png(told: Drawing) -> bytes:
    """Return one chart as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(told.width / 72, told.height / 72), dpi=200)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, told.width)
    axes.set_ylim(told.height, 0)
    axes.axis("off")
    draw(axes, told, 0, 0)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=200, metadata={"Software": None})
    return buffer.getvalue()


def _list(word: Any, appendix: dict[str, Any], usable: int) -> None:
    columns = appendix["columns"]
    widths = [usable // len(columns)] * len(columns)
    words = f"List of {len(appendix['rows'])} rows: {', '.join(columns)}."
    table = _table(word, len(columns), appendix["heading"], words)
    for cell, heading in zip(_row(table, widths, heading=True).cells, columns, strict=True):
        cell.paragraphs[0].add_run(clean(heading)).bold = True
    for row in appendix["rows"]:
        for cell, text in zip(_row(table, widths).cells, row, strict=True):
            cell.paragraphs[0].add_run(clean(text))
