//! What follows from the study: conclusion, action, owner, and the evidence of both strands under it.

use crate::display::cells;
use crate::display::desk::{Desk, Line, Part, Table, column};
use crate::display::finding::Finding;
use crate::display::lens::Selection;
use crate::display::model::{Block, Cell, Role, Row, Strand};
use crate::display::spec::Recommendation;
use crate::error::{Result, input};

pub(crate) fn table(desk: &Desk) -> Result<Table> {
    let told = &desk.spec.parts.recommendations;
    if told.is_empty() {
        return Err(input("recommendation display without recommendations")
            .at("recommendations")
            .remedy("Pass recommendations=.")
            .into());
    }
    let lines = told.iter().enumerate().map(|(at, r)| line(desk, at, r)).collect::<Result<Vec<_>>>()?;
    Ok(Table {
        caption: "Joint display: recommendations and their evidence",
        columns: vec![
            column("Recommendation", Strand::Label, 20),
            column("For whom", Strand::Integration, 10),
            column("Meta-inference", Strand::Integration, 18),
            column("Numbers", Strand::Quantitative, 20),
            column("Words", Strand::Qualitative, 22),
            column("Strength of evidence", Strand::Integration, 10),
        ],
        header: 0,
        parts: vec![Part::new("Recommendations", lines)],
        appendices: Vec::new(),
        notes: vec!["The strength of evidence is the analysts' judgement; nothing is graded by rule.".into()],
    })
}

fn line(desk: &Desk, at: usize, told: &Recommendation) -> Result<Line> {
    let place = format!("recommendations, entry {}", at + 1);
    if told.action.trim().is_empty() || told.inference.trim().is_empty() {
        return Err(input("recommendation without an action or without a conclusion").at(place).into());
    }
    if told.findings.is_empty() && told.themes.is_empty() {
        return Err(input("recommendation without evidence")
            .at(place)
            .remedy("Name findings=, themes= or both.")
            .into());
    }
    let findings: Vec<(&Finding, &Selection)> =
        told.findings.iter().map(|id| desk.finding(id, &place)).collect::<Result<_>>()?;
    let mut behind = Vec::new();
    for id in &told.themes {
        if !desk.spec.corpus.themes.iter().any(|t| t.id == *id) {
            return Err(input("unknown theme").at(place).got(format!("\"{id}\"")).into());
        }
        behind.extend(desk.strands.positions_of_theme(id));
    }
    behind.sort_unstable();
    behind.dedup();
    let or = |text: &Option<String>, none: &str| {
        Cell::of(vec![text.as_ref().map_or_else(|| Block::new(Role::Absent, none), |t| Block::new(Role::Text, t))])
    };
    let words = if behind.is_empty() {
        Cell::of(vec![Block::new(Role::Absent, "No theme")])
    } else {
        cells::themes(desk, &behind)
    };
    let cells = vec![
        Cell::of(vec![Block::new(Role::Label, &told.action)]),
        or(&told.owner, "nobody named"),
        Cell::of(vec![Block::new(Role::Text, &told.inference)]),
        cells::values(desk, &findings),
        words,
        or(&told.strength, "not judged"),
    ];
    Ok(Line { row: Row { id: format!("recommendation:{}", at + 1), cells }, behind })
}
