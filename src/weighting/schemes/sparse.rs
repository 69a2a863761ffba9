//! Lasso and elastic net.

use super::finish::{Draft, Problem, SchemeFit};
use super::nonnegative::Merged;
use super::ridge::chosen;
use super::{Points, Setting};
use crate::error::{Result, input};
use crate::regress::CrossMoments;
use crate::regress::elastic_net::ElasticNet as Descent;
use serde::{Deserialize, Serialize};

/// Minimises RSS/(2W) + penalty |b|_1 (Tibshirani 1996, doi:10.1111/j.2517-6161.1996.tb02080.x).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lasso {
    /// 0 or more; `None` is left to tuning.
    #[serde(with = "super::penalty")]
    pub penalty: Option<f64>,
    /// The points that slopes are penalised on.
    pub points: Points,
}

/// Minimises RSS/(2W) + penalty (l1_ratio |b|_1 + (1 - l1_ratio)/2 |b|_2^2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ElasticNet {
    /// 0 or more; `None` is left to tuning.
    #[serde(with = "super::penalty")]
    pub penalty: Option<f64>,
    /// Share of the absolute penalty, above 0 to 1.
    pub l1_ratio: f64,
    /// The points that slopes are penalised on.
    pub points: Points,
}

impl Default for ElasticNet {
    fn default() -> Self {
        Self { penalty: None, l1_ratio: 0.5, points: Points::Raw }
    }
}

impl Lasso {
    pub(super) fn as_elastic_net(&self) -> ElasticNet {
        ElasticNet { penalty: self.penalty, l1_ratio: 1.0, points: self.points }
    }
}

impl ElasticNet {
    /// A hundred penalties from the one that empties the model down to a thousandth of it.
    pub(super) fn grid(&self, data: &CrossMoments) -> Vec<f64> {
        const STEPS: usize = 100;
        let adjusted = data.adjusted();
        let largest = (0..adjusted.items)
            .filter(|j| !adjusted.is_constant(*j))
            .map(|j| {
                let size = (data.gram[[j, j]] / data.weight).sqrt();
                adjusted.cross[j].abs() / if self.points == Points::Standardised { size } else { 1.0 }
            })
            .fold(0.0, f64::max)
            / (data.weight * self.l1_ratio);
        (0..STEPS).map(|k| largest * 10.0_f64.powf(-3.0 * (1.0 - k as f64 / (STEPS - 1) as f64))).collect()
    }

    pub(super) fn fit(&self, problem: &Problem<'_>) -> Result<SchemeFit> {
        let penalty = chosen(problem, self.penalty)?;
        Ok(self.path(problem, &[penalty])?.remove(0))
    }

    /// The slopes alone; `None` where items do not vary or the outcome does not.
    pub(super) fn slope_path(
        &self,
        data: &CrossMoments,
        setting: &Setting,
        penalties: &[f64],
    ) -> Result<Option<Vec<Vec<f64>>>> {
        let adjusted = data.adjusted();
        if data.outcome_is_constant() || (0..data.items).any(|j| adjusted.is_constant(j)) {
            return Ok(None);
        }
        let varying: Vec<usize> = (0..data.items).collect();
        let fits = self.descend(data, &adjusted, &varying, &setting.prior, penalties)?;
        Ok(Some(fits.into_iter().map(|(slopes, _)| slopes).collect()))
    }

    /// One fit per penalty.
    pub(super) fn path(&self, problem: &Problem<'_>, penalties: &[f64]) -> Result<Vec<SchemeFit>> {
        let varying = problem.varying();
        let fits = self.descend(problem.whole, &problem.adjusted, &varying, &problem.setting.prior, penalties)?;
        Ok(fits
            .into_iter()
            .zip(penalties)
            .map(|((slopes, gap), penalty)| {
                problem.finish(Draft { slopes, penalty: Some(*penalty), gap: Some(gap), ..Draft::default() })
            })
            .collect())
    }

    /// Slopes and gaps in the order of the penalties; fitted in falling order, so that each starts close by.
    fn descend(
        &self,
        whole: &CrossMoments,
        data: &CrossMoments,
        varying: &[usize],
        prior: &[f64],
        penalties: &[f64],
    ) -> Result<Vec<(Vec<f64>, f64)>> {
        if !(self.l1_ratio > 0.0 && self.l1_ratio <= 1.0) {
            let remedy = "Use Ridge for a ratio of 0.";
            return Err(input("l1_ratio not allowed")
                .got(self.l1_ratio)
                .allowed("above 0, at most 1")
                .remedy(remedy)
                .into());
        }
        let mut scale = vec![1.0; data.items];
        if self.points == Points::Standardised {
            for j in varying {
                scale[*j] = (data.weight / whole.gram[[*j, *j]]).sqrt();
            }
        }
        let merged = Merged::equal_steps(data, varying, prior, &scale);
        let net = Descent {
            gram: merged.gram.view(),
            cross: &merged.cross,
            yy: data.yy,
            weight: data.weight,
            l1_ratio: self.l1_ratio,
        };
        let mut order: Vec<usize> = (0..penalties.len()).collect();
        order.sort_by(|a, b| penalties[*b].total_cmp(&penalties[*a]));
        let falling: Vec<f64> = order.iter().map(|k| penalties[*k]).collect();
        let fits = net.path(&falling)?;
        let mut placed = vec![(Vec::new(), 0.0); penalties.len()];
        for (k, sparse) in order.into_iter().zip(fits) {
            let slopes = merged.spread(&sparse.b, data.items).iter().zip(&scale).map(|(b, s)| b * s).collect();
            placed[k] = (slopes, sparse.gap);
        }
        Ok(placed)
    }
}
