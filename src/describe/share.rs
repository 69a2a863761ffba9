//! A share, k of n: named intervals, simultaneous intervals of a composition, differences, and what non-response can do.

use crate::error::{Result, input};
use crate::num::special::{beta_cdf, normal_quantile};
use serde::{Deserialize, Serialize};

/// Which interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShareMethod {
    /// Wilson (1927), <https://doi.org/10.1080/01621459.1927.10502953>: the score test inverted. The default: near its
    /// level on average, never outside 0 to 1, and short.
    #[default]
    Wilson,
    /// Clopper and Pearson (1934), <https://doi.org/10.1093/biomet/26.4.404>: never below its level, long.
    ClopperPearson,
    /// Equal tails of the posterior under Jeffreys' prior; the ends are 0 and 1 where k is 0 or n (Brown, Cai and
    /// DasGupta 2001, <https://doi.org/10.1214/ss/1009213286>).
    Jeffreys,
    /// Agresti and Coull (1998), <https://doi.org/10.1080/00031305.1998.10480550>; cut to 0 and 1.
    AgrestiCoull,
}

/// A share with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// k / n.
    pub share: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Refuses a k that is not among 0 to n, and an n of 0.
pub fn checked(what: &str, k: u64, n: u64) -> Result<()> {
    if n == 0 || k > n {
        return Err(input("count out of range")
            .at(what)
            .got(format!("{k} of {n}"))
            .allowed("0 to n, n of 1 or more")
            .remedy("Correct the count or n; answers of which people may give several are statements of their own.")
            .into());
    }
    Ok(())
}

/// Refuses a level outside (0, 1).
pub fn checked_level(level: f64) -> Result<()> {
    if level > 0.0 && level < 1.0 {
        return Ok(());
    }
    Err(input("confidence level not allowed").at("confidence_level").got(level).allowed("above 0 and below 1").into())
}

/// A share and its interval at a level.
///
/// ```
/// use steelyard::describe::share::{share, ShareMethod};
/// let found = share(71, 77, 0.95, ShareMethod::Wilson);
/// assert!((found.low - 0.8402).abs() < 5e-5 && (found.high - 0.9638).abs() < 5e-5);
/// ```
pub fn share(k: u64, n: u64, level: f64, method: ShareMethod) -> Share {
    let (x, size) = (k as f64, n as f64);
    let z = normal_quantile(0.5 + level / 2.0);
    let (low, high) = match method {
        ShareMethod::Wilson => wilson(x, size, z),
        ShareMethod::ClopperPearson => {
            let tail = (1.0 - level) / 2.0;
            (beta_quantile(tail, x, size - x + 1.0), beta_quantile(1.0 - tail, x + 1.0, size - x))
        }
        ShareMethod::Jeffreys => {
            let tail = (1.0 - level) / 2.0;
            let low = if k == 0 { 0.0 } else { beta_quantile(tail, x + 0.5, size - x + 0.5) };
            let high = if k == n { 1.0 } else { beta_quantile(1.0 - tail, x + 0.5, size - x + 0.5) };
            (low, high)
        }
        ShareMethod::AgrestiCoull => {
            let (more, count) = (x + z * z / 2.0, size + z * z);
            let middle = more / count;
            let half = z * (middle * (1.0 - middle) / count).sqrt();
            ((middle - half).max(0.0), (middle + half).min(1.0))
        }
    };
    Share { share: x / size, low, high }
}

fn wilson(x: f64, n: f64, z: f64) -> (f64, f64) {
    let p = x / n;
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let low = if x == 0.0 { 0.0 } else { (middle - half).max(0.0) };
    let high = if x == n { 1.0 } else { (middle + half).min(1.0) };
    (low, high)
}

/// Beta quantile by bisection of the distribution function: 0 and 1 where a shape parameter is 0.
fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    if a <= 0.0 {
        return 0.0;
    }
    if b <= 0.0 {
        return 1.0;
    }
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    while high - low > 1e-16 * (low + high) && low < f64::midpoint(low, high) && f64::midpoint(low, high) < high {
        let middle = f64::midpoint(low, high);
        if beta_cdf(middle, a, b) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// Simultaneous intervals of a composition: Wilson's at level 1 - (1 - level) / c for c categories.
///
/// Goodman (1965), On simultaneous confidence intervals for multinomial proportions, Technometrics 7:247,
/// <https://doi.org/10.1080/00401706.1965.10490252>.
pub fn composition(counts: &[u64], level: f64) -> Vec<Share> {
    let n: u64 = counts.iter().sum();
    let each = 1.0 - (1.0 - level) / counts.len() as f64;
    counts.iter().map(|k| share(*k, n, each, ShareMethod::Wilson)).collect()
}

/// What a share among the n who answered can be among all `total`: nobody and everybody of the others counted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bounds {
    /// People it is carried to.
    pub total: u64,
    /// Share if none of the others had said yes (for a mean: all at the lowest value).
    pub low: f64,
    /// Share if all of them had (for a mean: at the highest value).
    pub high: f64,
    /// The same with sampling error: lower end of an interval about `low`.
    pub outer_low: f64,
    /// Upper end of an interval about `high`.
    pub outer_high: f64,
}

