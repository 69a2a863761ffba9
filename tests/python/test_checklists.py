"""Checklists: met, partly, not, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

import steelyard as sy
from test_display import study_display


def statuses(result: sy.checklists.ChecklistResult) -> dict[str, str]:
    return {entry["item"]: entry["status"] for entry in result.entries}


def whole_display() -> sy.JointDisplay:
    display = study_display(lens=sy.lenses.Rank(lowest=2), asked=[{"finding": "team_contact", "status": "raised"}])
    for row in display.row_ids:
        for by in ("AB", "CD"):
            display = display.judge(
                row, "discordance", by=by, date="2026-03-01", meta_inference="So.", rival="Else.", reason="Since."
            )
    return display


def test_an_unjudged_display_meets_little_and_says_what_is_missing() -> None:
    result = sy.checklist("gramms", study_display())
    assert statuses(result) == {
        "justification": "not",
        "design": "partly",
        "methods": "partly",
        "integration": "partly",
        "limits": "not",
        "insight": "not",
    }
    insight = result.entries[-1]
    assert insight["missing"] == "meta-inference for 24 of 24 rows"
    assert "the author's statement" in result.entries[0]["missing"]


def test_a_judged_display_with_statements_meets_everything() -> None:
    display = whole_display()
    words = {item.id: "Methods, p. 4" for item in sy.checklists.Checklist.load("gramms").items}
    result = sy.checklist("gramms", display, statements=words)
    assert result.counts == {"met": 6, "partly": 0, "not": 0}
    assert "by the author's word: Methods, p. 4" in result.entries[0]["where"]
    jars = statuses(sy.checklist("jars-mixed", display))
    assert jars["divergence"] == "met"
    assert jars["inferences"] == "met"
    # The study's excerpts are paraphrases, which nobody can check.
    assert jars["validity"] == "partly"


def test_unexplained_disagreement_is_not_dealt_with() -> None:
    display = study_display(lens=sy.lenses.Rank(lowest=1))
    row = display.row_ids[0]
    judged = display.judge(row, "discordance", by="AB", date="2026-03-01")
    assert statuses(sy.checklist("mmat-5", judged))["5.4"] == "not"
    explained = judged.judge(row, "discordance", by="AB", date="2026-03-02", reason="Scores are old.")
    assert statuses(sy.checklist("mmat-5", explained))["5.4"] == "met"
    agreed = judged.judge(row, "confirmation", by="AB and CD", date="2026-03-02", consensus=True)
    assert statuses(sy.checklist("mmat-5", agreed))["5.4"] == "met"


def test_reach_takes_eight_statements_and_a_title_of_one_strand_is_seen() -> None:
    result = sy.checklist("re-aim-reach", study_display(), statements={"population": "Table 1"})
    assert result.counts == {"met": 1, "partly": 0, "not": 7}
    lone = study_display(title="A qualitative study")
    assert statuses(sy.checklist("jars-mixed", lone))["title"] == "not"
    assert statuses(sy.checklist("jars-mixed", [lone, study_display()]))["title"] == "met"


def test_results_read_and_travel(tmp_path: Path) -> None:
    result = sy.checklist("mmat-5", study_display())
    assert repr(result).startswith("Mixed methods appraisal: the five criteria for mixed methods studies (2018): ")
    assert "<table" in result._repr_html_()
    assert list(result.tidy()["item"]) == ["5.1", "5.2", "5.3", "5.4", "5.5"]
    assert sy.checklists.ChecklistResult.from_json(result.to_json()) == result
    own = tmp_path / "own.toml"
    own.write_text(
        'id = "own"\ntitle = "O"\nversion = "1"\nsource = "me"\n[[items]]\nid = "a"\ntitle = "A"\nevidence = ["rule"]\n'
    )
    assert sy.checklist(own, study_display()).counts["met"] == 1
    own.write_text(own.read_text().replace('"rule"', '"luck"'))
    with pytest.raises(sy.InputError, match='evidence not known in checklist, item "a": got luck'):
        sy.checklist(own, study_display())


def test_refusals() -> None:
    with pytest.raises(sy.InputError, match="checklist not known in name: got 'gram'; allowed: gramms, jars-mixed"):
        sy.checklist("gram", study_display())
    with pytest.raises(
        sy.InputError, match="statement for an unknown item in statements: got x; allowed: justification"
    ):
        sy.checklist("gramms", study_display(), statements={"x": "y"})
    with pytest.raises(sy.InputError, match="no display to lint"):
        sy.checklist("gramms", [])
    with pytest.raises(sy.InputError, match="not a joint display in display, entry 1: got str"):
        sy.checklist("gramms", ["x"])  # type: ignore[list-item]
