//! Quantiles of distributions by bisection on their distribution functions, to the last bits that these carry.

use super::special::{chi2_upper, f_upper};

/// The point where an increasing function on the positive numbers reaches `p`; NaN where it does not.
fn increasing(p: f64, cdf: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while cdf(high) < p {
        low = high;
        high *= 2.0;
        if high > 1e300 {
            return f64::NAN;
        }
    }
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if cdf(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// Quantile of the F distribution; NaN outside its domain.
pub fn f_quantile(p: f64, df1: f64, df2: f64) -> f64 {
    if !(df1 > 0.0 && df2 > 0.0 && p > 0.0 && p < 1.0) {
        return f64::NAN;
    }
    increasing(p, |x| 1.0 - f_upper(x, df1, df2))
}

/// Quantile of the chi-square distribution; NaN outside its domain.
pub fn chi2_quantile(p: f64, df: f64) -> f64 {
    if !(df > 0.0 && p > 0.0 && p < 1.0) {
        return f64::NAN;
    }
    increasing(p, |x| 1.0 - chi2_upper(x, df))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabled_points() {
        // R 4.2: qf(.975, 3, 10), qchisq(.95, 1).
        assert!((f_quantile(0.975, 3.0, 10.0) - 4.825_621_493_405_412).abs() < 1e-12);
        assert!((chi2_quantile(0.95, 1.0) - 3.841_458_820_694_124).abs() < 1e-12);
        assert!(f_quantile(0.5, -1.0, 2.0).is_nan() && chi2_quantile(1.0, 2.0).is_nan());
    }
}
