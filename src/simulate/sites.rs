//! Synthetic sites: items, outcomes, and the truth behind them.

use super::copula::Copula;
use super::outcome::{self, Law, Outcome};
use crate::error::{Result, input};
use crate::stream::{Purpose, Seed};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// What is simulated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Participants per site; empty for an outcome that is a number of the site itself.
    pub participants: Vec<u32>,
    /// Number of sites.
    pub sites: usize,
    /// True weights, one per item, none negative, not all zero.
    pub weights: Vec<f64>,
    /// Squared correlation of the truly weighted total with the site outcome as observed, 0 to below 1.
    pub r2: f64,
    /// Probabilities of the levels of every item.
    pub shares: Vec<f64>,
    /// Pearson correlation between any two items.
    pub inter_item_r: f64,
    /// Share of the participants' variance that lies between sites beyond the items.
    pub site_icc: f64,
    /// What is observed.
    pub outcome: Outcome,
    /// Mean outcome: the overall rate for participants, else the mean of the number.
    pub mean: f64,
}

/// A simulated study.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Synthetic {
    /// Scores, sites x items.
    pub items: Vec<Vec<f64>>,
    /// One number per site, or the count k.
    pub outcome: Vec<f64>,
    /// The mean of the outcome at each site given its items alone.
    pub expected: Vec<f64>,
    /// Latent cut-points of the levels.
    pub cut_points: Vec<f64>,
    /// Latent correlation between any two items.
    pub latent_r: f64,
    /// Squared correlation in the population of the plain total with the observed site outcome.
    pub unit_r2: f64,
    /// Standard deviation of the true total in the population, in weighted points.
    pub total_sd: f64,
    /// Standard deviation of the expected outcome over sites.
    pub expected_sd: f64,
}

/// Simulates replicate `replicate` of a specification.
pub fn synthesise(spec: &Spec, seed: Seed, replicate: u64) -> Result<Synthetic> {
    check(spec)?;
    let copula = Copula::new(&spec.shares, spec.inter_item_r)?;
    let law = Law::new(spec.outcome, spec.mean, spec.r2, spec.site_icc, &spec.participants);
    let (total_sd, unit_share) = total(spec, &copula);
    let mut stream = seed.stream(Purpose::Simulate, replicate);
    let mut items = Array2::zeros((spec.sites, spec.weights.len()));
    let mut row = vec![0.0; spec.weights.len()];
    let (mut outcome, mut expected) = (Vec::with_capacity(spec.sites), Vec::with_capacity(spec.sites));
    for site in 0..spec.sites {
        copula.draw(&mut stream, &mut row);
        items.row_mut(site).assign(&ndarray::ArrayView1::from(&row[..]));
        let total: f64 = row.iter().zip(&spec.weights).map(|(x, w)| w * (x - copula.mean)).sum();
        let mean = law.expected(total / total_sd);
        expected.push(mean);
        outcome.push(law.observe(mean, spec.participants.get(site).copied(), &mut stream)?);
    }
    Ok(Synthetic {
        items: items.rows().into_iter().map(|row| row.to_vec()).collect(),
        outcome,
        expected,
        cut_points: copula.cut_points.clone(),
        latent_r: copula.loading * copula.loading,
        unit_r2: spec.r2 * unit_share,
        total_sd,
        expected_sd: law.signal_sd,
    })
}

/// Standard deviation of the true total in the population, and the squared correlation of the plain with the true total.
fn total(spec: &Spec, copula: &Copula) -> (f64, f64) {
    let (p, r) = (spec.weights.len() as f64, spec.inter_item_r);
    let sum: f64 = spec.weights.iter().sum();
    let squares: f64 = spec.weights.iter().map(|w| w * w).sum();
    // Var(w'x) = v ((1 - r) |w|^2 + r (sum w)^2), and the same with ones for the plain total.
    let true_total = (1.0 - r) * squares + r * sum * sum;
    let plain = (1.0 - r) * p + r * p * p;
    let both = (1.0 - r) * sum + r * p * sum;
    ((copula.variance * true_total).sqrt(), both * both / (plain * true_total))
}

