//! From counts to a fit on the log-odds scale, and its tuning.

use super::design::Model;
use super::finish::{LogOdds, Problem, ProfileInterval, SchemeFit, Status};
use super::likelihood::{Estimate, Likelihood};
use super::tune::Tuned;
use super::{Scheme, Setting, check_penalty, check_weights};
use crate::error::{Result, input};
use crate::job::Control;
use crate::regress::CrossMoments;
use crate::regress::boundary::{self, BoundaryTest};
use crate::regress::firth_profile::Profile;
use crate::regress::separation::Fitted;
use crate::stream::Seed;
use ndarray::{Array2, ArrayView2, Axis};

/// k of n per row. Rows of one site that agree in items and covariates are added up before anything is fitted.
#[derive(Debug, Clone)]
pub struct Counts {
    /// Scores, n x p.
    pub items: Array2<f64>,
    /// Covariates, n x q.
    pub covariates: Array2<f64>,
    /// Successes per row.
    pub successes: Vec<f64>,
    /// Trials per row.
    pub trials: Vec<f64>,
    /// Site of each row as a number from 0.
    pub sites: Vec<usize>,
    /// Whether every participant counts the same; otherwise k and n carry the weights and are no counts.
    pub whole: bool,
}

/// What [`Counts::new`] is made from; vectors of length n.
#[derive(Debug, Clone, Copy)]
pub struct CountRows<'a> {
    /// Scores, n x p.
    pub items: ArrayView2<'a, f64>,
    /// Covariates, n x q.
    pub covariates: Option<ArrayView2<'a, f64>>,
    /// Successes per row.
    pub successes: &'a [f64],
    /// Trials per row.
    pub trials: &'a [f64],
    /// Weight of each row, where participants do not all count the same.
    pub weights: Option<&'a [f64]>,
    /// Site of each row as a number from 0; `None`: every row is a site.
    pub sites: Option<&'a [usize]>,
}

impl Counts {
    /// Adds up rows that agree within their site. With weights, k and n are scaled so that n follows the weights and adds up
    /// to the number of participants.
    pub fn new(rows: CountRows<'_>) -> Result<Self> {
        let n = rows.items.nrows();
        let lengths = [rows.successes.len(), rows.trials.len(), rows.sites.map_or(n, <[usize]>::len)];
        if n == 0 || lengths.iter().any(|l| *l != n) || rows.weights.is_some_and(|w| w.len() != n) {
            return Err(input("items, outcome, trials and sites of different length").allowed("one per row").into());
        }
        let covariates = rows.covariates.map_or_else(|| Array2::zeros((n, 0)), |z| z.to_owned());
        let site_of = |i: usize| rows.sites.map_or(i, |s| s[i]);
        let everyone: f64 = rows.trials.iter().sum();
        let heaviness = rows.weights.map_or(1.0, |w| everyone / w.iter().sum::<f64>());
        let factor = |i: usize| rows.weights.map_or(1.0, |w| w[i] * heaviness / rows.trials[i]);
        let mut order: Vec<usize> = (0..n).filter(|i| factor(*i) > 0.0).collect();
        order.sort_by_key(|i| site_of(*i));
        let mut out = Self {
            items: Array2::zeros((0, 0)),
            covariates: Array2::zeros((0, 0)),
            successes: Vec::new(),
            trials: Vec::new(),
            sites: Vec::new(),
            whole: (0..n).all(|i| (factor(i) - 1.0).abs() < 1e-12),
        };
        let mut kept: Vec<usize> = Vec::new();
        let mut first = 0;
        for i in order {
            if out.sites.last() != Some(&site_of(i)) {
                first = kept.len();
            }
            let same = |k: &usize| rows.items.row(*k) == rows.items.row(i) && covariates.row(*k) == covariates.row(i);
            let at = kept[first..].iter().position(same).map_or(kept.len(), |at| first + at);
            if at == kept.len() {
                kept.push(i);
                out.sites.push(site_of(i));
                out.successes.push(0.0);
                out.trials.push(0.0);
            }
            let factor = if out.whole { 1.0 } else { factor(i) };
            out.successes[at] += factor * rows.successes[i];
            out.trials[at] += factor * rows.trials[i];
        }
        out.items = rows.items.select(Axis(0), &kept);
        out.covariates = covariates.select(Axis(0), &kept);
        Ok(out)
    }

    /// Site labels that occur.
    pub fn site_list(&self) -> Vec<usize> {
        let mut sites = self.sites.clone();
        sites.dedup();
        sites
    }

    /// Moments of the rates, weighted by trials: what estimability and constant items are read from.
    pub fn moments(&self) -> Result<CrossMoments> {
        let rates: Vec<f64> = self.successes.iter().zip(&self.trials).map(|(k, n)| k / n).collect();
        let z = (self.covariates.ncols() > 0).then(|| self.covariates.view());
        let mut moments = CrossMoments::from_rows(self.items.view(), z, &rates, Some(&self.trials))?;
        moments.units = if self.trials.len() == self.site_list().len() { self.trials.len() } else { moments.units };
        Ok(moments)
    }

