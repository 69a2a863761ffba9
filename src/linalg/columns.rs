//! Many rows of a few columns, laid out for the products that every step of a logistic regression needs: X b, X'r, X'WX and
//! x_i'A^-1 x_i. Sixteen rows make a panel, in which columns stand one after another, so that rows fill the lanes of the widest
//! vectors of the machine (`pulp`, found at run time); an entry is summed in the same order whatever calls.

// Inlined into the functions that are compiled for each set of instructions.
#![allow(clippy::inline_always)]

use super::Cholesky;
use super::aligned::Aligned;
use ndarray::{Array2, ArrayView2};
use pulp::{Arch, Simd, WithSimd};

/// Rows of a panel: one to sixteen vectors, and an even number of them. The last panel is filled up with zeros.
const ROWS: usize = 16;
/// Columns that are worked on together.
const TILE: usize = 4;
/// Numbers in the widest vector.
const LANES: usize = 8;
/// Panels that stay in the nearest cache while all pairs of columns pass over them.
const CHUNK: usize = 8;

/// An n x m matrix by panels.
#[derive(Debug, Clone)]
pub struct Columns {
    /// Panel by panel, of whole tiles of columns.
    values: Aligned,
    panels: usize,
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
        let (panels, side) = (x.nrows().div_ceil(ROWS), x.ncols().div_ceil(TILE) * TILE);
        let mut values = Aligned::zeros(panels * side * ROWS);
        for ((i, j), value) in x.indexed_iter() {
            values[(i / ROWS * side + j) * ROWS + i % ROWS] = *value;
        }
        Self { values, panels, width: x.ncols() }
    }

    /// Zeros, one per row and some more: every vector of rows has this length, and what stands past the rows must be finite.
    pub fn vector(&self) -> Vec<f64> {
        vec![0.0; self.panels * ROWS]
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

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Column j as a padded vector.
    pub fn column(&self, j: usize, rows: &mut [f64]) {
        let panels = self.values.chunks_exact(self.side() * ROWS);
        for (rows, panel) in rows.chunks_exact_mut(ROWS).zip(panels) {
            rows.copy_from_slice(&panel[j * ROWS..(j + 1) * ROWS]);
        }
    }

    /// X'WX, symmetric to the last bit.
    pub fn gram(&self, weights: &[f64]) -> Array2<f64> {
        self.leading_gram(weights, self.width)
    }

    /// The first `count` rows and columns of X'WX.
    pub fn leading_gram(&self, weights: &[f64], count: usize) -> Array2<f64> {
        let side = count.div_ceil(TILE) * TILE;
        let (mut weighted, mut lanes) = (Aligned::zeros(CHUNK * side * ROWS), Aligned::zeros(side * side * LANES));
        let mut sums = vec![0.0; side * side];
        let (weighted, lanes, into) = (&mut weighted[..], &mut lanes[..], &mut sums[..]);
        Arch::new().dispatch(Gram { x: self, weights, count, weighted, lanes, sums: into });
        Array2::from_shape_fn((count, count), |(i, j)| sums[i.max(j) * side + i.min(j)])
    }

    /// x_i'A^-1 x_i of every row, A being what was factored.
    pub fn quadratic_forms(&self, factor: &Cholesky, rows: &mut [f64]) {
        let side = self.side();
        // Four rows of the inverse factor at a time, entry by entry.
        let mut lower = vec![0.0; side * side];
        for ((i, k), value) in factor.lower_inverse().indexed_iter() {
            lower[(i / TILE * side + k) * TILE + i % TILE] = *value;
        }
        Arch::new().dispatch(Forms { x: self, lower: &lower, rows });
    }

    /// Columns, whole tiles.
    fn side(&self) -> usize {
        self.width.div_ceil(TILE) * TILE
    }

    /// The panels, each as the vectors of its columns.
    #[inline(always)]
    fn panels<S: Simd>(&self) -> impl Iterator<Item = &[S::f64s]> {
        // Without columns there is nothing in a panel.
        S::as_simd_f64s(&self.values).0.chunks_exact((self.side() * per_column::<S>()).max(1))
    }
}

