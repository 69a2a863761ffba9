//! Bootstrap replicates, draws and intervals.

use super::convert::{from_json, to_python};
use super::door::long_call;
use crate::error::{Error, Result, input};
use crate::parallel::Threads;
use crate::resample::after::Omitted;
use crate::resample::distribution::Distribution;
use crate::resample::draw::Drawer;
use crate::resample::enumerate::Multisets;
use crate::resample::interval::{Basis, Request, interval};
use crate::resample::jackknife::{Jackknife, delete_one, steps};
use crate::resample::plan::{Law, Plan};
use crate::resample::run::{Replicates, draw, enumerate, supplied};
use crate::resample::statistic::{Evaluator, Statistic};
use crate::resample::statistics::{Spec, Table, bind, rates};
use crate::resample::studentized::{Counts, ratios, standard_errors};
use crate::resample::two_level;
use crate::stream::Seed;
use numpy::{PyArray1, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use rayon::prelude::*;
use serde::Deserialize;
use std::num::NonZeroUsize;

/// The most multisets that an enumeration visits.
pub(super) const MOST: u64 = 1 << 32;

/// A plan as Python hands it over: the unit of every row, the stratum of every unit, and how units are drawn.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanOptions {
    #[serde(default)]
    law: Law,
    draws: Option<Vec<usize>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunOptions {
    statistic: Spec,
    seed: u64,
    first: u64,
    count: usize,
    enumerated: bool,
    threads: NonZeroUsize,
    jackknife: bool,
}

fn slice<'a, T: numpy::Element>(what: &str, array: &'a PyReadonlyArray1<'_, T>) -> Result<&'a [T]> {
    array.as_slice().map_err(|_| Error::from(input(format!("{what} must be contiguous"))))
}

pub(super) fn plan_of(
    units: &PyReadonlyArray1<'_, i64>,
    strata: &PyReadonlyArray1<'_, i64>,
    options: &str,
) -> Result<Plan> {
    let options: PlanOptions = from_json("plan", options)?;
    Plan::new(slice("units", units)?, slice("strata", strata)?, options.draws.as_deref(), options.law)
}

/// The number of multisets of a plan, or None when there are more than `limit` or the law has none.
#[pyfunction]
pub(super) fn bootstrap_multisets(
    units: PyReadonlyArray1<'_, i64>,
    strata: PyReadonlyArray1<'_, i64>,
    plan: &str,
    limit: u64,
) -> PyResult<Option<u64>> {
    let plan = plan_of(&units, &strata, plan)?;
    Ok(Multisets::of(&plan, limit).map(|m| m.len()))
}

/// The estimate, the delete-one values and a range of replicates of a compiled statistic.
#[pyfunction]
#[pyo3(signature = (values, sample, units, strata, plan, options, progress=None))]
#[allow(clippy::too_many_arguments)]
pub(super) fn bootstrap_run<'py>(
    py: Python<'py>,
    values: PyReadonlyArray2<'py, f64>,
    sample: Option<PyReadonlyArray1<'py, i64>>,
    units: PyReadonlyArray1<'py, i64>,
    strata: PyReadonlyArray1<'py, i64>,
    plan: &str,
    options: &str,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<(Py<PyDict>, bool)> {
    let plan = plan_of(&units, &strata, plan)?;
    let options: RunOptions = from_json("options of the bootstrap", options)?;
    let participants = plan.law() == Law::TwoStage && options.statistic.counts_participants();
    let plan = if participants { plan.whole_units() } else { plan };
    let sample = sample.as_ref().map(|s| slice("samples", s)).transpose()?;
    let columns = values.as_array().ncols();
    let cells = values.as_slice().map_err(|_| Error::from(input("data must be in C order")))?;
    let table = Table { values: cells, columns, sample };
    let statistic = bind(&options.statistic, table, &plan)?;
    let threads = Threads::new(Some(options.threads));
    let mut estimate = vec![0.0; statistic.outputs()];
    Evaluator::new(&plan, &statistic).by_units(&vec![1.0; plan.n_units()], &mut estimate);
    let ((replicates, jackknife), interrupted) = long_call(py, progress, |control| {
        let multisets = Multisets::of(&plan, MOST).filter(|_| options.enumerated);
        let replicates = multisets.as_ref().map_or(options.count as u64, Multisets::len);
        control.set_total(replicates + if options.jackknife { steps(&plan, &statistic) } else { 0 });
        let jackknife = options.jackknife.then(|| delete_one(&plan, &statistic, threads, control)).transpose()?;
        let (seed, range) = (Seed(options.seed), (options.first, options.count));
        let replicates = match (multisets, &statistic) {
            (Some(multisets), _) => enumerate(&plan, &multisets, &statistic, threads, control)?,
            (None, Statistic::Moments { table: moments, rule }) if participants => {
                let counts = two_level::Counts::new(&rates::cells(table), moments.width(), &plan);
                two_level::draw(&plan, (&counts, rule.as_ref()), seed, range, threads, control)?
            }
            _ => draw(&plan, &statistic, seed, range, threads, control)?,
        };
        Ok((replicates, jackknife))
    })?;
    Ok((raw(py, replicates, estimate, jackknife)?, interrupted))
}

pub(super) fn raw(
    py: Python<'_>,
    replicates: Replicates,
    estimate: Vec<f64>,
    jackknife: Option<Vec<f64>>,
) -> PyResult<Py<PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("values", PyArray1::from_vec(py, replicates.values))?;
    dict.set_item("probabilities", replicates.probabilities.map(|p| PyArray1::from_vec(py, p)))?;
    dict.set_item("estimate", PyArray1::from_vec(py, estimate))?;
    dict.set_item("jackknife", jackknife.map(|j| PyArray1::from_vec(py, j)))?;
    Ok(dict.unbind())
}

