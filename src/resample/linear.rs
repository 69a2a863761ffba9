//! Permutation statistics that are linear in what is permuted: X' z, with z rearranged.
//!
//! Correlations (z: the standardised outcome), differences of means (z: 1/n of the first label, -1/n of the second),
//! means of paired differences (z: signs) and partial correlations under Freedman and Lane's scheme (1983; z: residuals
//! of the null model) are all of this form. Eight arrangements are multiplied at once, one per lane.

use super::permute::Exchange;
use super::run::in_waves;
use crate::error::Result;
use crate::job::Control;
use crate::parallel::Threads;
use crate::stream::Seed;

/// Arrangements that are multiplied at once.
const LANES: usize = 8;
/// Columns that share one pass over the lanes.
const TILE: usize = 4;

/// A linear permutation statistic.
#[derive(Debug, Clone)]
pub struct Linear {
    /// Units x columns, row-major, columns padded to whole tiles.
    matrix: Vec<f64>,
    padded: usize,
    columns: usize,
    /// The value of z for every label (or order).
    values: Vec<f64>,
    /// The last so many columns are an orthonormal basis of a null model: what of z falls into it is taken out of its
    /// length, and the others are divided by that.
    nuisance: usize,
    length: f64,
}

impl Linear {
    /// From a row-major matrix (units x `columns`) and the value of every label.
    ///
    /// With `nuisance` columns (an orthonormal basis, last) the statistic is a correlation: `length` is the squared
    /// length of z, and the first columns must have length 1.
    pub fn new(matrix: &[f64], columns: usize, values: Vec<f64>, nuisance: usize) -> Self {
        let padded = columns.div_ceil(TILE) * TILE;
        let rows = matrix.len() / columns.max(1);
        let mut wide = vec![0.0; rows * padded];
        for (to, from) in wide.chunks_exact_mut(padded).zip(matrix.chunks_exact(columns)) {
            to[..columns].copy_from_slice(from);
        }
        let length = values.iter().map(|z| z * z).sum();
        Self { matrix: wide, padded, columns, values, nuisance, length }
    }

    /// Statistics per arrangement.
    pub fn outputs(&self) -> usize {
        self.columns - self.nuisance
    }

    /// The statistics of one arrangement.
    pub fn evaluate(&self, arrangement: &[u32], out: &mut [f64]) {
        let mut work = Work::new(self, arrangement.len());
        work.load(self, 0, arrangement);
        let mut wide = vec![0.0; LANES * self.outputs()];
        work.multiply(self, &mut wide);
        out.copy_from_slice(&wide[..self.outputs()]);
    }
}

/// Buffers of one thread.
struct Work {
    arrangement: Vec<u32>,
    z: Vec<[f64; LANES]>,
    sums: Vec<[f64; LANES]>,
}

impl Work {
    fn new(linear: &Linear, units: usize) -> Self {
        Self { arrangement: vec![0; units], z: vec![[0.0; LANES]; units], sums: vec![[0.0; LANES]; linear.padded] }
    }

    fn load(&mut self, linear: &Linear, lane: usize, arrangement: &[u32]) {
        for (z, &label) in self.z.iter_mut().zip(arrangement) {
            z[lane] = linear.values[label as usize];
        }
    }

    /// X' z of all lanes, written replicate after replicate.
    fn multiply(&mut self, linear: &Linear, out: &mut [f64]) {
        for tile in 0..linear.padded / TILE {
            let mut sums = [[0.0_f64; LANES]; TILE];
            for (row, z) in linear.matrix.chunks_exact(linear.padded).zip(&self.z) {
                let x = &row[tile * TILE..(tile + 1) * TILE];
                for (sum, &x) in sums.iter_mut().zip(x) {
                    for lane in 0..LANES {
                        sum[lane] += x * z[lane];
                    }
                }
            }
            self.sums[tile * TILE..(tile + 1) * TILE].copy_from_slice(&sums);
        }
        let k = linear.outputs();
        for (lane, out) in out.chunks_exact_mut(k).enumerate() {
            let scale = self.scale(linear, lane);
            for (out, sum) in out.iter_mut().zip(&self.sums) {
                *out = sum[lane] * scale;
            }
        }
    }

    fn scale(&self, linear: &Linear, lane: usize) -> f64 {
        if linear.nuisance == 0 {
            return 1.0;
        }
        let basis = &self.sums[linear.outputs()..linear.columns];
        let inside: f64 = basis.iter().map(|sum| sum[lane] * sum[lane]).sum();
        let left = linear.length - inside;
        if left > 1e-12 * linear.length { left.sqrt().recip() } else { f64::NAN }
    }
}

/// The null distribution, replicate-major: all arrangements, or replicates `first..first + count`.
pub fn run(
    linear: &Linear,
    exchange: &Exchange,
    seed: Seed,
    (first, count, enumerated): (u64, usize, bool),
    threads: Threads,
    control: &Control,
) -> Result<Vec<f64>> {
    let k = linear.outputs();
    let worker = || Work::new(linear, exchange.units());
    let blocks = count.div_ceil(LANES);
    let mut values = in_waves(blocks, LANES * k, threads, control, worker, |work, block, out| {
        for lane in 0..LANES {
            // The last block is filled up by repeating the last arrangement; the surplus is cut off below.
            let index = first + (block * LANES + lane).min(count - 1) as u64;
            let mut arrangement = std::mem::take(&mut work.arrangement);
            if enumerated {
                exchange.unrank(index, &mut arrangement);
            } else {
                exchange.draw(seed, index, &mut arrangement);
            }
            work.load(linear, lane, &arrangement);
            work.arrangement = arrangement;
        }
        work.multiply(linear, out);
    })?;
    values.truncate(count * k);
    Ok(values)
}

#[cfg(test)]
// One stratum is a list of one range.
#[allow(clippy::single_range_in_vec_init)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_of_means_over_all_splits() {
        let linear = Linear::new(&[1.0, 2.0, 4.0, 9.0], 1, vec![0.5, -0.5], 0);
        let exchange = Exchange::Labels { labels: vec![0, 1, 0, 1], strata: vec![0..4] };
        let run = |count, enumerated| {
            run(&linear, &exchange, Seed(1), (0, count, enumerated), Threads::ONE, &Control::new()).unwrap_or_default()
        };
        // In lexicographic order of the labels: 0011, 0101, 0110, 1001, 1010, 1100.
        assert_eq!(run(6, true), [-5.0, -3.0, 2.0, -2.0, 3.0, 5.0]);
        let drawn = run(50, false);
        assert!(drawn.iter().all(|d| [2.0, 3.0, 5.0].contains(&d.abs())) && drawn.len() == 50);
        assert_eq!(drawn[..20], run(20, false));
    }
}
