//! The resolvent 1 / (d + s) of a fold's eigenvalues d, at the shifts s of a whole grid of penalties at once.
//!
//! All that calibrated predictions along a path of penalties need of a fold are sums over its eigenvalues of the resolvent
//! and of d / (d + s)^2. Penalties stand side by side in vectors of the width that the machine has (`pulp`). Every
//! operation is rounded by itself, so that no machine gives other bytes than the next.

// Inlined into the functions that `pulp` compiles for each instruction set; anything else would be scalar.
#![allow(clippy::inline_always)]

use pulp::Simd;

/// Steps of the penalty grid: as many as general tuning takes.
pub(super) const STEPS: usize = 41;
/// The same, padded to whole vectors.
const WIDTH: usize = STEPS.next_multiple_of(8);
/// Vectors of running sums that the registers hold; they divide [`WIDTH`] at every width of vectors.
const RUNNING: usize = 6;
/// Eigenvalues that share one division.
const SHARED: usize = 4;

/// One number per penalty. Past the last penalty come repetitions, which nobody reads.
pub(super) type Row = [f64; WIDTH];
/// A row of nothing.
pub(super) const NONE: Row = [0.0; WIDTH];

/// A row of penalties per eigenvalue.
#[derive(Debug, Clone, Default)]
pub(super) struct Resolvent {
    /// Rows that count; the others fill the last group.
    rank: usize,
    /// The training weight of the tables, where they can be kept.
    weight: Option<f64>,
    /// 1 / (d + s).
    inverse: Vec<Row>,
    /// d / (d + s)^2.
    shrunken: Vec<Row>,
}

impl Resolvent {
    /// Fills the tables for eigenvalues and penalties (at most [`STEPS`]), each times the training weight.
    ///
    /// Four reciprocals come of one division (Montgomery 1987, doi:10.1090/S0025-5718-1987-0866113-7, section 10.3.1): shifted
    /// eigenvalues are positive and far from the fourth root of the largest number.
    #[inline(always)]
    pub(super) fn fill<S: Simd>(&mut self, simd: S, values: &[f64], penalties: &[f64], weight: f64) {
        let mut shifts = [penalties.last().map_or(1.0, |penalty| penalty * weight); WIDTH];
        for (shift, penalty) in shifts.iter_mut().zip(penalties) {
            *shift = penalty * weight;
        }
        let (shifts, _) = S::as_simd_f64s(&shifts);
        self.rank = values.len();
        let padded = self.rank.next_multiple_of(SHARED);
        self.inverse.resize(padded, NONE);
        self.shrunken.resize(padded, NONE);
        let tables = self.inverse.chunks_exact_mut(SHARED).zip(self.shrunken.chunks_exact_mut(SHARED));
        for (values, (inverse, shrunken)) in values.chunks(SHARED).zip(tables) {
            // A last group that is not full is filled up with ones.
            let d: [_; SHARED] = std::array::from_fn(|i| simd.splat_f64s(values.get(i).copied().unwrap_or(1.0)));
            for (v, shift) in shifts.iter().enumerate() {
                let over = reciprocals(simd, d.map(|d| simd.add_f64s(d, *shift)));
                for i in 0..SHARED {
                    S::as_mut_simd_f64s(&mut inverse[i]).0[v] = over[i];
                    S::as_mut_simd_f64s(&mut shrunken[i]).0[v] = simd.mul_f64s(d[i], simd.mul_f64s(over[i], over[i]));
                }
            }
        }
    }

    /// The same for another training weight; whether anything had to be done. Eigenvalues and penalties are those of the call
    /// before, unless [`Self::forget`] came between.
    #[inline(always)]
    pub(super) fn refill<S: Simd>(&mut self, simd: S, values: &[f64], penalties: &[f64], weight: f64) -> bool {
        let stale = self.weight.map(f64::to_bits) != Some(weight.to_bits());
        if stale {
            self.fill(simd, values, penalties, weight);
            self.weight = Some(weight);
        }
        stale
    }

    /// What comes next is another fold.
    pub(super) fn forget(&mut self) {
        self.weight = None;
    }

