//! The whole-table solver: which step, which hidden fractions and which totals explain every printed mean at once.
//!
//! GRIM-family tests look at one mean at a time and can only say "impossible". A table says more: the same scores stand
//! behind every row, group and column mean. For each step (whole points, half points, ...) and rule of rounding, the
//! printed scores leave each cell a short range; the printed margins bound sums of cells; a feasible circulation is a
//! matrix that explains everything (the certificate), and residual paths give what cannot be told, as ranges.

use super::printed::{Printed, Ratio, Rounding, shown};
use super::spread_of_totals::{SdRange, sd_range};
use super::table::{Kept, Layout, Reading, Table, TableOptions};
use crate::error::Result;
use serde::Serialize;

/// Choices of columns that the search for the simplest explanation looks at.
const MAX_CHOICES: usize = 3_000;

/// A printed margin that a reading cannot produce.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conflict {
    /// Row (or column) whose margin it is.
    pub place: String,
    /// The margin.
    pub margin: String,
    /// As printed.
    pub printed: String,
    /// Lowest and highest value that the printed scores allow, with two more decimals.
    pub possible: (String, String),
}

/// Rows and columns that cannot both be right: what each says about the sum of a group of columns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Clash {
    /// The group of columns.
    pub group: String,
    /// What the row margins force its sum to be.
    pub by_rows: (f64, f64),
    /// What the column margins force it to be.
    pub by_columns: (f64, f64),
}

/// One reading that was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attempt {
    /// The step, as a number.
    pub step: f64,
    /// How scores were rounded for print.
    pub display: Rounding,
    /// Which margins had to hold.
    pub kept: Kept,
    /// Whether a matrix explains them.
    pub feasible: bool,
    /// Margins that are impossible by themselves.
    pub conflicts: Vec<Conflict>,
    /// Where rows and columns contradict each other, when each is possible by itself.
    pub clash: Option<Clash>,
}

/// A row whose printed scores hide fractions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hidden {
    /// The row.
    pub row: String,
    /// The group of columns that it is in: the innermost margin that shows it.
    pub group: String,
    /// Lowest and highest hidden amount: true sum minus the sum of the printed scores.
    pub amount: (f64, f64),
    /// Columns that may hold it.
    pub columns: Vec<String>,
}

/// A matrix that explains everything with changes in as few columns as possible.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Simplest {
    /// Columns in which it differs from print.
    pub columns: Vec<String>,
    /// The scores.
    pub scores: Vec<Vec<f64>>,
    /// Column totals.
    pub totals: Vec<f64>,
    /// Their mean.
    pub mean: f64,
    /// Their sample SD; None for one column.
    pub sd: Option<f64>,
    /// Whether it is the only matrix that changes just these columns.
    pub unique: bool,
}

/// What explains the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The step.
    pub step: f64,
    /// How scores were rounded for print.
    pub display: Rounding,
    /// Which margins it explains.
    pub kept: Kept,
    /// A matrix that explains them: the certificate.
    pub certificate: Vec<Vec<f64>>,
    /// Lowest value that each cell can have.
    pub cells_low: Vec<Vec<f64>>,
    /// Highest value that each cell can have.
    pub cells_high: Vec<Vec<f64>>,
    /// Range of each column's total.
    pub totals: Vec<(f64, f64)>,
    /// Range of the mean of the totals.
    pub mean: (f64, f64),
    /// Range of their sample SD; None for one column or where the search would be too wide.
    pub sd: Option<SdRange>,
    /// Rows with hidden fractions.
    pub hidden: Vec<Hidden>,
    /// How many matrices explain it; None where column margins bind (they are then not counted).
    pub matrices: Option<f64>,
    /// The simplest of them: as few columns as possible differ from print.
    pub simplest: Vec<Simplest>,
}

/// What the solver finds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Solution {
    /// Whether the scores as printed (the coarsest step) explain every printed margin.
    pub consistent: bool,
    /// All readings that were tried, in order.
    pub attempts: Vec<Attempt>,
    /// The first that works: row and column margins at once if any reading does, else the rows, else the columns.
    pub explanation: Option<Explanation>,
    /// Column totals of the scores as printed.
    pub printed_totals: Vec<f64>,
}

