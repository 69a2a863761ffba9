"""The outcomes of a report: one row per site, or participants of whom one column is the outcome."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from ._grid import present
from ._names import closest
from ._read_outcomes import OutcomeReading, read_outcomes
from .errors import refuse
from .outcomes import Binary, Binomial, Mean, Outcome

__all__ = ["SITE_LAYOUTS", "has_one_row_per_site", "participant_outcome", "site_rows"]

SITE_LAYOUTS = "the columns site, k and n (k of n per site), or site and outcome (one number per site)"


def site_rows(path: Path, errors: str = "strict") -> list[dict[str, str]]:
    """Return the rows of a CSV file, its cells apart by commas or, as many spreadsheets write it, by semicolons."""
    present(path)
    with path.open(newline="", encoding="utf-8-sig", errors=errors) as file:
        try:
            head = file.readline()
            file.seek(0)
            rows = csv.DictReader(file, delimiter=";" if head.count(";") > head.count(",") else ",")
            return [{k.strip(): v or "" for k, v in row.items() if k is not None} for row in rows]
        except UnicodeDecodeError:
            raise refuse("text not in UTF-8", at=path.name, remedy="Save the file as CSV in UTF-8.") from None


def has_one_row_per_site(path: Path) -> bool:
    """Whether a CSV file has the heads of site-level outcomes and no more than a stray second row of a site."""
    if path.suffix.lower() != ".csv":
        return False
    # Participants may be written in another encoding, which their own reader settles.
    rows = site_rows(path, errors="replace")
    heads = set(rows[0]) if rows else set()
    if not ({"site", "k", "n"} <= heads or {"site", "outcome"} <= heads):
        return False
    return len(rows) < 2 * len({row.get("site") for row in rows})


def participant_outcome(path: Path, column: str | None) -> tuple[OutcomeReading, Outcome]:
    r"""Read participants and find which column is their outcome.

    Parameters
    ----------
    path
        Whatever `sy.read_outcomes` reads.
    column
        The outcome's column; None: k and n where there are such, else the one column of yes and no (or 0 and 1), else a
        column named "outcome".

    Raises
    ------
    InputError
        What `sy.read_outcomes` finds wrong; no such column; several that could be meant, or none.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "people.csv"
    >>> _ = path.write_text("id,centre,age,employed\n1,Oslo,30,yes\n2,Oslo,41,no\n3,Bergen,52,yes\n")
    >>> participant_outcome(path, None)[1]
    Binary(column='employed', success=None)
    """
    reading = read_outcomes(path)
    roles = {reading.site, reading.participant, reading.arm}
    kinds = {name: kind for _, name, kind, _ in reading.preview.columns if name and name not in roles}
    if column is None and {"k", "n"} <= set(kinds):
        return reading, Binomial("k", "n")
    chosen = _chosen(path, column, kinds, reading)
    if _is_yes_no(reading, chosen):
        return reading, Binary(chosen)
    if kinds[chosen] == "numbers":
        return reading, Mean(chosen)
    raise refuse(
        "outcome that is neither yes/no nor a number",
        at=f'{path.name}, column "{chosen}"',
        got=kinds[chosen],
        allowed="yes and no, 0 and 1, or numbers",
        remedy="Dates, durations and effects of an arm go through Python: sy.outcomes.Duration, sy.outcomes.Effect.",
    )


def _is_yes_no(reading: OutcomeReading, name: str) -> bool:
    values = np.asarray(reading.participants[name])
    if values.dtype.kind not in "iufb":
        return False
    known = values[~np.isnan(values.astype(np.float64))]
    return bool(known.size) and set(np.unique(known).tolist()) <= {0.0, 1.0}


def _chosen(path: Path, column: str | None, kinds: dict[str, Any], reading: OutcomeReading) -> str:
    if column is not None:
        if column in kinds:
            return column
        near = closest(column, list(kinds))
        meant = f' (did you mean "{near}"?)' if near else ""
        raise refuse(f"no such column{meant}", at="--outcome", got=f'"{column}"', allowed=", ".join(kinds))
    open_to = [name for name in kinds if _is_yes_no(reading, name)]
    if len(open_to) != 1:
        open_to = [name for name in kinds if name.casefold() == "outcome"] or open_to
    if len(open_to) == 1:
        return open_to[0]
    listed = "; ".join(f"{name}: {kind}" for name, kind in kinds.items())
    raise refuse(
        "outcome not found" if not open_to else "several columns could be the outcome",
        at=path.name,
        got=listed or "no column beside the site",
        allowed=f"participants with one outcome of yes and no, or {SITE_LAYOUTS}",
        remedy=f"Say which column it is: --outcome {open_to[0] if open_to else 'employed'}.",
    )
