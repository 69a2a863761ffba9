//! Many rows of a few columns, laid out for the products that every step of a logistic regression needs: X b, X'r, X'WX and
//! x_i'A^-1 x_i. Columns stand one after another, so that rows fill the lanes of the widest vectors of the machine (`pulp`,
//! found at run time); an entry is summed in the same order whatever calls.

// Inlined into the functions that are compiled for each set of instructions.
#![allow(clippy::inline_always)]

use super::Cholesky;
use ndarray::{Array2, ArrayView2};
use pulp::{Arch, Simd, WithSimd};

/// Rows are padded with zeros to a multiple of this: one to sixteen vectors.
const PAD: usize = 16;
/// Columns that are worked on together.
const TILE: usize = 4;
/// Rows that stay in the nearest cache while all pairs of columns pass over them.
const CHUNK: usize = 256;

/// An n x m matrix by padded columns.
#[derive(Debug, Clone)]
pub struct Columns {
    values: Vec<f64>,
    padded: usize,
    width: usize,
}

impl Columns {
    /// Copies a matrix.
    ///
    /// ```
    /// use ndarray::array;
    /// use steelyard::linalg::Columns;
    /// let x = Columns::new(array![[1.0, 2.0], [3.0, 4.0]].view());
    /// let mut rows = x.vector();
    /// x.times(&[1.0, 10.0], &mut rows);
    /// assert_eq!((rows[0], rows[1], rows[2]), (21.0, 43.0, 0.0));
    /// assert_eq!(x.cross(&rows), vec![150.0, 214.0]);
    /// rows.fill(1.0);
    /// assert_eq!(x.gram(&rows), array![[10.0, 14.0], [14.0, 20.0]]);
    /// ```
    pub fn new(x: ArrayView2<'_, f64>) -> Self {
        let padded = x.nrows().div_ceil(PAD) * PAD;
        let mut values = vec![0.0; padded * x.ncols().div_ceil(TILE) * TILE];
        for (column, to) in x.columns().into_iter().zip(values.chunks_exact_mut(padded.max(1))) {
            to.iter_mut().zip(column).for_each(|(to, value)| *to = *value);
        }
        Self { values, padded, width: x.ncols() }
    }

    /// Zeros, one per row and some more: every vector of rows has this length, and what stands past the rows must be finite.
    pub fn vector(&self) -> Vec<f64> {
        vec![0.0; self.padded]
    }

    /// One value per row as a padded vector.
    pub fn lift(&self, values: &[f64]) -> Vec<f64> {
        let mut vector = self.vector();
        vector[..values.len()].copy_from_slice(values);
        vector
    }

    /// X b.
    pub fn times(&self, b: &[f64], rows: &mut [f64]) {
        Arch::new().dispatch(Times { x: self, b, rows });
    }

    /// X'r, length m.
    pub fn cross(&self, rows: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.side()];
        Arch::new().dispatch(Cross { x: self, rows, sums: &mut sums });
        sums.truncate(self.width);
        sums
    }

    /// X'WX, symmetric to the last bit.
    pub fn gram(&self, weights: &[f64]) -> Array2<f64> {
        let side = self.side();
        let mut sums = vec![0.0; side * side];
        Arch::new().dispatch(Gram { x: self, weights, sums: &mut sums });
        Array2::from_shape_fn((self.width, self.width), |(i, j)| sums[i.max(j) * side + i.min(j)])
    }

    /// x_i'A^-1 x_i of every row, A being what was factored.
    pub fn quadratic_forms(&self, factor: &Cholesky, rows: &mut [f64]) {
        let side = self.side();
        let inverse = factor.lower_inverse();
        let mut lower = vec![0.0; side * side];
        for (from, to) in inverse.rows().into_iter().zip(lower.chunks_exact_mut(side)) {
            to.iter_mut().zip(from).for_each(|(to, value)| *to = *value);
        }
        Arch::new().dispatch(Forms { x: self, lower: &lower, rows });
    }

    /// Columns, whole tiles.
    fn side(&self) -> usize {
        self.width.div_ceil(TILE) * TILE
    }

    #[inline(always)]
    fn column<S: Simd>(&self, j: usize) -> &[S::f64s] {
        S::as_simd_f64s(&self.values[j * self.padded..(j + 1) * self.padded]).0
    }

    /// The columns of the tile that starts at `j`.
    #[inline(always)]
    fn tile<S: Simd, const N: usize>(&self, j: usize) -> [&[S::f64s]; N] {
        std::array::from_fn(|i| self.column::<S>(j + i))
    }
}

struct Times<'a> {
    x: &'a Columns,
    b: &'a [f64],
    rows: &'a mut [f64],
}

impl WithSimd for Times<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (rows, _) = S::as_mut_simd_f64s(self.rows);
        rows.fill(simd.splat_f64s(0.0));
        for (j, b) in self.b.iter().enumerate() {
            let b = simd.splat_f64s(*b);
            for (sum, x) in rows.iter_mut().zip(self.x.column::<S>(j)) {
                *sum = simd.mul_add_e_f64s(b, *x, *sum);
            }
        }
    }
}

struct Cross<'a> {
    x: &'a Columns,
    rows: &'a [f64],
    sums: &'a mut [f64],
}

impl WithSimd for Cross<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (rows, _) = S::as_simd_f64s(self.rows);
        for (tile, sums) in self.sums.chunks_exact_mut(TILE).enumerate() {
            let x = self.x.tile::<S, TILE>(tile * TILE);
            let mut running = [simd.splat_f64s(0.0); TILE];
            for (r, row) in rows.iter().enumerate() {
                for i in 0..TILE {
                    running[i] = simd.mul_add_e_f64s(*row, x[i][r], running[i]);
                }
            }
            for i in 0..TILE {
                sums[i] = simd.reduce_sum_f64s(running[i]);
            }
        }
    }
}

