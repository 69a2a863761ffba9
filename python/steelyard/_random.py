"""From `rng` to a seed: an int, a NumPy Generator (advanced by one draw, as scipy does) or None (fresh entropy)."""

from __future__ import annotations

import secrets
from typing import TypeAlias

import numpy as np

from .errors import refuse

RNG: TypeAlias = "int | np.random.Generator | None"

_LARGEST = 2**63 - 1


def seed_of(rng: RNG) -> int:
    """Return the seed that a result records; calling again with it as `rng` gives the same bytes."""
    if rng is None:
        return secrets.randbelow(_LARGEST + 1)
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(0, _LARGEST, endpoint=True))
    if isinstance(rng, (int, np.integer)) and not isinstance(rng, bool) and 0 <= int(rng) <= _LARGEST:
        return int(rng)
    raise refuse(
        "seed not allowed", at="rng", got=repr(rng), allowed="an int from 0 to 2**63 - 1, a numpy Generator, or None"
    )
