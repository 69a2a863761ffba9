//! A printed score matrix with its printed means and totals, checked and laid out as a network.

use super::flow::Network;
use super::grid::{parse_step, reduced};
use super::printed::{Printed, Ratio, Rounding};
use crate::error::{Error, Result, input};
use serde::Deserialize;

/// Largest table: beyond it a table is data, not print.
const MAX_CELLS: usize = 20_000;

/// A row of the table's margin: what is averaged or added, and what was printed for each row (or column).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Margin {
    /// How the report calls it: `all`, `high performing`.
    pub name: String,
    /// Columns (for row margins) or rows (for column margins) that it is over; None: all of them.
    #[serde(default)]
    pub over: Option<Vec<usize>>,
    /// `true`: a sum; `false`: a mean.
    #[serde(default)]
    pub total: bool,
    /// One printed number per row (or column); None where none was printed.
    pub values: Vec<Option<String>>,
}

/// The table as printed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableOptions {
    /// Printed scores, rows of cells.
    pub cells: Vec<Vec<String>>,
    /// Names of the rows (items).
    pub rows: Vec<String>,
    /// Names of the columns (sites).
    pub columns: Vec<String>,
    /// Printed over columns, one number per row.
    #[serde(default)]
    pub row_margins: Vec<Margin>,
    /// Printed over rows, one number per column.
    #[serde(default)]
    pub column_margins: Vec<Margin>,
    /// Lowest score.
    #[serde(default)]
    pub low: Option<String>,
    /// Highest score.
    #[serde(default)]
    pub high: Option<String>,
    /// Steps to try, coarse to fine.
    #[serde(default = "default_steps")]
    pub steps: Vec<String>,
    /// How ties were rounded.
    #[serde(default)]
    pub rounding: Rounding,
}

fn default_steps() -> Vec<String> {
    ["1", "1/2", "1/3", "1/4", "1/5", "1/10"].map(String::from).to_vec()
}

/// A margin with its numbers read.
#[derive(Debug, Clone)]
pub(super) struct ReadMargin {
    pub(super) name: String,
    pub(super) over: Vec<usize>,
    pub(super) total: bool,
    pub(super) values: Vec<Option<Printed>>,
    /// The smallest margin that contains this one; None: the whole row (or column).
    parent: Option<usize>,
}

/// The table, checked.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) cells: Vec<Vec<Printed>>,
    pub(super) rows: Vec<String>,
    pub(super) columns: Vec<String>,
    pub(super) row_margins: Vec<ReadMargin>,
    pub(super) column_margins: Vec<ReadMargin>,
    low: Option<Ratio>,
    high: Option<Ratio>,
    pub(super) steps: Vec<Ratio>,
    pub(super) rounding: Rounding,
}

/// Which printed margins take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// Row and column margins at once.
    Both,
    /// Row margins only.
    Rows,
    /// Column margins only.
    Columns,
}

/// One reading of the table: which step the scores had, and how they were rounded for print.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub(super) step: Ratio,
    pub(super) display: Rounding,
}

/// The table as a network under one reading: all flows are in steps from `offset`.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) network: Network,
    /// Arc of each cell, by row and column.
    pub(super) cells: Vec<Vec<usize>>,
    /// Arc into each row margin, by row and margin.
    pub(super) row_margins: Vec<Vec<usize>>,
    /// Arc of each column's total.
    pub(super) totals: Vec<usize>,
    /// Arc of the grand total.
    pub(super) grand: usize,
}

impl Table {
    pub(super) fn read(options: &TableOptions) -> Result<Self> {
        let (height, width) = (options.rows.len(), options.columns.len());
        if height == 0 || width == 0 || height * width > MAX_CELLS {
            return Err(input("table size not allowed")
                .at("cells")
                .got(format!("{height} x {width}"))
                .allowed("at least one row and one column, at most 20,000 cells")
                .into());
        }
        for (what, names) in [("row", &options.rows), ("column", &options.columns)] {
            check_names(what, names)?;
        }
        if options.cells.len() != height || options.cells.iter().any(|row| row.len() != width) {
            return Err(input("cells do not fill the table")
                .at("cells")
                .allowed(format!("{height} rows of {width}"))
                .into());
        }
        let place = |i: usize, j: usize| format!("row {:?}, column {:?}", options.rows[i], options.columns[j]);
        let cells = (0..height)
            .map(|i| (0..width).map(|j| Printed::parse(&place(i, j), &options.cells[i][j])).collect())
            .collect::<Result<Vec<Vec<_>>>>()?;
        let end = |name: &str, text: &Option<String>| {
            text.as_ref().map(|t| Printed::parse(name, t).map(|p| reduced(p.value()))).transpose()
        };
        let table = Self {
            row_margins: read_margins(&options.row_margins, &options.rows, width)?,
            column_margins: read_margins(&options.column_margins, &options.columns, height)?,
            low: end("low", &options.low)?,
            high: end("high", &options.high)?,
            steps: options.steps.iter().map(|s| parse_step(s)).collect::<Result<_>>()?,
            rounding: options.rounding,
            rows: options.rows.clone(),
            columns: options.columns.clone(),
            cells,
        };
        table.check_scores()?;
        Ok(table)
    }

