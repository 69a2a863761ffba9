"""Tables of a corpus: cross-tabs with denominators, quotes with speakers, ratings for agreement, and tables in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import steelyard as sy
from steelyard.corpus import Corpus

TEXT = "First line.\n\nSecond line here.\nThird.\n"


def corpus() -> Corpus:
    return sy.Corpus(
        sources=[{"id": "s1", "text": TEXT, "informant": "1"}, {"id": "s2", "text": "Only one.\n", "group": "g"}],
        informants=[
            {"id": "1", "label": "Informant 1", "site": "Oslo", "role": "participant", "variables": {"age": "40"}},
            {"id": "2", "label": "Informant 2", "site": "Bergen", "role": "participant"},
        ],
        groups=[{"id": "g", "label": "Group", "site": "Oslo", "role": "provider", "size": 5}],
        coders=[{"id": "a", "name": "Ada"}, {"id": "b", "name": "Bo"}],
        codes=[
            {"id": "top", "name": "time", "codable": False},
            {"id": "c", "name": "calls", "parent": "top"},
            {"id": "d"},
        ],
        excerpts=[
            {"id": "e1", "text": "First line.", "source": "s1", "start": 0, "end": 11, "informant": "1"},
            {"id": "e2", "text": "line here.\nThird", "source": "s1", "start": 20, "end": 36, "informant": "1"},
            {"id": "e3", "text": "Only one.", "source": "s2", "start": 0, "end": 9, "group": "g"},
            {"id": "e4", "text": "in other words", "wording": "paraphrase", "informant": "2"},
        ],
        codings=[
            {"excerpt": "e1", "code": "c", "coder": "a", "round": 1},
            {"excerpt": "e1", "code": "c", "coder": "b", "round": 1},
            {"excerpt": "e2", "code": "c", "coder": "a", "round": 1},
            {"excerpt": "e3", "code": "c", "coder": "a", "round": 1},
            {"excerpt": "e4", "code": "d", "coder": "b", "round": 2},
            {"excerpt": "e9", "code": "d", "coder": "b", "round": 2},
        ],
        consensus=[{"excerpt": "e2", "code": "c", "applies": False, "dissent": ["a"]}],
    )


def test_codes_by_site_with_their_denominators() -> None:
    table = corpus().crosstab("site")
    assert list(table.columns) == ["code", "Bergen", "Oslo", "all"]
    assert table.values.tolist() == [
        ["time", 0, 0, 0],
        ["time > calls", 0, 2, 2],
        ["d", 1, 0, 1],
        ["units heard", 1, 2, 3],
    ]
    assert corpus().crosstab("site", count="excerpts")["Oslo"].tolist() == [0, 3, 0, 2]
    assert corpus().crosstab("site", count="codings", round=1)["all"].tolist() == [0, 4, 0, 3]
    assert corpus().crosstab("age").columns.tolist() == ["code", "40", "not known", "all"]
    assert isinstance(corpus().crosstab("role", like=pl.DataFrame({"x": [1]})), pl.DataFrame)


def test_quotes_beside_each_other() -> None:
    table = corpus().quote_matrix("role", codes=["calls", "d"], quotes=1, words=1)
    assert table["code"].tolist() == ["time > calls", "d"]
    assert table["participant"].tolist() == [
        "“First …” (Informant 1)\nand 1 more",
        "in … (Informant 2)",
    ]
    assert table["provider"].tolist() == ["“Only …” (Group)", ""]


def test_paragraphs_become_units() -> None:
    found = corpus().ratings("paragraph", round=1)
    assert repr(found) == "Ratings: 2 coders, 2 codes, 4 units in 2 sources"
    assert found.coders == ("Ada", "Bo")
    assert found.units == ("s1, paragraph 1", "s1, paragraph 2", "s1, paragraph 3", "s2, paragraph 1")
    # Ada's second excerpt runs over two paragraphs; Bo did not work on the second source.
    assert found.cells[:, 0].tolist() == [[1, 1, 1, 1], [1, 0, 0, 65535]]
    assert found.cells[:, 1].tolist() == [[0, 0, 0, 0], [0, 0, 0, 65535]]
    result = sy.agreement(found, ["percent-agreement", "krippendorff-alpha"])
    same = sy.agreement(
        np.where(found.cells == 65535, np.nan, found.cells),
        list(x.coefficient for x in result.estimates[:2]),
        codes=["calls", "d"],
        sources=found.sources,
    )
    assert [e.estimate for e in result.estimates if e.code == "calls"] == [
        e.estimate for e in same.estimates if e.code == "calls"
    ]
    assert result.of("percent-agreement", "calls").estimate == pytest.approx(1 / 3)
    assert result.n_sources == 2
    assert result.scopes[0].n_pairable == 6


def test_excerpts_at_one_place_are_one_unit() -> None:
    found = corpus().ratings(round=1)
    assert found.units == ("e1", "e2", "e3", "e4")
    assert found.cells[:, 0].tolist() == [[1, 1, 1, 65535], [1, 0, 65535, 65535]]


def test_what_coders_must_talk_about() -> None:
    table = corpus().disagreements(round=1)
    assert table.values.tolist() == [["e2", "c", "a", "b", "does not apply", "a"]]


def test_tables_and_files_become_a_corpus(tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("\ufeffid,site,age\n1,Oslo,40\n2,,\n", encoding="utf-8")
    found = sy.Corpus.from_tables(
        "study",
        informants=people,
        codes=pd.DataFrame({"id": ["c", "d"], "codable": ["yes", False], "parent": [None, "c"]}),
        excerpts=pl.DataFrame({"id": ["e"], "text": [" said "], "start": [3.0], "themes": ["t1; t2"]}),
        codings={"excerpt": ["e"], "code": ["c"], "round": [2]},
    )
    assert [(i.site, i.variables) for i in found.informants] == [("Oslo", {"age": "40"}), (None, {})]
    assert [c.codable for c in found.codes] == [True, False]
    assert (found.excerpts[0].text, found.excerpts[0].start, found.excerpts[0].themes) == (" said ", 3, ("t1", "t2"))
    assert found.codings[0].round == 2
    assert 'excerpt "e" names theme "t1", which the corpus does not hold' in found.issues


ERRORS: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: corpus().crosstab("height"),
        "variable not in the corpus in by: got 'height'; allowed: site, role, informant, source, age",
    ),
    (
        lambda: corpus().crosstab("site", count="x"),
        "count not known in count: got 'x'; allowed: units, excerpts, codings",
    ),
    (
        lambda: corpus().quote_matrix("site", codes=["x"]),
        "code not in the corpus in codes: got x; allowed: time, calls, ",
    ),
    (lambda: corpus().ratings("page"), "unit not known in unit: got 'page'; allowed: excerpt, paragraph"),
    (
        lambda: corpus().ratings(round=2),
        "too few coders or codes in codings of round 2: got 1 coders and 2 codes; allowed: codings by at least two "
        "coders, of at least one code",
    ),
    (
        lambda: sy.Corpus.from_tables(excerpts=pd.DataFrame({"id": ["e"], "colour": ["x"]})),
        "unknown column in excerpts, column 'colour'; allowed: end, findings, ",
    ),
    (
        lambda: sy.Corpus.from_tables(excerpts=pd.DataFrame({"id": ["e"], "text": ["x"], "start": ["1.5"]})),
        "not a whole number in excerpts, row 1, column 'start': got '1.5'; allowed: 0, 1, 2, ...",
    ),
    (
        lambda: sy.Corpus.from_tables(codes=pd.DataFrame({"id": ["c"], "codable": ["perhaps"]})),
        "not yes or no in codes, row 1, column 'codable': got 'perhaps'; allowed: true or false",
    ),
    (lambda: sy.Corpus.from_tables(people=[]), "unknown kind of part in tables: got 'people'; allowed: sources, "),
    (
        lambda: sy.Corpus.from_tables(codes=3),
        "table not understood in codes: got int; allowed: a frame, or the path of a CSV file",
    ),
    (lambda: sy.Corpus.from_tables(codes="none.csv"), "file cannot be read in none.csv: got "),
]


@pytest.mark.parametrize(("call", "message"), ERRORS)
def test_what_is_refused_says_what_to_do(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(sy.InputError) as caught:
        call()
    assert str(caught.value).startswith(message)
