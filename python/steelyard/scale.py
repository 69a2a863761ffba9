"""Fidelity instruments as data: load one that is shipped or your own, change it on the record, write its scoring sheet.

A scale is read from TOML or JSON; `docs/scales.md` describes every field.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from . import _core
from ._html import Shown, table
from ._result import serialisable
from .errors import refuse

__all__ = ["Bands", "ReviewTotal", "Scale", "ScaleItem", "Subscale", "write_template"]


def __dir__() -> list[str]:
    return sorted(__all__)


@serialisable
@dataclasses.dataclass(frozen=True, slots=True)
class ScaleItem:
    """One scored item; scores run from `minimum` to `maximum` in steps of `step`."""

    id: str
    title: str
    measures: str
    aliases: tuple[str, ...]
    minimum: float
    maximum: float
    step: float
    missing_codes: tuple[float, ...]
    not_applicable_codes: tuple[float, ...]
    reverse: bool
    scored_from_outcome: bool


@serialisable
@dataclasses.dataclass(frozen=True, slots=True)
class Subscale:
    """A named group of items."""

    id: str
    title: str
    items: tuple[str, ...]


@serialisable
@dataclasses.dataclass(frozen=True, slots=True)
class Bands:
    """Named ranges of the total or of the item mean, as ascending lower cut-points `(from, label)`."""

    by: str
    lowest: str
    cuts: tuple[tuple[float, str], ...]


@serialisable
@dataclasses.dataclass(frozen=True, slots=True)
class ReviewTotal:
    """The total of one review: `low` and `high` are what it could be with the missing items at their ends."""

    total: float | None
    band: str | None
    low: float
    high: float
    band_low: str | None
    band_high: str | None
    n_scored: int
    subscales: dict[str, float | None]
    reason: str | None


@serialisable
@dataclasses.dataclass(frozen=True)
class Scale(Shown):
    """A fidelity instrument: items, subscales, bands and the rule for missing items.

    Make one with `Scale.load` or `Scale.from_json`; both check it.

    Attributes
    ----------
    id, title, version, source : str
        Name, full name, edition, and where structure and bands come from.
    items : tuple of ScaleItem
        In the order of the instrument.
    subscales : tuple of Subscale
        May be empty.
    bands : Bands or None
        Named ranges.
    missing : dict
        The rule for missing items: `{"rule": "complete"}`, `{"rule": "prorate", "minimum_items": n}` or
        `{"rule": "subscale-mean", "minimum_items": n}`.
    changes : tuple of str
        What `replace` changed.

    Examples
    --------
    >>> import steelyard as sy
    >>> scale = sy.Scale.load("ips-25")
    >>> scale.band(99.5)
    'fair'
    >>> scale.replace(step=0.5).changes
    ('step 0.5 (was 1)',)
    """

    id: str
    title: str
    version: str
    source: str
    items: tuple[ScaleItem, ...]
    subscales: tuple[Subscale, ...]
    bands: Bands | None
    missing: dict[str, Any]
    changes: tuple[str, ...] = ()

    @staticmethod
    def available() -> tuple[str, ...]:
        """Return the ids of the shipped instruments.

        Examples
        --------
        >>> import steelyard as sy
        >>> sy.Scale.available()
        ('ips-15', 'ips-25')
        """
        return tuple(_core.scale_ids())

    @classmethod
    def load(cls, name: str | Path) -> Self:
        """Load a shipped instrument by id, or one's own from a `.toml` or `.json` file.

        Parameters
        ----------
        name
            One of `Scale.available()`, or a path.

        Raises
        ------
        InputError
            When there is no such instrument, or the file is not a scale: the message names the field.

        Examples
        --------
        >>> import steelyard as sy
        >>> sy.Scale.load("ips-25").maximum
        125.0
        """
        if not isinstance(name, (str, Path)):
            raise refuse(
                "scale not understood", got=repr(name), allowed=f"a path, or one of {', '.join(cls.available())}"
            )
        path = Path(name)
        kind = path.suffix.lower()
        if isinstance(name, str) and kind not in (".toml", ".json"):
            return cls._from_core(_core.scale_shipped(name))
        if kind not in (".toml", ".json"):
            raise refuse("unknown kind of scale file", got=str(path), allowed=".toml or .json")
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise refuse("scale file cannot be read", got=f"{path} ({error.strerror})") from None
        except UnicodeDecodeError:
            raise refuse("scale file is not UTF-8 text", got=str(path), remedy="Save it as UTF-8.") from None
        return cls._from_core(_core.scale_read(text, kind == ".toml"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote, or any scale written as JSON.

        Examples
        --------
        >>> import steelyard as sy
        >>> scale = sy.Scale.load("ips-15")
        >>> sy.Scale.from_json(scale.to_json()) == scale
        True
        """
        return cls._from_core(_core.scale_read(text, False))

    @classmethod
    def _from_core(cls, raw: Mapping[str, Any]) -> Self:
        bands = raw["bands"]
        return cls(
            id=raw["id"],
            title=raw["title"],
            version=raw["version"],
            source=raw["source"],
            items=tuple(_item(item) for item in raw["items"]),
            subscales=tuple(Subscale(s["id"], s["title"], tuple(s["items"])) for s in raw["subscales"]),
            bands=bands and Bands(bands["by"], bands["lowest"], tuple((c["from"], c["label"]) for c in bands["cuts"])),
            missing=dict(raw["missing"]),
            changes=tuple(raw["changes"]),
        )

    def to_json(self) -> str:
        """Return the scale as JSON text in the documented schema, with every default written out.

        Examples
        --------
        >>> import json, steelyard as sy
        >>> json.loads(sy.Scale.load("ips-25").to_json())["bands"]["lowest"]
        'not supported employment'
        """
        bands = self.bands
        document: dict[str, Any] = {
            "id": self.id,
            "title": self.title,
            "version": self.version,
            "source": self.source,
            "missing": self.missing,
            "bands": bands and _bands_document(bands),
            "subscales": [dataclasses.asdict(s) for s in self.subscales],
            "items": [dataclasses.asdict(item) for item in self.items],
            "changes": list(self.changes),
        }
        return json.dumps(document, ensure_ascii=False)

    def replace(
        self,
        *,
        step: float | None = None,
        missing: str | Mapping[str, Any] | None = None,
        missing_codes: Sequence[float] | None = None,
        not_applicable_codes: Sequence[float] | None = None,
        bands: Bands | None = None,
    ) -> Scale:
        """Return a changed copy; each change is written into `.changes` and so into every result.

        Parameters
        ----------
        step
            Distance between neighbouring scores for all items, as 0.5 for a study that uses half points.
        missing
            `"complete"`, `{"rule": "prorate", "minimum_items": 20}` or
            `{"rule": "subscale-mean", "minimum_items": 2}`.
        missing_codes, not_applicable_codes
            Numbers that stand for "not scored" and "does not apply here", for all items.
        bands
            Other bands.

        Raises
        ------
        InputError
            When the changed scale would not be one, as a code that is also a score.

        Examples
        --------
        >>> import steelyard as sy
        >>> sy.Scale.load("ips-25").replace(missing_codes=[9]).items[0].missing_codes
        (9.0,)
        """
        rule = {"rule": missing} if isinstance(missing, str) else missing
        changes = {
            "step": None if step is None else _finite("step", step),
            "missing": None if rule is None else dict(rule),
            "missing_codes": None if missing_codes is None else [_finite("missing_codes", x) for x in missing_codes],
            "not_applicable_codes": None
            if not_applicable_codes is None
            else [_finite("not_applicable_codes", x) for x in not_applicable_codes],
            "bands": None if bands is None else _bands_document(bands),
        }
        return Scale._from_core(_core.scale_replace(self.to_json(), json.dumps(changes)))

    @property
    def item_ids(self) -> tuple[str, ...]:
        """Item ids in the order of the instrument."""
        return tuple(item.id for item in self.items)

    @property
    def minimum(self) -> float:
        """The lowest possible total."""
        return math.fsum(item.minimum for item in self.items)

    @property
    def maximum(self) -> float:
        """The highest possible total."""
        return math.fsum(item.maximum for item in self.items)

    def item(self, id: str) -> ScaleItem:
        """Return one item by id.

        Examples
        --------
        >>> import steelyard as sy
        >>> sy.Scale.load("ips-25").item("rapid_search").title
        'Rapid search'
        """
        for item in self.items:
            if item.id == id:
                return item
        raise refuse("unknown item", got=f'"{id}"', allowed=", ".join(self.item_ids))

    def band(self, total: float) -> str | None:
        """Return the band of a total, weighted or not (cut-points are half-open: 99.5 is below 100).

        Examples
        --------
        >>> import steelyard as sy
        >>> [sy.Scale.load("ips-25").band(x) for x in (73.5, 74, 100, 115)]
        ['not supported employment', 'fair', 'good', 'exemplary']
        """
        return _core.scale_band(self.to_json(), _finite("total", total))

    def total(self, scores: Mapping[str, float | None] | Sequence[float | None]) -> ReviewTotal:
        """Sum one review; None and NaN are missing items.

        Parameters
        ----------
        scores
            By item id, or one per item in the order of the scale.

        Examples
        --------
        >>> import steelyard as sy
        >>> review = sy.Scale.load("ips-25").total([4] * 24 + [None])
        >>> review.total, review.low, review.high, review.band_low
        (None, 97.0, 101.0, 'fair')
        """
        if isinstance(scores, Mapping):
            unknown = [str(k) for k in scores if k not in self.item_ids]
            if unknown:
                raise refuse("unknown item", got=", ".join(unknown), allowed=", ".join(self.item_ids))
            values: list[float | None] = [scores.get(id) for id in self.item_ids]
        else:
            values = list(scores)
        raw, sums = _core.scale_total(self.to_json(), [math.nan if x is None else float(x) for x in values])
        return ReviewTotal(**raw, subscales=dict(zip((s.id for s in self.subscales), sums, strict=True)))

    def __repr__(self) -> str:
        bands = self.bands
        named = "no bands" if bands is None else ", ".join([f"{label} from {cut:g}" for cut, label in bands.cuts])
        changed = f"; changed: {'; '.join(self.changes)}" if self.changes else ""
        return (
            f"Scale({self.id!r}: {self.title}, {len(self.items)} items, total {self.minimum:g} to "
            f"{self.maximum:g}; {named}{changed})"
        )

    def _html(self) -> str:
        place = {id: s.title for s in self.subscales for id in s.items}
        rows = [
            (
                item.id,
                item.title,
                place.get(item.id, ""),
                f"{item.minimum:g} to {item.maximum:g} by {item.step:g}",
                item.measures,
                "yes" if item.scored_from_outcome else "",
            )
            for item in self.items
        ]
        heads = ("item", "title", "subscale", "scores", "measures", "scored from jobs obtained")
        return table(repr(self), heads, rows)


