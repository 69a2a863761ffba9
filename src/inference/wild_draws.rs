//! Draws of the wild cluster bootstrap: each is a sum of rows of small tables.
//!
//! Clusters are taken in groups; for every configuration of a group's multipliers the table holds its part of the move and of K v. A
//! draw then costs one addition of a row per group instead of a matrix product, and enumeration walks two half tables,
//! with v and -v taken together where the law is symmetric.

use super::wild_kernel::Kernel;
use crate::error::{Error, Result};
use crate::job::Control;
use crate::parallel::Threads;
use crate::stream::{Purpose, Seed, Stream};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The law of the multipliers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Law {
    /// 1 or -1.
    Rademacher,
    /// Six points, for few clusters (Webb 2023, doi:10.1111/caje.12661).
    Webb,
    /// Two points with third moment 1 (Mammen 1993, doi:10.1214/aos/1176349025).
    Mammen,
    /// Standard normal.
    Normal,
}

impl Law {
    /// Its points and their probabilities; none for the normal. The first half of a symmetric law mirrors the second.
    pub fn points(self) -> Vec<(f64, f64)> {
        let root5 = 5.0_f64.sqrt();
        match self {
            Self::Rademacher => vec![(1.0, 0.5), (-1.0, 0.5)],
            Self::Webb => [1.5_f64.sqrt(), 1.0, 0.5_f64.sqrt(), -0.5_f64.sqrt(), -1.0, -1.5_f64.sqrt()]
                .map(|v| (v, 1.0 / 6.0))
                .to_vec(),
            Self::Mammen => vec![
                (0.5 * (1.0 - root5), 0.5 * (root5 + 1.0) / root5),
                (0.5 * (1.0 + root5), 0.5 * (root5 - 1.0) / root5),
            ],
            Self::Normal => Vec::new(),
        }
    }

    fn symmetric(self) -> bool {
        matches!(self, Self::Rademacher | Self::Webb)
    }

    /// Configurations of G multipliers; infinity for the normal.
    pub fn configurations(self, clusters: usize) -> f64 {
        match self {
            Self::Normal => f64::INFINITY,
            _ => (self.points().len() as f64).powf(clusters as f64),
        }
    }

    fn beside(self) -> usize {
        if self == Self::Webb { 3 } else { 8 }
    }
}

/// Where draws come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Every configuration, with its probability.
    Enumerated,
    /// So many, from a seed.
    Drawn(u64, Seed),
}

/// One draw: move and squared length as polynomials of delta, and its weight. `mirrored`: -v stands for it too, with the
/// same weight.
#[derive(Debug, Clone, Copy)]
pub struct Draw {
    /// Move at delta 0 and its slope.
    pub moved: [f64; 2],
    /// Squared length: constant, linear, quadratic.
    pub square: [f64; 3],
    /// 1 for drawn ones and for equally likely configurations, else probability times the number of configurations.
    pub weight: f64,
    /// Whether -v is to be counted as well.
    pub mirrored: bool,
}

/// Rows [n0, (n1,) K0 column, (K1 column)] summed over a group's clusters, one per configuration.
struct Table {
    first: usize,
    clusters: usize,
    rows: Vec<f64>,
    weights: Vec<f64>,
}

struct Columns {
    width: usize,
    both: bool,
    values: Vec<f64>,
}

impl Columns {
    fn new(kernel: &Kernel, both: bool) -> Self {
        let g = kernel.clusters;
        let width = if both { 2 * (g + 1) } else { g + 1 };
        let mut columns = Vec::with_capacity(g * width);
        for h in 0..g {
            columns.push(kernel.n0[h]);
            columns.extend(kernel.k0.column(h));
            if both {
                columns.push(kernel.n1[h]);
                columns.extend(kernel.k1.column(h));
            }
        }
        Self { width, both, values: columns }
    }

    fn of(&self, h: usize) -> &[f64] {
        &self.values[h * self.width..(h + 1) * self.width]
    }

    fn table(&self, first: usize, clusters: usize, points: &[(f64, f64)]) -> Table {
        let base = points.len();
        let count = base.pow(clusters as u32);
        let mut rows = vec![0.0; count * self.width];
        let mut weights = vec![1.0; count];
        for (code, (row, weight)) in rows.chunks_exact_mut(self.width).zip(&mut weights).enumerate() {
            let mut rest = code;
            // The first cluster is the most significant digit.
            for h in (first..first + clusters).rev() {
                let (value, probability) = points[rest % base];
                rest /= base;
                *weight *= probability * base as f64;
                for (sum, c) in row.iter_mut().zip(self.of(h)) {
                    *sum += value * c;
                }
            }
        }
        Table { first, clusters, rows, weights }
    }

    fn draw(&self, row: &[f64], weight: f64, mirrored: bool) -> Draw {
        let half = if self.both { self.width / 2 } else { self.width };
        let k0 = &row[1..half];
        let square0 = sum_of_products(k0, k0);
        if !self.both {
            return Draw { moved: [row[0], 0.0], square: [square0, 0.0, 0.0], weight, mirrored };
        }
        let k1 = &row[half + 1..];
        let square = [square0, 2.0 * sum_of_products(k0, k1), sum_of_products(k1, k1)];
        Draw { moved: [row[0], row[half]], square, weight, mirrored }
    }
}

