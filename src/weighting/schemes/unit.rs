//! Equal weights: the plain total (Dawes 1979, doi:10.1037/0003-066X.34.7.571), or the total of standardised items.

use super::Points;
use super::finish::{Draft, Problem, SchemeFit, Status};
use serde::{Deserialize, Serialize};

/// Every item weighs the same, on raw points (the fidelity total) or on standardised ones.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Unit {
    /// What the equal weights apply to.
    pub points: Points,
}

impl Unit {
    pub(super) fn fit(&self, problem: &Problem<'_>) -> SchemeFit {
        let p = problem.whole.items;
        let weights = match self.points {
            Points::Raw => vec![1.0; p],
            Points::Standardised => standardised(problem, &vec![1.0; p]),
        };
        let mut fit = fixed(problem, weights);
        if fit.status == Status::SameAsUnit {
            fit.status = Status::Ok;
        }
        fit
    }
}

/// Turns weights on standardised items into weights on raw points; constant items take the mean factor, since they have no
/// standard deviation.
pub(super) fn standardised(problem: &Problem<'_>, weights: &[f64]) -> Vec<f64> {
    let varying = problem.varying();
    let factor = |j: usize| (problem.whole.weight / problem.whole.gram[[j, j]]).sqrt();
    let mean = varying.iter().map(|j| factor(*j)).sum::<f64>() / varying.len().max(1) as f64;
    (0..weights.len()).map(|j| weights[j] * if varying.contains(&j) { factor(j) } else { mean }).collect()
}

/// A scheme whose weights are given: only the slope of the score is fitted.
pub(super) fn fixed(problem: &Problem<'_>, weights: Vec<f64>) -> SchemeFit {
    let Some(slope) = problem.adjusted.slope_on(&weights) else {
        let mut fit = problem.blank(Status::Undefined, "the score does not vary between sites, so it has no slope");
        (fit.weights, fit.signed) = super::finish::scaled(&weights);
        return fit;
    };
    if slope == 0.0 {
        let reason = "the outcome does not vary with the score, so its slope is zero";
        let mut fit = problem.blank(Status::Undefined, reason);
        (fit.weights, fit.signed) = super::finish::scaled(&weights);
        return fit;
    }
    let slopes = weights.iter().map(|w| slope * w).collect();
    problem.finish(Draft { slopes, weights: Some(weights), status: None, ..Draft::default() })
}
