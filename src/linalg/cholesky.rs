//! Cholesky factor of a symmetric matrix, with the pivot at which it stopped being positive.

use ndarray::{Array2, ArrayView2};

/// A = L L' with L lower triangular.
#[derive(Debug, Clone, PartialEq)]
pub struct Cholesky {
    l: Array2<f64>,
}

/// What came of factoring.
#[derive(Debug, Clone, PartialEq)]
pub enum Factor {
    /// Every pivot was clearly positive.
    Definite(Cholesky),
    /// The pivot of this column was at or below the tolerance: the column depends on those before it.
    Singular {
        /// Zero-based column.
        column: usize,
    },
}

impl Factor {
    /// The factor, if there is one.
    pub fn definite(self) -> Option<Cholesky> {
        match self {
            Self::Definite(factor) => Some(factor),
            Self::Singular { .. } => None,
        }
    }
}

impl Cholesky {
    /// Factors a symmetric p x p matrix (its lower triangle is read). A pivot at or below 4 p times the machine epsilon
    /// times the diagonal entry it came from counts as zero; a pivot that is not a number does so too.
    ///
    /// ```
    /// use ndarray::array;
    /// use steelyard::linalg::{Cholesky, Factor};
    /// let a = array![[4.0, 2.0], [2.0, 3.0]];
    /// let factor = Cholesky::factor(a.view()).definite().ok_or("singular")?;
    /// let x = factor.solve(&[8.0, 7.0]);
    /// assert!((x[0] - 1.25).abs() < 1e-15 && (x[1] - 1.5).abs() < 1e-15);
    /// assert_eq!(Cholesky::factor(array![[1.0, 1.0], [1.0, 1.0]].view()), Factor::Singular { column: 1 });
    /// # Ok::<(), &str>(())
    /// ```
    pub fn factor(a: ArrayView2<'_, f64>) -> Factor {
        let p = a.nrows();
        let mut l = Array2::zeros((p, p));
        for j in 0..p {
            let mut pivot = a[[j, j]];
            for k in 0..j {
                pivot -= l[[j, k]] * l[[j, k]];
            }
            let floor = 4.0 * p as f64 * f64::EPSILON * a[[j, j]].abs();
            if pivot.is_nan() || pivot <= floor {
                return Factor::Singular { column: j };
            }
            let root = pivot.sqrt();
            l[[j, j]] = root;
            for i in j + 1..p {
                let mut sum = a[[i, j]];
                for k in 0..j {
                    sum -= l[[i, k]] * l[[j, k]];
                }
                l[[i, j]] = sum / root;
            }
        }
        Factor::Definite(Self { l })
    }

    /// The lower factor.
    pub fn lower(&self) -> ArrayView2<'_, f64> {
        self.l.view()
    }

    /// Solves A x = b in place.
    pub fn solve_in_place(&self, b: &mut [f64]) {
        self.solve_lower_in_place(b);
        self.solve_upper_in_place(b);
    }

    /// Solves A x = b.
    pub fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut x = b.to_vec();
        self.solve_in_place(&mut x);
        x
    }

    /// Solves L x = b in place.
    pub fn solve_lower_in_place(&self, b: &mut [f64]) {
        for i in 0..self.l.nrows() {
            let mut sum = b[i];
            for k in 0..i {
                sum -= self.l[[i, k]] * b[k];
            }
            b[i] = sum / self.l[[i, i]];
        }
    }

    /// Solves L' x = b in place.
    pub fn solve_upper_in_place(&self, b: &mut [f64]) {
        for i in (0..self.l.nrows()).rev() {
            let mut sum = b[i];
            for k in i + 1..self.l.nrows() {
                sum -= self.l[[k, i]] * b[k];
            }
            b[i] = sum / self.l[[i, i]];
        }
    }

    /// The inverse of the lower factor.
    pub fn lower_inverse(&self) -> Array2<f64> {
        let p = self.l.nrows();
        let mut inverse = Array2::zeros((p, p));
        for j in 0..p {
            inverse[[j, j]] = 1.0 / self.l[[j, j]];
            for i in j + 1..p {
                let sum: f64 = (j..i).map(|k| self.l[[i, k]] * inverse[[k, j]]).sum();
                inverse[[i, j]] = -sum / self.l[[i, i]];
            }
        }
        inverse
    }

    /// The inverse of A, symmetric to the last bit.
    pub fn inverse(&self) -> Array2<f64> {
        let p = self.l.nrows();
        let mut inverse = Array2::zeros((p, p));
        let mut column = vec![0.0; p];
        for j in 0..p {
            column.fill(0.0);
            column[j] = 1.0;
            self.solve_in_place(&mut column);
            for i in j..p {
                inverse[[i, j]] = column[i];
                inverse[[j, i]] = column[i];
            }
        }
        inverse
    }

    /// The logarithm of the determinant of A.
    pub fn log_determinant(&self) -> f64 {
        2.0 * self.l.diag().iter().map(|d| d.ln()).sum::<f64>()
    }
}
