//! Intervals and tests of the profiled penalised likelihood, the determinant always that of the whole model.
//!
//! Endpoints are found by the tangent steps of Venzon and Moolgavkar (1988, doi:10.2307/2347496), from where the path's series
//! expects them. The curvature of the determinant's share is that at the maximum.

use super::binomial::TOLERANCE;
use super::firth::{Climb, Firth, FirthFit, Point, Space, beyond, dependent};
use super::firth_path::{Path, Top};
use super::jeffreys_curvature::Pool;
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
/// What an end may miss, in standard errors.
const ENOUGH: f64 = 1e-10;

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
        let top = self.top(b).ok_or_else(|| dependent(self.data.width()))?;
        which
            .par_iter()
            .with_max_len(1)
            .map_init(
                || self.space(),
                |space, j| Ray::new(self, &top, transform.row(*j).to_vec(), fall, space).profile(space),
            )
            .collect()
    }

    /// What is known at the maximum.
    pub(super) fn top(&self, b: Vec<f64>) -> Option<Top> {
        let mut space = self.space();
        let share = self.share(&b, Pool::AtHand, &mut space)?;
        let point = self.at(&b, Some(&share.curvature), &mut space)?;
        Some(Top { b, point, share })
    }
}

/// The profile of one combination c'b of the scaled coefficients.
struct Ray<'a> {
    model: &'a Firth<'a>,
    top: &'a Top,
    c: Vec<f64>,
    path: Path<'a>,
    /// The standard error of c'b.
    error: f64,
    fall: f64,
}

impl<'a> Ray<'a> {
    fn new(model: &'a Firth<'a>, top: &'a Top, c: Vec<f64>, fall: f64, space: &mut Space) -> Self {
        let error = dot(&c, &top.point.curvature().solve(&c)).sqrt();
        Self { model, top, path: Path::new(model, top, &c, space), c, error, fall }
    }

    fn profile(mut self, space: &mut Space) -> Result<Profile> {
        let centre = dot(&self.c, &self.top.b);
        let (down, up) = (self.path.fallen(-1.0, self.fall), self.path.fallen(1.0, self.fall));
        let low = self.endpoint(down, space)?;
        let below = dot(&self.c, &low) - centre;
        self.path.learn(&low, below);
        // A third derivative that the series does not know moves both ends alike.
        let moved = (below - down).clamp(-0.5 * up, up);
        let high = self.endpoint(up + moved, space)?;
        let above = dot(&self.c, &high) - centre;
        self.path.learn(&high, above);
        let statistic = self.fall_at(-centre, TOLERANCE * 1e-5, space)?.0;
        Ok(Profile { low: centre + below, high: centre + above, statistic, p_value: chi2_upper(statistic, 1.0) })
    }

    /// Twice the fall of the profile at a distance, and the point of the path there.
    fn fall_at(&self, distance: f64, enough: f64, space: &mut Space) -> Result<(f64, Vec<f64>)> {
        let start = self.path.point(distance);
        let way = Climb { start, held: Some(&self.c), share: Some(&self.top.share.curvature), enough };
        let found = self.model.climb(way, space)?;
        // What is missing at a gap this small is the gap.
        let statistic = 2.0 * (self.top.point.value - found.point.value - found.gap * self.model.null);
        Ok((statistic.max(0.0), found.b))
    }

    /// The point of the path where it has fallen by what is asked, on the side of `distance` and started from there.
    fn endpoint(&self, distance: f64, space: &mut Space) -> Result<Vec<f64>> {
        let mut here = self.top.b.clone();
        let mut direction: Vec<f64> = self.path.point(distance).iter().zip(&here).map(|(p, b)| p - b).collect();
        let (mut reach, mut length) = (self.top.point.reach(&direction), (2.0 * self.fall).sqrt());
        for _ in 0..TANGENT_STEPS {
            let Some((there, point)) = self.toward(&here, &direction, reach, space) else { break };
            here = there;
            let step = self.tangent_step(&point, distance.signum());
            direction = step.direction;
            reach = point.reach(&direction);
            let before = std::mem::replace(&mut length, step.length);
            // The end is where the objective has a value, and the value after the step is known but for this.
            let missed = 0.5 * length * length * beyond(length / before, reach);
            if missed <= ENOUGH * step.slope {
                return Ok(here.iter().zip(&direction).map(|(b, d)| b + d).collect());
            }
        }
        self.search(distance.signum(), space)
    }

    /// With score u and inverse curvature V the step V(u + lambda c) keeps to the profile; lambda puts it on the target.
    fn tangent_step(&self, point: &Point, sign: f64) -> Step {
        let along = point.curvature().solve(&point.score);
        let image = point.curvature().solve(&self.c);
        let missing = point.value - (self.top.point.value - self.fall);
        let variance = dot(&self.c, &image);
        let room = (2.0 * missing + dot(&point.score, &along)).max(0.0);
        let lambda = sign * (room / variance).sqrt();
        let direction: Vec<f64> = along.iter().zip(&image).map(|(a, v)| a + lambda * v).collect();
        let length = (dot(&direction, &point.score) + lambda * dot(&direction, &self.c)).max(0.0).sqrt();
        Step { direction, length, slope: room.sqrt() }
    }

