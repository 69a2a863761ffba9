//! Ridge regression toward zero.

use super::check_penalty;
use super::finish::{Draft, Problem, SchemeFit, Status};
use crate::error::{Result, input};
use crate::regress::RidgePath;
use serde::{Deserialize, Serialize};

/// Minimises RSS/(2W) + penalty/2 |slopes|^2 per scale point.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ridge {
    /// 0 is least squares of smallest norm; `None` is left to tuning.
    pub penalty: Option<f64>,
}

impl Ridge {
    pub(super) fn fit(&self, problem: &Problem<'_>) -> Result<SchemeFit> {
        let penalty = chosen(problem, self.penalty)?;
        Ok(Self::path(problem, &[penalty])?.remove(0))
    }

    pub(super) fn path(problem: &Problem<'_>, penalties: &[f64]) -> Result<Vec<SchemeFit>> {
        let Some(path) = RidgePath::new(&problem.adjusted, None)? else {
            let blank = problem.blank(Status::Undefined, "no item varies");
            return Ok(vec![blank; penalties.len()]);
        };
        Ok(penalties
            .iter()
            .map(|penalty| {
                let slopes = path.slopes(*penalty);
                let status = singular(problem, *penalty);
                problem.finish(Draft { slopes, penalty: Some(*penalty), status, ..Draft::default() })
            })
            .collect())
    }
}

/// Without a penalty, dependent items leave many solutions.
pub(super) fn singular(problem: &Problem<'_>, penalty: f64) -> Option<(Status, String)> {
    let found = &problem.estimability;
    let free = problem.varying().len();
    let saturated = found.rank + 1 >= problem.whole.units;
    (penalty == 0.0 && found.rank < free && !saturated).then(|| {
        let reason = format!("{free} varying items have rank {}; the smallest slopes that fit are given", found.rank);
        (Status::Singular, reason)
    })
}

/// The tuned penalty, or the scheme's own; refused when neither is there.
pub(super) fn chosen(problem: &Problem<'_>, own: Option<f64>) -> Result<f64> {
    match problem.setting.penalty.or(own) {
        Some(penalty) => check_penalty(penalty),
        None => Err(input("penalty missing").remedy("Give a penalty, or tune it over folds first.").into()),
    }
}
