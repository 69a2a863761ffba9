//! Totals, subscales, bands and item profiles of a set of sites.

use crate::scale::{Scale, score::Total};
use serde::Serialize;

/// Mean, sample SD, median and range of the values that are there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spread {
    /// How many values.
    pub n: usize,
    /// Arithmetic mean; `None` without values.
    pub mean: Option<f64>,
    /// Sample standard deviation (n - 1); `None` below two values.
    pub sd: Option<f64>,
    /// Median (mean of the middle two).
    pub median: Option<f64>,
    /// Smallest value.
    pub minimum: Option<f64>,
    /// Largest value.
    pub maximum: Option<f64>,
}

/// One item over sites.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ItemProfile {
    /// Its spread.
    pub spread: Spread,
    /// Whether all scored sites have the same score.
    pub constant: bool,
    /// Share of scored sites at the lowest score of the scale.
    pub floor: Option<f64>,
    /// Share of scored sites at the highest score of the scale.
    pub ceiling: Option<f64>,
    /// Correlation with the total of the other items; `None` when the item or the rest is constant or incomplete.
    pub rest_correlation: Option<f64>,
}

/// One subscale over sites.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SubscaleProfile {
    /// The sum at each site; `None` where the scale's rule gives none.
    pub sums: Vec<Option<f64>>,
    /// The spread of the sums.
    pub spread: Spread,
    /// Lowest and highest possible sum.
    pub possible: (f64, f64),
}

/// One band.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BandCount {
    /// Its name.
    pub label: String,
    /// Lowest value that belongs to it; `None` for the lowest band.
    pub from: Option<f64>,
    /// First value that no longer belongs to it; `None` for the highest band.
    pub below: Option<f64>,
    /// Sites in it, by index.
    pub sites: Vec<usize>,
}

/// The fidelity of a set of sites.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fidelity {
    /// One total per site, in order.
    pub totals: Vec<Total>,
    /// The spread of the totals.
    pub spread: Spread,
    /// One profile per item, in the order of the scale.
    pub items: Vec<ItemProfile>,
    /// One profile per subscale.
    pub subscales: Vec<SubscaleProfile>,
    /// From the lowest to the highest band; empty when the scale has none.
    pub bands: Vec<BandCount>,
    /// Cronbach's alpha over complete sites; `None` below two items or complete sites, or when totals do not vary.
    pub alpha: Option<f64>,
}

/// Describes scores (row-major, sites x items, oriented, NaN where missing).
///
/// ```
/// use steelyard::{describe::fidelity::describe, scale::shipped};
/// let scale = shipped::load("ips-15")?;
/// let mut scores = vec![4.0; 30];
/// scores[15] = 1.0;
/// let fidelity = describe(&scale, &scores);
/// assert_eq!((fidelity.totals[0].total, fidelity.totals[1].total), (Some(60.0), Some(57.0)));
/// assert_eq!(fidelity.spread.mean, Some(58.5));
/// # Ok::<(), steelyard::error::Error>(())
/// ```
pub fn describe(scale: &Scale, scores: &[f64]) -> Fidelity {
    let p = scale.items.len();
    let rows: Vec<&[f64]> = scores.chunks_exact(p).collect();
    let totals: Vec<Total> = rows.iter().map(|row| scale.total(row)).collect();
    let complete: Vec<&[f64]> = rows.iter().copied().filter(|row| row.iter().all(|x| !x.is_nan())).collect();
    let known: Vec<f64> = totals.iter().filter_map(|t| t.total).collect();
    Fidelity {
        spread: spread(&known),
        items: (0..p).map(|j| profile(scale, &rows, &complete, j)).collect(),
        subscales: scale.subscales.iter().map(|s| subscale(scale, &rows, s)).collect(),
        bands: band_counts(scale, &totals),
        alpha: alpha(&complete),
        totals,
    }
}

