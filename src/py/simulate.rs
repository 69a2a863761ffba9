//! Binding of the simulator.

use super::convert::{from_json, to_python};
use crate::simulate::{Spec, synthesise};
use crate::stream::Seed;
use pyo3::prelude::*;

/// Simulates one study; `spec` is JSON.
#[pyfunction]
pub(super) fn synthetic_sites(py: Python<'_>, spec: &str, seed: u64, replicate: u64) -> PyResult<Py<PyAny>> {
    let spec: Spec = from_json("specification of synthetic sites", spec)?;
    let study = py.detach(|| synthesise(&spec, Seed(seed), replicate))?;
    to_python(py, &study)
}
