"""The study: scores of sites on a scale, checked once, with what else is known about the sites."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._frames import frame_in, library_of
from ._linkage import Linkage
from ._meet import meet
from ._reviews import RULES, Units, reviews_of
from ._sheet import Sheet, one_value, read_sheet
from .errors import refuse
from .outcomes import KINDS, Outcome
from .reading import SheetReading
from .scale import Scale

if TYPE_CHECKING:
    from ._adjusted import AdjustedRates
    from ._feasible import FeasibleScores
    from ._long import Progress
    from ._missing import MissingScores, VerdictOverMissing
    from ._moments import Moments
    from ._random import RNG
    from ._raters import Change, Reliability
    from ._site_table import SiteTable
    from ._table_one import TableOne

__all__ = ["Published", "Study"]

_MISSING = ("scale-rule", "bounds")
_POPULATIONS = ("sites like these", "these sites")


@dataclasses.dataclass(frozen=True)
class Published:
    """What a report printed about its own scores, as text where trailing digits carry precision.

    Attributes
    ----------
    item_means : frame
        `item_id`, `mean_all` and one column `mean_<group>` per group of `group_column`.
    group_column : str or None
        The column of `.sites` that holds the groups.
    totals : dict
        Printed total by site.
    claims : frame
        Numbers that the running text states, and what they refer to.
    """

    item_means: Any = None
    group_column: str | None = None
    totals: dict[str, str] = dataclasses.field(default_factory=dict)
    claims: Any = None


class Study:
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
        A `Scale` or the id of a shipped one.
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

    def __init__(
        self,
        scores: Any,
        participants: Any = None,
        *,
        scale: Scale | str,
        site: str | Sequence[str] = "site",
        review_date: str | None = None,
        rater: str | None = None,
        review_rule: str = "nearest-before",
        outcome_window: Any = None,
        arm: str | None = None,
        missing: str = "scale-rule",
        population: str = "sites like these",
        site_columns: Sequence[str] = (),
        outcome: Outcome | None = None,
        participant: str | None = None,
        same_site: Mapping[str, str] | None = None,
        treated: str | None = None,
        rater_rule: str = "mean",
    ) -> None:
        self._given = {name: value for name, value in locals().items() if name != "self"}
        self.scale = Scale.load(scale) if isinstance(scale, str) else scale
        self.missing = _one_of("missing", missing, _MISSING)
        self.population = _one_of("population", population, _POPULATIONS)
        self.review_rule = _one_of("review_rule", review_rule, RULES)
        self.rater_rule = rater_rule
        self.treated = treated
        self.outcome = checked_outcome(outcome)
        if isinstance(scores, SheetReading):
            review_date, rater = review_date or scores.review_date, rater or scores.rater
            site_columns = (*site_columns, *scores.site_columns)
            scores = scores.scores
        sheet = read_sheet(
            scores, self.scale, site=site, review_date=review_date, rater=rater, site_columns=site_columns
        )
        self.library = library_of(scores)
        reviews = reviews_of(sheet, rater_rule, review_date or "review_date")
        column = site if isinstance(site, str) else "site"
        met = meet(
            participants,
            reviews,
            column=column,
            rule=review_rule,
            window=outcome_window,
            arm=arm,
            treated=treated,
            participant=participant,
            same_site=same_site or {},
            library=self.library,
        )
        self.participants, self._unit_of, self._arm_of = met.people, met.unit_of, met.arm_of
        self._linkage: Linkage | None = met.linkage
        self._units = met.units
        self._check(sheet, met.units)
        self._described = {
            name: [
                one_value([cells[row] for row in rows], name, s)
                for rows, s in zip(met.units.rows, met.units.sites, strict=True)
            ]
            for name, cells in sheet.described.items()
        }
        self.survey: Any = None
        self.baseline: Any = None
        self.likert: Any = None
        self.flow: Any = None
        self.published: Published | None = None
        self.provenance: str | None = None
        self._corpus: Any = None
        self._own_caveats: tuple[str, ...] = ()

    def _check(self, sheet: Sheet, units: Units) -> None:
        """Check every review and make one row of scores per unit."""
        p = len(self.scale.items)
        incomplete = "keep" if self.missing == "bounds" else "refuse"
        values, absent, constant, reviewed, _ = _core.study_check(
            self.scale.to_json(),
            sheet.sites,
            np.ascontiguousarray(sheet.entered),
            units.names,
            [list(rows) for rows in units.rows],
            json.dumps(incomplete),
        )
        self.site_ids: tuple[str, ...] = units.names
        self.unit_sites: tuple[str, ...] = units.sites
        self.item_ids: tuple[str, ...] = self.scale.item_ids
        self.score_matrix: NDArray[np.float64] = values.reshape(len(units.names), p)
        self.score_matrix.flags.writeable = False
        self._reviewed: NDArray[np.float64] = reviewed.reshape(len(sheet.sites), p)
        self._raters = sheet.raters
        self._review_of = {row: (r.site, r.date) for r, _ in units.reviews for row in r.all_rows}
        self._entered = np.array(
            [
                sheet.entered[rows[0]] if len(rows) == 1 else sheet.entered[list(rows)].mean(axis=0)
                for rows in units.rows
            ]
        )
        self.absent: tuple[tuple[str, str, str], ...] = tuple(
            (self.site_ids[cell["site"]], self.item_ids[cell["item"]], cell["reason"]) for cell in absent
        )
        self.constant_items: tuple[str, ...] = tuple(self.item_ids[j] for j in constant)

    @property
    def linkage(self) -> Linkage:
        """How reviews and participants met: every unmatched row both ways, reviews, windows, red lines."""
        if self._linkage is None:
            raise refuse(
                "no participants in this study",
                at="linkage",
                remedy="Pass them: sy.Study(scores, participants, scale=...), with participants from sy.read_outcomes.",
            )
        return self._linkage

    @property
    def filled_matrix(self) -> NDArray[np.float64]:
        """Scores with what is missing filled by the scale's rule; NaN where the rule gives nothing."""
        if not self.absent:
            return self.score_matrix
        flat = _core.scores_filled(self.scale.to_json(), np.ascontiguousarray(self.score_matrix))
        return flat.reshape(self.score_matrix.shape)

    @property
    def scores(self) -> Any:
        """The scores as entered, one row per site."""
        columns: dict[str, Any] = {"site": list(self.site_ids)}
        columns |= {id: self._entered[:, j] for j, id in enumerate(self.item_ids)}
        return frame_in(columns, self.library)

    @property
    def sites(self) -> Any:
        """One row per site: its name and the columns that describe it."""
        return frame_in({"site": list(self.site_ids), **self._described}, self.library)

    def site_column(self, name: str) -> tuple[Any, ...]:
        """Return one column of `.sites`, in the order of `site_ids`."""
        if name not in self._described:
            raise refuse(
                f'no site column "{name}"', allowed=", ".join(self._described) or "none, there are no such columns"
            )
        return tuple(self._described[name])

    @property
    def site_column_names(self) -> tuple[str, ...]:
        """The names of the columns that describe sites."""
        return tuple(self._described)

    @property
    def corpus(self) -> Any:
        """The coded interviews, built when first asked for."""
        if callable(self._corpus):
            self._corpus = self._corpus()
        return self._corpus

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
        from ._raters import change

        return change(self, sem, confidence_level)

    def missing_scores(self, *, n_imputations: int = 20, rng: RNG = None) -> MissingScores:
        """Compare ways of handling missing scores: the scale's rule, complete cases, means, imputation, bounds.

        Parameters
        ----------
        n_imputations
            Completed copies.
        rng
            Seed of the imputation.

        Returns
        -------
        MissingScores
            `.frame` (one row per site), `.cells`, and `.flagged`: sites whose band changes within the bounds.

        Examples
        --------
        >>> import steelyard as sy
        >>> scores = [[4] * 25, [3] * 25, [4] * 24 + [None], [5] * 25]
        >>> study = sy.Study(scores, scale="ips-25", missing="bounds")
        >>> study.missing_scores(rng=1).flagged
        ('3',)
        """
        from ._missing import missing_scores

        return missing_scores(self, n_imputations, rng)

    def imputations(
        self, n: int = 20, *, training: Sequence[str] | None = None, rng: RNG = None
    ) -> NDArray[np.float64]:
        """Complete the missing scores n times; copies x sites x items.

        Each item is regressed on the mean position of the site's other scored items, parameters are drawn anew for each
        copy, and the score drawn is put on the nearest admissible one. Copy m depends on the seed and m alone.

        Parameters
        ----------
        n
            Copies; pool what is computed on each with `sy.rubin`.
        training
            Sites that may inform the imputation: inside a fold those that are not held out. None: all.
        rng
            Seed.

        Examples
        --------
        >>> import numpy as np, steelyard as sy
        >>> scores = [[4] * 25, [3] * 25, [4] * 24 + [None], [5] * 25]
        >>> study = sy.Study(scores, scale="ips-25", missing="bounds")
        >>> copies = study.imputations(5, rng=1)
        >>> copies.shape, bool(np.isnan(copies).any())
        ((5, 4, 25), False)
        """
        from ._missing import imputations

        return imputations(self, n, training, rng)[0]

    def over_missing(
        self,
        verdict: Callable[[NDArray[np.float64]], Any],
        *,
        n_imputations: int = 20,
        training: Sequence[str] | None = None,
        rng: RNG = None,
    ) -> VerdictOverMissing:
        """Compute a verdict on completions of the missing scores, and say whether it changes within their bounds.

        Parameters
        ----------
        verdict
            From a complete score matrix (sites x items, oriented) to a number, word or truth value.
        n_imputations, training, rng
            As in `imputations`.

        Examples
        --------
        >>> import steelyard as sy
        >>> scores = [[4] * 25, [3] * 25, [4] * 24 + [None], [5] * 25]
        >>> study = sy.Study(scores, scale="ips-25", missing="bounds")
        >>> study.over_missing(lambda x: study.scale.band(x[2].sum()), rng=1).changes
        True
        """
        from ._missing import over_missing

        return over_missing(self, verdict, n_imputations, training, rng)

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

    @property
    def caveats(self) -> tuple[str, ...]:
        """What a reader of any result of this study should know."""
        return (*_scale_caveats(self), *self._own_caveats)

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

    def attach(
        self,
        *,
        survey: Any = None,
        likert: Any = None,
        baseline: Any = None,
        flow: Any = None,
        corpus: Any | Callable[[], Any] = None,
        published: Published | None = None,
        provenance: str | None = None,
        caveats: Sequence[str] = (),
    ) -> Study:
        """Return a copy with further material; what is None stays as it was.

        Examples
        --------
        >>> import steelyard as sy
        >>> sy.datasets.norway_ips().attach(provenance="own notes").provenance
        'own notes'
        """
        study = copy.copy(self)
        given = {"survey": survey, "likert": likert, "baseline": baseline, "flow": flow}
        given |= {"published": published, "provenance": provenance}
        for name, value in given.items():
            if value is not None:
                setattr(study, name, value)
        if corpus is not None:
            study._corpus = corpus
        study._own_caveats = (*self._own_caveats, *caveats)
        return study

    def __repr__(self) -> str:
        lines = [
            f"Study of {len(self.site_ids)} sites on {self.scale.id} ({len(self.item_ids)} items), {self.population}",
            f"  sites: {_some(self.site_ids)}",
        ]
        if self._linkage is not None:
            lines.append(f"  {self._linkage.summary}")
        if self.absent:
            lines.append(f"  missing: {len(self.absent)} of {self.score_matrix.size} scores ({self.missing})")
        lines += [f"  note: {text}" for text in self.caveats]
        return "\n".join(lines)


