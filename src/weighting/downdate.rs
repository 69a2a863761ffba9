//! Leaving one more site out of a training fold, in closed form, at every penalty at once.
//!
//! A site with one row changes a penalised fit by a rank-one downdate. With G + sI decomposed once for the outer fold,
//! s a penalty, the fit without site j is b + k (G + sI)^-1 x_j for a number k (Sherman and Morrison 1950,
//! doi:10.1214/aoms/1177729893), and everything that calibration and prediction need of it are four sums over the
//! eigenvalues. Shrinkage to the target is the same after the target's score has joined intercept and covariates.

// Inlined into what `pulp` compiles for each instruction set.
#![allow(clippy::inline_always)]

use super::fold::{Fold, FoldSums};
use super::inside::PathErrors;
use super::panel::Panel;
use super::resolvent::{NONE, Resolvent, Row};
use super::spectral::Spectral;
use crate::linalg::dot;
use pulp::{Arch, Simd, WithSimd};

/// What leaving out one site of an outer fold needs, whatever the outcome.
#[derive(Debug, Clone)]
struct LeftOut {
    /// Its row.
    row: usize,
    weight: f64,
    /// Weight over one minus leverage, on the base and on base and target.
    amount: f64,
    amount_beyond: f64,
    /// One minus leverage, on the base and on base and target.
    rest: f64,
    rest_beyond: f64,
    /// Target score of the row in the fold.
    target: f64,
    /// The row along the eigenvectors, beyond the target.
    along: Vec<f64>,
    /// Per penalty: u'Du and u'DLDu, for u the row, L the eigenvalues and D = 1 / (L + s).
    row_row: Row,
    row_shrunken: Row,
}

/// All sites that an outer fold can leave out by downdating.
#[derive(Debug, Clone)]
pub(super) struct Downdate {
    left_out: Vec<LeftOut>,
    /// Variance of the target's score in the fold (weighted sum of squares); zero without a target.
    variance: f64,
}

/// Working space: a fold's resolvent at the training weight that is left, and the sums that no left-out row enters.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    resolvent: Resolvent,
    fit: Row,
    within: Row,
    arch: Arch,
}

impl Sums {
    pub(super) fn new() -> Self {
        Self { resolvent: Resolvent::default(), fit: NONE, within: NONE, arch: Arch::new() }
    }
}

/// An outer fold with an outcome.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome<'a> {
    pub(super) panel: &'a Panel,
    pub(super) fold: &'a Fold,
    /// Eigenvalues of the penalised part.
    pub(super) values: &'a [f64],
    pub(super) penalties: &'a [f64],
    pub(super) y: &'a [f64],
    pub(super) sums: &'a FoldSums,
    /// The outcome along the eigenvectors, beyond the target.
    pub(super) coordinates: &'a [f64],
    /// The target's cross-product with the outcome.
    pub(super) on_target: f64,
}

impl Downdate {
    /// Prepares an outer fold for the sites in `sites`, which have one row each.
    pub(super) fn new(panel: &Panel, fold: &Fold, spectral: &Spectral, sites: &[usize], penalties: &[f64]) -> Self {
        let mut adjusted = vec![0.0; panel.item_count()];
        let (direction, variance, image) = spectral.target_parts(fold);
        let (values, arch, mut resolvent) = (spectral.values(), Arch::new(), Resolvent::default());
        // Sites of one weight share a table.
        let mut sites = sites.to_vec();
        sites.sort_by(|i, j| panel.weight[panel.rows[*i][0]].total_cmp(&panel.weight[panel.rows[*j][0]]));
        let left_out = sites
            .iter()
            .map(|site| {
                let row = panel.rows[*site][0];
                fold.adjusted_row(panel, row, &mut adjusted);
                let weight = panel.weight[row];
                let leverage = weight * fold.leverage(panel, row);
                let target = dot(&direction, &adjusted);
                let beyond = if variance > 0.0 { weight * target * target / variance } else { 0.0 };
                if variance > 0.0 {
                    for (x, m) in adjusted.iter_mut().zip(&image) {
                        *x -= m * target / variance;
                    }
                }
                let (rest, rest_beyond) = (1.0 - leverage, 1.0 - leverage - beyond);
                let along = spectral.along(&adjusted);
                let training = fold.weight - weight;
                let own = Own { resolvent: &mut resolvent, values, penalties, weight: training, along: &along };
                let (row_row, row_shrunken) = arch.dispatch(own);
                LeftOut {
                    row,
                    weight,
                    amount: weight / rest,
                    amount_beyond: weight / rest_beyond,
                    rest,
                    rest_beyond,
                    target,
                    along,
                    row_row,
                    row_shrunken,
                }
            })
            .collect();
        Self { left_out, variance }
    }

