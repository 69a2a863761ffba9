//! Intraclass correlations of Shrout and Fleiss (1979, <https://doi.org/10.1037/0033-2909.86.2.420>), all six forms.
//!
//! ICC(1,.): each site has its own raters. ICC(2,.): a sample of raters, absolute agreement. ICC(3,.): these raters
//! alone, consistency. `.,1` is one rater's score, `.,k` the mean of k. Intervals of form 2 by Satterthwaite.

use crate::error::{Result, input};
use crate::num::inverse::f_quantile;
use crate::num::special::f_upper;
use serde::Serialize;

/// Mean squares of sites x raters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MeanSquares {
    /// Sites.
    pub n: usize,
    /// Raters.
    pub k: usize,
    /// Between sites.
    pub between: f64,
    /// Within sites.
    pub within: f64,
    /// Between raters.
    pub raters: f64,
    /// Residual.
    pub residual: f64,
}

/// One form.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Icc {
    /// `ICC(1,1)` and so on.
    pub form: &'static str,
    /// What it says, in words.
    pub meaning: &'static str,
    /// The coefficient; NaN where nothing varies.
    pub estimate: f64,
    /// F statistic against 0; infinite where the residual is 0.
    pub f: f64,
    /// Its degrees of freedom.
    pub df: (f64, f64),
    /// Its p-value.
    pub p: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// All six forms and the mean squares that they come from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IccResult {
    /// The mean squares.
    pub squares: MeanSquares,
    /// ICC(1,1), ICC(2,1), ICC(3,1), ICC(1,k), ICC(2,k), ICC(3,k).
    pub forms: Vec<Icc>,
}

/// Computes the six forms for `ratings` (n sites x k raters, row-major, complete).
///
/// ```
/// use steelyard::agreement::icc::icc;
/// // Shrout and Fleiss (1979), Table 2.
/// let table = [9., 2., 5., 8., 6., 1., 3., 2., 8., 4., 6., 8., 7., 1., 2., 6., 10., 5., 6., 9., 6., 2., 4., 7.];
/// let found = icc(&table, 4, 0.95)?;
/// let rounded: Vec<f64> = found.forms.iter().map(|f| (f.estimate * 100.0).round() / 100.0).collect();
/// assert_eq!(rounded, vec![0.17, 0.29, 0.71, 0.44, 0.62, 0.91]);
/// # Ok::<(), steelyard::error::Error>(())
/// ```
pub fn icc(ratings: &[f64], k: usize, confidence_level: f64) -> Result<IccResult> {
    let n = ratings.len().checked_div(k).unwrap_or(0);
    if n < 2 || k < 2 || n * k != ratings.len() || ratings.iter().any(|x| !x.is_finite()) {
        return Err(input("ratings not allowed")
            .got(format!("{} numbers for {k} raters", ratings.len()))
            .allowed("at least 2 sites rated by at least 2 raters each, every cell a number")
            .into());
    }
    if !(confidence_level > 0.0 && confidence_level < 1.0) {
        return Err(input("confidence level not allowed").got(confidence_level).allowed("between 0 and 1").into());
    }
    let ms = mean_squares(ratings, n, k);
    let tail = 1.0 - (1.0 - confidence_level) / 2.0;
    Ok(IccResult { forms: forms(&ms, tail), squares: ms })
}

fn mean_squares(x: &[f64], n: usize, k: usize) -> MeanSquares {
    let grand = x.iter().sum::<f64>() / x.len() as f64;
    let site: Vec<f64> = x.chunks_exact(k).map(|row| row.iter().sum::<f64>() / k as f64).collect();
    let rater: Vec<f64> = (0..k).map(|j| x.iter().skip(j).step_by(k).sum::<f64>() / n as f64).collect();
    let square = |v: f64| v * v;
    let between: f64 = site.iter().map(|m| k as f64 * square(m - grand)).sum();
    let raters: f64 = rater.iter().map(|m| n as f64 * square(m - grand)).sum();
    let within: f64 = x.iter().enumerate().map(|(c, v)| square(v - site[c / k])).sum();
    let residual: f64 = x.iter().enumerate().map(|(c, v)| square(v - site[c / k] - rater[c % k] + grand)).sum();
    let (n_f, k_f) = (n as f64, k as f64);
    MeanSquares {
        n,
        k,
        between: between / (n_f - 1.0),
        within: within / (n_f * (k_f - 1.0)),
        raters: raters / (k_f - 1.0),
        residual: residual / ((n_f - 1.0) * (k_f - 1.0)),
    }
}

