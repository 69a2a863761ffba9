//! The contest's fast path does what a slow literal program does, and leaks nothing.

use ndarray::Array2;
use proptest::prelude::*;
use steelyard::job::Control;
use steelyard::regress::CrossMoments;
use steelyard::stream::{Purpose, Seed};
use steelyard::weighting::consequences::Bands;
use steelyard::weighting::contest::{self, Protocol};
use steelyard::weighting::crossfit::{Entrant, Plan};
use steelyard::weighting::gain::{Losses, delete_one_site, one_by_one};
use steelyard::weighting::gain_runs::gain_run;
use steelyard::weighting::panel::Panel;
use steelyard::weighting::power::shown_better;
use steelyard::weighting::schemes::tune::{Fold, calibrated, leave_one_out};
use steelyard::weighting::schemes::{
    Correlation, Lasso, NonNegative, Ols, Pca, Pls, Ridge, Scheme, Setting, Shrink, Unit,
};
use steelyard::weighting::splits::{Splits, Validation};
use steelyard::weighting::test_runs::test_run;
use steelyard::weighting::verdict::{Verdict, verdict};

fn schemes() -> Vec<Scheme> {
    vec![
        Scheme::Unit(Unit::default()),
        Scheme::Correlation(Correlation::default()),
        Scheme::Ridge(Ridge::default()),
        Scheme::Shrink(Shrink::default()),
        Scheme::NonNegative(NonNegative::default()),
        Scheme::Ols(Ols::default()),
        Scheme::Pca(Pca::default()),
    ]
}

fn entrants() -> Vec<Entrant> {
    schemes().into_iter().map(Entrant::from).collect()
}

/// Scores 1 to 5, some items nearly constant so that folds make new constant items.
fn data(seed: u64, sites: usize, items: usize) -> (Array2<f64>, Vec<f64>) {
    let mut stream = Seed(seed).stream(Purpose::Simulate, 0);
    let x = Array2::from_shape_fn((sites, items), |(i, j)| {
        if j == 1 { if i == 0 { 4.0 } else { 5.0 } } else { 1.0 + f64::from(stream.below(5)) }
    });
    let y = x.rows().into_iter().map(|row| row[0] + 0.5 * row[2] + 3.0 * stream.uniform()).collect();
    (x, y)
}

fn panel(x: &Array2<f64>, z: &Array2<f64>, y: &[f64], w: &[f64]) -> Panel {
    let site_of: Vec<usize> = (0..x.nrows()).collect();
    Panel::new(x.view(), z.view(), y.to_vec(), w.to_vec(), &site_of).unwrap()
}

/// Subsets rows and takes moments: the literal way.
fn moments(x: &Array2<f64>, z: &Array2<f64>, y: &[f64], w: &[f64], keep: impl Fn(usize) -> bool) -> CrossMoments {
    let rows: Vec<usize> = (0..x.nrows()).filter(|i| keep(*i)).collect();
    let pick = |v: &[f64]| rows.iter().map(|i| v[*i]).collect::<Vec<f64>>();
    let x = x.select(ndarray::Axis(0), &rows);
    let z = z.select(ndarray::Axis(0), &rows);
    CrossMoments::from_rows(x.view(), (z.ncols() > 0).then(|| z.view()), &pick(y), Some(&pick(w))).unwrap()
}

/// Predicts every site by fitting, tuning and calibrating on the others, step by step.
fn literal(scheme: &Scheme, x: &Array2<f64>, z: &Array2<f64>, y: &[f64], w: &[f64]) -> Vec<f64> {
    let n = x.nrows();
    let plain = Setting::plain(x.ncols());
    (0..n)
        .map(|i| {
            let train = moments(x, z, y, w, |k| k != i);
            let penalty = scheme.open_penalties(&train).map(|penalties| {
                let folds = (0..n).filter(|j| *j != i).map(|j| Fold {
                    train: moments(x, z, y, w, |k| k != i && k != j),
                    held: moments(x, z, y, w, |k| k == j),
                });
                leave_one_out(scheme, &plain, &penalties, folds.collect::<Vec<_>>(), true).unwrap().penalty
            });
            let fit = scheme.fit(&train, &plain.with_penalty(penalty)).unwrap();
            let (slopes, covariates, intercept) = calibrated(&fit.weights, &train);
            let items: f64 = x.row(i).iter().zip(&slopes).map(|(x, b)| x * b).sum();
            let others: f64 = z.row(i).iter().zip(&covariates).map(|(z, b)| z * b).sum();
            intercept + items + others
        })
        .collect()
}

