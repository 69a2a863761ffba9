//! Connecting through sampling: which stratum of the numbers was heard, and by whom.
//!
//! Fetters, Curry and Creswell (2013), Health Serv Res 48:2134, doi 10.1111/1475-6773.12117.

use crate::display::cells;
use crate::display::desk::{Desk, Line, Part, Table, column};
use crate::display::model::{Block, Cell, Role, Row, Strand};
use crate::display::spec::Stratum;
use crate::error::{Result, input};

pub(crate) fn table(desk: &Desk) -> Result<Table> {
    let strata = &desk.spec.parts.strata;
    if strata.is_empty() {
        return Err(input("sampling display without strata").at("strata").remedy("Pass strata=.").into());
    }
    let lines = strata.iter().map(|s| line(desk, s)).collect();
    Ok(Table {
        caption: "Joint display: who was sampled from which stratum",
        columns: vec![
            column("Stratum", Strand::Label, 18),
            column("Numbers", Strand::Quantitative, 24),
            column("Eligible", Strand::Quantitative, 10),
            column("Invited", Strand::Quantitative, 10),
            column("Heard", Strand::Qualitative, 10),
            column("Who", Strand::Qualitative, 28),
        ],
        header: 0,
        parts: vec![Part::new("Strata", lines)],
        appendices: Vec::new(),
        notes: vec!["Heard counts informants and focus groups; a group is one.".into()],
    })
}

fn line(desk: &Desk, stratum: &Stratum) -> Line {
    let number = |n: Option<u64>| match n {
        Some(n) if desk.spec.privacy.is_small(n) => {
            Cell::of(vec![Block::new(Role::Value, format!("fewer than {}", desk.spec.privacy.smallest_cell))])
        }
        Some(n) => Cell::of(vec![Block::new(Role::Value, n.to_string())]),
        None => Cell::of(vec![Block::new(Role::Absent, "not reported")]),
    };
    let mut numbers = Vec::new();
    for finding in &stratum.statistics {
        numbers.push(Block::new(Role::Theme, cells::name(finding)));
        numbers.extend(cells::value_blocks(desk, finding));
    }
    if numbers.is_empty() {
        numbers.push(Block::new(Role::Absent, "none given"));
    }
    let corpus = &desk.spec.corpus;
    let people =
        corpus.informants.iter().map(|x| (&x.id, &x.label)).chain(corpus.groups.iter().map(|x| (&x.id, &x.label)));
    let who: Vec<&str> = people.filter(|(id, _)| stratum.units.contains(id)).map(|(_, label)| label.as_str()).collect();
    let cells = vec![
        Cell::of(vec![Block::new(Role::Label, &stratum.label)]),
        Cell::of(numbers),
        number(stratum.eligible),
        number(stratum.invited),
        Cell::of(vec![Block::new(Role::Value, who.len().to_string())]),
        Cell::of(vec![if who.is_empty() {
            Block::new(Role::Absent, "nobody")
        } else {
            Block::new(Role::Text, who.join(", "))
        }]),
    ];
    Line { row: Row { id: format!("stratum:{}", stratum.label), cells }, behind: Vec::new() }
}
