"""Corpus: a transcript of a million characters with 20,000 codings, read from a REFI-QDA project."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import steelyard as sy

from .harness import absolute


def _project(folder: Path) -> Path:
    rng = random.Random(1)
    words = ["she", "called", "back", "and", "then", "\U0001f642", "alltid", "—", "work", "søvn", "time.\n"]
    text = " ".join(rng.choices(words, k=250_000))[:1_000_000]
    codes = [{"id": f"c{i}", "name": f"code {i}"} for i in range(200)]
    starts = [rng.randrange(0, 999_900) for _ in range(20_000)]
    excerpts = [
        {"id": f"e{i}", "source": "s", "start": a, "end": a + 80, "text": text[a : a + 80]}
        for i, a in enumerate(starts)
    ]
    codings = [{"excerpt": f"e{i}", "code": f"c{i % 200}", "coder": "a"} for i in range(20_000)]
    corpus = sy.Corpus(
        sources=[{"id": "s", "text": text}], codes=codes, coders=[{"id": "a"}], excerpts=excerpts, codings=codings
    )
    path = folder / "large.qdpx"
    corpus.write_qda(path, own_note=False)
    return path


def main() -> None:
    """Run the row."""
    with tempfile.TemporaryDirectory() as folder:
        path = _project(Path(folder))
        absolute("read 1,000,000 characters with 20,000 codings", lambda: sy.read_qda(path), at_most=2)


if __name__ == "__main__":
    main()
