"""Missing scores in the experiment: imputation inside the folds against a literal program, bounds, refusals."""

import numpy as np
import pytest

import steelyard as sy
from steelyard import schemes as S

# The literal program tunes nothing: penalties are tuned inside the folds in `tests/behaviours/contest.rs`.
FEW = [S.Unit(), S.Correlation(), S.Ridge(0.5)]


def gappy(sites=14, holes=((0, 3), (2, 7), (5, 7), (9, 0)), seed=4):
    draw = np.random.default_rng(seed)
    scores = draw.integers(1, 6, (sites, 15)).astype(float)
    outcome = scores[:, 0] * 2 + scores[:, 7] + draw.normal(0, 2, sites)
    for site, item in holes:
        scores[site, item] = np.nan
    return sy.Study(scores, scale="ips-15", missing="bounds"), outcome


def literal_gains(study, outcome, copies, seed, inside=True):
    """Impute, fit, calibrate and predict step by step; gains by copy and scheme."""
    names, n = study.site_ids, len(outcome)
    losses, base = np.zeros((copies, len(FEW))), 0.0
    for held in range(n):
        rest = [i for i in range(n) if i != held]
        training = [names[i] for i in rest] if inside else None
        base += (outcome[held] - outcome[rest].mean()) ** 2
        for m, items in enumerate(study.imputations(copies, training=training, rng=seed)):
            for c, scheme in enumerate(FEW):
                weights = np.array(scheme.fit(items[rest], outcome[rest]).weights)
                slope, level = np.polyfit(items[rest] @ weights, outcome[rest], 1)
                losses[m, c] += (outcome[held] - level - slope * (items[held] @ weights)) ** 2
    return (losses[:, [0]] - losses[:, 1:]) / base


def run(study, outcome, **options):
    given = {"schemes": FEW, "missing": "imputation", "n_imputations": 3, "n_resamples": 19, "rng": 6} | options
    return sy.WeightingExperiment(study, outcome, **given).run(progress=False)


def test_gains_are_those_of_a_literal_program_that_imputes_inside_each_fold():
    study, outcome = gappy()
    found = run(study, outcome).imputation
    gains = literal_gains(study, outcome, 3, 6)
    assert found["gain"].to_numpy() == pytest.approx(gains.mean(axis=0), abs=1e-8)
    assert found["lowest"].to_numpy() == pytest.approx(gains.min(axis=0), abs=1e-8)
    assert found["highest"].to_numpy() == pytest.approx(gains.max(axis=0), abs=1e-8)
    # The same program with an imputation that sees the held-out site is another one: the test can tell.
    leaky = literal_gains(study, outcome, 3, 6, inside=False)
    assert np.abs(found["gain"].to_numpy() - leaky.mean(axis=0)).max() > 1e-3


def test_the_interval_follows_rubins_rules():
    study, outcome = gappy()
    result = run(study, outcome, n_imputations=2)
    found = result.imputation.iloc[0]
    assert found["between"] == pytest.approx((found["highest"] - found["lowest"]) ** 2 / 2)
    total = found["within"] + 1.5 * found["between"]
    assert found["std_error"] == pytest.approx(total**0.5)
    pooled = sy.rubin([found["lowest"], found["highest"]], [found["within"]] * 2, complete_df=13)
    assert found["degrees_of_freedom"] == pytest.approx(pooled.degrees_of_freedom)
    gains = result.gains.iloc[0]
    assert (gains["conf_low"], gains["conf_high"]) == pytest.approx((pooled.low, pooled.high))
    assert result.protocol.n_imputations == 2


def test_the_mean_completed_scores_of_all_sites_are_described():
    study, outcome = gappy()
    result = run(study, outcome)
    mean = study.imputations(3, rng=6).mean(axis=0)
    assert result.site_totals == pytest.approx(mean.sum(axis=1))
    assert result.global_test.p_value is None
    assert "too sure" in result.global_test.reason


def test_without_gaps_nothing_is_imputed():
    study, outcome = gappy(holes=())
    plain = run(study, outcome, missing="scale-rule")
    asked = run(study, outcome)
    assert asked.imputation is None
    assert asked.gains.equals(plain.gains)


