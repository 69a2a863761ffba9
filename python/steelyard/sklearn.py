"""Schemes as scikit-learn estimators, and scikit-learn's linear models as schemes. Needs scikit-learn 1.6 or later.

`WeightedScore(scheme)` fits any scheme inside a pipeline or a cross-validation; `LinearModel(estimator)` brings in
whatever has a `coef_`.
"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin, clone, is_classifier  # type: ignore[import-untyped]
from sklearn.utils.validation import (  # type: ignore[import-untyped]
    _check_sample_weight,
    check_is_fitted,
    has_fit_parameter,
    validate_data,
)

from ._rows import Rows
from ._scheme_base import Scheme
from ._scheme_fit import SchemeFit
from .errors import refuse
from .schemes import OLS, Unit

__all__ = ["LinearModel", "WeightedScore"]

Floats = NDArray[np.float64]


class WeightedScore(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A scheme as a regressor: `predict` gives the calibrated outcome, `total` the weighted total.

    Parameters
    ----------
    scheme
        A scheme of `steelyard.schemes`; None: the plain total. Schemes on the log-odds scale take outcomes of 0 and 1,
        or rates with `sample_weight` = participants.

    Attributes
    ----------
    coef_, intercept_
        Slopes and intercept.
    weights_
        Weights, summing to the number of items when none is negative.
    fit_
        The whole `SchemeFit`, with status and estimability.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Notes
    -----
    A weight of 2 equals a repeated row for schemes without tuning. Where a penalty is tuned by leaving sites out it
    does not: a repeated row without `groups` is a second site, a weight is not. Give `groups` (the sites) whenever
    rows share one.

    Examples
    --------
    >>> import steelyard as sy
    >>> from steelyard.sklearn import WeightedScore
    >>> model = WeightedScore(sy.schemes.OLS()).fit([[1, 2], [2, 1], [4, 4], [5, 4]], [1.0, 2.0, 4.0, 5.0])
    >>> model.predict([[3, 3]]).round(6).tolist()
    [3.0]
    """

    def __init__(self, scheme: Scheme | None = None) -> None:
        self.scheme = scheme

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> WeightedScore:
        """Fit the scheme.

        Parameters
        ----------
        X, y
            Items (n x p) and outcome (n).
        sample_weight
            One weight per row, none negative.
        groups
            Site of each row; request it with `set_fit_request(groups=True)` inside meta-estimators.
        """
        scheme = Unit() if self.scheme is None else self.scheme
        if not isinstance(scheme, Scheme):
            raise refuse(
                "scheme not understood", at="scheme", got=repr(scheme), allowed="a scheme of steelyard.schemes"
            )
        X, y = validate_data(self, X, y, y_numeric=True, dtype=np.float64)
        sites = np.arange(len(y)) if groups is None else np.asarray(groups)
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, X, dtype=np.float64)
        options: dict[str, Any] = {"sites": sites}
        outcome = np.asarray(y, dtype=np.float64)
        if scheme._link == "logit" and weight is not None and not np.all((outcome == 0) | (outcome == 1)):
            options["trials"] = np.round(weight)
            outcome = np.round(outcome * options["trials"])
        elif weight is not None:
            options["site_weight"] = weight
        items = dict(zip(self.feature_names_in_, X.T, strict=True)) if hasattr(self, "feature_names_in_") else X
        self.fit_: SchemeFit = scheme.fit(items, outcome, **options)
        self.coef_: Floats = self.fit_.slopes
        self.intercept_: float = self.fit_.intercept
        self.weights_: Floats = self.fit_.weights
        return self

    def predict(self, X: Any) -> Floats:
        """Return the fitted outcome of each row: a number, or a probability for schemes on the log-odds scale."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        eta: Floats = self.intercept_ + X @ self.coef_
        return 1.0 / (1.0 + np.exp(-eta)) if self.fit_.link == "logit" else eta

    def total(self, X: Any) -> Floats:
        """Return the weighted total of each row, on the scale of the plain total."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        total: Floats = X @ self.weights_
        return total


