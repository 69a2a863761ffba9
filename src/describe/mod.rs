//! What the scores and the participants say before any weighting is looked at.

pub mod adjusted;
pub mod fidelity;
pub mod gaps;
pub mod pool;
pub mod sites;
