//! The wild cluster bootstrap of one coefficient as a G x G matrix: all variants, all null values.
//!
//! Data are drawn as fit plus sign times residual, cluster by cluster. With d the coefficient's direction in orthonormal coordinates, B_g the
//! cluster's share and s_g the score that it lends to the draws, a draw v moves the coefficient by sum_g v_g d's_g, and its
//! variance estimate is the squared length of K v with
//!
//! - CV1 (variants C and S): K(g, h) = 1(g = h) d's_h - d'B_g s_h,
//! - CV3 (variants V and B): K(g, h) = 1(g != h) d'(I - B_g)^-1 s_h - d's_h, the jackknife of the drawn data in closed form.
//!
//! With the null imposed at distance delta = b - r from the estimate, s_g is linear in delta, and so are the coefficient's move and K: one pair of
//! kernels serves every null value. Variants S and B lend residuals that the other clusters predict (MacKinnon, Nielsen
//! and Webb 2023, doi:10.1002/jae.2969); the deletion acts on the restricted fit's residuals alone, so that a null of r in y and a
//! null of 0 in y - r x are one test.

use super::working::Working;
use crate::error::{Error, Result, input};
use crate::linalg::{Cholesky, dot, times};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// Which residuals are lent, and which variance is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Variant {
    /// Ordinary residuals, CV1.
    C,
    /// Residuals that the other clusters predict, CV1.
    S,
    /// Ordinary residuals, CV3.
    V,
    /// Residuals that the other clusters predict, CV3.
    B,
}

impl Variant {
    fn predicted(self) -> bool {
        matches!(self, Self::S | Self::B)
    }

    fn jackknife(self) -> bool {
        matches!(self, Self::V | Self::B)
    }
}

/// What a draw v needs: move n0'v + delta n1'v and squared length of (K0 + delta K1) v.
#[derive(Debug, Clone)]
pub struct Kernel {
    /// Clusters G.
    pub clusters: usize,
    /// Move at delta = 0.
    pub n0: Vec<f64>,
    /// Its change with delta; zero when the null is not imposed.
    pub n1: Vec<f64>,
    /// G x G.
    pub k0: Array2<f64>,
    /// Its change with delta.
    pub k1: Array2<f64>,
    /// The observed coefficient's variance before the small-sample factor that it shares with every draw.
    pub variance: f64,
    /// That factor.
    pub factor: f64,
    /// Whether the null is imposed.
    pub restricted: bool,
}

/// What clusters lend to a draw: score and its change with delta.
struct Lent {
    at_zero: Vec<f64>,
    slope: Vec<f64>,
}

impl Kernel {
    /// The kernel of coefficient `j`; `rows` and `k` for the factor of CV1.
    pub fn new(fit: &Working, j: usize, variant: Variant, restricted: bool) -> Result<Self> {
        let g = fit.clusters.len();
        if g < 2 {
            return Err(input("too few sites for a wild cluster test").got(g).allowed("at least 2").into());
        }
        let d = fit.direction(j);
        let lent = lend(fit, &d, variant.predicted(), restricted)?;
        let seen = seen_by(fit, &d, variant.jackknife())?;
        let kernel = |score: &dyn Fn(usize) -> Vec<f64>| {
            let mut kernel = Array2::zeros((g, g));
            for h in 0..g {
                let s = score(h);
                let own = dot(&d, &s);
                for (row, seen) in seen.iter().enumerate() {
                    // `seen` is d'B_g for CV1 and d'(I - B_g)^-1 for CV3.
                    let across = dot(seen, &s);
                    kernel[[row, h]] = match (variant.jackknife(), row == h) {
                        (false, true) => own - across,
                        (false, false) => -across,
                        (true, true) => -own,
                        (true, false) => across - own,
                    };
                }
            }
            kernel
        };
        let (n, k) = (fit.residuals.len() as f64, fit.width() as f64);
        let groups = g as f64;
        let variance = fit
            .clusters
            .iter()
            .zip(&seen)
            .map(|(c, seen)| dot(if variant.jackknife() { seen } else { &d }, &c.score).powi(2))
            .sum();
        Ok(Self {
            clusters: g,
            n0: lent.iter().map(|l| dot(&d, &l.at_zero)).collect(),
            n1: lent.iter().map(|l| dot(&d, &l.slope)).collect(),
            k0: kernel(&|h| lent[h].at_zero.clone()),
            k1: kernel(&|h| lent[h].slope.clone()),
            variance,
            factor: if variant.jackknife() {
                (groups - 1.0) / groups
            } else {
                groups / (groups - 1.0) * (n - 1.0) / (n - k)
            },
            restricted,
        })
    }

