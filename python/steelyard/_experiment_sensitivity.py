"""Sensitivity of a verdict: the same contest under each other choice that could have been made."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ._experiment_data import ContestRows, contest_rows
from ._experiment_result import WeightingResult
from ._experiment_words import number, p_words
from ._frames import frame_like
from ._html import table
from ._result import Result
from ._reviews import RULES
from .study import Study

_HEADS = (
    "choice",
    "verdict",
    "scheme",
    "gain",
    "conf_low",
    "conf_high",
    "p_adjusted",
    "p_items",
    "n_items",
    "estimability",
)


@dataclasses.dataclass(frozen=True)
class Sensitivity(Result):
    """One line per choice: the verdict and the scheme that it is about.

    Attributes
    ----------
    lines : tuple of dict
        `choice, verdict, scheme, gain, conf_low, conf_high, p_adjusted, p_items, n_items, estimability`. `p_items` is
        the exact p of the largest correlation of an item with the outcome.
    schemes : tuple of str
    """

    lines: tuple[dict[str, Any], ...]
    schemes: tuple[str, ...]

    def tidy(self) -> Any:
        """Return the lines as a frame."""
        return frame_like({head: tuple(line[head] for line in self.lines) for head in _HEADS}, self._like)

    def __repr__(self) -> str:
        width = max(len(line["choice"]) for line in self.lines)
        out = ["Sensitivity of the verdict"]
        for line in self.lines:
            about = ""
            if line["conf_low"] is None and line["p_items"] is not None:
                about = f" (any item at all: {p_words(line['p_items'])})"
            elif line["conf_low"] is not None:
                ends = f"{number(line['conf_low'])} to {number(line['conf_high'])}"
                about = f" ({line['scheme']}: gain {number(line['gain'])}, {ends})"
            out.append(f"  {line['choice']:{width}}  {line['verdict']}{about}")
        return "\n".join([*out, f"  {self.agreement}"])

    @property
    def agreement(self) -> str:
        """Whether the verdict holds under every choice but the negative control."""
        ran = [line for line in self.lines if not line["verdict"].startswith("not run")]
        held = [line for line in ran if not line["choice"].startswith("negative control")]
        other = [line["choice"] for line in held if line["verdict"] != held[0]["verdict"]]
        if other:
            return f"The verdict changes with: {'; '.join(other)}."
        return f"The verdict is the same under all {len(held)} choices that could be run."

    def _html(self) -> str:
        rows = [tuple(line[head] for head in _HEADS) for line in self.lines]
        return table("Sensitivity of the verdict", _HEADS, rows)


Choice = tuple[str, Callable[[], ContestRows]]


def variants(data: ContestRows, seed: int, given: Any, outcome: Any, options: dict[str, Any]) -> Iterator[Choice]:
    """Yield each choice with what makes its rows; `given`, `outcome` and `options` are those of the experiment."""
    yield "as declared", lambda: data
    kept = [j for j, name in enumerate(data.names) if name not in data.from_outcome]
    if data.from_outcome and kept:
        yield f"without {len(data.from_outcome)} items scored from the outcome", lambda: _only(data, kept)
    per_site = np.bincount(data.codes, weights=data.weights)
    if data.site_weight in ("participants", "equal") and (data.trials is not None or np.ptp(per_site) > 0):
        name = "equal" if data.site_weight == "participants" else "participants"
        yield f'site_weight "{name}"', lambda: _weighted(data, name)
    if isinstance(given, Study):
        yield from _other_scores(given, outcome, options)
    if len(data.items) == int(data.codes.max()) + 1:
        yield "negative control: outcomes shuffled", lambda: _shuffled(data, seed)


def _other_scores(study: Study, outcome: Any, options: dict[str, Any]) -> Iterator[Choice]:
    """Yield other scores that the study could have: by rule of review, by bound of what is missing, behind print."""

    def rows(own: Study, matrix: Any = None) -> Callable[[], ContestRows]:
        return lambda: contest_rows(own, outcome, matrix=matrix, **options)

    if any(review.date is not None for review, _ in study._units.reviews):
        for rule in (rule for rule in RULES if rule != study.review_rule):
            other = study.under_rule(rule)
            if not np.array_equal(other.score_matrix, study.score_matrix, equal_nan=True):
                yield f'review rule "{rule}"', rows(other)
    if np.isnan(study.score_matrix).any():
        for end in ("minimum", "maximum"):
            bound = np.array([getattr(item, end) for item in study.scale.items])
            matrix = np.where(np.isnan(study.score_matrix), bound, study.score_matrix)
            yield f"missing scores at their {end}", rows(study, matrix)
    elif study.published is not None and study.published.item_means is not None:
        found = study.feasible_scores()
        if not found.consistent:
            for matrix, changed in zip(found.matrices, found.changed, strict=True):
                name = f"scores behind the printed means: {', '.join(changed)} changed"
                yield name, rows(study, np.ascontiguousarray(matrix))


def _only(data: ContestRows, kept: list[int]) -> ContestRows:
    return dataclasses.replace(
        data,
        items=np.ascontiguousarray(data.items[:, kept]),
        names=tuple(data.names[j] for j in kept),
        limits=tuple(data.limits[j] for j in kept),
        exclude=tuple(sorted((*data.exclude, *data.from_outcome))),
        from_outcome=(),
    )


def _weighted(data: ContestRows, name: str) -> ContestRows:
    size = np.ones(len(data.items)) if data.trials is None else data.trials
    weights = size / np.bincount(data.codes, weights=size)[data.codes] if name == "equal" else size
    return dataclasses.replace(data, weights=weights, site_weight=name)


def _shuffled(data: ContestRows, seed: int) -> ContestRows:
    """Shuffle outcomes (with their trials and weights) over sites, within halves by size."""
    draw = np.random.default_rng(seed)
    size = data.weights if data.trials is None else data.trials
    order = np.argsort(size, kind="stable")
    place = np.arange(len(size))
    for half in np.array_split(order, 2 if len(order) >= 12 else 1):
        place[half] = draw.permutation(half)
    return dataclasses.replace(
        data,
        response=np.ascontiguousarray(data.response[place]),
        weights=np.ascontiguousarray(data.weights[place]),
        trials=None if data.trials is None else np.ascontiguousarray(data.trials[place]),
    )


def line_of(choice: str, result: WeightingResult) -> dict[str, Any]:
    """Reduce a result to its line."""
    rows = result.tables["verdicts"]
    line: dict[str, Any] = dict.fromkeys(_HEADS)
    line |= {"choice": choice, "verdict": result.verdict, "scheme": result.headline}
    line |= {"n_items": len(result.names), "estimability": result.estimable.level}
    line["p_items"] = None if result.item_test is None else result.item_test.p_value
    if result.headline is not None:
        at = rows["scheme"].index(result.headline)
        line |= {name: rows[name][at] for name in ("gain", "conf_low", "conf_high", "p_adjusted")}
    return line


def line_not_run(choice: str, reason: Exception) -> dict[str, Any]:
    """Write the line of a choice that was refused."""
    return dict.fromkeys(_HEADS) | {"choice": choice, "verdict": f"not run: {reason}"}
