//! What a study does differently from the instrument: each change is applied to all items and written down.

use super::{Bands, MissingRule, Scale, check};
use crate::error::Result;
use serde::Deserialize;

/// Changes to a scale; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Changes {
    /// Distance between neighbouring scores, for all items.
    pub step: Option<f64>,
    /// The rule for missing items.
    pub missing: Option<MissingRule>,
    /// Numbers that stand for "not scored", for all items.
    pub missing_codes: Option<Vec<f64>>,
    /// Numbers that stand for "does not apply here", for all items.
    pub not_applicable_codes: Option<Vec<f64>>,
    /// Other bands.
    pub bands: Option<Bands>,
}

impl Scale {
    /// A copy with `changes`, each recorded in [`Scale::changes`]; the result is checked like a scale that was read.
    pub fn replace(&self, changes: &Changes) -> Result<Self> {
        let mut scale = self.clone();
        if let Some(step) = changes.step {
            let was: Vec<String> = distinct(scale.items.iter().map(|item| item.step));
            scale.items.iter_mut().for_each(|item| item.step = step);
            scale.changes.push(format!("step {step} (was {})", was.join(", ")));
        }
        if let Some(rule) = &changes.missing {
            scale.changes.push(format!("missing items: {} (was {})", rule.words(), scale.missing.words()));
            scale.missing = rule.clone();
        }
        if let Some(codes) = &changes.missing_codes {
            scale.items.iter_mut().for_each(|item| item.missing_codes.clone_from(codes));
            scale.changes.push(format!("missing codes {}", distinct(codes.iter().copied()).join(", ")));
        }
        if let Some(codes) = &changes.not_applicable_codes {
            scale.items.iter_mut().for_each(|item| item.not_applicable_codes.clone_from(codes));
            scale.changes.push(format!("not-applicable codes {}", distinct(codes.iter().copied()).join(", ")));
        }
        if let Some(bands) = &changes.bands {
            let cuts: Vec<String> = bands.cuts.iter().map(|cut| format!("{} from {}", cut.label, cut.from)).collect();
            scale.changes.push(format!("bands: {}, else {}", cuts.join(", "), bands.lowest));
            scale.bands = Some(bands.clone());
        }
        check::check(&scale)?;
        Ok(scale)
    }
}

impl MissingRule {
    /// The rule in words.
    pub fn words(&self) -> String {
        match self {
            Self::Complete => "every item must be scored".into(),
            Self::Prorate { minimum_items } => {
                format!("mean of the scored items when at least {minimum_items} are scored")
            }
            Self::SubscaleMean { minimum_items } => {
                format!("mean of the scored items of the subscale when at least {minimum_items} are scored in each")
            }
        }
    }
}

fn distinct(values: impl Iterator<Item = f64>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for value in values {
        let text = value.to_string();
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    seen
}
