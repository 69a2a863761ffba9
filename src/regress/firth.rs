//! Firth's logistic regression: the likelihood times the root of the determinant of its information (Jeffreys' prior).
//!
//! Finite under separation and free of first-order bias (Firth 1993, doi:10.1093/biomet/80.1.27; Heinze and Schemper 2002,
//! doi:10.1002/sim.1047). Intervals and tests are of the profiled penalised likelihood, the determinant always that of the
//! whole model; endpoints are found by the tangent steps of Venzon and Moolgavkar (1988, doi:10.2307/2347496). The columns must not
//! depend on one another, else the determinant is zero.

use super::binomial::{TOLERANCE, null_objective};
use super::trials::{Trials, logistic};
use crate::error::{Error, Result, input};
use crate::linalg::{Cholesky, dot, times};
use crate::num::special::{chi2_upper, normal_quantile};
use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rayon::prelude::*;

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

/// A profile interval and the penalised likelihood-ratio test of zero, of one coefficient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Profile {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Twice the fall of the penalised log-likelihood when the coefficient is held at zero.
    pub statistic: f64,
    /// Its chi-square p with one degree of freedom.
    pub p_value: f64,
}

const STEPS: usize = 300;
/// Tangent steps toward the end of an interval before it is searched for.
const TANGENT_STEPS: usize = 40;
/// No step moves a linear predictor further than this.
const FARTHEST: f64 = 5.0;

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
    data: Trials,
    penalty: Option<Array2<f64>>,
    null: f64,
}

/// The objective at one point, on scaled columns.
struct Point {
    /// Kernel plus half the log determinant, less the quadratic penalty.
    value: f64,
    score: Vec<f64>,
    /// Inverse of the information with the quadratic penalty.
    inverse: Array2<f64>,
}

/// Matrices that a series of evaluations reuses.
struct Space {
    weighted: Array2<f64>,
    product: Array2<f64>,
}

impl<'a> Firth<'a> {
    /// Prepares a fit; rows that agree in their columns are added up.
    pub fn new(source: &'a Trials, penalty: Option<ArrayView2<'_, f64>>) -> Self {
        let penalty = penalty.map(|p| source.scaled_penalty(p));
        Self { source, data: source.merged(), penalty, null: null_objective(source) }
    }

    fn space(&self) -> Space {
        Space { weighted: Array2::zeros(self.data.x.dim()), product: Array2::zeros(self.data.x.dim()) }
    }

