//! Constructs of a framework: rating, numbers, barriers and facilitators in people's words.
//!
//! Ratings run from -2 (strong barrier) to +2 (strong facilitator) and are an analyst's; nothing rates by itself.

use super::constructs::{evidence, line_id};
use crate::corpus::{Excerpt, Valence};
use crate::display::cells;
use crate::display::desk::{Desk, Line, Part, Table, column};
use crate::display::framework::{Construct, Framework};
use crate::display::model::{Appendix, Block, Cell, Role, Row, Strand};
use crate::display::strands::voices as heard;
use crate::display::write::counted;
use crate::error::{Result, input};
use std::collections::HashSet;

pub(crate) fn table(desk: &Desk) -> Result<Table> {
    let Some(framework) = &desk.spec.parts.framework else {
        return Err(input("framework display without a framework")
            .at("framework")
            .allowed(crate::display::framework::ids().join(", "))
            .remedy("Pass framework=, one of these or your own.")
            .into());
    };
    framework.checked()?;
    let known: HashSet<&str> = framework.constructs().map(|(_, c)| c.id.as_str()).collect();
    check_ratings(desk, framework, &known)?;
    let mut parts = Vec::new();
    let mut empty = Vec::new();
    for domain in &framework.domains {
        let mut lines = Vec::new();
        for construct in &domain.constructs {
            match line(desk, construct) {
                Some(line) => lines.push(line),
                None => empty.push(vec![construct.title.clone(), domain.title.clone()]),
            }
        }
        if !lines.is_empty() {
            parts.push(Part::new(&domain.title, lines));
        }
    }
    let all = framework.constructs().count();
    let without = Appendix {
        heading: "Constructs without evidence".into(),
        lead: format!("{} of {all}: neither a finding, nor a theme, nor a rating.", empty.len()),
        columns: vec!["Construct".into(), "Domain".into()],
        rows: empty,
    };
    let mut notes = vec![format!("Framework: {}, {}. {}.", framework.title, framework.version, framework.source)];
    notes.push("Ratings: \u{2212}2 strong barrier, \u{2212}1 barrier, 0 neutral, +1 facilitator, +2 strong facilitator; by the analysts named.".into());
    let loose = desk.chosen().iter().filter(|(f, _)| f.construct.as_deref().is_none_or(|c| !known.contains(c))).count();
    if loose > 0 {
        notes.push(format!("{} of no construct of this framework: not shown.", counted(loose, "finding")));
    }
    Ok(Table {
        caption: "Joint display: constructs of a framework",
        columns: vec![
            column("Construct", Strand::Label, 13),
            column("Rating", Strand::Integration, 10),
            column("Indicator", Strand::Quantitative, 20),
            column("Barriers and facilitators", Strand::Qualitative, 38),
            column("Fit and meta-inference", Strand::Integration, 19),
        ],
        header: 0,
        parts,
        appendices: vec![without],
        notes,
    })
}

fn check_ratings(desk: &Desk, framework: &Framework, known: &HashSet<&str>) -> Result<()> {
    for rating in &desk.spec.parts.ratings {
        let place = format!("ratings, construct \"{}\"", rating.construct);
        if !known.contains(rating.construct.as_str()) {
            return Err(input("rating of an unknown construct")
                .at(place)
                .remedy(format!("Use the ids of the constructs of {}.", framework.id))
                .into());
        }
        if !(-2..=2).contains(&rating.value) {
            return Err(input("rating out of range").at(place).got(rating.value).allowed("-2 to 2").into());
        }
        if rating.by.trim().is_empty() {
            return Err(input("rating by nobody").at(place).remedy("Pass by=, a name or initials.").into());
        }
    }
    Ok(())
}

fn line(desk: &Desk, construct: &Construct) -> Option<Line> {
    let (findings, behind) = evidence(desk, Some(&construct.id));
    let rated = desk.spec.parts.ratings.iter().any(|r| r.construct == construct.id);
    if findings.is_empty() && behind.is_empty() && !rated {
        return None;
    }
    let id = line_id(Some(&construct.id));
    let proposal = desk.joint_proposal(&findings, &behind);
    let cells = vec![
        Cell::of(vec![Block::new(Role::Label, &construct.title)]),
        ratings(desk, &construct.id),
        cells::values(desk, &findings),
        voices(desk, &behind),
        cells::fit_and_inference(desk, &id, &proposal),
    ];
    Some(Line { row: Row { id, cells }, behind })
}

fn ratings(desk: &Desk, construct: &str) -> Cell {
    let mut blocks = Vec::new();
    for rating in desk.spec.parts.ratings.iter().filter(|r| r.construct == construct) {
        let value = match rating.value {
            x if x > 0 => format!("+{x}"),
            x if x < 0 => format!("\u{2212}{}", x.unsigned_abs()),
            _ => "0".into(),
        };
        blocks.push(Block::new(Role::Value, value));
        let reason = rating.reason.as_ref().map_or(String::new(), |r| format!(": {r}"));
        blocks.push(Block::new(Role::Detail, format!("{}{reason}", rating.by)));
    }
    if blocks.is_empty() { Cell::of(vec![Block::new(Role::Absent, "not rated")]) } else { Cell::of(blocks) }
}

/// Excerpts by whether they hinder or help, with how many voices name each.
fn voices(desk: &Desk, behind: &[usize]) -> Cell {
    let excerpts = desk.strands.excerpts(behind);
    if excerpts.is_empty() {
        return Cell::of(vec![Block::new(Role::Absent, "Not in the corpus")]);
    }
    let sides: [(&str, Option<Valence>); 5] = [
        ("Barriers", Some(Valence::Barrier)),
        ("Facilitators", Some(Valence::Facilitator)),
        ("Mixed", Some(Valence::Mixed)),
        ("Neutral", Some(Valence::Neutral)),
        ("No valence", None),
    ];
    let mut blocks = Vec::new();
    for (heading, valence) in sides {
        let own: Vec<&Excerpt> = excerpts.iter().copied().filter(|e| desk.strands.valence(e) == valence).collect();
        if !own.is_empty() {
            blocks.push(Block::new(Role::Theme, heading));
            let told = format!("{}, {}", counted(own.len(), "excerpt"), counted(heard(&own), "voice"));
            blocks.push(Block::new(Role::Detail, told));
            blocks.extend(cells::quotes(desk, &own));
        }
    }
    Cell::of(blocks)
}
