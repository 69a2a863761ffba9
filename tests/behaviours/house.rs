//! The house stands as designed: a room imports only from rooms above it, and only `py` and `linalg` name their crates.

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms in import order. `regress`, `importance` and `resample` are siblings and do not import each other.
const ROOMS: [&str; 20] = [
    "error",
    "job",
    "stream",
    "parallel",
    "num",
    "linalg",
    "scale",
    "data",
    "simulate",
    "regress",
    "importance",
    "resample",
    "inference",
    "describe",
    "weighting",
    "agreement",
    "audit",
    "corpus",
    "display",
    "py",
];
const SIBLINGS: [&str; 3] = ["regress", "importance", "resample"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    found
        .into_iter()
        .filter(|path| path.file_name().is_some_and(|name| name != "lib.rs"))
        .map(|path| {
            let inside = path.strip_prefix(&root).unwrap();
            let room = inside.components().next().unwrap().as_os_str().to_string_lossy().replace(".rs", "");
            let text = fs::read_to_string(&path).unwrap();
            (room, path, text)
        })
        .collect()
}

/// The rooms that a source names after `crate::`, also inside one brace group: `use crate::{num, linalg::Gram}`.
fn rooms_named(text: &str) -> Vec<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut named = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let parts: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap_or("").split(',').collect(),
            None => vec![rest],
        };
        for part in parts {
            let name: String = part.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            if ROOMS.contains(&name.as_str()) {
                named.push(name);
            }
        }
    }
    named
}

#[test]
fn a_room_imports_only_from_rooms_above_it() {
    let place = |room: &str| {
        ROOMS.iter().position(|r| *r == room).unwrap_or_else(|| panic!("room {room} is not in the design"))
    };
    for (room, path, text) in all_sources() {
        for named in rooms_named(&text) {
            let allowed = place(&named) <= place(&room);
            let siblings = named != room && SIBLINGS.contains(&named.as_str()) && SIBLINGS.contains(&room.as_str());
            assert!(allowed && !siblings, "{} imports room {named}", path.display());
        }
    }
}

#[test]
fn foreign_crates_stay_in_their_rooms() {
    for (room, path, text) in all_sources() {
        for (crate_name, home) in [("pyo3", "py"), ("numpy", "py"), ("faer", "linalg"), ("microlp", "linalg")] {
            let uses = text.contains(&format!("{crate_name}::"));
            assert!(room == home || !uses, "{} names {crate_name}, which belongs to room {home}", path.display());
        }
    }
}

#[test]
fn unsafe_code_stands_in_one_named_file_only() {
    for (_, path, text) in all_sources() {
        let allows = text.contains("allow(unsafe_code)");
        assert!(!allows || path.ends_with("num/simd.rs"), "{} allows unsafe code", path.display());
    }
}
