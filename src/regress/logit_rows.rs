//! Rows of k of n at one vector of coefficients: what every step of a logistic regression reads there.

use super::trials::Trials;
use crate::linalg::Columns;
use crate::num::logistic::logistic_and_softplus;
use crate::num::sums::dot;
use ndarray::Array2;

/// The rows, laid out for fast products. Vectors of rows are padded by rows without trials.
#[derive(Debug)]
pub(super) struct LogitRows {
    pub(super) x: Columns,
    pub(super) successes: Vec<f64>,
    pub(super) trials: Vec<f64>,
}

/// Linear predictors, rates and log(1 + exp) of the predictors, reused from point to point.
#[derive(Debug)]
pub(super) struct AtRows {
    pub(super) eta: Vec<f64>,
    pub(super) pi: Vec<f64>,
    plus: Vec<f64>,
}

impl AtRows {
    /// The largest linear predictor by size.
    pub(super) fn farthest(&self) -> f64 {
        self.eta.iter().fold(0.0, |a: f64, e| a.max(e.abs()))
    }
}

impl LogitRows {
    pub(super) fn new(data: &Trials) -> Self {
        let x = Columns::new(data.x.view());
        Self { successes: x.lift(&data.successes), trials: x.lift(&data.trials), x }
    }

    pub(super) fn space(&self) -> AtRows {
        AtRows { eta: self.x.vector(), pi: self.x.vector(), plus: self.x.vector() }
    }

    /// Moves to coefficients `b`; returns the log-likelihood there without the binomial coefficients.
    pub(super) fn stand(&self, b: &[f64], at: &mut AtRows) -> f64 {
        self.x.times(b, &mut at.eta);
        logistic_and_softplus(&at.eta, &mut at.pi, &mut at.plus);
        dot(&self.successes, &at.eta) - dot(&self.trials, &at.plus)
    }

    /// n pi (1 - pi) of each row.
    pub(super) fn weights(&self, at: &AtRows) -> Vec<f64> {
        at.pi.iter().zip(&self.trials).map(|(p, n)| n * p * (1.0 - p)).collect()
    }

    /// X'WX.
    pub(super) fn information(&self, at: &AtRows) -> Array2<f64> {
        self.x.gram(&self.weights(at))
    }

    /// X'(k - n pi).
    pub(super) fn score(&self, at: &AtRows) -> Vec<f64> {
        let rows = at.pi.iter().zip(&self.successes).zip(&self.trials);
        self.x.cross(&rows.map(|((p, k), n)| k - n * p).collect::<Vec<_>>())
    }
}
