//! What every scheme shares: the prepared problem, and the way from slopes to a fit.

use super::Setting;
use crate::error::Result;
use crate::linalg::dot;
use crate::regress::{CrossMoments, Estimability, Separation, estimability::estimability};
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// What else the scheme has to say, by name: consistency ratio, components, what the prior is worth in sites.
    pub diagnostics: BTreeMap<String, f64>,
    /// Share of the outcome's weighted sum of squares, after covariates, that the fit explains in sample; of the deviance for
    /// schemes on the log-odds scale.
    pub r_squared: f64,
    /// What the slopes' sampling errors are known to be, where the scheme has them.
    pub uncertainty: Option<Uncertainty>,
    /// How the outcomes are separated, where they are.
    pub separation: Option<Separated>,
}

/// Sampling errors of slopes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Uncertainty {
    /// Covariance of the slopes, p x p; rows of constant items are zero.
    pub covariance: Vec<Vec<f64>>,
    /// Degrees of freedom of t intervals; `None`: normal.
    pub df: Option<f64>,
    /// How intervals are made: `t`, `normal`, `posterior`, or `none` where no site is left to tell the error by.
    pub method: String,
    /// Sites that were fitted.
    pub sites: usize,
    /// Profile intervals of single slopes with their penalised likelihood-ratio tests, where asked for.
    pub profiles: Vec<Option<ProfileInterval>>,
    /// What does not believe in equal variances and independent rows, where sites can tell.
    pub clustered: Option<Clustered>,
}

/// A covariance by site (CR2) with the degrees of freedom that go with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Clustered {
    /// p x p.
    pub covariance: Vec<Vec<f64>>,
    /// Per combination.
    pub freedom: Freedom,
}

/// Degrees of freedom that differ between combinations of slopes; 0 for items that do not vary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Freedom {
    /// Of single slopes.
    pub slopes: Vec<f64>,
    /// Of slopes less their mean.
    pub contrasts: Vec<f64>,
    /// Of the sum of slopes.
    pub sum: f64,
    /// The fewest of these and of all differences of two slopes.
    pub fewest: f64,
}

/// A profile interval of one slope.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ProfileInterval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Penalised likelihood-ratio statistic of a slope of zero.
    pub statistic: f64,
    /// Its p.
    pub p_value: f64,
}

/// Separated outcomes, in terms of items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Separated {
    /// The likelihood rises for ever along these slopes, length p.
    pub direction: Vec<f64>,
    /// Items whose slope has no finite maximum.
    pub infinite: Vec<usize>,
    /// Maximum-likelihood slopes of the others; `None` where there is none.
    pub finite: Vec<Option<f64>>,
    /// Trials that the direction separates.
    pub separated_trials: f64,
    /// Whether all are.
    pub complete: bool,
}

/// What a scheme on the log-odds scale hands to [`Problem::finish_log_odds`].
#[derive(Debug)]
pub(super) struct LogOdds {
    /// Slopes of the varying items, length p.
    pub(super) slopes: Vec<f64>,
    pub(super) intercept: f64,
    /// Length q.
    pub(super) covariates: Vec<f64>,
    pub(super) r_squared: f64,
    pub(super) penalty: Option<f64>,
    pub(super) gap: f64,
    /// p x p.
    pub(super) covariance: Array2<f64>,
    pub(super) df: Option<f64>,
    pub(super) method: &'static str,
    pub(super) sites: usize,
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
            diagnostics: BTreeMap::new(),
            r_squared: 0.0,
            uncertainty: None,
            separation: None,
        }
    }

    /// The same on the log-odds scale.
    pub(super) fn blank_log_odds(&self, intercept: f64, status: Status, reason: &str) -> SchemeFit {
        let mut fit = self.blank(status, reason);
        fit.intercept = intercept;
        fit.covariates.fill(0.0);
        fit
    }

    /// A fit without slopes, with the direction along which the likelihood rises. `map` (p x c) leads from the columns of the
    /// fit to items.
    pub(super) fn separated(&self, intercept: f64, found: &Separation, map: &Array2<f64>) -> SchemeFit {
        let (p, c) = map.dim();
        let touches = |j: usize, k: usize| map[[j, k]] != 0.0;
        let infinite: Vec<usize> =
            (0..p).filter(|j| found.infinite.iter().any(|k| (1..=c).contains(k) && touches(*j, k - 1))).collect();
        let finite = (0..p)
            .map(|j| {
                let columns: Vec<usize> = (0..c).filter(|k| touches(j, *k)).collect();
                let values = columns.iter().map(|k| found.finite[k + 1].map(|v| v * map[[j, *k]]));
                (!columns.is_empty()).then(|| values.sum::<Option<f64>>()).flatten()
            })
            .collect();
        let what = if found.complete { "completely" } else { "quasi-completely" };
        let reason = format!("the items separate the outcomes {what}; maximum-likelihood slopes are infinite");
        let mut fit = self.blank_log_odds(intercept, Status::Separated, &reason);
        fit.separation = Some(Separated {
            direction: map.dot(&ndarray::ArrayView1::from(&found.direction[1..=c])).to_vec(),
            infinite,
            finite,
            separated_trials: found.separated_trials,
            complete: found.complete,
        });
        fit
    }

    /// Pins constant items, scales weights and names the status of a fit on the log-odds scale.
    pub(super) fn finish_log_odds(&self, found: LogOdds, prior: &[f64]) -> SchemeFit {
        let (mut slopes, varying) = (found.slopes, self.varying());
        let mut fit = self.blank_log_odds(found.intercept, Status::Empty, "no item gets weight");
        fit.covariates = found.covariates;
        (fit.penalty, fit.gap, fit.r_squared) = (found.penalty, Some(found.gap), found.r_squared);
        if varying.iter().all(|j| slopes[*j] == 0.0) {
            return fit;
        }
        pin(&mut slopes, prior, &self.estimability.constant, &varying);
        for j in &self.estimability.constant {
            fit.intercept -= slopes[*j] * self.whole.means[*j];
        }
        (fit.weights, fit.signed) = scaled(&slopes);
        (fit.status, fit.reason) = self.general_status(&fit.weights, found.r_squared);
        if fit.status == Status::Ok && found.penalty == Some(0.0) && self.estimability.rank < varying.len() {
            fit.status = Status::Singular;
            let rank = self.estimability.rank;
            fit.reason =
                format!("{} varying items have rank {rank}; the smallest slopes that fit are given", varying.len());
        }
        fit.slopes = slopes;
        fit.uncertainty = Some(Uncertainty {
            covariance: found.covariance.rows().into_iter().map(|row| row.to_vec()).collect(),
            df: found.df,
            method: found.method.into(),
            sites: found.sites,
            profiles: Vec::new(),
            clustered: None,
        });
        fit
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
            diagnostics: BTreeMap::new(),
            r_squared,
            uncertainty: None,
            separation: None,
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
pub(super) fn pin(slopes: &mut [f64], prior: &[f64], constant: &[usize], varying: &[usize]) {
    let signed = varying.iter().any(|j| slopes[*j] < 0.0);
    let total: f64 = varying.iter().map(|j| if signed { slopes[*j].abs() } else { slopes[*j] }).sum();
    let share: f64 = varying.iter().map(|j| prior[*j]).sum();
    let each = if share > 0.0 { total / share } else { 0.0 };
    // Where every slope falls with its item (a target's score with a negative slope), so does a pinned one.
    let sign = if varying.iter().all(|j| slopes[*j] <= 0.0) { -1.0 } else { 1.0 };
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
