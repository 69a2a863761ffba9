//! REFI-QDA: projects (`.qdpx`) and codebooks (`.qdc`) of other programs. Read tolerantly, written strictly.
//!
//! A project comes from somebody else. So the archive is checked before anything is unpacked ([`archive`]), the XML
//! knows no DOCTYPE and no entities ([`xml`]), no path leads out of the archive, and every limit is a number in
//! [`Limits`]. What a program counts as an offset differs: [`offsets`] finds the convention by matching quotes, converts
//! and says so. What has no place on the other side is listed, both ways.
//!
//! | file | what |
//! |---|---|
//! | [`limits`] | how large, how deep, how many |
//! | [`archive`] | the zip: checked, then read |
//! | [`xml`] | the XML: a small tree |
//! | [`offsets`] | conventions of offsets |
//! | [`project`] | the tree to a corpus and what was lost |
//! | `selections` | sources, selections and codings of the tree |
//! | [`guid`] | identifiers |
//! | [`mod@write`] | a corpus to a project or codebook, and back whole |
//! | `tree` | its XML |
//!
//! Source: REFI-QDA standard 1.5 (<https://www.qdasoftware.org>).

pub mod archive;
pub mod guid;
pub mod limits;
pub mod offsets;
pub mod project;
mod selections;
mod tree;
pub mod write;
pub mod xml;

pub use limits::Limits;
pub use project::{Read, read};
