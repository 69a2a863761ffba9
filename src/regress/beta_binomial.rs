//! Beta-binomial regression: k of n whose rate varies between rows around the fitted one, with intra-row correlation rho.
//!
//! A rate with mean mu and variance rho mu (1 - mu) (Williams 1975, doi:10.2307/2529820; Prentice 1986,
//! doi:10.1080/01621459.1986.10478275). With s = 1 - rho the likelihood is a product of mu s + j rho for j < k, (1 - mu) s + j rho
//! for j < n - k, over s + j rho for j < n: it needs no gamma function and is the binomial at rho = 0. Rows should be sites: they
//! are what varies.

use super::binomial::{BinomialFit, TOLERANCE, fit as binomial, null_objective};
use super::separation::Fitted;
use super::trials::Trials;
use crate::error::{Error, Result, input};
use crate::linalg::{Cholesky, dot};
use crate::num::logistic::logistic;
use ndarray::{Array2, ArrayView2};

/// A beta-binomial maximum. Coefficients are on the columns as given, the intercept first.
#[derive(Debug, Clone, PartialEq)]
pub struct BetaBinomialFit {
    /// Intercept and slopes, length m.
    pub coefficients: Vec<f64>,
    /// Intra-row correlation, 0 to below 1.
    pub rho: f64,
    /// Inverse of the observed information of the coefficients, rho estimated alongside; m x m.
    pub covariance: Array2<f64>,
    /// Standard error of rho; `None` on the boundary.
    pub rho_error: Option<f64>,
    /// Log-likelihood, binomial coefficients included.
    pub log_likelihood: f64,
    /// The binomial fit with the same columns.
    pub binomial: BinomialFit,
    /// Newton steps.
    pub iterations: usize,
    /// Half the squared Newton decrement relative to the null objective.
    pub gap: f64,
}

impl BetaBinomialFit {
    /// Twice the gain of log-likelihood over the binomial.
    pub fn likelihood_ratio(&self) -> f64 {
        (2.0 * (self.log_likelihood - self.binomial.log_likelihood)).max(0.0)
    }
}

const STEPS: usize = 200;

/// Fits k of n per site. `penalty` as for [`binomial`]. Trials must be whole numbers.
///
/// ```
/// use ndarray::array;
/// use steelyard::regress::{Trials, beta_binomial::fit};
/// let data = Trials::new(array![[0.0], [0.0], [1.0], [1.0]].view(), &[2.0, 8.0, 3.0, 9.0], &[10.0; 4])?;
/// let found = fit(&data, None)?.finite().ok_or_else(|| steelyard::error::input("separated"))?;
/// assert!(found.rho > 0.1 && found.likelihood_ratio() > 1.0);
/// # Ok::<(), steelyard::error::Error>(())
/// ```
pub fn fit(data: &Trials, penalty: Option<ArrayView2<'_, f64>>) -> Result<Fitted<BetaBinomialFit>> {
    if let Some(row) = data.trials.iter().zip(&data.successes).position(|(n, k)| n.fract() != 0.0 || k.fract() != 0.0) {
        return Err(input("counts that are not whole numbers in a beta-binomial regression")
            .at(format!("row {}", row + 1))
            .got(format!("{} of {}", data.successes[row], data.trials[row]))
            .remedy("Weigh sites by their participants, or use Logistic with dispersion=\"quasi\".")
            .into());
    }
    let start = match binomial(data, penalty)? {
        Fitted::Finite(fit) => *fit,
        Fitted::Separated(separation) => return Ok(Fitted::Separated(separation)),
    };
    let penalty = penalty.map(|p| data.scaled_penalty(p));
    let problem = Problem { data, penalty: penalty.as_ref(), null: null_objective(data) };
    let mut psi = data.scaled(&start.coefficients);
    psi.push(0.0);
    let (score, _) = problem.derivatives(&psi);
    if score.last().is_none_or(|s| *s <= 0.0) {
        return Ok(Fitted::Finite(Box::new(on_boundary(start))));
    }
    let spare = data.trials.len().saturating_sub(data.width()).max(1) as f64;
    let size = data.trials.iter().sum::<f64>() / data.trials.len() as f64;
    let moment = (start.pearson / spare - 1.0) / (size - 1.0).max(1.0);
    if let Some(rho) = psi.last_mut() {
        *rho = moment.clamp(1e-3, 0.5);
    }
    problem.climb(psi, start).map(|fit| Fitted::Finite(Box::new(fit)))
}

