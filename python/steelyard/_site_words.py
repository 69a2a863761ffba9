"""How a site table reads: one line per site on a screen, two tables in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._brief import brief
from ._html import listed, number, table

if TYPE_CHECKING:
    from ._site_table import SiteTable

__all__ = ["outcomes_page", "page", "screen"]

Cells = list[Any]


def shared(found: SiteTable) -> list[str]:
    """Say what the sites share: overall, pooled, ICC, size."""
    lines = []
    if found.overall is not None and found.outcomes is not None:
        lines.append(f"{found.outcomes.measure} over all participants: {found.overall:.3f}")
    if found.pooled is not None:
        p, level = found.pooled, f"{100 * found.confidence_level:g} %"
        lines.append(
            f"pooled over {p.k} sites ({p.scale}, REML, Knapp-Hartung): {p.estimate:.3f}, {level} interval "
            f"{p.low:.3f} to {p.high:.3f}; tau {p.tau:.3f}, I2 {p.i2:.0f} %"
        )
        if p.scale in ("log odds", "log rate"):
            lines.append(
                f"  back on the scale of the table: {p.estimate_back:.3f}, {p.low_back:.3f} to {p.high_back:.3f}"
            )
    if found.icc is not None:
        lines.append(f"ICC {found.icc['estimate']:.3f} ({found.icc['low']:.3f} to {found.icc['high']:.3f})")
    if found.size_correlation is not None:
        lines.append(f"correlation of site size with total: {found.size_correlation:.2f}")
    return lines


def screen(found: SiteTable) -> str:
    """Write the table as plain text."""
    rows = found.tables["sites"]
    lines = []
    for i, site in enumerate(rows["site"]):
        parts = [f"total {_short(rows['total'][i], 5)}" + (f" ({rows['band'][i]})" if rows["band"][i] else "")]
        if found.outcomes is not None:
            o = found.outcomes
            parts.append(
                f"n {o.n[i]}, {o.measure} {_short(o.value[i])} ({_short(o.low[i])} to {_short(o.high[i])})"
                if o.status[i] in ("ok", "one participant")
                else f"n {o.n[i]}, {o.status[i]}"
            )
        lines.append(f"  {site}: {'; '.join(parts)}")
    lines = [f"{len(rows['site'])} sites", *brief(lines, ".frame"), *(f"  {line}" for line in shared(found))]
    return "\n".join(lines + [f"  note: {text}" for text in found.caveats])


def _short(value: Any, digits: int = 3) -> str:
    return "none" if value is None or value != value else f"{value:.{digits}g}"


def page(found: SiteTable) -> str:
    """Write the table as HTML: fidelity of every site, its outcomes, and what the sites share."""
    return _table("Fidelity by site", _fidelity(found)) + outcomes_page(found)


def outcomes_page(found: SiteTable) -> str:
    """Write the outcomes of every site, and what the sites share."""
    parts = []
    if found.outcomes is not None:
        parts.append(_table(f"Outcomes by site: {found.outcomes.outcome}", _outcomes(found, found.outcomes.measure)))
    return "".join(parts) + listed((*shared(found), *found.caveats))


def _table(caption: str, columns: dict[str, Cells]) -> str:
    return table(caption, list(columns), list(zip(*columns.values(), strict=True)))


def _fidelity(found: SiteTable) -> dict[str, Cells]:
    rows = {name: list(values) for name, values in found.tables["sites"].items()}
    columns: dict[str, Cells] = {"site": rows["site"]}
    if any(day is not None for day in rows["review_date"]):
        columns["review"] = rows["review_date"]
    if any(n > 1 for n in rows["n_reviews"]):
        columns["reviews"] = rows["n_reviews"]
    columns |= {"total": rows["total"], "band": rows["band"]}
    if rows["total_low"] != rows["total_high"]:
        columns["total could be"] = [_span(a, b) for a, b in zip(rows["total_low"], rows["total_high"], strict=True)]
        ends = zip(rows["band_low"], rows["band_high"], strict=True)
        columns["band could be"] = [a if a == b else f"{a} to {b}" for a, b in ends]
        columns["items scored"] = rows["items_scored"]
    return columns | {name: rows[name] for name in found.subscales}


def _outcomes(found: SiteTable, measure: str) -> dict[str, Cells]:
    rows = {name: list(values) for name, values in found.tables["sites"].items()}
    columns: dict[str, Cells] = {"site": rows["site"]}
    for name in ("window_start", "window_end", "days_from_review"):
        if any(x is not None for x in rows.get(name, ())):
            columns[name.replace("_", " ")] = rows[name]
    arms = ("treated", "control") if "control_n" in rows else ("",)
    for arm in arms:
        key = "control_" if arm == "control" else ""
        columns[f"n {arm}".strip()] = rows[f"{key}n"]
        if any(rows[f"{key}missing"]):
            columns[f"missing {arm}".strip()] = rows[f"{key}missing"]
    for name in ("treated", "control"):
        if name in rows:
            columns[name] = rows[name]
    if any(x is not None for x in rows["k"]) and measure == "rate":
        columns["k"] = rows["k"]
    level = f"{100 * found.confidence_level:g} % interval"
    columns[measure] = rows[measure.replace(" ", "_")]
    columns[level] = [_span(a, b) for a, b in zip(rows["conf_low"], rows["conf_high"], strict=True)]
    if any(x is not None for x in rows["worst"]) and rows["worst"] != rows["best"]:
        columns["if missing at worst to best"] = [_span(a, b) for a, b in zip(rows["worst"], rows["best"], strict=True)]
    if "adjusted" in rows:
        columns["adjusted"] = rows["adjusted"]
        columns[f"adjusted, {level}"] = [
            _span(a, b) for a, b in zip(rows["adjusted_low"], rows["adjusted_high"], strict=True)
        ]
    if any(status != "ok" for status in rows["status"]):
        columns["status"] = rows["status"]
    return columns


def _span(low: Any, high: Any) -> str:
    """Write two numbers as a range; one where they are the same."""
    a, b = number(low), number(high)
    return a if a == b else f"{a}\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}{b}"
