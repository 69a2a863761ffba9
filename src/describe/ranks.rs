//! Ranks that respect what the data can tell: sets of ranks, not ranks.

use super::share::{ShareMethod, checked, share};
use crate::error::Result;
use serde::Serialize;

/// The ranks that an entry may have; 1 is the largest share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RankSet {
    /// Best rank.
    pub best: usize,
    /// Worst rank.
    pub worst: usize,
}

/// Sets of ranks that hold all true ranks at once with at least this confidence.
///
/// Simultaneous intervals (Bonferroni, so that answers of the same people to several questions do no harm) rank one entry
/// above another only where they do not overlap: Klein, Wright and Wieczorek (2020), A joint confidence region for an
/// overall ranking of populations, <https://doi.org/10.1111/rssc.12402>.
///
/// ```
/// use steelyard::describe::ranks::{rank_sets, RankSet};
/// let sets = rank_sets(&[(71, 77), (70, 76), (33, 64)], 0.95).unwrap();
/// assert_eq!((sets[0], sets[2]), (RankSet { best: 1, worst: 2 }, RankSet { best: 3, worst: 3 }));
/// ```
pub fn rank_sets(counts: &[(u64, u64)], level: f64) -> Result<Vec<RankSet>> {
    let each = 1.0 - (1.0 - level) / counts.len().max(1) as f64;
    let mut ends = Vec::with_capacity(counts.len());
    for (i, (k, n)) in counts.iter().enumerate() {
        checked(&format!("entry {}", i + 1), *k, *n)?;
        ends.push(share(*k, *n, each, ShareMethod::Wilson));
    }
    Ok(ends
        .iter()
        .map(|own| RankSet {
            best: 1 + ends.iter().filter(|other| other.low > own.high).count(),
            worst: ends.len() - ends.iter().filter(|other| other.high < own.low).count(),
        })
        .collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_entry_has_rank_one_and_equals_share_all() {
        assert_eq!(rank_sets(&[(3, 9)], 0.95).unwrap(), [RankSet { best: 1, worst: 1 }]);
        let sets = rank_sets(&[(5, 10), (5, 10), (5, 10)], 0.95).unwrap();
        assert!(sets.iter().all(|s| (s.best, s.worst) == (1, 3)));
        assert!(rank_sets(&[(11, 10)], 0.95).is_err());
    }
}
