"""How many sites a weighting experiment would take: power by simulation from assumed truths, on a study's own items."""

from __future__ import annotations

import abc
import dataclasses
import itertools
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import _core
from ._frames import frame_like
from ._html import table
from ._long import Progress, run_long, thread_count
from ._planner_basis import PlanningBasis, needed_basis
from ._random import RNG, seed_of
from ._result import Result
from .errors import Interrupted, refuse

__all__ = ["Planned", "SitesNeeded"]

SITES = (12, 20, 30, 45, 70, 100, 150)
_FEWEST = 12


@dataclasses.dataclass(frozen=True)
class SitesNeeded(Result):
    """Power of a weighting experiment over numbers of sites, for each assumed truth.

    Attributes
    ----------
    rows : tuple of dict
        One per truth and number of sites: `concentration, r2, sites, runs, shown, power, monte_carlo_error`. `shown`
        counts the runs in which the experiment said "weighted better by at least d".
    power : float
        What was asked for.
    basis : PlanningBasis
        What was taken from the study: distribution of the items, sizes, schemes, smallest gain.
    site_icc, reliability, inter_item_r : float
        What else was assumed.
    n_resamples, seed : int
    """

    rows: tuple[dict[str, Any], ...]
    power: float
    basis: PlanningBasis
    site_icc: float
    reliability: float
    inter_item_r: float
    n_resamples: int
    seed: int

    @property
    def needed(self) -> Any:
        """One row per truth: the fewest sites that were tried and reached the power, or None."""
        found = [(c, r2, self._fewest(c, r2)) for c, r2 in self._truths()]
        heads = ("concentration", "r2", "sites")
        return frame_like({head: [row[k] for row in found] for k, head in enumerate(heads)}, self._like)

    @property
    def curve(self) -> Any:
        """The rows as a frame."""
        return frame_like({head: [row[head] for row in self.rows] for head in self.rows[0]}, self._like)

    def _truths(self) -> list[tuple[int, float]]:
        return list(dict.fromkeys((row["concentration"], row["r2"]) for row in self.rows))

    def _fewest(self, concentration: int, r2: float) -> int | None:
        own = [row for row in self.rows if (row["concentration"], row["r2"]) == (concentration, r2)]
        return min((row["sites"] for row in own if row["power"] >= self.power), default=None)

    def tidy(self) -> Any:
        """Return one row per truth and number of sites: the power and its Monte Carlo error."""
        return frame_like(
            {
                "term": [
                    f"{_carried(self, r['concentration'])}, R2 {r['r2']:g}, {r['sites']} sites" for r in self.rows
                ],
                "estimate": [row["power"] for row in self.rows],
                "std_error": [row["monte_carlo_error"] for row in self.rows],
            },
            self._like,
        )

    @property
    def assumptions(self) -> str:
        """What was assumed, in one sentence."""
        basis = self.basis
        sizes = "" if not basis.sizes else f", participants per site as in the study (site ICC {self.site_icc:g})"
        return (
            f"{len(basis.names)} items with the study's own score distribution, mean inter-item r "
            f"{self.inter_item_r:.2f}, reliability {self.reliability:g}{sizes}; {basis.rule} "
            f"(d = {basis.smallest_gain:g}, {self.n_resamples} null replicates a run; seed {self.seed})"
        )

    def __repr__(self) -> str:
        lines = [f"Sites needed to show a gain of at least d with power {self.power:g}"]
        for concentration, r2 in self._truths():
            own = [row for row in self.rows if (row["concentration"], row["r2"]) == (concentration, r2)]
            found = self._fewest(concentration, r2)
            said = f"{found} sites" if found is not None else f"more than {max(row['sites'] for row in own)} sites"
            lines.append(f"  true R2 {r2:g} carried by {_carried(self, concentration)}: {said}")
            lines += [
                f"    {row['sites']:>4} sites: power {row['power']:.2f} "
                f"(Monte Carlo error {row['monte_carlo_error']:.2f}, {row['runs']} runs)"
                for row in own
            ]
        return "\n".join([*lines, f"  assumed: {self.assumptions}"])

    def _html(self) -> str:
        heads = ("concentration", "r2", "sites", "power", "monte_carlo_error", "runs")
        rows = [tuple(row[head] for head in heads) for row in self.rows]
        return table(f"Power to show a gain of at least d; assumed: {self.assumptions}", heads, rows)

    def plot(self, ax: Any = None) -> Any:
        """Draw the power curves; bars are one Monte Carlo error either way. Returns the Axes."""
        from ._experiment_plots import power_curve

        return power_curve(self, ax)