def _item(raw: Mapping[str, Any]) -> ScaleItem:
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}
    return ScaleItem(**fields)


def _bands_document(bands: Bands) -> dict[str, Any]:
    cuts = [{"from": _finite("cut-point", cut), "label": label} for cut, label in bands.cuts]
    return {"by": bands.by, "lowest": bands.lowest, "cuts": cuts}


def _finite(name: str, value: float) -> float:
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise refuse("number expected", at=name, got=repr(value))
    number = float(value)
    if not math.isfinite(number):
        raise refuse("number not finite", at=name, got=number)
    return number


def write_template(scale: Scale | str, path: str | Path, *, sites: Sequence[str] = ("site 1", "site 2")) -> Path:
    """Write an empty scoring sheet: one row per item, one column per site, titles and allowed scores beside them.

    Parameters
    ----------
    scale
        A scale or its id.
    path
        `.csv`, or `.xlsx` (needs openpyxl): there each cell also refuses what the scale does not allow.
    sites
        Column heads to start with.

    Returns
    -------
    pathlib.Path
        The new file, which `sy.read_scores(path, scale=...)` reads back once it is filled in.

    Examples
    --------
    >>> import steelyard as sy, tempfile, pathlib
    >>> folder = tempfile.mkdtemp()
    >>> path = sy.scale.write_template("ips-25", pathlib.Path(folder) / "sheet.csv", sites=["Oslo", "Bergen"])
    >>> path.read_text(encoding="utf-8").splitlines()[0]
    'item,title,subscale,allowed,Oslo,Bergen'
    """
    scale = Scale.load(scale) if isinstance(scale, str) else scale
    path = Path(path)
    names = [str(site) for site in sites]
    if len(set(names)) != len(names) or not names or any(not name.strip() for name in names):
        raise refuse("site names not allowed", at="sites", got=", ".join(names), allowed="different, not blank")
    if path.exists():
        raise refuse("file is there already", at=str(path), remedy="Name another file; filled-in sheets are kept.")
    place = {id: s.title for s in scale.subscales for id in s.items}
    head = ["item", "title", "subscale", "allowed", *names]
    rows = [[item.id, item.title, place.get(item.id, ""), _allowed(item), *[""] * len(names)] for item in scale.items]
    kind = path.suffix.lower()
    if kind == ".csv":
        import csv

        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([head, *rows])
    elif kind == ".xlsx":
        _write_xlsx(scale, path, head, rows)
    else:
        raise refuse("unknown kind of scoring sheet", got=str(path), allowed=".csv or .xlsx")
    return path


