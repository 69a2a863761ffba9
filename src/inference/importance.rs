//! Importance of items from rows: what was asked, the game, and what the numbers may be taken for.

use super::importance_sites::{Resampled, resampled};
use super::logit_game::{LogitGame, LogitRows};
use crate::error::{Result, input};
use crate::importance::held_out::{self, Fold};
use crate::importance::relative::{Measure, relative};
use crate::importance::table::{Table, complete, explained, explained_single};
use crate::importance::{Shares, System, lmg, orders};
use crate::job::Control;
use crate::parallel::Threads;
use crate::regress::CrossMoments;
use crate::stream::Seed;
use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

/// Items up to which complete dominance comes with the shares; `dominance` asks for it beyond.
const COMPARED: usize = 20;
/// Items up to which a game of k of n is evaluated on every subset.
pub(super) const EVERY_SUBSET: usize = 14;
/// Pairs of orders drawn beyond.
const PAIRS: u64 = 500;

/// How the value is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Shapley values; with groups, Owen values.
    Lmg,
    /// The same, with complete dominance for any number of items that a table holds.
    Dominance,
    /// One of the measures that need no subsets.
    #[serde(untagged)]
    Measure(Measure),
}

/// What is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Game {
    /// Explained share of the sum of squares, after covariates.
    R2,
    /// The same in left-out sites.
    Q2,
    /// A share for k of n.
    #[serde(untagged)]
    Logit(LogitGame),
}

/// Rows and what is asked of them.
#[derive(Debug, Clone)]
pub struct Request {
    /// Scores, n x p.
    pub items: Array2<f64>,
    /// Covariates, n x q.
    pub covariates: Option<Array2<f64>>,
    /// Outcome per row: a number, 0/1, or k where there are trials.
    pub outcome: Vec<f64>,
    /// Participants per row.
    pub trials: Option<Vec<f64>>,
    /// Site of each row from 0; `None`: every row is a site.
    pub sites: Option<Vec<usize>>,
    /// Group of each item from 0: groups enter as wholes.
    pub groups: Option<Vec<usize>>,
    /// How.
    pub method: Method,
    /// What.
    pub game: Game,
    /// Resamples of sites; 0: none.
    pub n_resamples: u64,
    /// Stratum of each site from 0, within which sites are drawn; `None`: one.
    pub strata: Option<Vec<usize>>,
    /// Level of the interval.
    pub level: f64,
    /// Seed of all draws.
    pub seed: Seed,
    /// Threads.
    pub threads: Threads,
}

/// Shares with what they may be taken for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Importance {
    /// `ok`, `interpolates`, `singular`, `undefined` or `interrupted`.
    pub status: &'static str,
    /// Why, where the status needs a reason.
    pub reason: String,
    /// Share of each item, in the units of the game.
    pub shares: Vec<f64>,
    /// Correlation of each item with the outcome, after covariates: the sign that the shares do not have.
    pub correlations: Vec<f64>,
    /// Mean marginal value by the number of items that entered before, p x p.
    pub conditional: Option<Vec<Vec<f64>>>,
    /// Share of subsets in which the row's item adds more than the column's, p x p.
    pub complete: Option<Vec<Vec<f64>>>,
    /// Share of each group as one player.
    pub group_shares: Option<Vec<f64>>,
    /// Value of all items.
    pub total: f64,
    /// Items that do not vary.
    pub constant: Vec<usize>,
    /// Sites, or rows where there are none.
    pub units: usize,
    /// Standard error of sampled shares, where not every subset was evaluated.
    pub standard_errors: Option<Vec<f64>>,
    /// What a reader must know before using the numbers.
    pub cautions: Vec<String>,
    /// What resampled sites gave.
    pub resampled: Option<Resampled>,
}

impl Request {
    pub(super) fn units(&self) -> usize {
        self.sites.as_ref().map_or(self.outcome.len(), |s| s.iter().max().map_or(0, |m| m + 1))
    }

    pub(super) fn site_of(&self, row: usize) -> usize {
        self.sites.as_ref().map_or(row, |s| s[row])
    }

    /// The outcome as a number per row: k of n becomes a rate, weighted by n.
    pub(super) fn rates(&self) -> Vec<f64> {
        match &self.trials {
            Some(n) => self.outcome.iter().zip(n).map(|(k, n)| k / n).collect(),
            None => self.outcome.clone(),
        }
    }

    fn moments(&self, rows: Option<&[usize]>) -> Result<CrossMoments> {
        let rates = self.rates();
        let Some(rows) = rows else {
            let z = self.covariates.as_ref().map(|z| z.view());
            return CrossMoments::from_rows(self.items.view(), z, &rates, self.trials.as_deref());
        };
        let pick = |values: &[f64]| rows.iter().map(|i| values[*i]).collect::<Vec<f64>>();
        let z = self.covariates.as_ref().map(|z| z.select(Axis(0), rows));
        CrossMoments::from_rows(
            self.items.select(Axis(0), rows).view(),
            z.as_ref().map(|z| z.view()),
            &pick(&rates),
            self.trials.as_ref().map(|n| pick(n)).as_deref(),
        )
    }