struct Gram<'a> {
    x: &'a Columns,
    weights: &'a [f64],
    sums: &'a mut [f64],
}

impl WithSimd for Gram<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (weights, _) = S::as_simd_f64s(self.weights);
        let (side, chunk) = (self.x.side(), CHUNK / S::F64_LANES);
        for from in (0..weights.len()).step_by(chunk) {
            let rows = from..(from + chunk).min(weights.len());
            for a in (0..side).step_by(TILE) {
                let left = self.x.tile::<S, TILE>(a).map(|x| &x[rows.clone()]);
                for b in (0..=a).step_by(TILE) {
                    let sums = &mut self.sums[a * side + b..];
                    // As many running sums as the registers hold: 16 of 32, or 8 of 16.
                    if S::F64_LANES == 8 {
                        pairs(
                            simd,
                            &weights[rows.clone()],
                            left,
                            self.x.tile::<S, 4>(b).map(|x| &x[rows.clone()]),
                            sums,
                            side,
                        );
                    } else {
                        for half in [0, 2] {
                            let right = self.x.tile::<S, 2>(b + half).map(|x| &x[rows.clone()]);
                            pairs(simd, &weights[rows.clone()], left, right, &mut sums[half..], side);
                        }
                    }
                }
            }
        }
    }
}

/// Adds the weighted products of four columns with `N` others.
#[inline(always)]
fn pairs<S: Simd, const N: usize>(
    simd: S,
    weights: &[S::f64s],
    left: [&[S::f64s]; TILE],
    right: [&[S::f64s]; N],
    sums: &mut [f64],
    side: usize,
) {
    let (left, right) = (left.map(|x| &x[..weights.len()]), right.map(|x| &x[..weights.len()]));
    let mut running = [[simd.splat_f64s(0.0); N]; TILE];
    for r in 0..weights.len() {
        // A loop, since a closure would not be compiled for the instructions at hand.
        let mut weighted = [simd.splat_f64s(0.0); N];
        for k in 0..N {
            weighted[k] = simd.mul_f64s(weights[r], right[k][r]);
        }
        for i in 0..TILE {
            for k in 0..N {
                running[i][k] = simd.mul_add_e_f64s(left[i][r], weighted[k], running[i][k]);
            }
        }
    }
    for i in 0..TILE {
        for k in 0..N {
            sums[i * side + k] += simd.reduce_sum_f64s(running[i][k]);
        }
    }
}

struct Forms<'a> {
    x: &'a Columns,
    lower: &'a [f64],
    rows: &'a mut [f64],
}

impl WithSimd for Forms<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let side = self.x.side();
        let (rows, _) = S::as_mut_simd_f64s(self.rows);
        // Sixteen rows are an even number of vectors.
        let (twos, _) = rows.as_chunks_mut::<2>();
        for (two, sums) in twos.iter_mut().enumerate() {
            *sums = [simd.splat_f64s(0.0); 2];
            for a in (0..side).step_by(TILE) {
                let lower: [&[f64]; TILE] =
                    std::array::from_fn(|i| &self.lower[(a + i) * side..(a + i) * side + a + TILE]);
                let mut images = [[simd.splat_f64s(0.0); 2]; TILE];
                for k in 0..a + TILE {
                    let x = &self.x.column::<S>(k)[2 * two..2 * two + 2];
                    for i in 0..TILE {
                        let l = simd.splat_f64s(lower[i][k]);
                        for v in 0..2 {
                            images[i][v] = simd.mul_add_e_f64s(l, x[v], images[i][v]);
                        }
                    }
                }
                for image in images {
                    for v in 0..2 {
                        sums[v] = simd.mul_add_e_f64s(image[v], image[v], sums[v]);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::linalg::gram;

    #[test]
    fn agree_with_plain_loops() {
        for (n, m) in [(1, 1), (6, 3), (17, 4), (300, 26), (1000, 5)] {
            let at = |i: usize, j: usize| ((i * 37 + j * 11 + i * j) % 97) as f64 / 48.0 - 1.0;
            let x = Array2::from_shape_fn((n, m), |(i, j)| at(i, j) + f64::from(u8::from(i % m == j)));
            let weights: Vec<f64> = (0..n).map(|i| 0.25 + (i % 7) as f64).collect();
            let columns = Columns::new(x.view());
            let direct = gram(x.view(), Some(&weights));
            let found = columns.gram(&columns.lift(&weights));
            // Sums of n terms of either sign, in another order.
            assert!((&found - &direct).iter().all(|d| d.abs() < 1e-12 * n as f64), "{n} x {m}");
            assert_eq!(found, found.t());
            let b: Vec<f64> = (0..m).map(|j| at(j, 3)).collect();
            let mut rows = columns.vector();
            columns.times(&b, &mut rows);
            assert!((0..n).all(|i| (rows[i] - x.row(i).iter().zip(&b).map(|(x, b)| x * b).sum::<f64>()).abs() < 1e-13));
            let crossed = columns.cross(&columns.lift(&weights));
            let plain = x.t().dot(&ndarray::Array1::from(weights));
            assert!(crossed.iter().zip(&plain).all(|(a, b)| (a - b).abs() < 1e-12 * n as f64));
            let factor = Cholesky::factor((direct + Array2::<f64>::eye(m)).view()).definite().unwrap();
            columns.quadratic_forms(&factor, &mut rows);
            for i in 0..n {
                let row = x.row(i).to_vec();
                let form: f64 = factor.solve(&row).iter().zip(&row).map(|(a, b)| a * b).sum();
                assert!((rows[i] - form).abs() < 1e-12 * (1.0 + form), "row {i} of {n} x {m}");
            }
        }
    }
}
