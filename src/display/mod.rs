//! Joint displays as data: findings, the lens by which they select themes, and what the two strands say together.
//!
//! A display is built from a [`Spec`] alone (findings, corpus, lens, asked-register, judgements) and holds it, so that the
//! same text always gives the same display. A person judges the fit; a rule may only propose it ([`fit`]). What was not
//! asked is never called silence ([`asked`]).
//!
//! | file | what |
//! |---|---|
//! | [`spec`] | everything that a display is built from |
//! | [`finding`] | a quantitative result with its interval, cuts and signal |
//! | [`rule`], `judge` | rules that select findings, and how each judges |
//! | [`lens`] | a rule, decisions by hand, and a log of why |
//! | [`stability`], [`threshold`] | how often a lens would select a finding; whether any cut gives a selection |
//! | [`asked`] | what was asked where |
//! | [`fit`] | vocabularies, and the rule that proposes a fit |
//! | [`judged`] | what analysts judged, and how they agree |
//! | [`framework`] | frameworks as data |
//! | [`privacy`], [`suppress`] | what may not be printed; small cells and what would give them away |
//! | [`model`] | the display: columns, sections, rows, cells made of blocks |
//! | `strands` | which excerpts and themes belong with a finding, a construct, a site |
//! | `desk`, `cells`, `picture`, `appendices`, `notes` | what the kinds share |
//! | `kinds` | one file per kind of display |
//! | [`mod@build`] | from a spec to a display |

mod appendices;
pub mod asked;
pub mod build;
mod cells;
mod desk;
pub mod finding;
pub mod fit;
pub mod framework;
mod judge;
pub mod judged;
mod kinds;
pub mod lens;
pub mod model;
mod notes;
mod picture;
pub mod privacy;
pub mod rule;
pub mod spec;
pub mod stability;
mod strands;
pub mod suppress;
pub mod threshold;
mod write;

pub use build::{build, read};
pub use finding::{Finding, Signal};
pub use fit::Vocabulary;
pub use lens::{Lens, Selection, select};
pub use model::Display;
pub use spec::{Kind, Spec};