/// Vectors of a column in a panel.
#[inline(always)]
const fn per_column<S: Simd>() -> usize {
    ROWS / S::F64_LANES
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
        let vectors = per_column::<S>();
        let (rows, _) = S::as_mut_simd_f64s(self.rows);
        for (panel, rows) in self.x.panels::<S>().zip(rows.chunks_exact_mut(vectors)) {
            for (two, rows) in rows.chunks_exact_mut(2).enumerate() {
                let mut running = [[simd.splat_f64s(0.0); 2]; TILE];
                for (columns, b) in panel.chunks_exact(TILE * vectors).zip(self.b.chunks(TILE)) {
                    for (i, b) in b.iter().enumerate() {
                        let b = simd.splat_f64s(*b);
                        for v in 0..2 {
                            running[i][v] = simd.mul_add_e_f64s(b, columns[i * vectors + 2 * two + v], running[i][v]);
                        }
                    }
                }
                for v in 0..2 {
                    let (left, right) =
                        (simd.add_f64s(running[0][v], running[1][v]), simd.add_f64s(running[2][v], running[3][v]));
                    rows[v] = simd.add_f64s(left, right);
                }
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
        let vectors = per_column::<S>();
        let (rows, _) = S::as_simd_f64s(self.rows);
        for (tile, sums) in self.sums.chunks_exact_mut(TILE).enumerate() {
            let mut running = [[simd.splat_f64s(0.0); 2]; TILE];
            for (panel, rows) in self.x.panels::<S>().zip(rows.chunks_exact(vectors)) {
                let columns = &panel[tile * TILE * vectors..(tile + 1) * TILE * vectors];
                for two in (0..vectors).step_by(2) {
                    for i in 0..TILE {
                        for v in 0..2 {
                            let x = columns[i * vectors + two + v];
                            running[i][v] = simd.mul_add_e_f64s(rows[two + v], x, running[i][v]);
                        }
                    }
                }
            }
            for i in 0..TILE {
                sums[i] = simd.reduce_sum_f64s(simd.add_f64s(running[i][0], running[i][1]));
            }
        }
    }
}

/// `weighted` takes a stretch of panels times their weights, `lanes` a vector of running sums for each pair of the first `count`
/// columns, and `sums` their totals.
struct Gram<'a> {
    x: &'a Columns,
    weights: &'a [f64],
    count: usize,
    weighted: &'a mut [f64],
    lanes: &'a mut [f64],
    sums: &'a mut [f64],
}

impl WithSimd for Gram<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (side, whole, vectors) = (self.count.div_ceil(TILE) * TILE, self.x.side(), per_column::<S>());
        let (values, _) = S::as_simd_f64s(&self.x.values);
        let (weights, _) = S::as_simd_f64s(self.weights);
        let (weighted, _) = S::as_mut_simd_f64s(self.weighted);
        let (lanes, _) = S::as_mut_simd_f64s(self.lanes);
        let stretches = values.chunks((CHUNK * whole * vectors).max(1)).zip(weights.chunks(CHUNK * vectors));
        for (panels, weights) in stretches {
            let mut stretch = Stretch { panels, whole, weights, weighted: &mut *weighted, side };
            for a in (0..side).step_by(TILE) {
                // The last tile may be filled by half.
                let tall = self.count - a > TILE / 2;
                let own = &mut lanes[a * side + a..];
                if tall {
                    stretch.triangle::<S, 4>(simd, a, own);
                } else {
                    stretch.triangle::<S, 2>(simd, a, own);
                }
                for b in (0..a).step_by(TILE) {
                    let lanes = &mut lanes[a * side + b..];
                    // As many running sums as the registers hold: 16 of 32, or 8 of 16.
                    match (S::F64_LANES == LANES, tall) {
                        (true, true) => stretch.pairs::<S, 4, 4>(simd, (a, b), lanes),
                        (_, false) => stretch.pairs::<S, 2, 4>(simd, (a, b), lanes),
                        (false, true) => {
                            stretch.pairs::<S, 4, 2>(simd, (a, b), lanes);
                            stretch.pairs::<S, 4, 2>(simd, (a, b + 2), &mut lanes[2..]);
                        }
                    }
                }
            }
        }
        for (sum, lanes) in self.sums.iter_mut().zip(lanes) {
            *sum = simd.reduce_sum_f64s(*lanes);
        }
    }
}

/// Some panels of `whole` columns, their weights, and the weighted columns of those that have been worked on, `side` to a panel.
struct Stretch<'a, V> {
    panels: &'a [V],
    whole: usize,
    weights: &'a [V],
    weighted: &'a mut [V],
    side: usize,
}

