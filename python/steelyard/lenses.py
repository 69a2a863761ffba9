"""Lenses: rules by which quantitative findings select themes. Every decision is logged with its reason.

>>> import steelyard as sy
>>> lens = sy.lenses.Rank(lowest=3) | sy.lenses.Spread(at_least=3)
>>> print(lens)
any of: the 3 lowest and the 0 highest in points, ties kept; a range between sites of at least 3
"""

from __future__ import annotations

import dataclasses
import json
import numbers
from collections.abc import Iterable
from typing import Any, Self

from . import _core
from ._brief import brief
from ._frames import frame_like
from ._html import table
from ._long import Progress, run_long
from ._parts import plain
from ._random import RNG, seed_of
from ._result import Result, serialisable
from .errors import refuse
from .findings import Finding

__all__ = [
    "AllOf",
    "AnyOf",
    "Change",
    "Cut",
    "Gap",
    "IntervalExcludes",
    "Lens",
    "Override",
    "OwnCuts",
    "Rank",
    "Selection",
    "Shortfall",
    "Spread",
    "Stability",
    "ThresholdCheck",
    "threshold_check",
]


def __dir__() -> list[str]:
    return sorted(__all__)


@serialisable
@dataclasses.dataclass(frozen=True)
class Override:
    """A decision by hand: which finding, selected or not, why, and by whom; the reason is printed."""

    finding: str
    selected: bool
    reason: str
    by: str | None = None


@dataclasses.dataclass(frozen=True)
class Lens:
    """Base of all lenses."""

    overrides: tuple[Override, ...] = dataclasses.field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            value = getattr(self, name, None)
            if value is not None and (isinstance(value, bool) or not isinstance(value, numbers.Real)):
                raise refuse("cut that is not a number", at=name, got=repr(value), allowed="a number, or None")
        _core.lens_words(self._document())

    def _rule(self) -> dict[str, Any]:
        raise TypeError("Lens is a base: use Cut, Rank, Spread, ...")

    def _document(self) -> str:
        return json.dumps({"rule": self._rule(), "overrides": plain(self.overrides)})

    def __str__(self) -> str:
        return _core.lens_words(self._document())

    def __or__(self, other: Lens) -> AnyOf:
        return AnyOf((self, other))

    def __and__(self, other: Lens) -> AllOf:
        return AllOf((self, other))

    def override(self, finding: str, *, selected: bool, reason: str, by: str | None = None) -> Self:
        """Return the lens with one decision by hand.

        Examples
        --------
        >>> import steelyard as sy
        >>> lens = sy.lenses.Cut(low=3).override("team_integration", selected=True, reason="The main question.")
        >>> lens.overrides[0].reason
        'The main question.'
        """
        return dataclasses.replace(self, overrides=(*self.overrides, Override(finding, selected, reason, by)))

    @staticmethod
    def from_document(told: dict[str, Any]) -> Lens:
        """Build a lens from its plain form, as the JSON of a display holds it."""
        return dataclasses.replace(_rule_of(told["rule"]), overrides=tuple(Override(**o) for o in told["overrides"]))

    def select(self, findings: Iterable[Finding]) -> Selection:
        """Apply the lens and return its log."""
        told = tuple(findings)
        log = _core.lens_select(self._document(), json.dumps([plain(f) for f in told]))
        return Selection(lens=str(self), findings=told, log=tuple(log))

    def stability(
        self,
        findings: Iterable[Finding],
        *,
        n_resamples: int = 9999,
        rng: RNG = None,
        progress: Progress = None,
    ) -> Stability:
        """Return how often the rule selects each finding over resampled sites and respondents.

        Means over sites are recomputed from resampled sites, shares from resampled respondents; overrides are set
        aside, and everything else (gaps, changes, importance) is held. With few sites everything is enumerated, shares
        by the binomial law, as long as the rule judges findings one by one; else replicates are drawn. The frequency
        says how stable a selection is; it is no probability that a finding matters, and for a census of sites it asks
        what would have been selected had these sites been a sample.

        Parameters
        ----------
        findings
            What is judged.
        n_resamples
            Replicates, where they are drawn.
        rng
            An int, a NumPy Generator, or None.
        progress
            None: a bar after one second; False: none; or a callable.

        Examples
        --------
        >>> import steelyard as sy
        >>> found = sy.findings.item_means([[2], [4]], cuts=(3, None))
        >>> stability = sy.lenses.Cut(low=3).stability(found)
        >>> stability.enumerated, stability.frequency["item_1"]
        (True, 0.75)
        """
        told = tuple(findings)
        if isinstance(n_resamples, bool) or not isinstance(n_resamples, int) or not 1 <= n_resamples <= 10**8:
            raise refuse(
                "number of resamples not allowed", at="n_resamples", got=repr(n_resamples), allowed="1 to 10**8"
            )

        def finish(raw: dict[str, Any]) -> Stability:
            return Stability(
                str(self), told, tuple(raw["findings"]), raw["enumerated"], raw["n_resamples"], raw["seed"]
            )

        document = json.dumps([plain(f) for f in told], ensure_ascii=False)
        done: Stability = run_long(
            _core.lens_stability,
            self._document(),
            document,
            n_resamples,
            seed_of(rng),
            progress=progress,
            description="stability of the lens",
            finish=finish,
        )
        return done