fn agree(x: &Array2<f64>, z: &Array2<f64>, y: &[f64], w: &[f64]) {
    let panel = panel(x, z, y, w);
    let plan = Plan::new(&panel, &entrants()).unwrap();
    let mut space = plan.space();
    plan.predict(y, &mut space);
    for (c, scheme) in schemes().iter().enumerate() {
        let slow = literal(scheme, x, z, y, w);
        for (i, (fast, slow)) in space.predictions[c].iter().zip(&slow).enumerate() {
            // Both solve the same least squares along different roads: 1e-8 of scores of order one.
            assert!((fast - slow).abs() < 1e-8, "{} at site {i}: {fast} and {slow}", scheme.name());
        }
    }
}

#[test]
fn the_fast_path_equals_the_literal_one() {
    let (x, y) = data(5, 14, 6);
    let none = Array2::zeros((14, 0));
    agree(&x, &none, &y, &[1.0; 14]);
}

#[test]
fn the_fast_path_equals_the_literal_one_with_weights_and_covariates() {
    let (x, y) = data(9, 16, 5);
    let z = Array2::from_shape_fn((16, 2), |(i, k)| ((i * 7 + k * 3) % 5) as f64);
    let w: Vec<f64> = (0..16).map(|i| 1.0 + f64::from(i % 4)).collect();
    agree(&x, &z, &y, &w);
}

#[test]
fn a_larger_study_agrees_where_every_pair_is_a_downdate() {
    let mut stream = Seed(21).stream(Purpose::Simulate, 0);
    let x = Array2::from_shape_fn((30, 8), |_| 1.0 + f64::from(stream.below(5)));
    let y: Vec<f64> = x.rows().into_iter().map(|row| row[0] - row[3] + 2.0 * stream.uniform()).collect();
    let w: Vec<f64> = (0..30).map(|i| 1.0 + f64::from(i % 3)).collect();
    agree(&x, &Array2::zeros((30, 0)), &y, &w);
}

#[test]
fn more_items_than_sites_agree_too() {
    let (x, y) = data(3, 7, 12);
    agree(&x, &Array2::zeros((7, 0)), &y, &[1.0; 7]);
}

/// The literal way for folds of several sites: each fold is predicted from the other folds, tuned on the groups given.
fn literal_folds(scheme: &Scheme, x: &Array2<f64>, y: &[f64], splits: &Splits) -> Vec<f64> {
    let (n, none, w) = (x.nrows(), Array2::zeros((x.nrows(), 0)), vec![1.0; x.nrows()]);
    let plain = Setting::plain(x.ncols());
    let mut out = vec![f64::NAN; n * splits.repeats];
    for held in &splits.outer {
        let training: Vec<usize> = (0..n).filter(|i| !held.sites.contains(i)).collect();
        let train = moments(x, &none, y, &w, |k| training.contains(&k));
        let penalty = scheme.open_penalties(&train).map(|penalties| {
            let label = |i: usize| splits.tuning.as_ref().map_or(i, |labels| labels[i]);
            let mut labels: Vec<usize> = training.iter().map(|i| label(*i)).collect();
            labels.sort_unstable();
            labels.dedup();
            let folds = labels.iter().map(|own| Fold {
                train: moments(x, &none, y, &w, |k| training.contains(&k) && label(k) != *own),
                held: moments(x, &none, y, &w, |k| training.contains(&k) && label(k) == *own),
            });
            leave_one_out(scheme, &plain, &penalties, folds.collect::<Vec<_>>(), true).unwrap().penalty
        });
        let fit = scheme.fit(&train, &plain.with_penalty(penalty)).unwrap();
        let (slopes, _, intercept) = calibrated(&fit.weights, &train);
        for i in &held.sites {
            out[held.repeat * n + i] = intercept + x.row(*i).iter().zip(&slopes).map(|(x, b)| x * b).sum::<f64>();
        }
    }
    out
}

