//! Compensated sums, and the first four moments of a sample or of a distribution with probabilities.

/// The sum by Neumaier's compensated rule (1974, <https://doi.org/10.1002/zamm.19740540106>): its error does not grow
/// with the number of terms.
pub fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut total, mut lost) = (0.0_f64, 0.0_f64);
    for x in values {
        let next = total + x;
        lost += if total.abs() >= x.abs() { (total - next) + x } else { (x - next) + total };
        total = next;
    }
    // An infinite total has an undefined correction.
    if total.is_finite() { total + lost } else { total }
}

/// The inner product of two long vectors of one length, in eight running sums.
#[inline]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut lanes = [0.0_f64; 8];
    for (a, b) in a.iter().zip(b) {
        for l in 0..8 {
            lanes[l] += a[l] * b[l];
        }
    }
    lanes.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

/// Mean and central moments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub sd: f64,
    /// Third central moment.
    pub third: f64,
    /// Fourth central moment.
    pub fourth: f64,
}

/// Moments of a sample; the SD divides by n - 1, the third and fourth moment by n.
pub fn moments(values: &[f64]) -> Moments {
    let n = values.len() as f64;
    let mean = lanes(values, |x| x) / n;
    let second = lanes(values, |x| (x - mean) * (x - mean));
    let third = lanes(values, |x| (x - mean) * (x - mean) * (x - mean)) / n;
    let fourth = lanes(values, |x| ((x - mean) * (x - mean)) * ((x - mean) * (x - mean))) / n;
    Moments { mean, sd: (second / (n - 1.0)).sqrt(), third, fourth }
}

/// The standard deviation of a sample, dividing by n - 1.
pub fn standard_deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = lanes(values, |x| x) / n;
    (lanes(values, |x| (x - mean) * (x - mean)) / (n - 1.0)).sqrt()
}

/// Moments of a distribution whose probabilities sum to `mass`; the SD is that of the population.
pub fn weighted_moments(values: &[f64], probabilities: &[f64], mass: f64) -> Moments {
    let expect = |f: &dyn Fn(f64) -> f64| sum(values.iter().zip(probabilities).map(|(&x, &p)| p * f(x))) / mass;
    let mean = expect(&|x| x);
    let central = |k: i32| expect(&|x| (x - mean).powi(k));
    Moments { mean, sd: central(2).sqrt(), third: central(3), fourth: central(4) }
}

/// Sums of `f` over blocks in eight lanes, blocks compensated: fast, and as accurate as it needs to be.
fn lanes(values: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    sum(values.chunks(4096).map(|block| {
        let (eights, rest) = block.as_chunks::<8>();
        let mut lanes = [0.0_f64; 8];
        for eight in eights {
            for (lane, &x) in lanes.iter_mut().zip(eight) {
                *lane += f(x);
            }
        }
        lanes.iter().sum::<f64>() + rest.iter().map(|&x| f(x)).sum::<f64>()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_terms_survive_large_ones() {
        assert_eq!(sum([1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(sum([]), 0.0);
        assert_eq!(sum([f64::INFINITY, 1.0]), f64::INFINITY);
    }

    #[test]
    fn long_products_by_hand() {
        let a: Vec<f64> = (1..=19).map(f64::from).collect();
        assert_eq!(dot(&a, &a), 2470.0);
        assert_eq!(dot(&a[..3], &a[..3]), 14.0);
    }

    #[test]
    fn moments_by_hand() {
        let m = moments(&[1.0, 2.0, 6.0]);
        assert_eq!((m.mean, m.sd, m.third), (3.0, 7.0_f64.sqrt(), 6.0));
        assert_eq!(standard_deviation(&[1.0, 2.0, 6.0]), m.sd);
        let w = weighted_moments(&[0.0, 1.0], &[0.25, 0.75], 1.0);
        assert!((w.mean - 0.75).abs() < 1e-15 && (w.sd - 0.1875_f64.sqrt()).abs() < 1e-15);
        let equal = weighted_moments(&[1.0, 2.0, 6.0], &[1.0; 3], 3.0);
        assert!((equal.fourth - m.fourth).abs() < 1e-12 && (equal.third - 6.0).abs() < 1e-12);
    }
}
