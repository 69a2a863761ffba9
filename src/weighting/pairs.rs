//! All reruns of a leave-one-site-out contest without one site, from folds without two.
//!
//! The rerun without site s predicts site f from those that are neither, and so does the rerun without f when it predicts s. Each
//! pair of sites is therefore left out once, and its fold serves both reruns, tuning included.

use super::crossfit::{Entrant, Plan};
use super::gain::Losses;
use super::panel::Panel;
use super::splits::Splits;
use crate::error::Result;

/// Inner folds of the pairs that are worked on together, each some kilobytes; one site's pairs at least.
const INNER_FOLDS: usize = 10_000;

/// Held-out losses of every site by the fold that lacks one other site as well.
#[derive(Debug)]
pub(super) struct PairLosses {
    sites: usize,
    /// Per scheme: the loss of site f by the fold without s and f, at s x sites + f.
    schemes: Vec<Vec<f64>>,
    /// The same, by intercept and covariates alone.
    base: Vec<f64>,
}

/// The losses of two sites by the fold that lacks both: per scheme, then by intercept and covariates alone.
#[derive(Debug)]
pub(super) struct PairLoss {
    pair: [usize; 2],
    losses: Vec<[f64; 2]>,
}

impl PairLosses {
    pub(super) fn new(sites: usize, schemes: usize) -> Self {
        Self { sites, schemes: vec![vec![0.0; sites * sites]; schemes], base: vec![0.0; sites * sites] }
    }

    /// Enters what was found; `which` says where the schemes of `found` stand in the table.
    pub(super) fn enter(&mut self, found: &[PairLoss], which: &[usize]) {
        for PairLoss { pair: [i, j], losses } in found {
            for (place, own) in [(j * self.sites + i, 0), (i * self.sites + j, 1)] {
                for (loss, c) in losses.iter().zip(which) {
                    self.schemes[*c][place] = loss[own];
                }
                self.base[place] = losses[which.len()][own];
            }
        }
    }

    /// The gains of the contest without a site, all of whose pairs were entered; `None` where they are undefined.
    pub(super) fn gains_without(&self, site: usize, reference: usize) -> Option<Vec<f64>> {
        let own = |table: &Vec<f64>| table[site * self.sites..][..self.sites].to_vec();
        Losses { schemes: self.schemes.iter().map(own).collect(), base: own(&self.base) }.gains(reference)
    }
}

/// Leaves out each pair in turn, runs the contest on the sites that are left, and predicts both.
pub(super) fn leave_out(
    panel: &Panel,
    schemes: &[Entrant],
    splits: &Splits,
    pairs: &[[usize; 2]],
) -> Result<Vec<PairLoss>> {
    let own = Splits::of_pairs(pairs, splits.tuning.clone());
    let (plan, rows) = (Plan::with(panel, schemes, own)?, panel.outcome.len());
    let mut space = plan.space();
    plan.predict(&panel.outcome, &mut space);
    let of = |predictions: &[f64], site: usize| -> f64 {
        panel.rows[site].iter().map(|row| panel.weight[*row] * (panel.outcome[*row] - predictions[*row]).powi(2)).sum()
    };
    let found = pairs.iter().enumerate().map(|(repeat, pair)| {
        let tables = space.predictions.iter().chain([&space.base]);
        let losses = tables.map(|table| pair.map(|site| of(&table[repeat * rows..][..rows], site)));
        PairLoss { pair: *pair, losses: losses.collect() }
    });
    Ok(found.collect())
}

/// All pairs of sites, batch by batch: the pairs of some sites with every later one.
pub(super) fn batches(sites: usize) -> Vec<Vec<[usize; 2]>> {
    let mut batches = vec![Vec::new()];
    for i in 0..sites {
        let pairs = (i + 1..sites).map(|j| [i, j]);
        match batches.last_mut() {
            Some(last) if last.is_empty() || (last.len() + pairs.len()) * sites <= INNER_FOLDS => last.extend(pairs),
            _ => batches.push(pairs.collect()),
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_hold_each_pair_once() {
        for sites in [3, 12, 27, 79, 150] {
            let all: Vec<[usize; 2]> = batches(sites).concat();
            assert_eq!(all.len(), sites * (sites - 1) / 2);
            assert!(all.iter().all(|[i, j]| i < j && *j < sites));
            assert!(all.windows(2).all(|two| two[0] < two[1]), "in order, so that none is there twice");
        }
        assert_eq!(batches(12).len(), 1);
    }
}
