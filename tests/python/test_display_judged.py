"""A person judges the fit: proposals are hidden until then, analysts disagree, dissent stays, agreement is reported."""

from __future__ import annotations

import datetime
import json

import pytest

import steelyard as sy
from test_display import row_of, study_display

ROWS = ("team_contact", "disclosure", "community_based_services", "job_development_frequency")


def judged(words: dict[str, tuple[str, str]]) -> sy.JointDisplay:
    display = study_display()
    for row, (first, second) in words.items():
        display = display.judge(row, first, by="AB", date="2026-03-01")
        display = display.judge(row, second, by="CD", date=datetime.date(2026, 3, 2))
    return display


def test_the_proposal_appears_only_beside_a_judgement() -> None:
    display = study_display()
    assert "the rule proposed" not in display.to_json()
    assert "unresolved (" not in display.to_html()
    after = display.judge(
        "team_contact",
        "expansion",
        by="AB",
        date="2026-03-01",
        meta_inference="Contact is rare, and what there is matters.",
        rival="Contact outside of meetings was not scored.",
        reason="People speak of more than frequency.",
        confidence="moderate",
        dissent="CD reads it as discordance.",
    )
    cell = row_of(after, "IPS team contact")["Fit"]
    assert cell.startswith("expansion; Contact is rare, and what there is matters.; judged by AB, 2026-03-01")
    for told in (
        "Reason: People speak of more",
        "Rival explanation: Contact outside",
        "Confidence: moderate",
        "Dissent: CD",
    ):
        assert told in cell
    # The study's excerpt has mixed valence: the rule does not resolve it.
    assert cell.endswith("the rule proposed: unresolved (what people said is mixed or has no valence)")
    assert row_of(after, "Community-based services")["Fit"] == "not yet judged"
    assert display.judgements == ()


def test_an_analyst_sees_own_judgements_alone() -> None:
    display = judged({ROWS[0]: ("expansion", "discordance")})
    blind = display.blinded("CD")
    assert [j.by for j in blind.judgements] == ["CD"]
    assert "AB" not in row_of(blind, "IPS team contact")["Fit"]
    again = blind.with_judgements(display)
    assert sorted(j.by for j in again.judgements) == ["AB", "CD"]


def test_disagreement_is_disputed_until_a_consensus_and_stays_visible() -> None:
    display = judged({ROWS[0]: ("expansion", "discordance")})
    cell = row_of(display, "IPS team contact")["Fit"]
    assert cell.startswith("disputed; expansion (AB, 2026-03-01); discordance (CD, 2026-03-02)")
    settled = display.judge(
        ROWS[0], "discordance", by="AB and CD", date="2026-03-03", dissent="AB still sees expansion.", consensus=True
    )
    cell = row_of(settled, "IPS team contact")["Fit"]
    assert cell.startswith("discordance; agreed by AB and CD, 2026-03-03; before: AB: expansion; CD: discordance")
    assert "Dissent: AB still sees expansion." in cell


def test_share_of_confirmations_has_its_denominator() -> None:
    notes = study_display().document["notes"]
    assert any(n.startswith("Fit: none of 24 rows has been judged") for n in notes)
    words = ("confirmation", "confirmation")
    display = judged({ROWS[1]: words, ROWS[2]: words, ROWS[0]: ("expansion", "discordance")})
    display = display.judge(ROWS[3], "discordance", by="AB", date="2026-03-01")
    note = next(n for n in display.document["notes"] if n.startswith("Fit: "))
    assert note == (
        "Fit: 2 of 3 rows settled are confirmation (67%); in all confirmation 2, discordance 1. Disputed: 1. "
        "Not judged: 7. Nothing to judge: not in the corpus 13."
    )


def test_agreement_of_two_analysts_is_cohens_kappa() -> None:
    # By hand: AB c c c d, CD c c d d; observed 3/4, chance 3/4 x 1/2 + 1/4 x 1/2 = 1/2, kappa 1/2.
    c, d = "confirmation", "discordance"
    display = judged(dict(zip(ROWS, [(c, c), (c, c), (c, d), (d, d)], strict=True)))
    assert display.agreement == ({"analysts": ["AB", "CD"], "rows": 4, "same": 3, "kappa": 0.5},)
    assert any(
        "AB and CD both judged 4 rows and chose the same word on 3; Cohen's kappa 0.5" in n
        for n in display.document["notes"]
    )
    same = judged({ROWS[0]: (c, c), ROWS[1]: (c, c)})
    assert same.agreement[0]["kappa"] is None
    assert any("kappa is not defined" in n for n in same.document["notes"])
    one = judged({ROWS[0]: (c, d)})
    assert one.agreement[0]["kappa"] is None
    assert any("on 0; one row is too few for kappa" in n for n in one.document["notes"])


def test_the_later_judgement_of_the_same_person_counts_and_both_stay_in_the_log() -> None:
    display = study_display().judge(ROWS[0], "expansion", by="AB", date="2026-03-01")
    display = display.judge(ROWS[0], "discordance", by="AB", date="2026-03-05")
    assert row_of(display, "IPS team contact")["Fit"].startswith("discordance; judged by AB, 2026-03-05")
    assert len(display.judgements) == 2


def test_judgements_survive_json() -> None:
    display = judged({ROWS[0]: ("expansion", "discordance")})
    again = sy.JointDisplay.from_json(display.to_json())
    assert again.judgements == display.judgements
    assert again.to_json() == display.to_json()
    assert json.loads(display.to_json())["spec"]["judgements"][0]["by"] == "AB"


def test_direction_is_printed_and_may_be_named() -> None:
    assert (
        "Direction of merging: explanatory, unidirectional (numbers select words)." in study_display().document["notes"]
    )
    named = study_display(direction="exploratory-bidirectional")
    assert any("exploratory, bidirectional" in n for n in named.document["notes"])


@pytest.mark.parametrize(
    ("row", "fit", "options", "message"),
    [
        ("caseload", "expansion", {}, r'judgement of an unknown row in judgement 1 \(row "caseload"\)'),
        ("team_contact", "dissonance", {}, 'fit from another vocabulary .* got "dissonance"; allowed: confirmation'),
        ("team_contact", "expansion", {"by": " "}, "judgement by nobody"),
        ("team_contact", "expansion", {"date": "1 March"}, "date not understood .* got 1 March; allowed: YYYY-MM-DD"),
    ],
)
def test_refusals(row: str, fit: str, options: dict[str, str], message: str) -> None:
    with pytest.raises(sy.InputError, match=message):
        study_display().judge(row, fit, **{"by": "AB", "date": "2026-03-01", **options})


def test_a_display_without_a_fit_takes_no_judgement() -> None:
    display = sy.JointDisplay("quote-matrix", corpus=sy.corpus.norway(), strata="role")
    with pytest.raises(sy.InputError, match="judgement in a display without a fit"):
        display.judge("theme:push", "expansion", by="AB", date="2026-03-01")
