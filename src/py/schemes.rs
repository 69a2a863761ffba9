//! Binding of the schemes: arrays and JSON in, one fit out.

use super::convert::{from_json, to_python};
use super::door::long_call;
use crate::error::Result;
use crate::parallel::Threads;
use crate::stream::Seed;
use crate::weighting::contrasts::{Slopes, infer};
use crate::weighting::schemes::counts::{CountRows, Counts, site_effect_test, tune_and_fit};
use crate::weighting::schemes::finish::Freedom;
use crate::weighting::schemes::rows::{Rows, Tuning, fit, posterior_of};
use crate::weighting::schemes::stability::{Drawing, of_counts, of_rows};
use crate::weighting::schemes::tune::Tuned;
use crate::weighting::schemes::uncertainty::uncertainty;
use crate::weighting::schemes::{Scheme, SchemeFit, Setting};
use ndarray::Array2;
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

type Vector<'py> = PyReadonlyArray1<'py, f64>;

/// The arrays of a linear scheme: items n x p, covariates n x q, sites numbered from 0, the rest of length n.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(super) struct GivenRows<'py> {
    items: PyReadonlyArray2<'py, f64>,
    outcome: Vector<'py>,
    weights: Option<Vector<'py>>,
    sites: Option<PyReadonlyArray1<'py, i64>>,
    covariates: Option<PyReadonlyArray2<'py, f64>>,
}

/// The arrays of a scheme on the log-odds scale, likewise.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(super) struct GivenCounts<'py> {
    items: PyReadonlyArray2<'py, f64>,
    successes: Vector<'py>,
    trials: Vector<'py>,
    weights: Option<Vector<'py>>,
    sites: Option<PyReadonlyArray1<'py, i64>>,
    covariates: Option<PyReadonlyArray2<'py, f64>>,
}

impl GivenCounts<'_> {
    fn counts(&self) -> Result<Counts> {
        let Self { items, successes, trials, weights, sites, covariates } = self;
        let w = weights.as_ref().map(|w| w.as_array().to_vec());
        let s = sites.as_ref().map(codes);
        Counts::new(CountRows {
            items: items.as_array(),
            covariates: covariates.as_ref().map(|z| z.as_array()),
            successes: &successes.as_array().to_vec(),
            trials: &trials.as_array().to_vec(),
            weights: w.as_deref(),
            sites: s.as_deref(),
        })
    }
}

/// Rows that outlive the hold on Python.
struct OwnedRows {
    x: Array2<f64>,
    z: Option<Array2<f64>>,
    y: Vec<f64>,
    w: Option<Vec<f64>>,
    s: Option<Vec<usize>>,
}

impl OwnedRows {
    fn new(given: &GivenRows<'_>) -> Self {
        let GivenRows { items, outcome, weights, sites, covariates } = given;
        Self {
            x: items.as_array().to_owned(),
            z: covariates.as_ref().map(|c| c.as_array().to_owned()),
            y: outcome.as_array().to_vec(),
            w: weights.as_ref().map(|w| w.as_array().to_vec()),
            s: sites.as_ref().map(codes),
        }
    }

    fn rows(&self) -> Rows<'_> {
        Rows {
            items: self.x.view(),
            covariates: self.z.as_ref().map(|z| z.view()),
            outcome: &self.y,
            weights: self.w.as_deref(),
            sites: self.s.as_deref(),
        }
    }
}

fn codes(sites: &PyReadonlyArray1<'_, i64>) -> Vec<usize> {
    sites.as_array().iter().map(|v| usize::try_from(*v).unwrap_or(0)).collect()
}

/// Fits one scheme to rows: `options` is JSON.
#[pyfunction]
#[pyo3(signature = (options, rows))]
pub(super) fn scheme_fit(py: Python<'_>, options: &str, rows: GivenRows<'_>) -> PyResult<Py<PyAny>> {
    let options: Options = from_json("scheme options", options)?;
    let owned = OwnedRows::new(&rows);
    let answer = py.detach(move || -> Result<Answer> {
        let setting = options.setting(owned.x.ncols());
        let rows = owned.rows();
        let (mut fit, tuned) = fit(&options.scheme, &rows, &setting, options.tuning)?;
        fit.uncertainty = uncertainty(&options.scheme, &rows, &setting, &fit)?;
        Ok(Answer { fit, tuned })
    })?;
    to_python(py, &answer)
}

/// Fits one scheme on the log-odds scale to counts: `options` is JSON.
/// Returns `(answer, interrupted)`; profile intervals use `threads`.
#[pyfunction]
#[pyo3(signature = (options, rows, threads, progress=None))]
pub(super) fn scheme_fit_counts(
    py: Python<'_>,
    options: &str,
    rows: GivenCounts<'_>,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Py<PyAny>, bool)> {
    let options: Options = from_json("scheme options", options)?;
    let counts = rows.counts()?;
    let threads = Threads::new(NonZeroUsize::new(threads));
    let (answer, interrupted) = long_call(py, progress, |_| {
        let setting = options.setting(counts.items.ncols());
        let level = options.profile_level;
        let made = || tune_and_fit(&options.scheme, &counts, &setting, level);
        let (fit, tuned) = if level.is_some() { threads.run(made)?? } else { made()? };
        Ok(Answer { fit, tuned })
    })?;
    Ok((to_python(py, &answer)?, interrupted))
}

