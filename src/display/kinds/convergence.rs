//! The convergence coding matrix of the triangulation protocol: each topic by source, assessed, with rater and note.
//!
//! Farmer, Robinson, Elliott and Eyles (2006), Qual Health Res 16:377, doi 10.1177/1049732305285708. Agreement: both
//! sources share meaning and examples; partial agreement: one of the two; silence: one source covers the topic alone;
//! dissonance: they share neither.

use super::side_by_side::words_only;
use crate::display::cells;
use crate::display::desk::{Desk, Line, Part, Table, column};
use crate::display::finding::Finding;
use crate::display::fit::Vocabulary;
use crate::display::judged::{Standing, standing};
use crate::display::lens::Selection;
use crate::display::model::{Appendix, Block, Cell, Role, Row, Strand};
use crate::error::{Result, input};

pub(crate) fn table(desk: &Desk) -> Result<Table> {
    if desk.spec.vocabulary != Vocabulary::Triangulation {
        return Err(input("convergence matrix in another vocabulary")
            .at("vocabulary")
            .got(desk.spec.vocabulary.title())
            .allowed("triangulation-protocol")
            .remedy("Pass vocabulary=\"triangulation-protocol\", or kind=\"side-by-side\".")
            .into());
    }
    let lines: Vec<Line> = desk.chosen().into_iter().map(|(f, log)| line(desk, f, log)).collect();
    let both = lines.iter().filter(|l| !l.behind.is_empty()).count();
    let numbers = lines.len() - both;
    let mut parts = vec![Part::new("Topics of the numbers", lines)];
    let words = words_only(desk).map_or(0, |part| {
        let n = part.lines.len();
        parts.push(Part::new("Topics of the words alone", part.lines.into_iter().map(|l| widened(desk, l)).collect()));
        n
    });
    Ok(Table {
        caption: "Joint display: convergence coding matrix",
        columns: vec![
            column("Topic", Strand::Label, 14),
            column("Source A: numbers", Strand::Quantitative, 19),
            column("Source B: words", Strand::Qualitative, 31),
            column("Assessment", Strand::Integration, 13),
            column("Rater", Strand::Integration, 9),
            column("Note", Strand::Integration, 14),
        ],
        header: 0,
        parts,
        appendices: vec![completeness(both, numbers, words)],
        notes: vec!["Agreement: same meaning and same examples; partial agreement: one of the two; dissonance: neither; silence: asked, and one source alone covers the topic.".into()],
    })
}

fn completeness(both: usize, numbers: usize, words: usize) -> Appendix {
    let row = |what: &str, n: usize| vec![what.to_owned(), n.to_string()];
    Appendix {
        heading: "Completeness".into(),
        lead: "How many topics each source covers.".into(),
        columns: vec!["Covered by".into(), "Topics".into()],
        rows: vec![row("both sources", both), row("numbers alone", numbers), row("words alone", words)],
    }
}

fn line(desk: &Desk, finding: &Finding, log: &Selection) -> Line {
    let mut value = cells::value(desk, finding, log);
    value.blocks.push(cells::signal(finding, log.signal));
    let assessment = cells::fit(desk, &finding.id, &desk.proposal(finding, log));
    let cells = vec![
        cells::label(finding),
        value,
        cells::said(desk, &finding.id),
        assessment,
        raters(desk, &finding.id),
        cells::inference(desk, &finding.id),
    ];
    Line { row: Row { id: finding.id.clone(), cells }, behind: desk.strands.excerpts_of(&finding.id).to_vec() }
}

/// A row of words alone, with the column of raters put in.
fn widened(desk: &Desk, mut line: Line) -> Line {
    let raters = raters(desk, &line.row.id);
    let at = line.row.cells.len().saturating_sub(1);
    line.row.cells.insert(at, raters);
    line
}

fn raters(desk: &Desk, row: &str) -> Cell {
    let names: Vec<&str> = match standing(&desk.spec.judgements, row) {
        Standing::Open => Vec::new(),
        Standing::Settled(last, _) if last.consensus => vec![&last.by],
        Standing::Settled(_, all) | Standing::Disputed(all) => all.iter().map(|j| j.by.as_str()).collect(),
    };
    if names.is_empty() {
        Cell::of(vec![Block::new(Role::Absent, "nobody yet")])
    } else {
        Cell::of(names.iter().map(|name| Block::new(Role::Text, *name)).collect())
    }
}
