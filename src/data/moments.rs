//! Moments of groups (sites, or arms within sites) in one pass over participants, and linked to the sites' item scores.
//!
//! Moments add up: a left-out site is a subtraction, a bootstrap of sites a weighted sum, a million participants one
//! streaming pass whose memory does not grow with them. Items are constant within a site, so their part of the
//! cross-products follows from the participants' n and sums and is never stored per participant.

use crate::error::{Error, Result, input};
use crate::job::Control;
use crate::parallel::Threads;
use rayon::prelude::*;
use serde::Serialize;

/// Rows of one block. Blocks are summed in their order, so the result does not depend on the number of threads.
const BLOCK: usize = 65_536;

/// What is known of every group: its rows, those without a value, and sums over the complete ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupMoments {
    /// Number of columns: the outcome, then covariates.
    pub columns: usize,
    /// The point about which sums are taken, per column.
    pub origin: Vec<f64>,
    /// Rows of each group.
    pub rows: Vec<u64>,
    /// Complete rows of each group: those that enter the sums.
    pub n: Vec<u64>,
    /// Rows without a value, groups x columns.
    pub missing: Vec<u64>,
    /// Sums of (x - origin), groups x columns.
    pub sums: Vec<f64>,
    /// Sums of (x - origin)(x - origin)', groups x columns x columns.
    pub products: Vec<f64>,
    /// Smallest value of each column over complete rows, groups x columns; infinite without any.
    pub minimum: Vec<f64>,
    /// Largest value, likewise.
    pub maximum: Vec<f64>,
    /// Rows that belong to no group.
    pub unlinked: u64,
}

impl GroupMoments {
    fn empty(groups: usize, origin: &[f64]) -> Self {
        let q = origin.len();
        Self {
            columns: q,
            origin: origin.to_vec(),
            rows: vec![0; groups],
            n: vec![0; groups],
            missing: vec![0; groups * q],
            sums: vec![0.0; groups * q],
            products: vec![0.0; groups * q * q],
            minimum: vec![f64::INFINITY; groups * q],
            maximum: vec![f64::NEG_INFINITY; groups * q],
            unlinked: 0,
        }
    }

    /// Adds a row; `values` are its columns, NaN where there is none.
    fn push(&mut self, group: i64, values: &[f64]) {
        let Ok(g) = usize::try_from(group) else {
            self.unlinked += 1;
            return;
        };
        let q = self.columns;
        self.rows[g] += 1;
        let mut complete = true;
        for (j, x) in values.iter().enumerate() {
            if x.is_nan() {
                self.missing[g * q + j] += 1;
                complete = false;
            }
        }
        if !complete {
            return;
        }
        self.n[g] += 1;
        for (j, &x) in values.iter().enumerate() {
            let from = x - self.origin[j];
            self.sums[g * q + j] += from;
            let row = &mut self.products[(g * q + j) * q..(g * q + j + 1) * q];
            for (k, cell) in row.iter_mut().enumerate() {
                *cell += from * (values[k] - self.origin[k]);
            }
            self.minimum[g * q + j] = self.minimum[g * q + j].min(x);
            self.maximum[g * q + j] = self.maximum[g * q + j].max(x);
        }
    }

    /// Adds the sums of other rows of the same groups.
    pub fn merge(&mut self, other: &Self) {
        let add = |a: &mut Vec<u64>, b: &[u64]| a.iter_mut().zip(b).for_each(|(x, y)| *x += y);
        let sum = |a: &mut Vec<f64>, b: &[f64]| a.iter_mut().zip(b).for_each(|(x, y)| *x += y);
        add(&mut self.rows, &other.rows);
        add(&mut self.n, &other.n);
        add(&mut self.missing, &other.missing);
        sum(&mut self.sums, &other.sums);
        sum(&mut self.products, &other.products);
        self.minimum.iter_mut().zip(&other.minimum).for_each(|(x, y)| *x = x.min(*y));
        self.maximum.iter_mut().zip(&other.maximum).for_each(|(x, y)| *x = x.max(*y));
        self.unlinked += other.unlinked;
    }

