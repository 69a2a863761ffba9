//! Secondary scores of held-out predictions: what stands in the appendix beside the squared error.

use super::crossfit::{Entrant, Plan};
use super::panel::Panel;
use super::splits::Splits;
use crate::error::Result;
use crate::job::Control;
use rayon::prelude::*;
use serde::Serialize;

/// Scores that need no further fits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scores {
    /// Slope of the outcome on its held-out prediction: 1 when predictions are neither too bold nor too timid; `None` when they do
    /// not vary.
    pub calibration_slope: Option<f64>,
    /// Mean logarithmic score per participant (cross-entropy), for counts and 0/1; `None` for numbers, and when infinite.
    pub log_score: Option<f64>,
    /// Rows whose outcome was predicted to be impossible, which makes the logarithmic score infinite.
    pub impossible: usize,
    /// The same score with predictions kept half a participant away from 0 and 1.
    pub log_score_bounded: Option<f64>,
}

impl Scores {
    /// `predictions` of all rows, one repeat after the other. With `trials` outcomes are rates of counts.
    pub fn of(panel: &Panel, trials: Option<&[f64]>, predictions: &[f64]) -> Self {
        let calibration_slope = calibration_slope(panel, predictions);
        let Some(trials) = trials.filter(|_| predictions.iter().all(|p| p.is_finite())) else {
            return Self { calibration_slope, log_score: None, impossible: 0, log_score_bounded: None };
        };
        let (participants, rows) = (trials.iter().sum::<f64>(), trials.len());
        let share = rows as f64 / (predictions.len() as f64 * participants);
        let edge = 0.5 / participants;
        let (mut plain, mut bounded, mut impossible) = (0.0, 0.0, 0);
        for (at, p) in predictions.iter().enumerate() {
            let (rate, n) = (panel.outcome[at % rows], trials[at % rows]);
            impossible += usize::from((rate > 0.0 && *p <= 0.0) || (rate < 1.0 && *p >= 1.0));
            plain += share * n * entropy(rate, p.clamp(f64::MIN_POSITIVE, 1.0));
            bounded += share * n * entropy(rate, p.clamp(edge, 1.0 - edge));
        }
        let log_score = (impossible == 0).then_some(plain);
        Self { calibration_slope, log_score, impossible, log_score_bounded: Some(bounded) }
    }
}

/// -(y log p + (1 - y) log(1 - p)), terms without weight left out.
fn entropy(rate: f64, p: f64) -> f64 {
    let term = |share: f64, p: f64| if share > 0.0 { -share * p.ln() } else { 0.0 };
    term(rate, p) + term(1.0 - rate, 1.0 - p)
}

fn calibration_slope(panel: &Panel, predictions: &[f64]) -> Option<f64> {
    let rows = panel.outcome.len();
    let (mut w, mut x, mut y) = (0.0, 0.0, 0.0);
    for (at, p) in predictions.iter().enumerate() {
        let weight = panel.weight[at % rows];
        (w, x, y) = (w + weight, x + weight * p, y + weight * panel.outcome[at % rows]);
    }
    let (mean, outcome) = (x / w, y / w);
    let (mut xx, mut xy, mut size) = (0.0, 0.0, 0.0);
    for (at, p) in predictions.iter().enumerate() {
        let weight = panel.weight[at % rows];
        xx += weight * (p - mean).powi(2);
        xy += weight * (p - mean) * (panel.outcome[at % rows] - outcome);
        size += weight * (panel.outcome[at % rows] - outcome).powi(2);
    }
    (xx > 1e-12 * size).then(|| xy / xx)
}

/// Share of pairs that a scheme puts in order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Concordance {
    /// Per scheme; ties in the prediction count half. `None` where a scheme failed or no pair differs.
    pub share: Vec<Option<f64>>,
    /// Pairs of sites whose outcomes differ.
    pub pairs: usize,
    /// Whether all pairs were visited.
    pub complete: bool,
}

/// Pairs that are prepared together: bounds the memory.
const TOGETHER: usize = 48;

