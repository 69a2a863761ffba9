//! What is known of slopes: intervals of single slopes and of their contrasts to the mean slope, marginal and simultaneous,
//! whether the sum of slopes can be divided by, and how sure a ranking of items is.
//!
//! Equal weights are contrasts of zero, so contrasts are what a question about weighting is about. Simultaneous intervals take the
//! largest |t| over the family as their critical value (max-T; Hothorn, Bretz and Westfall 2008, doi:10.1002/bimj.200810425); its
//! distribution is drawn, and its Monte Carlo error is returned; where degrees of freedom differ between combinations, it is that
//! of the fewest. Rank sets are in [`super::rank_sets`]. Combinations that the design does not determine have no interval: any
//! value fits.

use super::rank_sets::{Differences, RankSet, upper_quantile};
use super::schemes::finish::Freedom;
use crate::error::{Error, Result, input};
use crate::linalg::{SymmetricEigen, dot};
use crate::num::special::{t_quantile, t_two_sided};
use crate::stream::{Purpose, Seed};
use ndarray::{Array2, ArrayView2};
use rand_distr::{ChiSquared, Distribution, StandardNormal};
use serde::Serialize;

/// Slopes with the covariance of their errors.
#[derive(Debug, Clone, Copy)]
pub struct Slopes<'a> {
    /// Slopes, length p.
    pub slopes: &'a [f64],
    /// Covariance, p x p; zero rows for items that do not vary.
    pub covariance: ArrayView2<'a, f64>,
    /// Degrees of freedom; `None`: normal. Where they differ, the fewest.
    pub df: Option<f64>,
    /// Those of single combinations, where they differ.
    pub freedom: Option<&'a Freedom>,
}

impl Slopes<'_> {
    /// Degrees of freedom of one combination: `of` picks it where they differ.
    fn df_of(&self, of: impl Fn(&Freedom) -> f64) -> f64 {
        self.freedom.map_or(self.df.unwrap_or(f64::INFINITY), of)
    }
}

/// One estimated combination.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Estimate.
    pub estimate: f64,
    /// Standard error.
    pub std_error: f64,
    /// Estimate over standard error.
    pub statistic: f64,
    /// Two-sided p of zero.
    pub p_value: f64,
    /// Lower end at the level.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Lower end, simultaneous over the family.
    pub simultaneous_low: f64,
    /// Upper end, simultaneous.
    pub simultaneous_high: f64,
    /// p adjusted for the family.
    pub adjusted_p_value: f64,
}

/// Everything, per item; `None` where any value fits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SlopeInference {
    /// Slopes.
    pub slopes: Vec<Option<Interval>>,
    /// Slope minus the mean slope of the items that vary.
    pub contrasts: Vec<Option<Interval>>,
    /// Sum of the slopes of the items that vary: estimate and interval; `None` where any value fits.
    pub sum: Option<[f64; 3]>,
    /// Whether that sum is clear of zero, so that slopes may be divided by it.
    pub separable: bool,
    /// Slope over the mean slope with Fieller's interval, where the sum is clear of zero.
    pub relative: Vec<Option<[f64; 3]>>,
    /// Rank sets, where all differences between items are determined.
    pub ranks: Vec<Option<RankSet>>,
    /// Critical |t|: marginal (of the fewest degrees of freedom where they differ), simultaneous over slopes, over contrasts.
    pub critical: [f64; 3],
    /// Monte Carlo standard errors of the two simultaneous ones.
    pub critical_error: [f64; 2],
    /// Draws behind them.
    pub draws: usize,
}

/// A family of combinations with what is drawn for it.
struct Family {
    /// Combination per member over the items; `None` where any value fits.
    members: Vec<Option<Member>>,
    /// Largest |t| per draw, rising.
    largest: Vec<f64>,
}

#[derive(Clone)]
struct Member {
    estimate: f64,
    std_error: f64,
    /// Loadings of the standardised error on the independent draws.
    loadings: Vec<f64>,
}

struct Drawn<'a> {
    given: Slopes<'a>,
    eigen: SymmetricEigen,
    rank: usize,
    /// Draws x rank normals over the root of the chi-square.
    errors: Vec<Vec<f64>>,
}

