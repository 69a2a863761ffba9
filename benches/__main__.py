"""`python -m benches [room ...]`: run `bench_<room>.py` of every room, or of those that are named."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import steelyard._core

from .harness import MISSED


def main(names: list[str]) -> None:
    found = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    unknown = sorted(set(names) - set(found))
    if unknown:
        sys.exit(f"no benchmark called {', '.join(unknown)}; there are: {', '.join(found)}")
    if steelyard._core.debug_build:
        sys.exit("this is a build for tests: run `make bench`, which builds for speed")
    for name in names or found:
        print(f"# {name}", flush=True)
        importlib.import_module(f".bench_{name}", __package__).main()
    print(f"missed: {', '.join(MISSED)}" if MISSED else "every promise met")


if __name__ == "__main__":
    main(sys.argv[1:])
