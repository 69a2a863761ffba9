"""Reporting checklists as data, with a lint of a joint display: met, partly, not, and where.

A lint reads what the display itself shows. What stands elsewhere in the paper (a justification, a sampling plan) it
takes on the author's word: pass `statements=` with where it stands. Item titles are own paraphrases.
"""

from __future__ import annotations

import dataclasses
import importlib.resources
import pathlib
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from ._frames import frame_like
from ._html import table
from ._lint import EVIDENCE
from ._result import Result, serialisable
from .display import JointDisplay
from .errors import refuse

__all__ = ["Checklist", "ChecklistItem", "ChecklistResult", "checklist"]


def __dir__() -> list[str]:
    return sorted(__all__)


@serialisable
@dataclasses.dataclass(frozen=True)
class ChecklistItem:
    """One item: its title, what a display can show of it, and whether it also needs the author's statement."""

    id: str
    title: str
    evidence: tuple[str, ...] = ()
    statement: bool = False


@serialisable
@dataclasses.dataclass(frozen=True)
class Checklist:
    """A checklist as data.

    Examples
    --------
    >>> import steelyard as sy
    >>> sy.checklists.Checklist.available()
    ('gramms', 'jars-mixed', 'mmat-5', 're-aim-reach')
    >>> [item.id for item in sy.checklists.Checklist.load("gramms").items]
    ['justification', 'design', 'methods', 'integration', 'limits', 'insight']
    """

    id: str
    title: str
    version: str
    source: str
    items: tuple[ChecklistItem, ...]
    note: str = ""

    @staticmethod
    def available() -> tuple[str, ...]:
        """Return the short names of the checklists that come with Steelyard."""
        return tuple(sorted(entry.name.removesuffix(".toml") for entry in _folder().iterdir()))

    @classmethod
    def load(cls, name: str | pathlib.Path) -> Checklist:
        """Load one of `available()`, or a TOML file of the same form."""
        path = pathlib.Path(name)
        if path.suffix == ".toml":
            told = tomllib.loads(path.read_text(encoding="utf-8"))
        elif str(name) in cls.available():
            told = tomllib.loads((_folder() / f"{name}.toml").read_text(encoding="utf-8"))
        else:
            raise refuse(
                "checklist not known",
                at="name",
                got=repr(str(name)),
                allowed=", ".join(cls.available()),
                remedy="Pass one of these, or a TOML file of your own.",
            )
        items = []
        for item in told.pop("items", ()):
            unknown = sorted(set(item.get("evidence", ())) - set(EVIDENCE))
            if unknown:
                raise refuse(
                    "evidence not known",
                    at=f'checklist, item "{item.get("id")}"',
                    got=", ".join(unknown),
                    allowed=", ".join(EVIDENCE),
                )
            items.append(ChecklistItem(**{**item, "evidence": tuple(item.get("evidence", ()))}))
        return cls(**told, items=tuple(items))


def _folder() -> Any:
    return importlib.resources.files("steelyard") / "data" / "checklists"


@dataclasses.dataclass(frozen=True, repr=False)
class ChecklistResult(Result):
    """What a display meets of a checklist.

    Attributes
    ----------
    checklist : Checklist
        The list.
    entries : tuple of dict
        `item, title, status ("met", "partly", "not"), where, missing`.
    """

    checklist: Checklist
    entries: tuple[dict[str, str], ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many items are met, partly met and not met."""
        statuses = [entry["status"] for entry in self.entries]
        return {status: statuses.count(status) for status in ("met", "partly", "not")}

    def tidy(self, like: Any = None) -> Any:
        """Return one row per item."""
        names = ("item", "title", "status", "where", "missing")
        return frame_like({name: [entry[name] for entry in self.entries] for name in names}, like)

    def __repr__(self) -> str:
        counts = ", ".join(f"{n} {status}" for status, n in self.counts.items())
        lines = [f"{self.checklist.title} ({self.checklist.version}): {counts}"]
        for entry in self.entries:
            more = f"; missing: {entry['missing']}" if entry["missing"] else ""
            where = f" ({entry['where']})" if entry["where"] else ""
            lines.append(f"  {entry['status']}: {entry['title']}{where}{more}")
        return "\n".join(lines)

    def _html(self) -> str:
        rows = [(e["title"], e["status"], e["where"], e["missing"]) for e in self.entries]
        note = f"{self.checklist.source}. {self.checklist.note}".strip()
        heads = ("Item", "Status", "Where", "Missing")
        return table(f"{self.checklist.title}, {self.checklist.version}", heads, rows, note=note)


def checklist(
    name: str | pathlib.Path | Checklist,
    display: JointDisplay | Sequence[JointDisplay],
    *,
    statements: Mapping[str, str] | None = None,
) -> ChecklistResult:
    """Lint one display, or those of a paper, against a checklist.

    An item is met when everything that it asks for is shown, partly met when some of it is, else not met.

    Parameters
    ----------
    name
        One of `Checklist.available()`, a TOML file, or a `Checklist`.
    display
        The display, or several; what any of them shows counts.
    statements
        By item id: where the paper says what a display cannot show, such as `{"justification": "Introduction, p. 3"}`.
        Taken on the author's word, and printed as such.

    Raises
    ------
    InputError
        For an unknown checklist, or a statement for an unknown item.

    Examples
    --------
    >>> import steelyard as sy
    >>> findings = sy.findings.of(sy.fidelity(sy.datasets.norway_ips()), cuts=(3, 4.5))
    >>> display = sy.JointDisplay("lens", findings, sy.corpus.norway(), sy.lenses.Cut(low=3, high=4.5))
    >>> sy.checklist("mmat-5", display, statements={"5.1": "Introduction"}).counts
    {'met': 1, 'partly': 2, 'not': 2}
    """
    told = name if isinstance(name, Checklist) else Checklist.load(name)
    displays: list[Any] = list(display) if isinstance(display, (list, tuple)) else [display]
    for position, one in enumerate(displays):
        if not isinstance(one, JointDisplay):
            raise refuse(
                "not a joint display",
                at=f"display, entry {position + 1}",
                got=type(one).__name__,
                allowed="sy.JointDisplay",
            )
    if not displays:
        raise refuse("no display to lint", at="display", allowed="one or more")
    said = dict(statements or {})
    unknown = sorted(set(said) - {item.id for item in told.items})
    if unknown:
        raise refuse(
            "statement for an unknown item",
            at="statements",
            got=", ".join(unknown),
            allowed=", ".join(item.id for item in told.items),
        )
    documents = [one.document for one in displays]
    return ChecklistResult(told, tuple(_judged(item, documents, said.get(item.id)) for item in told.items))


def _judged(item: ChecklistItem, documents: Sequence[dict[str, Any]], statement: str | None) -> dict[str, str]:
    found: list[str] = []
    missing: list[str] = []
    shares: list[float] = []
    for name in item.evidence:
        share, where, lack = max((EVIDENCE[name](d) for d in documents), key=lambda shown: shown[0])
        shares.append(share)
        if share > 0:
            found.append(where)
        if share < 1:
            missing.append(lack)
    if item.statement:
        shares.append(1.0 if statement else 0.0)
        if not statement:
            missing.append(f'the author\'s statement (statements={{"{item.id}": ...}})')
    if statement:
        found.append(f"by the author's word: {statement}")
    status = "met" if min(shares) >= 1 else "partly" if max(shares) > 0 else "not"
    return {
        "item": item.id,
        "title": item.title,
        "status": status,
        "where": "; ".join(found),
        "missing": "; ".join(missing),
    }
