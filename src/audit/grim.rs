//! GRIM: can a mean of n integers (or n people times several items, or a percentage) be what was printed?
//!
//! Brown and Heathers (2017), The GRIM test, Social Psychological and Personality Science 8:363,
//! <https://doi.org/10.1177/1948550616673876>. The test asks whether any total of the answers, divided by their number,
//! rounds to the printed mean; here the totals are found as an integer interval, so no floating point takes part.

use super::grid::{Grid, GridOptions};
use super::printed::{Printed, Rounding, shown};
use crate::error::Result;
use serde::Serialize;

/// What GRIM finds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Grim {
    /// Whether some total gives the printed mean.
    pub consistent: bool,
    /// Lowest and highest total of the answers that do; None when none does.
    pub totals: Option<(f64, f64)>,
    /// Nearest possible means below and above, at the printed digits, when the mean is impossible.
    pub nearest: Option<(String, String)>,
    /// Share of printable means that are possible at all: near 1 the test has no power.
    pub possible_share: f64,
    /// One sentence.
    pub explanation: String,
}

/// Tests one printed mean or, with `percent`, one printed percentage of people.
///
/// ```
/// use steelyard::audit::{grim, GridOptions, Rounding};
/// let options = GridOptions { n: 28, ..GridOptions::default() };
/// assert!(!grim("5.19", &options, false, Rounding::Either).unwrap().consistent);
/// assert!(grim("2.68", &options, false, Rounding::Either).unwrap().consistent);
/// ```
pub fn grim(mean: &str, options: &GridOptions, percent: bool, rounding: Rounding) -> Result<Grim> {
    let printed = Printed::parse("mean", mean)?;
    let grid = if percent { percent_grid(options)? } else { Grid::new(options)? };
    grid.check_inside(printed)?;
    let (offset, step, denominator) = grid.mean_line();
    let found = printed.preimage(offset, step, denominator, rounding).and_then(|range| grid.clip(range));
    let spacing = 10_i64.pow(printed.decimals()) as f64 * step as f64 / denominator as f64;
    let possible_share = (1.0 / spacing).min(1.0);
    let answers = grid.answers();
    let explanation = match found {
        Some((low, high)) if low == high => {
            format!("{printed} is {} over {answers}", number(grid.sum_of(low)))
        }
        Some((low, high)) => {
            format!(
                "{printed} fits totals {} to {} over {answers}",
                number(grid.sum_of(low)),
                number(grid.sum_of(high))
            )
        }
        None => {
            let (below, above) = neighbours(grid, printed);
            format!("no total over {answers} answers gives {printed}: the nearest means are {below} and {above}")
        }
    };
    Ok(Grim {
        consistent: found.is_some(),
        totals: found.map(|(low, high)| (grid.sum_of(low), grid.sum_of(high))),
        nearest: if found.is_none() { Some(neighbours(grid, printed)) } else { None },
        possible_share,
        explanation,
    })
}

/// A percentage of n people is a mean of n answers that are 0 or 100.
fn percent_grid(options: &GridOptions) -> Result<Grid> {
    let grid = Grid::new(&GridOptions {
        n: options.n,
        items: options.items,
        step: Some("100".into()),
        low: Some("0".into()),
        high: Some("100".into()),
    })?;
    Ok(grid)
}

/// The nearest possible means below and above the printed number, with one decimal more than it where they need it.
fn neighbours(grid: Grid, printed: Printed) -> (String, String) {
    let (offset, step, denominator) = grid.mean_line();
    let value = printed.value();
    // Largest k with (offset + k step) / denominator <= value.
    let below = (value.num * denominator - offset * value.den).div_euclid(step * value.den);
    let clipped = |k: i128| grid.levels.map_or(k, |levels| k.clamp(0, levels * grid.answers()));
    let digits = printed.decimals() + 2;
    (shown(grid.mean_of(clipped(below)), digits), shown(grid.mean_of(clipped(below + 1)), digits))
}

/// Writes a total without needless decimals.
pub(super) fn number(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{}", (value * 1e6).round() / 1e6) }
}
