"""Notebooks are stored clean and stay short; that they run is tested by executing them (`make notebooks`)."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

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


def test_the_bar_of_a_notebook_redraws_itself_and_warns_of_nothing() -> None:
    start = "from steelyard._long import _Bar\nbar = _Bar('resamples'); bar._started -= 5\nbar(10, 100); bar(50, 100)"
    cells = [nbformat.v4.new_code_cell(start), nbformat.v4.new_code_cell(f"{start}\nbar.close()")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown, gone = (cell.outputs for cell in notebook.cells)
    assert [output.output_type for output in shown] == ["display_data"]
    assert 'value="50" max="100"' in shown[0].data["text/html"]
    assert [output.data["text/html"] for output in gone] == [""]
