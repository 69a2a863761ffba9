//! Weights along components: partial least squares (with the outcome) and the first principal component (without).

use super::Points;
use super::finish::{Draft, Problem, SchemeFit};
use super::unit::fixed;
use crate::error::{Result, input};
use crate::linalg::SymmetricEigen;
use crate::regress::pls::slopes;
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// PLS1 regression (Wold 1975; Helland 1988, doi:10.1080/03610918808812681).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pls {
    /// Number of components; at most the rank is used.
    pub components: usize,
    /// Standardised items (the first direction is then the correlation weights) or raw points.
    pub points: Points,
}

impl Default for Pls {
    fn default() -> Self {
        Self { components: 1, points: Points::Standardised }
    }
}

/// Standard deviations of the items as given (ones for raw points or constant items).
fn deviations(problem: &Problem<'_>, points: Points) -> Vec<f64> {
    let mut size = vec![1.0; problem.whole.items];
    if points == Points::Standardised {
        for j in problem.varying() {
            size[j] = (problem.whole.gram[[j, j]] / problem.whole.weight).sqrt();
        }
    }
    size
}

fn scaled_gram(problem: &Problem<'_>, size: &[f64]) -> Array2<f64> {
    let varying = problem.varying();
    Array2::from_shape_fn((size.len(), size.len()), |(i, j)| {
        if varying.contains(&i) && varying.contains(&j) {
            problem.adjusted.gram[[i, j]] / (size[i] * size[j])
        } else {
            0.0
        }
    })
}

impl Pls {
    pub(super) fn fit(&self, problem: &Problem<'_>) -> Result<SchemeFit> {
        if self.components == 0 {
            return Err(input("components not allowed").got(0).allowed("1 or more").into());
        }
        let size = deviations(problem, self.points);
        let gram = scaled_gram(problem, &size);
        let mut cross: Vec<f64> = problem.adjusted.cross.iter().zip(&size).map(|(c, s)| c / s).collect();
        for j in &problem.estimability.constant {
            cross[*j] = 0.0;
        }
        let (found, used) = slopes(gram.view(), &cross, self.components.min(problem.estimability.rank));
        let slopes = found.iter().zip(&size).map(|(b, s)| b / s).collect();
        let mut fit = problem.finish(Draft { slopes, ..Draft::default() });
        fit.diagnostics.insert("components".into(), used as f64);
        Ok(fit)
    }
}

/// The first principal component of the items. It never sees the outcome: it rewards what varies together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pca {
    /// Standardised items (correlation matrix) or raw points (covariance matrix).
    pub points: Points,
}

impl Default for Pca {
    fn default() -> Self {
        Self { points: Points::Standardised }
    }
}

impl Pca {
    pub(super) fn fit(&self, problem: &Problem<'_>) -> Result<SchemeFit> {
        let size = deviations(problem, self.points);
        let gram = scaled_gram(problem, &size);
        let eigen = SymmetricEigen::new(gram.view())?;
        let mut loadings = eigen.vectors.column(0).to_vec();
        // The sign follows the total: a component that falls with it is turned round.
        let with_total: f64 =
            gram.dot(&ndarray::ArrayView1::from(&loadings)).iter().zip(&size).map(|(v, s)| v * s).sum();
        if with_total < 0.0 {
            for loading in &mut loadings {
                *loading = -*loading;
            }
        }
        let mut weights: Vec<f64> = loadings.iter().zip(&size).map(|(l, s)| l / s).collect();
        super::finish::pin(&mut weights, &problem.setting.prior, &problem.estimability.constant, &problem.varying());
        let mut fit = fixed(problem, weights);
        let total: f64 = eigen.values.iter().sum();
        let share = if total > 0.0 { eigen.values[0] / total } else { 0.0 };
        fit.diagnostics.insert("share_of_variance".into(), share);
        Ok(fit)
    }
}
