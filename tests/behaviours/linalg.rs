//! The linear algebra that everything stands on: by hand, by invariant, and against NumPy.

use ndarray::{Array2, ArrayView1, array};
use proptest::prelude::*;
use steelyard::linalg::lp::{LinearProgram, Outcome, Relation};
use steelyard::linalg::{Cholesky, Factor, PivotedQr, SymmetricEigen, ThinSvd, cross, gram, nonnegative, simplex};

fn close(a: &[f64], b: &[f64], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    for (x, y) in a.iter().zip(b) {
        assert!((x - y).abs() <= tolerance * (1.0 + y.abs()), "{x} is not {y} in {a:?} / {b:?}");
    }
}

/// Scores 1 to 5, so that ties, constant columns and rank deficiency come up.
fn scores(rows: std::ops::Range<usize>, columns: std::ops::Range<usize>) -> impl Strategy<Value = Array2<f64>> {
    (rows, columns).prop_flat_map(|(n, p)| {
        proptest::collection::vec(1..=5_i32, n * p)
            .prop_map(move |v| Array2::from_shape_vec((n, p), v.into_iter().map(f64::from).collect()).unwrap())
    })
}

#[test]
fn products_by_hand() {
    let x = array![[1.0, 2.0], [3.0, 4.0]];
    assert_eq!(gram(x.view(), None), array![[10.0, 14.0], [14.0, 20.0]]);
    assert_eq!(cross(x.view(), &[1.0, 2.0], Some(&[2.0, 1.0])).to_vec(), vec![8.0, 12.0]);
}

#[test]
fn cholesky_names_the_first_dependent_column() {
    let a = array![[4.0, 2.0, 6.0], [2.0, 5.0, 7.0], [6.0, 7.0, 13.0]];
    // The third column is the sum of the others.
    assert_eq!(Cholesky::factor(a.view()), Factor::Singular { column: 2 });
    let factor = Cholesky::factor(array![[4.0, 2.0], [2.0, 5.0]].view()).definite().unwrap();
    assert_eq!(factor.lower(), array![[2.0, 0.0], [1.0, 2.0]]);
    assert!((factor.log_determinant() - 16.0_f64.ln()).abs() < 1e-15);
    close(&factor.inverse().into_raw_vec_and_offset().0, &[0.3125, -0.125, -0.125, 0.25], 1e-15);
    assert_eq!(Cholesky::factor(array![[f64::NAN]].view()), Factor::Singular { column: 0 });
}

#[test]
fn empty_matrices_have_rank_zero() {
    let none = Array2::<f64>::zeros((0, 3));
    assert_eq!(ThinSvd::new(none.view()).unwrap().rank, 0);
    assert_eq!(PivotedQr::new(none.view()).rank, 0);
    assert_eq!(SymmetricEigen::new(Array2::zeros((0, 0)).view()).unwrap().rank(), 0);
    assert!(nonnegative(Array2::zeros((0, 0)).view(), &[]).unwrap().b.is_empty());
}

/// Values written by `tests/reference/linalg.py` with NumPy.
#[test]
fn agrees_with_numpy() {
    let text = include_str!("../reference/linalg.json");
    let case: serde_json::Value = serde_json::from_str(text).unwrap();
    let list = |name: &str| -> Vec<f64> { serde_json::from_value(case[name].clone()).unwrap() };
    for name in ["tall", "wide", "deficient"] {
        let [n, p]: [usize; 2] = serde_json::from_value(case[format!("{name}_shape")].clone()).unwrap();
        let a = Array2::from_shape_vec((n, p), list(&format!("{name}_a"))).unwrap();
        let svd = ThinSvd::new(a.view()).unwrap();
        let rank = usize::try_from(case[format!("{name}_rank")].as_u64().unwrap()).unwrap();
        assert_eq!((svd.rank, PivotedQr::new(a.view()).rank), (rank, rank));
        close(&svd.s[..rank], &list(&format!("{name}_s"))[..rank], 1e-13);
        // Both orders of operation lose about cond(A) eps; cond is below 100 here.
        close(&svd.solve(&list(&format!("{name}_b"))), &list(&format!("{name}_x")), 1e-12);
        close(&svd.pseudo_inverse().into_raw_vec_and_offset().0, &list(&format!("{name}_pinv")), 1e-12);
        let eigen = SymmetricEigen::new(gram(a.view(), None).view()).unwrap();
        close(&eigen.values, &list(&format!("{name}_eigen")), 1e-12);
    }
}

