//! Jackknife-after-bootstrap (Efron 1992, <https://doi.org/10.1111/j.2517-6161.1992.tb01866.x>): the replicates that
//! happen to leave a unit out are a bootstrap of the data without it. No statistic is computed again: the draws are
//! replayed from their streams.

use super::distribution::Distribution;
use super::draw::Drawer;
use super::enumerate::Multisets;
use super::plan::Plan;
use crate::num::quantile::Rule;
use crate::stream::Seed;
use serde::Serialize;

/// The distribution without one unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Without {
    /// Replicates that leave the unit out.
    pub n_replicates: usize,
    /// Their mass.
    pub mass: f64,
    /// Mean of the replicates; NaN below two of them.
    pub mean: f64,
    /// Their SD.
    pub standard_error: f64,
    /// Quantiles at the levels that were asked for.
    pub quantiles: Vec<f64>,
}

/// Which replicates leave out which unit: one bit each, replicate-major.
#[derive(Debug)]
pub struct Omitted {
    words: usize,
    bits: Vec<u64>,
}

impl Omitted {
    /// Replays the draws of replicates `0..count`, or walks the multisets when there are any.
    pub fn of(plan: &Plan, seed: Seed, count: usize, multisets: Option<&Multisets<'_>>) -> Self {
        let words = plan.n_units().div_ceil(64);
        let mut bits = vec![0_u64; words * count];
        let mut drawer = Drawer::new(plan, seed);
        let mut cursor = multisets.map(|m| m.cursor(0));
        for (replicate, row) in bits.chunks_exact_mut(words).enumerate() {
            let mut mark = |unit: usize| row[unit / 64] |= 1 << (unit % 64);
            if let Some(cursor) = &mut cursor {
                cursor.counts().iter().enumerate().filter(|&(_, &c)| c == 0).for_each(|(unit, _)| mark(unit));
                cursor.step();
            } else {
                let weights = drawer.weights(replicate as u64);
                if plan.law().weighs_rows() {
                    let absent = |unit: usize| plan.rows_of(unit).iter().all(|&row| weights[row as usize] == 0.0);
                    (0..plan.n_units()).filter(|&unit| absent(unit)).for_each(&mut mark);
                } else {
                    weights.iter().enumerate().filter(|&(_, &w)| w == 0.0).for_each(|(unit, _)| mark(unit));
                }
            }
        }
        Self { words, bits }
    }

    fn leaves_out(&self, replicate: usize, unit: usize) -> bool {
        self.bits[replicate * self.words + unit / 64] >> (unit % 64) & 1 == 1
    }

    /// The distribution of one output over the replicates that leave `unit` out.
    pub fn without(&self, unit: usize, values: &[f64], probabilities: Option<&[f64]>, levels: &[f64]) -> Without {
        let kept = || (0..values.len()).filter(|&b| self.leaves_out(b, unit));
        let part: Vec<f64> = kept().map(|b| values[b]).collect();
        let weights: Option<Vec<f64>> = probabilities.map(|p| kept().map(|b| p[b]).collect());
        let mass = weights.as_ref().map_or(part.len() as f64 / values.len() as f64, |w| w.iter().sum());
        let mut distribution = Distribution::new(&part, weights.as_deref());
        let quantiles = if distribution.usable("the statistic").is_ok() {
            levels.iter().map(|&p| distribution.quantile(p, Rule::Linear).at).collect()
        } else {
            vec![f64::NAN; levels.len()]
        };
        let moments = distribution.moments();
        Without { n_replicates: part.len(), mass, mean: moments.mean, standard_error: moments.sd, quantiles }
    }
}