/// Solves a printed table.
///
/// ```
/// use steelyard::audit::{solve_table, Margin, TableOptions, Rounding};
/// let text = |x: &[&str]| x.iter().map(|s| s.to_string()).collect::<Vec<_>>();
/// let options = TableOptions {
///     cells: vec![text(&["5", "4", "5"])],
///     rows: text(&["Disclosure"]),
///     columns: text(&["3", "5", "6"]),
///     row_margins: vec![Margin { name: "high".into(), over: None, total: false, values: vec![Some("4.5".into())] }],
///     column_margins: vec![], low: Some("1".into()), high: Some("5".into()),
///     steps: text(&["1", "1/2"]), rounding: Rounding::Either,
/// };
/// let solution = solve_table(&options).unwrap();
/// assert!(!solution.consistent); // 14/3 is 4.67
/// let found = solution.explanation.unwrap();
/// assert_eq!((found.step, found.hidden[0].amount), (0.5, (-0.5, -0.5)));
/// ```
pub fn solve_table(options: &TableOptions) -> Result<Solution> {
    let table = Table::read(options)?;
    let displays: &[Rounding] = match table.rounding {
        Rounding::Either => &[Rounding::HalfUp, Rounding::HalfEven],
        Rounding::HalfUp => &[Rounding::HalfUp],
        Rounding::HalfEven => &[Rounding::HalfEven],
        Rounding::Truncated => &[Rounding::Truncated],
    };
    let kinds: &[Kept] = match (table.row_margins.is_empty(), table.column_margins.is_empty()) {
        (false, false) => &[Kept::Both, Kept::Rows, Kept::Columns],
        (true, false) => &[Kept::Columns],
        _ => &[Kept::Rows],
    };
    let (mut attempts, mut readings) = (Vec::new(), Vec::new());
    let mut explanation: Option<Explanation> = None;
    for &kept in kinds {
        for &step in &table.steps {
            for &display in displays {
                let reading = Reading { step, display };
                let (attempt, layout) = attempt(&table, reading, kept);
                attempts.push(attempt);
                readings.push(reading);
                if let (Some(layout), None) = (layout, &explanation) {
                    explanation = Some(explain(&table, reading, kept, &layout));
                }
            }
        }
        if explanation.is_some() {
            break;
        }
    }
    tell_clashes(&table, &mut attempts, &readings, explanation.as_ref());
    let consistent = attempts.iter().take(displays.len()).any(|a| a.feasible);
    let printed_totals =
        (0..table.columns.len()).map(|j| table.cells.iter().map(|row| row[j].value().to_f64()).sum()).collect();
    Ok(Solution { consistent, attempts, explanation, printed_totals })
}

/// Says where rows and columns contradict each other, at the step that explains one of them (else at the first).
fn tell_clashes(table: &Table, attempts: &mut [Attempt], readings: &[Reading], found: Option<&Explanation>) {
    let step = found.map(|e| e.step).or_else(|| table.steps.first().map(|s| s.to_f64()));
    for (attempt, reading) in attempts.iter_mut().zip(readings) {
        let open = attempt.kept == Kept::Both && !attempt.feasible && attempt.conflicts.is_empty();
        if open && Some(attempt.step) == step {
            attempt.clash = table.all_ticks(*reading).and_then(|ticks| clash(table, *reading, &ticks));
        }
    }
}

/// Tries one reading; the layout is returned with a feasible flow.
fn attempt(table: &Table, reading: Reading, kept: Kept) -> (Attempt, Option<Layout>) {
    let blank = |conflicts, feasible| Attempt {
        step: reading.step.to_f64(),
        display: reading.display,
        kept,
        feasible,
        conflicts,
        clash: None,
    };
    let Some(ticks) = table.all_ticks(reading) else {
        return (blank(off_grid(table, reading), false), None);
    };
    let conflicts = conflicts(table, reading, kept, &ticks);
    if !conflicts.is_empty() {
        return (blank(conflicts, false), None);
    }
    let mut layout = table.layout(reading, kept, &ticks);
    if layout.network.feasible() {
        return (blank(vec![], true), Some(layout));
    }
    (blank(vec![], false), None)
}

