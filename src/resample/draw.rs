//! The draws of one replicate: a pure function of seed, plan and index.

use super::plan::{Law, Plan};
use crate::stream::{Purpose, Seed};

/// Draws replicate after replicate into buffers of its own; one per thread.
#[derive(Debug)]
pub struct Drawer<'a> {
    plan: &'a Plan,
    seed: Seed,
    units: Vec<u32>,
    weights: Vec<f64>,
}

impl<'a> Drawer<'a> {
    /// A drawer for one plan and seed.
    pub fn new(plan: &'a Plan, seed: Seed) -> Self {
        Self { plan, seed, units: vec![0; plan.draws()], weights: vec![0.0; plan.n_units()] }
    }

    /// The units that a replicate draws, stratum by stratum, repeats included; only for laws that draw whole units.
    pub fn units(&mut self, replicate: u64) -> &[u32] {
        let mut stream = self.seed.stream(Purpose::Resample, replicate);
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
        &self.units
    }

    /// The weight that a replicate gives to every unit.
    pub fn weights(&mut self, replicate: u64) -> &[f64] {
        match self.plan.law() {
            Law::Multinomial => {
                self.units(replicate);
                self.weights.fill(0.0);
                for &unit in &self.units {
                    self.weights[unit as usize] += 1.0;
                }
            }
        }
        &self.weights
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

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
