//! The intraclass correlation ICC(1) of one-way analysis of variance, from weighted sums.

use super::super::plan::Plan;
use super::super::statistic::{MomentStatistic, Statistic};
use super::{ByUnit, Table};

/// Sums of squares that differ from zero by less than this share of the whole are rounding.
const ROUNDING: f64 = 1e-13;

struct Icc;

impl MomentStatistic for Icc {
    fn outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, sums: &[f64], out: &mut [f64]) {
        let [groups, n, sizes, total, squares, between] = *sums else { return };
        let about_mean = total * total / n;
        let (ms_between, ms_within) = ((between - about_mean) / (groups - 1.0), (squares - between) / (n - groups));
        let size = (n - sizes / n) / (groups - 1.0);
        let whole = ms_between + (size - 1.0) * ms_within;
        let varies = groups > 1.0 && n > groups && squares - about_mean > ROUNDING * squares;
        out[0] = if varies { (ms_between - ms_within) / whole } else { f64::NAN };
    }
}

/// One group of values about an origin: moments (1, n, n², Σx, Σx², (Σx)²/n).
fn group(values: impl Iterator<Item = f64>) -> [f64; 6] {
    let (mut n, mut total, mut squares) = (0.0, 0.0, 0.0);
    for x in values {
        n += 1.0;
        total += x;
        squares += x * x;
    }
    [1.0, n, n * n, total, squares, total * total / n]
}

/// ICC(1) (Fisher 1925; Shrout and Fleiss 1979, <https://doi.org/10.1037/0033-2909.86.2.420>): of a table of several
/// columns, rows are groups; of one column, the units of the plan are, a unit that is drawn twice being two groups.
/// Undefined when nothing varies.
pub(super) fn icc(table: Table<'_>, plan: &Plan, by_unit: ByUnit<'_>) -> Statistic {
    let rows = if table.columns > 1 {
        let origin = table.values.iter().sum::<f64>() / table.values.len() as f64;
        table.values.chunks_exact(table.columns).flat_map(|row| group(row.iter().map(|x| x - origin))).collect()
    } else {
        by_site(table, plan)
    };
    Statistic::Moments { table: by_unit(rows, 6), rule: Box::new(Icc) }
}

/// The moments of a unit stand at its first row, so that they add up to themselves.
fn by_site(table: Table<'_>, plan: &Plan) -> Vec<f64> {
    let origin = table.origin(0);
    let mut members = vec![Vec::new(); plan.n_units()];
    plan.unit_of_row().iter().enumerate().for_each(|(row, &unit)| members[unit as usize].push(row));
    let mut rows = vec![0.0; table.rows() * 6];
    for of_unit in members {
        let moments = group(of_unit.iter().map(|&row| table.values[row] - origin));
        rows[of_unit[0] * 6..of_unit[0] * 6 + 6].copy_from_slice(&moments);
    }
    rows
}
