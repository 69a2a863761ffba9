//! Shrinkage to a target as a normal-normal Bayes model, with an interval that is one.
//!
//! Departures of the slopes from a multiple of the target are normal about zero; the multiple, the intercept and the covariates are
//! flat, the noise has its Jeffreys prior. A prior worth m sites has m / (m + sites) of the say, and that share is uniform between 0
//! and 1 (the uniform shrinkage prior; Daniels 1999, doi:10.2307/3316112). Given the share the posterior of a slope is a t, so
//! over a grid of shares it is a mixture of t, weighted by the restricted likelihood. Averaged over that prior, an interval of
//! level L holds the truth with probability L.

use super::ridge::RidgePath;
use super::{CrossMoments, ridge::prior_sites};
use crate::error::{Result, input};
use crate::linalg::Cholesky;
use crate::num::special::t_cdf;
use ndarray::Array2;
use serde::Serialize;

/// The posterior of the slopes. Vectors have length p; constant items have zeros throughout.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Posterior {
    /// Posterior means.
    pub mean: Vec<f64>,
    /// Lower ends of the equal-tailed intervals.
    pub low: Vec<f64>,
    /// Upper ends.
    pub high: Vec<f64>,
    /// Probability of a positive slope.
    pub positive: Vec<f64>,
    /// Means of the slopes' departures from the target's multiple.
    pub departure: Vec<f64>,
    /// Lower ends of the departures' intervals.
    pub departure_low: Vec<f64>,
    /// Upper ends.
    pub departure_high: Vec<f64>,
    /// Posterior mean of the prior's share m / (m + sites).
    pub prior_share: f64,
    /// Posterior median of m, what the prior is worth in sites.
    pub prior_worth_sites: f64,
    /// Degrees of freedom of each t.
    pub df: f64,
}

/// Shares on the grid: the midpoints of as many equal steps.
const SHARES: usize = 80;

struct Component {
    weight: f64,
    share: f64,
    worth: f64,
    slopes: Vec<f64>,
    spread: Vec<f64>,
    departure: Vec<f64>,
    departure_spread: Vec<f64>,
}

/// The posterior from adjusted moments, a target with zeros for constant items, and `free`: parameters besides the items' departures
/// (intercept, covariates and the target's multiple). `Ok(None)` where the target's score does not vary.
pub fn posterior(moments: &CrossMoments, target: &[f64], free: usize, level: f64) -> Result<Option<Posterior>> {
    let left = moments.units.saturating_sub(free);
    if left == 0 {
        return Err(input("too few sites for a posterior")
            .got(moments.units)
            .allowed(format!("{} or more", free + 1))
            .into());
    }
    let Some(path) = RidgePath::new(moments, Some(target))? else { return Ok(None) };
    let varying: Vec<usize> = (0..moments.items).filter(|j| !moments.is_constant(*j)).collect();
    let typical = varying.iter().map(|j| moments.gram[[*j, *j]]).sum::<f64>() / (varying.len() as f64 * moments.weight);
    let mut components: Vec<Component> = (0..SHARES)
        .map(|k| {
            let share = (k as f64 + 0.5) / SHARES as f64;
            component(moments, &path, target, &varying, typical * share / (1.0 - share), share, left)
        })
        .collect();
    let smallest = components.iter().map(|c| c.weight).fold(f64::INFINITY, f64::min);
    let mut total = 0.0;
    for c in &mut components {
        c.weight = (-0.5 * (c.weight - smallest)).exp();
        total += c.weight;
    }
    for c in &mut components {
        c.weight /= total;
    }
    // What is left out moves no end by more than round-off.
    components.retain(|c| c.weight > 1e-14);
    Ok(Some(summarise(moments, &components, &varying, left as f64, level)))
}

