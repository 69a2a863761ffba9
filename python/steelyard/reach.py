"""Reach: who was meant, who was offered, who came, who answered.

The module is itself a function: `sy.reach(study)` builds the ladder of denominators with what a study reports. Its
parts
can be had alone:

- `baseline`: baseline characteristics with n per variable, from printed numbers or from the participants;
- `components`: the components of a process evaluation as a checklist;
- `moderators`: for whom: subgroup estimates with interaction and multiplicity.

Examples
--------
>>> import steelyard as sy
>>> sy.reach(sy.datasets.norway_ips()).response.share.__round__(4)
0.4229
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._callable_module import callable_as
from ._frames import library_of
from ._reach_baseline import BaselineTable, Characteristic, baseline
from ._reach_components import COMPONENTS, Component, Components, components, told_of
from ._reach_ladder import RUNGS, Flow, Stage, read_flow
from ._reach_moderators import Moderators, Subgroup, Tested, moderators
from ._reach_result import Compared, Composed, Rate, ReachResult, RungRow, SelectionBounds
from ._shares import ask, checked_options, count
from .errors import refuse
from .study import Study

__all__ = [
    "COMPONENTS",
    "RUNGS",
    "BaselineTable",
    "Characteristic",
    "Compared",
    "Component",
    "Components",
    "Composed",
    "Moderators",
    "Rate",
    "ReachResult",
    "RungRow",
    "SelectionBounds",
    "Stage",
    "Subgroup",
    "Tested",
    "baseline",
    "components",
    "moderators",
    "reach",
]

# Above this many SDs a difference is usually called relevant (Austin 2009).
_RELEVANT = 0.1


def reach(
    study: Any = None,
    *,
    ladder: Any = None,
    baseline: Any = None,
    composition: Mapping[str, Mapping[str, int]] | None = None,
    target: Mapping[str, Any] | None = None,
    nonparticipants: Any = None,
    declined: Mapping[str, int] | None = None,
    components: Mapping[str, Any] | None = None,
    confidence_level: float = 0.95,
    interval: str = "wilson",
) -> ReachResult:
    """Build the ladder of denominators and what goes with it.

    Parameters
    ----------
    study
        A `Study`: its `.flow` and `.baseline` are read, its other parts fill in the checklist.
    ladder
        Instead of `.flow`: a dict of rungs (`"target_population"`, `"excluded"` as a number or as reasons and counts,
        `"lost"`, `"eligible_offered"`, `"recruited"`, `"participating"`, `"responding"`, `"interviewed"`), or a frame
        with
        `stage`, `count` and perhaps `population`. What is left out or None is "not reported" and never filled in.
    baseline
        Instead of `.baseline`: printed characteristics or the participants, see `sy.reach.baseline`.
    composition
        Counts by level of a variable: ``{"illness": {"severe": 75, "moderate": 71}}``.
    target
        Shares (0 to 1) to compare with: by level of a composition, or one number for a binary characteristic.
    nonparticipants
        The same characteristics of those who did not take part: participants are compared by standardised differences.
    declined
        Reasons for declining and their counts.
    components
        What overrides or completes the checklist: by component an evidence text, or (status, evidence).
    confidence_level, interval
        Of all shares: `"wilson"`, `"clopper-pearson"`, `"jeffreys"` or `"agresti-coull"`.

    Returns
    -------
    ReachResult

    Notes
    -----
    Reach in the sense of RE-AIM is participating of eligible and offered; where either was not reported there is no
    reach,
    whatever else is known. Intervals of a composition are simultaneous (Goodman 1965).

    Examples
    --------
    >>> import steelyard as sy
    >>> found = sy.reach(ladder={"eligible_offered": 330, "lost": 50, "participating": 110})
    >>> print(found.reach)
    reach: 110 of 330, 33.33 % (28.46 to 38.59)
    >>> print(found.reach_with_lost)
    reach, lost in the denominator: 110 of 380, 28.95 % (24.62 to 33.70)
    """
    interval, level = checked_options(interval, confidence_level)
    if study is not None and not isinstance(study, Study):
        raise refuse(
            "not a study", at="study", got=type(study).__name__, allowed="a Study, or ladder=", remedy="Pass ladder=."
        )
    ladder = ladder if ladder is not None or study is None else study.flow
    baseline = baseline if baseline is not None or study is None else study.baseline
    flow = Flow({}, {}, (), ()) if ladder is None else read_flow(ladder)
    if not flow.counts and baseline is None and composition is None:
        raise refuse(
            "nothing to report on",
            at="ladder",
            allowed="at least one rung, a baseline table or a composition",
            remedy="Pass ladder={'recruited': 227, ...}; rungs that are unknown may be left out.",
        )
    found = ask("ladder", counts=flow.counts, level=level, method=interval)
    people = flow.counts.get("recruited", flow.counts.get("participating"))
    table = None if baseline is None else _baseline(baseline, people, level, interval)
    composed = _composition(composition, target or {}, table, level)
    return ReachResult(
        rungs=tuple(_rung(step) for step in found["steps"]),
        reach=_rate("reach", found["reach"]),
        reach_with_lost=_rate("reach, lost in the denominator", found["reach_with_lost"]),
        response=_rate("response", found["response"]),
        unaccounted=found["unaccounted"],
        reasons=flow.reasons,
        declined={str(k): count(v, f'declined, "{k}"') for k, v in (declined or {}).items()},
        baseline=table,
        composition=composed,
        representativeness=() if nonparticipants is None else _compared(table, nonparticipants, level, interval),
        components=_components(study, flow, **told_of(components)),
        others=flow.others,
        confidence_level=level,
        interval=interval,
        caveats=_caveats(flow, found, table),
        library=library_of(ladder if study is None else study.scores),
    )


def _baseline(data: Any, people: int | None, level: float, interval: str) -> BaselineTable:
    return _baseline_table(data, recruited=people, confidence_level=level, interval=interval)


# The parameters of `reach` hide these names.
_baseline_table = baseline
_components = components


def _rung(step: Mapping[str, Any]) -> RungRow:
    part = step["share"] or {"share": None, "low": None, "high": None}
    return RungRow(step["rung"], step["n"], step["of"] or "", step["of_n"], part["share"], part["low"], part["high"])


def _rate(name: str, found: Mapping[str, Any]) -> Rate:
    value = found["value"] or {"share": None, "low": None, "high": None}
    k, n = found["counts"] or (None, None)
    return Rate(name, k, n, value["share"], value["low"], value["high"], tuple(found["missing"]))


def _composition(
    given: Mapping[str, Mapping[str, int]] | None,
    target: Mapping[str, Any],
    table: BaselineTable | None,
    level: float,
) -> tuple[Composed, ...]:
    counts = {
        str(variable): {str(name): count(k, f'composition, "{variable}", "{name}"') for name, k in levels.items()}
        for variable, levels in (given or {}).items()
    }
    targets: dict[str, dict[str, float]] = {}
    for variable, wanted in target.items():
        if isinstance(wanted, Mapping):
            targets[variable] = {str(k): float(v) for k, v in wanted.items()}
            continue
        row = next((r for r in table.rows if r.variable == variable and r.kind == "binary"), None) if table else None
        if row is None or row.count is None:
            raise refuse("target of an unknown characteristic", at="target", got=repr(variable))
        counts[variable] = {"yes": row.count, "no": row.n - row.count}
        targets[variable] = {"yes": float(wanted), "no": 1 - float(wanted)}
    unknown = [name for name in targets if name not in counts]
    if unknown:
        raise refuse("target of an unknown composition", at="target", got=", ".join(unknown), allowed=", ".join(counts))
    rows: list[Composed] = []
    for variable, levels in counts.items():
        rows += _composed(variable, levels, targets.get(variable), level)
    return tuple(rows)


def _composed(
    variable: str, levels: Mapping[str, int], wanted: Mapping[str, float] | None, level: float
) -> list[Composed]:
    if wanted is not None:
        unknown = [name for name in wanted if name not in levels]
        if unknown or abs(sum(wanted.values()) - 1) > 1e-6 or any(not 0 <= v <= 1 for v in wanted.values()):
            raise refuse(
                "target shares not understood",
                at=f'target, "{variable}"',
                got=", ".join(unknown) or f"shares that add to {sum(wanted.values()):g}",
                allowed=f"shares from 0 to 1 that add to 1, of: {', '.join(levels)}",
            )
    n = sum(levels.values())
    rows = []
    for (name, k), found in zip(
        levels.items(), ask("composition", counts=list(levels.values()), level=level), strict=True
    ):
        aim = None if wanted is None else wanted.get(name, 0.0)
        status = "no target stated"
        if aim is not None:
            status = (
                "below target" if found["high"] < aim else "above target" if found["low"] > aim else "not told apart"
            )
        difference = None if aim is None else found["share"] - aim
        rows.append(
            Composed(variable, name, k, n, found["share"], found["low"], found["high"], aim, difference, status)
        )
    return rows


def _compared(table: BaselineTable | None, others: Any, level: float, interval: str) -> tuple[Compared, ...]:
    if table is None:
        raise refuse("nothing to compare non-participants with", at="nonparticipants", remedy="Pass baseline= too.")
    beside = {(r.variable, r.level): r for r in _baseline_table(others, confidence_level=level, interval=interval).rows}
    rows = []
    for row in table.rows:
        other = beside.get((row.variable, row.level))
        if other is None:
            continue
        found = ask("standardised", first=_side(row), second=_side(other))
        d = found["difference"]
        status = "neither group varies" if d is None else "alike" if abs(d) <= _RELEVANT else "different"
        rows.append(Compared(row.variable, row.level, row.n, other.n, d, found["standard_error"], status))
    if not rows:
        raise refuse(
            "no characteristic in common",
            at="nonparticipants",
            got=", ".join(sorted({v for v, _ in beside})),
            allowed=", ".join(dict.fromkeys(r.variable for r in table.rows)),
        )
    return tuple(rows)


def _side(row: Characteristic) -> dict[str, Any]:
    if row.kind == "continuous":
        return {"n": row.n, "mean": row.mean, "sd": row.sd}
    return {"n": row.n, "mean": row.share, "sd": None}


def _caveats(flow: Flow, found: Mapping[str, Any], table: BaselineTable | None) -> tuple[str, ...]:
    notes = [f"Read as rungs: {'; '.join(flow.said)}."] if flow.said else []
    absent = [RUNGS[step["rung"]].lower() for step in found["steps"] if step["n"] is None]
    if absent:
        notes.append(f"Not reported: {', '.join(absent)}.")
    if found["reach"]["value"] is None:
        notes.append("Reach cannot be computed; composition and response are not reach.")
    if found["unaccounted"]:
        notes.append(f"{found['unaccounted']} people of the target population are not accounted for.")
    for who in dict.fromkeys(one.population for one in flow.others):
        sizes = [one.n for one in flow.others if one.population == who]
        shown = " + ".join(map(str, sizes)) + (f" = {sum(sizes)}" if len(sizes) > 1 else "")
        notes.append(f"Also heard, beside the ladder: {who.replace('_', ' ')}, {shown}.")
    if table is not None and table.recruited is not None:
        sizes = [row.n for row in table.rows]
        span = str(min(sizes)) if min(sizes) == max(sizes) else f"{min(sizes)} to {max(sizes)}"
        notes.append(f"Characteristics rest on {span} of {table.recruited} people; nothing was filled in.")
    return tuple(notes)


def __dir__() -> list[str]:
    return sorted(__all__)


callable_as(__name__, reach)
