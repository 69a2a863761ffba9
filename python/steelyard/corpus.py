"""What people said: sources, informants, focus groups, codes, themes, excerpts and codings as one checked object.

A focus group is one unit. An excerpt is the speaker's own words (`verbatim`), a translation or a `paraphrase`; only the
first can be checked against a source. Offsets count Unicode code points, start included, end not.
"""

from __future__ import annotations

import csv
import dataclasses
import importlib.resources
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from . import _core
from ._frames import frame_like
from ._html import table
from ._parts import json_text, part_of, plain
from ._result import Result, serialisable

if TYPE_CHECKING:
    from ._qda_matrix import Ratings

__all__ = [
    "Code",
    "Coder",
    "Coding",
    "Consensus",
    "Corpus",
    "Excerpt",
    "Group",
    "Informant",
    "Source",
    "Theme",
    "norway",
]


def __dir__() -> list[str]:
    return sorted(__all__)


@serialisable
@dataclasses.dataclass(frozen=True)
class Source:
    """A text that excerpts are taken from.

    Parameters
    ----------
    id, name
        Id and name.
    text
        The text, where it may be held.
    language
        BCP 47 tag, such as `"nb"`.
    informant, group, site
        Who speaks in it, and where, by id.
    variables
        Further variables, as text.
    """

    id: str
    name: str = ""
    text: str | None = None
    language: str | None = None
    informant: str | None = None
    group: str | None = None
    site: str | None = None
    variables: Mapping[str, str] = dataclasses.field(default_factory=dict)


@serialisable
@dataclasses.dataclass(frozen=True)
class Informant:
    """A person who was heard, under a pseudonym; `label` is what displays print."""

    id: str
    label: str = ""
    role: str | None = None
    site: str | None = None
    variables: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.label:
            object.__setattr__(self, "label", f"Informant {self.id}")


@serialisable
@dataclasses.dataclass(frozen=True)
class Group:
    """A focus group: one unit, whatever its size.

    `one_of` lists the groups of which it may be any, where nobody recorded which; it is then no unit of its own.
    """

    id: str
    label: str = ""
    size: int | None = None
    one_of: tuple[str, ...] = ()
    role: str | None = None
    site: str | None = None

    def __post_init__(self) -> None:
        if not self.label:
            object.__setattr__(self, "label", f"Group {self.id}")


@serialisable
@dataclasses.dataclass(frozen=True)
class Coder:
    """A person who coded."""

    id: str
    name: str = ""


@serialisable
@dataclasses.dataclass(frozen=True)
class Code:
    """A code; `parent` makes the tree, `codable=False` marks one that only groups others.

    `valence` is `"barrier"`, `"facilitator"`, `"mixed"`, `"neutral"` or None; `construct` names what it belongs to in a
    framework.
    """

    id: str
    name: str = ""
    parent: str | None = None
    codable: bool = True
    description: str | None = None
    color: str | None = None
    valence: str | None = None
    construct: str | None = None


@serialisable
@dataclasses.dataclass(frozen=True)
class Theme:
    """A theme: the codes and excerpts that it rests on, and the findings that it belongs with."""

    id: str
    name: str = ""
    description: str | None = None
    population: str | None = None
    codes: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    construct: str | None = None


@serialisable
@dataclasses.dataclass(frozen=True)
class Excerpt:
    """A stretch of what was said.

    Parameters
    ----------
    id, text
        Id and words.
    wording
        `"verbatim"`, `"translated"` or `"paraphrase"`.
    source, start, end
        Where it stands, in code points; end not included.
    hash
        Of the words when they were first recorded; a changed quote is reported.
    informant, group
        Who said it, by id; a group without a speaker is fine.
    valence
        `"barrier"`, `"facilitator"`, `"mixed"`, `"neutral"` or None.
    themes, findings
        What it stands for beside its codes, and the findings that it was presented with.
    language
        BCP 47 tag, where it is not that of the display.
    """

    id: str
    text: str
    wording: str = "verbatim"
    source: str | None = None
    start: int | None = None
    end: int | None = None
    hash: str | None = None
    informant: str | None = None
    group: str | None = None
    valence: str | None = None
    themes: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    language: str | None = None


@serialisable
@dataclasses.dataclass(frozen=True)
class Coding:
    """One code on one excerpt, by one coder in one round."""

    excerpt: str
    code: str
    coder: str | None = None
    round: int | None = None