def _carried(plan: SitesNeeded, concentration: int) -> str:
    every = concentration == len(plan.basis.names)
    return "all items alike" if every else f"{concentration} item{'s' if concentration > 1 else ''}"


def _grid(value: Any, name: str, low: float, high: float, allowed: str) -> list[float]:
    values = [float(v) for v in np.atleast_1d(np.asarray(value, dtype=np.float64))]
    bad = [v for v in values if not low < v < high]
    if bad or not values:
        raise refuse(f"{name} not allowed", at=name, got=str(bad[0]) if bad else "nothing", allowed=allowed)
    return values


def _counts(value: Any, name: str, low: int, high: int) -> list[int]:
    given = np.atleast_1d(np.asarray(value))
    bad = [v for v in given.tolist() if isinstance(v, bool) or v != int(v) or not low <= v <= high]
    if bad or not len(given):
        raise refuse(
            f"{name} not allowed",
            at=name,
            got=str(bad[0]) if bad else "nothing",
            allowed=f"whole numbers from {low} to {high}",
        )
    return sorted({int(v) for v in given})


def _one(values: list[Any], name: str) -> Any:
    if len(values) > 1:
        raise refuse(f"{name} too many", at=name, got=f"{len(values)} values", allowed="one number")
    return values[0]


class Planned(abc.ABC):
    """What can be planned from: a contest, before or after it was run."""

    @abc.abstractmethod
    def _planning(self) -> PlanningBasis | None:
        """Return the item distribution, sizes and contest of the study; None where there are none."""

    def sites_needed(
        self,
        *,
        r2: float | Sequence[float] = 0.3,
        concentration: int | Sequence[int] = 2,
        site_icc: float = 0.0,
        reliability: float = 1.0,
        power: float = 0.8,
        sites: int | Sequence[int] = SITES,
        runs: int = 100,
        n_resamples: int = 199,
        inter_item_r: float | None = None,
        rng: RNG = None,
        threads: int | None = None,
        progress: Progress = None,
        resume: SitesNeeded | None = None,
    ) -> SitesNeeded:
        """Simulate how many sites it would take to show a gain, from assumed truths, never from an observed gain.

        Studies are drawn with the score distribution of this study's items and its sizes, and go through this
        experiment with its schemes, smallest gain and verdict. A truth is left at the first number of sites that
        reaches the power. The cost grows with the cube of the number of sites: with 25 items and seven schemes the runs
        that are asked for by default take some minutes on two cores, nearly all of them at 100 and 150 sites. Begin
        with few runs, and pass the result as `resume` for more.

        Parameters
        ----------
        r2
            True squared correlation of the truly weighted total (of scores without error) with the observed outcome of
            sites; one or several.
        concentration
            How many items carry the whole truth, with equal weights: 1 to the number of items, where the plain total is
            right and nothing can be gained; one or several. Which items they are is drawn anew in every run.
        site_icc
            With participants: share of their variance between sites beyond the items.
        reliability
            Share of the variance of an item's (latent) score that is true; 1: reviewers make no error.
        power
            What the fewest sites must reach.
        sites
            Numbers of sites to try, from 12.
        runs
            Simulated studies per point: 100 have a Monte Carlo error of .05 at most.
        n_resamples
            Null replicates in every run.
        inter_item_r
            Mean correlation between items; None: that of this study.
        rng, threads, progress
            As in `run`.
        resume
            An earlier result under the same assumptions, or the `.partial` of an interrupted one: its runs are kept.

        Returns
        -------
        SitesNeeded

        Raises
        ------
        InputError
            An assumption out of range; items that are not scores with levels.
        Interrupted
            After Ctrl-C; `.partial` holds what was completed.

        Examples
        --------
        >>> import steelyard as sy
        >>> sites = sy.datasets.synthetic_sites(20, n_items=4, rng=1)
        >>> experiment = sy.WeightingExperiment(sites.items, sites.outcome, schemes=[sy.schemes.OLS()], rng=1)
        >>> plan = experiment.sites_needed(r2=0.9, concentration=1, sites=[12, 40], runs=20, rng=1)
        >>> plan.needed["sites"].tolist()
        [40]
        """
        basis = needed_basis(self._planning())
        truths = list(
            itertools.product(
                _counts(concentration, "concentration", 1, len(basis.names)),
                _grid(r2, "r2", 0, 1, "above 0 and below 1"),
            )
        )
        grid = _counts(sites, "sites", _FEWEST, 10_000)
        power = _one(_grid(power, "power", 0, 1, "above 0 and below 1"), "power")
        runs = _one(_counts(runs, "runs", 1, 1_000_000), "runs")
        n_resamples = _one(_counts(n_resamples, "n_resamples", 19, 1_000_000), "n_resamples")
        if site_icc and not basis.sizes:
            raise refuse(
                "site_icc without participants",
                at="site_icc",
                got=site_icc,
                remedy="The study's outcome is a number of the site: its whole noise lies between sites.",
            )
        seed = seed_of(rng) if resume is None else resume.seed
        r = basis.inter_item_r if inter_item_r is None else float(inter_item_r)
        plan = SitesNeeded((), power, basis, float(site_icc), float(reliability), r, n_resamples, seed)
        return _search(plan, truths, grid, runs, _known(plan, resume), threads, progress)


