"""Speed of the schemes beside scikit-learn, firthmodels, and glmnet and lme4 where `Rscript` is there."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from steelyard import schemes as S

from .harness import compare


def _scores(n: int, p: int, seed: int) -> tuple[np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(seed)
    return rng.integers(1, 6, (n, p)).astype(float), rng


def lasso() -> None:
    """100 penalties, ten folds; ours stops at a gap of 1e-10 of the null objective, scikit-learn at its default."""
    from sklearn.linear_model import LassoCV

    x, rng = _scores(200, 25, 0)
    y = x @ np.r_[np.full(5, 0.5), np.zeros(20)] + rng.normal(scale=2, size=200)
    ours = S.Lasso(tuning="ten-fold")
    theirs = LassoCV(cv=10, max_iter=10_000)
    ours_gap = ours.fit(x, y).gap
    assert ours_gap is not None
    assert ours_gap <= 1e-10
    compare(
        "lasso, 100 penalties, ten folds, n = 200, p = 25",
        lambda: ours.fit(x, y),
        lambda: theirs.fit(x, y),
        peer_name="LassoCV",
        at_least=30,
    )
    draws = [np.random.default_rng(i).integers(0, 200, 200) for i in range(200)]
    compare(
        "its site bootstrap, B = 200, penalty chosen anew",
        lambda: ours.stability(x, y, n_resamples=200, rng=0, retune=True, progress=False),
        lambda: [theirs.fit(x[d], y[d]) for d in draws[:10]],
        peer_name="LassoCV",
        at_least=30,
        repeats=3,
        peer_scale=20,
    )


def firth() -> None:
    """Fit, tests and 25 profile intervals. All rows differ, so that adding up equal rows helps neither."""
    from firthmodels import FirthLogisticRegression

    x, rng = _scores(5000, 25, 1)
    y = (rng.random(5000) < 1 / (1 + np.exp(3 - 0.2 * x[:, :5].sum(axis=1)))).astype(float)
    rows = np.arange(5000)

    def theirs() -> None:
        fit = FirthLogisticRegression().fit(x, y)
        fit.conf_int(method="pl")
        fit.lrt()

    compare(
        "Firth, 5,000 participants, 25 items, profile intervals and likelihood-ratio tests",
        lambda: S.Firth().fit(x, y, sites=rows),
        theirs,
        peer_name="firthmodels",
        at_least=20,
        repeats=3,
    )


def in_r(script: str, table: np.ndarray, header: str) -> list[float] | None:
    """Run a script on a table and return the numbers that it prints, seconds first; None where there is no R."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        np.savetxt(path, table, delimiter=",", header=header, comments="")
        out = subprocess.run(["Rscript", "-e", script, str(path)], capture_output=True, text=True, check=True)
    return [float(number) for number in out.stdout.split()]


def beside_r(what: str, ours: Callable[[], object], found: list[float] | None, peer_name: str, at_least: float) -> None:
    """Compare with seconds that R measured itself, R's own start left out."""
    if found is None:
        print(f"not measured: no R  {what}; promised {at_least:g}x {peer_name}")
        return

    def busy() -> None:
        """Wait as long as R took without letting the processor fall asleep, as it would not beside a real peer."""
        until = time.perf_counter() + found[0]
        while time.perf_counter() < until:
            pass

    compare(what, ours, busy, peer_name=peer_name, at_least=at_least)


_GLMNET = """
suppressMessages(library(glmnet))
d <- as.matrix(read.csv(commandArgs(TRUE)[1]))
x <- d[, -1]; y <- d[, 1]; fold <- rep(1:10, length.out = nrow(x))
for (i in 1:2) t <- system.time(fit <- cv.glmnet(x, y, nlambda = 100, foldid = fold))["elapsed"]
draws <- lapply(1:10, function(i) sample(nrow(x), replace = TRUE))
b <- system.time(for (at in draws) cv.glmnet(x[at, ], y[at], nlambda = 100, foldid = fold))["elapsed"]
cat(t, b * 20)
"""


def glmnet() -> None:
    """The same lasso beside cv.glmnet, whose threshold is looser than our gap; its bootstrap on a twentieth."""
    x, rng = _scores(200, 25, 0)
    y = x @ np.r_[np.full(5, 0.5), np.zeros(20)] + rng.normal(scale=2, size=200)
    ours = S.Lasso(tuning="ten-fold")
    found = in_r(_GLMNET, np.column_stack([y, x]), ",".join(["y", *(f"x{j}" for j in range(25))]))
    beside_r("lasso, 100 penalties, ten folds", lambda: ours.fit(x, y), found, "cv.glmnet (timed in R)", 15)
    beside_r(
        "its site bootstrap, B = 200, penalty chosen anew",
        lambda: ours.stability(x, y, n_resamples=200, rng=0, retune=True, progress=False),
        None if found is None else found[1:],
        "cv.glmnet (timed in R on a twentieth)",
        15,
    )


_GLMER = """
suppressMessages(library(lme4))
d <- read.csv(commandArgs(TRUE)[1])
f <- y ~ x1 + x2 + x3 + x4 + x5 + (1 | site)
for (i in 1:2) t <- system.time(fit <- glmer(f, d, binomial, nAGQ = 15))["elapsed"]
cat(t, fixef(fit), getME(fit, "theta"))
"""


def random_intercept() -> None:
    """5,000 participants in 50 sites; items vary between participants, which spares ours no row. R times itself."""
    rng = np.random.default_rng(2)
    site = np.repeat(np.arange(50), 100)
    x = rng.integers(1, 6, (5000, 5)).astype(float)
    eta = 0.2 * x.sum(axis=1) - 3 + 0.7 * rng.normal(size=50)[site]
    y = (rng.random(5000) < 1 / (1 + np.exp(-eta))).astype(float)
    model = S.RandomIntercept(nodes=15)
    found = in_r(_GLMER, np.column_stack([y, x, site]), "y,x1,x2,x3,x4,x5,site")
    if found is not None:
        fit = model.fit(x, y, sites=site)
        np.testing.assert_allclose([fit.intercept, *fit.slopes, fit.diagnostics["tau"]], found[1:], atol=2e-3)
    beside_r(
        "random intercept, 5,000 participants, 50 sites, 15 nodes",
        lambda: model.fit(x, y, sites=site),
        found,
        "lme4 glmer (timed in R)",
        10,
    )


def main() -> None:
    """Run all."""
    warnings.simplefilter("ignore")
    lasso()
    glmnet()
    firth()
    random_intercept()


if __name__ == "__main__":
    main()