#[test]
fn programs_by_hand() {
    let program = |right: f64| LinearProgram {
        cost: vec![1.0, 1.0],
        bounds: vec![(f64::NEG_INFINITY, f64::INFINITY); 2],
        rows: vec![
            (vec![1.0, 2.0], Relation::AtLeast, 2.0),
            (vec![1.0, -1.0], Relation::Equal, 0.5),
            (vec![1.0, 0.0], Relation::AtMost, right),
        ],
    };
    match program(3.0).solve().unwrap() {
        Outcome::Optimal { x, cost } => {
            close(&x, &[1.0, 0.5], 1e-9);
            assert!((cost - 1.5).abs() < 1e-9);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(program(0.5).solve().unwrap(), Outcome::Infeasible);
    let falling = LinearProgram { cost: vec![-1.0], bounds: vec![(0.0, f64::INFINITY)], rows: vec![] };
    assert_eq!(falling.solve().unwrap(), Outcome::Unbounded);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn decompositions_multiply_back(a in scores(1..12, 1..12)) {
        let svd = ThinSvd::new(a.view()).unwrap();
        let back = (&svd.u * &ArrayView1::from(&svd.s)).dot(&svd.v.t());
        let qr = PivotedQr::new(a.view());
        let product = qr.q.dot(&qr.r);
        for ((i, j), value) in a.indexed_iter() {
            prop_assert!((back[[i, j]] - value).abs() < 1e-12);
            prop_assert!((product[[i, qr.order.iter().position(|c| *c == j).unwrap()]] - value).abs() < 1e-12);
        }
        prop_assert_eq!(qr.rank, svd.rank);
    }

    #[test]
    fn least_squares_leaves_a_residual_orthogonal_to_the_columns(
        (a, b) in scores(2..12, 1..12).prop_flat_map(|a| {
            let n = a.nrows();
            (Just(a), proptest::collection::vec(-5.0..5.0_f64, n))
        }),
    ) {
        for x in [ThinSvd::new(a.view()).unwrap().solve(&b), PivotedQr::new(a.view()).solve(&b)] {
            let residual: Vec<f64> = a.rows().into_iter().zip(&b).map(|(row, b)| b - row.dot(&ArrayView1::from(&x))).collect();
            for value in cross(a.view(), &residual, None) {
                prop_assert!(value.abs() < 1e-10);
            }
        }
    }

    #[test]
    fn nonnegative_solutions_meet_their_conditions(
        (a, y) in scores(2..14, 1..26).prop_flat_map(|a| {
            let n = a.nrows();
            (Just(a), proptest::collection::vec(-5.0..5.0_f64, n))
        }),
    ) {
        let mean = a.mean_axis(ndarray::Axis(0)).unwrap();
        let x = &a - &mean;
        let (g, c) = (gram(x.view(), None), cross(x.view(), &y, None).to_vec());
        let fit = nonnegative(g.view(), &c).unwrap();
        prop_assert!(fit.kkt < 1e-20, "{}", fit.kkt);
        prop_assert!(fit.b.iter().all(|b| *b >= 0.0));
        prop_assert!(fit.face.iter().all(|j| fit.b[*j] > 0.0));
    }

    #[test]
    fn simplex_solutions_beat_every_corner_and_the_centre(
        (a, y) in scores(2..14, 1..26).prop_flat_map(|a| {
            let n = a.nrows();
            (Just(a), proptest::collection::vec(-5.0..5.0_f64, n))
        }),
        total in 0.5..30.0_f64,
    ) {
        let (g, c) = (gram(a.view(), None), cross(a.view(), &y, None).to_vec());
        let yy: f64 = y.iter().map(|v| v * v).sum();
        let p = c.len();
        let fit = simplex(g.view(), &c, yy, total).unwrap();
        let loss = |w: &[f64]| -> f64 {
            a.rows().into_iter().zip(&y).map(|(row, y)| (y - row.dot(&ArrayView1::from(w))).powi(2)).sum()
        };
        let best = loss(&fit.b);
        prop_assert!((fit.b.iter().sum::<f64>() - total).abs() < 1e-9 * total);
        for j in 0..p {
            let mut corner = vec![0.0; p];
            corner[j] = total;
            prop_assert!(best <= loss(&corner) * (1.0 + 1e-9));
            // First-order condition of a convex problem: no direction towards a corner descends.
            let toward: Vec<f64> = fit.b.iter().zip(&corner).map(|(w, e)| w + 1e-4 * (e - w)).collect();
            prop_assert!(best <= loss(&toward) * (1.0 + 1e-9));
        }
        prop_assert!(best <= loss(&vec![total / p as f64; p]) * (1.0 + 1e-9));
    }
}
