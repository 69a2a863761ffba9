//! The null of equal weights for k of n and 0/1: a parametric bootstrap from a beta-binomial regression on the reference.
//!
//! Counts do not exchange their residuals: their variance follows the rate and the number of participants. So the
//! reduced model (intercept, covariates, the reference's total) is fitted by beta-binomial likelihood, whose intra-site
//! correlation carries what sites differ in beyond the total, and whole outcomes are drawn from it. Where every row is one
//! 0/1, that correlation cannot be seen and the binomial serves.

use super::panel::Panel;
use crate::error::Result;
use crate::num::logistic::logistic;
use crate::regress::trials::Trials;
use crate::regress::{beta_binomial, binomial};
use crate::stream::Stream;
use ndarray::Array2;
use rand_distr::{Beta, Binomial, Distribution};

/// Intra-site correlation below which rates are drawn as fixed.
const NEGLIGIBLE: f64 = 1e-9;

/// The fitted null: rates, numbers and intra-site correlation.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    fitted: Vec<f64>,
    trials: Vec<f64>,
    rho: f64,
}

impl Counts {
    /// Fits the reduced model; `None` where the reference's total separates the outcomes, so that it has no finite fit.
    pub(super) fn new(panel: &Panel, weights: &[f64], trials: &[f64]) -> Result<Option<Self>> {
        let n = panel.outcome.len();
        let total = |row: usize| panel.items.row(row).iter().zip(weights).map(|(x, w)| x * w).sum::<f64>();
        let others = panel.base.ncols() - 1;
        let columns =
            Array2::from_shape_fn((n, 1 + others), |(i, k)| if k == 0 { total(i) } else { panel.base[[i, k]] });
        let successes: Vec<f64> = panel.outcome.iter().zip(trials).map(|(rate, n)| (rate * n).round()).collect();
        let data = Trials::new(columns.view(), &successes, trials)?;
        let single = trials.iter().all(|n| *n <= 1.0);
        let found = if single {
            binomial::fit(&data, None)?.finite().map(|fit| (fit.coefficients, 0.0))
        } else {
            beta_binomial::fit(&data, None)?.finite().map(|fit| (fit.coefficients, fit.rho))
        };
        Ok(found.map(|(b, rho)| {
            let rate = |row: usize| {
                let eta = b[0] + columns.row(row).iter().zip(&b[1..]).map(|(x, b)| x * b).sum::<f64>();
                logistic(eta).clamp(1e-12, 1.0 - 1e-12)
            };
            Self { fitted: (0..n).map(rate).collect(), trials: trials.to_vec(), rho }
        }))
    }

    /// Draws the rates of one replicate.
    pub(super) fn draw(&self, stream: &mut Stream, y: &mut [f64]) {
        for ((value, mean), n) in y.iter_mut().zip(&self.fitted).zip(&self.trials) {
            let mut rate = *mean;
            if self.rho > NEGLIGIBLE {
                let size = 1.0 / self.rho - 1.0;
                if let Ok(law) = Beta::new(mean * size, (1.0 - mean) * size) {
                    rate = law.sample(stream.rng());
                }
            }
            let count = Binomial::new(*n as u64, rate.clamp(0.0, 1.0)).map_or(0, |law| law.sample(stream.rng()));
            *value = count as f64 / n;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::stream::{Purpose, Seed};

    #[test]
    fn draws_have_the_fitted_mean_and_more_than_binomial_spread() {
        let n = 24;
        let items = Array2::from_shape_fn((n, 2), |(i, j)| ((i * (j + 2)) % 5) as f64);
        let trials = vec![40.0; n];
        let rate = |i: usize| [0.2, 0.6, 0.35, 0.5][i % 4];
        let outcome: Vec<f64> = (0..n).map(|i| (rate(i) * 40.0_f64).round() / 40.0).collect();
        let sites: Vec<usize> = (0..n).collect();
        let panel = Panel::new(items.view(), Array2::zeros((n, 0)).view(), outcome, trials.clone(), &sites).unwrap();
        let counts = Counts::new(&panel, &[1.0, 1.0], &trials).unwrap().unwrap();
        assert!(counts.rho > 0.05, "{}", counts.rho);
        let mut y = vec![0.0; n];
        let (mut sum, mut square) = (0.0, 0.0);
        for i in 0..4000 {
            counts.draw(&mut Seed(1).stream(Purpose::Parametric, i), &mut y);
            sum += y[3];
            square += y[3] * y[3];
        }
        let (mean, mu) = (sum / 4000.0, counts.fitted[3]);
        let expected = mu * (1.0 - mu) * (counts.rho + (1.0 - counts.rho) / 40.0);
        let variance = square / 4000.0 - mean * mean;
        // Four standard errors of a mean of 4,000; a variance is good to about 10 %.
        assert!((mean - mu).abs() < 4.0 * (expected / 4000.0).sqrt(), "{mean} and {mu}");
        assert!((variance / expected - 1.0).abs() < 0.1, "{variance} and {expected}");
    }

    #[test]
    fn a_total_that_separates_single_outcomes_has_no_null() {
        let items = Array2::from_shape_fn((12, 1), |(i, _)| i as f64);
        let outcome: Vec<f64> = (0..12).map(|i| f64::from(u8::from(i > 5))).collect();
        let sites: Vec<usize> = (0..12).collect();
        let panel = Panel::new(items.view(), Array2::zeros((12, 0)).view(), outcome, vec![1.0; 12], &sites).unwrap();
        assert!(Counts::new(&panel, &[1.0], &[1.0; 12]).unwrap().is_none());
    }
}
