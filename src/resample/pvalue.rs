//! p-values from a null distribution: ties strict, weak or mid, one- and two-sided, and adjusted for many statistics.

use super::splits::SplitP;
use crate::num::ranks::tie_tolerance;
use crate::num::sums::standard_deviation;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Replicates whose running maxima stay in the nearest cache.
const STRETCH: usize = 2048;

/// Which statistics speak against the null hypothesis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tail {
    /// Large ones.
    Greater,
    /// Small ones.
    Less,
    /// Either; the smaller tail is doubled, as in scipy.
    Doubled,
    /// Either, by distance from zero.
    Symmetric,
}

/// The p-values of one statistic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PValue {
    /// By how ties with the observed value count.
    pub p: SplitP,
    /// Monte Carlo standard error of the weak one; 0 when enumerated.
    pub monte_carlo_error: f64,
    /// The smallest weak p-value that any arrangement (or this number of random ones) can reach.
    pub floor: f64,
    /// Arrangements on which the statistic is undefined; they count as extreme.
    pub n_undefined: usize,
}

/// Counts of the null distribution against one value.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    strict: usize,
    weak: usize,
}

impl Tally {
    /// Values beyond `observed` in one direction; undefined values count as beyond, so that they never help.
    fn of(null: impl Iterator<Item = f64>, observed: f64, tolerance: f64) -> Self {
        let (least, beyond) = (observed - tolerance, observed + tolerance);
        let mut tally = Self::default();
        for value in null {
            tally.weak += usize::from(value.is_nan() || value >= least);
            tally.strict += usize::from(value.is_nan() || value > beyond);
        }
        tally
    }

    fn and(self, other: Self) -> Self {
        Self { strict: self.strict + other.strict, weak: self.weak + other.weak }
    }

    /// Shares; when drawn the observed arrangement counts as one of the random ones (Phipson and Smyth 2010).
    fn p(self, n: usize, enumerated: bool) -> SplitP {
        let extra = f64::from(u8::from(!enumerated));
        let weak = (self.weak as f64 + extra) / (n as f64 + extra);
        let strict = self.strict as f64 / (n as f64 + extra);
        SplitP { weak, strict, mid: f64::midpoint(weak, strict) }
    }
}

fn each(a: SplitP, b: SplitP, f: impl Fn(f64, f64) -> f64) -> SplitP {
    SplitP { weak: f(a.weak, b.weak), strict: f(a.strict, b.strict), mid: f(a.mid, b.mid) }
}

/// Spread of the defined values: the scale of the tie tolerance.
fn spread(null: &[f64]) -> f64 {
    if undefined(null) == 0 {
        return standard_deviation(null);
    }
    let finite: Vec<f64> = null.iter().copied().filter(|x| x.is_finite()).collect();
    standard_deviation(&finite)
}

fn undefined(null: &[f64]) -> usize {
    null.iter().map(|x| usize::from(!x.is_finite())).sum()
}

/// The p-values of one observed statistic against its null distribution.
pub fn p_value(null: &[f64], observed: f64, tail: Tail, enumerated: bool) -> PValue {
    let n = null.len();
    let tolerance = tie_tolerance(observed, spread(null));
    let upper = |x: f64| Tally::of(null.iter().copied(), x, tolerance).p(n, enumerated);
    let lower = |x: f64| Tally::of(null.iter().map(|v| -v), -x, tolerance).p(n, enumerated);
    let distance = |x: f64| Tally::of(null.iter().map(|v| v.abs()), x.abs(), tolerance).p(n, enumerated);
    let doubled = |a: SplitP, b: SplitP| each(a, b, |a, b| (2.0 * a.min(b)).min(1.0));
    let (p, factor) = match tail {
        Tail::Greater => (upper(observed), 1.0),
        Tail::Less => (lower(observed), 1.0),
        Tail::Doubled => (doubled(upper(observed), lower(observed)), 2.0),
        Tail::Symmetric => (distance(observed), 1.0),
    };
    let floor = || {
        let finite = || null.iter().copied().filter(|x| x.is_finite());
        let (most, least) = (finite().fold(f64::MIN, f64::max), finite().fold(f64::MAX, f64::min));
        match tail {
            Tail::Greater => upper(most).weak,
            Tail::Less => lower(least).weak,
            Tail::Doubled => (2.0 * upper(most).weak.min(lower(least).weak)).min(1.0),
            Tail::Symmetric => distance(most.abs().max(least.abs())).weak,
        }
    };
    // With random arrangements more of them reach lower: the floor is that of their number.
    let floor = if enumerated { floor() } else { factor / (n + 1) as f64 };
    let share = p.weak / factor;
    let error = if enumerated { 0.0 } else { factor * (share * (1.0 - share) / n as f64).sqrt() };
    PValue { p, monte_carlo_error: error, floor, n_undefined: undefined(null) }
}

