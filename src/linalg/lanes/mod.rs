//! Sixteen replicates side by side: weighted sums and small symmetric systems, one replicate per SIMD lane.
//!
//! Weights of units (units x lanes) times moments of units (units x entries) is a matrix product whose result stands
//! entry by entry, lane by lane: as the Cholesky factor wants it, so that nothing is ever transposed. The width of the
//! vectors is found at run time (`pulp`); every lane is computed alike whatever stands in the others.

// Inlined into the functions that `pulp` compiles for each instruction set; anything else would be scalar.
#![allow(clippy::inline_always)]

mod solve;

pub use solve::{packed, solve, solve_again};

use pulp::{Arch, Simd, WithSimd};

/// Replicates that are computed together.
pub const LANES: usize = 16;
/// One number per replicate.
pub type Lane = [f64; LANES];
/// Entries that share one pass over the weights.
const TILE: usize = 12;

/// Moments of units, cut into tiles of entries so that a product reads them in order.
#[derive(Debug, Clone)]
pub struct Moments {
    tiles: Vec<[f64; TILE]>,
    units: usize,
    width: usize,
    arch: Arch,
}

impl Moments {
    /// From units x `width` values, row-major.
    pub fn new(values: &[f64], width: usize) -> Self {
        let units = values.len() / width.max(1);
        let mut tiles = vec![[0.0; TILE]; units * width.div_ceil(TILE)];
        for (unit, row) in values.chunks_exact(width).enumerate() {
            for (tile, part) in row.chunks(TILE).enumerate() {
                tiles[tile * units + unit][..part.len()].copy_from_slice(part);
            }
        }
        Self { tiles, units, width, arch: Arch::new() }
    }

    /// Units.
    pub fn units(&self) -> usize {
        self.units
    }

    /// Adds the weighted sums of all entries: `sums += moments' weights`.
    ///
    /// ```
    /// use steelyard::linalg::lanes::{LANES, Moments};
    /// let moments = Moments::new(&[1.0, 2.0, 10.0, 20.0], 2);
    /// let mut sums = vec![[0.0; LANES]; 2];
    /// moments.add_weighted(&[[1.0; LANES], [3.0; LANES]], &mut sums);
    /// assert_eq!((sums[0][0], sums[1][LANES - 1]), (31.0, 62.0));
    /// ```
    pub fn add_weighted(&self, weights: &[Lane], sums: &mut [Lane]) {
        debug_assert!(weights.len() == self.units && sums.len() >= self.width);
        self.arch.dispatch(Product { moments: self, weights, sums });
    }

    /// Adds the weighted cross-products, lower triangle row by row: to entry (i, j) the sum of weight x moment i x
    /// moment j. `scratch` has a place for every unit.
    ///
    /// ```
    /// use steelyard::linalg::lanes::{LANES, Moments};
    /// let moments = Moments::new(&[1.0, 2.0, 10.0, 20.0], 2);
    /// let mut sums = [[0.0; LANES]; 3];
    /// moments.add_gram(&[[1.0; LANES], [3.0; LANES]], &mut [[0.0; LANES]; 2], &mut sums);
    /// assert_eq!(sums.map(|sum| sum[7]), [301.0, 602.0, 1204.0]);
    /// ```
    pub fn add_gram(&self, weights: &[Lane], scratch: &mut [Lane], sums: &mut [Lane]) {
        debug_assert!(weights.len() == self.units && scratch.len() == self.units && sums.len() >= row(self.width));
        self.arch.dispatch(Gram { moments: self, weights, scratch, sums });
    }

    /// Adds the sums of the first `entries` entries.
    #[inline(always)]
    fn add<S: Simd>(&self, simd: S, weights: &[S::f64s], sums: &mut [S::f64s], entries: usize) {
        let vectors = LANES / S::F64_LANES;
        let tiles = self.tiles.chunks_exact(self.units).zip(sums.chunks_mut(TILE * vectors));
        for (number, (tile, sums)) in tiles.enumerate() {
            let Some(left @ 1..) = entries.checked_sub(number * TILE) else { break };
            let used = left.min(TILE);
            // As many running sums as the registers hold: 24 of 32, or 12 of 16; fewer where a tile is not full.
            match (used, S::F64_LANES) {
                (..=4, _) => product::<S, 2, 4>(simd, tile, weights, sums, used),
                (..=8, 8) => product::<S, 2, 8>(simd, tile, weights, sums, used),
                (_, 8) => product::<S, 2, 12>(simd, tile, weights, sums, used),
                _ => product::<S, 2, 6>(simd, tile, weights, sums, used),
            }
        }
    }
}

struct Product<'a> {
    moments: &'a Moments,
    weights: &'a [Lane],
    sums: &'a mut [Lane],
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (weights, _) = S::as_simd_f64s(self.weights.as_flattened());
        let (sums, _) = S::as_mut_simd_f64s(self.sums.as_flattened_mut());
        self.moments.add(simd, weights, sums, self.moments.width);
    }
}

