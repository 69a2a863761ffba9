//! Multiple imputation of missing item scores, fitted on the training sites alone, and Rubin's rules.
//!
//! With a handful of sites and 25 items no regression on all other items can be estimated. Each item is regressed on one
//! number, the mean position of the site's other scored items on their ranges; parameters are drawn from their
//! posterior under the usual flat prior (Rubin 1987, p. 167), then a score is drawn and put on the nearest admissible one.

use crate::error::{Error, Result, input};
use crate::scale::{Item, Scale};
use crate::stream::{Purpose, Seed, Stream};
use rand_distr::{ChiSquared, Distribution, StandardNormal};
use serde::Serialize;

/// The regression of one item on the position of the others, from the training sites.
#[derive(Debug, Clone, Copy, PartialEq)]
struct ItemFit {
    n: usize,
    mean: f64,
    position_mean: f64,
    /// Slope on the position; `None` where the position does not vary or too few sites are scored.
    slope: Option<f64>,
    /// Sum of squares of the position.
    position_squares: f64,
    /// Residual sum of squares.
    residual: f64,
}

/// The imputation fitted to the training sites: what every copy draws from.
#[derive(Debug, Clone)]
pub struct Imputer<'a> {
    scale: &'a Scale,
    values: &'a [f64],
    positions: Vec<Vec<Option<f64>>>,
    /// Missing cells: site and item.
    holes: Vec<(usize, usize)>,
    fits: Vec<Option<ItemFit>>,
}

impl<'a> Imputer<'a> {
    /// Fits `values` (sites x items, oriented, NaN where missing). `training[i]` says whether site `i` may inform the
    /// imputation: with a fold left out, its sites are completed from the others' parameters and their own scored items,
    /// never from each other.
    pub fn fit(scale: &'a Scale, values: &'a [f64], training: &[bool]) -> Result<Self> {
        let p = scale.items.len();
        if values.len() != training.len() * p {
            return Err(input("one training flag per site is needed").got(training.len()).into());
        }
        let positions: Vec<Vec<Option<f64>>> = values.chunks_exact(p).map(|row| rest_positions(scale, row)).collect();
        let holes: Vec<(usize, usize)> =
            (0..values.len()).filter(|&c| values[c].is_nan()).map(|c| (c / p, c % p)).collect();
        let mut fits: Vec<Option<ItemFit>> = vec![None; p];
        for &(_, j) in &holes {
            if fits[j].is_none() {
                let rows = (0..training.len()).filter(|&i| training[i] && !values[i * p + j].is_nan());
                let pairs: Vec<(Option<f64>, f64)> = rows.map(|i| (positions[i][j], values[i * p + j])).collect();
                fits[j] = Some(fit(&pairs).ok_or_else(|| unknown(&scale.items[j]))?);
            }
        }
        Ok(Self { scale, values, positions, holes, fits })
    }

    /// Completed copy number `m`: it depends on the seed and `m` alone.
    pub fn copy(&self, seed: Seed, m: u64) -> Result<Vec<f64>> {
        let p = self.scale.items.len();
        let mut stream = seed.stream(Purpose::Impute, m);
        let mut drawn: Vec<Option<Drawn>> = vec![None; p];
        let mut copy = self.values.to_vec();
        for &(i, j) in &self.holes {
            let Some(fit) = self.fits[j] else { return Err(Error::Internal { what: "imputation".into() }) };
            if drawn[j].is_none() {
                drawn[j] = Some(draw(&fit, &mut stream)?);
            }
            if let Some(parameters) = drawn[j] {
                let noise: f64 = StandardNormal.sample(stream.rng());
                let at = self.positions[i][j].map_or(0.0, |x| x - fit.position_mean);
                let score = parameters.mean + parameters.slope * at + parameters.sd * noise;
                copy[i * p + j] = nearest(&self.scale.items[j], score);
            }
        }
        Ok(copy)
    }
}

/// All copies at once: see [`Imputer`].
pub fn impute(scale: &Scale, values: &[f64], training: &[bool], copies: u64, seed: Seed) -> Result<Vec<Vec<f64>>> {
    let imputer = Imputer::fit(scale, values, training)?;
    (0..copies).map(|m| imputer.copy(seed, m)).collect()
}

fn unknown(item: &Item) -> Error {
    input("item with too few scores to impute from")
        .at(format!("item \"{}\"", item.id))
        .allowed("at least two training sites with a score")
        .remedy("Use the bounds, or leave the item out.")
        .into()
}

