"""Archives that a stranger might send: each with a word of the reason for which it is refused. Built here, not kept."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

PROJECT = '<?xml version="1.0"?><Project xmlns="urn:QDA-XML:project:1.0" name="x"/>'


def packed(entries: list[tuple[str, str | bytes]], *, project: str | None = PROJECT, stored: bool = False) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        if project is not None:
            archive.writestr("project.qde", project)
        for name, content in entries:
            info = zipfile.ZipInfo(name)
            info.filename = name
            info.compress_type = archive.compression
            archive.writestr(info, content)
    return buffer.getvalue()


def patched(content: bytes, entry: int, at: int, value: bytes) -> bytes:
    """Change bytes of one entry of the directory."""
    start = struct.unpack("<I", content[-6:-2])[0]
    for _ in range(entry):
        name, extra, comment = struct.unpack("<HHH", content[start + 28 : start + 34])
        start += 46 + name + extra + comment
    return content[: start + at] + value + content[start + at + len(value) :]


def directory_entry(name: bytes, *, size: int, packed_size: int, offset: int, crc: int = 0, method: int = 8) -> bytes:
    head = struct.pack(
        "<4sHHHHHHIIIHHHHHII",
        b"PK\x01\x02",
        20,
        20,
        0,
        method,
        0,
        33,
        crc,
        packed_size,
        size,
        len(name),
        0,
        0,
        0,
        0,
        0,
        offset,
    )
    return head + name


def many_entries(count: int, size: int) -> bytes:
    """State `count` entries of `size` bytes each without holding them."""
    local = b"".join(
        struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 8, 0, 33, 0, 0, 0, len(b"%06d" % i), 0) + b"%06d" % i
        for i in range(count)
    )
    step = 30 + 6
    directory = b"".join(directory_entry(b"%06d" % i, size=size, packed_size=0, offset=i * step) for i in range(count))
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(local), 0)
    return local + directory + end


def overlapping() -> bytes:
    """Two entries of the directory over the same packed bytes."""
    whole = packed([("a", b"x" * 1000)])
    start = struct.unpack("<I", whole[-6:-2])[0]
    entries, first = whole[start:-22], len("project.qde") + 46
    second = entries[first:]
    twin = second[:46] + b"b"
    directory = entries + twin
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 3, 3, len(directory), start, 0)
    return whole[:start] + directory + end


def renamed_local() -> bytes:
    whole = packed([("aa", b"x")])
    at = whole.index(b"aa")
    return whole[:at] + b"bb" + whole[at + 2 :]


def with_mode(mode: int) -> bytes:
    return patched(packed([("link", b"/etc/passwd")]), 1, 38, struct.pack("<I", mode << 16))


def nested(tag: str, depth: int) -> str:
    return f"<{tag}>" * depth + f"</{tag}>" * depth


def project(inside: str, head: str = "", *, stored: bool = False) -> bytes:
    return packed(
        [], stored=stored, project=f'{head}<Project xmlns="urn:QDA-XML:project:1.0" name="x">{inside}</Project>'
    )


CODE = '<Code guid="00000000-0000-0000-0000-00000000000{}" name="c" isCodable="true">'
LAUGHS = '<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'

# name: (bytes, words of the reason)
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "document type": (lambda: project("", "<!DOCTYPE Project>"), "DOCTYPE in XML"),
    "entities that grow": (lambda: project("<Description>&b;</Description>", LAUGHS), "DOCTYPE in XML"),
    "entity of a file": (
        lambda: project("&x;", '<!DOCTYPE Project [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        "DOCTYPE in XML",
    ),
    "entity without a type": (lambda: project("<Description>&secret;</Description>"), "entity in XML"),
    "entity in an attribute": (lambda: project('<Users><User guid="&secret;"/></Users>'), "entity in XML"),
    "bomb": (lambda: packed([("sources/a.txt", b"\0" * 30_000_000)]), "entry unpacks to too much"),
    "bomb as project": (
        lambda: packed([], project="<Project>" + " " * 30_000_000 + "</Project>"),
        "entry unpacks to too much",
    ),
    "bomb that states too little": (
        lambda: patched(packed([], project="<Project>" + " " * 50_000 + "</Project>"), 0, 24, struct.pack("<I", 100)),
        "entry cannot be unpacked",
    ),
    "entries that overlap": (overlapping, "entry broken"),
    "archive in an archive": (lambda: packed([("sources/inner.zip", packed([]))]), "archive inside an archive"),
    "project in a project": (lambda: packed([("inner.QDPX", packed([]))]), "archive inside an archive"),
    "absolute path": (lambda: packed([("/etc/cron.d/job", b"x")]), "absolute path in an archive"),
    "parent path": (lambda: packed([("sources/../../job", b"x")]), "path that leads out of the archive"),
    "drive": (lambda: packed([("C:/job", b"x")]), "drive or address in a name"),
    "address": (lambda: packed([("http://example.org/x", b"x")]), "drive or address in a name"),
    "backslash": (lambda: packed([("sources\\job", b"x")]), "backslash in a name"),
    "control character": (lambda: packed([("a\nb", b"x")]), "name empty, too long or not readable"),
    "long name": (lambda: packed([("a" * 2000, b"x")]), "name empty, too long or not readable"),
    "name twice": (lambda: patched(packed([("aaa", b"x"), ("aab", b"x")]), 2, 46, b"aaa"), "name used twice"),
    "name twice by case": (lambda: packed([("sources/a", b"x"), ("Sources/A", b"y")]), "name used twice"),
    "symbolic link": (lambda: with_mode(0o120777), "link in an archive"),
    "device": (lambda: with_mode(0o020666), "special file in an archive"),
    "encrypted": (lambda: patched(packed([("a", b"x")]), 1, 8, b"\x01\x00"), "encrypted entry"),
    "unknown packing": (lambda: patched(packed([("a", b"x")]), 1, 10, b"\x0c\x00"), "way of packing not known"),
    "truncated": (lambda: packed([("a", b"x" * 1000)])[:-30], "archive broken"),
    "truncated to its head": (lambda: packed([])[:40], "archive broken"),
    "wrong checksum": (
        lambda: patched(packed([], stored=True), 0, 16, b"\0\0\0\0"),
        "entry cannot be unpacked",
    ),
    "another name in its header": (renamed_local, "entry broken"),
    "too many entries": (lambda: many_entries(10_001, 0), "too many entries in an archive"),
    "too large in all": (lambda: many_entries(9_000, 65_000 * 2), "entry unpacks to too much"),
    "too large in small parts": (lambda: many_entries(9_999, 65_536 * 1), ""),
    "deep folders": (lambda: packed([("a/" * 20 + "x", b"x")]), "folders too deep"),
    "deep XML": (lambda: project(nested("Sets", 10_000), stored=True), "XML too deep"),
    "deep codes": (
        lambda: project(f"<CodeBook><Codes>{CODE.format(1) * 70}{'</Code>' * 70}</Codes></CodeBook>"),
        "codes too deep",
    ),
    "long attribute": (
        lambda: project(f'<Users><User guid="1" name="{"na" * 600_000}"/></Users>', stored=True),
        "attribute too long",
    ),
    "many attributes": (
        lambda: project("<User " + " ".join(f'a{i}=""' for i in range(50_000)) + "/>"),
        "XML broken",
    ),
    "attribute twice": (lambda: project('<Users><User guid="1" guid="2"/></Users>'), "XML broken"),
    "XML that does not end": (lambda: packed([], project="<Project><Users>"), "XML broken"),
    "two roots": (lambda: packed([], project="<Project/><Project/>"), "XML broken"),
    "bytes that are no text": (
        lambda: packed([("x", b"")], project=None) and raw_project(b"<Project>\xff\xfe</Project>"),
        "bytes that are no text",
    ),
    "no project": (lambda: packed([("a.txt", b"x")], project=None), "no single project in the archive"),
    "two projects": (
        lambda: packed([("a.qde", "<Project/>"), ("b.qde", "<Project/>")], project=None),
        "no single project",
    ),
    "another kind of XML": (lambda: packed([], project="<html><body/></html>"), "XML of another kind"),
    "several volumes": (lambda: packed([])[:-18] + b"\x01\x00" + packed([])[-16:], "archive broken"),
}
del HOSTILE["too large in small parts"]


def raw_project(content: bytes) -> bytes:
    return packed([("project.qde", content)], project=None)
