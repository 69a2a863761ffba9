//! For whom: estimates in subgroups, and whether they differ by more than chance.
//!
//! Every estimate is a contrast of cell means (subgroup by arm); its variance is the sum of the cells' own (Welch) with
//! Satterthwaite's degrees of freedom. People are taken as independent here: where they share sites, the same contrasts
//! are saturated regressions with a covariance by site, see [`crate::regress`] and [`crate::inference`].

use crate::error::{Result, input};
use crate::num::special::{t_quantile, t_two_sided};
use serde::Serialize;

/// What is compared: one row per person.
#[derive(Debug, Clone)]
pub struct Moderation<'a> {
    /// Outcome.
    pub outcome: &'a [f64],
    /// Arm: true for the programme; None: subgroup means themselves are compared.
    pub arm: Option<&'a [bool]>,
    /// Subgroup of each person; None where it is not known.
    pub level: &'a [Option<usize>],
    /// Number of subgroups.
    pub levels: usize,
}

/// An estimate with its uncertainty.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contrast {
    /// Estimate; None where a cell is empty.
    pub estimate: Option<f64>,
    /// Standard error; None where it is not defined.
    pub standard_error: Option<f64>,
    /// Degrees of freedom.
    pub degrees_of_freedom: Option<f64>,
    /// Interval.
    pub low: Option<f64>,
    /// Interval.
    pub high: Option<f64>,
    /// Two-sided p-value.
    pub p: Option<f64>,
    /// `ok`, or why there is no interval.
    pub status: &'static str,
}

/// One subgroup.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Subgroup {
    /// People with an outcome: all, or in the programme and beside it.
    pub n: (u64, u64),
    /// Mean of the outcome, or the difference between the arms.
    pub effect: Contrast,
    /// Difference from the first subgroup; None for the first itself.
    pub interaction: Option<Contrast>,
}

/// Sums of one cell.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    n: f64,
    sum: f64,
    squares: f64,
}

impl Sums {
    fn add(&mut self, y: f64) {
        self.n += 1.0;
        self.sum += y;
        self.squares += y * y;
    }

    fn mean(self) -> Option<f64> {
        (self.n > 0.5).then(|| self.sum / self.n)
    }

    fn variance(self) -> Option<f64> {
        (self.n > 1.5).then(|| ((self.squares - self.sum * self.sum / self.n) / (self.n - 1.0)).max(0.0))
    }
}

/// All cells.
struct Cells {
    arms: usize,
    total: Vec<Sums>,
}

/// Estimates every subgroup and its difference from the first.
///
/// ```
/// use steelyard::describe::moderators::{Moderation, moderate};
/// let outcome = [1.0, 2.0, 3.0, 5.0, 6.0, 7.0];
/// let level = [Some(0), Some(0), Some(0), Some(1), Some(1), Some(1)];
/// let found = moderate(&Moderation { outcome: &outcome, arm: None, level: &level, levels: 2 }, 0.95).unwrap();
/// assert_eq!(found[1].interaction.as_ref().unwrap().estimate, Some(4.0));
/// ```
pub fn moderate(data: &Moderation<'_>, level: f64) -> Result<Vec<Subgroup>> {
    let n = data.outcome.len();
    let same = |length: usize| length == n;
    if !same(data.level.len()) || !data.arm.is_none_or(|a| same(a.len())) {
        return Err(input("columns of different length").at("moderators").allowed(format!("{n} rows each")).into());
    }
    let cells = cells(data);
    let effect = |group: usize| -> Vec<(usize, f64)> {
        if cells.arms == 1 { vec![(group, 1.0)] } else { vec![(2 * group + 1, 1.0), (2 * group, -1.0)] }
    };
    Ok((0..data.levels)
        .map(|group| {
            let own = effect(group);
            let interaction = (group > 0).then(|| {
                let first = effect(0).into_iter().map(|(cell, weight)| (cell, -weight));
                contrast(&cells, &own.iter().copied().chain(first).collect::<Vec<_>>(), level)
            });
            let count = |cell: usize| cells.total[cell].n as u64;
            let n = if cells.arms == 1 { (count(group), 0) } else { (count(2 * group + 1), count(2 * group)) };
            Subgroup { n, effect: contrast(&cells, &own, level), interaction }
        })
        .collect())
}

