"""Joint displays: quantitative findings and what people said, in one table that is ready for a paper.

A `JointDisplay` holds everything it was built from, so its JSON can be checked and replayed. A rule may propose how the
strands fit; a person judges. What was not asked is never called silence.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, Self

from . import _core
from ._frames import columns_of, frame_like, is_frame
from ._result import Result
from .corpus import Corpus, plain
from .errors import refuse
from .findings import Finding
from .lenses import Lens

__all__ = ["JointDisplay"]

_KINDS = ("lens",)
_VOCABULARIES = ("fetters-2013", "fetters-2020", "triangulation-protocol")
_ASKED = ("not-sampled", "not-asked", "not-raised", "raised")


@dataclasses.dataclass(frozen=True, repr=False)
class JointDisplay(Result):
    """A joint display.

    Parameters
    ----------
    kind
        `"lens"`: findings as a lens on themes, the display of an explanatory sequential design.
    findings
        `Finding`s, such as those of `sy.findings.item_means` and `sy.findings.survey`.
    corpus
        What was said.
    lens
        The rule by which findings select themes, such as `sy.lenses.Cut(low=3, high=4.5)`.
    asked
        The register of what was asked: rows (or a frame) with `finding`, `status` and perhaps `topic` and `site`;
        `status` is `"not-sampled"`, `"not-asked"`, `"not-raised"` (this alone is silence) or `"raised"`. Without it a
        finding that has no theme is "not in the corpus".
    vocabulary
        Words for the fit: `"fetters-2013"`, `"fetters-2020"` or `"triangulation-protocol"`; one per display.
    proposals
        `"hidden"` (default): what the rule proposes appears only beside a judgement, so that it does not lead the
        analyst. `"shown"`: at once, marked as proposals.
    title
        Caption; written when None.
    language
        BCP 47 tag of the display's own words.
    quotes
        Quotes per theme and row; the others are counted.

    Examples
    --------
    >>> import steelyard as sy
    >>> display = sy.JointDisplay(
    ...     findings=[sy.Finding("team_contact", "Team contact", 2.5, n=6, n_unit="sites", population="these sites")],
    ...     corpus=sy.corpus.norway(),
    ...     lens=sy.lenses.Cut(low=3, high=4.5),
    ... )
    >>> display.rows[0]["Why selected"]
    '3 or less; signal: low, unfavourable'
    """

    kind: str = "lens"
    findings: tuple[Finding, ...] = ()
    corpus: Corpus = dataclasses.field(default_factory=Corpus)
    lens: Lens | None = None
    asked: Any = None
    vocabulary: str = "fetters-2013"
    proposals: str = dataclasses.field(default="hidden", kw_only=True)
    title: str | None = dataclasses.field(default=None, kw_only=True)
    language: str = dataclasses.field(default="en", kw_only=True)
    quotes: int = dataclasses.field(default=2, kw_only=True)

    def __post_init__(self) -> None:
        _one_of("kind", self.kind, _KINDS)
        _one_of("vocabulary", self.vocabulary, _VOCABULARIES)
        _one_of("proposals", self.proposals, ("hidden", "shown"))
        if isinstance(self.quotes, bool) or not isinstance(self.quotes, int) or self.quotes < 1:
            raise refuse("number of quotes not allowed", at="quotes", got=repr(self.quotes), allowed="an int from 1")
        object.__setattr__(self, "findings", tuple(self.findings))
        object.__setattr__(self, "asked", _register(self.asked))
        for position, finding in enumerate(self.findings):
            if not isinstance(finding, Finding):
                raise refuse(
                    "not a finding",
                    at=f"findings, entry {position + 1}",
                    got=type(finding).__name__,
                    allowed="sy.Finding",
                    remedy="Build findings with sy.findings.",
                )
        if not isinstance(self.corpus, Corpus):
            raise refuse("not a corpus", at="corpus", got=type(self.corpus).__name__, allowed="sy.Corpus")
        if self.lens is not None and not isinstance(self.lens, Lens):
            raise refuse("not a lens", at="lens", got=type(self.lens).__name__, allowed="one of sy.lenses")
        self._keep(_core.display_build(self._spec()))

    def _keep(self, text: str) -> None:
        object.__setattr__(self, "_text", text)
        object.__setattr__(self, "_document", json.loads(text))

    def _spec(self) -> str:
        spec = {
            "kind": self.kind,
            "title": self.title,
            "language": self.language,
            "findings": plain(self.findings),
            "corpus": plain(self.corpus),
            "lens": None if self.lens is None else json.loads(self.lens._document()),
            "asked": self.asked,
            "vocabulary": self.vocabulary,
            "proposals": self.proposals,
            "quotes": self.quotes,
        }
        return json.dumps(spec, ensure_ascii=False)

    @property
    def document(self) -> dict[str, Any]:
        """The display as data: columns, sections, rows, cells, blocks, appendices, notes and the log of the lens."""
        document: dict[str, Any] = self.__dict__["_document"]
        return document

    @property
    def rows(self) -> tuple[dict[str, str], ...]:
        """Each row as plain text by column heading."""
        headings = [column["heading"] for column in self.document["columns"]]
        return tuple(
            dict(zip(headings, (_plain_cell(cell) for cell in row["cells"]), strict=True))
            for section in self.document["sections"]
            for row in section["rows"]
        )

    @property
    def selection(self) -> tuple[dict[str, Any], ...]:
        """The log of the lens, one entry per finding."""
        return tuple(self.document["selection"])

    def tidy(self, like: Any = None) -> Any:
        """Return one row per row of the display, as text."""
        headings = [column["heading"] for column in self.document["columns"]]
        return frame_like({heading: [row[heading] for row in self.rows] for heading in headings}, like)

    def to_json(self) -> str:
        """Return the display with all it was built from, as JSON text."""
        text: str = self.__dict__["_text"]
        return text

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote; a table that does not follow from its findings and corpus is refused."""
        written = _core.display_read(text)
        document = json.loads(written)
        spec = document["spec"]
        display = cls(
            kind=spec["kind"],
            findings=tuple(_finding(f) for f in spec["findings"]),
            corpus=Corpus.from_document(spec["corpus"]),
            lens=None if spec["lens"] is None else Lens.from_document(spec["lens"]),
            asked=spec["asked"],
            vocabulary=spec["vocabulary"],
            proposals=spec["proposals"],
            title=spec["title"],
            language=spec["language"],
            quotes=spec["quotes"],
        )
        display._keep(written)
        return display

    def to_html(self, path: str | pathlib.Path | None = None) -> str:
        """Return a whole HTML page without script or outside resource; write it to `path` where one is given."""
        from ._render_html import page

        text = page(self.document, self._prefix())
        if path is not None:
            pathlib.Path(path).write_text(text, encoding="utf-8")
        return text

    def html_fragment(self, prefix: str | None = None) -> str:
        """Return the display as one `<section>` with scoped style, to stand in another page.

        Parameters
        ----------
        prefix
            Put before each id; give each display on a page its own. None: derived from the content.
        """
        from ._render_html import fragment

        return fragment(self.document, prefix or self._prefix())

    def _prefix(self) -> str:
        return "jd-" + hashlib.blake2b(self.to_json().encode(), digest_size=5).hexdigest()

    def __repr__(self) -> str:
        lines = [self.document["caption"]]
        for section in self.document["sections"]:
            lines.append(f"{section['heading']} ({len(section['rows'])})")
            for row in section["rows"]:
                lines.append("  " + " | ".join(_first(cell) for cell in row["cells"]))
        lines += [f"{a['heading']}: {a['lead']}" for a in self.document["appendices"]]
        return "\n".join(lines + self.document["notes"])

    def _repr_html_(self) -> str:
        import uuid

        return self.html_fragment(f"jd-{uuid.uuid4().hex[:10]}")


