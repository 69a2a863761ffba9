"""Regressions refitted on every replicate: beside NumPy programs that batch the work, and beside statsmodels.

Physical limits count multiplications with additions, at the rate of a large matrix product on the same machine. A
least-squares replicate: 200 x 377 products of counts and moments and a Cholesky factor of 26 x 26. A logistic
replicate: one pass over the rows that makes the information (351 entries a row), and about five in all that make linear
predictors and scores (26 each).
"""

from __future__ import annotations

import multiprocessing
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import steelyard as sy

from .harness import absolute, by_matrix_product, compare

_B = 10_000
Floats = NDArray[np.float64]


def _items(rng: np.random.Generator, rows: int, columns: int) -> Floats:
    """Scores from 1 to 5 that share a common part, as items of one scale do."""
    common = rng.normal(size=(rows, 1))
    return np.clip(np.round(3 + 0.8 * common + rng.normal(size=(rows, columns))), 1, 5)


def ols_data() -> tuple[Floats, Floats]:
    """Return 25 items of 200 sites and an outcome."""
    rng = np.random.default_rng(5)
    x = _items(rng, 200, 25)
    return x, x @ rng.normal(size=25) / 10 + rng.normal(size=200)


def ols_beside_numpy() -> None:
    """26 coefficients, 200 sites, pairs bootstrap, B = 10,000."""
    x, y = ols_data()
    fit = sy.regress(x, y)

    def ours() -> Any:
        return sy.bootstrap(fit, "coefficients", n_resamples=_B, method="percentile", rng=1, threads=2, progress=False)

    design = np.column_stack([np.ones(200), x])
    joint = np.column_stack([design, y])
    products = np.einsum("ij,ik->ijk", joint, joint).reshape(200, -1)

    def numpy_program() -> Any:
        draw = np.random.default_rng(2)
        found = np.empty((_B, 26))
        for first in range(0, _B, 500):
            units = draw.integers(0, 200, (500, 200)) + 200 * np.arange(500)[:, None]
            counts = np.bincount(units.ravel(), minlength=200 * 500).reshape(500, 200).astype(float)
            grams = (counts @ products).reshape(500, 27, 27)
            found[first : first + 500] = np.linalg.solve(grams[:, :26, :26], grams[:, :26, 26:])[..., 0]
        return np.quantile(found, [0.025, 0.975], axis=0)

    limit = by_matrix_product(_B * (200 * 377 + 26**3 / 6))
    compare(
        "26 OLS coefficients, 200 sites, pairs bootstrap, B 10,000",
        ours,
        numpy_program,
        peer_name="NumPy, Gram matrices by GEMM and one call of solve",
        at_least=3,
        limit=limit,
    )
    absolute("the same: 5 microseconds per fit and core, two threads", ours, at_most=_B * 5e-6 / 2, limit=limit)


def _statsmodels_loop(x: Floats, y: Floats, site: NDArray[np.int64], replicates: int) -> Any:
    import statsmodels.api as sm

    draw = np.random.default_rng(3)
    rows = [np.flatnonzero(site == s) for s in range(site.max() + 1)]
    found = []
    for _ in range(replicates):
        taken = np.concatenate([rows[s] for s in draw.integers(0, len(rows), len(rows))])
        found.append(sm.GLM(y[taken], x[taken], family=sm.families.Binomial()).fit().params)
    return np.array(found)


_SHARED: dict[str, Any] = {}


def _share(**data: Any) -> None:
    """Give a process the data once, and one thread of linear algebra, as a user with two cores would."""
    _SHARED.update(data)
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return
    threadpool_limits(1)


def _newton(counts: NDArray[np.int64]) -> Floats:
    """Newton's method from the fit of all data, on the rows of drawn sites with the site's count as weight."""
    x, y, beta = _SHARED["x"], _SHARED["y"], _SHARED["start"]
    weight = counts[_SHARED["site"]]
    drawn = weight > 0
    x, y, weight = x[drawn], y[drawn], weight[drawn].astype(float)
    for _ in range(25):
        p = 1 / (1 + np.exp(-(x @ beta)))
        step = np.linalg.solve(x.T @ (x * (weight * p * (1 - p))[:, None]), x.T @ (weight * (y - p)))
        beta = beta + step
        if np.abs(step).max() < 1e-9:
            break
    return beta


def logit_by_site() -> None:
    """Five items of the site, 5,000 participants in 50 sites, cluster bootstrap, B = 1,000."""
    rng = np.random.default_rng(6)
    items = _items(rng, 50, 5)
    log_odds = items @ np.array([0.3, -0.2, 0.1, 0.2, 0.0]) - 1.2 + 0.2 * rng.normal(size=50)

    site = np.repeat(np.arange(50), 100)
    x, y = items[site], (rng.random(5000) < 1 / (1 + np.exp(-log_odds[site]))).astype(float)
    ours = partial(_cluster_bootstrap, sy.regress(x, y, family="binomial", sites=site))
    design = np.column_stack([np.ones(len(y)), x])
    compare(
        "logistic, 5 items of the site, 5,000 participants in 50 sites, B 1,000",
        ours,
        lambda: _statsmodels_loop(design, y, site, 20),
        peer_name="statsmodels GLM loop",
        peer_scale=50,
        at_least=500,
        limit=by_matrix_product(1000 * 50 * (21 + 5 * 2 * 6)),
    )


def logit_by_participant() -> None:
    """25 columns of participants, 5,000 rows in 50 sites, cluster bootstrap, B = 1,000."""
    rng = np.random.default_rng(7)
    site = np.repeat(np.arange(50), 100)
    x = np.column_stack([_items(rng, 50, 5)[site], rng.normal(size=(5000, 20))])
    log_odds = 0.2 * (x[:, :5] - 3).sum(axis=1) + x[:, 5:] @ rng.normal(size=20) / 6 - 0.5
    y = (rng.random(5000) < 1 / (1 + np.exp(-log_odds))).astype(float)
    fit = sy.regress(x, y, family="binomial", sites=site)
    ours = partial(_cluster_bootstrap, fit)
    design = np.column_stack([np.ones(len(y)), x])
    limit = by_matrix_product(1000 * 5000 * (351 + 5 * 2 * 26))
    what = "logistic, 25 columns of participants, 5,000 rows in 50 sites, B 1,000"
    compare(
        what,
        ours,
        lambda: _statsmodels_loop(design, y, site, 5),
        peer_name="statsmodels GLM loop",
        peer_scale=200,
        at_least=60,
        limit=limit,
    )
    draw = np.random.default_rng(8)
    counts = [np.bincount(draw.integers(0, 50, 50), minlength=50) for _ in range(200)]
    share = partial(_share, x=design, y=y, site=site, start=fit.coefficients)
    with multiprocessing.get_context("spawn").Pool(2, initializer=share) as pool:
        compare(
            what,
            ours,
            lambda: pool.map(_newton, counts, chunksize=25),
            peer_name="NumPy Newton loop from the full fit, two processes",
            peer_scale=5,
            at_least=5,
            limit=limit,
        )


def _cluster_bootstrap(fit: Any) -> Any:
    return sy.bootstrap(fit, "coefficients", n_resamples=1000, method="percentile", rng=1, threads=2, progress=False)


def main() -> None:
    """Measure."""
    ols_beside_numpy()
    logit_by_site()
    logit_by_participant()


if __name__ == "__main__":
    main()
