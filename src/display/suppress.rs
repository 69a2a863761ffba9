//! Small-cell suppression in a table of counts, with complementary suppression that is verified.
//!
//! A small count is hidden, and with it whatever would give it away: totals are sums, so one hidden cell in a line
//! follows from the rest. Further cells are hidden until linear programs show that every hidden cell can still take
//! more than one value, and every small one a value that is not small. All hidden cells carry the same mark, so that a
//! reader cannot tell the small ones from their companions. (Fischetti and Salazar-González 2000, J Am Stat Assoc
//! 95:916, doi 10.1080/01621459.2000.10474282, for the general problem; here the companions are chosen greedily.)

use crate::error::{Error, Result, input};
use crate::linalg::lp::{LinearProgram, Outcome, Relation};
use serde::Serialize;
use std::collections::BTreeSet;

/// A table with its totals: the last row and the last column hold them where they are published.
#[derive(Debug, Clone)]
pub struct Counts {
    /// Rows of equal length, totals included.
    pub cells: Vec<Vec<u64>>,
    /// Whether the last column holds the totals of the rows.
    pub row_totals: bool,
    /// Whether the last row holds the totals of the columns.
    pub column_totals: bool,
}

/// What may be printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suppressed {
    /// Counts; None where hidden.
    pub cells: Vec<Vec<Option<u64>>>,
    /// How many were hidden because they are small.
    pub primary: usize,
    /// How many were hidden to protect them.
    pub complementary: usize,
    /// For each hidden cell: row, column, and the smallest and largest value that the printed table allows.
    pub bounds: Vec<(usize, usize, u64, u64)>,
}

type Place = (usize, usize);

/// Adds totals to a plain table.
pub fn with_totals(cells: &[Vec<u64>], rows: bool, columns: bool) -> Counts {
    let mut cells = cells.to_vec();
    if rows {
        for row in &mut cells {
            row.push(row.iter().sum());
        }
    }
    if columns && let Some(width) = cells.first().map(Vec::len) {
        cells.push((0..width).map(|j| cells.iter().filter_map(|row| row.get(j)).sum()).collect());
    }
    Counts { cells, row_totals: rows, column_totals: columns }
}

/// Hides counts from 1 to `threshold` - 1 and what would give them away.
pub fn suppress(counts: &Counts, threshold: u64) -> Result<Suppressed> {
    let width = counts.cells.first().map_or(0, Vec::len);
    if width == 0 || counts.cells.iter().any(|row| row.len() != width) {
        return Err(input("table of counts without a shape").allowed("rows of equal length, at least one cell").into());
    }
    let places = || (0..counts.cells.len()).flat_map(|i| (0..width).map(move |j| (i, j)));
    let primary: BTreeSet<Place> = places().filter(|p| (1..threshold).contains(&counts.at(*p))).collect();
    let mut hidden = primary.clone();
    let bounds = loop {
        if let Some(more) = counts.exposed_line(&hidden) {
            hidden.insert(more);
            continue;
        }
        let bounds = counts.bounds(&hidden)?;
        let open = bounds.iter().find(|(place, low, high)| {
            low == high || primary.contains(place) && *high < threshold && counts.is_bound(*place)
        });
        match open.and_then(|(place, ..)| counts.companion(*place, &hidden)) {
            Some(more) => hidden.insert(more),
            None => break bounds,
        };
    };
    let shown = |(i, row): (usize, &Vec<u64>)| {
        row.iter().enumerate().map(|(j, x)| (!hidden.contains(&(i, j))).then_some(*x)).collect()
    };
    Ok(Suppressed {
        cells: counts.cells.iter().enumerate().map(shown).collect(),
        primary: primary.len(),
        complementary: hidden.len() - primary.len(),
        bounds: bounds.into_iter().map(|((i, j), low, high)| (i, j, low, high)).collect(),
    })
}

impl Counts {
    fn at(&self, (i, j): Place) -> u64 {
        self.cells.get(i).and_then(|row| row.get(j)).copied().unwrap_or(0)
    }

    /// Whether any total ties this cell.
    fn is_bound(&self, place: Place) -> bool {
        self.lines().iter().any(|line| line.contains(&place))
    }

    /// Places whose last is the sum of the others.
    fn lines(&self) -> Vec<Vec<Place>> {
        let (height, width) = (self.cells.len(), self.cells.first().map_or(0, Vec::len));
        let mut lines = Vec::new();
        if self.row_totals {
            lines.extend((0..height).map(|i| (0..width).map(|j| (i, j)).collect::<Vec<_>>()));
        }
        if self.column_totals {
            lines.extend((0..width).map(|j| (0..height).map(|i| (i, j)).collect()));
        }
        lines
    }

    /// The cell to hide in the first line that holds one hidden cell alone.
    fn exposed_line(&self, hidden: &BTreeSet<Place>) -> Option<Place> {
        let lone = self.lines().into_iter().find(|line| line.iter().filter(|p| hidden.contains(p)).count() == 1)?;
        self.cheapest(&lone, hidden)
    }

    /// The next cell to hide in the lines of `place`, else anywhere.
    fn companion(&self, place: Place, hidden: &BTreeSet<Place>) -> Option<Place> {
        let lines = self.lines();
        let own = lines.iter().filter(|line| line.contains(&place));
        own.filter_map(|line| self.cheapest(line, hidden))
            .min_by_key(|p| self.price(*p, hidden))
            .or_else(|| self.cheapest(&lines.concat(), hidden))
    }

