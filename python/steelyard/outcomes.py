"""Outcomes as types: what was measured on participants, and so what may be averaged, compared and regressed.

An outcome names columns of the participant file. It holds no data: pass it to `Study.site_table`, `Study.moments` or
`WeightingExperiment`, which check the columns and say row, value and remedy where they do not fit.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import ClassVar, TypeAlias

from ._result import serialisable
from .errors import refuse

__all__ = ["Binary", "Binomial", "Count", "Duration", "Effect", "Mean", "Outcome"]


def __dir__() -> list[str]:
    return sorted(__all__)


def _named(**columns: object) -> None:
    for name, column in columns.items():
        if not isinstance(column, str) or not column.strip():
            raise refuse("column not named", at=name, got=repr(column), allowed="the name of a column of participants")


@serialisable
@dataclasses.dataclass(frozen=True, slots=True)
class Binary:
    """A yes or no per participant, as `Binary("employed")`: 1, 0 or blank.

    Parameters
    ----------
    column
        The column.
    success
        The value that is a yes, for columns of two other values: `Binary("job", success=1)` where 2 is no,
        `Binary("status", success="employed")`.

    Examples
    --------
    >>> import steelyard as sy
    >>> sy.outcomes.Binary("employed").columns
    ('employed',)
    """

    column: str
    success: str | float | None = None
    kind: ClassVar[str] = "binary"

    def __post_init__(self) -> None:
        _named(column=self.column)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return (self.column,)

    def __str__(self) -> str:
        return self.column


@serialisable
@dataclasses.dataclass(frozen=True, slots=True)
class Binomial:
    """k of n per row, as `Binomial("k", "n")`: for files with one row per site, or per site and arm or year.

    Examples
    --------
    >>> import steelyard as sy
    >>> str(sy.outcomes.Binomial("employed", "enrolled"))
    'employed of enrolled'
    """

    k: str
    n: str
    kind: ClassVar[str] = "binomial"

    def __post_init__(self) -> None:
        _named(k=self.k, n=self.n)
        if self.k == self.n:
            raise refuse("k and n are one column", got=repr(self.k), allowed="two different columns")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return (self.k, self.n)

    def __str__(self) -> str:
        return f"{self.k} of {self.n}"


@serialisable
@dataclasses.dataclass(frozen=True, slots=True)
class Count:
    """A count per participant over the time it was observed, as `Count("weeks", exposure="weeks_observed")`.

    Without `exposure` everybody counts as one unit of time, which is right only when all were followed equally long.

    Examples
    --------
    >>> import steelyard as sy
    >>> sy.outcomes.Count("weeks", exposure="weeks_observed").columns
    ('weeks', 'weeks_observed')
    """

    column: str
    exposure: str | None = None
    kind: ClassVar[str] = "count"

    def __post_init__(self) -> None:
        _named(column=self.column)
        if self.exposure is not None:
            _named(exposure=self.exposure)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return (self.column,) if self.exposure is None else (self.column, self.exposure)

    def __str__(self) -> str:
        return self.column if self.exposure is None else f"{self.column} per {self.exposure}"


@serialisable
@dataclasses.dataclass(frozen=True, slots=True)
class Duration:
    """Time to an event, as `Duration("days", event="employed")`.

    `event` is 1 where the time ended with the event, 0 where follow-up ended first. Without it a blank duration cannot
    be told from a participant who never worked, and is refused.

    Parameters
    ----------
    column
        The time. Blank is allowed where `event` is 0 and `follow_up` says how long the participant was observed.
    event
        Column of 0 and 1; None: everybody had the event.
    follow_up
        Column with the time under observation.
    horizon
        End of the restricted mean, in the unit of the time. None: the shortest of the sites' longest follow-ups, so
        that every site reaches it.
    intervals
        Cut-points of the discrete-time hazard, from 0; empty: four equal parts of the horizon.

    Examples
    --------
    >>> import steelyard as sy
    >>> str(sy.outcomes.Duration("days", event="employed", horizon=365))
    'days until employed'
    """

    column: str
    event: str | None = None
    follow_up: str | None = None
    horizon: float | None = None
    intervals: tuple[float, ...] = ()
    kind: ClassVar[str] = "duration"

    def __post_init__(self) -> None:
        _named(column=self.column)
        for name in ("event", "follow_up"):
            if getattr(self, name) is not None:
                _named(**{name: getattr(self, name)})
        if self.follow_up is not None and self.event is None:
            raise refuse("follow_up without event", at="Duration", remedy='Name the event column: event="employed".')
        if self.horizon is not None and not 0 < self.horizon < float("inf"):
            raise refuse("horizon not allowed", got=self.horizon, allowed="a positive number")
        object.__setattr__(self, "intervals", _ascending(self.intervals))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return tuple(name for name in (self.column, self.event, self.follow_up) if name is not None)

    def __str__(self) -> str:
        return self.column if self.event is None else f"{self.column} until {self.event}"


def _ascending(cuts: Sequence[float]) -> tuple[float, ...]:
    values = tuple(float(x) for x in cuts)
    if values and (len(values) < 2 or values[0] != 0 or any(a >= b for a, b in itertools.pairwise(values))):
        raise refuse("intervals not allowed", got=values, allowed="ascending cut-points that begin with 0")
    return values


@serialisable
@dataclasses.dataclass(frozen=True, slots=True)
class Mean:
    """A number per participant, as `Mean("hours")`.

    Examples
    --------
    >>> import steelyard as sy
    >>> sy.outcomes.Mean("hours").kind
    'mean'
    """

    column: str
    kind: ClassVar[str] = "mean"

    def __post_init__(self) -> None:
        _named(column=self.column)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return (self.column,)

    def __str__(self) -> str:
        return self.column


Simple: TypeAlias = "Binary | Binomial | Count | Duration | Mean"

_MEASURES = {
    "binary": ("risk difference", "log odds ratio"),
    "binomial": ("risk difference", "log odds ratio"),
    "count": ("log rate ratio",),
    "duration": ("difference in restricted means",),
    "mean": ("difference in means",),
}


@serialisable
@dataclasses.dataclass(frozen=True, slots=True)
class Effect:
    """The effect of an arm within each site: treated against control people of the same place.

    A site's rate mixes what the programme does with its local labour market; the difference to those who got treatment
    as usual at the same site removes what both arms share.

    Parameters
    ----------
    outcome
        Any other outcome.
    arm
        The column that tells treatment from control.
    treated
        The label of the treated arm; None when it is recognised (1, `treatment`, `intervention`, `ips`, ...).
    measure
        For yes/no outcomes `"risk difference"` (default: it keeps its meaning over sites and needs no correction for
        rates of 0 and 1) or `"log odds ratio"`; others have one measure each.

    Examples
    --------
    >>> import steelyard as sy
    >>> effect = sy.outcomes.Effect(sy.outcomes.Binary("employed"), arm="arm")
    >>> effect.measure, str(effect)
    ('risk difference', 'risk difference of employed by arm')
    """

    outcome: Simple
    arm: str = "arm"
    treated: str | None = None
    measure: str = ""
    kind: ClassVar[str] = "effect"

    def __post_init__(self) -> None:
        if not isinstance(self.outcome, (Binary, Binomial, Count, Duration, Mean)):
            raise refuse(
                "outcome of an effect not understood",
                got=repr(self.outcome),
                allowed="Binary, Binomial, Count, Duration or Mean, as Effect(Binary('employed'), arm='arm')",
            )
        _named(arm=self.arm)
        allowed = _MEASURES[self.outcome.kind]
        if not self.measure:
            object.__setattr__(self, "measure", allowed[0])
        elif self.measure not in allowed:
            raise refuse(
                "measure not known", at="Effect", got=repr(self.measure), allowed=", ".join(map(repr, allowed))
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return (*self.outcome.columns, self.arm)

    def __str__(self) -> str:
        return f"{self.measure} of {self.outcome} by {self.arm}"


Outcome: TypeAlias = "Binary | Binomial | Count | Duration | Mean | Effect"
KINDS = (Binary, Binomial, Count, Duration, Mean, Effect)
