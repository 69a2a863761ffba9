"""Reach: the ladder of denominators, composition, representativeness, and what selection can do to later numbers."""

from __future__ import annotations

import dataclasses
from typing import Any

from ._frames import frame_in
from ._html import listed, table
from ._reach_baseline import BaselineTable
from ._reach_components import Components
from ._reach_ladder import RUNGS, Stage
from ._result import Result, serialisable
from ._shares import ask, checked_options, count
from .errors import refuse

_NOT_REPORTED = "not reported"


@serialisable
@dataclasses.dataclass(frozen=True)
class RungRow:
    """One rung: people, or None where it was not reported; its share of the nearest reported rung above."""

    rung: str
    n: int | None
    of: str
    of_n: int | None
    share: float | None
    low: float | None
    high: float | None


@serialisable
@dataclasses.dataclass(frozen=True)
class Rate:
    """A rate of the ladder with its interval; `missing` names the rungs that it needs and that were not reported."""

    name: str
    k: int | None
    n: int | None
    share: float | None
    low: float | None
    high: float | None
    missing: tuple[str, ...]

    def __str__(self) -> str:
        if self.share is None or self.low is None or self.high is None:
            return f"{self.name}: {_NOT_REPORTED} (needs {', '.join(RUNGS[r].lower() for r in self.missing)})"
        ends = f"{100 * self.low:.2f} to {100 * self.high:.2f}"
        return f"{self.name}: {self.k} of {self.n}, {100 * self.share:.2f} % ({ends})"


@serialisable
@dataclasses.dataclass(frozen=True)
class Composed:
    """A category of a composition: its share with a simultaneous interval, and the stated target."""

    variable: str
    level: str
    k: int
    n: int
    share: float
    low: float
    high: float
    target: float | None
    difference: float | None
    status: str


@serialisable
@dataclasses.dataclass(frozen=True)
class Compared:
    """A characteristic of participants beside non-participants, as a standardised difference."""

    variable: str
    level: str
    n: int
    n_others: int
    difference: float | None
    standard_error: float | None
    status: str


@dataclasses.dataclass(frozen=True, repr=False)
class SelectionBounds(Result):
    """What a result among those who answered can be further up the ladder, without any assumption on the others.

    Attributes
    ----------
    k, n : int
    rows : tuple of dict
        Per rung: `of, total, low, high, outer_low, outer_high, tipping`; `tipping` is the share among the others
        at which the share among all is `cut`.
    cut : float
    """

    k: int
    n: int
    cut: float
    rows: tuple[dict[str, Any], ...]
    confidence_level: float
    library: str = "pandas"

    def tidy(self) -> Any:
        """Return one row per rung."""
        return frame_in({name: [row[name] for row in self.rows] for name in self.rows[0]}, self.library)

    def __repr__(self) -> str:
        lines = [f"{self.k} of {self.n}, {100 * self.k / self.n:.1f} %, carried up the ladder"]
        lines += [f"  {self._words(row)}" for row in self.rows]
        return "\n".join(lines)

    def _words(self, row: dict[str, Any]) -> str:
        told = f"of {row['total']} {RUNGS[row['of']].lower()}: {100 * row['low']:.1f} to {100 * row['high']:.1f} %"
        if row["tipping"] is None:
            return f"{told}; {100 * self.cut:g} % is beyond any share among the others"
        return f"{told}; {100 * self.cut:g} % when {100 * row['tipping']:.1f} % of the others say so"

    def _html(self) -> str:
        rows = [
            (RUNGS[r["of"]], r["total"], 100 * r["low"], 100 * r["high"], 100 * r["outer_low"], 100 * r["outer_high"])
            for r in self.rows
        ]
        heads = ["Carried to", "People", "Lowest %", "Highest %", "with sampling error", "with sampling error"]
        return table(repr(self).splitlines()[0], heads, rows, digits=1, note="No assumption on who answers.")


