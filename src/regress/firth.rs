//! Firth's logistic regression: the likelihood times the root of the determinant of its information (Jeffreys' prior).
//!
//! Finite under separation and free of first-order bias (Firth 1993, doi:10.1093/biomet/80.1.27; Heinze and Schemper 2002,
//! doi:10.1002/sim.1047). Its intervals and tests are in [`super::firth_profile`]. The columns must not depend on one another, else
//! the determinant is zero.

use super::binomial::{TOLERANCE, null_objective};
use super::logit_rows::{AtRows, LogitRows};
use super::trials::Trials;
use crate::error::{Error, Result, input};
use crate::linalg::{Cholesky, dot, times};
use crate::num::logistic::logistic;
use ndarray::{Array2, ArrayView2};

/// A penalised maximum. Coefficients are on the columns as given, the intercept first.
#[derive(Debug, Clone, PartialEq)]
pub struct FirthFit {
    /// Intercept and slopes, length m.
    pub coefficients: Vec<f64>,
    /// Inverse of the information at the maximum, m x m.
    pub covariance: Array2<f64>,
    /// Log-likelihood, binomial coefficients included, penalty not.
    pub log_likelihood: f64,
    /// The same plus half the log determinant of the information of the columns as given.
    pub penalised_log_likelihood: f64,
    /// The intercept whose fitted rates agree with the observed rate overall, the slopes held (FLIC; Puhr et al. 2017,
    /// doi:10.1002/sim.7273). Firth's own pulls the mean rate toward one half.
    pub flic: f64,
    /// Steps.
    pub iterations: usize,
    /// Half the squared decrement relative to the null objective.
    pub gap: f64,
}

const STEPS: usize = 300;
/// No step moves a linear predictor further than this.
pub(super) const FARTHEST: f64 = 5.0;

/// Fits k of n. `penalty` is a further quadratic penalty on raw coefficients, m x m.
///
/// ```
/// use ndarray::array;
/// use steelyard::regress::{Trials, firth::Firth};
/// // Complete separation; the closed form is a slope of 2 ln 7 and an intercept of -ln 7.
/// let data = Trials::new(array![[0.0], [1.0]].view(), &[0.0, 3.0], &[3.0, 3.0])?;
/// let fit = Firth::new(&data, None).fit()?;
/// assert!((fit.coefficients[1] - 2.0 * 7.0_f64.ln()).abs() < 1e-12);
/// # Ok::<(), steelyard::error::Error>(())
/// ```
#[derive(Debug)]
pub struct Firth<'a> {
    source: &'a Trials,
    pub(super) data: Trials,
    rows: LogitRows,
    penalty: Option<Array2<f64>>,
    pub(super) null: f64,
}

/// The objective at one point, on scaled columns.
#[derive(Debug, Clone)]
pub(super) struct Point {
    /// Kernel plus half the log determinant, less the quadratic penalty.
    pub(super) value: f64,
    pub(super) score: Vec<f64>,
    /// The information with the quadratic penalty, factored.
    pub(super) factor: Cholesky,
}

/// Vectors of rows that a series of evaluations reuses.
pub(super) struct Space {
    at: AtRows,
    /// x_i'V x_i, then the residual with the determinant's share.
    rows: Vec<f64>,
}

impl<'a> Firth<'a> {
    /// Prepares a fit; rows that agree in their columns are added up.
    pub fn new(source: &'a Trials, penalty: Option<ArrayView2<'_, f64>>) -> Self {
        let penalty = penalty.map(|p| source.scaled_penalty(p));
        let data = source.merged();
        Self { rows: LogitRows::new(&data), source, data, penalty, null: null_objective(source) }
    }

    pub(super) fn space(&self) -> Space {
        Space { at: self.rows.space(), rows: self.rows.x.vector() }
    }

    pub(super) fn at(&self, b: &[f64], space: &mut Space) -> Option<Point> {
        let Space { at, rows } = space;
        let kernel = self.rows.stand(b, at);
        let weights = self.rows.weights(at);
        let mut information = self.rows.x.gram(&weights);
        let mut factor = Cholesky::factor(information.view()).definite()?;
        let mut value = kernel + 0.5 * factor.log_determinant();
        self.rows.x.quadratic_forms(&factor, rows);
        let counts = self.rows.successes.iter().zip(&self.rows.trials);
        for (((row, (k, n)), pi), w) in rows.iter_mut().zip(counts).zip(&at.pi).zip(&weights) {
            let leverage = *row * w;
            *row = k - n * pi + leverage * (0.5 - pi);
        }
        let mut score = self.rows.x.cross(rows);
        if let Some(penalty) = &self.penalty {
            value -= 0.5 * super::moments::quadratic(penalty.view(), b);
            for (s, pull) in score.iter_mut().zip(times(penalty.view(), b)) {
                *s -= pull;
            }
            information += penalty;
            factor = Cholesky::factor(information.view()).definite()?;
        }
        Some(Point { value, score, factor })
    }

    /// How far a change of coefficients moves a linear predictor at most.
    pub(super) fn farthest(&self, direction: &[f64], space: &mut Space) -> f64 {
        self.rows.x.times(direction, &mut space.rows);
        space.rows.iter().fold(0.0, |a: f64, e| a.max(e.abs()))
    }

