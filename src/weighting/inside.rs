//! Tuning inside the training folds: which groups of sites need a decomposition of their own, and the errors of a path.

use super::downdate::{Downdate, Outcome, Sums};
use super::fold::{Fold, FoldSums, Totals};
use super::panel::Panel;
use super::resolvent::{NONE, Row, STEPS};
use super::schemes::tune::strongest_of_best;
use super::spectral::{HeldRow, PathSpace, Spectral, held_rows};
use crate::error::Result;
use ndarray::{Array2, Array3};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Leverage above which leaving a site out is no mere downdate.
const SHARP: f64 = 1e-6;

/// What all paths share: per outer fold the sites that a downdate leaves out, and folds of their own for the other groups.
#[derive(Debug)]
pub(super) struct Inner {
    /// Per outer fold.
    quick: Vec<Vec<usize>>,
    /// Training folds that must be decomposed.
    slow: Vec<Slow>,
}

/// A training fold of the tuning, and the outer folds that use it with the sites that it predicts there. Leaving i out of the
/// fold without j is the same as leaving j out of the fold without i.
#[derive(Debug)]
struct Slow {
    fold: Fold,
    uses: Vec<(usize, Vec<usize>)>,
}

impl Inner {
    /// Sorts the groups of sites (`groups`, per outer fold) that tuning leaves out. A downdate needs a single site with one row, more
    /// sites than items, and no item that the site alone keeps from being constant.
    pub(super) fn new(
        panel: &Panel,
        whole: &Array2<f64>,
        products: &Array3<f64>,
        outer: &[Fold],
        groups: &[Vec<Vec<usize>>],
    ) -> Self {
        type Split = (Vec<usize>, Vec<Vec<usize>>);
        let split: Vec<Split> = outer
            .par_iter()
            .zip(groups)
            .map(|(fold, groups)| {
                let is_quick = |group: &&Vec<usize>| is_downdate(panel, whole, products, fold, group);
                let (quick, slow): (Vec<&Vec<usize>>, Vec<_>) = groups.iter().partition(is_quick);
                (quick.into_iter().map(|group| group[0]).collect(), slow.into_iter().cloned().collect())
            })
            .collect();
        let mut uses: BTreeMap<Vec<usize>, Vec<(usize, Vec<usize>)>> = BTreeMap::new();
        for (f, (_, slow)) in split.iter().enumerate() {
            for group in slow {
                let mut excluded = [outer[f].excluded(), group].concat();
                excluded.sort_unstable();
                uses.entry(excluded).or_default().push((f, group.clone()));
            }
        }
        let slow = uses
            .into_par_iter()
            .map(|(excluded, uses)| Slow { fold: Fold::new(panel, whole, products, &excluded), uses })
            .collect();
        Self { quick: split.into_iter().map(|(quick, _)| quick).collect(), slow }
    }
}

/// Whether leaving a group out of an outer fold is a rank-one downdate.
fn is_downdate(panel: &Panel, whole: &Array2<f64>, products: &Array3<f64>, fold: &Fold, group: &[usize]) -> bool {
    let [site] = group[..] else { return false };
    let training = panel.sites() - fold.excluded().len();
    if training <= panel.item_count() + panel.base.ncols() + 2 || is_blunt(panel, fold, site) {
        return false;
    }
    let excluded = [fold.excluded(), group].concat();
    if panel.base.ncols() == 1 {
        return !Fold::makes_constant(whole, products, &excluded, &fold.constant);
    }
    Fold::new(panel, whole, products, &excluded).constant == fold.constant
}

/// Whether a site has several rows, or takes a degree of freedom of its own with it.
fn is_blunt(panel: &Panel, fold: &Fold, site: usize) -> bool {
    let [row] = panel.rows[site][..] else { return true };
    let mut adjusted = vec![0.0; panel.item_count()];
    fold.adjusted_row(panel, row, &mut adjusted);
    let target: f64 = fold.varying.iter().map(|j| adjusted[*j]).sum();
    let variance: f64 = fold.gram.sum();
    let beyond = if variance > 0.0 { target * target / variance } else { 0.0 };
    1.0 - panel.weight[row] * (fold.leverage(panel, row) + beyond) <= SHARP
}

/// A decomposed fold and the rows it holds out.
type Decomposed = (Spectral, Vec<HeldRow>);

/// A scheme with a penalty path, decomposed in every fold.
#[derive(Debug)]
pub(super) struct Path {
    pub(super) to_target: bool,
    /// Per outer fold: the decomposition and the held-out rows; `None` where the target's score does not vary.
    pub(super) outer: Vec<Option<Decomposed>>,
    downdates: Vec<Option<Downdate>>,
    /// For each slow fold: the decomposition, and per use the rows that it predicts.
    slow: Vec<Option<(Spectral, Vec<Vec<HeldRow>>)>>,
}

/// Summed squared errors of the inner folds, at every penalty and by the target alone.
#[derive(Debug, Clone)]
pub(super) struct PathErrors {
    pub(super) penalties: Row,
    pub(super) target: f64,
}

