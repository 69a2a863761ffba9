"""Missing scores in a weighting experiment: filled by the scale's rule, or imputed anew inside every training fold."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from .errors import refuse

if TYPE_CHECKING:
    from .scale import Scale
    from .study import Study

__all__ = ["Gaps", "check_missing", "filled_and_gaps", "missing_note", "pooled_table"]

Floats = NDArray[np.float64]
_WAYS = ("scale-rule", "imputation")


@dataclasses.dataclass(frozen=True)
class Gaps:
    """Scores of the experiment's rows as reviewed.

    Attributes
    ----------
    scores : ndarray, rows x all items of the scale
        Oriented, NaN where missing.
    scale : Scale
    copies : int
        Completed copies that are imputed inside the folds; 0 when the scale's rule fills the scores.
    """

    scores: Floats
    scale: Scale
    copies: int

    @property
    def n_missing(self) -> int:
        """Missing scores."""
        return int(np.isnan(self.scores).sum())

    def columns(self, names: tuple[str, ...]) -> list[int]:
        """Return the places of items in the scale."""
        return [self.scale.item_ids.index(name) for name in names]

    def at_end(self, names: tuple[str, ...], high: bool) -> Floats:
        """Return the named items with every missing score at its highest or lowest."""
        ends = np.array([item.maximum if high else item.minimum for item in self.scale.items])
        filled = np.where(np.isnan(self.scores), ends, self.scores)
        return np.ascontiguousarray(filled[:, self.columns(names)])


def check_missing(missing: Any, n_imputations: Any, has_study: bool) -> None:
    """Refuse an unknown way, a number of copies that cannot be pooled, and imputation without a scale."""
    if missing not in _WAYS:
        raise refuse("unknown option", at="missing", got=repr(missing), allowed=", ".join(map(repr, _WAYS)))
    whole = isinstance(n_imputations, (int, np.integer)) and not isinstance(n_imputations, bool)
    if not whole or not 2 <= n_imputations <= 1000:
        raise refuse(
            "number of imputations not allowed",
            at="n_imputations",
            got=repr(n_imputations),
            allowed="2 to 1,000",
            remedy="20 serve as long as few scores are missing.",
        )
    if missing == "imputation" and not has_study:
        raise refuse(
            "imputation without a Study",
            at="missing",
            remedy='Make one, whose scale says what a score can be: sy.Study(scores, scale=..., missing="bounds").',
        )


def filled_and_gaps(
    study: Study, keep: NDArray[np.bool_], missing: str, n_imputations: int, seed: int
) -> tuple[Floats, Gaps | None]:
    """Return complete scores of the kept rows, and what was missing in them.

    By imputation the complete scores are the mean of the copies, imputed from all kept rows: they serve description;
    predictions use copies of their own in every fold.
    """
    scores = np.ascontiguousarray(study.score_matrix[keep])
    if not np.isnan(scores).any():
        return scores, None
    if missing == "imputation":
        flags = [True] * len(scores)
        flat = _core.study_impute(study.scale.to_json(), scores, flags, n_imputations, seed)
        mean = flat.reshape(n_imputations, *scores.shape).mean(axis=0)
        return mean, Gaps(scores, study.scale, n_imputations)
    filled = study.filled_matrix[keep]
    if np.isnan(filled).any():
        raise refuse(
            "missing scores without a rule",
            got=f"{int(np.isnan(filled).sum())} missing scores",
            remedy='Impute them inside the folds, missing="imputation"; or give the scale a rule: '
            "scale.replace(missing=...).",
        )
    return filled, Gaps(scores, study.scale, 0)


def missing_note(gaps: Gaps, pooled: dict[str, tuple[Any, ...]] | None) -> str:
    """Say how many scores were missing and what was done."""
    start = f"{gaps.n_missing} of {gaps.scores.size} scores were missing"
    ends = "experiment.sensitivity() puts them at their lowest and highest, and flags a verdict that changes."
    if not gaps.copies:
        return f"{start} and filled by the scale's rule ({gaps.scale.missing['rule']}); {ends}"
    shares = () if pooled is None else [share for share in pooled["missing_share"] if share is not None]
    share = f"; up to {max(shares):.0%} of the variance of a gain comes from them" if shares else ""
    return (
        f"{start} and imputed anew inside every training fold, {gaps.copies} copies: gains are means over the copies, "
        f"intervals follow Rubin's rules{share}. Slopes, weights and estimability are of the mean completed scores. "
        f"It is assumed that what is missing follows from the site's scored items; {ends}"
    )


def pooled_table(raw: list[dict[str, Any]], names: tuple[str, ...], reference: int) -> dict[str, tuple[Any, ...]]:
    """Return how each scheme's gain was pooled, one row per scheme but the reference."""
    rest = [c for c in range(len(raw)) if c != reference]
    copies = [raw[c]["gains"] for c in rest]
    pooled = [raw[c]["pooled"] or {} for c in rest]
    fields = ("within", "between", "degrees_of_freedom", "missing_share")
    return {
        "scheme": tuple(names[c] for c in rest),
        "gain": tuple(sum(gains) / len(gains) if gains else None for gains in copies),
        "std_error": tuple(found.get("standard_error") for found in pooled),
        **{field: tuple(found.get(field) for found in pooled) for field in fields},
        "lowest": tuple(min(gains, default=None) for gains in copies),
        "highest": tuple(max(gains, default=None) for gains in copies),
        "n_copies": tuple(len(gains) for gains in copies),
    }
