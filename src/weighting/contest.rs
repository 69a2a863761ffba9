//! The contest from end to end: predictions, gains, interval, null, verdict.
//!
//! 1. Every scheme predicts every site from the others ([`super::crossfit`]).
//! 2. Its gain is the difference of its Q2 to that of the calibrated unit total ([`super::gain`]).
//! 3. The interval reruns all of it without each site in turn.
//! 4. The p-value reruns all of it under equal weights ([`super::null`]), adjusted for the number of schemes tried.
//! 5. The verdict compares the interval with the smallest gain that would matter ([`super::verdict`]).

use super::compare::{Superiority, model_set, superiority};
use super::consequences::{Bands, Changes};
use super::crossfit::{Entrant, Failure, Plan, Space};
use super::equal_slopes::{EqualSlopes, SlopeScatter, equal_slopes, slope_scatter};
use super::gain::{GainInterval, Losses, Picked, Reruns, delete_one_site, quantile};
use super::labels::{LabelTest, label_permutation};
use super::null::{FEWEST_SITES, Null, NullGains, deviation, null_gains, p_value};
use super::panel::Panel;
use super::schemes::SchemeFit;
use super::scores::Scores;
use super::splits::{Splits, Validation};
use super::verdict::{Verdict, verdict};
use crate::error::{Result, input};
use crate::job::Control;
use crate::regress::{Estimability, estimability::estimability};
use crate::stream::Seed;
use serde::{Deserialize, Serialize};

/// What is to be run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// The schemes; the reference is one of them.
    pub schemes: Vec<Entrant>,
    /// Position of the reference.
    pub reference: usize,
    /// Position of the scheme that was declared beforehand: its p needs no adjustment for the others.
    #[serde(default)]
    pub primary: Option<usize>,
    /// The smallest gain that would matter, as a share of the outcome's variance.
    pub smallest_gain: f64,
    /// Null replicates.
    pub n_resamples: usize,
    /// Of the interval of the gain.
    pub confidence_level: f64,
    /// Participants per row where the outcome is a rate of counts (or 0/1): the null is then drawn, not permuted.
    #[serde(default)]
    pub trials: Option<Vec<f64>>,
    /// How sites are held out.
    #[serde(default)]
    pub validation: Validation,
    /// What weights would change; nothing is counted without totals.
    #[serde(default)]
    pub bands: Bands,
    /// Of everything that is drawn.
    pub seed: u64,
}

/// One scheme's outcome.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// The scheme fitted to all sites.
    pub fit: SchemeFit,
    /// Slopes on all sites, calibrated as in the contest.
    pub slopes: Vec<f64>,
    /// The intercept that goes with them.
    pub intercept: f64,
    /// Share of the held-out squared error of intercept and covariates that the scheme removes.
    pub q2: Option<f64>,
    /// Q2 minus that of the reference.
    pub gain: Option<f64>,
    /// Its interval.
    pub interval: Option<GainInterval>,
    /// One-sided p under equal weights.
    pub p_value: Option<f64>,
    /// The same, adjusted for all schemes that were tried (largest gain of each replicate).
    pub p_adjusted: Option<f64>,
    /// Sites that the scheme predicts better than the reference, and worse.
    pub sites_won: usize,
    /// Sites that it predicts worse.
    pub sites_lost: usize,
    /// Held-out predictions, one per row; none where the scheme failed.
    pub predictions: Vec<Option<f64>>,
    /// Smallest and largest weight of each item over the training folds: a stability range, not an interval.
    pub stability: Vec<(f64, f64)>,
    /// Penalty chosen in each fold, for schemes that are tuned.
    pub penalties: Vec<Option<f64>>,
    /// Secondary scores of the held-out predictions.
    pub scores: Scores,
    /// What its weights on all sites would change.
    pub changes: Changes,
    /// What they would change on average where equal weights are true; `None` without replicates.
    pub changes_expected: Option<Changes>,
    /// p for staying in the model confidence set of all schemes; `None` where there is no interval.
    pub set_p: Option<f64>,
    /// Where it failed and why; such a scheme is out of the contest.
    pub failure: Option<Failure>,
    /// The verdict.
    pub verdict: Verdict,
}

