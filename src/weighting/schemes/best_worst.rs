//! The best-worst method in its linear form (Rezaei 2016, doi:10.1016/j.omega.2015.12.001).

use super::check_length;
use super::finish::{Problem, SchemeFit};
use super::unit::fixed;
use crate::error::{Error, Result, input};
use crate::linalg::lp::{LinearProgram, Outcome, Relation};
use serde::{Deserialize, Serialize};

/// Two vectors of judgements: the best item against each, each against the worst.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BestWorst {
    /// How many times as important the best item is as each, 1 for itself; length p.
    pub best_to_others: Vec<f64>,
    /// How many times as important each item is as the worst, 1 for the worst itself; length p.
    pub others_to_worst: Vec<f64>,
}

impl BestWorst {
    pub(super) fn fit(&self, problem: &Problem<'_>) -> Result<SchemeFit> {
        check_length("best-to-others vector", self.best_to_others.len(), problem.whole.items)?;
        let (weights, xi) = self.judge()?;
        let mut fit = fixed(problem, weights);
        fit.diagnostics.insert("xi".into(), xi);
        Ok(fit)
    }

    /// Weights summing to one, and xi, the largest deviation |w_best - a w_j| or |w_j - a w_worst|; 0 is full consistency.
    ///
    /// ```
    /// use steelyard::weighting::schemes::best_worst::BestWorst;
    /// let judgements = BestWorst { best_to_others: vec![1.0, 2.0, 4.0], others_to_worst: vec![4.0, 2.0, 1.0] };
    /// let (weights, xi) = judgements.judge()?;
    /// assert!((weights[0] - 4.0 / 7.0).abs() < 1e-9 && xi.abs() < 1e-9);
    /// # Ok::<(), steelyard::error::Error>(())
    /// ```
    pub fn judge(&self) -> Result<(Vec<f64>, f64)> {
        let p = self.best_to_others.len();
        check_length("others-to-worst vector", self.others_to_worst.len(), p)?;
        let best = one_of("best_to_others", &self.best_to_others, &self.others_to_worst)?;
        let worst = one_of("others_to_worst", &self.others_to_worst, &self.best_to_others)?;
        let mut rows = Vec::new();
        let mut bound = |plus: usize, minus: usize, factor: f64| {
            for sign in [1.0, -1.0] {
                let mut row = vec![0.0; p + 1];
                row[plus] += sign;
                row[minus] -= sign * factor;
                row[p] = -1.0;
                rows.push((row, Relation::AtMost, 0.0));
            }
        };
        for j in 0..p {
            if j != best {
                bound(best, j, self.best_to_others[j]);
            }
            if j != worst && j != best {
                bound(j, worst, self.others_to_worst[j]);
            }
        }
        let mut sum = vec![1.0; p];
        sum.push(0.0);
        rows.push((sum, Relation::Equal, 1.0));
        let mut cost = vec![0.0; p];
        cost.push(1.0);
        let program = LinearProgram { cost, bounds: vec![(0.0, f64::INFINITY); p + 1], rows };
        match program.solve()? {
            Outcome::Optimal { mut x, .. } => {
                let xi = x.pop().unwrap_or(0.0);
                Ok((x, xi))
            }
            Outcome::Infeasible | Outcome::Unbounded => Err(Error::Internal { what: "the best-worst program".into() }),
        }
    }
}

/// The position of the 1 in a vector of judgements; among several, the one that the other vector puts furthest.
fn one_of(name: &str, values: &[f64], other: &[f64]) -> Result<usize> {
    for (j, value) in values.iter().enumerate() {
        if !(*value >= 1.0 && value.is_finite()) {
            return Err(input("judgement out of range")
                .at(format!("{name}, item {}", j + 1))
                .got(value)
                .allowed("1 or more")
                .into());
        }
    }
    let ones = (0..values.len()).filter(|j| values[*j] == 1.0);
    ones.fold(None, |found: Option<usize>, j| match found {
        Some(k) if other[k] >= other[j] => Some(k),
        _ => Some(j),
    })
    .ok_or_else(|| {
        input(format!("{name} without a 1"))
            .allowed("exactly 1 for the item that the others are compared with")
            .remedy("Say which item is the best (or the worst) by giving it 1.")
            .into()
    })
}
