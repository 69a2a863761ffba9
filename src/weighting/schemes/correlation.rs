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
    /// What the weights apply to: standardised items as in the source (the first partial-least-squares direction), or raw
    /// points.
    pub points: Points,
}

impl Default for Correlation {
    fn default() -> Self {
        Self { non_negative: false, points: Points::Standardised }
    }
}

impl Correlation {
    pub(super) fn fit(&self, problem: &Problem<'_>) -> SchemeFit {
        let mut r = correlations(problem);
        if self.non_negative {
            r = r.into_iter().map(|r| r.max(0.0)).collect();
        }
        weighted_by(problem, &r, self.points)
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
