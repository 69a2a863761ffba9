"""Importance of items: how the explained share of the outcome divides among them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._axes import axes_of
from ._brief import brief
from ._cells import label
from ._frames import frame_like
from ._html import table
from ._long import Progress, run_long, thread_count
from ._random import RNG, seed_of
from ._result import Result, data_hash
from ._rows import Rows, rows_of
from .errors import refuse
from .plans import Cluster, Stratified

Floats = NDArray[np.float64]

_METHODS = {
    "lmg": "LMG (Shapley) shares",
    "dominance": "LMG (Shapley) shares with complete dominance",
    "johnson": "Johnson's relative weights",
    "car": "CAR scores, squared",
    "pratt": "Pratt's measure",
    "first": "squared correlations (entering first)",
    "last": "increments of R2 (entering last)",
}
_GAMES = {
    "r2": "R2",
    "q2": "Q2 in left-out sites",
    "mcfadden": "McFadden's R2",
    "tjur": "Tjur's R2",
}


@dataclasses.dataclass(frozen=True)
class Importance(Result):
    """Shares of items in what all items explain; descriptive and unsigned, never a verdict.

    Attributes
    ----------
    method, game : str
        How what was divided.
    names : tuple of str
        Items, length p; all item vectors are in this order.
    shares : ndarray
        Share of each item, in units of the game. LMG, Owen, Johnson, CAR and Pratt sum to `total`.
    correlations : ndarray
        Correlation of each item with the outcome after covariates: the sign that shares do not have.
    total : float
        Value of all items together.
    status : str
        `ok`, `interpolates`, `singular` or `undefined`.
    reason : str
        Why, where the status needs a reason.
    cautions : tuple of str
        What to know before using the numbers; printed with them.
    conditional : ndarray or None
        Mean increment of each item when it enters after 0, 1, ..., p - 1 others, p x p.
    complete : ndarray or None
        Share of the subsets without i and j in which i adds more than j, p x p; 1 is complete dominance, and what is
        missing from `complete[i, j] + complete[j, i]` = 1 are ties. Up to 20 items with "lmg", up to 26 with
        "dominance".
    groups : tuple of str or None
        Group of each item, where groups were players.
    group_shares : dict or None
        Share of each group.
    standard_errors : ndarray or None
        Monte Carlo error of shares from sampled orders of entry; None where every subset was evaluated.
    conf_low, conf_high : ndarray or None
        Percentile interval over resampled sites.
    conf_low_error, conf_high_error : ndarray or None
        Monte Carlo standard errors of its ends.
    largest : ndarray or None
        Share of resamples in which the item had the largest share.
    n_resamples, n_undefined : int
        Resamples, and those in which there was nothing to divide.
    units : int
        Sites, or rows where there are none.
    """

    method: str
    game: str
    names: tuple[str, ...]
    shares: Floats
    correlations: Floats
    total: float
    status: str
    reason: str
    cautions: tuple[str, ...]
    constant: tuple[str, ...]
    conditional: Floats | None
    complete: Floats | None
    groups: tuple[str, ...] | None
    group_shares: dict[str, float] | None
    standard_errors: Floats | None
    conf_low: Floats | None
    conf_high: Floats | None
    conf_low_error: Floats | None
    conf_high_error: Floats | None
    largest: Floats | None
    confidence_level: float
    n_resamples: int
    n_undefined: int
    seed: int
    units: int
    outcome_kind: str
    data: str

    def tidy(self) -> Any:
        """Return one row per item: term, estimate (the share), percent of the total, correlation, interval if any."""
        columns: dict[str, Any] = {
            "term": self.names,
            "estimate": self.shares,
            "percent": 100 * self.shares / self.total if self.total else np.zeros_like(self.shares),
            "correlation": self.correlations,
        }
        if self.standard_errors is not None:
            columns["std_error"] = self.standard_errors
        if self.conf_low is not None and self.conf_high is not None:
            columns["conf_low"], columns["conf_high"] = self.conf_low, self.conf_high
        return frame_like(columns, self._like)

    def _title(self) -> str:
        what = "Owen values, groups as players" if self.groups is not None else _METHODS[self.method]
        return f"{what} of {_GAMES[self.game]} = {self.total:.3f}, {self.units} units: {self.status}"

    def _notes(self) -> list[str]:
        notes = [self.reason] if self.reason else []
        notes += [f"caution: {text}" for text in self.cautions]
        if self.constant:
            notes.append(f"do not vary, so that nothing can be told of them: {', '.join(self.constant)}")
        return notes

    def __repr__(self) -> str:
        width = max(map(len, self.names))
        lines = [self._title(), *(f"  {note}" for note in self._notes())]
        lines.append(f"  {'':{width}}  share   correlation")
        items = []
        for j, name in enumerate(self.names):
            line = f"  {name:{width}}  {self.shares[j]:6.3f}  {self.correlations[j]:+.2f}"
            if self.conf_low is not None and self.conf_high is not None:
                line += f"   {self.conf_low[j]:.3f} to {self.conf_high[j]:.3f}"
            items.append(line)
        lines += brief(items)
        if self.group_shares is not None:
            lines += [f"  group {name}: {share:.3f}" for name, share in self.group_shares.items()]
        return "\n".join(lines)

    def _html(self) -> str:
        head = ["item", "share", "correlation"]
        rows: list[list[Any]] = [
            [name, float(self.shares[j]), float(self.correlations[j])] for j, name in enumerate(self.names)
        ]
        if self.conf_low is not None and self.conf_high is not None:
            head += ["low", "high"]
            for j, row in enumerate(rows):
                row += [float(self.conf_low[j]), float(self.conf_high[j])]
        return table(self._title(), head, rows, note="; ".join(self._notes()))

    def plot(self, ax: Any = None) -> Any:
        """Draw a bar per item, hatched where the correlation is negative; returns the Axes."""
        ax = axes_of(ax, 6, 0.28 * len(self.names) + 1.2)
        place = np.arange(len(self.names))
        bars = ax.barh(place, self.shares, color="#31688e", edgecolor="black", linewidth=0.4)
        for bar, correlation in zip(bars, self.correlations, strict=True):
            if correlation < 0:
                bar.set_facecolor("white")
                bar.set_hatch("////")
        if self.conf_low is not None and self.conf_high is not None:
            ax.hlines(place, self.conf_low, self.conf_high, color="black", linewidth=1)
        ax.set_yticks(place, self.names)
        ax.invert_yaxis()
        ax.set_xlabel(f"share of {_GAMES[self.game]} (hatched: negative correlation)")
        ax.set_title(self._title(), fontsize="medium")
        told = "; ".join(f"{name} {share:.3f}" for name, share in zip(self.names, self.shares, strict=True))
        ax.set_label(f"{self._title()}. {told}.")
        return ax


def importance(
    items: Any,
    outcome: Any,
    *,
    method: str = "lmg",
    trials: Any = None,
    sites: Any = None,
    covariates: Any = None,
    groups: Any = None,
    game: str = "r2",
    plan: Any = None,
    n_resamples: int = 0,
    confidence_level: float = 0.95,
    rng: RNG = None,
    threads: int | None = None,
    progress: Progress = None,
) -> Importance:
    """Divide what the items explain among them.

    Parameters
    ----------
    items
        A frame, an n x p array, or a Study.
    outcome
        One number per row: a number, 0/1, or with `trials` a count k or a rate.
    method
        "lmg": mean increment over all orders of entry, exact up to 34 items, with conditional dominance and up to 20
        items complete dominance; "dominance": the same, with complete dominance up to 26 items; "johnson": relative
        weights, the cheap neighbour of LMG (equal at two items); "car", "pratt" (can be negative), "first", "last".
    trials
        Participants per row; the outcome is then k of n, and with game "r2" a rate weighted by n.
    sites
        Site of each row: what is left out and resampled. None: every row is a site.
    covariates
        Columns that are adjusted for and get no share.
    groups
        Group of each item (a mapping or one label per item): items of a group enter together, and the shares are Owen
        values, which sum to each group's share as one player. Method "lmg" and game "r2".
    game
        "r2": share of the sum of squares; "q2": the same in left-out sites, which can be negative; "mcfadden": share
        of the deviance of a logistic regression; "tjur": distance of its mean fitted probabilities. The last two take
        every subset up to 14 items, 1,000 sampled orders of entry beyond, with standard errors.
    plan
        None: sites are drawn with replacement. `sy.plans.Cluster(sites, strata)`: within strata; it brings the sites.
        `sy.plans.Stratified(strata)`: the same where every row is a site.
    n_resamples
        Resamples of sites for percentile intervals; 0 (default): none. 1,000 or more are sensible. Games other than
        "r2" are played anew each time, which is allowed up to 5 million logistic fits ("mcfadden" and "tjur": 8 items
        and 10,000 resamples come to 2.6 million) and 20 billion products ("q2"). All copies of a site are left out
        together.
    confidence_level
        Of those intervals. They are too narrow below some 20 sites, and shares cannot be negative, so that an
        interval never reaches below 0 and is no test.
    rng
        An int, a NumPy Generator, or None: fresh entropy; the seed is in the result.
    threads
        None: the cores that this process may use. They change no digit.
    progress
        None: a bar after one second in a notebook or terminal.

    Returns
    -------
    Importance
        Frozen. Never NaN: where there is nothing to divide the status says so and shares are 0.

    Raises
    ------
    InputError
        For unknown options, groups or resamples where they are not defined, too many items, or rows that do not fit.

    Notes
    -----
    With no more sites than items nearly every large subset explains everything. The shares then depend on who enters
    before the others and on nothing else; the result says so. Associations between sites are no effects on
    participants.

    References
    ----------
    Lindeman, Merenda and Gold (1980), Introduction to Bivariate and Multivariate Analysis. Budescu (1993),
    doi:10.1037/0033-2909.114.3.542. Azen and Budescu (2003), doi:10.1037/1082-989X.8.2.129. Owen (1977),
    doi:10.1007/978-3-642-45494-3_7. Johnson (2000), doi:10.1207/S15327906MBR3501_1.

    Examples
    --------
    >>> import steelyard as sy
    >>> x = [[1, 0], [2, 1], [3, 1], [4, 0], [5, 1], [6, 0], [7, 1], [8, 0], [9, 1]]
    >>> sy.importance(x, [1.0, 2.5, 3.0, 3.5, 5.5, 5.0, 8.0, 7.5, 9.5])
    LMG (Shapley) shares of R2 = 0.984, 9 units: ok
              share   correlation
      item_1   0.931  +0.97
      item_2   0.054  +0.27
    """
    _choice("method", method, _METHODS)
    _choice("game", game, _GAMES)
    if isinstance(n_resamples, bool) or not isinstance(n_resamples, int) or not 0 <= n_resamples <= 10_000_000:
        raise refuse("n_resamples not allowed", got=repr(n_resamples), allowed="a whole number from 0 to 10,000,000")
    if not 0.5 <= confidence_level < 1:
        raise refuse(
            "confidence level not allowed", got=repr(confidence_level), allowed="0.5 up to, not including, 1, as 0.95"
        )
    rows = rows_of(items, outcome, trials=trials, sites=sites, covariates=covariates)
    rows, strata = (rows, None) if plan is None else _planned(plan, rows)
    members = None if groups is None else _members(groups, rows.names)
    seed = seed_of(rng)
    labels = () if members is None else tuple(dict.fromkeys(members))
    options = {
        "method": method,
        "game": game,
        "groups": None if members is None else [labels.index(g) for g in members],
        "n_resamples": n_resamples,
        "strata": strata,
        "level": float(confidence_level),
        "seed": seed,
        "threads": thread_count(threads),
    }

    def finish(raw: dict[str, Any]) -> Importance:
        return _result(raw, rows, options, members, labels)

    result: Importance = run_long(
        _core.importance_shares,
        json.dumps(options),
        rows.items,
        rows.outcome,
        rows.trials,
        rows.sites,
        rows.covariates,
        progress=progress,
        description="importance",
        finish=finish,
    )
    return result


def _choice(name: str, value: object, allowed: Mapping[str, str]) -> None:
    if value not in allowed:
        raise refuse(f"{name} not known", at=name, got=repr(value), allowed=", ".join(map(repr, allowed)))


def _planned(plan: Any, rows: Rows) -> tuple[Rows, list[int]]:
    """Return the rows with the plan's sites, and the stratum of each site."""
    if not isinstance(plan, (Cluster, Stratified)):
        raise refuse(
            "plan not allowed",
            at="plan",
            got=type(plan).__name__,
            allowed="None, sy.plans.Cluster(sites, strata) or sy.plans.Stratified(strata)",
        )
    n = len(rows.items)
    bound = plan.bind(n, None, lambda labels, what: _per_row(labels, what, n))
    if rows.sites is not None and len(set(zip(rows.sites.tolist(), bound.units.tolist(), strict=True))) != max(
        len(bound.labels), len(set(rows.sites.tolist()))
    ):
        raise refuse(
            "plan and sites do not agree",
            at="plan",
            got=bound.what,
            remedy="Give the sites once: in the plan, or as sites.",
        )
    return dataclasses.replace(rows, sites=bound.units), bound.strata.tolist()


