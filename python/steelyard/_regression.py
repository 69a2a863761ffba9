"""A fitted regression and what can be asked of it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._frames import frame_like
from ._joint import JointTest, joint_test
from ._long import Progress
from ._methods import MethodComparison, methods
from ._names import offer
from ._random import RNG
from ._regress_options import FREEDOMS, KINDS, choice, fit_core
from ._regression_views import as_html, as_text, drawn
from ._result import Result
from ._wild import WildTest, wild_test
from .errors import refuse

if TYPE_CHECKING:
    from ._bootstrap_result import BootstrapResult
    from .plans import Plan

Floats = NDArray[np.float64]


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

    def __repr__(self) -> str:
        return as_text(self)

    def _html(self) -> str:
        return as_html(self)

    def plot(self, ax: Any = None) -> Any:
        """Draw estimate and interval of each slope (the intercept is left out); returns the Axes."""
        return drawn(self, ax)

    def _model_errors(self) -> Floats:
        """Return standard errors under the model, whatever `vcov` the fit has."""
        raw = fit_core(self.arrays, self.names, self.family, "model", None, self.confidence_level)
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
            "two-sided" compares the size of t; "equal-tailed" doubles the smaller tail; "greater", "less".
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
        return wild_test(
            self,
            self._term(term),
            given | {"null": null, "impose_null": bool(impose_null), "level": confidence_level},
            n_resamples,
            rng,
            threads,
            progress,
        )

    def bootstrap(
        self,
        *,
        plan: Plan | None = None,
        n_resamples: int = 9999,
        confidence_level: float = 0.95,
        alternative: str = "two-sided",
        method: str | None = None,
        enumeration: str = "auto",
        accuracy: float | None = None,
        resamples: Any = None,
        rng: RNG = None,
        threads: int | None = None,
        progress: Progress = None,
    ) -> BootstrapResult:
        """Refit on resampled sites, or rows where there are no sites: `sy.bootstrap(fit, "coefficients", ...)`.

        Parameters
        ----------
        plan
            None: whole sites with all their rows, `sy.plans.Cluster`; rows without sites. Any other plan of `sy.plans`.
        n_resamples, confidence_level, alternative, method, enumeration, accuracy, resamples, rng, threads, progress
            As in `sy.bootstrap`.

        Returns
        -------
        BootstrapResult
            One output per coefficient, in the order of `names`.

        Notes
        -----
        A replicate on which columns depend on one another, or separate the outcomes of a logistic fit, has no
        coefficients: it is undefined, and counted. Logistic fits start from the fit of all data and agree with fits
        from scratch to 1e-8. Rows of one site that agree in all columns are one row of k of n, so that with columns of
        the site alone the cost does not depend on the number of participants.

        References
        ----------
        Davison, A. C., and Hinkley, D. V. (1997). Bootstrap methods and their application, section 6.2.4.
        doi:10.1017/CBO9780511802843.

        Examples
        --------
        >>> import steelyard as sy
        >>> x, y = [[1], [1], [2], [2], [3], [3], [5], [5]], [2.0, 2.5, 3.9, 4.0, 4.2, 6.1, 9.5, 9.9]
        >>> fit = sy.regress(x, y, names=["fidelity"], sites=list("aabbccdd"))
        >>> result = fit.bootstrap(method="percentile")
        >>> result.enumerated, result.n_resamples, result.n_undefined
        (True, 35, 4)
        """
        from ._bootstrap import bootstrap

        return bootstrap(
            self,
            "coefficients",
            plan=plan,
            n_resamples=n_resamples,
            confidence_level=confidence_level,
            alternative=alternative,
            method=method,
            enumeration=enumeration,
            accuracy=accuracy,
            resamples=resamples,
            rng=rng,
            threads=threads,
            progress=progress,
        )

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
        choice("test", test, ("wald", "score"))
        if vcov is not None:
            choice("vcov", vcov, KINDS)
        if df is not None:
            choice("df", df, FREEDOMS)
        return joint_test(self, hypotheses, null, test, vcov, df)

    def compare(
        self,
        term: str | int,
        *,
        n_resamples: int = 9999,
        rng: RNG = None,
        threads: int | None = None,
        progress: Progress = None,
    ) -> MethodComparison:
        """Do the methods agree? One coefficient by every method that claims to be right with few sites.

        CR2 with Satterthwaite degrees of freedom; the jackknife by site with t(G - 1), which is CV3 (of a logistic
        regression also CV3L, without refits); the wild cluster tests C and S; BCa over whole sites; and CR1S with
        t(G - 1) for contrast. No method is right in every design; where they differ, say so.

        Parameters
        ----------
        term
            Column by name or place.
        n_resamples, rng, threads, progress
            Of the wild tests and of the bootstrap, where they are not enumerated.

        Returns
        -------
        MethodComparison
            With `.rows`, `.agree`, `.tidy()`, JSON and HTML.

        References
        ----------
        MacKinnon, J. G. (2026). When can we trust cluster-robust inference? arXiv:2604.02000.

        Examples
        --------
        >>> import steelyard as sy
        >>> x = [[1, 0], [1, 1], [2, 0], [2, 1], [3, 0], [3, 1], [5, 0], [5, 1], [4, 0], [4, 1], [3, 0], [3, 1]]
        >>> y = [2.0, 2.5, 3.9, 4.0, 4.2, 6.1, 9.5, 9.9, 8.3, 7.7, 6.5, 6.2]
        >>> fit = sy.regress(x, y, names=["fidelity", "arm"], sites=list("aabbccddeeff"))
        >>> table = fit.compare("fidelity", rng=1)
        >>> [row.method for row in table.rows], table.agree
        (['CR2', 'CV3', 'CR1S', 'WCR-C', 'WCR-S', 'BCa'], True)
        """

        def fitted(kind: str) -> dict[str, Any]:
            return fit_core(self.arrays, self.names, self.family, kind, None, self.confidence_level)

        return methods(
            self, self._term(term), fitted, n_resamples=n_resamples, rng=rng, threads=threads, progress=progress
        )