    /// Mean of a column in a group; `None` without complete rows.
    pub fn mean(&self, group: usize, column: usize) -> Option<f64> {
        let n = self.n[group];
        (n > 0).then(|| self.origin[column] + self.sums[group * self.columns + column] / n as f64)
    }

    /// Sum of squares of a column about the group's mean.
    pub fn squares(&self, group: usize, column: usize) -> f64 {
        let q = self.columns;
        let s = self.sums[group * q + column];
        let n = self.n[group];
        if n == 0 { 0.0 } else { (self.products[(group * q + column) * q + column] - s * s / n as f64).max(0.0) }
    }
}

/// Sums the participants of every group in one pass.
///
/// `group` holds one index per row, or -1 for a row that belongs to none; each of `columns` has one value per row, NaN
/// where there is none; `origin` is the point about which each column is summed.
///
/// ```
/// use steelyard::{data::moments::moments, job::Control, parallel::Threads};
/// let (group, y) = ([0, 0, 1, -1], [1.0, 0.0, 1.0, 1.0]);
/// let m = moments(&group, 2, &[&y], &[0.0], Threads::ONE, &Control::new())?;
/// assert_eq!((m.n.clone(), m.unlinked, m.mean(0, 0)), (vec![2, 1], 1, Some(0.5)));
/// # Ok::<(), steelyard::error::Error>(())
/// ```
pub fn moments(
    group: &[i64],
    groups: usize,
    columns: &[&[f64]],
    origin: &[f64],
    threads: Threads,
    control: &Control,
) -> Result<GroupMoments> {
    if origin.len() != columns.len() || columns.iter().any(|column| column.len() != group.len()) {
        return Err(input("columns of different length").allowed("one value per participant in every column").into());
    }
    if group.iter().any(|&g| usize::try_from(g).is_ok_and(|g| g >= groups)) {
        return Err(Error::Internal { what: "a participant's group".into() });
    }
    control.set_total(group.len() as u64);
    let blocks: Vec<GroupMoments> = threads.run(|| {
        (0..group.len().div_ceil(BLOCK))
            .into_par_iter()
            .map(|b| {
                let mut sums = GroupMoments::empty(groups, origin);
                if control.is_cancelled() {
                    return sums;
                }
                let (from, to) = (b * BLOCK, ((b + 1) * BLOCK).min(group.len()));
                let mut values = vec![0.0; columns.len()];
                for i in from..to {
                    values.iter_mut().zip(columns).for_each(|(value, column)| *value = column[i]);
                    sums.push(group[i], &values);
                }
                control.advance((to - from) as u64);
                sums
            })
            .collect()
    })?;
    if control.is_cancelled() {
        return Err(Error::Interrupted);
    }
    let mut whole = GroupMoments::empty(groups, origin);
    for block in &blocks {
        whole.merge(block);
    }
    Ok(whole)
}

