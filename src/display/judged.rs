//! What analysts judged: the fit of a row, the conclusion drawn, its rival, and who does not agree.
//!
//! A judgement belongs to a person and a date. The log keeps every one; of two by the same person on the same row the
//! later counts. Two analysts who disagree leave a row disputed until a consensus is recorded, and the dissent stays.

use super::fit::Vocabulary;
use super::write::number;
use crate::agreement::alpha::Level;
use crate::agreement::coefficient::{Asked, Coefficient, evaluate};
use crate::agreement::sums::{Frame, Sums};
use crate::agreement::tally::tally;
use crate::agreement::weights::Weights;
use crate::error::{Result, input};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// One judgement.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Judgement {
    /// The row, by its id.
    pub row: String,
    /// A word of the display's vocabulary, `unresolved` or `not assessable`.
    pub fit: String,
    /// Who judged: a name or initials; for a consensus, those who agreed.
    pub by: String,
    /// When, as YYYY-MM-DD.
    pub date: String,
    /// The conclusion drawn from both strands.
    pub meta_inference: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What else would explain both strands.
    pub rival: Option<String>,
    /// How sure, in words.
    pub confidence: Option<String>,
    /// Who does not agree, and why.
    pub dissent: Option<String>,
    /// Agreed on after talking.
    pub consensus: bool,
}

/// Where a row stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing<'j> {
    /// Nobody judged it.
    Open,
    /// One word stands: by one analyst, by several who agree, or by consensus.
    Settled(&'j Judgement, Vec<&'j Judgement>),
    /// Analysts disagree.
    Disputed(Vec<&'j Judgement>),
}

/// How two analysts agree on the rows that both judged, before any consensus.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairAgreement {
    /// The analysts.
    pub analysts: (String, String),
    /// Rows that both judged.
    pub rows: usize,
    /// Rows on which they chose the same word.
    pub same: usize,
    /// Cohen's kappa; None with one row, or where both used one word throughout, so that chance alone agrees.
    pub kappa: Option<f64>,
}

/// The standing of a row.
pub(crate) fn standing<'j>(judgements: &'j [Judgement], row: &str) -> Standing<'j> {
    let of_row = judgements.iter().filter(|j| j.row == row);
    let consensus = of_row.clone().rfind(|j| j.consensus);
    let mut latest: BTreeMap<&str, &Judgement> = BTreeMap::new();
    for judgement in of_row.filter(|j| !j.consensus) {
        latest.insert(&judgement.by, judgement);
    }
    let single: Vec<&Judgement> = latest.into_values().collect();
    let words: HashSet<&str> = single.iter().map(|j| j.fit.as_str()).collect();
    match (consensus, single.as_slice()) {
        (Some(agreed), _) => Standing::Settled(agreed, single),
        (None, []) => Standing::Open,
        (None, [first, ..]) if words.len() == 1 => Standing::Settled(first, single.clone()),
        _ => Standing::Disputed(single),
    }
}

/// Checks the judgements of a display against its rows and its vocabulary.
pub(crate) fn checked(judgements: &[Judgement], rows: &HashSet<&str>, vocabulary: Vocabulary) -> Result<()> {
    for (at, judgement) in judgements.iter().enumerate() {
        let place = format!("judgement {} (row \"{}\")", at + 1, judgement.row);
        if !rows.contains(judgement.row.as_str()) {
            return Err(input("judgement of an unknown row")
                .at(place)
                .remedy("Name the id of a row that this display judges; display.row_ids lists them.")
                .into());
        }
        if judgement.by.trim().is_empty() {
            return Err(input("judgement by nobody").at(place).remedy("Pass by=, a name or initials.").into());
        }
        if !is_date(&judgement.date) {
            return Err(input("date not understood").at(place).got(&judgement.date).allowed("YYYY-MM-DD").into());
        }
        vocabulary.checked(&judgement.fit, &place)?;
    }
    Ok(())
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let digits = |part: &str, n| part.len() == n && part.bytes().all(|b| b.is_ascii_digit());
    let between = |part: &str, last| part.parse::<u8>().is_ok_and(|x| (1..=last).contains(&x));
    digits(year, 4) && digits(month, 2) && digits(day, 2) && between(month, 12) && between(day, 31)
}