/// Printed scores that this grid does not have.
fn off_grid(table: &Table, reading: Reading) -> Vec<Conflict> {
    let mut found = Vec::new();
    for (name, row) in table.rows.iter().zip(&table.cells) {
        for (column, cell) in table.columns.iter().zip(row).filter(|(_, cell)| table.ticks(**cell, reading).is_none()) {
            found.push(Conflict {
                place: name.clone(),
                margin: column.clone(),
                printed: cell.to_string(),
                possible: (String::new(), String::new()),
            });
        }
    }
    found
}

/// Margins that no choice within the cells' ranges produces.
fn conflicts(table: &Table, reading: Reading, kept: Kept, ticks: &[Vec<(i64, i64)>]) -> Vec<Conflict> {
    let mut found = Vec::new();
    let mut look = |margin: &super::table::ReadMargin, place: &str, printed: Printed, natural: (i64, i64)| {
        let count = margin.over.len();
        let allowed = table.margin_ticks(printed, margin.total, count, reading.step);
        if allowed.is_some_and(|(low, high)| low.max(natural.0) <= high.min(natural.1)) {
            return;
        }
        let divisor = if margin.total { 1 } else { count as i128 };
        let show = |t: i64| {
            let sum = table.value(reading.step, count, t);
            shown(Ratio { num: sum.num, den: sum.den * divisor }, printed.decimals() + 2)
        };
        found.push(Conflict {
            place: place.to_owned(),
            margin: margin.name.clone(),
            printed: printed.to_string(),
            possible: (show(natural.0), show(natural.1)),
        });
    };
    let add = |(a, b): (i64, i64), (l, h): (i64, i64)| (a + l, b + h);
    for margin in table.row_margins.iter().filter(|_| kept != Kept::Columns) {
        for (i, printed) in margin.values.iter().enumerate() {
            if let Some(printed) = printed {
                let natural = margin.over.iter().map(|j| ticks[i][*j]).fold((0, 0), add);
                look(margin, &table.rows[i], *printed, natural);
            }
        }
    }
    for margin in table.column_margins.iter().filter(|_| kept != Kept::Rows) {
        for (j, printed) in margin.values.iter().enumerate() {
            if let Some(printed) = printed {
                let natural = margin.over.iter().map(|i| ticks[*i][j]).fold((0, 0), add);
                look(margin, &table.columns[j], *printed, natural);
            }
        }
    }
    found
}

/// The first group of columns whose sum the rows and the columns force apart.
fn clash(table: &Table, reading: Reading, ticks: &[Vec<(i64, i64)>]) -> Option<Clash> {
    let mut by_rows = table.layout(reading, Kept::Rows, ticks);
    let mut by_columns = table.layout(reading, Kept::Columns, ticks);
    if !by_rows.network.feasible() || !by_columns.network.feasible() {
        return None;
    }
    for (m, margin) in table.row_margins.iter().enumerate() {
        let add = |(a, b): (i64, i64), (l, h): (i64, i64)| (a + l, b + h);
        let rows = by_rows.row_margins.iter().map(|arcs| by_rows.network.range(arcs[m])).fold((0, 0), add);
        let columns = margin.over.iter().map(|j| by_columns.network.range(by_columns.totals[*j])).fold((0, 0), add);
        if rows.1 < columns.0 || columns.1 < rows.0 {
            let count = margin.over.len() * table.rows.len();
            let value = |t| table.value(reading.step, count, t).to_f64();
            return Some(Clash {
                group: margin.name.clone(),
                by_rows: (value(rows.0), value(rows.1)),
                by_columns: (value(columns.0), value(columns.1)),
            });
        }
    }
    None
}

/// The scores of a feasible flow.
fn scores(table: &Table, reading: Reading, layout: &Layout) -> Vec<Vec<f64>> {
    let value = |arc: &usize| table.value(reading.step, 1, layout.network.flow(*arc)).to_f64();
    layout.cells.iter().map(|row| row.iter().map(value).collect()).collect()
}

