//! Schemes: by hand, by invariant, on the six centres, and against values from R.

use crate::cases::{HIGH_GROUP, attitude, close, moments, six_centres};
use ndarray::{Array2, Axis, array};
use proptest::prelude::*;
use steelyard::linalg::dot;
use steelyard::regress::{CrossMoments, Level, RidgePath, moments::Sums};
use steelyard::weighting::schemes::tune::{Fold, leave_one_out};
use steelyard::weighting::schemes::{
    Correlation, NonNegative, Points, Ridge, Scheme, SchemeFit, Setting, Shrink, Status, Unit,
};

fn first_five() -> Vec<Scheme> {
    vec![
        Scheme::Unit(Unit::default()),
        Scheme::Correlation(Correlation::default()),
        Scheme::Correlation(Correlation { non_negative: true, points: Points::Raw }),
        Scheme::Ridge(Ridge { penalty: Some(0.1) }),
        Scheme::Ridge(Ridge { penalty: Some(0.0) }),
        Scheme::Shrink(Shrink { target: None, penalty: Some(0.1) }),
        Scheme::Shrink(Shrink { target: None, penalty: Some(f64::INFINITY) }),
        Scheme::NonNegative(NonNegative {}),
    ]
}

fn fit(scheme: &Scheme, data: &CrossMoments) -> SchemeFit {
    scheme.fit(data, &Setting::plain(data.items)).unwrap()
}

fn without(x: &Array2<f64>, y: &[f64], row: usize) -> Fold {
    let others: Vec<usize> = (0..y.len()).filter(|i| *i != row).collect();
    let train = x.select(Axis(0), &others);
    let outcome: Vec<f64> = others.iter().map(|i| y[*i]).collect();
    Fold { train: moments(train.view(), &outcome), held: moments(x.select(Axis(0), &[row]).view(), &[y[row]]) }
}

#[test]
fn unit_and_correlation_by_hand() {
    // Totals 2, 4, 9 with outcomes 1, 2, 3: slope Sxy/Sxx = 7/26.
    let data = moments(array![[1.0, 1.0], [1.0, 3.0], [4.0, 5.0]].view(), &[1.0, 2.0, 3.0]);
    let unit = fit(&Scheme::Unit(Unit::default()), &data);
    close(&unit.slopes, &[7.0 / 26.0; 2], 1e-14);
    close(&[unit.intercept, unit.r_squared], &[2.0 - 5.0 * 7.0 / 26.0, 49.0 / 26.0 / 2.0], 1e-14);
    assert_eq!((unit.weights, unit.status), (vec![1.0, 1.0], Status::Ok));
    // r = (3/sqrt(12), 1); on raw points weights are proportional to it.
    let raw = Correlation { points: Points::Raw, ..Correlation::default() };
    let r = [0.75_f64.sqrt(), 1.0];
    let total = r[0] + r[1];
    close(&fit(&Scheme::Correlation(raw), &data).weights, &[2.0 * r[0] / total, 2.0 * r[1] / total], 1e-14);
    // Standardised: divided by the standard deviations sqrt(6/3) and sqrt(8/3).
    let w = [r[0] / 6.0_f64.sqrt(), r[1] / 8.0_f64.sqrt()];
    let total = w[0] + w[1];
    close(
        &fit(&Scheme::Correlation(Correlation::default()), &data).weights,
        &[2.0 * w[0] / total, 2.0 * w[1] / total],
        1e-14,
    );
}

