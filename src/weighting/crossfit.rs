//! Leave one site out, with tuning nested inside: every scheme, the unit total included, predicts each site from the others.
//!
//! A scheme gives a direction; slope and intercept of its score (and the covariates' coefficients) are then fitted by
//! least squares in the training fold, the same for every scheme, so that nobody wins by shrinking alone. A penalty is
//! chosen inside the training fold, by leaving each of its sites out in turn.
//!
//! [`Plan::new`] does what does not depend on the outcome, once; [`Plan::predict`] then costs a few sums for each fold,
//! and that is what a thousand replicates pay. Schemes without such a path go through the general protocol.

use super::direct::{Solver, has_no_twins, solve_nonnegative};
use super::fold::{Fold, FoldSums, Totals, site_products};
use super::inside::{Inside, Pairs, Path, STEPS};
use super::panel::Panel;
use super::schemes::finish::scaled;
use super::schemes::tune::{self, calibrated, leave_one_out};
use super::schemes::{Scheme, SchemeFit, Setting, Status};
use super::spectral::PathSpace;
use crate::error::{Error, Result, input};
use crate::regress::ridge::penalty_grid;

/// A scheme with what it needs to know about the items.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entrant {
    /// The scheme.
    pub scheme: Scheme,
    /// The subscale of each item, for schemes that go by subscale.
    #[serde(default)]
    pub groups: Option<Vec<usize>>,
}

impl Entrant {
    fn setting(&self, items: usize) -> Setting {
        Setting { groups: self.groups.clone(), ..Setting::plain(items) }
    }
}

impl From<Scheme> for Entrant {
    fn from(scheme: Scheme) -> Self {
        Self { scheme, groups: None }
    }
}

/// Everything about a contest that does not depend on the outcome.
#[derive(Debug)]
pub struct Plan<'a> {
    panel: &'a Panel,
    /// Whether a site is to be predicted.
    held: Vec<bool>,
    outer: Vec<Fold>,
    pairs: Option<Pairs>,
    grids: Vec<Vec<f64>>,
    contestants: Vec<Contestant>,
    entrants: Vec<Entrant>,
}

#[derive(Debug)]
enum Contestant {
    /// One direction per training fold, whatever the outcome.
    Fixed(Vec<Vec<f64>>),
    Correlation {
        non_negative: bool,
    },
    /// Least squares; folds without full rank go through the general protocol.
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
    /// Per path, site and penalty: summed squared error of the inner folds.
    errors: Vec<f64>,
    /// Per site: what the base alone makes, summed over the inner folds.
    null: Vec<f64>,
    /// Held-out predictions per scheme and row.
    pub predictions: Vec<Vec<f64>>,
    /// Held-out predictions of intercept and covariates alone.
    pub base: Vec<f64>,
    /// Penalty chosen per scheme and site; NaN where there is none.
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

impl Space {
    fn fail(&mut self, c: usize, site: usize, rows: &[usize], reason: &Error) {
        match &mut self.failures[c] {
            Some(failure) => failure.folds += 1,
            none => *none = Some(Failure { folds: 1, site, reason: reason.to_string() }),
        }
        for row in rows {
            self.predictions[c][*row] = f64::NAN;
        }
        self.penalties[c][site] = f64::NAN;
    }
}

impl<'a> Plan<'a> {
    /// Prepares the folds and decompositions for these schemes.
    pub fn new(panel: &'a Panel, schemes: &[Entrant]) -> Result<Self> {
        Self::holding_out(panel, schemes, vec![true; panel.sites()])
    }

    /// The same for one held-out site alone; the predictions of all others stay empty.
    pub fn of_site(panel: &'a Panel, schemes: &[Entrant], site: usize) -> Result<Self> {
        Self::holding_out(panel, schemes, (0..panel.sites()).map(|other| other == site).collect())
    }

