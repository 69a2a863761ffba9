"""Joint displays: quantitative findings and what people said, in one table that is ready for a paper.

A `JointDisplay` holds everything it was built from, so its JSON can be checked and replayed. A rule may propose how the
strands fit; a person judges. What was not asked is never called silence.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from . import _core
from ._brief import brief
from ._display_parts import (
    Case,
    Construct,
    Domain,
    Framework,
    Judgement,
    Pillar,
    Privacy,
    Rating,
    Recommendation,
    Stratum,
    day,
    parts_of,
    strata_of,
)
from ._frames import columns_of, frame_like, is_frame
from ._parts import json_text, plain
from ._result import Result
from .corpus import Corpus
from .errors import refuse
from .findings import Finding
from .lenses import Lens

__all__ = [
    "Case",
    "Construct",
    "Domain",
    "Framework",
    "JointDisplay",
    "Judgement",
    "Pillar",
    "Privacy",
    "Rating",
    "Recommendation",
    "Stratum",
]


def __dir__() -> list[str]:
    return sorted(__all__)


_KINDS = (
    "lens",
    "side-by-side",
    "statistics-by-themes",
    "quote-matrix",
    "case-oriented",
    "trial",
    "framework",
    "pillar",
    "convergence",
    "visual",
    "sampling",
    "recommendation",
)
_VOCABULARIES = ("fetters-2013", "fetters-2020", "triangulation-protocol")
_DIRECTIONS = (
    "explanatory-unidirectional",
    "exploratory-unidirectional",
    "simultaneous-bidirectional",
    "explanatory-bidirectional",
    "exploratory-bidirectional",
)
_ASKED = ("not-sampled", "not-asked", "not-raised", "raised")


@dataclasses.dataclass(frozen=True, repr=False)
class JointDisplay(Result):
    """A joint display.

    Parameters
    ----------
    kind
        `"lens"`: findings as a lens on themes. `"side-by-side"`: numbers and words by construct, themes without a
        finding included. `"statistics-by-themes"`, `"quote-matrix"`: themes (or codes) by groups of people.
        `"case-oriented"`: sites in the order of a score. `"trial"`: constructs with outcome, delivery and voice.
        `"framework"`: constructs of a framework with ratings. `"pillar"`: pillar integration. `"convergence"`: the
        matrix of the triangulation protocol. `"visual"`: pictures on shared axes. `"sampling"`: who was heard from
        which stratum. `"recommendation"`: what follows, for whom.
    findings
        `Finding` objects, such as those of `sy.findings.item_means` and `sy.findings.survey`.
    corpus
        What was said.
    lens
        The rule by which findings select themes, such as `sy.lenses.Cut(low=3, high=4.5)`; every kind takes one.
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
    direction
        How the strands were merged, such as `"explanatory-unidirectional"`; None: what the kind implies. Printed.
    judgements
        `Judgement` objects; `display.judge(...)` adds one.
    privacy
        `Privacy`: small counts and identifying quotes; an int is its `smallest_cell`.
    strata
        Groups of people, for kinds that need them: `"role"`, `"site"`, the name of a variable of informants, a mapping
        from group to ids, or `Stratum` objects.
    cases, order_by
        What is told about sites, and the finding by which the case-oriented display orders them.
    outcomes
        Ids of the findings that are outcomes of a trial.
    framework, ratings
        `Framework`, its short name or a TOML file; and `Rating` objects of its constructs.
    pillars, recommendations
        `Pillar` objects and `Recommendation` objects.
    rows_by
        `"themes"` or `"codes"`, for the quote matrix.

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
    >>> display.rows[0]["Fit"]
    'not yet judged'
    >>> judged = display.judge("team_contact", "expansion", by="AB", date="2026-03-01")
    >>> judged.rows[0]["Fit"].split("; ")[:2]
    ['expansion', 'judged by AB, 2026-03-01']
    """

    kind: str = "lens"
    findings: Sequence[Finding] = ()
    corpus: Corpus = dataclasses.field(default_factory=Corpus)
    lens: Lens | None = None
    asked: Any = None
    vocabulary: str = "fetters-2013"
    proposals: str = dataclasses.field(default="hidden", kw_only=True)
    title: str | None = dataclasses.field(default=None, kw_only=True)
    language: str = dataclasses.field(default="en", kw_only=True)
    quotes: int = dataclasses.field(default=2, kw_only=True)
    direction: str | None = dataclasses.field(default=None, kw_only=True)
    judgements: tuple[Judgement, ...] = dataclasses.field(default=(), kw_only=True)
    privacy: Any = dataclasses.field(default_factory=Privacy, kw_only=True)
    strata: Any = dataclasses.field(default=(), kw_only=True)
    cases: Any = dataclasses.field(default=(), kw_only=True)
    order_by: str | None = dataclasses.field(default=None, kw_only=True)
    outcomes: tuple[str, ...] = dataclasses.field(default=(), kw_only=True)
    framework: Any = dataclasses.field(default=None, kw_only=True)
    ratings: Any = dataclasses.field(default=(), kw_only=True)
    pillars: Any = dataclasses.field(default=(), kw_only=True)
    recommendations: Any = dataclasses.field(default=(), kw_only=True)
    rows_by: str = dataclasses.field(default="themes", kw_only=True)

    def __post_init__(self) -> None:
        _one_of("kind", self.kind, _KINDS)
        _one_of("vocabulary", self.vocabulary, _VOCABULARIES)
        _one_of("proposals", self.proposals, ("hidden", "shown"))
        _one_of("rows_by", self.rows_by, ("themes", "codes"))
        if self.direction is not None:
            _one_of("direction", self.direction, _DIRECTIONS)
        if isinstance(self.quotes, bool) or not isinstance(self.quotes, int) or self.quotes < 1:
            raise refuse("number of quotes not allowed", at="quotes", got=repr(self.quotes), allowed="an int from 1")
        if isinstance(self.findings, Result):
            raise refuse(
                "result where findings belong",
                at="findings",
                got=type(self.findings).__name__,
                allowed="a list of sy.Finding",
                remedy="Make findings of it: sy.findings.of(result, cuts=(low, high)).",
            )
        object.__setattr__(self, "findings", tuple(self.findings or ()))
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
        self._set_parts()
        self._keep(_core.display_build(self._spec()))

    def _set_parts(self) -> None:
        if isinstance(self.privacy, (int, Mapping)):
            told = self.privacy
            object.__setattr__(self, "privacy", Privacy(**told) if isinstance(told, Mapping) else Privacy(told))
        if self.framework is not None and not isinstance(self.framework, Framework):
            told = self.framework
            read = Framework.from_document if isinstance(told, Mapping) else Framework.load
            object.__setattr__(self, "framework", read(told))
        object.__setattr__(self, "strata", strata_of(self.strata, self.corpus))
        object.__setattr__(self, "outcomes", tuple(self.outcomes))
        kinds: dict[str, type[Any]] = {
            "judgements": Judgement,
            "cases": Case,
            "ratings": Rating,
            "pillars": Pillar,
            "recommendations": Recommendation,
        }
        for name, kind in kinds.items():
            object.__setattr__(self, name, parts_of(kind, getattr(self, name), name))

    def _keep(self, text: str) -> None:
        object.__setattr__(self, "_text", text)
        object.__setattr__(self, "_document", json.loads(text))

    def _spec(self) -> str:
        parts = ("strata", "cases", "order_by", "outcomes", "framework", "ratings", "pillars", "recommendations")
        return json_text(
            {
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
                "direction": self.direction,
                "judgements": plain(self.judgements),
                "privacy": plain(self.privacy),
                "parts": {**{name: plain(getattr(self, name)) for name in parts}, "rows_by": self.rows_by},
            },
            "joint display",
        )

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
        spec = json.loads(written)["spec"]
        parts = spec["parts"]
        framework = parts["framework"]
        strata = [{**s, "statistics": [_finding(f) for f in s["statistics"]]} for s in parts["strata"]]
        same = ("kind", "asked", "vocabulary", "proposals", "title", "language", "quotes", "direction", "judgements")
        display = cls(
            findings=tuple(_finding(f) for f in spec["findings"]),
            corpus=Corpus.from_document(spec["corpus"]),
            lens=None if spec["lens"] is None else Lens.from_document(spec["lens"]),
            privacy=Privacy(**spec["privacy"]),
            framework=None if framework is None else Framework.from_document(framework),
            strata=strata,
            **{name: spec[name] for name in same},
            **{name: parts[name] for name in ("cases", "order_by", "outcomes", "ratings", "pillars", "rows_by")},
            recommendations=parts["recommendations"],
        )
        display._keep(written)
        return display

    @property
    def row_ids(self) -> tuple[str, ...]:
        """Ids of the rows, by which judgements name them."""
        return tuple(row["id"] for section in self.document["sections"] for row in section["rows"])

    def judge(
        self,
        row: str,
        fit: str,
        *,
        by: str,
        date: str | datetime.date | None = None,
        meta_inference: str | None = None,
        reason: str | None = None,
        rival: str | None = None,
        confidence: str | None = None,
        dissent: str | None = None,
        consensus: bool = False,
    ) -> Self:
        """Return the display with one more judgement of a row.

        Only then does the display show, beside the judgement, what the rule would have proposed. Of two judgements by
        the same person on the same row the later counts; the log keeps both. Two analysts who disagree leave the row
        disputed until a judgement with `consensus=True` is added.

        Parameters
        ----------
        row, fit
            Id of the row, and a word of the display's vocabulary, `"unresolved"` or `"not assessable"`.
        by, date
            Who judges, and when (None: today).
        meta_inference, reason, rival, confidence, dissent
            The conclusion drawn, why, what else would explain both strands, how sure, and who does not agree.
        consensus
            Agreed on after talking.

        Raises
        ------
        InputError
            For an unknown row, a word of another vocabulary, nobody, or a date that is none.
        """
        told = Judgement(row, fit, by, day(date), meta_inference, reason, rival, confidence, dissent, consensus)
        return dataclasses.replace(self, judgements=(*self.judgements, told))

    def blinded(self, by: str) -> Self:
        """Return the display as one analyst may see it: with that person's judgements alone, proposals hidden."""
        own = tuple(j for j in self.judgements if j.by == by and not j.consensus)
        return dataclasses.replace(self, judgements=own, proposals="hidden")

    def with_judgements(self, judgements: JointDisplay | Iterable[Judgement]) -> Self:
        """Return the display with the judgements of another copy of it, or with further judgements, added."""
        told = judgements.judgements if isinstance(judgements, JointDisplay) else tuple(judgements)
        return dataclasses.replace(self, judgements=(*self.judgements, *(j for j in told if j not in self.judgements)))

    @property
    def agreement(self) -> tuple[dict[str, Any], ...]:
        """Agreement of every two analysts before any consensus: rows that both judged, same word, Cohen's kappa."""
        return tuple(_core.judged_agreement(json.dumps(plain(self.judgements), ensure_ascii=False)))

    @property
    def identification_risks(self) -> tuple[dict[str, Any], ...]:
        """Informants whom role, site and perhaps one attribute more would name; for the analyst, never printed."""
        return tuple(_core.identification_risks(json.dumps(plain(self.corpus), ensure_ascii=False)))

    def to_html(self, path: str | pathlib.Path | None = None) -> str:
        """Return a whole HTML page without script or outside resource; write it to `path` where one is given."""
        from ._render_html import page

        text = page(self.document, self._prefix())
        if path is not None:
            pathlib.Path(path).write_text(text, encoding="utf-8")
        return text

    def to_docx(self, path: str | pathlib.Path) -> None:
        """Write a Word document: repeated headings, unsplit rows, caption, alternative text; landscape where wide.

        Needs the extra `docx`.
        """
        from ._render_docx import write

        write(self.document, pathlib.Path(path))

    def to_latex(self, path: str | pathlib.Path | None = None, *, standalone: bool = True) -> str:
        r"""Return LaTeX (a `longtable` that breaks over pages, text escaped); write it to `path` where one is given.

        Parameters
        ----------
        path
            File to write.
        standalone
            True: a whole document that pdflatex, xelatex and lualatex compile. False: the table, to be `\input`; its
            first line lists the packages that it needs.
        """
        from ._render_latex import latex

        text = latex(self.document, standalone=standalone)
        if path is not None:
            pathlib.Path(path).write_text(text, encoding="utf-8")
        return text

    def to_png(self, path: str | pathlib.Path, *, width: float = 11.0, dpi: int = 300) -> None:
        """Write the table as a picture, `width` inches wide."""
        from ._render_figure import save

        save(self.document, pathlib.Path(path), "png", width=width, dpi=dpi)

    def to_svg(self, path: str | pathlib.Path, *, width: float = 11.0) -> None:
        """Write the table as a vector picture with title and description; the same display gives the same bytes."""
        from ._render_figure import save

        save(self.document, pathlib.Path(path), "svg", width=width, dpi=300)

    def to_csv(self, path: str | pathlib.Path | None = None) -> str:
        """Return the rows as CSV; no cell can be taken for a formula. Written with a byte-order mark for Excel."""
        from ._render_sheet import csv_text

        text = csv_text(self.document)
        if path is not None:
            pathlib.Path(path).write_text("\ufeff" + text, encoding="utf-8", newline="")
        return text

    def to_xlsx(self, path: str | pathlib.Path) -> None:
        """Write a workbook: the table, its lists and its notes; no cell can be taken for a formula.

        Needs the extra `io`.
        """
        from ._render_sheet import write

        write(self.document, pathlib.Path(path))

    def to_great_tables(self) -> Any:
        """Return a `great_tables.GT` for those who style further; needs the extra `tables`."""
        from ._render_gt import table

        return table(self.document)

    def plot(self, ax: Any = None, *, unit: str | None = None) -> Any:
        """Draw the display's findings of one unit as a forest: value, interval, sites and cuts; return the Axes."""
        from ._render_figure import forest

        return forest(self.document, ax, unit)

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
            rows = ["  " + " | ".join(_first(cell) for cell in row["cells"]) for row in section["rows"]]
            lines += brief(rows)
        lines += [f"{a['heading']}: {a['lead']}" for a in self.document["appendices"]]
        return "\n".join(lines + self.document["notes"])

    def _html(self) -> str:
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
    from .findings import Cuts, Distribution, Gap, Interval, SiteValue

    fields = dict(told)
    fields["interval"] = None if told["interval"] is None else Interval(**told["interval"])
    fields["cuts"] = Cuts(**told["cuts"])
    fields["gap"] = None if told["gap"] is None else Gap(**told["gap"])
    fields["by_site"] = tuple(SiteValue(**x) for x in told["by_site"])
    if told["distribution"] is not None:
        fields["distribution"] = Distribution(**told["distribution"])
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
