"""Schemes on the log-odds scale: 0/1 outcomes, or k of n."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, ClassVar

import numpy as np

from . import _core
from ._long import Progress, run_long, thread_count
from ._random import RNG, seed_of
from ._rows import Rows, rows_of
from ._scheme_base import Scheme, check_penalty, choice, listed
from ._scheme_inference import SiteEffectTest
from .errors import refuse


@dataclasses.dataclass(frozen=True)
class _LogOdds(Scheme):
    _link: ClassVar[str] = "logit"
    _aside: ClassVar[tuple[str, ...]] = ("tuning", "groups", "intervals", "confidence_level")

    def _fit_rows(self, rows: Rows, prior: tuple[float, ...] | None, by_participants: bool) -> dict[str, Any]:
        request = json.dumps({**self._request(rows, prior), "profile_level": self._profile_level()})
        raw: dict[str, Any] = run_long(
            _core.scheme_fit_counts,
            request,
            self._counts(rows, by_participants),
            thread_count(None),
            progress=False,
            description=f"{self.name} fit",
            finish=lambda raw: raw,
        )
        return raw

    def _stability_call(self, rows: Rows, by_participants: bool) -> tuple[Any, dict[str, Any]]:
        return _core.scheme_stability_counts, self._counts(rows, by_participants)

    def _profile_level(self) -> float | None:
        return None

    def _counts(self, rows: Rows, by_participants: bool) -> dict[str, Any]:
        if rows.outcome_kind == "numbers":
            raise refuse(
                f"{self.name} without counts",
                at="outcome",
                got="numbers that are neither 0/1 nor come with trials",
                allowed="0/1 outcomes, or counts k (or rates) with trials=n",
                remedy="A rate alone does not say how many participants stand behind it: give trials.",
            )
        return {
            "items": rows.items,
            "successes": rows.outcome,
            "trials": np.ones(len(rows.outcome)) if rows.trials is None else rows.trials,
            "weights": None if by_participants else rows.weights,
            "sites": rows.sites,
            "covariates": rows.covariates,
        }


@dataclasses.dataclass(frozen=True)
class _TowardTarget(_LogOdds):
    penalty: float | None = 0.0
    target: Any = None

    def __post_init__(self) -> None:
        check_penalty(self.penalty)
        if self.target is not None:
            object.__setattr__(self, "target", listed(self.target, "target"))


@dataclasses.dataclass(frozen=True)
class Logistic(_TowardTarget):
    """Logistic regression of 0/1 outcomes or k of n, by maximum likelihood or shrunken to a target.

    Separated outcomes have no maximum: the status is `separated`, the slopes are 0, and `fit.separation` says along
    which items the likelihood rises and what is finite all the same.

    Parameters
    ----------
    penalty
        Minimises -loglik/participants + penalty/2 times the squared departure from the target's score. 0: maximum
        likelihood; `math.inf`: the target's score alone; None: chosen by the log-likelihood of left-out sites.
    target
        One weight per item, none negative; None: equal weights. It matters where there is a penalty.
    dispersion
        "quasi" (default, since sites vary beyond what participants tossing coins would): standard errors grow by the
        root of Pearson's chi-square over its degrees of freedom, intervals are t; "beta-binomial": a likelihood with
        intra-site correlation; "binomial": participants of a site are independent given its items.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models; Prentice (1986), doi:10.1080/01621459.1986.10478275;
    Konis (2007), Oxford thesis, for separation.

    Examples
    --------
    >>> import steelyard as sy
    >>> fit = sy.schemes.Logistic().fit([[1], [2], [4], [5]], [2, 5, 9, 12], trials=[10, 12, 14, 15])
    >>> fit.status, round(float(fit.slopes[0]), 3)
    ('same as unit', 0.627)
    """

    dispersion: str = "quasi"
    _tag: ClassVar[str] = "logistic"

    def __post_init__(self) -> None:
        super().__post_init__()
        choice("dispersion", self.dispersion, ("quasi", "binomial", "beta-binomial"))


@dataclasses.dataclass(frozen=True)
class Firth(_TowardTarget):
    """Firth's logistic regression: finite under separation, without first-order bias.

    Intervals and tests treat participants of a site as independent given its items. Where they are not, too narrow.

    Parameters
    ----------
    penalty
        A further penalty on departures from the target, as in `Logistic`; 0: none.
    target
        One weight per item; None: equal weights.
    flic
        Correct the intercept so that fitted and observed rates agree overall; Firth's own pulls rates toward one half.
    intervals
        "profile" (penalised likelihood, with tests), or "wald".
    confidence_level
        Level of the profile intervals.

    References
    ----------
    Firth (1993), doi:10.1093/biomet/80.1.27; Heinze and Schemper (2002), doi:10.1002/sim.1047; Puhr et al. (2017),
    doi:10.1002/sim.7273.

    Examples
    --------
    >>> import steelyard as sy
    >>> fit = sy.schemes.Firth().fit([[0], [1]], [0, 3], trials=[3, 3])
    >>> round(float(fit.slopes[0]), 6)  # 2 log 7
    3.89182
    """

    flic: bool = False
    intervals: str = "profile"
    confidence_level: float = 0.95
    _tag: ClassVar[str] = "firth"

    def __post_init__(self) -> None:
        super().__post_init__()
        choice("intervals", self.intervals, ("profile", "wald"))
        if not 0 < self.confidence_level < 1:
            raise refuse(
                "confidence_level not allowed",
                at="confidence_level",
                got=repr(self.confidence_level),
                allowed="between 0 and 1",
            )

    def _profile_level(self) -> float | None:
        return self.confidence_level if self.intervals == "profile" else None


@dataclasses.dataclass(frozen=True)
class LogF(_LogOdds):
    """Logistic regression with log-F priors: defined for more items than sites, and for separated outcomes.

    Parameters
    ----------
    degrees
        What the prior of each slope is worth in trials. 1: an odds ratio per point within 1/648 and 648 with
        probability .95; 2: within 1/39 and 39.
    target
        One weight per item: priors are then on departures from the target, whose score is free; None: about zero.

    References
    ----------
    Greenland and Mansournia (2015), Statistics in Medicine 34, 3133, doi:10.1002/sim.6537.
    """

    degrees: float = 1.0
    target: Any = None
    _tag: ClassVar[str] = "log-f"

    def __post_init__(self) -> None:
        degrees = self.degrees
        if isinstance(degrees, bool) or not isinstance(degrees, (int, float)) or not 0 < degrees < 1e6:
            raise refuse("degrees not allowed", at="degrees", got=repr(degrees), allowed="above 0, usually 1 or 2")
        if self.target is not None:
            object.__setattr__(self, "target", listed(self.target, "target"))


@dataclasses.dataclass(frozen=True)
class RandomIntercept(_TowardTarget):
    """Logistic regression with a normal random intercept per site, by adaptive Gauss-Hermite quadrature.

    Parameters
    ----------
    penalty
        A penalty on departures from the target, as in `Logistic`; 0: none.
    target
        One weight per item; None: equal weights.
    nodes
        Quadrature nodes, 1 to 25. One is Laplace's method, which is not maximum likelihood.
    off_zero
        Keep the spread of the sites off zero by a weak gamma prior (Chung et al. 2013).

    References
    ----------
    Pinheiro and Bates (1995), doi:10.1080/10618600.1995.10474663; Chung et al. (2013), doi:10.1007/s11336-013-9328-2.
    """

    nodes: int = 25
    off_zero: bool = False
    _tag: ClassVar[str] = "random-intercept"

    def __post_init__(self) -> None:
        super().__post_init__()
        nodes = self.nodes
        if isinstance(nodes, bool) or not isinstance(nodes, int) or not 1 <= nodes <= 25:
            raise refuse("nodes not allowed", at="nodes", got=repr(nodes), allowed="an int from 1 to 25")

    def site_effect_test(
        self,
        items: Any,
        outcome: Any,
        *,
        trials: Any = None,
        sites: Any = None,
        covariates: Any = None,
        n_resamples: int = 999,
        rng: RNG = None,
        threads: int | None = None,
        progress: Progress = None,
    ) -> SiteEffectTest:
        """Test whether sites differ beyond their items, by a parametric bootstrap of the likelihood ratio.

        Parameters
        ----------
        items, outcome, trials, sites, covariates
            As in `fit`.
        n_resamples
            Draws from the fit without site effects.
        rng
            An int, a NumPy Generator, or None.
        threads, progress
            As everywhere.

        References
        ----------
        Crainiceanu and Ruppert (2004), doi:10.1111/j.1467-9868.2004.00438.x.
        """
        rows = rows_of(items, outcome, trials=trials, sites=sites, covariates=covariates)
        counts = self._counts(rows, True)
        seed = seed_of(rng)

        def finish(raw: dict[str, Any]) -> SiteEffectTest:
            return SiteEffectTest(
                raw["likelihood_ratio"],
                raw["tau"],
                raw["p_value"],
                raw["monte_carlo_error"],
                raw["draws"],
                raw["undefined"],
                seed,
            )

        request = json.dumps(self._request(rows, None))
        result: SiteEffectTest = run_long(
            _core.site_effect,
            *(request, n_resamples, seed, counts, thread_count(threads)),
            progress=progress,
            description="site effect test",
            finish=finish,
        )
        return result
