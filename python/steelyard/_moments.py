"""Moments of participants by site: one pass, whatever their number; what every linear fit and every rate needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._frames import frame_in
from ._html import table
from ._long import Progress, run_long, thread_count
from ._outcome_values import Values, outcome_values
from ._participants import Codes, Participants
from ._result import Result, data_hash
from .errors import refuse
from .outcomes import Effect, Outcome, Simple

if TYPE_CHECKING:
    from .study import Study

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, repr=False)
class Moments(Result):
    """Counts, sums and cross-products of each site's participants.

    Attributes
    ----------
    sites : tuple of str
    columns : tuple of str
        Outcome, then covariates.
    item_ids : tuple of str
    rows, n : ndarray of int, sites
        Linked participants, and those with every column.
    missing : ndarray of int, sites x columns
        Blank cells.
    origin : ndarray, columns
        The point about which sums are taken.
    sums : ndarray, sites x columns
        Of (x - origin).
    products : ndarray, sites x columns x columns
        Of (x - origin)(x - origin)'.
    items : ndarray, sites x items
        Oriented scores of each site; constant within it.
    midpoint : ndarray, items
        The point about which item sums are taken in `linked`.
    unlinked : int
        Participants of no reviewed site (or, with an arm, of the other arm).
    """

    outcome: Outcome
    sites: tuple[str, ...]
    columns: tuple[str, ...]
    item_ids: tuple[str, ...]
    rows: NDArray[np.int64]
    n: NDArray[np.int64]
    missing: NDArray[np.int64]
    origin: Floats
    sums: Floats
    products: Floats
    minimum: Floats
    maximum: Floats
    items: Floats
    midpoint: Floats
    unlinked: int
    caveats: tuple[str, ...]
    data_hash: str
    library: str = "pandas"

    @property
    def means(self) -> Floats:
        """Mean of every column at every site; NaN without complete participants."""
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Floats = self.origin + self.sums / self.n[:, None]
        return found

    def linked(self, counts: Sequence[float] | Floats | None = None) -> Floats:
        """Return cross-products of (1, items, covariates, outcome), each site counted `counts` times.

        A left-out site is a count of 0, a bootstrap of sites the counts of its draw. Items are about `midpoint`, the
        other columns about `origin`.

        Examples
        --------
        >>> import numpy as np, steelyard as sy
        >>> scores = np.full((2, 25), 4.0)
        >>> scores[1, 0] = 5
        >>> people = {"site": ["A", "A", "B"], "employed": [1, 0, 1]}
        >>> study = sy.Study(scores, people, scale="ips-25", site=["A", "B"])
        >>> m = study.moments(sy.outcomes.Binary("employed"))
        >>> m.linked()[0, [0, 1, -1]].tolist(), float(m.linked([1, 0])[0, 0])
        ([3.0, 4.0, 2.0], 2.0)
        """
        weights = np.ones(len(self.sites)) if counts is None else np.asarray(counts, dtype=np.float64)
        if weights.shape != (len(self.sites),) or not np.isfinite(weights).all():
            raise refuse("one finite count per site is needed", at="counts", got=f"shape {weights.shape}")
        if np.isnan(self.items).any():
            raise refuse("sites with missing scores have no moments of items", remedy="Complete or impute them first.")
        flat = _core.study_linked(
            *self._parts(), np.ascontiguousarray(self.items), self.midpoint.tolist(), weights.tolist()
        )
        width = 1 + len(self.item_ids) + len(self.columns)
        return flat.reshape(width, width)

    def _parts(self) -> tuple[list[float], list[int], list[float], list[float]]:
        return self.origin.tolist(), self.n.tolist(), self.sums.ravel().tolist(), self.products.ravel().tolist()

    def tidy(self) -> Any:
        """Return one row per site: rows, n, missing, and the mean of every column."""
        columns: dict[str, Any] = {"site": self.sites, "rows": self.rows, "n": self.n}
        columns |= {f"missing_{name}": self.missing[:, j] for j, name in enumerate(self.columns)}
        columns |= {f"mean_{name}": self.means[:, j] for j, name in enumerate(self.columns)}
        return frame_in(columns, self.library)

    def __repr__(self) -> str:
        blank = int(self.missing.sum())
        return (
            f"Moments of {int(self.n.sum())} participants at {len(self.sites)} sites: {', '.join(self.columns)}"
            + (f"; {blank} blank cells" if blank else "")
            + (f"; {self.unlinked} rows of no reviewed site or of the other arm" if self.unlinked else "")
        )

    def _html(self) -> str:
        rows = [
            (site, int(rows), int(n), *mean)
            for site, rows, n, mean in zip(self.sites, self.rows, self.n, self.means.tolist(), strict=True)
        ]
        return table(repr(self), ["site", "participants", "complete", *(f"mean {c}" for c in self.columns)], rows)


def people_of(study: Study) -> tuple[Participants, Codes]:
    """Return the participants of a study and the row of scores of each."""
    if study.participants is None or study._unit_of is None:
        raise refuse(
            "no participants in this study",
            remedy="Pass them: sy.Study(scores, participants, scale=...), with participants from sy.read_outcomes.",
        )
    return study.participants, study._unit_of


def outcome_of(study: Study, outcome: Outcome | None) -> Outcome:
    """Return the outcome that was given, or the study's own."""
    found = outcome if outcome is not None else study.outcome
    if found is None:
        raise refuse(
            "outcome not stated",
            at="outcome",
            allowed="one of sy.outcomes",
            remedy='As in sy.outcomes.Binary("employed").',
        )
    from ._study_data import checked_outcome

    checked_outcome(found)
    return found


