"""The study: scores checked once, with messages that say what to do."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import steelyard as sy

SCALE = sy.Scale.load("ips-25")


def frame(n: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    columns: dict[str, Any] = {"site": [f"site {i}" for i in range(n)]}
    columns |= {item: rng.integers(1, 6, n) for item in SCALE.item_ids}
    return pd.DataFrame(columns)


def test_norway_is_the_printed_study() -> None:
    study = sy.datasets.norway_ips()
    # Fyhn et al. (2020), Table 5: totals by centre.
    assert study.score_matrix.sum(axis=1).tolist() == [97, 103, 102, 89, 89, 109]
    assert study.site_ids == ("1", "2", "3", "4", "5", "6")
    assert study.constant_items == ("caseload_size", "employer_diversity")
    assert study.published is not None
    assert study.published.totals["6"] == "109"
    assert len(study.published.claims) == 27
    assert list(study.sites.columns) == ["site", "employment_group"]
    assert len(study.survey) == 12
    assert study.baseline.loc[0, "mean"] == 35
    assert study.flow["count"].sum() == 227 + 96 + 12 + 26
    assert "Implementation Science Communications" in str(study.provenance)


def test_frames_come_back_in_the_callers_library() -> None:
    study = sy.Study(pl.DataFrame(frame().to_dict("list")), scale="ips-25")
    assert isinstance(study.scores, pl.DataFrame)
    assert isinstance(study.sites, pl.DataFrame)
    assert isinstance(sy.Study(frame(), scale="ips-25").scores, pd.DataFrame)
    assert isinstance(sy.fidelity(study).totals, pl.DataFrame)


def test_scores_come_back_as_entered_and_the_matrix_is_oriented() -> None:
    document = SCALE.to_json().replace('"reverse": false', '"reverse": true', 1)
    scale = sy.Scale.from_json(document)
    data = frame()
    study = sy.Study(data, scale=scale)
    first = scale.item_ids[0]
    assert study.scores[first].tolist() == data[first].tolist()
    assert study.score_matrix[:, 0].tolist() == (6 - data[first]).tolist()
    assert any("Reversed" in text and first in text for text in study.caveats)


def test_the_matrix_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        sy.datasets.norway_ips().score_matrix[0, 0] = 1


def spoil(**cells: Any) -> pd.DataFrame:
    data = frame().astype(object)
    for column, value in cells.items():
        data.loc[1, column] = value
    return data


BAD: list[tuple[Any, str]] = [
    (
        spoil(rapid_search=6),
        r'score out of range in row 2 \(site "site 1"\), column "rapid_search": got 6; allowed: 1 to 5 in steps of 1\. '
        r'Correct the cell, or, if 6 means "not rated", use scale.replace\(missing_codes=\[6\]\)',
    ),
    (spoil(rapid_search=9), r"missing_codes=\[9\]"),
    (spoil(rapid_search=2.5), r"score off the step in row 2 .* got 2.5; .* use scale.replace\(step=0.5\)"),
    (spoil(rapid_search=float("inf")), "score out of range .* got inf"),
    (spoil(rapid_search=None), r'missing score in row 2 .*"rapid_search": got blank; .*missing="bounds"'),
    (spoil(rapid_search="4"), r'text in a number column in row 2 .*got "4".*numbers as text'),
    (spoil(rapid_search="3,5"), "It looks like a decimal comma: write 3.5"),
    (spoil(rapid_search="good"), 'got "good"; allowed: a number or a blank'),
    (spoil(rapid_search=True), "text in a number column .* got True"),
    (spoil(site=""), "site without a name in row 2. Fill the site column"),
    (spoil(site="site 0"), 'repeated site in rows 1 and 2: got "site 0" twice; .*review_date='),
    (
        spoil(site="Site-0"),
        'two spellings of one site, or two sites with nearly one name in column "site": got "site 0"',
    ),
    (frame(1), "too few sites: got 1; allowed: at least 2"),
    (frame(0), "too few sites: got 0"),
    (frame().drop(columns="rapid_search"), "item without a column in scores: got rapid_search"),
    (frame().rename(columns={"rapid_search": "Rapid serch"}), 'unknown item .did you mean "rapid_search".. in column'),
    (frame().assign(region="north"), r"unknown item in column \"region\".*site_columns=\['region'\]"),
    (frame().rename(columns={"site": "Site"}), 'no column "site" .did you mean "Site"'),
    (np.full((3, 24), 4), "wrong number of columns in scores: got 3 rows x 24 columns"),
    (np.full((25, 3), 4), "Transpose it if sites are columns"),
    (np.full((3, 25), 4), "no item varies between the sites: got 25 constant items at 3 sites"),
    ([[1, 2], [3]], "scores are not a table"),
    (np.empty((0, 25)), "scores are not a table"),
    (5, "scores are not a table"),
]


@pytest.mark.parametrize(("scores", "message"), BAD)
def test_bad_scores_say_where_and_what_to_do(scores: Any, message: str) -> None:
    with pytest.raises(sy.InputError, match=message):
        sy.Study(scores, scale="ips-25")


def test_a_repeated_column_is_refused() -> None:
    data = frame()
    data.columns = [*data.columns[:-1], "rapid_search"]
    with pytest.raises(sy.InputError, match="repeated column name: got rapid_search"):
        sy.Study(data, scale="ips-25")


def test_unknown_options_list_the_known_ones() -> None:
    with pytest.raises(sy.InputError, match="unknown option in missing: got 'drop'; allowed: 'scale-rule'"):
        sy.Study(frame(), scale="ips-25", missing="drop")
    with pytest.raises(sy.InputError, match="unknown option in population"):
        sy.Study(frame(), scale="ips-25", population="everyone")


def test_half_points_and_codes_by_replace() -> None:
    scale = SCALE.replace(step=0.5, missing_codes=[9])
    study = sy.Study(spoil(rapid_search=9, caseload_size=2.5), scale=scale, missing="bounds")
    assert study.absent == (("site 1", "rapid_search", "code 9: not scored"),)
    assert math.isnan(study.score_matrix[1, SCALE.item_ids.index("rapid_search")])
    assert any("step 0.5 (was 1)" in text for text in study.caveats)
    totals = sy.fidelity(study).totals.set_index("site")
    assert math.isnan(totals.loc["site 1", "total"])
    assert totals.loc["site 1", "high"] - totals.loc["site 1", "low"] == 4


def test_site_names_may_be_numbers() -> None:
    data = frame().assign(site=[1.0, 2.0, 3.0])
    assert sy.Study(data, scale="ips-25").site_ids == ("1", "2", "3")


def test_attach_copies() -> None:
    study = sy.Study(frame(), scale="ips-25")
    other = study.attach(survey="x", caveats=["y"])
    assert (study.survey, other.survey) == (None, "x")
    assert "y" in other.caveats
    assert "y" not in study.caveats


@settings(max_examples=150, deadline=None)
@given(
    hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=6) | st.tuples(st.integers(0, 4), st.just(15)),
        elements=st.sampled_from([1.0, 3.0, 5.0, 2.5, 0.0, -1.0, 9.0, math.nan, math.inf, -math.inf, 1e300]),
    ),
    st.sampled_from(["scale-rule", "bounds"]),
)
def test_any_array_is_a_study_or_an_input_error(scores: np.ndarray[Any, np.dtype[np.float64]], missing: str) -> None:
    try:
        study = sy.Study(scores, scale="ips-15", missing=missing)
    except sy.InputError:
        return
    assert study.score_matrix.shape == scores.shape
    known = study.score_matrix[~np.isnan(study.score_matrix)]
    assert np.isin(known, [1, 2, 3, 4, 5]).all()
    assert len(study.absent) == np.isnan(study.score_matrix).sum()
