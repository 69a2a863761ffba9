//! Do item weights matter at all? Tests of one common slope against slopes that differ, whatever the scheme.

use super::null::Null;
use super::panel::Panel;
use crate::error::Result;
use crate::job::Control;
use crate::linalg::{Cholesky, SymmetricEigen, dot, times};
use crate::num::quadratic_forms::upper_at_zero;
use crate::num::special::f_upper;
use crate::regress::{CrossMoments, estimability::estimability};
use crate::stream::Seed;
use serde::Serialize;

/// The classical test that all slopes are equal: the plain total against free slopes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EqualSlopes {
    /// F statistic.
    pub statistic: f64,
    /// Numerator degrees of freedom.
    pub df1: f64,
    /// Denominator degrees of freedom.
    pub df2: f64,
    /// Upper tail.
    pub p_value: f64,
}

/// F = ((RSS0 - RSS1) / (p - 1)) / (RSS1 / (n - q - p - 1)); `None` where it is not defined, or rows are not sites.
pub(super) fn equal_slopes(adjusted: &CrossMoments, panel: &Panel) -> Result<Option<EqualSlopes>> {
    let (n, p) = (panel.outcome.len(), panel.item_count());
    let rows_are_sites = n == panel.sites();
    if p < 2 || !rows_are_sites || n <= panel.base.ncols() + p || !estimability(adjusted)?.is_full() {
        return Ok(None);
    }
    let Some(factor) = Cholesky::factor(adjusted.gram.view()).definite() else { return Ok(None) };
    let slopes = factor.solve(&adjusted.cross);
    let free = adjusted.yy - dot(&slopes, &adjusted.cross);
    let ones = vec![1.0; p];
    let Some(slope) = adjusted.slope_on(&ones) else { return Ok(None) };
    let equal = adjusted.yy - slope * adjusted.cross.iter().sum::<f64>();
    let (df1, df2) = ((p - 1) as f64, (n - panel.base.ncols() - p) as f64);
    if free <= 1e-12 * adjusted.yy {
        return Ok(None);
    }
    let statistic = ((equal - free).max(0.0) / df1) / (free / df2);
    Ok(Some(EqualSlopes { statistic, df1, df2, p_value: f_upper(statistic, df1, df2) }))
}

/// The variance-component score test: slopes that scatter about a common one with a variance, tested against none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SlopeScatter {
    /// |Z'r|^2 / |r|^2, for r the residuals of the reduced model and Z the items beyond it, as scored.
    pub statistic: f64,
    /// Upper tail under the reduced model.
    pub p_value: f64,
    /// Whether p is exact under normal errors; else it comes from drawn outcomes.
    pub exact: bool,
    /// Outcomes drawn; zero when exact.
    pub replicates: usize,
}

/// The items beyond intercept, covariates and the plain total, and what is left of an outcome.
struct Beyond {
    /// Whether there is anything left of items and outcome.
    image: Vec<f64>,
    variance: f64,
}

impl Beyond {
    fn new(adjusted: &CrossMoments) -> Option<Self> {
        let ones = vec![1.0; adjusted.items];
        let image = times(adjusted.gram.view(), &ones);
        let variance: f64 = image.iter().sum();
        (variance > 1e-11 * adjusted.gram.diag().sum()).then_some(Self { image, variance })
    }

    /// Q for one outcome; `None` when the reduced model leaves nothing of it.
    fn statistic(&self, adjusted: &CrossMoments) -> Option<f64> {
        let on_total: f64 = adjusted.cross.iter().sum();
        let left = adjusted.yy - on_total * on_total / self.variance;
        let beyond = adjusted.cross.iter().zip(&self.image).map(|(c, m)| c - m * on_total / self.variance);
        (left > 1e-12 * adjusted.yy).then(|| beyond.map(|b| b * b).sum::<f64>() / left)
    }
}

/// The test. For numbers its p is exact under normal errors with variance inverse to the weight, with any number of items
/// (a ratio of quadratic forms; Imhof 1961). For counts outcomes are drawn from the fitted `null`, whose intra-site correlation
/// is the random effect of sites. `None` where rows are not sites, or the reduced model leaves too little.
pub(super) fn slope_scatter(
    panel: &Panel,
    null: Option<&Null>,
    replicates: usize,
    seed: Seed,
    control: &Control,
) -> Result<Option<SlopeScatter>> {
    let (n, p) = (panel.outcome.len(), panel.item_count());
    if p < 2 || n != panel.sites() {
        return Ok(None);
    }
    let adjusted = panel.moments(&panel.outcome, &[])?.adjusted();
    let Some(beyond) = Beyond::new(&adjusted) else { return Ok(None) };
    let Some(statistic) = beyond.statistic(&adjusted) else { return Ok(None) };
    if let Some(null @ Null::Counts(_)) = null {
        let (mut y, mut order, mut at_least, mut done) = (panel.outcome.clone(), Vec::new(), 0, 0);
        for i in 0..replicates {
            if control.is_cancelled() {
                break;
            }
            null.draw(panel, seed, i as u64, &mut order, &mut y);
            let drawn = beyond.statistic(&panel.moments(&y, &[])?.adjusted());
            at_least += usize::from(drawn.is_none_or(|q| q >= statistic * (1.0 - 1e-10)));
            done += 1;
        }
        let p_value = (1 + at_least) as f64 / (1 + done) as f64;
        return Ok((done > 0).then_some(SlopeScatter { statistic, p_value, exact: false, replicates: done }));
    }
    let left = n.saturating_sub(panel.base.ncols() + 1);
    let p_value = exact_tail(&adjusted, &beyond, statistic, left)?;
    Ok(p_value.is_finite().then_some(SlopeScatter { statistic, p_value, exact: true, replicates: 0 }))
}

/// P(sum of (eigenvalue - q) chi-squares >= 0) over the `left` dimensions that the reduced model leaves.
fn exact_tail(adjusted: &CrossMoments, beyond: &Beyond, statistic: f64, left: usize) -> Result<f64> {
    let mut gram = adjusted.gram.clone();
    for i in 0..adjusted.items {
        for j in 0..adjusted.items {
            gram[[i, j]] -= beyond.image[i] * beyond.image[j] / beyond.variance;
        }
    }
    let values = SymmetricEigen::new(gram.view())?.values;
    let largest = values.first().copied().unwrap_or(0.0);
    let mut weights: Vec<f64> =
        values.into_iter().filter(|v| *v > 1e-11 * largest).take(left).map(|v| v - statistic).collect();
    weights.resize(left, -statistic);
    Ok(upper_at_zero(&weights))
}
