//! Sixteen replicates side by side: weighted sums and small symmetric systems, one replicate per SIMD lane.
//!
//! Weights of units (units x lanes) times moments of units (units x entries) is a matrix product whose result stands
//! entry by entry, lane by lane: as the Cholesky factor wants it, so that nothing is ever transposed. The width of the
//! vectors is found at run time (`pulp`); every lane is computed alike whatever stands in the others.

// Inlined into the functions that `pulp` compiles for each instruction set; anything else would be scalar.
#![allow(clippy::inline_always)]

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
    /// let mut sums = vec![[0.0; LANES]; 3];
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

/// Entries of a packed system of `size` rows: the lower triangle of A row by row, then b.
pub fn packed(size: usize) -> usize {
    row(size) + size
}

/// Solves A x = b in every lane, for A symmetric of as many rows as `x` has.
///
/// `system` holds the lower triangle of A row by row and then b; the factor takes its place, and serves [`solve_again`].
/// Lanes whose A is singular come out as NaN: a pivot at or below `tolerance` times the largest diagonal entry of A counts
/// as zero.
///
/// ```
/// use steelyard::linalg::lanes::{LANES, solve, solve_again};
/// let mut system: Vec<[f64; LANES]> = [4.0, 2.0, 3.0, 8.0, 7.0].map(|a| [a; LANES]).to_vec();
/// system[2][5] = 1.0;
/// let mut x = vec![[0.0; LANES]; 2];
/// solve(&mut system, &mut x, 1e-11);
/// assert!((x[0][0] - 1.25).abs() < 1e-15 && (x[1][0] - 1.5).abs() < 1e-15);
/// assert!(x[0][5].is_nan() && x[1][5].is_nan());
/// x[0] = [4.0; LANES];
/// x[1] = [2.0; LANES];
/// solve_again(&system, &mut x);
/// assert!((x[0][0] - 1.0).abs() < 1e-15 && x[1][0].abs() < 1e-15);
/// ```
pub fn solve(system: &mut [Lane], x: &mut [Lane], tolerance: f64) {
    debug_assert!(system.len() >= packed(x.len()));
    Arch::new().dispatch(Solve { system, x, tolerance });
}

/// Solves A x = b by the factor that [`solve`] left behind; `x` holds b and becomes the solution. Only for lanes whose A
/// was definite.
pub fn solve_again(system: &[Lane], x: &mut [Lane]) {
    debug_assert!(system.len() >= row(x.len()));
    Arch::new().dispatch(Again { system, x });
}

struct Solve<'a> {
    system: &'a mut [Lane],
    x: &'a mut [Lane],
    tolerance: f64,
}

impl WithSimd for Solve<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let vectors = LANES / S::F64_LANES;
        let size = self.x.len();
        let (system, _) = S::as_mut_simd_f64s(self.system.as_flattened_mut());
        let (x, _) = S::as_mut_simd_f64s(self.x.as_flattened_mut());
        for v in 0..vectors {
            let undefined = factor(simd, system, size, self.tolerance, (v, vectors));
            for j in 0..size {
                x[j * vectors + v] = system[(row(size) + j) * vectors + v];
            }
            back_substitute(simd, system, x, (v, vectors));
            for j in 0..size {
                x[j * vectors + v] = simd.add_f64s(x[j * vectors + v], undefined);
            }
        }
    }
}

struct Again<'a> {
    system: &'a [Lane],
    x: &'a mut [Lane],
}

impl WithSimd for Again<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let vectors = LANES / S::F64_LANES;
        let (system, _) = S::as_simd_f64s(self.system.as_flattened());
        let (x, _) = S::as_mut_simd_f64s(self.x.as_flattened_mut());
        for v in 0..vectors {
            forward_substitute(simd, system, x, (v, vectors));
            back_substitute(simd, system, x, (v, vectors));
        }
    }
}

/// First entry of row i of a packed lower triangle.
#[inline(always)]
fn row(i: usize) -> usize {
    i * (i + 1) / 2
}

/// Rows that are reduced together.
const ROWS: usize = 4;

