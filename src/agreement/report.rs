//! All of it for all scopes: each code and all codes pooled, with and without the segments that nobody coded.

use super::alpha::Level;
use super::benchmark::{Label, benchmark};
use super::coefficient::{Asked, Coefficient, evaluate};
use super::influence::{Variance, spread};
use super::interval::{Distribution, Method, Resampled, ends};
use super::request::{Divisor, Ratings, Request, Segments, by_cluster, check, tallies, weighting};
use super::resampling::{Listed, Plan, Target, jackknife, n_multisets, resample};
use super::sums::{Frame, Sums};
use super::tally::MISSING;
use crate::error::Result;
use crate::job::Control;
use crate::num::special::t_quantile;
use crate::stream::Seed;
use rayon::prelude::*;
use serde::Serialize;

/// The report.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// One per scope and choice of segments.
    pub scopes: Vec<Scope>,
    /// Whether every resample was visited.
    pub enumerated: bool,
    /// Distribution of the first scope, coefficient by coefficient, where it was asked for.
    pub distribution: Vec<Vec<f64>>,
    /// Probabilities of its values, where they differ.
    pub probabilities: Vec<f64>,
}

/// Agreement in one scope.
#[derive(Debug, Clone, Serialize)]
pub struct Scope {
    /// Name of the code; `pooled` for all.
    pub name: String,
    /// Which segments count.
    pub segments: Segments,
    /// Units with at least one rating.
    pub n_units: usize,
    /// Units with at least two.
    pub n_pairable: usize,
    /// Units that nobody rated.
    pub n_unrated: usize,
    /// Sources (or units) that hold a unit.
    pub n_clusters: usize,
    /// Share of each category in the ratings, each unit counting once.
    pub shares: Vec<f64>,
    /// Among pairs of ratings of which one is in the category: the share of which both are.
    pub specific: Vec<f64>,
    /// Share of each category in the ratings of each coder.
    pub by_coder: Vec<Vec<f64>>,
    /// `(both first - both second)/n` of two coders and two categories.
    pub prevalence_index: Option<f64>,
    /// `(second coder only - first coder only)/n`, in the second category, of two coders and two categories.
    pub bias_index: Option<f64>,
    /// Resamples completed.
    pub n_resamples: usize,
    /// One per coefficient.
    pub estimates: Vec<Estimate>,
}

/// One coefficient.
#[derive(Debug, Clone, Serialize)]
pub struct Estimate {
    /// Which.
    pub coefficient: Coefficient,
    /// The weights, or the level of alpha.
    pub weights: String,
    /// `ok`, or why there is no value or no standard error.
    pub status: String,
    /// Its value.
    pub estimate: f64,
    /// Observed agreement.
    pub observed: f64,
    /// Agreement expected by chance.
    pub expected: f64,
    /// Standard error by unit or source.
    pub standard_error: f64,
    /// Its degrees of freedom.
    pub degrees_of_freedom: f64,
    /// Lower end of the t interval.
    pub low: f64,
    /// Upper end, at most 1.
    pub high: f64,
    /// What it may be called.
    pub benchmark: Option<Label>,
    /// Ends from resamples.
    pub resampled: Option<Resampled>,
}

/// Distributions of up to this many resamples are returned.
const KEEP: usize = 100_000;
/// Values of one group of scopes are held at once: this many bytes.
const GROUP_BYTES: usize = 32 << 20;
/// Evaluations up to which every resample is visited.
const ENUMERATE: f64 = 5e6;

