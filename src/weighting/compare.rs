//! Many schemes at once: is any of them superior to the reference, and which cannot be told from the best?

use super::contest::Entry;
use super::gain::GainInterval;
use super::null::{NullGains, deviation};
use crate::simulate::copula::normal;
use crate::stream::{Purpose, Seed};
use serde::Serialize;

/// The test for superior predictive ability: many schemes against one reference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Superiority {
    /// Largest gain over its own standard deviation under equal weights; zero when no scheme gains.
    pub statistic: f64,
    /// The scheme that has it.
    pub scheme: usize,
    /// Share of null replicates with a statistic at least as large.
    pub p_value: f64,
    /// Schemes against the reference.
    pub tried: usize,
    /// Standard error of the p from the number of replicates.
    pub monte_carlo_error: f64,
}

/// The test of Hansen (2005, doi:10.1198/073500105000000063) with the null of equal weights drawn, not recentred: each null replicate
/// has run through the whole contest, so that what a scheme loses by estimating weights is already in it. Gains are divided
/// by their standard deviation under the null, so that an erratic scheme does not drown a steady one, and floored at zero.
///
/// `None` without gains or replicates. An undefined replicate counts against the schemes.
pub(super) fn superiority(gains: &[Option<f64>], reference: usize, null: &NullGains) -> Option<Superiority> {
    let schemes: Vec<(usize, f64, f64)> = (0..gains.len())
        .filter(|c| *c != reference)
        .filter_map(|c| Some((c, gains[c]?, deviation(&null.gains[c]))))
        .collect();
    if schemes.is_empty() || null.replicates == 0 {
        return None;
    }
    let ratio = |gain: f64, deviation: f64| if deviation > 0.0 { (gain / deviation).max(0.0) } else { 0.0 };
    let (mut statistic, mut scheme) = (0.0, schemes[0].0);
    for (c, gain, deviation) in &schemes {
        if ratio(*gain, *deviation) > statistic {
            (statistic, scheme) = (ratio(*gain, *deviation), *c);
        }
    }
    let reaches = |i: usize| {
        let drawn = schemes.iter().map(|(c, _, deviation)| {
            let gain = null.gains[*c][i];
            if gain.is_nan() { f64::INFINITY } else { ratio(gain, *deviation) }
        });
        drawn.fold(0.0, f64::max) >= statistic * (1.0 - 1e-10)
    };
    let at_least = (0..null.replicates).filter(|i| reaches(*i)).count();
    let p_value = (1 + at_least) as f64 / (1 + null.replicates) as f64;
    Some(Superiority {
        statistic,
        scheme,
        p_value,
        tried: schemes.len(),
        monte_carlo_error: (p_value * (1.0 - p_value) / null.replicates as f64).sqrt(),
    })
}

/// The p of every scheme for staying in the model confidence set (Hansen, Lunde and Nason 2011, doi:10.3982/ECTA5771): schemes
/// are compared with the mean of those left, the worst is dropped while equality is rejected, and a scheme's p is the
/// largest up to its removal. Those with p above alpha cannot be told from the best at level alpha.
///
/// Losses are compared where the truth lies, not under equal weights, where a scheme that finds something would vary too
/// little: their joint distribution is the jackknife's over sites, drawn with normal multipliers over a root of chi-square
/// (a multivariate t on G - 1 degrees of freedom, as the interval of the gain has). `None` entries are not in the set.
pub(super) fn model_set(entries: &[Entry], replicates: usize, seed: Seed) -> Vec<Option<f64>> {
    let mut p_values = vec![None; entries.len()];
    let known: Vec<(usize, f64, &GainInterval)> =
        (0..entries.len()).filter_map(|c| Some((c, entries[c].gain?, entries[c].interval.as_ref()?))).collect();
    if known.len() < 2 {
        return p_values;
    }
    let departures: Vec<Vec<f64>> = known.iter().map(|(_, _, interval)| centred(&interval.without)).collect();
    let draws: Vec<Vec<f64>> = (0..replicates).map(|b| draw(&departures, seed, b as u64)).collect();
    let mut left: Vec<usize> = (0..known.len()).collect();
    let mut p_value = 0.0_f64;
    while left.len() > 1 {
        let (worst, p) = equality(&known, &departures, &draws, &left);
        p_value = p_value.max(p);
        p_values[known[worst].0] = Some(p_value);
        left.retain(|k| *k != worst);
    }
    p_values[known[left[0]].0] = Some(1.0);
    p_values
}

