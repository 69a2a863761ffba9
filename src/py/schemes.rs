//! Binding of the schemes: arrays and JSON in, one fit out.

use super::convert::{from_json, to_python};
use crate::error::Result;
use crate::weighting::schemes::rows::{Rows, Tuning, fit};
use crate::weighting::schemes::tune::Tuned;
use crate::weighting::schemes::{Scheme, SchemeFit, Setting};
use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    scheme: Scheme,
    prior: Option<Vec<f64>>,
    groups: Option<Vec<usize>>,
    #[serde(default)]
    tuning: Tuning,
}

#[derive(Serialize)]
struct Answer {
    fit: SchemeFit,
    tuned: Option<Tuned>,
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
    let s: Option<Vec<usize>> = sites.map(|s| s.as_array().iter().map(|v| usize::try_from(*v).unwrap_or(0)).collect());
    let answer = py.detach(move || -> Result<Answer> {
        let plain = Setting::plain(x.ncols());
        let prior = options.prior.unwrap_or(plain.prior);
        let setting = Setting { prior, penalty: None, groups: options.groups };
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