    fn check(&self) -> Result<()> {
        let linear = self.game == Game::R2;
        let by_subset = matches!(self.method, Method::Lmg | Method::Dominance);
        if !linear && !by_subset {
            return Err(input("method not defined for this game")
                .at("method")
                .got("a measure of correlations, for another game than r2")
                .allowed("lmg or dominance")
                .into());
        }
        if self.groups.is_some() && !(linear && by_subset) {
            return Err(input("groups not allowed here")
                .at("groups")
                .allowed("method lmg or dominance with game r2")
                .remedy("Leave groups out, or sum the shares of a group yourself.")
                .into());
        }
        self.check_resamples()
    }
}

/// The system of adjusted moments and the items that do not vary in it; `None` where the outcome does not.
pub(super) fn system_of(moments: &CrossMoments) -> Result<(Option<System>, Vec<usize>)> {
    let constant: Vec<usize> = (0..moments.items).filter(|j| moments.is_constant(*j)).collect();
    let adjusted = moments.adjusted();
    let still: Vec<usize> =
        (0..moments.items).filter(|j| adjusted.gram[[*j, *j]] <= 0.0 || constant.contains(j)).collect();
    if moments.outcome_is_constant() || adjusted.yy <= 1e-11 * moments.yy {
        return Ok((None, still));
    }
    Ok((Some(System::new(adjusted.gram.view(), &adjusted.cross, adjusted.yy, &still)?), still))
}

/// Divides a game among the items of a request.
pub fn importance(request: &Request, control: &Control) -> Result<Importance> {
    request.check()?;
    let moments = request.moments(None)?;
    let (system, constant) = system_of(&moments)?;
    let p = request.items.ncols();
    let mut found = Importance {
        status: "ok",
        reason: String::new(),
        shares: vec![0.0; p],
        correlations: vec![0.0; p],
        conditional: None,
        complete: None,
        group_shares: None,
        total: 0.0,
        constant,
        units: request.units(),
        standard_errors: None,
        cautions: Vec::new(),
        resampled: None,
    };
    let Some(system) = system else {
        found.status = "undefined";
        found.reason = "the outcome does not vary (after covariates): there is nothing to divide".into();
        return Ok(found);
    };
    found.correlations.clone_from(&system.outcome);
    match request.game {
        Game::R2 => linear(request, &system, &mut found, control)?,
        Game::Q2 => left_out(request, &mut found, control)?,
        Game::Logit(game) => logit(request, game, &mut found, control)?,
    }
    caution(request, &mut found);
    if request.n_resamples > 0 {
        found.resampled = Some(resampled(request, control)?);
    }
    Ok(found)
}

fn linear(request: &Request, system: &System, found: &mut Importance, control: &Control) -> Result<()> {
    let all: Vec<usize> = (0..system.len()).collect();
    found.total = system.explained(&all);
    match (request.method, &request.groups) {
        (Method::Measure(measure), _) => {
            let divided = relative(system, measure)?;
            found.shares = divided.shares;
            if !divided.unique {
                found.status = "singular";
                found.reason =
                    "items depend on one another: the measure is not unique, and its version of smallest norm is shown"
                        .into();
            }
        }
        (_, Some(groups)) => {
            let owen = lmg::owen(system, groups, request.threads, control)?;
            found.shares = owen.items;
            found.group_shares = Some(owen.groups);
        }
        _ => take(found, lmg::shares(system, request.threads, control)?),
    }
    let compared = request.groups.is_none() && !matches!(request.method, Method::Measure(_));
    if compared && system.len() <= COMPARED {
        found.complete = Some(complete(&explained(system)?, 1e-10, request.threads)?);
    } else if compared && request.method == Method::Dominance {
        found.complete = Some(complete(&explained_single(system)?, 1e-6, request.threads)?);
    }
    Ok(())
}

fn take(found: &mut Importance, shares: Shares) {
    found.total = shares.total;
    found.shares = shares.shares;
    found.conditional = Some(shares.conditional);
}

fn left_out(request: &Request, found: &mut Importance, control: &Control) -> Result<()> {
    let units = request.units();
    if units < 3 {
        return Err(input("too few sites to leave one out").got(units).allowed("at least 3").into());
    }
    let rates = request.rates();
    let folds = (0..units).map(|site| fold(request, &rates, site)).collect::<Result<Vec<_>>>()?;
    let held = held_out::shares(&folds, request.items.ncols(), request.threads, control)?;
    take(found, held.shares);
    if held.ridged {
        found.cautions.push(
            "left-out sites: the others do not determine all slopes, so slopes of smallest norm (the limit of ridge regression) were used".into(),
        );
    }
    Ok(())
}

