//! Logistic regression for inference by cluster: k of n with an offset, its working model, the jackknife by refitting, and the linearised
//! wild cluster bootstrap (MacKinnon, Nielsen and Webb 2024, arXiv:2406.00650).
//!
//! At given coefficients the logistic model acts like a linear one on rows times the root of n pi (1 - pi), with
//! residuals (k - n pi) over that root. Leaving a cluster out of that linear model is CV3L; lending its scores to signs is the wild
//! bootstrap, WCLU at the estimate and WCLR at the estimate that obeys the null.

use super::wild::{Options, WildTest, check_variance, look, pvalues, read, scale_of};
use super::wild_draws::Source;
use super::wild_kernel::Kernel;
use super::wild_set::{Alternative, Ties};
use super::working::Working;
use crate::error::{Error, Result, input};
use crate::job::Control;
use crate::linalg::{dot, times};
use ndarray::{Array2, Axis};

/// A linear predictor this far out means a fitted probability of 0 or 1 in double precision.
const FAR: f64 = 35.0;
const STEPS: usize = 100;

/// Rows of k of n.
#[derive(Debug, Clone)]
pub struct LogitData {
    /// Columns, intercept included, n x k.
    pub x: Array2<f64>,
    /// Successes.
    pub successes: Vec<f64>,
    /// Trials.
    pub trials: Vec<f64>,
    /// Known part of the linear predictor.
    pub offset: Vec<f64>,
    /// Cluster of each row.
    pub codes: Vec<usize>,
    /// Columns by name.
    pub names: Vec<String>,
}

/// A maximum.
#[derive(Debug, Clone)]
pub struct LogitFit {
    /// Coefficients.
    pub coefficients: Vec<f64>,
    /// The working model at the maximum, scores by cluster included.
    pub working: Working,
    /// Fitted probabilities.
    pub fitted: Vec<f64>,
    /// Log-likelihood without binomial coefficients.
    pub log_likelihood: f64,
    /// Newton steps.
    pub iterations: usize,
    /// Half the squared Newton decrement over the log-likelihood's size.
    pub gap: f64,
}

impl LogitData {
    pub(super) fn eta(&self, b: &[f64]) -> Vec<f64> {
        self.x
            .rows()
            .into_iter()
            .zip(&self.offset)
            .map(|(row, o)| o + row.iter().zip(b).map(|(x, b)| x * b).sum::<f64>())
            .collect()
    }

    pub(super) fn log_likelihood(&self, eta: &[f64]) -> f64 {
        let row = |i: usize| {
            let soft = eta[i].max(0.0) + (-eta[i].abs()).exp().ln_1p();
            self.successes[i] * eta[i] - self.trials[i] * soft
        };
        (0..eta.len()).map(row).sum()
    }

    /// The working model at any coefficients, with its residuals set.
    pub fn working(&self, b: &[f64]) -> Result<Working> {
        let eta = self.eta(b);
        let mut rows = self.x.clone();
        let mut residuals = Vec::with_capacity(eta.len());
        for (i, mut row) in rows.rows_mut().into_iter().enumerate() {
            let p = 1.0 / (1.0 + (-eta[i]).exp());
            let root = (self.trials[i] * p * (1.0 - p)).sqrt();
            row *= root;
            residuals.push(if root > 0.0 { (self.successes[i] - self.trials[i] * p) / root } else { 0.0 });
        }
        Ok(Working::new(rows.view(), &self.codes, &self.names)?.with_residuals(residuals))
    }

    /// Maximises the likelihood by Newton steps, halved where needed, from `start`.
    pub fn fit(&self, start: Option<&[f64]>) -> Result<LogitFit> {
        let (k, n): (f64, f64) = (self.successes.iter().sum(), self.trials.iter().sum());
        if k <= 0.0 || k >= n {
            return Err(input("outcome does not vary")
                .got(format!("{k} of {n}"))
                .allowed("at least one success and one failure")
                .into());
        }
        let mut b = start.map_or_else(|| vec![0.0; self.x.ncols()], <[f64]>::to_vec);
        let mut value = self.log_likelihood(&self.eta(&b));
        let mut gap = f64::INFINITY;
        for iterations in 1..=STEPS {
            let working = self.working(&b).map_err(|error| if iterations == 1 { error } else { Self::separated() })?;
            let score = total(&working);
            gap = 0.5 * dot(&score, &score) / value.abs().max(1e-8);
            let step = times(working.back.view(), &score);
            let moved = self.climb(&mut b, &step, &mut value);
            if gap < 1e-22 || (!moved && gap < 1e-12) {
                let working = self.working(&b)?;
                let fitted = self.eta(&b).into_iter().map(|e| 1.0 / (1.0 + (-e).exp())).collect();
                return Ok(LogitFit { coefficients: b, working, fitted, log_likelihood: value, iterations, gap });
            }
            if !moved {
                break;
            }
            if self.eta(&b).iter().zip(&self.offset).any(|(e, o)| (e - o).abs() > FAR) {
                return Err(Self::separated());
            }
        }
        Err(Error::Convergence {
            what: "logistic regression".into(),
            iterations: STEPS,
            gap,
            tolerance: 1e-12,
            remedy: "Columns are close to separating the outcomes: use sy.schemes.Firth.".into(),
        })
    }

    pub(super) fn climb(&self, b: &mut [f64], step: &[f64], value: &mut f64) -> bool {
        let mut share = 1.0;
        for _ in 0..30 {
            let trial: Vec<f64> = b.iter().zip(step).map(|(b, s)| b + share * s).collect();
            let now = self.log_likelihood(&self.eta(&trial));
            if now >= *value - 1e-14 * value.abs() {
                *value = now;
                b.copy_from_slice(&trial);
                return true;
            }
            share *= 0.5;
        }
        false
    }

