//! Exact GRIMMER: can a printed mean and SD come from n integer answers?
//!
//! Anaya (2016), <https://doi.org/10.7287/peerj.preprints.2400v1>, and Allard (2018) test a mean and an SD by necessary
//! conditions on the sum of squares. Here the conditions are exact: every total that rounds to the mean, every sum of
//! squares that rounds to the SD, and for each pair whether n answers on the scale have them (a witness is returned).

use super::grid::{Grid, GridOptions};
use super::grim::number;
use super::multiset::{Existence, exists, exists_unbounded, least_squares, most_squares};
use super::printed::{Printed, Rounding};
use crate::error::{Result, input};
use serde::{Deserialize, Serialize};

/// Divisor of the SD.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SdKind {
    /// n - 1: what papers print, so the default.
    #[default]
    Sample,
    /// n.
    Population,
}

impl SdKind {
    /// The divisor for n values.
    pub(super) fn divisor(self, n: i128) -> i128 {
        n - i128::from(self == Self::Sample)
    }
}

/// What GRIMMER finds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Grimmer {
    /// Whether some sample has both; None when the search met its limit.
    pub consistent: Option<bool>,
    /// What failed: `mean`, `sd` (no sum of squares rounds to it), `parity` (only sums of squares of the wrong parity),
    /// `scale` (no answers on the scale have the sum of squares); None when nothing did.
    pub failed: Option<&'static str>,
    /// A sample of person means that has both, in descending order.
    pub example: Option<Vec<f64>>,
    /// Total and sum of squares of that sample, in steps from the lowest answer (or from 0).
    pub sums: Option<(i64, i64)>,
    /// The nearest possible SDs below and above for the printed mean, when the SD is impossible.
    pub nearest: Option<(f64, f64)>,
    /// One sentence.
    pub explanation: String,
}

/// One total: which sums of squares round to the SD, and whether one of them exists.
struct Trial {
    failed: &'static str,
    witness: Option<(i128, i128, Vec<i64>)>,
    undecided: bool,
}

/// Tests a printed mean with its SD.
///
/// ```
/// use steelyard::audit::{grimmer, GridOptions, Rounding, SdKind};
/// let n = |n| GridOptions { n, ..GridOptions::default() };
/// let fine = grimmer("3.10", "1.37", &n(10), SdKind::Sample, Rounding::Either).unwrap();
/// assert_eq!((fine.consistent, fine.sums), (Some(true), Some((31, 113))));
/// let not = grimmer("7.3", "2.51", &n(12), SdKind::Sample, Rounding::Either).unwrap();
/// assert_eq!(not.consistent, Some(false));
/// ```
pub fn grimmer(mean: &str, sd: &str, options: &GridOptions, kind: SdKind, rounding: Rounding) -> Result<Grimmer> {
    let (mean, sd) = (Printed::parse("mean", mean)?, Printed::parse("sd", sd)?);
    let grid = Grid::new(options)?;
    grid.check_inside(mean)?;
    check_sd(sd, grid.n, kind)?;
    let reason = match grimmer_verdict(mean, sd, grid, kind, rounding) {
        Verdict::Possible { total, squares, values } => {
            return Ok(accepted(grid, (total, squares), &values, mean, sd));
        }
        Verdict::Undecided => {
            let explanation = format!("mean {mean} and SD {sd}: the search met its limit");
            return Ok(Grimmer {
                consistent: None,
                failed: None,
                example: None,
                sums: None,
                nearest: None,
                explanation,
            });
        }
        Verdict::Impossible("mean") => {
            let explanation = format!("no total over {} answers gives the mean {mean}", grid.answers());
            return Ok(refused("mean", explanation, None));
        }
        Verdict::Impossible(reason) => reason,
    };
    let why = match reason {
        "sd" => "no sum of squares rounds to it",
        "parity" => "every sum of squares that rounds to it has the wrong parity",
        _ => "no answers on the scale have such a sum of squares",
    };
    let nearest = totals_for(grid, mean, rounding).and_then(|totals| nearest_sds(grid, totals, sd, kind));
    let shown = nearest.map_or(String::new(), |(low, high)| {
        format!("; the nearest possible are {} and {}", show_sd(low, sd), show_sd(high, sd))
    });
    Ok(refused(reason, format!("SD {sd} is impossible with mean {mean} and n = {}: {why}{shown}", grid.n), nearest))
}

/// The bare verdict, for callers that test many pairs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A sample has both.
    Possible {
        /// Its total in steps.
        total: i128,
        /// Its sum of squares in steps.
        squares: i128,
        /// Its values in steps, in descending order.
        values: Vec<i64>,
    },
    /// None has; what failed, as in [`Grimmer::failed`].
    Impossible(&'static str),
    /// The search met its limit.
    Undecided,
}

fn totals_for(grid: Grid, mean: Printed, rounding: Rounding) -> Option<(i128, i128)> {
    let (offset, step, denominator) = grid.mean_line();
    mean.preimage(offset, step, denominator, rounding).and_then(|range| grid.clip(range))
}

/// Tests a mean and an SD that were read before, without an explanation.
pub fn grimmer_verdict(mean: Printed, sd: Printed, grid: Grid, kind: SdKind, rounding: Rounding) -> Verdict {
    let Some((first, last)) = totals_for(grid, mean, rounding) else { return Verdict::Impossible("mean") };
    let mut failed = "sd";
    let mut undecided = false;
    for total in first..=last {
        let trial = try_total(grid, total, sd, kind, rounding);
        if let Some((total, squares, values)) = trial.witness {
            return Verdict::Possible { total, squares, values };
        }
        undecided |= trial.undecided;
        failed = furthest(failed, trial.failed);
    }
    if undecided { Verdict::Undecided } else { Verdict::Impossible(failed) }
}

