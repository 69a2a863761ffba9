//! Findings as a lens on themes: each selected finding with why it was selected, what people say about it, and the fit.
//!
//! The display of an explanatory sequential design: numbers select words. Because such a lens cannot discover a theme
//! that no number points at, the themes that it left out stand below the table, always.

use crate::display::appendices::{findings_left_out, themes_left_out};
use crate::display::build::needs_lens;
use crate::display::cells;
use crate::display::desk::{Desk, Line, Part, Table, column};
use crate::display::finding::Finding;
use crate::display::lens::Selection;
use crate::display::model::{Block, Cell, Role, Row, Strand};
use crate::display::write::counted;
use crate::error::Result;

pub(crate) fn table(desk: &Desk) -> Result<Table> {
    let lens = needs_lens(desk.spec)?;
    let (with, without): (Vec<_>, Vec<_>) =
        desk.chosen().into_iter().partition(|(finding, _)| !desk.strands.excerpts_of(&finding.id).is_empty());
    let mut parts = Vec::new();
    for (heading, part) in [("Selected, and spoken about", with), ("Selected, without a theme", without)] {
        if !part.is_empty() {
            parts.push(Part::new(heading, part.into_iter().map(|(f, log)| line(desk, f, log)).collect()));
        }
    }
    let chosen = desk.selection.iter().filter(|s| s.selected).count();
    let by_hand = desk.selection.iter().filter(|s| s.overridden).count();
    let rule = format!(
        "Lens: {}. It selected {chosen} of {}; {} by hand.",
        lens.rule.describe(),
        counted(desk.selection.len(), "finding"),
        if by_hand == 0 { "none".into() } else { by_hand.to_string() }
    );
    Ok(Table {
        caption: "Joint display: findings as a lens on themes",
        columns: vec![
            column("Finding", Strand::Label, 16),
            column("Value", Strand::Quantitative, 20),
            column("Why selected", Strand::Quantitative, 13),
            column("Theme and what was said", Strand::Qualitative, 34),
            column("Fit", Strand::Integration, 17),
        ],
        header: 0,
        parts,
        appendices: vec![themes_left_out(desk), findings_left_out(desk)],
        notes: vec![rule],
    })
}

fn line(desk: &Desk, finding: &Finding, log: &Selection) -> Line {
    let cells = vec![
        cells::label(finding),
        cells::value(desk, finding, log),
        why(finding, log),
        cells::said(desk, &finding.id),
        cells::fit_and_inference(desk, &finding.id, &desk.proposal(finding, log)),
    ];
    Line { row: Row { id: finding.id.clone(), cells }, behind: desk.strands.excerpts_of(&finding.id).to_vec() }
}

fn why(finding: &Finding, log: &Selection) -> Cell {
    Cell::of(vec![Block::new(Role::Rule, &log.why), cells::signal(finding, log.signal)])
}
