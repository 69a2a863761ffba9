//! Rates k of n and their difference: sums of counts, exact.

use super::super::statistic::{MomentStatistic, Statistic};
use super::{ByUnit, Table};

struct Rate;

impl MomentStatistic for Rate {
    fn outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, sums: &[f64], out: &mut [f64]) {
        // 0/0 where nobody is left.
        out[0] = sums[0] / sums[1];
    }
}

/// All successes over all trials: moments (k, n).
pub(super) fn rate(table: Table<'_>, by_unit: ByUnit<'_>) -> Statistic {
    Statistic::Moments { table: by_unit(table.values.to_vec(), 2), rule: Box::new(Rate) }
}

struct Difference;

impl MomentStatistic for Difference {
    fn outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, sums: &[f64], out: &mut [f64]) {
        out[0] = sums[0] / sums[1] - sums[2] / sums[3];
    }
}

/// Rate of the first sample minus that of the second: moments (k, n) of either.
pub(super) fn difference(table: Table<'_>, by_unit: ByUnit<'_>) -> Statistic {
    Statistic::Moments { table: by_unit(cells(table), 4), rule: Box::new(Difference) }
}

/// Rows of (k, n) of either sample: as they are in four columns, else zero of n in the other sample.
pub fn cells(table: Table<'_>) -> Vec<f64> {
    let Some(sample) = table.sample else { return table.values.to_vec() };
    let mut rows = Vec::with_capacity(table.rows() * 4);
    for (row, &s) in table.values.chunks_exact(2).zip(sample) {
        rows.extend(if s == 0 { [row[0], row[1], 0.0, 0.0] } else { [0.0, 0.0, row[0], row[1]] });
    }
    rows
}
