"""Every output of one display: what stands in it, and that nothing in the data can break or run in it."""

from __future__ import annotations

import csv
import io
import random
import re
import unicodedata
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest

import steelyard as sy
from steelyard._render_chart import contrast, drawing
from steelyard._render_latex import escape
from steelyard._render_text import clean, is_formula, safe_cell
from test_display import Parsed, check_page, study_display

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def hostile(n: int, seed: int = 1) -> list[str]:
    """Return n strings that have broken documents elsewhere: markup, formulas, commands, controls, scripts, emoji."""
    draw = random.Random(seed)
    seeds = [
        "<script>alert(1)</script>",
        "</td></table><img src=x onerror=alert(1)>",
        "]]><!--",
        "&amp;&#0;&nbsp;",
        '=HYPERLINK("http://x")',
        "+1+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1:A9)",
        "\t=1",
        "\uff1d1+1",
        "\\input{/etc/passwd}",
        "\\write18{ls}",
        "$x^{2$ % comment",
        "#1 ~ ^ _ & { }",
        "\\end{longtable}\\end{document}",
        "{{ 7 * 7 }}{% raw %}",
        "%s %n {0} ${HOME} `id`",
        "\x00\x01\x08\x0b\x0c\x1f\x7f",
        "\ufffe\uffff\U0001ffff",
        "\u202eright to left\u202c",
        "\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd",
        "\U0001f469\u200d\U0001f52c\U0001f3fd \U0001f1f3\U0001f1f4",
        "e\u0301 \u0e01\u0e33 \u0928\u093f \ud55c\uae00 \u6f22\u5b57",
        "\u200b\ufeff\u2028\u2029",
        "Sm\u00f8rbr\u00f8d \u00e6\u00e5 \u2013 \u2018quoted\u2019",
        "?` !` -- --- ,, '' ``",
        "x" * 400,
        "\r\n\n\r",
        "^^41 \\char13 \\catcode`\\%=12",
    ]
    out = []
    for _ in range(n):
        parts = [draw.choice(seeds) for _ in range(draw.randint(1, 3))]
        if draw.random() < 0.3:
            points = (
                draw.choice((draw.randrange(0x20), draw.randrange(0xD800), draw.randrange(0xE000, 0x110000)))
                for _ in range(6)
            )
            parts.append("".join(map(chr, points)))
        out.append("".join(parts))
    return out


def hostile_display(texts: list[str], *, charts: bool = True) -> sy.JointDisplay:
    """Return a display in which the texts stand in every place that takes one; pictures of charts take long."""
    k = len(texts) // 4
    names, themes, quotes, people = texts[:k], texts[k : 2 * k], texts[2 * k : 3 * k], texts[3 * k :]
    findings = [
        sy.Finding(
            f"f{i}",
            text or "x",
            2.0,
            n=6,
            population="these sites",
            scale=(1, 5) if charts else None,
            caveat=text,
            domain=text or None,
            cuts=(3, None),
        )
        for i, text in enumerate(names)
    ]
    corpus = sy.Corpus(
        informants=[{"id": f"i{i}", "label": text or "x"} for i, text in enumerate(people)],
        themes=[{"id": f"t{i}", "name": text, "description": text} for i, text in enumerate(themes)],
        excerpts=[
            {"id": f"e{i}", "text": text, "informant": f"i{i}", "themes": [f"t{i}"], "findings": [f"f{i}"]}
            for i, text in enumerate(quotes)
        ],
    )
    return sy.JointDisplay("lens", findings, corpus, sy.lenses.Cut(low=3), title=texts[0])


@pytest.fixture(scope="module")
def nasty() -> sy.JointDisplay:
    return hostile_display(hostile(10_000), charts=False)


@pytest.fixture(scope="module")
def some() -> sy.JointDisplay:
    """Fewer, with charts, where a format takes long; `make display-outputs` writes and opens all 10,000."""
    return hostile_display(hostile(400))


