//! Tuning inside the training folds: which pairs of sites need a decomposition of their own, and the errors of a path.

use super::downdate::{Downdate, Sums};
use super::fold::{Fold, FoldSums, Totals};
use super::panel::Panel;
use super::spectral::{HeldRow, PathSpace, Spectral, held_rows};
use crate::error::Result;
use ndarray::{Array2, Array3};
use rayon::prelude::*;

/// Steps of the penalty grid: as many as general tuning takes.
pub(super) const STEPS: usize = 41;

/// Leverage above which leaving a site out is no mere downdate.
const SHARP: f64 = 1e-6;

/// What all paths share: per outer fold the sites that a downdate leaves out, and folds without two sites for the rest.
#[derive(Debug)]
pub(super) struct Pairs {
    /// Per outer fold.
    quick: Vec<Vec<usize>>,
    /// Pairs with a training fold of their own.
    slow: Vec<((usize, usize), Fold)>,
}

impl Pairs {
    /// Sorts the pairs in which one of two sites is held out (`held`). A downdate needs one row per site, more sites than items, and no item that the second site alone
    /// keeps from being constant.
    pub(super) fn new(
        panel: &Panel,
        whole: &Array2<f64>,
        products: &Array3<f64>,
        outer: &[Fold],
        held: &[bool],
    ) -> Self {
        let sites = panel.sites();
        let roomy = sites > panel.item_count() + panel.base.ncols() + 3;
        let slow: Vec<((usize, usize), Fold)> = pairs(sites)
            .into_par_iter()
            .filter(|(i, j)| held[*i] || held[*j])
            .filter_map(|(i, j)| {
                let blunt = is_blunt(panel, &outer[i], j) || is_blunt(panel, &outer[j], i);
                let plain = roomy && panel.base.ncols() == 1 && !blunt;
                if plain
                    && outer[i].constant == outer[j].constant
                    && !Fold::makes_constant(whole, products, &[i, j], &outer[i].constant)
                {
                    return None;
                }
                let fold = Fold::new(panel, whole, products, &[i, j]);
                let same = fold.constant == outer[i].constant && fold.constant == outer[j].constant;
                (!roomy || !same || blunt).then_some(((i, j), fold))
            })
            .collect();
        let mut quick: Vec<Vec<usize>> = (0..sites).map(|i| (0..sites).filter(|j| *j != i).collect()).collect();
        for ((i, j), _) in &slow {
            quick[*i].retain(|site| site != j);
            quick[*j].retain(|site| site != i);
        }
        Self { quick, slow }
    }
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
    /// Per outer fold: the decomposition and the held-out rows; `None` where the target's score does not vary, or nobody
    /// asks for the fold.
    pub(super) outer: Vec<Option<Decomposed>>,
    downdates: Vec<Option<Downdate>>,
    /// For each slow pair: the decomposition, and the held-out rows of its first and second site.
    slow: Vec<Option<(Spectral, [Vec<HeldRow>; 2])>>,
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
        pairs: &Pairs,
        grids: &[Vec<f64>],
        held: &[bool],
        to_target: bool,
    ) -> Result<Self> {
        let sites = panel.sites();
        let decomposed: Vec<(Option<Decomposed>, Option<Downdate>)> = (0..sites)
            .into_par_iter()
            .map(|i| {
                if !held[i] {
                    return Ok((None, None));
                }
                let fold = &outer[i];
                let Some(spectral) = Spectral::new(fold, sites - 1, to_target)? else { return Ok((None, None)) };
                let held = held_rows(panel, fold, &spectral, i);
                let downdate = Downdate::new(panel, fold, &spectral, &pairs.quick[i], &grids[i]);
                Ok((Some((spectral, held)), Some(downdate)))
            })
            .collect::<Result<_>>()?;
        let (outer, downdates) = decomposed.into_iter().unzip();
        let slow = pairs
            .slow
            .par_iter()
            .map(|((i, j), fold)| {
                let found = Spectral::new(fold, sites - 2, to_target)?;
                Ok(found.map(|spectral| {
                    let held = [*i, *j].map(|site| held_rows(panel, fold, &spectral, site));
                    (spectral, held)
                }))
            })
            .collect::<Result<_>>()?;
        Ok(Self { to_target, outer, downdates, slow })
    }

    /// Sums the squared errors of all inner folds into `errors` (sites x (STEPS + 1)), and those of intercept and
    /// covariates alone into `null` (per site).
    #[expect(clippy::too_many_arguments, reason = "one argument per array")]
    pub(super) fn tune(
        &self,
        panel: &Panel,
        folds: &[Fold],
        pairs: &Pairs,
        grids: &[Vec<f64>],
        totals: &Totals,
        y: &[f64],
        space: &mut Inside,
        errors: &mut [f64],
        null: &mut [f64],
    ) {
        errors.fill(0.0);
        null.fill(0.0);
        for (i, fold) in folds.iter().enumerate() {
            let (Some((spectral, _)), Some(downdate)) = (&self.outer[i], &self.downdates[i]) else { continue };
            fold.sums(panel, totals, y, &mut space.fold);
            spectral.load(&space.fold, &mut space.path);
            null[i] += downdate.errors(
                panel,
                fold,
                spectral.values(),
                &space.fold,
                &space.path.coordinates,
                spectral.on_target(&space.fold),
                &grids[i],
                y,
                &mut space.sums,
                &mut errors[i * (STEPS + 1)..(i + 1) * (STEPS + 1)],
            );
        }
        for (((i, j), fold), found) in pairs.slow.iter().zip(&self.slow) {
            fold.sums(panel, totals, y, &mut space.fold);
            if let Some((spectral, _)) = found {
                spectral.load(&space.fold, &mut space.path);
            }
            for (outer, held, which) in [(*i, *j, 1), (*j, *i, 0)] {
                for (position, row) in panel.rows[held].iter().enumerate() {
                    let miss = y[*row] - space.fold.base_prediction(panel, *row);
                    null[outer] += panel.weight[*row] * miss * miss;
                    for k in 0..STEPS + usize::from(self.to_target) {
                        let penalty = grids[outer].get(k).copied().unwrap_or(f64::INFINITY);
                        let added = found.as_ref().map_or(0.0, |(spectral, rows)| {
                            spectral.contribution(fold, &space.fold, &rows[which][position], penalty, &mut space.path)
                        });
                        errors[outer * (STEPS + 1) + k] += panel.weight[*row] * (miss - added) * (miss - added);
                    }
                }
            }
        }
    }

    /// The penalty with the smallest inner error; of equals, the strongest.
    pub(super) fn chosen(&self, site: usize, grid: &[f64], errors: &[f64], null: &[f64]) -> f64 {
        let from = site * (STEPS + 1);
        let errors = &errors[from..from + STEPS + usize::from(self.to_target)];
        let round_off = 1e-14 * null[site];
        let mut best = 0;
        for k in 1..errors.len() {
            if errors[k] <= errors[best] * (1.0 + 1e-12) + round_off {
                best = k;
            }
        }
        grid.get(best).copied().unwrap_or(f64::INFINITY)
    }
}

fn pairs(sites: usize) -> Vec<(usize, usize)> {
    (0..sites).flat_map(|i| (i + 1..sites).map(move |j| (i, j))).collect()
}
