"""A survey: statements with intervals and rank sets, questions with levels, and what non-response can do to them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ._brief import brief
from ._frames import frame_in
from ._html import listed, table
from ._reach_ladder import RUNGS
from ._result import Result, serialisable


@serialisable
@dataclasses.dataclass(frozen=True)
class Statement:
    """A yes/no statement.

    Attributes
    ----------
    id, label, kind : str
        `kind` is `"facilitator"`, `"barrier"` or whatever the survey says.
    k, n : int
        Who said yes, of those who answered.
    k_low, k_high : int
        All counts that the printed percentage can stand for.
    printed : str
        The cell as printed; empty where the count was given.
    share, low, high : float
    method : str
        Of the interval.
    rank_best, rank_worst : int
        Ranks within its kind that the data allow, all at once with the confidence level.
    tied_with : tuple of str
        Statements of its kind that print alike.
    bound_low, bound_high : float or None
        Among everyone recruited (or the highest rung reported), whoever did not answer.
    bound_of : str
        That rung and its number.
    """

    id: str
    label: str
    kind: str
    k: int
    n: int
    k_low: int
    k_high: int
    printed: str
    share: float
    low: float
    high: float
    method: str
    rank_best: int
    rank_worst: int
    tied_with: tuple[str, ...]
    bound_low: float | None
    bound_high: float | None
    bound_of: str


@serialisable
@dataclasses.dataclass(frozen=True)
class SiteShare:
    """A statement at one site."""

    site: str
    id: str
    k: int
    n: int
    share: float | None
    low: float | None
    high: float | None


@serialisable
@dataclasses.dataclass(frozen=True)
class Question:
    """A question with ordered levels, from the lowest up.

    Attributes
    ----------
    question : str
    levels, labels, counts, percents, sides : tuple
        `percents` as printed; `sides` are `"negative"`, `"neutral"`, `"positive"`, or `""` where nobody stated them.
    shares, low, high : tuple of float
        Shares of the levels with simultaneous intervals (Goodman).
    n : int
    mean, sd, median : float
        `sd` is 0 where all agree; `median` of the levels.
    positive, positive_low, positive_high : float or None
        Share on the positive side with its interval; None where sides are not stated.
    bound_low, bound_high : float or None
        Of the mean, among everyone recruited.
    bound_of : str
    """

    question: str
    levels: tuple[int, ...]
    labels: tuple[str, ...]
    counts: tuple[int, ...]
    percents: tuple[str, ...]
    sides: tuple[str, ...]
    shares: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    n: int
    mean: float
    sd: float
    median: float
    positive: float | None
    positive_low: float | None
    positive_high: float | None
    bound_low: float | None
    bound_high: float | None
    bound_of: str


@serialisable
@dataclasses.dataclass(frozen=True)
class OpenQuestion:
    """An open question: how many were asked, how many wrote something that could be used.

    `status` is `"raised"` or `"not-raised"`: asked and silent, which is a finding; `most` is the highest share that
    would
    still have been silent with the remaining probability (Clopper and Pearson), None where something was raised.
    """

    question: str
    asked: int
    answers: int
    status: str
    most: float | None


@serialisable
@dataclasses.dataclass(frozen=True)
class Determinant:
    """A barrier or facilitator at one level, with the number and with who named it.

    `both` says whether participants and service providers both speak about a theme that it is linked with. Informants
    are distinct people, of `interviewed`; `bound_low` and `bound_high` are the shares of everyone recruited
    (`bound_of`) that would name it, whatever those who were not interviewed would have said.
    """

    id: str
    determinant: str
    polarity: str
    level: str
    number: str
    rank: str
    themes: tuple[str, ...]
    informants: int
    groups: int
    valence: str
    both: bool
    interviewed: int | None = None
    bound_low: float | None = None
    bound_high: float | None = None
    bound_of: str = ""


@dataclasses.dataclass(frozen=True, repr=False)
class SurveyResult(Result):
    """What a survey says.

    Attributes
    ----------
    items : tuple of Statement
    questions : tuple of Question
    sites : tuple of SiteShare
        Empty where no answer carries a site.
    open_questions : tuple of OpenQuestion
    determinant_rows : tuple of Determinant
    confidence_level : float
    interval : str
    caveats : tuple of str
    """

    items: tuple[Statement, ...]
    questions: tuple[Question, ...]
    sites: tuple[SiteShare, ...]
    open_questions: tuple[OpenQuestion, ...]
    determinant_rows: tuple[Determinant, ...]
    confidence_level: float
    interval: str
    caveats: tuple[str, ...]
    library: str = "pandas"

    @property
    def statements(self) -> Any:
        """One row per statement."""
        return self._frame(Statement, self.items)

    @property
    def by_site(self) -> Any:
        """One row per site and statement; no rows where no answer carries a site."""
        return self._frame(SiteShare, self.sites)

    @property
    def determinants(self) -> Any:
        """Barriers and facilitators of participants and service providers side by side."""
        return self._frame(Determinant, self.determinant_rows)

    @property
    def likert(self) -> Any:
        """One row per question and level: count, printed percentage, share with interval, side."""
        columns: dict[str, list[Any]] = {}
        for q in self.questions:
            parts = (q.levels, q.labels, q.sides, q.counts, q.percents, q.shares, q.low, q.high)
            names = ("level", "label", "side", "count", "percent", "share", "low", "high")
            columns.setdefault("question", []).extend([q.question] * len(q.levels))
            for name, values in zip(names, parts, strict=True):
                columns.setdefault(name, []).extend(values)
        return frame_in(columns, self.library)

    @property
    def asked(self) -> tuple[dict[str, str], ...]:
        """The register of open questions, as `sy.JointDisplay(asked=...)` takes it."""
        return tuple({"finding": q.question, "topic": q.question, "status": q.status} for q in self.open_questions)

    def _frame(self, kind: type[Any], rows: Sequence[Any]) -> Any:
        names = [f.name for f in dataclasses.fields(kind)]
        return frame_in({name: [_cell(getattr(row, name)) for row in rows] for name in names}, self.library)

    def tidy(self) -> Any:
        """Return one row per estimate: shares of statements, and means and positive shares of questions."""
        rows: list[tuple[Any, ...]] = [(s.id, "share", s.share, s.low, s.high, s.n) for s in self.items]
        for q in self.questions:
            rows.append((q.question, "mean", q.mean, None, None, q.n))
            if q.positive is not None:
                rows.append((q.question, "positive share", q.positive, q.positive_low, q.positive_high, q.n))
        names = ("term", "kind", "estimate", "conf_low", "conf_high", "n")
        return frame_in(dict(zip(names, zip(*rows, strict=True), strict=True)), self.library)

    def __repr__(self) -> str:
        lines = []
        for s in self.items:
            ends = f"{100 * s.low:.0f} to {100 * s.high:.0f}"
            lines.append(f"  {s.label}: {s.k} of {s.n}, {100 * s.share:.0f} % ({ends}), rank {_rank(s)}")
        for q in self.questions:
            positive = "" if q.positive is None else f", {100 * q.positive:.0f} % on the positive side"
            lines.append(f"  {q.question}: n {q.n}, mean {q.mean:.2f}, SD {q.sd:.2f}{positive}")
        for one in self.open_questions:
            lines.append(f"  {one.question}: {_silence(one)}")
        return "\n".join(["Survey", *brief(lines), *(f"  note: {text}" for text in self.caveats)])

    def _html(self) -> str:
        parts = []
        for kind in dict.fromkeys(s.kind for s in self.items):
            parts.append(self._statements_html(kind))
        parts += [self._question_html(q) for q in self.questions]
        if self.open_questions:
            rows = [(q.question, q.asked, q.answers, _silence(q)) for q in self.open_questions]
            parts.append(table("Open questions", ["Question", "Asked", "Answers", "Read as"], rows))
        if self.determinant_rows:
            parts.append(self._determinants_html())
        return "".join(parts) + listed(self.caveats)

    def _statements_html(self, kind: str) -> str:
        own = [s for s in self.items if s.kind == kind]
        bounded = any(s.bound_low is not None for s in own)
        heads = ["Statement", "Yes", "%", f"{100 * self.confidence_level:g} % interval", "Rank"]
        if bounded:
            heads.append(f"Possible among {next(s.bound_of for s in own if s.bound_of)}")
        rows = []
        for s in own:
            row = [s.label, f"{s.k} of {s.n}", f"{100 * s.share:.0f}", _ends(s.low, s.high), _rank(s)]
            rows.append([*row, _ends(s.bound_low, s.bound_high)] if bounded else row)
        methods = ", ".join(dict.fromkeys(s.method for s in own))
        return table(
            f"Survey: {kind or 'statement'}s" if kind != "" else "Survey",
            heads,
            rows,
            note=f"Interval: {methods}. A rank is a range where the data do not tell statements apart.",
        )

    def _question_html(self, q: Question) -> str:
        rows = [
            (name, side or "–", k, percent or f"{100 * share:.0f}", _ends(low, high))
            for name, side, k, percent, share, low, high in zip(
                q.labels, q.sides, q.counts, q.percents, q.shares, q.low, q.high, strict=True
            )
        ]
        positive = (
            ""
            if q.positive is None
            else (f" {100 * q.positive:.0f} % on the positive side ({_ends(q.positive_low, q.positive_high)}).")
        )
        bounds = (
            ""
            if q.bound_low is None or q.bound_high is None
            else (f" Mean among {q.bound_of}: {q.bound_low:.2f} to {q.bound_high:.2f}, whoever did not answer.")
        )
        return table(
            f"{q.question.capitalize()} (n = {q.n})",
            ["Level", "Side", "Count", "%", "Simultaneous interval"],
            rows,
            note=f"Mean {q.mean:.2f}, SD {q.sd:.2f}, median {q.median:g}.{positive}{bounds}",
        )

    def _determinants_html(self) -> str:
        rows = [
            (d.determinant, d.polarity, d.level, d.number, d.rank or "–", "; ".join(d.themes) or "–", _heard(d))
            for d in self.determinant_rows
        ]
        heads = ["Determinant", "Polarity", "Level", "Number", "Rank", "Themes", "Named by"]
        return table("Barriers and facilitators of participants and service providers", heads, rows)

    def plot(self, ax: Any = None, *, neutral: str = "centre") -> Any:
        """Draw the questions as diverging bars; without questions, the statements.

        Parameters
        ----------
        ax
            Matplotlib Axes; made when None.
        neutral
            Where a stated neutral level stands: `"centre"`, `"side"` (apart, on the right) or `"none"` (left out, and
            said).

        Examples
        --------
        >>> import steelyard as sy
        >>> ax = sy.survey(sy.datasets.norway_ips()).plot()
        >>> ax.get_xlabel()
        '% of those who answered'
        """
        from ._survey_plots import draw_levels, draw_statements

        return draw_levels(self, ax, neutral) if self.questions else draw_statements(self, ax)

    def plot_statements(self, ax: Any = None) -> Any:
        """Draw the statements: share, interval, and what non-response allows."""
        from ._survey_plots import draw_statements

        return draw_statements(self, ax)


def _cell(value: Any) -> Any:
    return "; ".join(map(str, value)) if isinstance(value, tuple) else value


def _ends(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{100 * low:.0f} to {100 * high:.0f} %"


def _rank(s: Statement) -> str:
    return str(s.rank_best) if s.rank_best == s.rank_worst else f"{s.rank_best} to {s.rank_worst}"


def _silence(one: OpenQuestion) -> str:
    if one.status == "raised":
        return f"{one.answers} of {one.asked} raised something"
    most = "" if one.most is None else f"; at most {100 * one.most:.1f} % had something to say"
    return f"asked {one.asked} people, nobody raised anything{most}"


def _heard(d: Determinant) -> str:
    parts = []
    if d.informants:
        of = "" if d.interviewed is None else f" of {d.interviewed} interviewed"
        parts.append(f"{d.informants} informant{'s' if d.informants > 1 else ''}{of}")
    if d.groups:
        parts.append(f"{d.groups} focus group{'s' if d.groups > 1 else ''}")
    told = ", ".join(parts) + (f" ({d.valence})" if d.valence else "") or "nobody"
    return told if d.bound_low is None else f"{told}; {_ends(d.bound_low, d.bound_high)} possible of {d.bound_of}"


def rung_words(rung: str, n: int) -> str:
    """Write a rung with its number: `227 recruited`."""
    return f"{n} {RUNGS[rung].lower()}"


def counted(values: Mapping[str, int]) -> str:
    """Write a tally: `facilitator 2, mixed 1`."""
    return ", ".join(f"{name} {k}" for name, k in values.items())
