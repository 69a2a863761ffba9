//! Importance: identities that hold for any data, a literal twin, and numbers from the literature.

use crate::cases::{attitude, close, columns, moments};
use ndarray::Array2;
use proptest::prelude::*;
use std::num::NonZeroUsize;
use steelyard::error::Error;
use steelyard::importance::relative::{Measure, relative};
use steelyard::importance::table::{complete, explained, explained_single};
use steelyard::importance::{System, lmg};
use steelyard::job::Control;
use steelyard::parallel::Threads;

fn system(x: &Array2<f64>, y: &[f64]) -> System {
    let m = moments(x.view(), y);
    let constant: Vec<usize> = (0..m.items).filter(|j| m.is_constant(*j)).collect();
    System::new(m.gram.view(), &m.cross, m.yy, &constant).unwrap()
}

fn shares(s: &System) -> steelyard::importance::Shares {
    lmg::shares(s, Threads::ONE, &Control::new()).unwrap()
}

/// Shapley values by the definition: every subset's R2 by elimination, every marginal, its weight.
fn literal(s: &System) -> Vec<f64> {
    let p = s.len();
    let value = |set: usize| s.explained(&(0..p).filter(|j| set >> j & 1 == 1).collect::<Vec<_>>());
    let values: Vec<f64> = (0..1 << p).map(value).collect();
    let of = |j: usize| {
        let without = (0..1_usize << p).filter(|set| set >> j & 1 == 0);
        without.map(|set| lmg::order_weight(set.count_ones() as usize, p) * (values[set | 1 << j] - values[set])).sum()
    };
    (0..p).map(of).collect()
}

