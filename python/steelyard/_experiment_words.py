"""The words of a weighting experiment: sentences with the numbers behind them, caveats, and one screen."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ._experiment_missing import missing_note

if TYPE_CHECKING:
    from ._experiment_data import ContestRows
    from ._experiment_parts import Estimable, Protocol
    from ._experiment_result import WeightingResult

_FEWEST = 12
# What the tests of equal slopes assume, by whether outcomes are counts.
_UNEQUAL = {
    False: "The two tests of equal slopes take a site's variance to fall as one over its weight. With sites of 20 to "
    "140 participants who are alike within a site (intra-site correlation .05) they rejected true equal slopes in 6 to "
    '24 % of simulated studies: use site_weight="equal" for them.',
    True: "The F test of equal slopes takes a site's variance to fall as one over its weight. With sites of 20 to 140 "
    "participants who are alike within a site (intra-site correlation .05) it rejected true equal slopes in 7 to 21 % "
    'of simulated studies: trust the score test, which allows for such sites, or use site_weight="equal".',
}


def number(value: float | None, digits: int = 3) -> str:
    """Write a number without a leading zero where it is below one, as journals do."""
    if value is None:
        return "not defined"
    text = f"{value:.{digits}f}"
    if text.startswith(("0.", "-0.")):
        text = text.replace("0.", ".", 1)
    return text.replace("-", "−")


def p_words(p: float | None) -> str:
    """Write a p-value; small ones as a bound."""
    if p is None:
        return "no p"
    return "p < .001" if p < 0.001 else f"p = {number(p)}"


def _interval(row: dict[str, Any], level: float) -> str:
    return f"{level:.0%} interval {number(row['conf_low'])} to {number(row['conf_high'])}"


def verdict_sentence(row: dict[str, Any], result: WeightingResult) -> str:
    """Say one scheme's verdict with its numbers."""
    protocol = result.protocol
    reference = protocol.reference
    name, verdict, d = row["scheme"], row["verdict"], number(protocol.smallest_gain)
    if verdict == "reference":
        return f"{name} is what the others must beat."
    if row["failed_folds"]:
        return (
            f"{name} is out of the contest: it could not be fitted in {row['failed_folds']} of {protocol.n_sites} "
            f"training folds ({row['failure'].rstrip('.')})."
        )
    if verdict == "cannot be tested" or row["conf_low"] is None:
        return f"{name}: whether it beats {protocol.reference} cannot be tested ({result.refused or 'no replicates'})."
    p = row["p_value"] if protocol.primary == name else row["p_adjusted"]
    among = "declared beforehand" if protocol.primary == name else f"adjusted for {len(protocol.schemes) - 1} schemes"
    numbers = f"gain in held-out R2 {number(row['gain'])}, {_interval(row, protocol.confidence_level)}, "
    numbers += f"{p_words(p)} under equal weights, {among}"
    said = {
        "weighted better by at least d": f"predicts held-out sites better than {reference} by at least d = {d}",
        "equivalent within d": f"predicts held-out sites as well as {reference}, within d = {d} either way",
        "unit better by at least d": f"predicts held-out sites worse than {reference} by at least d = {d}",
        "inconclusive": f"may or may not predict held-out sites better than {reference} (d = {d})",
    }[verdict]
    return f"{name} {said}: {numbers}."


def estimability_sentence(estimable: Estimable, sites: int) -> str:
    """Say what the design can know about the weights."""
    rank = f"{estimable.n_items} items, centred rank {estimable.rank} from {sites} sites"
    if estimable.level == "estimable":
        return f"Item weights are estimable: {rank}."
    parts = [f"Item weights are {estimable.level}: {rank}, so many weightings fit these data equally well."]
    if estimable.constant:
        parts.append(f"Constant, so silent: {', '.join(estimable.constant)}.")
    if estimable.collinear:
        groups = "; ".join(" = ".join(group) for group in estimable.collinear)
        parts.append(f"Moving together exactly: {groups}.")
    return " ".join(parts)


def _item_sentence(result: WeightingResult) -> str | None:
    test = result.item_test
    if test is None:
        return None
    how = f"all {test.arrangements} arrangements" if test.enumerated else f"{test.arrangements} random arrangements"
    return (
        f"The item that goes best with the outcome is {test.item} (|r| = {number(test.max_r)}); "
        f"over {len(result.names)} items, so large a correlation turns up with {p_words(test.p_value)} when nothing "
        f"goes with anything ({how} of the outcome over sites; floor {number(test.floor)})."
    )


