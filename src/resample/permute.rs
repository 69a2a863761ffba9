//! Rearrangements under a null hypothesis: labels exchanged between units of a stratum, or values within a unit.
//!
//! Replicate i is a pure function of seed and index. When there are few enough arrangements each distinct one is
//! reached from its rank, so that a test can visit them all.

use crate::linalg::lanes::{LANES, Lane};
use crate::stream::{Purpose, Seed, Stream};
use std::ops::Range;

/// What may be exchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exchange {
    /// The label of every unit; labels move among the units of a stratum. With a label of its own for each unit these
    /// are the permutations of the units.
    Labels {
        /// Labels as observed.
        labels: Vec<u32>,
        /// Ranges of units; together all of them, in order.
        strata: Vec<Range<usize>>,
    },
    /// The order of the `size` values within each of `units` units; an order is its number among the `size`!.
    Within {
        /// Units (pairs, tuples).
        units: usize,
        /// Values per unit.
        size: usize,
    },
}

/// n!, or `None` above 2^63.
fn factorial(n: usize) -> Option<u64> {
    (1..=n as u64).try_fold(1_u64, |product, k| product.checked_mul(k).filter(|&p| p < 1 << 63))
}

/// Arrangements of a multiset of labels with the given counts, or `None` above `limit`.
fn arrangements(counts: &[u32], limit: u64) -> Option<u64> {
    let (mut ways, mut placed) = (1_u128, 0_u128);
    for &count in counts {
        for k in 1..=u128::from(count) {
            placed += 1;
            ways = ways * placed / k;
            if ways > u128::from(limit) {
                return None;
            }
        }
    }
    Some(ways as u64)
}

fn counts_of(labels: &[u32]) -> Vec<u32> {
    let mut counts = vec![0_u32; labels.iter().max().map_or(0, |&most| most as usize + 1)];
    for &label in labels {
        counts[label as usize] += 1;
    }
    counts
}

impl Exchange {
    /// Units that are arranged.
    pub fn units(&self) -> usize {
        match self {
            Self::Labels { labels, .. } => labels.len(),
            Self::Within { units, .. } => *units,
        }
    }

    /// Distinct arrangements, or `None` above `limit`.
    pub fn count(&self, limit: u64) -> Option<u64> {
        match self {
            Self::Labels { labels, strata } => strata.iter().try_fold(1_u64, |total, stratum| {
                let ways = arrangements(&counts_of(&labels[stratum.clone()]), limit)?;
                total.checked_mul(ways).filter(|&t| t <= limit)
            }),
            Self::Within { units, size } => {
                let ways = factorial(*size)?;
                (0..*units).try_fold(1_u64, |total, _| total.checked_mul(ways).filter(|&t| t <= limit))
            }
        }
    }

    /// Draws replicate `i` into `out`, one number per unit.
    pub fn draw(&self, seed: Seed, replicate: u64, out: &mut [u32]) {
        let mut stream = seed.stream(Purpose::Permute, replicate);
        match self {
            Self::Labels { labels, strata } => {
                out.copy_from_slice(labels);
                let mut swaps = vec![0; labels.len()];
                draw_swaps(&mut stream, strata, &mut swaps);
                for (i, j) in in_order(strata, &swaps) {
                    out.swap(i, j);
                }
            }
            Self::Within { size, .. } => {
                stream.fill_below(factorial(*size).unwrap_or(1) as u32, out);
            }
        }
    }

    /// Draws sixteen replicates at once, one per lane, and writes the value of each label (or order): what [`Self::draw`]
    /// gives, but the shuffles run side by side, so that none waits for its own memory.
    pub fn draw_values(&self, seed: Seed, replicates: &[u64; LANES], values: &[f64], out: &mut [Lane]) {
        if let Self::Labels { labels, strata } = self {
            out.iter_mut().zip(labels).for_each(|(out, &label)| *out = [values[label as usize]; LANES]);
            let units = labels.len();
            let mut swaps = vec![0; LANES * units];
            for (own, &replicate) in swaps.chunks_exact_mut(units.max(1)).zip(replicates) {
                draw_swaps(&mut seed.stream(Purpose::Permute, replicate), strata, own);
            }
            let own: [&[u32]; LANES] = std::array::from_fn(|lane| &swaps[lane * units..(lane + 1) * units]);
            for i in strata.iter().flat_map(|stratum| (stratum.start + 1..stratum.end).rev()) {
                for lane in 0..LANES {
                    let j = own[lane][i] as usize;
                    let moved = out[i][lane];
                    out[i][lane] = out[j][lane];
                    out[j][lane] = moved;
                }
            }
            return;
        }
        let mut arrangement = vec![0; out.len()];
        for (lane, &replicate) in replicates.iter().enumerate() {
            self.draw(seed, replicate, &mut arrangement);
            out.iter_mut().zip(&arrangement).for_each(|(out, &order)| out[lane] = values[order as usize]);
        }
    }

