"""What a study holds: scores of sites checked once, reviews and participants linked, what was attached."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._frames import frame_in, library_of
from ._html import Shown
from ._linkage import Linkage
from ._meet import meet
from ._reviews import RULES, Units, reviews_of
from ._sheet import Sheet, one_value, read_sheet
from .errors import refuse
from .outcomes import KINDS, Outcome
from .reading import SheetReading
from .scale import Scale

__all__ = ["Published", "StudyData", "checked_outcome"]

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


class StudyData(Shown):
    """The data of a `Study`, whose docstring describes every parameter and attribute."""

    def __init__(
        self,
        scores: Any,
        participants: Any = None,
        *,
        scale: Scale | str | None = None,
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
        self.scale = _scale_of(scale, scores)
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

    @property
    def caveats(self) -> tuple[str, ...]:
        """What a reader of any result of this study should know."""
        return (*_scale_caveats(self), *self._own_caveats)

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
    ) -> Self:
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
            self._caption(),
            f"  sites: {_some(self.site_ids)}",
        ]
        if self._linkage is not None:
            lines.append(f"  {self._linkage.summary}")
        if self.absent:
            lines.append(f"  missing: {len(self.absent)} of {self.score_matrix.size} scores ({self.missing})")
        lines += [f"  note: {text}" for text in self.caveats]
        return "\n".join(lines)

    def _caption(self) -> str:
        return f"Study of {len(self.site_ids)} sites on {self.scale.id} ({len(self.item_ids)} items), {self.population}"

    def _html(self) -> str:
        from ._study_page import page

        return page(self)


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


def _scale_of(scale: Scale | str | None, scores: Any) -> Scale:
    if isinstance(scale, str):
        return Scale.load(scale)
    found = scores.scale if scale is None and isinstance(scores, SheetReading) else scale
    if not isinstance(found, Scale):
        raise refuse(
            "scale not stated",
            at="scale",
            got=repr(scale),
            allowed="a sy.Scale or the id of a shipped one",
            remedy='As in scale="ips-25"; sy.Scale.available() lists them.',
        )
    return found


def _one_of(name: str, value: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise refuse("unknown option", at=name, got=repr(value), allowed=", ".join(repr(x) for x in allowed))
    return value


def _some(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _scale_caveats(study: StudyData) -> tuple[str, ...]:
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
