//! Estimators: one a file, a function in, a small frozen result out. Nothing here knows a scheme, a fold or a verdict.
//!
//! Linear estimators need [`CrossMoments`] alone, so their cost does not depend on the number of participants.

pub mod estimability;
pub mod moments;
pub mod ridge;

pub use estimability::{Estimability, Level};
pub use moments::CrossMoments;
pub use ridge::RidgePath;
