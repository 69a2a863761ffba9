//! Ridge toward a target: a whole path of penalties at the cost of one eigendecomposition.
//!
//! Minimise RSS/(2W) + penalty/2 |b - s w0|^2 over slopes b, and over the scale s too where a target direction w0 is
//! given (its score is then unpenalised); without one the target is zero. W is the sum of weights. Items are on one scale, so
//! slopes are penalised per scale point and not standardised (Hoerl and Kennard 1970, doi:10.1080/00401706.1970.10488634).

use super::CrossMoments;
use crate::error::Result;
use crate::linalg::{SymmetricEigen, dot, times};
use ndarray::Array2;

/// The decomposed problem; [`RidgePath::slopes`] then costs O(p^2) for each penalty.
#[derive(Debug, Clone)]
pub struct RidgePath {
    eigen: SymmetricEigen,
    /// Rank of the penalised part.
    rank: usize,
    /// Coordinates of the (residual) cross-products along the eigenvectors.
    coordinates: Vec<f64>,
    /// The unpenalised direction, what the Gram matrix makes of it, its variance and its own cross-product.
    target: Option<Target>,
    weight: f64,
}

#[derive(Debug, Clone)]
struct Target {
    direction: Vec<f64>,
    image: Vec<f64>,
    variance: f64,
    cross: f64,
}

impl RidgePath {
    /// Decomposes adjusted moments. `target` has length p, or is `None` for shrinkage to zero; `Ok(None)` when the target's
    /// score does not vary, so that it has no slope.
    pub fn new(moments: &CrossMoments, target: Option<&[f64]>) -> Result<Option<Self>> {
        let Some(w0) = target else {
            return Self::decompose(moments, moments.gram.clone(), moments.cross.clone(), None).map(Some);
        };
        let image = times(moments.gram.view(), w0);
        let variance = dot(&image, w0);
        if moments.slope_on(w0).is_none() {
            return Ok(None);
        }
        let length = dot(w0, w0);
        let cross = dot(&moments.cross, w0);
        // The score of the target is partialled out, and only what is orthogonal to the target is penalised.
        let residual =
            Array2::from_shape_fn(moments.gram.dim(), |(i, j)| moments.gram[[i, j]] - image[i] * image[j] / variance);
        let project = |v: &mut [f64]| {
            let along = dot(v, w0) / length;
            for (v, w) in v.iter_mut().zip(w0) {
                *v -= along * w;
            }
        };
        let mut penalised = residual;
        for mut row in penalised.rows_mut() {
            if let Some(row) = row.as_slice_mut() {
                project(row);
            }
        }
        for mut column in penalised.columns_mut() {
            let mut copy = column.to_vec();
            project(&mut copy);
            column.assign(&ndarray::ArrayView1::from(&copy));
        }
        let mut rest: Vec<f64> = (0..w0.len()).map(|j| moments.cross[j] - image[j] * cross / variance).collect();
        project(&mut rest);
        let target = Target { direction: w0.to_vec(), image, variance, cross };
        Self::decompose(moments, penalised, rest, Some(target)).map(Some)
    }

    fn decompose(moments: &CrossMoments, gram: Array2<f64>, cross: Vec<f64>, target: Option<Target>) -> Result<Self> {
        let eigen = SymmetricEigen::new(gram.view())?;
        let largest = moments.gram.diag().iter().copied().fold(0.0, f64::max);
        let ceiling = moments.units.saturating_sub(1);
        let rank = eigen.values.iter().filter(|value| **value > 1e-12 * largest).count().min(ceiling);
        let coordinates =
            (0..rank).map(|k| eigen.vectors.column(k).iter().zip(&cross).map(|(v, c)| v * c).sum()).collect();
        Ok(Self { eigen, rank, coordinates, target, weight: moments.weight })
    }

