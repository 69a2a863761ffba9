//! Binding of `sy.regress` and of the wild cluster test: rows in, one result out.

use super::convert::{from_json, to_python};
use super::door::long_call;
use super::resample::{MOST, plan_of, raw};
use crate::error::{Error, input};
use crate::inference::covariance::Kind;
use crate::inference::joint::{Hypothesis, Test};
use crate::inference::model_bootstrap::{Errors, replicates};
use crate::inference::pairs::Pairs;
use crate::inference::regression::{Family, Freedom, Rows};
use crate::inference::wild::{Enumeration, Options};
use crate::inference::wild_draws::Law;
use crate::inference::wild_kernel::Variant;
use crate::inference::wild_set::{Alternative, Ties};
use crate::parallel::Threads;
use crate::resample::enumerate::Multisets;
use crate::resample::lanes::{Source, run};
use crate::stream::Seed;
use numpy::{PyArray1, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde::Deserialize;
use std::num::NonZeroUsize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FitOptions {
    names: Vec<String>,
    family: Family,
    vcov: Option<Kind>,
    df: Option<Freedom>,
    level: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WildOptions {
    names: Vec<String>,
    family: Family,
    term: usize,
    null: f64,
    law: Option<Law>,
    variant: Variant,
    impose_null: bool,
    alternative: Alternative,
    ties: Ties,
    level: Option<f64>,
    n_resamples: u64,
    enumeration: Enumeration,
    seed: u64,
    threads: usize,
}

/// What a pairs bootstrap draws; `estimate` are the coefficients of the fit.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PairsOptions {
    names: Vec<String>,
    family: Family,
    estimate: Vec<f64>,
    seed: u64,
    first: u64,
    count: usize,
    enumerated: bool,
    threads: NonZeroUsize,
    jackknife: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JointOptions {
    names: Vec<String>,
    family: Family,
    vcov: Option<Kind>,
    df: Option<Freedom>,
    test: Test,
    null: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelOptions {
    names: Vec<String>,
    family: Family,
    errors: Errors,
    seed: u64,
    count: usize,
    threads: usize,
}

type Vector<'py> = PyReadonlyArray1<'py, f64>;

/// The arrays that describe rows: x n x k, the rest of length n.
#[derive(FromPyObject)]
pub(super) struct Arrays<'py> {
    #[pyo3(item("x"))]
    x: PyReadonlyArray2<'py, f64>,
    #[pyo3(item("y"))]
    y: Vector<'py>,
    #[pyo3(item("trials"))]
    trials: Option<Vector<'py>>,
    #[pyo3(item("weights"))]
    weights: Option<Vector<'py>>,
    #[pyo3(item("offset"))]
    offset: Option<Vector<'py>>,
    #[pyo3(item("sites"))]
    sites: Option<PyReadonlyArray1<'py, i64>>,
}

impl Arrays<'_> {
    fn rows(&self, names: Vec<String>, family: Family) -> Rows {
        let owned = |v: &Option<Vector<'_>>| v.as_ref().map(|v| v.as_array().to_vec());
        Rows {
            x: self.x.as_array().to_owned(),
            names,
            y: self.y.as_array().to_vec(),
            trials: owned(&self.trials),
            weights: owned(&self.weights),
            offset: owned(&self.offset),
            sites: self.sites.as_ref().map(|s| s.as_array().iter().map(|v| usize::try_from(*v).unwrap_or(0)).collect()),
            family,
        }
    }
}

/// Fits one regression.
#[pyfunction]
pub(super) fn regress_fit(py: Python<'_>, options: &str, arrays: Arrays<'_>) -> PyResult<Py<PyAny>> {
    let options: FitOptions = from_json("regression options", options)?;
    let rows = arrays.rows(options.names, options.family);
    let fit = py.detach(|| rows.regression(options.vcov, options.df, options.level))?;
    to_python(py, &fit)
}

/// Tests one coefficient of one regression.
#[pyfunction]
#[pyo3(signature = (options, arrays, progress=None))]
pub(super) fn regress_wild(
    py: Python<'_>,
    options: &str,
    arrays: Arrays<'_>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Py<PyAny>, bool)> {
    let o: WildOptions = from_json("wild test options", options)?;
    let rows = arrays.rows(o.names, o.family);
    let asked = Options {
        term: o.term,
        null: o.null,
        law: o.law,
        variant: o.variant,
        restricted: o.impose_null,
        alternative: o.alternative,
        ties: o.ties,
        level: o.level,
        n_resamples: o.n_resamples,
        enumeration: o.enumeration,
        seed: Seed(o.seed),
        threads: Threads::new(NonZeroUsize::new(o.threads)),
    };
    let (test, interrupted) = long_call(py, progress, |control| rows.wild(&asked, control))?;
    Ok((to_python(py, &test)?, interrupted))
}

/// The coefficients on drawn, enumerated or supplied replicates, and without each unit in turn.
#[pyfunction]
#[pyo3(signature = (options, arrays, units, strata, plan, weights=None, progress=None))]
#[allow(clippy::too_many_arguments)]
pub(super) fn regress_bootstrap<'py>(
    py: Python<'py>,
    options: &str,
    arrays: Arrays<'py>,
    units: PyReadonlyArray1<'py, i64>,
    strata: PyReadonlyArray1<'py, i64>,
    plan: &str,
    weights: Option<PyReadonlyArray2<'py, f64>>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<(Py<PyDict>, bool)> {
    let o: PairsOptions = from_json("options of the bootstrap", options)?;
    let rows = arrays.rows(o.names, o.family);
    let own = plan_of(&units, &strata, plan)?;
    let unit_of_row: Vec<i64> = own.unit_of_row().iter().map(|&u| i64::from(u)).collect();
    let given = weights.as_ref().map(PyReadonlyArray2::as_slice).transpose();
    let given = given.map_err(|_| Error::from(input("weights must be in C order")))?;
    let threads = Threads::new(Some(o.threads));
    let ((replicates, jackknife), interrupted) = long_call(py, progress, |control| {
        let (pairs, plan) = Pairs::of_rows(&rows, &o.estimate, &unit_of_row, |units| own.rebound(units))?;
        let multisets = Multisets::of(&plan, MOST).filter(|_| o.enumerated);
        let source = match (&multisets, given) {
            (_, Some(weights)) => Source::Supplied(weights),
            (Some(multisets), None) => Source::Enumerated(multisets),
            (None, None) => Source::Drawn { seed: Seed(o.seed), first: o.first, count: o.count },
        };
        let left_out = o.jackknife.then_some(Source::LeftOut);
        control.set_total(source.steps(&plan) + left_out.map_or(0, |source| source.steps(&plan)));
        let jackknife = left_out.map(|source| run(&plan, source, &pairs, threads, control)).transpose()?;
        Ok((run(&plan, source, &pairs, threads, control)?, jackknife.map(|j| j.values)))
    })?;
    Ok((raw(py, replicates, o.estimate, jackknife)?, interrupted))
}