@dataclasses.dataclass(frozen=True)
class LinearModel(Scheme):
    """Any scikit-learn model with `coef_` as a scheme; estimability, pinning and scaling are those of every scheme.

    Parameters
    ----------
    estimator
        A regressor, or a classifier of two classes (for 0/1 outcomes or counts). It is cloned, never changed. Whatever
        it tunes inside, it tunes without knowing sites.

    Examples
    --------
    >>> from sklearn.linear_model import BayesianRidge
    >>> from steelyard.sklearn import LinearModel
    >>> fit = LinearModel(BayesianRidge()).fit([[1, 2], [2, 1], [4, 4], [5, 4]], [1.0, 2.0, 4.0, 5.0])
    >>> fit.scheme, fit.status
    ('BayesianRidge', 'ok')
    """

    estimator: Any
    _tag: ClassVar[str] = "linear-model"

    @property
    def name(self) -> str:
        """How the scheme is called in tables."""
        return type(self.estimator).__name__

    def fit(self, items: Any, outcome: Any, **options: Any) -> SchemeFit:
        """Fit a clone of the estimator; parameters as in `Scheme.fit`, covariates excepted."""
        if options.get("covariates") is not None:
            raise refuse(
                "covariates with a scikit-learn model",
                at="covariates",
                got="some",
                remedy="Adjust the outcome first, or use a scheme of steelyard.schemes.",
            )
        fit = super().fit(items, outcome, **options)
        return dataclasses.replace(fit, link="logit") if is_classifier(self.estimator) else fit

    def stability(self, *_: Any, **__: Any) -> Any:
        """Refuse: refits run in the core, which knows no scikit-learn."""
        raise refuse("stability of a scikit-learn model", remedy="Refit it in a loop over sites.")

    def _fit_rows(self, rows: Rows, prior: tuple[float, ...] | None, by_participants: bool) -> dict[str, Any]:
        raw = OLS()._fit_rows(rows, prior, by_participants)
        fit = raw["fit"]
        fit["uncertainty"] = fit["gap"] = fit["penalty"] = None
        if fit["status"] == "undefined":
            return raw
        slopes, intercept = self._estimate(rows)
        constant = fit["estimability"]["constant"]
        shares = np.ones(len(slopes)) if prior is None else np.asarray(prior)
        varying = [j for j in range(len(slopes)) if j not in constant]
        size = np.abs(slopes[varying]).sum()
        fit["status"], fit["reason"] = ("ok", "") if size > 0 else ("empty", "no item gets weight")
        for j in constant:
            slopes[j] = size / shares[varying].sum() * shares[j] if size > 0 else 0.0
            intercept -= slopes[j] * rows.items[0, j]
        total = np.abs(slopes).sum()
        weights = slopes * len(slopes) / total if total > 0 else slopes
        fit.update(slopes=slopes, weights=weights, signed=bool((slopes < 0).any()), intercept=intercept)
        fit["r_squared"] = self._explained(rows, slopes, intercept)
        return raw

    def _estimate(self, rows: Rows) -> tuple[Floats, float]:
        x, y, weight = rows.items, rows.outcome, rows.weights
        if is_classifier(self.estimator):
            n = np.ones(len(y)) if rows.trials is None else rows.trials
            x = np.vstack([x, x])
            weight = np.concatenate([y, n - y])
            y = np.concatenate([np.ones(len(n)), np.zeros(len(n))])
            x, y, weight = x[weight > 0], y[weight > 0], weight[weight > 0]
        elif rows.trials is not None:
            y = y / rows.trials
        model = clone(self.estimator)
        if weight is not None and has_fit_parameter(model, "sample_weight"):
            model.fit(x, y, sample_weight=weight)
        elif weight is not None and not np.allclose(weight, weight[0]):
            raise refuse("weights with a model that takes none", got=self.name, remedy='Use site_weight="equal".')
        else:
            model.fit(x, y)
        if not hasattr(model, "coef_"):
            raise refuse("model without coefficients", at="estimator", got=self.name, allowed="a model with coef_")
        slopes = np.array(model.coef_, dtype=np.float64).ravel()
        if len(slopes) != rows.items.shape[1] or not np.all(np.isfinite(slopes)):
            raise refuse("coefficients not understood", got=f"{len(slopes)} of {self.name}", allowed="one per item")
        return slopes.copy(), float(np.ravel(getattr(model, "intercept_", 0.0))[0])

    def _explained(self, rows: Rows, slopes: Floats, intercept: float) -> float:
        """Share of the sum of squares of outcomes or rates that the fit explains in sample."""
        y = rows.outcome if rows.trials is None else rows.outcome / rows.trials
        eta = intercept + rows.items @ slopes
        fitted = 1.0 / (1.0 + np.exp(-eta)) if is_classifier(self.estimator) else eta
        weight = np.ones(len(y)) if rows.weights is None else rows.weights
        spread = float(weight @ (y - np.average(y, weights=weight)) ** 2)
        return 1.0 - float(weight @ (y - fitted) ** 2) / spread if spread > 0 else 0.0
