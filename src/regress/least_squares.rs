//! Least squares on centred moments: exact where the items are independent, of smallest norm where they are not.

use super::CrossMoments;
use crate::error::Result;
use crate::linalg::{Cholesky, SymmetricEigen, dot, times};
use ndarray::Array2;

/// Slopes that minimise b'Gb - 2c'b, from a symmetric positive semidefinite p x p matrix and a vector of length p.
///
/// The matrix is scaled to a unit diagonal first, which keeps items in different units apart from ill-conditioning
/// (van der Sluis 1969, doi:10.1007/BF02165096), and one step of iterative refinement follows. Where it is singular, the
/// solution of smallest norm in raw units is returned, from `rank` eigenvectors.
///
/// ```
/// use ndarray::array;
/// let b = steelyard::regress::least_squares::solve(array![[2.0, 1.0], [1.0, 2.0]].view(), &[3.0, 3.0], 2)?;
/// assert!((b[0] - 1.0).abs() < 1e-15 && (b[1] - 1.0).abs() < 1e-15);
/// # Ok::<(), steelyard::error::Error>(())
/// ```
pub fn solve(g: ndarray::ArrayView2<'_, f64>, c: &[f64], rank: usize) -> Result<Vec<f64>> {
    let p = c.len();
    let used: Vec<usize> = (0..p).filter(|j| g[[*j, *j]] > 0.0).collect();
    let size: Vec<f64> = used.iter().map(|j| g[[*j, *j]].sqrt()).collect();
    let scaled = Array2::from_shape_fn((used.len(), used.len()), |(i, k)| g[[used[i], used[k]]] / (size[i] * size[k]));
    let mut b = vec![0.0; p];
    if rank == used.len()
        && let Some(factor) = Cholesky::factor(scaled.view()).definite()
    {
        let right: Vec<f64> = used.iter().zip(&size).map(|(j, s)| c[*j] / s).collect();
        let mut solution = factor.solve(&right);
        let fitted = times(scaled.view(), &solution);
        let mut correction: Vec<f64> = right.iter().zip(&fitted).map(|(r, f)| r - f).collect();
        factor.solve_in_place(&mut correction);
        for (value, more) in solution.iter_mut().zip(&correction) {
            *value += more;
        }
        for ((j, value), s) in used.iter().zip(&solution).zip(&size) {
            b[*j] = value / s;
        }
        return Ok(b);
    }
    let eigen = SymmetricEigen::new(g)?;
    for k in 0..rank.min(p) {
        let vector = eigen.vectors.column(k).to_vec();
        let along = dot(&vector, c) / eigen.values[k];
        for (b, v) in b.iter_mut().zip(&vector) {
            *b += along * v;
        }
    }
    Ok(b)
}

/// Least squares from adjusted moments of known rank.
pub fn ordinary(moments: &CrossMoments, rank: usize) -> Result<Vec<f64>> {
    solve(moments.gram.view(), &moments.cross, rank)
}
