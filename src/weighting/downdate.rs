//! Leaving one more site out of a training fold, in closed form, at every penalty at once.
//!
//! A site with one row changes a penalised fit by a rank-one downdate. With G + sI decomposed once for the outer fold,
//! s a penalty, the fit without site j is b + k (G + sI)^-1 x_j for a number k (Sherman and Morrison 1950,
//! doi:10.1214/aoms/1177729893), and everything that calibration and prediction need of it are four sums over the
//! eigenvalues. Shrinkage to the target is the same after the target's score has joined intercept and covariates.

use super::fold::{Fold, FoldSums};
use super::inside::STEPS;
use super::panel::Panel;
use super::spectral::Spectral;
use crate::linalg::dot;

/// One number per penalty. The length is fixed, so that the compiler turns sums over penalties into vector instructions.
type Row = [f64; STEPS];

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

/// Working space: one entry per penalty, or eigenvalues times penalties.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    weight: f64,
    inverse: Vec<Row>,
    shrunken: Vec<Row>,
    fit: Row,
    within: Row,
    row_fit: Row,
    row_within: Row,
}

impl Sums {
    pub(super) fn new() -> Self {
        let one = [0.0; STEPS];
        Self {
            weight: f64::NAN,
            inverse: Vec::new(),
            shrunken: Vec::new(),
            fit: one,
            within: one,
            row_fit: one,
            row_within: one,
        }
    }

    /// The tables for a training weight, and the two sums over eigenvalues that no left-out row enters.
    fn prepare(&mut self, values: &[f64], penalties: &[f64], weight: f64, outcome: &[f64]) {
        if weight.to_bits() == self.weight.to_bits() {
            return;
        }
        self.weight = weight;
        table(values, penalties, weight, &mut self.inverse, &mut self.shrunken);
        let squares = outcome[..values.len()].iter().map(|g| g * g);
        (self.fit, self.within) = summed(squares, &self.inverse, &self.shrunken);
    }

    /// The two sums of one left-out row that depend on the outcome.
    fn of_row(&mut self, along: &[f64], outcome: &[f64]) {
        let products = along.iter().zip(outcome).map(|(u, g)| u * g);
        (self.row_fit, self.row_within) = summed(products, &self.inverse, &self.shrunken);
    }
}

impl Downdate {
    /// Prepares an outer fold for the sites in `sites`, which have one row each.
    pub(super) fn new(panel: &Panel, fold: &Fold, spectral: &Spectral, sites: &[usize], penalties: &[f64]) -> Self {
        let mut adjusted = vec![0.0; panel.item_count()];
        let (direction, variance, image) = spectral.target_parts(fold);
        let mut at = f64::NAN;
        let (mut inverse, mut shrunken) = (Vec::new(), Vec::new());
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
                if (fold.weight - weight).to_bits() != at.to_bits() {
                    at = fold.weight - weight;
                    table(spectral.values(), penalties, at, &mut inverse, &mut shrunken);
                }
                let (row_row, row_shrunken) = summed(along.iter().map(|u| u * u), &inverse, &shrunken);
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

    /// Adds to `errors` (one per penalty, then one for the target alone where there is one) the squared errors of all
    /// left-out sites, and returns that of intercept and covariates alone. `outcome` are the fold's coordinates beyond the target, `on_target` the target's cross-product.
    #[expect(clippy::too_many_arguments, reason = "one argument per array")]
    pub(super) fn errors(
        &self,
        panel: &Panel,
        fold: &Fold,
        values: &[f64],
        sums: &FoldSums,
        outcome: &[f64],
        on_target: f64,
        penalties: &[f64],
        y: &[f64],
        space: &mut Sums,
        errors: &mut [f64],
    ) -> f64 {
        space.weight = f64::NAN;
        let mut null = 0.0;
        for left in &self.left_out {
            let residual = y[left.row] - sums.base_prediction(panel, left.row);
            let miss = residual / left.rest;
            null += left.weight * miss * miss;
            let (mut beyond, mut level, mut alone) = (residual, 0.0, 0.0);
            if self.variance > 0.0 {
                beyond -= left.target * on_target / self.variance;
                let remaining = self.variance - left.amount * left.target * left.target;
                let with_outcome = on_target - left.amount * left.target * residual;
                level = with_outcome * with_outcome / remaining;
                alone = with_outcome * left.target / (left.rest * remaining);
                let error = miss - alone;
                errors[STEPS] += left.weight * error * error;
            }
            space.prepare(values, penalties, fold.weight - left.weight, outcome);
            space.of_row(&left.along, outcome);
            let a = left.amount_beyond;
            for k in 0..STEPS {
                let (beta, alpha) = (space.row_fit[k], left.row_row[k]);
                let kappa = a * (beta - beyond) / (1.0 - a * alpha);
                let score = beta + kappa * alpha;
                let fit = level + space.fit[k] + kappa * beta - a * beyond * score;
                let within =
                    level + space.within[k] + kappa * (2.0 * space.row_within[k] + kappa * left.row_shrunken[k])
                        - a * score * score;
                let slope = if within > 0.0 { fit / within } else { 0.0 };
                let error = miss - slope * (alone + score / left.rest_beyond);
                errors[k] += left.weight * error * error;
            }
        }
        null
    }
}

/// 1 / (value + s) and value / (value + s)^2: a row of penalties per eigenvalue.
fn table(values: &[f64], penalties: &[f64], weight: f64, inverse: &mut Vec<Row>, shrunken: &mut Vec<Row>) {
    inverse.clear();
    shrunken.clear();
    for value in values {
        let (mut over, mut square) = ([0.0; STEPS], [0.0; STEPS]);
        for k in 0..STEPS {
            over[k] = 1.0 / (value + penalties[k] * weight);
            square[k] = value * over[k] * over[k];
        }
        inverse.push(over);
        shrunken.push(square);
    }
}

/// Per penalty: sums over eigenvalues of `terms` times either table of [`table`].
fn summed(terms: impl Iterator<Item = f64>, inverse: &[Row], shrunken: &[Row]) -> (Row, Row) {
    let (mut first, mut second) = ([0.0; STEPS], [0.0; STEPS]);
    for ((term, a), b) in terms.zip(inverse).zip(shrunken) {
        for k in 0..STEPS {
            first[k] += term * a[k];
            second[k] += term * b[k];
        }
    }
    (first, second)
}