def test_results_do_not_depend_on_threads_and_replay():
    study, outcome = gappy()
    given = {"schemes": FEW, "missing": "imputation", "n_imputations": 2, "n_resamples": 19, "rng": 6}
    one, two = (
        sy.WeightingExperiment(study, outcome, **given).run(threads=k, progress=False).to_json() for k in (1, 2)
    )
    assert one.replace('"run_number": 2', '"run_number": 1') == two.replace('"run_number": 2', '"run_number": 1')
    assert type(run(study, outcome)).from_json(one).to_json() == one


def test_items_can_be_left_out_beside_gaps():
    study, outcome = gappy()
    gone = study.item_ids[7]
    result = run(study, outcome, exclude=[gone], n_imputations=2)
    assert gone not in result.names
    assert result.imputation["between"].iloc[0] > 0


def test_reviews_of_one_site_stay_together():
    study, outcome = gappy()
    by_pairs = np.repeat([f"s{i}" for i in range(7)], 2).tolist()
    frame = study.scores.assign(site=by_pairs, date=["2019", "2021"] * 7)
    reviews = sy.Study(frame, scale="ips-15", review_date="date", review_rule="all", missing="bounds")
    result = run(reviews, outcome, n_imputations=2)
    assert result.protocol.n_sites == 7
    assert result.protocol.n_rows == 14
    assert result.imputation["n_copies"].tolist() == [2, 2]


def test_few_sites_give_gains_without_an_interval():
    study, outcome = gappy(sites=8, holes=((0, 3), (2, 7)))
    result = run(study, outcome)
    assert result.verdict == "cannot be tested"
    assert result.imputation["gain"].notna().all()
    assert result.imputation["std_error"].isna().all()


def test_words_say_what_was_done():
    study, outcome = gappy()
    result = run(study, outcome)
    note = next(text for text in result.caveats if "were missing" in text)
    assert note.startswith("4 of 210 scores were missing and imputed anew inside every training fold, 3 copies")
    assert "of the variance of a gain comes from them" in note
    assert any("Barnard and Rubin 1999" in line for line in result.how_to_report)


def test_sensitivity_puts_missing_scores_at_their_ends():
    study, outcome = gappy()
    experiment = sy.WeightingExperiment(
        study, outcome, schemes=FEW, missing="imputation", n_imputations=2, n_resamples=19, rng=6
    )
    found = experiment.sensitivity(progress=False)
    choices = [line["choice"] for line in found.lines]
    assert "missing scores at their minimum" in choices
    assert "missing scores at their maximum" in choices
    low = np.where(np.isnan(study.score_matrix), 1, study.score_matrix)
    alone = sy.WeightingExperiment(low, outcome, schemes=FEW, n_resamples=19, rng=6).run(progress=False)
    line = found.lines[choices.index("missing scores at their minimum")]
    assert line["gain"] == pytest.approx(alone.gains.set_index("scheme").loc[line["scheme"], "gain"])
    assert found.agreement.startswith("The verdict ")


def test_reruns_that_would_not_impute_inside_their_folds_are_refused():
    study, outcome = gappy()
    experiment = sy.WeightingExperiment(study, outcome, schemes=FEW, missing="imputation", n_imputations=2, rng=6)
    with pytest.raises(sy.InputError, match=r'on imputed scores in missing; allowed: missing="scale-rule"') as error:
        experiment.concordance()
    assert "fill the scores by the scale's rule" in str(error.value)


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"missing": "drop"}, ("unknown option in missing", "'drop'", "'scale-rule', 'imputation'")),
        ({"n_imputations": 1}, ("number of imputations not allowed in n_imputations", "2 to 1,000")),
        ({"n_imputations": True}, ("number of imputations not allowed",)),
        ({"missing": "scale-rule"}, ("missing scores without a rule", "4 missing scores", 'missing="imputation"')),
    ],
)
def test_refusals_say_what_to_do(options, parts):
    study, outcome = gappy()
    study = sy.Study(study.score_matrix, scale=study.scale.replace(missing={"rule": "complete"}), missing="bounds")
    with pytest.raises(sy.InputError) as error:
        run(study, outcome, **options)
    for part in parts:
        assert part in str(error.value)


def test_imputation_needs_a_scale_and_two_scores_per_item():
    study, outcome = gappy()
    with pytest.raises(sy.InputError, match="imputation without a Study"):
        run(np.nan_to_num(study.score_matrix, nan=3.0), outcome)
    alone, outcome = gappy(holes=[(i, 3) for i in range(12)])
    with pytest.raises(sy.InputError, match="item with too few scores to impute from") as error:
        run(alone, outcome)
    assert "at least two training sites with a score" in str(error.value)
