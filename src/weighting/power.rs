//! How often the contest would show a gain that is assumed to be there: power by simulation, with the contest's own verdict.
//!
//! A run draws a study under an assumed truth and asks whether the contest would say "weighted better by at least d". The
//! rule is that of [`super::verdict`]; only what cannot change the answer is left out. A gain below d ends a run at once. Reruns
//! without a site end it when the spread of those seen already puts the lower end below d, since a sum of squares only grows;
//! they begin with the sites that the gain hangs on most. Null replicates, the dearest, come last, and end it when so many reach
//! the gain that p can no longer fall to its level.

use super::contest::{Protocol, check};
use super::crossfit::{Entrant, Plan, Space};
use super::gain::{GainInterval, Losses, quantile, rerun_without};
use super::null::{Null, deviation};
use super::pairs::{PairLosses, leave_out};
use super::panel::Panel;
use super::splits::Splits;
use super::verdict::{Verdict, verdict};
use crate::error::Result;
use crate::job::Control;
use crate::stream::Seed;
use serde::Serialize;

/// What one run showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Per scheme: better by at least d, had it been declared beforehand.
    pub declared: Vec<bool>,
    /// Per scheme: better by at least d with the p that is adjusted for all schemes.
    pub adjusted: Vec<bool>,
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
    let losses = Losses::of(panel, &panel.outcome, &space);
    let Some(gains) = losses.gains(protocol.reference) else { return Ok(Some(nothing)) };
    let open: Vec<usize> = (0..gains.len())
        .filter(|c| *c != protocol.reference && gains[*c] >= protocol.smallest_gain && gains[*c] > 0.0)
        .collect();
    let order = by_influence(&losses, protocol.reference, &open);
    let Some(intervals) = intervals(panel, protocol, &splits, &gains, open, &order, control)? else { return Ok(None) };
    let open: Vec<usize> = (0..gains.len()).filter(|c| intervals[*c].is_some()).collect();
    if open.is_empty() {
        return Ok(Some(nothing));
    }
    let Some(null) = p_values(panel, &plan, protocol, &gains, &open, &mut space, control)? else { return Ok(None) };
    let reach = quantile(protocol.confidence_level, panel.sites());
    let better = |p: &[f64], c: usize| {
        let alpha = 1.0 - protocol.confidence_level;
        let interval = intervals[c].clone().map(|own| own.no_narrower(null.deviation[c], reach));
        verdict(Some(p[c]), interval.as_ref(), protocol.smallest_gain, alpha) == Verdict::WeightedBetter
    };
    let schemes = 0..gains.len();
    Ok(Some(Shown {
        declared: schemes.clone().map(|c| better(&null.own, c)).collect(),
        adjusted: schemes.map(|c| better(&null.largest, c)).collect(),
    }))
}

/// The sites, first those whose held-out losses differ most between the open schemes and the reference.
fn by_influence(losses: &Losses, reference: usize, open: &[usize]) -> Vec<usize> {
    let differ = |site: usize| -> f64 {
        open.iter().map(|c| (losses.schemes[*c][site] - losses.schemes[reference][site]).abs()).sum()
    };
    let mut order: Vec<usize> = (0..losses.base.len()).collect();
    order.sort_by(|i, j| differ(*j).total_cmp(&differ(*i)));
    order
}

/// What the null replicates say of each scheme.
struct FromNull {
    /// p-values, or 1 where it was settled that they exceed the level.
    own: Vec<f64>,
    largest: Vec<f64>,
    /// Of the gains, where p is settled to be small.
    deviation: Vec<f64>,
}

fn p_values(
    panel: &Panel,
    plan: &Plan<'_>,
    protocol: &Protocol,
    gains: &[f64],
    open: &[usize],
    space: &mut Space,
    control: &Control,
) -> Result<Option<FromNull>> {
    let ones = vec![1.0; gains.len()];
    let mut out = FromNull { own: ones.clone(), largest: ones, deviation: vec![0.0; gains.len()] };
    let weights = plan.whole_weights(protocol.reference)?;
    let Some(null) = Null::fit(panel, &weights, protocol.trials.as_deref())? else { return Ok(Some(out)) };
    let (alpha, total) = (1.0 - protocol.confidence_level, protocol.n_resamples);
    let p = |at_least: usize| (1 + at_least) as f64 / (1 + total) as f64;
    let (mut own, mut largest) = (vec![0; gains.len()], vec![0; gains.len()]);
    let (mut open, mut kept) = (open.to_vec(), vec![Vec::with_capacity(total); gains.len()]);
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
            kept[*c].push(gain(*c));
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
        out.deviation[c] = deviation(&kept[c]);
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
    order: &[usize],
    control: &Control,
) -> Result<Option<Vec<Option<GainInterval>>>> {
    let sites = panel.sites();
    let quantile = quantile(protocol.confidence_level, sites);
    let share = (sites - 1) as f64 / sites as f64;
    let mut without: Vec<Vec<f64>> = vec![Vec::with_capacity(sites); gains.len()];
    let mut table = PairLosses::new(sites, gains.len());
    for at in 0..sites {
        if open.is_empty() {
            break;
        }
        if control.is_cancelled() {
            return Ok(None);
        }
        // Only what is still open is rerun, beside the reference.
        let which = [&[protocol.reference], &open[..]].concat();
        let Some(found) = rerun(panel, protocol, splits, &order[at..], &which, &mut table)? else {
            open.clear();
            break;
        };
        open.retain(|c| {
            without[*c].push(found[*c]);
            // A little slack, so that round-off never settles what the whole sum would not.
            gains[*c] - quantile * (share * spread(&without[*c])).sqrt() >= protocol.smallest_gain - 1e-9
        });
    }
    let mut out: Vec<Option<GainInterval>> = vec![None; gains.len()];
    for c in open {
        let mut by_site = vec![0.0; sites];
        for (site, gain) in order.iter().zip(&without[c]) {
            by_site[*site] = *gain;
        }
        out[c] = Some(GainInterval::new(gains[c], by_site, quantile));
    }
    Ok(Some(out))
}

/// The gains without the first of the sites `left`, of the schemes `which` (the reference first); the pairs of the sites before it
/// are in the table.
fn rerun(
    panel: &Panel,
    protocol: &Protocol,
    splits: &Splits,
    left: &[usize],
    which: &[usize],
    table: &mut PairLosses,
) -> Result<Option<Vec<f64>>> {
    let schemes: Vec<Entrant> = which.iter().map(|c| protocol.schemes[*c].clone()).collect();
    let site = left[0];
    if splits.is_leave_one_site_out() {
        let pairs: Vec<[usize; 2]> = left[1..].iter().map(|later| [site.min(*later), site.max(*later)]).collect();
        table.enter(&leave_out(panel, &schemes, splits, &pairs)?, which);
        return Ok(table.gains_without(site, protocol.reference));
    }
    let Some(found) = rerun_without(panel, site, &schemes, splits, 0)? else { return Ok(None) };
    let mut gains = vec![f64::NAN; protocol.schemes.len()];
    for (c, gain) in which.iter().zip(found) {
        gains[*c] = gain;
    }
    Ok(Some(gains))
}

/// Sum of squares about the mean: it never falls when a value is added.
fn spread(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|value| (value - mean).powi(2)).sum()
}
