"""Suppression: no hidden cell can be derived from what is printed."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steelyard as sy


def bounds_by_search(table: sy.privacy.Suppression) -> dict[tuple[int, int], set[int]]:
    """Return every value that each hidden cell can take, by trying all fillings with 0 to 12."""
    cells = [list(row) for row in table.cells]
    hidden = [(i, j) for i, row in enumerate(cells) for j, x in enumerate(row) if x is None]
    found: dict[tuple[int, int], set[int]] = {place: set() for place in hidden}
    for values in itertools.product(range(13), repeat=len(hidden)):
        for (i, j), value in zip(hidden, values, strict=True):
            cells[i][j] = value
        matrix = np.array(cells, dtype=int)
        if (matrix[:, :-1].sum(axis=1) == matrix[:, -1]).all() and (matrix[:-1].sum(axis=0) == matrix[-1]).all():
            for place, value in zip(hidden, values, strict=True):
                found[place].add(value)
    return found


def test_bounds_are_those_of_a_full_search() -> None:
    table = sy.privacy.suppress([[2, 9], [8, 7], [6, 5]])
    assert (table.primary, table.complementary) == (1, 3)
    found = bounds_by_search(table)
    told = {(b["row"], b["column"]): (b["low"], b["high"]) for b in table.bounds}
    for (i, j), values in found.items():
        assert told[(table.rows[i], table.columns[j])] == (min(values), max(values))
        assert len(values) > 1


@given(
    st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=3), min_size=2, max_size=4), st.sampled_from([3, 5, 11])
)
@settings(max_examples=25, deadline=None)
def test_what_is_printed_gives_nothing_away(counts: list[list[int]], threshold: int) -> None:
    table = sy.privacy.suppress(counts, threshold=threshold)
    whole = np.array(counts)
    whole = np.column_stack([whole, whole.sum(axis=1)])
    whole = np.vstack([whole, whole.sum(axis=0)])
    for i, row in enumerate(table.cells):
        for j, shown in enumerate(row):
            assert shown is None or (shown == whole[i, j] and not 0 < shown < threshold)
    for bound in table.bounds:
        truth = whole[table.rows.index(bound["row"]), table.columns.index(bound["column"])]
        assert bound["low"] <= truth <= bound["high"]
        assert bound["low"] < bound["high"]
        if 0 < truth < threshold:
            assert bound["high"] >= threshold


def test_frames_name_rows_and_columns() -> None:
    table = sy.privacy.suppress(pd.DataFrame({"yes": [177, 40], "no": [3, 60]}), column_totals=False, rows=["a", "b"])
    frame = table.frame()
    assert list(frame.columns) == ["row", "yes", "no", "All"]
    assert list(frame["yes"]) == ["s", "40"]
    assert list(table.tidy()["row"]) == ["a", "a"]
    assert "<table" in table._repr_html_()
    assert sy.privacy.Suppression.from_json(table.to_json()) == table


@pytest.mark.parametrize(
    ("counts", "options", "message"),
    [
        ([[1, -2]], {}, "not a count in row 1, column 2: got -2; allowed: whole, 0 or more"),
        ([[1, 2.5]], {}, "not a count in row 1, column 2: got 2.5"),
        ([[float("nan"), 1.0]], {}, "not a count in row 1, column 1"),
        ([1, 2], {}, "not a table of counts"),
        ([[]], {}, "not a table of counts"),
        ([[1]], {"threshold": 0}, "threshold not allowed in threshold: got 0"),
    ],
)
def test_refusals(counts: object, options: dict[str, int], message: str) -> None:
    with pytest.raises(sy.InputError, match=message):
        sy.privacy.suppress(counts, **options)  # type: ignore[arg-type]
