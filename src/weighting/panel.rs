//! The data of a contest: rows of items and outcomes, grouped by site, checked once and centred at a fixed origin.

use crate::error::{Result, input};
use crate::regress::CrossMoments;
use ndarray::{Array2, ArrayView2};

/// Rows with their sites. Items and covariates are kept about their overall means, so that sums stay sharp.
#[derive(Debug, Clone)]
pub struct Panel {
    /// Items, n x p, about `origin`.
    pub items: Array2<f64>,
    /// A column of ones, then the covariates about their means: n x (1 + q).
    pub base: Array2<f64>,
    /// Outcome per row.
    pub outcome: Vec<f64>,
    /// Weight per row, positive.
    pub weight: Vec<f64>,
    /// Rows of each site, in the order of the sites.
    pub rows: Vec<Vec<usize>>,
    /// Participants per row where the outcome is a rate of counts, or 0/1; schemes on the log-odds scale need them.
    pub trials: Option<Vec<f64>>,
}

impl Panel {
    /// Checks and groups n rows. `items` is n x p, `covariates` n x q, the others have length n; `site_of` numbers the
    /// sites from 0 without gaps.
    pub fn new(
        items: ArrayView2<'_, f64>,
        covariates: ArrayView2<'_, f64>,
        outcome: Vec<f64>,
        weight: Vec<f64>,
        site_of: &[usize],
    ) -> Result<Self> {
        let n = items.nrows();
        let lengths = [covariates.nrows(), outcome.len(), weight.len(), site_of.len()];
        if lengths.iter().any(|length| *length != n) || items.ncols() == 0 {
            return Err(input("parts of a study of different length")
                .got(format!("{n} rows of items, {lengths:?} of covariates, outcomes, weights and sites"))
                .allowed("the same number of rows in each, and at least one item")
                .into());
        }
        let finite = items.iter().chain(covariates.iter()).chain(&outcome).all(|x| x.is_finite());
        if !finite {
            return Err(input("items, covariates or outcomes that are not finite")
                .allowed("finite numbers")
                .remedy("Apply the scale's rule for missing items first, and leave out sites without an outcome.")
                .into());
        }
        if let Some(at) = weight.iter().position(|w| !(w.is_finite() && *w > 0.0)) {
            return Err(input("weight not allowed")
                .at(format!("row {}", at + 1))
                .got(weight[at])
                .allowed("above 0")
                .into());
        }
        let sites = site_of.iter().max().map_or(0, |last| last + 1);
        let mut rows = vec![Vec::new(); sites];
        for (row, site) in site_of.iter().enumerate() {
            rows[*site].push(row);
        }
        if sites < 3 || rows.iter().any(Vec::is_empty) {
            return Err(input("too few sites")
                .got(sites)
                .allowed("at least 3")
                .remedy("With fewer, leaving one out leaves no slope to fit: report the totals instead.")
                .into());
        }
        let mut centred = items.to_owned();
        centre(&mut centred);
        let mut others = covariates.to_owned();
        centre(&mut others);
        let base =
            Array2::from_shape_fn((n, 1 + others.ncols()), |(i, j)| if j == 0 { 1.0 } else { others[[i, j - 1]] });
        Ok(Self { items: centred, base, outcome, weight, rows, trials: None })
    }

    /// The same rows with their numbers of participants.
    pub fn with_trials(mut self, trials: Option<Vec<f64>>) -> Result<Self> {
        if trials.as_ref().is_some_and(|trials| trials.len() != self.outcome.len()) {
            let rows = self.outcome.len();
            return Err(input("trials of the wrong length").allowed(format!("one per row, {rows}")).into());
        }
        self.trials = trials;
        Ok(self)
    }

    /// Number of sites.
    pub fn sites(&self) -> usize {
        self.rows.len()
    }

    /// Number of items.
    pub fn item_count(&self) -> usize {
        self.items.ncols()
    }

