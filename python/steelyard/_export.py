"""The analysis set for other programs: one CSV, a do-file for Stata and a script for R that read it, and a codebook."""

from __future__ import annotations

import csv
import dataclasses
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._cells import label
from ._moments import group_of, people_of
from .errors import refuse
from .outcomes import Effect, Outcome

if TYPE_CHECKING:
    from .study import Study

_LONGEST = 32
# Words that Stata or R keeps for itself.
_RESERVED = {"if", "in", "using", "with", "byte", "int", "long", "float", "double", "strl"} | {
    *("else", "for", "while", "repeat", "function", "next", "break", "true", "false", "null", "inf", "nan", "na")
}
_STATA_TEXT = re.compile(r"str\d{1,4}")


@dataclasses.dataclass(frozen=True)
class _Column:
    name: str
    source: str
    meaning: str
    values: list[Any]


def export(study: Study, folder: str | Path, outcome: Outcome | None, covariates: tuple[str, ...]) -> tuple[Path, ...]:
    """Write the analysis set: see `Study.export`."""
    folder = Path(folder)
    outcome = outcome if outcome is not None else study.outcome
    columns = _columns(study, outcome, covariates)
    folder.mkdir(parents=True, exist_ok=True)
    names = ("analysis.csv", "analysis.do", "analysis.R", "codebook.csv")
    there = [name for name in names if (folder / name).exists()]
    if there:
        raise refuse(
            "files are already there", at=str(folder), got=", ".join(there), remedy="Name another folder, or move them."
        )
    with (folder / names[0]).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([column.name for column in columns])
        writer.writerows(zip(*(map(_cell, column.values) for column in columns), strict=True))
    with (folder / names[3]).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["variable", "from", "meaning"])
        writer.writerows((column.name, column.source, column.meaning) for column in columns)
    (folder / names[1]).write_text(_stata(study, columns), encoding="utf-8")
    (folder / names[2]).write_text(_r(study, columns), encoding="utf-8")
    return tuple(folder / name for name in names)


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, (float, np.floating)):
        return f"{float(value):.17g}" if not float(value).is_integer() else str(int(value))
    return str(value)


