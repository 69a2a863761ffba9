//! Studies under an assumed truth, with the item distribution of a study at hand: what a planner of sample size draws from.
//!
//! Every item keeps its own level probabilities. One latent factor ties the items together, its loading set so that the
//! mean Pearson correlation of the *observed* scores is as stated. Scores err: the latent value that reviewers see is the
//! true one times the root of the reliability plus noise, and outcomes follow the true scores. Which items carry the truth is
//! drawn anew for each study, so that a plan does not rest on a lucky choice.

use super::copula::normal;
use super::outcome::{self, Law, Outcome};
use crate::error::{Result, input};
use crate::linalg::{dot, times};
use crate::num::special::{normal_cdf, normal_quantile};
use crate::stream::{Purpose, Seed, Stream};
use ndarray::Array2;
use serde::Deserialize;

/// Steps of the one-dimensional integrals over the common factor, whose integrands are smooth.
const NODES: usize = 160;

/// An assumed truth.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumed {
    /// Scores that each item can take, rising.
    pub levels: Vec<Vec<f64>>,
    /// Their probabilities, all positive.
    pub shares: Vec<Vec<f64>>,
    /// Mean Pearson correlation between two items, of the observed scores.
    pub inter_item_r: f64,
    /// Share of the variance of an item's observed latent value that is true.
    pub reliability: f64,
    /// How many items carry the whole truth, with equal weights; all of them: the plain total is right.
    pub carriers: usize,
    /// Squared correlation of the truly weighted total of true scores with the site outcome as observed.
    pub r2: f64,
    /// Share of the participants' variance between sites beyond the items.
    pub site_icc: f64,
    /// Participants per site to draw sizes from; empty for an outcome that is a number of the site itself.
    pub participants: Vec<u32>,
    /// What is observed.
    pub outcome: Outcome,
    /// Overall rate of counts, mean of a number.
    pub mean: f64,
}

/// An assumed truth made ready: cut-points, loading, covariances of the true scores.
#[derive(Debug, Clone)]
pub struct Truth {
    assumed: Assumed,
    cut_points: Vec<Vec<f64>>,
    means: Vec<f64>,
    /// Covariances of true scores, p x p.
    covariance: Array2<f64>,
    /// Latent loading of the true values on the common factor.
    loading: f64,
    law: Law,
}

/// One drawn study.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// Observed scores, sites x items.
    pub items: Array2<f64>,
    /// A number per site, or the count k.
    pub outcome: Vec<f64>,
    /// Participants per site; empty where there are none.
    pub participants: Vec<u32>,
}

impl Truth {
    /// Checks an assumption and finds what every study drawn under it shares.
    pub fn new(assumed: Assumed) -> Result<Self> {
        check(&assumed)?;
        let cut_points: Vec<Vec<f64>> = assumed.shares.iter().map(|shares| cut_points(shares)).collect();
        let means = expectations(&assumed, |level, _| level);
        let squares = expectations(&assumed, |level, mean| (level - mean).powi(2));
        let observed = observed_loading(&assumed, &cut_points, &means, &squares)?;
        if observed * observed > assumed.reliability {
            return Err(input("reliability too small for the correlation between items")
                .at("reliability")
                .got(assumed.reliability)
                .allowed(format!("above {:.3}, the latent correlation between observed items", observed * observed))
                .remedy("Items cannot correlate more than their reliability allows.")
                .into());
        }
        let loading = (observed * observed / assumed.reliability).sqrt().min(0.999);
        let covariance = covariance(&assumed, &cut_points, &means, &squares, loading);
        let law = Law::new(assumed.outcome, assumed.mean, assumed.r2, assumed.site_icc, &assumed.participants);
        Ok(Self { assumed, cut_points, means, covariance, loading, law })
    }

    /// Draws study `replicate` of `sites` sites.
    pub fn draw(&self, sites: usize, seed: Seed, replicate: u64) -> Result<Drawn> {
        let assumed = &self.assumed;
        let p = assumed.levels.len();
        let mut stream = seed.stream(Purpose::Simulate, replicate);
        let carries = self.carriers(&mut stream);
        let sd = self.total_sd(&carries);
        let mut items = Array2::zeros((sites, p));
        let (mut outcome, mut participants) = (Vec::with_capacity(sites), Vec::new());
        let (spread, seen) = ((1.0 - self.loading * self.loading).sqrt(), assumed.reliability.sqrt());
        let error = (1.0 - assumed.reliability).sqrt();
        for site in 0..sites {
            let factor = normal(&mut stream);
            let mut total = 0.0;
            for j in 0..p {
                let latent = self.loading * factor + spread * normal(&mut stream);
                total += carries[j] * (self.level(j, latent) - self.means[j]);
                items[[site, j]] = self.level(j, seen * latent + error * normal(&mut stream));
            }
            let size = (!assumed.participants.is_empty())
                .then(|| assumed.participants[stream.below(assumed.participants.len() as u32) as usize]);
            participants.extend(size);
            outcome.push(self.law.observe(self.law.expected(total / sd), size, &mut stream)?);
        }
        Ok(Drawn { items, outcome, participants })
    }

