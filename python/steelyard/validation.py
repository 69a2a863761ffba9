"""How sites are held out; all rows of a site always stay together."""

from __future__ import annotations

import abc
import dataclasses
from typing import Any

from .errors import refuse

__all__ = ["LeaveOneSiteOut", "RepeatedKFold", "Validation"]


@dataclasses.dataclass(frozen=True)
class Validation(abc.ABC):
    """Base of the ways to hold sites out."""

    @abc.abstractmethod
    def _request(self) -> dict[str, Any]:
        """Return the splits as the core reads them."""

    @abc.abstractmethod
    def _training_sites(self, sites: int) -> str:
        """Say on how many sites the rule is trained."""

    @property
    @abc.abstractmethod
    def words(self) -> str:
        """How sites are held out, for a sentence."""


def _folds(name: str, value: Any, *, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise refuse(f"{name} not allowed", at=name, got=repr(value), allowed=f"a whole number from {least}")


@dataclasses.dataclass(frozen=True)
class LeaveOneSiteOut(Validation):
    """Each site is predicted from all others.

    Parameters
    ----------
    tuning_folds
        Folds of sites that the tuning leaves out together inside the training sites; None: each of those alone. Ten are
        quicker for schemes without a closed form (lasso, elastic net) and a little less sharp.

    Examples
    --------
    >>> import steelyard as sy
    >>> sy.LeaveOneSiteOut()
    LeaveOneSiteOut(tuning_folds=None)
    """

    tuning_folds: int | None = None

    def __post_init__(self) -> None:
        if self.tuning_folds is not None:
            _folds("tuning_folds", self.tuning_folds, least=2)

    def _request(self) -> dict[str, Any]:
        return {"kind": "leave-one-site-out", "tuning_folds": self.tuning_folds}

    def _training_sites(self, sites: int) -> str:
        return str(sites - 1)

    @property
    def words(self) -> str:
        """How sites are held out, for a sentence."""
        return "leaving one site out"


@dataclasses.dataclass(frozen=True)
class RepeatedKFold(Validation):
    """Sites are dealt into folds, several times over, and errors are averaged over the repeats. From 30 sites.

    The estimand is then the gain of a rule trained on the sites of all folds but one, which is a little less than
    leaving one site out. Errors of one repeat are not independent, so that intervals come from rerunning everything
    without each site, as they do when one site is left out, and not from the spread over repeats.

    Parameters
    ----------
    folds
        Folds in each repeat; 10 train on nine tenths of the sites.
    repeats
        Times that sites are dealt anew, from streams of the experiment's seed.
    tuning_folds
        As in `LeaveOneSiteOut`.

    Examples
    --------
    >>> import steelyard as sy
    >>> sites = sy.datasets.synthetic_sites(30, n_items=3, r2=0.5, rng=1)
    >>> validation = sy.RepeatedKFold(folds=5, repeats=2)
    >>> schemes = [sy.schemes.OLS()]
    >>> options = {"schemes": schemes, "validation": validation, "n_resamples": 0, "rng": 1}
    >>> result = sy.WeightingExperiment(sites.items, sites.outcome, **options).run()
    >>> result.performance["scheme"].tolist()
    ['Unit', 'OLS']
    """

    folds: int = 10
    repeats: int = 10
    tuning_folds: int | None = None

    def __post_init__(self) -> None:
        _folds("folds", self.folds, least=2)
        _folds("repeats", self.repeats, least=1)
        if self.tuning_folds is not None:
            _folds("tuning_folds", self.tuning_folds, least=2)

    def _request(self) -> dict[str, Any]:
        return {
            "kind": "repeated-k-fold",
            "folds": self.folds,
            "repeats": self.repeats,
            "tuning_folds": self.tuning_folds,
        }

    def _training_sites(self, sites: int) -> str:
        return f"about {sites - round(sites / self.folds)}"

    @property
    def words(self) -> str:
        """How sites are held out, for a sentence."""
        times = "once" if self.repeats == 1 else f"{self.repeats} times over"
        return f"holding sites out in {self.folds} folds, {times}"
