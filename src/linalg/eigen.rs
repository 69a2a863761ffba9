//! Symmetric eigendecomposition, and the spectral functions of a symmetric matrix that follow from it.

use super::rank_tolerance;
use super::svd::{lend, to_array};
use super::tridiagonal;
use crate::error::{Error, Result};
use ndarray::{Array2, ArrayView2};

/// Up to this size a plain tridiagonal solver is several times as fast as a blocked one.
const SMALL: usize = 64;

/// A = Q diag(values) Q' with values falling.
#[derive(Debug, Clone, PartialEq)]
pub struct SymmetricEigen {
    /// Eigenvalues, falling, length p.
    pub values: Vec<f64>,
    /// Eigenvectors as columns, p x p.
    pub vectors: Array2<f64>,
}

impl SymmetricEigen {
    /// Decomposes a symmetric matrix of finite numbers (its lower triangle is read).
    ///
    /// ```
    /// use ndarray::array;
    /// let eigen = steelyard::linalg::SymmetricEigen::new(array![[2.0, 1.0], [1.0, 2.0]].view())?;
    /// assert!((eigen.values[0] - 3.0).abs() < 1e-14 && (eigen.values[1] - 1.0).abs() < 1e-14);
    /// # Ok::<(), steelyard::error::Error>(())
    /// ```
    pub fn new(a: ArrayView2<'_, f64>) -> Result<Self> {
        let p = a.nrows();
        if p == 0 {
            return Ok(Self { values: Vec::new(), vectors: Array2::zeros((0, 0)) });
        }
        if p <= SMALL {
            return Self::small(a);
        }
        let standard = a.as_standard_layout();
        let eigen = lend(&standard)
            .self_adjoint_eigen(faer::Side::Lower)
            .map_err(|_| Error::Internal { what: "a symmetric eigendecomposition".into() })?;
        let mut values: Vec<f64> = eigen.S().column_vector().iter().copied().collect();
        values.reverse();
        let mut vectors = to_array(eigen.U());
        vectors.invert_axis(ndarray::Axis(1));
        Ok(Self { values, vectors: vectors.as_standard_layout().into_owned() })
    }

    fn small(a: ArrayView2<'_, f64>) -> Result<Self> {
        let p = a.nrows();
        let mut copy: Vec<f64> = a.iter().copied().collect();
        let Some((found, rows)) = tridiagonal::eigen(&mut copy, p) else {
            return Err(Error::Internal { what: "a symmetric eigendecomposition".into() });
        };
        let mut order: Vec<usize> = (0..p).collect();
        order.sort_by(|i, j| found[*j].total_cmp(&found[*i]));
        let vectors = Array2::from_shape_fn((p, p), |(i, k)| rows[order[k] * p + i]);
        Ok(Self { values: order.iter().map(|k| found[*k]).collect(), vectors })
    }

    /// How many eigenvalues exceed p eps times the largest: the numerical rank of a positive semidefinite matrix.
    pub fn rank(&self) -> usize {
        let p = self.values.len();
        let tolerance = rank_tolerance(p, p, self.values.first().copied().unwrap_or(0.0));
        self.values.iter().filter(|value| **value > tolerance).count()
    }

    /// Q diag(f(value)) Q' over the first `rank` eigenvalues: `|v| 1.0 / v` gives the pseudo-inverse.
    pub fn function(&self, rank: usize, f: impl Fn(f64) -> f64) -> Array2<f64> {
        let p = self.values.len();
        let mut out = Array2::zeros((p, p));
        for k in 0..rank.min(p) {
            let value = f(self.values[k]);
            for i in 0..p {
                let scaled = value * self.vectors[[i, k]];
                for j in 0..p {
                    out[[i, j]] += scaled * self.vectors[[j, k]];
                }
            }
        }
        out
    }
}