/// Agreement of every two analysts who judged rows in common.
pub fn agreement(judgements: &[Judgement]) -> Vec<PairAgreement> {
    let mut by_analyst: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for j in judgements.iter().filter(|j| !j.consensus) {
        by_analyst.entry(&j.by).or_default().insert(&j.row, &j.fit);
    }
    let analysts: Vec<(&str, BTreeMap<&str, &str>)> = by_analyst.into_iter().collect();
    let mut pairs = Vec::new();
    for (at, (first, words)) in analysts.iter().enumerate() {
        for (second, others) in analysts.iter().skip(at + 1) {
            let both: Vec<(&str, &str)> =
                words.iter().filter_map(|(row, word)| Some((*word, *others.get(row)?))).collect();
            if !both.is_empty() {
                let same = both.iter().filter(|(a, b)| a == b).count();
                let analysts = ((*first).to_owned(), (*second).to_owned());
                pairs.push(PairAgreement { analysts, rows: both.len(), same, kappa: kappa(&both) });
            }
        }
    }
    pairs
}

/// Cohen's kappa of two analysts, each row a unit of its own.
fn kappa(pairs: &[(&str, &str)]) -> Option<f64> {
    if pairs.len() < 2 {
        return None;
    }
    let words: BTreeSet<&str> = pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
    let place = |word: &str| words.iter().position(|w| *w == word).and_then(|at| u16::try_from(at).ok());
    let ratings: Vec<[u16; 2]> = pairs.iter().filter_map(|(a, b)| Some([place(a)?, place(b)?])).collect();
    let rows = ratings.iter().enumerate().map(|(unit, row)| (unit, row.as_slice()));
    let told = tally(2, words.len(), ratings.len(), rows);
    let values: Vec<f64> = (0..words.len()).map(|x| x as f64).collect();
    let weights = [Weights::identity(words.len())];
    let frame = Frame::new(&told, &values, Level::Nominal, &weights);
    let mut sums = Sums::new(&frame);
    sums.fill(&frame, &told.counts);
    let asked = Asked { coefficient: Coefficient::CohenKappa, weights: 0 };
    Some(evaluate(asked, &frame, &mut sums).estimate).filter(|x| x.is_finite())
}

impl PairAgreement {
    /// The agreement as displays print it.
    pub(crate) fn words(&self) -> String {
        let kappa = match self.kappa {
            None if self.rows < 2 => "one row is too few for kappa".into(),
            Some(kappa) => format!("Cohen's kappa {}", number((kappa * 100.0).round() / 100.0)),
            None => "kappa is not defined, as both used one word throughout".into(),
        };
        let rows = if self.rows == 1 { "1 row".into() } else { format!("{} rows", self.rows) };
        format!(
            "{} and {} both judged {rows} and chose the same word on {}; {kappa}, before any consensus.",
            self.analysts.0, self.analysts.1, self.same
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn judged(row: &str, by: &str, fit: &str) -> Judgement {
        Judgement { row: row.into(), fit: fit.into(), by: by.into(), date: "2026-03-01".into(), ..Judgement::default() }
    }

    #[test]
    fn kappa_by_hand() {
        // A: c c c d, B: c c d d. Observed 3/4; chance 3/4 * 1/2 + 1/4 * 1/2 = 1/2; kappa 1/2.
        let words = [("1", "c", "c"), ("2", "c", "c"), ("3", "c", "d"), ("4", "d", "d")];
        let all: Vec<Judgement> =
            words.iter().flat_map(|(row, a, b)| [judged(row, "A", a), judged(row, "B", b)]).collect();
        let [pair] = agreement(&all).try_into().unwrap();
        let pair: PairAgreement = pair;
        assert_eq!((pair.rows, pair.same, pair.kappa), (4, 3, Some(0.5)));
        let one = agreement(&all[4..6]);
        assert_eq!((one[0].rows, one[0].kappa), (1, None));
        assert!(one[0].words().ends_with("one row is too few for kappa, before any consensus."));
        let same = agreement(&all[..4]);
        assert_eq!((same[0].rows, same[0].kappa), (2, None));
        assert!(same[0].words().contains("one word throughout"));
    }

    #[test]
    fn the_later_word_counts_and_dispute_ends_by_consensus() {
        let mut all = vec![judged("1", "A", "c"), judged("1", "B", "d")];
        assert!(matches!(standing(&all, "1"), Standing::Disputed(both) if both.len() == 2));
        all.push(judged("1", "B", "c"));
        assert!(matches!(standing(&all, "1"), Standing::Settled(word, _) if word.fit == "c"));
        all.push(judged("1", "A", "e"));
        all.push(Judgement { consensus: true, ..judged("1", "A, B", "d") });
        assert!(matches!(standing(&all, "1"), Standing::Settled(word, single) if word.fit == "d" && single.len() == 2));
        assert_eq!(standing(&all, "2"), Standing::Open);
    }

    #[test]
    fn dates_are_dates() {
        assert!(is_date("2026-03-01"));
        for text in ["2026-3-1", "1 March 2026", "2026-13-01", "2026-01-32", "", "2026-0a-01"] {
            assert!(!is_date(text), "{text}");
        }
    }
}
