//! Numbers and words side by side, by construct; themes that no finding belongs with have rows of their own.
//!
//! The display of a convergent design, and the commonest one: Guetterman, Fetters and Creswell (2015), Ann Fam Med
//! 13:554, doi 10.1370/afm.1865.

use crate::corpus::Theme;
use crate::display::cells;
use crate::display::desk::{Desk, Line, Part, Proposal, Table, column};
use crate::display::finding::Finding;
use crate::display::fit::Meeting;
use crate::display::lens::Selection;
use crate::display::model::{Block, Cell, Role, Row, Strand};
use std::collections::HashSet;

pub(crate) fn table(desk: &Desk) -> Table {
    let mut parts: Vec<Part> = Vec::new();
    for (finding, log) in desk.chosen() {
        let heading = finding.construct.as_ref().or(finding.domain.as_ref()).map_or("Findings", String::as_str);
        let line = line(desk, finding, log);
        match parts.iter_mut().find(|p| p.heading == heading) {
            Some(part) => part.lines.push(line),
            None => parts.push(Part::new(heading, vec![line])),
        }
    }
    parts.extend(words_only(desk));
    Table {
        caption: "Joint display: numbers and words side by side",
        columns: vec![
            column("Topic", Strand::Label, 15),
            column("Result", Strand::Quantitative, 20),
            column("Theme and what was said", Strand::Qualitative, 33),
            column("Fit", Strand::Integration, 15),
            column("Meta-inference", Strand::Integration, 17),
        ],
        header: 0,
        parts,
        appendices: Vec::new(),
        notes: Vec::new(),
    }
}

fn line(desk: &Desk, finding: &Finding, log: &Selection) -> Line {
    let mut value = cells::value(desk, finding, log);
    value.blocks.push(cells::signal(finding, log.signal));
    let cells = vec![
        cells::label(finding),
        value,
        cells::said(desk, &finding.id),
        cells::fit(desk, &finding.id, &desk.proposal(finding, log)),
        cells::inference(desk, &finding.id),
    ];
    Line { row: Row { id: finding.id.clone(), cells }, behind: desk.strands.excerpts_of(&finding.id).to_vec() }
}

/// Rows of the themes that no shown finding belongs with.
pub(crate) fn words_only(desk: &Desk) -> Option<Part> {
    let shown: HashSet<&str> = desk.chosen().iter().map(|(f, _)| f.id.as_str()).collect();
    let lines: Vec<Line> = desk.strands.unreached(&shown).into_iter().map(|t| theme_line(desk, t)).collect();
    (!lines.is_empty()).then(|| Part::new("Themes that no finding belongs with", lines))
}

fn theme_line(desk: &Desk, theme: &Theme) -> Line {
    let id = format!("theme:{}", theme.id);
    let behind = desk.strands.positions_of_theme(&theme.id);
    let said = if behind.is_empty() {
        Cell::of(vec![Block::new(Role::Theme, &theme.name), Block::new(Role::Absent, "no excerpt")])
    } else {
        cells::themes(desk, &behind)
    };
    let proposal = Proposal { meeting: Meeting::NoFinding, why: "no finding is linked".into() };
    let cells = vec![
        Cell::of(vec![Block::new(Role::Label, &theme.name)]),
        Cell::of(vec![Block::new(Role::Absent, "No finding")]),
        said,
        cells::fit(desk, &id, &proposal),
        cells::inference(desk, &id),
    ];
    Line { row: Row { id, cells }, behind }
}
