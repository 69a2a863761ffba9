"""The compiled core. Private: use the public functions of the package."""

from typing import Any

__version__: str
debug_build: bool

def audit_check(request: str) -> Any: ...
