//! Least squares with no negative slope (Lawson and Hanson 1974, chapter 23).

use super::finish::{Draft, Problem, SchemeFit};
use crate::error::Result;
use crate::linalg::nonnegative;
use crate::regress::CrossMoments;
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// Minimises RSS over slopes of zero or more. Items that move together exactly share one slope by prior weight.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NonNegative {}

impl NonNegative {
    pub(super) fn fit(problem: &Problem<'_>) -> Result<SchemeFit> {
        let merged = Merged::new(&problem.adjusted, &problem.varying(), &problem.setting.prior);
        let fit = nonnegative(merged.gram.view(), &merged.cross)?;
        let gap = fit.kkt * crate::linalg::dot(&fit.b, &merged.cross) / problem.adjusted.yy.max(f64::MIN_POSITIVE);
        let slopes = merged.spread(&fit.b, problem.whole.items);
        Ok(problem.finish(Draft { slopes, gap: Some(gap), ..Draft::default() }))
    }
}

/// Varying items with those that are positive multiples of one another merged into one column, so that a constrained or sparse
/// solution does not depend on which of them comes first.
#[derive(Debug)]
pub(super) struct Merged {
    /// Members with their prior share, per column.
    groups: Vec<Vec<(usize, f64)>>,
    /// Cross-products of the columns.
    pub(super) gram: Array2<f64>,
    /// With the outcome.
    pub(super) cross: Vec<f64>,
}

impl Merged {
    pub(super) fn new(data: &CrossMoments, varying: &[usize], prior: &[f64]) -> Self {
        let g = &data.gram;
        let mut groups: Vec<Vec<(usize, f64)>> = Vec::new();
        for j in varying.iter().copied() {
            let share = prior[j];
            let home = groups.iter_mut().find(|group| {
                let k = group[0].0;
                g[[j, k]] > 0.0 && g[[j, k]] * g[[j, k]] >= (1.0 - 1e-11) * g[[j, j]] * g[[k, k]]
            });
            match home {
                Some(group) => group.push((j, share)),
                None => groups.push(vec![(j, share)]),
            }
        }
        for group in &mut groups {
            if group.len() == 1 || group.iter().all(|(_, share)| *share == 0.0) {
                for member in group {
                    member.1 = 1.0;
                }
            }
        }
        let m = groups.len();
        let gram = Array2::from_shape_fn((m, m), |(a, b)| {
            let mut sum = 0.0;
            for (i, wi) in &groups[a] {
                for (k, wk) in &groups[b] {
                    sum += wi * wk * g[[*i, *k]];
                }
            }
            sum
        });
        let cross = groups.iter().map(|group| group.iter().map(|(j, w)| w * data.cross[*j]).sum()).collect();
        Self { groups, gram, cross }
    }

    pub(super) fn spread(&self, b: &[f64], items: usize) -> Vec<f64> {
        let mut slopes = vec![0.0; items];
        for (group, value) in self.groups.iter().zip(b) {
            for (j, share) in group {
                slopes[*j] = value * share;
            }
        }
        slopes
    }
}
