//! Whatever bytes come, the readers answer: a value or a reason, never a panic. The committed inputs are changed at
//! random places, with counter-based draws, so that a failure can be run again by its number.
//!
//! A coverage-guided fuzzer needs a nightly compiler; this harness runs in the gate. What it finds is committed beside
//! the other inputs in `tests/reference/fuzz`.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use steelyard::corpus::qda::project::Options;
use steelyard::corpus::qda::{Limits, read, write};
use steelyard::corpus::{Corpus, check};
use steelyard::scale::Scale;
use steelyard::scale::file::Format;
use steelyard::stream::{Purpose, Seed, Stream};

const TRIES: u64 = 400;
/// Pieces that turn parsers: put in where bytes are changed.
const PIECES: [&[u8]; 18] = [
    b"<",
    b">",
    b"&",
    b"&amp;",
    b"&x;",
    b"<!DOCTYPE a>",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"<?xml version=\"1.0\"?>",
    b"\"",
    b"=",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"18446744073709551615",
    b"-1",
];

fn inputs(endings: &[&str]) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/fuzz");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|p| endings.iter().any(|e| p.to_string_lossy().ends_with(e)));
    paths.sort();
    assert!(!paths.is_empty());
    paths.into_iter().map(|p| (p.clone(), fs::read(p).unwrap())).collect()
}

/// One to four changes: a byte turned, a piece put in, a stretch cut out, doubled or moved.
fn changed(bytes: &[u8], stream: &mut Stream) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for _ in 0..=stream.below(3) {
        let n = out.len() as u32;
        if n == 0 {
            return out;
        }
        let (a, length) = (stream.below(n) as usize, stream.below(64) as usize);
        let b = (a + length).min(out.len());
        match stream.below(6) {
            0 => out[a] ^= 1 << stream.below(8),
            1 => out[a] = stream.below(256) as u8,
            2 => {
                let piece = PIECES[stream.below(PIECES.len() as u32) as usize];
                out.splice(a..a, piece.iter().copied());
            }
            3 => drop(out.drain(a..b)),
            4 => {
                let piece = out[a..b].to_vec();
                out.splice(a..a, piece);
            }
            _ => out.truncate(a),
        }
    }
    out
}

fn packed(project: &[u8], text: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, content) in [("project.qde", project), ("sources/a.txt", text)] {
        zip.start_file(name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn options() -> Options {
    let limits = Limits { entry_bytes: 1 << 20, total_bytes: 4 << 20, elements: 20_000, ..Limits::default() };
    Options { limits, site: vec!["site".into()], role: vec!["role".into()], as_others: false }
}

/// What was read can be checked, written and read again.
fn answer(bytes: &[u8]) -> bool {
    let Ok(found) = read(bytes, &options()) else { return false };
    let checked = check(&found.corpus);
    assert_eq!(checked.map(|c| c.statuses.len()), Ok(found.corpus.excerpts.len()));
    let written = write::project(&found.corpus, true).unwrap();
    let again = read(&written.bytes, &Options::default()).unwrap();
    assert_eq!(again.corpus, found.corpus);
    true
}

#[test]
fn changed_archives_are_answered() {
    for (path, bytes) in inputs(&[".qdpx"]) {
        for i in 0..TRIES {
            let mut stream = Seed(1).stream(Purpose::Simulate, i);
            answer(&changed(&bytes, &mut stream));
        }
        assert!(path.to_string_lossy().contains("refused") || answer(&bytes), "{} no longer opens", path.display());
    }
}

#[test]
fn changed_projects_are_answered() {
    let mut read_all_the_same = 0;
    for (path, bytes) in inputs(&[".qde", ".qdc"]) {
        for i in 0..TRIES {
            let mut stream = Seed(2).stream(Purpose::Simulate, i);
            let project = changed(&bytes, &mut stream);
            let text = changed("Hello \u{1f642} wörld,\r\nshe said.\n".as_bytes(), &mut stream);
            let whole = if path.extension().is_some_and(|e| e == "qde") { packed(&project, &text) } else { project };
            read_all_the_same += u32::from(answer(&whole));
        }
    }
    // Were every changed project refused, the reader behind the parser would never be reached.
    assert!(read_all_the_same > 100, "{read_all_the_same}");
}

#[test]
fn changed_scales_are_answered() {
    for (path, bytes) in inputs(&[".toml", ".json"]) {
        let format = if path.extension().is_some_and(|e| e == "toml") { Format::Toml } else { Format::Json };
        for i in 0..TRIES {
            let mut stream = Seed(3).stream(Purpose::Simulate, i);
            let text = String::from_utf8_lossy(&changed(&bytes, &mut stream)).into_owned();
            let _ = Scale::read(&text, format);
        }
        assert!(Scale::read(&String::from_utf8_lossy(&bytes), format).is_ok(), "{}", path.display());
    }
}

#[test]
fn an_empty_corpus_is_written_and_read() {
    let written = write::project(&Corpus::default(), true).unwrap();
    assert_eq!(read(&written.bytes, &Options::default()).unwrap().corpus, Corpus::default());
    assert!(written.report.is_empty());
}
