//! Binding of the contest and its planner: long calls.

use super::convert::{from_json, to_python};
use super::door::long_call;
use super::scale::scale_of;
use super::study::cells;
use crate::error::{Result, input};
use crate::job::Control;
use crate::parallel::Threads;
use crate::stream::Seed;
use crate::weighting::bootstrap::bootstrap_gains;
use crate::weighting::contest::{Protocol, run};
use crate::weighting::crossfit::Plan;
use crate::weighting::gain::Losses;
use crate::weighting::gain_runs::gain_run;
use crate::weighting::imputed::{self, Gaps};
use crate::weighting::panel::Panel;
use crate::weighting::power::shown_better;
use crate::weighting::scores::concordance;
use crate::weighting::simulated::Point;
use crate::weighting::test_runs::test_run;
use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use serde::Serialize;
use std::num::NonZeroUsize;

fn panel_of(
    protocol: &Protocol,
    items: &PyReadonlyArray2<'_, f64>,
    covariates: &PyReadonlyArray2<'_, f64>,
    outcome: &PyReadonlyArray1<'_, f64>,
    weight: &PyReadonlyArray1<'_, f64>,
    site_of: &PyReadonlyArray1<'_, i64>,
) -> PyResult<Panel> {
    let site_of: Vec<usize> = site_of.as_array().iter().map(|v| usize::try_from(*v).unwrap_or(0)).collect();
    let (outcome, weight) = (outcome.as_array().to_vec(), weight.as_array().to_vec());
    let panel = Panel::new(items.as_array(), covariates.as_array(), outcome, weight, &site_of)?;
    Ok(panel.with_trials(protocol.trials.clone())?)
}

/// Runs a weighting contest, or reruns it: `work` is "contest", "concordance" or "bootstrap". Returns `(result, interrupted)`.
/// `protocol` is JSON; items n x p, covariates n x q, the rest of length n, `site_of` numbering sites from 0.
#[pyfunction]
#[pyo3(signature = (work, protocol, items, covariates, outcome, weight, site_of, threads, progress=None))]
#[expect(clippy::too_many_arguments, reason = "one argument per array")]
pub(super) fn contest_run(
    py: Python<'_>,
    work: &str,
    protocol: &str,
    items: PyReadonlyArray2<'_, f64>,
    covariates: PyReadonlyArray2<'_, f64>,
    outcome: PyReadonlyArray1<'_, f64>,
    weight: PyReadonlyArray1<'_, f64>,
    site_of: PyReadonlyArray1<'_, i64>,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Py<PyAny>, bool)> {
    let protocol: Protocol = from_json("contest protocol", protocol)?;
    let panel = panel_of(&protocol, &items, &covariates, &outcome, &weight, &site_of)?;
    let threads = Threads::new(NonZeroUsize::new(threads));
    match work {
        "contest" => {
            let (found, stopped) =
                long_call(py, progress, |control| threads.run(|| run(&panel, &protocol, control))?)?;
            Ok((to_python(py, &found)?, stopped))
        }
        "concordance" => {
            let trials = protocol.trials.as_deref();
            let all = |control: &Control| threads.run(|| concordance(&panel, &protocol.schemes, trials, control))?;
            let (found, stopped) = long_call(py, progress, all)?;
            Ok((to_python(py, &found)?, stopped))
        }
        "bootstrap" => {
            let all = |control: &Control| threads.run(|| bootstrap(&panel, &protocol, control))?;
            let (found, stopped) = long_call(py, progress, all)?;
            Ok((to_python(py, &found)?, stopped))
        }
        _ => Err(crate::error::Error::from(input("work not known").got(work)).into()),
    }
}

/// Gains in the study itself and over resamples; undefined ones are `None`.
#[derive(Serialize)]
struct Bootstrapped {
    estimate: Vec<Option<f64>>,
    gains: Vec<Vec<Option<f64>>>,
}