/// Works out the inference at `level` from `draws` draws of the errors.
pub fn infer(given: Slopes<'_>, level: f64, draws: usize, seed: Seed) -> Result<SlopeInference> {
    let p = given.slopes.len();
    if !(level > 0.0 && level < 1.0) || draws < 1000 || given.covariance.dim() != (p, p) {
        return Err(input("request for intervals of slopes not understood")
            .got(format!("level {level}, {draws} draws, covariance {:?}", given.covariance.dim()))
            .allowed("a level between 0 and 1, 1000 draws or more, a p x p covariance")
            .into());
    }
    let drawn = Drawn::new(given, draws, seed)?;
    let varying: Vec<usize> = (0..p).filter(|j| given.covariance[[*j, *j]] > 0.0).collect();
    let v = varying.len() as f64;
    let unit = |j: usize| -> Vec<f64> { (0..p).map(|k| f64::from(u8::from(k == j))).collect() };
    let mean: Vec<f64> = (0..p).map(|k| if varying.contains(&k) { 1.0 / v } else { 0.0 }).collect();
    let minus = |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a - b).collect() };
    let over = |make: &dyn Fn(usize) -> Vec<f64>| -> Vec<Option<Member>> {
        (0..p).map(|j| varying.contains(&j).then(|| drawn.member(&make(j))).flatten()).collect()
    };
    let singles = drawn.family(over(&unit));
    let contrasts = drawn.family(over(&|j| minus(&unit(j), &mean)));
    let quantile = |df: f64| t_quantile(0.5 + 0.5 * level, df);
    let critical = quantile(given.df_of(|f| f.fewest));
    let total: Vec<f64> = mean.iter().map(|w| w * v).collect();
    let sum = drawn.member(&total);
    let sum_critical = quantile(given.df_of(|f| f.sum));
    let separable = sum.as_ref().is_some_and(|s| s.estimate.abs() > sum_critical * s.std_error);
    let (slope_critical, slope_error) = singles.critical(level);
    let (contrast_critical, contrast_error) = contrasts.critical(level);
    Ok(SlopeInference {
        slopes: singles.intervals(level, slope_critical, |j| given.df_of(|f| f.slopes[j])),
        contrasts: contrasts.intervals(level, contrast_critical, |j| given.df_of(|f| f.contrasts[j])),
        relative: (0..p)
            .map(|j| (separable && singles.members[j].is_some()).then(|| fieller(given, &unit(j), &mean, critical)))
            .collect(),
        ranks: drawn.ranks(&varying, level),
        sum: sum
            .map(|s| [s.estimate, s.estimate - sum_critical * s.std_error, s.estimate + sum_critical * s.std_error]),
        separable,
        critical: [critical, slope_critical, contrast_critical],
        critical_error: [slope_error, contrast_error],
        draws,
    })
}

impl<'a> Drawn<'a> {
    fn new(given: Slopes<'a>, draws: usize, seed: Seed) -> Result<Self> {
        let eigen = SymmetricEigen::new(given.covariance)?;
        let largest = eigen.values.first().copied().unwrap_or(0.0);
        let rank = eigen.values.iter().filter(|value| **value > 1e-10 * largest && **value > 0.0).count();
        let chi = given.df.map(ChiSquared::new).transpose();
        let chi = chi.map_err(|_| Error::from(input("degrees of freedom not allowed").allowed("above 0")))?;
        let errors = (0..draws)
            .map(|i| {
                let mut stream = seed.stream(Purpose::Parametric, i as u64);
                let scale = match (&chi, given.df) {
                    (Some(law), Some(df)) => (law.sample(stream.rng()) / df).sqrt().recip(),
                    _ => 1.0,
                };
                let normal = |rng: &mut _| -> f64 { StandardNormal.sample(rng) };
                (0..rank).map(|_| scale * normal(stream.rng())).collect()
            })
            .collect();
        Ok(Self { given, eigen, rank, errors })
    }

    /// The combination c'b, or `None` where the design does not determine it.
    fn member(&self, c: &[f64]) -> Option<Member> {
        let mut loadings = Vec::with_capacity(self.rank);
        let mut inside = 0.0;
        for k in 0..self.rank {
            let along: f64 = self.eigen.vectors.column(k).iter().zip(c).map(|(v, c)| v * c).sum();
            inside += along * along;
            loadings.push(along * self.eigen.values[k].sqrt());
        }
        let std_error = dot(&loadings, &loadings).sqrt();
        if inside < (1.0 - 1e-8) * dot(c, c) || std_error == 0.0 {
            return None;
        }
        for loading in &mut loadings {
            *loading /= std_error;
        }
        Some(Member { estimate: dot(c, self.given.slopes), std_error, loadings })
    }

