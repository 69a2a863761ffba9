"""Findings of an audit as data: what is printed, what can be, how bad it is, and what would explain it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from ._audit_table import TableSolution
from ._frames import frame_in
from ._html import table
from ._result import Result, serialisable
from .errors import refuse

# Shown in a notebook before the list is cut; all are in `.tidy()`.
_SHOWN = 20
_MARKS = {"error": "✗", "warning": "△", "note": "·"}
SEVERITIES = tuple(_MARKS)


@serialisable
@dataclasses.dataclass(frozen=True)
class AuditFinding:
    """Something in a report that does not follow.

    Attributes
    ----------
    rule : str
        Which check found it.
    severity : str
        `"error"`: printed numbers that cannot all be right; `"warning"`: right only under a condition that is not
        printed; `"note"`: something that print cannot tell.
    place : str
        Where.
    printed, possible : str
        What is printed, and what it could be.
    explanation : str
        Why, as a sentence.
    alternatives : tuple of str
        What would explain it.
    inputs : dict
        The numbers that the check was given.
    """

    rule: str
    severity: str
    place: str
    printed: str
    possible: str
    explanation: str
    alternatives: tuple[str, ...] = ()
    inputs: dict[str, Any] = dataclasses.field(default_factory=dict)


@serialisable
@dataclasses.dataclass(frozen=True)
class ClaimCheck:
    """One number of the running text, how it was read, and whether it follows.

    Attributes
    ----------
    claim, quantity, printed : str
        Id, words and number as printed.
    read_as : str
        The statistic and the table that it was compared with, or why it could not be.
    expected : str
        What the table gives; empty when there is none.
    verdict : str
        `"follows"`, `"does not follow"`, `"needs another cut of the data"`, `"possible by itself"` (there is no table)
        or `"not checkable"`.
    """

    claim: str
    quantity: str
    printed: str
    read_as: str
    expected: str
    verdict: str


@dataclasses.dataclass(frozen=True, repr=False)
class AuditResult(Result):
    """What an audit of a study found.

    Attributes
    ----------
    findings : tuple of AuditFinding
        Errors first.
    claims : tuple of ClaimCheck
        Every number of the text, those that follow included.
    table : TableSolution or None
        What explains the printed score matrix and its means.
    checked : dict
        By rule: printed numbers that were checked.
    powerless : dict
        By rule: how many of these could not have failed, because n is too large for the printed digits.
    rounding : str
        The rule of rounding that was accepted.
    """

    findings: tuple[AuditFinding, ...]
    claims: tuple[ClaimCheck, ...]
    table: TableSolution | None
    checked: dict[str, int]
    powerless: dict[str, int]
    rounding: str
    library: str = "pandas"

    def __getitem__(self, severity: str) -> tuple[AuditFinding, ...]:
        """Return the findings of one severity."""
        if severity not in SEVERITIES:
            raise refuse("severity not known", at="audit[...]", got=repr(severity), allowed=", ".join(SEVERITIES))
        return tuple(f for f in self.findings if f.severity == severity)

    def tidy(self) -> Any:
        """Return one row per finding.

        Examples
        --------
        >>> import steelyard as sy
        >>> sy.audit(sy.datasets.norway_ips()).tidy().loc[2, ["severity", "printed", "possible"]].tolist()
        ['error', '97', '89']
        """
        names = ("severity", "rule", "place", "printed", "possible", "explanation")
        columns: dict[str, list[Any]] = {name: [getattr(f, name) for f in self.findings] for name in names}
        columns["alternatives"] = ["; ".join(f.alternatives) for f in self.findings]
        return frame_in(columns, self.library)

    def claims_table(self) -> Any:
        """Return one row per number of the text: how it was read, what the tables give, the verdict."""
        names = [f.name for f in dataclasses.fields(ClaimCheck)]
        return frame_in({name: [getattr(c, name) for c in self.claims] for name in names}, self.library)

    def _head(self) -> str:
        total = sum(self.checked.values())
        counts = ", ".join(f"{len(self[s])} {s}{'' if len(self[s]) == 1 else 's'}" for s in SEVERITIES)
        return f"Audit of {total} printed numbers: {counts}."

    def _power(self) -> str:
        weak = sum(self.powerless.values())
        if not weak:
            return ""
        return f"{weak} of the checks could not fail: n is too large for the printed digits."

    def __repr__(self) -> str:
        lines = [self._head()]
        for finding in self.findings[:_SHOWN]:
            mark = _MARKS[finding.severity]
            lines.append(f"  {mark} {finding.place}: printed {finding.printed}, possible {finding.possible}.")
            lines.append(f"      {finding.explanation}")
        more = len(self.findings) - _SHOWN
        if more > 0:
            lines.append(f"  and {more} more: see .tidy()")
        return "\n".join([*lines, *filter(None, [self._power()])])

    def _html(self) -> str:
        rows = [
            (
                f"{_MARKS[f.severity]} {f.severity}",
                f.place,
                f.printed,
                f.possible,
                f"{f.explanation} {_or(f.alternatives)}".strip(),
            )
            for f in self.findings[:_SHOWN]
        ]
        more = len(self.findings) - _SHOWN
        note = " ".join(filter(None, [f"{more} more in .tidy()." if more > 0 else "", self._power(), _key()]))
        heads = ["Severity", "Where", "Printed", "Possible", "Why, and what would explain it"]
        return table(self._head(), heads, rows, note=note)

    def plot(self, ax: Any = None) -> Any:
        """Draw each finding: the printed number as a cross beside what it could be.

        Examples
        --------
        >>> import steelyard as sy
        >>> len(sy.audit(sy.datasets.norway_ips()).plot().get_yticklabels()) > 10
        True
        """
        from ._audit_plots import draw_findings

        return draw_findings(self, ax)


def _or(alternatives: Iterable[str]) -> str:
    told = [a[:1].upper() + a[1:] for a in alternatives]
    return "" if not told else f"Explained by: {' Or: '.join(told)}"


def _key() -> str:
    return (
        "Error: printed numbers that cannot all be right. Warning: right only under a condition that is not printed. "
        "Note: print cannot tell."
    )


def ordered(findings: Iterable[AuditFinding]) -> tuple[AuditFinding, ...]:
    """Return findings with errors first, otherwise in the order in which they were found."""
    return tuple(sorted(findings, key=lambda f: SEVERITIES.index(f.severity)))
