"""From what the core returned to the public result of a weighting experiment."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ._experiment_data import Contestants, ContestRows
from ._experiment_missing import pooled_table
from ._experiment_parts import Estimable, GlobalTest, ItemTest, Protocol, SuperiorityTest
from ._experiment_result import Table, WeightingResult
from ._experiment_reversals import bands_request, flips, reversals
from ._experiment_studied import claim
from ._experiment_words import caveats_of, sentences_of, verdict_sentence
from ._planner_basis import PlanningBasis

BETTER = "weighted better by at least d"


def result_from(
    raw: dict[str, Any],
    data: ContestRows,
    schemes: Contestants,
    protocol: Protocol,
    hashed: str,
    basis: PlanningBasis | None,
    imputation: list[dict[str, Any]] | None = None,
) -> WeightingResult:
    """Build the public result from what the core returned; `imputation` says how gains over copies were pooled."""
    pooled = None if imputation is None else pooled_table(imputation, schemes.names, schemes.reference)
    entries = raw["entries"]
    found = raw["estimability"]
    collinear = tuple(tuple(data.names[j] for j in group) for group in found["collinear"])
    estimable = Estimable(
        level=found["level"],
        rank=found["rank"],
        n_items=len(data.names),
        constant=tuple(data.names[j] for j in found["constant"]),
        collinear=collinear,
        slopes=tuple(data.names[j] for j in found["slopes"]) + tuple(" + ".join(collinear[at]) for at in found["sums"]),
    )
    labels = raw["labels"]
    item_test = None
    if labels is not None:
        fields = ("max_r", "p_value", "floor", "arrangements", "enumerated", "monte_carlo_error")
        item_test = ItemTest(item=data.names[labels["item"]], **{name: labels[name] for name in fields})
    n_sites = protocol.n_sites
    sums = np.bincount(data.codes, weights=data.weights)
    mean = np.bincount(data.codes, weights=data.weights * data.response) / sums
    totals = np.bincount(data.codes, weights=data.weights * data.items.sum(axis=1)) / sums
    sizes = np.ones(len(data.items)) if data.trials is None else data.trials
    result = WeightingResult(
        verdict="",
        headline=None,
        sentences=(),
        caveats=caveats_of(raw, data, protocol, estimable, pooled),
        estimable=estimable,
        global_test=_global_test(raw, n_sites, len(data.names), pooled is not None),
        scatter_test=_scatter_test(raw, data, pooled is not None),
        superiority=_superiority(raw, schemes),
        item_test=item_test,
        floor=raw["floor"] if raw["floor"] is not None else (None if item_test is None else item_test.floor),
        refused=raw["refused"],
        replicates=raw["replicates"],
        undefined=raw["undefined"],
        base_error=raw["base_error"],
        outcome_variance=raw["outcome_variance"],
        protocol=protocol,
        tables={},
        names=data.names,
        sites=data.sites,
        site_totals=totals,
        site_outcomes=mean,
        site_sizes=np.bincount(data.codes, weights=sizes).astype(np.float64),
        data_hash=hashed,
        basis=basis,
        picked_gain=None if raw["picked"] is None else raw["picked"]["gain"],
    )
    headline, verdict = _headline(entries, schemes, raw["refused"])
    if headline is not None and verdict != "cannot be tested":
        withheld, studied = claim(n_sites, counted=data.outcome_kind != "numbers")
        result = dataclasses.replace(result, caveats=(*result.caveats, studied))
        verdict = "inconclusive" if withheld and verdict == BETTER else verdict
    tables = _tables(raw, data, schemes, result) | ({} if pooled is None else {"imputation": pooled})
    result = dataclasses.replace(result, verdict=verdict, headline=headline, tables=tables)
    return dataclasses.replace(result, sentences=sentences_of(result))


_IMPUTED = "scores were imputed: on one completion it would be too sure of them"


def _global_test(raw: dict[str, Any], sites: int, items: int, imputed: bool) -> GlobalTest:
    found = raw["equal_slopes"]
    method = "F test of equal slopes (Gaussian errors, constant variance)"
    if imputed:
        return GlobalTest(method, None, None, None, None, _IMPUTED)
    if found is None:
        why = (
            f"{sites} sites leave no degrees of freedom for {items} free slopes"
            if sites <= items + 1
            else "not every slope is estimable, or rows are not sites"
        )
        return GlobalTest(method, None, None, None, None, why)
    return GlobalTest(method, found["statistic"], found["p_value"], found["df1"], found["df2"])


def _scatter_test(raw: dict[str, Any], data: ContestRows, imputed: bool) -> GlobalTest:
    """Name the score test by how its p was found."""
    found, counted = raw["scatter"], data.outcome_kind != "numbers"
    method = "variance-component score test of equal slopes"
    if imputed:
        return GlobalTest(method, None, None, None, None, _IMPUTED)
    if found is None:
        why = (
            "fewer than 12 sites, or the total separates the outcomes: no null to draw counts from"
            if counted
            else "rows are not sites, or the total and its covariates leave nothing of the outcome"
        )
        return GlobalTest(method, None, None, None, None, why)
    null = (
        "exact under normal errors"
        if found["exact"]
        else f"parametric bootstrap with a random effect of sites, {found['replicates']} draws"
    )
    return GlobalTest(f"{method} ({null})", found["statistic"], found["p_value"], None, None)


def _superiority(raw: dict[str, Any], schemes: Contestants) -> SuperiorityTest | None:
    found = raw["superiority"]
    if found is None:
        return None
    return SuperiorityTest(
        found["statistic"],
        schemes.names[found["scheme"]],
        found["p_value"],
        found["tried"],
        found["monte_carlo_error"],
    )


def _headline(entries: list[dict[str, Any]], schemes: Contestants, refused: str) -> tuple[str | None, str]:
    """Return the scheme that the headline is about and its verdict."""
    others = [c for c in range(len(entries)) if c != schemes.reference and entries[c]["failure"] is None]
    if refused or not others:
        return None, "cannot be tested"
    if schemes.primary is not None:
        at = schemes.names.index(schemes.primary)
        return schemes.primary, entries[at]["verdict"]
    best = max(others, key=lambda c: (entries[c]["verdict"] == BETTER, entries[c]["gain"]))
    verdicts = {entries[c]["verdict"] for c in others}
    if entries[best]["verdict"] == BETTER:
        return schemes.names[best], entries[best]["verdict"]
    if verdicts <= {"equivalent within d", "unit better by at least d"}:
        return schemes.names[best], entries[best]["verdict"]
    return schemes.names[best], "cannot be tested" if verdicts == {"cannot be tested"} else "inconclusive"


def _tables(raw: dict[str, Any], data: ContestRows, schemes: Contestants, result: WeightingResult) -> dict[str, Table]:
    entries = raw["entries"]
    intervals = [entry["interval"] or {} for entry in entries]
    ends: Table = {
        "std_error": tuple(interval.get("std_error") for interval in intervals),
        "conf_low": tuple(interval.get("low") for interval in intervals),
        "conf_high": tuple(interval.get("high") for interval in intervals),
    }
    each = range(len(entries))
    n_sites = result.protocol.n_sites

    def column(name: str) -> tuple[Any, ...]:
        return tuple(entry[name] for entry in entries)

    is_reference = [c == schemes.reference for c in each]
    verdicts: Table = {
        "scheme": schemes.names,
        "verdict": tuple("reference" if is_reference[c] else entries[c]["verdict"] for c in each),
        "status": tuple(entry["fit"]["status"] for entry in entries),
        "estimability": tuple(result.estimable.level for _ in each),
        "gain": column("gain"),
        "conf_low": ends["conf_low"],
        "conf_high": ends["conf_high"],
        "p_value": tuple(None if is_reference[c] else entries[c]["p_value"] for c in each),
        "p_adjusted": tuple(None if is_reference[c] else entries[c]["p_adjusted"] for c in each),
        "set_p": column("set_p"),
        "failed_folds": tuple(0 if entry["failure"] is None else entry["failure"]["folds"] for entry in entries),
        "failure": tuple("" if entry["failure"] is None else entry["failure"]["reason"] for entry in entries),
    }
    verdicts["sentence"] = tuple(
        verdict_sentence({name: values[c] for name, values in verdicts.items()}, result) for c in each
    )
    rest = [c for c in each if not is_reference[c]]
    gains: Table = {
        name: tuple(values[c] for c in rest)
        for name, values in {
            "scheme": schemes.names,
            "gain": column("gain"),
            **ends,
            "p_value": verdicts["p_value"],
            "p_adjusted": verdicts["p_adjusted"],
            "sites_won": column("sites_won"),
            "sites_lost": column("sites_lost"),
            "sites_tied": tuple(n_sites - entry["sites_won"] - entry["sites_lost"] for entry in entries),
        }.items()
    }
    q2 = column("q2")
    performance: Table = {
        "scheme": schemes.names,
        "q2": q2,
        "mse": tuple(None if q is None else (1 - q) * raw["base_error"] for q in q2),
        "sites_won": tuple(None if is_reference[c] else entries[c]["sites_won"] for c in each),
        "r_squared_in_sample": tuple(entry["fit"]["r_squared"] for entry in entries),
        "status": verdicts["status"],
        "reason": tuple(entry["fit"]["reason"] for entry in entries),
        "penalty": tuple(entry["fit"]["penalty"] for entry in entries),
    }
    return {
        "verdicts": verdicts,
        "gains": gains,
        "performance": performance,
        **_item_tables(entries, data, schemes, result.estimable),
        "influence": _influence(entries, schemes, data.sites, rest),
        "reversals": reversals(*_directions(entries, schemes, rest), data),
        "flips": flips(*_directions(entries, schemes, list(each)), data),
        "consequences": _consequences(entries, schemes, rest, banded=bool(bands_request(data)["cuts"])),
        "scores": _scores(entries, schemes, performance),
        "picked": _picked(raw, schemes, data.sites),
    }


def _directions(
    entries: list[dict[str, Any]], schemes: Contestants, which: list[int]
) -> tuple[tuple[str, ...], list[Any], list[bool]]:
    fits = [entries[c]["fit"] for c in which]
    names = tuple(schemes.names[c] for c in which)
    return names, [np.array(fit["weights"]) for fit in fits], [bool(fit["signed"]) for fit in fits]


def _consequences(entries: list[dict[str, Any]], schemes: Contestants, rest: list[int], *, banded: bool) -> Table:
    """Set what weights change beside what weights learnt where equal weights are true change on average."""
    expected = [entries[c]["changes_expected"] or {} for c in rest]
    bands = [banded and not entries[c]["fit"]["signed"] for c in rest]
    return {
        "scheme": tuple(schemes.names[c] for c in rest),
        "rank_reversals": tuple(int(entries[c]["changes"]["pairs"]) for c in rest),
        "rank_reversals_expected": tuple(own.get("pairs") for own in expected),
        "band_changes": tuple(
            int(entries[c]["changes"]["bands"]) if shown else None for c, shown in zip(rest, bands, strict=True)
        ),
        "band_changes_expected": tuple(
            own.get("bands") if shown else None for own, shown in zip(expected, bands, strict=True)
        ),
    }


def _scores(entries: list[dict[str, Any]], schemes: Contestants, performance: Table) -> Table:
    own = [entry["scores"] for entry in entries]
    return {
        "scheme": schemes.names,
        "q2": performance["q2"],
        "mse": performance["mse"],
        "calibration_slope": tuple(score["calibration_slope"] for score in own),
        "log_score": tuple(score["log_score"] for score in own),
        "impossible": tuple(score["impossible"] for score in own),
        "log_score_bounded": tuple(score["log_score_bounded"] for score in own),
    }


def _picked(raw: dict[str, Any], schemes: Contestants, sites: tuple[str, ...]) -> Table:
    found = raw["picked"]
    chosen = () if found is None else tuple(schemes.names[c] for c in found["chosen"])
    return {"site": sites if chosen else (), "scheme": chosen}


def _item_tables(
    entries: list[dict[str, Any]], data: ContestRows, schemes: Contestants, estimable: Estimable
) -> dict[str, Table]:
    p = len(data.names)
    long = [(c, j) for c in range(len(entries)) for j in range(p)]
    slopes = [np.array(entry["slopes"]) for entry in entries]
    head: Table = {
        "scheme": tuple(schemes.names[c] for c, _ in long),
        "term": tuple(data.names[j] for _, j in long),
    }
    varying = [j for j in range(p) if data.names[j] not in estimable.constant]
    means = [float(s[varying].mean()) if varying else 0.0 for s in slopes]
    ceiling = [bool(np.mean(data.items[:, j] >= data.limits[j][1]) > 0.8) for j in range(p)]
    return {
        "slopes": {
            **head,
            "estimate": tuple(float(slopes[c][j]) for c, j in long),
            "contrast": tuple(float(slopes[c][j] - means[c]) for c, j in long),
            "weight": tuple(entries[c]["fit"]["weights"][j] for c, j in long),
            "pinned": tuple(j in entries[c]["fit"]["pinned"] for c, j in long),
            "estimable": tuple(data.names[j] in estimable.slopes for _, j in long),
            "ceiling": tuple(ceiling[j] for _, j in long),
            "scored_from_outcome": tuple(data.names[j] in data.from_outcome for _, j in long),
        },
        "weights": {
            "item": data.names,
            **{name: tuple(entries[c]["fit"]["weights"]) for c, name in enumerate(schemes.names)},
        },
        "stability": {
            **head,
            "weight": tuple(entries[c]["fit"]["weights"][j] for c, j in long),
            "lowest": tuple(entries[c]["stability"][j][0] for c, j in long),
            "highest": tuple(entries[c]["stability"][j][1] for c, j in long),
        },
    }


def _influence(entries: list[dict[str, Any]], schemes: Contestants, sites: tuple[str, ...], rest: list[int]) -> Table:
    rows = [
        (schemes.names[c], sites[i], entries[c]["gain"], without)
        for c in rest
        if entries[c]["interval"] is not None
        for i, without in enumerate(entries[c]["interval"]["without"])
    ]
    heads = ("scheme", "site", "gain", "gain_without")
    return {head: tuple(row[k] for row in rows) for k, head in enumerate(heads)}
