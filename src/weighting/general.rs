//! Schemes without a path of their own: fitted and tuned on the moments of each training fold.

use super::crossfit::Plan;
use super::entrant::Entrant;
use super::fold::{Fold, FoldSums, Totals};
use super::log_odds;
use super::schemes::tune::{self, calibrated, leave_one_out, strongest_of_best};
use super::schemes::{Scheme, SchemeFit, Setting, Status};
use crate::error::{Result, input};
use crate::regress::CrossMoments;

impl Plan<'_> {
    /// The penalty (NaN where there is none) and the weights of a scheme in outer fold `f`; `sums` are the fold's, `totals` those of
    /// all rows.
    pub(super) fn general(
        &self,
        entrant: &Entrant,
        f: usize,
        y: &[f64],
        totals: &Totals,
        sums: &FoldSums,
    ) -> Result<(f64, Vec<f64>)> {
        let train = self.training_moments(&self.outer[f], sums, y)?;
        let (scheme, mut setting) = (&entrant.scheme, entrant.setting(train.items));
        let mut penalty = f64::NAN;
        let fit = if scheme.likelihood().is_some() {
            let (fit, chosen) = log_odds::fit(self.panel, scheme, &setting, y, self.outer[f].excluded())?;
            penalty = chosen;
            fit
        } else {
            if let Some(penalties) = scheme.open_penalties(&train) {
                penalty = self.tune_generally(scheme, &setting, f, y, totals, &penalties)?;
                setting = setting.with_penalty(Some(penalty));
            }
            scheme.fit(&train, &setting)?
        };
        match fit.status {
            // Where the outcome does not vary there is nothing to learn, and intercept and covariates predict by themselves.
            Status::Undefined if train.outcome_is_constant() => Ok((penalty, vec![0.0; train.items])),
            Status::Undefined | Status::Refused | Status::Separated => Err(input(fit.reason).into()),
            Status::Empty => Ok((penalty, vec![0.0; train.items])),
            _ => Ok((penalty, fit.weights)),
        }
    }

    fn training_moments(&self, fold: &Fold, sums: &FoldSums, y: &[f64]) -> Result<CrossMoments> {
        if self.panel.base.ncols() == 1 {
            Ok(fold.moments(self.panel, sums, y))
        } else {
            // With covariates some schemes scale items by their standard deviations before adjustment.
            self.panel.moments(y, fold.excluded())
        }
    }

    /// The penalty whose direction, calibrated in each inner fold, makes the smallest squared error there.
    fn tune_generally(
        &self,
        scheme: &Scheme,
        setting: &Setting,
        f: usize,
        y: &[f64],
        totals: &Totals,
        penalties: &[f64],
    ) -> Result<f64> {
        let panel = self.panel;
        let mut errors = vec![0.0; penalties.len()];
        let (mut null, mut sums, mut adjusted) = (0.0, FoldSums::empty(panel), vec![0.0; panel.item_count()]);
        for group in self.tuning_groups(f) {
            let fold = self.fold(&[self.outer[f].excluded(), &group].concat());
            fold.sums(panel, totals, y, &mut sums);
            let train = self.training_moments(&fold, &sums, y)?;
            let directions = scheme.directions(&train, setting, penalties)?;
            let slopes: Vec<f64> = directions.iter().map(|d| fold.slope_on(d, &sums.cross)).collect();
            for row in group.iter().flat_map(|site| &panel.rows[*site]) {
                let miss = y[*row] - sums.base_prediction(panel, *row);
                null += panel.weight[*row] * miss * miss;
                fold.adjusted_row(panel, *row, &mut adjusted);
                for ((error, direction), slope) in errors.iter_mut().zip(&directions).zip(&slopes) {
                    let left = miss - slope * crate::linalg::dot(direction, &adjusted);
                    *error += panel.weight[*row] * left * left;
                }
            }
        }
        Ok(penalties.get(strongest_of_best(&errors, 1e-14 * null)).copied().unwrap_or(0.0))
    }

    /// The weights of scheme `c` on all sites.
    pub fn whole_weights(&self, c: usize) -> Result<Vec<f64>> {
        Ok(self.whole_fit(&self.entrants[c])?.0.weights)
    }

    /// The scheme fitted to all sites, tuned there as in the folds: slopes calibrated as in the contest.
    pub fn whole_fit(&self, entrant: &Entrant) -> Result<(SchemeFit, Vec<f64>, f64)> {
        let (panel, y) = (self.panel, &self.panel.outcome);
        let whole = panel.moments(y, &[])?;
        let mut setting = entrant.setting(panel.item_count());
        if let Some(penalties) = entrant.scheme.open_penalties(&whole) {
            let folds = self
                .splits
                .tuning_groups(&[], panel.sites())
                .into_iter()
                .map(|group| Ok(tune::Fold { train: panel.moments(y, &group)?, held: panel.group_moments(y, &group)? }))
                .collect::<Result<Vec<_>>>()?;
            let tuned = leave_one_out(&entrant.scheme, &setting, &penalties, folds, true)?;
            setting = setting.with_penalty(Some(tuned.penalty));
        }
        let fit = if entrant.scheme.likelihood().is_some() {
            log_odds::fit(panel, &entrant.scheme, &setting, y, &[])?.0
        } else {
            entrant.scheme.fit(&whole, &setting)?
        };
        let (slopes, _, intercept) = calibrated(&fit.weights, &whole);
        Ok((fit, slopes, intercept))
    }
}
