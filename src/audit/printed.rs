//! A number as it was printed, and which exact values round to it. Everything here is integer arithmetic.

use crate::error::{Result, input};
use serde::{Deserialize, Serialize};

/// Decimals that a printed number may have: with these limits every product below stays inside 128 bits.
const MAX_DECIMALS: usize = 6;
/// Largest magnitude in units of the last printed digit.
const MAX_UNITS: i64 = 1_000_000_000;

/// How ties were rounded when the number was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    /// Half-up or half-even: a tie is accepted when either rule gives the printed digit. The default, because papers
    /// rarely say which rule their software used.
    #[default]
    Either,
    /// Ties go away from zero, as in spreadsheets and most packages.
    HalfUp,
    /// Ties go to the even digit, as in IEEE 754, R and Python.
    HalfEven,
    /// Further digits were cut off.
    Truncated,
}

/// A printed number: `units / 10^decimals`. Trailing zeros carry precision, so it is read from text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Printed {
    units: i64,
    decimals: u32,
}

/// An exact fraction with positive denominator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    /// Numerator.
    pub num: i128,
    /// Denominator, positive.
    pub den: i128,
}

impl Ratio {
    /// The nearest double, for reports.
    pub fn to_f64(self) -> f64 {
        self.num as f64 / self.den as f64
    }
}

impl Printed {
    /// Reads a number as printed: an optional sign, digits, and at most six decimals after a point.
    ///
    /// ```
    /// use steelyard::audit::{Printed, Rounding};
    /// let mean = Printed::parse("mean", "5.27").unwrap();
    /// // 226/43 = 5.2558 and 227/43 = 5.2791: no total of 43 integers gives 5.27.
    /// assert_eq!(mean.preimage(0, 1, 43, Rounding::Either), None);
    /// ```
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let refused = |remedy: &str| {
            input("printed number not understood")
                .at(name)
                .got(format!("{text:?}"))
                .allowed("digits with at most six decimals after a point, such as \"4.20\"")
                .remedy(remedy)
        };
        let trimmed = text.trim().replace('\u{2212}', "-");
        if trimmed.contains('%') {
            return Err(
                refused("Leave the percent sign out; a check that takes percent= needs percent=True as well.").into()
            );
        }
        if trimmed.contains(',') {
            return Err(refused("Write decimals with a point and thousands without a separator.").into());
        }
        let (negative, digits) = match trimmed.strip_prefix(['-', '+']) {
            Some(rest) => (trimmed.starts_with('-'), rest),
            None => (false, trimmed.as_str()),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
            return Err(refused("Pass the number as the text that was printed.").into());
        }
        if fraction.len() > MAX_DECIMALS {
            return Err(refused("Round to the digits that were printed.").into());
        }
        let units: i64 = format!("0{whole}{fraction}").parse().ok().filter(|u| *u <= MAX_UNITS).ok_or_else(|| {
            refused("The audit is exact up to 1,000,000,000 units of the last digit.").allowed("smaller numbers")
        })?;
        Ok(Self { units: if negative { -units } else { units }, decimals: fraction.len() as u32 })
    }

    /// The number that was printed.
    pub fn value(self) -> Ratio {
        Ratio { num: i128::from(self.units), den: self.scale() }
    }

    /// Decimals that were printed.
    pub fn decimals(self) -> u32 {
        self.decimals
    }

    /// Units of the last printed digit.
    pub fn units(self) -> i64 {
        self.units
    }

    fn scale(self) -> i128 {
        10_i128.pow(self.decimals)
    }

    /// The ends, in half units of the last digit, of the values that round to this number, and whether each belongs.
    fn ends(self, rounding: Rounding) -> (i128, bool, i128, bool) {
        let u = i128::from(self.units);
        let even = u % 2 == 0;
        // Away from zero: the tie nearer to zero rounds to us, the other one away from us.
        let (up_low, up_high) = (u > 0, u < 0);
        match rounding {
            Rounding::HalfUp => (2 * u - 1, up_low, 2 * u + 1, up_high),
            Rounding::HalfEven => (2 * u - 1, even, 2 * u + 1, even),
            Rounding::Either => (2 * u - 1, up_low || even, 2 * u + 1, up_high || even),
            Rounding::Truncated if u > 0 => (2 * u, true, 2 * u + 2, false),
            Rounding::Truncated if u < 0 => (2 * u - 2, false, 2 * u, true),
            Rounding::Truncated => (-2, false, 2, false),
        }
    }

    /// The integers k for which `(offset + k * step) / denominator` rounds to this number, as an inclusive range.
    /// `step` and `denominator` are positive.
    pub fn preimage(self, offset: i128, step: i128, denominator: i128, rounding: Rounding) -> Option<(i128, i128)> {
        let (low, low_in, high, high_in) = self.ends(rounding);
        // (offset + k step) / den against low / (2 scale): multiply out, so that only integers are compared.
        let slope = step * 2 * self.scale();
        let shift = offset * 2 * self.scale();
        let (below, above) = (low * denominator - shift, high * denominator - shift);
        let first = ceil_div(below, slope);
        let last = below_or_at(above, slope);
        let first = if !low_in && first * slope == below { first + 1 } else { first };
        let last = if !high_in && last * slope == above { last - 1 } else { last };
        (first <= last).then_some((first, last))
    }

    /// Whether the exact value rounds to this number.
    pub fn admits(self, value: Ratio, rounding: Rounding) -> bool {
        let (low, low_in, high, high_in) = self.ends(rounding);
        let middle = value.num * 2 * self.scale();
        let (low, high) = (low * value.den, high * value.den);
        (low < middle || (low_in && low == middle)) && (middle < high || (high_in && middle == high))
    }

    /// Whether the root of an exact value that is not negative rounds to this number.
    pub fn admits_root(self, square: Ratio, rounding: Rounding) -> bool {
        self.root_preimage(1, square.den, rounding).is_some_and(|(low, high)| (low..=high).contains(&square.num))
    }

    /// The integers w >= 0 for which `sqrt(w * numerator / denominator)` rounds to this number.
    pub(super) fn root_preimage(self, numerator: i128, denominator: i128, rounding: Rounding) -> Option<(i128, i128)> {
        let (low, low_in, high, high_in) = self.ends(rounding);
        if high < 0 {
            return None;
        }
        let slope = numerator * 4 * self.scale() * self.scale();
        let (below, above) = (low.max(0).pow(2) * denominator, high.pow(2) * denominator);
        let first = ceil_div(below, slope);
        let last = below_or_at(above, slope);
        // Below zero there is nothing to exclude: a root of exactly 0 rounds to 0.
        let first = if low > 0 && !low_in && first * slope == below { first + 1 } else { first };
        let last = if !high_in && last * slope == above { last - 1 } else { last };
        (first <= last).then_some((first, last))
    }

    /// The closed ends of what rounds to this number, as doubles, for reports.
    pub fn interval(self, rounding: Rounding) -> (f64, f64) {
        let (low, _, high, _) = self.ends(rounding);
        let unit = 2.0 * self.scale() as f64;
        (low as f64 / unit, high as f64 / unit)
    }
}

