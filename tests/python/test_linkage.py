"""Reviews meet participants: reading, linking, review rules, windows, arms, and what is refused or offered."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steelyard as sy

o = sy.outcomes
IDS = list(sy.Scale.load("ips-25").item_ids)


def sheet(*rows: tuple[str, str | None], seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"site": [r[0] for r in rows], "date": [r[1] for r in rows]})
    return pd.concat([frame, pd.DataFrame(rng.integers(2, 6, (len(rows), 25)), columns=IDS)], axis=1)


def scores(*sites: str) -> pd.DataFrame:
    return sheet(*((site, None) for site in sites)).drop(columns="date")


def people(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"site": ["Oslo", "Oslo", "Bergen", "Bergen"], "employed": [1, 0, 1, None], **columns})


def test_unmatched_rows_are_listed_both_ways_and_near_names_offered() -> None:
    data = people(site=["Oslo", "OSLO", "Tromso", "Molde"])
    study = sy.Study(scores("Oslo", "Tromsø", "Bodø"), data, scale="ips-25")
    rows = study.linkage.unmatched.astype(object).where(study.linkage.unmatched.notna(), None)
    assert rows.values.tolist() == [
        ["participants", 2, "OSLO", "site not reviewed", "Oslo"],
        ["participants", 3, "Tromso", "site not reviewed", "Tromsø"],
        ["participants", 4, "Molde", "site not reviewed", None],
        ["reviews", 2, "Tromsø", "no participants", "Tromso"],
        ["reviews", 3, "Bodø", "no participants", None],
    ]
    assert study.linkage.n_linked == 1
    assert 'join them with same_site={"OSLO": "Oslo"} if they are one site' in repr(study.linkage)
    assert any(
        "3 participants belong to no reviewed site and are left out; nearly the name" in c for c in study.caveats
    )
    joined = sy.Study(
        scores("Oslo", "Tromsø", "Bodø"), data, scale="ips-25", same_site={"OSLO": "Oslo", "Tromso": "Tromsø"}
    )
    assert joined.linkage.n_linked == 3
    assert joined.linkage.joined == {"OSLO": "Oslo", "Tromso": "Tromsø"}
    assert "<table" in joined.linkage._repr_html_()
    again = type(joined.linkage).from_json(joined.linkage.to_json())
    assert again.tables == joined.linkage.tables


def test_blanks_around_a_site_name_are_taken_off_and_said_so() -> None:
    data = people(site=["Oslo ", "Oslo", "Os lo", "Bergen"])
    study = sy.Study(scores("Oslo", "Bergen"), data, scale="ips-25")
    assert study.linkage.n_linked == 3
    assert 'blanks around 1 site names were taken off: "Oslo "' in study.linkage.notes
    assert study.linkage.offers == {"Os lo": "Oslo"}
    assert sy.read_outcomes(data).preview.notes == ('"site": blanks around 1 names were taken off: "Oslo "',)


def test_offers_join_once_they_were_looked_at() -> None:
    data = people(site=["Oslo", "OSLO", "bergen", "Molde"])
    study = sy.Study(scores("Oslo", "Bergen"), data, scale="ips-25")
    assert study.linkage.offers == {"OSLO": "Oslo", "bergen": "Bergen"}
    assert "same_site=study.linkage.offers joins all of these spellings" in repr(study.linkage)
    joined = sy.Study(scores("Oslo", "Bergen"), data, scale="ips-25", same_site=study.linkage.offers)
    assert joined.linkage.n_linked == 3
    assert joined.linkage.offers == {}


def test_the_scale_is_that_of_the_reading_or_must_be_stated() -> None:
    scale = sy.Scale.load("ips-25").replace(step=0.5)
    reading = sy.read_scores(scores("Oslo", "Bergen"), scale=scale)
    assert sy.Study(reading).scale is scale
    with pytest.raises(sy.InputError, match=r"scale not stated in scale: got None; allowed: a sy.Scale or the id"):
        sy.Study(scores("Oslo", "Bergen"))


REVIEWS = sheet(("Oslo", "2018-03-01"), ("Oslo", "2019-06-01"), ("Oslo", "2022-01-15"), ("Bergen", "2019-01-01"))


@pytest.mark.parametrize(
    ("rule", "rows"),
    [("first", [0]), ("last", [2]), ("nearest-before", [1]), ("mean", [0, 1, 2])],
)
def test_one_review_stands_for_a_site_by_rule(rule: str, rows: list[int]) -> None:
    study = sy.Study(
        REVIEWS, scale="ips-25", review_date="date", review_rule=rule, outcome_window=("2020-01-01", "2021-01-01")
    )
    np.testing.assert_allclose(study.score_matrix[0], REVIEWS.loc[rows, IDS].mean(axis=0))
    status = study.linkage.reviews.set_index("review_date")["status"]
    if rule == "nearest-before":
        assert status["2019-06-01"] == "used"
        assert status["2022-01-15"] == "not used: after the outcome window"
        assert status["2018-03-01"] == "not used: another review is nearer"
        assert not study.linkage.red_lines
    if rule == "last":
        assert len(study.linkage.red_lines) == 1


def test_all_reviews_are_rows_and_participants_belong_to_the_one_before_them() -> None:
    data = pd.DataFrame(
        {
            "site": ["Oslo", "Oslo", "Oslo", "Bergen"],
            "enrolled": ["2018-05-01", "2020-02-01", "2017-01-01", "2019-05-01"],
            "employed": [1, 0, 1, 1],
        }
    )
    study = sy.Study(
        REVIEWS, data, scale="ips-25", review_date="date", review_rule="all", outcome_window=("enrolled", None)
    )
    assert study.site_ids == ("Oslo 2018-03-01", "Oslo 2019-06-01", "Oslo 2022-01-15", "Bergen")
    assert study.unit_sites == ("Oslo", "Oslo", "Oslo", "Bergen")
    assert study.moments(o.Binary("employed")).rows.tolist() == [2, 1, 0, 1]
    assert any("resample by site" in text for text in study.caveats)
    # The participant of 2017 was there before any review.
    assert len(study.linkage.red_lines) == 1


def test_a_window_that_precedes_its_review_is_a_red_line() -> None:
    reviews = sheet(("Oslo", "2021-05-01"), ("Bergen", "2019-01-01"), ("Molde", "2020-06-01"))
    study = sy.Study(
        reviews,
        scale="ips-25",
        review_date="date",
        outcome_window={
            "Oslo": ("2019-01-01", "2020-01-01"),
            "Bergen": ("2020-01-01", "2021-01-01"),
            "Molde": ("2020-01-01", "2021-01-01"),
        },
    )
    first, second = study.linkage.red_lines
    assert first == (
        'outcome window ended before its review in site "Oslo": got review of 2021-05-01, window 2019-01-01 to '
        "2020-01-01; allowed: a review on or before 2019-01-01. The scores may follow from the outcome rather than "
        "precede it: use an earlier review, a later window, or leave the site out."
    )
    assert second.startswith('outcome window begins before its review in site "Molde"')
    assert study.caveats[0].startswith("RED LINE: outcome window ended")
    assert "RED LINE" in repr(study.linkage)
    assert study.linkage.windows["days_from_review"].tolist() == [-851, 365, -152]


def test_windows_come_from_two_date_columns_of_any_kind() -> None:
    data = people(start=pd.to_datetime(["2020-01-05", "2020-02-01", "2021-01-01", None]), end=["2021-01-05"] * 4)
    reviews = sheet(("Oslo", "2020-01-01"), ("Bergen", "2020-12-01"))
    study = sy.Study(reviews, data, scale="ips-25", review_date="date", outcome_window=("start", "end"))
    assert study.linkage.windows["window_start"].tolist() == ["2020-01-05", "2021-01-01"]
    assert study.linkage.windows["window_end"].tolist() == ["2021-01-05", "2021-01-05"]


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow", "parquet", "dict"])
def test_participants_come_from_any_library(library: str, tmp_path: Path) -> None:
    frame = people(age=[30, 40, 50, 60])
    given: Any = frame
    if library == "polars":
        given = pl.DataFrame(frame.to_dict("list"))
    elif library in ("pyarrow", "parquet"):
        given = pa.table(frame)
        if library == "parquet":
            pq.write_table(given, tmp_path / "people.parquet")
            given = tmp_path / "people.parquet"
    elif library == "dict":
        given = frame.to_dict("list")
    study = sy.Study(scores("Oslo", "Bergen"), given, scale="ips-25", outcome=o.Binary("employed"))
    found = study.moments(covariates=["age"])
    assert found.n.tolist() == [2, 1]
    assert found.missing[:, 0].tolist() == [0, 1]
    assert found.means[:, 1].tolist() == [35, 50]


def test_moments_are_those_of_numpy_whatever_the_threads() -> None:
    rng = np.random.default_rng(5)
    n = 150_000
    data = pd.DataFrame(
        {"site": rng.choice(["Oslo", "Bergen", "Molde"], n), "y": rng.integers(0, 2, n), "z": rng.normal(size=n)}
    )
    study = sy.Study(scores("Oslo", "Bergen"), data, scale="ips-25", outcome=o.Binary("y"))
    one, two = study.moments(covariates=["z"], threads=1), study.moments(covariates=["z"], threads=2)
    assert one.sums.tobytes() == two.sums.tobytes()
    assert one.products.tobytes() == two.products.tobytes()
    for k, site in enumerate(("Oslo", "Bergen")):
        own = data[data["site"] == site]
        assert one.n[k] == len(own)
        # The mean of z is near 0: sums of 50,000 numbers near 1 agree to 1e-12, not relatively.
        np.testing.assert_allclose(one.means[k], own[["y", "z"]].mean(), rtol=1e-12, atol=1e-12)
        centred = own[["y", "z"]].to_numpy() - one.origin
        np.testing.assert_allclose(one.products[k], centred.T @ centred, rtol=1e-10)
    assert one.unlinked == (data["site"] == "Molde").sum()
    whole = one.linked()
    x = study.score_matrix - 3
    assert whole[0, 0] == one.n.sum()
    np.testing.assert_array_equal(whole[1:26, 1:26], (x * one.n[:, None]).T @ x)
    np.testing.assert_allclose(one.linked([1, 0]) + one.linked([0, 1]), whole, rtol=1e-12)


S = scores("Oslo", "Bergen")
BAD: list[tuple[dict[str, Any], str]] = [
    (
        {"participants": people(id=[1, 2, 1, 3]), "participant": "id"},
        r'participant in two sites in rows 1 and 3 of participants: got "1" in "Oslo" and "Bergen"; .*Correct the row',
    ),
    (
        {"participants": people(id=[1, 1, 2, 3], arm=["IPS", "TAU", "IPS", "TAU"]), "participant": "id", "arm": "arm"},
        r'participant in two arms in rows 1 and 2 of participants: got "1" in "IPS" and "TAU"',
    ),
    (
        {"participants": people(id=[1, 1, 2, 3]), "participant": "id"},
        r'participant in two rows in rows 1 and 2 of participants: got "1"; allowed: one row per participant',
    ),
    (
        {"participants": people(arm=["IPS"] * 4), "arm": "arm"},
        r'an arm without controls in column "arm" of participants: got IPS; .*Leave arm out if everybody was treated',
    ),
    ({"participants": people(arm=["a", "b", "a", "b"]), "arm": "arm"}, r"treated arm not recognised .*treated='a'"),
    (
        {"participants": people(arm=["a", "b", "a", "b"]), "arm": "arm", "treated": "A"},
        r'unknown arm \(did you mean "a"\?\) in treated: got "A"; allowed: a, b',
    ),
    ({"participants": people(arm=["a", "b", "c", "b"]), "arm": "arm"}, r"arms not understood .*got a, b, c"),
    ({"participants": people(site=["x", "y", "x", "y"])}, r"no participant belongs to a reviewed site .*same_site"),
    ({"participants": people(), "same_site": {"Oslo": "Osol"}}, r'unknown site \(did you mean "Oslo"\?\) in same_site'),
    ({"participants": people().rename(columns={"site": "Site"})}, r'no column "site" \(did you mean "Site"\?\)'),
    ({"participants": people().iloc[:0]}, r"no participants in participants: got 0 rows"),
    ({"participants": 5}, r"participants not understood: got int"),
    ({"participants": "people.csv"}, r"participants not understood: got people.csv; .*Read the file first"),
    ({"participants": "people.parquet"}, r"Parquet file cannot be read"),
    ({"arm": "arm"}, r"arm, participant and same_site need participants"),
    ({"review_rule": "best"}, r"unknown option in review_rule: got 'best'; allowed: 'nearest-before', 'first'"),
    ({"outcome": "employed"}, r"outcome not understood in outcome: got 'employed'; .*sy.outcomes.Binary"),
    ({"outcome_window": "2020"}, r"outcome window not understood .*\(start, end\)"),
    ({"outcome_window": ("2021-01-01", "2020-01-01")}, r"outcome window ends before it begins"),
    ({"outcome_window": {"Molde": ("2020", "2021")}}, r'unknown site in outcome_window: got "Molde"'),
    (
        {"participants": people(a=["2021-01-01"] * 4, b=["2020-01-01"] * 4), "outcome_window": ("a", "b")},
        r'outcome window ends before it begins in row 1 of participants, column "b": got 2021-01-01 to 2020-01-01',
    ),
    (
        {"participants": people(a=["03/04/2021"] * 4), "outcome_window": ("a", None)},
        r'ambiguous date in column "a", row 1: got "03/04/2021"; .*date_format',
    ),
    ({"participants": people(), "participant": "idd"}, r'no column "idd" in participants: got site, employed'),
]


@pytest.mark.parametrize(("options", "message"), BAD)
def test_bad_links_say_where_and_what_to_do(options: dict[str, Any], message: str) -> None:
    with pytest.raises(sy.InputError, match=message):
        sy.Study(S, scale="ips-25", **options)


def test_reviews_given_twice_are_refused() -> None:
    twice = sheet(("Oslo", "2020-01-01"), ("Oslo", "2020-01-01"), ("Bergen", "2020-01-01"))
    with pytest.raises(
        sy.InputError, match=r"two reviews of one site at one time in rows 1 and 2: got \"Oslo\" on 2020"
    ):
        sy.Study(twice, scale="ips-25", review_date="date")
    undated = sheet(("Oslo", "2020-01-01"), ("Oslo", None), ("Bergen", "2020-01-01"))
    with pytest.raises(sy.InputError, match=r'review without a date in row 2 \(site "Oslo"\): got blank'):
        sy.Study(undated, scale="ips-25", review_date="date")
    rated = twice.assign(rater=["a", "a", "b"])
    with pytest.raises(sy.InputError, match="one rater twice in one review in rows 1 and 2"):
        sy.Study(rated, scale="ips-25", review_date="date", rater="rater")
    with pytest.raises(sy.InputError, match=r'review without the rater that is used in site "Bergen"'):
        sy.Study(twice.assign(rater=["a", "c", "b"]), scale="ips-25", review_date="date", rater="rater", rater_rule="a")


WRONG: list[tuple[Any, dict[str, Any], str]] = [
    (
        o.Binary("employed"),
        {"employed": [1, 9, 0, 1]},
        r'value that is neither 0 nor 1 in row 2 of participants, column "employed": got 9; .*'
        r'missing_codes=\{"employed": \[9\]\}',
    ),
    (o.Binary("employd"), {}, r'no column "employd" \(did you mean "employed"\?\)'),
    (o.Binary("employed"), {"employed": ["yes", "no", "no", "no"]}, r'text in a number column in row 1 .*got "yes"'),
    (o.Binary("employed"), {"employed": [1, np.inf, 0, 0]}, r"number not finite in row 2"),
    (
        o.Binomial("employed", "n"),
        {"employed": [1, 5, 0, 1], "n": [4, 4, 4, 4]},
        r'more successes than trials in row 2 of participants, column "employed": got 5 of 4; allowed: k from 0 to n',
    ),
    (
        o.Binomial("employed", "n"),
        {"n": [1, 2.5, 3, 4]},
        r"number of people not allowed in row 2 .*Give counts, not rates",
    ),
    (o.Count("employed"), {"employed": [1, -1, 0, 1]}, r"count below 0 in row 2"),
    (o.Count("employed", exposure="t"), {"t": [1, 0, 1, 1]}, r"exposure not above 0 in row 2"),
    (o.Count("employed", exposure="t"), {"t": [1, None, 1, 1]}, r"count without an exposure in row 2"),
    (
        o.Duration("days"),
        {"days": [5, None, 7, 8]},
        r"blank duration without an event column in row 2 of participants, column \"days\": got 1 blanks of 4",
    ),
    (
        o.Duration("days", event="employed"),
        {"days": [5, None, 7, 8], "employed": [1, 0, 1, 1]},
        r"blank duration of somebody without the event in row 2 .*follow_up=\"days_observed\"",
    ),
    (
        o.Duration("days", event="employed"),
        {"days": [None, 4, 7, 8], "employed": [1, 0, 1, 1]},
        r"event without a duration in row 1",
    ),
    (o.Duration("days", event="employed"), {"days": [-5, 1, 1, 1]}, r"duration below 0 in row 1"),
    (
        o.Duration("days", event="employed", follow_up="seen"),
        {"days": [9, None, 7, 8], "seen": [8, 9, 9, 9], "employed": [1, 0, 1, 1]},
        r"event after the end of follow-up in row 1 .*got 9, observed for 8",
    ),
    (o.Effect(o.Binary("employed")), {}, r'no column "arm"'),
    (
        o.Effect(o.Binary("employed")),
        {"arm": ["IPS", "IPS", "TAU", "TAU"]},
        r"no site has participants of both arms in arm \"arm\": got Oslo: no controls; Bergen: no treated",
    ),
]


@pytest.mark.parametrize(("outcome", "columns", "message"), WRONG)
def test_bad_outcomes_say_where_and_what_to_do(outcome: Any, columns: dict[str, Any], message: str) -> None:
    study = sy.Study(S, people(**columns), scale="ips-25")
    with pytest.raises(sy.InputError, match=message):
        study.site_table(outcome)


TYPES: list[tuple[Any, str]] = [
    (lambda: o.Binary(""), "column not named in column"),
    (lambda: o.Binomial("k", "k"), "k and n are one column: got 'k'"),
    (
        lambda: o.Duration("d", follow_up="f"),
        'follow_up without event in Duration. Name the event column: event="employed"',
    ),
    (lambda: o.Duration("d", horizon=-1), "horizon not allowed: got -1"),
    (lambda: o.Duration("d", intervals=(1, 2)), "intervals not allowed"),
    (lambda: o.Effect("employed"), "outcome of an effect not understood: got 'employed'"),
    (
        lambda: o.Effect(o.Mean("h"), measure="odds"),
        "measure not known in Effect: got 'odds'; allowed: 'difference in means'",
    ),
]


@pytest.mark.parametrize(("make", "message"), TYPES)
def test_outcomes_are_checked_when_they_are_named(make: Any, message: str) -> None:
    with pytest.raises(sy.InputError, match=message):
        make()


def test_methods_without_participants_or_outcome_say_so() -> None:
    study = sy.Study(S, scale="ips-25")
    with pytest.raises(sy.InputError, match="no participants in this study in linkage"):
        _ = study.linkage
    with pytest.raises(sy.InputError, match="no participants in this study"):
        study.site_table(o.Binary("employed"))
    linked = sy.Study(S, people(), scale="ips-25")
    with pytest.raises(sy.InputError, match="outcome not stated in outcome"):
        linked.adjusted_rates(["age"])
    with pytest.raises(sy.InputError, match="no covariates in covariates"):
        linked.adjusted_rates([], o.Binary("employed"))
    with pytest.raises(sy.InputError, match=r"covariate does not vary .*\(covariates in order: age\)"):
        sy.Study(S, people(age=[1] * 4), scale="ips-25").adjusted_rates(["age"], o.Binary("employed"))
    with pytest.raises(sy.InputError, match="outcome without moments of participants"):
        linked.moments(o.Duration("employed"))
    with pytest.raises(sy.InputError, match="confidence level not allowed"):
        linked.site_table(o.Binary("employed"), confidence_level=95)


CSV = """Client;Centre;Randomised to;Employed 12m;Start;Hours;Note
1;Oslo;IPS;yes;01.05.2021;12,5;
2;Oslo;TAU;no;31.05.2021;0;moved
3;Bergen;IPS;n/a;02.06.2021;20;
4;Bergen;TAU;ja;;;
"""


def test_a_participant_file_is_read_with_a_preview(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(CSV, encoding="utf-8")
    reading = sy.read_outcomes(
        path, decimal=",", columns={"Employed 12m": "employed", "Client": "participant", "Note": None}
    )
    frame, seen = reading
    assert list(frame.columns) == ["participant", "site", "arm", "employed", "Start", "Hours"]
    np.testing.assert_array_equal(frame["employed"], [1, 0, np.nan, 1])
    assert frame["Start"].tolist()[:3] == [dt.date(2021, 5, 1), dt.date(2021, 5, 31), dt.date(2021, 6, 2)]
    assert frame["Hours"].tolist()[:2] == [12.5, 0]
    assert (reading.site, reading.participant, reading.arm) == ("site", "participant", "arm")
    assert ("Employed 12m", "employed", "yes/no as 1/0", 1) in seen.columns
    assert ("Note", "", "left out as told", 0) in seen.columns
    assert any('"Employed 12m": read as missing: 1 x "n/a"' in text for text in seen.notes)
    assert "PROBLEM" not in repr(seen)
    assert "<caption" in reading._repr_html_()
    study = sy.Study(S, reading, scale="ips-25", outcome=o.Effect(o.Binary("employed")))
    assert study.linkage.arms == ("IPS", "TAU")


def test_problems_of_a_participant_file_come_all_at_once_with_their_cells(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(CSV.replace("31.05.2021", "05.06.2021").replace(";20;", ";twenty;"), encoding="utf-8")
    with pytest.raises(sy.InputError) as caught:
        sy.read_outcomes(path)
    text = str(caught.value)
    assert text.startswith("3 problems in people.csv")
    assert 'ambiguous date in people.csv, cell E2 (column "Start"): got "01.05.2021"' in text
    assert 'text in a number column in people.csv, cell F2 (column "Hours"): got "12,5"' in text
    assert 'decimal=","' in text
    assert 'cell F4 (column "Hours"): got "twenty"' in text
    reading = sy.read_outcomes(path, preview=True)
    assert len(reading.preview.problems) == 3
    fine = sy.read_outcomes(path, decimal=",", date_format="%d.%m.%Y", columns={"Hours": None})
    assert fine.participants["Start"][0] == dt.date(2021, 5, 1)


def test_codes_for_not_known_are_named_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("site,employed\nOslo,1\nOslo,9\nBergen,0\n", encoding="utf-8")
    with pytest.raises(sy.InputError, match=r'neither 0 nor 1 in row 2 .*missing_codes=\{"employed": \[9\]\}'):
        sy.read_outcomes(path, outcomes=[o.Binary("employed")])
    reading = sy.read_outcomes(path, outcomes=[o.Binary("employed")], missing_codes={"employed": [9]})
    assert np.isnan(reading.participants["employed"][1])
    assert reading.preview.notes[-1] == '"employed": 1 cells with a code (9) read as missing'
    with pytest.raises(sy.InputError, match=r'no such column \(did you mean "employed"\?\) in missing_codes'):
        sy.read_outcomes(path, missing_codes={"emploied": [9]})
    with pytest.raises(sy.InputError, match=r'no such column \(did you mean "employed"\?\) in columns'):
        sy.read_outcomes(path, columns={"employe": "job"})


def test_workbooks_spss_files_and_frames_are_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in (
        ["Site", "ID", "Employed", "Start"],
        ["Oslo", 1, "Yes", dt.datetime(2021, 5, 1)],
        ["Bergen", 2, None, None],
    ):
        page.append(row)
    book.save(tmp_path / "people.xlsx")
    frame = sy.read_outcomes(tmp_path / "people.xlsx").participants
    assert frame["Start"][0] == dt.date(2021, 5, 1)
    assert frame["Employed"][0] == 1
    coded = pd.DataFrame({"site": [1.0, 2.0], "grp": [1.0, 2.0], "job": [1.0, 9.0]})
    labels = {"site": {1.0: "Oslo", 2.0: "Bergen"}, "grp": {1.0: "IPS", 2.0: "TAU"}}
    pyreadstat.write_sav(
        coded,
        str(tmp_path / "p.sav"),
        column_labels=["Site", "Arm", "Job"],
        variable_value_labels=labels,
        missing_ranges={"job": [9]},
    )
    read = sy.read_outcomes(tmp_path / "p.sav", library="polars").participants
    assert read["site"].to_list() == ["Oslo", "Bergen"]
    assert read["arm"].to_list() == ["IPS", "TAU"]
    assert np.isnan(read["job"][1])
    labels["site"] = {1.0: "Oslo", 2.0: "Oslo"}
    pyreadstat.write_sav(coded, str(tmp_path / "q.sav"), variable_value_labels=labels)
    with pytest.raises(
        sy.InputError, match=r'two codes with one value label in variable "site": got 1 and 2 are both "Oslo"'
    ):
        sy.read_outcomes(tmp_path / "q.sav")
    for native in (people(), pl.DataFrame(people().to_dict("list")), pa.table(people())):
        reading = sy.read_outcomes(native)
        assert type(reading.participants) is type(native)
    with pytest.raises(sy.InputError, match="no site column: got a, b"):
        sy.read_outcomes(pd.DataFrame({"a": [1], "b": [2]}))
    with pytest.raises(sy.InputError, match="participants not understood: got int"):
        sy.read_outcomes(5)


def test_scores_are_read_from_frames_too() -> None:
    titles = {item.id: item.title for item in sy.Scale.load("ips-25").items}
    data = scores("Oslo", "Bergen").rename(columns=titles).rename(columns={"site": "Centre"})
    for native in (data, pl.DataFrame(data.to_dict("list")), pa.table(data)):
        reading = sy.read_scores(native, scale="ips-25")
        assert type(reading.scores) is type(native)
        assert sy.Study(reading, scale="ips-25").site_ids == ("Oslo", "Bergen")


CELLS = st.sampled_from(
    ["yes", "no", "1", "0", "9", "", "n/a", "12,5", "3.5", "2021-05-01", "03/04/2021", "Oslo", "-1", "inf"]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["Oslo", "oslo", "", "Molde"]), CELLS, CELLS), min_size=0, max_size=6))
def test_any_frame_is_read_or_an_input_error(rows: list[tuple[str, str, str]]) -> None:
    frame = pd.DataFrame(rows, columns=["site", "a", "b"])
    try:
        reading = sy.read_outcomes(frame)
        study = sy.Study(S, reading, scale="ips-25")
        for outcome in (
            o.Binary("a"),
            o.Mean("a"),
            o.Binomial("a", "b"),
            o.Duration("a", event="b"),
            o.Count("a", exposure="b"),
        ):
            try:
                table = study.site_table(outcome)
            except sy.InputError:
                continue
            assert len(table.frame) == 2
    except sy.InputError:
        return


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Oslo", "Bergen", None]), st.sampled_from([0.0, 1.0, np.nan, np.inf, -np.inf, 1e300])
        ),
        max_size=8,
    )
)
def test_any_numbers_are_summed_or_an_input_error(rows: list[tuple[str | None, float]]) -> None:
    frame = pd.DataFrame({"site": [r[0] for r in rows], "y": np.array([r[1] for r in rows], dtype=float)})
    for outcome in (o.Binary("y"), o.Mean("y"), o.Count("y")):
        try:
            found = sy.Study(S, frame, scale="ips-25").moments(outcome)
        except sy.InputError:
            continue
        known = frame.dropna()
        assert found.n.sum() == len(known)


def test_the_analysis_set_goes_to_stata_and_r(tmp_path: Path) -> None:
    data = people(arm=["IPS", "TAU", "IPS", "TAU"], sex=["woman", "man", "man", "woman"])
    study = sy.Study(S, data, scale="ips-25", arm="arm")
    files = study.export(tmp_path / "out", outcome=o.Effect(o.Binary("employed")), covariates=["sex"])
    assert [f.name for f in files] == ["analysis.csv", "analysis.do", "analysis.R", "codebook.csv"]
    back = pd.read_csv(files[0])
    assert back["site"].tolist() == ["Oslo", "Oslo", "Bergen", "Bergen"]
    assert back["treated"].tolist() == [1, 0, 1, 0]
    assert back["total"].tolist() == np.repeat(study.score_matrix.sum(axis=1), 2).tolist()
    assert all(len(name) <= 32 for name in back.columns)
    assert 'import delimited using "analysis.csv"' in files[1].read_text(encoding="utf-8")
    assert "stopifnot(nrow(analysis) == 4)" in files[2].read_text(encoding="utf-8")
    codebook = pd.read_csv(files[3])
    assert codebook.set_index("variable").loc["employed", "meaning"].startswith("outcome: ")
    with pytest.raises(sy.InputError, match=r"files are already there .*analysis.csv.*Name another folder"):
        study.export(tmp_path / "out")


def test_the_scripts_for_stata_and_r_take_awkward_names(tmp_path: Path) -> None:
    awkward = [
        "if",
        "str12",
        "_N",
        "function",
        "2nd visit",
        'say "so"',
        "cost in $ /* a day */",
        "ærlig `talt'",
        "x" * 40,
        "x" * 41,
    ]
    data = people(**{name: [1.0, 2.0, 3.0, 4.0] for name in awkward})
    data["site"] = ["007", "007", "8", "8"]
    data["note"] = ["two\nlines", "a, comma", 'a "quote"', "`plain' $text"]
    sheet = scores("007", "8")
    study = sy.Study(sheet, data, scale="ips-25").attach(caveats=["ends */ here\nand /* there `x' $y"])
    files = study.export(tmp_path / "out", outcome=o.Binary("employed"), covariates=[*awkward, "note"])
    back = pd.read_csv(files[0], dtype={"site": str})
    assert back["site"].tolist() == ["007", "007", "8", "8"]
    assert back["note"].tolist() == data["note"].tolist()
    names = back.columns.tolist()
    assert len({name.casefold() for name in names}) == len(names)
    reserved = {"if", "in", "using", "with", "byte", "int", "long", "float", "double", "function", "true"}
    for name in names:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,31}", name, flags=re.ASCII), name
        assert name.casefold() not in reserved
        assert not re.fullmatch(r"str\d+", name)
    stata = files[1].read_text(encoding="utf-8").splitlines()
    commands = [line for line in stata if not line.startswith("*")]
    labelled = [
        re.fullmatch(r'label variable (\S+) "([^"]{1,80})"', line) for line in stata if line.startswith("label")
    ]
    assert [match[1] for match in labelled if match] == names
    for line in stata:
        assert len(line) < 244, line
        assert not set("`$") & set(line), line
        assert "/*" not in line
        assert "*/" not in line
    assert all(line.count('"') % 2 == 0 for line in commands)
    assert commands[0] == "version 14"
    # Every quote of the R script is closed, and every column has its meaning.
    script = files[2].read_text(encoding="utf-8")
    code = "\n".join(line for line in script.splitlines() if not line.startswith("#"))
    assert re.sub(r"\\.", "", code).count('"') % 2 == 0
    assert code.count("(") == code.count(")")
    assert [line.split(" = ")[0].strip() for line in code.splitlines() if line.startswith("  ") and " = " in line][
        -len(names) :
    ] == names


def linked_study(**options: Any) -> sy.Study:
    rng = np.random.default_rng(8)
    sites = [f"s{i}" for i in range(9)]
    n = rng.integers(6, 20, 9)
    data = pd.DataFrame({"site": np.repeat([*sites[:8], "elsewhere"], n)})
    data["employed"] = rng.integers(0, 2, len(data)).astype(float)
    data["arm"] = rng.choice(["IPS", "TAU"], len(data))
    data["hours"] = rng.normal(20, 4, len(data))
    data.loc[[0, 30], "employed"] = np.nan
    return sy.Study(scores(*sites), data, scale="ips-25", **options)


def test_a_linked_study_goes_into_the_weighting_experiment() -> None:
    study = linked_study(outcome=o.Binary("employed"))
    few: dict[str, Any] = {"schemes": [sy.schemes.Unit(), sy.schemes.Ridge()], "n_resamples": 0, "rng": 1}
    ours = sy.WeightingExperiment(study, **few).run(progress=False)
    table = study.site_table().outcomes
    assert table is not None
    keep = table.n > 0
    by_hand = sy.WeightingExperiment(
        study.score_matrix[keep], table.total[keep], trials=table.n[keep], sites=np.array(study.site_ids)[keep], **few
    ).run(progress=False)
    np.testing.assert_allclose(ours.site_outcomes, by_hand.site_outcomes)
    pd.testing.assert_frame_equal(ours.gains, by_hand.gains)
    said = " ".join(ours.caveats)
    assert "Sites without the outcome are left out: s8 (no participants)." in said
    assert "2 missing outcomes do not enter" in said
    effect = o.Effect(o.Mean("hours"), arm="arm")
    for weight in ("participants", "equal", "precision"):
        found = sy.WeightingExperiment(study, effect, site_weight=weight, **few).run(progress=False)
        expected = study.site_table(effect).outcomes
        assert expected is not None
        np.testing.assert_allclose(found.site_outcomes, expected.value[keep])


@pytest.mark.parametrize(
    ("outcome", "options", "message"),
    [
        (None, {}, "outcome not stated in outcome; allowed: one value per row, or with a linked Study"),
        (o.Binary("employed"), {"trials": [1]}, "trials or covariates beside an outcome of the study's participants"),
        (o.Binary("employed"), {"site_weight": "precision"}, "precision weights for rates in site_weight"),
        (o.Binary("employd"), {}, 'no column "employd"'),
    ],
)
def test_what_a_linked_study_cannot_give_the_experiment_is_refused(outcome: Any, options: Any, message: str) -> None:
    with pytest.raises(sy.InputError, match=message):
        sy.WeightingExperiment(linked_study(), outcome, **options)


def test_the_scales_rule_for_missing_items_fills_the_rows_of_an_experiment() -> None:
    scale = sy.Scale.load("ips-25").replace(missing={"rule": "prorate", "minimum_items": 20})
    matrix = np.random.default_rng(3).integers(1, 6, (5, 25)).astype(float)
    matrix[0, 3] = np.nan
    study = sy.Study(matrix, scale=scale)
    assert study.filled_matrix[0, 3] == pytest.approx(np.nanmean(matrix[0]))
    assert np.isnan(study.score_matrix[0, 3])
    sy.WeightingExperiment(study, [1.0, 2, 3, 4, 6], n_resamples=0)


def test_what_a_newcomer_met_first_is_explained() -> None:
    data = people(job=[1, 2, 2, 1], state=["employed", "not", "not", None])
    study = sy.Study(S, data, scale="ips-25")
    with pytest.raises(sy.InputError, match=r'If 1 is yes and 2 is no, say so: Binary\("job", success=1\)'):
        study.site_table(o.Binary("job"))
    for outcome in (o.Binary("job", success=1), o.Binary("state", success="employed")):
        found = study.site_table(outcome).outcomes
        assert found is not None
        assert found.value[0] == 0.5
    with pytest.raises(sy.InputError, match=r'value that is a yes not found in column "job" of participants: got 1, 2'):
        study.site_table(o.Binary("job", success=3))
    with pytest.raises(sy.InputError, match=r"more than two values in column \"v\""):
        sy.Study(S, people(v=[1, 2, 3, 1]), scale="ips-25").site_table(o.Binary("v", success=1))
    with pytest.raises(sy.InputError, match=r"scores not understood in scores: got a.xlsx; .*Read the file first"):
        sy.Study("a.xlsx", scale="ips-25")
    early = people(start=["2019-01-01", "2020-06-01", "2021-01-01", "2021-01-01"])
    reviews = sheet(("Oslo", "2020-01-01"), ("Bergen", "2020-01-01"))
    linked = sy.Study(reviews, early, scale="ips-25", review_date="date", outcome_window=("start", None))
    assert "1 of 2 participants began before it" in linked.linkage.red_lines[0]
    assert linked.linkage.windows["before_review"].tolist() == [1, 0]