/// Departures of the reruns from their mean, scaled so that their sum of squares is the jackknife variance.
fn centred(without: &[f64]) -> Vec<f64> {
    let sites = without.len() as f64;
    let mean = without.iter().sum::<f64>() / sites;
    without.iter().map(|gain| ((sites - 1.0) / sites).sqrt() * (gain - mean)).collect()
}

fn draw(departures: &[Vec<f64>], seed: Seed, b: u64) -> Vec<f64> {
    let sites = departures[0].len();
    let mut stream = seed.stream(Purpose::Wild, b);
    let multipliers: Vec<f64> = (0..sites).map(|_| normal(&mut stream)).collect();
    let square: f64 = (1..sites).map(|_| normal(&mut stream).powi(2)).sum();
    let scale = (square / (sites - 1) as f64).sqrt();
    departures.iter().map(|own| own.iter().zip(&multipliers).map(|(d, m)| d * m).sum::<f64>() / scale).collect()
}

/// The scheme in `left` that falls furthest behind the mean of those left, in standard errors, and the p of so large a lag.
fn equality(
    known: &[(usize, f64, &GainInterval)],
    departures: &[Vec<f64>],
    draws: &[Vec<f64>],
    left: &[usize],
) -> (usize, f64) {
    let share = 1.0 / left.len() as f64;
    let mean = |values: &dyn Fn(usize) -> f64| left.iter().map(|k| values(*k)).sum::<f64>() * share;
    let sites = departures[0].len();
    let middle: Vec<f64> = (0..sites).map(|i| mean(&|k| departures[k][i])).collect();
    let error = |k: usize| departures[k].iter().zip(&middle).map(|(d, m)| (d - m).powi(2)).sum::<f64>().sqrt();
    let errors: Vec<f64> = left.iter().map(|k| error(*k)).collect();
    let gain = mean(&|k| known[k].1);
    let lag = |behind: f64, error: f64| if error > 1e-12 { behind / error } else { 0.0 };
    let (mut worst, mut statistic) = (left[0], f64::NEG_INFINITY);
    for (k, error) in left.iter().zip(&errors) {
        let found = lag(gain - known[*k].1, *error);
        if found > statistic {
            (worst, statistic) = (*k, found);
        }
    }
    let reaches = |drawn: &Vec<f64>| {
        let centre = mean(&|k| drawn[k]);
        left.iter().zip(&errors).any(|(k, error)| lag(centre - drawn[*k], *error) >= statistic - 1e-10)
    };
    let at_least = draws.iter().filter(|drawn| reaches(drawn)).count();
    (worst, (1 + at_least) as f64 / (1 + draws.len()) as f64)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn null(gains: Vec<Vec<f64>>) -> NullGains {
        NullGains { replicates: gains[0].len(), gains, undefined: 0, changes: Vec::new() }
    }

    #[test]
    fn superiority_counts_by_hand() {
        // Standard deviations 1 and 10: a gain of 2 is two of the first, a gain of 5 half of the second.
        let first = vec![-1.0, 1.0, -1.0, 1.0, 0.0];
        let second: Vec<f64> = first.iter().map(|g| 10.0 * g).collect();
        let found =
            superiority(&[Some(0.0), Some(2.0), Some(5.0)], 0, &null(vec![vec![0.0; 5], first, second])).unwrap();
        assert_eq!((found.scheme, found.tried), (1, 2));
        assert!((found.statistic - 2.0).abs() < 1e-12);
        assert!((found.p_value - 1.0 / 6.0).abs() < 1e-15);
    }

    #[test]
    fn a_contest_without_any_gain_has_p_one() {
        let found =
            superiority(&[Some(0.0), Some(-2.0)], 0, &null(vec![vec![0.0; 3], vec![-3.0, -2.0, -5.0]])).unwrap();
        assert_eq!((found.statistic, found.p_value), (0.0, 1.0));
    }
}