/// Inference on slopes from their covariance; `freedom` is JSON of degrees of freedom that differ. Returns a dict.
#[pyfunction]
#[pyo3(signature = (slopes, covariance, df, level, draws, seed, freedom=None))]
#[expect(clippy::too_many_arguments, reason = "one argument per number")]
pub(super) fn slope_inference(
    py: Python<'_>,
    slopes: PyReadonlyArray1<'_, f64>,
    covariance: PyReadonlyArray2<'_, f64>,
    df: Option<f64>,
    level: f64,
    draws: usize,
    seed: u64,
    freedom: Option<&str>,
) -> PyResult<Py<PyAny>> {
    let b = slopes.as_array().to_vec();
    let v = covariance.as_array().to_owned();
    let freedom: Option<Freedom> = freedom.map(|text| from_json("degrees of freedom", text)).transpose()?;
    let given = Slopes { slopes: &b, covariance: v.view(), df, freedom: freedom.as_ref() };
    let found = py.detach(|| infer(given, level, draws, Seed(seed)))?;
    to_python(py, &found)
}

/// The best rounding of weights, from the items' centred cross-products.
#[pyfunction]
pub(super) fn integer_weights(
    py: Python<'_>,
    gram: PyReadonlyArray2<'_, f64>,
    weights: PyReadonlyArray1<'_, f64>,
    largest: i32,
) -> PyResult<Py<PyAny>> {
    let (g, w) = (gram.as_array().to_owned(), weights.as_array().to_vec());
    let found = py.detach(|| crate::weighting::integer::round(g.view(), &w, largest))?;
    to_python(py, &found)
}

/// The posterior of a scheme that shrinks to a target; `None` where its score does not vary.
#[pyfunction]
#[pyo3(signature = (options, level, rows))]
pub(super) fn shrink_posterior(py: Python<'_>, options: &str, level: f64, rows: GivenRows<'_>) -> PyResult<Py<PyAny>> {
    let options: Options = from_json("scheme options", options)?;
    let owned = OwnedRows::new(&rows);
    let found = py.detach(|| posterior_of(&options.scheme, &owned.rows(), &options.setting(owned.x.ncols()), level))?;
    to_python(py, &found)
}

/// What a series of refits is asked for; JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refits {
    resamples: Option<usize>,
    seed: u64,
    #[serde(default)]
    retune: bool,
    #[serde(with = "crate::weighting::schemes::penalty", default)]
    penalty: Option<f64>,
}

impl Refits {
    fn drawing(&self) -> Drawing {
        Drawing { resamples: self.resamples, seed: Seed(self.seed), retune: self.retune }
    }
}

/// The stability range of a linear scheme; returns `(dict, interrupted)`.
#[pyfunction]
#[pyo3(signature = (options, refits, rows, threads, progress=None))]
pub(super) fn scheme_stability(
    py: Python<'_>,
    options: &str,
    refits: &str,
    rows: GivenRows<'_>,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Py<PyAny>, bool)> {
    let options: Options = from_json("scheme options", options)?;
    let refits: Refits = from_json("stability options", refits)?;
    let owned = OwnedRows::new(&rows);
    let threads = Threads::new(NonZeroUsize::new(threads));
    let (found, interrupted) = long_call(py, progress, |control| {
        let setting = options.setting(owned.x.ncols()).with_penalty(refits.penalty);
        threads.run(|| of_rows(&options.scheme, &owned.rows(), &setting, options.tuning, refits.drawing(), control))?
    })?;
    Ok((to_python(py, &found)?, interrupted))
}

/// The stability range of a scheme on the log-odds scale; returns `(dict, interrupted)`.
#[pyfunction]
#[pyo3(signature = (options, refits, rows, threads, progress=None))]
pub(super) fn scheme_stability_counts(
    py: Python<'_>,
    options: &str,
    refits: &str,
    rows: GivenCounts<'_>,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Py<PyAny>, bool)> {
    let options: Options = from_json("scheme options", options)?;
    let refits: Refits = from_json("stability options", refits)?;
    let counts = rows.counts()?;
    let threads = Threads::new(NonZeroUsize::new(threads));
    let (found, interrupted) = long_call(py, progress, |control| {
        let setting = options.setting(counts.items.ncols()).with_penalty(refits.penalty);
        threads.run(|| of_counts(&options.scheme, &counts, &setting, refits.drawing(), control))?
    })?;
    Ok((to_python(py, &found)?, interrupted))
}

/// The parametric bootstrap of a site effect; returns `(dict, interrupted)`.
#[pyfunction]
#[pyo3(signature = (options, draws, seed, rows, threads, progress=None))]
pub(super) fn site_effect(
    py: Python<'_>,
    options: &str,
    draws: usize,
    seed: u64,
    rows: GivenCounts<'_>,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Py<PyAny>, bool)> {
    let options: Options = from_json("scheme options", options)?;
    let counts = rows.counts()?;
    let threads = Threads::new(NonZeroUsize::new(threads));
    let (found, interrupted) = long_call(py, progress, |control| {
        let setting = options.setting(counts.items.ncols());
        threads.run(|| site_effect_test(&options.scheme, &counts, &setting, draws, Seed(seed), control))?
    })?;
    Ok((to_python(py, &found)?, interrupted))
}
