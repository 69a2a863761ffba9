//! The contest on scores with gaps: multiple imputation inside the folds.
//!
//! For every held-out site the imputation is fitted to the other sites alone; the held-out site is completed from those
//! parameters and its own scored items, as a new site would be. Each completed copy runs the whole contest. Held-out
//! losses, hence gains, are means over the copies; their variance follows Rubin's rules, within a copy by deleting each
//! site and rerunning everything, imputation included ([`super::gain`]).
//!
//! The p is that of the mean gain itself, so that no p-values of copies need combining: null outcomes come from the
//! reference on the mean completed scores (regression calibration; Carroll, Ruppert, Stefanski and Crainiceanu 2006,
//! doi:10.1201/9781420010138) and go through all copies. Outcomes linear in one copy's total would take the noise of
//! that copy for signal.

use super::consequences::Changes;
use super::contest::{Contest, Evidence, Protocol, assemble, check, stability};
use super::crossfit::{Entrant, Failure, Plan};
use super::gain::{GainInterval, Losses, Reruns, best};
use super::null::{FEWEST_SITES, Null, NullGains};
use super::panel::Panel;
use super::splits::Splits;
use crate::data::impute::{Imputer, Pooled, rubin};
use crate::error::{Result, input};
use crate::job::Control;
use crate::num::special::t_quantile;
use crate::scale::Scale;
use crate::stream::Seed;
use ndarray::Array2;
use rayon::prelude::*;
use serde::Serialize;

/// Scores with gaps, and how often they are completed.
#[derive(Debug, Clone)]
pub struct Gaps {
    /// The scale of the scores.
    pub scale: Scale,
    /// Rows x all items of the scale, oriented, NaN where missing.
    pub values: Vec<f64>,
    /// The items that are in the contest.
    pub columns: Vec<usize>,
    /// Completed copies, at least two.
    pub copies: u64,
    /// Of the imputation.
    pub seed: Seed,
}

/// How the gain of one scheme was pooled, and its value in each copy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PooledGain {
    /// By Rubin's rules; `None` where there is no variance within copies: few sites, an undefined gain, a cancelled job.
    pub pooled: Option<Pooled>,
    /// One gain per copy.
    pub gains: Vec<f64>,
}

impl Gaps {
    /// Completed items in the contest, n x p, of copy `m`.
    fn items(&self, imputer: &Imputer<'_>, m: u64) -> Result<Array2<f64>> {
        let copy = imputer.copy(self.seed, m)?;
        let p = self.scale.items.len();
        Ok(Array2::from_shape_fn((copy.len() / p, self.columns.len()), |(i, j)| copy[i * p + self.columns[j]]))
    }

    /// The imputation without the rows of the sites that are left out.
    fn imputer(&self, panel: &Panel, left_out: &[usize]) -> Result<Imputer<'_>> {
        let mut training = vec![true; panel.outcome.len()];
        for row in left_out.iter().flat_map(|site| &panel.rows[*site]) {
            training[*row] = false;
        }
        Imputer::fit(&self.scale, &self.values, &training)
    }

    /// The study on the mean of the copies, imputed from all sites.
    fn mean_panel(&self, panel: &Panel) -> Result<Panel> {
        let imputer = self.imputer(panel, &[])?;
        let mut sum = Array2::zeros((panel.outcome.len(), self.columns.len()));
        for m in 0..self.copies {
            sum += &self.items(&imputer, m)?;
        }
        sum /= self.copies as f64;
        Ok(panel.with_items(sum.view()))
    }
}

/// One copy's held-out sites put together.
struct Run {
    losses: Losses,
    predictions: Vec<Vec<f64>>,
    penalties: Vec<Vec<f64>>,
    /// Per scheme and training fold.
    weights: Vec<Vec<Vec<f64>>>,
    /// Schemes that could not be fitted in a fold.
    failures: Vec<Option<Failure>>,
}

impl Run {
    fn empty(panel: &Panel, schemes: usize, splits: &Splits) -> Self {
        let (n, sites) = (panel.outcome.len(), panel.sites());
        Self {
            losses: Losses { schemes: vec![vec![0.0; sites]; schemes], base: vec![0.0; sites] },
            predictions: vec![vec![0.0; n * splits.repeats]; schemes],
            penalties: vec![vec![f64::NAN; splits.outer.len()]; schemes],
            weights: vec![Vec::new(); schemes],
            failures: vec![None; schemes],
        }
    }

