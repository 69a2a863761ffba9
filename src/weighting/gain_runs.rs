//! What contests of simulated studies find of the gains, and with which intervals: for studying how often these hold the truth.
//!
//! Held-out losses are unbiased for what the rule loses that was trained on one site less. Their means over many runs therefore
//! give the true gain, (mean loss of the reference - mean loss of the scheme) / mean loss of the base.

use super::contest::{Protocol, check, on_complete_scores};
use super::crossfit::Plan;
use super::gain::{Losses, quantile};
use super::null::Null;
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
    let splits = protocol.validation.splits(panel.sites(), Seed(protocol.seed))?;
    let plan = Plan::with(panel, &protocol.schemes, splits.clone())?;
    let weight: f64 = panel.weight.iter().sum();
    let mean = |losses: &Vec<f64>| losses.iter().sum::<f64>() / weight;
    let run = |losses: &Losses, intervals| GainRun {
        losses: losses.schemes.iter().map(mean).collect(),
        base: mean(&losses.base),
        intervals,
    };
    let schemes = 0..protocol.schemes.len();
    if !intervals {
        let mut space = plan.space();
        plan.predict(&panel.outcome, &mut space);
        let losses = Losses::of(panel, &panel.outcome, &space);
        return Ok(Some(run(&losses, schemes.map(|_| None).collect())));
    }
    let model = Null::fit(panel, &plan.whole_weights(protocol.reference)?, protocol.trials.as_deref())?;
    // Progress counts runs here, not what is within one.
    let evidence = on_complete_scores(panel, &plan, &splits, model.as_ref(), protocol, &Control::new())?;
    let reach = quantile(protocol.confidence_level, panel.sites());
    let ends = |c: usize| evidence.interval(c, reach).map(|own| (own.low, own.high));
    Ok((!control.is_cancelled()).then(|| run(&evidence.losses, schemes.map(ends).collect())))
}
