//! How much the weights of a scheme move when sites are drawn anew: a stability range, which is no confidence interval.
//!
//! Below 20 sites every site is left out once and the range is from the smallest to the largest refit; a bootstrap of so few sites
//! mostly repeats a handful of them. From 20 on sites are drawn with replacement and the range holds the middle 95 %.

use super::counts::{Counts, fit_counts, tune_and_fit};
use super::finish::{SchemeFit, Status};
use super::rows::{Rows, Tuning, fit};
use super::{Scheme, Setting};
use crate::error::{Error, Result, input};
use crate::job::Control;
use crate::num::quantile::{Rule, quantiles};
use crate::stream::{Purpose, Seed};
use rayon::prelude::*;
use serde::Serialize;

/// From here on sites are drawn with replacement.
pub const BOOTSTRAP_FROM: usize = 20;

/// Ranges per item, in the order of the columns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stability {
    /// Lower ends of the slopes.
    pub slopes_low: Vec<f64>,
    /// Upper ends.
    pub slopes_high: Vec<f64>,
    /// Lower ends of the weights.
    pub weights_low: Vec<f64>,
    /// Upper ends.
    pub weights_high: Vec<f64>,
    /// Share of refits with a positive weight.
    pub positive: Vec<f64>,
    /// Share of refits with a weight that is not zero.
    pub selected: Vec<f64>,
    /// Refits behind the ranges.
    pub refits: usize,
    /// Refits that gave no weights (undefined, separated, refused or not converged); they are left out of the ranges.
    pub without_weights: usize,
    /// `leave-one-site-out` or `site bootstrap`.
    pub kind: &'static str,
}

/// How sites are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawing {
    /// Bootstrap draws; `None`: leave one out below [`BOOTSTRAP_FROM`] sites, else 200.
    pub resamples: Option<usize>,
    /// Seed of the draws.
    pub seed: Seed,
    /// Whether the penalty is chosen anew in each draw; else the given one is kept.
    pub retune: bool,
}

/// How often each site occurs in draw `i`, for `sites` sites.
fn occurrences(drawing: Drawing, sites: usize, i: usize) -> Vec<usize> {
    if plan(drawing, sites).1 == "leave-one-site-out" {
        return (0..sites).map(|site| usize::from(site != i)).collect();
    }
    let mut stream = drawing.seed.stream(Purpose::Resample, i as u64);
    let mut counts = vec![0; sites];
    for _ in 0..sites {
        counts[stream.below(sites as u32) as usize] += 1;
    }
    counts
}

fn plan(drawing: Drawing, sites: usize) -> (usize, &'static str) {
    match drawing.resamples {
        None if sites < BOOTSTRAP_FROM => (sites, "leave-one-site-out"),
        resamples => (resamples.unwrap_or(200), "site bootstrap"),
    }
}

/// The stability of a scheme on moments. `setting` carries the penalty that is kept.
pub fn of_rows(
    scheme: &Scheme,
    rows: &Rows<'_>,
    setting: &Setting,
    tuning: Tuning,
    drawing: Drawing,
    control: &Control,
) -> Result<Stability> {
    let sites = rows.site_count();
    run(sites, drawing, control, |counts| {
        let weights: Vec<f64> = (0..rows.items.nrows())
            .map(|row| rows.weights.map_or(1.0, |w| w[row]) * counts[rows.site_of(row)] as f64)
            .collect();
        let drawn = Rows { weights: Some(&weights), ..*rows };
        if drawing.retune {
            return Ok(fit(scheme, &drawn, setting, tuning)?.0);
        }
        let mut moments = drawn.moments()?;
        moments.units = moments.units.min(counts.iter().filter(|c| **c > 0).count());
        scheme.fit(&moments, setting)
    })
}

