"""Files that a stranger sends: refused with the reason, in bounded time and memory, and nothing outside is opened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import hostile_archives
import steelyard as sy


@pytest.mark.parametrize("name", hostile_archives.HOSTILE)
def test_a_hostile_archive_is_refused_with_the_reason(name: str, tmp_path: Path) -> None:
    build, reason = hostile_archives.HOSTILE[name]
    path = tmp_path / "project.qdpx"
    path.write_bytes(build())
    with pytest.raises(sy.InputError) as caught:
        sy.read_qda(path)
    assert str(caught.value).startswith(reason)
    assert len(str(caught.value)) < 3000


def test_there_are_more_than_twenty_five() -> None:
    assert len(hostile_archives.HOSTILE) >= 25


LIMITED = """
import resource, sys, pathlib
sys.path.insert(0, {here!r})
import hostile_archives
import steelyard as sy
from steelyard import corpus
files = []
for name, (build, _) in hostile_archives.HOSTILE.items():
    path = pathlib.Path({folder!r}) / (name + ".qdpx")
    path.write_bytes(build())
    files.append(path)
def held():
    line = next(x for x in open("/proc/self/status") if x.startswith("VmSize"))
    return int(line.split()[1]) * 1024
resource.setrlimit(resource.RLIMIT_AS, (held() + (256 << 20),) * 2)
used = resource.getrusage(resource.RUSAGE_SELF)
resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 20,) * 2)
for path in files:
    try:
        sy.read_qda(path)
    except sy.InputError:
        continue
    raise SystemExit(f"{{path.name}} was opened")
print("all refused")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of the process are set as Linux has them")
def test_all_are_refused_within_256_mib_and_20_seconds_of_processor(tmp_path: Path) -> None:
    code = LIMITED.format(here=str(Path(__file__).parent), folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=200)
    assert done.stdout == "all refused\n", done.stderr


def test_limits_can_be_set(tmp_path: Path) -> None:
    path = tmp_path / "project.qdpx"
    path.write_bytes(hostile_archives.packed([("sources/a.txt", b"x" * 100)]))
    sy.read_qda(path)
    with pytest.raises(sy.InputError) as caught:
        sy.read_qda(path, limits={"entries": 1})
    assert str(caught.value) == (
        "too many entries in an archive in its directory: got 2; allowed: up to 1. The file was not opened; ask "
        "whoever made it for a new export."
    )
    with pytest.raises(sy.InputError) as caught:
        sy.read_qda(path, limits={"total_bytes": 50})
    assert str(caught.value).startswith("archive too large in all entries")
    with pytest.raises(sy.InputError) as caught:
        sy.read_qda(path, limits={"entree": 1})
    assert str(caught.value).startswith(
        "options of the reader not understood: got unknown field `entree`, expected one of"
    )


def test_paths_out_of_the_project_are_never_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("not for you", encoding="utf-8")
    guid = "00000000-0000-0000-0000-00000000000{}"
    paths = [
        f"absolute://{secret}",
        f"file://{secret}",
        "relative://secret.txt",
        "internal://../secret.txt",
        str(secret),
    ]
    sources = "".join(
        f'<TextSource guid="{guid.format(i)}" name="s{i}" plainTextPath="{p}"/>' for i, p in enumerate(paths)
    )
    path = tmp_path / "p.qdpx"
    path.write_bytes(hostile_archives.project(f"<Sources>{sources}</Sources>"))
    corpus = sy.read_qda(path)
    assert [s.text for s in corpus.sources] == [None] * 5
    assert sum("leads out of the project and was not opened" in note for note in corpus.notes) == 3
    assert sum("is not in the archive" in note for note in corpus.notes) == 2