/// Computes the report.
pub fn report(ratings: &Ratings<'_>, request: &Request, control: &Control) -> Result<Report> {
    let q = request.values.len();
    let (weights, asked) = weighting(request)?;
    let order = by_cluster(ratings);
    let tallies = tallies(ratings, request, &order, q);
    for (name, _, t) in &tallies {
        check(name, ratings.coders, request, t)?;
    }
    let frames: Vec<Frame<'_>> =
        tallies.iter().map(|(_, _, t)| Frame::new(t, &request.values, request.level, &weights)).collect();
    let mut scopes: Vec<Scope> = tallies
        .par_iter()
        .zip(&frames)
        .map(|((name, segments, _), frame)| scope(name, *segments, frame, &asked, request))
        .collect();
    let plan = plan(request, ratings.clusters, frames.len());
    let mut report = Report {
        scopes: Vec::new(),
        enumerated: plan.listed.is_some(),
        distribution: Vec::new(),
        probabilities: Vec::new(),
    };
    if !plan.is_empty() {
        control.set_total((plan.len() * frames.len()) as u64);
        let group = (GROUP_BYTES / (8 * plan.len() * asked.len())).max(1);
        for (frames, scopes) in frames.chunks(group).zip(scopes.chunks_mut(group)) {
            let (values, done) = resample(&frames.iter().map(Target::new).collect::<Vec<_>>(), &asked, &plan, control);
            if request.keep && report.distribution.is_empty() && plan.len() <= KEEP {
                let width = frames.len() * asked.len();
                report.distribution = (0..asked.len()).map(|c| column(&values, c, width)).collect();
            }
            finish(scopes, frames, &values, done, &asked, request, &plan);
        }
        report.probabilities =
            plan.listed.map(|l| l.probabilities).filter(|_| !report.distribution.is_empty()).unwrap_or_default();
    }
    report.scopes = scopes;
    Ok(report)
}

fn plan(request: &Request, clusters: usize, scopes: usize) -> Plan {
    let n_resamples = request.n_resamples;
    let affordable = n_multisets(clusters.min(40)) * scopes as f64 <= ENUMERATE && clusters <= 12;
    let listed = (n_resamples > 0 && request.enumerate && affordable).then(|| Listed::new(clusters));
    Plan { clusters, n_resamples, seed: Seed(request.seed), listed }
}

fn scope(name: &str, segments: Segments, frame: &Frame<'_>, asked: &[Asked], request: &Request) -> Scope {
    let t = frame.tally;
    let mut sums = Sums::new(frame);
    sums.fill(frame, &t.counts);
    let q = t.categories;
    let by_coder = sums.by_coder.chunks_exact(q).map(|row| {
        let n: f64 = row.iter().sum();
        row.iter().map(|x| x / n).collect()
    });
    let pair = (q == 2 && t.is_full_pair() && sums.n > 0.0).then(|| {
        let ones = |g: usize| sums.by_coder[g * q + 1];
        ((sums.both[1] - sums.both[0]) / sums.n, (ones(0) - ones(1)) / sums.n)
    });
    Scope {
        name: name.to_owned(),
        segments,
        n_units: sums.n as usize,
        n_pairable: sums.pairable as usize,
        n_unrated: t.unrated,
        n_clusters: t.clusters_used,
        shares: sums.shares.iter().map(|s| s / sums.n).collect(),
        specific: specific(frame),
        by_coder: by_coder.collect(),
        prevalence_index: pair.map(|p| p.0),
        bias_index: pair.map(|p| p.1),
        n_resamples: 0,
        estimates: asked.iter().map(|a| estimate(*a, frame, &mut sums, request)).collect(),
    }
}

/// Specific agreement per category over pairs of ratings (Cicchetti and Feinstein 1990 for two coders and categories).
fn specific(frame: &Frame<'_>) -> Vec<f64> {
    let t = frame.tally;
    let (mut agree, mut all) = (vec![0.0; t.categories], vec![0.0; t.categories]);
    for p in (0..t.len()).filter(|p| t.ratings[*p] > 1) {
        let others = (t.ratings[p] - 1) as f64;
        for k in t.pattern(p).iter().filter(|k| **k != MISSING) {
            let same = t.pattern(p).iter().filter(|x| *x == k).count() as f64 - 1.0;
            agree[usize::from(*k)] += t.counts[p] * same / others;
            all[usize::from(*k)] += t.counts[p];
        }
    }
    agree.iter().zip(&all).map(|(a, n)| if *n > 0.0 { a / n } else { f64::NAN }).collect()
}

