"""Which reviews stand for a site: by rule, by date, by rater, and against the window of its outcomes."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence

from ._dates import dates
from ._sheet import Sheet
from .errors import refuse

RULES = ("nearest-before", "first", "last", "mean", "all")


@dataclasses.dataclass(frozen=True)
class Window:
    """The time in which the outcomes of a site happened; either end may be open."""

    start: dt.date | None = None
    end: dt.date | None = None

    def __str__(self) -> str:
        return f"{self.start or 'open'} to {self.end or 'open'}"


@dataclasses.dataclass(frozen=True)
class Review:
    """One review of one site: the rows of the sheet that are used (one per rater), and all of them."""

    site: str
    date: dt.date | None
    rows: tuple[int, ...]
    raters: tuple[str, ...]
    all_rows: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True)
class Units:
    """What became a row of the score matrix.

    Attributes
    ----------
    names : tuple of str
        Site labels; with the rule `all` and several reviews, site and date.
    sites : tuple of str
        The site of each unit.
    dates : tuple of date or None
        Date of the (latest) review used.
    rows : tuple of tuple of int
        Rows of the sheet whose scores are averaged.
    reviews : tuple of (Review, what was done with it)
    """

    names: tuple[str, ...]
    sites: tuple[str, ...]
    dates: tuple[dt.date | None, ...]
    rows: tuple[tuple[int, ...], ...]
    reviews: tuple[tuple[Review, str], ...]


def reviews_of(sheet: Sheet, rater_rule: str, date_column: str) -> list[Review]:
    """Group the rows of a sheet into reviews; a review given twice is refused."""
    days = [None] * len(sheet.sites) if sheet.dates is None else dates(sheet.dates, date_column)
    if sheet.dates is None and sheet.raters is None:
        return [Review(site, None, (row,), (), (row,)) for row, site in enumerate(sheet.sites)]
    groups: dict[tuple[str, dt.date | None], list[int]] = {}
    for row, (site, day) in enumerate(zip(sheet.sites, days, strict=True)):
        groups.setdefault((site, day), []).append(row)
    many = {site for site in sheet.sites if sum(key[0] == site for key in groups) > 1}
    found = []
    for (site, day), rows in groups.items():
        if day is None and site in many:
            raise refuse(
                "review without a date",
                at=f'row {rows[0] + 1} (site "{site}")',
                got="blank",
                allowed="a date for every review of a site that has several",
            )
        found.append(_review(sheet, site, day, rows, rater_rule))
    return found


def _review(sheet: Sheet, site: str, day: dt.date | None, rows: Sequence[int], rater_rule: str) -> Review:
    raters = tuple("" if sheet.raters is None else sheet.raters[row] for row in rows)
    if len(set(raters)) < len(rows):
        first, second = rows[0], rows[1]
        when = "" if day is None else f" on {day}"
        raise refuse(
            "two reviews of one site at one time" if sheet.raters is None else "one rater twice in one review",
            at=f"rows {first + 1} and {second + 1}",
            got=f'"{site}"{when}' + ("" if sheet.raters is None else f', rater "{raters[0]}"'),
            allowed="one row per site and review" + ("" if sheet.raters is None else " and rater"),
            remedy="Name the raters with rater=, correct the date, or remove the copy.",
        )
    every = tuple(rows)
    if rater_rule != "mean" and sheet.raters is not None:
        if rater_rule not in raters:
            raise refuse(
                "review without the rater that is used",
                at=f'site "{site}"' + ("" if day is None else f", review of {day}"),
                got=", ".join(raters),
                allowed=f'a row by "{rater_rule}"',
                remedy='Use rater_rule="mean", or complete the sheet.',
            )
        rows = [row for row, rater in zip(rows, raters, strict=True) if rater == rater_rule]
    return Review(site, day, tuple(rows), raters, every)


def choose(reviews: Sequence[Review], rule: str, windows: Mapping[str, Window]) -> Units:
    """Make one unit per site, or with the rule `all` one per review."""
    by_site: dict[str, list[Review]] = {}
    dated = any(review.date is not None for review in reviews)
    if not dated:
        # One row per site: a repeated site is for the core to refuse.
        used = [(review, "used") for review in reviews]
        names = tuple(review.site for review in reviews)
        return Units(names, names, (None,) * len(names), tuple(r.rows for r in reviews), tuple(used))
    for review in reviews:
        by_site.setdefault(review.site, []).append(review)
    unit_names: list[str] = []
    sites: list[str] = []
    days: list[dt.date | None] = []
    rows: list[tuple[int, ...]] = []
    told: list[tuple[Review, str]] = []
    for site, own in by_site.items():
        own = sorted(own, key=lambda review: review.date or dt.date.min)
        for picked in _picked(own, rule, windows.get(site, Window())):
            last = picked[-1]
            unit_names.append(site if rule != "all" or len(own) == 1 else f"{site} {last.date}")
            sites.append(site)
            days.append(last.date)
            rows.append(tuple(row for review in picked for row in review.rows))
        told += [(review, _told(review, rule, rows[-1], windows.get(site, Window()))) for review in own]
    return Units(tuple(unit_names), tuple(sites), tuple(days), tuple(rows), tuple(told))


def _picked(own: Sequence[Review], rule: str, window: Window) -> list[list[Review]]:
    if rule == "all":
        return [[review] for review in own]
    if rule == "mean":
        return [list(own)]
    if rule == "first":
        return [[own[0]]]
    if rule == "nearest-before" and window.start is not None:
        before = [review for review in own if review.date is not None and review.date <= window.start]
        return [[before[-1] if before else own[0]]]
    return [[own[-1]]]


def _told(review: Review, rule: str, used: Sequence[int], window: Window) -> str:
    if rule in ("all", "mean") or set(review.rows) <= set(used):
        return "used"
    if review.date is not None and window.end is not None and review.date > window.end:
        return "not used: after the outcome window"
    if review.date is not None and window.start is not None and review.date > window.start:
        return "not used: after the outcome window began"
    return "not used: another review is nearer" if rule == "nearest-before" else f"not used: the rule is {rule}"


def red_lines(units: Units, windows: Mapping[str, Window], before: Sequence[tuple[int, int] | None]) -> tuple[str, ...]:
    """Say where an outcome window precedes its review; `before` counts whose own window does, of how many."""
    lines = []
    seen: set[str] = set()
    for site, day, count in zip(units.sites, units.dates, before, strict=True):
        window = windows.get(site, Window())
        # Under the rule `all` only the first review of a site can be later than its participants' windows.
        later = site in seen
        seen.add(site)
        if later or day is None or window.start is None or day <= window.start:
            continue
        over = window.end is not None and window.end < day
        lines.append(
            str(
                refuse(
                    "outcome window ended before its review" if over else "outcome window begins before its review",
                    at=f'site "{site}"',
                    got=f"review of {day}, window {window}"
                    + ("" if count is None else f", {count[0]} of {count[1]} participants began before it"),
                    allowed=f"a review on or before {window.start}",
                    remedy="The scores may follow from the outcome rather than precede it: use an earlier review, a "
                    "later window, or leave the site out.",
                )
            )
        )
    return tuple(lines)
