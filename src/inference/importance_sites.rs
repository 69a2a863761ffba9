//! Importance over resampled sites: how much the shares hang on which sites happen to be in the study.
//!
//! Site sums add up, so a replicate of R2 is a count-weighted sum of them and costs the same whatever the number of participants.
//! Other games are played anew on the rows of the sites that were drawn. A site that was drawn twice stays one site there, so that
//! it never stands on both sides of a left-out site.

use super::importance::{EVERY_SUBSET, Game, Method, Request, importance, system_of};
use crate::error::{Result, input};
use crate::importance::{lmg, relative::relative};
use crate::job::Control;
use crate::parallel::Threads;
use crate::regress::{CrossMoments, moments::Sums};
use crate::stream::Purpose;
use ndarray::{Array2, Axis};
use pulp::Arch;
use rayon::prelude::*;
use serde::Serialize;

/// Replicates per block of work.
const BLOCK: u64 = 64;
/// Games other than R2: values of subsets that are computed at most, over all replicates, each by a logistic fit or a few products.
const MOST_FITS: u64 = 5_000_000;
const MOST_PRODUCTS: u64 = 20_000_000_000;
/// Beyond this share of undefined replicates there is no interval.
const MOST_UNDEFINED: f64 = 0.01;

/// Percentile intervals of shares over resampled sites.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Resampled {
    /// Replicates completed.
    pub n: u64,
    /// Replicates in which there was nothing to divide.
    pub n_undefined: u64,
    /// Lower ends, one per item; `None` where more than 1 % of the replicates are undefined.
    pub low: Option<Vec<f64>>,
    /// Upper ends.
    pub high: Option<Vec<f64>>,
    /// Monte Carlo standard errors of the lower ends.
    pub low_error: Option<Vec<f64>>,
    /// Monte Carlo standard errors of the upper ends.
    pub high_error: Option<Vec<f64>>,
    /// Standard deviation over replicates.
    pub standard_errors: Vec<f64>,
    /// Share of replicates in which the item has the largest share (equal ones divide it).
    pub first: Vec<f64>,
}

/// Sums of each site about one origin, packed: weight, y, yy, then x, xy, and the lower triangle of xx.
struct SiteSums {
    origin: Vec<f64>,
    packed: Array2<f64>,
    items: usize,
}

impl SiteSums {
    fn new(request: &Request) -> Self {
        let p = request.items.ncols();
        let q = request.covariates.as_ref().map_or(0, Array2::ncols);
        let m = p + q;
        let n = request.outcome.len();
        let rates = request.rates();
        let value = |i: usize, j: usize| match &request.covariates {
            Some(z) if j >= p => z[[i, j - p]],
            _ => request.items[[i, j]],
        };
        // A whole number near the mean keeps the sums of integer scores exact.
        let origin: Vec<f64> = (0..m).map(|j| ((0..n).map(|i| value(i, j)).sum::<f64>() / n as f64).round()).collect();
        let mut packed = Array2::zeros((request.units(), 3 + 2 * m + m * (m + 1) / 2));
        for i in 0..n {
            let w = request.trials.as_ref().map_or(1.0, |t| t[i]);
            let y = rates[i];
            let x: Vec<f64> = (0..m).map(|j| value(i, j) - origin[j]).collect();
            let mut row = packed.row_mut(request.site_of(i));
            row[0] += w;
            row[1] += w * y;
            row[2] += w * y * y;
            let mut at = 3;
            for value in &x {
                row[at] += w * value;
                row[at + m] += w * value * y;
                at += 1;
            }
            at += m;
            for j in 0..m {
                for k in 0..=j {
                    row[at] += w * x[j] * x[k];
                    at += 1;
                }
            }
        }
        Self { origin, packed, items: p }
    }

