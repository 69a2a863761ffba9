//! The gain under the null of equal weights: fit the reference, permute its residuals (or draw counts from it), rerun all.
//!
//! Permuting the outcome itself would test that no item matters at all, which is false whenever the plain total works,
//! and would call weights better far too often. The reduced model here is the calibrated total with the covariates
//! (Freedman and Lane 1983, doi:10.2307/1391660; Winkler et al. 2014, doi:10.1016/j.neuroimage.2014.01.060).

use super::consequences::{Bands, Changes};
use super::counts::Counts;
use super::crossfit::Plan;
use super::gain::Losses;
use super::panel::Panel;
use crate::error::Result;
use crate::job::Control;
use crate::stream::{Purpose, Seed, Stream};
use rayon::prelude::*;
use serde::Serialize;

/// Fewest sites for which the residual permutation is offered: below, its size is not near its level.
pub const FEWEST_SITES: usize = 12;

/// The gains of null replicates.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NullGains {
    /// Replicates completed.
    pub replicates: usize,
    /// Gain per scheme and replicate.
    pub gains: Vec<Vec<f64>>,
    /// Replicates whose gain was undefined.
    pub undefined: usize,
    /// Per scheme: mean changes among sites, with weights learnt where equal weights are true.
    pub changes: Vec<Changes>,
}

/// Fitted values and residuals of the reduced model: intercept, covariates and the reference's total.
pub(super) struct Reduced {
    fitted: Vec<f64>,
    /// Residual times the root of the weight: exchangeable when errors have variance inverse to the weight.
    scaled: Vec<f64>,
    root: Vec<f64>,
    /// Sites in blocks of equally many rows; only these are exchanged.
    blocks: Vec<Vec<usize>>,
}

impl Reduced {
    fn new(panel: &Panel, weights: &[f64]) -> Result<Self> {
        let whole = panel.moments(&panel.outcome, &[])?;
        let (slopes, covariates, intercept) = super::schemes::tune::calibrated(weights, &whole);
        let n = panel.outcome.len();
        let fitted: Vec<f64> = (0..n)
            .map(|row| {
                let items: f64 = panel.items.row(row).iter().zip(&slopes).map(|(x, b)| x * b).sum();
                let others: f64 = panel.base.row(row).iter().skip(1).zip(&covariates).map(|(z, b)| z * b).sum();
                intercept + items + others
            })
            .collect();
        let root: Vec<f64> = panel.weight.iter().map(|w| w.sqrt()).collect();
        let scaled = (0..n).map(|row| root[row] * (panel.outcome[row] - fitted[row])).collect();
        let mut blocks: Vec<Vec<usize>> = Vec::new();
        for site in 0..panel.sites() {
            let home = blocks.iter_mut().find(|block| panel.rows[block[0]].len() == panel.rows[site].len());
            match home {
                Some(block) => block.push(site),
                None => blocks.push(vec![site]),
            }
        }
        Ok(Self { fitted, scaled, root, blocks })
    }

    /// Writes one permuted outcome: whole sites exchange their residuals.
    fn draw(&self, panel: &Panel, stream: &mut Stream, order: &mut Vec<usize>, y: &mut [f64]) {
        for block in &self.blocks {
            order.clear();
            order.extend_from_slice(block);
            stream.shuffle(order);
            for (to, from) in block.iter().zip(order.iter()) {
                for (row, source) in panel.rows[*to].iter().zip(&panel.rows[*from]) {
                    y[*row] = self.fitted[*row] + self.scaled[*source] / self.root[*row];
                }
            }
        }
    }
}

/// The fitted null of equal weights.
pub(super) enum Null {
    /// Numbers: residuals of the reduced model change sites.
    Residuals(Reduced),
    /// k of n and 0/1: drawn from the fitted reduced model.
    Counts(Counts),
}