/// One share; its weight is still the restricted deviance.
fn component(
    moments: &CrossMoments,
    path: &RidgePath,
    target: &[f64],
    varying: &[usize],
    penalty: f64,
    share: f64,
    left: usize,
) -> Component {
    let p = moments.items;
    let length: f64 = target.iter().map(|w| w * w).sum();
    let projector = |i: usize, j: usize| f64::from(u8::from(i == j)) - target[i] * target[j] / length;
    let inner = Array2::from_shape_fn((varying.len(), varying.len()), |(i, j)| {
        moments.gram[[varying[i], varying[j]]] + penalty * moments.weight * projector(varying[i], varying[j])
    });
    let slopes = path.slopes(penalty);
    let noise = path.restricted_squares(moments, penalty) / left as f64;
    let (mut spread, mut departure_spread) = (vec![0.0; p], vec![0.0; p]);
    if let Some(factor) = Cholesky::factor(inner.view()).definite() {
        let inverse = factor.inverse();
        let off = Array2::from_shape_fn(inner.dim(), |(i, j)| projector(varying[i], varying[j]));
        let apart = off.dot(&inverse).dot(&off);
        for (k, j) in varying.iter().enumerate() {
            spread[*j] = (noise * inverse[[k, k]]).sqrt();
            departure_spread[*j] = (noise * apart[[k, k]].max(0.0)).sqrt();
        }
    }
    let along: f64 = slopes.iter().zip(target).map(|(b, w)| b * w).sum::<f64>() / length;
    let departure = slopes.iter().zip(target).map(|(b, w)| b - along * w).collect();
    Component {
        weight: path.restricted_deviance(moments, penalty, left),
        share,
        worth: prior_sites(moments, penalty),
        slopes,
        spread,
        departure,
        departure_spread,
    }
}

fn summarise(moments: &CrossMoments, components: &[Component], varying: &[usize], df: f64, level: f64) -> Posterior {
    let p = moments.items;
    let average = |of: &dyn Fn(&Component) -> f64| components.iter().map(|c| c.weight * of(c)).sum::<f64>();
    let on_varying = |of: &dyn Fn(usize) -> f64| {
        (0..p).map(|j| if varying.contains(&j) { of(j) } else { 0.0 }).collect::<Vec<f64>>()
    };
    let mut out = Posterior {
        mean: on_varying(&|j| average(&|c| c.slopes[j])),
        low: vec![0.0; p],
        high: vec![0.0; p],
        positive: vec![0.0; p],
        departure: on_varying(&|j| average(&|c| c.departure[j])),
        departure_low: vec![0.0; p],
        departure_high: vec![0.0; p],
        prior_share: average(&|c| c.share),
        prior_worth_sites: 0.0,
        df,
    };
    let tails = [0.5 - 0.5 * level, 0.5 + 0.5 * level];
    for j in varying.iter().copied() {
        let slope = |x: f64| average(&|c| t_cdf((x - c.slopes[j]) / c.spread[j], df));
        let departure = |x: f64| average(&|c| t_cdf((x - c.departure[j]) / c.departure_spread[j], df));
        let size = components.iter().map(|c| c.spread[j]).fold(0.0, f64::max);
        [out.low[j], out.high[j]] = tails.map(|tail| quantile(&slope, tail, out.mean[j], size));
        out.positive[j] = 1.0 - slope(0.0);
        let size = components.iter().map(|c| c.departure_spread[j]).fold(0.0, f64::max);
        if size > 0.0 {
            [out.departure_low[j], out.departure_high[j]] =
                tails.map(|tail| quantile(&departure, tail, out.departure[j], size));
        }
    }
    let mut reached = 0.0;
    for c in components {
        reached += c.weight;
        if reached >= 0.5 {
            out.prior_worth_sites = c.worth;
            break;
        }
    }
    out
}

/// Bisection on a distribution function about a centre, with a scale to start from.
fn quantile(cdf: &dyn Fn(f64) -> f64, probability: f64, centre: f64, scale: f64) -> f64 {
    let (mut low, mut high) = (centre - scale, centre + scale);
    let mut reach = scale;
    while cdf(low) > probability {
        reach *= 2.0;
        low = centre - reach;
    }
    while cdf(high) < probability {
        reach *= 2.0;
        high = centre + reach;
    }
    for _ in 0..48 {
        let middle = 0.5 * (low + high);
        if cdf(middle) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}
