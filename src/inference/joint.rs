//! Joint tests of several linear hypotheses C b = d: Wald with a robust covariance, and Rao's score test.
//!
//! With few clusters the Wald statistic is no F with the usual degrees of freedom. Pustejovsky and Tipton (2018,
//! <https://doi.org/10.1080/07350015.2016.1247004>) match a Wishart to the covariance: with D the covariance of C b
//! standardised by what it is under independent errors, eta = q (q + 1) / sum of Var(D_st), and
//! (eta - q + 1) / (eta q) W is compared with F(q, eta - q + 1), Hotelling's law.

use super::covariance::{Kind, Unit, units_of};
use super::logit::LogitData;
use super::regression::{Covariance, Fit, Freedom, Rows};
use super::working::Working;
use crate::error::{Error, Result, input};
use crate::linalg::{Cholesky, SymmetricEigen, times};
use crate::num::special::{chi2_upper, f_upper};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

const STEPS: usize = 100;

/// Linear hypotheses.
#[derive(Debug, Clone)]
pub struct Hypothesis {
    /// q x k.
    pub contrasts: Array2<f64>,
    /// What C b is under the null, length q.
    pub null: Vec<f64>,
}

/// How the statistic is judged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "law", content = "df")]
pub enum Law {
    /// Hotelling's T² with eta degrees of freedom.
    Hotelling(f64),
    /// F with so many in the denominator.
    F(f64),
    /// Chi-squared.
    ChiSquared,
}

/// A joint test.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JointTest {
    /// The quadratic form W.
    pub wald: f64,
    /// The F ratio: W / q, times (eta - q + 1) / eta under Hotelling's law.
    pub statistic: f64,
    /// Hypotheses that are tested, q.
    pub hypotheses: usize,
    /// Degrees of freedom of the denominator; infinite for chi-squared.
    pub denominator: f64,
    /// Wishart degrees of freedom, under Hotelling's law.
    pub wishart: Option<f64>,
    /// Its p.
    pub pvalue: f64,
}

impl Hypothesis {
    /// C b - d.
    pub fn distance(&self, b: &[f64]) -> Vec<f64> {
        times(self.contrasts.view(), b).iter().zip(&self.null).map(|(value, null)| value - null).collect()
    }

    /// The contrasts in the coordinates of the fit, k x q.
    pub fn directions(&self, fit: &Working) -> Array2<f64> {
        self.contrasts.dot(&fit.back).t().to_owned()
    }

    /// Refuses hypotheses that contradict or repeat one another, or ask for nothing.
    pub fn check(&self) -> Result<()> {
        let gram = self.contrasts.dot(&self.contrasts.t());
        if gram.is_empty() || Cholesky::factor(gram.view()).definite().is_none() {
            return Err(input("hypotheses that depend on one another")
                .at("hypotheses")
                .got(format!("{} for {} coefficients", self.contrasts.nrows(), self.contrasts.ncols()))
                .allowed("rows none of which the others give")
                .into());
        }
        Ok(())
    }
}

/// distance' V^-1 distance.
fn quadratic(covariance: ArrayView2<'_, f64>, distance: &[f64]) -> Result<f64> {
    let factor = Cholesky::factor(covariance).definite().ok_or_else(|| singular(distance.len()))?;
    Ok(factor.solve(distance).iter().zip(distance).map(|(v, d)| v * d).sum())
}

fn singular(hypotheses: usize) -> Error {
    input("covariance of the hypotheses is singular")
        .at("hypotheses")
        .got(hypotheses)
        .allowed("fewer hypotheses than independent units")
        .remedy("Test fewer coefficients at once: sites are too few to tell them apart.")
        .into()
}

/// Wald's test of the hypotheses at an estimate `b` with its covariance.
pub fn wald(covariance: ArrayView2<'_, f64>, b: &[f64], hypothesis: &Hypothesis, law: Law) -> Result<JointTest> {
    let c = &hypothesis.contrasts;
    let w = quadratic(c.dot(&covariance).dot(&c.t()).view(), &hypothesis.distance(b))?;
    judged(w, c.nrows(), law)
}

