//! Regression with few sites: values by hand, laws whose probabilities add up, identities of the wild cluster bootstrap.

use crate::cases::close;
use ndarray::Array2;
use proptest::prelude::*;
use std::num::NonZeroUsize;
use steelyard::error::Error;
use steelyard::inference::covariance::{Kind, clusters, robust};
use steelyard::inference::wild::{Enumeration, Options, WildTest, wild};
use steelyard::inference::wild_draws::{Law, Source, each};
use steelyard::inference::wild_kernel::{Kernel, Variant};
use steelyard::inference::wild_set::{Alternative, Ties};
use steelyard::inference::working::Working;
use steelyard::job::Control;
use steelyard::parallel::Threads;
use steelyard::stream::Seed;

fn fit(x: &Array2<f64>, y: &[f64], codes: &[usize]) -> (Working, Vec<f64>) {
    let names: Vec<String> = (0..x.ncols()).map(|j| format!("x{j}")).collect();
    Working::new(x.view(), codes, &names).unwrap().least_squares(y)
}

fn options(term: usize, null: f64, variant: Variant) -> Options {
    Options {
        term,
        null,
        law: Some(Law::Rademacher),
        variant,
        restricted: true,
        alternative: Alternative::Symmetric,
        ties: Ties::Weak,
        level: None,
        n_resamples: 99,
        enumeration: Enumeration::Auto,
        seed: Seed(1),
        threads: Threads::ONE,
    }
}

fn test(x: &Array2<f64>, y: &[f64], codes: &[usize], o: &Options) -> WildTest {
    let (working, b) = fit(x, y, codes);
    wild(&working, b[o.term], o, &Control::new()).unwrap()
}

#[test]
fn a_mean_of_two_sites_by_hand() {
    let x = Array2::ones((4, 1));
    let codes = [0, 0, 1, 1];
    let (working, b) = fit(&x, &[1.0, 3.0, 5.0, 7.0], &codes);
    close(&b, &[4.0], 1e-15);
    // Site sums of residuals are -4 and 4; means without a site are 6 and 2.
    for (kind, variance) in [(Kind::CR0, 2.0), (Kind::CR1, 4.0), (Kind::CR2, 4.0), (Kind::CR3, 8.0), (Kind::CV3, 4.0)] {
        let found = robust(&working, kind).unwrap();
        close(&[found.covariance[[0, 0]]], &[variance], 1e-14);
        close(&found.satterthwaite, &[1.0], 1e-12);
    }
    // Residuals -3, -1, 1, 3; leverages 1/4.
    for (kind, variance) in
        [(Kind::HC0, 20.0), (Kind::HC1, 80.0 / 3.0), (Kind::HC2, 80.0 / 3.0), (Kind::HC3, 320.0 / 9.0)]
    {
        close(&[robust(&working, kind).unwrap().covariance[[0, 0]]], &[variance / 16.0], 1e-14);
    }
    let seen = clusters(&working, &b).unwrap();
    close(&seen.leverage, &[0.5, 0.5], 1e-14);
    close(&seen.effective, &[2.0], 1e-13);
    close(&[seen.left_out[0][0], seen.left_out[1][0]], &[6.0, 2.0], 1e-13);
}

#[test]
fn two_sites_can_never_reject() {
    let x = Array2::ones((4, 1));
    let found =
        test(&x, &[1.0, 3.0, 5.0, 7.0], &[0, 0, 1, 1], &Options { level: Some(0.95), ..options(0, 0.0, Variant::C) });
    // Of four sign vectors two repeat the data; the smallest p is one half.
    assert_eq!((found.draws, found.floor), (4, 0.5));
    assert_eq!(found.confidence_set, Some(vec![(f64::NEG_INFINITY, f64::INFINITY)]));
}

