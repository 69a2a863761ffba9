"""Surveys: statements, questions with levels, open questions, and what non-response can do to them.

The module is itself a function: `sy.survey(study)` or `sy.survey(frame)`.

Examples
--------
>>> import steelyard as sy
>>> found = sy.survey(sy.datasets.norway_ips())
>>> found.statements.loc[1, ["k", "n", "rank_best", "rank_worst"]].tolist()
[71, 77, 1, 4]
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from . import _core
from ._callable_module import callable_as
from ._frames import library_of
from ._reach_ladder import read_flow
from ._shares import ask, checked_options, count, share
from ._survey_determinants import determinants
from ._survey_read import Asked, Told, read_levels, read_responses, read_statements
from ._survey_result import (
    Determinant,
    OpenQuestion,
    Question,
    SiteShare,
    Statement,
    SurveyResult,
    rung_words,
)
from .errors import refuse
from .study import Study

__all__ = ["Determinant", "OpenQuestion", "Question", "SiteShare", "Statement", "SurveyResult", "survey"]

_BY_SITE = "logit t over sites"


def survey(
    data: Any = None,
    *,
    likert: Any = None,
    responses: Any = None,
    site: str | None = None,
    labels: Mapping[str, Any] | None = None,
    kinds: Mapping[str, str] | None = None,
    sides: Mapping[str, Sequence[str]] | None = None,
    open_questions: Mapping[str, Any] | None = None,
    ladder: Any = None,
    corpus: Any = None,
    confidence_level: float = 0.95,
    interval: str = "wilson",
) -> SurveyResult:
    """Describe a survey.

    Parameters
    ----------
    data
        A `Study` (its `.survey`, `.likert`, `.flow` and `.corpus`), or printed statements: a frame with `statement_id`,
        `n`, `yes_percent` or `count`, and perhaps `statement` and `kind` (`"facilitator"`, `"barrier"`).
    likert
        Questions with ordered levels: a frame with `question`, `level`, `count` and perhaps `label`, `percent`,
        `side` and
        `n`; or the answers, one row per respondent and one column per question.
    responses
        Answers to yes/no statements, one row per respondent and one column per statement.
    site
        The site column of `responses`; `"site"` when there is one. Intervals then respect sites.
    labels
        By statement: its words. By question: the words of its levels from the lowest up.
    kinds
        By statement of `responses`: `"facilitator"` or `"barrier"`.
    sides
        By question: `"negative"`, `"neutral"` (once at most) or `"positive"` (or `-`, `0`, `+`) for each level. A
        middle
        level is not taken for neutral unless it is said to be.
    open_questions
        By question: the answers (texts; blanks do not count), their number, or (number, people asked). People asked are
        those responding when not given. None that could be used is "asked and silent", not "not asked".
    ladder
        As in `sy.reach`; with it, results are bounded among everyone recruited, whoever did not answer.
    corpus
        What was said: barriers and facilitators are shown beside the themes that they are linked with.
    confidence_level, interval
        Of shares: `"wilson"`, `"clopper-pearson"`, `"jeffreys"` or `"agresti-coull"`; of `responses` with two sites
        or more,
        a t interval of the logit over sites (ratio estimator, sites - 1 degrees of freedom).

    Returns
    -------
    SurveyResult

    Examples
    --------
    >>> import steelyard as sy
    >>> rows = {"statement_id": ["help"], "statement": ["Help was at hand"], "yes_percent": ["92"], "n": [77]}
    >>> found = sy.survey(rows, ladder={"recruited": 227}, open_questions={"Anything else?": (0, 77)})
    >>> found.items[0].k, round(found.items[0].bound_low, 3), found.asked[0]["status"]
    (71, 0.313, 'not-raised')
    """
    interval, level = checked_options(interval, confidence_level)
    labels, kinds = labels or {}, kinds or {}
    if isinstance(data, Study):
        likert = data.likert if likert is None else likert
        ladder = data.flow if ladder is None else ladder
        corpus = data.corpus if corpus is None else corpus
        study, statements = data, data.survey
    else:
        study, statements = None, data
    told = [] if statements is None else read_statements(statements)
    if responses is not None:
        told += read_responses(responses, site, {k: str(v) for k, v in labels.items()}, kinds)
    levels = [] if likert is None else read_levels(likert, labels, sides or {})
    counts = {} if ladder is None else read_flow(ladder).counts
    if not told and not levels and not open_questions:
        raise refuse(
            "no survey", at="data", allowed="a Study with .survey, statements, responses=, likert= or open_questions="
        )
    items = _statements(told, counts, level, interval)
    sites = tuple(_site_share(t.id, one, level, interval) for t in told for one in t.sites)
    return SurveyResult(
        items=items,
        questions=tuple(_question(one, counts, level, interval) for one in levels),
        sites=sites,
        open_questions=_open(open_questions or {}, counts, level),
        determinant_rows=()
        if corpus is None
        else determinants(items, corpus, study, counts, lambda k, n: _bounds(k, n, counts, level, interval)),
        confidence_level=level,
        interval=interval,
        caveats=_caveats(items, levels, sites, counts),
        library=library_of(study.survey if study is not None else responses if data is None else data),
    )


def _statements(told: Sequence[Told], counts: Mapping[str, int], level: float, interval: str) -> tuple[Statement, ...]:
    rows = {}
    for kind in dict.fromkeys(t.kind for t in told):
        own = [t for t in told if t.kind == kind]
        sets = ask("rank-sets", counts=[(t.k, t.n) for t in own], level=level)
        for t, ranks in zip(own, sets, strict=True):
            found, method = _interval(t, level, interval)
            low, high, of = _bounds(t.k, t.n, counts, level, interval)
            alike = tuple(o.id for o in own if o is not t and t.printed and o.printed == t.printed)
            rows[t.id] = Statement(
                id=t.id,
                label=t.label,
                kind=t.kind,
                k=t.k,
                n=t.n,
                k_low=t.k_low,
                k_high=t.k_high,
                printed=t.printed,
                share=t.k / t.n,
                low=found[0],
                high=found[1],
                method=method,
                rank_best=ranks["best"],
                rank_worst=ranks["worst"],
                tied_with=alike,
                bound_low=low,
                bound_high=high,
                bound_of=of,
            )
    return tuple(rows[t.id] for t in told)


def _interval(t: Told, level: float, interval: str) -> tuple[tuple[float, float], str]:
    """Return the interval of a statement: over sites where there are two or more that differ, else of the k of n."""
    by_site = _over_sites([(k, n) for _, k, n in t.sites if n], level)
    if by_site is not None:
        return by_site, _BY_SITE
    found = share(t.k, t.n, level, interval)
    return (found["low"], found["high"]), interval


def _over_sites(counts: Sequence[tuple[int, int]], level: float) -> tuple[float, float] | None:
    """Return a t interval of the logit of a ratio over sites; None where sites show no spread to learn from."""
    sites, n = len(counts), sum(m for _, m in counts)
    p = sum(k for k, _ in counts) / n if n else 0.0
    squares = sum((k - p * m) ** 2 for k, m in counts)
    if sites < 2 or squares == 0 or not 0 < p < 1:
        return None
    error = math.sqrt(sites / (sites - 1) * squares) / n
    half = _core.t_quantile(0.5 + level / 2, sites - 1.0) * error / (p * (1 - p))
    logit = math.log(p / (1 - p))
    return 1 / (1 + math.exp(half - logit)), 1 / (1 + math.exp(-half - logit))


def _top(counts: Mapping[str, int], n: int) -> tuple[str, int] | None:
    """Return the rung that non-response is counted from: the recruited, or those nearest to them with at least n."""
    for rung in ("recruited", "participating", "eligible_offered", "target_population", "responding"):
        if counts.get(rung, 0) >= n:
            return rung, counts[rung]
    return None


def _bounds(
    k: int, n: int, counts: Mapping[str, int], level: float, interval: str
) -> tuple[float | None, float | None, str]:
    if not counts:
        return None, None, ""
    top = _top(counts, n)
    if top is None:
        raise refuse(
            "more answers than people on the ladder",
            at="ladder",
            got=n,
            allowed=f"at most {max(counts.values())}",
            remedy="Denominators shrink along the ladder: correct n or the ladder.",
        )
    found = ask("bounds", k=k, n=n, total=top[1], level=level, method=interval, cut=0.5)
    return found["low"], found["high"], rung_words(*top)


def _question(one: Asked, counts: Mapping[str, int], level: float, interval: str) -> Question:
    n = sum(one.counts)
    parts = ask("composition", counts=list(one.counts), level=level)
    mean = sum(v * c for v, c in zip(one.levels, one.counts, strict=True)) / n
    squares = sum(c * (v - mean) ** 2 for v, c in zip(one.levels, one.counts, strict=True))
    positive = None
    if all(one.sides):
        k = sum(c for c, side in zip(one.counts, one.sides, strict=True) if side == "positive")
        positive = share(k, n, level, interval)
    top = _top(counts, n) if counts else None
    others = 0 if top is None else top[1] - n
    ends = [None, None] if top is None else [(mean * n + others * v) / top[1] for v in (one.levels[0], one.levels[-1])]
    return Question(
        question=one.question,
        levels=one.levels,
        labels=one.labels,
        counts=one.counts,
        percents=one.percents,
        sides=one.sides,
        shares=tuple(part["share"] for part in parts),
        low=tuple(part["low"] for part in parts),
        high=tuple(part["high"] for part in parts),
        n=n,
        mean=mean,
        sd=math.sqrt(squares / (n - 1)) if n > 1 else 0.0,
        median=_median(one, n),
        positive=None if positive is None else positive["share"],
        positive_low=None if positive is None else positive["low"],
        positive_high=None if positive is None else positive["high"],
        bound_low=ends[0],
        bound_high=ends[1],
        bound_of="" if top is None else rung_words(*top),
    )


def _median(one: Asked, n: int) -> float:
    answers = [v for v, c in zip(one.levels, one.counts, strict=True) for _ in range(c)]
    return (answers[(n - 1) // 2] + answers[n // 2]) / 2


def _site_share(id: str, one: tuple[str, int, int], level: float, interval: str) -> SiteShare:
    site, k, n = one
    if n == 0:
        return SiteShare(site, id, 0, 0, None, None, None)
    found = share(k, n, level, interval)
    return SiteShare(site, id, k, n, found["share"], found["low"], found["high"])


def _open(questions: Mapping[str, Any], counts: Mapping[str, int], level: float) -> tuple[OpenQuestion, ...]:
    found = []
    for question, value in questions.items():
        place = f'open_questions, "{question}"'
        asked: int | None = counts.get("responding")
        if isinstance(value, tuple) and len(value) == 2:
            value, asked = value[0], count(value[1], f"{place}, people asked")
        if isinstance(value, (str, bytes)):
            raise refuse("answers not understood", at=place, got=repr(value), allowed="a list of texts, or a number")
        texts = None if isinstance(value, (int, float)) else [v for v in value if v is not None]
        k = count(value, place) if texts is None else sum(bool(str(text).strip()) for text in texts)
        if asked is None:
            raise refuse(
                "open question without the number of people asked",
                at=place,
                remedy="Pass (answers, asked), or the ladder: without it silence cannot be told from not asking.",
            )
        if k > asked:
            raise refuse("more answers than people asked", at=place, got=f"{k} of {asked}", allowed=f"0 to {asked}")
        if asked == 0:
            found.append(OpenQuestion(str(question), 0, 0, "not-asked", None))
            continue
        most = None if k else share(0, asked, 2 * level - 1 if level > 0.5 else level, "clopper-pearson")["high"]
        found.append(OpenQuestion(str(question), asked, k, "raised" if k else "not-raised", most))
    return tuple(found)


def _caveats(
    items: Sequence[Statement], levels: Sequence[Asked], sites: Sequence[SiteShare], counts: Mapping[str, int]
) -> tuple[str, ...]:
    notes = []
    several = [s.id for s in items if s.k_low != s.k_high]
    if several:
        notes.append(f"The printed percentage leaves several counts possible: {', '.join(several)}.")
    if items and not sites:
        notes.append("No answer carries a site: intervals take answers as independent, which sites make too narrow.")
    alone = [s.id for s in items if sites and s.method != _BY_SITE]
    if alone:
        notes.append(f"Sites show no spread to learn from, so the interval is of k of n: {', '.join(alone)}.")
    if len(items) > 1:
        notes.append("Rank sets hold all ranks of a kind at once; they overlap where the data cannot tell.")
    unstated = [one.question for one in levels if not all(one.sides)]
    if unstated:
        notes.append(f"Sides are not stated, so no level is called positive or neutral: {', '.join(unstated)}.")
    sizes = [s.n for s in items] + [sum(one.counts) for one in levels]
    if counts and sizes:
        top = _top(counts, max(sizes))
        if top is not None and top[1] > min(sizes):
            notes.append(
                f"Answers are from {min(sizes)} to {max(sizes)} of {rung_words(*top)}: "
                "the bounds say what is possible among these."
            )
    return tuple(notes)


def __dir__() -> list[str]:
    return sorted(__all__)


callable_as(__name__, survey)
