//! Where items may rank, from what is known of the differences between their slopes.
//!
//! An item ranks no better than behind those surely above it (Mogstad, Romano, Shaikh and Wilhelm 2024,
//! doi:10.1093/restud/rdad006). "Surely" is a test of every ordered pair, stepped down (Romano and Wolf 2005,
//! doi:10.1198/016214504000000539): what a step rejects leaves the family, and the critical value falls for the rest.

use serde::Serialize;

/// Where an item may rank among the items that vary, 1 being the largest slope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RankSet {
    /// Best rank that is not excluded, for this item alone.
    pub best: usize,
    /// Worst.
    pub worst: usize,
    /// Best rank, simultaneous over the items.
    pub simultaneous_best: usize,
    /// Worst, simultaneous.
    pub simultaneous_worst: usize,
}

/// Estimates of v items with draws of their errors and the standard errors of their differences.
#[derive(Debug)]
pub(super) struct Differences {
    pub(super) estimates: Vec<f64>,
    /// Per item, its error in every draw.
    pub(super) errors: Vec<Vec<f64>>,
    /// v x v, symmetric; the diagonal is not used.
    pub(super) std_errors: Vec<Vec<f64>>,
}

/// "The first item is above the second."
type Pair = (usize, usize);

impl Differences {
    /// The rank sets at a confidence level.
    pub(super) fn rank_sets(&self, level: f64) -> Vec<RankSet> {
        let v = self.estimates.len();
        let all: Vec<Pair> = (0..v).flat_map(|a| (0..v).filter(move |b| *b != a).map(move |b| (a, b))).collect();
        let sure = self.surely_above(&all, level);
        let ends = |sure: &[Pair], item: usize| {
            let above = sure.iter().filter(|(_, b)| *b == item).count();
            let below = sure.iter().filter(|(a, _)| *a == item).count();
            (1 + above, v - below)
        };
        (0..v)
            .map(|item| {
                let own: Vec<Pair> = all.iter().copied().filter(|(a, b)| *a == item || *b == item).collect();
                let (best, worst) = ends(&self.surely_above(&own, level), item);
                let (simultaneous_best, simultaneous_worst) = ends(&sure, item);
                RankSet { best, worst, simultaneous_best, simultaneous_worst }
            })
            .collect()
    }

    /// The pairs of a family whose order is sure, wrongly so for any of them with probability 1 - level at most.
    fn surely_above(&self, family: &[Pair], level: f64) -> Vec<Pair> {
        let (mut open, mut sure) = (family.to_vec(), Vec::new());
        while !open.is_empty() {
            let critical = self.critical(&open, level);
            let (found, rest): (Vec<Pair>, Vec<Pair>) = open.iter().partition(|pair| self.ratio(**pair) > critical);
            if found.is_empty() {
                break;
            }
            sure.extend(found);
            open = rest;
        }
        sure
    }

    fn ratio(&self, (a, b): Pair) -> f64 {
        (self.estimates[a] - self.estimates[b]) / self.std_errors[a][b]
    }

    /// The level's quantile of the largest error ratio over the family.
    fn critical(&self, family: &[Pair], level: f64) -> f64 {
        let mut largest = vec![f64::NEG_INFINITY; self.errors.first().map_or(0, Vec::len)];
        for (a, b) in family {
            let scale = 1.0 / self.std_errors[*a][*b];
            for (most, (ea, eb)) in largest.iter_mut().zip(self.errors[*a].iter().zip(&self.errors[*b])) {
                *most = most.max((ea - eb) * scale);
            }
        }
        largest.sort_by(f64::total_cmp);
        upper_quantile(&largest, level)
    }
}

/// The smallest draw that at least the share `level` of draws, this one counted, does not exceed.
pub(super) fn upper_quantile(sorted: &[f64], level: f64) -> f64 {
    let at = (level * (sorted.len() + 1) as f64).ceil() as usize;
    sorted.get(at.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Purpose, Seed};
    use rand_distr::{Distribution, StandardNormal};

    fn independent(estimates: &[f64]) -> Differences {
        let errors = (0..estimates.len())
            .map(|j| {
                let mut stream = Seed(4).stream(Purpose::Parametric, j as u64);
                (0..40_000).map(|_| StandardNormal.sample(stream.rng())).collect()
            })
            .collect();
        let std_errors = vec![vec![2.0_f64.sqrt(); estimates.len()]; estimates.len()];
        Differences { estimates: estimates.to_vec(), errors, std_errors }
    }

    #[test]
    fn what_is_sure_leaves_the_family() {
        // Six ordered pairs of three items have a 95 % critical value of about 2.34 (the studentised range over root 2); once the
        // far item is known to lead, the four that are left (two of them against it) have a smaller one. The gap lies between.
        let one_step = independent(&[0.0; 3]);
        let all: Vec<Pair> = vec![(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)];
        let left: Vec<Pair> = vec![(1, 0), (1, 2), (2, 0), (2, 1)];
        let (first, second) = (one_step.critical(&all, 0.95), one_step.critical(&left, 0.95));
        assert!((first - 2.344).abs() < 0.03 && second < first - 0.05, "{first} {second}");
        let gap = 0.5 * (first + second) * 2.0_f64.sqrt();
        let found = independent(&[30.0, gap, 0.0]);
        assert_eq!(found.surely_above(&all, 0.95), vec![(0, 1), (0, 2), (1, 2)]);
        let sets = found.rank_sets(0.95);
        assert_eq!((sets[1].simultaneous_best, sets[1].simultaneous_worst), (2, 2));
        assert_eq!((sets[0].best, sets[0].worst, sets[2].best), (1, 1, 3));
    }

    #[test]
    fn equal_items_may_rank_anywhere() {
        for set in independent(&[0.1, 0.0, -0.1, 0.05]).rank_sets(0.95) {
            assert_eq!(set, RankSet { best: 1, worst: 4, simultaneous_best: 1, simultaneous_worst: 4 });
        }
    }
}