fn check(spec: &Spec) -> Result<()> {
    if spec.sites < 2 {
        return Err(input("too few sites").at("n_sites").got(spec.sites).allowed("2 or more").into());
    }
    let weights = &spec.weights;
    if weights.iter().any(|w| !w.is_finite() || *w < 0.0) || weights.iter().all(|w| *w == 0.0) {
        return Err(input("true weights not allowed")
            .at("weights")
            .allowed("finite, none negative, at least one positive")
            .into());
    }
    outcome::check(spec.outcome, spec.mean, spec.r2, spec.site_icc)?;
    let counted = spec.outcome == Outcome::Counts;
    let sizes = &spec.participants;
    let told = !sizes.is_empty();
    if (told && (sizes.len() != spec.sites || sizes.contains(&0))) || (counted && !told) {
        return Err(input("participants not allowed")
            .at("participants")
            .got(format!("{} numbers", sizes.len()))
            .allowed("one whole number from 1 per site")
            .into());
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn spec(r2: f64, participants: Vec<u32>, outcome: Outcome) -> Spec {
        let mut weights = vec![0.0; 6];
        weights[1] = 1.0;
        weights[4] = 1.0;
        Spec {
            sites: if participants.is_empty() { 4000 } else { participants.len() },
            participants,
            weights,
            r2,
            shares: vec![0.04, 0.08, 0.18, 0.32, 0.38],
            inter_item_r: 0.23,
            site_icc: 0.05,
            outcome,
            mean: 0.37,
        }
    }

    fn squared_correlation(x: &[f64], y: &[f64]) -> f64 {
        let n = x.len() as f64;
        let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
        let sum = |f: &dyn Fn(f64, f64) -> f64| x.iter().zip(y).map(|(a, b)| f(a - mx, b - my)).sum::<f64>();
        sum(&|a, b| a * b).powi(2) / (sum(&|a, _| a * a) * sum(&|_, b| b * b))
    }

    fn totals(study: &Synthetic, items: &[usize]) -> Vec<f64> {
        study.items.iter().map(|row| items.iter().map(|j| row[*j]).sum()).collect()
    }

    #[test]
    fn the_true_total_has_the_stated_share_of_a_number() {
        let study = synthesise(&spec(0.6, vec![], Outcome::Number), Seed(1), 0).unwrap();
        // Standard error of R2 at 4,000 sites is about .01.
        let found = squared_correlation(&totals(&study, &[1, 4]), &study.outcome);
        assert!((found - 0.6).abs() < 0.04, "{found}");
        let plain = squared_correlation(&totals(&study, &[0, 1, 2, 3, 4, 5]), &study.outcome);
        assert!((plain - study.unit_r2).abs() < 0.05, "{plain} and {}", study.unit_r2);
    }

    #[test]
    fn the_true_total_has_about_the_stated_share_of_rates() {
        let study = synthesise(&spec(0.5, vec![60; 3000], Outcome::Counts), Seed(1), 0).unwrap();
        let rates: Vec<f64> = study.outcome.iter().map(|k| k / 60.0).collect();
        let found = squared_correlation(&totals(&study, &[1, 4]), &rates);
        // The logit bends the line a little.
        assert!((found - 0.5).abs() < 0.06, "{found}");
        let numbers = synthesise(&spec(0.5, vec![60; 3000], Outcome::Number), Seed(1), 0).unwrap();
        let found = squared_correlation(&totals(&numbers, &[1, 4]), &numbers.outcome);
        assert!((found - 0.5).abs() < 0.05, "{found}");
    }

    #[test]
    fn equal_weights_leave_nothing_to_gain() {
        let equal = Spec { weights: vec![2.0; 6], ..spec(0.5, vec![], Outcome::Number) };
        let study = synthesise(&equal, Seed(1), 0).unwrap();
        assert!((study.unit_r2 - 0.5).abs() < 1e-12);
        assert_eq!(study, synthesise(&equal, Seed(1), 0).unwrap());
        assert_ne!(study.outcome, synthesise(&equal, Seed(1), 1).unwrap().outcome);
    }

    #[test]
    fn bad_specifications_are_refused() {
        let text = |s: Spec| synthesise(&s, Seed(1), 0).unwrap_err().to_string();
        let good = spec(0.5, vec![], Outcome::Number);
        assert!(
            text(Spec { r2: 1.0, ..good.clone() }).starts_with("r2 not allowed in r2: got 1; allowed: 0 to below 1")
        );
        assert!(text(Spec { weights: vec![0.0; 3], ..good.clone() }).contains("at least one positive"));
        assert!(text(Spec { outcome: Outcome::Counts, ..good.clone() }).contains("one whole number from 1 per site"));
        assert!(text(Spec { sites: 1, ..good }).starts_with("too few sites in n_sites: got 1"));
    }
}
