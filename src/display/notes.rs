//! Notes below a display: direction of merging, vocabulary, what was judged, wording, silence, disclosure.

use super::cells::fact;
use super::desk::Desk;
use super::fit::Vocabulary;
use super::judged::{Standing, agreement, standing};
use super::model::{Row, Section};
use super::privacy::warning;
use super::spec::{Kind, Proposals};
use super::write::{counted, number};
use crate::corpus::Wording;
use crate::corpus::check::{ELSEWHERE, MISSING};
use std::collections::BTreeMap;

pub(crate) fn notes(desk: &Desk, sections: &[Section]) -> Vec<String> {
    let spec = desk.spec;
    let direction = spec.direction.unwrap_or_else(|| spec.kind.direction());
    let mut notes = vec![format!("Direction of merging: {}.", direction.words())];
    if spec.kind.is_judged() {
        notes.push(vocabulary(spec.vocabulary));
        notes.extend(judged(desk, sections));
        notes.extend(agreement(&spec.judgements).iter().map(super::judged::PairAgreement::words));
    }
    notes.extend(wording(desk));
    let speaks_of_absence = !matches!(spec.kind, Kind::QuoteMatrix | Kind::StatisticsByThemes | Kind::Sampling);
    if spec.asked.is_none() && speaks_of_absence {
        notes.push("No asked-register was given: a finding without a theme is \u{201c}not in the corpus\u{201d}, which is not silence.".into());
    }
    let small = desk.chosen().iter().filter(|(f, _)| spec.privacy.small(f).is_some()).count();
    if small > 0 {
        notes.push(format!(
            "Counts below {} are suppressed, with the percentages, intervals and charts from which they would follow.",
            spec.privacy.smallest_cell
        ));
    }
    notes.extend(warning(&desk.risks));
    if desk.issues > 0 {
        notes.push(format!("{} of the corpus kept and listed in corpus.issues.", counted(desk.issues, "issue")));
    }
    notes
}

fn vocabulary(vocabulary: Vocabulary) -> String {
    format!("Words for the fit: {} ({}).", vocabulary.words().join(", "), vocabulary.title())
}

/// How many rows were judged, and the share of confirmations with its denominator.
fn judged(desk: &Desk, sections: &[Section]) -> Vec<String> {
    let spec = desk.spec;
    let rows: Vec<&Row> =
        sections.iter().flat_map(|s| &s.rows).filter(|row| !row.id.starts_with("statistic:")).collect();
    let (mut words, mut facts) = (BTreeMap::<&str, usize>::new(), BTreeMap::<&str, usize>::new());
    let (mut disputed, mut open) = (0, 0);
    for row in &rows {
        match standing(&spec.judgements, &row.id) {
            Standing::Open => match fact(row, spec.vocabulary) {
                Some(word) => *facts.entry(word).or_default() += 1,
                None => open += 1,
            },
            Standing::Disputed(_) => disputed += 1,
            Standing::Settled(last, _) => *words.entry(&last.fit).or_default() += 1,
        }
    }
    let settled: usize = words.values().sum();
    if settled + disputed == 0 {
        let hidden = match spec.proposals {
            Proposals::Hidden => "; what the rule proposes is shown once a row is judged",
            Proposals::Shown => "; what is shown are proposals of the rule",
        };
        return vec![format!("Fit: none of {} has been judged{hidden}.", counted(rows.len(), "row"))];
    }
    let confirming = words.get(spec.vocabulary.confirming()).copied().unwrap_or(0);
    let share = if settled > 0 {
        format!(" ({}%)", number((100.0 * confirming as f64 / settled as f64).round()))
    } else {
        String::new()
    };
    let list = |words: BTreeMap<&str, usize>| {
        words.iter().map(|(word, n)| format!("{word} {n}")).collect::<Vec<_>>().join(", ")
    };
    let nothing = if facts.is_empty() { String::new() } else { format!(" Nothing to judge: {}.", list(facts)) };
    vec![format!(
        "Fit: {confirming} of {} settled {} {}{share}; {}{}. Disputed: {disputed}. Not judged: {open}.{nothing}",
        counted(settled, "row"),
        if settled == 1 { "is" } else { "are" },
        spec.vocabulary.confirming(),
        if words.is_empty() { "none settled" } else { "in all " },
        list(words)
    )]
}

fn wording(desk: &Desk) -> Vec<String> {
    let excerpts = &desk.spec.corpus.excerpts;
    let all = counted(excerpts.len(), "excerpt");
    let count = |wording| excerpts.iter().filter(|e| e.wording == wording).count();
    let (paraphrased, translated) = (count(Wording::Paraphrase), count(Wording::Translated));
    let mut notes = Vec::new();
    if paraphrased > 0 {
        notes.push(format!("{paraphrased} of {all} are paraphrases and cannot be checked against a source."));
    }
    if translated > 0 {
        notes.push(format!("{translated} of {all} are translated and cannot be checked against a source."));
    }
    let broken: Vec<&str> = excerpts
        .iter()
        .map(|e| e.id.as_str())
        .filter(|id| desk.statuses.get(id).is_some_and(|s| s == MISSING || s == ELSEWHERE))
        .collect();
    if !broken.is_empty() {
        notes.push(format!(
            "{} not where their source is said to hold them: {}.",
            counted(broken.len(), "quote"),
            broken.join(", ")
        ));
    }
    notes
}
