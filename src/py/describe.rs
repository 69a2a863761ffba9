//! Fidelity and gaps; shares, ladders and rank sets of reach and survey.

use super::convert::{from_json, to_python};
use super::door::long_call;
use super::scale::scale_of;
use super::study::cells;
use crate::describe::moderators::{Moderation, holm, moderate};
use crate::describe::ranks::rank_sets;
use crate::describe::reach::{Reported, Rung, ladder};
use crate::describe::share::{
    Bounds, ShareMethod, Side, bounds, checked, checked_level, composition, difference, share, standardised,
    tipping_share,
};
use crate::describe::{fidelity::describe, gaps::gaps};
use crate::error::{Result, input};
use crate::resample::splits::SplitOptions;
use crate::scale::Scale;
use crate::stream::Seed;
use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

/// What reach and survey ask for; the fields are the parameters of the core functions.
#[derive(Deserialize)]
#[serde(tag = "check", rename_all = "kebab-case")]
enum Request {
    Share { k: u64, n: u64, level: f64, method: ShareMethod },
    Composition { counts: Vec<u64>, level: f64 },
    Bounds { k: u64, n: u64, total: u64, level: f64, method: ShareMethod, cut: f64 },
    Difference { first: (u64, u64), second: (u64, u64), level: f64 },
    Standardised { first: Side, second: Side },
    Holm { p: Vec<Option<f64>> },
    RankSets { counts: Vec<(u64, u64)>, level: f64 },
    Ladder { counts: BTreeMap<Rung, u64>, level: f64, method: ShareMethod },
}

/// Bounds with the share among the others at which a conclusion changes.
#[derive(Serialize)]
struct Carried {
    #[serde(flatten)]
    bounds: Bounds,
    tipping: Option<f64>,
}

/// Answers one request of reach or survey, written as JSON.
#[pyfunction]
pub(super) fn describe_check(py: Python<'_>, request: &str) -> PyResult<Py<PyAny>> {
    match from_json::<Request>("request", request)? {
        Request::Share { k, n, level, method } => {
            checked("share", k, n)?;
            checked_level(level)?;
            to_python(py, &share(k, n, level, method))
        }
        Request::Composition { counts, level } => {
            checked("composition", 0, counts.iter().sum())?;
            to_python(py, &composition(&counts, level))
        }
        Request::Bounds { k, n, total, level, method, cut } => {
            let bounds = bounds(k, n, total, level, method)?;
            to_python(py, &Carried { bounds, tipping: tipping_share(k, n, total, cut) })
        }
        Request::Difference { first, second, level } => {
            checked("first", first.0, first.1)?;
            checked("second", second.0, second.1)?;
            to_python(py, &difference(first, second, level))
        }
        Request::Standardised { first, second } => to_python(py, &standardised(first, second)),
        Request::Holm { p } => to_python(py, &holm(&p)),
        Request::RankSets { counts, level } => to_python(py, &rank_sets(&counts, level)?),
        Request::Ladder { counts, level, method } => to_python(py, &ladder(&Reported { counts }, level, method)?),
    }
}

/// Estimates in subgroups and their differences from the first.
#[pyfunction]
#[allow(clippy::needless_pass_by_value)]
pub(super) fn describe_moderators(
    py: Python<'_>,
    outcome: PyReadonlyArray1<'_, f64>,
    arm: Option<Vec<bool>>,
    level: Vec<Option<usize>>,
    levels: usize,
    confidence_level: f64,
) -> PyResult<Py<PyAny>> {
    checked_level(confidence_level)?;
    let outcome = outcome.as_array().to_vec();
    let data = Moderation { outcome: &outcome, arm: arm.as_deref(), level: &level, levels };
    to_python(py, &moderate(&data, confidence_level)?)
}
