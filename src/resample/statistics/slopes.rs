//! Least squares of the last column on the others, through normal equations: coefficients and R².

use super::super::statistic::{MomentStatistic, Statistic};
use super::means::centred;
use super::{ByUnit, Table};

/// A pivot below this share of its diagonal entry means columns that depend on one another.
const DEPENDENT: f64 = 1e-11;
/// Numbers that a fit of up to 30 columns works in, on the stack.
const SMALL: usize = 31 * 31;

struct LeastSquares {
    origins: Vec<f64>,
    squared: bool,
}

impl MomentStatistic for LeastSquares {
    fn outputs(&self) -> usize {
        if self.squared { 1 } else { self.origins.len() }
    }

    fn evaluate(&self, sums: &[f64], out: &mut [f64]) {
        let q = self.origins.len();
        let (mut small, mut large) = ([0.0; SMALL], Vec::new());
        let work = if q * q <= SMALL {
            &mut small[..q * q]
        } else {
            large.resize(q * q, 0.0);
            &mut large[..]
        };
        let total = centre(sums, q, work);
        if (self.squared && total <= 0.0) || !factor(work, q) {
            return out.fill(f64::NAN);
        }
        let p = q - 1;
        let last = &work[p * q..];
        if self.squared {
            // The last row of the factor holds the outcome in orthonormal coordinates.
            out[0] = (last[..p].iter().map(|z| z * z).sum::<f64>() / total).clamp(0.0, 1.0);
            return;
        }
        let (intercept, slopes) = out.split_at_mut(1);
        slopes.copy_from_slice(&last[..p]);
        for i in (0..p).rev() {
            slopes[i] /= work[i * q + i];
            for j in 0..i {
                slopes[j] -= work[i * q + j] * slopes[i];
            }
        }
        let mean = |j: usize| self.origins[j] + sums[1 + j] / sums[0];
        intercept[0] = mean(p) - slopes.iter().enumerate().map(|(j, b)| b * mean(j)).sum::<f64>();
    }
}

/// Writes the cross-products about the means (lower triangle, q x q); returns that of the outcome with itself.
fn centre(sums: &[f64], q: usize, work: &mut [f64]) -> f64 {
    let n = sums[0];
    let mut at = 1 + q;
    for i in 0..q {
        for j in 0..=i {
            let scale = if i == j { sums[at] } else { 0.0 };
            work[i * q + j] = centred(n, sums[1 + i], sums[1 + j], sums[at], scale);
            at += 1;
        }
    }
    work[q * q - 1]
}

/// Cholesky in place over all but the last pivot; false where a column depends on those before it.
fn factor(a: &mut [f64], q: usize) -> bool {
    for i in 0..q {
        let diagonal = a[i * q + i];
        for j in 0..i {
            let (above, row) = a.split_at_mut(i * q);
            let sum: f64 = above[j * q..j * q + j].iter().zip(&row[..j]).map(|(x, y)| x * y).sum();
            row[j] = (row[j] - sum) / above[j * q + j];
        }
        if i + 1 == q {
            return true;
        }
        let row = &a[i * q..i * q + i];
        let pivot = diagonal - row.iter().map(|x| x * x).sum::<f64>();
        if pivot.is_nan() || pivot <= DEPENDENT * diagonal {
            return false;
        }
        a[i * q + i] = pivot.sqrt();
    }
    true
}

/// Intercept and slopes, or R²: moments (1, z, lower triangle of z z') with z about the origins, the outcome last.
/// Undefined where columns depend on one another; R² also where the outcome is constant.
pub(super) fn least_squares(table: Table<'_>, squared: bool, by_unit: ByUnit<'_>) -> Statistic {
    let q = table.columns;
    let origins: Vec<f64> = (0..q).map(|j| table.origin(j)).collect();
    let width = 1 + q + q * (q + 1) / 2;
    let mut rows = Vec::with_capacity(table.rows() * width);
    let mut z = vec![0.0; q];
    for row in table.values.chunks_exact(q) {
        z.iter_mut().zip(row.iter().zip(&origins)).for_each(|(z, (x, origin))| *z = x - origin);
        rows.push(1.0);
        rows.extend(&z);
        for i in 0..q {
            rows.extend(z[..=i].iter().map(|x| x * z[i]));
        }
    }
    Statistic::Moments { table: by_unit(rows, width), rule: Box::new(LeastSquares { origins, squared }) }
}
