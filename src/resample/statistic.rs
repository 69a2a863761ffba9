//! What is computed on a replicate: a function of weighted sums over units, or of the weight of every row.
//!
//! Most statistics need sums only. Their moments are added up per unit once, so that a replicate costs as much as there
//! are units, however many rows stand behind them. Others (medians, ranks) see the weights of the rows.

use super::plan::Plan;

/// A statistic that is a function of weighted sums of row moments.
pub trait MomentStatistic: Send + Sync {
    /// Numbers per replicate.
    fn outputs(&self) -> usize;
    /// From the weighted sums of all moments to the statistic; NaN where it is undefined.
    fn evaluate(&self, sums: &[f64], out: &mut [f64]);
}

/// A statistic that needs the weight of every row.
pub trait RowStatistic: Send + Sync {
    /// Numbers per replicate.
    fn outputs(&self) -> usize;
    /// From the weights of all rows to the statistic; NaN where it is undefined. `scratch` keeps its capacity.
    fn evaluate(&self, row_weights: &[f64], scratch: &mut Vec<f64>, out: &mut [f64]);
}

/// A table of moments, units x width, row-major.
#[derive(Debug, Clone)]
pub struct Moments {
    values: Vec<f64>,
    width: usize,
    /// The moments but the first, where that is one for every unit: its sum over drawn units is their number. Else empty.
    beside_one: Vec<f64>,
}

impl Moments {
    /// Adds the moments of the rows (row-major, `width` per row) up by unit.
    pub fn by_unit(rows: Vec<f64>, width: usize, plan: &Plan) -> Self {
        if plan.rows_are_units() || plan.law().weighs_rows() {
            return Self::new(rows, width);
        }
        let mut values = vec![0.0; plan.n_units() * width];
        for (row, &unit) in rows.chunks_exact(width).zip(plan.unit_of_row()) {
            let sums = &mut values[unit as usize * width..(unit as usize + 1) * width];
            sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        Self::new(values, width)
    }

    fn new(values: Vec<f64>, width: usize) -> Self {
        let counts = width > 1 && values.iter().step_by(width).all(|&first| first == 1.0);
        let beside_one =
            if counts { values.chunks_exact(width).flat_map(|unit| &unit[1..]).copied().collect() } else { Vec::new() };
        Self { values, width, beside_one }
    }

    /// Moments per unit.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All values, units x width.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The moments of one unit.
    pub fn unit(&self, unit: usize) -> &[f64] {
        &self.values[unit * self.width..(unit + 1) * self.width]
    }

    /// The sums over all units, each once.
    pub fn totals(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.width];
        for unit in self.values.chunks_exact(self.width) {
            sums.iter_mut().zip(unit).for_each(|(sum, x)| *sum += x);
        }
        sums
    }

    /// The weighted sums.
    pub fn weighted(&self, unit_weights: &[f64], sums: &mut [f64]) {
        sums.fill(0.0);
        for (unit, &weight) in self.values.chunks_exact(self.width).zip(unit_weights) {
            if weight != 0.0 {
                sums.iter_mut().zip(unit).for_each(|(sum, x)| *sum += weight * x);
            }
        }
    }

    /// The sums over drawn units, repeats included.
    pub fn gathered(&self, units: &[u32], sums: &mut [f64]) {
        let (table, width, sums) = if self.beside_one.is_empty() {
            (&self.values, self.width, sums)
        } else {
            sums[0] = units.len() as f64;
            (&self.beside_one, self.width - 1, &mut sums[1..])
        };
        match width {
            1 => gather::<1, 8>(table, units, sums),
            2 => gather::<2, 8>(table, units, sums),
            3 => gather::<3, 4>(table, units, sums),
            4 => gather::<4, 4>(table, units, sums),
            5 => gather::<5, 2>(table, units, sums),
            6 => gather::<6, 2>(table, units, sums),
            _ => {
                sums.fill(0.0);
                for &unit in units {
                    let unit = &table[unit as usize * width..(unit as usize + 1) * width];
                    sums.iter_mut().zip(unit).for_each(|(sum, x)| *sum += x);
                }
            }
        }
    }
}

