"""Parts of displays beside findings and corpus: judgements, groups of people, cases, pillars, ratings, frameworks."""

from __future__ import annotations

import dataclasses
import datetime
import pathlib
from collections.abc import Mapping
from typing import Any

from . import _core
from ._frames import columns_of, is_frame
from ._parts import Part, part_of
from ._result import serialisable
from .corpus import Corpus
from .errors import refuse
from .findings import Finding

__all__ = [
    "Case",
    "Construct",
    "Domain",
    "Framework",
    "Judgement",
    "Pillar",
    "Privacy",
    "Rating",
    "Recommendation",
    "Stratum",
]


@serialisable
@dataclasses.dataclass(frozen=True)
class Judgement:
    """What one analyst (or several, by consensus) judged about one row of a display.

    Parameters
    ----------
    row
        Id of the row; `display.row_ids` lists them.
    fit
        A word of the display's vocabulary, `"unresolved"` or `"not assessable"`.
    by, date
        Who, and when (YYYY-MM-DD).
    meta_inference
        The conclusion drawn from both strands.
    reason, rival, confidence, dissent
        Why; what else would explain both; how sure, in words; who does not agree and why.
    consensus
        Agreed on after talking; ends a dispute, and the single judgements stay in the log.
    """

    row: str
    fit: str
    by: str
    date: str
    meta_inference: str | None = None
    reason: str | None = None
    rival: str | None = None
    confidence: str | None = None
    dissent: str | None = None
    consensus: bool = False


@serialisable
@dataclasses.dataclass(frozen=True)
class Privacy:
    """What a display may not print.

    Parameters
    ----------
    smallest_cell
        Counts of respondents from 1 to one below this are suppressed, and whatever gives them away; 0 prints all. The
        default 5 is a common rule of data custodians (others ask for 6, 10 or 11).
    informants
        True: counts of informants are suppressed in the same way. They are few by design, so not by default.
    withhold_quotes
        True: a quote is withheld beside a site at which its speaker is alone in the role.
    """

    smallest_cell: int = 5
    informants: bool = False
    withhold_quotes: bool = True

    def __post_init__(self) -> None:
        size = self.smallest_cell
        if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= 1000:
            raise refuse("smallest cell not allowed", at="privacy", got=repr(size), allowed="an int from 0 to 1000")


@serialisable
@dataclasses.dataclass(frozen=True)
class Stratum:
    """A group of people: informants and focus groups by id, how many were eligible and invited, its own findings."""

    label: str
    units: tuple[str, ...] = ()
    eligible: int | None = None
    invited: int | None = None
    statistics: tuple[Finding, ...] = ()


@serialisable
@dataclasses.dataclass(frozen=True)
class Case:
    """What is told about a site in the case-oriented display."""

    site: str
    label: str | None = None
    narrative: str | None = None


@serialisable
@dataclasses.dataclass(frozen=True)
class Rating:
    """An analyst's rating of a construct, from -2 (strong barrier) to 2 (strong facilitator)."""

    construct: str
    value: int
    by: str
    reason: str | None = None


@serialisable
@dataclasses.dataclass(frozen=True)
class Pillar:
    """A pillar: findings and the analyst's codes for them on one side, themes on the other, and what it says."""

    name: str
    findings: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    statement: str | None = None


@serialisable
@dataclasses.dataclass(frozen=True)
class Recommendation:
    """What should be done, by whom, on which conclusion and evidence; `strength` is the analysts' judgement."""

    action: str
    inference: str
    findings: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    owner: str | None = None
    strength: str | None = None


@serialisable
@dataclasses.dataclass(frozen=True)
class Construct:
    """A construct of a framework."""

    id: str
    title: str


@serialisable
@dataclasses.dataclass(frozen=True)
class Domain:
    """A domain of a framework."""

    title: str
    constructs: tuple[Construct, ...] = ()


@serialisable
@dataclasses.dataclass(frozen=True)
class Framework:
    """A framework as data: domains and constructs by title, with edition and source.

    Examples
    --------
    >>> import steelyard as sy
    >>> sy.display.Framework.available()
    ('cfir-2.0', 'linnan-steckler', 'proctor', 're-aim')
    >>> [c.id for c in sy.display.Framework.load("proctor").domains[0].constructs][:3]
    ['acceptability', 'adoption', 'appropriateness']
    """

    id: str
    title: str = ""
    version: str = ""
    source: str = ""
    domains: tuple[Domain, ...] = ()

    @staticmethod
    def available() -> tuple[str, ...]:
        """Return the short names of the frameworks that come with Steelyard."""
        return tuple(_core.framework_ids())

    @classmethod
    def load(cls, name: str | pathlib.Path) -> Framework:
        """Load one of `available()`, or a TOML file of the same form."""
        path = pathlib.Path(name)
        is_file = path.suffix == ".toml"
        told = path.read_text(encoding="utf-8") if is_file else str(name)
        return cls.from_document(_core.framework_read(told, is_file))

    @classmethod
    def from_document(cls, told: Mapping[str, Any]) -> Framework:
        """Build a framework from its plain form."""
        domains = tuple(
            Domain(d["title"], tuple(Construct(**c) for c in d.get("constructs", ()))) for d in told.get("domains", ())
        )
        return cls(**{**told, "domains": domains})


def parts_of(kind: type[Part], told: Any, name: str) -> tuple[Part, ...]:
    """Accept parts, dicts of their fields, or a frame with one row per part."""
    if is_frame(told):
        columns = columns_of(told)
        size = len(next(iter(columns.values()))) if columns else 0
        told = [{key: _native(values[i]) for key, values in columns.items()} for i in range(size)]
    return tuple(part_of(kind, part, f"{name}, entry {position + 1}") for position, part in enumerate(told))


def _native(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and value != value else value


def strata_of(told: Any, corpus: Corpus) -> tuple[Stratum, ...]:
    """Return groups of people: by `"role"`, `"site"` or a variable of informants, by a mapping, or as strata."""
    if isinstance(told, str):
        return _strata_by(told, corpus)
    if isinstance(told, Mapping):
        return tuple(Stratum(str(label), tuple(map(str, units))) for label, units in told.items())
    return parts_of(Stratum, told, "strata")


def _strata_by(name: str, corpus: Corpus) -> tuple[Stratum, ...]:
    groups: dict[str, list[str]] = {}
    units: list[Any] = [*corpus.informants, *corpus.groups]
    for unit in units:
        value = getattr(unit, name) if name in ("role", "site") else getattr(unit, "variables", {}).get(name)
        if value is not None:
            groups.setdefault(str(value), []).append(unit.id)
    if not groups:
        known = sorted({key for i in corpus.informants for key in i.variables})
        raise refuse(
            "variable that no informant has",
            at="strata",
            got=repr(name),
            allowed=", ".join(["role", "site", *known]),
            remedy="Pass one of these where the corpus holds it, or a mapping from group to ids.",
        )
    return tuple(Stratum(value, tuple(units)) for value, units in groups.items())


def day(date: str | datetime.date | None) -> str:
    """Write a date as YYYY-MM-DD; None is today."""
    if date is None:
        date = datetime.date.today()
    return date.isoformat() if isinstance(date, datetime.date) else str(date)
