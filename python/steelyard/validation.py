"""How sites are held out; all rows of a site always stay together."""

from __future__ import annotations

import dataclasses

__all__ = ["LeaveOneSiteOut", "Validation"]


@dataclasses.dataclass(frozen=True)
class Validation:
    """Base of the ways to hold sites out."""


@dataclasses.dataclass(frozen=True)
class LeaveOneSiteOut(Validation):
    """Each site is predicted from all others; tuning leaves each of those out in turn.

    Examples
    --------
    >>> import steelyard as sy
    >>> sy.LeaveOneSiteOut()
    LeaveOneSiteOut()
    """
