//! Games for k of n: McFadden's R2 (share of the deviance) and Tjur's (distance of the mean fitted probabilities).
//!
//! Every subset must have a value, also one whose outcomes are separated or whose columns depend on one another: both
//! measures have finite limits there, so slopes may run while the value settles, and a dependent column is passed over.

use crate::error::{Result, input};
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

/// Below this share of its own curvature a column counts as dependent on those before it.
const DEPENDENT: f64 = 1e-10;
const STEPS: usize = 60;

/// Which share is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogitGame {
    /// One minus the log-likelihood over that of the intercept alone (McFadden 1974).
    Mcfadden,
    /// Mean fitted probability of successes less that of failures (Tjur 2009, doi:10.1198/tast.2009.08210).
    Tjur,
}

/// Rows of k of n with standardised columns: intercept, covariates, items.
#[derive(Debug, Clone)]
pub struct LogitRows {
    columns: Vec<Vec<f64>>,
    successes: Vec<f64>,
    trials: Vec<f64>,
    covariates: usize,
    null: f64,
}

impl LogitRows {
    /// From n x p items, n x q covariates, and counts k of n per row. Outcomes must not be all alike.
    pub fn new(
        items: ArrayView2<'_, f64>,
        covariates: Option<ArrayView2<'_, f64>>,
        successes: &[f64],
        trials: &[f64],
    ) -> Result<Self> {
        let (k, n): (f64, f64) = (successes.iter().sum(), trials.iter().sum());
        if k <= 0.0 || k >= n {
            return Err(input("outcome does not vary")
                .got(format!("{k} of {n}"))
                .allowed("at least one success and one failure")
                .remedy("Nothing can be explained of an outcome that is always the same.")
                .into());
        }
        let mut columns = vec![vec![1.0; successes.len()]];
        for part in covariates.into_iter().chain([items]) {
            columns.extend(part.columns().into_iter().map(|c| standardised(&c.to_vec(), trials, n)));
        }
        let mut rows = Self {
            columns,
            successes: successes.to_vec(),
            trials: trials.to_vec(),
            covariates: covariates.map_or(0, |z| z.ncols()),
            null: 0.0,
        };
        // Covariates are always part of the null.
        rows.null = rows.fit(0).0;
        Ok(rows)
    }

    /// The value of a subset of items (bits), beyond that of the covariates.
    pub fn value(&self, game: LogitGame, subset: u64) -> f64 {
        let (deviance, tjur) = self.fit(subset);
        match game {
            LogitGame::Mcfadden => 1.0 - deviance / self.null,
            LogitGame::Tjur => tjur - if self.covariates == 0 { 0.0 } else { self.fit(0).1 },
        }
    }

    /// Minus the log-likelihood (its kernel) at the supremum, and Tjur's difference.
    fn fit(&self, subset: u64) -> (f64, f64) {
        let fixed = 1 + self.covariates;
        let used: Vec<&[f64]> = (0..self.columns.len())
            .filter(|c| *c < fixed || subset >> (c - fixed) & 1 == 1)
            .map(|c| self.columns[c].as_slice())
            .collect();
        let mut b = vec![0.0; used.len()];
        let (k, n): (f64, f64) = (self.successes.iter().sum(), self.trials.iter().sum());
        b[0] = (k / (n - k)).ln();
        let mut eta = vec![b[0]; self.successes.len()];
        let mut loss = self.loss(&eta);
        let null = loss;
        for _ in 0..STEPS {
            let step = self.newton(&used, &eta);
            let mut share = 1.0;
            let mut gained = 0.0;
            for _ in 0..30 {
                let moved: Vec<f64> = (0..eta.len())
                    .map(|i| eta[i] + share * used.iter().zip(&step).map(|(c, s)| c[i] * s).sum::<f64>())
                    .collect();
                let now = self.loss(&moved);
                if now <= loss {
                    (gained, loss, eta) = (loss - now, now, moved);
                    break;
                }
                share *= 0.5;
            }
            // Where the loss itself runs to nothing, the outcomes are separated and the value has reached its limit.
            if gained <= 1e-13 * loss.abs() || loss <= 1e-10 * null {
                break;
            }
        }
        (loss, self.tjur(&eta))
    }

    fn loss(&self, eta: &[f64]) -> f64 {
        let row = |i: usize| {
            // log(1 + e^eta) without overflow.
            let soft = eta[i].max(0.0) + (-eta[i].abs()).exp().ln_1p();
            self.trials[i] * soft - self.successes[i] * eta[i]
        };
        (0..eta.len()).map(row).sum()
    }

