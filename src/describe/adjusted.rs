//! Rates and means of sites, adjusted for the case mix of their participants.
//!
//! Direct standardisation: one intercept per site, common slopes of the covariates, each site's prediction averaged over
//! the participants of all sites. It compares sites as if they had served the same people, as far as the covariates say.

use super::sites::rate;
use crate::data::moments::GroupMoments;
use crate::error::{Result, input};
use crate::linalg::{Cholesky, Factor};
use crate::num::logistic::logistic;
use crate::num::special::{normal_quantile, t_quantile};
use ndarray::{Array1, Array2};
use serde::Serialize;

/// One site's rate or mean, adjusted for case mix.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Adjusted {
    /// Standardised to the case mix of all participants; `None` without participants.
    pub value: Option<f64>,
    /// Its standard error by the delta method; `None` where the site's rate is 0 or 1.
    pub standard_error: Option<f64>,
    /// Lower end (on the logit scale for rates).
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Events that the site would have with everybody's average intercept (indirect standardisation).
    pub expected: f64,
    /// Observed.
    pub observed: f64,
    /// `ok`, `empty`, `all` (everybody had the event), `none` (nobody had).
    pub status: &'static str,
}

/// Adjusted rates of all sites and the model that they come from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AdjustedRates {
    /// One per site.
    pub sites: Vec<Adjusted>,
    /// Coefficients of the covariates, within sites.
    pub coefficients: Vec<f64>,
    /// Their standard errors.
    pub standard_errors: Vec<f64>,
    /// Participants who entered.
    pub n: usize,
}

/// Fits a logistic model with one intercept per site and common slopes, and standardises each site to all participants.
///
/// `site` has one index per row, `y` is 0 or 1, `z` is row-major with `q` covariates. Site intercepts are eliminated
/// block by block, so a fit with 500 sites solves systems of size q only. Sites where all or none had the event have no
/// finite intercept: they take no part in the fit and their adjusted rate is 1 or 0.
pub fn adjusted_rates(
    site: &[usize],
    y: &[f64],
    z: &[f64],
    q: usize,
    sites: usize,
    level: f64,
) -> Result<AdjustedRates> {
    let n = y.len();
    let mut size = vec![0.0; sites];
    let mut events = vec![0.0; sites];
    if site.len() != n || z.len() != n * q || q == 0 || site.iter().any(|&s| s >= sites) {
        return Err(input("covariates of the wrong shape").got(z.len()).allowed("one row per participant").into());
    }
    for (&s, &v) in site.iter().zip(y) {
        size[s] += 1.0;
        events[s] += v;
    }
    let open: Vec<bool> = size.iter().zip(&events).map(|(n, k)| *k > 0.0 && k < n).collect();
    if !open.iter().any(|o| *o) {
        return Err(input("no site has participants with and without the event")
            .remedy("Rates of 0 and 1 everywhere cannot be adjusted for case mix.")
            .into());
    }
    let (shift, scale) = standardising(z, q)?;
    let rows: Vec<f64> = z.iter().enumerate().map(|(c, x)| (x - shift[c % q]) / scale[c % q]).collect();
    let fit = SiteLogit { site, y, z: &rows, q, sites, open: &open }.fit()?;
    let standardised = fit.standardise(&rows, q);
    let common = common_intercept(&rows, q, &fit.slopes, events.iter().sum::<f64>())?;
    let mut expected = vec![0.0; sites];
    for (i, &s) in site.iter().enumerate() {
        expected[s] += logistic(common + linear(&rows[i * q..(i + 1) * q], &fit.slopes));
    }
    let z_value = normal_quantile(f64::midpoint(1.0, level));
    let found = (0..sites)
        .map(|s| {
            let status = match (size[s], events[s]) {
                (0.0, _) => "empty",
                (_, 0.0) => "none",
                (n, k) if n == k => "all",
                _ => "ok",
            };
            let (value, error) = match status {
                "ok" => (Some(standardised[s].0), Some(standardised[s].1)),
                "none" => (Some(0.0), None),
                "all" => (Some(1.0), None),
                _ => (None, None),
            };
            // The interval is made on the logit scale so that it stays inside 0 to 1.
            let ends = value.zip(error).map(|(p, se)| {
                let (centre, half) = ((p / (1.0 - p)).ln(), z_value * se / (p * (1.0 - p)));
                (logistic(centre - half), logistic(centre + half))
            });
            // All or none: the crude interval is what can be said.
            let crude = rate(events[s], size[s], level);
            let (low, high) = match (ends, status) {
                (Some((low, high)), _) => (Some(low), Some(high)),
                (None, "empty") => (None, None),
                _ => (crude.low, crude.high),
            };
            Adjusted { value, standard_error: error, low, high, expected: expected[s], observed: events[s], status }
        })
        .collect();
    Ok(AdjustedRates {
        sites: found,
        coefficients: fit.slopes.iter().zip(&scale).map(|(b, s)| b / s).collect(),
        standard_errors: (0..q).map(|j| fit.covariance[[j, j]].sqrt() / scale[j]).collect(),
        n,
    })
}