    /// The maximum.
    pub fn fit(&self) -> Result<FirthFit> {
        let mut space = self.space();
        let (b, point, iterations, gap) = self.climb(self.data.start(), None, TOLERANCE * 1e-14, &mut space)?;
        let coefficients = self.source.raw(&b);
        let kernel = self.data.kernel(&self.data.linear(&b));
        let quadratic = self.penalty.as_ref().map_or(0.0, |p| 0.5 * super::moments::quadratic(p.view(), &b));
        let constants = self.source.log_coefficients();
        Ok(FirthFit {
            flic: self.flic(&coefficients),
            coefficients,
            covariance: self.source.raw_covariance(point.factor.inverse().view()),
            log_likelihood: kernel + constants,
            penalised_log_likelihood: point.value + quadratic + constants + 0.5 * self.source.log_scale(),
            iterations,
            gap,
        })
    }

    /// The whole curvature, the determinant's share included, by differences of the score and factored; `None` where it is not
    /// definite. Few sites with many items converge slowly without it.
    fn curvature(&self, b: &[f64], space: &mut Space) -> Option<Cholesky> {
        let m = b.len();
        let mut whole = Array2::zeros((m, m));
        let mut at = b.to_vec();
        for j in 0..m {
            let step = 1e-5 * (1.0 + b[j].abs());
            at[j] = b[j] + step;
            let up = self.at(&at, space)?.score;
            at[j] = b[j] - step;
            let down = self.at(&at, space)?.score;
            at[j] = b[j];
            for l in 0..m {
                whole[[j, l]] = (down[l] - up[l]) / (2.0 * step);
            }
        }
        Cholesky::factor((0.5 * (&whole + &whole.t())).view()).definite()
    }

    /// Steps to the maximum, over all points or those where `held` (a combination of scaled coefficients) is what it is at the start.
    pub(super) fn climb(
        &self,
        start: Vec<f64>,
        held: Option<&[f64]>,
        enough: f64,
        space: &mut Space,
    ) -> Result<(Vec<f64>, Point, usize, f64)> {
        let mut b = start;
        let mut point = self.at(&b, space).ok_or_else(|| dependent(self.data.width()))?;
        let mut gap = f64::INFINITY;
        for iterations in 1..=STEPS {
            let direction = match (iterations % 12 == 0).then(|| self.curvature(&b, space)).flatten() {
                Some(whole) => step(&point.score, &whole, held),
                None => step(&point.score, &point.factor, held),
            };
            let before = gap;
            gap = 0.5 * dot(&point.score, &direction).abs() / self.null;
            // Convergence is linear: the steps go on until they are round-off.
            if gap <= enough || (gap <= TOLERANCE * 1e-4 && gap > 0.9 * before) {
                return Ok((b, point, iterations, gap));
            }
            let Some((there, reached)) = self.halve(&b, &point, &direction, space) else {
                if gap <= TOLERANCE * 1e-4 {
                    return Ok((b, point, iterations, gap));
                }
                break;
            };
            (b, point) = (there, reached);
        }
        Err(Error::Convergence {
            what: "Firth's logistic regression".into(),
            iterations: STEPS,
            gap,
            tolerance: TOLERANCE,
            remedy: "Use LogF, whose penalty is stronger, or fewer items.".into(),
        })
    }

    fn halve(&self, b: &[f64], point: &Point, direction: &[f64], space: &mut Space) -> Option<(Vec<f64>, Point)> {
        let mut share = (FARTHEST / self.farthest(direction, space)).min(1.0);
        for _ in 0..30 {
            let trial: Vec<f64> = b.iter().zip(direction).map(|(b, d)| b + share * d).collect();
            if let Some(reached) = self.at(&trial, space)
                && reached.value >= point.value - 1e-13 * point.value.abs()
            {
                return Some((trial, reached));
            }
            share *= 0.5;
        }
        None
    }

    fn flic(&self, coefficients: &[f64]) -> f64 {
        let b = self.data.scaled(coefficients);
        let eta = self.data.linear(&b);
        let (k, n): (f64, f64) = (self.data.successes.iter().sum(), self.data.trials.iter().sum());
        // With all or none successful the rate is at its edge: half a person keeps the intercept finite.
        let wanted = k.clamp(0.5, n - 0.5);
        let mut shift = 0.0;
        for _ in 0..200 {
            let (mut sum, mut slope) = (0.0, 0.0);
            for (eta, n) in eta.iter().zip(&self.data.trials) {
                let pi = logistic(eta + shift);
                sum += n * pi;
                slope += n * pi * (1.0 - pi);
            }
            let change = ((wanted - sum) / slope.max(1e-12)).clamp(-1.0, 1.0);
            shift += change;
            if change.abs() <= 1e-15 * (1.0 + shift.abs()) {
                break;
            }
        }
        coefficients[0] + shift
    }
}

/// The step V u, or the one of V(u + lambda c) that leaves c'b as it is.
fn step(score: &[f64], factor: &Cholesky, held: Option<&[f64]>) -> Vec<f64> {
    let mut direction = factor.solve(score);
    if let Some(c) = held {
        let image = factor.solve(c);
        let lambda = dot(c, &direction) / dot(c, &image);
        for (d, v) in direction.iter_mut().zip(&image) {
            *d -= lambda * v;
        }
    }
    direction
}

pub(super) fn dependent(width: usize) -> Error {
    input("columns that depend on one another in Firth's logistic regression")
        .got(format!("{width} columns"))
        .allowed("columns none of which the others and the intercept explain")
        .remedy("Leave dependent columns out, or use LogF, which is defined for them.")
        .into()
}
