"""The weighting experiment: schemes compete out of sample with the plain total, and a verdict says what was shown."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import _core
from . import schemes as S
from ._experiment_build import result_from
from ._experiment_data import Contestants, contest_rows, schemes_of
from ._experiment_parts import Protocol
from ._experiment_result import WeightingResult
from ._experiment_sensitivity import Sensitivity, line_not_run, line_of, variants
from ._long import Progress, run_long, thread_count
from ._planner import SITES, SitesNeeded, sites_needed
from ._planner_basis import PlanningBasis, needed_basis, planning_basis
from ._random import RNG, seed_of
from ._result import data_hash
from .errors import InputError, refuse
from .validation import LeaveOneSiteOut, Validation

__all__ = ["WeightingExperiment"]

# Protocols run on each data set in this session, in the order of their first run: who tries many must say so.
_TRIED: dict[str, list[str]] = {}


class WeightingExperiment:
    """A fair contest between weighting schemes and the plain total.

    Every scheme gives a direction; slope, intercept and covariates are then fitted by least squares in the training
    fold, the same for all, so that nobody wins by shrinking alone. Each site is predicted from the others; tuning
    happens inside the training fold, again by site.

    Parameters
    ----------
    study_or_items
        A `Study`, a frame or an array with one row per site (or per participant, then with `sites`).
    outcome
        One value per row: a number, 0/1 (or two labels), with `trials` a count k or a rate; or a mapping from site to
        value; or, with a Study, the name of a site column; or, with a linked Study, one of `sy.outcomes` (None: the
        study's own): yes/no outcomes become k of n per site, others each site's estimate.
    trials
        Participants per row: the outcome is then k of n.
    sites
        Site of each row; with a Study its own.
    covariates
        Columns that are adjusted for, get no weight, and are part of the null.
    scale
        Unused with a Study; else names the items and those scored from the outcome.
    schemes
        Schemes of `steelyard.schemes`; a mapping from name to scheme; "all"; None: seven (unit, PCA, correlation,
        least squares, ridge, shrink to unit, non-negative).
    reference
        What must be beaten: the plain total unless said otherwise. It is calibrated like the others.
    primary
        The scheme that was declared beforehand, by name, or `(outcome, score, scheme)`. Its p needs no adjustment for
        the other schemes. None: the best of all, adjusted for all that were tried.
    site_weight
        "participants", "equal", or one positive number per row; with an estimate per site of a linked Study also
        "precision".
    smallest_gain
        The smallest gain that would matter (d), as a share of the outcome's variance.
    exclude
        Items to leave out, or "scored_from_outcome".
    validation
        `LeaveOneSiteOut()`, the one kind that there is.
    n_resamples
        Null replicates.
    confidence_level
        Of the interval of the gain; the test is at one minus it.
    success
        With two labels as outcome: the one that counts as 1.
    missing
        Missing scores of a Study: "scale-rule" fills them as the scale says (or refuses); "imputation" completes them
        `n_imputations` times inside every training fold, so that no held-out site informs its own prediction, and pools
        the gains by Rubin's rules.
    n_imputations
        Completed copies; 20 keep the noise of the mean gain small while few scores are missing. Time grows with them.
    rng
        An int, a NumPy Generator or None.

    Raises
    ------
    InputError
        Whatever is wrong with the data, with row, column, value, rule and remedy.

    References
    ----------
    Dana and Dawes (2004), doi:10.3102/10769986029003317; Freedman and Lane (1983), doi:10.2307/1391660.

    Examples
    --------
    >>> import steelyard as sy
    >>> study = sy.datasets.norway_ips()
    >>> result = sy.WeightingExperiment(study, "employment_group", success="high_performing", rng=1).run()
    >>> result.verdict, result.estimable.level, round(result.floor, 2)
    ('cannot be tested', 'not estimable', 0.1)
    """

    def __init__(
        self,
        study_or_items: Any,
        outcome: Any = None,
        *,
        trials: Any = None,
        sites: Any = None,
        covariates: Any = None,
        scale: Any = None,
        schemes: Sequence[S.Scheme] | Mapping[str, S.Scheme] | str | None = None,
        reference: S.Scheme | None = None,
        primary: Any = None,
        site_weight: Any = "participants",
        smallest_gain: float = 0.01,
        exclude: Any = None,
        validation: Validation | None = None,
        n_resamples: int = 1999,
        confidence_level: float = 0.95,
        success: Any = None,
        missing: str = "scale-rule",
        n_imputations: int = 20,
        rng: RNG = None,
    ) -> None:
        self._seed = seed_of(rng)
        self._data = contest_rows(
            study_or_items,
            outcome,
            trials=trials,
            sites=sites,
            covariates=covariates,
            scale=scale,
            site_weight=site_weight,
            exclude=exclude,
            success=success,
            missing=missing,
            n_imputations=n_imputations,
            seed=self._seed,
        )
        self._schemes: Contestants = schemes_of(schemes, reference, primary, self._data)
        if isinstance(n_resamples, bool) or not isinstance(n_resamples, (int, np.integer)) or n_resamples < 0:
            raise refuse(
                "number of resamples not allowed", at="n_resamples", got=repr(n_resamples), allowed="0 or more"
            )
        self._validation = LeaveOneSiteOut() if validation is None else validation
        if not isinstance(self._validation, Validation):
            raise refuse("validation not known", at="validation", got=repr(validation), allowed="sy.LeaveOneSiteOut()")
        self._options = {
            "smallest_gain": float(smallest_gain),
            "n_resamples": int(n_resamples),
            "confidence_level": float(confidence_level),
        }
        self._check()

    def _check(self) -> None:
        y, codes = self._data.response, self._data.codes
        if np.ptp(y) == 0:
            raise refuse(
                "constant outcome",
                at="outcome",
                got=f"{y[0]:g} in every row",
                remedy="There is nothing to predict: no weighting can be judged.",
            )
        if codes.max() < 2:
            raise refuse("too few sites", got=int(codes.max()) + 1, allowed="at least 3")

    def run(self, threads: int | None = None, progress: Progress = None) -> WeightingResult:
        """Run the contest.

        Parameters
        ----------
        threads
            None: the cores that this process may use. The result does not depend on it.
        progress
            None: a bar after one second in a notebook or terminal; False; or a callable `(done, total)`.

        Returns
        -------
        WeightingResult

        Raises
        ------
        Interrupted
            After Ctrl-C; `.partial` holds the result over the null replicates that were completed.
        """
        data, schemes = self._data, self._schemes
        request = {
            "schemes": self._entrants(),
            "reference": schemes.reference,
            "primary": None if schemes.primary is None else schemes.names.index(schemes.primary),
            "trials": data.null_trials,
            "seed": self._seed,
            **self._options,
        }
        covariates = np.zeros((len(data.items), 0)) if data.covariates is None else data.covariates
        gaps = data.gaps if data.gaps is not None and data.gaps.copies else None
        scores = data.items if gaps is None else gaps.scores
        hashed = data_hash(scores, data.response, data.weights, data.codes, covariates)
        protocol = self._protocol(request, hashed)

        def finish(raw: Any) -> WeightingResult:
            contest, pooled = (raw, None) if gaps is None else raw
            return result_from(contest, data, schemes, protocol, hashed, self._basis(), pooled)

        rows = (data.items, covariates, data.response, data.weights, data.codes, thread_count(threads))
        call: Any = _core.contest_run
        holes: tuple[Any, ...] = ()
        if gaps is not None:
            call = _core.contest_run_imputed
            holes = (gaps.scale.to_json(), gaps.scores, gaps.columns(data.names), gaps.copies)
        done: WeightingResult = run_long(
            call,
            json.dumps(request),
            *holes,
            *rows,
            progress=progress,
            description="weighting experiment",
            finish=finish,
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
        reaches the power. The cost grows with the cube of the number of sites: begin with few runs, and pass the result
        as `resume` for more.

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

        The lines: as declared; without the items scored from the outcome; the other way of weighting sites; with
        missing scores at their lowest and at their highest; and a negative control, whose outcomes were shuffled over
        sites within halves by size, so that nothing is left to find. A choice that the schemes do not allow (groups or
        targets per item) is listed as not run.

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
        for choice, data in variants(self._data, self._seed):
            other = copy.copy(self)
            other._data = data
            try:
                lines.append(line_of(choice, other.run(threads=threads, progress=progress)))
            except InputError as reason:
                lines.append(line_not_run(choice, reason))
        return Sensitivity(tuple(lines), self._schemes.names)

    def _entrants(self) -> list[dict[str, Any]]:
        names = self._data.names
        return [{"scheme": scheme.options(), "groups": scheme._groups(names)} for scheme in self._schemes.schemes]

    def _basis(self) -> PlanningBasis | None:
        entrants = json.dumps(self._entrants())
        gain, level = self._options["smallest_gain"], self._options["confidence_level"]
        return planning_basis(self._data, self._schemes, entrants, gain, level)

    def _protocol(self, request: dict[str, Any], hashed: str) -> Protocol:
        data, schemes = self._data, self._schemes
        copies = 0 if data.gaps is None else data.gaps.copies
        decided = [request, data.outcome_name, data.exclude, schemes.primary, repr(self._validation), copies]
        text = json.dumps(decided)
        digest = data_hash(np.frombuffer(text.encode(), dtype=np.uint8))[:12]
        tried = _TRIED.setdefault(hashed, [])
        if digest not in tried:
            tried.append(digest)
        return Protocol(
            outcome=data.outcome_name,
            outcome_kind=data.outcome_kind,
            schemes=schemes.names,
            options=tuple(json.dumps(s.options()) for s in schemes.schemes),
            reference=schemes.names[schemes.reference],
            primary=schemes.primary,
            site_weight=data.site_weight,
            exclude=data.exclude,
            n_imputations=copies,
            validation=repr(self._validation),
            n_sites=int(data.codes.max()) + 1,
            n_rows=len(data.items),
            n_items=data.items.shape[1],
            covariates=data.covariate_names,
            seed=self._seed,
            hash=digest,
            run_number=tried.index(digest) + 1,
            **self._options,  # type: ignore[arg-type]
        )