/// Mean position of the other scored items of a site, for each item.
fn rest_positions(scale: &Scale, row: &[f64]) -> Vec<Option<f64>> {
    let position = |j: usize| (row[j] - scale.items[j].minimum) / (scale.items[j].maximum - scale.items[j].minimum);
    let scored: Vec<usize> = (0..row.len()).filter(|&j| !row[j].is_nan()).collect();
    let sum: f64 = scored.iter().map(|&j| position(j)).sum();
    (0..row.len())
        .map(|j| {
            let own = if row[j].is_nan() { 0.0 } else { position(j) };
            let others = scored.len() - usize::from(!row[j].is_nan());
            (others > 0).then(|| (sum - own) / others as f64)
        })
        .collect()
}

fn fit(pairs: &[(Option<f64>, f64)]) -> Option<ItemFit> {
    let n = pairs.len();
    if n < 2 {
        return None;
    }
    let mean = pairs.iter().map(|(_, y)| y).sum::<f64>() / n as f64;
    let known: Vec<(f64, f64)> = pairs.iter().filter_map(|(x, y)| x.map(|x| (x, *y))).collect();
    let total: f64 = pairs.iter().map(|(_, y)| (y - mean).powi(2)).sum();
    let flat = ItemFit { n, mean, position_mean: 0.0, slope: None, position_squares: 0.0, residual: total };
    // A slope needs two residual degrees of freedom; sites without other scores would need a second model.
    if known.len() < n || n < 4 {
        return Some(flat);
    }
    let position_mean = known.iter().map(|(x, _)| x).sum::<f64>() / n as f64;
    let position_squares: f64 = known.iter().map(|(x, _)| (x - position_mean).powi(2)).sum();
    if position_squares < 1e-12 {
        return Some(flat);
    }
    let slope = known.iter().map(|(x, y)| (x - position_mean) * (y - mean)).sum::<f64>() / position_squares;
    let residual = known.iter().map(|(x, y)| (y - mean - slope * (x - position_mean)).powi(2)).sum();
    Some(ItemFit { n, mean, position_mean, slope: Some(slope), position_squares, residual })
}

#[derive(Debug, Clone, Copy)]
struct Drawn {
    mean: f64,
    slope: f64,
    sd: f64,
}

/// Draws residual SD, mean and slope from their posterior.
fn draw(fit: &ItemFit, stream: &mut Stream) -> Result<Drawn> {
    let freedom = (fit.n - 1 - usize::from(fit.slope.is_some())) as f64;
    let law = ChiSquared::new(freedom).map_err(|_| Error::Internal { what: "imputation".into() })?;
    let chi2: f64 = law.sample(stream.rng());
    let sd = (fit.residual / chi2).sqrt();
    let mut normal = || -> f64 { StandardNormal.sample(stream.rng()) };
    let mean = fit.mean + sd / (fit.n as f64).sqrt() * normal();
    let slope = fit.slope.map_or(0.0, |b| b + sd / fit.position_squares.sqrt() * normal());
    Ok(Drawn { mean, slope, sd })
}

/// The admissible score that is nearest.
fn nearest(item: &Item, score: f64) -> f64 {
    let steps = ((score.clamp(item.minimum, item.maximum) - item.minimum) / item.step).round();
    (item.minimum + steps * item.step).min(item.maximum)
}

/// Estimates from completed copies, pooled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pooled {
    /// Mean of the estimates.
    pub estimate: f64,
    /// Square root of the total variance.
    pub standard_error: f64,
    /// Mean variance within copies.
    pub within: f64,
    /// Variance of the estimates between copies.
    pub between: f64,
    /// Degrees of freedom (Barnard and Rubin 1999 where the complete data's are given, else Rubin 1987).
    pub degrees_of_freedom: f64,
    /// Share of the total variance that is due to what is missing.
    pub missing_share: f64,
}

