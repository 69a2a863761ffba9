//! The schema of a scale as it is written: TOML or JSON, with defaults for all items at the top.
//!
//! Text from outside is read with hard limits (one mebibyte, a thousand items) and refused with the place of the fault.

use super::{Bands, Item, MissingRule, Scale, Subscale, check};
use crate::error::{Result, input};
use serde::Deserialize;

/// The largest text that is read.
const LARGEST_TEXT: usize = 1 << 20;

/// The language a scale is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// TOML.
    Toml,
    /// JSON.
    Json,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScaleFile {
    id: String,
    title: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    source: String,
    minimum: Option<f64>,
    maximum: Option<f64>,
    step: Option<f64>,
    #[serde(default)]
    missing_codes: Vec<f64>,
    #[serde(default)]
    not_applicable_codes: Vec<f64>,
    missing: Option<MissingRule>,
    bands: Option<Bands>,
    #[serde(default)]
    subscales: Vec<Subscale>,
    items: Vec<ItemFile>,
    #[serde(default)]
    changes: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemFile {
    id: String,
    title: String,
    #[serde(default)]
    measures: String,
    #[serde(default)]
    aliases: Vec<String>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    step: Option<f64>,
    missing_codes: Option<Vec<f64>>,
    not_applicable_codes: Option<Vec<f64>>,
    #[serde(default)]
    reverse: bool,
    #[serde(default)]
    scored_from_outcome: bool,
}

impl Scale {
    /// Reads and checks a scale.
    ///
    /// ```
    /// use steelyard::scale::{Scale, file::Format};
    /// let text = r#"
    ///     id = "two"
    ///     title = "Two items"
    ///     minimum = 0
    ///     maximum = 4
    ///     step = 1
    ///     items = [{ id = "a", title = "A" }, { id = "b", title = "B", maximum = 2 }]
    /// "#;
    /// assert_eq!(Scale::read(text, Format::Toml)?.range(), (0.0, 6.0));
    /// # Ok::<(), steelyard::error::Error>(())
    /// ```
    pub fn read(text: &str, format: Format) -> Result<Self> {
        if text.len() > LARGEST_TEXT {
            return Err(input("scale too large")
                .got(format!("{} bytes", text.len()))
                .allowed(format!("at most {LARGEST_TEXT} bytes"))
                .into());
        }
        let file: ScaleFile = match format {
            Format::Toml => toml::from_str(text).map_err(|e| e.to_string()),
            Format::Json => serde_json::from_str(text).map_err(|e| e.to_string()),
        }
        .map_err(|fault| {
            input("scale not understood")
                .got(fault.trim().replace('\n', " "))
                .remedy("docs/scales.md describes every field of a scale; Scale.load(\"ips-25\").to_json() shows a complete one.")
        })?;
        file.scale()
    }
}

impl ScaleFile {
    fn scale(self) -> Result<Scale> {
        let mut items = Vec::with_capacity(self.items.len().min(1000));
        for item in self.items {
            let bound = |own: Option<f64>, shared: Option<f64>, name: &str| {
                own.or(shared).ok_or_else(|| {
                    input(format!("item without a {name}"))
                        .at(format!("item \"{}\"", item.id))
                        .remedy(format!("Give {name} for the item, or once at the top for all items."))
                })
            };
            items.push(Item {
                minimum: bound(item.minimum, self.minimum, "minimum")?,
                maximum: bound(item.maximum, self.maximum, "maximum")?,
                step: bound(item.step, self.step, "step")?,
                id: item.id,
                title: item.title,
                measures: item.measures,
                aliases: item.aliases,
                missing_codes: item.missing_codes.unwrap_or_else(|| self.missing_codes.clone()),
                not_applicable_codes: item.not_applicable_codes.unwrap_or_else(|| self.not_applicable_codes.clone()),
                reverse: item.reverse,
                scored_from_outcome: item.scored_from_outcome,
            });
        }
        let scale = Scale {
            id: self.id,
            title: self.title,
            version: self.version,
            source: self.source,
            missing: self.missing.unwrap_or(MissingRule::Complete),
            bands: self.bands,
            subscales: self.subscales,
            items,
            changes: self.changes,
        };
        check::check(&scale)?;
        Ok(scale)
    }
}
