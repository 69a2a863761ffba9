//! Non-negative least squares on a Gram matrix (Lawson and Hanson 1974, chapter 23), and simplex least squares
//! through it.
//!
//! Minimise b'Gb/2 - c'b subject to b >= 0, for G positive semidefinite. The active-set method needs no definite G: a
//! column that depends on the passive ones has gradient zero and never enters, so the face that is returned is of full
//! rank. Moments suffice, and 25 items take microseconds.

use super::Cholesky;
use crate::error::{Error, Result};
use ndarray::{Array2, ArrayView2};

/// A solution with its certificate.
#[derive(Debug, Clone, PartialEq)]
pub struct NonNegative {
    /// The minimiser, length p.
    pub b: Vec<f64>,
    /// Columns that are free (positive), in rising order: the face on which the minimiser lies.
    pub face: Vec<usize>,
    /// The certificate: the largest fall of the objective that moving one coefficient could still bring (gradient squared
    /// over its diagonal entry; on the face any gradient counts, off it a positive one), relative to c'b. At most 1e-10
    /// for a solution to be called one.
    pub kkt: f64,
    /// Outer iterations.
    pub iterations: usize,
}

/// Solves min b'Gb/2 - c'b over b >= 0.
///
/// `G` is p x p, symmetric, positive semidefinite; `c` has length p.
///
/// ```
/// use ndarray::array;
/// let fit = steelyard::linalg::nonnegative(array![[2.0, 1.0], [1.0, 2.0]].view(), &[1.0, -1.0])?;
/// assert!((fit.b[0] - 0.5).abs() < 1e-15 && fit.b[1] == 0.0);
/// assert_eq!(fit.face, vec![0]);
/// # Ok::<(), steelyard::error::Error>(())
/// ```
pub fn nonnegative(g: ArrayView2<'_, f64>, c: &[f64]) -> Result<NonNegative> {
    let p = c.len();
    let mut b = vec![0.0; p];
    let mut face: Vec<usize> = Vec::new();
    let mut blocked = vec![false; p];
    let limit = 3 * p + 30;
    let mut iterations = 0;
    while let Some(entering) = best_entering(g, c, &b, &face, &blocked) {
        iterations += 1;
        if iterations > limit {
            return Err(no_convergence(iterations, kkt_violation(g, c, &b)));
        }
        face.push(entering);
        match minimise_on_face(g, c, &mut b, &mut face) {
            // The entering column left at once or is dependent: round-off; it is out of play until something moves.
            Step::Blocked => {
                face.retain(|j| *j != entering);
                b[entering] = 0.0;
                blocked[entering] = true;
            }
            Step::Moved => blocked.fill(false),
        }
    }
    face.sort_unstable();
    let kkt = kkt_violation(g, c, &b);
    Ok(NonNegative { b, face, kkt, iterations })
}

enum Step {
    Moved,
    Blocked,
}

fn best_entering(g: ArrayView2<'_, f64>, c: &[f64], b: &[f64], face: &[usize], blocked: &[bool]) -> Option<usize> {
    let p = c.len();
    let mut best: Option<(usize, f64)> = None;
    for j in (0..p).filter(|j| !blocked[*j] && !face.contains(j)) {
        let (gradient, size) = gradient_of(g, c, b, j);
        let tolerance = 64.0 * p as f64 * f64::EPSILON * size;
        if gradient > tolerance && g[[j, j]] > 0.0 {
            // Scaling by the column's length makes the choice independent of units.
            let gain = gradient / g[[j, j]].sqrt();
            if best.is_none_or(|(_, largest)| gain > largest) {
                best = Some((j, gain));
            }
        }
    }
    best.map(|(j, _)| j)
}

/// c_j - (Gb)_j and the sum of the absolute values of its terms, which bounds its round-off.
fn gradient_of(g: ArrayView2<'_, f64>, c: &[f64], b: &[f64], j: usize) -> (f64, f64) {
    let mut gradient = c[j];
    let mut size = c[j].abs();
    for (k, value) in b.iter().enumerate() {
        let term = g[[j, k]] * value;
        gradient -= term;
        size += term.abs();
    }
    (gradient, size)
}

