//! Choosing a penalty by leaving one site out. The folds are handed in, so that a contest can nest this inside its own.

use super::finish::SchemeFit;
use super::{Scheme, Setting};
use crate::error::Result;
use crate::regress::{CrossMoments, ridge::penalty_grid};
use serde::{Deserialize, Serialize};

/// Penalties per tuning: eight orders of magnitude at five a decade, finer than any optimum with few sites is sharp.
const STEPS: usize = 41;

/// What one left-out site is predicted from, and what it is.
#[derive(Debug, Clone)]
pub struct Fold {
    /// Moments of the other sites.
    pub train: CrossMoments,
    /// Moments of the site that was left out.
    pub held: CrossMoments,
}

/// The choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tuned {
    /// The chosen penalty; infinity where the target alone predicts best.
    pub penalty: f64,
    /// The penalties that were tried, rising.
    pub penalties: Vec<f64>,
    /// Weighted mean squared error over the left-out sites, per penalty.
    pub errors: Vec<f64>,
}

/// The penalties to try on these data: a grid, and infinity where the scheme has a target.
pub fn grid(data: &CrossMoments, to_target: bool) -> Vec<f64> {
    let mut grid = penalty_grid(&data.adjusted(), STEPS);
    if to_target {
        grid.push(f64::INFINITY);
    }
    grid
}

/// Tries each penalty on each fold and takes the one with the smallest squared error; of equals, the strongest.
///
/// With `calibrate`, the direction is what is judged: slope and intercept of the score are fitted anew in the training
/// fold, as a contest does with every scheme, so that shrinking alone wins nothing.
pub fn leave_one_out(
    scheme: &Scheme,
    setting: &Setting,
    penalties: &[f64],
    folds: impl IntoIterator<Item = Fold>,
    calibrate: bool,
) -> Result<Tuned> {
    let mut errors = vec![0.0; penalties.len()];
    let (mut weight, mut null) = (0.0, 0.0);
    for fold in folds {
        weight += fold.held.weight;
        null += fold.held.squared_error(fold.train.outcome_mean, &vec![0.0; fold.held.means.len()]);
        let fits = scheme.fit_path(&fold.train, setting, penalties)?;
        for (error, fit) in errors.iter_mut().zip(&fits) {
            *error += held_out_error(fit, &fold, calibrate);
        }
    }
    for error in &mut errors {
        *error /= weight;
    }
    let round_off = 1e-14 * null / weight;
    let mut best = 0;
    for k in 1..errors.len() {
        if errors[k] <= errors[best] * (1.0 + 1e-12) + round_off {
            best = k;
        }
    }
    Ok(Tuned { penalty: penalties.get(best).copied().unwrap_or(0.0), penalties: penalties.to_vec(), errors })
}

/// Squared error of a fit on the site that was left out.
fn held_out_error(fit: &SchemeFit, fold: &Fold, calibrate: bool) -> f64 {
    let (slopes, covariates, intercept) = if calibrate {
        calibrated(&fit.weights, &fold.train)
    } else {
        (fit.slopes.clone(), fit.covariates.clone(), fit.intercept)
    };
    let coefficients: Vec<f64> = slopes.into_iter().chain(covariates).collect();
    fold.held.squared_error(intercept, &coefficients)
}

/// Slopes, covariate coefficients and intercept of the score with these weights, by least squares on `train`. A score
/// that does not vary there gets slope zero.
pub fn calibrated(weights: &[f64], train: &CrossMoments) -> (Vec<f64>, Vec<f64>, f64) {
    let slope = train.adjusted().slope_on(weights).unwrap_or(0.0);
    let slopes: Vec<f64> = weights.iter().map(|w| slope * w).collect();
    let covariates = train.covariate_coefficients(&slopes);
    let p = train.items;
    let intercept = train.outcome_mean
        - crate::linalg::dot(&train.means[..p], &slopes)
        - crate::linalg::dot(&train.means[p..], &covariates);
    (slopes, covariates, intercept)
}
