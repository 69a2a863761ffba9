//! Two numbers for the same question from different n: can the smaller sample be part of the larger one?

use super::grid::{Grid, GridOptions};
use super::grimmer::{SdKind, check_sd, search, squares_for};
use super::multiset::{Existence, exists, exists_unbounded};
use super::printed::{Printed, Rounding};
use super::spread::checked_n;
use crate::error::{Result, input};
use serde::{Deserialize, Serialize};

/// One cut of the data.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// People in it.
    pub n: i64,
    /// Printed percentage, or
    #[serde(default)]
    pub percent: Option<String>,
    /// printed mean, with
    #[serde(default)]
    pub mean: Option<String>,
    /// printed SD, or
    #[serde(default)]
    pub sd: Option<String>,
    /// the count of people who said yes, or
    #[serde(default)]
    pub count: Option<i64>,
    /// the counts per level, from the lowest level up.
    #[serde(default)]
    pub counts: Option<Vec<i64>>,
}

/// Whether one cut can lie inside the other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Subset {
    /// Whether the smaller cut can be part of the larger; None when the search met its limit.
    pub feasible: Option<bool>,
    /// People who are in the larger cut only.
    pub added: i64,
    /// What these people would have said: lowest and highest count of yes, or lowest and highest sum of answers.
    pub remainder: Option<(f64, f64)>,
    /// One sentence.
    pub explanation: String,
}

/// Tests two cuts of a yes/no question.
///
/// ```
/// use steelyard::audit::{subset_of_counts, Cut, Rounding};
/// let cut = |n, percent: &str| Cut { n, percent: Some(percent.into()), mean: None, sd: None, count: None, counts: None };
/// let found = subset_of_counts(&cut(77, "43"), &cut(95, "46"), Rounding::Either).unwrap();
/// assert_eq!((found.feasible, found.remainder), (Some(true), Some((11.0, 11.0))));
/// ```
pub fn subset_of_counts(small: &Cut, large: &Cut, rounding: Rounding) -> Result<Subset> {
    let added = larger(small, large)?;
    let (first, second) = (yes_range(small, rounding)?, yes_range(large, rounding)?);
    let (Some(a), Some(b)) = (first, second) else {
        let explanation = "one of the percentages is impossible with its own n".to_owned();
        return Ok(Subset { feasible: Some(false), added, remainder: None, explanation });
    };
    let (low, high) = ((b.0 - a.1).max(0), (b.1 - a.0).min(added));
    let feasible = low <= high;
    let explanation = if feasible {
        let yes = if low == high { low.to_string() } else { format!("{low} to {high}") };
        format!("possible: {yes} of the {added} added people said yes")
    } else {
        format!("impossible: the {added} added people would need {} to {} yes", b.0 - a.1, b.1 - a.0)
    };
    Ok(Subset {
        feasible: Some(feasible),
        added,
        remainder: feasible.then_some((low as f64, high as f64)),
        explanation,
    })
}

fn larger(small: &Cut, large: &Cut) -> Result<i64> {
    checked_n(small.n)?;
    checked_n(large.n)?;
    if large.n < small.n {
        return Err(input("the second cut is smaller than the first")
            .at("large.n")
            .got(large.n)
            .allowed(format!("at least {}", small.n))
            .remedy("Give the smaller cut first.")
            .into());
    }
    Ok(large.n - small.n)
}

fn yes_range(cut: &Cut, rounding: Rounding) -> Result<Option<(i64, i64)>> {
    if let Some(count) = cut.count {
        if !(0..=cut.n).contains(&count) {
            return Err(input("count above its n").at("count").got(count).allowed(format!("0 to {}", cut.n)).into());
        }
        return Ok(Some((count, count)));
    }
    let Some(text) = &cut.percent else {
        return Err(input("a cut without a number").at("cut").allowed("percent or count").into());
    };
    let range = Printed::parse("percent", text)?.preimage(0, 100, cut.n.into(), rounding);
    Ok(range.map(|(a, b)| (a.max(0) as i64, b.min(cut.n.into()) as i64)).filter(|r| r.0 <= r.1))
}

/// Totals that a cut allows, in steps from the lowest level, each with the sums of squares that samples of its size have;
/// None where neither an SD nor counts were printed, and then only totals are compared.
type Moments = Vec<(i128, Option<Vec<i128>>)>;

