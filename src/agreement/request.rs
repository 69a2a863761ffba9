//! What is asked for, checked; ratings tallied for each scope.

use super::alpha::Level;
use super::benchmark;
use super::coefficient::{Asked, Coefficient};
use super::interval::Method;
use super::tally::{MISSING, Tally, tally};
use super::weights::{Named, Weights};
use crate::error::{Result, input};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// What is asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is one choice of the caller")]
pub struct Request {
    /// Coefficients, in the order of the report.
    pub coefficients: Vec<Coefficient>,
    /// Level of alpha, and of AC2 where no weights are named.
    pub level: Level,
    /// Named weights of all coefficients but AC1 and alpha; None: identity.
    pub weights: Option<Named>,
    /// Weights as a matrix, row by row, in place of a name.
    pub matrix: Option<Vec<f64>>,
    /// Value of each category.
    pub values: Vec<f64>,
    /// Name of each scope.
    pub scopes: Vec<String>,
    /// Add all scopes together as one more.
    pub pooled: bool,
    /// Which segments count.
    pub segments: Vec<Segments>,
    /// Whether `clusters` are sources: units of one are alike.
    pub by_source: bool,
    /// Resamples; 0: none.
    pub n_resamples: usize,
    /// Visit every resample where that is affordable.
    pub enumerate: bool,
    /// Seed.
    pub seed: u64,
    /// How the ends are found.
    pub method: Method,
    /// Confidence level of all intervals.
    pub confidence_level: f64,
    /// Labels.
    pub benchmark: benchmark::Scale,
    /// Probability that a label must pass.
    pub benchmark_probability: f64,
    /// Divisor of the variance by unit.
    pub divisor: Divisor,
    /// Return the distribution of the first scope.
    pub keep: bool,
}

/// Which segments count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Segments {
    /// All.
    All,
    /// Those to which at least one coder gave at least one code (a category other than the first).
    Coded,
}

/// Divisor of the variance by unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Divisor {
    /// n for two coders who rated every unit (the variance of their table), n - 1 otherwise (Gwet 2014).
    Auto,
    /// n.
    N,
    /// n - 1.
    NLessOne,
}

/// Ratings: for each scope and unit what every coder said.
#[derive(Debug, Clone, Copy)]
pub struct Ratings<'r> {
    /// Categories, scope by scope, unit by unit, coder by coder.
    pub cells: &'r [u16],
    /// Coders.
    pub coders: usize,
    /// Units.
    pub units: usize,
    /// Cluster of each unit, numbered from 0.
    pub cluster_of: &'r [usize],
    /// Clusters.
    pub clusters: usize,
}

impl Ratings<'_> {
    /// Checks that shapes and numbers fit together.
    pub fn check(&self, request: &Request) -> Result<()> {
        let q = request.values.len();
        let fits = self.cells.len() == request.scopes.len() * self.units * self.coders
            && self.cluster_of.len() == self.units
            && self.cluster_of.iter().all(|c| *c < self.clusters)
            && self.cells.iter().all(|k| *k == MISSING || usize::from(*k) < q)
            && request.matrix.as_ref().is_none_or(|m| m.len() == q * q);
        if fits && self.coders > 1 {
            return Ok(());
        }
        let got = format!("{} coders, {} units, {q} categories, {} cells", self.coders, self.units, self.cells.len());
        Err(input("ratings do not fit together")
            .got(got)
            .allowed("at least two coders; every rating a category; every unit in a cluster")
            .into())
    }
}

/// Sets of weights, and which each coefficient uses.
pub(super) fn weighting(request: &Request) -> Result<(Vec<Weights>, Vec<Asked>)> {
    let q = request.values.len();
    let named = |n| Weights::named(n, &request.values);
    let asked = match (&request.matrix, request.weights) {
        (Some(matrix), _) => Weights::custom(q, matrix.clone())?,
        (None, Some(n)) => named(n),
        (None, None) => Weights::identity(q),
    };
    let by_level = if request.matrix.is_some() || request.weights.is_some() {
        asked.clone()
    } else {
        named(match request.level {
            Level::Nominal => Named::Identity,
            Level::Ordinal => Named::Ordinal,
            Level::Interval => Named::Quadratic,
            Level::Ratio => Named::Ratio,
        })
    };
    let index = |coefficient| match coefficient {
        Coefficient::GwetAc1 | Coefficient::BangdiwalaB | Coefficient::KrippendorffAlpha => 0,
        Coefficient::GwetAc2 => 2,
        _ => 1,
    };
    let all = request.coefficients.iter().map(|c| Asked { coefficient: *c, weights: index(*c) }).collect();
    Ok((vec![Weights::identity(q), asked, by_level], all))
}

/// Units in the order of their clusters.
pub(super) fn by_cluster(ratings: &Ratings<'_>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..ratings.units).collect();
    order.sort_by_key(|u| ratings.cluster_of[*u]);
    order
}

/// Name, choice of segments, patterns.
pub(super) type Named3 = (String, Segments, Tally);

/// Patterns of every scope and choice of segments.
pub(super) fn tallies(ratings: &Ratings<'_>, request: &Request, order: &[usize], q: usize) -> Vec<Named3> {
    let (r, n) = (ratings.coders, ratings.units);
    let row = |s: usize, u: usize| &ratings.cells[(s * n + u) * r..(s * n + u + 1) * r];
    let n_scopes = request.scopes.len();
    let uncoded = |u: usize| (0..n_scopes).all(|s| row(s, u).iter().all(|k| *k == 0 || *k == MISSING));
    let coded: Vec<usize> = if request.segments.contains(&Segments::Coded) {
        order.iter().copied().filter(|u| !uncoded(*u)).collect()
    } else {
        Vec::new()
    };
    let mut jobs: Vec<(String, Segments, std::ops::Range<usize>)> = Vec::new();
    for segments in &request.segments {
        if request.pooled {
            jobs.push(("pooled".into(), *segments, 0..n_scopes));
        }
        jobs.extend(request.scopes.iter().enumerate().map(|(s, name)| (name.clone(), *segments, s..s + 1)));
    }
    jobs.into_par_iter()
        .map(|(name, segments, scopes)| {
            let units = if segments == Segments::All { order } else { &coded };
            let rows = scopes.flat_map(|s| units.iter().map(move |u| (ratings.cluster_of[*u], row(s, *u))));
            (name, segments, tally(r, q, ratings.clusters, rows))
        })
        .collect()
}

/// Refuses what no report could be made of.
pub(super) fn check(name: &str, coders: usize, request: &Request, tally: &Tally) -> Result<()> {
    let place = || if name.is_empty() { "ratings".to_owned() } else { format!("ratings of \"{name}\"") };
    let pairs = [Coefficient::CohenKappa, Coefficient::ScottPi, Coefficient::BangdiwalaB];
    if coders != 2
        && let Some(wrong) = request.coefficients.iter().find(|c| pairs.contains(c))
    {
        let got = serde_json::to_value(wrong).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        return Err(input("coefficient of two coders only")
            .at(place())
            .got(format!("\"{got}\" with {coders} coders"))
            .allowed("conger-kappa or fleiss-kappa with more than two")
            .remedy("Choose one of these, or pass the ratings of two coders.")
            .into());
    }
    // A choice of segments may well leave a code without units; only data without any pair of ratings are refused.
    if request.segments.len() == 1 && request.scopes.len() == 1 && tally.ratings.iter().all(|m| *m < 2) {
        return Err(input("no unit was rated twice")
            .at(place())
            .allowed("at least one unit with two ratings")
            .remedy("Agreement needs two coders on the same unit.")
            .into());
    }
    Ok(())
}
