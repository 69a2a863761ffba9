"""Write the random indices of the analytic hierarchy process for 3 to 25 items.

The index of a size is the mean consistency index, (largest eigenvalue - n) / (n - 1), of reciprocal matrices whose
upper entries are drawn evenly from 1/9, 1/8, ..., 1, ..., 9 (Saaty 1980). Run as
`python benches/ahp_random_index.py`; about two minutes. The standard error of each index stands beside it.
"""

from pathlib import Path

import numpy as np

DRAWS = 100_000
BATCH = 10_000
SCALE = np.array([1 / k for k in range(9, 1, -1)] + list(range(1, 10)), dtype=float)


def largest_eigenvalues(a: np.ndarray) -> np.ndarray:
    """Perron roots of a batch of positive matrices by power iteration, to 1e-9."""
    v = np.full((a.shape[0], a.shape[1], 1), 1.0)
    root = np.zeros(a.shape[0])
    for _ in range(500):
        w = a @ v
        new = w.sum(axis=(1, 2)) / v.sum(axis=(1, 2))
        v = w / w.sum(axis=(1, 2), keepdims=True)
        if np.max(np.abs(new - root)) < 1e-9:
            return new
        root = new
    raise RuntimeError("power iteration did not settle")


def random_index(n: int, rng: np.random.Generator) -> tuple[float, float]:
    """Mean and standard error of the consistency index at size n."""
    upper = np.triu_indices(n, 1)
    found = []
    for _ in range(DRAWS // BATCH):
        a = np.ones((BATCH, n, n))
        entries = rng.choice(SCALE, size=(BATCH, len(upper[0])))
        a[:, upper[0], upper[1]] = entries
        a[:, upper[1], upper[0]] = 1 / entries
        found.append((largest_eigenvalues(a) - n) / (n - 1))
    indices = np.concatenate(found)
    return float(indices.mean()), float(indices.std() / np.sqrt(len(indices)))


if __name__ == "__main__":
    rng = np.random.default_rng(1980)
    lines = [
        "//! Random consistency indices, written by `benches/ahp_random_index.py` (seed 1980, 100,000 draws each).",
        "",
        "/// Mean consistency index of random reciprocal matrices of 3, 4, ..., 25 items.",
        "pub(super) const RANDOM_INDEX: [f64; 23] = [",
    ]
    for size in range(3, 26):
        mean, error = random_index(size, rng)
        lines.append(f"    {mean:.4f}, // {size} items, standard error {error:.4f}")
    lines.append("];")
    Path("src/weighting/schemes/ahp_random_index.rs").write_text("\n".join(lines) + "\n")