/// Tests several hypotheses on the coefficients of one regression at once; `contrasts` is q x k.
#[pyfunction]
pub(super) fn regress_joint(
    py: Python<'_>,
    options: &str,
    arrays: Arrays<'_>,
    contrasts: PyReadonlyArray2<'_, f64>,
) -> PyResult<Py<PyAny>> {
    let o: JointOptions = from_json("joint test options", options)?;
    let rows = arrays.rows(o.names, o.family);
    let hypothesis = Hypothesis { contrasts: contrasts.as_array().to_owned(), null: o.null };
    let test = py.detach(|| rows.joint(o.test, &hypothesis, o.vcov, o.df))?;
    to_python(py, &test)
}

/// Coefficients and standard errors on outcomes that are drawn from one regression, replicate-major.
#[pyfunction]
#[pyo3(signature = (options, arrays, progress=None))]
pub(super) fn regress_replicates<'py>(
    py: Python<'py>,
    options: &str,
    arrays: Arrays<'py>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<(Bound<'py, PyArray1<f64>>, bool)> {
    let o: ModelOptions = from_json("options of the model bootstrap", options)?;
    let rows = arrays.rows(o.names, o.family);
    let threads = Threads::new(NonZeroUsize::new(o.threads));
    let (values, interrupted) =
        long_call(py, progress, |control| replicates(&rows, o.errors, Seed(o.seed), (0, o.count), threads, control))?;
    Ok((PyArray1::from_vec(py, values), interrupted))
}