    fn tjur(&self, eta: &[f64]) -> f64 {
        let (k, n): (f64, f64) = (self.successes.iter().sum(), self.trials.iter().sum());
        let of = |i: usize| 1.0 / (1.0 + (-eta[i]).exp());
        let yes: f64 = (0..eta.len()).map(|i| self.successes[i] * of(i)).sum();
        let no: f64 = (0..eta.len()).map(|i| (self.trials[i] - self.successes[i]) * of(i)).sum();
        yes / k - no / (n - k)
    }

    /// The Newton step by elimination; a dependent column does not move.
    fn newton(&self, used: &[&[f64]], eta: &[f64]) -> Vec<f64> {
        let m = used.len();
        let mut a = vec![0.0; m * (m + 1)];
        for i in 0..eta.len() {
            let p = 1.0 / (1.0 + (-eta[i]).exp());
            let w = self.trials[i] * p * (1.0 - p);
            let residual = self.successes[i] - self.trials[i] * p;
            for j in 0..m {
                let scaled = w * used[j][i];
                for k in 0..=j {
                    a[j * (m + 1) + k] += scaled * used[k][i];
                }
                a[j * (m + 1) + m] += residual * used[j][i];
            }
        }
        solve_passing_over(&mut a, m)
    }
}

/// Solves the symmetric m x m system whose lower triangle and right side stand in m rows of m + 1, by Cholesky; columns whose pivot
/// is nothing get zero.
fn solve_passing_over(a: &mut [f64], m: usize) -> Vec<f64> {
    let at = |i: usize, j: usize| i * (m + 1) + j;
    let mut used = vec![true; m];
    for j in 0..m {
        let own = a[at(j, j)];
        let mut pivot = own;
        for k in (0..j).filter(|k| used[*k]) {
            pivot -= a[at(j, k)] * a[at(j, k)];
        }
        if !(pivot > DEPENDENT * own && pivot > 1e-300) {
            used[j] = false;
            continue;
        }
        let root = pivot.sqrt();
        a[at(j, j)] = root;
        for i in j + 1..m {
            let mut sum = a[at(i, j)];
            for k in (0..j).filter(|k| used[*k]) {
                sum -= a[at(i, k)] * a[at(j, k)];
            }
            a[at(i, j)] = sum / root;
        }
    }
    let mut x = vec![0.0; m];
    for i in (0..m).filter(|i| used[*i]) {
        let known: f64 = (0..i).filter(|k| used[*k]).map(|k| a[at(i, k)] * x[k]).sum();
        x[i] = (a[at(i, m)] - known) / a[at(i, i)];
    }
    for i in (0..m).rev().filter(|i| used[*i]) {
        let known: f64 = (i + 1..m).filter(|k| used[*k]).map(|k| a[at(k, i)] * x[k]).sum();
        x[i] = (x[i] - known) / a[at(i, i)];
    }
    x
}

fn standardised(column: &[f64], weights: &[f64], total: f64) -> Vec<f64> {
    let mean = column.iter().zip(weights).map(|(x, w)| x * w).sum::<f64>() / total;
    let variance = column.iter().zip(weights).map(|(x, w)| w * (x - mean).powi(2)).sum::<f64>() / total;
    let scale = if variance > 1e-13 * mean * mean { 1.0 / variance.sqrt() } else { 0.0 };
    column.iter().map(|x| (x - mean) * scale).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn values_by_hand() {
        // Two groups, 1 of 4 and 3 of 4: the fit is saturated.
        let rows = LogitRows::new(array![[0.0, 5.0], [1.0, 5.0]].view(), None, &[1.0, 3.0], &[4.0, 4.0]).unwrap();
        let entropy = -(0.25_f64 * 0.25_f64.ln() + 0.75 * 0.75_f64.ln());
        assert!((rows.value(LogitGame::Mcfadden, 1) - (1.0 - entropy / 2.0_f64.ln())).abs() < 1e-12);
        // Mean fitted: successes (1/4 + 3 * 3/4)/4, failures (3/4 + 3 * 1/4)/4.
        assert!((rows.value(LogitGame::Tjur, 1) - (2.5 / 4.0 - 1.5 / 4.0)).abs() < 1e-12);
        // The constant item adds nothing, alone or after the other.
        assert!(rows.value(LogitGame::Mcfadden, 2).abs() < 1e-12);
        assert!((rows.value(LogitGame::Tjur, 3) - 0.25).abs() < 1e-12);
    }

    #[test]
    fn separation_has_the_limit() {
        let rows = LogitRows::new(array![[0.0], [0.0], [1.0]].view(), None, &[0.0, 0.0, 1.0], &[1.0; 3]).unwrap();
        assert!((rows.value(LogitGame::Mcfadden, 1) - 1.0).abs() < 1e-9);
        assert!((rows.value(LogitGame::Tjur, 1) - 1.0).abs() < 1e-8);
    }
}
