//! Separation: whether a likelihood of k of n has a finite maximum, and if not, in which direction it rises for ever.
//!
//! Albert and Anderson (1984, doi:10.1093/biomet/71.1.1) name the cases; Konis (2007, Oxford thesis) finds them by linear
//! programming. Here the program maximises the number of rows that a direction separates strictly (their margins are capped
//! at one, and the directions form a cone), so what is left over is the largest set of rows with a finite maximum of its own.
//! A coefficient is finite exactly when those rows determine it.

use super::binomial::fit;
use super::trials::Trials;
use crate::error::{Error, Result};
use crate::linalg::lp::{LinearProgram, Outcome, Relation};
use crate::linalg::{SymmetricEigen, gram};
use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

/// Eigenvalues at or below this fraction of the largest count as zero.
const DEPENDENT: f64 = 1e-10;

/// Separated outcomes. Coefficients are on the columns as given, the intercept first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Separation {
    /// The likelihood rises for ever along this direction, largest entry one; length m.
    pub direction: Vec<f64>,
    /// Coefficients without a finite maximum.
    pub infinite: Vec<usize>,
    /// Maximum-likelihood values of the others, from the rows that are not separated; `None` for infinite ones.
    pub finite: Vec<Option<f64>>,
    /// Trials in rows that the direction separates.
    pub separated_trials: f64,
    /// Whether every row is separated (complete separation).
    pub complete: bool,
}

/// What came of maximising a likelihood.
#[derive(Debug, Clone, PartialEq)]
pub enum Fitted<F> {
    /// The maximum.
    Finite(Box<F>),
    /// No finite maximum: some combination of columns separates the outcomes.
    Separated(Separation),
}

impl<F> Fitted<F> {
    /// The finite fit, if there is one.
    pub fn finite(self) -> Option<F> {
        match self {
            Self::Finite(fit) => Some(*fit),
            Self::Separated(_) => None,
        }
    }
}

/// Looks for separation. `Ok(None)`: the maximum is finite in every combination that the columns determine.
///
/// ```
/// use ndarray::array;
/// use steelyard::regress::{Trials, separation::detect};
/// let x = array![[0.0], [1.0], [2.0], [3.0]];
/// let data = Trials::new(x.view(), &[0.0, 0.0, 1.0, 1.0], &[1.0; 4])?;
/// let found = detect(&data)?.ok_or_else(|| steelyard::error::input("not separated"))?;
/// assert!(found.complete && found.direction[1] > 0.0);
/// assert_eq!(found.infinite, vec![0, 1]);
/// let overlap = Trials::new(x.view(), &[0.0, 1.0, 0.0, 1.0], &[1.0; 4])?;
/// assert!(detect(&overlap)?.is_none());
/// # Ok::<(), steelyard::error::Error>(())
/// ```
pub fn detect(data: &Trials) -> Result<Option<Separation>> {
    let rows = data.merged();
    let span = row_space(rows.x.view())?;
    let Some(found) = separate(&rows, &span)? else { return Ok(None) };
    let rest = rows.select(&found.kept);
    let m = rows.width();
    let basis = if found.kept.is_empty() { Array2::zeros((m, 0)) } else { row_space(rest.x.view())? };
    // A raw coefficient is a combination of scaled ones; it is finite when what all rows say of it, the rest say too.
    let transform = rows.transform();
    let seen = |basis: &Array2<f64>, j: usize| {
        let image = transform.row(j).dot(basis);
        image.dot(&image)
    };
    let infinite: Vec<usize> = (0..m).filter(|j| seen(&span, *j) - seen(&basis, *j) > 1e-8 * seen(&span, *j)).collect();
    let values = if basis.ncols() == 0 { vec![0.0; m] } else { on_the_rest(&rest, &basis)? };
    let values = rows.raw(&values);
    let finite = (0..m).map(|j| (!infinite.contains(&j)).then_some(values[j])).collect();
    Ok(Some(found.described(&rows, infinite, finite)))
}

/// The same for a penalised likelihood: only directions that the penalty (on scaled columns) does not see can run away.
pub(super) fn detect_unpenalised(rows: &Trials, penalty: &Array2<f64>) -> Result<Option<Separation>> {
    let unseen = null_space(penalty.view())?;
    let span = unseen.dot(&row_space(rows.x.dot(&unseen).view())?);
    let Some(found) = separate(rows, &span)? else { return Ok(None) };
    let raw = rows.raw(&found.beta);
    let largest = raw.iter().fold(0.0, |a: f64, v| a.max(v.abs()));
    let infinite = (0..raw.len()).filter(|j| raw[*j].abs() > 1e-9 * largest).collect();
    Ok(Some(found.described(rows, infinite, vec![None; raw.len()])))
}

/// A direction on scaled columns, and the rows on either side of the matter.
struct Found {
    beta: Vec<f64>,
    separated: Vec<usize>,
    kept: Vec<usize>,
}

impl Found {
    fn described(self, rows: &Trials, infinite: Vec<usize>, finite: Vec<Option<f64>>) -> Separation {
        let mut direction = rows.raw(&self.beta);
        let largest = direction.iter().fold(0.0, |a: f64, v| a.max(v.abs()));
        for value in &mut direction {
            *value = if value.abs() <= 1e-9 * largest { 0.0 } else { *value / largest };
        }
        let separated_trials = self.separated.iter().map(|i| rows.trials[*i]).sum();
        Separation { direction, infinite, finite, separated_trials, complete: self.kept.is_empty() }
    }
}