    /// The kernel at one null value, with nothing left that depends on it.
    #[must_use]
    pub fn fixed(mut self, delta: f64) -> Self {
        for (n0, n1) in self.n0.iter_mut().zip(&mut self.n1) {
            *n0 += delta * *n1;
            *n1 = 0.0;
        }
        self.k0.scaled_add(delta, &self.k1);
        self.k1.fill(0.0);
        self
    }
}

fn lend(fit: &Working, d: &[f64], predicted: bool, restricted: bool) -> Result<Vec<Lent>> {
    let length = dot(d, d);
    let unit: Vec<f64> = d.iter().map(|v| v / length.sqrt()).collect();
    fit.clusters
        .iter()
        .enumerate()
        .map(|(g, cluster)| {
            let slope = if restricted {
                times(cluster.share.view(), d).iter().map(|v| v / length).collect()
            } else {
                vec![0.0; d.len()]
            };
            let plain = Lent { at_zero: cluster.score.clone(), slope };
            if !predicted {
                return Ok(plain);
            }
            let others = others(&cluster.share, restricted.then_some(unit.as_slice()))
                .ok_or_else(|| cannot_leave_out(g, "the other coefficients"))?;
            let carried = |s: &[f64]| -> Vec<f64> {
                let inside = if restricted { off(s, &unit) } else { s.to_vec() };
                let step = times(cluster.share.view(), &others.solve(&inside));
                s.iter().zip(step).map(|(a, b)| a + b).collect()
            };
            Ok(Lent { at_zero: carried(&plain.at_zero), slope: carried(&plain.slope) })
        })
        .collect()
}

/// I - B, or I - (I - uu')B(I - uu') where a direction is held by the null.
fn others(share: &Array2<f64>, held: Option<&[f64]>) -> Option<Cholesky> {
    let k = share.nrows();
    let inside = match held {
        None => share.clone(),
        Some(u) => {
            let project = Array2::from_shape_fn((k, k), |(i, j)| f64::from(u8::from(i == j)) - u[i] * u[j]);
            project.dot(share).dot(&project)
        }
    };
    let left = Array2::from_shape_fn((k, k), |(i, j)| f64::from(u8::from(i == j)) - inside[[i, j]]);
    let symmetric = (&left + &left.t()) * 0.5;
    let factor = Cholesky::factor(symmetric.view()).definite()?;
    // A pivot near nothing: no other cluster knows some direction.
    factor.lower().diag().iter().all(|pivot| *pivot > 1e-5).then_some(factor)
}

fn off(s: &[f64], unit: &[f64]) -> Vec<f64> {
    let along = dot(s, unit);
    s.iter().zip(unit).map(|(a, u)| a - along * u).collect()
}

/// Per cluster d'B (CV1) or d'(I - B)^-1 (CV3).
fn seen_by(fit: &Working, d: &[f64], jackknife: bool) -> Result<Vec<Vec<f64>>> {
    fit.clusters
        .iter()
        .enumerate()
        .map(|(g, cluster)| {
            if !jackknife {
                return Ok(times(cluster.share.view(), d));
            }
            let left = others(&cluster.share, None).ok_or_else(|| cannot_leave_out(g, "the coefficients"))?;
            Ok(left.solve(d))
        })
        .collect()
}

fn cannot_leave_out(g: usize, what: &str) -> Error {
    input("variant not defined")
        .at(format!("site number {}", g + 1))
        .got(format!("a site without which the others do not determine {what}"))
        .allowed("variants S, V and B need every fit that leaves one site out")
        .remedy("Use variant=\"C\", or leave out what only this site knows.")
        .into()
}
