"""What both readers of files do with what they could not settle: all of it in one message, each with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .errors import InputError, refuse

__all__ = ["label_clash", "raise_all"]

_MOST = 20


def raise_all(problems: Sequence[str], source: str, reader: str) -> None:
    """Raise the problems, if there are any, and say how to see what was understood."""
    if not problems:
        return
    count = len(problems)
    listed = "\n".join(f"  {i}. {text}" for i, text in enumerate(problems[:_MOST], start=1))
    more = f"\n  ... and {count - _MOST} more" if count > _MOST else ""
    head = problems[0] if count == 1 else f"{count} problems in {source}:\n{listed}{more}"
    raise InputError(f"{head}\n{reader}(..., preview=True) shows what was understood.")


def label_clash(labels: Mapping[Any, str], at: str, remedy: str) -> InputError | None:
    """Return the error of two codes with one value label, or None."""
    texts = list(labels.values())
    twice = next((text for text in texts if texts.count(text) > 1), None)
    if twice is None:
        return None
    codes = [f"{code:g}" if isinstance(code, float) else str(code) for code, text in labels.items() if text == twice]
    return refuse(
        "two codes with one value label", at=at, got=f'{" and ".join(codes)} are both "{twice}"', remedy=remedy
    )