def sentences_of(result: WeightingResult) -> tuple[str, ...]:
    """Say the verdict, then estimability, then what the items show at all."""
    protocol = result.protocol
    if result.verdict == "cannot be tested":
        first = f"Whether weighting beats {_reference(result)} cannot be tested: {result.refused or 'no replicates'}."
        if result.item_test is not None and result.refused:
            first += (
                f" The one exact test that is left, permuting the outcome over sites, cannot reach a two-sided p below "
                f"{number(result.item_test.floor, 2)}."
            )
    else:
        rows = result.tables["verdicts"]
        at = rows["scheme"].index(result.headline)
        first = rows["sentence"][at]
        if protocol.primary is None and result.verdict != "weighted better by at least d":
            first = f"No scheme is shown to beat {_reference(result)}; the best of {len(rows['scheme']) - 1}: {first}"
    out = [first, estimability_sentence(result.estimable, protocol.n_sites)]
    items = _item_sentence(result)
    out += [sentence for sentence in (_many_sentence(result), _slopes_sentence(result)) if sentence is not None]
    return (*out, items) if items is not None else tuple(out)


def _many_sentence(result: WeightingResult) -> str | None:
    """Say what many schemes at once amount to."""
    test = result.superiority
    if test is None:
        return None
    rows, alpha = result.tables["verdicts"], 1 - result.protocol.confidence_level
    kept = [name for name, p in zip(rows["scheme"], rows["set_p"], strict=True) if p is not None and p > alpha]
    picks = _picks(result)
    leader = f", led by {test.scheme}" if test.statistic > 0 else ""
    told = f"{test.n_tried} schemes were tried against {_reference(result)}; that one of them is superior: "
    told += f"{p_words(test.p_value)}{leader}.{picks}"
    return f"{told} Not told from the best (model confidence set): {', '.join(kept)}." if kept else told


def _picks(result: WeightingResult) -> str:
    """Say what picking the best scheme without each site would have gained."""
    if result.picked_gain is None:
        return ""
    chosen = Counter(result.tables["picked"]["scheme"]).most_common(2)
    said = " and ".join(f"{name} for {count} site{'s' if count > 1 else ''}" for name, count in chosen)
    return f" Picking the best without each site gains {number(result.picked_gain)} ({said})."


def _slopes_sentence(result: WeightingResult) -> str | None:
    """Say whether item weights matter at all, by the tests that are defined."""
    found, scatter = result.global_test, result.scatter_test
    said = []
    if found.p_value is not None:
        said.append(
            f"F({found.df1:g}, {found.df2:g}) = {found.statistic:.2f}, {p_words(found.p_value)} for equal slopes"
        )
    if scatter.p_value is not None:
        said.append(f"{p_words(scatter.p_value)} for slopes that scatter about a common one, by the {scatter.method}")
    return f"Do item weights matter at all? {'; '.join(said)}." if said else None


def _reference(result: WeightingResult) -> str:
    name = result.protocol.reference
    return "the plain total" if name == "Unit" else name


def caveats_of(
    raw: dict[str, Any],
    data: ContestRows,
    protocol: Protocol,
    estimable: Estimable,
    pooled: dict[str, tuple[Any, ...]] | None,
) -> tuple[str, ...]:
    """List what a reader must know before quoting a number."""
    notes = list(data.notes)
    if data.gaps is not None:
        notes.append(missing_note(data.gaps, pooled))
    notes.append(
        f"Estimand: the expected out-of-sample gain in R2 of a rule trained on {protocol.training_sites} sites, over "
        f"{protocol.reference} under the same calibration; {protocol.outcome_kind} as outcome, site_weight "
        f'"{protocol.site_weight}".'
    )
    if data.from_outcome:
        notes.append(
            f"Scored from outcomes themselves, so they go with them by definition: {', '.join(data.from_outcome)}."
        )
    if estimable.constant:
        notes.append(
            "A constant item is silent about differences, which is not the same as unimportant; it keeps its weight."
        )
    failed = [n for n, entry in zip(protocol.schemes, raw["entries"], strict=True) if entry["failure"] is not None]
    if failed:
        notes.append(f"Out of the contest, having failed in some training folds: {', '.join(failed)}.")
    unequal = np.ptp(data.weights) > 1e-9 * np.max(data.weights)
    counted = data.outcome_kind != "numbers"
    if unequal and (raw["equal_slopes"] or (raw["scatter"] and not counted)):
        notes.append(_UNEQUAL[counted])
    if raw["undefined"]:
        notes.append(f"{raw['undefined']} null replicates had no defined gain; they count against weighting.")
    notes.append("Associations between sites are no effects on participants.")
    return tuple(notes)


