//! What a scheme gains out of sample over the calibrated unit total, paired by held-out site.

use super::crossfit::{Entrant, Plan, Space};
use super::pairs::{PairLoss, PairLosses, batches, leave_out};
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
    /// Jackknife standard error, or the gain's standard deviation under equal weights where that is larger.
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

/// Deletes each site, reruns everything (folds, tuning, calibration), and spreads the gains: t on G - 1 degrees of freedom
/// about the jackknife standard error (Efron and Stein 1981, doi:10.1214/aos/1176345462). The jackknife of the paired
/// differences alone would miss that training sets overlap. Leaving one site out, a rerun shares its folds with the others
/// (the file `pairs.rs`).
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
    let reruns = if splits.is_leave_one_site_out() {
        by_pairs(panel, schemes, splits, reference, control)?
    } else {
        one_by_one(panel, schemes, splits, reference, control)?
    };
    let Some(reruns) = reruns else { return Ok(None) };
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

/// The gains without each site, each rerun by itself; `None` when cancelled or undefined.
pub fn one_by_one(
    panel: &Panel,
    schemes: &[Entrant],
    splits: &Splits,
    reference: usize,
    control: &Control,
) -> Result<Option<Vec<Vec<f64>>>> {
    let rerun = |site: usize| {
        if control.is_cancelled() {
            return Ok(None);
        }
        let found = rerun_without(panel, site, schemes, splits, reference)?;
        control.advance(1);
        Ok(found)
    };
    (0..panel.sites()).into_par_iter().map(rerun).collect()
}

/// The same where each site is held out alone.
fn by_pairs(
    panel: &Panel,
    schemes: &[Entrant],
    splits: &Splits,
    reference: usize,
    control: &Control,
) -> Result<Option<Vec<Vec<f64>>>> {
    let (sites, every) = (panel.sites(), (0..schemes.len()).collect::<Vec<_>>());
    let mut table = PairLosses::new(sites, schemes.len());
    let run = |pairs: Vec<[usize; 2]>| {
        if control.is_cancelled() {
            return Ok(None);
        }
        let found = leave_out(panel, schemes, splits, &pairs)?;
        // A site counts as done with its first pair; the last site is in no pair's first place.
        let done = pairs.windows(2).filter(|two| two[0][0] != two[1][0]).count() + 1;
        control.advance(done as u64);
        Ok(Some(found))
    };
    let found: Vec<Option<Vec<PairLoss>>> = batches(sites).into_par_iter().map(run).collect::<Result<_>>()?;
    let Some(found) = found.into_iter().collect::<Option<Vec<_>>>() else { return Ok(None) };
    control.advance(1);
    for batch in &found {
        table.enter(batch, &every);
    }
    Ok((0..sites).map(|site| table.gains_without(site, reference)).collect())
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

    /// The same interval, at least as wide as a standard error of `floor` makes it; one that is not a number changes nothing.
    ///
    /// A rule whose penalty sits at its limit in nearly all reruns has hardly any jackknife error, although on other sites it would
    /// have learnt weights and lost by them. How the gain spreads under equal weights is known from the null replicates: no
    /// interval is narrower than that.
    #[must_use]
    pub(super) fn no_narrower(mut self, floor: f64, quantile: f64) -> Self {
        if floor > self.std_error {
            let middle = f64::midpoint(self.low, self.high);
            self.std_error = floor;
            (self.low, self.high) = (middle - quantile * floor, middle + quantile * floor);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_under_equal_weights_is_the_least_error() {
        let still = GainInterval::new(0.125, vec![0.125; 12], 2.0);
        assert_eq!((still.std_error, still.low, still.high), (0.0, 0.125, 0.125));
        let widened = still.clone().no_narrower(0.0625, 2.0);
        assert_eq!((widened.std_error, widened.low, widened.high), (0.0625, 0.0, 0.25));
        assert_eq!(widened.clone().no_narrower(0.05, 2.0), widened);
        assert_eq!(still.clone().no_narrower(f64::NAN, 2.0), still, "no replicates, no floor");
    }
}
