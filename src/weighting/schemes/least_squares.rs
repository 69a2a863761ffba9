//! Ordinary (or weighted) least squares, on items or on subscales.

use super::finish::{Draft, Problem, SchemeFit};
use super::prior::groups_of;
use super::ridge::singular;
use crate::error::Result;
use crate::linalg::{SymmetricEigen, gram::congruent};
use crate::regress::least_squares::{ordinary, solve};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// Minimises RSS. With fewer sites than items it interpolates or is singular, and says so; slopes are then of smallest norm.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ols {}

impl Ols {
    pub(super) fn fit(problem: &Problem<'_>) -> Result<SchemeFit> {
        let slopes = ordinary(&problem.adjusted, problem.estimability.rank)?;
        Ok(problem.finish(Draft { slopes, status: singular(problem, 0.0), ..Draft::default() }))
    }
}

/// Least squares on the sums of the subscales: three slopes are what forty sites can carry.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscaleOnly {}

impl SubscaleOnly {
    pub(super) fn fit(problem: &Problem<'_>) -> Result<SchemeFit> {
        let member = members(problem)?;
        let inner = congruent(problem.adjusted.gram.view(), member.view());
        let cross = member.t().dot(&ndarray::ArrayView1::from(&problem.adjusted.cross)).to_vec();
        let rank = SymmetricEigen::new(inner.view())?.rank().min(problem.whole.units.saturating_sub(1));
        let by_group = solve(inner.view(), &cross, rank)?;
        let slopes = member.dot(&ndarray::ArrayView1::from(&by_group)).to_vec();
        Ok(problem.finish(Draft { slopes, ..Draft::default() }))
    }
}

/// p x subscales: 1 where the item varies and belongs to the subscale.
pub(super) fn members(problem: &Problem<'_>) -> Result<Array2<f64>> {
    let groups = groups_of(problem)?;
    let constant = &problem.estimability.constant;
    let mut labels: Vec<usize> = groups.to_vec();
    labels.sort_unstable();
    labels.dedup();
    Ok(Array2::from_shape_fn((groups.len(), labels.len()), |(j, g)| {
        if groups[j] == labels[g] && !constant.contains(&j) { 1.0 } else { 0.0 }
    }))
}