    fn separated() -> Error {
        input("separated outcomes")
            .got("coefficients that grow without end while the likelihood settles")
            .allowed("outcomes of both kinds on both sides of every combination of columns")
            .remedy("No finite maximum exists. Use sy.schemes.Firth, which names the direction and stays finite.")
            .into()
    }

    /// The maximum with coefficient `j` held at `value`, as coefficients of all columns.
    pub fn held(&self, j: usize, value: f64, start: &[f64]) -> Result<Vec<f64>> {
        let others: Vec<usize> = (0..self.x.ncols()).filter(|c| *c != j).collect();
        let offset = self.offset.iter().zip(self.x.column(j)).map(|(o, x)| o + value * x).collect();
        let rest: Vec<f64> = others.iter().map(|c| start[*c]).collect();
        let mut b = if others.is_empty() {
            Vec::new()
        } else {
            let names = others.iter().map(|c| self.names[*c].clone()).collect();
            let data = Self { x: self.x.select(Axis(1), &others), offset, names, ..self.clone() };
            data.fit(Some(&rest))?.coefficients
        };
        b.insert(j, value);
        Ok(b)
    }

    /// Coefficients with each cluster left out in turn.
    pub fn left_out(&self, fit: &LogitFit) -> Result<Vec<Vec<f64>>> {
        (0..fit.working.clusters.len())
            .map(|g| {
                let rows: Vec<usize> = (0..self.codes.len()).filter(|i| self.codes[*i] != g).collect();
                let pick = |v: &[f64]| rows.iter().map(|i| v[*i]).collect::<Vec<f64>>();
                let part = Self {
                    x: self.x.select(Axis(0), &rows),
                    successes: pick(&self.successes),
                    trials: pick(&self.trials),
                    offset: pick(&self.offset),
                    codes: vec![0; rows.len()],
                    names: self.names.clone(),
                };
                part.fit(Some(&fit.coefficients)).map(|f| f.coefficients).map_err(|error| {
                    input("jackknife not defined")
                        .at(format!("site number {}", g + 1))
                        .got(format!("without it: {}", why(&error)))
                        .allowed("a finite fit without each site")
                        .remedy("Use vcov=\"CV3L\" or \"CR2\", which need no refits.")
                        .into()
                })
            })
            .collect()
    }
}

/// What is wrong, without the advice that belongs to another call.
fn why(error: &Error) -> String {
    match error {
        Error::Input(parts) => parts.what.clone(),
        other => other.to_string(),
    }
}

fn total(working: &Working) -> Vec<f64> {
    let mut sum = vec![0.0; working.width()];
    for cluster in &working.clusters {
        for (s, z) in sum.iter_mut().zip(&cluster.score) {
            *s += z;
        }
    }
    sum
}

/// The linearised wild cluster bootstrap of one coefficient of a logistic fit.
pub fn wild(data: &LogitData, fit: &LogitFit, options: &Options, control: &Control) -> Result<WildTest> {
    let estimate = fit.coefficients[options.term];
    if !options.restricted {
        return super::wild::wild(&fit.working, estimate, options, control);
    }
    let observed = Kernel::new(&fit.working, options.term, options.variant, false)?;
    let se = check_variance(observed.variance)?;
    let (law, source) = options.source(observed.clusters)?;
    let at = |null: f64| -> Result<WildTest> {
        let b = data.held(options.term, null, &fit.coefficients)?;
        // Residuals at the restricted estimate are the restricted ones: nothing depends on delta any more.
        let kernel = Kernel::new(&data.working(&b)?, options.term, options.variant, true)?.fixed(0.0);
        let tau = (estimate - null) / se;
        let seen = look(&kernel, law, source, (false, false), tau, &scale_of(&kernel), options, control)?;
        let mut test = read(&seen, estimate, se, observed.factor, tau, (law, source), options);
        test.pvalues = pvalues(&seen, options.alternative, source != Source::Enumerated);
        Ok(test)
    };
    let mut test = at(options.null)?;
    if let Some(level) = options.level {
        let wide = se * observed.factor.sqrt();
        let inside = |null: f64| -> Result<bool> {
            let p = at(null)?.pvalues;
            let p = match options.ties {
                Ties::Weak => p.weak,
                Ties::Strict => p.strict,
                Ties::Mid => p.mid,
            };
            Ok(p > 1.0 - level)
        };
        let low = match options.alternative {
            Alternative::Less => f64::NEG_INFINITY,
            _ => edge(estimate, -wide, inside)?,
        };
        let high = match options.alternative {
            Alternative::Greater => f64::INFINITY,
            _ => edge(estimate, wide, inside)?,
        };
        test.confidence_set = Some(vec![(low, high)]);
    }
    Ok(test)
}

/// Walks away from the estimate until the null value is rejected, then halves the step; each null value is a fit of its own.
fn edge(estimate: f64, step: f64, inside: impl Fn(f64) -> Result<bool>) -> Result<f64> {
    let (mut near, mut reach) = (0.0, 2.0);
    while inside(estimate + reach * step)? {
        near = reach;
        reach *= 1.5;
        if reach > 60.0 {
            return Ok(f64::INFINITY.copysign(step));
        }
    }
    while reach - near > 1e-5 {
        let middle = 0.5 * (near + reach);
        if inside(estimate + middle * step)? {
            near = middle;
        } else {
            reach = middle;
        }
    }
    Ok(estimate + near * step)
}