def _allowed(item: ScaleItem) -> str:
    codes = [f"{code:g} = not scored" for code in item.missing_codes]
    codes += [f"{code:g} = does not apply" for code in item.not_applicable_codes]
    return "; ".join([f"{item.minimum:g} to {item.maximum:g} in steps of {item.step:g}", *codes])


def _write_xlsx(scale: Scale, path: Path, head: list[str], rows: list[list[str]]) -> None:
    try:
        from openpyxl import Workbook
        from openpyxl.styles import Font
        from openpyxl.utils import get_column_letter
        from openpyxl.worksheet.datavalidation import DataValidation
    except ImportError:
        raise refuse(
            "openpyxl is not installed", remedy="pip install 'steelyard[io]', or write a .csv template."
        ) from None
    book = Workbook()
    sheet = book.active
    sheet.title = "scores"
    for row in [head, *[[cell if cell != "" else None for cell in row] for row in rows]]:
        sheet.append(row)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for letter, width in zip("ABCD", (28, 44, 16, 28), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "E2"
    last = get_column_letter(len(head))
    for number, item in enumerate(scale.items, start=2):
        whole = item.step == 1 and not item.missing_codes and not item.not_applicable_codes
        rule = DataValidation(
            type="whole" if whole else "decimal",
            operator="between",
            formula1=f"{min((item.minimum, *item.missing_codes, *item.not_applicable_codes)):g}",
            formula2=f"{max((item.maximum, *item.missing_codes, *item.not_applicable_codes)):g}",
            allow_blank=True,
            showErrorMessage=True,
            errorTitle=item.title[:30],
            error=f"Allowed: {_allowed(item)}"[:255],
        )
        sheet.add_data_validation(rule)
        rule.add(f"E{number}:{last}{number}")
    book.save(path)
