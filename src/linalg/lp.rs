//! Small linear programs.

use crate::error::{Error, Result};
use microlp::{ComparisonOp, OptimizationDirection, Problem};

/// How a row relates to its right-hand side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// At most.
    AtMost,
    /// At least.
    AtLeast,
    /// Exactly.
    Equal,
}

/// A program: minimise `cost`'x over `rows` and `bounds`.
#[derive(Debug, Clone, Default)]
pub struct LinearProgram {
    /// Cost per variable.
    pub cost: Vec<f64>,
    /// Lower and upper bound per variable; infinite where open.
    pub bounds: Vec<(f64, f64)>,
    /// Rows: coefficients per variable, relation, right-hand side.
    pub rows: Vec<(Vec<f64>, Relation, f64)>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The minimiser and its cost; every row holds within 1e-7.
    Optimal {
        /// The minimiser.
        x: Vec<f64>,
        /// Its cost.
        cost: f64,
    },
    /// No point meets all rows.
    Infeasible,
    /// The cost falls for ever.
    Unbounded,
}

impl LinearProgram {
    /// Solves by the simplex method.
    ///
    /// ```
    /// use steelyard::linalg::lp::{LinearProgram, Outcome, Relation};
    /// let program = LinearProgram {
    ///     cost: vec![-1.0, -2.0],
    ///     bounds: vec![(0.0, f64::INFINITY), (0.0, 3.0)],
    ///     rows: vec![(vec![1.0, 1.0], Relation::AtMost, 4.0)],
    /// };
    /// assert_eq!(program.solve()?, Outcome::Optimal { x: vec![1.0, 3.0], cost: -7.0 });
    /// # Ok::<(), steelyard::error::Error>(())
    /// ```
    pub fn solve(&self) -> Result<Outcome> {
        let mut problem = Problem::new(OptimizationDirection::Minimize);
        let variables: Vec<_> =
            self.cost.iter().zip(&self.bounds).map(|(cost, bounds)| problem.add_var(*cost, *bounds)).collect();
        for (coefficients, relation, right) in &self.rows {
            let terms: Vec<_> =
                variables.iter().copied().zip(coefficients.iter().copied()).filter(|(_, a)| *a != 0.0).collect();
            let relation = match relation {
                Relation::AtMost => ComparisonOp::Le,
                Relation::AtLeast => ComparisonOp::Ge,
                Relation::Equal => ComparisonOp::Eq,
            };
            problem.add_constraint(&terms, relation, *right);
        }
        match problem.solve() {
            Ok(outcome) => {
                let solution = outcome.into_solution().map_err(|_| failed())?;
                let x = variables.iter().map(|v| solution.var_value(*v)).collect();
                Ok(Outcome::Optimal { x, cost: solution.objective() })
            }
            Err(microlp::Error::Infeasible) => Ok(Outcome::Infeasible),
            Err(microlp::Error::Unbounded) => Ok(Outcome::Unbounded),
            Err(_) => Err(failed()),
        }
    }
}

fn failed() -> Error {
    Error::Internal { what: "a linear program".into() }
}
