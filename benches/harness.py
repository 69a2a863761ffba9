"""The harness: ours and the peer in turn, in one run, on the same data; the ratio of medians is what is quoted.

Machines drift by half between runs, so absolute times are printed but never compared across runs.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple


class Row(NamedTuple):
    """One line of the measured table; `peer` is empty where a time, not a ratio, is promised."""

    what: str
    met: bool
    measured: str
    promised: str
    peer: str


ROWS: list[Row] = []


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


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
) -> float:
    """Run the two alternately after one warm-up each and print the ratio of medians.

    `peer_scale` and `ours_scale` multiply the measured times when a call does only a stated part of the work (a peer
    that would need an hour runs a tenth of its replicates); the line then says so.
    """
    ours(), peer()
    pairs = [(seconds(ours) * ours_scale, seconds(peer) * peer_scale) for _ in range(repeats)]
    mine, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = theirs / mine
    part = f", measured on 1/{peer_scale:g} of its work" if peer_scale != 1.0 else ""
    times = f"{mine:.3g} s against {theirs:.3g} s{part}"
    _line(Row(what, ratio >= at_least, f"{ratio:.3g}x ({times})", f"{at_least:g}x", peer_name))
    return ratio


def absolute(what: str, ours: Callable[[], object], *, at_most: float, repeats: int = 5) -> float:
    """Run ours after one warm-up and print its median time beside what is promised."""
    ours()
    median = statistics.median(seconds(ours) for _ in range(repeats))
    _line(Row(what, median <= at_most, f"{median:.3g} s", f"at most {at_most:g} s", ""))
    return median


def memory(what: str, mebibytes: float, *, at_most: float) -> None:
    """Print memory that was measured beside what is promised."""
    _line(Row(what, mebibytes <= at_most, f"{mebibytes:.3g} MiB", f"at most {at_most:g} MiB", ""))


def _line(row: Row) -> None:
    ROWS.append(row)
    against = f" {row.peer}" if row.peer else ""
    print(
        f"{'met   ' if row.met else 'MISSED'} {row.what}: {row.measured}{against}; promised {row.promised}", flush=True
    )


def as_markdown() -> str:
    """Return what was measured in this run as a table."""
    head = "| work | measured | promised | beside | met |\n|---|---|---|---|---|\n"
    lines = (f"| {r.what} | {r.measured} | {r.promised} | {r.peer or '–'} | {'yes' if r.met else 'no'} |" for r in ROWS)
    return head + "\n".join(lines) + "\n"
