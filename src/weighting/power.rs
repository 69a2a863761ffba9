//! How often the contest would show a gain that is assumed to be there: power by simulation, with the contest's own verdict.
//!
//! A run draws a study under an assumed truth and asks whether the contest would say "weighted better by at least d". The
//! rule is that of [`super::verdict`]; only what cannot change the answer is left out. A gain below d ends a run at once. Null
//! replicates end it when so many reach the gain that p can no longer fall to its level. Reruns without a site end it when
//! the spread of those seen already puts the lower end below d, since a sum of squares only grows.

use super::contest::{Protocol, check};
use super::crossfit::{Entrant, Plan, Space};
use super::gain::{GainInterval, Losses, quantile, rerun_without};
use super::null::{FEWEST_SITES, Null};
use super::panel::Panel;
use super::splits::Splits;
use super::verdict::{Verdict, verdict};
use crate::error::{Result, input};
use crate::job::Control;
use crate::simulate::outcome::Outcome;
use crate::simulate::{Assumed, Truth};
use crate::stream::Seed;
use ndarray::Array2;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// One point of a power curve.
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
    /// The first run; run i draws from stream i of the seed, so that a curve can be continued.
    pub first: u64,
    /// How many runs.
    pub runs: u64,
}

/// What one run showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Per scheme: better by at least d, had it been declared beforehand.
    pub declared: Vec<bool>,
    /// Per scheme: better by at least d with the p that is adjusted for all schemes.
    pub adjusted: Vec<bool>,
}

/// Runs one point; on cancellation the runs completed without a gap from the first.
pub fn power(point: &Point, control: &Control) -> Result<Vec<Shown>> {
    if point.sites < FEWEST_SITES {
        return Err(input("too few sites to plan a test of the gain for")
            .at("sites")
            .got(point.sites)
            .allowed(format!("at least {FEWEST_SITES}"))
            .into());
    }
    let truth = Truth::new(point.truth.clone())?;
    control.set_total(point.runs);
    let seed = Seed(point.protocol.seed);
    let runs: Vec<Option<Shown>> = (point.first..point.first + point.runs)
        .into_par_iter()
        .map(|run| {
            if control.is_cancelled() {
                return Ok(None);
            }
            let (panel, trials) = study(point, &truth, seed, run)?;
            // Every run needs null draws of its own; its number enters the seed.
            let protocol = Protocol {
                trials,
                seed: seed.0 ^ (run + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15),
                ..point.protocol.clone()
            };
            let shown = shown_better(&panel, &protocol, control)?;
            control.advance(1);
            Ok(shown)
        })
        .collect::<Result<_>>()?;
    Ok(runs.into_iter().map_while(|run| run).collect())
}

fn study(point: &Point, truth: &Truth, seed: Seed, run: u64) -> Result<(Panel, Option<Vec<f64>>)> {
    let drawn = truth.draw(point.sites, seed, run)?;
    let sizes: Vec<f64> = drawn.participants.iter().map(|n| f64::from(*n)).collect();
    let counted = point.truth.outcome == Outcome::Counts;
    let outcome = if counted { drawn.outcome.iter().zip(&sizes).map(|(k, n)| k / n).collect() } else { drawn.outcome };
    let weight = if point.by_participants && !sizes.is_empty() { sizes.clone() } else { vec![1.0; point.sites] };
    let site_of: Vec<usize> = (0..point.sites).collect();
    let trials = counted.then_some(sizes);
    let none = Array2::zeros((point.sites, 0));
    let panel = Panel::new(drawn.items.view(), none.view(), outcome, weight, &site_of)?.with_trials(trials.clone())?;
    Ok((panel, trials))
}

/// Which schemes the contest would call better by at least d; `None` when the job was cancelled.
pub fn shown_better(panel: &Panel, protocol: &Protocol, control: &Control) -> Result<Option<Shown>> {
    check(protocol, panel.outcome.len())?;
    let none = vec![false; protocol.schemes.len()];
    let nothing = Shown { declared: none.clone(), adjusted: none };
    let splits = protocol.validation.splits(panel.sites(), Seed(protocol.seed))?;
    let plan = Plan::with(panel, &protocol.schemes, splits.clone())?;
    let mut space = plan.space();
    plan.predict(&panel.outcome, &mut space);
    let Some(gains) = Losses::of(panel, &panel.outcome, &space).gains(protocol.reference) else {
        return Ok(Some(nothing));
    };
    let open: Vec<usize> = (0..gains.len())
        .filter(|c| *c != protocol.reference && gains[*c] >= protocol.smallest_gain && gains[*c] > 0.0)
        .collect();
    if open.is_empty() {
        return Ok(Some(nothing));
    }
    let Some(p) = p_values(panel, &plan, protocol, &gains, &open, &mut space, control)? else { return Ok(None) };
    let alpha = 1.0 - protocol.confidence_level;
    let open: Vec<usize> = open.into_iter().filter(|c| p.own[*c] <= alpha).collect();
    let Some(intervals) = intervals(panel, protocol, &splits, &gains, open, control)? else { return Ok(None) };
    let better = |p: &[f64], c: usize| {
        verdict(Some(p[c]), intervals[c].as_ref(), protocol.smallest_gain, alpha) == Verdict::WeightedBetter
    };
    let schemes = 0..gains.len();
    Ok(Some(Shown {
        declared: schemes.clone().map(|c| better(&p.own, c)).collect(),
        adjusted: schemes.map(|c| better(&p.largest, c)).collect(),
    }))
}

