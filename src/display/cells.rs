//! Cells that the kinds of display share.

use super::asked::Absence;
use super::desk::{Desk, Proposal};
use super::finding::{Finding, Signal};
use super::fit::{Meeting, Vocabulary};
use super::judged::{Judgement, Standing, standing};
use super::lens::Selection;
use super::model::{Block, Cell, Role, Row};
use super::picture::chart;
use super::spec::Proposals;
use super::strands::{valence_word, voices};
use super::write::{basis, counted, estimate, gap_words, reading, site_range, tally, uncertainty};
use crate::corpus::{Excerpt, Theme};

/// The name of a finding and its domain.
pub(crate) fn label(finding: &Finding) -> Cell {
    let mut blocks = vec![Block::new(Role::Label, name(finding))];
    blocks.extend(finding.domain.iter().map(|domain| Block::new(Role::Detail, domain)));
    Cell::of(blocks)
}

pub(crate) fn name(finding: &Finding) -> &str {
    if finding.label.is_empty() { &finding.id } else { &finding.label }
}

/// The value with its interval, n, range between sites, gap and caveat, and a chart.
pub(crate) fn value(desk: &Desk, finding: &Finding, log: &Selection) -> Cell {
    let chart = chart(&desk.spec.privacy, finding, &log.cuts);
    Cell { blocks: value_blocks(desk, finding), chart }
}

pub(crate) fn value_blocks(desk: &Desk, finding: &Finding) -> Vec<Block> {
    let privacy = &desk.spec.privacy;
    let mut blocks = Vec::new();
    if let Some(small) = privacy.small(finding) {
        let (value, basis) = privacy.coarse(finding, small);
        blocks.extend([Block::new(Role::Value, value), Block::new(Role::Detail, basis)]);
    } else {
        blocks.push(Block::new(Role::Value, estimate(finding)));
        blocks.push(Block::new(Role::Detail, uncertainty(finding)));
        let range = site_range(finding).map_or(String::new(), |range| format!("; {range}"));
        blocks.push(Block::new(Role::Detail, format!("{}{range}", basis(finding))));
    }
    blocks.extend(finding.gap.iter().map(|gap| Block::new(Role::Detail, gap_words(gap, finding.decimals))));
    blocks.extend(finding.caveat.iter().map(|caveat| Block::new(Role::Caution, caveat)));
    blocks
}

/// Several findings in one cell, each under its name; the chart of the only one.
pub(crate) fn values(desk: &Desk, findings: &[(&Finding, &Selection)]) -> Cell {
    if findings.is_empty() {
        return Cell::of(vec![Block::new(Role::Absent, "No finding")]);
    }
    let mut blocks = Vec::new();
    for (finding, log) in findings {
        blocks.push(Block::new(Role::Theme, name(finding)));
        blocks.extend(value_blocks(desk, finding));
        blocks.push(signal(finding, log.signal));
    }
    Cell::of(blocks)
}

pub(crate) fn signal(finding: &Finding, signal: Signal) -> Block {
    let why = match (signal, &finding.interval) {
        (Signal::Indeterminate, Some(_)) => " (the interval spans a cut)",
        (Signal::Indeterminate, None) => " (there is no interval)",
        _ => "",
    };
    Block::new(Role::Signal, format!("signal: {}{why}", reading(finding, signal)))
}

/// What was said about a finding, or why nothing was.
pub(crate) fn said(desk: &Desk, finding: &str) -> Cell {
    match desk.missing(finding) {
        Some(missing) => Cell::of(absent(&missing)),
        None => themes(desk, desk.strands.excerpts_of(finding)),
    }
}

/// Excerpts under their themes.
pub(crate) fn themes(desk: &Desk, excerpts: &[usize]) -> Cell {
    let by_theme = desk.strands.by_theme(excerpts);
    Cell::of(by_theme.iter().flat_map(|(theme, group)| theme_blocks(desk, *theme, group)).collect())
}

fn theme_blocks(desk: &Desk, theme: Option<&Theme>, group: &[&Excerpt]) -> Vec<Block> {
    let mut blocks = vec![Block::new(Role::Theme, theme.map_or("No theme", |t| t.name.as_str()))];
    blocks.extend(theme.and_then(|t| t.description.as_ref()).map(|d| Block::new(Role::Description, d)));
    let valences: Vec<&str> = group.iter().map(|e| valence_word(desk.strands.valence(e))).collect();
    let speakers = if group.len() > 1 { format!(", {}", counted(voices(group), "voice")) } else { String::new() };
    let how_many = format!("{}{speakers} ({})", counted(group.len(), "excerpt"), tally(&valences));
    blocks.push(Block::new(Role::Detail, how_many));
    blocks.extend(quotes(desk, group));
    blocks
}

/// The first quotes, and how many more there are.
pub(crate) fn quotes(desk: &Desk, group: &[&Excerpt]) -> Vec<Block> {
    let shown = desk.spec.quotes;
    let mut blocks: Vec<Block> = group.iter().take(shown).flat_map(|e| quote(desk, e)).collect();
    if group.len() > shown {
        blocks.push(Block::new(Role::Detail, format!("and {} more", group.len() - shown)));
    }
    blocks
}

/// A quote, and a caution where its words are not those of its source.
pub(crate) fn quote(desk: &Desk, excerpt: &Excerpt) -> Vec<Block> {
    let mut blocks = vec![desk.strands.quote(excerpt)];
    let status = desk.statuses.get(excerpt.id.as_str()).map_or("", String::as_str);
    if status == crate::corpus::check::MISSING || status == crate::corpus::check::ELSEWHERE {
        blocks.push(Block::new(Role::Caution, format!("quote {}: {status}", excerpt.id)));
    }
    blocks
}