/// The whole contest.
#[derive(Debug, Clone, Serialize)]
pub struct Contest {
    /// One entry per scheme, in the order of the protocol.
    pub entries: Vec<Entry>,
    /// What the design can know about the slopes.
    pub estimability: Estimability,
    /// Held-out mean squared error of intercept and covariates alone.
    pub base_error: f64,
    /// Weighted variance of the outcome.
    pub outcome_variance: f64,
    /// F test of equal slopes (Gaussian errors), where every slope is estimable and degrees of freedom are left.
    pub equal_slopes: Option<EqualSlopes>,
    /// Score test of slopes that scatter about the common one.
    pub scatter: Option<SlopeScatter>,
    /// Is any scheme superior to the reference?
    pub superiority: Option<Superiority>,
    /// Picking the best scheme inside the training fold.
    pub picked: Option<Picked>,
    /// Exact permutation of the outcome: does any item go with it?
    pub labels: Option<LabelTest>,
    /// Null replicates that were completed.
    pub replicates: usize,
    /// Null replicates whose gain was undefined; they count against the scheme.
    pub undefined: usize,
    /// The smallest p that the test of the gain can reach; `None` where it is refused.
    pub floor: Option<f64>,
    /// Why the gain cannot be tested, or empty.
    pub refused: String,
}

/// One prediction per row; none where the scheme failed.
fn mean_over_repeats(predictions: &[f64], rows: usize) -> Vec<Option<f64>> {
    let repeats = predictions.chunks_exact(rows);
    let share = 1.0 / repeats.len() as f64;
    let mean = |row: usize| share * repeats.clone().map(|repeat| repeat[row]).sum::<f64>();
    (0..rows).map(mean).map(|p| p.is_finite().then_some(p)).collect()
}

/// The weights in every training fold where the scheme could be fitted.
fn fold_weights(panel: &Panel, plan: &Plan<'_>, c: usize, space: &mut Space) -> Vec<Vec<f64>> {
    (0..plan.folds()).filter_map(|f| plan.weights_in_fold(c, f, &panel.outcome, space)).collect()
}

/// Smallest and largest weight per item over the folds.
pub(super) fn stability(weights: &[Vec<f64>]) -> Vec<(f64, f64)> {
    let items = weights.first().map_or(0, Vec::len);
    (0..items)
        .map(|j| {
            let column = || weights.iter().map(|fold| fold[j]);
            (column().fold(f64::INFINITY, f64::min), column().fold(f64::NEG_INFINITY, f64::max))
        })
        .collect()
}

/// What predicting every site from the others gave, on complete scores or averaged over completed copies.
#[derive(Debug)]
pub(super) struct Evidence {
    pub(super) losses: Losses,
    /// Per scheme and row, one repeat after the other.
    pub(super) predictions: Vec<Vec<f64>>,
    /// Per scheme and training fold; NaN where nothing is tuned.
    pub(super) penalties: Vec<Vec<f64>>,
    /// Per scheme: smallest and largest weight of each item over the training folds.
    pub(super) stability: Vec<Vec<(f64, f64)>>,
    /// Schemes that failed in a fold.
    pub(super) failures: Vec<Option<Failure>>,
    pub(super) reruns: Option<Reruns>,
    pub(super) null: Option<NullGains>,
}

/// Runs the contest; call inside a pool ([`crate::parallel::Threads::run`]).
pub fn run(panel: &Panel, protocol: &Protocol, control: &Control) -> Result<Contest> {
    check(protocol, panel.outcome.len())?;
    let testable = panel.sites() >= FEWEST_SITES;
    control.set_total(if testable { (panel.sites() + protocol.n_resamples) as u64 } else { 0 });
    let seed = Seed(protocol.seed);
    let splits = protocol.validation.splits(panel.sites(), seed)?;
    let plan = Plan::with(panel, &protocol.schemes, splits.clone())?;
    let weights = plan.whole_weights(protocol.reference)?;
    let model = if testable { Null::fit(panel, &weights, protocol.trials.as_deref())? } else { None };
    let evidence = on_complete_scores(panel, &plan, &splits, model.as_ref(), protocol, control)?;
    let mut contest = assemble(panel, &plan, protocol, &evidence, control)?;
    contest.equal_slopes = equal_slopes(&panel.moments(&panel.outcome, &[])?.adjusted(), panel)?;
    if protocol.trials.is_none() || model.is_some() {
        contest.scatter = slope_scatter(panel, model.as_ref(), protocol.n_resamples, seed, control)?;
    }
    Ok(contest)
}

