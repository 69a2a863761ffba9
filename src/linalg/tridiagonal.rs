//! Eigenvalues and eigenvectors of a small symmetric matrix: Householder reflections to tridiagonal form, then QL steps
//! with implicit shifts (Bowdler, Martin, Reinsch and Wilkinson 1968, doi:10.1007/BF02165404).
//!
//! A contest decomposes tens of thousands of 25 x 25 matrices; a general routine spends most of that time on set-up.
//! Eigenvectors are kept as rows, so that every rotation runs over contiguous memory, in the widest vectors of the machine.

// Inlined into the functions that are compiled for each set of instructions.
#![allow(clippy::inline_always)]

use crate::num::sums::dot;
use pulp::{Arch, NullaryFnOnce};

/// QL steps for one eigenvalue; two or three are usual, thirty the customary bound.
const STEPS: usize = 60;

/// Eigenvalues in no particular order, and eigenvectors as the rows of an n x n matrix (row-major). `a` is n x n, row-major,
/// symmetric, and is overwritten. `None` when an eigenvalue is not found within [`STEPS`].
pub(super) fn eigen(a: &mut [f64], n: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    Arch::new().dispatch(Decompose { a, n })
}

struct Decompose<'a> {
    a: &'a mut [f64],
    n: usize,
}

impl NullaryFnOnce for Decompose<'_> {
    type Output = Option<(Vec<f64>, Vec<f64>)>;

    // Inlined, with all below, into the function that is compiled for each set of instructions.
    #[inline(always)]
    fn call(self) -> Self::Output {
        let (mut diagonal, mut beside, mut vectors) = tridiagonalise(self.a, self.n);
        ql(&mut diagonal, &mut beside, &mut vectors, self.n)?;
        Some((diagonal, vectors))
    }
}

/// Reduces `a` to a diagonal and what stands beside it; the rows of the third part are the transposed transformation.
#[inline(always)]
fn tridiagonalise(a: &mut [f64], n: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let mut beside = vec![0.0; n];
    let mut reflectors: Vec<Vec<f64>> = Vec::with_capacity(n);
    let mut image = vec![0.0; n];
    for k in 0..n.saturating_sub(2) {
        let m = n - k - 1;
        let mut v: Vec<f64> = (k + 1..n).map(|i| a[i * n + k]).collect();
        let rest: f64 = v[1..].iter().map(|x| x * x).sum();
        if rest == 0.0 {
            beside[k] = v[0];
            reflectors.push(Vec::new());
            continue;
        }
        let length = (v[0] * v[0] + rest).sqrt();
        let alpha = if v[0] > 0.0 { -length } else { length };
        v[0] -= alpha;
        let norm = (v[0] * v[0] + rest).sqrt();
        for x in &mut v {
            *x /= norm;
        }
        for (i, value) in image[..m].iter_mut().enumerate() {
            let row = &a[(k + 1 + i) * n + k + 1..(k + 2 + i) * n];
            *value = dot(row, &v);
        }
        let along = dot(&image[..m], &v);
        for (value, x) in image[..m].iter_mut().zip(&v) {
            *value = 2.0 * (*value - along * x);
        }
        for i in 0..m {
            let row = &mut a[(k + 1 + i) * n + k + 1..(k + 2 + i) * n];
            let (vi, wi) = (v[i], image[i]);
            for ((x, vj), wj) in row.iter_mut().zip(&v).zip(&image[..m]) {
                *x -= vi * wj + wi * vj;
            }
        }
        beside[k] = alpha;
        reflectors.push(v);
    }
    if n >= 2 {
        beside[n - 2] = a[(n - 1) * n + n - 2];
    }
    let diagonal = (0..n).map(|i| a[i * n + i]).collect();
    (diagonal, beside, transformation(&reflectors, n))
}

/// The product of the reflections, transposed: its rows are what the tridiagonal coordinates stand for.
#[inline(always)]
fn transformation(reflectors: &[Vec<f64>], n: usize) -> Vec<f64> {
    let mut q = vec![0.0; n * n];
    for i in 0..n {
        q[i * n + i] = 1.0;
    }
    for (k, v) in reflectors.iter().enumerate().rev() {
        if v.is_empty() {
            continue;
        }
        // Rows k + 1 and later of Q are zero before column k + 1 by now, so only that block changes.
        for i in k + 1..n {
            let row = &mut q[i * n + k + 1..(i + 1) * n];
            let along = 2.0 * dot(row, v);
            for (x, y) in row.iter_mut().zip(v) {
                *x -= along * y;
            }
        }
    }
    q
}

