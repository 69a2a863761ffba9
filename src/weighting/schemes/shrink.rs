//! Shrinkage to target weights: between the target's own score and free regression.

use super::check_weights;
use super::finish::{Draft, Problem, SchemeFit, Status};
use super::ridge::{chosen, singular};
use crate::error::Result;
use crate::regress::RidgePath;
use serde::{Deserialize, Serialize};

/// The score is s (X w0) + X d with s free: minimises RSS/(2W) + penalty/2 |d|^2, d orthogonal to w0. An infinite penalty is
/// the target's own score, none is least squares.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shrink {
    /// Target weights, length p; `None`: equal weights.
    pub target: Option<Vec<f64>>,
    /// 0 or more; `None` is left to tuning, which may choose infinity, the target itself.
    pub penalty: Option<f64>,
}

impl Shrink {
    pub(super) fn fit(&self, problem: &Problem<'_>) -> Result<SchemeFit> {
        let penalty = chosen(problem, self.penalty)?;
        Ok(self.path(problem, &[penalty])?.remove(0))
    }

    pub(super) fn path(&self, problem: &Problem<'_>, penalties: &[f64]) -> Result<Vec<SchemeFit>> {
        let target = match &self.target {
            Some(target) => {
                check_weights("target weights", target, problem.whole.items)?;
                target.clone()
            }
            None => vec![1.0; problem.whole.items],
        };
        // Constant items have no say in the score's shape; their target weight is kept as the pinned share.
        let mut varying = target.clone();
        for j in &problem.estimability.constant {
            varying[*j] = 0.0;
        }
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
                problem.finish_pinned(draft, &target)
            })
            .collect())
    }
}
