//! The linear model that all inference works on, in orthonormal coordinates, summed by cluster.
//!
//! With X = QR the coordinates of the fit are R b, the information is the identity, and a cluster is known by two things: its
//! share of the information B = Q'Q (k x k, eigenvalues 0 to 1) and its score z = Q'e. Rows are no longer needed, and
//! nothing is ever inverted that the data make ill-conditioned. Precision weights enter as rows times their root; a
//! logistic regression enters by its last Newton step (rows times the root of n pi (1 - pi)).

use crate::error::{Result, input};
use crate::linalg::{PivotedQr, dot};
use ndarray::{Array2, ArrayView2, s};

/// A fit in orthonormal coordinates.
#[derive(Debug, Clone)]
pub struct Working {
    /// Orthonormal rows, n x k.
    pub q: Array2<f64>,
    /// From coordinates to coefficients, k x k: b = back c.
    pub back: Array2<f64>,
    /// Residuals of the working model, length n.
    pub residuals: Vec<f64>,
    /// What each cluster has, in the order of their numbers.
    pub clusters: Vec<Cluster>,
    /// Cluster of each row.
    pub codes: Vec<usize>,
}

/// What inference needs to know of a cluster.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Rows.
    pub rows: usize,
    /// Q'Q over its rows, k x k.
    pub share: Array2<f64>,
    /// Q'e over its rows, length k.
    pub score: Vec<f64>,
}

impl Working {
    /// Orthogonalises the columns of `x` (rows already scaled) and sums by cluster; `residuals` go with the same scaling.
    /// `names` are for the message when columns depend on one another.
    pub fn new(x: ArrayView2<'_, f64>, codes: &[usize], names: &[String]) -> Result<Self> {
        let (n, k) = x.dim();
        let norms: Vec<f64> = (0..k).map(|j| x.column(j).iter().map(|v| v * v).sum::<f64>().sqrt()).collect();
        if let Some(j) = norms.iter().position(|norm| *norm <= 0.0) {
            return Err(dependent(&[names[j].clone()], n, k));
        }
        // Columns of one length, so that the rank does not depend on units.
        let scaled = Array2::from_shape_fn((n, k), |(i, j)| x[[i, j]] / norms[j]);
        let qr = PivotedQr::new(scaled.view());
        if qr.rank < k || n < k || qr.r[[k - 1, k - 1]].abs() < 1e-10 {
            let first = if n < k { n } else { qr.rank.min(k - 1) };
            let lost: Vec<String> = qr.order[first..].iter().map(|j| names[*j].clone()).collect();
            return Err(dependent(&lost, n, k));
        }
        let back = inverse_upper(qr.r.slice(s![..k, ..k]), &qr.order, &norms);
        let groups = codes.iter().max().map_or(0, |m| m + 1);
        let blank = Cluster { rows: 0, share: Array2::zeros((k, k)), score: vec![0.0; k] };
        let mut clusters = vec![blank; groups];
        for (row, code) in qr.q.rows().into_iter().zip(codes) {
            let cluster = &mut clusters[*code];
            cluster.rows += 1;
            for i in 0..k {
                for j in 0..k {
                    cluster.share[[i, j]] += row[i] * row[j];
                }
            }
        }
        Ok(Self { q: qr.q, back, residuals: vec![0.0; n], clusters, codes: codes.to_vec() })
    }

    /// Sets the residuals and the scores that follow.
    #[must_use]
    pub fn with_residuals(mut self, residuals: Vec<f64>) -> Self {
        for cluster in &mut self.clusters {
            cluster.score.fill(0.0);
        }
        for ((row, code), e) in self.q.rows().into_iter().zip(&self.codes).zip(&residuals) {
            for (sum, q) in self.clusters[*code].score.iter_mut().zip(row) {
                *sum += q * e;
            }
        }
        self.residuals = residuals;
        self
    }

    /// Least squares: coefficients of `y` (scaled like the rows), with the residuals set.
    pub fn least_squares(self, y: &[f64]) -> (Self, Vec<f64>) {
        let k = self.width();
        let coordinates: Vec<f64> = (0..k).map(|j| self.q.column(j).iter().zip(y).map(|(q, y)| q * y).sum()).collect();
        let mut residuals: Vec<f64> =
            self.q.rows().into_iter().zip(y).map(|(row, y)| y - dot(&row.to_vec(), &coordinates)).collect();
        // One refinement: residuals orthogonal to the columns to the last digit.
        let more: Vec<f64> =
            (0..k).map(|j| self.q.column(j).iter().zip(&residuals).map(|(q, e)| q * e).sum()).collect();
        for (e, row) in residuals.iter_mut().zip(self.q.rows()) {
            *e -= dot(&row.to_vec(), &more);
        }
        let total: Vec<f64> = coordinates.iter().zip(&more).map(|(a, b)| a + b).collect();
        let b = crate::linalg::times(self.back.view(), &total);
        (self.with_residuals(residuals), b)
    }

    /// Number of coefficients k.
    pub fn width(&self) -> usize {
        self.back.ncols()
    }

    /// The direction of coefficient j in coordinates: b_j = direction'c; its length squared is (X'X)^-1 at (j, j).
    pub fn direction(&self, j: usize) -> Vec<f64> {
        self.back.row(j).to_vec()
    }

    /// (X'X)^-1.
    pub fn bread(&self) -> Array2<f64> {
        self.back.dot(&self.back.t())
    }
}

fn dependent(lost: &[String], n: usize, k: usize) -> crate::error::Error {
    input("columns that depend on one another")
        .at(format!("column {}", lost.join(", ")))
        .got(format!("{n} rows, {k} columns"))
        .allowed("columns none of which the others (and the intercept) explain, and no more of them than rows")
        .remedy("Leave them out, or use a scheme, which names what the design can know.")
        .into()
}

/// The inverse of a pivoted, scaled R as a map from coordinates to coefficients of the columns as given.
fn inverse_upper(r: ArrayView2<'_, f64>, order: &[usize], norms: &[f64]) -> Array2<f64> {
    let k = r.nrows();
    let mut back = Array2::zeros((k, k));
    for c in 0..k {
        let mut column = vec![0.0; k];
        column[c] = 1.0;
        for i in (0..=c).rev() {
            for j in i + 1..=c {
                column[i] -= r[[i, j]] * column[j];
            }
            column[i] /= r[[i, i]];
        }
        for (i, value) in column.into_iter().enumerate() {
            back[[order[i], c]] = value / norms[order[i]];
        }
    }
    back
}
