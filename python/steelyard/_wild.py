"""The wild cluster bootstrap test of one coefficient, and its result."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import TYPE_CHECKING, Any

from . import _core
from ._frames import frame_like
from ._html import table
from ._long import Progress, run_long, thread_count
from ._random import RNG, seed_of
from ._regress_options import CHOICES, check_level, choice
from ._result import Result, serialisable
from .errors import refuse

if TYPE_CHECKING:
    from ._regression import Regression


@serialisable
@dataclasses.dataclass(frozen=True)
class TiedPValues:
    """A p-value with ties counted in three ways."""

    strict: float
    weak: float
    mid: float


@dataclasses.dataclass(frozen=True)
class WildTest(Result):
    """A wild cluster bootstrap test of one coefficient.

    Attributes
    ----------
    term : str
        The coefficient.
    null : float
        Its value under the null.
    estimate, standard_error, statistic : float
        The t ratio is (estimate - null) / standard_error, with CV1 for variants C and S and CV3 for V and B.
    pvalue : float
        With ties counted as `ties` says.
    pvalues : TiedPValues
        `.strict`, `.weak` and `.mid`.
    confidence_set : list of (float, float) or None
        Null values that are not rejected; several intervals and infinite ends are possible.
    end_errors : tuple of float or None
        Monte Carlo standard errors of the lowest and the highest end; None where enumerated.
    monte_carlo_error : float
        Of the p-value; 0 where enumerated.
    enumerated : bool
        Whether every configuration was visited.
    draws : int
        Draws, or configurations.
    floor : float
        The smallest p that this design and law can give.
    n_undefined : float
        Draws without a t ratio (move and standard error both nothing); they count as ties.
    """

    term: str
    null: float
    estimate: float
    standard_error: float
    statistic: float
    pvalue: float
    pvalues: TiedPValues
    confidence_set: list[tuple[float, float]] | None
    confidence_level: float | None
    end_errors: tuple[float, float] | None
    monte_carlo_error: float
    enumerated: bool
    draws: int
    law: str
    variant: str
    impose_null: bool
    alternative: str
    ties: str
    floor: float
    n_undefined: float
    sites: int
    family: str
    seed: int
    data: str

    @property
    def method(self) -> str:
        """The test by its name in the literature."""
        linear = "L" if self.family == "binomial" else ""
        return f"WC{linear}{'R' if self.impose_null else 'U'}-{self.variant}"

    def tidy(self) -> Any:
        """Return one row: term, estimate, std_error, statistic, p_value, and the outer ends of the confidence set."""
        pieces = self.confidence_set or []
        return frame_like(
            {
                "term": [self.term],
                "estimate": [self.estimate],
                "std_error": [self.standard_error],
                "statistic": [self.statistic],
                "p_value": [self.pvalue],
                "conf_low": [pieces[0][0] if pieces else None],
                "conf_high": [pieces[-1][1] if pieces else None],
            },
            self._like,
        )

    def _how(self) -> str:
        number = f"{self.draws:,} configurations, enumerated" if self.enumerated else f"{self.draws:,} draws"
        return f"{self.method}, {self.law}, {number}, {self.alternative}, {self.sites} sites"

    def _set(self) -> str:
        if self.confidence_set is None:
            return "not asked for"
        if not self.confidence_set:
            return "empty"
        return " and ".join(f"{low:.4g} to {high:.4g}" for low, high in self.confidence_set)

    def _notes(self) -> list[str]:
        notes = []
        if self.floor > 0.05 * (1 + 1e-12):
            notes.append(f"this design cannot give a p below {self.floor:.3g}")
        if self.pvalues.weak - self.pvalues.strict > 0.01:
            notes.append(f"ties matter: p is {self.pvalues.strict:.4f} without them, {self.pvalues.weak:.4f} with them")
        if self.n_undefined:
            notes.append(f"{self.n_undefined:g} draws have no t ratio and count as ties")
        return notes

    def __repr__(self) -> str:
        error = "" if self.enumerated else f" (Monte Carlo error {self.monte_carlo_error:.4f})"
        lines = [
            f"{self.term} = {self.null:g}: t = {self.statistic:.4f}, p = {self.pvalue:.4f}{error}",
            f"  {self._how()}",
        ]
        if self.confidence_level is not None:
            ends = "" if self.end_errors is None else f" (Monte Carlo errors {self.end_errors[0]:.2g}, "
            ends += "" if self.end_errors is None else f"{self.end_errors[1]:.2g})"
            lines.append(f"  {self.confidence_level:.0%} confidence set: {self._set()}{ends}")
        lines += [f"  {note}" for note in self._notes()]
        return "\n".join(lines)

    def _html(self) -> str:
        rows = [
            ("estimate", self.estimate),
            ("standard error", self.standard_error),
            ("t", self.statistic),
            ("p", self.pvalue),
            ("confidence set", self._set()),
        ]
        note = "; ".join([self._how(), *self._notes()])
        return table(f"{self.term} = {self.null:g}", ("", "value"), rows, digits=4, note=note)


def wild_test(
    fit: Regression,
    place: int,
    asked: dict[str, Any],
    n_resamples: int,
    rng: RNG,
    threads: int | None,
    progress: Progress,
) -> WildTest:
    """Carry `Regression.wild_test` out; `asked` are the options that the core knows."""
    for name, allowed in CHOICES.items():
        if not (name == "law" and asked[name] is None):
            choice(name, asked[name], allowed)
    if isinstance(n_resamples, bool) or not isinstance(n_resamples, int) or not 1 <= n_resamples <= 5_000_000:
        raise refuse("n_resamples not allowed", got=repr(n_resamples), allowed="a whole number from 1 to 5,000,000")
    if not math.isfinite(asked["null"]):
        raise refuse("null value not allowed", at="null", got=repr(asked["null"]), allowed="a finite number")
    if asked["level"] is not None:
        check_level(asked["level"])
    options = asked | {
        "names": fit.names,
        "family": fit.family,
        "term": place,
        "null": float(asked["null"]),
        "n_resamples": n_resamples,
        "seed": seed_of(rng),
        "threads": thread_count(threads),
    }
    result: WildTest = run_long(
        _core.regress_wild,
        json.dumps(options),
        fit.arrays,
        progress=progress,
        description="wild cluster test",
        finish=lambda raw: wild_from(raw, options, len(fit.sites), fit.data),
    )
    return result


def wild_from(raw: dict[str, Any], options: dict[str, Any], sites: int, data: str) -> WildTest:
    """Build the public result from what the core returned."""
    p = raw["pvalues"]
    ends = raw["end_errors"]
    found = raw["confidence_set"]
    return WildTest(
        term=options["names"][options["term"]],
        null=options["null"],
        estimate=raw["estimate"],
        standard_error=raw["standard_error"],
        statistic=raw["statistic"],
        pvalue=p[options["ties"]],
        pvalues=TiedPValues(strict=p["strict"], weak=p["weak"], mid=p["mid"]),
        confidence_set=None if found is None else [(low, high) for low, high in found],
        confidence_level=options["level"],
        end_errors=None if ends is None else (ends[0], ends[1]),
        monte_carlo_error=raw["monte_carlo_error"],
        enumerated=raw["enumerated"],
        draws=raw["draws"],
        law=raw["law"],
        variant=options["variant"],
        impose_null=options["impose_null"],
        alternative=options["alternative"],
        ties=options["ties"],
        floor=raw["floor"],
        n_undefined=raw["undefined"],
        sites=sites,
        family=options["family"],
        seed=options["seed"],
        data=data,
    )