    fn family(&self, members: Vec<Option<Member>>) -> Family {
        let mut largest = self.largest(members.iter().flatten());
        largest.sort_by(f64::total_cmp);
        Family { members, largest }
    }

    fn largest<'m>(&self, members: impl Iterator<Item = &'m Member> + Clone) -> Vec<f64> {
        self.errors
            .iter()
            .map(|error| members.clone().map(|m| dot(&m.loadings, error).abs()).fold(0.0, f64::max))
            .collect()
    }

    /// Rank sets from all differences between the items that vary; `None` for all where a difference is not determined.
    fn ranks(&self, varying: &[usize], level: f64) -> Vec<Option<RankSet>> {
        let p = self.given.slopes.len();
        let mut std_errors = vec![vec![0.0; varying.len()]; varying.len()];
        for (a, first) in varying.iter().enumerate() {
            for (b, second) in varying.iter().enumerate().take(a) {
                let mut c = vec![0.0; p];
                (c[*first], c[*second]) = (1.0, -1.0);
                let Some(member) = self.member(&c) else { return vec![None; p] };
                (std_errors[a][b], std_errors[b][a]) = (member.std_error, member.std_error);
            }
        }
        let error_of = |item: usize| -> Vec<f64> {
            let loadings: Vec<f64> =
                (0..self.rank).map(|k| self.eigen.vectors[[item, k]] * self.eigen.values[k].sqrt()).collect();
            self.errors.iter().map(|error| dot(&loadings, error)).collect()
        };
        let differences = Differences {
            estimates: varying.iter().map(|j| self.given.slopes[*j]).collect(),
            errors: varying.iter().map(|j| error_of(*j)).collect(),
            std_errors,
        };
        let mut out = vec![None; p];
        for (item, set) in varying.iter().zip(differences.rank_sets(level)) {
            out[*item] = Some(set);
        }
        out
    }
}

impl Family {
    /// The critical value, and its Monte Carlo standard error from the order statistics around it.
    fn critical(&self, level: f64) -> (f64, f64) {
        let spread = (level * (1.0 - level) / self.largest.len() as f64).sqrt();
        let around = |l: f64| upper_quantile(&self.largest, l.clamp(0.0, 1.0));
        (around(level), 0.5 * (around(level + spread) - around(level - spread)))
    }

    fn intervals(&self, level: f64, simultaneous: f64, df: impl Fn(usize) -> f64) -> Vec<Option<Interval>> {
        self.members
            .iter()
            .enumerate()
            .map(|(j, member)| {
                let m = member.as_ref()?;
                let critical = t_quantile(0.5 + 0.5 * level, df(j));
                let statistic = m.estimate / m.std_error;
                let below = self.largest.partition_point(|t| *t < statistic.abs() * (1.0 - 1e-12));
                let beyond = self.largest.len() - below;
                Some(Interval {
                    estimate: m.estimate,
                    std_error: m.std_error,
                    statistic,
                    p_value: t_two_sided(statistic, df(j)),
                    low: m.estimate - critical * m.std_error,
                    high: m.estimate + critical * m.std_error,
                    simultaneous_low: m.estimate - simultaneous * m.std_error,
                    simultaneous_high: m.estimate + simultaneous * m.std_error,
                    adjusted_p_value: (1 + beyond) as f64 / (1 + self.largest.len()) as f64,
                })
            })
            .collect()
    }
}

/// Fieller's interval of a'b over m'b, whose denominator is clear of zero (Fieller 1954, doi:10.1111/j.2517-6161.1954.tb00159.x).
fn fieller(given: Slopes<'_>, a: &[f64], m: &[f64], critical: f64) -> [f64; 3] {
    let v: Array2<f64> = given.covariance.to_owned();
    let form = |x: &[f64], y: &[f64]| dot(x, &crate::linalg::times(v.view(), y));
    let (top, bottom) = (dot(a, given.slopes), dot(m, given.slopes));
    let c2 = critical * critical;
    let (aa, bb, cc) = (bottom * bottom - c2 * form(m, m), top * bottom - c2 * form(a, m), top * top - c2 * form(a, a));
    let root = (bb * bb - aa * cc).max(0.0).sqrt();
    [top / bottom, (bb - root) / aa, (bb + root) / aa]
}
