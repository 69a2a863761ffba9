"""A corpus is checked: ids once, quotes against their sources; what leads nowhere is listed and kept."""

from __future__ import annotations

import pytest

import steelyard as sy

TEXT = "Q: And then?\r\n\U0001f642 She always calls back — «alltid».\n"


def excerpt(start: int, end: int, text: str, **fields: object) -> dict[str, object]:
    return {"id": "e", "text": text, "source": "s", "start": start, "end": end, **fields}


def corpus(*excerpts: dict[str, object]) -> sy.Corpus:
    return sy.Corpus(sources=[{"id": "s", "text": TEXT}], excerpts=excerpts)


def test_offsets_count_code_points() -> None:
    start = TEXT.index("She")
    assert TEXT[start : start + 3] == "She"
    assert corpus(excerpt(start, start + 3, "She")).statuses == {"e": "matches its source"}
    assert corpus(excerpt(start + 1, start + 4, "She")).statuses == {
        "e": "stands in its source, but not at its offsets"
    }
    assert corpus(excerpt(start, start + 3, "He")).statuses == {"e": "does not stand in its source"}
    assert corpus(excerpt(0, len(TEXT), TEXT)).statuses == {"e": "matches its source"}
    assert corpus(excerpt(0, 10_000, "She")).statuses == {"e": "stands in its source, but not at its offsets"}
    assert corpus(excerpt(5, 2, "never said")).statuses == {"e": "does not stand in its source"}


def test_a_long_text_is_sliced_right() -> None:
    text = "".join(chr(0x1F600 + i % 50) if i % 3 else f"{i % 10}" for i in range(5000))
    pairs = [(0, 1), (255, 258), (256, 512), (4000, 5000), (511, 513)]
    parts = [{"id": f"e{a}", "text": text[a:b], "source": "s", "start": a, "end": b} for a, b in pairs]
    checked = sy.Corpus(sources=[{"id": "s", "text": text}], excerpts=parts)
    assert set(checked.statuses.values()) == {"matches its source"}


def test_what_cannot_be_checked_says_so() -> None:
    assert sy.Corpus(excerpts=[{"id": "e", "text": "x"}]).statuses == {"e": "source text not held, not checked"}
    assert corpus(excerpt(0, 1, "x", wording="paraphrase")).statuses == {"e": "paraphrase, not checkable"}
    assert corpus(excerpt(0, 1, "x", wording="translated")).statuses == {"e": "translated, not checkable"}


def test_dangling_references_are_listed_and_kept() -> None:
    found = sy.Corpus(
        excerpts=[{"id": "e", "text": "x", "source": "s9", "informant": "i9", "themes": ["t9"]}],
        codes=[{"id": "c", "parent": "p9"}, {"id": "a", "parent": "b"}, {"id": "b", "parent": "a"}],
        codings=[{"excerpt": "e", "code": "c9", "coder": "k9"}],
    )
    assert len(found.codings) == 1
    assert found.issues == (
        'code "c" names parent code "p9", which the corpus does not hold',
        'excerpt "e" names source "s9", which the corpus does not hold',
        'excerpt "e" names informant "i9", which the corpus does not hold',
        'excerpt "e" names theme "t9", which the corpus does not hold',
        'coding 1 names code "c9", which the corpus does not hold',
        'coding 1 names coder "k9", which the corpus does not hold',
        'code "a" is its own ancestor',
        'code "b" is its own ancestor',
    )
    assert "8 issues" in repr(found)


def test_a_changed_quote_is_reported() -> None:
    first = sy.Corpus(excerpts=[{"id": "e", "text": "as it was"}])
    changed = sy.Corpus(excerpts=[{"id": "e", "text": "as it is", "hash": first.hashes["e"]}])
    assert changed.issues == ('excerpt "e" its words changed since they were hashed',)


def test_refusals() -> None:
    with pytest.raises(sy.InputError, match='theme id used twice in theme 2: got "t"; allowed: each id once'):
        sy.Corpus(themes=[{"id": "t"}, {"id": "t"}])
    with pytest.raises(sy.InputError, match="code without an id in code 1"):
        sy.Corpus(codes=[{"id": ""}])
    with pytest.raises(sy.InputError, match="unknown field in excerpts, entry 1: got words; allowed: end, findings"):
        sy.Corpus(excerpts=[{"id": "e", "text": "x", "words": 1}])
    with pytest.raises(sy.InputError, match="excerpt is incomplete in excerpts, entry 1"):
        sy.Corpus(excerpts=[{"id": "e"}])
    with pytest.raises(sy.InputError, match="corpus not understood"):
        sy.Corpus(excerpts=[{"id": "e", "text": "x", "valence": "bad"}])


def test_json_round_trip() -> None:
    told = sy.corpus.norway()
    again = sy.Corpus.from_json(told.to_json())
    assert again == told
    assert again.statuses == told.statuses


def test_tidy_has_one_row_per_excerpt_and_theme() -> None:
    frame = sy.corpus.norway().tidy()
    assert list(frame["excerpt"])[:2] == ["p01", "p02"]
    assert len(frame) == 15
