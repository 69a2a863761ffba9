"""Surveys read: printed statements and levels, or the answers themselves."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ._cells import is_blank, label
from ._frames import columns_of
from ._names import clashes
from ._shares import count, counts_of_percent, known, rows_of
from .errors import refuse

_YES = {"1", "yes", "true", "y"}
_NO = {"0", "no", "false", "n"}


@dataclasses.dataclass(frozen=True)
class Told:
    """One yes/no statement as read: k of n, all counts that print allows, and (site, k, n) where sites are known."""

    id: str
    label: str
    kind: str
    k: int
    k_low: int
    k_high: int
    n: int
    printed: str
    sites: tuple[tuple[str, int, int], ...] = ()


@dataclasses.dataclass(frozen=True)
class Asked:
    """One question with levels as read, from the lowest level up."""

    question: str
    levels: tuple[int, ...]
    labels: tuple[str, ...]
    counts: tuple[int, ...]
    percents: tuple[str, ...]
    sides: tuple[str, ...]


def read_statements(frame: Any) -> list[Told]:
    """Read printed statements: `statement_id`, `n`, `yes_percent` or `count`, and perhaps `statement` and `kind`."""
    columns = columns_of(frame)
    needed = [name for name in ("statement_id", "n") if name not in columns]
    if not {"yes_percent", "count"} & set(columns):
        needed.append("yes_percent or count")
    if needed:
        raise refuse(
            "survey lacks a column", at="survey", got=", ".join(needed), allowed="statement_id, n, yes_percent"
        )
    told = []
    for i, row in enumerate(rows_of(columns)):
        name = label(row["statement_id"])
        place = f'survey, row {i + 1} ("{name}")'
        if not known(row, "n"):
            raise refuse("statement without its n", at=place, remedy="Give the number of people who answered it.")
        n = count(row["n"], f"{place}, column n")
        if n < 1:
            raise refuse("statement that nobody answered", at=place, got=n, allowed="n of 1 or more")
        if known(row, "count"):
            low = high = k = count(row["count"], f"{place}, column count")
            printed = label(row["yes_percent"]) if known(row, "yes_percent") else ""
        else:
            low, high = counts_of_percent(row["yes_percent"], n, f"{place}, column yes_percent")
            printed = label(row["yes_percent"])
            k = min(range(low, high + 1), key=lambda c: abs(100 * c / n - float(printed)))
        if k > n:
            raise refuse(
                "count out of range",
                at=place,
                got=f"{k} of {n}",
                allowed="0 to n",
                remedy="Where people may tick several answers, each answer is a statement of its own.",
            )
        kind = label(row["kind"]) if known(row, "kind") else ""
        words = label(row["statement"]) if known(row, "statement") else name
        told.append(Told(name, words, kind, k, low, high, n, f"{printed} %" if printed else ""))
    _apart([t.id for t in told], "survey, column statement_id")
    _apart([t.label for t in told], "survey, column statement")
    return told


def _apart(names: Sequence[str], place: str) -> None:
    """Refuse names that are the same, or differ only by case, blanks, accents or punctuation."""
    twice = sorted({name for name in names if list(names).count(name) > 1})
    near = clashes(names)
    if twice or near:
        raise refuse(
            "labels collide",
            at=place,
            got=f'"{twice[0]}" twice' if twice else f'"{near[0][0]}" and "{near[0][1]}"',
            allowed="names that differ by more than case, blanks and punctuation",
            remedy="Rename one of them.",
        )


def read_responses(frame: Any, site: str | None, labels: Mapping[str, str], kinds: Mapping[str, str]) -> list[Told]:
    """Read answers to yes/no statements, one row per respondent and one column per statement."""
    columns = dict(columns_of(frame))
    sites = _sites(columns, site)
    told = []
    for name, cells in columns.items():
        answers = [_yes_no(cell, f'responses, row {i + 1}, column "{name}"') for i, cell in enumerate(cells.tolist())]
        n = sum(a is not None for a in answers)
        if n == 0:
            raise refuse("statement that nobody answered", at=f'responses, column "{name}"', remedy="Leave it out.")
        k = sum(a is True for a in answers)
        by = tuple(
            (
                one,
                sum(a is True for a, s in zip(answers, sites, strict=True) if s == one),
                sum(a is not None for a, s in zip(answers, sites, strict=True) if s == one),
            )
            for one in dict.fromkeys(sites)
        )
        told.append(Told(name, labels.get(name, name.replace("_", " ")), kinds.get(name, ""), k, k, k, n, "", by))
    if not told:
        raise refuse("no statements", at="responses", allowed="at least one column")
    _apart([t.id for t in told], "responses")
    _apart([t.label for t in told], "labels")
    return told


def _sites(columns: dict[str, Any], site: str | None) -> list[str]:
    name = site if site is not None else "site" if "site" in columns else None
    if name is None:
        return []
    if name not in columns:
        raise refuse("unknown column", at="site", got=repr(name), allowed=", ".join(columns))
    labels = [label(cell) for cell in columns.pop(name).tolist()]
    if "" in labels:
        raise refuse("respondent without a site", at=f"responses, row {labels.index('') + 1}", remedy="Give the site.")
    return labels


def _yes_no(cell: Any, place: str) -> bool | None:
    if is_blank(cell):
        return None
    word = label(cell).casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    remedy = "Several answers in one cell: make a column of 0 and 1 for each." if any(c in word for c in ";,|") else ""
    raise refuse("answer not understood", at=place, got=f'"{cell}"', allowed="1 or 0, yes or no, blank", remedy=remedy)


def read_levels(frame: Any, labels: Mapping[str, Sequence[str]], sides: Mapping[str, Sequence[str]]) -> list[Asked]:
    """Read questions with levels: counts by level, or one row per respondent and one column per question."""
    columns = columns_of(frame)
    if "question" in columns and "level" in columns:
        found = _level_counts(columns)
    else:
        found = [_level_answers(name, cells.tolist()) for name, cells in columns.items()]
    _apart([one.question for one in found], "likert")
    return [_named(one, labels.get(one.question), sides.get(one.question)) for one in found]


def _level_counts(columns: Mapping[str, Any]) -> list[Asked]:
    if "count" not in columns:
        raise refuse(
            "survey lacks a column", at="likert", got="count", allowed="question, level, count, label, percent"
        )
    rows = rows_of(columns)
    found = []
    for question in dict.fromkeys(label(row["question"]) for row in rows):
        own = sorted((r for r in rows if label(r["question"]) == question), key=lambda r: float(r["level"]))
        place = f'likert, question "{question}"'
        counts = [count(r["count"], f"{place}, level {label(r['level'])}") for r in own]
        asked = {count(r["n"], f"{place}, column n") for r in own if known(r, "n")}
        if asked and sum(counts) > min(asked):
            raise refuse(
                "more answers than people",
                at=place,
                got=f"{sum(counts)} answers of {min(asked)} people",
                allowed="one answer per person",
                remedy="Where people may tick several, each answer is a statement of its own: k of n.",
            )
        if sum(counts) == 0:
            raise refuse("question that nobody answered", at=place, remedy="Leave it out.")
        levels = tuple(count(r["level"], f"{place}, column level") for r in own)
        if len(set(levels)) < len(levels):
            raise refuse("level given twice", at=place, got=", ".join(map(str, levels)), allowed="each level once")
        names = [label(r["label"]) if known(r, "label") else label(r["level"]) for r in own]
        _apart(names, f"{place}, column label")
        percents = tuple(label(r["percent"]) if known(r, "percent") else "" for r in own)
        sides = tuple(label(r["side"]) if known(r, "side") else "" for r in own)
        found.append(Asked(question, levels, tuple(names), tuple(counts), percents, sides))
    return found


def _level_answers(name: str, cells: Sequence[Any]) -> Asked:
    place = f'likert, column "{name}"'
    answers = [count(cell, f"{place}, row {i + 1}") for i, cell in enumerate(cells) if not is_blank(cell)]
    if not answers:
        raise refuse("question that nobody answered", at=place, remedy="Leave it out.")
    levels = tuple(range(min(answers), max(answers) + 1))
    counts = tuple(answers.count(level) for level in levels)
    blank = ("",) * len(levels)
    return Asked(name, levels, tuple(map(str, levels)), counts, blank, blank)


def _named(one: Asked, labels: Sequence[str] | None, sides: Sequence[str] | None) -> Asked:
    """Give a question its labels and sides; labels that are more than the levels seen add the levels nobody chose."""
    place = f'question "{one.question}"'
    if labels is not None and len(labels) != len(one.levels):
        if len(labels) < len(one.levels):
            raise refuse("labels do not fit the levels", at=place, got=len(labels), allowed=len(one.levels).__str__())
        levels = tuple(range(1, len(labels) + 1))
        if not set(one.levels) <= set(levels):
            raise refuse("levels outside the labels", at=place, got=one.levels, allowed=f"1 to {len(labels)}")
        at = dict(zip(one.levels, one.counts, strict=True))
        blank = ("",) * len(levels)
        one = Asked(one.question, levels, tuple(labels), tuple(at.get(v, 0) for v in levels), blank, blank)
    elif labels is not None:
        one = dataclasses.replace(one, labels=tuple(map(str, labels)))
    if sides is not None:
        one = dataclasses.replace(one, sides=tuple(map(str, sides)))
    return dataclasses.replace(one, sides=_checked_sides(one.sides, len(one.levels), place))


def _checked_sides(sides: Sequence[str], size: int, place: str) -> tuple[str, ...]:
    words = {"-": "negative", "0": "neutral", "+": "positive", "": ""}
    read = tuple(words.get(side, side) for side in sides)
    order = {"negative": 0, "neutral": 1, "positive": 2}
    stated = all(side == "" for side in read) or all(side in order for side in read)
    places = [order[side] for side in read if side in order]
    if len(read) != size or not stated or places != sorted(places) or read.count("neutral") > 1:
        raise refuse(
            "sides of a scale not understood",
            at=place,
            got=", ".join(sides),
            allowed="one of negative, neutral (once at most), positive for each level, from the lowest level up",
        )
    return read
