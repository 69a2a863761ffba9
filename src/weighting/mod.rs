//! Ways of weighting, and the contest between them.

pub mod compare;
pub mod contest;
pub mod contrasts;
mod counts;
pub mod crossfit;
mod direct;
mod downdate;
pub mod equal_slopes;
mod fold;
pub mod gain;
pub mod imputed;
mod inside;
pub mod integer;
pub mod labels;
pub mod null;
pub mod panel;
pub mod power;
pub mod schemes;
mod spectral;
pub mod verdict;