impl Evidence {
    /// The interval of a scheme's gain, no narrower than the gain's spread under equal weights; `reach` is its quantile.
    pub(super) fn interval(&self, c: usize, reach: f64) -> Option<GainInterval> {
        let floor = self.null.as_ref().map_or(0.0, |null| deviation(&null.gains[c]));
        let own = self.reruns.as_ref()?.intervals[c].clone()?;
        Some(own.no_narrower(floor, reach))
    }
}

/// Predicts every site from the others and, from enough sites on, reruns all of it without each site and under the null `model`.
pub(super) fn on_complete_scores(
    panel: &Panel,
    plan: &Plan<'_>,
    splits: &Splits,
    model: Option<&Null>,
    protocol: &Protocol,
    control: &Control,
) -> Result<Evidence> {
    let mut space = plan.space();
    plan.predict(&panel.outcome, &mut space);
    let losses = Losses::of(panel, &panel.outcome, &space);
    let (mut reruns, mut null) = (None, None);
    if let (Some(gains), true) = (&losses.gains(protocol.reference), panel.sites() >= FEWEST_SITES) {
        let (level, reference) = (protocol.confidence_level, protocol.reference);
        reruns = delete_one_site(panel, &protocol.schemes, splits, reference, gains, level, control)?;
        let (replicates, bands, seed) = (protocol.n_resamples, &protocol.bands, Seed(protocol.seed));
        let draws = |model| null_gains(panel, plan, model, reference, replicates, seed, bands, control);
        null = model.map(draws).transpose()?;
    }
    let (predictions, penalties) = (space.predictions.clone(), space.penalties.clone());
    let failures = space.failures.clone();
    let stability = (0..plan.schemes()).map(|c| stability(&fold_weights(panel, plan, c, &mut space))).collect();
    Ok(Evidence { losses, predictions, penalties, stability, failures, reruns, null })
}

/// Puts evidence, fits on all sites and verdicts together; leaves the tests of equal slopes open. `panel` and `plan` hold
/// all sites.
pub(super) fn assemble(
    panel: &Panel,
    plan: &Plan<'_>,
    protocol: &Protocol,
    evidence: &Evidence,
    control: &Control,
) -> Result<Contest> {
    let (sites, seed, null) = (panel.sites(), Seed(protocol.seed), evidence.null.as_ref());
    let mut entries = entries(panel, plan, protocol, evidence)?;
    let set = model_set(&entries, protocol.n_resamples.max(999), seed);
    entries.iter_mut().zip(set).for_each(|(entry, p)| entry.set_p = p);
    let gain: Vec<Option<f64>> = entries.iter().map(|entry| entry.gain).collect();
    let whole = panel.moments(&panel.outcome, &[])?;
    let replicates = null.map_or(0, |null| null.replicates);
    let (losses, reference) = (&evidence.losses, protocol.reference);
    let failure = entries[reference].failure.as_ref();
    let refused = refusal(sites >= FEWEST_SITES, losses.gains(reference).is_some(), sites, null.is_some(), failure);
    Ok(Contest {
        estimability: estimability(&whole.adjusted())?,
        base_error: losses.base.iter().sum::<f64>() / whole.weight,
        outcome_variance: whole.yy / whole.weight,
        equal_slopes: None,
        scatter: None,
        superiority: null.and_then(|null| superiority(&gain, reference, null)),
        picked: evidence.reruns.as_ref().and_then(|reruns| Picked::new(&reruns.chosen, losses, reference)),
        labels: label_permutation(panel, protocol.n_resamples.max(999), seed, control)?,
        replicates,
        undefined: null.map_or(0, |null| null.undefined),
        floor: (replicates > 0).then(|| 1.0 / (replicates + 1) as f64),
        refused,
        entries,
    })
}

