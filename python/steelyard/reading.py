"""Score sheets and participant files as people keep them, with a preview of what was understood and what was not."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from ._brief import brief
from ._cells import is_blank, label
from ._frames import columns_of, frame_in, is_frame, library_of
from ._grid import Grid, frame_grid, read_grid
from ._html import Shown, table
from ._layout import Found, ItemNames, find_layout, role_of
from ._names import closest
from ._problems import label_clash, raise_all
from ._sheet_cells import numbers, printed_totals, read_dates, split_reviews, wrong_scores
from ._sheet_layouts import Draft, check_items, items_in_rows, long, sites_in_rows
from .errors import refuse
from .scale import Scale

__all__ = ["Preview", "SheetReading", "read_scores"]


@dataclasses.dataclass(frozen=True)
class Preview(Shown):
    """What was understood of a file, and what was not.

    Attributes
    ----------
    source : str
        File and sheet.
    layout : str
        `sites in rows`, `items in rows` or `long`.
    sites : tuple of str
    n_reviews : int
    items : tuple of (head, item id, how it was recognised)
    other : tuple of (head, what was done with it)
    notes : tuple of str
        Blank words, merged cells, skipped rows, printed totals that differ.
    problems : tuple of str
        What must be settled before scores can be used; empty when reading succeeded.
    """

    source: str
    layout: str
    sites: tuple[str, ...]
    n_reviews: int
    items: tuple[tuple[str, str, str], ...]
    other: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    problems: tuple[str, ...]

    def __repr__(self) -> str:
        how: dict[str, int] = {}
        for _, _, kind in self.items:
            how[kind] = how.get(kind, 0) + 1
        shown = ", ".join(self.sites[:8]) + (" ..." if len(self.sites) > 8 else "")
        lines = [
            f"{self.source}: {self.layout}",
            f"  {len(self.sites)} sites, {self.n_reviews} reviews: {shown}",
            f"  {len(self.items)} items, recognised by {', '.join(f'{k} ({n})' for k, n in how.items())}",
        ]
        lines += brief([f'  column "{head}": {what}' for head, what in self.other], ".other")
        lines += [f"  note: {text}" for text in self.notes]
        lines += [f"  PROBLEM {i}: {text}" for i, text in enumerate(self.problems, start=1)]
        return "\n".join(lines)

    def _html(self) -> str:
        rows: list[tuple[Any, ...]] = [("layout", self.layout), ("sites", ", ".join(self.sites))]
        rows += [("reviews", self.n_reviews), ("items", len(self.items))]
        rows += [("note", text) for text in self.notes] + [("problem", text) for text in self.problems]
        return (
            table(f"What was understood of {self.source}", ("part", "reading"), rows)
            + table("Items", ("head in the file", "item", "recognised by"), self.items)
            + (table("Other columns", ("head in the file", "what was done"), self.other) if self.other else "")
        )


@dataclasses.dataclass(frozen=True)
class SheetReading(Shown):
    """Scores that were read, ready for `sy.Study`, and the preview; unpacks as `scores, preview`.

    Attributes
    ----------
    scores : frame
        One row per review: `site`, perhaps `review_date` and `rater`, and one column per item id.
    preview : Preview
    scale : Scale
    review_date, rater : str or None
        The names of these columns when there are such.
    site_columns : tuple of str
        Columns that were kept because they describe the site.
    """

    scores: Any
    preview: Preview
    scale: Scale
    review_date: str | None
    rater: str | None
    site_columns: tuple[str, ...]

    def __iter__(self) -> Iterator[Any]:
        return iter((self.scores, self.preview))

    def __repr__(self) -> str:
        return repr(self.preview)

    def _html(self) -> str:
        return self.preview._html()


def read_scores(
    path: Any,
    *,
    scale: Scale | str,
    sheet: str | None = None,
    columns: Mapping[str, str | None] | None = None,
    reviews: str | None = None,
    decimal: str = ".",
    date_format: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    library: str | None = None,
    preview: bool = False,
) -> SheetReading:
    r"""Read a score sheet: CSV, XLSX or SPSS `.sav`, with sites in rows, items in rows, or one score per row.

    Items are recognised by the scale's ids, titles and aliases (case, accents, blanks and leading numbers aside). A
    near miss is offered, never taken.

    Parameters
    ----------
    path
        `.csv`, `.tsv`, `.xlsx`, `.sav`, or a pandas, polars or pyarrow frame whose columns are heads.
    scale
        A `Scale` or the id of a shipped one.
    sheet
        The sheet of a workbook; needed when several hold something.
    columns
        What heads mean, where they are not recognised: `{"Quick start": "rapid_search", "Clinic": "site",
        "Region": "keep", "Notes": None}`. `"site"`, `"review_date"`, `"rater"`, `"score"`, `"item"` name roles,
        `"keep"` keeps a column that describes the site, None ignores one.
    reviews
        For site names such as "Oslo 2019" and "Oslo 2021": `"name date"` splits them into site and review date, a
        regular expression with groups `site` and `date` does so by your rule, `"as sites"` keeps them apart.
    decimal
        `","` for a decimal comma.
    date_format
        As in `strptime`, for dates such as 03/04/2021.
    encoding, delimiter
        Of a text file, where they are not recognised.
    library
        Of the frame: `"pandas"`, `"polars"` or `"pyarrow"`; None: that of the frame given, else pandas.
    preview
        Return the reading with its `.preview.problems` instead of raising, so that all can be seen at once.

    Returns
    -------
    SheetReading
        `.scores` for `sy.Study`, and `.preview`; `sy.Study(reading, scale=...)` also takes the reading itself.

    Raises
    ------
    InputError
        All problems in one message, each with its place and remedy.

    Examples
    --------
    >>> import steelyard as sy, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "sheet.csv"
    >>> path = sy.scale.write_template("ips-15", path, sites=["Oslo", "Bergen"])
    >>> lines = path.read_text(encoding="utf-8").splitlines()
    >>> filled = [lines[0]] + [line[:-1] + "4,5" for line in lines[1:]]
    >>> _ = path.write_text("\n".join(filled), encoding="utf-8")
    >>> scores, preview = sy.read_scores(path, scale="ips-15")
    >>> scores["site"].tolist(), preview.layout
    (['Oslo', 'Bergen'], 'items in rows')
    """
    scale = Scale.load(scale) if isinstance(scale, str) else scale
    if decimal not in (".", ","):
        raise refuse("decimal mark not allowed", at="decimal", got=repr(decimal), allowed="'.' or ','")
    mapping = _checked_columns(dict(columns or {}), scale)
    if is_frame(path):
        library = library or library_of(path)
        grid = frame_grid(columns_of(path))
    else:
        grid = read_grid(path, sheet=sheet, encoding=encoding, delimiter=delimiter)
    library = library or "pandas"
    names = ItemNames(scale, mapping)
    grid = _with_titles(grid, names, mapping)
    found = find_layout(grid, names)
    draft = Draft(notes=list(grid.notes))
    readers = {"sites in rows": sites_in_rows, "items in rows": items_in_rows, "long": long}
    readers[found.layout](grid, found, names, mapping, draft)
    check_items(found, names, scale, draft)
    numbers(grid, scale, decimal, draft)
    wrong_scores(grid, scale, draft)
    split_reviews(reviews, draft)
    read_dates(date_format, draft)
    printed_totals(scale, draft)
    return _finish(grid, found, scale, draft, library, preview)


def _checked_columns(columns: dict[str, str | None], scale: Scale) -> dict[str, str | None]:
    roles = ("site", "review_date", "rater", "item", "score", "keep")
    for head, target in columns.items():
        if target is not None and target not in roles and target not in scale.item_ids:
            near = closest(target, [*roles, *scale.item_ids])
            raise refuse(
                "unknown target" + (f' (did you mean "{near}"?)' if near else ""),
                at=f'columns["{head}"]',
                got=f'"{target}"',
                allowed=f"an item id of {scale.id}, {', '.join(roles)}, or None",
            )
    return columns


def _with_titles(grid: Grid, names: ItemNames, mapping: Mapping[str, str | None]) -> Grid:
    """Head a column by its label where that says more than its name, and label coded sites by their names."""
    if not grid.titles:
        return grid

    def says(head: str) -> bool:
        return names.match(head) is not None or role_of(head) is not None or head in mapping

    old = [label(cell) for cell in grid.rows[0]]
    heads = [title if says(title) and not says(name) else name for name, title in zip(old, grid.titles, strict=True)]
    rows = [list(row) for row in grid.rows[1:]]
    for c, (name, head) in enumerate(zip(old, heads, strict=True)):
        is_site = mapping.get(head, role_of(head)) == "site"
        if is_site and name in grid.value_labels:
            known = grid.value_labels[name]
            clash = label_clash(
                known,
                f"{grid.source}, variable {name}",
                "Give each site its own label in the file, or remove the labels to use the codes.",
            )
            if clash is not None:
                raise clash
            for row in rows:
                row[c] = known.get(row[c], row[c])
    return dataclasses.replace(grid, rows=[list(heads), *rows])


def _finish(grid: Grid, found: Found, scale: Scale, draft: Draft, library: str, preview_only: bool) -> SheetReading:
    reviews = draft.reviews
    if not reviews and not draft.problems:
        draft.problem(refuse("no sites with scores", at=grid.source))
    columns: dict[str, list[Any]] = {"site": [label(review.get("site")) for review in reviews]}
    present = {name: any(not is_blank(review.get(name)) for review in reviews) for name in ("review_date", "rater")}
    for name, some in present.items():
        if some:
            columns[name] = [
                review.get(name) if name == "review_date" else label(review.get(name)) for review in reviews
            ]
    for head in draft.kept:
        columns[head] = [review.get(f"keep:{head}") for review in reviews]
    for id in scale.item_ids:
        cells = [review["scores"].get(id) for review in reviews]
        columns[id] = [float("nan") if x is None else x for x in cells]
    matches = {match.item: match for match in found.items.values()}
    seen = Preview(
        source=grid.source,
        layout=found.layout,
        sites=tuple(dict.fromkeys(columns["site"])),
        n_reviews=len(reviews),
        items=tuple((matches[id].head, id, matches[id].how) for id in scale.item_ids if id in matches),
        other=tuple(draft.other.items()),
        notes=tuple(draft.notes),
        problems=tuple(draft.problems),
    )
    if not preview_only:
        raise_all(draft.problems, grid.source, "read_scores")
    return SheetReading(
        scores=frame_in(columns, library),
        preview=seen,
        scale=scale,
        review_date="review_date" if present["review_date"] else None,
        rater="rater" if present["rater"] else None,
        site_columns=tuple(draft.kept),
    )
