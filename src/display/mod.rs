//! Joint displays as data: findings, the lens by which they select themes, and what the two strands say together.
//!
//! A display is built from a [`Spec`] alone (findings, corpus, lens, asked-register, judgements) and holds it, so that the
//! same text always gives the same display. A person judges the fit; a rule may only propose it ([`fit`]). What was not
//! asked is never called silence ([`asked`]).
//!
//! | file | what |
//! |---|---|
//! | [`finding`] | a quantitative result with its interval, cuts and signal |
//! | [`lens`] | rules that select findings, with a log of why |
//! | [`asked`] | what was asked where |
//! | [`fit`] | vocabularies, and the rule that proposes a fit |
//! | [`model`] | the display: columns, sections, rows, cells made of blocks |
//! | [`strands`] | which excerpts and themes belong with a finding |
//! | [`build`] | from a spec to a display |

pub mod asked;
pub mod build;
pub mod finding;
pub mod fit;
mod follow_up;
pub mod lens;
pub mod model;
mod strands;
mod write;

pub use build::{build, read};
pub use finding::{Finding, Signal};
pub use fit::Vocabulary;
pub use lens::{Lens, Selection, select};
pub use model::{Display, Kind, Spec};
