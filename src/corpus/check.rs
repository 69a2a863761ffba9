//! What can be verified in a corpus: ids stand once, references lead somewhere, quotes stand in their source.
//!
//! A repeated id is an error, for nothing can refer to it. Everything else is listed and kept: a real project may well
//! hold a coding by a coder who was deleted, and its analyst must see that, not lose the coding.

use super::model::{Corpus, Excerpt, Wording};
use crate::error::{Result, input};
use serde::Serialize;
use std::collections::{HashMap, HashSet};

/// What the check found, one status and one hash per excerpt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    /// One per excerpt, see [`check`].
    pub statuses: Vec<String>,
    /// BLAKE3 of the words, first 16 hex digits, one per excerpt.
    pub hashes: Vec<String>,
    /// References that lead nowhere, changed quotes, loops in the code tree.
    pub issues: Vec<Issue>,
}

/// Something that is not as it should be and was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// Where: `excerpt "p01"`.
    pub place: String,
    /// What: `names source "s9", which the corpus does not hold`.
    pub what: String,
}

/// Status of an excerpt in other words than the speaker's.
pub const NOT_CHECKABLE: &str = "paraphrase, not checkable";
/// Status of an excerpt that stands in its source at its offsets.
pub const MATCHES: &str = "matches its source";
/// Status of an excerpt that stands elsewhere in its source.
pub const ELSEWHERE: &str = "stands in its source, but not at its offsets";
/// Status of an excerpt that its source does not hold.
pub const MISSING: &str = "does not stand in its source";
/// Status of an excerpt whose source is not at hand.
pub const NO_SOURCE: &str = "source text not held, not checked";
/// Status of a translated excerpt.
pub const TRANSLATED: &str = "translated, not checkable";

/// The first 16 hex digits of the BLAKE3 hash of the words.
pub fn quote_hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().chars().take(16).collect()
}

/// Checks a corpus.
pub fn check(corpus: &Corpus) -> Result<Checked> {
    let ids = Ids::of(corpus)?;
    let mut issues = Vec::new();
    references(corpus, &ids, &mut issues);
    loops(corpus, &mut issues);
    let texts: HashMap<&str, Indexed> = corpus
        .sources
        .iter()
        .filter_map(|s| s.text.as_deref().map(|text| (s.id.as_str(), Indexed::new(text))))
        .collect();
    let mut statuses = Vec::with_capacity(corpus.excerpts.len());
    let mut hashes = Vec::with_capacity(corpus.excerpts.len());
    for excerpt in &corpus.excerpts {
        let hash = quote_hash(&excerpt.text);
        if excerpt.hash.as_ref().is_some_and(|h| *h != hash) {
            issues
                .push(issue(format!("excerpt \"{}\"", excerpt.id), "its words changed since they were hashed".into()));
        }
        statuses.push(status(excerpt, &texts).to_owned());
        hashes.push(hash);
    }
    Ok(Checked { statuses, hashes, issues })
}

fn issue(place: String, what: String) -> Issue {
    Issue { place, what }
}

/// A text with the byte position of every 256th code point, so that a slice by code points is quick in a long text.
struct Indexed<'t> {
    text: &'t str,
    marks: Vec<usize>,
    length: usize,
}

const STEP: usize = 256;

impl<'t> Indexed<'t> {
    fn new(text: &'t str) -> Self {
        let mut marks = Vec::with_capacity(text.len() / STEP + 1);
        let mut length = 0;
        for (byte, _) in text.char_indices() {
            if length % STEP == 0 {
                marks.push(byte);
            }
            length += 1;
        }
        Self { text, marks, length }
    }

    fn byte(&self, point: usize) -> Option<usize> {
        if point == self.length {
            return Some(self.text.len());
        }
        let mark = *self.marks.get(point / STEP)?;
        let (inside, _) = self.text.get(mark..)?.char_indices().nth(point % STEP)?;
        Some(mark + inside)
    }

    fn slice(&self, start: usize, end: usize) -> Option<&'t str> {
        if start > end {
            return None;
        }
        self.text.get(self.byte(start)?..self.byte(end)?)
    }
}

fn status(excerpt: &Excerpt, texts: &HashMap<&str, Indexed>) -> &'static str {
    match excerpt.wording {
        Wording::Paraphrase => return NOT_CHECKABLE,
        Wording::Translated => return TRANSLATED,
        Wording::Verbatim => {}
    }
    let Some(text) = excerpt.source.as_deref().and_then(|id| texts.get(id)) else { return NO_SOURCE };
    let at_offsets = match (excerpt.start, excerpt.end) {
        (Some(start), Some(end)) => text.slice(start, end) == Some(excerpt.text.as_str()),
        _ => false,
    };
    let has_offsets = excerpt.start.is_some() && excerpt.end.is_some();
    if at_offsets {
        MATCHES
    } else if excerpt.text.is_empty() || !text.text.contains(excerpt.text.as_str()) {
        MISSING
    } else if has_offsets {
        ELSEWHERE
    } else {
        MATCHES
    }
}

