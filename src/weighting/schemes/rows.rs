//! From rows to a fit: moments, folds by site, and the choice of a penalty.

use super::finish::{Problem, SchemeFit};
use super::tune::{Fold, Tuned, leave_one_out};
use super::{Scheme, Setting};
use crate::error::{Result, input};
use crate::regress::{CrossMoments, moments::Sums, posterior::Posterior};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

/// Rows of a design, checked for length when they become moments.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// Scores, n x p.
    pub items: ArrayView2<'a, f64>,
    /// Covariates, n x q.
    pub covariates: Option<ArrayView2<'a, f64>>,
    /// Outcome per row.
    pub outcome: &'a [f64],
    /// Weight per row; `None`: ones.
    pub weights: Option<&'a [f64]>,
    /// Site of each row as a number from 0; `None`: every row is a site of its own.
    pub sites: Option<&'a [usize]>,
}

/// How an open penalty is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tuning {
    /// The smallest squared error over left-out sites.
    #[default]
    LeaveOneSiteOut,
    /// The smallest squared error over ten folds of whole sites, in their order; every site is one where there are fewer than ten.
    TenFold,
    /// Generalised cross-validation (Golub, Heath and Wahba 1979, doi:10.1080/00401706.1979.10489751).
    Gcv,
    /// Restricted maximum likelihood, the departures from the target as a normal random effect.
    Reml,
}

impl Rows<'_> {
    pub(super) fn site_count(&self) -> usize {
        self.sites.map_or(self.items.nrows(), |s| s.iter().max().map_or(0, |m| m + 1))
    }

    pub(super) fn site_of(&self, row: usize) -> usize {
        self.sites.map_or(row, |s| s[row])
    }

    /// Whether items are the same in all rows of a site; then the site, not the row, is what can be told apart.
    fn constant_within_sites(&self) -> bool {
        let mut first: Vec<Option<usize>> = vec![None; self.site_count()];
        (0..self.items.nrows()).all(|row| {
            let start = *first[self.site_of(row)].get_or_insert(row);
            self.items.row(start) == self.items.row(row)
        })
    }

    /// Moments of all rows.
    pub fn moments(&self) -> Result<CrossMoments> {
        if self.sites.is_some_and(|s| s.len() != self.items.nrows()) {
            return Err(input("sites of the wrong length").allowed("one per row").into());
        }
        let mut moments = CrossMoments::from_rows(self.items, self.covariates, self.outcome, self.weights)?;
        if self.sites.is_some() && self.constant_within_sites() {
            moments.units = self.site_count();
        }
        Ok(moments)
    }

    /// One fold per site: the moments of the others by subtraction, and its own. Sites of weight zero have none.
    pub fn folds(&self, whole: &CrossMoments) -> Vec<Fold> {
        self.blocks(whole, usize::MAX)
    }

    /// The same for at most `count` blocks of sites, in the order of the sites, their sizes differing by one at most.
    fn blocks(&self, whole: &CrossMoments, count: usize) -> Vec<Fold> {
        let sites = self.site_count();
        let (large, small) = (sites % count.min(sites).max(1), sites / count.min(sites).max(1));
        // The first blocks take one site more.
        let block_of = |site: usize| {
            let before = large * (small + 1);
            if site < before { site / (small + 1) } else { large + (site - before) / small.max(1) }
        };
        let m = whole.means.len();
        // Sums about whole numbers stay exact for scores in whole and half points.
        let origin: Vec<f64> = whole.means.iter().map(|v| v.round()).collect();
        let mut sums = vec![SiteSums::new(m); count.min(sites)];
        let mut size = vec![0; sums.len()];
        for site in 0..sites {
            size[block_of(site)] += 1;
        }
        for row in 0..self.items.nrows() {
            let z: Vec<f64> = (0..m)
                .map(|j| {
                    let value = match self.covariates {
                        Some(c) if j >= whole.items => c[[row, j - whole.items]],
                        _ => self.items[[row, j]],
                    };
                    value - origin[j]
                })
                .collect();
            // Outcomes are taken about their mean, which keeps their sums small too.
            let y = self.outcome[row] - whole.outcome_mean;
            sums[block_of(self.site_of(row))].add(&z, y, self.weights.map_or(1.0, |w| w[row]));
        }
        let mut total = SiteSums::new(m);
        for site in &sums {
            total.merge(site, 1.0);
        }
        sums.iter()
            .zip(size)
            .filter(|(site, _)| site.weight > 0.0 && site.weight < total.weight)
            .map(|(site, size)| {
                let mut rest = total.clone();
                rest.merge(site, -1.0);
                let back = |s: &SiteSums, units| s.moments(&origin, whole.items, units, whole.outcome_mean);
                Fold { train: back(&rest, whole.units.saturating_sub(size)), held: back(site, size) }
            })
            .collect()
    }
}

