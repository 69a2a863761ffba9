//! Intervals and tests of the profiled penalised likelihood, the determinant always that of the whole model.
//!
//! Endpoints are found by the tangent steps of Venzon and Moolgavkar (1988, doi:10.2307/2347496). The path of the profile bends
//! little: once its lower end is known, the parabola through it and the maximum says where the upper end and the test's null will be.

use super::binomial::TOLERANCE;
use super::firth::{FARTHEST, Firth, FirthFit, Point, Space, dependent};
use crate::error::{Error, Result, input};
use crate::linalg::dot;
use crate::num::special::{chi2_upper, normal_quantile};
use rayon::prelude::*;

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

/// Tangent steps toward the end of an interval before it is searched for.
const TANGENT_STEPS: usize = 40;
/// How much of a tangent step's error is taken to be left, where it seems to be less: the determinant's share of the curvature.
const LEAST_RATE: f64 = 0.01;

impl Firth<'_> {
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
                |space, j| Ray::new(self, &b, &best, transform.row(*j).to_vec(), fall).profile(space),
            )
            .collect()
    }
}

/// The profile of one combination c'b of the scaled coefficients.
struct Ray<'a> {
    model: &'a Firth<'a>,
    b: &'a [f64],
    best: &'a Point,
    c: Vec<f64>,
    /// How the other coefficients follow c'b at the maximum: V c / c'Vc.
    tangent: Vec<f64>,
    /// Half the second derivative of the path, and how far it was seen.
    bend: Option<(Vec<f64>, f64)>,
    /// The standard error of c'b.
    error: f64,
    fall: f64,
}

impl<'a> Ray<'a> {
    fn new(model: &'a Firth<'a>, b: &'a [f64], best: &'a Point, c: Vec<f64>, fall: f64) -> Self {
        let image = best.factor.solve(&c);
        let variance = dot(&c, &image);
        let tangent = image.iter().map(|v| v / variance).collect();
        Self { model, b, best, c, tangent, bend: None, error: variance.sqrt(), fall }
    }

    fn profile(mut self, space: &mut Space) -> Result<Profile> {
        let centre = dot(&self.c, self.b);
        let reach = (2.0 * self.fall).sqrt() * self.error;
        let low = self.endpoint(-reach, space)?;
        let below = dot(&self.c, &low) - centre;
        self.pass_through(&low, below);
        // What the lower side has less than the quadratic says, the upper side has more.
        let expected = if below > -2.0 * reach { 2.0 * reach + below } else { reach };
        let high = dot(&self.c, &self.endpoint(expected, space)?);
        let (_, null, _, gap) = self.model.climb(self.point(-centre), Some(&self.c), TOLERANCE * 1e-5, space)?;
        // What is missing at a gap this small is the gap.
        let statistic = (2.0 * (self.best.value - null.value - gap * self.model.null)).max(0.0);
        Ok(Profile { low: centre + below, high, statistic, p_value: chi2_upper(statistic, 1.0) })
    }

    /// Where the path is expected at a distance of c'b from its maximum.
    fn point(&self, distance: f64) -> Vec<f64> {
        let mut point: Vec<f64> = self.b.iter().zip(&self.tangent).map(|(b, t)| b + distance * t).collect();
        if let Some((bend, seen)) = &self.bend
            && distance.abs() <= 5.0 * seen
        {
            point.iter_mut().zip(bend).for_each(|(p, q)| *p += distance * distance * q);
        }
        point
    }

    fn pass_through(&mut self, end: &[f64], distance: f64) {
        let bend = end.iter().zip(self.point(distance)).map(|(e, p)| (e - p) / (distance * distance)).collect();
        self.bend = Some((bend, distance.abs()));
    }

