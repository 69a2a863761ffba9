//! Covariances of coefficients that hold when errors differ in size (HC) or go together within clusters (CR), and the degrees
//! of freedom that make their t ratios honest when clusters are few.
//!
//! In coordinates (see [`super::working`]) a cluster adds f f' with f = (I - B)^-r z: r = 0 for CR0 and CR1, 1/2 for CR2 (Bell and
//! McCaffrey 2002), 1 for CR3 and for the jackknife CV3, whose f is exactly the change of the fit when the cluster is
//! left out. A direction that only one cluster knows has eigenvalue 1 in B; its inverse is taken as 0, and it is counted.

use super::working::Working;
use crate::error::{Result, input};
use crate::linalg::{SymmetricEigen, dot};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// Eigenvalues of I - B at or below this count as zero: no other cluster knows the direction.
const ALONE: f64 = 1e-9;

/// Which covariance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// The model's own: dispersion times (X'X)^-1.
    #[serde(rename = "model")]
    Model,
    /// The same with the Pearson dispersion, for k of n.
    #[serde(rename = "quasi")]
    Quasi,
    /// White (1980).
    HC0,
    /// HC0 times n/(n - k).
    HC1,
    /// Residuals over the root of 1 - h (MacKinnon and White 1985).
    HC2,
    /// Residuals over 1 - h.
    HC3,
    /// Liang and Zeger (1986).
    CR0,
    /// CR0 times G/(G - 1).
    CR1,
    /// CR0 times G/(G - 1) (n - 1)/(n - k), also called CV1.
    CR1S,
    /// Bias-reduced linearization.
    CR2,
    /// Residuals that the other clusters predict.
    CR3,
    /// Jackknife: (G - 1)/G times the squared changes when each cluster is left out; a logistic regression is refitted.
    CV3,
    /// The same on the working model, without refits; for least squares it is CV3.
    CV3L,
}

impl Kind {
    /// Whether rows are summed by cluster first.
    pub fn by_cluster(self) -> bool {
        matches!(self, Self::CR0 | Self::CR1 | Self::CR1S | Self::CR2 | Self::CR3 | Self::CV3 | Self::CV3L)
    }

    fn power(self) -> f64 {
        match self {
            Self::HC2 | Self::CR2 => 0.5,
            Self::HC3 | Self::CR3 | Self::CV3 | Self::CV3L => 1.0,
            _ => 0.0,
        }
    }

    pub(super) fn factor(self, n: f64, k: f64, g: f64) -> f64 {
        match self {
            Self::HC1 => n / (n - k),
            Self::CR1 => g / (g - 1.0),
            Self::CR1S => g / (g - 1.0) * (n - 1.0) / (n - k),
            Self::CV3 | Self::CV3L => (g - 1.0) / g,
            _ => 1.0,
        }
    }
}

/// A covariance with Satterthwaite degrees of freedom.
#[derive(Debug, Clone, PartialEq)]
pub struct Robust {
    /// k x k.
    pub covariance: Array2<f64>,
    /// Bell and McCaffrey's degrees of freedom of each coefficient under independent errors of one size.
    pub satterthwaite: Vec<f64>,
    /// Clusters (or rows) that alone know some direction.
    pub alone: Vec<usize>,
}

/// One independent unit in coordinates.
pub(super) struct Unit {
    /// (I - B)^-r z.
    influence: Vec<f64>,
    /// (I - B)^-r B, as eigenvectors and their factors.
    spread: Spread,
    alone: bool,
}

enum Spread {
    /// A row: q, and (1 - h)^-r.
    Row(Vec<f64>, f64),
    /// A cluster: B (I - B)^-r and B (I - B)^-2r.
    Cluster(Array2<f64>, Array2<f64>),
}

impl Unit {
    fn row(q: Vec<f64>, e: f64, power: f64) -> Self {
        let left = 1.0 - dot(&q, &q);
        let alone = left <= ALONE;
        let factor = if alone && power > 0.0 { 0.0 } else { left.max(ALONE).powf(-power) };
        Self { influence: q.iter().map(|v| v * e * factor).collect(), spread: Spread::Row(q, factor), alone }
    }

    fn cluster(share: &Array2<f64>, score: &[f64], power: f64) -> Result<Self> {
        let eigen = SymmetricEigen::new(share.view())?;
        let k = score.len();
        let alone = eigen.values.first().is_some_and(|largest| 1.0 - largest <= ALONE);
        let inverse = |theta: f64| {
            let left = 1.0 - theta;
            if power == 0.0 {
                1.0
            } else if left <= ALONE {
                0.0
            } else {
                left.powf(-power)
            }
        };
        let influence = crate::linalg::times(eigen.function(k, inverse).view(), score);
        let once = eigen.function(k, |t| t.max(0.0) * inverse(t));
        let twice = eigen.function(k, |t| t.max(0.0) * inverse(t) * inverse(t));
        Ok(Self { influence, spread: Spread::Cluster(once, twice), alone })
    }

    /// B (I - B)^-r and B (I - B)^-2r, k x k.
    pub(super) fn matrices(&self) -> (Array2<f64>, Array2<f64>) {
        match &self.spread {
            Spread::Row(q, factor) => {
                let share = Array2::from_shape_fn((q.len(), q.len()), |(i, j)| q[i] * q[j]);
                (&share * *factor, &share * (factor * factor))
            }
            Spread::Cluster(once, twice) => (once.clone(), twice.clone()),
        }
    }

