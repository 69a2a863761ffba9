//! Least squares and non-negative least squares of a training fold, prepared once and solved for every outcome.

use super::fold::Fold;
use crate::error::Result;
use crate::linalg::{Cholesky, Factor, nonnegative};
use ndarray::Array2;

/// Variance inflation beyond which a fold goes through the general protocol, which looks at its rank closely.
const INFLATED: f64 = 1e6;

/// A fold of full rank among its varying items, factored in correlation form.
#[derive(Debug, Clone)]
pub(super) struct Solver {
    factor: Cholesky,
    used: Vec<usize>,
    size: Vec<f64>,
}

impl Solver {
    /// `None` where the fold is singular or nearly so.
    pub(super) fn new(fold: &Fold) -> Option<Self> {
        let used = fold.varying.clone();
        let size: Vec<f64> = used.iter().map(|j| fold.gram[[*j, *j]].sqrt()).collect();
        let scaled = Array2::from_shape_fn((used.len(), used.len()), |(i, k)| {
            fold.gram[[used[i], used[k]]] / (size[i] * size[k])
        });
        let Factor::Definite(factor) = Cholesky::factor(scaled.view()) else { return None };
        let sound = !used.is_empty() && factor.inverse().diag().iter().all(|inflation| *inflation < INFLATED);
        sound.then_some(Self { factor, used, size })
    }

    /// Writes the slopes of varying items into `slopes`; the others become zero.
    pub(super) fn solve(&self, cross: &[f64], slopes: &mut [f64]) {
        let mut b: Vec<f64> = self.used.iter().zip(&self.size).map(|(j, s)| cross[*j] / s).collect();
        self.factor.solve_in_place(&mut b);
        slopes.fill(0.0);
        for ((j, value), s) in self.used.iter().zip(&b).zip(&self.size) {
            slopes[*j] = value / s;
        }
    }
}

/// Whether no two items move together exactly in the fold, so that non-negative slopes need no sharing.
pub(super) fn has_no_twins(fold: &Fold) -> bool {
    let g = &fold.gram;
    let twins = |j: usize, k: usize| g[[j, k]] > 0.0 && g[[j, k]] * g[[j, k]] >= (1.0 - 1e-11) * g[[j, j]] * g[[k, k]];
    fold.varying.iter().enumerate().all(|(at, j)| fold.varying[at + 1..].iter().all(|k| !twins(*j, *k)))
}

/// Non-negative least squares on the fold.
pub(super) fn solve_nonnegative(fold: &Fold, cross: &[f64], slopes: &mut [f64]) -> Result<()> {
    slopes.copy_from_slice(&nonnegative(fold.gram.view(), cross)?.b);
    Ok(())
}