fn estimate(asked: Asked, frame: &Frame<'_>, sums: &mut Sums, request: &Request) -> Estimate {
    let coefficient = asked.coefficient;
    let value = evaluate(asked, frame, sums);
    let variance = match (request.by_source, request.divisor) {
        (true, _) => Variance::Sources,
        (false, Divisor::N) => Variance::Units,
        (false, Divisor::Auto) if frame.tally.is_full_pair() => Variance::Units,
        (false, _) => Variance::UnitsLessOne,
    };
    // Pooled codes share their segments: without sources the segment is the cluster.
    let variance = if frame.tally.clusters_used as f64 == sums.n { variance } else { Variance::Sources };
    let (mut status, mut se, mut df) = ("ok", f64::NAN, f64::NAN);
    if value.estimate.is_finite() {
        let spread = spread(asked, value, frame, sums, variance);
        (se, df) = (spread.standard_error, spread.degrees_of_freedom);
        if !se.is_finite() {
            status = "no standard error: one unit only";
        }
    } else {
        status = why_undefined(sums);
    }
    let t = if df >= 1.0 { t_quantile(f64::midpoint(1.0, request.confidence_level), df) } else { f64::NAN };
    let weights = match coefficient {
        Coefficient::KrippendorffAlpha => level_name(request.level).to_owned(),
        _ => frame.weights[asked.weights].name.clone(),
    };
    Estimate {
        coefficient,
        weights,
        status: status.to_owned(),
        estimate: value.estimate,
        observed: value.observed,
        expected: value.expected,
        standard_error: se,
        degrees_of_freedom: df,
        low: value.estimate - t * se,
        high: (value.estimate + t * se).min(1.0),
        benchmark: (coefficient != Coefficient::PercentAgreement)
            .then(|| benchmark(request.benchmark, value.estimate, se, request.benchmark_probability))
            .flatten(),
        resampled: None,
    }
}

fn why_undefined(sums: &Sums) -> &'static str {
    if sums.pairable <= 0.0 { "undefined: no unit was rated twice" } else { "undefined: every rating is the same" }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Nominal => "nominal",
        Level::Ordinal => "ordinal",
        Level::Interval => "interval",
        Level::Ratio => "ratio",
    }
}

fn column(values: &[f64], at: usize, width: usize) -> Vec<f64> {
    values.iter().skip(at).step_by(width).copied().collect()
}

/// Writes intervals from resamples into the scopes of a group.
fn finish(
    scopes: &mut [Scope],
    frames: &[Frame<'_>],
    values: &[f64],
    done: usize,
    asked: &[Asked],
    request: &Request,
    plan: &Plan,
) {
    let width = frames.len() * asked.len();
    // An enumeration that was cut short is no distribution.
    let probabilities = plan.listed.as_ref().map(|l| l.probabilities.as_slice()).unwrap_or_default();
    let usable = if plan.listed.is_some() { done == plan.len() } else { done > 1 };
    scopes.par_iter_mut().zip(frames).enumerate().for_each(|(s, (scope, frame))| {
        scope.n_resamples = done;
        if !usable {
            return;
        }
        let left_out = if request.method == Method::Bca { jackknife(frame, asked) } else { Vec::new() };
        for (c, estimate) in scope.estimates.iter_mut().enumerate() {
            let distribution = Distribution::new(column(values, s * asked.len() + c, width), probabilities);
            let jackknife: Vec<(f64, f64)> = left_out.iter().map(|(v, n)| (v[c], *n)).collect();
            let level = request.confidence_level;
            estimate.resampled = ends(&distribution, request.method, estimate.estimate, &jackknife, level);
        }
    });
}
