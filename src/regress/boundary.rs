//! Whether sites differ beyond their items: a parametric bootstrap of the likelihood ratio of a site effect.
//!
//! The spread of the sites lies on its boundary under the null, so chi-square tables do not hold; with few sites neither does the usual
//! half-and-half mixture (Crainiceanu and Ruppert 2004, doi:10.1111/j.1467-9868.2004.00438.x). Counts are drawn from the fit without
//! site effects and both models are fitted to each draw.

use super::separation::Fitted;
use super::trials::Trials;
use super::{binomial, random_intercept};
use crate::error::{Result, input};
use crate::job::Control;
use crate::stream::{Purpose, Seed};
use rand_distr::{Binomial, Distribution};
use rayon::prelude::*;
use serde::Serialize;

/// The test.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BoundaryTest {
    /// Observed likelihood ratio.
    pub likelihood_ratio: f64,
    /// Spread of the sites.
    pub tau: f64,
    /// (1 + draws with a ratio at least as large) / (1 + draws); draws without a finite fit count as at least as large.
    pub p_value: f64,
    /// Draws completed.
    pub draws: usize,
    /// Draws without a finite fit.
    pub undefined: usize,
    /// Monte Carlo standard error of the p.
    pub monte_carlo_error: f64,
}

/// Draws from the fit without site effects and compares. Draw i uses `seed.stream(Parametric, i)`.
pub fn test(
    data: &Trials,
    site_of: &[usize],
    nodes: usize,
    draws: usize,
    seed: Seed,
    control: &Control,
) -> Result<BoundaryTest> {
    let options = random_intercept::Options { nodes, ..random_intercept::Options::default() };
    let Some(observed) = random_intercept::fit(data, site_of, options)?.finite() else {
        return Err(input("separated outcomes in a test of the site effect")
            .remedy("Without a finite fit there is nothing to draw from: leave out the items that separate.")
            .into());
    };
    let ratio = observed.likelihood_ratio();
    let rates = observed.binomial.fitted;
    control.set_total(draws as u64);
    let ratios: Vec<Option<f64>> = (0..draws)
        .into_par_iter()
        .map(|i| {
            if control.is_cancelled() {
                return Ok(None);
            }
            let mut stream = seed.stream(Purpose::Parametric, i as u64);
            let drawn: Vec<f64> = rates
                .iter()
                .zip(&data.trials)
                .map(|(rate, n)| Binomial::new(*n as u64, *rate).map_or(0.0, |law| law.sample(stream.rng()) as f64))
                .collect();
            let redrawn = data.with_successes(drawn);
            // The plain fit first: most draws without a finite maximum are recognised there at little cost.
            let found = match binomial::fit(&redrawn, None) {
                Ok(Fitted::Finite(_)) => {
                    random_intercept::fit(&redrawn, site_of, options).ok().and_then(Fitted::finite)
                }
                _ => None,
            };
            control.advance(1);
            Ok(Some(found.map_or(f64::INFINITY, |fit| fit.likelihood_ratio())))
        })
        .collect::<Result<_>>()?;
    let ratios: Vec<f64> = ratios.into_iter().map_while(|r| r).collect();
    let beyond = ratios.iter().filter(|r| **r >= ratio - 1e-9 * (1.0 + ratio)).count();
    let p_value = (1 + beyond) as f64 / (1 + ratios.len()) as f64;
    Ok(BoundaryTest {
        likelihood_ratio: ratio,
        tau: observed.tau,
        p_value,
        draws: ratios.len(),
        undefined: ratios.iter().filter(|r| r.is_infinite()).count(),
        monte_carlo_error: (p_value * (1.0 - p_value) / ratios.len().max(1) as f64).sqrt(),
    })
}
