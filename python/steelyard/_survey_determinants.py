"""Barriers and facilitators of participants and of service providers, side by side."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ._survey_result import Determinant, Statement, counted


def determinants(
    items: Sequence[Statement],
    corpus: Any,
    study: Any,
    counts: Mapping[str, int],
    carry: Callable[[int, int], tuple[float | None, float | None, str]],
) -> tuple[Determinant, ...]:
    """Return statements of participants, then the items of the scale that people speak about.

    `carry` bounds k of n among everyone recruited; it is asked where the ladder says how many were interviewed.
    """
    rows = [_statement(item, corpus) for item in items]
    if study is not None:
        known = {item.id for item in items}
        named = dict.fromkeys(f for e in corpus.excerpts for f in e.findings if f not in known)
        rows += [_item(item, corpus, study) for item in study.scale.items if item.id in named]
    interviewed = counts.get("interviewed")
    if interviewed is not None:
        rows = [_carried(row, interviewed, carry) for row in rows]
    order = {"facilitator": 0, "mixed": 1, "barrier": 2}
    return tuple(sorted(rows, key=lambda d: (d.level != "participant", order.get(d.polarity, 3))))


def _carried(
    row: Determinant, interviewed: int, carry: Callable[[int, int], tuple[float | None, float | None, str]]
) -> Determinant:
    """Carry the number of informants up the ladder; focus groups are no share of participants."""
    if not 0 < row.informants <= interviewed:
        return row
    low, high, of = carry(row.informants, interviewed)
    return dataclasses.replace(row, interviewed=interviewed, bound_low=low, bound_high=high, bound_of=of)


def _heard(corpus: Any, finding: str) -> tuple[list[Any], tuple[str, ...]]:
    excerpts = [e for e in corpus.excerpts if finding in e.findings]
    names = {theme.id: theme.name for theme in corpus.themes}
    return excerpts, tuple(dict.fromkeys(names.get(t, t) for e in excerpts for t in e.themes))


def _both(corpus: Any, excerpts: Iterable[Any]) -> bool:
    populations = {theme.id: theme.population for theme in corpus.themes}
    return len({populations.get(t) for e in excerpts for t in e.themes} - {None}) > 1


def _row(corpus: Any, finding: str, title: str, polarity: str, level: str, number: str, rank: str) -> Determinant:
    excerpts, themes = _heard(corpus, finding)
    valence = Counter(e.valence for e in excerpts if e.valence)
    return Determinant(
        id=finding,
        determinant=title,
        polarity=polarity or _polarity(valence),
        level=level,
        number=number,
        rank=rank,
        themes=themes,
        informants=len({e.informant for e in excerpts if e.informant}),
        groups=len({e.group for e in excerpts if e.group}),
        valence=counted(valence),
        both=_both(corpus, excerpts),
    )


def _polarity(valence: Counter[str]) -> str:
    named = {name for name in valence if name in ("barrier", "facilitator")}
    return next(iter(named)) if len(named) == 1 and not valence["mixed"] else "mixed" if valence else ""


def _statement(item: Statement, corpus: Any) -> Determinant:
    ends = f"{100 * item.low:.0f} to {100 * item.high:.0f}"
    number = f"{item.k} of {item.n}, {100 * item.share:.0f} % ({ends})"
    best, worst = item.rank_best, item.rank_worst
    rank = str(best) if best == worst else f"{best} to {worst}"
    return _row(corpus, item.id, item.label, item.kind, "participant", number, rank)


def _item(item: Any, corpus: Any, study: Any) -> Determinant:
    scores = study.score_matrix[:, study.item_ids.index(item.id)]
    sites = f"sites {np.nanmin(scores):g} to {np.nanmax(scores):g}"
    number = f"{np.nanmean(scores):.2f} on {item.minimum:g} to {item.maximum:g} ({sites})"
    return _row(corpus, item.id, item.title, "", "service provider", number, "")