/// Means and SDs of the covariates; a constant one is refused.
fn standardising(z: &[f64], q: usize) -> Result<(Vec<f64>, Vec<f64>)> {
    let n = (z.len() / q) as f64;
    let shift: Vec<f64> = (0..q).map(|j| z.iter().skip(j).step_by(q).sum::<f64>() / n).collect();
    let mut scale = Vec::with_capacity(q);
    for j in 0..q {
        let squares: f64 = z.iter().skip(j).step_by(q).map(|x| (x - shift[j]).powi(2)).sum();
        if !squares.is_finite() || squares <= 1e-12 * n * (1.0 + shift[j] * shift[j]) {
            return Err(input("covariate does not vary")
                .at(format!("covariate {}", j + 1))
                .remedy("Leave it out.")
                .into());
        }
        scale.push((squares / n).sqrt());
    }
    Ok((shift, scale))
}

fn linear(row: &[f64], slopes: &[f64]) -> f64 {
    row.iter().zip(slopes).map(|(x, b)| x * b).sum()
}

/// The intercept at which the model without sites expects as many events as there were.
fn common_intercept(rows: &[f64], q: usize, slopes: &[f64], events: f64) -> Result<f64> {
    let (mut low, mut high) = (-50.0, 50.0);
    let expects = |a: f64| rows.chunks_exact(q).map(|row| logistic(a + linear(row, slopes))).sum::<f64>();
    if !(expects(low) <= events && events <= expects(high)) {
        return Err(crate::error::Error::Internal { what: "the common intercept".into() });
    }
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if expects(middle) < events {
            low = middle;
        } else {
            high = middle;
        }
        if high - low < 1e-14 {
            break;
        }
    }
    Ok(f64::midpoint(low, high))
}

struct SiteLogit<'a> {
    site: &'a [usize],
    y: &'a [f64],
    z: &'a [f64],
    q: usize,
    sites: usize,
    open: &'a [bool],
}

struct SiteLogitFit {
    intercepts: Vec<f64>,
    slopes: Vec<f64>,
    /// Covariance of the slopes.
    covariance: Array2<f64>,
    /// Information of each site's intercept, and its cross-information with the slopes.
    information: Vec<f64>,
    cross: Array2<f64>,
}