fn explain(table: &Table, reading: Reading, kept: Kept, layout: &Layout) -> Explanation {
    let value = |count: usize, ticks: i64| table.value(reading.step, count, ticks).to_f64();
    let ranges: Vec<Vec<(i64, i64)>> =
        layout.cells.iter().map(|row| row.iter().map(|arc| layout.network.range(*arc)).collect()).collect();
    let height = table.rows.len();
    let totals: Vec<(i64, i64)> = layout.totals.iter().map(|arc| layout.network.range(*arc)).collect();
    let grand = layout.network.range(layout.grand);
    let columns = table.columns.len();
    let cells = height * columns;
    Explanation {
        step: reading.step.to_f64(),
        display: reading.display,
        kept,
        certificate: scores(table, reading, layout),
        cells_low: ranges.iter().map(|row| row.iter().map(|r| value(1, r.0)).collect()).collect(),
        cells_high: ranges.iter().map(|row| row.iter().map(|r| value(1, r.1)).collect()).collect(),
        totals: totals.iter().map(|r| (value(height, r.0), value(height, r.1))).collect(),
        mean: (value(cells, grand.0) / columns as f64, value(cells, grand.1) / columns as f64),
        sd: sd_range(layout, &totals, grand, reading.step.to_f64()),
        hidden: hidden(table, reading, layout, &ranges),
        matrices: (kept == Kept::Rows || table.column_margins.is_empty()).then(|| count(table, reading, layout)),
        simplest: simplest(table, reading, kept),
    }
}

/// Printed scores in ticks, as fractions of a step (a printed score need not lie on the grid).
fn hidden(table: &Table, reading: Reading, layout: &Layout, ranges: &[Vec<(i64, i64)>]) -> Vec<Hidden> {
    let printed = |i: usize, j: usize| table.cells[i][j].value().to_f64();
    let value = |count: usize, t: i64| table.value(reading.step, count, t).to_f64();
    let everything: Vec<usize> = (0..table.columns.len()).collect();
    let mut found = Vec::new();
    for (i, row) in table.rows.iter().enumerate() {
        // Innermost groups tell most; a row without groups is looked at as a whole.
        let innermost: Vec<usize> = (0..table.row_margins.len())
            .filter(|m| {
                !table.row_margins.iter().any(|other| {
                    other.over.len() < table.row_margins[*m].over.len()
                        && other.over.iter().all(|j| table.row_margins[*m].over.contains(j))
                })
            })
            .collect();
        let groups: Vec<(String, &[usize], Option<usize>)> = if innermost.is_empty() {
            vec![("all".into(), &everything, None)]
        } else {
            innermost
                .iter()
                .map(|m| (table.row_margins[*m].name.clone(), table.row_margins[*m].over.as_slice(), Some(*m)))
                .collect()
        };
        for (group, over, margin) in groups {
            let sum = margin.map_or_else(
                || over.iter().map(|j| ranges[i][*j]).fold((0, 0), |(a, b), (l, h)| (a + l, b + h)),
                |m| layout.network.range(layout.row_margins[i][m]),
            );
            let shown: f64 = over.iter().map(|j| printed(i, *j)).sum();
            let amount = (value(over.len(), sum.0) - shown, value(over.len(), sum.1) - shown);
            // A range that contains 0 hides nothing for certain.
            if amount.0 > 1e-9 || amount.1 < -1e-9 {
                let moves = |j: &&usize| {
                    (value(1, ranges[i][**j].0) - printed(i, **j)).abs() > 1e-9
                        || (value(1, ranges[i][**j].1) - printed(i, **j)).abs() > 1e-9
                };
                let columns = over.iter().filter(moves).map(|j| table.columns[*j].clone()).collect();
                found.push(Hidden { row: row.clone(), group, amount, columns });
            }
        }
    }
    found
}

/// How many matrices satisfy the row margins: rows are independent, and within a row nested sums are convolved.
fn count(table: &Table, reading: Reading, layout: &Layout) -> f64 {
    (0..table.rows.len()).map(|i| count_row(table, reading, layout, i)).product()
}

fn count_row(table: &Table, reading: Reading, layout: &Layout, i: usize) -> f64 {
    // Ways to reach each sum, as (lowest sum, ways); started empty and filled from the innermost margin outwards.
    let mut parts: Vec<(Vec<usize>, i64, Vec<f64>)> = (0..table.columns.len())
        .map(|j| {
            let (low, high) = table.ticks(table.cells[i][j], reading).unwrap_or((0, -1));
            (vec![j], low, vec![1.0; (high - low + 1).max(0) as usize])
        })
        .collect();
    let mut order: Vec<usize> = (0..table.row_margins.len()).collect();
    order.sort_by_key(|m| (table.row_margins[*m].over.len(), usize::MAX - m));
    for m in order {
        let margin = &table.row_margins[m];
        let (inside, outside): (Vec<_>, Vec<_>) = parts.into_iter().partition(|p| margin.over.contains(&p.0[0]));
        let mut joined = (margin.over.clone(), 0, vec![1.0]);
        for (_, low, ways) in inside {
            joined = (joined.0, joined.1 + low, convolve(&joined.2, &ways));
        }
        let (low, high) = layout.network.bounds_of(layout.row_margins[i][m]);
        for (sum, ways) in (joined.1..).zip(&mut joined.2) {
            if !(low..=high).contains(&sum) {
                *ways = 0.0;
            }
        }
        parts = outside;
        parts.push(joined);
    }
    parts.iter().map(|p| p.2.iter().sum::<f64>()).product()
}

