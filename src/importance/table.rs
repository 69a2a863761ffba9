//! A game written out, one value per subset: complete dominance, and games whose values come from a function.

use super::lanes::LANES;
use super::system::System;
use super::tally::{Shares, Tally};
use super::tree::{packed, write};
use crate::error::{Error, Result, input};
use crate::importance::lanes::Lanes;
use crate::job::Control;
use crate::parallel::Threads;
use rayon::prelude::*;

/// Beyond this many items the table would not fit into 512 MiB.
pub const MOST_ITEMS: usize = 26;

/// v(S) for every subset S of p items; item j is bit j of the index.
#[derive(Debug, Clone)]
pub struct Table<V> {
    /// Number of items p.
    pub items: usize,
    /// 2^p values.
    pub values: Vec<V>,
}

/// R2 of every subset, in double precision.
pub fn explained(system: &System) -> Result<Table<f64>> {
    fill(system, |value| value)
}

/// R2 of every subset in single precision, for more than 20 items: half the memory, ties below 1e-6.
pub fn explained_single(system: &System) -> Result<Table<f32>> {
    fill(system, |value| value as f32)
}

fn fill<V: Copy + Default>(system: &System, convert: impl Fn(f64) -> V) -> Result<Table<V>> {
    let p = system.len();
    if p > MOST_ITEMS {
        return Err(input("too many items to compare in every subset")
            .got(p)
            .allowed(format!("up to {MOST_ITEMS}"))
            .remedy("Use method=\"lmg\" for general and conditional dominance.")
            .into());
    }
    let mut values = vec![V::default(); 1 << p];
    let beside = p.min(3);
    let open: Vec<usize> = (beside..p).collect();
    let mut state = vec![Lanes::ZERO; packed(open.len(), 1)];
    let mut corner = Lanes::ZERO;
    for lane in 0..1_usize << beside {
        let mut border = system.bordered();
        (0..beside).filter(|j| lane >> j & 1 == 1).for_each(|j| border.include(j));
        border.pack(&open, |at, value| state[at].0[lane] = value);
        corner.0[lane] = border.corner;
    }
    write(open.len(), &state, corner, |subset, found| {
        for lane in 0..LANES.min(1 << beside) {
            values[subset << beside | lane] = convert(found.0[lane]);
        }
    });
    Ok(Table { items: p, values })
}

impl Table<f64> {
    /// Evaluates a game on every subset.
    pub fn from_game(
        items: usize,
        game: impl Fn(u64) -> Result<f64> + Sync,
        threads: Threads,
        control: &Control,
    ) -> Result<Self> {
        control.set_total(1 << items);
        let value = |subset: u64| {
            if control.is_cancelled() {
                return Err(Error::Interrupted);
            }
            let value = game(subset);
            control.advance(1);
            value
        };
        let values = threads.run(|| (0..1_u64 << items).into_par_iter().map(value).collect::<Result<Vec<f64>>>())??;
        Ok(Self { items, values })
    }

    /// Shapley values and conditional dominance.
    pub fn shares(&self) -> Shares {
        let mut tally = Tally::new(self.items);
        for (subset, value) in self.values.iter().enumerate() {
            tally.add(subset as u64, *value);
        }
        tally.shares()
    }
}

/// Of all subsets without i and j, the share in which i adds more than j by over `tie`; row i, column j. What is missing from
/// D(i, j) + D(j, i) = 1 are ties. i dominates j completely when D(i, j) is 1 (Budescu 1993).
pub fn complete<V: Copy + PartialOrd + Send + Sync + std::ops::Sub<Output = V>>(
    table: &Table<V>,
    tie: V,
    threads: Threads,
) -> Result<Vec<Vec<f64>>> {
    let p = table.items;
    let pairs: Vec<(usize, usize)> = (0..p).flat_map(|i| (i + 1..p).map(move |j| (i, j))).collect();
    let counted: Vec<(u64, u64)> =
        threads.run(|| pairs.par_iter().map(|(i, j)| count(table, *i, *j, tie)).collect())?;
    let subsets = (p as f64 - 2.0).exp2();
    let mut share = vec![vec![0.0; p]; p];
    for ((i, j), (more, less)) in pairs.into_iter().zip(counted) {
        share[i][j] = more as f64 / subsets;
        share[j][i] = less as f64 / subsets;
    }
    Ok(share)
}

/// How often item i adds more than item j, and less; i < j.
fn count<V: Copy + PartialOrd + std::ops::Sub<Output = V>>(table: &Table<V>, i: usize, j: usize, tie: V) -> (u64, u64) {
    let (low, high) = (1_usize << i, 1_usize << j);
    let (mut more, mut less) = (0, 0);
    for block in table.values.chunks_exact(2 * high) {
        let (without, with) = block.split_at(high);
        for (a, b) in without.chunks_exact(2 * low).zip(with.chunks_exact(2 * low)) {
            let (i_in, j_in) = (&a[low..], &b[..low]);
            for (x, y) in i_in.iter().zip(j_in) {
                more += u64::from(*x - *y > tie);
                less += u64::from(*y - *x > tie);
            }
        }
    }
    (more, less)
}
