"""The study's own joint display follows from data and rules alone; the HTML is accessible and holds nothing foreign."""

from __future__ import annotations

import csv
import dataclasses
import html.parser
import importlib.resources
import json
import re
from typing import Any

import pytest

import steelyard as sy
from steelyard.findings import Cuts

VOID = {"meta", "col", "br", "line", "circle", "path"}


def rows_of(name: str) -> list[dict[str, str]]:
    folder = importlib.resources.files("steelyard") / "data" / "norway_ips"
    return list(csv.DictReader((folder / name).read_text(encoding="utf-8").splitlines()))


def study_findings() -> tuple[sy.Finding, ...]:
    items = rows_of("item_scores.csv")
    scores = [[float(row[f"center_{c}"]) for row in items] for c in range(1, 7)]
    means = sy.findings.item_means(
        scores,
        labels={f"item_{i + 1}": row["item"] for i, row in enumerate(items)},
        domains={f"item_{i + 1}": row["subscale"] for i, row in enumerate(items)},
    )
    named = tuple(dataclasses.replace(f, id=row["item_id"]) for f, row in zip(means, items, strict=True))
    statements = rows_of("survey_statements.csv")
    survey = sy.findings.survey({name: [row[name] for row in statements] for name in statements[0]})
    return named + survey


def study_display(**options: Any) -> sy.JointDisplay:
    options = {"findings": study_findings(), "lens": sy.lenses.Cut(low=3, high=4.5), **options}
    return sy.JointDisplay(corpus=sy.corpus.norway(), **options)


def row_of(display: sy.JointDisplay, label: str) -> dict[str, str]:
    found = [row for row in display.rows if row["Finding"].startswith(label)]
    assert len(found) == 1
    return found[0]