def reporting(result: WeightingResult) -> tuple[str, ...]:
    """Write what a methods and a results section need, with the sources."""
    protocol = result.protocol
    counted = protocol.outcome_kind != "numbers"
    null = (
        "drawing counts from a beta-binomial regression on it (Prentice 1986, doi:10.1080/01621459.1986.10478275)"
        if counted
        else "permuting its residuals (Freedman and Lane 1983, doi:10.2307/1391660)"
    )
    tried = ", ".join(protocol.schemes)
    declared = (
        f"{protocol.primary} was declared beforehand" if protocol.primary else "no scheme was declared beforehand"
    )
    lines = [
        f"{len(protocol.schemes)} weighting schemes ({tried}) were compared with {_reference(result)} on "
        f"{protocol.n_items} items at {protocol.n_sites} sites, {protocol.validation_words}, with tuning nested inside "
        "and one calibration (intercept and slope) common to all, in Steelyard "
        f"(protocol {protocol.hash}, seed {protocol.seed}).",
        f"The smallest gain that would matter was set at {number(protocol.smallest_gain)} of the outcome's variance; "
        f"{declared}.",
    ]
    if result.replicates:
        lines.append(
            f"{len(protocol.schemes) - 1} schemes were tried against the reference; superiority of any of them was "
            "tested as by Hansen (2005, doi:10.1198/073500105000000063) on the same null replicates, and schemes not "
            "told from the best form a model confidence set (Hansen, Lunde and Nason 2011, doi:10.3982/ECTA5771)."
        )
        lines.append(
            f"Gains were tested against equal weights by refitting the reference and {null}, rerunning the whole "
            f"contest {result.replicates} times; intervals come from rerunning it without each site (jackknife, t with "
            f"{protocol.n_sites - 1} degrees of freedom; Efron and Stein 1981, doi:10.1214/aos/1176345462), and "
            "are never narrower than the spread of the gain under equal weights makes them."
        )
    if protocol.n_imputations:
        lines.append(
            f"Missing scores were imputed {protocol.n_imputations} times inside every training fold, from the other "
            "sites' scores alone; gains were averaged over the copies, their variances pooled by Rubin's rules (Rubin "
            "1987, doi:10.1002/9780470316696; Barnard and Rubin 1999, doi:10.1093/biomet/86.4.948), and the mean gain "
            "was tested."
        )
    return (*lines, *result.sentences)


def screen(result: WeightingResult) -> str:
    """Write the result on one screen."""
    protocol, rows, performance = result.protocol, result.tables["verdicts"], result.tables["performance"]
    width = max(len(name) for name in rows["scheme"])
    lines = [f"Weighting experiment: {result.verdict} ({result.estimable.level})"]
    lines += [f"  {sentence}" for sentence in result.sentences]
    lines.append(
        f"  {'':{width}}  held-out Q2    gain  [{protocol.confidence_level:.0%} interval]      p adj   won  verdict"
    )
    for c, name in enumerate(rows["scheme"]):
        if rows["verdict"][c] == "reference":
            cells = f"{'':7}  {'':17}  {'':6}  {'':4}  reference"
        else:
            ends = (
                f"[{number(rows['conf_low'][c])}, {number(rows['conf_high'][c])}]"
                if rows["conf_low"][c] is not None
                else "–"
            )
            p = "–" if rows["p_adjusted"][c] is None else number(rows["p_adjusted"][c])
            gain = "–" if rows["gain"][c] is None else number(rows["gain"][c])
            cells = f"{gain:>7}  {ends:>17}  {p:>6}  {performance['sites_won'][c]:>4}  {rows['verdict'][c]}"
        q2 = performance["q2"][c]
        status = "" if rows["status"][c] == "ok" else f" ({rows['status'][c]})"
        lines.append(f"  {name:{width}}  {'–' if q2 is None else number(q2):>11} {cells}{status}")
    lines.append(f"  {protocol}; {result.replicates} null replicates")
    lines += [f"  note: {note}" for note in result.caveats]
    return "\n".join(lines)
