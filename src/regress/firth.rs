//! Firth's logistic regression: the likelihood times the root of the determinant of its information (Jeffreys' prior).
//!
//! Finite under separation and free of first-order bias (Firth 1993, doi:10.1093/biomet/80.1.27; Heinze and Schemper 2002,
//! doi:10.1002/sim.1047). Its intervals and tests are in [`super::firth_profile`]. The columns must not depend on one another, else
//! the determinant is zero.

use super::binomial::{TOLERANCE, null_objective};
use super::jeffreys_curvature::{Bends, Pool};
use super::logit_rows::{AtRows, LogitRows};
use super::trials::Trials;
use crate::error::{Error, Result, input};
use crate::linalg::{Cholesky, dot, times};
use crate::num::logistic::logistic_all;
use crate::num::sums;
use ndarray::{Array2, ArrayView1, ArrayView2};
use std::borrow::Cow;

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
/// Steps after which the curvature of the determinant's share is computed: few sites with many items converge slowly without it.
const RENEWED: usize = 12;
/// How much of a step's error is taken to be left after it, where it seems to be less.
const LEAST_RATE: f64 = 0.01;
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
    pub(super) data: Trials,
    pub(super) rows: LogitRows,
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
    information: Cholesky,
    /// The same less the curvature of the determinant's share, where that was given and leaves it definite.
    whole: Option<Cholesky>,
    /// The largest root of x_i'V x_i, V being the inverse of X'WX.
    spread: f64,
}

impl Point {
    /// The best known curvature of the objective, its sign turned.
    pub(super) fn curvature(&self) -> &Cholesky {
        self.whole.as_ref().unwrap_or(&self.information)
    }

    /// How far a step moves a linear predictor at most, by Cauchy and Schwarz.
    pub(super) fn reach(&self, direction: &[f64]) -> f64 {
        self.spread * self.information.lower().t().dot(&ArrayView1::from(direction)).pow2().sum().sqrt()
    }
}

/// The curvature of the determinant's share at a point, and how the weights of rows bend there.
#[derive(Debug)]
pub(super) struct Share {
    pub(super) curvature: Array2<f64>,
    pub(super) rows: Bends,
}

/// A way to a maximum.
pub(super) struct Climb<'a> {
    pub(super) start: Vec<f64>,
    /// A combination of scaled coefficients that stays what it is at the start.
    pub(super) held: Option<&'a [f64]>,
    /// The curvature of the determinant's share thereabouts, where it is known.
    pub(super) share: Option<&'a Array2<f64>>,
    /// What may be missing of the null objective; with something held, after what the last step expects has been added.
    pub(super) enough: f64,
}

/// Where a climb ended.
pub(super) struct Summit {
    pub(super) b: Vec<f64>,
    pub(super) point: Point,
    iterations: usize,
    pub(super) gap: f64,
}

/// Vectors of rows that a series of evaluations reuses.
pub(super) struct Space {
    at: AtRows,
    /// x_i'V x_i, then the residual with the determinant's share.
    rows: Vec<f64>,
}

impl Space {
    /// Three vectors of rows for other use.
    pub(super) fn three(&mut self) -> [&mut Vec<f64>; 3] {
        [&mut self.at.eta, &mut self.at.pi, &mut self.rows]
    }
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

    /// The objective at b; `share` is the curvature of the determinant's share thereabouts.
    pub(super) fn at(&self, b: &[f64], share: Option<&Array2<f64>>, space: &mut Space) -> Option<Point> {
        let Space { at, rows } = space;
        let kernel = self.rows.stand(b, at);
        let weights = self.rows.weights(at);
        let mut information = self.rows.x.gram(&weights);
        let mut factor = Cholesky::factor(information.view()).definite()?;
        let mut value = kernel + 0.5 * factor.log_determinant();
        self.rows.x.quadratic_forms(&factor, rows);
        let spread = largest(rows).sqrt();
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
        let whole = share.and_then(|s| Cholesky::factor((&information - s).view()).definite());
        Some(Point { value, score, information: factor, whole, spread })
    }

    /// How much of a step from a point is taken, so that no linear predictor moves further than [`FARTHEST`].
    pub(super) fn part(&self, direction: &[f64], reach: f64, space: &mut Space) -> f64 {
        if reach <= FARTHEST {
            return 1.0;
        }
        self.rows.x.times(direction, &mut space.rows);
        let farthest = space.rows.iter().fold(0.0, |a: f64, e| a.max(e.abs()));
        (FARTHEST / farthest).min(1.0)
    }

    /// What the determinant has to do with the curvature at b.
    pub(super) fn share(&self, b: &[f64], pool: Pool, space: &mut Space) -> Option<Share> {
        let Space { at, rows: forms } = space;
        self.rows.stand(b, at);
        let factor = Cholesky::factor(self.rows.information(at).view()).definite()?;
        self.rows.x.quadratic_forms(&factor, forms);
        let rows = Bends::new(&self.rows, at);
        Some(Share { curvature: rows.curvature(&self.rows, &factor, forms, pool), rows })
    }

