"""Accessible HTML tables for results: a caption, scoped headers, text escaped, no script and no outside resource."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

_STYLE = (
    "border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.5em 0",
    "text-align:left;font-weight:600;padding-bottom:.3em;caption-side:top",
    "text-align:left;border-bottom:1.5px solid currentColor;padding:.2em .8em .2em 0;vertical-align:bottom",
    "padding:.15em .8em .15em 0;border-bottom:1px solid #ccc;vertical-align:top",
)


def number(value: Any, digits: int = 3) -> str:
    """Write a cell as a person would: integers whole, floats to `digits` significant decimals, None and NaN as a dash.

    Examples
    --------
    >>> number(97.0), number(0.8340576562), number(None), number(float("inf")), number("fair")
    ('97', '0.834', '–', '∞', 'fair')
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    try:
        x = float(value)
    except (TypeError, ValueError):
        return str(value)
    if isinstance(value, str):
        return value
    if math.isnan(x):
        return "–"
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    if x == int(x) and abs(x) < 1e15:
        return _fixed(x, 0)
    return _fixed(x, digits)


def _fixed(x: float, digits: int) -> str:
    """Write a number with this many decimals; what rounds to zero has no sign."""
    return f"{x:z.{digits}f}".replace("-", "−")


def _column(cells: Sequence[Any], digits: int) -> list[str]:
    """Write the cells of one column: floats share the fewest decimals that lose nothing, at most `digits`."""
    floats = [isinstance(x, float) and math.isfinite(x) for x in cells]
    known = [x for x, is_float in zip(cells, floats, strict=True) if is_float]
    fewest = next((d for d in range(digits) if all(abs(round(x, d) - x) < 1e-9 for x in known)), digits)
    return [_fixed(x, fewest) if is_float else number(x, digits) for x, is_float in zip(cells, floats, strict=True)]


def _kept(text: str) -> str:
    """Return the style that keeps what is short, such as a date or "50 of 77", on one line."""
    return ";white-space:nowrap" if len(text) <= 12 and not text.isalnum() else ""


def table(
    caption: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    digits: int = 3,
    note: str = "",
) -> str:
    """Return one table as HTML; the first cell of each row is its header.

    Parameters
    ----------
    caption
        Says what the table shows.
    columns
        Column headers.
    rows
        Cells: text is escaped, numbers are written by `number`.
    digits
        Decimals of floats.
    note
        A line below the table.
    """
    whole, above, head, cell = _STYLE
    heads = "".join(f'<th scope="col" style="{head}">{html.escape(str(c))}</th>' for c in columns)
    written = list(zip(*(_column(cells, digits) for cells in zip(*rows, strict=True)), strict=True))
    body = []
    for row in written:
        first, *rest = (html.escape(text) for text in row)
        cells = "".join(f'<td style="{cell}{_kept(x)}">{x}</td>' for x in rest)
        body.append(f'<tr><th scope="row" style="{cell};font-weight:normal;text-align:left">{first}</th>{cells}</tr>')
    below = f'<p style="font-size:.9em;margin:.2em 0 .8em">{html.escape(note)}</p>' if note else ""
    return (
        f'<table style="{whole}"><caption style="{above}">{html.escape(caption)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(body)}</tbody></table>{below}"
    )


class Shown:
    """What a notebook shows of itself: `_html`, in a region no higher than a screen that scrolls and has a name."""

    def _html(self) -> str:
        first, *rest = repr(self).splitlines()
        return f"<p>{html.escape(first)}</p>{listed(rest)}"

    def _repr_html_(self) -> str:
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(self).__name__).capitalize()
        # The keyboard scrolls what has the focus, so the region can be reached by it.
        region = f'tabindex="0" role="region" aria-label="{name}"'
        return f'<div style="max-height:38em;overflow:auto" {region}>{self._html()}</div>'


def listed(lines: Iterable[str]) -> str:
    """Return lines of text as a list; nothing without any."""
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""
