//! The analytic hierarchy process: weights from pairwise judgements (Saaty 1980; Crawford and Williams 1985,
//! doi:10.1016/0022-2496(85)90002-1, for logarithmic least squares; Harker 1987, doi:10.1016/0270-0255(87)90503-3, for
//! incomplete matrices).

use super::ahp_random_index::RANDOM_INDEX;
use super::check_length;
use super::finish::{Problem, SchemeFit};
use super::unit::fixed;
use crate::error::{Error, Result, input};
use crate::regress::least_squares::solve;
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// The largest consistency ratio that is usually accepted (Saaty 1980).
const ACCEPTED: f64 = 0.10;

/// How judgements become weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The principal eigenvector.
    #[default]
    Eigenvector,
    /// Logarithmic least squares; row geometric means when complete.
    LogLeastSquares,
}

/// Pairwise judgements: entry (i, j) says how many times as important item i is as item j, and (j, i) is its reciprocal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ahp {
    /// p x p, positive, reciprocal, ones on the diagonal; `None` where nobody judged.
    pub matrix: Vec<Vec<Option<f64>>>,
    /// Eigenvector or logarithmic least squares.
    #[serde(default)]
    pub method: Method,
}

/// Weights (sum one) and what tells whether the judgements agree with one another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// Weights, length p, summing to one.
    pub weights: Vec<f64>,
    /// Largest eigenvalue.
    pub largest_eigenvalue: f64,
    /// (largest eigenvalue - p) / (p - 1); 0 is full consistency.
    pub consistency_index: f64,
    /// The index over that of random matrices of this size; up to 0.10 is usually accepted. `None` for incomplete matrices, below
    /// 3 or above 25 items, where no random index applies.
    pub consistency_ratio: Option<f64>,
    /// Pairs nobody judged.
    pub missing_pairs: usize,
}

impl Ahp {
    pub(super) fn fit(&self, problem: &Problem<'_>) -> Result<SchemeFit> {
        check_length("pairwise matrix", self.matrix.len(), problem.whole.items)?;
        let judged = self.judge()?;
        let mut fit = fixed(problem, judged.weights);
        fit.diagnostics.insert("consistency_index".into(), judged.consistency_index);
        if let Some(ratio) = judged.consistency_ratio {
            fit.diagnostics.insert("consistency_ratio".into(), ratio);
            if ratio > ACCEPTED && fit.reason.is_empty() {
                fit.reason = format!(
                    "consistency ratio {ratio:.2}, above {ACCEPTED:.2}: the judgements contradict one another and should be made again"
                );
            }
        }
        fit.diagnostics.insert("missing_pairs".into(), judged.missing_pairs as f64);
        Ok(fit)
    }

    /// Turns the judgements into weights.
    ///
    /// ```
    /// use steelyard::weighting::schemes::ahp::{Ahp, Method};
    /// let rows = [[1.0, 2.0, 4.0], [0.5, 1.0, 2.0], [0.25, 0.5, 1.0]];
    /// let matrix = rows.iter().map(|row| row.iter().map(|v| Some(*v)).collect()).collect();
    /// let judged = Ahp { matrix, method: Method::Eigenvector }.judge()?;
    /// assert!((judged.weights[0] - 4.0 / 7.0).abs() < 1e-12);
    /// assert!(judged.consistency_index.abs() < 1e-12);
    /// # Ok::<(), steelyard::error::Error>(())
    /// ```
    pub fn judge(&self) -> Result<Judged> {
        self.check()?;
        let p = self.matrix.len();
        let missing_pairs = (0..p).map(|i| (0..i).filter(|j| self.matrix[i][*j].is_none()).count()).sum::<usize>();
        let (vector, largest) = self.principal_eigenvector()?;
        let weights = match self.method {
            Method::Eigenvector => vector,
            Method::LogLeastSquares => self.log_least_squares()?,
        };
        let consistency_index = if p > 1 { ((largest - p as f64) / (p - 1) as f64).max(0.0) } else { 0.0 };
        let random = p.checked_sub(3).and_then(|k| RANDOM_INDEX.get(k)).filter(|_| missing_pairs == 0);
        let consistency_ratio = random.map(|index| consistency_index / index);
        Ok(Judged { weights, largest_eigenvalue: largest, consistency_index, consistency_ratio, missing_pairs })
    }

