//! Ways of weighting, and the contest between them.

pub mod schemes;
