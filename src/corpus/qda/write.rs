//! A corpus to a project or a codebook: valid by the schema, the same bytes each time.
//!
//! What REFI-QDA has no place for (rounds, consensus, valence, constructs, wording, findings) other programs will not
//! see; the report says how much that is. It travels in one note, with a hash of what the standard does carry: read back
//! unchanged, the corpus is restored whole; edited elsewhere, the note is left aside.

use super::guid;
use super::project::{Options, read};
use super::tree::Tree;
use crate::corpus::model::{Corpus, Wording};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::io::{Cursor, Write};
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

/// Name of the note that carries what the standard has no place for.
pub const OWN_NOTE: &str = "Steelyard: what REFI-QDA has no place for";

/// A file and what it lost.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What other programs will not see, and what was changed to be valid.
    pub report: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    version: u32,
    hash: String,
    corpus: Corpus,
}

/// Writes a project (`.qdpx`). `own_note`: carry along what the standard has no place for.
pub fn project(corpus: &Corpus, own_note: bool) -> Result<Written> {
    let mut tree = Tree::new(corpus);
    let bare = tree.project(None);
    let files = std::mem::take(&mut tree.files);
    let (bytes, hash) = match checked(corpus, &bare, &files, CompressionMethod::Deflated) {
        Ok(done) => done,
        // A text that packs too well would be taken for a bomb: store it as it is.
        Err(_) => checked(corpus, &bare, &files, CompressionMethod::Stored)?,
    };
    let mut report = tree.report;
    report.extend(unseen(corpus, own_note));
    if !own_note {
        return Ok(Written { bytes, report });
    }
    let mut tree = Tree::new(corpus);
    let whole = tree.project(Some(&own(corpus, hash)?));
    let method = if is_stored(&bytes) { CompressionMethod::Stored } else { CompressionMethod::Deflated };
    Ok(Written { bytes: packed(&whole, &tree.files, method)?, report })
}

/// Writes a codebook (`.qdc`).
pub fn codebook(corpus: &Corpus) -> Written {
    let mut tree = Tree::new(corpus);
    let text = tree.codebook();
    let mut report = tree.report;
    report.push("a codebook holds codes and themes only".into());
    Written { bytes: text.into_bytes(), report }
}

/// Packs a project, reads it back, and makes sure that nothing went missing; returns the hash of what was read.
fn checked(
    corpus: &Corpus,
    text: &str,
    files: &[(String, String)],
    method: CompressionMethod,
) -> Result<(Vec<u8>, String)> {
    let bytes = packed(text, files, method)?;
    let back = read(&bytes, &Options { as_others: true, ..Options::default() })?.corpus;
    let known: HashSet<&str> = corpus.excerpts.iter().map(|e| e.id.as_str()).collect();
    let codings = corpus.codings.iter().filter(|c| known.contains(c.excerpt.as_str())).count();
    let told = (corpus.coders.len(), corpus.codes.len(), corpus.excerpts.len(), codings);
    if (back.coders.len(), back.codes.len(), back.excerpts.len(), back.codings.len()) != told {
        return Err(Error::Internal { what: "reading back the project that was written".into() });
    }
    Ok((bytes, hash(&back)))
}

fn packed(text: &str, files: &[(String, String)], method: CompressionMethod) -> Result<Vec<u8>> {
    let broken = |_| Error::Internal { what: "packing a project".into() };
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    let project = ("project.qde".to_owned(), text.to_owned());
    for (name, content) in std::iter::once(&project).chain(files) {
        zip.start_file(name.as_str(), options).map_err(broken)?;
        zip.write_all(content.as_bytes()).map_err(|_| Error::Internal { what: "packing a project".into() })?;
    }
    Ok(zip.finish().map_err(broken)?.into_inner())
}

/// Whether the first entry is stored.
fn is_stored(bytes: &[u8]) -> bool {
    bytes.get(8..10) == Some(&[0, 0])
}

/// Hash of a corpus as the standard carries it: the report lines that reading adds do not count.
fn hash(corpus: &Corpus) -> String {
    let mut plain = corpus.clone();
    plain.notes.clear();
    serde_json::to_vec(&plain).map(|bytes| blake3::hash(&bytes).to_hex().to_string()).unwrap_or_default()
}

/// The note: the corpus without the texts of its sources, which the project holds.
fn own(corpus: &Corpus, hash: String) -> Result<String> {
    let mut light = corpus.clone();
    for source in &mut light.sources {
        source.text = source.text.as_ref().map(|_| String::new());
    }
    let text = serde_json::to_string(&Own { version: 1, hash, corpus: light })
        .map_err(|_| Error::Internal { what: "writing the note of a project".into() })?;
    // Two characters that JSON may hold and XML may not.
    Ok(text.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff"))
}

/// The whole corpus from the note, where the rest of the project is as it was written.
pub(super) fn restore(note: &str, read: &Corpus) -> Option<Corpus> {
    let Own { version: 1, hash: told, corpus: mut whole } = serde_json::from_str(note).ok()? else { return None };
    if told != hash(read) {
        return None;
    }
    let texts: HashMap<&str, &Option<String>> = read.sources.iter().map(|s| (s.id.as_str(), &s.text)).collect();
    for source in whole.sources.iter_mut().filter(|s| s.text.is_some()) {
        source.text.clone_from(texts.get(guid::of("source", &source.id).as_str())?);
    }
    Some(whole)
}

/// What other programs will not see.
fn unseen(corpus: &Corpus, own_note: bool) -> Vec<String> {
    let verbatim = |w: Wording| matches!(w, Wording::Verbatim);
    let counts = [
        (corpus.codings.iter().filter(|c| c.round.is_some()).count(), "rounds of codings"),
        (corpus.consensus.len(), "decisions by consensus, with their dissent"),
        (corpus.codes.iter().filter(|c| c.valence.is_some()).count(), "valences of codes"),
        (corpus.codes.iter().filter(|c| c.construct.is_some()).count(), "constructs of codes"),
        (
            corpus.themes.iter().filter(|t| t.population.is_some() || t.construct.is_some()).count(),
            "populations or constructs of themes",
        ),
        (corpus.themes.iter().map(|t| t.findings.len()).sum(), "links of themes to findings"),
        (corpus.excerpts.iter().filter(|e| e.valence.is_some()).count(), "valences of excerpts"),
        (
            corpus.excerpts.iter().filter(|e| !verbatim(e.wording)).count(),
            "marks of excerpts as paraphrase or translation",
        ),
        (
            corpus.excerpts.iter().map(|e| e.themes.len() + e.findings.len()).sum(),
            "links of excerpts to themes or findings",
        ),
        (corpus.excerpts.iter().filter(|e| e.language.is_some()).count(), "languages of excerpts"),
        (corpus.sources.iter().filter(|s| s.language.is_some()).count(), "languages of sources"),
        (corpus.groups.iter().filter(|g| !g.one_of.is_empty()).count(), "groups that stand for one of several"),
        (corpus.notes.len(), "notes on the corpus"),
    ];
    let kept = if own_note { "kept in a note that Steelyard reads" } else { "lost" };
    counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}: no place in REFI-QDA, {kept}")).collect()
}
