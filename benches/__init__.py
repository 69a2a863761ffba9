"""Benchmarks: each runs the peer beside ours on the same data, in one run, and prints the ratio of medians."""