def _per_row(labels: Any, what: str, n: int) -> NDArray[Any]:
    values = np.asarray(labels)
    if values.shape != (n,):
        raise refuse(
            f"{what} of the plan of the wrong shape", got=f"shape {values.shape}", allowed=f"one label per row, {n}"
        )
    return values


def _members(groups: Any, names: tuple[str, ...]) -> tuple[str, ...]:
    if isinstance(groups, Mapping):
        missing = [name for name in names if name not in groups]
        if missing:
            raise refuse("item without a group", at="groups", got=missing[0], allowed="a group for every item")
        return tuple(label(groups[name]) for name in names)
    members = tuple(label(g) for g in groups)
    if len(members) != len(names):
        raise refuse("groups of the wrong length", at="groups", got=len(members), allowed=f"one per item, {len(names)}")
    return members


def _array(values: Any) -> Floats | None:
    return None if values is None else np.array(values, dtype=np.float64)


def _result(
    raw: dict[str, Any],
    rows: Rows,
    options: dict[str, Any],
    members: tuple[str, ...] | None,
    labels: tuple[str, ...],
) -> Importance:
    drawn = raw["resampled"] or {}
    cautions = list(raw["cautions"])
    if drawn and drawn["low"] is None:
        cautions.append(f"no interval: nothing to divide in {drawn['n_undefined']} of {drawn['n']} resamples, over 1 %")
    elif drawn and raw["units"] < 20:
        cautions.append(f"{raw['units']} sites: percentile intervals are too narrow below some 20 sites")
    shares = raw["group_shares"]
    return Importance(
        method=options["method"],
        game=options["game"],
        names=rows.names,
        shares=np.array(raw["shares"]),
        correlations=np.array(raw["correlations"]),
        total=raw["total"],
        status=raw["status"],
        reason=raw["reason"],
        cautions=tuple(cautions),
        constant=tuple(rows.names[j] for j in raw["constant"]),
        conditional=_array(raw["conditional"]),
        complete=_array(raw["complete"]),
        groups=members,
        group_shares=None if shares is None else dict(zip(labels, shares, strict=True)),
        standard_errors=_array(raw["standard_errors"]),
        conf_low=_array(drawn.get("low")),
        conf_high=_array(drawn.get("high")),
        conf_low_error=_array(drawn.get("low_error")),
        conf_high_error=_array(drawn.get("high_error")),
        largest=_array(drawn.get("first")),
        confidence_level=options["level"],
        n_resamples=drawn.get("n", 0),
        n_undefined=drawn.get("n_undefined", 0),
        seed=options["seed"],
        units=raw["units"],
        outcome_kind=rows.outcome_kind,
        data=data_hash(rows.items, rows.outcome),
    )
