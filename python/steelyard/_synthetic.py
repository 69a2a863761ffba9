"""Synthetic sites with known truth: what `steelyard.datasets.synthetic_sites` returns."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._frames import frame_like
from ._random import RNG, seed_of
from ._result import Result, serialisable
from ._rows import vector_of
from .errors import refuse
from .scale import Scale

Floats = NDArray[np.float64]

# Shares of the scores 1 to 5: a mean of 3.92 and the left skew of published reviews (Norwegian centres: 3.93).
SHARES = (0.04, 0.08, 0.18, 0.32, 0.38)
# Where "concentrated" weights lie: the two items with the largest gaps in Fyhn et al. 2020, Table 5.
_CARRIERS = ("job_development_quality", "team_integration")


@serialisable
@dataclasses.dataclass(frozen=True)
class Truth:
    """What is true of synthetic sites.

    Attributes
    ----------
    weights : ndarray
        True weights, scaled to sum to the number of items.
    r2 : float
        Squared correlation, in the population, of the truly weighted total with the site outcome as observed.
    unit_r2 : float
        The same of the plain total: what weighting could gain at most is `r2 - unit_r2`.
    inter_item_r, latent_r : float
        Correlation between any two items: of the scores, and of the latent normals behind them.
    cut_points : tuple of float
        Latent values at which scores 2, 3, ... begin.
    shares : tuple of float
        Probabilities of the scores.
    site_icc : float
        Share of participants' variance that lies between sites beyond the items; 0 where there are no participants.
    expected : ndarray
        Mean outcome of each site given its items.
    """

    weights: Floats
    r2: float
    unit_r2: float
    inter_item_r: float
    latent_r: float
    cut_points: tuple[float, ...]
    shares: tuple[float, ...]
    site_icc: float
    expected: Floats


@dataclasses.dataclass(frozen=True)
class SyntheticSites(Result):
    """Synthetic sites. Nothing here was observed anywhere.

    Attributes
    ----------
    items : frame
        Item scores, one row per site (or per participant).
    outcome : ndarray
        A number per site, a count k per site, or 0/1 per participant.
    trials : ndarray or None
        n per site where the outcome is k of n.
    sites : tuple of str
        The site of each row.
    truth : Truth
    label : str
        "synthetic".
    seed : int
    """

    scores: Floats
    names: tuple[str, ...]
    outcome: Floats
    trials: Floats | None
    sites: tuple[str, ...]
    truth: Truth
    level: str
    seed: int
    label: str = "synthetic"

    @property
    def items(self) -> Any:
        """Item scores as a frame, one row per row of `outcome`."""
        return frame_like({name: self.scores[:, j] for j, name in enumerate(self.names)})

    def tidy(self) -> Any:
        """Return one row per item: term and true weight."""
        return frame_like({"term": self.names, "estimate": self.truth.weights})

    def __repr__(self) -> str:
        truth = self.truth
        carriers = [name for name, w in zip(self.names, truth.weights, strict=True) if w > 0]
        carried = "all items" if len(carriers) == len(self.names) else ", ".join(carriers[:4])
        kind = (
            "0/1 per participant" if self.level == "participant" else "k of n" if self.trials is not None else "number"
        )
        cuts = ", ".join(f"{c:.3f}" for c in truth.cut_points)
        return "\n".join(
            [
                f"{len(set(self.sites))} synthetic sites, {len(self.names)} items, outcome: {kind} (seed {self.seed})",
                f"  true R2 {truth.r2:.3g} carried by {carried}; of the plain total {truth.unit_r2:.3g}",
                f"  inter-item r {truth.inter_item_r:.3g} (latent {truth.latent_r:.3g}), latent cut-points {cuts}",
            ]
        )


def _true_weights(weights: Any, names: tuple[str, ...]) -> Floats:
    p = len(names)
    if isinstance(weights, str):
        if weights == "equal":
            return np.ones(p)
        if weights != "concentrated":
            raise refuse(
                "weights not known", at="weights", got=repr(weights), allowed="'equal', 'concentrated' or one per item"
            )
        places = [names.index(name) for name in _CARRIERS] if set(_CARRIERS) <= set(names) else [0, min(1, p - 1)]
        return np.array([float(j in places) for j in range(p)])
    return vector_of(weights, "weights", p)


def _sizes(participants: Any, n_sites: int) -> list[int]:
    if participants is None:
        return []
    flat = np.atleast_1d(np.asarray(participants))
    if flat.ndim != 1 or len(flat) not in (1, n_sites) or flat.dtype.kind not in "iu" or flat.min() < 1:
        raise refuse(
            "participants not allowed",
            at="participants",
            got=repr(participants),
            allowed="a whole number, or one per site",
        )
    return [int(v) for v in np.broadcast_to(flat, n_sites)]


def synthetic_sites(
    n_sites: int,
    participants: Any = None,
    weights: Any = "equal",
    r2: float = 0.3,
    inter_item_r: float = 0.23,
    site_icc: float = 0.0,
    level: str = "site",
    *,
    outcome: str | None = None,
    rate: float = 0.37,
    n_items: int = 25,
    shares: Any = SHARES,
    rng: RNG = None,
) -> SyntheticSites:
    """Make synthetic sites with known truth: ordinal items by a Gaussian copula, an outcome that goes with their total.

    Parameters
    ----------
    n_sites
        Number of sites.
    participants
        Participants per site: a whole number, one per site, or None for an outcome that is a number of the site.
    weights
        "equal"; "concentrated": two items carry everything (job development quality and team integration on the 25
        items of IPS, else the first two); or one true weight per item.
    r2
        Squared correlation, in the population, of the truly weighted total with the site outcome as observed.
    inter_item_r
        Pearson correlation between any two items, of the scores themselves. .23 is what Cronbach's alpha .88 of 25
        items in 79 sites implies (Bond et al. 2012).
    site_icc
        With participants: share of their variance between sites beyond the items.
    level
        "site": one row per site; "participant": one row per participant with an outcome 0/1.
    outcome
        "counts" (k of n, the default with participants) or "number" (a mean with unit variance per participant).
    rate
        Overall rate of counts; .37 is what IPS reached in the Norwegian trial (Reme et al. 2019).
    n_items
        Number of items; 25 are named as those of IPS.
    shares
        Probabilities of the scores 1, 2, ..., the same for every item.
    rng
        An int, a NumPy Generator or None.

    Returns
    -------
    SyntheticSites

    Raises
    ------
    InputError
        Anything out of range.

    References
    ----------
    Cario and Nelson (1997), modeling and generating random vectors with arbitrary marginals.

    Examples
    --------
    >>> import steelyard as sy
    >>> sites = sy.datasets.synthetic_sites(79, weights="concentrated", r2=0.8, rng=1)
    >>> sites.items.shape, sites.label, round(sites.truth.unit_r2, 3)
    ((79, 25), 'synthetic', 0.339)
    """
    if isinstance(n_sites, bool) or not isinstance(n_sites, (int, np.integer)) or n_sites < 2:
        raise refuse("number of sites not allowed", at="n_sites", got=repr(n_sites), allowed="a whole number from 2")
    if level not in ("site", "participant"):
        raise refuse("level not known", at="level", got=repr(level), allowed="'site' or 'participant'")
    if level == "participant" and participants is None:
        raise refuse("participants missing", at="participants", allowed='a number of them with level="participant"')
    kind = outcome or ("number" if participants is None else "counts")
    if kind not in ("number", "counts") or (level == "participant" and kind == "number"):
        raise refuse("outcome not allowed", at="outcome", got=repr(outcome), allowed="'counts', or 'number' for sites")
    if site_icc and participants is None:
        raise refuse("site_icc without participants", at="site_icc", got=site_icc, remedy="Say how many there are.")
    names = Scale.load("ips-25").item_ids if n_items == 25 else tuple(f"item_{j + 1}" for j in range(n_items))
    true = _true_weights(weights, names)
    sizes = _sizes(participants, int(n_sites))
    levels = tuple(float(share) for share in shares)
    spec = {
        "participants": sizes,
        "sites": int(n_sites),
        "weights": true.tolist(),
        "r2": float(r2),
        "shares": levels,
        "inter_item_r": float(inter_item_r),
        "site_icc": float(site_icc),
        "outcome": kind,
        "mean": float(rate) if kind == "counts" else 0.0,
    }
    seed = seed_of(rng)
    raw = _core.synthetic_sites(json.dumps(spec), seed, 0)
    truth = Truth(
        weights=true * n_items / true.sum(),
        r2=float(r2),
        unit_r2=raw["unit_r2"],
        inter_item_r=float(inter_item_r),
        latent_r=raw["latent_r"],
        cut_points=tuple(raw["cut_points"]),
        shares=levels,
        site_icc=float(site_icc),
        expected=np.array(raw["expected"]),
    )
    width = len(str(n_sites))
    labels = tuple(f"synthetic {i + 1:0{width}}" for i in range(int(n_sites)))
    return _assembled(raw, names, labels, sizes if kind == "counts" else [], truth, level, seed)


def _assembled(
    raw: dict[str, Any],
    names: tuple[str, ...],
    labels: tuple[str, ...],
    sizes: list[int],
    truth: Truth,
    level: str,
    seed: int,
) -> SyntheticSites:
    items, observed = np.array(raw["items"]), np.array(raw["outcome"])
    if level == "site":
        trials = np.array(sizes, dtype=np.float64) if sizes else None
        return SyntheticSites(items, names, observed, trials, labels, truth, level, seed)
    place = np.repeat(np.arange(len(labels)), sizes)
    within = np.concatenate([np.arange(n) for n in sizes])
    person = (within < observed[place]).astype(np.float64)
    return SyntheticSites(items[place], names, person, None, tuple(labels[i] for i in place), truth, level, seed)