@serialisable
@dataclasses.dataclass(frozen=True)
class Consensus:
    """What was agreed about one code on one excerpt, and who disagreed to the end."""

    excerpt: str
    code: str
    applies: bool = True
    dissent: tuple[str, ...] = ()
    reason: str | None = None


_PARTS: dict[str, type[Any]] = {
    "sources": Source,
    "informants": Informant,
    "groups": Group,
    "coders": Coder,
    "codes": Code,
    "themes": Theme,
    "excerpts": Excerpt,
    "codings": Coding,
    "consensus": Consensus,
}


@dataclasses.dataclass(frozen=True, repr=False)
class Corpus(Result):
    """What was said and how it was coded.

    Parameters
    ----------
    sources, informants, groups, coders, codes, themes, excerpts, codings, consensus
        Parts, or dicts of their fields. Ids must be unique within each kind; a reference that leads nowhere is kept and
        listed in `.issues`.
    name
        What the corpus is called.
    notes
        Where it comes from, and what was lost on the way.

    Attributes
    ----------
    statuses : dict
        Excerpt id to what can be said about its words: `"matches its source"`, `"paraphrase, not checkable"`, ...
    hashes : dict
        Excerpt id to the BLAKE3 hash of its words (16 hex digits).
    issues : tuple of str
        What does not fit together, and was kept.

    Examples
    --------
    >>> import steelyard as sy
    >>> corpus = sy.Corpus(
    ...     sources=[{"id": "s1", "name": "Interview 1", "text": "She always calls back."}],
    ...     excerpts=[{"id": "e1", "text": "always calls back", "source": "s1", "start": 4, "end": 21}],
    ... )
    >>> corpus.statuses
    {'e1': 'matches its source'}
    """

    sources: tuple[Source, ...] = ()
    informants: tuple[Informant, ...] = ()
    groups: tuple[Group, ...] = ()
    coders: tuple[Coder, ...] = ()
    codes: tuple[Code, ...] = ()
    themes: tuple[Theme, ...] = ()
    excerpts: tuple[Excerpt, ...] = ()
    codings: tuple[Coding, ...] = ()
    consensus: tuple[Consensus, ...] = ()
    name: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, kind in _PARTS.items():
            told: Iterable[Any] = getattr(self, name)
            parts = tuple(part_of(kind, x, f"{name}, entry {i + 1}") for i, x in enumerate(told))
            object.__setattr__(self, name, parts)
        object.__setattr__(self, "notes", tuple(self.notes))
        object.__setattr__(self, "_checked", _core.corpus_check(self._document()))

    def _document(self) -> str:
        return json_text(plain(self), "corpus")

    @classmethod
    def from_document(cls, told: Mapping[str, Any]) -> Self:
        """Build a corpus from its plain form, as the JSON of a display holds it."""
        parts: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in told.items()}
        return cls(**parts)

    @property
    def statuses(self) -> dict[str, str]:
        """What can be said about the words of each excerpt."""
        return dict(zip((e.id for e in self.excerpts), self._found["statuses"], strict=True))

    @property
    def hashes(self) -> dict[str, str]:
        """Hash of the words of each excerpt."""
        return dict(zip((e.id for e in self.excerpts), self._found["hashes"], strict=True))

    @property
    def issues(self) -> tuple[str, ...]:
        """What does not fit together, and was kept."""
        return tuple(f"{x['place']} {x['what']}" for x in self._found["issues"])

    @property
    def _found(self) -> dict[str, Any]:
        found: dict[str, Any] = self.__dict__["_checked"]
        return found

    def replace(self, **parts: Any) -> Self:
        """Return a corpus with some parts exchanged; it is checked anew."""
        return dataclasses.replace(self, **parts)

    def tidy(self, like: Any = None) -> Any:
        """Return one row per excerpt and theme (or excerpt alone), as a frame in the library of `like`."""
        rows = [(e, t) for e in self.excerpts for t in (e.themes or (None,))]
        statuses = self.statuses
        return frame_like(
            {
                "excerpt": [e.id for e, _ in rows],
                "theme": [t for _, t in rows],
                "informant": [e.informant for e, _ in rows],
                "group": [e.group for e, _ in rows],
                "valence": [e.valence for e, _ in rows],
                "text": [e.text for e, _ in rows],
                "status": [statuses[e.id] for e, _ in rows],
            },
            like,
        )

    @classmethod
    def from_tables(cls, name: str = "", **tables: Any) -> Corpus:
        """Build a corpus from frames or CSV files, one per kind of part.

        Parameters
        ----------
        name
            What the corpus is called.
        **tables
            `excerpts`, `codings`, `codes`, `sources`, `informants`, `groups`, `coders`, `themes`, `consensus`: each a
            frame, or the path of a CSV file in UTF-8. Columns are the fields of the part; several values of one field
            stand in one cell with `;` between them; empty cells are left out. Further columns of sources and informants
            become their variables; elsewhere an unknown column is an error.

        Examples
        --------
        >>> import steelyard as sy, pandas as pd
        >>> sy.Corpus.from_tables(
        ...     codes=pd.DataFrame({"id": ["c1"], "name": ["calls back"]}),
        ...     informants=pd.DataFrame({"id": ["1"], "site": ["Oslo"], "age": [41]}),
        ...     excerpts=pd.DataFrame({"id": ["e1"], "text": ["She calls."], "informant": ["1"]}),
        ...     codings=pd.DataFrame({"excerpt": ["e1"], "code": ["c1"], "coder": ["Ada"]}),
        ... ).informants[0].variables
        {'age': '41'}
        """
        from ._qda_tables import corpus_from_tables

        return corpus_from_tables(tables, name)

    def write_qda(self, path: str | os.PathLike[str], *, own_note: bool = True) -> tuple[str, ...]:
        """Write a REFI-QDA project (`.qdpx`) or codebook (`.qdc`) that other programs open.

        The file is valid by the schema of the standard and the same bytes each time.

        Parameters
        ----------
        path
            Where to; its ending says which.
        own_note
            Carry along, in one note, what the standard has no place for (rounds, consensus, valence, constructs,
            wording, findings). `read_qda` then gives the same corpus back, unless the project was edited elsewhere.

        Returns
        -------
        tuple of str
            What other programs will not see, and what was changed so that the file is valid.

        Raises
        ------
        InputError
            For another ending, a codebook without codes, or a place that cannot be written.

        Examples
        --------
        >>> import steelyard as sy, tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "study.qdpx"
        >>> sy.corpus.norway().write_qda(path)[0]
        '15 excerpts stand in no text that is held: written into 9 sources of their own, one per speaker'
        """
        from ._qda import write_qda

        return write_qda(self, path, own_note=own_note)

    def crosstab(self, by: str, *, count: str = "units", round: int | None = None, like: Any = None) -> Any:
        """Count each code by the value of a variable.

        Parameters
        ----------
        by
            `"site"`, `"role"`, `"informant"`, `"source"`, or a variable of informants or sources.
        count
            `"units"`: distinct informants, a focus group being one whatever its size; `"excerpts"`; or `"codings"`.
        round
            Of coding; None: all.
        like
            A frame, whose library is used.

        Returns
        -------
        frame
            One row per code, named by its path, and a last row `units heard`: the denominator of each column.
        """
        from ._qda_matrix import crosstab

        return crosstab(self, by, count=count, round=round, like=like)

    def quote_matrix(
        self,
        by: str,
        *,
        codes: Iterable[str] | None = None,
        quotes: int = 2,
        words: int = 60,
        round: int | None = None,
        like: Any = None,
    ) -> Any:
        """Put quotes of each code beside each other, one column per value of a variable.

        At most `quotes` quotes of `words` words stand in a cell, each with its speaker; how many more there are is
        said. Paraphrases stand without quotation marks. `codes` by id or name; None: all.
        """
        from ._qda_matrix import quote_matrix

        return quote_matrix(self, by, codes=codes, quotes=quotes, words=words, round=round, like=like)

    def ratings(
        self,
        unit: str = "excerpt",
        *,
        coders: Sequence[str] | None = None,
        codes: Sequence[str] | None = None,
        round: int | None = None,
    ) -> Ratings:
        """Turn codings into ratings for `agreement`: did each coder give each code to each unit.

        Parameters
        ----------
        unit
            `"excerpt"`: places that somebody marked, those with the same offsets being one; or `"paragraph"`: every
            line of every text that holds more than blanks, those that nobody coded among them. The first leaves out all
            uncoded text, but coders then share their segments; the second asks for segments and codes both.
        coders, codes
            By id; None: all coders, all codes that are codable.
        round
            Of coding; report the round before the consensus.

        Returns
        -------
        Ratings
            A coder who coded nothing in a source did not rate it: missing, not absent.
        """
        from ._qda_matrix import ratings

        return ratings(self, unit, coders=coders, codes=codes, round=round)

    def disagreements(self, *, round: int | None = None, like: Any = None) -> Any:
        """List each excerpt and code on which coders of one source differ, with the consensus where there is one."""
        from ._qda_matrix import disagreements

        return disagreements(self, round=round, like=like)

    def _counts(self) -> list[tuple[str, int]]:
        return [(name, len(getattr(self, name))) for name in _PARTS]

    def __repr__(self) -> str:
        counts = ", ".join(f"{n} {name}" for name, n in self._counts() if n)
        lines = [f"Corpus {self.name!r}: {counts or 'empty'}"]
        tally: dict[str, int] = {}
        for status in self._found["statuses"]:
            tally[status] = tally.get(status, 0) + 1
        lines += [f"  {n} excerpts: {status}" for status, n in sorted(tally.items())]
        if self.issues:
            lines.append(f"  {len(self.issues)} issues, the first: {self.issues[0]}")
        return "\n".join(lines)

    def _html(self) -> str:
        rows = [(name, n) for name, n in self._counts() if n]
        note = f"{len(self.issues)} issues; see .issues" if self.issues else ""
        return table(f"Corpus {self.name}".strip(), ("Part", "How many"), rows, note=note)


