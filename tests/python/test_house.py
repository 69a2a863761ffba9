"""The package is light at import and its errors have one form."""

from __future__ import annotations

import subprocess
import sys

import pytest

import steelyard as sy
from steelyard.errors import refuse


def test_only_numpy_loads_at_import() -> None:
    code = (
        "import sys; before = set(sys.modules); import steelyard; "
        "loaded = {name.split('.')[0] for name in set(sys.modules) - before}; "
        "heavy = loaded & {'pandas', 'narwhals', 'matplotlib', 'jinja2', 'tqdm', 'scipy', 'polars'}; "
        "print(sorted(heavy))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "[]"


def test_public_names_exist() -> None:
    for name in sy.__all__:
        assert getattr(sy, name) is not None


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'weigh'"):
        _ = sy.weigh


def test_show_versions_names_the_core(capsys: pytest.CaptureFixture[str]) -> None:
    sy.show_versions()
    printed = capsys.readouterr().out
    assert f"steelyard: {sy.__version__}" in printed
    assert "numpy: " in printed


def test_errors_are_of_both_families() -> None:
    error = refuse("score out of range", at="row 3", got=7, allowed="1 to 5", remedy="Correct it.")
    assert isinstance(error, sy.SteelyardError)
    assert isinstance(error, ValueError)
    assert str(error) == "score out of range in row 3: got 7; allowed: 1 to 5. Correct it."
