//! Binding of `corpus`.

use super::convert;
use crate::corpus;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Checks a corpus written as JSON; returns statuses and hashes of its excerpts, and issues.
#[pyfunction]
pub(super) fn corpus_check(py: Python<'_>, text: &str) -> PyResult<Py<PyAny>> {
    let corpus: corpus::Corpus = convert::from_json("corpus", text)?;
    convert::to_python(py, &corpus::check(&corpus)?)
}

/// Reads a REFI-QDA project or codebook; returns the corpus as plain objects, with origin, offsets and report.
#[pyfunction]
pub(super) fn qda_read(py: Python<'_>, content: &[u8], options: &str) -> PyResult<Py<PyAny>> {
    let options: corpus::qda::project::Options = convert::from_json("options of the reader", options)?;
    let read = py.detach(|| corpus::qda::read(content, &options))?;
    convert::to_python(py, &read)
}

/// Writes a corpus, given as JSON, as a project or codebook; returns bytes and report.
#[pyfunction]
pub(super) fn qda_write(
    py: Python<'_>,
    text: &str,
    codebook: bool,
    own_note: bool,
) -> PyResult<(Py<PyBytes>, Vec<String>)> {
    let corpus: corpus::Corpus = convert::from_json("corpus", text)?;
    let written = py.detach(|| {
        if codebook {
            Ok(corpus::qda::write::codebook(&corpus))
        } else {
            corpus::qda::write::project(&corpus, own_note)
        }
    })?;
    Ok((PyBytes::new(py, &written.bytes).unbind(), written.report))
}
