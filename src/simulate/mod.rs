//! Synthetic sites with known truth: ordinal items through a Gaussian copula, outcomes from weights that are stated.

pub mod assumed;
pub mod copula;
pub mod outcome;
pub mod sites;

pub use assumed::{Assumed, Truth};
pub use copula::Copula;
pub use outcome::Outcome;
pub use sites::{Spec, Synthetic, synthesise};
