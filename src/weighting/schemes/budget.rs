//! Budget allocation: each rater spreads the same number of points over the items; the panel's mean gives the weights.

use super::check_length;
use super::finish::{Problem, SchemeFit};
use super::unit::fixed;
use crate::error::{Result, input};
use serde::{Deserialize, Serialize};

/// How raters are averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mean {
    /// The mean share.
    #[default]
    Arithmetic,
    /// The centre of the compositions, geometric means closed to one (Aitchison 1986); zeros are not allowed.
    Geometric,
}

/// Points per rater and item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Raters x items, none negative; each rater's points are closed to one first.
    pub allocations: Vec<Vec<f64>>,
    /// How raters are averaged.
    #[serde(default)]
    pub mean: Mean,
}

impl Budget {
    pub(super) fn fit(&self, problem: &Problem<'_>) -> Result<SchemeFit> {
        let weights = self.shares(problem.whole.items)?;
        let mut fit = fixed(problem, weights);
        fit.diagnostics.insert("raters".into(), self.allocations.len() as f64);
        Ok(fit)
    }

    /// The panel's shares, summing to one.
    pub fn shares(&self, items: usize) -> Result<Vec<f64>> {
        if self.allocations.is_empty() {
            return Err(input("no allocations").remedy("Give at least one rater.").into());
        }
        let mut sums = vec![0.0; items];
        for (rater, points) in self.allocations.iter().enumerate() {
            check_length(&format!("allocation of rater {}", rater + 1), points.len(), items)?;
            let total: f64 = points.iter().sum();
            if points.iter().any(|v| !v.is_finite() || *v < 0.0) || total <= 0.0 {
                return Err(input("allocation not allowed")
                    .at(format!("rater {}", rater + 1))
                    .allowed("points of zero or more, not all zero")
                    .into());
            }
            for (j, (sum, value)) in sums.iter_mut().zip(points).enumerate() {
                *sum += match self.mean {
                    Mean::Arithmetic => value / total,
                    Mean::Geometric if *value > 0.0 => (value / total).ln(),
                    Mean::Geometric => {
                        return Err(input("zero in a geometric mean")
                            .at(format!("rater {}, item {}", rater + 1, j + 1))
                            .remedy("Use the arithmetic mean, or ask that rater for a small positive share.")
                            .into());
                    }
                };
            }
        }
        let raters = self.allocations.len() as f64;
        let means: Vec<f64> = match self.mean {
            Mean::Arithmetic => sums.iter().map(|s| s / raters).collect(),
            Mean::Geometric => sums.iter().map(|s| (s / raters).exp()).collect(),
        };
        let total: f64 = means.iter().sum();
        Ok(means.into_iter().map(|m| m / total).collect())
    }
}
