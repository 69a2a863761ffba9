"""Modules that can be called: `sy.reach(study)` and `sy.reach.baseline(...)` share one name."""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable
from typing import Any


def callable_as(name: str, function: Callable[..., Any]) -> None:
    """Make the module of this name callable as `function`, whose signature and options it shows."""

    def call(self: types.ModuleType, *args: Any, **options: Any) -> Any:
        return function(*args, **options)

    call.__doc__ = function.__doc__
    module = sys.modules[name]
    module.__class__ = type("CallableModule", (types.ModuleType,), {"__call__": call})
    vars(module)["__signature__"] = inspect.signature(function)
