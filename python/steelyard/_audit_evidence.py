"""The tables of a study as the audit reads them: exact fractions, printed text, and what explains the score matrix."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._audit_checks import admits, ask, rounding_of
from ._audit_table import TableSolution, solve
from ._cells import is_blank, label
from ._frames import columns_of
from ._printed import printed_groups
from .study import Study


@dataclasses.dataclass(frozen=True)
class Share:
    """A printed percentage with its n: a statement of a survey, or a row of a baseline table."""

    key: str
    title: str
    percent: str
    n: int
    kind: str = ""


@dataclasses.dataclass(frozen=True)
class Levels:
    """A question with ordered levels: counts and printed percentages from the lowest level up."""

    key: str
    values: tuple[int, ...]
    labels: tuple[str, ...]
    counts: tuple[int, ...]
    percents: tuple[str, ...]

    @property
    def n(self) -> int:
        """People who answered."""
        return sum(self.counts)

    @property
    def mean(self) -> Fraction:
        """Exact mean."""
        return Fraction(sum(v * c for v, c in zip(self.values, self.counts, strict=True)), self.n)

    @property
    def variance(self) -> Fraction:
        """Exact sample variance."""
        squares = sum(v * v * c for v, c in zip(self.values, self.counts, strict=True))
        return (squares - self.mean * self.mean * self.n) / (self.n - 1)


@dataclasses.dataclass(frozen=True)
class Evidence:
    """Everything that claims and checks are compared with."""

    study: Study
    rounding: str | None
    solution: TableSolution | None
    groups: Mapping[str, NDArray[np.bool_]]
    totals: Mapping[str, str]
    item_means: Mapping[str, Mapping[str, str]]
    survey: tuple[Share, ...]
    baseline: tuple[Share, ...]
    continuous: tuple[Mapping[str, str], ...]
    likert: tuple[Levels, ...]
    returned: int | None

    def admits(self, printed: str, value: Fraction, *, root: bool = False) -> bool:
        """Tell whether an exact value rounds to a printed number."""
        return admits(printed, value, self.rounding, root=root)

    def score_sum(self, item: str, sites: NDArray[np.bool_]) -> Fraction:
        """Sum of an item's printed scores over sites."""
        column = self.study.score_matrix[sites, self.study.item_ids.index(item)]
        return sum((Fraction(float(x)) for x in column), Fraction(0))

    def hidden(self, item: str, group: str) -> tuple[Fraction, Fraction]:
        """Lowest and highest amount by which the printed scores of an item differ from what explains its means."""
        low = high = Fraction(0)
        for one in self.solution.hidden if self.solution is not None else ():
            if one["row"] == item and (group == "all" or one["group"] == group):
                low, high = low + Fraction(one["amount"][0]), high + Fraction(one["amount"][1])
        return low, high

    def explained_sums(self, item: str, group: str) -> tuple[Fraction, ...]:
        """Every sum of an item over a group that explains the printed means, in steps."""
        printed = self.score_sum(item, self.groups[group])
        low, high = self.hidden(item, group)
        step = Fraction(self.solution.step or 1).limit_denominator(100) if self.solution is not None else Fraction(1)
        return tuple(printed + low + k * step for k in range(int((high - low) / step) + 1))


def shown(value: Fraction, decimals: int) -> str:
    """Write an exact value with so many decimals."""
    return f"{Decimal(value.numerator) / Decimal(value.denominator):.{decimals}f}"


def decimals_of(printed: str) -> int:
    """Return how many decimals were printed."""
    return len(printed.partition(".")[2])


def unit_interval(printed: str, rounding: str | None) -> tuple[float, float]:
    """Return the ends of what rounds to a printed number."""
    found = ask("interval", printed=printed, rounding=rounding_of(rounding))
    return float(found["low"]), float(found["high"])


