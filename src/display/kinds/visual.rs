//! A picture of each finding on an axis that findings of one unit share, and what was said.
//!
//! Guetterman, Fàbregues and Sakakibara (2021), Methods in Psychology 5:100080, doi 10.1016/j.metip.2021.100080.

use crate::display::cells;
use crate::display::desk::{Desk, Line, Part, Table, column};
use crate::display::finding::Finding;
use crate::display::lens::Selection;
use crate::display::model::{Cell, Row, Strand};
use std::collections::BTreeMap;

pub(crate) fn table(desk: &Desk) -> Table {
    let axes = axes(desk);
    let mut parts: Vec<Part> = Vec::new();
    for (finding, log) in desk.chosen() {
        let line = line(desk, finding, log, axes.get(finding.unit.as_str()).copied());
        let heading = if finding.unit.is_empty() { "Findings".into() } else { format!("In {}", finding.unit) };
        match parts.iter_mut().find(|p| p.heading == heading) {
            Some(part) => part.lines.push(line),
            None => parts.push(Part::new(heading, vec![line])),
        }
    }
    Table {
        caption: "Joint display: pictures of findings and what was said",
        columns: vec![
            column("Finding", Strand::Label, 15),
            column("Picture", Strand::Quantitative, 34),
            column("Theme and what was said", Strand::Qualitative, 33),
            column("Fit", Strand::Integration, 18),
        ],
        header: 0,
        parts,
        appendices: Vec::new(),
        notes: vec!["Pictures of findings in one unit share their axis.".into()],
    }
}

/// The widest range of each unit: scales where they are known, else values and intervals.
fn axes<'d>(desk: &Desk<'d>) -> BTreeMap<&'d str, (f64, f64)> {
    let mut axes: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for (finding, _) in desk.chosen() {
        let (low, high) = finding.scale.unwrap_or_else(|| extent(finding));
        let axis = axes.entry(&finding.unit).or_insert((low, high));
        *axis = (axis.0.min(low), axis.1.max(high));
    }
    axes
}

fn extent(finding: &Finding) -> (f64, f64) {
    let ends = finding.interval.as_ref().map_or((finding.value, finding.value), |i| (i.low, i.high));
    let low = ends.0.min(finding.value).min(0.0);
    let high = ends.1.max(finding.value).max(0.0);
    if low < high { (low, high) } else { (low - 1.0, high + 1.0) }
}

fn line(desk: &Desk, finding: &Finding, log: &Selection, axis: Option<(f64, f64)>) -> Line {
    let shared = Finding { scale: axis, ..finding.clone() };
    let mut value = cells::value(desk, &shared, log);
    if let Some(chart) = &mut value.chart {
        chart.wide = true;
    }
    value.blocks.push(cells::signal(finding, log.signal));
    let cells: Vec<Cell> = vec![
        cells::label(finding),
        value,
        cells::said(desk, &finding.id),
        cells::fit_and_inference(desk, &finding.id, &desk.proposal(finding, log)),
    ];
    Line { row: Row { id: finding.id.clone(), cells }, behind: desk.strands.excerpts_of(&finding.id).to_vec() }
}
