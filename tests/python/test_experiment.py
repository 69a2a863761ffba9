"""The weighting experiment: the six centres, synthetic sites with known truth, refusals, and how results behave."""

import numpy as np
import pytest

import steelyard as sy
from steelyard import schemes as S

FEW = [S.Unit(), S.Correlation(), S.Ridge()]


@pytest.fixture(scope="module")
def centres():
    study = sy.datasets.norway_ips()
    return sy.WeightingExperiment(study, "employment_group", success="high_performing", rng=1).run()


def test_six_centres_cannot_be_tested(centres):
    assert centres.verdict == "cannot be tested"
    assert set(centres.verdicts["verdict"]) == {"reference", "cannot be tested"}
    assert centres.floor == pytest.approx(0.10)


def test_six_centres_estimate_no_weight(centres):
    found = centres.estimable
    assert found.level == "not estimable"
    assert found.rank == 5
    assert found.constant == ("caseload_size", "employer_diversity")
    assert ("zero_exclusion", "rapid_search") in found.collinear
    assert len(found.collinear) == 5
    assert not found


def test_the_largest_correlation_of_the_six_centres_is_ordinary(centres):
    # weighting.md, row 31: max|r| .8340576562, p .50 over the 20 splits.
    assert centres.item_test.max_r == pytest.approx(0.8340576562, abs=1e-10)
    assert centres.item_test.p_value == pytest.approx(0.50)
    assert centres.item_test.item == "job_development_quality"
    assert centres.item_test.enumerated
    assert centres.item_test.arrangements == 20


def test_the_words_carry_the_numbers(centres):
    text = " ".join(centres.sentences)
    assert "cannot be tested: 6 sites; the test of the gain needs at least 12" in text
    assert "cannot reach a two-sided p below .10" in text
    assert "|r| = .834" in text
    assert "p = .500" in text
    assert "caseload_size, employer_diversity" in text
    assert "vocational_services_only = vocational_unit" in text
    assert len(repr(centres).splitlines()) < 30


def test_the_result_replays_and_reads_without_colour(centres):
    again = type(centres).from_json(centres.to_json())
    assert again.to_json() == centres.to_json()
    assert repr(again) == repr(centres)
    html = centres._repr_html_()
    assert "<caption" in html
    assert 'scope="row"' in html
    assert "cannot be tested" in html
    assert list(centres.tidy().columns)[:3] == ["term", "estimate", "std_error"]
    assert list(centres.weights.columns) == ["item", *centres.protocol.schemes]
    assert (centres.weights["Unit"] == 1).all()


@pytest.mark.parametrize("kind", ["slopes", "gains", "outcome"])
def test_figures_draw(centres, kind):
    import matplotlib.pyplot as plt

    ax = centres.plot(kind)
    assert ax.get_xlabel()
    plt.close("all")


@pytest.mark.parametrize("threads", [2, 8])
def test_threads_leave_the_bytes_alone(threads):
    sites = sy.datasets.synthetic_sites(14, n_items=4, r2=0.5, rng=3)

    def run(threads):
        experiment = sy.WeightingExperiment(sites.items, sites.outcome, schemes=FEW, n_resamples=99, rng=7)
        return experiment.run(threads=threads, progress=False).to_json()

    assert run(1) == run(threads)


@pytest.fixture(scope="module")
def concentrated():
    """The sites of the README, with fewer null replicates."""
    sites = sy.datasets.synthetic_sites(79, weights="concentrated", r2=0.8, rng=1)
    return sy.WeightingExperiment(sites.items, sites.outcome, n_resamples=99, rng=1).run(progress=False)


def test_two_items_that_carry_everything_are_found(concentrated):
    assert concentrated.verdict == "weighted better by at least d"
    assert concentrated.estimable.level == "estimable"
    assert "predicts held-out sites better than Unit by at least d = .010" in concentrated.sentences[0]
    assert concentrated.global_test.p_value < 0.001
    top = concentrated.weights.set_index("item")["NonNegative"].nlargest(2).index
    assert set(top) == {"team_integration", "job_development_quality"}
    assert concentrated.floor == pytest.approx(0.01)
    assert (concentrated.gains["conf_low"] <= concentrated.gains["conf_high"]).all()


def test_equal_weights_are_not_called_better():
    sites = sy.datasets.synthetic_sites(79, weights="equal", r2=0.8, rng=1)
    schemes = [S.Unit(), S.Correlation(), S.OLS(), S.NonNegative()]
    result = sy.WeightingExperiment(sites.items, sites.outcome, schemes=schemes, n_resamples=99, rng=1).run()
    assert result.verdict != "weighted better by at least d"
    assert "weighted better by at least d" not in set(result.verdicts["verdict"])


