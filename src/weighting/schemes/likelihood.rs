//! Schemes on the log-odds scale: logistic regression, Firth's, log-F priors, and a random intercept per site.

use super::counts::Counts;
use super::design::Model;
use crate::error::{Result, input};
use crate::num::special::chi2_upper;
use crate::regress::binomial::BinomialFit;
use crate::regress::firth::{Firth as Jeffreys, FirthFit};
use crate::regress::firth_profile::Profile;
use crate::regress::separation::Fitted;
use crate::regress::{beta_binomial, binomial, log_f, random_intercept};
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is made of sites that vary more than participants tossing coins would.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dispersion {
    /// Nothing: participants of a site are independent given its items.
    Binomial,
    /// Standard errors grow by the root of Pearson's chi-square over its degrees of freedom, with t intervals.
    #[default]
    Quasi,
    /// A beta-binomial likelihood.
    BetaBinomial,
}

/// Logistic regression of k of n, by maximum likelihood or toward a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Logistic {
    /// What is made of overdispersion.
    pub dispersion: Dispersion,
    /// Target weights, length p; `None`: equal weights. They matter where there is a penalty.
    pub target: Option<Vec<f64>>,
    /// Minimises -loglik/participants + penalty/2 |departure|^2; `None` is left to tuning.
    #[serde(with = "super::penalty")]
    pub penalty: Option<f64>,
}

/// Firth's logistic regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Firth {
    /// Whether the intercept is corrected so that fitted and observed rates agree (FLIC).
    pub flic: bool,
    /// Target weights, length p; `None`: equal weights.
    pub target: Option<Vec<f64>>,
    /// A further penalty on departures from the target.
    #[serde(with = "super::penalty")]
    pub penalty: Option<f64>,
}

/// Logistic regression with log-F priors on slopes, or on departures from a target whose score is free.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogF {
    /// What the prior of a slope is worth in trials.
    pub degrees: f64,
    /// Target weights, length p; `None`: priors about zero.
    pub target: Option<Vec<f64>>,
}

/// Logistic regression with a random intercept per site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RandomIntercept {
    /// Quadrature nodes, 1 to 25.
    pub nodes: usize,
    /// Whether a weak gamma prior keeps the spread of the sites off zero.
    pub off_zero: bool,
    /// Target weights, length p; `None`: equal weights.
    pub target: Option<Vec<f64>>,
    /// A penalty on departures from the target.
    #[serde(with = "super::penalty")]
    pub penalty: Option<f64>,
}

impl Default for Logistic {
    fn default() -> Self {
        Self { dispersion: Dispersion::Quasi, target: None, penalty: Some(0.0) }
    }
}

impl Default for Firth {
    fn default() -> Self {
        Self { flic: false, target: None, penalty: Some(0.0) }
    }
}

impl Default for LogF {
    fn default() -> Self {
        Self { degrees: 1.0, target: None }
    }
}

impl Default for RandomIntercept {
    fn default() -> Self {
        Self { nodes: 25, off_zero: false, target: None, penalty: Some(0.0) }
    }
}