@dataclasses.dataclass(frozen=True, repr=False)
class ReachResult(Result):
    """Who was reached.

    Attributes
    ----------
    rungs : tuple of RungRow
        All eight, from the target population down.
    reach, reach_with_lost, response : Rate
        Participating of eligible and offered; the same with the lost in the denominator; responding of recruited.
    unaccounted : int or None
        People of the target population whose way is not told.
    reasons : dict
        Reasons of exclusion and their counts.
    declined : dict
        Reasons for declining and their counts.
    baseline : BaselineTable or None
    composition : tuple of Composed
    representativeness : tuple of Compared
    components : Components
    others : tuple of Stage
        Stages that are no rungs, such as focus groups of providers.
    confidence_level : float
    interval : str
    caveats : tuple of str
    """

    rungs: tuple[RungRow, ...]
    reach: Rate
    reach_with_lost: Rate
    response: Rate
    unaccounted: int | None
    reasons: dict[str, int]
    declined: dict[str, int]
    baseline: BaselineTable | None
    composition: tuple[Composed, ...]
    representativeness: tuple[Compared, ...]
    components: Components
    others: tuple[Stage, ...]
    confidence_level: float
    interval: str
    caveats: tuple[str, ...]
    library: str = "pandas"

    @property
    def ladder(self) -> Any:
        """One row per rung; `n` is None where a rung was not reported."""
        names = [f.name for f in dataclasses.fields(RungRow)]
        return frame_in({name: [getattr(row, name) for row in self.rungs] for name in names}, self.library)

    def tidy(self) -> Any:
        """Return one row per rate and per reported rung: `term, k, n, estimate, conf_low, conf_high`.

        Examples
        --------
        >>> import steelyard as sy
        >>> rows = sy.reach(sy.datasets.norway_ips()).tidy().set_index("term")
        >>> rows.loc["response", ["k", "n", "estimate"]].round(4).tolist()
        [96.0, 227.0, 0.4229]
        """
        rows: list[tuple[Any, ...]] = [(r.name, r.k, r.n, r.share, r.low, r.high) for r in self._rates()]
        rows += [
            (f"{row.rung} of {row.of}", row.n, row.of_n, row.share, row.low, row.high)
            for row in self.rungs
            if row.share is not None
        ]
        names = ("term", "k", "n", "estimate", "conf_low", "conf_high")
        return frame_in(dict(zip(names, zip(*rows, strict=True), strict=True)), self.library)

    def _rates(self) -> tuple[Rate, Rate, Rate]:
        return self.reach, self.reach_with_lost, self.response

    def bounds(self, k: int, n: int, *, cut: float = 0.5) -> SelectionBounds:
        """Carry k of n up the ladder: what the share could be among everyone on each reported rung with at least n.

        Parameters
        ----------
        k, n
            A result among those who answered or were interviewed.
        cut
            Where a conclusion would change; the share among the others that would do it is given.

        Examples
        --------
        >>> import steelyard as sy
        >>> sy.reach(sy.datasets.norway_ips()).bounds(71, 77)
        71 of 77, 92.2 %, carried up the ladder
          of 96 responding to the survey: 74.0 to 93.8 %; 50 % is beyond any share among the others
          of 227 recruited: 31.3 to 97.4 %; 50 % when 28.3 % of the others say so
        """
        k, n = count(k, "k"), count(n, "n")
        _, level = checked_options(self.interval, self.confidence_level)
        if not 0 <= cut <= 1:
            raise refuse("cut not allowed", at="cut", got=cut, allowed="a share, 0 to 1")
        rows = []
        for row in reversed(self.rungs):
            if row.n is None or row.n < n or row.rung in ("excluded", "lost"):
                continue
            found = ask("bounds", k=k, n=n, total=row.n, level=level, method=self.interval, cut=cut)
            rows.append({"of": row.rung, **found})
        if not rows:
            ask("share", k=k, n=n, level=level, method=self.interval)
            raise refuse(
                "no rung has so many people",
                at="bounds",
                got=n,
                allowed=f"at most {max((r.n for r in self.rungs if r.n is not None), default=0)}",
                remedy="n is the number of people who answered: give the larger rung to sy.reach.",
            )
        return SelectionBounds(k, n, cut, tuple(rows), level, self.library)

    def __repr__(self) -> str:
        lines = ["Reach"]
        for row in self.rungs:
            lines.append(f"  {RUNGS[row.rung]}: {_cell(row)}")
        lines += [f"  {rate}" for rate in self._rates()]
        for why, n in self.reasons.items():
            lines.append(f"  excluded, {why}: {n}")
        if self.baseline is not None:
            lines.append(f"  {self.baseline._caption()}")
        return "\n".join(lines + [f"  note: {text}" for text in self.caveats])

    def _html(self) -> str:
        rows = [(RUNGS[row.rung], *_columns(row)) for row in self.rungs]
        parts = [
            table(
                "Reach: the ladder of denominators",
                ["Rung", "People", "Share", f"{100 * self.confidence_level:g} % interval"],
                rows,
                note="; ".join(str(rate) for rate in self._rates())
                + ". Rungs that were not reported are not filled in.",
            )
        ]
        if self.composition:
            parts.append(self._composition_html())
        if self.representativeness:
            parts.append(self._representativeness_html())
        if self.baseline is not None:
            parts.append(self.baseline._html())
        parts.append(self.components._html())
        body = "".join(parts)
        return body + listed(self.caveats)

    def _composition_html(self) -> str:
        rows = [
            (
                f"{c.variable}: {c.level}",
                f"{c.k} of {c.n}",
                f"{100 * c.share:.1f} ({100 * c.low:.1f} to {100 * c.high:.1f})",
                "–" if c.target is None else f"{100 * c.target:.1f}",
                c.status,
            )
            for c in self.composition
        ]
        heads = ["Category", "People", "% (simultaneous interval)", "Target %", "Compared"]
        return table("Composition", heads, rows)

    def _representativeness_html(self) -> str:
        rows = [
            (f"{c.variable}{': ' + c.level if c.level else ''}", c.n, c.n_others, c.difference, c.status)
            for c in self.representativeness
        ]
        heads = ["Characteristic", "Participants", "Others", "Difference in SDs", "Read as"]
        return table("Participants beside non-participants", heads, rows, digits=2)

    def plot(self, ax: Any = None) -> Any:
        """Draw the ladder: a bar per rung, a dashed outline where nothing was reported.

        Examples
        --------
        >>> import steelyard as sy
        >>> ax = sy.reach(sy.datasets.norway_ips()).plot()
        >>> len(ax.get_yticklabels())
        8
        """
        from ._reach_plots import draw_ladder

        return draw_ladder(self, ax)


def _cell(row: RungRow) -> str:
    if row.n is None:
        return _NOT_REPORTED
    if row.share is None:
        return str(row.n)
    return f"{row.n} ({100 * row.share:.1f} % of {RUNGS[row.of].lower()})"


def _columns(row: RungRow) -> tuple[str, str, str]:
    if row.n is None:
        return _NOT_REPORTED, "–", "–"
    if row.share is None or row.low is None or row.high is None:
        return str(row.n), "–", "–"
    share = f"{100 * row.share:.1f} % of {RUNGS[row.of].lower()}"
    return str(row.n), share, f"{100 * row.low:.1f} to {100 * row.high:.1f} %"
