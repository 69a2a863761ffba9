"""Participant files as people keep them: what each column is, what its cells say, and what must be settled first."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ._brief import brief
from ._cells import is_blank, label
from ._columns import Column, read_column
from ._frames import columns_of, frame_in, is_frame, library_of
from ._grid import Grid, read_grid
from ._html import Shown, table
from ._layout import role_of
from ._names import closest, folded
from ._outcome_values import outcome_values
from ._participants import Participants
from ._problems import raise_all
from .errors import InputError, refuse
from .outcomes import Effect, Outcome

__all__ = ["OutcomePreview", "OutcomeReading", "read_outcomes"]

_PERSON = (
    "participant",
    "participantid",
    "participantno",
    "id",
    "personid",
    "clientid",
    "patientid",
    "pid",
    "subject",
    "clientno",
    "patientno",
    "caseno",
    "studyid",
    "lopenr",
    "deltaker",
    "pasient",
    "pasientnr",
)
_ARM = (
    "arm",
    "group",
    "treatment",
    "treatmentgroup",
    "allocation",
    "condition",
    "randomisedto",
    "randomizedto",
    "gruppe",
)


@dataclasses.dataclass(frozen=True)
class OutcomePreview(Shown):
    """What was understood of a participant file, and what was not.

    Attributes
    ----------
    source : str
    n_rows : int
    sites : tuple of (site, participants)
    columns : tuple of (head in the file, name, what it was read as, blanks)
    notes : tuple of str
        Words read as missing, yes and no read as 1 and 0, dates that give the year only.
    problems : tuple of str
        What must be settled first; empty when reading succeeded.
    """

    source: str
    n_rows: int
    sites: tuple[tuple[str, int], ...]
    columns: tuple[tuple[str, str, str, int], ...]
    notes: tuple[str, ...]
    problems: tuple[str, ...]

    def __repr__(self) -> str:
        shown = ", ".join(f"{site} ({n})" for site, n in self.sites[:8]) + (" ..." if len(self.sites) > 8 else "")
        lines = [f"{self.source}: {self.n_rows} rows at {len(self.sites)} sites", f"  {shown}"]
        columns = []
        for head, name, kind, blanks in self.columns:
            renamed = f' -> "{name}"' if name and name != head else ""
            columns.append(f'  column "{head}"{renamed}: {kind}' + (f", {blanks} blank" if blanks else ""))
        lines += brief(columns, ".columns")
        lines += [f"  note: {text}" for text in self.notes]
        lines += [f"  PROBLEM {i}: {text}" for i, text in enumerate(self.problems, start=1)]
        return "\n".join(lines)

    def _html(self) -> str:
        rows: list[tuple[Any, ...]] = [("rows", self.n_rows), ("sites", ", ".join(site for site, _ in self.sites))]
        rows += [("note", text) for text in self.notes] + [("problem", text) for text in self.problems]
        return table(f"What was understood of {self.source}", ("part", "reading"), rows) + table(
            "Columns", ("head in the file", "name", "read as", "blank cells"), self.columns
        )


@dataclasses.dataclass(frozen=True)
class OutcomeReading(Shown):
    """Participants that were read, ready for `sy.Study`, and the preview; unpacks as `participants, preview`.

    Attributes
    ----------
    participants : frame
        One row per row of the file.
    preview : OutcomePreview
    site : str
        The name of the site column.
    participant, arm : str or None
        The names of these columns when there are such.
    """

    participants: Any
    preview: OutcomePreview
    site: str
    participant: str | None
    arm: str | None

    def __iter__(self) -> Iterator[Any]:
        return iter((self.participants, self.preview))

    def __repr__(self) -> str:
        return repr(self.preview)

    def _html(self) -> str:
        return self.preview._html()


def read_outcomes(
    path: Any,
    *,
    outcomes: Sequence[Outcome] = (),
    columns: Mapping[str, str | None] | None = None,
    missing_codes: Mapping[str, Sequence[float]] | None = None,
    sheet: str | None = None,
    decimal: str = ".",
    date_format: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    library: str | None = None,
    preview: bool = False,
) -> OutcomeReading:
    r"""Read a participant file: CSV, XLSX, SPSS `.sav` or a frame, one row per participant (or per site: k and n).

    Site, participant id and arm are recognised by their heads; every other column keeps its name and is read as
    numbers, dates, yes/no (1/0) or labels by what its cells hold. A near miss is offered, never taken.

    Parameters
    ----------
    path
        `.csv`, `.tsv`, `.xlsx`, `.sav`, or a pandas, polars or pyarrow frame. (A Parquet file needs no reading: give
        its path to `sy.Study`.)
    outcomes
        Outcomes to check while reading, so that their faults are named by cell: `[sy.outcomes.Binary("employed")]`.
    columns
        What heads mean, where they are not recognised: `{"Clinic": "site", "Rand": "arm", "Emp 12m": "employed",
        "Notes": None}`. `"site"`, `"participant"` and `"arm"` name roles, any other text renames, None leaves a
        column out.
    missing_codes
        Numbers that stand for "not known", by column name: `{"employed": [9]}`; counted in the preview.
    sheet
        The sheet of a workbook; needed when several hold something.
    decimal
        `","` for a decimal comma.
    date_format
        As in `strptime`, for dates such as 03/04/2021.
    encoding, delimiter
        Of a text file, where they are not recognised.
    library
        Of the frame: `"pandas"`, `"polars"` or `"pyarrow"`; None: the caller's, else pandas.
    preview
        Return the reading with its `.preview.problems` instead of raising.

    Returns
    -------
    OutcomeReading
        `.participants`, and `.preview`; `sy.Study(scores, reading, scale=...)` also takes the reading itself.

    Raises
    ------
    InputError
        All problems in one message, each with its cell and remedy.

    Examples
    --------
    >>> import steelyard as sy, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "people.csv"
    >>> _ = path.write_text("ID,Centre,Group,Employed\n1,Oslo,IPS,yes\n2,Oslo,TAU,no\n3,Bergen,IPS,\n")
    >>> people, seen = sy.read_outcomes(path)
    >>> people["Employed"].tolist(), seen.columns[3]
    ([1.0, 0.0, nan], ('Employed', 'Employed', 'yes/no as 1/0', 1))
    """
    if decimal not in (".", ","):
        raise refuse("decimal mark not allowed", at="decimal", got=repr(decimal), allowed="'.' or ','")
    source, found, notes = _columns(path, sheet, encoding, delimiter)
    library = library or (library_of(path) if not isinstance(path, (str, Path)) else "pandas")
    named, told, problems = _names(found, dict(columns or {}))
    codes = {str(name): tuple(values) for name, values in (missing_codes or {}).items()}
    read: dict[str, Any] = {}
    rows: list[tuple[str, str, str, int]] = []
    for column, name in named:
        if not name:
            rows.append((column.head, "", "left out as told", 0))
            continue
        done = read_column(column, name, told, decimal=decimal, date_format=date_format, codes=codes.pop(name, ()))
        read[name] = done.values
        rows.append((column.head, name, done.kind, done.blanks))
        notes += done.notes
        problems += done.problems
    for name in codes:
        near = closest(name, list(read))
        meant = f' (did you mean "{near}"?)' if near else ""
        problems.append(str(refuse(f"no such column{meant}", at="missing_codes", got=f'"{name}"')))
    if not problems:
        problems += _outcome_problems(read, outcomes)
    return _finish(source, read, rows, notes, problems, told, library, preview)


def _columns(
    path: Any, sheet: str | None, encoding: str | None, delimiter: str | None
) -> tuple[str, list[Column], list[str]]:
    if is_frame(path) or isinstance(path, Mapping):
        frame = columns_of(path)
        return (
            "the frame",
            [
                Column(name, cells, lambda row, n=name: f'row {row + 1}, column "{n}"')  # type: ignore[misc]
                for name, cells in frame.items()
            ],
            [],
        )
    if not isinstance(path, (str, Path)):
        raise refuse(
            "participants not understood",
            got=type(path).__name__,
            allowed="a path, or a pandas, polars or pyarrow frame",
        )
    grid = read_grid(path, sheet=sheet, encoding=encoding, delimiter=delimiter)
    return grid.source, _grid_columns(grid), list(grid.notes)


def _grid_columns(grid: Grid) -> list[Column]:
    head = next(r for r, row in enumerate(grid.rows) if sum(not is_blank(cell) for cell in row) > 1 or len(row) == 1)
    body = [row for row in grid.rows[head + 1 :]]
    kept = [r for r, row in enumerate(body) if any(not is_blank(cell) for cell in row)]
    found = []
    for c, cell in enumerate(grid.rows[head]):
        cells = [body[r][c] for r in kept]
        if is_blank(cell) and all(is_blank(x) for x in cells):
            continue
        title = grid.titles[c] if grid.titles else ""
        found.append(
            Column(
                label(cell),
                cells,
                lambda row, c=c: grid.place(head + 1 + kept[row], c),  # type: ignore[misc]
                title,
                dict(grid.value_labels.get(label(cell), {})),
            )
        )
    return found


def _names(
    found: Sequence[Column], mapping: dict[str, str | None]
) -> tuple[list[tuple[Column, str]], dict[str, str], list[str]]:
    """Name every column; `told` maps the roles site, participant and arm to names."""
    problems: list[str] = []
    told: dict[str, str] = {}
    named: list[tuple[Column, str]] = []
    heads = {folded(column.head): column.head for column in found}
    for head in mapping:
        if folded(head) not in heads:
            near = closest(head, list(heads.values()))
            meant = f' (did you mean "{near}"?)' if near else ""
            problems.append(
                str(refuse(f"no such column{meant}", at="columns", got=f'"{head}"', allowed=", ".join(heads.values())))
            )
    own = {folded(head): target for head, target in mapping.items()}
    for column in found:
        if folded(column.head) in own:
            target = own[folded(column.head)]
            role = target if target in ("site", "participant", "arm") else None
            name = target or ""
        else:
            role = _role(column)
            if role in own.values() or role in told:
                role = None
            name = role or column.head
        if role is not None:
            told.setdefault(role, name)
        if not column.head:
            problems.append(str(refuse("column without a head", at=column.place(-1), remedy="Name it in the file.")))
        if name and any(name == other for _, other in named):
            problems.append(
                str(refuse("two columns with one name", got=f'"{name}"', remedy="Rename one: columns={...}."))
            )
        named.append((column, name))
    if "site" not in told and not problems:
        problems.append(
            str(
                refuse(
                    "no site column",
                    got=", ".join(column.head for column in found[:12]),
                    allowed="a head such as site, centre, team or programme",
                    remedy='Say which it is: columns={"your head": "site"}.',
                )
            )
        )
    return named, told, problems


def _role(column: Column) -> str | None:
    for head in (column.head, column.title):
        key = folded(head)
        if role_of(head) == "site":
            return "site"
        if key in _PERSON:
            return "participant"
        if key in _ARM:
            return "arm"
    return None


def _outcome_problems(read: dict[str, Any], outcomes: Sequence[Outcome]) -> list[str]:
    problems = []
    for outcome in outcomes:
        try:
            people = Participants(read)
            people.need(*outcome.columns)
            outcome_values(people, outcome.outcome if isinstance(outcome, Effect) else outcome)
        except InputError as error:
            problems.append(str(error))
    return problems


def _finish(
    source: str,
    read: dict[str, Any],
    rows: list[tuple[str, str, str, int]],
    notes: list[str],
    problems: list[str],
    told: dict[str, str],
    library: str,
    preview_only: bool,
) -> OutcomeReading:
    counts: dict[str, int] = {}
    for cell in read.get(told.get("site", ""), ()):
        counts[label(cell) or "(blank)"] = counts.get(label(cell) or "(blank)", 0) + 1
    n = len(next(iter(read.values()))) if read else 0
    if n == 0 and not problems:
        problems.append(str(refuse("no rows below the head", at=source)))
    seen = OutcomePreview(source, n, tuple(counts.items()), tuple(rows), tuple(notes), tuple(problems))
    if not preview_only:
        raise_all(problems, source, "read_outcomes")
    return OutcomeReading(
        frame_in(read, library), seen, told.get("site", "site"), told.get("participant"), told.get("arm")
    )
