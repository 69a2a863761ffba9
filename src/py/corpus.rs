//! Binding of `corpus`.

use super::convert;
use crate::corpus;
use pyo3::prelude::*;

/// Checks a corpus written as JSON; returns statuses and hashes of its excerpts, and issues.
#[pyfunction]
pub(super) fn corpus_check(py: Python<'_>, text: &str) -> PyResult<Py<PyAny>> {
    let corpus: corpus::Corpus = convert::from_json("corpus", text)?;
    convert::to_python(py, &corpus::check(&corpus)?)
}
