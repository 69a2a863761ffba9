//! One training fold without its outcome: everything that permuting the outcome leaves as it is.
//!
//! Leaving sites out and partialling covariates out are projections of the items alone, so that a replicate which
//! changes the outcome only pays for cross-products: p (q + 3) multiplications for a fold.

use super::panel::Panel;
use crate::linalg::{Cholesky, Factor, dot};
use crate::regress::CrossMoments;
use ndarray::{Array2, Array3};

/// Mean square about the mean below which an item counts as constant: sums of scores are exact to round-off.
const NO_SPREAD: f64 = 1e-13;

/// Sums of w x y and w z y over all rows, for one outcome vector.
#[derive(Debug, Clone)]
pub(super) struct Totals {
    pub(super) items: Vec<f64>,
    pub(super) base: Vec<f64>,
}

impl Totals {
    pub(super) fn empty(panel: &Panel) -> Self {
        Self { items: vec![0.0; panel.item_count()], base: vec![0.0; panel.base.ncols()] }
    }

    /// Sums afresh for `y`; allocates nothing.
    pub(super) fn sum(&mut self, panel: &Panel, y: &[f64]) {
        self.items.fill(0.0);
        self.base.fill(0.0);
        for (row, value) in y.iter().enumerate() {
            self.add(panel, row, panel.weight[row] * value);
        }
    }

    fn add(&mut self, panel: &Panel, row: usize, amount: f64) {
        for (sum, x) in self.items.iter_mut().zip(panel.items.row(row)) {
            *sum += amount * x;
        }
        for (sum, z) in self.base.iter_mut().zip(panel.base.row(row)) {
            *sum += amount * z;
        }
    }
}

/// Sums of a fold for one outcome vector: the adjusted cross-products and the coefficients of the base.
#[derive(Debug, Clone)]
pub(super) struct FoldSums {
    sums: Totals,
    /// Adjusted items times outcome, length p.
    pub(super) cross: Vec<f64>,
    /// Intercept and covariate coefficients without any item, length 1 + q.
    pub(super) base: Vec<f64>,
}

impl FoldSums {
    pub(super) fn empty(panel: &Panel) -> Self {
        let sums = Totals::empty(panel);
        Self { cross: sums.items.clone(), base: sums.base.clone(), sums }
    }

    /// What intercept and covariates alone predict for a row.
    pub(super) fn base_prediction(&self, panel: &Panel, row: usize) -> f64 {
        panel.base.row(row).iter().zip(&self.base).map(|(z, b)| z * b).sum()
    }
}

/// A training fold: the sites that were left out, and the items after intercept and covariates.
#[derive(Debug, Clone)]
pub(super) struct Fold {
    excluded: Vec<usize>,
    /// Sum of weights.
    pub(super) weight: f64,
    /// Adjusted items by adjusted items, p x p.
    pub(super) gram: Array2<f64>,
    /// Inverse of base by base, (1 + q) x (1 + q).
    inverse: Array2<f64>,
    /// Coefficients of the items on the base, (1 + q) x p.
    gamma: Array2<f64>,
    /// Items that vary in the fold.
    pub(super) varying: Vec<usize>,
    /// Items that do not.
    pub(super) constant: Vec<usize>,
}

