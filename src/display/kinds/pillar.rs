//! Pillars: codes of numbers on one side, categories of words on the other, and what they hold up together.
//!
//! The Pillar Integration Process: Johnson, Grove and Clarke (2019), J Mix Methods Res 13:301,
//! doi 10.1177/1558689817743108. Listing and matching are the analyst's; checking is the list of what found no match.

use crate::display::appendices::printed;
use crate::display::cells;
use crate::display::desk::{Desk, Line, Part, Table, column};
use crate::display::finding::Finding;
use crate::display::lens::Selection;
use crate::display::model::{Appendix, Block, Cell, Role, Row, Strand};
use crate::display::spec::Pillar;
use crate::display::write::counted;
use crate::error::{Result, input};
use std::collections::HashSet;

pub(crate) fn table(desk: &Desk) -> Result<Table> {
    let pillars = &desk.spec.parts.pillars;
    if pillars.is_empty() {
        return Err(input("pillar display without pillars").at("pillars").remedy("Pass pillars=.").into());
    }
    let lines = pillars.iter().map(|p| line(desk, p)).collect::<Result<Vec<_>>>()?;
    Ok(Table {
        caption: "Joint display: pillar integration",
        columns: vec![
            column("Numbers", Strand::Quantitative, 22),
            column("Codes of the numbers", Strand::Quantitative, 14),
            column("Pillar", Strand::Integration, 20),
            column("Categories of the words", Strand::Qualitative, 30),
            column("Codes of the words", Strand::Qualitative, 14),
        ],
        header: 2,
        parts: vec![Part::new("Pillars", lines)],
        appendices: vec![unmatched(desk)],
        notes: vec!["Stages: listing, matching, checking (the list of what found no match), pillar building.".into()],
    })
}

fn line(desk: &Desk, pillar: &Pillar) -> Result<Line> {
    let place = format!("pillars, \"{}\"", pillar.name);
    let findings: Vec<(&Finding, &Selection)> =
        pillar.findings.iter().map(|id| desk.finding(id, &place)).collect::<Result<_>>()?;
    let mut behind: Vec<usize> = Vec::new();
    let mut codes: Vec<&str> = Vec::new();
    for id in &pillar.themes {
        let Some(theme) = desk.spec.corpus.themes.iter().find(|t| t.id == *id) else {
            return Err(input("unknown theme").at(place).got(format!("\"{id}\"")).into());
        };
        behind.extend(desk.strands.positions_of_theme(id));
        let names = desk.spec.corpus.codes.iter().filter(|c| theme.codes.contains(&c.id));
        codes.extend(names.map(|c| if c.name.is_empty() { c.id.as_str() } else { &c.name }));
    }
    behind.sort_unstable();
    behind.dedup();
    let id = format!("pillar:{}", pillar.name);
    let mut middle = Cell::of(vec![Block::new(Role::Label, &pillar.name)]);
    middle.blocks.extend(pillar.statement.iter().map(|s| Block::new(Role::Text, s)));
    middle.blocks.extend(cells::fit_and_inference(desk, &id, &desk.joint_proposal(&findings, &behind)).blocks);
    let cells = vec![
        cells::values(desk, &findings),
        list(pillar.codes.iter().map(String::as_str)),
        middle,
        if behind.is_empty() {
            Cell::of(vec![Block::new(Role::Absent, "Not in the corpus")])
        } else {
            cells::themes(desk, &behind)
        },
        list(codes.into_iter()),
    ];
    Ok(Line { row: Row { id, cells }, behind })
}

fn list<'t>(texts: impl Iterator<Item = &'t str>) -> Cell {
    let blocks: Vec<Block> = texts.map(|t| Block::new(Role::Text, t)).collect();
    if blocks.is_empty() { Cell::of(vec![Block::new(Role::Absent, "none given")]) } else { Cell::of(blocks) }
}

fn unmatched(desk: &Desk) -> Appendix {
    let pillars = &desk.spec.parts.pillars;
    let numbers: HashSet<&str> = pillars.iter().flat_map(|p| &p.findings).map(String::as_str).collect();
    let words: HashSet<&str> = pillars.iter().flat_map(|p| &p.themes).map(String::as_str).collect();
    let findings = desk.spec.findings.iter().filter(|f| !numbers.contains(f.id.as_str()));
    let themes = desk.spec.corpus.themes.iter().filter(|t| !words.contains(t.id.as_str()));
    let left = findings.map(|f| vec![cells::name(f).to_owned(), "numbers".into(), printed(desk, f)]);
    let right = themes.map(|t| vec![t.name.clone(), "words".into(), t.description.clone().unwrap_or_default()]);
    let rows: Vec<Vec<String>> = left.chain(right).collect();
    Appendix {
        heading: "Listed and not matched".into(),
        lead: if rows.is_empty() {
            "None.".into()
        } else {
            format!("{} in no pillar.", counted(rows.len(), "entry").replace("entrys", "entries"))
        },
        columns: ["Entry", "Strand", "What it says"].map(String::from).to_vec(),
        rows,
    }
}
