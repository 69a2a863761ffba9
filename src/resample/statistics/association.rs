//! Pearson's correlation from weighted sums.

use super::super::statistic::{MomentStatistic, Statistic};
use super::means::centred;
use super::{ByUnit, Table};

struct Pearson;

impl MomentStatistic for Pearson {
    fn outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, sums: &[f64], out: &mut [f64]) {
        let [n, x, y, xx, yy, xy] = *sums else { return };
        let (sxx, syy) = (centred(n, x, x, xx, xx), centred(n, y, y, yy, yy));
        let r = centred(n, x, y, xy, 0.0) / (sxx * syy).sqrt();
        // Undefined when a column is constant; rounding must not leave [-1, 1].
        out[0] = if sxx > 0.0 && syy > 0.0 { r.clamp(-1.0, 1.0) } else { f64::NAN };
    }
}

/// The correlation of two columns: moments (1, x, y, x², y², xy) about the origins.
pub(super) fn pearson(table: Table<'_>, by_unit: ByUnit<'_>) -> Statistic {
    let (a, b) = (table.origin(0), table.origin(1));
    let mut rows = Vec::with_capacity(table.rows() * 6);
    for row in table.values.chunks_exact(2) {
        let (x, y) = (row[0] - a, row[1] - b);
        rows.extend([1.0, x, y, x * x, y * y, x * y]);
    }
    Statistic::Moments { table: by_unit(rows, 6), rule: Box::new(Pearson) }
}