    fn holding_out(panel: &'a Panel, schemes: &[Entrant], held: Vec<bool>) -> Result<Self> {
        let products = site_products(panel);
        let whole = products.sum_axis(ndarray::Axis(0));
        let sites = panel.sites();
        let fold = |excluded: &[usize]| Fold::new(panel, &whole, &products, excluded);
        let outer: Vec<Fold> = (0..sites).map(|i| fold(&[i])).collect();
        let kinds: Vec<Kind> = schemes.iter().map(|entrant| kind_of(&entrant.scheme, panel)).collect();
        let needs_pairs = kinds.iter().any(|kind| matches!(kind, Kind::Path { .. }));
        let pairs = needs_pairs.then(|| Pairs::new(panel, &whole, &products, &outer, &held));
        let grids = outer.iter().zip(&held).map(|(fold, held)| if *held { grid(panel, fold) } else { Vec::new() });
        let grids = grids.collect();
        let mut plan = Self { panel, held, outer, pairs, grids, contestants: Vec::new(), entrants: schemes.to_vec() };
        for (entrant, kind) in schemes.iter().zip(kinds) {
            let contestant = plan.contestant(entrant, &kind)?;
            plan.contestants.push(contestant);
        }
        Ok(plan)
    }

    fn contestant(&self, entrant: &Entrant, kind: &Kind) -> Result<Contestant> {
        Ok(match (kind, &self.pairs) {
            (Kind::Correlation { non_negative }, _) => Contestant::Correlation { non_negative: *non_negative },
            (Kind::Path { to_target }, Some(pairs)) => Contestant::Path(Box::new(Path::new(
                self.panel,
                &self.outer,
                pairs,
                &self.grids,
                &self.held,
                *to_target,
            )?)),
            (Kind::Ols, _) => Contestant::Ols(self.each(|site| Ok(Solver::new(&self.outer[site])))?),
            (Kind::NonNegative, _) => Contestant::NonNegative(self.each(|site| Ok(has_no_twins(&self.outer[site])))?),
            (Kind::Unit, _) => Contestant::Fixed(vec![vec![1.0; self.panel.item_count()]; self.panel.sites()]),
            (Kind::Fixed, _) => {
                // Any outcome that varies in every fold serves: the direction does not see it.
                let y: Vec<f64> = (0..self.panel.outcome.len()).map(|row| row as f64).collect();
                Contestant::Fixed(self.each(|site| Ok(self.general(entrant, site, &y)?.1))?)
            }
            _ => Contestant::General,
        })
    }

    /// Something for every held-out site; the default for the others.
    fn each<T: Default>(&self, of: impl Fn(usize) -> Result<T>) -> Result<Vec<T>> {
        self.held.iter().enumerate().map(|(site, held)| if *held { of(site) } else { Ok(T::default()) }).collect()
    }

    fn held_out(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.held.len()).filter(|site| self.held[*site])
    }

    /// How many schemes are in the contest.
    pub fn schemes(&self) -> usize {
        self.contestants.len()
    }

    /// Working space for one thread.
    pub fn space(&self) -> Space {
        let (n, p, sites) = (self.panel.outcome.len(), self.panel.item_count(), self.panel.sites());
        let schemes = self.contestants.len();
        Space {
            totals: Totals::empty(self.panel),
            outer: FoldSums::empty(self.panel),
            inside: Inside::new(self.panel),
            path: PathSpace::new(p),
            direction: vec![0.0; p],
            adjusted: vec![0.0; p],
            errors: vec![0.0; schemes * sites * (STEPS + 1)],
            null: vec![0.0; sites],
            predictions: vec![vec![0.0; n]; schemes],
            base: vec![0.0; n],
            penalties: vec![vec![f64::NAN; sites]; schemes],
            failures: vec![None; schemes],
        }
    }

    /// Predicts every row of `y` from the other sites, by every scheme; the result is in `space`. A scheme that fails in a
    /// fold is noted there and stops nobody else.
    pub fn predict(&self, y: &[f64], space: &mut Space) {
        space.failures.fill(None);
        space.totals.sum(self.panel, y);
        self.tune(y, space);
        for site in self.held_out() {
            self.outer[site].sums(self.panel, &space.totals, y, &mut space.outer);
            for row in &self.panel.rows[site] {
                space.base[*row] = space.outer.base_prediction(self.panel, *row);
            }
            for c in 0..self.contestants.len() {
                if let Err(reason) = self.predict_site(c, site, y, space) {
                    space.fail(c, site, &self.panel.rows[site], &reason);
                }
            }
        }
    }