/// The stability of a scheme on the log-odds scale. A site that is drawn twice counts as two sites, but where a penalty is chosen
/// anew both are left out together.
pub fn of_counts(
    scheme: &Scheme,
    counts: &Counts,
    setting: &Setting,
    drawing: Drawing,
    control: &Control,
) -> Result<Stability> {
    let list = counts.site_list();
    run(list.len(), drawing, control, |occurs| {
        let (mut rows, mut labels, mut origins) = (Vec::new(), Vec::new(), Vec::new());
        let mut next = 0;
        for (site, times) in list.iter().zip(occurs) {
            let own: Vec<usize> = (0..counts.sites.len()).filter(|i| counts.sites[*i] == *site).collect();
            for _ in 0..*times {
                rows.extend_from_slice(&own);
                labels.extend(vec![next; own.len()]);
                origins.extend(vec![*site; own.len()]);
                next += 1;
            }
        }
        let mut setting = setting.clone();
        if drawing.retune {
            let (_, tuned) = tune_and_fit(scheme, &counts.select(&rows, origins), &setting.with_penalty(None), None)?;
            setting = setting.with_penalty(tuned.map(|tuned| tuned.penalty));
        }
        fit_counts(scheme, &counts.select(&rows, labels), &setting, None)
    })
}

fn run(
    sites: usize,
    drawing: Drawing,
    control: &Control,
    refit: impl Fn(&[usize]) -> Result<SchemeFit> + Sync,
) -> Result<Stability> {
    if sites < 3 {
        return Err(input("too few sites for a stability range").got(sites).allowed("3 or more").into());
    }
    let (draws, kind) = plan(drawing, sites);
    control.set_total(draws as u64);
    let fits: Vec<Option<Option<SchemeFit>>> = (0..draws)
        .into_par_iter()
        .map(|i| {
            if control.is_cancelled() {
                return Ok(None);
            }
            let fit = match refit(&occurrences(drawing, sites, i)) {
                // A refit that does not settle gives no weights; it is counted, and stops nobody else's.
                Err(Error::Convergence { .. }) => None,
                fit => Some(fit?),
            };
            control.advance(1);
            Ok(Some(fit))
        })
        .collect::<Result<_>>()?;
    let done: Vec<Option<SchemeFit>> = fits.into_iter().map_while(|fit| fit).collect();
    let kept: Vec<&SchemeFit> = done
        .iter()
        .flatten()
        .filter(|fit| !matches!(fit.status, Status::Undefined | Status::Separated | Status::Refused))
        .collect();
    if kept.is_empty() && !control.is_cancelled() {
        return Err(input("no refit gave weights")
            .got(format!("{} refits, {kind}", done.len()))
            .remedy("Items separate the outcomes or the score does not vary wherever a site is missing: use a penalty.")
            .into());
    }
    Ok(summarise(&kept, done.len(), kind))
}

fn summarise(kept: &[&SchemeFit], refits: usize, kind: &'static str) -> Stability {
    let items = kept.first().map_or(0, |fit| fit.slopes.len());
    // Of all refits from the smallest to the largest, of many draws the middle 95 %.
    let tail = if kind == "leave-one-site-out" { 0.0 } else { 0.025 };
    let ends = |of: &dyn Fn(&SchemeFit) -> f64| -> (f64, f64) {
        let mut values: Vec<f64> = kept.iter().map(|fit| of(fit)).collect();
        let ends = quantiles(&mut values, &[tail, 1.0 - tail], Rule::Linear);
        (ends[0], ends[1])
    };
    let slopes: Vec<(f64, f64)> = (0..items).map(|j| ends(&|fit| fit.slopes[j])).collect();
    let weights: Vec<(f64, f64)> = (0..items).map(|j| ends(&|fit| fit.weights[j])).collect();
    let share = |test: &dyn Fn(f64) -> bool, j: usize| {
        kept.iter().filter(|fit| test(fit.weights[j])).count() as f64 / kept.len().max(1) as f64
    };
    Stability {
        slopes_low: slopes.iter().map(|s| s.0).collect(),
        slopes_high: slopes.iter().map(|s| s.1).collect(),
        weights_low: weights.iter().map(|w| w.0).collect(),
        weights_high: weights.iter().map(|w| w.1).collect(),
        positive: (0..items).map(|j| share(&|w| w > 0.0, j)).collect(),
        selected: (0..items).map(|j| share(&|w| w != 0.0, j)).collect(),
        refits,
        without_weights: refits - kept.len(),
        kind,
    }
}
