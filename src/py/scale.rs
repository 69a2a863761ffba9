//! Scales: read, changed, scored.

use super::convert::{from_json, to_python};
use crate::data::study::check_review;
use crate::error::Result;
use crate::scale::{Scale, change::Changes, file::Format, shipped};
use pyo3::prelude::*;

/// The scale that Python holds as JSON text.
pub(super) fn scale_of(text: &str) -> Result<Scale> {
    Scale::read(text, Format::Json)
}

#[pyfunction]
pub(super) fn scale_ids() -> Vec<&'static str> {
    shipped::available()
}

#[pyfunction]
pub(super) fn scale_shipped(py: Python<'_>, id: &str) -> PyResult<Py<PyAny>> {
    to_python(py, &shipped::load(id)?)
}

#[pyfunction]
pub(super) fn scale_read(py: Python<'_>, text: &str, toml: bool) -> PyResult<Py<PyAny>> {
    to_python(py, &Scale::read(text, if toml { Format::Toml } else { Format::Json })?)
}

#[pyfunction]
pub(super) fn scale_replace(py: Python<'_>, scale: &str, changes: &str) -> PyResult<Py<PyAny>> {
    let changes: Changes = from_json("changes to a scale", changes)?;
    to_python(py, &scale_of(scale)?.replace(&changes)?)
}

#[pyfunction]
pub(super) fn scale_band(scale: &str, total: f64) -> PyResult<Option<String>> {
    Ok(scale_of(scale)?.band(total).map(str::to_owned))
}

#[pyfunction]
pub(super) fn scale_total(py: Python<'_>, scale: &str, scores: Vec<f64>) -> PyResult<(Py<PyAny>, Vec<Option<f64>>)> {
    let scale = scale_of(scale)?;
    let row = check_review(&scale, &scores)?;
    let sums = scale.subscales.iter().map(|subscale| scale.subscale_sum(&row, subscale)).collect();
    Ok((to_python(py, &scale.total(&row))?, sums))
}
