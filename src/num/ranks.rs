//! Ranks and counts that know about ties.

/// Mass strictly below `x` and mass tied with `x` (within `tolerance`); `weights` of one each when `None`.
pub fn below_and_tied(values: &[f64], weights: Option<&[f64]>, x: f64, tolerance: f64) -> (f64, f64) {
    let (low, high) = (x - tolerance, x + tolerance);
    match weights {
        None => {
            let (mut below, mut upto) = (0_usize, 0_usize);
            for &v in values {
                below += usize::from(v < low);
                upto += usize::from(v <= high);
            }
            (below as f64, (upto - below) as f64)
        }
        Some(weights) => {
            let part = |keep: &dyn Fn(f64) -> bool| {
                super::sums::sum(values.iter().zip(weights).map(|(&v, &w)| if keep(v) { w } else { 0.0 }))
            };
            (part(&|v| v < low), part(&|v| v >= low && v <= high))
        }
    }
}

/// How close two values of one statistic count as tied: 100 units in the last place of the observed value, or 1e-11 of
/// the spread, whichever is larger. Rounding differs between orders of summation, never by this much.
pub fn tie_tolerance(observed: f64, spread: f64) -> f64 {
    let of_spread = if spread.is_finite() { 1e-11 * spread } else { 0.0 };
    (100.0 * f64::EPSILON * observed.abs()).max(of_spread)
}

/// Ranks from 1, ties sharing their mean rank.
pub fn mid_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let mut to = from + 1;
        while to < order.len() && values[order[to]] == values[order[from]] {
            to += 1;
        }
        let rank = (from + to + 1) as f64 / 2.0;
        order[from..to].iter().for_each(|&i| ranks[i] = rank);
        from = to;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_hand() {
        let values = [1.0, 2.0, 2.0 + 1e-15, 3.0];
        assert_eq!(below_and_tied(&values, None, 2.0, 1e-12), (1.0, 2.0));
        let (below, tied) = below_and_tied(&values, Some(&[0.1, 0.2, 0.3, 0.4]), 2.0, 1e-12);
        assert!((below - 0.1).abs() < 1e-15 && (tied - 0.5).abs() < 1e-15);
    }

    #[test]
    fn ties_share_their_rank() {
        assert_eq!(mid_ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
        assert!(mid_ranks(&[]).is_empty());
    }

    #[test]
    fn the_tolerance_follows_the_scale() {
        assert!(tie_tolerance(1e6, 0.0) > tie_tolerance(1.0, 0.0));
        assert_eq!(tie_tolerance(0.0, 2.0), 2e-11);
        assert_eq!(tie_tolerance(0.0, f64::NAN), 0.0);
    }
}