def _closed(lens: Lens, **fields: Any) -> dict[str, Any]:
    return {"rule": _NAMES[type(lens)], **fields}


@serialisable
@dataclasses.dataclass(frozen=True)
class Cut(Lens):
    """Select values at or below `low`, or at or above `high` (closed cuts).

    A finding in another unit than `unit` is judged by its own cuts; where it has none, the log says so.
    """

    low: float | None = None
    high: float | None = None
    unit: str = "points"

    def _rule(self) -> dict[str, Any]:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise refuse(
                "cuts the wrong way round",
                at="low",
                got=f"{self.low:g}, above high {self.high:g}",
                allowed="low <= high",
            )
        return _closed(self, low=self.low, high=self.high, unit=self.unit)


@serialisable
@dataclasses.dataclass(frozen=True)
class OwnCuts(Lens):
    """Select by each finding's own cuts."""

    def _rule(self) -> dict[str, Any]:
        return _closed(self)


@serialisable
@dataclasses.dataclass(frozen=True)
class Rank(Lens):
    """Select the lowest and the highest values in one unit; ties at the last place are kept."""

    lowest: int = 0
    highest: int = 0
    unit: str = "points"

    def _rule(self) -> dict[str, Any]:
        for name in ("lowest", "highest"):
            count = getattr(self, name)
            if isinstance(count, bool) or not isinstance(count, int) or count < 0:
                raise refuse("number of places not allowed", at=name, got=repr(count), allowed="an int, 0 or more")
        return _closed(self, lowest=self.lowest, highest=self.highest, unit=self.unit)


@serialisable
@dataclasses.dataclass(frozen=True)
class IntervalExcludes(Lens):
    """Select findings whose whole interval lies at or below `low`, or at or above `high`."""

    low: float | None = None
    high: float | None = None
    unit: str = "points"

    def _rule(self) -> dict[str, Any]:
        return _closed(self, low=self.low, high=self.high, unit=self.unit)


@serialisable
@dataclasses.dataclass(frozen=True)
class Spread(Lens):
    """Select findings on which sites differ by `at_least`, or that any site has at or below a value."""

    at_least: float | None = None
    any_site_at_or_below: float | None = None

    def _rule(self) -> dict[str, Any]:
        return _closed(self, at_least=self.at_least, any_site_at_or_below=self.any_site_at_or_below)


@serialisable
@dataclasses.dataclass(frozen=True)
class Gap(Lens):
    """Select findings on which two groups of sites differ by `at_least`, in either direction."""

    at_least: float

    def _rule(self) -> dict[str, Any]:
        return _closed(self, at_least=self.at_least)


@serialisable
@dataclasses.dataclass(frozen=True)
class Change(Lens):
    """Select findings that changed by `at_least` since the review before."""

    at_least: float

    def _rule(self) -> dict[str, Any]:
        return _closed(self, at_least=self.at_least)


@serialisable
@dataclasses.dataclass(frozen=True)
class Shortfall(Lens):
    """Select the `highest` largest products of importance and distance to the best possible value."""

    highest: int

    def _rule(self) -> dict[str, Any]:
        return _closed(self, highest=self.highest)


