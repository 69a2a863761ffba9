//! Studies: scores checked against a scale, missing scores completed, participants summed by site.

use super::convert::{from_json, to_python};
use super::door::long_call;
use super::scale::scale_of;
use crate::data::durations::{Durations, durations};
use crate::data::impute::{impute, rubin};
use crate::data::moments::{GroupMoments, linked, moments};
use crate::data::study::{Absent, Incomplete, check_reviews, combine, wrong_cells};
use crate::error::{Error, Result, input};
use crate::parallel::Threads;
use crate::stream::Seed;
use numpy::{PyArray1, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use std::num::NonZeroUsize;

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

/// One contiguous column.
pub(super) fn column<'a, T: numpy::Element>(array: &'a PyReadonlyArray1<'_, T>, what: &str) -> Result<&'a [T]> {
    array.as_slice().map_err(|_| Error::from(input(format!("{what} is not contiguous"))))
}

type Checked<'py> = (Bound<'py, PyArray1<f64>>, Py<PyAny>, Vec<usize>, Bound<'py, PyArray1<f64>>, Py<PyAny>);

/// Checks reviews, and makes one row per unit of them: values, absent cells, constant items, and the reviews themselves.
#[pyfunction]
pub(super) fn study_check<'py>(
    py: Python<'py>,
    scale: &str,
    sites: Vec<String>,
    scores: PyReadonlyArray2<'py, f64>,
    units: Vec<String>,
    rows: Vec<Vec<usize>>,
    incomplete: &str,
) -> PyResult<Checked<'py>> {
    let scale = scale_of(scale)?;
    let incomplete: Incomplete = from_json("rule for incomplete sites", incomplete)?;
    let reviews = check_reviews(&scale, &sites, cells(&scores, sites.len(), scale.items.len())?)?;
    let made = combine(&scale, &units, &rows, &reviews, incomplete)?;
    let (absent, absent_reviews): (&[Absent], &[Absent]) = (&made.absent, &reviews.absent);
    Ok((
        PyArray1::from_vec(py, made.values),
        to_python(py, absent)?,
        made.constant,
        PyArray1::from_vec(py, reviews.values),
        to_python(py, absent_reviews)?,
    ))
}

/// Cells that are no score, no code and not blank: their place in row-major order, and what to do.
#[pyfunction]
pub(super) fn score_faults(
    scale: &str,
    scores: PyReadonlyArray2<'_, f64>,
    places: Vec<String>,
) -> PyResult<Vec<(usize, String)>> {
    let scale = scale_of(scale)?;
    let rows = scores.as_array().nrows();
    let faults = wrong_cells(&scale, &places, cells(&scores, rows, scale.items.len())?);
    Ok(faults.into_iter().map(|(at, error)| (at, error.to_string())).collect())
}

/// Moments of every group in one pass, through the door.
#[pyfunction]
#[pyo3(signature = (group, groups, columns, origin, threads, progress=None))]
pub(super) fn study_moments(
    py: Python<'_>,
    group: PyReadonlyArray1<'_, i64>,
    groups: usize,
    columns: Vec<PyReadonlyArray1<'_, f64>>,
    origin: Vec<f64>,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Py<PyAny>, bool)> {
    let group = column(&group, "group")?;
    let columns = columns.iter().map(|c| column(c, "column")).collect::<Result<Vec<_>>>()?;
    let threads = Threads::new(NonZeroUsize::new(threads));
    let (found, interrupted) =
        long_call(py, progress, |control| moments(group, groups, &columns, &origin, threads, control))?;
    Ok((to_python(py, &found)?, interrupted))
}