pub(crate) fn absent(missing: &Absence) -> Vec<Block> {
    let (head, detail) = match missing {
        Absence::Unknown => {
            ("Not in the corpus", "no excerpt is linked; no register says whether anybody was asked".into())
        }
        Absence::Silence(tally) => ("Silence", tally.clone()),
        Absence::NotAsked(tally) => ("Not asked", tally.clone()),
        Absence::NotSampled(tally) => ("Not sampled", tally.clone()),
        Absence::RaisedElsewhere(tally) => ("Raised, not in the corpus", tally.clone()),
    };
    vec![Block::new(Role::Absent, head), Block::new(Role::Detail, detail)]
}

/// What the fit column says of a row that has words and numbers, and no judgement.
const OPEN: &str = "not yet judged";
/// What the rule sees that leaves nothing to judge.
const FACTS: [Meeting; 5] =
    [Meeting::Silence, Meeting::NotInCorpus, Meeting::NotAsked, Meeting::NotSampled, Meeting::NoFinding];

/// The fit of a row: what analysts judged; beside it, and only then unless shown by choice, what the rule proposes.
pub(crate) fn fit(desk: &Desk, row: &str, proposal: &Proposal) -> Cell {
    let word = desk.spec.vocabulary.word(proposal.meeting);
    let is_fact = FACTS.contains(&proposal.meeting);
    let rule = |note: &str| Block::new(Role::Detail, format!("{note}: {word} ({})", proposal.why));
    match standing(&desk.spec.judgements, row) {
        Standing::Open if is_fact => Cell::of(vec![Block::new(Role::Absent, word)]),
        Standing::Open if desk.spec.proposals == Proposals::Shown => Cell::of(vec![
            Block::new(Role::Fit, word),
            Block::new(Role::Detail, format!("proposed by rule, not judged: {}", proposal.why)),
        ]),
        Standing::Open => Cell::of(vec![Block::new(Role::Absent, OPEN)]),
        Standing::Settled(last, single) => {
            let mut blocks = settled(last, &single);
            blocks.push(rule("the rule proposed"));
            Cell::of(blocks)
        }
        Standing::Disputed(all) => {
            let mut blocks = vec![Block::new(Role::Absent, "disputed")];
            for j in all {
                blocks.push(Block::new(Role::Fit, format!("{} ({}, {})", j.fit, j.by, j.date)));
                blocks.extend(grounds(j));
            }
            blocks.push(rule("the rule proposed"));
            Cell::of(blocks)
        }
    }
}

/// The fact that stands in the fit column of a row, where there is nothing to judge.
pub(crate) fn fact(row: &Row, vocabulary: Vocabulary) -> Option<&str> {
    let is_fact = |b: &&Block| b.role == Role::Absent && FACTS.iter().any(|m| vocabulary.word(*m) == b.text);
    row.cells.iter().flat_map(|c| &c.blocks).find(is_fact).map(|b| b.text.as_str())
}

fn settled(last: &Judgement, single: &[&Judgement]) -> Vec<Block> {
    let mut blocks = vec![Block::new(Role::Fit, &last.fit)];
    let names =
        |list: &[&Judgement]| list.iter().map(|j| format!("{}, {}", j.by, j.date)).collect::<Vec<_>>().join("; ");
    if last.consensus {
        blocks.push(Block::new(Role::Detail, format!("agreed by {}, {}", last.by, last.date)));
        let before: Vec<String> = single.iter().map(|j| format!("{}: {}", j.by, j.fit)).collect();
        blocks.extend((!before.is_empty()).then(|| Block::new(Role::Detail, format!("before: {}", before.join("; ")))));
    } else {
        blocks.push(Block::new(Role::Detail, format!("judged by {}", names(single))));
    }
    if last.consensus {
        blocks.extend(grounds(last));
    } else {
        blocks.extend(single.iter().flat_map(|j| grounds(j)));
    }
    blocks
}

fn grounds(j: &Judgement) -> Vec<Block> {
    let line = |role, head: &str, text: &Option<String>| {
        text.iter().map(|t| Block::new(role, format!("{head}: {t}"))).collect::<Vec<_>>()
    };
    [
        line(Role::Detail, "Reason", &j.reason),
        line(Role::Detail, "Rival explanation", &j.rival),
        line(Role::Detail, "Confidence", &j.confidence),
        line(Role::Caution, "Dissent", &j.dissent),
    ]
    .concat()
}

/// The conclusions drawn about a row, each by its author.
pub(crate) fn inference(desk: &Desk, row: &str) -> Cell {
    let (listed, several) = match standing(&desk.spec.judgements, row) {
        Standing::Open => (Vec::new(), false),
        Standing::Settled(last, _) if last.consensus && last.meta_inference.is_some() => (vec![last], false),
        Standing::Disputed(all) => (all, true),
        Standing::Settled(_, single) => {
            let several = single.iter().filter(|j| j.meta_inference.is_some()).count() > 1;
            (single, several)
        }
    };
    let text = |j: &Judgement| {
        let told = j.meta_inference.as_ref()?;
        Some(Block::new(Role::Text, if several { format!("{told} ({})", j.by) } else { told.clone() }))
    };
    let blocks: Vec<Block> = listed.into_iter().filter_map(text).collect();
    if blocks.is_empty() { Cell::of(vec![Block::new(Role::Absent, "none drawn yet")]) } else { Cell::of(blocks) }
}

/// Fit and conclusion in one cell.
pub(crate) fn fit_and_inference(desk: &Desk, row: &str, proposal: &Proposal) -> Cell {
    let mut cell = fit(desk, row, proposal);
    let drawn = inference(desk, row).blocks.into_iter().filter(|b| b.role == Role::Text);
    let at = cell.blocks.len().min(1);
    cell.blocks.splice(at..at, drawn);
    cell
}
