//! Gauss-Hermite quadrature: nodes and weights for integrals against exp(-z^2) (Golub and Welsch 1969,
//! doi:10.1090/S0025-5718-69-99647-1, for the theory; the roots are bracketed by those of the polynomial before).

/// Nodes, rising, and weights of the rule with `count` nodes: exact for polynomials of degree 2 `count` - 1.
///
/// ```
/// let (nodes, weights) = steelyard::regress::quadrature::gauss_hermite(2);
/// assert!((nodes[1] - 0.5_f64.sqrt()).abs() < 1e-15);
/// assert!((weights[0] - std::f64::consts::PI.sqrt() / 2.0).abs() < 1e-15);
/// ```
pub fn gauss_hermite(count: usize) -> (Vec<f64>, Vec<f64>) {
    let mut nodes: Vec<f64> = Vec::new();
    for degree in 1..=count {
        // The roots of successive polynomials interlace, and all lie within sqrt(2 n + 1).
        let edge = (2.0 * degree as f64 + 1.0).sqrt();
        let bounds: Vec<f64> = std::iter::once(-edge).chain(nodes.iter().copied()).chain([edge]).collect();
        nodes = bounds.windows(2).map(|pair| root(degree, pair[0], pair[1])).collect();
    }
    let weights = nodes
        .iter()
        .map(|z| {
            let before = hermite(count, *z).1;
            1.0 / (count as f64 * before * before)
        })
        .collect();
    (nodes, weights)
}

/// The orthonormal Hermite polynomial of this degree, and of the one before.
fn hermite(degree: usize, z: f64) -> (f64, f64) {
    let (mut before, mut here) = (0.0, std::f64::consts::PI.powf(-0.25));
    for k in 0..degree {
        let k = k as f64;
        (before, here) = (here, z * (2.0 / (k + 1.0)).sqrt() * here - (k / (k + 1.0)).sqrt() * before);
    }
    (here, before)
}

fn root(degree: usize, mut low: f64, mut high: f64) -> f64 {
    let rising = hermite(degree, high).0 > 0.0;
    let mut z = 0.5 * (low + high);
    for _ in 0..200 {
        let (here, before) = hermite(degree, z);
        if (here > 0.0) == rising {
            high = z;
        } else {
            low = z;
        }
        // The derivative of the orthonormal polynomial is sqrt(2 n) times the one before.
        let newton = z - here / ((2.0 * degree as f64).sqrt() * before);
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        if (next - z).abs() <= 1e-16 * (1.0 + z.abs()) {
            return next;
        }
        z = next;
    }
    z
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::gauss_hermite;

    #[test]
    fn integrates_even_powers_exactly() {
        for count in 1..=25 {
            let (nodes, weights) = gauss_hermite(count);
            // Moments of exp(-z^2): sqrt(pi) (1/2)(3/2)...(k - 1/2).
            let mut exact = std::f64::consts::PI.sqrt();
            for power in 0..i32::try_from(count.min(12)).unwrap() {
                let sum: f64 = nodes.iter().zip(&weights).map(|(z, w)| w * z.powi(2 * power)).sum();
                assert!((sum / exact - 1.0).abs() < 1e-12, "{count} nodes, power {power}: {sum} is not {exact}");
                exact *= f64::from(power) + 0.5;
            }
            assert!(nodes.iter().zip(nodes.iter().rev()).all(|(a, b)| (a + b).abs() < 1e-14));
        }
    }
}
