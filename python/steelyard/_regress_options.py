"""Options of a regression: the words that are allowed, and the call of the core that they go into."""

from __future__ import annotations

import json
from typing import Any

from . import _core
from .errors import refuse

KINDS = ("model", "quasi", "HC0", "HC1", "HC2", "HC3", "CR0", "CR1", "CR1S", "CR2", "CR3", "CV3", "CV3L")
FREEDOMS = ("satterthwaite", "sites", "residual", "normal")
CHOICES = {
    "law": ("rademacher", "webb", "mammen", "normal"),
    "variant": ("C", "S", "V", "B"),
    "alternative": ("two-sided", "equal-tailed", "greater", "less"),
    "ties": ("weak", "strict", "mid"),
    "enumeration": ("auto", "always", "never"),
}


def fit_core(
    arrays: dict[str, Any], names: tuple[str, ...], family: str, vcov: str | None, df: str | None, level: float
) -> dict[str, Any]:
    """Return what the core says of a fit."""
    options = {"names": names, "family": family, "vcov": vcov, "df": df, "level": float(level)}
    return _core.regress_fit(json.dumps(options), arrays)


def choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Refuse a word that is none of a few."""
    if value not in allowed:
        raise refuse(f"{name} not known", at=name, got=repr(value), allowed=", ".join(map(repr, allowed)))


def check_level(level: object) -> None:
    """Refuse what is no confidence level."""
    if isinstance(level, bool) or not isinstance(level, (int, float)) or not 0 < level < 1:
        raise refuse(
            "confidence level not allowed", at="confidence_level", got=repr(level), allowed="between 0 and 1, as 0.95"
        )
