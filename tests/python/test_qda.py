"""Projects of other programs: offsets found by their quotes, nothing lost in silence, what is written is valid."""

from __future__ import annotations

import io
import os
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import steelyard as sy
from steelyard.corpus import Corpus

HERE = Path(__file__).parent
GUID = "00000000-0000-0000-0000-{:012d}"
TEXT = (
    "\ufeffQ: And then?\r\n\U0001f642 She always calls back — «alltid».\n"
    "שלום, she said. \U0001f469\u200d\U0001f4bb\r\nBye."
)
# A name of an interview, and quotes that stand in it.
QUOTES = ["And then?", "She always calls back", "«alltid»", "שלום, she said.", "\U0001f469\u200d\U0001f4bb", "Bye"]


def samples() -> Path | None:
    told = os.environ.get("STEELYARD_QDA_SAMPLES")
    places = [Path(told)] if told else [p / "shared" / "data" / "qda_samples" for p in HERE.parents]
    return next((p for p in places if (p / "qc_demo.qdpx").exists()), None)


def archive(project: str, files: dict[str, bytes] | None = None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("project.qde", project)
        for name, content in (files or {}).items():
            out.writestr(name, content)
    return buffer.getvalue()


def project(inside: str) -> str:
    return f'<Project xmlns="urn:QDA-XML:project:1.0" name="p" origin="a test">{inside}</Project>'


def selection(n: int, start: int, end: int, name: str, coding: str = "") -> str:
    return (
        f'<PlainTextSelection guid="{GUID.format(n)}" name="{name}" startPosition="{start}" endPosition="{end}">'
        f"{coding}</PlainTextSelection>"
    )


def text_source(text: str, inside: str) -> str:
    content = f"<PlainTextContent>{text}</PlainTextContent>"
    return f'<TextSource guid="{GUID.format(9)}" name="I">{content}{inside}</TextSource>'


def read(tmp_path: Path, content: bytes, **options: Any) -> Corpus:
    path = tmp_path / "p.qdpx"
    path.write_bytes(content)
    return sy.read_qda(path, **options)


def counted(text: str, unit: str, line_ends: str, mark: bool) -> list[int]:
    """Twin: the offset of every code point of `text` (its mark taken off) under a convention."""
    widths = {
        "code points": lambda c: 1,
        "UTF-16 units": lambda c: len(c.encode("utf-16-le")) // 2,
        "bytes": lambda c: len(c.encode()),
    }
    width = widths[unit]
    at, places, before = (width("\ufeff") if mark else 0), [], ""
    for c in text:
        places.append(at)
        one = line_ends == "CR LF as one" and c == "\n" and before == "\r"
        two = line_ends == "LF as two" and c == "\n" and before != "\r"
        at += 0 if one else 2 if two else width(c)
        before = c
    return [*places, at]


CONVENTIONS = [
    (unit, line_ends, mark, inclusive)
    for unit in ("code points", "UTF-16 units", "bytes")
    for line_ends in ("", "CR LF as one", "LF as two")
    for mark in (False, True)
    for inclusive in (False, True)
]


@pytest.mark.parametrize(("unit", "line_ends", "mark", "inclusive"), CONVENTIONS)
def test_the_convention_of_offsets_is_found_by_quotes(
    tmp_path: Path, unit: str, line_ends: str, mark: bool, inclusive: bool
) -> None:
    text = TEXT.removeprefix("\ufeff")
    places = counted(text, unit, line_ends, mark)
    selections = []
    for n, quote in enumerate(QUOTES):
        start = text.index(quote)
        last = start + len(quote)
        selections.append(selection(n, places[start], places[last - 1] if inclusive else places[last], quote))
    source = f'<TextSource guid="{GUID.format(99)}" name="I" plainTextPath="internal://i.txt">{"".join(selections)}</TextSource>'
    found = read(tmp_path, archive(project(f"<Sources>{source}</Sources>"), {"sources/i.txt": TEXT.encode()}))
    assert found.sources[0].text == text
    assert [e.text for e in found.excerpts] == QUOTES
    assert [text[e.start : e.end] for e in found.excerpts] == QUOTES
    assert set(found.statuses.values()) == {"matches its source"}
    words = [unit, *([line_ends] if line_ends else []), *(["byte order mark counted"] if mark else [])]
    words.append("end included" if inclusive else "end not included")
    said = [note for note in found.notes if "offsets count" in note]
    if words == ["code points", "end not included"]:
        assert said == []
    else:
        assert said[0].startswith(f'"I": offsets count {", ".join(words)}: 6 of 6 quotes match so, ')
        assert said[0].endswith("by the standard; converted to code points")


def test_a_quote_that_does_not_match_is_kept_and_said(tmp_path: Path) -> None:
    inside = "".join(
        (
            selection(1, 0, 5, "Hello"),
            selection(2, 6, 11, "world"),
            selection(3, 12, 15, "sea"),
            selection(4, 40, 50, "beyond"),
        )
    )
    source = text_source("Hello world and sky", inside)
    found = read(tmp_path, archive(project(f"<Sources>{source}</Sources>")))
    assert [e.text for e in found.excerpts] == ["Hello", "world", "sea", "beyond"]
    assert list(found.statuses.values()) == [*["matches its source"] * 2, *["does not stand in its source"] * 2]
    assert found.excerpts[3].start is None
    assert '"I": 2 of 4 quotes match at their offsets' in found.notes
    assert f"selection {GUID.format(3)}: its recorded words are not those of the text at its offsets" in found.notes
    assert f"selection {GUID.format(4)}: its offsets 40 to 50 lie outside of the text" in found.notes


def test_labels_are_no_quotes(tmp_path: Path) -> None:
    inside = selection(1, 0, 5, "line:1") + selection(2, 6, 11, "line:2")
    source = text_source("Hello world", inside)
    found = read(tmp_path, archive(project(f"<Sources>{source}</Sources>")))
    assert [e.text for e in found.excerpts] == ["Hello", "world"]
    assert (
        '"I": 2 selections carry no words to check their offsets by; taken as code points, end not included'
        in found.notes
    )


def test_what_leads_nowhere_is_listed_and_kept(tmp_path: Path) -> None:
    code = f'<CodeRef targetGUID="{GUID.format(52)}"/>'
    coding = f'<Coding guid="{GUID.format(50)}" creatingUser="{GUID.format(51)}">{code}</Coding>'
    inside = selection(1, 0, 5, "Hello", coding)
    source = text_source("Hello", inside)
    found = read(tmp_path, archive(project(f"<Sources>{source}</Sources>")))
    assert len(found.codings) == 1
    assert found.issues == (
        f'coding 1 names code "{GUID.format(52)}", which the corpus does not hold',
        f'coding 1 names coder "{GUID.format(51)}", which the corpus does not hold',
    )


MESSY = f"""<?xml version="1.0" encoding="utf-16"?>
<q:Project xmlns:q="urn:QDA-XML:project:0:4" name="messy">
<Sources>
 <TextSource guid="{{{GUID.format(1).upper()}}}" name="I" creatingUser="{GUID.format(80)}">
  <PlainTextContent>One &lt;two&gt; &#x1F642; three</PlainTextContent>
  <PlainTextSelection guid="{GUID.format(2)}" name="One" startPosition="0" endPosition="3">
   <Coding guid="{GUID.format(3)}"><CodeRef targetGUID="{GUID.format(70)}"/></Coding>
  </PlainTextSelection>
  <PlainTextSelection guid="{GUID.format(2)}" name="three" startPosition="12" endPosition="17"/>
  <Coding guid="{GUID.format(4)}"><CodeRef targetGUID="{GUID.format(71)}"/></Coding>
 </TextSource>
 <PDFSource guid="{GUID.format(5)}" name="P" path="internal://p.pdf">
  <PDFSelection guid="{GUID.format(6)}" name="figure" page="0" firstX="1" firstY="1" secondX="2" secondY="2">
   <Coding guid="{GUID.format(7)}"><CodeRef targetGUID="{GUID.format(70)}"/></Coding>
  </PDFSelection>
 </PDFSource>
 <AudioSource guid="{GUID.format(10)}" name="A" path="internal://a.mp3">
  <Transcript guid="{GUID.format(11)}" name="T"><PlainTextContent>Hello there</PlainTextContent>
   <SyncPoint guid="{GUID.format(12)}" timeStamp="0" position="0"/>
   <SyncPoint guid="{GUID.format(13)}" timeStamp="900" position="5"/>
   <TranscriptSelection guid="{GUID.format(14)}" fromSyncPoint="{GUID.format(12)}" toSyncPoint="{GUID.format(13)}">
    <Description>Hello</Description></TranscriptSelection>
  </Transcript>
 </AudioSource>
</Sources>
<Users><User guid="{GUID.format(80)}" id="cp"/></Users>
<CodeBook><Codes><Code guid="{GUID.format(70)}" name="a" isCodable="false">
 <Code guid="{GUID.format(71)}" name="b" isCodable="true"/></Code></Codes></CodeBook>
<Variables><Variable guid="{GUID.format(20)}" name="Centre" typeOfVariable="Text"/>
 <Variable guid="{GUID.format(21)}" name="Age" typeOfVariable="Integer"/>
 <Variable guid="{GUID.format(22)}" name="ROLE" typeOfVariable="Text"/></Variables>
<Cases><Case guid="{GUID.format(30)}" name="Informant 1">
 <VariableValue><VariableRef targetGUID="{GUID.format(20)}"/><TextValue>Oslo</TextValue></VariableValue>
 <VariableValue><VariableRef targetGUID="{GUID.format(21)}"/><IntegerValue>41</IntegerValue></VariableValue>
 <VariableValue><VariableRef targetGUID="{GUID.format(22)}"/><TextValue>participant</TextValue></VariableValue>
 <SourceRef targetGUID="{GUID.format(1)}"/></Case></Cases>
<Notes><Note guid="{GUID.format(40)}" name="memo"/></Notes>
<Sets><Set guid="{GUID.format(41)}" name="theme"><MemberCode targetGUID="{GUID.format(70)}"/></Set>
 <Set guid="{GUID.format(42)}" name="women"><MemberSource targetGUID="{GUID.format(1)}"/></Set></Sets>
</q:Project>"""


def test_a_messy_project_is_read_and_its_losses_listed(tmp_path: Path) -> None:
    content = archive("", {})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        out.writestr("Messy.qde", MESSY.encode("utf-16"))
        out.writestr("Sources/", b"")
        out.writestr("Sources/p.pdf", b"%PDF")
    assert content
    found = read(tmp_path, buffer.getvalue())
    assert [c.name for c in found.coders] == ["cp"]
    assert [(c.name, c.parent, c.codable) for c in found.codes] == [("a", None, False), ("b", GUID.format(70), True)]
    person = found.informants[0]
    assert (person.label, person.site, person.role, person.variables) == (
        "Informant 1",
        "Oslo",
        "participant",
        {"Age": "41"},
    )
    source = next(s for s in found.sources if s.name == "I")
    assert source.text == "One <two> \U0001f642 three"
    assert source.informant == person.id
    assert source.variables == {"set: women": "yes"}
    assert [e.text for e in found.excerpts] == ["One", "three", "One <two> \U0001f642 three", "figure", "Hello"]
    assert {e.informant for e in found.excerpts if e.source == source.id} == {person.id}
    assert [c.coder for c in found.codings] == [GUID.format(80), GUID.format(80), None]
    assert [(t.name, t.codes) for t in found.themes] == [("theme", (GUID.format(70),))]
    for said in (
        "namespace urn:QDA-XML:project:0:4 instead of urn:QDA-XML:project:1.0: read all the same",
        f"GUID {GUID.format(2)} names two of selection; the later is kept as {GUID.format(2)}#2",
        '1 codings of the whole of "I" stand on an excerpt of all of it',
        '"P": 1 selections keep their words and codings, not their place (PDFSource)',
        "1 notes (memos) were not taken over",
        "1 files of the archive were not opened",
    ):
        assert any(said in note for note in found.notes), said
    other = read(tmp_path, buffer.getvalue(), site="Age", role=())
    assert (other.informants[0].site, other.informants[0].role) == ("41", None)


def rich() -> Corpus:
    """A corpus with everything that REFI-QDA has and has no place for."""
    return sy.Corpus(
        name='A & B <"study">',
        sources=[
            {
                "id": "s1",
                "name": "I1",
                "text": TEXT,
                "language": "en",
                "informant": "i1",
                "site": "Oslo",
                "variables": {"wave": "2"},
            },
            {"id": "s2", "name": "Group", "text": "We all agree.\tYes.\r\n", "group": "g1"},
            {"id": "s3", "name": "not held"},
        ],
        informants=[{"id": "i1", "role": "participant", "site": "Oslo", "variables": {"age": "30\n31"}}],
        groups=[{"id": "g1", "size": 5, "role": "provider"}, {"id": "g2", "one_of": ["g1"]}],
        coders=[{"id": "a", "name": "Ada"}, {"id": "b"}],
        codes=[
            {"id": "c1", "name": "time", "color": "#ff0000", "valence": "barrier", "construct": "work"},
            {"id": "c2", "name": "call", "parent": "c1", "codable": False, "description": " calls \r\n back "},
            {"id": "c3", "parent": "nobody", "color": "red"},
        ],
        themes=[{"id": "t1", "name": "T", "codes": ["c1"], "findings": ["f1"], "population": "participants"}],
        excerpts=[
            {"id": "e1", "text": "She always calls back", "source": "s1", "start": 17, "end": 38, "informant": "i1"},
            {
                "id": "e2",
                "text": "agree",
                "source": "s2",
                "start": 7,
                "end": 12,
                "group": "g1",
                "valence": "facilitator",
            },
            {
                "id": "e3",
                "text": "in other words",
                "wording": "paraphrase",
                "group": "g2",
                "themes": ["t1"],
                "findings": ["f1"],
            },
            {"id": "e4", "text": "disagree", "source": "s2", "start": 7, "end": 12},
            {"id": "e5", "text": "", "source": "s3"},
            {"id": "e6", "text": "\U0001f642 \u202eabc\u0007", "source": "s3", "start": 3, "end": 5, "language": "he"},
        ],
        codings=[
            {"excerpt": "e1", "code": "c1", "coder": "a", "round": 1},
            {"excerpt": "e1", "code": "c1", "coder": "b", "round": 2},
            {"excerpt": "e2", "code": "c9", "coder": "z"},
            {"excerpt": "e9", "code": "c1"},
            {"excerpt": "e3", "code": "c2"},
        ],
        consensus=[{"excerpt": "e1", "code": "c1", "applies": True, "dissent": ["b"], "reason": "as defined"}],
        notes=["first", "second"],
    )


def inner(path: Path) -> str:
    with zipfile.ZipFile(path) as held:
        assert all(i.compress_type == zipfile.ZIP_DEFLATED for i in held.infolist())
        return held.read("project.qde").decode()


@pytest.mark.parametrize("which", ["rich", "study", "empty"])
def test_what_is_written_is_valid_and_read_back_whole(which: str, tmp_path: Path) -> None:
    from lxml import etree

    corpus = {"rich": rich, "study": sy.corpus.norway, "empty": sy.Corpus}[which]()
    path = tmp_path / "out.qdpx"
    corpus.write_qda(path)
    schema = etree.XMLSchema(etree.parse(str(HERE.parent / "reference" / "refi_qda" / "Project.xsd")))
    schema.assertValid(etree.fromstring(inner(path).encode()))
    assert sy.read_qda(path) == corpus
    first = path.read_bytes()
    corpus.write_qda(path)
    assert path.read_bytes() == first
    bare = tmp_path / "bare.qdpx"
    corpus.write_qda(bare, own_note=False)
    schema.assertValid(etree.fromstring(inner(bare).encode()))
    assert "Steelyard: what REFI-QDA" not in inner(bare)


def test_other_programs_see_all_that_the_standard_has_a_place_for(tmp_path: Path) -> None:
    corpus = rich()
    path = tmp_path / "out.qdpx"
    report = corpus.write_qda(path, own_note=False)
    found = sy.read_qda(path)
    assert [e.text for e in found.excerpts if e.text.startswith(("She", "agree", "disagree", "in other"))] == [
        "She always calls back",
        "agree",
        "disagree",
        "in other words",
    ]
    assert len(found.codings) == 4
    assert [c.name for c in found.codes] == ["time", "call", "c3"]
    assert found.codes[1].parent == found.codes[0].id
    assert found.codes[1].description == " calls \r\n back "
    assert {s.text for s in found.sources if s.name in ("I1", "Group")} == {TEXT, "We all agree.\tYes.\r\n"}
    assert [(i.label, i.site, i.role, i.variables) for i in found.informants] == [
        ("Informant i1", "Oslo", "participant", {"age": "30\n31"})
    ]
    assert [(g.label, g.size) for g in found.groups] == [("Group g1", 5), ("Group g2", None)]
    assert found.excerpts[0].informant == found.informants[0].id
    assert report == (
        "3 excerpts stand in no text that is held: written into 2 sources of their own, one per speaker",
        "1 codings name excerpts that the corpus does not hold: no place in a project",
        'color red of code "c3" is not #RGB or #RRGGBB: left out',
        "2 rounds of codings: no place in REFI-QDA, lost",
        "1 decisions by consensus, with their dissent: no place in REFI-QDA, lost",
        "1 valences of codes: no place in REFI-QDA, lost",
        "1 constructs of codes: no place in REFI-QDA, lost",
        "1 populations or constructs of themes: no place in REFI-QDA, lost",
        "1 links of themes to findings: no place in REFI-QDA, lost",
        "1 valences of excerpts: no place in REFI-QDA, lost",
        "1 marks of excerpts as paraphrase or translation: no place in REFI-QDA, lost",
        "2 links of excerpts to themes or findings: no place in REFI-QDA, lost",
        "1 languages of excerpts: no place in REFI-QDA, lost",
        "1 languages of sources: no place in REFI-QDA, lost",
        "1 groups that stand for one of several: no place in REFI-QDA, lost",
        "2 notes on the corpus: no place in REFI-QDA, lost",
    )


def test_a_project_that_was_edited_elsewhere_is_read_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "out.qdpx"
    rich().write_qda(path)
    with zipfile.ZipFile(path) as held:
        files = {i.filename: held.read(i) for i in held.infolist()}
    files["project.qde"] = files["project.qde"].replace(b'name="time"', b'name="hours"')
    edited = tmp_path / "edited.qdpx"
    edited.write_bytes(archive(files.pop("project.qde").decode(), files))
    found = sy.read_qda(edited)
    assert found.codes[0].name == "hours"
    assert "edited since Steelyard wrote it: read as any other project" in found.notes


@pytest.mark.skipif(samples() is None, reason="the real exports are not at hand")
@pytest.mark.parametrize(
    ("name", "codes", "codings", "sources", "coders"),
    [("nvivo_mac_15.qdpx", 262, 0, 2, 2), ("qc_demo.qdpx", None, 205, 2, None), ("atlasti_win_23.qdpx", 3, 0, 0, 2)],
)
def test_real_exports_open_and_come_back(
    name: str, codes: int | None, codings: int, sources: int, coders: int | None, tmp_path: Path
) -> None:
    folder = samples()
    assert folder is not None
    found = sy.read_qda(folder / name)
    assert codes is None or len(found.codes) == codes
    assert coders is None or len(found.coders) == coders
    assert (len(found.codings), len(found.sources)) == (codings, sources)
    assert not any("outside of the text" in note for note in found.notes)
    out = tmp_path / "again.qdpx"
    found.write_qda(out)
    assert sy.read_qda(out) == found


def qualcoder(path: Path) -> None:
    with closing(sqlite3.connect(path)) as base:
        base.executescript(
            """
            CREATE TABLE source (id INTEGER, name TEXT, fulltext TEXT, mediapath TEXT, memo TEXT);
            CREATE TABLE code_cat (catid INTEGER, name TEXT, memo TEXT, supercatid INTEGER);
            CREATE TABLE code_name (cid INTEGER, name TEXT, memo TEXT, catid INTEGER, color TEXT);
            CREATE TABLE code_text (cid INTEGER, fid INTEGER, seltext TEXT, pos0 INTEGER, pos1 INTEGER, owner TEXT);
            CREATE TABLE cases (caseid INTEGER, name TEXT, memo TEXT);
            CREATE TABLE case_text (id INTEGER, caseid INTEGER, fid INTEGER, pos0 INTEGER, pos1 INTEGER);
            CREATE TABLE attribute (name TEXT, attr_type TEXT, value TEXT, id INTEGER);
            CREATE TABLE journal (jid INTEGER, name TEXT, jentry TEXT);
            INSERT INTO source VALUES (1, 'I1', '\U0001f642 She calls back.', NULL, '');
            INSERT INTO code_cat VALUES (1, 'support', '', NULL);
            INSERT INTO code_name VALUES (1, 'calls', 'phones', 1, '#00ff00');
            INSERT INTO code_text VALUES (1, 1, 'She calls', 2, 11, 'ada'), (1, 1, 'She calls', 2, 11, 'bo');
            INSERT INTO cases VALUES (7, 'Informant 7', '');
            INSERT INTO case_text VALUES (1, 7, 1, 0, 18);
            INSERT INTO attribute VALUES ('Site', 'case', 'Oslo', 7), ('age', 'case', '40', 7);
            INSERT INTO attribute VALUES ('wave', 'file', '1', 1);
            INSERT INTO journal VALUES (1, 'j', 'x');
            """
        )
        base.commit()


def test_a_qualcoder_project(tmp_path: Path) -> None:
    folder = tmp_path / "study.qda"
    folder.mkdir()
    qualcoder(folder / "data.qda")
    before = (folder / "data.qda").read_bytes()
    found = sy.read_qda(folder)
    assert (folder / "data.qda").read_bytes() == before
    assert [p.name for p in folder.iterdir()] == ["data.qda"]
    assert [(c.name, c.parent) for c in found.codes] == [("support", None), ("calls", "category 1")]
    assert (found.informants[0].site, found.informants[0].variables) == ("Oslo", {"age": "40"})
    assert found.sources[0].variables == {"wave": "1"}
    assert set(found.statuses.values()) == {"matches its source"}
    assert len(found.excerpts) == 1
    assert [c.coder for c in found.codings] == ["ada", "bo"]
    assert found.excerpts[0].informant == "case 7"
    assert "1 journals were not taken over" in found.notes


def test_a_taguette_project(tmp_path: Path) -> None:
    path = tmp_path / "taguette.sqlite3"
    with closing(sqlite3.connect(path)) as base:
        base.executescript(
            """
            CREATE TABLE projects (id INTEGER, name TEXT);
            CREATE TABLE users (login TEXT);
            CREATE TABLE documents (id INTEGER, name TEXT, contents TEXT);
            CREATE TABLE highlights (id, document_id, start_offset, end_offset, snippet TEXT);
            CREATE TABLE tags (id INTEGER, path TEXT, description TEXT);
            CREATE TABLE highlight_tags (highlight_id INTEGER, tag_id INTEGER);
            INSERT INTO projects VALUES (1, 'P');
            INSERT INTO users VALUES ('ada');
            INSERT INTO documents VALUES (1, 'D', '<p>Så bra &amp; <b>fint</b></p>');
            INSERT INTO highlights VALUES (1, 1, 10, 14, '<b>fint</b>');
            INSERT INTO tags VALUES (1, 'support', ''), (2, 'support.calls', 'd');
            INSERT INTO highlight_tags VALUES (1, 2);
            """
        )
        base.commit()
    found = sy.read_qda(path)
    assert found.name == "P"
    assert found.sources[0].text == "Så bra & fint"
    assert (found.excerpts[0].start, found.excerpts[0].end) == (9, 13)
    assert set(found.statuses.values()) == {"matches its source"}
    assert [(c.name, c.parent) for c in found.codes] == [("support", None), ("support.calls", "tag 1")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"SQLite format 3\0 and nothing else", "database cannot be read in bad.qda"),
        (b"hello", "XML broken in the file"),
        (b"", "XML broken in the file"),
    ],
)
def test_files_of_no_kind(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.qda"
    path.write_bytes(content)
    with pytest.raises(sy.InputError) as caught:
        sy.read_qda(path)
    assert str(caught.value).startswith(message)


def test_files_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    for call, message in (
        (lambda: sy.read_qda(tmp_path / "none.qdpx"), "file cannot be read in "),
        (
            lambda: rich().write_qda(tmp_path / "out.zip"),
            "ending not known in path: got 'out.zip'; allowed: .qdpx (a project) or .qdc (a codebook)",
        ),
        (
            lambda: sy.Corpus().write_qda(tmp_path / "out.qdc"),
            "codebook without codes in codes; allowed: at least one code: the standard has no empty one",
        ),
        (lambda: rich().write_qda(tmp_path / "no" / "out.qdpx"), "file cannot be written in "),
    ):
        with pytest.raises(sy.InputError) as caught:
            call()
        assert str(caught.value).startswith(message)
    with closing(sqlite3.connect(tmp_path / "other.db")) as base:
        base.execute("CREATE TABLE t (x)")
        base.commit()
    with pytest.raises(sy.InputError) as caught:
        sy.read_qda(tmp_path / "other.db")
    assert str(caught.value).startswith("database of another kind in other.db: got t; allowed: a QualCoder project")
