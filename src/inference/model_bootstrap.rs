//! Bootstraps that keep the columns and draw outcomes from the fit (Davison and Hinkley 1997, sections 6.3 and 7.2).
//!
//! Parametric: normal errors of the residual variance, or binomial counts at the fitted probabilities. Residual: errors drawn
//! with replacement from the residuals, each over the root of 1 - leverage and less their mean, or as they are. Every replicate is
//! fitted as the data were, and carries the model's standard errors, so that intervals can be studentized.

use super::logit::LogitData;
use super::regression::{Fit, Rows, dispersion};
use super::working::Working;
use crate::error::{Result, input};
use crate::job::Control;
use crate::linalg::times;
use crate::num::binomial::BinomialTable;
use crate::parallel::Threads;
use crate::resample::run::in_waves;
use crate::stream::{Purpose, Seed, Stream};
use rand_distr::{Distribution, StandardNormal};
use serde::Deserialize;

const ROUNDING: f64 = 1e-13;

/// Where errors come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Errors {
    /// The fitted law.
    Parametric,
    /// Residuals over the root of 1 - leverage, centred.
    Adjusted,
    /// Residuals as they are, centred.
    Raw,
}

/// Replicates `first..first + count`: coefficients, then the model's standard errors, 2 k numbers each; not a number where a logistic
/// replicate has no finite maximum.
pub fn replicates(
    rows: &Rows,
    errors: Errors,
    seed: Seed,
    (first, count): (u64, usize),
    threads: Threads,
    control: &Control,
) -> Result<Vec<f64>> {
    let fit = rows.fit()?;
    control.set_total(count as u64);
    match &fit {
        Fit::Linear(both) => {
            let linear = Linear::new(&both.0, &both.1, errors)?;
            let worker = || vec![0.0; both.0.residuals.len()];
            in_waves(count, 2 * linear.b.len(), threads, control, worker, |e, i, out| {
                linear.draw(&mut seed.stream(Purpose::Parametric, first + i as u64), e);
                linear.refit(e, out);
            })
        }
        Fit::Logit(both) => {
            if errors != Errors::Parametric {
                return Err(input("residuals of a logistic regression cannot be drawn")
                    .at("plan")
                    .allowed("a parametric bootstrap of family \"binomial\"")
                    .remedy("A count is no mean plus an error: use sy.plans.Parametric(), or sites.")
                    .into());
            }
            let (data, fit) = (&both.0, &both.1);
            let laws: Vec<BinomialTable> =
                data.trials.iter().zip(&fit.fitted).map(|(n, p)| BinomialTable::new(*n as u64, *p)).collect();
            let worker = || data.clone();
            in_waves(count, 2 * fit.coefficients.len(), threads, control, worker, |data, i, out| {
                let mut stream = seed.stream(Purpose::Parametric, first + i as u64);
                data.successes.iter_mut().zip(&laws).for_each(|(k, law)| *k = law.draw(stream.bits()));
                refit(data, &fit.coefficients, out);
            })
        }
    }
}

/// A logistic replicate, climbed from the fit.
fn refit(data: &LogitData, start: &[f64], out: &mut [f64]) {
    let Ok(fit) = data.fit(Some(start)) else { return out.fill(f64::NAN) };
    let (b, errors) = out.split_at_mut(start.len());
    b.copy_from_slice(&fit.coefficients);
    errors.iter_mut().zip(fit.working.bread().diag()).for_each(|(e, v)| *e = v.sqrt());
}

struct Linear<'a> {
    working: &'a Working,
    b: &'a [f64],
    /// What errors are drawn from; empty for the normal law.
    residuals: Vec<f64>,
    sd: f64,
    /// Roots of the diagonal of (X'X)^-1.
    lengths: Vec<f64>,
}

impl<'a> Linear<'a> {
    fn new(working: &'a Working, b: &'a [f64], errors: Errors) -> Result<Self> {
        let (n, k) = (working.residuals.len(), working.width());
        if n <= k {
            return Err(input("no residuals to draw from")
                .at("plan")
                .got(format!("{n} rows, {k} coefficients"))
                .allowed("more rows than coefficients")
                .into());
        }
        let leverage = working.q.rows().into_iter().map(|q| q.dot(&q));
        let mut residuals: Vec<f64> = match errors {
            Errors::Parametric => Vec::new(),
            Errors::Raw => working.residuals.clone(),
            // A row that the fit goes through whatever its outcome has no residual.
            Errors::Adjusted => {
                let pairs = working.residuals.iter().zip(leverage);
                pairs.map(|(e, h)| if h < 1.0 - 1e-9 { e / (1.0 - h).sqrt() } else { 0.0 }).collect()
            }
        };
        let mean = residuals.iter().sum::<f64>() / n as f64;
        for e in &mut residuals {
            *e -= mean;
        }
        let lengths = working.bread().diag().iter().map(|v| v.sqrt()).collect();
        Ok(Self { working, b, residuals, sd: dispersion(working).sqrt(), lengths })
    }

    fn draw(&self, stream: &mut Stream, e: &mut [f64]) {
        if self.residuals.is_empty() {
            let mut normal = || -> f64 { StandardNormal.sample(stream.rng()) };
            e.fill_with(|| self.sd * normal());
        } else {
            e.fill_with(|| self.residuals[stream.below(self.residuals.len() as u32) as usize]);
        }
    }

    /// b + (X'X)^-1 X'e, and the standard errors of the fit to the replicate.
    fn refit(&self, e: &[f64], out: &mut [f64]) {
        let (n, k) = (e.len(), self.b.len());
        let coordinates: Vec<f64> =
            (0..k).map(|j| self.working.q.column(j).iter().zip(e).map(|(q, e)| q * e).sum()).collect();
        let inside: f64 = coordinates.iter().map(|c| c * c).sum();
        let total = e.iter().map(|e| e * e).sum::<f64>();
        // What rounding leaves of errors that the columns explain is none.
        let left = if total - inside > ROUNDING * total { total - inside } else { 0.0 };
        let sd = (left / (n - k) as f64).sqrt();
        let moved = times(self.working.back.view(), &coordinates);
        for j in 0..k {
            out[j] = self.b[j] + moved[j];
            out[k + j] = sd * self.lengths[j];
        }
    }
}
