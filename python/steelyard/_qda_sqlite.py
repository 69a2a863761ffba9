"""QualCoder and Taguette projects: SQLite databases, opened read-only and never written."""

from __future__ import annotations

import html
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ._qda import ROLE, SITE
from .errors import refuse

if TYPE_CHECKING:
    from .corpus import Corpus

# Rows of one table; a real project stays far below.
_ROWS = 5_000_000


def read_sqlite(path: Path) -> Corpus:
    """Read a database by the tables that it holds."""
    # `immutable` keeps SQLite from touching the file or looking for a journal beside it.
    address = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as base:
            base.execute("PRAGMA trusted_schema = OFF")
            base.execute("PRAGMA query_only = ON")
            kinds = base.execute("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
            tables = {name for name, kind in kinds if kind == "table"}
            if {"code_text", "code_name", "source"} <= tables:
                return _Qualcoder(base, tables).corpus()
            if {"documents", "highlights", "tags"} <= tables:
                return _Taguette(base, tables).corpus()
    except sqlite3.Error as error:
        raise refuse("database cannot be read", at=path.name, got=str(error)) from None
    except UnicodeDecodeError as error:
        raise refuse("database holds bytes that are no text", at=path.name, got=str(error)) from None
    raise refuse(
        "database of another kind",
        at=path.name,
        got=", ".join(sorted(tables)[:8]) or "no tables",
        allowed="a QualCoder project (code_text, code_name, source) or a Taguette project "
        "(documents, highlights, tags)",
    )


class _Base:
    """Rows of tables as dicts; a column that an older version lacks is None."""

    def __init__(self, base: sqlite3.Connection, tables: set[str]) -> None:
        self._base, self._tables = base, tables
        self.notes: list[str] = []

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        if table not in self._tables:
            return
        cursor = self._base.execute(f'SELECT * FROM "{table}"')
        names = [column[0] for column in cursor.description]
        for n, row in enumerate(cursor):
            if n >= _ROWS:
                raise refuse("too many rows", at=f"table {table}", allowed=f"up to {_ROWS}")
            yield dict(zip(names, row, strict=True))

    def lost(self, table: str, what: str) -> None:
        n = sum(1 for _ in self.rows(table))
        if n:
            self.notes.append(f"{n} {what} were not taken over")


def _text(value: Any) -> str | None:
    return None if value is None or str(value).strip() == "" else str(value)


class _Qualcoder(_Base):
    """QualCoder 2 and 3: offsets are Python's, that is code points."""

    def corpus(self) -> Corpus:
        from .corpus import Code, Coder, Coding, Corpus, Excerpt, Informant, Source

        categories = list(self.rows("code_cat"))
        codes = [
            Code(
                id=f"category {c['catid']}",
                name=str(c["name"]),
                parent=None if c.get("supercatid") is None else f"category {c['supercatid']}",
                codable=False,
                description=_text(c.get("memo")),
            )
            for c in categories
        ]
        for c in self.rows("code_name"):
            category, above = c.get("catid"), c.get("supercid")
            parent = (
                f"code {above}" if above is not None else (f"category {category}" if category is not None else None)
            )
            codes.append(
                Code(
                    id=f"code {c['cid']}",
                    name=str(c["name"]),
                    parent=parent,
                    description=_text(c.get("memo")),
                    color=_text(c.get("color")),
                )
            )
        by_case, by_file = self._attributes()
        owners = self._owners()
        sources = [
            Source(
                id=f"source {s['id']}",
                name=str(s["name"]),
                text=s.get("fulltext"),
                informant=owners.get(s["id"]),
                **_placed(by_file.get(s["id"], {}), role=False),
            )
            for s in self.rows("source")
        ]
        informants = [
            Informant(
                id=f"case {c['caseid']}", label=str(c["name"]), **_placed(by_case.get(c["caseid"], {}), role=True)
            )
            for c in self.rows("cases")
        ]
        excerpts: dict[str, Excerpt] = {}
        codings, coders = [], {}
        for row in self.rows("code_text"):
            owner = _text(row.get("owner"))
            place = f"source {row['fid']}, {row['pos0']} to {row['pos1']}"
            excerpts.setdefault(
                place,
                Excerpt(
                    id=place,
                    text=str(row.get("seltext") or ""),
                    source=f"source {row['fid']}",
                    start=int(row["pos0"]),
                    end=int(row["pos1"]),
                    informant=owners.get(row["fid"]),
                ),
            )
            codings.append(Coding(excerpt=place, code=f"code {row['cid']}", coder=owner))
            if owner is not None:
                coders[owner] = Coder(id=owner, name=owner)
        self.lost("code_image", "codings of pictures")
        self.lost("code_av", "codings of recordings")
        self.lost("annotation", "annotations")
        self.lost("journal", "journals")
        return Corpus(
            sources=tuple(sources),
            informants=tuple(informants),
            coders=tuple(coders.values()),
            codes=tuple(codes),
            excerpts=tuple(excerpts.values()),
            codings=tuple(codings),
            name="QualCoder project",
            notes=("read from a QualCoder project", *self.notes),
        )

    def _attributes(self) -> tuple[dict[int, dict[str, str]], dict[int, dict[str, str]]]:
        by_case: dict[int, dict[str, str]] = {}
        by_file: dict[int, dict[str, str]] = {}
        for row in self.rows("attribute"):
            value = _text(row.get("value"))
            if value is not None:
                into = by_case if row.get("attr_type") == "case" else by_file
                into.setdefault(row["id"], {})[str(row["name"])] = value
        return by_case, by_file

    def _owners(self) -> dict[int, str]:
        """Files of which the whole belongs to one case."""
        cases: dict[int, set[str]] = {}
        for row in self.rows("case_text"):
            cases.setdefault(row["fid"], set()).add(f"case {row['caseid']}")
        shared = sum(len(found) > 1 for found in cases.values())
        if shared:
            self.notes.append(f"{shared} files belong to several cases: their excerpts have no informant")
        return {file: next(iter(found)) for file, found in cases.items() if len(found) == 1}


def _placed(values: dict[str, str], *, role: bool) -> dict[str, Any]:
    """Site and role out of free attributes."""
    left = dict(values)

    def take(names: tuple[str, ...]) -> str | None:
        key = next((k for n in names for k in left if k.casefold() == n), None)
        return None if key is None else left.pop(key)

    found: dict[str, Any] = {"site": take(SITE)}
    if role:
        found["role"] = take(ROLE)
    return {**found, "variables": left}


class _Taguette(_Base):
    """Taguette 1: documents are HTML; offsets count bytes (UTF-8) of their text without tags."""

    def corpus(self) -> Corpus:
        from .corpus import Code, Coder, Coding, Corpus, Excerpt, Source

        codes, paths = [], {}
        for tag in self.rows("tags"):
            paths[str(tag["path"])] = f"tag {tag['id']}"
        for tag in self.rows("tags"):
            path = str(tag["path"])
            above = path.rpartition(".")[0]
            codes.append(
                Code(
                    id=f"tag {tag['id']}", name=path, parent=paths.get(above), description=_text(tag.get("description"))
                )
            )
        texts = {d["id"]: _plain(str(d.get("contents") or "")) for d in self.rows("documents")}
        sources = [
            Source(id=f"document {d['id']}", name=str(d["name"]), text=texts[d["id"]]) for d in self.rows("documents")
        ]
        excerpts = [self._excerpt(row, texts) for row in self.rows("highlights")]
        codings = [
            Coding(excerpt=f"highlight {row['highlight_id']}", code=f"tag {row['tag_id']}")
            for row in self.rows("highlight_tags")
        ]
        # Taguette does not record who made a highlight; commands name users, and are a log, not a coding.
        coders = tuple(Coder(id=str(u["login"]), name=str(u["login"])) for u in self.rows("users"))
        self.notes.append("Taguette does not record who coded: codings have no coder")
        return Corpus(
            sources=tuple(sources),
            coders=coders,
            codes=tuple(codes),
            excerpts=tuple(e for e in excerpts if isinstance(e, Excerpt)),
            codings=tuple(codings),
            name=next((str(p["name"]) for p in self.rows("projects")), "Taguette project"),
            notes=("read from a Taguette project", *self.notes),
        )

    def _excerpt(self, row: dict[str, Any], texts: dict[Any, str]) -> Any:
        from .corpus import Excerpt

        document, words = row["document_id"], _plain(str(row.get("snippet") or ""))
        start, end = _points(texts.get(document, ""), int(row["start_offset"]), int(row["end_offset"]))
        return Excerpt(id=f"highlight {row['id']}", text=words, source=f"document {document}", start=start, end=end)


def _points(text: str, start: int, end: int) -> tuple[int | None, int | None]:
    """Byte offsets to code points; None inside a character."""
    raw = text.encode()
    try:
        return len(raw[:start].decode()), len(raw[:end].decode())
    except UnicodeDecodeError:
        return None, None


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _plain(document: str) -> str:
    """Text of a document without its tags, as Taguette counts it."""
    if not re.search(r"[<&]", document):
        return document
    parser = _Words()
    parser.feed(document)
    parser.close()
    return "".join(parser.words) or html.unescape(re.sub(r"<[^>]*>", "", document))