/// The four, borrowed.
#[derive(Debug, Clone, Copy)]
pub enum Likelihood<'a> {
    /// Logistic.
    Logistic(&'a Logistic),
    /// Firth.
    Firth(&'a Firth),
    /// Log-F.
    LogF(&'a LogF),
    /// Random intercept.
    RandomIntercept(&'a RandomIntercept),
}

/// What an estimator hands back: coefficients on the model's columns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Estimate {
    pub(super) coefficients: Vec<f64>,
    /// An intercept other than the first coefficient.
    pub(super) intercept: Option<f64>,
    pub(super) covariance: Array2<f64>,
    /// Degrees of freedom of t intervals; `None`: normal.
    pub(super) df: Option<f64>,
    /// How intervals are made.
    pub(super) method: &'static str,
    pub(super) gap: f64,
    pub(super) diagnostics: BTreeMap<String, f64>,
    /// Profile intervals of the items' coefficients, where asked for.
    pub(super) profiles: Vec<Profile>,
}

impl<'a> Likelihood<'a> {
    pub(super) fn target(self) -> Option<&'a Vec<f64>> {
        match self {
            Self::Logistic(s) => s.target.as_ref(),
            Self::Firth(s) => s.target.as_ref(),
            Self::LogF(s) => s.target.as_ref(),
            Self::RandomIntercept(s) => s.target.as_ref(),
        }
    }

    /// `None`: the scheme has no quadratic penalty; `Some(None)`: it is open.
    pub fn penalty(self) -> Option<Option<f64>> {
        match self {
            Self::Logistic(s) => Some(s.penalty),
            Self::Firth(s) => Some(s.penalty),
            Self::RandomIntercept(s) => Some(s.penalty),
            Self::LogF(_) => None,
        }
    }

    /// Refuses weights where the likelihood is one of whole participants, and too few sites for a site effect.
    pub(super) fn check(self, counts: &Counts) -> Result<()> {
        let counted = match self {
            Self::Logistic(s) => s.dispersion == Dispersion::BetaBinomial,
            Self::RandomIntercept(_) => true,
            _ => false,
        };
        if counted && !counts.whole {
            return Err(input("site_weight not allowed with this scheme")
                .got("weights other than participants")
                .allowed("site_weight=\"participants\"")
                .remedy("The site effect already weighs sites by what they can tell.")
                .into());
        }
        let sites = counts.site_list().len();
        if matches!(self, Self::RandomIntercept(_)) && sites < 3 {
            return Err(input("too few sites for a random intercept").got(sites).allowed("3 or more").into());
        }
        Ok(())
    }

    /// Fits; `level` asks for profile intervals of the items' coefficients, where the likelihood has them.
    pub(super) fn estimate(self, model: &Model, level: Option<f64>) -> Result<Fitted<Estimate>> {
        let penalty = model.penalty.as_ref().map(|p| p.view());
        let spare = model.site_count as f64 - model.trials.width() as f64;
        let by_sites = (spare >= 1.0).then_some(spare);
        Ok(match self {
            Self::Logistic(s) => match s.dispersion {
                Dispersion::Binomial => {
                    plain(binomial::fit(&model.trials, penalty)?, |fit| from_binomial(fit, 1.0, None, "normal"))
                }
                Dispersion::Quasi => plain(binomial::fit(&model.trials, penalty)?, |fit| quasi(fit, by_sites)),
                Dispersion::BetaBinomial => {
                    plain(beta_binomial::fit(&model.trials, penalty)?, |fit| from_beta(fit, by_sites))
                }
            },
            Self::Firth(s) => {
                let jeffreys = Jeffreys::new(&model.trials, penalty);
                let fit = jeffreys.fit()?;
                let which: Vec<usize> = (1..=model.item_columns()).collect();
                let profiles = level.map_or_else(|| Ok(Vec::new()), |level| jeffreys.profiles(&fit, &which, level))?;
                Fitted::Finite(Box::new(from_firth(fit, s.flic, profiles)))
            }
            Self::LogF(s) => {
                let shift = usize::from(s.target.is_some());
                let which: Vec<usize> = (1 + shift..=model.item_columns()).collect();
                plain(log_f::fit(&model.trials, s.degrees, &which)?, |fit| from_binomial(fit, 1.0, None, "posterior"))
            }
            Self::RandomIntercept(s) => {
                let options = random_intercept::Options { nodes: s.nodes, penalty, off_zero: s.off_zero };
                plain(random_intercept::fit(&model.trials, &model.sites, options)?, |fit| from_mixed(fit, by_sites))
            }
        })
    }
}

fn from_firth(fit: FirthFit, flic: bool, profiles: Vec<Profile>) -> Estimate {
    Estimate {
        intercept: flic.then_some(fit.flic),
        coefficients: fit.coefficients,
        covariance: fit.covariance,
        df: None,
        method: "normal",
        gap: fit.gap,
        diagnostics: named(&[
            ("log_likelihood", fit.log_likelihood),
            ("penalised_log_likelihood", fit.penalised_log_likelihood),
            ("intercept_flic", fit.flic),
        ]),
        profiles,
    }
}

fn plain<F>(fitted: Fitted<F>, make: impl FnOnce(F) -> Estimate) -> Fitted<Estimate> {
    match fitted {
        Fitted::Finite(fit) => Fitted::Finite(Box::new(make(*fit))),
        Fitted::Separated(separation) => Fitted::Separated(separation),
    }
}

fn named(pairs: &[(&str, f64)]) -> BTreeMap<String, f64> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

fn from_binomial(fit: BinomialFit, dispersion: f64, df: Option<f64>, method: &'static str) -> Estimate {
    Estimate {
        coefficients: fit.coefficients,
        intercept: None,
        covariance: fit.covariance * dispersion,
        df,
        method,
        gap: fit.gap,
        diagnostics: named(&[("log_likelihood", fit.log_likelihood), ("deviance", fit.deviance)]),
        profiles: Vec::new(),
    }
}

/// Dispersion below one is no evidence of too little variation with few sites: it is reported, and one is used.
fn quasi(fit: BinomialFit, spare: Option<f64>) -> Estimate {
    let found = spare.map(|df| fit.pearson / df);
    let mut estimate = from_binomial(fit, found.unwrap_or(1.0).max(1.0), spare, "t");
    if spare.is_none() {
        estimate.method = "none";
    }
    if let Some(found) = found {
        estimate.diagnostics.insert("dispersion".into(), found);
    }
    estimate
}

fn from_beta(fit: beta_binomial::BetaBinomialFit, spare: Option<f64>) -> Estimate {
    let ratio = fit.likelihood_ratio();
    let mut diagnostics = named(&[
        ("log_likelihood", fit.log_likelihood),
        ("rho", fit.rho),
        ("likelihood_ratio", ratio),
        ("boundary_p_value", boundary_p(ratio)),
    ]);
    if let Some(error) = fit.rho_error {
        diagnostics.insert("rho_std_error".into(), error);
    }
    Estimate {
        coefficients: fit.coefficients,
        intercept: None,
        covariance: fit.covariance,
        df: spare,
        method: if spare.is_some() { "t" } else { "none" },
        gap: fit.gap,
        diagnostics,
        profiles: Vec::new(),
    }
}

fn from_mixed(fit: random_intercept::RandomInterceptFit, spare: Option<f64>) -> Estimate {
    let ratio = fit.likelihood_ratio();
    Estimate {
        diagnostics: named(&[
            ("log_likelihood", fit.log_likelihood),
            ("tau", fit.tau),
            ("likelihood_ratio", ratio),
            ("boundary_p_value", boundary_p(ratio)),
        ]),
        profiles: Vec::new(),
        coefficients: fit.coefficients,
        intercept: None,
        covariance: fit.covariance,
        df: spare,
        method: if spare.is_some() { "t" } else { "none" },
        gap: fit.gap,
    }
}

/// The equal mixture of chi-squares with 0 and 1 degrees of freedom (Self and Liang 1987, doi:10.1080/01621459.1987.10478472).
fn boundary_p(ratio: f64) -> f64 {
    if ratio > 0.0 { 0.5 * chi2_upper(ratio, 1.0) } else { 1.0 }
}