#[derive(Debug, Clone)]
struct SiteSums {
    weight: f64,
    x: Vec<f64>,
    y: f64,
    xx: Array2<f64>,
    xy: Vec<f64>,
    yy: f64,
}

impl SiteSums {
    fn new(m: usize) -> Self {
        Self { weight: 0.0, x: vec![0.0; m], y: 0.0, xx: Array2::zeros((m, m)), xy: vec![0.0; m], yy: 0.0 }
    }

    fn add(&mut self, z: &[f64], y: f64, w: f64) {
        self.weight += w;
        self.y += w * y;
        self.yy += w * y * y;
        for (j, value) in z.iter().enumerate() {
            self.x[j] += w * value;
            self.xy[j] += w * value * y;
            for (k, other) in z.iter().enumerate() {
                self.xx[[j, k]] += w * value * other;
            }
        }
    }

    fn merge(&mut self, other: &Self, sign: f64) {
        self.weight += sign * other.weight;
        self.y += sign * other.y;
        self.yy += sign * other.yy;
        self.xx.scaled_add(sign, &other.xx);
        for j in 0..self.x.len() {
            self.x[j] += sign * other.x[j];
            self.xy[j] += sign * other.xy[j];
        }
    }

    fn moments(&self, origin: &[f64], items: usize, units: usize, outcome_mean: f64) -> CrossMoments {
        let sums = Sums {
            units,
            weight: self.weight,
            origin,
            x: &self.x,
            y: self.y,
            xx: self.xx.view(),
            xy: &self.xy,
            yy: self.yy,
        };
        let mut moments = CrossMoments::from_sums(sums, items);
        moments.outcome_mean += outcome_mean;
        moments
    }
}

/// The posterior of a scheme that shrinks to a target; `Ok(None)` where its score does not vary.
pub fn posterior_of(scheme: &Scheme, rows: &Rows<'_>, setting: &Setting, level: f64) -> Result<Option<Posterior>> {
    let Scheme::Shrink(shrink) = scheme else {
        return Err(input("posterior not defined for this scheme")
            .got(scheme.name())
            .allowed("shrink to target")
            .into());
    };
    let means = rows.site_means().ok_or_else(|| {
        input("items that vary within a site")
            .remedy("Give one row of items per site: the posterior is one over sites.")
    })?;
    let moments = means.moments()?;
    let problem = Problem::new(&moments, setting)?;
    let target = shrink.varying_target(&problem.adjusted)?;
    let free = 2 + moments.usable_covariates().len();
    crate::regress::posterior::posterior(&problem.adjusted, &target, free, level)
}

/// Fits a scheme to rows, tuning an open penalty first.
pub fn fit(scheme: &Scheme, rows: &Rows<'_>, setting: &Setting, tuning: Tuning) -> Result<(SchemeFit, Option<Tuned>)> {
    let whole = rows.moments()?;
    let Some(penalties) = scheme.open_penalties(&whole) else {
        return Ok((scheme.fit(&whole, setting)?, None));
    };
    let setting = &setting.with_penalty(None);
    if rows.site_count() < 3 {
        return Err(input("too few sites to choose a penalty")
            .got(rows.site_count())
            .allowed("3 or more")
            .remedy("Give the penalty.")
            .into());
    }
    let tuned = match tuning {
        Tuning::LeaveOneSiteOut => leave_one_out(scheme, setting, &penalties, rows.folds(&whole), false)?,
        Tuning::TenFold => leave_one_out(scheme, setting, &penalties, rows.blocks(&whole, 10), false)?,
        Tuning::Gcv | Tuning::Reml => {
            if whole.units != rows.items.nrows() {
                return Err(input("this tuning needs one row per site")
                    .got(format!("{} rows of {} sites", rows.items.nrows(), whole.units))
                    .remedy("Use tuning=\"leave-one-site-out\", or give rates with trials.")
                    .into());
            }
            super::tune::in_closed_form(scheme, &whole, &penalties, tuning)?
        }
    };
    let mut fit = scheme.fit(&whole, &setting.with_penalty(Some(tuned.penalty)))?;
    if !fit.slopes.iter().any(|b| *b != 0.0) {
        fit.penalty = Some(tuned.penalty);
    }
    Ok((fit, Some(tuned)))
}
