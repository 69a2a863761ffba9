"""The study: scores of sites on a scale, checked once, with what else is known about the sites."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._study_data import Published
from ._study_missing import StudyWithGaps
from .outcomes import Outcome

if TYPE_CHECKING:
    from ._adjusted import AdjustedRates
    from ._change import Change
    from ._feasible import FeasibleScores
    from ._long import Progress
    from ._moments import Moments
    from ._raters import Reliability
    from ._site_table import SiteTable
    from ._table_one import TableOne

__all__ = ["Published", "Study"]


def __dir__() -> list[str]:
    return sorted(__all__)


class Study(StudyWithGaps):
    """Scores of sites on one scale, checked, and linked to their participants.

    Parameters
    ----------
    scores
        A frame with one row per review: a site column and one column per item id; or what `sy.read_scores` returned;
        or an array, sites x items in the order of the scale.
    participants
        One row per participant (or per site, for `Binomial` outcomes): what `sy.read_outcomes` returned, a frame, or
        the path of a Parquet file.
    scale
        A `Scale` or the id of a shipped one; None: the one that `sy.read_scores` read with.
    site
        The site column of both; with an array, optionally the site names.
    review_date, rater
        Columns of the scores.
    review_rule
        Which review stands for a site that has several: `"nearest-before"` its outcome window (the last one where no
        window is known), `"first"`, `"last"`, `"mean"` of all, or `"all"`: each review is a row, participants belong to
        the nearest one before their own window, and the site stays the unit of resampling (`unit_sites`).
    outcome_window
        When the outcomes happened: `(start, end)` as dates or as names of two date columns of participants, or a
        mapping from site to such a pair. A window that begins before its review is a red line in `.linkage` and in the
        caveats.
    arm
        Column of participants that tells treatment from control. Outcomes other than `Effect` then use the treated arm.
    missing
        `"scale-rule"`: a site whose total the scale's rule does not give is refused; `"bounds"`: it is kept without a
        total, with bounds.
    population
        What the sites stand for: `"sites like these"` (inference) or `"these sites"` (a description).
    site_columns
        Columns of the scores that describe the site; they go to `.sites`.
    outcome
        The outcome that methods use when they are given none.
    participant
        Column of participants with their ids; a person in two sites, two arms or two rows is refused.
    same_site
        Spellings in the participant file that are a reviewed site: `{"OSLO ": "Oslo"}`. Near misses are offered in
        `.linkage` and never joined without this.
    treated
        Label of the treated arm, where it is not recognised.
    rater_rule
        `"mean"` of the raters of one review, or the label of the rater whose scores are used.

    Attributes
    ----------
    scale : Scale
    scores : frame, site x item, in the caller's library
        As entered: codes and reversed items unchanged (means, where several rows stand for a site).
    sites : frame
        One row per site: `site` and the columns that describe it.
    site_ids, item_ids : tuple of str
    unit_sites : tuple of str
        The site of each row: `site_ids`, except under the rule `all`.
    score_matrix : ndarray of float, sites x items
        Oriented so that high is good; NaN where there is no score, and then `absent` says why. Read-only.
    absent : tuple of (site, item, reason)
    constant_items : tuple of str
    linkage : Linkage
        Every unmatched row, both ways; reviews, windows and red lines.
    caveats : tuple of str
    survey, likert, baseline, flow, corpus, published, provenance
        What was attached with `attach`, else None.

    Raises
    ------
    InputError
        A score out of range or off the step, an unknown, missing or repeated item or site, text among numbers, a
        missing score without a rule for it, one site, no item that varies, a participant in two sites or arms: each
        names row, column, value, rule, remedy.

    Examples
    --------
    >>> import numpy as np, pandas as pd, steelyard as sy
    >>> scores = np.full((2, 25), 4.0)
    >>> scores[1, :3] = 5
    >>> people = pd.DataFrame({"site": ["Oslo", "Oslo", "Bergen", "bergen"], "employed": [1, 0, 1, 1]})
    >>> study = sy.Study(scores, people, scale="ips-25", site=["Oslo", "Bergen"])
    >>> study.site_ids, study.score_matrix.sum(axis=1).tolist()
    (('Oslo', 'Bergen'), [100.0, 103.0])
    >>> study.linkage.unmatched[["row", "site", "perhaps"]].values.tolist()
    [[4, 'bergen', 'Bergen']]
    """

    def site_table(
        self,
        outcome: Outcome | None = None,
        *,
        covariates: Sequence[str] = (),
        confidence_level: float = 0.95,
    ) -> SiteTable:
        """Describe every site: reviews, total, band with bounds, subscales, and with participants n, rate, effect.

        Parameters
        ----------
        outcome
            One of `sy.outcomes`; None: the study's own, if it has one.
        covariates
            Columns of participants; adds rates adjusted for case mix.
        confidence_level
            Of every interval.

        Returns
        -------
        SiteTable
            `.frame` (one row per site), `.pooled` (REML with Knapp-Hartung), `.icc`, `.size_correlation`,
            `.floor_ceiling`, `.missing_outcomes`, `.plot()` (caterpillar) and `.plot_funnel()`.

        Examples
        --------
        >>> import steelyard as sy
        >>> sy.datasets.norway_ips().site_table().frame.loc[2, ["site", "band"]].tolist()
        ['3', 'good']
        """
        from ._site_table import site_table

        return site_table(self, outcome, tuple(covariates), confidence_level)

    def table_one(self, columns: Sequence[str], *, by: str | None = None) -> TableOne:
        """Describe the linked participants: means (SD) or counts (%), with what is missing.

        Parameters
        ----------
        columns
            Of participants: numbers, 0/1, or labels.
        by
            Column of groups; None: the arms, if there are any.

        Returns
        -------
        TableOne
            `.frame`, with the standardised difference when there are two groups; no p-values.

        Examples
        --------
        >>> import steelyard as sy
        >>> people = {"site": ["A", "A", "B"], "age": [30, 40, 50], "sex": ["f", "m", "f"]}
        >>> study = sy.Study([[4] * 25, [4] * 24 + [5]], people, scale="ips-25", site=["A", "B"])
        >>> study.table_one(["age", "sex"]).frame["all (n = 3)"].tolist()
        ['40.0 (10.0)', '2 (67 %)', '1 (33 %)']
        """
        from ._table_one import table_one

        return table_one(self, tuple(columns), by)

    def adjusted_rates(
        self, covariates: Sequence[str], outcome: Outcome | None = None, *, confidence_level: float = 0.95
    ) -> AdjustedRates:
        """Adjust each site's rate or mean for the case mix of its participants.

        Direct standardisation: a logistic (or linear) model with one intercept per site and common slopes; each site's
        prediction is averaged over the participants of all sites.

        Parameters
        ----------
        covariates
            Columns of participants: numbers, or labels (one term per label except the first).
        outcome
            `Binary` or `Mean`; None: the study's own.
        confidence_level
            Of the intervals (delta method, on the logit scale for rates).

        Examples
        --------
        >>> import steelyard as sy
        >>> scores = [[4] * 25, [4] * 24 + [5]]
        >>> people = {"site": list("AAAABBBB"), "employed": [1, 0, 1, 0, 1, 0, 0, 1], "age": [1, 1, 2, 2, 1, 1, 2, 2]}
        >>> study = sy.Study(scores, people, scale="ips-25", site=["A", "B"], outcome=sy.outcomes.Binary("employed"))
        >>> [round(x, 3) for x in study.adjusted_rates(["age"]).value]
        [0.5, 0.5]
        """
        from ._adjusted import adjusted

        return adjusted(self, outcome, tuple(covariates), confidence_level)

    def moments(
        self,
        outcome: Outcome | None = None,
        covariates: Sequence[str] = (),
        *,
        threads: int | None = None,
        progress: Progress = None,
    ) -> Moments:
        """Sum participants by site in one pass: all that a linear fit, a jackknife or a bootstrap of sites needs.

        Parameters
        ----------
        outcome
            `Binary`, `Count` or `Mean`; None: the study's own.
        covariates
            Numeric columns of participants.
        threads, progress
            As everywhere; the sums do not depend on the number of threads.

        Examples
        --------
        >>> import steelyard as sy
        >>> scores = [[4] * 25, [4] * 24 + [5]]
        >>> study = sy.Study(scores, {"site": list("AAB"), "employed": [1, 0, 1]}, scale="ips-25", site=["A", "B"])
        >>> study.moments(sy.outcomes.Binary("employed")).means.ravel().tolist()
        [0.5, 1.0]
        """
        from ._moments import moments

        return moments(self, outcome, tuple(covariates), threads, progress)

    def reliability(self, *, confidence_level: float = 0.95) -> Reliability:
        """Compare the raters of reviews that several scored: ICC in all six forms, items, bands with measurement error.

        Returns
        -------
        Reliability
            `.icc`, `.items`, `.bands`, `.sem`, `.disattenuate(r)`.

        Examples
        --------
        >>> import pandas as pd, steelyard as sy
        >>> rows = [["A", "x", *[4] * 25], ["A", "y", *[4] * 25], ["B", "x", *[3] * 25], ["B", "y", *[3] * 24, 4]]
        >>> scores = pd.DataFrame(rows, columns=["site", "rater", *sy.Scale.load("ips-25").item_ids])
        >>> found = sy.Study(scores, scale="ips-25", rater="rater").reliability()
        >>> found.form, round(found.sem, 2)
        ('ICC(2,k)', 0.5)
        """
        from ._raters import reliability

        return reliability(self, confidence_level)

    def change(self, *, sem: float | None = None, confidence_level: float = 0.95) -> Change:
        """Compare successive reviews of each site beside the error of measurement.

        Parameters
        ----------
        sem
            Standard error of measurement of one total, in points; None: from the raters of this study.
        confidence_level
            Of the intervals.

        Notes
        -----
        The standard error of a change is sqrt(2) SEM (Jacobson and Truax 1991,
        https://doi.org/10.1037/0022-006X.59.1.12).

        Examples
        --------
        >>> import pandas as pd, steelyard as sy
        >>> rows = [["A", "2019", *[3] * 25], ["A", "2021", *[4] * 25], ["B", "2020", *[3] * 25]]
        >>> scores = pd.DataFrame(rows, columns=["site", "date", *sy.Scale.load("ips-25").item_ids])
        >>> study = sy.Study(scores, scale="ips-25", review_date="date")
        >>> study.change(sem=3).frame["beyond_error"].tolist()
        [True]
        """
        from ._change import change

        return change(self, sem, confidence_level)

    def feasible_scores(self, *, steps: Sequence[Any] = ("1", "1/2", "1/3", "1/4", "1/5", "1/10")) -> FeasibleScores:
        """Find the score matrices that are compatible with the printed item means.

        Parameters
        ----------
        steps
            Steps of the scores to try, coarse to fine.

        Returns
        -------
        FeasibleScores
            `.matrices` (the simplest), `.tidy()` (scores that can differ), `.study(site)`, `.fidelity()`: ranges of
            totals, bands, item means and gaps over all of them.

        Examples
        --------
        >>> import steelyard as sy
        >>> found = sy.datasets.norway_ips().feasible_scores()
        >>> found.changed, found.step, f"{found.n_matrices:.0f}"
        ((('3',), ('6',)), 0.5, '354294')
        """
        from ._feasible import feasible_scores

        return feasible_scores(self, steps)

    def export(
        self, folder: str | Path, *, outcome: Outcome | None = None, covariates: Sequence[str] = ()
    ) -> tuple[Path, ...]:
        """Write the analysis set for Stata and R: `analysis.csv`, `analysis.do`, `analysis.R`, `codebook.csv`.

        One row per linked participant (per site without participants): site, review date, arm, outcome, covariates,
        total and items. Names are such as Stata and R both take.

        Parameters
        ----------
        folder
            Made when it is not there; files that are there are never overwritten.
        outcome
            Its columns are written; None: the study's own.
        covariates
            Further columns of participants.

        Examples
        --------
        >>> import steelyard as sy, tempfile
        >>> files = sy.datasets.norway_ips().export(tempfile.mkdtemp())
        >>> files[0].read_text(encoding="utf-8").splitlines()[1][:10]
        '1,1,97,5,5'
        """
        from ._export import export

        return export(self, folder, outcome, tuple(covariates))

    def under_rule(self, review_rule: str) -> Study:
        """Return the study with another rule of choosing a site's review; everything else is given anew.

        Examples
        --------
        >>> import steelyard as sy
        >>> items = {item: [3, 5, 4] for item in sy.Scale.load("ips-25").item_ids}
        >>> sheet = {"site": ["a", "a", "b"], "day": ["2020-01-01", "2021-01-01", "2020-05-01"], **items}
        >>> study = sy.Study(sheet, scale="ips-25", review_date="day", review_rule="first")
        >>> float(study.score_matrix[0, 0]), float(study.under_rule("last").score_matrix[0, 0])
        (3.0, 5.0)
        """
        return Study(**{**self._given, "review_rule": review_rule})
