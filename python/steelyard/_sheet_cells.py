"""Cells of reviews to numbers, names to sites and dates; what cannot be settled is a problem with its place."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import numpy as np

from . import _core
from ._cells import is_blank, label, text_fault
from ._dates import dates
from ._grid import Grid
from ._sheet_layouts import Draft
from .errors import InputError, refuse
from .scale import Scale

# Words that stand for a cell without a score; each use is counted in the preview.
_BLANK_WORDS = {"na", "n/a", "n.a.", "nan", ".", "-", "–", "—", "missing", "not rated", "not scored", "#n/a"}
_NAME_AND_DATE = r"(?P<site>.*?\S)[\s,_(-]+(?P<date>(?:19|20)\d\d(?:-\d\d(?:-\d\d)?)?)\)?"


def numbers(grid: Grid, scale: Scale, decimal: str, draft: Draft) -> None:
    """Turn the cells into numbers; words for "not scored" are counted, other text is a problem with its cell."""
    commas: list[InputError] = []
    for review in draft.reviews:
        for item in scale.items:
            cell = review["scores"].get(item.id)
            try:
                review["scores"][item.id] = _number(cell, decimal, draft)
            except ValueError:
                where = grid.place(*review["at"][item.id])
                fault = text_fault(cell, f'{where} (site "{label(review.get("site"))}", {item.id})')
                review["scores"][item.id] = None
                if re.fullmatch(r"[+-]?\d+,\d+", str(cell).strip()):
                    commas.append(fault)
                else:
                    draft.problem(fault)
    # A sheet with decimal commas is one problem, not one per cell.
    if commas:
        more = f" So have {len(commas) - 1} more cells of the sheet." if len(commas) > 1 else ""
        draft.problems.insert(0, str(commas[0]) + more)
    if draft.words:
        counted = ", ".join(f'{n} x "{word}"' for word, n in draft.words.items())
        draft.notes.append(f"read as missing: {counted}")


def wrong_scores(grid: Grid, scale: Scale, draft: Draft) -> None:
    """Name numbers that the scale does not allow: of each value the first cell, and how many more there are."""
    if not draft.reviews:
        return

    def place(review: dict[str, Any], item: str) -> str:
        at = review["at"].get(item)
        return "" if at is None else f'{grid.place(*at)} (site "{label(review.get("site"))}", {item})'

    scores = [[review["scores"].get(id) for id in scale.item_ids] for review in draft.reviews]
    values = np.array([[np.nan if x is None else x for x in row] for row in scores], dtype=np.float64)
    places = [place(review, id) for review in draft.reviews for id in scale.item_ids]
    texts: dict[float, list[str]] = {}
    for at, text in _core.score_faults(scale.to_json(), values, places):
        texts.setdefault(float(values.flat[at]), []).append(text)
    for value, (first, *more) in texts.items():
        cells = "1 more cell" if len(more) == 1 else f"{len(more)} more cells"
        draft.problems.append(first + (f" {cells} of the sheet: {value:g} too." if more else ""))


def _number(cell: Any, decimal: str, draft: Draft) -> float | None:
    if is_blank(cell):
        return None
    if isinstance(cell, (bool, dt.date, dt.time)):
        raise ValueError
    if not isinstance(cell, str):
        return float(cell)
    word = cell.strip().casefold()
    if word in _BLANK_WORDS:
        draft.words[cell.strip()] = draft.words.get(cell.strip(), 0) + 1
        return None
    if decimal == ",":
        if "." in word:
            raise ValueError
        word = word.replace(",", ".")
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", word):
        raise ValueError
    return float(word)


def split_reviews(reviews: str | None, draft: Draft) -> None:
    """Split "Oslo 2019" into site and date as told; unasked, names that look so are a problem, not two sites."""
    if reviews == "as sites":
        return
    pattern = _NAME_AND_DATE if reviews in (None, "name date") else reviews
    try:
        rule = re.compile(pattern)
    except re.error as error:
        raise refuse("reviews is no regular expression", at="reviews", got=f"{reviews!r} ({error})") from None
    if not {"site", "date"} <= set(rule.groupindex):
        raise refuse(
            "option not understood",
            at="reviews",
            got=repr(reviews),
            allowed="'name date', 'as sites', or a regular expression with groups (?P<site>...) and (?P<date>...)",
        )
    hits = [rule.fullmatch(label(review.get("site"))) for review in draft.reviews]
    if reviews is None:
        stems = [hit["site"] for hit in hits if hit]
        plain = {label(review.get("site")) for review in draft.reviews}
        twice = sorted({stem for stem in stems if stems.count(stem) > 1 or stem in plain})
        if twice:
            shown = [label(r.get("site")) for r, h in zip(draft.reviews, hits, strict=True) if h and h["site"] in twice]
            draft.problem(
                refuse(
                    "names that look like several reviews of one site",
                    got=", ".join(f'"{name}"' for name in shown[:4]),
                    remedy='Split them with reviews="name date", or keep them apart with reviews="as sites".',
                )
            )
        return
    for review, hit in zip(draft.reviews, hits, strict=True):
        if hit is not None:
            review |= {"site": hit["site"], "review_date": hit["date"]}


def read_dates(date_format: str | None, draft: Draft) -> None:
    if not any("review_date" in review for review in draft.reviews):
        return
    cells = [review.get("review_date") for review in draft.reviews]
    try:
        sites = [label(review.get("site")) for review in draft.reviews]
        found = dates(cells, "review_date", date_format, lambda row: f'the review date of site "{sites[row]}"')
    except InputError as error:
        draft.problem(error)
        return
    years = sum(re.fullmatch(r"(?:19|20)\d\d(?:\.0)?", str(cell)) is not None for cell in cells)
    if years:
        draft.notes.append(f"{years} review dates give the year only: taken as 1 January")
    for review, day in zip(draft.reviews, found, strict=True):
        review["review_date"] = day


def printed_totals(scale: Scale, draft: Draft) -> None:
    for review in draft.reviews:
        printed = review.get("printed_total")
        scores = [review["scores"].get(id) for id in scale.item_ids]
        if is_blank(printed) or any(x is None for x in scores):
            continue
        try:
            value = float(str(printed).replace(",", "."))
            total = sum(float(x) for x in scores if x is not None)
        except ValueError:
            continue
        if abs(value - total) > 1e-9:
            draft.notes.append(
                f'"{label(review["site"])}": the sheet prints a total of {value:g}, its items sum to {total:g}'
            )