fn cells(data: &Moderation<'_>) -> Cells {
    let arms = if data.arm.is_some() { 2 } else { 1 };
    let size = arms * data.levels;
    let mut cells = Cells { arms, total: vec![Sums::default(); size] };
    for (row, y) in data.outcome.iter().enumerate() {
        let Some(level) = data.level[row].filter(|_| y.is_finite()) else { continue };
        let cell = arms * level + usize::from(data.arm.is_some_and(|arm| arm[row]));
        cells.total[cell].add(*y);
    }
    cells
}

fn value(cells: &[Sums], weights: &[(usize, f64)]) -> Option<f64> {
    weights.iter().map(|(cell, weight)| cells[*cell].mean().map(|mean| weight * mean)).sum()
}

fn contrast(cells: &Cells, weights: &[(usize, f64)], level: f64) -> Contrast {
    let none = |estimate, status| Contrast {
        estimate,
        standard_error: None,
        degrees_of_freedom: None,
        low: None,
        high: None,
        p: None,
        status,
    };
    let Some(estimate) = value(&cells.total, weights) else { return none(None, "empty") };
    let (error, df) = match welch(cells, weights) {
        Ok(found) => found,
        Err(status) => return none(Some(estimate), status),
    };
    if error <= 0.0 {
        return none(Some(estimate), "no spread");
    }
    let half = t_quantile(0.5 + level / 2.0, df) * error;
    Contrast {
        estimate: Some(estimate),
        standard_error: Some(error),
        degrees_of_freedom: Some(df),
        low: Some(estimate - half),
        high: Some(estimate + half),
        p: Some(t_two_sided(estimate / error, df)),
        status: "ok",
    }
}

type Spread = std::result::Result<(f64, f64), &'static str>;

/// Variance of the cells, and Satterthwaite's degrees of freedom (Welch 1947, <https://doi.org/10.1093/biomet/34.1-2.28>).
fn welch(cells: &Cells, weights: &[(usize, f64)]) -> Spread {
    let (mut variance, mut below) = (0.0, 0.0);
    for (cell, weight) in weights {
        let sums = cells.total[*cell];
        let Some(own) = sums.variance() else { return Err("one person in a subgroup") };
        let part = weight * weight * own / sums.n;
        variance += part;
        below += part * part / (sums.n - 1.0);
    }
    Ok((variance.sqrt(), if below > 0.0 { variance * variance / below } else { f64::INFINITY }))
}

/// Holm's adjustment (1979): never below what Bonferroni would give to the smallest, monotone, at most 1.
///
/// ```
/// use steelyard::describe::moderators::holm;
/// assert_eq!(holm(&[Some(0.01), None, Some(0.04), Some(0.03)]), [Some(0.03), None, Some(0.06), Some(0.06)]);
/// ```
pub fn holm(p: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut order: Vec<(usize, f64)> = p.iter().enumerate().filter_map(|(i, p)| p.map(|p| (i, p))).collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (mut adjusted, mut largest) = (vec![None; p.len()], 0.0_f64);
    let count = order.len();
    for (rank, (i, p)) in order.into_iter().enumerate() {
        largest = largest.max((p * (count - rank) as f64).min(1.0));
        adjusted[i] = Some(largest);
    }
    adjusted
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_person_or_none_gives_a_status_and_no_interval() {
        let outcome = [1.0, 0.0, 1.0, 1.0];
        let level = [Some(0), Some(0), Some(1), None];
        let base = Moderation { outcome: &outcome, arm: None, level: &level, levels: 2 };
        assert_eq!(moderate(&base, 0.95).unwrap()[1].effect.status, "one person in a subgroup");
        assert!(moderate(&Moderation { levels: 3, ..base }, 0.95).unwrap()[2].effect.estimate.is_none());
    }
}
