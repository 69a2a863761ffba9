//! Penalties on the coefficients of a binomial likelihood: none, quadratic, or log-F.

use super::trials::Trials;
use crate::linalg::{dot, times};
use crate::num::logistic::{logistic, softplus};
use ndarray::{Array2, ArrayView2};

/// What is taken from a log-likelihood, on scaled columns.
#[derive(Debug, Clone)]
pub(super) enum Penalty {
    /// Nothing.
    None,
    /// b'Pb/2.
    Quadratic(Array2<f64>),
    /// Minus the log density of log-F(degrees, degrees) at each combination of coefficients (a row each).
    LogF { forms: Array2<f64>, degrees: f64 },
}

impl Penalty {
    /// A quadratic penalty on raw coefficients.
    pub(super) fn quadratic(data: &Trials, penalty: Option<ArrayView2<'_, f64>>) -> Self {
        penalty.map_or(Self::None, |p| Self::Quadratic(data.scaled_penalty(p)))
    }

    pub(super) fn value(&self, b: &[f64]) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Quadratic(p) => 0.5 * super::moments::quadratic(p.view(), b),
            Self::LogF { forms, degrees } => {
                // About its minimum at zero, so that a zero slope costs nothing.
                let cost = |d: f64| degrees * (softplus(d) - 0.5 * d - std::f64::consts::LN_2);
                times(forms.view(), b).into_iter().map(cost).sum()
            }
        }
    }

    /// Takes the penalty's gradient from a score and adds its curvature to an information matrix.
    pub(super) fn apply(&self, b: &[f64], score: &mut [f64], information: &mut Array2<f64>) {
        match self {
            Self::None => {}
            Self::Quadratic(p) => {
                for (s, pull) in score.iter_mut().zip(times(p.view(), b)) {
                    *s -= pull;
                }
                *information += p;
            }
            Self::LogF { forms, degrees } => {
                for form in forms.rows() {
                    let row = form.to_vec();
                    let pi = logistic(dot(&row, b));
                    for (j, value) in row.iter().enumerate() {
                        score[j] -= degrees * (pi - 0.5) * value;
                        for (l, other) in row.iter().enumerate() {
                            information[[j, l]] += degrees * pi * (1.0 - pi) * value * other;
                        }
                    }
                }
            }
        }
    }

    /// A matrix whose null space is what the penalty does not see; `None` where it sees nothing.
    pub(super) fn sight(&self) -> Option<Array2<f64>> {
        match self {
            Self::None => None,
            Self::Quadratic(p) => Some(p.clone()),
            Self::LogF { forms, .. } => Some(forms.clone()),
        }
    }
}
