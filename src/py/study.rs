//! Scores checked against a scale.

use super::convert::{from_json, to_python};
use super::scale::scale_of;
use crate::data::study::{Absent, Incomplete, check_scores};
use crate::error::{Result, input};
use numpy::{PyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

/// The cells of a C-ordered matrix with one column per item.
pub(super) fn cells<'a>(scores: &'a PyReadonlyArray2<'_, f64>, sites: usize, items: usize) -> Result<&'a [f64]> {
    let shape = scores.as_array().dim();
    match scores.as_slice() {
        Ok(slice) if shape == (sites, items) => Ok(slice),
        _ => Err(input("scores of the wrong shape")
            .got(format!("{} x {}", shape.0, shape.1))
            .allowed(format!("{sites} sites x {items} items, in C order"))
            .into()),
    }
}

type Checked<'py> = (Bound<'py, PyArray1<f64>>, Py<PyAny>, Vec<usize>);

#[pyfunction]
pub(super) fn study_check<'py>(
    py: Python<'py>,
    scale: &str,
    sites: Vec<String>,
    scores: PyReadonlyArray2<'py, f64>,
    incomplete: &str,
) -> PyResult<Checked<'py>> {
    let scale = scale_of(scale)?;
    let incomplete: Incomplete = from_json("rule for incomplete sites", incomplete)?;
    let checked = check_scores(&scale, &sites, cells(&scores, sites.len(), scale.items.len())?, incomplete)?;
    let absent: &[Absent] = &checked.absent;
    Ok((PyArray1::from_vec(py, checked.values), to_python(py, absent)?, checked.constant))
}
