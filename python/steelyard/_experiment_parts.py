"""Parts of the result of a weighting experiment: what was decided beforehand, and single tests."""

from __future__ import annotations

import dataclasses

from ._result import serialisable


@serialisable
@dataclasses.dataclass(frozen=True)
class Protocol:
    """What was decided before the contest ran, with its hash.

    Attributes
    ----------
    n_imputations : int
        Copies in which missing scores were imputed inside the folds; 0 when they were not.
    hash : str
        Of everything that was decided, the seed included.
    run_number : int
        How many different protocols had been run on these data in this session, this one included.
    """

    outcome: str
    outcome_kind: str
    schemes: tuple[str, ...]
    options: tuple[str, ...]
    reference: str
    primary: str | None
    site_weight: str
    exclude: tuple[str, ...]
    n_imputations: int
    validation: str
    validation_words: str
    training_sites: str
    n_sites: int
    n_rows: int
    n_items: int
    covariates: tuple[str, ...]
    seed: int
    smallest_gain: float
    n_resamples: int
    confidence_level: float
    hash: str
    run_number: int

    def __str__(self) -> str:
        chosen = f"primary {self.primary}" if self.primary else "no primary declared: the best of all that were tried"
        return (
            f"protocol {self.hash} (no. {self.run_number} on these data in this session): {len(self.schemes)} schemes, "
            f"{chosen}; {self.validation_words}; site_weight {self.site_weight}; d = {self.smallest_gain:g}; "
            f"seed {self.seed}"
        )


@serialisable
@dataclasses.dataclass(frozen=True)
class Estimable:
    """What the design can know about item weights: algebra, whatever the scheme.

    Attributes
    ----------
    level : str
        `estimable`, `some combinations estimable` or `not estimable`.
    rank : int
        Rank of the centred items after covariates.
    n_items : int
    constant : tuple of str
        Items that do not vary: silent about differences, which is not the same as unimportant.
    collinear : tuple of tuple of str
        Items that move together exactly.
    slopes : tuple of str
        Items, or sums of items that move together, whose slope the design determines.
    """

    level: str
    rank: int
    n_items: int
    constant: tuple[str, ...]
    collinear: tuple[tuple[str, ...], ...]
    slopes: tuple[str, ...]

    def __str__(self) -> str:
        return self.level

    def __bool__(self) -> bool:
        return self.level == "estimable"


@serialisable
@dataclasses.dataclass(frozen=True)
class ItemTest:
    """Exact permutation of the outcome over sites: whether any item goes with it at all.

    Attributes
    ----------
    max_r : float
        Largest |r| of an item with the outcome.
    item : str
        The item that has it.
    p_value : float
        Family-wise over all items.
    floor : float
        The smallest two-sided p that this design can reach.
    arrangements : int
    enumerated : bool
    monte_carlo_error : float
    """

    max_r: float
    item: str
    p_value: float
    floor: float
    arrangements: int
    enumerated: bool
    monte_carlo_error: float


@serialisable
@dataclasses.dataclass(frozen=True)
class GlobalTest:
    """Whether item weights matter at all: the null is one common slope for all items, on the points as scored.

    Attributes
    ----------
    method : str
    statistic, p_value : float or None
    df1, df2 : float or None
    reason : str
        Why it is not defined, or empty.
    """

    method: str
    statistic: float | None
    p_value: float | None
    df1: float | None
    df2: float | None
    reason: str = ""


@serialisable
@dataclasses.dataclass(frozen=True)
class SuperiorityTest:
    """Whether any scheme is superior to the reference, many tried at once.

    Hansen (2005), doi:10.1198/073500105000000063, on null replicates of the whole contest.

    Attributes
    ----------
    statistic : float
        Largest gain over its own standard deviation under equal weights; 0 when no scheme gains.
    scheme : str
        The scheme that has it.
    p_value : float
        Over the null replicates of the whole contest.
    n_tried : int
        Schemes beside the reference.
    monte_carlo_error : float
    """

    statistic: float
    scheme: str
    p_value: float
    n_tried: int
    monte_carlo_error: float

    def __str__(self) -> str:
        return (
            f"{self.scheme} has the largest gain beside its spread under equal weights ({self.statistic:.2f}): "
            f"p = {self.p_value:.3g} (Monte Carlo error {self.monte_carlo_error:.2g}), {self.n_tried} schemes tried"
        )