    /// Per penalty: the sum over eigenvalues of a b / (d + s).
    #[inline(always)]
    pub(super) fn sum<S: Simd>(&self, simd: S, a: &[f64], b: &[f64]) -> Row {
        weighted(simd, &self.inverse[..self.rank], a, b)
    }

    /// Per penalty: the sum over eigenvalues of a b d / (d + s)^2.
    #[inline(always)]
    pub(super) fn shrunken_sum<S: Simd>(&self, simd: S, a: &[f64], b: &[f64]) -> Row {
        weighted(simd, &self.shrunken[..self.rank], a, b)
    }
}

#[inline(always)]
fn reciprocals<S: Simd>(simd: S, t: [S::f64s; SHARED]) -> [S::f64s; SHARED] {
    let (left, right) = (simd.mul_f64s(t[0], t[1]), simd.mul_f64s(t[2], t[3]));
    let over = simd.div_f64s(simd.splat_f64s(1.0), simd.mul_f64s(left, right));
    let (left, right) = (simd.mul_f64s(over, right), simd.mul_f64s(over, left));
    [simd.mul_f64s(left, t[1]), simd.mul_f64s(left, t[0]), simd.mul_f64s(right, t[3]), simd.mul_f64s(right, t[2])]
}

#[inline(always)]
fn weighted<S: Simd>(simd: S, table: &[Row], a: &[f64], b: &[f64]) -> Row {
    let mut sums = NONE;
    for (block, sums) in S::as_mut_simd_f64s(&mut sums).0.chunks_exact_mut(RUNNING).enumerate() {
        let mut running = [simd.splat_f64s(0.0); RUNNING];
        for ((a, b), row) in a.iter().zip(b).zip(table) {
            let term = simd.splat_f64s(a * b);
            let row = &S::as_simd_f64s(row).0[block * RUNNING..][..RUNNING];
            for i in 0..RUNNING {
                running[i] = simd.add_f64s(running[i], simd.mul_f64s(term, row[i]));
            }
        }
        sums.copy_from_slice(&running);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulp::{Arch, Scalar, WithSimd};

    struct Sums<'a> {
        values: &'a [f64],
        a: &'a [f64],
        penalties: &'a [f64],
    }

    impl WithSimd for Sums<'_> {
        type Output = (Row, Row);

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> (Row, Row) {
            let mut resolvent = Resolvent::default();
            // What an earlier, larger fold left behind must not count.
            resolvent.fill(simd, &[3.0; 9], self.penalties, 2.0);
            resolvent.fill(simd, self.values, self.penalties, 60.0);
            (resolvent.sum(simd, self.a, self.a), resolvent.shrunken_sum(simd, self.a, self.values))
        }
    }

    #[test]
    fn sums_are_those_of_the_formula_on_every_instruction_set() {
        let penalties: Vec<f64> = (0..STEPS).map(|k| 10.0_f64.powf(-4.0 + 0.2 * k as f64)).collect();
        let every = [900.0, 350.0, 80.0, 21.0, 4.0, 1e-3, 2e-9];
        let coordinates = [3.0, -20.0, 0.7, 5.0, -1.0, 0.2, 1e-4];
        for rank in 0..=every.len() {
            let (values, a) = (&every[..rank], &coordinates[..rank]);
            let sums = || Sums { values, a, penalties: &penalties };
            let (first, second) = Arch::new().dispatch(sums());
            assert_eq!((first, second), sums().with_simd(Scalar::new()));
            for (k, penalty) in penalties.iter().enumerate() {
                let over = |d: f64| 1.0 / (d + penalty * 60.0);
                let expected: f64 = values.iter().zip(a).map(|(d, a)| a * a * over(*d)).sum();
                assert!((first[k] - expected).abs() <= 1e-14 * expected.abs(), "{rank} {k} {} {expected}", first[k]);
                let terms = values.iter().zip(a).map(|(d, a)| a * d * d * over(*d) * over(*d));
                let (expected, size) = (terms.clone().sum::<f64>(), terms.map(f64::abs).sum::<f64>());
                assert!((second[k] - expected).abs() <= 1e-14 * size, "{rank} {k} {} {expected}", second[k]);
            }
        }
    }
}