impl<V: Copy> Stretch<'_, V> {
    /// Weights the `N` columns from `a`, and adds the products of each with those up to it.
    #[inline(always)]
    fn triangle<S: Simd<f64s = V>, const N: usize>(&mut self, simd: S, a: usize, lanes: &mut [V]) {
        let (vectors, side) = (per_column::<S>(), self.side);
        let mut running = [[simd.splat_f64s(0.0); N]; N];
        let panels = self.panels.chunks_exact(self.whole * vectors).zip(self.weights.chunks_exact(vectors));
        for ((panel, weights), weighted) in panels.zip(self.weighted.chunks_exact_mut(side * vectors)) {
            let columns = a * vectors..(a + N) * vectors;
            let (left, right) = (&panel[columns.clone()], &mut weighted[columns]);
            for v in 0..vectors {
                for k in 0..N {
                    let y = simd.mul_f64s(weights[v], left[k * vectors + v]);
                    right[k * vectors + v] = y;
                    for i in k..N {
                        running[i][k] = simd.mul_add_e_f64s(left[i * vectors + v], y, running[i][k]);
                    }
                }
            }
        }
        for i in 0..N {
            for k in 0..=i {
                lanes[i * side + k] = simd.add_f64s(lanes[i * side + k], running[i][k]);
            }
        }
    }

    /// Adds the products of the `M` columns from `a` with the `N` weighted ones from `b`.
    #[inline(always)]
    fn pairs<S: Simd<f64s = V>, const M: usize, const N: usize>(
        &self,
        simd: S,
        (a, b): (usize, usize),
        lanes: &mut [V],
    ) {
        let (vectors, side) = (per_column::<S>(), self.side);
        let mut running = [[simd.splat_f64s(0.0); N]; M];
        let panels = self.panels.chunks_exact(self.whole * vectors);
        for (left, right) in panels.zip(self.weighted.chunks_exact(side * vectors)) {
            let (left, right) = (&left[a * vectors..(a + M) * vectors], &right[b * vectors..(b + N) * vectors]);
            for v in 0..vectors {
                for i in 0..M {
                    for k in 0..N {
                        let (x, y) = (left[i * vectors + v], right[k * vectors + v]);
                        running[i][k] = simd.mul_add_e_f64s(x, y, running[i][k]);
                    }
                }
            }
        }
        for i in 0..M {
            for k in 0..N {
                lanes[i * side + k] = simd.add_f64s(lanes[i * side + k], running[i][k]);
            }
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
        let (side, vectors) = (self.x.side(), per_column::<S>());
        let (rows, _) = S::as_mut_simd_f64s(self.rows);
        let half = self.x.width + TILE / 2 <= side;
        for (panel, rows) in self.x.panels::<S>().zip(rows.chunks_exact_mut(vectors)) {
            for (two, sums) in rows.chunks_exact_mut(2).enumerate() {
                let mut squares = [simd.splat_f64s(0.0); 2];
                for (tile, lower) in self.lower.chunks_exact(side * TILE).enumerate() {
                    let (lower, columns) = (lower.as_chunks::<TILE>().0, &panel[2 * two..]);
                    if half && (tile + 1) * TILE == side {
                        images::<S, 2>(simd, columns, lower, tile * TILE, &mut squares);
                    } else {
                        images::<S, 4>(simd, columns, lower, tile * TILE, &mut squares);
                    }
                }
                sums.copy_from_slice(&squares);
            }
        }
    }
}

/// Adds the squares of the products of two vectors of rows with `N` rows of a lower triangular matrix, of which `full` entries
/// stand before the triangle.
#[inline(always)]
fn images<S: Simd, const N: usize>(
    simd: S,
    columns: &[S::f64s],
    lower: &[[f64; TILE]],
    full: usize,
    squares: &mut [S::f64s; 2],
) {
    let vectors = per_column::<S>();
    let mut images = [[simd.splat_f64s(0.0); 2]; N];
    for (x, lower) in columns.chunks(vectors).zip(&lower[..full]) {
        for i in 0..N {
            let l = simd.splat_f64s(lower[i]);
            for v in 0..2 {
                images[i][v] = simd.mul_add_e_f64s(l, x[v], images[i][v]);
            }
        }
    }
    for k in 0..N {
        let x = &columns[(full + k) * vectors..];
        for i in k..N {
            let l = simd.splat_f64s(lower[full + k][i]);
            for v in 0..2 {
                images[i][v] = simd.mul_add_e_f64s(l, x[v], images[i][v]);
            }
        }
    }
    for image in images {
        for v in 0..2 {
            squares[v] = simd.mul_add_e_f64s(image[v], image[v], squares[v]);
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
        for (n, m) in [(1, 1), (6, 3), (17, 4), (300, 26), (1000, 5), (150, 7), (90, 8), (200, 10)] {
            let at = |i: usize, j: usize| ((i * 37 + j * 11 + i * j) % 97) as f64 / 48.0 - 1.0;
            let x = Array2::from_shape_fn((n, m), |(i, j)| at(i, j) + f64::from(u8::from(i % m == j)));
            let weights: Vec<f64> = (0..n).map(|i| 0.25 + (i % 7) as f64).collect();
            let columns = Columns::new(x.view());
            let direct = gram(x.view(), Some(&weights));
            let found = columns.gram(&columns.lift(&weights));
            // Sums of n terms of either sign, in another order.
            assert!((&found - &direct).iter().all(|d| d.abs() < 1e-12 * n as f64), "{n} x {m}");
            assert_eq!(found, found.t());
            for count in 1..=m {
                let leading = columns.leading_gram(&columns.lift(&weights), count);
                assert_eq!(leading, found.slice(ndarray::s![..count, ..count]), "{count} of {n} x {m}");
            }
            let mut rows = columns.vector();
            columns.column(m - 1, &mut rows);
            assert!(rows.iter().enumerate().all(|(i, v)| *v == if i < n { x[[i, m - 1]] } else { 0.0 }));
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