/// Moments that Python holds as arrays.
pub(super) fn moments_of(
    columns: usize,
    origin: Vec<f64>,
    n: Vec<u64>,
    sums: Vec<f64>,
    products: Vec<f64>,
) -> Result<GroupMoments> {
    let groups = n.len();
    if origin.len() != columns || sums.len() != groups * columns || products.len() != groups * columns * columns {
        return Err(input("moments of the wrong shape").got(sums.len()).into());
    }
    Ok(GroupMoments {
        columns,
        origin,
        rows: n.clone(),
        n,
        missing: vec![0; groups * columns],
        sums,
        products,
        minimum: Vec::new(),
        maximum: Vec::new(),
        unlinked: 0,
    })
}

/// Cross-products of (1, items, covariates, outcome), flat.
#[pyfunction]
#[allow(clippy::too_many_arguments)]
pub(super) fn study_linked<'py>(
    py: Python<'py>,
    origin: Vec<f64>,
    n: Vec<u64>,
    sums: Vec<f64>,
    products: Vec<f64>,
    items: PyReadonlyArray2<'py, f64>,
    midpoint: Vec<f64>,
    counts: Vec<f64>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let m = moments_of(origin.len(), origin, n, sums, products)?;
    let items = cells(&items, m.n.len(), midpoint.len())?;
    Ok(PyArray1::from_vec(py, linked(&m, items, &midpoint, &counts)?))
}

/// Product-limit description of every group.
#[pyfunction]
pub(super) fn study_durations(
    py: Python<'_>,
    group: PyReadonlyArray1<'_, i64>,
    groups: usize,
    time: PyReadonlyArray1<'_, f64>,
    event: PyReadonlyArray1<'_, f64>,
    horizon: f64,
    cuts: Vec<f64>,
) -> PyResult<Py<PyAny>> {
    let (group, time, event) = (column(&group, "group")?, column(&time, "time")?, column(&event, "event")?);
    if time.len() != group.len() || event.len() != group.len() {
        return Err(Error::from(input("durations of different length")).into());
    }
    let mut times = vec![Vec::new(); groups];
    let mut events = vec![Vec::new(); groups];
    for ((&g, &t), &e) in group.iter().zip(time).zip(event) {
        if let Some(g) = usize::try_from(g).ok().filter(|g| *g < groups && !t.is_nan()) {
            times[g].push(t);
            events[g].push(e != 0.0);
        }
    }
    let found: Vec<Durations> =
        times.iter().zip(&events).map(|(t, e)| durations(t, e, horizon, &cuts)).collect::<Result<_>>()?;
    to_python(py, &found)
}

/// Completed copies of the scores, one after the other.
#[pyfunction]
pub(super) fn study_impute<'py>(
    py: Python<'py>,
    scale: &str,
    scores: PyReadonlyArray2<'py, f64>,
    training: Vec<bool>,
    copies: u64,
    seed: u64,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let scale = scale_of(scale)?;
    let values = cells(&scores, training.len(), scale.items.len())?;
    Ok(PyArray1::from_vec(py, impute(&scale, values, &training, copies, Seed(seed))?.concat()))
}

/// Scores with what is missing filled by the scale's rule; NaN where the rule gives nothing.
#[pyfunction]
pub(super) fn scores_filled<'py>(
    py: Python<'py>,
    scale: &str,
    scores: PyReadonlyArray2<'py, f64>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let scale = scale_of(scale)?;
    let p = scale.items.len();
    let values = cells(&scores, scores.as_array().nrows(), p)?;
    let filled = values.chunks_exact(p).flat_map(|row| {
        let scored = row.iter().filter(|x| !x.is_nan()).count();
        scale.filled(row, scored).unwrap_or_else(|_| row.to_vec())
    });
    Ok(PyArray1::from_vec(py, filled.collect()))
}

/// Rubin's rules.
#[pyfunction]
#[pyo3(signature = (estimates, variances, complete=None))]
pub(super) fn rubin_pool(
    py: Python<'_>,
    estimates: Vec<f64>,
    variances: Vec<f64>,
    complete: Option<f64>,
) -> PyResult<Py<PyAny>> {
    to_python(py, &rubin(&estimates, &variances, complete)?)
}
