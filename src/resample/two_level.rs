//! Two levels for k of n: sites are drawn, then the participants of each drawn site, which for a count is a binomial draw
//! (Davison and Hinkley 1997, section 3.8).
//!
//! Drawing n participants of whom k succeeded, with replacement, gives Binomial(n, k/n) successes: participants need not
//! be listed. The sites of replicate i are those that whole-site resampling draws under the same seed.

use super::draw::Drawer;
use super::plan::Plan;
use super::run::{Replicates, in_waves};
use super::statistic::MomentStatistic;
use crate::error::Result;
use crate::job::Control;
use crate::num::binomial::BinomialTable;
use crate::parallel::Threads;
use crate::stream::{Purpose, Seed};

/// One count k of n, of one unit.
#[derive(Debug)]
struct Cell {
    /// Where k is added; n is added to the next.
    column: usize,
    n: f64,
    law: BinomialTable,
}

/// The counts of all units.
#[derive(Debug)]
pub struct Counts {
    cells: Vec<Cell>,
    starts: Vec<usize>,
    width: usize,
}

impl Counts {
    /// From rows of (k, n) pairs, `width` numbers each; pairs without participants are left out.
    pub fn new(rows: &[f64], width: usize, plan: &Plan) -> Self {
        let mut of_unit: Vec<Vec<Cell>> = (0..plan.n_units()).map(|_| Vec::new()).collect();
        for (row, &unit) in rows.chunks_exact(width).zip(plan.unit_of_row()) {
            for (column, pair) in row.chunks_exact(2).enumerate().filter(|(_, pair)| pair[1] > 0.0) {
                let law = BinomialTable::new(pair[1] as u64, pair[0] / pair[1]);
                of_unit[unit as usize].push(Cell { column: 2 * column, n: pair[1], law });
            }
        }
        let mut starts = vec![0];
        let mut cells = Vec::new();
        for of_one in of_unit {
            cells.extend(of_one);
            starts.push(cells.len());
        }
        Self { cells, starts, width }
    }

    /// Adds fresh counts of the drawn units up.
    fn draw(&self, units: &[u32], bits: &mut impl FnMut() -> u64, sums: &mut [f64]) {
        sums.fill(0.0);
        for &unit in units {
            for cell in &self.cells[self.starts[unit as usize]..self.starts[unit as usize + 1]] {
                sums[cell.column] += cell.law.draw(bits());
                sums[cell.column + 1] += cell.n;
            }
        }
    }
}

/// Draws replicates `first..first + count`; the plan draws whole units.
pub fn draw(
    plan: &Plan,
    (counts, rule): (&Counts, &dyn MomentStatistic),
    seed: Seed,
    (first, count): (u64, usize),
    threads: Threads,
    control: &Control,
) -> Result<Replicates> {
    let worker = || (Drawer::new(plan, seed), vec![0.0; counts.width]);
    let k = rule.outputs();
    let values = in_waves(count, k, threads, control, worker, |(drawer, sums), replicate, out| {
        let index = first + replicate as u64;
        let mut within = seed.stream(Purpose::Parametric, index);
        counts.draw(drawer.units(index), &mut || within.bits(), sums);
        rule.evaluate(sums, out);
    })?;
    Ok(Replicates { values, probabilities: None, outputs: k })
}
