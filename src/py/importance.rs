//! Binding of importance: arrays and JSON in, shares out.

use super::convert::{from_json, to_python};
use super::door::long_call;
use crate::inference::importance::{Game, Method, Request, importance};
use crate::parallel::Threads;
use crate::stream::Seed;
use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use serde::Deserialize;
use std::num::NonZeroUsize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    method: Method,
    game: Game,
    groups: Option<Vec<usize>>,
    n_resamples: u64,
    strata: Option<Vec<usize>>,
    level: f64,
    seed: u64,
    threads: usize,
}

/// Divides a game among items: `options` is JSON; items n x p, covariates n x q, the rest of length n.
#[pyfunction]
#[pyo3(signature = (options, items, outcome, trials, sites, covariates, progress=None))]
#[allow(clippy::too_many_arguments)]
pub(super) fn importance_shares(
    py: Python<'_>,
    options: &str,
    items: PyReadonlyArray2<'_, f64>,
    outcome: PyReadonlyArray1<'_, f64>,
    trials: Option<PyReadonlyArray1<'_, f64>>,
    sites: Option<PyReadonlyArray1<'_, i64>>,
    covariates: Option<PyReadonlyArray2<'_, f64>>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Py<PyAny>, bool)> {
    let options: Options = from_json("importance options", options)?;
    let request = Request {
        items: items.as_array().to_owned(),
        covariates: covariates.map(|z| z.as_array().to_owned()),
        outcome: outcome.as_array().to_vec(),
        trials: trials.map(|n| n.as_array().to_vec()),
        sites: sites.map(|s| s.as_array().iter().map(|v| usize::try_from(*v).unwrap_or(0)).collect()),
        groups: options.groups,
        method: options.method,
        game: options.game,
        n_resamples: options.n_resamples,
        strata: options.strata,
        level: options.level,
        seed: Seed(options.seed),
        threads: Threads::new(NonZeroUsize::new(options.threads)),
    };
    let (found, interrupted) = long_call(py, progress, |control| importance(&request, control))?;
    Ok((to_python(py, &found)?, interrupted))
}