fn judged(w: f64, hypotheses: usize, law: Law) -> Result<JointTest> {
    let q = hypotheses as f64;
    let (statistic, denominator, wishart) = match law {
        Law::Hotelling(eta) => (w / q * (eta - q + 1.0) / eta, eta - q + 1.0, Some(eta)),
        Law::F(df) => (w / q, df, None),
        Law::ChiSquared => (w / q, f64::INFINITY, None),
    };
    if denominator.is_nan() || denominator <= 0.0 {
        return Err(input("too few degrees of freedom for a joint test")
            .at("hypotheses")
            .got(format!("{hypotheses} hypotheses, {denominator:.2} degrees of freedom in the denominator"))
            .allowed("more than 0")
            .remedy("Test fewer coefficients at once.")
            .into());
    }
    let pvalue = if denominator.is_finite() { f_upper(statistic, q, denominator) } else { chi2_upper(w, q) };
    Ok(JointTest { wald: w, statistic, hypotheses, denominator, wishart, pvalue })
}

/// Wishart degrees of freedom of the covariance of C b under independent errors of one size.
pub fn wishart(fit: &Working, kind: Kind, hypothesis: &Hypothesis) -> Result<f64> {
    let directions = hypothesis.directions(fit);
    let q = directions.ncols();
    let mut parts: Vec<(Array2<f64>, Array2<f64>)> =
        units_of(fit, kind)?.iter().map(|unit| unit.forms(directions.view())).collect();
    let mut expected = Array2::<f64>::zeros((q, q));
    for (w, a) in &parts {
        expected += a;
        expected -= &w.t().dot(w);
    }
    let root = SymmetricEigen::new(expected.view())?.function(q, |value| value.sqrt().recip());
    for (w, a) in &mut parts {
        *w = w.dot(&root);
        *a = root.dot(&*a).dot(&root);
    }
    let variance: f64 = (0..q).flat_map(|s| (0..q).map(move |t| (s, t))).map(|(s, t)| element(&parts, s, t)).sum();
    Ok(q as f64 * (q as f64 + 1.0) / variance)
}

/// Var(D_st), where unit g adds u_gs u_gt and Cov(u_g, u_h) = a_g 1(g = h) - w_g' w_h (q x q; w_g is k x q): the sum over
/// g and h of cov_ss cov_tt + cov_st cov_ts (Isserlis 1918).
fn element(parts: &[(Array2<f64>, Array2<f64>)], s: usize, t: usize) -> f64 {
    let k = parts.first().map_or(0, |(w, _)| w.nrows());
    let mut outer = Array2::<f64>::zeros((k, k));
    let mut sum = 0.0;
    for (w, a) in parts {
        let (ws, wt) = (w.column(s), w.column(t));
        let (ss, tt, st) = (ws.dot(&ws), wt.dot(&wt), ws.dot(&wt));
        sum += a[[s, s]] * a[[t, t]] - a[[s, s]] * tt - a[[t, t]] * ss;
        sum += a[[s, t]] * a[[t, s]] - 2.0 * a[[s, t]] * st;
        for i in 0..k {
            for j in 0..k {
                outer[[i, j]] += ws[i] * wt[j];
            }
        }
    }
    sum + outer.iter().map(|v| v * v).sum::<f64>() + (&outer * &outer.t()).sum()
}

/// Rao's score test by unit: `held` is the working model at the estimate that obeys the null. Each unit adds its score
/// along the hypotheses; their squares about their mean estimate the variance, which `factor` multiplies (so that the test
/// does not lose its power far from the null, where the mean is not zero).
pub fn score(held: &Working, hypothesis: &Hypothesis, factor: f64, law: Law) -> Result<JointTest> {
    let directions = hypothesis.directions(held);
    let q = directions.ncols();
    let scores: Vec<Vec<f64>> = held.clusters.iter().map(|c| times(directions.t(), &c.score)).collect();
    let sum: Vec<f64> = (0..q).map(|i| scores.iter().map(|s| s[i]).sum()).collect();
    let mean: Vec<f64> = sum.iter().map(|s| s / scores.len() as f64).collect();
    let product = |i: usize, j: usize| scores.iter().map(|s| (s[i] - mean[i]) * (s[j] - mean[j])).sum::<f64>();
    let variance = Array2::from_shape_fn((q, q), |(i, j)| factor * product(i, j));
    judged(quadratic(variance.view(), &sum)?, q, law)
}

/// The working model of least squares with its residuals at the estimate that obeys the null.
pub fn restricted(fit: &Working, b: &[f64], hypothesis: &Hypothesis) -> Result<Working> {
    let directions = hypothesis.directions(fit);
    let gram = directions.t().dot(&directions);
    let factor = Cholesky::factor(gram.view()).definite();
    let step = factor.map(|f| f.solve(&hypothesis.distance(b))).unwrap_or_default();
    let moved = times(directions.view(), &step);
    let back = times(fit.q.view(), &moved);
    Ok(fit.clone().with_residuals(fit.residuals.iter().zip(back).map(|(e, change)| e + change).collect()))
}

