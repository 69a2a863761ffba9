"""Every example in a docstring and in the README runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import steelyard

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    name
    for _, name, _ in pkgutil.walk_packages(steelyard.__path__, "steelyard.")
    if not name.endswith(("__main__", "_core"))
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_module(name: str) -> None:
    module = importlib.import_module(name)
    outcome = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert outcome.failed == 0


def test_public_functions_have_docstrings() -> None:
    for name in steelyard.__all__:
        value = getattr(steelyard, name)
        if callable(value):
            assert value.__doc__, f"steelyard.{name} has no docstring"


def test_readme_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})
