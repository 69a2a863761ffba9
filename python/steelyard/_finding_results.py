"""Findings from results: fidelity with its gaps, and every result that has `tidy()`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ._frames import columns_of, is_frame
from .errors import refuse
from .findings import Cuts, Finding, Gap, Interval, item_means

if TYPE_CHECKING:
    from ._fidelity import FidelityResult

__all__ = ["of"]


def of(
    result: Any,
    *,
    n: int | Mapping[str, int] | None = None,
    n_unit: str = "",
    unit: str | None = None,
    cuts: tuple[float | None, float | None] | Mapping[str, tuple[float | None, float | None]] = (None, None),
    labels: Mapping[str, str] | None = None,
    domains: Mapping[str, str] | None = None,
    favourable: str = "high",
    level: float = 0.95,
    method: str | None = None,
    population: str | None = None,
    decimals: int = 2,
) -> tuple[Finding, ...]:
    """Return the estimates of a result as findings.

    Parameters
    ----------
    result
        A fidelity result: the mean of each item, with the gap between groups where one was computed. Otherwise any
        result with `tidy()`, or a tidy frame with `term` and `estimate` (and perhaps `conf_low`, `conf_high`, `n`):
        slopes, shares, coefficients.
    n
        What the estimates rest on: a number, or one per term. None: the result's own `n`, `n_sites` or column `n`; a
        finding without n is refused.
    n_unit, unit
        What n counts, and the unit of the estimates (`"points"` for items, else `"estimate"`).
    cuts
        Closed cuts in that unit, for all terms or by term. An estimate whose interval spans a cut is indeterminate; one
        without interval is indeterminate as well, unless `population` says that it is a census.
    labels, domains
        By term.
    favourable
        `"high"`, `"low"` or `"neither"`.
    level, method
        Of the intervals: the method is the result's own where it names one.
    population
        `"these sites"` for a census; its intervals are then left out.
    decimals
        Decimals to print.

    Raises
    ------
    InputError
        When the result has no tidy estimates, or no n.

    Examples
    --------
    >>> import steelyard as sy
    >>> fidelity = sy.fidelity(sy.datasets.norway_ips(), groups="employment_group", contrast="high minus less")
    >>> found = {f.id: f for f in sy.findings.of(fidelity, cuts=(3, 4.5))}
    >>> found["agency_work_focus"].signal, found["job_development_quality"].gap.value.__round__(2)
    ('low', 2.67)
    >>> slopes = {"term": ["jobs"], "estimate": [0.4], "conf_low": [0.1], "conf_high": [0.7]}
    >>> sy.findings.of(slopes, n=30, n_unit="sites", unit="slope", cuts=(None, 0.2))[0].signal
    'indeterminate'
    """
    labels, domains = labels or {}, domains or {}
    if hasattr(result, "tables") and hasattr(result, "site_ids"):
        return _fidelity(result, population or "these sites", cuts=cuts, labels=labels, domains=domains)
    source = result if is_frame(result) or isinstance(result, Mapping) else _tidy(result)
    columns = columns_of(source)
    for name in ("term", "estimate"):
        if name not in columns:
            raise refuse(
                "result without tidy estimates",
                at="findings.of",
                got=", ".join(columns),
                allowed="columns term and estimate",
            )
    told = method or getattr(result, "method", None)
    options: dict[str, Any] = {
        "n_unit": n_unit,
        "unit": unit or "estimate",
        "favourable": favourable,
        "decimals": decimals,
    }
    found = []
    for i, term in enumerate(map(str, columns["term"])):
        interval = None if population is not None else _interval(columns, i, level, told)
        found.append(
            Finding(
                term,
                labels.get(term, term.replace("_", " ")),
                columns["estimate"][i],
                n=_size(n, term, columns, i, result),
                interval=interval,
                population=population,
                cuts=_cuts(cuts, term),
                domain=domains.get(term),
                origin=type(result).__name__ if not isinstance(result, Mapping) else None,
                **options,
            )
        )
    return tuple(found)


def _tidy(result: Any) -> Any:
    if not hasattr(result, "tidy"):
        raise refuse(
            "result without tidy estimates",
            at="findings.of",
            got=type(result).__name__,
            allowed="a result with tidy(), or a frame with term and estimate",
        )
    return result.tidy()


def _cuts(cuts: Any, term: str) -> Cuts:
    return Cuts(*(cuts.get(term, (None, None)) if isinstance(cuts, Mapping) else cuts))


def _interval(columns: Mapping[str, Any], i: int, level: float, method: str | None) -> Interval | None:
    if "conf_low" not in columns or "conf_high" not in columns:
        return None
    low, high = columns["conf_low"][i], columns["conf_high"][i]
    if low is None or high is None or low != low or high != high:
        return None
    return Interval(float(low), float(high), level, str(method) if method else "method not named")


def _size(n: Any, term: str, columns: Mapping[str, Any], i: int, result: Any) -> int:
    if isinstance(n, Mapping):
        n = n.get(term)
    elif n is None and "n" in columns:
        n = columns["n"][i]
    elif n is None:
        n = next((getattr(result, name) for name in ("n", "n_sites", "nobs") if hasattr(result, name)), None)
    if n is None:
        raise refuse("finding without an n", at=f'finding "{term}"', allowed="1 or more", remedy="Pass n= and n_unit=.")
    return int(n)


def _fidelity(result: FidelityResult, population: str, *, cuts: Any, labels: Any, domains: Any) -> tuple[Finding, ...]:
    titles = {item.id: item.title for item in result.scale.items}
    parts = {item: part.title for part in result.scale.subscales for item in part.items}
    ids = result.scale.item_ids
    complete = [j for j in range(len(ids)) if not (result.scores[:, j] != result.scores[:, j]).any()]
    if len(complete) < len(ids):
        missing = ", ".join(ids[j] for j in range(len(ids)) if j not in complete)
        raise refuse("item without a score at some site", at=missing, remedy="Pass the findings of complete items.")
    frame = {"site": list(result.site_ids), **{ids[j]: result.scores[:, j] for j in complete}}
    import pandas as pd

    low = min(item.minimum for item in result.scale.items)
    high = max(item.maximum for item in result.scale.items)
    means = item_means(
        pd.DataFrame(frame),
        scale=(low, high),
        population=population,
        labels={**titles, **labels},
        domains={**parts, **domains},
    )
    gaps = _gaps(result)
    return tuple(dataclasses.replace(f, cuts=_cuts(cuts, f.id), gap=gaps.get(f.id)) for f in means)


def _gaps(result: FidelityResult) -> dict[str, Gap]:
    if result.contrast is None:
        return {}
    table = result.tables["gaps"]
    words, floor = f"{result.contrast.first} minus {result.contrast.second}", result.contrast.floor
    rows = zip(table["term"], table["difference"], table["p_value"], strict=True)
    return {term: Gap(difference, words, p, floor) for term, difference, p in rows if difference is not None}
