"""Benchmarks: each runs the peer beside ours on the same data, in one run, and prints the ratio of medians."""

import os

# Threads of a peer's linear algebra wait for more work by spinning, tens of milliseconds long by default, and would
# take a core from whatever is timed next. Set before NumPy is loaded: OpenBLAS reads it once. 2^20 cycles are some
# 0.4 ms.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "20")
