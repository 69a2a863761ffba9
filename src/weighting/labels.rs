//! Exact permutation of the outcome over sites: does any item go with it at all?
//!
//! This is the one test that stays valid with very few sites. Its null is "no association with any item", not "equal
//! weights", so that it never makes a verdict about weighting; its floor says what the design could reach.

use super::panel::Panel;
use crate::error::Result;
use crate::job::Control;
use crate::stream::{Purpose, Seed};
use serde::Serialize;

/// Differences below this share of a correlation are ties: sums of scores are exact, divisions round off.
const TIE: f64 = 1e-10;

/// The permutation distribution of the largest |r| between an item and the outcome.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelTest {
    /// Largest absolute correlation of an item with the outcome.
    pub max_r: f64,
    /// The item that has it.
    pub item: usize,
    /// Share of arrangements with a largest |r| at least as large.
    pub p_value: f64,
    /// Arrangements visited.
    pub arrangements: u64,
    /// Whether every distinct arrangement was visited.
    pub enumerated: bool,
    /// The smallest two-sided p that any statistic could reach in this design.
    pub floor: f64,
    /// Standard error of the p from sampling arrangements.
    pub monte_carlo_error: f64,
}

/// Most arrangements that are enumerated.
const LIMIT: u128 = 5_000_000;

/// Tests max |r| over items, one row per site. `None` when there is more than one row for a site, or nothing varies.
pub fn label_permutation(panel: &Panel, replicates: usize, seed: Seed, control: &Control) -> Result<Option<LabelTest>> {
    let n = panel.sites();
    if panel.rows.iter().any(|rows| rows.len() != 1) {
        return Ok(None);
    }
    let order: Vec<usize> = panel.rows.iter().map(|rows| rows[0]).collect();
    let y: Vec<f64> = order.iter().map(|row| panel.outcome[*row]).collect();
    let columns = standard_columns(panel, &order);
    let mean = y.iter().sum::<f64>() / n as f64;
    let spread = y.iter().map(|v| (v - mean).powi(2)).sum::<f64>().sqrt();
    if spread == 0.0 || columns.is_empty() {
        return Ok(None);
    }
    let centred: Vec<f64> = y.iter().map(|v| (v - mean) / spread).collect();
    let (observed, item) = largest(&columns, &centred);
    let possible = arrangements(&y).filter(|count| *count <= LIMIT);
    let mut tally = Tally { columns: &columns, observed, at_least: 0, visited: 0 };
    if possible.is_some() {
        let mut sorted = centred.clone();
        sorted.sort_by(f64::total_cmp);
        loop {
            tally.see(&sorted);
            if tally.visited.is_multiple_of(4096) && control.is_cancelled() {
                return Ok(None);
            }
            if !next_arrangement(&mut sorted) {
                break;
            }
        }
    } else {
        for i in 0..replicates {
            let mut drawn = centred.clone();
            seed.stream(Purpose::Permute, i as u64).shuffle(&mut drawn);
            tally.see(&drawn);
            if i % 1024 == 0 && control.is_cancelled() {
                return Ok(None);
            }
        }
    }
    let enumerated = possible.is_some();
    let visited = tally.visited;
    let p_value = if enumerated {
        tally.at_least as f64 / visited as f64
    } else {
        (tally.at_least + 1) as f64 / (visited + 1) as f64
    };
    let design = possible.map_or(0.0, |count| f64::from(mirrored(&centred)) / count as f64);
    let monte_carlo_error = if enumerated { 0.0 } else { (p_value * (1.0 - p_value) / visited as f64).sqrt() };
    let floor = if enumerated { design } else { 1.0 / (visited + 1) as f64 };
    Ok(Some(LabelTest {
        max_r: observed,
        item: item.1,
        p_value,
        arrangements: visited,
        enumerated,
        floor,
        monte_carlo_error,
    }))
}

struct Tally<'a> {
    columns: &'a [(usize, Vec<f64>)],
    observed: f64,
    at_least: u64,
    visited: u64,
}

impl Tally<'_> {
    fn see(&mut self, y: &[f64]) {
        let (value, _) = largest(self.columns, y);
        self.at_least += u64::from(value >= self.observed - TIE);
        self.visited += 1;
    }
}

/// Varying items, centred and scaled to length one, with their number.
fn standard_columns(panel: &Panel, order: &[usize]) -> Vec<(usize, Vec<f64>)> {
    (0..panel.item_count())
        .filter_map(|j| {
            let raw: Vec<f64> = order.iter().map(|row| panel.items[[*row, j]]).collect();
            let mean = raw.iter().sum::<f64>() / raw.len() as f64;
            let length = raw.iter().map(|x| (x - mean).powi(2)).sum::<f64>().sqrt();
            (length > 1e-9).then(|| (j, raw.iter().map(|x| (x - mean) / length).collect()))
        })
        .collect()
}

/// The largest |r| and (position, item) where it stands.
fn largest(columns: &[(usize, Vec<f64>)], y: &[f64]) -> (f64, (usize, usize)) {
    let mut best = (0.0, (0, 0));
    for (at, (item, column)) in columns.iter().enumerate() {
        let r = column.iter().zip(y).map(|(x, v)| x * v).sum::<f64>().abs();
        if r > best.0 + TIE {
            best = (r, (at, *item));
        }
    }
    best
}

/// Distinct arrangements of the values: n! over the factorials of repeated ones; `None` beyond what is counted.
fn arrangements(y: &[f64]) -> Option<u128> {
    let mut sorted = y.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (mut count, mut run) = (1_u128, 0_u128);
    for i in 0..sorted.len() {
        run = if i > 0 && sorted[i] == sorted[i - 1] { run + 1 } else { 1 };
        count = count.checked_mul(i as u128 + 1)? / run;
    }
    Some(count)
}

/// 2 when turning the outcome upside down is an arrangement too (so that every |statistic| comes twice), else 1.
fn mirrored(centred: &[f64]) -> u8 {
    let mut up = centred.to_vec();
    up.sort_by(f64::total_cmp);
    let symmetric = up.iter().zip(up.iter().rev()).all(|(a, b)| (a + b).abs() < TIE);
    if symmetric { 2 } else { 1 }
}

/// The next distinct arrangement in lexicographic order; false after the last.
fn next_arrangement(values: &mut [f64]) -> bool {
    let Some(i) = (1..values.len()).rev().find(|i| values[i - 1] < values[*i]) else { return false };
    let pivot = values[i - 1];
    let Some(j) = (i..values.len()).rev().find(|j| values[*j] > pivot) else { return false };
    values.swap(i - 1, j);
    values[i..].reverse();
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrangements_are_counted_without_repeats() {
        assert_eq!(arrangements(&[0.0, 1.0, 0.0, 1.0, 1.0, 0.0]), Some(20));
        assert_eq!(arrangements(&[1.0, 2.0, 3.0, 4.0]), Some(24));
        let mut values = vec![0.0, 0.0, 1.0];
        let mut seen = 1;
        while next_arrangement(&mut values) {
            seen += 1;
        }
        assert_eq!((seen, values), (3, vec![1.0, 0.0, 0.0]));
    }
}
