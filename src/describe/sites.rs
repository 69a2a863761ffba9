//! What the participants of each site say: rates, means and effects with intervals, and how alike participants of a site are.

use crate::num::inverse::{chi2_quantile, f_quantile};
use crate::num::special::{normal_quantile, t_quantile};
use serde::Serialize;

/// An estimate with its variance and interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The estimate; `None` without participants.
    pub value: Option<f64>,
    /// Its sampling variance; `None` where it is not known.
    pub variance: Option<f64>,
    /// Lower end.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

const NOTHING: Estimate = Estimate { value: None, variance: None, low: None, high: None };

/// A rate k / n with Wilson's interval (1927).
pub fn rate(k: f64, n: f64, confidence_level: f64) -> Estimate {
    if n <= 0.0 {
        return NOTHING;
    }
    let z = normal_quantile(f64::midpoint(1.0, confidence_level));
    let p = k / n;
    let centre = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let low = if k == 0.0 { 0.0 } else { centre - half };
    let high = if k == n { 1.0 } else { centre + half };
    Estimate { value: Some(p), variance: Some(p * (1.0 - p) / n), low: Some(low), high: Some(high) }
}

/// A mean with its t interval.
pub fn mean(n: f64, mean: f64, squares: f64, confidence_level: f64) -> Estimate {
    if n <= 0.0 {
        return NOTHING;
    }
    if n < 2.0 {
        return Estimate { value: Some(mean), ..NOTHING };
    }
    let variance = squares / (n - 1.0) / n;
    let half = t_quantile(f64::midpoint(1.0, confidence_level), n - 1.0) * variance.sqrt();
    Estimate { value: Some(mean), variance: Some(variance), low: Some(mean - half), high: Some(mean + half) }
}

/// Sums of a count y and its exposure t over n participants.
#[derive(Debug, Clone, Copy, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountSums {
    /// Participants.
    pub n: f64,
    /// Sum of y.
    pub y: f64,
    /// Sum of t.
    pub t: f64,
    /// Sum of y squared.
    pub yy: f64,
    /// Sum of y t.
    pub yt: f64,
    /// Sum of t squared.
    pub tt: f64,
}

/// A count over its exposure. The variance is that of a ratio between participants: counts of one person (weeks in work)
/// vary far more than a Poisson law says. Where nobody has any, the upper end is Garwood's exact Poisson limit (1936).
pub fn count(s: CountSums, confidence_level: f64) -> Estimate {
    if s.n <= 0.0 || s.t <= 0.0 {
        return NOTHING;
    }
    let rate = s.y / s.t;
    if s.y == 0.0 {
        let high = chi2_quantile(f64::midpoint(1.0, confidence_level), 2.0) / 2.0 / s.t;
        return Estimate { value: Some(0.0), variance: None, low: Some(0.0), high: Some(high) };
    }
    if s.n < 2.0 {
        return Estimate { value: Some(rate), ..NOTHING };
    }
    let residual = (s.yy - 2.0 * rate * s.yt + rate * rate * s.tt).max(0.0);
    let variance = s.n / (s.n - 1.0) * residual / (s.t * s.t);
    let half = t_quantile(f64::midpoint(1.0, confidence_level), s.n - 1.0) * variance.sqrt();
    Estimate { value: Some(rate), variance: Some(variance), low: Some((rate - half).max(0.0)), high: Some(rate + half) }
}

/// A difference of two independent estimates, or any estimate with a variance, with a normal interval.
pub fn normal(value: f64, variance: f64, confidence_level: f64) -> Estimate {
    let half = normal_quantile(f64::midpoint(1.0, confidence_level)) * variance.sqrt();
    Estimate { value: Some(value), variance: Some(variance), low: Some(value - half), high: Some(value + half) }
}

/// The log odds ratio of two rates; half a person is added to each cell where one is empty.
pub fn log_odds_ratio(k: (f64, f64), n: (f64, f64), confidence_level: f64) -> Estimate {
    let cells = [k.0, n.0 - k.0, k.1, n.1 - k.1];
    let add = if cells.contains(&0.0) { 0.5 } else { 0.0 };
    let [a, b, c, d] = cells.map(|x| x + add);
    normal((a / b).ln() - (c / d).ln(), 1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d, confidence_level)
}

/// The risk difference of two rates. Where a rate is 0 or 1 its variance would be 0: half a person is added to each cell
/// for the variance, never for the difference.
pub fn risk_difference(k: (f64, f64), n: (f64, f64), confidence_level: f64) -> Estimate {
    let empty = [k.0, n.0 - k.0, k.1, n.1 - k.1].contains(&0.0);
    let variance = |k: f64, n: f64| {
        let (k, n) = if empty { (k + 0.5, n + 1.0) } else { (k, n) };
        k / n * (1.0 - k / n) / n
    };
    let found = normal(k.0 / n.0 - k.1 / n.1, variance(k.0, n.0) + variance(k.1, n.1), confidence_level);
    Estimate { low: found.low.map(|x| x.max(-1.0)), high: found.high.map(|x| x.min(1.0)), ..found }
}

