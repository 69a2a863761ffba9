"""Fidelity: totals, subscales, bands and item profiles of a set of sites, and gaps between two groups of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._brief import brief
from ._feasible import FeasibleScores
from ._frames import columns_of, frame_in, is_frame
from ._groups import groups_of, membership, sides
from ._html import listed, table
from ._long import Progress, run_long
from ._printed import printed_caveats
from ._random import RNG, seed_of
from ._result import Result, data_hash, serialisable
from .errors import refuse
from .scale import Scale
from .study import Study

if TYPE_CHECKING:
    from ._feasible import FidelityRanges

__all__ = ["Contrast", "FidelityResult", "fidelity"]

# Up to this many splits of sites are enumerated.
_ENUMERATED = 5_000_000


@serialisable
@dataclasses.dataclass(frozen=True, slots=True)
class Contrast:
    """What the gaps compare, and what the test of them can reach.

    Attributes
    ----------
    first, second : str
        The gap is the mean of `first` minus the mean of `second`.
    first_sites, second_sites, left_out : tuple of str
    groups_from : str
        Where the groups were taken from.
    n_splits : int
        Ways of choosing the first group that were visited.
    enumerated : bool
        Whether these are all there are.
    floor : float
        The smallest two-sided p-value within reach.
    monte_carlo_error : float
        Largest standard error of a p-value by random splits; 0 when enumerated.
    max_difference, max_difference_p : float or None
        The largest absolute item gap and its p-value: one test of all items.
    max_correlation, max_correlation_p : float or None
        The same for the largest absolute correlation of an item with group membership.
    seed : int
        Of random splits; unused when enumerated.
    """

    first: str
    second: str
    first_sites: tuple[str, ...]
    second_sites: tuple[str, ...]
    left_out: tuple[str, ...]
    groups_from: str
    n_splits: int
    enumerated: bool
    floor: float
    monte_carlo_error: float
    max_difference: float | None
    max_difference_p: float | None
    max_correlation: float | None
    max_correlation_p: float | None
    seed: int

    def __str__(self) -> str:
        how = f"all {self.n_splits} splits" if self.enumerated else f"{self.n_splits} random splits"
        return (
            f"{self.first} ({', '.join(self.first_sites)}) minus {self.second} ({', '.join(self.second_sites)}); "
            f"{how} of the sites, smallest p within reach {self.floor:.3g}"
        )


@dataclasses.dataclass(frozen=True)
class FidelityResult(Result):
    """Fidelity of a set of sites.

    Attributes
    ----------
    totals : frame
        One row per site: `site, total, band, low, high, band_low, band_high, n_scored`.
    items : frame
        One row per item: mean, SD, minimum, maximum, floor and ceiling share, constant, correlation with the rest.
    subscales : frame
        One row per site and subscale: `site, subscale, sum`, with the possible range.
    bands : frame
        One row per band: `band, from, below, n, sites`.
    gaps : frame or None
        One row per item, subscale and the total: group means, `difference, p_value, p_adjusted, status`.
    contrast : Contrast or None
        What the gaps compare.
    mean, sd, median, minimum, maximum : float or None
        Of the totals (SD with n - 1).
    alpha : float or None
        Cronbach's alpha over the sites.
    caveats : tuple of str
    """

    scale: Scale
    site_ids: tuple[str, ...]
    scores: NDArray[np.float64]
    mean: float | None
    sd: float | None
    median: float | None
    minimum: float | None
    maximum: float | None
    alpha: float | None
    tables: dict[str, dict[str, tuple[Any, ...]]]
    contrast: Contrast | None
    caveats: tuple[str, ...]
    data_hash: str
    library: str = "pandas"

    @property
    def totals(self) -> Any:
        """Total and band of every site, with bounds over missing scores."""
        return frame_in(self.tables["totals"], self.library)

    @property
    def items(self) -> Any:
        """Profile of every item."""
        return frame_in(self.tables["items"], self.library)

    @property
    def subscales(self) -> Any:
        """Sum of every subscale at every site."""
        return frame_in(self.tables["subscales"], self.library)

    @property
    def bands(self) -> Any:
        """Sites in every band."""
        return frame_in(self.tables["bands"], self.library)

    @property
    def gaps(self) -> Any:
        """Gaps between the two groups, or None without groups."""
        return frame_in(self.tables["gaps"], self.library) if "gaps" in self.tables else None

    def tidy(self) -> Any:
        """Return one row per estimate: mean total, subscale and item means, and gaps with their p-values.

        Examples
        --------
        >>> import steelyard as sy
        >>> sy.fidelity(sy.datasets.norway_ips()).tidy().loc[0, "term"]
        'total'
        """
        items, sums = self.tables["items"], self.tables["subscales"]
        rows: list[tuple[str, str, Any, Any, Any, Any]] = [("total", "mean", self.mean, self.sd, None, None)]
        for subscale in dict.fromkeys(sums["subscale"]):
            values = [s for s, name in zip(sums["sum"], sums["subscale"], strict=True) if name == subscale]
            known = np.array([v for v in values if v is not None])
            spread = float(known.std(ddof=1)) if known.size > 1 else None
            rows.append((subscale, "mean", float(known.mean()) if known.size else None, spread, None, None))
        rows += [
            (item, "mean", mean, sd, None, None)
            for item, mean, sd in zip(items["item"], items["mean"], items["sd"], strict=True)
        ]
        if "gaps" in self.tables:
            gaps = self.tables["gaps"]
            rows += [
                (term, "gap", difference, None, p, adjusted)
                for term, difference, p, adjusted in zip(
                    gaps["term"], gaps["difference"], gaps["p_value"], gaps["p_adjusted"], strict=True
                )
            ]
        names = ("term", "kind", "estimate", "std_dev", "p_value", "p_adjusted")
        return frame_in(dict(zip(names, zip(*rows, strict=True), strict=True)), self.library)

    def __repr__(self) -> str:
        lines = [f"Fidelity of {len(self.site_ids)} sites on {self.scale.id}"]
        totals = self.tables["totals"]
        sites = [
            f"  {site}: {'no total' if total is None else f'{total:g}'}{f' ({band})' if band else ''}"
            for site, total, band in zip(totals["site"], totals["total"], totals["band"], strict=True)
        ]
        lines += brief(sites, ".totals")
        if self.mean is not None and self.sd is not None:
            lines.append(f"  mean {self.mean:.2f}, SD {self.sd:.2f}, median {self.median:g}")
        if self.contrast is not None:
            lines += [f"  gaps: {self.contrast}", *self._largest_gaps()]
        return "\n".join(lines + [f"  note: {text}" for text in self.caveats])

    def _largest_gaps(self, most: int = 3) -> list[str]:
        gaps = self.tables["gaps"]
        order = [j for j, kind in enumerate(gaps["kind"]) if kind == "item" and gaps["difference"][j] is not None]
        order.sort(key=lambda j: -abs(gaps["difference"][j]))
        lines = []
        for j in order[:most]:
            p, adjusted = gaps["p_value"][j], gaps["p_adjusted"][j]
            tested = gaps["status"][j] if p is None else f"p = {p:.3g}, adjusted {adjusted:.3g}"
            lines.append(f"    {gaps['term'][j]}: {gaps['difference'][j]:+.2f} ({tested})")
        return lines

    def _html(self) -> str:
        captions = {"totals": f"Fidelity totals, {self.scale.id}", "bands": "Bands", "items": "Items"}
        if self.contrast is not None:
            captions["gaps"] = f"Gaps: {self.contrast}"
        parts = [
            table(caption, list(self.tables[name]), list(zip(*self.tables[name].values(), strict=True)))
            for name, caption in captions.items()
            if name != "bands" or self.tables[name]["band"]
        ]
        return "".join(parts) + listed(self.caveats)

    def plot(self, ax: Any = None) -> Any:
        """Draw the heat strip: items x sites with the scores printed, sites ordered by total.

        Parameters
        ----------
        ax
            Matplotlib Axes to draw on; made when None.

        Returns
        -------
        matplotlib.axes.Axes

        Examples
        --------
        >>> import steelyard as sy
        >>> ax = sy.fidelity(sy.datasets.norway_ips()).plot()
        >>> len(ax.get_yticklabels())
        25
        """
        from ._fidelity_plots import heat_strip

        return heat_strip(self, ax)

    def plot_items(self, ax: Any = None) -> Any:
        """Draw the item profile: mean, range and the scores of all sites; with groups, one mark per group mean.

        Examples
        --------
        >>> import steelyard as sy
        >>> ax = sy.fidelity(sy.datasets.norway_ips()).plot_items()
        >>> ax.get_xlabel()
        'score (area of a dot: sites with it)'
        """
        from ._fidelity_plots import item_profile

        return item_profile(self, ax)


@overload
def fidelity(
    scores: FeasibleScores, *, groups: Any = None, contrast: str | tuple[str, str] | None = None
) -> FidelityRanges: ...
@overload
def fidelity(
    scores: Any,
    *,
    scale: Scale | str | None = None,
    groups: str | Mapping[Any, Any] | Sequence[Any] | None = None,
    contrast: str | tuple[str, str] | None = None,
    n_resamples: int = 9999,
    rng: RNG = None,
    progress: Progress = None,
) -> FidelityResult: ...
def fidelity(
    scores: Any,
    *,
    scale: Scale | str | None = None,
    groups: str | Mapping[Any, Any] | Sequence[Any] | None = None,
    contrast: str | tuple[str, str] | None = None,
    n_resamples: int = 9999,
    rng: RNG = None,
    progress: Progress = None,
) -> FidelityResult | FidelityRanges:
    """Describe the fidelity of a set of sites, and the gaps between two groups of them.

    Parameters
    ----------
    scores
        A `Study`; what `study.feasible_scores()` returned (then every number is a range over the feasible matrices); or
        a frame with a `site` column and one column per item; or an array, sites x items.
    scale
        Needed for an array; for a frame it may be left out when the columns are those of a shipped instrument.
    groups
        A site column by name, a mapping from site to group, or a sequence in the order of the sites.
    contrast
        Which group is subtracted from which: `"high minus less"` (a unique beginning of each label is enough), or a
        pair of labels. Never assumed.
    n_resamples, rng, progress
        Random splits, their seed and their bar, used only beyond 5 million splits.

    Returns
    -------
    FidelityResult
        `FidelityRanges` for feasible scores.

    Notes
    -----
    p-values are two-sided by the absolute difference of means over all splits of the sites into groups of the same
    sizes, ties counted in full; `p_adjusted` compares with the largest absolute gap over the family (items, or
    subscales) in each split (single-step maxT, Westfall and Young 1993). They are exact when sites are exchangeable.

    Examples
    --------
    >>> import steelyard as sy
    >>> result = sy.fidelity(sy.datasets.norway_ips(), groups="employment_group", contrast="high minus less")
    >>> round(result.mean, 2), round(result.sd, 2), result.median
    (98.17, 8.06, 99.5)
    >>> gaps = result.gaps.set_index("term")
    >>> gaps.loc["job_development_quality", ["difference", "p_value"]].round(2).tolist()
    [2.67, 0.1]
    """
    if isinstance(scores, FeasibleScores):
        return scores.fidelity(groups=groups, contrast=contrast)
    study, said = _study_of(scores, scale, groups)
    scale = study.scale
    matrix = np.ascontiguousarray(study.score_matrix)
    text = scale.to_json()
    raw = _core.fidelity_describe(text, matrix)
    tables = _tables(scale, study.site_ids, raw)
    result = FidelityResult(
        scale=scale,
        site_ids=study.site_ids,
        scores=matrix,
        **{name: raw["spread"][name] for name in ("mean", "sd", "median", "minimum", "maximum")},
        alpha=raw["alpha"],
        tables=tables,
        contrast=None,
        caveats=(*said, *study.caveats, *printed_caveats(study), *_band_caveats(tables["totals"])),
        data_hash=data_hash(matrix),
        library=study.library,
    )
    if groups is None and contrast is None:
        return result
    return _with_gaps(result, study, groups, contrast, n_resamples, rng, progress)


def _study_of(scores: Any, scale: Scale | str | None, groups: Any) -> tuple[Study, tuple[str, ...]]:
    if isinstance(scores, Study):
        if scale is not None:
            raise refuse("scale given beside a Study, which has its own", at="scale")
        return scores, ()
    table_like = is_frame(scores) or isinstance(scores, Mapping)
    said: tuple[str, ...] = ()
    if scale is None:
        found = [
            id for id in Scale.available() if table_like and set(Scale.load(id).item_ids) <= set(columns_of(scores))
        ]
        if len(found) != 1:
            raise refuse(
                "scale not stated",
                at="scale",
                allowed=f"a Scale, a path, or one of {', '.join(Scale.available())}",
                remedy='Pass scale="ips-25", for instance.',
            )
        scale = found[0]
        said = (f"The scale was recognised by its columns: {scale}.",)
    columns = [groups] if table_like and isinstance(groups, str) else []
    return Study(scores, scale=scale, site_columns=columns, missing="bounds"), said


def _tables(scale: Scale, sites: Sequence[str], raw: dict[str, Any]) -> dict[str, dict[str, tuple[Any, ...]]]:
    totals = raw["totals"]
    named = ("total", "band", "low", "high", "band_low", "band_high", "n_scored", "reason")
    place = {id: s.id for s in scale.subscales for id in s.items}
    spreads = [item["spread"] for item in raw["items"]]
    items: dict[str, tuple[Any, ...]] = {
        "item": scale.item_ids,
        "title": tuple(item.title for item in scale.items),
        "subscale": tuple(place.get(id) for id in scale.item_ids),
    }
    items |= {name: tuple(s[name] for s in spreads) for name in ("n", "mean", "sd", "median", "minimum", "maximum")}
    items |= {
        name: tuple(item[name] for item in raw["items"])
        for name in ("floor", "ceiling", "constant", "rest_correlation")
    }
    items["scored_from_outcome"] = tuple(item.scored_from_outcome for item in scale.items)
    cells = [
        (site, subscale.id, profile["sums"][i], profile["possible"][0], profile["possible"][1])
        for subscale, profile in zip(scale.subscales, raw["subscales"], strict=True)
        for i, site in enumerate(sites)
    ]
    heads = ("site", "subscale", "sum", "lowest_possible", "highest_possible")
    bands = raw["bands"]
    return {
        "totals": {"site": tuple(sites)} | {name: tuple(t[name] for t in totals) for name in named},
        "items": items,
        "subscales": {head: tuple(cell[j] for cell in cells) for j, head in enumerate(heads)},
        "bands": {
            "band": tuple(band["label"] for band in bands),
            "from": tuple(band["from"] for band in bands),
            "below": tuple(band["below"] for band in bands),
            "n": tuple(len(band["sites"]) for band in bands),
            "sites": tuple(", ".join(sites[i] for i in band["sites"]) for band in bands),
        },
    }


def _band_caveats(totals: Mapping[str, Sequence[Any]]) -> tuple[str, ...]:
    open_sites = [
        f"{site} ({low} to {high})"
        for site, low, high in zip(totals["site"], totals["band_low"], totals["band_high"], strict=True)
        if low != high
    ]
    return (f"The band is not settled while scores are missing: {', '.join(open_sites)}.",) if open_sites else ()


def _with_gaps(
    result: FidelityResult,
    study: Study,
    groups: Any,
    contrast: Any,
    n_resamples: int,
    rng: RNG,
    progress: Progress,
) -> FidelityResult:
    if isinstance(n_resamples, bool) or not isinstance(n_resamples, int) or not 1 <= n_resamples <= 10**9:
        raise refuse("number of resamples not allowed", at="n_resamples", got=repr(n_resamples), allowed="1 to 10**9")
    labels, source = groups_of(study, groups, contrast)
    first, second = sides(labels, contrast)
    group = membership(study, labels, first, second)
    seed = seed_of(rng)

    def finish(raw: dict[str, Any]) -> FidelityResult:
        tables = result.tables | {"gaps": _gap_table(result.scale, raw)}
        return dataclasses.replace(
            result, tables=tables, contrast=_contrast(study, group, (first, second), source, raw, seed)
        )

    done: FidelityResult = run_long(
        _core.fidelity_gaps,
        result.scale.to_json(),
        result.scores,
        group,
        n_resamples,
        _ENUMERATED,
        seed,
        progress=progress,
        description="gaps",
        finish=finish,
    )
    return done


def _gap_table(scale: Scale, raw: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    gaps = [*raw["items"], *raw["subscales"], raw["total"]]
    kinds = ["item"] * len(raw["items"]) + ["subscale"] * len(raw["subscales"]) + ["total"]

    def p(name: str, which: str) -> tuple[Any, ...]:
        return tuple(None if gap[name] is None else gap[name][which] for gap in gaps)

    return {
        "term": (*scale.item_ids, *(s.id for s in scale.subscales), "total"),
        "kind": tuple(kinds),
        "mean_first": tuple(gap["mean_first"] for gap in gaps),
        "mean_second": tuple(gap["mean_second"] for gap in gaps),
        "difference": tuple(gap["difference"] for gap in gaps),
        "p_value": p("p", "weak"),
        "p_adjusted": p("adjusted", "weak"),
        "p_strict": p("p", "strict"),
        "p_mid": p("p", "mid"),
        "status": tuple(gap["status"] for gap in gaps),
    }


def _contrast(
    study: Study,
    group: Sequence[bool | None],
    names: tuple[str, str],
    source: str,
    raw: dict[str, Any],
    seed: int,
) -> Contrast:
    def sites(which: bool | None) -> tuple[str, ...]:
        return tuple(site for site, side in zip(study.site_ids, group, strict=True) if side is which)

    def overall(name: str) -> tuple[float | None, float | None]:
        return (None, None) if raw[name] is None else (raw[name]["statistic"], raw[name]["p"]["weak"])

    difference, difference_p = overall("max_difference")
    correlation, correlation_p = overall("max_correlation")
    return Contrast(
        first=names[0],
        second=names[1],
        first_sites=sites(True),
        second_sites=sites(False),
        left_out=sites(None),
        groups_from=source,
        n_splits=raw["n_splits"],
        enumerated=raw["enumerated"],
        floor=raw["floor"],
        monte_carlo_error=raw["monte_carlo_error"],
        max_difference=difference,
        max_difference_p=difference_p,
        max_correlation=correlation,
        max_correlation_p=correlation_p,
        seed=seed,
    )
