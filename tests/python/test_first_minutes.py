"""What somebody new gets wrong in the first minutes is explained: one error of each common kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import steelyard as sy
from steelyard import report
from steelyard.__main__ import main


def study() -> sy.Study:
    return sy.datasets.norway_ips()


WRONG: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: sy.read_scores("nowhere.csv", scale="ips-25"),
        r"no such file: got nowhere\.csv\. Paths start from the current folder",
    ),
    (lambda: sy.Scale.load("ips-26"), r'unknown scale: got "ips-26"; allowed: ips-15, ips-25\.'),
    (lambda: sy.fidelity([[1, 2], [3, 4]]), r"scale not stated .* Pass scale="),
    (lambda: sy.fidelity([[1, 2, 3], [3, 4, 5]], scale="ips-25"), r"got 2 rows x 3 columns; allowed: .* 25 columns"),
    (lambda: sy.fidelity(study(), groups="employment"), r'no site column "employment"; allowed: employment_group'),
    (lambda: sy.WeightingExperiment(study()), r"outcome not stated .* As in WeightingExperiment"),
    (lambda: sy.WeightingExperiment(study(), [1, 2, 3]).run(), r"got shape \(3,\); allowed: one value per row, 6"),
    (lambda: sy.bootstrap(None, "mean"), r"data not understood in data: got NoneType; allowed: an array"),
    (lambda: sy.bootstrap([1.0, 2.0], "typical"), r"unknown statistic .* allowed: mean, "),
    (lambda: sy.bootstrap([1.0, float("nan")], "mean"), r"not a finite number in row 1"),
    (lambda: sy.JointDisplay("lense", findings=[], corpus=study().corpus), r"kind not known .* allowed: lens, "),
    (lambda: sy.lenses.Cut(low=5, high=1).select([sy.Finding("a", "A", 2.0, n=6)]), r"cuts the wrong way round"),
    (lambda: sy.audit(None), r"nothing to audit .* use sy\.audit\.grim"),
    (lambda: sy.reach(ladder={"recruted": 3}), r'unknown rung \(did you mean "recruited"\?\)'),
]


@pytest.mark.parametrize(("call", "words"), WRONG)
def test_it_is_explained(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(sy.InputError, match=words):
        call()


def test_a_mistyped_name_is_offered() -> None:
    with pytest.raises(AttributeError) as caught:
        _ = sy.fidelty
    assert caught.value.name == "fidelty"
    assert caught.value.obj is sy


def test_completion_shows_useful_names_only() -> None:
    assert dir(sy) == sorted(sy.__all__)
    assert not [name for name in dir(sy) if name.startswith("_") and name != "__version__"]


def test_a_report_that_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from steelyard import _report_study

    def work(seed: int) -> tuple[str, str]:
        raise AssertionError("the work was begun")

    monkeypatch.setattr(_report_study, "norwegian_report", work)
    there = tmp_path / "file"
    there.write_text("a file, not a folder")
    with pytest.raises(sy.InputError, match="folder cannot be used in output"):
        report.demo(there)
    assert main(["demo", "--output", str(there)]) == 2
    assert "folder cannot be used" in capsys.readouterr().err
