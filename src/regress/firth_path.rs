//! Where the maximum over all other coefficients goes while one combination c'b moves, and how the objective falls along that path.
//!
//! With f the objective and b(s) its maximum at c'b = c'b(0) + s, the gradient at b(s) is a multiple mu(s) of c. Differentiating
//! that in s gives the derivatives of b and mu one after the other, each from those before it and one product over the rows (the
//! first is the tangent of Venzon and Moolgavkar 1988, doi:10.2307/2347496); mu is the derivative of the profile. Third and fourth
//! derivatives of the determinant's share are left out: where the path has been found to lead says what they do.

use super::firth::{Firth, Point, Share, Space};
use crate::linalg::dot;

/// The maximum of the objective with what is known there.
pub(super) struct Top {
    /// Scaled coefficients.
    pub(super) b: Vec<f64>,
    pub(super) point: Point,
    pub(super) share: Share,
}

/// A path from the maximum, by Taylor's series.
pub(super) struct Path<'a> {
    start: &'a [f64],
    /// The derivatives of b over their factorials, and their lengths in standard errors.
    terms: Vec<(Vec<f64>, f64)>,
    /// The derivatives of mu.
    slopes: [f64; 3],
    /// What the series misses of points of the path, as Newton's divided differences of what is missed over s².
    learnt: Vec<(Vec<f64>, f64)>,
}

impl<'a> Path<'a> {
    pub(super) fn new(model: &Firth<'_>, top: &'a Top, c: &[f64], space: &mut Space) -> Self {
        let (x, bends) = (&model.rows.x, &top.share.rows);
        let image = top.point.curvature().solve(c);
        let variance = dot(c, &image);
        let first: Vec<f64> = image.iter().map(|v| v / variance).collect();
        // The derivative of b whose right-hand side is given, that of mu, and the square of the former's length.
        let next = |side: Vec<f64>| {
            let slope = dot(&first, &side);
            let solved = top.point.curvature().solve(&side);
            let term: Vec<f64> = solved.iter().zip(&image).map(|(q, v)| q - slope * v).collect();
            let square = dot(&term, &side).max(0.0);
            (term, slope, square)
        };
        let [along, across, product] = space.three();
        x.times(&first, along);
        for ((r, z), w) in product.iter_mut().zip(&*along).zip(&bends.first) {
            *r = -w * z * z;
        }
        let (second, bend, second_square) = next(x.cross(product));
        x.times(&second, across);
        for (i, r) in product.iter_mut().enumerate() {
            let z = along[i];
            *r = -z * (bends.second[i] * z * z + 3.0 * bends.first[i] * across[i]);
        }
        let (third, twist, third_square) = next(x.cross(product));
        let over = |term: Vec<f64>, square: f64, k: f64| (term.iter().map(|t| t / k).collect(), square.sqrt() / k);
        Self {
            start: &top.b,
            slopes: [-1.0 / variance, bend, twist],
            terms: vec![
                (first, (1.0 / variance).sqrt()),
                over(second, second_square, 2.0),
                over(third, third_square, 6.0),
            ],
            learnt: Vec::new(),
        }
    }

    /// The point at a distance.
    pub(super) fn point(&self, s: f64) -> Vec<f64> {
        let mut point = self.start.to_vec();
        let mut add = |term: &[f64], weight: f64| point.iter_mut().zip(term).for_each(|(p, t)| *p += weight * t);
        let (mut power, mut before) = (1.0, f64::INFINITY);
        for (term, length) in &self.terms {
            power *= s;
            // The series is of use while its terms shrink.
            if power.abs() * length > 0.5 * before {
                return point;
            }
            before = power.abs() * length;
            add(term, power);
        }
        let mut weight = s * s;
        for (term, seen) in &self.learnt {
            if s.abs() > 5.0 * seen.abs() {
                break;
            }
            add(term, weight);
            weight *= s - seen;
        }
        point
    }

