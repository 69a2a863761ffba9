//! Binding of the contest and its planner: long calls.

use super::convert::{from_json, to_python};
use super::door::long_call;
use crate::parallel::Threads;
use crate::weighting::contest::{Protocol, run};
use crate::weighting::panel::Panel;
use crate::weighting::power::{Point, power};
use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use std::num::NonZeroUsize;

/// Runs a weighting contest; returns `(contest, interrupted)`. `protocol` is JSON; items n x p, covariates n x q, the
/// rest of length n, `site_of` numbering sites from 0.
#[pyfunction]
#[pyo3(signature = (protocol, items, covariates, outcome, weight, site_of, threads, progress=None))]
#[expect(clippy::too_many_arguments, reason = "one argument per array")]
pub(super) fn contest_run(
    py: Python<'_>,
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
    let site_of: Vec<usize> = site_of.as_array().iter().map(|v| usize::try_from(*v).unwrap_or(0)).collect();
    let panel = Panel::new(
        items.as_array(),
        covariates.as_array(),
        outcome.as_array().to_vec(),
        weight.as_array().to_vec(),
        &site_of,
    )?;
    let threads = Threads::new(NonZeroUsize::new(threads));
    let (contest, interrupted) = long_call(py, progress, |control| threads.run(|| run(&panel, &protocol, control))?)?;
    Ok((to_python(py, &contest)?, interrupted))
}

/// Runs one point of a power curve; returns `(runs, interrupted)`. `point` is JSON.
#[pyfunction]
#[pyo3(signature = (point, threads, progress=None))]
pub(super) fn contest_power(
    py: Python<'_>,
    point: &str,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Py<PyAny>, bool)> {
    let point: Point = from_json("point of a power curve", point)?;
    let threads = Threads::new(NonZeroUsize::new(threads));
    let (runs, interrupted) = long_call(py, progress, |control| threads.run(|| power(&point, control))?)?;
    Ok((to_python(py, &runs)?, interrupted))
}
