"""Small accessible HTML tables: a caption, column and row scopes, no script."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any


def shown(value: Any) -> str:
    """Return a cell as text: numbers to at most three decimals, None as an en dash."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".") if value == value else "–"
    return str(value)


def table(caption: str, columns: Mapping[str, Sequence[Any]], heads: Mapping[str, str] | None = None) -> str:
    """Return a table whose first column heads its rows."""
    names = list(columns)
    heads = heads or {}
    head = "".join(f'<th scope="col">{html.escape(heads.get(name, name))}</th>' for name in names)
    rows = []
    for row in zip(*(columns[name] for name in names), strict=True):
        first, *rest = (html.escape(shown(cell)) for cell in row)
        rows.append(f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>')
    return (
        f"<table><caption>{html.escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def notes(texts: Sequence[str]) -> str:
    """Return notes as a list, or nothing."""
    return "<ul>" + "".join(f"<li>{html.escape(text)}</li>" for text in texts) + "</ul>" if texts else ""
