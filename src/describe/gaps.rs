//! Gaps between two groups of sites: items, subscales and the total, each with an exact test over the splits of sites.

use super::fidelity::{Fidelity, spread};
use crate::error::Result;
use crate::job::Control;
use crate::resample::splits::{SplitGlobal, SplitOptions, SplitP, SplitTest, split_test};
use crate::scale::Scale;
use serde::Serialize;

/// One gap.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gap {
    /// Mean of the first group.
    pub mean_first: Option<f64>,
    /// Mean of the second group.
    pub mean_second: Option<f64>,
    /// First minus second.
    pub difference: Option<f64>,
    /// Two-sided p-values over the splits; `None` when scores are missing.
    pub p: Option<SplitP>,
    /// p-values by the maximum over the family (items, subscales); `None` when scores are missing.
    pub adjusted: Option<SplitP>,
    /// `ok`, `constant` or `missing scores`.
    pub status: GapStatus,
}

/// What happened to a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GapStatus {
    /// Tested.
    Ok,
    /// All sites have the same score.
    Constant,
    /// Some site of the two groups has no score: the means are of the others and there is no test.
    #[serde(rename = "missing scores")]
    MissingScores,
}

/// All gaps of one contrast.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gaps {
    /// One per item, in the order of the scale.
    pub items: Vec<Gap>,
    /// One per subscale.
    pub subscales: Vec<Gap>,
    /// The total.
    pub total: Gap,
    /// The maximum |difference| over items; `None` when no item could be tested.
    pub max_difference: Option<SplitGlobal>,
    /// The maximum |r| over items.
    pub max_correlation: Option<SplitGlobal>,
    /// Sites in the first and in the second group.
    pub sizes: (usize, usize),
    /// Splits visited.
    pub n_splits: u64,
    /// Whether every split was visited.
    pub enumerated: bool,
    /// The smallest p-value within reach.
    pub floor: f64,
    /// Largest Monte Carlo standard error of a p-value.
    pub monte_carlo_error: f64,
    /// Stopped before all random splits were drawn.
    pub interrupted: bool,
}

/// Compares two groups of sites; `group[i]` is `Some(true)` in the first, `Some(false)` in the second, `None` in neither.
pub fn gaps(
    scale: &Scale,
    fidelity: &Fidelity,
    scores: &[f64],
    group: &[Option<bool>],
    options: SplitOptions,
    control: &Control,
) -> Result<Gaps> {
    let p = scale.items.len();
    let columns = |get: &dyn Fn(usize, usize) -> Option<f64>, count: usize| -> Vec<Vec<Option<f64>>> {
        (0..count).map(|j| (0..group.len()).map(|i| get(i, j)).collect()).collect()
    };
    let items = columns(&|i, j| Some(scores[i * p + j]).filter(|x| !x.is_nan()), p);
    let sums = columns(&|i, j| fidelity.subscales[j].sums[i], scale.subscales.len());
    let totals = columns(&|i, _| fidelity.totals[i].total, 1);
    let (items, test) = family(&items, group, options, control)?;
    let (subscales, _) = family(&sums, group, options, control)?;
    let (total, total_test) = family(&totals, group, options, control)?;
    let size = |first| group.iter().filter(|g| **g == Some(first)).count();
    let shown = test.as_ref().or(total_test.as_ref());
    Ok(Gaps {
        items,
        subscales,
        total: total.into_iter().next().unwrap_or(gap(&[], group, None)),
        max_difference: test.as_ref().map(|t| t.max_difference),
        max_correlation: test.as_ref().and_then(|t| t.max_correlation),
        sizes: (size(true), size(false)),
        n_splits: shown.map_or(0, |t| t.n_splits),
        enumerated: shown.is_some_and(|t| t.enumerated),
        floor: shown.map_or(1.0, |t| t.floor),
        monte_carlo_error: shown.map_or(0.0, |t| t.monte_carlo_error),
        interrupted: shown.is_some_and(|t| t.interrupted),
    })
}

/// Tests the complete columns of one family together.
fn family(
    columns: &[Vec<Option<f64>>],
    group: &[Option<bool>],
    options: SplitOptions,
    control: &Control,
) -> Result<(Vec<Gap>, Option<SplitTest>)> {
    let first: Vec<bool> = group.iter().flatten().copied().collect();
    let inside = |column: &[Option<f64>]| -> Option<Vec<f64>> {
        column.iter().zip(group).filter(|(_, g)| g.is_some()).map(|(x, _)| *x).collect()
    };
    let complete: Vec<Vec<f64>> = columns.iter().filter_map(|column| inside(column)).collect();
    if complete.is_empty() {
        // Group sizes are checked all the same.
        split_test(&vec![0.0; first.len()], 1, &first, SplitOptions { limit: 0, n_resamples: 0, ..options }, control)?;
        return Ok((columns.iter().map(|column| gap(column, group, None)).collect(), None));
    }
    let rows: Vec<f64> = (0..first.len()).flat_map(|i| complete.iter().map(move |column| column[i])).collect();
    let test = split_test(&rows, complete.len(), &first, options, control)?;
    let mut tested = test.columns.iter();
    let gaps = columns
        .iter()
        .map(|column| gap(column, group, inside(column).and_then(|_| tested.next()).map(|t| (t.p, t.adjusted))))
        .collect();
    Ok((gaps, Some(test)))
}

fn gap(column: &[Option<f64>], group: &[Option<bool>], tested: Option<(SplitP, SplitP)>) -> Gap {
    let mean = |first: bool| {
        let values: Vec<f64> =
            column.iter().zip(group).filter(|(_, g)| **g == Some(first)).filter_map(|(x, _)| *x).collect();
        spread(&values).mean
    };
    let values: Vec<f64> = column.iter().zip(group).filter(|(_, g)| g.is_some()).filter_map(|(x, _)| *x).collect();
    let (mean_first, mean_second) = (mean(true), mean(false));
    let status = match tested {
        None => GapStatus::MissingScores,
        Some(_) if values.iter().all(|x| Some(x) == values.first()) => GapStatus::Constant,
        Some(_) => GapStatus::Ok,
    };
    Gap {
        difference: mean_first.zip(mean_second).map(|(a, b)| a - b),
        mean_first,
        mean_second,
        p: tested.map(|t| t.0),
        adjusted: tested.map(|t| t.1),
        status,
    }
}