    /// Where the profile has fallen by `fall`, on the side of `sign`.
    pub(super) fn fallen(&self, sign: f64, fall: f64) -> f64 {
        let [second, third, fourth] = self.slopes;
        let quadratic = sign * (-2.0 * fall / second).sqrt();
        let mut s = quadratic;
        for _ in 0..20 {
            let value = s * s * (second / 2.0 + s * (third / 6.0 + s * fourth / 24.0));
            let slope = s * (second + s * (third / 2.0 + s * fourth / 6.0));
            let step = (value + fall) / slope;
            s -= step;
            if step.abs() <= 1e-12 * s.abs() {
                break;
            }
        }
        if (s / quadratic - 1.0).abs() < 0.5 { s } else { quadratic }
    }

    /// Makes the path lead through a point at a distance.
    pub(super) fn learn(&mut self, there: &[f64], s: f64) {
        let weight = self.learnt.iter().fold(s * s, |w, (_, seen)| w * (s - seen));
        let term = there.iter().zip(self.point(s)).map(|(t, p)| (t - p) / weight).collect();
        self.learnt.push((term, s));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::regress::Trials;
    use crate::regress::firth::Climb;
    use ndarray::Array2;

    /// Forty rows of so many trials that the determinant's share does not matter.
    fn many() -> Trials {
        let x = Array2::from_shape_fn((40, 3), |(i, j)| ((i * 31 + j * 17 + i * i * (j + 2)) % 23) as f64);
        let trials = vec![1e9; 40];
        let successes: Vec<f64> = (0..40).map(|i| 1e9 * (0.1 + 0.8 * f64::from(i * 7 % 11) / 11.0)).collect();
        Trials::new(x.view(), &successes, &trials).unwrap()
    }

    #[test]
    fn the_series_is_right_to_the_third_order() {
        let data = many();
        let model = Firth::new(&data, None);
        let mut space = model.space();
        let top = model.top(data.scaled(&model.fit().unwrap().coefficients)).unwrap();
        let c = [0.0, 1.0, 0.5, 0.0];
        let path = Path::new(&model, &top, &c, &mut space);
        let mut missed = |s: f64| {
            let way = Climb { start: path.point(s), held: Some(&c), share: Some(&top.share.curvature), enough: 1e-30 };
            let there = model.climb(way, &mut space).unwrap();
            let away = there.b.iter().zip(path.point(s)).fold(0.0, |a: f64, (t, p)| a.max((t - p).abs()));
            let fall = top.point.value - there.point.value;
            (away, (path.fallen(s.signum(), fall) - s).abs())
        };
        for s in [0.2, -0.2] {
            let ((far, end_far), (near, end_near)) = (missed(s), missed(s / 2.0));
            assert!((10.0..25.0).contains(&(far / near)), "the path at {s}: {far:.1e}, {near:.1e}");
            assert!((10.0..25.0).contains(&(end_far / end_near)), "the fall at {s}: {end_far:.1e}, {end_near:.1e}");
        }
    }

    #[test]
    fn what_is_learnt_lies_on_the_path() {
        let data = many();
        let model = Firth::new(&data, None);
        let mut space = model.space();
        let top = model.top(data.scaled(&model.fit().unwrap().coefficients)).unwrap();
        let mut path = Path::new(&model, &top, &[0.0, 1.0, 0.0, 0.0], &mut space);
        let points: Vec<(f64, Vec<f64>)> = [-0.1, 0.12]
            .into_iter()
            .map(|s| (s, path.point(s).iter().enumerate().map(|(j, p)| p + 1e-3 * s * s * (j as f64 + s)).collect()))
            .collect();
        for (s, point) in &points {
            path.learn(point, *s);
        }
        for (s, point) in &points {
            assert!(path.point(*s).iter().zip(point).all(|(p, q)| (p - q).abs() < 1e-15 * (1.0 + q.abs())));
        }
    }
}
