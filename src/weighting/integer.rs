//! Whole-number weights for field use: the best rounding of a score, and what it loses.

use crate::error::{Result, input};
use crate::linalg::{dot, times};
use ndarray::ArrayView2;
use serde::Serialize;

/// Whole weights with their loss.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IntegerWeights {
    /// Weights from -largest (or 0, where no weight is negative) to largest.
    pub weights: Vec<i32>,
    /// Correlation of the rounded with the weighted score over the rows at hand.
    pub correlation: f64,
    /// One minus its square: the share of the score's variance that rounding loses.
    pub loss: f64,
    /// The same for equal weights.
    pub loss_of_unit: f64,
}

/// Finds weights of at most `largest` in size whose score correlates best with that of `weights`, from centred cross-products of the
/// items (p x p).
///
/// Every distinct rounding of every multiple of the weights is tried, and the best few are improved one and two items at a time
/// until nothing helps.
///
/// ```
/// use ndarray::Array2;
/// let found = steelyard::weighting::integer::round(Array2::eye(3).view(), &[2.0, 1.0, 1.0], 3)?;
/// assert_eq!(found.weights, vec![2, 1, 1]);
/// assert!(found.loss.abs() < 1e-12 && found.loss_of_unit > 0.1);
/// # Ok::<(), steelyard::error::Error>(())
/// ```
pub fn round(gram: ArrayView2<'_, f64>, weights: &[f64], largest: i32) -> Result<IntegerWeights> {
    if !(1..=100).contains(&largest) {
        return Err(input("largest whole weight not allowed").at("largest").got(largest).allowed("1 to 100").into());
    }
    let image = times(gram, weights);
    let variance = dot(&image, weights);
    if variance.is_nan() || variance <= 0.0 {
        return Err(input("score that does not vary")
            .remedy("Whole weights cannot be told apart on these rows.")
            .into());
    }
    let search = Search {
        gram,
        image: &image,
        variance,
        least: if weights.iter().any(|w| *w < 0.0) { -largest } else { 0 },
        largest,
    };
    let mut starts: Vec<Vec<i32>> = search.roundings(weights);
    starts.sort_by(|a, b| search.merit(b).total_cmp(&search.merit(a)));
    starts.truncate(8);
    let improved = starts.into_iter().map(|start| search.climb(start));
    let best = improved.max_by(|a, b| search.merit(a).total_cmp(&search.merit(b))).unwrap_or_default();
    let unit = vec![1; weights.len()];
    let correlation = search.merit(&best).max(0.0).sqrt();
    Ok(IntegerWeights {
        correlation,
        loss: 1.0 - search.merit(&best),
        loss_of_unit: 1.0 - search.merit(&unit).max(0.0),
        weights: best,
    })
}

struct Search<'a> {
    gram: ArrayView2<'a, f64>,
    image: &'a [f64],
    variance: f64,
    least: i32,
    largest: i32,
}

impl Search<'_> {
    /// The signed squared correlation.
    fn merit(&self, u: &[i32]) -> f64 {
        let u: Vec<f64> = u.iter().map(|v| f64::from(*v)).collect();
        let own = dot(&times(self.gram, &u), &u);
        let with = dot(self.image, &u);
        if own > 0.0 { with * with.abs() / (own * self.variance) } else { 0.0 }
    }

    fn roundings(&self, weights: &[f64]) -> Vec<Vec<i32>> {
        let mut breaks: Vec<f64> = Vec::new();
        for w in weights.iter().filter(|w| **w != 0.0) {
            breaks.extend((0..self.largest).map(|k| (f64::from(k) + 0.5) / w.abs()));
        }
        breaks.sort_by(f64::total_cmp);
        breaks.dedup();
        let mut out: Vec<Vec<i32>> = breaks
            .iter()
            .map(|t| {
                let t = t * (1.0 + 1e-9);
                weights.iter().map(|w| ((t * w).round() as i32).clamp(self.least, self.largest)).collect()
            })
            .collect();
        out.dedup();
        out
    }

    fn climb(&self, mut u: Vec<i32>) -> Vec<i32> {
        let mut best = self.merit(&u);
        loop {
            let before = best;
            for a in 0..u.len() {
                for value in self.least..=self.largest {
                    self.try_on(&mut u, &mut best, &[(a, value)]);
                }
                for b in 0..a {
                    for (da, db) in [(1, 1), (1, -1), (-1, 1), (-1, -1)] {
                        let (va, vb) = (u[a] + da, u[b] + db);
                        self.try_on(&mut u, &mut best, &[(a, va), (b, vb)]);
                    }
                }
            }
            if best <= before + 1e-13 {
                return u;
            }
        }
    }

    fn try_on(&self, u: &mut [i32], best: &mut f64, changes: &[(usize, i32)]) {
        if changes.iter().any(|(_, v)| *v < self.least || *v > self.largest) {
            return;
        }
        let old: Vec<i32> = changes.iter().map(|(j, _)| u[*j]).collect();
        for (j, value) in changes {
            u[*j] = *value;
        }
        let merit = self.merit(u);
        if merit > *best + 1e-13 {
            *best = merit;
        } else {
            for ((j, _), value) in changes.iter().zip(old) {
                u[*j] = value;
            }
        }
    }
}