/// The share of the variance of an outcome that is between sites, by analysis of variance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SiteIcc {
    /// The estimate; below 0 when sites are more alike than chance would make them (not cut off).
    pub estimate: f64,
    /// Lower end (Searle's, exact for equal sizes and normal outcomes, else approximate).
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// The size n0 that takes the mean's place where sites differ in size.
    pub typical_size: f64,
}

/// ICC from each site's n, mean and sum of squares about it; `None` below two sites or without variation.
pub fn site_icc(n: &[f64], means: &[f64], squares: &[f64], confidence_level: f64) -> Option<SiteIcc> {
    let length = n.len().min(means.len()).min(squares.len());
    let known: Vec<usize> = (0..length).filter(|&i| n[i] > 0.0).collect();
    let (k, total) = (known.len() as f64, known.iter().map(|&i| n[i]).sum::<f64>());
    if k < 2.0 || total <= k {
        return None;
    }
    let grand = known.iter().map(|&i| n[i] * means[i]).sum::<f64>() / total;
    let between = known.iter().map(|&i| n[i] * (means[i] - grand).powi(2)).sum::<f64>() / (k - 1.0);
    let within = known.iter().map(|&i| squares[i]).sum::<f64>() / (total - k);
    let n0 = (total - known.iter().map(|&i| n[i] * n[i]).sum::<f64>() / total) / (k - 1.0);
    if between + within <= 0.0 {
        return None;
    }
    let of = |f: f64| (f - 1.0) / (f + n0 - 1.0);
    let f = between / within;
    let tail = f64::midpoint(1.0, confidence_level);
    let low = f / f_quantile(tail, k - 1.0, total - k);
    let high = f * f_quantile(tail, total - k, k - 1.0);
    let estimate = (between - within) / (between + (n0 - 1.0) * within);
    Some(SiteIcc { estimate, low: of(low), high: of(high), typical_size: n0 })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn estimates_by_hand() {
        // R 4.2: prop.test(7, 20, correct = FALSE)$conf.int.
        let wilson = rate(7.0, 20.0, 0.95);
        assert!((wilson.low.unwrap() - 0.181_191_5).abs() < 1e-6 && (wilson.high.unwrap() - 0.567_145_7).abs() < 1e-6);
        // Three people with 0, 2, 4 in one unit of time each: the mean 2 and its t interval.
        let sums = CountSums { n: 3.0, y: 6.0, t: 3.0, yy: 20.0, yt: 6.0, tt: 3.0 };
        let (ratio, plain) = (count(sums, 0.95), mean(3.0, 2.0, 8.0, 0.95));
        assert!((ratio.variance.unwrap() - plain.variance.unwrap()).abs() < 1e-15 && ratio.low == Some(0.0));
        assert!((ratio.high.unwrap() - plain.high.unwrap()).abs() < 1e-12);
        // R 4.2: poisson.test(0, 10)$conf.int[2] = 0.36888794541139363.
        let none = count(CountSums { n: 4.0, y: 0.0, t: 10.0, yy: 0.0, yt: 0.0, tt: 30.0 }, 0.95);
        assert!((none.high.unwrap() - 0.368_887_945_411_393_63).abs() < 1e-12);
        assert_eq!(rate(0.0, 0.0, 0.95), NOTHING);
        assert_eq!((rate(0.0, 5.0, 0.95).low, rate(5.0, 5.0, 0.95).high), (Some(0.0), Some(1.0)));
        assert_eq!(mean(1.0, 4.0, 0.0, 0.95).variance, None);
    }

    #[test]
    fn an_arm_without_events_keeps_its_difference_and_gets_a_variance() {
        let found = risk_difference((5.0, 0.0), (10.0, 10.0), 0.95);
        assert_eq!(found.value, Some(0.5));
        assert!(found.variance.unwrap() > 0.025);
        let odds = log_odds_ratio((5.0, 0.0), (10.0, 10.0), 0.95);
        assert!((odds.value.unwrap() - (5.5_f64 / 5.5 / (0.5 / 10.5)).ln()).abs() < 1e-12);
    }

    #[test]
    fn sites_of_one_size_give_the_textbook_icc() {
        // Two sites of two: values 0, 0 and 2, 4. MSB = 9, MSW = 1.
        let icc = site_icc(&[2.0, 2.0], &[0.0, 3.0], &[0.0, 2.0], 0.95).unwrap();
        assert_eq!((icc.estimate, icc.typical_size), (0.8, 2.0));
        assert!(site_icc(&[2.0], &[1.0], &[0.0], 0.95).is_none());
        assert!(site_icc(&[2.0, 2.0], &[1.0, 1.0], &[0.0, 0.0], 0.95).is_none());
    }
}