/// Looks within the directions that `span` holds.
fn separate(rows: &Trials, span: &Array2<f64>) -> Result<Option<Found>> {
    let all: Vec<usize> = (0..rows.trials.len()).collect();
    let (mixed, extreme): (Vec<usize>, Vec<usize>) =
        all.iter().partition(|i| rows.successes[**i] > 0.0 && rows.successes[**i] < rows.trials[**i]);
    // Directions that the columns tell apart but that no mixed row sees.
    let within = rows.x.select(Axis(0), &mixed).dot(span);
    let free = span.dot(&null_space(within.view())?);
    if free.ncols() == 0 || extreme.is_empty() {
        return Ok(None);
    }
    let margins = signed_margins(rows, &extreme, &free);
    let Some((gamma, reached)) = widest(&margins)? else { return Ok(None) };
    let separated: Vec<usize> = extreme.iter().zip(&reached).filter(|(_, t)| **t).map(|(i, _)| *i).collect();
    let kept: Vec<usize> = all.into_iter().filter(|i| !separated.contains(i)).collect();
    let beta = free.dot(&ndarray::Array1::from(gamma)).to_vec();
    Ok(Some(Found { beta, separated, kept }))
}

/// Rows of x'N times +1 (all succeeded) or -1 (none did), each scaled to largest entry one; what is round-off is zero.
fn signed_margins(rows: &Trials, extreme: &[usize], free: &Array2<f64>) -> Vec<Vec<f64>> {
    extreme
        .iter()
        .map(|i| {
            let sign = if rows.successes[*i] > 0.0 { 1.0 } else { -1.0 };
            let image = rows.x.row(*i).dot(free);
            let size = rows.x.row(*i).iter().fold(0.0, |a: f64, v| a.max(v.abs()));
            let largest = image.iter().fold(0.0, |a: f64, v| a.max(v.abs()));
            if largest <= 1e-9 * size {
                vec![0.0; image.len()]
            } else {
                image.iter().map(|v| sign * v / largest).collect()
            }
        })
        .collect()
}

/// Maximises the sum of t with t <= margin'g and 0 <= t <= 1. Returns g and which rows reached a positive t.
fn widest(margins: &[Vec<f64>]) -> Result<Option<(Vec<f64>, Vec<bool>)>> {
    let (d, e) = (margins.first().map_or(0, Vec::len), margins.len());
    let mut cost = vec![0.0; d];
    cost.extend(vec![-1.0; e]);
    let mut bounds = vec![(f64::NEG_INFINITY, f64::INFINITY); d];
    bounds.extend(vec![(0.0, 1.0); e]);
    let rows = margins
        .iter()
        .enumerate()
        .map(|(at, margin)| {
            let mut row: Vec<f64> = margin.iter().map(|v| -v).collect();
            row.extend((0..e).map(|k| if k == at { 1.0 } else { 0.0 }));
            (row, Relation::AtMost, 0.0)
        })
        .collect();
    match (LinearProgram { cost, bounds, rows }).solve()? {
        Outcome::Optimal { mut x, cost } if cost < -0.5 => {
            let reached = x.split_off(d).into_iter().map(|t| t > 0.5).collect();
            Ok(Some((x, reached)))
        }
        Outcome::Optimal { .. } => Ok(None),
        Outcome::Infeasible | Outcome::Unbounded => Err(Error::Internal { what: "the separation program".into() }),
    }
}

/// Maximum likelihood of the rows that are not separated, of smallest norm within their row space, on scaled columns.
fn on_the_rest(rest: &Trials, basis: &Array2<f64>) -> Result<Vec<f64>> {
    // The basis spans the intercept's column too, so the design in its coordinates needs no further intercept.
    let columns = rest.x.dot(basis);
    let Some(gamma) = fit_without_intercept(&columns, &basis.row(0).to_vec(), rest)? else {
        return Ok(vec![0.0; basis.nrows()]);
    };
    Ok(basis.dot(&ndarray::Array1::from(gamma)).to_vec())
}

/// `c` is such that columns c = 1: a rotation that puts it first turns the design into one with an intercept.
fn fit_without_intercept(columns: &Array2<f64>, c: &[f64], rest: &Trials) -> Result<Option<Vec<f64>>> {
    let direction = Array2::from_shape_fn((1, c.len()), |(_, j)| c[j]);
    let others = null_space(direction.view())?;
    let data = Trials::new(columns.dot(&others).view(), &rest.successes, &rest.trials)?;
    // columns g = columns (c a + O u) when g = a c + O u, since columns c = 1.
    let Fitted::Finite(found) = fit(&data, None)? else { return Ok(None) };
    let u = ndarray::Array1::from(found.coefficients[1..].to_vec());
    let rest: Vec<f64> = others.dot(&u).to_vec();
    Ok(Some(c.iter().zip(&rest).map(|(c, r)| found.coefficients[0] * c + r).collect()))
}

/// Orthonormal basis of the row space of A, p x r.
fn row_space(a: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
    let (eigen, rank) = spectrum(a)?;
    Ok(eigen.vectors.slice(ndarray::s![.., ..rank]).to_owned())
}

/// Orthonormal basis of the null space of A, p x (p - r).
fn null_space(a: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
    let (eigen, rank) = spectrum(a)?;
    Ok(eigen.vectors.slice(ndarray::s![.., rank..]).to_owned())
}

fn spectrum(a: ArrayView2<'_, f64>) -> Result<(SymmetricEigen, usize)> {
    let eigen = SymmetricEigen::new(gram(a, None).view())?;
    let largest = eigen.values.first().copied().unwrap_or(0.0);
    let rank = eigen.values.iter().filter(|v| **v > DEPENDENT * largest && **v > 0.0).count();
    Ok((eigen, rank))
}