impl Null {
    /// Fits the reduced model on the total with these weights. With `trials` (participants per row) outcomes are rates of
    /// counts. `None` when the total separates the outcomes, so that the model has no finite fit.
    pub(super) fn fit(panel: &Panel, weights: &[f64], trials: Option<&[f64]>) -> Result<Option<Self>> {
        match trials {
            None => Ok(Some(Self::Residuals(Reduced::new(panel, weights)?))),
            Some(trials) => Ok(Counts::new(panel, weights, trials)?.map(Self::Counts)),
        }
    }

    /// Writes the outcomes of replicate `i` into `y`; `order` is working space.
    pub(super) fn draw(&self, panel: &Panel, seed: Seed, i: u64, order: &mut Vec<usize>, y: &mut [f64]) {
        match self {
            Self::Residuals(reduced) => reduced.draw(panel, &mut seed.stream(Purpose::Permute, i), order, y),
            Self::Counts(counts) => counts.draw(&mut seed.stream(Purpose::Parametric, i), y),
        }
    }
}

/// Runs `replicates` outcomes under equal weights through the whole contest; replicate i draws from stream i of the seed,
/// whatever the threads.
///
/// On cancellation the replicates completed without a gap from the first are returned.
#[expect(clippy::too_many_arguments, reason = "one argument per part of the contest")]
pub(super) fn null_gains(
    panel: &Panel,
    plan: &Plan<'_>,
    null: &Null,
    reference: usize,
    replicates: usize,
    seed: Seed,
    bands: &Bands,
    control: &Control,
) -> Result<NullGains> {
    type Row = (Option<Vec<f64>>, Vec<Changes>);
    let n = panel.outcome.len();
    let rows: Vec<Option<Row>> = (0..replicates)
        .into_par_iter()
        .map_init(
            || (plan.space(), vec![0.0; n], Vec::new()),
            |(space, y, order), i| {
                if control.is_cancelled() {
                    return Ok(None);
                }
                null.draw(panel, seed, i as u64, order, y);
                plan.predict(y, space);
                control.advance(1);
                let gains = Losses::of(panel, y, space).gains(reference);
                // Weights of one training fold serve for what they would change: one site less than all.
                let fold = i % plan.folds();
                let weights = (0..plan.schemes()).map(|c| plan.weights_in_fold(c, fold, y, space));
                let changes = weights.map(|w| w.map_or(Changes::default(), |w| bands.changes(panel, &w))).collect();
                Ok(Some((gains, changes)))
            },
        )
        .collect::<Result<_>>()?;
    let completed: Vec<Row> = rows.into_iter().map_while(|row| row).collect();
    let mut gains = vec![Vec::with_capacity(completed.len()); plan.schemes()];
    for (row, _) in &completed {
        for (c, values) in gains.iter_mut().enumerate() {
            values.push(row.as_ref().map_or(f64::NAN, |gains| gains[c]));
        }
    }
    let undefined = completed.iter().filter(|(row, _)| row.is_none()).count();
    let mean = |c: usize| Changes::mean(completed.iter().map(|(_, changes)| changes[c]));
    let changes = (0..plan.schemes()).map(mean).collect();
    Ok(NullGains { replicates: completed.len(), gains, undefined, changes })
}

/// Standard deviation of the gains that are defined.
pub(super) fn deviation(gains: &[f64]) -> f64 {
    let known: Vec<f64> = gains.iter().copied().filter(|gain| gain.is_finite()).collect();
    let n = known.len() as f64;
    let mean = known.iter().sum::<f64>() / n;
    (known.iter().map(|gain| (gain - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
}

/// One-sided p of a gain: (1 + replicates at least as large) / (1 + replicates). An undefined replicate counts as at least
/// as large, so that it can never help.
pub fn p_value(observed: f64, null: &[f64]) -> f64 {
    let tolerance = 1e-10 * observed.abs().max(1e-6);
    let at_least = null.iter().filter(|gain| gain.is_nan() || **gain >= observed - tolerance).count();
    (1 + at_least) as f64 / (1 + null.len()) as f64
}
