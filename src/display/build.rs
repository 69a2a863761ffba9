//! From a spec to a display, and back from the text of one.

use super::follow_up;
use super::model::{Display, Kind, Spec};
use crate::error::{Result, input};
use std::collections::HashSet;

/// The format that [`build`] writes and [`read`] accepts.
pub const SCHEMA: &str = "steelyard-joint-display-1";

/// Builds a display. The same spec gives the same bytes.
pub fn build(spec: Spec) -> Result<Display> {
    checked(&spec)?;
    match spec.kind {
        Kind::Lens => follow_up::build(spec),
    }
}

/// Reads the JSON of a display and builds it anew; a table that does not follow from its spec is refused.
pub fn read(text: &str) -> Result<Display> {
    let told: Display = serde_json::from_str(text)
        .map_err(|error| input("joint display not understood").got(error).remedy("Pass what to_json() returned."))?;
    if told.schema != SCHEMA {
        return Err(input("joint display of another format").got(&told.schema).allowed(SCHEMA).into());
    }
    let version = told.steelyard.clone();
    let mut built = build(told.spec.clone())?;
    built.steelyard.clone_from(&version);
    if built != told {
        return Err(input("joint display whose table does not follow from its findings and corpus")
            .at(format!("text written by Steelyard {version}"))
            .remedy("Build it anew from its findings and corpus; the text was edited or written by another version.")
            .into());
    }
    Ok(built)
}

fn checked(spec: &Spec) -> Result<()> {
    if spec.findings.is_empty() {
        return Err(input("joint display without findings")
            .at("findings")
            .remedy("Pass at least one, such as those of sy.findings.item_means(scores).")
            .into());
    }
    let mut seen = HashSet::new();
    for finding in &spec.findings {
        finding.checked()?;
        if !seen.insert(finding.id.as_str()) {
            return Err(input("finding id used twice")
                .at("findings")
                .got(format!("\"{}\"", finding.id))
                .allowed("each id once")
                .remedy("Rename one of the two, and what refers to it.")
                .into());
        }
    }
    for line in spec.asked.iter().flatten() {
        if !seen.contains(line.finding.as_str()) {
            return Err(input("asked-register names an unknown finding")
                .at("asked")
                .got(format!("\"{}\"", line.finding))
                .remedy("Use the ids of the findings.")
                .into());
        }
    }
    crate::corpus::check(&spec.corpus)?;
    Ok(())
}

pub(crate) fn needs_lens(spec: &Spec) -> Result<&super::lens::Lens> {
    spec.lens.as_ref().ok_or_else(|| {
        input("lens display without a lens")
            .at("lens")
            .remedy("Pass one, such as sy.lenses.Cut(low=3, high=4.5).")
            .into()
    })
}
