"""The rungs of the ladder: their names, and how a table of flow is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ._cells import is_blank, label
from ._frames import columns_of, is_frame
from ._names import offer
from ._result import serialisable
from ._shares import count, rows_of
from .errors import refuse

RUNGS = {
    "target_population": "Target population",
    "excluded": "Excluded",
    "lost": "Lost before eligibility was known",
    "eligible_offered": "Eligible and offered",
    "recruited": "Recruited",
    "participating": "Participating",
    "responding": "Responding to the survey",
    "interviewed": "Interviewed",
}

# Words of a stage and the rung that they mean; the first that fits counts.
_WORDS = (
    ("excluded", ("exclu",)),
    ("lost", ("lost", "untraced", "indeterminate")),
    ("eligible_offered", ("eligible", "offered", "invited")),
    ("interviewed", ("interview",)),
    ("responding", ("questionnaire", "respon", "survey")),
    ("recruited", ("randomi", "recruit", "consent", "enrol", "allocated")),
    ("participating", ("particip", "attend", "started", "received")),
    ("target_population", ("target", "intended", "population")),
)


@serialisable
@dataclasses.dataclass(frozen=True)
class Stage:
    """A row of a flow that is no rung of the ladder, such as a focus group of providers."""

    stage: str
    population: str
    n: int


@dataclasses.dataclass(frozen=True)
class Flow:
    """Counts by rung, reasons of exclusion, further stages, and how rows were read."""

    counts: dict[str, int]
    reasons: dict[str, int]
    others: tuple[Stage, ...]
    said: tuple[str, ...]


def read_flow(ladder: Any, population: str = "participants") -> Flow:
    """Read a mapping of rungs, or a frame with `stage`, `count` and perhaps `population`."""
    if is_frame(ladder) or (isinstance(ladder, Mapping) and "stage" in ladder):
        return _from_frame(ladder, population)
    if not isinstance(ladder, Mapping):
        raise refuse(
            "ladder not understood",
            at="ladder",
            got=type(ladder).__name__,
            allowed="a dict of rungs, a frame with stage and count, or a Study",
        )
    counts, reasons = {}, {}
    for name, value in ladder.items():
        rung = str(name).strip().casefold().replace(" ", "_")
        if rung not in RUNGS:
            raise refuse(
                "unknown rung" + offer(str(name), list(RUNGS)), at="ladder", got=repr(name), allowed=", ".join(RUNGS)
            )
        if rung == "excluded" and isinstance(value, Mapping):
            reasons = {str(why): count(n, f'ladder, excluded, "{why}"') for why, n in value.items()}
            counts[rung] = sum(reasons.values())
        elif not is_blank(value):
            counts[rung] = count(value, f"ladder, {rung}")
    return Flow(counts, reasons, (), ())


def _from_frame(frame: Any, population: str) -> Flow:
    columns = columns_of(frame)
    missing = [name for name in ("stage", "count") if name not in columns]
    if missing:
        raise refuse("flow lacks a column", at="ladder", got=", ".join(missing), allowed="stage, count, population")
    counts: dict[str, int] = {}
    others: list[Stage] = []
    said = []
    for i, row in enumerate(rows_of(columns)):
        if is_blank(row["count"]):
            continue
        stage, n = label(row["stage"]), count(row["count"], f"ladder, row {i + 1}, column count")
        who = label(row["population"]) if "population" in row and not is_blank(row["population"]) else population
        rung = _rung_of(stage)
        if who != population or rung is None:
            others.append(Stage(stage, who, n))
            continue
        if rung in counts:
            raise refuse(
                "two stages are the same rung",
                at=f"ladder, row {i + 1}",
                got=f'"{stage}" ({RUNGS[rung].lower()})',
                allowed="one stage per rung",
                remedy="Name the rungs yourself: ladder={'recruited': 227, ...}.",
            )
        counts[rung] = n
        if rung != stage:
            said.append(f"{stage} = {RUNGS[rung].lower()}")
    return Flow(counts, {}, tuple(others), tuple(said))


def _rung_of(stage: str) -> str | None:
    words = stage.casefold().replace("_", " ")
    if words.replace(" ", "_") in RUNGS:
        return words.replace(" ", "_")
    for rung, names in _WORDS:
        if any(name in words for name in names):
            return rung
    return None
