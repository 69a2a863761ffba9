//! The draws of one replicate: a pure function of seed, plan and index.

use super::plan::{BALANCED_BLOCK, Law, Plan};
use crate::stream::{Purpose, Seed, Stream};

/// Draws replicate after replicate into buffers of its own; one per thread.
#[derive(Debug)]
pub struct Drawer<'a> {
    plan: &'a Plan,
    seed: Seed,
    units: Vec<u32>,
    weights: Vec<f64>,
    /// The shuffled units of the balanced block at hand, replicate-major.
    block: Vec<u32>,
    block_at: Option<u64>,
    rows: Vec<u32>,
}

impl<'a> Drawer<'a> {
    /// A drawer for one plan and seed.
    pub fn new(plan: &'a Plan, seed: Seed) -> Self {
        Self {
            plan,
            seed,
            units: vec![0; plan.draws()],
            weights: vec![0.0; plan.n_weights()],
            block: Vec::new(),
            block_at: None,
            rows: Vec::new(),
        }
    }

    /// The units that a replicate draws, stratum by stratum, repeats included; only for laws that draw whole units.
    pub fn units(&mut self, replicate: u64) -> &[u32] {
        if self.plan.law() == Law::Balanced {
            return self.balanced(replicate);
        }
        let mut stream = self.seed.stream(Purpose::Resample, replicate);
        self.fill(&mut stream);
        &self.units
    }

    fn fill(&mut self, stream: &mut Stream) {
        let mut at = 0;
        for stratum in self.plan.strata() {
            let drawn = &mut self.units[at..at + stratum.draws];
            stream.fill_below(stratum.size as u32, drawn);
            if stratum.first > 0 {
                for unit in drawn.iter_mut() {
                    *unit += stratum.first as u32;
                }
            }
            at += stratum.draws;
        }
    }

    /// A block of replicates shares one shuffle per stratum of each unit, repeated as often as the block has replicates.
    fn balanced(&mut self, replicate: u64) -> &[u32] {
        let (number, within) = (replicate / BALANCED_BLOCK, (replicate % BALANCED_BLOCK) as usize);
        let draws = self.plan.draws();
        if self.block_at != Some(number) {
            let mut stream = self.seed.stream(Purpose::Resample, number);
            self.block.resize(draws * BALANCED_BLOCK as usize, 0);
            let mut from = 0;
            for stratum in self.plan.strata() {
                let mut pool: Vec<u32> = (0..stratum.draws as u32 * BALANCED_BLOCK as u32)
                    .map(|i| stratum.first as u32 + i % stratum.size as u32)
                    .collect();
                stream.shuffle(&mut pool);
                for (row, part) in self.block.chunks_exact_mut(draws).zip(pool.chunks_exact(stratum.draws)) {
                    row[from..from + stratum.draws].copy_from_slice(part);
                }
                from += stratum.draws;
            }
            self.block_at = Some(number);
        }
        &self.block[within * draws..(within + 1) * draws]
    }

    /// The weight that a replicate gives to every unit; to every row under a law that weighs rows.
    pub fn weights(&mut self, replicate: u64) -> &[f64] {
        let mut weights = std::mem::take(&mut self.weights);
        let mut stream = self.seed.stream(Purpose::Resample, replicate);
        match self.plan.law() {
            Law::Multinomial | Law::Balanced => {
                weights.fill(0.0);
                self.units(replicate).iter().for_each(|&unit| weights[unit as usize] += 1.0);
            }
            Law::TwoStage => self.two_stage(&mut stream, &mut weights),
            Law::Exponential => self.exponential(&mut stream, &mut weights),
            Law::Poisson => weights.iter_mut().for_each(|weight| *weight = poisson(stream.uniform())),
        }
        self.weights = weights;
        &self.weights
    }