    /// q and a of one coefficient's direction: the unit's part of the quadratic form of the variance estimate.
    fn form(&self, direction: &[f64]) -> (Vec<f64>, f64) {
        match &self.spread {
            Spread::Row(q, factor) => {
                let along = dot(q, direction) * factor;
                (q.iter().map(|v| v * along).collect(), along * along)
            }
            Spread::Cluster(once, twice) => {
                let q = crate::linalg::times(once.view(), direction);
                (q, dot(&crate::linalg::times(twice.view(), direction), direction))
            }
        }
    }
}

/// The independent units that a covariance adds up over: clusters, or rows.
pub(super) fn units_of(fit: &Working, kind: Kind) -> Result<Vec<Unit>> {
    let (g, power) = (fit.clusters.len(), kind.power());
    if kind.by_cluster() && g < 2 {
        return Err(input("too few sites for a covariance by site").got(g).allowed("at least 2").into());
    }
    if kind.by_cluster() {
        return fit.clusters.iter().map(|c| Unit::cluster(&c.share, &c.score, power)).collect();
    }
    let rows = fit.q.rows().into_iter().zip(&fit.residuals);
    Ok(rows.map(|(q, e)| Unit::row(q.to_vec(), *e, power)).collect())
}

/// Computes a covariance other than the model's own.
pub fn robust(fit: &Working, kind: Kind) -> Result<Robust> {
    let (n, k, g) = (fit.residuals.len(), fit.width(), fit.clusters.len());
    let units = units_of(fit, kind)?;
    let mut meat = Array2::<f64>::zeros((k, k));
    for unit in &units {
        for i in 0..k {
            for j in 0..k {
                meat[[i, j]] += unit.influence[i] * unit.influence[j];
            }
        }
    }
    let factor = kind.factor(n as f64, k as f64, g as f64);
    let covariance = fit.back.dot(&meat).dot(&fit.back.t()) * factor;
    let satterthwaite = (0..k).map(|j| freedom(&units, &fit.direction(j))).collect();
    let alone = units.iter().enumerate().filter(|(_, u)| u.alone).map(|(at, _)| at).collect();
    Ok(Robust { covariance, satterthwaite, alone })
}

/// Degrees of freedom of combinations c'b, c over all coefficients; 0 where c is nothing.
pub fn combination_freedom(fit: &Working, kind: Kind, combinations: &[Vec<f64>]) -> Result<Vec<f64>> {
    let units = units_of(fit, kind)?;
    let direction = |c: &Vec<f64>| crate::linalg::times(fit.back.t(), c);
    Ok(combinations.iter().map(|c| freedom(&units, &direction(c))).collect())
}

/// (tr P)^2 / tr P^2 of the quadratic form P(g, h) = a_g 1(g = h) - q_g'q_h (Bell and McCaffrey 2002; Pustejovsky and Tipton 2018,
/// doi:10.1080/07350015.2016.1247004).
fn freedom(units: &[Unit], direction: &[f64]) -> f64 {
    let k = direction.len();
    let mut outer = Array2::<f64>::zeros((k, k));
    let (mut trace, mut squares) = (0.0, 0.0);
    for unit in units {
        let (q, a) = unit.form(direction);
        let length = dot(&q, &q);
        trace += a - length;
        squares += a * a - 2.0 * a * length;
        for i in 0..k {
            for j in 0..k {
                outer[[i, j]] += q[i] * q[j];
            }
        }
    }
    squares += outer.iter().map(|v| v * v).sum::<f64>();
    if squares > 0.0 && trace > 0.0 { trace * trace / squares } else { 0.0 }
}

/// How clusters weigh in a fit (MacKinnon, Nielsen and Webb 2023, doi:10.1177/1536867X231212433).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Clusters {
    /// Trace of the cluster's part of the hat matrix; they sum to k.
    pub leverage: Vec<f64>,
    /// Share of each cluster in the information on each coefficient, G rows of k; each column sums to 1.
    pub partial_leverage: Vec<Vec<f64>>,
    /// Coefficients without the cluster, G rows of k; linearised for a logistic regression.
    pub left_out: Vec<Vec<f64>>,
    /// Effective number of clusters per coefficient under independent errors (Carter, Schnepel and Steigerwald 2017,
    /// doi:10.1162/REST_a_00639).
    pub effective: Vec<f64>,
}

/// Leverage, influence and effective number.
pub fn clusters(fit: &Working, coefficients: &[f64]) -> Result<Clusters> {
    let k = fit.width();
    let g = fit.clusters.len() as f64;
    let directions: Vec<Vec<f64>> = (0..k).map(|j| fit.direction(j)).collect();
    let part = |share: &Array2<f64>, d: &[f64]| dot(&crate::linalg::times(share.view(), d), d) / dot(d, d);
    let partial_leverage: Vec<Vec<f64>> =
        fit.clusters.iter().map(|c| directions.iter().map(|d| part(&c.share, d)).collect()).collect();
    let effective = (0..k)
        .map(|j| {
            let spread: f64 = partial_leverage.iter().map(|row| (g * row[j] - 1.0).powi(2)).sum::<f64>() / g;
            g / (1.0 + spread)
        })
        .collect();
    let left_out = fit
        .clusters
        .iter()
        .map(|c| {
            let change = Unit::cluster(&c.share, &c.score, 1.0)?.influence;
            let step = crate::linalg::times(fit.back.view(), &change);
            Ok(coefficients.iter().zip(step).map(|(b, s)| b - s).collect())
        })
        .collect::<Result<_>>()?;
    let leverage = fit.clusters.iter().map(|c| c.share.diag().sum()).collect();
    Ok(Clusters { leverage, partial_leverage, left_out, effective })
}