fn show_sd(value: f64, like: Printed) -> String {
    if value.is_finite() { format!("{value:.*}", like.decimals() as usize + 2) } else { "none".into() }
}

/// An SD needs at least two people, and is not negative.
pub(super) fn check_sd(sd: Printed, n: i128, kind: SdKind) -> Result<()> {
    if sd.units() < 0 {
        return Err(input("SD below zero").at("sd").got(sd).allowed("0 or more").remedy("Correct the SD.").into());
    }
    if kind.divisor(n) < 1 {
        return Err(input("SD without enough people")
            .at("n")
            .got(n)
            .allowed("at least 2 for a sample SD")
            .remedy("Give the n that the SD was computed from.")
            .into());
    }
    Ok(())
}

fn furthest(a: &'static str, b: &'static str) -> &'static str {
    let order = ["sd", "parity", "scale"];
    let place = |x: &str| order.iter().position(|o| *o == x);
    if place(b) > place(a) { b } else { a }
}

/// Sums of squares (of person totals, in steps) whose SD rounds to the printed one, for a given total.
pub(super) fn squares_for(
    grid: Grid,
    total: i128,
    sd: Printed,
    kind: SdKind,
    rounding: Rounding,
) -> Option<(i128, i128)> {
    let n = grid.n;
    // SD^2 = unit^2 * w / (n * divisor) with w = n * squares - total^2 and unit = step / items.
    let numerator = grid.step.num.pow(2);
    let denominator = (grid.step.den * grid.items).pow(2) * n * kind.divisor(n);
    let (low, high) = sd.root_preimage(numerator, denominator, rounding)?;
    let first = (low + total * total).div_euclid(n) + i128::from((low + total * total).rem_euclid(n) != 0);
    let last = (high + total * total).div_euclid(n);
    (first <= last).then_some((first, last))
}

/// Whether a sample on the grid has this total and sum of squares.
pub(super) fn search(grid: Grid, total: i128, squares: i128) -> Existence {
    match grid.levels {
        Some(levels) => exists(grid.n, total, squares, levels * grid.items),
        None => exists_unbounded(grid.n, total, squares),
    }
}

fn try_total(grid: Grid, total: i128, sd: Printed, kind: SdKind, rounding: Rounding) -> Trial {
    let none = |failed, undecided| Trial { failed, witness: None, undecided };
    let Some((first, last)) = squares_for(grid, total, sd, kind, rounding) else { return none("sd", false) };
    let first = first + i128::from((first - total) % 2 != 0);
    if first > last {
        return none("parity", false);
    }
    let mut undecided = false;
    for squares in (first..=last).step_by(2) {
        match search(grid, total, squares) {
            Existence::Yes(values) => {
                return Trial { failed: "", witness: Some((total, squares, values)), undecided: false };
            }
            Existence::Undecided => undecided = true,
            Existence::No => {}
        }
    }
    none("scale", undecided)
}

fn accepted(grid: Grid, (total, squares): (i128, i128), values: &[i64], mean: Printed, sd: Printed) -> Grimmer {
    let unit = grid.step.to_f64() / grid.items as f64;
    let example: Vec<f64> = values.iter().map(|v| grid.offset.to_f64() + unit * *v as f64).collect();
    let list = example.iter().take(12).map(|x| number(*x)).collect::<Vec<_>>().join(", ");
    let rest = if example.len() > 12 { ", ..." } else { "" };
    Grimmer {
        consistent: Some(true),
        failed: None,
        sums: Some((total as i64, squares as i64)),
        nearest: None,
        explanation: format!("mean {mean} and SD {sd} are those of {list}{rest}"),
        example: Some(example),
    }
}

fn refused(failed: &'static str, explanation: String, nearest: Option<(f64, f64)>) -> Grimmer {
    Grimmer { consistent: Some(false), failed: Some(failed), example: None, sums: None, nearest, explanation }
}

/// The possible SDs next to the printed one, over every total that rounds to the mean; an infinite end when there is none.
fn nearest_sds(grid: Grid, totals: (i128, i128), sd: Printed, kind: SdKind) -> Option<(f64, f64)> {
    let n = grid.n;
    let unit = grid.step.to_f64() / grid.items as f64;
    let target = sd.value().to_f64();
    let sd_of = |total: i128, squares: i128| {
        unit * ((n * squares - total * total) as f64 / (n * kind.divisor(n)) as f64).max(0.0).sqrt()
    };
    let (mut below, mut above) = (f64::NEG_INFINITY, f64::INFINITY);
    for total in totals.0..=totals.1.min(totals.0 + 50) {
        let least = least_squares(n, total);
        let most = grid.levels.map_or(i128::MAX, |levels| most_squares(n, total, levels * grid.items));
        let wanted = (target / unit).powi(2) * kind.divisor(n) as f64 + (total * total) as f64 / n as f64;
        let start = (wanted.floor() as i128).clamp(least, most);
        let start = start - i128::from((start - total) % 2 != 0);
        let found = |mut squares: i128, move_by: i128| {
            for _ in 0..200 {
                if squares < least || squares > most {
                    return None;
                }
                if matches!(search(grid, total, squares), Existence::Yes(_)) {
                    return Some(sd_of(total, squares));
                }
                squares += move_by;
            }
            None
        };
        for candidate in [found(start, -2), found(start + 2, 2)].into_iter().flatten() {
            if candidate <= target {
                below = below.max(candidate);
            } else {
                above = above.min(candidate);
            }
        }
    }
    (below.is_finite() || above.is_finite()).then_some((below, above))
}
