//! Studies drawn under an assumed truth, each put through a contest.

use super::contest::Protocol;
use super::null::FEWEST_SITES;
use super::panel::Panel;
use crate::error::{Result, input};
use crate::job::Control;
use crate::simulate::outcome::Outcome;
use crate::simulate::{Assumed, Truth};
use crate::stream::Seed;
use ndarray::Array2;
use rayon::prelude::*;
use serde::Deserialize;

/// One point of a simulation: a truth, a number of sites, and what each study goes through.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// What is assumed to be true.
    pub truth: Assumed,
    /// Sites of each study.
    pub sites: usize,
    /// The contest that each study goes through; its trials and seed are set by the run.
    pub protocol: Protocol,
    /// Whether sites count by their participants (else equally).
    pub by_participants: bool,
    /// The first run; run i draws from stream i of the seed, so that a point can be continued.
    pub first: u64,
    /// How many runs.
    pub runs: u64,
}

impl Point {
    /// Draws every study and asks `one` what its contest shows (`None` when the job was cancelled); on cancellation the runs
    /// completed without a gap from the first.
    pub fn each<T: Send>(
        &self,
        control: &Control,
        one: impl Fn(&Panel, &Protocol, &Control) -> Result<Option<T>> + Sync,
    ) -> Result<Vec<T>> {
        if self.sites < FEWEST_SITES {
            return Err(input("too few sites to plan a test of the gain for")
                .at("sites")
                .got(self.sites)
                .allowed(format!("at least {FEWEST_SITES}"))
                .into());
        }
        let truth = Truth::new(self.truth.clone())?;
        control.set_total(self.runs);
        let seed = Seed(self.protocol.seed);
        let runs: Vec<Option<T>> = (self.first..self.first + self.runs)
            .into_par_iter()
            .map(|run| {
                if control.is_cancelled() {
                    return Ok(None);
                }
                let (panel, trials) = self.study(&truth, seed, run)?;
                // Every run needs null draws of its own; its number enters the seed.
                let protocol = Protocol {
                    trials,
                    seed: seed.0 ^ (run + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15),
                    ..self.protocol.clone()
                };
                let shown = one(&panel, &protocol, control)?;
                control.advance(1);
                Ok(shown)
            })
            .collect::<Result<_>>()?;
        Ok(runs.into_iter().map_while(|run| run).collect())
    }

    fn study(&self, truth: &Truth, seed: Seed, run: u64) -> Result<(Panel, Option<Vec<f64>>)> {
        let drawn = truth.draw(self.sites, seed, run)?;
        let sizes: Vec<f64> = drawn.participants.iter().map(|n| f64::from(*n)).collect();
        let counted = self.truth.outcome == Outcome::Counts;
        let outcome =
            if counted { drawn.outcome.iter().zip(&sizes).map(|(k, n)| k / n).collect() } else { drawn.outcome };
        let weight = if self.by_participants && !sizes.is_empty() { sizes.clone() } else { vec![1.0; self.sites] };
        let site_of: Vec<usize> = (0..self.sites).collect();
        let trials = counted.then_some(sizes);
        let none = Array2::zeros((self.sites, 0));
        let panel =
            Panel::new(drawn.items.view(), none.view(), outcome, weight, &site_of)?.with_trials(trials.clone())?;
        Ok((panel, trials))
    }
}