    fn at(&self, b: &[f64], space: &mut Space) -> Option<Point> {
        let m = self.data.width();
        let eta = self.data.x.dot(&Array1::from(b.to_vec())).to_vec();
        let pi: Vec<f64> = eta.iter().copied().map(logistic).collect();
        let w: Array1<f64> = pi.iter().zip(&self.data.trials).map(|(p, n)| n * p * (1.0 - p)).collect();
        ndarray::Zip::from(&mut space.weighted)
            .and(&self.data.x)
            .and_broadcast(&w.view().insert_axis(Axis(1)))
            .for_each(|out, x, w| *out = x * w);
        let mut information = Array2::zeros((m, m));
        general_mat_mul(1.0, &space.weighted.t(), &self.data.x, 0.0, &mut information);
        let factor = Cholesky::factor(information.view()).definite()?;
        let inverse = factor.inverse();
        general_mat_mul(1.0, &self.data.x, &inverse, 0.0, &mut space.product);
        let mut value = self.data.kernel(&eta) + 0.5 * factor.log_determinant();
        let residual: Array1<f64> = (0..pi.len())
            .map(|i| {
                let leverage: f64 = space.product.row(i).iter().zip(space.weighted.row(i)).map(|(a, b)| a * b).sum();
                self.data.successes[i] - self.data.trials[i] * pi[i] + leverage * (0.5 - pi[i])
            })
            .collect();
        let mut score = self.data.x.t().dot(&residual).to_vec();
        let inverse = match &self.penalty {
            None => inverse,
            Some(penalty) => {
                value -= 0.5 * super::moments::quadratic(penalty.view(), b);
                for (s, pull) in score.iter_mut().zip(times(penalty.view(), b)) {
                    *s -= pull;
                }
                Cholesky::factor((&information + penalty).view()).definite()?.inverse()
            }
        };
        Some(Point { value, score, inverse })
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
            covariance: self.source.raw_covariance(point.inverse.view()),
            log_likelihood: kernel + constants,
            penalised_log_likelihood: point.value + quadratic + constants + 0.5 * self.source.log_scale(),
            iterations,
            gap,
        })
    }

    /// The inverse of the whole curvature, the determinant's share included, by differences of the score; `None` where it is not
    /// definite. Few sites with many items converge slowly without it.
    fn curvature(&self, b: &[f64], space: &mut Space) -> Option<Array2<f64>> {
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
        Some(Cholesky::factor((0.5 * (&whole + &whole.t())).view()).definite()?.inverse())
    }

    /// Steps to the maximum, over all points or those where `held` (a combination of scaled coefficients) is what it is at the start.
    fn climb(
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
                Some(inverse) => step(&point.score, &inverse, held),
                None => step(&point.score, &point.inverse, held),
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
        let farthest = self.data.linear(direction).iter().fold(0.0, |a: f64, e| a.max(e.abs()));
        let mut share = (FARTHEST / farthest).min(1.0);
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

    /// Profile intervals at `level` and penalised likelihood-ratio tests of the coefficients `which` (0 is the intercept), in
    /// that order, in the threads of the pool at hand.
    pub fn profiles(&self, fit: &FirthFit, which: &[usize], level: f64) -> Result<Vec<Profile>> {
        if !(level > 0.0 && level < 1.0) {
            return Err(input("confidence level not allowed").got(level).allowed("between 0 and 1").into());
        }
        let fall = 0.5 * normal_quantile(0.5 + 0.5 * level).powi(2);
        let b = self.data.scaled(&fit.coefficients);
        let transform = self.data.transform();
        let best = self.at(&b, &mut self.space()).ok_or_else(|| dependent(self.data.width()))?;
        which
            .par_iter()
            .map_init(
                || self.space(),
                |space, j| {
                    let c = transform.row(*j).to_vec();
                    let low = self.endpoint(&b, &best, &c, -1.0, fall, space)?;
                    let high = self.endpoint(&b, &best, &c, 1.0, fall, space)?;
                    let (_, point, _, _) = self.climb(onto(&b, &best, &c, 0.0), Some(&c), TOLERANCE * 1e-8, space)?;
                    let statistic = (2.0 * (best.value - point.value)).max(0.0);
                    Ok(Profile { low, high, statistic, p_value: chi2_upper(statistic, 1.0) })
                },
            )
            .collect()
    }

    /// Where the profile of c'b has fallen by `fall`, on the side of `sign`.
    fn endpoint(&self, b: &[f64], best: &Point, c: &[f64], sign: f64, fall: f64, space: &mut Space) -> Result<f64> {
        let target = best.value - fall;
        let mut here = b.to_vec();
        let mut point = Point { value: best.value, score: vec![0.0; b.len()], inverse: best.inverse.clone() };
        for _ in 0..TANGENT_STEPS {
            // With score u and inverse V the step V(u + lambda c) keeps to the profile; lambda puts it on the target.
            let along = times(point.inverse.view(), &point.score);
            let image = times(point.inverse.view(), c);
            let room = (2.0 * (point.value - target) + dot(&point.score, &along)) / dot(c, &image);
            let lambda = sign * room.max(0.0).sqrt();
            let direction: Vec<f64> = along.iter().zip(&image).map(|(a, v)| a + lambda * v).collect();
            let farthest = self.data.linear(&direction).iter().fold(0.0, |a: f64, e| a.max(e.abs()));
            let mut share = (FARTHEST / farthest).min(1.0);
            // What moves the end by less than this cannot be seen in what is printed.
            let error = dot(c, &direction).abs() / dot(c, &times(best.inverse.view(), c)).sqrt();
            if error <= 1e-9 && farthest <= 1e-6 {
                let end: Vec<f64> = here.iter().zip(&direction).map(|(b, d)| b + d).collect();
                return Ok(dot(c, &end));
            }
            let mut next = None;
            for _ in 0..30 {
                let trial: Vec<f64> = here.iter().zip(&direction).map(|(b, d)| b + share * d).collect();
                next = self.at(&trial, space).map(|point| (trial, point));
                if next.as_ref().is_some_and(|(_, p)| p.value > target - 4.0 * fall) {
                    break;
                }
                share *= 0.5;
            }
            let Some((trial, reached)) = next else { break };
            (here, point) = (trial, reached);
        }
        self.search(b, best, c, sign, fall, space)
    }

    /// The same by bracketing and regula falsi (the Illinois rule) on the signed root of the fall, which is nearly linear: for few
    /// rows, where tangent steps need not settle.
    fn search(&self, b: &[f64], best: &Point, c: &[f64], sign: f64, fall: f64, space: &mut Space) -> Result<f64> {
        let centre = dot(c, b);
        let error = dot(c, &times(best.inverse.view(), c)).sqrt();
        let wanted = (2.0 * fall).sqrt();
        let mut excess = |distance: f64| -> Result<f64> {
            let start = onto(b, best, c, centre + sign * distance);
            let (_, point, _, _) = self.climb(start, Some(c), TOLERANCE * 1e-8, space)?;
            Ok((2.0 * (best.value - point.value)).max(0.0).sqrt() - wanted)
        };
        let (mut low, mut at_low) = (0.0, -wanted);
        let mut high = 2.0 * error;
        let mut at_high = excess(high)?;
        while at_high < 0.0 {
            if high > 1e6 * error {
                return Err(no_end(high / error));
            }
            (low, at_low, high) = (high, at_high, 2.0 * high);
            at_high = excess(high)?;
        }
        for _ in 0..100 {
            let next = (low * at_high - high * at_low) / (at_high - at_low);
            let there = excess(next)?;
            if there.abs() <= 1e-10 * wanted || (high - low) <= 1e-10 * error {
                return Ok(centre + sign * next);
            }
            if there < 0.0 {
                (low, at_low, at_high) = (next, there, 0.5 * at_high);
            } else {
                (high, at_high, at_low) = (next, there, 0.5 * at_low);
            }
        }
        Err(no_end((high - low) / error))
    }
}

