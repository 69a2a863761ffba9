//! Counts of patterns to the sums that coefficients need. All are additive over units; a replicate allocates nothing.

use super::alpha::{Level, pattern_spread};
use super::tally::{MISSING, Tally};
use super::weights::Weights;

/// What does not change from replicate to replicate: agreement within each pattern.
#[derive(Debug)]
pub struct Frame<'t> {
    /// The patterns.
    pub tally: &'t Tally,
    /// Values of the categories, for interval and ratio.
    pub values: &'t [f64],
    /// Level of alpha.
    pub level: Level,
    /// Sets of weights in use.
    pub weights: &'t [Weights],
    /// Per set of weights and pattern: mean weight over pairs of its ratings; 0 below two ratings.
    pub agree: Vec<Vec<f64>>,
    /// Per pattern: its disagreement for alpha, where that does not depend on the counts.
    pub spread: Vec<f64>,
}

impl<'t> Frame<'t> {
    /// Prepares the patterns of a tally.
    pub fn new(tally: &'t Tally, values: &'t [f64], level: Level, weights: &'t [Weights]) -> Self {
        let patterns = || (0..tally.len()).map(|p| tally.pattern(p));
        let agree = weights.iter().map(|w| patterns().map(|row| mean_weight(row, w)).collect()).collect();
        let spread = patterns().map(|row| pattern_spread(row, level, values)).collect();
        Self { tally, values, level, weights, agree, spread }
    }
}

fn mean_weight(row: &[u16], weights: &Weights) -> f64 {
    let (mut sum, mut pairs) = (0.0, 0.0_f64);
    for (i, a) in row.iter().enumerate().filter(|(_, k)| **k != MISSING) {
        for b in row[i + 1..].iter().filter(|k| **k != MISSING) {
            sum += weights.at(usize::from(*a), usize::from(*b));
            pairs += 1.0;
        }
    }
    if pairs > 0.0 { sum / pairs } else { 0.0 }
}

/// Sums over units.
#[derive(Debug, Clone)]
pub struct Sums {
    /// Units.
    pub n: f64,
    /// Units with at least two ratings.
    pub pairable: f64,
    /// Mean weight over pairs, summed over pairable units, per set of weights.
    pub agree: Vec<f64>,
    /// Share of a unit's ratings in each category, summed over units.
    pub shares: Vec<f64>,
    /// Ratings per coder and category.
    pub by_coder: Vec<f64>,
    /// Ratings per category in pairable units.
    pub pairable_ratings: Vec<f64>,
    /// Units per category where all of two coders agree.
    pub both: Vec<f64>,
    /// Disagreement for alpha.
    pub spread: f64,
    /// Mid-ranks of the categories, for ordinal alpha.
    pub ranks: Vec<f64>,
    /// Room for `W v`.
    pub scratch: Vec<f64>,
}

impl Sums {
    /// Empty sums of the right sizes.
    pub fn new(frame: &Frame<'_>) -> Self {
        let (r, q) = (frame.tally.coders, frame.tally.categories);
        Self {
            n: 0.0,
            pairable: 0.0,
            agree: vec![0.0; frame.weights.len()],
            shares: vec![0.0; q],
            by_coder: vec![0.0; r * q],
            pairable_ratings: vec![0.0; q],
            both: vec![0.0; q],
            spread: 0.0,
            ranks: vec![0.0; q],
            scratch: vec![0.0; q],
        }
    }

    /// Sums over patterns that stand `counts` times.
    pub fn fill(&mut self, frame: &Frame<'_>, counts: &[f64]) {
        self.clear();
        let tally = frame.tally;
        let (r, q) = (tally.coders, tally.categories);
        for (p, &count) in counts.iter().enumerate().filter(|(_, c)| **c != 0.0) {
            let (row, m) = (tally.pattern(p), tally.ratings[p]);
            let share = count / m as f64;
            self.n += count;
            for (g, &k) in row.iter().enumerate().filter(|(_, k)| **k != MISSING) {
                let k = usize::from(k);
                self.by_coder[g * q + k] += count;
                self.shares[k] += share;
                if m > 1 {
                    self.pairable_ratings[k] += count;
                }
            }
            if m > 1 {
                self.pairable += count;
                for (sum, agree) in self.agree.iter_mut().zip(&frame.agree) {
                    *sum += count * agree[p];
                }
                self.spread += count * frame.spread[p];
                if r == 2 && row[0] == row[1] {
                    self.both[usize::from(row[0])] += count;
                }
            }
        }
        if frame.level == Level::Ordinal {
            self.rank();
            self.spread = self.ordinal_spread(frame, counts);
        }
    }

    fn clear(&mut self) {
        (self.n, self.pairable, self.spread) = (0.0, 0.0, 0.0);
        for sums in [&mut self.agree, &mut self.shares, &mut self.by_coder, &mut self.pairable_ratings, &mut self.both]
        {
            sums.fill(0.0);
        }
    }

    /// Mid-rank of each category among all pairable ratings: ordinal alpha is interval alpha of these.
    fn rank(&mut self) {
        let mut below = 0.0;
        for (rank, n) in self.ranks.iter_mut().zip(&self.pairable_ratings) {
            *rank = below + n / 2.0;
            below += n;
        }
    }

    fn ordinal_spread(&self, frame: &Frame<'_>, counts: &[f64]) -> f64 {
        let patterns = counts.iter().enumerate().filter(|(_, c)| **c != 0.0);
        patterns.map(|(p, c)| c * pattern_spread(frame.tally.pattern(p), Level::Interval, &self.ranks)).sum()
    }
}