    /// Takes the step, shortened until the objective has not fallen far below the target.
    fn toward(&self, here: &[f64], direction: &[f64], reach: f64, space: &mut Space) -> Option<(Vec<f64>, Point)> {
        let mut share = self.model.part(direction, reach, space);
        let mut next = None;
        for _ in 0..30 {
            let trial: Vec<f64> = here.iter().zip(direction).map(|(b, d)| b + share * d).collect();
            next = self.model.at(&trial, Some(&self.top.share.curvature), space).map(|point| (trial, point));
            if next.as_ref().is_some_and(|(_, p)| p.value > self.top.point.value - 5.0 * self.fall) {
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
            let (statistic, there) = self.fall_at(sign * distance, TOLERANCE * 1e-8, space)?;
            Ok((statistic.sqrt() - wanted, there))
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

/// A tangent step.
struct Step {
    direction: Vec<f64>,
    /// In standard errors.
    length: f64,
    /// How fast the profile falls where the step leads, per standard error.
    slope: f64,
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::regress::Trials;
    use crate::stream::{Purpose, Seed};
    use ndarray::Array2;

    /// k of n on scores of 1 to 5; the larger `strength`, the closer to separation.
    fn drawn(seed: u64, (n, p): (usize, usize), trials: f64, strength: f64) -> Trials {
        let mut draws = Seed(seed).stream(Purpose::Simulate, 0);
        let x = Array2::from_shape_fn((n, p), |_| 1.0 + (5.0 * draws.uniform()).floor());
        let rate = |i: usize| 1.0 / (1.0 + (strength * (3.0 - x[[i, 0]])).exp());
        let successes: Vec<f64> =
            (0..n).map(|i| (0..trials as usize).filter(|_| draws.uniform() < rate(i)).count() as f64).collect();
        Trials::new(x.view(), &successes, &vec![trials; n]).unwrap()
    }

    /// The largest miss, in standard errors, of the ends of all coefficients: by how much the profile, climbed to along another way,
    /// has fallen more or less than it should there.
    fn missed(data: &Trials, penalty: Option<&Array2<f64>>, level: f64) -> f64 {
        let model = Firth::new(data, penalty.map(|p| p.view()));
        let fit = model.fit().unwrap();
        let which: Vec<usize> = (0..data.width()).collect();
        let found = model.profiles(&fit, &which, level).unwrap();
        let top = model.top(data.scaled(&fit.coefficients)).unwrap();
        let transform = data.transform();
        let wanted = normal_quantile(0.5 + 0.5 * level);
        let mut space = model.space();
        let mut largest: f64 = 0.0;
        for (j, profile) in found.iter().enumerate() {
            assert!(profile.low < fit.coefficients[j] && fit.coefficients[j] < profile.high);
            let ray = Ray::new(&model, &top, transform.row(j).to_vec(), 0.5 * wanted * wanted, &mut space);
            let centre = dot(&ray.c, &top.b);
            for end in [profile.low, profile.high] {
                let (statistic, _) = ray.fall_at(end - centre, TOLERANCE * 1e-10, &mut space).unwrap();
                largest = largest.max((statistic.sqrt() - wanted).abs());
            }
        }
        largest
    }

    #[test]
    fn ends_are_where_the_profile_has_fallen_by_the_quantile() {
        let shapes = [(500, 8), (120, 4), (60, 5), (36, 12), (12, 5), (12, 2)];
        for (k, shape) in shapes.into_iter().enumerate() {
            for (trials, strength) in [(1.0, 0.2), (1.0, 4.0), (7.0, 0.5), (38.0, 0.1)] {
                if trials * shape.0 as f64 > 3.0 * shape.1 as f64 {
                    for level in [0.5, 0.95, 0.99] {
                        let missed = missed(&drawn(k as u64, shape, trials, strength), None, level);
                        assert!(missed <= 2.0 * ENOUGH, "{missed:.1e} for {shape:?}, {trials}, {strength}, {level}");
                    }
                }
            }
        }
    }

    #[test]
    fn ends_with_a_quadratic_penalty() {
        let mut penalty = Array2::eye(7) * 3.0;
        penalty[[0, 0]] = 0.0;
        for strength in [0.2, 4.0] {
            let missed = missed(&drawn(9, (60, 6), 2.0, strength), Some(&penalty), 0.95);
            assert!(missed <= 2.0 * ENOUGH, "{missed:.1e} for {strength}");
        }
    }

    #[test]
    fn many_participants_need_one_evaluation_per_end() {
        let data = drawn(11, (4000, 6), 1.0, 0.3);
        let model = Firth::new(&data, None);
        let top = model.top(data.scaled(&model.fit().unwrap().coefficients)).unwrap();
        let mut space = model.space();
        let transform = data.transform();
        for j in 1..data.width() {
            let ray = Ray::new(&model, &top, transform.row(j).to_vec(), 0.5 * 1.96_f64.powi(2), &mut space);
            for sign in [-1.0, 1.0] {
                let there = ray.path.point(ray.path.fallen(sign, ray.fall));
                let point = model.at(&there, Some(&top.share.curvature), &mut space).unwrap();
                let step = ray.tangent_step(&point, sign);
                let missed = 0.5 * step.length.powi(2) * beyond(step.length / 1.96, point.reach(&step.direction));
                assert!(missed <= ENOUGH * step.slope, "coefficient {j}: a step of {:.1e}", step.length);
            }
        }
    }
}
