"""What all renderers do with text: nothing that a format forbids, quotes in quotation marks, speakers named."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = [
    "block_text",
    "cells_of",
    "clean",
    "description",
    "grid",
    "is_formula",
    "is_right_to_left",
    "safe_cell",
]

# What XML 1.0 forbids, lone surrogates and non-characters included; shown as U+FFFD, so that a loss can be seen.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")
# Where a spreadsheet begins to compute: ASCII and full-width signs, after blanks of any kind.
_FORMULA = re.compile(r"^[\s\x00-\x20\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffd]*[=+\-@＝＋－＠|%]")


def clean(text: str) -> str:
    r"""Replace what no document format can hold.

    Examples
    --------
    >>> clean("a\x00b\x1bc") == "a\ufffdb\ufffdc"
    True
    """
    return _FORBIDDEN.sub("\ufffd", text)


def is_right_to_left(text: str) -> bool:
    r"""Tell the direction of a text as HTML's `dir="auto"` does: by its first letter that has one.

    Examples
    --------
    >>> is_right_to_left("1. \u05e9\u05dc\u05d5\u05dd, she said"), is_right_to_left("She said \u05e9\u05dc\u05d5\u05dd")
    (True, False)
    """
    strong = (kind for kind in map(unicodedata.bidirectional, text) if kind in ("L", "R", "AL"))
    return next(strong, "L") != "L"


def is_formula(text: str) -> bool:
    """Tell whether a spreadsheet could take a text for a formula.

    Examples
    --------
    >>> is_formula("=1+1"), is_formula("  @sum"), is_formula("2 of 3"), is_formula("−1 point")
    (True, True, False, False)
    """
    return bool(_FORMULA.match(text)) or text[:1] in ("\t", "\r", "\n")


def safe_cell(text: str) -> str:
    """Write a cell that no spreadsheet computes: an apostrophe goes before anything that could be a formula."""
    text = clean(text)
    return "'" + text if text and is_formula(text) else text


def block_text(block: Mapping[str, Any]) -> str:
    """Write a block as text: own words in quotation marks, who said it in brackets."""
    text = clean(str(block["text"]))
    if block["role"] == "quote":
        text = f"\u201c{text}\u201d"
    if not block["who"]:
        return text
    more = ", paraphrased" if block["role"] == "paraphrase" else ""
    return f"{text} ({clean(block['who'])}{more})"


def cells_of(document: Mapping[str, Any]) -> Iterator[tuple[str | None, list[Any]]]:
    """Yield a heading with no cells before each group of rows, and each row's cells without a heading."""
    for section in document["sections"]:
        yield section["heading"], []
        for row in section["rows"]:
            yield None, row["cells"]


def grid(document: Mapping[str, Any], join: str = "\n") -> list[list[str]]:
    """Return the whole display as rows of text: headings first, the group of each row in the first column."""
    heads = ["Group", *(clean(c["heading"]) for c in document["columns"])]
    rows = [heads]
    for section in document["sections"]:
        for row in section["rows"]:
            cells = [join.join(block_text(b) for b in cell["blocks"]) for cell in row["cells"]]
            rows.append([clean(section["heading"]), *cells])
    return rows


def description(document: Mapping[str, Any]) -> str:
    """Return the alternative text of the table: what it is, how large, and in which columns."""
    n = sum(len(s["rows"]) for s in document["sections"])
    heads = ", ".join(clean(c["heading"]) for c in document["columns"])
    groups = "; ".join(f"{clean(s['heading'])} ({len(s['rows'])})" for s in document["sections"])
    return f"Table of {n} rows in {len(document['columns'])} columns: {heads}. Groups of rows: {groups}."