def _one_of(name: str, value: object, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise refuse(f"{name} not known", at=name, got=repr(value), allowed=", ".join(allowed))


def _register(asked: Any) -> list[dict[str, Any]] | None:
    """Turn an asked-register (frame, rows of dicts) into plain rows."""
    if asked is None:
        return None
    if is_frame(asked) or isinstance(asked, Mapping):
        columns = columns_of(asked)
        size = len(next(iter(columns.values()))) if columns else 0
        asked = [{name: values[i] for name, values in columns.items()} for i in range(size)]
    lines = []
    for position, told in enumerate(asked):
        place = f"asked, row {position + 1}"
        unknown = sorted(set(told) - {"finding", "topic", "site", "status"})
        if unknown or "finding" not in told or "status" not in told:
            raise refuse(
                "line of the asked-register not understood",
                at=place,
                got=", ".join(map(str, told)),
                allowed="finding, status, and perhaps topic, site",
            )
        _one_of("status", str(told["status"]), _ASKED)
        lines.append({name: None if told[name] is None else str(told[name]) for name in told})
    return lines


def _finding(told: Mapping[str, Any]) -> Finding:
    from .findings import Cuts, Gap, Interval, SiteValue

    fields = dict(told)
    fields["interval"] = None if told["interval"] is None else Interval(**told["interval"])
    fields["cuts"] = Cuts(**told["cuts"])
    fields["gap"] = None if told["gap"] is None else Gap(**told["gap"])
    fields["by_site"] = tuple(SiteValue(**x) for x in told["by_site"])
    return Finding(**fields)


def _first(cell: Mapping[str, Any]) -> str:
    return str(cell["blocks"][0]["text"]) if cell["blocks"] else ""


def _plain_cell(cell: Mapping[str, Any]) -> str:
    """Write a cell as one line of text."""
    return "; ".join(plain_block(block) for block in cell["blocks"])


def plain_block(block: Mapping[str, Any]) -> str:
    """Write a block as text: own words in quotation marks, who said it in brackets."""
    text = str(block["text"])
    if block["role"] == "quote":
        text = f"\u201c{text}\u201d"
    return f"{text} ({block['who']})" if block["who"] else text
