//! Fidelity instruments as data: items, subscales, bands and the rule for missing items, read from TOML or JSON.
//!
//! | file | what it holds |
//! |---|---|
//! | [`mod@file`] | the schema as written, read with limits and checked once |
//! | [`shipped`] | the instruments that come with Steelyard |
//! | [`change`] | `replace`: what a study does differently, recorded on the scale |
//! | [`score`] | totals, subscale sums and bands of one review, with bounds over missing items |
//!
//! A [`Scale`] that exists has been checked: item ids are unique, ranges are whole numbers of steps, codes cannot be
//! mistaken for scores, cut-points ascend.

pub mod change;
mod check;
pub mod file;
pub mod score;
pub mod shipped;

use serde::{Deserialize, Serialize};

/// One fidelity instrument.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scale {
    /// Short name, as in `ips-25`.
    pub id: String,
    /// Full name.
    pub title: String,
    /// Edition or year.
    pub version: String,
    /// Where the structure and the bands come from.
    pub source: String,
    /// What to do when an item has no score.
    pub missing: MissingRule,
    /// Named ranges of the total; none when the instrument has none.
    pub bands: Option<Bands>,
    /// Named groups of items; no item stands in two.
    pub subscales: Vec<Subscale>,
    /// The scored items, in the order of the instrument.
    pub items: Vec<Item>,
    /// What was changed from the instrument as loaded, one sentence each.
    pub changes: Vec<String>,
}

/// One scored item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    /// Column name, as in `rapid_search`.
    pub id: String,
    /// Title as printed on the instrument.
    pub title: String,
    /// One line on what is measured, in our own words.
    pub measures: String,
    /// Other titles by which a sheet may call it.
    pub aliases: Vec<String>,
    /// Lowest score.
    pub minimum: f64,
    /// Highest score.
    pub maximum: f64,
    /// Distance between neighbouring scores.
    pub step: f64,
    /// Numbers that stand for "not scored".
    pub missing_codes: Vec<f64>,
    /// Numbers that stand for "does not apply here".
    pub not_applicable_codes: Vec<f64>,
    /// Whether a high score is poor: it is then turned (minimum + maximum - score) before it is added.
    pub reverse: bool,
    /// Whether the item is scored from jobs obtained, so that its association with employment is partly built in.
    pub scored_from_outcome: bool,
}

/// A named group of items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscale {
    /// Short name.
    pub id: String,
    /// Title as printed.
    pub title: String,
    /// Item ids.
    pub items: Vec<String>,
}

/// Named ranges as lower cut-points, half-open: a value belongs to the last cut that it reaches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bands {
    /// Whether cut-points are totals or item means.
    pub by: BandBy,
    /// The name below the first cut.
    pub lowest: String,
    /// Ascending cut-points.
    pub cuts: Vec<Cut>,
}

/// What a cut-point is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BandBy {
    /// The sum over items.
    Total,
    /// The mean over items.
    Mean,
}

/// The lower end of a band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// The lowest value that belongs to the band.
    pub from: f64,
    /// The band's name.
    pub label: String,
}

/// What a total is worth when items have no score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "kebab-case", deny_unknown_fields)]
pub enum MissingRule {
    /// Every item must be scored; a review with a missing item is refused.
    Complete,
    /// The mean of the scored items, on each item's own range, stands for the missing ones when enough are scored.
    Prorate {
        /// The least number of scored items.
        minimum_items: usize,
    },
    /// Within each subscale, the mean of its scored items stands for the missing ones.
    SubscaleMean {
        /// The least number of scored items in every subscale.
        minimum_items: usize,
    },
}

impl Scale {
    /// Item ids in order.
    pub fn item_ids(&self) -> impl Iterator<Item = &str> {
        self.items.iter().map(|item| item.id.as_str())
    }

    /// The place of an item by id.
    pub fn position(&self, id: &str) -> Option<usize> {
        self.items.iter().position(|item| item.id == id)
    }

    /// The lowest and the highest possible total.
    pub fn range(&self) -> (f64, f64) {
        (self.items.iter().map(|item| item.minimum).sum(), self.items.iter().map(|item| item.maximum).sum())
    }
}

impl Item {
    /// Whether a number is a score of this item: in range and on a step, to a relative 1e-9.
    pub fn admits(&self, score: f64) -> bool {
        let steps = (score - self.minimum) / self.step;
        score >= self.minimum && score <= self.maximum && (steps - steps.round()).abs() <= 1e-9 * steps.abs().max(1.0)
    }

    /// The rule in words: `1 to 5 in steps of 0.5`.
    pub fn rule(&self) -> String {
        format!("{} to {} in steps of {}", self.minimum, self.maximum, self.step)
    }

    /// The score turned so that high is good.
    pub fn oriented(&self, score: f64) -> f64 {
        if self.reverse { self.minimum + self.maximum - score } else { score }
    }
}