fn scores(rows: usize, items: usize) -> impl Strategy<Value = (Array2<f64>, Vec<f64>)> {
    let x = proptest::collection::vec(1..6_i32, rows * items);
    let y = proptest::collection::vec(-50..50_i32, rows);
    (x, y).prop_map(move |(x, mut y)| {
        // The outcome must vary.
        y[0] = 60;
        let x = Array2::from_shape_vec((rows, items), x.into_iter().map(f64::from).collect()).unwrap();
        (x, y.into_iter().map(f64::from).collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_tree_is_the_definition((x, y) in scores(12, 9)) {
        let s = system(&x, &y);
        let found = shares(&s);
        close(&found.shares, &literal(&s), 1e-11);
        prop_assert!((found.shares.iter().sum::<f64>() - found.total).abs() < 1e-11);
        // General dominance is the mean of conditional dominance; entering first is the squared correlation.
        for (row, r) in found.conditional.iter().zip(&s.outcome) {
            prop_assert!((row[0] - r * r).abs() < 1e-11);
        }
        let table = explained(&s).unwrap();
        close(&table.shares().shares, &found.shares, 1e-11);
    }

    #[test]
    fn fewer_sites_than_items_stay_finite((x, y) in scores(5, 8)) {
        let found = shares(&system(&x, &y));
        prop_assert!(found.shares.iter().all(|v| *v > -1e-9 && *v < 1.0 + 1e-9));
        prop_assert!((found.shares.iter().sum::<f64>() - found.total).abs() < 1e-9);
    }

    #[test]
    fn measures_sum_to_r2((x, y) in scores(15, 6)) {
        let s = system(&x, &y);
        for measure in [Measure::Johnson, Measure::Car, Measure::Pratt] {
            let found = relative(&s, measure).unwrap();
            prop_assert!((found.shares.iter().sum::<f64>() - found.total).abs() < 1e-9, "{measure:?}");
        }
    }

    #[test]
    fn a_copy_halves_the_share_and_a_constant_changes_nothing((x, y) in scores(14, 5)) {
        let before = shares(&system(&x, &y)).shares;
        let wider = Array2::from_shape_fn((14, 7), |(i, j)| match j { 5 => 3.0, 6 => 2.0 * x[[i, 0]] - 1.0, _ => x[[i, j]] });
        let after = shares(&system(&wider, &y)).shares;
        prop_assert_eq!(after[5], 0.0);
        prop_assert!((after[0] - after[6]).abs() < 1e-11);
        let alone = Array2::from_shape_fn((14, 6), |(i, j)| if j == 5 { 3.0 } else { x[[i, j]] });
        close(&shares(&system(&alone, &y)).shares[..5], &before, 1e-11);
        // The copies hold one player between them only as a group: Owen values are the shares of the original, halved.
        let owen = lmg::owen(&system(&wider, &y), &[0, 1, 2, 3, 4, 5, 0], Threads::ONE, &Control::new()).unwrap();
        close(&owen.groups[..5], &before, 1e-10);
        prop_assert!((owen.items[0] - 0.5 * before[0]).abs() < 1e-10);
    }

    #[test]
    fn scale_and_order_do_not_matter((x, y) in scores(13, 6)) {
        let before = shares(&system(&x, &y)).shares;
        let turned = Array2::from_shape_fn((13, 6), |(i, j)| 7.0 - 2.5 * (j + 1) as f64 * x[[i, 5 - j]]);
        let mut after = shares(&system(&turned, &y)).shares;
        after.reverse();
        close(&after, &before, 1e-11);
    }

    #[test]
    fn two_items_agree_with_johnson((x, y) in scores(9, 2)) {
        let s = system(&x, &y);
        let johnson = relative(&s, Measure::Johnson).unwrap();
        if johnson.unique {
            close(&johnson.shares, &shares(&s).shares, 1e-9);
        }
    }
}

#[test]
fn owen_by_the_definition() {
    let (x, y) = attitude();
    let s = system(&x, &y);
    let group = [0, 0, 1, 1, 1, 2];
    let owen = lmg::owen(&s, &group, Threads::ONE, &Control::new()).unwrap();
    // All orders of six items in which no group is interrupted.
    let mut sums = [0.0; 6];
    let mut orders = 0.0;
    let mut order = [0, 1, 2, 3, 4, 5];
    permute(&mut order, 0, &mut |order| {
        let changes = order.windows(2).filter(|w| group[w[0]] != group[w[1]]).count();
        if changes == 2 {
            orders += 1.0;
            for k in 0..6 {
                sums[order[k]] += s.explained(&order[..=k]) - s.explained(&order[..k]);
            }
        }
    });
    assert_eq!(orders, 72.0);
    let expected: Vec<f64> = sums.iter().map(|v| v / orders).collect();
    close(&owen.items, &expected, 1e-12);
    close(&[owen.groups.iter().sum()], &[owen.total], 1e-13);
}

fn permute(order: &mut [usize; 6], at: usize, visit: &mut impl FnMut(&[usize; 6])) {
    if at == 6 {
        visit(order);
        return;
    }
    for k in at..6 {
        order.swap(at, k);
        permute(order, at + 1, visit);
        order.swap(at, k);
    }
}

#[test]
fn dominance_of_the_motor_cars() {
    // domir's README: mpg ~ am + vs + cyl.
    let text = include_str!("../reference/data/mtcars.csv");
    let x = columns(text, &["am", "vs", "cyl"]);
    let y = columns(text, &["mpg"]).into_raw_vec_and_offset().0;
    let s = system(&x, &y);
    let found = shares(&s);
    close(&found.shares, &[0.177_489_2, 0.202_703_2, 0.381_784_9], 5e-8);
    close(&found.conditional[0], &[0.359_798_9, 0.138_984_2, 0.033_684_441], 5e-8);
    close(&[found.total], &[0.761_977_3], 5e-8);
    let share = complete(&explained(&s).unwrap(), 1e-10, Threads::ONE).unwrap();
    assert_eq!((share[2][0], share[0][1], share[1][0]), (1.0, 0.5, 0.5));
    let single = complete(&explained_single(&s).unwrap(), 1e-6, Threads::ONE).unwrap();
    assert_eq!(single, share);
}

#[test]
fn a_tie_is_no_dominance() {
    let x = Array2::from_shape_fn((6, 2), |(i, _)| i as f64);
    let s = system(&x, &[0.0, 1.0, 1.0, 2.0, 5.0, 4.0]);
    let share = complete(&explained(&s).unwrap(), 1e-10, Threads::ONE).unwrap();
    assert_eq!((share[0][1], share[1][0]), (0.0, 0.0));
}

#[test]
fn threads_change_no_digit_and_a_cancelled_job_says_so() {
    let x = Array2::from_shape_fn((40, 19), |(i, j)| (((i * 37 + 11) * (j * 53 + 7) + i * i * j) % 5) as f64);
    let y: Vec<f64> = (0..40).map(|i| f64::from((i * 29) % 17)).collect();
    let s = system(&x, &y);
    let one = shares(&s);
    let three = lmg::shares(&s, Threads::new(NonZeroUsize::new(3)), &Control::new()).unwrap();
    assert_eq!(one, three);
    let cancelled = Control::new();
    cancelled.cancel();
    assert_eq!(lmg::shares(&s, Threads::ONE, &cancelled), Err(Error::Interrupted));
}
