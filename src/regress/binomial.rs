//! Logistic regression of k of n by Newton steps (iteratively reweighted least squares), with an optional quadratic penalty.
//!
//! Maximises the log-likelihood less b'Pb/2 (McCullagh and Nelder 1989, Generalized Linear Models, section 4.4). The
//! objective is concave, so half the squared Newton decrement bounds what is still missing once it is small; relative to the null
//! objective it is the certificate. Separated data have no maximiser: they are recognised ([`super::separation`]), never returned
//! as a large number.

use super::logit_rows::{AtRows, LogitRows};
use super::penalty::Penalty;
use super::separation::{Fitted, Separation, detect, detect_unpenalised};
use super::trials::Trials;
use crate::error::{Error, Result, input};
use crate::linalg::{Cholesky, dot};
use crate::num::logistic::logistic;
use ndarray::{Array2, ArrayView2};

/// A finite maximum. Coefficients are on the columns as given, the intercept first.
#[derive(Debug, Clone, PartialEq)]
pub struct BinomialFit {
    /// Intercept and slopes, length m.
    pub coefficients: Vec<f64>,
    /// Inverse of the information (the penalty added to it), m x m.
    pub covariance: Array2<f64>,
    /// Log-likelihood, binomial coefficients included, penalty not.
    pub log_likelihood: f64,
    /// The same of the model with an intercept alone.
    pub null_log_likelihood: f64,
    /// Twice what the saturated model has over the fit.
    pub deviance: f64,
    /// Sum of (k - n pi)^2 / (n pi (1 - pi)).
    pub pearson: f64,
    /// Fitted probability per row.
    pub fitted: Vec<f64>,
    /// Newton steps.
    pub iterations: usize,
    /// Half the squared Newton decrement relative to the null objective.
    pub gap: f64,
}

/// The gap at which an iteration has converged.
pub const TOLERANCE: f64 = 1e-10;
const STEPS: usize = 200;
/// Where a linear predictor has run this far, separation is looked for.
const FAR: f64 = 12.0;

/// Fits k of n. `penalty` is symmetric positive semidefinite, m x m, on raw coefficients, the intercept first.
///
/// ```
/// use ndarray::array;
/// use steelyard::regress::{Trials, binomial::fit};
/// // Two groups: the slope is the difference of their log odds, here log(3/1) - log(1/3).
/// let data = Trials::new(array![[0.0], [1.0]].view(), &[1.0, 3.0], &[4.0, 4.0])?;
/// let found = fit(&data, None)?.finite().ok_or_else(|| steelyard::error::input("separated"))?;
/// assert!((found.coefficients[1] - 9.0_f64.ln()).abs() < 1e-12);
/// # Ok::<(), steelyard::error::Error>(())
/// ```
pub fn fit(data: &Trials, penalty: Option<ArrayView2<'_, f64>>) -> Result<Fitted<BinomialFit>> {
    maximise(data, Penalty::quadratic(data, penalty))
}

/// The same for any penalty on scaled columns.
pub(super) fn maximise(data: &Trials, penalty: Penalty) -> Result<Fitted<BinomialFit>> {
    let rows = data.merged();
    let mut b = rows.start();
    let mut climb = Climb::new(&rows, &penalty, &b);
    let mut suspect = true;
    let mut gap = f64::INFINITY;
    for iterations in 1..=STEPS {
        let Some(step) = climb.step(&b) else {
            return singular(&rows, &penalty);
        };
        // Quadratic convergence: once the gap is far below the tolerance, the last step has brought full precision.
        let done = step.gap <= TOLERANCE * 1e-6 || (step.gap <= TOLERANCE * 1e-2 && step.gap > 0.1 * gap);
        gap = step.gap;
        let before = b.clone();
        let moved = climb.halve(&mut b, &step.direction);
        if done || (!moved && gap <= TOLERANCE) {
            let b = if moved { b } else { before };
            return Ok(Fitted::Finite(Box::new(climb.finish(data, &b, iterations)?)));
        }
        if suspect && (climb.at.farthest() > FAR || !moved) {
            if let Some(separation) = looked_for(&rows, &penalty)? {
                return Ok(Fitted::Separated(separation));
            }
            suspect = false;
        }
        if !moved {
            break;
        }
    }
    Err(Error::Convergence {
        what: "logistic regression".into(),
        iterations: STEPS,
        gap,
        tolerance: TOLERANCE,
        remedy: "Items or covariates are close to separating the outcomes: use Firth, or a penalty.".into(),
    })
}

