//! Correlation weights: each item weighs what it correlates with the outcome (Dana and Dawes 2004,
//! doi:10.3102/10769986029003317: the most robust of the weights taken from data when the fit is weak).

use super::Points;
use super::finish::{Draft, Problem, SchemeFit};
use super::unit::standardised;
use serde::{Deserialize, Serialize};

/// Weights proportional to r_j, or to max(r_j, 0).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Correlation {
    /// Whether negative correlations count as zero.
    pub non_negative: bool,
    /// Whether correlations are first shrunken to their mean by what sampling error explains of their spread.
    pub empirical_bayes: bool,
    /// What the weights apply to: standardised items as in the source (the first partial-least-squares direction), or raw
    /// points.
    pub points: Points,
}

impl Default for Correlation {
    fn default() -> Self {
        Self { non_negative: false, empirical_bayes: false, points: Points::Standardised }
    }
}

impl Correlation {
    pub(super) fn fit(&self, problem: &Problem<'_>) -> SchemeFit {
        let mut r = correlations(problem);
        let mut kept = None;
        if self.empirical_bayes {
            kept = Some(shrink(&mut r, &problem.varying(), problem.whole.units));
        }
        if self.non_negative {
            r = r.into_iter().map(|r| r.max(0.0)).collect();
        }
        let mut fit = weighted_by(problem, &r, self.points);
        if let Some(kept) = kept {
            fit.diagnostics.insert("share_kept".into(), kept);
        }
        fit
    }
}

/// The correlation of each varying item with the outcome, after covariates; zero for constant items.
pub(super) fn correlations(problem: &Problem<'_>) -> Vec<f64> {
    let data = &problem.adjusted;
    let constant = &problem.estimability.constant;
    (0..data.items)
        .map(|j| {
            let size = (data.gram[[j, j]] * data.yy).sqrt();
            if constant.contains(&j) || size == 0.0 { 0.0 } else { (data.cross[j] / size).clamp(-1.0, 1.0) }
        })
        .collect()
}

/// Shrinks correlations to their mean and returns the share of each departure that is kept: the spread beyond sampling error over
/// the whole spread, with sampling variance (1 - mean^2)^2 / (n - 1) (Schmidt and Hunter 2015, Methods of
/// Meta-Analysis, chapter 3). Items correlate, so the spread is smaller than among independent studies and this shrinks
/// rather too much than too little.
fn shrink(r: &mut [f64], varying: &[usize], units: usize) -> f64 {
    let count = varying.len() as f64;
    let mean = varying.iter().map(|j| r[*j]).sum::<f64>() / count;
    let spread = varying.iter().map(|j| (r[*j] - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    let sampling = (1.0 - mean * mean).powi(2) / units.saturating_sub(1).max(1) as f64;
    let kept = if spread > sampling { 1.0 - sampling / spread } else { 0.0 };
    for j in varying {
        r[*j] = mean + kept * (r[*j] - mean);
    }
    kept
}

/// Slopes along a direction taken from data, calibrated by least squares.
pub(super) fn weighted_by(problem: &Problem<'_>, direction: &[f64], points: Points) -> SchemeFit {
    let mut direction = match points {
        Points::Raw => direction.to_vec(),
        Points::Standardised => standardised(problem, direction),
    };
    for j in &problem.estimability.constant {
        direction[*j] = 0.0;
    }
    let slope = problem.adjusted.slope_on(&direction).unwrap_or(0.0);
    let slopes = direction.iter().map(|d| slope * d).collect();
    problem.finish(Draft { slopes, ..Draft::default() })
}
