//! The logistic function on several numbers side by side, written so that a compiler makes vectors of it.

/// 1.5 times 2^52: added to a number below 2^51, its integer part stands in the last bits of the sum.
const SHIFT: f64 = 6_755_399_441_055_744.0;
/// ln 2 in two parts; the first has zeros enough that its product with any exponent is exact.
const LN_2: (f64, f64) = (6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10);
/// Below this the exponential is not a normal number; its probability is nothing in any sum.
const LEAST: f64 = -700.0;

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
// Inlined into functions that are compiled for each instruction set.
#[allow(clippy::inline_always)]
#[inline(always)]
pub fn probabilities<const N: usize>(x: &[f64; N]) -> [f64; N] {
    let mut out = [0.0; N];
    for i in 0..N {
        let tail = exp_of_negative(-x[i].abs());
        let share = 1.0 / (1.0 + tail);
        out[i] = if x[i] >= 0.0 { share } else { tail * share };
    }
    out
}

#[allow(clippy::inline_always)]
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
    use super::probabilities;

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
