//! A regression and what it can claim: coefficients, a covariance that fits the design, degrees of freedom, clusters.

use super::covariance::{Clusters, Kind, clusters, robust};
use super::logit::{LogitData, LogitFit};
use super::wild::{Options, WildTest};
use super::working::Working;
use crate::error::{Result, input};
use crate::job::Control;
use crate::num::special::{t_quantile, t_two_sided};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// The law of the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// A number; least squares.
    Gaussian,
    /// 0/1 or k of n; logistic regression.
    Binomial,
}

/// Degrees of freedom other than the covariance's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Freedom {
    /// Bell and McCaffrey.
    Satterthwaite,
    /// Sites less one.
    Sites,
    /// Rows less coefficients.
    Residual,
    /// Infinite.
    Normal,
}

/// Rows of a regression.
#[derive(Debug, Clone)]
pub struct Rows {
    /// Columns, intercept included, n x k.
    pub x: Array2<f64>,
    /// Columns by name.
    pub names: Vec<String>,
    /// Outcome: a number, or k.
    pub y: Vec<f64>,
    /// Trials of each row.
    pub trials: Option<Vec<f64>>,
    /// Precision weights: the variance of a row is inversely proportional to them.
    pub weights: Option<Vec<f64>>,
    /// Known part of the mean, or of the linear predictor.
    pub offset: Option<Vec<f64>>,
    /// Site of each row.
    pub sites: Option<Vec<usize>>,
    /// The law.
    pub family: Family,
}

/// A fit with its inference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Regression {
    /// Coefficients, length k.
    pub coefficients: Vec<f64>,
    /// k rows of k.
    pub covariance: Vec<Vec<f64>>,
    /// Roots of its diagonal.
    pub standard_errors: Vec<f64>,
    /// Degrees of freedom of each t ratio.
    pub degrees_of_freedom: Vec<f64>,
    /// Coefficient over standard error; 0 where both are nothing.
    pub statistics: Vec<f64>,
    /// Two-sided p of t.
    pub pvalues: Vec<f64>,
    /// Lower ends of the interval.
    pub low: Vec<f64>,
    /// Upper ends.
    pub high: Vec<f64>,
    /// The covariance used.
    pub vcov: Kind,
    /// `ok` or `interpolates`.
    pub status: &'static str,
    /// Residual variance, or for k of n the Pearson dispersion; NaN-free: 0 where there are no residual degrees of freedom.
    pub dispersion: f64,
    /// Rows.
    pub rows: usize,
    /// Fitted means or probabilities.
    pub fitted: Vec<f64>,
    /// Log-likelihood without constants, for k of n.
    pub log_likelihood: Option<f64>,
    /// Certificate of the iteration, for k of n.
    pub gap: Option<f64>,
    /// How sites weigh in the fit.
    pub clusters: Option<Clusters>,
    /// Sites (or rows) without which some coefficient is not determined.
    pub alone: Vec<usize>,
}

/// Either kind of fit.
pub(super) enum Fit {
    Linear(Box<(Working, Vec<f64>)>),
    Logit(Box<(LogitData, LogitFit)>),
}

impl Fit {
    /// The working model and the coefficients.
    pub(super) fn parts(&self) -> (&Working, &[f64]) {
        match self {
            Self::Linear(both) => (&both.0, &both.1),
            Self::Logit(both) => (&both.1.working, &both.1.coefficients),
        }
    }
}

/// A covariance of coefficients, with what its kind knows beside it.
pub(super) struct Covariance {
    pub(super) matrix: Array2<f64>,
    satterthwaite: Option<Vec<f64>>,
    alone: Vec<usize>,
}

impl Covariance {
    /// The covariance of a fit.
    pub(super) fn of(fit: &Fit, vcov: Kind) -> Result<Self> {
        let (working, b) = fit.parts();
        let known = |matrix| Self { matrix, satterthwaite: None, alone: Vec::new() };
        Ok(match (vcov, fit) {
            (Kind::Model, Fit::Logit(_)) => known(working.bread()),
            (Kind::Model | Kind::Quasi, _) => known(working.bread() * dispersion(working)),
            (Kind::CV3, Fit::Logit(both)) => known(refitted(&both.0.left_out(&both.1)?, b)),
            _ => {
                let found = robust(working, vcov)?;
                Self { matrix: found.covariance, satterthwaite: Some(found.satterthwaite), alone: found.alone }
            }
        })
    }
}

