"""The report of the embedded study: six centres, two groups, what the contest can say, and the lens display."""

from __future__ import annotations

from typing import Any

from ._report_sections import (
    caveats_section,
    contest_section,
    contest_words,
    display_section,
    fidelity_section,
    gaps_section,
    intervals_section,
    reporting_section,
    spread_words,
)
from .report import render

_FIRST, _SECOND = "high_performing", "less_performing"


def norwegian_report(seed: int) -> tuple[str, str]:
    """Return a short summary and the page."""
    from . import WeightingExperiment, bootstrap, datasets, fidelity, lenses, plans
    from .display import JointDisplay
    from .findings import item_means, survey

    study = datasets.norway_ips()
    found = fidelity(study, groups="employment_group", contrast=f"{_FIRST} minus {_SECOND}", rng=seed)
    label = [float(group == _FIRST) for group in study.site_column("employment_group")]
    contest = WeightingExperiment(study, label, rng=seed).run(progress=False)
    sites = list(study.site_ids)
    totals = study.score_matrix.sum(axis=1)
    by_site = plans.Cluster(sites)
    mean_total = bootstrap(totals, "mean", plan=by_site, rng=seed, progress=False)
    alpha = bootstrap(study.score_matrix, "cronbach alpha", plan=by_site, rng=seed, progress=False)
    display = JointDisplay(
        findings=[*item_means(study), *survey(study.survey)],
        corpus=study.corpus,
        lens=lenses.Cut(low=3, high=4.5),
        title="Fidelity items and survey statements as a lens on the interviews",
    )
    glance = [
        spread_words(found),
        *contest.sentences[:2],
        _largest_gap(found),
        _unspoken(display),
    ]
    page = render(
        title="Fidelity, weights and voices: the Norwegian IPS process evaluation",
        subtitle="Six centres, 25 items of the IPS fidelity scale, twelve participant interviews and six focus groups",
        source=(
            "Numbers as printed in Fyhn, Ludvigsen, Reme and Schaafsma (2020), Implementation Science Communications; "
            "trial NCT01964092. Excerpts are paraphrased. Nothing was corrected."
        ),
        glance=glance,
        sections=[
            fidelity_section(found),
            gaps_section(found),
            contest_section(contest),
            intervals_section([("mean total", mean_total), ("Cronbach's alpha", alpha)]),
            display_section(display),
            caveats_section([*found.caveats, *contest.caveats]),
            reporting_section(_how_to_report(found, contest)),
        ],
        seed=seed,
        replay="Made by `python -m steelyard demo`.",
    )
    return "\n".join(["The Norwegian IPS process evaluation", *(f"- {line}" for line in glance)]), page


def _largest_gap(found: Any) -> str:
    gaps = found.tables["gaps"]
    items = [j for j, kind in enumerate(gaps["kind"]) if kind == "item"]
    j = max(items, key=lambda j: abs(gaps["difference"][j]))
    title = next(item.title for item in found.scale.items if item.id == gaps["term"][j])
    p, floor = gaps["p_value"][j], found.contrast.floor
    reach = (
        "which is the smallest p within reach of" if p <= floor * (1 + 1e-9) else f"where {floor:.2f} is in reach of"
    )
    return (
        f"The largest gap between the centres with better and with lesser employment outcomes is in {title.lower()}: "
        f"{gaps['difference'][j]:+.2f} points, p = {p:.2f}, {reach} three centres against three."
    )


def _unspoken(display: Any) -> str:
    silent = [section for section in display.document["sections"] if section["heading"].startswith("Selected, without")]
    n = sum(len(section["rows"]) for section in silent)
    return (
        f"{n} of {len(display.rows)} findings that the lens selected have no theme in the corpus; without a register "
        f"of what was asked this is not silence."
    )


def _how_to_report(found: Any, contest: Any) -> list[str]:
    contrast = found.contrast
    return [
        f"Fidelity of {len(found.site_ids)} centres was scored on {found.scale.id}; scores are the integers as "
        f"printed. Item gaps between the two groups of centres were tested by all {contrast.n_splits} splits of the "
        f"centres (two-sided, ties counted; smallest p within reach {contrast.floor:.2f}) and adjusted over items by "
        f"the maximum (Westfall and Young 1993).",
        *contest_words(contest),
        "Themes were selected by a stated lens (3 or less, 4.5 or more, and each statement's own cuts) and are shown "
        "beside the findings; what no finding selected is listed. Excerpts are paraphrases.",
    ]
