"""Table 1: who the participants are, by arm or site, with what is missing."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._brief import brief
from ._frames import frame_in
from ._html import table
from ._moments import people_of
from ._result import Result
from .errors import InputError, refuse

if TYPE_CHECKING:
    from .study import Study

_MOST_LABELS = 12


@dataclasses.dataclass(frozen=True, repr=False)
class TableOne(Result):
    """Characteristics of linked participants.

    Attributes
    ----------
    groups : tuple of str
        Labels of the columns; `all` first.
    n : tuple of int
        Participants of each group.
    rows : tuple of dict
        `variable, level, kind` (`mean (SD)` or `n (%)`), and per group `value`, `spread`, `missing`.
    differences : tuple of float or None
        Standardised mean difference of the first two groups after `all`, per row; None otherwise. No p-value: in a
        trial differences at baseline are chance by design, elsewhere it says how many there were, not how unlike.
    """

    groups: tuple[str, ...]
    n: tuple[int, ...]
    rows: tuple[dict[str, Any], ...]
    differences: tuple[float | None, ...]
    caveats: tuple[str, ...]
    library: str = "pandas"

    @property
    def frame(self) -> Any:
        """One row per variable and level, cells as printed."""
        heads = [f"{group} (n = {n})" for group, n in zip(self.groups, self.n, strict=True)]
        columns: dict[str, Any] = {
            "variable": [row["variable"] for row in self.rows],
            "level": [row["level"] for row in self.rows],
            "shown": [row["kind"] for row in self.rows],
        }
        columns |= {head: [_shown(row, k) for row in self.rows] for k, head in enumerate(heads)}
        columns["missing"] = [row["missing"][0] for row in self.rows]
        if not self._alone:
            columns["standardised difference"] = list(self.differences)
        return frame_in(columns, self.library)

    def tidy(self) -> Any:
        """Return one row per variable, level and group: `term, group, estimate, std_dev, missing`."""
        cells = [
            (
                row["variable"] + (f": {row['level']}" if row["level"] else ""),
                group,
                row["value"][k],
                row["spread"][k],
                row["missing"][k],
            )
            for row in self.rows
            for k, group in enumerate(self.groups)
        ]
        heads = ("term", "group", "estimate", "std_dev", "missing")
        return frame_in({head: [cell[j] for cell in cells] for j, head in enumerate(heads)}, self.library)

    def _cells(self) -> list[tuple[Any, ...]]:
        return [
            (
                row["variable"] + (f": {row['level']}" if row["level"] else ""),
                row["kind"],
                *(_shown(row, k) for k in range(len(self.groups))),
                row["missing"][0],
                *(() if self._alone else ("–" if d is None else f"{d:+.2f}".replace("-", "−"),)),
            )
            for row, d in zip(self.rows, self.differences, strict=True)
        ]

    @property
    def _alone(self) -> bool:
        """Whether there are no two groups to set side by side."""
        return all(d is None for d in self.differences)

    def _heads(self) -> list[str]:
        named = [f"{g} (n = {n})" for g, n in zip(self.groups, self.n, strict=True)]
        return [*named, "missing", *(() if self._alone else ("std. difference",))]

    def __repr__(self) -> str:
        heads = ["", "", *self._heads()]
        rows = [heads, *([str(x) for x in row] for row in self._cells())]
        widths = [max(len(row[j]) for row in rows) for j in range(len(heads))]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        heading, *body = lines
        return "\n".join([heading, *brief(body), *(f"note: {text}" for text in self.caveats)])

    def _html(self) -> str:
        heads = ["", "shown", *self._heads()]
        return table("Table 1: participants", heads, self._cells(), note=" ".join(self.caveats))


def _shown(row: dict[str, Any], k: int) -> str:
    value, spread = row["value"][k], row["spread"][k]
    if value is None:
        return "–"
    if row["kind"] == "mean (SD)":
        return f"{value:.1f}" + ("" if spread is None else f" ({spread:.1f})")
    return f"{row['count'][k]} ({100 * value:.0f} %)"


def table_one(study: Study, columns: Sequence[str], by: str | None) -> TableOne:
    """Describe participants: see `Study.table_one`."""
    people, unit = people_of(study)
    if not columns:
        raise refuse("no columns", at="columns", got="[]", allowed=", ".join(people.names))
    people.need(*columns)
    linked = unit >= 0
    groups, masks = ["all"], [linked]
    if by is None and study._arm_of is not None:
        groups += list(study.linkage.arms)
        masks += [linked & (study._arm_of == 1), linked & (study._arm_of == 0)]
    elif by is not None:
        people.need(by)
        codes, labels = people.codes(by)
        if len(labels) > 2 * _MOST_LABELS:
            raise refuse("too many groups", at="by", got=len(labels), allowed=f"at most {2 * _MOST_LABELS}")
        for place, text in enumerate(labels):
            own = linked & (codes == place)
            if own.any():
                groups.append(text)
                masks.append(own)
    rows: list[dict[str, Any]] = []
    for column in columns:
        rows += _variable(people, column, masks)
    lost = int((~linked).sum())
    notes = (f"Participants of no reviewed site are not in it: {lost}.",) if lost else ()
    pair = len(groups) == 3
    return TableOne(
        groups=tuple(groups),
        n=tuple(int(mask.sum()) for mask in masks),
        rows=tuple(rows),
        differences=tuple(_difference(row) if pair else None for row in rows),
        caveats=notes,
        library=study.library,
    )


def _variable(people: Any, column: str, masks: list[Any]) -> list[dict[str, Any]]:
    try:
        values = people.numbers(column)
    except InputError:
        return _labels(people, column, masks)
    known = values[~np.isnan(values)]
    if known.size and np.isin(known, (0.0, 1.0)).all():
        return [_share(column, "", values == 1, np.isnan(values), masks)]
    row: dict[str, Any] = {
        "variable": column,
        "level": "",
        "kind": "mean (SD)",
        "value": [],
        "spread": [],
        "missing": [],
    }
    for mask in masks:
        own = values[mask]
        there = own[~np.isnan(own)]
        row["value"].append(float(there.mean()) if there.size else None)
        row["spread"].append(float(there.std(ddof=1)) if there.size > 1 else None)
        row["missing"].append(int(len(own) - len(there)))
    return [row]


def _labels(people: Any, column: str, masks: list[Any]) -> list[dict[str, Any]]:
    codes, labels = people.codes(column)
    if len(labels) > _MOST_LABELS:
        raise refuse(
            "column with too many labels", at=f'column "{column}"', got=len(labels), allowed=f"at most {_MOST_LABELS}"
        )
    return [_share(column, text, codes == place, codes < 0, masks) for place, text in enumerate(labels)]


def _share(column: str, level: str, has: Any, blank: Any, masks: list[Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"variable": column, "level": level, "kind": "n (%)", "spread": [None] * len(masks)}
    counts = [int((has & mask).sum()) for mask in masks]
    known = [int((~blank & mask).sum()) for mask in masks]
    row["count"] = counts
    row["value"] = [c / n if n else None for c, n in zip(counts, known, strict=True)]
    row["missing"] = [int((blank & mask).sum()) for mask in masks]
    return row


def _difference(row: dict[str, Any]) -> float | None:
    a, b = row["value"][1], row["value"][2]
    if a is None or b is None:
        return None
    if row["kind"] == "n (%)":
        spread = math.sqrt((a * (1 - a) + b * (1 - b)) / 2)
    elif row["spread"][1] is None or row["spread"][2] is None:
        return None
    else:
        spread = math.sqrt((row["spread"][1] ** 2 + row["spread"][2] ** 2) / 2)
    return (a - b) / spread if spread > 0 else None