impl Unit {
    /// (I - B)^-r B D as k x q, and D' (I - B)^-r B (I - B)^-r D as q x q, of the unit.
    fn forms(&self, directions: ArrayView2<'_, f64>) -> (Array2<f64>, Array2<f64>) {
        let (once, twice) = self.matrices();
        (once.dot(&directions), directions.t().dot(&twice.dot(&directions)))
    }
}

/// The logistic working model at the maximum that obeys the null: Newton steps along the hypotheses' null space.
fn restricted_logit(data: &LogitData, b: &[f64], hypothesis: &Hypothesis) -> Result<Working> {
    let mut b = b.to_vec();
    let start = data.working(&b)?;
    let away = times(start.back.view(), &lift(&hypothesis.directions(&start), &hypothesis.distance(&b)));
    b.iter_mut().zip(away).for_each(|(b, change)| *b -= change);
    let mut value = data.log_likelihood(&data.eta(&b));
    for _ in 0..STEPS {
        let working = data.working(&b)?;
        let directions = hypothesis.directions(&working);
        let total: Vec<f64> = (0..working.width()).map(|i| working.clusters.iter().map(|c| c.score[i]).sum()).collect();
        let outside = lift(&directions, &times(directions.t(), &total));
        let free: Vec<f64> = total.iter().zip(outside).map(|(c, out)| c - out).collect();
        let gap = free.iter().map(|c| c * c).sum::<f64>() / value.abs().max(1e-8);
        let moved = data.climb(&mut b, &times(working.back.view(), &free), &mut value);
        if gap < 1e-22 || (!moved && gap < 1e-12) {
            return data.working(&b);
        }
        if !moved {
            break;
        }
    }
    Err(Error::Convergence {
        what: "logistic regression under the null".into(),
        iterations: STEPS,
        gap: f64::NAN,
        tolerance: 1e-12,
        remedy: "Use test=\"wald\", which needs no fit under the null.".into(),
    })
}

/// D (D'D)^-1 v.
fn lift(directions: &Array2<f64>, v: &[f64]) -> Vec<f64> {
    let gram = directions.t().dot(directions);
    let solved = Cholesky::factor(gram.view()).definite().map(|factor| factor.solve(v));
    times(directions.view(), &solved.unwrap_or_else(|| vec![0.0; v.len()]))
}

/// Which joint test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// The estimate's distance from the null, over its covariance.
    Wald,
    /// The slope of the likelihood at the null, over its own variance by unit.
    Score,
}

impl Rows {
    /// Tests hypotheses jointly. `vcov` as in [`Rows::regression`]; the score test takes its small-sample factor only.
    pub fn joint(
        &self,
        test: Test,
        hypothesis: &Hypothesis,
        vcov: Option<Kind>,
        freedom: Option<Freedom>,
    ) -> Result<JointTest> {
        let vcov = vcov.unwrap_or(if self.sites.is_some() { Kind::CR2 } else { Kind::HC2 });
        self.check(vcov, freedom)?;
        hypothesis.check()?;
        let fit = self.fit()?;
        let (working, b) = fit.parts();
        let (n, k, g) = (self.y.len() as f64, b.len() as f64, working.clusters.len() as f64);
        if hypothesis.null.len() + 1 > working.clusters.len() {
            return Err(singular(hypothesis.null.len()));
        }
        if test == Test::Score {
            let held = match &fit {
                Fit::Linear(_) => restricted(working, b, hypothesis)?,
                Fit::Logit(both) => restricted_logit(&both.0, b, hypothesis)?,
            };
            let law = if self.sites.is_some() { Law::F(g - 1.0) } else { Law::F(n - k) };
            return score(&held, hypothesis, vcov.factor(n, k, g), law);
        }
        let covariance = Covariance::of(&fit, vcov)?.matrix;
        let law = match freedom.unwrap_or(self.own_freedom(vcov)) {
            Freedom::Satterthwaite => Law::Hotelling(wishart(working, vcov, hypothesis)?),
            Freedom::Sites => Law::F(g - 1.0),
            Freedom::Normal => Law::ChiSquared,
            Freedom::Residual => Law::F(n - k),
        };
        wald(covariance.view(), b, hypothesis, law)
    }
}
