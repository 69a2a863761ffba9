//! The qualitative side: who said what, where it stands in which source, and how it was coded.
//!
//! A [`Corpus`] is data (serde): sources, informants, focus groups, coders, a tree of codes, themes, excerpts and codings.
//! The words are those of REFI-QDA. [`mod@check`] says what can be verified: which references lead nowhere, and whether
//! each quote stands in its source. Nothing is dropped or shifted in silence.
//!
//! | file | what |
//! |---|---|
//! | [`model`] | the parts of a corpus |
//! | [`mod@check`] | references, and quotes against their sources |
//! | [`qda`] | projects of other programs: REFI-QDA read and written |

pub mod check;
pub mod model;
pub mod qda;

pub use check::{Checked, Issue, check};
pub use model::{Code, Coder, Coding, Consensus, Corpus, Excerpt, Group, Informant, Source, Theme, Valence, Wording};