@dataclasses.dataclass(frozen=True)
class _Combined(Lens):
    rules: tuple[Lens, ...] = ()

    def _rule(self) -> dict[str, Any]:
        if any(rule.overrides for rule in self.rules):
            raise refuse("override inside a combination", at="rules", remedy="Override the combination itself.")
        return _closed(self, rules=[rule._rule() for rule in self.rules])


@serialisable
@dataclasses.dataclass(frozen=True)
class AnyOf(_Combined):
    """Select what at least one of the rules selects."""


@serialisable
@dataclasses.dataclass(frozen=True)
class AllOf(_Combined):
    """Select what each of the rules selects."""


_NAMES: dict[type[Lens], str] = {
    Cut: "cut",
    OwnCuts: "own-cuts",
    Rank: "rank",
    IntervalExcludes: "interval-excludes",
    Spread: "spread",
    Gap: "gap",
    Change: "change",
    Shortfall: "shortfall",
    AnyOf: "any",
    AllOf: "all",
}


def _rule_of(told: dict[str, Any]) -> Lens:
    kinds = {name: kind for kind, name in _NAMES.items()}
    fields = {name: value for name, value in told.items() if name != "rule"}
    if "rules" in fields:
        fields["rules"] = tuple(_rule_of(x) for x in fields["rules"])
    return kinds[told["rule"]](**fields)


@dataclasses.dataclass(frozen=True, repr=False)
class Selection(Result):
    """The log of a lens: one entry per finding.

    Attributes
    ----------
    lens : str
        The rule in words.
    findings : tuple of Finding
        What was judged.
    log : tuple of dict
        `finding, selected, judged, why, cuts, signal, distance, overridden`; a negative distance is beyond the cut.
    """

    lens: str
    findings: tuple[Finding, ...]
    log: tuple[dict[str, Any], ...]

    @property
    def selected(self) -> tuple[str, ...]:
        """Ids of the selected findings."""
        return tuple(entry["finding"] for entry in self.log if entry["selected"])

    @property
    def not_selected(self) -> tuple[str, ...]:
        """Ids of the others."""
        return tuple(entry["finding"] for entry in self.log if not entry["selected"])

    def tidy(self, like: Any = None) -> Any:
        """Return one row per finding."""
        names = ("finding", "selected", "judged", "why", "signal", "distance", "overridden")
        values = {f.id: f.value for f in self.findings}
        columns = {name: [entry[name] for entry in self.log] for name in names}
        return frame_like({"value": [values[x] for x in columns["finding"]], **columns}, like)

    def __repr__(self) -> str:
        lines = [f"Selection of {len(self.selected)} of {len(self.log)} findings: {self.lens}"]
        lines += brief([f"  {e['finding']}: {e['why']}" for e in self.log if e["selected"]])
        return "\n".join(lines)

    def _html(self) -> str:
        labels = {f.id: f.label for f in self.findings}
        rows = [(labels[e["finding"]], e["selected"], e["why"], e["signal"]) for e in self.log]
        return table(f"Lens: {self.lens}", ("Finding", "Selected", "Why", "Signal"), rows)