    fn two_stage(&mut self, stream: &mut Stream, weights: &mut [f64]) {
        self.fill(stream);
        weights.fill(0.0);
        // A unit that is drawn twice draws its rows twice.
        for &unit in &self.units {
            let rows = self.plan.rows_of(unit as usize);
            self.rows.resize(rows.len(), 0);
            stream.fill_below(rows.len() as u32, &mut self.rows);
            self.rows.iter().for_each(|&i| weights[rows[i as usize] as usize] += 1.0);
        }
    }

    fn exponential(&mut self, stream: &mut Stream, weights: &mut [f64]) {
        for stratum in self.plan.strata() {
            let part = &mut weights[stratum.first..stratum.first + stratum.size];
            for weight in &mut *part {
                *weight = stream.exponential();
            }
            let scale = stratum.size as f64 / part.iter().sum::<f64>();
            for weight in part {
                *weight *= scale;
            }
        }
    }
}

/// A Poisson(1) count from one uniform number, by inversion.
fn poisson(uniform: f64) -> f64 {
    let (mut count, mut mass) = (0.0_f64, (-1.0_f64).exp());
    let mut left = uniform - mass;
    while left >= 0.0 && count < 20.0 {
        count += 1.0;
        mass /= count;
        left -= mass;
    }
    count
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn poisson_counts_have_mean_and_variance_one() {
        let n = 100_000;
        let counts: Vec<f64> = (0..n).map(|i| poisson((f64::from(i) + 0.5) / f64::from(n))).collect();
        let mean = counts.iter().sum::<f64>() / f64::from(n);
        let square = counts.iter().map(|c| c * c).sum::<f64>() / f64::from(n);
        assert!((mean - 1.0).abs() < 1e-3 && (square - 2.0).abs() < 5e-3, "{mean} {square}");
    }

    #[test]
    fn a_balanced_block_draws_every_unit_equally_often() {
        let plan = Plan::new(&[0, 1, 2, 3, 4], &[0, 0, 1, 1, 1], None, Law::Balanced).unwrap();
        let mut drawer = Drawer::new(&plan, Seed(3));
        let mut totals = [0.0; 5];
        for replicate in 100..200 {
            drawer.weights(replicate).iter().zip(&mut totals).for_each(|(w, total)| *total += w);
        }
        assert_eq!(totals, [100.0; 5]);
        let again = Drawer::new(&plan, Seed(3)).units(150).to_vec();
        assert_eq!(drawer.units(150), again);
    }

    #[test]
    fn two_stages_draw_rows_within_sites_and_weights_sum_to_their_units() {
        let plan = Plan::new(&[0, 0, 0, 1, 2, 2], &[0, 0, 0], None, Law::TwoStage).unwrap();
        let mut drawer = Drawer::new(&plan, Seed(3));
        for replicate in 0..40 {
            let weights = drawer.weights(replicate).to_vec();
            let times = [weights[..3].iter().sum::<f64>() / 3.0, weights[3], weights[4..].iter().sum::<f64>() / 2.0];
            assert!(times.iter().all(|t| t.fract() == 0.0) && times.iter().sum::<f64>() == 3.0, "{weights:?}");
        }
        let plan = Plan::new(&[0, 1, 2, 3], &[0, 0, 1, 1], None, Law::Exponential).unwrap();
        let mut drawer = Drawer::new(&plan, Seed(3));
        let weights = drawer.weights(9);
        assert!((weights[0] + weights[1] - 2.0).abs() < 1e-14 && (weights[2] + weights[3] - 2.0).abs() < 1e-14);
    }

    #[test]
    fn weights_count_units_within_strata() {
        let plan = Plan::new(&[0, 1, 2, 3, 4], &[0, 0, 1, 1, 1], None, Law::Multinomial).unwrap();
        let mut drawer = Drawer::new(&plan, Seed(1));
        for replicate in 0..50 {
            let weights = drawer.weights(replicate);
            assert_eq!(weights[..2].iter().sum::<f64>(), 2.0);
            assert_eq!(weights[2..].iter().sum::<f64>(), 3.0);
        }
    }
}
