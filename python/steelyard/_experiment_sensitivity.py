"""Sensitivity of a verdict: the same contest under each other choice that could have been made."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from ._experiment_data import ContestRows
from ._experiment_result import WeightingResult
from ._experiment_words import number
from ._frames import frame_like
from ._html import table
from ._result import Result

_AT_ENDS = "missing scores at their"
_HEADS = ("choice", "verdict", "scheme", "gain", "conf_low", "conf_high", "p_adjusted", "n_items", "estimability")


@dataclasses.dataclass(frozen=True)
class Sensitivity(Result):
    """One line per choice: the verdict and the scheme that it is about.

    Attributes
    ----------
    lines : tuple of dict
        `choice, verdict, scheme, gain, conf_low, conf_high, p_adjusted, n_items, estimability`.
    schemes : tuple of str
    flags : tuple of str
        Whether the verdict changes within the bounds of the missing scores, where there are any.
    """

    lines: tuple[dict[str, Any], ...]
    schemes: tuple[str, ...]

    def tidy(self) -> Any:
        """Return the lines as a frame."""
        return frame_like({head: tuple(line[head] for line in self.lines) for head in _HEADS}, self._like)

    @property
    def flags(self) -> tuple[str, ...]:
        """What a reader must know: a verdict that changes within the bounds of the missing scores."""
        declared = self.lines[0]["verdict"]
        ends = [line for line in self.lines if line["choice"].startswith(_AT_ENDS)]
        changed = [f"{line['choice']}: {line['verdict']}" for line in ends if line["verdict"] != declared]
        if not ends:
            return ()
        if changed:
            return (f"The verdict CHANGES within the bounds of the missing scores ({'; '.join(changed)}).",)
        return ("The verdict is the same with every missing score at its lowest and at its highest.",)

    def __repr__(self) -> str:
        width = max(len(line["choice"]) for line in self.lines)
        out = ["Sensitivity of the verdict"]
        for line in self.lines:
            about = ""
            if line["conf_low"] is not None:
                ends = f"{number(line['conf_low'])} to {number(line['conf_high'])}"
                about = f" ({line['scheme']}: gain {number(line['gain'])}, {ends})"
            out.append(f"  {line['choice']:{width}}  {line['verdict']}{about}")
        return "\n".join([*out, *(f"  note: {flag}" for flag in self.flags)])

    def _repr_html_(self) -> str:
        rows = [tuple(line[head] for head in _HEADS) for line in self.lines]
        return table("Sensitivity of the verdict", _HEADS, rows, note=" ".join(self.flags))


def variants(data: ContestRows, seed: int) -> Iterator[tuple[str, ContestRows]]:
    """Yield each choice with its rows."""
    yield "as declared", data
    kept = [j for j, name in enumerate(data.names) if name not in data.from_outcome]
    if data.from_outcome and kept:
        yield (
            f"without {len(data.from_outcome)} items scored from the outcome",
            dataclasses.replace(
                data,
                items=np.ascontiguousarray(data.items[:, kept]),
                names=tuple(data.names[j] for j in kept),
                limits=tuple(data.limits[j] for j in kept),
                exclude=tuple(sorted((*data.exclude, *data.from_outcome))),
                from_outcome=(),
            ),
        )
    per_site = np.bincount(data.codes, weights=data.weights)
    if data.site_weight in ("participants", "equal") and (data.trials is not None or np.ptp(per_site) > 0):
        size = np.ones(len(data.items)) if data.trials is None else data.trials
        equal = data.site_weight == "participants"
        weights = size / np.bincount(data.codes, weights=size)[data.codes] if equal else size
        name = "equal" if equal else "participants"
        yield f'site_weight "{name}"', dataclasses.replace(data, weights=weights, site_weight=name)
    if data.gaps is not None:
        for end, high in (("lowest", False), ("highest", True)):
            items = data.gaps.at_end(data.names, high)
            yield f"{_AT_ENDS} {end}", dataclasses.replace(data, items=items, gaps=None)
    if len(data.items) == int(data.codes.max()) + 1:
        yield "negative control: outcomes shuffled", _shuffled(data, seed)


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
    if result.headline is not None:
        at = rows["scheme"].index(result.headline)
        line |= {name: rows[name][at] for name in ("gain", "conf_low", "conf_high", "p_adjusted")}
    return line


def line_not_run(choice: str, reason: Exception) -> dict[str, Any]:
    """Write the line of a choice that was refused."""
    return dict.fromkeys(_HEADS) | {"choice": choice, "verdict": f"not run: {reason}"}