/// A left-out site; its rows with the same items and covariates become one, their spread a constant.
fn fold(request: &Request, rates: &[f64], site: usize) -> Result<Fold> {
    let (inside, outside): (Vec<usize>, Vec<usize>) = (0..rates.len()).partition(|row| request.site_of(*row) == site);
    let moments = request.moments(Some(&outside))?;
    let constant = (0..moments.means.len()).filter(|j| moments.is_constant(*j)).collect();
    let values = |row: usize| -> Vec<f64> {
        let z = request.covariates.as_ref().map(|z| z.row(row).to_vec()).unwrap_or_default();
        request.items.row(row).iter().copied().chain(z).zip(&moments.means).map(|(x, mean)| x - mean).collect()
    };
    let mut rows: Vec<held_out::Row> = Vec::new();
    let mut within = 0.0;
    for row in inside {
        let (x, y) = (values(row), rates[row] - moments.outcome_mean);
        let weight = request.trials.as_ref().map_or(1.0, |n| n[row]);
        match rows.iter_mut().find(|known| known.x == x) {
            Some(known) => {
                let both = known.weight + weight;
                within += known.weight * weight / both * (y - known.y).powi(2);
                known.y += weight / both * (y - known.y);
                known.weight = both;
            }
            None => rows.push(held_out::Row { x, y, weight }),
        }
    }
    Ok(Fold { gram: moments.gram, cross: moments.cross, constant, rows, within })
}

fn logit(request: &Request, game: LogitGame, found: &mut Importance, control: &Control) -> Result<()> {
    let p = request.items.ncols();
    let ones = vec![1.0; request.outcome.len()];
    let trials = request.trials.as_deref().unwrap_or(&ones);
    if request.outcome.iter().zip(trials).any(|(k, n)| *k < 0.0 || k > n || k.fract() != 0.0) {
        return Err(input("outcome not fit for this game")
            .at("outcome")
            .allowed("0/1, or counts k with trials")
            .remedy("Use game=\"r2\" for numbers.")
            .into());
    }
    let z = request.covariates.as_ref().map(|z| z.view());
    let (items, k, n) = merged(request.items.view(), z, &request.outcome, trials);
    let (x, z) = items.view().split_at(Axis(1), p);
    let rows = LogitRows::new(x, (z.ncols() > 0).then_some(z), &k, &n)?;
    let value = |subset: u64| Ok(rows.value(game, subset));
    if p <= EVERY_SUBSET {
        take(found, Table::from_game(p, value, request.threads, control)?.shares());
        return Ok(());
    }
    let sampled = orders::sample(p, PAIRS, request.seed, value, request.threads, control)?;
    found.shares = sampled.shares;
    found.total = sampled.total - sampled.empty;
    found.standard_errors = Some(sampled.standard_errors);
    found.cautions.push(format!("shares from {} sampled orders of entry, with their standard errors", 2 * PAIRS));
    Ok(())
}

/// Rows with the same items and covariates, added up: the likelihood needs no more.
fn merged(
    items: ArrayView2<'_, f64>,
    covariates: Option<ArrayView2<'_, f64>>,
    k: &[f64],
    n: &[f64],
) -> (Array2<f64>, Vec<f64>, Vec<f64>) {
    let row = |i: usize| -> Vec<f64> {
        items.row(i).iter().copied().chain(covariates.into_iter().flat_map(|z| z.row(i).to_vec())).collect()
    };
    let mut order: Vec<usize> = (0..k.len()).collect();
    let key = |i: usize| row(i).iter().map(|x| x.to_bits()).collect::<Vec<u64>>();
    order.sort_by_cached_key(|i| (key(*i), *i));
    let mut kept: Vec<usize> = Vec::new();
    let (mut successes, mut trials): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    for i in order {
        match kept.last() {
            Some(last) if row(*last) == row(i) => {
                let end = successes.len() - 1;
                successes[end] += k[i];
                trials[end] += n[i];
            }
            _ => {
                kept.push(i);
                successes.push(k[i]);
                trials.push(n[i]);
            }
        }
    }
    let width = items.ncols() + covariates.map_or(0, |z| z.ncols());
    let rows = Array2::from_shape_fn((kept.len(), width), |(r, c)| match covariates {
        Some(z) if c >= items.ncols() => z[[kept[r], c - items.ncols()]],
        _ => items[[kept[r], c]],
    });
    (rows, successes, trials)
}

fn caution(request: &Request, found: &mut Importance) {
    let (units, p) = (found.units, request.items.ncols());
    let q = request.covariates.as_ref().map_or(0, Array2::ncols);
    if units <= p + q {
        let sure = if request.game == Game::Q2 {
            format!("{units} sites, {p} items: the slopes behind the shares are not determined")
        } else {
            format!(
                "artefact of order: with {units} sites and {p} items nearly every subset of {} items explains everything, so shares reflect who enters before the others, not the outcome",
                units.saturating_sub(1 + q)
            )
        };
        found.cautions.push(sure);
        if found.status == "ok" && request.game != Game::Q2 && found.total > 1.0 - 1e-9 {
            found.status = "interpolates";
            found.reason = "the items reproduce the outcome exactly, as any numbers would".into();
        }
    } else if units < 4 * p {
        found.cautions.push(format!(
            "{units} sites for {p} items: pure noise would give R2 of about {:.2} to divide",
            p as f64 / (units as f64 - 1.0 - q as f64)
        ));
    }
}
