//! The R2 game: exact LMG with conditional dominance, and Owen values with subscales as players.

use super::system::System;
use super::tally::{Shares, Tally};
use crate::error::{Error, Result, input};
use crate::job::Control;
use crate::parallel::Threads;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Beyond this many items the tree would take minutes.
pub const MOST_ITEMS: usize = 34;
/// Items whose eight subsets walk side by side.
const BESIDE: usize = 3;

/// Divides R2 among the items, exactly.
///
/// ```
/// use ndarray::array;
/// use steelyard::{importance::{System, lmg::shares}, job::Control, parallel::Threads};
/// // Independent items: each has its own squared correlation.
/// let system = System::new(array![[1.0, 0.0], [0.0, 1.0]].view(), &[0.6, 0.2], 1.0, &[])?;
/// let found = shares(&system, Threads::ONE, &Control::new())?;
/// assert!((found.shares[0] - 0.36).abs() < 1e-15 && (found.total - 0.40).abs() < 1e-15);
/// # Ok::<(), steelyard::error::Error>(())
/// ```
pub fn shares(system: &System, threads: Threads, control: &Control) -> Result<Shares> {
    let players: Vec<usize> = (0..system.len()).collect();
    let mut found = tally(system, 0, &players, threads, control)?.shares();
    tidy(&mut found);
    Ok(found)
}

/// Round-off below the tolerance of a pivot is no share.
fn tidy(found: &mut Shares) {
    for value in found.shares.iter_mut().chain(found.conditional.iter_mut().flatten()) {
        if value.abs() < 1e-13 {
            *value = 0.0;
        }
    }
}

/// Adds the game up over all subsets of `players`, each joined to the items of `given` (bits).
///
/// Three players make eight systems that walk side by side, up to eight more make independent tasks; how the work is cut
/// depends on the number of players alone, so that threads never change a digit.
fn tally(system: &System, given: u64, players: &[usize], threads: Threads, control: &Control) -> Result<Tally> {
    let m = players.len();
    if m > MOST_ITEMS || system.len() > 64 {
        return Err(input("too many items for exact shares")
            .got(m)
            .allowed(format!("up to {MOST_ITEMS}"))
            .remedy("Use method=\"johnson\", or subscales as players with groups=.")
            .into());
    }
    let beside = m.min(BESIDE);
    let tasks = m.saturating_sub(BESIDE + 14).min(8);
    control.set_total(1 << tasks);
    let part = |task: u64| -> Result<Tally> {
        if control.is_cancelled() {
            return Err(Error::Interrupted);
        }
        let systems: Vec<_> = (0..1_u64 << beside)
            .map(|lane| {
                let chosen = lane | task << beside;
                let mut border = system.bordered();
                let mut included = 0;
                for j in (0..system.len()).filter(|j| given >> j & 1 == 1) {
                    border.include(j);
                }
                for (bit, j) in players[..beside + tasks].iter().enumerate() {
                    if chosen >> bit & 1 == 1 {
                        border.include(*j);
                        included |= 1 << j;
                    }
                }
                (border, included)
            })
            .collect();
        let mut tally = Tally::new(system.len());
        tally.walk(&systems, &players[beside + tasks..]);
        control.advance(1);
        Ok(tally)
    };
    let parts: Vec<Tally> = threads.run(|| (0..1_u64 << tasks).into_par_iter().map(part).collect::<Result<_>>())??;
    let mut whole = Tally::new(system.len());
    for part in &parts {
        whole.merge(part);
    }
    Ok(whole.restricted(players))
}

impl Tally {
    /// The tally of `players` as a game of their own.
    fn restricted(&self, players: &[usize]) -> Self {
        let (p, m) = (self.items, players.len());
        let mut part = Self::new(m);
        part.by_size.copy_from_slice(&self.by_size[..=m]);
        for (i, j) in players.iter().enumerate() {
            part.by_member[i * (m + 1)..(i + 1) * (m + 1)].copy_from_slice(&self.by_member[j * (p + 1)..][..=m]);
        }
        part
    }
}

/// Shares of groups that enter as wholes, and of the items within them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Owen {
    /// Owen value of each item, length p; those of a group sum to the group's share.
    pub items: Vec<f64>,
    /// Shapley value of each group as one player.
    pub groups: Vec<f64>,
    /// Value of all items.
    pub total: f64,
}

/// Owen values (Owen 1977, doi:10.1007/978-3-642-45494-3_7): the mean marginal value over the orders in which no group is interrupted.
/// `group[j]` is the group of item j, from 0.
pub fn owen(system: &System, group: &[usize], threads: Threads, control: &Control) -> Result<Owen> {
    let count = group.iter().max().map_or(0, |g| g + 1);
    if group.len() != system.len() || count > 20 {
        return Err(input("groups not allowed")
            .at("groups")
            .got(format!("{} labels, {count} groups", group.len()))
            .allowed(format!("one group per item, {}, and up to 20 groups", system.len()))
            .into());
    }
    let bits = |g: usize| (0..group.len()).filter(|j| group[*j] == g).fold(0_u64, |set, j| set | 1 << j);
    let mut items = vec![0.0; system.len()];
    for g in 0..count {
        let players: Vec<usize> = (0..group.len()).filter(|j| group[*j] == g).collect();
        let others: Vec<usize> = (0..count).filter(|o| *o != g).collect();
        for subset in 0..1_u64 << others.len() {
            let entered = others.iter().enumerate().filter(|(b, _)| subset >> b & 1 == 1);
            let given = entered.fold(0, |set, (_, o)| set | bits(*o));
            let weight = order_weight(subset.count_ones() as usize, count);
            let found = tally(system, given, &players, threads, control)?.shares();
            for (j, share) in players.iter().zip(&found.shares) {
                items[*j] += weight * share;
            }
        }
    }
    let groups = (0..count).map(|g| (0..group.len()).filter(|j| group[*j] == g).map(|j| items[j]).sum()).collect();
    let all: Vec<usize> = (0..system.len()).collect();
    Ok(Owen { items, groups, total: system.explained(&all) })
}

/// 1 / (m C(m - 1, k)): the share of orders of m players in which a given set of k comes just before a given player.
pub fn order_weight(k: usize, m: usize) -> f64 {
    let mut ways = 1.0;
    for i in 0..k {
        ways *= (m - 1 - i) as f64 / (i + 1) as f64;
    }
    1.0 / (m as f64 * ways)
}
