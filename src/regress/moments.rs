//! Centred cross-products of items, covariates and outcome: all that a linear estimator needs to know about data.

use crate::error::{Result, input};
use crate::linalg::{Cholesky, Factor, dot};
use ndarray::{Array1, Array2, ArrayView2, s};

/// Weighted cross-products about the weighted means, for p items followed by q covariates.
///
/// A set of rows, a training fold and a single held-out site are all described so, and so is a sum of site moments.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossMoments {
    /// Number of items p; columns p.. are covariates.
    pub items: usize,
    /// Independent units that were summed (sites, or rows where there are none).
    pub units: usize,
    /// Sum of the weights W.
    pub weight: f64,
    /// Weighted means of items and covariates, length p + q.
    pub means: Vec<f64>,
    /// Weighted mean of the outcome.
    pub outcome_mean: f64,
    /// Sum of w (x - mean)(x - mean)', (p + q) x (p + q).
    pub gram: Array2<f64>,
    /// Sum of w (x - mean)(y - mean), length p + q.
    pub cross: Vec<f64>,
    /// Sum of w (y - mean)^2.
    pub yy: f64,
}

/// Raw weighted sums about a fixed origin, which add up over sites and subtract for a left-out one.
#[derive(Debug, Clone, Copy)]
pub struct Sums<'a> {
    /// Units summed.
    pub units: usize,
    /// Sum of the weights.
    pub weight: f64,
    /// The origin of items and covariates (the scale's midpoint), length p + q.
    pub origin: &'a [f64],
    /// Sums of w (x - origin), length p + q.
    pub x: &'a [f64],
    /// Sum of w y.
    pub y: f64,
    /// Sums of w (x - origin)(x - origin)', (p + q) x (p + q).
    pub xx: ArrayView2<'a, f64>,
    /// Sums of w (x - origin) y, length p + q.
    pub xy: &'a [f64],
    /// Sum of w y^2.
    pub yy: f64,
}

impl CrossMoments {
    /// From n rows: `x` is n x p, `covariates` n x q, `y` and `weights` of length n (`None`: ones). Two passes, so that
    /// nothing cancels.
    ///
    /// ```
    /// use ndarray::array;
    /// use steelyard::regress::CrossMoments;
    /// let m = CrossMoments::from_rows(array![[1.0], [2.0], [3.0]].view(), None, &[1.0, 2.0, 6.0], None)?;
    /// assert_eq!((m.gram[[0, 0]], m.cross[0], m.yy, m.outcome_mean), (2.0, 5.0, 14.0, 3.0));
    /// # Ok::<(), steelyard::error::Error>(())
    /// ```
    pub fn from_rows(
        x: ArrayView2<'_, f64>,
        covariates: Option<ArrayView2<'_, f64>>,
        y: &[f64],
        weights: Option<&[f64]>,
    ) -> Result<Self> {
        let (n, p) = x.dim();
        let q = covariates.map_or(0, |z| z.ncols());
        let lengths = y.len() == n && weights.is_none_or(|w| w.len() == n) && covariates.is_none_or(|z| z.nrows() == n);
        if !lengths || n == 0 || p == 0 {
            return Err(input("items, outcome and weights of different length")
                .got(format!("{n} rows of {p} items, {} outcomes", y.len()))
                .allowed("one outcome and one weight per row, at least one row and one item")
                .into());
        }
        let weight_of = |i: usize| weights.map_or(1.0, |w| w[i]);
        let weight: f64 = (0..n).map(weight_of).sum();
        if !(weight > 0.0 && (0..n).all(|i| weight_of(i) >= 0.0)) {
            return Err(input("weights not allowed").allowed("none negative, at least one positive").into());
        }
        let mut joined = Array2::zeros((n, p + q));
        joined.slice_mut(s![.., ..p]).assign(&x);
        if let Some(z) = covariates {
            joined.slice_mut(s![.., p..]).assign(&z);
        }
        let mut means = Array1::<f64>::zeros(p + q);
        let mut outcome_mean = 0.0;
        for (i, row) in joined.rows().into_iter().enumerate() {
            means.scaled_add(weight_of(i) / weight, &row);
            outcome_mean += weight_of(i) / weight * y[i];
        }
        let centred = joined - &means;
        let mut yy = 0.0;
        let mut cross = Array1::<f64>::zeros(p + q);
        for (i, row) in centred.rows().into_iter().enumerate() {
            let deviation = y[i] - outcome_mean;
            yy += weight_of(i) * deviation * deviation;
            cross.scaled_add(weight_of(i) * deviation, &row);
        }
        let gram = crate::linalg::gram(centred.view(), weights);
        let cross = cross.to_vec();
        Ok(Self { items: p, units: n, weight, means: means.to_vec(), outcome_mean, gram, cross, yy })
    }

    /// From sums about a fixed origin, for `items` items.
    pub fn from_sums(sums: Sums<'_>, items: usize) -> Self {
        let m = sums.x.len();
        let w = sums.weight;
        let gram = Array2::from_shape_fn((m, m), |(i, j)| sums.xx[[i, j]] - sums.x[i] * sums.x[j] / w);
        let cross = (0..m).map(|j| sums.xy[j] - sums.x[j] * sums.y / w).collect();
        let means = (0..m).map(|j| sums.origin[j] + sums.x[j] / w).collect();
        let yy = (sums.yy - sums.y * sums.y / w).max(0.0);
        Self { items, units: sums.units, weight: w, means, outcome_mean: sums.y / w, gram, cross, yy }
    }

