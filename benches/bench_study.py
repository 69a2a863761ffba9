"""A million participants at 500 sites to linked moments, and a sheet of 200 sites with its preview.

Promised: under 3 s and 300 MiB on two threads; under 1 s. The peer does the same sums with pandas and NumPy.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd

import steelyard as sy

from .harness import absolute, compare, memory

_PARTICIPANTS, _SITES = 1_000_000, 500
_OUTCOME, _COVARIATES = sy.outcomes.Binary("employed"), ("age", "woman")


def _reviews(sites: int) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    items = {item: rng.integers(1, 6, sites) for item in sy.Scale.load("ips-25").item_ids}
    return pd.DataFrame({"site": [f"site {i:03d}" for i in range(sites)], **items})


def _people() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    names = np.array([f"site {i:03d}" for i in range(_SITES)])
    return pd.DataFrame(
        {
            "site": names[rng.integers(0, _SITES, _PARTICIPANTS)],
            "employed": rng.integers(0, 2, _PARTICIPANTS),
            "age": rng.normal(40, 9, _PARTICIPANTS).round(1),
            "woman": rng.integers(0, 2, _PARTICIPANTS),
        }
    )


def _linked(people: object, reviews: pd.DataFrame) -> object:
    study = sy.Study(reviews, people, scale="ips-25")
    return study.moments(_OUTCOME, _COVARIATES, threads=2, progress=False).linked()


def _twin(people: pd.DataFrame, reviews: pd.DataFrame) -> object:
    """Join every participant to the scores of the site and multiply."""
    whole = people.merge(reviews, on="site")
    x = whole.drop(columns="site").to_numpy(dtype=np.float64)
    x = np.column_stack([np.ones(len(x)), x])
    return x.T @ x


def _memory(path: Path) -> None:
    """Measure the peak above what was there before, in a process of its own."""
    code = (
        "import sys; import pyarrow.parquet; from benches import bench_study as b; r = b._reviews(500); "
        # The high-water mark of this process alone; getrusage would inherit that of the parent.
        "peak = lambda: int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) / 1024; "
        "b._linked({'site': ['site 001', 'site 002'], 'employed': [0, 1], 'age': [1, 2], 'woman': [0, 1]}, r); "
        "before = peak(); b._linked(sys.argv[1], r); print(peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    used = float(done.stdout)
    memory("memory above the start, from Parquet", used, at_most=300)


def _workbook(path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("reviews")
    page.append(["Centre", *(item.title for item in sy.Scale.load("ips-25").items)])
    for row in _reviews(200).itertuples(index=False):
        page.append(list(row))
    book.save(path)


def main() -> None:
    reviews, people = _reviews(_SITES), _people()
    with tempfile.TemporaryDirectory() as folder:
        parquet, sheet = Path(folder) / "people.parquet", Path(folder) / "reviews.xlsx"
        people.to_parquet(parquet)
        _workbook(sheet)
        absolute("a million participants from Parquet to linked moments", lambda: _linked(parquet, reviews), at_most=3)
        absolute("the same from a frame", lambda: _linked(people, reviews), at_most=3)
        compare(
            "linked moments",
            lambda: _linked(people, reviews),
            lambda: _twin(people, reviews),
            peer_name="pandas merge and NumPy",
            at_least=1,
            repeats=3,
        )
        _memory(parquet)
        absolute("a workbook of 200 sites with its preview", lambda: sy.read_scores(sheet, scale="ips-25"), at_most=1)
