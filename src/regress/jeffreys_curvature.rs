//! The second derivatives of Jeffreys' prior in a logistic regression, half the log determinant of X'WX.
//!
//! With A the inverse of X'WX, w = n pi (1 - pi), its derivatives w' and w'' in the linear predictor, and
//! T_k = sum_i w'_i x_ik x_i x_i', they are ½ \[sum_i w''_i (x_i'A x_i) x_i x_i' - tr(A T_k A T_l)\]: by d log|I| = tr(A dI) and
//! dA = -A dI A, the derivative of what Firth (1993, doi:10.1093/biomet/80.1.27) adds to the score.

use super::logit_rows::{AtRows, LogitRows};
use crate::linalg::Cholesky;
use ndarray::{Array1, Array2};
use rayon::prelude::*;

/// Rows at a point, with what the determinant's share of the curvature is made of.
#[derive(Debug)]
pub(super) struct Bends {
    /// dw/d eta = n pi (1 - pi)(1 - 2 pi).
    pub(super) first: Vec<f64>,
    /// d²w/d eta² = n pi (1 - pi)(1 - 6 pi (1 - pi)).
    pub(super) second: Vec<f64>,
}

impl Bends {
    pub(super) fn new(rows: &LogitRows, at: &AtRows) -> Self {
        let weights = rows.weights(at);
        let of = |f: fn(f64) -> f64| weights.iter().zip(&at.pi).map(|(w, pi)| w * f(*pi)).collect();
        Self { first: of(|pi| 1.0 - 2.0 * pi), second: of(|pi| 1.0 - 6.0 * pi * (1.0 - pi)) }
    }

    /// The second derivatives, m x m; `factor` is that of X'WX and `forms` are x_i'A x_i.
    pub(super) fn curvature(&self, rows: &LogitRows, factor: &Cholesky, forms: &[f64], pool: Pool) -> Array2<f64> {
        let third = self.third(rows, pool);
        let inverse = factor.lower_inverse();
        let m = inverse.nrows();
        // Rows are L^-1 T_k L^-T, entry by entry.
        let mut white = Array2::zeros((m, m * m));
        for (k, mut row) in white.rows_mut().into_iter().enumerate() {
            let slice = inverse.dot(&whole_slice(&third, k)).dot(&inverse.t());
            row.assign(&Array1::from_iter(slice));
        }
        let weights: Vec<f64> = self.second.iter().zip(forms).map(|(w, form)| w * form).collect();
        let mut curvature = rows.x.gram(&weights);
        curvature -= &white.dot(&white.t());
        curvature * 0.5
    }

    /// T_jkl for j >= k >= l, by j.
    fn third(&self, rows: &LogitRows, pool: Pool) -> Vec<Array2<f64>> {
        let slice = |j: usize| {
            let mut weights = rows.x.vector();
            rows.x.column(j, &mut weights);
            weights.iter_mut().zip(&self.first).for_each(|(x, w)| *x *= w);
            rows.x.leading_gram(&weights, j + 1)
        };
        let m = rows.x.width();
        match pool {
            Pool::None => (0..m).map(slice).collect(),
            Pool::AtHand => (0..m).into_par_iter().with_max_len(1).map(slice).collect(),
        }
    }
}

/// Whether work is shared out to the threads of the pool at hand; outside of one, rayon would start its own.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pool {
    None,
    AtHand,
}

/// T_k, m x m.
fn whole_slice(third: &[Array2<f64>], k: usize) -> Array2<f64> {
    let m = third.len();
    Array2::from_shape_fn((m, m), |(i, j)| {
        let (low, high) = (i.min(j), i.max(j));
        match k {
            k if k >= high => third[k][[i, j]],
            k if k >= low => third[high][[k, low]],
            _ => third[high][[low, k]],
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::regress::Trials;
    use crate::regress::firth::Firth;

    #[test]
    fn agrees_with_differences_of_the_score() {
        for (n, m) in [(6, 1), (40, 4), (200, 9)] {
            let x = Array2::from_shape_fn((n, m - 1), |(i, j)| ((i * 31 + j * 17 + i * i * (j + 2)) % 23) as f64);
            let trials: Vec<f64> = (0..n).map(|i| 0.5 + (i % 4) as f64).collect();
            let successes: Vec<f64> = trials.iter().enumerate().map(|(i, t)| t * ((i * 7) % 5) as f64 / 5.0).collect();
            let data = Trials::new(x.view(), &successes, &trials).unwrap();
            let model = Firth::new(&data, None);
            let mut space = model.space();
            let b: Vec<f64> = (0..m).map(|j| 0.8 - 0.3 * (j % 5) as f64).collect();
            let share = model.share(&b, Pool::None, &mut space).unwrap();
            let alike = model.share(&b, Pool::AtHand, &mut space).unwrap();
            assert_eq!(share.curvature, alike.curvature);
            let information = {
                let mut at = model.rows.space();
                model.rows.stand(&b, &mut at);
                model.rows.information(&at)
            };
            let step = 1e-4;
            for j in 0..m {
                let score = |by: f64, space: &mut _| {
                    let mut there = b.clone();
                    there[j] += by;
                    Array1::from(model.at(&there, None, space).unwrap().score)
                };
                let mut around = |by: f64| (score(by, &mut space) - score(-by, &mut space)) / (2.0 * by);
                // Richardson's extrapolation: the error is of the fourth power of the step.
                let slope = (4.0 * around(step) - around(2.0 * step)) / 3.0;
                let found = slope + information.row(j);
                for k in 0..m {
                    let scale = 1.0 + information[[k, k]];
                    assert!((found[k] - share.curvature[[j, k]]).abs() < 1e-9 * scale, "{j}, {k} of {n} x {m}");
                }
            }
        }
    }
}