    /// The arrangement of a rank. Rank 0 has labels in ascending order.
    pub fn unrank(&self, rank: u64, out: &mut [u32]) {
        let mut rest = rank;
        match self {
            Self::Labels { labels, strata } => {
                for stratum in strata {
                    let mut counts = counts_of(&labels[stratum.clone()]);
                    let ways = arrangements(&counts, u64::MAX).unwrap_or(u64::MAX);
                    unrank_labels(&mut counts, rest % ways, &mut out[stratum.clone()]);
                    rest /= ways;
                }
            }
            Self::Within { size, .. } => {
                let ways = factorial(*size).unwrap_or(1);
                for order in out {
                    *order = (rest % ways) as u32;
                    rest /= ways;
                }
            }
        }
    }
}

/// The swaps of a shuffle of each stratum (Fisher and Yates): unit i with one from the start of its stratum to i itself,
/// every one as likely, from the last unit to the first.
fn draw_swaps(stream: &mut Stream, strata: &[Range<usize>], swaps: &mut [u32]) {
    for stratum in strata {
        let swaps = &mut swaps[stratum.clone()];
        stream.fill_below_places(swaps);
        for swap in swaps {
            *swap += stratum.start as u32;
        }
    }
}

fn in_order<'a>(strata: &'a [Range<usize>], swaps: &'a [u32]) -> impl Iterator<Item = (usize, usize)> + 'a {
    strata.iter().flat_map(|stratum| (stratum.start + 1..stratum.end).rev()).map(|i| (i, swaps[i] as usize))
}

/// The arrangement of a rank in lexicographic order: after each first label come the arrangements of the others.
fn unrank_labels(counts: &mut [u32], rank: u64, out: &mut [u32]) {
    let mut rest = rank;
    for slot in out {
        for label in 0..counts.len() {
            if counts[label] == 0 {
                continue;
            }
            counts[label] -= 1;
            let ways = arrangements(counts, u64::MAX).unwrap_or(u64::MAX);
            if rest < ways {
                *slot = label as u32;
                break;
            }
            rest -= ways;
            counts[label] += 1;
        }
    }
}

/// The permutation of 0..size with a number among size!, in lexicographic order.
pub fn order_of(number: u32, size: usize) -> Vec<u32> {
    let mut counts = vec![1_u32; size];
    let mut order = vec![0; size];
    unrank_labels(&mut counts, u64::from(number), &mut order);
    order
}

#[cfg(test)]
// One stratum is a list of one range.
#[allow(clippy::single_range_in_vec_init)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn numbers_of_arrangements() {
        let all = |labels: &[u32]| Exchange::Labels { labels: labels.to_vec(), strata: vec![0..labels.len()] };
        assert_eq!(all(&[0, 0, 0, 1, 1, 1]).count(1 << 40), Some(20));
        assert_eq!(all(&[0, 1, 2, 3, 4]).count(1 << 40), Some(120));
        assert_eq!(all(&[0, 0, 1, 1, 2, 2]).count(1 << 40), Some(90));
        assert_eq!(all(&[0, 0, 0, 1, 1, 1]).count(19), None);
        let strata = Exchange::Labels { labels: vec![0, 0, 1, 0, 1], strata: vec![0..3, 3..5] };
        assert_eq!(strata.count(1 << 40), Some(6));
        assert_eq!(Exchange::Within { units: 10, size: 2 }.count(5_000), Some(1024));
        assert_eq!(Exchange::Within { units: 64, size: 2 }.count(u64::MAX), None);
    }

    #[test]
    fn every_rank_is_another_arrangement_and_draws_are_among_them() {
        let cases = [
            Exchange::Labels { labels: vec![1, 0, 2, 0, 1, 1], strata: vec![0..4, 4..6] },
            Exchange::Labels { labels: vec![0, 1, 2, 3], strata: vec![0..4] },
            Exchange::Within { units: 3, size: 3 },
        ];
        for exchange in cases {
            let total = exchange.count(10_000).unwrap_or(0);
            let mut seen = BTreeSet::new();
            let mut out = vec![0; exchange.units()];
            for rank in 0..total {
                exchange.unrank(rank, &mut out);
                seen.insert(out.clone());
            }
            assert_eq!(seen.len() as u64, total);
            for replicate in 0..50 {
                exchange.draw(Seed(1), replicate, &mut out);
                assert!(seen.contains(&out));
            }
        }
        assert_eq!(order_of(5, 3), [2, 1, 0]);
    }

    #[test]
    fn lanes_draw_what_single_replicates_draw() {
        let labels: Vec<u32> = (0..500).collect();
        let cases = [
            Exchange::Labels { labels: labels.clone(), strata: vec![0..150, 150..151, 151..500] },
            Exchange::Within { units: 9, size: 3 },
        ];
        let values: Vec<f64> = labels.iter().map(|&l| f64::from(l) * 0.5).collect();
        for exchange in cases {
            let (mut lanes, mut own) = (vec![[0.0; LANES]; exchange.units()], vec![0; exchange.units()]);
            let replicates = std::array::from_fn(|lane| 7 + lane as u64);
            exchange.draw_values(Seed(3), &replicates, &values, &mut lanes);
            for (lane, &replicate) in replicates.iter().enumerate() {
                exchange.draw(Seed(3), replicate, &mut own);
                assert!(lanes.iter().zip(&own).all(|(z, &label)| z[lane] == values[label as usize]));
            }
        }
    }
}
