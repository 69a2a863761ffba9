//! Confidence intervals from a bootstrap distribution, each endpoint with its Monte Carlo error.
//!
//! Formulas: Davison and Hinkley (1997), chapter 5; BCa after Efron (1987, <https://doi.org/10.2307/2289144>), with the
//! mid-rank rule for ties in z0; expanded percentile after Hesterberg (2015).

use super::distribution::{Distribution, Endpoint};
use super::jackknife::Jackknife;
use super::scale::{Scale, sites_as_trials};
use crate::num::quantile::{Rule, expanded_level};
use crate::num::special::{normal_cdf, normal_quantile, t_quantile};
use serde::{Deserialize, Serialize};

/// The share of undefined replicates beyond which no interval is given.
pub const UNDEFINED_LIMIT: f64 = 0.01;

/// How the endpoints come from the distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Quantiles of the distribution.
    Percentile,
    /// Quantiles at levels widened as t is to the normal.
    Expanded,
    /// Quantiles reflected about the estimate.
    Basic,
    /// Estimate minus bias, plus or minus z standard errors.
    Normal,
    /// Bias-corrected and accelerated quantiles.
    Bca,
    /// Estimate minus its standard error times quantiles of the replicates' t ratios: bootstrap-t.
    Studentized,
    /// Estimate plus or minus t standard errors of the jackknife.
    T,
}

/// Which ends are finite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Alternative {
    /// Both.
    TwoSided,
    /// The upper: the parameter is less than it.
    Less,
    /// The lower: the parameter is greater than it.
    Greater,
}

/// One interval that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// How.
    pub method: Method,
    /// Confidence level, strictly between 0 and 1.
    pub level: f64,
    /// Which ends.
    pub alternative: Alternative,
    /// Which point between order statistics.
    #[serde(default)]
    pub rule: Rule,
    /// Of t: the scale on which the interval is symmetric.
    #[serde(default)]
    pub scale: Scale,
    /// Of t; `None`: units minus strata.
    #[serde(default)]
    pub degrees_of_freedom: Option<f64>,
}

/// One interval.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Interval {
    /// How.
    pub method: Method,
    /// Lower end; minus infinity when one-sided.
    pub low: f64,
    /// Upper end; infinity when one-sided.
    pub high: f64,
    /// Monte Carlo standard error of the lower end; 0 when enumerated.
    pub low_error: f64,
    /// Monte Carlo standard error of the upper end; 0 when enumerated.
    pub high_error: f64,
    /// The scale it is symmetric on, or `exact` where a rate of 0 or 1 has none.
    pub scale: &'static str,
    /// `ok` or `refused`.
    pub status: &'static str,
    /// Why it was refused; ends are NaN then.
    pub reason: Option<String>,
}

/// What intervals are made from, for one output.
#[derive(Debug)]
pub struct Basis<'a> {
    /// The replicates.
    pub distribution: &'a mut Distribution,
    /// The statistic on the data.
    pub estimate: f64,
    /// Delete-one values, for BCa and t.
    pub jackknife: Option<Jackknife>,
    /// For studentized intervals: the t ratios of the replicates, and the standard error on the data.
    pub ratios: Option<(Distribution, f64)>,
    /// Units per stratum.
    pub strata: &'a [usize],
}

impl Basis<'_> {
    fn units(&self) -> usize {
        self.strata.iter().sum()
    }

    fn degrees_of_freedom(&self) -> f64 {
        (self.units() - self.strata.len()) as f64
    }
}

/// Computes one interval, or says why there is none.
pub fn interval(basis: &mut Basis<'_>, request: Request) -> Interval {
    let scale = match request.method {
        Method::T if at_a_bound(basis, request) => "exact",
        Method::T => request.scale.name(),
        _ => Scale::Identity.name(),
    };
    match ends(basis, request) {
        Ok((low, high)) => Interval {
            method: request.method,
            low: low.at,
            high: high.at,
            low_error: low.error,
            high_error: high.error,
            scale,
            status: "ok",
            reason: None,
        },
        Err(reason) => Interval {
            method: request.method,
            low: f64::NAN,
            high: f64::NAN,
            low_error: f64::NAN,
            high_error: f64::NAN,
            scale,
            status: "refused",
            reason: Some(reason),
        },
    }
}

fn ends(basis: &mut Basis<'_>, request: Request) -> Result<(Endpoint, Endpoint), String> {
    if !basis.estimate.is_finite() {
        return Err("the statistic is undefined on the data themselves".into());
    }
    if request.method != Method::T {
        basis.distribution.usable("the statistic")?;
    }
    let tail = match request.alternative {
        Alternative::TwoSided => (1.0 - request.level) / 2.0,
        _ => 1.0 - request.level,
    };
    let low = match request.alternative {
        Alternative::Less => Endpoint { at: f64::NEG_INFINITY, error: 0.0 },
        _ => end(basis, request, tail)?,
    };
    let high = match request.alternative {
        Alternative::Greater => Endpoint { at: f64::INFINITY, error: 0.0 },
        _ => end(basis, request, 1.0 - tail)?,
    };
    Ok((low, high))
}

