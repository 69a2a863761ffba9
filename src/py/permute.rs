//! Permutation tests: arrangements, linear statistics, p-values.

use super::convert::to_python;
use super::door::long_call;
use crate::error::{Error, Result, input};
use crate::parallel::Threads;
use crate::resample::linear::{Linear, run};
use crate::resample::permute::{Exchange, order_of};
use crate::resample::pvalue::{PValue, Tail, p_value, step_down};
use crate::resample::splits::SplitP;
use crate::stream::Seed;
use numpy::{PyArray1, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use rayon::prelude::*;
use std::num::NonZeroUsize;

/// What may be exchanged: `within` values per unit, or labels among the units of each stratum.
fn exchange_of(labels: &[i64], strata: &[usize], within: usize) -> Result<Exchange> {
    if within > 0 {
        return Ok(Exchange::Within { units: labels.len(), size: within });
    }
    if strata.iter().sum::<usize>() != labels.len() {
        return Err(input("strata do not add up to the units").into());
    }
    let mut from = 0;
    let strata = strata.iter().map(|size| {
        from += size;
        from - size..from
    });
    Ok(Exchange::Labels { strata: strata.collect(), labels: labels.iter().map(|&l| l as u32).collect() })
}

fn slice<'a, T: numpy::Element>(array: &'a PyReadonlyArray1<'_, T>) -> Result<&'a [T]> {
    array.as_slice().map_err(|_| Error::from(input("arrays must be contiguous")))
}

/// The number of arrangements, or None when there are more than `limit`.
#[pyfunction]
pub(super) fn permutation_count(
    labels: PyReadonlyArray1<'_, i64>,
    strata: Vec<usize>,
    within: usize,
    limit: u64,
) -> PyResult<Option<u64>> {
    Ok(exchange_of(slice(&labels)?, &strata, within)?.count(limit))
}

/// The permutations of 0..size, by number.
#[pyfunction]
pub(super) fn permutation_orders(size: usize) -> Vec<Vec<u32>> {
    let count: u32 = (1..=size as u32).product();
    (0..count).map(|number| order_of(number, size)).collect()
}

/// Arrangements `first..first + count`, one number per unit, replicate-major.
#[pyfunction]
#[allow(clippy::too_many_arguments)]
pub(super) fn permutation_draws<'py>(
    py: Python<'py>,
    labels: PyReadonlyArray1<'py, i64>,
    strata: Vec<usize>,
    within: usize,
    seed: u64,
    first: u64,
    count: usize,
    enumerated: bool,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let exchange = exchange_of(slice(&labels)?, &strata, within)?;
    let drawn = py.detach(|| {
        let mut out = vec![0_u32; exchange.units()];
        let mut drawn = Vec::with_capacity(count * out.len());
        for index in first..first + count as u64 {
            if enumerated {
                exchange.unrank(index, &mut out);
            } else {
                exchange.draw(Seed(seed), index, &mut out);
            }
            drawn.extend(out.iter().map(|&x| i64::from(x)));
        }
        drawn
    });
    Ok(PyArray1::from_vec(py, drawn))
}

/// The observed statistics and their null distribution; whether the run was interrupted.
type Observed<'py> = ((Vec<f64>, Bound<'py, PyArray1<f64>>), bool);

/// The observed value and the null distribution (output after output) of statistics that are linear in what is permuted.
#[pyfunction]
#[pyo3(signature = (matrix, values, nuisance, labels, strata, within, seed, count, enumerated, threads, progress=None))]
#[allow(clippy::too_many_arguments)]
pub(super) fn permutation_linear<'py>(
    py: Python<'py>,
    matrix: PyReadonlyArray2<'py, f64>,
    values: Vec<f64>,
    nuisance: usize,
    labels: PyReadonlyArray1<'py, i64>,
    strata: Vec<usize>,
    within: usize,
    seed: u64,
    count: usize,
    enumerated: bool,
    threads: NonZeroUsize,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Observed<'py>> {
    let observed = slice(&labels)?;
    let exchange = exchange_of(observed, &strata, within)?;
    let cells = matrix.as_slice().map_err(|_| Error::from(input("the matrix must be in C order")))?;
    let linear = Linear::new(cells, matrix.as_array().ncols(), values, nuisance);
    let mut statistic = vec![0.0; linear.outputs()];
    let own: Vec<u32> = observed.iter().map(|&l| l as u32).collect();
    linear.evaluate(&own, &mut statistic);
    let (null, interrupted) = long_call(py, progress, |control| {
        let range = (0, count, enumerated);
        run(&linear, &exchange, Seed(seed), range, Threads::new(Some(threads)), control)
    })?;
    Ok(((statistic, PyArray1::from_vec(py, null)), interrupted))
}

#[derive(serde::Serialize)]
struct Judged {
    each: Vec<PValue>,
    adjusted: Option<Vec<SplitP>>,
}

/// p-values of every statistic (`null` is outputs x replicates), and adjusted ones when they are asked for.
#[pyfunction]
pub(super) fn permutation_pvalues(
    py: Python<'_>,
    null: PyReadonlyArray2<'_, f64>,
    observed: Vec<f64>,
    tail: &str,
    enumerated: bool,
    adjust: bool,
    threads: NonZeroUsize,
) -> PyResult<Py<PyAny>> {
    let tail = match tail {
        "greater" => Tail::Greater,
        "less" => Tail::Less,
        "symmetric" => Tail::Symmetric,
        _ => Tail::Doubled,
    };
    let cells = null.as_slice().map_err(|_| Error::from(input("the null distribution must be in C order")))?;
    let n = null.as_array().ncols();
    let judged = py.detach(|| {
        Threads::new(Some(threads)).run(|| Judged {
            each: observed
                .par_iter()
                .enumerate()
                .map(|(j, &x)| p_value(&cells[j * n..(j + 1) * n], x, tail, enumerated))
                .collect(),
            adjusted: adjust.then(|| step_down(cells, &observed, tail, enumerated)),
        })
    })?;
    to_python(py, &judged)
}
