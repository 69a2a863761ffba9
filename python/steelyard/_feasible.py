"""Score matrices that are compatible with everything a report printed, and fidelity as ranges over them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._audit_table import TableSolution, solve
from ._brief import brief
from ._cells import label
from ._frames import columns_of, frame_in
from ._html import listed, table
from ._result import Result
from .errors import refuse
from .scale import Scale

if TYPE_CHECKING:
    from .study import Study

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, repr=False)
class FeasibleScores(Result):
    """What the scores behind a printed table can be.

    Attributes
    ----------
    consistent : bool
        Whether the scores as printed already explain every printed mean.
    step : float or None
        The coarsest step of scores that explains them.
    n_matrices : float or None
        How many matrices do; None where they were not counted.
    solution : TableSolution
        The solver's whole answer, conflicts and hidden amounts included.
    cell_low, cell_high : ndarray, sites x items
        What each score can be.
    matrices : tuple of ndarray, sites x items
        The simplest of them: those that change the scores of as few sites as possible. `changed` says which.
    changed : tuple of tuple of str
    """

    scale: Scale
    site_ids: tuple[str, ...]
    groups: dict[str, tuple[str, ...]]
    solution: TableSolution
    cell_low: Floats
    cell_high: Floats
    matrices: tuple[Floats, ...]
    changed: tuple[tuple[str, ...], ...]
    caveats: tuple[str, ...]
    library: str = "pandas"

    @property
    def consistent(self) -> bool:
        """Whether the printed scores explain every printed mean."""
        return self.solution.consistent

    @property
    def step(self) -> float | None:
        """The step of the scores that explain the printed means."""
        return self.solution.step

    @property
    def n_matrices(self) -> float | None:
        """How many matrices explain them."""
        return self.solution.matrices

    def study(self, changed: str | Sequence[str]) -> Study:
        """Return the study with the simplest matrix that changes the scores of the named site(s).

        Examples
        --------
        >>> import steelyard as sy
        >>> other = sy.datasets.norway_ips().feasible_scores().study("3")
        >>> float(other.score_matrix[2].sum()), other.constant_items
        (96.0, ('caseload_size',))
        """
        from .study import Study

        wanted = (changed,) if isinstance(changed, str) else tuple(changed)
        if wanted not in self.changed:
            raise refuse(
                "no simplest matrix changes just these sites",
                got=", ".join(wanted),
                allowed="; ".join(", ".join(sites) for sites in self.changed),
            )
        scale = self.scale if self.step in (None, 1.0) else self.scale.replace(step=self.step)
        return Study(self.matrices[self.changed.index(wanted)], scale=scale, site=list(self.site_ids), missing="bounds")

    def fidelity(self, *, groups: Any = None, contrast: Any = None) -> FidelityRanges:
        """Return totals, bands, item means and gaps as ranges over the feasible matrices.

        Parameters
        ----------
        groups
            Group of each site as a mapping or sequence; None: the groups of the printed means.
        contrast
            As in `sy.fidelity`; None: no gaps.

        Examples
        --------
        >>> import steelyard as sy
        >>> ranges = sy.datasets.norway_ips().feasible_scores().fidelity()
        >>> [round(x, 2) for x in (*ranges.mean, *ranges.sd)]
        [97.17, 97.17, 6.71, 9.45]
        """
        return _ranges(self, groups, contrast)

    def tidy(self) -> Any:
        """Return one row per score that can differ from print: site, item, printed, low, high."""
        printed = self.solution.printed.T
        places = np.argwhere((self.cell_low < printed) | (self.cell_high > printed))
        return frame_in(
            {
                "site": [self.site_ids[i] for i, _ in places],
                "item": [self.scale.item_ids[j] for _, j in places],
                "printed": [float(printed[i, j]) for i, j in places],
                "low": [float(self.cell_low[i, j]) for i, j in places],
                "high": [float(self.cell_high[i, j]) for i, j in places],
            },
            self.library,
        )

    def _lines(self) -> list[str]:
        lines = repr(self.solution).splitlines()
        if self.n_matrices:
            lines.append(f"{self.n_matrices:,.0f} matrices are compatible with what was printed.")
        return lines

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _html(self) -> str:
        return self.solution._html()

    def plot(self, ax: Any = None) -> Any:
        """Draw the printed scores; cells that can differ carry their range. Returns the Axes."""
        return self.solution.plot(ax)


@dataclasses.dataclass(frozen=True, repr=False)
class FidelityRanges(Result):
    """Fidelity as ranges over all score matrices that are compatible with what was printed.

    Attributes
    ----------
    mean, sd : tuple of float
        Range of mean and SD of the totals (all matrices; SD over the listed ones where the solver has no range).
    totals : frame
        `site, printed, low, high, band_printed, band_low, band_high, band_certain`.
    items : frame
        `item, printed_mean, low, high, constant`: `always`, `never` or `in some`.
    gaps : frame or None
        `term, kind, printed, low, high, exact` and the range of p over the listed matrices.
    """

    n_matrices: float | None
    listed: tuple[str, ...]
    mean: tuple[float, float]
    sd: tuple[float, float] | None
    tables: dict[str, dict[str, tuple[Any, ...]]]
    contrast: str | None
    caveats: tuple[str, ...]
    library: str = "pandas"

    @property
    def totals(self) -> Any:
        """Range of the total and band of every site."""
        return frame_in(self.tables["totals"], self.library)

    @property
    def items(self) -> Any:
        """Range of the mean of every item."""
        return frame_in(self.tables["items"], self.library)

    @property
    def gaps(self) -> Any:
        """Range of every gap, or None without a contrast."""
        return frame_in(self.tables["gaps"], self.library) if "gaps" in self.tables else None

    def tidy(self) -> Any:
        """Return one row per site total."""
        return self.totals

    def _lines(self) -> list[str]:
        count = "" if self.n_matrices is None else f" over {self.n_matrices:,.0f} matrices"
        lines = [f"Fidelity as ranges{count}: mean {_span(*self.mean)}"]
        if self.sd is not None:
            lines[0] += f", SD {_span(*self.sd)}"
        rows, sites = self.tables["totals"], []
        for site, printed, low, high, first, last in zip(
            *(rows[name] for name in ("site", "printed", "low", "high", "band_low", "band_high")), strict=True
        ):
            band = f" ({first})" if first == last else f" ({first} or {last})"
            sites.append(f"  {site}: printed {printed:g}, possible {_span(low, high)}{band}")
        return [*lines, *brief(sites, ".totals")]

    def __repr__(self) -> str:
        return "\n".join(self._lines() + [f"  note: {text}" for text in self.caveats])

    def _html(self) -> str:
        parts = [
            table(caption, list(self.tables[name]), list(zip(*self.tables[name].values(), strict=True)))
            for name, caption in (("totals", "Totals as ranges"), ("items", "Item means as ranges"), ("gaps", "Gaps"))
            if name in self.tables
        ]
        return "".join(parts) + listed((self._lines()[0], *self.caveats))


def _span(low: float, high: float) -> str:
    return f"{low:.2f}" if np.isclose(low, high) else f"{low:.2f} to {high:.2f}"


def feasible_scores(study: Study, steps: Sequence[Any]) -> FeasibleScores:
    """Solve the printed table of a study: see `Study.feasible_scores`."""
    published = study.published
    if published is None or published.item_means is None:
        raise refuse(
            "no printed item means in this study",
            at="published",
            remedy="Attach them: study.attach(published=sy.study.Published(item_means=frame, group_column=...)).",
        )
    if np.isnan(study.score_matrix).any():
        raise refuse("scores with gaps cannot be compared with printed means", remedy="Complete the scores as printed.")
    columns = columns_of(published.item_means)
    place = {str(item): row for row, item in enumerate(columns["item_id"])}
    means = {
        name.removeprefix("mean_"): [None if item not in place else str(cells[place[item]]) for item in study.item_ids]
        for name, cells in columns.items()
        if name.startswith("mean_")
    }
    groups: dict[str, tuple[str, ...]] = {}
    if published.group_column is not None:
        labels = [label(x) for x in study.site_column(published.group_column)]
        for name in means:
            members = tuple(site for site, own in zip(study.site_ids, labels, strict=True) if own == name)
            if members:
                groups[name] = members
    found = solve(
        [[_printed(x) for x in column] for column in study.score_matrix.T],
        row_means=means,
        groups=groups,
        rows=study.item_ids,
        columns=study.site_ids,
        low=_one_end([item.minimum for item in study.scale.items]),
        high=_one_end([item.maximum for item in study.scale.items]),
        steps=steps,
    )
    printed = found.printed.T
    return FeasibleScores(
        scale=study.scale,
        site_ids=study.site_ids,
        groups=groups,
        solution=found,
        cell_low=printed if found.low is None else found.low.T,
        cell_high=printed if found.high is None else found.high.T,
        matrices=tuple(one.scores.T for one in found.simplest) or (printed,),
        changed=tuple(one.columns for one in found.simplest) or ((),),
        caveats=()
        if found.consistent
        else ("Scores as printed cannot give the printed means: what follows is a range.",),
        library=study.library,
    )


def _printed(x: float) -> str:
    return f"{x:g}"


def _one_end(ends: Sequence[float]) -> str | None:
    return _printed(ends[0]) if len(set(ends)) == 1 else None


def _ranges(feasible: FeasibleScores, groups: Any, contrast: Any) -> FidelityRanges:
    scale, sites = feasible.scale, feasible.site_ids
    found, printed = feasible.solution, feasible.solution.printed.T
    low = feasible.cell_low.sum(axis=1) if found.totals is None else found.totals[:, 0]
    high = feasible.cell_high.sum(axis=1) if found.totals is None else found.totals[:, 1]
    band = [[scale.band(float(t)) for t in ends] for ends in zip(printed.sum(axis=1), low, high, strict=True)]
    listed = feasible.matrices
    sds = [float(m.sum(axis=1).std(ddof=1)) for m in listed]
    item_low, item_high = _item_ranges(feasible, sites)
    tables: dict[str, dict[str, tuple[Any, ...]]] = {
        "totals": {
            "site": sites,
            "printed": tuple(printed.sum(axis=1).tolist()),
            "low": tuple(low.tolist()),
            "high": tuple(high.tolist()),
            "band_printed": tuple(b[0] for b in band),
            "band_low": tuple(b[1] for b in band),
            "band_high": tuple(b[2] for b in band),
            "band_certain": tuple(b[1] == b[2] for b in band),
        },
        "items": {
            "item": scale.item_ids,
            "printed_mean": tuple(printed.mean(axis=0).tolist()),
            "low": tuple((item_low / len(sites)).tolist()),
            "high": tuple((item_high / len(sites)).tolist()),
            "constant": tuple(
                _constant(feasible.cell_low[:, j], feasible.cell_high[:, j], item_low[j], item_high[j])
                for j in range(len(item_low))
            ),
        },
    }
    changed = tuple("as printed" if not sites_ else f"all in {', '.join(sites_)}" for sites_ in feasible.changed)
    words = None
    if contrast is not None:
        words, tables["gaps"] = _gaps(feasible, groups, contrast)
    return FidelityRanges(
        n_matrices=feasible.n_matrices,
        listed=changed,
        mean=(float(low.mean()), float(low.mean())) if found.mean is None else found.mean,
        sd=found.sd if found.sd is not None else (min(sds), max(sds)),
        tables=tables,
        contrast=words,
        caveats=feasible.caveats,
        library=feasible.library,
    )


def _constant(low: Floats, high: Floats, sum_low: float, sum_high: float) -> str:
    """Tell whether an item has one score at all sites: its common score must fit every cell and the sum."""
    least, most = len(low) * low.max(), len(low) * high.min()
    if max(least, sum_low) > min(most, sum_high) + 1e-9:
        return "never"
    return "always" if (low == high).all() else "in some"


def _item_ranges(feasible: FeasibleScores, members: Sequence[str]) -> tuple[Floats, Floats]:
    """Range of the sum of each item over some sites: by hidden amounts of whole groups, else by cells."""
    sites, printed = feasible.site_ids, feasible.solution.printed.T
    low, high = np.zeros(printed.shape[1]), np.zeros(printed.shape[1])
    left = set(members)
    for group, own in feasible.groups.items():
        if not set(own) <= left:
            continue
        left -= set(own)
        places = [sites.index(site) for site in own]
        low += printed[places].sum(axis=0)
        high += printed[places].sum(axis=0)
        for hidden in feasible.solution.hidden:
            if hidden["group"] == group:
                j = feasible.scale.item_ids.index(hidden["row"])
                low[j] += hidden["amount"][0]
                high[j] += hidden["amount"][1]
    places = [sites.index(site) for site in left]
    return low + feasible.cell_low[places].sum(axis=0), high + feasible.cell_high[places].sum(axis=0)


def _gaps(feasible: FeasibleScores, groups: Any, contrast: Any) -> tuple[str, dict[str, tuple[Any, ...]]]:
    from ._fidelity import fidelity
    from ._groups import sides

    if groups is None:
        labels = {site: name for name, own in feasible.groups.items() for site in own}
    elif isinstance(groups, Mapping):
        labels = {str(site): str(name) for site, name in groups.items()}
    else:
        labels = dict(zip(feasible.site_ids, map(str, groups), strict=True))
    given = [labels.get(site, "") for site in feasible.site_ids]
    first, second = sides(given, contrast)
    results = [
        fidelity(feasible.study(own) if own else _as_printed(feasible), groups=given, contrast=(first, second))
        for own in feasible.changed
    ]
    printed = fidelity(_as_printed(feasible), groups=given, contrast=(first, second)).tables["gaps"]
    ends = {}
    for name in (first, second):
        members = [site for site, own in zip(feasible.site_ids, given, strict=True) if own == name]
        low, high = _item_ranges(feasible, members)
        ends[name] = (low / len(members), high / len(members))
    item_low = ends[first][0] - ends[second][1]
    item_high = ends[first][1] - ends[second][0]
    place = {id: j for j, id in enumerate(feasible.scale.item_ids)}
    own = {s.id: [place[id] for id in s.items] for s in feasible.scale.subscales}
    lows, highs, p_low, p_high = [], [], [], []
    for k, (term, kind) in enumerate(zip(printed["term"], printed["kind"], strict=True)):
        items = [place[term]] if kind == "item" else own.get(term, list(place.values()))
        lows.append(float(item_low[items].sum()))
        highs.append(float(item_high[items].sum()))
        ps = [r.tables["gaps"]["p_value"][k] for r in results]
        known = [p for p in ps if p is not None]
        p_low.append(min(known) if known else None)
        p_high.append(max(known) if known else None)
    return f"{first} minus {second}", {
        "term": printed["term"],
        "kind": printed["kind"],
        "printed": printed["difference"],
        "low": tuple(lows),
        "high": tuple(highs),
        "p_low": tuple(p_low),
        "p_high": tuple(p_high),
    }


def _as_printed(feasible: FeasibleScores) -> Study:
    from .study import Study

    return Study(feasible.solution.printed.T, scale=feasible.scale, site=list(feasible.site_ids), missing="bounds")