/// Step-down max-T adjusted p-values (Westfall and Young 1993, algorithm 4.1; Romano and Wolf 2005,
/// <https://doi.org/10.1198/016214504000000539>).
///
/// `null` is outputs x replicates. Statistics are made comparable by the SD of their null distributions; one that never
/// varies is left out of every maximum and has p = 1.
pub fn step_down(null: &[f64], observed: &[f64], tail: Tail, enumerated: bool) -> Vec<SplitP> {
    let (k, n) = (observed.len(), null.len() / observed.len().max(1));
    let row = |j: usize| &null[j * n..(j + 1) * n];
    let recip = |s: f64| if s > 0.0 { s.recip() } else { 0.0 };
    let scale: Vec<f64> = (0..k).into_par_iter().map(|j| recip(spread(row(j)))).collect();
    let size = |j: usize, x: f64| match tail {
        Tail::Greater => x * scale[j],
        Tail::Less => -x * scale[j],
        Tail::Doubled | Tail::Symmetric => x.abs() * scale[j],
    };
    let mut order: Vec<usize> = (0..k).filter(|&j| scale[j] > 0.0).collect();
    order.sort_by(|&a, &b| size(b, observed[b]).total_cmp(&size(a, observed[a])));
    let values: Vec<f64> = (0..k).map(|j| size(j, observed[j])).collect();
    // From the smallest statistic up: the running maximum over it and all smaller ones, a stretch of replicates at a time.
    let counted = |stretch: usize| {
        let replicates = stretch * STRETCH..n.min((stretch + 1) * STRETCH);
        let mut running = vec![f64::NEG_INFINITY; replicates.len()];
        let mut tallies = vec![Tally::default(); k];
        for &j in order.iter().rev() {
            for (most, &x) in running.iter_mut().zip(&row(j)[replicates.clone()]) {
                // Once undefined, always undefined: a comparison with NaN is false.
                let x = size(j, x);
                *most = if x > *most || x.is_nan() { x } else { *most };
            }
            tallies[j] = Tally::of(running.iter().copied(), values[j], tie_tolerance(values[j], 1.0));
        }
        tallies
    };
    let both = |a: Vec<Tally>, b: Vec<Tally>| a.into_iter().zip(b).map(|(a, b)| a.and(b)).collect();
    let tallies = (0..n.div_ceil(STRETCH)).into_par_iter().map(counted).reduce(|| vec![Tally::default(); k], both);
    let never = SplitP { weak: 1.0, strict: 1.0, mid: 1.0 };
    let mut adjusted: Vec<SplitP> =
        (0..k).map(|j| if scale[j] > 0.0 { tallies[j].p(n, enumerated) } else { never }).collect();
    // Then monotone from the largest down.
    let mut before = SplitP { weak: 0.0, strict: 0.0, mid: 0.0 };
    for &j in &order {
        before = each(before, adjusted[j], f64::max);
        adjusted[j] = before;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_values_by_hand() {
        let null = [-2.0, -1.0, 0.0, 1.0, 1.0 + 1e-15, 2.0];
        let p = p_value(&null, 1.0, Tail::Greater, true);
        assert_eq!((p.p.weak, p.p.strict), (0.5, 1.0 / 6.0));
        assert_eq!(p.floor, 1.0 / 6.0);
        let p = p_value(&null, 1.0, Tail::Greater, false);
        assert_eq!((p.p.weak, p.p.strict, p.floor), (4.0 / 7.0, 1.0 / 7.0, 1.0 / 7.0));
        let p = p_value(&null, -1.0, Tail::Doubled, true);
        assert!((p.p.weak - 2.0 / 3.0).abs() < 1e-15 && (p.floor - 1.0 / 3.0).abs() < 1e-15);
        assert!((p_value(&null, -1.0, Tail::Symmetric, true).p.weak - 5.0 / 6.0).abs() < 1e-15);
    }

    #[test]
    fn an_undefined_arrangement_never_helps() {
        let p = p_value(&[f64::NAN, 0.0, 1.0, 2.0], 2.0, Tail::Greater, true);
        assert_eq!((p.p.weak, p.n_undefined), (0.5, 1));
    }

    #[test]
    fn step_down_by_hand() {
        // Two statistics with the same null SD, six arrangements.
        let null = [3.0, -3.0, 1.0, -1.0, 2.0, -2.0, 1.0, 2.0, -3.0, 3.0, -1.0, -2.0];
        let adjusted = step_down(&null, &[3.0, 2.0], Tail::Symmetric, true);
        // Maxima over both: 3 3 3 3 2 2; the second alone reaches 2 in four.
        assert!((adjusted[0].weak - 4.0 / 6.0).abs() < 1e-15);
        assert!((adjusted[1].weak - 4.0 / 6.0).abs() < 1e-15);
        let constant = step_down(&[1.0, 1.0, 0.0, 2.0], &[1.0, 2.0], Tail::Greater, true);
        assert_eq!((constant[0].weak, constant[1].weak), (1.0, 0.5));
    }
}
