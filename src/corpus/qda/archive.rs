//! The zip of a project: its directory is checked entry by entry before anything is unpacked.
//!
//! The check reads the bytes itself, so that it sees every entry, those that a lenient reader would hide included:
//! duplicates, entries that overlap, names that lead out of the archive, links, encryption. Only then are the few
//! entries that are needed unpacked, each up to its stated size and no further.

use super::limits::{Limits, refused};
use crate::error::{Result, input};
use std::collections::HashMap;
use std::io::{Cursor, Read};

/// One entry of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name, with `/` between folders.
    pub name: String,
    /// Bytes, unpacked, as stated.
    pub size: u64,
    packed: u64,
    header: usize,
    flags: u16,
    method: u16,
    mode: u32,
}

/// A checked archive.
#[derive(Debug)]
pub struct Archive<'b> {
    /// Its entries, in the order of its directory.
    pub entries: Vec<Entry>,
    places: HashMap<String, usize>,
    zip: zip::ZipArchive<Cursor<&'b [u8]>>,
    limits: Limits,
}

const END: &[u8; 4] = b"PK\x05\x06";
const DIRECTORY: &[u8; 4] = b"PK\x01\x02";
const LOCAL: &[u8; 4] = b"PK\x03\x04";
/// Entries up to this size may have any ratio.
const SMALL: u64 = 64 << 10;
/// Archives that would have to be opened in turn.
const ARCHIVES: [&str; 12] =
    [".zip", ".qdpx", ".7z", ".rar", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst", ".jar", ".qde.zip"];

impl<'b> Archive<'b> {
    /// Checks an archive.
    pub fn open(bytes: &'b [u8], limits: &Limits) -> Result<Self> {
        let entries = directory(bytes, limits)?;
        let mut places = HashMap::new();
        let mut total = 0_u64;
        for (at, entry) in entries.iter().enumerate() {
            let place = format!("entry \"{}\"", entry.name.escape_debug());
            check_name(&entry.name, &place, limits)?;
            if places.insert(entry.name.to_lowercase(), at).is_some() {
                return Err(refused(
                    "name used twice in an archive",
                    &place,
                    "another with the same letters",
                    "each once",
                ));
            }
            check_kind(entry, &place)?;
            total = total.saturating_add(entry.size);
            check_size(entry, &place, limits)?;
        }
        if total > limits.total_bytes {
            let allowed = format!("up to {} bytes unpacked", limits.total_bytes);
            return Err(refused("archive too large", "all entries", format!("{total} bytes"), allowed));
        }
        check_places(bytes, &entries)?;
        let zip = zip::ZipArchive::new(Cursor::new(bytes))
            .map_err(|e| refused("archive broken", "its directory", e, "an intact zip archive"))?;
        Ok(Self { entries, places, zip, limits: limits.clone() })
    }

    /// The place of an entry by its name, whatever its case.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.places.get(&name.to_lowercase()).copied()
    }

    /// Unpacks an entry.
    pub fn read(&mut self, at: usize) -> Result<Vec<u8>> {
        let entry = &self.entries[at];
        let place = format!("entry \"{}\"", entry.name);
        if entry.size > self.limits.entry_bytes {
            let allowed = format!("up to {} bytes", self.limits.entry_bytes);
            return Err(refused("entry too large", &place, format!("{} bytes", entry.size), allowed));
        }
        let broken = |why: String| refused("entry cannot be unpacked", &place, why, "an intact archive");
        let file = self.zip.by_index(at).map_err(|e| broken(e.to_string()))?;
        if file.name().map_err(|e| broken(e.to_string()))? != entry.name {
            return Err(broken("two readings of its directory differ".into()));
        }
        let mut out = Vec::with_capacity(usize::try_from(entry.size.min(1 << 20)).unwrap_or(0));
        file.take(entry.size + 1).read_to_end(&mut out).map_err(|e| broken(e.to_string()))?;
        if out.len() as u64 != entry.size {
            return Err(broken(format!("{} bytes or more, stated {}", out.len(), entry.size)));
        }
        Ok(out)
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// Finds the end record, whose comment must reach exactly to the end of the file, and reads every entry.
fn directory(bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>> {
    let broken = |why: &str| refused("archive broken", "its directory", why, "an intact zip archive");
    let first = bytes.len().saturating_sub(22 + usize::from(u16::MAX));
    let ends = |at: usize| u16_at(bytes, at + 20).is_some_and(|comment| at + 22 + usize::from(comment) == bytes.len());
    let end = (first..bytes.len().saturating_sub(21))
        .rev()
        .find(|at| bytes[*at..].starts_with(END) && ends(*at))
        .ok_or_else(|| broken("no end record: truncated?"))?;
    let word = |at: usize| u16_at(bytes, end + at).ok_or_else(|| broken("end record cut off"));
    let long = |at: usize| u32_at(bytes, end + at).ok_or_else(|| broken("end record cut off"));
    if word(4)? != 0 || word(6)? != 0 || word(8)? != word(10)? {
        return Err(broken("several volumes"));
    }
    let (count, size, start) = (usize::from(word(10)?), long(12)? as usize, long(16)? as usize);
    if count == 0xffff || size == 0xffff_ffff || start == 0xffff_ffff {
        return Err(broken("zip64, for archives above 4 GiB or 65,535 entries"));
    }
    if count > limits.entries {
        let allowed = format!("up to {}", limits.entries);
        return Err(refused("too many entries in an archive", "its directory", count, allowed));
    }
    if start.checked_add(size) != Some(end) {
        return Err(broken("directory not where it is said to be"));
    }
    let mut at = start;
    let mut entries = Vec::with_capacity(count);
    for _ in 0..count {
        let (entry, next) = entry(bytes, at, end).ok_or_else(|| broken("an entry is cut off"))?;
        entries.push(entry);
        at = next;
    }
    if at != end {
        return Err(broken("more entries than are counted"));
    }
    Ok(entries)
}

fn entry(bytes: &[u8], at: usize, end: usize) -> Option<(Entry, usize)> {
    let head = bytes.get(at..at.checked_add(46)?)?;
    let (name, extra, comment) = (u16_at(head, 28)?, u16_at(head, 30)?, u16_at(head, 32)?);
    let next = at + 46 + usize::from(name) + usize::from(extra) + usize::from(comment);
    if !head.starts_with(DIRECTORY) || next > end {
        return None;
    }
    let raw = bytes.get(at + 46..at + 46 + usize::from(name))?;
    let entry = Entry {
        name: String::from_utf8_lossy(raw).into_owned(),
        size: u64::from(u32_at(head, 24)?),
        packed: u64::from(u32_at(head, 20)?),
        header: u32_at(head, 42)? as usize,
        flags: u16_at(head, 8)?,
        method: u16_at(head, 10)?,
        mode: u32_at(head, 38)? >> 16,
    };
    Some((entry, next))
}

fn check_name(name: &str, place: &str, limits: &Limits) -> Result<()> {
    let refuse =
        |what: &str| Err(refused(what, place, "its name", "names of files inside the archive, with / between folders"));
    if name.is_empty() || name.len() > 1024 || name.chars().any(|c| c.is_control() || c == '\u{fffd}') {
        return refuse("name empty, too long or not readable");
    }
    if name.contains('\\') {
        return refuse("backslash in a name");
    }
    if name.starts_with('/') {
        return refuse("absolute path in an archive");
    }
    if name.as_bytes().get(1) == Some(&b':') || name.contains("://") {
        return refuse("drive or address in a name");
    }
    let parts: Vec<&str> = name.trim_end_matches('/').split('/').collect();
    if parts.iter().any(|p| matches!(*p, ".." | "." | "")) {
        return refuse("path that leads out of the archive");
    }
    if parts.len() > limits.folders + 1 {
        let allowed = format!("up to {}", limits.folders);
        return Err(refused("folders too deep in an archive", place, format!("{} folders", parts.len() - 1), allowed));
    }
    let lower = name.to_lowercase();
    if ARCHIVES.iter().any(|e| lower.ends_with(e)) {
        return refuse("archive inside an archive");
    }
    Ok(())
}

fn check_kind(entry: &Entry, place: &str) -> Result<()> {
    // Bit 0: encrypted; 6: strong encryption; 13: encrypted directory.
    if entry.flags & (1 | 1 << 6 | 1 << 13) != 0 {
        return Err(refused("encrypted entry", place, "a password", "entries without encryption"));
    }
    if !matches!(entry.method, 0 | 8) {
        return Err(refused(
            "way of packing not known",
            place,
            format!("method {}", entry.method),
            "stored or deflate",
        ));
    }
    if entry.method == 0 && entry.size != entry.packed {
        return Err(refused("sizes of an entry differ", place, "stored, with two sizes", "one size"));
    }
    match entry.mode & 0o170_000 {
        0 | 0o100_000 | 0o040_000 => Ok(()),
        0o120_000 => Err(refused("link in an archive", place, "a symbolic link", "files and folders")),
        _ => Err(refused("special file in an archive", place, "a device or pipe", "files and folders")),
    }
}

fn check_size(entry: &Entry, place: &str, limits: &Limits) -> Result<()> {
    if entry.size > SMALL && entry.size / entry.packed.max(1) > limits.ratio {
        let got = format!("{} bytes in {}", entry.size, entry.packed);
        return Err(refused("entry unpacks to too much", place, got, format!("at most {}:1", limits.ratio)));
    }
    Ok(())
}

/// Local headers say what the directory says, and no two entries share bytes.
fn check_places(bytes: &[u8], entries: &[Entry]) -> Result<()> {
    let mut spans = Vec::with_capacity(entries.len());
    for e in entries {
        let place = format!("entry \"{}\"", e.name);
        let span = local_span(bytes, e).ok_or_else(|| {
            refused("entry broken", &place, "a header that differs or is cut off", "an intact archive")
        })?;
        spans.push((span, place));
    }
    spans.sort_by_key(|((start, _), _)| *start);
    for pair in spans.windows(2) {
        if pair[1].0.0 < pair[0].0.1 {
            return Err(refused("entries overlap", &pair[1].1, "bytes of another entry", "bytes of its own"));
        }
    }
    Ok(())
}

fn local_span(bytes: &[u8], e: &Entry) -> Option<(usize, usize)> {
    let head = bytes.get(e.header..e.header.checked_add(30)?)?;
    let (name, extra) = (usize::from(u16_at(head, 26)?), usize::from(u16_at(head, 28)?));
    let data = e.header + 30 + name + extra;
    let end = data.checked_add(usize::try_from(e.packed).ok()?)?;
    let own = bytes.get(e.header + 30..e.header + 30 + name)?;
    let same = head.starts_with(LOCAL)
        && String::from_utf8_lossy(own) == e.name
        && u16_at(head, 8)? == e.method
        && u16_at(head, 6)? & 1 == 0
        && end <= bytes.len();
    same.then_some((e.header, end))
}

/// Whether the bytes look like a zip at all.
pub fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(LOCAL) || bytes.starts_with(END)
}

/// The one project file of an archive: `project.qde`, or the only `.qde` at its root (ATLAS.ti names it after the project).
pub fn project_entry(archive: &Archive<'_>) -> Result<usize> {
    if let Some(at) = archive.find("project.qde") {
        return Ok(at);
    }
    let at_root = |e: &Entry| !e.name.contains('/') && e.name.to_lowercase().ends_with(".qde");
    let found: Vec<usize> = (0..archive.entries.len()).filter(|i| at_root(&archive.entries[*i])).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        several => {
            let got = if several.is_empty() { "none".to_owned() } else { format!("{} of them", several.len()) };
            Err(input("no single project in the archive")
                .at("its root")
                .got(got)
                .allowed("project.qde, or one file that ends in .qde")
                .remedy("Export it as a REFI-QDA project (.qdpx).")
                .into())
        }
    }
}