def _rows(name: str) -> list[dict[str, str]]:
    folder = importlib.resources.files("steelyard") / "data" / "norway_ips"
    return list(csv.DictReader((folder / name).read_text(encoding="utf-8").splitlines()))


_UNNAMED = "focus_group_not_named"


def norway() -> Corpus:
    """Return the corpus of the Norwegian IPS process evaluation: themes and paraphrased excerpts.

    Twelve participants were interviewed one by one, service providers of six centres in six focus groups. The paper
    does not say in which group a provider spoke, so these four excerpts have a group and no speaker. Source: Fyhn T,
    Ludvigsen K, Reme SE, Schaafsma F (2020), Implementation Science Communications; the excerpts are paraphrases.

    Examples
    --------
    >>> import steelyard as sy
    >>> sy.corpus.norway()
    Corpus 'Norwegian IPS process evaluation': 12 informants, 7 groups, 13 themes, 15 excerpts
      15 excerpts: paraphrase, not checkable
    """
    flow = {row["stage"]: row for row in _rows("participation_flow.csv")}
    n_informants = int(flow["agreed_to_interview"]["count"])
    informants = [Informant(id=str(i), label=f"Informant {i}", role="participant") for i in range(1, n_informants + 1)]
    groups = [
        Group(id=stage, label=stage.replace("_", " ").capitalize(), size=int(row["count"]), role="service provider")
        for stage, row in flow.items()
        if stage.startswith("focus_group_")
    ]
    groups.append(
        Group(
            id=_UNNAMED,
            label="focus group of service providers, not named",
            role="service provider",
            one_of=tuple(group.id for group in groups),
        )
    )
    themes = [
        Theme(
            id=row["theme_id"],
            name=row["theme"],
            description=row["description"],
            population=row["population"].replace("_", " "),
        )
        for row in _rows("themes.csv")
    ]
    excerpts = [
        Excerpt(
            id=row["excerpt_id"],
            text=row["paraphrase"],
            wording="paraphrase",
            informant=row["informant"] or None,
            group=None if row["informant"] else _UNNAMED,
            valence=row["valence"],
            themes=(row["theme_id"],),
            findings=tuple(row["linked_findings"].split(";")),
        )
        for row in _rows("excerpts.csv")
    ]
    return Corpus(
        name="Norwegian IPS process evaluation",
        informants=tuple(informants),
        groups=tuple(groups),
        themes=tuple(themes),
        excerpts=tuple(excerpts),
        notes=(
            "Fyhn T, Ludvigsen K, Reme SE, Schaafsma F (2020), Implementation Science Communications; paraphrased.",
        ),
    )
