//! The coefficients: observed agreement beyond what chance would give, each with its own idea of chance.
//!
//! All but alpha and Bangdiwala's B are `(observed - expected)/(1 - expected)`, with observed agreement the mean over
//! units of the mean weight over pairs of ratings (Gwet 2014, chapters 2, 4 and 5).

use super::alpha;
use super::sums::{Frame, Sums};
use super::weights::Weights;
use serde::{Deserialize, Serialize};

/// A coefficient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coefficient {
    /// Observed agreement alone.
    PercentAgreement,
    /// Chance from each coder's own shares; two coders.
    CohenKappa,
    /// The same for any number of coders: Cohen's chance averaged over pairs.
    CongerKappa,
    /// Chance from the shares of all coders together.
    FleissKappa,
    /// The same for two coders.
    ScottPi,
    /// Chance from equal shares.
    BrennanPrediger,
    /// Chance from the share of units that are hard to rate; unweighted.
    #[serde(rename = "gwet-ac1")]
    GwetAc1,
    /// The same with weights.
    #[serde(rename = "gwet-ac2")]
    GwetAc2,
    /// One minus disagreement over its expectation, for small samples and missing ratings.
    KrippendorffAlpha,
    /// Agreement squared over what the marginals allow; two coders, units that both rated.
    BangdiwalaB,
}

/// A coefficient with the set of weights that it uses.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Which.
    pub coefficient: Coefficient,
    /// Index into the sets of weights of the frame.
    pub weights: usize,
}

/// A value and what it is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Value {
    /// The coefficient; NaN where it is undefined.
    pub estimate: f64,
    /// Observed agreement.
    pub observed: f64,
    /// Agreement expected by chance.
    pub expected: f64,
}

impl Value {
    fn corrected(observed: f64, expected: f64) -> Self {
        // Every rating in one category: chance alone explains all, and nothing is left to be beaten.
        let room = 1.0 - expected;
        let estimate = if room > 1e-12 { (observed - expected) / room } else { f64::NAN };
        Self { estimate, observed, expected }
    }

    const UNDEFINED: Self = Self { estimate: f64::NAN, observed: f64::NAN, expected: f64::NAN };
}

/// Evaluates a coefficient on sums.
pub fn evaluate(asked: Asked, frame: &Frame<'_>, sums: &mut Sums) -> Value {
    if sums.pairable <= 0.0 {
        return Value::UNDEFINED;
    }
    let weights = &frame.weights[asked.weights];
    let observed = sums.agree[asked.weights] / sums.pairable;
    match asked.coefficient {
        Coefficient::PercentAgreement => Value { estimate: observed, observed, expected: 0.0 },
        Coefficient::CohenKappa | Coefficient::CongerKappa => Value::corrected(observed, conger(weights, frame, sums)),
        Coefficient::FleissKappa | Coefficient::ScottPi => Value::corrected(observed, pooled(weights, sums)),
        Coefficient::BrennanPrediger => Value::corrected(observed, uniform(weights, sums.shares.len())),
        Coefficient::GwetAc1 | Coefficient::GwetAc2 => Value::corrected(observed, gwet(weights, sums)),
        Coefficient::KrippendorffAlpha => krippendorff(frame, sums),
        Coefficient::BangdiwalaB => bangdiwala(frame, sums),
    }
}

fn pooled(weights: &Weights, sums: &mut Sums) -> f64 {
    weights.form(&sums.shares, &sums.shares) / (sums.n * sums.n)
}

pub(super) fn uniform(weights: &Weights, q: usize) -> f64 {
    weights.total() / (q * q) as f64
}

fn gwet(weights: &Weights, sums: &Sums) -> f64 {
    let q = sums.shares.len() as f64;
    if q < 2.0 {
        return 1.0;
    }
    let hard: f64 = sums.shares.iter().map(|s| s / sums.n * (1.0 - s / sums.n)).sum();
    weights.total() * hard / (q * (q - 1.0))
}

/// Mean over ordered pairs of different coders of `p_g' W p_h`.
fn conger(weights: &Weights, frame: &Frame<'_>, sums: &mut Sums) -> f64 {
    let (r, q) = (frame.tally.coders, frame.tally.categories);
    let mut own = 0.0;
    sums.scratch.fill(0.0);
    for row in sums.by_coder.chunks_exact(q) {
        let n: f64 = row.iter().sum();
        if n <= 0.0 {
            return f64::NAN;
        }
        own += weights.form(row, row) / (n * n);
        for (total, x) in sums.scratch.iter_mut().zip(row) {
            *total += x / n;
        }
    }
    (weights.form(&sums.scratch, &sums.scratch) - own) / (r * (r - 1)) as f64
}

/// Alpha; its observed and expected agreement are one minus the mean disagreement, in units of the largest expected.
fn krippendorff(frame: &Frame<'_>, sums: &Sums) -> Value {
    let parts = alpha::parts(frame, sums);
    if parts.between <= 0.0 {
        return Value { observed: f64::NAN, expected: f64::NAN, estimate: f64::NAN };
    }
    let (within, between) = (parts.within / parts.ratings, parts.between / (parts.ratings * (parts.ratings - 1.0)));
    // Only nominal disagreement is a share of pairs; at the other levels its unit is that of the values.
    let share = frame.level == alpha::Level::Nominal;
    let agreement = |disagreement: f64| if share { 1.0 - disagreement } else { f64::NAN };
    Value {
        estimate: 1.0 - (parts.ratings - 1.0) * parts.within / parts.between,
        observed: agreement(within),
        expected: agreement(between),
    }
}

fn bangdiwala(frame: &Frame<'_>, sums: &Sums) -> Value {
    let (_, area) = margins(frame, sums);
    let agree: f64 = sums.both.iter().map(|x| x * x).sum();
    let estimate = if area > 0.0 { agree / area } else { f64::NAN };
    Value { estimate, observed: sums.both.iter().sum::<f64>() / sums.pairable, expected: f64::NAN }
}

/// Row and column totals of two coders who rated every unit, and the sum of their products.
pub(super) fn margins<'s>(frame: &Frame<'_>, sums: &'s Sums) -> ((&'s [f64], &'s [f64]), f64) {
    let (row, column) = sums.by_coder.split_at(frame.tally.categories);
    ((row, column), row.iter().zip(column).map(|(a, b)| a * b).sum())
}
