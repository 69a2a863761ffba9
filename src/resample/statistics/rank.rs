//! Rank correlations of weighted rows: Spearman's rho with mid-ranks, Kendall's tau-b.
//!
//! Orders and tie groups are found once; a replicate walks along them with its weights, so that a row drawn three times
//! is a tie of three.

use super::super::statistic::{RowStatistic, Statistic};
use super::Table;
use super::means::centred;

/// The rows of one column in ascending order, and where each group of equal values ends.
struct Groups {
    order: Vec<u32>,
    ends: Vec<usize>,
}

impl Groups {
    fn of(values: &[f64]) -> Self {
        let mut order: Vec<u32> = (0..values.len() as u32).collect();
        order.sort_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]));
        let differs = |i: usize| i == order.len() || values[order[i] as usize] != values[order[i - 1] as usize];
        let ends = (1..=order.len()).filter(|&i| differs(i)).collect();
        Self { order, ends }
    }

    fn groups(&self) -> impl Iterator<Item = &[u32]> + '_ {
        let mut from = 0;
        self.ends.iter().map(move |&end| {
            let group = &self.order[from..end];
            from = end;
            group
        })
    }

    /// Mid-ranks of all rows under the weights.
    fn mid_ranks(&self, weights: &[f64], ranks: &mut [f64]) {
        let mut before = 0.0;
        for group in self.groups() {
            let mass: f64 = group.iter().map(|&row| weights[row as usize]).sum();
            let rank = before + f64::midpoint(mass, 1.0);
            for &row in group {
                ranks[row as usize] = rank;
            }
            before += mass;
        }
    }

    /// Pairs that are tied in this column.
    fn tied_pairs(&self, weights: &[f64]) -> f64 {
        self.groups().map(|group| pairs(group.iter().map(|&row| weights[row as usize]).sum())).sum()
    }
}

fn pairs(n: f64) -> f64 {
    n * (n - 1.0) / 2.0
}

struct Spearman {
    x: Groups,
    y: Groups,
}

impl RowStatistic for Spearman {
    fn outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, weights: &[f64], scratch: &mut Vec<f64>, out: &mut [f64]) {
        scratch.resize(2 * weights.len(), 0.0);
        let (x, y) = scratch.split_at_mut(weights.len());
        self.x.mid_ranks(weights, x);
        self.y.mid_ranks(weights, y);
        let n: f64 = weights.iter().sum();
        // Ranks about their mean, which ties do not move.
        let middle = f64::midpoint(n, 1.0);
        let mut sums = [0.0; 5];
        for ((&w, &x), &y) in weights.iter().zip(&*x).zip(&*y) {
            let (x, y) = (x - middle, y - middle);
            for (sum, term) in sums.iter_mut().zip([x, y, x * x, y * y, x * y]) {
                *sum += w * term;
            }
        }
        let [sx, sy, xx, yy, xy] = sums;
        let (sxx, syy) = (centred(n, sx, sx, xx, n * n * n), centred(n, sy, sy, yy, n * n * n));
        let r = centred(n, sx, sy, xy, 0.0) / (sxx * syy).sqrt();
        out[0] = if sxx > 0.0 && syy > 0.0 { r.clamp(-1.0, 1.0) } else { f64::NAN };
    }
}

struct Kendall {
    x: Groups,
    y: Groups,
    /// The group of y that every row belongs to.
    y_group: Vec<u32>,
}

impl RowStatistic for Kendall {
    fn outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, weights: &[f64], scratch: &mut Vec<f64>, out: &mut [f64]) {
        let n: f64 = weights.iter().sum();
        scratch.clear();
        scratch.resize(self.y.ends.len() + 1, 0.0);
        let (mut score, mut seen) = (0.0, 0.0);
        for group in self.x.groups() {
            // Against rows with smaller x: concordant where y is smaller too.
            for &row in group {
                let (weight, place) = (weights[row as usize], self.y_group[row as usize] as usize);
                if weight > 0.0 {
                    let (below, upto) = (prefix(scratch, place), prefix(scratch, place + 1));
                    score += weight * (below - (seen - upto));
                }
            }
            for &row in group {
                let weight = weights[row as usize];
                add(scratch, self.y_group[row as usize] as usize, weight);
                seen += weight;
            }
        }
        let (x, y) = (pairs(n) - self.x.tied_pairs(weights), pairs(n) - self.y.tied_pairs(weights));
        out[0] = if x > 1e-9 && y > 1e-9 { (score / (x * y).sqrt()).clamp(-1.0, 1.0) } else { f64::NAN };
    }
}

/// The sum of the first `count` entries of a Fenwick tree.
fn prefix(tree: &[f64], count: usize) -> f64 {
    let (mut at, mut sum) = (count, 0.0);
    while at > 0 {
        sum += tree[at];
        at &= at - 1;
    }
    sum
}

fn add(tree: &mut [f64], place: usize, weight: f64) {
    let mut at = place + 1;
    while at < tree.len() {
        tree[at] += weight;
        at += at & at.wrapping_neg();
    }
}

fn both(table: Table<'_>) -> (Groups, Groups) {
    let column = |j| Groups::of(&table.column(j).collect::<Vec<_>>());
    (column(0), column(1))
}

/// Spearman's rho of two columns.
pub(super) fn spearman(table: Table<'_>) -> Statistic {
    let (x, y) = both(table);
    Statistic::Rows(Box::new(Spearman { x, y }))
}

/// Kendall's tau-b of two columns.
pub(super) fn kendall(table: Table<'_>) -> Statistic {
    let (x, y) = both(table);
    let mut y_group = vec![0; table.rows()];
    for (number, group) in (0..).zip(y.groups()) {
        for &row in group {
            y_group[row as usize] = number;
        }
    }
    Statistic::Rows(Box::new(Kendall { x, y, y_group }))
}