fn no_end(gap: f64) -> Error {
    Error::Convergence {
        what: "a profile interval".into(),
        iterations: 100,
        gap,
        tolerance: 1e-10,
        remedy: "Ask for intervals=\"wald\".".into(),
    }
}

/// The point with c'b = `value` that the quadratic at the maximum holds best.
fn onto(b: &[f64], best: &Point, c: &[f64], value: f64) -> Vec<f64> {
    let image = times(best.inverse.view(), c);
    let pull = (dot(c, b) - value) / dot(c, &image);
    b.iter().zip(&image).map(|(b, v)| b - pull * v).collect()
}

/// The step V u, or the one of V(u + lambda c) that leaves c'b as it is.
fn step(score: &[f64], inverse: &Array2<f64>, held: Option<&[f64]>) -> Vec<f64> {
    let mut direction = times(inverse.view(), score);
    if let Some(c) = held {
        let image = times(inverse.view(), c);
        let lambda = dot(c, &direction) / dot(c, &image);
        for (d, v) in direction.iter_mut().zip(&image) {
            *d -= lambda * v;
        }
    }
    direction
}

fn dependent(width: usize) -> Error {
    input("columns that depend on one another in Firth's logistic regression")
        .got(format!("{width} columns"))
        .allowed("columns none of which the others and the intercept explain")
        .remedy("Leave dependent columns out, or use LogF, which is defined for them.")
        .into()
}
