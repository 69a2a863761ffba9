//! From a spec to a display, and back from the text of one.

use super::appendices::{sources, who_is_heard};
use super::desk::{Desk, Line};
use super::finding::Finding;
use super::model::{Display, Section};
use super::notes::notes;
use super::spec::{Kind, Spec};
use super::{judged, kinds};
use crate::error::{Result, input};
use std::collections::HashSet;

/// The format that [`build`] writes and [`read`] accepts.
pub const SCHEMA: &str = "steelyard-joint-display-1";

/// Builds a display. The same spec gives the same bytes.
pub fn build(spec: Spec) -> Result<Display> {
    checked(&spec)?;
    let desk = Desk::new(&spec)?;
    let table = kinds::table(&desk)?;
    let lines: Vec<&Line> = table.parts.iter().flat_map(|p| &p.lines).collect();
    let section = |part: &super::desk::Part| Section {
        heading: part.heading.clone(),
        rows: part.lines.iter().map(|l| l.row.clone()).collect(),
    };
    let sections: Vec<Section> = table.parts.iter().map(section).collect();
    rows_checked(&spec, &sections)?;
    let mut appendices = table.appendices;
    // A display of sampling quotes nobody: who was heard is what its rows say.
    let has_speakers = !spec.corpus.informants.is_empty() || !spec.corpus.groups.is_empty();
    if has_speakers && spec.kind != Kind::Sampling {
        appendices.push(who_is_heard(&desk, &lines, &sections));
    }
    appendices.extend(sources(&desk, &sections));
    let mut told = table.notes;
    told.extend(notes(&desk, &sections));
    let selection = if spec.lens.is_some() { desk.selection } else { Vec::new() };
    Ok(Display {
        schema: SCHEMA.into(),
        steelyard: env!("CARGO_PKG_VERSION").into(),
        caption: spec.title.clone().unwrap_or_else(|| table.caption.into()),
        columns: table.columns,
        header: table.header,
        sections,
        appendices,
        notes: told,
        selection,
        spec,
    })
}

/// Rows have ids of their own, and judgements name them.
fn rows_checked(spec: &Spec, sections: &[Section]) -> Result<()> {
    let mut rows = HashSet::new();
    for row in sections.iter().flat_map(|s| &s.rows) {
        if !rows.insert(row.id.as_str()) {
            return Err(input("row id used twice")
                .at("display")
                .got(format!("\"{}\"", row.id))
                .remedy("Give pillars, strata, findings and themes names of their own.")
                .into());
        }
    }
    if !spec.kind.is_judged() && !spec.judgements.is_empty() {
        return Err(input("judgement in a display without a fit").at("judgements").into());
    }
    rows.retain(|id| !id.starts_with("statistic:"));
    judged::checked(&spec.judgements, &rows, spec.vocabulary)
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
    let needs_findings =
        !matches!(spec.kind, Kind::StatisticsByThemes | Kind::QuoteMatrix | Kind::Sampling | Kind::Recommendation);
    if spec.findings.is_empty() && needs_findings {
        return Err(input("joint display without findings")
            .at("findings")
            .remedy("Pass at least one, such as those of sy.findings.item_means(scores).")
            .into());
    }
    spec.parts.strata.iter().flat_map(|s| &s.statistics).try_for_each(Finding::checked)?;
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
