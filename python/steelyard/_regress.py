"""Regression with inference that knows how few the sites are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._regress_options import FREEDOMS, KINDS, check_level, choice, fit_core
from ._regression import Regression
from ._result import data_hash
from ._rows import matrix_of, rows_of, vector_of
from .errors import refuse

Floats = NDArray[np.float64]


def regress(
    X: Any,
    y: Any,
    *,
    family: str = "gaussian",
    trials: Any = None,
    weights: Any = None,
    offset: Any = None,
    sites: Any = None,
    vcov: str | None = None,
    df: str | None = None,
    names: Any = None,
    intercept: bool = True,
    confidence_level: float = 0.95,
) -> Regression:
    """Fit a regression and say what it can claim with the sites at hand.

    Parameters
    ----------
    X
        A frame, an n x p array or a list of rows.
    y
        Outcome per row; for family "binomial" 0/1, or with `trials` counts k or rates.
    family
        "gaussian": least squares; "binomial": logistic regression.
    trials
        Participants per row, for "binomial".
    weights
        Precision weights, for "gaussian": the variance of a row is taken as inversely proportional to its weight. A k
        of n belongs
        into `trials`, not here.
    offset
        Known part of the mean, or of the log odds.
    sites
        Site of each row. Rows of a site are not independent; with sites, standard errors are by site.
    vcov
        None: "CR2" with sites, "HC2" without, both with Satterthwaite degrees of freedom. Else "model", "quasi"
        ("binomial"),
        "HC0" to "HC3", "CR0", "CR1", "CR1S" (what econometric software calls CV1), "CR2", "CR3", "CV3" (jackknife),
        "CV3L" (jackknife
        without refits).
    df
        None: Satterthwaite for CR2 and HC2, sites less one for other kinds by site, rows less columns for HC and
        "model", normal for
        "model" of "binomial". Or "satterthwaite", "sites", "residual", "normal".
    names
        Names of the columns of an array.
    intercept
        Whether to add one.
    confidence_level
        Of the intervals.

    Returns
    -------
    Regression
        With `.wild_test(term)` for few sites, `.compare(term)` and `.site_table()`.

    Raises
    ------
    InputError
        For columns that depend on one another, separated outcomes, missing sites, unknown options.
    ConvergenceError
        When the likelihood cannot be climbed to its top.

    References
    ----------
    Bell and McCaffrey (2002), Survey Methodology 28, 169. Pustejovsky and Tipton (2018),
    doi:10.1080/07350015.2016.1247004.
    MacKinnon, Nielsen and Webb (2023), doi:10.1016/j.jeconom.2022.04.001.

    Examples
    --------
    >>> import steelyard as sy
    >>> fit = sy.regress([[1], [2], [3], [5], [4], [3]], [2.0, 3.9, 4.2, 9.5, 8.3, 6.5], names=["fidelity"])
    >>> fit.vcov, round(float(fit.coefficients[1]), 3)
    ('HC2', 1.94)
    """
    choice("family", family, ("gaussian", "binomial"))
    if vcov is not None:
        choice("vcov", vcov, KINDS)
    if df is not None:
        choice("df", df, FREEDOMS)
    check_level(confidence_level)
    if trials is not None and family != "binomial":
        raise refuse("trials not allowed", at="trials", allowed='family="binomial"', remedy="Give rates and weights=.")
    if weights is not None and family == "binomial":
        raise refuse(
            "weights not allowed", at="weights", allowed='family="gaussian"', remedy="Give trials= for k of n."
        )
    x, columns = matrix_of(X, "X", "x_")
    rows = rows_of(x, y, trials=trials, sites=sites)
    n = len(x)
    if names is not None:
        columns = _checked_names(names, x.shape[1])
    if intercept:
        x, columns = np.column_stack([np.ones(n), x]), ("(intercept)", *columns)
    if family == "binomial" and rows.trials is None and rows.outcome_kind != "0/1":
        raise refuse(
            "outcome not binomial",
            at="y",
            allowed="0/1, or k of n with trials=",
            remedy="Give trials, or use gaussian.",
        )
    arrays = {
        "x": np.ascontiguousarray(x),
        "y": rows.outcome,
        "trials": rows.trials,
        "weights": None if weights is None else _weights(weights, n),
        "offset": None if offset is None else vector_of(offset, "offset", n),
        "sites": rows.sites,
    }
    raw = fit_core(arrays, columns, family, vcov, df, confidence_level)
    return _regression(raw, arrays, columns, family, float(confidence_level), rows.site_labels, rows.outcome_kind)


def _checked_names(names: Any, count: int) -> tuple[str, ...]:
    given = tuple(str(name) for name in names)
    if len(given) != count or len(set(given)) < count:
        raise refuse("names not allowed", at="names", got=", ".join(given), allowed=f"{count} different names")
    return given


def _weights(weights: Any, n: int) -> Floats:
    vector = vector_of(weights, "weights", n)
    bad = np.flatnonzero(vector <= 0)
    if bad.size:
        raise refuse(
            "weight not allowed",
            at=f"row {bad[0] + 1} of weights",
            got=f"{vector[bad[0]]:g}",
            allowed="positive numbers",
            remedy="Leave out rows without weight.",
        )
    return vector


def _cautions(raw: dict[str, Any], names: tuple[str, ...], sites: tuple[str, ...]) -> tuple[str, ...]:
    notes = []
    if raw["status"] == "interpolates":
        notes.append("as many coefficients as rows: the fit reproduces the outcome, and no error can be estimated")
    if sites and len(sites) < 6:
        notes.append(f"{len(sites)} sites: no standard error by site can be trusted")
    df = raw["degrees_of_freedom"]
    few = [name for name, value in zip(names, df, strict=True) if value < 4]
    if few and raw["status"] == "ok":
        notes.append(f"under 4 degrees of freedom: the interval of {', '.join(few)} rests on very few sites")
    if raw["alone"]:
        which = ", ".join(sites[g] for g in raw["alone"]) if sites else f"row {raw['alone'][0] + 1}"
        notes.append(f"some coefficient is known from one place alone ({which}), whose part in the error is not seen")
    return tuple(notes)


def _regression(
    raw: dict[str, Any],
    arrays: dict[str, Any],
    names: tuple[str, ...],
    family: str,
    level: float,
    sites: tuple[str, ...],
    kind: str,
) -> Regression:
    clusters = raw["clusters"]

    def by_site(name: str) -> Floats | None:
        return None if clusters is None else np.array(clusters[name])

    return Regression(
        names=names,
        coefficients=np.array(raw["coefficients"]),
        covariance=np.array(raw["covariance"]),
        standard_errors=np.array(raw["standard_errors"]),
        degrees_of_freedom=np.array(raw["degrees_of_freedom"]),
        statistics=np.array(raw["statistics"]),
        pvalues=np.array(raw["pvalues"]),
        conf_low=np.array(raw["low"]),
        conf_high=np.array(raw["high"]),
        confidence_level=level,
        family=family,
        vcov=raw["vcov"],
        status=raw["status"],
        dispersion=raw["dispersion"],
        rows=raw["rows"],
        fitted=np.array(raw["fitted"]),
        log_likelihood=raw["log_likelihood"],
        gap=raw["gap"],
        sites=sites,
        cluster_leverage=by_site("leverage"),
        partial_leverage=by_site("partial_leverage"),
        left_out=by_site("left_out"),
        effective_sites=by_site("effective"),
        cautions=_cautions(raw, names, sites),
        outcome_kind=kind,
        data=data_hash(arrays["x"], arrays["y"]),
        arrays=arrays,
    )