fn convolve(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; (a.len() + b.len()).saturating_sub(1)];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            sum[i + j] += x * y;
        }
    }
    sum
}

/// Explanations that change as few columns as possible: all of the smallest size, up to the limit of the search.
fn simplest(table: &Table, reading: Reading, kept: Kept) -> Vec<Simplest> {
    let Some(ticks) = table.all_ticks(reading) else { return vec![] };
    let as_printed: Option<Vec<Vec<i64>>> =
        table.cells.iter().map(|row| row.iter().map(|cell| on_grid(table, reading, *cell)).collect()).collect();
    let Some(as_printed) = as_printed else { return vec![] };
    let width = table.columns.len();
    let free: Vec<usize> = (0..width).filter(|j| ticks.iter().any(|row| row[*j].0 < row[*j].1)).collect();
    let mut looked = 0;
    for size in 0..=free.len() {
        let mut found = Vec::new();
        let mut choice: Vec<usize> = (0..size).collect();
        loop {
            looked += 1;
            if looked > MAX_CHOICES {
                return found;
            }
            let columns: Vec<usize> = choice.iter().map(|c| free[*c]).collect();
            let narrowed = narrowed(&ticks, &as_printed, &columns);
            let mut layout = table.layout(reading, kept, &narrowed);
            if layout.network.feasible() {
                found.push(describe(table, reading, &layout, &columns));
            }
            if !next_choice(&mut choice, free.len()) {
                break;
            }
        }
        if !found.is_empty() {
            return found;
        }
    }
    vec![]
}

/// The printed score itself as a tick, where it lies on the grid.
fn on_grid(table: &Table, reading: Reading, cell: Printed) -> Option<i64> {
    let (low, high) = table.ticks(cell, reading)?;
    let value = cell.value();
    (low..=high).find(|t| {
        let score = table.value(reading.step, 1, *t);
        score.num * value.den == value.num * score.den
    })
}

fn narrowed(ticks: &[Vec<(i64, i64)>], fixed: &[Vec<i64>], columns: &[usize]) -> Vec<Vec<(i64, i64)>> {
    let cell = |i: usize, j: usize| if columns.contains(&j) { ticks[i][j] } else { (fixed[i][j], fixed[i][j]) };
    (0..ticks.len()).map(|i| (0..ticks[i].len()).map(|j| cell(i, j)).collect()).collect()
}

/// The next combination in lexicographic order.
fn next_choice(choice: &mut [usize], of: usize) -> bool {
    let size = choice.len();
    for at in (0..size).rev() {
        if choice[at] + (size - at) < of {
            choice[at] += 1;
            for later in at + 1..size {
                choice[later] = choice[later - 1] + 1;
            }
            return true;
        }
    }
    false
}

fn describe(table: &Table, reading: Reading, layout: &Layout, columns: &[usize]) -> Simplest {
    let unique = layout.cells.iter().flatten().all(|arc| {
        let (low, high) = layout.network.range(*arc);
        low == high
    });
    let scores = scores(table, reading, layout);
    let totals: Vec<f64> = (0..table.columns.len()).map(|j| scores.iter().map(|row| row[j]).sum()).collect();
    let mean = totals.iter().sum::<f64>() / totals.len() as f64;
    let squares: f64 = totals.iter().map(|t| (t - mean).powi(2)).sum();
    let sd = (totals.len() > 1).then(|| (squares / (totals.len() - 1) as f64).sqrt());
    let columns = columns.iter().map(|j| table.columns[*j].clone()).collect();
    Simplest { columns, scores, totals, mean, sd, unique }
}
