//! Weights that are given: from the literature, or equal weight for every subscale.

use super::finish::{Problem, SchemeFit};
use super::unit::fixed;
use super::{check_length, check_weights};
use crate::error::{Result, input};
use serde::{Deserialize, Serialize};

/// Weights from experts or the literature; only the slope of their score is fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prior {
    /// One weight per item, none negative.
    pub weights: Vec<f64>,
}

impl Prior {
    pub(super) fn fit(&self, problem: &Problem<'_>) -> Result<SchemeFit> {
        check_weights("weights", &self.weights, problem.whole.items)?;
        Ok(fixed(problem, self.weights.clone()))
    }
}

/// Each subscale counts the same, whatever its number of items.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscaleEqual {}

impl SubscaleEqual {
    pub(super) fn fit(problem: &Problem<'_>) -> Result<SchemeFit> {
        let groups = groups_of(problem)?;
        let weights =
            groups.iter().map(|g| 1.0 / groups.iter().filter(|other| *other == g).count().max(1) as f64).collect();
        Ok(fixed(problem, weights))
    }
}

/// The subscale of each item, which this kind of scheme cannot do without.
pub(super) fn groups_of<'a>(problem: &'a Problem<'_>) -> Result<&'a [usize]> {
    let groups = problem.setting.groups.as_deref().ok_or_else(|| {
        input("subscales missing").remedy("Give groups, the subscale of each item, for example from scale.subscales.")
    })?;
    check_length("groups", groups.len(), problem.whole.items)?;
    Ok(groups)
}
