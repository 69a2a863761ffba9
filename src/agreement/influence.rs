//! Linearised value of each pattern: what a unit with that pattern adds to a coefficient, less the coefficient.
//!
//! Gwet (2014), chapters 5 and 6: the variance is that of the mean of these deviations. Summed by source they give a
//! variance that allows for units of one source being alike (`G/(G - 1) sum z^2 / n^2`, t with G - 1 degrees of freedom).

use super::alpha;
use super::coefficient::{Asked, Coefficient, Value, margins};
use super::sums::{Frame, Sums};
use super::tally::{MISSING, Tally};
use super::weights::Weights;

/// A standard error and its degrees of freedom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Standard error; NaN where it is undefined.
    pub standard_error: f64,
    /// Degrees of freedom.
    pub degrees_of_freedom: f64,
}

/// By what the deviations are summed, and the divisor of the variance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variance {
    /// Units are independent; the mean square deviation is divided by n.
    Units,
    /// Units are independent; divided by n - 1.
    UnitsLessOne,
    /// Sources are independent.
    Sources,
}

/// Standard error of a coefficient.
pub fn spread(asked: Asked, value: Value, frame: &Frame<'_>, sums: &Sums, variance: Variance) -> Spread {
    let tally = frame.tally;
    let deviations = deviations(asked, value, frame, sums);
    let n = if asked.coefficient == Coefficient::KrippendorffAlpha { sums.pairable } else { sums.n };
    if variance == Variance::Sources {
        let g = tally.clusters_used as f64;
        let square: f64 = cluster_sums(tally, &deviations).iter().map(|z| z * z).sum();
        let variance = g / (g - 1.0) * square / (n * n);
        return Spread { standard_error: variance.sqrt(), degrees_of_freedom: g - 1.0 };
    }
    let square: f64 = tally.counts.iter().zip(&deviations).map(|(c, d)| c * d * d).sum();
    let divisor = if variance == Variance::Units { n } else { n - 1.0 };
    Spread { standard_error: (square / (n * divisor)).sqrt(), degrees_of_freedom: n - 1.0 }
}

fn cluster_sums(tally: &Tally, deviations: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0; tally.clusters];
    for (entries, d) in tally.entries.iter().zip(deviations) {
        for (cluster, units) in entries {
            sums[*cluster as usize] += units * d;
        }
    }
    sums
}

/// Deviation of each pattern; their mean over units is zero.
pub fn deviations(asked: Asked, value: Value, frame: &Frame<'_>, sums: &Sums) -> Vec<f64> {
    let tally = frame.tally;
    match asked.coefficient {
        Coefficient::KrippendorffAlpha => return alpha::deviations(frame, sums),
        Coefficient::BangdiwalaB => return bangdiwala(value, frame, sums),
        _ => {}
    }
    let weights = &frame.weights[asked.weights];
    let (pe, room) = (value.expected, 1.0 - value.expected);
    let chance = chance_of_patterns(asked.coefficient, weights, frame, sums);
    let one = |p: usize| {
        let pairable = if tally.ratings[p] > 1 { sums.n / sums.pairable } else { 0.0 };
        let beyond = pairable * (frame.agree[asked.weights][p] - pe) / room - value.estimate;
        beyond - 2.0 * (1.0 - value.estimate) * chance.as_ref().map_or(0.0, |c| c[p] - pe) / room
    };
    (0..tally.len()).map(one).collect()
}

/// Chance agreement linearised: what a unit of each pattern adds; `None` where chance does not depend on the ratings.
fn chance_of_patterns(coefficient: Coefficient, weights: &Weights, frame: &Frame<'_>, sums: &Sums) -> Option<Vec<f64>> {
    let q = frame.tally.categories;
    match coefficient {
        Coefficient::FleissKappa | Coefficient::ScottPi => {
            let shares: Vec<f64> = sums.shares.iter().map(|s| s / sums.n).collect();
            let mut chance = vec![0.0; q];
            weights.times(&shares, &mut chance);
            Some(mean_over_ratings(frame.tally, &chance))
        }
        Coefficient::GwetAc1 | Coefficient::GwetAc2 => {
            let scale = weights.total() / (q * (q - 1)) as f64;
            let chance: Vec<f64> = sums.shares.iter().map(|s| scale * (1.0 - s / sums.n)).collect();
            Some(mean_over_ratings(frame.tally, &chance))
        }
        Coefficient::CohenKappa | Coefficient::CongerKappa => Some(conger(weights, frame, sums)),
        _ => None,
    }
}

fn mean_over_ratings(tally: &Tally, by_category: &[f64]) -> Vec<f64> {
    let mean = |p: usize| {
        let used = tally.pattern(p).iter().filter(|k| **k != MISSING);
        used.map(|k| by_category[usize::from(*k)]).sum::<f64>() / tally.ratings[p] as f64
    };
    (0..tally.len()).map(mean).collect()
}

/// Conger's chance: each coder's shares are ratio estimates, so a coder who did not rate a unit still counts.
fn conger(weights: &Weights, frame: &Frame<'_>, sums: &Sums) -> Vec<f64> {
    let (r, q, n) = (frame.tally.coders, frame.tally.categories, sums.n);
    let rated: Vec<f64> = sums.by_coder.chunks_exact(q).map(|row| row.iter().sum()).collect();
    let shares: Vec<f64> = sums.by_coder.iter().enumerate().map(|(at, x)| x / rated[at / q]).collect();
    let all: Vec<f64> = (0..q).map(|k| (0..r).map(|g| shares[g * q + k]).sum()).collect();
    let mut with_others = vec![0.0; r * q];
    for g in 0..r {
        let others: Vec<f64> = (0..q).map(|k| all[k] - shares[g * q + k]).collect();
        weights.times(&others, &mut with_others[g * q..(g + 1) * q]);
    }
    let mean = |g: usize| -> f64 { (0..q).map(|k| shares[g * q + k] * with_others[g * q + k]).sum() };
    let means: Vec<f64> = (0..r).map(mean).collect();
    let one = |p: usize| {
        let add = |(g, k): (usize, &u16)| match *k {
            MISSING => means[g],
            k => n / rated[g] * (with_others[g * q + usize::from(k)] - (1.0 - rated[g] / n) * means[g]),
        };
        frame.tally.pattern(p).iter().enumerate().map(add).sum::<f64>() / (r * (r - 1)) as f64
    };
    (0..frame.tally.len()).map(one).collect()
}

/// The derivative of `sum n_kk^2 / sum n_k+ n_+k` in the count of a cell, times n.
fn bangdiwala(value: Value, frame: &Frame<'_>, sums: &Sums) -> Vec<f64> {
    let ((row, column), area) = margins(frame, sums);
    let one = |p: usize| {
        let pattern = frame.tally.pattern(p);
        if frame.tally.ratings[p] < 2 {
            return 0.0;
        }
        let (a, b) = (usize::from(pattern[0]), usize::from(pattern[1]));
        let same = if a == b { 2.0 * sums.both[a] } else { 0.0 };
        sums.n * (same - value.estimate * (column[a] + row[b])) / area
    };
    (0..frame.tally.len()).map(one).collect()
}
