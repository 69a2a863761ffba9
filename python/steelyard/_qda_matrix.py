"""Tables of a corpus: codes by groups of people, quotes beside each other, and ratings for agreement."""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._frames import frame_like
from ._result import serialisable
from .errors import refuse

if TYPE_CHECKING:
    from .corpus import Corpus, Excerpt

_COUNTS = ("units", "excerpts", "codings")
_UNITS = ("excerpt", "paragraph")
_UNKNOWN = "not known"
_NOT_RATED = 65535


def _values(corpus: Corpus, by: str) -> Callable[[Excerpt], str]:
    """Return the function that tells the column of an excerpt."""
    informants = {i.id: i for i in corpus.informants}
    groups = {g.id: g for g in corpus.groups}
    sources = {s.id: s for s in corpus.sources}

    def value(excerpt: Excerpt) -> str:
        person = informants.get(excerpt.informant or "")
        group = groups.get(excerpt.group or "")
        source = sources.get(excerpt.source or "")
        if by == "informant":
            return person.label if person else (group.label if group else _UNKNOWN)
        if by in ("site", "role"):
            found = (getattr(x, by, None) for x in (person, group, source))
            return next((x for x in found if x), _UNKNOWN)
        if by == "source":
            return (source.name or source.id) if source else _UNKNOWN
        own = person.variables.get(by) if person else None
        return own or (source.variables.get(by) if source else None) or _UNKNOWN

    known = {name for i in corpus.informants for name in i.variables}
    known |= {name for s in corpus.sources for name in s.variables}
    if by not in ("site", "role", "informant", "source") and by not in known:
        allowed = ", ".join(("site", "role", "informant", "source", *sorted(known)))
        raise refuse("variable not in the corpus", at="by", got=repr(by), allowed=allowed)
    return value


def _speaker(excerpt: Excerpt) -> str:
    """Name the unit that spoke: a focus group is one, whatever its size."""
    if excerpt.informant is not None:
        return f"informant {excerpt.informant}"
    return f"group {excerpt.group}" if excerpt.group is not None else f"excerpt {excerpt.id}"


def _paths(corpus: Corpus) -> dict[str, str]:
    codes = {c.id: c for c in corpus.codes}
    paths = {}
    for code in corpus.codes:
        names, at, seen = [code.name or code.id], code.parent, {code.id}
        while at in codes and at not in seen:
            seen.add(at)
            names.append(codes[at].name or at)
            at = codes[at].parent
        paths[code.id] = " > ".join(reversed(names))
    return paths


def _marked(corpus: Corpus, round: int | None) -> list[tuple[str, Excerpt]]:
    """Pairs of code and excerpt, codings whose excerpt is not there left out (they are among the issues)."""
    excerpts = {e.id: e for e in corpus.excerpts}
    return [
        (c.code, excerpts[c.excerpt])
        for c in corpus.codings
        if c.excerpt in excerpts and (round is None or c.round == round)
    ]


def crosstab(corpus: Corpus, by: str, *, count: str, round: int | None, like: Any) -> Any:
    """Count codes by the value of a variable; see `Corpus.crosstab`."""
    if count not in _COUNTS:
        raise refuse("count not known", at="count", got=repr(count), allowed=", ".join(_COUNTS))
    value = _values(corpus, by)
    marked = _marked(corpus, round)
    columns = sorted({value(e) for e in corpus.excerpts})
    paths = _paths(corpus)
    seen: dict[tuple[str, str], list[str]] = {}
    for code, excerpt in marked:
        seen.setdefault((code, value(excerpt)), []).append(_speaker(excerpt) if count == "units" else excerpt.id)

    def number(code: str, column: str | None) -> int:
        found = [x for (c, v), list_ in seen.items() if c == code and column in (None, v) for x in list_]
        return len(found) if count == "codings" else len(set(found))

    codes = [c.id for c in corpus.codes]
    codes += sorted({code for code, _ in marked} - set(codes))
    units = {column: {_speaker(e) for e in corpus.excerpts if value(e) == column} for column in columns}
    table: dict[str, list[Any]] = {"code": [*(paths.get(c, c) for c in codes), "units heard"]}
    for column in columns:
        table[column] = [*(number(c, column) for c in codes), len(units[column])]
    table["all"] = [*(number(c, None) for c in codes), len(set().union(*units.values())) if units else 0]
    return frame_like(table, like)