    fn check_scores(&self) -> Result<()> {
        for (i, row) in self.cells.iter().enumerate() {
            for (j, cell) in row.iter().enumerate() {
                let value = cell.value();
                let below = self.low.is_some_and(|low| value.num * low.den < low.num * value.den);
                let above = self.high.is_some_and(|high| value.num * high.den > high.num * value.den);
                if below || above {
                    let end = |e: Option<Ratio>| e.map_or("any".into(), |e| e.to_f64().to_string());
                    return Err(input("score outside its scale")
                        .at(format!("row {:?}, column {:?}", self.rows[i], self.columns[j]))
                        .got(cell)
                        .allowed(format!("{} to {}", end(self.low), end(self.high)))
                        .remedy("Correct the score or the ends of the scale.")
                        .into());
                }
            }
        }
        Ok(())
    }

    pub(super) fn offset(&self) -> Ratio {
        self.low.unwrap_or(Ratio { num: 0, den: 1 })
    }

    /// The value of a sum of `count` scores that are together `ticks` steps above the offset.
    pub(super) fn value(&self, step: Ratio, count: usize, ticks: i64) -> Ratio {
        let offset = self.offset();
        Ratio {
            num: offset.num * count as i128 * step.den + i128::from(ticks) * step.num * offset.den,
            den: offset.den * step.den,
        }
    }

    /// The steps that a printed score can stand for: None when no score on the grid is printed like this.
    pub(super) fn ticks(&self, cell: Printed, reading: Reading) -> Option<(i64, i64)> {
        let (offset, step) = (self.offset(), reading.step);
        let range =
            cell.preimage(offset.num * step.den, step.num * offset.den, offset.den * step.den, reading.display)?;
        let top = self.high.map(|high| {
            let distance = (high.num * offset.den - offset.num * high.den) * step.den;
            distance.div_euclid(high.den * offset.den * step.num)
        });
        let low = if self.low.is_some() { range.0.max(0) } else { range.0 };
        let high = top.map_or(range.1, |top| range.1.min(top));
        (low <= high).then_some((low as i64, high as i64))
    }

    /// The steps that a printed mean or total over `count` scores allows.
    pub(super) fn margin_ticks(&self, printed: Printed, total: bool, count: usize, step: Ratio) -> Option<(i64, i64)> {
        let offset = self.offset();
        let divisor = if total { 1 } else { count as i128 };
        let found = printed.preimage(
            offset.num * count as i128 * step.den,
            step.num * offset.den,
            offset.den * step.den * divisor,
            self.rounding,
        )?;
        Some((found.0 as i64, found.1 as i64))
    }

    /// All cells' ranges under a reading; None when some printed score is impossible in it.
    pub(super) fn all_ticks(&self, reading: Reading) -> Option<Vec<Vec<(i64, i64)>>> {
        self.cells.iter().map(|row| row.iter().map(|cell| self.ticks(*cell, reading)).collect()).collect()
    }

