"""Agreement: alpha with a bootstrap beside a loop over the package krippendorff; all coefficients by source."""

from __future__ import annotations

import numpy as np

import steelyard as sy

from .harness import absolute, compare


def _two_coders(n_units: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    truth = rng.integers(1, 6, n_units)
    return np.array([np.where(rng.random(n_units) < 0.25, rng.integers(1, 6, n_units), truth) for _ in range(2)])


def _cube() -> tuple[np.ndarray, np.ndarray]:
    """Two coders x 200 codes x 50,000 segments of 500 sources; a code stands on about 2 % of the segments."""
    rng = np.random.default_rng(2)
    truth = rng.random((200, 50_000)) < rng.uniform(0.002, 0.06, 200)[:, None]
    cube = np.array([truth ^ (rng.random(truth.shape) < 0.005) for _ in range(2)])
    return cube, np.repeat(np.arange(500), 100)


def main() -> None:
    """Run both rows."""
    import krippendorff

    ratings = _two_coders(500)
    floats = ratings.astype(float)

    def peer() -> None:
        rng = np.random.default_rng(3)
        for _ in range(500):
            krippendorff.alpha(floats[:, rng.integers(0, 500, 500)], level_of_measurement="ordinal")

    compare(
        "ordinal alpha, 2 coders x 500 units, B = 10,000",
        lambda: sy.agreement(ratings, level="ordinal", n_resamples=10_000, rng=1, progress=False),
        peer,
        peer_name="Python loop over krippendorff",
        at_least=200,
        peer_scale=20,
    )
    cube, sources = _cube()
    absolute(
        "all coefficients, 2 x 200 codes x 50,000 segments, B = 10,000",
        lambda: sy.agreement(
            cube, "all", level="nominal", sources=sources, n_resamples=10_000, rng=1, threads=2, progress=False
        ),
        at_most=10,
        repeats=1,
    )


if __name__ == "__main__":
    main()
