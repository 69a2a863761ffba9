//! Counts, percentages and n that must agree, and columns of percentages that must add up.

use super::printed::Ratio;
use super::printed::{Printed, Rounding, shown};
use super::spread::checked_n;
use crate::error::{Result, input};
use serde::Serialize;

/// A count, a percentage and an n.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Triple {
    /// Whether `count / n` rounds to the percentage (without a count: whether any count does).
    pub consistent: bool,
    /// Counts out of n that round to the percentage.
    pub counts: Option<(i64, i64)>,
    /// Sizes for which the count rounds to the percentage; None without a count, or when the percentage is 0.
    pub sizes: Option<(i64, i64)>,
    /// The percentage that count and n have, one decimal more than printed.
    pub recomputed: Option<String>,
    /// One sentence.
    pub explanation: String,
}

fn percentage(text: &str) -> Result<Printed> {
    let printed = Printed::parse("percent", text)?;
    if printed.units() < 0 || printed.value().to_f64() > 100.0 {
        return Err(input("percentage outside its scale").at("percent").got(printed).allowed("0 to 100").into());
    }
    Ok(printed)
}

/// Counts out of n that round to the percentage.
fn counts_for(percent: Printed, n: i128, rounding: Rounding) -> Option<(i128, i128)> {
    percent.preimage(0, 100, n, rounding).map(|(a, b)| (a.max(0), b.min(n))).filter(|range| range.0 <= range.1)
}

/// Tests a percentage with its n and, where it was printed, its count.
///
/// ```
/// use steelyard::audit::{triple, Rounding};
/// // 23 of 78 is 29.49 %, printed as 30.
/// let found = triple(Some(23), "30", 78, Rounding::Either).unwrap();
/// assert!(!found.consistent);
/// assert_eq!(found.sizes, Some((76, 77)));
/// ```
pub fn triple(count: Option<i64>, percent: &str, n: i64, rounding: Rounding) -> Result<Triple> {
    let (printed, n) = (percentage(percent)?, checked_n(n)?);
    let counts = counts_for(printed, n, rounding);
    let Some(count) = count.map(i128::from) else {
        let explanation = match counts {
            Some((low, high)) if low == high => format!("{printed} % of {n} is {low}"),
            Some((low, high)) => format!("{printed} % of {n} is {low} to {high}"),
            None => format!("no count out of {n} is {printed} %"),
        };
        return Ok(Triple {
            consistent: counts.is_some(),
            counts: narrow(counts),
            sizes: None,
            recomputed: None,
            explanation,
        });
    };
    if !(0..=n).contains(&count) {
        return Err(input("count above its n").at("count").got(count).allowed(format!("0 to {n}")).into());
    }
    let exact = Ratio { num: 100 * count, den: n };
    let consistent = printed.admits(exact, rounding);
    let recomputed = untied(exact, printed.decimals());
    let sizes = sizes_for(printed, count, n, rounding);
    let explanation = if consistent {
        format!("{count} of {n} is {recomputed} %, printed as {printed}")
    } else {
        let instead = match sizes {
            Some((low, high)) if low == high => format!("; n = {low} would give it"),
            Some((low, high)) => format!("; n = {low} to {high} would give it"),
            None => String::new(),
        };
        format!("{count} of {n} is {recomputed} %, not {printed} %{instead}")
    };
    Ok(Triple { consistent, counts: narrow(counts), sizes, recomputed: Some(recomputed), explanation })
}

/// One digit more than was printed; two where the first ends in 5, since "29.5" seems to round to 30 when 29.49 does not.
fn untied(value: Ratio, decimals: u32) -> String {
    let one = shown(value, decimals + 1);
    if one.ends_with('5') { shown(value, decimals + 2) } else { one }
}

fn narrow(range: Option<(i128, i128)>) -> Option<(i64, i64)> {
    range.map(|(a, b)| (a as i64, b as i64))
}

