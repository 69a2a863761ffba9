//! Schemes on the log-odds scale in a contest: the likelihood gives the direction, and the contest calibrates it as any other.
//!
//! Predictions are judged as rates, by least squares like everybody's, so that a scheme wins by its weights and not by its link.

use super::panel::Panel;
use super::schemes::counts::{CountRows, Counts, tune_and_fit};
use super::schemes::{Scheme, SchemeFit, Setting};
use crate::error::{Result, input};
use ndarray::{Axis, s};

/// Fits to the rates `y` of the sites that are not excluded; returns the penalty that was chosen there, NaN where there is none.
pub(super) fn fit(
    panel: &Panel,
    scheme: &Scheme,
    setting: &Setting,
    y: &[f64],
    excluded: &[usize],
) -> Result<(SchemeFit, f64)> {
    let Some(trials) = &panel.trials else {
        return Err(input("scheme on the log-odds scale without counts")
            .got(scheme.name())
            .allowed("0/1 outcomes, or counts k (or rates) with trials")
            .remedy("Leave it out, or give the participants behind each outcome.")
            .into());
    };
    let sites = panel.rows.iter().enumerate().filter(|(site, _)| !excluded.contains(site));
    let (rows, codes): (Vec<usize>, Vec<usize>) =
        sites.flat_map(|(site, rows)| rows.iter().map(move |row| (*row, site))).unzip();
    let pick = |values: &[f64]| -> Vec<f64> { rows.iter().map(|row| values[*row]).collect() };
    let items = panel.items.select(Axis(0), &rows);
    let covariates = panel.base.slice(s![.., 1..]).select(Axis(0), &rows);
    let n = pick(trials);
    let k: Vec<f64> = pick(y).iter().zip(&n).map(|(rate, n)| (rate * n).round()).collect();
    let weights = pick(&panel.weight);
    let counts = Counts::new(CountRows {
        items: items.view(),
        covariates: Some(covariates.view()),
        successes: &k,
        trials: &n,
        weights: (weights != n).then_some(&weights),
        sites: Some(&codes),
    })?;
    let (fit, tuned) = tune_and_fit(scheme, &counts, setting, None)?;
    Ok((fit, tuned.map_or(f64::NAN, |tuned| tuned.penalty)))
}
