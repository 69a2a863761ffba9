"""The report of a user's own scoring sheet, with or without outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ._report_outcomes import SITE_LAYOUTS, has_one_row_per_site, participant_outcome, site_rows
from ._report_sections import (
    caveats_section,
    contest_section,
    contest_words,
    fidelity_section,
    intervals_section,
    reporting_section,
    sites_section,
    spread_words,
)
from .errors import refuse
from .report import Section, render


def own_report(
    scores: Path, *, scale: str, outcomes: Path | None, seed: int, outcome: str | None = None
) -> tuple[str, str]:
    """Return a short summary and the page; `outcome` names the column of participants."""
    from . import Study, WeightingExperiment, bootstrap, fidelity, plans, read_scores

    reading = read_scores(scores, scale=scale)
    people, kind = None, None
    if outcomes is not None and not has_one_row_per_site(outcomes):
        people, kind = participant_outcome(outcomes, outcome)
    study = Study(reading, people, scale=scale, outcome=kind)
    found = fidelity(study)
    totals = [total for total in found.tables["totals"]["total"] if total is not None]
    known = [s for s, total in zip(study.site_ids, found.tables["totals"]["total"], strict=True) if total is not None]
    mean_total = bootstrap(totals, "mean", plan=plans.Cluster(known), rng=seed, progress=False)
    glance, caveats = [spread_words(found)], list(found.caveats)
    sections: list[Section] = [fidelity_section(found)]
    lines = [
        f"Fidelity of {len(found.site_ids)} sites was scored on {found.scale.id}; intervals are over sites "
        f"({mean_total.method})."
    ]
    if outcomes is not None:
        if people is None:
            values, trials = read_outcome_column(outcomes, study.site_ids)
            contest = WeightingExperiment(study, values, trials=trials, rng=seed).run(progress=False)
        else:
            sections.append(sites_section(study))
            glance.append(f"{study.linkage.summary[0].upper()}{study.linkage.summary[1:]}.")
            contest = WeightingExperiment(study, rng=seed).run(progress=False)
        sections.append(contest_section(contest))
        glance += contest.sentences[:2]
        caveats += contest.caveats
        lines += contest_words(contest)
    else:
        glance.append("No outcomes were given, so that nothing is said about weighting; add --outcomes FILE for that.")
    sections += [
        intervals_section([("mean total", mean_total)]),
        caveats_section(caveats or ["None was found by the checks of the scale and the scores."]),
        reporting_section(lines),
    ]
    page = render(
        title=f"Fidelity of {len(study.site_ids)} sites on {study.scale.id}",
        subtitle=f"From {scores.name}" + ("" if outcomes is None else f" and {outcomes.name}"),
        source=f"{study.scale.title}.",
        glance=glance,
        sections=sections,
        seed=seed,
        replay="Made by `python -m steelyard report`.",
    )
    return "\n".join([f"{len(study.site_ids)} sites on {study.scale.id}", *(f"- {line}" for line in glance)]), page


def read_outcome_column(path: Path, sites: Sequence[str]) -> tuple[list[float], list[float] | None]:
    r"""Read one outcome per site, in the order of `sites`.

    Parameters
    ----------
    path
        CSV with `site` and either `k` and `n`, or `outcome`.
    sites
        Every one of them must be there once, and no other.

    Returns
    -------
    (list of float, list of float or None)
        Outcomes, and the trials where the outcomes are counts.

    Raises
    ------
    InputError
        Missing or unknown columns and sites, repeated sites, text among numbers, k above n.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "outcomes.csv"
    >>> _ = path.write_text("site,k,n\nBergen,9,20\nOslo,7,21\n")
    >>> read_outcome_column(path, ["Oslo", "Bergen"])
    ([7.0, 9.0], [21.0, 20.0])
    """
    rows = site_rows(path)
    names = list(rows[0]) if rows else []
    counts = {"site", "k", "n"} <= set(names)
    if not counts and not {"site", "outcome"} <= set(names):
        raise refuse("columns not understood", at=path.name, got=", ".join(names) or "no rows", allowed=SITE_LAYOUTS)
    wanted = ("k", "n") if counts else ("outcome",)
    found: dict[str, tuple[float, ...]] = {}
    for i, row in enumerate(rows):
        name = row["site"].strip()
        if name in found:
            raise refuse("site twice", at=f"{path.name}, row {i + 2}", got=name, remedy="Give one row per site.")
        found[name] = tuple(_number(row[column], path, i, column) for column in wanted)
    _same_sites(path, found, sites)
    if not counts:
        return [found[site][0] for site in sites], None
    for site in sites:
        k, n = found[site]
        if not 0 <= k <= n or k != int(k) or n != int(n) or n < 1:
            raise refuse(
                "count not possible",
                at=f'{path.name}, site "{site}"',
                got=f"k {k:g}, n {n:g}",
                allowed="whole numbers, 0 <= k <= n, n at least 1",
                remedy="Correct the file.",
            )
    return [found[site][0] for site in sites], [found[site][1] for site in sites]


def _number(cell: str, path: Path, row: int, column: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = float("nan")
    if value != value or value in (float("inf"), float("-inf")):
        raise refuse(
            "not a number",
            at=f'{path.name}, row {row + 2}, column "{column}"',
            got=repr(cell),
            allowed="a finite number with a decimal point",
            remedy="Correct the cell; a missing outcome is not imputed.",
        )
    return value


def _same_sites(path: Path, found: dict[str, Any], sites: Sequence[str]) -> None:
    absent = [site for site in sites if site not in found]
    extra = [name for name in found if name not in set(sites)]
    if absent or extra:
        raise refuse(
            "sites of the two files differ",
            at=path.name,
            got=f"without outcome: {', '.join(absent) or 'none'}; without scores: {', '.join(extra) or 'none'}",
            allowed="the same sites in both",
            remedy="Correct the names or complete the files; sites are never joined by likeness.",
        )


__all__ = ["own_report", "read_outcome_column"]