fn forms(ms: &MeanSquares, tail: f64) -> Vec<Icc> {
    let (n, k) = (ms.n as f64, ms.k as f64);
    let (df_b, df_w, df_e) = (n - 1.0, n * (k - 1.0), (n - 1.0) * (k - 1.0));
    let (f1, f3) = (ms.between / ms.within, ms.between / ms.residual);
    // Raters who agree in everything have an infinite F and an ICC of 1.
    let single = |f: f64| if f.is_infinite() { 1.0 } else { (f - 1.0) / (f + k - 1.0) };
    let mean = |f: f64| 1.0 - 1.0 / f;
    let ends = |f: f64, df: f64| (f / f_quantile(tail, df_b, df), f * f_quantile(tail, df, df_b));
    let (one, three) = (ends(f1, df_w), ends(f3, df_e));
    let (b, r, e) = (ms.between, ms.raters, ms.residual);
    let two = (b - e) / (b + (k - 1.0) * e + k * (r - e) / n);
    let two_mean = (b - e) / (b + (r - e) / n);
    let (low, high) = agreement_ends(ms, two, tail);
    let up = |x: f64| x * k / (1.0 + x * (k - 1.0));
    let one_test = (f1, (df_b, df_w));
    let three_test = (f3, (df_b, df_e));
    let form = |form, meaning, estimate, (f, df): (f64, (f64, f64)), (low, high)| Icc {
        form,
        meaning,
        estimate,
        f,
        df,
        p: f_upper(f, df.0, df.1),
        low,
        high,
    };
    vec![
        form(
            "ICC(1,1)",
            "one rater, different ones at each site",
            single(f1),
            one_test,
            (single(one.0), single(one.1)),
        ),
        form("ICC(2,1)", "one rater, a sample of raters, absolute agreement", two, three_test, (low, high)),
        form(
            "ICC(3,1)",
            "one rater, these raters, consistency",
            single(f3),
            three_test,
            (single(three.0), single(three.1)),
        ),
        form("ICC(1,k)", "mean of raters, different ones at each site", mean(f1), one_test, (mean(one.0), mean(one.1))),
        form("ICC(2,k)", "mean of a sample of raters, absolute agreement", two_mean, three_test, (up(low), up(high))),
        form("ICC(3,k)", "mean of these raters, consistency", mean(f3), three_test, (mean(three.0), mean(three.1))),
    ]
}

/// Ends of ICC(2,1): Satterthwaite's degrees of freedom for the mix of rater and residual variance.
fn agreement_ends(ms: &MeanSquares, estimate: f64, tail: f64) -> (f64, f64) {
    let (n, k) = (ms.n as f64, ms.k as f64);
    let (b, r, e) = (ms.between, ms.raters, ms.residual);
    if e == 0.0 && r == 0.0 {
        return (estimate, estimate);
    }
    let f_raters = r / e.max(f64::MIN_POSITIVE);
    let top =
        (k - 1.0) * (n - 1.0) * (k * estimate * f_raters + n * (1.0 + (k - 1.0) * estimate) - k * estimate).powi(2);
    let bottom = (n - 1.0) * k * k * estimate * estimate * f_raters * f_raters
        + (n * (1.0 + (k - 1.0) * estimate) - k * estimate).powi(2);
    let v = top / bottom;
    let (upper, lower) = (f_quantile(tail, n - 1.0, v), f_quantile(tail, v, n - 1.0));
    let mix = k * r + (k * n - k - n) * e;
    (n * (b - upper * e) / (upper * mix + n * b), n * (lower * b - e) / (mix + n * lower * b))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn raters_who_agree_in_everything_and_sites_that_are_all_alike() {
        let found = icc(&[1.0, 1.0, 3.0, 3.0, 4.0, 4.0], 2, 0.95).unwrap();
        assert!(found.forms.iter().all(|f| f.estimate == 1.0 && f.low == 1.0 && f.high == 1.0));
        let alike = icc(&[2.0; 6], 2, 0.95).unwrap();
        assert!(alike.forms.iter().all(|f| f.estimate.is_nan()));
    }

    #[test]
    fn what_is_not_a_table_is_refused() {
        for (ratings, k) in [(vec![1.0, 2.0], 2), (vec![1.0; 4], 1), (vec![1.0, f64::NAN, 2.0, 3.0], 2), (vec![], 0)] {
            assert!(icc(&ratings, k, 0.95).is_err());
        }
        assert!(icc(&[1.0, 2.0, 3.0, 4.0], 2, 1.0).is_err());
    }

    proptest! {
        #[test]
        fn mean_squares_add_up_and_shifts_change_nothing(
            x in prop::collection::vec(1_i32..6, 12), shift in -3_i32..4,
        ) {
            let ratings: Vec<f64> = x.iter().map(|&v| f64::from(v)).collect();
            let moved: Vec<f64> = x.iter().map(|&v| f64::from(v + shift)).collect();
            let (a, b) = (icc(&ratings, 3, 0.9).unwrap(), icc(&moved, 3, 0.9).unwrap());
            prop_assert!((a.squares.between - b.squares.between).abs() < 1e-12);
            let ms = a.squares;
            let within = ms.within * 8.0;
            prop_assert!((within - (ms.raters * 2.0 + ms.residual * 6.0)).abs() < 1e-10);
        }
    }
}