fn minimise_on_face(g: ArrayView2<'_, f64>, c: &[f64], b: &mut [f64], face: &mut Vec<usize>) -> Step {
    let entering = face.last().copied();
    let mut first = true;
    loop {
        let sub = Array2::from_shape_fn((face.len(), face.len()), |(i, k)| g[[face[i], face[k]]]);
        let Some(factor) = Cholesky::factor(sub.view()).definite() else { return Step::Blocked };
        let rhs: Vec<f64> = face.iter().map(|j| c[*j]).collect();
        let target = factor.solve(&rhs);
        if first && target.last().is_some_and(|value| *value <= 0.0) {
            return Step::Blocked;
        }
        first = false;
        let mut step = 1.0;
        for (j, t) in face.iter().zip(&target) {
            if *t <= 0.0 {
                step = f64::min(step, b[*j] / (b[*j] - t));
            }
        }
        for (j, t) in face.iter().zip(&target) {
            b[*j] += step * (t - b[*j]);
        }
        if step >= 1.0 {
            return Step::Moved;
        }
        let smallest = face
            .iter()
            .zip(&target)
            .filter(|(_, t)| **t <= 0.0)
            .map(|(j, _)| (b[*j], *j))
            .fold((f64::INFINITY, usize::MAX), |a, x| if x.0 < a.0 { x } else { a });
        face.retain(|j| *j != smallest.1 && (b[*j] > 0.0 || Some(*j) == entering));
        for (j, value) in b.iter_mut().enumerate() {
            if !face.contains(&j) {
                *value = 0.0;
            }
        }
    }
}

fn kkt_violation(g: ArrayView2<'_, f64>, c: &[f64], b: &[f64]) -> f64 {
    let objective = b.iter().zip(c).map(|(b, c)| b * c).sum::<f64>().abs();
    let mut worst: f64 = 0.0;
    for j in 0..c.len() {
        let (gradient, _) = gradient_of(g, c, b, j);
        let length = g[[j, j]].max(0.0).sqrt();
        if length > 0.0 {
            let violation = if b[j] > 0.0 { gradient.abs() } else { gradient.max(0.0) } / length;
            worst = worst.max(violation * violation);
        }
    }
    if objective > 0.0 { worst / objective } else { worst }
}

fn no_convergence(iterations: usize, gap: f64) -> Error {
    Error::Convergence {
        what: "non-negative least squares".into(),
        iterations,
        gap,
        tolerance: 1e-10,
        remedy: "Look for items that are nearly collinear, or use ridge.".into(),
    }
}

/// Solves min w'Gw/2 - c'w over the simplex w >= 0, sum w = `total`, where `yy` is any number for which
/// w'Gw - 2 c'w + yy is a sum of squares there (the outcome's own sum of squares).
///
/// On the simplex that objective is w'Hw with H = G - (c 1' + 1 c')/t + yy 11'/t^2, and the nearest point of a hull to the origin is
/// a non-negative least-squares problem with one further row of ones (Lawson and Hanson 1974, chapter 23, problem LDP;
/// Wolfe 1976, doi:10.1007/BF01580381), so that one active-set method serves both.
///
/// ```
/// use ndarray::array;
/// let fit = steelyard::linalg::simplex(array![[1.0, 0.0], [0.0, 1.0]].view(), &[0.6, 0.2], 0.5, 1.0)?;
/// assert!((fit.b[0] - 0.7).abs() < 1e-12 && (fit.b[1] - 0.3).abs() < 1e-12);
/// # Ok::<(), steelyard::error::Error>(())
/// ```
pub fn simplex(g: ArrayView2<'_, f64>, c: &[f64], yy: f64, total: f64) -> Result<NonNegative> {
    let p = c.len();
    let mut h = Array2::from_shape_fn((p, p), |(i, j)| g[[i, j]] - (c[i] + c[j]) / total + yy / (total * total));
    // The row of ones is scaled to the size of the others, which leaves the direction of the solution unchanged.
    let scale = h.diag().iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    h += scale;
    let mut fit = nonnegative(h.view(), &vec![scale; p])?;
    let sum: f64 = fit.b.iter().sum();
    for value in &mut fit.b {
        *value *= total / sum;
    }
    Ok(fit)
}
