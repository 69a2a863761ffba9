//! Thin singular value decomposition, and what follows from it: rank, minimum-norm least squares, pseudo-inverse.

use super::rank_tolerance;
use crate::error::{Error, Result};
use faer::MatRef;
use ndarray::{Array2, ArrayView2};

/// A = U diag(s) V' with r = min(n, p) columns in U (n x r) and V (p x r); s falls.
#[derive(Debug, Clone, PartialEq)]
pub struct ThinSvd {
    /// Left singular vectors, n x r.
    pub u: Array2<f64>,
    /// Singular values, falling, length r.
    pub s: Vec<f64>,
    /// Right singular vectors as columns, p x r.
    pub v: Array2<f64>,
    /// How many singular values exceed max(n, p) eps s1.
    pub rank: usize,
}

pub(super) fn to_array(a: MatRef<'_, f64>) -> Array2<f64> {
    Array2::from_shape_fn((a.nrows(), a.ncols()), |(i, j)| a[(i, j)])
}

/// Lends a matrix to faer; what is not in standard order is copied first by the caller's `to_owned`.
pub(super) fn lend<'a>(a: &'a ndarray::CowArray<'_, f64, ndarray::Ix2>) -> MatRef<'a, f64> {
    let (n, p) = a.dim();
    a.as_slice().map_or_else(|| MatRef::from_row_major_slice(&[], 0, 0), |s| MatRef::from_row_major_slice(s, n, p))
}

impl ThinSvd {
    /// Decomposes any n x p matrix of finite numbers.
    ///
    /// ```
    /// use ndarray::array;
    /// let svd = steelyard::linalg::ThinSvd::new(array![[3.0, 0.0], [0.0, 0.0], [0.0, 4.0]].view())?;
    /// assert_eq!(svd.s, vec![4.0, 3.0]);
    /// assert_eq!(svd.rank, 2);
    /// # Ok::<(), steelyard::error::Error>(())
    /// ```
    pub fn new(a: ArrayView2<'_, f64>) -> Result<Self> {
        let (n, p) = a.dim();
        if n == 0 || p == 0 {
            return Ok(Self { u: Array2::zeros((n, 0)), s: Vec::new(), v: Array2::zeros((p, 0)), rank: 0 });
        }
        let standard = a.as_standard_layout();
        let svd = lend(&standard)
            .thin_svd()
            .map_err(|_| Error::Internal { what: "a singular value decomposition".into() })?;
        let s: Vec<f64> = svd.S().column_vector().iter().copied().collect();
        let tolerance = rank_tolerance(n, p, s.first().copied().unwrap_or(0.0));
        let rank = s.iter().filter(|value| **value > tolerance).count();
        Ok(Self { u: to_array(svd.U()), s, v: to_array(svd.V()), rank })
    }

    /// The least-squares solution of smallest norm of A x = b (b of length n).
    pub fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut x = vec![0.0; self.v.nrows()];
        for k in 0..self.rank {
            let coordinate = self.u.column(k).iter().zip(b).map(|(u, b)| u * b).sum::<f64>() / self.s[k];
            for (x, v) in x.iter_mut().zip(self.v.column(k)) {
                *x += coordinate * v;
            }
        }
        x
    }

    /// The Moore-Penrose inverse, p x n.
    pub fn pseudo_inverse(&self) -> Array2<f64> {
        let mut inverse = Array2::zeros((self.v.nrows(), self.u.nrows()));
        for k in 0..self.rank {
            for ((i, j), value) in inverse.indexed_iter_mut() {
                *value += self.v[[i, k]] * self.u[[j, k]] / self.s[k];
            }
        }
        inverse
    }
}