fn bootstrap(panel: &Panel, protocol: &Protocol, control: &Control) -> Result<Bootstrapped> {
    let seed = Seed(protocol.seed);
    let splits = protocol.validation.splits(panel.sites(), seed)?;
    let plan = Plan::with(panel, &protocol.schemes, splits)?;
    let mut space = plan.space();
    plan.predict(&panel.outcome, &mut space);
    let (schemes, reference) = (&protocol.schemes, protocol.reference);
    let own = Losses::of(panel, &panel.outcome, &space).gains(reference);
    let gains = bootstrap_gains(panel, schemes, reference, &protocol.validation, protocol.n_resamples, seed, control)?;
    let defined = |row: Vec<f64>| row.into_iter().map(|gain| gain.is_finite().then_some(gain)).collect();
    Ok(Bootstrapped {
        estimate: own.map_or_else(|| vec![None; schemes.len()], defined),
        gains: gains.into_iter().map(defined).collect(),
    })
}

/// The contest on scores with gaps (n x all items of the scale, NaN where missing), imputed inside the folds; `columns` are the
/// items in the contest. Returns `((contest, pooled gains), interrupted)`.
#[pyfunction]
#[pyo3(signature = (protocol, scale, scores, columns, copies, items, covariates, outcome, weight, site_of, threads, progress=None))]
#[expect(clippy::too_many_arguments, reason = "one argument per array")]
pub(super) fn contest_run_imputed(
    py: Python<'_>,
    protocol: &str,
    scale: &str,
    scores: PyReadonlyArray2<'_, f64>,
    columns: Vec<usize>,
    copies: u64,
    items: PyReadonlyArray2<'_, f64>,
    covariates: PyReadonlyArray2<'_, f64>,
    outcome: PyReadonlyArray1<'_, f64>,
    weight: PyReadonlyArray1<'_, f64>,
    site_of: PyReadonlyArray1<'_, i64>,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Py<PyAny>, bool)> {
    let protocol: Protocol = from_json("contest protocol", protocol)?;
    let panel = panel_of(&protocol, &items, &covariates, &outcome, &weight, &site_of)?;
    let scale = scale_of(scale)?;
    let values = cells(&scores, panel.outcome.len(), scale.items.len())?.to_vec();
    let gaps = Gaps { scale, values, columns, copies, seed: Seed(protocol.seed) };
    let threads = Threads::new(NonZeroUsize::new(threads));
    let (found, interrupted) =
        long_call(py, progress, |control| threads.run(|| imputed::run(&panel, &gaps, &protocol, control))?)?;
    Ok((to_python(py, &found)?, interrupted))
}

/// Simulates studies at one point and puts each through its contest: `work` is "power" (what is shown), "tests" (of equal slopes),
/// "gains" (held-out losses) or "intervals" (the same with intervals of the gains). Returns `(runs, interrupted)`. `point` is JSON.
#[pyfunction]
#[pyo3(signature = (work, point, threads, progress=None))]
pub(super) fn contest_simulate(
    py: Python<'_>,
    work: &str,
    point: &str,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Py<PyAny>, bool)> {
    let point: Point = from_json("point of a simulation", point)?;
    let threads = Threads::new(NonZeroUsize::new(threads));
    let gains =
        |panel: &Panel, protocol: &Protocol, control: &Control| gain_run(panel, protocol, work == "intervals", control);
    match work {
        "power" => {
            let (runs, stopped) =
                long_call(py, progress, |control| threads.run(|| point.each(control, shown_better))?)?;
            Ok((to_python(py, &runs)?, stopped))
        }
        "tests" => {
            let (runs, stopped) = long_call(py, progress, |control| threads.run(|| point.each(control, test_run))?)?;
            Ok((to_python(py, &runs)?, stopped))
        }
        "gains" | "intervals" => {
            let (runs, stopped) = long_call(py, progress, |control| threads.run(|| point.each(control, gains))?)?;
            Ok((to_python(py, &runs)?, stopped))
        }
        _ => Err(crate::error::Error::from(input("work not known").got(work)).into()),
    }
}
