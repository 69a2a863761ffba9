//! What contests of simulated studies find of the gains, and with which intervals: for studying how often these hold the truth.
//!
//! Held-out losses are unbiased for what the rule loses that was trained on one site less. Their means over many runs therefore
//! give the true gain, (mean loss of the reference - mean loss of the scheme) / mean loss of the base.

use super::contest::{Protocol, check};
use super::crossfit::Plan;
use super::gain::{GainInterval, Losses, quantile, rerun_without};
use super::panel::Panel;
use crate::error::Result;
use crate::job::Control;
use crate::stream::Seed;
use serde::Serialize;

/// What the contest of one study found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GainRun {
    /// Held-out loss per scheme, per unit of weight; NaN where it failed in a fold.
    pub losses: Vec<f64>,
    /// Of intercept and covariates alone.
    pub base: f64,
    /// Per scheme: both ends of the interval of its gain, where there is one.
    pub intervals: Vec<Option<(f64, f64)>>,
}

/// Runs the contest of one study without a null; the intervals are the dear part, and left out unless wanted.
pub fn gain_run(panel: &Panel, protocol: &Protocol, intervals: bool, control: &Control) -> Result<Option<GainRun>> {
    check(protocol, panel.outcome.len())?;
    let Protocol { schemes, reference, .. } = protocol;
    let splits = protocol.validation.splits(panel.sites(), Seed(protocol.seed))?;
    let plan = Plan::with(panel, schemes, splits.clone())?;
    let mut space = plan.space();
    plan.predict(&panel.outcome, &mut space);
    let losses = Losses::of(panel, &panel.outcome, &space);
    let weight: f64 = panel.weight.iter().sum();
    let mean = |losses: &Vec<f64>| losses.iter().sum::<f64>() / weight;
    let mut run = GainRun {
        losses: losses.schemes.iter().map(mean).collect(),
        base: mean(&losses.base),
        intervals: vec![None; schemes.len()],
    };
    let Some(gains) = losses.gains(*reference).filter(|_| intervals) else { return Ok(Some(run)) };
    let quantile = quantile(protocol.confidence_level, panel.sites());
    let mut without = Vec::with_capacity(panel.sites());
    for site in 0..panel.sites() {
        if control.is_cancelled() {
            return Ok(None);
        }
        let Some(found) = rerun_without(panel, site, schemes, &splits, *reference)? else { return Ok(Some(run)) };
        without.push(found);
    }
    for (c, ends) in run.intervals.iter_mut().enumerate() {
        let own: Vec<f64> = without.iter().map(|gains| gains[c]).collect();
        let defined = gains[c].is_finite() && own.iter().all(|gain| gain.is_finite());
        let found = GainInterval::new(gains[c], own, quantile);
        *ends = defined.then_some((found.low, found.high));
    }
    Ok(Some(run))
}