    /// The moments of sites drawn `counts` times.
    fn moments(&self, counts: &[u32], total: &mut [f64]) -> CrossMoments {
        total.fill(0.0);
        let rows = self.packed.as_slice().unwrap_or(&[]).chunks_exact(total.len());
        // Compiled for the widest vectors of the machine.
        Arch::new().dispatch(|| {
            for (count, row) in counts.iter().zip(rows).filter(|(count, _)| **count > 0) {
                let count = f64::from(*count);
                total.iter_mut().zip(row).for_each(|(sum, value)| *sum += count * value);
            }
        });
        let m = self.origin.len();
        let mut xx = Array2::zeros((m, m));
        let mut at = 3 + 2 * m;
        for j in 0..m {
            for k in 0..=j {
                xx[[j, k]] = total[at];
                xx[[k, j]] = total[at];
                at += 1;
            }
        }
        let sums = Sums {
            units: counts.len(),
            weight: total[0],
            origin: &self.origin,
            x: &total[3..3 + m],
            y: total[1],
            xx: xx.view(),
            xy: &total[3 + m..3 + 2 * m],
            yy: total[2],
        };
        CrossMoments::from_sums(sums, self.items)
    }
}

impl Request {
    /// Refuses resamples of games that would take hours.
    pub(super) fn check_resamples(&self) -> Result<()> {
        let p = self.items.ncols();
        let (values, most) = match self.game {
            Game::R2 => return Ok(()),
            _ if self.n_resamples == 0 => return Ok(()),
            Game::Q2 => (self.units() as u64, MOST_PRODUCTS),
            Game::Logit(_) if p <= EVERY_SUBSET => (1, MOST_FITS),
            Game::Logit(_) => (u64::MAX, MOST_FITS),
        };
        let each = 1_u64.checked_shl(p as u32).map_or(u64::MAX, |subsets| subsets.saturating_mul(values));
        if each.saturating_mul(self.n_resamples) <= most {
            return Ok(());
        }
        Err(input("too many resamples for this game")
            .at("n_resamples")
            .got(format!("{} resamples of 2^{p} subsets", self.n_resamples))
            .allowed(format!("{} here", most / each))
            .remedy("Use groups of items, or game=\"r2\", which costs next to nothing.")
            .into())
    }

    /// The rows of sites drawn `counts` times; sites keep their rows together under one number.
    fn redrawn(&self, counts: &[u32]) -> Self {
        let mut place = vec![usize::MAX; counts.len()];
        let drawn = (0..counts.len()).filter(|site| counts[*site] > 0);
        drawn.enumerate().for_each(|(new, old)| place[old] = new);
        let rows: Vec<usize> = (0..self.outcome.len())
            .flat_map(|row| std::iter::repeat_n(row, counts[self.site_of(row)] as usize))
            .collect();
        let pick = |values: &Vec<f64>| rows.iter().map(|row| values[*row]).collect();
        Self {
            items: self.items.select(Axis(0), &rows),
            covariates: self.covariates.as_ref().map(|z| z.select(Axis(0), &rows)),
            outcome: pick(&self.outcome),
            trials: self.trials.as_ref().map(pick),
            sites: Some(rows.iter().map(|row| place[self.site_of(*row)]).collect()),
            n_resamples: 0,
            threads: Threads::ONE,
            ..self.clone()
        }
    }

    /// How often each site is drawn, with replacement within its stratum.
    fn draw(&self, replicate: u64, members: &[Vec<usize>], counts: &mut [u32]) {
        let mut stream = self.seed.stream(Purpose::Resample, replicate);
        counts.fill(0);
        for sites in members {
            for _ in sites {
                counts[sites[stream.below(sites.len() as u32) as usize]] += 1;
            }
        }
    }
}

/// Draws sites and divides the game anew each time.
pub(super) fn resampled(request: &Request, control: &Control) -> Result<Resampled> {
    let sites = SiteSums::new(request);
    let units = request.units();
    let stratum = |site: usize| request.strata.as_ref().map_or(0, |strata| strata[site]);
    let mut members = vec![Vec::new(); (0..units).map(stratum).max().map_or(0, |last| last + 1)];
    (0..units).for_each(|site| members[stratum(site)].push(site));
    control.set_total(request.n_resamples);
    let block = |b: u64| -> Result<Vec<Option<Vec<f64>>>> {
        let mut counts = vec![0_u32; units];
        let mut total = vec![0.0; sites.packed.ncols()];
        let mut found = Vec::new();
        for replicate in b * BLOCK..((b + 1) * BLOCK).min(request.n_resamples) {
            if control.is_cancelled() {
                break;
            }
            request.draw(replicate, &members, &mut counts);
            found.push(if request.game == Game::R2 {
                one(request, &sites.moments(&counts, &mut total), control)?
            } else {
                played(request, &counts, control)?
            });
            control.advance(1);
        }
        Ok(found)
    };
    let blocks = request.n_resamples.div_ceil(BLOCK);
    let drawn: Vec<Vec<Option<Vec<f64>>>> =
        request.threads.run(|| (0..blocks).into_par_iter().map(block).collect::<Result<_>>())??;
    Ok(summary(&drawn.concat(), request.items.ncols(), request.level))
}

