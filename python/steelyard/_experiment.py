"""The weighting experiment: schemes compete out of sample with the plain total, and a verdict says what was shown."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from . import _core
from . import schemes as S
from ._experiment_build import result_from
from ._experiment_data import Contestants, contest_rows, schemes_of
from ._experiment_missing import Gaps
from ._experiment_parts import Protocol
from ._experiment_reruns import Reruns
from ._experiment_result import WeightingResult
from ._experiment_reversals import bands_request
from ._long import Progress, run_long, thread_count
from ._planner_basis import PlanningBasis, planning_basis
from ._random import RNG, seed_of
from ._result import data_hash
from .errors import refuse
from .validation import LeaveOneSiteOut, Validation

__all__ = ["WeightingExperiment"]

# Protocols run on each data set in this session, in the order of their first run: who tries many must say so.
_TRIED: dict[str, list[str]] = {}


class WeightingExperiment(Reruns):
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
        `LeaveOneSiteOut()`, or from 30 sites `RepeatedKFold(folds, repeats)`.
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
        self._rows: dict[str, Any] = {
            "trials": trials,
            "sites": sites,
            "covariates": covariates,
            "scale": scale,
            "site_weight": site_weight,
            "exclude": exclude,
            "success": success,
            "missing": missing,
            "n_imputations": n_imputations,
            "seed": self._seed,
        }
        self._given = study_or_items, outcome
        self._data = contest_rows(study_or_items, outcome, **self._rows)
        self._schemes: Contestants = schemes_of(schemes, reference, primary, self._data)
        if isinstance(n_resamples, bool) or not isinstance(n_resamples, (int, np.integer)) or n_resamples < 0:
            raise refuse(
                "number of resamples not allowed", at="n_resamples", got=repr(n_resamples), allowed="0 or more"
            )
        self._validation = LeaveOneSiteOut() if validation is None else validation
        if not isinstance(self._validation, Validation):
            raise refuse(
                "validation not known",
                at="validation",
                got=repr(validation),
                allowed="sy.LeaveOneSiteOut() or sy.RepeatedKFold()",
            )
        self._options = {
            "smallest_gain": _number(smallest_gain, "smallest_gain", "a share of the outcome's variance, such as 0.01"),
            "n_resamples": int(n_resamples),
            "confidence_level": _number(confidence_level, "confidence_level", "a share, such as 0.95"),
        }
        self._check()

    def __repr__(self) -> str:
        names = ", ".join(scheme.name for scheme in self._schemes.schemes)
        sites, items = int(self._data.codes.max()) + 1, self._data.items.shape[1]
        return f"Weighting experiment on {sites} sites and {items} items: {names}. Not run yet: .run()"

    def _check(self) -> None:
        y, codes = self._data.response, self._data.codes
        if np.ptp(y) == 0:
            raise refuse(
                "constant outcome",
                at="outcome",
                got=f"{y[0]:g} in every row",
                remedy="There is nothing to predict: no weighting can be judged.",
            )
        logit = [s.name for s in self._schemes.schemes if s._link == "logit"]
        if logit and self._data.null_trials is None:
            raise refuse(
                "scheme on the log-odds scale without counts",
                at="schemes",
                got=logit[0],
                allowed="0/1 outcomes, or counts k (or rates) with trials",
                remedy="Leave it out, or give the participants behind each outcome.",
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
        request = self._request()
        protocol = self._protocol(request)

        def finish(raw: Any) -> WeightingResult:
            contest, pooled = (raw, None) if self._imputed is None else raw
            return result_from(contest, data, schemes, protocol, self._data_hash, self._planning(), pooled)

        done: WeightingResult = self._call("contest", request, threads, progress, "weighting experiment", finish)
        return done

    @functools.cached_property
    def _covariates(self) -> Any:
        data = self._data
        return np.zeros((len(data.items), 0)) if data.covariates is None else data.covariates

    @property
    def _imputed(self) -> Gaps | None:
        """Scores that are imputed inside the folds, where there are any."""
        gaps = self._data.gaps
        return gaps if gaps is not None and gaps.copies else None

    @property
    def _data_hash(self) -> str:
        data = self._data
        scores = data.items if self._imputed is None else self._imputed.scores
        return data_hash(scores, data.response, data.weights, data.codes, self._covariates)

    def _request(self) -> dict[str, Any]:
        schemes = self._schemes
        return {
            "schemes": self._entrants(),
            "reference": schemes.reference,
            "primary": None if schemes.primary is None else schemes.names.index(schemes.primary),
            "trials": self._data.null_trials,
            "validation": self._validation._request(),
            "bands": bands_request(self._data),
            "seed": self._seed,
            **self._options,
        }

    def _call(
        self,
        work: str,
        request: dict[str, Any],
        threads: int | None,
        progress: Progress,
        description: str,
        finish: Callable[[Any], Any],
    ) -> Any:
        data, gaps = self._data, self._imputed
        call: Any = _core.contest_run
        asked: tuple[Any, ...] = (work, json.dumps(request))
        if gaps is not None:
            if work != "contest":
                raise refuse(
                    f"{description} on imputed scores",
                    at="missing",
                    allowed='missing="scale-rule"',
                    remedy="It reruns folds that were not imputed by themselves: fill the scores by the scale's rule.",
                )
            call = _core.contest_run_imputed
            asked = (json.dumps(request), gaps.scale.to_json(), gaps.scores, gaps.columns(data.names), gaps.copies)
        return run_long(
            call,
            *asked,
            data.items,
            self._covariates,
            data.response,
            data.weights,
            data.codes,
            thread_count(threads),
            progress=progress,
            description=description,
            finish=finish,
        )

    def _entrants(self) -> list[dict[str, Any]]:
        names = self._data.names
        return [{"scheme": scheme.options(), "groups": scheme._groups(names)} for scheme in self._schemes.schemes]

    def _planning(self) -> PlanningBasis | None:
        gain, level = self._options["smallest_gain"], self._options["confidence_level"]
        return planning_basis(self._data, self._schemes, self._request(), gain, level)

    def _protocol(self, request: dict[str, Any]) -> Protocol:
        data, schemes, hashed = self._data, self._schemes, self._data_hash
        copies = 0 if self._imputed is None else self._imputed.copies
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
            validation_words=self._validation.words,
            training_sites=self._validation._training_sites(int(data.codes.max()) + 1),
            n_sites=int(data.codes.max()) + 1,
            n_rows=len(data.items),
            n_items=data.items.shape[1],
            covariates=data.covariate_names,
            seed=self._seed,
            hash=digest,
            run_number=tried.index(digest) + 1,
            **self._options,
        )


def _number(value: Any, name: str, allowed: str) -> float:
    """Return an option that is a number."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise refuse("not a number", at=name, got=repr(value), allowed=allowed)
    return float(value)
