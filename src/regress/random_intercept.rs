//! Logistic regression with a random intercept per site, by adaptive Gauss-Hermite quadrature.
//!
//! Each site's effect is normal with standard deviation tau. Its integral is taken over 1 to 25 nodes about the mode, scaled by
//! the curvature there (`site_integral`); one node is Laplace's method, which is not maximum likelihood.

use super::binomial::{BinomialFit, TOLERANCE, fit as binomial, null_objective};
use super::separation::Fitted;
use super::site_integral::{Nodes, SiteRows, Space};
use super::trials::Trials;
use crate::error::{Error, Result, input};
use crate::linalg::{Columns, dot};
use crate::num::logistic::logistic;
use ndarray::{Array2, ArrayView2};

/// A maximum. Coefficients are on the columns as given, the intercept first.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomInterceptFit {
    /// Intercept and slopes, length m.
    pub coefficients: Vec<f64>,
    /// Standard deviation of the site effects.
    pub tau: f64,
    /// Inverse of the observed information of the coefficients, tau estimated alongside (held at zero on the boundary).
    pub covariance: Array2<f64>,
    /// Log-likelihood by quadrature, binomial coefficients included.
    pub log_likelihood: f64,
    /// The fit without site effects.
    pub binomial: BinomialFit,
    /// Mode of each site's effect, in units of the linear predictor.
    pub modes: Vec<f64>,
    /// Evaluations of the likelihood with its gradient.
    pub evaluations: usize,
    /// Half the squared Newton decrement relative to the null objective.
    pub gap: f64,
}

impl RandomInterceptFit {
    /// Twice the gain of log-likelihood over the fit without site effects.
    pub fn likelihood_ratio(&self) -> f64 {
        (2.0 * (self.log_likelihood - self.binomial.log_likelihood)).max(0.0)
    }
}

/// How to fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options<'a> {
    /// Quadrature nodes, 1 to 25.
    pub nodes: usize,
    /// A quadratic penalty on raw coefficients, m x m.
    pub penalty: Option<ArrayView2<'a, f64>>,
    /// Whether a gamma prior of shape 2 and vanishing rate keeps tau off zero (Chung et al. 2013, doi:10.1007/s11336-013-9328-2).
    pub off_zero: bool,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { nodes: 25, penalty: None, off_zero: false }
    }
}

/// Fits k of n with a site effect. `site_of` numbers the site of each row from 0 without gaps; rows of one site that agree in
/// their columns should be added up first, which changes nothing but the time.
///
/// ```
/// use ndarray::Array2;
/// use steelyard::regress::{Trials, random_intercept::{Options, fit}};
/// let data = Trials::new(Array2::zeros((4, 0)).view(), &[2.0, 9.0, 4.0, 8.0], &[10.0; 4])?;
/// let found = fit(&data, &[0, 1, 2, 3], Options::default())?;
/// let found = found.finite().ok_or_else(|| steelyard::error::input("separated"))?;
/// assert!(found.tau > 0.5 && found.likelihood_ratio() > 0.0);
/// # Ok::<(), steelyard::error::Error>(())
/// ```
pub fn fit(data: &Trials, site_of: &[usize], options: Options<'_>) -> Result<Fitted<RandomInterceptFit>> {
    check(data, site_of, options.nodes)?;
    let start = match binomial(data, options.penalty)? {
        Fitted::Finite(fit) => *fit,
        Fitted::Separated(separation) => return Ok(Fitted::Separated(separation)),
    };
    let mut model = Model::new(data, site_of, options);
    let b = model.data.scaled(&start.coefficients);
    let guess = model.moment(&b);
    // Where the likelihood falls from tau = 0 on, it may still rise again further out: both starts are tried.
    let mut best = model.climb(&b, guess.max(0.3), &start)?;
    if guess > 1.0 || best.tau < 1e-3 {
        let other = model.climb(&b, if guess > 1.0 { 0.5 } else { 1.0 }, &start)?;
        if other.log_likelihood > best.log_likelihood {
            best = other;
        }
    }
    if !options.off_zero && (best.tau < 1e-3 || best.log_likelihood <= start.log_likelihood) {
        best = model.on_boundary(start, best.evaluations);
    }
    Ok(Fitted::Finite(Box::new(best)))
}

fn check(data: &Trials, site_of: &[usize], nodes: usize) -> Result<()> {
    if !(1..=25).contains(&nodes) {
        return Err(input("number of quadrature nodes not allowed").at("nodes").got(nodes).allowed("1 to 25").into());
    }
    let sites = site_of.iter().max().map_or(0, |s| s + 1);
    if site_of.len() != data.trials.len() || sites < 2 {
        return Err(input("sites of a random intercept not understood")
            .got(format!("{} rows, {} site labels, {sites} sites", data.trials.len(), site_of.len()))
            .allowed("one label per row, at least 2 sites")
            .into());
    }
    Ok(())
}

