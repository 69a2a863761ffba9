"""Wild cluster bootstrap beside pyfixest, and every sign of 20 sites with its confidence set.

Physical limit: a draw is one addition of a row of G numbers per eight sites and one sum of G squares; at G = 50 some
450 operations, a tenth of a microsecond on one core.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

import steelyard as sy

from .harness import absolute, by_matrix_product, compare


def data(sites: int, each: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    site = np.repeat(np.arange(sites), each)
    x = np.column_stack([rng.integers(1, 6, sites)[site], rng.normal(size=len(site))]).astype(float)
    return x, 0.3 * x[:, 0] + rng.normal(size=sites)[site] + rng.normal(size=len(site)), site


def main() -> None:
    import pyfixest as pf

    x, y, site = data(50, 20)
    fit = sy.regress(x, y, sites=site, names=["x1", "x2"])
    frame = pd.DataFrame({"y": y, "x1": x[:, 0], "x2": x[:, 1], "site": site})
    peer = pf.feols("y ~ x1 + x2", data=frame, vcov={"CRV1": "site"})

    def ours(variant: str, level: float | None = None) -> object:
        return fit.wild_test("x1", variant=variant, n_resamples=99_999, confidence_level=level, rng=1, threads=2)

    def theirs(kind: str) -> object:
        return peer.wildboottest(param="x1", reps=99_999, cluster="site", bootstrap_type=kind, seed=1)

    # Per draw seven additions of rows of 51 numbers, and the sum of their squares.
    limit = by_matrix_product(99_999 * (7 * 51 + 51))
    compare(
        "wild cluster t, G = 50, B = 99,999, C",
        lambda: ours("C"),
        lambda: theirs("11"),
        peer_name="pyfixest 11",
        at_least=15,
        limit=limit,
    )
    compare(
        "wild cluster t, G = 50, B = 99,999, S",
        lambda: ours("S"),
        lambda: theirs("31"),
        peer_name="pyfixest 31",
        at_least=15,
        limit=limit,
    )
    for variant in "VB":
        compare(
            f"variant {variant} costs at most twice variant C",
            lambda v=variant: ours(v),
            lambda: ours("C"),
            peer_name="variant C",
            at_least=0.5,
        )
    absolute("the same with confidence set", lambda: ours("S", 0.95), at_most=1)
    x, y, site = data(20, 30)
    few = sy.regress(x, y, sites=site, names=["x1", "x2"])
    absolute(
        "all 1,048,576 signs of G = 20 with confidence set, two threads",
        lambda: few.wild_test("x1", variant="S", threads=2),
        at_most=1,
    )
