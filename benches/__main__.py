"""`python -m benches [--write FILE] [room ...]`: run `bench_<room>.py` of every room, or of those that are named."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
from pathlib import Path

import numpy as np

import steelyard._core

from .harness import ROWS, as_markdown


def main() -> None:
    found = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    parser = argparse.ArgumentParser(prog="python -m benches", description="Run the benchmarks of the rooms.")
    parser.add_argument("rooms", nargs="*", help=f"any of: {', '.join(found)} (default: all)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table of this run as Markdown")
    options = parser.parse_args()
    unknown = sorted(set(options.rooms) - set(found))
    if unknown:
        parser.error(f"no benchmark called {', '.join(unknown)}; there are: {', '.join(found)}")
    if steelyard._core.debug_build:
        sys.exit("this is a build for tests: run `make bench`, which builds for speed")
    for room in options.rooms or found:
        print(f"# {room}", flush=True)
        importlib.import_module(f".bench_{room}", __package__).main()
    if options.write:
        options.write.write_text(_page(), encoding="utf-8")
    missed = [row.what for row in ROWS if row.met is False]
    print(f"missed: {', '.join(missed)}" if missed else "every promise that was measured is met")


def _page() -> str:
    machine = f"{_processor()}, {os.cpu_count()} threads, Python {platform.python_version()}, NumPy {np.__version__}"
    return f"""# Measured

Written by `make bench`. Ratios are of medians from alternating repetitions in one run, on the same data; times on
another machine differ, ratios less so. Machine of this run: {machine}.

{as_markdown()}"""


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
