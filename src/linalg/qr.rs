//! QR with column pivoting: the columns that carry information come first, and the rank is seen on the diagonal of R.

use super::rank_tolerance;
use super::svd::{lend, to_array};
use ndarray::{Array2, ArrayView2};

/// A P = Q R for an n x p matrix with r = min(n, p).
#[derive(Debug, Clone, PartialEq)]
pub struct PivotedQr {
    /// Orthonormal columns, n x r.
    pub q: Array2<f64>,
    /// Upper trapezoidal, r x p, in pivoted order.
    pub r: Array2<f64>,
    /// Column k of R belongs to column `order[k]` of A.
    pub order: Vec<usize>,
    /// How many diagonal entries of R exceed max(n, p) eps |R11|.
    pub rank: usize,
}

impl PivotedQr {
    /// Factors any n x p matrix of finite numbers.
    ///
    /// ```
    /// use ndarray::array;
    /// let qr = steelyard::linalg::PivotedQr::new(array![[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]].view());
    /// assert_eq!((qr.rank, qr.order[0]), (1, 1));
    /// ```
    pub fn new(a: ArrayView2<'_, f64>) -> Self {
        let (n, p) = a.dim();
        if n == 0 || p == 0 {
            return Self { q: Array2::zeros((n, 0)), r: Array2::zeros((0, p)), order: (0..p).collect(), rank: 0 };
        }
        let standard = a.as_standard_layout();
        let qr = lend(&standard).col_piv_qr();
        let r = to_array(qr.thin_R());
        let largest = r[[0, 0]].abs();
        let tolerance = rank_tolerance(n, p, largest);
        let rank = r.diag().iter().filter(|d| d.abs() > tolerance).count();
        Self { q: to_array(qr.compute_thin_Q().as_ref()), r, order: qr.P().arrays().0.to_vec(), rank }
    }

    /// The basic least-squares solution of A x = b: coefficients of dependent columns are zero.
    pub fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut coordinates: Vec<f64> =
            (0..self.rank).map(|k| self.q.column(k).iter().zip(b).map(|(q, b)| q * b).sum()).collect();
        for i in (0..self.rank).rev() {
            for k in i + 1..self.rank {
                coordinates[i] -= self.r[[i, k]] * coordinates[k];
            }
            coordinates[i] /= self.r[[i, i]];
        }
        let mut x = vec![0.0; self.order.len()];
        for (value, column) in coordinates.into_iter().zip(&self.order) {
            x[*column] = value;
        }
        x
    }
}