class Parsed(html.parser.HTMLParser):
    """Every tag closes what was opened; tags and attributes are kept."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_agency_focus_on_work_is_selected_and_has_no_theme() -> None:
    # item_scores.csv, item 10: 2 3 3 3 2 3, sum 16, mean 16 / 6 (the paper prints 2.6).
    row = row_of(study_display(), "Agency focus on work")
    assert row["Value"].startswith("2.67 points; census of these sites: no interval; n = 6 sites; sites 2 to 3")
    assert row["Why selected"] == "3 or less; signal: low, unfavourable"
    assert row["Theme and what was said"].startswith("Not in the corpus; no excerpt is linked")
    assert row["Fit"] == "not in the corpus"
    assert "silence" not in " ".join(row.values()).lower()


def test_selection_follows_from_the_closed_cut() -> None:
    # By hand from item_scores.csv: sums of six of at most 18 or at least 27.
    sums = {r["item_id"]: sum(int(r[f"center_{c}"]) for c in range(1, 7)) for r in rows_of("item_scores.csv")}
    expected = {item for item, total in sums.items() if total <= 18 or total >= 27}
    assert {"agency_work_focus", "team_contact", "job_development_frequency", "community_based_services"} <= expected
    display = study_display()
    chosen = {entry["finding"] for entry in display.selection if entry["selected"]}
    assert chosen & set(sums) == expected
    assert sums["vocational_services_only"] == 27
    assert "vocational_services_only" in chosen


def test_four_group_excerpts_have_a_group_and_no_speaker() -> None:
    corpus = sy.corpus.norway()
    grouped = [e for e in corpus.excerpts if e.group is not None]
    assert [e.id for e in grouped] == ["s01", "s02", "s03", "s04"]
    assert all(e.informant is None for e in grouped)
    assert [g.size for g in corpus.groups[:6]] == [3, 3, 5, 5, 5, 5]
    assert len(corpus.informants) == 12
    assert set(corpus.statuses.values()) == {"paraphrase, not checkable"}
    assert corpus.issues == ()
    row = row_of(study_display(), "Community-based services")
    assert row["Theme and what was said"].count("(focus group of service providers, not named)") == 2
    assert "Informant" not in row["Theme and what was said"]


def test_themes_that_no_finding_selected_are_listed() -> None:
    left = study_display().document["appendices"][0]
    assert left["heading"] == "Themes that no finding selected"
    assert [row[0] for row in left["rows"]] == ["Job-seeking skills", "Employer contact as a new skill"]
    assert "Job development, quality, 3.67 points: not selected" in left["rows"][1][3]


def test_survey_intervals_are_wilsons_and_an_interval_over_the_cut_is_indeterminate() -> None:
    # Wilson 95 %: 71 of 77 gives 84.02 to 96.38 (reference value of the method's table).
    display = study_display(proposals="shown")
    available = row_of(display, "IPS specialist available")
    assert "92%; 95% interval 84 to 96 (Wilson); 71 of 77 respondents" in available["Value"]
    assert available["Fit"].startswith("confirmation; proposed by rule, not judged")
    follow_up = row_of(display, "Regular follow-up")
    assert "79%; 95% interval 68 to 87 (Wilson); 57 of 72 respondents" in follow_up["Value"]
    assert follow_up["Why selected"] == "own cut, 75 or more; signal: indeterminate (the interval spans a cut)"
    assert follow_up["Fit"] == "not assessable; proposed by rule, not judged: the interval spans a cut"


@pytest.mark.parametrize(
    ("label", "fit"),
    [
        ("Community-based services", "confirmation"),
        ("IPS team contact", "unresolved"),
        ("Disclosure of disability", "confirmation"),
        ("Progress too quick", "unresolved"),
        ("IPS differed from expectations", "not assessable"),
    ],
)
def test_proposals_follow_from_signal_and_valence(label: str, fit: str) -> None:
    assert row_of(study_display(proposals="shown"), label)["Fit"].startswith(fit)


def test_proposals_are_hidden_until_judged() -> None:
    display = study_display()
    assert row_of(display, "Community-based services")["Fit"] == "not yet judged"
    cells = [row["Fit"] for row in display.rows]
    assert set(cells) == {"not yet judged", "not in the corpus"}
    assert "proposed by rule" not in display.to_json()


def test_only_a_register_makes_silence() -> None:
    asked = [
        {"finding": "agency_work_focus", "site": "1", "status": "not-raised"},
        {"finding": "agency_work_focus", "site": "2", "status": "not-asked"},
        {"finding": "caseload_size", "site": "1", "status": "not-asked"},
        {"finding": "job_diversity", "site": "1", "status": "not-sampled"},
    ]
    display = study_display(asked=asked)
    assert row_of(display, "Agency focus on work")["Fit"] == "silence"
    assert "asked in 1 of 2" in row_of(display, "Agency focus on work")["Theme and what was said"]
    assert row_of(display, "Caseload size")["Fit"] == "not asked"
    assert row_of(display, "Occupational diversity")["Fit"] == "not sampled"
    assert row_of(display, "Occupational diversity")["Theme and what was said"].startswith(
        "Not sampled; asked in 0 of 1"
    )
    assert row_of(display, "Benefits counseling")["Fit"] == "not in the corpus"


def test_json_round_trip_is_identical() -> None:
    display = study_display(asked=[{"finding": "caseload_size", "status": "not-asked"}], proposals="shown")
    again = sy.JointDisplay.from_json(display.to_json())
    assert again.to_json() == display.to_json()
    assert again.to_html() == display.to_html()
    assert again.findings == display.findings


def test_an_edited_table_is_refused() -> None:
    told = json.loads(study_display().to_json())
    told["sections"][0]["rows"][0]["cells"][1]["blocks"][0]["text"] = "5.00 points"
    with pytest.raises(sy.InputError, match="table does not follow from its findings and corpus"):
        sy.JointDisplay.from_json(json.dumps(told))


def check_page(text: str, displays: int) -> Parsed:
    parsed = Parsed(text)
    names = [tag for tag, _ in parsed.tags]
    assert "script" not in names
    assert names.count("caption") >= displays
    ids = [attrs["id"] for _, attrs in parsed.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for tag, attrs in parsed.tags:
        if tag == "th":
            assert attrs.get("scope") in {"col", "row", "rowgroup"}
        for name in ("headers", "aria-labelledby"):
            for target in (attrs.get(name) or "").split():
                assert target in ids
        assert not {"src", "href", "xlink:href", "onclick", "onload"} & set(attrs)
    assert re.search(r"url\(|@import|https?://", text) is None
    return parsed


def test_html_is_accessible_and_self_contained() -> None:
    parsed = check_page(study_display().to_html(), 1)
    assert parsed.tags[0] == ("html", {"lang": "en"})
    text = " ".join(parsed.text)
    assert "Agency focus on work" in text
    assert "In the charts" in text


def test_several_displays_share_a_page() -> None:
    one, two = study_display(), study_display(proposals="shown")
    body = "".join([one.html_fragment(), two.html_fragment(), one.html_fragment("third")])
    assert "<html" not in body
    check_page(body, 3)
    assert one._repr_html_() != one._repr_html_()


def test_markup_in_data_is_text() -> None:
    hostile = '<script>alert(1)</script>" onload="x'
    corpus = sy.Corpus(
        informants=[{"id": "i", "label": hostile}],
        themes=[{"id": "t", "name": hostile}],
        excerpts=[{"id": "e", "text": hostile, "informant": "i", "themes": ["t"], "findings": ["f"], "language": "nb"}],
    )
    finding = sy.Finding("f", hostile, 2.0, n=6, population="these sites", scale=(1, 5))
    display = sy.JointDisplay(findings=[finding], corpus=corpus, lens=sy.lenses.Cut(low=3), title=hostile)
    parsed = check_page(display.to_html(), 1)
    assert hostile in " ".join(parsed.text)


def test_repr_is_plain() -> None:
    text = repr(study_display())
    assert text.startswith("Joint display: findings as a lens on themes\nSelected, and spoken about (11)")
    assert "Agency focus on work | 2.67 points | 3 or less | Not in the corpus | not in the corpus" in text
    assert "7 of 18 informants and groups" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"findings": []}, "joint display without findings in findings"),
        ({"lens": None}, r"lens display without a lens in lens\. Pass one"),
        ({"kind": "cloud"}, "kind not known in kind: got 'cloud'; allowed: lens"),
        ({"vocabulary": "mine"}, "vocabulary not known"),
        ({"findings": study_findings() * 2}, 'finding id used twice in findings: got "caseload_size"'),
        ({"asked": [{"finding": "x", "status": "raised"}]}, 'names an unknown finding in asked: got "x"'),
        ({"asked": [{"finding": "caseload_size", "status": "no"}]}, "status not known"),
        ({"lens": sy.lenses.Cut(low=3).override("x", selected=True, reason="why")}, 'unknown finding in lens: got "x"'),
        (
            {"lens": sy.lenses.Cut(low=3).override("caseload_size", selected=True, reason=" ")},
            "override without a reason",
        ),
    ],
)
def test_refusals_are_instructions(options: dict[str, Any], message: str) -> None:
    with pytest.raises(sy.InputError, match=message):
        study_display(**options)


def test_findings_refuse_what_cannot_be() -> None:
    with pytest.raises(sy.InputError, match='finding without an n in finding "a": got 0'):
        sy.Finding("a", "A", 2.0, n=0)
    with pytest.raises(sy.InputError, match="interval for a census"):
        sy.Finding("a", "A", 2.0, n=6, population="these sites", interval=(1, 3))
    with pytest.raises(sy.InputError, match="cuts in the wrong order"):
        sy.Finding("a", "A", 2.0, n=6, cuts=Cuts(4, 3))
    with pytest.raises(sy.InputError, match="number that is not finite"):
        sy.Finding("a", "A", float("nan"), n=6)
    with pytest.raises(sy.InputError, match=r"percentage that no count gives in row 1 \(\"a\"\): got 50 % of 3"):
        sy.findings.survey({"statement_id": ["a"], "statement": ["A"], "yes_percent": [50], "n": [3]}, kind=None)


def test_overrides_are_logged_with_their_reason() -> None:
    lens = sy.lenses.Cut(low=3, high=4.5).override(
        "team_integration", selected=True, reason="The main question.", by="AB"
    )
    row = row_of(study_display(lens=lens), "Integration of IPS")
    assert row["Why selected"].startswith("selected by hand (AB): The main question.; the rule said: beyond no cut")
