"""For whom: estimates in subgroups, the difference between them, and what several looks at once do to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from . import _core
from ._brief import brief
from ._cells import is_blank, label, numbers
from ._frames import columns_of, frame_in, library_of
from ._html import number, table
from ._reach_by_site import by_site
from ._result import Result, serialisable
from ._shares import ask, checked_options, share
from .errors import refuse

# A moderator with more subgroups than this is taken for a measurement.
_MOST_LEVELS = 10


@serialisable
@dataclasses.dataclass(frozen=True)
class Subgroup:
    """A subgroup of one moderator.

    Attributes
    ----------
    moderator, level : str
    n, n_control : int
        People with an outcome (in the programme, and in the control arm where there is one).
    estimate, std_error, low, high : float or None
        Mean of the outcome, or difference between the arms.
    difference, difference_low, difference_high, p_value : float or None
        From the first subgroup: the interaction; None for the first itself.
    status, difference_status : str
        `"ok"`, or why there is no interval.
    """

    moderator: str
    level: str
    n: int
    n_control: int
    estimate: float | None
    std_error: float | None
    low: float | None
    high: float | None
    status: str
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    p_value: float | None
    difference_status: str


@serialisable
@dataclasses.dataclass(frozen=True)
class Tested:
    """The test of one moderator: the smallest p of its contrasts times their number, and Holm's over moderators."""

    moderator: str
    p_value: float | None
    p_adjusted: float | None


@dataclasses.dataclass(frozen=True, repr=False)
class Moderators(Result):
    """Estimates for whom.

    Attributes
    ----------
    subgroups : tuple of Subgroup
    tests : tuple of Tested
    what : str
        What is estimated.
    uncertainty : str
        How intervals were made.
    confidence_level : float
    """

    subgroups: tuple[Subgroup, ...]
    tests: tuple[Tested, ...]
    what: str
    uncertainty: str
    confidence_level: float
    library: str = "pandas"

    def tidy(self) -> Any:
        """Return one row per subgroup."""
        names = [f.name for f in dataclasses.fields(Subgroup)]
        return frame_in({name: [getattr(row, name) for row in self.subgroups] for name in names}, self.library)

    def __repr__(self) -> str:
        lines = []
        for test in self.tests:
            told = "not tested" if test.p_value is None else f"p = {test.p_value:.3g}, adjusted {test.p_adjusted:.3g}"
            lines.append(f"  {test.moderator}: {told}")
            for row in self.subgroups:
                if row.moderator == test.moderator:
                    lines.append(f"    {row.level}: {_estimate(row)}")
        return "\n".join([f"{self.what} by subgroup; {self.uncertainty}", *brief(lines), f"  note: {_CAVEAT}"])

    def _html(self) -> str:
        adjusted = {test.moderator: test for test in self.tests}
        rows = [
            (
                f"{row.moderator}: {row.level}",
                row.n if not row.n_control else f"{row.n} and {row.n_control}",
                _estimate(row),
                "–" if row.difference is None else f"{number(row.difference)} ({_ends(row)})",
                adjusted[row.moderator].p_adjusted,
            )
            for row in self.subgroups
        ]
        heads = ["Subgroup", "n", self.what, "Difference from the first", "Adjusted p of the moderator"]
        return table(f"For whom: {self.uncertainty}", heads, rows, note=_CAVEAT)


_CAVEAT = (
    "Subgroups are compared by their difference (interaction), never by which of them is significant. Unless they were "
    "named beforehand this is exploration."
)


def _estimate(row: Subgroup) -> str:
    if row.estimate is None:
        return row.status
    if row.low is None or row.high is None:
        return f"{number(row.estimate)} ({row.status})"
    return f"{number(row.estimate)} ({number(row.low)} to {number(row.high)})"


def _ends(row: Subgroup) -> str:
    if row.difference_low is None or row.difference_high is None:
        return row.difference_status
    return f"{number(row.difference_low)} to {number(row.difference_high)}"