    /// Weights of one on the items that carry the truth.
    fn carriers(&self, stream: &mut Stream) -> Vec<f64> {
        let p = self.assumed.levels.len();
        let mut order: Vec<usize> = (0..p).collect();
        stream.shuffle(&mut order);
        let mut carries = vec![0.0; p];
        order[..self.assumed.carriers].iter().for_each(|j| carries[*j] = 1.0);
        carries
    }

    fn total_sd(&self, weights: &[f64]) -> f64 {
        dot(&times(self.covariance.view(), weights), weights).sqrt()
    }

    fn level(&self, j: usize, latent: f64) -> f64 {
        self.assumed.levels[j][self.cut_points[j].iter().filter(|c| latent >= **c).count()]
    }
}

fn cut_points(shares: &[f64]) -> Vec<f64> {
    let mut below = 0.0;
    shares[..shares.len() - 1]
        .iter()
        .map(|share| {
            below += share;
            normal_quantile(below)
        })
        .collect()
}

/// Per item the mean of `value(level, mean)`.
fn expectations(assumed: &Assumed, value: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let mean = |levels: &[f64], shares: &[f64]| levels.iter().zip(shares).map(|(x, s)| x * s).sum::<f64>();
    let items = assumed.levels.iter().zip(&assumed.shares);
    items
        .map(|(levels, shares)| {
            let centre = mean(levels, shares);
            levels.iter().zip(shares).map(|(x, s)| s * value(*x, centre)).sum()
        })
        .collect()
}

/// Calls `with` on each node of the factor: its weight, and every item's expected score given the factor, centred.
fn over_factor(
    assumed: &Assumed,
    cut_points: &[Vec<f64>],
    means: &[f64],
    loading: f64,
    mut with: impl FnMut(f64, &[f64]),
) {
    let step = 16.0 / NODES as f64;
    let spread = (1.0 - loading * loading).sqrt();
    let mut given = vec![0.0; means.len()];
    for i in 0..=NODES {
        let factor = -8.0 + step * i as f64;
        let weight = step * (-0.5 * factor * factor).exp() / (2.0 * std::f64::consts::PI).sqrt();
        for (j, value) in given.iter_mut().enumerate() {
            let levels = &assumed.levels[j];
            let steps = cut_points[j].iter().zip(levels.windows(2));
            let above: f64 =
                steps.map(|(c, pair)| (pair[1] - pair[0]) * normal_cdf((loading * factor - c) / spread)).sum();
            *value = levels[0] + above - means[j];
        }
        with(weight, &given);
    }
}

/// Mean Pearson correlation over all pairs of items at a loading.
fn mean_correlation(assumed: &Assumed, cut_points: &[Vec<f64>], means: &[f64], squares: &[f64], loading: f64) -> f64 {
    let p = means.len() as f64;
    let mut pairs = 0.0;
    over_factor(assumed, cut_points, means, loading, |weight, given| {
        let standard = || given.iter().zip(squares).map(|(g, s)| g / s.sqrt());
        let (sum, own) = (standard().sum::<f64>(), standard().map(|z| z * z).sum::<f64>());
        pairs += weight * (sum * sum - own);
    });
    pairs / (p * (p - 1.0))
}

fn observed_loading(assumed: &Assumed, cut_points: &[Vec<f64>], means: &[f64], squares: &[f64]) -> Result<f64> {
    let wanted = assumed.inter_item_r;
    if wanted == 0.0 || means.len() < 2 {
        return Ok(0.0);
    }
    let at = |loading: f64| mean_correlation(assumed, cut_points, means, squares, loading);
    let largest = at(0.99);
    if !(wanted > 0.0 && wanted <= largest) {
        return Err(input("inter-item correlation not allowed")
            .at("inter_item_r")
            .got(wanted)
            .allowed(format!("0 to {largest:.3} for items with these scores"))
            .into());
    }
    let (mut low, mut high) = (0.0, 0.99);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if at(middle) < wanted { low = middle } else { high = middle }
    }
    Ok(f64::midpoint(low, high))
}

fn covariance(assumed: &Assumed, cut_points: &[Vec<f64>], means: &[f64], squares: &[f64], loading: f64) -> Array2<f64> {
    let p = means.len();
    let mut out = Array2::zeros((p, p));
    over_factor(assumed, cut_points, means, loading, |weight, given| {
        for i in 0..p {
            for j in 0..p {
                out[[i, j]] += weight * given[i] * given[j];
            }
        }
    });
    for j in 0..p {
        out[[j, j]] = squares[j];
    }
    out
}

