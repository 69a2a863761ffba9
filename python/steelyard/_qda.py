"""Projects of other programs to a corpus, and back: REFI-QDA, QualCoder, Taguette."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _core
from .errors import refuse

if TYPE_CHECKING:
    from .corpus import Corpus

SITE = ("site", "centre", "center", "programme", "program")
ROLE = ("role", "rolle")
_SQLITE = b"SQLite format 3\x00"
# Files above this are not read into memory to find out that they are no project.
_LARGEST = 2**31 - 1


def read_qda(
    path: str | os.PathLike[str],
    *,
    site: str | Sequence[str] = SITE,
    role: str | Sequence[str] = ROLE,
    limits: Mapping[str, int] | None = None,
) -> Corpus:
    """Read a project of a program for qualitative analysis.

    What a file is is seen from its content: a REFI-QDA project (`.qdpx`) or codebook (`.qdc`), a QualCoder project
    (`.qda`, a folder or its `data.qda`) or a Taguette project (`.sqlite3`). Databases are opened read-only.

    Nothing outside of the file is ever opened: paths inside a project that lead out of it are reported. A project with
    a DOCTYPE, entities, encrypted or linked entries, or beyond the limits is refused before it is unpacked.

    Parameters
    ----------
    path
        The file.
    site, role
        Variables of cases that hold the site and the role, whatever their case; the first that is there counts.
    limits
        Other limits than the defaults: `entries` (10,000), `total_bytes` (1 GiB), `entry_bytes` (256 MiB), `ratio`
        (200), `folders` (8), `elements_deep` (128), `elements` (1,000,000), `codes_deep` (64), `attribute_bytes`
        (1 MiB).

    Returns
    -------
    Corpus
        Its `.notes` say what wrote the file, which convention of offsets was found and what was not taken over; its
        `.issues` list references that lead nowhere; its `.statuses` say whether each quote stands in its text.

    Raises
    ------
    InputError
        With the reason, for a file that is not understood or that could do harm.

    Notes
    -----
    Programs count offsets differently (code points, UTF-16 units, bytes; line ends as one or two; the byte order mark;
    the last character or the one after). Each convention is tried on the words that selections carry; the best is used,
    offsets are converted to code points, and the notes say so with the numbers of quotes that match. REFI-QDA standard
    1.5, https://www.qdasoftware.org; Evers et al. (2020) doi:10.17169/fqs-21.2.3502.

    Examples
    --------
    >>> import steelyard as sy, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "study.qdpx"
    >>> report = sy.corpus.norway().write_qda(path)
    >>> sy.read_qda(path) == sy.corpus.norway()
    True
    """
    from ._qda_sqlite import read_sqlite

    file = Path(path)
    if file.is_dir():
        file = file / "data.qda"
    try:
        with file.open("rb") as stream:
            head = stream.read(len(_SQLITE))
            if head == _SQLITE:
                return read_sqlite(file)
            size = os.fstat(stream.fileno()).st_size
            if size > _LARGEST:
                raise refuse("file too large", at=str(file), got=f"{size} bytes", allowed=f"up to {_LARGEST} bytes")
            content = head + stream.read()
    except OSError as error:
        raise refuse("file cannot be read", at=str(path), got=error.strerror or str(error)) from None
    return _corpus(content, site, role, limits)


def _corpus(
    content: bytes, site: str | Sequence[str], role: str | Sequence[str], limits: Mapping[str, int] | None
) -> Corpus:
    from .corpus import Corpus

    def names(told: str | Sequence[str]) -> list[str]:
        return [told] if isinstance(told, str) else [str(x) for x in told]

    options = {"limits": dict(limits or {}), "site": names(site), "role": names(role), "as_others": False}
    return Corpus.from_document(_core.qda_read(content, json.dumps(options))["corpus"])


def write_qda(corpus: Corpus, path: str | os.PathLike[str], *, own_note: bool) -> tuple[str, ...]:
    """Write a corpus; see `Corpus.write_qda`."""
    file = Path(path)
    kind = file.suffix.lower()
    if kind not in (".qdpx", ".qdc"):
        raise refuse(
            "ending not known", at="path", got=repr(file.name), allowed=".qdpx (a project) or .qdc (a codebook)"
        )
    if kind == ".qdc" and not corpus.codes:
        raise refuse("codebook without codes", at="codes", allowed="at least one code: the standard has no empty one")
    content, report = _core.qda_write(corpus._document(), kind == ".qdc", own_note)
    partial = file.with_name(file.name + ".part")
    try:
        partial.write_bytes(content)
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise refuse("file cannot be written", at=str(path), got=error.strerror or str(error)) from None
    return tuple(report)


def merge(corpora: Sequence[Corpus]) -> Corpus:
    """Put several corpora into one, parts with the same id and content once."""
    from .corpus import _PARTS, Corpus

    parts: dict[str, Any] = {}
    for name in _PARTS:
        seen: dict[Any, Any] = {}
        for corpus in corpora:
            for part in getattr(corpus, name):
                key = getattr(part, "id", part)
                if key in seen and seen[key] != part:
                    raise refuse(f"one id for two {name}", got=repr(key), allowed="each id once", remedy="Rename one.")
                seen[key] = part
        parts[name] = tuple(seen.values())
    notes = tuple(dict.fromkeys(note for corpus in corpora for note in corpus.notes))
    return Corpus(**parts, name=corpora[0].name if corpora else "", notes=notes)


def renamed(part: Any, **fields: Any) -> Any:
    """Return a part with some fields exchanged."""
    return dataclasses.replace(part, **fields)
