//! Permutation statistics that are linear in what is permuted: X' z, with z rearranged.
//!
//! Correlations (z: the standardised outcome), differences of means (z: 1/n of the first label, -1/n of the second),
//! means of paired differences (z: signs) and partial correlations under Freedman and Lane's scheme (1983; z: residuals
//! of the null model) are all of this form. Sixteen arrangements are drawn and multiplied at once, one per lane.

use super::permute::Exchange;
use super::run::in_blocks;
use crate::error::Result;
use crate::job::Control;
use crate::linalg::lanes::{LANES, Lane, Moments};
use crate::parallel::Threads;
use crate::stream::Seed;
use rayon::prelude::*;

/// Groups of arrangements in one task.
const BLOCK: usize = 8;

/// A linear permutation statistic.
#[derive(Debug, Clone)]
pub struct Linear {
    /// Units x columns.
    matrix: Moments,
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
        let length = values.iter().map(|z| z * z).sum();
        Self { matrix: Moments::new(matrix, columns), columns, values, nuisance, length }
    }

    /// Statistics per arrangement.
    pub fn outputs(&self) -> usize {
        self.columns - self.nuisance
    }

    /// The statistics of one arrangement.
    pub fn evaluate(&self, arrangement: &[u32], out: &mut [f64]) {
        let z: Vec<Lane> = arrangement.iter().map(|&label| [self.values[label as usize]; LANES]).collect();
        let mut sums = vec![[0.0; LANES]; self.columns];
        self.multiply(&z, &mut sums);
        out.iter_mut().zip(&sums).for_each(|(out, sum)| *out = sum[0]);
    }

    /// X' z of all lanes, scaled.
    fn multiply(&self, z: &[Lane], sums: &mut [Lane]) {
        sums.fill([0.0; LANES]);
        self.matrix.add_weighted(z, sums);
        if self.nuisance == 0 {
            return;
        }
        let (outputs, basis) = sums.split_at_mut(self.outputs());
        for lane in 0..LANES {
            let inside: f64 = basis.iter().map(|sum| sum[lane] * sum[lane]).sum();
            let left = self.length - inside;
            let scale = if left > 1e-12 * self.length { left.sqrt().recip() } else { f64::NAN };
            for sum in &mut *outputs {
                sum[lane] *= scale;
            }
        }
    }
}

/// Buffers of one thread.
struct Work {
    arrangement: Vec<u32>,
    z: Vec<Lane>,
    sums: Vec<Lane>,
}

/// The null distribution, output after output: all arrangements, or replicates `first..first + count`.
pub fn run(
    linear: &Linear,
    exchange: &Exchange,
    seed: Seed,
    (first, count, enumerated): (u64, usize, bool),
    threads: Threads,
    control: &Control,
) -> Result<Vec<f64>> {
    let (k, units) = (linear.outputs(), exchange.units());
    let zero = [0.0; LANES];
    let worker = || Work { arrangement: vec![0; units], z: vec![zero; units], sums: vec![zero; linear.columns] };
    let groups = in_blocks(BLOCK, count.div_ceil(LANES), LANES * k, threads, control, worker, |work, group, out| {
        // The last group is filled up by repeating the last arrangement; the surplus is cut off below.
        let indices = std::array::from_fn(|lane| first + (group * LANES + lane).min(count - 1) as u64);
        if enumerated {
            for (lane, &index) in indices.iter().enumerate() {
                exchange.unrank(index, &mut work.arrangement);
                let labels = work.z.iter_mut().zip(&work.arrangement);
                labels.for_each(|(z, &label)| z[lane] = linear.values[label as usize]);
            }
        } else {
            exchange.draw_values(seed, &indices, &linear.values, &mut work.z);
        }
        linear.multiply(&work.z, &mut work.sums);
        out.copy_from_slice(work.sums[..k].as_flattened());
    })?;
    let done = (groups.len() / k.max(1)).min(count);
    let mut values = vec![0.0; k * done];
    threads.run(|| {
        values.par_chunks_mut(done.max(1)).enumerate().for_each(|(j, row)| {
            for (part, group) in row.chunks_mut(LANES).zip(groups.chunks_exact(LANES * k)) {
                part.copy_from_slice(&group[j * LANES..j * LANES + part.len()]);
            }
        });
    })?;
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
