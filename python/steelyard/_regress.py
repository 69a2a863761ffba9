"""Regression with inference that knows how few the sites are."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._axes import axes_of
from ._frames import frame_like
from ._html import table
from ._joint import JointTest, joint_test
from ._long import Progress, run_long, thread_count
from ._names import offer
from ._random import RNG, seed_of
from ._result import Result, data_hash
from ._rows import matrix_of, rows_of, vector_of
from ._wild import WildTest, wild_from
from .errors import refuse

Floats = NDArray[np.float64]

_KINDS = ("model", "quasi", "HC0", "HC1", "HC2", "HC3", "CR0", "CR1", "CR1S", "CR2", "CR3", "CV3", "CV3L")
_FREEDOMS = ("satterthwaite", "sites", "residual", "normal")
_CHOICES = {
    "law": ("rademacher", "webb", "mammen", "normal"),
    "variant": ("C", "S", "V", "B"),
    "alternative": ("two-sided", "equal-tailed", "greater", "less"),
    "ties": ("weak", "strict", "mid"),
    "enumeration": ("auto", "always", "never"),
}


@dataclasses.dataclass(frozen=True)
class Regression(Result):
    """A fitted regression.

    Attributes
    ----------
    names : tuple of str
        Columns, `(intercept)` first where there is one; all vectors are in this order, length k.
    coefficients : ndarray
        Slopes per unit of the column; log odds for family "binomial".
    covariance : ndarray
        k x k, of the kind named by `vcov`.
    standard_errors, degrees_of_freedom, statistics, pvalues, conf_low, conf_high : ndarray
        Of each coefficient; t with these degrees of freedom.
    vcov : str
        Kind of covariance.
    status : str
        `ok`, or `interpolates` where there are as many coefficients as rows.
    dispersion : float
        Residual variance; for "binomial" the Pearson statistic over its degrees of freedom (1 under the model).
    sites : tuple of str
        Sites in the order of `cluster_leverage`; empty without sites.
    cluster_leverage : ndarray or None
        How much of the fit each site decides; sums to k.
    partial_leverage : ndarray or None
        Share of each site in the information on each coefficient, G x k; columns sum to 1.
    left_out : ndarray or None
        Coefficients without each site, G x k (linearised for "binomial").
    effective_sites : ndarray or None
        Effective number of sites behind each coefficient; far below G it warns of too small standard errors.
    cautions : tuple of str
        What to know before using the numbers; printed with them.
    """

    names: tuple[str, ...]
    coefficients: Floats
    covariance: Floats
    standard_errors: Floats
    degrees_of_freedom: Floats
    statistics: Floats
    pvalues: Floats
    conf_low: Floats
    conf_high: Floats
    confidence_level: float
    family: str
    vcov: str
    status: str
    dispersion: float
    rows: int
    fitted: Floats
    log_likelihood: float | None
    gap: float | None
    sites: tuple[str, ...]
    cluster_leverage: Floats | None
    partial_leverage: Floats | None
    left_out: Floats | None
    effective_sites: Floats | None
    cautions: tuple[str, ...]
    outcome_kind: str
    data: str
    arrays: dict[str, Any] = dataclasses.field(repr=False)

    def tidy(self) -> Any:
        """Return one row per coefficient: term, estimate, std_error, statistic, df, p_value, conf_low, conf_high."""
        return frame_like(
            {
                "term": self.names,
                "estimate": self.coefficients,
                "std_error": self.standard_errors,
                "statistic": self.statistics,
                "df": self.degrees_of_freedom,
                "p_value": self.pvalues,
                "conf_low": self.conf_low,
                "conf_high": self.conf_high,
            },
            self._like,
        )

    def site_table(self) -> Any:
        """Return one row per site: leverage, and per column partial leverage and the coefficient without the site."""
        if self.cluster_leverage is None or self.partial_leverage is None or self.left_out is None:
            raise refuse("sites missing", allowed="a fit with sites=")
        columns: dict[str, Any] = {"site": self.sites, "leverage": self.cluster_leverage}
        for j, name in enumerate(self.names):
            columns[f"partial leverage: {name}"] = self.partial_leverage[:, j]
            columns[f"without: {name}"] = self.left_out[:, j]
        return frame_like(columns, self._like)

    def _title(self) -> str:
        who = f"{self.rows} rows" + (f" in {len(self.sites)} sites" if self.sites else "")
        return f"{self.family} regression, {who}, {self.vcov} standard errors: {self.status}"

    def __repr__(self) -> str:
        width = max(map(len, self.names))
        lines = [self._title(), *(f"  caution: {text}" for text in self.cautions)]
        lines.append(f"  {'':{width}}  estimate  std error      t     df      p   {self.confidence_level:.0%} interval")
        lines += [
            f"  {name:{width}}  {b:8.4g}  {se:9.3g}  {t:5.2f}  {df:5.1f}  {p:5.3f}   {low:.4g} to {high:.4g}"
            for name, b, se, t, df, p, low, high in zip(
                self.names,
                self.coefficients,
                self.standard_errors,
                self.statistics,
                self.degrees_of_freedom,
                self.pvalues,
                self.conf_low,
                self.conf_high,
                strict=True,
            )
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = ("term", "estimate", "std error", "t", "df", "p", "low", "high")
        vectors = (
            self.coefficients,
            self.standard_errors,
            self.statistics,
            self.degrees_of_freedom,
            self.pvalues,
            self.conf_low,
            self.conf_high,
        )
        rows = [
            (name, *map(float, cells)) for name, *cells in zip(self.names, *(v.tolist() for v in vectors), strict=True)
        ]
        return table(self._title(), head, rows, note="; ".join(self.cautions))

    def plot(self, ax: Any = None) -> Any:
        """Draw estimate and interval of each slope (the intercept is left out); returns the Axes."""
        shown = [j for j, name in enumerate(self.names) if name != "(intercept)"] or [0]
        ax = axes_of(ax, 6, 0.35 * len(shown) + 1.2)
        place = np.arange(len(shown))
        ax.hlines(place, self.conf_low[shown], self.conf_high[shown], color="black", linewidth=1.2)
        ax.plot(self.coefficients[shown], place, "o", color="#31688e")
        ax.axvline(0.0, color="black", linewidth=0.8, linestyle="--")
        ax.set_yticks(place, [self.names[j] for j in shown])
        ax.invert_yaxis()
        ax.set_xlabel("log odds" if self.family == "binomial" else "slope")
        ax.set_title(f"{self.vcov}, {100 * self.confidence_level:g} % intervals", fontsize="medium")
        told = "; ".join(
            f"{self.names[j]} {self.coefficients[j]:.3g} ({self.conf_low[j]:.3g} to {self.conf_high[j]:.3g})"
            for j in shown
        )
        ax.set_label(f"Estimates with intervals: {told}.")
        return ax

    def _model_errors(self) -> Floats:
        """Return standard errors under the model, whatever `vcov` the fit has."""
        raw = _fit_core(self.arrays, self.names, self.family, "model", None, self.confidence_level)
        return np.array(raw["standard_errors"])

    def _term(self, term: str | int) -> int:
        if isinstance(term, int) and not isinstance(term, bool) and 0 <= term < len(self.names):
            return term
        if term in self.names:
            return self.names.index(str(term))
        raise refuse(
            "term not known" + offer(str(term), self.names), at="term", got=repr(term), allowed=", ".join(self.names)
        )

    def wild_test(
        self,
        term: str | int,
        null: float = 0.0,
        *,
        law: str | None = None,
        variant: str = "S",
        impose_null: bool = True,
        alternative: str = "two-sided",
        confidence_level: float | None = 0.95,
        n_resamples: int = 9999,
        enumeration: str = "auto",
        ties: str = "weak",
        rng: RNG = None,
        threads: int | None = None,
        progress: Progress = None,
    ) -> WildTest:
        """Test one coefficient by the wild cluster bootstrap.

        Parameters
        ----------
        term
            Column by name or place.
        null
            Its value under the null.
        law
            "rademacher", "webb", "mammen" or "normal"; None: Webb up to 8 sites, where signs alone give too few draws,
            Rademacher from 9.
        variant
            "C": ordinary residuals, CV1; "S" (default): residuals that the other sites predict, CV1; "V", "B": the
            same two
            with the jackknife variance CV3.
        impose_null
            True (WCR, default): draws obey the null. False (WCU).
        alternative
            "two-sided" compares |t|; "equal-tailed" doubles the smaller tail; "greater", "less".
        confidence_level
            Of the set of null values that are not rejected; None: no set.
        n_resamples
            Draws, up to 5 million, where not enumerated.
        enumeration
            "auto": every configuration where there are at most 5 million; "always", "never".
        ties
            How draws equal to the observed t count in the set: "weak" (as at least as extreme), "strict" or "mid".
            The p-values come
            in all three; `pvalue` is the one chosen.
        rng
            An int, a NumPy Generator, or None: fresh entropy; the seed is in the result.
        threads, progress
            As everywhere.

        Returns
        -------
        WildTest
            With `.statistic`, `.pvalue`, `.pvalues` and `.confidence_set`, a list of (low, high).

        Notes
        -----
        For family "binomial" the bootstrap is the linearised one of MacKinnon, Nielsen and Webb (2024): WCLR with the
        null
        imposed, WCLU without; variants V and B use the linearised jackknife variance.

        Examples
        --------
        >>> import steelyard as sy
        >>> x = [[1, 0], [1, 1], [2, 0], [2, 1], [3, 0], [3, 1], [5, 0], [5, 1], [4, 0], [4, 1], [3, 0], [3, 1]]
        >>> y = [2.0, 2.5, 3.9, 4.0, 4.2, 6.1, 9.5, 9.9, 8.3, 7.7, 6.5, 6.2]
        >>> fit = sy.regress(x, y, names=["fidelity", "arm"], sites=list("aabbccddeeff"))
        >>> test = fit.wild_test("fidelity")
        >>> test.enumerated, test.law, test.draws
        (True, 'webb', 46656)
        """
        given = {"law": law, "variant": variant, "alternative": alternative, "ties": ties, "enumeration": enumeration}
        for name, value in given.items():
            if not (name == "law" and value is None):
                _choice(name, value, _CHOICES[name])
        if isinstance(n_resamples, bool) or not isinstance(n_resamples, int) or not 1 <= n_resamples <= 5_000_000:
            raise refuse("n_resamples not allowed", got=repr(n_resamples), allowed="a whole number from 1 to 5,000,000")
        if not math.isfinite(null):
            raise refuse("null value not allowed", at="null", got=repr(null), allowed="a finite number")
        if confidence_level is not None:
            _check_level(confidence_level)
        options = {
            "names": self.names,
            "family": self.family,
            "term": self._term(term),
            "null": float(null),
            **given,
            "impose_null": bool(impose_null),
            "level": confidence_level,
            "n_resamples": n_resamples,
            "seed": seed_of(rng),
            "threads": thread_count(threads),
        }
        result: WildTest = run_long(
            _core.regress_wild,
            json.dumps(options),
            self.arrays,
            progress=progress,
            description="wild cluster test",
            finish=lambda raw: wild_from(raw, options, len(self.sites), self.data),
        )
        return result

    def joint_test(
        self,
        hypotheses: Any,
        null: Any = 0.0,
        *,
        test: str = "wald",
        vcov: str | None = None,
        df: str | None = None,
    ) -> JointTest:
        """Test several hypotheses on the coefficients at once.

        Parameters
        ----------
        hypotheses
            Terms (by name or place), a mapping from terms to their values under the null, or a q x k array of linear
            combinations of the coefficients.
        null
            Values under the null, one or q of them.
        test
            "wald" (default): the distance of the estimates from the null. "score": Rao's, the slope of the likelihood
            at the estimate that obeys the null, with its variance by site about their mean; of `vcov` it takes the
            small-sample factor only.
        vcov
            None: that of the fit.
        df
            None: Hotelling's law for CR2 and HC2 (see Notes), sites less one for other kinds by site, rows less
            columns else, chi-squared for "model" of "binomial". Or "satterthwaite", "sites", "residual", "normal".

        Returns
        -------
        JointTest
            With `.statistic`, `.numerator`, `.denominator` and `.pvalue`.

        Raises
        ------
        InputError
            Terms not known, hypotheses that repeat one another, more of them than sites can tell apart.

        Notes
        -----
        With few sites the Wald statistic is no F with q and G - 1 degrees of freedom. A Wishart law is matched to the
        covariance under independent errors, with eta degrees of freedom, and (eta - q + 1) / (eta q) times the
        statistic is compared with F(q, eta - q + 1): the approximate Hotelling test of Pustejovsky and Tipton (2018),
        "HTZ" in clubSandwich. For one hypothesis eta is the Satterthwaite number.

        References
        ----------
        Pustejovsky, J. E., and Tipton, E. (2018). doi:10.1080/07350015.2016.1247004. Rao, C. R. (1948).
        doi:10.1017/S0305004100023987.

        Examples
        --------
        >>> import steelyard as sy
        >>> x = [[1, 0], [1, 1], [2, 0], [2, 1], [3, 0], [3, 1], [5, 0], [5, 1], [4, 0], [4, 1], [3, 0], [3, 1]]
        >>> y = [2.0, 2.5, 3.9, 4.0, 4.2, 6.1, 9.5, 9.9, 8.3, 7.7, 6.5, 6.2]
        >>> fit = sy.regress(x, y, names=["fidelity", "arm"], sites=list("aabbccddeeff"))
        >>> test = fit.joint_test(["fidelity", "arm"])
        >>> test.numerator, round(test.denominator, 2), test.pvalue < 0.01
        (2, 2.33, True)
        """
        _choice("test", test, ("wald", "score"))
        if vcov is not None:
            _choice("vcov", vcov, _KINDS)
        if df is not None:
            _choice("df", df, _FREEDOMS)
        return joint_test(self, hypotheses, null, test, vcov, df)

    def compare(self, term: str | int, *, n_resamples: int = 9999, rng: RNG = None) -> Any:
        """Return one row per method for one coefficient, to see whether the methods agree.

        CR2 with Satterthwaite degrees of freedom, the jackknife CV3 with t(G - 1), CV1 with t(G - 1) for contrast,
        and the
        wild cluster tests C and S. No method is right in every design; where they differ, say so.

        Parameters
        ----------
        term
            Column by name or place.
        n_resamples, rng
            Of the wild tests, where they are not enumerated.
        """
        j = self._term(term)
        rows: list[tuple[str, float, float, float, float, float]] = []
        for kind in ("CR2", "CV3L" if self.family == "binomial" else "CV3", "CR1S"):
            raw = _fit_core(self.arrays, self.names, self.family, kind, None, self.confidence_level)
            what = ("standard_errors", "statistics", "pvalues", "low", "high")
            rows.append((kind, *(float(raw[name][j]) for name in what)))  # type: ignore[arg-type]
        for variant in ("C", "S"):
            test = self.wild_test(
                j, variant=variant, n_resamples=n_resamples, rng=rng, confidence_level=self.confidence_level
            )
            pieces = test.confidence_set or [(-math.inf, math.inf)]
            low, high = pieces[0][0], pieces[-1][1]
            rows.append((f"WCR-{variant}", test.standard_error, test.statistic, test.pvalue, low, high))
        names = ("method", "std_error", "statistic", "p_value", "conf_low", "conf_high")
        return frame_like(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)), self._like)


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
    _choice("family", family, ("gaussian", "binomial"))
    if vcov is not None:
        _choice("vcov", vcov, _KINDS)
    if df is not None:
        _choice("df", df, _FREEDOMS)
    _check_level(confidence_level)
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
    raw = _fit_core(arrays, columns, family, vcov, df, confidence_level)
    return _regression(raw, arrays, columns, family, float(confidence_level), rows.site_labels, rows.outcome_kind)


def _fit_core(
    arrays: dict[str, Any], names: tuple[str, ...], family: str, vcov: str | None, df: str | None, level: float
) -> dict[str, Any]:
    options = {"names": names, "family": family, "vcov": vcov, "df": df, "level": float(level)}
    return _core.regress_fit(json.dumps(options), arrays)


def _choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise refuse(f"{name} not known", at=name, got=repr(value), allowed=", ".join(map(repr, allowed)))


def _check_level(level: object) -> None:
    if isinstance(level, bool) or not isinstance(level, (int, float)) or not 0 < level < 1:
        raise refuse(
            "confidence level not allowed", at="confidence_level", got=repr(level), allowed="between 0 and 1, as 0.95"
        )


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
