"""Where the simulated coverage of the default interval is not 93.5 to 96.5 %: what results say there.

The thresholds are read off `benches/coverage_bootstrap.csv`; a test asks for the note wherever a cell
lies outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._t_scale import WITH_COVARIATES, site_sizes, statistic_name

if TYPE_CHECKING:
    from ._bootstrap_result import BootstrapResult
    from ._bootstrap_source import Source

# Fewer participants with, or without, what a rate counts make its interval wider than it need be.
_FEW_EVENTS = 12


def simulated(result: BootstrapResult, source: Source) -> list[str]:
    """Say what the simulated coverage of intervals like this one was, where it was not as stated."""
    if result.method != "t":
        return []
    units, statistic = result.n_units, statistic_name(source)
    notes = []
    if statistic == "icc":
        notes.append(_covered("an intraclass correlation", "85 to 94 %. Its upper end is too low"))
    sizes = site_sizes(source)
    if statistic in WITH_COVARIATES:
        if units < 25:
            notes.append(_covered(f"the slope on a covariate of {units} sites", "93 to 95 %; sy.regress offers CR2"))
    elif units < 8 and len(result.strata) == 1 and sizes.max() > 3 * sizes.min():
        notes.append(_covered(f"{units} sites of unequal size", "95.5 to 97 %. It may be wider than it need be"))
    if result.scale == "logit" and units < 20 and _events(result, sizes) < _FEW_EVENTS:
        notes.append(_covered("so rare an outcome", "96.5 to 98.5 %. It is wider than it need be"))
    return notes


def _events(result: BootstrapResult, sizes: np.ndarray) -> float:
    shares = np.asarray(result.estimate)
    return float(np.min(np.minimum(shares, 1 - shares)) * sizes.sum())


def _covered(what: str, how_much: str) -> str:
    return f"With {what} the 95 % t interval covered {how_much} in simulations (docs, simulation studies)."
