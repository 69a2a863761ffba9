//! What a scheme gains out of sample over the calibrated unit total, paired by held-out site.

use super::crossfit::{Entrant, Plan, Space};
use super::panel::Panel;
use super::splits::Splits;
use crate::error::Result;
use crate::job::Control;
use crate::num::special::t_quantile;
use rayon::prelude::*;
use serde::Serialize;

/// Held-out losses of one run of the contest: sums over each site's rows of w (y - prediction)^2.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Losses {
    /// Per scheme and site.
    pub schemes: Vec<Vec<f64>>,
    /// Per site, by intercept and covariates alone.
    pub base: Vec<f64>,
}

impl Losses {
    /// From the predictions in `space`; repeats are averaged.
    pub fn of(panel: &Panel, y: &[f64], space: &Space) -> Self {
        let loss = |row: usize, prediction: f64| panel.weight[row] * (y[row] - prediction).powi(2);
        let by_site = |predictions: &[f64]| -> Vec<f64> {
            let repeats = predictions.chunks_exact(y.len());
            let share = 1.0 / repeats.len() as f64;
            let of_site = |rows: &Vec<usize>| {
                let each = repeats.clone().map(|repeat| rows.iter().map(|r| loss(*r, repeat[*r])).sum::<f64>());
                share * each.sum::<f64>()
            };
            panel.rows.iter().map(of_site).collect()
        };
        Self { schemes: space.predictions.iter().map(|p| by_site(p)).collect(), base: by_site(&space.base) }
    }

    /// Q2 of every scheme: the share of the base's held-out squared error that it removes. `None` when the base makes none.
    pub fn q2(&self) -> Option<Vec<f64>> {
        let base: f64 = self.base.iter().sum();
        (base > 0.0).then(|| self.schemes.iter().map(|losses| 1.0 - losses.iter().sum::<f64>() / base).collect())
    }

    /// Gain of every scheme over scheme `reference`: the difference of their Q2; NaN for schemes that failed in a fold.
    /// `None` when the reference has none.
    pub fn gains(&self, reference: usize) -> Option<Vec<f64>> {
        self.q2().filter(|q2| q2[reference].is_finite()).map(|q2| q2.iter().map(|q| q - q2[reference]).collect())
    }
}

/// An interval for the gain from rerunning the whole nested contest without each site in turn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GainInterval {
    /// Jackknife standard error.
    pub std_error: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// The gain without each site.
    pub without: Vec<f64>,
}

/// What comes of rerunning without each site.
#[derive(Debug, Clone, PartialEq)]
pub struct Reruns {
    /// Per scheme.
    pub intervals: Vec<Option<GainInterval>>,
    /// Per site: the scheme that is best without it, which is what picking the best in the training fold picks.
    pub chosen: Vec<usize>,
}

/// Picking the best scheme, as a rule of its own: chosen without the site that it then predicts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Picked {
    /// Its Q2.
    pub q2: f64,
    /// Q2 minus that of the reference.
    pub gain: f64,
    /// Per site: the scheme that was picked.
    pub chosen: Vec<usize>,
}

impl Picked {
    /// From the schemes chosen without each site and the held-out losses; `None` where the base makes no error.
    pub fn new(chosen: &[usize], losses: &Losses, reference: usize) -> Option<Self> {
        let base: f64 = losses.base.iter().sum();
        let made = |c: &dyn Fn(usize) -> usize| (0..chosen.len()).map(|i| losses.schemes[c(i)][i]).sum::<f64>();
        let q2 = 1.0 - made(&|i| chosen[i]) / base;
        let gain = q2 - (1.0 - made(&|_| reference) / base);
        q2.is_finite().then(|| Self { q2, gain, chosen: chosen.to_vec() })
    }
}

/// The gains of the whole contest without one site; `None` when they are undefined.
pub(super) fn rerun_without(
    panel: &Panel,
    site: usize,
    schemes: &[Entrant],
    splits: &Splits,
    reference: usize,
) -> Result<Option<Vec<f64>>> {
    let part = panel.without(site);
    let plan = Plan::with(&part, schemes, splits.without(site))?;
    let mut space = plan.space();
    plan.predict(&part.outcome, &mut space);
    Ok(Losses::of(&part, &part.outcome, &space).gains(reference))
}

/// Deletes each site, reruns everything (folds, tuning, calibration), and spreads the gains: t on G - 1 degrees of freedom
/// about the jackknife standard error (Efron and Stein 1981, doi:10.1214/aos/1176345462). The jackknife of the paired
/// differences alone would miss that training sets overlap.
///
/// Returns the reruns and one interval per scheme (none for a scheme that failed in a fold of a rerun), or `None` when the job was
/// cancelled or a rerun is undefined.
pub fn delete_one_site(
    panel: &Panel,
    schemes: &[Entrant],
    splits: &Splits,
    reference: usize,
    gains: &[f64],
    confidence_level: f64,
    control: &Control,
) -> Result<Option<Reruns>> {
    let sites = panel.sites();
    let reruns: Vec<Option<Vec<f64>>> = (0..sites)
        .into_par_iter()
        .map(|site| {
            if control.is_cancelled() {
                return Ok(None);
            }
            let found = rerun_without(panel, site, schemes, splits, reference)?;
            control.advance(1);
            Ok(found)
        })
        .collect::<Result<_>>()?;
    let Some(reruns) = reruns.into_iter().collect::<Option<Vec<_>>>() else { return Ok(None) };
    let quantile = quantile(confidence_level, sites);
    let interval = |c: usize| {
        let without: Vec<f64> = reruns.iter().map(|gains| gains[c]).collect();
        let defined = gains[c].is_finite() && without.iter().all(|gain| gain.is_finite());
        defined.then(|| GainInterval::new(gains[c], without, quantile))
    };
    let intervals = (0..schemes.len()).map(interval).collect();
    let chosen = reruns.iter().map(|gains| best(gains, reference)).collect();
    Ok(Some(Reruns { intervals, chosen }))
}

/// The scheme with the largest gain; the reference where none gains.
pub(super) fn best(gains: &[f64], reference: usize) -> usize {
    let better = |best: usize, c: usize| if gains[c] > gains[best] + 1e-12 { c } else { best };
    (0..gains.len()).filter(|c| gains[*c].is_finite()).fold(reference, better)
}

/// The quantile of t on `sites` - 1 degrees of freedom that the interval reaches to.
pub(super) fn quantile(confidence_level: f64, sites: usize) -> f64 {
    t_quantile(f64::midpoint(1.0, confidence_level), (sites - 1) as f64)
}

impl GainInterval {
    pub(super) fn new(gain: f64, without: Vec<f64>, quantile: f64) -> Self {
        let sites = without.len() as f64;
        let mean = without.iter().sum::<f64>() / sites;
        let spread: f64 = without.iter().map(|gain| (gain - mean).powi(2)).sum();
        let std_error = ((sites - 1.0) / sites * spread).sqrt();
        Self { std_error, low: gain - quantile * std_error, high: gain + quantile * std_error, without }
    }
}