impl Fold {
    /// `products` are the cross-products of [`site_products`]; their sum over sites is `whole`.
    pub(super) fn new(panel: &Panel, whole: &Array2<f64>, products: &Array3<f64>, excluded: &[usize]) -> Self {
        let p = panel.item_count();
        let mut sums = whole.clone();
        for site in excluded {
            sums -= &products.index_axis(ndarray::Axis(0), *site);
        }
        let m = sums.nrows() - p;
        let base = sums.slice(ndarray::s![p.., p..]);
        let inverse = inverse(&base.to_owned());
        let cross = sums.slice(ndarray::s![p.., ..p]);
        let gamma = inverse.dot(&cross);
        let mut gram = &sums.slice(ndarray::s![..p, ..p]) - &cross.t().dot(&gamma);
        let weight = sums[[p, p]];
        // What is left of an item that does not vary, or that covariates explain altogether, is round-off.
        let constant: Vec<usize> = (0..p)
            .filter(|j| {
                let spread = sums[[*j, *j]] - sums[[p, *j]] * sums[[p, *j]] / weight;
                gram[[*j, *j]] <= 1e-11 * spread.max(0.0) || spread <= NO_SPREAD * weight
            })
            .collect();
        for j in &constant {
            gram.row_mut(*j).fill(0.0);
            gram.column_mut(*j).fill(0.0);
        }
        let varying = (0..p).filter(|j| !constant.contains(j)).collect();
        debug_assert_eq!(m, panel.base.ncols());
        Self { excluded: excluded.to_vec(), weight, gram, inverse, gamma, varying, constant }
    }

    /// The sites that were left out.
    pub(super) fn excluded(&self) -> &[usize] {
        &self.excluded
    }

    /// Moments of the fold for an outcome, where there are no covariates (schemes that scale items see them unadjusted).
    pub(super) fn moments(&self, panel: &Panel, sums: &FoldSums, y: &[f64]) -> CrossMoments {
        let held: Vec<usize> = self.excluded.iter().flat_map(|site| panel.rows[*site].iter().copied()).collect();
        let rows = (0..y.len()).filter(|row| !held.contains(row));
        let yy = rows.map(|row| panel.weight[row] * (y[row] - sums.base[0]).powi(2)).sum();
        CrossMoments { outcome_mean: sums.base[0], cross: sums.cross.clone(), yy, ..self.design(panel) }
    }

    /// Moments of the fold's adjusted items, with no outcome.
    pub(super) fn design(&self, panel: &Panel) -> CrossMoments {
        let p = panel.item_count();
        let held: usize = self.excluded.iter().map(|site| panel.rows[*site].len()).sum();
        CrossMoments {
            items: p,
            units: panel.weight.len() - held,
            weight: self.weight,
            means: self.gamma.row(0).to_vec(),
            outcome_mean: 0.0,
            gram: self.gram.clone(),
            cross: vec![0.0; p],
            yy: 0.0,
        }
    }

    /// Whether leaving `excluded` out makes items constant that are not among `known`; without covariates only, where
    /// that shows in the sums alone.
    pub(super) fn makes_constant(
        whole: &Array2<f64>,
        products: &Array3<f64>,
        excluded: &[usize],
        known: &[usize],
    ) -> bool {
        let p = whole.nrows() - 1;
        let left = |j: usize, k: usize| whole[[j, k]] - excluded.iter().map(|s| products[[*s, j, k]]).sum::<f64>();
        let weight = left(p, p);
        (0..p).filter(|j| !known.contains(j)).any(|j| {
            let mean = left(p, j);
            left(j, j) - mean * mean / weight <= NO_SPREAD * weight
        })
    }

    /// The fold's cross-products with an outcome, from the totals over all rows. Allocates nothing.
    pub(super) fn sums(&self, panel: &Panel, totals: &Totals, y: &[f64], out: &mut FoldSums) {
        out.sums.items.copy_from_slice(&totals.items);
        out.sums.base.copy_from_slice(&totals.base);
        for site in &self.excluded {
            for row in &panel.rows[*site] {
                out.sums.add(panel, *row, -panel.weight[*row] * y[*row]);
            }
        }
        for (value, row) in out.base.iter_mut().zip(self.inverse.rows()) {
            *value = row.iter().zip(&out.sums.base).map(|(a, b)| a * b).sum();
        }
        out.cross.copy_from_slice(&out.sums.items);
        for (k, row) in self.gamma.rows().into_iter().enumerate() {
            let amount = out.sums.base[k];
            for (c, g) in out.cross.iter_mut().zip(row) {
                *c -= g * amount;
            }
        }
        for j in &self.constant {
            out.cross[*j] = 0.0;
        }
    }

