//! The integral of one site's likelihood over its effect, by adaptive Gauss-Hermite quadrature, with its gradient.
//!
//! Nodes are placed about the mode of the site's effect and scaled by the curvature there (Liu and Pierce 1994,
//! doi:10.1093/biomet/81.3.624; Pinheiro and Bates 1995, doi:10.1080/10618600.1995.10474663). The gradient is that of the
//! quadrature itself: how mode and scale move with the parameters is followed by implicit differentiation.

use super::quadrature::gauss_hermite;
use crate::num::logistic::{logistic_all, logistic_and_softplus};
use crate::num::sums::dot;
use std::f64::consts::{PI, SQRT_2};

/// A rule against the standard normal.
#[derive(Debug)]
pub(super) struct Nodes {
    z: Vec<f64>,
    /// Logarithm of weight times exp(z^2), with the constants of the integral: exp(h) / sqrt(2 pi) du, u = mode + sqrt(2) s z.
    log_weights: Vec<f64>,
}

impl Nodes {
    pub(super) fn new(count: usize) -> Self {
        let (z, weights) = gauss_hermite(count);
        let log_weights = z.iter().zip(&weights).map(|(z, w)| w.ln() + z * z - 0.5 * PI.ln()).collect();
        Self { z, log_weights }
    }
}

/// Rows by nodes, reused from site to site.
#[derive(Debug, Default)]
pub(super) struct Space {
    /// Linear predictors, node by node.
    eta: Vec<f64>,
    /// Rates there.
    pi: Vec<f64>,
    /// log(1 + exp) there.
    plus: Vec<f64>,
    /// Places of the nodes and their shares of the integral.
    places: Vec<f64>,
    shares: Vec<f64>,
}

impl Space {
    fn fit(&mut self, rows: usize, nodes: usize) {
        for long in [&mut self.eta, &mut self.pi, &mut self.plus] {
            long.resize(rows * nodes, 0.0);
        }
        for short in [&mut self.places, &mut self.shares] {
            short.resize(nodes, 0.0);
        }
    }
}

/// The rows of one site at given parameters. The site's effect is tau u with u standard normal.
pub(super) struct SiteRows<'a> {
    pub(super) eta: &'a [f64],
    pub(super) successes: &'a [f64],
    pub(super) trials: &'a [f64],
    pub(super) tau: f64,
}

/// Sums over the rows of a site at one u.
#[derive(Default)]
struct At {
    /// Sum of k - n pi.
    residual: f64,
    /// Sum of n pi (1 - pi).
    variance: f64,
    /// Sum of n pi (1 - pi) (1 - 2 pi).
    skew: f64,
}

impl SiteRows<'_> {
    /// Leaves the rates at u in the first rows of `space.pi`.
    fn at(&self, u: f64, space: &mut Space) -> At {
        let n = self.eta.len();
        self.predictors(u, &mut space.eta[..n]);
        logistic_all(&space.eta[..n], &mut space.pi[..n]);
        let mut sum = At::default();
        for ((pi, k), n) in space.pi.iter().zip(self.successes).zip(self.trials) {
            let v = n * pi * (1.0 - pi);
            sum.residual += k - n * pi;
            sum.variance += v;
            sum.skew += v * (1.0 - 2.0 * pi);
        }
        sum
    }

    fn predictors(&self, u: f64, to: &mut [f64]) {
        to.iter_mut().zip(self.eta).for_each(|(to, eta)| *to = eta + self.tau * u);
    }

    /// The mode of u: the log density is concave with curvature of at least one.
    fn mode(&self, start: f64, space: &mut Space) -> f64 {
        let mut u = start;
        for _ in 0..100 {
            let sums = self.at(u, space);
            let slope = self.tau * sums.residual - u;
            let step = slope / (self.tau * self.tau * sums.variance + 1.0);
            // |slope| bounds the distance to the mode, since the curvature is at least one.
            let next = u + step.clamp(-2.0, 2.0);
            if (next - u).abs() <= 1e-14 * (1.0 + u.abs()) {
                return next;
            }
            u = next;
        }
        u
    }

    /// Log of the site's integral. Writes what each row's linear predictor pulls, and returns the slope in tau.
    pub(super) fn integrate(&self, nodes: &Nodes, mode: &mut f64, pull: &mut [f64], space: &mut Space) -> (f64, f64) {
        let (tau, rows) = (self.tau, self.eta.len());
        space.fit(rows, nodes.z.len());
        *mode = self.mode(*mode, space);
        let u = *mode;
        let at = self.at(u, space);
        let curvature = tau * tau * at.variance + 1.0;
        let s = curvature.sqrt().recip();
        // How the mode and the scale move with a row's predictor: first the rates at the mode, then the nodes.
        let third = -tau.powi(3) * at.skew;
        let half_cube = 0.5 * s.powi(3);
        let rates: Vec<f64> = space.pi[..rows].to_vec();
        let value = self.expand(nodes, u, s, space);
        // Expected slopes over the nodes: in u, in u times sqrt(2) z, in tau, and per row.
        let (mut along, mut spread, mut by_tau) = (0.0, 0.0, 0.0);
        let successes: f64 = self.successes.iter().sum();
        pull.fill(0.0);
        for (q, pi) in space.pi.chunks_exact(rows).enumerate() {
            let (share, place) = (space.shares[q], space.places[q]);
            let residual = successes - dot(self.trials, pi);
            pull.iter_mut().zip(pi).for_each(|(c, pi)| *c += share * pi);
            let slope = tau * residual - place;
            along += share * slope;
            spread += share * slope * SQRT_2 * nodes.z[q];
            by_tau += share * place * residual;
        }
        let spread = spread + 1.0 / s;
        // How the mode and the scale move: du = h_u. / curvature, ds = s^3/2 (h_uu. + h_uuu du).
        let move_by_tau = (at.residual - tau * u * at.variance) / curvature;
        let bend_by_tau = -2.0 * tau * at.variance - tau * tau * u * at.skew;
        let slope = by_tau + along * move_by_tau + spread * half_cube * (bend_by_tau + third * move_by_tau);
        for (((k, n), pi), c) in self.successes.iter().zip(self.trials).zip(&rates).zip(pull) {
            let v = n * pi * (1.0 - pi);
            let moved = -tau * v / curvature;
            let bent = -tau * tau * v * (1.0 - 2.0 * pi) + third * moved;
            *c = k - n * *c + along * moved + spread * half_cube * bent;
        }
        (value, slope)
    }

    /// Places the nodes, leaves the rates at each and its share of the integral, and returns the log of the integral.
    fn expand(&self, nodes: &Nodes, u: f64, s: f64, space: &mut Space) -> f64 {
        let rows = self.eta.len();
        for ((place, z), eta) in space.places.iter_mut().zip(&nodes.z).zip(space.eta.chunks_exact_mut(rows)) {
            *place = u + SQRT_2 * s * z;
            self.predictors(*place, eta);
        }
        logistic_and_softplus(&space.eta, &mut space.pi, &mut space.plus);
        let logs = &mut space.shares;
        for (q, log) in logs.iter_mut().enumerate() {
            let of = q * rows..(q + 1) * rows;
            let kernel = dot(self.successes, &space.eta[of.clone()]) - dot(self.trials, &space.plus[of]);
            *log = nodes.log_weights[q] + kernel - 0.5 * space.places[q] * space.places[q];
        }
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for log in &mut *logs {
            *log = (*log - largest).exp();
        }
        let total: f64 = logs.iter().sum();
        for share in logs {
            *share /= total;
        }
        largest + total.ln() + s.ln()
    }
}
