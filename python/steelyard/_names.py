"""Names that people type: folded for comparison, with the nearest known name offered and never taken in silence."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Sequence

# Letters that no decomposition reduces to ASCII.
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ß": "ss", "ı": "i"})


def folded(name: str) -> str:
    """Return the name without case, accents, blanks and punctuation: what two spellings of one site share.

    Examples
    --------
    >>> folded(" Tromsø - Nord") == folded("TROMSO nord")
    True
    """
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    return "".join(letter for letter in plain if letter.isalnum())


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like `name`, or None when none is near."""
    by_fold: dict[str, str] = {}
    for candidate in known:
        by_fold.setdefault(folded(candidate), candidate)
    key = folded(name)
    if key in by_fold:
        return by_fold[key]
    near = difflib.get_close_matches(key, list(by_fold), n=1, cutoff=0.75)
    return by_fold[near[0]] if near else None


def offer(name: str, known: Sequence[str]) -> str:
    """Return `did you mean "x"?` with a leading blank, or nothing."""
    match = closest(name, known)
    return f' (did you mean "{match}"?)' if match is not None else ""


def clashes(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return pairs of different names that differ only by case, accents, blanks or punctuation."""
    seen: dict[str, str] = {}
    pairs = []
    for name in names:
        first = seen.setdefault(folded(name) or name, name)
        if first != name and (first, name) not in pairs:
            pairs.append((first, name))
    return pairs