    /// The rows of all sites but one, or of that one alone.
    #[must_use]
    pub fn split(&self, site: usize, alone: bool) -> Self {
        let rows: Vec<usize> = (0..self.sites.len()).filter(|i| (self.sites[*i] == site) == alone).collect();
        let sites = rows.iter().map(|i| self.sites[*i]).collect();
        self.select(&rows, sites)
    }

    /// These rows, which may repeat, under these site labels (rising).
    #[must_use]
    pub fn select(&self, rows: &[usize], sites: Vec<usize>) -> Self {
        Self {
            items: self.items.select(Axis(0), rows),
            covariates: self.covariates.select(Axis(0), rows),
            successes: rows.iter().map(|i| self.successes[*i]).collect(),
            trials: rows.iter().map(|i| self.trials[*i]).collect(),
            sites,
            whole: self.whole,
        }
    }
}

/// Fits a scheme on the log-odds scale, at its own penalty or the setting's. With a `level`, Firth's also has profile intervals and
/// penalised likelihood-ratio tests, one per item; `None` for items whose slope the design does not determine. They are made in
/// the threads of the pool at hand.
pub fn fit_counts(scheme: &Scheme, counts: &Counts, setting: &Setting, level: Option<f64>) -> Result<SchemeFit> {
    let Some(likelihood) = scheme.likelihood() else {
        return Err(input("scheme without a likelihood").got(scheme.name()).into());
    };
    let whole = counts.moments()?;
    let problem = Problem::new(&whole, setting)?;
    let (k, n): (f64, f64) = (counts.successes.iter().sum(), counts.trials.iter().sum());
    let overall = ((k + 0.5) / (n - k + 0.5)).ln();
    if k == 0.0 || k == n {
        return Ok(problem.blank_log_odds(overall, Status::Undefined, "every outcome is the same"));
    }
    if let Some(early) = problem.hopeless() {
        return Ok(problem.blank_log_odds((k / (n - k)).ln(), early.status, &early.reason));
    }
    likelihood.check(counts)?;
    let target = varying_target(likelihood.target(), &problem)?;
    let penalty = match likelihood.penalty() {
        Some(own) => check_penalty(setting.penalty.or(own).unwrap_or(0.0))?,
        None => 0.0,
    };
    if penalty > 0.0 && problem.adjusted.slope_on(&target).is_none() {
        let reason = "the target's score does not vary between sites";
        return Ok(problem.blank_log_odds(overall, Status::Undefined, reason));
    }
    let model = if likelihood.penalty().is_some() {
        Model::new(counts, &problem, &target, penalty)?
    } else {
        Model::with_score(counts, &problem, likelihood.target().is_some().then_some(&target[..]))?
    };
    let single = penalty.is_finite() && problem.estimability.rank == problem.varying().len();
    let found = likelihood.estimate(&model, level.filter(|_| single))?;
    let estimate = match found {
        Fitted::Finite(estimate) => *estimate,
        Fitted::Separated(separation) => {
            return Ok(problem.separated(overall, &separation, &model.map));
        }
    };
    let pinned = likelihood.target().cloned().unwrap_or_else(|| vec![1.0; problem.whole.items]);
    let mut fit = finish(&problem, &model, &estimate, penalty, likelihood.penalty().is_some(), &pinned)?;
    if let (Likelihood::Firth(_), Some(_), Some(uncertainty)) = (likelihood, level, &mut fit.uncertainty) {
        uncertainty.profiles = by_item(&estimate.profiles, &problem);
    }
    fit.diagnostics.extend(estimate.diagnostics);
    fit.diagnostics.insert("participants".into(), n);
    Ok(fit)
}

/// Intervals of the varying items at their places among all items.
fn by_item(profiles: &[Profile], problem: &Problem<'_>) -> Vec<Option<ProfileInterval>> {
    let mut out = vec![None; problem.whole.items];
    for (j, found) in problem.varying().iter().zip(profiles) {
        let Profile { low, high, statistic, p_value } = *found;
        out[*j] = Some(ProfileInterval { low, high, statistic, p_value });
    }
    out
}

