//! Weights that share a whole: none below a floor, with a free slope or on a fixed scale. The two are different estimands.

use super::finish::{Draft, Problem, SchemeFit};
use super::nonnegative::Merged;
use crate::error::{Result, input};
use crate::linalg::{dot, gram::congruent, nonnegative, simplex};
use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

/// What is done with the slope of the score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Slope {
    /// Fitted: outcome = intercept + slope x score, slope of zero or more. The weights are those of non-negative least squares.
    Free,
    /// Fixed: the slopes themselves sum to this total, in units of the outcome per scale point.
    Total(f64),
}

/// Least squares over weights on a simplex.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Simplex {
    /// The smallest weight that an item may have, as a share of the mean weight: 0 to below 1.
    pub floor: f64,
    /// Free or fixed.
    pub slope: Slope,
}

impl Default for Simplex {
    fn default() -> Self {
        Self { floor: 0.0, slope: Slope::Free }
    }
}

impl Simplex {
    pub(super) fn fit(&self, problem: &Problem<'_>) -> Result<SchemeFit> {
        if !(0.0..1.0).contains(&self.floor) {
            return Err(input("floor not allowed")
                .got(self.floor)
                .allowed("0 to below 1, as a share of the mean weight")
                .into());
        }
        let varying = problem.varying();
        let merged = Merged::new(&problem.adjusted, &varying, &problem.setting.prior);
        match self.slope {
            Slope::Free => self.free(problem, &merged, varying.len()),
            Slope::Total(total) => self.fixed(problem, &varying, total),
        }
    }

    /// b = v + floor/(1 - floor) mean(v) with v of zero or more: the floor is a change of columns.
    fn free(&self, problem: &Problem<'_>, merged: &Merged, items: usize) -> Result<SchemeFit> {
        let lift = self.floor / (1.0 - self.floor) / items as f64;
        let data = &problem.adjusted;
        let (gram, cross, columns) = if lift == 0.0 {
            (merged.gram.clone(), merged.cross.clone(), None)
        } else {
            let varying = problem.varying();
            let map = Array2::from_shape_fn((data.items, varying.len()), |(j, k)| {
                let own = if varying[k] == j { 1.0 } else { 0.0 };
                own + if varying.contains(&j) { lift } else { 0.0 }
            });
            let cross = map.t().dot(&ArrayView1::from(&data.cross)).to_vec();
            (congruent(data.gram.view(), map.view()), cross, Some(map))
        };
        let fit = nonnegative(gram.view(), &cross)?;
        let gap = fit.kkt * dot(&fit.b, &cross) / data.yy.max(f64::MIN_POSITIVE);
        let slopes = match columns {
            Some(map) => map.dot(&ArrayView1::from(&fit.b)).to_vec(),
            None => merged.spread(&fit.b, data.items),
        };
        Ok(problem.finish(Draft { slopes, gap: Some(gap), ..Draft::default() }))
    }

    fn fixed(&self, problem: &Problem<'_>, varying: &[usize], total: f64) -> Result<SchemeFit> {
        if !(total > 0.0 && total.is_finite()) {
            return Err(input("total not allowed").got(total).allowed("a positive number").into());
        }
        let data = &problem.adjusted;
        let floor = self.floor * total / varying.len() as f64;
        let g = Array2::from_shape_fn((varying.len(), varying.len()), |(i, k)| data.gram[[varying[i], varying[k]]]);
        // With b = floor + v the outcome that is left for v is y - floor (sum of items).
        let lifted: Vec<f64> = g.rows().into_iter().map(|row| floor * row.sum()).collect();
        let c: Vec<f64> = varying.iter().zip(&lifted).map(|(j, l)| data.cross[*j] - l).collect();
        let base: f64 = varying.iter().map(|j| data.cross[*j]).sum::<f64>() * floor;
        let yy = data.yy - 2.0 * base + floor * lifted.iter().sum::<f64>();
        let fit = simplex(g.view(), &c, yy.max(0.0), total * (1.0 - self.floor))?;
        let mut slopes = vec![0.0; data.items];
        for (j, v) in varying.iter().zip(&fit.b) {
            slopes[*j] = v + floor;
        }
        Ok(problem.finish(Draft { slopes, gap: Some(fit.kkt), ..Draft::default() }))
    }
}
