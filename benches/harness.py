"""The harness: ours and the peer in turn, in one run, on the same data; the ratio of medians is what is quoted.

Machines drift by half between runs, so absolute times are printed but never compared across runs.
"""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Row(NamedTuple):
    """One line of the measured table; `peer` is empty where a time is promised, `met` None where nothing ran."""

    what: str
    met: bool | None
    measured: str
    promised: str
    peer: str
    limit: str = ""


ROWS: list[Row] = []


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def settled(work: Callable[[], object]) -> float:
    """Return the wall time of one call after a moment in which threads of the call before fall asleep."""
    until = time.perf_counter() + 0.005
    while time.perf_counter() < until:
        pass
    return seconds(work)


def compare(
    what: str,
    ours: Callable[[], object],
    peer: Callable[[], object],
    *,
    peer_name: str,
    at_least: float,
    repeats: int = 5,
    peer_scale: float = 1.0,
    ours_scale: float = 1.0,
    limit: float | None = None,
) -> float:
    """Run the two alternately after one warm-up each and print the ratio of medians.

    `peer_scale` and `ours_scale` multiply the measured times when a call does only a stated part of the work (a peer
    that would need an hour runs a tenth of its replicates); the line then says so. `limit` is a physical limit in
    seconds, as `by_matrix_product` gives it.
    """
    ours(), peer()
    pairs = [(settled(ours) * ours_scale, settled(peer) * peer_scale) for _ in range(repeats)]
    mine, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = theirs / mine
    part = f", measured on 1/{peer_scale:g} of its work" if peer_scale != 1.0 else ""
    times = f"{mine:.3g} s against {theirs:.3g} s{part}"
    measured, promised = f"{ratio:.3g}x ({times})", f"{at_least:g}x"
    _line(Row(what, ratio >= at_least, measured, promised, peer_name, _distance(mine, limit)))
    return ratio


def absolute(
    what: str, ours: Callable[[], object], *, at_most: float, repeats: int = 5, limit: float | None = None
) -> float:
    """Run ours after one warm-up and print its median time beside what is promised."""
    ours()
    median = statistics.median(settled(ours) for _ in range(repeats))
    _line(Row(what, median <= at_most, f"{median:.3g} s", f"at most {at_most:g} s", "", _distance(median, limit)))
    return median


def _distance(seconds_used: float, limit: float | None) -> str:
    return "" if limit is None else f"{limit:.2g} s; {seconds_used / limit:.2g} times that"


@functools.cache
def _rate() -> float:
    """Return multiplications with additions per second of a large matrix product: the most that this machine does."""
    a = np.random.default_rng(0).normal(size=(1500, 1500))
    a @ a
    return float(1500**3 / min(seconds(lambda: a @ a) for _ in range(5)))


def by_matrix_product(multiply_adds: float) -> float:
    """Return the seconds that so many multiplications with additions take in NumPy's matrix product on all threads."""
    return multiply_adds / _rate()


def unmeasured(what: str, why: str) -> None:
    """Print that a row was not measured, and why."""
    _line(Row(what, None, f"not measured: {why}", "–", ""))


def memory(what: str, mebibytes: float, *, at_most: float) -> None:
    """Print memory that was measured beside what is promised."""
    _line(Row(what, mebibytes <= at_most, f"{mebibytes:.3g} MiB", f"at most {at_most:g} MiB", ""))


_VERDICT = {True: "met", False: "MISSED", None: "–"}


def _line(row: Row) -> None:
    ROWS.append(row)
    against = f" {row.peer}" if row.peer else ""
    limit = f"; limit {row.limit}" if row.limit else ""
    print(
        f"{_VERDICT[row.met]:6} {row.what}: {row.measured}{against}; promised {row.promised}{limit}",
        flush=True,
    )


_WORD = {True: "yes", False: "no", None: "–"}


def as_markdown() -> str:
    """Return what was measured in this run as a table."""
    head = "| work | measured | promised | beside | met | physical limit |\n|---|---|---|---|---|---|\n"
    lines = (
        f"| {r.what} | {r.measured} | {r.promised} | {r.peer or '–'} | {_WORD[r.met]} | {r.limit or '–'} |"
        for r in ROWS
    )
    return head + "\n".join(lines) + "\n"