struct Model<'a> {
    data: Trials,
    /// Row ranges of the sites, rows sorted by site.
    ranges: Vec<std::ops::Range<usize>>,
    /// From sorted rows to sites as numbered by the caller.
    labels: Vec<usize>,
    penalty: Option<Array2<f64>>,
    off_zero: bool,
    nodes: Nodes,
    columns: Columns,
    null: f64,
    modes: Vec<f64>,
    /// Linear predictors, then what each pulls; and what the integrals need.
    eta: Vec<f64>,
    pull: Vec<f64>,
    space: Space,
    evaluations: usize,
    source: &'a Trials,
}

impl<'a> Model<'a> {
    fn new(data: &'a Trials, site_of: &[usize], options: Options<'_>) -> Self {
        let mut order: Vec<usize> = (0..site_of.len()).collect();
        order.sort_by_key(|i| site_of[*i]);
        let (mut ranges, mut labels): (Vec<std::ops::Range<usize>>, Vec<usize>) = (Vec::new(), Vec::new());
        for (at, row) in order.iter().enumerate() {
            if let (true, Some(range)) = (labels.last() == Some(&site_of[*row]), ranges.last_mut()) {
                range.end = at + 1;
            } else {
                labels.push(site_of[*row]);
                ranges.push(at..at + 1);
            }
        }
        let rows = data.select(&order);
        let columns = Columns::new(rows.x.view());
        Self {
            data: rows,
            eta: columns.vector(),
            pull: columns.vector(),
            columns,
            space: Space::default(),
            modes: vec![0.0; ranges.len()],
            ranges,
            labels,
            penalty: options.penalty.map(|p| data.scaled_penalty(p)),
            off_zero: options.off_zero,
            nodes: Nodes::new(options.nodes),
            null: null_objective(data),
            evaluations: 0,
            source: data,
        }
    }

    /// A first tau from what the sites' residuals vary beyond binomial noise.
    fn moment(&self, b: &[f64]) -> f64 {
        let eta = self.data.linear(b);
        let (mut beyond, mut scale) = (0.0, 0.0);
        for range in &self.ranges {
            let (mut residual, mut variance) = (0.0, 0.0);
            for i in range.clone() {
                let pi = logistic(eta[i]);
                residual += self.data.successes[i] - self.data.trials[i] * pi;
                variance += self.data.trials[i] * pi * (1.0 - pi);
            }
            beyond += residual * residual - variance;
            scale += variance * variance;
        }
        if scale > 0.0 { (beyond / scale).max(0.0).sqrt() } else { 0.0 }
    }

    /// Value of the objective (penalty and prior included) and its gradient at (b, tau).
    fn evaluate(&mut self, psi: &[f64], gradient: &mut [f64]) -> f64 {
        self.evaluations += 1;
        let m = self.data.width();
        let (b, tau) = (&psi[..m], psi[m]);
        self.columns.times(b, &mut self.eta);
        let (mut value, mut by_tau) = (0.0, 0.0);
        for (site, range) in self.ranges.iter().enumerate() {
            let rows = SiteRows {
                eta: &self.eta[range.clone()],
                successes: &self.data.successes[range.clone()],
                trials: &self.data.trials[range.clone()],
                tau,
            };
            let pull = &mut self.pull[range.clone()];
            let (part, slope) = rows.integrate(&self.nodes, &mut self.modes[site], pull, &mut self.space);
            value += part;
            by_tau += slope;
        }
        gradient[..m].copy_from_slice(&self.columns.cross(&self.pull));
        gradient[m] = by_tau;
        if let Some(penalty) = &self.penalty {
            value -= 0.5 * super::moments::quadratic(penalty.view(), b);
            for (g, p) in gradient.iter_mut().zip(crate::linalg::times(penalty.view(), b)) {
                *g -= p;
            }
        }
        if self.off_zero {
            value += tau.abs().max(f64::MIN_POSITIVE).ln();
            gradient[m] += 1.0 / tau;
        }
        value
    }

    /// Negative Hessian by central differences of the gradient.
    fn curvature(&mut self, psi: &[f64]) -> Array2<f64> {
        let size = psi.len();
        let mut a = Array2::zeros((size, size));
        let (mut up, mut down) = (vec![0.0; size], vec![0.0; size]);
        let mut at = psi.to_vec();
        for j in 0..size {
            let step = 1e-4 * (1.0 + psi[j].abs());
            at[j] = psi[j] + step;
            self.evaluate(&at, &mut up);
            at[j] = psi[j] - step;
            self.evaluate(&at, &mut down);
            at[j] = psi[j];
            for l in 0..size {
                a[[j, l]] = (down[l] - up[l]) / (2.0 * step);
            }
        }
        0.5 * (&a + &a.t())
    }