/// p-values per scheme, or 1 where it was settled that they exceed the level.
struct PValues {
    own: Vec<f64>,
    largest: Vec<f64>,
}

fn p_values(
    panel: &Panel,
    plan: &Plan<'_>,
    protocol: &Protocol,
    gains: &[f64],
    open: &[usize],
    space: &mut Space,
    control: &Control,
) -> Result<Option<PValues>> {
    let mut out = PValues { own: vec![1.0; gains.len()], largest: vec![1.0; gains.len()] };
    let weights = plan.whole_weights(protocol.reference)?;
    let Some(null) = Null::fit(panel, &weights, protocol.trials.as_deref())? else { return Ok(Some(out)) };
    let (alpha, total) = (1.0 - protocol.confidence_level, protocol.n_resamples);
    let p = |at_least: usize| (1 + at_least) as f64 / (1 + total) as f64;
    let (mut own, mut largest) = (vec![0; gains.len()], vec![0; gains.len()]);
    let mut open = open.to_vec();
    let (mut y, mut order) = (panel.outcome.clone(), Vec::new());
    for i in 0..total {
        if control.is_cancelled() {
            return Ok(None);
        }
        null.draw(panel, Seed(protocol.seed), i as u64, &mut order, &mut y);
        plan.predict(&y, space);
        let drawn = Losses::of(panel, &y, space).gains(protocol.reference);
        let gain = |c: usize| drawn.as_ref().map_or(f64::INFINITY, |gains| gains[c]);
        let most = (0..gains.len()).map(gain).fold(f64::NEG_INFINITY, f64::max);
        for c in &open {
            let tolerance = 1e-10 * gains[*c].abs().max(1e-6);
            own[*c] += usize::from(gain(*c) >= gains[*c] - tolerance);
            largest[*c] += usize::from(most >= gains[*c] - tolerance);
        }
        open.retain(|c| p(own[*c]) <= alpha);
        if open.is_empty() {
            return Ok(Some(out));
        }
    }
    for c in open {
        out.own[c] = p(own[c]);
        out.largest[c] = p(largest[c]);
    }
    Ok(Some(out))
}

/// The intervals of the schemes that are still open, or `None` for those that cannot reach d any more.
fn intervals(
    panel: &Panel,
    protocol: &Protocol,
    splits: &Splits,
    gains: &[f64],
    mut open: Vec<usize>,
    control: &Control,
) -> Result<Option<Vec<Option<GainInterval>>>> {
    let sites = panel.sites();
    let quantile = quantile(protocol.confidence_level, sites);
    let share = (sites - 1) as f64 / sites as f64;
    let mut without: Vec<Vec<f64>> = vec![Vec::with_capacity(sites); gains.len()];
    for site in 0..sites {
        if open.is_empty() {
            break;
        }
        if control.is_cancelled() {
            return Ok(None);
        }
        // Only what is still open is rerun, beside the reference.
        let schemes = [&[protocol.reference], &open[..]].concat();
        let schemes: Vec<Entrant> = schemes.into_iter().map(|c| protocol.schemes[c].clone()).collect();
        let Some(found) = rerun_without(panel, site, &schemes, splits, 0)? else {
            open.clear();
            break;
        };
        let mut found = found.into_iter().skip(1);
        open.retain(|c| {
            without[*c].extend(found.next());
            // A little slack, so that round-off never settles what the whole sum would not.
            gains[*c] - quantile * (share * spread(&without[*c])).sqrt() >= protocol.smallest_gain - 1e-9
        });
    }
    let mut out: Vec<Option<GainInterval>> = vec![None; gains.len()];
    for c in open {
        out[c] = Some(GainInterval::new(gains[c], std::mem::take(&mut without[c]), quantile));
    }
    Ok(Some(out))
}

/// Sum of squares about the mean: it never falls when a value is added.
fn spread(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|value| (value - mean).powi(2)).sum()
}