    /// Adds the squared errors of all left-out sites to `errors`, and returns that of intercept and covariates alone.
    pub(super) fn errors(&self, of: Outcome<'_>, space: &mut Sums, errors: &mut PathErrors) -> f64 {
        space.resolvent.forget();
        space.arch.dispatch(LeaveEachOut { downdate: self, of, space, errors })
    }
}

/// [`Downdate::errors`], for the vectors of the machine.
struct LeaveEachOut<'a> {
    downdate: &'a Downdate,
    of: Outcome<'a>,
    space: &'a mut Sums,
    errors: &'a mut PathErrors,
}

impl WithSimd for LeaveEachOut<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let Self { downdate: Downdate { left_out, variance }, of, space, errors } = self;
        let mut null = 0.0;
        for left in left_out {
            let residual = of.y[left.row] - of.sums.base_prediction(of.panel, left.row);
            let miss = residual / left.rest;
            null += left.weight * miss * miss;
            let (mut beyond, mut level, mut alone) = (residual, 0.0, 0.0);
            if *variance > 0.0 {
                beyond -= left.target * of.on_target / variance;
                let remaining = variance - left.amount * left.target * left.target;
                let with_outcome = of.on_target - left.amount * left.target * residual;
                level = with_outcome * with_outcome / remaining;
                alone = with_outcome * left.target / (left.rest * remaining);
                let error = miss - alone;
                errors.target += left.weight * error * error;
            }
            if space.resolvent.refill(simd, of.values, of.penalties, of.fold.weight - left.weight) {
                space.fit = space.resolvent.sum(simd, of.coordinates, of.coordinates);
                space.within = space.resolvent.shrunken_sum(simd, of.coordinates, of.coordinates);
            }
            let row_fit = space.resolvent.sum(simd, &left.along, of.coordinates);
            let row_within = space.resolvent.shrunken_sum(simd, &left.along, of.coordinates);
            let a = left.amount_beyond;
            for k in 0..row_fit.len() {
                let (beta, alpha) = (row_fit[k], left.row_row[k]);
                let kappa = a * (beta - beyond) / (1.0 - a * alpha);
                let score = beta + kappa * alpha;
                let fit = level + space.fit[k] + kappa * beta - a * beyond * score;
                let within = level + space.within[k] + kappa * (2.0 * row_within[k] + kappa * left.row_shrunken[k])
                    - a * score * score;
                let slope = if within > 0.0 { fit / within } else { 0.0 };
                let error = miss - slope * (alone + score / left.rest_beyond);
                errors.penalties[k] += left.weight * error * error;
            }
        }
        null
    }
}

/// The sums over eigenvalues that only a row itself enters.
struct Own<'a> {
    resolvent: &'a mut Resolvent,
    values: &'a [f64],
    penalties: &'a [f64],
    weight: f64,
    along: &'a [f64],
}

impl WithSimd for Own<'_> {
    type Output = (Row, Row);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (Row, Row) {
        let Self { resolvent, along, .. } = self;
        resolvent.refill(simd, self.values, self.penalties, self.weight);
        (resolvent.sum(simd, along, along), resolvent.shrunken_sum(simd, along, along))
    }
}