impl Rows {
    fn codes(&self) -> Vec<usize> {
        self.sites.clone().unwrap_or_else(|| (0..self.y.len()).collect())
    }

    pub(super) fn fit(&self) -> Result<Fit> {
        if self.family == Family::Binomial {
            let data = self.logit_data();
            let fit = data.fit(None)?;
            return Ok(Fit::Logit(Box::new((data, fit))));
        }
        Ok(Fit::Linear(Box::new(self.least_squares()?)))
    }

    fn offset(&self) -> Vec<f64> {
        self.offset.clone().unwrap_or_else(|| vec![0.0; self.y.len()])
    }

    /// The rows of a logistic regression.
    pub(super) fn logit_data(&self) -> LogitData {
        LogitData {
            x: self.x.clone(),
            successes: self.y.clone(),
            trials: self.trials.clone().unwrap_or_else(|| vec![1.0; self.y.len()]),
            offset: self.offset(),
            codes: self.codes(),
            names: self.names.clone(),
        }
    }

    /// Weighted least squares: the fit in orthonormal coordinates, and its coefficients.
    pub(super) fn least_squares(&self) -> Result<(Working, Vec<f64>)> {
        let (n, offset) = (self.y.len(), self.offset());
        let root: Vec<f64> =
            self.weights.as_ref().map_or_else(|| vec![1.0; n], |w| w.iter().map(|w| w.sqrt()).collect());
        let mut x = self.x.clone();
        for (mut row, r) in x.rows_mut().into_iter().zip(&root) {
            row *= *r;
        }
        let y: Vec<f64> = (0..n).map(|i| (self.y[i] - offset[i]) * root[i]).collect();
        Ok(Working::new(x.view(), &self.codes(), &self.names)?.least_squares(&y))
    }

    /// Fits and infers. `vcov` of `None`: CR2 with sites, HC2 without.
    pub fn regression(&self, vcov: Option<Kind>, freedom: Option<Freedom>, level: f64) -> Result<Regression> {
        let vcov = vcov.unwrap_or(if self.sites.is_some() { Kind::CR2 } else { Kind::HC2 });
        self.check(vcov, freedom)?;
        let fit = self.fit()?;
        let (working, b) = fit.parts();
        let (n, k, g) = (self.y.len() as f64, b.len() as f64, working.clusters.len() as f64);
        let Covariance { matrix: covariance, satterthwaite, alone } = Covariance::of(&fit, vcov)?;
        let df = match (freedom.unwrap_or(self.own_freedom(vcov)), satterthwaite) {
            (Freedom::Satterthwaite, Some(df)) => df,
            (Freedom::Sites, _) => vec![g - 1.0; b.len()],
            (Freedom::Normal, _) => vec![f64::INFINITY; b.len()],
            _ => vec![n - k; b.len()],
        };
        let status = if n > k { "ok" } else { "interpolates" };
        let mut result = infer(b, &covariance, df, level, vcov, status);
        result.dispersion = dispersion(working);
        result.rows = self.y.len();
        result.alone = alone;
        result.fitted = self.fitted(&fit);
        if let Fit::Logit(both) = &fit {
            result.log_likelihood = Some(both.1.log_likelihood);
            result.gap = Some(both.1.gap);
        }
        if self.sites.is_some() && working.clusters.len() > 1 {
            result.clusters = Some(clusters(working, b)?);
        }
        Ok(result)
    }

    /// Degrees of freedom that go with a covariance unless others are asked for.
    pub(super) fn own_freedom(&self, vcov: Kind) -> Freedom {
        match vcov {
            Kind::CR2 | Kind::HC2 => Freedom::Satterthwaite,
            Kind::Model if self.family == Family::Binomial => Freedom::Normal,
            kind if kind.by_cluster() => Freedom::Sites,
            _ => Freedom::Residual,
        }
    }