#[test]
fn folds_of_several_sites_equal_the_literal_way() {
    let mut stream = Seed(8).stream(Purpose::Simulate, 0);
    let x = Array2::from_shape_fn((32, 5), |_| 1.0 + f64::from(stream.below(5)));
    let y: Vec<f64> = x.rows().into_iter().map(|row| row[0] - 0.5 * row[3] + 3.0 * stream.uniform()).collect();
    let schemes = [schemes(), vec![Scheme::Lasso(Lasso::default()), Scheme::Pls(Pls::default())]].concat();
    let panel = panel(&x, &Array2::zeros((32, 0)), &y, &[1.0; 32]);
    let folds = |tuning_folds| Validation::RepeatedKFold { folds: 4, repeats: 2, tuning_folds };
    for validation in [folds(None), folds(Some(5)), Validation::LeaveOneSiteOut { tuning_folds: Some(5) }] {
        let splits = validation.splits(32, Seed(3)).unwrap();
        let entrants: Vec<Entrant> = schemes.iter().cloned().map(Entrant::from).collect();
        let plan = Plan::with(&panel, &entrants, splits.clone()).unwrap();
        let mut space = plan.space();
        plan.predict(&y, &mut space);
        for (c, scheme) in schemes.iter().enumerate() {
            let slow = literal_folds(scheme, &x, &y, &splits);
            for (fast, slow) in space.predictions[c].iter().zip(&slow) {
                assert!((fast - slow).abs() < 1e-8, "{} {validation:?}: {fast} and {slow}", scheme.name());
            }
        }
    }
}

