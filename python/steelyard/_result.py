"""What all results share: frozen, replayable as JSON, tidy, and readable in a notebook without a mouse or colour.

A result is a frozen dataclass that inherits `Result`. Its fields may be numbers, text, None, lists, tuples, dicts,
NumPy arrays and other results; `to_json` and `from_json` carry all of these, infinite and undefined floats included.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from typing import Any, ClassVar, Self

import numpy as np

from . import _core
from ._html import Shown
from .errors import refuse

_KINDS: dict[str, type[Any]] = {}


def _kind(cls: type[Any]) -> str:
    """Return the name of a class in JSON; with its module, since a lens and a finding may both be a `Gap`."""
    return f"{cls.__module__.rpartition('.')[2].lstrip('_')}.{cls.__qualname__}"


def serialisable(cls: type[Any]) -> type[Any]:
    """Register a frozen dataclass so that results may hold it and JSON may carry it (results register themselves)."""
    _KINDS[_kind(cls)] = cls
    return cls


@dataclasses.dataclass(frozen=True)
class Result(Shown):
    """Base of all results."""

    _like: ClassVar[Any] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _KINDS[_kind(cls)] = cls

    def tidy(self) -> Any:
        """Return one row per estimate, as a frame."""
        raise TypeError(f"{type(self).__name__} has no estimates to tidy")

    def to_json(self) -> str:
        """Return the whole result as JSON text, with the version of Steelyard that wrote it."""
        return json.dumps(
            {"steelyard": _core.__version__, "result": _encode(self)}, ensure_ascii=False, allow_nan=False
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises
        ------
        InputError
            When the text is not JSON or holds another kind of result.
        """
        try:
            document = json.loads(text)
        except json.JSONDecodeError as error:
            raise refuse("text is not JSON", got=str(error), remedy="Pass what to_json() returned.") from None
        result = _decode(document["result"]) if isinstance(document, dict) and "result" in document else None
        if not isinstance(result, cls):
            raise refuse("JSON of another kind", got=type(result).__name__, allowed=cls.__name__)
        return result


def _encode(value: Any) -> Any:
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return number if math.isfinite(number) else {"$float": repr(number)}
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.ndarray):
        return {
            "$array": value.dtype.str,
            "shape": list(value.shape),
            "values": [_encode(x) for x in value.ravel().tolist()],
        }
    if isinstance(value, tuple):
        return {"$tuple": [_encode(x) for x in value]}
    if isinstance(value, list):
        return [_encode(x) for x in value]
    if isinstance(value, dict):
        return {"$dict": [[_encode(k), _encode(v)] for k, v in value.items()]}
    if _KINDS.get(_kind(type(value))) is type(value):
        fields = {f.name: _encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"$type": _kind(type(value)), "fields": fields}
    raise TypeError(f"cannot write a {type(value).__name__} as JSON")


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return [_decode(x) for x in value]
    if not isinstance(value, dict):
        return value
    if "$float" in value:
        return float(value["$float"])
    if "$array" in value:
        dtype = np.dtype(value["$array"])
        return np.array([_decode(x) for x in value["values"]], dtype=dtype).reshape(value["shape"])
    if "$tuple" in value:
        return tuple(_decode(x) for x in value["$tuple"])
    if "$dict" in value:
        return {_decode(k): _decode(v) for k, v in value["$dict"]}
    kind = _KINDS.get(value.get("$type", ""))
    if kind is None:
        raise refuse("unknown kind of result", got=value.get("$type"), allowed=", ".join(sorted(_KINDS)))
    return kind(**{name: _decode(field) for name, field in value["fields"].items()})


def data_hash(*arrays: Any) -> str:
    """Return a short hash of data, written into every result so that a replay can check that it runs on the same."""
    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        values = np.ascontiguousarray(array)
        digest.update(f"{values.dtype.str}{values.shape}".encode())
        digest.update(values.tobytes() if values.dtype != object else repr(values.tolist()).encode())
    return digest.hexdigest()