struct Gram<'a> {
    moments: &'a Moments,
    weights: &'a [Lane],
    scratch: &'a mut [Lane],
    sums: &'a mut [Lane],
}

impl WithSimd for Gram<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { moments, weights, scratch, sums } = self;
        let vectors = LANES / S::F64_LANES;
        let (weights, _) = S::as_simd_f64s(weights.as_flattened());
        let (scratch, _) = S::as_mut_simd_f64s(scratch.as_flattened_mut());
        let (sums, _) = S::as_mut_simd_f64s(sums.as_flattened_mut());
        for i in 0..moments.width {
            let column = &moments.tiles[i / TILE * moments.units..][..moments.units];
            let rows = scratch.chunks_exact_mut(vectors).zip(weights.chunks_exact(vectors));
            for ((scaled, weights), moments) in rows.zip(column) {
                let moment = simd.splat_f64s(moments[i % TILE]);
                for v in 0..vectors {
                    scaled[v] = simd.mul_f64s(moment, weights[v]);
                }
            }
            moments.add(simd, scratch, &mut sums[row(i) * vectors..row(i + 1) * vectors], i + 1);
        }
    }
}

/// One tile of which so many entries are used: `V` vectors of lanes and `E` entries at a time.
#[inline(always)]
fn product<S: Simd, const V: usize, const E: usize>(
    simd: S,
    tile: &[[f64; TILE]],
    weights: &[S::f64s],
    sums: &mut [S::f64s],
    used: usize,
) {
    let vectors = LANES / S::F64_LANES;
    for first in (0..used).step_by(E) {
        for v in (0..vectors).step_by(V) {
            let mut running = [[simd.splat_f64s(0.0); V]; E];
            for (moments, weights) in tile.iter().zip(weights.chunks_exact(vectors)) {
                let weights = &weights[v..v + V];
                let moments = &moments[first..first + E];
                for e in 0..E {
                    let moment = simd.splat_f64s(moments[e]);
                    for i in 0..V {
                        running[e][i] = simd.mul_add_e_f64s(moment, weights[i], running[e][i]);
                    }
                }
            }
            for e in 0..E.min(used - first) {
                for i in 0..V {
                    let sum = &mut sums[(first + e) * vectors + v + i];
                    *sum = simd.add_f64s(*sum, running[e][i]);
                }
            }
        }
    }
}

/// First entry of row i of a packed lower triangle.
#[inline(always)]
fn row(i: usize) -> usize {
    i * (i + 1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::Cholesky;
    use crate::stream::{Purpose, Seed};
    use ndarray::Array2;

    /// A system of its own in every lane, made of weighted sums, beside the plain Cholesky factor of the same sums.
    #[test]
    fn every_lane_solves_its_own_system() {
        let (units, size) = (40, 13);
        let mut stream = Seed(1).stream(Purpose::Simulate, 0);
        let x = Array2::from_shape_fn((units, size + 1), |_| stream.uniform() - 0.5);
        let mut values = Vec::new();
        for row in x.rows() {
            for i in 0..=size {
                (0..=i.min(size - 1)).for_each(|j| values.push(row[i] * row[j]));
            }
        }
        let weights: Vec<Lane> =
            (0..units).map(|_| std::array::from_fn(|_| (3.0 * stream.uniform()).floor())).collect();
        let moments = Moments::new(&values, packed(size));
        let mut system = vec![[0.0; LANES]; packed(size)];
        moments.add_weighted(&weights, &mut system);
        let mut solution = vec![[0.0; LANES]; size];
        solve(&mut system, &mut solution, 1e-11);
        for lane in 0..LANES {
            let w: Vec<f64> = weights.iter().map(|w| w[lane]).collect();
            let design = x.slice(ndarray::s![.., ..size]);
            let y = x.column(size).to_vec();
            let factor = Cholesky::factor(crate::linalg::gram(design, Some(&w)).view()).definite();
            let right = crate::linalg::cross(design, &y, Some(&w)).to_vec();
            let expected = factor.map(|f| f.solve(&right)).unwrap_or_default();
            assert_eq!(expected.len(), size);
            for (found, expected) in solution.iter().zip(&expected) {
                assert!((found[lane] - expected).abs() < 1e-11, "{} {expected}", found[lane]);
            }
        }
    }

    #[test]
    fn a_lane_does_not_depend_on_the_others() {
        let alone = |other: f64| {
            let mut system: Vec<Lane> = [2.0, 0.3, 1.0, 5.0, 6.0].map(|a| [a * other; LANES]).to_vec();
            [2.0, 0.3, 1.0, 5.0, 6.0].iter().zip(&mut system).for_each(|(a, s)| s[3] = *a);
            let mut x = vec![[0.0; LANES]; 2];
            solve(&mut system, &mut x, 1e-11);
            (x[0][3], x[1][3])
        };
        assert_eq!(alone(1.0), alone(f64::NAN));
        assert_eq!(alone(1.0), alone(0.0));
    }
}
