"""Scales: what is shipped, what is refused, what is recorded."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steelyard as sy

SMALL = """
id = "small"
title = "Small scale"
minimum = 0
maximum = 4
step = 1
[bands]
by = "mean"
lowest = "poor"
cuts = [{ from = 2, label = "fair" }, { from = 3.5, label = "good" }]
[[subscales]]
id = "s"
title = "S"
items = ["a", "b"]
[[items]]
id = "a"
title = "A"
[[items]]
id = "b"
title = "B"
reverse = true
[[items]]
id = "c"
title = "C"
maximum = 10
step = 2
missing_codes = [99]
"""


def write(folder: Path, text: str, name: str = "own.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_ips_25_has_the_structure_of_the_instrument() -> None:
    # Bond, Peterson, Becker and Drake (2012): 25 items of 1 to 5, three subscales, bands from 74, 100 and 115.
    scale = sy.Scale.load("ips-25")
    assert (len(scale.items), scale.minimum, scale.maximum) == (25, 25.0, 125.0)
    assert [(s.title, len(s.items)) for s in scale.subscales] == [
        ("Staffing", 3),
        ("Organization", 8),
        ("Services", 14),
    ]
    assert [scale.item_ids.index(s.items[0]) + 1 for s in scale.subscales] == [1, 4, 12]
    assert [scale.band(x) for x in (73, 74, 99.5, 100, 114.99, 115)] == [
        "not supported employment",
        "fair",
        "fair",
        "good",
        "good",
        "exemplary",
    ]
    built_in = [item.id for item in scale.items if item.scored_from_outcome]
    assert {"competitive_jobs", "job_diversity", "employer_diversity", "individualized_supports"} < set(built_in)


def test_ips_15_has_its_own_bands_and_code() -> None:
    scale = sy.Scale.load("ips-15")
    assert (len(scale.items), scale.maximum) == (15, 75.0)
    assert [len(s.items) for s in scale.subscales] == [3, 3, 9]
    assert [scale.band(x) for x in (55, 56, 65, 66)] == ["not supported employment", "fair", "fair", "good"]
    assert scale.items[0].missing_codes == (9.0,)


def test_a_total_within_rounding_of_a_cut_point_reaches_it() -> None:
    assert sy.Scale.load("ips-25").band(sum([0.1] * 1000)) == "good"
    assert sum([0.1] * 1000) < 100


def test_own_scale_by_mean_with_reverse_and_codes(tmp_path: Path) -> None:
    scale = sy.Scale.load(write(tmp_path, SMALL))
    assert scale.maximum == 18
    review = scale.total({"a": 4, "b": 1, "c": 10})
    assert (review.total, review.subscales) == (17.0, {"s": 7.0})
    assert review.band == "good"
    missing = scale.total({"a": 4, "b": 1, "c": 99})
    assert (missing.total, missing.low, missing.high) == (None, 7.0, 17.0)
    assert (missing.band_low, missing.band_high) == ("fair", "good")


def test_prorating_uses_the_position_on_each_range(tmp_path: Path) -> None:
    scale = sy.Scale.load(write(tmp_path, SMALL)).replace(missing={"rule": "prorate", "minimum_items": 2})
    # By hand: a 4 of 4 and b turned 3 of 4 stand at 1 and .75, mean .875 of c's range 0 to 10 is 8.75.
    assert scale.total({"a": 4, "b": 1}).total == pytest.approx(15.75)
    assert scale.total({"a": 4}).total is None
    assert "2" in str(scale.total({"a": 4}).reason)


def test_subscale_mean_fills_from_the_same_subscale() -> None:
    scale = sy.Scale.load("ips-25").replace(missing={"rule": "subscale-mean", "minimum_items": 2})
    scores: list[float | None] = [5, None, 3] + [2] * 22
    assert scale.total(scores).total == pytest.approx(5 + 4 + 3 + 44)


def test_changes_are_recorded_and_survive_json() -> None:
    scale = sy.Scale.load("ips-25").replace(
        step=0.5, missing_codes=[9], missing={"rule": "prorate", "minimum_items": 20}
    )
    assert scale.changes[0] == "step 0.5 (was 1)"
    assert any("at least 20" in text for text in scale.changes)
    assert sy.Scale.from_json(scale.to_json()) == scale


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('id = "small"', "scale not understood"),
        ('unknown_field = 3\nid = "small"', "unknown field `unknown_field`"),
    ],
)
def test_a_broken_file_names_its_fault(tmp_path: Path, change: str, message: str) -> None:
    text = change if message == "scale not understood" else SMALL.replace('id = "small"', change, 1)
    with pytest.raises(sy.InputError, match=message):
        sy.Scale.load(write(tmp_path, text))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("maximum = 4", "maximum = -1", 'item range not allowed in item "a": got minimum 0, maximum -1, step 1'),
        ("maximum = 4", "maximum = nan", "item range not allowed"),
        ("maximum = 4", "maximum = inf", "item range not allowed"),
        ("step = 1", "step = 0", "item range not allowed"),
        ("step = 1", "step = 3", "no whole number of steps"),
        ('id = "b"', 'id = "a"', 'repeated item id in scale "small": got "a"'),
        ('items = ["a", "b"]', 'items = ["a", "z"]', 'unknown item in subscale "s": got "z"'),
        ('items = ["a", "b"]', 'items = ["a", "a"]', "item in two subscales"),
        ("from = 3.5", "from = 1", 'cut-point not allowed in band "good": got 1'),
        ("from = 3.5", "from = 30", "cut-point not allowed"),
        ("missing_codes = [99]", "missing_codes = [4]", "code could be mistaken for a score"),
        ("missing_codes = [99]", "missing_codes = [99]\nnot_applicable_codes = [99]", "both for missing"),
        ("minimum = 0", "", 'item without a minimum in item "a"'),
        ('label = "good"', 'label = "fair"', "band name blank or repeated"),
    ],
)
def test_hostile_toml_is_an_input_error(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in SMALL
    with pytest.raises(sy.InputError, match=message):
        sy.Scale.load(write(tmp_path, SMALL.replace(old, new, 1)))


def test_large_and_deep_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(sy.InputError, match="scale too large"):
        sy.Scale.load(write(tmp_path, SMALL + "#" * (1 << 20)))
    with pytest.raises(sy.InputError, match="scale not understood"):
        sy.Scale.from_json("[" * 100_000)
    with pytest.raises(sy.InputError, match="scale not understood"):
        sy.Scale.load(write(tmp_path, "id = " + "[" * 50_000))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_an_input_error(text: str) -> None:
    for toml in (True, False):
        with pytest.raises(sy.InputError, match=r"^(scale|item|number of items)"):
            sy.scale._core.scale_read(text, toml)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ips-26", 'unknown scale: got "ips-26"; allowed: ips-15, ips-25'),
        ("nowhere/own.toml", "scale file cannot be read"),
        (Path("scale.yaml"), "unknown kind of scale file"),
    ],
)
def test_unknown_scales_say_what_there_is(name: str | Path, message: str) -> None:
    with pytest.raises(sy.InputError, match=message):
        sy.Scale.load(name)


def test_replace_refuses_codes_that_are_scores() -> None:
    with pytest.raises(sy.InputError, match="code could be mistaken for a score"):
        sy.Scale.load("ips-25").replace(missing_codes=[3])
    with pytest.raises(sy.InputError, match="number not finite in step"):
        sy.Scale.load("ips-25").replace(step=float("nan"))
    with pytest.raises(sy.InputError, match="unknown variant `guess`"):
        sy.Scale.load("ips-25").replace(missing="guess")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0, None]), min_size=25, max_size=25))
def test_bounds_enclose_every_completion(scores: list[float | None]) -> None:
    scale = sy.Scale.load("ips-25")
    review = scale.total(scores)
    known = np.nansum([np.nan if x is None else x for x in scores])
    blanks = sum(x is None for x in scores)
    assert (review.low, review.high) == (known + blanks, known + 5 * blanks)
    assert review.total == (known if blanks == 0 else None)
    assert review.n_scored == 25 - blanks


def test_the_csv_template_has_one_row_per_item(tmp_path: Path) -> None:
    path = sy.scale.write_template("ips-15", tmp_path / "sheet.csv", sites=["Oslo", "Bergen"])
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    assert rows[0] == ["item", "title", "subscale", "allowed", "Oslo", "Bergen"]
    assert len(rows) == 16
    assert rows[1][3] == "1 to 5 in steps of 1; 9 = not scored"


def test_the_xlsx_template_refuses_what_the_scale_refuses(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    path = sy.scale.write_template("ips-25", tmp_path / "sheet.xlsx")
    sheet = load_workbook(path).active
    assert sheet is not None
    assert sheet.max_row == 26
    rules = sheet.data_validations.dataValidation
    assert len(rules) == 25
    assert (rules[0].type, rules[0].formula1, rules[0].formula2) == ("whole", "1", "5")


def test_templates_refuse_unknown_kinds_and_repeated_sites(tmp_path: Path) -> None:
    with pytest.raises(sy.InputError, match="unknown kind of scoring sheet"):
        sy.scale.write_template("ips-25", tmp_path / "sheet.ods")
    with pytest.raises(sy.InputError, match="site names not allowed"):
        sy.scale.write_template("ips-25", tmp_path / "sheet.csv", sites=["A", "A"])


def test_scale_reads_in_a_notebook() -> None:
    page = sy.Scale.load("ips-25")._repr_html_()
    assert "<caption" in page
    assert 'scope="col"' in page
    assert "<script" not in page
    assert "25 items" in repr(sy.Scale.load("ips-25"))
    assert json.loads(sy.Scale.load("ips-25").to_json())["items"][0]["id"] == "caseload_size"
