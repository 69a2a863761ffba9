"""How a score sheet is laid out: which cells head items, which head sites, and what the other columns are."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ._cells import is_blank, label
from ._grid import Grid
from ._names import folded
from .errors import refuse
from .scale import Scale

Layout = Literal["sites in rows", "items in rows", "long"]

_NUMBERED = re.compile(r"^\s*(?:item|q|ips)?\s*[-_.]?\s*(\d{1,3})\s*[.):_-]?\s*", re.IGNORECASE)
_ROLES = {
    "site": ("site", "sites", "centre", "center", "program", "programme", "agency", "team", "unit", "sted", "senter"),
    "review_date": ("reviewdate", "date", "dateofreview", "reviewed", "assessmentdate", "dato", "year", "wave"),
    "rater": ("rater", "reviewer", "assessor", "ratedby", "reviewedby", "raters"),
    "item": ("item", "items", "itemid", "indicator"),
    "score": ("score", "scores", "rating", "value", "points"),
    "printed_total": ("total", "totalscore", "sum", "fidelitytotal", "totalfidelityscore"),
}
_BESIDE_ITEMS = ("title", "subscale", "allowed", "number", "no", "nr", "section", "domain", "measures", "itemnumber")
_FOOTERS = ("total", "sum", "mean", "average", "median", "sd", "min", "max", "totalscore", "standarddeviation")


@dataclasses.dataclass(frozen=True)
class Match:
    """A head that was understood as an item: by `id`, `title`, `alias`, `number` or `your columns=`."""

    head: str
    item: str
    how: str


class ItemNames:
    """Names of items, folded: ids, titles, aliases, titles with a number before them, and one's own mapping."""

    def __init__(self, scale: Scale, columns: Mapping[str, str | None]) -> None:
        self._scale = scale
        self._known: dict[str, tuple[str, str]] = {}
        for item in scale.items:
            self._known[folded(item.id)] = (item.id, "id")
        for item in scale.items:
            self._known.setdefault(folded(item.title), (item.id, "title"))
        for item in scale.items:
            for alias in item.aliases:
                self._known.setdefault(folded(alias), (item.id, "alias"))
        self._own = {folded(head): (target, "columns=") for head, target in columns.items() if target in scale.item_ids}
        self._ignored = {folded(head) for head, target in columns.items() if target not in scale.item_ids}

    @property
    def known(self) -> dict[str, str]:
        """Every accepted spelling, with its item."""
        spelled = {item.id: item.id for item in self._scale.items}
        spelled |= {text: item.id for item in self._scale.items for text in (item.title, *item.aliases)}
        return spelled

    def match(self, cell: Any) -> Match | None:
        """Return the item that a head names, or None."""
        if is_blank(cell) or not isinstance(cell, str):
            return None
        key = folded(cell)
        if key in self._ignored:
            return None
        hit = self._own.get(key) or self._known.get(key)
        if hit is None and (number := _NUMBERED.match(cell)) is not None:
            rest = folded(cell[number.end() :])
            place = int(number.group(1))
            if rest and rest in self._known:
                hit = self._known[rest]
            elif not rest and 1 <= place <= len(self._scale.items) and not cell.strip().isdigit():
                hit = (self._scale.items[place - 1].id, "number")
        return None if hit is None else Match(cell, *hit)

    def by_number(self, cells: Sequence[Any]) -> dict[int, Match]:
        """Match heads that are plain numbers, only when they are 1 to the number of items, each once and in order."""
        places = [(j, label(cell)) for j, cell in enumerate(cells) if label(cell).isdigit()]
        wanted = [str(i + 1) for i in range(len(self._scale.items))]
        if [text for _, text in places] != wanted:
            return {}
        return {j: Match(text, self._scale.items[int(text) - 1].id, "number") for j, text in places}


@dataclasses.dataclass(frozen=True)
class Found:
    """A layout: `items` maps columns (or rows) to matches; heads stand in row `head` (or column `head`)."""

    layout: Layout
    head: int
    items: dict[int, Match]


def find_layout(grid: Grid, names: ItemNames) -> Found:
    """Find the row or column that heads the most items."""
    rows = grid.rows
    width = len(rows[0])
    best: Found | None = None
    for r, row in enumerate(rows[:40]):
        found = {c: m for c, cell in enumerate(row) if (m := names.match(cell)) is not None} or names.by_number(row)
        best = _better(best, Found("sites in rows", r, found))
    for c in range(min(width, 40)):
        column = [row[c] for row in rows]
        found = {r: m for r, cell in enumerate(column) if (m := names.match(cell)) is not None}
        best = _better(best, Found("items in rows", c, found or names.by_number(column)))
    if best is None or len({m.item for m in best.items.values()}) < 2:
        raise _nothing_found(grid, names)
    repeated = len(best.items) > len({m.item for m in best.items.values()})
    if best.layout == "items in rows" and repeated and _long_heads(grid, best):
        return dataclasses.replace(best, layout="long")
    return best


def _better(best: Found | None, other: Found) -> Found | None:
    def rank(found: Found) -> tuple[int, int]:
        """More items win; at a tie names win over plain numbers."""
        by_name = {m.item for m in found.items.values() if m.how != "number"}
        return len({m.item for m in found.items.values()}), len(by_name)

    if not other.items or (best is not None and rank(other) <= rank(best)):
        return best
    return other


def _nothing_found(grid: Grid, names: ItemNames) -> Exception:
    first = [label(cell) for cell in grid.rows[0] if not is_blank(cell)][:8]
    spelled = list(names.known)[:4]
    return refuse(
        "no items found",
        at=grid.source,
        got=f"first row: {', '.join(first) or 'blank'}",
        allowed=f"heads of rows or columns that name items, such as {', '.join(spelled)}",
        remedy='Use the scale\'s ids or titles, or say what is what: columns={"your head": "item_id"}.',
    )


def _long_heads(grid: Grid, found: Found) -> bool:
    first = min(found.items)
    return first > 0 and role_of(grid.rows[first - 1][found.head]) in ("item", None) and first == 1


def role_of(cell: Any) -> str | None:
    """Return what a head that is no item stands for: site, review_date, rater, item, score, printed_total, or None."""
    key = folded(label(cell))
    return next((role for role, words in _ROLES.items() if key in words), None)


def is_footer(cell: Any) -> bool:
    """Tell whether a row head names a summary row rather than a site."""
    return folded(label(cell)) in _FOOTERS


def stands_beside_items(cell: Any) -> bool:
    """Tell whether a column beside the items describes them rather than a site."""
    key = folded(label(cell))
    return key in _BESIDE_ITEMS or role_of(cell) == "item"
