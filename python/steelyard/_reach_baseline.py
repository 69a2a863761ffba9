"""Who took part: a table of baseline characteristics, from printed numbers or from the participants themselves."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ._audit_checks import text_of
from ._brief import brief
from ._cells import is_blank, label
from ._frames import columns_of, frame_in, library_of
from ._html import table
from ._result import Result, serialisable
from ._shares import checked_options, count, counts_of_percent, known, rows_of, share
from .errors import refuse

_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_KINDS = ("binary", "continuous", "categorical")


@serialisable
@dataclasses.dataclass(frozen=True)
class Characteristic:
    """One row of the table.

    Attributes
    ----------
    variable, level : str
        `level` is empty but for a categorical variable.
    kind : str
        `"binary"`, `"continuous"` or `"categorical"`.
    n, missing : int
        People with a value and without; `missing` is None where nobody says how many there are.
    count : int or None
        How many have it; where a printed percentage leaves several possible, the one nearest to it.
    count_low, count_high : int or None
        All counts that the printed percentage can stand for.
    share, low, high : float or None
        Share with its interval.
    mean, sd : float or None
    printed : str
        The cell: `"51 %"` or `"35 (10.7)"`.
    unit : str
    """

    variable: str
    level: str
    kind: str
    n: int
    missing: int | None
    count: int | None
    count_low: int | None
    count_high: int | None
    share: float | None
    low: float | None
    high: float | None
    mean: float | None
    sd: float | None
    printed: str
    unit: str = ""


@dataclasses.dataclass(frozen=True, repr=False)
class BaselineTable(Result):
    """Baseline characteristics, with n per variable.

    Attributes
    ----------
    rows : tuple of Characteristic
    recruited : int or None
        People who should have a value.
    confidence_level : float
    interval : str
    """

    rows: tuple[Characteristic, ...]
    recruited: int | None
    confidence_level: float
    interval: str
    library: str = "pandas"

    def tidy(self) -> Any:
        """Return one row per characteristic."""
        names = [f.name for f in dataclasses.fields(Characteristic)]
        return frame_in({name: [getattr(row, name) for row in self.rows] for name in names}, self.library)

    def __repr__(self) -> str:
        lines = [f"  {_name(row)}: {row.printed} (n = {row.n})" for row in self.rows]
        return "\n".join([self._caption(), *brief(lines)])

    def _caption(self) -> str:
        sizes = [row.n for row in self.rows]
        of = "" if self.recruited is None else f" of {self.recruited} recruited"
        span = str(min(sizes)) if min(sizes) == max(sizes) else f"{min(sizes)} to {max(sizes)}"
        return f"Baseline characteristics; n per variable {span}{of}"

    def _html(self) -> str:
        rows = [(_name(row), row.printed, row.n, _missing(row), _interval(row)) for row in self.rows]
        heads = ["Characteristic", "% or mean (SD)", "n", "Missing", f"{100 * self.confidence_level:g} % interval"]
        return table(self._caption(), heads, rows, note=f"Intervals of shares: {self.interval}.")


def _name(row: Characteristic) -> str:
    named = f"{row.variable}: {row.level}" if row.level else row.variable
    return f"{named}, {row.unit}" if row.unit else named


def _missing(row: Characteristic) -> str:
    return "–" if row.missing is None else str(row.missing)


def _interval(row: Characteristic) -> str:
    if row.low is None or row.high is None:
        return "–"
    return f"{100 * row.low:.1f} to {100 * row.high:.1f} %"


def baseline(
    data: Any,
    *,
    recruited: int | None = None,
    kinds: Mapping[str, str] | None = None,
    confidence_level: float = 0.95,
    interval: str = "wilson",
) -> BaselineTable:
    """Build the table of baseline characteristics.

    Parameters
    ----------
    data
        Printed numbers: a frame with `variable`, `n` and `percent` (or `count`), or `mean` and `sd`. Or the
        participants: a frame with one row per person; 0/1 columns are binary, other numbers continuous, text
        categorical.
    recruited
        People who should have a value, for the count of missing; of participants, the number of rows.
    kinds
        Kind of a column of participants, where it is not the one above.
    confidence_level, interval
        Of shares: `"wilson"`, `"clopper-pearson"`, `"jeffreys"` or `"agresti-coull"`.

    Returns
    -------
    BaselineTable

    Examples
    --------
    >>> import steelyard as sy
    >>> table = sy.reach.baseline({"Age": [31, 35, 40], "Female": [1, 0, None], "Diagnosis": ["a", "b", "a"]})
    >>> [(row.variable, row.level, row.printed, row.n) for row in table.rows]
    [('Age', '', '35.3 (4.5)', 3), ('Female', '', '50 %', 2), ('Diagnosis', 'a', '67 %', 3), ('Diagnosis', 'b', '33
    %', 3)]
    """
    interval, level = checked_options(interval, confidence_level)
    columns = columns_of(data)
    if "variable" in columns and "n" in columns:
        people = None if recruited is None else count(recruited, "recruited")
        rows = [_printed(row, i, people, level, interval) for i, row in enumerate(rows_of(columns))]
    else:
        people = count(recruited, "recruited") if recruited is not None else len(next(iter(columns.values()), ()))
        rows = _from_people(columns, people, kinds or {}, level, interval)
    if not rows:
        raise refuse("no characteristics", at="baseline", allowed="at least one variable")
    return BaselineTable(tuple(rows), people, level, interval, library_of(data))


def _printed(row: Mapping[str, Any], i: int, people: int | None, level: float, interval: str) -> Characteristic:
    name = label(row["variable"])
    place = f'baseline, row {i + 1} ("{name}")'
    if not known(row, "n"):
        raise refuse("characteristic without its n", at=place, remedy="Give the n that its number was computed from.")
    n = count(row["n"], f"{place}, column n")
    missing = _missing_of(people, n, place)
    unit = label(row["unit_or_range"]) if known(row, "unit_or_range") else ""
    if known(row, "count") or known(row, "percent"):
        if known(row, "count"):
            low = high = count(row["count"], f"{place}, column count")
        else:
            low, high = counts_of_percent(row["percent"], n, f"{place}, column percent")
        percent = text_of(row["percent"], place) if known(row, "percent") else f"{100 * low / n:.0f}"
        nearest = min(range(low, high + 1), key=lambda k: abs(100 * k / n - float(percent)))
        found = share(nearest, n, level, interval)
        return Characteristic(
            name,
            "",
            "binary",
            n,
            missing,
            nearest,
            low,
            high,
            found["share"],
            found["low"],
            found["high"],
            None,
            None,
            f"{percent} %",
            unit,
        )
    if not known(row, "mean"):
        raise refuse("characteristic without a number", at=place, allowed="percent or count, or mean with sd")
    if not known(row, "sd"):
        raise refuse("mean without its SD", at=place, remedy="Give the SD; a mean alone cannot be compared.")
    mean, sd = text_of(row["mean"], place), text_of(row["sd"], place)
    return Characteristic(
        name,
        "",
        "continuous",
        n,
        missing,
        None,
        None,
        None,
        None,
        None,
        None,
        float(mean),
        float(sd),
        f"{mean} ({sd})",
        unit,
    )


def _missing_of(people: int | None, n: int, place: str) -> int | None:
    if people is None:
        return None
    if n > people:
        raise refuse(
            "more people with a value than were recruited",
            at=place,
            got=n,
            allowed=f"at most {people}",
            remedy="Denominators shrink along the ladder: correct n or the number recruited.",
        )
    return people - n


def _from_people(
    columns: Mapping[str, Any], people: int, kinds: Mapping[str, str], level: float, interval: str
) -> list[Characteristic]:
    unknown = [name for name in kinds if name not in columns]
    if unknown:
        raise refuse("unknown column", at="kinds", got=", ".join(unknown), allowed=", ".join(columns))
    rows: list[Characteristic] = []
    for name, cells in columns.items():
        values = [cell for cell in np.asarray(cells).tolist() if not is_blank(cell)]
        place = f'baseline, column "{name}"'
        if not values:
            raise refuse("column without a value", at=place, remedy="Leave it out.")
        kind = kinds.get(name) or _kind(values, place)
        if kind not in _KINDS:
            raise refuse("unknown kind", at=place, got=repr(kind), allowed=", ".join(map(repr, _KINDS)))
        missing = _missing_of(people, len(values), place)
        if kind == "continuous":
            rows.append(_continuous(name, values, missing))
            continue
        levels = [1] if kind == "binary" else sorted(set(values), key=str)
        for one in levels:
            k = sum(value == one for value in values)
            found = share(k, len(values), level, interval)
            printed = f"{100 * k / len(values):.0f} %"
            shown = "" if kind == "binary" else label(one)
            rows.append(
                Characteristic(
                    name,
                    shown,
                    kind,
                    len(values),
                    missing,
                    k,
                    k,
                    k,
                    found["share"],
                    found["low"],
                    found["high"],
                    None,
                    None,
                    printed,
                )
            )
    return rows


def _kind(values: Sequence[Any], place: str) -> str:
    texts = [value for value in values if isinstance(value, str)]
    comma = next((text for text in texts if _DECIMAL_COMMA.fullmatch(text.strip())), None)
    if comma is not None:
        raise refuse(
            "text in a number column", at=place, got=f'"{comma}"', remedy="Write decimals with a point, or read again."
        )
    if texts:
        if len(texts) < len(values):
            raise refuse("text among numbers", at=place, got=f'"{texts[0]}"', remedy="Correct the cell.")
        return "categorical"
    return "binary" if set(values) <= {0, 1} else "continuous"


def _continuous(name: str, values: Sequence[Any], missing: int | None) -> Characteristic:
    numbers = np.array(values, dtype=float)
    mean = float(numbers.mean())
    sd = float(numbers.std(ddof=1)) if numbers.size > 1 else None
    printed = f"{mean:.1f} ({'–' if sd is None else f'{sd:.1f}'})"
    return Characteristic(
        name, "", "continuous", numbers.size, missing, None, None, None, None, None, None, mean, sd, printed
    )
