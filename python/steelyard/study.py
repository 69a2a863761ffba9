"""The study: scores of sites on a scale, checked once, with what else is known about the sites."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._frames import frame_in, library_of
from ._sheet import one_value, read_sheet
from .errors import refuse
from .reading import SheetReading
from .scale import Scale

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
    """Scores of sites on one scale, checked.

    Parameters
    ----------
    scores
        A frame with one row per review: a site column and one column per item id; or what `sy.read_scores` returned;
        or an array, sites x items in the order of the scale.
    scale
        A `Scale` or the id of a shipped one.
    site
        The site column; with an array, optionally the site names.
    review_date, rater
        Columns of the frame.
    missing
        `"scale-rule"`: a site whose total the scale's rule does not give is refused; `"bounds"`: it is kept without a
        total, with bounds.
    population
        What the sites stand for: `"sites like these"` (inference) or `"these sites"` (a description).
    site_columns
        Columns of the frame that describe the site; they go to `.sites`.

    Attributes
    ----------
    scale : Scale
    scores : frame, site x item, in the caller's library
        As entered: codes and reversed items unchanged.
    sites : frame
        One row per site: `site` and the columns that describe it.
    site_ids, item_ids : tuple of str
    score_matrix : ndarray of float, sites x items
        Oriented so that high is good; NaN where there is no score, and then `absent` says why. Read-only.
    absent : tuple of (site, item, reason)
    constant_items : tuple of str
    caveats : tuple of str
    survey, likert, baseline, flow, corpus, published, provenance
        What was attached with `attach`, else None.

    Raises
    ------
    InputError
        A score out of range or off the step, an unknown, missing or repeated item or site, text among numbers, a
        missing score without a rule for it, one site, no item that varies: each names row, column, value, rule, remedy.

    Examples
    --------
    >>> import numpy as np, steelyard as sy
    >>> scores = np.full((2, 25), 4.0)
    >>> scores[1, :3] = 5
    >>> study = sy.Study(scores, scale="ips-25", site=["Oslo", "Bergen"])
    >>> study.site_ids, study.score_matrix.sum(axis=1).tolist()
    (('Oslo', 'Bergen'), [100.0, 103.0])
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
    ) -> None:
        self.scale = Scale.load(scale) if isinstance(scale, str) else scale
        self.missing = _one_of("missing", missing, _MISSING)
        self.population = _one_of("population", population, _POPULATIONS)
        if isinstance(scores, SheetReading):
            review_date, rater = review_date or scores.review_date, rater or scores.rater
            site_columns = (*site_columns, *scores.site_columns)
            scores = scores.scores
        sheet = read_sheet(
            scores, self.scale, site=site, review_date=review_date, rater=rater, site_columns=site_columns
        )
        incomplete = "keep" if missing == "bounds" else "refuse"
        values, absent, constant = _core.study_check(
            self.scale.to_json(), sheet.sites, np.ascontiguousarray(sheet.entered), json.dumps(incomplete)
        )
        self.library = library_of(scores)
        self.site_ids: tuple[str, ...] = sheet.sites
        self.item_ids: tuple[str, ...] = self.scale.item_ids
        self.score_matrix: NDArray[np.float64] = values.reshape(len(self.site_ids), len(self.item_ids))
        self.score_matrix.flags.writeable = False
        self._entered = sheet.entered
        self.absent: tuple[tuple[str, str, str], ...] = tuple(
            (self.site_ids[cell["site"]], self.item_ids[cell["item"]], cell["reason"]) for cell in absent
        )
        self.constant_items: tuple[str, ...] = tuple(self.item_ids[j] for j in constant)
        self._described = {
            name: [one_value([cell], name, s) for cell, s in zip(cells, sheet.sites, strict=True)]
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
            raise refuse(f'no site column "{name}"', got=", ".join(self._described) or "none at all")
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
        if self.absent:
            lines.append(f"  missing: {len(self.absent)} of {self.score_matrix.size} scores ({self.missing})")
        lines += [f"  note: {text}" for text in self.caveats]
        return "\n".join(lines)


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
    return tuple(notes)
