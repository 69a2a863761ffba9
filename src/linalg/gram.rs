//! Weighted cross-products and the two products that everyone needs.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

/// X'WX for an n x p matrix; `weights` has length n, `None` means ones. The result is symmetric to the last bit.
///
/// ```
/// use ndarray::array;
/// let g = steelyard::linalg::gram(array![[1.0, 2.0], [3.0, 4.0]].view(), Some(&[1.0, 2.0]));
/// assert_eq!(g, array![[19.0, 26.0], [26.0, 36.0]]);
/// ```
pub fn gram(x: ArrayView2<'_, f64>, weights: Option<&[f64]>) -> Array2<f64> {
    let p = x.ncols();
    let mut g = Array2::zeros((p, p));
    let mut values = vec![0.0; p];
    for (row, x) in x.rows().into_iter().enumerate() {
        values.iter_mut().zip(x).for_each(|(v, x)| *v = *x);
        let w = weights.map_or(1.0, |w| w.get(row).copied().unwrap_or(0.0));
        for (j, mut sums) in g.rows_mut().into_iter().enumerate() {
            let scaled = w * values[j];
            sums.iter_mut().zip(&values[..=j]).for_each(|(sum, v)| *sum += scaled * v);
        }
    }
    for j in 0..p {
        for k in 0..j {
            g[[k, j]] = g[[j, k]];
        }
    }
    g
}

/// X'Wy, length p.
pub fn cross(x: ArrayView2<'_, f64>, y: &[f64], weights: Option<&[f64]>) -> Array1<f64> {
    let mut c = Array1::zeros(x.ncols());
    for (row, (values, y)) in x.rows().into_iter().zip(y).enumerate() {
        let w = weights.map_or(1.0, |w| w.get(row).copied().unwrap_or(0.0));
        c.scaled_add(w * y, &values);
    }
    c
}

/// A'GA, symmetric when G is.
pub fn congruent(g: ArrayView2<'_, f64>, a: ArrayView2<'_, f64>) -> Array2<f64> {
    a.t().dot(&g.dot(&a))
}

/// A b for a matrix and a slice of its column count.
pub fn times(a: ArrayView2<'_, f64>, b: &[f64]) -> Vec<f64> {
    a.dot(&ArrayView1::from(b)).to_vec()
}

/// The inner product of two slices of one length.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
