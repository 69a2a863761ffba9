//! Quantiles: of a sample by selection (no full sort), of a distribution with probabilities by the inverse CDF.

use super::special::{normal_cdf, normal_quantile};
use serde::{Deserialize, Serialize};

/// Which point between two order statistics a sample quantile is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Linear between order statistics at `(n - 1) p` (Hyndman and Fan 1996, type 7): the rule of NumPy and scipy.
    #[default]
    Linear,
    /// The order statistic at `(n + 1) p`, interpolated on the normal scale (Davison and Hinkley 1997, equation 5.8):
    /// the rule of R's boot.
    NormalScale,
}

/// Quantiles of the sample `values` (reordered in place; no NaN) at probabilities `ps`.
pub fn quantiles(values: &mut [f64], ps: &[f64], rule: Rule) -> Vec<f64> {
    if values.is_empty() {
        return vec![f64::NAN; ps.len()];
    }
    let n = values.len();
    let places: Vec<Place> = ps.iter().map(|&p| Place::of(p, n, rule)).collect();
    let mut ranks: Vec<usize> = places.iter().flat_map(|place| [place.lower, place.upper]).collect();
    ranks.sort_unstable();
    ranks.dedup();
    select(values, 0, &ranks);
    places.iter().map(|place| place.between(values[place.lower], values[place.upper])).collect()
}

/// Two neighbouring order statistics and how far to go from the first to the second.
struct Place {
    lower: usize,
    upper: usize,
    share: f64,
}

impl Place {
    fn of(p: f64, n: usize, rule: Rule) -> Self {
        let p = p.clamp(0.0, 1.0);
        let (position, last) = match rule {
            Rule::Linear => (p * (n - 1) as f64, n - 1),
            Rule::NormalScale => ((p * (n + 1) as f64 - 1.0).clamp(0.0, (n - 1) as f64), n - 1),
        };
        // A product that misses a whole number by rounding means that whole number.
        let whole = position.round();
        let position = if (position - whole).abs() < 1e-9 { whole } else { position };
        let lower = (position.floor() as usize).min(last);
        let upper = (lower + 1).min(last);
        let share = match rule {
            Rule::Linear => position - lower as f64,
            Rule::NormalScale if upper == lower || position == lower as f64 => 0.0,
            Rule::NormalScale => {
                let z = |rank: usize| normal_quantile((rank + 1) as f64 / (n + 1) as f64);
                (normal_quantile(p) - z(lower)) / (z(upper) - z(lower))
            }
        };
        Self { lower, upper, share }
    }

    fn between(&self, low: f64, high: f64) -> f64 {
        // Equal or infinite neighbours must not become NaN.
        if self.share == 0.0 || low == high { low } else { low + self.share * (high - low) }
    }
}

/// Puts the order statistics of the given sorted ranks in their places; `values[0]` has rank `first`.
fn select(values: &mut [f64], first: usize, ranks: &[usize]) {
    if ranks.is_empty() || values.len() < 2 {
        return;
    }
    let middle = ranks.len() / 2;
    let at = ranks[middle] - first;
    values.select_nth_unstable_by(at, f64::total_cmp);
    let (low, high) = values.split_at_mut(at);
    select(low, first, &ranks[..middle]);
    select(&mut high[1..], first + at + 1, &ranks[middle + 1..]);
}

/// A discrete distribution, sorted once: values ascending with the probability of each or less.
#[derive(Debug, Clone)]
pub struct Discrete {
    values: Vec<f64>,
    cumulative: Vec<f64>,
}

impl Discrete {
    /// From values (no NaN) and probabilities in any order and of any positive total.
    pub fn new(values: &[f64], probabilities: &[f64]) -> Self {
        let mut order: Vec<u32> = (0..values.len() as u32).collect();
        order.sort_unstable_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]).then(a.cmp(&b)));
        let total = super::sums::sum(probabilities.iter().copied());
        let (mut run, mut lost) = (0.0_f64, 0.0_f64);
        let cumulative = order.iter().map(|&i| {
            let (x, next) = (probabilities[i as usize], run + probabilities[i as usize]);
            lost += if run >= x { (run - next) + x } else { (x - next) + run };
            run = next;
            (run + lost) / total
        });
        let cumulative = cumulative.collect();
        Self { values: order.iter().map(|&i| values[i as usize]).collect(), cumulative }
    }

    /// The smallest value whose cumulative probability reaches `p`; a cumulative probability that misses `p` by
    /// rounding (1e-12) reaches it.
    pub fn quantile(&self, p: f64) -> f64 {
        let at = self.cumulative.partition_point(|&c| c < p - 1e-12);
        self.values.get(at).or(self.values.last()).copied().unwrap_or(f64::NAN)
    }
}

/// The level at which a percentile interval on n units has the width of one by Student's t (Hesterberg 2015,
/// <https://doi.org/10.1080/00031305.2015.1089789>).
pub fn expanded_level(p: f64, n: f64) -> f64 {
    normal_cdf((n / (n - 1.0)).sqrt() * super::special::t_quantile(p, n - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    // R 4.2, boot 1.3-28.1: the interpolation that boot.ci uses, on t* = 1..200 and 1..999 (reference table, row 34).
    #[test]
    fn the_normal_scale_rule_is_that_of_boot() {
        let mut values: Vec<f64> = (1..=200).map(f64::from).collect();
        let q = quantiles(&mut values, &[0.025, 0.975], Rule::NormalScale);
        assert!((q[0] - 5.026_958_801).abs() < 1e-9 && (q[1] - 195.973_041_199).abs() < 1e-9, "{q:?}");
        let mut values: Vec<f64> = (1..=999).rev().map(f64::from).collect();
        assert_eq!(quantiles(&mut values, &[0.025, 0.975], Rule::NormalScale), [25.0, 975.0]);
    }

    #[test]
    fn linear_by_hand() {
        let mut values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(quantiles(&mut values, &[0.0, 0.5, 1.0, 0.25], Rule::Linear), [1.0, 2.5, 4.0, 1.75]);
        assert!(quantiles(&mut [], &[0.5], Rule::Linear)[0].is_nan());
        assert_eq!(quantiles(&mut [f64::INFINITY, f64::INFINITY], &[0.3], Rule::Linear), [f64::INFINITY]);
    }

    #[test]
    fn a_discrete_quantile_is_the_inverse_cdf() {
        let d = Discrete::new(&[3.0, 1.0, 2.0], &[0.25, 0.25, 0.5]);
        assert_eq!([0.0, 0.25, 0.2501, 0.75, 0.751, 1.0].map(|p| d.quantile(p)), [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
    }

    proptest::proptest! {
        #[test]
        fn selection_agrees_with_sorting(values in proptest::collection::vec(-10_i32..10, 1..80), p in 0.0..1.0_f64) {
            let mut values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let picked = quantiles(&mut values, &[p, 1.0 - p, 0.5], Rule::Linear);
            values.sort_by(f64::total_cmp);
            for (p, q) in [p, 1.0 - p, 0.5].into_iter().zip(picked) {
                let h = p * (values.len() - 1) as f64;
                let (lo, hi) = (values[h.floor() as usize], values[h.ceil() as usize]);
                proptest::prop_assert!((lo + (h - h.floor()) * (hi - lo) - q).abs() < 1e-7);
            }
        }
    }
}
