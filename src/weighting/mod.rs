//! Ways of weighting, and the contest between them.

pub mod bootstrap;
pub mod compare;
pub mod consequences;
pub mod contest;
pub mod contrasts;
mod counts;
pub mod crossfit;
mod direct;
mod downdate;
mod entrant;
pub mod equal_slopes;
mod fold;
pub mod gain;
mod general;
mod inside;
pub mod integer;
pub mod labels;
mod log_odds;
pub mod null;
pub mod panel;
pub mod power;
pub mod rank_sets;
pub mod schemes;
pub mod scores;
mod spectral;
pub mod splits;
pub mod verdict;