struct Ids<'c> {
    sources: HashSet<&'c str>,
    informants: HashSet<&'c str>,
    groups: HashSet<&'c str>,
    coders: HashSet<&'c str>,
    codes: HashSet<&'c str>,
    themes: HashSet<&'c str>,
    excerpts: HashSet<&'c str>,
}

impl<'c> Ids<'c> {
    fn of(corpus: &'c Corpus) -> Result<Self> {
        Ok(Self {
            sources: unique("source", corpus.sources.iter().map(|x| x.id.as_str()))?,
            informants: unique("informant", corpus.informants.iter().map(|x| x.id.as_str()))?,
            groups: unique("group", corpus.groups.iter().map(|x| x.id.as_str()))?,
            coders: unique("coder", corpus.coders.iter().map(|x| x.id.as_str()))?,
            codes: unique("code", corpus.codes.iter().map(|x| x.id.as_str()))?,
            themes: unique("theme", corpus.themes.iter().map(|x| x.id.as_str()))?,
            excerpts: unique("excerpt", corpus.excerpts.iter().map(|x| x.id.as_str()))?,
        })
    }
}

fn unique<'c>(kind: &str, ids: impl Iterator<Item = &'c str>) -> Result<HashSet<&'c str>> {
    let mut seen = HashSet::new();
    for (row, id) in ids.enumerate() {
        if id.is_empty() {
            return Err(input(format!("{kind} without an id"))
                .at(format!("{kind} {}", row + 1))
                .remedy("Give each one an id.")
                .into());
        }
        if !seen.insert(id) {
            return Err(input(format!("{kind} id used twice"))
                .at(format!("{kind} {}", row + 1))
                .got(format!("\"{id}\""))
                .allowed("each id once")
                .remedy("Rename one of the two.")
                .into());
        }
    }
    Ok(seen)
}

fn references(corpus: &Corpus, ids: &Ids, issues: &mut Vec<Issue>) {
    let mut known = |place: String, kind: &str, id: Option<&str>, set: &HashSet<&str>| {
        if let Some(id) = id
            && !set.contains(id)
        {
            issues.push(issue(place, format!("names {kind} \"{id}\", which the corpus does not hold")));
        }
    };
    for x in &corpus.sources {
        known(format!("source \"{}\"", x.id), "informant", x.informant.as_deref(), &ids.informants);
        known(format!("source \"{}\"", x.id), "group", x.group.as_deref(), &ids.groups);
    }
    for x in &corpus.groups {
        for group in &x.one_of {
            known(format!("group \"{}\"", x.id), "group", Some(group), &ids.groups);
        }
    }
    for x in &corpus.codes {
        known(format!("code \"{}\"", x.id), "parent code", x.parent.as_deref(), &ids.codes);
    }
    for x in &corpus.themes {
        for code in &x.codes {
            known(format!("theme \"{}\"", x.id), "code", Some(code), &ids.codes);
        }
    }
    for x in &corpus.excerpts {
        let place = || format!("excerpt \"{}\"", x.id);
        known(place(), "source", x.source.as_deref(), &ids.sources);
        known(place(), "informant", x.informant.as_deref(), &ids.informants);
        known(place(), "group", x.group.as_deref(), &ids.groups);
        for theme in &x.themes {
            known(place(), "theme", Some(theme), &ids.themes);
        }
    }
    for (row, x) in corpus.codings.iter().enumerate() {
        let place = || format!("coding {}", row + 1);
        known(place(), "excerpt", Some(&x.excerpt), &ids.excerpts);
        known(place(), "code", Some(&x.code), &ids.codes);
        known(place(), "coder", x.coder.as_deref(), &ids.coders);
    }
    for (row, x) in corpus.consensus.iter().enumerate() {
        let place = || format!("consensus {}", row + 1);
        known(place(), "excerpt", Some(&x.excerpt), &ids.excerpts);
        known(place(), "code", Some(&x.code), &ids.codes);
        for coder in &x.dissent {
            known(place(), "coder", Some(coder), &ids.coders);
        }
    }
}

/// Codes whose ancestors lead back to themselves.
fn loops(corpus: &Corpus, issues: &mut Vec<Issue>) {
    let parents: HashMap<&str, &str> =
        corpus.codes.iter().filter_map(|c| Some((c.id.as_str(), c.parent.as_deref()?))).collect();
    for code in &corpus.codes {
        let mut at = code.id.as_str();
        for _ in 0..=corpus.codes.len() {
            match parents.get(at) {
                Some(&parent) if parent == code.id => {
                    issues.push(issue(format!("code \"{}\"", code.id), "is its own ancestor".into()));
                    break;
                }
                Some(&parent) => at = parent,
                None => break,
            }
        }
    }
}
