//! What participants say about sites: estimates with intervals, ICC, pooled effects, adjusted rates, agreement of raters.

use super::convert::{from_json, to_python};
use super::study::{column, moments_of};
use crate::agreement::icc::icc;
use crate::describe::adjusted::{adjusted_means, adjusted_rates};
use crate::describe::pool::pool;
use crate::describe::sites::{
    CountSums, Estimate, count, log_odds_ratio, mean, normal, rate, risk_difference, site_icc,
};
use crate::error::{Error, Result, input};
use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use serde::Deserialize;

/// What Python asks for; one value per site in every list.
#[derive(Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case", deny_unknown_fields)]
enum Request {
    Rates { k: Vec<f64>, n: Vec<f64>, level: f64 },
    Means { n: Vec<f64>, mean: Vec<f64>, squares: Vec<f64>, level: f64 },
    Counts { sums: Vec<CountSums>, level: f64 },
    Normal { value: Vec<f64>, variance: Vec<f64>, level: f64 },
    RiskDifference { k: Vec<(f64, f64)>, n: Vec<(f64, f64)>, level: f64 },
    LogOddsRatio { k: Vec<(f64, f64)>, n: Vec<(f64, f64)>, level: f64 },
    Icc { n: Vec<f64>, mean: Vec<f64>, squares: Vec<f64>, level: f64 },
    Pool { estimates: Vec<f64>, variances: Vec<f64>, level: f64 },
}

/// Answers one request, written as JSON.
#[pyfunction]
pub(super) fn site_describe(py: Python<'_>, request: &str) -> PyResult<Py<PyAny>> {
    fn each(n: usize, of: impl Fn(usize) -> Estimate) -> Vec<Estimate> {
        (0..n).map(of).collect()
    }
    match from_json::<Request>("request for a site table", request)? {
        Request::Rates { k, n, level } => to_python(py, &each(k.len().min(n.len()), |i| rate(k[i], n[i], level))),
        Request::Means { n, mean: m, squares, level } => {
            to_python(py, &each(n.len().min(m.len()), |i| mean(n[i], m[i], squares[i], level)))
        }
        Request::Counts { sums, level } => to_python(py, &each(sums.len(), |i| count(sums[i], level))),
        Request::Normal { value, variance, level } => {
            to_python(py, &each(value.len().min(variance.len()), |i| normal(value[i], variance[i], level)))
        }
        Request::RiskDifference { k, n, level } => {
            to_python(py, &each(k.len().min(n.len()), |i| risk_difference(k[i], n[i], level)))
        }
        Request::LogOddsRatio { k, n, level } => {
            to_python(py, &each(k.len().min(n.len()), |i| log_odds_ratio(k[i], n[i], level)))
        }
        Request::Icc { n, mean, squares, level } => to_python(py, &site_icc(&n, &mean, &squares, level)),
        Request::Pool { estimates, variances, level } => to_python(py, &pool(&estimates, &variances, level)?),
    }
}

/// Adjusted rates of a 0/1 outcome.
#[pyfunction]
pub(super) fn site_adjusted_rates(
    py: Python<'_>,
    site: PyReadonlyArray1<'_, i64>,
    y: PyReadonlyArray1<'_, f64>,
    z: PyReadonlyArray2<'_, f64>,
    sites: usize,
    level: f64,
) -> PyResult<Py<PyAny>> {
    let wrong = || Error::from(input("covariates of the wrong shape"));
    let codes: Vec<usize> = column(&site, "site")?
        .iter()
        .map(|&s| usize::try_from(s))
        .collect::<std::result::Result<_, _>>()
        .map_err(|_| wrong())?;
    let (y, q) = (column(&y, "outcome")?, z.as_array().ncols());
    let z = z.as_slice().map_err(|_| wrong())?;
    let found: Result<_> = py.detach(|| adjusted_rates(&codes, y, z, q, sites, level));
    to_python(py, &found?)
}

/// Adjusted means, from moments whose first column is the outcome.
#[pyfunction]
pub(super) fn site_adjusted_means(
    py: Python<'_>,
    origin: Vec<f64>,
    n: Vec<u64>,
    sums: Vec<f64>,
    products: Vec<f64>,
    level: f64,
) -> PyResult<Py<PyAny>> {
    to_python(py, &adjusted_means(&moments_of(origin.len(), origin, n, sums, products)?, level)?)
}

/// The six intraclass correlations of ratings, sites x raters.
#[pyfunction]
pub(super) fn rater_icc(py: Python<'_>, ratings: PyReadonlyArray2<'_, f64>, level: f64) -> PyResult<Py<PyAny>> {
    let k = ratings.as_array().ncols();
    let values = ratings.as_slice().map_err(|_| Error::from(input("ratings are not in C order")))?;
    to_python(py, &icc(values, k, level)?)
}
