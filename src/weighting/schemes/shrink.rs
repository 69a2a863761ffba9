//! Shrinkage to target weights: between the target's own score and free regression.

use super::check_weights;
use super::finish::{Draft, Problem, SchemeFit, Status};
use super::ridge::{chosen, singular};
use crate::error::Result;
use crate::regress::{CrossMoments, RidgePath};
use serde::{Deserialize, Serialize};

/// The score is s (X w0) + X d with s free: minimises RSS/(2W) + penalty/2 |d|^2, d orthogonal to w0. An infinite penalty is
/// the target's own score, none is least squares.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shrink {
    /// Target weights, length p; `None`: equal weights.
    pub target: Option<Vec<f64>>,
    /// 0 or more; `None` is left to tuning, which may choose infinity, the target itself.
    #[serde(with = "super::penalty")]
    pub penalty: Option<f64>,
}

impl Shrink {
    fn whole_target(&self, items: usize) -> Result<Vec<f64>> {
        match &self.target {
            Some(target) => {
                check_weights("target weights", target, items)?;
                Ok(target.clone())
            }
            None => Ok(vec![1.0; items]),
        }
    }

    /// The target with zeros for constant items: they have no say in the score's shape, their target weight is pinned.
    pub(super) fn varying_target(&self, adjusted: &CrossMoments) -> Result<Vec<f64>> {
        let mut target = self.whole_target(adjusted.items)?;
        for (j, weight) in target.iter_mut().enumerate() {
            if adjusted.is_constant(j) {
                *weight = 0.0;
            }
        }
        Ok(target)
    }

    pub(super) fn fit(&self, problem: &Problem<'_>) -> Result<SchemeFit> {
        let penalty = chosen(problem, self.penalty)?;
        Ok(self.path(problem, &[penalty])?.remove(0))
    }

    pub(super) fn path(&self, problem: &Problem<'_>, penalties: &[f64]) -> Result<Vec<SchemeFit>> {
        let target = self.whole_target(problem.whole.items)?;
        let varying = self.varying_target(&problem.adjusted)?;
        let path =
            if varying.iter().all(|w| *w == 0.0) { None } else { RidgePath::new(&problem.adjusted, Some(&varying))? };
        let Some(path) = path else {
            let blank = problem.blank(Status::Undefined, "the target's score does not vary between sites");
            return Ok(vec![blank; penalties.len()]);
        };
        Ok(penalties
            .iter()
            .map(|penalty| {
                let status = singular(problem, *penalty);
                let slopes = path.slopes(*penalty);
                let draft = Draft { slopes, penalty: Some(*penalty), status, ..Draft::default() };
                let mut fit = problem.finish_pinned(draft, &target);
                let worth = crate::regress::ridge::prior_sites(&problem.adjusted, *penalty);
                fit.diagnostics.insert("prior_worth_sites".into(), worth);
                fit
            })
            .collect())
    }
}