#[test]
fn a_scheme_that_fails_in_a_fold_is_named_and_stops_nobody() {
    // Item 1 varies at the first site only, so that a target on it alone has no score once that site is left out.
    let (x, y) = data(5, 14, 6);
    let panel = panel(&x, &Array2::zeros((14, 0)), &y, &[1.0; 14]);
    let target = Some(vec![0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    let odd = Scheme::Shrink(Shrink { target, ..Shrink::default() });
    let all: Vec<Entrant> = schemes().into_iter().chain([odd]).map(Entrant::from).collect();
    let protocol = protocol(all, 19);
    let contest = contest::run(&panel, &protocol, &Control::new()).unwrap();
    let last = contest.entries.last().unwrap();
    let failure = last.failure.as_ref().unwrap();
    assert_eq!((failure.folds, failure.site), (1, 0));
    assert!(failure.reason.contains("the target's score does not vary between sites"), "{}", failure.reason);
    assert_eq!((last.gain, last.p_adjusted, last.verdict), (None, None, Verdict::CannotBeTested));
    assert!(contest.entries[1].p_adjusted.is_some() && contest.refused.is_empty());
    assert_eq!(contest.superiority.unwrap().tried, 6);
}

fn protocol(schemes: Vec<Entrant>, n_resamples: usize) -> Protocol {
    Protocol {
        schemes,
        reference: 0,
        primary: None,
        smallest_gain: 0.01,
        n_resamples,
        confidence_level: 0.95,
        trials: None,
        validation: Validation::default(),
        bands: Bands::default(),
        seed: 4,
    }
}

#[test]
fn what_a_planner_leaves_out_never_changes_a_verdict() {
    let mut better = [0; 2];
    for seed in 0..16 {
        let folds = seed >= 12;
        let sites = if folds { 32 } else { 24 };
        let mut stream = Seed(seed).stream(Purpose::Simulate, 0);
        let x = Array2::from_shape_fn((sites, 4), |_| 1.0 + f64::from(stream.below(5)));
        let noise = if seed % 2 == 0 { 1.0 } else { 4.0 };
        let y: Vec<f64> = x.rows().into_iter().map(|row| row[0] + noise * stream.uniform()).collect();
        let panel = panel(&x, &Array2::zeros((sites, 0)), &y, &vec![1.0; sites]);
        let mut protocol = protocol(entrants(), 39);
        if folds {
            protocol.validation = Validation::RepeatedKFold { folds: 8, repeats: 2, tuning_folds: None };
        }
        let whole = contest::run(&panel, &protocol, &Control::new()).unwrap();
        let shown = shown_better(&panel, &protocol, &Control::new()).unwrap().unwrap();
        let adjusted: Vec<bool> = whole.entries.iter().map(|e| e.verdict == Verdict::WeightedBetter).collect();
        assert_eq!(shown.adjusted, adjusted, "seed {seed}");
        let declared: Vec<bool> = (0..protocol.schemes.len())
            .map(|c| {
                let entry = &whole.entries[c];
                let p = entry.p_value.filter(|_| c != 0);
                verdict(p, entry.interval.as_ref(), 0.01, 0.05) == Verdict::WeightedBetter
            })
            .collect();
        assert_eq!(shown.declared, declared, "seed {seed}");
        better[usize::from(folds)] += adjusted.iter().filter(|b| **b).count();
    }
    assert!(better.iter().all(|found| *found > 0), "nothing was found, so that the test shows nothing");
}

#[test]
fn reruns_without_a_site_share_the_folds_without_two() {
    let cases = [(12, 6, None), (26, 6, None), (26, 30, None), (31, 5, Some(4))];
    for (seed, (sites, items, tuning_folds)) in (0..).zip(cases) {
        let (x, y) = data(20 + seed, sites, items);
        let w: Vec<f64> = (0..sites).map(|i| 1.0 + (i % 3) as f64).collect();
        let panel = panel(&x, &Array2::from_shape_fn((sites, 1), |(i, _)| (i % 5) as f64), &y, &w);
        let validation = Validation::LeaveOneSiteOut { tuning_folds };
        let splits = validation.splits(sites, Seed(3)).unwrap();
        let plan = Plan::with(&panel, &entrants(), splits.clone()).unwrap();
        let mut space = plan.space();
        plan.predict(&panel.outcome, &mut space);
        let gains = Losses::of(&panel, &panel.outcome, &space).gains(0).unwrap();
        let control = Control::new();
        let found = delete_one_site(&panel, &entrants(), &splits, 0, &gains, 0.95, &control).unwrap().unwrap();
        assert_eq!(control.progress().0, sites as u64);
        let slow = one_by_one(&panel, &entrants(), &splits, 0, &Control::new()).unwrap().unwrap();
        for (c, interval) in found.intervals.iter().enumerate() {
            let interval = interval.as_ref().unwrap();
            for (site, gains) in slow.iter().enumerate() {
                let (fast, slow) = (interval.without[site], gains[c]);
                assert!(
                    (fast - slow).abs() < 1e-9 * (1.0 + slow.abs()),
                    "{sites} sites, scheme {c}: {fast} and {slow}"
                );
            }
        }
    }
}

#[test]
fn a_simulated_run_finds_the_gains_intervals_and_tests_of_the_contest() {
    let (x, y) = data(11, 26, 6);
    let panel = panel(&x, &Array2::zeros((26, 0)), &y, &[1.0; 26]);
    let protocol = protocol(entrants(), 39);
    let whole = contest::run(&panel, &protocol, &Control::new()).unwrap();
    let run = gain_run(&panel, &protocol, true, &Control::new()).unwrap().unwrap();
    assert!((run.base - whole.base_error).abs() < 1e-14);
    for (c, entry) in whole.entries.iter().enumerate() {
        assert!((1.0 - run.losses[c] / run.base - entry.q2.unwrap()).abs() < 1e-12, "scheme {c}");
        let (low, high) = run.intervals[c].unwrap();
        if c > 0 {
            let interval = entry.interval.as_ref().unwrap();
            assert_eq!((low, high), (interval.low, interval.high), "scheme {c}");
        }
    }
    let without = gain_run(&panel, &protocol, false, &Control::new()).unwrap().unwrap();
    assert_eq!((without.losses, without.intervals), (run.losses, vec![None; 7]));
    let tests = test_run(&panel, &protocol, &Control::new()).unwrap().unwrap();
    assert_eq!(tests.equal_slopes, whole.equal_slopes.map(|test| test.p_value));
    assert_eq!(tests.scatter, whole.scatter.map(|test| test.p_value));
    assert!(tests.equal_slopes.is_some() && tests.scatter.is_some());
    let cancelled = Control::new();
    cancelled.cancel();
    assert_eq!(gain_run(&panel, &protocol, true, &cancelled).unwrap(), None);
}

#[test]
fn copies_of_a_site_stay_in_one_fold_and_count_its_weight() {
    let (x, y) = data(3, 20, 4);
    let panel = panel(&x, &Array2::zeros((20, 0)), &y, &[1.0; 20]);
    let mut counts = vec![1; 20];
    counts[4] = 3;
    counts[7] = 0;
    let part = panel.counted(&counts);
    assert_eq!((part.sites(), part.outcome.len()), (19, 19));
    assert_eq!(part.weight[4], 3.0);
    assert_eq!(part.outcome[7], y[8]);
    // A held-out copy cannot predict itself: moving its outcome moves nothing of its own prediction.
    let predict = |y: &[f64]| {
        let plan = Plan::new(&part, &entrants()).unwrap();
        let mut space = plan.space();
        plan.predict(y, &mut space);
        space.predictions.iter().map(|p| p[4]).collect::<Vec<_>>()
    };
    let mut moved = part.outcome.clone();
    moved[4] += 50.0;
    for (a, b) in predict(&part.outcome).iter().zip(predict(&moved)) {
        assert!((a - b).abs() < 1e-7, "{a} and {b}");
    }
}

#[test]
fn what_is_held_out_cannot_move_its_own_prediction() {
    let (x, mut y) = data(11, 13, 6);
    let none = Array2::zeros((13, 0));
    let predict = |y: &[f64]| {
        let panel = panel(&x, &none, y, &[1.0; 13]);
        let plan = Plan::new(&panel, &entrants()).unwrap();
        let mut space = plan.space();
        plan.predict(y, &mut space);
        space.predictions.iter().map(|p| p[4]).collect::<Vec<_>>()
    };
    let before = predict(&y);
    y[4] += 100.0;
    for (a, b) in before.iter().zip(predict(&y)) {
        assert!((a - b).abs() < 1e-7, "{a} and {b}: the held-out outcome leaked into its own prediction");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn gains_do_not_depend_on_the_outcomes_origin_and_unit(seed in 0_u64..1000, shift in -50.0_f64..50.0, scale in 0.1_f64..20.0) {
        let (x, y) = data(seed, 12, 4);
        let none = Array2::zeros((12, 0));
        let gains = |y: &[f64]| {
            let panel = panel(&x, &none, y, &[1.0; 12]);
            let plan = Plan::new(&panel, &entrants()).unwrap();
            let mut space = plan.space();
            plan.predict(y, &mut space);
            Losses::of(&panel, y, &space).gains(0).unwrap()
        };
        let moved: Vec<f64> = y.iter().map(|y| shift + scale * y).collect();
        for (a, b) in gains(&y).iter().zip(gains(&moved)) {
            prop_assert!((a - b).abs() < 1e-6, "{} and {}", a, b);
        }
        prop_assert_eq!(gains(&y)[0], 0.0);
    }
}
