//! Sites held out, with tuning nested inside: every scheme, the unit total included, predicts each site from others.
//!
//! A scheme gives a direction; slope and intercept of its score (and the covariates' coefficients) are then fitted by
//! least squares in the training fold, the same for every scheme, so that nobody wins by shrinking alone. A penalty is
//! chosen inside the training fold, by leaving each of its sites out in turn.
//!
//! [`Plan::new`] does what does not depend on the outcome, once; [`Plan::predict`] then costs a few sums for each fold,
//! and that is what a thousand replicates pay. Schemes without such a path go through the general protocol.

use super::direct::{Solver, has_no_twins, solve_nonnegative};
pub use super::entrant::Entrant;
use super::entrant::{Kind, kind_of};
use super::fold::{Fold, FoldSums, Totals, site_products};
use super::inside::{Inner, Inside, Path, PathErrors};
use super::panel::Panel;
use super::resolvent::STEPS;
use super::schemes::finish::scaled;
use super::spectral::PathSpace;
use super::splits::Splits;
use crate::error::{Error, Result};
use crate::regress::ridge::penalty_grid;
use ndarray::{Array2, Array3};

/// Everything about a contest that does not depend on the outcome.
#[derive(Debug)]
pub struct Plan<'a> {
    pub(super) panel: &'a Panel,
    pub(super) splits: Splits,
    /// Cross-products of all sites and of each.
    whole: Array2<f64>,
    products: Array3<f64>,
    /// One training fold per split.
    pub(super) outer: Vec<Fold>,
    inner: Option<Inner>,
    grids: Vec<Vec<f64>>,
    contestants: Vec<Contestant>,
    pub(super) entrants: Vec<Entrant>,
}

#[derive(Debug)]
enum Contestant {
    /// One direction per training fold, whatever the outcome.
    Fixed(Vec<Vec<f64>>),
    Correlation {
        non_negative: bool,
    },
    /// Least squares; folds of nearly full rank go through the general protocol.
    Ols(Vec<Option<Solver>>),
    /// Non-negative least squares; folds in which items move together exactly go through the general protocol.
    NonNegative(Vec<bool>),
    Path(Box<Path>),
    General,
}

/// Working space for one thread.
#[derive(Debug)]
pub struct Space {
    totals: Totals,
    outer: FoldSums,
    inside: Inside,
    path: PathSpace,
    direction: Vec<f64>,
    adjusted: Vec<f64>,
    /// Per path and outer fold.
    errors: Vec<PathErrors>,
    /// Per outer fold: what the base alone makes, summed over the inner folds.
    null: Vec<f64>,
    /// Held-out predictions per scheme and row; all rows of one repeat, then those of the next.
    pub predictions: Vec<Vec<f64>>,
    /// Held-out predictions of intercept and covariates alone, likewise.
    pub base: Vec<f64>,
    /// Penalty chosen per scheme and outer fold; NaN where there is none.
    pub penalties: Vec<Vec<f64>>,
    /// Per scheme: what went wrong, where something did; the predictions of those folds are NaN.
    pub failures: Vec<Option<Failure>>,
}

/// A scheme that could not be fitted in some training folds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Failure {
    /// Training folds in which it failed.
    pub folds: usize,
    /// The first site that it could not predict.
    pub site: usize,
    /// What was said there.
    pub reason: String,
}

impl<'a> Plan<'a> {
    /// Prepares the folds and decompositions for these schemes, leaving one site out.
    pub fn new(panel: &'a Panel, schemes: &[Entrant]) -> Result<Self> {
        Self::with(panel, schemes, Splits::leave_one_site_out(panel.sites()))
    }

    /// The same with other splits.
    pub fn with(panel: &'a Panel, schemes: &[Entrant], splits: Splits) -> Result<Self> {
        let products = site_products(panel);
        let whole = products.sum_axis(ndarray::Axis(0));
        let outer: Vec<Fold> =
            splits.outer.iter().map(|held| Fold::new(panel, &whole, &products, &held.sites)).collect();
        let kinds: Vec<Kind> = schemes.iter().map(|entrant| kind_of(&entrant.scheme, panel)).collect();
        let groups = |held: &super::splits::Held| splits.tuning_groups(&held.sites, panel.sites());
        let inner = kinds.iter().any(|kind| matches!(kind, Kind::Path { .. })).then(|| {
            let groups: Vec<_> = splits.outer.iter().map(groups).collect();
            Inner::new(panel, &whole, &products, &outer, &groups)
        });
        // The grid that general tuning uses on the same fold.
        let grids = outer.iter().map(|fold| penalty_grid(&fold.design(panel), STEPS)).collect();
        let contestants = Vec::with_capacity(schemes.len());
        let entrants = schemes.to_vec();
        let mut plan = Self { panel, splits, whole, products, outer, inner, grids, contestants, entrants };
        for (entrant, kind) in schemes.iter().zip(kinds) {
            let contestant = plan.contestant(entrant, &kind)?;
            plan.contestants.push(contestant);
        }
        Ok(plan)
    }

