//! Themes by groups of people: with counts and each group's numbers, or with the words themselves.
//!
//! Statistics by themes: Guetterman, Fetters and Creswell (2015), Ann Fam Med 13:554, doi 10.1370/afm.1865. Quote matrix:
//! Guetterman and James (2023), Methods in Psychology 8:100116, doi 10.1016/j.metip.2023.100116.

use crate::corpus::Excerpt;
use crate::display::cells;
use crate::display::desk::{Desk, Line, Part, Proposal, Table, column};
use crate::display::fit::Meeting;
use crate::display::model::{Block, Cell, Role, Row, Strand};
use crate::display::spec::{RowsBy, Stratum};
use crate::display::strands::{unit_of, voices};
use crate::display::suppress::{Counts, suppress};
use crate::display::write::counted;
use crate::error::{Result, input};
use std::collections::HashSet;

/// What a row of these displays is about.
struct Topic {
    id: String,
    name: String,
    about: Option<String>,
    excerpts: Vec<usize>,
}

pub(crate) fn statistics(desk: &Desk) -> Result<Table> {
    let strata = strata(desk)?;
    let sizes: Vec<usize> = strata.iter().map(|s| size(desk, s)).collect();
    let mut parts = Vec::new();
    let numbers = statistics_lines(desk, strata);
    if !numbers.is_empty() {
        parts.push(Part::new("Statistics of the groups", numbers));
    }
    let topics = themes(desk);
    let lines = topics.iter().map(|t| count_line(desk, t, strata, &sizes)).collect::<Result<Vec<_>>>()?;
    parts.push(Part::new("Themes: how many of those heard spoke about it", lines));
    let width = u8::try_from(62 / (strata.len() + 1)).unwrap_or(1).max(1);
    let mut columns = vec![column("Theme", Strand::Label, 20)];
    columns.extend(
        strata.iter().zip(&sizes).map(|(s, n)| column(format!("{} (n = {n})", s.label), Strand::Qualitative, width)),
    );
    columns.push(column(format!("All (n = {})", sizes.iter().sum::<usize>()), Strand::Qualitative, width));
    columns.push(column("Fit and meta-inference", Strand::Integration, 18));
    let mut notes = vec!["n counts informants and focus groups; a group is one voice. They were not drawn at random: counts say how widely a theme was heard, and are no estimates.".to_owned()];
    if desk.spec.privacy.informants {
        notes.push(format!(
            "Counts below {} and their companions are suppressed, so that none can be derived.",
            desk.spec.privacy.smallest_cell
        ));
    }
    Ok(Table {
        caption: "Joint display: statistics by themes",
        columns,
        header: 0,
        parts,
        appendices: Vec::new(),
        notes,
    })
}

pub(crate) fn quotes(desk: &Desk) -> Result<Table> {
    let strata = strata(desk)?;
    let topics = match desk.spec.parts.rows_by {
        RowsBy::Themes => themes(desk),
        RowsBy::Codes => codes(desk),
    };
    let line = |topic: &Topic| {
        let mut cells = vec![topic_cell(topic)];
        cells.extend(strata.iter().map(|s| quote_cell(desk, &of_stratum(desk, s, &topic.excerpts))));
        Line { row: Row { id: topic.id.clone(), cells }, behind: topic.excerpts.clone() }
    };
    let what = if desk.spec.parts.rows_by == RowsBy::Codes { "Code" } else { "Theme" };
    let lines = topics.iter().map(line).collect();
    let width = u8::try_from(84 / strata.len()).unwrap_or(1).max(1);
    let mut columns = vec![column(what, Strand::Label, 16)];
    columns.extend(strata.iter().map(|s| column(&s.label, Strand::Qualitative, width)));
    let parts = vec![Part::new(format!("{what}s"), lines)];
    let notes = vec!["Each quote carries its id; the list below says where it stands.".to_owned()];
    Ok(Table { caption: "Quote matrix", columns, header: 0, parts, appendices: Vec::new(), notes })
}

fn strata<'d>(desk: &Desk<'d>) -> Result<&'d [Stratum]> {
    let strata = &desk.spec.parts.strata;
    if strata.is_empty() {
        return Err(input("display by groups without groups")
            .at("strata")
            .remedy("Pass strata=\"role\", \"site\" or the name of a variable, or groups of people.")
            .into());
    }
    let corpus = &desk.spec.corpus;
    let known: HashSet<&str> =
        corpus.informants.iter().map(|x| x.id.as_str()).chain(corpus.groups.iter().map(|x| x.id.as_str())).collect();
    let mut seen = HashSet::new();
    for (stratum, unit) in strata.iter().flat_map(|s| s.units.iter().map(move |u| (s, u))) {
        let problem = if !known.contains(unit.as_str()) {
            "group of people with an unknown member"
        } else if !seen.insert(unit) {
            "informant in two groups"
        } else {
            continue;
        };
        return Err(input(problem).at(format!("strata, \"{}\"", stratum.label)).got(format!("\"{unit}\"")).into());
    }
    Ok(strata)
}

/// Units of a group; a focus group that nobody named is none of its own.
fn size(desk: &Desk, stratum: &Stratum) -> usize {
    let unnamed = desk.spec.corpus.groups.iter().filter(|g| !g.one_of.is_empty());
    let unnamed: HashSet<&str> = unnamed.map(|g| g.id.as_str()).collect();
    stratum.units.iter().filter(|u| !unnamed.contains(u.as_str())).count()
}