def _quote(corpus: Corpus, excerpt: Excerpt, words: int, labels: dict[str, str]) -> str:
    said = excerpt.text.split()
    text = " ".join(said[:words]) + (" …" if len(said) > words else "")
    marked = text if excerpt.wording == "paraphrase" else f"“{text}”"
    speaker = labels.get(_speaker(excerpt))
    return f"{marked} ({speaker or excerpt.source or 'speaker not known'})"


def quote_matrix(
    corpus: Corpus, by: str, *, codes: Iterable[str] | None, quotes: int, words: int, round: int | None, like: Any
) -> Any:
    """Put quotes of each code beside each other; see `Corpus.quote_matrix`."""
    value = _values(corpus, by)
    paths = _paths(corpus)
    wanted = list(codes) if codes is not None else [c.id for c in corpus.codes]
    by_name = {c.name: c.id for c in corpus.codes}
    unknown = [c for c in wanted if c not in paths and c not in by_name]
    if unknown:
        raise refuse("code not in the corpus", at="codes", got=unknown[0], allowed=", ".join(list(by_name)[:12]))
    wanted = [c if c in paths else by_name[c] for c in wanted]
    labels = {f"informant {i.id}": i.label for i in corpus.informants} | {
        f"group {g.id}": g.label for g in corpus.groups
    }
    columns = sorted({value(e) for e in corpus.excerpts})
    cells: dict[tuple[str, str], dict[str, Excerpt]] = {}
    for code, excerpt in _marked(corpus, round):
        cells.setdefault((code, value(excerpt)), {})[excerpt.id] = excerpt

    def cell(code: str, column: str) -> str:
        found = list(cells.get((code, column), {}).values())
        shown = [_quote(corpus, e, words, labels) for e in found[:quotes]]
        more = [f"and {len(found) - quotes} more"] if len(found) > quotes else []
        return "\n".join((*shown, *more))

    table: dict[str, list[Any]] = {"code": [paths[c] for c in wanted]}
    for column in columns:
        table[column] = [cell(c, column) for c in wanted]
    return frame_like(table, like)


@serialisable
@dataclasses.dataclass(frozen=True, eq=False)
class Ratings:
    """What each coder did with each segment, ready for `agreement`.

    Attributes
    ----------
    cells : ndarray of uint16, coders x codes x units
        1 where the coder gave the code, 0 where not, 65535 where the coder did not work on the source.
    coders, codes, units, sources
        Names; `sources` has one entry per unit.
    """

    cells: np.ndarray[Any, Any]
    coders: tuple[str, ...]
    codes: tuple[str, ...]
    units: tuple[str, ...]
    sources: tuple[str, ...]

    def __repr__(self) -> str:
        shape = f"{len(self.coders)} coders, {len(self.codes)} codes, {len(self.units)} units"
        return f"Ratings: {shape} in {len(set(self.sources))} sources"

    def _for_agreement(self) -> tuple[Any, dict[str, Any]]:
        several = len(set(self.sources)) > 1
        return self.cells, {
            "coders": list(self.coders),
            "codes": list(self.codes),
            "sources": list(self.sources) if several else None,
            "categories": [0, 1],
        }


def ratings(
    corpus: Corpus, unit: str, *, coders: Sequence[str] | None, codes: Sequence[str] | None, round: int | None
) -> Ratings:
    """Turn codings into ratings; see `Corpus.ratings`."""
    if unit not in _UNITS:
        raise refuse("unit not known", at="unit", got=repr(unit), allowed=", ".join(_UNITS))
    kept = [c for c in corpus.codings if c.coder is not None and (round is None or c.round == round)]
    excerpts = {e.id: e for e in corpus.excerpts}
    kept = [c for c in kept if c.excerpt in excerpts]
    who = list(coders) if coders is not None else sorted({str(c.coder) for c in kept})
    which = list(codes) if codes is not None else [c.id for c in corpus.codes if c.codable]
    if len(who) < 2 or not which:
        raise refuse(
            "too few coders or codes",
            at="codings" if round is None else f"codings of round {round}",
            got=f"{len(who)} coders and {len(which)} codes",
            allowed="codings by at least two coders, of at least one code",
        )
    places, names, sources = _by_excerpt(corpus, excerpts) if unit == "excerpt" else _by_paragraph(corpus)
    coder_at = {name: i for i, name in enumerate(who)}
    code_at = {name: i for i, name in enumerate(which)}
    cells = np.full((len(who), len(which), len(names)), _NOT_RATED, dtype=np.uint16)
    worked = {(coder_at[str(c.coder)], excerpts[c.excerpt].source) for c in kept if c.coder in coder_at}
    source_of = np.array(sources)
    for g, source in worked:
        cells[g][:, source_of == (source or "")] = 0
    for c in kept:
        if c.coder in coder_at and c.code in code_at:
            for at in places(excerpts[c.excerpt]):
                cells[coder_at[c.coder], code_at[c.code], at] = 1
    labels = {c.id: c.name or c.id for c in corpus.codes}
    shown = [labels.get(c, c) for c in which]
    shown = shown if len(set(shown)) == len(shown) else which
    people = {c.id: c.name or c.id for c in corpus.coders}
    named = [people.get(c, c) for c in who]
    named = named if len(set(named)) == len(named) else who
    return Ratings(cells, tuple(named), tuple(shown), tuple(names), tuple(sources))