    /// The study without one site: what a jackknife over sites reruns everything on.
    #[must_use]
    pub fn without(&self, site: usize) -> Self {
        let kept: Vec<usize> = (0..self.outcome.len()).filter(|row| !self.rows[site].contains(row)).collect();
        let mut place = vec![usize::MAX; self.outcome.len()];
        for (new, old) in kept.iter().enumerate() {
            place[*old] = new;
        }
        let rows = (0..self.sites()).filter(|s| *s != site);
        Self {
            items: self.items.select(ndarray::Axis(0), &kept),
            base: self.base.select(ndarray::Axis(0), &kept),
            outcome: kept.iter().map(|row| self.outcome[*row]).collect(),
            weight: kept.iter().map(|row| self.weight[*row]).collect(),
            rows: rows.map(|s| self.rows[s].iter().map(|row| place[*row]).collect()).collect(),
            trials: self.trials.as_ref().map(|trials| kept.iter().map(|row| trials[*row]).collect()),
        }
    }

    /// The same study with other scores, n x p: a completed copy, for instance.
    #[must_use]
    pub fn with_items(&self, items: ArrayView2<'_, f64>) -> Self {
        let mut centred = items.to_owned();
        centre(&mut centred);
        Self { items: centred, ..self.clone() }
    }

    /// Moments of all rows but those of the excluded sites, for another outcome vector `y` of length n.
    pub fn moments(&self, y: &[f64], excluded: &[usize]) -> Result<CrossMoments> {
        let rows = self.rows.iter().enumerate().filter(|(site, _)| !excluded.contains(site));
        let rows: Vec<usize> = rows.flat_map(|(_, rows)| rows.iter().copied()).collect();
        self.moments_of(y, &rows)
    }

    /// Moments of the rows of some sites.
    pub fn group_moments(&self, y: &[f64], sites: &[usize]) -> Result<CrossMoments> {
        let rows: Vec<usize> = sites.iter().flat_map(|site| self.rows[*site].iter().copied()).collect();
        self.moments_of(y, &rows)
    }

    /// The study with each site counted so many times: copies of a site share its weight, and so stay in one fold. Sites counted
    /// zero times are left out.
    #[must_use]
    pub fn counted(&self, counts: &[u32]) -> Self {
        let sites: Vec<usize> = (0..self.sites()).filter(|site| counts[*site] > 0).collect();
        let kept: Vec<usize> = sites.iter().flat_map(|site| self.rows[*site].iter().copied()).collect();
        let copies: Vec<f64> =
            sites.iter().flat_map(|site| self.rows[*site].iter().map(|_| f64::from(counts[*site]))).collect();
        let times = |values: &Vec<f64>| kept.iter().zip(&copies).map(|(row, copies)| copies * values[*row]).collect();
        let mut next = 0..kept.len();
        Self {
            items: self.items.select(ndarray::Axis(0), &kept),
            base: self.base.select(ndarray::Axis(0), &kept),
            outcome: kept.iter().map(|row| self.outcome[*row]).collect(),
            weight: times(&self.weight),
            trials: self.trials.as_ref().map(times),
            rows: sites.iter().map(|site| next.by_ref().take(self.rows[*site].len()).collect()).collect(),
        }
    }

    fn moments_of(&self, y: &[f64], rows: &[usize]) -> Result<CrossMoments> {
        let x = self.items.select(ndarray::Axis(0), rows);
        let z = self.base.select(ndarray::Axis(0), rows);
        let z = z.slice(ndarray::s![.., 1..]);
        let outcome: Vec<f64> = rows.iter().map(|row| y[*row]).collect();
        let weight: Vec<f64> = rows.iter().map(|row| self.weight[*row]).collect();
        CrossMoments::from_rows(x.view(), (z.ncols() > 0).then_some(z), &outcome, Some(&weight))
    }
}

fn centre(columns: &mut Array2<f64>) {
    for mut column in columns.columns_mut() {
        let mean = column.mean().unwrap_or(0.0);
        column -= mean;
    }
}
