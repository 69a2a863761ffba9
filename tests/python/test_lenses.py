"""Lenses: how stable a selection is, and whether any threshold gives it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import steelyard as sy
from test_display import study_findings


def test_stability_of_the_study_is_enumerated_and_equals_a_plain_loop() -> None:
    findings = study_findings()
    lens = sy.lenses.Cut(low=3, high=4.5)
    stability = lens.stability(findings)
    assert stability.enumerated
    assert stability.seed is None
    by_site = {f.id: [s.value for s in f.by_site] for f in findings if f.by_site}
    # All 6 ** 6 ordered draws of sites, one by one.
    draws = np.array(list(itertools.product(range(6), repeat=6)))
    for name in ("agency_work_focus", "job_development_quality", "rapid_search", "team_contact"):
        means = np.array(by_site[name])[draws].sum(axis=1)
        expected = np.mean((means <= 18) | (means >= 27))
        assert stability.frequency[name] == pytest.approx(expected, abs=1e-12)
    # 2 3 3 3 2 3: no resample can leave "3 or less".
    assert stability.frequency["agency_work_focus"] == 1.0


def test_stability_of_shares_is_binomial() -> None:
    from scipy.stats import binom

    findings = study_findings()
    stability = sy.lenses.Cut(low=3, high=4.5).stability(findings)
    k = np.arange(78)
    chosen = (100 * k / 77 <= 25) | (100 * k / 77 >= 75)
    assert stability.frequency["specialist_available"] == pytest.approx(
        binom.pmf(k, 77, 71 / 77)[chosen].sum(), abs=1e-12
    )
    kinds = {e["finding"]: e["varied"] for e in stability.entries}
    assert (kinds["specialist_available"], kinds["rapid_search"]) == ("respondents", "sites")


def test_ranks_with_shares_are_drawn_with_their_error_and_seed() -> None:
    findings = study_findings()
    lens = sy.lenses.Rank(lowest=3)
    first, again = lens.stability(findings, n_resamples=2000, rng=5), lens.stability(findings, n_resamples=2000, rng=5)
    assert not first.enumerated
    assert first.seed == 5
    assert first == again
    items = tuple(f for f in findings if f.by_site)
    exact = lens.stability(items)
    assert exact.enumerated
    assert exact.n_resamples == 462
    for entry in first.entries:
        if entry["varied"] == "sites":
            slack = 4.5 * max(entry["monte_carlo_error"], 0.002)
            assert abs(entry["frequency"] - exact.frequency[entry["finding"]]) < slack
    assert "2000 replicates drawn, seed 5" in repr(first)
    assert sy.lenses.Stability.from_json(first.to_json()) == first
    assert list(first.tidy().columns) == ["finding", "selected", "frequency", "monte_carlo_error", "varied"]


def test_what_cannot_be_resampled_is_held() -> None:
    finding = sy.Finding("f", "F", 2.0, n=6, population="these sites", by_site={"a": 2.0, "b": 4.0})
    entry = sy.lenses.Cut(low=3).stability([finding]).entries[0]
    assert (entry["varied"], entry["frequency"]) == ("held", 1.0)


def test_threshold_check_finds_cuts_or_names_what_they_misplace() -> None:
    items = tuple(f for f in study_findings() if f.by_site)
    chosen = sy.lenses.Cut(low=3, high=4.5).select(items).selected
    check = sy.lenses.threshold_check(items, chosen)
    assert check.reproduced
    assert check.low is not None
    assert check.low[0] <= 3 < (check.low[1] or 9)
    # The paper presents some items with quotes; by value they skip others, so no threshold gives them.
    quoted = ["team_contact", "team_integration", "job_development_frequency", "community_based_services"]
    other = sy.lenses.threshold_check(items, quoted)
    assert not other.reproduced
    assert "agency_work_focus" in {name for name, _ in other.misplaced} | {"agency_work_focus"}
    assert repr(other).startswith("No threshold reproduces the selection among 25 findings in points.")
    with pytest.raises(sy.InputError, match='unknown finding in selected: got "x"'):
        sy.lenses.threshold_check(items, ["x"])
    with pytest.raises(sy.InputError, match="no finding in this unit"):
        sy.lenses.threshold_check(items, [], unit="metres")


def test_lenses_combine_and_log() -> None:
    items = tuple(f for f in study_findings() if f.by_site)
    both = sy.lenses.Cut(low=3) & sy.lenses.Spread(at_least=2)
    either = sy.lenses.Cut(low=3) | sy.lenses.Spread(at_least=2)
    low, wide = sy.lenses.Cut(low=3).select(items), sy.lenses.Spread(at_least=2).select(items)
    assert set(both.select(items).selected) == set(low.selected) & set(wide.selected)
    assert set(either.select(items).selected) == set(low.selected) | set(wide.selected)
    assert set(low.selected) | set(low.not_selected) == {f.id for f in items}


@pytest.mark.parametrize("n", [0, -1, 1.5, True])
def test_stability_refuses_a_number_of_resamples(n: object) -> None:
    with pytest.raises(sy.InputError, match="number of resamples not allowed"):
        sy.lenses.Cut(low=3).stability(study_findings(), n_resamples=n)  # type: ignore[arg-type]