fn themes(desk: &Desk) -> Vec<Topic> {
    let topic = |t: &crate::corpus::Theme| Topic {
        id: format!("theme:{}", t.id),
        name: t.name.clone(),
        about: t.description.clone(),
        excerpts: desk.strands.positions_of_theme(&t.id),
    };
    desk.spec.corpus.themes.iter().map(topic).collect()
}

fn codes(desk: &Desk) -> Vec<Topic> {
    let topic = |c: &crate::corpus::Code| Topic {
        id: format!("code:{}", c.id),
        name: c.name.clone(),
        about: c.description.clone(),
        excerpts: desk.strands.positions_of_code(&c.id),
    };
    desk.spec.corpus.codes.iter().filter(|c| c.codable).map(topic).collect()
}

fn topic_cell(topic: &Topic) -> Cell {
    let mut blocks = vec![Block::new(Role::Label, &topic.name)];
    blocks.extend(topic.about.iter().map(|text| Block::new(Role::Detail, text)));
    Cell::of(blocks)
}

fn of_stratum<'d>(desk: &Desk<'d>, stratum: &Stratum, excerpts: &[usize]) -> Vec<&'d Excerpt> {
    let units: HashSet<&str> = stratum.units.iter().map(String::as_str).collect();
    desk.strands.excerpts(excerpts).into_iter().filter(|e| unit_of(e).is_some_and(|u| units.contains(u))).collect()
}

fn quote_cell(desk: &Desk, excerpts: &[&Excerpt]) -> Cell {
    if excerpts.is_empty() {
        return Cell::of(vec![Block::new(Role::Absent, "none in the corpus")]);
    }
    let shown = desk.spec.quotes;
    let mut blocks = Vec::new();
    for excerpt in excerpts.iter().take(shown) {
        blocks.extend(cells::quote(desk, excerpt));
        blocks.push(Block::new(Role::Detail, format!("[{}]", excerpt.id)));
    }
    if excerpts.len() > shown {
        blocks.push(Block::new(Role::Detail, format!("and {} more", excerpts.len() - shown)));
    }
    Cell::of(blocks)
}

/// One row per statistic that any group has, in the order of their first appearance.
fn statistics_lines(desk: &Desk, strata: &[Stratum]) -> Vec<Line> {
    let mut ids: Vec<&str> = Vec::new();
    for finding in strata.iter().flat_map(|s| &s.statistics) {
        if !ids.contains(&finding.id.as_str()) {
            ids.push(&finding.id);
        }
    }
    let cell = |finding: Option<&crate::display::Finding>| match finding {
        Some(f) => Cell::of(cells::value_blocks(desk, f)),
        None => Cell::of(vec![Block::new(Role::Absent, "not given")]),
    };
    let line = |id: &&str| {
        let of = |list: &'_ [crate::display::Finding]| list.iter().find(|f| f.id == **id).cloned();
        let label =
            strata.iter().find_map(|s| of(&s.statistics)).map_or((*id).to_owned(), |f| cells::name(&f).to_owned());
        let mut cells = vec![Cell::of(vec![Block::new(Role::Label, label)])];
        cells.extend(strata.iter().map(|s| cell(of(&s.statistics).as_ref())));
        cells.push(cell(desk.spec.findings.iter().find(|f| f.id == **id)));
        cells.push(Cell::default());
        Line { row: Row { id: format!("statistic:{id}"), cells }, behind: Vec::new() }
    };
    ids.iter().map(line).collect()
}

fn count_line(desk: &Desk, topic: &Topic, strata: &[Stratum], sizes: &[usize]) -> Result<Line> {
    let found: Vec<Vec<&Excerpt>> = strata.iter().map(|s| of_stratum(desk, s, &topic.excerpts)).collect();
    let mut counts: Vec<u64> = found.iter().map(|e| voices(e) as u64).collect();
    counts.push(counts.iter().sum());
    let privacy = &desk.spec.privacy;
    let shown: Vec<Option<u64>> = if privacy.informants {
        let row = Counts { cells: vec![counts], row_totals: true, column_totals: false };
        suppress(&row, privacy.smallest_cell)?.cells.concat()
    } else {
        counts.into_iter().map(Some).collect()
    };
    let total = sizes.iter().sum::<usize>();
    let mut cells = vec![topic_cell(topic)];
    let sized = sizes.iter().copied().chain([total]);
    for ((at, count), n) in shown.into_iter().enumerate().zip(sized) {
        let mut blocks = vec![Block::new(Role::Value, count.map_or("suppressed".into(), |k| format!("{k} of {n}")))];
        if let Some(excerpts) = found.get(at).filter(|e| !e.is_empty()) {
            if count.is_some() && !privacy.informants {
                blocks.push(Block::new(Role::Detail, counted(excerpts.len(), "excerpt")));
            }
            // Beside a suppressed count even one quote tells that the count is not zero.
            if !privacy.informants {
                blocks.extend(excerpts.iter().take(1).flat_map(|e| cells::quote(desk, e)));
            }
        }
        cells.push(Cell::of(blocks));
    }
    let proposal =
        Proposal { meeting: Meeting::Unresolved, why: "no rule reads a theme by groups; a person judges".into() };
    cells.push(cells::fit_and_inference(desk, &topic.id, &proposal));
    Ok(Line { row: Row { id: topic.id.clone(), cells }, behind: topic.excerpts.clone() })
}
