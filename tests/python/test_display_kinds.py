"""Every kind of display from one data model: what it shows, what it lists beside, what it refuses."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

import steelyard as sy
from steelyard.display import Case, Framework, Pillar, Rating, Recommendation, Stratum
from test_display import check_page, study_findings

CONSTRUCTS = {
    "team_contact": "fidelity",
    "team_integration": "fidelity",
    "community_based_services": "fidelity",
    "specialist_available": "dose_received",
    "regular_follow_up": "dose_received",
}
LENS = sy.lenses.Cut(low=3, high=4.5)


def tagged() -> tuple[sy.Finding, ...]:
    return tuple(dataclasses.replace(f, construct=CONSTRUCTS[f.id]) for f in study_findings() if f.id in CONSTRUCTS)


def build(kind: str, findings: Any = None, **options: Any) -> sy.JointDisplay:
    return sy.JointDisplay(kind, study_findings() if findings is None else findings, sy.corpus.norway(), **options)


OPTIONS: dict[str, dict[str, Any]] = {
    "lens": {"lens": LENS},
    "side-by-side": {},
    "statistics-by-themes": {"strata": "role"},
    "quote-matrix": {"strata": "role"},
    "case-oriented": {"order_by": "team_integration"},
    "trial": {"findings": tagged(), "outcomes": ("regular_follow_up",)},
    "framework": {"findings": tagged(), "framework": "linnan-steckler"},
    "pillar": {"pillars": [Pillar("Time", ("community_based_services",), ("time_use", "complex_role"))]},
    "convergence": {"lens": LENS, "vocabulary": "triangulation-protocol"},
    "visual": {"lens": LENS},
    "sampling": {"strata": [Stratum("participants", ("1", "2"), eligible=227, invited=96)]},
    "recommendation": {
        "recommendations": [
            Recommendation("Reserve days", "Time is short", ("community_based_services",), ("time_use",))
        ]
    },
}


@pytest.mark.parametrize("kind", OPTIONS)
def test_every_kind_is_a_page_and_survives_json(kind: str) -> None:
    display = build(kind, **OPTIONS[kind])
    check_page(display.to_html(), 1)
    again = sy.JointDisplay.from_json(display.to_json())
    assert again.to_json() == display.to_json()
    assert again == display
    assert len(display.rows) >= 1
    assert len(set(display.row_ids)) == len(display.row_ids)
    assert any(n.startswith("Direction of merging: ") for n in display.document["notes"])
    assert sum(c["width"] for c in display.document["columns"]) in range(95, 102)


def test_side_by_side_gives_themes_without_a_finding_rows_of_their_own() -> None:
    display = build("side-by-side", lens=LENS)
    last = display.document["sections"][-1]
    assert last["heading"] == "Themes that no finding belongs with"
    assert [row["id"] for row in last["rows"]] == ["theme:job_seeking_skills", "theme:employer_contact"]
    assert display.rows[-1]["Result"] == "No finding"
    assert display.rows[-1]["Fit"] == "no finding"
    told = display.judge("theme:employer_contact", "expansion", by="AB", date="2026-03-01", meta_inference="New skill.")
    assert told.rows[-1]["Meta-inference"] == "New skill."


def test_statistics_by_themes_counts_voices_by_group() -> None:
    mean = {"n": 12, "n_unit": "participants", "population": "these participants"}
    strata = [
        Stratum("heard early", ("1", "2", "3", "4"), statistics=(sy.Finding("age", "Age", 31.0, "years", **mean),)),
        Stratum("heard late", ("5", "6", "8", "10")),
    ]
    display = build("statistics-by-themes", (), strata=strata)
    age, *themes = display.rows
    assert age["Theme"] == "Age"
    assert age["heard early (n = 4)"].startswith("31.00 years; census of these participants")
    assert age["heard late (n = 4)"] == "not given"
    push = next(row for row in themes if row["Theme"].startswith("Being pushed"))
    # excerpts.csv: p03 by informant 10, p04 by informant 2.
    assert push["heard early (n = 4)"].startswith("1 of 4; 1 excerpt; Feels some pressure")
    assert push["heard late (n = 4)"].startswith("1 of 4; 1 excerpt; Was asked")
    assert push["All (n = 8)"] == "2 of 8"
    hidden = build("statistics-by-themes", (), strata=strata, privacy={"informants": True})
    push = next(row for row in hidden.rows if row["Theme"].startswith("Being pushed"))
    assert push["All (n = 8)"] == "suppressed"


def test_quote_matrix_carries_the_id_of_each_quote() -> None:
    row = build("quote-matrix", (), strata="role").rows[9]
    assert row["Theme"].startswith("Prioritising time")
    assert row["participant"] == "none in the corpus"
    assert row["service provider"].endswith("[s01]")


def test_quote_matrix_by_codes() -> None:
    corpus = sy.Corpus(
        informants=[{"id": "a", "role": "user"}, {"id": "b", "role": "staff"}],
        codes=[{"id": "top", "codable": False}, {"id": "c", "name": "Trust", "parent": "top"}],
        sources=[{"id": "s", "name": "Interview 1", "text": "I trust them."}],
        excerpts=[{"id": "e", "text": "I trust them.", "informant": "a", "source": "s", "start": 0, "end": 13}],
        codings=[{"excerpt": "e", "code": "c"}],
    )
    display = sy.JointDisplay("quote-matrix", (), corpus, strata="role", rows_by="codes")
    assert [row["Code"] for row in display.rows] == ["Trust"]
    assert display.rows[0]["user"] == "\u201cI trust them.\u201d (Informant a); [e]"
    listed = display.document["appendices"][-1]
    assert listed["heading"] == "Where the quotes stand"
    assert listed["rows"] == [["e", "Informant a", "Interview 1, characters 0 to 13", "matches its source"]]


def test_a_quote_that_does_not_stand_in_its_source_is_marked() -> None:
    corpus = sy.Corpus(
        sources=[{"id": "s", "text": "She always calls back."}],
        excerpts=[{"id": "e", "text": "She never calls back.", "source": "s", "findings": ["f"]}],
    )
    finding = sy.Finding("f", "Calls", 2.0, n=6, population="these sites", cuts=(3, None))
    display = sy.JointDisplay("side-by-side", [finding], corpus)
    assert "quote e: does not stand in its source" in display.rows[0]["Theme and what was said"]
    assert any("1 quote not where their source is said to hold them: e" in n for n in display.document["notes"])


def test_a_case_is_told_beside_the_mean_of_all_sites() -> None:
    first = build("case-oriented", order_by="team_integration").rows[0]
    assert "Job development, quality: 2 (all sites 3.67)" in first["Numbers"]


def test_cases_stand_in_the_order_of_their_score_and_withhold_identifying_quotes() -> None:
    corpus = sy.Corpus(
        informants=[
            {"id": "a", "role": "leader", "site": "1"},
            {"id": "b", "role": "specialist", "site": "1"},
            {"id": "c", "role": "specialist", "site": "1"},
        ],
        themes=[{"id": "t", "name": "Time"}],
        excerpts=[
            {"id": "e1", "text": "I alone decide.", "informant": "a", "themes": ["t"]},
            {"id": "e2", "text": "We share.", "informant": "b", "themes": ["t"]},
        ],
    )
    total = sy.Finding(
        "total", "Total", 100.0, n=2, population="these sites", by_site={"1": 97.0, "2": 103.0}, cuts=(74, 115)
    )
    display = sy.JointDisplay("case-oriented", [total], corpus, cases=[Case("1", "North", "A small team.")])
    assert [row["Site"] for row in display.rows] == ["Site 2", "North"]
    north = display.rows[1]
    assert north["Numbers"].startswith("97 points; Total")
    assert north["Narrative"] == "A small team."
    assert "We share." in north["Themes and what was said"]
    assert "I alone decide" not in display.to_html()
    assert "1 quote withheld: the speaker is alone in the role at this site" in north["Themes and what was said"]
    assert display.rows[0]["Themes and what was said"] == "Nothing from this site in the corpus"
    assert display.identification_risks == ({"informant": "a", "attributes": ["role", "site"]},)
    assert any(n.startswith("Identification: 1 informant could be named") for n in display.document["notes"])
    shown = dataclasses.replace(display, privacy={"withhold_quotes": False})
    assert "I alone decide" in shown.to_html()


def test_the_study_does_not_say_where_anybody_spoke() -> None:
    display = build("case-oriented", order_by="team_integration")
    assert {row["Themes and what was said"] for row in display.rows} == {"Site of speakers not recorded"}
    assert any("does not say at which site" in n for n in display.document["notes"])


def test_trial_splits_outcome_from_delivery() -> None:
    display = build("trial", tagged(), outcomes=("regular_follow_up",))
    rows = {row["Construct"]: row for row in display.rows}
    assert set(rows) == {"fidelity", "dose received"}
    assert rows["dose received"]["Outcome"].startswith("Regular follow-up during the job search; 79%")
    assert rows["dose received"]["Delivery"].startswith("IPS specialist available when needed; 92%")
    assert rows["fidelity"]["Outcome"] == "No finding"
    gap = sy.findings.Gap(0.12, "IPS minus usual", 0.03, 0.001)
    effect = sy.Finding("jobs", "In work", 0.12, "", n=400, interval=(0.01, 0.23), construct="effect", gap=gap)
    told = build("trial", [effect], outcomes=("jobs",)).rows[0]["Outcome"]
    assert "difference 0.12 (IPS minus usual), p 0.03, smallest p possible 0.001" in told


def test_framework_rates_by_hand_and_lists_what_has_no_evidence() -> None:
    ratings = [Rating("fidelity", -1, "AB", "Three items low"), {"construct": "fidelity", "value": -2, "by": "CD"}]
    display = build("framework", tagged(), framework="linnan-steckler", ratings=ratings)
    row = next(r for r in display.rows if r["Construct"] == "Fidelity")
    assert row["Rating"] == "\u22121; AB: Three items low; \u22122; CD"
    assert row["Barriers and facilitators"].startswith("Barriers; 2 excerpts, 1 voice; Dividing time")
    left = display.document["appendices"][0]
    assert left["heading"] == "Constructs without evidence"
    assert [r[0] for r in left["rows"]] == ["Context", "Reach", "Dose delivered", "Recruitment", "Implementation"]
    own = Framework("own", "Mine", "1", "me", (sy.display.Domain("D", (sy.display.Construct("fidelity", "F"),)),))
    assert build("framework", tagged(), framework=own).rows[0]["Construct"] == "F"


@pytest.mark.parametrize(("name", "domains", "constructs"), [("cfir-2.0", 5, 67), ("re-aim", 5, 6), ("proctor", 1, 8)])
def test_shipped_frameworks(name: str, domains: int, constructs: int) -> None:
    framework = Framework.load(name)
    assert (len(framework.domains), sum(len(d.constructs) for d in framework.domains)) == (domains, constructs)
    assert framework.source


def test_pillars_list_what_found_no_match() -> None:
    display = build("pillar", **OPTIONS["pillar"])
    row = display.rows[0]
    assert list(row)[2] == "Pillar"
    assert row["Numbers"].startswith("Community-based services; 1.17 points")
    assert row["Pillar"].startswith("Time; not yet judged")
    left = display.document["appendices"][0]
    assert left["heading"] == "Listed and not matched"
    assert len(left["rows"]) == 25 + 12 - 1 + 13 - 2
    html = display.to_html()
    assert html.count('<th scope="row" id="') >= 1


def test_convergence_names_the_rater_and_counts_topics() -> None:
    display = build("convergence", lens=LENS, vocabulary="triangulation-protocol")
    done = display.judge("disclosure", "partial agreement", by="AB", date="2026-03-01", meta_inference="Same meaning.")
    row = next(r for r in done.rows if r["Topic"].startswith("Disclosure"))
    assert row["Assessment"].startswith("partial agreement; judged by AB")
    assert (row["Rater"], row["Note"]) == ("AB", "Same meaning.")
    complete = display.document["appendices"][0]
    assert complete["rows"] == [["both sources", "11"], ["numbers alone", "13"], ["words alone", "2"]]


def test_visual_shares_an_axis_and_draws_answers_as_a_bar() -> None:
    useful = sy.findings.ordinal_mean(
        "usefulness", "Usefulness", levels=[1, 2, 3, 4, 5], counts=[3, 3, 19, 23, 30], neutral=2
    )
    display = build("visual", (useful, *study_findings()[:3]))
    charts = [row["cells"][1]["chart"] for s in display.document["sections"] for row in s["rows"]]
    assert [s["percent"] for s in charts[0]["shares"]] == pytest.approx([600 / 78, 1900 / 78, 2300 / 78, 3000 / 78])
    assert charts[0]["words"] == "1 or 2 8%, 3 24%, 4 29%, 5 38%"
    assert {(c["from"], c["to"]) for c in charts[1:]} == {(1.0, 5.0)}
    assert all(c["wide"] for c in charts)


def test_sampling_has_no_balance_of_quotes() -> None:
    display = build("sampling", **OPTIONS["sampling"])
    assert display.document["appendices"] == []
    heard = [a["heading"] for a in build("lens", lens=LENS).document["appendices"]]
    assert "Who is heard" in heard


def test_sampling_prints_what_is_not_reported() -> None:
    strata = [Stratum("high", ("1", "2"), eligible=227, invited=3), Stratum("low")]
    high, low = build("sampling", (), strata=strata).rows
    assert (high["Eligible"], high["Invited"], high["Heard"], high["Who"]) == (
        "227",
        "fewer than 5",
        "2",
        "Informant 1, Informant 2",
    )
    assert (low["Eligible"], low["Who"]) == ("not reported", "nobody")


def test_small_counts_are_suppressed_with_what_would_give_them_away() -> None:
    rows = {"statement_id": ["a", "b"], "statement": ["A", "B"], "count": [4, 74], "n": [77, 77]}
    findings = sy.findings.survey(rows, count="count", kind=None)
    display = sy.JointDisplay("side-by-side", findings, sy.corpus.norway())
    assert display.rows[0]["Result"].startswith("below 6.5%; fewer than 5 of 77 respondents; count suppressed")
    assert display.rows[1]["Result"].startswith("above 93.5%; all but fewer than 5 of 77 respondents; count suppressed")
    html = display.to_html()
    assert "5.2%" not in html
    assert "4 of 77" not in html
    assert all(row["cells"][1]["chart"] is None for row in display.document["sections"][0]["rows"])
    assert any(n.startswith("Counts below 5 are suppressed") for n in display.document["notes"])
    assert "4 of 77" in sy.JointDisplay("side-by-side", findings, sy.corpus.norway(), privacy=0).to_html()


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("statistics-by-themes", {}, r"display by groups without groups in strata"),
        ("quote-matrix", {"strata": "age"}, "variable that no informant has in strata: got 'age'; allowed: role, site"),
        ("quote-matrix", {"strata": {"x": ["99"]}}, r'unknown member in strata, "x": got "99"'),
        ("quote-matrix", {"strata": {"x": ["1"], "y": ["1"]}}, 'informant in two groups in strata, "y": got "1"'),
        ("case-oriented", {"findings": study_findings()[-2:]}, "case-oriented display without values by site"),
        ("case-oriented", {"cases": [Case("9")]}, 'case of an unknown site in cases: got "9"; allowed: '),
        ("trial", {"outcomes": ("x",)}, 'unknown finding in outcomes: got "x"'),
        ("framework", {}, "framework display without a framework in framework"),
        ("framework", {"framework": "cfir"}, 'framework not known in framework: got "cfir"'),
        ("framework", {"framework": "proctor", "ratings": [Rating("x", 1, "AB")]}, "rating of an unknown construct"),
        (
            "framework",
            {"framework": "proctor", "ratings": [Rating("fidelity", 3, "AB")]},
            "rating out of range .* got 3",
        ),
        ("framework", {"framework": "proctor", "ratings": [Rating("fidelity", 1, "")]}, "rating by nobody"),
        ("framework", {"framework": "proctor", "ratings": [{"construct": "fidelity"}]}, "rating is incomplete"),
        ("framework", {"framework": "proctor", "ratings": [{"colour": "x"}]}, "unknown field in ratings, entry 1"),
        ("pillar", {}, "pillar display without pillars"),
        ("pillar", {"pillars": [Pillar("P", ("x",))]}, r'unknown finding in pillars, "P": got "x"'),
        ("pillar", {"pillars": [Pillar("P", (), ("x",))]}, r'unknown theme in pillars, "P": got "x"'),
        ("pillar", {"pillars": [Pillar("P"), Pillar("P")]}, r'row id used twice in display: got "pillar:P"'),
        ("convergence", {}, "convergence matrix in another vocabulary in vocabulary"),
        ("sampling", {}, "sampling display without strata"),
        ("recommendation", {}, "recommendation display without recommendations"),
        ("recommendation", {"recommendations": [Recommendation("a", "b")]}, "recommendation without evidence"),
        ("recommendation", {"recommendations": [Recommendation("", "b")]}, "without an action or without a conclusion"),
        ("visual", {"findings": ()}, "joint display without findings"),
        ("visual", {"direction": "up"}, "direction not known"),
        ("visual", {"privacy": -1}, "smallest cell not allowed in privacy: got -1"),
    ],
)
def test_refusals(kind: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(sy.InputError, match=message):
        build(kind, **options)


def test_unknown_fields_of_a_finding_without_cuts_stay_unjudged() -> None:
    finding = sy.Finding("f", "F", 3.0, n=6, population="these sites")
    row = sy.JointDisplay("side-by-side", [finding], sy.corpus.norway()).rows[0]
    assert "signal: no cut" in row["Result"]