/// Mean, SD, median and range.
pub fn spread(values: &[f64]) -> Spread {
    let n = values.len();
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mean = (n > 0).then(|| values.iter().sum::<f64>() / n as f64);
    Spread {
        n,
        mean,
        sd: mean
            .filter(|_| n > 1)
            .map(|m| (values.iter().map(|x| (x - m).powi(2)).sum::<f64>() / (n - 1) as f64).sqrt()),
        median: (n > 0).then(|| f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2])),
        minimum: sorted.first().copied(),
        maximum: sorted.last().copied(),
    }
}

fn profile(scale: &Scale, rows: &[&[f64]], complete: &[&[f64]], j: usize) -> ItemProfile {
    let scores: Vec<f64> = rows.iter().map(|row| row[j]).filter(|x| !x.is_nan()).collect();
    let share = |end: f64| {
        let at = scores.iter().filter(|&&x| x == end).count();
        (!scores.is_empty()).then(|| at as f64 / scores.len() as f64)
    };
    let item: Vec<f64> = complete.iter().map(|row| row[j]).collect();
    let rest: Vec<f64> = complete.iter().map(|row| row.iter().sum::<f64>() - row[j]).collect();
    ItemProfile {
        constant: scores.iter().all(|x| Some(x) == scores.first()),
        floor: share(scale.items[j].minimum),
        ceiling: share(scale.items[j].maximum),
        rest_correlation: correlation(&item, &rest),
        spread: spread(&scores),
    }
}

fn subscale(scale: &Scale, rows: &[&[f64]], subscale: &crate::scale::Subscale) -> SubscaleProfile {
    let sums: Vec<Option<f64>> = rows.iter().map(|row| scale.subscale_sum(row, subscale)).collect();
    let known: Vec<f64> = sums.iter().flatten().copied().collect();
    let items = || subscale.items.iter().filter_map(|id| scale.position(id)).map(|j| &scale.items[j]);
    SubscaleProfile {
        spread: spread(&known),
        possible: (items().map(|i| i.minimum).sum(), items().map(|i| i.maximum).sum()),
        sums,
    }
}

fn band_counts(scale: &Scale, totals: &[Total]) -> Vec<BandCount> {
    let Some(bands) = &scale.bands else { return Vec::new() };
    let labels = std::iter::once(&bands.lowest).chain(bands.cuts.iter().map(|cut| &cut.label));
    labels
        .enumerate()
        .map(|(place, label)| BandCount {
            label: label.clone(),
            from: place.checked_sub(1).map(|before| bands.cuts[before].from),
            below: bands.cuts.get(place).map(|cut| cut.from),
            sites: (0..totals.len()).filter(|&i| totals[i].band.as_ref() == Some(label)).collect(),
        })
        .collect()
}

/// Pearson's r; `None` when either side is constant or shorter than two.
pub fn correlation(x: &[f64], y: &[f64]) -> Option<f64> {
    let constant = |v: &[f64]| v.iter().all(|a| Some(a) == v.first());
    if x.len() < 2 || constant(x) || constant(y) {
        return None;
    }
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (mx, my) = (mean(x), mean(y));
    let sum = |f: &dyn Fn(f64, f64) -> f64| x.iter().zip(y).map(|(&a, &b)| f(a - mx, b - my)).sum::<f64>();
    Some((sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()).clamp(-1.0, 1.0))
}

/// Cronbach's alpha, p/(p-1) (1 - sum of item variances / variance of totals) (Cronbach 1951,
/// <https://doi.org/10.1007/BF02310555>).
fn alpha(rows: &[&[f64]]) -> Option<f64> {
    let p = rows.first()?.len();
    let totals: Vec<f64> = rows.iter().map(|row| row.iter().sum()).collect();
    let variance = |values: &[f64]| spread(values).sd.map(|sd| sd * sd);
    let of_totals = variance(&totals).filter(|&v| v > 0.0)?;
    if p < 2 {
        return None;
    }
    let of_items: f64 = (0..p).filter_map(|j| variance(&rows.iter().map(|row| row[j]).collect::<Vec<_>>())).sum();
    Some(p as f64 / (p - 1) as f64 * (1.0 - of_items / of_totals))
}