_Places = Callable[["Excerpt"], Iterable[int]]


def _by_excerpt(corpus: Corpus, excerpts: dict[str, Excerpt]) -> tuple[_Places, list[str], list[str]]:
    """Excerpts at the same place are one unit, whoever marked them."""

    def key(e: Excerpt) -> Any:
        return (e.source, e.start, e.end) if e.start is not None else e.id

    at: dict[Any, int] = {}
    for e in corpus.excerpts:
        at.setdefault(key(e), len(at))
    first: dict[int, Excerpt] = {}
    for e in corpus.excerpts:
        first.setdefault(at[key(e)], e)
    return (
        lambda e: (at[key(e)],),
        [first[i].id for i in range(len(at))],
        [first[i].source or "" for i in range(len(at))],
    )


def _by_paragraph(corpus: Corpus) -> tuple[_Places, list[str], list[str]]:
    """Lines of each text that hold more than blanks; an excerpt touches every one that it overlaps."""
    names: list[str] = []
    sources: list[str] = []
    spans: dict[str, tuple[list[int], list[int], int]] = {}
    for source in corpus.sources:
        if source.text is None:
            continue
        starts, ends, first, at = [], [], len(names), 0
        for line in source.text.splitlines(keepends=True):
            if line.strip():
                starts.append(at)
                ends.append(at + len(line.rstrip()))
                names.append(f"{source.name or source.id}, paragraph {len(starts)}")
                sources.append(source.id)
            at += len(line)
        spans[source.id] = (starts, ends, first)
    if not names:
        raise refuse("no text to divide", at="sources", allowed="sources with their text", remedy='Use unit="excerpt".')

    def places(e: Excerpt) -> Iterable[int]:
        if e.source not in spans or e.start is None or e.end is None:
            return ()
        starts, ends, first = spans[e.source]
        low = bisect.bisect_right(ends, e.start)
        high = bisect.bisect_left(starts, e.end)
        return range(first + low, first + high)

    return places, names, sources


def disagreements(corpus: Corpus, *, round: int | None, like: Any) -> Any:
    """List where coders differ; see `Corpus.disagreements`."""
    given: dict[tuple[str, str], set[str]] = {}
    worked: dict[str | None, set[str]] = {}
    excerpts = {e.id: e for e in corpus.excerpts}
    for c in corpus.codings:
        if c.coder is None or (round is not None and c.round != round) or c.excerpt not in excerpts:
            continue
        given.setdefault((c.excerpt, c.code), set()).add(c.coder)
        worked.setdefault(excerpts[c.excerpt].source, set()).add(c.coder)
    decided = {(x.excerpt, x.code): x for x in corpus.consensus}
    rows = []
    for (excerpt, code), yes in given.items():
        no = worked[excerpts[excerpt].source] - yes
        if no:
            rows.append((excerpt, code, sorted(yes), sorted(no), decided.get((excerpt, code))))
    table: dict[str, list[Any]] = {
        "excerpt": [r[0] for r in rows],
        "code": [r[1] for r in rows],
        "gave_it": ["; ".join(r[2]) for r in rows],
        "did_not": ["; ".join(r[3]) for r in rows],
        "consensus": [None if r[4] is None else ("applies" if r[4].applies else "does not apply") for r in rows],
        "dissent": [None if r[4] is None else "; ".join(r[4].dissent) for r in rows],
    }
    return frame_like(table, like)