    fn check(&self) -> Result<()> {
        let p = self.matrix.len();
        for (i, row) in self.matrix.iter().enumerate() {
            if row.len() != p {
                return Err(input("pairwise matrix not square")
                    .at(format!("row {}", i + 1))
                    .got(format!("{} entries", row.len()))
                    .allowed(format!("{p}, one per item"))
                    .into());
            }
            for (j, value) in row.iter().enumerate() {
                self.check_entry(i, j, *value)?;
            }
        }
        if self.reachable() < p {
            return Err(input("pairwise judgements do not connect all items")
                .remedy("Add judgements until every item is compared, directly or through others, with every other.")
                .into());
        }
        Ok(())
    }

    fn check_entry(&self, i: usize, j: usize, value: Option<f64>) -> Result<()> {
        let place = format!("row {}, column {} of the pairwise matrix", i + 1, j + 1);
        let back = self.matrix.get(j).and_then(|row| row.get(i)).copied().flatten();
        match (value, back) {
            (None, None) if i != j => Ok(()),
            (Some(a), Some(b)) if a > 0.0 && a.is_finite() && (a * b - 1.0).abs() <= 1e-6 => Ok(()),
            (Some(a), Some(b)) => Err(input("pairwise judgement not reciprocal")
                .at(place)
                .got(format!("{a}, and {b} the other way round"))
                .allowed("positive numbers whose product is 1; 1 on the diagonal")
                .remedy("Enter each pair once and fill in the other side as 1/value.")
                .into()),
            (Some(a), None) | (None, Some(a)) => Err(input("pairwise judgement given one way only")
                .at(place)
                .got(a)
                .remedy("Give both sides, or leave both empty.")
                .into()),
            (None, None) => Err(input("diagonal of the pairwise matrix").at(place).got("nothing").allowed("1").into()),
        }
    }

    fn reachable(&self) -> usize {
        let p = self.matrix.len();
        let mut seen = vec![false; p];
        let mut open: Vec<usize> = (0..p.min(1)).collect();
        while let Some(i) = open.pop() {
            if !seen[i] {
                seen[i] = true;
                open.extend((0..p).filter(|j| !seen[*j] && self.matrix[i][*j].is_some()));
            }
        }
        seen.iter().filter(|s| **s).count()
    }

    /// Power iteration on the matrix with Harker's diagonal: one plus the number of missing judgements in the row.
    fn principal_eigenvector(&self) -> Result<(Vec<f64>, f64)> {
        const ROUNDS: usize = 20_000;
        let p = self.matrix.len();
        let a = Array2::from_shape_fn((p, p), |(i, j)| {
            if i == j {
                1.0 + self.matrix[i].iter().filter(|v| v.is_none()).count() as f64
            } else {
                self.matrix[i][j].unwrap_or(0.0)
            }
        });
        let mut v = vec![1.0 / p.max(1) as f64; p];
        let mut change = f64::INFINITY;
        for _ in 0..ROUNDS {
            let w = crate::linalg::times(a.view(), &v);
            let total: f64 = w.iter().sum();
            change = w.iter().zip(&v).map(|(w, v)| (w / total - v).abs()).fold(0.0, f64::max);
            v = w.into_iter().map(|w| w / total).collect();
            if change < 1e-15 {
                break;
            }
        }
        if change > 1e-12 {
            return Err(Error::Convergence {
                what: "the principal eigenvector of the pairwise matrix".into(),
                iterations: ROUNDS,
                gap: change,
                tolerance: 1e-12,
                remedy: "Use method log-least-squares.".into(),
            });
        }
        let image = crate::linalg::times(a.view(), &v);
        Ok((v.clone(), image.iter().sum::<f64>() / v.iter().sum::<f64>()))
    }

    /// Minimises the sum of (log a_ij - log w_i + log w_j)^2 over the judged pairs: a Laplacian system.
    fn log_least_squares(&self) -> Result<Vec<f64>> {
        let p = self.matrix.len();
        let mut laplacian = Array2::zeros((p, p));
        let mut right = vec![0.0; p];
        for i in 0..p {
            for j in (0..p).filter(|j| *j != i) {
                if let Some(value) = self.matrix[i][j] {
                    laplacian[[i, i]] += 1.0;
                    laplacian[[i, j]] -= 1.0;
                    right[i] += value.ln();
                }
            }
        }
        let logs = solve(laplacian.view(), &right, p.saturating_sub(1))?;
        let powers: Vec<f64> = logs.iter().map(|l| l.exp()).collect();
        let total: f64 = powers.iter().sum();
        Ok(powers.into_iter().map(|v| v / total).collect())
    }
}
