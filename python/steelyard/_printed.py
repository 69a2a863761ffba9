"""Printed means against the scores that they are said to come from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ._cells import is_blank, label
from ._frames import columns_of
from .study import Study


@dataclasses.dataclass(frozen=True)
class PrintedMean:
    """One printed mean: over which sites, as text, and what the scores give."""

    item: str
    group: str
    printed: str
    recomputed: float

    @property
    def half_unit(self) -> float:
        """Half of the last printed digit."""
        digits = len(self.printed.partition(".")[2])
        return float(0.5 * 10.0**-digits)

    @property
    def agrees(self) -> bool:
        """Whether rounding (in either direction at a tie) explains the printed number."""
        return abs(self.recomputed - float(self.printed)) <= self.half_unit + 1e-9


def printed_groups(study: Study) -> dict[str, NDArray[np.bool_]]:
    """Return the sites that each column of printed means is over: `all`, and the groups of the study."""
    published = study.published
    groups: dict[str, NDArray[np.bool_]] = {"all": np.ones(len(study.site_ids), dtype=bool)}
    if published is not None and published.group_column is not None:
        labels = np.array([label(x) for x in study.site_column(published.group_column)])
        groups |= {str(name): labels == name for name in np.unique(labels)}
    return groups


def printed_means(study: Study) -> list[PrintedMean]:
    """Return every printed item mean beside the mean of the scores as printed; empty when none was published."""
    if study.published is None or study.published.item_means is None:
        return []
    columns: Mapping[str, NDArray[np.generic]] = columns_of(study.published.item_means)
    place = {item: j for j, item in enumerate(study.item_ids)}
    found = []
    for group, inside in printed_groups(study).items():
        for item, printed in zip(columns["item_id"], columns.get(f"mean_{group}", ()), strict=False):
            scores = study.score_matrix[inside, place[str(item)]] if str(item) in place else np.empty(0)
            if is_blank(printed) or scores.size == 0 or np.isnan(scores).any():
                continue
            found.append(PrintedMean(str(item), group, str(printed), float(scores.mean())))
    return found


def printed_caveats(study: Study) -> tuple[str, ...]:
    """Say when printed means do not follow from the printed scores."""
    means = printed_means(study)
    wrong = {mean.item: mean for mean in means if not mean.agrees}
    if not wrong:
        return ()
    first = next(iter(wrong.values()))
    total = len({mean.item for mean in means})
    where = "all sites" if first.group == "all" else f"group {first.group}"
    return (
        f"Results are from the scores as printed. For {len(wrong)} of {total} items the printed means do not follow "
        f"from them ({first.item}, {where}: printed {first.printed}, recomputed {first.recomputed:.3f}): the printed "
        f"scores may hide half points. Items: {', '.join(wrong)}.",
    )
