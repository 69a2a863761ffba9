"""The result of a weighting experiment: verdicts first, then the numbers behind them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from ._experiment_data import Contestants, ContestRows
from ._experiment_missing import pooled_table
from ._experiment_reversals import reversals
from ._frames import frame_like
from ._html import table
from ._result import Result, serialisable
from .errors import SteelyardError

Floats = NDArray[np.float64]
Table = dict[str, tuple[Any, ...]]


@serialisable
@dataclasses.dataclass(frozen=True)
class Protocol:
    """What was decided before the contest ran, with its hash.

    Attributes
    ----------
    n_imputations : int
        Copies in which missing scores were imputed inside the folds; 0 when they were not.
    hash : str
        Of everything that was decided, the seed included.
    run_number : int
        How many different protocols had been run on these data in this session, this one included.
    """

    outcome: str
    outcome_kind: str
    schemes: tuple[str, ...]
    options: tuple[str, ...]
    reference: str
    primary: str | None
    site_weight: str
    exclude: tuple[str, ...]
    n_imputations: int
    validation: str
    n_sites: int
    n_rows: int
    n_items: int
    covariates: tuple[str, ...]
    seed: int
    smallest_gain: float
    n_resamples: int
    confidence_level: float
    hash: str
    run_number: int

    def __str__(self) -> str:
        chosen = f"primary {self.primary}" if self.primary else "no primary declared: the best of all that were tried"
        return (
            f"protocol {self.hash} (no. {self.run_number} on these data in this session): {len(self.schemes)} schemes, "
            f"{chosen}; {self.validation}; site_weight {self.site_weight}; d = {self.smallest_gain:g}; "
            f"seed {self.seed}"
        )


@serialisable
@dataclasses.dataclass(frozen=True)
class Estimable:
    """What the design can know about item weights: algebra, whatever the scheme.

    Attributes
    ----------
    level : str
        `estimable`, `some combinations estimable` or `not estimable`.
    rank : int
        Rank of the centred items after covariates.
    n_items : int
    constant : tuple of str
        Items that do not vary: silent about differences, which is not the same as unimportant.
    collinear : tuple of tuple of str
        Items that move together exactly.
    slopes : tuple of str
        Items, or sums of items that move together, whose slope the design determines.
    """

    level: str
    rank: int
    n_items: int
    constant: tuple[str, ...]
    collinear: tuple[tuple[str, ...], ...]
    slopes: tuple[str, ...]

    def __str__(self) -> str:
        return self.level

    def __bool__(self) -> bool:
        return self.level == "estimable"


@serialisable
@dataclasses.dataclass(frozen=True)
class ItemTest:
    """Exact permutation of the outcome over sites: whether any item goes with it at all.

    Attributes
    ----------
    max_r : float
        Largest |r| of an item with the outcome.
    item : str
        The item that has it.
    p_value : float
        Family-wise over all items.
    floor : float
        The smallest two-sided p that this design can reach.
    arrangements : int
    enumerated : bool
    monte_carlo_error : float
    """

    max_r: float
    item: str
    p_value: float
    floor: float
    arrangements: int
    enumerated: bool
    monte_carlo_error: float


@serialisable
@dataclasses.dataclass(frozen=True)
class GlobalTest:
    """Whether item weights matter at all: the null is one common slope for all items.

    Attributes
    ----------
    method : str
    statistic, p_value : float or None
    df1, df2 : float or None
    reason : str
        Why it is not defined, or empty.
    """

    method: str
    statistic: float | None
    p_value: float | None
    df1: float | None
    df2: float | None
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class WeightingResult(Result):
    """What a weighting experiment showed.

    Attributes
    ----------
    verdict : str
        Of the primary scheme, or of the best of all that were tried.
    verdicts, gains, slopes, weights, performance, stability : frame
    estimable : Estimable
    global_test : GlobalTest
    item_test : ItemTest or None
    floor : float or None
        The smallest p-value that this design can reach.
    protocol : Protocol
    sentences : tuple of str
        The verdict in plain English, with the numbers behind it.
    caveats : tuple of str
    """

    verdict: str
    headline: str | None
    sentences: tuple[str, ...]
    caveats: tuple[str, ...]
    estimable: Estimable
    global_test: GlobalTest
    item_test: ItemTest | None
    floor: float | None
    refused: str
    replicates: int
    undefined: int
    base_error: float
    outcome_variance: float
    protocol: Protocol
    tables: dict[str, Table]
    names: tuple[str, ...]
    sites: tuple[str, ...]
    site_totals: Floats
    site_outcomes: Floats
    site_sizes: Floats
    data_hash: str

    def _frame(self, name: str) -> Any:
        return frame_like(self.tables[name], self._like)

    @property
    def verdicts(self) -> Any:
        """One row per scheme: `scheme, verdict, status, gain, conf_low, conf_high, p_value, p_adjusted, sentence`."""
        return self._frame("verdicts")

    @property
    def gains(self) -> Any:
        """One row per scheme but the reference: gain in Q2, its interval, p, sites won, lost and tied."""
        return self._frame("gains")

    @property
    def slopes(self) -> Any:
        """One row per scheme and item: slope per scale point, its contrast to the mean slope, weight, marks."""
        return self._frame("slopes")

    @property
    def weights(self) -> Any:
        """One row per item, one column per scheme."""
        return self._frame("weights")

    @property
    def performance(self) -> Any:
        """One row per scheme: held-out Q2, mean squared error, sites won."""
        return self._frame("performance")

    @property
    def stability(self) -> Any:
        """One row per scheme and item: range of the weight over training folds, which is no confidence interval."""
        return self._frame("stability")

    @property
    def influence(self) -> Any:
        """One row per scheme and site: the gain when the whole contest is rerun without the site."""
        return self._frame("influence")

    @property
    def reversals(self) -> Any:
        """One row per scheme and site: total, equated weighted total, ranks, and bands where the scale has them."""
        return self._frame("reversals")

    @property
    def imputation(self) -> Any:
        """One row per scheme: how its gain was pooled over completed copies; None where nothing was imputed."""
        return self._frame("imputation") if "imputation" in self.tables else None

    @property
    def how_to_report(self) -> tuple[str, ...]:
        """Sentences for a paper: what was done, with sources, and what it showed."""
        from ._experiment_words import reporting

        return reporting(self)

    def to_html(self, path: Any = None) -> str:
        """Return the result as one self-contained page with its figures, and write it to `path` if there is one."""
        from ._experiment_page import page

        text = page(self)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def tidy(self) -> Any:
        """Return one row per scheme but the reference: its gain, with the p-value adjusted for all schemes."""
        gains = self.tables["gains"]
        return frame_like(
            {
                "term": gains["scheme"],
                "estimate": gains["gain"],
                "std_error": gains["std_error"],
                "statistic": tuple(None for _ in gains["scheme"]),
                "p_value": gains["p_adjusted"],
                "conf_low": gains["conf_low"],
                "conf_high": gains["conf_high"],
            },
            self._like,
        )

    def sites_needed(self, **assumptions: Any) -> NoReturn:
        """Not available in this version: the planner of sample size from assumed truths is still to come.

        Raises
        ------
        SteelyardError
            Always; it says what to do until then.
        """
        raise SteelyardError(
            f"sites_needed is not available in this version (asked with {', '.join(assumptions) or 'no assumptions'}). "
            "Until it is, simulate: run WeightingExperiment on sy.datasets.synthetic_sites of several sizes."
        )

    def __repr__(self) -> str:
        from ._experiment_words import screen

        return screen(self)

    def _repr_html_(self) -> str:
        import html

        gains = self.tables["verdicts"]
        columns = ("scheme", "held-out Q2", "gain", "from", "to", "p", "p, all schemes", "sites won", "verdict")
        rows = list(
            zip(
                gains["scheme"],
                self.tables["performance"]["q2"],
                gains["gain"],
                gains["conf_low"],
                gains["conf_high"],
                gains["p_value"],
                gains["p_adjusted"],
                self.tables["performance"]["sites_won"],
                gains["verdict"],
                strict=True,
            )
        )
        lead = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in self.sentences)
        note = f"Gain: Q2 minus that of {self.protocol.reference}; {self.protocol}."
        notes = "".join(f"<li>{html.escape(text)}</li>" for text in self.caveats)
        caption = f"Weighting experiment: {self.verdict}"
        return f"{lead}{table(caption, columns, rows, note=note)}<ul>{notes}</ul>"

    def plot(self, kind: str = "slopes", ax: Any = None) -> Any:
        """Draw one figure; returns the Axes.

        Parameters
        ----------
        kind
            "slopes": each item's slope under every scheme, with the common slope; "gains": the gain of every scheme
            with its interval and d; "outcome": plain total against outcome, points by size.
        ax
            Matplotlib Axes; made when None.
        """
        from ._experiment_plots import draw

        return draw(self, kind, ax)

    def plot_slopes(self, ax: Any = None) -> Any:
        """Draw the forest of slopes."""
        return self.plot("slopes", ax)

    def plot_gains(self, ax: Any = None) -> Any:
        """Draw the forest of gains."""
        return self.plot("gains", ax)

    def plot_outcome(self, ax: Any = None) -> Any:
        """Draw the plain total against the outcome."""
        return self.plot("outcome", ax)


def result_from(
    raw: dict[str, Any],
    data: ContestRows,
    schemes: Contestants,
    protocol: Protocol,
    hashed: str,
    imputation: list[dict[str, Any]] | None = None,
) -> WeightingResult:
    """Build the public result from what the core returned; `imputation` says how gains over copies were pooled."""
    from ._experiment_words import caveats_of, sentences_of

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
    )
    headline, verdict = _headline(entries, schemes, raw["refused"])
    tables = _tables(raw, data, schemes, result) | ({} if pooled is None else {"imputation": pooled})
    result = dataclasses.replace(result, verdict=verdict, headline=headline, tables=tables)
    return dataclasses.replace(result, sentences=sentences_of(result))


def _global_test(raw: dict[str, Any], sites: int, items: int, imputed: bool) -> GlobalTest:
    found = raw["equal_slopes"]
    method = "F test of equal slopes (Gaussian errors, constant variance)"
    if imputed:
        return GlobalTest(
            method, None, None, None, None, "on one completion of the scores it would be too sure of them"
        )
    if found is None:
        why = (
            f"{sites} sites leave no degrees of freedom for {items} free slopes"
            if sites <= items + 1
            else "not every slope is estimable, or rows are not sites"
        )
        return GlobalTest(method, None, None, None, None, why)
    return GlobalTest(method, found["statistic"], found["p_value"], found["df1"], found["df2"])


def _headline(entries: list[dict[str, Any]], schemes: Contestants, refused: str) -> tuple[str | None, str]:
    """Return the scheme that the headline is about and its verdict."""
    others = [c for c in range(len(entries)) if c != schemes.reference]
    if refused:
        return None, "cannot be tested"
    if schemes.primary is not None:
        at = schemes.names.index(schemes.primary)
        return schemes.primary, entries[at]["verdict"]
    best = max(others, key=lambda c: (entries[c]["verdict"] == "weighted better by at least d", entries[c]["gain"]))
    verdicts = {entries[c]["verdict"] for c in others}
    if entries[best]["verdict"] == "weighted better by at least d":
        return schemes.names[best], entries[best]["verdict"]
    if verdicts <= {"equivalent within d", "unit better by at least d"}:
        return schemes.names[best], entries[best]["verdict"]
    return schemes.names[best], "cannot be tested" if verdicts == {"cannot be tested"} else "inconclusive"


def _tables(raw: dict[str, Any], data: ContestRows, schemes: Contestants, result: WeightingResult) -> dict[str, Table]:
    from ._experiment_words import verdict_sentence

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
        "reversals": reversals(
            tuple(schemes.names[c] for c in rest),
            [np.array(entries[c]["fit"]["weights"]) for c in rest],
            [bool(entries[c]["fit"]["signed"]) for c in rest],
            data,
        ),
    }


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