    fn predict_site(&self, c: usize, site: usize, y: &[f64], space: &mut Space) -> Result<()> {
        let fold = &self.outer[site];
        match &self.contestants[c] {
            Contestant::Fixed(directions) => {
                space.direction.copy_from_slice(&directions[site]);
                self.along_direction(c, site, space);
            }
            Contestant::Ols(solvers) => match &solvers[site] {
                Some(solver) => {
                    solver.solve(&space.outer.cross, &mut space.direction);
                    fold.pin(&mut space.direction);
                    self.along_direction(c, site, space);
                }
                None => self.predict_generally(c, site, y, space)?,
            },
            Contestant::NonNegative(simple) => {
                if simple[site] {
                    solve_nonnegative(fold, &space.outer.cross, &mut space.direction)?;
                    fold.pin(&mut space.direction);
                    self.along_direction(c, site, space);
                } else {
                    self.predict_generally(c, site, y, space)?;
                }
            }
            Contestant::Correlation { non_negative } => {
                for (j, d) in space.direction.iter_mut().enumerate() {
                    let spread = fold.gram[[j, j]];
                    let value = if spread > 0.0 { space.outer.cross[j] / spread } else { 0.0 };
                    *d = if *non_negative { value.max(0.0) } else { value };
                }
                fold.pin(&mut space.direction);
                self.along_direction(c, site, space);
            }
            Contestant::Path(path) => {
                let errors = &space.errors[c * self.panel.sites() * (STEPS + 1)..];
                let penalty = path.chosen(site, &self.grids[site], errors, &space.null);
                space.penalties[c][site] = penalty;
                if let Some((spectral, _)) = &path.outer[site] {
                    spectral.load(&space.outer, &mut space.path);
                }
                for (at, row) in self.panel.rows[site].iter().enumerate() {
                    let added = path.outer[site].as_ref().map_or(0.0, |(spectral, held)| {
                        spectral.contribution(fold, &space.outer, &held[at], penalty, &mut space.path)
                    });
                    space.predictions[c][*row] = space.base[*row] + added;
                }
            }
            Contestant::General => self.predict_generally(c, site, y, space)?,
        }
        Ok(())
    }

    fn predict_generally(&self, c: usize, site: usize, y: &[f64], space: &mut Space) -> Result<()> {
        let (penalty, weights) = self.general(&self.entrants[c], site, y)?;
        space.penalties[c][site] = penalty;
        space.direction.copy_from_slice(&weights);
        self.along_direction(c, site, space);
        Ok(())
    }

    /// Predicts along `space.direction`, calibrated in the fold.
    fn along_direction(&self, c: usize, site: usize, space: &mut Space) {
        let fold = &self.outer[site];
        let slope = fold.slope_on(&space.direction, &space.outer.cross);
        for row in &self.panel.rows[site] {
            fold.adjusted_row(self.panel, *row, &mut space.adjusted);
            let score: f64 = space.adjusted.iter().zip(&space.direction).map(|(x, d)| x * d).sum();
            space.predictions[c][*row] = space.base[*row] + slope * score;
        }
    }

    /// Sums the squared errors of all inner folds, for every path and penalty.
    fn tune(&self, y: &[f64], space: &mut Space) {
        let Some(pairs) = &self.pairs else { return };
        let each = self.panel.sites() * (STEPS + 1);
        for (c, contestant) in self.contestants.iter().enumerate() {
            if let Contestant::Path(path) = contestant {
                let errors = &mut space.errors[c * each..(c + 1) * each];
                let (totals, inside, null) = (&space.totals, &mut space.inside, &mut space.null);
                path.tune(self.panel, &self.outer, pairs, &self.grids, totals, y, inside, errors, null);
            }
        }
    }

    /// The weights that scheme `c` had in the training fold of every held-out site where it could be fitted: folds x p. Call
    /// after [`Self::predict`] on the observed outcome.
    pub fn fold_weights(&self, c: usize, space: &mut Space) -> Vec<Vec<f64>> {
        let y = &self.panel.outcome;
        self.held_out()
            .filter_map(|site| {
                let fold = &self.outer[site];
                fold.sums(self.panel, &space.totals, y, &mut space.outer);
                if let Contestant::Path(path) = &self.contestants[c] {
                    let Some((spectral, _)) = &path.outer[site] else { return Some(vec![0.0; fold.gram.nrows()]) };
                    spectral.load(&space.outer, &mut space.path);
                    let penalty = space.penalties[c][site];
                    return Some(scaled(spectral.slopes(&space.outer, fold, penalty, &mut space.path)).0);
                }
                self.predict_site(c, site, y, space).ok()?;
                Some(scaled(&space.direction).0)
            })
            .collect()
    }

