//! Findings as a lens on themes: each selected finding with why it was selected, what people say about it, and the fit.
//!
//! The display of an explanatory sequential design: numbers select words. Because such a lens cannot discover a theme
//! that no number points at, the themes that it left out stand below the table, always.

use super::asked::{Absence, absence};
use super::build::{SCHEMA, needs_lens};
use super::finding::Finding;
use super::fit::{Meeting, Vocabulary, propose};
use super::lens::{Selection, select};
use super::model::{Appendix, Block, Cell, Chart, Column, Display, Proposals, Role, Row, Section, Spec, Strand};
use super::strands::{Strands, valence_word};
use super::write::{basis, estimate, fixed, number, reading, site_range, uncertainty};
use crate::corpus::{Excerpt, Theme, Valence, Wording};
use crate::error::Result;
use std::collections::{BTreeMap, HashSet};

pub(crate) fn build(spec: Spec) -> Result<Display> {
    let lens = needs_lens(&spec)?.clone();
    let selection = select(&lens, &spec.findings)?;
    let strands = Strands::new(&spec.corpus);
    let chosen: Vec<(&Finding, &Selection)> =
        spec.findings.iter().zip(&selection).filter(|(_, s)| s.selected).collect();
    let (with, without): (Vec<_>, Vec<_>) =
        chosen.iter().partition(|(finding, _)| !strands.excerpts_of(&finding.id).is_empty());
    let mut sections = Vec::new();
    for (heading, part) in [("Selected, and spoken about", with), ("Selected, without a theme", without)] {
        if !part.is_empty() {
            let rows = part.into_iter().map(|(finding, log)| row(&spec, &strands, finding, log)).collect();
            sections.push(Section { heading: heading.into(), rows });
        }
    }
    let appendices = vec![
        themes_left_out(&spec, &strands, &selection),
        findings_left_out(&spec, &selection),
        who_is_heard(&spec, &strands, &chosen),
    ];
    let notes = notes(&spec, &lens.rule.describe(), &selection);
    let caption = spec.title.clone().unwrap_or_else(|| "Joint display: findings as a lens on themes".into());
    let columns = columns();
    Ok(Display {
        schema: SCHEMA.into(),
        steelyard: env!("CARGO_PKG_VERSION").into(),
        caption,
        columns,
        sections,
        appendices,
        notes,
        selection,
        spec,
    })
}

fn columns() -> Vec<Column> {
    let column = |heading: &str, strand, width| Column { heading: heading.into(), strand, width };
    vec![
        column("Finding", Strand::Label, 17),
        column("Value", Strand::Quantitative, 20),
        column("Why selected", Strand::Quantitative, 13),
        column("Theme and what was said", Strand::Qualitative, 36),
        column("Fit", Strand::Integration, 14),
    ]
}

fn row(spec: &Spec, strands: &Strands, finding: &Finding, log: &Selection) -> Row {
    let excerpts = strands.excerpts_of(&finding.id);
    let missing = excerpts.is_empty().then(|| absence(spec.asked.as_deref(), &finding.id));
    let said = match &missing {
        Some(missing) => Cell::of(absent(missing)),
        None => themes_cell(strands, excerpts, spec.quotes),
    };
    Row {
        id: finding.id.clone(),
        cells: vec![
            label_cell(finding),
            value_cell(finding, log),
            why_cell(finding, log),
            said,
            fit_cell(spec, strands, finding, log, missing.as_ref()),
        ],
    }
}

pub(crate) fn label_cell(finding: &Finding) -> Cell {
    let label = if finding.label.is_empty() { &finding.id } else { &finding.label };
    let mut blocks = vec![Block::new(Role::Label, label)];
    blocks.extend(finding.domain.iter().map(|domain| Block::new(Role::Detail, domain)));
    Cell::of(blocks)
}

pub(crate) fn value_cell(finding: &Finding, log: &Selection) -> Cell {
    let mut blocks = vec![Block::new(Role::Value, estimate(finding))];
    blocks.push(Block::new(Role::Detail, uncertainty(finding)));
    blocks.push(Block::new(Role::Detail, basis(finding)));
    blocks.extend(site_range(finding).map(|range| Block::new(Role::Detail, range)));
    blocks.extend(finding.caveat.iter().map(|caveat| Block::new(Role::Caution, caveat)));
    Cell { blocks, chart: chart(finding, log) }
}

fn chart(finding: &Finding, log: &Selection) -> Option<Chart> {
    let (from, to) = finding.scale?;
    let cuts: Vec<f64> = log.cuts.low.into_iter().chain(log.cuts.high).collect();
    let points: Vec<f64> = finding.by_site.iter().map(|s| s.value).collect();
    let decimals = finding.decimals;
    let list = |values: &[f64], word: &str| values.iter().map(|x| number(*x)).collect::<Vec<_>>().join(word);
    let mut words =
        vec![format!("{} on a scale from {} to {}", fixed(finding.value, decimals), number(from), number(to))];
    words.extend(
        finding.interval.iter().map(|i| format!("interval {} to {}", fixed(i.low, decimals), fixed(i.high, decimals))),
    );
    words.extend((!points.is_empty()).then(|| format!("sites {}", list(&points, ", "))));
    words.extend((!cuts.is_empty()).then(|| format!("cuts at {}", list(&cuts, " and "))));
    let words = words.join(", ");
    let interval = finding.interval.as_ref().map(|i| (i.low, i.high));
    Some(Chart { from, to, value: finding.value, interval, points, cuts, words })
}

