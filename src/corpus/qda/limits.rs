//! How large, how deep, how many: beyond these a file is refused before it is unpacked.

use crate::error::{Error, input};
use serde::{Deserialize, Serialize};

/// Limits of the reader. The defaults are far above real projects and far below what hurts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Entries of an archive.
    pub entries: usize,
    /// Bytes of all entries, unpacked.
    pub total_bytes: u64,
    /// Bytes of one entry that is read (the project and its texts; recordings are never unpacked).
    pub entry_bytes: u64,
    /// Unpacked over packed bytes, for entries above 64 KiB.
    pub ratio: u64,
    /// Folders inside folders, in the name of an entry.
    pub folders: usize,
    /// Elements inside elements.
    pub elements_deep: usize,
    /// Elements.
    pub elements: usize,
    /// Codes inside codes.
    pub codes_deep: usize,
    /// Bytes of one attribute.
    pub attribute_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 10_000,
            total_bytes: 1 << 30,
            entry_bytes: 256 << 20,
            ratio: 200,
            folders: 8,
            elements_deep: 128,
            elements: 1_000_000,
            codes_deep: 64,
            attribute_bytes: 1 << 20,
        }
    }
}

/// Refuses a file: what is wrong, where, what was got, what is allowed.
pub(super) fn refused(what: &str, at: &str, got: impl std::fmt::Display, allowed: impl Into<String>) -> Error {
    input(what)
        .at(at)
        .got(got)
        .allowed(allowed)
        .remedy("The file was not opened; ask whoever made it for a new export.")
        .into()
}
