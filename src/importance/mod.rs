//! Importance of items: how the explained share divides among them. Descriptive and unsigned; never a verdict.
//!
//! A *game* gives every subset of items a value; for R2 that is the share of the sum of squares which the subset explains.
//! Shapley's rule divides the value of the whole set by the mean marginal value over all orders of entry (Lindeman,
//! Merenda and Gold 1980; Budescu 1993, doi:10.1037/0033-2909.114.3.542): LMG, or general dominance.
//!
//! | file | what |
//! |---|---|
//! | [`system`] | items and outcome as correlations; constant items, tolerance of a pivot |
//! | [`lanes`], [`tree`] | the depth-first subset tree: excluding costs nothing, including is one pivot |
//! | [`tally`] | sums of a game by size and membership, and the shares that follow |
//! | [`lmg`] | R2 game: shares, conditional dominance, Owen values |
//! | [`held_out`] | Q2 game: the explained share in left-out sites |
//! | [`table`] | a game written out; complete dominance |
//! | [`orders`] | sampled orders of entry for games that are dear |
//! | [`relative`] | Johnson, CAR, Pratt, first, last |

pub mod held_out;
pub mod lanes;
pub mod lmg;
pub mod orders;
pub mod relative;
pub mod system;
pub mod table;
pub mod tally;
pub mod tree;

pub use system::System;
pub use tally::{Shares, Tally};
