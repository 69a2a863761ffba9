//! What the scores say before any outcome is looked at.

pub mod fidelity;
pub mod gaps;
pub mod ranks;
pub mod reach;
pub mod share;
