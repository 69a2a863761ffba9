//! The design of a fit on the log-odds scale: what of the items is estimated, and the penalty toward a target on it.

use super::counts::Counts;
use super::finish::Problem;
use crate::error::{Error, Result};
use crate::linalg::{Cholesky, SymmetricEigen, gram::congruent};
use crate::regress::Trials;
use crate::regress::separation::Fitted;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, Axis, s};

/// The design of one fit: slopes = `map` times what is estimated.
#[derive(Debug)]
pub(super) struct Model {
    /// p x c.
    pub(super) map: Array2<f64>,
    /// Covariates that vary and do not depend on earlier ones.
    usable: Vec<usize>,
    /// Rows on \[items map, usable covariates\].
    pub(super) trials: Trials,
    /// Penalty on \[intercept, items, covariates\], raw.
    pub(super) penalty: Option<Array2<f64>>,
    /// Site of each row, from 0 without gaps.
    pub(super) sites: Vec<usize>,
    /// Number of sites.
    pub(super) site_count: usize,
}

impl Model {
    /// Free slopes (a penalty of zero), slopes toward the target, or the target's score alone (infinite).
    pub(super) fn new(counts: &Counts, problem: &Problem<'_>, target: &[f64], penalty: f64) -> Result<Self> {
        if penalty.is_infinite() {
            let map = Array2::from_shape_fn((target.len(), 1), |(j, _)| target[j]);
            return Self::on(counts, problem, map, None);
        }
        let free = free_directions(problem, &problem.varying())?;
        if penalty == 0.0 {
            return Self::on(counts, problem, free, None);
        }
        let length: f64 = target.iter().map(|w| w * w).sum();
        let varying = problem.varying();
        let departure = Array2::from_shape_fn((target.len(), target.len()), |(i, j)| {
            let same = if i == j && varying.contains(&i) { 1.0 } else { 0.0 };
            same - target[i] * target[j] / length
        });
        let map = cheapest(&free, &departure, &varying)?;
        let strength = penalty * counts.trials.iter().sum::<f64>();
        // Where every direction is the target's own, what is left of the penalty is round-off.
        let inner = congruent(departure.view(), map.view()).mapv(|v| if v.abs() <= 1e-12 { 0.0 } else { strength * v });
        let (c, size) = (map.ncols(), 1 + map.ncols() + problem.whole.covariates());
        let mut whole = Array2::zeros((size, size));
        whole.slice_mut(s![1..=c, 1..=c]).assign(&inner);
        Self::on(counts, problem, map, Some(whole))
    }

    /// Columns \[items map, usable covariates\].
    fn on(counts: &Counts, problem: &Problem<'_>, map: Array2<f64>, penalty: Option<Array2<f64>>) -> Result<Self> {
        let usable = problem.whole.usable_covariates();
        let c = map.ncols();
        let mut columns = Array2::zeros((counts.trials.len(), c + usable.len()));
        general_mat_mul(1.0, &counts.items, &map, 0.0, &mut columns.slice_mut(s![.., ..c]));
        columns.slice_mut(s![.., c..]).assign(&counts.covariates.select(Axis(1), &usable));
        let trials = Trials::new(columns.view(), &counts.successes, &counts.trials)?;
        let width = trials.width();
        let list = counts.site_list();
        let sites = counts.sites.iter().map(|site| list.binary_search(site).unwrap_or(0)).collect();
        let penalty = penalty.map(|p| p.slice(s![..width, ..width]).to_owned());
        Ok(Self { map, usable, trials, penalty, sites, site_count: list.len() })
    }

    /// Columns \[score of the target, items, covariates\]: for a prior on departures from the target.
    pub(super) fn with_score(counts: &Counts, problem: &Problem<'_>, target: Option<&[f64]>) -> Result<Self> {
        let varying = problem.varying();
        let shift = usize::from(target.is_some());
        let map = Array2::from_shape_fn((counts.items.ncols(), varying.len() + shift), |(j, k)| match target {
            Some(target) if k == 0 => target[j],
            _ => f64::from(u8::from(varying[k - shift] == j)),
        });
        Self::on(counts, problem, map, None)
    }

    /// Columns of item slopes, apart from a score's own.
    pub(super) fn item_columns(&self) -> usize {
        self.map.ncols()
    }

    pub(super) fn slopes(&self, coefficients: &[f64]) -> Vec<f64> {
        self.map.dot(&ndarray::ArrayView1::from(&coefficients[1..=self.map.ncols()])).to_vec()
    }

    pub(super) fn covariates(&self, coefficients: &[f64], q: usize) -> Vec<f64> {
        let mut out = vec![0.0; q];
        for (k, value) in self.usable.iter().zip(&coefficients[1 + self.map.ncols()..]) {
            out[*k] = *value;
        }
        out
    }

    /// The covariance of slopes, p x p.
    pub(super) fn slope_covariance(&self, covariance: &Array2<f64>) -> Array2<f64> {
        let c = self.map.ncols();
        self.map.dot(&covariance.slice(s![1..=c, 1..=c])).dot(&self.map.t())
    }

    /// Twice what the saturated model has over an intercept and the covariates: the deviance that items can explain.
    pub(super) fn null_deviance(&self) -> Result<f64> {
        let c = self.map.ncols();
        let columns = self.trials.x.slice(s![.., 1 + c..]);
        let without = Trials::new(columns, &self.trials.successes, &self.trials.trials)?;
        Ok(match crate::regress::binomial::fit(&without, None)? {
            Fitted::Finite(fit) => fit.deviance,
            Fitted::Separated(_) => 0.0,
        })
    }
}

/// A p x r map whose columns span what the design determines: single items where it determines all of them, else the
/// eigenvectors of the adjusted items, so that slopes are of smallest norm.
fn free_directions(problem: &Problem<'_>, varying: &[usize]) -> Result<Array2<f64>> {
    let p = problem.whole.items;
    if problem.estimability.rank == varying.len() {
        return Ok(Array2::from_shape_fn((p, varying.len()), |(j, k)| f64::from(u8::from(varying[k] == j))));
    }
    let eigen = SymmetricEigen::new(problem.adjusted.gram.view())?;
    Ok(eigen.vectors.slice(s![.., ..problem.estimability.rank]).to_owned())
}

/// Among slopes that fit alike (they differ by what the design cannot see), those that the penalty b'Qb likes best: the map
/// B - N (N'QN)^-1 N'QB for the free directions B and the unseen ones N.
fn cheapest(free: &Array2<f64>, q: &Array2<f64>, varying: &[usize]) -> Result<Array2<f64>> {
    if free.ncols() == varying.len() {
        return Ok(free.clone());
    }
    let seen = free.dot(&free.t());
    let rest = Array2::from_shape_fn(seen.dim(), |(i, j)| {
        let same = if i == j && varying.contains(&i) { 1.0 } else { 0.0 };
        same - seen[[i, j]]
    });
    let eigen = SymmetricEigen::new(rest.view())?;
    let unseen = eigen.vectors.slice(s![.., ..varying.len() - free.ncols()]).to_owned();
    let inner = congruent(q.view(), unseen.view());
    let Some(factor) = Cholesky::factor(inner.view()).definite() else {
        return Err(Error::Internal { what: "a penalty on what the design cannot see".into() });
    };
    let pull = unseen.t().dot(q).dot(free);
    let mut shift = Array2::zeros(pull.dim());
    for (k, column) in pull.columns().into_iter().enumerate() {
        shift.column_mut(k).assign(&ndarray::Array1::from(factor.solve(&column.to_vec())));
    }
    Ok(free - &unseen.dot(&shift))
}
