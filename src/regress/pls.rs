//! Partial least squares with one outcome, from moments.

use crate::linalg::{Cholesky, dot, times};
use ndarray::{Array2, ArrayView2};

/// Slopes with up to `components` components, and how many there were before the directions ran out.
///
/// PLS1 with k components is least squares inside the Krylov space of c, Gc, ..., G^(k-1) c (Helland 1988,
/// doi:10.1080/03610918808812681); its basis is made orthonormal by Lanczos steps with full reorthogonalisation.
///
/// ```
/// use ndarray::array;
/// let (b, k) = steelyard::regress::pls::slopes(array![[2.0, 0.0], [0.0, 1.0]].view(), &[1.0, 1.0], 2);
/// assert_eq!(k, 2);
/// assert!((b[0] - 0.5).abs() < 1e-14 && (b[1] - 1.0).abs() < 1e-14);
/// ```
pub fn slopes(g: ArrayView2<'_, f64>, c: &[f64], components: usize) -> (Vec<f64>, usize) {
    let p = c.len();
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let mut next = c.to_vec();
    let start = dot(c, c).sqrt();
    let mut reference = start;
    while basis.len() < components.min(p) {
        for _ in 0..2 {
            for direction in &basis {
                let along = dot(direction, &next);
                for (n, d) in next.iter_mut().zip(direction) {
                    *n -= along * d;
                }
            }
        }
        let length = dot(&next, &next).sqrt();
        if length <= 1e-10 * reference || length == 0.0 {
            break;
        }
        basis.push(next.iter().map(|n| n / length).collect());
        next = times(g, basis.last().map_or(&[][..], Vec::as_slice));
        reference = dot(&next, &next).sqrt();
    }
    let k = basis.len();
    let images: Vec<Vec<f64>> = basis.iter().map(|direction| times(g, direction)).collect();
    let inner = Array2::from_shape_fn((k, k), |(i, j)| dot(&basis[i], &images[j]));
    let mut b = vec![0.0; p];
    if let Some(factor) = Cholesky::factor(inner.view()).definite() {
        let right: Vec<f64> = basis.iter().map(|direction| dot(direction, c)).collect();
        for (value, direction) in factor.solve(&right).into_iter().zip(&basis) {
            for (b, d) in b.iter_mut().zip(direction) {
                *b += value * d;
            }
        }
    }
    (b, k)
}
