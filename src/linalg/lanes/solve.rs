//! Cholesky factors side by side, one system per lane.

use super::{LANES, Lane, row};
use pulp::{Arch, Simd, WithSimd};

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
        // The last row is b.
        let mut i = j + 1;
        while i + ROWS <= size + 1 {
            reduce::<S, ROWS>(simd, a, (i, j), size, inverse, (v, vectors));
            i += ROWS;
        }
        match size + 1 - i {
            1 => reduce::<S, 1>(simd, a, (i, j), size, inverse, (v, vectors)),
            2 => reduce::<S, 2>(simd, a, (i, j), size, inverse, (v, vectors)),
            3 => reduce::<S, 3>(simd, a, (i, j), size, inverse, (v, vectors)),
            _ => {}
        }
    }
    undefined
}

/// Rows `i..i + R` of column j, and what they take from their pivots; row `size`, which is b, has none.
#[inline(always)]
fn reduce<S: Simd, const R: usize>(
    simd: S,
    a: &mut [S::f64s],
    (i, j): (usize, usize),
    size: usize,
    inverse: S::f64s,
    (v, vectors): (usize, usize),
) {
    let sums = reduced::<S, R>(simd, a, (i, j), (v, vectors));
    for r in 0..R {
        let entry = simd.mul_f64s(sums[r], inverse);
        a[(row(i + r) + j) * vectors + v] = entry;
        if i + r < size {
            let pivot = &mut a[(row(i + r) + i + r) * vectors + v];
            *pivot = simd.mul_add_e_f64s(simd.neg_f64s(entry), entry, *pivot);
        }
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