def test_ten_thousand_hostile_strings_become_harmless() -> None:
    texts = hostile(10_000, seed=2)
    page = ElementTree.Element("p")
    for text in texts:
        page.text = clean(text)
        assert ElementTree.fromstring(ElementTree.tostring(page)).tag == "p"
        cell = safe_cell(text)
        assert not is_formula(cell)
        told = escape(text)
        # Nothing but commands that the module itself writes.
        assert set(re.findall(r"\\([a-zA-Z]+)", told)) <= COMMANDS
        assert not re.search(r"(?<!\\)[%#$&^~_](?![^{]*\}\{)", re.sub(r"\\sychar\{\w+\}\{.\}|~", "", told))
        assert "^^" not in told


COMMANDS = {
    "textbackslash", "textasciitilde", "textasciicircum", "textless", "textgreater", "textbar", "textquotedbl",
    "textquotesingle", "textasciigrave", "textquotedblleft", "textquotedblright", "textquoteleft", "textquoteright",
    "textendash", "textemdash", "textellipsis", "ensuremath", "times", "leq", "geq", "sychar", "symark",
}  # fmt: skip


def test_hostile_html_parses_and_runs_nothing(nasty: sy.JointDisplay) -> None:
    page = nasty.to_html()
    parsed = Parsed(page)
    tags = {tag for tag, _ in parsed.tags}
    assert not {"script", "img", "iframe", "object", "form", "a", "link"} & tags
    assert not any(name.startswith("on") for _, attrs in parsed.tags for name in attrs)
    ids = [attrs["id"] for _, attrs in parsed.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", page)


def test_hostile_csv_and_workbook_hold_no_formula(nasty: sy.JointDisplay, tmp_path: Path) -> None:
    rows = list(csv.reader(io.StringIO(nasty.to_csv(tmp_path / "x.csv"))))
    assert len(rows) == 1 + len(nasty.rows)
    assert {len(row) for row in rows} == {6}
    for row in rows:
        for cell in row:
            assert not re.match(r"[\s\u200b\ufeff]*[=+\-@]", cell)
    nasty.to_xlsx(tmp_path / "x.xlsx")
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    assert book.sheetnames[0] == "Display"
    for sheet in book:
        for line in sheet.iter_rows():
            for cell in line:
                assert cell.data_type in ("s", "n")
                assert cell.value is None or not re.match(r"[\s]*[=+\-@]", str(cell.value))


def test_hostile_word_opens(some: sy.JointDisplay, tmp_path: Path) -> None:
    some.to_docx(tmp_path / "x.docx")
    opened = docx.Document(str(tmp_path / "x.docx"))
    assert len(opened.tables[0]._tbl.tr_lst) == 1 + len(some.document["sections"]) + len(some.rows)


def test_hostile_great_tables_object_runs_nothing(some: sy.JointDisplay) -> None:
    parsed = Parsed(some.to_great_tables().as_raw_html())
    tags = {tag for tag, _ in parsed.tags}
    assert {"table", "style"} <= tags
    assert not {"script", "img", "iframe", "object", "form", "a", "link"} & tags
    assert not any(name.startswith("on") for _, attrs in parsed.tags for name in attrs)


def test_word_repeats_headings_keeps_rows_whole_and_says_what_it_shows(tmp_path: Path) -> None:
    display = study_display(language="nb")
    display.to_docx(tmp_path / "x.docx")
    with zipfile.ZipFile(tmp_path / "x.docx") as archive:
        tree = ElementTree.fromstring(archive.read("word/document.xml"))
        styles = archive.read("word/styles.xml").decode()
    assert 'w:val="nb"' in styles
    table = next(tree.iter(f"{WORD}tbl"))
    rows = list(table.iter(f"{WORD}tr"))
    assert rows[0].find(f"{WORD}trPr/{WORD}tblHeader") is not None
    assert all(row.find(f"{WORD}trPr/{WORD}cantSplit") is not None for row in rows)
    properties = table.find(f"{WORD}tblPr")
    assert properties is not None
    order = ["tblW", "tblBorders", "tblLayout", "tblCellMar", "tblLook", "tblCaption", "tblDescription"]
    assert [child.tag.split("}")[1] for child in properties] == order
    caption, words = properties.find(f"{WORD}tblCaption"), properties.find(f"{WORD}tblDescription")
    assert caption is not None
    assert words is not None
    assert caption.get(f"{WORD}val") == display.document["caption"]
    assert str(words.get(f"{WORD}val")).startswith("Table of 24 rows in 5 columns: Finding, Value")
    size = next(tree.iter(f"{WORD}pgSz"))
    assert size.get(f"{WORD}orient") == "landscape"
    pictures = [e for e in tree.iter() if e.tag.endswith("}docPr")]
    charts = [c for s in display.document["sections"] for r in s["rows"] for c in r["cells"] if c["chart"]]
    assert [p.get("descr") for p in pictures] == [c["chart"]["words"] for c in charts]
    text = "".join(e.text or "" for e in tree.iter(f"{WORD}t"))
    assert "Agency focus on work" in text
    assert "Themes that no finding selected" in text
    assert "In the charts: diamond, value; circle, one site; thick line, interval; dashed line, cut." in text


def test_latex_wraps_repeats_its_head_and_names_its_packages() -> None:
    display = study_display()
    text = display.to_latex()
    assert (
        text.count(r"\endfirsthead")
        == text.count(r"\endhead")
        == 1 + len([a for a in display.document["appendices"] if a["rows"]])
    )
    assert r"p{\dimexpr" in text
    assert r"\raggedright" in text
    assert "landscape" in text
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")
    table = display.to_latex(standalone=False)
    assert table.startswith("% Needs the packages array, booktabs, graphicx, longtable")
    assert r"\documentclass" not in table
    assert text.count(r"\begin{picture}") == text.count(r"\rotatebox") == 24
    assert r"In the charts: diamond{,} value; circle{,} one site; thick line{,} interval; dashed line{,} cut." in text


def test_latex_escapes() -> None:
    assert escape("a & b_1 ~ 50% #x {y} $z$ ^ \\input") == (
        r"a \& b\_1 \textasciitilde{} 50\% \#x \{y\} \$z\$ \textasciicircum{} \textbackslash{}input"
    )
    assert escape("Smørbrød") == "Smørbrød"
    assert escape(unicodedata.normalize("NFD", "é")) == "é"
    assert escape("\U0001f469") == "\\sychar{1F469}{\U0001f469}"
    assert escape("\u202e") == r"\symark{202E}"
    assert escape("--") == "{-}{-}"


def test_pictures_are_the_same_bytes_and_carry_words(tmp_path: Path) -> None:
    display = study_display(lens=sy.lenses.Rank(lowest=2))
    for name in ("a", "b"):
        display.to_svg(tmp_path / f"{name}.svg")
        display.to_png(tmp_path / f"{name}.png", dpi=60)
    first = (tmp_path / "a.svg").read_bytes()
    assert first == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    tree = ElementTree.fromstring(first)
    assert "findings as a lens" in first.decode()
    assert tree.tag.endswith("svg")
    title, words = tree[0], tree[1]
    assert (title.tag.split("}")[1], title.text) == ("title", display.document["caption"])
    assert str(words.text).startswith("Table of ")


def test_hostile_picture_is_drawn(tmp_path: Path) -> None:
    hostile_display(hostile(40, seed=3)).to_png(tmp_path / "x.png", dpi=40)
    assert (tmp_path / "x.png").stat().st_size > 1000


def test_a_picture_that_no_program_opens_is_refused(tmp_path: Path) -> None:
    with pytest.raises(sy.InputError, match="size of picture not allowed"):
        study_display().to_png(tmp_path / "x.png", width=1)
    with pytest.raises(sy.InputError, match="display too tall for a picture"):
        study_display().to_png(tmp_path / "x.png", width=3.5, dpi=1200)


def test_great_tables_object_keeps_rows_groups_and_notes() -> None:
    import great_tables

    built = study_display().to_great_tables()
    assert isinstance(built, great_tables.GT)
    html = built.as_raw_html()
    assert "Agency focus on work" in html
    assert "Selected, without a theme" in html
    assert "Direction of merging" in html


@pytest.mark.parametrize("neutral", [None, 0, 3, 7])
def test_numbers_in_bars_can_be_read(neutral: int | None) -> None:
    # axe-core leaves text over a picture to a person: each number stands on its part of the bar by 4.5 to 1 or more.
    n = 8
    asked = sy.findings.ordinal_mean("q", "Q", levels=range(1, n + 1), counts=[20] * n, neutral=neutral)
    display = sy.JointDisplay("visual", [asked], sy.corpus.norway())
    cells = display.document["sections"][0]["rows"][0]["cells"]
    marks = drawing(next(c["chart"] for c in cells if c["chart"])).marks
    boxes = [m for m in marks if m.kind == "box"]
    numbers = [m for m in marks if m.kind == "text" and m.anchor == "middle"]
    assert (len(boxes), len(numbers)) == (n, n)
    for box, number in zip(boxes, numbers, strict=True):
        assert contrast(number.colour, box.colour) >= 4.5, box.colour
        assert box.at[0] < number.at[0] < box.at[0] + box.at[2]


def test_forest_shows_values_intervals_and_sites() -> None:
    axes = study_display().plot(unit="percent")
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert "IPS specialist available when needed" in labels
    assert axes.get_xlabel() == "percent"
    with pytest.raises(sy.InputError, match="no finding in this unit"):
        study_display().plot(unit="metres")
    import matplotlib.pyplot as plt

    plt.close("all")


def test_right_to_left_and_emoji_keep_their_direction_and_language(tmp_path: Path) -> None:
    text = "\u0645\u0631\u062d\u0628\u0627 \U0001f44d"
    corpus = sy.Corpus(
        informants=[{"id": "i"}],
        excerpts=[{"id": "e", "text": text, "informant": "i", "findings": ["f"], "language": "ar"}],
    )
    finding = sy.Finding("f", "F", 2.0, n=6, population="these sites")
    display = sy.JointDisplay("lens", [finding], corpus, sy.lenses.Cut(low=3))
    page = display.to_html()
    assert f'<blockquote class="jd-quote" lang="ar" dir="auto" data-excerpt="e"><q>{text}</q>' in page
    check_page(page, 1)
    display.to_docx(tmp_path / "x.docx")
    cells = docx.Document(str(tmp_path / "x.docx")).tables[0].rows[-1].cells
    said = next(p for cell in cells for p in cell.paragraphs if text in p.text)
    assert said.runs[0].font.rtl is True
    assert [child.tag for child in said._p.pPr][:2] == [f"{WORD}bidi", f"{WORD}ind"]
    others = [p for cell in cells for p in cell.paragraphs if text not in p.text]
    assert not any(run.font.rtl for p in others for run in p.runs)


def test_text_that_is_not_unicode_is_refused_with_its_place() -> None:
    with pytest.raises(sy.InputError, match="text that is not Unicode"):
        study_display(title="a\ud800b")
    with pytest.raises(sy.InputError, match=r"text that is not Unicode .* in corpus, after "):
        sy.Corpus(excerpts=[{"id": "e", "text": "a\ud800b"}])


@pytest.mark.parametrize(
    ("text", "expected"),
    [("=1", "'=1"), (" +1", "' +1"), ("@x", "'@x"), ("\t1", "'\t1"), ("", ""), ("a=1", "a=1"), ("\u22121", "\u22121")],
)
def test_safe_cells(text: str, expected: str) -> None:
    assert safe_cell(text) == expected


def missing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    real = builtins.__import__

    def refuse(module: str, *args: Any, **kwargs: Any) -> Any:
        if module.split(".")[0] == name:
            raise ImportError(module)
        return real(module, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)


@pytest.mark.parametrize(
    ("library", "output", "message"),
    [
        (
            "docx",
            lambda d, p: d.to_docx(p),
            r"python-docx is not installed. Install it: pip install 'steelyard\[docx\]'",
        ),
        ("openpyxl", lambda d, p: d.to_xlsx(p), "openpyxl is not installed"),
        ("great_tables", lambda d, p: d.to_great_tables(), "great_tables is not installed"),
    ],
)
def test_a_missing_library_is_named(
    library: str, output: Any, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    display = study_display()
    missing(library, monkeypatch)
    with pytest.raises(sy.InputError, match=message):
        output(display, tmp_path / "x")
