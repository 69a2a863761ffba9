//! Scales, checked scores, splits and gaps from the Rust side.

use proptest::prelude::*;
use steelyard::data::study::{Incomplete, check_scores};
use steelyard::describe::{fidelity::describe, gaps::GapStatus, gaps::gaps};
use steelyard::job::Control;
use steelyard::resample::splits::{SplitOptions, count_splits, split_test};
use steelyard::scale::{Scale, file::Format, shipped};
use steelyard::stream::Seed;

const ALL: SplitOptions = SplitOptions { n_resamples: 99, limit: 5_000_000, seed: Seed(1) };

/// Fyhn et al. (2020), Table 5, one row per centre.
const NORWAY: [[u8; 25]; 6] = [
    [5, 5, 4, 5, 2, 3, 5, 4, 3, 2, 5, 4, 5, 5, 3, 5, 1, 2, 5, 5, 4, 4, 5, 1, 5],
    [5, 5, 5, 2, 3, 5, 5, 3, 4, 3, 4, 5, 5, 5, 5, 5, 2, 1, 5, 5, 5, 5, 5, 1, 5],
    [5, 5, 5, 4, 3, 5, 5, 5, 3, 3, 3, 5, 5, 4, 3, 5, 3, 5, 4, 5, 5, 3, 4, 1, 4],
    [5, 2, 5, 2, 3, 5, 4, 3, 3, 3, 3, 5, 5, 5, 3, 5, 1, 4, 5, 5, 1, 5, 4, 1, 2],
    [5, 5, 4, 5, 1, 4, 5, 3, 3, 2, 2, 5, 4, 4, 3, 4, 1, 5, 4, 5, 3, 5, 3, 1, 3],
    [5, 5, 5, 4, 3, 4, 5, 4, 4, 3, 4, 5, 5, 5, 5, 5, 3, 5, 5, 5, 4, 5, 4, 2, 5],
];

fn norway() -> Vec<f64> {
    NORWAY.iter().flatten().map(|&x| f64::from(x)).collect()
}

fn names(n: usize) -> Vec<String> {
    (1..=n).map(|i| format!("centre {i}")).collect()
}

#[test]
fn shipped_scales_read_back_from_their_own_json() {
    for id in shipped::available() {
        let scale = shipped::load(id).unwrap();
        let text = serde_json::to_string(&scale).unwrap();
        assert_eq!(Scale::read(&text, Format::Json).unwrap(), scale);
    }
}

#[test]
fn the_printed_study_in_the_core() {
    let scale = shipped::load("ips-25").unwrap();
    let checked = check_scores(&scale, &names(6), &norway(), Incomplete::Refuse).unwrap();
    assert_eq!(checked.constant, [0, 19]);
    let fidelity = describe(&scale, &checked.values);
    let totals: Vec<f64> = fidelity.totals.iter().map(|t| t.total.unwrap()).collect();
    assert_eq!(totals, [97.0, 103.0, 102.0, 89.0, 89.0, 109.0]);
    let group: Vec<Option<bool>> = [2, 4, 5].iter().fold(vec![Some(false); 6], |mut g, &i| {
        g[i] = Some(true);
        g
    });
    let result = gaps(&scale, &fidelity, &checked.values, &group, ALL, &Control::new()).unwrap();
    let quality = &result.items[17];
    assert!((quality.difference.unwrap() - 8.0 / 3.0).abs() < 1e-12);
    assert_eq!((quality.p.unwrap().weak, quality.adjusted.unwrap().weak), (0.1, 0.1));
    assert_eq!((result.n_splits, result.enumerated, result.floor), (20, true, 0.1));
    assert_eq!(result.items[0].status, GapStatus::Constant);
}

#[test]
fn a_group_of_one_is_refused() {
    let error = split_test(&[1.0, 2.0, 3.0], 1, &[true, false, false], ALL, &Control::new()).unwrap_err();
    assert!(error.to_string().starts_with("group too small: got 1 and 2 sites; allowed: at least 2 sites"));
}

#[test]
fn splits_are_counted_up_to_their_limit() {
    assert_eq!(count_splits(6, 3), Some(20));
    assert_eq!(count_splits(30, 15), Some(155_117_520));
    assert_eq!(count_splits(200, 100), None);
}

#[test]
fn a_cancelled_enumeration_is_an_interruption() {
    let control = Control::new();
    control.cancel();
    let values: Vec<f64> = (0..22).map(f64::from).collect();
    let first: Vec<bool> = (0..22).map(|i| i % 2 == 0).collect();
    assert_eq!(split_test(&values, 1, &first, ALL, &control), Err(steelyard::error::Error::Interrupted));
    let drawn = SplitOptions { limit: 1, n_resamples: 1000, ..ALL };
    let partial = split_test(&values, 1, &first, drawn, &control).unwrap();
    assert!(partial.interrupted && partial.n_splits < 1000 && !partial.enumerated);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// p-values are shares of splits, weak at least strict, adjusted at least plain, and never below the floor; they do
    /// not change when scores are shifted or stretched by powers of two.
    #[test]
    fn split_tests_keep_their_order(scores in prop::collection::vec(1_u8..=5, 24), k in 2_usize..=6, factor in 0_i32..3) {
        let values: Vec<f64> = scores.iter().map(|&x| f64::from(x)).collect();
        let first: Vec<bool> = (0..8).map(|i| i < k).collect();
        let test = split_test(&values, 3, &first, ALL, &Control::new()).unwrap();
        prop_assert_eq!(Some(test.n_splits), count_splits(8, k));
        let moved: Vec<f64> = values.iter().map(|x| x * 2_f64.powi(factor) + 16.0).collect();
        let again = split_test(&moved, 3, &first, ALL, &Control::new()).unwrap();
        for (column, other) in test.columns.iter().zip(&again.columns) {
            prop_assert!(column.p.weak >= column.p.strict && column.adjusted.weak >= column.p.weak);
            prop_assert!(column.p.weak >= test.floor - 1e-12 && column.p.weak <= 1.0);
            prop_assert_eq!(column.p, other.p);
            prop_assert_eq!(column.adjusted, other.adjusted);
        }
    }

    /// No number, however odd, panics or passes for a score.
    #[test]
    fn any_matrix_is_checked(values in prop::collection::vec(prop::num::f64::ANY, 0..46), n in 0_usize..4) {
        let scale = shipped::load("ips-15").unwrap();
        if let Ok(checked) = check_scores(&scale, &names(n), &values, Incomplete::Keep) {
            for x in checked.values {
                prop_assert!(x.is_nan() || (1.0..=5.0).contains(&x));
            }
        }
    }

    /// Any text is a scale or an error, never a panic.
    #[test]
    fn any_text_is_read(text in ".{0,200}") {
        prop_assert!(Scale::read(&text, Format::Toml).is_err());
        prop_assert!(Scale::read(&text, Format::Json).is_err());
    }
}