/// Units, and the probabilities of enumerated replicates.
type Drawn<'py> = (Bound<'py, PyArray1<i64>>, Option<Bound<'py, PyArray1<f64>>>);

/// The units that replicates `first..first + count` draw, replicate-major: what a Python statistic is computed on.
#[pyfunction]
#[allow(clippy::too_many_arguments)]
pub(super) fn bootstrap_units<'py>(
    py: Python<'py>,
    units: PyReadonlyArray1<'py, i64>,
    strata: PyReadonlyArray1<'py, i64>,
    plan: &str,
    seed: u64,
    first: u64,
    count: usize,
    enumerated: bool,
) -> PyResult<Drawn<'py>> {
    let plan = plan_of(&units, &strata, plan)?;
    let (drawn, probabilities) = py.detach(|| draws(&plan, Seed(seed), first, count, enumerated));
    Ok((PyArray1::from_vec(py, drawn), probabilities.map(|p| PyArray1::from_vec(py, p))))
}

fn draws(plan: &Plan, seed: Seed, first: u64, count: usize, enumerated: bool) -> (Vec<i64>, Option<Vec<f64>>) {
    let mut drawn = Vec::with_capacity(count * plan.draws());
    let Some(multisets) = Multisets::of(plan, MOST).filter(|_| enumerated) else {
        let mut drawer = Drawer::new(plan, seed);
        (first..first + count as u64).for_each(|i| drawn.extend(drawer.units(i).iter().map(|&u| i64::from(u))));
        return (drawn, None);
    };
    let mut cursor = multisets.cursor(first);
    let mut probabilities = Vec::with_capacity(count);
    for _ in 0..count {
        for (unit, &times) in (0_i64..).zip(cursor.counts()) {
            drawn.extend(std::iter::repeat_n(unit, times as usize));
        }
        probabilities.push(cursor.probability());
        cursor.step();
    }
    (drawn, Some(probabilities))
}

/// The weights of replicates `first..first + count`, replicate-major: of units, or of rows under a two-stage law.
#[pyfunction]
pub(super) fn bootstrap_weights<'py>(
    py: Python<'py>,
    units: PyReadonlyArray1<'py, i64>,
    strata: PyReadonlyArray1<'py, i64>,
    plan: &str,
    seed: u64,
    first: u64,
    count: usize,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let plan = plan_of(&units, &strata, plan)?;
    let weights = py.detach(|| {
        let mut drawer = Drawer::new(&plan, Seed(seed));
        (first..first + count as u64).flat_map(|i| drawer.weights(i).to_vec()).collect::<Vec<f64>>()
    });
    Ok(PyArray1::from_vec(py, weights))
}