    /// Predicts the sites of fold `f`, the only one of `plan`, and keeps what came out.
    fn add(&mut self, plan: &Plan<'_>, panel: &Panel, splits: &Splits, f: usize, keep_weights: bool) {
        let mut space = plan.space();
        plan.predict(&panel.outcome, &mut space);
        let losses = Losses::of(panel, &panel.outcome, &space);
        let (held, share) = (&splits.outer[f], 1.0 / splits.repeats as f64);
        for site in &held.sites {
            self.losses.base[*site] += share * losses.base[*site];
        }
        for c in 0..plan.schemes() {
            for site in &held.sites {
                self.losses.schemes[c][*site] += share * losses.schemes[c][*site];
                for row in &panel.rows[*site] {
                    self.predictions[c][held.repeat * panel.outcome.len() + row] = space.predictions[c][*row];
                }
            }
            self.penalties[c][f] = space.penalties[c][0];
            match (&mut self.failures[c], &space.failures[c]) {
                (Some(known), Some(_)) => known.folds += 1,
                (none, Some(first)) => *none = Some(first.clone()),
                (_, None) => {}
            }
            if keep_weights {
                self.weights[c].extend(plan.weights_in_fold(c, 0, &panel.outcome, &mut space));
            }
        }
    }
}

/// Predicts every site from the others, the imputation fitted anew in each fold: one run per copy. A `deleted` site takes
/// no part in anything; the runs are then of the study without it.
fn cross_fit(
    panel: &Panel,
    gaps: &Gaps,
    schemes: &[Entrant],
    splits: &Splits,
    deleted: Option<usize>,
) -> Result<Vec<Run>> {
    let own = deleted.map_or_else(|| splits.clone(), |site| splits.without(site));
    let part = deleted.map(|site| panel.without(site));
    let rest = part.as_ref().unwrap_or(panel);
    let mut runs: Vec<Run> = (0..gaps.copies).map(|_| Run::empty(rest, schemes.len(), &own)).collect();
    for (f, held) in own.outer.iter().enumerate() {
        // Numbered in the whole study: sites from the deleted one on move up by one.
        let whole = held.sites.iter().map(|site| site + usize::from(deleted.is_some_and(|gone| *site >= gone)));
        let imputer = gaps.imputer(panel, &whole.chain(deleted).collect::<Vec<_>>())?;
        for (m, run) in (0..).zip(&mut runs) {
            let mut copy = panel.with_items(gaps.items(&imputer, m)?.view());
            if let Some(gone) = deleted {
                copy = copy.without(gone);
            }
            let plan = Plan::with(&copy, schemes, own.only(f))?;
            run.add(&plan, &copy, &own, f, deleted.is_none());
        }
    }
    Ok(runs)
}

/// Runs the contest over all copies; call inside a pool. `panel` holds any complete scores: only its outcomes, covariates,
/// weights and sites count.
pub fn run(panel: &Panel, gaps: &Gaps, protocol: &Protocol, control: &Control) -> Result<(Contest, Vec<PooledGain>)> {
    check(protocol, panel.outcome.len())?;
    if gaps.copies < 2 {
        return Err(input("too few completed copies").got(gaps.copies).allowed("at least 2").into());
    }
    let testable = panel.sites() >= FEWEST_SITES;
    let work = panel.sites() as u64 + gaps.copies * protocol.n_resamples as u64;
    control.set_total(if testable { work } else { 0 });
    let splits = protocol.validation.splits(panel.sites(), Seed(protocol.seed))?;
    let runs = cross_fit(panel, gaps, &protocol.schemes, &splits, None)?;
    let mean = gaps.mean_panel(panel)?;
    let plan = Plan::with(&mean, &protocol.schemes, splits.clone())?;
    let gains: Option<Vec<Vec<f64>>> = runs.iter().map(|run| run.losses.gains(protocol.reference)).collect();
    let (mut deleted, mut null) = (None, None);
    if gains.is_some() && testable {
        deleted = without_each_site(panel, gaps, protocol, &splits, control)?;
        let weights = plan.whole_weights(protocol.reference)?;
        let model = Null::fit(&mean, &weights, protocol.trials.as_deref())?;
        let draws = |model| null_gains(panel, &mean, &splits, gaps, &model, protocol, control);
        null = model.map(draws).transpose()?;
    }
    let gains = gains.unwrap_or_default();
    let mut imputation: Vec<PooledGain> = (0..plan.schemes())
        .map(|c| PooledGain { pooled: None, gains: gains.iter().map(|copy| copy[c]).collect() })
        .collect();
    let (level, reference) = (protocol.confidence_level, protocol.reference);
    let reruns = deleted.map(|deleted| pool_all(&mut imputation, &deleted, reference, level)).transpose()?;
    let contest = assemble(&mean, &plan, protocol, &averaged(&runs, reruns, null), control)?;
    Ok((contest, imputation))
}

