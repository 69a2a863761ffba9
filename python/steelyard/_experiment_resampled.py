"""What reruns a whole weighting experiment beside its contest: order over pairs of sites, and sites drawn anew."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._experiment_words import number
from ._frames import frame_like
from ._html import table
from ._result import Result

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Concordance(Result):
    """Share of pairs that each scheme puts in order, both sites of a pair unseen by the model that ranks them.

    For 0/1 and k of n this is the area under the ROC curve over pairs of participants at two sites; for numbers the
    share of pairs of sites in order. It ignores how far apart predictions are: a secondary score.

    Attributes
    ----------
    schemes : tuple of str
    share : tuple of float or None
    pairs : int
        Pairs of sites whose outcomes differ.
    complete : bool
        Whether all pairs were visited.
    """

    schemes: tuple[str, ...]
    share: tuple[float | None, ...]
    pairs: int
    complete: bool
    counted: bool

    def tidy(self) -> Any:
        """Return one row per scheme."""
        return frame_like({"term": self.schemes, "estimate": self.share}, self._like)

    def __repr__(self) -> str:
        name = "AUC" if self.counted else "Share in order"
        lines = [f"{name} over {self.pairs} pairs of sites{'' if self.complete else ' (interrupted)'}"]
        width = max(map(len, self.schemes))
        return "\n".join(
            [*lines, *(f"  {n:{width}}  {number(s)}" for n, s in zip(self.schemes, self.share, strict=True))]
        )

    def _html(self) -> str:
        name = "AUC over pairs of sites" if self.counted else "Share of pairs of sites in order"
        return table(name, ("scheme", "share"), list(zip(self.schemes, self.share, strict=True)))


@dataclasses.dataclass(frozen=True)
class BootstrappedGains(Result):
    """Gains of the whole contest on sites drawn with replacement, copies of a site in one fold.

    A resample holds about .63 of the sites once or more, so that rules learn from fewer sites than in the study and
    gains of schemes with many free weights come out lower. The spread is what this is for; the interval of the gain in
    `WeightingResult.gains` is what the verdict rests on.

    Attributes
    ----------
    schemes : tuple of str
        Without the reference.
    gains : ndarray, replicates x schemes
    estimate : tuple of float or None
        The gains in the study itself.
    confidence_level : float
    """

    schemes: tuple[str, ...]
    gains: Floats
    estimate: tuple[float | None, ...]
    confidence_level: float
    n_undefined: int
    seed: int

    def tidy(self) -> Any:
        """Return one row per scheme: gain in the study, standard deviation over resamples, their percentiles."""
        ends = self._ends()
        return frame_like(
            {
                "term": self.schemes,
                "estimate": self.estimate,
                "std_error": np.nanstd(self.gains, axis=0, ddof=1).tolist(),
                "conf_low": ends[0].tolist(),
                "conf_high": ends[1].tolist(),
            },
            self._like,
        )

    def _ends(self) -> Floats:
        tail = (1 - self.confidence_level) / 2
        return np.asarray(np.nanquantile(self.gains, [tail, 1 - tail], axis=0), dtype=np.float64)

    def __repr__(self) -> str:
        width = max(map(len, self.schemes))
        lines = [self._caption()]
        for name, gain, low, high in zip(self.schemes, self.estimate, *self._ends(), strict=True):
            lines.append(
                f"  {name:{width}}  {number(gain):>7}  [{number(low)}, {number(high)}] {self.confidence_level:.0%}"
            )
        return "\n".join(lines)

    def _caption(self) -> str:
        return f"Gains over {len(self.gains)} cluster bootstraps of the whole contest ({self.n_undefined} undefined)"

    def _html(self) -> str:
        heads = ("scheme", "gain", *(f"{self.confidence_level:.0%} {end}" for end in ("from", "to")))
        return table(self._caption(), heads, list(zip(self.schemes, self.estimate, *self._ends(), strict=True)))
