//! How much a pair of categories counts as agreement: 1 on the diagonal, symmetric.
//!
//! The named weights are those of Gwet (2014), chapter 3; only the rank of a category enters `ordinal`, its value
//! enters the others.

use crate::error::{Result, input};
use serde::{Deserialize, Serialize};

/// A named set of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Named {
    /// Only the same category agrees.
    Identity,
    /// `1 - |x - y| / range`.
    Linear,
    /// `1 - (x - y)^2 / range^2`.
    Quadratic,
    /// `1 - sqrt|x - y| / sqrt range`.
    Radical,
    /// `1 - C(d + 1, 2) / C(q, 2)` with `d` the difference of ranks.
    Ordinal,
    /// `1 - ((x - y)/(x + y))^2`, over its largest value.
    Ratio,
    /// `1 - sin^2(180 (x - y)/(range + 1))`, over its largest value.
    Circular,
    /// `1 - (x - y)^2 / ((x + y - 2 min)(2 max - x - y))`, over its largest value.
    Bipolar,
}

/// Weights of all pairs of categories, row by row; empty for identity.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// How results name them.
    pub name: String,
    categories: usize,
    matrix: Vec<f64>,
}

impl Weights {
    /// Only the same category agrees.
    pub fn identity(categories: usize) -> Self {
        Self { name: "identity".into(), categories, matrix: Vec::new() }
    }

    /// Builds named weights for categories at `values`.
    pub fn named(named: Named, values: &[f64]) -> Self {
        let q = values.len();
        if named == Named::Identity || q < 2 {
            return Self::identity(q);
        }
        let loss = losses(named, values);
        let largest = loss.iter().copied().fold(0.0, f64::max);
        let matrix = loss.iter().map(|x| if largest > 0.0 { 1.0 - x / largest } else { 1.0 }).collect();
        let name = serde_json::to_value(named).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        Self { name, categories: q, matrix }
    }

    /// Checks weights that the caller made.
    pub fn custom(categories: usize, matrix: Vec<f64>) -> Result<Self> {
        let q = categories;
        let wrong = |what: &str, i: usize, j: usize| {
            input(what)
                .at(format!("weights, row {}, column {}", i + 1, j + 1))
                .got(matrix[i * q + j])
                .allowed("a symmetric matrix with 1 on its diagonal and 0 to 1 elsewhere")
                .remedy("Correct the weight.")
        };
        for i in 0..q {
            for j in 0..q {
                let w = matrix[i * q + j];
                if !(0.0..=1.0).contains(&w) {
                    return Err(wrong("weight out of range", i, j).into());
                }
                if i == j && w != 1.0 {
                    return Err(wrong("weight of a category with itself is not 1", i, j).into());
                }
                if w != matrix[j * q + i] {
                    return Err(wrong("weights not symmetric", i, j).into());
                }
            }
        }
        Ok(Self { name: "custom".into(), categories: q, matrix })
    }

    /// Whether only the same category agrees.
    pub fn is_identity(&self) -> bool {
        self.matrix.is_empty()
    }

    /// Weight of a pair.
    pub fn at(&self, i: usize, j: usize) -> f64 {
        if self.is_identity() { f64::from(u8::from(i == j)) } else { self.matrix[i * self.categories + j] }
    }

    /// Sum of all weights.
    pub fn total(&self) -> f64 {
        if self.is_identity() { self.categories as f64 } else { self.matrix.iter().sum() }
    }

    /// `W v`.
    pub fn times(&self, v: &[f64], out: &mut [f64]) {
        if self.is_identity() {
            out.copy_from_slice(v);
            return;
        }
        for (row, slot) in self.matrix.chunks_exact(self.categories).zip(out) {
            *slot = row.iter().zip(v).map(|(w, x)| w * x).sum();
        }
    }

    /// `v' W u`.
    pub fn form(&self, v: &[f64], u: &[f64]) -> f64 {
        if self.is_identity() {
            return v.iter().zip(u).map(|(x, y)| x * y).sum();
        }
        let rows = self.matrix.chunks_exact(self.categories);
        rows.zip(v).map(|(row, x)| x * row.iter().zip(u).map(|(w, y)| w * y).sum::<f64>()).sum()
    }
}

fn losses(named: Named, values: &[f64]) -> Vec<f64> {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let loss = |(i, x): (usize, f64), (j, y): (usize, f64)| match named {
        Named::Identity => f64::from(u8::from(i != j)),
        Named::Linear => (x - y).abs(),
        Named::Quadratic => (x - y).powi(2),
        Named::Radical => (x - y).abs().sqrt(),
        Named::Ordinal => {
            let d = i.abs_diff(j) as f64;
            d * (d + 1.0) / 2.0
        }
        Named::Ratio if x + y == 0.0 => 0.0,
        Named::Ratio => ((x - y) / (x + y)).powi(2),
        Named::Circular => (std::f64::consts::PI * (x - y) / (high - low + 1.0)).sin().powi(2),
        Named::Bipolar if x == y => 0.0,
        Named::Bipolar => (x - y).powi(2) / ((x + y - 2.0 * low) * (2.0 * high - x - y)),
    };
    let at = |i: usize| (i, values[i]);
    (0..values.len()).flat_map(|i| (0..values.len()).map(move |j| (i, j))).map(|(i, j)| loss(at(i), at(j))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_weights_by_hand() {
        let values = [1.0, 2.0, 3.0, 5.0];
        let w = |named, i, j| Weights::named(named, &values).at(i, j);
        assert_eq!(w(Named::Linear, 0, 2), 0.5);
        assert_eq!(w(Named::Quadratic, 0, 2), 0.75);
        assert_eq!(w(Named::Ordinal, 0, 1), 1.0 - 1.0 / 6.0);
        assert_eq!(w(Named::Ordinal, 0, 3), 0.0);
        assert!((w(Named::Radical, 0, 1) - 0.5).abs() < 1e-15);
        assert!((w(Named::Ratio, 0, 1) - (1.0 - (1.0 / 9.0) / (16.0 / 36.0))).abs() < 1e-15);
        assert_eq!(w(Named::Identity, 1, 2), 0.0);
        assert_eq!(w(Named::Bipolar, 3, 3), 1.0);
    }

    #[test]
    fn custom_weights_are_checked() {
        assert!(Weights::custom(2, vec![1.0, 0.5, 0.5, 1.0]).is_ok());
        let message = |m: Vec<f64>| Weights::custom(2, m).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(message(vec![1.0, 0.5, 0.4, 1.0]).starts_with("weights not symmetric in weights, row 1, column 2"));
        assert!(message(vec![0.9, 0.5, 0.5, 1.0]).starts_with("weight of a category with itself is not 1"));
        assert!(message(vec![1.0, -0.5, -0.5, 1.0]).starts_with("weight out of range"));
    }
}
