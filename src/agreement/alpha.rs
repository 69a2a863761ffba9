//! Krippendorff's alpha: `1 - (N - 1) D / E`, with `D` the disagreement within units and `E` that between all ratings.
//!
//! `D = sum over units of sum over ordered pairs of delta / (m - 1)`, `E = sum over categories of n_c n_k delta(c, k)`,
//! over the N ratings of units with at least two. Delta is 0/1 (nominal), `(c - k)^2` (interval), `((c - k)/(c + k))^2`
//! (ratio), or for ordinal the squared difference of mid-ranks among all ratings, which equals Krippendorff's
//! `(sum of n between c and k - (n_c + n_k)/2)^2`. Source: Krippendorff (2011), <https://repository.upenn.edu/asc_papers/43>.

use super::sums::{Frame, Sums};
use super::tally::MISSING;
use serde::{Deserialize, Serialize};

/// What differences between categories mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Same or different.
    Nominal,
    /// Ordered; how far apart depends on how many ratings lie between.
    Ordinal,
    /// Equal distances.
    Interval,
    /// Distances relative to size, from a true zero.
    Ratio,
}

fn delta(level: Level, x: f64, y: f64) -> f64 {
    match level {
        Level::Nominal => f64::from(u8::from(x != y)),
        Level::Ordinal | Level::Interval => (x - y) * (x - y),
        Level::Ratio if x + y == 0.0 => 0.0,
        Level::Ratio => ((x - y) / (x + y)).powi(2),
    }
}

/// Disagreement within one pattern: delta over its ordered pairs, over `m - 1`. For ordinal, pass mid-ranks as interval.
pub(super) fn pattern_spread(row: &[u16], level: Level, values: &[f64]) -> f64 {
    let (mut sum, mut m) = (0.0, 0.0_f64);
    for (i, &a) in row.iter().enumerate().filter(|(_, k)| **k != MISSING) {
        m += 1.0;
        for &b in row[i + 1..].iter().filter(|k| **k != MISSING && **k != a) {
            sum += delta(level, values[usize::from(a)], values[usize::from(b)]);
        }
    }
    if m > 1.0 { 2.0 * sum / (m - 1.0) } else { 0.0 }
}

/// N, D and E.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    /// Pairable ratings.
    pub ratings: f64,
    /// Disagreement within units.
    pub within: f64,
    /// Disagreement between all ratings, times N.
    pub between: f64,
}

/// The parts of alpha from sums.
pub fn parts(frame: &Frame<'_>, sums: &Sums) -> Parts {
    let n = &sums.pairable_ratings;
    let ratings: f64 = n.iter().sum();
    let between = match frame.level {
        Level::Nominal => ratings * ratings - n.iter().map(|x| x * x).sum::<f64>(),
        Level::Interval => squares(n, frame.values, ratings),
        Level::Ordinal => squares(n, &sums.ranks, ratings),
        Level::Ratio => ratio(n, frame.values),
    };
    Parts { ratings, within: sums.spread, between }
}

/// `sum of n_c n_k (x_c - x_k)^2`, about the mean so that nothing cancels.
fn squares(n: &[f64], x: &[f64], total: f64) -> f64 {
    if total == 0.0 {
        return 0.0;
    }
    let mean = n.iter().zip(x).map(|(n, x)| n * x).sum::<f64>() / total;
    2.0 * total * n.iter().zip(x).map(|(n, x)| n * (x - mean).powi(2)).sum::<f64>()
}

fn ratio(n: &[f64], values: &[f64]) -> f64 {
    let used: Vec<usize> = (0..n.len()).filter(|k| n[*k] > 0.0).collect();
    let pairs = used.iter().enumerate().flat_map(|(at, &c)| used[at + 1..].iter().map(move |&k| (c, k)));
    2.0 * pairs.map(|(c, k)| n[c] * n[k] * delta(Level::Ratio, values[c], values[k])).sum::<f64>()
}

