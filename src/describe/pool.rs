//! Pooling estimates over sites: random effects by restricted maximum likelihood with the Knapp-Hartung interval.
//!
//! Knapp and Hartung (2003, <https://doi.org/10.1002/sim.1482>). With few sites the interval of the plain normal theory is
//! too short. Where the data vary less than their standard errors say, Knapp-Hartung itself can come out shorter than that
//! (the factor q is below 1): the result says so and gives the guarded interval (q at least 1) beside it.

use crate::error::{Error, Result, input};
use crate::num::special::{chi2_upper, t_quantile, t_two_sided};
use serde::Serialize;

/// The pooled estimate of k sites.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PooledEffect {
    /// Sites that entered.
    pub k: usize,
    /// Weighted mean.
    pub estimate: f64,
    /// Knapp-Hartung standard error.
    pub standard_error: f64,
    /// t statistic against 0.
    pub statistic: f64,
    /// k - 1.
    pub degrees_of_freedom: f64,
    /// Two-sided p.
    pub p: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// The same ends with q held at 1 or above.
    pub guarded: (f64, f64),
    /// Knapp-Hartung's q: residual variation over what the standard errors expect.
    pub q_factor: f64,
    /// Variance of the true effects between sites.
    pub tau2: f64,
    /// Share of the variation that is between sites, in per cent (Higgins and Thompson).
    pub i2: f64,
    /// Cochran's Q.
    pub q: f64,
    /// Its p-value.
    pub q_p: f64,
    /// Prediction interval for a further site, with k - 1 degrees of freedom as the estimate's.
    pub prediction: (f64, f64),
    /// Weight of each site, summing to 1.
    pub weights: Vec<f64>,
}

/// Pools `estimates` with their sampling `variances`.
///
/// ```
/// let pooled = steelyard::describe::pool::pool(&[0.1, 0.3, 0.5], &[0.01, 0.01, 0.01], 0.95)?;
/// // Equal variances: the mean, and tau2 = variance of the estimates - .01.
/// assert!((pooled.estimate - 0.3).abs() < 1e-12 && (pooled.tau2 - 0.03).abs() < 1e-10);
/// # Ok::<(), steelyard::error::Error>(())
/// ```
pub fn pool(estimates: &[f64], variances: &[f64], confidence_level: f64) -> Result<PooledEffect> {
    let k = estimates.len();
    let fine = variances.len() == k
        && estimates.iter().all(|y| y.is_finite())
        && variances.iter().all(|v| v.is_finite() && *v > 0.0);
    if k < 2 || !fine {
        return Err(input("estimates that cannot be pooled")
            .got(format!("{k} estimates"))
            .allowed("at least two finite estimates, each with a positive variance")
            .into());
    }
    if !(confidence_level > 0.0 && confidence_level < 1.0) {
        return Err(input("confidence level not allowed").got(confidence_level).allowed("between 0 and 1").into());
    }
    let tau2 = restricted_likelihood(estimates, variances)?;
    let (weights, mean) = weighted(estimates, variances, tau2);
    let total: f64 = weights.iter().sum();
    let df = (k - 1) as f64;
    let residual: f64 = estimates.iter().zip(&weights).map(|(y, w)| w * (y - mean).powi(2)).sum();
    let q_factor = residual / df;
    let standard_error = (q_factor / total).sqrt();
    let t = t_quantile(f64::midpoint(1.0, confidence_level), df);
    let around = |se: f64| (mean - t * se, mean + t * se);
    let (low, high) = around(standard_error);
    let (fixed, fixed_mean) = weighted(estimates, variances, 0.0);
    let q: f64 = estimates.iter().zip(&fixed).map(|(y, w)| w * (y - fixed_mean).powi(2)).sum();
    let (s1, s2) = (fixed.iter().sum::<f64>(), fixed.iter().map(|w| w * w).sum::<f64>());
    let typical = df / (s1 - s2 / s1);
    Ok(PooledEffect {
        k,
        estimate: mean,
        standard_error,
        statistic: mean / standard_error,
        degrees_of_freedom: df,
        p: t_two_sided(mean / standard_error, df),
        low,
        high,
        guarded: around((q_factor.max(1.0) / total).sqrt()),
        q_factor,
        tau2,
        i2: 100.0 * tau2 / (tau2 + typical),
        q,
        q_p: chi2_upper(q, df),
        prediction: around((standard_error * standard_error + tau2).sqrt()),
        weights: weights.iter().map(|w| w / total).collect(),
    })
}

