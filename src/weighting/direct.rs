//! Least squares and non-negative least squares of a training fold, prepared once and solved for every outcome.

use super::fold::Fold;
use super::panel::Panel;
use crate::error::Result;
use crate::linalg::{Cholesky, Factor, SymmetricEigen, nonnegative};
use crate::regress::estimability::estimability;
use ndarray::Array2;

/// Variance inflation beyond which a fold goes through the general protocol, which looks at its rank closely.
const INFLATED: f64 = 1e6;

/// Least squares on the varying items of a fold. Neither form sees the outcome.
#[derive(Debug, Clone)]
pub(super) enum Solver {
    /// Full rank, factored in correlation form.
    Unique { factor: Cholesky, used: Vec<usize>, size: Vec<f64> },
    /// Slopes of smallest norm: eigenvectors of the fold's Gram matrix (as rows) over their eigenvalues.
    Smallest { values: Vec<f64>, vectors: Array2<f64> },
}

impl Solver {
    /// `None` where no item varies, and where the fold is of full rank but nearly singular.
    pub(super) fn new(fold: &Fold, panel: &Panel) -> Result<Option<Self>> {
        if let Some(unique) = Self::unique(fold) {
            return Ok(Some(unique));
        }
        let rank = estimability(&fold.design(panel))?.rank;
        if rank == 0 || rank == fold.varying.len() {
            return Ok(None);
        }
        let eigen = SymmetricEigen::new(fold.gram.view())?;
        let vectors = eigen.vectors.slice(ndarray::s![.., ..rank]).t().as_standard_layout().into_owned();
        Ok(Some(Self::Smallest { values: eigen.values[..rank].to_vec(), vectors }))
    }

    fn unique(fold: &Fold) -> Option<Self> {
        let used = fold.varying.clone();
        let size: Vec<f64> = used.iter().map(|j| fold.gram[[*j, *j]].sqrt()).collect();
        let scaled = Array2::from_shape_fn((used.len(), used.len()), |(i, k)| {
            fold.gram[[used[i], used[k]]] / (size[i] * size[k])
        });
        let Factor::Definite(factor) = Cholesky::factor(scaled.view()) else { return None };
        let sound = !used.is_empty() && factor.inverse().diag().iter().all(|inflation| *inflation < INFLATED);
        sound.then_some(Self::Unique { factor, used, size })
    }

    /// Writes the slopes of varying items into `slopes`; the others become zero.
    pub(super) fn solve(&self, cross: &[f64], slopes: &mut [f64]) {
        slopes.fill(0.0);
        match self {
            Self::Unique { factor, used, size } => {
                let mut b: Vec<f64> = used.iter().zip(size).map(|(j, s)| cross[*j] / s).collect();
                factor.solve_in_place(&mut b);
                for ((j, value), s) in used.iter().zip(&b).zip(size) {
                    slopes[*j] = value / s;
                }
            }
            Self::Smallest { values, vectors } => {
                for (value, vector) in values.iter().zip(vectors.rows()) {
                    let along = vector.iter().zip(cross).map(|(v, c)| v * c).sum::<f64>() / value;
                    for (slope, v) in slopes.iter_mut().zip(vector) {
                        *slope += along * v;
                    }
                }
            }
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