/// Tests two cuts of a question with levels: means, SDs or counts per level. `grid` holds step, low and high.
pub fn subset_of_answers(
    small: &Cut,
    large: &Cut,
    grid: &GridOptions,
    kind: SdKind,
    rounding: Rounding,
) -> Result<Subset> {
    let added = larger(small, large)?;
    let (first, second) = (moments(small, grid, kind, rounding)?, moments(large, grid, kind, rounding)?);
    let rest = Grid::new(&GridOptions { n: added.max(1), ..grid.clone() })?;
    let mut undecided = false;
    let mut found: Option<(f64, f64)> = None;
    for (total, squares) in &second {
        for (inner, inner_squares) in &first {
            let sum = total - inner;
            match remainder_exists(rest, added.into(), sum, inner_squares.as_deref(), squares.as_deref()) {
                Some(true) => {
                    let value = if added == 0 { 0.0 } else { rest.sum_of(sum) };
                    found = Some(found.map_or((value, value), |(a, b)| (a.min(value), b.max(value))));
                }
                Some(false) => {}
                None => undecided = true,
            }
        }
    }
    let mean = |sum: f64| sum / added as f64;
    let explanation = match found {
        Some((low, high)) if added > 0 => {
            let (low, high) = (format!("{:.2}", mean(low)), format!("{:.2}", mean(high)));
            let span = if low == high { low } else { format!("{low} to {high}") };
            format!("possible: the {added} added people average {span}")
        }
        Some(_) => "possible: the two are the same people".to_owned(),
        None if undecided => "the search met its limit".to_owned(),
        None => format!("impossible: no answers of {added} added people lead from one to the other"),
    };
    let feasible = if found.is_none() && undecided { None } else { Some(found.is_some()) };
    Ok(Subset { feasible, added, remainder: found, explanation })
}

/// Whether `n` answers with this sum exist that lead from some sum of squares of the inner cut to one of the outer.
fn remainder_exists(grid: Grid, n: i128, sum: i128, inner: Option<&[i128]>, outer: Option<&[i128]>) -> Option<bool> {
    let top = grid.levels.map(|levels| levels * grid.items);
    if n == 0 {
        let shared = |a: &[i128], b: &[i128]| a.iter().any(|q| b.contains(q));
        return Some(sum == 0 && inner.zip(outer).is_none_or(|(a, b)| shared(a, b)));
    }
    if top.is_some_and(|top| !(0..=n * top).contains(&sum)) {
        return Some(false);
    }
    let (Some(inner), Some(outer)) = (inner, outer) else { return Some(true) };
    let mut differences: Vec<i128> = outer.iter().flat_map(|q| inner.iter().map(move |p| q - p)).collect();
    differences.sort_unstable();
    differences.dedup();
    let mut undecided = false;
    for squares in differences {
        match top.map_or_else(|| exists_unbounded(n, sum, squares), |top| exists(n, sum, squares, top)) {
            Existence::No => {}
            Existence::Undecided => undecided = true,
            Existence::Yes(_) => return Some(true),
        }
    }
    if undecided { None } else { Some(false) }
}

fn moments(cut: &Cut, grid: &GridOptions, kind: SdKind, rounding: Rounding) -> Result<Moments> {
    let grid = Grid::new(&GridOptions { n: cut.n, ..grid.clone() })?;
    if let Some(counts) = &cut.counts {
        let stated: i64 = counts.iter().sum();
        if counts.iter().any(|c| *c < 0) || stated != cut.n {
            return Err(input("counts do not add to n").at("counts").got(stated).allowed(cut.n.to_string()).into());
        }
        let sum = |power: u32| counts.iter().enumerate().map(|(k, c)| (k as i128).pow(power) * i128::from(*c)).sum();
        return Ok(vec![(sum(1), Some(vec![sum(2)]))]);
    }
    let Some(text) = &cut.mean else {
        return Err(input("a cut without a number").at("cut").allowed("mean (with or without sd) or counts").into());
    };
    let mean = Printed::parse("mean", text)?;
    grid.check_inside(mean)?;
    let sd = cut.sd.as_ref().map(|sd| Printed::parse("sd", sd)).transpose()?;
    if let Some(sd) = sd {
        check_sd(sd, grid.n, kind)?;
    }
    let (offset, step, denominator) = grid.mean_line();
    let range = mean.preimage(offset, step, denominator, rounding).and_then(|range| grid.clip(range));
    let Some((first, last)) = range else { return Ok(vec![]) };
    let mut totals = Vec::new();
    for total in first..=last {
        let Some(sd) = sd else {
            totals.push((total, None));
            continue;
        };
        let (low, high) = squares_for(grid, total, sd, kind, rounding).unwrap_or((1, 0));
        let real: Vec<i128> = (low..=high).filter(|q| search(grid, total, *q) != Existence::No).collect();
        if !real.is_empty() {
            totals.push((total, Some(real)));
        }
    }
    Ok(totals)
}
