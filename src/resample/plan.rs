//! A plan: which rows form a unit, which units form a stratum, and by which law units are drawn.
//!
//! Independent samples are strata, sites are units, a plain bootstrap has one stratum and each row is its own unit. One
//! structure therefore serves every plan, its jackknife and its enumeration.

use crate::error::{Result, input};
use serde::{Deserialize, Serialize};

/// How a replicate is drawn from the units of each stratum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Law {
    /// Units with replacement, as many as the stratum has (or as `draws` says).
    #[default]
    Multinomial,
    /// The same, balanced: over each block of [`BALANCED_BLOCK`] replicates every unit is drawn equally often (Davison,
    /// Hinkley and Schechtman 1986). Blocks are fixed, so that more replicates keep the first ones.
    Balanced,
    /// Units with replacement, then as many rows as each drawn unit has, with replacement within it.
    TwoStage,
    /// Exponential weights, scaled to sum to the number of units in each stratum: the Bayesian bootstrap (Rubin 1981).
    Exponential,
    /// Poisson(1) counts, unit by unit: the total varies.
    Poisson,
}

/// Replicates over which a balanced plan is balanced.
pub const BALANCED_BLOCK: u64 = 100;

impl Law {
    /// Whether a replicate is a list of drawn units (others are weights).
    pub fn draws_units(self) -> bool {
        matches!(self, Self::Multinomial | Self::Balanced)
    }

    /// Whether weights belong to rows, not to units.
    pub fn weighs_rows(self) -> bool {
        self == Self::TwoStage
    }
}

/// Units `first..first + size`, of which `draws` are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stratum {
    /// Its first unit.
    pub first: usize,
    /// Its number of units.
    pub size: usize,
    /// Units drawn per replicate.
    pub draws: usize,
}

/// Which rows form a unit, which units a stratum, and the law of the draws. Checked once.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    unit_of_row: Vec<u32>,
    n_units: usize,
    strata: Vec<Stratum>,
    law: Law,
    rows_are_units: bool,
    /// Rows ordered by unit, and where each unit starts; only for laws that draw rows.
    rows: Vec<u32>,
    starts: Vec<usize>,
}

impl Plan {
    /// `unit_of_row` numbers units from 0 without gaps; `stratum_of_unit` does not decrease; `draws` per stratum.
    pub fn new(unit_of_row: &[i64], stratum_of_unit: &[i64], draws: Option<&[usize]>, law: Law) -> Result<Self> {
        let n_units = stratum_of_unit.len();
        let mut seen = vec![false; n_units];
        let mut units = Vec::with_capacity(unit_of_row.len());
        for (row, &unit) in unit_of_row.iter().enumerate() {
            let known = usize::try_from(unit).ok().filter(|&u| u < n_units);
            let Some(u) = known else {
                return Err(input("unit out of range")
                    .at(format!("row {row}"))
                    .got(unit)
                    .allowed(format!("0 to {}", n_units.saturating_sub(1)))
                    .into());
            };
            seen[u] = true;
            units.push(u as u32);
        }
        if let Some(empty) = seen.iter().position(|&s| !s) {
            return Err(input("unit without rows").got(empty).into());
        }
        let strata = strata(stratum_of_unit, draws)?;
        let rows_are_units = units.iter().enumerate().all(|(row, &unit)| row == unit as usize);
        let (rows, starts) = if law.weighs_rows() { rows_by_unit(&units, n_units) } else { Default::default() };
        Ok(Self { unit_of_row: units, n_units, strata, law, rows_are_units, rows, starts })
    }

    /// The same units, strata and law for other rows: a unit for each of them.
    pub fn rebound(&self, unit_of_row: &[i64]) -> Result<Self> {
        let of_unit = (0..).zip(&self.strata).flat_map(|(i, stratum)| std::iter::repeat_n(i, stratum.size));
        let draws: Vec<usize> = self.strata.iter().map(|s| s.draws).collect();
        Self::new(unit_of_row, &of_unit.collect::<Vec<i64>>(), Some(&draws), self.law)
    }

    /// The plain bootstrap of `n` rows.
    pub fn iid(n: usize) -> Result<Self> {
        let units: Vec<i64> = (0..).take(n).collect();
        Self::new(&units, &vec![0; n], None, Law::Multinomial)
    }

    /// The unit of every row.
    pub fn unit_of_row(&self) -> &[u32] {
        &self.unit_of_row
    }

    /// Rows in the data.
    pub fn n_rows(&self) -> usize {
        self.unit_of_row.len()
    }

    /// Units in the data.
    pub fn n_units(&self) -> usize {
        self.n_units
    }

