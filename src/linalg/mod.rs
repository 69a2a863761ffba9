//! Linear algebra: the only room that names `faer` and `microlp`; everyone else sees `ndarray` and slices.
//!
//! Matrices are `Array2<f64>` (rows are units, columns are items), vectors slices. Sizes are small (25 items, up to a
//! few thousand sites), so clarity wins over blocking; what runs inside a replicate has an in-place form.
//!
//! | file | what |
//! |---|---|
//! | [`mod@gram`] | weighted cross-products |
//! | [`columns`] | products over many rows of a few columns |
//! | [`cholesky`] | factor of a symmetric matrix with a status for each pivot |
//! | [`qr`] | pivoted QR with a numerical rank |
//! | [`svd`] | thin SVD, minimum-norm least squares, pseudo-inverse |
//! | [`eigen`] | symmetric eigendecomposition |
//! | [`nnls`] | non-negative least squares on a Gram matrix, simplex least squares through it |
//! | [`lp`] | small linear programs |
//! | [`lanes`] | sixteen replicates side by side: weighted sums, small symmetric systems |

mod aligned;
pub mod cholesky;
pub mod columns;
pub mod eigen;
pub mod gram;
pub mod lanes;
pub mod lp;
pub mod nnls;
pub mod qr;
pub mod svd;
mod tridiagonal;

pub use cholesky::{Cholesky, Factor};
pub use columns::Columns;
pub use eigen::SymmetricEigen;
pub use gram::{cross, dot, gram, times};
pub use nnls::{NonNegative, nonnegative, simplex};
pub use qr::PivotedQr;
pub use svd::ThinSvd;

/// Singular values at or below this count as zero: max(n, p) times the machine epsilon times the largest one.
///
/// ```
/// assert_eq!(steelyard::linalg::rank_tolerance(79, 25, 2.0), 79.0 * f64::EPSILON * 2.0);
/// ```
pub fn rank_tolerance(rows: usize, columns: usize, largest: f64) -> f64 {
    rows.max(columns) as f64 * f64::EPSILON * largest
}