class _Names:
    """Names that Stata and R both take: letters, digits, underscores, at most 32, each once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def make(self, text: str) -> str:
        name = re.sub(r"\W", "_", text, flags=re.ASCII)[:_LONGEST] or "v"
        word = name.casefold()
        if not name[0].isalpha() or word in _RESERVED or _STATA_TEXT.fullmatch(word):
            name = f"v_{name}"[:_LONGEST]
        made, count = name, 1
        while made.casefold() in self._taken:
            count += 1
            made = f"{name[: _LONGEST - len(str(count)) - 1]}_{count}"
        self._taken.add(made.casefold())
        return made


def _columns(study: Study, outcome: Outcome | None, covariates: tuple[str, ...]) -> list[_Column]:
    names = _Names()
    people = study.participants
    if people is None or study._unit_of is None:
        units = np.arange(len(study.site_ids))
    else:
        linked = study._unit_of if isinstance(outcome, Effect) or study._arm_of is None else group_of(study, None)
        if isinstance(outcome, Effect) and study._arm_of is not None:
            linked = np.where(study._arm_of < 0, -1, linked)
        rows = np.flatnonzero(linked >= 0)
        units = linked[rows]
    columns = [
        _Column(names.make("site"), "site", "site, as reviewed", [study.unit_sites[u] for u in units]),
        _Column(names.make("site_id"), "", "site as a number from 1", [_place(study)[u] for u in units]),
    ]
    if study._units.dates != (None,) * len(study.site_ids):
        days = [None if d is None else d.isoformat() for d in study._units.dates]
        columns.append(
            _Column(names.make("review_date"), "review", "date of the review used", [days[u] for u in units])
        )
    if people is not None and study._unit_of is not None:
        if study._arm_of is not None:
            arm = study._arm_of[rows]
            treated, control = study.linkage.arms
            columns.append(_Column(names.make("treated"), "arm", f"1 = {treated}, 0 = {control}", arm.tolist()))
        wanted = dict.fromkeys((*(outcome.columns if outcome is not None else ()), *covariates))
        if isinstance(outcome, Effect):
            wanted.pop(outcome.arm, None)
        for column in wanted:
            columns.append(
                _Column(names.make(column), "participants", _meaning(column, outcome), _cells(study, column, rows))
            )
    totals = _core.fidelity_describe(study.scale.to_json(), np.ascontiguousarray(study.score_matrix))["totals"]
    columns.append(_Column(names.make("total"), study.scale.id, "fidelity total", [totals[u]["total"] for u in units]))
    for j, item in enumerate(study.scale.items):
        turned = "; turned so that high is good" if item.reverse else ""
        built = "; scored from jobs obtained" if item.scored_from_outcome else ""
        scores = study.score_matrix[units, j].tolist()
        columns.append(_Column(names.make(item.id), study.scale.id, f"{item.title}{turned}{built}", scores))
    return columns


def _place(study: Study) -> list[int]:
    known = {site: k + 1 for k, site in enumerate(dict.fromkeys(study.unit_sites))}
    return [known[site] for site in study.unit_sites]


def _meaning(column: str, outcome: Outcome | None) -> str:
    return f"outcome: {outcome}" if outcome is not None and column in outcome.columns else f"covariate: {column}"


def _cells(study: Study, column: str, rows: Any) -> list[Any]:
    people, _ = people_of(study)
    people.need(column)
    cells = people.cells(column)
    if cells.dtype.kind in "iufb":
        return [float(x) for x in cells[rows]]
    return [label(x) for x in cells[rows].tolist()]


def _stata(study: Study, columns: list[_Column]) -> str:
    def said(text: str) -> str:
        # A quote ends a label, a backquote or dollar begins a macro, /* begins a comment that runs over lines.
        plain = " ".join(text.replace('"', "'").replace("`", "'").replace("$", "").replace("/", "|").split())
        return plain[:80]

    lines = [
        f"* Analysis set of {len(study.site_ids)} sites on {study.scale.id}, written by Steelyard {_core.__version__}",
        "* Run in the folder of analysis.csv. The site is the unit: cluster by site_id, and with few sites use a wild",
        "* bootstrap (boottest) rather than the default standard errors.",
        "version 14",
        "* Site names stay text, also where they look like numbers.",
        'import delimited using "analysis.csv", clear varnames(1) case(preserve) encoding("utf-8") '
        "bindquote(strict) stringcols(1)",
        *(f'label variable {column.name} "{said(column.meaning)}"' for column in columns),
        *(f"* note: {said(text)}" for text in study.caveats),
        "describe",
        "tabstat total, by(site) statistics(n mean)",
        'save "analysis.dta", replace',
    ]
    return "\n".join(lines) + "\n"


def _r(study: Study, columns: list[_Column]) -> str:
    labels = ",\n".join(f"  {column.name} = {_quoted(column.meaning)}" for column in columns)
    lines = [
        f"# Analysis set of {len(study.site_ids)} sites on {study.scale.id}, written by Steelyard {_core.__version__}",
        "# Run in the folder of analysis.csv. Sites are the units: cluster by site_id (clubSandwich, CR2).",
        "# Site names stay text, also where they look like numbers.",
        'analysis <- read.csv("analysis.csv", na.strings = "", fileEncoding = "UTF-8", check.names = FALSE,',
        '                     colClasses = c(site = "character"))',
        "analysis$site <- factor(analysis$site, levels = unique(analysis$site))",
        f"meanings <- c(\n{labels}\n)",
        'for (name in names(meanings)) attr(analysis[[name]], "label") <- meanings[[name]]',
        *(f"# note: {' '.join(text.split())}" for text in study.caveats),
        "stopifnot(nrow(analysis) == " + str(len(columns[0].values)) + ")",
        "print(aggregate(total ~ site, data = analysis, FUN = function(x) x[1]))",
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