    /// The strata, in order.
    pub fn strata(&self) -> &[Stratum] {
        &self.strata
    }

    /// The law of the draws.
    pub fn law(&self) -> Law {
        self.law
    }

    /// Whether unit i is row i for every i.
    pub fn rows_are_units(&self) -> bool {
        self.rows_are_units
    }

    /// Units drawn per replicate.
    pub fn draws(&self) -> usize {
        self.strata.iter().map(|s| s.draws).sum()
    }

    /// The same units and strata, drawn whole.
    #[must_use]
    pub fn whole_units(&self) -> Self {
        Self { law: Law::Multinomial, ..self.clone() }
    }

    /// The rows of one unit, under a law that draws rows.
    pub fn rows_of(&self, unit: usize) -> &[u32] {
        &self.rows[self.starts[unit]..self.starts[unit + 1]]
    }

    /// Entries of a weight vector: rows under a law that weighs rows, else units.
    pub fn n_weights(&self) -> usize {
        if self.law.weighs_rows() { self.n_rows() } else { self.n_units }
    }

    /// Writes the weight of every unit to its rows.
    pub fn spread(&self, unit_weights: &[f64], row_weights: &mut [f64]) {
        for (weight, &unit) in row_weights.iter_mut().zip(&self.unit_of_row) {
            *weight = unit_weights[unit as usize];
        }
    }
}

fn rows_by_unit(units: &[u32], n_units: usize) -> (Vec<u32>, Vec<usize>) {
    let mut starts = vec![0; n_units + 1];
    for &unit in units {
        starts[unit as usize + 1] += 1;
    }
    for unit in 0..n_units {
        starts[unit + 1] += starts[unit];
    }
    let mut rows: Vec<u32> = (0..units.len() as u32).collect();
    rows.sort_by_key(|&row| units[row as usize]);
    (rows, starts)
}

fn strata(stratum_of_unit: &[i64], draws: Option<&[usize]>) -> Result<Vec<Stratum>> {
    let mut strata: Vec<Stratum> = Vec::new();
    for (unit, &stratum) in stratum_of_unit.iter().enumerate() {
        let (known, label) = (strata.len(), usize::try_from(stratum).ok());
        match strata.last_mut() {
            Some(last) if label == Some(known - 1) => last.size += 1,
            _ if label == Some(known) => strata.push(Stratum { first: unit, size: 1, draws: 0 }),
            _ => {
                return Err(input("strata are not in order")
                    .at(format!("unit {unit}"))
                    .got(stratum)
                    .allowed("numbers from 0 that do not decrease and leave no gap")
                    .into());
            }
        }
    }
    for (index, stratum) in strata.iter_mut().enumerate() {
        if stratum.size < 2 {
            return Err(input("too few units to resample")
                .at(format!("stratum {index}"))
                .got(stratum.size)
                .allowed("at least 2 units in each stratum")
                .remedy("One unit has no spread of its own: join strata, or resample a level that has more units.")
                .into());
        }
        stratum.draws = draws.and_then(|d| d.get(index)).copied().unwrap_or(stratum.size);
    }
    if strata.is_empty() {
        return Err(input("no units to resample").allowed("at least 2 rows or sites").into());
    }
    Ok(strata)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_checked() {
        let message = |units: &[i64], strata: &[i64]| {
            Plan::new(units, strata, None, Law::Multinomial).map_err(|e| e.to_string()).unwrap_err()
        };
        assert!(message(&[0, 1, 5], &[0, 0]).contains("unit out of range in row 2: got 5; allowed: 0 to 1"));
        assert!(message(&[0, 0], &[0, 0]).contains("unit without rows: got 1"));
        assert!(message(&[0, 1, 2], &[0, 0, 1]).contains("too few units to resample in stratum 1: got 1"));
        assert!(message(&[0, 1], &[1, 0]).contains("strata are not in order"));
        assert!(message(&[], &[]).contains("no units to resample"));
    }

    #[test]
    fn strata_and_units_by_hand() {
        let plan = Plan::new(&[0, 0, 1, 2, 3, 3], &[0, 0, 1, 1], None, Law::Multinomial).unwrap();
        assert_eq!(plan.strata()[1], Stratum { first: 2, size: 2, draws: 2 });
        assert!(!plan.rows_are_units() && Plan::iid(3).unwrap().rows_are_units());
        let mut rows = [0.0; 6];
        plan.spread(&[1.0, 2.0, 3.0, 4.0], &mut rows);
        assert_eq!(rows, [1.0, 1.0, 2.0, 3.0, 4.0, 4.0]);
    }
}
