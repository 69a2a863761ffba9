//! The compiled statistics, by name.

mod alpha;
mod association;
mod icc;
mod means;
mod order;
mod rank;
pub mod rates;
mod slopes;

use super::plan::Plan;
use super::statistic::{Moments, Statistic};
use crate::error::{Result, input};
use serde::{Deserialize, Serialize};

/// A compiled statistic and its options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Spec {
    /// Mean of every column.
    Mean,
    /// Share of ones in every column of zeros and ones.
    Proportion,
    /// Variance of every column.
    Variance {
        /// What is taken from n in the divisor.
        ddof: f64,
    },
    /// Standard deviation of every column.
    StandardDeviation {
        /// What is taken from n in the divisor.
        ddof: f64,
    },
    /// Median of every column.
    Median,
    /// Quantile of every column, linear between order statistics.
    Quantile {
        /// Its probability.
        p: f64,
    },
    /// Mean of every column without the lowest and highest share of its values.
    TrimmedMean {
        /// Share cut from either end, below one half.
        cut: f64,
    },
    /// Mean of the first sample (or column) minus mean of the second.
    DifferenceOfMeans,
    /// Mean of the first sample (or column) over mean of the second.
    RatioOfMeans,
    /// Pearson's correlation of two columns.
    Pearson,
    /// Spearman's correlation of two columns, ties at mid-ranks.
    Spearman,
    /// Kendall's tau-b of two columns.
    Kendall,
    /// Cronbach's alpha of all columns.
    CronbachAlpha,
    /// All successes over all trials, of two columns (k, n).
    Rate,
    /// Rate of the first sample of (k, n) minus that of the second; or of columns (k, n, k, n).
    DifferenceOfRates,
    /// Intercept and slopes of the last column on the others, by least squares.
    Coefficients,
    /// R² of the last column on the others.
    RSquared,
    /// ICC(1): of a table, its rows as groups; of one column, the sites of the plan.
    Icc,
}

impl Spec {
    /// Whether rows are counts k of n, whose participants are the second stage of a two-stage plan.
    pub fn counts_participants(&self) -> bool {
        matches!(self, Self::Rate | Self::DifferenceOfRates)
    }
}

/// Rows x columns, row-major; with several samples, the sample of every row.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    /// The values.
    pub values: &'a [f64],
    /// Columns per row.
    pub columns: usize,
    /// The sample of every row, from 0; `None` for one sample.
    pub sample: Option<&'a [i64]>,
}

impl Table<'_> {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns.max(1)
    }

    fn column(&self, j: usize) -> impl Iterator<Item = f64> + Clone + '_ {
        self.values.iter().skip(j).step_by(self.columns).copied()
    }

    /// A fixed origin for sums: the half-integer next to the mean when all values lie on that grid, so that sums of
    /// scores are exact; the mean otherwise.
    fn origin(&self, j: usize) -> f64 {
        let n = self.rows() as f64;
        let mean = self.column(j).sum::<f64>() / n;
        let on_grid = self.column(j).all(|x| (2.0 * x).fract() == 0.0 && x.abs() < 1e9);
        if on_grid { (2.0 * mean).round() / 2.0 } else { mean }
    }
}

/// Binds a statistic to data and plan; refuses shapes that it cannot use.
pub fn bind(spec: &Spec, table: Table<'_>, plan: &Plan) -> Result<Statistic> {
    check(spec, table, plan)?;
    let by_unit = |rows: Vec<f64>, width: usize| Moments::by_unit(rows, width, plan);
    Ok(match *spec {
        Spec::Mean | Spec::Proportion => means::means(table, &by_unit),
        Spec::Variance { ddof } => means::spread(table, ddof, false, &by_unit),
        Spec::StandardDeviation { ddof } => means::spread(table, ddof, true, &by_unit),
        Spec::DifferenceOfMeans => means::contrast(table, false, &by_unit),
        Spec::RatioOfMeans => means::contrast(table, true, &by_unit),
        Spec::Pearson => association::pearson(table, &by_unit),
        Spec::Spearman => rank::spearman(table),
        Spec::Kendall => rank::kendall(table),
        Spec::CronbachAlpha => alpha::cronbach(table, &by_unit),
        Spec::Rate => rates::rate(table, &by_unit),
        Spec::DifferenceOfRates => rates::difference(table, &by_unit),
        Spec::Coefficients => slopes::least_squares(table, false, &by_unit),
        Spec::RSquared => slopes::least_squares(table, true, &by_unit),
        Spec::Icc => icc::icc(table, plan, &by_unit),
        Spec::Median => order::quantile(table, 0.5),
        Spec::Quantile { p } => order::quantile(table, p),
        Spec::TrimmedMean { cut } => order::trimmed(table, cut),
    })
}

