//! Synthetic sites with known truth: ordinal items through a Gaussian copula, outcomes from weights that are stated.

pub mod copula;
pub mod sites;

pub use copula::Copula;
pub use sites::{Outcome, Spec, Synthetic, synthesise};