struct Problem<'a> {
    data: &'a Trials,
    penalty: Option<&'a Array2<f64>>,
    null: f64,
}

/// Log-likelihood of one row and its derivatives in mu and rho.
#[derive(Default)]
struct Row {
    value: f64,
    mu: f64,
    mu_mu: f64,
    rho: f64,
    rho_rho: f64,
    mu_rho: f64,
}

fn row(k: f64, n: f64, mu: f64, rho: f64) -> Row {
    let s = 1.0 - rho;
    let mut sum = Row::default();
    for j in 0..k as usize {
        let j = j as f64;
        let inverse = 1.0 / (mu * s + j * rho);
        let slope = (j - mu) * inverse;
        sum.value -= inverse.ln();
        sum.mu += s * inverse;
        sum.mu_mu -= (s * inverse).powi(2);
        sum.rho += slope;
        sum.rho_rho -= slope * slope;
        sum.mu_rho -= inverse + s * slope * inverse;
    }
    for j in 0..(n - k) as usize {
        let j = j as f64;
        let inverse = 1.0 / ((1.0 - mu) * s + j * rho);
        let slope = (j - 1.0 + mu) * inverse;
        sum.value -= inverse.ln();
        sum.mu -= s * inverse;
        sum.mu_mu -= (s * inverse).powi(2);
        sum.rho += slope;
        sum.rho_rho -= slope * slope;
        sum.mu_rho += inverse + s * slope * inverse;
    }
    for j in 0..n as usize {
        let j = j as f64;
        let inverse = 1.0 / (s + j * rho);
        let slope = (j - 1.0) * inverse;
        sum.value += inverse.ln();
        sum.rho -= slope;
        sum.rho_rho += slope * slope;
    }
    sum
}