fn finish(
    problem: &Problem<'_>,
    model: &Model,
    estimate: &Estimate,
    penalty: f64,
    penalised: bool,
    target: &[f64],
) -> Result<SchemeFit> {
    let null = model.null_deviance()?;
    let eta = model.trials.linear(&model.trials.scaled(&estimate.coefficients));
    let deviance = 2.0 * (model.trials.saturated_kernel() - model.trials.kernel(&eta));
    let r_squared = if null > 0.0 { 1.0 - deviance / null } else { 0.0 };
    // Items that do not vary keep their share of the target, as in the linear schemes.
    let prior = if penalty > 0.0 { target } else { &problem.setting.prior };
    Ok(problem.finish_log_odds(
        LogOdds {
            slopes: model.slopes(&estimate.coefficients),
            intercept: estimate.intercept.unwrap_or(estimate.coefficients[0]),
            covariates: model.covariates(&estimate.coefficients, problem.whole.covariates()),
            r_squared,
            penalty: penalised.then_some(penalty),
            gap: estimate.gap,
            covariance: model.slope_covariance(&estimate.covariance),
            df: estimate.df,
            method: estimate.method,
            sites: model.site_count,
        },
        prior,
    ))
}

/// The target with zeros for constant items; ones where none is given.
fn varying_target(target: Option<&Vec<f64>>, problem: &Problem<'_>) -> Result<Vec<f64>> {
    let items = problem.whole.items;
    let mut target = match target {
        Some(target) => {
            check_weights("target weights", target, items)?;
            target.clone()
        }
        None => vec![1.0; items],
    };
    for j in &problem.estimability.constant {
        target[*j] = 0.0;
    }
    Ok(target)
}

/// Chooses an open penalty by the log-likelihood of left-out sites, then fits; `level` as for [`fit_counts`].
pub fn tune_and_fit(
    scheme: &Scheme,
    counts: &Counts,
    setting: &Setting,
    level: Option<f64>,
) -> Result<(SchemeFit, Option<Tuned>)> {
    let open = scheme.likelihood().and_then(Likelihood::penalty) == Some(None);
    if !open {
        return Ok((fit_counts(scheme, counts, setting, level)?, None));
    }
    let sites = counts.site_list();
    if sites.len() < 3 {
        return Err(input("too few sites to choose a penalty")
            .got(sites.len())
            .allowed("3 or more")
            .remedy("Give the penalty.")
            .into());
    }
    let mut penalties = super::tune::grid(&counts.moments()?, true);
    // Two steps a decade: a log-likelihood over few sites is flat, and every step is a series of fits.
    penalties =
        penalties.into_iter().enumerate().filter(|(k, p)| k % 2 == 0 || p.is_infinite()).map(|(_, p)| p).collect();
    let mut errors = vec![0.0; penalties.len()];
    let everyone: f64 = counts.trials.iter().sum();
    for site in sites {
        let (train, held) = (counts.split(site, false), counts.split(site, true));
        for (error, penalty) in errors.iter_mut().zip(&penalties) {
            let fit = fit_counts(scheme, &train, &setting.with_penalty(Some(*penalty)), None)?;
            *error += held_out_loss(&fit, &held) / everyone;
        }
    }
    // Of equals the strongest.
    let best = (0..errors.len()).fold(0, |best, k| if errors[k] <= errors[best] * (1.0 + 1e-12) { k } else { best });
    let fit = fit_counts(scheme, counts, &setting.with_penalty(Some(penalties[best])), level)?;
    Ok((fit, Some(Tuned { penalty: penalties[best], penalties, errors })))
}

/// Minus the log-likelihood kernel of a left-out site; a separated fit predicts from its intercept.
fn held_out_loss(fit: &SchemeFit, held: &Counts) -> f64 {
    let score = |i: usize| {
        let items: f64 = held.items.row(i).iter().zip(&fit.slopes).map(|(x, b)| x * b).sum();
        let others: f64 = held.covariates.row(i).iter().zip(&fit.covariates).map(|(z, b)| z * b).sum();
        fit.intercept + items + others
    };
    (0..held.trials.len())
        .map(|i| {
            let eta = score(i);
            held.trials[i] * crate::num::logistic::softplus(eta) - held.successes[i] * eta
        })
        .sum()
}

/// The parametric bootstrap of the site effect behind a random intercept, the items' slopes free.
pub fn site_effect_test(
    scheme: &Scheme,
    counts: &Counts,
    setting: &Setting,
    draws: usize,
    seed: Seed,
    control: &Control,
) -> Result<BoundaryTest> {
    let Scheme::RandomIntercept(own) = scheme else {
        return Err(input("scheme without a site effect").got(scheme.name()).allowed("random intercept").into());
    };
    Likelihood::RandomIntercept(own).check(counts)?;
    let whole = counts.moments()?;
    let problem = Problem::new(&whole, setting)?;
    let model = Model::new(counts, &problem, &vec![1.0; whole.items], 0.0)?;
    if model.trials.width() >= model.site_count {
        return Err(input("too few sites for a test of the site effect")
            .got(format!("{} sites, {} coefficients", model.site_count, model.trials.width()))
            .allowed("more sites than coefficients")
            .remedy("Test it beside the total score: give one column with the totals.")
            .into());
    }
    boundary::test(&model.trials, &model.sites, own.nodes, draws, seed, control)
}
