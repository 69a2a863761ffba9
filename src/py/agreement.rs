//! Binding of `agreement`: one long call.

use super::convert::{from_json, to_python};
use super::door::long_call;
use crate::agreement::report::report;
use crate::agreement::request::{Ratings, Request};
use crate::parallel::Threads;
use numpy::{PyReadonlyArray1, PyReadonlyArray3};
use pyo3::prelude::*;
use std::num::NonZeroUsize;

/// Computes agreement; returns `(report, interrupted)`. `request` is JSON; `ratings` scopes x units x coders in C order,
/// 65535 where a coder did not rate; `cluster_of` numbers the cluster of each unit from 0.
#[pyfunction]
#[pyo3(signature = (request, ratings, cluster_of, clusters, threads, progress=None))]
pub(super) fn agreement_run(
    py: Python<'_>,
    request: &str,
    ratings: PyReadonlyArray3<'_, u16>,
    cluster_of: PyReadonlyArray1<'_, i64>,
    clusters: usize,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Py<PyAny>, bool)> {
    let request: Request = from_json("agreement request", request)?;
    let shape = ratings.as_array().dim();
    let cells: Vec<u16> = ratings.as_array().iter().copied().collect();
    let cluster_of: Vec<usize> = cluster_of.as_array().iter().map(|v| usize::try_from(*v).unwrap_or(0)).collect();
    let threads = Threads::new(NonZeroUsize::new(threads));
    let (found, interrupted) = long_call(py, progress, |control| {
        let ratings = Ratings { cells: &cells, coders: shape.2, units: shape.1, cluster_of: &cluster_of, clusters };
        ratings.check(&request)?;
        threads.run(|| report(&ratings, &request, control))?
    })?;
    Ok((to_python(py, &found)?, interrupted))
}