/// One entry per scheme.
fn entries(panel: &Panel, plan: &Plan<'_>, protocol: &Protocol, evidence: &Evidence) -> Result<Vec<Entry>> {
    let Evidence { losses, predictions, penalties, stability, failures, null, .. } = evidence;
    let null = null.as_ref();
    let (q2, gains) = (losses.q2(), losses.gains(protocol.reference));
    let finite = |values: &Option<Vec<f64>>, c: usize| values.as_ref().map(|v| v[c]).filter(|v| v.is_finite());
    let reach = quantile(protocol.confidence_level, panel.sites());
    let observed: Vec<Option<f64>> = (0..protocol.schemes.len()).map(|c| finite(&gains, c)).collect();
    (0..protocol.schemes.len())
        .map(|c| {
            let (fit, slopes, intercept) = plan.whole_fit(&protocol.schemes[c])?;
            let interval = evidence.interval(c, reach);
            let (p, adjusted) = p_values(c, &observed, null);
            let (sites_won, sites_lost) = won_and_lost(losses, c, protocol.reference);
            let counts = if protocol.primary == Some(c) { p } else { adjusted };
            let alpha = 1.0 - protocol.confidence_level;
            Ok(Entry {
                slopes,
                intercept,
                q2: finite(&q2, c),
                gain: observed[c],
                verdict: verdict(counts, interval.as_ref(), protocol.smallest_gain, alpha),
                interval,
                p_value: p,
                p_adjusted: adjusted,
                sites_won,
                sites_lost,
                predictions: mean_over_repeats(&predictions[c], panel.outcome.len()),
                scores: Scores::of(panel, protocol.trials.as_deref(), &predictions[c]),
                changes: protocol.bands.changes(panel, &fit.weights),
                changes_expected: null.filter(|null| null.replicates > 0).map(|null| null.changes[c]),
                stability: stability[c].clone(),
                penalties: penalties[c].iter().map(|p| (!p.is_nan()).then_some(*p)).collect(),
                set_p: None,
                failure: failures[c].clone(),
                fit,
            })
        })
        .collect()
}

pub(super) fn check(protocol: &Protocol, rows: usize) -> Result<()> {
    if protocol.trials.as_ref().is_some_and(|trials| trials.len() != rows) {
        return Err(input("trials of the wrong length").allowed(format!("one per row, {rows}")).into());
    }
    if protocol.reference >= protocol.schemes.len() {
        return Err(input("reference not among the schemes").remedy("Add it to the schemes.").into());
    }
    if !(protocol.smallest_gain >= 0.0 && protocol.smallest_gain < 1.0) {
        return Err(input("smallest gain not allowed")
            .at("smallest_gain")
            .got(protocol.smallest_gain)
            .allowed("0 or more and below 1, a share of the outcome's variance")
            .into());
    }
    if !(protocol.confidence_level > 0.5 && protocol.confidence_level < 1.0) {
        return Err(input("confidence level not allowed")
            .at("confidence_level")
            .got(protocol.confidence_level)
            .allowed("above 0.5 and below 1")
            .into());
    }
    Ok(())
}

fn refusal(testable: bool, defined: bool, sites: usize, drawn: bool, reference: Option<&Failure>) -> String {
    if let Some(failure) = reference {
        format!("the reference could not be fitted in {} training folds: {}", failure.folds, failure.reason)
    } else if !defined {
        "the outcome is predicted without error by intercept and covariates alone".into()
    } else if !testable {
        format!("{sites} sites; the test of the gain needs at least {FEWEST_SITES}")
    } else if !drawn {
        "the reference's total separates the outcomes, so that no null of equal weights can be fitted".into()
    } else {
        String::new()
    }
}

/// The p of scheme `c`, and the p against the largest gain of all schemes that are in the contest.
fn p_values(c: usize, observed: &[Option<f64>], null: Option<&NullGains>) -> (Option<f64>, Option<f64>) {
    let (Some(gain), Some(null)) = (observed[c], null) else { return (None, None) };
    if null.replicates == 0 {
        return (None, None);
    }
    let largest: Vec<f64> = (0..null.replicates)
        .map(|i| {
            // An undefined replicate counts against the schemes.
            let drawn = |gains: &Vec<f64>| if gains[i].is_nan() { f64::INFINITY } else { gains[i] };
            let present = null.gains.iter().zip(observed).filter(|(_, gain)| gain.is_some());
            present.map(|(gains, _)| drawn(gains)).fold(f64::NEG_INFINITY, f64::max)
        })
        .collect();
    (Some(p_value(gain, &null.gains[c])), Some(p_value(gain, &largest)))
}

fn won_and_lost(losses: &Losses, c: usize, reference: usize) -> (usize, usize) {
    let pairs = || losses.schemes[c].iter().zip(&losses.schemes[reference]);
    let tolerance = |a: f64, b: f64| 1e-10 * (a + b);
    let won = pairs().filter(|(a, b)| **a < **b - tolerance(**a, **b)).count();
    let lost = pairs().filter(|(a, b)| **a > **b + tolerance(**a, **b)).count();
    (won, lost)
}
