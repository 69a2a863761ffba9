//! Lists below a display: what it left out, who is heard, and where the quotes stand.

use super::cells::name;
use super::desk::{Desk, Line};
use super::finding::Finding;
use super::lens::Selection;
use super::model::{Appendix, Section};
use super::write::{counted, estimate, uncertainty};
use crate::corpus::{Excerpt, Theme, Wording};
use std::collections::{BTreeSet, HashSet};

/// Themes that no selected finding belongs with.
pub(crate) fn themes_left_out(desk: &Desk) -> Appendix {
    let chosen: HashSet<&str> = desk.chosen().iter().map(|(f, _)| f.id.as_str()).collect();
    let left = desk.strands.unreached(&chosen);
    let rows = left.iter().map(|theme| theme_line(desk, theme)).collect::<Vec<_>>();
    let all = desk.spec.corpus.themes.len();
    Appendix {
        heading: "Themes that no finding selected".into(),
        lead: if left.is_empty() {
            format!("None: all {} stand in the table.", counted(all, "theme"))
        } else {
            format!("{} of {}: what a lens of numbers does not see.", left.len(), counted(all, "theme"))
        },
        columns: ["Theme", "Whose", "What was said", "Linked findings"].map(String::from).to_vec(),
        rows,
    }
}

fn theme_line(desk: &Desk, theme: &Theme) -> Vec<String> {
    let excerpts = desk.strands.excerpts_of_theme(&theme.id);
    let said: Vec<String> = excerpts.iter().map(|e| said(desk, e)).collect();
    let mut linked: Vec<&str> =
        excerpts.iter().flat_map(|e| &e.findings).chain(&theme.findings).map(String::as_str).collect();
    linked.sort_unstable();
    linked.dedup();
    let links: Vec<String> = linked
        .iter()
        .map(|id| match desk.spec.findings.iter().find(|f| f.id == *id) {
            Some(f) => format!("{}, {}: not selected", name(f), printed(desk, f)),
            None => format!("{id}: not among the findings"),
        })
        .collect();
    vec![
        theme.name.clone(),
        theme.population.clone().unwrap_or_default().replace('_', " "),
        if said.is_empty() { "no excerpt".into() } else { said.join("; ") },
        if links.is_empty() { "none".into() } else { links.join("; ") },
    ]
}

/// The estimate as it may be printed.
pub(crate) fn printed(desk: &Desk, finding: &Finding) -> String {
    let privacy = &desk.spec.privacy;
    privacy.small(finding).map_or_else(|| estimate(finding), |small| privacy.coarse(finding, small).0)
}

fn said(desk: &Desk, excerpt: &Excerpt) -> String {
    let words = match excerpt.wording {
        Wording::Paraphrase => excerpt.text.clone(),
        _ => format!("\u{201c}{}\u{201d}", excerpt.text),
    };
    format!("{words} ({})", desk.strands.who(excerpt))
}

/// Findings that the lens left out, and why.
pub(crate) fn findings_left_out(desk: &Desk) -> Appendix {
    let pairs = desk.spec.findings.iter().zip(&desk.selection);
    let left: Vec<(&Finding, &Selection)> = pairs.filter(|(_, s)| !s.selected).collect();
    let row = |f: &Finding, s: &Selection| {
        let why = if s.judged { s.why.clone() } else { format!("cannot be judged: {}", s.why) };
        let is_small = desk.spec.privacy.small(f).is_some();
        let interval = if is_small { "count suppressed".into() } else { uncertainty(f) };
        vec![name(f).to_owned(), printed(desk, f), interval, why]
    };
    Appendix {
        heading: "Findings that the lens did not select".into(),
        lead: format!("{} of {}.", left.len(), counted(desk.spec.findings.len(), "finding")),
        columns: ["Finding", "Value", "Uncertainty", "Why not"].map(String::from).to_vec(),
        rows: left.into_iter().map(|(f, s)| row(f, s)).collect(),
    }
}

