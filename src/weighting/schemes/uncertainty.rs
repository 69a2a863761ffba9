//! What rows know of the errors of slopes that are an unpenalised linear fit.
//!
//! Sites are the units. Where items and covariates are the same in all rows of a site, the sites' weighted mean outcomes scatter about
//! the fit with variance inverse to their weights: t with sites less coefficients. Beside it, and alone where a site was
//! reviewed more than once or participants differ in their covariates, stands CR2 with the degrees of freedom of each combination
//! (Bell and McCaffrey 2002; Pustejovsky and Tipton 2018, doi:10.1080/07350015.2016.1247004), which believes neither equal
//! variances nor independent rows.

use super::Scheme;
use super::Setting;
use super::finish::{Clustered, Freedom, Problem, SchemeFit, Uncertainty};
use super::rows::Rows;
use crate::error::Result;
use crate::inference::covariance::{Kind, combination_freedom, robust};
use crate::inference::working::Working;
use crate::linalg::{SymmetricEigen, dot, gram::congruent};
use crate::regress::CrossMoments;
use ndarray::{Array2, Axis, s};

/// Sampling errors of all items', subscale sums' or a given score's slopes; `None` for other schemes, and where no error can be told.
pub fn uncertainty(
    scheme: &Scheme,
    rows: &Rows<'_>,
    setting: &Setting,
    fit: &SchemeFit,
) -> Result<Option<Uncertainty>> {
    if fit.slopes.iter().all(|b| *b == 0.0) {
        return Ok(None);
    }
    let means = rows.site_means();
    let by_site = means.is_some();
    let units = means.unwrap_or_else(|| rows.units());
    let moments = units.moments()?;
    let problem = Problem::new(&moments, setting)?;
    let Some(map) = scheme.linear_map(&problem, fit) else { return Ok(None) };
    let inner = congruent(problem.adjusted.gram.view(), map.view());
    let eigen = SymmetricEigen::new(inner.view())?;
    let largest = eigen.values.first().copied().unwrap_or(0.0);
    let rank = eigen.values.iter().filter(|v| **v > 1e-11 * largest).count().min(moments.units.saturating_sub(1));
    let span = map.dot(&eigen.vectors.slice(s![.., ..rank]));
    let clustered = clustered(&units, &span, &problem)?;
    let sites = units.sites();
    if !by_site {
        return Ok(clustered.map(|clustered| Uncertainty {
            covariance: clustered.covariance.clone(),
            df: Some(clustered.freedom.fewest),
            method: "CR2".into(),
            sites,
            profiles: Vec::new(),
            clustered: Some(clustered),
        }));
    }
    let used = 1 + moments.usable_covariates().len() + rank;
    let left = moments.units.saturating_sub(used);
    let zeroed: Vec<f64> =
        (0..fit.slopes.len()).map(|j| if moments.is_constant(j) { 0.0 } else { fit.slopes[j] }).collect();
    let adjusted = &problem.adjusted;
    let squares = adjusted.squared_error(adjusted.outcome_mean - dot(&adjusted.means, &zeroed), &zeroed);
    let noise = if left > 0 { squares / left as f64 } else { 0.0 };
    let covariance = map.dot(&eigen.function(rank, |v| noise / v)).dot(&map.t());
    Ok(Some(Uncertainty {
        covariance: nested(&covariance),
        df: (left > 0).then_some(left as f64),
        method: if left > 0 { "t".into() } else { "none".into() },
        sites,
        profiles: Vec::new(),
        clustered,
    }))
}

/// CR2 by site of the slopes on `span` (p x r, of full rank in the rows); `None` where a direction is known to one site alone.
fn clustered(units: &Units, span: &Array2<f64>, problem: &Problem<'_>) -> Result<Option<Clustered>> {
    let usable = problem.whole.usable_covariates();
    let (n, r, k) = (units.outcome.len(), span.ncols(), 1 + span.ncols() + usable.len());
    if r == 0 || n <= k || units.sites() < 3 {
        return Ok(None);
    }
    let scores = units.items.dot(span);
    let roots: Vec<f64> = units.weights.iter().map(|w| w.sqrt()).collect();
    let design = Array2::from_shape_fn((n, k), |(i, j)| {
        let value = match j {
            0 => 1.0,
            j if j <= r => scores[[i, j - 1]],
            j => units.covariates[[i, usable[j - 1 - r]]],
        };
        roots[i] * value
    });
    let outcome: Vec<f64> = units.outcome.iter().zip(&roots).map(|(y, root)| y * root).collect();
    let names: Vec<String> = (1..=k).map(|j| format!("column {j}")).collect();
    let (working, _) = Working::new(design.view(), &units.codes, &names)?.least_squares(&outcome);
    let found = robust(&working, Kind::CR2)?;
    if !found.alone.is_empty() {
        return Ok(None);
    }
    let covariance = span.dot(&found.covariance.slice(s![1..=r, 1..=r])).dot(&span.t());
    let combinations: Vec<Vec<f64>> = combinations(&problem.varying(), span.nrows())
        .iter()
        .map(|c| {
            let mut on_columns = vec![0.0; k];
            on_columns[1..=r].copy_from_slice(&span.t().dot(&ndarray::ArrayView1::from(c)).to_vec());
            on_columns
        })
        .collect();
    let freedom = freedom(&combination_freedom(&working, Kind::CR2, &combinations)?, &problem.varying(), span.nrows());
    Ok((freedom.fewest > 0.0).then(|| Clustered { covariance: nested(&covariance), freedom }))
}

