"""Exact shares, and relative weights over resampled sites.

No peer is timed for the exact shares: packages that fit one regression per subset would need hours at 25 items.
The physical limit: 2^p subsets, about twelve additions and multiplications each.
"""

from __future__ import annotations

import resource

import numpy as np

import steelyard as sy

from .harness import absolute, compare


def data(sites: int, items: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(20)
    x = rng.integers(1, 6, (sites, items)).astype(float)
    return x, x[:, :3].sum(axis=1) + rng.normal(0, 4, sites)


def numpy_johnson(x: np.ndarray, y: np.ndarray, n: int) -> np.ndarray:
    """Resample sites and compute relative weights, one replicate at a time, as a careful NumPy user would."""
    rng = np.random.default_rng(1)
    out = np.empty((n, x.shape[1]))
    for b in range(n):
        at = rng.integers(0, len(x), len(x))
        r = np.corrcoef(np.column_stack([x[at], y[at]]), rowvar=False)
        values, vectors = np.linalg.eigh(r[:-1, :-1])
        root = np.sqrt(np.maximum(values, 0))
        loadings = (vectors * root) @ vectors.T
        beta = (vectors / root) @ (vectors.T @ r[:-1, -1])
        out[b] = loadings**2 @ beta**2
    return out


def main() -> None:
    x, y = data(100, 25)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    absolute("exact LMG with dominance, 25 items, one thread", lambda: sy.importance(x, y, threads=1), at_most=0.25)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"       memory beyond inputs: {grown:.1f} MiB, at most 50 MB")
    wide, outcome = data(100, 30)
    absolute("exact LMG, 30 items, two threads", lambda: sy.importance(wide, outcome, threads=2), at_most=6, repeats=2)
    absolute(
        "10,000 site-resampled Johnson runs, 25 items, two threads",
        lambda: sy.importance(x, y, method="johnson", n_resamples=10_000, rng=1, threads=2),
        at_most=0.6,
    )
    compare(
        "1,000 site-resampled Johnson runs, 25 items",
        lambda: sy.importance(x, y, method="johnson", n_resamples=1000, rng=1, threads=2),
        lambda: numpy_johnson(x, y, 1000),
        peer_name="a NumPy loop",
        at_least=2,
    )
    absolute("complete dominance, 20 items", lambda: sy.importance(x[:, :20], y, threads=2), at_most=1)