    /// The maximum.
    pub fn fit(&self) -> Result<FirthFit> {
        let way = Climb { start: self.data.start(), held: None, share: None, enough: TOLERANCE * 1e-14 };
        let Summit { b, point, iterations, gap } = self.climb(way, &mut self.space())?;
        let coefficients = self.source.raw(&b);
        let kernel = self.data.kernel(&self.data.linear(&b));
        let quadratic = self.penalty.as_ref().map_or(0.0, |p| 0.5 * super::moments::quadratic(p.view(), &b));
        let constants = self.source.log_coefficients();
        Ok(FirthFit {
            flic: self.flic(&coefficients),
            coefficients,
            covariance: self.source.raw_covariance(point.information.inverse().view()),
            log_likelihood: kernel + constants,
            penalised_log_likelihood: point.value + quadratic + constants + 0.5 * self.source.log_scale(),
            iterations,
            gap,
        })
    }

    /// Steps to the maximum, over all points or those that agree in what is held.
    pub(super) fn climb(&self, way: Climb<'_>, space: &mut Space) -> Result<Summit> {
        let mut b = way.start;
        let mut share = way.share.map(Cow::Borrowed);
        let mut point = self.at(&b, share.as_deref(), space).ok_or_else(|| dependent(self.data.width()))?;
        let mut gap = f64::INFINITY;
        for iterations in 1..=STEPS {
            if iterations % RENEWED == 0
                && let Some(renewed) = self.share(&b, Pool::None, space)
            {
                share = Some(Cow::Owned(renewed.curvature));
                point = self.at(&b, share.as_deref(), space).unwrap_or(point);
            }
            let direction = step(&point, way.held);
            let reach = point.reach(&direction);
            let before = std::mem::replace(&mut gap, 0.5 * dot(&point.score, &direction).abs() / self.null);
            let left = way.held.map_or(1.0, |_| beyond((gap / before).sqrt(), reach)) * gap;
            // Convergence is linear: the steps go on until they are round-off.
            if left <= way.enough || (gap <= TOLERANCE * 1e-4 && gap > 0.9 * before) {
                return Ok(Summit { b, point, iterations, gap });
            }
            let Some((there, reached)) = self.halve(&b, &point, &direction, reach, share.as_deref(), space) else {
                if gap <= TOLERANCE * 1e-4 {
                    return Ok(Summit { b, point, iterations, gap });
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

    fn halve(
        &self,
        b: &[f64],
        point: &Point,
        direction: &[f64],
        reach: f64,
        curvature: Option<&Array2<f64>>,
        space: &mut Space,
    ) -> Option<(Vec<f64>, Point)> {
        let mut share = self.part(direction, reach, space);
        for _ in 0..30 {
            let trial: Vec<f64> = b.iter().zip(direction).map(|(b, d)| b + share * d).collect();
            if let Some(reached) = self.at(&trial, curvature, space)
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
        let (mut shift, mut moved, mut pi) = (0.0, eta.clone(), vec![0.0; eta.len()]);
        for _ in 0..200 {
            moved.iter_mut().zip(&eta).for_each(|(m, e)| *m = e + shift);
            logistic_all(&moved, &mut pi);
            let sum = sums::dot(&self.data.trials, &pi);
            moved.iter_mut().zip(&pi).for_each(|(m, p)| *m = p * (1.0 - p));
            let slope = sums::dot(&self.data.trials, &moved);
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
fn step(point: &Point, held: Option<&[f64]>) -> Vec<f64> {
    let mut direction = point.curvature().solve(&point.score);
    if let Some(c) = held {
        let image = point.curvature().solve(c);
        let lambda = dot(c, &direction) / dot(c, &image);
        for (d, v) in direction.iter_mut().zip(&image) {
            *d -= lambda * v;
        }
    }
    direction
}

/// What a step d of squared length d'Hd, H being the curvature that it was made with, misses of the objective, over half that
/// square. `rate` is how much shorter it was than the step before: half the error of H, which was right where that step began, or
/// all of it; where steps hardly shrink, H is wrong also in ways that they do not show. And H changes along d by at most the
/// change of w, |w'| being at most w.
pub(super) fn beyond(rate: f64, reach: f64) -> f64 {
    let error = if rate <= 0.1 { (2.0 * rate).max(LEAST_RATE) } else { 100.0 };
    error + reach * reach.exp() / 3.0
}

/// The largest of many numbers, none below zero.
fn largest(values: &[f64]) -> f64 {
    let mut lanes = [0.0_f64; 8];
    for eight in values.as_chunks::<8>().0 {
        for (lane, v) in lanes.iter_mut().zip(eight) {
            *lane = if v > lane { *v } else { *lane };
        }
    }
    lanes.into_iter().fold(0.0, f64::max)
}

pub(super) fn dependent(width: usize) -> Error {
    input("columns that depend on one another in Firth's logistic regression")
        .got(format!("{width} columns"))
        .allowed("columns none of which the others and the intercept explain")
        .remedy("Leave dependent columns out, or use LogF, which is defined for them.")
        .into()
}