def gather(study: Study, rounding: str | None) -> Evidence:
    """Read what was attached to a study."""
    published = study.published
    means = {} if published is None or published.item_means is None else _text_columns(published.item_means)
    groups = {name: mask for name, mask in printed_groups(study).items() if f"mean_{name}" in means or name == "all"}
    by_group = {
        name: dict(zip(means["item_id"], means[f"mean_{name}"], strict=True))
        for name in groups
        if f"mean_{name}" in means
    }
    totals = {} if published is None else {str(k): label(v) for k, v in published.totals.items()}
    baseline = [] if study.baseline is None else _rows(study.baseline)
    shares = tuple(
        Share(r["variable"], r["variable"], r["percent"], int(r["n"]))
        for r in baseline
        if r.get("percent") and r.get("n")
    )
    return Evidence(
        study=study,
        rounding=rounding,
        solution=_solved(study, groups, by_group, totals, rounding),
        groups=groups,
        totals=totals,
        item_means=by_group,
        survey=_survey(study),
        baseline=shares,
        continuous=tuple(r for r in baseline if r.get("mean")),
        likert=_likert(study),
        returned=_returned(study),
    )


def _rows(frame: Any) -> list[dict[str, str]]:
    columns = _text_columns(frame)
    return [{name: columns[name][i] for name in columns} for i in range(len(next(iter(columns.values()), ())))]


def _text_columns(frame: Any) -> dict[str, list[str]]:
    return {name: [_text(cell) for cell in cells.tolist()] for name, cells in columns_of(frame).items()}


def _text(cell: Any) -> str:
    return "" if is_blank(cell) else label(cell)


def _solved(
    study: Study,
    groups: Mapping[str, NDArray[np.bool_]],
    means: Mapping[str, Mapping[str, str]],
    totals: Mapping[str, str],
    rounding: str | None,
) -> TableSolution | None:
    if (not means and not totals) or study.absent:
        return None
    low = {item.minimum for item in study.scale.items}
    high = {item.maximum for item in study.scale.items}
    one_range = len(low) == 1 and len(high) == 1
    return solve(
        [[_text(cell) for cell in row] for row in study.score_matrix.T.tolist()],
        row_means={name: [by.get(item) or None for item in study.item_ids] for name, by in means.items()},
        groups={name: [s for s, inside in zip(study.site_ids, groups[name], strict=True) if inside] for name in means},
        column_totals=[totals.get(site) or None for site in study.site_ids] if totals else None,
        rows=study.item_ids,
        columns=study.site_ids,
        low=low.pop() if one_range else None,
        high=high.pop() if one_range else None,
        rounding=rounding,
    )


def _survey(study: Study) -> tuple[Share, ...]:
    if study.survey is None:
        return ()
    return tuple(
        Share(
            r["statement_id"], r.get("statement", r["statement_id"]), r["yes_percent"], int(r["n"]), r.get("kind", "")
        )
        for r in _rows(study.survey)
        if r.get("yes_percent") and r.get("n")
    )


def _likert(study: Study) -> tuple[Levels, ...]:
    frame = getattr(study, "likert", None)
    if frame is None:
        return ()
    rows = _rows(frame)
    found = []
    for question in dict.fromkeys(r["question"] for r in rows):
        own: Sequence[Mapping[str, str]] = sorted(
            (r for r in rows if r["question"] == question), key=lambda r: int(r["level"])
        )
        found.append(
            Levels(
                question,
                tuple(int(r["level"]) for r in own),
                tuple(r.get("label", r["level"]) for r in own),
                tuple(int(r["count"]) for r in own),
                tuple(r.get("percent", "") for r in own),
            )
        )
    return tuple(found)


def _returned(study: Study) -> int | None:
    """How many returned the questionnaire: the largest n that a number from it can have."""
    if study.flow is None:
        return None
    for row in _rows(study.flow):
        if "questionnaire" in row.get("stage", "") and row.get("count"):
            return int(row["count"])
    return None