/// An inner product in four running sums, which the compiler turns into vector instructions.
fn sum_of_products(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (x, y) = (a.chunks_exact(4), b.chunks_exact(4));
    let tail: f64 = x.remainder().iter().zip(y.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in x.zip(y) {
        for l in 0..4 {
            sums[l] += a[l] * b[l];
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + tail
}

const BLOCK: u64 = 512;

/// Runs `see` over all draws, block by block, and returns what each block made, in order. `both` asks for the dependence on delta.
#[allow(clippy::too_many_arguments)]
pub fn each<T: Send>(
    kernel: &Kernel,
    law: Law,
    source: Source,
    both: bool,
    threads: Threads,
    control: &Control,
    start: impl Fn() -> T + Sync,
    see: impl Fn(&mut T, Draw) + Sync,
) -> Result<Vec<T>> {
    let columns = Columns::new(kernel, both);
    match source {
        Source::Enumerated => enumerate(kernel, law, &columns, threads, control, start, see),
        Source::Drawn(n, seed) => drawn(kernel, law, &columns, (n, seed), threads, control, start, see),
    }
}

fn enumerate<T: Send>(
    kernel: &Kernel,
    law: Law,
    columns: &Columns,
    threads: Threads,
    control: &Control,
    start: impl Fn() -> T + Sync,
    see: impl Fn(&mut T, Draw) + Sync,
) -> Result<Vec<T>> {
    let points = law.points();
    let head = kernel.clusters.div_ceil(2);
    let (upper, lower) = (columns.table(0, head, &points), columns.table(head, kernel.clusters - head, &points));
    let mirrored = law.symmetric();
    let blocks = if mirrored { upper.weights.len() / 2 } else { upper.weights.len() };
    control.set_total((blocks * lower.weights.len()) as u64);
    let width = columns.width;
    let block = |at: usize| -> Result<T> {
        if control.is_cancelled() {
            return Err(Error::Interrupted);
        }
        let mut made = start();
        let mut row = vec![0.0; width];
        let base = &upper.rows[at * width..(at + 1) * width];
        for (part, weight) in lower.rows.chunks_exact(width).zip(&lower.weights) {
            for ((sum, a), b) in row.iter_mut().zip(base).zip(part) {
                *sum = a + b;
            }
            see(&mut made, columns.draw(&row, weight * upper.weights[at], mirrored));
        }
        control.advance(lower.weights.len() as u64);
        Ok(made)
    };
    threads.run(|| (0..blocks).into_par_iter().map(block).collect())?
}

#[allow(clippy::too_many_arguments)]
fn drawn<T: Send>(
    kernel: &Kernel,
    law: Law,
    columns: &Columns,
    (n, seed): (u64, Seed),
    threads: Threads,
    control: &Control,
    start: impl Fn() -> T + Sync,
    see: impl Fn(&mut T, Draw) + Sync,
) -> Result<Vec<T>> {
    let points = law.points();
    let g = kernel.clusters;
    let tables: Vec<Table> = if law == Law::Normal {
        Vec::new()
    } else {
        (0..g).step_by(law.beside()).map(|h| columns.table(h, law.beside().min(g - h), &points)).collect()
    };
    control.set_total(n);
    let width = columns.width;
    let block = |b: u64| -> Result<T> {
        let mut made = start();
        let mut row = vec![0.0; width];
        if control.is_cancelled() {
            return Err(Error::Interrupted);
        }
        let end = ((b + 1) * BLOCK).min(n);
        for replicate in b * BLOCK..end {
            let mut stream = seed.stream(Purpose::Wild, replicate);
            row.fill(0.0);
            if law == Law::Normal {
                for h in 0..g {
                    let value: f64 = StandardNormal.sample(stream.rng());
                    add(&mut row, columns.of(h), value);
                }
            } else {
                sum_rows(&mut row, &tables, law, points[0].1, &mut stream);
            }
            see(&mut made, columns.draw(&row, 1.0, false));
        }
        control.advance(end - b * BLOCK);
        Ok(made)
    };
    threads.run(|| (0..n.div_ceil(BLOCK)).into_par_iter().map(block).collect())?
}

fn add(row: &mut [f64], column: &[f64], value: f64) {
    for (sum, c) in row.iter_mut().zip(column) {
        *sum += value * c;
    }
}

/// Adds one random row of each table.
fn sum_rows(row: &mut [f64], tables: &[Table], law: Law, probability: f64, stream: &mut Stream) {
    let width = row.len();
    let mut bits = 0_u64;
    for table in tables {
        let code = match law {
            Law::Webb => stream.below(6_u32.pow(table.clusters as u32)) as usize,
            Law::Mammen => {
                (0..table.clusters).fold(0, |code, _| code << 1 | usize::from(stream.uniform() >= probability))
            }
            _ => {
                // Eight clusters a table: one word serves eight tables.
                if table.first % 64 == 0 {
                    bits = stream.bits();
                }
                let byte = bits as usize & 255;
                bits >>= 8;
                byte & ((1 << table.clusters) - 1)
            }
        };
        let part = &table.rows[code * width..(code + 1) * width];
        for (sum, value) in row.iter_mut().zip(part) {
            *sum += value;
        }
    }
}