fn why_cell(finding: &Finding, log: &Selection) -> Cell {
    let mut blocks = vec![
        Block::new(Role::Rule, &log.why),
        Block::new(Role::Signal, format!("signal: {}", reading(finding, log.signal))),
    ];
    if log.signal == super::finding::Signal::Indeterminate {
        let why = if finding.interval.is_some() { "the interval spans the cut" } else { "there is no interval" };
        blocks.push(Block::new(Role::Detail, why));
    }
    Cell::of(blocks)
}

pub(crate) fn themes_cell(strands: &Strands, excerpts: &[usize], quotes: usize) -> Cell {
    let mut blocks = Vec::new();
    for (theme, group) in strands.by_theme(excerpts) {
        blocks.extend(theme_blocks(strands, theme, &group, quotes));
    }
    Cell::of(blocks)
}

fn theme_blocks(strands: &Strands, theme: Option<&Theme>, group: &[&Excerpt], quotes: usize) -> Vec<Block> {
    let name = theme.map_or("No theme", |t| t.name.as_str());
    let mut blocks = vec![Block::new(Role::Theme, name)];
    blocks.extend(theme.and_then(|t| t.description.as_ref()).map(|d| Block::new(Role::Description, d)));
    let valences: Vec<&str> = group.iter().map(|e| valence_word(e.valence)).collect();
    blocks.push(Block::new(Role::Detail, format!("{} ({})", counted(group.len(), "excerpt"), tally(&valences))));
    blocks.extend(group.iter().take(quotes).map(|e| strands.quote(e)));
    if group.len() > quotes {
        blocks.push(Block::new(Role::Detail, format!("and {} more", group.len() - quotes)));
    }
    blocks
}