impl Problem<'_> {
    fn rows(&self, psi: &[f64]) -> impl Iterator<Item = (f64, Row)> {
        let (b, rho) = (&psi[..psi.len() - 1], psi[psi.len() - 1]);
        let rates: Vec<f64> = self.data.linear(b).into_iter().map(logistic).collect();
        rates
            .into_iter()
            .zip(&self.data.successes)
            .zip(&self.data.trials)
            .map(move |((mu, k), n)| (mu, row(*k, *n, mu, rho)))
    }

    fn value(&self, psi: &[f64]) -> f64 {
        let b = &psi[..psi.len() - 1];
        let quadratic = self.penalty.map_or(0.0, |p| 0.5 * super::moments::quadratic(p.view(), b));
        self.rows(psi).map(|(_, row)| row.value).sum::<f64>() - quadratic
    }

    /// Score and negative Hessian in (b, rho).
    fn derivatives(&self, psi: &[f64]) -> (Vec<f64>, Array2<f64>) {
        let m = self.data.width();
        let mut score = vec![0.0; m + 1];
        let mut curvature = Array2::zeros((m + 1, m + 1));
        for (x, (mu, row)) in self.data.x.rows().into_iter().zip(self.rows(psi)) {
            let first = mu * (1.0 - mu);
            let slope = row.mu * first;
            let bend = -(row.mu_mu * first * first + row.mu * first * (1.0 - 2.0 * mu));
            let mixed = -row.mu_rho * first;
            for j in 0..m {
                score[j] += slope * x[j];
                curvature[[m, j]] += mixed * x[j];
                for l in 0..=j {
                    curvature[[j, l]] += bend * x[j] * x[l];
                }
            }
            score[m] += row.rho;
            curvature[[m, m]] -= row.rho_rho;
        }
        if let Some(penalty) = self.penalty {
            for (j, pull) in crate::linalg::times(penalty.view(), &psi[..m]).into_iter().enumerate() {
                score[j] -= pull;
                for l in 0..=j {
                    curvature[[j, l]] += penalty[[j, l]];
                }
            }
        }
        for j in 0..m {
            for l in j + 1..=m {
                curvature[[j, l]] = curvature[[l, j]];
            }
        }
        (score, curvature)
    }

    fn climb(&self, mut psi: Vec<f64>, binomial: BinomialFit) -> Result<BetaBinomialFit> {
        let mut gap = f64::INFINITY;
        for iterations in 1..=STEPS {
            let (score, curvature) = self.derivatives(&psi);
            let (factor, steepened) = definite(curvature);
            let direction = factor.solve(&score);
            gap = (0.5 * dot(&score, &direction) / self.null).max(0.0);
            let done = !steepened && gap <= TOLERANCE * 1e-6;
            let moved = self.halve(&mut psi, &direction);
            if done || (!moved && !steepened && gap <= TOLERANCE) {
                return Ok(self.finish(&psi, binomial, iterations, gap));
            }
            if !moved {
                break;
            }
        }
        Err(Error::Convergence {
            what: "beta-binomial regression".into(),
            iterations: STEPS,
            gap,
            tolerance: TOLERANCE,
            remedy: "Use Logistic with dispersion=\"quasi\".".into(),
        })
    }

    fn halve(&self, psi: &mut Vec<f64>, direction: &[f64]) -> bool {
        let start = self.value(psi);
        let last = psi.len() - 1;
        let mut share = 1.0;
        for _ in 0..40 {
            let mut trial: Vec<f64> = psi.iter().zip(direction).map(|(p, d)| p + share * d).collect();
            // Steps across a boundary of rho go most of the way to it.
            trial[last] = trial[last].clamp(0.05 * psi[last], 1.0 - 0.05 * (1.0 - psi[last]));
            if self.value(&trial) >= start - 1e-14 * start.abs() {
                *psi = trial;
                return true;
            }
            share *= 0.5;
        }
        false
    }

    fn finish(&self, psi: &[f64], binomial: BinomialFit, iterations: usize, gap: f64) -> BetaBinomialFit {
        let m = self.data.width();
        let (factor, _) = definite(self.derivatives(psi).1);
        let inverse = factor.inverse();
        let penalty = self.penalty.map_or(0.0, |p| 0.5 * super::moments::quadratic(p.view(), &psi[..m]));
        BetaBinomialFit {
            coefficients: self.data.raw(&psi[..m]),
            rho: psi[m],
            covariance: self.data.raw_covariance(inverse.slice(ndarray::s![..m, ..m])),
            rho_error: Some(inverse[[m, m]].sqrt()),
            log_likelihood: self.value(psi) + penalty + self.data.log_coefficients(),
            binomial,
            iterations,
            gap,
        }
    }
}

fn on_boundary(binomial: BinomialFit) -> BetaBinomialFit {
    BetaBinomialFit {
        coefficients: binomial.coefficients.clone(),
        rho: 0.0,
        covariance: binomial.covariance.clone(),
        rho_error: None,
        log_likelihood: binomial.log_likelihood,
        iterations: binomial.iterations,
        gap: binomial.gap,
        binomial,
    }
}

/// The factor of a curvature, with what it took of a diagonal to make it definite.
pub(super) fn definite(mut curvature: Array2<f64>) -> (Cholesky, bool) {
    let size = curvature.diag().iter().fold(1e-8, |a: f64, d| a.max(d.abs()));
    let mut added = 0.0;
    loop {
        if let Some(factor) = Cholesky::factor(curvature.view()).definite() {
            return (factor, added > 0.0);
        }
        let more = if added == 0.0 { 1e-6 * size } else { 9.0 * added };
        added += more;
        for d in curvature.diag_mut() {
            *d += more;
        }
    }
}
