//! Tail of a weighted sum of independent chi-squares with one degree of freedom, weights of either sign.

/// Nodes of Simpson's rule after mapping the half-line to (0, 1); the integrand is smooth there.
const NODES: usize = 8000;

/// P(sum of `weights[k]` times a chi-square on 1 degree of freedom >= 0), by Imhof's integral (1961, equation 3.2,
/// doi:10.1093/biomet/48.3-4.419). NaN with fewer than three weights other than zero, where the integral converges slowly.
///
/// ```
/// use steelyard::num::quadratic_forms::upper_at_zero;
/// // Two against two with equal weights: an F ratio on (2, 2) degrees of freedom above 1 has probability one half.
/// assert!((upper_at_zero(&[1.0, 1.0, -1.0, -1.0]) - 0.5).abs() < 1e-10);
/// ```
pub fn upper_at_zero(weights: &[f64]) -> f64 {
    let largest = weights.iter().fold(0.0_f64, |most, w| most.max(w.abs()));
    let weights: Vec<f64> = weights.iter().filter(|w| w.abs() > 1e-14 * largest).map(|w| w / largest).collect();
    if weights.len() < 3 {
        return f64::NAN;
    }
    let at = |t: f64| {
        if t >= 1.0 {
            return 0.0;
        }
        let u = t / (1.0 - t);
        let (mut angle, mut log_size) = (0.0, 0.0);
        for w in &weights {
            angle += 0.5 * (w * u).atan();
            log_size += 0.25 * (w * u).powi(2).ln_1p();
        }
        let ratio = if u > 0.0 { angle.sin() / u } else { 0.5 * weights.iter().sum::<f64>() };
        ratio * (-log_size).exp() / (1.0 - t).powi(2)
    };
    let step = 1.0 / NODES as f64;
    let inner: f64 = (1..NODES).map(|k| (if k % 2 == 1 { 4.0 } else { 2.0 }) * at(k as f64 * step)).sum();
    (0.5 + (at(0.0) + inner + at(1.0)) * step / 3.0 / std::f64::consts::PI).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::special::f_upper;

    #[test]
    fn equal_weights_on_each_side_are_an_f_ratio() {
        for (above, below, x) in [(3_usize, 8_usize, 1.7), (1, 12, 5.0), (24, 52, 1.4), (2, 4, 0.3)] {
            // above/below ratio: chi2_a / a >= x chi2_b / b.
            let mut weights = vec![1.0 / above as f64; above];
            weights.extend(vec![-x / below as f64; below]);
            let exact = f_upper(x, above as f64, below as f64);
            assert!(
                (upper_at_zero(&weights) - exact).abs() < 1e-7,
                "{above} {below}: {} {exact}",
                upper_at_zero(&weights)
            );
        }
    }

    #[test]
    fn imhofs_own_table_is_met() {
        // Imhof 1961, Table 1, Q1: .6, .3 and .1 on one degree of freedom each; P(Q1 > 2) = .1240. The constant 2 is the
        // limit of many small terms; 2,000 of them leave a standard deviation of .06, worth .0005 in the tail.
        let mut weights = vec![0.6, 0.3, 0.1];
        weights.extend(vec![-2.0 / 2000.0; 2000]);
        assert!((upper_at_zero(&weights) - 0.124).abs() < 0.001, "{}", upper_at_zero(&weights));
    }

    #[test]
    fn too_few_terms_are_not_a_number() {
        assert!(upper_at_zero(&[1.0, -1.0]).is_nan());
    }
}