/// `L` running sums, so that additions do not wait for each other.
fn gather<const W: usize, const L: usize>(values: &[f64], units: &[u32], sums: &mut [f64]) {
    let table = values.as_chunks::<W>().0;
    let mut running = [[0.0_f64; W]; L];
    let (groups, rest) = units.as_chunks::<L>();
    for group in groups {
        for (lane, &unit) in running.iter_mut().zip(group) {
            lane.iter_mut().zip(&table[unit as usize]).for_each(|(sum, x)| *sum += x);
        }
    }
    for (lane, &unit) in running.iter_mut().zip(rest) {
        lane.iter_mut().zip(&table[unit as usize]).for_each(|(sum, x)| *sum += x);
    }
    for j in 0..W {
        sums[j] = running.iter().map(|lane| lane[j]).sum();
    }
}

/// A statistic bound to data and plan, ready for replicates.
pub enum Statistic {
    /// A function of weighted sums.
    Moments {
        /// Moments by unit.
        table: Moments,
        /// The function.
        rule: Box<dyn MomentStatistic>,
    },
    /// A function of row weights.
    Rows(Box<dyn RowStatistic>),
}

impl std::fmt::Debug for Statistic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Moments { table, .. } => write!(f, "Statistic of {} moments", table.width()),
            Self::Rows(_) => f.write_str("Statistic of rows"),
        }
    }
}

impl Statistic {
    /// Numbers per replicate.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Moments { rule, .. } => rule.outputs(),
            Self::Rows(rule) => rule.outputs(),
        }
    }
}

/// Evaluates one statistic again and again in buffers of its own; one per thread.
pub struct Evaluator<'a> {
    plan: &'a Plan,
    statistic: &'a Statistic,
    sums: Vec<f64>,
    row_weights: Vec<f64>,
    scratch: Vec<f64>,
}

impl<'a> Evaluator<'a> {
    /// An evaluator for one plan and statistic.
    pub fn new(plan: &'a Plan, statistic: &'a Statistic) -> Self {
        let (width, rows) = match statistic {
            Statistic::Moments { table, .. } => (table.width(), 0),
            Statistic::Rows(_) => (0, plan.n_rows()),
        };
        Self { plan, statistic, sums: vec![0.0; width], row_weights: vec![0.0; rows], scratch: Vec::new() }
    }

    /// The statistic under weights of units, whatever the law weighs.
    pub fn by_units(&mut self, unit_weights: &[f64], out: &mut [f64]) {
        if !self.plan.law().weighs_rows() || self.plan.rows_are_units() {
            return self.weighted(unit_weights, out);
        }
        let mut rows = vec![0.0; self.plan.n_rows()];
        self.plan.spread(unit_weights, &mut rows);
        self.weighted(&rows, out);
    }

    /// The statistic under the weights that the law draws: of units, or of rows.
    pub fn weighted(&mut self, weights: &[f64], out: &mut [f64]) {
        let unit_weights = weights;
        match self.statistic {
            Statistic::Moments { table, rule } => {
                table.weighted(unit_weights, &mut self.sums);
                rule.evaluate(&self.sums, out);
            }
            Statistic::Rows(rule) if self.plan.rows_are_units() || self.plan.law().weighs_rows() => {
                rule.evaluate(unit_weights, &mut self.scratch, out);
            }
            Statistic::Rows(rule) => {
                self.plan.spread(unit_weights, &mut self.row_weights);
                rule.evaluate(&self.row_weights, &mut self.scratch, out);
            }
        }
    }

    /// The statistic on drawn units; `None` when it needs weights.
    pub fn gathered(&mut self, units: &[u32], out: &mut [f64]) -> Option<()> {
        let Statistic::Moments { table, rule } = self.statistic else { return None };
        table.gathered(units, &mut self.sums);
        rule.evaluate(&self.sums, out);
        Some(())
    }
}
