//! What single answers can be: the step between them, items per person, and the ends of the scale.

use super::printed::{Printed, Ratio};
use crate::error::{Result, input};
use serde::Deserialize;

/// Answers in one sample: with the limits on digits, exact products stay inside 128 bits.
const MAX_ANSWERS: i128 = 100_000;
/// Largest numerator or denominator of the step.
const MAX_STEP: i128 = 100;
/// Largest number of steps from the lowest to the highest answer.
const MAX_LEVELS: i128 = 100_000;

/// The grid as the caller names it; numbers are text as printed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GridOptions {
    /// People (or sites).
    pub n: i64,
    /// Items averaged within a person; 1 when absent.
    pub items: Option<i64>,
    /// Smallest difference between two answers: `"1"`, `"0.5"` or `"1/3"`; 1 when absent.
    pub step: Option<String>,
    /// Lowest answer.
    pub low: Option<String>,
    /// Highest answer.
    pub high: Option<String>,
}

/// A checked grid: an answer is `offset + k * step` with integer k, from 0 to `levels` where the scale is bounded.
#[derive(Debug, Clone, Copy)]
pub struct Grid {
    /// People.
    pub n: i128,
    /// Items per person.
    pub items: i128,
    /// The step.
    pub step: Ratio,
    /// Where k = 0 lies.
    pub offset: Ratio,
    /// Steps from lowest to highest; None when the scale is unbounded.
    pub levels: Option<i128>,
}

/// Reads a step: a decimal or a fraction.
pub(super) fn parse_step(text: &str) -> Result<Ratio> {
    let refused = || {
        input("step not allowed")
            .at("step")
            .got(format!("{text:?}"))
            .allowed("a positive number such as 1, 0.5 or \"1/3\", parts up to 100")
    };
    let ratio = match text.split_once('/') {
        Some((num, den)) => {
            Ratio { num: num.trim().parse().map_err(|_| refused())?, den: den.trim().parse().map_err(|_| refused())? }
        }
        None => reduced(Printed::parse("step", text)?.value()),
    };
    let allowed = 1..=MAX_STEP;
    if !allowed.contains(&ratio.num) || !allowed.contains(&ratio.den) {
        return Err(refused().into());
    }
    Ok(reduced(ratio))
}

pub(super) fn reduced(value: Ratio) -> Ratio {
    let divisor = gcd(value.num.abs(), value.den).max(1);
    Ratio { num: value.num / divisor, den: value.den / divisor }
}

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Grid {
    /// Checks what the caller named.
    pub fn new(options: &GridOptions) -> Result<Self> {
        let items = options.items.unwrap_or(1);
        if options.n < 1 || items < 1 || i128::from(options.n) * i128::from(items) > MAX_ANSWERS {
            return Err(input("sample size not allowed")
                .at(if items < 1 { "items" } else { "n" })
                .got(if items < 1 { items } else { options.n })
                .allowed("at least 1, and n times items at most 100,000")
                .remedy("An SD or a mean can only be checked with the n that it was computed from.")
                .into());
        }
        let step = parse_step(options.step.as_deref().unwrap_or("1"))?;
        let (offset, levels) = match (&options.low, &options.high) {
            (None, None) => (Ratio { num: 0, den: 1 }, None),
            (Some(low), Some(high)) => {
                let (low, high) = (Printed::parse("low", low)?.value(), Printed::parse("high", high)?.value());
                (reduced(low), Some(levels_between(low, high, step)?))
            }
            _ => {
                return Err(input("one end of the scale is missing")
                    .at("low, high")
                    .allowed("both or neither")
                    .remedy("Give both ends, such as low=1, high=5.")
                    .into());
            }
        };
        Ok(Self { n: options.n.into(), items: items.into(), step, offset, levels })
    }

    /// Answers in the sample.
    pub fn answers(self) -> i128 {
        self.n * self.items
    }

    /// The total k of all answers as (offset, step, denominator) of the mean: mean = (offset + k step) / denominator,
    /// for `answers` answers.
    pub(super) fn mean_line(self) -> (i128, i128, i128) {
        let (offset, step, answers) = (self.offset, self.step, self.answers());
        (offset.num * step.den * answers, step.num * offset.den, offset.den * step.den * answers)
    }

    /// The mean that a total of k steps gives.
    pub(super) fn mean_of(self, k: i128) -> Ratio {
        let (offset, step, denominator) = self.mean_line();
        Ratio { num: offset + k * step, den: denominator }
    }

    /// The sum of all answers that a total of k steps stands for.
    pub(super) fn sum_of(self, k: i128) -> f64 {
        let mean = self.mean_of(k);
        (Ratio { num: mean.num * self.answers(), den: mean.den }).to_f64()
    }

    /// Totals k that the scale allows.
    pub(super) fn clip(self, range: (i128, i128)) -> Option<(i128, i128)> {
        let Some(levels) = self.levels else { return Some(range) };
        let (low, high) = (range.0.max(0), range.1.min(levels * self.answers()));
        (low <= high).then_some((low, high))
    }

    /// Refuses a printed mean that lies outside the scale altogether.
    pub(super) fn check_inside(self, mean: Printed) -> Result<()> {
        let Some(levels) = self.levels else { return Ok(()) };
        let low = self.offset.to_f64();
        let high = low + self.step.to_f64() * levels as f64;
        let value = mean.value().to_f64();
        if value < low || value > high {
            return Err(input("mean outside its scale")
                .at("mean")
                .got(mean)
                .allowed(format!("{low} to {high}"))
                .remedy("Correct the mean or the ends of the scale.")
                .into());
        }
        Ok(())
    }
}

/// Steps from `low` to `high`, which must be whole.
fn levels_between(low: Ratio, high: Ratio, step: Ratio) -> Result<i128> {
    let distance = (high.num * low.den - low.num * high.den) * step.den;
    let unit = high.den * low.den * step.num;
    if distance <= 0 || distance % unit != 0 || distance / unit > MAX_LEVELS {
        return Err(input("ends of the scale do not fit the step")
            .at("low, high, step")
            .got(format!("{} to {} by {}", low.to_f64(), high.to_f64(), step.to_f64()))
            .allowed("a high above the low, a whole number of steps apart (at most 100,000)")
            .remedy("Correct the ends or the step.")
            .into());
    }
    Ok(distance / unit)
}