/// Single items, their contrasts to the mean slope, the sum, and all differences of two, in that order.
fn combinations(varying: &[usize], p: usize) -> Vec<Vec<f64>> {
    let place = |pairs: &[(usize, f64)]| {
        let mut c = vec![0.0; p];
        for (j, value) in pairs {
            c[*j] += value;
        }
        c
    };
    let mean: Vec<(usize, f64)> = varying.iter().map(|j| (*j, -1.0 / varying.len() as f64)).collect();
    let mut all: Vec<Vec<f64>> = varying.iter().map(|j| place(&[(*j, 1.0)])).collect();
    all.extend(varying.iter().map(|j| place(&[&mean[..], &[(*j, 1.0)]].concat())));
    all.push(place(&varying.iter().map(|j| (*j, 1.0)).collect::<Vec<_>>()));
    for (at, a) in varying.iter().enumerate() {
        all.extend(varying[..at].iter().map(|b| place(&[(*a, 1.0), (*b, -1.0)])));
    }
    all
}

/// The same list as degrees of freedom per item; those of combinations that the span does not hold are zero and do not count.
fn freedom(found: &[f64], varying: &[usize], p: usize) -> Freedom {
    let v = varying.len();
    let per_item = |values: &[f64]| {
        let mut out = vec![0.0; p];
        varying.iter().zip(values).for_each(|(j, df)| out[*j] = *df);
        out
    };
    Freedom {
        slopes: per_item(&found[..v]),
        contrasts: per_item(&found[v..2 * v]),
        sum: found[2 * v],
        fewest: found.iter().copied().filter(|df| *df > 0.0).reduce(f64::min).unwrap_or(0.0),
    }
}

fn nested(matrix: &Array2<f64>) -> Vec<Vec<f64>> {
    matrix.rows().into_iter().map(|row| row.to_vec()).collect()
}

/// What scatters about the fit: sites by their means, or rows with their site.
#[derive(Debug, Clone)]
pub(super) struct Units {
    items: Array2<f64>,
    covariates: Array2<f64>,
    outcome: Vec<f64>,
    weights: Vec<f64>,
    /// Site of each, from 0 without gaps.
    codes: Vec<usize>,
}

impl Units {
    pub(super) fn moments(&self) -> Result<CrossMoments> {
        let z = (self.covariates.ncols() > 0).then(|| self.covariates.view());
        CrossMoments::from_rows(self.items.view(), z, &self.outcome, Some(&self.weights))
    }

    fn sites(&self) -> usize {
        self.codes.iter().max().map_or(0, |last| last + 1)
    }
}

impl Rows<'_> {
    /// One row per site, `None` where items or covariates vary within one.
    pub(super) fn site_means(&self) -> Option<Units> {
        let mut first: Vec<Option<usize>> = vec![None; self.site_count()];
        let (mut sums, mut weights) = (vec![0.0; first.len()], vec![0.0; first.len()]);
        for row in 0..self.items.nrows() {
            let site = self.site_of(row);
            let start = *first[site].get_or_insert(row);
            let same = self.items.row(start) == self.items.row(row)
                && self.covariates.is_none_or(|z| z.row(start) == z.row(row));
            if !same {
                return None;
            }
            let w = self.weights.map_or(1.0, |w| w[row]);
            sums[site] += w * self.outcome[row];
            weights[site] += w;
        }
        let sites: Vec<usize> = (0..first.len()).filter(|s| weights[*s] > 0.0).collect();
        let kept: Vec<usize> = sites.iter().filter_map(|s| first[*s]).collect();
        let outcome = sites.iter().map(|s| sums[*s] / weights[*s]).collect();
        Some(self.pick(&kept, outcome, sites.iter().map(|s| weights[*s]).collect()))
    }

    /// The rows that weigh anything.
    fn units(&self) -> Units {
        let weight = |row: usize| self.weights.map_or(1.0, |w| w[row]);
        let kept: Vec<usize> = (0..self.items.nrows()).filter(|row| weight(*row) > 0.0).collect();
        let outcome = kept.iter().map(|row| self.outcome[*row]).collect();
        self.pick(&kept, outcome, kept.iter().map(|row| weight(*row)).collect())
    }

    fn pick(&self, kept: &[usize], outcome: Vec<f64>, weights: Vec<f64>) -> Units {
        let mut place = std::collections::BTreeMap::new();
        let codes = kept
            .iter()
            .map(|row| {
                let next = place.len();
                *place.entry(self.site_of(*row)).or_insert(next)
            })
            .collect();
        let none = || Array2::zeros((kept.len(), 0));
        Units {
            items: self.items.select(Axis(0), kept),
            covariates: self.covariates.map_or_else(none, |z| z.select(Axis(0), kept)),
            outcome,
            weights,
            codes,
        }
    }
}
