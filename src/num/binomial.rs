//! Binomial draws from one word of random bits each: a table of the law, built once.

/// Weights below this share of the largest are left out: together they are far below what 64 bits can tell.
const NEGLIGIBLE: f64 = 1e-24;

/// The law of k successes in n trials, as an alias table (Walker 1977, <https://doi.org/10.1145/355744.355749>).
///
/// Only the values that carry any probability in double precision are kept, some 20 standard deviations.
#[derive(Debug, Clone, PartialEq)]
pub struct BinomialTable {
    first: f64,
    /// For every place the bits below which it keeps its own value, and the place that it stands in for otherwise.
    places: Vec<(u64, u32)>,
}

impl BinomialTable {
    /// The law for `n` trials with probability `p`.
    ///
    /// ```
    /// use steelyard::num::binomial::BinomialTable;
    /// // Two trials at one half: a quarter, a half, a quarter; the lowest and highest bits give 0 and 2.
    /// let law = BinomialTable::new(2, 0.5);
    /// assert_eq!((law.draw(0), law.draw(u64::MAX / 2)), (0.0, 1.0));
    /// assert_eq!(BinomialTable::new(9, 0.0).draw(123), 0.0);
    /// assert_eq!(BinomialTable::new(9, 1.0).draw(123), 9.0);
    /// ```
    pub fn new(n: u64, p: f64) -> Self {
        let odds = p / (1.0 - p);
        if n == 0 || p <= 0.0 || !odds.is_finite() {
            let first = if p > 0.0 { n as f64 } else { 0.0 };
            return Self { first, places: vec![(u64::MAX, 0)] };
        }
        let mode = (((n + 1) as f64 * p).floor() as u64).min(n);
        // From the mode outwards by the ratio of neighbours, so that nothing overflows.
        let up = (mode..n).scan(1.0, |weight, k| {
            *weight *= (n - k) as f64 / (k + 1) as f64 * odds;
            Some(*weight)
        });
        let down = (0..mode).rev().scan(1.0, |weight, k| {
            *weight *= (k + 1) as f64 / (n - k) as f64 / odds;
            Some(*weight)
        });
        let counts = |weight: &f64| *weight > NEGLIGIBLE;
        let mut weights: Vec<f64> = down.take_while(counts).collect();
        let first = (mode - weights.len() as u64) as f64;
        weights.reverse();
        weights.push(1.0);
        weights.extend(up.take_while(counts));
        Self { first, places: alias(&weights) }
    }

    /// The draw that 64 uniform bits stand for.
    pub fn draw(&self, bits: u64) -> f64 {
        let product = u128::from(bits) * self.places.len() as u128;
        let (place, rest) = ((product >> 64) as usize, product as u64);
        let (below, other) = self.places[place];
        self.first + if rest < below { place as f64 } else { f64::from(other) }
    }
}

/// Vose's alias table (1991, <https://doi.org/10.1109/32.92917>).
fn alias(weights: &[f64]) -> Vec<(u64, u32)> {
    let scale = weights.len() as f64 / weights.iter().sum::<f64>();
    let mut shares: Vec<f64> = weights.iter().map(|w| w * scale).collect();
    let mut places: Vec<(u64, u32)> = (0..weights.len() as u32).map(|i| (u64::MAX, i)).collect();
    let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..shares.len()).partition(|&i| shares[i] < 1.0);
    while let (Some(&low), Some(&high)) = (small.last(), large.last()) {
        small.pop();
        places[low] = ((shares[low] * 2.0_f64.powi(64)) as u64, high as u32);
        shares[high] -= 1.0 - shares[low];
        if shares[high] < 1.0 {
            large.pop();
            small.push(high);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::special::ln_gamma;

    /// Every probability of the table, summed over its places.
    fn law(table: &BinomialTable) -> Vec<(f64, f64)> {
        let n = table.places.len();
        let mut mass = vec![0.0; n];
        for (place, &(below, other)) in table.places.iter().enumerate() {
            let own = below as f64 / 2.0_f64.powi(64);
            mass[place] += own / n as f64;
            mass[other as usize] += (1.0 - own) / n as f64;
        }
        mass.into_iter().enumerate().map(|(i, m)| (table.first + i as f64, m)).collect()
    }

    #[test]
    fn the_table_is_the_law() {
        for (n, p) in [(1_u64, 0.3), (7, 0.5), (40, 0.05), (500, 0.97), (100_000, 0.2)] {
            let (of_n, table) = (n as f64, BinomialTable::new(n, p));
            let chosen = |k: f64| ln_gamma(of_n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(of_n - k + 1.0);
            for (k, mass) in law(&table) {
                let direct = (chosen(k) + k * p.ln() + (of_n - k) * (1.0 - p).ln()).exp();
                assert!((mass - direct).abs() < 1e-15 + 1e-9 * direct, "{n} {p} {k}: {mass} {direct}");
            }
            assert!(table.places.len() as f64 <= 1.0 + of_n.min(24.0 * (of_n * p * (1.0 - p)).sqrt() + 40.0));
        }
    }
}
