"""Missing scores: what each way of handling them gives, limits, imputation, verdicts over all of it."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._brief import brief
from ._frames import frame_in
from ._html import table
from ._random import RNG, seed_of
from ._result import Result, data_hash
from .errors import InputError, refuse

if TYPE_CHECKING:
    from ._study_data import StudyData

__all__ = ["MissingScores", "RubinPooled", "VerdictOverMissing", "rubin"]

Floats = NDArray[np.float64]
_CORNERS = 10


@dataclasses.dataclass(frozen=True)
class RubinPooled(Result):
    """Estimates from completed copies of the data, pooled by Rubin's rules.

    Attributes
    ----------
    estimate, standard_error : float
    within, between : float
        Variance within copies (mean) and between their estimates.
    degrees_of_freedom : float
        Of the t interval.
    missing_share : float
        Share of the total variance that is due to what is missing.
    low, high : float
        The interval.
    n_copies : int
    """

    estimate: float
    standard_error: float
    within: float
    between: float
    degrees_of_freedom: float
    missing_share: float
    low: float
    high: float
    n_copies: int

    def __repr__(self) -> str:
        return (
            f"{self.estimate:.4g} ({self.low:.4g} to {self.high:.4g}) over {self.n_copies} completed copies; "
            f"standard error {self.standard_error:.3g}, t({self.degrees_of_freedom:.1f}), "
            f"{100 * self.missing_share:.0f} % of the variance from what is missing"
        )

    def _html(self) -> str:
        heads = ("", "estimate", "standard error", "low", "high", "df", "share of variance from what is missing")
        row = (self.estimate, self.standard_error, self.low, self.high, self.degrees_of_freedom, self.missing_share)
        return table(f"Pooled over {self.n_copies} completed copies (Rubin)", heads, [("pooled", *row)])

    def tidy(self) -> Any:
        """Return one row."""
        columns: dict[str, Any] = {"term": ["pooled"], "estimate": [self.estimate], "std_error": [self.standard_error]}
        return frame_in({**columns, "conf_low": [self.low], "conf_high": [self.high]}, "pandas")


def rubin(
    estimates: Sequence[float],
    variances: Sequence[float],
    *,
    complete_df: float | None = None,
    confidence_level: float = 0.95,
) -> RubinPooled:
    """Pool an estimate over imputed copies by Rubin's rules.

    Total variance W + (1 + 1/m) B (Rubin 1987, https://doi.org/10.1002/9780470316696); degrees of freedom of Barnard
    and Rubin (1999, https://doi.org/10.1093/biomet/86.4.948), when those of complete data are given (few sites).

    Parameters
    ----------
    estimates, variances
        One of each per copy.
    complete_df
        Degrees of freedom that complete data would have (sites - 1, for a mean of sites); None: infinite.
    confidence_level
        Of the t interval.

    Returns
    -------
    RubinPooled

    Raises
    ------
    InputError
        Fewer than two copies, a variance below 0, a number that is not finite.

    Examples
    --------
    >>> import steelyard as sy
    >>> pooled = sy.rubin([2, 4], [1, 3])
    >>> pooled.estimate, round(pooled.standard_error**2, 6), round(pooled.missing_share, 6)
    (3.0, 5.0, 0.6)
    """
    if not 0 < confidence_level < 1:
        raise refuse("confidence level not allowed", got=confidence_level, allowed="between 0 and 1")
    raw = _core.rubin_pool([float(x) for x in estimates], [float(x) for x in variances], complete_df)
    half = _core.t_quantile((1 + confidence_level) / 2, raw["degrees_of_freedom"]) * raw["standard_error"]
    return RubinPooled(**raw, low=raw["estimate"] - half, high=raw["estimate"] + half, n_copies=len(estimates))


@dataclasses.dataclass(frozen=True, repr=False)
class MissingScores(Result):
    """Totals of every site under each way of handling missing scores.

    Attributes
    ----------
    frame : frame
        One row per site: `n_missing`, `complete_case`, `scale_rule`, `prorated`, `subscale_mean`, `imputed` (mean over
        copies) with `imputed_sd` (between copies), `low` and `high`, their bands, and `band_certain`.
    cells : frame
        Every missing cell: `site, item, reason`.
    flagged : tuple of str
        Sites whose band changes within the bounds.
    n_imputations : int
    seed : int
    caveats : tuple of str
    """

    rows: dict[str, tuple[Any, ...]]
    holes: tuple[tuple[str, str, str], ...]
    flagged: tuple[str, ...]
    rule: str
    n_imputations: int
    seed: int
    caveats: tuple[str, ...]
    data_hash: str
    library: str = "pandas"

    @property
    def frame(self) -> Any:
        """One row per site."""
        return frame_in(self.rows, self.library)

    @property
    def cells(self) -> Any:
        """Every missing cell."""
        heads = ("site", "item", "reason")
        return frame_in({head: [hole[j] for hole in self.holes] for j, head in enumerate(heads)}, self.library)

    def tidy(self) -> Any:
        """Return one row per site."""
        return self.frame

    def __repr__(self) -> str:
        lines = []
        for row in zip(*self.rows.values(), strict=True):
            r = dict(zip(self.rows, row, strict=True))
            if r["n_missing"]:
                total = "no total" if r["scale_rule"] is None else f"total {r['scale_rule']:g}"
                lines.append(
                    f"  {r['site']}: {r['n_missing']} missing, {total}, possible {r['low']:g} to {r['high']:g} "
                    f"({r['band_low']}" + ("" if r["band_certain"] else f" or {r['band_high']}: FLAGGED") + ")"
                )
        head = f"{len(self.holes)} missing scores; the scale's rule: {self.rule}"
        return "\n".join([head, *brief(lines, ".frame"), *(f"  note: {text}" for text in self.caveats)])

    def _html(self) -> str:
        note = " ".join(self.caveats)
        rows = list(zip(*self.rows.values(), strict=True))
        heads = [name.replace("_", " ") for name in self.rows]
        return table("Totals with missing scores", heads, rows, digits=1, note=note)


@dataclasses.dataclass(frozen=True)
class VerdictOverMissing(Result):
    """A verdict or number computed on every completion of the missing scores that was visited.

    Attributes
    ----------
    changes : bool
        Whether the verdict is not the same everywhere (numbers: whether their sign is not).
    by_rule : object
        With the scale's rule; None where the rule gives no complete scores.
    corners : tuple
        With every site's missing scores at their lowest or highest, all combinations of up to ten sites with gaps;
        beyond that all lowest, all highest, and each site alone.
    imputed : tuple
        With each imputed copy.
    low, high : float or None
        Range over all of them, for numbers.
    n_visited : int
    """

    changes: bool
    by_rule: Any
    corners: tuple[Any, ...]
    imputed: tuple[Any, ...]
    low: float | None
    high: float | None
    n_visited: int
    all_corners: bool

    def tidy(self) -> Any:
        """Return one row per completion: how it was made, and the verdict."""
        made = ["scale rule", *["corner"] * len(self.corners), *["imputed"] * len(self.imputed)]
        return frame_in({"term": made, "verdict": [self.by_rule, *self.corners, *self.imputed]}, "pandas")

    def __repr__(self) -> str:
        what = "CHANGES within the bounds of the missing scores" if self.changes else "is the same throughout"
        span = "" if self.low is None or self.high is None else f", from {self.low:.4g} to {self.high:.4g}"
        kind = "all corners" if self.all_corners else "some corners"
        return f"The verdict {what} ({self.n_visited} completions, {kind} and {len(self.imputed)} imputations{span})."


def imputations(study: StudyData, n: int, training: Sequence[str] | None, rng: RNG) -> tuple[Floats, int]:
    """Return completed copies, copies x sites x items, and the seed: see `Study.imputations`."""
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= 10_000:
        raise refuse("number of imputations not allowed", at="n", got=repr(n), allowed="1 to 10,000")
    flags = [True] * len(study.site_ids)
    if training is not None:
        unknown = [name for name in training if name not in study.site_ids]
        if unknown:
            raise refuse("unknown site", at="training", got=", ".join(unknown), allowed=", ".join(study.site_ids))
        flags = [site in set(training) for site in study.site_ids]
    seed = seed_of(rng)
    flat = _core.study_impute(study.scale.to_json(), np.ascontiguousarray(study.score_matrix), flags, n, seed)
    return flat.reshape(n, *study.score_matrix.shape), seed


def missing_scores(study: StudyData, n: int, rng: RNG) -> MissingScores:
    """Compare the ways: see `Study.missing_scores`."""
    matrix = np.ascontiguousarray(study.score_matrix)
    base = _totals(study.scale.to_json(), matrix)
    whole = [not np.isnan(row).any() for row in matrix]
    notes: list[str] = []
    imputed: list[float | None] = [None] * len(matrix)
    spread: list[float | None] = [None] * len(matrix)
    seed = seed_of(rng)
    try:
        copies, _ = imputations(study, n, None, seed)
        sums = copies.sum(axis=2)
        imputed = sums.mean(axis=0).tolist()
        spread = sums.std(axis=0, ddof=1).tolist() if n > 1 else spread
    except InputError as error:
        notes.append(f"Not imputed: {error}")
    certain = [t["band_low"] == t["band_high"] for t in base]
    flagged = tuple(site for site, sure in zip(study.site_ids, certain, strict=True) if not sure)
    if flagged:
        notes.append(f"The band changes within the bounds at {', '.join(flagged)}: report it as a range.")
    if np.isnan(matrix).any():
        notes.append(
            "Imputed totals assume that what is missing follows from the site's scored items; bounds assume nothing."
        )
    rows = {
        "site": study.site_ids,
        "n_missing": tuple(np.isnan(matrix).sum(axis=1).tolist()),
        "complete_case": tuple(float(m.sum()) if fine else None for m, fine in zip(matrix, whole, strict=True)),
        "scale_rule": tuple(t["total"] for t in base),
        "prorated": _by_rule(study, "prorate", matrix),
        "subscale_mean": _by_rule(study, "subscale-mean", matrix),
        "imputed": tuple(imputed),
        "imputed_sd": tuple(spread),
        **{name: tuple(t[name] for t in base) for name in ("low", "high", "band_low", "band_high")},
        "band_certain": tuple(certain),
    }
    return MissingScores(
        rows=rows,
        holes=study.absent,
        flagged=flagged,
        rule=str(study.scale.missing["rule"]),
        n_imputations=n,
        seed=seed,
        caveats=tuple(notes),
        data_hash=data_hash(matrix),
        library=study.library,
    )


def _totals(scale: str, matrix: Floats) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _core.fidelity_describe(scale, matrix)["totals"]
    return found


def _by_rule(study: StudyData, rule: str, matrix: Floats) -> tuple[float | None, ...]:
    """Totals by a rule with no least number of items: what it would give, not what the scale allows."""
    try:
        scale = study.scale.replace(missing={"rule": rule, "minimum_items": 1})
    except InputError:
        return (None,) * len(matrix)
    return tuple(t["total"] for t in _totals(scale.to_json(), matrix))


def over_missing(
    study: StudyData, verdict: Callable[[Floats], Any], n: int, training: Sequence[str] | None, rng: RNG
) -> VerdictOverMissing:
    """Compute a verdict on every completion: see `Study.over_missing`."""
    matrix = np.ascontiguousarray(study.score_matrix)
    low = np.array([item.minimum for item in study.scale.items])
    high = np.array([item.maximum for item in study.scale.items])
    holes = [i for i in range(len(matrix)) if np.isnan(matrix[i]).any()]
    choices, every = _corners(len(holes))
    corners = []
    for choice in choices:
        done = matrix.copy()
        for site, up in zip(holes, choice, strict=True):
            done[site] = np.where(np.isnan(done[site]), high if up else low, done[site])
        corners.append(_plain(verdict(done)))
    filled = _filled(study, matrix)
    by_rule = None if filled is None else _plain(verdict(filled))
    imputed: list[Any] = []
    if holes and n:
        copies, _ = imputations(study, n, training, rng)
        imputed = [_plain(verdict(copy)) for copy in copies]
    found = [*corners, *imputed, *([] if by_rule is None else [by_rule])]
    numeric = all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in found)
    signs = {(x > 0) - (x < 0) for x in found} if numeric else set(map(repr, found))
    return VerdictOverMissing(
        changes=len(signs) > 1,
        by_rule=by_rule,
        corners=tuple(corners),
        imputed=tuple(imputed),
        low=min(found) if numeric else None,
        high=max(found) if numeric else None,
        n_visited=len(found),
        all_corners=every,
    )


def _corners(holes: int) -> tuple[list[tuple[bool, ...]], bool]:
    if holes <= _CORNERS:
        return list(itertools.product((False, True), repeat=holes)), True
    alone = [tuple(i == j for i in range(holes)) for j in range(holes)]
    return [(False,) * holes, (True,) * holes, *alone, *(tuple(not x for x in one) for one in alone)], False


def _filled(study: StudyData, matrix: Floats) -> Floats | None:
    if not np.isnan(matrix).any():
        return matrix
    filled = _core.scores_filled(study.scale.to_json(), matrix).reshape(matrix.shape)
    return None if np.isnan(filled).any() else filled


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
