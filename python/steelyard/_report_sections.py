"""Sections of the report, each from one public result. Every number is the result's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ._html import table
from ._site_words import outcomes_page
from .report import Block, Section, figure_of, table_of, trusted

if TYPE_CHECKING:
    from ._fidelity import FidelityResult
    from .study import Study

_FEW_GAPS = 8


def fidelity_section(fidelity: FidelityResult) -> Section:
    """Show totals with bands, subscale sums, and the heat strip."""
    totals, sums = fidelity.tables["totals"], fidelity.tables["subscales"]
    names = list(dict.fromkeys(sums["subscale"]))
    by_site: dict[str, dict[str, Any]] = {site: {} for site in totals["site"]}
    for site, name, value in zip(sums["site"], sums["subscale"], sums["sum"], strict=True):
        by_site[site][name] = value
    rows = [
        [site, total, band, *(by_site[site].get(name) for name in names)]
        for site, total, band in zip(totals["site"], totals["total"], totals["band"], strict=True)
    ]
    alpha = "" if fidelity.alpha is None else f" Cronbach's alpha over the sites is {fidelity.alpha:.2f}."
    caption = f"Fidelity by site, {fidelity.scale.id}"
    n = len(fidelity.site_ids)
    return Section(
        "fidelity",
        "Fidelity of the sites",
        (f"{spread_words(fidelity)}{alpha}",),
        (
            Block("html", caption, trusted(table(caption, ["site", "total", "band", *names], rows))),
            figure_of(
                fidelity.plot,
                size=(min(4.6 + 0.72 * n, 13.0), 1.6 + 0.25 * len(fidelity.scale.item_ids)),
                caption="Scores by item and site, sites in the order of their totals; the scores stand in the cells.",
                description="Heat strip of the same scores; every cell prints its score.",
                prefix="strip",
            ),
        ),
    )


def sites_section(study: Study) -> Section:
    """Show what participants made of every site: n, rate or mean with interval, caterpillar."""
    found = study.site_table()
    return Section(
        "sites",
        "Outcomes by site",
        (),
        (
            Block("html", f"Outcomes by site: {study.outcome}", trusted(outcomes_page(found))),
            figure_of(
                found.plot,
                size=(7.0, 1.8 + 0.28 * len(study.site_ids)),
                caption="Every site with its interval, in order.",
                description="Caterpillar plot of the estimates in the table above.",
                prefix="caterpillar",
            ),
        ),
    )


def spread_words(fidelity: FidelityResult) -> str:
    """Write mean, SD, median and range of the totals, and the bands, in one sentence."""
    bands = fidelity.tables["bands"]
    counts = ", ".join(f"{n} {band}" for band, n in zip(bands["band"], bands["n"], strict=True) if n)
    if fidelity.mean is None or fidelity.sd is None:
        return "No site has a total by the scale's rule for missing items."
    return (
        f"{len(fidelity.site_ids)} sites: mean total {fidelity.mean:.2f}, SD {fidelity.sd:.2f}, median "
        f"{fidelity.median:g}, range {fidelity.minimum:g} to {fidelity.maximum:g}" + (f"; {counts}." if counts else ".")
    )


def gaps_section(fidelity: FidelityResult) -> Section:
    """Show the largest gaps between the two groups, with the floor of the test beside them."""
    gaps = fidelity.tables["gaps"]
    items = [j for j, kind in enumerate(gaps["kind"]) if kind == "item" and gaps["difference"][j] is not None]
    items.sort(key=lambda j: (-abs(gaps["difference"][j]), j))
    rows = [
        [_title(fidelity, gaps["term"][j]), gaps["difference"][j], gaps["p_value"][j], gaps["p_adjusted"][j]]
        for j in items[:_FEW_GAPS]
    ]
    caption = f"Largest gaps between the groups, {min(_FEW_GAPS, len(items))} of {len(items)} items"
    return Section(
        "gaps",
        "Where the groups differ",
        (f"{fidelity.contrast}.",),
        (
            Block(
                "html",
                caption,
                trusted(table(caption, ["item", "difference", "p", "p, adjusted for all items"], rows, digits=2)),
            ),
            figure_of(
                fidelity.plot_items,
                size=(8.2, 1.6 + 0.27 * len(fidelity.scale.item_ids)),
                caption="Mean of each item in the two groups, and the scores of all sites.",
                description="Item profile of the two groups; the largest gaps are in the table above.",
                prefix="profile",
            ),
        ),
    )


def _title(fidelity: FidelityResult, item_id: str) -> str:
    return next((item.title for item in fidelity.scale.items if item.id == item_id), item_id)


def contest_section(result: Any, *, lead: Sequence[str] = ()) -> Section:
    """Show the verdict in sentences, the contest table, and the slopes of every scheme."""
    return Section(
        "contest",
        "Should the items be weighted?",
        tuple(lead),
        (
            table_of(result, "The contest: every scheme predicts each site from the others"),
            figure_of(
                result.plot_slopes,
                size=(8.2, 1.6 + 0.27 * len(result.names)),
                caption="Slope of each item beside the common slope of the plain total.",
                description="Forest of item slopes; the numbers are in the result's table of slopes.",
                prefix="slopes",
            ),
        ),
    )


def contest_words(result: Any) -> list[str]:
    """Write how the contest is to be reported, with the sources of its methods."""
    protocol = result.protocol
    tested = (
        f"was not tested ({result.refused})"
        if result.refused
        else f"was tested by {result.replicates} permutations of the residuals of the plain total, each rerunning the "
        f"whole contest (Freedman and Lane 1983), adjusted over schemes by the maximum"
    )
    return [
        f"{len(protocol.schemes)} weighting schemes ({', '.join(protocol.schemes)}) predicted each of "
        f"{protocol.n_sites} sites from the others under one calibration (intercept and slope) fitted in the training "
        f"fold, with tuning inside the fold. The gain in held-out R2 over {protocol.reference} {tested}; its interval "
        f"reruns everything without each site in turn. Smallest gain that would matter: "
        f"{protocol.smallest_gain:g} of the outcome's variance.",
        f"Result: {result.sentences[0]} {result.sentences[1]}",
    ]


def intervals_section(intervals: Sequence[tuple[str, Any]]) -> Section:
    """Show what so few sites say about a mean or a difference: the default interval, and the others beside it."""
    rows = []
    for what, result in intervals:
        ends = result.confidence_interval
        rows.append([what, float(result.estimate), float(ends.low), float(ends.high), result.method])
    caption = "Estimates with 95 % intervals over sites"
    what, first = intervals[0]
    methods = first.intervals()
    beside = f"{what[0].upper()}{what[1:]}: the methods beside each other"
    ends = [
        [name, *pair] for name, *pair in zip(methods["method"], methods["conf_low"], methods["conf_high"], strict=True)
    ]
    how = f"All {first.n_resamples} resamples" if first.enumerated else f"{first.n_resamples} resamples"
    return Section(
        "intervals",
        "How sure is that?",
        (
            "The site is the unit of every interval. With few sites the default is t on the site jackknife; percentile "
            "intervals, enumerated or not, are too narrow there.",
        ),
        (
            Block(
                "html",
                caption,
                trusted(table(caption, ["quantity", "estimate", "low", "high", "method"], rows, digits=2)),
            ),
            Block(
                "html",
                beside,
                trusted(table(beside, ["method", "low", "high"], ends, digits=2, note=f"{how} of the sites.")),
            ),
        ),
    )


def display_section(display: Any) -> Section:
    """Show a joint display as it stands."""
    return Section(
        "display",
        "What people say about it",
        (display.document["direction"],) if "direction" in display.document else (),
        (Block("wide", "Joint display", trusted(display.html_fragment("lens"))),),
    )


def caveats_section(caveats: Sequence[str]) -> Section:
    """List what a reader must know before quoting a number."""
    return Section("caveats", "Caveats", (), (Block("list", lines=tuple(dict.fromkeys(caveats))),))


def reporting_section(lines: Sequence[str]) -> Section:
    """List sentences that can be taken over into a paper."""
    return Section("reporting", "How to report this", (), (Block("list", lines=tuple(lines)),))


__all__ = ["caveats_section", "fidelity_section", "gaps_section", "reporting_section", "spread_words", "table_of"]
