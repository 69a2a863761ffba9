"""The whole-table solver: what scores stand behind a printed matrix and its printed means."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._audit_checks import Number, ask, rounding_of, text_of
from ._frames import frame_like
from ._html import number, table
from ._result import Result, serialisable
from .errors import refuse


@serialisable
@dataclasses.dataclass(frozen=True)
class Feasible:
    """One matrix that explains every printed mean, with changes in as few columns as possible.

    Attributes
    ----------
    columns : tuple of str
        Where it differs from print.
    scores : ndarray, rows x columns
    totals : ndarray
        Column totals.
    mean, sd : float
        Mean and sample SD of the totals; `sd` is None for one column.
    unique : bool
        Whether it is the only matrix that changes just these columns.
    """

    columns: tuple[str, ...]
    scores: NDArray[np.float64]
    totals: NDArray[np.float64]
    mean: float
    sd: float | None
    unique: bool


@dataclasses.dataclass(frozen=True, repr=False)
class TableSolution(Result):
    """What explains a printed table.

    Attributes
    ----------
    consistent : bool
        Whether the scores as printed explain every printed mean and total.
    rows, columns : tuple of str
    printed : ndarray, rows x columns
        The printed scores.
    conflicts : tuple of dict
        Printed margins that the printed scores cannot give: `place`, `margin`, `printed`, `possible`.
    step : float or None
        The coarsest step that works; None when none does.
    display : str or None
        How scores were rounded for print.
    kept : str or None
        Which printed margins it explains: `both`, `rows` or `columns`.
    hidden : tuple of dict
        Rows whose printed scores hide fractions: `row`, `group`, `amount` (lowest, highest), `columns` that
        may hold it.
    low, high : ndarray, rows x columns
        What each cell can be.
    certificate : ndarray, rows x columns
        A matrix that explains the margins that were kept.
    printed_totals : ndarray
        Column totals of the printed scores.
    totals : ndarray, columns x 2
        Range of each true total.
    mean : tuple of float
        Range of the mean of the totals.
    sd : tuple of float or None
        Range of their sample SD; None where more than six columns can vary.
    matrices : float or None
        How many matrices explain it; None where column margins bind.
    simplest : tuple of Feasible
        Explanations that change as few columns as possible.
    clash : dict or None
        Rows and columns that contradict each other: `group`, `by_rows`, `by_columns` (sums).
    attempts : tuple of dict
        Every step and rounding that was tried.
    """

    consistent: bool
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    printed: NDArray[np.float64]
    conflicts: tuple[dict[str, Any], ...]
    step: float | None
    display: str | None
    kept: str | None
    hidden: tuple[dict[str, Any], ...]
    low: NDArray[np.float64] | None
    high: NDArray[np.float64] | None
    certificate: NDArray[np.float64] | None
    printed_totals: NDArray[np.float64]
    totals: NDArray[np.float64] | None
    mean: tuple[float, float] | None
    sd: tuple[float, float] | None
    matrices: float | None
    simplest: tuple[Feasible, ...]
    clash: dict[str, Any] | None
    attempts: tuple[dict[str, Any], ...]

    def tidy(self) -> Any:
        """Return one row per hidden amount: row, group, amount, the columns that may hold it."""
        return frame_like(
            {
                "row": [h["row"] for h in self.hidden],
                "group": [h["group"] for h in self.hidden],
                "low": [h["amount"][0] for h in self.hidden],
                "high": [h["amount"][1] for h in self.hidden],
                "columns": [", ".join(h["columns"]) for h in self.hidden],
            }
        )

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        size = f"{len(self.rows)} x {len(self.columns)} table"
        if self.consistent:
            return [f"{size}: the printed scores explain every printed mean and total."]
        places = len({c["place"] for c in self.conflicts})
        lines = [f"{size}: the printed scores cannot give {len(self.conflicts)} printed numbers ({places} rows)."]
        if self.step is None:
            return [*lines, "No step that was tried explains the table."]
        kept = {"both": "every printed mean and total", "rows": "every row mean", "columns": "every column total"}
        lines.append(
            f"Scores in steps of {self.step:g}, rounded {self.display} for print, explain {kept[self.kept or 'both']}."
        )
        if self.hidden:
            lines.append(f"{len(self.hidden)} rows hide fractions (true minus printed): {_amounts(self.hidden)}.")
        if self.clash is not None:
            rows, columns = _span(*self.clash["by_rows"]), _span(*self.clash["by_columns"])
            lines.append(f"Rows and columns clash: {self.clash['group']} add to {rows} by rows, {columns} by columns.")
        if self.mean is not None:
            spread = f", SD {self.sd[0]:.2f} to {self.sd[1]:.2f}" if self.sd else ""
            lines.append(f"Column totals then have mean {_span(*(round(end, 2) for end in self.mean))}{spread}.")
        for one in self.simplest[:4]:
            sd = f", SD {one.sd:.2f}" if one.sd is not None else ""
            where = f"all in column {', '.join(one.columns)}" if one.columns else "in no column"
            lines.append(f"One of the simplest: {where} (mean {one.mean:.2f}{sd}).")
        return lines

    def _html(self) -> str:
        rows = []
        for j, name in enumerate(self.columns):
            span = "–" if self.totals is None else _span(*self.totals[j])
            rows.append((name, number(float(self.printed_totals[j])), span))
        return table(
            "Column totals: as printed, and what explains the means",
            ["Column", "Printed scores", "Possible"],
            rows,
            note=" ".join(self._lines()),
        )

    def plot(self, ax: Any = None) -> Any:
        """Draw the printed scores; cells that can differ carry their range. Returns the Axes."""
        from ._audit_plots import draw_table

        return draw_table(self, ax)


def _span(low: float, high: float) -> str:
    return f"{low:.6g}" if np.isclose(low, high) else f"{low:.6g} to {high:.6g}"


def _amounts(hidden: Sequence[Mapping[str, Any]]) -> str:
    seen: dict[str, int] = {}
    for one in hidden:
        key = f"{_span(*one['amount'])} in {one['group']}"
        seen[key] = seen.get(key, 0) + 1
    return "; ".join(f"{count} times {key}" for key, count in seen.items())


def solve(
    scores: Any,
    *,
    row_means: Mapping[str, Sequence[Number | None]] | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    column_totals: Sequence[Number | None] | None = None,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    low: Number | None = None,
    high: Number | None = None,
    steps: Sequence[Number] = ("1", "1/2", "1/3", "1/4", "1/5", "1/10"),
    rounding: str | None = None,
) -> TableSolution:
    """Find what explains every printed mean of a score matrix at once.

    Mean-by-mean tests can only say "impossible". The printed scores leave each cell a short range at each step (whole
    points, half points, ...), the printed means and totals bound sums of cells, and together they are a network: a
    feasible flow is a matrix that explains everything, and what can vary in it is reported as ranges.

    Parameters
    ----------
    scores
        Printed scores, rows x columns, as text or numbers.
    row_means
        Printed means per row, by name. ``"all"`` and names without a group are over all columns.
    groups
        Columns of a mean: ``{"high performing": ["3", "5", "6"]}``. Groups are nested or have nothing in common.
    column_totals
        Printed totals per column.
    rows, columns
        Names; numbers from 1 when absent.
    low, high
        Ends of the scale.
    steps
        Steps to try, coarse to fine.
    rounding
        None accepts half-up and half-even (one of them for all scores); or a named rule.

    Returns
    -------
    TableSolution

    Examples
    --------
    >>> import steelyard as sy
    >>> found = sy.audit.table([["5", "4", "5"]], row_means={"all": ["4.5"]}, low=1, high=5)
    >>> found.consistent, found.step, found.hidden[0]["amount"]
    (False, 0.5, (-0.5, -0.5))
    """
    cells = [[text_of(cell, f"scores[{i}][{j}]") for j, cell in enumerate(row)] for i, row in enumerate(scores)]
    width = len(cells[0]) if cells else 0
    names = [str(r) for r in (rows if rows is not None else range(1, len(cells) + 1))]
    heads = [str(c) for c in (columns if columns is not None else range(1, width + 1))]
    margins = []
    for name, values in (row_means or {}).items():
        over = None if groups is None or name not in groups else _places(groups[name], heads, name)
        margins.append({"name": name, "over": over, "total": False, "values": _texts(values, name)})
    sums = [] if column_totals is None else [{"name": "total", "total": True, "values": _texts(column_totals, "total")}]
    found = ask(
        "table",
        table={
            "cells": cells,
            "rows": names,
            "columns": heads,
            "row_margins": margins,
            "column_margins": sums,
            "low": None if low is None else text_of(low, "low"),
            "high": None if high is None else text_of(high, "high"),
            "steps": [text_of(s, "steps") for s in steps],
            "rounding": rounding_of(rounding),
        },
    )
    return _solution(found, cells, names, heads)


def _places(members: Sequence[str], columns: Sequence[str], name: str) -> list[int]:
    unknown = [str(m) for m in members if str(m) not in columns]
    if unknown:
        raise refuse(
            "group names columns that do not exist", at=name, got=", ".join(unknown), allowed=", ".join(columns)
        )
    return [list(columns).index(str(m)) for m in members]


def _texts(values: Sequence[Number | None], name: str) -> list[str | None]:
    return [None if v is None or v == "" else text_of(v, f"{name}[{i}]") for i, v in enumerate(values)]


def _tupled(found: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in found.items()}


def _solution(found: Any, cells: list[list[str]], rows: list[str], columns: list[str]) -> TableSolution:
    chosen = found["explanation"] or {}
    clashes = [a["clash"] for a in found["attempts"] if a["clash"] is not None and a["step"] == chosen.get("step")]
    sd = chosen.get("sd")
    return TableSolution(
        consistent=found["consistent"],
        rows=tuple(rows),
        columns=tuple(columns),
        printed=np.array([[float(c) for c in row] for row in cells]),
        conflicts=tuple(_tupled(c) for c in found["attempts"][0]["conflicts"]),
        step=chosen.get("step"),
        display=chosen.get("display"),
        kept=chosen.get("kept"),
        hidden=tuple(_tupled(h) for h in chosen.get("hidden", [])),
        low=np.array(chosen["cells_low"]) if chosen else None,
        high=np.array(chosen["cells_high"]) if chosen else None,
        certificate=np.array(chosen["certificate"]) if chosen else None,
        printed_totals=np.array(found["printed_totals"]),
        totals=np.array(chosen["totals"]) if chosen else None,
        mean=tuple(chosen["mean"]) if chosen else None,
        sd=None if sd is None else (sd["low"], sd["high"]),
        matrices=chosen.get("matrices"),
        simplest=tuple(
            Feasible(tuple(s["columns"]), np.array(s["scores"]), np.array(s["totals"]), s["mean"], s["sd"], s["unique"])
            for s in chosen.get("simplest", [])
        ),
        clash=_tupled(clashes[0]) if clashes else None,
        attempts=tuple(
            {k: v for k, v in a.items() if k not in ("conflicts", "clash")} | {"conflicts": len(a["conflicts"])}
            for a in found["attempts"]
        ),
    )
