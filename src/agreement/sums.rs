//! Counts of patterns to the sums that coefficients need. All are additive over units; a replicate allocates nothing.

use super::alpha::{Level, pattern_spread};
use super::coefficient::{Asked, Coefficient};
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
    /// For ordinal alpha: which different categories stand in one pattern, and the factor of their squared distance.
    apart: Vec<Apart>,
}

/// Two different categories in one pattern.
#[derive(Debug)]
struct Apart {
    pattern: usize,
    first: usize,
    second: usize,
    factor: f64,
}

impl<'t> Frame<'t> {
    /// Prepares the patterns of a tally.
    pub fn new(tally: &'t Tally, values: &'t [f64], level: Level, weights: &'t [Weights]) -> Self {
        let patterns = || (0..tally.len()).map(|p| tally.pattern(p));
        let agree = weights.iter().map(|w| patterns().map(|row| mean_weight(row, w)).collect()).collect();
        let spread = patterns().map(|row| pattern_spread(row, level, values)).collect();
        let apart = if level == Level::Ordinal { apart(tally) } else { Vec::new() };
        Self { tally, values, level, weights, agree, spread, apart }
    }
}

fn apart(tally: &Tally) -> Vec<Apart> {
    let mut found: Vec<Apart> = Vec::new();
    for p in (0..tally.len()).filter(|p| tally.ratings[*p] > 1) {
        let factor = 2.0 / (tally.ratings[p] - 1) as f64;
        let mut row: Vec<u16> = tally.pattern(p).iter().copied().filter(|k| *k != MISSING).collect();
        row.sort_unstable();
        let alike: Vec<&[u16]> = row.chunk_by(|a, b| a == b).collect();
        for (i, a) in alike.iter().enumerate() {
            for b in &alike[i + 1..] {
                let pairs = (a.len() * b.len()) as f64;
                let (first, second) = (usize::from(a[0]), usize::from(b[0]));
                found.push(Apart { pattern: p, first, second, factor: factor * pairs });
            }
        }
    }
    found
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
    /// Whether those are filled of which alpha is made, and those of all other coefficients.
    needed: (bool, bool),
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
    /// Empty sums of the right sizes, for every coefficient.
    pub fn new(frame: &Frame<'_>) -> Self {
        Self::sized(frame, (true, true))
    }

    /// Sums for these coefficients alone: a replicate then fills no other.
    pub fn only(frame: &Frame<'_>, asked: &[Asked]) -> Self {
        let alpha = |a: &Asked| a.coefficient == Coefficient::KrippendorffAlpha;
        Self::sized(frame, (asked.iter().any(alpha), !asked.iter().all(alpha)))
    }

    fn sized(frame: &Frame<'_>, needed: (bool, bool)) -> Self {
        let (r, q) = (frame.tally.coders, frame.tally.categories);
        Self {
            needed,
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
        let (alpha, others) = self.needed;
        for (p, &count) in counts.iter().enumerate().filter(|(_, c)| **c != 0.0) {
            let pairable = frame.tally.ratings[p] > 1;
            self.n += count;
            self.pairable += if pairable { count } else { 0.0 };
            if alpha && pairable {
                self.add_ratings(frame, p, count);
            }
            if others {
                self.add_shares(frame, p, count);
            }
        }
        if alpha && frame.level == Level::Ordinal {
            self.rank();
            self.spread = self.ordinal_spread(frame, counts);
        }
    }

    /// What alpha is made of.
    fn add_ratings(&mut self, frame: &Frame<'_>, p: usize, count: f64) {
        for &k in frame.tally.pattern(p).iter().filter(|k| **k != MISSING) {
            self.pairable_ratings[usize::from(k)] += count;
        }
        self.spread += count * frame.spread[p];
    }

    /// What the other coefficients are made of.
    fn add_shares(&mut self, frame: &Frame<'_>, p: usize, count: f64) {
        let tally = frame.tally;
        let (row, m) = (tally.pattern(p), tally.ratings[p]);
        let share = count / m as f64;
        for (g, &k) in row.iter().enumerate().filter(|(_, k)| **k != MISSING) {
            self.by_coder[g * tally.categories + usize::from(k)] += count;
            self.shares[usize::from(k)] += share;
        }
        if m > 1 {
            for (sum, agree) in self.agree.iter_mut().zip(&frame.agree) {
                *sum += count * agree[p];
            }
            if tally.coders == 2 && row[0] == row[1] {
                self.both[usize::from(row[0])] += count;
            }
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
        let one = |a: &Apart| counts[a.pattern] * a.factor * (self.ranks[a.first] - self.ranks[a.second]).powi(2);
        frame.apart.iter().map(one).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::coefficient::evaluate;
    use super::super::tally::tally;
    use super::*;

    #[test]
    fn sums_for_one_coefficient_give_what_sums_for_all_give() {
        let rows: Vec<[u16; 2]> =
            (0..40_u16).map(|i| [i % 4, if i % 7 == 0 { MISSING } else { (i / 3) % 4 }]).collect();
        let tally = tally(2, 4, 1, rows.iter().map(|row| (0, row.as_slice())));
        let values = [1.0, 2.0, 4.0, 5.0];
        let weights = [Weights::identity(4)];
        for level in [Level::Nominal, Level::Ordinal, Level::Interval, Level::Ratio] {
            let frame = Frame::new(&tally, &values, level, &weights);
            let mut all = Sums::new(&frame);
            all.fill(&frame, &tally.counts);
            for coefficient in [Coefficient::KrippendorffAlpha, Coefficient::CohenKappa, Coefficient::GwetAc1] {
                let asked = Asked { coefficient, weights: 0 };
                let mut only = Sums::only(&frame, &[asked]);
                only.fill(&frame, &tally.counts);
                let one = evaluate(asked, &frame, &mut only).estimate;
                assert!(one.is_finite());
                assert_eq!(one, evaluate(asked, &frame, &mut all).estimate);
            }
        }
    }

    #[test]
    fn pairs_of_categories_give_the_disagreement_of_a_pattern() {
        let rows = [[0_u16, 2, 2, MISSING], [1, 1, 0, 2], [0, MISSING, MISSING, MISSING]];
        let tally = tally(4, 3, 1, rows.iter().map(|row| (0, row.as_slice())));
        let weights = [Weights::identity(3)];
        let frame = Frame::new(&tally, &[0.0; 3], Level::Ordinal, &weights);
        let mut sums = Sums::new(&frame);
        sums.fill(&frame, &tally.counts);
        let direct: f64 = (0..3).map(|p| pattern_spread(tally.pattern(p), Level::Interval, &sums.ranks)).sum();
        assert!((sums.spread - direct).abs() < 1e-12 && direct > 0.0);
    }
}
