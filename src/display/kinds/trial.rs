//! Constructs of a trial's process evaluation: outcome by arm or site, what was delivered, and what people said.

use super::constructs::{evidence, line_id};
use crate::display::cells;
use crate::display::desk::{Desk, Line, Part, Table, column};
use crate::display::finding::Finding;
use crate::display::lens::Selection;
use crate::display::model::{Block, Cell, Role, Row, Strand};
use crate::error::Result;

pub(crate) fn table(desk: &Desk) -> Result<Table> {
    for id in &desk.spec.parts.outcomes {
        desk.finding(id, "outcomes")?;
    }
    let mut constructs: Vec<&str> = Vec::new();
    let tagged = desk.chosen().into_iter().filter_map(|(f, _)| f.construct.as_deref());
    let themes = desk.spec.corpus.themes.iter().filter_map(|t| t.construct.as_deref());
    for construct in tagged.chain(themes) {
        if !constructs.contains(&construct) {
            constructs.push(construct);
        }
    }
    let mut lines: Vec<Line> = constructs.iter().map(|c| line(desk, Some(c))).collect();
    if desk.chosen().iter().any(|(f, _)| f.construct.is_none()) {
        lines.push(line(desk, None));
    }
    Ok(Table {
        caption: "Joint display: process and outcome of a trial",
        columns: vec![
            column("Construct", Strand::Label, 12),
            column("Outcome", Strand::Quantitative, 20),
            column("Delivery", Strand::Quantitative, 20),
            column("Participants' voice", Strand::Qualitative, 30),
            column("Fit and meta-inference", Strand::Integration, 18),
        ],
        header: 0,
        parts: vec![Part::new("Process constructs", lines)],
        appendices: Vec::new(),
        notes: vec!["Outcomes: differences between arms or sites. Delivery: everything else that was measured.".into()],
    })
}

fn line(desk: &Desk, construct: Option<&str>) -> Line {
    let (findings, behind) = evidence(desk, construct);
    let is_outcome = |f: &Finding| desk.spec.parts.outcomes.contains(&f.id);
    let (outcomes, delivery): (Vec<(&Finding, &Selection)>, Vec<_>) =
        findings.iter().copied().partition(|(f, _)| is_outcome(f));
    let id = line_id(construct);
    let said = if behind.is_empty() {
        let single = findings.first().map(|(f, _)| cells::said(desk, &f.id));
        single.unwrap_or_else(|| Cell::of(vec![Block::new(Role::Absent, "Not in the corpus")]))
    } else {
        cells::themes(desk, &behind)
    };
    let label = construct.map_or_else(|| "No construct".to_owned(), |c| c.replace('_', " "));
    let cells = vec![
        Cell::of(vec![Block::new(Role::Label, label)]),
        cells::values(desk, &outcomes),
        cells::values(desk, &delivery),
        said,
        cells::fit_and_inference(desk, &id, &desk.joint_proposal(&findings, &behind)),
    ];
    Line { row: Row { id, cells }, behind }
}