/// A compiled statistic under weights that the caller supplies (replicates x units), replicate-major.
#[pyfunction]
#[pyo3(signature = (values, sample, units, strata, statistic, weights, threads, progress=None))]
#[allow(clippy::too_many_arguments)]
pub(super) fn bootstrap_supplied<'py>(
    py: Python<'py>,
    values: PyReadonlyArray2<'py, f64>,
    sample: Option<PyReadonlyArray1<'py, i64>>,
    units: PyReadonlyArray1<'py, i64>,
    strata: PyReadonlyArray1<'py, i64>,
    statistic: &str,
    weights: PyReadonlyArray2<'py, f64>,
    threads: NonZeroUsize,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<(Bound<'py, PyArray1<f64>>, bool)> {
    let plan = plan_of(&units, &strata, "{}")?;
    let spec: Spec = from_json("statistic", statistic)?;
    let sample = sample.as_ref().map(|s| slice("samples", s)).transpose()?;
    let columns = values.as_array().ncols();
    let cells = values.as_slice().map_err(|_| Error::from(input("data must be in C order")))?;
    let weights = weights.as_slice().map_err(|_| Error::from(input("weights must be in C order")))?;
    let statistic = bind(&spec, Table { values: cells, columns, sample }, &plan)?;
    let (values, interrupted) =
        long_call(py, progress, |control| supplied(&plan, &statistic, weights, Threads::new(Some(threads)), control))?;
    Ok((PyArray1::from_vec(py, values), interrupted))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ErrorOptions {
    statistic: Spec,
    seed: u64,
    count: usize,
    enumerated: bool,
    threads: NonZeroUsize,
}

/// The standard error of a compiled statistic on every replicate, replicate-major; None where the statistic is no
/// function of sums over units that are drawn whole.
#[pyfunction]
#[pyo3(signature = (values, sample, units, strata, plan, options, counts=None, progress=None))]
#[allow(clippy::too_many_arguments)]
pub(super) fn bootstrap_errors<'py>(
    py: Python<'py>,
    values: PyReadonlyArray2<'py, f64>,
    sample: Option<PyReadonlyArray1<'py, i64>>,
    units: PyReadonlyArray1<'py, i64>,
    strata: PyReadonlyArray1<'py, i64>,
    plan: &str,
    options: &str,
    counts: Option<PyReadonlyArray2<'py, f64>>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<(Option<Bound<'py, PyArray1<f64>>>, bool)> {
    let plan = plan_of(&units, &strata, plan)?;
    let options: ErrorOptions = from_json("options of the bootstrap", options)?;
    let sample = sample.as_ref().map(|s| slice("samples", s)).transpose()?;
    let columns = values.as_array().ncols();
    let cells = values.as_slice().map_err(|_| Error::from(input("data must be in C order")))?;
    let counts = counts.as_ref().map(|c| c.as_slice()).transpose();
    let counts = counts.map_err(|_| Error::from(input("counts must be in C order")))?;
    if !plan.law().draws_units() {
        return Ok((None, false));
    }
    let statistic = bind(&options.statistic, Table { values: cells, columns, sample }, &plan)?;
    let Statistic::Moments { table, rule } = &statistic else { return Ok((None, false)) };
    let (errors, interrupted) = long_call(py, progress, |control| {
        let multisets = Multisets::of(&plan, MOST).filter(|_| options.enumerated);
        let source = match (counts, &multisets) {
            (Some(counts), _) => Counts::Supplied(counts),
            (None, Some(multisets)) => Counts::Every(multisets),
            (None, None) => Counts::Drawn(Seed(options.seed), options.count),
        };
        control.set_total(options.count as u64);
        standard_errors(&plan, (table, rule.as_ref()), source, Threads::new(Some(options.threads)), control)
    })?;
    Ok((Some(PyArray1::from_vec(py, errors)), interrupted))
}