/// `sum over k of n_k delta(c, k)` for every category c.
fn distance_to_all(frame: &Frame<'_>, sums: &Sums, ratings: f64) -> Vec<f64> {
    let n = &sums.pairable_ratings;
    let x = if frame.level == Level::Ordinal { &sums.ranks } else { frame.values };
    if frame.level == Level::Ratio {
        return x.iter().map(|c| n.iter().zip(x).map(|(n, k)| n * delta(Level::Ratio, *c, *k)).sum()).collect();
    }
    if frame.level == Level::Nominal {
        return n.iter().map(|own| ratings - own).collect();
    }
    let mean = n.iter().zip(x).map(|(n, x)| n * x).sum::<f64>() / ratings;
    let about: f64 = n.iter().zip(x).map(|(n, x)| n * (x - mean).powi(2)).sum();
    x.iter().map(|c| about + ratings * (c - mean).powi(2)).collect()
}

/// Linearised deviation of each pattern from alpha (mean zero over pairable units); 0 where a pattern has one rating.
///
/// The derivative of `1 - N D / E` in the count of a pattern, times the pairable units. The factor `(N - 1)/N` is left
/// out, as Gwet (2014, section 6.4) does. For ordinal the mid-ranks move with the counts, and the derivative follows them.
pub fn deviations(frame: &Frame<'_>, sums: &Sums) -> Vec<f64> {
    let Parts { ratings, within, between } = parts(frame, sums);
    let mut slope: Vec<f64> = distance_to_all(frame, sums, ratings)
        .iter()
        .map(|d| 2.0 * ratings * within / (between * between) * d - within / between)
        .collect();
    if frame.level == Level::Ordinal {
        for (slope, moved) in slope.iter_mut().zip(moving_ranks(frame, sums, ratings, within, between)) {
            *slope += moved;
        }
    }
    let one = |p: usize| {
        let row = frame.tally.pattern(p);
        if frame.tally.ratings[p] < 2 {
            return 0.0;
        }
        let own = match frame.level {
            Level::Ordinal => pattern_spread(row, Level::Interval, &sums.ranks),
            _ => frame.spread[p],
        };
        let by_rating: f64 = row.iter().filter(|k| **k != MISSING).map(|k| slope[usize::from(*k)]).sum();
        sums.pairable * (by_rating - ratings / between * own)
    };
    (0..frame.tally.len()).map(one).collect()
}

/// What one more rating in a category adds to ordinal alpha by moving the mid-ranks.
fn moving_ranks(frame: &Frame<'_>, sums: &Sums, ratings: f64, within: f64, between: f64) -> Vec<f64> {
    let (n, s) = (&sums.pairable_ratings, &sums.ranks);
    // Coincidences of each category with the mid-ranks of what it was paired with.
    let mut paired = vec![0.0; n.len()];
    for (p, count) in frame.tally.counts.iter().enumerate().filter(|(p, _)| frame.tally.ratings[*p] > 1) {
        let used = || frame.tally.pattern(p).iter().filter(|k| **k != MISSING).map(|k| usize::from(*k));
        let (m, sum): (f64, f64) = (frame.tally.ratings[p] as f64, used().map(|k| s[k]).sum());
        for k in used() {
            paired[k] += count * (sum - s[k]) / (m - 1.0);
        }
    }
    let total: f64 = n.iter().zip(s).map(|(n, s)| n * s).sum();
    let pull: Vec<f64> = (0..n.len())
        .map(|c| {
            let inside = n[c] * s[c] - paired[c];
            let outside = n[c] * (ratings * s[c] - total);
            -4.0 * ratings / between * (inside - within / between * outside)
        })
        .collect();
    let mut above: f64 = pull.iter().sum();
    let mut moved = Vec::with_capacity(n.len());
    for own in &pull {
        above -= own;
        moved.push(above + own / 2.0);
    }
    moved
}