impl std::fmt::Display for Printed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let decimals = self.decimals as usize;
        let magnitude = self.units.unsigned_abs();
        let scale = 10_u64.pow(self.decimals);
        let sign = if self.units < 0 { "-" } else { "" };
        if decimals == 0 {
            write!(f, "{sign}{magnitude}")
        } else {
            write!(f, "{sign}{}.{:0decimals$}", magnitude / scale, magnitude % scale)
        }
    }
}

/// Rounds an exact value to `decimals` for a message, ties away from zero.
pub(super) fn shown(value: Ratio, decimals: u32) -> String {
    let scale = 10_i128.pow(decimals);
    let doubled = value.num.abs() * scale * 2 + value.den;
    let units = (doubled / (2 * value.den)) as i64;
    Printed { units: if value.num < 0 { -units } else { units }, decimals }.to_string()
}

fn below_or_at(a: i128, b: i128) -> i128 {
    a.div_euclid(b)
}

fn ceil_div(a: i128, b: i128) -> i128 {
    -(-a).div_euclid(b)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn printed(text: &str) -> Printed {
        Printed::parse("value", text).unwrap()
    }

    #[test]
    fn ties_follow_the_named_rule() {
        let half = |n| Ratio { num: n, den: 2 };
        // 0.5 and 1.5 printed without decimals.
        for (value, text, up, even) in [
            (1, "1", true, false),
            (1, "0", false, true),
            (3, "2", true, true),
            (5, "2", false, true),
            (5, "3", true, false),
        ] {
            assert_eq!(printed(text).admits(half(value), Rounding::HalfUp), up, "{value}/2 as {text}");
            assert_eq!(printed(text).admits(half(value), Rounding::HalfEven), even, "{value}/2 as {text}");
            assert_eq!(printed(text).admits(half(value), Rounding::Either), up || even);
            let negative = printed(&format!("-{text}"));
            assert_eq!(negative.admits(half(-value), Rounding::HalfEven), even);
            if text != "0" {
                assert_eq!(negative.admits(half(-value), Rounding::HalfUp), up);
            }
        }
        assert!(printed("2").admits(Ratio { num: 29, den: 10 }, Rounding::Truncated));
        assert!(!printed("2").admits(Ratio { num: 19, den: 10 }, Rounding::Truncated));
    }

    #[test]
    fn the_preimage_is_what_admits_says() {
        for rounding in [Rounding::Either, Rounding::HalfUp, Rounding::HalfEven, Rounding::Truncated] {
            for text in ["0", "1.5", "-0.3", "2.25", "-1"] {
                for den in [1_i128, 2, 3, 7, 8] {
                    let value = printed(text);
                    let expected: Vec<i128> =
                        (-60..60).filter(|k| value.admits(Ratio { num: 1 + 2 * k, den }, rounding)).collect();
                    let got = value.preimage(1, 2, den, rounding);
                    assert_eq!(
                        got,
                        expected.first().map(|f| (*f, expected[expected.len() - 1])),
                        "{text} {den} {rounding:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_a_remedy() {
        let message = |text| Printed::parse("mean of item 3", text).unwrap_err().to_string();
        assert!(message("3,5").contains("Write decimals with a point"));
        assert!(message("42%").contains("percent=True"));
        assert!(message("").contains("mean of item 3") && message("four").contains("digits with at most six"));
        assert!(message("1.2345678").contains("Round to the digits"));
        assert_eq!(printed("\u{2212}0.50").to_string(), "-0.50");
        assert_eq!(shown(Ratio { num: 14, den: 3 }, 1), "4.7");
    }
}