def group_of(study: Study, arm: int | None, arms: Codes | None = None) -> Codes:
    """Return the unit of each participant of an arm (1 treated, 0 control, None: the treated one if there are arms)."""
    _, unit = people_of(study)
    arms = study._arm_of if arms is None else arms
    if arms is None:
        return unit
    wanted = 1 if arm is None else arm
    return np.where(arms == wanted, unit, -1)


def raw_moments(
    group: Codes,
    groups: int,
    columns: Sequence[Floats],
    origin: Sequence[float],
    threads: int | None,
    progress: Progress,
) -> dict[str, Any]:
    """Sum columns by group through the door."""
    found: dict[str, Any] = run_long(
        _core.study_moments,
        np.ascontiguousarray(group),
        groups,
        [np.ascontiguousarray(column) for column in columns],
        list(origin),
        thread_count(threads),
        progress=progress,
        description="moments",
        finish=lambda raw: raw,
    )
    return found


def moments(
    study: Study,
    outcome: Outcome | None,
    covariates: Sequence[str],
    threads: int | None = None,
    progress: Progress = None,
) -> Moments:
    """Sum the participants of every site: see `Study.moments`."""
    wanted = outcome_of(study, outcome)
    if isinstance(wanted, Effect) or wanted.kind in ("binomial", "duration"):
        raise refuse(
            "outcome without moments of participants",
            got=str(wanted),
            allowed="Binary, Count or Mean",
            remedy="site_table() gives each site's estimate and variance for the others.",
        )
    people, _ = people_of(study)
    names = [str(name) for name in covariates]
    people.need(*names)
    values: Values = outcome_values(people, _simple(wanted))
    columns = [values.y, *(people.numbers(name) for name in names)]
    origin = [0.0 if wanted.kind in ("binary", "count") else _first(values.y), *(_first(c) for c in columns[1:])]
    sites = study.site_ids
    raw = raw_moments(group_of(study, None), len(sites), columns, origin, threads, progress)
    k, q = len(sites), len(columns)
    return Moments(
        outcome=wanted,
        sites=sites,
        columns=(str(wanted), *names),
        item_ids=study.item_ids,
        rows=np.array(raw["rows"], dtype=np.int64),
        n=np.array(raw["n"], dtype=np.int64),
        missing=np.array(raw["missing"], dtype=np.int64).reshape(k, q),
        origin=np.array(origin),
        sums=np.array(raw["sums"]).reshape(k, q),
        products=np.array(raw["products"]).reshape(k, q, q),
        minimum=np.array(raw["minimum"]).reshape(k, q),
        maximum=np.array(raw["maximum"]).reshape(k, q),
        items=study.score_matrix,
        midpoint=np.array([(item.minimum + item.maximum) / 2 for item in study.scale.items]),
        unlinked=int(raw["unlinked"]),
        caveats=study.caveats,
        data_hash=data_hash(study.score_matrix, np.array(raw["sums"]), np.array(raw["n"])),
        library=study.library,
    )


def _simple(outcome: Outcome) -> Simple:
    return outcome.outcome if isinstance(outcome, Effect) else outcome


def _first(column: Floats) -> float:
    known = np.flatnonzero(np.isfinite(column))
    return float(np.round(column[known[0]])) if known.size else 0.0
