//! What every scheme shares: the prepared problem, and the way from slopes to a fit.

use super::Setting;
use crate::error::Result;
use crate::linalg::dot;
use crate::regress::{CrossMoments, Estimability, estimability::estimability};
use serde::{Deserialize, Serialize};

/// What happened to a fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Nothing special.
    #[serde(rename = "ok")]
    Ok,
    /// The fit passes through every site: it has used up all information.
    #[serde(rename = "interpolates")]
    Interpolates,
    /// Many slopes fit equally well; the ones of smallest norm (or shared by prior weight) are given.
    #[serde(rename = "singular")]
    Singular,
    /// A combination of items separates the outcomes, so that likelihood slopes are infinite.
    #[serde(rename = "separated")]
    Separated,
    /// No item gets weight.
    #[serde(rename = "empty")]
    Empty,
    /// The weights came out equal.
    #[serde(rename = "same as unit")]
    SameAsUnit,
    /// The outcome or the score does not vary, so that nothing can be fitted; slopes are zero.
    #[serde(rename = "undefined")]
    Undefined,
    /// The scheme is not defined for such data; the reason says why.
    #[serde(rename = "refused")]
    Refused,
    /// The job was stopped.
    #[serde(rename = "interrupted")]
    Interrupted,
}

/// One fit of one scheme. Item vectors have length p, in the order of the columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SchemeFit {
    /// Coefficients per scale point, in units of the outcome. Constant items carry their pinned share.
    pub slopes: Vec<f64>,
    /// The same direction scaled: summing to the number of items when none is negative, else with absolute values that do.
    pub weights: Vec<f64>,
    /// Whether some weight is negative: such a score has no bands.
    pub signed: bool,
    /// The intercept that goes with the slopes and covariates.
    pub intercept: f64,
    /// Coefficients of the covariates, length q.
    pub covariates: Vec<f64>,
    /// What happened.
    pub status: Status,
    /// Why, where the status needs a reason; else empty.
    pub reason: String,
    /// What the design can know.
    pub estimability: Estimability,
    /// Items that were pinned to their prior weight because they do not vary.
    pub pinned: Vec<usize>,
    /// The penalty that was used, where the scheme has one; its objective is RSS/(2W) + penalty x (the scheme's term).
    pub penalty: Option<f64>,
    /// Certificate of an iterative fit: duality gap or KKT residual relative to the null objective.
    pub gap: Option<f64>,
    /// Share of the outcome's weighted sum of squares, after covariates, that the fit explains in sample.
    pub r_squared: f64,
}

/// Moments prepared for one fit.
#[derive(Debug)]
pub struct Problem<'a> {
    /// As given, covariates included.
    pub whole: &'a CrossMoments,
    /// After covariates.
    pub adjusted: CrossMoments,
    /// What the design can know.
    pub estimability: Estimability,
    /// Setting.
    pub setting: &'a Setting,
}

/// What a scheme hands to [`Problem::finish`].
#[derive(Debug, Default)]
pub struct Draft {
    /// Slopes of the varying items (others are ignored).
    pub slopes: Vec<f64>,
    /// Weights that the scheme defines by itself; `None`: they follow the slopes.
    pub weights: Option<Vec<f64>>,
    /// The penalty used.
    pub penalty: Option<f64>,
    /// The certificate.
    pub gap: Option<f64>,
    /// A status that the scheme knows better than the general rules.
    pub status: Option<(Status, String)>,
}

impl<'a> Problem<'a> {
    /// Partials covariates out and works out what is estimable.
    pub fn new(whole: &'a CrossMoments, setting: &'a Setting) -> Result<Self> {
        super::check_weights("prior weights", &setting.prior, whole.items)?;
        let adjusted = whole.adjusted();
        let estimability = estimability(&adjusted)?;
        Ok(Self { whole, adjusted, estimability, setting })
    }

    /// The fit when nothing can be fitted at all, whatever the scheme.
    pub fn hopeless(&self) -> Option<SchemeFit> {
        if self.whole.outcome_is_constant() {
            return Some(self.blank(Status::Undefined, "the outcome does not vary"));
        }
        if self.estimability.rank == 0 {
            return Some(self.blank(Status::Undefined, "no item varies"));
        }
        None
    }

    /// Items that vary.
    pub fn varying(&self) -> Vec<usize> {
        (0..self.whole.items).filter(|j| !self.estimability.constant.contains(j)).collect()
    }

