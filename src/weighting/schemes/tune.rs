//! Choosing a penalty by leaving one site out. The folds are handed in, so that a contest can nest this inside its own.

use super::finish::SchemeFit;
use super::rows::Tuning;
use super::{Scheme, Setting};
use crate::error::{Result, input};
use crate::regress::{CrossMoments, RidgePath, ridge::penalty_grid};
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
    /// What was minimised, per penalty: mean squared error over left-out sites, the GCV score, or the restricted deviance.
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
        let paths = if calibrate { None } else { scheme.slope_path(&fold.train, setting, penalties)? };
        if let Some(slopes) = paths {
            for (error, slopes) in errors.iter_mut().zip(slopes) {
                *error += slopes_error(slopes, &fold);
            }
            continue;
        }
        let fits = scheme.fit_path(&fold.train, setting, penalties)?;
        for (error, fit) in errors.iter_mut().zip(&fits) {
            *error += held_out_error(fit, &fold, calibrate);
        }
    }
    for error in &mut errors {
        *error /= weight;
    }
    let best = strongest_of_best(&errors, 1e-14 * null / weight);
    Ok(Tuned { penalty: penalties.get(best).copied().unwrap_or(0.0), penalties: penalties.to_vec(), errors })
}

/// The place of the smallest error; of those that round-off cannot tell apart the last, which has the strongest penalty.
pub(in crate::weighting) fn strongest_of_best(errors: &[f64], round_off: f64) -> usize {
    let mut best = 0;
    for k in 1..errors.len() {
        if errors[k] <= errors[best] * (1.0 + 1e-12) + round_off {
            best = k;
        }
    }
    best
}

/// Squared error of slopes on the site that was left out, intercept and covariates from the others.
fn slopes_error(slopes: Vec<f64>, fold: &Fold) -> f64 {
    let (train, p) = (&fold.train, fold.train.items);
    let covariates = train.covariate_coefficients(&slopes);
    let intercept = train.outcome_mean
        - crate::linalg::dot(&train.means[..p], &slopes)
        - crate::linalg::dot(&train.means[p..], &covariates);
    let coefficients: Vec<f64> = slopes.into_iter().chain(covariates).collect();
    fold.held.squared_error(intercept, &coefficients)
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

/// Chooses among `penalties` by generalised cross-validation or restricted maximum likelihood: both need only the spectrum
/// of a ridge path, so they are defined for ridge and shrinkage to a target.
pub fn in_closed_form(scheme: &Scheme, data: &CrossMoments, penalties: &[f64], tuning: Tuning) -> Result<Tuned> {
    let target = match scheme {
        Scheme::Ridge(_) => None,
        Scheme::Shrink(shrink) => Some(shrink.varying_target(&data.adjusted())?),
        _ => {
            return Err(input("tuning not defined for this scheme")
                .got(scheme.name())
                .allowed("ridge or shrink to target")
                .remedy("Use tuning=\"leave-one-site-out\".")
                .into());
        }
    };
    let adjusted = data.adjusted();
    let free = 1 + data.covariates() + usize::from(target.is_some());
    let left = data.units.saturating_sub(free);
    if left < 2 {
        return Err(input("too few sites for this tuning")
            .got(data.units)
            .allowed(format!("{} or more", free + 2))
            .into());
    }
    let Some(path) = RidgePath::new(&adjusted, target.as_deref())? else {
        return Ok(Tuned { penalty: f64::INFINITY, penalties: penalties.to_vec(), errors: vec![0.0; penalties.len()] });
    };
    let errors: Vec<f64> = penalties
        .iter()
        .map(|penalty| match tuning {
            Tuning::Reml => path.restricted_deviance(&adjusted, *penalty, left),
            Tuning::Gcv | Tuning::LeaveOneSiteOut | Tuning::TenFold => {
                let n = data.units as f64;
                let used = 1.0 + data.covariates() as f64 + path.degrees_of_freedom(*penalty);
                let slopes = path.slopes(*penalty);
                let rss = adjusted
                    .squared_error(adjusted.outcome_mean - crate::linalg::dot(&adjusted.means, &slopes), &slopes);
                (rss / n) / (1.0 - used / n).max(1e-12).powi(2)
            }
        })
        .collect();
    let best = (0..errors.len()).fold(0, |best, k| if errors[k] <= errors[best] { k } else { best });
    Ok(Tuned { penalty: penalties.get(best).copied().unwrap_or(0.0), penalties: penalties.to_vec(), errors })
}