/// The endpoint below which the parameter lies with confidence `p`.
fn end(basis: &mut Basis<'_>, request: Request, p: f64) -> Result<Endpoint, String> {
    let estimate = basis.estimate;
    match request.method {
        Method::Percentile => Ok(basis.distribution.quantile(p, request.rule)),
        Method::Expanded => {
            let level = expanded_level(p, basis.degrees_of_freedom() + 1.0);
            Ok(basis.distribution.quantile(level, request.rule))
        }
        Method::Basic => {
            let q = basis.distribution.quantile(1.0 - p, request.rule);
            Ok(Endpoint { at: 2.0 * estimate - q.at, error: q.error })
        }
        Method::Normal => Ok(basis.distribution.normal_end(estimate, normal_quantile(p))),
        Method::Bca => bca_end(basis, request.rule, p),
        Method::Studentized => studentized_end(basis, request.rule, p),
        Method::T => Ok(Endpoint { at: t_end(basis, request, p)?, error: 0.0 }),
    }
}

/// A rate of 0 or 1 has neither a logit nor a standard error.
fn at_a_bound(basis: &Basis<'_>, request: Request) -> bool {
    request.scale == Scale::Logit && (basis.estimate == 0.0 || basis.estimate == 1.0)
}

/// The t end on a scale, carried there and back by the delta method: back(h(estimate) + t h'(estimate) SE).
fn t_end(basis: &Basis<'_>, request: Request, p: f64) -> Result<f64, String> {
    let (estimate, scale) = (basis.estimate, request.scale);
    if at_a_bound(basis, request) {
        return match basis.strata {
            [units] => Ok(sites_as_trials(estimate, *units, p)),
            _ => Err(format!("the estimate is exactly {estimate}, where it has no standard error")),
        };
    }
    let error = usable_jackknife(basis)?.standard_error;
    if !scale.at(estimate).is_finite() {
        return Err(format!("the estimate is {estimate}, an end of its range, where it has no standard error"));
    }
    if error <= 100.0 * f64::EPSILON * estimate.abs() {
        return Err("the estimate is the same without any one unit: its jackknife standard error is 0".into());
    }
    let t = t_quantile(p, request.degrees_of_freedom.unwrap_or_else(|| basis.degrees_of_freedom()));
    Ok(scale.back(scale.at(estimate) + t * scale.slope(estimate) * error))
}

fn usable_jackknife(basis: &Basis<'_>) -> Result<Jackknife, String> {
    match basis.jackknife {
        None => Err("this method needs the statistic with each unit left out".into()),
        Some(j) if j.n_undefined > 0 => Err(format!(
            "the statistic is undefined without {} of the units: percentile or basic need no jackknife",
            j.n_undefined
        )),
        Some(j) => Ok(j),
    }
}

/// Estimate - standard error x the quantile of (replicate - estimate) / its standard error at the other level
/// (Davison and Hinkley 1997, equation 5.7).
fn studentized_end(basis: &mut Basis<'_>, rule: Rule, p: f64) -> Result<Endpoint, String> {
    let estimate = basis.estimate;
    let Some((ratios, error)) = &mut basis.ratios else {
        return Err("this method needs the standard error of every replicate".into());
    };
    if !(error.is_finite() && *error > 0.0) {
        return Err(format!("the standard error on the data is {error}"));
    }
    ratios.usable("the t ratio")?;
    let q = ratios.quantile(1.0 - p, rule);
    Ok(Endpoint { at: estimate - *error * q.at, error: *error * q.error })
}

/// BCa: the level is shifted by z0 and the acceleration. z0 comes from the same replicates as the quantile, and the
/// Monte Carlo error accounts for both (delta method on the empirical distribution function).
fn bca_end(basis: &mut Basis<'_>, rule: Rule, p: f64) -> Result<Endpoint, String> {
    let a = usable_jackknife(basis)?.acceleration;
    let (below, tied) = basis.distribution.below_and_tied(basis.estimate);
    let share = below + tied / 2.0;
    if share <= 0.0 || share >= 1.0 {
        return Err("all replicates lie on one side of the estimate, so BCa has no bias correction".into());
    }
    let z0 = normal_quantile(share);
    let shifted = z0 + normal_quantile(p);
    let slack = 1.0 - a * shifted;
    if slack <= 0.0 {
        return Err(format!("the acceleration {a:.3} is too large for this confidence level"));
    }
    let argument = z0 + shifted / slack;
    let density = |z: f64| (-0.5 * z * z).exp();
    let slope = density(argument) * (1.0 + 1.0 / (slack * slack)) / density(z0);
    Ok(basis.distribution.moving_quantile(normal_cdf(argument), rule, share, slope))
}