@dataclasses.dataclass(frozen=True, repr=False)
class Stability(Result):
    """How often a lens selects each finding over resampled sites and respondents.

    Attributes
    ----------
    lens : str
        The rule in words.
    findings : tuple of Finding
        What was judged.
    entries : tuple of dict
        `finding, selected, frequency, monte_carlo_error, varied`; `varied` is `"sites"`, `"respondents"` or `"held"`.
    enumerated : bool
        Whether every configuration was visited; then the Monte Carlo error is 0.
    n_resamples : int
        Configurations visited.
    seed : int or None
        Where replicates were drawn.
    """

    lens: str
    findings: tuple[Finding, ...]
    entries: tuple[dict[str, Any], ...]
    enumerated: bool
    n_resamples: int
    seed: int | None

    @property
    def frequency(self) -> dict[str, float]:
        """Share of replicates that select each finding."""
        return {entry["finding"]: entry["frequency"] for entry in self.entries}

    def tidy(self, like: Any = None) -> Any:
        """Return one row per finding."""
        names = ("finding", "selected", "frequency", "monte_carlo_error", "varied")
        return frame_like({name: [entry[name] for entry in self.entries] for name in names}, like)

    def _how(self) -> str:
        if self.enumerated:
            return f"all {self.n_resamples} configurations visited"
        return f"{self.n_resamples} replicates drawn, seed {self.seed}"

    def __repr__(self) -> str:
        lines = []
        for entry in self.entries:
            mark = "selected" if entry["selected"] else "not selected"
            lines.append(f"  {entry['finding']}: {mark}, in {entry['frequency']:.1%} of replicates ({entry['varied']})")
        return "\n".join([f"Stability of the selection by: {self.lens} ({self._how()})", *brief(lines)])

    def _html(self) -> str:
        labels = {f.id: f.label for f in self.findings}
        rows = [(labels[e["finding"]], e["selected"], e["frequency"], e["varied"]) for e in self.entries]
        heads = ("Finding", "Selected", "Frequency", "Resampled")
        return table(f"Stability of the lens: {self.lens}", heads, rows, note=self._how() + ".")


@dataclasses.dataclass(frozen=True, repr=False)
class ThresholdCheck(Result):
    """Whether any cut, or pair of cuts, gives a selection; else the cuts that misplace fewest findings.

    Attributes
    ----------
    unit : str
        Unit of the cuts.
    reproduced : bool
        Whether some cuts give exactly the selection.
    low, high : tuple or None
        Low cuts from the first to below the second value; high cuts above the first up to the second; None: no cut.
    misplaced : tuple of (str, float)
        Findings that the best cuts place otherwise, with their values.
    compared : int
        Findings in that unit.
    """

    unit: str
    reproduced: bool
    low: tuple[float, float | None] | None
    high: tuple[float | None, float] | None
    misplaced: tuple[tuple[str, float], ...]
    compared: int

    def tidy(self) -> Any:
        """Return one row per misplaced finding; none where the selection is reproduced."""
        return frame_like({"finding": [f for f, _ in self.misplaced], "value": [v for _, v in self.misplaced]}, None)

    def __repr__(self) -> str:
        cuts = []
        if self.low is not None:
            below = "" if self.low[1] is None else f" to below {self.low[1]:g}"
            cuts.append(f"low cut from {self.low[0]:g}{below}")
        if self.high is not None:
            above = "" if self.high[0] is None else f"above {self.high[0]:g} "
            cuts.append(f"high cut {above}up to {self.high[1]:g}")
        best = " and ".join(cuts) or "no cut at all"
        if self.reproduced:
            return f"The selection among {self.compared} findings in {self.unit} is reproduced by: {best}."
        misplaced = ", ".join(f"{name} ({value:g})" for name, value in self.misplaced)
        return (
            f"No threshold reproduces the selection among {self.compared} findings in {self.unit}. "
            f"The nearest ({best}) places otherwise: {misplaced}."
        )


def threshold_check(findings: Iterable[Finding], selected: Iterable[str], *, unit: str = "points") -> ThresholdCheck:
    """Check whether any threshold reproduces a selection that somebody made, such as that of a published display.

    Parameters
    ----------
    findings
        All findings that could have been selected.
    selected
        Ids of those that were.
    unit
        Unit within which cuts are sought.

    Examples
    --------
    >>> import steelyard as sy
    >>> means = sy.findings.item_means([[1, 2, 3, 5]])
    >>> sy.lenses.threshold_check(means, ["item_1", "item_4"])
    The selection among 4 findings in points is reproduced by: low cut from 1 to below 2 and high cut above 3 up to 5.
    >>> sy.lenses.threshold_check(means, ["item_2"])
    No threshold reproduces the selection among 4 findings in points. The nearest (no cut at all) places otherwise:
    item_2 (2).
    """
    told = _core.lens_threshold(json.dumps([plain(f) for f in findings]), list(selected), unit)
    pair = {name: None if told[name] is None else tuple(told[name]) for name in ("low", "high")}
    misplaced = tuple((name, value) for name, value in told["misplaced"])
    return ThresholdCheck(told["unit"], told["reproduced"], pair["low"], pair["high"], misplaced, told["compared"])