    /// Number of covariates q.
    pub fn covariates(&self) -> usize {
        self.means.len() - self.items
    }

    /// Whether column `j` does not vary: its sum of squares is below the round-off of its mean.
    pub fn is_constant(&self, j: usize) -> bool {
        self.gram[[j, j]] <= 1e-13 * self.weight * self.means[j] * self.means[j]
    }

    /// Whether the outcome does not vary.
    pub fn outcome_is_constant(&self) -> bool {
        self.yy <= 1e-13 * self.weight * self.outcome_mean * self.outcome_mean
    }

    /// Partials the covariates out of items and outcome (Frisch-Waugh-Lovell). What is left has p columns.
    /// Covariates that are constant or depend on earlier ones are passed over.
    #[must_use]
    pub fn adjusted(&self) -> Self {
        let (p, m) = (self.items, self.means.len());
        let mut gram = self.gram.clone();
        let mut cross = self.cross.clone();
        let mut yy = self.yy;
        for k in p..m {
            let pivot = gram[[k, k]];
            if self.is_constant(k) || pivot <= 1e-11 * self.gram[[k, k]] {
                continue;
            }
            let row: Vec<f64> = gram.row(k).to_vec();
            let on_outcome = cross[k];
            for i in 0..m {
                let factor = row[i] / pivot;
                for j in 0..m {
                    gram[[i, j]] -= factor * row[j];
                }
                cross[i] -= factor * on_outcome;
            }
            yy -= on_outcome * on_outcome / pivot;
        }
        // What is left of an item that the covariates explain altogether is round-off: it counts as constant.
        for j in 0..p {
            if gram[[j, j]] <= 1e-11 * self.gram[[j, j]] {
                gram.row_mut(j).fill(0.0);
                gram.column_mut(j).fill(0.0);
                cross[j] = 0.0;
            }
        }
        Self {
            items: p,
            units: self.units,
            weight: self.weight,
            means: self.means[..p].to_vec(),
            outcome_mean: self.outcome_mean,
            gram: gram.slice(s![..p, ..p]).to_owned(),
            cross: cross[..p].to_vec(),
            yy: yy.max(0.0),
        }
    }

    /// Covariates, from 0, that vary and do not depend on earlier ones.
    pub fn usable_covariates(&self) -> Vec<usize> {
        self.usable().0
    }

    fn usable(&self) -> (Vec<usize>, Option<Cholesky>) {
        let (p, q) = (self.items, self.covariates());
        let mut usable: Vec<usize> = Vec::with_capacity(q);
        let mut factor: Option<Cholesky> = None;
        for k in (0..q).filter(|k| !self.is_constant(p + k)) {
            usable.push(k);
            let sub =
                Array2::from_shape_fn((usable.len(), usable.len()), |(i, j)| self.gram[[p + usable[i], p + usable[j]]]);
            match Cholesky::factor(sub.view()) {
                Factor::Definite(found) => factor = Some(found),
                Factor::Singular { .. } => {
                    usable.pop();
                }
            }
        }
        (usable, factor)
    }

    /// Coefficients of the covariates, given the slopes of the items, by least squares; length q.
    pub fn covariate_coefficients(&self, slopes: &[f64]) -> Vec<f64> {
        let p = self.items;
        let mut coefficients = vec![0.0; self.covariates()];
        let (usable, factor) = self.usable();
        if let Some(factor) = factor {
            let explained = |k: usize| slopes.iter().enumerate().map(|(j, b)| self.gram[[p + k, j]] * b).sum::<f64>();
            let mut right: Vec<f64> = usable.iter().map(|k| self.cross[p + k] - explained(*k)).collect();
            factor.solve_in_place(&mut right);
            for (k, value) in usable.iter().zip(right) {
                coefficients[*k] = value;
            }
        }
        coefficients
    }

    /// The weighted sum of squared errors that `intercept` + x'`coefficients` makes on these rows; `coefficients` has length
    /// p + q.
    pub fn squared_error(&self, intercept: f64, coefficients: &[f64]) -> f64 {
        let shift = self.outcome_mean - intercept - dot(&self.means, coefficients);
        let fitted = quadratic(self.gram.view(), coefficients);
        let within = self.yy - 2.0 * dot(&self.cross, coefficients) + fitted;
        self.weight * shift * shift + within.max(0.0)
    }

    /// The slope of the outcome on the score x'`direction` (items only, no covariates), or `None` where the score does not vary.
    pub fn slope_on(&self, direction: &[f64]) -> Option<f64> {
        let gram = self.gram.slice(s![..self.items, ..self.items]);
        let variance = quadratic(gram, direction);
        let size: f64 = direction.iter().zip(gram.diag()).map(|(d, g)| d * d * g).sum();
        (variance > 1e-11 * size).then(|| dot(&self.cross[..self.items], direction) / variance)
    }
}

/// b'Gb.
pub fn quadratic(g: ArrayView2<'_, f64>, b: &[f64]) -> f64 {
    g.rows().into_iter().zip(b).map(|(row, bi)| bi * row.iter().zip(b).map(|(g, bj)| g * bj).sum::<f64>()).sum()
}