/// Pools by Rubin's rules; `complete` is the degrees of freedom that complete data would have.
///
/// ```
/// use steelyard::data::impute::rubin;
/// let pooled = rubin(&[1.0, 2.0, 3.0], &[0.5, 0.5, 0.5], None)?;
/// // W = .5, B = 1, T = .5 + 4/3.
/// assert!((pooled.standard_error.powi(2) - (0.5 + 4.0 / 3.0)).abs() < 1e-15);
/// # Ok::<(), steelyard::error::Error>(())
/// ```
pub fn rubin(estimates: &[f64], variances: &[f64], complete: Option<f64>) -> Result<Pooled> {
    let m = estimates.len();
    let finite = estimates.iter().chain(variances).all(|x| x.is_finite()) && variances.iter().all(|v| *v >= 0.0);
    if m < 2 || variances.len() != m || !finite || complete.is_some_and(|df| df.is_nan() || df <= 0.0) {
        return Err(input("estimates that cannot be pooled")
            .got(format!("{m} estimates, {} variances", variances.len()))
            .allowed("at least two finite estimates, each with a variance that is not negative")
            .into());
    }
    let count = m as f64;
    let estimate = estimates.iter().sum::<f64>() / count;
    let within = variances.iter().sum::<f64>() / count;
    let between = estimates.iter().map(|q| (q - estimate).powi(2)).sum::<f64>() / (count - 1.0);
    let extra = (1.0 + 1.0 / count) * between;
    let total = within + extra;
    let missing_share = if total > 0.0 { extra / total } else { 0.0 };
    let old = if extra > 0.0 { (count - 1.0) / (missing_share * missing_share) } else { f64::INFINITY };
    let degrees_of_freedom = match complete {
        None => old,
        Some(df) => {
            let observed = (df + 1.0) / (df + 3.0) * df * (1.0 - missing_share);
            1.0 / (1.0 / old + 1.0 / observed)
        }
    };
    Ok(Pooled { estimate, standard_error: total.sqrt(), within, between, degrees_of_freedom, missing_share })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::scale::shipped;

    fn sheet() -> (Scale, Vec<f64>) {
        let scale = shipped::load("ips-15").unwrap();
        let mut stream = Seed(5).stream(Purpose::Simulate, 0);
        let mut values: Vec<f64> = (0..8 * 15).map(|c| 1.0 + f64::from(stream.below(3)) + f64::from(c / 60)).collect();
        values[3] = f64::NAN;
        values[3 * 15 + 7] = f64::NAN;
        values[7 * 15 + 7] = f64::NAN;
        (scale, values)
    }

    #[test]
    fn copies_complete_the_holes_and_nothing_else() {
        let (scale, values) = sheet();
        let copies = impute(&scale, &values, &[true; 8], 5, Seed(1)).unwrap();
        for copy in &copies {
            for (was, is) in values.iter().zip(copy) {
                assert!(was.is_nan() || was == is);
                assert!(scale.items[0].admits(*is));
            }
        }
        assert_eq!(copies[..3], impute(&scale, &values, &[true; 8], 3, Seed(1)).unwrap()[..]);
    }

    #[test]
    fn a_left_out_site_informs_nobody() {
        let (scale, mut values) = sheet();
        let mut training = [true; 8];
        training[7] = false;
        let before = impute(&scale, &values, &training, 20, Seed(2)).unwrap();
        for j in (0..15).filter(|&j| j != 7) {
            values[7 * 15 + j] = 1.0;
        }
        let after = impute(&scale, &values, &training, 20, Seed(2)).unwrap();
        for (a, b) in before.iter().zip(&after) {
            assert_eq!((a[3], a[3 * 15 + 7]), (b[3], b[3 * 15 + 7]));
        }
    }

    #[test]
    fn an_item_without_scores_cannot_be_imputed() {
        let (scale, mut values) = sheet();
        for i in 0..8 {
            values[i * 15] = f64::NAN;
        }
        let error = impute(&scale, &values, &[true; 8], 1, Seed(1)).unwrap_err().to_string();
        assert!(error.starts_with("item with too few scores to impute from in item"), "{error}");
    }

    #[test]
    fn rubin_by_hand() {
        // Two copies: Q = 2, 4; U = 1, 3. W = 2, B = 2, T = 2 + 1.5 * 2 = 5, share = .6, df = 1 / .36.
        let pooled = rubin(&[2.0, 4.0], &[1.0, 3.0], None).unwrap();
        assert_eq!((pooled.estimate, pooled.within, pooled.between), (3.0, 2.0, 2.0));
        assert!((pooled.standard_error - 5.0_f64.sqrt()).abs() < 1e-15);
        assert!((pooled.missing_share - 0.6).abs() < 1e-15 && (pooled.degrees_of_freedom - 1.0 / 0.36).abs() < 1e-12);
        // Barnard and Rubin with 10 complete degrees of freedom: observed = 11/13 * 10 * .4.
        let small = rubin(&[2.0, 4.0], &[1.0, 3.0], Some(10.0)).unwrap();
        assert!((small.degrees_of_freedom - 1.0 / (0.36 + 13.0 / 44.0)).abs() < 1e-12);
        assert!(rubin(&[1.0], &[1.0], None).is_err() && rubin(&[1.0, f64::NAN], &[1.0, 1.0], None).is_err());
    }
}
