"""A corpus from tables: one frame or CSV file per kind of part, columns named as its fields."""

from __future__ import annotations

import csv
import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._frames import columns_of, is_frame
from .errors import refuse

if TYPE_CHECKING:
    from .corpus import Corpus

_MANY = ("one_of", "codes", "findings", "themes", "dissent")
_WHOLE = ("start", "end", "size", "round")
_YES_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_WITH_VARIABLES = ("sources", "informants")


def corpus_from_tables(tables: Mapping[str, Any], name: str) -> Corpus:
    """Build a corpus; see `Corpus.from_tables`."""
    from .corpus import _PARTS, Corpus

    parts: dict[str, Any] = {}
    for kind, table in tables.items():
        if kind not in _PARTS:
            raise refuse("unknown kind of part", at="tables", got=repr(kind), allowed=", ".join(_PARTS))
        fields = {f.name for f in dataclasses.fields(_PARTS[kind])}
        rows = _rows(kind, table)
        parts[kind] = [_part(kind, fields, row, n) for n, row in enumerate(rows, start=1)]
    return Corpus(**parts, name=name)


def _rows(kind: str, table: Any) -> list[dict[str, Any]]:
    if isinstance(table, (str, os.PathLike)):
        try:
            with Path(table).open(encoding="utf-8-sig", newline="") as stream:
                reader = csv.DictReader(stream)
                rows: list[dict[str, Any]] = list(reader)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise refuse("file cannot be read", at=str(table), got=str(error), allowed="CSV in UTF-8") from None
        uneven = [n for n, row in enumerate(rows, start=2) if None in row or None in row.values()]
        if uneven:
            raise refuse("row of another length", at=f"{table}, line {uneven[0]}", allowed="one cell per column")
        return rows
    if is_frame(table) or isinstance(table, Mapping):
        columns = {key: list(values.tolist()) for key, values in columns_of(table).items()}
        names = list(columns)
        return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    raise refuse(
        "table not understood", at=kind, got=type(table).__name__, allowed="a frame, or the path of a CSV file"
    )


def _part(kind: str, fields: set[str], row: dict[str, Any], number: int) -> dict[str, Any]:
    part: dict[str, Any] = {}
    variables: dict[str, str] = {}
    for key, value in row.items():
        if value is None or value != value or str(value).strip() in ("", "<NA>"):
            continue
        if key in fields:
            part[key] = _cell(kind, key, value, number)
        elif kind in _WITH_VARIABLES:
            variables[key] = str(value)
        else:
            raise refuse(
                "unknown column",
                at=f"{kind}, column {key!r}",
                allowed=", ".join(sorted(fields)),
                remedy="Rename or drop it.",
            )
    if variables:
        part["variables"] = variables
    return part


def _cell(kind: str, key: str, value: Any, number: int) -> Any:
    text = str(value).strip() if key != "text" else str(value)
    if key in _MANY:
        return tuple(x.strip() for x in text.split(";") if x.strip())
    if key in _WHOLE:
        try:
            whole = float(text)
        except ValueError:
            whole = -1.0
        if whole != int(whole) or whole < 0:
            raise refuse(
                "not a whole number",
                at=f"{kind}, row {number}, column {key!r}",
                got=repr(value),
                allowed="0, 1, 2, ...",
            )
        return int(whole)
    if key in ("codable", "applies"):
        if text.lower() not in _YES_NO:
            raise refuse(
                "not yes or no", at=f"{kind}, row {number}, column {key!r}", got=repr(value), allowed="true or false"
            )
        return _YES_NO[text.lower()]
    return text
