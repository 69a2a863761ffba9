//! Distribution functions and their inverses, from `statrs` and `libm`, as plain functions of finite arguments.
//!
//! Arguments outside the domain (degrees of freedom not positive, probabilities outside `[0, 1]`, NaN) give NaN, which
//! the caller must turn into a named status: these functions do not know what was being computed.

use statrs::distribution::{Beta, ChiSquared, ContinuousCDF, FisherSnedecor, Normal, StudentsT};

/// Standard normal distribution function, by `libm`'s erfc: within a unit or two in the last place, tails included.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// Standard normal quantile; `p` of 0 and 1 give the infinities.
pub fn normal_quantile(p: f64) -> f64 {
    match p {
        p if p.is_nan() || !(0.0..=1.0).contains(&p) => f64::NAN,
        0.0 => f64::NEG_INFINITY,
        1.0 => f64::INFINITY,
        p => newton(p, Normal::standard().inverse_cdf(p), normal_cdf, normal_density),
    }
}

/// Student's t distribution function; infinite `df` is the normal.
pub fn t_cdf(x: f64, df: f64) -> f64 {
    if df == f64::INFINITY {
        return normal_cdf(x);
    }
    StudentsT::new(0.0, 1.0, df).map_or(f64::NAN, |law| if x.is_nan() { f64::NAN } else { law.cdf(x) })
}

/// Student's t quantile; infinite `df` is the normal.
pub fn t_quantile(p: f64, df: f64) -> f64 {
    if df == f64::INFINITY || !(0.0..=1.0).contains(&p) || p == 0.0 || p == 1.0 {
        return if df > 0.0 { normal_quantile(p) } else { f64::NAN };
    }
    let Ok(law) = StudentsT::new(0.0, 1.0, df) else { return f64::NAN };
    let density = |x: f64| statrs::distribution::Continuous::pdf(&law, x);
    newton(p, law.inverse_cdf(p), |x| law.cdf(x), density)
}

/// Two-sided p of a t statistic.
pub fn t_two_sided(t: f64, df: f64) -> f64 {
    2.0 * t_cdf(-t.abs(), df)
}

/// Upper tail of the F distribution.
pub fn f_upper(x: f64, df1: f64, df2: f64) -> f64 {
    FisherSnedecor::new(df1, df2).map_or(f64::NAN, |law| if x.is_nan() { f64::NAN } else { law.sf(x.max(0.0)) })
}

/// Upper tail of the chi-square distribution.
pub fn chi2_upper(x: f64, df: f64) -> f64 {
    ChiSquared::new(df).map_or(f64::NAN, |law| if x.is_nan() { f64::NAN } else { law.sf(x.max(0.0)) })
}

/// Beta distribution function.
pub fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    Beta::new(a, b).map_or(f64::NAN, |law| if x.is_nan() { f64::NAN } else { law.cdf(x.clamp(0.0, 1.0)) })
}

/// Beta quantile.
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    Beta::new(a, b).map_or(f64::NAN, |law| law.inverse_cdf(p))
}

/// Logarithm of the gamma function, for positive `x`.
pub fn ln_gamma(x: f64) -> f64 {
    statrs::function::gamma::ln_gamma(x)
}

fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// Polishes a quantile to full precision: library inverses stop early, and endpoints are compared to 1e-12.
fn newton(p: f64, start: f64, cdf: impl Fn(f64) -> f64, density: impl Fn(f64) -> f64) -> f64 {
    let mut x = start;
    for _ in 0..3 {
        let slope = density(x);
        let step = (cdf(x) - p) / slope;
        if !step.is_finite() || step.abs() > 0.1 * (1.0 + x.abs()) {
            break;
        }
        x -= step;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    // Values of R 4.2: qnorm(.975), qt(.975, 5), qt(.975, 11), qbeta(.025, 3, 8), pf(3, 2, 9, lower = FALSE).
    #[test]
    fn agree_with_r() {
        // The normal comes from libm; the incomplete beta of statrs is good to about 1e-12 in probability, 1e-11 in quantiles.
        let within = |a: f64, b: f64, tolerance: f64| assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{a} {b}");
        let close = |a, b| within(a, b, 2e-11);
        within(normal_quantile(0.975), 1.959_963_984_540_054, 1e-15);
        close(t_quantile(0.975, 5.0), 2.570_581_835_636_314);
        close(t_quantile(0.975, 11.0), 2.200_985_160_082_949);
        close(t_quantile(0.025, 11.0), -2.200_985_160_082_949);
        close(t_two_sided(2.570_581_835_636_314, 5.0), 0.05);
        within(normal_cdf(-1.959_963_984_540_054), 0.025, 1e-15);
        close(chi2_upper(3.841_458_820_694_124, 1.0), 0.05);
    }

    #[test]
    fn domains_end_in_named_values() {
        assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(t_quantile(1.0, 3.0), f64::INFINITY);
        assert!(t_quantile(0.5, 0.0).is_nan() && t_cdf(1.0, -1.0).is_nan() && normal_quantile(1.5).is_nan());
        assert_eq!(t_quantile(0.975, f64::INFINITY), normal_quantile(0.975));
    }

    #[test]
    fn quantiles_invert_their_distributions() {
        for df in [1.0, 2.5, 5.0, 30.0, 200.0] {
            for p in [0.001, 0.025, 0.3, 0.5, 0.9, 0.999] {
                assert!((t_cdf(t_quantile(p, df), df) - p).abs() < 1e-13, "df {df}, p {p}");
            }
        }
        assert!((beta_cdf(beta_quantile(0.3, 2.0, 5.0), 2.0, 5.0) - 0.3).abs() < 1e-9);
    }
}