/// Intervals of all schemes, and the scheme that is best without each site.
fn pool_all(imputation: &mut [PooledGain], deleted: &[Vec<Vec<f64>>], reference: usize, level: f64) -> Result<Reruns> {
    let intervals = imputation.iter_mut().enumerate().map(|(c, found)| found.pool(c, deleted, level));
    let intervals = intervals.collect::<Result<Vec<_>>>()?;
    let average =
        |copies: &Vec<Vec<f64>>, c: usize| copies.iter().map(|gains| gains[c]).sum::<f64>() / copies.len() as f64;
    let schemes = 0..intervals.len();
    let chosen = deleted.iter().map(|copies| {
        let gains: Vec<f64> = schemes.clone().map(|c| average(copies, c)).collect();
        best(&gains, reference)
    });
    Ok(Reruns { chosen: chosen.collect(), intervals })
}

/// Gains without each site: site, copy, scheme. `None` when cancelled or undefined.
fn without_each_site(
    panel: &Panel,
    gaps: &Gaps,
    protocol: &Protocol,
    splits: &Splits,
    control: &Control,
) -> Result<Option<Vec<Vec<Vec<f64>>>>> {
    (0..panel.sites())
        .into_par_iter()
        .map(|site| {
            if control.is_cancelled() {
                return Ok(None);
            }
            let runs = cross_fit(panel, gaps, &protocol.schemes, splits, Some(site))?;
            control.advance(1);
            Ok(runs.iter().map(|run| run.losses.gains(protocol.reference)).collect())
        })
        .collect()
}

impl PooledGain {
    /// Pools the gains of scheme `c`: within copies the jackknife over sites, between copies the spread of the gains.
    /// Nothing for a scheme that failed somewhere.
    fn pool(&mut self, c: usize, deleted: &[Vec<Vec<f64>>], level: f64) -> Result<Option<GainInterval>> {
        if !self.gains.iter().chain(deleted.iter().flatten().map(|gains| &gains[c])).all(|gain| gain.is_finite()) {
            return Ok(None);
        }
        let sites = deleted.len() as f64;
        let variance = |m: usize| {
            let mean = deleted.iter().map(|copies| copies[m][c]).sum::<f64>() / sites;
            (sites - 1.0) / sites * deleted.iter().map(|copies| (copies[m][c] - mean).powi(2)).sum::<f64>()
        };
        let variances: Vec<f64> = (0..self.gains.len()).map(variance).collect();
        let found = rubin(&self.gains, &variances, Some(sites - 1.0))?;
        self.pooled = Some(found);
        let half = found.standard_error * t_quantile(f64::midpoint(1.0, level), found.degrees_of_freedom);
        let copies = self.gains.len() as f64;
        Ok(Some(GainInterval {
            std_error: found.standard_error,
            low: found.estimate - half,
            high: found.estimate + half,
            without: deleted.iter().map(|runs| runs.iter().map(|gains| gains[c]).sum::<f64>() / copies).collect(),
        }))
    }
}

