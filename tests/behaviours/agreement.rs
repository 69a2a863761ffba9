//! Agreement: invariants of the core that no table of numbers shows.

use proptest::prelude::*;
use steelyard::agreement::alpha::Level;
use steelyard::agreement::coefficient::{Asked, Coefficient, evaluate};
use steelyard::agreement::influence::deviations;
use steelyard::agreement::sums::{Frame, Sums};
use steelyard::agreement::tally::{MISSING, Tally, tally};
use steelyard::agreement::weights::{Named, Weights};

const VALUES: [f64; 4] = [1.0, 2.0, 3.0, 5.0];

fn ratings(coders: usize) -> impl Strategy<Value = Vec<Vec<u16>>> {
    let cell = prop_oneof![4 => 0..4_u16, 1 => Just(MISSING)];
    proptest::collection::vec(proptest::collection::vec(cell, coders), 4..40)
}

fn tallied(rows: &[Vec<u16>]) -> Tally {
    tally(rows[0].len(), VALUES.len(), rows.len(), rows.iter().enumerate().map(|(u, r)| (u, r.as_slice())))
}

fn all(rows: &[Vec<u16>], level: Level, check: impl Fn(Asked, &Frame<'_>, &mut Sums)) {
    let tally = tallied(rows);
    let weights = [Weights::identity(4), Weights::named(Named::Quadratic, &VALUES)];
    let frame = Frame::new(&tally, &VALUES, level, &weights);
    let mut sums = Sums::new(&frame);
    sums.fill(&frame, &tally.counts);
    for coefficient in [
        Coefficient::CongerKappa,
        Coefficient::FleissKappa,
        Coefficient::BrennanPrediger,
        Coefficient::GwetAc2,
        Coefficient::KrippendorffAlpha,
    ] {
        for weights in 0..2 {
            check(Asked { coefficient, weights }, &frame, &mut sums);
        }
    }
}

proptest! {
    #[test]
    fn deviations_have_mean_zero(rows in ratings(3)) {
        for level in [Level::Nominal, Level::Ordinal, Level::Interval, Level::Ratio] {
            all(&rows, level, |asked, frame, sums| {
                let value = evaluate(asked, frame, sums);
                if value.estimate.is_finite() {
                    let each = deviations(asked, value, frame, sums);
                    let sum: f64 = frame.tally.counts.iter().zip(&each).map(|(c, d)| c * d).sum();
                    let size: f64 = frame.tally.counts.iter().zip(&each).map(|(c, d)| c * d.abs()).sum();
                    assert!(sum.abs() <= 1e-9 * size.max(1.0), "{asked:?} {level:?} {sum}");
                }
            });
        }
    }

    #[test]
    fn no_coefficient_passes_one_and_weights_never_lower_agreement(rows in ratings(4)) {
        all(&rows, Level::Interval, |asked, frame, sums| {
            let value = evaluate(asked, frame, sums);
            assert!(value.estimate.is_nan() || value.estimate <= 1.0 + 1e-12, "{asked:?} {value:?}");
            assert!(sums.agree[1] >= sums.agree[0] - 1e-12);
        });
    }

    #[test]
    fn the_whole_of_the_data_twice_leaves_all_but_alpha_as_they_were(rows in ratings(3)) {
        let twice: Vec<Vec<u16>> = rows.iter().chain(&rows).cloned().collect();
        let values = |rows: &[Vec<u16>]| {
            let found = std::cell::RefCell::new(Vec::new());
            all(rows, Level::Nominal, |asked, frame, sums| {
                found.borrow_mut().push((asked.coefficient, evaluate(asked, frame, sums).estimate));
            });
            found.into_inner()
        };
        for ((coefficient, once), (_, again)) in values(&rows).into_iter().zip(values(&twice)) {
            if coefficient == Coefficient::KrippendorffAlpha {
                // Its small-sample correction shrinks.
                prop_assert!(once.is_nan() || again <= once + 1e-12);
            } else {
                prop_assert!(once.is_nan() == again.is_nan() && (once.is_nan() || (once - again).abs() < 1e-12));
            }
        }
    }
}