fn one(request: &Request, moments: &CrossMoments, control: &Control) -> Result<Option<Vec<f64>>> {
    let Some(system) = system_of(moments)?.0 else { return Ok(None) };
    let quiet = Control::new();
    Ok(Some(match (request.method, &request.groups) {
        (Method::Measure(measure), _) => relative(&system, measure)?.shares,
        (_, Some(groups)) => lmg::owen(&system, groups, Threads::ONE, &quiet)?.items,
        _ if control.is_cancelled() => return Ok(None),
        _ => lmg::shares(&system, Threads::ONE, &quiet)?.shares,
    }))
}

/// Another game on drawn sites; `None` where it has nothing to divide, or too few sites to leave one out.
fn played(request: &Request, counts: &[u32], control: &Control) -> Result<Option<Vec<f64>>> {
    let sites = counts.iter().filter(|count| **count > 0).count();
    if control.is_cancelled() || (request.game == Game::Q2 && sites < 3) {
        return Ok(None);
    }
    let found = importance(&request.redrawn(counts), &Control::new())?;
    Ok((found.status != "undefined").then_some(found.shares))
}

fn summary(drawn: &[Option<Vec<f64>>], p: usize, level: f64) -> Resampled {
    let defined: Vec<&Vec<f64>> = drawn.iter().flatten().collect();
    let (n, b) = (drawn.len() as u64, defined.len() as f64);
    let n_undefined = n - defined.len() as u64;
    let mut sorted: Vec<Vec<f64>> = (0..p).map(|j| defined.iter().map(|s| s[j]).collect()).collect();
    let standard_errors = sorted
        .iter()
        .map(|values| {
            let mean = values.iter().sum::<f64>() / b.max(1.0);
            (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (b - 1.0).max(1.0)).sqrt()
        })
        .collect();
    let mut first = vec![0.0; p];
    for shares in &defined {
        let largest = shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let tied: Vec<usize> = (0..p).filter(|j| shares[*j] >= largest - 1e-12).collect();
        for j in &tied {
            first[*j] += 1.0 / (tied.len() as f64 * b);
        }
    }
    for values in &mut sorted {
        values.sort_by(f64::total_cmp);
    }
    let usable = defined.len() > 1 && n_undefined as f64 <= MOST_UNDEFINED * n as f64;
    let tail = 0.5 * (1.0 - level);
    let ends = |at: f64| usable.then(|| sorted.iter().map(|v| quantile(v, at)).collect());
    let errors = |at: f64| usable.then(|| sorted.iter().map(|v| quantile_error(v, at)).collect());
    Resampled {
        n,
        n_undefined,
        low: ends(tail),
        high: ends(1.0 - tail),
        low_error: errors(tail),
        high_error: errors(1.0 - tail),
        standard_errors,
        first,
    }
}

/// The quantile at position (B + 1) p, between order statistics.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let last = sorted.len() - 1;
    let place = ((sorted.len() + 1) as f64 * p - 1.0).clamp(0.0, last as f64);
    let (at, part) = (place.floor() as usize, place.fract());
    sorted[at] + part * (sorted[(at + 1).min(last)] - sorted[at])
}

/// Half the distance between the quantiles one binomial standard error to each side.
fn quantile_error(sorted: &[f64], p: f64) -> f64 {
    let step = (p * (1.0 - p) / sorted.len() as f64).sqrt();
    0.5 * (quantile(sorted, (p + step).min(1.0)) - quantile(sorted, (p - step).max(0.0)))
}
