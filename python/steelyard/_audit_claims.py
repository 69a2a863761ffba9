"""Numbers of the running text: what each claims, read from its own words, and the table that it refers to."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from ._cells import is_blank, label
from ._frames import columns_of
from .errors import refuse

# Words of a claim, and the statistic that they mean; the first that fits counts.
_WORDS = (
    ("gap", ("gap", "difference between")),
    ("min", ("lowest", "minimum", "smallest")),
    ("max", ("highest", "maximum", "largest")),
    ("sd", ("standard deviation", " sd")),
    ("median", ("median",)),
    ("at top", ("at the top",)),
    ("mean", ("mean", "average")),
)
STATISTICS = ("min", "max", "sd", "median", "mean", "gap", "at top", "percent")
_NEEDED = ("quantity", "printed", "refers_to")


@dataclasses.dataclass(frozen=True)
class Claim:
    """A number that the text states.

    `references` are (table, key) pairs such as `("survey", "illness")`; `statistic` is None when the words name none.
    """

    id: str
    quantity: str
    printed: str
    unit: str
    n: int | None
    section: str
    references: tuple[tuple[str, str], ...]
    statistic: str | None

    @property
    def stem(self) -> str:
        """What two claims about the same quantity share: the words before the last comma."""
        return self.quantity.rpartition(",")[0] or self.quantity

    @property
    def table(self) -> str:
        """The table that it refers to, or nothing."""
        return self.references[0][0] if self.references else ""

    @property
    def key(self) -> str:
        """The row or column of that table."""
        return self.references[0][1] if self.references else ""


def read_claims(frame: Any) -> tuple[Claim, ...]:
    """Read a frame of claims.

    Parameters
    ----------
    frame
        `quantity` (words), `printed`, `refers_to` (`table.key`, several apart by `;`, or blank), and perhaps
        `claim_id`, `unit`, `n`, `section` and `statistic` (one of `STATISTICS`; read from the words when absent).
    """
    columns = columns_of(frame)
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        raise refuse("claims lack a column", at="claims", got=", ".join(missing), allowed=", ".join(_NEEDED))
    size = len(columns["quantity"])

    def cell(name: str, i: int) -> str:
        return "" if name not in columns or is_blank(columns[name][i]) else label(columns[name][i])

    claims = []
    for i in range(size):
        quantity, unit = cell("quantity", i), cell("unit", i)
        stated = cell("statistic", i) or _statistic(quantity, unit)
        if stated is not None and stated not in STATISTICS:
            raise refuse(
                "unknown statistic", at=f"claims, row {i + 1}", got=repr(stated), allowed=", ".join(STATISTICS)
            )
        references = tuple(_reference(part, i) for part in cell("refers_to", i).split(";") if part.strip())
        claims.append(
            Claim(
                cell("claim_id", i) or f"row {i + 1}",
                quantity,
                cell("printed", i),
                unit,
                _count(cell("n", i), f"claims, row {i + 1}, column n"),
                cell("section", i),
                references,
                stated,
            )
        )
    return tuple(claims)


def _statistic(quantity: str, unit: str) -> str | None:
    words = f" {quantity.casefold()} "
    for statistic, names in _WORDS:
        if any(name in words for name in names):
            return statistic
    return "percent" if unit == "percent" else None


def _reference(part: str, row: int) -> tuple[str, str]:
    table, dot, key = part.strip().partition(".")
    if not dot or not key:
        raise refuse(
            "reference of a claim not understood",
            at=f"claims, row {row + 1}, column refers_to",
            got=f'"{part.strip()}"',
            allowed="table.key, such as survey.illness; several apart by ;",
        )
    return table, key


def _count(text: str, place: str) -> int | None:
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise refuse("n is not a count", at=place, got=f'"{text}"', allowed="a whole number or a blank") from None


def paired(claims: Sequence[Claim], claim: Claim, statistic: str) -> Claim | None:
    """Return the claim that states another statistic of the same quantity."""
    for other in claims:
        same = other.references == claim.references and other.n == claim.n and other.stem == claim.stem
        if same and other.statistic == statistic:
            return other
    return None
