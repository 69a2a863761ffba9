//! Does a sample of n integers between 0 and `top` with a given sum and sum of squares exist? Exact, with a witness.

/// Visits after which the search gives up and says so. Sums inside the possible band are found in about n visits; only
/// gaps at its upper edge need more, and these prune quickly.
const BUDGET: usize = 2_000_000;

/// What the search finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Existence {
    /// Such a sample, in descending order.
    Yes(Vec<i64>),
    /// None exists.
    No,
    /// The search ended at its limit.
    Undecided,
}

/// n values, their sum and sum of squares, and the largest value that may still be used.
#[derive(Debug, Clone, Copy)]
struct State {
    n: i128,
    sum: i128,
    squares: i128,
    top: i128,
}

/// Smallest sum of squares of n integers with this sum: all values as equal as can be.
pub(super) fn least_squares(n: i128, sum: i128) -> i128 {
    let (q, r) = (sum.div_euclid(n), sum.rem_euclid(n));
    n * q * q + r * (2 * q + 1)
}

/// Largest sum of squares of n integers from 0 to `top`: as many as can be at the ends.
pub(super) fn most_squares(n: i128, sum: i128, top: i128) -> i128 {
    if top == 0 {
        return 0;
    }
    let (k, r) = (sum / top, sum % top);
    if k >= n { n * top * top } else { k * top * top + r * r }
}

impl State {
    /// Necessary conditions; the search prunes by them.
    fn possible(self) -> bool {
        if self.n == 0 {
            return self.sum == 0 && self.squares == 0;
        }
        (0..=self.n * self.top).contains(&self.sum)
            && (self.sum - self.squares) % 2 == 0
            && self.squares >= least_squares(self.n, self.sum)
            && self.squares <= most_squares(self.n, self.sum, self.top)
    }

    /// Largest value that a sample in this state can contain, and the smallest that its largest value can be.
    fn range_of_largest(self) -> (i128, i128) {
        let root = (self.squares as f64).sqrt() as i128 + 1;
        (self.top.min(root).min(self.sum), -(-self.sum).div_euclid(self.n))
    }

    fn without(self, value: i128) -> Self {
        Self { n: self.n - 1, sum: self.sum - value, squares: self.squares - value * value, top: value }
    }
}

/// Searches depth first, largest value first: the excess over the most even sample falls fast, so that a sample that
/// exists is met after about n steps.
pub(super) fn exists(n: i128, sum: i128, squares: i128, top: i128) -> Existence {
    let start = State { n, sum, squares, top };
    if !start.possible() {
        return Existence::No;
    }
    // Each level holds the state before its value was taken and the value to try next.
    let mut levels = vec![(start, start.range_of_largest().0)];
    let mut visits = 0;
    while let Some((state, value)) = levels.last_mut() {
        if state.n == 0 {
            levels.pop();
            return Existence::Yes(levels.iter().map(|(_, next)| (next + 1) as i64).collect());
        }
        visits += 1;
        if visits > BUDGET {
            return Existence::Undecided;
        }
        if *value < state.range_of_largest().1 || *value < 0 {
            levels.pop();
            continue;
        }
        let next = state.without(*value);
        *value -= 1;
        if next.possible() {
            let first = if next.n == 0 { 0 } else { next.range_of_largest().0 };
            levels.push((next, first));
        }
    }
    Existence::No
}

/// The same for integers without ends: no value can lie further from the mean than the root of the squared deviations.
pub(super) fn exists_unbounded(n: i128, sum: i128, squares: i128) -> Existence {
    if n == 0 || squares * n < sum * sum {
        return if n == 0 && sum == 0 && squares == 0 { Existence::Yes(vec![]) } else { Existence::No };
    }
    let reach = (((squares * n - sum * sum) as f64 / n as f64).sqrt()) as i128 + 2;
    let shift = sum.div_euclid(n) - reach;
    let moved = exists(n, sum - n * shift, squares - 2 * shift * sum + n * shift * shift, 2 * reach + 1);
    match moved {
        Existence::Yes(values) => Existence::Yes(values.iter().map(|v| v + shift as i64).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn agrees_with_every_sample_of_up_to_six_values() {
        for top in [1_i128, 2, 4, 6] {
            let mut reached: HashSet<(i128, i128)> = HashSet::from([(0, 0)]);
            for n in 1..=6_i128 {
                let mut sums: Vec<_> = reached.into_iter().collect();
                sums.sort_unstable();
                reached = sums.iter().flat_map(|(s, q)| (0..=top).map(move |v| (s + v, q + v * v))).collect();
                for sum in 0..=n * top {
                    for squares in 0..=n * top * top {
                        let found = exists(n, sum, squares, top);
                        let expected = reached.contains(&(sum, squares));
                        assert_eq!(found != Existence::No, expected, "n {n} sum {sum} squares {squares} top {top}");
                        if let Existence::Yes(values) = found {
                            assert_eq!(values.len() as i128, n);
                            assert_eq!(values.iter().map(|v| i128::from(*v)).sum::<i128>(), sum);
                            assert_eq!(values.iter().map(|v| i128::from(v * v)).sum::<i128>(), squares);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn unbounded_samples_may_be_negative() {
        assert_eq!(exists_unbounded(2, 0, 18), Existence::Yes(vec![3, -3]));
        assert_eq!(exists_unbounded(2, 0, 4), Existence::No);
        assert_eq!(exists_unbounded(3, -1, 1), Existence::Yes(vec![0, 0, -1]));
    }
}