def _search(
    plan: SitesNeeded,
    truths: list[tuple[int, float]],
    grid: list[int],
    runs: int,
    known: dict[tuple[int, float, int], tuple[int, int]],
    threads: int | None,
    progress: Progress,
) -> SitesNeeded:
    """Simulate every truth along the grid, up to the first number of sites that reaches the power."""
    rows: list[dict[str, Any]] = []
    for carriers, share in truths:
        for n in grid:
            done, shown = known.get((carriers, share, n), (0, 0))
            request = _point(plan, carriers, share, n, done, max(runs - done, 0))
            try:
                found = _run(plan, request, f"planner, {n} sites", threads, progress) if done < runs else []
            except Interrupted as stop:
                rows.append(_row(carriers, share, n, done + len(stop.partial), shown + sum(stop.partial)))
                part = dataclasses.replace(plan, rows=tuple(row for row in rows if row["runs"]))
                raise Interrupted(
                    "planner interrupted; .partial holds what was completed, and resume=.partial goes on from there",
                    partial=part,
                ) from None
            rows.append(_row(carriers, share, n, done + len(found), shown + sum(found)))
            if rows[-1]["power"] >= plan.power:
                break
    return dataclasses.replace(plan, rows=tuple(rows))


def _known(plan: SitesNeeded, resume: SitesNeeded | None) -> dict[tuple[int, float, int], tuple[int, int]]:
    if resume is None:
        return {}
    if dataclasses.replace(resume, rows=(), power=plan.power) != plan:
        raise refuse(
            "resume= from another plan",
            at="resume",
            allowed="a result with the same study, schemes and assumptions",
            remedy="Only r2, concentration, sites, runs and power may change.",
        )
    return {(r["concentration"], r["r2"], r["sites"]): (r["runs"], r["shown"]) for r in resume.rows}


def _row(carriers: int, share: float, n: int, runs: int, shown: int) -> dict[str, Any]:
    found = shown / runs if runs else 0.0
    # Agresti and Coull: two successes and two failures more, so that 0 of 100 does not claim to be free of error.
    middle = (shown + 2) / (runs + 4)
    error = float(np.sqrt(middle * (1 - middle) / (runs + 4)))
    return {
        "concentration": carriers,
        "r2": share,
        "sites": n,
        "runs": runs,
        "shown": shown,
        "power": found,
        "monte_carlo_error": error,
    }


def _point(plan: SitesNeeded, carriers: int, share: float, sites: int, first: int, runs: int) -> dict[str, Any]:
    basis = plan.basis
    return {
        "truth": {
            "levels": basis.levels,
            "shares": basis.shares,
            "inter_item_r": plan.inter_item_r,
            "reliability": plan.reliability,
            "carriers": carriers,
            "r2": share,
            "site_icc": plan.site_icc,
            "participants": basis.sizes,
            "outcome": "counts" if basis.counted else "number",
            "mean": basis.mean,
        },
        "sites": sites,
        "protocol": {
            "schemes": json.loads(basis.schemes),
            "validation": json.loads(basis.validation),
            "reference": basis.reference,
            "primary": basis.primary,
            "smallest_gain": basis.smallest_gain,
            "n_resamples": plan.n_resamples,
            "confidence_level": basis.confidence_level,
            "seed": plan.seed,
        },
        "by_participants": basis.by_participants,
        "first": first,
        "runs": runs,
    }


def _run(plan: SitesNeeded, request: dict[str, Any], words: str, threads: int | None, progress: Progress) -> list[bool]:
    primary = plan.basis.primary

    def finish(raw: list[dict[str, list[bool]]]) -> list[bool]:
        return [any(run["adjusted"]) if primary is None else run["declared"][primary] for run in raw]

    found: list[bool] = run_long(
        _core.contest_simulate,
        "power",
        json.dumps(request),
        thread_count(threads),
        progress=progress,
        description=words,
        finish=finish,
    )
    return found
