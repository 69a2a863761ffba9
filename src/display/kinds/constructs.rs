//! What belongs to a construct: its findings, and the excerpts of its codes, themes and findings.

use crate::display::desk::Desk;
use crate::display::finding::Finding;
use crate::display::lens::Selection;

/// Findings and excerpts of a construct; of None: the findings that name no construct, with their excerpts.
pub(crate) fn evidence<'d, 'k>(
    desk: &'k Desk<'d>,
    construct: Option<&str>,
) -> (Vec<(&'d Finding, &'k Selection)>, Vec<usize>) {
    let findings: Vec<_> = desk.chosen().into_iter().filter(|(f, _)| f.construct.as_deref() == construct).collect();
    let ids: Vec<&str> = findings.iter().map(|(f, _)| f.id.as_str()).collect();
    let excerpts = if let Some(construct) = construct {
        desk.strands.positions_of_construct(construct, &ids)
    } else {
        let mut all: Vec<usize> = ids.iter().flat_map(|id| desk.strands.excerpts_of(id)).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    (findings, excerpts)
}

/// The id of a construct's row.
pub(crate) fn line_id(construct: Option<&str>) -> String {
    construct.map_or_else(|| "construct:".into(), |c| format!("construct:{c}"))
}