impl SiteLogit<'_> {
    /// Newton's method with step halving on the likelihood.
    fn fit(&self) -> Result<SiteLogitFit> {
        let mut intercepts = vec![0.0; self.sites];
        let mut slopes = vec![0.0; self.q];
        let mut value = self.likelihood(&intercepts, &slopes);
        let mut gap = f64::INFINITY;
        for _ in 0..100 {
            let parts = self.parts(&intercepts, &slopes)?;
            gap = parts.decrement;
            if gap < 1e-20 * (1.0 + value.abs()) || gap < 1e-22 {
                return Ok(SiteLogitFit {
                    intercepts,
                    slopes,
                    covariance: parts.factor.inverse(),
                    information: parts.information,
                    cross: parts.cross,
                });
            }
            let mut step = 1.0;
            loop {
                let a: Vec<f64> = intercepts.iter().zip(&parts.intercept_step).map(|(x, d)| x + step * d).collect();
                let b: Vec<f64> = slopes.iter().zip(&parts.slope_step).map(|(x, d)| x + step * d).collect();
                let next = self.likelihood(&a, &b);
                if next >= value - 1e-12 * value.abs() || step < 1e-6 {
                    (intercepts, slopes, value) = (a, b, next);
                    break;
                }
                step /= 2.0;
            }
        }
        Err(crate::error::Error::Convergence {
            what: "logistic model with site intercepts".into(),
            iterations: 100,
            gap,
            tolerance: 1e-20,
            remedy: "A covariate may separate those with the event from those without: leave it out.".into(),
        })
    }

    fn likelihood(&self, intercepts: &[f64], slopes: &[f64]) -> f64 {
        let mut sum = 0.0;
        for (i, &s) in self.site.iter().enumerate().filter(|(_, s)| self.open[**s]) {
            let eta = intercepts[s] + linear(&self.z[i * self.q..(i + 1) * self.q], slopes);
            sum += self.y[i] * eta - if eta > 0.0 { eta + (-eta).exp().ln_1p() } else { eta.exp().ln_1p() };
        }
        sum
    }

    fn parts(&self, intercepts: &[f64], slopes: &[f64]) -> Result<Parts> {
        let q = self.q;
        let mut information = vec![0.0; self.sites];
        let mut score = vec![0.0; self.sites];
        let mut cross = Array2::<f64>::zeros((self.sites, q));
        let mut gram = Array2::<f64>::zeros((q, q));
        let mut gradient = Array1::<f64>::zeros(q);
        for (i, &s) in self.site.iter().enumerate().filter(|(_, s)| self.open[**s]) {
            let row = &self.z[i * q..(i + 1) * q];
            let p = logistic(intercepts[s] + linear(row, slopes));
            let (w, r) = (p * (1.0 - p), self.y[i] - p);
            information[s] += w;
            score[s] += r;
            for j in 0..q {
                cross[[s, j]] += w * row[j];
                gradient[j] += r * row[j];
                for k in 0..q {
                    gram[[j, k]] += w * row[j] * row[k];
                }
            }
        }
        let before: Vec<f64> = (0..q).map(|j| gram[[j, j]]).collect();
        // Eliminate the intercepts: what is left is the information of the slopes.
        for s in (0..self.sites).filter(|&s| self.open[s] && information[s] > 0.0) {
            for j in 0..q {
                gradient[j] -= cross[[s, j]] * score[s] / information[s];
                for k in 0..q {
                    gram[[j, k]] -= cross[[s, j]] * cross[[s, k]] / information[s];
                }
            }
        }
        let factor = within_sites(&gram, &before)?;
        let slope_step = factor.solve(&gradient.to_vec());
        let intercept_step: Vec<f64> = (0..self.sites)
            .map(|s| {
                if self.open[s] && information[s] > 0.0 {
                    (score[s] - linear(&cross.row(s).to_vec(), &slope_step)) / information[s]
                } else {
                    0.0
                }
            })
            .collect();
        let decrement = linear(&gradient.to_vec(), &slope_step)
            + (0..self.sites)
                .filter(|&s| information[s] > 0.0)
                .map(|s| score[s] * score[s] / information[s])
                .sum::<f64>();
        Ok(Parts { information, cross, factor, slope_step, intercept_step, decrement })
    }
}

struct Parts {
    information: Vec<f64>,
    cross: Array2<f64>,
    factor: Cholesky,
    slope_step: Vec<f64>,
    intercept_step: Vec<f64>,
    decrement: f64,
}

impl SiteLogitFit {
    /// Each site's mean predicted rate over all participants, with its standard error by the delta method.
    fn standardise(&self, rows: &[f64], q: usize) -> Vec<(f64, f64)> {
        let n = (rows.len() / q) as f64;
        (0..self.intercepts.len())
            .map(|s| {
                if self.information[s] <= 0.0 {
                    return (f64::NAN, f64::NAN);
                }
                let (mut mean, mut by_intercept, mut by_slope) = (0.0, 0.0, vec![0.0; q]);
                for row in rows.chunks_exact(q) {
                    let p = logistic(self.intercepts[s] + linear(row, &self.slopes));
                    mean += p / n;
                    by_intercept += p * (1.0 - p) / n;
                    for j in 0..q {
                        by_slope[j] += p * (1.0 - p) * row[j] / n;
                    }
                }
                // Var(a) = 1/h + c'Vc/h^2, Cov(a, b) = -Vc/h, with h and c the site's information.
                let h = self.information[s];
                let left: Vec<f64> = (0..q).map(|j| by_slope[j] - by_intercept * self.cross[[s, j]] / h).collect();
                let spread: f64 = (0..q).map(|j| left[j] * linear(&self.covariance.row(j).to_vec(), &left)).sum();
                (mean, (by_intercept * by_intercept / h + spread).sqrt())
            })
            .collect()
    }
}

/// The factor of what covariates tell within sites; refused where one of them tells nothing.
fn within_sites(gram: &Array2<f64>, before: &[f64]) -> Result<Cholesky> {
    let informs = (0..before.len()).all(|j| gram[[j, j]] > 1e-10 * before[j]);
    match Cholesky::factor(gram.view()) {
        Factor::Definite(factor) if informs => Ok(factor),
        _ => Err(input("covariates that do not vary within sites, or repeat each other")
            .remedy("Leave out covariates that are the same for everybody at a site, or that follow from others.")
            .into()),
    }
}