/// Worst-case bounds (Manski 1989, <https://doi.org/10.2307/145818>), without any assumption on who answers.
///
/// ```
/// use steelyard::describe::share::{bounds, ShareMethod};
/// let found = bounds(71, 77, 227, 0.95, ShareMethod::Wilson).unwrap();
/// assert_eq!((found.low, found.high), (71.0 / 227.0, 221.0 / 227.0));
/// ```
pub fn bounds(k: u64, n: u64, total: u64, level: f64, method: ShareMethod) -> Result<Bounds> {
    checked("bounds", k, n)?;
    if total < n {
        return Err(input("fewer people than answers")
            .at("bounds")
            .got(format!("{n} answers of {total}"))
            .allowed(format!("at least {n}"))
            .remedy("Denominators shrink along the ladder: correct the step.")
            .into());
    }
    let most = k + (total - n);
    Ok(Bounds {
        total,
        low: k as f64 / total as f64,
        high: most as f64 / total as f64,
        outer_low: share(k, total, level, method).low,
        outer_high: share(most, total, level, method).high,
    })
}

/// The share among the others at which the share among all crosses `cut`; None when no share of theirs does.
pub fn tipping_share(k: u64, n: u64, total: u64, cut: f64) -> Option<f64> {
    let others = total.checked_sub(n).filter(|others| *others > 0)?;
    let needed = (cut * total as f64 - k as f64) / others as f64;
    (0.0..=1.0).contains(&needed).then_some(needed)
}

/// Difference of two independent shares with Newcombe's hybrid score interval (1998, method 10,
/// <https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8%3C873::AID-SIM779%3E3.0.CO;2-I>).
pub fn difference(first: (u64, u64), second: (u64, u64), level: f64) -> Share {
    let a = share(first.0, first.1, level, ShareMethod::Wilson);
    let b = share(second.0, second.1, level, ShareMethod::Wilson);
    let d = a.share - b.share;
    Share {
        share: d,
        low: d - (a.share - a.low).hypot(b.high - b.share),
        high: d + (a.high - a.share).hypot(b.share - b.low),
    }
}

/// A group of people on one variable: n, mean and SD; for a share the mean is the share and the SD is its own.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// People.
    pub n: u64,
    /// Mean or share.
    pub mean: f64,
    /// SD; None for a share.
    #[serde(default)]
    pub sd: Option<f64>,
}

/// Standardised difference of two groups: difference over the root of the mean variance (Austin 2009,
/// <https://doi.org/10.1002/sim.3697>), with the large-sample standard error of Hedges and Olkin (1985).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Standardised {
    /// Difference in SDs; None when neither group varies.
    pub difference: Option<f64>,
    /// Its standard error.
    pub standard_error: Option<f64>,
}

/// Standardised difference between those who took part and those who did not.
pub fn standardised(first: Side, second: Side) -> Standardised {
    let variance = |side: Side| side.sd.map_or(side.mean * (1.0 - side.mean), |sd| sd * sd);
    let spread = f64::midpoint(variance(first), variance(second)).sqrt();
    if spread.is_nan() || spread <= 0.0 {
        return Standardised { difference: None, standard_error: None };
    }
    let d = (first.mean - second.mean) / spread;
    let (n1, n2) = (first.n as f64, second.n as f64);
    let error = ((n1 + n2) / (n1 * n2) + d * d / (2.0 * (n1 + n2))).sqrt();
    Standardised { difference: Some(d), standard_error: Some(error) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_study() {
        for (k, n, low, high) in [(71, 77, 84.02, 96.38), (96, 227, 36.04, 48.79), (75, 146, 43.33, 59.34)] {
            let found = share(k, n, 0.95, ShareMethod::Wilson);
            assert!((100.0 * found.low - low).abs() < 0.005 && (100.0 * found.high - high).abs() < 0.005, "{found:?}");
        }
    }

    #[test]
    fn nobody_and_everybody_end_at_the_scale() {
        for method in
            [ShareMethod::Wilson, ShareMethod::ClopperPearson, ShareMethod::Jeffreys, ShareMethod::AgrestiCoull]
        {
            let (none, all) = (share(0, 12, 0.95, method), share(12, 12, 0.95, method));
            assert_eq!((none.low, all.high), (0.0, 1.0), "{method:?}");
            assert!((none.high - (1.0 - all.low)).abs() < 1e-12 && none.high > 0.15 && none.high < 0.31, "{none:?}");
        }
        // Clopper and Pearson for 0 of n: 1 - (alpha/2)^(1/n).
        let exact = 1.0 - 0.025_f64.powf(1.0 / 12.0);
        assert!((share(0, 12, 0.95, ShareMethod::ClopperPearson).high - exact).abs() < 1e-12);
    }

    #[test]
    fn a_side_that_does_not_vary_has_no_standardised_difference() {
        let side = |mean| Side { n: 10, mean, sd: None };
        assert_eq!(standardised(side(1.0), side(1.0)).difference, None);
        let found = standardised(side(0.5), side(0.25));
        assert!((found.difference.unwrap() - 0.25 / 0.21875_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn the_tipping_share_is_where_the_total_meets_the_cut() {
        let needed = tipping_share(71, 77, 227, 0.5).unwrap();
        assert!(((71.0 + 150.0 * needed) / 227.0 - 0.5).abs() < 1e-15);
        assert_eq!(tipping_share(71, 77, 80, 0.5), None);
        assert_eq!(tipping_share(71, 77, 77, 0.5), None);
        assert!(
            bounds(71, 77, 70, 0.95, ShareMethod::Wilson).is_err()
                && bounds(3, 2, 9, 0.9, ShareMethod::Wilson).is_err()
        );
    }
}