def test_a_declared_scheme_is_judged_without_adjustment():
    sites = sy.datasets.synthetic_sites(14, n_items=4, r2=0.5, rng=3)
    options = {"schemes": FEW, "n_resamples": 99, "rng": 7}
    declared = sy.WeightingExperiment(sites.items, sites.outcome, primary="Ridge", **options).run()
    assert declared.headline == "Ridge"
    assert "declared beforehand" in declared.sentences[0]
    assert declared.protocol.run_number == 1
    open_ended = sy.WeightingExperiment(sites.items, sites.outcome, **options).run()
    assert open_ended.protocol.run_number == 2
    assert (open_ended.gains["p_adjusted"] >= open_ended.gains["p_value"]).all()


def _refused(words, *args, **options):
    with pytest.raises(sy.InputError) as caught:
        sy.WeightingExperiment(*args, **options)
    assert words in str(caught.value)


def test_bad_input_is_refused_with_a_remedy():
    x = np.arange(12.0).reshape(4, 3) % 5
    y = [1.0, 2.0, 4.0, 3.0]
    _refused("constant outcome in outcome: got 2 in every row", x, [2.0] * 4)
    _refused("two schemes of one name in schemes: got Ridge", x, y, schemes=[S.Ridge(), S.Ridge(1.0)])
    _refused("primary not among the schemes in primary: got 'Lasso'", x, y, primary="Lasso")
    _refused("primary not among the outcomes in primary: got 'jobs'", x, y, primary=("jobs", "Q2", "Ridge"))
    _refused("outcome of text in outcome: got a, b, c", x, ["a", "b", "c", "a"])
    _refused("unknown label in success: got 'x'; allowed: 'a' or 'b'", x, ["a", "b", "b", "a"], success="x")
    _refused("unknown item", x, y, exclude=["nothing"])
    _refused("not a scheme in schemes", x, y, schemes=["ridge"])
    _refused("no scheme beside the reference in schemes", x, y, schemes=[S.Unit()])
    _refused("number of resamples not allowed", x, y, n_resamples=-1)
    _refused("too few sites: got 2; allowed: at least 3", x, y, sites=["a", "a", "b", "b"])
    _refused("weight of zero in row 2 of site_weight", x, y, site_weight=[1, 0, 1, 1])
    study = sy.datasets.norway_ips()
    _refused(
        "sites in items but not in outcomes: got 5, 6. Add their outcomes",
        study,
        {"1": 1, "2": 2, "3": 3, "4": 4},
    )
    _refused("sites in outcomes but not in items", study, dict.fromkeys("1234567", 1.0) | {"1": 2.0})
    _refused("outcome by name without a Study", x, "jobs")


def test_a_smallest_gain_out_of_range_is_refused():
    x = np.arange(12.0).reshape(4, 3) % 5
    with pytest.raises(
        sy.InputError, match=r"smallest gain not allowed in smallest_gain: got 1\.5; allowed: 0 or more"
    ):
        sy.WeightingExperiment(x, [1.0, 2.0, 4.0, 3.0], smallest_gain=1.5).run()


def test_synthetic_sites_state_their_truth():
    sites = sy.datasets.synthetic_sites(79, weights="concentrated", r2=0.8, rng=1)
    assert sites.label == "synthetic"
    assert sites.items.shape == (79, 25)
    assert sites.trials is None
    assert len(sites.truth.cut_points) == 4
    assert sites.truth.weights.sum() == pytest.approx(25)
    assert [n for n, w in zip(sites.names, sites.truth.weights, strict=True) if w > 0] == [
        "team_integration",
        "job_development_quality",
    ]
    assert sites.to_json() == sy.datasets.synthetic_sites(79, weights="concentrated", r2=0.8, rng=1).to_json()
    assert "synthetic sites" in repr(sites)


def test_synthetic_participants_add_up_to_their_sites():
    options = {"participants": [20, 30, 40], "site_icc": 0.05, "rng": 5}
    people = sy.datasets.synthetic_sites(3, level="participant", **options)
    sites = sy.datasets.synthetic_sites(3, **options)
    assert sites.trials.tolist() == [20, 30, 40]
    assert len(people.outcome) == 90
    by_site = [people.outcome[np.array(people.sites) == site].sum() for site in sites.sites]
    assert by_site == sites.outcome.tolist()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_sites": 1}, "number of sites not allowed in n_sites: got 1"),
        ({"weights": "some"}, "weights not known in weights: got 'some'"),
        ({"r2": 1.0}, "r2 not allowed in r2: got 1; allowed: 0 to below 1"),
        ({"level": "region"}, "level not known"),
        ({"level": "participant"}, "participants missing"),
        ({"site_icc": 0.1}, "site_icc without participants"),
        ({"participants": [3, 4]}, "participants not allowed"),
        ({"inter_item_r": 0.999}, "inter-item correlation not allowed in inter_item_r"),
        ({"shares": [0.5, 0.6]}, "level probabilities not allowed"),
    ],
)
def test_impossible_synthetic_sites_are_refused(options, words):
    with pytest.raises(sy.InputError) as caught:
        sy.datasets.synthetic_sites(**{"n_sites": 10, **options})
    assert words in str(caught.value)