def checked_outcome(outcome: Any) -> Outcome | None:
    if outcome is not None and not isinstance(outcome, KINDS):
        raise refuse(
            "outcome not understood",
            at="outcome",
            got=repr(outcome),
            allowed="one of sy.outcomes: Binary, Binomial, Count, Duration, Mean, Effect",
            remedy='As in outcome=sy.outcomes.Binary("employed").',
        )
    return outcome


def _one_of(name: str, value: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise refuse("unknown option", at=name, got=repr(value), allowed=", ".join(repr(x) for x in allowed))
    return value


def _some(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _scale_caveats(study: Study) -> tuple[str, ...]:
    scale, notes = study.scale, []
    if scale.changes:
        notes.append(f"The scale was changed: {'; '.join(scale.changes)}.")
    reverse = [item.id for item in scale.items if item.reverse]
    if reverse:
        notes.append(f"Reversed items are turned so that high is good: {', '.join(reverse)}.")
    if study.constant_items:
        notes.append(
            f"Constant at all sites, so silent about differences (constant is not unimportant): "
            f"{', '.join(study.constant_items)}."
        )
    if study.absent:
        notes.append(f"{len(study.absent)} scores are missing.")
    if study.unit_sites != study.site_ids:
        notes.append("Rows are reviews, several of one site: resample by site (unit_sites), not by row.")
    return (*study._linkage.caveats, *notes) if study._linkage is not None else tuple(notes)