def moderators(
    data: Any,
    outcome: str,
    moderators: list[str] | tuple[str, ...] | str,
    *,
    arm: str | None = None,
    site: str | None = None,
    reference: Mapping[str, Any] | None = None,
    confidence_level: float = 0.95,
) -> Moderators:
    """Estimate the outcome, or the effect of an arm, in subgroups, and test whether these differ.

    Parameters
    ----------
    data
        A frame, one row per participant.
    outcome
        Column: 0/1 or a number; blank where it is missing (counted out).
    moderators
        Columns with few values each; cut a measurement into groups that were fixed beforehand.
    arm
        Column of 0/1: 1 in the programme. Then estimates are differences between the arms.
    site
        Column of sites: intervals are then those of `sy.regress` by site (CR2, Satterthwaite's degrees of freedom).
        None: people are taken as independent (differences by Welch, shares of a 0/1 outcome by Wilson).
    reference
        By moderator the subgroup that others are compared with; the first in order when absent.
    confidence_level
        Of the intervals.

    Returns
    -------
    Moderators

    Notes
    -----
    A moderator's p-value is the smallest of its contrasts times their number (Bonferroni); over moderators these are
    adjusted by Holm (1979). With sites each contrast is the saturated regression on subgroup (and arm, and their
    product): Bell and McCaffrey (2002); Pustejovsky and Tipton (2018), doi:10.1080/07350015.2016.1247004. A subgroup
    that exists at one site only has no interval by site, and this is said.

    Examples
    --------
    >>> import steelyard as sy
    >>> people = {"job": [1, 1, 0, 1, 0, 0, 1, 0], "sex": ["f", "f", "f", "f", "m", "m", "m", "m"]}
    >>> found = sy.reach.moderators(people, "job", "sex")
    >>> found.subgroups[1].difference, round(found.tests[0].p_value, 3)
    (-0.5, 0.207)
    """
    _, level = checked_options("wilson", confidence_level)
    columns = columns_of(data)
    names = [moderators] if isinstance(moderators, str) else list(moderators)
    wanted = [outcome, *names, *(x for x in (arm, site) if x is not None)]
    missing = [name for name in wanted if name not in columns]
    if missing or not names:
        raise refuse(
            "unknown column" if missing else "no moderator",
            at="data",
            got=", ".join(missing) or None,
            allowed=", ".join(columns),
        )
    values = numbers(np.asarray(columns[outcome]), lambda row: f'row {row + 1}, column "{outcome}"')
    arms = None if arm is None else _arm(columns[arm], arm)
    sites = None if site is None else _codes([label(x) for x in columns[site].tolist()], site)
    rows: list[Subgroup] = []
    smallest: list[float | None] = []
    for name in names:
        levels = [None if is_blank(x) else label(x) for x in columns[name].tolist()]
        own, p = _one(name, levels, (reference or {}).get(name), values, arms, sites, level)
        rows += own
        smallest.append(p)
    adjusted = ask("holm", p=smallest)
    return Moderators(
        subgroups=tuple(rows),
        tests=tuple(Tested(n, p, a) for n, p, a in zip(names, smallest, adjusted, strict=True)),
        what=f"mean of {outcome}" if arm is None else f"difference in {outcome} between arms",
        uncertainty="people taken as independent (Welch, shares by Wilson)"
        if site is None
        else "CR2 by site, Satterthwaite's degrees of freedom",
        confidence_level=level,
        library=library_of(data),
    )


def _arm(cells: Any, name: str) -> list[bool]:
    values = [label(x) for x in cells.tolist()]
    wrong = next((i for i, value in enumerate(values) if value.casefold() not in ("0", "1", "true", "false")), None)
    if wrong is not None:
        raise refuse(
            "arm is not 0 or 1", at=f'row {wrong + 1}, column "{name}"', got=f'"{values[wrong]}"', allowed="0, 1"
        )
    arms = [value.casefold() in ("1", "true") for value in values]
    if len(set(arms)) < 2:
        raise refuse("one arm", at=f'column "{name}"', remedy="Leave arm out to compare the subgroups themselves.")
    return arms


def _codes(labels: list[str], name: str) -> list[int]:
    if "" in labels:
        raise refuse(
            "person without a site", at=f'row {labels.index("") + 1}, column "{name}"', remedy="Give the site."
        )
    order = {one: i for i, one in enumerate(dict.fromkeys(labels))}
    if len(order) < 2:
        raise refuse(
            "one site", at=f'column "{name}"', remedy="Leave site out, and say that all people are of one site."
        )
    return [order[one] for one in labels]


def _one(
    name: str,
    cells: list[str | None],
    first: Any,
    values: Any,
    arms: list[bool] | None,
    sites: list[int] | None,
    level: float,
) -> tuple[list[Subgroup], float | None]:
    levels = sorted({cell for cell in cells if cell is not None})
    if first is not None and label(first) not in levels:
        raise refuse("unknown subgroup", at=f'reference, "{name}"', got=repr(first), allowed=", ".join(levels))
    if not 2 <= len(levels) <= _MOST_LEVELS:
        raise refuse(
            "moderator with one subgroup" if len(levels) < 2 else "moderator with too many subgroups",
            at=f'column "{name}"',
            got=len(levels),
            allowed=f"2 to {_MOST_LEVELS}",
            remedy="Cut a measurement into groups that were fixed beforehand." if len(levels) > 2 else "Leave it out.",
        )
    if first is not None:
        levels = [label(first), *(one for one in levels if one != label(first))]
    at = {one: i for i, one in enumerate(levels)}
    coded = [None if cell is None else at[cell] for cell in cells]
    if sites is None:
        found = _core.describe_moderators(values, arms, coded, len(levels), level)
    else:
        found = by_site(values, arms, sites, coded, len(levels), level)
    rows = [_subgroup(name, one, told) for one, told in zip(levels, found, strict=True)]
    if arms is None and sites is None and set(values[~np.isnan(values)].tolist()) <= {0.0, 1.0}:
        rows = [_as_share(row, level) for row in rows]
    tested = [row.p_value for row in rows if row.p_value is not None]
    return rows, min(1.0, (len(levels) - 1) * min(tested)) if tested else None


def _as_share(row: Subgroup, level: float) -> Subgroup:
    """Give the share of a 0/1 outcome Wilson's interval, which stays inside 0 to 1."""
    if row.n == 0 or row.estimate is None:
        return row
    found = share(round(row.estimate * row.n), row.n, level)
    return dataclasses.replace(row, low=found["low"], high=found["high"], status="ok")


def _subgroup(name: str, level: str, told: Mapping[str, Any]) -> Subgroup:
    effect, interaction = told["effect"], told["interaction"] or {}
    return Subgroup(
        moderator=name,
        level=level,
        n=told["n"][0],
        n_control=told["n"][1],
        estimate=effect["estimate"],
        std_error=effect["standard_error"],
        low=effect["low"],
        high=effect["high"],
        status=effect["status"],
        difference=interaction.get("estimate"),
        difference_low=interaction.get("low"),
        difference_high=interaction.get("high"),
        p_value=interaction.get("p"),
        difference_status=interaction.get("status", ""),
    )
