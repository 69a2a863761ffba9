"""Steelyard: weigh fidelity items by the outcomes that go with them, and learn what so few sites can tell.

Start with `steelyard.datasets.norway_ips()`, `steelyard.fidelity` and `steelyard.WeightingExperiment`.
Only numpy is imported here; everything else loads when it is first used.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from ._core import __version__
from .errors import ConvergenceError, InputError, Interrupted, SteelyardError

# Public name -> module that defines it. A name equal to its module is the module itself.
_PUBLIC = {
    "Corpus": "corpus",
    "Finding": "findings",
    "JointDisplay": "display",
    "LeaveOneSiteOut": "validation",
    "RepeatedKFold": "validation",
    "Scale": "scale",
    "Study": "study",
    "WeightingExperiment": "_experiment",
    "agreement": "_agreement",
    "bootstrap": "_bootstrap",
    "checklist": "checklists",
    "fidelity": "_fidelity",
    "permutation_test": "_permutation",
    "importance": "_importance",
    "read_outcomes": "_read_outcomes",
    "read_qda": "_qda",
    "read_scores": "reading",
    "rubin": "_missing",
    "regress": "_regress",
    "show_versions": "_versions",
}
_MODULES: tuple[str, ...] = (
    "audit",
    "checklists",
    "corpus",
    "datasets",
    "display",
    "findings",
    "lenses",
    "outcomes",
    "plans",
    "privacy",
    "reach",
    "scale",
    "schemes",
    "study",
    "survey",
)

__all__ = ["ConvergenceError", "InputError", "Interrupted", "SteelyardError", "__version__", *_PUBLIC, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    if name in _PUBLIC:
        value = getattr(importlib.import_module(f".{_PUBLIC[name]}", __name__), name)
        globals()[name] = value
        return value
    # With name and obj Python itself offers the nearest name.
    raise AttributeError(f"module 'steelyard' has no attribute {name!r}", name=name, obj=sys.modules[__name__])


def __dir__() -> list[str]:
    return sorted(__all__)