impl PathErrors {
    pub(super) const ZERO: Self = Self { penalties: NONE, target: 0.0 };
}

/// Working space of the tuning.
#[derive(Debug)]
pub(super) struct Inside {
    fold: FoldSums,
    path: PathSpace,
    sums: Sums,
}

impl Inside {
    pub(super) fn new(panel: &Panel) -> Self {
        let p = panel.item_count();
        Self { fold: FoldSums::empty(panel), path: PathSpace::new(p), sums: Sums::new() }
    }
}

impl Path {
    pub(super) fn new(
        panel: &Panel,
        outer: &[Fold],
        inner: &Inner,
        grids: &[Vec<f64>],
        to_target: bool,
    ) -> Result<Self> {
        let units = |fold: &Fold| panel.sites() - fold.excluded().len();
        let decomposed: Vec<(Option<Decomposed>, Option<Downdate>)> = (0..outer.len())
            .into_par_iter()
            .map(|i| {
                let fold = &outer[i];
                let Some(spectral) = Spectral::new(fold, units(fold), to_target)? else { return Ok((None, None)) };
                let held = held_rows(panel, fold, &spectral, fold.excluded());
                let downdate = Downdate::new(panel, fold, &spectral, &inner.quick[i], &grids[i]);
                Ok((Some((spectral, held)), Some(downdate)))
            })
            .collect::<Result<_>>()?;
        let (outer, downdates) = decomposed.into_iter().unzip();
        let slow = inner
            .slow
            .par_iter()
            .map(|Slow { fold, uses }| {
                let found = Spectral::new(fold, units(fold), to_target)?;
                Ok(found.map(|spectral| {
                    let held = uses.iter().map(|(_, sites)| held_rows(panel, fold, &spectral, sites)).collect();
                    (spectral, held)
                }))
            })
            .collect::<Result<_>>()?;
        Ok(Self { to_target, outer, downdates, slow })
    }

    /// Sums the squared errors of all inner folds into `errors`, and those of intercept and covariates alone into `null`
    /// (both per outer fold).
    #[expect(clippy::too_many_arguments, reason = "one argument per array")]
    pub(super) fn tune(
        &self,
        panel: &Panel,
        folds: &[Fold],
        inner: &Inner,
        grids: &[Vec<f64>],
        totals: &Totals,
        y: &[f64],
        space: &mut Inside,
        errors: &mut [PathErrors],
        null: &mut [f64],
    ) {
        errors.fill(PathErrors::ZERO);
        null.fill(0.0);
        for (i, fold) in folds.iter().enumerate() {
            let (Some((spectral, _)), Some(downdate)) = (&self.outer[i], &self.downdates[i]) else { continue };
            fold.sums(panel, totals, y, &mut space.fold);
            spectral.load(&space.fold, &mut space.path);
            let of = Outcome {
                panel,
                fold,
                values: spectral.values(),
                penalties: &grids[i],
                y,
                sums: &space.fold,
                coordinates: &space.path.coordinates,
                on_target: spectral.on_target(&space.fold),
            };
            null[i] += downdate.errors(of, &mut space.sums, &mut errors[i]);
        }
        for (Slow { fold, uses }, found) in inner.slow.iter().zip(&self.slow) {
            fold.sums(panel, totals, y, &mut space.fold);
            if let Some((spectral, _)) = found {
                spectral.load(&space.fold, &mut space.path);
            }
            for (which, (outer, sites)) in uses.iter().enumerate() {
                let rows = sites.iter().flat_map(|site| &panel.rows[*site]);
                for (position, row) in rows.enumerate() {
                    let (weight, miss) = (panel.weight[*row], y[*row] - space.fold.base_prediction(panel, *row));
                    null[*outer] += weight * miss * miss;
                    let (mut added, mut alone) = (NONE, 0.0);
                    if let Some((spectral, held)) = found {
                        let (held, path) = (&held[which][position], &mut space.path);
                        added = spectral.contributions(fold, &space.fold, held, &grids[*outer], path);
                        if self.to_target {
                            alone = spectral.contribution(fold, &space.fold, held, f64::INFINITY, path);
                        }
                    }
                    let errors = &mut errors[*outer];
                    errors.target += weight * (miss - alone) * (miss - alone);
                    for (error, added) in errors.penalties.iter_mut().zip(&added) {
                        *error += weight * (miss - added) * (miss - added);
                    }
                }
            }
        }
    }

    /// The penalty with the smallest inner error; of equals, the strongest.
    pub(super) fn chosen(&self, grid: &[f64], errors: &PathErrors, null: f64) -> f64 {
        let mut tried = errors.penalties[..STEPS].to_vec();
        if self.to_target {
            tried.push(errors.target);
        }
        grid.get(strongest_of_best(&tried, 1e-14 * null)).copied().unwrap_or(f64::INFINITY)
    }
}
