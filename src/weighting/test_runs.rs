//! What the tests of equal slopes say of simulated studies: for studying their size and power beside the verdict's.

use super::contest::{Protocol, check};
use super::crossfit::Plan;
use super::equal_slopes::{equal_slopes, slope_scatter};
use super::null::Null;
use super::panel::Panel;
use crate::error::Result;
use crate::job::Control;
use crate::stream::Seed;
use serde::Serialize;

/// The p-values of one study; none where a test is not defined.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TestRun {
    /// Of the F test.
    pub equal_slopes: Option<f64>,
    /// Of the score test of slopes that scatter.
    pub scatter: Option<f64>,
}

/// Runs both tests on one study, as the contest does beside its schemes.
pub fn test_run(panel: &Panel, protocol: &Protocol, control: &Control) -> Result<Option<TestRun>> {
    check(protocol, panel.outcome.len())?;
    let reference = [protocol.schemes[protocol.reference].clone()];
    let weights = Plan::new(panel, &reference)?.whole_weights(0)?;
    let model = Null::fit(panel, &weights, protocol.trials.as_deref())?;
    let free = equal_slopes(&panel.moments(&panel.outcome, &[])?.adjusted(), panel)?;
    let mut scatter = None;
    if protocol.trials.is_none() || model.is_some() {
        let seed = Seed(protocol.seed);
        scatter = slope_scatter(panel, model.as_ref(), protocol.n_resamples, seed, control)?;
    }
    let run = TestRun { equal_slopes: free.map(|test| test.p_value), scatter: scatter.map(|test| test.p_value) };
    Ok((!control.is_cancelled()).then_some(run))
}