/// Means of each site, adjusted to the covariate means of all participants by a linear model with one intercept per site.
///
/// The first column of `m` is the outcome, the others the covariates; groups are sites.
pub fn adjusted_means(m: &GroupMoments, level: f64) -> Result<AdjustedRates> {
    let (q, width, sites) = (m.columns - 1, m.columns, m.n.len());
    let total: f64 = m.n.iter().map(|&n| n as f64).sum();
    let known: Vec<usize> = (0..sites).filter(|&s| m.n[s] > 0).collect();
    let df = total - known.len() as f64 - q as f64;
    if q == 0 || df < 1.0 {
        return Err(input("too few participants to adjust means")
            .got(total)
            .allowed("more than sites and covariates")
            .into());
    }
    let centred = |s: usize, a: usize, b: usize| {
        m.products[(s * width + a) * width + b] - m.sums[s * width + a] * m.sums[s * width + b] / m.n[s] as f64
    };
    let within = |a: usize, b: usize| known.iter().map(|&s| centred(s, a, b)).sum::<f64>();
    let overall = |a: usize| known.iter().map(|&s| m.sums[s * width + a]).sum::<f64>() / total;
    let gram = Array2::from_shape_fn((q, q), |(j, k)| within(j + 1, k + 1));
    let before: Vec<f64> = (1..=q)
        .map(|j| {
            let raw: f64 = known.iter().map(|&s| m.products[(s * width + j) * width + j]).sum();
            raw - total * overall(j).powi(2)
        })
        .collect();
    let factor = within_sites(&gram, &before)?;
    let cross: Vec<f64> = (0..q).map(|j| within(0, j + 1)).collect();
    let slopes = factor.solve(&cross);
    let residual = (within(0, 0) - linear(&cross, &slopes)) / df;
    let covariance = factor.inverse();
    let t = t_quantile(f64::midpoint(1.0, level), df);
    let found = (0..sites)
        .map(|s| {
            let Some(crude) = m.mean(s, 0) else {
                let empty = (None, None, None, None);
                return Adjusted {
                    value: empty.0,
                    standard_error: empty.1,
                    low: empty.2,
                    high: empty.3,
                    expected: 0.0,
                    observed: 0.0,
                    status: "empty",
                };
            };
            let n = m.n[s] as f64;
            let off: Vec<f64> = (1..=q).map(|j| m.sums[s * width + j] / n - overall(j)).collect();
            let value = crude - linear(&off, &slopes);
            let spread: f64 = (0..q).map(|j| off[j] * linear(&covariance.row(j).to_vec(), &off)).sum();
            let error = (residual * (1.0 / n + spread)).sqrt();
            Adjusted {
                value: Some(value),
                standard_error: Some(error),
                low: Some(value - t * error),
                high: Some(value + t * error),
                expected: m.origin[0] + overall(0) + linear(&off, &slopes),
                observed: crude,
                status: "ok",
            }
        })
        .collect();
    Ok(AdjustedRates {
        sites: found,
        standard_errors: (0..q).map(|j| (residual * covariance[[j, j]]).sqrt()).collect(),
        coefficients: slopes,
        n: total as usize,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn without_confounding_adjustment_changes_little_and_empty_sites_are_named() {
        let site = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2];
        let y = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0];
        let z = [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0];
        let found = adjusted_rates(&site, &y, &z, 1, 4, 0.95).unwrap();
        assert!((found.sites[0].value.unwrap() - 0.5).abs() < 1e-12);
        assert_eq!((found.sites[2].status, found.sites[2].value, found.sites[3].status), ("all", Some(1.0), "empty"));
        let expected: f64 = found.sites.iter().map(|s| s.expected).sum();
        assert!((expected - 6.0).abs() < 1e-9);
    }

    #[test]
    fn covariates_that_say_nothing_are_refused() {
        let (site, y) = ([0, 0, 1, 1], [1.0, 0.0, 1.0, 0.0]);
        let words = |z: &[f64]| adjusted_rates(&site, &y, z, 1, 2, 0.95).unwrap_err().to_string();
        assert!(words(&[1.0; 4]).contains("does not vary"));
        assert!(words(&[0.0, 0.0, 1.0, 1.0]).contains("do not vary within sites"));
    }
}