/// Quote balance: who stands behind the rows, who is quoted, who is not heard.
pub(crate) fn who_is_heard(desk: &Desk, lines: &[&Line], sections: &[Section]) -> Appendix {
    let behind: BTreeSet<usize> = lines.iter().flat_map(|l| &l.behind).copied().collect();
    let quoted = quoted(sections);
    let corpus = &desk.spec.corpus;
    let tally = |owner: &dyn Fn(&Excerpt) -> bool| {
        let own = corpus.excerpts.iter().enumerate().filter(|(_, e)| owner(e));
        own.fold([0_usize; 3], |[all, here, told], (at, e)| {
            let is_told = quoted.contains(e.id.as_str());
            [all + 1, here + usize::from(behind.contains(&at)), told + usize::from(is_told)]
        })
    };
    let mut rows: Vec<(&str, [usize; 3], bool)> = Vec::new();
    for x in &corpus.informants {
        rows.push((&x.label, tally(&|e| e.informant.as_deref() == Some(&x.id)), true));
    }
    for x in &corpus.groups {
        rows.push((&x.label, tally(&|e| e.group.as_deref() == Some(&x.id)), x.one_of.is_empty()));
    }
    let units = rows.iter().filter(|(.., unit)| *unit);
    let heard = units.clone().filter(|(_, [_, here, _], _)| *here > 0).count();
    let unnamed: usize = rows.iter().filter(|(.., unit)| !unit).map(|(_, [_, here, _], _)| here).sum();
    let more = if unnamed > 0 {
        format!("; {} by a group that nobody named", counted(unnamed, "further excerpt"))
    } else {
        String::new()
    };
    let cells = |(label, counts, _): &(&str, [usize; 3], bool)| {
        std::iter::once((*label).to_owned()).chain(counts.iter().map(usize::to_string)).collect()
    };
    Appendix {
        heading: "Who is heard".into(),
        lead: format!("{heard} of {} informants and groups stand behind the rows above{more}.", units.count()),
        columns: ["Informant or group", "Excerpts in the corpus", "Behind the rows", "Quoted"]
            .map(String::from)
            .to_vec(),
        rows: rows.iter().map(cells).collect(),
    }
}

/// Ids of the excerpts that the table prints.
fn quoted(sections: &[Section]) -> HashSet<&str> {
    let cells = sections.iter().flat_map(|s| &s.rows).flat_map(|r| &r.cells);
    cells.flat_map(|c| &c.blocks).filter_map(|b| b.excerpt.as_deref()).collect()
}

/// Where each printed quote stands; None where all are paraphrases, of which a note speaks.
pub(crate) fn sources(desk: &Desk, sections: &[Section]) -> Option<Appendix> {
    let printed = quoted(sections);
    let own = desk.spec.corpus.excerpts.iter().filter(|e| printed.contains(e.id.as_str()));
    let quotes: Vec<&Excerpt> = own.filter(|e| e.wording != Wording::Paraphrase).collect();
    let source = |e: &Excerpt| {
        let id = e.source.as_deref()?;
        let held = desk.spec.corpus.sources.iter().find(|s| s.id == id);
        let name = held.map_or(id, |s| if s.name.is_empty() { id } else { &s.name });
        let place = e.start.zip(e.end).map_or(String::new(), |(from, to)| format!(", characters {from} to {to}"));
        Some(format!("{name}{place}"))
    };
    let rows: Vec<Vec<String>> = quotes
        .iter()
        .map(|e| {
            let status = desk.statuses.get(e.id.as_str()).cloned().unwrap_or_default();
            vec![e.id.clone(), desk.strands.who(e), source(e).unwrap_or_else(|| "not recorded".into()), status]
        })
        .collect();
    let matching = rows.iter().filter(|r| r.last().is_some_and(|s| s == crate::corpus::check::MATCHES)).count();
    (!rows.is_empty()).then(|| Appendix {
        heading: "Where the quotes stand".into(),
        lead: format!("{matching} of {} stand word for word in their source.", counted(rows.len(), "quote")),
        columns: ["Quote", "Who", "Source", "Checked"].map(String::from).to_vec(),
        rows,
    })
}
