"""What all schemes share: checked options, `fit`, and the way to the core."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from . import _core
from ._long import Progress, run_long, thread_count
from ._random import RNG, seed_of
from ._rows import Rows, rows_of, vector_of
from ._scheme_fit import SchemeFit, fit_from
from ._scheme_inference import Stability
from .errors import refuse

TUNINGS = ("leave-one-site-out", "ten-fold", "gcv", "reml")


def choice(name: str, value: object, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise refuse(f"{name} not known", at=name, got=repr(value), allowed=", ".join(map(repr, allowed)))


def check_penalty(value: float | None) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)) or not value >= 0:
        raise refuse(
            "penalty not allowed",
            at="penalty",
            got=repr(value),
            allowed="0 or more (math.inf for the target alone), or None to tune it",
        )


def listed(values: Any, what: str) -> tuple[float, ...]:
    flat = np.asarray(values)
    if flat.ndim != 1:
        raise refuse(f"{what} of the wrong shape", at=what, got=f"shape {flat.shape}", allowed="one number per item")
    return tuple(float(v) for v in vector_of(flat, what, len(flat)))


def nested(values: Any, what: str) -> tuple[tuple[float | None, ...], ...]:
    try:
        return tuple(
            tuple(None if v is None or math.isnan(float(v)) else float(v) for v in row)
            for row in np.asarray(values).tolist()
        )
    except (TypeError, ValueError):
        raise refuse(f"{what} not understood", at=what, allowed="rows of numbers, all of one length") from None


def linear(rows: Rows) -> dict[str, Any]:
    """Return the arrays that the core fits a linear scheme to: counts as rates."""
    return {
        "items": rows.items,
        "outcome": rows.outcome if rows.trials is None else rows.outcome / rows.trials,
        "weights": rows.weights,
        "sites": rows.sites,
        "covariates": rows.covariates,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, (float, np.floating)) and math.isinf(value):
        return "infinity"
    if isinstance(value, np.generic):
        return value.item()
    return value


@dataclasses.dataclass(frozen=True)
class Scheme:
    """Base of all schemes."""

    _tag: ClassVar[str] = ""
    _link: ClassVar[str] = "identity"
    # Fields that the core is told apart from the scheme.
    _aside: ClassVar[tuple[str, ...]] = ("tuning", "groups")

    @property
    def name(self) -> str:
        """How the scheme is called in tables."""
        return type(self).__name__

    def options(self) -> dict[str, Any]:
        """Return the scheme as plain data, as the core reads it."""
        fields = {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self) if f.name not in self._aside}
        return {"scheme": self._tag, **fields}

    def fit(
        self,
        items: Any,
        outcome: Any,
        *,
        trials: Any = None,
        sites: Any = None,
        covariates: Any = None,
        site_weight: Any = "participants",
        prior: Any = None,
    ) -> SchemeFit:
        """Fit the scheme.

        Parameters
        ----------
        items
            A frame, an n x p array, or a Study.
        outcome
            One number per row: a number, 0/1, or with `trials` a count k or a rate.
        trials
            Participants per row; the outcome is then k of n.
        sites
            Site of each row; None: every row is a site.
        covariates
            Columns that are adjusted for and get no weight.
        site_weight
            "participants": every participant counts the same; "equal": every site does; or one number per row.
        prior
            Weights that items keep when they do not vary, and by which items that move together share; None: equal.

        Returns
        -------
        SchemeFit
            Frozen; never NaN: where nothing could be fitted, the status says why and the slopes are 0.

        Examples
        --------
        >>> import steelyard as sy
        >>> fit = sy.schemes.Unit().fit([[1, 2], [2, 4], [4, 5]], [1.0, 2.0, 4.0])
        >>> fit.weights.tolist(), fit.status
        ([1.0, 1.0], 'ok')
        """
        rows = rows_of(items, outcome, trials=trials, sites=sites, covariates=covariates, site_weight=site_weight)
        by_participants = isinstance(site_weight, str) and site_weight == "participants"
        raw = self._fit_rows(rows, None if prior is None else listed(prior, "prior"), by_participants)
        return fit_from(raw, self.name, rows.names, rows.covariate_names, rows.outcome_kind, self._link)

    def stability(
        self,
        items: Any,
        outcome: Any,
        *,
        trials: Any = None,
        sites: Any = None,
        covariates: Any = None,
        site_weight: Any = "participants",
        prior: Any = None,
        n_resamples: int | None = None,
        retune: bool = False,
        rng: RNG = None,
        threads: int | None = None,
        progress: Progress = None,
    ) -> Stability:
        """Refit with sites left out (below 20 sites) or drawn anew, and return the range of the weights.

        Parameters
        ----------
        items, outcome, trials, sites, covariates, site_weight, prior
            As in `fit`.
        n_resamples
            Bootstrap draws of sites; None: every site is left out once below 20 sites, else 200 draws.
        retune
            Choose the penalty anew in each refit; False keeps the one of the fit to all sites.
        rng
            An int, a NumPy Generator, or None.
        threads, progress
            As everywhere.

        Returns
        -------
        Stability
            Named `stability_low/high`, never `conf_*`: for penalised and constrained schemes it is no interval.
        """
        rows = rows_of(items, outcome, trials=trials, sites=sites, covariates=covariates, site_weight=site_weight)
        by_participants = isinstance(site_weight, str) and site_weight == "participants"
        fixed = None if prior is None else listed(prior, "prior")
        fit = fit_from(
            self._fit_rows(rows, fixed, by_participants), self.name, rows.names, rows.covariate_names, "", self._link
        )
        seed = seed_of(rng)
        penalty = None if retune else _plain(fit.penalty)
        asked = json.dumps({"resamples": n_resamples, "seed": seed, "retune": retune, "penalty": penalty})
        call, arrays = self._stability_call(rows, by_participants)

        def finish(raw: dict[str, Any]) -> Stability:
            names = ("slopes_low", "slopes_high", "weights_low", "weights_high", "positive", "selected")
            low, high, w_low, w_high, positive, selected = (np.array(raw[name]) for name in names)
            return Stability(
                self.name,
                rows.names,
                fit.slopes,
                fit.weights,
                low,
                high,
                w_low,
                w_high,
                positive,
                selected,
                raw["refits"],
                raw["without_weights"],
                raw["kind"],
                seed,
            )

        result: Stability = run_long(
            call,
            json.dumps(self._request(rows, fixed)),
            asked,
            arrays,
            thread_count(threads),
            progress=progress,
            description=f"{self.name} stability",
            finish=finish,
        )
        return result

    def _stability_call(self, rows: Rows, by_participants: bool) -> tuple[Any, dict[str, Any]]:
        return _core.scheme_stability, linear(rows)

    def _request(self, rows: Rows, prior: tuple[float, ...] | None) -> dict[str, Any]:
        request: dict[str, Any] = {"scheme": self.options(), "prior": prior, "groups": self._groups(rows.names)}
        tuning = getattr(self, "tuning", None)
        return request if tuning is None else {**request, "tuning": tuning}

    def _fit_rows(self, rows: Rows, prior: tuple[float, ...] | None, by_participants: bool) -> dict[str, Any]:
        request = self._request(rows, prior)
        return _core.scheme_fit(json.dumps(request), linear(rows))

    def _groups(self, names: tuple[str, ...]) -> list[int] | None:
        groups = getattr(self, "groups", None)
        if groups is None:
            return None
        labels = list(dict.fromkeys(groups))
        return [labels.index(group) for group in groups]
