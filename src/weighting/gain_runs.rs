//! What contests of simulated studies find of the gains, and with which intervals: for studying how often these hold the truth.
//!
//! Held-out losses are unbiased for what the rule loses that was trained on one site less. Their means over many runs therefore
//! give the true gain, (mean loss of the reference - mean loss of the scheme) / mean loss of the base.

use super::contest::{Protocol, check};
use super::crossfit::Plan;
use super::gain::{Losses, delete_one_site, quantile};
use super::null::{Null, deviation, null_gains};
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

/// Runs the contest of one study; the intervals are the dear part, and left out unless wanted.
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
    // Progress counts runs here, not what is within one.
    let (level, quiet) = (protocol.confidence_level, Control::new());
    let reruns = delete_one_site(panel, schemes, &splits, *reference, &gains, level, &quiet)?;
    let model = Null::fit(panel, &plan.whole_weights(*reference)?, protocol.trials.as_deref())?;
    let (Some(reruns), Some(model)) = (reruns, model) else { return Ok(Some(run)) };
    let (replicates, bands, seed) = (protocol.n_resamples, &protocol.bands, Seed(protocol.seed));
    let null = null_gains(panel, &plan, &model, *reference, replicates, seed, bands, &quiet)?;
    let reach = quantile(level, panel.sites());
    run.intervals = reruns
        .intervals
        .into_iter()
        .zip(&null.gains)
        .map(|(own, gains)| own.map(|own| own.no_narrower(deviation(gains), reach)))
        .map(|own| own.map(|own| (own.low, own.high)))
        .collect();
    Ok((!control.is_cancelled()).then_some(run))
}
