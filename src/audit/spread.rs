//! DEBIT for binary data, and the largest and smallest SD that a mean, an n and a scale allow.
//!
//! DEBIT: Heathers and Brown (2019), <https://osf.io/5vb3u/>: a binary variable's SD follows from its mean and n.
//! Bounds: von Szokefalvi Nagy (1918) and Popoviciu (1935) for a known range; with a mean, the sample that puts as many
//! values as possible at the ends, one between them (the extreme point of the set of samples with that mean).

use super::grimmer::{SdKind, check_sd};
use super::printed::{Printed, Ratio, Rounding};
use crate::error::{Result, input};
use serde::Serialize;

/// What DEBIT finds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Debit {
    /// Whether some count of ones has both the mean and the SD.
    pub consistent: bool,
    /// Lowest and highest count of ones that round to the mean.
    pub counts: Option<(i64, i64)>,
    /// The SDs that these counts have.
    pub possible_sd: Option<(f64, f64)>,
    /// One sentence.
    pub explanation: String,
}

/// Tests mean and SD of a 0/1 variable.
///
/// ```
/// use steelyard::audit::{debit, Rounding, SdKind};
/// assert!(!debit("0.19", "0.35", 1683, SdKind::Sample, Rounding::Either).unwrap().consistent);
/// ```
pub fn debit(mean: &str, sd: &str, n: i64, kind: SdKind, rounding: Rounding) -> Result<Debit> {
    let (mean, sd) = (Printed::parse("mean", mean)?, Printed::parse("sd", sd)?);
    let n = checked_n(n)?;
    check_sd(sd, n, kind)?;
    if mean.units() < 0 || mean.value().to_f64() > 1.0 {
        return Err(input("mean outside its scale")
            .at("mean")
            .got(mean)
            .allowed("0 to 1")
            .remedy("DEBIT is for 0/1 data; a percentage is divided by 100.")
            .into());
    }
    let Some((low, high)) = mean.preimage(0, 1, n, rounding).map(|(a, b)| (a.max(0), b.min(n))).filter(|r| r.0 <= r.1)
    else {
        let explanation = format!("no count out of {n} gives the mean {mean}");
        return Ok(Debit { consistent: false, counts: None, possible_sd: None, explanation });
    };
    let variance = |ones: i128| Ratio { num: ones * (n - ones), den: n * kind.divisor(n) };
    let fits = sd
        .root_preimage(1, n * kind.divisor(n), rounding)
        .is_some_and(|(least, most)| (low..=high).any(|ones| (least..=most).contains(&variance(ones).num)));
    let root = |ones| variance(ones).to_f64().sqrt();
    let half = (n / 2).clamp(low, high);
    let (least, most) = (root(low).min(root(high)), root(half).max(root(low)).max(root(high)));
    let explanation = if fits {
        format!("mean {mean} and SD {sd} are those of {low} to {high} ones out of {n}")
    } else {
        format!("{low} to {high} ones out of {n} have SDs {least:.4} to {most:.4}, not {sd}")
    };
    Ok(Debit {
        consistent: fits,
        counts: Some((low as i64, high as i64)),
        possible_sd: Some((least, most)),
        explanation,
    })
}

pub(super) fn checked_n(n: i64) -> Result<i128> {
    if !(1..=10_000_000).contains(&n) {
        return Err(input("sample size not allowed").at("n").got(n).allowed("1 to 10,000,000").into());
    }
    Ok(n.into())
}

/// The SDs that are possible.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SdBounds {
    /// Smallest possible SD.
    pub low: f64,
    /// Largest possible SD.
    pub high: f64,
}

/// Bounds of the SD of n values between `low` and `high`, with the printed mean where there is one. Values may lie
/// anywhere between the ends; for integers, `grimmer` is sharper.
///
/// ```
/// use steelyard::audit::{sd_bounds, Rounding, SdKind};
/// let bounds = sd_bounds(6, 97.0, 109.0, None, SdKind::Sample, Rounding::Either).unwrap();
/// assert!((bounds.high - 6.5727).abs() < 5e-5);
/// ```
pub fn sd_bounds(
    n: i64,
    low: f64,
    high: f64,
    mean: Option<&str>,
    kind: SdKind,
    rounding: Rounding,
) -> Result<SdBounds> {
    let n = checked_n(n)?;
    if !(low.is_finite() && high.is_finite() && low < high) {
        return Err(input("ends of the scale not allowed")
            .at("low, high")
            .got(format!("{low} to {high}"))
            .allowed("a high above the low")
            .into());
    }
    if kind.divisor(n) < 1 {
        return Err(input("SD without enough people").at("n").got(n).allowed("at least 2 for a sample SD").into());
    }
    let (range, size) = (high - low, n as f64);
    let Some(text) = mean else {
        let largest = range * (((n / 2) * (n - n / 2)) as f64 / (size * kind.divisor(n) as f64)).sqrt();
        return Ok(SdBounds { low: 0.0, high: largest });
    };
    let printed = Printed::parse("mean", text)?;
    let (from, to) = printed.interval(rounding);
    if to < low || from > high {
        return Err(input("mean outside its scale").at("mean").got(printed).allowed(format!("{low} to {high}")).into());
    }
    // In units of the range the sum is s; k values at the top, one at the remainder, the others at the bottom.
    let (from, to) = ((from.max(low) - low) / range * size, (to.min(high) - low) / range * size);
    let deviations = |s: f64| s.floor() + s.fract().powi(2) - s * s / size;
    // Between whole numbers of values at the top the curve is convex: its maximum is at an end or at a whole number.
    let whole = [(size / 2.0).floor(), (size / 2.0).ceil(), from.ceil(), to.floor()];
    let inside = whole.into_iter().filter(|k| (from..=to).contains(k));
    let most = inside.chain([from, to]).map(deviations).fold(0.0, f64::max);
    Ok(SdBounds { low: 0.0, high: range * (most / kind.divisor(n) as f64).sqrt() })
}