/// The null distribution of the mean gain. Copies are the outer loop, so that only one copy's folds are held at a time.
/// Cancelled, no replicate is complete.
fn null_gains(
    panel: &Panel,
    mean: &Panel,
    splits: &Splits,
    gaps: &Gaps,
    model: &Null,
    protocol: &Protocol,
    control: &Control,
) -> Result<NullGains> {
    let (schemes, n, folds) = (protocol.schemes.len(), panel.outcome.len(), splits.outer.len());
    // Held-out loss of every scheme, and of the base, summed over sites and copies; and what weights would change.
    let start = (vec![0.0; schemes + 1], vec![Changes::default(); schemes]);
    let mut drawn = vec![start; protocol.n_resamples];
    let imputers: Vec<Imputer<'_>> =
        splits.outer.iter().map(|held| gaps.imputer(panel, &held.sites)).collect::<Result<_>>()?;
    for m in 0..gaps.copies {
        let complete = |imputer: &Imputer<'_>| Ok(panel.with_items(gaps.items(imputer, m)?.view()));
        let panels: Vec<Panel> = imputers.iter().map(complete).collect::<Result<_>>()?;
        let plan_of = |(f, panel)| Plan::with(panel, &protocol.schemes, splits.only(f));
        let plans: Vec<Plan<'_>> = panels.par_iter().enumerate().map(plan_of).collect::<Result<_>>()?;
        drawn.par_iter_mut().enumerate().for_each_init(
            || (plans[0].space(), vec![0.0; n], Vec::new()),
            |(space, y, order), (i, (sums, changes))| {
                if control.is_cancelled() {
                    return;
                }
                model.draw(mean, Seed(protocol.seed), i as u64, order, y);
                for (f, (plan, panel)) in plans.iter().zip(&panels).enumerate() {
                    plan.predict(y, space);
                    let losses = Losses::of(panel, y, space);
                    for site in &splits.outer[f].sites {
                        for (sum, loss) in sums.iter_mut().zip(&losses.schemes) {
                            *sum += loss[*site];
                        }
                        sums[schemes] += losses.base[*site];
                    }
                    if m == 0 && f == i % folds {
                        for (c, change) in changes.iter_mut().enumerate() {
                            let weights = plan.weights_in_fold(c, 0, y, space);
                            *change = weights.map_or(Changes::default(), |w| protocol.bands.changes(mean, &w));
                        }
                    }
                }
                control.advance(1);
            },
        );
    }
    let replicates = if control.is_cancelled() { 0 } else { protocol.n_resamples };
    let drawn = &drawn[..replicates];
    let gain = |sums: &[f64], c: usize| {
        let base = sums[schemes];
        if base > 0.0 { (sums[protocol.reference] - sums[c]) / base } else { f64::NAN }
    };
    let gains = (0..schemes).map(|c| drawn.iter().map(|(sums, _)| gain(sums, c)).collect()).collect();
    let undefined = drawn.iter().filter(|(sums, _)| gain(sums, protocol.reference).is_nan()).count();
    let changes = (0..schemes).map(|c| Changes::mean(drawn.iter().map(|(_, changes)| changes[c]))).collect();
    Ok(NullGains { replicates, gains, undefined, changes })
}

/// Means of losses and predictions over the copies; ranges of weights over folds and copies.
fn averaged(runs: &[Run], reruns: Option<Reruns>, null: Option<NullGains>) -> Evidence {
    let of = |table: fn(&Run) -> &Vec<Vec<f64>>| mean(&runs.iter().map(table).collect::<Vec<_>>());
    let schemes = 0..runs[0].penalties.len();
    let gathered = |c: usize| runs.iter().flat_map(|run| run.penalties[c].iter().copied()).collect();
    let weights = |c: usize| runs.iter().flat_map(|run| run.weights[c].iter().cloned()).collect::<Vec<_>>();
    Evidence {
        losses: Losses { schemes: of(|run| &run.losses.schemes), base: runs[0].losses.base.clone() },
        predictions: of(|run| &run.predictions),
        penalties: schemes.clone().map(gathered).collect(),
        stability: schemes.clone().map(|c| stability(&weights(c))).collect(),
        // The copy in which most folds failed.
        failures: schemes
            .map(|c| runs.iter().filter_map(|run| run.failures[c].clone()).max_by_key(|failure| failure.folds))
            .collect(),
        reruns,
        null,
    }
}