pub(crate) fn counted(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// `2 barrier, 1 mixed`, or `barrier` alone when all agree.
fn tally(words: &[&str]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    if counts.len() == 1 {
        return words.first().map_or(String::new(), |w| (*w).to_owned());
    }
    counts.iter().map(|(word, n)| format!("{n} {word}")).collect::<Vec<_>>().join(", ")
}

fn absent(missing: &Absence) -> Vec<Block> {
    let (head, detail) = match missing {
        Absence::Unknown => {
            ("Not in the corpus", "no excerpt is linked; no register says whether anybody was asked".into())
        }
        Absence::Silence(tally) => ("Silence", tally.clone()),
        Absence::NotAsked(tally) => ("Not asked", tally.clone()),
        Absence::RaisedElsewhere(tally) => ("Raised, not in the corpus", tally.clone()),
    };
    vec![Block::new(Role::Absent, head), Block::new(Role::Detail, detail)]
}

/// What the rule would propose for a finding.
pub(crate) fn proposal(
    strands: &Strands,
    finding: &Finding,
    log: &Selection,
    missing: Option<&Absence>,
) -> (Meeting, String) {
    match missing {
        Some(Absence::Silence(tally)) => return (Meeting::Silence, tally.clone()),
        Some(Absence::NotAsked(tally)) => return (Meeting::NotAsked, tally.clone()),
        Some(_) => return (Meeting::NotInCorpus, "no excerpt is linked".into()),
        None => {}
    }
    let excerpts = strands.excerpts_of(&finding.id);
    let valences: Vec<Option<Valence>> =
        excerpts.iter().filter_map(|at| strands.excerpt(*at)).map(|e| e.valence).collect();
    propose(finding, log.signal, &valences, strands.beyond(excerpts, finding.construct.as_deref()))
}

fn fit_cell(spec: &Spec, strands: &Strands, finding: &Finding, log: &Selection, missing: Option<&Absence>) -> Cell {
    let (meeting, why) = proposal(strands, finding, log, missing);
    let word = spec.vocabulary.word(meeting);
    if missing.is_some() {
        return Cell::of(vec![Block::new(Role::Absent, word)]);
    }
    match spec.proposals {
        Proposals::Hidden => Cell::of(vec![Block::new(Role::Absent, "not yet judged")]),
        Proposals::Shown => Cell::of(vec![
            Block::new(Role::Fit, word),
            Block::new(Role::Detail, format!("proposed by rule, not judged: {why}")),
        ]),
    }
}

fn themes_left_out(spec: &Spec, strands: &Strands, selection: &[Selection]) -> Appendix {
    let chosen: HashSet<&str> = selection.iter().filter(|s| s.selected).map(|s| s.finding.as_str()).collect();
    let left = strands.unreached(&chosen);
    let rows = left.iter().map(|theme| theme_line(spec, strands, theme)).collect::<Vec<_>>();
    let all = spec.corpus.themes.len();
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

fn theme_line(spec: &Spec, strands: &Strands, theme: &Theme) -> Vec<String> {
    let excerpts = strands.excerpts_of_theme(&theme.id);
    let said: Vec<String> = excerpts.iter().map(|e| said(strands, e)).collect();
    let mut linked: Vec<&str> =
        excerpts.iter().flat_map(|e| &e.findings).chain(&theme.findings).map(String::as_str).collect();
    linked.sort_unstable();
    linked.dedup();
    let links: Vec<String> = linked
        .iter()
        .map(|id| match spec.findings.iter().find(|f| f.id == *id) {
            Some(f) => format!("{}, {}: not selected", f.label, estimate(f)),
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

fn said(strands: &Strands, excerpt: &Excerpt) -> String {
    let words = match excerpt.wording {
        Wording::Paraphrase => excerpt.text.clone(),
        _ => format!("\u{201c}{}\u{201d}", excerpt.text),
    };
    format!("{words} ({})", strands.who(excerpt))
}

fn findings_left_out(spec: &Spec, selection: &[Selection]) -> Appendix {
    let left: Vec<(&Finding, &Selection)> = spec.findings.iter().zip(selection).filter(|(_, s)| !s.selected).collect();
    Appendix {
        heading: "Findings that the lens did not select".into(),
        lead: format!("{} of {}.", left.len(), counted(spec.findings.len(), "finding")),
        columns: ["Finding", "Value", "Uncertainty", "Why not"].map(String::from).to_vec(),
        rows: left
            .iter()
            .map(|(f, s)| {
                let why = if s.judged { s.why.clone() } else { format!("cannot be judged: {}", s.why) };
                vec![f.label.clone(), estimate(f), uncertainty(f), why]
            })
            .collect(),
    }
}

fn who_is_heard(spec: &Spec, strands: &Strands, chosen: &[(&Finding, &Selection)]) -> Appendix {
    let shown: HashSet<usize> = chosen.iter().flat_map(|(f, _)| strands.excerpts_of(&f.id)).copied().collect();
    let tally = |owner: &dyn Fn(&Excerpt) -> bool| {
        let own = spec.corpus.excerpts.iter().enumerate().filter(|(_, e)| owner(e));
        own.fold((0_usize, 0_usize), |(all, here), (at, _)| (all + 1, here + usize::from(shown.contains(&at))))
    };
    let mut lines: Vec<(&str, (usize, usize), bool)> = Vec::new();
    for x in &spec.corpus.informants {
        lines.push((&x.label, tally(&|e| e.informant.as_deref() == Some(&x.id)), true));
    }
    for x in &spec.corpus.groups {
        lines.push((&x.label, tally(&|e| e.group.as_deref() == Some(&x.id)), x.one_of.is_empty()));
    }
    let units = lines.iter().filter(|(.., unit)| *unit);
    let heard = units.clone().filter(|(_, (_, here), _)| *here > 0).count();
    let unnamed: usize = lines.iter().filter(|(.., unit)| !unit).map(|(_, (_, here), _)| here).sum();
    let more = if unnamed > 0 {
        format!("; {} by a group that nobody named", counted(unnamed, "further excerpt"))
    } else {
        String::new()
    };
    Appendix {
        heading: "Who is heard".into(),
        lead: format!("{heard} of {} informants and groups stand behind the rows above{more}.", units.count()),
        columns: ["Informant or group", "Excerpts in the corpus", "Behind the rows"].map(String::from).to_vec(),
        rows: lines
            .iter()
            .map(|(label, (all, here), _)| vec![(*label).to_owned(), all.to_string(), here.to_string()])
            .collect(),
    }
}

fn notes(spec: &Spec, rule: &str, selection: &[Selection]) -> Vec<String> {
    let chosen = selection.iter().filter(|s| s.selected).count();
    let by_hand = selection.iter().filter(|s| s.overridden).count();
    let mut notes = vec![
        format!(
            "Lens: {rule}. It selected {chosen} of {}; {} by hand.",
            counted(selection.len(), "finding"),
            if by_hand == 0 { "none".into() } else { by_hand.to_string() }
        ),
        "Direction of merging: explanatory, unidirectional (numbers select words).".into(),
        vocabulary_note(spec.vocabulary),
    ];
    let paraphrased = spec.corpus.excerpts.iter().filter(|e| e.wording == Wording::Paraphrase).count();
    if paraphrased > 0 {
        notes.push(format!(
            "{paraphrased} of {} are paraphrases and cannot be checked against a source.",
            counted(spec.corpus.excerpts.len(), "excerpt")
        ));
    }
    if spec.asked.is_none() {
        notes.push("No asked-register was given: a finding without a theme is \u{201c}not in the corpus\u{201d}, which is not silence.".into());
    }
    notes
}

fn vocabulary_note(vocabulary: Vocabulary) -> String {
    format!("Words for the fit: {} ({}).", vocabulary.words().join(", "), vocabulary.title())
}
