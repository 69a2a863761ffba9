//! Binding of `audit`: one request in, one finding out. Numbers cross as the text that was printed.

use super::convert::{from_json, to_python};
use crate::audit::{
    Cut, GridOptions, Printed, Ratio, Rounding, SdKind, TableOptions, debit, grim, grimmer, percent_column, ranks,
    sd_bounds, solve_table, subset_of_answers, subset_of_counts, triple,
};
use crate::error::Result;
use pyo3::prelude::*;
use serde::{Deserialize, Serialize};

/// What Python asks for; the fields are the parameters of the core functions.
#[derive(Deserialize)]
#[serde(tag = "check", rename_all = "kebab-case", deny_unknown_fields)]
enum Request {
    Grim { mean: String, grid: GridOptions, percent: bool, rounding: Rounding },
    Grimmer { mean: String, sd: String, grid: GridOptions, kind: SdKind, rounding: Rounding },
    Debit { mean: String, sd: String, n: i64, kind: SdKind, rounding: Rounding },
    SdBounds { n: i64, low: f64, high: f64, mean: Option<String>, kind: SdKind, rounding: Rounding },
    Triple { count: Option<i64>, percent: String, n: i64, rounding: Rounding },
    PercentColumn { percents: Vec<String>, n: Option<i64>, rounding: Rounding },
    SubsetOfCounts { small: Cut, large: Cut, rounding: Rounding },
    SubsetOfAnswers { small: Cut, large: Cut, grid: GridOptions, kind: SdKind, rounding: Rounding },
    Ranks { values: Vec<String>, claimed: Vec<i64>, smallest_first: bool },
    Table { table: TableOptions },
    Interval { printed: String, rounding: Rounding },
    Admits { printed: String, numerator: i64, denominator: i64, root: bool, rounding: Rounding },
}

/// What a printed number stands for.
#[derive(Serialize)]
struct Interval {
    value: f64,
    low: f64,
    high: f64,
    decimals: u32,
}

/// Answers one request, written as JSON.
#[pyfunction]
pub(super) fn audit_check(py: Python<'_>, request: &str) -> PyResult<Py<PyAny>> {
    fn out<T: Serialize>(py: Python<'_>, found: Result<T>) -> PyResult<Py<PyAny>> {
        to_python(py, &found?)
    }
    match from_json::<Request>("audit request", request)? {
        Request::Grim { mean, grid, percent, rounding } => out(py, grim(&mean, &grid, percent, rounding)),
        Request::Grimmer { mean, sd, grid, kind, rounding } => out(py, grimmer(&mean, &sd, &grid, kind, rounding)),
        Request::Debit { mean, sd, n, kind, rounding } => out(py, debit(&mean, &sd, n, kind, rounding)),
        Request::SdBounds { n, low, high, mean, kind, rounding } => {
            out(py, sd_bounds(n, low, high, mean.as_deref(), kind, rounding))
        }
        Request::Triple { count, percent, n, rounding } => out(py, triple(count, &percent, n, rounding)),
        Request::PercentColumn { percents, n, rounding } => out(py, percent_column(&percents, n, rounding)),
        Request::SubsetOfCounts { small, large, rounding } => out(py, subset_of_counts(&small, &large, rounding)),
        Request::SubsetOfAnswers { small, large, grid, kind, rounding } => {
            out(py, subset_of_answers(&small, &large, &grid, kind, rounding))
        }
        Request::Ranks { values, claimed, smallest_first } => out(py, ranks(&values, &claimed, smallest_first)),
        Request::Table { table } => out(py, solve_table(&table)),
        Request::Admits { printed, numerator, denominator, root, rounding } => out(
            py,
            Printed::parse("printed number", &printed).map(|p| {
                let value = Ratio { num: numerator.into(), den: i128::from(denominator).max(1) };
                if root { p.admits_root(value, rounding) } else { p.admits(value, rounding) }
            }),
        ),
        Request::Interval { printed, rounding } => out(
            py,
            Printed::parse("printed number", &printed).map(|p| {
                let (low, high) = p.interval(rounding);
                Interval { value: p.value().to_f64(), low, high, decimals: p.decimals() }
            }),
        ),
    }
}
