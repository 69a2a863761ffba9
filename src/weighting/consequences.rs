//! What weights would change for the sites: pairs that swap ranks, sites that change bands, after totals have been equated.

use super::panel::Panel;
use serde::{Deserialize, Serialize};

/// Plain totals of the sites as scored, and where bands begin.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bands {
    /// Plain total of every site; empty where consequences are not asked for.
    pub totals: Vec<f64>,
    /// Lowest total of every band but the first, rising; empty without bands.
    pub cuts: Vec<f64>,
}

/// Counts, or their means over replicates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Changes {
    /// Pairs of sites whose order is turned round.
    pub pairs: f64,
    /// Sites whose band changes; none are counted for weights of either sign, whose score has no bands.
    pub bands: f64,
}

impl Changes {
    pub(super) fn mean(all: impl Iterator<Item = Self>) -> Self {
        let (mut sum, mut count) = (Self::default(), 0.0);
        for one in all {
            sum = Self { pairs: sum.pairs + one.pairs, bands: sum.bands + one.bands };
            count += 1.0;
        }
        if count > 0.0 { Self { pairs: sum.pairs / count, bands: sum.bands / count } } else { sum }
    }
}

impl Bands {
    /// What these weights change: scores are given mean and standard deviation of the plain totals (linear equating; Kolen and
    /// Brennan 2014), since bands mean nothing on another spread.
    pub fn changes(&self, panel: &Panel, weights: &[f64]) -> Changes {
        if self.totals.len() != panel.sites() {
            return Changes::default();
        }
        let score = |row: usize| panel.items.row(row).iter().zip(weights).map(|(x, w)| x * w).sum::<f64>();
        let of_site = |rows: &Vec<usize>| {
            let weight: f64 = rows.iter().map(|row| panel.weight[*row]).sum();
            rows.iter().map(|row| panel.weight[*row] * score(*row)).sum::<f64>() / weight
        };
        let equated = equate(&panel.rows.iter().map(of_site).collect::<Vec<_>>(), &self.totals);
        let signed = weights.iter().any(|w| *w < 0.0);
        let differ = |(a, b): (&f64, &f64)| self.band(*a) != self.band(*b);
        let bands = if signed { 0 } else { self.totals.iter().zip(&equated).filter(|pair| differ(*pair)).count() };
        Changes { pairs: turned(&self.totals, &equated) as f64, bands: bands as f64 }
    }

    fn band(&self, total: f64) -> usize {
        self.cuts.iter().filter(|cut| total >= **cut - 1e-9).count()
    }
}

fn equate(scores: &[f64], totals: &[f64]) -> Vec<f64> {
    let describe = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt())
    };
    let ((mean, sd), (target, spread)) = (describe(scores), describe(totals));
    let stretch = if sd > 0.0 { spread / sd } else { 0.0 };
    scores.iter().map(|score| target + (score - mean) * stretch).collect()
}

fn turned(a: &[f64], b: &[f64]) -> usize {
    let order = |x: f64, y: f64| if (x - y).abs() <= 1e-9 { 0.0 } else { (x - y).signum() };
    (0..a.len()).map(|i| (0..i).filter(|j| order(a[i], a[*j]) * order(b[i], b[*j]) < 0.0).count()).sum()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn changes_count_by_hand() {
        let items = array![[1.0, 5.0], [4.0, 1.0], [3.0, 4.0], [5.0, 5.0]];
        let sites = [0, 1, 2, 3];
        let panel = Panel::new(items.view(), Array2::zeros((4, 0)).view(), vec![0.0; 4], vec![1.0; 4], &sites).unwrap();
        let bands = Bands { totals: vec![6.0, 5.0, 7.0, 10.0], cuts: vec![6.0, 8.0] };
        // Equal weights change nothing.
        assert_eq!(bands.changes(&panel, &[1.0, 1.0]), Changes { pairs: 0.0, bands: 0.0 });
        // The first item alone: 1, 4, 3, 5 with the totals' mean 7 and spread are 4.2, 7.9, 6.7, 9.2. Site 1 falls below 6 and
        // site 2 rises above it; sites 1 and 2, and 2 and 3, swap.
        assert_eq!(bands.changes(&panel, &[2.0, 0.0]), Changes { pairs: 2.0, bands: 2.0 });
        // Weights of either sign have no bands.
        assert_eq!(bands.changes(&panel, &[2.0, -1.0]).bands, 0.0);
    }
}