fn looked_for(rows: &Trials, penalty: &Penalty) -> Result<Option<Separation>> {
    penalty.sight().map_or_else(|| detect(rows), |sight| detect_unpenalised(rows, &sight))
}

fn singular(rows: &Trials, penalty: &Penalty) -> Result<Fitted<BinomialFit>> {
    if let Some(separation) = looked_for(rows, penalty)? {
        return Ok(Fitted::Separated(separation));
    }
    Err(input("columns that depend on one another in a logistic regression")
        .got(format!("{} columns", rows.width()))
        .allowed("columns none of which the others and the intercept explain")
        .remedy("Leave dependent columns out, or use a penalty on all of them.")
        .into())
}

/// A point of the objective, on scaled columns: where the climb stands.
struct Climb<'a> {
    penalty: &'a Penalty,
    rows: LogitRows,
    at: AtRows,
    value: f64,
    null: f64,
}

struct Step {
    direction: Vec<f64>,
    gap: f64,
}

/// The scale of a gap: minus the null kernel, or the number of trials where every outcome is the same.
pub(super) fn null_objective(data: &Trials) -> f64 {
    let null = -data.null_kernel();
    if null > 0.0 { null } else { data.trials.iter().sum() }
}

impl<'a> Climb<'a> {
    fn new(data: &Trials, penalty: &'a Penalty, b: &[f64]) -> Self {
        let rows = LogitRows::new(data);
        let mut climb = Self { penalty, at: rows.space(), rows, value: 0.0, null: null_objective(data) };
        climb.stand(b);
        climb
    }

    fn stand(&mut self, b: &[f64]) {
        self.value = self.rows.stand(b, &mut self.at) - self.penalty.value(b);
    }

    /// Score and information, the penalty included.
    fn derivatives(&self, b: &[f64]) -> (Vec<f64>, Array2<f64>) {
        let mut information = self.rows.information(&self.at);
        let mut score = self.rows.score(&self.at);
        self.penalty.apply(b, &mut score, &mut information);
        (score, information)
    }

    /// The Newton step from `b`, where the climb stands.
    fn step(&self, b: &[f64]) -> Option<Step> {
        let (score, information) = self.derivatives(b);
        let direction = Cholesky::factor(information.view()).definite()?.solve(&score);
        let gap = 0.5 * dot(&score, &direction) / self.null;
        Some(Step { direction, gap: gap.max(0.0) })
    }

    /// Takes the step, halved until the objective does not fall; false where no part of it helps.
    fn halve(&mut self, b: &mut [f64], direction: &[f64]) -> bool {
        let start = self.value;
        let mut share = 1.0;
        for _ in 0..30 {
            let trial: Vec<f64> = b.iter().zip(direction).map(|(b, d)| b + share * d).collect();
            self.stand(&trial);
            if self.value >= start - 1e-14 * start.abs() {
                b.copy_from_slice(&trial);
                return true;
            }
            share *= 0.5;
        }
        self.stand(b);
        false
    }

    fn finish(&self, data: &Trials, b: &[f64], iterations: usize) -> Result<BinomialFit> {
        let (_, information) = self.derivatives(b);
        let gap = self.step(b).map_or(f64::INFINITY, |step| step.gap);
        let Some(factor) = Cholesky::factor(information.view()).definite() else {
            return Err(Error::Internal { what: "the information of a logistic regression".into() });
        };
        let eta = data.linear(b);
        let fitted: Vec<f64> = eta.iter().copied().map(logistic).collect();
        let pearson = fitted
            .iter()
            .zip(&data.successes)
            .zip(&data.trials)
            .map(|((p, k), n)| if *p > 0.0 && *p < 1.0 { (k - n * p).powi(2) / (n * p * (1.0 - p)) } else { 0.0 })
            .sum();
        let coefficients = data.log_coefficients();
        Ok(BinomialFit {
            coefficients: data.raw(b),
            covariance: data.raw_covariance(factor.inverse().view()),
            log_likelihood: data.kernel(&eta) + coefficients,
            null_log_likelihood: data.null_kernel() + coefficients,
            deviance: 2.0 * (data.saturated_kernel() - data.kernel(&eta)),
            pearson,
            fitted,
            iterations,
            gap,
        })
    }
}