    /// Slopes at a penalty from 0 (least squares of smallest norm) to infinity (the target's own fit, or zero).
    pub fn slopes(&self, penalty: f64) -> Vec<f64> {
        let mut departure = vec![0.0; self.eigen.values.len()];
        if penalty.is_finite() {
            for k in 0..self.rank {
                let value = self.coordinates[k] / (self.eigen.values[k] + penalty * self.weight);
                for (d, v) in departure.iter_mut().zip(self.eigen.vectors.column(k)) {
                    *d += value * v;
                }
            }
        }
        if let Some(target) = &self.target {
            let scale = (target.cross - dot(&target.image, &departure)) / target.variance;
            for (d, w) in departure.iter_mut().zip(&target.direction) {
                *d += scale * w;
            }
        }
        departure
    }

    /// Effective number of slopes at a penalty: the trace of the map from outcomes to fitted values, intercept not counted.
    pub fn degrees_of_freedom(&self, penalty: f64) -> f64 {
        let free = if self.target.is_some() { 1.0 } else { 0.0 };
        if !penalty.is_finite() {
            return free;
        }
        free + self.eigen.values[..self.rank].iter().map(|d| d / (d + penalty * self.weight)).sum::<f64>()
    }

    /// Minus twice the restricted log-likelihood of the penalty, up to a constant, with the noise profiled out: departures from
    /// the target are normal with variance noise/(penalty W). `left` is the number of units minus what is fitted freely.
    pub fn restricted_deviance(&self, moments: &CrossMoments, penalty: f64, left: usize) -> f64 {
        let log_determinant: f64 =
            self.eigen.values[..self.rank].iter().map(|value| self.ratio(*value, penalty).ln_1p()).sum();
        log_determinant + left as f64 * self.restricted_squares(moments, penalty).ln()
    }

    /// Prior over noise variance along an eigenvector.
    fn ratio(&self, value: f64, penalty: f64) -> f64 {
        if penalty.is_finite() { value / (penalty * self.weight) } else { 0.0 }
    }

    /// What is left of the outcome's sum of squares when departures count as noise too: over its degrees of freedom, the noise.
    pub fn restricted_squares(&self, moments: &CrossMoments, penalty: f64) -> f64 {
        let explained = self.target.as_ref().map_or(0.0, |t| t.cross * t.cross / t.variance);
        let mut rss = moments.yy - explained;
        for (value, coordinate) in self.eigen.values[..self.rank].iter().zip(&self.coordinates) {
            let ratio = self.ratio(*value, penalty);
            rss -= coordinate * coordinate / value * ratio / (1.0 + ratio);
        }
        rss.max(f64::MIN_POSITIVE)
    }

    /// Eigenvalues of the penalised part (falling, positive ones only) and the outcome's coordinates along them.
    pub fn spectrum(&self) -> (&[f64], &[f64]) {
        (&self.eigen.values[..self.rank], &self.coordinates)
    }
}

/// What a penalty is worth in sites: units x penalty / mean item variance. So many further sites with the items' own variance
/// and the target's outcomes would pull as hard.
pub fn prior_sites(moments: &CrossMoments, penalty: f64) -> f64 {
    let varying: Vec<usize> = (0..moments.items).filter(|j| !moments.is_constant(*j)).collect();
    let variance =
        varying.iter().map(|j| moments.gram[[*j, *j]]).sum::<f64>() / (varying.len().max(1) as f64 * moments.weight);
    if variance > 0.0 { moments.units as f64 * penalty / variance } else { 0.0 }
}

/// Penalties from weak to strong: `count` steps, evenly on the logarithm, from 1e-4 to 1e4 times the mean item variance.
pub fn penalty_grid(moments: &CrossMoments, count: usize) -> Vec<f64> {
    let p = moments.items.max(1) as f64;
    let typical = moments.gram.diag().iter().sum::<f64>() / (p * moments.weight);
    let typical = if typical > 0.0 { typical } else { 1.0 };
    let last = count.saturating_sub(1).max(1) as f64;
    (0..count).map(|k| typical * 10.0_f64.powf(-4.0 + 8.0 * k as f64 / last)).collect()
}
