"""What a weighting experiment does beside its contest: order over pairs, sites drawn anew, planning, sensitivity."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._experiment_data import Contestants, ContestRows
from ._experiment_resampled import BootstrappedGains, Concordance
from ._experiment_sensitivity import Sensitivity, line_not_run, line_of, variants
from ._long import Progress
from ._planner import SITES, SitesNeeded, sites_needed
from ._planner_basis import PlanningBasis, needed_basis
from ._random import RNG
from .errors import InputError, refuse

if TYPE_CHECKING:
    from ._experiment_result import WeightingResult


class Reruns:
    """Methods of `WeightingExperiment` that run it again in another way."""

    _data: ContestRows
    _schemes: Contestants
    _given: tuple[Any, Any]
    _rows: dict[str, Any]
    _options: dict[str, Any]
    _seed: int
    _call: Callable[..., Any]
    _request: Callable[[], dict[str, Any]]
    _basis: Callable[[], PlanningBasis | None]
    run: Callable[..., WeightingResult]

    def concordance(self, threads: int | None = None, progress: Progress = None) -> Concordance:
        """Leave every pair of sites out and ask which each scheme predicts higher: the AUC for 0/1 and k of n.

        A secondary score, beside the squared error that the verdict rests on. Tuning is nested inside each pair's
        training sites; the cost is about half of that of the interval of the gain.

        Parameters
        ----------
        threads, progress
            As in `run`.

        Returns
        -------
        Concordance

        References
        ----------
        Airola et al. (2011), doi:10.1016/j.csda.2010.11.018.

        Examples
        --------
        >>> import steelyard as sy
        >>> sites = sy.datasets.synthetic_sites(14, n_items=3, weights="concentrated", r2=0.8, rng=2)
        >>> experiment = sy.WeightingExperiment(sites.items, sites.outcome, schemes=[sy.schemes.OLS()], rng=1)
        >>> found = experiment.concordance()
        >>> found.pairs, found.complete
        (91, True)
        """
        names, counted = self._schemes.names, self._data.outcome_kind != "numbers"

        def finish(raw: dict[str, Any]) -> Concordance:
            return Concordance(names, tuple(raw["share"]), raw["pairs"], raw["complete"], counted)

        done: Concordance = self._call("concordance", self._request(), threads, progress, "pairs of sites", finish)
        return done

    def bootstrap(
        self, n_resamples: int = 500, threads: int | None = None, progress: Progress = None
    ) -> BootstrappedGains:
        """Rerun the whole nested contest on sites drawn with replacement, from 20 sites.

        Copies of a site count its weight and stay in one fold, so that no site predicts itself.

        Parameters
        ----------
        n_resamples
            Resamples; replicate i draws from stream i of the experiment's seed.
        threads, progress
            As in `run`.

        Returns
        -------
        BootstrappedGains

        Examples
        --------
        >>> import steelyard as sy
        >>> sites = sy.datasets.synthetic_sites(20, n_items=3, weights="concentrated", r2=0.8, rng=2)
        >>> experiment = sy.WeightingExperiment(sites.items, sites.outcome, schemes=[sy.schemes.OLS()], rng=1)
        >>> experiment.bootstrap(50).gains.shape
        (50, 1)
        """
        if isinstance(n_resamples, bool) or not isinstance(n_resamples, int) or n_resamples < 2:
            raise refuse(
                "number of resamples not allowed", at="n_resamples", got=repr(n_resamples), allowed="2 or more"
            )
        schemes = self._schemes
        rest = [c for c in range(len(schemes.names)) if c != schemes.reference]

        def finish(raw: dict[str, Any]) -> BootstrappedGains:
            gains = np.array(raw["gains"], dtype=np.float64).reshape(-1, len(schemes.names))[:, rest]
            return BootstrappedGains(
                tuple(schemes.names[c] for c in rest),
                gains,
                tuple(raw["estimate"][c] for c in rest),
                self._options["confidence_level"],
                int(np.isnan(gains).any(axis=1).sum()),
                self._seed,
            )

        request = self._request() | {"n_resamples": n_resamples}
        done: BootstrappedGains = self._call(
            "bootstrap", request, threads, progress, "bootstrap of the contest", finish
        )
        return done

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
        reaches the power. The cost grows with the cube of the number of sites: with 25 items and seven schemes a run
        that shows its gain takes seconds at 80 sites and minutes at 150, one that does not a fraction. Begin with few
        runs, and pass the result as `resume` for more.

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
        return sites_needed(
            needed_basis(self._basis()),
            r2=r2,
            concentration=concentration,
            site_icc=site_icc,
            reliability=reliability,
            power=power,
            sites=sites,
            runs=runs,
            n_resamples=n_resamples,
            inter_item_r=inter_item_r,
            rng=rng,
            threads=threads,
            progress=progress,
            resume=resume,
        )

    def sensitivity(self, threads: int | None = None, progress: Progress = None) -> Sensitivity:
        """Run the contest again under each other choice that could have been made, one line each.

        The lines: as declared; without the items scored from the outcome; the other way of weighting sites; every other
        rule of choosing a site's review that changes a score; the lowest and the highest that missing scores can be;
        every simplest score matrix that a printed table allows; and a negative control, whose outcomes were shuffled
        over sites within halves by size, so that nothing is left to find. A choice that cannot be run (groups or
        targets per item, a rule that leaves no review) is listed with the reason.

        Parameters
        ----------
        threads, progress
            As in `run`.

        Returns
        -------
        Sensitivity

        Examples
        --------
        >>> import steelyard as sy
        >>> study = sy.datasets.norway_ips()
        >>> lines = sy.WeightingExperiment(study, "employment_group", success="high_performing", rng=1).sensitivity()
        >>> lines.lines[1]["n_items"], lines.lines[1]["verdict"]
        (20, 'cannot be tested')
        """
        lines = []
        for choice, rows in variants(self._data, self._seed, *self._given, self._rows):
            other = copy.copy(self)
            try:
                other._data = rows()
                other.__dict__.pop("_covariates", None)
                lines.append(line_of(choice, other.run(threads=threads, progress=progress)))
            except InputError as reason:
                lines.append(line_not_run(choice, reason))
        return Sensitivity(tuple(lines), self._schemes.names)
