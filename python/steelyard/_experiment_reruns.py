"""What a weighting experiment does beside its contest: order over pairs, sites drawn anew, planning, sensitivity."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ._experiment_data import Contestants, ContestRows
from ._experiment_resampled import BootstrappedGains, Concordance
from ._experiment_sensitivity import Sensitivity, line_not_run, line_of, variants
from ._long import Progress
from ._planner import Planned
from .errors import InputError, refuse

if TYPE_CHECKING:
    from ._experiment_result import WeightingResult


class Reruns(Planned):
    """Methods of `WeightingExperiment` that run it again in another way."""

    _data: ContestRows
    _schemes: Contestants
    _given: tuple[Any, Any]
    _rows: dict[str, Any]
    _options: dict[str, Any]
    _seed: int
    _call: Callable[..., Any]
    _request: Callable[[], dict[str, Any]]
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
