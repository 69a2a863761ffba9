"""Speed of the weighting contest: nested, with null replicates, and a cluster bootstrap of it beside scikit-learn."""

from __future__ import annotations

import json

import numpy as np
from numpy.typing import NDArray

import steelyard as sy
from steelyard import _core
from steelyard import schemes as S

from .harness import absolute, compare
from .study_verdicts import KEYS, point

REPLICATES = 500
SIX = [S.Unit(), S.OLS(), S.Ridge(), S.Lasso(), S.NonNegative(), S.PLS(2)]
Floats = NDArray[np.float64]


def scikit_learn(x: Floats, y: Floats, sites: NDArray[np.int64], replicates: int) -> Floats:
    """Do in scikit-learn what `WeightingExperiment.bootstrap` does: leave one site out, 10-fold inner by site.

    Every one of six schemes gives a score; slope and intercept of the score are fitted anew in the training fold. Gains
    are those over the total, per replicate.
    """
    from sklearn.cross_decomposition import PLSRegression
    from sklearn.linear_model import LassoCV, LinearRegression, RidgeCV
    from sklearn.model_selection import GroupKFold, LeaveOneGroupOut
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    draw, out = np.random.default_rng(1), []
    for _ in range(replicates):
        chosen = draw.integers(0, len(y), len(y))
        items, outcome, groups = x[chosen], y[chosen], sites[chosen]
        errors = np.zeros(7)
        for train, held in LeaveOneGroupOut().split(items, outcome, groups):
            a, b, g = items[train], outcome[train], groups[train]
            penalties = len(b) * a.var(axis=0).mean() * np.logspace(-4, 4, 41)
            inner = list(GroupKFold(10).split(a, b, g))
            fits = [
                LinearRegression().fit(a, b),
                RidgeCV(penalties, cv=inner).fit(a, b),
                LassoCV(cv=inner, max_iter=10_000).fit(a, b),
                LinearRegression(positive=True).fit(a, b),
                make_pipeline(StandardScaler(), PLSRegression(2, scale=False)).fit(a, b),
            ]
            scores = [
                (a.sum(1), items[held].sum(1)),
                *((f.predict(a).ravel(), f.predict(items[held]).ravel()) for f in fits),
            ]
            errors[0] += np.sum((outcome[held] - b.mean()) ** 2)
            for c, (inside, outside) in enumerate(scores, start=1):
                line = LinearRegression().fit(inside[:, None], b)
                errors[c] += np.sum((outcome[held] - line.predict(outside[:, None])) ** 2)
        out.append((errors[1] - errors[2:]) / errors[0])
    return np.array(out)


def main() -> None:
    """Run the seven default schemes on 79 sites x 25 items, and the bootstrap of six on 50 sites."""
    sites = sy.datasets.synthetic_sites(79, weights="concentrated", r2=0.5, rng=1)

    def contest(replicates: int) -> None:
        experiment = sy.WeightingExperiment(sites.items, sites.outcome, n_resamples=replicates, rng=1)
        experiment.run(threads=2, progress=False)

    # A simulated study is a contest and nothing else: one study here.
    one = json.dumps(point(dict(zip(KEYS, (79, 2, 0.7, 0.0, False, "number"), strict=True)), seed=1, first=0, runs=1))
    nested = "79 sites x 25 items, seven schemes, nested tuning alone"
    absolute(nested, lambda: _core.contest_simulate("gains", one, 2), at_most=1.0)
    # Without replicates the call still reruns the whole contest without each site, 79 times, for the interval.
    absolute("79 sites x 25 items, seven schemes, interval by 79 reruns", lambda: contest(0), at_most=60.0, repeats=3)
    absolute("the same with 999 null replicates, two threads", lambda: contest(999), at_most=60.0, repeats=3)

    fifty = sy.datasets.synthetic_sites(50, weights="concentrated", r2=0.5, rng=1)
    validation = sy.LeaveOneSiteOut(tuning_folds=10)
    experiment = sy.WeightingExperiment(fifty.items, fifty.outcome, schemes=SIX, validation=validation, rng=1)
    part = 50
    compare(
        f"six schemes, 50 sites, cluster bootstrap of {REPLICATES} around the nested contest",
        lambda: experiment.bootstrap(part, threads=2, progress=False),
        lambda: scikit_learn(fifty.scores, fifty.outcome, np.arange(50), 1),
        peer_name="scikit-learn, one replicate scaled",
        at_least=100.0,
        repeats=2,
        ours_scale=REPLICATES / part,
        peer_scale=REPLICATES,
    )


if __name__ == "__main__":
    main()