    /// A fit with slopes and weights of zero, for a named reason.
    pub fn blank(&self, status: Status, reason: &str) -> SchemeFit {
        let slopes = vec![0.0; self.whole.items];
        let covariates = self.whole.covariate_coefficients(&slopes);
        SchemeFit {
            intercept: self.intercept(&slopes, &covariates),
            weights: slopes.clone(),
            slopes,
            signed: false,
            covariates,
            status,
            reason: reason.into(),
            estimability: self.estimability.clone(),
            pinned: self.estimability.constant.clone(),
            penalty: None,
            gap: None,
            r_squared: 0.0,
        }
    }

    fn intercept(&self, slopes: &[f64], covariates: &[f64]) -> f64 {
        let p = self.whole.items;
        self.whole.outcome_mean - dot(&self.whole.means[..p], slopes) - dot(&self.whole.means[p..], covariates)
    }

    /// Pins constant items, scales weights, completes intercept and covariates, and names the status.
    pub fn finish(&self, draft: Draft) -> SchemeFit {
        self.finish_pinned(draft, &self.setting.prior)
    }

    /// The same with constant items pinned to other weights than the prior ones (a scheme's own target).
    pub fn finish_pinned(&self, draft: Draft, prior: &[f64]) -> SchemeFit {
        let mut slopes = draft.slopes;
        let varying = self.varying();
        let size: f64 = varying.iter().map(|j| slopes[*j].abs()).sum();
        if size == 0.0 {
            let mut fit = self.blank(Status::Empty, "no item gets weight");
            fit.penalty = draft.penalty;
            fit.gap = draft.gap;
            return fit;
        }
        if draft.weights.is_none() {
            pin(&mut slopes, prior, &self.estimability.constant, &varying);
        }
        let (weights, signed) = draft.weights.map_or_else(|| scaled(&slopes), |w| scaled(&w));
        let covariates = self.whole.covariate_coefficients(&slopes);
        let intercept = self.intercept(&slopes, &covariates);
        let zeroed: Vec<f64> = (0..slopes.len()).map(|j| if varying.contains(&j) { slopes[j] } else { 0.0 }).collect();
        let left =
            self.adjusted.squared_error(self.adjusted.outcome_mean - dot(&self.adjusted.means, &zeroed), &zeroed);
        let r_squared = if self.adjusted.yy > 0.0 { 1.0 - left / self.adjusted.yy } else { 0.0 };
        let (status, reason) = draft.status.unwrap_or_else(|| self.general_status(&weights, r_squared));
        SchemeFit {
            slopes,
            weights,
            signed,
            intercept,
            covariates,
            status,
            reason,
            estimability: self.estimability.clone(),
            pinned: self.estimability.constant.clone(),
            penalty: draft.penalty,
            gap: draft.gap,
            r_squared,
        }
    }

    fn general_status(&self, weights: &[f64], r_squared: f64) -> (Status, String) {
        if r_squared > 1.0 - 1e-10 {
            let reason = format!("the fit passes through all {} sites", self.whole.units);
            return (Status::Interpolates, reason);
        }
        let sign = if weights.iter().sum::<f64>() < 0.0 { -1.0 } else { 1.0 };
        if weights.iter().all(|w| (sign * w - 1.0).abs() <= 1e-9) {
            return (Status::SameAsUnit, String::new());
        }
        (Status::Ok, String::new())
    }
}

/// Gives constant items the share that their prior weight has among the varying ones. It leaves every fitted value as it
/// was, and decides what happens when such an item varies in a site that was held out.
fn pin(slopes: &mut [f64], prior: &[f64], constant: &[usize], varying: &[usize]) {
    let signed = varying.iter().any(|j| slopes[*j] < 0.0);
    let total: f64 = varying.iter().map(|j| if signed { slopes[*j].abs() } else { slopes[*j] }).sum();
    let share: f64 = varying.iter().map(|j| prior[*j]).sum();
    let each = if share > 0.0 { total / share } else { 0.0 };
    // The total keeps its direction: where slopes are negative on balance, so is a point on a pinned item.
    let balance: f64 = varying.iter().map(|j| slopes[*j]).sum();
    let sign = if balance < 0.0 { -1.0 } else { 1.0 };
    for j in constant {
        slopes[*j] = sign * each * prior[*j];
    }
}

/// Scales a direction to weights: sum p when none is negative, else sum of absolute values p. Also says whether it is signed.
pub fn scaled(direction: &[f64]) -> (Vec<f64>, bool) {
    let p = direction.len() as f64;
    let signed = direction.iter().any(|d| *d < 0.0);
    let total: f64 = direction.iter().map(|d| d.abs()).sum();
    let factor = if total > 0.0 { p / total } else { 0.0 };
    (direction.iter().map(|d| d * factor).collect(), signed)
}
