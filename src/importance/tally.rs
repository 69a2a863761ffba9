//! Sums of a game by size and membership, and the Shapley values that follow from them alone.

use super::lanes::{LANES, Lanes};
use super::system::Border;
use super::tree::{Sums, packed, walk};
use serde::{Deserialize, Serialize};

/// Sums of v(S) over all subsets S of p items.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    /// Number of items p.
    pub items: usize,
    /// By size 0..=p.
    pub by_size: Vec<f64>,
    /// By item and size, p x (p + 1): subsets that contain the item.
    pub by_member: Vec<f64>,
}

/// How the value of the whole set divides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shares {
    /// Shapley value of each item: its mean over the rows of `conditional`; they sum to `total` minus `empty`.
    pub shares: Vec<f64>,
    /// Mean marginal value of each item when it enters after 0, 1, ..., p - 1 others; p rows of p numbers.
    pub conditional: Vec<Vec<f64>>,
    /// Value of all items.
    pub total: f64,
    /// Value of none.
    pub empty: f64,
}

impl Tally {
    /// Nothing added up yet.
    pub fn new(items: usize) -> Self {
        Self { items, by_size: vec![0.0; items + 1], by_member: vec![0.0; items * (items + 1)] }
    }

    /// Adds the value of one subset, given as bits.
    pub fn add(&mut self, subset: u64, value: f64) {
        let size = subset.count_ones() as usize;
        self.by_size[size] += value;
        for j in (0..self.items).filter(|j| subset >> j & 1 == 1) {
            self.by_member[j * (self.items + 1) + size] += value;
        }
    }

    /// Adds another tally of the same items.
    pub fn merge(&mut self, other: &Self) {
        let pairs = self.by_size.iter_mut().zip(&other.by_size).chain(self.by_member.iter_mut().zip(&other.by_member));
        for (mine, theirs) in pairs {
            *mine += theirs;
        }
    }

    /// Multiplies every value of the game.
    pub fn scale(&mut self, factor: f64) {
        for value in self.by_size.iter_mut().chain(&mut self.by_member) {
            *value *= factor;
        }
    }

    /// Walks the subsets of `open` for up to eight systems at once. Each comes with the items that it has already included
    /// (bits); the subsets counted are those items and the open ones that were chosen.
    pub(super) fn walk<const E: usize>(&mut self, systems: &[(Border<E>, u64)], open: &[usize]) {
        let mut state = vec![Lanes::ZERO; packed(open.len(), E)];
        let mut corner = Lanes::ZERO;
        for (lane, (border, _)) in systems.iter().take(LANES).enumerate() {
            border.pack(open, |at, value| state[at].0[lane] = value);
            corner.0[lane] = border.corner;
        }
        let sums = walk::<E>(open.len(), &state, corner);
        for (lane, (_, included)) in systems.iter().take(LANES).enumerate() {
            self.add_lane(&sums, lane, *included, open);
        }
    }

    fn add_lane(&mut self, sums: &Sums, lane: usize, included: u64, open: &[usize]) {
        let (p, m) = (self.items, sums.items);
        let offset = included.count_ones() as usize;
        for size in 0..=m {
            let value = sums.by_size[size].0[lane];
            self.by_size[size + offset] += value;
            for j in (0..p).filter(|j| included >> j & 1 == 1) {
                self.by_member[j * (p + 1) + size + offset] += value;
            }
            for (k, j) in open.iter().enumerate() {
                self.by_member[j * (p + 1) + size + offset] += sums.by_member[k * (m + 1) + size].0[lane];
            }
        }
    }

    /// Shapley values and conditional dominance.
    ///
    /// Over subsets of size k without item i, the mean of v(S + i) is its sum over subsets of size k + 1 with i, divided by
    /// C(p - 1, k); that of v(S) is the sum over all of size k less those with i, likewise.
    pub fn shares(&self) -> Shares {
        let p = self.items;
        let mut ways = 1.0;
        let mut conditional = vec![vec![0.0; p]; p];
        for k in 0..p {
            for i in 0..p {
                let member = &self.by_member[i * (p + 1)..];
                conditional[i][k] = (member[k + 1] - (self.by_size[k] - member[k])) / ways;
            }
            ways *= (p - 1 - k) as f64 / (k + 1) as f64;
        }
        let shares = conditional.iter().map(|row| row.iter().sum::<f64>() / p as f64).collect();
        Shares { shares, conditional, total: self.by_size[p], empty: self.by_size[0] }
    }
}