fn check(assumed: &Assumed) -> Result<()> {
    let p = assumed.levels.len();
    let sound = |levels: &[f64], shares: &[f64]| {
        levels.len() == shares.len()
            && levels.len() >= 2
            && levels.windows(2).all(|pair| pair[0] < pair[1])
            && shares.iter().all(|s| *s > 0.0)
            && (shares.iter().sum::<f64>() - 1.0).abs() < 1e-9
    };
    if p == 0 || assumed.shares.len() != p || !assumed.levels.iter().zip(&assumed.shares).all(|(l, s)| sound(l, s)) {
        return Err(input("item distributions not allowed")
            .allowed("per item two or more rising scores with positive probabilities that sum to 1")
            .into());
    }
    outcome::check(assumed.outcome, assumed.mean, assumed.r2, assumed.site_icc)?;
    if !(assumed.reliability > 0.0 && assumed.reliability <= 1.0) {
        return Err(input("reliability not allowed")
            .at("reliability")
            .got(assumed.reliability)
            .allowed("above 0 to 1")
            .into());
    }
    if !(1..=p).contains(&assumed.carriers) {
        return Err(input("number of items that carry the truth not allowed")
            .at("concentration")
            .got(assumed.carriers)
            .allowed(format!("1 to {p}, the number of items"))
            .into());
    }
    let sizes = &assumed.participants;
    if sizes.contains(&0) || (sizes.is_empty() && assumed.outcome == Outcome::Counts) {
        return Err(input("participants not allowed").at("participants").allowed("whole numbers from 1").into());
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn assumed(reliability: f64) -> Assumed {
        let skewed = vec![0.04, 0.08, 0.18, 0.32, 0.38];
        let flat = vec![0.2; 5];
        Assumed {
            levels: vec![vec![1.0, 2.0, 3.0, 4.0, 5.0]; 6],
            shares: vec![skewed.clone(), flat.clone(), skewed.clone(), flat, skewed.clone(), skewed],
            inter_item_r: 0.25,
            reliability,
            carriers: 2,
            r2: 0.6,
            site_icc: 0.0,
            participants: vec![],
            outcome: Outcome::Number,
            mean: 0.0,
        }
    }

    fn correlation(x: &[f64], y: &[f64]) -> f64 {
        let n = x.len() as f64;
        let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
        let sum = |f: &dyn Fn(f64, f64) -> f64| x.iter().zip(y).map(|(a, b)| f(a - mx, b - my)).sum::<f64>();
        sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
    }

    fn columns(drawn: &Drawn) -> Vec<Vec<f64>> {
        drawn.items.columns().into_iter().map(|c| c.to_vec()).collect()
    }

    /// The best fit of the outcome on two items, over all pairs: with two carriers it is that of the true total or more.
    fn best_pair(drawn: &Drawn) -> f64 {
        let x = columns(drawn);
        let mut best = 0.0_f64;
        for i in 0..x.len() {
            for j in 0..i {
                let total: Vec<f64> = x[i].iter().zip(&x[j]).map(|(a, b)| a + b).collect();
                best = best.max(correlation(&total, &drawn.outcome).powi(2));
            }
        }
        best
    }

    #[test]
    fn observed_items_have_the_stated_distribution_and_correlation_whatever_the_reliability() {
        for reliability in [1.0, 0.7] {
            let truth = Truth::new(assumed(reliability)).unwrap();
            let drawn = truth.draw(6000, Seed(4), 0).unwrap();
            let x = columns(&drawn);
            let mut sum = 0.0;
            for i in 0..6 {
                for j in 0..i {
                    sum += correlation(&x[i], &x[j]) / 15.0;
                }
            }
            // Standard error of one correlation at 6,000 sites is .012; the mean of 15 is no worse.
            assert!((sum - 0.25).abs() < 0.04, "{sum}");
            let top = x[0].iter().filter(|v| **v > 4.5).count() as f64 / 6000.0;
            assert!((top - 0.38).abs() < 0.026, "{top}");
        }
    }

    #[test]
    fn the_true_total_explains_the_stated_share_and_unreliable_scores_less() {
        let whole = best_pair(&Truth::new(assumed(1.0)).unwrap().draw(6000, Seed(5), 1).unwrap());
        assert!((whole - 0.6).abs() < 0.035, "{whole}");
        let less = best_pair(&Truth::new(assumed(0.6)).unwrap().draw(6000, Seed(5), 1).unwrap());
        assert!(less < 0.5, "{less}");
    }

    #[test]
    fn impossible_assumptions_are_refused() {
        let text = |a: Assumed| Truth::new(a).unwrap_err().to_string();
        assert!(
            text(assumed(0.1)).starts_with("reliability too small for the correlation between items in reliability")
        );
        assert!(text(Assumed { carriers: 7, ..assumed(1.0) }).contains("in concentration: got 7; allowed: 1 to 6"));
        assert!(text(Assumed { inter_item_r: 0.99, ..assumed(1.0) }).contains("in inter_item_r: got 0.99"));
        assert!(text(Assumed { reliability: 0.0, ..assumed(1.0) }).contains("allowed: above 0 to 1"));
    }
}
