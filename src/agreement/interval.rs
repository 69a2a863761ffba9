//! Ends of a resampling distribution: percentile, and bias-corrected and accelerated (Efron 1987,
//! <https://doi.org/10.1080/01621459.1987.10478410>), with mid-ranks for ties and the Monte Carlo error of each end.

use crate::num::special::{normal_cdf, normal_quantile};
use serde::{Deserialize, Serialize};

/// How the ends are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Quantiles of the distribution.
    Percentile,
    /// Quantiles moved for bias and skewness.
    Bca,
}

/// Ends of an interval from resamples.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Resampled {
    /// How its ends were found; percentile where BCa was asked for and is undefined.
    pub method: Method,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Standard deviation of the distribution.
    pub standard_error: f64,
    /// Mean of the distribution less the estimate.
    pub bias: f64,
    /// Monte Carlo standard error of the lower end; 0 where every resample was visited.
    pub monte_carlo_low: f64,
    /// Monte Carlo standard error of the upper end.
    pub monte_carlo_high: f64,
    /// Mass of resamples on which the coefficient is undefined.
    pub undefined: f64,
}

/// A distribution: values with probabilities; sorted by [`Distribution::new`], undefined values set aside.
#[derive(Debug)]
pub struct Distribution {
    values: Vec<f64>,
    /// Cumulative probabilities; empty where all are equal.
    cumulative: Vec<f64>,
    undefined: f64,
}

impl Distribution {
    /// `probabilities` empty: all equal.
    pub fn new(values: Vec<f64>, probabilities: &[f64]) -> Self {
        let total = values.len() as f64;
        if probabilities.is_empty() {
            let mut kept: Vec<f64> = values.into_iter().filter(|v| !v.is_nan()).collect();
            kept.sort_unstable_by(f64::total_cmp);
            let undefined = if total > 0.0 { 1.0 - kept.len() as f64 / total } else { 0.0 };
            return Self { values: kept, cumulative: Vec::new(), undefined };
        }
        let mut pairs: Vec<(f64, f64)> =
            values.into_iter().zip(probabilities.iter().copied()).filter(|(v, _)| !v.is_nan()).collect();
        pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mass: f64 = pairs.iter().map(|(_, p)| p).sum();
        let mut below = 0.0;
        let cumulative = pairs
            .iter()
            .map(|(_, p)| {
                below += p / mass;
                below
            })
            .collect();
        Self { values: pairs.into_iter().map(|(v, _)| v).collect(), cumulative, undefined: (1.0 - mass).max(0.0) }
    }

    fn probability(&self, i: usize) -> f64 {
        if self.cumulative.is_empty() {
            return 1.0 / self.values.len() as f64;
        }
        self.cumulative[i] - if i == 0 { 0.0 } else { self.cumulative[i - 1] }
    }

    /// Quantile: linear between order statistics (R type 7) for draws, inverse distribution function where enumerated.
    fn quantile(&self, p: f64) -> f64 {
        if self.cumulative.is_empty() {
            let at = p * (self.values.len() - 1) as f64;
            let below = at.floor() as usize;
            let above = (below + 1).min(self.values.len() - 1);
            return self.values[below] + (at - below as f64) * (self.values[above] - self.values[below]);
        }
        let at = self.cumulative.partition_point(|c| *c < p - 1e-12);
        self.values[at.min(self.values.len() - 1)]
    }

    /// Half the distance between the quantiles one binomial standard deviation to either side.
    fn monte_carlo(&self, p: f64) -> f64 {
        if !self.cumulative.is_empty() {
            return 0.0;
        }
        let step = (p * (1.0 - p) / self.values.len() as f64).sqrt();
        (self.quantile((p + step).min(1.0)) - self.quantile((p - step).max(0.0))) / 2.0
    }

    fn mean_and_deviation(&self) -> (f64, f64) {
        let all = || self.values.iter().enumerate().map(|(i, v)| (self.probability(i), *v));
        let mean: f64 = all().map(|(p, v)| p * v).sum();
        let square: f64 = all().map(|(p, v)| p * (v - mean).powi(2)).sum();
        let n = self.values.len() as f64;
        let correction = if self.cumulative.is_empty() && n > 1.0 { n / (n - 1.0) } else { 1.0 };
        (mean, (square * correction).sqrt())
    }

