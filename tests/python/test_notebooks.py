"""Notebooks are stored clean and stay short; that they run is tested by executing them (`make notebooks`)."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
# What is promised for the walk through the study and for the process evaluation.
SHORT = {"01_norwegian_ips": 60, "05_process_evaluation": 60}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.parametrize("name", sorted(SHORT))
def test_short_ones_stay_short(name: str) -> None:
    paths = [path for path in NOTEBOOKS if path.stem == name]
    for path in paths:
        code = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        lines = [line for source in code for line in source.splitlines() if line.strip()]
        assert len(lines) < SHORT[name]


def test_the_walk_through_the_study_is_there() -> None:
    assert "01_norwegian_ips" in {path.stem for path in NOTEBOOKS}
