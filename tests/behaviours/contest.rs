//! The contest's fast path does what a slow literal program does, and leaks nothing.

use ndarray::Array2;
use proptest::prelude::*;
use steelyard::regress::CrossMoments;
use steelyard::stream::{Purpose, Seed};
use steelyard::weighting::crossfit::{Entrant, Plan};
use steelyard::weighting::gain::Losses;
use steelyard::weighting::panel::Panel;
use steelyard::weighting::schemes::tune::{Fold, calibrated, leave_one_out};
use steelyard::weighting::schemes::{Correlation, NonNegative, Ols, Pca, Ridge, Scheme, Setting, Shrink, Unit};

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
