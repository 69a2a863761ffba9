//! Means, spreads, and the difference and ratio of two means: functions of weighted sums.

use super::super::statistic::{MomentStatistic, Statistic};
use super::{ByUnit, Table};

/// Sums that differ from zero by less than this share of their terms are rounding.
pub(super) const ROUNDING: f64 = 1e-13;

struct Means {
    origins: Vec<f64>,
}

impl MomentStatistic for Means {
    fn outputs(&self) -> usize {
        self.origins.len()
    }

    fn evaluate(&self, sums: &[f64], out: &mut [f64]) {
        for (j, origin) in self.origins.iter().enumerate() {
            out[j] = origin + sums[j + 1] / sums[0];
        }
    }
}

/// The mean of every column: moments (1, x about its origin).
pub(super) fn means(table: Table<'_>, by_unit: ByUnit<'_>) -> Statistic {
    let p = table.columns;
    let origins: Vec<f64> = (0..p).map(|j| table.origin(j)).collect();
    let mut rows = Vec::with_capacity(table.rows() * (p + 1));
    for row in table.values.chunks_exact(p) {
        rows.push(1.0);
        rows.extend(row.iter().zip(&origins).map(|(x, origin)| x - origin));
    }
    Statistic::Moments { table: by_unit(rows, p + 1), rule: Box::new(Means { origins }) }
}

struct Spread {
    columns: usize,
    ddof: f64,
    root: bool,
}

impl MomentStatistic for Spread {
    fn outputs(&self) -> usize {
        self.columns
    }

    fn evaluate(&self, sums: &[f64], out: &mut [f64]) {
        let n = sums[0];
        for j in 0..self.columns {
            let (sum, squares) = (sums[1 + 2 * j], sums[2 + 2 * j]);
            let about_mean = centred(n, sum, sum, squares, squares);
            let variance = if n > self.ddof { about_mean / (n - self.ddof) } else { f64::NAN };
            out[j] = if self.root { variance.sqrt() } else { variance };
        }
    }
}

/// Σ(x - mean x)(y - mean y) from raw sums; 0 when nothing but rounding is left of the `scale`.
pub(super) fn centred(n: f64, sum_x: f64, sum_y: f64, products: f64, scale: f64) -> f64 {
    let value = products - sum_x * sum_y / n;
    if value.abs() <= ROUNDING * scale { 0.0 } else { value }
}

/// Variance or SD of every column: moments (1, x, x²) about the origin.
pub(super) fn spread(table: Table<'_>, ddof: f64, root: bool, by_unit: ByUnit<'_>) -> Statistic {
    let p = table.columns;
    let origins: Vec<f64> = (0..p).map(|j| table.origin(j)).collect();
    let mut rows = Vec::with_capacity(table.rows() * (2 * p + 1));
    for row in table.values.chunks_exact(p) {
        rows.push(1.0);
        rows.extend(row.iter().zip(&origins).flat_map(|(x, origin)| [x - origin, (x - origin).powi(2)]));
    }
    Statistic::Moments { table: by_unit(rows, 2 * p + 1), rule: Box::new(Spread { columns: p, ddof, root }) }
}

struct Contrast {
    origins: [f64; 2],
    ratio: bool,
}

impl MomentStatistic for Contrast {
    fn outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, sums: &[f64], out: &mut [f64]) {
        let [a, b] = self.origins;
        let (first, second) = (a + sums[1] / sums[0], b + sums[3] / sums[2]);
        out[0] = match (self.ratio, second == 0.0) {
            (false, _) => first - second,
            (true, true) => f64::NAN,
            (true, false) => first / second,
        };
    }
}

/// Difference or ratio of two means, of two samples or of two columns: moments (n, x) of either.
pub(super) fn contrast(table: Table<'_>, ratio: bool, by_unit: ByUnit<'_>) -> Statistic {
    let mut rows = Vec::with_capacity(table.rows() * 4);
    let origins = if let Some(sample) = table.sample {
        let origin = table.origin(0);
        for (&x, &s) in table.values.iter().zip(sample) {
            rows.extend(if s == 0 { [1.0, x - origin, 0.0, 0.0] } else { [0.0, 0.0, 1.0, x - origin] });
        }
        [origin, origin]
    } else {
        let origins = [table.origin(0), table.origin(1)];
        for row in table.values.chunks_exact(2) {
            rows.extend([1.0, row[0] - origins[0], 1.0, row[1] - origins[1]]);
        }
        origins
    };
    Statistic::Moments { table: by_unit(rows, 4), rule: Box::new(Contrast { origins, ratio }) }
}