/// Drives what stands beside the diagonal to zero, turning the rows of `vectors` along.
#[inline(always)]
fn ql(diagonal: &mut [f64], beside: &mut [f64], vectors: &mut [f64], n: usize) -> Option<()> {
    let size = diagonal.iter().chain(beside.iter()).fold(0.0_f64, |most, x| most.max(x.abs()));
    let negligible =
        |d: &[f64], e: &[f64], m: usize| e[m].abs() <= f64::EPSILON * (d[m].abs() + d[m + 1].abs()).max(1e-3 * size);
    for l in 0..n {
        for step in 0.. {
            let m = (l..n - 1).find(|m| negligible(diagonal, beside, *m)).unwrap_or(n - 1);
            if m == l {
                break;
            }
            if step == STEPS {
                return None;
            }
            sweep(diagonal, beside, vectors, (l, m), n);
        }
    }
    Some(())
}

/// One implicit QL step on rows l to m.
#[inline(always)]
fn sweep(d: &mut [f64], e: &mut [f64], vectors: &mut [f64], (l, m): (usize, usize), n: usize) {
    let half = (d[l + 1] - d[l]) / (2.0 * e[l]);
    let root = half.hypot(1.0);
    let mut g = d[m] - d[l] + e[l] / (half + root.copysign(half));
    let (mut sine, mut cosine, mut shift) = (1.0, 1.0, 0.0);
    for i in (l..m).rev() {
        let (f, b) = (sine * e[i], cosine * e[i]);
        let r = (f * f + g * g).sqrt();
        e[i + 1] = r;
        if r == 0.0 {
            d[i + 1] -= shift;
            e[m] = 0.0;
            return;
        }
        (sine, cosine) = (f / r, g / r);
        let corner = d[i + 1] - shift;
        let turned = (d[i] - corner) * sine + 2.0 * cosine * b;
        shift = sine * turned;
        d[i + 1] = corner + shift;
        g = cosine * turned - b;
        let (upper, lower) = vectors.split_at_mut((i + 1) * n);
        for (x, y) in upper[i * n..].iter_mut().zip(&mut lower[..n]) {
            let (below, above) = (*y, *x);
            *y = sine * above + cosine * below;
            *x = cosine * above - sine * below;
        }
    }
    d[l] -= shift;
    e[l] = g;
    e[m] = 0.0;
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::stream::{Purpose, Seed};

    /// A = V' diag(d) V and V V' = I, for random matrices of every size and rank.
    #[test]
    fn the_parts_make_up_the_matrix() {
        let mut stream = Seed(4).stream(Purpose::Simulate, 0);
        for n in [1_usize, 2, 3, 5, 12, 25, 40] {
            for rank in [1, n.div_ceil(2), n] {
                let b: Vec<f64> = (0..n * rank).map(|_| stream.uniform() - 0.5).collect();
                let entry = |i: usize, j: usize| (0..rank).map(|k| b[i * rank + k] * b[j * rank + k]).sum::<f64>();
                let a: Vec<f64> = (0..n * n).map(|at| entry(at / n, at % n)).collect();
                let (d, v) = eigen(&mut a.clone(), n).unwrap();
                let size = d.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
                for i in 0..n {
                    for j in 0..n {
                        let back: f64 = (0..n).map(|k| d[k] * v[k * n + i] * v[k * n + j]).sum();
                        assert!((back - a[i * n + j]).abs() < 1e-14 * size * n as f64, "n {n} rank {rank}");
                        let inner: f64 = (0..n).map(|k| v[i * n + k] * v[j * n + k]).sum();
                        assert!((inner - f64::from(u8::from(i == j))).abs() < 1e-14 * n as f64, "n {n} rank {rank}");
                    }
                }
            }
        }
    }

    #[test]
    fn zeros_and_diagonals_are_done_at_once() {
        let (d, _) = eigen(&mut [0.0; 9], 3).unwrap();
        assert_eq!(d, vec![0.0; 3]);
        let (d, v) = eigen(&mut [2.0, 0.0, 0.0, 5.0], 2).unwrap();
        assert_eq!((d, v), (vec![2.0, 5.0], vec![1.0, 0.0, 0.0, 1.0]));
    }
}