/// Summaries and intervals of all outputs (rows of `values`, `jackknife` and `errors`); `errors` are the standard errors of
/// the replicates, `own` those on the data.
#[pyfunction]
#[pyo3(signature = (values, probabilities, estimates, jackknife, strata, requests, threads, errors=None, own=None))]
#[allow(clippy::too_many_arguments)]
pub(super) fn bootstrap_intervals(
    py: Python<'_>,
    values: PyReadonlyArray2<'_, f64>,
    probabilities: Option<PyReadonlyArray1<'_, f64>>,
    estimates: Vec<f64>,
    jackknife: Option<PyReadonlyArray2<'_, f64>>,
    strata: Vec<usize>,
    requests: &str,
    threads: NonZeroUsize,
    errors: Option<PyReadonlyArray2<'_, f64>>,
    own: Option<Vec<f64>>,
) -> PyResult<Py<PyAny>> {
    let requests: Vec<Request> = from_json("interval", requests)?;
    let (outputs, replicates) = values.as_array().dim();
    let units = strata.iter().sum::<usize>();
    let values = rows("replicates", &values, (outputs, replicates))?;
    let probabilities = probabilities.as_ref().map(|p| slice("probabilities", p)).transpose()?;
    let jackknife = jackknife.as_ref().map(|j| rows("jackknife", j, (outputs, units))).transpose()?;
    let errors = errors.as_ref().map(|e| rows("standard errors", e, (outputs, replicates))).transpose()?;
    let own = own.unwrap_or_else(|| vec![f64::NAN; outputs]);
    if probabilities.is_some_and(|p| p.len() != replicates) || estimates.len() != outputs || own.len() != outputs {
        return Err(Error::from(input("arrays of different lengths")).into());
    }
    let summary = |k: usize| {
        let (values, estimate) = (&values[k * replicates..(k + 1) * replicates], estimates[k]);
        let jackknife = jackknife.map(|j| Jackknife::of(&j[k * units..(k + 1) * units], &strata, estimate));
        let mut distribution = Distribution::new(values, probabilities);
        let ratios = errors.map(|e| {
            let each = &e[k * replicates..(k + 1) * replicates];
            (Distribution::new(&ratios(values, estimate, each, own[k]), probabilities), own[k])
        });
        let mut basis = Basis { distribution: &mut distribution, estimate, jackknife, ratios, strata: &strata };
        let intervals: Vec<_> = requests.iter().map(|&r| interval(&mut basis, r)).collect();
        let moments = distribution.moments();
        Summary {
            intervals,
            mean: moments.mean,
            standard_error: moments.sd,
            n_undefined: distribution.n_undefined(),
            undefined_mass: distribution.undefined_mass(),
            below_and_tied: distribution.below_and_tied(estimate),
            jackknife,
        }
    };
    // One output is not worth a thread.
    let threads = if outputs == 1 { Threads::ONE } else { Threads::new(Some(threads)) };
    let summaries: Vec<Summary> = py.detach(|| threads.run(|| (0..outputs).into_par_iter().map(summary).collect()))?;
    to_python(py, &summaries)
}

/// The cells of a matrix, row after row.
fn rows<'a>(what: &str, matrix: &'a PyReadonlyArray2<'_, f64>, shape: (usize, usize)) -> Result<&'a [f64]> {
    if matrix.as_array().dim() != shape {
        return Err(input("arrays of different lengths").into());
    }
    matrix.as_slice().map_err(|_| Error::from(input(format!("{what} must be contiguous"))))
}

#[derive(serde::Serialize)]
struct Summary {
    intervals: Vec<crate::resample::interval::Interval>,
    mean: f64,
    standard_error: f64,
    n_undefined: usize,
    undefined_mass: f64,
    below_and_tied: (f64, f64),
    jackknife: Option<Jackknife>,
}

/// The distribution of one output without each unit in turn.
#[pyfunction]
#[allow(clippy::too_many_arguments)]
pub(super) fn bootstrap_after(
    py: Python<'_>,
    units: PyReadonlyArray1<'_, i64>,
    strata: PyReadonlyArray1<'_, i64>,
    plan: &str,
    seed: u64,
    values: PyReadonlyArray1<'_, f64>,
    probabilities: Option<PyReadonlyArray1<'_, f64>>,
    levels: Vec<f64>,
) -> PyResult<Py<PyAny>> {
    let plan = plan_of(&units, &strata, plan)?;
    let values = slice("replicates", &values)?;
    let probabilities = probabilities.as_ref().map(|p| slice("probabilities", p)).transpose()?;
    let rows = py.detach(|| {
        let multisets = Multisets::of(&plan, MOST).filter(|_| probabilities.is_some());
        let omitted = Omitted::of(&plan, Seed(seed), values.len(), multisets.as_ref());
        (0..plan.n_units()).map(|unit| omitted.without(unit, values, probabilities, &levels)).collect::<Vec<_>>()
    });
    to_python(py, &rows)
}