    /// Mass below the estimate, and half of that on it.
    fn mid_rank(&self, estimate: f64) -> f64 {
        let tolerance = 1e-12 * estimate.abs().max(1.0);
        let below = self.values.partition_point(|v| *v < estimate - tolerance);
        let upto = self.values.partition_point(|v| *v <= estimate + tolerance);
        let mass = |i: usize| match (i, self.cumulative.is_empty()) {
            (0, _) => 0.0,
            (i, true) => i as f64 / self.values.len() as f64,
            (i, false) => self.cumulative[i - 1],
        };
        f64::midpoint(mass(below), mass(upto))
    }
}

/// Ends at a confidence level; `jackknife` holds `(value, how many clusters give it)`. `None` without defined resamples.
pub fn ends(
    distribution: &Distribution,
    method: Method,
    estimate: f64,
    jackknife: &[(f64, f64)],
    level: f64,
) -> Option<Resampled> {
    if distribution.values.is_empty() || !estimate.is_finite() {
        return None;
    }
    let tails = (f64::midpoint(1.0, -level), f64::midpoint(1.0, level));
    let moved = if method == Method::Bca { bca(distribution.mid_rank(estimate), jackknife, tails) } else { None };
    let (low, high) = moved.unwrap_or(tails);
    let (mean, standard_error) = distribution.mean_and_deviation();
    Some(Resampled {
        method: if moved.is_some() { Method::Bca } else { Method::Percentile },
        low: distribution.quantile(low),
        high: distribution.quantile(high),
        standard_error,
        bias: mean - estimate,
        monte_carlo_low: distribution.monte_carlo(low),
        monte_carlo_high: distribution.monte_carlo(high),
        undefined: distribution.undefined,
    })
}

/// Tails moved by bias and acceleration; `None` where the estimate lies outside the distribution or nothing varies.
fn bca(rank: f64, jackknife: &[(f64, f64)], tails: (f64, f64)) -> Option<(f64, f64)> {
    let z0 = normal_quantile(rank);
    let n: f64 = jackknife.iter().map(|(_, k)| k).sum();
    let mean = jackknife.iter().map(|(v, k)| v * k).sum::<f64>() / n;
    let power = |e: i32| jackknife.iter().map(|(v, k)| k * (mean - v).powi(e)).sum::<f64>();
    let (square, cube) = (power(2), power(3));
    let acceleration = if square > 0.0 { cube / (6.0 * square.powf(1.5)) } else { 0.0 };
    let tail = |p: f64| {
        let z = z0 + normal_quantile(p);
        normal_cdf(z0 + z / (1.0 - acceleration * z))
    };
    let (low, high) = (tail(tails.0), tail(tails.1));
    (z0.is_finite() && low.is_finite() && high.is_finite() && low <= high).then_some((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_draws_and_of_an_enumeration() {
        let drawn = Distribution::new(vec![4.0, f64::NAN, 1.0, 2.0, 3.0], &[]);
        assert_eq!(drawn.quantile(0.5), 2.5);
        assert!((drawn.undefined - 0.2).abs() < 1e-15);
        let listed = Distribution::new(vec![2.0, 1.0, 3.0], &[0.5, 0.25, 0.25]);
        assert_eq!([0.25, 0.26, 0.75, 0.76].map(|p| listed.quantile(p)), [1.0, 2.0, 2.0, 3.0]);
        assert_eq!(listed.mid_rank(2.0), 0.5);
        assert_eq!(listed.monte_carlo(0.5), 0.0);
        assert_eq!(listed.mean_and_deviation(), (2.0, 0.5_f64.sqrt()));
    }

    #[test]
    fn without_bias_and_skewness_bca_is_percentile() {
        let jackknife = [(1.0, 5.0), (2.0, 5.0)];
        let (low, high) = bca(0.5, &jackknife, (0.025, 0.975)).unwrap_or_default();
        assert!((low - 0.025).abs() < 1e-12 && (high - 0.975).abs() < 1e-12);
        assert_eq!(bca(1.0, &jackknife, (0.025, 0.975)), None);
    }
}