/// Cross-products of (1, items, covariates, outcome) over sites, each site counted `counts[s]` times; row-major, with
/// items about `midpoint` and the other columns about the origin of `m`, whose first column is the outcome.
///
/// Site `s` of `items` (sites x items, row-major) is group `s` of `m`.
pub fn linked(m: &GroupMoments, items: &[f64], midpoint: &[f64], counts: &[f64]) -> Result<Vec<f64>> {
    let (p, q) = (midpoint.len(), m.columns);
    if items.len() != m.n.len() * p || counts.len() != m.n.len() {
        return Err(input("items and moments of different sites").allowed("one row of items per site").into());
    }
    let width = 1 + p + q;
    let mut out = vec![0.0; width * width];
    // Columns of `m` in the order covariates, outcome.
    let order: Vec<usize> = (1..q).chain(std::iter::once(0)).collect();
    for (s, &count) in counts.iter().enumerate() {
        if count == 0.0 || m.n[s] == 0 {
            continue;
        }
        let n = m.n[s] as f64;
        // A vector that is constant within the site: (1, items); the rest enters by its sums.
        let fixed: Vec<f64> = std::iter::once(1.0).chain((0..p).map(|j| items[s * p + j] - midpoint[j])).collect();
        for a in 0..=p {
            for b in 0..=p {
                out[a * width + b] += count * n * fixed[a] * fixed[b];
            }
            for (k, &column) in order.iter().enumerate() {
                let value = count * fixed[a] * m.sums[s * q + column];
                out[a * width + 1 + p + k] += value;
                out[(1 + p + k) * width + a] += value;
            }
        }
        for (k, &first) in order.iter().enumerate() {
            for (l, &second) in order.iter().enumerate() {
                out[(1 + p + k) * width + 1 + p + l] += count * m.products[(s * q + first) * q + second];
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(group: &[i64], groups: usize, columns: &[&[f64]], threads: usize) -> GroupMoments {
        let threads = Threads::new(std::num::NonZeroUsize::new(threads));
        moments(group, groups, columns, &vec![0.5; columns.len()], threads, &Control::new()).unwrap()
    }

    #[test]
    fn rows_with_a_blank_are_counted_and_left_out_of_the_sums() {
        let m = run(&[0, 0, 1], 2, &[&[1.0, f64::NAN, 0.0], &[2.0, 3.0, f64::NAN]], 1);
        assert_eq!((m.rows.clone(), m.n.clone(), m.missing.clone()), (vec![2, 1], vec![1, 0], vec![1, 0, 0, 1]));
        assert_eq!((m.mean(0, 1), m.mean(1, 0)), (Some(2.0), None));
    }

    #[test]
    fn the_sums_do_not_depend_on_threads() {
        let n = 3 * BLOCK + 17;
        let group: Vec<i64> = (0_i64..).take(n).map(|i| i * 7 % 50 - 1).collect();
        let y: Vec<f64> = (0..n).map(|i| ((i * 31) % 97) as f64 / 9.7).collect();
        let z: Vec<f64> = (0..n).map(|i| ((i * 13) % 89) as f64 / 8.9).collect();
        let one = run(&group, 49, &[&y, &z], 1);
        assert_eq!(one, run(&group, 49, &[&y, &z], 2));
        assert_eq!(one, run(&group, 49, &[&y, &z], 7));
    }

    #[test]
    fn a_cancelled_pass_is_interrupted() {
        let control = Control::new();
        control.cancel();
        assert_eq!(moments(&[0], 1, &[&[1.0]], &[0.0], Threads::ONE, &control), Err(Error::Interrupted));
    }

    proptest! {
        #[test]
        fn linked_moments_are_those_of_the_long_table(
            rows in prop::collection::vec((0_i64..3, 0_i32..2, -3_i32..4), 1..40),
            scores in prop::collection::vec(1_i32..6, 6),
        ) {
            let group: Vec<i64> = rows.iter().map(|r| r.0).collect();
            let y: Vec<f64> = rows.iter().map(|r| f64::from(r.1)).collect();
            let z: Vec<f64> = rows.iter().map(|r| f64::from(r.2)).collect();
            let items: Vec<f64> = scores.iter().map(|&s| f64::from(s)).collect();
            let m = run(&group, 3, &[&y, &z], 1);
            let counts = [1.0, 2.0, 0.0];
            let found = linked(&m, &items, &[3.0, 3.0], &counts).unwrap();
            let mut expected = vec![0.0; 25];
            for (i, &g) in group.iter().enumerate() {
                let g = g as usize;
                let v = [1.0, items[2 * g] - 3.0, items[2 * g + 1] - 3.0, z[i] - 0.5, y[i] - 0.5];
                for a in 0..5 { for b in 0..5 { expected[a * 5 + b] += counts[g] * v[a] * v[b]; } }
            }
            // Integers and halves: the sums are exact.
            prop_assert_eq!(found, expected);
        }
    }
}
