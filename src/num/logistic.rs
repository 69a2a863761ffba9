//! The logistic function and log(1 + exp), of one number and of many side by side.
//!
//! Many run in the widest vectors of the machine, found at run time: the exponential is Cody and Waite's reduction with a Taylor
//! polynomial, log(1 + q) the series of 2 artanh(q/(2 + q)), both within a few units in the last place.

// Inlined into the functions that are compiled for each set of instructions.
#![allow(clippy::inline_always)]

use pulp::{Arch, NullaryFnOnce};

/// 1/(1 + exp(-eta)).
pub fn logistic(eta: f64) -> f64 {
    if eta >= 0.0 {
        1.0 / (1.0 + (-eta).exp())
    } else {
        let e = eta.exp();
        e / (1.0 + e)
    }
}

/// log(1 + exp(eta)) without overflow.
pub fn softplus(eta: f64) -> f64 {
    if eta > 0.0 { eta + (-eta).exp().ln_1p() } else { eta.exp().ln_1p() }
}

/// [`logistic`] of every entry, into a slice of the same length. Arguments are finite.
pub fn logistic_all(eta: &[f64], pi: &mut [f64]) {
    Arch::new().dispatch(Logistic { eta, pi });
}

/// [`logistic`] and [`softplus`] of every entry by one exponential, into slices of the same length. Arguments are finite.
///
/// ```
/// let (mut pi, mut plus) = ([0.0; 2], [0.0; 2]);
/// steelyard::num::logistic::logistic_and_softplus(&[0.0, -40.0], &mut pi, &mut plus);
/// assert!((pi[0] - 0.5).abs() < 1e-16 && (plus[0] - 2.0_f64.ln()).abs() < 1e-15);
/// assert!((plus[1] / (-40.0_f64).exp() - 1.0).abs() < 1e-14);
/// ```
pub fn logistic_and_softplus(eta: &[f64], pi: &mut [f64], plus: &mut [f64]) {
    Arch::new().dispatch(Both { eta, pi, plus });
}

struct Logistic<'a> {
    eta: &'a [f64],
    pi: &'a mut [f64],
}

impl NullaryFnOnce for Logistic<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (eta, pi) in self.eta.iter().zip(self.pi) {
            *pi = rate(*eta, exp_of_negative(-eta.abs()));
        }
    }
}

struct Both<'a> {
    eta: &'a [f64],
    pi: &'a mut [f64],
    plus: &'a mut [f64],
}

impl NullaryFnOnce for Both<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for ((eta, pi), plus) in self.eta.iter().zip(self.pi).zip(self.plus) {
            let q = exp_of_negative(-eta.abs());
            *pi = rate(*eta, q);
            *plus = eta.max(0.0) + log_one_plus(q);
        }
    }
}

/// The logistic of eta from q = exp(-|eta|).
#[inline(always)]
fn rate(eta: f64, q: f64) -> f64 {
    let above = 1.0 / (1.0 + q);
    if eta >= 0.0 { above } else { q * above }
}

/// log(1 + q) for q from 0 to 1.
#[inline(always)]
fn log_one_plus(q: f64) -> f64 {
    const ODD: [f64; 17] = {
        let mut odd = [0.0; 17];
        let mut k = 0;
        while k < odd.len() {
            odd[k] = 1.0 / (33.0 - 2.0 * k as f64);
            k += 1;
        }
        odd
    };
    let s = q / (2.0 + q);
    let square = s * s;
    let mut sum = ODD[0];
    for term in &ODD[1..] {
        sum = sum * square + term;
    }
    2.0 * s * sum
}

/// 1.5 times 2^52: added to a number below 2^51, its integer part stands in the last bits of the sum.
const SHIFT: f64 = 6_755_399_441_055_744.0;
/// ln 2 in two parts; the first has zeros enough that its product with any exponent is exact.
const LN_2: (f64, f64) = (6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10);
/// Below this the exponential is not a normal number; its probability is nothing in any sum.
const LEAST: f64 = -708.0;

/// 1 / (1 + exp(-x)) to a few units in the last place, the same on every machine.
///
/// Cody and Waite's reduction x = k ln 2 + r (1980, Software Manual for the Elementary Functions, chapter 6), then the Taylor series
/// of exp r to the thirteenth power: |r| is at most 0.347, so the next term is below 5e-18.
///
/// ```
/// let p = steelyard::num::logistic::probabilities(&[0.0, 2.0, -800.0]);
/// assert_eq!(p[0], 0.5);
/// assert!((p[1] - 0.880_797_077_977_882_4).abs() < 1e-15 && p[2] < 1e-300);
/// ```
#[inline(always)]
pub fn probabilities<const N: usize>(x: &[f64; N]) -> [f64; N] {
    let mut out = [0.0; N];
    for i in 0..N {
        out[i] = rate(x[i], exp_of_negative(-x[i].abs()));
    }
    out
}

#[inline(always)]
fn exp_of_negative(x: f64) -> f64 {
    let x = if x < LEAST { LEAST } else { x };
    let shifted = x * std::f64::consts::LOG2_E + SHIFT;
    let k = shifted - SHIFT;
    let r = (x - k * LN_2.0) - k * LN_2.1;
    let mut series = 1.0 / 6_227_020_800.0;
    for inverse in [
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        series = series * r + inverse;
    }
    // 2^k: k into the exponent's bits.
    f64::from_bits(series.to_bits().wrapping_add(shifted.to_bits() << 52))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_at_once_agree_with_one_at_a_time() {
        let eta: Vec<f64> = (-7000..7000).map(|i| f64::from(i) * 0.1003).collect();
        let (mut pi, mut plus, mut alone) = (vec![0.0; eta.len()], vec![0.0; eta.len()], vec![0.0; eta.len()]);
        logistic_and_softplus(&eta, &mut pi, &mut plus);
        logistic_all(&eta, &mut alone);
        assert_eq!(pi, alone);
        for ((eta, pi), plus) in eta.iter().zip(&pi).zip(&plus) {
            assert!((pi / logistic(*eta) - 1.0).abs() < 1e-15, "logistic of {eta}: {pi}");
            assert!((plus / softplus(*eta) - 1.0).abs() < 1e-15, "softplus of {eta}: {plus}");
        }
        logistic_and_softplus(&[-1e4, 1e4], &mut pi[..2], &mut plus[..2]);
        assert!(pi[0] < 1e-300 && pi[1] == 1.0 && plus[0] < 1e-300 && plus[1] == 1e4);
    }

    #[test]
    fn agrees_with_the_exponential_to_a_few_last_places() {
        for step in -40_000..=40_000 {
            let x = f64::from(step) / 1000.0;
            let expected = if x >= 0.0 { 1.0 / (1.0 + (-x).exp()) } else { x.exp() / (1.0 + x.exp()) };
            let found = probabilities(&[x])[0];
            assert!((found - expected).abs() <= 4.0 * f64::EPSILON * expected, "{x}: {found} {expected}");
        }
        assert_eq!(probabilities(&[f64::INFINITY])[0], 1.0);
        assert!(probabilities(&[f64::NAN])[0].is_nan());
    }
}