#[test]
fn probabilities_of_every_law_add_up() {
    let codes: Vec<usize> = (0..10).map(|i| i / 2).collect();
    let x = Array2::from_shape_fn((10, 2), |(i, j)| if j == 0 { 1.0 } else { (i * i % 7) as f64 });
    let y: Vec<f64> = (0..10).map(|i| f64::from(i * 3 % 8)).collect();
    let (working, _) = fit(&x, &y, &codes);
    let kernel = Kernel::new(&working, 1, Variant::S, true).unwrap();
    for (law, count) in [(Law::Rademacher, 32.0), (Law::Webb, 7776.0), (Law::Mammen, 32.0)] {
        let add = |sums: &mut [f64; 2], draw: steelyard::inference::wild_draws::Draw| {
            let times = if draw.mirrored { 2.0 } else { 1.0 };
            sums[0] += times * draw.weight;
            sums[1] += times * draw.weight * draw.moved[0] * draw.moved[0];
        };
        let parts =
            each(&kernel, law, Source::Enumerated, true, Threads::ONE, &Control::new(), || [0.0; 2], add).unwrap();
        let total: f64 = parts.iter().map(|p| p[0]).sum();
        let square: f64 = parts.iter().map(|p| p[1]).sum();
        close(&[total], &[count], 1e-12);
        // Multipliers are independent with mean 0 and variance 1.
        let expected: f64 = kernel.n0.iter().map(|n| n * n).sum();
        close(&[square / total], &[expected], 1e-10);
    }
}

#[test]
fn threads_change_nothing_and_a_cancelled_test_says_so() {
    let codes: Vec<usize> = (0..60).map(|i| i / 2).collect();
    let x = Array2::from_shape_fn((60, 2), |(i, j)| if j == 0 { 1.0 } else { (i * 7 % 11) as f64 });
    let y: Vec<f64> = (0..60).map(|i| f64::from(i * 5 % 13)).collect();
    let o = Options { n_resamples: 2000, level: Some(0.9), ..options(1, 0.1, Variant::B) };
    let one = test(&x, &y, &codes, &o);
    let three = test(&x, &y, &codes, &Options { threads: Threads::new(NonZeroUsize::new(3)), ..o });
    assert_eq!(one, three);
    let cancelled = Control::new();
    cancelled.cancel();
    let (working, b) = fit(&x, &y, &codes);
    assert_eq!(wild(&working, b[1], &o, &cancelled), Err(Error::Interrupted));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_shifted_null_and_scaled_data_leave_every_count(
        scores in proptest::collection::vec(1..6_i32, 14),
        outcome in proptest::collection::vec(-20..20_i32, 14),
        null in -3..4_i32,
        which in 0..4_usize,
    ) {
        let codes: Vec<usize> = (0..14).map(|i| i / 2).collect();
        let mut scores = scores;
        (scores[0], scores[2], scores[4], scores[7]) = (1, 5, 2, 4);
        let x = Array2::from_shape_fn((14, 2), |(i, j)| if j == 0 { 1.0 } else { f64::from(scores[i]) });
        let y: Vec<f64> = outcome.iter().map(|v| f64::from(*v)).collect();
        let variant = [Variant::C, Variant::S, Variant::V, Variant::B][which];
        let null = f64::from(null);
        let (working, b) = fit(&x, &y, &codes);
        let o = options(1, null, variant);
        let Ok(here) = wild(&working, b[1], &o, &Control::new()) else { return Ok(()) };
        let shifted: Vec<f64> = y.iter().zip(&scores).map(|(y, s)| y - null * f64::from(*s)).collect();
        prop_assert_eq!(here.pvalues, test(&x, &shifted, &codes, &options(1, 0.0, variant)).pvalues);
        let scaled: Vec<f64> = y.iter().map(|y| 1e5 * y).collect();
        prop_assert_eq!(here.pvalues, test(&x, &scaled, &codes, &options(1, 1e5 * null, variant)).pvalues);
        let renamed: Vec<usize> = codes.iter().map(|c| (c * 3 + 2) % 7).collect();
        prop_assert_eq!(here.pvalues, test(&x, &y, &renamed, &o).pvalues);
        // Draws v and -v come in pairs.
        let pairs = here.pvalues.strict * 64.0;
        prop_assert!((pairs - pairs.round()).abs() < 1e-9);
    }
}