/// Turns moments of rows into a table by unit.
type ByUnit<'a> = &'a dyn Fn(Vec<f64>, usize) -> Moments;

fn check(spec: &Spec, table: Table<'_>, plan: &Plan) -> Result<()> {
    if table.rows() != plan.n_rows() || table.sample.is_some_and(|s| s.len() != plan.n_rows()) {
        return Err(input("plan of another length than the data")
            .got(format!("{} rows of data, {} in the plan", table.rows(), plan.n_rows()))
            .allowed("one entry per row")
            .into());
    }
    if let Some(at) = table.values.iter().position(|x| !x.is_finite()) {
        return Err(input("value is not a finite number")
            .at(format!("row {}, column {}", at / table.columns, at % table.columns))
            .got(table.values[at])
            .remedy("Leave the row out or impute it before resampling: a bootstrap cannot decide for you.")
            .into());
    }
    let samples = table.sample.and_then(|s| s.iter().max()).map_or(1, |&most| most + 1);
    let (columns_needed, samples_needed) = match spec {
        Spec::DifferenceOfMeans | Spec::RatioOfMeans if samples > 1 => (1..=1, 2),
        Spec::DifferenceOfMeans | Spec::RatioOfMeans | Spec::Pearson | Spec::Spearman | Spec::Kendall | Spec::Rate => {
            (2..=2, 1)
        }
        Spec::DifferenceOfRates if samples > 1 => (2..=2, 2),
        Spec::DifferenceOfRates => (4..=4, 1),
        Spec::CronbachAlpha | Spec::Coefficients | Spec::RSquared => (2..=usize::MAX, 1),
        _ => (1..=usize::MAX, 1),
    };
    if samples != samples_needed || !columns_needed.contains(&table.columns) {
        return Err(shape_refused(spec, samples, table.columns));
    }
    check_values(spec, table)?;
    check_groups(spec, table, plan)
}

fn shape_refused(spec: &Spec, samples: i64, columns: usize) -> crate::error::Error {
    let allowed = match spec {
        Spec::DifferenceOfMeans | Spec::RatioOfMeans => "two samples, or one table of two columns",
        Spec::Pearson | Spec::Spearman | Spec::Kendall => "two columns, or two paired samples",
        Spec::CronbachAlpha => "one table of at least two columns (items)",
        Spec::Rate => "two columns: k and n",
        Spec::DifferenceOfRates => "two samples of two columns k and n, or one table of columns k, n, k, n",
        Spec::Coefficients | Spec::RSquared => "one table, the outcome in its last column, or paired samples",
        _ => "one sample",
    };
    input("data do not fit the statistic")
        .at(format!("{spec:?}"))
        .got(format!("{samples} independent sample(s) of {columns} column(s)"))
        .allowed(allowed)
        .into()
}

fn check_values(spec: &Spec, table: Table<'_>) -> Result<()> {
    let refused = |what: &str, got: f64, allowed: &str| Err(input(what).got(got).allowed(allowed).into());
    match *spec {
        Spec::Quantile { p } if !(0.0..=1.0).contains(&p) => refused("quantile out of range", p, "0 to 1"),
        Spec::TrimmedMean { cut } if !(0.0..0.5).contains(&cut) => {
            refused("trimmed share out of range", cut, "0 to less than 0.5")
        }
        Spec::Variance { ddof } | Spec::StandardDeviation { ddof } if !(0.0..1e9).contains(&ddof) => {
            refused("ddof out of range", ddof, "0 or more")
        }
        Spec::Proportion => match table.values.iter().find(|&&x| x != 0.0 && x != 1.0) {
            Some(&x) => refused("proportion of values that are not 0 or 1", x, "0 and 1"),
            None => Ok(()),
        },
        Spec::Rate | Spec::DifferenceOfRates => {
            let whole = |pair: &&[f64]| pair.iter().all(|x| x.fract() == 0.0) && (0.0..=pair[1]).contains(&pair[0]);
            let Some(at) = table.values.chunks_exact(2).position(|pair| !whole(&pair)) else { return Ok(()) };
            let pair = &table.values[2 * at..2 * at + 2];
            Err(input("count not possible")
                .at(format!("row {}", 2 * at / table.columns))
                .got(format!("{} of {}", pair[0], pair[1]))
                .allowed("whole numbers k and n with 0 <= k <= n, in this order")
                .into())
        }
        _ => Ok(()),
    }
}

fn check_groups(spec: &Spec, table: Table<'_>, plan: &Plan) -> Result<()> {
    let groups_missing = table.columns == 1 && (plan.rows_are_units() || plan.law().weighs_rows());
    if *spec != Spec::Icc || !groups_missing {
        return Ok(());
    }
    Err(input("groups missing")
        .at(format!("{spec:?}"))
        .allowed("a table whose rows are groups, or one column with a plan that draws whole sites")
        .into())
}
