//! Binding of the schemes: arrays and JSON in, one fit out.

use super::convert::{from_json, to_python};
use super::door::long_call;
use crate::error::Result;
use crate::parallel::Threads;
use crate::weighting::schemes::counts::{CountRows, Counts, profiles, tune_and_fit};
use crate::weighting::schemes::rows::{Rows, Tuning, fit};
use crate::weighting::schemes::tune::Tuned;
use crate::weighting::schemes::{Scheme, SchemeFit, Setting};
use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use serde::{Deserialize, Serialize};
use std::num::NonZeroUsize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    scheme: Scheme,
    prior: Option<Vec<f64>>,
    groups: Option<Vec<usize>>,
    #[serde(default)]
    tuning: Tuning,
    /// Level of profile intervals; `None`: none are made.
    profile_level: Option<f64>,
}

impl Options {
    fn setting(&self, items: usize) -> Setting {
        let plain = Setting::plain(items);
        Setting { prior: self.prior.clone().unwrap_or(plain.prior), penalty: None, groups: self.groups.clone() }
    }
}

#[derive(Serialize)]
struct Answer {
    fit: SchemeFit,
    tuned: Option<Tuned>,
}

fn codes(sites: PyReadonlyArray1<'_, i64>) -> Vec<usize> {
    sites.as_array().iter().map(|v| usize::try_from(*v).unwrap_or(0)).collect()
}

/// Fits one scheme to rows: `options` is JSON; items n x p, covariates n x q, the rest of length n.
#[pyfunction]
#[pyo3(signature = (options, items, outcome, weights, sites, covariates))]
pub(super) fn scheme_fit(
    py: Python<'_>,
    options: &str,
    items: PyReadonlyArray2<'_, f64>,
    outcome: PyReadonlyArray1<'_, f64>,
    weights: Option<PyReadonlyArray1<'_, f64>>,
    sites: Option<PyReadonlyArray1<'_, i64>>,
    covariates: Option<PyReadonlyArray2<'_, f64>>,
) -> PyResult<Py<PyAny>> {
    let options: Options = from_json("scheme options", options)?;
    let x = items.as_array().to_owned();
    let z = covariates.map(|c| c.as_array().to_owned());
    let y = outcome.as_array().to_vec();
    let w = weights.map(|w| w.as_array().to_vec());
    let s: Option<Vec<usize>> = sites.map(codes);
    let answer = py.detach(move || -> Result<Answer> {
        let setting = options.setting(x.ncols());
        let rows = Rows {
            items: x.view(),
            covariates: z.as_ref().map(|z| z.view()),
            outcome: &y,
            weights: w.as_deref(),
            sites: s.as_deref(),
        };
        let (fit, tuned) = fit(&options.scheme, &rows, &setting, options.tuning)?;
        Ok(Answer { fit, tuned })
    })?;
    to_python(py, &answer)
}

/// Fits one scheme on the log-odds scale to counts: `options` is JSON; items n x p, covariates n x q, the rest of length n.
/// Returns `(answer, interrupted)`; profile intervals use `threads`.
#[pyfunction]
#[pyo3(signature = (options, items, successes, trials, weights, sites, covariates, threads, progress=None))]
#[expect(clippy::too_many_arguments, reason = "one argument per array")]
pub(super) fn scheme_fit_counts(
    py: Python<'_>,
    options: &str,
    items: PyReadonlyArray2<'_, f64>,
    successes: PyReadonlyArray1<'_, f64>,
    trials: PyReadonlyArray1<'_, f64>,
    weights: Option<PyReadonlyArray1<'_, f64>>,
    sites: Option<PyReadonlyArray1<'_, i64>>,
    covariates: Option<PyReadonlyArray2<'_, f64>>,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Py<PyAny>, bool)> {
    let options: Options = from_json("scheme options", options)?;
    let counts = counts_of(items, successes, trials, weights, sites, covariates)?;
    let threads = Threads::new(NonZeroUsize::new(threads));
    let (answer, interrupted) = long_call(py, progress, |_| {
        let setting = options.setting(counts.items.ncols());
        let (mut fit, tuned) = tune_and_fit(&options.scheme, &counts, &setting)?;
        if let Some(level) = options.profile_level {
            let made = threads.run(|| profiles(&options.scheme, &counts, &setting, &fit, level))??;
            if let Some(uncertainty) = &mut fit.uncertainty {
                uncertainty.profiles = made;
            }
        }
        Ok(Answer { fit, tuned })
    })?;
    Ok((to_python(py, &answer)?, interrupted))
}

fn counts_of(
    items: PyReadonlyArray2<'_, f64>,
    successes: PyReadonlyArray1<'_, f64>,
    trials: PyReadonlyArray1<'_, f64>,
    weights: Option<PyReadonlyArray1<'_, f64>>,
    sites: Option<PyReadonlyArray1<'_, i64>>,
    covariates: Option<PyReadonlyArray2<'_, f64>>,
) -> Result<Counts> {
    let w = weights.map(|w| w.as_array().to_vec());
    let s = sites.map(codes);
    let z = covariates.map(|c| c.as_array().to_owned());
    Counts::new(CountRows {
        items: items.as_array(),
        covariates: z.as_ref().map(|z| z.view()),
        successes: &successes.as_array().to_vec(),
        trials: &trials.as_array().to_vec(),
        weights: w.as_deref(),
        sites: s.as_deref(),
    })
}
