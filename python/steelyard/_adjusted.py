"""Rates and means of sites, adjusted for the case mix of their participants."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._brief import brief
from ._frames import frame_in
from ._html import table
from ._moments import group_of, outcome_of, people_of
from ._outcome_values import outcome_values
from ._participants import Floats
from ._result import Result, data_hash
from .errors import InputError, refuse
from .outcomes import Binary, Effect, Mean, Outcome

if TYPE_CHECKING:
    from .study import Study

_MOST_LEVELS = 12


@dataclasses.dataclass(frozen=True, repr=False)
class AdjustedRates(Result):
    """Each site as if it had served the participants of all sites, as far as the covariates say.

    Attributes
    ----------
    frame : frame
        `site, n, crude, adjusted, std_error, conf_low, conf_high, observed, expected, status`.
    coefficients : frame
        Of the covariates within sites: `term, estimate, std_error`.
    covariates : tuple of str
        Terms of the model; labels enter as one term per label except the first.
    n, left_out : int
        Participants in the model, and those without outcome or covariates.
    caveats : tuple of str
    """

    outcome: Outcome
    sites: tuple[str, ...]
    n_by_site: tuple[int, ...]
    crude: tuple[float | None, ...]
    value: tuple[float | None, ...]
    std_error: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    observed: tuple[float, ...]
    expected: tuple[float, ...]
    status: tuple[str, ...]
    covariates: tuple[str, ...]
    slopes: tuple[float, ...]
    slope_errors: tuple[float, ...]
    n: int
    left_out: int
    confidence_level: float
    caveats: tuple[str, ...]
    data_hash: str
    library: str = "pandas"

    def _columns(self) -> dict[str, Any]:
        return {
            "site": self.sites,
            "n": self.n_by_site,
            "crude": self.crude,
            "adjusted": self.value,
            "std_error": self.std_error,
            "conf_low": self.low,
            "conf_high": self.high,
            "observed": self.observed,
            "expected": self.expected,
            "status": self.status,
        }

    @property
    def frame(self) -> Any:
        """One row per site."""
        return frame_in(self._columns(), self.library)

    @property
    def coefficients(self) -> Any:
        """One row per covariate."""
        columns = {"term": self.covariates, "estimate": self.slopes, "std_error": self.slope_errors}
        return frame_in(columns, self.library)

    def tidy(self) -> Any:
        """Return one row per site: `term, estimate, std_error, conf_low, conf_high`."""
        columns = {"term": self.sites, "estimate": self.value, "std_error": self.std_error}
        return frame_in({**columns, "conf_low": self.low, "conf_high": self.high}, self.library)

    def __repr__(self) -> str:
        head = f"{self.outcome} by site, adjusted for {', '.join(self.covariates)} ({self.n} participants)"
        lines = []
        for site, crude, value, low, high, status in zip(
            self.sites, self.crude, self.value, self.low, self.high, self.status, strict=True
        ):
            ends = "" if low is None or high is None else f" ({low:.3f} to {high:.3f})"
            shown = "no participants" if value is None or crude is None else f"{crude:.3f} -> {value:.3f}{ends}"
            lines.append(f"  {site}: {shown}" + ("" if status in ("ok", "empty") else f" [{status} had it]"))
        return "\n".join([head, *brief(lines, ".frame"), *(f"  note: {text}" for text in self.caveats)])

    def _html(self) -> str:
        columns = self._columns()
        note = " ".join(self.caveats)
        return table(f"{self.outcome}, adjusted", list(columns), list(zip(*columns.values(), strict=True)), note=note)


def adjusted(study: Study, outcome: Outcome | None, covariates: Sequence[str], level: float) -> AdjustedRates:
    """Adjust: see `Study.adjusted_rates`."""
    wanted = outcome_of(study, outcome)
    if isinstance(wanted, Effect):
        # The rate behind an effect: of the treated arm.
        wanted = wanted.outcome
    if not isinstance(wanted, (Binary, Mean)):
        raise refuse(
            "outcome that cannot be adjusted",
            got=str(wanted),
            allowed="Binary or Mean, with one row per participant",
            remedy="Counts, durations and k of n per site have no participant rows to adjust.",
        )
    if not covariates:
        raise refuse("no covariates", at="covariates", remedy="Name columns of participants, as ['age', 'sex'].")
    people, _ = people_of(study)
    group, sites = group_of(study, None), study.site_ids
    y = outcome_values(people, wanted).y
    terms, z = design(study, covariates)
    use = (group >= 0) & ~np.isnan(y) & ~np.isnan(z).any(axis=1)
    left_out = int(np.count_nonzero(group >= 0) - np.count_nonzero(use))
    if not use.any():
        raise refuse("no participant has the outcome and all covariates", at="covariates", got=", ".join(covariates))
    codes, y_used, z_used = np.ascontiguousarray(group[use]), np.ascontiguousarray(y[use]), np.ascontiguousarray(z[use])
    try:
        raw = _fit(wanted, codes, y_used, z_used, len(sites), level)
    except InputError as error:
        raise InputError(f"{error} (covariates in order: {', '.join(terms)})") from None
    n = np.bincount(codes, minlength=len(sites))
    sums = np.bincount(codes, weights=y_used, minlength=len(sites))
    crude = [float(s / m) if m else None for s, m in zip(sums, n, strict=True)]
    rows = raw["sites"]
    notes = [
        f"Adjusted to the covariates of all {int(use.sum())} participants; what was not measured is not adjusted for."
    ]
    if left_out:
        notes.append(f"{left_out} participants without outcome or covariates are left out.")
    extreme = [site for site, row in zip(sites, rows, strict=True) if row["status"] in ("all", "none")]
    if extreme:
        notes.append(f"Everybody or nobody had the outcome at {', '.join(extreme)}: their rate cannot be adjusted.")
    return AdjustedRates(
        outcome=wanted,
        sites=sites,
        n_by_site=tuple(int(x) for x in n),
        crude=tuple(crude),
        value=tuple(row["value"] for row in rows),
        std_error=tuple(row["standard_error"] for row in rows),
        low=tuple(row["low"] for row in rows),
        high=tuple(row["high"] for row in rows),
        observed=tuple(row["observed"] for row in rows),
        expected=tuple(row["expected"] for row in rows),
        status=tuple(row["status"] for row in rows),
        covariates=terms,
        slopes=tuple(raw["coefficients"]),
        slope_errors=tuple(raw["standard_errors"]),
        n=int(raw["n"]),
        left_out=left_out,
        confidence_level=level,
        caveats=tuple(notes),
        data_hash=data_hash(codes, y_used, z_used),
        library=study.library,
    )


def _fit(outcome: Outcome, codes: Any, y: Floats, z: Floats, sites: int, level: float) -> dict[str, Any]:
    if isinstance(outcome, Binary):
        return _core.site_adjusted_rates(codes, y, z, sites, level)
    from ._moments import raw_moments

    columns = [y, *(np.ascontiguousarray(z[:, j]) for j in range(z.shape[1]))]
    origin = [float(np.round(column.mean())) for column in columns]
    raw = raw_moments(codes, sites, columns, origin, 1, False)
    return _core.site_adjusted_means(origin, raw["n"], raw["sums"], raw["products"], level)


def design(study: Study, covariates: Sequence[str]) -> tuple[tuple[str, ...], Floats]:
    """Return named columns: numbers as they are, labels as one 0/1 column per label except the first."""
    people, _ = people_of(study)
    people.need(*covariates)
    names: list[str] = []
    columns: list[Floats] = []
    for name in covariates:
        try:
            columns.append(people.numbers(name))
            names.append(name)
        except InputError:
            codes, labels = people.codes(name)
            if len(labels) > _MOST_LEVELS or len(labels) < 2:
                raise refuse(
                    "covariate with too many labels" if len(labels) > 1 else "covariate does not vary",
                    at=f'column "{name}"',
                    got=f"{len(labels)} different",
                    allowed=f"numbers, or 2 to {_MOST_LEVELS} labels",
                ) from None
            for place, text in enumerate(labels[1:], start=1):
                columns.append(np.where(codes < 0, np.nan, (codes == place).astype(np.float64)))
                names.append(f"{name}: {text}")
    return tuple(names), np.column_stack(columns)


__all__ = ["AdjustedRates", "adjusted", "design"]
