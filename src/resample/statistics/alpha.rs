//! Cronbach's alpha from weighted sums.

use super::super::statistic::{MomentStatistic, Statistic};
use super::means::centred;
use super::{ByUnit, Table};

struct Alpha {
    items: usize,
}

impl MomentStatistic for Alpha {
    fn outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, sums: &[f64], out: &mut [f64]) {
        let n = sums[0];
        let about_mean = |at: usize| centred(n, sums[at], sums[at], sums[at + 1], sums[at + 1]);
        let items: f64 = (0..self.items).map(|j| about_mean(1 + 2 * j)).sum();
        let total = about_mean(1 + 2 * self.items);
        let p = self.items as f64;
        out[0] = if total > 0.0 { p / (p - 1.0) * (1.0 - items / total) } else { f64::NAN };
    }
}

/// Alpha of all columns (Cronbach 1951, <https://doi.org/10.1007/BF02310555>): moments (1, x, x² per item, and of the
/// total). Undefined when the total does not vary.
pub(super) fn cronbach(table: Table<'_>, by_unit: ByUnit<'_>) -> Statistic {
    let p = table.columns;
    let origins: Vec<f64> = (0..p).map(|j| table.origin(j)).collect();
    let mut rows = Vec::with_capacity(table.rows() * (2 * p + 3));
    for row in table.values.chunks_exact(p) {
        rows.push(1.0);
        let mut total = 0.0;
        for (x, origin) in row.iter().zip(&origins) {
            let x = x - origin;
            rows.extend([x, x * x]);
            total += x;
        }
        rows.extend([total, total * total]);
    }
    Statistic::Moments { table: by_unit(rows, 2 * p + 3), rule: Box::new(Alpha { items: p }) }
}
