"""The harness: ours and the peer in turn, in one run, on the same data; the ratio of medians is what is quoted.

Machines drift by half between runs, so absolute times are printed but never compared across runs.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

MISSED: list[str] = []


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
    part = f" (measured on 1/{peer_scale:g} of its work)" if peer_scale != 1.0 else ""
    _line(
        what,
        ratio >= at_least,
        f"{ratio:8.1f}x {peer_name}{part}, at least {at_least:g}x; {mine:.4g} s, {theirs:.4g} s",
    )
    return ratio


def absolute(what: str, ours: Callable[[], object], *, at_most: float, repeats: int = 5) -> float:
    """Run ours after one warm-up and print its median time beside what is promised."""
    ours()
    median = statistics.median(seconds(ours) for _ in range(repeats))
    _line(what, median <= at_most, f"{median:9.4g} s, at most {at_most:g} s")
    return median


def _line(what: str, met: bool, words: str) -> None:
    if not met:
        MISSED.append(what)
    print(f"{'met   ' if met else 'MISSED'} {what:<64} {words}", flush=True)
