//! The smallest and largest SD of column totals over all matrices that explain a table.
//!
//! Column totals of feasible flows form an integral base polytope (an M-convex set) for each grand total. The smallest
//! sum of squares is reached when no single unit can be moved from a column to a smaller one (Murota 2003, Discrete
//! Convex Analysis, theorem 6.26); the largest at a vertex, and vertices are reached by raising columns one after the
//! other, in some order (Edmonds 1970).

use super::flow::Network;
use super::table::Layout;
use serde::Serialize;

/// Columns that may vary for the largest SD to be searched: 720 orders.
const MAX_FREE: usize = 6;
/// Grand totals that are looked at.
const MAX_GRAND: i64 = 64;

/// Range of the sample SD of the column totals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SdRange {
    /// Smallest.
    pub low: f64,
    /// Largest.
    pub high: f64,
}

/// None for one column, more than six columns that vary, or more than 64 possible grand totals.
pub(super) fn sd_range(layout: &Layout, totals: &[(i64, i64)], grand: (i64, i64), step: f64) -> Option<SdRange> {
    let free: Vec<usize> = (0..totals.len()).filter(|j| totals[*j].0 < totals[*j].1).collect();
    if totals.len() < 2 || free.len() > MAX_FREE || grand.1 - grand.0 >= MAX_GRAND {
        return None;
    }
    let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
    for sum in grand.0..=grand.1 {
        let mut network = layout.network.clone();
        network.bound(layout.grand, sum, sum);
        if !network.feasible() {
            continue;
        }
        low = low.min(sd(&even_out(network.clone(), &layout.totals), step));
        let mut order = free.clone();
        permute(&mut order, 0, &mut |order| {
            high = high.max(sd(&raised(network.clone(), &layout.totals, order), step));
        });
    }
    (low <= high).then_some(SdRange { low, high })
}

fn flows(network: &Network, totals: &[usize]) -> Vec<i64> {
    totals.iter().map(|arc| network.flow(*arc)).collect()
}

/// Moves units from larger to smaller columns until none can be moved. Totals here are ticks above each column's offset,
/// which is the same for all columns, so differences of ticks are differences of totals.
fn even_out(mut network: Network, totals: &[usize]) -> Vec<i64> {
    loop {
        let now = flows(&network, totals);
        let mut moved = false;
        'pairs: for from in 0..totals.len() {
            for to in 0..totals.len() {
                if now[from] - now[to] < 2 {
                    continue;
                }
                let mut trial = network.clone();
                for (column, arc) in totals.iter().enumerate().filter(|(c, _)| *c != from && *c != to) {
                    trial.bound(*arc, now[column], now[column]);
                }
                if trial.shift(totals[to], true, 1) == 1 {
                    for (column, arc) in totals.iter().enumerate() {
                        let (low, high) = network.bounds_of(*arc);
                        trial.bound(totals[column], low, high);
                    }
                    network = trial;
                    moved = true;
                    break 'pairs;
                }
            }
        }
        if !moved {
            return now;
        }
    }
}

fn raised(mut network: Network, totals: &[usize], order: &[usize]) -> Vec<i64> {
    for column in order {
        let arc = totals[*column];
        network.shift(arc, true, i64::MAX);
        let flow = network.flow(arc);
        network.bound(arc, flow, flow);
    }
    flows(&network, totals)
}

fn permute(order: &mut [usize], at: usize, visit: &mut impl FnMut(&[usize])) {
    if at == order.len() {
        visit(order);
        return;
    }
    for other in at..order.len() {
        order.swap(at, other);
        permute(order, at + 1, visit);
        order.swap(at, other);
    }
}

fn sd(ticks: &[i64], step: f64) -> f64 {
    let n = ticks.len() as f64;
    let mean = ticks.iter().sum::<i64>() as f64 / n;
    step * (ticks.iter().map(|t| (*t as f64 - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
}
