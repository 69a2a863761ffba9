"""Text of results no longer than a screen: long lists end with how many rows are left and where they stand."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["brief"]

# The 25 items of the IPS scale, with some room; a heading and notes go above and below.
_ROWS = 30


def brief(lines: Sequence[str], where: str = ".tidy()") -> list[str]:
    """Return the first lines of a list, and what was left out.

    Parameters
    ----------
    lines
        One line per row.
    where
        What holds all rows.

    Examples
    --------
    >>> brief([f"  site {i}" for i in range(100)], ".frame")[-2:]
    ['  site 29', '  … 70 more: see .frame']
    """
    left = len(lines) - _ROWS
    return [*lines] if left <= 0 else [*lines[:_ROWS], f"  … {left} more: see {where}"]