    fn cheapest(&self, line: &[Place], hidden: &BTreeSet<Place>) -> Option<Place> {
        line.iter().copied().filter(|p| !hidden.contains(p)).min_by_key(|p| self.price(*p, hidden))
    }

    /// Inner cells before totals, zeros last among the inner ones (an empty cell says most), those first that protect
    /// two lines at once, small before large.
    fn price(&self, place: Place, hidden: &BTreeSet<Place>) -> (bool, bool, usize, u64, Place) {
        let total = self.row_totals && place.1 + 1 == self.cells.first().map_or(0, Vec::len)
            || self.column_totals && place.0 + 1 == self.cells.len();
        let is_lone = |line: &Vec<Place>| line.iter().filter(|p| hidden.contains(p)).count() == 1;
        let others = self.lines().iter().filter(|line| line.contains(&place) && !is_lone(line)).count();
        (total, self.at(place) == 0, others, self.at(place), place)
    }

    /// Smallest and largest value of each hidden cell that agree with everything printed.
    fn bounds(&self, hidden: &BTreeSet<Place>) -> Result<Vec<(Place, u64, u64)>> {
        let order: Vec<Place> = hidden.iter().copied().collect();
        let ceiling = 10.0 * self.cells.iter().flatten().sum::<u64>().max(10) as f64;
        let mut rows = Vec::new();
        for line in self.lines() {
            let Some((total, parts)) = line.split_last() else { continue };
            let sign = |p: &Place| if p == total { -1.0 } else { 1.0 };
            let printed = line.iter().filter(|p| !hidden.contains(p)).map(|p| sign(p) * self.at(*p) as f64);
            let known: f64 = printed.sum();
            let coefficients: Vec<f64> =
                order.iter().map(|p| if p == total { -1.0 } else { f64::from(u8::from(parts.contains(p))) }).collect();
            if coefficients.iter().any(|c| *c != 0.0) {
                rows.push((coefficients, Relation::Equal, -known));
            }
        }
        let program =
            |cost: Vec<f64>| LinearProgram { cost, bounds: vec![(0.0, ceiling); order.len()], rows: rows.clone() };
        let mut found = Vec::with_capacity(order.len());
        for (at, place) in order.iter().enumerate() {
            let unit = |sign: f64| (0..order.len()).map(|k| if k == at { sign } else { 0.0 }).collect::<Vec<_>>();
            let low = optimum(&program(unit(1.0)))?;
            let high = -optimum(&program(unit(-1.0)))?;
            // The constraint matrix is that of a network: optima are whole numbers, up to the solver's rounding.
            found.push((*place, (low - 1e-6).ceil().max(0.0) as u64, (high + 1e-6).floor() as u64));
        }
        Ok(found)
    }
}

fn optimum(program: &LinearProgram) -> Result<f64> {
    match program.solve()? {
        Outcome::Optimal { cost, .. } => Ok(cost),
        other => Err(Error::Internal { what: format!("bounds of a suppressed table: {other:?}") }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_small_cell_takes_three_others_with_it() {
        let table = with_totals(&[vec![3, 20, 30], vec![25, 40, 10], vec![12, 14, 16]], true, true);
        let found = suppress(&table, 5).unwrap();
        assert_eq!((found.primary, found.complementary), (1, 3));
        assert_eq!(found.cells[0], [None, None, Some(30), Some(53)]);
        assert_eq!(found.cells[2], [None, None, Some(16), Some(42)]);
        // With 23 and 26 to share in rows, and 15 and 34 in columns: the small cell may be anything from 0 to 15.
        assert_eq!(found.bounds[0], (0, 0, 0, 15));
    }

    #[test]
    fn companions_that_protect_two_lines_come_first() {
        // Two small cells in one column need one further column between them, not a chain through all three.
        let table = with_totals(&[vec![12, 3, 20], vec![8, 9, 30], vec![15, 2, 7]], true, true);
        let found = suppress(&table, 5).unwrap();
        assert_eq!((found.primary, found.complementary), (2, 2));
        assert_eq!(found.cells[1], [Some(8), Some(9), Some(30), Some(47)]);
        assert_eq!(found.bounds[1], (0, 1, 0, 5));
    }

    #[test]
    fn without_totals_nothing_gives_a_cell_away() {
        let found = suppress(&with_totals(&[vec![3, 20], vec![0, 9]], false, false), 5).unwrap();
        assert_eq!((found.primary, found.complementary), (1, 0));
        assert_eq!(found.cells, [[None, Some(20)], [Some(0), Some(9)]]);
    }

    #[test]
    fn row_totals_alone_are_protected_in_their_row() {
        let found = suppress(&with_totals(&[vec![177, 3]], true, false), 5).unwrap();
        assert_eq!(found.cells, [[None, None, Some(180)]]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn no_hidden_cell_can_be_derived(
            cells in prop::collection::vec(prop::collection::vec(0_u64..30, 3), 2..5),
            columns in any::<bool>(),
        ) {
            let table = with_totals(&cells, true, columns);
            let found = suppress(&table, 5).unwrap();
            for (i, j, low, high) in &found.bounds {
                let truth = table.cells[*i][*j];
                prop_assert!(*low <= truth && truth <= *high);
                prop_assert!(low < high);
                prop_assert!(!(1..5).contains(&truth) || *high >= 5);
            }
            let shown = found.cells.iter().flatten().flatten();
            prop_assert!(shown.clone().all(|x| *x == 0 || *x >= 5));
            let hidden = found.cells.iter().flatten().filter(|x| x.is_none()).count();
            prop_assert_eq!(hidden, found.bounds.len());
            prop_assert_eq!(hidden, found.primary + found.complementary);
        }
    }
}
