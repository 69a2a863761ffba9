//! What the linked study promises, over any numbers: an answer or an instruction, never a panic.

use proptest::prelude::*;
use steelyard::agreement::icc::icc;
use steelyard::data::durations::durations;
use steelyard::data::impute::{impute, rubin};
use steelyard::data::moments::moments;
use steelyard::data::study::{Incomplete, check_reviews, combine};
use steelyard::describe::adjusted::{adjusted_means, adjusted_rates};
use steelyard::describe::pool::pool;
use steelyard::describe::sites::{CountSums, count, log_odds_ratio, rate, risk_difference, site_icc};
use steelyard::job::Control;
use steelyard::parallel::Threads;
use steelyard::scale::shipped;
use steelyard::stream::Seed;

fn odd() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-3_i32..8).prop_map(f64::from),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => Just(1e300),
        1 => Just(0.5),
    ]
}

fn scores() -> impl Strategy<Value = f64> {
    prop_oneof![8 => (1_i32..6).prop_map(f64::from), 2 => Just(f64::NAN)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn estimates_answer_or_refuse(y in prop::collection::vec(odd(), 0..7), v in prop::collection::vec(odd(), 0..7)) {
        if let Ok(found) = pool(&y, &v, 0.95) {
            prop_assert!(found.low <= found.estimate && found.estimate <= found.high && found.tau2 >= 0.0);
            prop_assert!((found.weights.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }
        let _ = rubin(&y, &v, Some(3.0));
        let _ = icc(&y, 2, 0.95);
        let event: Vec<bool> = y.iter().map(|x| *x > 1.0).collect();
        if let Ok(found) = durations(&y, &event, 5.0, &[0.0, 2.0, 5.0]) {
            prop_assert!(found.survival.windows(2).all(|w| w[1] <= w[0]));
            prop_assert!(found.restricted_mean.is_none_or(|m| (0.0..=5.0).contains(&m)));
        }
        let _ = site_icc(&v, &y, &v, 0.95);
    }

    #[test]
    fn rates_and_effects_stay_in_their_range(k in 0_u32..30, more in 0_u32..30, j in 0_u32..30, other in 0_u32..30) {
        let (n, m) = (f64::from(k + more), f64::from(j + other));
        let found = rate(f64::from(k), n, 0.95);
        if let (Some(p), Some(low), Some(high)) = (found.value, found.low, found.high) {
            prop_assert!(0.0 <= low && low <= p + 1e-15 && p <= high + 1e-15 && high <= 1.0);
        }
        if n > 0.0 && m > 0.0 {
            let difference = risk_difference((f64::from(k), f64::from(j)), (n, m), 0.95);
            prop_assert!(difference.variance.unwrap() > 0.0 && difference.low.unwrap() >= -1.0);
            prop_assert!(log_odds_ratio((f64::from(k), f64::from(j)), (n, m), 0.95).value.unwrap().is_finite());
        }
        let sums = CountSums { n, y: f64::from(k), t: n, yy: f64::from(k), yt: f64::from(k), tt: n };
        prop_assert!(count(sums, 0.95).low.is_none_or(|low| low >= 0.0));
    }

    #[test]
    fn adjusting_answers_or_refuses(rows in prop::collection::vec((0_usize..3, 0_u8..2, odd()), 0..25)) {
        let site: Vec<usize> = rows.iter().map(|r| r.0).collect();
        let y: Vec<f64> = rows.iter().map(|r| f64::from(r.1)).collect();
        let z: Vec<f64> = rows.iter().map(|r| r.2).collect();
        if let Ok(found) = adjusted_rates(&site, &y, &z, 1, 3, 0.95) {
            prop_assert!(found.sites.iter().all(|s| s.value.is_none_or(|p| (0.0..=1.0).contains(&p))));
        }
        let group: Vec<i64> = rows.iter().map(|r| r.0.try_into().unwrap()).collect();
        if let Ok(m) = moments(&group, 3, &[&y, &z], &[0.0, 0.0], Threads::ONE, &Control::new()) {
            let _ = adjusted_means(&m, 0.95);
        }
    }

    #[test]
    fn reviews_are_averaged_item_by_item(cells in prop::collection::vec(scores(), 45)) {
        let scale = shipped::load("ips-15").unwrap();
        let names: Vec<String> = ["A", "A", "B"].iter().map(|s| (*s).to_owned()).collect();
        let reviews = check_reviews(&scale, &names, &cells).unwrap();
        let units = [names[0].clone(), names[2].clone()];
        let Ok(made) = combine(&scale, &units, &[vec![0, 1], vec![2]], &reviews, Incomplete::Keep) else { return Ok(()) };
        for j in 0..15 {
            let known: Vec<f64> = [cells[j], cells[15 + j]].into_iter().filter(|x| !x.is_nan()).collect();
            let expected = known.iter().sum::<f64>() / known.len() as f64;
            prop_assert!(made.values[j] == expected || (known.is_empty() && made.values[j].is_nan()));
        }
        prop_assert_eq!(made.absent.len(), made.values.iter().filter(|x| x.is_nan()).count());
    }

    #[test]
    fn imputation_answers_or_refuses(cells in prop::collection::vec(scores(), 75), left_out in 0_usize..5) {
        let scale = shipped::load("ips-15").unwrap();
        let mut training = [true; 5];
        training[left_out] = false;
        if let Ok(copies) = impute(&scale, &cells, &training, 2, Seed(7)) {
            for copy in &copies {
                prop_assert!(copy.iter().zip(&cells).all(|(x, was)| x == was || (was.is_nan() && scale.items[0].admits(*x))));
            }
        }
    }
}