    /// A training fold without the `excluded` sites.
    pub(super) fn fold(&self, excluded: &[usize]) -> Fold {
        Fold::new(self.panel, &self.whole, &self.products, excluded)
    }

    /// The groups of sites that tuning leaves out in outer fold `f`.
    pub(super) fn tuning_groups(&self, f: usize) -> Vec<Vec<usize>> {
        self.splits.tuning_groups(self.outer[f].excluded(), self.panel.sites())
    }

    fn contestant(&self, entrant: &Entrant, kind: &Kind) -> Result<Contestant> {
        Ok(match (kind, &self.inner) {
            (Kind::Correlation { non_negative }, _) => Contestant::Correlation { non_negative: *non_negative },
            (Kind::Path { to_target }, Some(inner)) => {
                Contestant::Path(Box::new(Path::new(self.panel, &self.outer, inner, &self.grids, *to_target)?))
            }
            (Kind::Ols, _) => {
                let solvers = self.outer.iter().map(|fold| Solver::new(fold, self.panel));
                Contestant::Ols(solvers.collect::<Result<_>>()?)
            }
            (Kind::NonNegative, _) => Contestant::NonNegative(self.outer.iter().map(has_no_twins).collect()),
            (Kind::Unit, _) => Contestant::Fixed(vec![vec![1.0; self.panel.item_count()]; self.outer.len()]),
            (Kind::Fixed, _) => {
                // Any outcome that varies in every fold serves: the direction does not see it.
                let y: Vec<f64> = (0..self.panel.outcome.len()).map(|row| row as f64).collect();
                let (mut totals, mut sums) = (Totals::empty(self.panel), FoldSums::empty(self.panel));
                totals.sum(self.panel, &y);
                let directions = (0..self.outer.len()).map(|f| {
                    self.outer[f].sums(self.panel, &totals, &y, &mut sums);
                    Ok(self.general(entrant, f, &y, &totals, &sums)?.1)
                });
                // Where a fold has no direction (the weighted items do not vary there), that is for the fold to say.
                directions.collect::<Result<_>>().map_or(Contestant::General, Contestant::Fixed)
            }
            _ => Contestant::General,
        })
    }

    /// How many schemes are in the contest.
    pub fn schemes(&self) -> usize {
        self.contestants.len()
    }

    /// Working space for one thread.
    pub fn space(&self) -> Space {
        let (n, p) = (self.panel.outcome.len() * self.splits.repeats, self.panel.item_count());
        let (schemes, folds) = (self.contestants.len(), self.outer.len());
        Space {
            totals: Totals::empty(self.panel),
            outer: FoldSums::empty(self.panel),
            inside: Inside::new(self.panel),
            path: PathSpace::new(p),
            direction: vec![0.0; p],
            adjusted: vec![0.0; p],
            errors: vec![PathErrors::ZERO; schemes * folds],
            null: vec![0.0; folds],
            predictions: vec![vec![0.0; n]; schemes],
            base: vec![0.0; n],
            penalties: vec![vec![f64::NAN; folds]; schemes],
            failures: vec![None; schemes],
        }
    }

    /// Predicts every row of `y` from sites that were not held out with it, by every scheme; the result is in `space`. A scheme that fails in a
    /// fold is noted there and stops nobody else.
    pub fn predict(&self, y: &[f64], space: &mut Space) {
        space.failures.fill(None);
        space.totals.sum(self.panel, y);
        self.tune(y, space);
        for f in 0..self.outer.len() {
            self.outer[f].sums(self.panel, &space.totals, y, &mut space.outer);
            for row in self.held_rows(f) {
                space.base[self.place(f, row)] = space.outer.base_prediction(self.panel, row);
            }
            for c in 0..self.contestants.len() {
                if let Err(reason) = self.predict_fold(c, f, y, space) {
                    self.fail(c, f, &reason, space);
                }
            }
        }
    }

    /// The rows that outer fold `f` holds out.
    fn held_rows(&self, f: usize) -> impl Iterator<Item = usize> + use<'_, 'a> {
        self.outer[f].excluded().iter().flat_map(|site| self.panel.rows[*site].iter().copied())
    }

    /// Where the prediction of a row by outer fold `f` stands.
    fn place(&self, f: usize, row: usize) -> usize {
        self.splits.outer[f].repeat * self.panel.outcome.len() + row
    }

    fn fail(&self, c: usize, f: usize, reason: &Error, space: &mut Space) {
        match &mut space.failures[c] {
            Some(failure) => failure.folds += 1,
            none => {
                let site = self.outer[f].excluded()[0];
                *none = Some(Failure { folds: 1, site, reason: reason.to_string() });
            }
        }
        for row in self.held_rows(f) {
            space.predictions[c][self.place(f, row)] = f64::NAN;
        }
        space.penalties[c][f] = f64::NAN;
    }