    pub(super) fn check(&self, vcov: Kind, freedom: Option<Freedom>) -> Result<()> {
        if (vcov.by_cluster() || freedom == Some(Freedom::Sites)) && self.sites.is_none() {
            return Err(input("sites missing")
                .at("vcov")
                .allowed("a covariance by site needs sites=")
                .remedy("Give sites, or use HC2, HC3 or \"model\".")
                .into());
        }
        if vcov == Kind::Quasi && self.family == Family::Gaussian {
            return Err(input("covariance not defined").at("vcov").got("quasi").allowed("family \"binomial\"").into());
        }
        if freedom == Some(Freedom::Satterthwaite)
            && (matches!(vcov, Kind::Model | Kind::Quasi) || (vcov == Kind::CV3 && self.family == Family::Binomial))
        {
            return Err(input("degrees of freedom not defined")
                .at("df")
                .got("satterthwaite")
                .allowed("a robust covariance: HC0 to HC3, CR0 to CR3, CV3L")
                .into());
        }
        Ok(())
    }

    fn fitted(&self, fit: &Fit) -> Vec<f64> {
        match fit {
            Fit::Logit(both) => both.1.fitted.clone(),
            Fit::Linear(both) => {
                let b = &both.1;
                let offset = |i: usize| self.offset.as_ref().map_or(0.0, |o| o[i]);
                let rows = self.x.rows().into_iter().enumerate();
                rows.map(|(i, row)| offset(i) + row.iter().zip(b).map(|(x, b)| x * b).sum::<f64>()).collect()
            }
        }
    }

    /// The wild cluster bootstrap of one coefficient.
    pub fn wild(&self, options: &Options, control: &Control) -> Result<WildTest> {
        if self.sites.is_none() {
            return Err(input("sites missing")
                .allowed("a wild cluster test needs sites=")
                .remedy("Fit with sites; one row per site is allowed.")
                .into());
        }
        match self.fit()? {
            Fit::Linear(both) => super::wild::wild(&both.0, both.1[options.term], options, control),
            Fit::Logit(both) => super::logit::wild(&both.0, &both.1, options, control),
        }
    }
}

/// Squared working residuals per degree of freedom; 0 where there are none.
pub(super) fn dispersion(working: &Working) -> f64 {
    let (n, k) = (working.residuals.len(), working.width());
    let squares: f64 = working.residuals.iter().map(|e| e * e).sum();
    if n > k { squares / (n - k) as f64 } else { 0.0 }
}

/// (G - 1)/G times the sum of squared changes.
fn refitted(left_out: &[Vec<f64>], b: &[f64]) -> Array2<f64> {
    let (g, k) = (left_out.len() as f64, b.len());
    let mut sum = Array2::zeros((k, k));
    for other in left_out {
        for i in 0..k {
            for j in 0..k {
                sum[[i, j]] += (other[i] - b[i]) * (other[j] - b[j]);
            }
        }
    }
    sum * ((g - 1.0) / g)
}

fn infer(
    b: &[f64],
    covariance: &Array2<f64>,
    df: Vec<f64>,
    level: f64,
    vcov: Kind,
    status: &'static str,
) -> Regression {
    let errors: Vec<f64> = covariance.diag().iter().map(|v| v.max(0.0).sqrt()).collect();
    let k = b.len();
    let usable = |j: usize| errors[j] > 0.0 && df[j] > 0.0;
    let statistic = |j: usize| if errors[j] > 0.0 { b[j] / errors[j] } else { 0.0 };
    let reach = |j: usize| if usable(j) { t_quantile(0.5 + 0.5 * level, df[j]) * errors[j] } else { f64::INFINITY };
    Regression {
        coefficients: b.to_vec(),
        covariance: covariance.rows().into_iter().map(|r| r.to_vec()).collect(),
        statistics: (0..k).map(statistic).collect(),
        pvalues: (0..k).map(|j| if usable(j) { t_two_sided(statistic(j), df[j]) } else { 1.0 }).collect(),
        low: (0..k).map(|j| b[j] - reach(j)).collect(),
        high: (0..k).map(|j| b[j] + reach(j)).collect(),
        standard_errors: errors,
        degrees_of_freedom: df,
        vcov,
        status,
        dispersion: 0.0,
        rows: 0,
        fitted: Vec::new(),
        log_likelihood: None,
        gap: None,
        clusters: None,
        alone: Vec::new(),
    }
}
