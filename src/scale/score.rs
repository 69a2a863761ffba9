//! Totals, subscale sums and bands of one review, with bounds over what is missing.

use super::{BandBy, Bands, MissingRule, Scale};
use serde::Serialize;

/// A band is reached within this relative distance: a weighted total of 100 may be 99.99999999999999 in floating point.
const BAND_TOLERANCE: f64 = 1e-9;

/// The total of one review.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Total {
    /// The total under the scale's rule; `None` when the rule gives none (`reason` says why).
    pub total: Option<f64>,
    /// Why there is no total.
    pub reason: Option<String>,
    /// The total if every missing item had its lowest score.
    pub low: f64,
    /// The total if every missing item had its highest score.
    pub high: f64,
    /// Items scored.
    pub n_scored: usize,
    /// The band of the total.
    pub band: Option<String>,
    /// The band of `low`.
    pub band_low: Option<String>,
    /// The band of `high`.
    pub band_high: Option<String>,
}

impl Bands {
    /// The band of a total over `items` items.
    pub fn of(&self, total: f64, items: usize) -> &str {
        let value = match self.by {
            BandBy::Total => total,
            BandBy::Mean => total / items as f64,
        };
        let reached = |from: f64| value >= from - BAND_TOLERANCE * from.abs().max(1.0);
        self.cuts.iter().rev().find(|cut| reached(cut.from)).map_or(self.lowest.as_str(), |cut| cut.label.as_str())
    }
}

impl Scale {
    /// The band of a total, weighted or not; `None` when the scale has no bands.
    pub fn band(&self, total: f64) -> Option<&str> {
        self.bands.as_ref().map(|bands| bands.of(total, self.items.len()))
    }

    /// Sums one review: `row` has one oriented score per item, NaN where there is none.
    pub fn total(&self, row: &[f64]) -> Total {
        let n_scored = row.iter().filter(|x| !x.is_nan()).count();
        let bounded = |end: fn(&super::Item) -> f64| -> f64 {
            self.items.iter().zip(row).map(|(item, &x)| if x.is_nan() { end(item) } else { x }).sum()
        };
        let (low, high) = (bounded(|item| item.minimum), bounded(|item| item.maximum));
        let filled = self.filled(row, n_scored);
        let total = filled.as_ref().ok().map(|values| values.iter().sum::<f64>());
        let named = |value: f64| self.band(value).map(str::to_owned);
        Total {
            total,
            reason: filled.err(),
            low,
            high,
            n_scored,
            band: total.and_then(named),
            band_low: named(low),
            band_high: named(high),
        }
    }

    /// The sum of one subscale; `None` when an item of it is missing and the rule gives no value.
    pub fn subscale_sum(&self, row: &[f64], subscale: &super::Subscale) -> Option<f64> {
        let n_scored = row.iter().filter(|x| !x.is_nan()).count();
        let places: Vec<usize> = subscale.items.iter().filter_map(|id| self.position(id)).collect();
        if places.iter().all(|&j| !row[j].is_nan()) {
            return Some(places.iter().map(|&j| row[j]).sum());
        }
        self.filled(row, n_scored).ok().map(|values| places.iter().map(|&j| values[j]).sum())
    }

    /// The row with missing items filled by the scale's rule, or why the rule gives nothing.
    pub fn filled(&self, row: &[f64], n_scored: usize) -> Result<Vec<f64>, String> {
        if n_scored == row.len() {
            return Ok(row.to_vec());
        }
        match &self.missing {
            MissingRule::Complete => {
                Err(format!("{} of {} items scored, the scale's rule needs all", n_scored, row.len()))
            }
            MissingRule::Prorate { minimum_items } => {
                if n_scored < *minimum_items {
                    return Err(format!("{n_scored} items scored, the rule needs {minimum_items}"));
                }
                let mut values = row.to_vec();
                self.fill(&mut values, &(0..row.len()).collect::<Vec<_>>());
                Ok(values)
            }
            MissingRule::SubscaleMean { minimum_items } => {
                let mut values = row.to_vec();
                for subscale in &self.subscales {
                    let places: Vec<usize> = subscale.items.iter().filter_map(|id| self.position(id)).collect();
                    let scored = places.iter().filter(|&&j| !row[j].is_nan()).count();
                    if scored < *minimum_items {
                        return Err(format!(
                            "{scored} items scored in subscale {}, the rule needs {minimum_items}",
                            subscale.id
                        ));
                    }
                    self.fill(&mut values, &places);
                }
                Ok(values)
            }
        }
    }

    /// Fills the missing among `places` at the mean position of the scored ones on their own ranges.
    fn fill(&self, values: &mut [f64], places: &[usize]) {
        let (mut sum, mut n) = (0.0, 0_usize);
        for &j in places {
            if !values[j].is_nan() {
                sum += (values[j] - self.items[j].minimum) / (self.items[j].maximum - self.items[j].minimum);
                n += 1;
            }
        }
        let position = sum / n as f64;
        for &j in places {
            if values[j].is_nan() {
                values[j] = self.items[j].minimum + position * (self.items[j].maximum - self.items[j].minimum);
            }
        }
    }
}