#[test]
fn six_centres_are_not_estimable_and_no_scheme_breaks() {
    let data = moments(six_centres().view(), &HIGH_GROUP);
    for scheme in first_five() {
        let fit = fit(&scheme, &data);
        let found = &fit.estimability;
        assert_eq!((found.level, found.rank), (Level::NotEstimable, 5), "{scheme:?}");
        // Caseload and employer diversity never vary (reference, section 0: two constant items, five pairs at r = 1).
        assert_eq!(found.constant, vec![0, 19]);
        let pairs: usize = found.collinear.iter().map(|g| g.len() * (g.len() - 1) / 2).sum();
        assert_eq!(pairs, 5);
        assert!(fit.slopes.iter().chain(&fit.weights).chain([&fit.intercept, &fit.r_squared]).all(|v| v.is_finite()));
        let sum: f64 = fit.weights.iter().map(|w| w.abs()).sum();
        assert!((sum - 25.0).abs() < 1e-9);
    }
    let least_squares = fit(&Scheme::Ridge(Ridge { penalty: Some(0.0) }), &data);
    assert_eq!(least_squares.status, Status::Interpolates);
    let target = fit(&Scheme::Shrink(Shrink { target: None, penalty: Some(f64::INFINITY) }), &data);
    assert_eq!(target.status, Status::SameAsUnit);
    // Total against group: r = .25 (same source, section 5).
    let unit = fit(&Scheme::Unit(Unit::default()), &data);
    assert!((unit.r_squared.sqrt() - 0.25).abs() < 0.005);
}

#[test]
fn constant_outcomes_and_items_are_undefined_by_name() {
    let still = moments(array![[3.0, 3.0], [3.0, 3.0], [3.0, 3.0]].view(), &[1.0, 2.0, 3.0]);
    let flat = moments(array![[1.0, 3.0], [2.0, 5.0], [3.0, 3.0]].view(), &[2.0, 2.0, 2.0]);
    for scheme in first_five() {
        for data in [&still, &flat] {
            let fit = fit(&scheme, data);
            assert_eq!(fit.status, Status::Undefined, "{scheme:?}");
            assert!(!fit.reason.is_empty());
            assert_eq!((fit.slopes, fit.intercept), (vec![0.0, 0.0], 2.0));
        }
    }
}

#[test]
fn a_scheme_without_a_positive_correlation_is_empty() {
    let data = moments(array![[1.0], [2.0], [3.0]].view(), &[3.0, 2.0, 1.0]);
    for scheme in [
        Scheme::NonNegative(NonNegative {}),
        Scheme::Correlation(Correlation { non_negative: true, points: Points::Raw }),
    ] {
        let fit = fit(&scheme, &data);
        assert_eq!((fit.status, fit.slopes), (Status::Empty, vec![0.0]));
    }
}

/// Reference, section 6, row 24: leave-one-out Q2 with the fold's mean, and PRESS (30 departments of `attitude`).
#[test]
fn leave_one_out_errors_of_attitude() {
    let (x, y) = attitude();
    let folds: Vec<Fold> = (0..y.len()).map(|i| without(&x, &y, i)).collect();
    let null: f64 = folds.iter().map(|f| (f.held.outcome_mean - f.train.outcome_mean).powi(2)).sum();
    for (scheme, press, q2) in [
        (Scheme::Ridge(Ridge { penalty: Some(0.0) }), 1_946.185_106, 0.576_770_777_8),
        (Scheme::Unit(Unit::default()), 2_696.327_619, 0.413_640_235_2),
    ] {
        let setting = Setting::plain(6);
        let tuned = leave_one_out(&scheme, &setting, &[0.0], folds.clone(), false).unwrap();
        let error = tuned.errors[0] * y.len() as f64;
        close(&[error, 1.0 - error / null], &[press, q2], 1e-9);
        let calibrated = leave_one_out(&scheme, &setting, &[0.0], folds.clone(), true).unwrap();
        close(&calibrated.errors, &tuned.errors, 1e-9);
    }
    let unit = fit(&Scheme::Unit(Unit::default()), &moments(x.view(), &y));
    close(&[unit.r_squared.sqrt()], &[0.671_262_057_2], 1e-10);
}

