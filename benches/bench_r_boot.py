"""The bootstrap beside R's boot 1.3, on the same data: `boot` and `boot.ci` as its users call them.

R runs in a process of its own that is started before the clock. Where R would take minutes it draws a part of the
replicates and its time is multiplied; its cost is proportional to them.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import steelyard as sy

from .bench_regress import ols_data
from .bench_resample import correlated
from .harness import compare, unmeasured

_SCRIPT = Path(__file__).with_name("r_boot.R")
_B = 100_000
# What it is called, statistic, interval here and in R, least ratio, and of how many replicates R draws one.
_ROWS = (
    ("mean", "mean", "percentile", "perc", 60, 1),
    ("correlation", "pearson", "percentile", "perc", 60, 1),
    ("mean", "mean", "BCa", "bca", 150, 10),
    ("correlation", "pearson", "BCa", "bca", 150, 10),
)


@contextlib.contextmanager
def _boot(*tables: tuple[str, Any]) -> Iterator[Callable[[str], None]]:
    """Start R on the tables and yield a function that sends it a request and waits for the answer."""
    with tempfile.TemporaryDirectory() as folder:
        for name, table in tables:
            np.savetxt(Path(folder) / name, table, delimiter=",", fmt="%.17g")
        command = ["Rscript", str(_SCRIPT), folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            requests, answers = process.stdin, process.stdout
            assert requests is not None
            assert answers is not None

            def ask(request: str) -> None:
                requests.write(request + "\n")
                requests.flush()
                if answers.readline() != "done\n":
                    raise RuntimeError(f"R's boot did not answer: {request}")

            yield ask
            requests.close()


def _has_boot() -> bool:
    if shutil.which("Rscript") is None:
        return False
    return subprocess.run(["Rscript", "-e", "library(boot)"], capture_output=True, check=False).returncode == 0


def main() -> None:
    """Measure, where Rscript with boot is installed."""
    if not _has_boot():
        unmeasured("bootstrap beside R's boot", "Rscript with the package boot is not installed here")
        return
    pairs = np.column_stack(correlated())
    x, y = ols_data()
    fit = sy.regress(x, y)
    options: dict[str, Any] = {"rng": 1, "threads": 2, "progress": False}
    with _boot(("pairs.csv", pairs), ("table.csv", np.column_stack([x, y]))) as ask:
        for what, name, method, interval, least, part in _ROWS:
            data = pairs[:, 0] if name == "mean" else pairs
            compare(
                f"bootstrap of a {what}, n 200, B 100,000, {method}, beside R",
                lambda data=data, name=name, method=method: sy.bootstrap(
                    data, name, method=method, n_resamples=_B, **options
                ),
                lambda name=name, interval=interval, part=part: ask(f"{name} {interval} {_B // part}"),
                peer_name="R boot",
                at_least=least,
                repeats=3,
                peer_scale=part,
            )
        compare(
            "26 OLS coefficients, 200 sites, pairs bootstrap, B 10,000, beside R",
            lambda: sy.bootstrap(fit, "coefficients", n_resamples=10_000, method="percentile", **options),
            lambda: ask("coefficients perc 2000"),
            peer_name="R boot with lm.fit",
            at_least=30,
            repeats=3,
            peer_scale=5,
        )


if __name__ == "__main__":
    main()
