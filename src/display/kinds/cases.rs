//! Sites in the order of a score: its numbers, its story, and what was said there.
//!
//! The matrix by case of O'Cathain, Murphy and Nicholl (2010), BMJ 341:c4587, doi 10.1136/bmj.c4587: for few cases.

use crate::display::cells;
use crate::display::desk::{Desk, Line, Part, Proposal, Table, column};
use crate::display::finding::Finding;
use crate::display::fit::Meeting;
use crate::display::model::{Block, Cell, Role, Row, Strand};
use crate::display::spec::Case;
use crate::display::write::{counted, fixed, number};
use crate::error::{Result, input};
use std::collections::HashSet;

pub(crate) fn table(desk: &Desk) -> Result<Table> {
    let order = order(desk)?;
    let mut sites: Vec<(&str, f64)> = order.by_site.iter().map(|s| (s.site.as_str(), s.value)).collect();
    sites.sort_by(|a, b| b.1.total_cmp(&a.1));
    let known: HashSet<&str> = sites.iter().map(|s| s.0).collect();
    if let Some(case) = desk.spec.parts.cases.iter().find(|c| !known.contains(c.site.as_str())) {
        return Err(input("case of an unknown site")
            .at("cases")
            .got(format!("\"{}\"", case.site))
            .allowed(sites.iter().map(|s| s.0).collect::<Vec<_>>().join(", "))
            .into());
    }
    let lines = sites.iter().map(|(site, value)| line(desk, order, site, *value)).collect();
    let mut notes = vec![format!("Sites stand in the order of {}, highest first.", cells::name(order))];
    if !desk.strands.knows_sites() {
        notes
            .push("The corpus does not say at which site anybody spoke, so no excerpt can stand beside a site.".into());
    }
    Ok(Table {
        caption: "Joint display: cases in the order of their score",
        columns: vec![
            column("Site", Strand::Label, 12),
            column("Numbers", Strand::Quantitative, 20),
            column("Narrative", Strand::Qualitative, 20),
            column("Themes and what was said", Strand::Qualitative, 30),
            column("Fit and meta-inference", Strand::Integration, 18),
        ],
        header: 0,
        parts: vec![Part::new(format!("Sites by {}", cells::name(order)), lines)],
        appendices: Vec::new(),
        notes,
    })
}

fn order<'d>(desk: &Desk<'d>) -> Result<&'d Finding> {
    let named = match &desk.spec.parts.order_by {
        Some(id) => Some(desk.finding(id, "order_by")?.0),
        None => desk.spec.findings.iter().find(|f| !f.by_site.is_empty()),
    };
    named.filter(|f| !f.by_site.is_empty()).ok_or_else(|| {
        input("case-oriented display without values by site")
            .at("order_by")
            .remedy("Name a finding that has by_site=, such as a total.")
            .into()
    })
}

fn line(desk: &Desk, order: &Finding, site: &str, value: f64) -> Line {
    let case = desk.spec.parts.cases.iter().find(|c| c.site == site);
    let behind = desk.strands.positions_at_site(site);
    let id = format!("site:{site}");
    let label = case.and_then(|c| c.label.clone()).unwrap_or_else(|| format!("Site {site}"));
    let proposal = Proposal { meeting: Meeting::Unresolved, why: "no rule reads a whole site; a person judges".into() };
    let cells = vec![
        Cell::of(vec![Block::new(Role::Label, label)]),
        numbers(desk, order, site, value),
        narrative(case),
        voices(desk, &behind),
        cells::fit_and_inference(desk, &id, &proposal),
    ];
    Line { row: Row { id, cells }, behind }
}

/// The score, then the other findings of the site that lie farthest from the mean over sites.
fn numbers(desk: &Desk, order: &Finding, site: &str, value: f64) -> Cell {
    let mut blocks = vec![Block::new(Role::Value, format!("{} {}", number(value), order.unit).trim().to_owned())];
    blocks.push(Block::new(Role::Detail, cells::name(order)));
    let mut others: Vec<(&Finding, f64)> = desk
        .chosen()
        .into_iter()
        .filter(|(f, _)| f.id != order.id)
        .filter_map(|(f, _)| Some((f, f.by_site.iter().find(|s| s.site == site)?.value)))
        .collect();
    others.sort_by(|a, b| (b.1 - b.0.value).abs().total_cmp(&(a.1 - a.0.value).abs()));
    let shown = 4;
    for (finding, x) in others.iter().take(shown) {
        let text =
            format!("{}: {} (all sites {})", cells::name(finding), number(*x), fixed(finding.value, finding.decimals));
        blocks.push(Block::new(Role::Detail, text));
    }
    if others.len() > shown {
        let more = counted(others.len() - shown, "finding");
        blocks.push(Block::new(Role::Detail, format!("{more} nearer to the mean over sites not shown")));
    }
    Cell::of(blocks)
}

fn narrative(case: Option<&Case>) -> Cell {
    match case.and_then(|c| c.narrative.as_ref()) {
        Some(text) => Cell::of(vec![Block::new(Role::Text, text)]),
        None => Cell::of(vec![Block::new(Role::Absent, "none written")]),
    }
}

/// What was said at the site; quotes of people whom the site would identify are withheld.
fn voices(desk: &Desk, behind: &[usize]) -> Cell {
    if behind.is_empty() {
        let why = if desk.strands.knows_sites() {
            "Nothing from this site in the corpus"
        } else {
            "Site of speakers not recorded"
        };
        return Cell::of(vec![Block::new(Role::Absent, why)]);
    }
    let at_risk: HashSet<&str> =
        desk.risks.iter().filter(|r| r.attributes.len() == 2).map(|r| r.informant.as_str()).collect();
    let mut cell = cells::themes(desk, behind);
    if desk.spec.privacy.withhold_quotes {
        let named: HashSet<&str> = desk
            .strands
            .excerpts(behind)
            .into_iter()
            .filter(|e| e.informant.as_deref().is_some_and(|i| at_risk.contains(i)))
            .map(|e| e.id.as_str())
            .collect();
        let before = cell.blocks.len();
        cell.blocks.retain(|b| b.excerpt.as_deref().is_none_or(|e| !named.contains(e)));
        let withheld = before - cell.blocks.len();
        if withheld > 0 {
            let what = counted(withheld, "quote");
            cell.blocks.push(Block::new(
                Role::Caution,
                format!("{what} withheld: the speaker is alone in the role at this site"),
            ));
        }
    }
    cell
}