    /// The items of a row after the fold's intercept and covariates, length p.
    pub(super) fn adjusted_row(&self, panel: &Panel, row: usize, out: &mut [f64]) {
        for (value, x) in out.iter_mut().zip(panel.items.row(row)) {
            *value = *x;
        }
        for (z, gamma) in panel.base.row(row).iter().zip(self.gamma.rows()) {
            for (value, g) in out.iter_mut().zip(gamma) {
                *value -= z * g;
            }
        }
    }

    /// Leverage of a row on intercept and covariates, per unit of weight.
    pub(super) fn leverage(&self, panel: &Panel, row: usize) -> f64 {
        let z = panel.base.row(row);
        let along = |k: usize| self.inverse.row(k).iter().zip(z).map(|(m, value)| m * value).sum::<f64>();
        z.iter().enumerate().map(|(k, value)| value * along(k)).sum()
    }

    /// The slope of the outcome on a score; zero where the score does not vary.
    pub(super) fn slope_on(&self, direction: &[f64], cross: &[f64]) -> f64 {
        let variance: f64 = self
            .gram
            .rows()
            .into_iter()
            .zip(direction)
            .map(|(row, d)| d * row.iter().zip(direction).map(|(g, e)| g * e).sum::<f64>())
            .sum();
        let size: f64 = direction.iter().zip(self.gram.diag()).map(|(d, g)| d * d * g).sum();
        if variance > 1e-11 * size { dot(cross, direction) / variance } else { 0.0 }
    }

    /// Gives constant items the share that a prior weight of one has among the varying ones.
    pub(super) fn pin(&self, slopes: &mut [f64]) {
        if self.constant.is_empty() {
            return;
        }
        let signed = self.varying.iter().any(|j| slopes[*j] < 0.0);
        let total: f64 = self.varying.iter().map(|j| if signed { slopes[*j].abs() } else { slopes[*j] }).sum();
        let falling = self.varying.iter().all(|j| slopes[*j] <= 0.0);
        let each = if falling { -total } else { total } / self.varying.len().max(1) as f64;
        for j in &self.constant {
            slopes[*j] = each;
        }
    }
}

/// Cross-products of (items, base) per site: sites x (p + 1 + q) x (p + 1 + q).
pub(super) fn site_products(panel: &Panel) -> Array3<f64> {
    let (p, m) = (panel.item_count(), panel.item_count() + panel.base.ncols());
    let mut products = Array3::zeros((panel.sites(), m, m));
    let mut joined = vec![0.0; m];
    for (site, rows) in panel.rows.iter().enumerate() {
        let mut sums = products.index_axis_mut(ndarray::Axis(0), site);
        for row in rows {
            for (j, value) in joined.iter_mut().enumerate() {
                *value = if j < p { panel.items[[*row, j]] } else { panel.base[[*row, j - p]] };
            }
            for i in 0..m {
                for j in 0..m {
                    sums[[i, j]] += panel.weight[*row] * joined[i] * joined[j];
                }
            }
        }
    }
    products
}

/// The inverse of base by base. Covariates that depend on earlier columns get zero rows, so that they take no part.
fn inverse(base: &Array2<f64>) -> Array2<f64> {
    let m = base.nrows();
    let mut usable: Vec<usize> = Vec::with_capacity(m);
    let mut factor: Option<Cholesky> = None;
    for k in 0..m {
        usable.push(k);
        let sub = Array2::from_shape_fn((usable.len(), usable.len()), |(i, j)| base[[usable[i], usable[j]]]);
        match Cholesky::factor(sub.view()) {
            Factor::Definite(found) => factor = Some(found),
            Factor::Singular { .. } => {
                usable.pop();
            }
        }
    }
    let mut out = Array2::zeros((m, m));
    if let Some(factor) = factor {
        let small = factor.inverse();
        for (a, i) in usable.iter().enumerate() {
            for (b, j) in usable.iter().enumerate() {
                out[[*i, *j]] = small[[a, b]];
            }
        }
    }
    out
}
