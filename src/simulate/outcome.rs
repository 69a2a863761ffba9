//! The outcome of a site given its standardised true total: signal, variance between sites, sampling of participants.

use super::copula::normal;
use crate::error::{Result, input};
use crate::stream::Stream;
use rand_distr::{Beta, Distribution};
use serde::{Deserialize, Serialize};

/// What is observed of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// One number per site (a mean over participants where these are given), with unit variance.
    Number,
    /// k of n per site.
    Counts,
}

/// How outcomes come about: variances of their parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Law {
    outcome: Outcome,
    mean: f64,
    r2: f64,
    site_icc: f64,
    /// Standard deviation of the expected outcome over sites.
    pub signal_sd: f64,
    /// Standard deviation between sites beyond the items.
    site_sd: f64,
}

impl Law {
    /// The law under which the true total has the squared correlation `r2` with the observed outcome of sites with these
    /// `participants` (none: an outcome that is a number of the site itself).
    pub fn new(outcome: Outcome, mean: f64, r2: f64, site_icc: f64, participants: &[u32]) -> Self {
        let unit = match outcome {
            Outcome::Counts => mean * (1.0 - mean),
            Outcome::Number => 1.0,
        };
        let harmonic = |n: &[u32]| n.len() as f64 / n.iter().map(|n| 1.0 / f64::from(*n)).sum::<f64>();
        let (site, noise) = if participants.is_empty() {
            (0.0, 1.0 - r2)
        } else {
            (site_icc * unit, (1.0 - site_icc) * unit / harmonic(participants))
        };
        let signal = if participants.is_empty() { r2 } else { r2 / (1.0 - r2) * (site + noise) };
        Self { outcome, mean, r2, site_icc, signal_sd: signal.sqrt(), site_sd: site.sqrt() }
    }

    /// The mean outcome of a site whose true total lies `standard` deviations above the mean. Rates go through the
    /// logit, whose slope at the overall rate is mean (1 - mean), so that they stay between 0 and 1.
    pub fn expected(&self, standard: f64) -> f64 {
        let mean = self.mean;
        match self.outcome {
            Outcome::Number => mean + self.signal_sd * standard,
            Outcome::Counts => {
                let logit = (mean / (1.0 - mean)).ln() + self.signal_sd / (mean * (1.0 - mean)) * standard;
                1.0 / (1.0 + (-logit).exp())
            }
        }
    }

    /// Draws what is observed of a site with this mean outcome.
    pub fn observe(&self, mean: f64, participants: Option<u32>, stream: &mut Stream) -> Result<f64> {
        match (self.outcome, participants) {
            (Outcome::Counts, Some(n)) => {
                // A beta mean with intraclass correlation c has a + b = 1/c - 1.
                let icc = self.site_icc;
                let rate = if icc > 0.0 {
                    let size = 1.0 / icc - 1.0;
                    let law = Beta::new(mean * size, (1.0 - mean) * size)
                        .map_err(|_| input("site ICC not allowed").at("site_icc").got(icc))?;
                    law.sample(stream.rng())
                } else {
                    mean
                };
                Ok(f64::from((0..n).map(|_| u32::from(stream.uniform() < rate)).sum::<u32>()))
            }
            (_, Some(n)) => {
                let within = ((1.0 - self.site_icc) / f64::from(n)).sqrt();
                Ok(mean + self.site_sd * normal(stream) + within * normal(stream))
            }
            (_, None) => Ok(mean + (1.0 - self.r2).sqrt() * normal(stream)),
        }
    }
}

/// Refuses shares outside 0 to below 1, and overall rates of counts that are not rates.
pub(super) fn check(outcome: Outcome, mean: f64, r2: f64, site_icc: f64) -> Result<()> {
    for (value, name) in [(r2, "r2"), (site_icc, "site_icc")] {
        if !(0.0..1.0).contains(&value) {
            return Err(input(format!("{name} not allowed")).at(name).got(value).allowed("0 to below 1").into());
        }
    }
    if outcome == Outcome::Counts && !(mean > 0.0 && mean < 1.0) {
        return Err(input("overall rate not allowed").at("rate").got(mean).allowed("above 0 and below 1").into());
    }
    Ok(())
}
