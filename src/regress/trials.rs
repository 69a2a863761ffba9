//! k successes of n trials per row: the data of every binomial estimator, centred and scaled once.

use crate::error::{Result, input};
use crate::linalg::times;
use crate::num::logistic::logistic_and_softplus;
use crate::num::special::ln_gamma;
use crate::num::sums::dot;
use ndarray::{Array2, ArrayView1, ArrayView2};

/// Rows of k of n on a design with an intercept.
///
/// Columns are kept centred and scaled, which leaves likelihoods alone and keeps their information matrices far from singular;
/// [`Trials::raw`] and [`Trials::raw_covariance`] bring coefficients back.
#[derive(Debug, Clone, PartialEq)]
pub struct Trials {
    /// A column of ones, then the columns about their means over their standard deviations: n x m.
    pub x: Array2<f64>,
    /// Successes per row.
    pub successes: Vec<f64>,
    /// Trials per row.
    pub trials: Vec<f64>,
    /// Mean of each column over trials, length m - 1.
    centre: Vec<f64>,
    /// Standard deviation of each column, one for a column that does not vary; length m - 1.
    scale: Vec<f64>,
}

impl Trials {
    /// From n rows of `columns` (n x (m - 1), no intercept) with k and n of length n. Rows may carry a weight by having both
    /// k and n multiplied by it.
    ///
    /// ```
    /// use ndarray::array;
    /// use steelyard::regress::Trials;
    /// let data = Trials::new(array![[1.0], [3.0]].view(), &[1.0, 2.0], &[4.0, 4.0])?;
    /// assert_eq!(data.x, array![[1.0, -1.0], [1.0, 1.0]]);
    /// assert_eq!(data.raw(&[1.0, 2.0]), vec![-3.0, 2.0]);
    /// # Ok::<(), steelyard::error::Error>(())
    /// ```
    pub fn new(columns: ArrayView2<'_, f64>, successes: &[f64], trials: &[f64]) -> Result<Self> {
        let n = columns.nrows();
        if n == 0 || successes.len() != n || trials.len() != n {
            return Err(input("items, successes and trials of different length")
                .got(format!("{n} rows, {} successes, {} trials", successes.len(), trials.len()))
                .allowed("one of each per row, at least one row")
                .into());
        }
        if let Some(row) = (0..n).find(|i| !(successes[*i] >= 0.0 && successes[*i] <= trials[*i] && trials[*i] > 0.0)) {
            return Err(input("successes and trials do not agree")
                .at(format!("row {}", row + 1))
                .got(format!("{} of {}", successes[row], trials[row]))
                .allowed("k from 0 to n, n above 0")
                .into());
        }
        let total: f64 = trials.iter().sum();
        let mut centre = vec![0.0; columns.ncols()];
        for (row, t) in columns.rows().into_iter().zip(trials) {
            centre.iter_mut().zip(row).for_each(|(sum, x)| *sum += x * t);
        }
        for sum in &mut centre {
            *sum /= total;
        }
        let mut scale = vec![0.0; columns.ncols()];
        for (row, t) in columns.rows().into_iter().zip(trials) {
            scale.iter_mut().zip(row).zip(&centre).for_each(|((sum, x), mean)| *sum += t * (x - mean).powi(2));
        }
        for (sum, mean) in scale.iter_mut().zip(&centre) {
            let size = (*sum / total).sqrt();
            *sum = if size > 1e-7 * mean.abs() { size } else { 1.0 };
        }
        let mut x = Array2::ones((n, columns.ncols() + 1));
        for (mut row, given) in x.rows_mut().into_iter().zip(columns.rows()) {
            let units = centre.iter().zip(&scale);
            row.iter_mut().skip(1).zip(given).zip(units).for_each(|((x, v), (mean, size))| *x = (v - mean) / size);
        }
        Ok(Self { x, successes: successes.to_vec(), trials: trials.to_vec(), centre, scale })
    }

    /// Number of coefficients, the intercept included.
    pub fn width(&self) -> usize {
        self.x.ncols()
    }

    /// The same data with rows of equal columns added up: no likelihood in the coefficients can tell the difference. Rows come in
    /// an order that depends on what is in them, not on where they stood.
    #[must_use]
    pub fn merged(&self) -> Self {
        let row = |i: usize| self.x.row(i);
        let mut order: Vec<(u64, usize)> = (0..self.trials.len()).map(|i| (digest(row(i)), i)).collect();
        order.sort_unstable();
        let mut kept: Vec<usize> = Vec::new();
        let (mut successes, mut trials) = (Vec::new(), Vec::new());
        for alike in order.chunk_by(|a, b| a.0 == b.0) {
            let first = kept.len();
            for (_, i) in alike {
                // Rows of one digest are nearly always the same row.
                let known = kept[first..].iter().position(|k| row(*k) == row(*i)).map(|at| first + at);
                if let Some(at) = known {
                    successes[at] += self.successes[*i];
                    trials[at] += self.trials[*i];
                } else {
                    kept.push(*i);
                    successes.push(self.successes[*i]);
                    trials.push(self.trials[*i]);
                }
            }
        }
        self.like(self.x.select(ndarray::Axis(0), &kept), successes, trials)
    }

