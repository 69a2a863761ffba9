"""Speed of the bootstrap and of permutation tests beside scipy and vectorised NumPy.

Physical limits count additions (one per drawn row and moment) or multiplications with additions, at the rate of a large
matrix product on the same machine; random draws and the reading of scattered rows come on top.
"""

from __future__ import annotations

import resource
from typing import Any

import numpy as np
from scipy import stats

import steelyard as sy

from .harness import by_matrix_product, compare

_B = 100_000


def _pearson(x: Any, y: Any, axis: int = -1) -> Any:
    x = x - x.mean(axis=axis, keepdims=True)
    y = y - y.mean(axis=axis, keepdims=True)
    return (x * y).sum(axis) / np.sqrt((x * x).sum(axis) * (y * y).sum(axis))


def correlated() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return 200 values and 200 that go with them."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    return x, 0.5 * x + rng.normal(size=200)


def bootstrap_beside_scipy() -> None:
    """Mean and Pearson correlation, n = 200, B = 100,000; scipy vectorised with the batch that served it best."""
    x, y = correlated()
    xy = np.column_stack([x, y])
    # Batches of 100 to 100,000 were tried for scipy: 500 is best for the mean, 100 for the correlation.
    for method in ("percentile", "BCa"):
        compare(
            f"bootstrap of a mean, n 200, B 100,000, {method}",
            lambda method=method: sy.bootstrap(
                x, "mean", n_resamples=_B, method=method, rng=1, threads=2, progress=False
            ),
            lambda method=method: stats.bootstrap((x,), np.mean, n_resamples=_B, batch=500, method=method, rng=1),
            peer_name="scipy, vectorised",
            at_least=8,
            limit=by_matrix_product(_B * 200),
        )
        compare(
            f"bootstrap of a correlation, n 200, B 100,000, {method}",
            lambda method=method: sy.bootstrap(
                xy, "pearson", n_resamples=_B, method=method, rng=1, threads=2, progress=False
            ),
            lambda method=method: stats.bootstrap(
                (x, y), _pearson, paired=True, vectorized=True, n_resamples=_B, batch=100, method=method, rng=1
            ),
            peer_name="scipy, vectorised",
            at_least=8,
            limit=by_matrix_product(_B * 200 * 5),
        )


def max_t_beside_numpy() -> None:
    """Max-T permutation of 25 correlations, n = 200, B = 100,000."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(200, 25)), rng.normal(size=200)
    xs = (x - x.mean(0)) / (x.std(0) * 200)
    ys = (y - y.mean()) / y.std()

    def numpy_program() -> Any:
        draw = np.random.default_rng(2)
        observed, count = np.abs(xs.T @ ys), np.zeros(25)
        for _ in range(_B // 2000):
            order = draw.permuted(np.broadcast_to(np.arange(200), (2000, 200)), axis=1)
            most = np.abs(ys[order] @ xs).max(axis=1)
            count += (most[:, None] >= observed).sum(axis=0)
        return (count + 1) / (_B + 1)

    compare(
        "max-T permutation of 25 correlations, n 200, B 100,000",
        lambda: sy.permutation_test(
            (x, y),
            "pearson",
            permutation_type="pairings",
            adjust="max-T",
            two_sided="symmetric",
            n_resamples=_B,
            rng=1,
            threads=2,
            progress=False,
        ),
        numpy_program,
        peer_name="NumPy, vectorised",
        at_least=7,
        limit=by_matrix_product(_B * 200 * 25),
    )


def two_levels_beside_numpy() -> None:
    """Sites, then participants: a difference of two k-of-n rates, 50 sites, B = 100,000."""
    rng = np.random.default_rng(3)
    n = rng.integers(20, 61, (50, 2))
    k = rng.binomial(n, rng.beta(4, 6, (50, 2)))
    counts = np.column_stack([k[:, 0], n[:, 0], k[:, 1], n[:, 1]]).astype(float)

    def numpy_program() -> Any:
        draw = np.random.default_rng(2)
        found = np.empty(_B)
        for first in range(0, _B, 5000):
            sites = draw.integers(0, 50, (5000, 50))
            fresh = draw.binomial(n[sites], (k / n)[sites]).sum(axis=1)
            rates = fresh / n[sites].sum(axis=1)
            found[first : first + 5000] = rates[:, 0] - rates[:, 1]
        return np.quantile(found, [0.025, 0.975])

    plan = sy.plans.TwoStage(np.arange(50))
    compare(
        "two-level bootstrap of a difference of k-of-n rates, 50 sites, B 100,000",
        lambda: sy.bootstrap(
            counts,
            "difference of rates",
            plan=plan,
            n_resamples=_B,
            method="percentile",
            rng=1,
            threads=2,
            progress=False,
        ),
        numpy_program,
        peer_name="NumPy, vectorised binomial draws",
        at_least=10,
    )


def memory() -> None:
    """Memory above the inputs at B = 1,000,000."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sy.bootstrap(correlated()[0], "mean", n_resamples=1_000_000, method="percentile", rng=1, threads=2, progress=False)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"memory, bootstrap of a mean, B 1,000,000: {(after - before) / 1024:.0f} MiB above what was used before")


def main() -> None:
    """Measure."""
    memory()
    bootstrap_beside_scipy()
    max_t_beside_numpy()
    two_levels_beside_numpy()


if __name__ == "__main__":
    main()
