//! Measures that need one decomposition instead of all subsets: Johnson, CAR, Pratt, first, last.

use super::system::System;
use crate::error::Result;
use crate::linalg::{SymmetricEigen, times};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// Eigenvalues at or below this share of the largest count as zero.
const FLAT: f64 = 1e-10;

/// The measures of this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Relative weights (Johnson 2000, doi:10.1207/S15327906MBR3501_1; Genizi 1993): R2 divided over the nearest orthonormal items,
    /// carried back to the items by their squared loadings.
    Johnson,
    /// Squared correlations with the decorrelated items (Zuber and Strimmer 2011, doi:10.2202/1544-6115.1730).
    Car,
    /// Standardised slope times correlation (Pratt 1987); it can be negative and is not clipped.
    Pratt,
    /// Squared correlation: what an item explains when it enters first. These do not sum to R2.
    First,
    /// What an item adds when it enters last. These do not sum to R2.
    Last,
}

/// Shares by one measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Relative {
    /// Share of each item.
    pub shares: Vec<f64>,
    /// R2 of all items.
    pub total: f64,
    /// Whether the correlations determine the measure; where they are singular, slopes of smallest norm stand in.
    pub unique: bool,
}

/// Divides R2 by one measure.
///
/// ```
/// use ndarray::array;
/// use steelyard::importance::{System, relative::{Measure, relative}};
/// // With two items Johnson's weights are the LMG shares.
/// let system = System::new(array![[1.0, 0.5], [0.5, 1.0]].view(), &[0.6, 0.4], 1.0, &[])?;
/// let found = relative(&system, Measure::Johnson)?;
/// let r2 = (0.36 + 0.16 - 2.0 * 0.5 * 0.6 * 0.4) / 0.75;
/// assert!((found.shares[0] - 0.5 * (0.36 + r2 - 0.16)).abs() < 1e-14);
/// # Ok::<(), steelyard::error::Error>(())
/// ```
pub fn relative(system: &System, measure: Measure) -> Result<Relative> {
    let p = system.len();
    let c = &system.outcome;
    let eigen = SymmetricEigen::new(system.items.view())?;
    let floor = FLAT * eigen.values.first().copied().unwrap_or(0.0);
    let rank = eigen.values.iter().filter(|value| **value > floor).count();
    let varying = (0..p).filter(|j| system.items[[*j, *j]] > 0.0).count();
    // Coordinates of the outcome on the principal axes.
    let along: Vec<f64> = (0..rank).map(|k| (0..p).map(|j| eigen.vectors[[j, k]] * c[j]).sum()).collect();
    let total: f64 = along.iter().zip(&eigen.values).map(|(a, value)| a * a / value).sum();
    let back = |power: f64| -> Vec<f64> {
        let scaled: Vec<f64> = along.iter().zip(&eigen.values).map(|(a, value)| a * value.powf(power)).collect();
        (0..p).map(|j| (0..rank).map(|k| eigen.vectors[[j, k]] * scaled[k]).sum()).collect()
    };
    let shares = match measure {
        Measure::Johnson => {
            let on_axes = back(-0.5);
            let mut loadings = root(&eigen, rank, p);
            loadings.mapv_inplace(|v| v * v);
            times(loadings.view(), &on_axes.iter().map(|b| b * b).collect::<Vec<_>>())
        }
        Measure::Car => back(-0.5).iter().map(|b| b * b).collect(),
        Measure::Pratt => back(-1.0).iter().zip(c).map(|(b, r)| b * r).collect(),
        Measure::First => c.iter().map(|r| r * r).collect(),
        Measure::Last => last(system),
    };
    let unique = rank == varying || matches!(measure, Measure::First | Measure::Last);
    Ok(Relative { shares, total, unique })
}

/// The symmetric square root, from the first `rank` eigenvectors.
fn root(eigen: &SymmetricEigen, rank: usize, p: usize) -> Array2<f64> {
    let scaled = Array2::from_shape_fn((p, rank), |(j, k)| eigen.vectors[[j, k]] * eigen.values[k].sqrt().sqrt());
    scaled.dot(&scaled.t())
}

fn last(system: &System) -> Vec<f64> {
    let p = system.len();
    let all: Vec<usize> = (0..p).collect();
    let total = system.explained(&all);
    (0..p)
        .map(|j| {
            let others: Vec<usize> = all.iter().copied().filter(|k| *k != j).collect();
            let added = total - system.explained(&others);
            if added < 1e-12 { 0.0 } else { added }
        })
        .collect()
}