    /// The rows at `rows`, in that order, on the same centre and scale.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let at = |values: &[f64]| rows.iter().map(|i| values[*i]).collect();
        self.like(self.x.select(ndarray::Axis(0), rows), at(&self.successes), at(&self.trials))
    }

    /// Other rows on the same centre and scale.
    fn like(&self, x: Array2<f64>, successes: Vec<f64>, trials: Vec<f64>) -> Self {
        Self { x, successes, trials, centre: self.centre.clone(), scale: self.scale.clone() }
    }

    /// The same data with other outcomes.
    #[must_use]
    pub fn with_successes(&self, successes: Vec<f64>) -> Self {
        Self { successes, ..self.clone() }
    }

    /// X b, length n, for coefficients on the scaled columns.
    pub fn linear(&self, b: &[f64]) -> Vec<f64> {
        times(self.x.view(), b)
    }

    /// Sum of k eta - n log(1 + exp(eta)): the log-likelihood without the binomial coefficients.
    pub fn kernel(&self, eta: &[f64]) -> f64 {
        let (mut pi, mut plus) = (vec![0.0; eta.len()], vec![0.0; eta.len()]);
        logistic_and_softplus(eta, &mut pi, &mut plus);
        dot(&self.successes, eta) - dot(&self.trials, &plus)
    }

    /// Sum of the logarithms of the binomial coefficients.
    pub fn log_coefficients(&self) -> f64 {
        let choose = |k: f64, n: f64| match k {
            _ if k == 0.0 || k == n => 0.0,
            _ => ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0),
        };
        self.successes.iter().zip(&self.trials).map(|(k, n)| choose(*k, *n)).sum()
    }

    /// The kernel of the model with an intercept alone; zero where all or none succeeded.
    pub fn null_kernel(&self) -> f64 {
        let (k, n): (f64, f64) = (self.successes.iter().sum(), self.trials.iter().sum());
        let part = |a: f64| if a > 0.0 { a * (a / n).ln() } else { 0.0 };
        part(k) + part(n - k)
    }

    /// The kernel of the saturated model: every row has its own rate.
    pub fn saturated_kernel(&self) -> f64 {
        let part = |a: f64, n: f64| if a > 0.0 { a * (a / n).ln() } else { 0.0 };
        self.successes.iter().zip(&self.trials).map(|(k, n)| part(*k, *n) + part(n - k, *n)).sum()
    }

    /// The starting point: the intercept of the overall rate, slopes of zero; length m.
    pub fn start(&self) -> Vec<f64> {
        let (k, n): (f64, f64) = (self.successes.iter().sum(), self.trials.iter().sum());
        let mut b = vec![0.0; self.width()];
        b[0] = ((k + 0.5) / (n - k + 0.5)).ln();
        b
    }

    /// Coefficients on the columns as they were given.
    pub fn raw(&self, b: &[f64]) -> Vec<f64> {
        let mut raw = b.to_vec();
        for j in 1..b.len() {
            raw[j] = b[j] / self.scale[j - 1];
            raw[0] -= raw[j] * self.centre[j - 1];
        }
        raw
    }

    /// Coefficients on the scaled columns, from those on the columns as given.
    pub fn scaled(&self, raw: &[f64]) -> Vec<f64> {
        let mut b = raw.to_vec();
        for j in 1..raw.len() {
            b[0] += raw[j] * self.centre[j - 1];
            b[j] = raw[j] * self.scale[j - 1];
        }
        b
    }

    /// The map T with raw = T scaled, m x m.
    pub fn transform(&self) -> Array2<f64> {
        let m = self.width();
        Array2::from_shape_fn((m, m), |(i, j)| match (i, j) {
            (0, 0) => 1.0,
            (0, j) => -self.centre[j - 1] / self.scale[j - 1],
            (i, j) if i == j => 1.0 / self.scale[j - 1],
            _ => 0.0,
        })
    }

    /// The covariance of raw coefficients, from that of scaled ones.
    pub fn raw_covariance(&self, covariance: ArrayView2<'_, f64>) -> Array2<f64> {
        let t = self.transform();
        t.dot(&covariance).dot(&t.t())
    }

    /// A quadratic penalty b'Pb on raw coefficients, as one on scaled coefficients.
    pub fn scaled_penalty(&self, penalty: ArrayView2<'_, f64>) -> Array2<f64> {
        let t = self.transform();
        t.t().dot(&penalty).dot(&t)
    }

    /// Twice the sum of the logarithms of the scales: what log|X'WX| of raw columns has over that of scaled ones.
    pub fn log_scale(&self) -> f64 {
        2.0 * self.scale.iter().map(|s| s.ln()).sum::<f64>()
    }
}

/// A number that equal rows share and others hardly ever do: a multiplicative hash of their bits (Knuth 1998, The Art of Computer
/// Programming 3, section 6.4). The standard library's may change from one release to the next, and the order of sums with it.
fn digest(row: ArrayView1<'_, f64>) -> u64 {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    row.iter().fold(0_u64, |sum, x| (sum.rotate_left(23) ^ (x + 0.0).to_bits()).wrapping_mul(ODD))
}