/// Sizes for which the count rounds to the percentage: a contiguous range, since the percentage falls as n grows.
fn sizes_for(printed: Printed, count: i128, n: i128, rounding: Rounding) -> Option<(i64, i64)> {
    if count == 0 || printed.units() == 0 {
        return None;
    }
    let fits = |size: i128| printed.admits(Ratio { num: 100 * count, den: size }, rounding);
    // Start where the percentage would be exact and walk outwards.
    let centre = (count as f64 * 100.0 / printed.value().to_f64()).round() as i128;
    let limit = 10 * n.max(centre) + 100;
    let start = (centre - 2..=centre + 2).find(|size| *size >= count && fits(*size))?;
    let low = (count..=start).rev().take_while(|size| fits(*size)).last()?;
    let high = (start..=limit).take_while(|size| fits(*size)).last()?;
    Some((low as i64, high as i64))
}

/// A column of percentages that should cover everybody once.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PercentColumn {
    /// Whether shares that add to 100 can round to the column (with n: whole counts that add to n).
    pub consistent: bool,
    /// What the printed percentages add to.
    pub printed_sum: String,
    /// Rows whose percentage no count out of n gives.
    pub impossible_rows: Vec<usize>,
    /// Sizes up to 2,000 for which whole counts explain the column; at most twenty, smallest first. Only without n.
    pub sizes: Vec<i64>,
    /// One sentence.
    pub explanation: String,
}

/// Tests whether a column of exclusive categories can add to 100 before rounding.
pub fn percent_column(percents: &[String], n: Option<i64>, rounding: Rounding) -> Result<PercentColumn> {
    if percents.is_empty() {
        return Err(input("no percentages").at("percents").allowed("at least one").into());
    }
    let printed = percents.iter().map(|p| percentage(p)).collect::<Result<Vec<_>>>()?;
    let decimals = printed.iter().map(|p| p.decimals()).max().unwrap_or(0);
    let units: i128 = printed.iter().map(|p| i128::from(p.units()) * 10_i128.pow(decimals - p.decimals())).sum();
    let printed_sum = shown(Ratio { num: units, den: 10_i128.pow(decimals) }, decimals);
    let (low, high) =
        printed.iter().map(|p| p.interval(rounding)).fold((0.0, 0.0), |(a, b), (l, h)| (a + l.max(0.0), b + h));
    let shares = low <= 100.0 + 1e-9 && high >= 100.0 - 1e-9;
    if let Some(n) = n {
        let n = checked_n(n)?;
        let ranges: Vec<_> = printed.iter().map(|p| counts_for(*p, n, rounding)).collect();
        let impossible_rows: Vec<usize> = (0..ranges.len()).filter(|i| ranges[*i].is_none()).collect();
        let consistent = adds_to(&ranges, n);
        let explanation = if consistent {
            format!("whole counts out of {n} explain the column (printed sum {printed_sum})")
        } else if impossible_rows.is_empty() {
            format!("counts that round to these percentages do not add to {n} (printed sum {printed_sum})")
        } else {
            let rows = impossible_rows.iter().map(|i| format!("{} %", printed[*i])).collect::<Vec<_>>().join(", ");
            format!("no count out of {n} gives {rows}")
        };
        return Ok(PercentColumn { consistent, printed_sum, impossible_rows, sizes: vec![], explanation });
    }
    let fits = |n: &i128| {
        let ranges: Vec<_> = printed.iter().map(|p| counts_for(*p, *n, rounding)).collect();
        adds_to(&ranges, *n)
    };
    let sizes = if shares { (1..=2000).filter(fits).take(20).map(|n| n as i64).collect() } else { vec![] };
    let explanation = if shares {
        format!("shares that add to 100 can round to this column (printed sum {printed_sum})")
    } else {
        format!("the percentages add to {printed_sum}: between {low:.2} and {high:.2} before rounding, never 100")
    };
    Ok(PercentColumn { consistent: shares, printed_sum, impossible_rows: vec![], sizes, explanation })
}

/// Whether whole numbers from these ranges can add to n: every value between the sums of the ends is reached.
fn adds_to(ranges: &[Option<(i128, i128)>], n: i128) -> bool {
    let Some(known) = ranges.iter().copied().collect::<Option<Vec<_>>>() else { return false };
    (known.iter().map(|r| r.0).sum::<i128>()..=known.iter().map(|r| r.1).sum()).contains(&n)
}