/// Entry by entry.
fn mean(tables: &[&Vec<Vec<f64>>]) -> Vec<Vec<f64>> {
    let entry = |c: usize, i: usize| tables.iter().map(|table| table[c][i]).sum::<f64>() / tables.len() as f64;
    (0..tables[0].len()).map(|c| (0..tables[0][c].len()).map(|i| entry(c, i)).collect()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::scale::shipped;
    use crate::stream::Purpose;
    use crate::weighting::schemes::{Ridge, Scheme, Unit};

    fn study(sites: usize) -> (Panel, Gaps) {
        let scale = shipped::load("ips-15").unwrap();
        let mut stream = Seed(11).stream(Purpose::Simulate, 0);
        let mut values: Vec<f64> = (0..sites * 15).map(|_| 1.0 + f64::from(stream.below(5))).collect();
        let outcome: Vec<f64> = values.chunks(15).map(|row| row.iter().sum::<f64>() + stream.uniform()).collect();
        for cell in [3, 2 * 15 + 7, 5 * 15 + 7] {
            values[cell] = f64::NAN;
        }
        let complete = Array2::from_shape_fn((sites, 15), |_| stream.uniform());
        let none = Array2::zeros((sites, 0));
        let site_of: Vec<usize> = (0..sites).collect();
        let panel = Panel::new(complete.view(), none.view(), outcome, vec![1.0; sites], &site_of).unwrap();
        (panel, Gaps { scale, values, columns: (0..15).collect(), copies: 4, seed: Seed(3) })
    }

    fn alone() -> Splits {
        Splits::leave_one_site_out(9)
    }

    fn schemes() -> Vec<Entrant> {
        vec![Scheme::Unit(Unit::default()).into(), Scheme::Ridge(Ridge::default()).into()]
    }

    #[test]
    fn a_held_out_site_informs_nothing_that_predicts_it() {
        let (panel, gaps) = study(9);
        let before = cross_fit(&panel, &gaps, &schemes(), &alone(), None).unwrap();
        let mut other = gaps.clone();
        // Site 8 has no gap: its scores, turned upside down, may change every fold but its own.
        for cell in 8 * 15..9 * 15 {
            other.values[cell] = 6.0 - other.values[cell];
        }
        let after = cross_fit(&panel, &other, &schemes(), &alone(), None).unwrap();
        let mut elsewhere = 0.0_f64;
        for (a, b) in before.iter().zip(&after) {
            for (x, y) in a.weights[1][8].iter().zip(&b.weights[1][8]) {
                assert!((x - y).abs() < 1e-9, "{x} and {y}");
            }
            elsewhere = elsewhere.max((a.weights[1][0][4] - b.weights[1][0][4]).abs());
        }
        assert!(elsewhere > 1e-3);
    }

    #[test]
    fn without_gaps_every_copy_is_the_plain_contest() {
        let (panel, mut gaps) = study(9);
        for value in &mut gaps.values {
            *value = if value.is_nan() { 3.0 } else { *value };
        }
        let items = Array2::from_shape_vec((9, 15), gaps.values.clone()).unwrap();
        let whole = panel.with_items(items.view());
        let plan = Plan::new(&whole, &schemes()).unwrap();
        let mut space = plan.space();
        plan.predict(&whole.outcome, &mut space);
        for run in cross_fit(&panel, &gaps, &schemes(), &alone(), None).unwrap() {
            assert_eq!(run.predictions, space.predictions);
            assert_eq!(run.penalties[1], space.penalties[1]);
        }
    }

    #[test]
    fn a_deleted_site_takes_no_part() {
        let (panel, mut gaps) = study(9);
        let before = cross_fit(&panel, &gaps, &schemes(), &alone(), Some(4)).unwrap();
        for cell in 4 * 15..5 * 15 {
            gaps.values[cell] = 1.0;
        }
        let after = cross_fit(&panel, &gaps, &schemes(), &alone(), Some(4)).unwrap();
        for (a, b) in before.iter().zip(&after) {
            for (x, y) in a.losses.schemes[1].iter().zip(&b.losses.schemes[1]) {
                assert!((x - y).abs() < 1e-9 * x.max(1.0), "{x} and {y}");
            }
        }
    }
}
