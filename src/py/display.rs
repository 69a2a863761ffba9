//! Binding of `display`: JSON in, JSON or plain objects out.

use super::convert;
use crate::display::{self, Display, Finding, Lens, Spec};
use crate::error::Error;
use pyo3::prelude::*;

/// Builds a display from its spec; returns its JSON.
#[pyfunction]
pub(super) fn display_build(spec: &str) -> PyResult<String> {
    let spec: Spec = convert::from_json("joint display", spec)?;
    Ok(written(&display::build(spec)?)?)
}

/// Reads the JSON of a display, builds it anew and compares; returns its JSON.
#[pyfunction]
pub(super) fn display_read(text: &str) -> PyResult<String> {
    Ok(written(&display::read(text)?)?)
}

/// Applies a lens to findings; returns its log.
#[pyfunction]
pub(super) fn lens_select(py: Python<'_>, lens: &str, findings: &str) -> PyResult<Py<PyAny>> {
    let lens: Lens = convert::from_json("lens", lens)?;
    let findings: Vec<Finding> = convert::from_json("findings", findings)?;
    convert::to_python(py, &display::select(&lens, &findings)?)
}

/// The rule of a lens in words.
#[pyfunction]
pub(super) fn lens_words(lens: &str) -> PyResult<String> {
    let lens: Lens = convert::from_json("lens", lens)?;
    Ok(lens.rule.describe())
}

/// Checks one finding; returns its signal by its own cuts.
#[pyfunction]
pub(super) fn finding_signal(finding: &str) -> PyResult<&'static str> {
    let finding: Finding = convert::from_json("finding", finding)?;
    finding.checked()?;
    Ok(finding.signal(&finding.cuts).word())
}

/// Wilson's interval for k of n, as shares.
#[pyfunction]
pub(super) fn wilson(k: u64, n: u64, level: f64) -> (f64, f64) {
    display::finding::wilson(k, n, level)
}

/// Quantile of Student's t.
#[pyfunction]
pub(super) fn t_quantile(p: f64, df: f64) -> f64 {
    crate::num::special::t_quantile(p, df)
}

fn written(display: &Display) -> Result<String, Error> {
    serde_json::to_string(display).map_err(|error| Error::Internal { what: format!("writing a display: {error}") })
}
