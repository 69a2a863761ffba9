//! Every bootstrap sample there is: multisets of units with their multinomial probabilities (Fisher and Hall 1991).
//!
//! A stratum of n units of which m are drawn has C(n + m - 1, m) multisets; strata multiply. A multiset is reached from
//! its rank, so that ranges can be visited in parallel, and the next one by a step.

use super::plan::{Law, Plan};
use crate::num::special::ln_gamma;

/// The multisets of one plan.
#[derive(Debug)]
pub struct Multisets<'a> {
    plan: &'a Plan,
    /// Number of multisets of every stratum.
    sizes: Vec<u64>,
    total: u64,
}

/// C(n + m - 1, m), the multisets of m out of n units; `None` above `limit`.
pub fn count_multisets(n: usize, m: usize, limit: u64) -> Option<u64> {
    let mut count: u128 = 1;
    for i in 0..m.min(n - 1) {
        count = count * (n + m - 1 - i) as u128 / (i + 1) as u128;
        if count > u128::from(limit) {
            return None;
        }
    }
    Some(count as u64)
}

impl<'a> Multisets<'a> {
    /// The multisets of a plan, when its law draws whole units and there are at most `limit` of them.
    pub fn of(plan: &'a Plan, limit: u64) -> Option<Self> {
        if plan.law() != Law::Multinomial {
            return None;
        }
        let mut total: u64 = 1;
        let mut sizes = Vec::new();
        for stratum in plan.strata() {
            let size = count_multisets(stratum.size, stratum.draws, limit)?;
            total = total.checked_mul(size).filter(|&t| t <= limit)?;
            sizes.push(size);
        }
        Some(Self { plan, sizes, total })
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.total
    }

    /// Never: a plan has at least one sample.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// A cursor at the multiset of rank `from`.
    pub fn cursor(&self, from: u64) -> Cursor<'_> {
        let mut counts = vec![0_u32; self.plan.n_units()];
        let mut rest = from;
        for (stratum, &size) in self.plan.strata().iter().zip(&self.sizes) {
            unrank(&mut counts[stratum.first..stratum.first + stratum.size], stratum.draws, rest % size);
            rest /= size;
        }
        let most = self.plan.strata().iter().map(|s| s.draws).max().unwrap_or(0);
        let ln_factorials = (0..=most).map(|k| ln_gamma(k as f64 + 1.0)).collect();
        Cursor { plan: self.plan, counts, ln_factorials, factorials: factorials() }
    }
}

/// 0! to 18!, exact in a double.
fn factorials() -> [f64; 19] {
    let mut table = [1.0; 19];
    for k in 1..19 {
        table[k] = table[k - 1] * k as f64;
    }
    table
}

/// Where a walk over the multisets stands.
#[derive(Debug)]
pub struct Cursor<'a> {
    plan: &'a Plan,
    counts: Vec<u32>,
    ln_factorials: Vec<f64>,
    factorials: [f64; 19],
}

impl Cursor<'_> {
    /// How often each unit is drawn.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// The multinomial probability of the present multiset.
    pub fn probability(&self) -> f64 {
        let mut probability = 1.0;
        for stratum in self.plan.strata() {
            let counts = &self.counts[stratum.first..stratum.first + stratum.size];
            probability *= if stratum.draws <= 18 {
                let ways = counts.iter().fold(self.factorials[stratum.draws], |w, &c| w / self.factorials[c as usize]);
                ways / (stratum.size as f64).powf(stratum.draws as f64)
            } else {
                let ways =
                    counts.iter().fold(self.ln_factorials[stratum.draws], |w, &c| w - self.ln_factorials[c as usize]);
                (ways - stratum.draws as f64 * (stratum.size as f64).ln()).exp()
            };
        }
        probability
    }

    /// Steps to the next multiset; after the last, to the first.
    pub fn step(&mut self) {
        for stratum in self.plan.strata() {
            let last = !next(&mut self.counts[stratum.first..stratum.first + stratum.size]);
            if !last {
                return;
            }
        }
    }
}

/// The multiset of a rank: all draws on the first unit come first, on the last unit last.
fn unrank(counts: &mut [u32], draws: usize, rank: u64) {
    let (n, mut left, mut rank) = (counts.len(), draws, rank);
    for i in 0..n - 1 {
        let others = n - 1 - i;
        let mut here = left;
        loop {
            // Multisets with exactly `here` draws on unit i: the other draws fall on the units after it.
            let ways = count_multisets(others, left - here, u64::MAX - 1).unwrap_or(u64::MAX);
            if rank < ways {
                break;
            }
            rank -= ways;
            here -= 1;
        }
        counts[i] = here as u32;
        left -= here;
    }
    counts[n - 1] = left as u32;
}

/// The next multiset in that order; false (and the first again) after the last.
fn next(counts: &mut [u32]) -> bool {
    let n = counts.len();
    let Some(i) = counts[..n - 1].iter().rposition(|&c| c > 0) else {
        counts.swap(0, n - 1);
        return false;
    };
    let after: u32 = counts[i + 1..].iter().sum();
    counts[i] -= 1;
    counts[i + 1..].fill(0);
    counts[i + 1] = after + 1;
    true
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_multisets() {
        assert_eq!(count_multisets(6, 6, 1 << 40), Some(462));
        assert_eq!(count_multisets(10, 10, 1 << 40), Some(92_378));
        assert_eq!(count_multisets(12, 12, 1 << 40), Some(1_352_078));
        assert_eq!(count_multisets(20, 20, 5_000_000), None);
        assert_eq!(count_multisets(1, 7, 100), Some(1));
    }

    #[test]
    fn steps_and_ranks_agree_and_probabilities_sum_to_one() {
        let plan = Plan::new(&[0, 1, 2, 3, 4, 5, 6], &[0, 0, 0, 1, 1, 1, 1], None, Law::Multinomial).unwrap();
        let all = Multisets::of(&plan, 10_000).unwrap();
        assert_eq!(all.len(), 10 * 35);
        let mut walk = all.cursor(0);
        let mut mass = 0.0;
        for rank in 0..all.len() {
            assert_eq!(walk.counts(), all.cursor(rank).counts(), "rank {rank}");
            mass += walk.probability();
            walk.step();
        }
        assert!((mass - 1.0).abs() < 1e-14);
        assert_eq!(walk.counts(), all.cursor(0).counts());
    }

    #[test]
    fn m_of_n_beyond_the_factorial_table() {
        let plan = Plan::new(&[0, 1, 2], &[0, 0, 0], Some(&[30]), Law::Multinomial).unwrap();
        let all = Multisets::of(&plan, 10_000).unwrap();
        let mut walk = all.cursor(0);
        let mass: f64 = (0..all.len())
            .map(|_| {
                let p = walk.probability();
                walk.step();
                p
            })
            .sum();
        assert!((mass - 1.0).abs() < 1e-12, "{mass}");
    }
}
