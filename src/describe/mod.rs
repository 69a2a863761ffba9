//! What the scores and the participants say before any weighting is looked at.

pub mod adjusted;
pub mod fidelity;
pub mod gaps;
pub mod moderators;
pub mod pool;
pub mod ranks;
pub mod reach;
pub mod share;
pub mod sites;