    /// The point of the path where it has fallen by what is asked, on the side of `distance` and started from there.
    fn endpoint(&self, distance: f64, space: &mut Space) -> Result<Vec<f64>> {
        let mut here = self.b.to_vec();
        let mut direction: Vec<f64> = self.point(distance).iter().zip(self.b).map(|(p, b)| p - b).collect();
        let mut farthest = self.model.farthest(&direction, space);
        for _ in 0..TANGENT_STEPS {
            let Some((there, point)) = self.toward(&here, &direction, farthest, space) else { break };
            here = there;
            direction = self.tangent_step(&point, distance.signum());
            let before = std::mem::replace(&mut farthest, self.model.farthest(&direction, space));
            let error = dot(&self.c, &direction).abs() / self.error;
            // Near the end each step leaves the same small share of what was missing. What moves the end by less than this
            // cannot be seen in what is printed.
            let rate = (farthest / before).max(LEAST_RATE);
            if (error <= 1e-9 && farthest <= 1e-6) || (rate < 0.1 && rate * error <= 1e-10 && rate * farthest <= 1e-8) {
                return Ok(here.iter().zip(&direction).map(|(b, d)| b + d).collect());
            }
        }
        self.search(distance.signum(), space)
    }

    /// With score u and inverse information V the step V(u + lambda c) keeps to the profile; lambda puts it on the target.
    fn tangent_step(&self, point: &Point, sign: f64) -> Vec<f64> {
        let along = point.factor.solve(&point.score);
        let image = point.factor.solve(&self.c);
        let missing = point.value - (self.best.value - self.fall);
        let room = (2.0 * missing + dot(&point.score, &along)) / dot(&self.c, &image);
        let lambda = sign * room.max(0.0).sqrt();
        along.iter().zip(&image).map(|(a, v)| a + lambda * v).collect()
    }

    /// Takes the step, shortened until the objective has not fallen far below the target.
    fn toward(&self, here: &[f64], direction: &[f64], farthest: f64, space: &mut Space) -> Option<(Vec<f64>, Point)> {
        let mut share = (FARTHEST / farthest).min(1.0);
        let mut next = None;
        for _ in 0..30 {
            let trial: Vec<f64> = here.iter().zip(direction).map(|(b, d)| b + share * d).collect();
            next = self.model.at(&trial, space).map(|point| (trial, point));
            if next.as_ref().is_some_and(|(_, p)| p.value > self.best.value - 5.0 * self.fall) {
                break;
            }
            share *= 0.5;
        }
        next
    }

    /// The same by bracketing and regula falsi (the Illinois rule) on the signed root of the fall, which is nearly linear: for few
    /// rows, where tangent steps need not settle.
    fn search(&self, sign: f64, space: &mut Space) -> Result<Vec<f64>> {
        let wanted = (2.0 * self.fall).sqrt();
        let mut excess = |distance: f64| -> Result<(f64, Vec<f64>)> {
            let start = self.point(sign * distance);
            let (there, point, _, _) = self.model.climb(start, Some(&self.c), TOLERANCE * 1e-8, space)?;
            Ok(((2.0 * (self.best.value - point.value)).max(0.0).sqrt() - wanted, there))
        };
        let (mut low, mut at_low) = (0.0, -wanted);
        let mut high = 2.0 * self.error;
        let (mut at_high, _) = excess(high)?;
        while at_high < 0.0 {
            if high > 1e6 * self.error {
                return Err(no_end(high / self.error));
            }
            (low, at_low, high) = (high, at_high, 2.0 * high);
            at_high = excess(high)?.0;
        }
        for _ in 0..100 {
            let next = (low * at_high - high * at_low) / (at_high - at_low);
            let (there, point) = excess(next)?;
            if there.abs() <= 1e-10 * wanted || (high - low) <= 1e-10 * self.error {
                return Ok(point);
            }
            if there < 0.0 {
                (low, at_low, at_high) = (next, there, 0.5 * at_high);
            } else {
                (high, at_high, at_low) = (next, there, 0.5 * at_low);
            }
        }
        Err(no_end((high - low) / self.error))
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
