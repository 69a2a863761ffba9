//! Fidelity and gaps.

use super::convert::to_python;
use super::door::long_call;
use super::scale::scale_of;
use super::study::cells;
use crate::describe::{fidelity::describe, gaps::gaps};
use crate::error::{Result, input};
use crate::resample::splits::SplitOptions;
use crate::scale::Scale;
use crate::stream::Seed;
use numpy::PyReadonlyArray2;
use pyo3::prelude::*;

fn rows<'a>(scale: &Scale, scores: &'a PyReadonlyArray2<'_, f64>) -> Result<&'a [f64]> {
    cells(scores, scores.as_array().nrows(), scale.items.len())
}

#[pyfunction]
pub(super) fn fidelity_describe(py: Python<'_>, scale: &str, scores: PyReadonlyArray2<'_, f64>) -> PyResult<Py<PyAny>> {
    let scale = scale_of(scale)?;
    to_python(py, &describe(&scale, rows(&scale, &scores)?))
}

#[pyfunction]
#[pyo3(signature = (scale, scores, group, n_resamples, limit, seed, progress=None))]
#[allow(clippy::too_many_arguments)]
pub(super) fn fidelity_gaps(
    py: Python<'_>,
    scale: &str,
    scores: PyReadonlyArray2<'_, f64>,
    group: Vec<Option<bool>>,
    n_resamples: u64,
    limit: u64,
    seed: u64,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Py<PyAny>, bool)> {
    let scale = scale_of(scale)?;
    let values = rows(&scale, &scores)?.to_vec();
    if group.len() * scale.items.len() != values.len() {
        return Err(crate::error::Error::from(input("one group per site is needed").got(group.len())).into());
    }
    let options = SplitOptions { n_resamples, limit, seed: Seed(seed) };
    let (result, interrupted) =
        long_call(py, progress, |control| gaps(&scale, &describe(&scale, &values), &values, &group, options, control))?;
    Ok((to_python(py, &result)?, interrupted))
}
