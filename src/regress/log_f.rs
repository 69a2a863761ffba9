//! Logistic regression with log-F priors on the slopes: defined for more items than sites, and with separated outcomes.
//!
//! A log-F(m, m) prior on a log odds ratio is worth m further trials, half of them successes, of a participant whose score differs by one
//! point (Greenland and Mansournia 2015, doi:10.1002/sim.6537). With m = 1 the odds ratio per point lies within 1/648 and 648 with
//! probability .95, with m = 2 within 1/39 and 39.

use super::binomial::{BinomialFit, maximise};
use super::penalty::Penalty;
use super::separation::Fitted;
use super::trials::Trials;
use crate::error::{Result, input};
use ndarray::Array2;

/// Fits k of n with log-F(degrees, degrees) priors on the coefficients `which` (1 is the first slope); the others are free.
///
/// ```
/// use ndarray::array;
/// use steelyard::regress::{Trials, log_f::fit};
/// // One trial each, separated: the prior keeps the slope finite.
/// let data = Trials::new(array![[0.0], [1.0]].view(), &[0.0, 1.0], &[1.0, 1.0])?;
/// let found = fit(&data, 1.0, &[1])?.finite().ok_or_else(|| steelyard::error::input("separated"))?;
/// assert!(found.coefficients[1] > 1.0 && found.coefficients[1] < 4.0);
/// # Ok::<(), steelyard::error::Error>(())
/// ```
pub fn fit(data: &Trials, degrees: f64, which: &[usize]) -> Result<Fitted<BinomialFit>> {
    if !(degrees > 0.0 && degrees.is_finite()) {
        return Err(input("degrees of a log-F prior not allowed").at("degrees").got(degrees).allowed("above 0").into());
    }
    let transform = data.transform();
    let forms = Array2::from_shape_fn((which.len(), data.width()), |(i, j)| transform[[which[i], j]]);
    maximise(data, Penalty::LogF { forms, degrees })
}
