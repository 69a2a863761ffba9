//! Medians, quantiles and trimmed means of weighted rows: one walk in an order that is sorted once.
//!
//! With whole weights these are the values on the resample itself. With fractional weights, scaled so that they sum to
//! the number of rows, the h-th order statistic is the value at which the running weight passes h.

use super::super::statistic::{RowStatistic, Statistic};
use super::Table;

/// One column: its rows in ascending order, and their values.
struct Sorted {
    order: Vec<u32>,
    values: Vec<f64>,
}

fn sorted(table: Table<'_>) -> Vec<Sorted> {
    let columns = (0..table.columns).map(|j| {
        let values: Vec<f64> = table.column(j).collect();
        let mut order: Vec<u32> = (0..values.len() as u32).collect();
        order.sort_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]));
        let values = order.iter().map(|&i| values[i as usize]).collect();
        Sorted { order, values }
    });
    columns.collect()
}

struct Quantile {
    columns: Vec<Sorted>,
    p: f64,
}

impl RowStatistic for Quantile {
    fn outputs(&self) -> usize {
        self.columns.len()
    }

    fn evaluate(&self, weights: &[f64], _scratch: &mut Vec<f64>, out: &mut [f64]) {
        let n: f64 = weights.iter().sum();
        let position = (self.p * (n - 1.0)).max(0.0);
        let (lower, share) = ((position + 1e-9).floor(), (position - (position + 1e-9).floor()).max(0.0));
        for (column, out) in self.columns.iter().zip(out) {
            *out = column.between(weights, lower, share);
        }
    }
}

impl Sorted {
    /// The order statistic `lower` (from 0), and a share of the way to the next.
    fn between(&self, weights: &[f64], lower: f64, share: f64) -> f64 {
        let (mut run, mut low) = (0.0, f64::NAN);
        for (&row, &value) in self.order.iter().zip(&self.values) {
            let weight = weights[row as usize];
            if weight == 0.0 {
                continue;
            }
            run += weight;
            if low.is_nan() && run > lower + 1e-9 {
                low = value;
                if share <= 1e-9 {
                    return low;
                }
            }
            if run > lower + 1.0 + 1e-9 {
                return low + share * (value - low);
            }
        }
        low
    }
}

/// A quantile of every column, linear between order statistics as in NumPy.
pub(super) fn quantile(table: Table<'_>, p: f64) -> Statistic {
    Statistic::Rows(Box::new(Quantile { columns: sorted(table), p }))
}

struct Trimmed {
    columns: Vec<Sorted>,
    cut: f64,
}

impl RowStatistic for Trimmed {
    fn outputs(&self) -> usize {
        self.columns.len()
    }

    fn evaluate(&self, weights: &[f64], _scratch: &mut Vec<f64>, out: &mut [f64]) {
        let n: f64 = weights.iter().sum();
        // Whole observations are cut, as scipy's trim_mean and R's mean(trim=) do.
        let from = (self.cut * n + 1e-9).floor();
        let to = n - from;
        for (column, out) in self.columns.iter().zip(out) {
            let (mut run, mut sum) = (0.0_f64, 0.0);
            for (&row, &value) in column.order.iter().zip(&column.values) {
                let next = run + weights[row as usize];
                let kept = next.min(to) - run.max(from);
                if kept > 0.0 {
                    sum += kept * value;
                }
                run = next;
            }
            *out = if to > from { sum / (to - from) } else { f64::NAN };
        }
    }
}

/// The mean of every column without a share of its lowest and highest values.
pub(super) fn trimmed(table: Table<'_>, cut: f64) -> Statistic {
    Statistic::Rows(Box::new(Trimmed { columns: sorted(table), cut }))
}
