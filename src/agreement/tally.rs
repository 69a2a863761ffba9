//! Ratings to patterns: what each coder said of a unit, and how often each pattern stands in each cluster.

use std::collections::HashMap;

/// A coder did not rate the unit.
pub const MISSING: u16 = u16::MAX;

/// Patterns of one scope and how often each stands in each cluster (a source, or a unit where there are no sources).
#[derive(Debug, Clone)]
pub struct Tally {
    /// Coders.
    pub coders: usize,
    /// Categories that were allowed, whether used or not.
    pub categories: usize,
    /// Category per pattern and coder, pattern by pattern; [`MISSING`] where the coder did not rate.
    pub patterns: Vec<u16>,
    /// Ratings per pattern, at least 1.
    pub ratings: Vec<usize>,
    /// Units per pattern.
    pub counts: Vec<f64>,
    /// `(cluster, units)` per pattern.
    pub entries: Vec<Vec<(u32, f64)>>,
    /// Clusters that hold a unit of this scope.
    pub clusters_used: usize,
    /// Clusters of the plan.
    pub clusters: usize,
    /// Units that nobody rated, left out.
    pub unrated: usize,
    /// Every cluster holds this many units, where all hold the same.
    pub even: Option<f64>,
}

impl Tally {
    /// Number of patterns.
    pub fn len(&self) -> usize {
        self.ratings.len()
    }

    /// Whether nothing was rated.
    pub fn is_empty(&self) -> bool {
        self.ratings.is_empty()
    }

    /// What each coder said in a pattern.
    pub fn pattern(&self, p: usize) -> &[u16] {
        &self.patterns[p * self.coders..(p + 1) * self.coders]
    }

    /// Units.
    pub fn units(&self) -> f64 {
        self.counts.iter().sum()
    }

    /// Whether two coders rated every unit.
    pub fn is_full_pair(&self) -> bool {
        self.coders == 2 && self.ratings.iter().all(|m| *m == 2)
    }
}

/// Tallies rows of `(cluster, ratings of all coders)`. Patterns are numbered in the order of their ratings, so that a
/// tally does not depend on the order of units. It is quick when rows of one cluster come together.
pub fn tally<'r>(
    coders: usize,
    categories: usize,
    clusters: usize,
    rows: impl Iterator<Item = (usize, &'r [u16])>,
) -> Tally {
    let mut numbers = Numbers::new(coders, categories);
    let mut entries: Vec<Vec<(u32, f64)>> = Vec::new();
    let mut sizes = vec![0.0; clusters];
    let mut unrated = 0;
    for (cluster, row) in rows {
        if row.iter().all(|k| *k == MISSING) {
            unrated += 1;
            continue;
        }
        let number = numbers.of(row);
        if number == entries.len() {
            entries.push(Vec::new());
        }
        sizes[cluster] += 1.0;
        match entries[number].last_mut() {
            Some((last, units)) if *last == cluster as u32 => *units += 1.0,
            _ => entries[number].push((cluster as u32, 1.0)),
        }
    }
    let mut order: Vec<(&[u16], usize)> = numbers.seen.iter().enumerate().map(|(old, row)| (*row, old)).collect();
    order.sort_unstable();
    let patterns = order.iter().flat_map(|(row, _)| row.iter().copied()).collect();
    let ratings = order.iter().map(|(row, _)| row.iter().filter(|k| **k != MISSING).count()).collect();
    let entries: Vec<Vec<(u32, f64)>> =
        order.iter().map(|(_, old)| merged(std::mem::take(&mut entries[*old]))).collect();
    let counts = entries.iter().map(|list| list.iter().map(|(_, units)| units).sum()).collect();
    let clusters_used = sizes.iter().filter(|n| **n > 0.0).count();
    let even = sizes.first().copied().filter(|first| sizes.iter().all(|n| n == first));
    Tally { coders, categories, patterns, ratings, counts, entries, clusters_used, clusters, unrated, even }
}

/// One entry per cluster, in order.
fn merged(mut list: Vec<(u32, f64)>) -> Vec<(u32, f64)> {
    list.sort_by_key(|(cluster, _)| *cluster);
    list.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    list
}

/// Numbers patterns as they are met: by direct look-up where few are possible, by hash otherwise.
struct Numbers<'r> {
    seen: Vec<&'r [u16]>,
    base: usize,
    direct: Vec<u32>,
    hashed: HashMap<&'r [u16], usize>,
}

/// Look-up tables up to this many patterns.
const DIRECT: usize = 1 << 16;

impl<'r> Numbers<'r> {
    fn new(coders: usize, categories: usize) -> Self {
        let base = categories + 1;
        let possible = u32::try_from(coders).ok().and_then(|r| base.checked_pow(r)).filter(|n| *n <= DIRECT);
        Self { seen: Vec::new(), base, direct: vec![u32::MAX; possible.unwrap_or(0)], hashed: HashMap::new() }
    }

    fn of(&mut self, row: &'r [u16]) -> usize {
        let next = self.seen.len();
        let number = if self.direct.is_empty() {
            *self.hashed.entry(row).or_insert(next)
        } else {
            let digit = |k: u16| if k == MISSING { self.base - 1 } else { usize::from(k) };
            let slot = &mut self.direct[row.iter().fold(0, |key, k| key * self.base + digit(*k))];
            if *slot == u32::MAX {
                *slot = next as u32;
            }
            *slot as usize
        };
        if number == next {
            self.seen.push(row);
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_does_not_depend_on_the_order_of_units() {
        let rows: [(usize, [u16; 2]); 5] = [(1, [0, 1]), (0, [1, 1]), (1, [0, MISSING]), (0, [0, 1]), (1, [0, 1])];
        let of = |rows: &[(usize, [u16; 2])]| {
            let t = tally(2, 2, 2, rows.iter().map(|(c, r)| (*c, r.as_slice())));
            (t.patterns, t.counts, t.entries, t.ratings)
        };
        let mut back = rows;
        back.reverse();
        assert_eq!(of(&rows), of(&back));
        let (patterns, counts, entries, ratings) = of(&rows);
        assert_eq!(patterns, [0, 1, 0, MISSING, 1, 1]);
        assert_eq!(counts, [3.0, 1.0, 1.0]);
        assert_eq!(entries[0], [(0, 1.0), (1, 2.0)]);
        assert_eq!(ratings, [2, 1, 2]);
    }

    #[test]
    fn look_up_and_hash_agree() {
        let rows: Vec<[u16; 3]> =
            (0..50_u16).map(|i| [i % 3, (i / 3) % 2, if i % 5 == 0 { MISSING } else { i % 2 }]).collect();
        let direct = tally(3, 3, 1, rows.iter().map(|r| (0, r.as_slice())));
        let hashed = tally(3, 60_000, 1, rows.iter().map(|r| (0, r.as_slice())));
        assert_eq!(direct.patterns, hashed.patterns);
        assert_eq!(direct.counts, hashed.counts);
    }
}
