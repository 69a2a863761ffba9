"""Score sheets as people keep them: what is understood, what is offered, what is refused."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import steelyard as sy

SCALE = sy.Scale.load("ips-25")
TITLES = [item.title for item in SCALE.items]
IDS = list(SCALE.item_ids)
SCORES = np.random.default_rng(8).integers(1, 6, (3, 25))
SITES = ["Oslo", "Bergen", "Tromsø"]


def wide(heads: list[str] = TITLES) -> list[list[Any]]:
    return [["Site", *heads], *[[site, *row] for site, row in zip(SITES, SCORES.tolist(), strict=True)]]


def csv_file(folder: Path, rows: list[list[Any]], mark: str = ",", encoding: str = "utf-8") -> Path:
    path = folder / "sheet.csv"
    quoted = [[f'"{x}"' if isinstance(x, str) and mark in x else "" if x is None else str(x) for x in r] for r in rows]
    path.write_text("\n".join(mark.join(row) for row in quoted), encoding=encoding)
    return path


def matrix(reading: Any) -> Any:
    return np.asarray(reading.scores[IDS], dtype=float)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_sites_in_rows_by_title(tmp_path: Path, mark: str, encoding: str) -> None:
    scores, preview = sy.read_scores(csv_file(tmp_path, wide(), mark, encoding), scale="ips-25")
    assert preview.layout == "sites in rows"
    assert scores["site"].tolist() == SITES
    np.testing.assert_array_equal(scores[IDS], SCORES)
    assert {how for _, _, how in preview.items} == {"id", "title"}
    assert sy.Study(scores, scale="ips-25").site_ids == tuple(SITES)


def test_numbers_before_titles_and_aliases(tmp_path: Path) -> None:
    heads = [f"{j + 1}. {title.upper()}" for j, title in enumerate(TITLES)]
    heads[16] = "Frequent employer contact"
    heads[3] = "Item 4"
    reading = sy.read_scores(csv_file(tmp_path, wide(heads)), scale=SCALE)
    np.testing.assert_array_equal(matrix(reading), SCORES)
    how = {item: kind for _, item, kind in reading.preview.items}
    assert (how["job_development_frequency"], how["team_integration"]) == ("alias", "number")


def test_items_in_rows_and_the_filled_template(tmp_path: Path) -> None:
    path = sy.scale.write_template(SCALE, tmp_path / "t.xlsx", sites=SITES)
    book = openpyxl.load_workbook(path)
    for i in range(3):
        for j in range(25):
            book.active.cell(j + 2, 5 + i, int(SCORES[i, j]))
    book.save(path)
    reading = sy.read_scores(path, scale=SCALE)
    assert reading.preview.layout == "items in rows"
    np.testing.assert_array_equal(matrix(reading), SCORES)
    assert sy.Study(reading, scale=SCALE).score_matrix.tolist() == SCORES.tolist()


def test_the_shipped_sheet_reads_itself() -> None:
    path = Path(sy.__file__).parent / "data" / "norway_ips" / "item_scores.csv"
    reading = sy.read_scores(path, scale="ips-25")
    np.testing.assert_array_equal(matrix(reading), sy.datasets.norway_ips().score_matrix)


def test_merged_heads_give_site_and_review(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Fidelity reviews", None, None, None])
    sheet.append(["Item", "Oslo", None, "Bergen"])
    sheet.append([None, "2019", 2021, "2021"])
    for j, title in enumerate(TITLES):
        sheet.append([title, *(int(x) for x in SCORES[:, j])])
    sheet.append(["Total", *(int(x) for x in SCORES.sum(axis=1))])
    sheet.merge_cells("B2:C2")
    sheet.merge_cells("A1:D1")
    path = tmp_path / "merged.xlsx"
    book.save(path)
    reading = sy.read_scores(path, scale="ips-25")
    assert reading.scores["site"].tolist() == ["Oslo", "Oslo", "Bergen"]
    assert reading.scores["review_date"].tolist() == [dt.date(2019, 1, 1), dt.date(2021, 1, 1), dt.date(2021, 1, 1)]
    np.testing.assert_array_equal(matrix(reading), SCORES)
    assert any("2 merged areas" in text for text in reading.preview.notes)
    assert any("year only: taken as 1 January" in text for text in reading.preview.notes)
    assert ("Total", "a summary: not used") in reading.preview.other


def test_long_files(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["centre", "item", "score"]]
    rows += [[SITES[i], IDS[j], int(SCORES[i, j])] for i in range(3) for j in range(25)]
    reading = sy.read_scores(csv_file(tmp_path, rows), scale="ips-25")
    assert reading.preview.layout == "long"
    np.testing.assert_array_equal(matrix(reading), SCORES)
    rows.append(["Oslo", IDS[3], 2])
    with pytest.raises(sy.InputError, match=r"item scored twice in one review in sheet.csv, rows 5 and 77"):
        sy.read_scores(csv_file(tmp_path, rows), scale="ips-25")
    rows[-1] = ["Oslo", "Rapid serch", 2]
    with pytest.raises(sy.InputError, match=r'unknown item \(did you mean "rapid_search"\?\) in sheet.csv, cell B77'):
        sy.read_scores(csv_file(tmp_path, rows), scale="ips-25")


def sav(folder: Path, labels: dict[str, dict[float, str]] | None = None) -> Path:
    frame = pd.DataFrame(SCORES.astype(float), columns=[f"v{j + 1}" for j in range(25)])
    frame.insert(0, "site", [1.0, 2.0, 3.0] if labels else SITES)
    frame.loc[1, "v3"] = 9.0
    path = folder / "scores.sav"
    pyreadstat.write_sav(
        frame,
        str(path),
        column_labels=["Site", *TITLES],
        missing_ranges={"v3": [9]},
        variable_value_labels=labels or {},
    )
    return path


def test_spss_files_keep_labels_and_user_missing(tmp_path: Path) -> None:
    reading = sy.read_scores(sav(tmp_path), scale="ips-25")
    expected = SCORES.astype(float)
    expected[1, 2] = np.nan
    np.testing.assert_array_equal(matrix(reading), expected)
    assert any("v3: 1 user-missing cells (9) read as missing" in text for text in reading.preview.notes)


def test_spss_value_labels_name_sites_and_must_not_collide(tmp_path: Path) -> None:
    reading = sy.read_scores(sav(tmp_path, {"site": {1.0: "Oslo", 2.0: "Bergen", 3.0: "Molde"}}), scale="ips-25")
    assert reading.scores["site"].tolist() == ["Oslo", "Bergen", "Molde"]
    with pytest.raises(sy.InputError, match=r'two codes with one value label .*got 1 and 3 are both "Oslo"'):
        sy.read_scores(sav(tmp_path, {"site": {1.0: "Oslo", 2.0: "Bergen", 3.0: "Oslo"}}), scale="ips-25")


def test_several_reviews_in_names_are_split_only_when_told(tmp_path: Path) -> None:
    rows = wide(IDS)
    rows[1][0], rows[2][0] = "Oslo 2019", "Oslo 2021"
    path = csv_file(tmp_path, rows)
    with pytest.raises(sy.InputError, match=r'look like several reviews of one site: got "Oslo 2019", "Oslo 2021"'):
        sy.read_scores(path, scale="ips-25")
    split = sy.read_scores(path, scale="ips-25", reviews="name date")
    assert split.scores["site"].tolist() == ["Oslo", "Oslo", "Tromsø"]
    assert split.scores["review_date"].tolist()[:2] == [dt.date(2019, 1, 1), dt.date(2021, 1, 1)]
    assert split.review_date == "review_date"
    apart = sy.read_scores(path, scale="ips-25", reviews="as sites")
    assert apart.scores["site"].tolist() == ["Oslo 2019", "Oslo 2021", "Tromsø"]
    own = sy.read_scores(path, scale="ips-25", reviews=r"(?P<site>\w+) (?P<date>\d+)")
    assert own.scores["site"].tolist() == ["Oslo", "Oslo", "Tromsø"]
    for wrong in ("[", r"(\w+)"):
        with pytest.raises(sy.InputError, match="in reviews"):
            sy.read_scores(path, scale="ips-25", reviews=wrong)


def test_decimal_commas_are_offered_then_read(tmp_path: Path) -> None:
    rows = wide(IDS)
    rows[2][5] = "3,5"
    path = csv_file(tmp_path, rows, ";")
    with pytest.raises(
        sy.InputError, match=r'text in a number column in sheet.csv, cell F3 \(site "Bergen", team_contact\): got "3,5"'
    ):
        sy.read_scores(path, scale="ips-25")
    halves = sy.Scale.load("ips-25").replace(step=0.5)
    assert matrix(sy.read_scores(path, scale=halves, decimal=","))[1, 4] == 3.5


def test_words_for_missing_are_counted(tmp_path: Path) -> None:
    rows = wide(IDS)
    rows[1][4], rows[2][4], rows[3][6] = "n/a", "n/a", "not rated"
    reading = sy.read_scores(csv_file(tmp_path, rows), scale="ips-25")
    assert np.isnan(matrix(reading)).sum() == 3
    assert 'read as missing: 2 x "n/a", 1 x "not rated"' in reading.preview.notes


def test_nine_for_not_rated_is_refused_with_its_remedy(tmp_path: Path) -> None:
    rows = wide(IDS)
    rows[2][3] = rows[3][7] = 9
    rows[1][2] = 2.5
    path = csv_file(tmp_path, rows)
    seen = sy.read_scores(path, scale="ips-25", preview=True).preview
    assert seen.problems == (
        'score off the step in sheet.csv, cell C2 (site "Oslo", vocational_services_only): got 2.5; allowed: 1 to 5 in '
        "steps of 1. Correct the cell, or, if the study uses half points, use scale.replace(step=0.5).",
        'score out of range in sheet.csv, cell D3 (site "Bergen", vocational_generalists): got 9; allowed: 1 to 5 in '
        'steps of 1. Correct the cell, or, if 9 means "not rated", use scale.replace(missing_codes=[9]); if it means '
        '"does not apply", not_applicable_codes=[9]. 1 more cell of the sheet: 9 too.',
    )
    with pytest.raises(sy.InputError, match=r"2 problems in sheet.csv"):
        sy.read_scores(path, scale="ips-25")
    told = sy.Scale.load("ips-25").replace(step=0.5, missing_codes=[9])
    assert sy.Study(sy.read_scores(path, scale=told), missing="bounds").score_matrix[0, 1] == 2.5


def test_dates_raters_kept_columns_and_summaries(tmp_path: Path) -> None:
    rows = wide(IDS)
    extra = [["Date of review", "Rater", "Region", "Total", "Notes"]]
    sums = SCORES.sum(axis=1)
    extra += [["13/02/2021", "A", "north", int(sums[0]), "x"], ["04/03/2021", "B", "south", int(sums[1]) + 2, ""]]
    extra += [["05/03/2021", "A", "south", int(sums[2]), ""]]
    rows = [row + more for row, more in zip(rows, extra, strict=True)] + [["Mean", *[3] * 25], [None] * 26]
    reading = sy.read_scores(csv_file(tmp_path, rows), scale="ips-25", columns={"Region": "keep"})
    assert reading.scores["review_date"].tolist()[1] == dt.date(2021, 3, 4)
    assert reading.scores["rater"].tolist() == ["A", "B", "A"]
    assert reading.site_columns == ("Region",)
    notes = " ".join(reading.preview.notes)
    assert f'"Bergen": the sheet prints a total of {sums[1] + 2}, its items sum to {sums[1]}' in notes
    assert '("Mean") is a summary, not a site: skipped' in notes
    assert dict(reading.preview.other)["Notes"].startswith("not used")
    study = sy.Study(reading, scale="ips-25")
    assert study.sites["Region"].tolist() == ["north", "south", "south"]


def test_ambiguous_dates_are_refused(tmp_path: Path) -> None:
    rows = [[*row, more] for row, more in zip(wide(IDS), ["date", "03/04/2021", "05/06/2021", None], strict=True)]
    path = csv_file(tmp_path, rows)
    with pytest.raises(sy.InputError, match=r'ambiguous date in the review date of site "Oslo": got "03/04/2021"'):
        sy.read_scores(path, scale="ips-25")
    told = sy.read_scores(path, scale="ips-25", date_format="%m/%d/%Y")
    assert told.scores["review_date"].tolist()[0] == dt.date(2021, 3, 4)
    # Year first needs no format and stands beside any.
    mixed = [[*row, more] for row, more in zip(wide(IDS), ["date", "2021-04-03", "05/06/2021", None], strict=True)]
    told = sy.read_scores(csv_file(tmp_path, mixed), scale="ips-25", date_format="%d/%m/%Y")
    assert told.scores["review_date"].tolist()[:2] == [dt.date(2021, 4, 3), dt.date(2021, 6, 5)]
    with pytest.raises(sy.InputError, match=r'text that is no date .* allowed: dates as "%d.%m.%Y"'):
        sy.read_scores(path, scale="ips-25", date_format="%d.%m.%Y")


def test_near_misses_are_offered_never_taken(tmp_path: Path) -> None:
    heads = list(TITLES)
    heads[14] = "Rapid serch"
    path = csv_file(tmp_path, wide(heads))
    with pytest.raises(
        sy.InputError, match=r'items not found: got rapid_search; .*columns={"Rapid serch": "rapid_search"}'
    ):
        sy.read_scores(path, scale="ips-25")
    told = sy.read_scores(path, scale="ips-25", columns={"Rapid serch": "rapid_search"})
    np.testing.assert_array_equal(matrix(told), SCORES)
    with pytest.raises(sy.InputError, match=r'unknown target \(did you mean "rapid_search"\?\)'):
        sy.read_scores(path, scale="ips-25", columns={"Rapid serch": "rapid_serch"})


def test_all_problems_come_at_once_and_preview_shows_them(tmp_path: Path) -> None:
    rows = wide(IDS)
    rows[1][2], rows[2][2], rows[3][0] = "good", "4-5", None
    path = csv_file(tmp_path, rows)
    with pytest.raises(sy.InputError, match=r"3 problems in sheet\.csv") as caught:
        sy.read_scores(path, scale="ips-25")
    assert "preview=True" in str(caught.value)
    reading = sy.read_scores(path, scale="ips-25", preview=True)
    assert len(reading.preview.problems) == 3
    assert "PROBLEM 2" in repr(reading)
    assert "<caption" in reading._repr_html_()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["a", "b"], [1, 2]], "no items found in sheet.csv: got first row: a, b"),
        (
            [["Place", *IDS], ["Oslo", *[3] * 25]],
            'no site column in sheet.csv: got heads: Place; .*"your head": "site"',
        ),
        ([["site", *IDS, IDS[0]], ["Oslo", *[3] * 26]], "two heads for one item in caseload_size"),
        ([["site", *IDS]], "no sites with scores"),
        ([[None, None]], "file without content"),
    ],
)
def test_sheets_that_cannot_be_read(tmp_path: Path, rows: list[list[Any]], message: str) -> None:
    with pytest.raises(sy.InputError, match=message):
        sy.read_scores(csv_file(tmp_path, rows), scale="ips-25")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    csv_file(tmp_path, wide())
    with pytest.raises(sy.InputError, match=r'no such file \(did you mean "sheet.csv"\?\)'):
        sy.read_scores(tmp_path / "Sheet1.csv", scale="ips-25")
    with pytest.raises(sy.InputError, match=r"Save it as \.xlsx"):
        sy.read_scores(tmp_path / "a.xls", scale="ips-25")
    broken = tmp_path / "b.xlsx"
    broken.write_bytes(b"PK no workbook")
    with pytest.raises(sy.InputError, match="workbook cannot be read"):
        sy.read_scores(broken, scale="ips-25")
    broken = tmp_path / "b.sav"
    broken.write_bytes(b"$FL2 nothing")
    with pytest.raises(sy.InputError, match="SPSS file cannot be read"):
        sy.read_scores(broken, scale="ips-25")
    latin = tmp_path / "latin.csv"
    latin.write_bytes("Site,Tromsø\n".encode("cp1252"))
    with pytest.raises(sy.InputError, match=r"encoding='cp1252'"):
        sy.read_scores(latin, scale="ips-25")


def test_sheets_are_named_when_there_are_several(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for name in ("2019", "2021"):
        page = book.create_sheet(name)
        for row in wide(IDS):
            page.append(row)
    path = tmp_path / "two.xlsx"
    book.save(path)
    with pytest.raises(sy.InputError, match=r"several sheets hold something in two\.xlsx: got 2019, 2021"):
        sy.read_scores(path, scale="ips-25")
    assert len(sy.read_scores(path, scale="ips-25", sheet="2021").scores) == 3
    with pytest.raises(sy.InputError, match="no such sheet"):
        sy.read_scores(path, scale="ips-25", sheet="2020")


def test_frames_come_in_the_library_asked_for(tmp_path: Path) -> None:
    reading = sy.read_scores(csv_file(tmp_path, wide()), scale="ips-25", library="polars")
    assert isinstance(reading.scores, pl.DataFrame)
    assert isinstance(sy.Study(reading, scale="ips-25").scores, pl.DataFrame)


def test_two_hundred_sites_are_read_correctly(tmp_path: Path) -> None:
    # Measured at 0.03 s (CSV) where the limit is 1 s; asserted is only that nothing is lost.
    scores = np.random.default_rng(1).integers(1, 6, (200, 25))
    rows = [["site", *IDS], *[[f"site {i}", *row] for i, row in enumerate(scores.tolist())]]
    reading = sy.read_scores(csv_file(tmp_path, rows), scale="ips-25")
    np.testing.assert_array_equal(matrix(reading), scores)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400), st.sampled_from(["csv", "xlsx", "sav"]))
def test_any_bytes_are_refused_or_read(tmp_path: Path, content: bytes, kind: str) -> None:
    path = tmp_path / f"any.{kind}"
    path.write_bytes(content)
    with pytest.raises(sy.InputError):
        sy.read_scores(path, scale="ips-25")
