//! Frameworks as data: domains and constructs by title, versioned, with their source. Descriptions are own paraphrases.

use crate::error::{Result, input};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// A framework.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Framework {
    /// Short name, as in `cfir-2.0`.
    pub id: String,
    /// Full name.
    pub title: String,
    /// Edition or year.
    pub version: String,
    /// Where it comes from.
    pub source: String,
    /// Domains, in order.
    pub domains: Vec<Domain>,
}

/// A domain of a framework.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Domain {
    /// Its title.
    pub title: String,
    /// Its constructs, in order.
    pub constructs: Vec<Construct>,
}

/// A construct.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Construct {
    /// Id that findings, codes and themes refer to.
    pub id: String,
    /// Its title.
    pub title: String,
}

const SHIPPED: [(&str, &str); 4] = [
    ("cfir-2.0", include_str!("../../python/steelyard/data/frameworks/cfir-2.0.toml")),
    ("linnan-steckler", include_str!("../../python/steelyard/data/frameworks/linnan-steckler.toml")),
    ("proctor", include_str!("../../python/steelyard/data/frameworks/proctor.toml")),
    ("re-aim", include_str!("../../python/steelyard/data/frameworks/re-aim.toml")),
];

/// Short names of the frameworks that come with Steelyard.
pub fn ids() -> Vec<&'static str> {
    SHIPPED.iter().map(|(id, _)| *id).collect()
}

/// A framework that comes with Steelyard.
pub fn shipped(id: &str) -> Result<Framework> {
    let Some((_, text)) = SHIPPED.iter().find(|(name, _)| *name == id) else {
        return Err(input("framework not known")
            .at("framework")
            .got(format!("\"{id}\""))
            .allowed(ids().join(", "))
            .remedy("Pass one of these, or a framework of your own as a dict or a TOML file.")
            .into());
    };
    read(text)
}

/// A framework written in TOML.
pub fn read(text: &str) -> Result<Framework> {
    let framework: Framework =
        toml::from_str(text).map_err(|error| input("framework not understood").got(error.message()))?;
    framework.checked()?;
    Ok(framework)
}

impl Framework {
    /// Domain and construct, in order.
    pub(crate) fn constructs(&self) -> impl Iterator<Item = (&Domain, &Construct)> {
        self.domains.iter().flat_map(|d| d.constructs.iter().map(move |c| (d, c)))
    }

    pub(crate) fn checked(&self) -> Result<()> {
        let mut seen = HashSet::new();
        for (domain, construct) in self.constructs() {
            if construct.id.is_empty() || construct.title.is_empty() {
                return Err(input("construct without id or title").at(format!("domain \"{}\"", domain.title)).into());
            }
            if !seen.insert(&construct.id) {
                return Err(input("construct id used twice")
                    .at(format!("framework \"{}\"", self.id))
                    .got(format!("\"{}\"", construct.id))
                    .into());
            }
        }
        if seen.is_empty() {
            return Err(input("framework without constructs").at(format!("framework \"{}\"", self.id)).into());
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_framework_reads() {
        let sizes: Vec<(usize, usize)> = ids()
            .into_iter()
            .map(|id| shipped(id).map(|f| (f.domains.len(), f.constructs().count())).unwrap())
            .collect();
        assert_eq!(sizes, [(5, 67), (1, 7), (1, 8), (5, 6)]);
        let refused = shipped("cfir").map_err(|e| e.to_string());
        assert!(
            refused.is_err_and(|e| e.starts_with("framework not known in framework: got \"cfir\"; allowed: cfir-2.0"))
        );
    }
}
