"""Joint displays as a `great_tables.GT`, for those who style further."""

from __future__ import annotations

from typing import Any

from ._render_text import clean, grid
from .errors import refuse

__all__ = ["table"]


def table(document: dict[str, Any]) -> Any:
    """Return the display as a GT with groups of rows, a stub, and the notes below."""
    try:
        import great_tables
    except ImportError:
        raise refuse("great_tables is not installed", remedy="Install it: pip install 'steelyard[tables]'.") from None
    import pandas as pd

    heads, *rows = grid(document)
    # A GT needs column names of its own: headings that repeat are told apart by blanks at their end.
    names = []
    for head in heads:
        name = head
        while name in names:
            name += " "
        names.append(name)
    frame = pd.DataFrame({name: [row[j] for row in rows] for j, name in enumerate(names)})
    stub = names[1 + document["header"]]
    built = great_tables.GT(frame, rowname_col=stub, groupname_col=names[0])
    built = built.tab_header(title=clean(document["caption"])).tab_stubhead(label=stub)
    for note in document["notes"]:
        built = built.tab_source_note(source_note=clean(note))
    return built.tab_options(table_width="100%").tab_style(
        style=great_tables.style.css("white-space: pre-line; vertical-align: top;"),
        locations=[great_tables.loc.body(), great_tables.loc.stub()],
    )
