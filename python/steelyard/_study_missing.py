"""What can be done about the missing scores of a study."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._study_data import StudyData

if TYPE_CHECKING:
    from ._missing import MissingScores, VerdictOverMissing
    from ._random import RNG

__all__ = ["StudyWithGaps"]


class StudyWithGaps(StudyData):
    """A `Study` as far as its missing scores go."""

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