/// Leaves every pair of sites out, tunes and fits on the others, and asks which of the two is predicted higher. For 0/1 and k of n
/// this is the area under the ROC curve over pairs of participants at two sites, with both sites unseen by the one model that ranks
/// them (Airola et al. 2011, doi:10.1016/j.csda.2010.11.018); for numbers the share of pairs of sites in order.
pub fn concordance(
    panel: &Panel,
    schemes: &[Entrant],
    trials: Option<&[f64]>,
    control: &Control,
) -> Result<Concordance> {
    let sites = panel.sites();
    let pairs: Vec<[usize; 2]> = (0..sites).flat_map(|i| (i + 1..sites).map(move |j| [i, j])).collect();
    control.set_total(pairs.len() as u64);
    let parts: Vec<Option<(Vec<f64>, f64, usize)>> = pairs
        .par_chunks(TOGETHER)
        .map(|pairs| {
            if control.is_cancelled() {
                return Ok(None);
            }
            let found = ordered(panel, schemes, trials, pairs)?;
            control.advance(pairs.len() as u64);
            Ok(Some(found))
        })
        .collect::<Result<_>>()?;
    let complete = parts.iter().all(Option::is_some);
    let (mut right, mut all, mut differ) = (vec![0.0; schemes.len()], 0.0, 0);
    for (own, total, count) in parts.into_iter().flatten() {
        for (sum, value) in right.iter_mut().zip(own) {
            *sum += value;
        }
        all += total;
        differ += count;
    }
    let share = right.into_iter().map(|sum| (all > 0.0 && sum.is_finite()).then(|| sum / all)).collect();
    Ok(Concordance { share, pairs: differ, complete })
}

/// Per scheme the mass in order, the whole mass, and the number of pairs that differ.
fn ordered(
    panel: &Panel,
    schemes: &[Entrant],
    trials: Option<&[f64]>,
    pairs: &[[usize; 2]],
) -> Result<(Vec<f64>, f64, usize)> {
    let plan = Plan::with(panel, schemes, Splits::of_pairs(pairs, None))?;
    let mut space = plan.space();
    plan.predict(&panel.outcome, &mut space);
    let rows = panel.outcome.len();
    let (mut right, mut all, mut differ) = (vec![0.0; schemes.len()], 0.0, 0);
    for (repeat, [i, j]) in pairs.iter().enumerate() {
        let mut pair = 0.0;
        for (a, b) in panel.rows[*i].iter().flat_map(|a| panel.rows[*j].iter().map(move |b| (*a, *b))) {
            let (up, down) = masses(panel, trials, a, b);
            pair += up + down;
            for (sum, predictions) in right.iter_mut().zip(&space.predictions) {
                let lead = predictions[repeat * rows + a] - predictions[repeat * rows + b];
                let tie = lead.abs() <= 1e-12 * predictions[repeat * rows + a].abs();
                *sum += if lead.is_nan() {
                    f64::NAN
                } else if tie {
                    0.5 * (up + down)
                } else if lead > 0.0 {
                    up
                } else {
                    down
                };
            }
        }
        all += pair;
        differ += usize::from(pair > 0.0);
    }
    Ok((right, all, differ))
}

/// Pairs of participants in which row `a` has the better outcome, and in which row `b` has; single pairs for numbers.
fn masses(panel: &Panel, trials: Option<&[f64]>, a: usize, b: usize) -> (f64, f64) {
    let (y, z) = (panel.outcome[a], panel.outcome[b]);
    match trials {
        None => (f64::from(u8::from(y > z)), f64::from(u8::from(z > y))),
        Some(n) => (n[a] * y * n[b] * (1.0 - z), n[b] * z * n[a] * (1.0 - y)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use ndarray::Array2;

    fn panel(outcome: Vec<f64>) -> Panel {
        let n = outcome.len();
        let items = Array2::from_shape_fn((n, 1), |(i, _)| i as f64);
        Panel::new(items.view(), Array2::zeros((n, 0)).view(), outcome, vec![1.0; n], &(0..n).collect::<Vec<_>>())
            .unwrap()
    }

    #[test]
    fn scores_by_hand() {
        let panel = panel(vec![0.0, 1.0, 1.0, 0.0]);
        let found = Scores::of(&panel, Some(&[1.0; 4]), &[0.2, 0.8, 0.5, 0.5]);
        let expected = -(2.0 * 0.8_f64.ln() + 2.0 * 0.5_f64.ln()) / 4.0;
        assert!((found.log_score.unwrap() - expected).abs() < 1e-15);
        // About their means of .5, products sum to .3 and squares of the predictions to .18.
        assert!((found.calibration_slope.unwrap() - 0.3 / 0.18).abs() < 1e-12);
    }

    #[test]
    fn an_impossible_outcome_is_named_and_bounded() {
        let panel = panel(vec![0.0, 1.0, 1.0, 0.0]);
        let found = Scores::of(&panel, Some(&[1.0; 4]), &[0.2, 0.8, -0.1, 0.5]);
        assert_eq!((found.log_score, found.impossible), (None, 1));
        // The bound is half of one participant in four.
        let expected = -(2.0 * 0.8_f64.ln() + 0.125_f64.ln() + 0.5_f64.ln()) / 4.0;
        assert!((found.log_score_bounded.unwrap() - expected).abs() < 1e-15);
        // An outcome of 0 that is predicted below 0 is no surprise.
        let calm = Scores::of(&panel, Some(&[1.0; 4]), &[-0.2, 0.8, 0.5, 0.5]);
        assert_eq!(calm.impossible, 0);
        assert!(calm.log_score.is_some());
    }
}
