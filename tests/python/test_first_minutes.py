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
    (lambda: sy.Scale.load(25), r"scale not understood: got 25; allowed: a path, or one of ips-15, ips-25"),
    (lambda: sy.fidelity(study()).plot("bars"), r"nothing to draw on in ax: got 'bars'; allowed: matplotlib Axes"),
    (
        lambda: sy.bootstrap(["a", "b"], "mean"),
        r'not numbers in data: got "a"; allowed: numbers\. Leave out columns of text',
    ),
    (lambda: sy.WeightingExperiment(study(), [0, 0, 1, 0, 1, 1], smallest_gain="1%"), r"smallest_gain: got '1%'"),
    (lambda: sy.JointDisplay("lens", sy.fidelity(study()), study().corpus), r"FidelityResult; .* sy\.findings\.of\("),
    (lambda: sy.checklist("gramms", sy.fidelity(study())), r"not a joint display in display, entry 1: got Fidelity"),
    (lambda: sy.lenses.Cut(low="3"), r"cut that is not a number in low: got '3'"),
    (lambda: sy.privacy.suppress([["a", "b"]]), r"not a table of counts in counts: got shape \(1, 2\) of <U1"),
    (lambda: sy.audit(study())["errors"], r"severity not known .* got 'errors'; allowed: error, warning, note"),
    (lambda: sy.audit(None), r"nothing to audit .* use sy\.audit\.grim"),
    (lambda: sy.reach(ladder={"recruted": 3}), r'unknown rung \(did you mean "recruited"\?\)'),
]


@pytest.mark.parametrize(("call", "words"), WRONG)
def test_it_is_explained(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(sy.InputError, match=words):
        call()


def test_one_scheme_needs_no_list_and_an_experiment_says_what_it_is() -> None:
    experiment = sy.WeightingExperiment(study(), [0, 0, 1, 0, 1, 1], schemes=sy.schemes.OLS())
    assert repr(experiment) == "Weighting experiment on 6 sites and 25 items: Unit, OLS. Not run yet: .run()"


def test_a_report_without_its_outcomes_says_where_it_looked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["template", "scores.csv"]) == 0
    assert "python -m steelyard report scores.csv --scale ips-25" in capsys.readouterr().out
    assert main(["report", "scores.csv", "--outcomes", "outcomes.csv"]) == 2
    assert f"current folder, {tmp_path}" in capsys.readouterr().err


def test_a_mistyped_name_is_offered() -> None:
    with pytest.raises(AttributeError) as caught:
        _ = sy.fidelty
    assert caught.value.name == "fidelty"
    assert caught.value.obj is sy


def test_completion_shows_useful_names_only() -> None:
    assert dir(sy) == sorted(sy.__all__)
    assert not [name for name in dir(sy) if name.startswith("_") and name != "__version__"]


@pytest.mark.parametrize("name", sy._MODULES)
def test_completion_in_a_module_shows_what_it_is_for(name: str) -> None:
    module = getattr(sy, name)
    assert dir(module) == sorted(module.__all__)
    assert all(hasattr(module, one) for one in dir(module))


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
