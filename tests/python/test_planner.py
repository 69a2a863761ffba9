"""The planner of sample size: truths that are assumed, power that grows with sites, runs that can be continued."""

import numpy as np
import pytest

import steelyard as sy
from steelyard import schemes as S


@pytest.fixture(scope="module")
def experiment():
    sites = sy.datasets.synthetic_sites(24, n_items=4, weights="concentrated", r2=0.5, rng=3)
    schemes = [S.Unit(), S.OLS(), S.NonNegative()]
    return sy.WeightingExperiment(sites.items, sites.outcome, schemes=schemes, n_resamples=19, rng=1)


@pytest.fixture(scope="module")
def plan(experiment):
    return experiment.sites_needed(r2=0.8, concentration=[1, 4], sites=[12, 40], runs=40, n_resamples=39, rng=5)


def _power(plan, concentration, sites):
    (row,) = [r for r in plan.rows if (r["concentration"], r["sites"]) == (concentration, sites)]
    return row["power"]


def test_power_grows_with_sites_where_there_is_something_to_find(plan):
    assert _power(plan, 1, 40) >= 0.9
    assert _power(plan, 1, 12) < _power(plan, 1, 40)
    assert plan.needed["sites"].tolist()[0] == 40


def test_equal_weights_are_shown_to_be_better_at_most_as_often_as_the_level_allows(plan):
    # 4 of 4 items carry alike: nothing to gain. Level .05, 40 runs: five or more has probability .05.
    assert _power(plan, 4, 40) <= 4 / 40
    assert plan.needed["sites"].isna().tolist() == [False, True]


def test_the_seed_gives_the_same_bytes_whatever_the_threads(experiment):
    options = {"r2": 0.6, "concentration": 1, "sites": 20, "runs": 8, "n_resamples": 19, "rng": 9}
    first, again = (experiment.sites_needed(**options).to_json() for _ in range(2))
    assert first == again
    assert experiment.sites_needed(threads=1, **options).to_json() == first


def test_runs_are_continued_not_repeated(experiment):
    options = {"r2": 0.6, "concentration": 1, "sites": 20, "n_resamples": 19}
    first = experiment.sites_needed(runs=6, rng=9, **options)
    more = experiment.sites_needed(runs=15, resume=first, **options)
    whole = experiment.sites_needed(runs=15, rng=9, **options)
    assert more.rows == whole.rows
    assert first.rows[0]["runs"] == 6
    with pytest.raises(sy.InputError, match="resume= from another plan in resume"):
        experiment.sites_needed(runs=15, resume=first, reliability=0.8, **options)


def test_errors_of_reviewers_cost_power(experiment):
    options = {"r2": 0.8, "concentration": 1, "sites": 30, "runs": 30, "n_resamples": 39, "rng": 2, "power": 0.99}
    sharp = experiment.sites_needed(**options)
    blunt = experiment.sites_needed(reliability=0.5, inter_item_r=0.2, **options)
    assert blunt.rows[0]["shown"] < sharp.rows[0]["shown"]


def test_the_plan_states_its_assumptions_and_replays(plan):
    text = repr(plan)
    assert "Sites needed to show a gain of at least d with power 0.8" in text
    assert "true R2 0.8 carried by 1 item: 40 sites" in text
    assert "true R2 0.8 carried by all items alike: more than 40 sites" in text
    assert "Monte Carlo error" in text
    assert "reliability 1" in text
    assert type(plan).from_json(plan.to_json()).to_json() == plan.to_json()
    assert plan.plot().get_xlabel() == "sites"
    assert list(plan.tidy().columns) == ["term", "estimate", "std_error"]


def test_a_result_plans_too_and_from_the_studys_own_items():
    study = sy.datasets.norway_ips()
    result = sy.WeightingExperiment(study, "employment_group", success="high_performing", rng=1).run(progress=False)
    basis = result.basis
    assert basis.sizes == (1,) * 6
    assert basis.counted
    # Constant at six centres is not constant everywhere.
    caseload = basis.shares[basis.names.index("caseload_size")]
    assert caseload[-1] == max(caseload)
    assert min(caseload) > 0
    assert np.allclose([sum(own) for own in basis.shares], 1)
    plan = result.sites_needed(r2=0.3, concentration=2, sites=12, runs=2, n_resamples=19, rng=1)
    assert plan.rows[0]["runs"] == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"r2": 1.2}, "r2 not allowed in r2: got 1.2; allowed: above 0 and below 1"),
        ({"concentration": 5}, "concentration not allowed in concentration: got 5; allowed: whole numbers from 1 to 4"),
        ({"sites": 8}, "sites not allowed in sites: got 8; allowed: whole numbers from 12"),
        ({"power": [0.8, 0.9]}, "too many"),
        ({"site_icc": 0.1}, "site_icc without participants in site_icc: got 0.1"),
        ({"reliability": 0.05}, "reliability too small for the correlation between items in reliability: got 0.05"),
        ({"inter_item_r": 0.999}, "inter-item correlation not allowed in inter_item_r: got 0.999"),
        ({"runs": 0}, "runs not allowed in runs: got 0"),
    ],
)
def test_impossible_assumptions_are_refused(experiment, options, words):
    with pytest.raises(sy.InputError) as caught:
        experiment.sites_needed(**options)
    assert words in str(caught.value)


def test_an_interrupted_plan_holds_its_runs_and_goes_on_from_there(experiment):
    options = {"r2": 0.6, "concentration": 1, "sites": 14, "n_resamples": 39}

    def stop(done: int, total: int) -> None:
        if done >= 5:
            raise KeyboardInterrupt

    with pytest.raises(sy.Interrupted, match="planner interrupted") as caught:
        experiment.sites_needed(runs=20_000, rng=4, progress=stop, **options)
    part = caught.value.partial
    done = part.rows[0]["runs"]
    assert 5 <= done < 20_000
    assert part.rows == experiment.sites_needed(runs=done, rng=4, **options).rows
    more = experiment.sites_needed(runs=done + 5, resume=part, **options)
    assert more.rows == experiment.sites_needed(runs=done + 5, rng=4, **options).rows