    fn predict_fold(&self, c: usize, f: usize, y: &[f64], space: &mut Space) -> Result<()> {
        let fold = &self.outer[f];
        match &self.contestants[c] {
            Contestant::Fixed(directions) => {
                space.direction.copy_from_slice(&directions[f]);
                self.along_direction(c, f, space);
            }
            Contestant::Ols(solvers) => match &solvers[f] {
                Some(solver) => {
                    solver.solve(&space.outer.cross, &mut space.direction);
                    fold.pin(&mut space.direction);
                    self.along_direction(c, f, space);
                }
                None => self.predict_generally(c, f, y, space)?,
            },
            Contestant::NonNegative(simple) => {
                if simple[f] {
                    solve_nonnegative(fold, &space.outer.cross, &mut space.direction)?;
                    fold.pin(&mut space.direction);
                    self.along_direction(c, f, space);
                } else {
                    self.predict_generally(c, f, y, space)?;
                }
            }
            Contestant::Correlation { non_negative } => {
                for (j, d) in space.direction.iter_mut().enumerate() {
                    let spread = fold.gram[[j, j]];
                    let value = if spread > 0.0 { space.outer.cross[j] / spread } else { 0.0 };
                    *d = if *non_negative { value.max(0.0) } else { value };
                }
                fold.pin(&mut space.direction);
                self.along_direction(c, f, space);
            }
            Contestant::Path(path) => {
                let errors = &space.errors[c * self.outer.len() + f];
                let penalty = path.chosen(&self.grids[f], errors, space.null[f]);
                space.penalties[c][f] = penalty;
                if let Some((spectral, _)) = &path.outer[f] {
                    spectral.load(&space.outer, &mut space.path);
                }
                for (at, row) in self.held_rows(f).enumerate() {
                    let added = path.outer[f].as_ref().map_or(0.0, |(spectral, held)| {
                        spectral.contribution(fold, &space.outer, &held[at], penalty, &mut space.path)
                    });
                    let place = self.place(f, row);
                    space.predictions[c][place] = space.base[place] + added;
                }
            }
            Contestant::General => self.predict_generally(c, f, y, space)?,
        }
        Ok(())
    }

    fn predict_generally(&self, c: usize, f: usize, y: &[f64], space: &mut Space) -> Result<()> {
        let (penalty, weights) = self.general(&self.entrants[c], f, y, &space.totals, &space.outer)?;
        space.penalties[c][f] = penalty;
        space.direction.copy_from_slice(&weights);
        self.along_direction(c, f, space);
        Ok(())
    }

    /// Predicts along `space.direction`, calibrated in the fold.
    fn along_direction(&self, c: usize, f: usize, space: &mut Space) {
        let fold = &self.outer[f];
        let slope = fold.slope_on(&space.direction, &space.outer.cross);
        for row in self.held_rows(f) {
            fold.adjusted_row(self.panel, row, &mut space.adjusted);
            let score: f64 = space.adjusted.iter().zip(&space.direction).map(|(x, d)| x * d).sum();
            let place = self.place(f, row);
            space.predictions[c][place] = space.base[place] + slope * score;
        }
    }

    /// Sums the squared errors of all inner folds, for every path and penalty.
    fn tune(&self, y: &[f64], space: &mut Space) {
        let Some(inner) = &self.inner else { return };
        let each = self.outer.len();
        for (c, contestant) in self.contestants.iter().enumerate() {
            if let Contestant::Path(path) = contestant {
                let errors = &mut space.errors[c * each..(c + 1) * each];
                let (totals, inside, null) = (&space.totals, &mut space.inside, &mut space.null);
                path.tune(self.panel, &self.outer, inner, &self.grids, totals, y, inside, errors, null);
            }
        }
    }

    /// How many outer folds there are.
    pub fn folds(&self) -> usize {
        self.outer.len()
    }

    /// The weights of scheme `c` in outer fold `f`; `None` where it cannot be fitted. Call after [`Self::predict`] with the same `y`.
    pub fn weights_in_fold(&self, c: usize, f: usize, y: &[f64], space: &mut Space) -> Option<Vec<f64>> {
        let fold = &self.outer[f];
        fold.sums(self.panel, &space.totals, y, &mut space.outer);
        if let Contestant::Path(path) = &self.contestants[c] {
            let Some((spectral, _)) = &path.outer[f] else { return Some(vec![0.0; fold.gram.nrows()]) };
            spectral.load(&space.outer, &mut space.path);
            let penalty = space.penalties[c][f];
            return Some(scaled(spectral.slopes(&space.outer, fold, penalty, &mut space.path)).0);
        }
        self.predict_fold(c, f, y, space).ok()?;
        Some(scaled(&space.direction).0)
    }
}
