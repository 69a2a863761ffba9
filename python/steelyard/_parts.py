"""Parts of a corpus or a display (frozen dataclasses): accepted as dicts, turned to plain values and JSON and back."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, TypeVar

from .errors import refuse

__all__ = ["json_text", "part_of", "plain"]

Part = TypeVar("Part")
_SIMPLE = (str, int, float, bool, type(None))


_FIELDS: dict[Any, tuple[str, ...]] = {}


def _names(kind: Any) -> tuple[str, ...]:
    """Names of the fields of a kind of part, looked up once."""
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(f.name for f in dataclasses.fields(kind) if f.init)
    return _FIELDS[kind]


def plain(part: Any) -> Any:
    """Turn parts (dataclasses, tuples, mappings) into what JSON carries."""
    if isinstance(part, _SIMPLE):
        return part
    if dataclasses.is_dataclass(part):
        values = {name: getattr(part, name) for name in _names(type(part))}
        return {name: v if isinstance(v, _SIMPLE) else plain(v) for name, v in values.items()}
    if isinstance(part, (list, tuple)):
        return [plain(x) for x in part]
    if isinstance(part, Mapping):
        return {str(k): plain(v) for k, v in part.items()}
    return part


def part_of(kind: type[Part], told: Any, place: str) -> Part:
    """Accept a part or a mapping of its fields."""
    if isinstance(told, kind):
        return told
    name = kind.__name__
    if not isinstance(told, Mapping):
        raise refuse(f"not a part of kind {name}", at=place, got=type(told).__name__, allowed=f"{name}, or a dict")
    names = _names(kind)
    if unknown := told.keys() - names:
        got = ", ".join(sorted(map(str, unknown)))
        raise refuse("unknown field", at=place, got=got, allowed=", ".join(sorted(names)))
    fields = {key: tuple(value) if isinstance(value, list) else value for key, value in told.items()}
    try:
        return kind(**fields)
    except TypeError as error:
        raise refuse(f"{name.lower()} is incomplete", at=place, got=str(error)) from None


def json_text(told: Any, place: str) -> str:
    """Write JSON; text that is not Unicode (a lone surrogate) is refused with its place."""
    text = json.dumps(told, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        near = text[max(error.start - 40, 0) : error.start]
        raise refuse(
            "text that is not Unicode (a lone surrogate)",
            at=f"{place}, after {near!r}",
            remedy="Decode the source anew, or replace the character.",
        ) from None
    return text
