//! Ordinal items through a Gaussian copula: one common factor, cut-points by level, and the exact ordinal correlation.

use crate::error::{Result, input};
use crate::num::special::{normal_cdf, normal_quantile};
use crate::stream::Stream;

/// Steps of the one-dimensional integral over the common factor; the integrand is smooth, 1e-12 needs about 60.
const NODES: usize = 400;

/// Ordinal items 1, 2, ... that share one factor. All items have the same levels.
#[derive(Debug, Clone, PartialEq)]
pub struct Copula {
    /// Latent cut-points, rising; level k + 1 begins at cut-point k.
    pub cut_points: Vec<f64>,
    /// Latent loading: the root of the latent correlation between any two items.
    pub loading: f64,
    /// Mean of an item.
    pub mean: f64,
    /// Variance of an item.
    pub variance: f64,
}

impl Copula {
    /// The copula whose items have the level probabilities `shares` and pairwise Pearson correlation `r` on the ordinal
    /// scores themselves, 0 to below the largest that is possible.
    ///
    /// ```
    /// use steelyard::simulate::Copula;
    /// let copula = Copula::new(&[0.04, 0.08, 0.18, 0.32, 0.38], 0.23)?;
    /// assert!((copula.mean - 3.92).abs() < 1e-12);
    /// assert!((copula.ordinal_correlation() - 0.23).abs() < 1e-9);
    /// assert!(copula.loading.powi(2) > 0.23); // cutting into levels loses correlation
    /// # Ok::<(), steelyard::error::Error>(())
    /// ```
    pub fn new(shares: &[f64], r: f64) -> Result<Self> {
        let total: f64 = shares.iter().sum();
        if shares.len() < 2 || shares.iter().any(|p| !(p.is_finite() && *p > 0.0)) || (total - 1.0).abs() > 1e-9 {
            return Err(input("level probabilities not allowed")
                .got(format!("{shares:?}"))
                .allowed("two or more, all positive, summing to 1")
                .into());
        }
        let mut below = 0.0;
        let cut_points = shares[..shares.len() - 1]
            .iter()
            .map(|p| {
                below += p;
                normal_quantile(below)
            })
            .collect();
        let level = |k: usize| (k + 1) as f64;
        let mean: f64 = shares.iter().enumerate().map(|(k, p)| p * level(k)).sum();
        let variance: f64 = shares.iter().enumerate().map(|(k, p)| p * (level(k) - mean).powi(2)).sum();
        let mut copula = Self { cut_points, loading: 0.0, mean, variance };
        let largest = copula.with_loading(0.999).ordinal_correlation();
        if !(r >= 0.0 && r <= largest) {
            return Err(input("inter-item correlation not allowed")
                .at("inter_item_r")
                .got(r)
                .allowed(format!("0 to {largest:.3}"))
                .into());
        }
        let (mut low, mut high) = (0.0, 0.999);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if copula.with_loading(middle).ordinal_correlation() < r { low = middle } else { high = middle }
        }
        copula.loading = if r == 0.0 { 0.0 } else { f64::midpoint(low, high) };
        Ok(copula)
    }

    fn with_loading(&self, loading: f64) -> Self {
        Self { loading, ..self.clone() }
    }

    /// Expected score of an item given the factor.
    fn given(&self, factor: f64) -> f64 {
        let spread = (1.0 - self.loading * self.loading).sqrt();
        1.0 + self.cut_points.iter().map(|c| normal_cdf((self.loading * factor - c) / spread)).sum::<f64>()
    }

    /// Pearson correlation of two items: the variance of the expectation given the factor, over the variance.
    pub fn ordinal_correlation(&self) -> f64 {
        let step = 16.0 / NODES as f64;
        let sum: f64 = (0..=NODES)
            .map(|i| {
                let factor = -8.0 + step * i as f64;
                let density = (-0.5 * factor * factor).exp() / (2.0 * std::f64::consts::PI).sqrt();
                density * (self.given(factor) - self.mean).powi(2)
            })
            .sum();
        sum * step / self.variance
    }

    /// The level of a latent value, from 1.
    pub fn level(&self, latent: f64) -> f64 {
        (1 + self.cut_points.iter().filter(|c| latent >= **c).count()) as f64
    }

    /// Draws the items of one site.
    pub fn draw(&self, stream: &mut Stream, items: &mut [f64]) {
        let factor = normal(stream);
        let spread = (1.0 - self.loading * self.loading).sqrt();
        for item in items {
            *item = self.level(self.loading * factor + spread * normal(stream));
        }
    }
}

/// A standard normal draw by inversion: one uniform a draw, so that streams stay in step whatever is drawn.
pub fn normal(stream: &mut Stream) -> f64 {
    let uniform = ((stream.bits() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
    normal_quantile(uniform)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::stream::{Purpose, Seed};

    #[test]
    fn two_levels_follow_sheppards_theorem() {
        // Cut at the median, the ordinal correlation is 2/pi asin(latent).
        let copula = Copula::new(&[0.5, 0.5], 1.0 / 3.0).unwrap();
        assert!((copula.loading.powi(2) - 0.5).abs() < 1e-9, "{}", copula.loading);
    }

    #[test]
    fn draws_have_the_stated_shares_and_correlation() {
        let shares = [0.04, 0.08, 0.18, 0.32, 0.38];
        let copula = Copula::new(&shares, 0.23).unwrap();
        let mut stream = Seed(3).stream(Purpose::Simulate, 0);
        let mut items = [0.0; 2];
        let (mut product, mut top) = (0.0, 0.0);
        for _ in 0..40_000 {
            copula.draw(&mut stream, &mut items);
            product += (items[0] - copula.mean) * (items[1] - copula.mean) / copula.variance;
            top += f64::from(items[0] > 4.5);
        }
        // Four standard errors of a mean of 40,000.
        assert!((product / 40_000.0 - 0.23).abs() < 0.022, "{}", product / 40_000.0);
        assert!((top / 40_000.0 - 0.38).abs() < 0.01);
    }

    #[test]
    fn impossible_correlations_are_refused() {
        let text = Copula::new(&[0.5, 0.5], 1.2).unwrap_err().to_string();
        assert!(text.contains("inter-item correlation not allowed in inter_item_r: got 1.2; allowed: 0 to"), "{text}");
        assert!(Copula::new(&[0.5, 0.6], 0.2).is_err());
    }
}