    /// Lays the table out as a network; margins that are not kept do not bind.
    pub(super) fn layout(&self, reading: Reading, kept: Kept, ticks: &[Vec<(i64, i64)>]) -> Layout {
        let (height, width) = (self.rows.len(), self.columns.len());
        let mut network = Network::default();
        let (start, end) = (network.node(), network.node());
        let sum = |cells: &mut dyn Iterator<Item = (i64, i64)>| cells.fold((0, 0), |(a, b), (l, h)| (a + l, b + h));
        let bounds = |margin: &ReadMargin, at: usize, binds: bool, natural: (i64, i64)| {
            let printed = margin.values[at].filter(|_| binds);
            let Some(printed) = printed else { return natural };
            let allowed = self.margin_ticks(printed, margin.total, margin.over.len(), reading.step);
            allowed.map_or((1, 0), |(low, high)| (low.max(natural.0), high.min(natural.1)))
        };
        let mut row_leaf = vec![vec![0; width]; height];
        let mut row_margins = Vec::with_capacity(height);
        for i in 0..height {
            let root = network.node();
            let whole = sum(&mut ticks[i].iter().copied());
            network.arc(start, root, whole.0, whole.1);
            let nodes: Vec<usize> = self.row_margins.iter().map(|_| network.node()).collect();
            row_margins.push(Vec::with_capacity(nodes.len()));
            for (m, margin) in self.row_margins.iter().enumerate() {
                let natural = sum(&mut margin.over.iter().map(|j| ticks[i][*j]));
                let (low, high) = bounds(margin, i, kept != Kept::Columns, natural);
                row_margins[i].push(network.arc(margin.parent.map_or(root, |p| nodes[p]), nodes[m], low, high));
            }
            for (j, leaf) in row_leaf[i].iter_mut().enumerate() {
                *leaf = smallest(&self.row_margins, j).map_or(root, |m| nodes[m]);
            }
        }
        let mut column_leaf = vec![vec![0; width]; height];
        let mut totals = Vec::with_capacity(width);
        for j in 0..width {
            let root = network.node();
            let whole = sum(&mut ticks.iter().map(|row| row[j]));
            totals.push(network.arc(root, end, whole.0, whole.1));
            let nodes: Vec<usize> = self.column_margins.iter().map(|_| network.node()).collect();
            for (m, margin) in self.column_margins.iter().enumerate() {
                let natural = sum(&mut margin.over.iter().map(|i| ticks[*i][j]));
                let (low, high) = bounds(margin, j, kept != Kept::Rows, natural);
                network.arc(nodes[m], margin.parent.map_or(root, |p| nodes[p]), low, high);
            }
            for (i, row) in column_leaf.iter_mut().enumerate() {
                row[j] = smallest(&self.column_margins, i).map_or(root, |m| nodes[m]);
            }
        }
        let cells = (0..height)
            .map(|i| {
                (0..width)
                    .map(|j| network.arc(row_leaf[i][j], column_leaf[i][j], ticks[i][j].0, ticks[i][j].1))
                    .collect()
            })
            .collect();
        let everything = sum(&mut ticks.iter().flatten().copied());
        let grand = network.arc(end, start, everything.0, everything.1);
        Layout { network, cells, row_margins, totals, grand }
    }
}

fn check_names(what: &str, names: &[String]) -> Result<()> {
    for (i, name) in names.iter().enumerate() {
        if names[..i].contains(name) {
            return Err(input(format!("two {what}s have the same name"))
                .got(format!("{name:?}"))
                .allowed("each name once")
                .remedy("Rename one of them.")
                .into());
        }
    }
    Ok(())
}

fn read_margins(margins: &[Margin], names: &[String], across: usize) -> Result<Vec<ReadMargin>> {
    let mut read = Vec::with_capacity(margins.len());
    for margin in margins {
        let place = || format!("margin {:?}", margin.name);
        let over = margin.over.clone().unwrap_or_else(|| (0..across).collect());
        let distinct: std::collections::BTreeSet<_> = over.iter().copied().collect();
        if over.is_empty() || distinct.len() != over.len() || over.iter().any(|at| *at >= across) {
            return Err(input("margin is over places that do not exist").at(place()).got(format!("{over:?}")).into());
        }
        if margin.values.len() != names.len() {
            return Err(input("margin of another length")
                .at(place())
                .got(margin.values.len())
                .allowed(names.len().to_string())
                .into());
        }
        let values = margin
            .values
            .iter()
            .zip(names)
            .map(|(value, name)| {
                value.as_ref().map(|v| Printed::parse(&format!("{:?} of {name:?}", margin.name), v)).transpose()
            })
            .collect::<Result<_>>()?;
        read.push(ReadMargin { name: margin.name.clone(), over, total: margin.total, values, parent: None });
    }
    nest(&mut read)?;
    Ok(read)
}

/// Finds each margin's parent. Margins must be nested or apart: otherwise the table is not a network.
fn nest(margins: &mut [ReadMargin]) -> Result<()> {
    for a in 0..margins.len() {
        let mut parent: Option<usize> = None;
        for b in 0..margins.len() {
            let shared = margins[a].over.iter().filter(|at| margins[b].over.contains(at)).count();
            let (own, other) = (margins[a].over.len(), margins[b].over.len());
            if shared > 0 && shared < own.min(other) {
                return Err(overlap(&margins[a], &margins[b]));
            }
            // Equal sets nest in the order in which they were given.
            let contains = shared == own && (other > own || (other == own && b < a));
            let nearer =
                parent.is_none_or(|p| other < margins[p].over.len() || (other == margins[p].over.len() && b > p));
            if contains && nearer {
                parent = Some(b);
            }
        }
        margins[a].parent = parent;
    }
    Ok(())
}

fn overlap(a: &ReadMargin, b: &ReadMargin) -> Error {
    input("margins overlap")
        .got(format!("{:?} and {:?}", a.name, b.name))
        .allowed("groups that are nested or have nothing in common")
        .remedy("Audit the two groupings one after the other.")
        .into()
}

/// The innermost margin that contains a place.
fn smallest(margins: &[ReadMargin], at: usize) -> Option<usize> {
    (0..margins.len())
        .filter(|m| margins[*m].over.contains(&at))
        .min_by_key(|m| (margins[*m].over.len(), usize::MAX - m))
}
