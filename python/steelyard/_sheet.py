"""From a frame or array to the parts of a score sheet: sites, entered scores, review dates, raters, site columns."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._cells import is_blank, label, numbers
from ._frames import columns_of, is_frame
from ._names import clashes, closest, offer
from .errors import refuse
from .scale import Scale


@dataclasses.dataclass(frozen=True)
class Sheet:
    """One row per review, as entered.

    Attributes
    ----------
    sites : tuple of str
        One label per row; repeated when a site has several reviews.
    entered : ndarray of float, rows x items
        In the order of the scale, NaN where blank.
    dates : tuple or None
        Cells of the date column.
    raters : tuple of str or None
        Labels of the rater column.
    described : dict
        The columns that describe the site, by name.
    """

    sites: tuple[str, ...]
    entered: NDArray[np.float64]
    dates: tuple[Any, ...] | None
    raters: tuple[str, ...] | None
    described: dict[str, tuple[Any, ...]]


def read_sheet(
    scores: Any,
    scale: Scale,
    *,
    site: str | Sequence[str] = "site",
    review_date: str | None = None,
    rater: str | None = None,
    site_columns: Sequence[str] = (),
) -> Sheet:
    """Read what a caller gave as scores; the first fault is an `InputError` that names its place."""
    if is_frame(scores) or isinstance(scores, Mapping):
        return _from_columns(columns_of(scores), scale, site, review_date, rater, site_columns)
    if review_date is not None or rater is not None or site_columns:
        raise refuse("an array has no named columns", at="scores", remedy="Pass a frame to name dates or raters.")
    return _from_array(scores, scale, site)


def _from_array(scores: Any, scale: Scale, site: str | Sequence[str]) -> Sheet:
    cells = _rectangle(scores)
    if cells.shape[1] != len(scale.items):
        raise refuse(
            "wrong number of columns",
            at="scores",
            got=f"{cells.shape[0]} rows x {cells.shape[1]} columns",
            allowed=f"one row per site, {len(scale.items)} columns in the order of {scale.id}",
            remedy="Transpose it if sites are columns." if cells.shape[0] == len(scale.items) else "",
        )
    if isinstance(site, str):
        sites = tuple(str(i + 1) for i in range(len(cells)))
    else:
        sites = tuple(label(name) for name in site)
        if len(sites) != len(cells):
            raise refuse("one site name per row is needed", at="site", got=len(sites), allowed=str(len(cells)))
    return Sheet(sites, _entered({i.id: cells[:, j] for j, i in enumerate(scale.items)}, scale, sites), None, None, {})


def _rectangle(scores: Any) -> NDArray[Any]:
    if isinstance(scores, (str, Path)):
        raise refuse(
            "scores not understood",
            at="scores",
            got=str(scores),
            allowed="a frame, an array, or what sy.read_scores returned",
            remedy="Read the file first: sy.read_scores(path, scale=...).",
        )
    try:
        cells = np.asarray(scores)
    except ValueError:
        cells = np.empty(0)
    if cells.ndim != 2 or cells.size == 0:
        raise refuse(
            "scores are not a table",
            at="scores",
            got=f"shape {cells.shape}",
            allowed="a frame with a site column, or a two-dimensional array with one row per site",
        )
    return cells


def _from_columns(
    columns: dict[str, NDArray[Any]],
    scale: Scale,
    site: str | Sequence[str],
    review_date: str | None,
    rater: str | None,
    site_columns: Sequence[str],
) -> Sheet:
    if not isinstance(site, str):
        raise refuse("site names given beside a frame", at="site", remedy="Name the frame's column, as site='centre'.")
    named = [site, *[name for name in (review_date, rater) if name is not None], *site_columns]
    for name in named:
        if name not in columns:
            raise refuse(
                f'no column "{name}"' + offer(name, list(columns)),
                at="scores",
                got=", ".join(columns),
                remedy="Name the column with site=, review_date=, rater= or site_columns=.",
            )
    _check_columns(columns, scale, named)
    sites = tuple(label(cell) for cell in columns[site].tolist())
    for first, second in clashes(sites):
        raise refuse(
            "two spellings of one site, or two sites with nearly one name",
            at=f'column "{site}"',
            got=f'"{first}" and "{second}"',
            remedy="Write the name in one way if it is one site; else make the names clearly different.",
        )
    return Sheet(
        sites=sites,
        entered=_entered(columns, scale, sites),
        dates=None if review_date is None else tuple(columns[review_date].tolist()),
        raters=None if rater is None else tuple(label(cell) for cell in columns[rater].tolist()),
        described={name: tuple(columns[name].tolist()) for name in site_columns},
    )


def _check_columns(columns: Mapping[str, Any], scale: Scale, named: Sequence[str]) -> None:
    wanted = set(scale.item_ids)
    unknown = [name for name in columns if name not in wanted and name not in named]
    missing = [id for id in scale.item_ids if id not in columns]
    if unknown and missing:
        titles = {text: item.id for item in scale.items for text in (item.id, item.title, *item.aliases)}
        near = closest(unknown[0], list(titles))
        meant = f' (did you mean "{titles[near]}"?)' if near is not None else ""
        raise refuse(
            f"unknown item{meant}",
            at=f'column "{unknown[0]}"',
            got=f"unknown: {', '.join(unknown[:5])}; without a column: {', '.join(missing[:5])}",
            allowed=f"the items of {scale.id}: {', '.join(scale.item_ids)}",
            remedy="Rename the columns to item ids, or let sy.read_scores match titles and aliases.",
        )
    if unknown:
        raise refuse(
            "unknown item",
            at=f'column "{unknown[0]}"',
            got=", ".join(unknown),
            allowed=f"the {len(wanted)} items of {scale.id}",
            remedy=f"Drop the column, or, if it describes the site, name it: site_columns={unknown!r}.",
        )
    if missing:
        raise refuse(
            "item without a column",
            at="scores",
            got=", ".join(missing),
            allowed=f"one column for each item of {scale.id}",
            remedy="Add the column and leave it blank if the item was not scored.",
        )


def _entered(columns: Mapping[str, NDArray[Any]], scale: Scale, sites: Sequence[str]) -> NDArray[np.float64]:
    matrix = np.empty((len(sites), len(scale.items)))
    for j, item in enumerate(scale.items):
        matrix[:, j] = numbers(
            np.asarray(columns[item.id]),
            lambda row, id=item.id: f'row {row + 1} (site "{sites[row]}"), column "{id}"',
        )
    return matrix


def one_value(cells: Sequence[Any], column: str, site: str) -> Any:
    """Return the one value that a column has for a site over its reviews; two different ones are refused."""
    known = [cell for cell in cells if not is_blank(cell)]
    if any(cell != known[0] for cell in known[1:]):
        raise refuse(
            "site column changes between reviews",
            at=f'column "{column}", site "{site}"',
            got=", ".join(str(cell) for cell in known),
            allowed="one value per site",
        )
    return known[0] if known else None