    /// Newton steps with halving, from coefficients and a tau.
    fn climb(&mut self, b: &[f64], tau: f64, binomial: &BinomialFit) -> Result<RandomInterceptFit> {
        const STEPS: usize = 60;
        let mut psi = b.to_vec();
        psi.push(tau);
        let mut gradient = vec![0.0; psi.len()];
        let mut value = self.evaluate(&psi, &mut gradient);
        let mut gap = f64::INFINITY;
        for _ in 0..STEPS {
            let curvature = self.curvature(&psi);
            let (factor, steepened) = super::beta_binomial::definite(curvature.clone());
            let direction = factor.solve(&gradient);
            gap = (0.5 * dot(&gradient, &direction) / self.null).max(0.0);
            let arrived = !steepened && gap <= TOLERANCE * 1e-4;
            let moved = self.halve(&mut psi, &direction, &mut value, &mut gradient);
            // Close by, the same curvature serves for the last digits.
            if arrived || (!moved && gap <= TOLERANCE) || psi.last().is_some_and(|t| t.abs() < 1e-4) {
                let step = factor.solve(&gradient);
                gap = (0.5 * dot(&gradient, &step) / self.null).max(0.0);
                return Ok(self.finish(&psi, value, gap, &curvature, binomial));
            }
            if !moved {
                break;
            }
        }
        Err(Error::Convergence {
            what: "logistic regression with a random intercept".into(),
            iterations: STEPS,
            gap,
            tolerance: TOLERANCE,
            remedy: "Use fewer items, a shrinkage target, or Logistic with dispersion=\"beta-binomial\".".into(),
        })
    }

    fn halve(&mut self, psi: &mut Vec<f64>, direction: &[f64], value: &mut f64, gradient: &mut [f64]) -> bool {
        let m = self.data.width();
        // A linear predictor that moves by more than this in one step has left what the curvature knows.
        let farthest = self.data.linear(&direction[..m]).iter().fold(direction[m].abs(), |a: f64, e| a.max(e.abs()));
        let mut share = (4.0 / farthest).min(1.0);
        let mut there = vec![0.0; psi.len()];
        for _ in 0..30 {
            let mut trial: Vec<f64> = psi.iter().zip(direction).map(|(p, d)| p + share * d).collect();
            // The likelihood is even in tau.
            trial[m] = trial[m].abs();
            let reached = self.evaluate(&trial, &mut there);
            if reached >= *value - 1e-13 * value.abs() {
                *psi = trial;
                *value = reached;
                gradient.copy_from_slice(&there);
                return true;
            }
            share *= 0.5;
        }
        false
    }

    fn finish(
        &mut self,
        psi: &[f64],
        value: f64,
        gap: f64,
        curvature: &Array2<f64>,
        binomial: &BinomialFit,
    ) -> RandomInterceptFit {
        let m = self.data.width();
        let (factor, _) = super::beta_binomial::definite(curvature.clone());
        let inverse = factor.inverse();
        let penalty = self.penalty.as_ref().map_or(0.0, |p| 0.5 * super::moments::quadratic(p.view(), &psi[..m]));
        let prior = if self.off_zero { psi[m].max(f64::MIN_POSITIVE).ln() } else { 0.0 };
        let mut modes = vec![0.0; self.labels.iter().max().map_or(0, |l| l + 1)];
        for (label, mode) in self.labels.iter().zip(&self.modes) {
            modes[*label] = psi[m] * mode;
        }
        RandomInterceptFit {
            coefficients: self.source.raw(&psi[..m]),
            tau: psi[m],
            covariance: self.source.raw_covariance(inverse.slice(ndarray::s![..m, ..m])),
            log_likelihood: value + penalty - prior + self.data.log_coefficients(),
            binomial: binomial.clone(),
            modes,
            evaluations: self.evaluations,
            gap,
        }
    }

    fn on_boundary(&self, binomial: BinomialFit, evaluations: usize) -> RandomInterceptFit {
        RandomInterceptFit {
            coefficients: binomial.coefficients.clone(),
            tau: 0.0,
            covariance: binomial.covariance.clone(),
            log_likelihood: binomial.log_likelihood,
            modes: vec![0.0; self.labels.iter().max().map_or(0, |l| l + 1)],
            evaluations,
            gap: binomial.gap,
            binomial,
        }
    }
}