    /// A scheme without a path of its own: tuned and fitted on the moments of the training fold.
    fn general(&self, entrant: &Entrant, site: usize, y: &[f64]) -> Result<(f64, Vec<f64>)> {
        let train = self.panel.moments(y, &[site])?;
        let setting = entrant.setting(self.panel.item_count());
        let (setting, penalty) = self.tuned(&entrant.scheme, &setting, &train, y, &[site])?;
        let fit = entrant.scheme.fit(&train, &setting)?;
        if fit.status == Status::Refused {
            return Err(input(fit.reason).into());
        }
        let idle = matches!(fit.status, Status::Undefined | Status::Empty);
        let weights = if idle { vec![0.0; self.panel.item_count()] } else { fit.weights };
        Ok((penalty, weights))
    }

    fn tuned(
        &self,
        scheme: &Scheme,
        setting: &Setting,
        train: &crate::regress::CrossMoments,
        y: &[f64],
        excluded: &[usize],
    ) -> Result<(Setting, f64)> {
        let Some(penalties) = scheme.open_penalties(train) else { return Ok((setting.clone(), f64::NAN)) };
        let inner = (0..self.panel.sites()).filter(|site| !excluded.contains(site));
        let folds = inner
            .map(|site| {
                let all: Vec<usize> = excluded.iter().copied().chain([site]).collect();
                Ok(tune::Fold { train: self.panel.moments(y, &all)?, held: self.panel.site_moments(y, site)? })
            })
            .collect::<Result<Vec<_>>>()?;
        let tuned = leave_one_out(scheme, setting, &penalties, folds, true)?;
        Ok((setting.with_penalty(Some(tuned.penalty)), tuned.penalty))
    }

    /// The weights of scheme `c` on all sites.
    pub fn whole_weights(&self, c: usize) -> Result<Vec<f64>> {
        Ok(self.whole_fit(&self.entrants[c])?.0.weights)
    }

    /// The scheme fitted to all sites, with its penalty tuned by leaving each out: slopes calibrated as in the contest.
    pub fn whole_fit(&self, entrant: &Entrant) -> Result<(SchemeFit, Vec<f64>, f64)> {
        let y = &self.panel.outcome;
        let whole = self.panel.moments(y, &[])?;
        let setting = entrant.setting(self.panel.item_count());
        let (setting, _) = self.tuned(&entrant.scheme, &setting, &whole, y, &[])?;
        let fit = entrant.scheme.fit(&whole, &setting)?;
        let (slopes, _, intercept) = calibrated(&fit.weights, &whole);
        Ok((fit, slopes, intercept))
    }
}

enum Kind {
    Unit,
    Fixed,
    Correlation { non_negative: bool },
    Ols,
    NonNegative,
    Path { to_target: bool },
    General,
}

/// The fast path of a scheme, where it has one with exactly these options.
fn kind_of(scheme: &Scheme, panel: &Panel) -> Kind {
    use super::schemes::{Correlation, Ridge, Shrink, Unit};
    let plain = Correlation::default();
    match scheme {
        Scheme::Correlation(c)
            // With covariates the standard deviations are those before adjustment: the general protocol knows.
            if panel.base.ncols() == 1 && (Correlation { non_negative: false, ..c.clone() }) == plain =>
        {
            Kind::Correlation { non_negative: c.non_negative }
        }
        Scheme::Ridge(ridge) if *ridge == Ridge::default() => Kind::Path { to_target: false },
        Scheme::Shrink(shrink) if *shrink == Shrink::default() => Kind::Path { to_target: true },
        Scheme::Unit(unit) if *unit == Unit::default() => Kind::Unit,
        Scheme::Ols(_) => Kind::Ols,
        Scheme::NonNegative(_) => Kind::NonNegative,
        Scheme::Pca(_) => Kind::Fixed,
        other if !other.learns() => Kind::Fixed,
        _ => Kind::General,
    }
}

/// The grid that general tuning uses on the same fold.
fn grid(panel: &Panel, fold: &Fold) -> Vec<f64> {
    let moments = crate::regress::CrossMoments {
        items: panel.item_count(),
        units: 0,
        weight: fold.weight,
        means: vec![0.0; panel.item_count()],
        outcome_mean: 0.0,
        gram: fold.gram.clone(),
        cross: vec![0.0; panel.item_count()],
        yy: 0.0,
    };
    penalty_grid(&moments, STEPS)
}