/// Cholesky by columns, b as a last row: when A = L L', that row becomes the solution of L z = b. The diagonal keeps the
/// inverse of each root. Returns zero for the lanes where A is definite and NaN for the others.
#[inline(always)]
fn factor<S: Simd>(simd: S, a: &mut [S::f64s], size: usize, tolerance: f64, (v, vectors): (usize, usize)) -> S::f64s {
    let one = simd.splat_f64s(1.0);
    let mut undefined = simd.splat_f64s(0.0);
    let mut largest = undefined;
    for j in 0..size {
        largest = simd.max_f64s(largest, a[(row(j) + j) * vectors + v]);
    }
    let floor = simd.mul_f64s(simd.splat_f64s(tolerance), largest);
    for j in 0..size {
        let pivot = &mut a[(row(j) + j) * vectors + v];
        let definite = simd.greater_than_f64s(*pivot, floor);
        undefined = simd.select_f64s(definite, undefined, simd.splat_f64s(f64::NAN));
        let inverse = simd.div_f64s(one, simd.sqrt_f64s(simd.select_f64s(definite, *pivot, one)));
        *pivot = inverse;
        let mut i = j + 1;
        while i + ROWS <= size {
            reduce::<S, ROWS>(simd, a, (i, j), inverse, (v, vectors));
            i += ROWS;
        }
        while i < size {
            reduce::<S, 1>(simd, a, (i, j), inverse, (v, vectors));
            i += 1;
        }
        // The last row has no diagonal of its own.
        let last = (row(size) + j) * vectors + v;
        a[last] = simd.mul_f64s(reduced::<S, 1>(simd, a, (size, j), (v, vectors))[0], inverse);
    }
    undefined
}

/// Rows `i..i + R` of column j, and what they take from their pivots.
#[inline(always)]
fn reduce<S: Simd, const R: usize>(
    simd: S,
    a: &mut [S::f64s],
    (i, j): (usize, usize),
    inverse: S::f64s,
    (v, vectors): (usize, usize),
) {
    let sums = reduced::<S, R>(simd, a, (i, j), (v, vectors));
    for r in 0..R {
        let entry = simd.mul_f64s(sums[r], inverse);
        a[(row(i + r) + j) * vectors + v] = entry;
        let pivot = &mut a[(row(i + r) + i + r) * vectors + v];
        *pivot = simd.mul_add_e_f64s(simd.neg_f64s(entry), entry, *pivot);
    }
}

/// Entries of column j less the products of what stands to the left of them and of the pivot.
#[inline(always)]
fn reduced<S: Simd, const R: usize>(
    simd: S,
    a: &[S::f64s],
    (i, j): (usize, usize),
    (v, vectors): (usize, usize),
) -> [S::f64s; R] {
    let starts: [usize; R] = std::array::from_fn(|r| row(i + r) * vectors + v);
    let mut sums: [S::f64s; R] = std::array::from_fn(|r| a[starts[r] + j * vectors]);
    let pivots = &a[row(j) * vectors..(row(j) + j) * vectors];
    for (k, pivots) in pivots.chunks_exact(vectors).enumerate() {
        let minus = simd.neg_f64s(pivots[v]);
        for r in 0..R {
            sums[r] = simd.mul_add_e_f64s(minus, a[starts[r] + k * vectors], sums[r]);
        }
    }
    sums
}

/// L z = b in place.
#[inline(always)]
fn forward_substitute<S: Simd>(simd: S, l: &[S::f64s], x: &mut [S::f64s], (v, vectors): (usize, usize)) {
    for i in 0..x.len() / vectors {
        let mut left = x[i * vectors + v];
        for k in 0..i {
            let minus = simd.neg_f64s(x[k * vectors + v]);
            left = simd.mul_add_e_f64s(minus, l[(row(i) + k) * vectors + v], left);
        }
        x[i * vectors + v] = simd.mul_f64s(left, l[(row(i) + i) * vectors + v]);
    }
}

/// L' x = z in place.
#[inline(always)]
fn back_substitute<S: Simd>(simd: S, l: &[S::f64s], x: &mut [S::f64s], (v, vectors): (usize, usize)) {
    for j in (0..x.len() / vectors).rev() {
        let solved = simd.mul_f64s(x[j * vectors + v], l[(row(j) + j) * vectors + v]);
        x[j * vectors + v] = solved;
        let minus = simd.neg_f64s(solved);
        for i in 0..j {
            let other = &mut x[i * vectors + v];
            *other = simd.mul_add_e_f64s(minus, l[(row(j) + i) * vectors + v], *other);
        }
    }
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