#[test]
fn tuning_prefers_the_target_when_nothing_else_predicts() {
    let (x, y) = attitude();
    let total: Vec<f64> = x.rows().into_iter().map(|row| row.sum()).collect();
    let folds: Vec<Fold> = (0..y.len()).map(|i| without(&x, &total, i)).collect();
    let scheme = Scheme::Shrink(Shrink::default());
    let data = moments(x.view(), &total);
    let penalties = scheme.open_penalties(&data).unwrap();
    let tuned = leave_one_out(&scheme, &Setting::plain(6), &penalties, folds, true).unwrap();
    assert_eq!(tuned.penalty, f64::INFINITY);
    let error = scheme.fit(&data, &Setting::plain(6)).unwrap_err();
    assert!(error.to_string().starts_with("penalty missing"), "{error}");
}

#[test]
fn refusals_name_the_rule() {
    let data = moments(array![[1.0, 2.0], [2.0, 1.0], [3.0, 5.0]].view(), &[1.0, 2.0, 4.0]);
    let short = Scheme::Unit(Unit::default()).fit(&data, &Setting::plain(3)).unwrap_err();
    assert_eq!(
        short.to_string(),
        "prior weights of the wrong length: got 3; allowed: one per item, 2. Give them in the order of the item columns."
    );
    let target = Scheme::Shrink(Shrink { target: Some(vec![1.0, -1.0]), penalty: Some(1.0) });
    let error = target.fit(&data, &Setting::plain(2)).unwrap_err();
    assert_eq!(error.to_string(), "target weights not allowed; allowed: finite, none negative, at least one positive");
    let error = Scheme::Ridge(Ridge { penalty: Some(-1.0) }).fit(&data, &Setting::plain(2)).unwrap_err();
    assert!(error.to_string().starts_with("penalty not allowed: got -1"));
    let unknown = serde_json::from_str::<Scheme>(r#"{"scheme": "ridge", "lambda": 1}"#).unwrap_err();
    assert!(unknown.to_string().contains("unknown field `lambda`, expected `penalty`"), "{unknown}");
}

/// Sites of several rows with scores 1 to 5 and a noisy outcome.
fn site_data() -> impl Strategy<Value = (Array2<f64>, Vec<f64>)> {
    (3..15_usize, 1..10_usize).prop_flat_map(|(n, p)| {
        (proptest::collection::vec(1..=5_i32, n * p), proptest::collection::vec(-3.0..3.0_f64, n)).prop_map(
            move |(x, y)| (Array2::from_shape_vec((n, p), x.into_iter().map(f64::from).collect()).unwrap(), y),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_fit_is_finite_and_scaled((x, y) in site_data()) {
        let data = moments(x.view(), &y);
        for scheme in first_five() {
            let fit = fit(&scheme, &data);
            prop_assert!(fit.slopes.iter().chain(&fit.weights).all(|v| v.is_finite()), "{scheme:?} {fit:?}");
            prop_assert!(fit.intercept.is_finite() && (-1e-9..=1.0 + 1e-12).contains(&fit.r_squared));
            let sum: f64 = fit.weights.iter().map(|w| w.abs()).sum();
            let fitted = !matches!(fit.status, Status::Empty | Status::Undefined);
            prop_assert!(!fitted || (sum - x.ncols() as f64).abs() < 1e-8);
        }
    }

    #[test]
    fn moments_from_sums_equal_moments_from_rows((x, y) in site_data()) {
        let origin = vec![3.0; x.ncols()];
        let shifted = &x - 3.0;
        let sums = shifted.sum_axis(Axis(0)).to_vec();
        let products = shifted.t().dot(&shifted);
        let xy = shifted.t().dot(&ndarray::ArrayView1::from(&y)).to_vec();
        let from_sums = CrossMoments::from_sums(
            Sums {
                units: y.len(),
                weight: y.len() as f64,
                origin: &origin,
                x: &sums,
                y: y.iter().sum(),
                xx: products.view(),
                xy: &xy,
                yy: y.iter().map(|v| v * v).sum(),
            },
            x.ncols(),
        );
        let rows = moments(x.view(), &y);
        close(&from_sums.cross, &rows.cross, 1e-12);
        close(from_sums.gram.as_slice().unwrap(), rows.gram.as_slice().unwrap(), 1e-12);
        for j in 0..x.ncols() {
            prop_assert_eq!(from_sums.is_constant(j), rows.is_constant(j));
        }
    }

    #[test]
    fn a_huge_penalty_is_the_target_and_none_is_least_squares((x, y) in site_data()) {
        let data = moments(x.view(), &y);
        let unit = fit(&Scheme::Unit(Unit::default()), &data);
        prop_assume!(unit.status == Status::Ok || unit.status == Status::Interpolates);
        let shrink = |penalty| fit(&Scheme::Shrink(Shrink { target: None, penalty: Some(penalty) }), &data);
        // Reference, identities: ridge to target at 1e12 equals the unit-score fit.
        close(&shrink(1e12).slopes, &unit.slopes, 1e-8);
        close(&shrink(f64::INFINITY).slopes, &unit.slopes, 1e-9);
        let ridge = fit(&Scheme::Ridge(Ridge { penalty: Some(0.0) }), &data);
        prop_assert!((shrink(0.0).r_squared - ridge.r_squared).abs() < 1e-7);
        prop_assert!(ridge.r_squared >= unit.r_squared - 1e-9);
    }

    #[test]
    fn a_ridge_path_solves_its_normal_equations((x, y) in site_data(), penalty in 0.001..100.0_f64) {
        let data = moments(x.view(), &y);
        let path = RidgePath::new(&data, None).unwrap().unwrap();
        let b = path.slopes(penalty);
        for j in 0..data.items {
            let left = dot(data.gram.row(j).as_slice().unwrap(), &b) + penalty * data.weight * b[j];
            prop_assert!((left - data.cross[j]).abs() < 1e-8 * (1.0 + data.cross[j].abs()));
        }
        prop_assert!(path.degrees_of_freedom(penalty) <= path.degrees_of_freedom(penalty / 2.0));
    }

    #[test]
    fn covariates_change_nothing_but_what_they_explain((x, y) in site_data(), shift in -2.0..2.0_f64) {
        // A covariate that moves the outcome by a fixed amount leaves every slope as it was (Frisch, Waugh and Lovell).
        let n = y.len();
        let z = Array2::from_shape_fn((n, 1), |(i, _)| f64::from(u8::try_from(i * 7 % 5).unwrap()));
        let moved: Vec<f64> = y.iter().enumerate().map(|(i, v)| v + shift * z[[i, 0]]).collect();
        let plain = CrossMoments::from_rows(x.view(), Some(z.view()), &y, None).unwrap();
        let other = CrossMoments::from_rows(x.view(), Some(z.view()), &moved, None).unwrap();
        for scheme in first_five() {
            let (a, b) = (fit(&scheme, &plain), fit(&scheme, &other));
            prop_assume!(a.r_squared < 1.0 - 1e-6 && plain.adjusted().yy > 1e-6);
            close(&a.slopes, &b.slopes, 1e-6);
            if a.status != Status::Undefined {
                prop_assert!((b.covariates[0] - a.covariates[0] - shift).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn order_of_items_does_not_matter((x, y) in site_data()) {
        let p = x.ncols();
        let reversed: Vec<usize> = (0..p).rev().collect();
        let (a, b) = (moments(x.view(), &y), moments(x.select(Axis(1), &reversed).view(), &y));
        for scheme in first_five() {
            let (one, two) = (fit(&scheme, &a), fit(&scheme, &b));
            let back: Vec<f64> = reversed.iter().map(|j| two.weights[*j]).collect();
            if one.estimability.is_full() {
                close(&one.weights, &back, 1e-6);
            }
            prop_assert!((one.r_squared - two.r_squared).abs() < 1e-8);
        }
    }
}
