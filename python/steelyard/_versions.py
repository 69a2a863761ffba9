"""What a bug report needs."""

from __future__ import annotations

import importlib.metadata
import platform
import sys

from . import _core

_NEIGHBOURS = ("numpy", "pandas", "narwhals", "matplotlib", "jinja2", "tqdm", "polars", "scikit-learn", "python-docx")


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def show_versions() -> None:
    """Print the versions that a bug report needs: Steelyard, Python, the platform and the libraries beside it."""
    core = "debug" if _core.debug_build else "release"
    lines = [
        f"steelyard: {_core.__version__} ({core} core)",
        f"python: {sys.version.split()[0]}",
        f"platform: {platform.platform()}",
    ]
    lines += [f"{name}: {_version(name)}" for name in _NEIGHBOURS]
    sys.stdout.write("\n".join(lines) + "\n")