fn weighted(y: &[f64], v: &[f64], tau2: f64) -> (Vec<f64>, f64) {
    let weights: Vec<f64> = v.iter().map(|v| 1.0 / (v + tau2)).collect();
    let mean = y.iter().zip(&weights).map(|(y, w)| y * w).sum::<f64>() / weights.iter().sum::<f64>();
    (weights, mean)
}

/// The derivative of the restricted log likelihood in tau2 (times 2).
fn score(y: &[f64], v: &[f64], tau2: f64) -> f64 {
    let (w, mean) = weighted(y, v, tau2);
    let (s1, s2) = (w.iter().sum::<f64>(), w.iter().map(|w| w * w).sum::<f64>());
    y.iter().zip(&w).map(|(y, w)| w * w * (y - mean).powi(2)).sum::<f64>() - s1 + s2 / s1
}

/// tau2 at the largest restricted likelihood, not below 0: the highest of its maxima.
fn restricted_likelihood(y: &[f64], v: &[f64]) -> Result<f64> {
    let mean = y.iter().sum::<f64>() / y.len() as f64;
    let spread: f64 = y.iter().map(|y| (y - mean).powi(2)).sum();
    // Beyond this the likelihood falls: tau2 cannot exceed the spread of the estimates.
    let top = 2.0 * spread + 1e-300;
    let grid: Vec<f64> = (0..=400).map(|i| top * (f64::from(i) / 400.0).powi(3)).collect();
    let mut best = (0.0, likelihood(y, v, 0.0));
    for pair in grid.windows(2) {
        if score(y, v, pair[0]) > 0.0 && score(y, v, pair[1]) <= 0.0 {
            let tau2 = bisect(y, v, pair[0], pair[1]);
            let value = likelihood(y, v, tau2);
            if value > best.1 {
                best = (tau2, value);
            }
        }
    }
    if best.1.is_finite() { Ok(best.0) } else { Err(Error::Internal { what: "restricted likelihood".into() }) }
}

fn bisect(y: &[f64], v: &[f64], mut low: f64, mut high: f64) -> f64 {
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if score(y, v, middle) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

fn likelihood(y: &[f64], v: &[f64], tau2: f64) -> f64 {
    let (w, mean) = weighted(y, v, tau2);
    let residual: f64 = y.iter().zip(&w).map(|(y, w)| w * (y - mean).powi(2)).sum();
    -0.5 * (-w.iter().map(|w| w.ln()).sum::<f64>() + w.iter().sum::<f64>().ln() + residual)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn sites_that_agree_have_no_tau_and_a_guarded_interval() {
        let pooled = pool(&[0.5, 0.5, 0.5], &[0.1, 0.2, 0.3], 0.95).unwrap();
        assert_eq!((pooled.tau2, pooled.q_factor), (0.0, 0.0));
        assert!(pooled.low == pooled.high && pooled.guarded.0 < 0.5 && pooled.guarded.1 > 0.5);
    }

    #[test]
    fn what_cannot_be_pooled() {
        for (y, v) in [(vec![1.0], vec![1.0]), (vec![1.0, 2.0], vec![1.0, 0.0]), (vec![1.0, f64::NAN], vec![1.0, 1.0])]
        {
            assert!(pool(&y, &v, 0.95).is_err());
        }
        assert!(pool(&[1.0, 2.0], &[1.0, 1.0], 1.0).is_err());
    }
}
