//! Data that several subjects share: the six centres, and data sets of base R as CSV beside the reference scripts.

use ndarray::{Array2, ArrayView2};
use steelyard::regress::CrossMoments;

/// Scores of Fyhn, Ludvigsen, Reme and Schaafsma (2020), Table 5, as printed: 25 items of six centres.
pub(crate) const SIX_CENTRES: [[i32; 6]; 25] = [
    [5, 5, 5, 5, 5, 5],
    [5, 5, 5, 2, 5, 5],
    [4, 5, 5, 5, 4, 5],
    [5, 2, 4, 2, 5, 4],
    [2, 3, 3, 3, 1, 3],
    [3, 5, 5, 5, 4, 4],
    [5, 5, 5, 4, 5, 5],
    [4, 3, 5, 3, 3, 4],
    [3, 4, 3, 3, 3, 4],
    [2, 3, 3, 3, 2, 3],
    [5, 4, 3, 3, 2, 4],
    [4, 5, 5, 5, 5, 5],
    [5, 5, 5, 5, 4, 5],
    [5, 5, 4, 5, 4, 5],
    [3, 5, 3, 3, 3, 5],
    [5, 5, 5, 5, 4, 5],
    [1, 2, 3, 1, 1, 3],
    [2, 1, 5, 4, 5, 5],
    [5, 5, 4, 5, 4, 5],
    [5, 5, 5, 5, 5, 5],
    [4, 5, 5, 1, 3, 4],
    [4, 5, 3, 5, 5, 5],
    [5, 5, 4, 4, 3, 4],
    [1, 1, 1, 1, 1, 2],
    [5, 5, 4, 2, 3, 5],
];

/// Centres 3, 5 and 6 had better employment outcomes (same source).
pub(crate) const HIGH_GROUP: [f64; 6] = [0.0, 0.0, 1.0, 0.0, 1.0, 1.0];

pub(crate) fn six_centres() -> Array2<f64> {
    Array2::from_shape_fn((6, 25), |(site, item)| f64::from(SIX_CENTRES[item][site]))
}

/// The named columns of a CSV that `tests/reference/data.R` wrote.
pub(crate) fn columns(text: &str, names: &[&str]) -> Array2<f64> {
    let mut lines = text.lines();
    let header: Vec<String> = lines.next().unwrap().split(',').map(|h| h.trim_matches('"').to_owned()).collect();
    let at: Vec<usize> = names.iter().map(|n| header.iter().position(|h| h == n).unwrap()).collect();
    let rows: Vec<Vec<f64>> = lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            at.iter().map(|j| cells[*j].trim_matches('"').parse().unwrap()).collect()
        })
        .collect();
    Array2::from_shape_vec((rows.len(), names.len()), rows.into_iter().flatten().collect()).unwrap()
}

pub(crate) fn attitude() -> (Array2<f64>, Vec<f64>) {
    let names = ["complaints", "privileges", "learning", "raises", "critical", "advance"];
    let text = include_str!("../reference/data/attitude.csv");
    (columns(text, &names), columns(text, &["rating"]).into_raw_vec_and_offset().0)
}

pub(crate) fn moments(x: ArrayView2<'_, f64>, y: &[f64]) -> CrossMoments {
    CrossMoments::from_rows(x, None, y, None).unwrap()
}

pub(crate) fn close(a: &[f64], b: &[f64], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    for (x, y) in a.iter().zip(b) {
        assert!((x - y).abs() <= tolerance * (1.0 + y.abs()), "{x} is not {y} in {a:?} / {b:?}");
    }
}
