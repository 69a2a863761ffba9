//! What a design can know about the slopes of its items: an algebraic fact, whatever the estimator.

use super::CrossMoments;
use crate::error::Result;
use crate::linalg::SymmetricEigen;
use ndarray::{Array2, s};
use serde::{Deserialize, Serialize};

/// Eigenvalues of the correlation matrix at or below this fraction of the largest count as zero. Scores are small numbers
/// with exact sums, so that true dependence shows at 1e-15 and the weakest independence seen in practice far above 1e-6.
const DEPENDENT: f64 = 1e-11;

/// How far the data reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Level {
    /// Every slope is determined.
    #[serde(rename = "estimable")]
    Estimable,
    /// Some slopes, or sums over groups of items, are; they are listed.
    #[serde(rename = "some combinations estimable")]
    SomeCombinations,
    /// No single slope is.
    #[serde(rename = "not estimable")]
    NotEstimable,
}

/// Rank, constant items, collinear groups, and the slopes that the design determines. Items are zero-based columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimability {
    /// The verdict.
    pub level: Level,
    /// Rank of the centred, covariate-adjusted items.
    pub rank: usize,
    /// Number of items.
    pub items: usize,
    /// Items that do not vary (or that covariates explain altogether).
    pub constant: Vec<usize>,
    /// Groups of items that are exact multiples of one another about their means.
    pub collinear: Vec<Vec<usize>>,
    /// Items whose own slope is determined.
    pub slopes: Vec<usize>,
    /// Collinear groups of which the sum of slopes (each times its item's step) is determined, as positions in `collinear`.
    pub sums: Vec<usize>,
}

impl Estimability {
    /// Whether every slope is determined.
    pub fn is_full(&self) -> bool {
        self.level == Level::Estimable
    }
}

/// Groups of two or more varying columns whose correlation is one in absolute value.
pub fn collinear_groups(moments: &CrossMoments) -> Vec<Vec<usize>> {
    let g = &moments.gram;
    let varying: Vec<usize> = (0..moments.items).filter(|j| !moments.is_constant(*j)).collect();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for j in varying {
        let home = groups.iter_mut().find(|group| {
            let k = group[0];
            g[[j, k]] * g[[j, k]] >= (1.0 - DEPENDENT) * g[[j, j]] * g[[k, k]]
        });
        match home {
            Some(group) => group.push(j),
            None => groups.push(vec![j]),
        }
    }
    groups.retain(|group| group.len() > 1);
    groups
}

/// Works out what the design determines, from moments that are already [`CrossMoments::adjusted`].
///
/// The correlation matrix of the varying items is decomposed; a combination of slopes is determined when it lies in the
/// span of the eigenvectors with positive eigenvalue (Searle 1971, Linear Models, section 5.4).
///
/// ```
/// use ndarray::array;
/// use steelyard::regress::{CrossMoments, Level, estimability::estimability};
/// // The second item is the first; the third never varies.
/// let x = array![[1.0, 1.0, 5.0], [2.0, 2.0, 5.0], [4.0, 4.0, 5.0]];
/// let found = estimability(&CrossMoments::from_rows(x.view(), None, &[0.0, 1.0, 1.0], None)?)?;
/// assert_eq!((found.level, found.rank), (Level::SomeCombinations, 1));
/// assert_eq!((found.constant, found.collinear, found.sums), (vec![2], vec![vec![0, 1]], vec![0]));
/// # Ok::<(), steelyard::error::Error>(())
/// ```
pub fn estimability(moments: &CrossMoments) -> Result<Estimability> {
    let p = moments.items;
    let constant: Vec<usize> = (0..p).filter(|j| moments.is_constant(*j)).collect();
    let varying: Vec<usize> = (0..p).filter(|j| !moments.is_constant(*j)).collect();
    let collinear = collinear_groups(moments);
    let size = |j: usize| moments.gram[[j, j]].sqrt();
    let correlation = Array2::from_shape_fn((varying.len(), varying.len()), |(i, k)| {
        moments.gram[[varying[i], varying[k]]] / (size(varying[i]) * size(varying[k]))
    });
    let eigen = SymmetricEigen::new(correlation.view())?;
    let largest = eigen.values.first().copied().unwrap_or(0.0);
    // A design of n units has centred rank at most n - 1, whatever round-off says.
    let ceiling = moments.units.saturating_sub(1);
    let rank = eigen.values.iter().filter(|value| **value > DEPENDENT * largest).count().min(ceiling);
    let span = eigen.vectors.slice(s![.., ..rank]);
    // In units of standard deviations, slope j is the j-th unit vector and a group's sum the signed ones of its members.
    let determined = |combination: &[(usize, f64)]| -> bool {
        let inside: f64 =
            (0..rank).map(|k| combination.iter().map(|(at, value)| value * span[[*at, k]]).sum::<f64>().powi(2)).sum();
        let length: f64 = combination.iter().map(|(_, value)| value * value).sum();
        inside > (1.0 - 1e-9) * length
    };
    let slopes: Vec<usize> =
        varying.iter().enumerate().filter(|(at, _)| determined(&[(*at, 1.0)])).map(|(_, j)| *j).collect();
    let sums: Vec<usize> = collinear
        .iter()
        .enumerate()
        .filter(|(_, group)| {
            let members: Vec<(usize, f64)> = group
                .iter()
                .filter_map(|j| {
                    let at = varying.iter().position(|k| k == j)?;
                    Some((at, moments.gram[[*j, group[0]]].signum()))
                })
                .collect();
            determined(&members)
        })
        .map(|(at, _)| at)
        .collect();
    let level = if slopes.len() == p {
        Level::Estimable
    } else if slopes.is_empty() && sums.is_empty() {
        Level::NotEstimable
    } else {
        Level::SomeCombinations
    };
    Ok(Estimability { level, rank, items: p, constant, collinear, slopes, sums })
}
